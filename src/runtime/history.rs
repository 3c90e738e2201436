//! The stored past of readings: written by the process that holds the lease, a minute at a time, and read by all.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::effects::{Effects, Tools};
use super::tasks::Tasks;
use crate::clock::Clock;
use crate::config::sections::retention::Retention;
use crate::lang::time::minute_of;
use crate::model::effect::RequestId;
use crate::model::outcome::{Outcome, StoreFigures};
use crate::model::rollup::{ChartQuery, SeriesKey};
use crate::store::Store;
use crate::store::rollups::SheetToWrite;
use crate::text::SafeText;

/// Minutes that wait in memory while the store is away.
const WAITING: usize = 60;
/// How often the size of the store is looked up, and what waits is tried again.
const LOOK: Duration = Duration::from_mins(1);
/// The first look: by then the store is open, and nobody waits for a first frame.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// How often a minute is refused before it is given up: by then the lease would be ours again.
const REFUSALS: u32 = 3;
/// How long the last minute may take when the console ends.
const LAST_MINUTE: Duration = Duration::from_millis(500);

/// By whom roll-ups are written: the fence of the lease, and what is to be kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Holding {
    /// The fence.
    pub fence: u64,
    /// For how long.
    pub retention: Retention,
}

/// The way to the task that stores minutes.
pub(super) struct HistoryWriter {
    minutes: mpsc::Sender<(u64, SheetToWrite)>,
    /// Minutes for which there was no room in the queue.
    crowded: Arc<AtomicU64>,
    queue: Arc<Mutex<MinuteQueue>>,
    /// Set with each minute that this process ends while it holds the lease.
    pub(super) holding: watch::Sender<Option<Holding>>,
}

/// Minutes on their way into the store. It outlives the task that works on it.
struct MinuteQueue {
    minutes: mpsc::Receiver<(u64, SheetToWrite)>,
    crowded: Arc<AtomicU64>,
    /// Oldest first, all of one fence.
    waiting: VecDeque<SheetToWrite>,
    /// The fence by which the lease was held then.
    fence: u64,
    /// The store in which it was, once something was written there: a fence says nothing in another one.
    store: Option<String>,
    /// How often the store refused it in a row.
    refused: u32,
    figures: StoreFigures,
}

impl HistoryWriter {
    pub(super) fn new() -> Self {
        let (sender, minutes) = mpsc::channel(WAITING);
        let crowded = Arc::<AtomicU64>::default();
        let queue = MinuteQueue {
            minutes,
            crowded: Arc::clone(&crowded),
            waiting: VecDeque::new(),
            fence: 0,
            store: None,
            refused: 0,
            figures: StoreFigures::default(),
        };
        Self { minutes: sender, crowded, queue: Arc::new(Mutex::new(queue)), holding: watch::Sender::new(None) }
    }

    /// Stores a minute when the store can be written, where anything is known of it.
    pub(super) fn write(&self, holding: Holding, sheet: SheetToWrite) {
        if !sheet.is_empty() && self.minutes.try_send((holding.fence, sheet)).is_err() {
            self.crowded.fetch_add(1, Ordering::Relaxed);
        }
        self.holding.send_replace(Some(holding));
    }

    /// Starts the task that writes.
    pub(super) fn start(&self, tasks: &mut Tasks, effects: &Effects, clock: Clock) {
        let (queue, tools, token) = (Arc::clone(&self.queue), effects.tools.clone(), tasks.token());
        tasks.supervise("readings", token, move |token| {
            let (queue, tools) = (Arc::clone(&queue), tools.clone());
            async move { queue.lock().await.run(&tools, clock, &token).await }
        });
    }
}

impl MinuteQueue {
    async fn run(&mut self, tools: &Tools, clock: Clock, token: &CancellationToken) {
        let mut look = FIRST_LOOK;
        loop {
            tokio::select! {
                () = token.cancelled() => break,
                Some((fence, sheet)) = self.minutes.recv() => self.take(fence, sheet),
                () = tokio::time::sleep(look) => look = LOOK,
            }
            if let Some(store) = tools.open_store() {
                tokio::select! {
                    () = token.cancelled() => break,
                    () = self.store(&store, clock) => {}
                }
                tools.say_partial(&store).await;
            }
            self.figures.waiting = self.waiting.len();
            self.figures.lost += self.crowded.swap(0, Ordering::Relaxed);
            tools.answer(Outcome::StoreFigures(self.figures)).await;
        }
        if let Some(store) = tools.open_store() {
            self.take_all();
            tokio::time::timeout(LAST_MINUTE, self.write(&store)).await.ok();
        }
    }

    fn take_all(&mut self) {
        while let Ok((fence, sheet)) = self.minutes.try_recv() {
            self.take(fence, sheet);
        }
    }

    /// Puts a minute behind those that wait. A lease that nobody else took meanwhile keeps its fence, or has the next one where
    /// it ran out while the store was away: minutes of an earlier fence are over, and known by who held it in between.
    fn take(&mut self, fence: u64, sheet: SheetToWrite) {
        self.refused = if fence == self.fence { self.refused } else { 0 };
        let before = self.waiting.len();
        if fence != self.fence && fence != self.fence + 1 {
            self.waiting.clear();
            self.store = None;
        }
        self.fence = fence;
        self.waiting.push_back(sheet);
        while self.waiting.len() > WAITING {
            self.waiting.pop_front();
        }
        self.figures.lost += (before + 1 - self.waiting.len()) as u64;
    }

    /// What waits is not stored any more.
    fn give_up(&mut self) {
        self.figures.lost += self.waiting.len() as u64;
        self.waiting.clear();
    }

    async fn store(&mut self, store: &Store, clock: Clock) {
        self.take_all();
        if self.write(store).await {
            let now = minute_of(clock.now().utc);
            if let Err(error) = store.pack(self.fence, now).await {
                tracing::warn!(%error, "the minutes of an hour are not packed yet");
            }
        }
        match store.size().await {
            Ok(size) => self.figures.size = Some(size),
            Err(error) => tracing::debug!(%error, "no size"),
        }
    }

    /// Writes what waits. True: something was written, and nothing waits any more.
    async fn write(&mut self, store: &Store) -> bool {
        if self.store.as_deref().is_some_and(|known| known != store.id()) {
            self.give_up();
        }
        let mut written = false;
        while let Some(sheet) = self.waiting.front_mut() {
            match store.add_minute(self.fence, sheet).await {
                Ok(true) => {
                    (written, self.refused) = (true, 0);
                    self.store.get_or_insert_with(|| store.id().to_owned());
                    self.waiting.pop_front();
                }
                Ok(false) => {
                    self.refused += 1;
                    if self.refused >= REFUSALS {
                        self.give_up();
                    }
                    return false;
                }
                Err(error) => {
                    tracing::warn!(%error, "a minute of readings is not stored yet");
                    return false;
                }
            }
        }
        written
    }
}

impl Tools {
    /// Reads what is stored of series, once the store is open.
    pub(super) async fn read_past(self, series: Vec<SeriesKey>, apart: &[u32], clock: Clock) {
        let now = minute_of(clock.now().utc);
        let histories = match self.store().await {
            Ok(store) => match store.readings_with(&series, apart, now).await {
                Ok(histories) => {
                    self.say_partial(&store).await;
                    Some(histories)
                }
                Err(error) => {
                    tracing::warn!(%error, "stored readings can't be read");
                    self.answer(Outcome::ReadingsLeftOut(Some(SafeText::new(&error.explained())))).await;
                    None
                }
            },
            // That it is away is said already.
            Err(why) => {
                tracing::warn!(%why, "stored readings can't be read");
                None
            }
        };
        self.answer(Outcome::Past { series, histories }).await;
    }

    /// Says once that some of what is stored can't be read.
    async fn say_partial(&self, store: &Store) {
        if store.found_partial() {
            self.answer(Outcome::ReadingsLeftOut(None)).await;
        }
    }

    /// Reads what charts show of the past.
    pub(super) async fn charts(self, request: RequestId, queries: Vec<ChartQuery>) {
        let read = async {
            let store = self.store().await?;
            let mut answers = Vec::with_capacity(queries.len());
            for query in queries {
                let spans = store.chart(&query).await.map_err(|error| SafeText::new(&error.to_string()))?;
                answers.push((query, spans));
            }
            self.say_partial(&store).await;
            Ok(answers)
        };
        let outcome = match read.await {
            Ok(answers) => Outcome::Charts { request, answers },
            Err(why) => unread(request, why),
        };
        self.answer(outcome).await;
    }

    /// Reads what charts mark.
    pub(super) async fn marks(self, request: RequestId, since: DateTime<Utc>) {
        let read = async {
            let store = self.store().await?;
            store.marks(since).await.map_err(|error| SafeText::new(&error.to_string()))
        };
        let outcome = match read.await {
            Ok((facts, runs)) => Outcome::Marks { request, facts, runs },
            Err(why) => unread(request, why),
        };
        self.answer(outcome).await;
    }
}

fn unread(request: RequestId, why: SafeText) -> Outcome {
    tracing::warn!(%why, "what charts show of the store can't be read");
    Outcome::RequestFailed { request, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rollup::Sheet;

    #[test]
    fn who_polls_nothing_holds_the_lease_all_the_same() {
        let (writer, holding) = (HistoryWriter::new(), Holding { fence: 7, retention: Retention::default() });
        writer.write(holding.clone(), Sheet::new(1, Vec::new()).into());
        assert_eq!(*writer.holding.borrow(), Some(holding), "what is old goes by this");
        assert!(writer.queue.try_lock().unwrap().minutes.try_recv().is_err(), "nothing is stored");
    }
}
