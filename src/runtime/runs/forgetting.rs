//! Directories of runs that the store has let go of.

use std::path::Path;
use std::time::Duration;

use super::RunService;
use crate::actions::follow::{RunLiveness, standing_at};
use crate::actions::intent::RunIntent;
use crate::actions::launch::PreparedRun;
use crate::actions::left;
use crate::actions::rundir::RunDir;
use crate::store::StoreError;

impl RunService {
    /// Removes the directories here of runs of this store that it no longer knows, since they are over for longer than runs are
    /// kept (`None`: for ever). One of which nobody knows how it ended stays while it holds its lock: until a person has closed
    /// it, only its directory may still tell. After that nobody asks.
    ///
    /// # Errors
    /// The store can't be read, or may not be the one that it was: then it proves nothing that it does not know them.
    pub async fn remove_pruned(&self, kept: Option<Duration>) -> Result<usize, StoreError> {
        let Some(kept) = kept else { return Ok(0) };
        self.store.trusted().await?;
        let (runs, store, host, now) =
            (self.runs.clone(), self.store.id().to_owned(), self.identity.host.clone(), self.now());
        let is_old = move |intent: &RunIntent| {
            let place = intent.store.as_ref();
            let is_of_it = place.is_some_and(|place| place.id.as_ref() == Some(&store) && place.host == host);
            is_of_it && (now - intent.at).to_std().is_ok_and(|age| age > kept)
        };
        let looked = tokio::task::spawn_blocking(move || over(&runs, is_old)).await;
        let mut removed = 0;
        for (id, dir) in looked.unwrap_or_default() {
            if self.store.run(&id).await?.is_none() && self.store.lock(&id).await?.is_none() {
                let gone =
                    tokio::task::spawn_blocking(move || PreparedRun::again(dir)?.map_or(Ok(()), PreparedRun::remove));
                match gone.await {
                    Ok(Ok(())) => removed += 1,
                    Ok(Err(error)) => tracing::warn!(%error, run = %id, "the directory of a run that was pruned stays"),
                    Err(_) => {}
                }
            }
        }
        Ok(removed)
    }
}

/// Runs below `runs` that are over or were lost, whose supervisor is gone and whose intent is such a one. Blocking.
pub(super) fn over(runs: &Path, is_wanted: impl Fn(&RunIntent) -> bool) -> Vec<(String, RunDir)> {
    let supervised: Vec<String> = left::supervisors(runs).into_iter().map(|(id, _)| id).collect();
    let names = std::fs::read_dir(runs)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let found = names.filter(|id| !supervised.contains(id)).map(|id| (RunDir::new(runs.join(&id)), id));
    let over = found.filter(|(dir, id)| {
        let is_over =
            || matches!(standing_at(dir), RunLiveness::Over { .. } | RunLiveness::NeverStarted | RunLiveness::Lost(_));
        dir.read_intent().is_ok_and(|intent| *intent.id == **id && is_wanted(&intent)) && is_over()
    });
    over.map(|(dir, id)| (id, dir)).collect()
}
