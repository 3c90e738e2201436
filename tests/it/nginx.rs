//! `opsroom status` against a real nginx, as a user's shell would call it. `tests/run` starts the server; without it these
//! tests say so and pass.
#![expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a skipped test says so; the files are its own")]

use std::process::Command;

use serde_json::Value;

/// The base address of the server, where there is one.
fn nginx() -> Option<String> {
    let address = std::env::var("OPSROOM_TEST_NGINX").ok();
    if address.is_none() {
        eprintln!("skipped: OPSROOM_TEST_NGINX is not set; tests/run starts nginx");
    }
    address
}

/// Exit code and the parsed `--json` of a configuration whose `@NGINX@` is the server.
fn status(config: &str) -> Option<(i32, Value)> {
    let address = nginx()?;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("opsroom.toml");
    std::fs::write(&path, config.replace("@NGINX@", &address)).expect("the configuration is written");
    let output = Command::new(env!("CARGO_BIN_EXE_opsroom"))
        .args(["--config".as_ref(), path.as_os_str(), "status".as_ref(), "--json".as_ref()])
        .env("XDG_STATE_HOME", directory.path())
        .output()
        .expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let json = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}\n{}", String::from_utf8_lossy(&output.stderr)));
    Some((output.status.code().expect("it exits"), json))
}

#[test]
fn a_healthy_body_is_ok_with_its_components() {
    let Some((code, json)) = status("[check.api]\nhttp = '@NGINX@/health'\n") else { return };
    assert_eq!(code, 0, "{json}");
    assert_eq!(json["status"], "ok");
    assert_eq!(json["checks"][0]["status"], "ok");
    assert_eq!(json["checks"][0]["components"]["database"]["status"], "ok");
}

#[test]
fn a_degraded_body_is_a_warning_although_the_code_is_200() {
    let Some((code, json)) = status("[check.api]\nhttp = '@NGINX@/degraded'\n") else { return };
    assert_eq!(code, 1, "{json}");
    assert_eq!(json["checks"][0]["status"], "degraded");
    assert_eq!(json["checks"][0]["components"]["redis"]["status"], "down");
}

#[test]
fn a_503_is_critical() {
    let Some((code, json)) = status("[check.api]\nhttp = '@NGINX@/down'\n") else { return };
    assert_eq!(code, 2, "{json}");
    assert_eq!(json["checks"][0]["status"], "down");
}

#[test]
fn a_redirect_is_followed_and_a_circle_is_told_as_one() {
    let config = "[check.moved]\nhttp = '@NGINX@/moved'\n[check.circle]\nhttp = '@NGINX@/circle'\n";
    let Some((code, json)) = status(config) else { return };
    assert_eq!(code, 2, "{json}");
    assert_eq!(json["checks"][0]["status"], "ok");
    let error = json["checks"][1]["error"].as_str().expect("an error in words");
    assert!(error.contains("redirect"), "{error}");
}

#[test]
fn expectations_name_what_they_saw() {
    let config = "[check.api]\nhttp = '@NGINX@/health'\nexpect = ['.body.version == \"9.9\"']\n";
    let Some((code, json)) = status(config) else { return };
    assert_eq!(code, 2, "{json}");
    let error = json["checks"][0]["error"].as_str().expect("an error in words");
    assert!(error.contains("1.8.2"), "the value that was seen is shown: {error}");
}

#[test]
fn an_exposition_is_read_and_summed() {
    let config = "[source.node]\nexposition = '@NGINX@/metrics'\n[metric.requests]\nfrom = 'node'\nsample = 'http_requests_total{job=\"api\"}'\n";
    let Some((_, json)) = status(config) else { return };
    assert_eq!(json["metrics"][0]["value"], 1030.0, "{json}");
}
