//! Child processes of sources: argv and no shell unless asked for, a cleaned environment, a process group of their
//! own that is ended as a whole.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::config::sections::source::CommandLine;
use crate::model::document::PollError;
use crate::model::environment::clean;
use crate::model::secret::Secrets;
use crate::model::text::SafeText;

/// From TERM to KILL.
const GRACE: Duration = Duration::from_secs(1);
/// How often it is looked whether a child has ended, while it has its grace.
const LOOK: Duration = Duration::from_millis(20);

/// A process and everything it started. Dropped, it is killed.
#[derive(Debug)]
pub struct Group {
    child: Child,
    /// `None` once the leader has been waited for: its number may then belong to somebody else.
    leader: Option<Pid>,
}

impl Group {
    /// Starts a command; stdin is empty, stdout and stderr are pipes.
    ///
    /// # Errors
    /// Why it can't be started, in words.
    pub fn start(line: &CommandLine, secrets: &Secrets) -> Result<Self, PollError> {
        let mut command = match line.argv.split_first() {
            Some((script, _)) if line.shell => {
                let mut shell = Command::new("/bin/sh");
                shell.arg("-c").arg(script);
                shell
            }
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments);
                command
            }
            None => return Err(ours("the command is empty")),
        };
        command.env_clear().envs(clean(|name| std::env::var_os(name)));
        for (name, value) in &line.env {
            command.env(name, super::http::resolve(value, secrets)?);
        }
        if let Some(directory) = &line.directory {
            if !directory.is_dir() {
                return Err(ours(&format!("the directory {} is not there", directory.display())));
            }
            command.current_dir(directory);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.process_group(0).kill_on_drop(true).spawn().map_err(|error| {
            let program = line.argv.first().map_or("", String::as_str);
            ours(&match error.kind() {
                std::io::ErrorKind::NotFound => format!("{program} was not found: is it installed, and in PATH?"),
                std::io::ErrorKind::PermissionDenied => {
                    format!("{program} may not be executed: look at its permissions")
                }
                _ => format!("{program} could not be started: {error}"),
            })
        })?;
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { child, leader })
    }

    /// Its stdout and stderr, once.
    pub fn pipes(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits for the leader to end.
    ///
    /// # Errors
    /// As the system reports.
    pub async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.leader = None;
        status
    }

    /// TERM to all, a moment of grace, KILL to all. The leader is waited for at the very end: until then its number
    /// is the group's and nobody else's.
    pub async fn end(mut self) {
        self.signal(Signal::TERM);
        for _ in 0..GRACE.as_millis() / LOOK.as_millis() {
            if self.has_ended() {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        self.signal(Signal::KILL);
        // A leader in uninterruptible sleep outlives even that; it is not worth waiting for.
        let _ = tokio::time::timeout(GRACE, self.child.wait()).await;
        self.leader = None;
    }

    /// Whether the leader has ended, without taking its status away.
    fn has_ended(&self) -> bool {
        let Some(leader) = self.leader else { return true };
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(leader), look), Ok(None))
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader.filter(|leader| leader.as_raw_nonzero().get() > 1) {
            // A group that is gone is what was wanted.
            let _ = kill_process_group(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn ours(text: &str) -> PollError {
    PollError::Ours(SafeText::new(text))
}
