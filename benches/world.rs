//! What a reading, a second, a key and a frame cost in a small world and in a large one. Prints figures; judges nothing.
//!
//! `cargo bench --bench world`
#![expect(clippy::print_stdout, reason = "figures for a person")]
#![expect(clippy::disallowed_methods, reason = "a stopwatch")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use opsroom::app::message::{Event, Learned, Message};
use opsroom::app::screens::Screen;
use opsroom::app::state::State;
use opsroom::app::update::update;
use opsroom::config::Config;
use opsroom::config::load::load_text;
use opsroom::lang::key::{Key, KeyCode};
use opsroom::lang::time::Stamp;
use opsroom::model::document::Timing;
use opsroom::model::observation::Observation;
use opsroom::model::reading::{Reading, Sign};
use opsroom::text::SafeText;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet, Styles};
use opsroom::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Checks of one service.
const OF_A_SERVICE: usize = 10;
/// Services of which each depends on the one before.
const CHAIN: usize = 5;
/// As many checks, and the same ones, are asked for one figure in every world: what differs is what lies around them.
const ASKED: usize = 100;

/// Every second check has a metric of its latency, every twentieth its log.
fn text(checks: usize) -> String {
    let mut text = String::from("[console]\nname = \"bench\"\n");
    for service in 0..checks / OF_A_SERVICE {
        let on = if service % CHAIN == 0 { String::new() } else { format!("\"s{:04}\"", service - 1) };
        writeln!(text, "[service.s{service:04}]\ndepends_on = [{on}]").expect("a string takes all");
    }
    for check in 0..checks {
        let service = check / OF_A_SERVICE;
        writeln!(
            text,
            "[check.c{check:05}]\nservice = \"s{service:04}\"\ntcp = \"127.0.0.1:9\"\nevery = \"30s\"\nfail_after = 1\n\
             ok_after = 1\nalert = {{ critical = \"down\", high = \"down for 10m\" }}"
        )
        .expect("a string takes all");
        if check % 2 == 0 {
            writeln!(
                text,
                "[metric.m{check:05}]\nservice = \"s{service:04}\"\ncheck = \"c{check:05}\"\nlatency = \"p95\"\n\
                 window = \"15m\"\nalert = {{ high = \"> 5s for 5m\" }}"
            )
            .expect("a string takes all");
        }
        if check % 20 == 0 {
            writeln!(text, "[log.l{check:05}]\nservice = \"s{service:04}\"\nfile = \"/var/log/{check}.log\"")
                .expect("a string takes all");
        }
    }
    text
}

fn took(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// Memory of the process that is in use, in MB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
}

struct Bench {
    state: State,
    styles: Styles,
    now: Stamp,
    checks: usize,
}

impl Bench {
    fn new(checks: usize) -> Self {
        let text = text(checks);
        let mut config: Option<Arc<Config>> = None;
        let read = took(|| {
            let loaded = load_text(Path::new("/srv/opsroom.toml"), &text);
            config = loaded.config.map(Arc::new);
            assert!(config.is_some(), "{:?}", loaded.diagnostics.first());
        });
        let now = Stamp { mono: Duration::from_secs(100), utc: DateTime::UNIX_EPOCH + Duration::from_hours(500_000) };
        let styles = Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8);
        let mut state = None;
        let made = took(|| state = config.take().map(|config| State::new(config, now, (200, 50))));
        let state = state.expect("there is a configuration");
        say("configuration read", read);
        say("world made", made);
        Self { state, styles, now, checks }
    }

    fn send(&mut self, event: Event) {
        std::hint::black_box(update(&mut self.state, Message { at: self.now, event }));
    }

    fn reading(&self, check: usize, sign: Sign) -> Reading {
        let sent = Stamp { mono: self.now.mono.saturating_sub(Duration::from_millis(20)), utc: self.now.utc };
        Reading {
            check: format!("c{check:05}").into(),
            timing: Timing { scheduled: sent, sent, ended: self.now },
            sign,
            error: (sign == Sign::Bad).then(|| SafeText::new("connection refused")),
            answered: true,
            components: BTreeMap::new(),
            version: None,
            fields: BTreeMap::new(),
            phases: vec![("connect", 12.0), ("total", 20.0)],
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = Stamp { mono: self.now.mono + time, utc: self.now.utc + time };
    }

    /// Readings of those checks, and what one of them takes.
    fn ask(&mut self, checks: impl Iterator<Item = usize>, sign: Sign) -> Duration {
        let readings: Vec<Reading> = checks.map(|check| self.reading(check, sign)).collect();
        let count = u32::try_from(readings.len()).expect("few").max(1);
        took(|| {
            for reading in readings {
                self.send(Event::Observation(Observation::Reading(Box::new(reading))));
            }
        }) / count
    }

    /// The best of some rounds.
    fn best(&mut self, signs: &[Sign]) -> Duration {
        let rounds = (0..20).map(|round| {
            self.pass(Duration::from_secs(1));
            self.ask(0..ASKED, signs[round % signs.len()])
        });
        rounds.min().unwrap_or_default()
    }

    fn all(&mut self, sign: Sign) -> Duration {
        self.pass(Duration::from_secs(1));
        self.ask(0..self.checks, sign)
    }

    fn tick(&mut self) -> Duration {
        let seconds = (0..5).map(|_| {
            self.pass(Duration::from_secs(1));
            took(|| self.send(Event::Clock))
        });
        seconds.min().unwrap_or_default()
    }

    fn frame(&mut self) -> Duration {
        let area = Rect::new(0, 0, 200, 50);
        let mut buffer = Buffer::empty(area);
        let frames = (0..5).map(|_| {
            buffer.reset();
            let mut layout = None;
            let took = took(|| layout = Some(ui::view(&self.state, &self.styles, area, &mut buffer)));
            self.send(Event::Learned(Learned::Layout(layout.unwrap_or_default())));
            took
        });
        frames.min().unwrap_or_default()
    }

    fn key(&mut self) -> Duration {
        let down = || Event::Key(Key { code: KeyCode::Char('j'), ctrl: false, alt: false });
        (0..5).map(|_| took(|| self.send(down()))).min().unwrap_or_default()
    }

    fn screens(&mut self, how: &str) {
        for screen in Screen::BUILT_IN {
            self.state.console.screen = screen.clone();
            let (frame, key) = (self.frame(), self.key());
            say(&format!("{how}: frame of {}", screen.name()), frame);
            say(&format!("{how}: key on {}", screen.name()), key);
        }
        self.state.console.screen = Screen::Overview;
    }

    fn readings(&mut self, how: &str) {
        let usual = if how == "well" { Sign::Good } else { Sign::Bad };
        let same = self.best(&[usual]);
        let flapping = self.best(&[Sign::Bad, Sign::Good]);
        self.all(usual);
        say(&format!("{how}: reading, same status"), same);
        say(&format!("{how}: reading, another status"), flapping);
        let tick = self.tick();
        say(&format!("{how}: second"), tick);
    }
}

fn say(what: &str, time: Duration) {
    println!("{what:<40} {:>14.3} µs", time.as_secs_f64() * 1e6);
}

fn main() {
    let sizes = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect::<Vec<usize>>();
    for checks in if sizes.is_empty() { vec![100, 10_000] } else { sizes } {
        println!("--- {checks} checks");
        let before = resident();
        let mut bench = Bench::new(checks);
        let first = bench.frame();
        say("first frame", first);
        let answers = bench.all(Sign::Good);
        say("first answers, each", answers);
        bench.readings("well");
        bench.screens("well");
        let falls = bench.all(Sign::Bad);
        say("all go down, each", falls);
        bench.readings("down");
        bench.screens("down");
        let rises = bench.all(Sign::Good);
        say("all come back, each", rises);
        for _ in 0..20 {
            bench.pass(Duration::from_secs(28));
            bench.all(Sign::Good);
        }
        println!("{:<40} {:>14.1} MB", "memory of it", resident() - before);
    }
}
