//! Writing the outcome: into the run's directory, and into the store for as long as that takes.

use std::cell::{Cell, RefCell};
use std::io;
use std::time::Duration;

use tokio::time::Instant;

use crate::actions::intent::{RunIntent, StorePlace};
use crate::actions::rundir::{End, RunDir};
use crate::cli::output;
use crate::model::run::{Closing, Lock};
use crate::runtime::runs::ended;
use crate::store::address::{ServerUrl, StoreAddress};
use crate::store::place::{FileIdentity, StoreLocation};
use crate::store::runs::{Begin, Begun, SaidBy, StepsEnd};
use crate::store::{Store, StoreError};

/// Pauses between two tries of a store that is away or locked: the first, and the longest. Whoever looks at a store that is
/// back waits for the outcome.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));
/// For so long it is tried, in whatever way the store is away: a file that is missing may be on a disk that is not mounted, and
/// another one in its place is used once a person accepts it. Nothing is lost after that, where the store comes back: the next
/// console stores what the directory says.
const GIVES_UP_AFTER: Duration = Duration::from_hours(24);
/// After so long it is tried less often: a store that was deleted for good is not to keep a machine busy for a day.
const LONG: Duration = Duration::from_hours(1);
/// So often then.
const SELDOM: Duration = Duration::from_secs(10);

/// For so long a store that can't be read is tried before a run starts.
const WAITS_TO_START: Duration = Duration::from_secs(5);

/// What is seen of the record of a run that has not started yet.
enum Sighting {
    /// It is there, or the store is too busy to say.
    OnRecord,
    /// It is not.
    Gone(String),
    /// The store can't be read.
    Unread(String),
}

impl Sighting {
    fn failed(error: &StoreError) -> Self {
        match error {
            StoreError::Gone { .. } | StoreError::Other { .. } | StoreError::Replaced { .. } => {
                Self::Gone(error.to_string())
            }
            error if error.is_away() => Self::Unread(error.to_string()),
            _ => Self::OnRecord,
        }
    }
}

/// Writes the outcome of one run, under the fence of its lock.
pub(crate) struct Recorder<'a> {
    dir: &'a RunDir,
    intent: &'a RunIntent,
    /// The URL of the store, where that is on a server.
    url: Option<String>,
    /// Whether the store was away when the end of the steps was to be written.
    end_waits: Cell<bool>,
    /// What was wrong with the store last: said once, however long it lasts.
    trouble: RefCell<String>,
}

impl<'a> Recorder<'a> {
    /// For the run in `dir`.
    pub(crate) fn new(dir: &'a RunDir, intent: &'a RunIntent) -> Self {
        Self { dir, intent, url: None, end_waits: Cell::default(), trouble: RefCell::default() }
    }

    /// With the URL of the store that was handed over.
    pub(crate) fn with_store(self, url: Option<String>) -> Self {
        Self { url, ..self }
    }

    /// Writes into the directory how the steps ended; where that fails, [`Self::close`] tries again.
    pub(crate) fn keep_end(&self, end: &End) -> bool {
        kept("the end of the steps", self.dir.write_end(end))
    }

    /// Writes into the directory what is not there yet; whether all of it is.
    fn keep(&self, end: Option<&End>, closing: &Closing) -> bool {
        let ended = end.is_none_or(|end| matches!(self.dir.read_end(), Ok(Some(_))) || self.keep_end(end));
        ended && kept("the outcome", self.dir.write_closing(closing))
    }

    /// Whether the store still has the intent, so that what runs now is on record and its lock is held. One that is busy
    /// and lies where it did has it. One that can't be reached is tried again for a while: nothing has run yet.
    ///
    /// # Errors
    /// It does not, or nobody knows, in words.
    pub(crate) async fn is_on_record(&self) -> Result<(), String> {
        let from = Instant::now();
        loop {
            match self.look_up().await {
                Sighting::OnRecord => return Ok(()),
                Sighting::Gone(why) => return Err(format!("the record of this run is gone: {why}")),
                Sighting::Unread(why) if from.elapsed() >= WAITS_TO_START => {
                    return Err(format!("the store could not be read before the start: {why}"));
                }
                Sighting::Unread(_) => tokio::time::sleep(PAUSE.0).await,
            }
        }
    }

    async fn look_up(&self) -> Sighting {
        let Some(place) = self.intent.store.as_ref().filter(|_| self.intent.fence != 0) else {
            return Sighting::OnRecord;
        };
        let gone = |why: &dyn std::fmt::Display| Sighting::Gone(why.to_string());
        if !self.is_same_file() {
            return gone(&format_args!("the store {} was removed or replaced", place.path.display()));
        }
        let store = match self.open().await {
            Some(Ok(store)) => store,
            Some(Err(error)) => return Sighting::failed(&error),
            None => return Sighting::OnRecord,
        };
        let held = store.locks().await;
        store.close().await;
        let ours = |lock: &Lock| lock.id == self.intent.id && lock.fence == self.intent.fence;
        match held {
            Ok(locks) if locks.iter().any(ours) => Sighting::OnRecord,
            Ok(_) => gone(&"its lock is not held"),
            Err(error) => Sighting::failed(&error),
        }
    }

    fn is_same_file(&self) -> bool {
        let Some((path, file)) = self.intent.store.as_ref().and_then(|place| Some((&place.path, place.file?))) else {
            return true;
        };
        FileIdentity::from_path(path).is_ok_and(|now| (now.device, now.inode) == file)
    }

    /// Writes that the steps ended, once: where the store is away, [`Self::close`] makes up for it.
    pub(crate) async fn finish(&self, end: Option<&End>) {
        let (Some(end), Some(store)) = (end, self.open().await) else { return };
        let finished = match store {
            Ok(store) => {
                let finished = self.finish_in(&store, end).await;
                store.close().await;
                finished
            }
            Err(error) => Err(error),
        };
        if let Err(error) = finished {
            self.end_waits.set(is_absence(&error));
            self.complain("the end of the steps could not be stored", &error);
        }
    }

    /// One that another console has not accepted yet is not written to.
    async fn finish_in(&self, store: &Store, end: &End) -> Result<(), StoreError> {
        store.trusted().await?;
        store.finish(&self.intent.id, &ended(end), self.intent.who.as_str()).await.map(drop)
    }

    /// Closes the run. While the store is away, the directory says the outcome and it is tried again.
    pub(crate) async fn close(&self, end: Option<&End>, closing: &Closing) {
        let ended = end.map(ended);
        let (mut late, mut tries, from) = (false, 0, Instant::now());
        let mut stored = self.try_close(ended.as_ref(), closing, late).await;
        let mut kept = self.keep(end, closing);
        loop {
            match &stored {
                Ok(()) => return,
                // It makes no sense, and never will.
                Err(error @ (StoreError::Content(_) | StoreError::Newer { .. })) => {
                    return self.complain("the outcome can't be stored", error);
                }
                Err(error) => {
                    late |= is_absence(error);
                    self.complain("the outcome could not be stored yet", error);
                }
            }
            if !self.dir.path().is_dir() {
                return;
            }
            let Some(pause) = pause(tries, from.elapsed()) else {
                let (hours, path) = (GIVES_UP_AFTER.as_secs() / 3_600, self.dir.path().display());
                output::eprint_error(&format!(
                    "gave up after {hours} h: the outcome stays in {path}, and is recorded by the next console that finds \
                     this run in its store\n"
                ));
                return;
            };
            tokio::time::sleep(pause).await;
            tries += 1;
            // A disk that was full is as full for the directory as for the store.
            kept = kept || self.keep(end, closing);
            stored = self.try_close(ended.as_ref(), closing, late).await;
        }
    }

    async fn try_close(&self, ended: Option<&StepsEnd>, closing: &Closing, late: bool) -> Result<(), StoreError> {
        let Some(store) = self.open().await else { return Ok(()) };
        let store = store?;
        let closed = self.close_in(&store, ended, closing, late).await;
        store.close().await;
        closed
    }

    async fn close_in(
        &self,
        store: &Store,
        ended: Option<&StepsEnd>,
        closing: &Closing,
        late: bool,
    ) -> Result<(), StoreError> {
        // Before anything is written: a person must say first that it is the one to be used.
        store.trusted().await?;
        let RunIntent { id, fence, who, plan, preview, attempt, .. } = self.intent;
        let by = SaidBy { who, late };
        if store.run(id).await?.is_none() {
            let host = self.intent.store.as_ref().map(|place| place.host.as_str()).unwrap_or_default();
            let run = self.intent.to_run(self.dir, host);
            let begin = Begin { run: &run, plan, preview, cooldown: Duration::ZERO, at_most: None };
            let given = Begun { fence: *fence, attempt: *attempt };
            if store.record_whole(begin, given, ended, closing).await? {
                return Ok(());
            }
            // A console was first, and put it back with its lock.
        }
        if let Some(ended) = ended.filter(|_| closing.checks.is_some()) {
            store.finish(id, ended, SaidBy { late: late || self.end_waits.get(), ..by }).await?;
        }
        store.close_run(id, ended, closing, Some(*fence), by).await.map(drop)
    }

    fn complain(&self, what: &str, error: &StoreError) {
        let trouble = format!("{what}: {error}\n");
        if *self.trouble.borrow() != trouble {
            output::eprint_error(&trouble);
            self.trouble.replace(trouble);
        }
    }

    /// The store; `None` where there is none to write into, or its URL was not handed over. Never made here: a directory that was cleared away stays so.
    async fn open(&self) -> Option<Result<Store, StoreError>> {
        let place = self.intent.store.as_ref()?;
        let StorePlace { path, host, state, id, .. } = place.clone();
        let at = match &self.url {
            _ if path.is_absolute() => StoreAddress::File(path),
            Some(url) => match ServerUrl::new(url) {
                Ok(url) => StoreAddress::Server(url),
                Err(error) => return Some(Err(error)),
            },
            None => return None,
        };
        let store = match Store::open_existing(&StoreLocation { at, host, state }).await {
            Ok(store) => store,
            Err(error) => return Some(Err(error)),
        };
        match id {
            // One that a person accepted in its place is the one to be used from then on.
            Some(known) if known != store.id() && !store.has_replaced(&known) => {
                let (path, id) = (place.path.display().to_string(), store.id().to_owned());
                store.close().await;
                Some(Err(StoreError::Other { path, id, known }))
            }
            _ => Some(Ok(store)),
        }
    }
}

/// How long is waited before the next try, after so many and so long; `None`: it was tried for long enough.
fn pause(tries: u32, tried_for: Duration) -> Option<Duration> {
    let growing = || PAUSE.0.saturating_mul(2_u32.saturating_pow(tries)).min(PAUSE.1);
    let pause = if tried_for < LONG { growing() } else { SELDOM };
    (tried_for < GIVES_UP_AFTER).then_some(pause)
}

#[expect(clippy::needless_pass_by_value, reason = "what is written is judged here, and no more used")]
fn kept(what: &str, written: io::Result<()>) -> bool {
    if let Err(error) = &written {
        output::eprint_error(&format!("{what} could not be written: {error}\n"));
    }
    written.is_ok()
}

/// Whether the store was not there, or not to be used, rather than busy.
fn is_absence(error: &StoreError) -> bool {
    error.is_away() || error.is_doubt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::handover::tests::intent;

    #[tokio::test(start_paused = true)]
    async fn a_run_waits_for_a_store_that_cant_be_reached_and_is_refused_as_such() {
        let (path, host) = ("ops".into(), "box".to_owned());
        let store = Some(StorePlace { path, host, state: None, id: None, file: None });
        let intent = RunIntent { fence: 7, store, ..intent("restart-api-1", "api") };
        let dir = RunDir::new("/nonexistent");
        // Nobody listens there.
        let url = Some("postgres://ana@127.0.0.1:1/ops".to_owned());
        let from = Instant::now();
        let why = Recorder::new(&dir, &intent).with_store(url).is_on_record().await.unwrap_err();
        assert!(why.starts_with("the store could not be read before the start: "), "{why}");
        assert!(from.elapsed() >= WAITS_TO_START, "it was tried again");
    }

    #[test]
    fn a_store_that_stays_away_is_tried_often_then_seldom_and_not_for_ever() {
        let (mut tries, mut tried_for) = (0, Duration::ZERO);
        while let Some(pause) = pause(tries, tried_for) {
            assert!(pause <= if tried_for < LONG { PAUSE.1 } else { SELDOM }, "{tries}");
            (tries, tried_for) = (tries + 1, tried_for + pause);
        }
        assert!(tried_for >= GIVES_UP_AFTER && tried_for < GIVES_UP_AFTER + SELDOM, "{tried_for:?}");
        assert!(tries < 15_000, "{tries}");
        assert_eq!(pause(u32::MAX, Duration::ZERO), Some(PAUSE.1));
    }
}
