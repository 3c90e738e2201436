//! What `opsroom watch` costs as a process: the share of a processor and the memory with a few checks and with a thousand, each
//! polled every ten seconds. Prints figures; judges nothing.
//!
//! `cargo bench --bench watch`; `OPSROOM_BENCH_SECONDS=600` watches each for longer than a minute. What else runs on the machine
//! takes turns with it: it is to be alone.
#![expect(clippy::print_stdout, reason = "figures for a person")]
#![expect(clippy::disallowed_methods, reason = "a stopwatch, and files are laid out")]

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// As the kernel counts time for other programs, whatever it does itself.
const TICKS_A_SECOND: f64 = 100.0;
/// Opening the store, the first polls and the lease are not what it costs from then on.
const WARM_UP: Duration = Duration::from_secs(15);

fn text(checks: usize, port: u16) -> String {
    let mut text = String::from("[console]\nname = \"bench\"\n");
    for check in 0..checks {
        writeln!(
            text,
            "[check.c{check:04}]\ntcp = \"127.0.0.1:{port}\"\nevery = \"10s\"\nalert = {{ critical = \"down\" }}"
        )
        .expect("a string takes all");
    }
    text
}

/// Processor time of all threads of a process so far, in user mode and in the kernel.
fn spent(child: &Child) -> [f64; 2] {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("it runs");
    // The name of the program stands in brackets, and may hold anything.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    [11, 12].map(|at| fields.get(at).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or_default() / TICKS_A_SECOND)
}

fn resident_mb(child: &Child) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1_024.0
}

fn watch(directory: &Path, checks: usize, port: u16, lasts: Duration) {
    let file = directory.join("opsroom.toml");
    std::fs::write(&file, text(checks, port)).expect("a file");
    let store = format!("sqlite:{}", directory.join("opsroom.db").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsroom"));
    command.arg("--config").arg(&file).args(["--store", &store, "watch"]);
    command.current_dir(directory).env("HOME", directory).env("XDG_STATE_HOME", directory.join("state"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    std::thread::sleep(WARM_UP);
    let (began, before) = (Instant::now(), spent(&child));
    std::thread::sleep(lasts);
    let (took, after) = (began.elapsed().as_secs_f64(), spent(&child));
    let [user, system] = [0, 1].map(|at| (after[at] - before[at]) / took * 100.0);
    println!(
        "{checks:>6} checks  {:>6.2} % of a processor ({user:.2} user, {system:.2} system)  {:>6.1} MB",
        user + system,
        resident_mb(&child)
    );
    child.kill().expect("it ends");
    child.wait().expect("it ends");
}

fn main() {
    let seconds = std::env::var("OPSROOM_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    for checks in [10, 100, 1_000] {
        let directory = tempfile::tempdir().expect("a directory");
        watch(directory.path(), checks, port, Duration::from_secs(seconds));
    }
}
