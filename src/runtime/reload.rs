//! Reading the configuration again when its files change.
//!
//! The files are looked at once a second instead of watched: it costs a few system calls, and unlike watching it
//! also works over NFS, on bind mounts and behind swapped links, and a busy log beside the configuration causes no wake-ups.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::tasks::Tasks;
use crate::config::Config;
use crate::config::load::look::{ConfigWatcher, Fingerprint};
use crate::lang::diagnostic::Diagnostic;

/// What reading gave: a whole new configuration with its warnings, or every problem.
pub(crate) type Loaded = Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>>;

/// The way to read the running configuration again, with the options of the command line in it.
#[derive(Clone)]
pub struct Loader {
    read: Arc<dyn Fn() -> Loaded + Send + Sync>,
    look: ConfigWatcher,
    /// The files just before the running configuration was read.
    seen: Fingerprint,
}

impl Loader {
    /// For the configuration in `main`, to be made before it is read for the first time: what changes from then on
    /// is noticed. `read` may block. Blocking.
    pub fn new(main: &Path, read: impl Fn() -> Loaded + Send + Sync + 'static) -> Self {
        let mut look = ConfigWatcher::new(main);
        let seen = look.now();
        Self { read: Arc::new(read), look, seen }
    }
}

/// A reload that came by itself, or that a person asked for (and then gets an answer though nothing changed).
#[derive(Debug)]
pub(crate) struct Reload {
    /// What was read.
    pub loaded: Loaded,
    /// Whether a person asked.
    pub asked: bool,
}

/// How long each step takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReloadPace {
    /// Between two looks at the files.
    pub look: Duration,
    /// Editors write in several steps: files that changed must have been still for so long.
    pub still: Duration,
    /// A file that is gone or empty may be about to be written: it must have been so for this long.
    pub gone: Duration,
    /// Files that never are still are read after so long all the same; where some are gone or empty, only after [`Self::gone`]
    /// beyond it.
    pub longest: Duration,
    /// A rejected configuration is tried again so often though no change shows: what was wrong may lie elsewhere.
    pub again: Duration,
}

impl Default for ReloadPace {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
            still: Duration::from_millis(200),
            gone: Duration::from_secs(2),
            longest: Duration::from_secs(2),
            again: Duration::from_secs(10),
        }
    }
}

/// Watches the configuration's files until the token is cancelled. Every change is sent, good or rejected.
pub(crate) fn watch(
    tasks: &mut Tasks,
    token: CancellationToken,
    loader: &Loader,
    pace: ReloadPace,
    out: mpsc::Sender<Reload>,
) {
    let loader = loader.clone();
    tasks.supervise("reloading", token, move |token| {
        let (watch, out) = (Watch::new(loader.clone(), pace), out.clone());
        async move {
            tokio::select! {
                () = token.cancelled() => {}
                () = watch.run(&out) => {}
            }
        }
    });
}

/// Reads once, now, because a person asked.
pub(crate) fn now(tasks: &mut Tasks, loader: &Loader, out: mpsc::Sender<Reload>) {
    let loader = loader.clone();
    tasks.once("reloading", async move {
        if let Some(loaded) = load(&loader).await {
            // The receiver is gone only if the console is ending.
            out.send(Reload { loaded, asked: true }).await.ok();
        }
    });
}

async fn load(loader: &Loader) -> Option<Loaded> {
    let read = Arc::clone(&loader.read);
    tokio::task::spawn_blocking(move || read()).await.ok()
}

struct Watch {
    loader: Loader,
    pace: ReloadPace,
    /// The files as they were when they were read last.
    known: Fingerprint,
    /// Why the last reading was rejected.
    rejected: Option<Vec<Diagnostic>>,
}

impl Watch {
    fn new(loader: Loader, pace: ReloadPace) -> Self {
        let known = loader.seen.clone();
        Self { loader, pace, known, rejected: None }
    }

    async fn run(mut self, out: &mpsc::Sender<Reload>) {
        let mut quiet = Duration::ZERO;
        loop {
            tokio::time::sleep(self.pace.look).await;
            quiet += self.pace.look;
            let changed = match self.look().await {
                seen if seen == self.known => false,
                seen => self.settle(seen).await,
            };
            let again = self.rejected.is_some() && quiet >= self.pace.again;
            if !changed && !again {
                continue;
            }
            quiet = Duration::ZERO;
            let Some(loaded) = load(&self.loader).await else { continue };
            let problems = loaded.as_ref().err().cloned();
            // Trying again is not worth a word until something else comes of it.
            let known = !changed && problems == self.rejected;
            self.rejected = problems;
            if !known && out.send(Reload { loaded, asked: false }).await.is_err() {
                return;
            }
        }
    }

    async fn look(&mut self) -> Fingerprint {
        let mut look = self.loader.look.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let seen = look.now();
            (look, seen)
        });
        match looked.await {
            Ok((look, seen)) => {
                self.loader.look = look;
                seen
            }
            // The console is ending.
            Err(_) => self.known.clone(),
        }
    }

    /// Waits until the files are still; whether they are other ones than those that were read.
    async fn settle(&mut self, mut seen: Fingerprint) -> bool {
        let (mut still, mut all) = (Duration::ZERO, Duration::ZERO);
        loop {
            let pace = &self.pace;
            let (enough, longest) = if lacks(&self.known, &seen) {
                (pace.gone, pace.longest + pace.gone)
            } else {
                (pace.still, pace.longest)
            };
            if still >= enough || all >= longest {
                break;
            }
            tokio::time::sleep(self.pace.still).await;
            all += self.pace.still;
            let now = self.look().await;
            still = if now == seen { still + self.pace.still } else { Duration::ZERO };
            seen = now;
        }
        std::mem::replace(&mut self.known, seen) != self.known
    }
}

/// Whether a file went or was emptied.
fn lacks(known: &Fingerprint, seen: &Fingerprint) -> bool {
    known.iter().any(|(path, before)| match (before, seen.get(path).copied().flatten()) {
        (Some(before), Some(after)) => after.length == 0 && before.length > 0,
        (Some(_), None) => true,
        (None, _) => false,
    })
}

#[expect(clippy::disallowed_methods, reason = "lays out the files of a configuration")]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use tokio::time::Instant;

    use super::*;
    use crate::config::load;
    use crate::model::observation::Observation;

    /// So long a test waits for what must happen.
    const LONG: Duration = Duration::from_secs(30);
    const CHECK: &str = "http = \"http://127.0.0.1:1/\"\n";

    /// A configuration that is watched, with what a console would be sent.
    struct Watched {
        root: tempfile::TempDir,
        tasks: Tasks,
        reloads: mpsc::Receiver<Reload>,
        _kept: mpsc::Receiver<Observation>,
    }

    impl Watched {
        fn new(main: &str, prepare: impl Fn(&Path)) -> Self {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("opsroom.toml");
            fs::write(&path, main).unwrap();
            prepare(root.path());
            let file = path.clone();
            let loader = Loader::new(&path, move || load::load_again(&file).accepted());
            let (observations, kept) = mpsc::channel(4);
            let (out, reloads) = mpsc::channel(4);
            let mut tasks = Tasks::new(observations);
            let token = tasks.token();
            watch(&mut tasks, token, &loader, ReloadPace::default(), out);
            Self { root, tasks, reloads, _kept: kept }
        }

        fn at(&self, name: &str) -> PathBuf {
            self.root.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.at(name), text).unwrap();
        }

        /// The names of the checks of the next configuration, or the first problem.
        async fn next(&mut self) -> Result<Vec<String>, String> {
            let reload = tokio::time::timeout(LONG, self.reloads.recv()).await.expect("reloads in time").unwrap();
            assert!(!reload.asked);
            match reload.loaded {
                Ok((config, _)) => Ok(config.checks.iter().map(|check| check.name.to_string()).collect()),
                Err(problems) => Err(problems[0].message.clone()),
            }
        }

        /// The next configuration is this one, so long after now.
        async fn reads(&mut self, names: &[&str], after: Duration) {
            let began = Instant::now();
            assert_eq!(self.next().await.unwrap(), names);
            assert_eq!(began.elapsed(), after);
        }
    }

    /// A look, and what was written is still: so long after a change it is read.
    fn soon() -> Duration {
        ReloadPace::default().look + ReloadPace::default().still
    }

    /// As [`soon`], for what is gone or empty.
    fn late() -> Duration {
        ReloadPace::default().look + ReloadPace::default().gone
    }

    fn check(name: &str) -> String {
        format!("[check.{name}]\n{CHECK}")
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_of_a_pattern_may_come_and_go_and_reloading_goes_on() {
        let main = format!("include = [\"conf.d/*.toml\"]\n{}", check("main"));
        let mut watched = Watched::new(&main, |_| {});
        // The directory and the first file of an empty pattern.
        fs::create_dir(watched.at("conf.d")).unwrap();
        watched.write("conf.d/a.toml", &check("a"));
        watched.reads(&["main", "a"], soon()).await;
        watched.write("conf.d/b.toml", &check("b"));
        watched.reads(&["main", "a", "b"], soon()).await;
        fs::remove_file(watched.at("conf.d/a.toml")).unwrap();
        watched.reads(&["main", "b"], late()).await;
        watched.write("conf.d/b.toml", &check("changed"));
        watched.reads(&["main", "changed"], soon()).await;
        fs::remove_dir_all(watched.at("conf.d")).unwrap();
        watched.reads(&["main"], late()).await;
        watched.write("opsroom.toml", &main.replace("check.main", "check.still-read"));
        watched.reads(&["still-read"], soon()).await;
        watched.tasks.end(LONG).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_swapped_link_is_followed() {
        let mut watched = Watched::new("include = [\"conf.d/**/*.toml\"]\n", |root| {
            fs::create_dir_all(root.join("conf.d/..1")).unwrap();
            fs::write(root.join("conf.d/..1/c.toml"), check("one")).unwrap();
            symlink("..1", root.join("conf.d/..data")).unwrap();
            symlink("..data/c.toml", root.join("conf.d/c.toml")).unwrap();
        });
        for (version, before) in [("..2", "..1"), ("..3", "..2")] {
            let name = format!("version{version}").replace("..", "");
            fs::create_dir(watched.at("conf.d").join(version)).unwrap();
            fs::write(watched.at("conf.d").join(version).join("c.toml"), check(&name)).unwrap();
            symlink(version, watched.at("conf.d/..new")).unwrap();
            fs::rename(watched.at("conf.d/..new"), watched.at("conf.d/..data")).unwrap();
            fs::remove_dir_all(watched.at("conf.d").join(before)).unwrap();
            watched.reads(&[&name], soon()).await;
        }
        watched.tasks.end(LONG).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_main_file_may_be_replaced_emptied_broken_and_gone() {
        let mut watched = Watched::new(&check("first"), |_| {});
        // As an editor saves: beside, then renamed over.
        watched.write(".opsroom.toml.swp", &check("renamed"));
        fs::rename(watched.at(".opsroom.toml.swp"), watched.at("opsroom.toml")).unwrap();
        assert_eq!(watched.next().await.unwrap(), ["renamed"]);
        watched.write("opsroom.toml", "[check.x\n");
        assert!(watched.next().await.is_err());
        watched.write("opsroom.toml", &check("good-again"));
        watched.reads(&["good-again"], soon()).await;
        watched.write("opsroom.toml", "");
        assert_eq!(watched.next().await.unwrap_err(), "this file is empty");
        watched.write("opsroom.toml", &check("filled"));
        watched.reads(&["filled"], soon()).await;
        fs::remove_file(watched.at("opsroom.toml")).unwrap();
        assert_eq!(watched.next().await.unwrap_err(), "this file does not exist");
        watched.write("opsroom.toml", &check("back"));
        watched.reads(&["back"], soon()).await;
        watched.tasks.end(LONG).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_away_for_a_moment_is_not_taken_for_gone() {
        let main = format!("include = [\"conf.d/*.toml\"]\n{}", check("main"));
        let mut watched = Watched::new(&main, |root| {
            fs::create_dir(root.join("conf.d")).unwrap();
            fs::write(root.join("conf.d/a.toml"), check("a")).unwrap();
        });
        // Longer than a look, shorter than what counts as gone.
        fs::rename(watched.at("conf.d/a.toml"), watched.at("conf.d/a.toml~")).unwrap();
        tokio::time::sleep(late().saturating_sub(Duration::from_millis(1))).await;
        watched.write("conf.d/a.toml", &check("saved"));
        assert_eq!(watched.next().await.unwrap(), ["main", "saved"]);
        watched.tasks.end(LONG).await;
    }

    #[tokio::test(start_paused = true)]
    async fn files_that_are_saved_all_the_time_are_read_within_a_few_seconds() {
        let mut watched = Watched::new(&check("main"), |_| {});
        let (file, pace) = (watched.at("opsroom.toml"), ReloadPace::default());
        let saving = async {
            for number in 0.. {
                let beside = file.with_extension("new");
                fs::write(&beside, format!("{}#{}\n", check("saved"), ".".repeat(number))).unwrap();
                fs::rename(&beside, &file).unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let began = Instant::now();
        tokio::select! {
            () = saving => {}
            read = watched.next() => assert_eq!(read.unwrap(), ["saved"]),
        }
        assert!(began.elapsed() <= pace.look + pace.longest + pace.still, "after {:?}", began.elapsed());
        watched.tasks.end(LONG).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_rejected_configuration_is_tried_again_though_no_file_of_it_changes() {
        let main = format!("include = [\"conf.d/*.toml\"]\n{}", check("main"));
        let mut watched = Watched::new(&main, |root| fs::create_dir(root.join("conf.d")).unwrap());
        // A directory that can't be read, for root too.
        fs::remove_dir(watched.at("conf.d")).unwrap();
        symlink("conf.d", watched.at("conf.d")).unwrap();
        watched.write("opsroom.toml", &format!("{main}{}", check("other")));
        let problem = watched.next().await.unwrap_err();
        assert!(problem.contains("can't be read"), "{problem}");
        fs::remove_file(watched.at("conf.d")).unwrap();
        assert_eq!(watched.next().await.unwrap(), ["main", "other"]);
        watched.tasks.end(LONG).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_is_answered_though_nothing_changed() {
        let mut watched = Watched::new(&check("main"), |_| {});
        let file = watched.at("opsroom.toml");
        let loader = Loader::new(&file.clone(), move || load::load(&file).accepted());
        let (out, mut reloads) = mpsc::channel(1);
        now(&mut watched.tasks, &loader, out);
        assert!(reloads.recv().await.unwrap().asked);
        watched.tasks.end(LONG).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_before_the_watch_began_is_noticed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("opsroom.toml");
        fs::write(&path, check("first")).unwrap();
        let file = path.clone();
        let loader = Loader::new(&path, move || load::load(&file).accepted());
        fs::write(&path, check("second-and-longer")).unwrap();
        let (observations, _kept) = mpsc::channel(4);
        let (out, mut reloads) = mpsc::channel(4);
        let mut tasks = Tasks::new(observations);
        let token = tasks.token();
        watch(&mut tasks, token, &loader, ReloadPace::default(), out);
        let reload = tokio::time::timeout(LONG, reloads.recv()).await.unwrap().unwrap();
        assert_eq!(&*reload.loaded.unwrap().0.checks[0].name, "second-and-longer");
        tasks.end(LONG).await;
    }
}
