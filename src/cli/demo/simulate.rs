//! The demo's world without a clock or a network: the same judging, counting and recognising, on times that are made up.
//! The same seed and length give the same state to the last character, which is what screenshots and tests need.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeZone as _, Utc};
use serde_json::{Value, json};

use super::answers::{Answer, answer};
use super::world::World;
use super::{journal, stage};
use crate::app::message::{Event, Message};
use crate::app::state::State;
use crate::app::update::update;
use crate::config::Config;
use crate::config::kinds::SourceKind;
use crate::config::load;
use crate::lang::key::Key;
use crate::lang::time::Stamp;
use crate::logs::pattern;
use crate::logs::pattern::Past;
use crate::model::document::{PollError, Timing};
use crate::model::effect::{Effect, LogsEffect, PastQuestion};
use crate::model::observation::Observation;
use crate::model::outcome::Outcome;
use crate::model::reading::Reading;
use crate::sources::evaluate as judge;
use crate::sources::exposition::{Scrape, Sum};
use crate::sources::http::Sink as _;
use crate::sources::jq::Evaluator;
use crate::sources::logs::count::{Board, Reach};
use crate::sources::logs::pipeline::{Pipeline, Stream};
use crate::sources::metric;
use crate::sources::targets::{Watched, plan};
use crate::text::SafeText;
use crate::text::redact::Redactor;

/// The folder and the address that a simulated demo shows. Nothing is there.
const FOLDER: &str = "/tmp/opsroom-demo";
const ADDRESS: &str = "127.0.0.1:4000";
/// How long all is well before the first trouble, so that charts have a past.
pub(crate) const CALM: Duration = Duration::from_mins(10);
/// An exposition of the demo is a few kilobytes.
const MAX_BODY: usize = 1 << 20;

/// A document with the sums of its exposition, or why there is none.
type Answered = Result<(Arc<Value>, Vec<Sum>), PollError>;

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
pub(crate) fn configuration() -> Result<Config, String> {
    let address = ADDRESS.parse().map_err(|error| format!("{ADDRESS}: {error}"))?;
    let text = stage::configuration(address, Path::new(FOLDER), Path::new("opsroom"));
    let loaded = load::load_text(&Path::new(FOLDER).join("opsroom.toml"), &text);
    loaded.config.ok_or_else(|| loaded.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Plays a scene to its end.
pub(crate) async fn play(config: Config, scene: &Scene) -> State {
    let config = Arc::new(config);
    let simulation = Simulation::new(&config, scene.seed);
    let mut state = State::new(Arc::clone(&config), simulation.stamp(Duration::ZERO), scene.size);
    let mut board = Board::new(&config);
    for (_, counter) in board.parts() {
        counter.reaches(Reach::Whole);
    }
    let mut logs: Vec<(Pipeline, Stream)> = config
        .logs
        .iter()
        .filter_map(|log| Pipeline::new(log, Redactor::default(), board.counters(&log.name), 1).ok())
        .map(|pipeline| (pipeline, Stream::default()))
        .collect();
    let length = CALM + scene.at;
    for second in 0..=length.as_secs() {
        let now = simulation.stamp(Duration::from_secs(second));
        for (log, (pipeline, stream)) in config.logs.iter().zip(&mut logs) {
            for observation in simulation.log(&log.name, pipeline, stream, second) {
                take(&mut state, now, Event::Observation(observation));
            }
        }
        for sample in board.due(now) {
            take(&mut state, now, Event::Observation(sample));
        }
        for watched in &simulation.watched {
            if second % watched.interval().as_secs().max(1) == 0 {
                for observation in simulation.poll(watched, second).await {
                    take(&mut state, now, Event::Observation(observation));
                }
            }
        }
        take(&mut state, now, Event::Clock);
    }
    for key in &scene.keys {
        // A dialog ignores the first keys after it was drawn; a person is slower than that.
        let later = state.world.now.plus(Duration::from_millis(500));
        take(&mut state, later, Event::Key(*key));
    }
    state
}

/// What comes of an effect that asks the simulated world and changes nothing: the day before, all was well.
pub(crate) fn answer_of(seed: u64, effect: &Effect) -> Option<Outcome> {
    let Effect::Logs(LogsEffect::LearnPast(request, PastQuestion { logs, until, .. })) = effect else { return None };
    let calm = World::new(seed).calm_for(Duration::from_hours(48));
    let said = (0..CALM.as_secs()).flat_map(|second| journal::lines(&calm, *until, second));
    let shape = |line: journal::Line| {
        let line: Value = serde_json::from_str(&line.text).ok()?;
        line["message"].as_str().map(pattern::hash_of)
    };
    let reach = logs.iter().map(|log| (log.clone(), Some(*until - pattern::YESTERDAY))).collect();
    let past = Past { shapes: said.filter_map(shape).collect(), reach, cut: false };
    Some(Outcome::Past { request: *request, past: Box::new(past) })
}

/// Effects have no world to act on here.
fn take(state: &mut State, at: Stamp, event: Event) {
    drop(update(state, Message { at, event }));
}

struct Simulation {
    world: World,
    watched: Vec<Watched>,
    evaluator: Evaluator,
    started: DateTime<Utc>,
}

impl Simulation {
    fn new(config: &Config, seed: u64) -> Self {
        Self {
            world: World::new(seed).calm_for(CALM),
            watched: plan(config),
            evaluator: Evaluator::default(),
            started: Utc.with_ymd_and_hms(2026, 11, 21, 2, 30, 0).single().unwrap_or_default(),
        }
    }

    fn stamp(&self, at: Duration) -> Stamp {
        Stamp { mono: Duration::ZERO, utc: self.started }.plus(at)
    }

    fn log(&self, name: &str, pipeline: &mut Pipeline, stream: &mut Stream, second: u64) -> Vec<Observation> {
        let now = self.stamp(Duration::from_secs(second));
        for line in journal::lines(&self.world, self.started, second) {
            pipeline.line(stream, line.text.as_bytes(), 0, now, false);
        }
        pipeline.settle(stream, now);
        pipeline.take(false).map(|batch| Observation::Records { log: name.into(), batch }).into_iter().collect()
    }

    async fn poll(&self, watched: &Watched, second: u64) -> Vec<Observation> {
        let at = Duration::from_secs(second);
        let sent = self.stamp(at);
        let (takes, answered) = match &watched.source.kind {
            SourceKind::Http(request) => {
                self.ask(&request.url.0, at, |answer, takes| Ok((Arc::new(document(answer, takes)), Vec::new())))
            }
            SourceKind::Exposition(request) => {
                self.ask(&request.url.0, at, |answer, takes| scrape(watched, answer, takes))
            }
            SourceKind::Command(_) | SourceKind::Tcp(_) => return Vec::new(),
        };
        let timing = Timing { scheduled: sent, sent, ended: sent.plus(takes) };
        let mut observations = Vec::new();
        for judged in &watched.checks {
            let verdict = match &answered {
                Ok((document, _)) => judge::judge(judged, &watched.source.kind, document, &self.evaluator).await,
                Err(error) => judge::without_answer(judged, error),
            };
            observations.push(Observation::Reading(Box::new(Reading {
                check: judged.check.name.clone(),
                timing,
                sign: verdict.sign,
                error: verdict.error,
                timed_out: false,
                components: verdict.components,
                version: verdict.version,
                phases: Vec::new(),
                fields: BTreeMap::new(),
            })));
        }
        let samples = match &answered {
            Ok((document, sums)) => metric::samples(&watched.metrics, sent, document, sums, &self.evaluator).await,
            Err(error) => metric::without_answer(&watched.metrics, sent, error),
        };
        observations.extend(samples.into_iter().map(Observation::Sample));
        observations
    }

    fn ask(&self, url: &str, at: Duration, read: impl FnOnce(&Answer, Duration) -> Answered) -> (Duration, Answered) {
        let path = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).map_or("", |(_, path)| path);
        let Some(answer) = answer(&self.world, path, at) else {
            let refused = PollError::Failed(SafeText::new(&format!("{ADDRESS} refused the connection")));
            return (Duration::from_millis(1), Err(refused));
        };
        (answer.takes, read(&answer, answer.takes))
    }
}

fn document(answer: &Answer, takes: Duration) -> Value {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    json!({"status": answer.status, "latency_ms": takes.as_millis() as u64, "headers": {}, "body": body,
        "text": answer.body, "size": answer.body.len(), "version": "HTTP/1.1", "remote": ADDRESS})
}

fn scrape(watched: &Watched, answer: &Answer, takes: Duration) -> Answered {
    let mut scrape = Scrape::new(watched.selectors(), MAX_BODY);
    (&mut scrape).take(answer.body.as_bytes());
    let (document, sums, _) = scrape.finish(takes.as_secs_f64() * 1000.0)?;
    Ok((Arc::new(document), sums))
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
        assert_eq!(status(45, "db").await, Status::Ok);
    }
}
