//! `opsroom check` as a shell sees it: what it finds without polling, and what `--live` says.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what fails here fails the test; the files are its own"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use crate::support::server::{Reply, Server};
use serde_json::Value;
use tokio::process::Command;

async fn check(directory: &Path, config: &str, arguments: &[&str]) -> Output {
    let file = directory.join("opsroom.toml");
    std::fs::write(&file, config).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsroom"));
    command.arg("check").arg(&file).args(arguments).current_dir(directory);
    command
        .env("LC_ALL", "C.UTF-8")
        .env("CHECK_TEST_TOKEN", "s3cr3t-token")
        .env_remove("http_proxy")
        .kill_on_drop(true);
    command.output().await.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_theme_is_an_error_of_the_file_and_a_missing_program_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let output = check(directory.path(), "[console]\ntheme = \"midnigth\"\n", &[]).await;
    assert_eq!(output.status.code(), Some(78));
    assert!(text(&output.stdout).contains("opsroom.toml:2:9: "), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("^^^^^^^^^^\nhint: did you mean `midnight`?"), "{}", text(&output.stdout));

    let config = "[check.a]\ncommand = [\"opsroom-no-such-program\"]\n[secret]\nx = { env = \"OPSROOM_TEST_NO_SUCH_VARIABLE\" }\n";
    let output = check(directory.path(), config, &["--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines: Vec<u64> =
        found["problems"].as_array().unwrap().iter().map(|one| one["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [2, 4], "{found:#}");
}

#[tokio::test]
async fn docker_compose_that_is_not_there_is_told_of_the_other_kind() {
    let directory = tempfile::tempdir().unwrap();
    let script = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    script("docker", "#!/bin/sh\necho \"docker: 'compose' is not a docker command.\" >&2\nexit 1\n");
    script("docker-compose", "#!/bin/sh\necho 1.29.2\n");
    let config = "[adapter.stack]\nkind = \"compose\"\n[action.r]\nadapter = \"stack\"\ndo = \"restart\"\n";
    let file = directory.path().join("opsroom.toml");
    std::fs::write(&file, config).unwrap();
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
    let output =
        Command::new(env!("CARGO_BIN_EXE_opsroom")).arg("check").arg(&file).env("PATH", path).output().await.unwrap();
    let printed = text(&output.stdout);
    assert!(printed.contains(":2:8: warning: `docker compose` (v2) does not work on this machine"), "{printed}");
    assert!(printed.contains("hint: this machine has docker-compose (v1): write kind = \"compose-v1\""), "{printed}");
}

fn world(server: &Server, directory: &Path) -> String {
    std::fs::write(directory.join("app.log"), "one\ntwo\n").unwrap();
    format!(
        r#"
[secret]
token = {{ env = "CHECK_TEST_TOKEN" }}
[source.api]
http = "{url}/metrics?key={{secret:token}}"
[source.node]
exposition = "{url}/node"
[check.api]
from = "api"
expect = ['.status == 200', '.body.queue | length > 3']
degraded = ['.body.error_rate > 5']
[check.cmd]
command = ["sh", "-c", "echo hello; exit 2"]
[metric.queue]
from = "api"
value = ".body.queue | length"
[metric.depth]
from = "node"
sample = "queue_depth"
[log.app]
file = "app.log"
"#,
        url = server.url("")
    )
}

async fn server() -> Server {
    Server::start(|request| match request.path.as_str() {
        "/node" => Reply::text(200, "queue_depth 12\n"),
        "/page" => Reply::text(200, "<html>log in</html>"),
        _ => Reply::json(200, r#"{"queue":[1,2,3,4],"error_rate":2,"echo":"s3cr3t-token"}"#),
    })
    .await
}

#[tokio::test]
async fn live_says_what_came_what_jq_gave_and_what_the_document_has() {
    let directory = tempfile::tempdir().unwrap();
    let server = server().await;
    let output = check(directory.path(), &world(&server, directory.path()), &["--live"]).await;
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{printed}{}", text(&output.stderr));
    for words in [
        "ok   check api: ok (HTTP 200, ",
        "expect   .status == 200 gave true",
        "expect   .body.queue | length > 3 gave true",
        "degraded .body.error_rate > 5 gave false\n",
        "body has echo, error_rate, queue",
        "warn check cmd: down: hello (exit code 2) (exit 2, 6 B of stdout, ",
        "stdout is not JSON: ",
        "ok   metric queue: 4 (HTTP 200, ",
        "value    .body.queue | length gave 4",
        "ok   metric depth: 12 (1 samples, ",
        "ok   log app: 1 file, 8 B",
        "live: everything answered\n",
    ] {
        assert!(printed.contains(words), "{words}\n---\n{printed}");
    }
    assert!(!printed.contains("s3cr3t"), "{printed}");
}

#[tokio::test]
async fn live_fails_where_something_did_not_come() {
    let directory = tempfile::tempdir().unwrap();
    let server = server().await;
    let config = format!(
        "{}\n[source.page]\nhttp = \"{}\"\n[metric.page]\nfrom = \"page\"\nvalue = \".body.errors // 0\"\n\
         [metric.p95]\nfrom = \"api\"\nvalue = \".body.p95_m\"\n[check.gone]\nhttp = \"http://127.0.0.1:1/\"\n\
         [check.misread]\nfrom = \"api\"\nexpect = ['.status == 200']\ndegraded = ['.body.eror_rate > 5']\n\
         [check.raises]\nfrom = \"api\"\nexpect = ['.body.queue | error(\"boom\")']\n[log.none]\nfile = \"no-such-*.log\"\n",
        world(&server, directory.path()),
        server.url("/page"),
    );
    let output = check(directory.path(), &config, &["--live"]).await;
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(78), "{printed}{}", text(&output.stderr));
    for words in [
        "FAIL metric page: no number: the body is not JSON: expected a value, found `<html>log` at byte 1",
        "FAIL metric p95: no number: no field `.p95_m`; body has echo, error_rate, queue",
        "FAIL check gone: down: 127.0.0.1:1 refused the connection: nothing listens there (after ",
        "FAIL check misread: unknown: .body.eror_rate > 5: no field `.eror_rate`; body has echo, error_rate, queue (HTTP",
        "degraded .body.eror_rate > 5 gave false (no field `.eror_rate`; body has echo, error_rate, queue)",
        "FAIL check raises: unknown: .body.queue | error(\"boom\"): boom",
        "FAIL log none: nothing matches ",
        "live: 6 of 11 failed\n",
    ] {
        assert!(printed.contains(words), "{words}\n---\n{printed}");
    }
    let output = check(directory.path(), &config, &["--live", "--json"]).await;
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), found["live"].as_array().unwrap().len()), (Some(78), 11));
    assert!(found["problems"].as_array().unwrap().is_empty());
    // What can't be reached is no mistake of the configuration.
    let unreachable = "[check.gone]\nhttp = \"http://127.0.0.1:1/\"\n[log.none]\nfile = \"no-such-*.log\"\n";
    let output = check(directory.path(), unreachable, &["--live"]).await;
    assert_eq!(output.status.code(), Some(2), "{}{}", text(&output.stdout), text(&output.stderr));
}
