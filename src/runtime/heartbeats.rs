//! Heartbeats that a watcher receives, kept in a file at once: who sent one and was answered need not send it again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::oneshot;

use super::core::Core;
use crate::actions::files;
use crate::config::Config;
use crate::config::kinds::SourceKind;
use crate::report::telemetry::ServedPage;
use crate::sources::heartbeats::{self, Beat, Beats};

/// Of the signals of one job within this time the first is kept: the others say nothing new.
const APART: TimeDelta = TimeDelta::seconds(1);

/// What was received. Cheap to clone.
#[derive(Clone)]
pub(super) struct ReceivedHeartbeats(Arc<Mutex<Received>>);

struct Received {
    place: PathBuf,
    /// What is in the file.
    beats: Beats,
}

impl ReceivedHeartbeats {
    /// What was received before, from the state directory of this console. Blocking, once.
    pub(super) fn open(core: &Core) -> Self {
        let place = heartbeats::file_in(&core.effects.tools.state_directory);
        let beats = heartbeats::read_from(&place)
            .inspect_err(|error| tracing::warn!(%error, "heartbeats that were received before are not known"))
            .map_or_else(|_| Beats::new(), |beats| (*beats).clone());
        Self(Arc::new(Mutex::new(Received { place, beats })))
    }

    /// Waits for what the configuration expects, and forgets what it does not.
    pub(super) fn expect(&self, core: &mut Core) {
        let (names, now) = (expected(&core.state().world.config), core.clock.now().utc);
        let received = self.clone();
        core.tasks.once("expecting heartbeats", async move {
            let kept = tokio::task::spawn_blocking(move || {
                received.set(|beats| {
                    beats.retain(|name, _| names.contains(name));
                    for name in names {
                        beats.entry(name).or_insert(Beat { waiting_since: now, last: None, failed: false });
                    }
                })
            });
            if let Ok(Err(error)) = kept.await {
                tracing::warn!(%error, "heartbeats can't be kept");
            }
        });
    }

    /// A job has signalled. Answered once that is kept.
    pub(super) fn receive(&self, core: &mut Core, name: String, failed: bool, answer: oneshot::Sender<ServedPage>) {
        let now = core.clock.now().utc;
        if !expected(&core.state().world.config).contains(&name) {
            drop(answer.send(page(404, "no check of that name expects a heartbeat")));
            return;
        }
        let received = self.clone();
        core.tasks.once("receiving a heartbeat", async move {
            let kept = tokio::task::spawn_blocking(move || received.set(|beats| beat(beats, name, failed, now)));
            let said = match kept.await {
                Ok(Ok(())) => page(200, "ok"),
                _ => page(503, "the heartbeat can't be kept; send it again"),
            };
            drop(answer.send(said));
        });
    }

    /// Changes what is known, here and in the file.
    fn set(&self, change: impl FnOnce(&mut Beats)) -> std::io::Result<()> {
        let mut received = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut beats = received.beats.clone();
        change(&mut beats);
        if beats != received.beats {
            let text = serde_json::to_string(&beats).map_err(std::io::Error::other)?;
            // The first start comes here before anything else has made it.
            if let Some(directory) = received.place.parent() {
                files::state_directory(directory)?;
            }
            files::write_synced(&received.place, text.as_bytes())?;
            received.beats = beats;
        }
        Ok(())
    }
}

fn beat(beats: &mut Beats, name: String, failed: bool, now: DateTime<Utc>) {
    let known = beats.entry(name).or_insert(Beat { waiting_since: now, last: None, failed });
    let is_news = known.failed != failed || known.last.is_none_or(|last| now < last || now - last >= APART);
    if is_news {
        (known.last, known.failed) = (Some(now), failed);
    }
}

/// The names of the checks that wait for signals.
fn expected(config: &Config) -> std::collections::BTreeSet<String> {
    let kinds = config.sources.iter().map(|source| &source.kind);
    kinds
        .filter_map(|kind| if let SourceKind::Heartbeat(expected) = kind { Some(expected.name.clone()) } else { None })
        .collect()
}

fn page(status: u16, words: &str) -> ServedPage {
    ServedPage { status, content_type: "text/plain; charset=utf-8", headers: "", body: format!("{words}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_signals_changes_nothing_and_a_failure_does() {
        let now: DateTime<Utc> = "2026-11-21T02:41:00Z".parse().unwrap();
        let (mut beats, name) = (Beats::new(), "backup".to_owned());
        beat(&mut beats, name.clone(), false, now);
        let first = beats.clone();
        beat(&mut beats, name.clone(), false, now + TimeDelta::milliseconds(10));
        assert_eq!(beats, first);
        beat(&mut beats, name.clone(), true, now + TimeDelta::milliseconds(20));
        assert!(beats["backup"].failed);
        // A clock that was set back is believed.
        beat(&mut beats, name, false, now - TimeDelta::hours(1));
        assert_eq!(beats["backup"].last, Some(now - TimeDelta::hours(1)));
    }
}
