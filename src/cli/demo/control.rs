//! The demo's adapters: real child processes that act on the world over loopback and on real files.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::backup;
use super::world::RELEASES;
use crate::cli::output::{self, exit};
use crate::clock::Clock;

/// Where the world answers; given to the children by the demo's configuration.
pub(crate) const ADDRESS: &str = "OPSROOM_DEMO_ADDRESS";

/// Bytes of a message that are read; nobody here sends as many.
const LONGEST_PAGE: u64 = 1 << 20;

/// What an adapter of the demo does.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum ControlCommand {
    /// Restarts a service of the world.
    Restart {
        /// The service.
        service: String,
        /// Only says what would happen.
        #[arg(long)]
        dry_run: bool,
    },
    /// Brings up another release of a service.
    Rollback {
        /// The service.
        service: String,
        /// The release.
        version: String,
    },
    /// Prints the releases of a service, newest first.
    Releases {
        /// The service.
        service: String,
    },
    /// Restores the newest backup into a scratch database and counts its rows.
    VerifyBackup {
        /// The folder with the backups.
        directory: PathBuf,
    },
    /// Takes a notification on standard input, as a pager would.
    Page,
}

/// Carries a command out as a program: output to stdout, errors to stderr.
pub(crate) fn main(command: &ControlCommand) -> u8 {
    let done = output::block_on(run(command.clone(), &mut output::Printed));
    match done.map_err(|error| error.to_string()).flatten() {
        Ok(()) => exit::OK,
        Err(problem) => output::fail(1, &problem, ""),
    }
}

/// Carries a command out, printing what it does.
///
/// # Errors
/// In words for a person.
pub(crate) async fn run(command: ControlCommand, out: &mut impl Write) -> Result<(), String> {
    let say = |out: &mut dyn Write, text: String| writeln!(out, "{text}").map_err(|error| error.to_string());
    match command {
        ControlCommand::Restart { service, dry_run: true } => {
            say(out, format!("would stop {service}, wait for its connections to drain, and start it again"))
        }
        ControlCommand::Restart { service, dry_run: false } => {
            say(out, format!("stopping {service}"))?;
            post(&format!("/control/restart/{service}"))?;
            say(out, format!("{service} started, accepting connections in 3 s"))
        }
        ControlCommand::Rollback { service, version } => {
            say(out, format!("fetching {service} {version}"))?;
            post(&format!("/control/rollback/{service}/{version}"))?;
            say(out, format!("{service} {version} is up"))
        }
        ControlCommand::Releases { service } => {
            let answer = post(&format!("/control/version/{service}"))?;
            let (running, age) = answer.split_once(' ').unwrap_or((&answer, "0"));
            let started = Clock::start().now().utc - Duration::from_secs(age.parse().unwrap_or(0));
            RELEASES.iter().try_for_each(|release| {
                let at = (started - release.before).format("%Y-%m-%dT%H:%MZ").to_string();
                let line = json!({ "value": release.version, "title": release.subject, "at": at, "by": release.by, "running": release.version == running });
                say(out, line.to_string())
            })
        }
        ControlCommand::VerifyBackup { directory } => verify(&directory, out).await,
        ControlCommand::Page => {
            let read = std::io::copy(&mut std::io::stdin().take(LONGEST_PAGE), &mut std::io::sink());
            read.map(drop).map_err(|error| format!("the message can't be read: {error}"))
        }
    }
}

async fn verify(directory: &Path, out: &mut impl Write) -> Result<(), String> {
    let report = backup::verify(directory).await?;
    for line in report {
        writeln!(out, "{line}").map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// One request by hand: a child that lives for milliseconds needs no client with a pool.
fn post(path: &str) -> Result<String, String> {
    let address =
        std::env::var(ADDRESS).map_err(|_| format!("{ADDRESS} is not set: this is an adapter of `opsroom demo`"))?;
    let lost = |error: std::io::Error| format!("the demo's world at {address} does not answer: {error}");
    let mut stream = TcpStream::connect(&address).map_err(lost)?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).map_err(lost)?;
    write!(stream, "POST {path} HTTP/1.1\r\nhost: demo\r\ncontent-length: 0\r\n\r\n").map_err(lost)?;
    stream.shutdown(std::net::Shutdown::Write).map_err(lost)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(lost)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.starts_with("HTTP/1.1 200") { Ok(body.to_owned()) } else { Err(body.to_owned()) }
}
