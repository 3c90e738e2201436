//! Sources, names and commands that hang, in any number: the others keep their turns.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "what fails here fails the test; files and tasks are the test's own"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use crate::support::server::{Reply, Server};
use opsroom::clock::Clock;
use opsroom::config::load::load_text;
use opsroom::model::observation::Observation;
use opsroom::model::reading::Reading;
use opsroom::sources::{SourceContext, polls, raise_open_files};
use opsroom::text::secret::Secrets;
use serde_json::Value;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// A bound for what must happen: a test that waits so long has failed.
const LONG: Duration = Duration::from_mins(1);

fn context(text: &str) -> (SourceContext, mpsc::Receiver<Observation>) {
    raise_open_files();
    let loaded = load_text(Path::new("/opsroom.toml"), text);
    let config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let (out, observations) = mpsc::channel(1024);
    let (secrets, clock, cancel) = (Arc::default(), Clock::start(), CancellationToken::new());
    (SourceContext { config: Arc::new(config), secrets, clock, out, cancel }, observations)
}

/// Runs the scheduler until every check but `good` has a reading, and gives the readings of `good` until then.
async fn until_all_were_asked(text: &str) -> Vec<Reading> {
    let (context, mut observations) = context(text);
    let (cancel, all) = (context.cancel.clone(), context.config.checks.len());
    let (_poll_now, asked) = mpsc::channel(1);
    let task = tokio::spawn(polls::run(context, asked));
    let (mut good, mut others) = (Vec::new(), BTreeSet::new());
    while others.len() < all - 1 {
        match tokio::time::timeout(LONG, observations.recv()).await.unwrap().unwrap() {
            Observation::Reading(reading) if &*reading.check == "good" => good.push(*reading),
            Observation::Reading(reading) => {
                assert!(!reading.answered, "{reading:?}");
                others.insert(reading.check.clone());
            }
            _ => {}
        }
    }
    cancel.cancel();
    task.await.unwrap();
    good
}

async fn hanging() -> Server {
    Server::start(|request| if request.path == "/good" { Reply::text(200, "OK") } else { Reply::Hang }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_keeps_its_interval_whatever_number_of_endpoints_hangs() {
    let server = hanging().await;
    let check = |name: &str, every: &str| {
        let url = server.url(&format!("/{name}"));
        format!("[check.{name}]\nhttp = \"{url}\"\nproxy = \"\"\nevery = \"{every}\"\ntimeout = \"{every}\"\n")
    };
    let mut text = check("good", "1s");
    for number in 0..300 {
        text += &check(&format!("c{number}"), "4s");
    }
    // Each of the others hangs for four seconds: in turns of 32 that would be forty.
    let good = until_all_were_asked(&text).await;
    let (first, last) = (&good[0].timing, &good[good.len() - 1].timing);
    let ticks = last.scheduled.since(first.scheduled).as_secs_f64().round() as usize + 1;
    assert!(good.len() >= 3 && good.len() * 3 >= ticks * 2, "{} of {ticks} ticks", good.len());
    assert!(ticks < 20, "the others took {ticks} s for their first turn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_keeps_its_interval_whatever_number_of_commands_hangs() {
    let check = |name: &str, argv: &str, every: &str| {
        format!("[check.{name}]\ncommand = {argv}\nevery = \"{every}\"\ntimeout = \"{every}\"\n")
    };
    let mut text = check("good", "[\"true\"]", "1s");
    for number in 0..10 {
        text += &check(&format!("c{number}"), "[\"sleep\", \"300\"]", "6s");
    }
    let good = until_all_were_asked(&text).await;
    assert!(good.len() >= 3, "{} readings while ten commands hung for 6 s each", good.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_hang_are_asked_at_once_where_everything_is_asked_once() {
    let server = hanging().await;
    let mut text = String::new();
    for number in 0..100 {
        let url = server.url("/hang");
        write!(text, "[check.c{number}]\nhttp = \"{url}\"\nproxy = \"\"\nevery = \"10m\"\ntimeout = \"9m\"\n").unwrap();
    }
    let (context, _observations) = context(&text);
    let all = async {
        while server.connections() < 100 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = polls::poll_once(&context, &[]) => panic!("something answered"),
        asked = tokio::time::timeout(LONG, all) => assert!(asked.is_ok(), "{} asked", server.connections()),
    }
}

/// Runs `opsroom status --json` where a name server of ours is the only one, and `/etc/hosts` has one name.
async fn status_behind(server: &str, directory: &Path, config: &str) -> Option<Value> {
    let file = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let files = [
        file("resolv.conf", &format!("nameserver {server}\noptions timeout:2 attempts:2\n")),
        file("hosts", "127.0.0.1 localhost good.internal\n"),
        file("opsroom.toml", config),
    ];
    let script = "mount --bind \"$1\" /etc/resolv.conf && mount --bind \"$2\" /etc/hosts \
        && exec \"$4\" --config \"$3\" status --json";
    let mut command = tokio::process::Command::new("unshare");
    command.args(["-m", "sh", "-c", script, "sh"]).args(files).arg(env!("CARGO_BIN_EXE_opsroom"));
    command.env_remove("http_proxy").stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LONG, command.output()).await.expect("it ends").ok()?;
    let printed = serde_json::from_slice(&output.stdout).ok();
    if printed.is_none() {
        println!("skipped: no mount namespace here: {}", String::from_utf8_lossy(&output.stderr));
    }
    printed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_at_a_dead_name_server_leave_the_others_alone() {
    // It takes every question and answers none.
    let Ok(_silent) = UdpSocket::bind("127.77.5.3:53").await else {
        println!("skipped: the port of name servers can't be had here");
        return;
    };
    let server = hanging().await;
    let mut text = String::new();
    for number in 0..60 {
        let kind = if number % 2 == 0 { "http = \"http://" } else { "tcp = \"" };
        let slash = if number % 2 == 0 { "/" } else { "" };
        write!(
            text,
            "[check.dead{number}]\n{kind}dead{number}.example.net:80{slash}\"\nevery = \"10s\"\ntimeout = \"3s\"\n"
        )
        .unwrap();
    }
    let port = server.address.port();
    write!(text, "[check.http]\nhttp = \"http://good.internal:{port}/good\"\nproxy = \"\"\n").unwrap();
    write!(text, "[check.tcp]\ntcp = \"Good.Internal:{port}\"\n[check.local]\ntcp = \"api.localhost:{port}\"\n")
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let Some(status) = status_behind("127.77.5.3", directory.path(), &text).await else { return };
    for check in status["checks"].as_array().unwrap() {
        let (name, said) = (check["name"].as_str().unwrap(), check.to_string());
        if name.starts_with("dead") {
            assert!(said.contains("name server 127.77.5.3 did not answer"), "{said}");
        } else {
            assert_eq!(check["status"], "ok", "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_waits_for_its_own_secrets_alone() {
    let server = hanging().await;
    let text = format!(
        "[check.good]\nhttp = \"{0}\"\nproxy = \"\"\nheaders = {{ X-Token = \"{{secret:quick}}\" }}\nevery = \"1s\"\n\
         [check.waits]\nhttp = \"{0}\"\nproxy = \"\"\nheaders = {{ X-Token = \"{{secret:slow}}\" }}\nevery = \"1s\"\n\
         [secret]\nslow = {{ command = [\"sleep\", \"300\"] }}\nquick = {{ command = [\"echo\", \"first\"] }}\n",
        server.url("/good")
    );
    let (context, mut observations) = context(&text);
    let values = |quick: &str, slow: Option<&str>| {
        let mut secrets = Secrets::default();
        secrets.insert("quick".into(), quick.to_owned());
        match slow {
            Some(value) => secrets.insert("slow".into(), value.to_owned()),
            None => secrets.await_value("slow".into()),
        }
        Some(Arc::new(secrets))
    };
    let (latest, secrets) = watch::channel(values("first", None));
    let cancel = context.cancel.clone();
    let (_poll_now, asked) = mpsc::channel(1);
    let task = tokio::spawn(polls::run_with(context, asked, secrets));
    let mut next = async |check: &str, said: &str| loop {
        match tokio::time::timeout(LONG, observations.recv()).await.unwrap().unwrap() {
            Observation::Reading(reading)
                if &*reading.check == check && reading.error.as_ref().map_or("", |error| error.as_str()) == said =>
            {
                return;
            }
            _ => {}
        }
    };
    next("waits", "waiting for secret slow").await;
    next("good", "").await;
    let with = |token: &str| server.requests().iter().any(|request| request.header("x-token") == Some(token));
    assert!(with("first") && !with("late"));
    // What came, and what was rotated, is used without a new start.
    latest.send_replace(values("second", Some("late")));
    next("waits", "").await;
    while !with("second") {
        next("good", "").await;
    }
    assert!(with("late"));
    cancel.cancel();
    task.await.unwrap();

    // `opsroom status` of what needs no such secret is there long before the slow one is given up.
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("opsroom.toml");
    std::fs::write(&config, text).unwrap();
    let status = async |names: &[&str]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_opsroom"));
        command.arg("--config").arg(&config).args(["status", "--plain"]).args(names).kill_on_drop(true);
        let output = tokio::time::timeout(LONG, command.output()).await.expect("it ends").unwrap();
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (printed, complaints) = status(&["good"]).await;
    assert!(printed.contains("OK OK") && complaints.is_empty(), "{printed}{complaints}");
    let (printed, complaints) = status(&[]).await;
    assert!(printed.contains("OK OK") && printed.contains("the secret slow has no value"), "{printed}");
    assert!(complaints.contains("secret slow has no value: sleep gave no answer within 10 s"), "{complaints}");
}
