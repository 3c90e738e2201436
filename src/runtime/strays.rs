//! Runs that go on here, whatever a store knows of them: their directories and the table of processes tell, also where
//! the store was removed together with all that spoke of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::runs::{RefusalReason, RunService};
use super::stopping::bounded;
use crate::actions::follow::{RunLiveness, is_alive, standing_at};
use crate::actions::left;
use crate::actions::rundir::RunDir;

impl RunService {
    /// The runs below `state_directory` that go on, each in words. One that is over, and whose supervisor only waits for
    /// its store, is none.
    pub(crate) fn live(state_directory: &Path) -> Vec<String> {
        let runs = state_directory.join("runs");
        let mut live = BTreeMap::new();
        for entry in std::fs::read_dir(&runs).into_iter().flatten().flatten() {
            if is_alive(&RunDir::new(entry.path())) {
                live.insert(entry.file_name().to_string_lossy().into_owned(), None);
            }
        }
        live.extend(left::supervisors(&runs).into_iter().map(|(id, pid)| (id, Some(pid))));
        live.retain(|id, _| goes_on(&RunDir::new(runs.join(id))));
        let words = |(id, pid): (String, Option<i32>)| pid.map_or(id.clone(), |pid| format!("{id} (pid {pid})"));
        live.into_iter().map(words).collect()
    }

    /// Why nothing may change `target` now: a supervisor works on it of which the store knows nothing.
    ///
    /// # Errors
    /// One does.
    pub(super) async fn refuse_stray(&self, target: &str) -> Result<(), RefusalReason> {
        let runs = self.runs.clone();
        let found = bounded(move || left::supervisors(&runs)).await.unwrap_or_default();
        for (id, pid) in found {
            // Where the store can't be read, nothing begins anyway.
            if !matches!(self.store.run(&id).await, Ok(None)) || !self.may_work_on(target, &id) {
                continue;
            }
            let why = format!(
                "run {id} (its supervisor has pid {pid}) is still running, though the store does not know it, and may work on \
                 {target}"
            );
            return Err(RefusalReason::new(&why, &format!("wait for its end, or stop it with kill {pid}")));
        }
        Ok(())
    }

    /// Whether a run of which only the directory can tell may work on `target`.
    fn may_work_on(&self, target: &str, id: &str) -> bool {
        let dir = RunDir::new(self.runs.join(id));
        let Ok(intent) = dir.read_intent() else { return true };
        let elsewhere = intent.store.as_ref().is_some_and(|place| place.path != *self.store.path());
        intent.plan.changing && intent.plan.target == target && !elsewhere && goes_on(&dir)
    }
}

fn goes_on(dir: &RunDir) -> bool {
    !matches!(standing_at(dir), RunLiveness::Over { .. })
}
