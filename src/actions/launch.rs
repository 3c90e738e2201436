//! Starting the supervisor.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use super::files;
use super::rundir::{Handover, Intent, RunDir};

/// A run directory whose `alive` is locked by us. The lock goes over to the supervisor; dropped before that, the run
/// counts as never started.
#[derive(Debug)]
pub struct Prepared {
    dir: RunDir,
    alive: File,
}

impl Prepared {
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

    /// The directory.
    pub fn dir(&self) -> &RunDir {
        &self.dir
    }

    /// Removes the directory of a run that was refused.
    ///
    /// # Errors
    /// As the system says.
    pub fn discard(&self) -> io::Result<()> {
        std::fs::remove_file(self.dir.alive())?;
        std::fs::remove_dir(self.dir.path())
    }

    /// Starts the supervisor, which is `program __run DIR`, and hands it the lock and the secrets.
    ///
    /// The lock travels as the supervisor's stdout: it then lasts exactly as long as the supervisor, with no process
    /// ids to be reused and no moment in between. Its children get pipes in that place.
    ///
    /// # Errors
    /// As the system says; then nothing ran.
    pub async fn launch(self, program: &Path, intent: &Intent, handover: &Handover) -> io::Result<(RunDir, Child)> {
        self.dir.write_intent(intent)?;
        let complaints = files::append(&self.dir.complaints())?;
        let mut child = Command::new(program)
            .arg("__run")
            .arg(self.dir.path())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::from(self.alive))
            .stderr(Stdio::from(complaints))
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(&serde_json::to_vec(handover)?).await?;
            stdin.shutdown().await?;
        }
        Ok((self.dir, child))
    }
}

/// The program to start as the supervisor: this one. On Linux by its link in `/proc`, which still works after the
/// file was replaced by an upgrade.
pub fn own_program() -> PathBuf {
    let link = Path::new("/proc/self/exe");
    if link.exists() { link.to_owned() } else { std::env::current_exe().unwrap_or_else(|_| PathBuf::from("opsroom")) }
}
