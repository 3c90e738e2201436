//! Secrets, fetched off the loop: from the environment, a file, or a password manager's command.

mod keep;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use self::keep::{Keeper, RenewalPace};
use super::logging;
use super::tasks::Tasks;
use crate::config::Config;
use crate::config::confidential::is_variable;
use crate::config::sections::secret::SecretSource;
use crate::files;
use crate::model::observation::Observation;
use crate::process::{self, ChildError, Invocation, Limits};
use crate::sources::Latest;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::secret::Secrets;

/// A password manager may ask an agent; it may not ask for ever.
const PATIENCE: Duration = Duration::from_secs(10);
/// A larger file is no secret.
const MOST: usize = 64 << 10;

/// The secrets of the running configuration, for everything that needs them. What asks before they are here waits.
pub(crate) struct SecretStore {
    latest: watch::Sender<Option<Arc<Secrets>>>,
    /// The values that were known last, and where each came from.
    before: (BTreeMap<Name, SecretSource>, Arc<Secrets>),
    task: Option<CancellationToken>,
    pace: RenewalPace,
}

/// A way to the `secret_store`. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SecretsHandle(watch::Receiver<Option<Arc<Secrets>>>);

impl Default for SecretStore {
    fn default() -> Self {
        Self { latest: watch::channel(None).0, before: Default::default(), task: None, pace: RenewalPace::default() }
    }
}

impl SecretStore {
    /// Fetches the secrets of a configuration, and keeps them current from then on. What can't be fetched is warned of;
    /// a value that was known before stays in use then, if the secret still comes from the same place.
    pub(crate) fn fill(&mut self, tasks: &mut Tasks, config: &Arc<Config>, out: mpsc::Sender<Observation>) {
        if let Some(known) = self.latest.borrow().clone() {
            self.before.1 = known;
        }
        let mut keeper = Keeper::new(&config.secrets, &self.before.0, &self.before.1, self.pace);
        // Nothing may use the old ones as the new ones; what needs none of the new ones waits for none.
        keeper.publish(&self.latest);
        self.before.0.clone_from(&config.secrets);
        let token = tasks.token();
        if let Some(old) = self.task.replace(token.clone()) {
            old.cancel();
        }
        let latest = self.latest.clone();
        tasks.supervise("secrets", token, move |token| {
            let (keeper, latest, out) = (keeper.clone(), latest.clone(), out.clone());
            async move {
                tokio::select! {
                    () = token.cancelled() => {}
                    () = keeper.run(&latest, &out) => {}
                }
            }
        });
    }

    /// A way to the secrets.
    pub(crate) fn secrets_handle(&self) -> SecretsHandle {
        SecretsHandle(self.latest.subscribe())
    }
}

impl SecretsHandle {
    /// The secrets where they have changed since this was asked last; nothing while they are being fetched.
    pub(crate) fn changed(&mut self) -> Option<Arc<Secrets>> {
        if !self.0.has_changed().unwrap_or(false) {
            return None;
        }
        self.0.borrow_and_update().clone()
    }

    /// What is known at any time, for what waits for some of them alone.
    pub(crate) fn latest(&self) -> Latest {
        self.0.clone()
    }

    /// Returns when other values than those in `current` are here, all of them.
    pub(crate) async fn rotated(&mut self, current: &Secrets) {
        let other = |latest: &Option<Arc<Secrets>>| {
            latest.as_ref().is_some_and(|new| new.are_settled() && !new.same_values(current))
        };
        if self.0.wait_for(other).await.is_err() {
            // The console is ending: nothing comes any more.
            std::future::pending::<()>().await;
        }
    }

    /// The secrets, once all of them are here or can't be had.
    pub(crate) async fn secrets(&mut self) -> Arc<Secrets> {
        let settled = |latest: &Option<Arc<Secrets>>| latest.as_ref().is_some_and(|secrets| secrets.are_settled());
        match self.0.wait_for(settled).await {
            Ok(there) => there.clone().unwrap_or_default(),
            // The console is ending.
            Err(_) => Arc::default(),
        }
    }
}

/// Fetches every secret. Those that can't be had are named with the reason, and what needs them says so in its turn.
pub async fn resolve(sources: &BTreeMap<Name, SecretSource>) -> (Secrets, Vec<(Name, SafeText)>) {
    let fetching = Fetching::new(sources);
    let latest = fetching.latest();
    let missing = fetching.run().await;
    let secrets = latest.borrow().clone().unwrap_or_default();
    (Secrets::clone(&secrets), missing)
}

/// Secrets that are fetched once, each of which is there as soon as it can be.
pub(crate) struct Fetching<'a> {
    sources: &'a BTreeMap<Name, SecretSource>,
    latest: watch::Sender<Option<Arc<Secrets>>>,
}

impl<'a> Fetching<'a> {
    /// None fetched yet: [`Fetching::run`] does.
    pub(crate) fn new(sources: &'a BTreeMap<Name, SecretSource>) -> Self {
        let mut secrets = Secrets::default();
        for name in sources.keys() {
            secrets.await_value(name.clone());
        }
        Self { sources, latest: watch::channel(Some(Arc::new(secrets))).0 }
    }

    /// What is known at any time.
    pub(crate) fn latest(&self) -> Latest {
        self.latest.subscribe()
    }

    /// Fetches all; those that can't be had, with the reason.
    pub(crate) async fn run(self) -> Vec<(Name, SafeText)> {
        // All at once: a password manager that waits for its agent holds up nothing but itself.
        let mut fetched: FuturesUnordered<_> =
            self.sources.iter().map(async |(name, source)| (name, fetch(source).await)).collect();
        let mut missing = BTreeMap::new();
        while let Some((name, result)) = fetched.next().await {
            let mut secrets = self.latest.borrow().as_deref().cloned().unwrap_or_default();
            match result {
                Ok(value) => secrets.insert(name.clone(), value),
                Err(why) => {
                    secrets.give_up(name);
                    missing.insert(name.clone(), SafeText::new(&why));
                }
            }
            logging::mask(&secrets);
            self.latest.send_replace(Some(Arc::new(secrets)));
        }
        missing.into_iter().collect()
    }
}

async fn fetch(source: &SecretSource) -> Result<String, String> {
    match source {
        SecretSource::Env(name) => {
            // A value that was written in the place of the name must not be shown.
            let shown = if is_variable(name) { format!(" {name}") } else { String::new() };
            std::env::var(name).map_err(|_| format!("the environment variable{shown} is not set"))
        }
        SecretSource::File(path) => file(path).await,
        SecretSource::Command(argv) => command(argv).await,
        SecretSource::Inline(value) => Ok(value.clone()),
    }
}

async fn file(path: &Path) -> Result<String, String> {
    let (shown, read) = (path.display(), path.to_owned());
    let read = tokio::task::spawn_blocking(move || files::read(&read, MOST as u64, PATIENCE)).await;
    let received = read.map_err(|error| format!("{shown} can't be read: {error}"))?;
    let received = received.map_err(|error| format!("{shown} can't be read: it {error}"))?;
    text_of(received.bytes).map_err(|why| format!("{shown} {why}"))
}

async fn command(argv: &[String]) -> Result<String, String> {
    // A password manager is told by the environment which store to open, and with which session.
    let command = Invocation::from_argv(argv).map_err(|error| error.to_string())?.in_our_environment();
    let program = &argv[0];
    let limits = Limits { timeout: PATIENCE, most_bytes: MOST };
    let output = process::answer(command, limits).await.map_err(|error| match error {
        ChildError::Start(error) => error.to_string(),
        other => format!("{program} {other}"),
    })?;
    if !output.status.success() {
        return Err(format!("{program} failed: {}", output.status));
    }
    text_of(output.stdout).map_err(|why| format!("what {program} printed {why}"))
}

/// The text without the line break that editors and programs put behind it.
fn text_of(bytes: Vec<u8>) -> Result<String, &'static str> {
    if bytes.len() > MOST {
        return Err("is too large for a secret");
    }
    let mut text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text")?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() { Err("is empty") } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_comes_from_where_it_is_kept_and_a_missing_one_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let kept = directory.path().join("token");
        tokio::fs::write(&kept, "from-file\r\n").await.unwrap();
        let echo = ["/bin/sh", "-c", "echo from-command"].map(str::to_owned).to_vec();
        let sources: BTreeMap<Name, SecretSource> = [
            ("a", SecretSource::File(kept)),
            ("b", SecretSource::Command(echo)),
            ("c", SecretSource::Inline("as-written".into())),
            ("d", SecretSource::Env("OPSROOM_TEST_NOT_SET".into())),
            ("e", SecretSource::Command(vec!["/bin/false".into()])),
            ("f", SecretSource::File(directory.path().join("none"))),
        ]
        .into_iter()
        .map(|(name, source)| (Name::from(name), source))
        .collect();
        let (secrets, missing) = resolve(&sources).await;
        assert_eq!(["a", "b", "c"].map(|name| secrets.get(name).unwrap()), ["from-file", "from-command", "as-written"]);
        let named: Vec<&str> = missing.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(named, ["d", "e", "f"]);
    }

    #[tokio::test]
    async fn a_password_manager_that_leaves_an_agent_behind_has_answered() {
        let argv = ["/bin/sh", "-c", "sleep 300 & echo hunter22"].map(str::to_owned);
        assert_eq!(command(&argv).await, Ok("hunter22".to_owned()));
        let argv = ["/bin/sh", "-c", "sleep 300 & exit 3"].map(str::to_owned);
        assert!(command(&argv).await.unwrap_err().contains("failed: exit status: 3"));
        assert!(command(&["/no/such/manager".to_owned()]).await.unwrap_err().contains("was not found"));
    }
}
