//! The child in which programs run.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::Child;

use super::frame::{MAX_FRAME, Reply};
use super::worker::DEADLINE;

/// How much longer than the child itself we wait for it.
const SLACK: Duration = Duration::from_secs(3);

/// The program that has [`super::worker::main`] behind `__jq`.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Says which program to start as the child: this one. Called once, by whatever has the command line.
pub fn use_program(program: PathBuf) {
    // A second call names the same program.
    let _ = PROGRAM.set(program);
}

/// How a request went.
#[derive(Debug)]
pub(super) enum Answered {
    /// There is a reply.
    Replied(Reply),
    /// There was none within the patience; the child is still at it.
    Late,
}

/// A child that runs programs. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Process {
    stream: UnixStream,
    _child: Option<Child>,
}

impl Process {
    pub(super) fn start() -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("no process to run the expression in: {error}");
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        let child = spawn(theirs).map_err(failed)?;
        Ok(Self { stream: UnixStream::from_std(ours).map_err(failed)?, _child: child })
    }

    /// Sends a request and waits for the reply, for `patience` where it is given. `None` where the child is gone or does
    /// not answer at all.
    pub(super) async fn ask(&mut self, request: &[u8], patience: Option<Duration>) -> Option<Answered> {
        let exchange = async {
            self.stream.write_all(request).await.ok()?;
            let length = usize::try_from(self.stream.read_u32_le().await.ok()?).ok()?;
            if length > MAX_FRAME {
                return None;
            }
            let mut reply = vec![0; length];
            self.stream.read_exact(&mut reply).await.ok()?;
            serde_json::from_slice(&reply).ok()
        };
        match tokio::time::timeout(patience.unwrap_or(DEADLINE + SLACK), exchange).await {
            Ok(reply) => reply.map(Answered::Replied),
            Err(_) => patience.map(|_| Answered::Late),
        }
    }
}

/// Our own program behind the socket, which is its standard input. It has a process group of its own, so that ^C in
/// the terminal is ours alone, and nothing of our environment.
#[cfg(not(test))]
fn spawn(theirs: std::os::unix::net::UnixStream) -> std::io::Result<Option<Child>> {
    use std::os::fd::OwnedFd;
    use std::path::Path;
    use std::process::Stdio;

    use crate::process::Invocation;

    let program = PROGRAM.get().ok_or_else(|| std::io::Error::other("the program does not know its own path"))?;
    let worker = Invocation::new(program).called("opsroom").args(["__jq"]).in_empty_environment();
    let worker = worker.directory(Path::new("/"));
    worker.spawn_bound(Stdio::from(OwnedFd::from(theirs)), Stdio::null(), Stdio::null()).map(Some)
}

/// A test binary has no command line of ours: a thread does the same there. `tests/it/jq.rs` has the real child.
#[cfg(test)]
fn spawn(theirs: std::os::unix::net::UnixStream) -> std::io::Result<Option<Child>> {
    std::thread::Builder::new().spawn(move || super::worker::serve(theirs)).map(|_| None)
}
