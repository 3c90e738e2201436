//! Everything that happens to the console enters as a message: a record of them replays to the same cells.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::support::frame::text;
use opsroom::app::layout::{LayoutMap, Target};
use opsroom::app::message::{Event, Learned, Message, Mouse, MouseKind};
use opsroom::app::overlays::confirm::Confirmation;
use opsroom::app::recording::carried::{Carried, Reach};
use opsroom::app::recording::player::{PlayOptions, Player};
use opsroom::app::recording::{Header, RecordedLine, Tap};
use opsroom::app::row::RowKey;
use opsroom::app::screens::Screen;
use opsroom::app::state::State;
use opsroom::app::update::update;
use opsroom::cli::demo::simulate::{CALM, Story, answer_of, configuration};
use opsroom::config::Config;
use opsroom::config::load::load_text;
use opsroom::lang::key::{Key, KeyCode};
use opsroom::lang::time::BootTime;
use opsroom::logs::ring::RingLimits;
use opsroom::model::effect::{Effect, RequestId, RunEffect, StartRun};
use opsroom::model::outcome::Outcome;
use opsroom::model::run::{Lock, OutputLine, Run, RunState};
use opsroom::text::SafeText;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet, Styles};
use opsroom::ui;
use opsroom::ui::replay_bar::{self, Bar};
use opsroom::world::diagnostics::Meters;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const SEED: u64 = 1;
const SIZE: (u16, u16) = (120, 40);

/// What a console took in and drew, in its order.
enum Recorded {
    /// A message, with the line that a recording keeps of it.
    Taken(Message, Option<String>),
    Drawn(Buffer),
}

/// The view in the theme that a state names.
struct Painter {
    catalogue: Catalogue,
    styles: BTreeMap<String, Styles>,
}

impl Painter {
    fn new() -> Self {
        Self { catalogue: Catalogue::shipped(), styles: BTreeMap::new() }
    }

    fn paint(&mut self, state: &State) -> (Buffer, LayoutMap) {
        let theme = &state.console.theme;
        if !self.styles.contains_key(theme) {
            self.styles.insert(theme.clone(), self.catalogue.styles(theme, ColorDepth::True, GlyphSet::UTF8));
        }
        let area = Rect::new(0, 0, state.console.size.0, state.console.size.1);
        let mut buffer = Buffer::empty(area);
        let layout = ui::view(state, &self.styles[theme], area, &mut buffer);
        (buffer, layout)
    }
}

/// A console that takes in messages and draws as the loop does, and keeps a record.
struct Recorder {
    state: State,
    painter: Painter,
    meters: Meters,
    drawn: u64,
    record: Vec<Recorded>,
    tap: Tap,
    /// The screens on which there was nothing to click on.
    missed: Vec<String>,
}

impl Recorder {
    fn new(state: State) -> Self {
        Self {
            state,
            painter: Painter::new(),
            meters: Meters::default(),
            drawn: 0,
            record: Vec::new(),
            tap: Tap::default(),
            missed: Vec::new(),
        }
    }

    fn send(&mut self, message: Message) {
        let line = self.tap.hear(&self.state, &message);
        let effects = update(&mut self.state, message.clone());
        let kept = line.map(|mut line| {
            self.tap.settle(&self.state, &mut line);
            serde_json::to_string(&line).expect("a line can be kept")
        });
        self.record.push(Recorded::Taken(message, kept));
        for effect in effects {
            for outcome in outcomes(&self.state, effect) {
                self.event(Event::Outcome(outcome));
            }
        }
    }

    /// At the moment of what was taken in last.
    fn event(&mut self, event: Event) {
        self.send(Message { at: self.state.world.now, event });
    }

    fn draw(&mut self) {
        if self.state.console.revision == self.drawn {
            return;
        }
        self.drawn = self.state.console.revision;
        self.meters.frames += 1;
        self.meters.frame_time = Duration::from_micros(self.meters.frames % 700);
        self.event(Event::Learned(Learned::Meters(self.meters)));
        let (frame, layout) = self.painter.paint(&self.state);
        self.record.push(Recorded::Drawn(frame));
        if layout != self.state.console.layout {
            self.event(Event::Learned(Learned::Layout(layout)));
        }
        assert_eq!(self.state.console.revision, self.drawn, "what was learned of a frame asks for no other");
    }

    /// A person did something, a moment after the last thing, and waits for the answer.
    fn hand(&mut self, event: Event) {
        let at = self.state.world.now.plus(Duration::from_millis(15));
        self.send(Message { at, event });
        // What is left to count is counted before the next key.
        while self.state.next_tick() == Some(Duration::ZERO) {
            self.event(Event::Clock);
        }
        self.draw();
    }

    /// Keys as in `[keys]`; `…` waits until a dialog takes keys, and what is in quotes is typed.
    fn keys(&mut self, keys: &str) {
        for word in keys.split_whitespace() {
            if let Some(text) = word.strip_prefix('"') {
                for c in text.trim_end_matches('"').chars() {
                    self.hand(Event::Key(Key { code: KeyCode::Char(c), ctrl: false, alt: false }));
                }
            } else if word == "…" {
                let at = self.state.world.now.plus(Duration::from_millis(310));
                self.send(Message { at, event: Event::Clock });
                self.draw();
            } else {
                self.hand(Event::Key(word.parse().expect("a key")));
            }
        }
    }

    /// Where the last frame drew something. Found as a person finds it: by looking.
    fn mouse(&mut self, kind: MouseKind, what: impl Fn(&Target) -> bool) {
        let found = self.state.console.layout.areas.iter().rev().find(|(_, target)| what(target)).cloned();
        let Some((area, _)) = found else {
            self.missed.push(text(&self.painter.paint(&self.state).0));
            return;
        };
        self.hand(Event::Mouse(Mouse { column: area.x, row: area.y, kind }));
    }

    fn click(&mut self, what: impl Fn(&Target) -> bool) {
        self.mouse(MouseKind::Press, what);
    }

    fn at(&mut self, second: u64) {
        match second {
            5 => self.keys("2 j tab 3 k k m"),
            12 => self.click(|target| matches!(target, Target::Bar(_))),
            14 => self.keys("/ \"error\" enter"),
            16 => self.keys("esc G s \"cache\" enter n"),
            20 => self.keys("1 j j"),
            26 => self.click(|target| *target == Target::Row(RowKey::Service("cache".into()))),
            27 => self.click(|target| *target == Target::Row(RowKey::Service("cache".into()))),
            30 => self.keys("R y … y"),
            33 => self.keys("6"),
            38 => self.hand(Event::Resize(80, 24)),
            40 => self.keys("1 tab j enter 3"),
            44 => self.hand(Event::Resize(160, 45)),
            46 => self.keys("p"),
            48 => self.keys("o j enter"),
            50 => self.keys("esc #"),
            52 => self.mouse(MouseKind::ScrollDown, |target| matches!(target, Target::OverlayRow(_))),
            54 => self.keys("esc esc enter"),
            56 => self.keys("esc 4 h h h + ' w t"),
            60 => self.keys("f"),
            66 => self.keys("f ?"),
            68 => self.keys("pagedown esc : \"theme\" down enter T T"),
            72 => self.keys("!"),
            76 => self.event(Event::Reloaded(Ok(changed(&self.state.world.config)))),
            80 => self.keys("1 B"),
            82 => self.keys("down enter … \"web\""),
            84 => self.hand(Event::Paste("web".to_owned())),
            86 => self.keys("esc"),
            88 => self.click(|target| matches!(target, Target::Tab(Screen::Logs))),
            90 => self.mouse(MouseKind::ScrollUp, |target| matches!(target, Target::LogLine(..))),
            92 => self.click(|target| matches!(target, Target::LogLine(..))),
            94 => self.hand(Event::Focus(false)),
            100 => self.hand(Event::Focus(true)),
            102 => self.keys("z 6 x"),
            _ => {}
        }
    }
}

/// What a reload brings: another name.
fn changed(config: &Arc<Config>) -> (Arc<Config>, Vec<SafeText>) {
    let (path, text) = config.texts.iter().next().expect("the demo has a text");
    let text = text.replacen("name = \"shop\"", "name = \"shop two\"", 1);
    let changed = load_text(path, &text).config.expect("it is valid still");
    assert_eq!(changed.console.name, "shop two");
    (Arc::new(changed), vec![SafeText::new("another name")])
}

/// What the world answers to an effect; always the same.
fn outcomes(state: &State, effect: Effect) -> Vec<Outcome> {
    if let Some(outcome) = answer_of(SEED, &effect) {
        return vec![outcome];
    }
    match effect {
        Effect::Run(request, RunEffect::Start(start)) => started(state, request, &start),
        Effect::Run(request, RunEffect::FetchChoices(action)) => {
            let values = ["v42", "v41", "v40"].map(|value| SafeText::new(value).into());
            let choices = Ok([("version".to_owned(), values.into_iter().collect())].into());
            vec![Outcome::Choices { request, action, choices }]
        }
        _ => Vec::new(),
    }
}

fn started(state: &State, request: RequestId, start: &StartRun) -> Vec<Outcome> {
    let (plan, now) = (&start.plan, state.world.now);
    let run = Run {
        id: "20261121T024100-3f9a".into(),
        action: plan.action.clone(),
        verb: plan.verb.clone(),
        dry_run: plan.dry_run,
        service: plan.service.clone(),
        target: plan.target.clone(),
        who: "ops-a".to_owned(),
        reason: None,
        host: "local".to_owned(),
        plan_digest: start.digest.clone(),
        started_at: now.utc,
        boot: None,
        ended_at: None,
        duration_ms: None,
        outcome_ms: None,
        state: RunState::Running,
        verdict: RunState::Running.verdict(),
        checks: None,
        exit_code: None,
        signal: None,
        output_path: "/tmp/opsroom-demo/runs/1".into(),
        note: None,
    };
    let lock = Lock {
        target: run.target.clone(),
        id: run.id.clone(),
        fence: 1,
        holder: run.who.clone(),
        host: run.host.clone(),
        reason: "restart".to_owned(),
        since: now.utc,
    };
    let lines = (0..60).map(|index| OutputLine {
        index,
        stderr: index % 7 == 0,
        text: SafeText::new(&format!("step {index} of the restart")),
    });
    let id = run.id.clone();
    vec![
        Outcome::RunStarted { request, run: Box::new(run.clone()) },
        Outcome::Runs { runs: vec![run], locks: vec![lock] },
        Outcome::RunOutput { run: id, lines: lines.collect(), omitted: 0 },
    ]
}

/// The outage of the demo, watched by somebody who looks everywhere.
async fn recorded() -> (Arc<Config>, Vec<Recorded>) {
    let config = Arc::new(configuration().expect("the demo's configuration is valid"));
    let mut story = Story::new(Arc::clone(&config), SEED);
    let mut console = Recorder::new(story.begin(SIZE));
    let at = console.state.world.now;
    console.event(Event::Learned(Learned::Boot { at, boot: BootTime { boot: 7, ms: 1_000 } }));
    let names = ["midnight", "ours"].map(str::to_owned).to_vec();
    let warnings = vec![SafeText::new("ours.toml: no color `blurple`")];
    console.event(Event::Learned(Learned::Themes { names, warnings }));
    for second in 0..CALM.as_secs() + 120 {
        for message in story.next_second().await {
            console.send(message);
        }
        if let Some(second) = second.checked_sub(CALM.as_secs()) {
            console.draw();
            console.at(second);
        }
    }
    assert!(console.missed.is_empty(), "nothing to click on:\n{}", console.missed.join("\n"));
    (config, console.record)
}

/// The frames of a record that a new console draws otherwise when it takes in the same messages, save those that
/// `leaves_out` names: which, and their first cell.
fn replayed(config: &Arc<Config>, record: &[Recorded], leaves_out: impl Fn(&Event) -> bool) -> Vec<String> {
    let mut state = Story::new(Arc::clone(config), SEED).begin(SIZE);
    let mut painter = Painter::new();
    let mut others = Vec::new();
    let (mut taken, mut drawn) = (0, 0);
    for entry in record {
        match entry {
            Recorded::Taken(message, _) if leaves_out(&message.event) => {}
            Recorded::Taken(message, _) => {
                taken += 1;
                drop(update(&mut state, message.clone()));
            }
            Recorded::Drawn(frame) => {
                drawn += 1;
                let (again, _) = painter.paint(&state);
                if again.area != frame.area {
                    others.push(format!("frame {drawn} is of another size"));
                } else if let Some((x, y, cell)) = frame.diff(&again).first() {
                    let was = &frame[(*x, *y)];
                    others.push(format!("frame {drawn}, after {taken} messages, {x},{y}: {cell:?}, it was {was:?}"));
                }
            }
        }
    }
    assert!(drawn > 200, "{drawn} frames");
    others
}

#[tokio::test]
async fn the_messages_of_an_outage_replay_to_the_same_cells() {
    let (config, record) = recorded().await;
    let drawn = |entry: &Recorded| match entry {
        Recorded::Drawn(frame) => Some(text(frame)),
        Recorded::Taken(..) => None,
    };
    let frames: Vec<String> = record.iter().filter_map(drawn).collect();
    for seen in ["cache down", "step 59 of the restart", "pattern:", "HELD", "blurple", "shop two", "v41"] {
        assert!(frames.iter().any(|frame| frame.contains(seen)), "{seen} was never on the screen");
    }
    let others = replayed(&config, &record, |_| false);
    assert!(others.is_empty(), "{} frames differ: {}", others.len(), others[..others.len().min(5)].join("\n"));

    // What the runtime learns is part of what is drawn, so that it had to be in the record.
    assert!(!replayed(&config, &record, |event| matches!(event, Event::Learned(Learned::Layout(_)))).is_empty());
    assert!(!replayed(&config, &record, |event| matches!(event, Event::Learned(Learned::Meters(_)))).is_empty());
    assert!(!replayed(&config, &record, |event| matches!(event, Event::Learned(Learned::Themes { .. }))).is_empty());
}

/// What differs between the frames of a record and those of its lines, played again.
fn played(header: &Header, record: &[Recorded]) -> (Vec<String>, Player) {
    played_on(Player::new(header, PlayOptions::default()).expect("it can be played"), record)
}

/// The same of what comes after what was played already.
fn played_on(mut player: Player, record: &[Recorded]) -> (Vec<String>, Player) {
    let (mut painter, mut drawer) = (Painter::new(), Painter::new());
    let (mut others, mut drawn) = (Vec::new(), 0);
    for entry in record {
        match entry {
            Recorded::Taken(_, None) => {}
            Recorded::Taken(_, Some(line)) => {
                let line: RecordedLine = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                player.take(line, &mut |state| drawer.paint(state).1);
            }
            Recorded::Drawn(frame) => {
                drawn += 1;
                let (again, _) = painter.paint(&player.state);
                if again.area != frame.area {
                    others.push(format!("frame {drawn} is of another size"));
                } else if !frame.diff(&again).is_empty() {
                    let (was, now) = (text(frame), text(&again));
                    let differ = was.lines().zip(now.lines()).find(|(was, now)| was != now);
                    others.push(format!("frame {drawn}: {differ:?}"));
                }
            }
        }
    }
    (others, player)
}

#[tokio::test]
async fn a_recording_of_an_outage_plays_to_the_same_cells() {
    let (config, record) = recorded().await;
    let header = header_of(&config);
    let (others, player) = played(&header, &record);
    assert!(others.is_empty(), "{} frames differ: {}", others.len(), others[..others.len().min(5)].join("\n"));
    assert_eq!((player.corrected, player.thinned), (0, 0));

    // The proof finds a line that is missing.
    let without: Vec<Recorded> = record
        .into_iter()
        .filter(|entry| !matches!(entry, Recorded::Taken(message, _) if matches!(message.event, Event::Key(_))))
        .collect();
    assert!(!played(&header, &without).0.is_empty());
}

/// What the header says of the services.
fn broken(frame: &Buffer) -> String {
    text(frame).lines().next().and_then(|header| header.split('│').nth(1)).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_is_broken_is_known_however_far_a_further_file_looks_back() {
    let (config, record) = recorded().await;
    let reach = Reach { span: Duration::from_secs(20), each: 4, records: RingLimits { records: 50, bytes: 1 << 20 } };
    let is_drawn = |entry: &&Recorded| matches!(entry, Recorded::Drawn(_));
    let Some(Recorded::Drawn(last)) = record.iter().rfind(is_drawn) else { panic!("nothing was drawn") };
    assert!(broken(last).contains(" down"), "{}", broken(last));
    for part in [5, 6, 7] {
        let (before, after) = record.split_at(record.len() * part / 8);
        let (_, player) = played_on(cut(&header_of(&config), before, reach), after);
        assert_eq!(broken(&Painter::new().paint(&player.state).0), broken(last), "after {part} of 8");
    }
}

/// A recording of which all before this entry is gone, as its next file begins.
fn cut(header: &Header, before: &[Recorded], reach: Reach) -> Player {
    let mut carried = Carried::new(header.clone(), reach);
    let mut at = header.at;
    for entry in before {
        if let Recorded::Taken(message, Some(line)) = entry {
            at = message.at;
            carried.note(serde_json::from_str(line).expect("a line that was kept"));
        }
    }
    let mut player = Player::new(&carried.begin(at), PlayOptions::default()).expect("it can be played");
    let mut drawer = Painter::new();
    player.take(RecordedLine::Begins(Box::new(carried.begin(at))), &mut |state| drawer.paint(state).1);
    for line in carried.lines() {
        player.take(line.clone(), &mut |state| drawer.paint(state).1);
    }
    player
}

#[tokio::test]
async fn the_rest_of_a_recording_whose_front_is_gone_plays_to_the_same_cells() {
    let (config, record) = recorded().await;
    let header = header_of(&config);
    for part in 1..8 {
        let (before, after) = record.split_at(record.len() * part / 8);
        let (others, _) = played_on(cut(&header, before, Reach::of_screens(&config)), after);
        assert!(
            others.is_empty(),
            "after {part} of 8 {} frames differ: {}",
            others.len(),
            others[..others.len().min(5)].join("\n")
        );
    }
}

#[tokio::test]
async fn who_watches_gets_out_of_a_dialog_though_time_stands_still() {
    let (config, record) = recorded().await;
    let (_, mut player) = played(&header_of(&config), &record);
    // Whoever was recorded has just been asked when the recording is paused.
    for key in ["esc", "esc", "1", "R"] {
        let (at, event) = (player.state.world.now, Box::new(Event::Key(key.parse().expect("a key"))));
        player.take(RecordedLine::Took { at, event, left: None }, &mut |_| LayoutMap::default());
    }
    assert!(player.state.console.overlays.top_as::<Confirmation>().is_some(), "it asks");
    player.hand(Event::Key("esc".parse().expect("a key")));
    assert!(player.state.console.overlays.is_empty());
}

/// As it is kept and read again.
fn header_of(config: &Arc<Config>) -> Header {
    let begins = RecordedLine::begins(&Story::new(Arc::clone(config), SEED).begin(SIZE));
    let kept = serde_json::to_string(&begins).expect("a header can be kept");
    match serde_json::from_str(&kept).expect("it can be read") {
        RecordedLine::Begins(header) => *header,
        other => panic!("{other:?}"),
    }
}

/// The screens in all rows but the last, which is the bar's.
fn with_bar(player: &mut Player, bar: &Bar, size: (u16, u16)) -> String {
    player.resize((size.0, size.1 - 1));
    let styles = Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8);
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buffer = Buffer::empty(area);
    drop(ui::view(&player.state, &styles, Rect { height: size.1 - 1, ..area }, &mut buffer));
    replay_bar::draw(bar, &styles, Rect { y: size.1 - 1, height: 1, ..area }, &mut buffer);
    text(&buffer)
}

#[tokio::test]
async fn the_bar_says_where_it_is() {
    let (config, record) = recorded().await;
    let (_, mut player) = played(&header_of(&config), &record);
    let last = player.state.world.now.utc.timestamp_millis();
    let bar = Bar {
        first: last - 720_000,
        last,
        position: last - 240_000,
        speed: 10.0,
        paused: true,
        sought: None,
        own: false,
        thinned: 0,
        partial: false,
    };
    insta::assert_snapshot!("bar_80x24", with_bar(&mut player, &bar, (80, 24)));
    insta::assert_snapshot!("bar_120x40", with_bar(&mut player, &Bar { own: true, thinned: 3, ..bar }, (120, 40)));
    let ahead = Bar { sought: Some(last - 60_000), partial: true, ..bar };
    insta::assert_snapshot!("bar_looks_for", with_bar(&mut player, &ahead, (80, 24)));
    // No size of terminal is too small for it.
    for columns in 0..60 {
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, 1));
        let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::ASCII);
        replay_bar::draw(&bar, &styles, buffer.area, &mut buffer);
    }
}

#[tokio::test]
async fn whoever_watches_is_told_at_once_that_nothing_can_be_done() {
    let (config, record) = recorded().await;
    let (_, mut player) = played(&header_of(&config), &record);
    for key in ["esc", "esc", "esc", "esc", "1"] {
        player.hand(Event::Key(key.parse().expect("a key")));
    }
    for (key, wanted) in [
        ("R", "nothing can be run"),
        ("a", "nothing can be changed"),
        ("ctrl-r", "nothing can be polled"),
        ("S", "nothing can be saved"),
    ] {
        player.hand(Event::Key(key.parse().expect("a key")));
        let toast = player.state.console.toasts.iter().last().map(|toast| toast.text.to_string()).unwrap_or_default();
        assert!(toast.contains(wanted), "{key}: {toast}");
        assert!(player.state.console.overlays.is_empty(), "{key} opened a dialog");
    }
}

#[test]
fn the_footer_of_a_recording_names_no_key_that_is_refused() {
    let mut app = crate::support::app::App::new(&format!("{}{ROUND}", crate::support::app::WORLD));
    app.poll("api", opsroom::model::reading::Sign::Bad);
    let footer = |app: &crate::support::app::App| {
        let frame = text(&crate::support::frame::draw(&app.state, 200, 40));
        frame.lines().last().unwrap_or_default().to_owned()
    };
    let refused =
        ["actions", "start", "dry run", "acknowledge", "silence", "incident", "approve", "plan a", "save", "copy"];
    let mut named = 0;
    for is_replayed in [false, true] {
        app.state.console.is_replayed = is_replayed;
        for key in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "&"] {
            app.keys(key);
            let footer = footer(&app);
            let found: Vec<&&str> = refused.iter().filter(|word| footer.contains(**word)).collect();
            if is_replayed {
                assert!(found.is_empty(), "{key}: {found:?} in {footer}");
            }
            named += found.len();
        }
    }
    assert!(named > 5, "they are named where they do something");
}

const ROUND: &str = "[checklist.round]\nstep = [{ title = \"Look\", ask = \"?\" }]\n";
