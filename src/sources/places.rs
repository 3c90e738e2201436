//! How many polls run at once, so that those that hang never take the places of those that answer.
//!
//! Sources are told apart by how their last poll ended, and each kind starts in places of its own. A poll that lasts
//! gives its place for starting back and takes one among the lasting ones: it only waits by then, and what waits costs a
//! socket or a process, and no time of ours. One that hangs for the first time gives way to the others in the same way.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::kinds::Pool;
use crate::process::open_files;

/// Polls that are starting at once: connecting, shaking hands, sending. More would show in each other's latencies.
const STARTING: usize = 32;
/// The same of commands: each is a process, and some are heavy.
const STARTING_COMMANDS: usize = 4;
/// From then on a poll counts as lasting.
const SOON: Duration = Duration::from_millis(250);
/// The same of a command, which may take a while to start.
const SOON_COMMAND: Duration = Duration::from_secs(1);
/// Lasting polls at most, over all lanes: each holds a socket or two.
const LASTING: usize = 1024;
/// Lasting commands at most, in each lane.
const LASTING_COMMANDS: usize = 16;
/// Open files that are left to everything else: logs, the store, the terminal, commands.
const OTHER_FILES: u64 = 128;

/// How the last poll of a source ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It was not polled yet.
    New,
    /// There was an answer, or an error, within its time.
    Answered,
    /// Its time ran out.
    Hung,
}

/// The standing of one source.
#[derive(Debug, Default)]
pub(super) struct Record(AtomicU8);

impl Record {
    const ANSWERED: u8 = 1;
    const HUNG: u8 = 2;

    /// Keeps how a poll ended.
    pub(super) fn ended(&self, timed_out: bool) {
        self.0.store(if timed_out { Self::HUNG } else { Self::ANSWERED }, Ordering::Relaxed);
    }

    fn standing(&self) -> Standing {
        match self.0.load(Ordering::Relaxed) {
            Self::ANSWERED => Standing::Answered,
            Self::HUNG => Standing::Hung,
            _ => Standing::New,
        }
    }
}

/// The places of one kind of poll.
#[derive(Debug)]
struct Lanes {
    soon: Duration,
    /// For starting: new, answered, hung.
    starting: [Semaphore; 3],
    /// For lasting: of those that answered last time, and of all others.
    lasting: [Semaphore; 2],
}

impl Lanes {
    fn new(starting: usize, answered: usize, others: usize, soon: Duration) -> Self {
        let lane = || Semaphore::new(starting);
        Self {
            soon,
            starting: [lane(), lane(), lane()],
            lasting: [Semaphore::new(answered.max(1)), Semaphore::new(others.max(1))],
        }
    }

    fn semaphores(&self, standing: Standing) -> (&Semaphore, &Semaphore) {
        let (starting, lasting) = match standing {
            Standing::New => (0, 1),
            Standing::Answered => (1, 0),
            Standing::Hung => (2, 1),
        };
        (&self.starting[starting], &self.lasting[lasting])
    }
}

/// The places of all polls of one set of sources.
#[derive(Debug)]
pub(super) struct Places {
    polls: Lanes,
    commands: Lanes,
}

impl Default for Places {
    fn default() -> Self {
        // A poll may try two addresses at once.
        let files = usize::try_from(open_files().saturating_sub(OTHER_FILES) / 2).unwrap_or(LASTING);
        let most = files.clamp(STARTING, LASTING);
        Self {
            polls: Lanes::new(STARTING, most / 3, most - most / 3, SOON),
            commands: Lanes::new(STARTING_COMMANDS, LASTING_COMMANDS, LASTING_COMMANDS, SOON_COMMAND),
        }
    }
}

impl Places {
    /// Runs `work`, a poll of the source with this record, when there is a place for it.
    pub(super) async fn run<T>(&self, record: &Record, pool: Pool, work: impl Future<Output = T>) -> T {
        let lanes = match pool {
            Pool::Network => &self.polls,
            Pool::Process => &self.commands,
        };
        let (starting, lasting) = lanes.semaphores(record.standing());
        // The semaphores are never closed.
        let place = starting.acquire().await.ok();
        tokio::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(lanes.soon) => {}
        }
        let _lasting = tokio::select! {
            biased;
            done = &mut work => return done,
            lasting = lasting.acquire() => lasting,
        };
        drop(place);
        work.await
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    /// A bound for what must happen: a test that waits so long has failed.
    const LONG: Duration = Duration::from_secs(30);
    /// So long we look at what must not happen.
    const SHORT: Duration = Duration::from_secs(1);

    fn few_places() -> &'static Places {
        let lanes = || Lanes::new(2, 2, 3, SOON);
        Box::leak(Box::new(Places { polls: lanes(), commands: lanes() }))
    }

    fn record(timed_out: Option<bool>) -> &'static Record {
        let record = Record::default();
        if let Some(timed_out) = timed_out {
            record.ended(timed_out);
        }
        Box::leak(Box::new(record))
    }

    async fn starts(places: &Places, record: &Record, pool: Pool, within: Duration) -> bool {
        tokio::time::timeout(within, places.run(record, pool, async {})).await.is_ok()
    }

    /// Waits until one with this record finds no place.
    async fn fills(places: &Places, record: &Record, pool: Pool) {
        let full = async { while starts(places, record, pool, SHORT).await {} };
        tokio::time::timeout(LONG, full).await.expect("the places are bounded");
    }

    #[expect(clippy::disallowed_methods, reason = "tasks of the test")]
    fn hang(places: &'static Places, record: &'static Record, pool: Pool, count: usize) {
        for _ in 0..count {
            tokio::spawn(places.run(record, pool, pending::<()>()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_number_hangs_those_that_answered_find_a_place() {
        for pool in [Pool::Network, Pool::Process] {
            let places = few_places();
            hang(places, record(Some(true)), pool, 50);
            let good = record(Some(false));
            assert!(starts(places, good, pool, LONG).await, "{pool:?}");
            // Nor are those that were never asked behind the ones that are known to hang.
            assert!(starts(places, record(None), pool, LONG).await, "{pool:?}");
            // One that hangs is among those that hang from then on, and back when it answers.
            good.ended(true);
            fills(places, good, pool).await;
            good.ended(false);
            assert!(starts(places, good, pool, LONG).await, "{pool:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn new_ones_that_hang_give_their_places_for_starting_back() {
        let places = few_places();
        hang(places, record(None), Pool::Network, 3);
        assert!(starts(places, record(None), Pool::Network, LONG).await);
        // The lasting ones are bounded too.
        hang(places, record(None), Pool::Network, 50);
        fills(places, record(None), Pool::Network).await;
    }
}
