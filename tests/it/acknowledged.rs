//! Two real consoles, each in a terminal of its own, on one store: how soon one shows what the other acknowledges.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock and say what it measured, and its helpers end it where they fail"
)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::support::pty::Terminal;
use crate::support::team::Team;

/// What one does, the other shows within this.
const WITHIN: Duration = Duration::from_secs(2);
/// Alerts that are acknowledged; one more fires, so that the header goes on to count them.
const ALERTS: usize = 20;

fn config(port: u16) -> String {
    let mut text = String::from("[console]\nname = \"team\"\n");
    for number in 0..=ALERTS {
        writeln!(
            text,
            "[check.c{number:02}]\ntcp = \"127.0.0.1:{port}\"\nevery = \"1s\"\ntimeout = \"500ms\"\nfail_after = 1\n\
             alert = {{ critical = \"down\" }}"
        )
        .unwrap();
    }
    text
}

/// Each acknowledges every other alert. How long after the key that did so the other one showed it, the shortest first.
fn measured(team: &Team) -> Vec<Duration> {
    let file = team.at.path().join("opsroom.toml");
    std::fs::write(&file, config(team.port)).unwrap();
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", file.to_str().unwrap(), "--store", &team.url];
    let mut consoles = [(); 2].map(|()| Terminal::program(&argv, 120, 50, &[]));
    for console in &consoles {
        console.wait_for(&format!("{} critical", ALERTS + 1));
        console.wait_for("with ");
    }
    let mut took = Vec::with_capacity(ALERTS);
    for number in 0..ALERTS {
        let by = number % 2;
        consoles[by].press("a");
        consoles[by].wait_for("Enter acknowledge");
        let begun = Instant::now();
        consoles[by].press("\r");
        consoles[1 - by].wait_for(&format!(" {} ack ", number + 1));
        took.push(begun.elapsed());
        for console in &mut consoles {
            console.press("j");
        }
        let selected = format!("▌✗ DOWN     c{:02}", number + 1);
        for console in &consoles {
            console.wait_for(&selected);
        }
    }
    for console in &mut consoles {
        console.press("q");
        console.wait_for_end();
    }
    assert_eq!(team.recorded("alert.acknowledged"), ALERTS);
    took.sort_unstable();
    took
}

fn compare(store: &str, took: &[Duration]) {
    // Nearest rank.
    let (median, high) = (took[took.len() / 2 - 1], took[(took.len() * 95).div_ceil(100) - 1]);
    eprintln!("an acknowledgement between two consoles on {store}: p50 {median:.1?}, p95 {high:.1?}, n {}", took.len());
    assert!(high <= WITHIN, "{store}: {took:?}");
}

#[test]
fn two_consoles_see_what_the_other_acknowledges_within_two_seconds_on_sqlite() {
    compare("SQLite", &measured(&Team::sqlite()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_consoles_see_what_the_other_acknowledges_within_two_seconds_on_postgresql() {
    if let Some(team) = Team::postgres().await {
        compare("PostgreSQL", &measured(&team));
        team.end().await;
    }
}
