//! Writing the outcome: into the run's directory, and into the store for as long as that takes.

use std::io;
use std::time::Duration;

use crate::actions::rundir::{End, Intent, RunDir};
use crate::cli::output;
use crate::model::run::Closing;
use crate::runtime::runs::ended;
use crate::store::runs::Ended;
use crate::store::{Store, StoreError};

/// Pauses between two tries of a store that is away or locked: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// How many tries: about a day. After that the next console stores what the directory says.
const TRIES: u32 = 8_640;

/// Writes the outcome of one run, under the fence of its lock.
pub struct Recorder<'a> {
    dir: &'a RunDir,
    intent: &'a Intent,
}

impl<'a> Recorder<'a> {
    /// For the run in `dir`.
    pub fn new(dir: &'a RunDir, intent: &'a Intent) -> Self {
        Self { dir, intent }
    }

    /// Writes into the directory how the steps ended; where that fails, [`Self::close`] tries again.
    pub fn keep_end(&self, end: &End) -> bool {
        kept("the end of the steps", self.dir.write_end(end))
    }

    /// Writes into the directory what is not there yet; whether all of it is.
    fn keep(&self, end: Option<&End>, closing: &Closing) -> bool {
        let ended = end.is_none_or(|end| matches!(self.dir.read_end(), Ok(Some(_))) || self.keep_end(end));
        ended && kept("the outcome", self.dir.write_closing(closing))
    }

    /// Writes that the steps ended, once: where the store is away, [`Self::close`] makes up for it.
    pub async fn finish(&self, end: Option<&End>) {
        let (Some(end), Some(store)) = (end, self.open().await) else { return };
        let finished = match store {
            Ok(store) => {
                let finished = store.finish(&self.intent.id, &ended(end), &self.intent.who).await;
                store.close().await;
                finished.map(drop)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = finished {
            complain("the end of the steps could not be stored", &error);
        }
    }

    /// Closes the run. While the store is away, the directory says the outcome and it is tried again.
    pub async fn close(&self, end: Option<&End>, closing: &Closing) {
        let ended = end.map(ended);
        let mut stored = self.try_close(ended.as_ref(), closing).await;
        let mut kept = self.keep(end, closing);
        let mut pause = PAUSE.0;
        for _ in 0..TRIES {
            match &stored {
                Ok(()) => return,
                // Such a run is not in the store, and never will be.
                Err(error @ (StoreError::Content(_) | StoreError::Newer { .. })) => {
                    return complain("the outcome can't be stored", error);
                }
                Err(error) => complain("the outcome could not be stored yet", error),
            }
            if !self.dir.path().is_dir() {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
            // A disk that was full is as full for the directory as for the store.
            kept = kept || self.keep(end, closing);
            stored = self.try_close(ended.as_ref(), closing).await;
        }
    }

    async fn try_close(&self, ended: Option<&Ended>, closing: &Closing) -> Result<(), StoreError> {
        let Some(store) = self.open().await else { return Ok(()) };
        let store = store?;
        let Intent { id, fence, who, .. } = self.intent;
        if let Some(ended) = ended.filter(|_| closing.checks.is_some()) {
            store.finish(id, ended, who).await?;
        }
        let closed = store.close_run(id, ended, closing, Some(*fence), who).await;
        store.close().await;
        closed.map(drop)
    }

    /// The store; `None` where there is none to write into. Never made here: a directory that was cleared away stays so.
    async fn open(&self) -> Option<Result<Store, StoreError>> {
        let place = self.intent.store.as_ref()?;
        Some(Store::open_existing(&place.path, &place.host).await)
    }
}

fn kept(what: &str, written: io::Result<()>) -> bool {
    if let Err(error) = &written {
        output::complain(&format!("{what} could not be written: {error}\n"));
    }
    written.is_ok()
}

fn complain(what: &str, error: &StoreError) {
    output::complain(&format!("{what}: {error}\n"));
}
