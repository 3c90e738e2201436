//! Notifications of the server that somebody wrote. A hint: where the connection is lost, the clock still looks.

use std::fmt;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, unfold};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// The channel on which writers tell others.
pub(super) const CHANNEL: &str = "opsroom";
/// How long the connection may be silent before it is asked whether it still answers.
const SILENCE: Duration = Duration::from_secs(20);
/// How long connecting, and such an answer, may take.
const ANSWER: Duration = Duration::from_secs(5);
/// The pause before a lost connection is made again: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Wake-ups, over a connection of their own. What is under way is kept when who waits gives up.
pub(super) struct Wakes(Mutex<Option<BoxStream<'static, ()>>>);

struct Listening {
    options: PgConnectOptions,
    listener: Option<PgListener>,
    pause: Duration,
}

impl Wakes {
    pub(super) fn new(options: &PgConnectOptions) -> Self {
        let listening = Listening { options: options.clone(), listener: None, pause: Duration::ZERO };
        let next = |mut listening: Listening| async move {
            listening.wake().await;
            Some(((), listening))
        };
        Self(Mutex::new(Some(unfold(listening, next).boxed())))
    }

    /// Returns at the next one.
    pub(super) async fn next(&self) {
        match self.0.lock().await.as_mut() {
            Some(wakes) => drop(wakes.next().await),
            None => std::future::pending().await,
        }
    }

    /// Listens no more.
    pub(super) async fn close(&self) {
        *self.0.lock().await = None;
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        // The driver gives the connection back on a task of its own, and panics where no runtime is left; then the process
        // ends, and with it the connection.
        if tokio::runtime::Handle::try_current().is_err() {
            std::mem::forget(self.0.get_mut().take());
        }
    }
}

impl fmt::Debug for Wakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wakes").finish_non_exhaustive()
    }
}

impl Listening {
    /// Returns when somebody wrote, or may have while nobody listened.
    async fn wake(&mut self) {
        loop {
            let Some(listener) = &mut self.listener else {
                tokio::time::sleep(self.pause).await;
                self.pause = (self.pause * 2).clamp(PAUSE.0, PAUSE.1);
                if let Ok(Ok(listener)) = timeout(ANSWER, listen(&self.options)).await {
                    self.listener = Some(listener);
                    self.pause = PAUSE.0;
                    return;
                }
                continue;
            };
            match timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(_))) => {
                    while listener.next_buffered().is_some() {}
                    return;
                }
                Ok(Ok(None) | Err(_)) => self.listener = None,
                Err(_) => {
                    let asked = timeout(ANSWER, sqlx::query("SELECT 1").execute(listener)).await;
                    if !matches!(asked, Ok(Ok(_))) {
                        self.listener = None;
                    }
                }
            }
        }
    }
}

async fn listen(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.ignore_pool_close_event(true);
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
