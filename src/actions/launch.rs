//! Starting the supervisor.

use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Child;

use super::files;
use super::handover::Handover;
use super::intent::RunIntent;
use super::rundir::RunDir;
use crate::process::Invocation;

/// A run directory whose `alive` is locked by us. The lock goes over to the supervisor; dropped before that, the run
/// counts as never started.
#[derive(Debug)]
pub struct PreparedRun {
    dir: RunDir,
    alive: File,
}

impl PreparedRun {
    /// Makes the directory of the run `id` below `runs`, locked. This comes before the intent is stored, so that no
    /// other console can take a run that is just beginning for one whose console died.
    ///
    /// # Errors
    /// `AlreadyExists` where the id is taken; as the system says.
    pub fn new(runs: &Path, id: &str) -> io::Result<Self> {
        files::private_directory(runs)?;
        let dir = RunDir::new(runs.join(id));
        files::new_directory(dir.path())?;
        let alive = files::append(&dir.alive())?;
        alive.lock()?;
        Ok(Self { dir, alive })
    }

    /// The directory of a run whose supervisor died, locked again. `None` where somebody holds it: it lives.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn again(dir: RunDir) -> io::Result<Option<Self>> {
        let alive = files::append(&dir.alive())?;
        match alive.try_lock() {
            Ok(()) => Ok(Some(Self { dir, alive })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The directory.
    pub fn dir(&self) -> &RunDir {
        &self.dir
    }

    /// Says that the first step is about to run, by us and without a supervisor: without that nothing ran.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn begun(&mut self) -> io::Result<()> {
        self.alive.write_all(b"began\n")?;
        self.alive.sync_all()
    }

    /// Removes the directory of a run that was refused.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn discard(&self) -> io::Result<()> {
        std::fs::remove_file(self.dir.alive())?;
        std::fs::remove_dir(self.dir.path())
    }

    /// Removes the directory of a run that is over, with all that is in it, while nobody else can take it up again.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn remove(self) -> io::Result<()> {
        std::fs::remove_dir_all(self.dir.path())
    }

    /// Writes the intent, which must be there before the supervisor is.
    ///
    /// # Errors
    /// As the system says.
    pub fn write_intent(&self, intent: &RunIntent) -> io::Result<()> {
        self.dir.write_intent(intent)
    }

    /// Starts the supervisor, which is `program __run DIR`, and hands it the lock and the secrets.
    ///
    /// The lock travels as the supervisor's stdout: it then lasts exactly as long as the supervisor, with no process
    /// ids to be reused and no moment in between. Its children get pipes in that place.
    ///
    /// # Errors
    /// As the system says. Where the supervisor was not started, nothing ran; where it was and the handover broke off,
    /// it refuses the run by itself.
    pub async fn launch(self, program: &Path, handover: &Handover) -> io::Result<(RunDir, Child)> {
        let sealed = handover.seal()?;
        let complaints = files::append(&self.dir.complaints())?;
        let supervisor = Invocation::new(program).args(["__run".as_ref(), self.dir.path().as_os_str()]);
        let supervisor = supervisor.directory(Path::new("/")).in_our_environment();
        let mut child = supervisor.spawn(Stdio::piped(), Stdio::from(self.alive), Stdio::from(complaints))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A supervisor that reads no more has refused or died, and that is for the run's directory to say.
            if let Err(error) = stdin.write_all(&sealed).await {
                tracing::warn!(%error, "the supervisor did not read its handover");
            }
            stdin.shutdown().await.ok();
        }
        Ok((self.dir, child))
    }
}

/// The program to start as the supervisor: this one. On Linux by its link in `/proc`, which still works after the
/// file was replaced by an upgrade.
pub(crate) fn own_program() -> PathBuf {
    let link = Path::new("/proc/self/exe");
    if link.exists() { link.to_owned() } else { std::env::current_exe().unwrap_or_else(|_| PathBuf::from("opsroom")) }
}
