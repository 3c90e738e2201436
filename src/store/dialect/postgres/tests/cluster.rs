//! A server of its own that is restarted and killed.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

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

    /// Lets nobody in without TLS and a password, with a certificate for `localhost`. Returns that of its authority.
    fn secure(&self) -> PathBuf {
        let key = || KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, key()).unwrap();
        let own = key();
        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&own, &authority).unwrap();
        let root = self.directory.path().join("root.crt");
        std::fs::write(&root, authority.pem()).unwrap();
        for (name, text) in [("server.crt", server.pem()), ("server.key", own.serialize_pem())] {
            let path = format!("{}/{name}", self.data());
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            if rustix::process::getuid().is_root() {
                assert!(Command::new("chown").args(["postgres", &path]).status().unwrap().success());
            }
        }
        let rules = format!("{}/pg_hba.conf", self.data());
        std::fs::write(rules, "hostssl all all 127.0.0.1/32 scram-sha-256\n").unwrap();
        let settings = format!("{}/postgresql.auto.conf", self.data());
        std::fs::write(settings, "ssl = on\npassword_encryption = 'scram-sha-256'\n").unwrap();
        self.restart();
        root
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_spoken_to_over_tls_where_its_certificate_holds() {
    let Some(cluster) = Cluster::start() else { return };
    sql(&cluster.url(), "SET password_encryption = 'scram-sha-256';ALTER ROLE postgres PASSWORD 'hunter2'").await;
    let root = cluster.secure();
    let url = |host: &str, password: &str, root: &Path| {
        let (port, root) = (cluster.port, root.display());
        format!("postgres://postgres:{password}@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={root}")
    };
    let store = open(&url("localhost", "hunter2", &root)).await.unwrap();
    record(&store, "over TLS").await.unwrap();
    assert_eq!(said(&store).await, ["over TLS"]);
    let other = cluster.directory.path().join("other.crt");
    std::fs::write(
        &other,
        CertifiedIssuer::self_signed(CertificateParams::default(), KeyPair::generate().unwrap()).unwrap().pem(),
    )
    .unwrap();
    let missing = cluster.directory.path().join("missing.crt");
    for (url, due, hint) in [
        (url("localhost", "hunter2", &other), "an authority that is not trusted", "sslrootcert=FILE"),
        (url("127.0.0.1", "hunter2", &root), "is for another host name", "verify-ca"),
        (url("localhost", "hunter2", &missing), "sslrootcert names can't be read", "the path after sslrootcert="),
        (url("localhost", "hunter3", &root), "the server rejected the password", "PGPASSWORD"),
    ] {
        let error = open(&url).await.unwrap_err();
        assert!(error.to_string().contains(due) && error.hint().contains(hint), "{error}; {}", error.hint());
    }
}
