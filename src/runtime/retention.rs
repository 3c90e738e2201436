//! What is old goes once an hour: from the store by the process that holds the lease, in slices; directories of runs that the
//! store has let go of by each console that acts, where they lie.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::effects::{Effects, StoreState};
use super::history::HistoryWriter;
use super::tasks::Tasks;
use crate::clock::Clock;
use crate::config::Config;

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

/// Starts the task that removes directories of runs that the store has let go of, while this console does not only look on.
pub(super) fn start_removing(
    tasks: &mut Tasks,
    effects: &Effects,
    configuration: &watch::Receiver<(Arc<Config>, bool)>,
) {
    let (tools, configuration, token) = (effects.tools.clone(), configuration.clone(), tasks.token());
    tasks.supervise("old runs", token, move |token| {
        let (mut stores, mut configuration) = (tools.run_service.clone(), configuration.clone());
        let work = async move {
            loop {
                let acting =
                    configuration.wait_for(|(_, looks_on)| !looks_on).await.map(|acting| Arc::clone(&acting.0));
                let open =
                    stores.wait_for(|store| matches!(store, StoreState::Open(_))).await.map(|store| store.clone());
                let (Ok(StoreState::Open(run_service)), Ok(config)) = (open, acting) else { return };
                let done = run_service.remove_pruned(config.retention.deployments).await;
                // Nothing of them is kept for the hour that follows.
                drop((run_service, config));
                let done = done.inspect_err(|error| tracing::warn!(%error, "old directories of runs stay for now"));
                tokio::time::sleep(if done.is_ok() { EVERY } else { AGAIN }).await;
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
