//! `opsroom status` as a shell sees it.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what fails here fails the test; the files are its own"
)]

use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::server::{Reply, Server};
use serde_json::Value;
use tokio::process::Command;

async fn status(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsroom"));
    command.arg("--config").arg(config).arg("status").args(arguments);
    command.env("LC_ALL", "C.UTF-8").env_remove("http_proxy").kill_on_drop(true);
    command.output().await.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A service that is down for its first two answers.
async fn world(directory: &Path) -> Server {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |request| match request.path.as_str() {
        "/healing" if asked.fetch_add(1, Ordering::SeqCst) < 1 => Reply::json(503, r#"{"status":"unhealthy"}"#),
        "/metrics" => Reply::text(200, "queue_depth 12\n"),
        _ => Reply::json(200, r#"{"status":"healthy","services":{"db":{"status":"healthy","latency_ms":4}}}"#),
    })
    .await;
    let config = format!(
        r#"
        [console]
        name = "wellbeing"
        [service.web]
        title = "Shop front"
        [check.api]
        service = "web"
        http = "{url}/health"
        [check.healing]
        http = "{url}/healing"
        alert = {{ high = "down" }}
        [source.node]
        exposition = "{url}/metrics"
        [metric.queue]
        from = "node"
        sample = "queue_depth"
        unit = "jobs"
        "#,
        url = server.url("")
    );
    std::fs::write(directory.join("opsroom.toml"), config).unwrap();
    server
}

#[tokio::test]
async fn one_round_is_printed_and_its_worst_is_the_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let _server = world(directory.path()).await;
    let config = directory.path().join("opsroom.toml");
    let all = status(&config, &["--plain"]).await;
    let printed = text(&all.stdout);
    assert_eq!(all.status.code(), Some(2), "{printed}{}", text(&all.stderr));
    assert!(printed.is_ascii() && printed.contains("OK OK          Shop front  "), "{printed}");
    assert!(printed.contains("XX DOWN        healing   ") && printed.contains("queue       12 jobs"), "{printed}");
    assert!(printed.ends_with("alert high: healing down\n2 checks: 1 down, 1 ok\n"), "{printed}");

    let api = status(&config, &["web", "--json"]).await;
    assert_eq!(api.status.code(), Some(0));
    let object: Value = serde_json::from_slice(&api.stdout).unwrap();
    assert_eq!(object["console"], "wellbeing");
    assert_eq!(object["status"], "ok");
    assert_eq!(object["checks"].as_array().unwrap().len(), 1);
    assert_eq!((&object["checks"][0]["name"], &object["checks"][0]["service"]), (&"api".into(), &"web".into()));
    assert_eq!(object["checks"][0]["components"]["db"]["latency_ms"], 4);

    let wrong = status(&config, &["apo"]).await;
    assert_eq!(wrong.status.code(), Some(64));
    assert_eq!(text(&wrong.stderr), "error: no check, metric or service named `apo`\nhint: did you mean `api`?\n");
    assert!(wrong.stdout.is_empty());
}

#[tokio::test]
async fn a_gate_waits_until_it_is_well_and_closes_when_it_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let server = world(directory.path()).await;
    let config = directory.path().join("opsroom.toml");
    let gate = status(&config, &["healing", "--until", "ok", "--within", "60s"]).await;
    assert_eq!(gate.status.code(), Some(0), "{}", text(&gate.stdout));
    assert_eq!(server.requests().len(), 2);
    drop(server);
    // The last poll is at the end of the time, not before.
    let server = world(directory.path()).await;
    let gate = status(&config, &["healing", "--until", "ok", "--within", "1s"]).await;
    assert_eq!((gate.status.code(), server.requests().len()), (Some(0), 2), "{}", text(&gate.stdout));
    drop(server);
    let closed = status(&config, &["api", "--until", "ok", "--within", "1s"]).await;
    assert_eq!(closed.status.code(), Some(2));
    assert!(text(&closed.stdout).contains("refused the connection"), "{}", text(&closed.stdout));
    assert_eq!(text(&closed.stderr), "error: still down after 1s\n");
}

/// What a gate must not pass: a metric over its threshold, however mild, and whether or not it must hold for longer.
#[tokio::test]
async fn a_gate_does_not_pass_a_condition_that_holds() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(|request| match request.path.as_str() {
        "/metrics" => Reply::text(200, "queue_depth 12\n"),
        _ => Reply::json(200, r#"{"status":"healthy"}"#),
    })
    .await;
    for (alert, code) in [
        ("critical = \"> 10\"", 2),
        ("high = \"> 10\"", 1),
        ("high = \"> 10 for 5m\"", 1),
        ("medium = \"> 10\"", 1),
        ("low = \"> 10\"", 1),
        ("high = \"> 20\"", 0),
    ] {
        let config = directory.path().join("opsroom.toml");
        let text = format!(
            "[check.api]\nhttp = \"{url}/health\"\n[source.node]\nexposition = \"{url}/metrics\"\n\
             [metric.queue]\nfrom = \"node\"\nsample = \"queue_depth\"\nalert = {{ {alert} }}\n",
            url = server.url("")
        );
        std::fs::write(&config, text).unwrap();
        let once = status(&config, &["--json"]).await;
        assert_eq!(once.status.code(), Some(code), "{alert}: {}", text_of(&once));
        let object: Value = serde_json::from_slice(&once.stdout).unwrap();
        assert_eq!(object["checks"][0]["since"], Value::Null);
        let gate = status(&config, &["--until", "ok", "--within", "1s"]).await;
        assert_eq!(gate.status.code(), Some(code), "{alert}: {}", text_of(&gate));
    }
    // A condition that cannot be evaluated is not one that does not hold.
    let text = format!(
        "[check.api]\nhttp = \"{url}/health\"\n[source.q]\nhttp = \"{url}/queue\"\n\
         [metric.queue]\nfrom = \"q\"\nvalue = \".body.depth\"\nalert = {{ critical = \"> 10\" }}\n",
        url = server.url("")
    );
    let config = directory.path().join("opsroom.toml");
    std::fs::write(&config, text).unwrap();
    let once = status(&config, &[]).await;
    assert_eq!(once.status.code(), Some(3), "{}", text_of(&once));
    assert!(text_of(&once).contains("1 metric with an alert could not be read"), "{}", text_of(&once));
}

fn text_of(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn one_answer_decides_what_a_check_is_in_a_snapshot_too() {
    let at = tempfile::tempdir().unwrap();
    let config = "[service.web]\n[check.web]\nservice = \"web\"\ntcp = \"127.0.0.1:1\"\nevery = \"10m\"\n";
    std::fs::write(at.path().join("opsroom.toml"), config).unwrap();
    let mut command = crate::support::shell::opsroom(at.path());
    let output = command.args(["--config", "opsroom.toml", "snapshot", "overview"]).output().unwrap();
    let frame = text(&output.stdout);
    assert!(frame.contains("web DOWN") && !frame.contains("PENDING"), "{frame}");
}
