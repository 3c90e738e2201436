//! The demo's world without a clock or a network: the same judging, counting and recognising, on times that are made up.
//! The same seed and length give the same state to the last character, which is what screenshots and tests need.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeZone as _, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;

use super::answers::{HttpAnswer, answer};
use super::memory::DemoStore;
use super::world::DemoWorld;
use super::{journal, stage};
use crate::app::layout::{Area, Target};
use crate::app::message::{Event, Learned, Message};
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::app::update::update;
use crate::config::Config;
use crate::config::kinds::SourceKind;
use crate::config::load;
use crate::lang::time::Stamp;
use crate::logs::pattern;
use crate::logs::pattern::ShapeHistory;
use crate::model::document::PollError;
use crate::model::effect::{ConsoleEffect, Effect, LogsEffect, ShapeHistoryQuery};
use crate::model::outcome::Outcome;
use crate::sources::kinds::simulated::{Script, Scripted, SimulatedPage};
use crate::sources::simulation::Simulation;
use crate::text::secret::Secrets;
use crate::text::{SafeText, markdown};
use crate::theme::{Catalogue, ColorDepth, GlyphSet};
use crate::ui;

/// The folder and the address that a simulated demo shows. Nothing is there.
const FOLDER: &str = "/tmp/opsroom-demo";
const ADDRESS: &str = "127.0.0.1:4000";
/// How long all is well before the first trouble, so that charts have a history.
pub const CALM: Duration = Duration::from_mins(10);
/// What is simulated.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    /// The seed of the world.
    pub seed: u64,
    /// Time after the calm.
    pub at: Duration,
    /// Columns and rows.
    pub size: (u16, u16),
}

/// The demo's configuration as a simulation sees it.
///
/// # Errors
/// The problems, in words. There are none unless the file in this folder is broken.
pub fn configuration() -> Result<Config, String> {
    let address = ADDRESS.parse().map_err(|error| format!("{ADDRESS}: {error}"))?;
    let text = stage::configuration(address, Path::new(FOLDER), Path::new("opsroom"), ("ana", begins() + CALM));
    let loaded = load::load_text(&Path::new(FOLDER).join("opsroom.toml"), &text);
    loaded.config.ok_or_else(|| loaded.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// When a simulation begins: the demo starts after the calm.
fn begins() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 2, 30, 0).single().unwrap_or_default()
}

/// Plays a scene to its end. What is asked then may be answered by its story.
pub(crate) async fn play(config: Config, scene: &Scene) -> (State, Story) {
    let mut story = Story::new(Arc::new(config), scene.seed);
    let mut state = story.begin(scene.size);
    story.play(&mut state, CALM + scene.at).await;
    (state, story)
}

/// What happens in the demo's world, second by second: calm first, then the outage.
pub struct Story {
    config: Arc<Config>,
    world: Arc<DemoWorld>,
    started: Stamp,
    simulation: Simulation,
    store: DemoStore,
    seed: u64,
    second: u64,
}

impl Story {
    /// From its first second.
    pub fn new(config: Arc<Config>, seed: u64) -> Self {
        let utc = begins();
        // As the clock of a process has it: what is stored is older than the process.
        let mono = Duration::from_millis(u64::try_from(utc.timestamp_millis()).unwrap_or_default());
        let started = Stamp { mono, utc };
        let world = Arc::new(DemoWorld::new(seed).calm_for(CALM));
        let simulation = Simulation::new(&config, Secrets::default(), started, &|source| {
            Box::new(Service { world: Arc::clone(&world), path: path(&source.kind), started })
        });
        let store = DemoStore::new(seed, utc + CALM, utc);
        Self { config, world, started, simulation, store, seed, second: 0 }
    }

    /// The state before anything happened.
    pub fn begin(&self, size: (u16, u16)) -> State {
        State::new(Arc::clone(&self.config), self.started, size)
    }

    /// What happens in the next second, in its order.
    pub async fn next_second(&mut self) -> Vec<Message> {
        let at = self.started.plus(Duration::from_secs(self.second));
        let mut seen = Vec::new();
        for log in &self.config.logs {
            let lines = journal::lines(&self.world, self.started.utc, self.second);
            seen.extend(self.simulation.lines(&log.name, lines.into_iter().map(|line| line.text), at));
        }
        seen.extend(self.simulation.counted(at));
        for watched in self.simulation.watched() {
            if self.second.is_multiple_of(watched.interval().as_secs().max(1)) {
                seen.extend(self.simulation.poll_one(watched, at).await);
            }
        }
        let told = if self.second == 0 { Some(self.store.remembered()) } else { self.store.told(at.utc) };
        self.second += 1;
        let events = told.into_iter().map(Event::Outcome).chain(seen.into_iter().map(Event::Observation));
        let events = events.chain([Event::Clock]);
        events.map(|event| Message { at, event }).collect()
    }

    /// Plays on up to a moment since its first second. What is asked of the store is answered, and a frame was drawn: a
    /// console asks for what that shows.
    pub async fn play(&mut self, state: &mut State, until: Duration) {
        let styles = Catalogue::shipped().styles(&state.console.theme, ColorDepth::None, GlyphSet::ASCII);
        while self.second <= until.as_secs() {
            for message in self.next_second().await {
                self.apply(state, message);
            }
            if self.second == 1 {
                let area = Rect::new(0, 0, state.console.size.0, state.console.size.1);
                let mut layout = ui::view(state, &styles, area, &mut Buffer::empty(area));
                // Somebody has looked at every chart, too.
                for metric in &self.config.metrics {
                    layout.push(Area::default(), Target::Row(RowKey::Metric(metric.name.clone())));
                }
                let at = state.world.now;
                self.apply(state, Message { at, event: Event::Learned(Learned::Layout(layout)) });
            }
        }
    }

    /// Takes in a message, and what the story answers to what comes of it.
    pub fn apply(&mut self, state: &mut State, message: Message) {
        let mut waiting = VecDeque::from([message]);
        while let Some(message) = waiting.pop_front() {
            let at = message.at;
            for effect in update(state, message) {
                let answers = self.answer(&effect, at);
                waiting.extend(answers.into_iter().map(|outcome| Message { at, event: Event::Outcome(outcome) }));
            }
        }
    }

    /// What comes of an effect that asks, or puts on record what was seen. Whatever else a person does changes nothing.
    pub fn answer(&mut self, effect: &Effect, at: Stamp) -> Vec<Outcome> {
        match answer_of(self.seed, effect) {
            Some(outcome) => vec![outcome],
            None => self.store.answer(effect, at.utc),
        }
    }
}

/// What comes of an effect that asks the simulated world and changes nothing: the day before, all was well.
pub fn answer_of(seed: u64, effect: &Effect) -> Option<Outcome> {
    if let Effect::Console(ConsoleEffect::ReadRunbook { request, section, .. }) = effect {
        let lines: Vec<SafeText> = stage::RUNBOOK.lines().map(SafeText::new).collect();
        let text = markdown::section(&lines, section).unwrap_or_default().to_vec();
        return Some(Outcome::Runbook { request: *request, text: Ok(text) });
    }
    let Effect::Logs(LogsEffect::ReadShapeHistory(request, ShapeHistoryQuery { logs, until, .. })) = effect else {
        return None;
    };
    let calm = DemoWorld::new(seed).calm_for(Duration::from_hours(48));
    let said = (0..CALM.as_secs()).flat_map(|second| journal::lines(&calm, *until, second));
    let shape = |line: journal::JournalLine| {
        let line: Value = serde_json::from_str(&line.text).ok()?;
        line["message"].as_str().map(pattern::hash_of)
    };
    let reach = logs.iter().map(|log| (log.clone(), Some(*until - pattern::YESTERDAY))).collect();
    let history = ShapeHistory { shapes: said.filter_map(shape).collect(), reach, cut: false };
    Some(Outcome::ShapeHistory { request: *request, history: Box::new(history) })
}

/// What a service of the demo's world answers under one path.
#[derive(Debug)]
struct Service {
    world: Arc<DemoWorld>,
    path: String,
    started: Stamp,
}

impl Script for Service {
    fn answer(&self, sent: Stamp) -> Scripted {
        let Some(HttpAnswer { status, body, takes, .. }) = answer(&self.world, &self.path, sent.since(self.started))
        else {
            let refused = PollError::Failed(SafeText::new(&format!("{ADDRESS} refused the connection")));
            return Scripted { takes: Duration::from_millis(1), page: Err(refused) };
        };
        Scripted { takes, page: Ok(SimulatedPage { status, body, remote: ADDRESS }) }
    }
}

/// The path of a source's URL; the demo has no other sources.
fn path(kind: &SourceKind) -> String {
    let (SourceKind::Http(request) | SourceKind::Exposition(request)) = kind else { return String::new() };
    let rest = request.url.0.strip_prefix("http://").and_then(|rest| rest.split_once('/'));
    rest.map_or_else(String::new, |(_, path)| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::status::Status;

    fn scene(at: u64) -> Scene {
        Scene { seed: 1, at: Duration::from_secs(at), size: (80, 24) }
    }

    async fn status(at: u64, check: &str) -> Status {
        let (state, _) = play(configuration().unwrap(), &scene(at)).await;
        state.world.check(check).unwrap().status
    }

    #[tokio::test]
    async fn all_is_well_before_the_outage_and_the_cache_is_down_after_it() {
        assert_eq!(status(0, "cache").await, Status::Ok);
        assert_eq!(status(45, "cache").await, Status::Down);
        assert_eq!(status(45, "api").await, Status::Degraded);
        assert_eq!(status(98, "web").await, Status::Pending);
        assert_eq!(status(45, "db").await, Status::Ok);
    }
}
