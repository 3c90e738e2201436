//! The status page of a watcher: written again when the public would see something else, and each minute for its time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;

use super::effects::Tools;
use super::tasks::Tasks;
use crate::actions::publish::{FileReaders, publish};
use crate::lang::time::{Stamp, minute_of};
use crate::model::observation::Observation;
use crate::report::statuspage::{PublicNow, PublicPage, PublicPast, PublicState};
use crate::store::{Store, StoreError};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::Redactor;
use crate::world::World;

/// How often it is written though nothing has changed.
const EVERY: Duration = Duration::from_mins(1);
/// How long the store may take to say what was before: the page of now does not wait longer for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon after the start a page may say that nothing is known: the first answers take a moment.
const FIRST: Duration = Duration::from_secs(30);
/// What its problems are about.
const ABOUT: &str = "status page";

/// The watcher's end of the task that writes the page.
pub(super) struct StatusPageWriter {
    latest: watch::Sender<Option<Arc<PublicNow>>>,
    /// When a page was asked for last, on the monotonic clock.
    asked_at: Option<Duration>,
}

impl StatusPageWriter {
    /// Starts the task. What keeps it from writing goes to `observations`, once.
    pub(super) fn start(tasks: &mut Tasks, tools: &Tools, observations: &mpsc::Sender<Observation>) -> Self {
        let latest = watch::Sender::new(None);
        let (receiver, tools, observations, token) =
            (latest.subscribe(), tools.clone(), observations.clone(), tasks.token());
        tasks.supervise(ABOUT, token, move |token| {
            let task = WriterTask {
                latest: receiver.clone(),
                tools: tools.clone(),
                observations: observations.clone(),
                past: PublicPast::default(),
                trouble: None,
            };
            async move {
                tokio::select! {
                    () = token.cancelled() => {}
                    () = task.run() => {}
                }
            }
        });
        Self { latest, asked_at: None }
    }

    /// Has the page written where it would be another one, or is due. A watcher that only looks on writes none.
    pub(super) fn look(&mut self, world: &World) {
        let before = self.latest.borrow().clone();
        let now = PublicNow::new(world, before.as_deref()).filter(|_| !world.read_only);
        let Some(now) = now else {
            self.asked_at = None;
            return;
        };
        let is_starting = before.is_none() && world.now.since(world.started) < FIRST;
        if is_starting && now.services.contains(&PublicState::UNKNOWN) {
            return;
        }
        let is_due = |Stamp { mono, .. }: Stamp| self.asked_at.is_none_or(|asked| mono.saturating_sub(asked) >= EVERY);
        if is_due(world.now) || !before.is_some_and(|before| now.is_like(&before)) {
            self.asked_at = Some(world.now.mono);
            self.latest.send_replace(Some(Arc::new(now)));
        }
    }
}

struct WriterTask {
    latest: watch::Receiver<Option<Arc<PublicNow>>>,
    tools: Tools,
    observations: mpsc::Sender<Observation>,
    past: PublicPast,
    /// What was wrong at the last try: said once.
    trouble: Option<String>,
}

impl WriterTask {
    async fn run(mut self) {
        while self.latest.changed().await.is_ok() {
            let Some(now) = self.latest.borrow_and_update().clone() else { continue };
            if let Some(store) = self.tools.open_store() {
                match tokio::time::timeout(PATIENCE, read_past(&store, &now, &mut self.past)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "the past of the status page can't be read"),
                    Err(_) => tracing::warn!("the store is too slow for the past of the status page"),
                }
            }
            let trouble = self.write(&now).await.err();
            if let Some(why) = trouble.as_ref().filter(|_| self.trouble != trouble) {
                let text = SafeText::new(&format!(
                    "can't be written: {why}; check `directory` of [statuspage], and that this user may write there"
                ));
                self.observations.send(Observation::Warning { name: Name::from(ABOUT), text }).await.ok();
            } else if trouble.is_none() && self.trouble.is_some() {
                tracing::info!("the status page is written again");
            }
            self.trouble = trouble;
        }
    }

    async fn write(&mut self, now: &PublicNow) -> Result<(), String> {
        // Nothing is public before it is known what is secret.
        let redactor = Redactor::from(&*self.tools.secrets_handle.secrets().await);
        write_page(now, &self.past, &redactor).await
    }
}

/// Reads what is stored of the checks of public services.
///
/// # Errors
/// The store can't be read; what was known before stays.
pub(crate) async fn read_past(store: &Store, now: &PublicNow, past: &mut PublicPast) -> Result<(), StoreError> {
    let (series, from) = past.wanted(now);
    let minute = minute_of(now.at);
    let histories = store.standing(&series, from, minute).await?;
    past.take(now, from, histories);
    Ok(())
}

async fn write_page(now: &PublicNow, past: &PublicPast, redactor: &Redactor) -> Result<(), String> {
    let page = PublicPage::new(now, past, redactor).ok_or("no [statuspage] in the configuration")?;
    let directory = now.page().map(|page| page.directory.clone()).unwrap_or_default();
    let written = spawn_blocking(move || {
        publish(&directory, FileReaders::Everybody, &page.files()?).map_err(|error| error.to_string())
    });
    written.await.unwrap_or_else(|error| Err(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::load_text;
    use crate::model::lease::LeaseView;

    const CONFIG: &str = "[console]\nname = \"t\"\n[service.api]\n[check.api]\nservice = \"api\"\ntcp = \"127.0.0.1:9\"\n\
        [statuspage]\ndirectory = \"/nowhere\"\nservices = [\"api\"]\n";

    struct Room {
        writer: StatusPageWriter,
        pages: watch::Receiver<Option<Arc<PublicNow>>>,
        world: World,
    }

    impl Room {
        fn new() -> Self {
            let loaded = load_text(Path::new("/srv/opsroom.toml"), CONFIG);
            let utc = "2026-03-07T12:00:00Z".parse().unwrap();
            let world = World::new(Arc::new(loaded.config.unwrap()), Stamp { mono: Duration::from_secs(9), utc });
            let latest = watch::Sender::new(None);
            Self { pages: latest.subscribe(), writer: StatusPageWriter { latest, asked_at: None }, world }
        }

        /// After how many seconds of these a page is asked for.
        fn asked(&mut self, seconds: u64) -> Vec<u64> {
            let mut asked = Vec::new();
            for second in 1..=seconds {
                self.world.advance(self.world.now.plus(Duration::from_secs(1)));
                self.writer.look(&self.world);
                if self.pages.has_changed().unwrap() {
                    self.pages.mark_unchanged();
                    asked.push(second);
                }
            }
            asked
        }
    }

    #[test]
    fn it_is_written_each_minute_and_not_before_anything_is_known() {
        let mut room = Room::new();
        assert_eq!(room.asked(155), [30, 90, 150]);
    }

    #[test]
    fn what_the_public_sees_is_written_at_once_and_what_it_does_not_see_is_no_reason() {
        let mut room = Room::new();
        room.asked(30);
        room.world.lease = LeaseView::Free;
        assert!(room.asked(5).is_empty());
        let other = CONFIG.replace("services = [\"api\"]", "services = [\"api\"]\ntitle = \"Other\"");
        let config = load_text(Path::new("/srv/opsroom.toml"), &other).config.unwrap();
        room.world.config = Arc::new(config);
        assert_eq!(room.asked(5), [1]);
    }

    #[test]
    fn a_watcher_that_only_looks_on_writes_none() {
        let mut room = Room::new();
        room.world.read_only = true;
        assert!(room.asked(100).is_empty());
    }
}
