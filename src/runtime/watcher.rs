//! The loop of `opsroom watch`: polls, records and evaluates without a screen, and says what changed.

use std::io;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use super::ack_links::{LinkPace, SharedLinkKey};
use super::core::{Core, StartOptions};
use super::heartbeats::ReceivedHeartbeats;
use super::reload;
use super::secrets::SecretsHandle;
use super::service_manager::ServiceManager;
use super::statuspage::StatusPageWriter;
use crate::app::message::Event;
use crate::model::ack_link::SignedLink;
use crate::model::observation::Observation;
use crate::report::ack_page::LinkAnswer;
use crate::report::changes::{ChangeLine, ChangeLog};
use crate::report::telemetry::{Page, ServedPage};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::secret::Template;

/// Nobody looks at it: what a view would get.
const SIZE: (u16, u16) = (80, 24);

/// Pages that may be asked for at once; who asks for more waits.
const PAGES: usize = 8;

/// What gives a server the pages of a watcher. Cheap to clone.
#[derive(Clone)]
pub(crate) struct PageSource {
    requests: mpsc::Sender<(Wanted, oneshot::Sender<ServedPage>)>,
    secrets: SecretsHandle,
    link_key: Option<SharedLinkKey>,
    pace: LinkPace,
}

/// What is wanted of the loop.
enum Wanted {
    /// A page.
    Page(Page),
    /// A job, by its name, says that it ran; `true`: that it failed.
    Heartbeat(String, bool),
    /// What a link leads to whose signature is good; `true`: its button was pressed.
    Link(SignedLink, bool),
}

impl PageSource {
    /// A page of what is known now, made by the loop itself: a watcher that hangs gives none. `None`: it is ending.
    pub(crate) async fn page(self, page: Page) -> Option<ServedPage> {
        self.wanted(Wanted::Page(page)).await
    }

    /// Keeps that a job ran, or failed. `None`: it is ending.
    pub(crate) async fn heartbeat(self, name: String, failed: bool) -> Option<ServedPage> {
        self.wanted(Wanted::Heartbeat(name, failed)).await
    }

    /// What the link with this token leads to; `acknowledges`: its button was pressed. `None`: it is ending.
    pub(crate) async fn link(self, token: String, acknowledges: bool) -> Option<ServedPage> {
        if !self.pace.allows() {
            return Some(ServedPage::of_answer(&LinkAnswer::TooMany, "opsroom"));
        }
        let key = match &self.link_key {
            Some(key) => key.get().await,
            None => None,
        };
        let Some(link) = key.and_then(|key| key.verify(&token)) else {
            return Some(ServedPage::of_answer(&LinkAnswer::Invalid, "opsroom"));
        };
        self.wanted(Wanted::Link(link, acknowledges)).await
    }

    async fn wanted(self, wanted: Wanted) -> Option<ServedPage> {
        let (answer, page_made) = oneshot::channel();
        self.requests.send((wanted, answer)).await.ok()?;
        page_made.await.ok()
    }

    /// The value of a text with secrets, once all of them are here or can't be had.
    ///
    /// # Errors
    /// One of them has no value; in words.
    pub(crate) async fn resolved(&self, template: &Template) -> Result<String, String> {
        let secrets = self.secrets.clone().secrets().await;
        template.resolve(&secrets)
    }
}

/// A server beside the loop, made again after a panic.
pub(crate) type PageServer = Box<dyn Fn(PageSource) -> BoxFuture<'static, ()> + Send>;

/// What a watcher says.
#[derive(Debug)]
pub(crate) enum WatcherSaid {
    /// Something changed.
    Change(ChangeLine),
    /// Something about the watcher itself that whoever runs it should know.
    Notice(SafeText),
}

/// What is asked of a watcher from outside.
enum Asked {
    Leave,
    Reload,
}

/// What the loop woke up for.
enum Woken {
    Asked(Asked),
    Event(Event),
    /// A page is wanted.
    Wanted(Wanted, oneshot::Sender<ServedPage>),
    /// The second turned.
    Tick,
    /// A sign of life is due.
    Alive,
}

/// The streams, registered before anything else runs.
struct Signals {
    term: Signal,
    interrupt: Signal,
    quit: Signal,
    hangup: Signal,
}

impl Signals {
    fn register() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            biased;
            _ = self.term.recv() => Asked::Leave,
            _ = self.interrupt.recv() => Asked::Leave,
            _ = self.quit.recv() => Asked::Leave,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }
}

/// A watcher at work.
struct Watcher<S> {
    core: Core,
    signals: Signals,
    manager: ServiceManager,
    pages: mpsc::Receiver<(Wanted, oneshot::Sender<ServedPage>)>,
    log: ChangeLog,
    status_page: StatusPageWriter,
    heartbeats: ReceivedHeartbeats,
    /// Whether anybody can send one.
    is_served: bool,
    say: S,
    /// When the next sign of life is due, on the monotonic clock.
    alive_at: Option<Duration>,
}

/// Watches until a signal ends it; the lease is given back and the queues are written then. `say` must not wait: the loop
/// does not turn meanwhile. `server` serves pages of what is known.
///
/// # Errors
/// The system refuses a handler for a signal.
pub(crate) async fn run(
    start: StartOptions,
    server: Option<PageServer>,
    say: impl FnMut(WatcherSaid),
) -> io::Result<()> {
    let signals = Signals::register()?;
    let manager = ServiceManager::from_environment();
    let mut core = Core::new(start, SIZE);
    let alive_at = manager.alive_every().map(|_| core.clock.now().mono);
    let (requests, pages) = mpsc::channel(PAGES);
    let (secrets, pace) = (core.known.clone(), LinkPace::new(core.clock));
    let source = PageSource { requests, secrets, link_key: core.effects.tools.link_key.clone(), pace };
    let status_page = StatusPageWriter::start(&mut core.tasks, &core.effects.tools, &core.observation_sender);
    let log = ChangeLog::default();
    let (heartbeats, is_served) = (ReceivedHeartbeats::open(&core), server.is_some());
    let mut watcher = Watcher { core, signals, manager, pages, log, status_page, heartbeats, is_served, say, alive_at };
    watcher.expect_heartbeats();
    watcher.core.go();
    if let Some(server) = server {
        let token = watcher.core.tasks.token();
        watcher.core.tasks.supervise("listening", token, move |token| {
            let serving = server(source.clone());
            async move {
                tokio::select! {
                    () = token.cancelled() => {}
                    () = serving => {}
                }
            }
        });
    }
    watcher.manager.ready();
    watcher.turn().await;
    watcher.manager.stopping();
    watcher.core.end().await;
    Ok(())
}

impl<S: FnMut(WatcherSaid)> Watcher<S> {
    async fn turn(&mut self) {
        loop {
            match self.next().await {
                Woken::Asked(Asked::Leave) => return,
                Woken::Asked(Asked::Reload) => self.reload(),
                Woken::Event(event) => self.event(event),
                // Who asked may have gone away.
                Woken::Wanted(Wanted::Link(link, acknowledges), answer) => {
                    self.core.follow_link(&link, acknowledges, answer);
                }
                Woken::Wanted(Wanted::Heartbeat(name, failed), answer) => {
                    self.heartbeats.receive(&mut self.core, name, failed, answer);
                }
                Woken::Wanted(Wanted::Page(page), answer) => {
                    let world = &self.core.state().world;
                    drop(answer.send(ServedPage::new(page, world, &self.core.redactor())));
                }
                Woken::Tick => self.tick(),
                // Only here: a loop that hangs gives no sign.
                Woken::Alive => {
                    self.manager.alive();
                    self.alive_at = self.manager.alive_every().map(|every| self.core.clock.now().mono + every);
                }
            }
        }
    }

    /// Signals and time come first: what the world says may never end.
    async fn next(&mut self) -> Woken {
        let clock = self.core.clock;
        let (tick, alive) = (clock.timer(self.core.tick_at()), clock.timer(self.alive_at));
        tokio::select! {
            biased;
            asked = self.signals.next() => Woken::Asked(asked),
            () = alive => Woken::Alive,
            () = tick => Woken::Tick,
            Some((wanted, answer)) = self.pages.recv() => Woken::Wanted(wanted, answer),
            event = self.core.next() => Woken::Event(event),
        }
    }

    fn event(&mut self, event: Event) {
        let check = answered(&event);
        let is_reload = matches!(event, Event::Reloaded(_));
        // What is for a terminal has none here.
        drop(self.core.handle(event));
        // At once: within a second a check may fail and recover.
        if let Some(change) = check.and_then(|check| self.log.check(&self.core.state().world, &check)) {
            self.change(change);
        }
        if is_reload {
            self.expect_heartbeats();
            self.notices();
            self.manager.ready();
        }
    }

    fn expect_heartbeats(&mut self) {
        if self.is_served {
            self.heartbeats.expect(&mut self.core);
        }
    }

    fn tick(&mut self) {
        drop(self.core.handle(Event::Clock));
        for change in self.log.look(&self.core.state().world) {
            self.change(change);
        }
        self.notices();
        self.status_page.look(&self.core.state().world);
    }

    fn reload(&mut self) {
        if let Some(loader) = &self.core.loader {
            self.manager.reloading();
            reload::now(&mut self.core.tasks, loader, self.core.reload_sender.clone());
        }
    }

    fn change(&mut self, change: ChangeLine) {
        let change = change.masked(&self.core.redactor());
        (self.say)(WatcherSaid::Change(change));
    }

    fn notices(&mut self) {
        for notice in self.log.notices(&self.core.state().world) {
            let notice = self.core.redactor().redact_shortened(&SafeText::new(&notice));
            self.manager.status(notice.as_str());
            (self.say)(WatcherSaid::Notice(notice));
        }
    }
}

/// The check whose answer an event brings.
fn answered(event: &Event) -> Option<Name> {
    match event {
        Event::Observation(Observation::Reading(reading)) => Some(reading.check.clone()),
        _ => None,
    }
}
