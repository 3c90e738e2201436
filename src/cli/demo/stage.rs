//! Sets the demo's stage: a folder of its own with configuration, logs and backups, a server, and a journal writer.

#![expect(clippy::disallowed_methods, reason = "the demo keeps real files in a folder of its own")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc, Weekday};
use tokio::net::TcpListener;

use super::server::{Shared, bind, serve};
use super::world::DemoWorld;
use super::{backup, company, journal, past};
use crate::clock::Clock;
use crate::model::fact::login_of;
use crate::runtime::identity::Identity;

/// The configuration, with places for the address, the folder and our own program.
const CONFIG: &str = include_str!("demo.toml");
/// The runbook that its services name.
pub(crate) const RUNBOOK: &str = include_str!("RUNBOOK.md");
/// A log file is renamed to `.1` past this size, as logrotate would.
const ROTATE_AT: u64 = 128 * 1024;

/// A prepared demo. Dropping it removes its folder, but for what a person saved there.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The folder: `opsroom.toml`, `logs/`, `backups/`, and the console's state.
    pub directory: PathBuf,
    shared: Shared,
    listener: Option<TcpListener>,
    started: DateTime<Utc>,
    /// Whether the console uses the demo's own store: a person's own is given no past and no colleague.
    has_store: bool,
}

impl Stage {
    /// Writes the folder and binds the server; with `has_store` also a store with a past.
    ///
    /// # Errors
    /// When the temporary directory can't be written or loopback has no port.
    pub(crate) async fn set(seed: u64, executable: &Path, has_store: bool) -> io::Result<Self> {
        let world = DemoWorld::new(seed);
        let directory = private_directory()?;
        let (listener, address) = bind().await?;
        fs::create_dir_all(directory.join("logs"))?;
        backup::write(&directory.join("backups"), &world)?;
        let config = directory.join("opsroom.toml");
        let started = Clock::start().now().utc;
        let player = Identity::present().who;
        fs::write(&config, configuration(address, &directory, executable, (login_of(&player), started)))?;
        fs::write(directory.join("RUNBOOK.md"), RUNBOOK)?;
        past::write_logs(&directory.join("logs"), seed, started)?;
        let state = directory.join(STATE);
        fs::DirBuilder::new().mode(0o700).create(&state)?;
        if has_store {
            past::remember(&state, seed, started).await.map_err(io::Error::other)?;
        }
        Ok(Self { directory, shared: Shared::new(world), listener: Some(listener), started, has_store })
    }

    /// Serves the world and writes its logs until it is dropped. To be run once.
    pub(crate) async fn play(&mut self) {
        let Some(listener) = self.listener.take() else { return };
        let journal = keep_journal(self.shared.clone(), self.directory.join("logs"), self.started);
        let place = past::place(&self.directory.join(STATE));
        let colleague = async {
            if self.has_store {
                company::attend(place, self.started).await;
            }
        };
        tokio::join!(serve(listener, self.shared.clone()), journal, colleague);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The evidence that a person saved lies where they were told.
        let saved = saved(&self.directory);
        if !saved.exists() {
            let _ = fs::remove_dir_all(&self.directory);
            return;
        }
        for directory in [&self.directory, &self.directory.join(STATE)] {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                let path = entry.path();
                if !saved.starts_with(&path) {
                    let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                }
            }
        }
    }
}

/// Where a demo in `directory` keeps what a person saved.
pub(crate) fn saved(directory: &Path) -> PathBuf {
    directory.join(STATE).join("saved")
}

/// The configuration of a demo that starts at `started`, whose world answers at `address` and lies in `directory`. Who plays, by
/// the login name, is the first of the rotation: so they can hand their shift over.
pub(crate) fn configuration(
    address: SocketAddr,
    directory: &Path,
    executable: &Path,
    (player, started): (&str, DateTime<Utc>),
) -> String {
    // Whenever it starts, the first of the rotation has the shift of this week, which began on Monday at nine.
    let shift = (started - TimeDelta::hours(9)).date_naive().week(Weekday::Mon).first_day();
    let player = if player == COLLEAGUE { PLAYER } else { player };
    CONFIG
        .replace("@SHIFT@", &shift.to_string())
        .replace("@PLAYER@", &player.replace('\\', "\\\\"))
        .replace("@URL@", &format!("http://{address}"))
        .replace("@ADDRESS@", &address.to_string())
        .replace("@DIR@", &directory.display().to_string())
        .replace("@EXE@", &executable.display().to_string())
}

/// The two contacts of the demo.
const PLAYER: &str = "ops-a";
const COLLEAGUE: &str = "ops-b";

/// Where the console of the demo keeps its state, in the folder.
pub(crate) const STATE: &str = "state";

/// A new folder that only we can read.
fn private_directory() -> io::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("opsroom-demo-{}", std::process::id()));
    fs::DirBuilder::new().mode(0o700).create(&path)?;
    Ok(path)
}

/// Appends what the services log, second by second, and rotates.
async fn keep_journal(shared: Shared, directory: PathBuf, started: DateTime<Utc>) {
    let mut written = 0;
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    loop {
        ticks.tick().await;
        while written <= shared.age().as_secs() {
            let lines = shared.read(|world| journal::lines(world, started, written));
            for line in lines {
                // A full or vanished temporary directory ends the logs, not the demo.
                let _ = append(&directory.join(format!("{}.log", line.service)), &line.text);
            }
            written += 1;
        }
    }
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    if file.metadata()?.len() > ROTATE_AT {
        fs::rename(path, path.with_extension("log.1"))?;
        file = File::options().append(true).create(true).open(path)?;
    }
    writeln!(file, "{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_grows_is_rotated_by_rename() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("api.log");
        for _ in 0..3000 {
            append(&path, &"x".repeat(60)).unwrap();
        }
        assert!(directory.path().join("api.log.1").exists());
        assert!(fs::metadata(&path).unwrap().len() <= ROTATE_AT + 61);
    }

    #[tokio::test]
    async fn what_a_person_saved_stays_and_nothing_else() {
        let stage = Stage::set(1, Path::new("/bin/opsroom"), true).await.unwrap();
        let directory = stage.directory.clone();
        fs::create_dir(saved(&directory)).unwrap();
        fs::write(saved(&directory).join("logs.txt"), "x").unwrap();
        drop(stage);
        let left = |at: &Path| fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        assert_eq!(left(&directory), [directory.join(STATE)]);
        assert_eq!(left(&directory.join(STATE)), [saved(&directory)]);
        assert_eq!(left(&saved(&directory)), [saved(&directory).join("logs.txt")]);
        fs::remove_dir_all(&directory).unwrap();
    }

    fn config(started: &str) -> crate::config::Config {
        let (address, started) = ("127.0.0.1:4000".parse().unwrap(), started.parse().unwrap());
        let text = configuration(address, Path::new("/tmp/demo"), Path::new("/bin/opsroom"), ("corp\\zoe", started));
        let loaded = crate::config::load::load_text(Path::new("/tmp/demo/opsroom.toml"), &text);
        assert!(loaded.diagnostics.is_empty(), "{:#?}", loaded.diagnostics);
        loaded.config.unwrap()
    }

    #[test]
    fn the_configuration_has_no_problem() {
        let config = config("2026-11-21T02:40:00Z");
        assert_eq!((config.actions.len(), config.slos.len()), (4, 2));
        assert_eq!(config.contact_of("corp\\zoe").map(|contact| &*contact.id), Some(PLAYER));
    }

    #[test]
    fn the_same_person_is_on_call_whenever_it_starts() {
        for started in ["2026-11-21T02:40:00Z", "2026-11-23T08:59:59Z", "2026-11-23T09:00:00Z", "2027-01-01T12:00:00Z"]
        {
            let (config, started) = (config(started), started.parse().unwrap());
            let rotation = &config.oncall.as_ref().unwrap().rotation;
            let (until, next) = rotation.next_change(started).unwrap();
            assert_eq!((&**rotation.who(started), &**next), ("ops-a", "ops-b"), "{started}");
            assert_eq!(until.format("%a %H:%M").to_string(), "Mon 09:00");
        }
    }
}
