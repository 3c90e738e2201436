//! Giving a lock away that a run still holds: only after looking for what may still work under it.

use super::runs::{RunService, liveness_of};
use crate::actions::follow::RunLiveness;
use crate::actions::left::VISIBLE;
use crate::model::run::{LeftProcess, Lock, Run};
use crate::store::StoreError;

/// A lock that is held, and what is seen of its run.
#[derive(Debug, Clone)]
pub struct Held {
    /// The lock.
    pub lock: Lock,
    /// The run's supervisor, where it is there.
    pub supervisor: Option<i32>,
    /// Other processes of the run.
    pub left: Vec<LeftProcess>,
    /// Why its processes can't be seen, where they can't.
    pub unseen: Option<String>,
    /// Whether that is because it is another user's: on this very host its processes may well be there.
    pub hidden: bool,
}

impl Held {
    /// What speaks against giving the lock away, each in words.
    pub fn against(&self) -> Vec<String> {
        let supervisor =
            self.supervisor.map(|pid| format!("its supervisor (pid {pid}) is running and releases the lock itself"));
        let hidden = self.unseen.clone().filter(|_| self.hidden);
        supervisor.into_iter().chain(self.left.iter().map(LeftProcess::describe)).chain(hidden).collect()
    }
}

impl RunService {
    /// The lock of the run `id`; `None` where nobody holds it.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn held(&self, id: &str) -> Result<Option<Held>, StoreError> {
        let Some(lock) = self.store.lock(id).await? else { return Ok(None) };
        let run = self.store.run(id).await?;
        let mut held = Held { lock, supervisor: None, left: Vec::new(), unseen: None, hidden: false };
        held.unseen = self.unseen(&held.lock.host);
        if let Some(run) = run.filter(|run| self.is_here(run)) {
            held.supervisor = self.supervisor(&run).await;
            held.left = self.left(&run).await;
            held.left.retain(|process| held.supervisor != Some(process.pid));
            held.unseen = self.unseen_of(&run);
            held.hidden = matches!(liveness_of(&run), RunLiveness::Hidden(_));
        }
        Ok(Some(held))
    }

    /// Why the processes of a run on `host` can't be seen; `None` where they can.
    pub(crate) fn unseen(&self, host: &str) -> Option<String> {
        if host != self.identity().host {
            return Some(format!("it ran on {host}: its processes can't be seen from here"));
        }
        (!VISIBLE).then(|| "this system does not show which processes belong to it".to_owned())
    }

    /// Why the processes of `run` can't be seen; `None` where they can. Those of another user show no mark, and its
    /// directory tells nothing of them.
    pub(crate) fn unseen_of(&self, run: &Run) -> Option<String> {
        self.unseen(&run.host).or_else(|| match liveness_of(run) {
            RunLiveness::Hidden(why) => Some(format!("its processes can't be seen by this user ({why})")),
            _ => None,
        })
    }

    /// Takes the lock `id` away, on record with what spoke against it. `None` where there is none.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn unlock(&self, id: &str, why: &str, against: &[String]) -> Result<Option<Lock>, StoreError> {
        self.store.unlock(id, &self.identity().who, why, against, self.now()).await
    }
}
