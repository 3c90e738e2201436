//! The terminal's answers to our question whether it has come so far: from the thread that reads the keyboard to the loop.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

#[derive(Debug, Default)]
struct Heard {
    /// Answers that nobody has taken yet.
    waiting: usize,
    /// Some are still to come.
    expected: bool,
    /// The far end is closed.
    closed: bool,
}

/// What was heard of the terminal.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    heard: Mutex<Heard>,
    more: Condvar,
    news: Notify,
}

impl Answers {
    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many more have come.
    pub(crate) fn add(&self, count: usize) {
        if count > 0 {
            self.lock().waiting += count;
            self.more.notify_all();
            self.news.notify_one();
        }
    }

    /// No more will come.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.more.notify_all();
        self.news.notify_one();
    }

    /// Whether the far end is closed.
    pub(crate) fn are_over(&self) -> bool {
        self.lock().closed
    }

    /// How many have come since they were last taken.
    pub(crate) fn take_waiting(&self) -> usize {
        std::mem::take(&mut self.lock().waiting)
    }

    /// Says whether any are to come.
    pub(crate) fn expect(&self, any: bool) {
        self.lock().expected = any;
    }

    /// Whether any are to come, so that the first byte of one is not taken for a key.
    pub(crate) fn are_expected(&self) -> bool {
        self.lock().expected
    }

    /// Resolves when one has come, or when no more will.
    pub(crate) async fn come(&self) {
        self.news.notified().await;
    }

    /// Waits for `count` of them, but not for longer than `patience`, nor for a terminal that is gone.
    pub(crate) fn wait(&self, count: usize, patience: Duration) {
        let missing = |heard: &mut Heard| heard.waiting < count && !heard.closed;
        drop(self.more.wait_timeout_while(self.lock(), patience, missing));
    }
}
