//! Logs of commands against the real ones: a container of Docker, `tail` over OpenSSH. Each is cut off on purpose, and
//! every line must come once. Without an engine or a server these tests say so and pass.
#![expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a skipped test says so; the files are its own")]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use crate::support::following::{Following, PATIENCE, numbers};

fn summary(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn must(program: &str, arguments: &[&str], directory: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(directory).output().expect("the program starts");
    assert!(output.status.success(), "{program} {arguments:?}: {}", summary(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The processes whose parent is `parent`.
fn children(parent: u32) -> Vec<u32> {
    let text = must("ps", &["-o", "pid=", "--ppid", &parent.to_string()], Path::new("/"));
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// A container that writes a line ten times a second, and is removed at the end.
struct Container(String);

impl Container {
    fn up(directory: &Path) -> Option<Self> {
        let Ok(busybox) = std::env::var("OPSROOM_TEST_DOCKER") else {
            eprintln!("skipped: OPSROOM_TEST_DOCKER is not set; tests/run looks for a Docker Engine");
            return None;
        };
        let name = format!("opsroomlogs{}", std::process::id());
        fs::create_dir_all(directory.join("root/bin")).expect("a directory for the image");
        fs::copy(busybox, directory.join("root/bin/busybox")).expect("busybox is copied");
        let import = format!("tar -C root -c . | docker import - {name}:1");
        must("sh", &["-c", &import], directory);
        // The count goes on where it was when the container is started again, unless that was between its two steps.
        let script = "n=$(/bin/busybox cat /n 2>/dev/null || echo 0); while true; do n=$((n+1)); echo $n > /n; \
                      echo \"number=$n\"; [ $((n % 7)) = 0 ] && echo \"odd=$n\" >&2; /bin/busybox sleep 0.1; done";
        let image = format!("{name}:1");
        let run = ["run", "--detach", "--name", &name, "--network", "none", "--stop-timeout", "0", &image];
        let run: Vec<&str> = run.into_iter().chain(["/bin/busybox", "sh", "-c", script]).collect();
        must("docker", &run, directory);
        Some(Self(name))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        for arguments in [["rm", "--force", &self.0], ["rmi", "--force", &format!("{}:1", self.0)]] {
            let _ = Command::new("docker").args(arguments).output();
        }
    }
}

#[test]
fn a_container_is_followed_through_restarts_and_every_line_comes_once() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = directory.path();
    let Some(container) = Container::up(at) else { return };
    fs::write(at.join("opsroom.toml"), format!("[log.web]\ndocker = \"{}\"\n", container.0)).expect("written");
    let mut following = Following::start(at, "web");
    following.until("twenty lines", |lines| lines.len() > 20);
    // The client of the engine dies, then the container itself.
    for client in children(following.child.id()) {
        must("kill", &["-KILL", &client.to_string()], at);
    }
    following.until("the end of the client", |lines| lines.iter().any(|line| line.contains("restarting in")));
    let seen = following.lines.len();
    following.until("lines after it", |lines| lines.len() > seen + 20);
    must("docker", &["restart", &container.0], at);
    let seen = following.lines.len();
    following.until("lines after the restart", |lines| lines.len() > seen + 30);
    must("docker", &["stop", &container.0], at);
    let written = must("sh", &["-c", &format!("docker logs {} 2>&1", container.0)], at);
    let written: Vec<String> = written.lines().map(str::to_owned).collect();
    let count = |lines: &[String], word: &str| lines.iter().filter(|line| line.contains(word)).count();
    for word in ["number=", "odd="] {
        following.until("the last line", |lines| count(lines, word) >= count(&written, word));
        assert_eq!(following.numbers(word), numbers(&written, word), "{word}");
    }
}

/// A server of OpenSSH on loopback, for one key.
struct Server {
    child: Child,
    port: u16,
    key: PathBuf,
}

impl Server {
    fn start(directory: &Path) -> Option<Self> {
        let sshd = Path::new("/usr/sbin/sshd");
        if !sshd.exists() {
            eprintln!("skipped: openssh-server is not installed; tests/run installs it");
            return None;
        }
        if fs::create_dir_all("/run/sshd").is_err() {
            eprintln!("skipped: sshd wants /run/sshd, which only root can make");
            return None;
        }
        let path = |name: &str| directory.join(name).display().to_string();
        for key in ["host", "key"] {
            must("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &path(key)], directory);
        }
        fs::copy(path("key.pub"), path("authorized")).expect("the key is copied");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let child = Command::new(sshd)
            .args(["-D", "-f", "/dev/null", "-p", &port.to_string(), "-h", &path("host")])
            .args(["-o", "ListenAddress=127.0.0.1", "-o", &format!("AuthorizedKeysFile={}", path("authorized"))])
            .args(["-o", "StrictModes=no", "-o", "PidFile=none", "-o", "UsePAM=no"])
            .args(["-o", "PermitRootLogin=prohibit-password"])
            .stderr(Stdio::null())
            .spawn()
            .expect("sshd starts");
        Some(Self { child, port, key: directory.join("key") })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for session in children(self.child.id()) {
            let _ = Command::new("kill").arg(session.to_string()).output();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_file_on_another_host_is_followed_through_a_connection_that_breaks() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = directory.path();
    let Some(server) = Server::start(at) else { return };
    let log = at.join("far.log");
    let write = |from: u64, to: u64| {
        let mut file = OpenOptions::new().create(true).append(true).open(&log).expect("the log opens");
        for number in from..=to {
            writeln!(file, "2026-11-21T10:{:02}:{:02}Z number={number}", number / 60 % 60, number % 60)
                .expect("written");
        }
    };
    write(1, 50);
    let options = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-q"];
    let mut argv: Vec<String> = vec!["ssh".to_owned(), "-p".to_owned(), server.port.to_string(), "-i".to_owned()];
    argv.push(server.key.display().to_string());
    argv.extend(options.map(str::to_owned));
    argv.extend(["127.0.0.1", "tail", "-n", "500", "-F"].map(str::to_owned));
    argv.push(log.display().to_string());
    fs::write(at.join("opsroom.toml"), format!("[log.far]\ncommand = {argv:?}\n")).expect("written");
    let mut following = Following::start(at, "far");
    let last =
        |number: u64| move |lines: &[String]| lines.iter().any(|line| line.ends_with(&format!("number={number}")));
    following.until("what was there", last(50));
    write(51, 60);
    following.until("what came", last(60));
    // The connection breaks at the far end; what is written meanwhile must come too.
    for session in children(server.child.id()) {
        must("kill", &["-KILL", &session.to_string()], at);
    }
    write(61, 70);
    following.until("what came after it broke", last(70));
    write(71, 75);
    following.until("the rest", last(75));
    assert_eq!(following.numbers("number="), (1..=75).collect::<Vec<u64>>());
}

/// The journal of this machine, or a daemon of its own where none runs and the test is root.
struct Journal(Option<Child>);

impl Journal {
    const SOCKET: &str = "/run/systemd/journal/socket";

    fn answers() -> bool {
        std::os::unix::net::UnixDatagram::unbound().is_ok_and(|socket| socket.connect(Self::SOCKET).is_ok())
    }

    fn start() -> Option<Self> {
        let daemon = Path::new("/lib/systemd/systemd-journald");
        if !daemon.exists() || must("id", &["-u"], Path::new("/")).trim() != "0" {
            eprintln!("skipped: a journal wants systemd, which tests/run installs, and root");
            return None;
        }
        if Self::answers() {
            return Some(Self(None));
        }
        fs::create_dir_all("/run/systemd/journal").expect("a directory for the sockets");
        let child = Command::new(daemon).stderr(Stdio::null()).spawn().expect("journald starts");
        let began = Instant::now();
        while !Self::answers() {
            assert!(began.elapsed() < PATIENCE, "journald does not answer");
            std::thread::yield_now();
        }
        Some(Self(Some(child)))
    }

    /// An entry of `unit`. Only what root says about a unit counts as said by it.
    fn write(unit: &str, message: &str) {
        let socket = std::os::unix::net::UnixDatagram::unbound().expect("a socket");
        let entry = format!("MESSAGE={message}\nOBJECT_SYSTEMD_UNIT={unit}\nPRIORITY=4\nSYSLOG_IDENTIFIER=shop\n");
        socket.send_to(entry.as_bytes(), Self::SOCKET).expect("the journal takes it");
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.0 {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

#[test]
fn a_unit_of_the_journal_is_followed_through_a_reader_that_dies() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = directory.path();
    let Some(_journal) = Journal::start() else { return };
    let unit = format!("opsroom-{}.service", std::process::id());
    fs::write(at.join("opsroom.toml"), format!("[log.shop]\njournal = \"{unit}\"\n")).expect("written");
    let write = |numbers: std::ops::RangeInclusive<u64>| {
        numbers.for_each(|number| Journal::write(&unit, &format!("number={number} done")));
    };
    let last = |number: u64| move |lines: &[String]| lines.iter().any(|line| line.contains(&format!("={number} done")));
    write(1..=20);
    // A reader that begins while the first entries are being stored may never see them.
    let stored = || must("journalctl", &["--unit", &unit, "--output=cat", "--no-pager", "--quiet"], at).lines().count();
    let began = Instant::now();
    while stored() < 20 {
        assert!(began.elapsed() < PATIENCE, "the journal has not stored what it took");
    }
    let mut following = Following::start(at, "shop");
    following.until("what was there", last(20));
    write(21..=30);
    following.until("what came", last(30));
    for reader in children(following.child.id()) {
        must("kill", &["-KILL", &reader.to_string()], at);
    }
    write(31..=40);
    following.until("what came after it died", last(40));
    write(41..=45);
    following.until("the rest", last(45));
    assert_eq!(following.numbers("number="), (1..=45).collect::<Vec<u64>>());
    let line = following.lines.iter().find(|line| last(45)(std::slice::from_ref(*line))).expect("the last line");
    assert!(line.contains(" WARN  shop: number=45 done"), "{line}");
    assert!(line.ends_with(&format!("done OBJECT_SYSTEMD_UNIT={unit}")), "{line}");
}

#[test]
fn a_log_command_has_ended_when_its_own_process_has() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = directory.path();
    let script = "echo $$ >> groups; sleep 300 & echo number=1";
    let text = format!("[log.app]\ncommand = ['sh', '-c', '{script}']\n");
    fs::write(at.join("opsroom.toml"), text).expect("the configuration");
    let mut following = Following::start(at, "app");
    following.until("its end", |lines| lines.iter().any(|line| line.contains("restarting in")));
    let groups = fs::read_to_string(at.join("groups")).expect("the groups");
    let group = groups.lines().next().expect("a group");
    let began = Instant::now();
    while must("ps", &["-A", "-o", "pgid="], at).lines().any(|line| line.trim() == group) {
        assert!(began.elapsed() < PATIENCE, "what the command left behind is still there");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
