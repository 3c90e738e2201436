//! The core in a test: a configuration in, keys and observations in; state and effects out. Time passes only when a
//! test lets it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use opsroom::app::message::{Event, Learned, Message};
use opsroom::app::overlays::choices::Choices;
use opsroom::app::overlays::confirm::Confirmation;
use opsroom::app::state::State;
use opsroom::app::update::update;
use opsroom::config::Config;
use opsroom::config::load::load_text;
use opsroom::lang::key::{Key, KeyCode};
use opsroom::lang::time::Stamp;
use opsroom::logs::record::{Level, Record, RecordBatch, RecordData};
use opsroom::model::document::Timing;
use opsroom::model::effect::{Effect, RequestId, RunEffect, StartRun};
use opsroom::model::observation::Observation;
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::{Reading, Sample, Sign};
use opsroom::model::run::{Run, RunState};
use opsroom::text::SafeText;
use opsroom::text::name::Name;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet};
use opsroom::ui::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A console without a terminal.
pub struct App {
    /// Its state.
    pub state: State,
    /// Every effect so far that no test took away.
    pub effects: Vec<Effect>,
    now: Stamp,
    seq: u64,
}

/// Reads a configuration that must be valid.
pub fn config(text: &str) -> Arc<Config> {
    let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
    let problems: Vec<String> = loaded.diagnostics.iter().map(opsroom::lang::diagnostic::Diagnostic::render).collect();
    Arc::new(loaded.config.unwrap_or_else(|| panic!("{}", problems.join("\n"))))
}

impl App {
    /// The console of a configuration, 120×40, at 02:41:00Z.
    pub fn new(text: &str) -> Self {
        let utc: DateTime<Utc> = "2026-11-21T02:41:00Z".parse().expect("a time");
        Self::at(text, Stamp { mono: Duration::from_secs(100), utc })
    }

    /// The console of a configuration that starts at a moment.
    pub fn at(text: &str, now: Stamp) -> Self {
        Self { state: State::new(config(text), now, (120, 40)), effects: Vec::new(), now, seq: 0 }
    }

    /// The same on a machine that has counted this time already: there is a place on its clock for what was before.
    pub fn after(text: &str, counted: Duration) -> Self {
        let app = Self::new(text);
        let now = Stamp { mono: counted, ..app.now };
        Self { state: State::new(config(text), now, (120, 40)), now, ..app }
    }

    /// This moment.
    pub fn now(&self) -> Stamp {
        self.now
    }

    /// Sends one event at this moment.
    pub fn send(&mut self, event: Event) {
        let effects = update(&mut self.state, Message { at: self.now, event });
        self.effects.extend(effects);
    }

    /// Presses keys, given as in `[keys]` with blanks between: `R y shift-tab`.
    pub fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            let key: Key = key.parse().unwrap_or_else(|error| panic!("{key}: {error:?}"));
            self.look();
            self.send(Event::Key(key));
        }
    }

    /// A dialog is drawn before the next key, as on a terminal: it knows what of it was seen.
    fn look(&mut self) {
        if self.dialog().is_some() {
            self.see();
        }
    }

    /// A frame is drawn, and the core learns what was on it.
    pub fn see(&mut self) {
        let styles = Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8);
        let (width, height) = self.state.console.size;
        let area = Rect::new(0, 0, width, height);
        let layout = view(&self.state, &styles, area, &mut Buffer::empty(area));
        self.send(Event::Learned(Learned::Layout(layout)));
    }

    /// Types a text, a character a key.
    pub fn typed(&mut self, text: &str) {
        for c in text.chars() {
            self.look();
            self.send(Event::Key(Key { code: KeyCode::Char(c), ctrl: false, alt: false }));
        }
    }

    /// Pastes a text.
    pub fn paste(&mut self, text: &str) {
        self.send(Event::Paste(text.to_owned()));
    }

    /// Lets time pass without a tick: what a person waits between two keys.
    pub fn wait(&mut self, millis: u64) {
        self.now = self.now.plus(Duration::from_millis(millis));
    }

    /// Lets seconds pass, a tick for each.
    pub fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now.plus(Duration::from_secs(1));
            self.send(Event::Clock);
        }
    }

    /// A poll of a check, answered at once.
    pub fn poll(&mut self, check: &str, sign: Sign) {
        self.poll_in(check, sign, 0);
    }

    /// A poll of a check that took so many milliseconds.
    pub fn poll_in(&mut self, check: &str, sign: Sign, millis: u64) {
        let error = (sign == Sign::Bad).then(|| SafeText::new("connection refused"));
        let sent = Stamp { mono: self.now.mono.saturating_sub(Duration::from_millis(millis)), ..self.now };
        let timing = Timing { scheduled: sent, sent, ended: self.now };
        self.send(Event::Observation(Observation::Reading(Box::new(Reading {
            error,
            answered: sign != Sign::Bad,
            ..Reading::plain(check.into(), timing, sign)
        }))));
    }

    /// An observation.
    pub fn send_observation(&mut self, observation: Observation) {
        self.send(Event::Observation(observation));
    }

    /// A value of a metric.
    pub fn sample(&mut self, metric: &str, value: Result<f64, &str>) {
        let value = value.map_err(SafeText::new);
        self.send(Event::Observation(Observation::Sample(Sample {
            metric: metric.into(),
            at: self.now,
            value,
            caveat: None,
        })));
    }

    /// Records of a log, in one batch.
    pub fn records(&mut self, log: &str, lines: &[(Level, &str)]) {
        let records = lines
            .iter()
            .map(|(level, line)| {
                self.seq += 1;
                Record::new(RecordData {
                    level: *level,
                    ..RecordData::unknown(log.into(), self.seq, self.now, SafeText::new(line))
                })
            })
            .collect();
        let batch = RecordBatch { records, ..RecordBatch::default() };
        self.send(Event::Observation(Observation::Records { log: log.into(), batch }));
    }

    /// An outcome.
    pub fn outcome(&mut self, outcome: Outcome) {
        self.send(Event::Outcome(outcome));
    }

    /// Takes the effects so far.
    pub fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The runs that were asked for so far.
    pub fn started(&self) -> Vec<&StartRun> {
        self.starts().map(|(_, start)| start).collect()
    }

    /// The requests of the runs that were asked for so far.
    pub fn asked(&self) -> Vec<RequestId> {
        self.starts().map(|(request, _)| request).collect()
    }

    fn starts(&self) -> impl Iterator<Item = (RequestId, &StartRun)> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::Run(request, RunEffect::Start(start)) => Some((*request, &**start)),
            _ => None,
        })
    }

    /// The confirmation that is open.
    pub fn dialog(&self) -> Option<&Confirmation> {
        self.state.console.overlays.top_as()
    }

    /// The choices that are open.
    ///
    /// # Panics
    /// There are none.
    pub fn choices(&self) -> &Choices {
        self.state.console.overlays.top_as().expect("no choices are open")
    }

    /// How the last run ended, as the row above the footer says it.
    pub fn result(&self) -> String {
        self.state.run_result().map(|result| result.text.to_string()).unwrap_or_default()
    }

    /// The last toast.
    pub fn toast(&self) -> String {
        self.state.console.toasts.iter().last().map(|toast| toast.text.to_string()).unwrap_or_default()
    }

    /// The run of a started action, as the runner would report it.
    pub fn run_of(&self, action: &str, state: RunState) -> Run {
        let action =
            self.state.world.config.actions.iter().find(|known| &*known.name == action).expect("a configured action");
        Run {
            id: Name::from("20261121T024105-3f9a"),
            action: action.name.clone(),
            verb: action.verb.clone(),
            dry_run: false,
            service: action.service.clone(),
            target: action.target.clone(),
            who: "ops-a".to_owned(),
            reason: None,
            host: "local".to_owned(),
            plan_digest: String::new(),
            started_at: self.now.utc,
            boot: None,
            ended_at: (state != RunState::Running).then_some(self.now.utc),
            duration_ms: None,
            outcome_ms: None,
            state,
            verdict: state.verdict(),
            checks: None,
            exit_code: matches!(state, RunState::Verifying | RunState::Verified | RunState::Ended).then_some(0),
            signal: None,
            output_path: "/var/lib/opsroom/runs/1".into(),
            note: None,
        }
    }
}

/// A small world: api depends on db; a log, a metric, and three actions.
pub const WORLD: &str = r#"
[console]
name = "test"
environment = "staging"

[secret]
token = { env = "TOKEN" }

[service.db]
[service.api]
title = "HTTP API"
depends_on = ["db"]

[check.db]
service = "db"
tcp = "127.0.0.1:5432"
alert = { critical = "down" }

[check.api]
service = "api"
http = "http://127.0.0.1:8080/health"
every = "15s"
alert = { critical = "down", medium = "degraded for 10m" }

[source.metrics]
http = "http://127.0.0.1:8080/metrics"

[metric.errors]
service = "api"
from = "metrics"
value = ".body.error_rate"
unit = "%"
alert = { medium = "> 5% for 1m", high = "> 10%" }

[log.api]
service = "api"
file = "/var/log/api.log"

[adapter.ours]
env = { TOKEN = "{secret:token}" }
restart = { steps = [["./ctl", "restart", "{target}"]] }
status = { steps = [["./ctl", "status", "{target}"]] }
rollback = { steps = [["./ctl", "rollback", "{target}", "{version}"]], dry_run = [["./ctl", "rollback", "--check", "{target}", "{version}"]], choices = { version = ["./ctl", "releases", "{target}"] } }

[action.restart-api]
service = "api"
adapter = "ours"
do = "restart"
target = "api"
key = "R"
confirm = "yes"
verify = { checks = ["api"], within = "60s" }
evidence = ["log:api", "check:api", "metric:errors"]
on_failure = "rollback-api"

[action.rollback-api]
service = "api"
adapter = "ours"
do = "rollback"
target = "api"
key = "B"
confirm = "type-name"

[action.status-api]
service = "api"
adapter = "ours"
do = "status"
target = "api"
key = "I"
"#;
