//! Links by which alerts are acknowledged from messages: the key that signs them, and what is done for who follows one.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::{OnceCell, oneshot};

use super::core::Core;
use super::effects::Tools;
use super::identity::Identity;
use crate::actions::files;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::ack_link::{HOLDS, KEY, LinkKey, PATH, SignedLink};
use crate::model::fact::{NewFact, Statement};
use crate::model::message::{News, Notification};
use crate::model::outcome::Outcome;
use crate::report::ack_page::{LinkAnswer, acknowledged};
use crate::report::telemetry::ServedPage;
use crate::store::new_fact;
use crate::text::SafeText;
use crate::text::coding::{from_hex, to_hex};

/// Where the key is kept, in the state directory.
const FILE: &str = "acknowledge.key";
/// Links that may be followed at once, and how soon one more may.
const BURST: u32 = 30;
const EVERY: Duration = Duration::from_millis(500);

/// The key of this state directory, made when it is first needed. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct SharedLinkKey {
    directory: Arc<Path>,
    key: Arc<OnceCell<LinkKey>>,
}

impl SharedLinkKey {
    pub(super) fn new(directory: Arc<Path>) -> Self {
        Self { directory, key: Arc::default() }
    }

    /// The key; `None`: it can't be read or made, which is logged.
    pub(super) async fn get(&self) -> Option<&LinkKey> {
        let made = self.key.get_or_try_init(|| async {
            let path = self.directory.join(FILE);
            let key = tokio::task::spawn_blocking(move || kept(&path)).await.map_err(io::Error::other)??;
            Ok::<_, io::Error>(LinkKey::new(&key))
        });
        made.await.inspect_err(|error| tracing::warn!(%error, "messages have no acknowledge links: no key")).ok()
    }
}

/// The key in a file, made where there is none. Of two processes that make one at once, both have that of the first.
fn kept(path: &Path) -> io::Result<[u8; KEY]> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let mut key = [0; KEY];
    SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    files::write_once(path, format!("{}\n", to_hex(&key)).as_bytes())?;
    read(path)?.ok_or_else(|| io::Error::other("the file was removed"))
}

fn read(path: &Path) -> io::Result<Option<[u8; KEY]>> {
    let Some(bytes) = files::read_bounded(path, 1024)? else { return Ok(None) };
    let text = String::from_utf8(bytes).unwrap_or_default();
    let key = from_hex(text.trim()).and_then(|key| key.try_into().ok());
    key.map(Some).ok_or_else(|| io::Error::other(format!("{} is not a key; remove it", path.display())))
}

/// How often links may be followed, by anybody: whoever guesses is slowed down, though nobody can guess.
#[derive(Debug, Clone)]
pub(super) struct LinkPace {
    clock: Clock,
    /// How many may follow now, and when that was reckoned.
    left: Arc<Mutex<(u32, Duration)>>,
}

impl LinkPace {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, left: Arc::new(Mutex::new((BURST, clock.now().mono))) }
    }

    /// Whether one more may be followed now.
    pub(super) fn allows(&self) -> bool {
        let now = self.clock.now().mono;
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let earned = u32::try_from(now.saturating_sub(left.1).as_millis() / EVERY.as_millis()).unwrap_or(BURST);
        if earned > 0 {
            *left = (left.0.saturating_add(earned).min(BURST), now);
        }
        let allows = left.0 > 0;
        left.0 = left.0.saturating_sub(1);
        allows
    }
}

/// Gives each alert of a message that somebody may acknowledge a link of its own.
pub(super) fn add_links(message: &mut Notification, key: &LinkKey, config: &Config) {
    let Some(url) = &config.watch.public_url else { return };
    let (target, expires) = (message.target.clone(), message.at + HOLDS);
    for entry in message.groups.iter_mut().flat_map(|group| &mut group.entries) {
        // What is said of a channel is no alert that is on record.
        if entry.news != News::Resolved && !entry.id.starts_with("channel:") {
            let token = key.sign(&entry.id, entry.severity, &target, expires);
            entry.acknowledge = Some(format!("{url}{PATH}{token}"));
        }
    }
}

impl Core {
    /// What a link leads to; `acknowledges`: its button was pressed. The answer may need the store, and is given later then.
    pub(super) fn follow_link(&mut self, link: &SignedLink, acknowledges: bool, answer: oneshot::Sender<ServedPage>) {
        let world = &self.state().world;
        let said = if acknowledges { world.acknowledge_by_link(link) } else { None };
        let Some((by, said)) = said else {
            // Who asked may have gone away.
            drop(answer.send(ServedPage::of_link(&world.link(link), world)));
            return;
        };
        let host = Identity::present().host;
        let (console, done) = (world.config.console.name.clone(), acknowledged(&said, world));
        let draft = new_fact(self.clock.now().utc, &by, &host, Statement::AlertAcknowledged(said));
        let tools = self.effects.tools.clone();
        self.tasks.once("acknowledge link", async move {
            let came = match tools.say_by_link(draft).await {
                Ok(Said::OnRecord) => LinkAnswer::Done(done),
                Ok(Said::Queued) => LinkAnswer::Queued(done),
                Err(why) => LinkAnswer::Failed(why.to_string()),
            };
            drop(answer.send(ServedPage::of_answer(&came, &console)));
        });
    }
}

/// Where it is what a person said.
enum Said {
    OnRecord,
    /// On disk, for a store that is away.
    Queued,
}

impl Tools {
    /// Puts on record what is said by a link.
    ///
    /// # Errors
    /// It makes no sense any more, or can be kept nowhere.
    async fn say_by_link(self, draft: NewFact) -> Result<Said, SafeText> {
        let drafts = vec![draft];
        let why = match self.try_to_say(&drafts).await {
            Ok(None) => return Ok(Said::OnRecord),
            Ok(Some(refused)) => return Err(refused),
            Err(why) => why,
        };
        match &self.late {
            Some(late) if late.queue(drafts.clone()).await => {
                self.answer(Outcome::QueuedBefore(drafts)).await;
                Ok(Said::Queued)
            }
            _ => Err(why),
        }
    }
}
