//! Background tasks under supervision: one that panics is shown, and started again with growing, jittered pauses.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::model::observation::Observation;
use crate::sources::masks::Masks;
use crate::text::SafeText;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Begins a task, and again after a panic.
type MakeTask = Box<dyn Fn(CancellationToken) -> BoxFuture<'static, ()> + Send>;

/// The tasks of one console.
pub(crate) struct Tasks {
    set: JoinSet<()>,
    all: CancellationToken,
    observations: mpsc::Sender<Observation>,
    /// What a task panicked with may hold what it read.
    masks: Masks,
}

impl Tasks {
    /// No tasks yet; failures are reported through `observations`.
    pub(crate) fn new(observations: mpsc::Sender<Observation>) -> Self {
        let (set, all, masks) = (JoinSet::new(), CancellationToken::new(), Masks::fixed(Arc::default()));
        Self { set, all, observations, masks }
    }

    /// The same, with failures masked so.
    pub(crate) fn masking(self, masks: Masks) -> Self {
        Self { masks, ..self }
    }

    /// A token that is cancelled with all others, and may be cancelled alone.
    pub(crate) fn token(&self) -> CancellationToken {
        self.all.child_token()
    }

    /// Starts a task that lives until its token is cancelled or it ends by itself. `make` is called again after a panic.
    pub(crate) fn supervise<F, T>(&mut self, name: &'static str, token: CancellationToken, make: F)
    where
        F: Fn(CancellationToken) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        self.keep_up(name, token, Box::new(move |token| make(token).boxed()));
    }

    /// Boxed, as all tasks are: what watches over them, and tokio's part, is compiled once and not for each task.
    fn keep_up(&mut self, name: &'static str, token: CancellationToken, make: MakeTask) {
        let (observations, masks, mut pause) = (self.observations.clone(), self.masks.clone(), FIRST_PAUSE);
        let watched = async move {
            loop {
                // What the task shares with others are channels and locks that recover from poison.
                let Err(panic) = AssertUnwindSafe(make(token.clone())).catch_unwind().await else { return };
                let text = masks.redactor().redact_safe(&SafeText::new(&panic_message(panic.as_ref())));
                tracing::error!(task = name, %text, "a task panicked");
                let failed = Observation::TaskFailed { task: SafeText::new(name), text };
                if observations.send(failed).await.is_err() {
                    return;
                }
                let jittered = pause.mul_f64(0.5 + fastrand::f64());
                tokio::select! {
                    () = token.cancelled() => return,
                    () = tokio::time::sleep(jittered) => pause = (pause * 2).min(LONGEST_PAUSE),
                }
            }
        };
        self.set.spawn(watched.boxed());
    }

    /// Starts a task that runs once. A panic is reported; the task is not started again.
    pub(crate) fn once(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.watch_once(name, task.boxed());
    }

    fn watch_once(&mut self, name: &'static str, task: BoxFuture<'static, ()>) {
        let (observations, masks) = (self.observations.clone(), self.masks.clone());
        let watched = async move {
            if let Err(panic) = AssertUnwindSafe(task).catch_unwind().await {
                let text = masks.redactor().redact_safe(&SafeText::new(&panic_message(panic.as_ref())));
                tracing::error!(task = name, %text, "a task panicked");
                // Nobody listens any more only where the console is ending.
                observations.send(Observation::TaskFailed { task: SafeText::new(name), text }).await.ok();
            }
        };
        self.set.spawn(watched.boxed());
    }

    /// How many are alive.
    pub(crate) fn alive(&mut self) -> usize {
        while self.set.try_join_next().is_some() {}
        self.set.len()
    }

    /// Cancels all and waits for them, at most `patience`; what is left is aborted.
    pub(crate) async fn end(&mut self, patience: Duration) {
        self.all.cancel();
        let all = async { while self.set.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!(left = self.set.len(), "tasks did not end in time");
            self.set.abort_all();
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("panicked without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::Instant;

    use super::*;

    /// What a timer is rounded up to.
    const TIMER: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn a_panicking_task_is_shown_and_started_again() {
        let (sender, mut observations) = mpsc::channel(4);
        let mut tasks = Tasks::new(sender);
        let (starts, token) = (Arc::new(AtomicU32::new(0)), tasks.token());
        let counted = Arc::clone(&starts);
        tasks.supervise("poller", token, move |token| {
            let nth = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(nth >= 2, "broken {nth}");
                token.cancelled().await;
            }
        });
        // At once, then after each pause or half as much more or less.
        let mut earliest = Duration::ZERO;
        for nth in 0..2 {
            let began = Instant::now();
            let Some(Observation::TaskFailed { task, text }) = observations.recv().await else {
                panic!("not reported")
            };
            assert_eq!((task.as_str(), text.as_str()), ("poller", format!("broken {nth}").as_str()));
            let waited = began.elapsed();
            assert!(waited >= earliest && waited <= earliest * 3 + TIMER, "{nth}: {waited:?}");
            earliest = FIRST_PAUSE / 2;
        }
        tasks.end(Duration::from_mins(1)).await;
        assert_eq!(starts.load(Ordering::SeqCst), 2, "the third has not begun");
        assert_eq!(tasks.alive(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_double_up_to_the_longest() {
        let (sender, mut observations) = mpsc::channel(4);
        let mut tasks = Tasks::new(sender);
        let token = tasks.token();
        tasks.supervise("poller", token, |_| async { panic!("broken") });
        observations.recv().await.unwrap();
        for pause in [1, 2, 4, 8, 16, 32, 60, 60].map(Duration::from_secs) {
            let began = Instant::now();
            observations.recv().await.unwrap();
            let waited = began.elapsed();
            assert!(waited >= pause / 2 && waited <= pause / 2 * 3 + TIMER, "{waited:?} instead of {pause:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn ending_does_not_wait_for_ever() {
        let (sender, _observations) = mpsc::channel(4);
        let mut tasks = Tasks::new(sender);
        tasks.once("stuck", std::future::pending());
        let began = Instant::now();
        tasks.end(Duration::from_mins(1)).await;
        assert_eq!(began.elapsed(), Duration::from_mins(1));
        while tasks.alive() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
