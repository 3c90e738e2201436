//! Consoles on one store, without a terminal.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use opsroom::app::state::State;
use opsroom::clock::Clock;
use opsroom::model::effect::StartRun;
use opsroom::model::run::Plan;
use opsroom::runtime::core::{ConsolePart, StartOptions};
use opsroom::runtime::headless::{Headless, LoopEnd};
use opsroom::runtime::runs::RunService;

use super::app::config;
use super::plans;

/// One store, and who is on it.
pub struct Shared {
    pub at: tempfile::TempDir,
}

impl Shared {
    pub fn new() -> Self {
        Self { at: tempfile::tempdir().unwrap() }
    }

    /// What the console of `who` noted of how far the store was.
    pub fn heads_of(&self, who: &str) -> Option<serde_json::Value> {
        let files = std::fs::read_dir(self.state_of(who).join("heads")).ok()?.flatten();
        let path = files.map(|file| file.path()).find(|path| path.extension().is_some_and(|kind| kind == "json"))?;
        let heads: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let mut places = heads["places"].as_object()?.values();
        places.next().map(|place| place["chain"].clone())
    }

    pub fn state_of(&self, who: &str) -> PathBuf {
        self.at.path().join(who)
    }

    pub fn store(&self) -> String {
        format!("sqlite:{}", self.at.path().join("shared.db").display())
    }

    pub fn console(&self, who: &str, text: &str) -> Headless {
        let start = StartOptions {
            clock: Clock::start(),
            config: config(text),
            loader: None,
            warnings: Vec::new(),
            store: Some(self.store()),
            part: ConsolePart::ActsForAll,
            state_directory: self.state_of(who),
            record: None,
        };
        Headless::start(start, (80, 24))
    }

    pub async fn run_service(&self, who: &str) -> RunService {
        let opened = RunService::open(Some(&self.store()), &self.state_of(who), Clock::start()).await.unwrap();
        opened.with_program(env!("CARGO_BIN_EXE_opsroom"))
    }

    /// Moves the files of the store, as whoever unmounts their directory does.
    pub fn moved(&self, from: &str, to: &str) {
        for suffix in ["", "-wal", "-shm"] {
            let [from, to] = [from, to].map(|name| self.at.path().join(format!("{name}{suffix}")));
            std::fs::rename(from, to).ok();
        }
    }

    /// Accepts what lies in the place of the store, in the state directory of `opsroom`.
    pub fn accept(&self) {
        let accepted = std::process::Command::new(env!("CARGO_BIN_EXE_opsroom"))
            .args(["--store", &self.store(), "audit", "verify", "--accept", "--why", "restored"])
            .current_dir(self.at.path())
            .env("HOME", self.at.path())
            .env("XDG_STATE_HOME", self.at.path())
            .env_remove("OPSROOM_CONFIG")
            .output()
            .unwrap();
        assert!(accepted.status.success(), "{accepted:?}");
    }
}

/// An action that ends when the file is there.
pub fn waits_for(file: &Path) -> StartRun {
    let script = format!("while ! [ -e '{}' ]; do sleep 0.02; done", file.display());
    plans::confirmed(Plan { timeout: Duration::from_mins(1), ..plans::plan(Path::new("/"), &script) })
}

pub fn knows_the_store(state: &State) -> bool {
    state.world.knows_the_store()
}

pub async fn reaches(console: &mut Headless, what: &str, within: Duration, until: impl Fn(&State) -> bool) -> Duration {
    let from = Instant::now();
    let end = console.run(within, until).await;
    assert_eq!(end, LoopEnd::Reached, "waited in vain for {what}");
    from.elapsed()
}

/// Runs all of them until each has reached it; how long the slowest took.
pub async fn all_reach(consoles: &mut [Headless], what: &str, until: impl Fn(&State) -> bool + Copy) -> Duration {
    let all = consoles.iter_mut().map(|console| reaches(console, what, Duration::from_secs(30), until));
    futures_util::future::join_all(all).await.into_iter().max().unwrap_or_default()
}

pub const ONE: &str = "[console]\nname = \"one\"\n";

pub fn told(state: &State) -> Vec<String> {
    state.world.timeline.newest_first().map(|entry| entry.text.to_string()).rev().collect()
}
