//! What is old goes: by the process that holds the lease, once an hour, in slices.

use std::time::Duration;

use super::effects::Effects;
use super::history::HistoryWriter;
use super::tasks::Tasks;
use crate::clock::Clock;

/// How often it is looked for what is old.
const EVERY: Duration = Duration::from_hours(1);
/// How soon it is tried again where the store was away.
const AGAIN: Duration = Duration::from_mins(1);

/// Starts the task that lets go of what is old, while this process holds the lease.
pub(super) fn start(tasks: &mut Tasks, effects: &Effects, history: &HistoryWriter, clock: Clock) {
    let (tools, holding, token) = (effects.tools.clone(), history.holding.subscribe(), tasks.token());
    tasks.supervise("retention", token, move |token| {
        let (tools, mut holding) = (tools.clone(), holding.clone());
        let work = async move {
            loop {
                // The sender lives as long as the console.
                let Ok(held) = holding.wait_for(Option::is_some).await.map(|held| held.clone()) else { return };
                let done = match (held, tools.open_store()) {
                    (Some(held), Some(store)) => {
                        let done = store.retain(&held.retention, clock.now().utc, held.fence).await;
                        done.inspect_err(|error| tracing::warn!(%error, "what is old stays for now")).is_ok()
                    }
                    _ => false,
                };
                tokio::time::sleep(if done { EVERY } else { AGAIN }).await;
            }
        };
        async move {
            tokio::select! {
                () = token.cancelled() => {}
                () = work => {}
            }
        }
    });
}
