//! What a frame of every screen and a key, a second and a gap cost in a small world and in a large one. Prints figures;
//! judges nothing.
//!
//! `cargo bench --bench frames`
#![expect(clippy::print_stdout, reason = "figures for a person")]
#![expect(clippy::disallowed_methods, reason = "a stopwatch")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use opsroom::app::message::{Event, Learned, Message};
use opsroom::app::screens::Screen;
use opsroom::app::state::State;
use opsroom::app::update::update;
use opsroom::config::load::load_text;
use opsroom::lang::key::{Key, KeyCode};
use opsroom::lang::time::Stamp;
use opsroom::logs::record::{Level, LogState, Record, RecordBatch, RecordData};
use opsroom::model::document::Timing;
use opsroom::model::observation::Observation;
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::{Reading, Sample, Sign};
use opsroom::model::run::{Run, RunState};
use opsroom::text::SafeText;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet, Styles};
use opsroom::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Frames of which the median and the worst are printed.
const FRAMES: usize = 50;
/// Times that a key is pressed, a second passes, a gap is seen.
const TIMES: usize = 20;
/// Times that all of a world change.
const FEW: usize = 5;
/// Checks of one service.
const CHECKS: usize = 10;
/// Metrics of one service.
const METRICS: usize = 5;
/// Records of one log.
const RECORDS: u64 = 200;
/// Start to start of every poll.
const EVERY: Duration = Duration::from_secs(30);
/// Polls that have gone before: those of an hour.
const POLLS: usize = 120;

/// How large a world is.
#[derive(Clone, Copy)]
struct Size {
    services: usize,
    logs: usize,
    firing: usize,
    entries: usize,
    runs: usize,
}

const SMALL: Size = Size { services: 10, logs: 5, firing: 2, entries: 5, runs: 2 };
const LARGE: Size = Size { services: 1_000, logs: 500, firing: 200, entries: 500, runs: 200 };

impl Size {
    fn checks(self) -> usize {
        self.services * CHECKS
    }

    fn metrics(self) -> usize {
        self.services * METRICS
    }

    fn text(self) -> String {
        let mut text = String::from(
            "[console]\nname = \"bench\"\n[adapter.a]\nkind = \"compose\"\ndirectory = \"/srv\"\n\
             [source.figures]\nhttp = \"http://127.0.0.1:9/\"\nevery = \"30s\"\n",
        );
        let mut add = |words: std::fmt::Arguments<'_>| text.write_fmt(words).expect("a string takes all");
        for n in 0..self.services {
            add(format_args!("[service.s{n:04}]\ntitle = \"Service {n}\"\n"));
            if n % 10 == 0 {
                add(format_args!(
                    "[action.a{n:04}]\nservice = \"s{n:04}\"\nadapter = \"a\"\ndo = \"restart\"\ntarget = \"t{n}\"\n"
                ));
            }
        }
        for n in 0..self.checks() {
            let service = n / CHECKS;
            add(format_args!(
                "[check.c{n:05}]\nservice = \"s{service:04}\"\ntcp = \"127.0.0.1:9\"\nevery = \"30s\"\nfail_after = 1\n\
                 ok_after = 1\nalert = {{ critical = \"down\" }}\n"
            ));
        }
        for n in 0..self.metrics() {
            let service = n / METRICS;
            add(format_args!(
                "[metric.m{n:05}]\nservice = \"s{service:04}\"\nfrom = \"figures\"\nvalue = \".body.m{n}\"\n\
                 unit = \"%\"\nalert = {{ high = \"> 95 for 5m\" }}\n"
            ));
        }
        for n in 0..self.logs {
            add(format_args!("[log.l{n:04}]\nfile = \"/var/log/{n}.log\"\n"));
            // The others belong to no service: they are shown with every service that has none of its own.
            if n % 2 == 0 {
                add(format_args!("service = \"s{n:04}\"\n"));
            }
        }
        text
    }
}

fn took(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// The median and the worst.
#[derive(Clone, Copy)]
struct Cost {
    median: Duration,
    worst: Duration,
}

impl Cost {
    fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self { median: all[all.len() / 2], worst: all[all.len() - 1] }
    }
}

struct Bench {
    state: State,
    styles: Styles,
    buffer: Buffer,
    now: Stamp,
    size: Size,
    costs: Vec<(String, Cost)>,
}

impl Bench {
    fn new(size: Size) -> Self {
        let loaded = load_text(Path::new("/srv/opsroom.toml"), &size.text());
        assert!(loaded.config.is_some(), "{:?}", loaded.diagnostics.first());
        let config = loaded.config.map(Arc::new).expect("there is a configuration");
        let now = Stamp { mono: Duration::from_secs(100), utc: DateTime::UNIX_EPOCH + Duration::from_hours(500_000) };
        let mut bench = Self {
            state: State::new(config, now, (200, 50)),
            styles: Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8),
            buffer: Buffer::empty(Rect::new(0, 0, 200, 50)),
            now,
            size,
            costs: Vec::new(),
        };
        bench.live();
        bench
    }

    fn send(&mut self, event: Event) {
        std::hint::black_box(update(&mut self.state, Message { at: self.now, event }));
    }

    fn see(&mut self, observation: Observation) {
        self.send(Event::Observation(observation));
    }

    fn pass(&mut self, time: Duration) {
        self.now = Stamp { mono: self.now.mono + time, utc: self.now.utc + time };
    }

    /// An hour goes by.
    fn live(&mut self) {
        for log in 0..self.size.logs {
            self.see(Observation::LogState { log: format!("l{log:04}").into(), state: LogState::Following(1) });
        }
        for poll in 0..POLLS {
            self.pass(EVERY);
            for metric in 0..self.size.metrics() {
                let value = ((metric * 7 + poll * 13) % 90) as f64;
                let metric = format!("m{metric:05}").into();
                self.see(Observation::Sample(Sample { metric, at: self.now, value: Ok(value), caveat: None }));
            }
            for check in 0..self.size.checks() {
                self.read(check, Sign::Good);
            }
            self.send(Event::Clock);
        }
        for entry in 0..self.size.entries / 2 {
            self.read(entry, Sign::Bad);
            self.read(entry, Sign::Good);
        }
        for check in 0..self.size.firing {
            self.read(check * CHECKS / 2, Sign::Bad);
        }
        self.write_logs();
        let runs = (0..self.size.runs).map(|n| self.run(n)).collect();
        self.send(Event::Outcome(Outcome::Runs { runs, locks: Vec::new() }));
        self.send(Event::Clock);
    }

    fn reading(&self, check: usize, sign: Sign) -> Event {
        let sent = Stamp { mono: self.now.mono.saturating_sub(Duration::from_millis(20)), utc: self.now.utc };
        Event::Observation(Observation::Reading(Box::new(Reading {
            check: format!("c{check:05}").into(),
            timing: Timing { scheduled: sent, sent, ended: self.now },
            sign,
            error: (sign == Sign::Bad).then(|| SafeText::new("connection refused")),
            answered: true,
            components: BTreeMap::new(),
            version: None,
            fields: BTreeMap::new(),
            phases: vec![("connect", 12.0), ("total", 20.0)],
        })))
    }

    fn read(&mut self, check: usize, sign: Sign) {
        let reading = self.reading(check, sign);
        self.send(reading);
    }

    fn write_logs(&mut self) {
        for log in 0..self.size.logs {
            let name = format!("l{log:04}");
            let record = |seq: u64| {
                let text = SafeText::new(&format!("request {seq} of {log} answered in {} ms", seq * 7 % 300));
                let mut data = RecordData::unknown(name.as_str().into(), seq, self.now, text);
                data.time = Some(self.now.utc - TimeDelta::seconds(((RECORDS - seq) * 15).cast_signed()));
                data.level = if seq.is_multiple_of(20) { Level::Error } else { Level::Info };
                Record::new(data)
            };
            let records = (1..=RECORDS).map(record).collect();
            let batch = RecordBatch { records, ..RecordBatch::default() };
            self.see(Observation::Records { log: name.as_str().into(), batch });
        }
    }

    fn run(&self, n: usize) -> Run {
        let started_at = self.now.utc - TimeDelta::minutes(n.cast_signed() as i64 + 1);
        let action = format!("a{:04}", n * 10 % self.size.services);
        Run {
            id: format!("20261121T{n:06}-3f9a").into(),
            service: Some(action.replace('a', "s").into()),
            action: action.into(),
            verb: "restart".into(),
            dry_run: false,
            target: "t".into(),
            who: "ann".into(),
            reason: None,
            host: "here".into(),
            plan_digest: "0".repeat(64),
            started_at,
            boot: None,
            ended_at: Some(started_at + TimeDelta::seconds(3)),
            duration_ms: Some(3_000),
            outcome_ms: None,
            state: RunState::Verified,
            verdict: RunState::Verified.verdict(),
            checks: None,
            exit_code: Some(0),
            signal: None,
            output_path: "/nowhere".into(),
            note: None,
        }
    }

    fn note(&mut self, what: &str, all: Vec<Duration>) {
        self.costs.push((what.to_owned(), Cost::of(all)));
    }

    /// One frame, as the loop draws it.
    fn frame(&mut self) -> Duration {
        let area = Rect::new(0, 0, 200, 50);
        self.buffer.reset();
        let mut layout = None;
        let took = took(|| layout = Some(ui::view(&self.state, &self.styles, area, &mut self.buffer)));
        self.send(Event::Learned(Learned::Layout(layout.unwrap_or_default())));
        took
    }

    fn frames(&mut self, what: &str) {
        let all = (0..FRAMES).map(|_| self.frame()).collect();
        self.note(&format!("frame: {what}"), all);
    }

    fn press(&mut self, code: KeyCode) -> Duration {
        took(|| self.send(Event::Key(Key { code, ctrl: false, alt: false })))
    }

    fn keys(&mut self, what: &str, codes: impl IntoIterator<Item = KeyCode>) {
        let all = codes.into_iter().map(|code| self.press(code)).collect();
        self.note(&format!("key: {what}"), all);
    }

    fn screens(&mut self) {
        for screen in Screen::BUILT_IN {
            self.send(Event::Open(screen.clone()));
            self.frames(screen.name());
            self.keys(&format!("j on {}", screen.name()), [KeyCode::Char('j'); TIMES]);
            self.frames(&format!("{}, moved", screen.name()));
        }
    }

    /// The next service has no log of its own: its records are looked for in all that belong to none.
    fn shared_logs(&mut self) {
        self.send(Event::Open(Screen::Service));
        self.frame();
        self.keys("l on service", [KeyCode::Char('l')]);
        self.frames("service, shared logs");
    }

    fn lists(&mut self) {
        for screen in [Screen::Overview, Screen::Metrics, Screen::Logs] {
            self.send(Event::Open(screen.clone()));
            self.frame();
            self.keys(&format!("/ on {}", screen.name()), [KeyCode::Char('/')]);
            self.keys(&format!("filter on {}", screen.name()), "answered 1".chars().map(KeyCode::Char));
            self.frames(&format!("{}, filtered", screen.name()));
            self.keys(&format!("leaving it on {}", screen.name()), [KeyCode::Esc]);
        }
    }

    fn overlays(&mut self) {
        self.send(Event::Open(Screen::Overview));
        self.keys(": for the palette", [KeyCode::Char(':')]);
        self.frames("palette");
        self.keys("typing in the palette", "service 12".chars().map(KeyCode::Char));
        self.frames("palette, typed");
        self.keys("leaving the palette", [KeyCode::Esc]);
        self.keys("? for the help", [KeyCode::Char('?')]);
        self.frames("help");
        self.keys("leaving the help", [KeyCode::Esc]);
    }

    fn stillness(&mut self) {
        self.keys("f to hold the screen still", [KeyCode::Char('f')]);
        self.frames("held still");
        self.keys("f to let it go on", [KeyCode::Char('f')]);
    }

    fn seconds(&mut self) {
        let all = (0..TIMES).map(|_| self.second()).collect();
        self.note("a second", all);
    }

    /// All go down at once, and come back.
    fn storms(&mut self) {
        for (what, sign) in [("goes down", Sign::Bad), ("comes back", Sign::Good)] {
            self.pass(EVERY);
            let readings: Vec<Event> = (0..self.size.checks()).map(|check| self.reading(check, sign)).collect();
            let each: Vec<Duration> = readings.into_iter().map(|event| took(|| self.send(event))).collect();
            println!("all {what}: {:.1} ms together", each.iter().sum::<Duration>().as_secs_f64() * 1e3);
            self.note(&format!("one of all {what}"), each);
            let second = took(|| self.send(Event::Clock));
            self.note(&format!("a second after all {what}"), vec![second]);
            self.send(Event::Open(Screen::Overview));
            self.frames(&format!("overview after all {what}"));
        }
    }

    /// All are down, nothing is heard for an interval, they are down still, and come back.
    fn gaps_while_down(&mut self) {
        let mut costs: [Vec<Duration>; 4] = Default::default();
        for _ in 0..FEW {
            self.pass(EVERY);
            self.read_all(Sign::Bad);
            self.send(Event::Clock);
            let from = self.now;
            self.pass(EVERY);
            costs[0].push(took(|| self.see(Observation::Gap { from, to: self.now })));
            costs[1].push(self.second());
            self.read_all(Sign::Bad);
            costs[2].push(self.second());
            self.read_all(Sign::Good);
            costs[3].push(self.second());
        }
        let what = ["a gap while all are down", "a second after it", "a second after all were heard", "and came back"];
        for (what, all) in what.into_iter().zip(costs) {
            self.note(what, all);
        }
    }

    fn read_all(&mut self, sign: Sign) {
        for check in 0..self.size.checks() {
            self.read(check, sign);
        }
    }

    fn second(&mut self) -> Duration {
        self.pass(Duration::from_secs(1));
        took(|| self.send(Event::Clock))
    }

    fn gaps(&mut self) {
        let all = (0..TIMES).map(|_| {
            let from = self.now;
            self.pass(Duration::from_mins(10));
            took(|| self.see(Observation::Gap { from, to: self.now }))
        });
        let all = all.collect();
        self.note("a gap", all);
        let second = self.second();
        self.note("a second after a gap", vec![second]);
    }
}

fn costs(size: Size) -> Vec<(String, Cost)> {
    let mut bench = Bench::new(size);
    bench.screens();
    bench.shared_logs();
    bench.lists();
    bench.overlays();
    bench.stillness();
    bench.seconds();
    bench.storms();
    bench.gaps_while_down();
    bench.gaps();
    bench.costs
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn main() {
    let (small, large) = (costs(SMALL), costs(LARGE));
    println!("{:<32} {:>21} {:>21} {:>7}", "", "small: median, worst", "large: median, worst", "ratio");
    for ((what, small), (_, large)) in small.into_iter().zip(large) {
        println!(
            "{what:<32} {:>9.3} {:>8.3} ms {:>9.3} {:>8.3} ms {:>7.1}",
            ms(small.median),
            ms(small.worst),
            ms(large.median),
            ms(large.worst),
            ms(large.median) / ms(small.median).max(1e-6)
        );
    }
}
