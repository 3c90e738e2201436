//! `opsroom watch`, the real process: what it records and prints, and how it takes over, reloads and ends.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use opsroom::app::state::State;
use opsroom::model::effect::{Effect, HistoryEffect};
use opsroom::model::lease::LeaseView;
use opsroom::model::rollup::SeriesKey;
use opsroom::runtime::core::ConsolePart;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::app::App;
use crate::support::pty::until;
use crate::support::shared::reaches;
use crate::support::watcher::{PATIENCE, Room, Watch, asked, get, serves};

fn is_ours(state: &State) -> bool {
    matches!(state.world.lease, LeaseView::Ours { .. })
}

fn is_a_watchers(state: &State) -> bool {
    matches!(&state.world.lease, LeaseView::Other(holder) if holder.watcher)
}

#[test]
fn it_says_in_a_line_what_changes_and_puts_it_on_record() {
    let room = Room::new();
    room.write(&room.text());
    let mut watch = room.watch(&["--json"]);
    let down = watch.change("the check is down", |change| change["kind"] == "status");
    assert_eq!((&down["check"], &down["from"], &down["to"]), (&"api".into(), &Value::Null, &"down".into()));
    assert!(down["reason"].as_str().unwrap().contains("refused"), "{down}");
    let fired = watch.change("the alert", |change| change["kind"] == "alert");
    assert_eq!(
        (&fired["alert"], &fired["severity"], &fired["state"]),
        (&"api".into(), &"critical".into(), &"firing".into())
    );
    until("it is on record", || room.facts("alert.fired").len() == 1);
    let listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    let up = watch.change("the check is up", |change| change["kind"] == "status");
    assert_eq!((&up["from"], &up["to"], &up["reason"]), (&"down".into(), &"ok".into(), &Value::Null));
    watch.change("the end of the alert", |change| change["state"] == "resolved");
    until("that is on record", || room.facts("alert.resolved").len() == 1);
    watch.end();
    assert!(watch.out.try_recv().is_err(), "it is quiet otherwise");
    drop(listener);
}

#[test]
fn what_a_person_reads_is_one_plain_line() {
    let room = Room::new();
    room.write(&room.text());
    let mut watch = room.watch(&[]);
    let line = watch.out.recv_timeout(PATIENCE).unwrap();
    let (at, said) = line.split_once("  ").unwrap();
    assert!(chrono::NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M:%SZ").is_ok(), "{line}");
    assert!(said.starts_with("check api DOWN: ") && said.contains("refused"), "{line}");
    let line = watch.out.recv_timeout(PATIENCE).unwrap();
    assert!(line.contains("  alert critical api firing: down, "), "{line}");
    watch.notice("recording: this watcher holds the lease");
    watch.end();
}

#[tokio::test]
async fn a_console_leaves_the_recording_to_it_and_takes_it_back() {
    let room = Room::new();
    room.write(&room.text());
    let mut console = room.console();
    reaches(&mut console, "the lease", PATIENCE, is_ours).await;
    let mut watch = room.watch(&[]);
    reaches(&mut console, "the watcher to hold it", PATIENCE, is_a_watchers).await;
    watch.notice("recording: this watcher holds the lease");
    watch.end();
    // At once: it was given back, and not left to expire.
    reaches(&mut console, "the lease again", Duration::from_secs(12), is_ours).await;
    console.finish().await;
}

#[test]
fn one_that_is_killed_is_succeeded_without_loss() {
    let room = Room::new();
    room.write(&room.text());
    let mut watch = room.watch(&["--json"]);
    until("the alert is on record", || room.facts("alert.fired").len() == 1);
    watch.signal(Signal::KILL);
    watch.left();
    // It recovers while nobody looks.
    let _listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    let mut next = room.watch(&["--json"]);
    next.notice("recording: this watcher holds the lease");
    until("the recovery is on record", || room.facts("alert.resolved").len() == 1);
    next.end();
    assert_eq!(room.facts("alert.fired").len(), 1, "it is the same firing");
    let statuses: Vec<Value> = room.facts("check.status").iter().map(|fact| fact["detail"]["status"].clone()).collect();
    assert_eq!(statuses, ["down", "ok"]);
    let verified = room.opsroom(&["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}

#[tokio::test]
async fn its_budgets_are_those_of_what_is_stored_though_it_shows_nothing() {
    let room = Room::new();
    room.write(&room.text());
    let watcher = room.headless(ConsolePart::Watches);
    assert!(!watcher.state().console.has_screen);
    watcher.finish().await;
    let slo = "[slo.api]\ncheck = \"api\"\nobjective = \"99%\"\nwindow = \"30d\"\n";
    let mut app = App::new(&format!("{}{slo}", room.text()));
    let asks = |app: &mut App| {
        app.pass(1);
        let api = SeriesKey::Check("api".into());
        app.take().iter().any(
            |effect| matches!(effect, Effect::History(HistoryEffect::Read { series, .. }) if series.contains(&api)),
        )
    };
    assert!(!asks(&mut app), "nothing keeps a first frame waiting");
    app.state.console.has_screen = false;
    assert!(asks(&mut app), "what is left of it is not what was seen since it started");
}

#[test]
fn the_service_manager_hears_of_its_life() {
    let room = Room::new();
    room.write(&room.text());
    let path = room.at.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut bytes = [0; 4096];
        let count = manager.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    let hears = |wanted: &str| while told() != wanted {};
    let mut command = room.command(&["watch"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "500000");
    let mut watch = Watch::start(command);
    hears("READY=1");
    hears("WATCHDOG=1");
    hears("WATCHDOG=1");
    watch.signal(Signal::HUP);
    hears("RELOADING=1");
    hears("READY=1");
    watch.notice("configuration reloaded");
    watch.end();
    hears("STOPPING=1");
}

#[test]
fn it_reads_its_configuration_again_by_itself_and_keeps_a_good_one() {
    let room = Room::new();
    let _listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    room.write(&room.text());
    let mut watch = room.watch(&["--json"]);
    watch.notice("recording");
    room.write("[check.api]\ntpc = \"x\"\n");
    watch.notice("configuration rejected; the previous one stays in effect");
    let other = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    room.write(&format!("{}[check.other]\ntcp = \"{other}\"\nevery = \"1s\"\nfail_after = 1\n", room.text()));
    watch.notice("configuration reloaded");
    let change = watch.change("the new check", |change| change["kind"] == "status");
    assert_eq!((&change["check"], &change["to"]), (&"other".into(), &"down".into()));
    watch.end();
}

/// One sample of an exposition: name, labels as written, value.
type Sample = (String, String, f64);

/// Reads an exposition as strictly as OpenMetrics 1.0 wants it: families that are declared, whole and once, samples that
/// belong to them, no sample twice, and an end.
fn exposition(text: &str) -> Vec<Sample> {
    let body = text.strip_suffix("# EOF\n").expect("it ends with # EOF");
    let (mut families, mut samples) = (Vec::<(String, String)>::new(), Vec::<Sample>::new());
    for line in body.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            let (name, kind) = declared.split_once(' ').unwrap();
            assert!(["gauge", "counter", "info", "stateset"].contains(&kind), "{line}");
            assert!(families.iter().all(|(known, _)| known != name), "{name} is declared twice");
            families.push((name.to_owned(), kind.to_owned()));
            continue;
        }
        let (family, kind) = families.last().expect("a family comes first");
        if let Some(unit) = line.strip_prefix("# UNIT ") {
            let unit = unit.strip_prefix(family.as_str()).unwrap().trim();
            assert!(family.ends_with(&format!("_{unit}")), "{line}");
            continue;
        }
        if let Some(help) = line.strip_prefix("# HELP ") {
            assert!(help.starts_with(&format!("{family} ")), "{line}");
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = sample.split_once('{').unwrap_or((sample, "}"));
        let suffix = name.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{line} is not of {family}"));
        let wanted = if kind == "counter" {
            "_total"
        } else if kind == "info" {
            "_info"
        } else {
            ""
        };
        assert_eq!(suffix, wanted, "{line}");
        let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("{line}"));
        assert!(samples.iter().all(|known| (&*known.0, &*known.1) != (name, labels)), "{line} is there twice");
        samples.push((name.to_owned(), labels.to_owned(), value.parse().unwrap()));
    }
    samples
}

#[test]
fn what_it_knows_is_served_to_a_scraper() {
    let room = Room::new();
    room.write(&room.text());
    let mut watch = room.watch(&["--listen", "127.0.0.1:0"]);
    let address = serves(&watch);
    watch.notice("recording");
    let value = |name: &str, labels: &str| {
        let (head, body) = get(&address, "/metrics");
        assert!(
            head.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/openmetrics-text; version=1.0.0;"),
            "{head}"
        );
        let samples = exposition(&body);
        samples.iter().find(|sample| sample.0 == name && sample.1.contains(labels)).map(|sample| sample.2)
    };
    until("the check is down", || value("opsroom_check_up", "check=\"api\"") == Some(0.0));
    assert_eq!(value("opsroom_check_status", "opsroom_check_status=\"down\""), Some(1.0));
    assert_eq!(value("opsroom_check_status", "opsroom_check_status=\"ok\""), Some(0.0));
    assert_eq!(value("opsroom_lease_held", ""), Some(1.0));
    until("the alert", || value("opsroom_alert_firing", "severity=\"critical\"") == Some(1.0));
    // Its own health: that something else is down is no reason to restart it.
    let (head, body) = get(&address, "/health");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/health+json"), "{head}");
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&health["status"], &health["checks"]["lease:holder"][0]["status"]), (&"pass".into(), &"pass".into()));
    let (head, body) = asked(&address, b"HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 ") && body.is_empty());
    for (request, status) in [
        (&b"POST /metrics HTTP/1.1\r\ncontent-length: 2\r\n\r\n"[..], "405"),
        (b"GET /nothing HTTP/1.1\r\n\r\n", "404"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "400"),
    ] {
        let (head, _) = asked(&address, request);
        assert_eq!(head.split(' ').nth(1), Some(status), "{head}");
    }
    watch.end();
}

#[test]
fn others_than_this_machine_need_a_token() {
    let room = Room::new();
    room.write(&room.text());
    let refused = room.opsroom(&["watch", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.status.code(), Some(78), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("`0.0.0.0:0` is reachable from other machines and needs a token"), "{said}");
    assert!(said.contains("hint: add token = "), "{said}");
    room.write(&format!("{}[watch]\nlisten = \"0.0.0.0:0\"\n", room.text()));
    assert_eq!(room.opsroom(&["watch"]).status.code(), Some(78));

    room.write(&format!(
        "{}[watch]\nlisten = \"0.0.0.0:0\"\ntoken = \"{{secret:scraper}}\"\n[secret]\nscraper = {{ env = \"SCRAPER\" }}\n",
        room.text()
    ));
    let mut command = room.command(&["watch"]);
    command.env("SCRAPER", "s3cret-of-the-scraper");
    let mut watch = Watch::start(command);
    let address = serves(&watch).replace("0.0.0.0", "127.0.0.1");
    for (token, status) in [("", "401"), ("authorization: Bearer other\r\n", "401")] {
        let (head, body) = asked(&address, format!("GET /metrics HTTP/1.1\r\n{token}\r\n").as_bytes());
        assert_eq!(head.split(' ').nth(1), Some(status), "{head}");
        assert!(head.contains("www-authenticate: Bearer") && !body.contains("opsroom_"), "{head}");
    }
    let shown = b"GET /metrics HTTP/1.1\r\nauthorization: Bearer s3cret-of-the-scraper\r\n\r\n";
    assert!(asked(&address, shown).1.ends_with("# EOF\n"));
    watch.end();
}

#[test]
fn slow_and_large_requests_are_bounded() {
    let room = Room::new();
    room.write(&room.text());
    let mut watch = room.watch(&["--listen", "127.0.0.1:0"]);
    let address = serves(&watch);
    let slow = |_| {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\n").unwrap();
        stream
    };
    // As many as are served at once; each would send a header every now and then.
    let slow: Vec<TcpStream> = (0..40).map(slow).collect();
    assert!(get(&address, "/metrics").1.ends_with("# EOF\n"), "they are let go, and a scraper has its turn");
    let mut first = slow.into_iter().next().unwrap();
    first.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = String::new();
    first.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let large = format!("GET /metrics HTTP/1.1\r\na: {}", "b".repeat(8 << 10));
    assert!(asked(&address, large.as_bytes()).0.starts_with("HTTP/1.1 431 "));
    watch.end();
}

/// A Prometheus, where there is one on this machine.
#[test]
fn a_prometheus_reads_it() {
    let Ok(version) = Command::new("prometheus").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status()
    else {
        return;
    };
    assert!(version.success());
    let room = Room::new();
    room.write(&room.text());
    let mut watch = room.watch(&["--listen", "127.0.0.1:0"]);
    let (target, own) = (serves(&watch), TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let file = room.at.path().join("prometheus.yml");
    let jobs = format!(
        "scrape_configs:\n- job_name: o\n  scrape_interval: 1s\n  static_configs: [{{targets: ['{target}']}}]\n"
    );
    std::fs::write(&file, jobs).unwrap();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", file.display())).arg(format!("--web.listen-address={own}"));
    command.arg(format!("--storage.tsdb.path={}", room.at.path().join("tsdb").display()));
    let prometheus = Watch::start(command);
    let value = |query: &str| {
        let mut stream = TcpStream::connect(own).ok()?;
        let request = format!("GET /api/v1/query?query={query} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
        Some(body["data"]["result"][0]["value"][1].as_str()?.to_owned())
    };
    until("it has scraped", || value("up%7Bjob=%22o%22%7D").as_deref() == Some("1"));
    until("the check is down there", || {
        value("opsroom_check_status%7Bopsroom_check_status=%22down%22%7D").as_deref() == Some("1")
    });
    assert!(value("opsroom_observations_total").is_some());
    watch.end();
    drop(prometheus);
}

#[test]
fn a_unit_is_printed_that_systemd_takes() {
    if !Room::is_program_seen_by_units() {
        return;
    }
    let room = Room::new();
    let config = room.write(&room.text());
    let refused = room.opsroom(&["watch", "--unit"]);
    if config.starts_with("/tmp") {
        assert_eq!(refused.status.code(), Some(64), "{refused:?}");
    }
    let unit_of = |config: &str, store: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsroom"));
        command.args(["--config", config, "watch", "--unit", "--listen", "127.0.0.1:9475"]).args(store);
        command.current_dir("/usr").env_remove("OPSROOM_CONFIG").output().unwrap()
    };
    let odd = "/srv/it's 100% \"é\" \\ $HOME/x.db";
    for (config, store, expected) in [
        ("/etc/opsroom/my ops.toml", &[][..], "--config \"/etc/opsroom/my ops.toml\" watch --listen 127.0.0.1:9475\n"),
        ("lib/../o.toml", &[], "--config /usr/o.toml watch"),
        ("/etc/o.toml", &["--store", "share/ops/x.db"], "\nReadWritePaths=/usr/share/ops\n"),
        (
            "/etc/100%$x;\\.toml",
            &["--store", odd],
            "--store \"sqlite:/srv/it's 100%% \\\"é\\\" \\\\ $$HOME/x.db\" watch",
        ),
        ("/etc/o.toml", &["--store", odd], "\nReadWritePaths=\"/srv/it's 100%% \\\"é\\\" \\\\ $HOME\"\n"),
        ("/etc/o.toml", &["--store", "/nowhere/ops/x.db"], "# The store: install -d -o opsroom -m 700 /nowhere/ops\n"),
        // What belongs to others is not taken away from them.
        (
            "/etc/o.toml",
            &["--log-file", "/usr/o.log"],
            "# The log file: /usr exists, and the user opsroom must be able to write to it\nReadWritePaths=/usr\n",
        ),
    ] {
        let printed = unit_of(config, store);
        let unit = String::from_utf8_lossy(&printed.stdout).into_owned();
        assert!(unit.contains("Type=notify\n") && unit.contains("WatchdogSec="), "{printed:?}");
        assert!(unit.contains(expected), "{expected}: {unit}");
        let file = room.at.path().join("opsroom-watch.service");
        // Without a user that this machine may lack.
        std::fs::write(&file, unit.replace("User=opsroom\n", "")).unwrap();
        if let Ok(verified) = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output() {
            let said = String::from_utf8_lossy(&verified.stderr).into_owned();
            assert!(!said.contains("opsroom-watch.service"), "{said}");
        }
    }
    for (config, store) in [
        ("/etc/x\nUser=root", &[][..]),
        ("/etc/o.toml", &["--store", "/srv/x\nUser=root/x.db"]),
        ("/etc/o.toml", &["--store", "postgres://ops@db/x\nUser=root"]),
        ("/etc/o.toml", &["--store", "/tmp/x.db"]),
        ("/etc/o.toml", &["--log-file", "/dev/stderr"]),
        ("/etc/o.toml", &["--log-file", "/proc/self/fd/2"]),
    ] {
        let refused = unit_of(config, store);
        assert_eq!((refused.status.code(), &refused.stdout[..]), (Some(64), &b""[..]), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("hint: "), "{refused:?}");
    }
}
