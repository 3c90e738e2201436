//! `heartbeat = "24h"`: whether a job has said in time that it ran. What it said is in a file that the watcher writes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Answer, Ask, Kind, Pool, number};
use crate::config::kinds::heartbeat::ExpectedHeartbeat;
use crate::config::sections::check::Check;
use crate::lang::unit;
use crate::model::document::PollError;
use crate::model::reading::Sign;
use crate::sources::health::Health;
use crate::sources::heartbeats::{self, Beat};
use crate::text::SafeText;

/// A job that signals.
#[derive(Debug)]
pub(super) struct Heartbeat(Arc<ExpectedHeartbeat>);

impl Heartbeat {
    /// With what is expected of it.
    pub(super) fn new(expected: &Arc<ExpectedHeartbeat>) -> Self {
        Self(Arc::clone(expected))
    }

    async fn look(&self, ask: Ask<'_>) -> Result<Answer, PollError> {
        let ours = |why: &str| PollError::Ours(SafeText::new(why));
        let read = tokio::task::spawn_blocking(heartbeats::read);
        let beats = read.await.map_err(|_| ours("the file of heartbeats could not be read"))?;
        let beats = beats.map_err(|error| ours(&format!("the file of heartbeats can't be read: {error}")))?;
        let beat = beats.get(&self.0.name).copied();
        let beat =
            beat.ok_or_else(|| ours("nothing receives its heartbeats here; `opsroom watch` with `listen` does"))?;
        Ok(Answer::plain(document(beat, ask.clock.now().utc)))
    }
}

fn document(beat: Beat, now: chrono::DateTime<chrono::Utc>) -> Value {
    let age = |since: chrono::DateTime<chrono::Utc>| (now - since).to_std().unwrap_or_default().as_secs();
    json!({"last": beat.last, "age_s": beat.last.map(age), "waiting_s": age(beat.waiting_since), "failed": beat.failed})
}

impl Kind for Heartbeat {
    fn pool(&self) -> Pool {
        Pool::Process
    }

    fn fetch<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Answer, PollError>> {
        self.look(ask).boxed()
    }

    fn judge(&self, _check: &Check, document: &Value, _health: Option<&Health>) -> (Sign, Option<String>) {
        let seconds = |field| unit::duration(Duration::from_secs(number(document, field) as u64));
        let came = document.get("age_s").is_some_and(Value::is_number);
        let since = if came { "age_s" } else { "waiting_s" };
        let is_late = number(document, since) > self.0.longest().as_secs_f64();
        let expected = unit::duration(self.0.interval);
        if document.get("failed") == Some(&Value::Bool(true)) {
            (Sign::Bad, Some(format!("it said {} ago that it failed", seconds("age_s"))))
        } else if is_late && came {
            (Sign::Bad, Some(format!("the last heartbeat came {} ago, one is due every {expected}", seconds("age_s"))))
        } else if is_late {
            (Sign::Bad, Some(format!("no heartbeat in {}, one is due every {expected}", seconds("waiting_s"))))
        } else if came {
            (Sign::Good, None)
        } else if number(document, "waiting_s") < 1.0 {
            (Sign::Unknown, Some("no heartbeat yet".to_owned()))
        } else {
            (Sign::Unknown, Some(format!("no heartbeat yet, waiting for {}", seconds("waiting_s"))))
        }
    }

    fn summary(&self, document: &Value) -> String {
        match document.get("age_s").and_then(Value::as_u64) {
            Some(age) => format!("heartbeat {} ago", unit::duration(Duration::from_secs(age))),
            None => "no heartbeat yet".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::config::kinds::SourceKind;
    use crate::config::load::load_text;

    fn judged(last: Option<i64>, waiting: i64, failed: bool) -> (Sign, Option<String>) {
        let now: DateTime<Utc> = "2026-11-21T02:41:00Z".parse().unwrap();
        let before = |minutes| now - TimeDelta::minutes(minutes);
        let beat = Beat { waiting_since: before(waiting), last: last.map(before), failed };
        let text = "[check.backup]\nheartbeat = \"24h\"\ngrace = \"1h\"\n";
        let config = load_text(Path::new("/nowhere/opsroom.toml"), text).config.unwrap();
        let SourceKind::Heartbeat(expected) = &config.sources[0].kind else { panic!("{:?}", config.sources) };
        assert_eq!((&*expected.name, expected.longest()), ("backup", Duration::from_hours(25)));
        Heartbeat::new(expected).judge(&config.checks[0], &document(beat, now), None)
    }

    #[test]
    fn a_heartbeat_is_missed_after_its_time_and_its_grace() {
        assert_eq!(judged(Some(5), 9000, false).0, Sign::Good);
        assert_eq!(judged(Some(25 * 60), 9000, false).0, Sign::Good);
        let (sign, why) = judged(Some(25 * 60 + 1), 9000, false);
        assert_eq!(sign, Sign::Bad);
        assert!(why.unwrap().starts_with("the last heartbeat came"));
        assert_eq!(judged(Some(5), 9000, true).0, Sign::Bad);
        // A clock that was set back makes none late.
        assert_eq!(judged(Some(-90), 9000, false).0, Sign::Good);
    }

    #[test]
    fn one_that_never_came_is_unknown_until_it_is_late() {
        assert_eq!(judged(None, 10, false), (Sign::Unknown, Some("no heartbeat yet, waiting for 10m".to_owned())));
        assert_eq!(judged(None, 0, false), (Sign::Unknown, Some("no heartbeat yet".to_owned())));
        assert_eq!(judged(None, 25 * 60 + 1, false).0, Sign::Bad);
    }
}
