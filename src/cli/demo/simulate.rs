//! The demo's world without a clock or a network: the same judging, counting and recognising, on times that are made up.
//! The same seed and length give the same state to the last character, which is what screenshots and tests need.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeZone as _, Utc};
use serde_json::Value;

use super::answers::{HttpAnswer, answer};
use super::world::{DEPLOYMENTS, DemoWorld, Deployment};
use super::{journal, past, stage};
use crate::app::message::{Event, Message};
use crate::app::state::State;
use crate::app::update::update;
use crate::config::Config;
use crate::config::kinds::SourceKind;
use crate::config::load;
use crate::lang::key::Key;
use crate::lang::time::Stamp;
use crate::logs::pattern;
use crate::logs::pattern::ShapeHistory;
use crate::model::document::PollError;
use crate::model::effect::{ConsoleEffect, Effect, LogsEffect, ShapeHistoryQuery};
use crate::model::fact::Fact;
use crate::model::outcome::Outcome;
use crate::sources::kinds::simulated::{Script, Scripted, SimulatedPage};
use crate::sources::simulation::Simulation;
use crate::store::new_fact;
use crate::text::secret::Secrets;
use crate::text::{SafeText, markdown};

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
    /// Keys pressed at the end, one after the other.
    pub keys: Vec<Key>,
}

/// The demo's configuration as a simulation sees it.
///
/// # Errors
/// The problems, in words. There are none unless the file in this folder is broken.
pub fn configuration() -> Result<Config, String> {
    let address = ADDRESS.parse().map_err(|error| format!("{ADDRESS}: {error}"))?;
    let text = stage::configuration(address, Path::new(FOLDER), Path::new("opsroom"));
    let loaded = load::load_text(&Path::new(FOLDER).join("opsroom.toml"), &text);
    loaded.config.ok_or_else(|| loaded.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Plays a scene to its end.
pub(crate) async fn play(config: Config, scene: &Scene) -> State {
    let mut story = Story::new(Arc::new(config), scene.seed);
    let mut state = story.begin(scene.size);
    for _ in 0..=(CALM + scene.at).as_secs() {
        for message in story.next_second().await {
            apply(&mut state, message);
        }
    }
    for key in &scene.keys {
        // A dialog ignores the first keys after it was drawn; a person is slower than that.
        let at = state.world.now.plus(Duration::from_millis(500));
        apply(&mut state, Message { at, event: Event::Key(*key) });
    }
    state
}

/// What happens in the demo's world, second by second: calm first, then the outage.
pub struct Story {
    config: Arc<Config>,
    world: Arc<DemoWorld>,
    started: Stamp,
    simulation: Simulation,
    second: u64,
}

impl Story {
    /// From its first second.
    pub fn new(config: Arc<Config>, seed: u64) -> Self {
        let utc = Utc.with_ymd_and_hms(2026, 11, 21, 2, 30, 0).single().unwrap_or_default();
        let started = Stamp { mono: Duration::ZERO, utc };
        let world = Arc::new(DemoWorld::new(seed).calm_for(CALM));
        let simulation = Simulation::new(&config, Secrets::default(), started, &|source| {
            Box::new(Service { world: Arc::clone(&world), path: path(&source.kind), started })
        });
        Self { config, world, started, simulation, second: 0 }
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
        let told = self.told(at);
        self.second += 1;
        let events = told.into_iter().map(Event::Outcome).chain(seen.into_iter().map(Event::Observation));
        let events = events.chain([Event::Clock]);
        events.map(|event| Message { at, event }).collect()
    }
}

impl Story {
    /// What the store tells in this second: it is opened with what was deployed before, and the newest release is put on
    /// record in its time.
    fn told(&self, now: Stamp) -> Option<Outcome> {
        let [earlier @ .., newest] = &DEPLOYMENTS;
        if self.second == 0 {
            let lately: Vec<Fact> = (1..).zip(earlier).map(|(seq, deployment)| self.fact(seq, deployment)).collect();
            return Some(Outcome::Remembered { head: lately.len() as u64, lately });
        }
        let is_deployed = self.second == self.world.deployed().as_secs();
        is_deployed
            .then(|| Outcome::Facts(vec![Fact { recorded_at: now.utc, ..self.fact(DEPLOYMENTS.len() as u64, newest) }]))
    }

    fn fact(&self, seq: u64, deployment: &Deployment) -> Fact {
        let at = self.started.utc + CALM - deployment.before;
        let draft = new_fact(at, deployment.by, "ci-1", past::statement(deployment));
        Fact { seq, recorded_at: at, draft }
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

/// Effects have no world to act on here.
fn apply(state: &mut State, message: Message) {
    drop(update(state, message));
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
        Scene { seed: 1, at: Duration::from_secs(at), size: (80, 24), keys: Vec::new() }
    }

    async fn status(at: u64, check: &str) -> Status {
        let state = play(configuration().unwrap(), &scene(at)).await;
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
