//! A server of its own that is restarted and killed.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;

/// A server of its own, that can be killed.
struct Cluster {
    directory: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
}

impl Cluster {
    fn start() -> Option<Self> {
        server()?;
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let bin = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists());
        let Some(bin) = bin else {
            skip("no initdb below /usr/lib/postgresql");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        if rustix::process::getuid().is_root() {
            let owned = Command::new("chown").arg("postgres").arg(directory.path()).status().unwrap();
            assert!(owned.success());
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { directory, bin, port };
        let data = cluster.data();
        assert!(cluster.run("initdb", &["-D", &data, "-A", "trust", "-U", "postgres", "--no-sync"]));
        cluster.up();
        Some(cluster)
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    /// As a user who may: the server refuses to run as root.
    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let program = self.bin.join(program);
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap().success()
    }

    fn up(&self) {
        let (data, directory) = (self.data(), self.directory.path().display());
        let options = format!("-p {} -k {directory} -c listen_addresses=127.0.0.1", self.port);
        let log = format!("{directory}/log");
        let until = Instant::now() + Duration::from_mins(1);
        // What was killed may still hold its memory.
        while !self.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"]) {
            assert!(Instant::now() < until, "{}", std::fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn restart(&self) {
        assert!(self.run("pg_ctl", &["-D", &self.data(), "-w", "-m", "fast", "stop"]));
        self.up();
    }

    fn kill(&self) {
        let pid = std::fs::read_to_string(format!("{}/postmaster.pid", self.data())).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
        self.up();
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_server_is_restarted_or_killed() {
    let Some(cluster) = Cluster::start() else { return };
    let (url, over) = (cluster.url(), Arc::new(AtomicBool::new(false)));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut writers = Vec::new();
    for writer in 0..4 {
        let store = open(&url).await.unwrap();
        let (over, acknowledged) = (Arc::clone(&over), Arc::clone(&acknowledged));
        writers.push(tokio::spawn(async move {
            let mut failed = 0;
            for index in 0.. {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let why = format!("{writer}-{index}");
                match record(&store, &why).await {
                    Ok(()) => acknowledged.lock().unwrap().push(why),
                    Err(error) => {
                        assert!(error.is_away(), "{error}");
                        failed += 1;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
            }
            failed
        }));
    }
    let cluster = Arc::new(cluster);
    for round in 0..6 {
        let written = acknowledged.lock().unwrap().len();
        let until = Instant::now() + Duration::from_secs(30);
        while acknowledged.lock().unwrap().len() < written + 20 {
            assert!(Instant::now() < until, "the writers go on after round {round}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let cluster = Arc::clone(&cluster);
        let fault = move || if round % 2 == 0 { cluster.kill() } else { cluster.restart() };
        tokio::task::spawn_blocking(fault).await.unwrap();
    }
    over.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    let mut said = said(&open(&url).await.unwrap()).await;
    said.sort();
    let all = said.len();
    said.dedup();
    assert_eq!(said.len(), all, "what was tried again is there once");
    let acknowledged = acknowledged.lock().unwrap();
    assert!(acknowledged.iter().all(|why| said.binary_search(why).is_ok()), "nothing acknowledged is lost");
}
