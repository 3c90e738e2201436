//! Keeps secrets current: a rotated file is read again, what could not be fetched is tried again, and a password
//! manager is asked again after a service refused its value.
//!
//! The environment of a process does not change, and what is written into the configuration changes with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use super::fetch;
use crate::config::load::look::FileMark;
use crate::config::sections::secret::SecretSource;
use crate::model::observation::Observation;
use crate::runtime::logging;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::Redactor;
use crate::text::secret::Secrets;

/// A failure is worth a warning after so many in a row: files are rotated in several steps.
const WARN_AFTER: u32 = 3;

/// How often what is done. Everything but `look` is counted in looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RenewalPace {
    /// Between two looks at the files.
    pub look: Duration,
    /// A file that could not be read is tried again after so many looks, twice as many each time.
    pub file: u32,
    /// The same for a command, which may ask a person for a passphrase.
    pub command: u32,
    /// No pause is longer.
    pub longest: u32,
    /// A command whose value was refused is run again no sooner than this after its last run.
    pub refused: u32,
}

impl Default for RenewalPace {
    fn default() -> Self {
        Self { look: Duration::from_secs(1), file: 2, command: 60, longest: 600, refused: 300 }
    }
}

/// One secret with what is known of it.
#[derive(Clone)]
struct Kept {
    source: SecretSource,
    value: Option<String>,
    /// The file just before it was read last.
    mark: Option<FileMark>,
    /// Looks since it was fetched last; `None` if it never was.
    age: Option<u32>,
    /// Fetches in a row that failed.
    failures: u32,
    /// Whether its value was refused since it was fetched last.
    refused: bool,
    /// Whether it is being looked at.
    busy: bool,
}

impl Kept {
    async fn mark(&self) -> Option<FileMark> {
        let SecretSource::File(path) = &self.source else { return None };
        tokio::fs::metadata(path).await.ok().as_ref().map(FileMark::from)
    }

    /// Whether it is to be fetched now, its file being in the state `mark`.
    fn is_due(&self, mark: Option<FileMark>, pace: &RenewalPace) -> bool {
        let Some(age) = self.age else { return true };
        let again = |pause: u32| {
            let doubled = pause.saturating_mul(1 << self.failures.saturating_sub(1).min(16));
            self.failures > 0 && age >= doubled.min(pace.longest)
        };
        match &self.source {
            SecretSource::File(_) => mark != self.mark || self.refused || again(pace.file),
            SecretSource::Command(_) => (self.refused && age >= pace.refused) || again(pace.command),
            SecretSource::Env(_) | SecretSource::Inline(_) => false,
        }
    }
}

/// What came of a look at one secret, and what a person should know of it.
struct Looked {
    name: Name,
    kept: Kept,
    warning: Option<String>,
}

/// Fetches a secret if it is due.
async fn look(name: Name, mut kept: Kept, pace: RenewalPace) -> Looked {
    let mark = kept.mark().await;
    if !kept.is_due(mark, &pace) {
        kept.age = kept.age.map(|age| age.saturating_add(1));
        return Looked { name, kept, warning: None };
    }
    let first = kept.age.is_none();
    (kept.mark, kept.age, kept.refused) = (mark, Some(0), false);
    let warning = match fetch(&kept.source).await {
        Ok(value) => {
            (kept.value, kept.failures) = (Some(value), 0);
            None
        }
        Err(why) => {
            kept.failures = kept.failures.saturating_add(1);
            let stays = if kept.value.is_some() { "; the previous value stays in use" } else { "" };
            let warned = if kept.value.is_some() { kept.failures == WARN_AFTER } else { first };
            warned.then(|| format!("{why}{stays}"))
        }
    };
    Looked { name, kept, warning }
}

/// The secrets of one configuration.
#[derive(Clone)]
pub(crate) struct Keeper {
    kept: BTreeMap<Name, Kept>,
    published: Arc<Secrets>,
    pace: RenewalPace,
}

impl Keeper {
    /// Of the values in `before`, those that still come from the same place are kept until there are newer ones.
    pub(crate) fn new(
        sources: &BTreeMap<Name, SecretSource>,
        before: &BTreeMap<Name, SecretSource>,
        values: &Arc<Secrets>,
        pace: RenewalPace,
    ) -> Self {
        let kept = |(name, source): (&Name, &SecretSource)| {
            let same = before.get(name) == Some(source);
            let value = values.get(name).filter(|_| same).map(str::to_owned);
            let source = source.clone();
            (name.clone(), Kept { source, value, mark: None, age: None, failures: 0, refused: false, busy: false })
        };
        Self { kept: sources.iter().map(kept).collect(), published: Arc::clone(values), pace }
    }

    /// Fetches everything, publishes each value as it comes, and does so again when something may have changed. A secret
    /// that takes its time delays nothing but itself.
    pub(crate) async fn run(mut self, latest: &watch::Sender<Option<Arc<Secrets>>>, out: &mpsc::Sender<Observation>) {
        let mut looks = FuturesUnordered::new();
        loop {
            let refused = self.published.take_refused();
            for (name, kept) in &mut self.kept {
                kept.refused |= refused.contains(name);
                if !std::mem::replace(&mut kept.busy, true) {
                    looks.push(look(name.clone(), kept.clone(), self.pace));
                    kept.refused = false;
                }
            }
            let pause = tokio::time::sleep(self.pace.look);
            tokio::pin!(pause);
            while let Some(Looked { name, kept, warning }) = tokio::select! {
                Some(looked) = looks.next() => Some(looked),
                () = &mut pause => None,
            } {
                let refused = self.kept.get(&name).is_some_and(|kept| kept.refused);
                self.kept.insert(name.clone(), Kept { busy: false, refused: kept.refused || refused, ..kept });
                self.publish(latest);
                if let Some(text) = warning {
                    // A path or a program's name may hold another secret.
                    let known = latest.borrow().clone().unwrap_or_default();
                    let text = Redactor::from(&*known).redact_safe(&SafeText::new(&format!("secret {name}: {text}")));
                    out.send(Observation::Warning { name, text }).await.ok();
                }
            }
            let constant = |kept: &Kept| matches!(kept.source, SecretSource::Env(_) | SecretSource::Inline(_));
            if self.kept.values().all(|kept| constant(kept) && !kept.busy) {
                return;
            }
        }
    }

    /// Publishes what is known. What was never fetched is being fetched.
    pub(crate) fn publish(&mut self, latest: &watch::Sender<Option<Arc<Secrets>>>) {
        let mut secrets = Secrets::default();
        for (name, kept) in &self.kept {
            if let Some(value) = &kept.value {
                secrets.insert(name.clone(), value.clone());
            } else if kept.age.is_none() {
                secrets.await_value(name.clone());
            }
        }
        if latest.borrow().as_ref().is_some_and(|known| known.same_values(&secrets)) {
            return;
        }
        latest.send_modify(|known| {
            // Not what this keeper published last: one that was started again after a panic knows nothing of that.
            secrets.retire(known.as_ref().unwrap_or(&self.published));
            logging::mask(&secrets);
            self.published = Arc::new(secrets);
            *known = Some(Arc::clone(&self.published));
        });
        tracing::info!(secrets = ?self.published, "the values of secrets changed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::runtime::secrets::{SecretStore, SecretsHandle};
    use crate::runtime::tasks::Tasks;

    /// So long a test waits for what must happen.
    const LONG: Duration = Duration::from_secs(30);

    struct Kept {
        directory: tempfile::TempDir,
        tasks: Tasks,
        secret_store: SecretStore,
        out: mpsc::Sender<Observation>,
        observations: mpsc::Receiver<Observation>,
    }

    impl Kept {
        /// In real time, which commands take: everything is done often.
        fn new() -> Self {
            Self::at(RenewalPace { look: Duration::from_millis(10), file: 1, command: 1, longest: 4, refused: 1 })
        }

        fn at(pace: RenewalPace) -> Self {
            let (out, observations) = mpsc::channel(16);
            let secret_store = SecretStore { pace, ..SecretStore::default() };
            let directory = tempfile::tempdir().unwrap();
            Self { directory, tasks: Tasks::new(out.clone()), secret_store, out, observations }
        }

        fn fill(&mut self, name: &str, source: SecretSource) -> SecretsHandle {
            let secrets = BTreeMap::from([(Name::from(name), source)]);
            let config = Arc::new(Config { secrets, ..Config::default() });
            self.secret_store.fill(&mut self.tasks, &config, self.out.clone());
            self.secret_store.secrets_handle()
        }

        fn path(&self, name: &str) -> std::path::PathBuf {
            self.directory.path().join(name)
        }

        async fn write(&self, name: &str, text: &str) {
            tokio::fs::write(self.path(name), text).await.unwrap();
        }

        async fn warning(&mut self) -> String {
            match tokio::time::timeout(LONG, self.observations.recv()).await.expect("warns in time") {
                Some(Observation::Warning { text, .. }) => text.to_string(),
                other => panic!("not a warning: {other:?}"),
            }
        }
    }

    /// The secrets, once `name` has this value.
    async fn with_value(secrets_handle: &mut SecretsHandle, name: &str, value: &str) -> Arc<Secrets> {
        let wait = async {
            loop {
                let secrets = secrets_handle.secrets().await;
                if secrets.get(name) == Some(value) {
                    return secrets;
                }
                secrets_handle.rotated(&secrets).await;
            }
        };
        tokio::time::timeout(LONG, wait).await.expect("has the value in time")
    }

    #[tokio::test(start_paused = true)]
    async fn a_rotated_file_is_read_again_and_the_former_value_stays_masked() {
        let mut kept = Kept::at(RenewalPace::default());
        kept.write("token", "first-value\n").await;
        let mut secrets_handle = kept.fill("token", SecretSource::File(kept.path("token")));
        with_value(&mut secrets_handle, "token", "first-value").await;
        // As Kubernetes and SecretStore do it, and as a person does.
        kept.write("next", "second-value\n").await;
        tokio::fs::rename(kept.path("next"), kept.path("token")).await.unwrap();
        with_value(&mut secrets_handle, "token", "second-value").await;
        kept.write("token", "third-and-longer\n").await;
        let secrets = with_value(&mut secrets_handle, "token", "third-and-longer").await;
        let shown = Redactor::from(&*secrets).redact("first-value second-value third-and-longer").into_owned();
        assert_eq!(shown, "*** *** ***");
        kept.tasks.end(LONG).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_missing_at_first_or_for_a_while_is_read_when_it_is_there() {
        let mut kept = Kept::at(RenewalPace::default());
        let mut secrets_handle = kept.fill("token", SecretSource::File(kept.path("token")));
        assert!(kept.warning().await.contains("can't be read"));
        kept.write("token", "first-value").await;
        with_value(&mut secrets_handle, "token", "first-value").await;
        tokio::fs::remove_file(kept.path("token")).await.unwrap();
        let warning = kept.warning().await;
        assert!(warning.contains("the previous value stays in use"), "{warning}");
        assert_eq!(secrets_handle.secrets().await.get("token"), Some("first-value"));
        kept.write("token", "second-value").await;
        with_value(&mut secrets_handle, "token", "second-value").await;
        kept.tasks.end(LONG).await;
    }

    #[tokio::test]
    async fn a_command_is_run_again_when_it_failed_and_when_its_value_was_refused() {
        let mut kept = Kept::new();
        let argv = ["/bin/cat".to_owned(), kept.path("store").display().to_string()].to_vec();
        let mut secrets_handle = kept.fill("token", SecretSource::Command(argv));
        assert!(kept.warning().await.contains("failed"));
        kept.write("store", "first-value").await;
        let secrets = with_value(&mut secrets_handle, "token", "first-value").await;
        kept.write("store", "second-value").await;
        // Not by itself: it may ask a person for a passphrase.
        assert!(tokio::time::timeout(Duration::from_millis(100), secrets_handle.rotated(&secrets)).await.is_err());
        secrets.report_refused(["another", "token"]);
        with_value(&mut secrets_handle, "token", "second-value").await;
        kept.tasks.end(LONG).await;
    }

    #[tokio::test]
    async fn a_secret_that_takes_its_time_delays_no_other() {
        let mut kept = Kept::new();
        kept.write("token", "first-value").await;
        let hanging = SecretSource::Command(["/bin/sleep", "300"].map(str::to_owned).to_vec());
        let file = SecretSource::File(kept.path("token"));
        let secrets = BTreeMap::from([(Name::from("slow"), hanging), (Name::from("token"), file)]);
        let config = Arc::new(Config { secrets, ..Config::default() });
        kept.secret_store.fill(&mut kept.tasks, &config, kept.out.clone());
        let mut latest = kept.secret_store.secrets_handle().latest();
        for value in ["first-value", "second-value"] {
            kept.write("token", value).await;
            let there =
                latest.wait_for(|secrets| secrets.as_ref().is_some_and(|secrets| secrets.get("token") == Some(value)));
            let secrets = tokio::time::timeout(LONG, there).await.expect("in time").unwrap().clone().unwrap();
            assert!(secrets.is_pending("slow") && !secrets.are_settled(), "it waited for the other");
        }
        kept.tasks.end(LONG).await;
    }

    #[tokio::test]
    async fn a_keeper_that_was_started_again_forgets_no_value() {
        let (latest, _kept) = watch::channel(None);
        let path = tempfile::tempdir().unwrap();
        let sources = BTreeMap::from([("token".into(), SecretSource::File(path.path().join("none")))]);
        let mut first = Keeper::new(&sources, &BTreeMap::new(), &Arc::default(), RenewalPace::default());
        let mut again = first.clone();
        for value in ["first-value", "second-value"] {
            let kept = first.kept.get_mut("token").unwrap();
            (kept.value, kept.age) = (Some(value.to_owned()), Some(0));
            first.publish(&latest);
        }
        drop(first);
        again.publish(&latest);
        let secrets = latest.borrow().clone().unwrap();
        assert!(secrets.is_pending("token"));
        assert_eq!(Redactor::from(&*secrets).redact("first-value second-value"), "*** ***");
    }

    #[tokio::test]
    async fn a_reload_forgets_no_value_whatever_becomes_of_the_secret() {
        let mut kept = Kept::new();
        kept.write("token", "first-value").await;
        let mut secrets_handle = kept.fill("token", SecretSource::File(kept.path("token")));
        with_value(&mut secrets_handle, "token", "first-value").await;
        let hanging = SecretSource::Command(["/bin/sleep", "300"].map(str::to_owned).to_vec());
        let gone = SecretSource::Command(vec!["/no/such/manager".to_owned()]);
        for (name, source) in
            [("token", hanging), ("token", gone), ("another", SecretSource::Inline("other-value".into()))]
        {
            let latest = kept.fill(name, source).latest();
            let secrets = latest.borrow().clone().unwrap();
            assert_eq!(secrets.get("token"), None);
            assert_eq!(Redactor::from(&*secrets).redact("a first-value"), "a ***", "{name}");
        }
        kept.tasks.end(LONG).await;
    }

    #[tokio::test]
    async fn a_reload_keeps_a_value_only_where_the_secret_comes_from_the_same_place() {
        let mut kept = Kept::new();
        kept.write("token", "first-value").await;
        let mut secrets_handle = kept.fill("token", SecretSource::File(kept.path("token")));
        with_value(&mut secrets_handle, "token", "first-value").await;
        tokio::fs::remove_file(kept.path("token")).await.unwrap();
        let mut secrets_handle = kept.fill("token", SecretSource::File(kept.path("token")));
        assert_eq!(secrets_handle.secrets().await.get("token"), Some("first-value"));
        let mut secrets_handle = kept.fill("token", SecretSource::File(kept.path("elsewhere")));
        let secrets = secrets_handle.secrets().await;
        assert_eq!(secrets.get("token"), None);
        assert_eq!(Redactor::from(&*secrets).redact("first-value"), "***");
        kept.tasks.end(LONG).await;
    }
}
