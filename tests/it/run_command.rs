//! `opsroom run`, `runs`, `unlock` and `audit` as a person or a script meets them.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::io::{BufRead as _, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::shell;

const PATIENCE: Duration = Duration::from_secs(30);

const CONFIG: &str = r#"
[console]
name = "test"

[secret]
token = { env = "TEST_TOKEN" }

[service.api]

[check.api]
service = "api"
command = ["sh", "-c", "test -e up || exit 2"]
every   = "1s"
timeout = "900ms"

[check.db]
command = ["sh", "-c", "test ! -e db-down || exit 2"]
every   = "1s"
timeout = "900ms"

[adapter.ours]
env = { TOKEN = "{secret:token}" }
restart  = { steps = [["sh", "-c", "echo restarting; touch \"$1\"; echo ${#TOKEN}", "sh", "up"]], dry_run = [["echo", "would restart", "{target}"]] }
touch    = { steps = [["touch", "{file}"]] }
fail     = { steps = [["sh", "-c", "echo broken >&2; exit 7"]] }
slow     = { steps = [["sh", "-c", "echo $$ > pid; echo up; while ! [ -e go ]; do sleep 0.05; done; echo down"]] }
rollback = { choices = { version = ["printf", "v2\\nv1\\n"] }, steps = [["echo", "to {version}"]] }
status   = { steps = [["echo", "fine"]] }

[action.restart-api]
service = "api"
adapter = "ours"
do      = "restart"
verify  = { checks = ["api"], within = "8s", good = 2 }
evidence = ["check:api"]
on_failure = "rollback-api"

[action.wreck-db]
service = "api"
adapter = "ours"
do      = "touch"
set     = { file = "db-down" }
verify  = { checks = ["api"], within = "4s" }

[action.useless]
service = "api"
adapter = "ours"
do      = "touch"
set     = { file = "nothing" }
verify  = { checks = ["api"], within = "2s" }

[action.fail]
adapter = "ours"
do      = "fail"
target  = "api"
cooldown = "10m"

[action.slow]
adapter = "ours"
do      = "slow"
target  = "api"

[action.rollback-api]
adapter = "ours"
do      = "rollback"
target  = "api"
confirm = "type-name"

[action.status-api]
adapter = "ours"
do      = "status"
target  = "api"
"#;

struct World {
    at: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { at: tempfile::tempdir().unwrap() };
        std::fs::write(world.path("opsroom.toml"), CONFIG).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.at.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = shell::opsroom(self.at.path());
        command.args(arguments).env("TEST_TOKEN", "hunter2-hunter2");
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    fn runs(&self) -> Vec<serde_json::Value> {
        let ran = self.run(&["runs", "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn wait_for(&self, file: &str) {
        let from = Instant::now();
        while !self.path(file).exists() {
            assert!(from.elapsed() < PATIENCE, "waited in vain for {file}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

#[test]
fn what_helps_is_verified_by_fresh_readings() {
    let world = World::new();
    let ran = world.run(&["run", "restart-api", "--yes", "--reason", "it hangs, hunter2-hunter2"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("restarting\n15\n") && ran.out.ends_with(": verified\n"), "{ran:?}");
    assert!(ran.err.contains("digest") && ran.err.contains("verifying: api 2 of 2 good"), "{ran:?}");
    let runs = world.runs();
    let run = runs[0].as_object().unwrap();
    for key in [
        "id",
        "action",
        "verb",
        "service",
        "target",
        "who",
        "reason",
        "host",
        "plan_digest",
        "started_at",
        "ended_at",
        "duration_ms",
        "state",
        "verdict",
        "exit_code",
        "signal",
        "output_path",
    ] {
        assert!(run.contains_key(key), "{key} is missing in {run:?}");
    }
    assert_eq!((run["state"].as_str(), run["verdict"].as_str()), (Some("verified"), Some("verified")));
    assert_eq!(run["reason"], "it hangs, ***");
    let evidence = std::fs::read_to_string(PathBuf::from(run["output_path"].as_str().unwrap()).join("evidence.json"));
    assert!(evidence.unwrap().contains(r#""status":"down""#));
}

#[test]
fn the_last_lines_of_logs_and_counts_over_them_are_kept_as_evidence() {
    let world = World::new();
    let logs = r#"
        [log.app]
        file = "app.log"
        [log.tool]
        command = ["sh", "-c", "echo to stdout; echo to stderr >&2; sleep 60"]
        [log.missing]
        command = ["no-such-program-here"]
        [metric.errors]
        log = "app"
        count = "level>=error"
        window = "24h"
        [action.look]
        adapter = "ours"
        do = "status"
        evidence = ["log:app", "log:tool", "log:missing", "metric:errors"]
    "#;
    std::fs::write(world.path("opsroom.toml"), format!("{CONFIG}{logs}")).unwrap();
    let now = chrono::Utc::now().to_rfc3339();
    let lines =
        (0..80).fold(String::new(), |lines, number| format!("{lines}{now} ERROR number={number} hunter2-hunter2\n"));
    std::fs::write(world.path("app.log"), lines).unwrap();
    let ran = world.run(&["run", "look", "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let path = PathBuf::from(world.runs()[0]["output_path"].as_str().unwrap()).join("evidence.json");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let evidence: serde_json::Value = serde_json::from_str(&text).unwrap();
    let of = |kind: &str, name: &str| {
        let all = evidence["captured"].as_array().unwrap();
        all.iter().find(|one| one[kind] == name).unwrap_or_else(|| panic!("no {kind} {name} in {text}")).clone()
    };
    let app = of("log", "app");
    let captured = app["lines"].as_array().unwrap();
    assert_eq!(captured.len(), 50);
    assert!(captured[0].as_str().unwrap().contains("number=30 "), "{}", captured[0]);
    assert!(captured[49].as_str().unwrap().contains("number=79 "), "{}", captured[49]);
    let tool = of("log", "tool");
    let mut told: Vec<&str> = tool["lines"].as_array().unwrap().iter().filter_map(serde_json::Value::as_str).collect();
    told.sort_unstable();
    assert_eq!(told, ["to stderr", "to stdout"]);
    assert!(of("log", "missing")["error"].as_str().unwrap().contains("was not found"), "{text}");
    assert_eq!(of("metric", "errors")["values"][0][1], 80.0);
}

#[test]
fn what_does_not_help_is_not_called_a_success() {
    let world = World::new();
    let ran = world.run(&["run", "useless", "--yes"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("not recovered: still not healthy after 2s: api"), "{ran:?}");

    std::fs::write(world.path("up"), "").unwrap();
    let ran = world.run(&["run", "wreck-db", "--yes"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.out.contains("regressed: healthy before, failing now: db"), "{ran:?}");

    let ran = world.run(&["run", "fail", "--yes"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("broken") && ran.out.contains("failed: exit 7"), "{ran:?}");
    let ran = world.run(&["run", "fail", "--yes"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("refused: cooldown"), "{ran:?}");
}

/// The checks were good all along: what failed has failed all the same, and at once where it could not start.
#[test]
fn a_failed_step_with_good_checks_is_a_failure() {
    let world = World::new();
    std::fs::write(world.path("up"), "").unwrap();
    let actions = r#"
[adapter.bad]
fail    = { steps = [["sh", "-c", "echo No containers to restart >&2; exit 1"]] }
missing = { steps = [["opsroom-no-such-program", "restart"]] }
[action.fails]
adapter = "bad"
do = "fail"
verify = { checks = ["api"], within = "60s" }
on_failure = "rollback-api"
[action.misses]
adapter = "bad"
do = "missing"
verify = { checks = ["api"], within = "10m" }
"#;
    std::fs::write(world.path("opsroom.toml"), format!("{CONFIG}{actions}")).unwrap();
    let ran = world.run(&["run", "fails", "--yes"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.out.contains(": failed: exit 1 (checks are good)"), "{ran:?}");
    assert!(ran.err.contains("next: opsroom run rollback-api"), "{ran:?}");
    let ran = world.run(&["run", "misses", "--yes"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.out.contains(": failed: could not start: `opsroom-no-such-program` was not found"), "{ran:?}");
    assert!(!ran.err.contains("verifying"), "{ran:?}");
    let runs = world.runs();
    for run in &runs {
        assert_eq!((run["state"].as_str(), run["verdict"].as_str()), (Some("failed"), Some("none")), "{run}");
        assert_eq!(world.run(&["runs", run["id"].as_str().unwrap()]).code, 2);
        assert_eq!(world.run(&["runs", run["id"].as_str().unwrap(), "--json"]).code, 2);
        assert_eq!(world.run(&["runs", run["id"].as_str().unwrap(), "--follow"]).code, 2);
    }
    assert_eq!((runs[0]["checks"].as_str(), runs[1]["checks"].as_str()), (None, Some("good")));
    assert!(!world.run(&["runs"]).out.contains("locked:"));
    let last: Vec<serde_json::Value> =
        serde_json::from_str(&world.run(&["runs", "--json", "--last", "1"]).out).unwrap();
    assert_eq!(last, runs[..1]);
}

/// Left while it runs: its supervisor verifies it, and every way to look at it says the same.
#[test]
fn what_was_left_is_verified_by_its_supervisor() {
    let world = World::new();
    for arguments in [&["run", "restart-api", "--yes", "--detach"][..], &["run", "restart-api", "--yes"]] {
        let _ = std::fs::remove_file(world.path("up"));
        let before = world.runs().len();
        let mut child = world.start(arguments);
        let from = Instant::now();
        // Killed before its supervisor has taken what it was given, it would be refused.
        let started =
            |run: &serde_json::Value| PathBuf::from(run["output_path"].as_str().unwrap()).join("started.json");
        while world.runs().len() == before || !started(&world.runs()[0]).exists() {
            assert!(from.elapsed() < PATIENCE);
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let id = world.runs()[0]["id"].as_str().unwrap().to_owned();
        let follow = world.run(&["runs", &id, "--follow"]);
        assert_eq!(follow.code, 0, "{follow:?}");
        assert!(follow.err.ends_with(": verified\n"), "{follow:?}");
        assert_eq!(world.runs()[0]["state"], "verified");
        assert!(!world.run(&["runs"]).out.contains("locked:"));
        let shown = world.run(&["runs", &id]);
        assert!(shown.code == 0 && shown.out.contains("outcome    verified"), "{shown:?}");
    }
}

/// The supervisor was killed: nobody knows, the lock is kept, and the words name the command that verifies it now.
#[test]
fn a_run_of_unknown_outcome_is_verified_now() {
    let world = World::new();
    let child = world.start(&["run", "useless", "--yes"]);
    let from = Instant::now();
    let run = loop {
        let runs = world.runs();
        if let Some(run) = runs.first().filter(|run| run["state"] == "verifying") {
            break run.clone();
        }
        assert!(from.elapsed() < PATIENCE, "{runs:?}");
        std::thread::sleep(Duration::from_millis(10));
    };
    kill(&supervisor(&run));
    let ran = Ran::of(&child.wait_with_output().unwrap());
    let id = run["id"].as_str().unwrap();
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains(&format!("verify it now: opsroom runs {id} --verify")), "{ran:?}");
    assert_eq!(world.runs()[0]["state"], "unknown");
    assert!(world.run(&["runs"]).out.starts_with("locked: api by "));
    let shown = world.run(&["runs", id]);
    assert!(shown.code == 3 && shown.err.contains("--verify"), "{shown:?}");
    assert_eq!(world.run(&["runs", id, "--verify", "--read-only"]).code, 64);
    std::fs::write(world.path("up"), "").unwrap();
    let verified = world.run(&["runs", id, "--verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    assert_eq!(world.runs()[0]["state"], "verified");
    assert!(!world.run(&["runs"]).out.contains("locked:"));
    assert_eq!(world.run(&["runs", id, "--verify"]).code, 3, "it is verified already");
}

#[test]
fn nothing_runs_without_its_confirmation() {
    let world = World::new();
    let refused = |arguments: &[&str], words: &str| {
        let ran = world.run(arguments);
        assert_eq!(ran.code, 64, "{ran:?}");
        assert!(ran.err.contains(words), "{words} is not in {ran:?}");
    };
    refused(&["run", "slow"], "no terminal to ask on");
    refused(&["run", "slow", "--yes=db"], "does not name the target");
    refused(&["run", "rollback-api", "--set", "version=v1", "--yes"], "--yes=api confirms");
    refused(&["run", "rollback-api", "--yes=api"], "choose with --set version=VALUE: v2, v1");
    refused(&["run", "rollback-api", "--yes=api", "--set", "version=v3"], "the adapter offers no version `v3`");
    refused(&["run", "rollback-api", "--yes=api", "--set", "verion=v1"], "needs a version");
    refused(&["run", "slow", "--yes", "--dry-run"], "declares no dry run");
    refused(&["run", "slow", "--yes", "--read-only"], "read-only");
    refused(&["run", "slwo", "--yes"], "did you mean `slow`?");
    assert!(world.runs().is_empty());
    assert!(!world.path("pid").exists());

    let ran = world.run(&["run", "rollback-api", "--yes=api", "--set", "version=v1"]);
    assert_eq!((ran.code, ran.out.lines().next()), (0, Some("to v1")), "{ran:?}");
    let ran = world.run(&["run", "status-api", "--read-only"]);
    assert_eq!((ran.code, ran.out.lines().next()), (0, Some("fine")), "{ran:?}");
}

#[test]
fn a_choice_that_is_refused_is_on_record() {
    let world = World::new();
    let config = CONFIG.replace(r#"["printf", "v2\\nv1\\n"]"#, "[\"cat\", \"versions\"]");
    assert_ne!(config, CONFIG);
    std::fs::write(world.path("opsroom.toml"), config).unwrap();
    let versions = "{\"value\": \"v2\", \"running\": true}\n{\"value\": \"v1\", \"running\": false}\n";
    std::fs::write(world.path("versions"), versions).unwrap();
    let attempt = |version: &str, more: &[&str], code: i32, words: &str| {
        let set = format!("version={version}");
        let ran = world.run(&[&["run", "rollback-api", "--yes=api", "--set", &set], more].concat());
        assert!(ran.code == code && ran.err.contains(words), "{ran:?}");
    };
    attempt("v2", &["--read-only"], 2, "is what runs now");
    attempt("v2", &[], 2, "refused: version `v2` is what runs now, nothing ran");
    attempt("v3", &[], 64, "the adapter offers no version `v3`");
    attempt("hunter2-hunter2", &[], 64, "the adapter offers no version");
    std::fs::remove_file(world.path("versions")).unwrap();
    attempt("v1", &[], 2, "no values to choose from");

    let audit = world.run(&["audit", "export"]).out;
    assert!(!audit.contains("hunter2"), "{audit}");
    let refused = ["`v2` is what runs now", "no version `v3`", "no version `***`", "no values to choose from: "];
    assert_eq!(audit.matches("run.refused").count(), refused.len(), "{audit}");
    for why in refused {
        assert!(audit.contains(why), "{why} is not in {audit}");
    }
    assert!(world.runs().is_empty());
}

#[test]
fn production_asks_for_one_grade_more() {
    let world = World::new();
    std::fs::write(world.path("opsroom.toml"), CONFIG.replace("name = \"test\"", "environment = \"production\""))
        .unwrap();
    let ran = world.run(&["run", "fail", "--yes"]);
    assert_eq!(ran.code, 64, "{ran:?}");
    assert!(ran.err.contains("--yes=api confirms") && ran.err.contains("PRODUCTION"), "{ran:?}");
    let ran = world.run(&["run", "rollback-api", "--set", "version=v1", "--yes=api"]);
    assert!(ran.code == 64 && ran.err.contains("--reason TEXT gives it"), "{ran:?}");
    let ran = world.run(&["run", "rollback-api", "--set", "version=v1", "--yes=api", "--reason", "bad deployment"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("approval is not built yet"), "{ran:?}");
}

#[test]
fn what_happened_is_told_oldest_first_and_by_whom() {
    let world = World::new();
    let nothing = world.run(&["timeline"]);
    assert_eq!((nothing.code, nothing.out.as_str()), (0, "nothing happened in the last 24h\n"));
    assert_eq!(world.run(&["timeline", "--json"]).out, "[]\n");
    world.run(&["run", "restart-api", "--yes", "--reason", "it hangs"]);
    world.run(&["run", "fail", "--yes"]);
    world.run(&["run", "fail", "--yes"]);
    let told = world.run(&["timeline", "--json"]);
    let told: Vec<serde_json::Value> = serde_json::from_str(&told.out).unwrap();
    let texts: Vec<&str> = told.iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts[..4],
        [
            "restart api started: it hangs",
            "restart api: verified",
            "fail api started",
            "fail api: failed: exit 7: broken",
        ]
    );
    assert!(texts.len() == 5 && texts[4].starts_with("fail api was refused: "), "{texts:?}");
    assert!(told[0]["who"].is_string() && told[1]["who"].is_null() && told[4]["object"] == "target:api", "{told:?}");
    assert!(told.iter().all(|line| line["kind"] == "run"), "{told:?}");
    let text = world.run(&["timeline", "--since", "1h"]);
    let lines: Vec<&str> = text.out.lines().collect();
    assert_eq!((text.code, lines.len()), (0, 5), "all that JSON has: {lines:?}");
    assert!(
        lines[0].contains("  restart api started: it hangs  by ")
            && lines[1].ends_with("  restart api: verified")
            && lines[3].contains("fail api: failed: exit 7: broken"),
        "{lines:?}"
    );
    for (since, words) in [("5x", "hint: "), ("2999-01-01T00:00:00Z", "is in the future")] {
        let refused = world.run(&["timeline", "--since", since]);
        assert!(refused.code == 64 && refused.err.contains(words), "{refused:?}");
    }
}

/// One preview: what the shell shows before it is what the run and the audit keep.
#[test]
fn what_is_shown_is_quoted_complete_and_kept() {
    let world = World::new();
    std::fs::write(world.path("up"), "").unwrap();
    let ran = world.run(&["run", "restart-api", "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let preview: String = ran.err.split_inclusive('\n').filter(|line| line.starts_with("  ")).collect();
    for row in [
        "  host         local\n",
        "  target       api\n",
        "  step 1       sh -c 'echo restarting; touch \"$1\"; echo ${#TOKEN}' sh up\n",
        "  env          TOKEN (values are not shown)\n",
        "  timeout      120s, then stopped (TERM), 10s later killed (KILL)\n",
        "  verified by  exit 0, and api: 2 good in a row within 8s\n",
        "  digest       ",
    ] {
        assert!(preview.contains(row), "{row} is not in {preview}");
    }
    assert!(!preview.contains("hunter2") && !preview.contains("secret:"), "{preview}");
    let id = world.runs()[0]["id"].as_str().unwrap().to_owned();
    let kept = world.run(&["runs", &id]);
    assert!(kept.out.contains(&preview), "{preview} is not in {}", kept.out);
    let audit = world.run(&["audit", "export"]);
    let intent: serde_json::Value = serde_json::from_str(audit.out.lines().next().unwrap()).unwrap();
    let detail = &intent["entry"]["detail"];
    let rows = detail["preview"]["rows"].as_array().unwrap();
    let command = rows.iter().find(|row| row["kind"] == "command").unwrap();
    assert_eq!(command["text"], "sh -c 'echo restarting; touch \"$1\"; echo ${#TOKEN}' sh up");
    assert_eq!((detail["host"].as_str(), detail["timeout_ms"].as_u64()), (Some("local"), Some(120_000)));
    let audit = world.run(&["audit"]);
    assert!(audit.out.contains(": sh -c 'echo restarting;"), "{}", audit.out);
    let dry = world.run(&["run", "restart-api", "--dry-run"]);
    assert!(dry.err.contains("  step 1       echo 'would restart' api\n"), "{dry:?}");
    world.run(&["run", "fail", "--yes"]);
    let again = world.run(&["run", "fail", "--yes"]);
    assert!(again.err.contains("warning: ran ") && again.err.contains("with a cooldown of 10m"), "{again:?}");
}

#[test]
fn a_dry_run_is_the_one_that_the_adapter_declares() {
    let world = World::new();
    let ran = world.run(&["run", "restart-api", "--dry-run"]);
    assert_eq!((ran.code, ran.out.lines().next()), (0, Some("would restart api")), "{ran:?}");
    assert!(ran.out.ends_with(": dry run ended, nothing was changed\n"), "{ran:?}");
    let id = world.runs()[0]["id"].as_str().unwrap().to_owned();
    assert!(world.run(&["runs", &id]).out.contains("dry run ended, nothing was changed"));
    assert!(!world.path("up").exists());
}

#[test]
fn a_run_goes_on_when_its_command_is_killed_and_is_taken_in_later() {
    let world = World::new();
    let mut child = world.start(&["run", "slow", "--yes"]);
    world.wait_for("pid");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(world.runs()[0]["ended_at"], serde_json::Value::Null);
    let other = world.run(&["run", "fail", "--yes"]);
    assert!(other.err.contains("api is locked by"), "{other:?}");

    let mut follow = world.start(&["runs", "--follow"]);
    // It ends only after the follower has found it.
    let mut first = [0; 3];
    follow.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    std::fs::write(world.path("go"), "").unwrap();
    let ran = Ran::of(&follow.wait_with_output().unwrap());
    assert_eq!((ran.code, &first, ran.out.as_str()), (0, b"up\n", "down\n"), "{ran:?}");
    let run = &world.runs()[0];
    assert_eq!((run["state"].as_str(), run["exit_code"].as_i64()), (Some("ended"), Some(0)));

    let id = run["id"].as_str().unwrap();
    let shown = world.run(&["runs", id]);
    assert!(shown.out.contains("outcome    ended") && shown.out.ends_with("\nup\ndown\n"), "{shown:?}");
    assert_eq!(world.run(&["runs", "nonsense"]).code, 64);
    assert_eq!(world.run(&["runs", "--follow"]).code, 64);
}

#[test]
fn looking_for_runs_before_there_are_any_makes_no_store() {
    let world = World::new();
    for (arguments, code, out) in [
        (&["runs"][..], 0, "no action has run yet\n"),
        (&["runs", "--json"], 0, "[]\n"),
        (&["runs", "20261121T020000-3f9a"], 64, ""),
        (&["runs", "--follow"], 64, ""),
    ] {
        let ran = world.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (code, out), "{ran:?}");
    }
    assert!(!world.path("state").exists());
}

#[test]
fn a_detached_run_prints_its_id() {
    let world = World::new();
    std::fs::write(world.path("go"), "").unwrap();
    let ran = world.run(&["run", "slow", "--yes", "--detach"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let followed = world.run(&["runs", ran.out.trim(), "--follow"]);
    assert_eq!((followed.code, followed.out.as_str()), (0, "up\ndown\n"), "{followed:?}");
}

#[test]
fn the_lock_of_a_lost_run_is_taken_away_on_record() {
    let world = World::new();
    let mut child = world.start(&["run", "slow", "--yes"]);
    world.wait_for("pid");
    let run = &world.runs()[0];
    kill(&supervisor(run));
    let ran = Ran::of(&{
        child.wait().unwrap();
        child.wait_with_output().unwrap()
    });
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.out.contains("outcome unknown: the supervisor died before its steps ended"), "{ran:?}");

    // What it left running is named, and keeps the lock.
    let id = run["id"].as_str().unwrap();
    let step = std::fs::read_to_string(world.path("pid")).unwrap();
    let named = format!("pid {}, sh -c echo $$ > pid", step.trim());
    let shown = world.run(&["runs", id]);
    assert!(shown.code == 3 && shown.out.contains(&format!("remaining  {named}")), "{shown:?}");
    // No checks are named by which it could be verified.
    assert!(shown.err.contains(&format!("opsroom unlock {id} --why")) && !shown.err.contains("--verify"), "{shown:?}");
    assert!(shown.out.contains("its steps ended, last seen ") && shown.out.contains("; found out at 2"), "{shown:?}");
    let row = |ran: &Ran| ran.out.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    let listed = row(&world.run(&["runs"]));
    assert!(listed.contains("  –  outcome unknown"), "{listed}");
    let refused = world.run(&["unlock", id, "--why", "looked: it is up"]);
    assert!(refused.code == 2 && refused.err.contains(&named) && refused.err.contains("--force"), "{refused:?}");
    assert!(world.run(&["runs"]).out.starts_with("locked: api by "));
    kill(step.trim());
    let from = Instant::now();
    while !world.run(&["runs", id]).out.contains("none of it is left on this host") {
        assert!(from.elapsed() < PATIENCE);
    }

    assert!(world.run(&["runs"]).out.starts_with("locked: api by "));
    assert_eq!(world.run(&["unlock", id]).code, 64);
    assert_eq!(world.run(&["unlock", "other", "--why", "x"]).code, 64);
    assert_eq!(world.run(&["unlock", id, "--why", "x", "--read-only"]).code, 64);
    // What forbids may stand in the file as well, and a file that can't be read may hold it.
    std::fs::write(world.path("opsroom.toml"), CONFIG.replace("[console]", "[console]\nread_only = true")).unwrap();
    let ran = world.run(&["unlock", id, "--why", "x"]);
    assert!(ran.code == 64 && ran.err.contains("`read_only = true` is set in opsroom.toml"), "{ran:?}");
    assert_eq!(world.run(&["runs", id, "--verify"]).code, 64);
    let ran = world.run(&["audit", "verify", "--accept", "--why", "x"]);
    assert!(ran.code == 64 && ran.err.contains("`read_only = true` is set in opsroom.toml"), "{ran:?}");
    std::fs::write(world.path("opsroom.toml"), "[console]\nread_only = maybe\n").unwrap();
    assert_eq!(world.run(&["unlock", id, "--why", "x"]).code, 78);
    for arguments in [&["runs", id, "--verify"][..], &["audit", "verify", "--accept", "--why", "x"]] {
        let ran = world.run(arguments);
        assert!(ran.code == 78 && ran.err.contains("opsroom.toml:2:13: "), "{ran:?}");
    }
    let warned =
        format!("{CONFIG}[check.web]\nhttp = \"http://127.0.0.1:1/\"\nheaders = {{ Cookie = \"abcdefgh\" }}\n");
    std::fs::write(world.path("opsroom.toml"), warned).unwrap();
    let ran = world.run(&["runs", id, "--verify"]);
    assert!(ran.code == 3 && ran.err.contains("looks like a secret written into the file"), "{ran:?}");
    assert!(ran.err.contains("can't be verified: no checks configured to verify this action"), "{ran:?}");
    std::fs::write(world.path("opsroom.toml"), CONFIG).unwrap();
    let ran = world.run(&["unlock", id, "--why", "looked: it is up"]);
    assert!(ran.code == 0 && ran.out.starts_with("unlocked api, which "), "{ran:?}");
    let audit = world.run(&["audit"]);
    assert!(audit.out.contains("unlock") && audit.out.contains("why=looked: it is up"), "{audit:?}");
}

#[test]
fn a_lock_is_given_away_under_a_living_run_only_by_force_and_on_record() {
    let world = World::new();
    let mut child = world.start(&["run", "slow", "--yes"]);
    world.wait_for("pid");
    let run = &world.runs()[0];
    let (id, supervisor) = (run["id"].as_str().unwrap(), supervisor(run));
    let shown = world.run(&["runs", id]);
    assert!(shown.code == 3 && shown.out.contains(&format!("supervisor pid {supervisor}\n")), "{shown:?}");
    assert_eq!(world.run(&["runs", id, "--json"]).code, 3);
    let refused = world.run(&["unlock", id, "--why", "x"]);
    assert!(refused.code == 2 && refused.err.contains(&format!("supervisor (pid {supervisor})")), "{refused:?}");
    let forced = world.run(&["unlock", id, "--force", "--why", "it hangs"]);
    assert!(forced.code == 0 && forced.err.contains("warning: still there: its supervisor"), "{forced:?}");
    let audit = world.run(&["audit", "export"]);
    let unlock = audit.out.lines().find(|line| line.contains("\"unlock\"")).unwrap();
    assert!(unlock.contains("\"forced\":true") && unlock.contains(&format!("pid {supervisor}")), "{unlock}");
    std::fs::write(world.path("go"), "").unwrap();
    child.wait().unwrap();
}

#[test]
fn a_supervisor_that_gives_no_sign_is_told() {
    let world = World::new();
    let mut child = world.start(&["run", "slow", "--yes"]);
    world.wait_for("pid");
    let run = &world.runs()[0];
    let (id, supervisor) = (run["id"].as_str().unwrap(), supervisor(run));
    assert!(Command::new("kill").args(["-STOP", &supervisor]).status().unwrap().success());
    let from = Instant::now();
    while !world.run(&["runs", id]).out.contains(&format!("pid {supervisor}; no sign of the supervisor for ")) {
        assert!(from.elapsed() < PATIENCE);
    }
    // Who follows it is told as well, while it is still silent.
    let mut told = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(told.any(|line| line.unwrap().starts_with("no sign of the supervisor for ")));
    assert!(Command::new("kill").args(["-CONT", &supervisor]).status().unwrap().success());
    std::fs::write(world.path("go"), "").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Another process holds the store: two interrupts stop the run all the same.
#[test]
fn two_interrupts_stop_a_run_while_the_store_is_locked() {
    use sqlx::Connection as _;
    let world = World::new();
    let child = world.start(&["run", "slow", "--yes"]);
    world.wait_for("pid");
    let step = std::fs::read_to_string(world.path("pid")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path("state/opsroom/opsroom.db"));
    let other = runtime.block_on(async {
        let mut other = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
        other
    });
    let runs = || PathBuf::from(format!("/proc/{}/stat", step.trim())).exists();
    let from = Instant::now();
    while runs() {
        // More than two do no harm.
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(100));
        assert!(from.elapsed() < PATIENCE, "it runs on");
    }
    runtime.block_on(other.close()).unwrap();
    let ran = Ran::of(&child.wait_with_output().unwrap());
    assert!(ran.code == 2 && ran.out.contains("cancelled"), "{ran:?}");
    assert!(ran.err.contains("stopping: "), "{ran:?}");
    let audit = world.run(&["audit", "export"]);
    assert_eq!(audit.out.matches("\"run.cancel\"").count(), 1, "{audit:?}");
}

fn supervisor(run: &serde_json::Value) -> String {
    let started: PathBuf = [run["output_path"].as_str().unwrap(), "started.json"].iter().collect();
    let started: serde_json::Value = serde_json::from_slice(&std::fs::read(started).unwrap()).unwrap();
    started["pid"].to_string()
}

fn kill(pid: &str) {
    assert!(Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
}

#[test]
fn the_audit_is_proven_and_exported() {
    let world = World::new();
    let verified = world.run(&["audit", "verify"]);
    assert!(verified.code == 3 && verified.err.starts_with("error: nothing to verify: no store at "), "{verified:?}");
    world.run(&["run", "fail", "--yes"]);
    let verified = world.run(&["audit", "verify"]);
    assert!(verified.code == 0 && verified.out.starts_with("intact  "), "{verified:?}");
    let exported = world.run(&["audit", "export"]);
    let lines: Vec<serde_json::Value> = exported.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines.iter().map(|line| line["entry"]["kind"].as_str().unwrap()).collect::<Vec<_>>(),
        ["run.intent", "run.end"]
    );
    assert_eq!(lines[0]["entry"]["detail"]["env"], serde_json::json!(["TOKEN"]));

    let db = world.path("state/opsroom/opsroom.db");
    std::fs::write(
        &db,
        "this is no database, and long enough to be one of a hundred bytes at the very least, is it not?",
    )
    .unwrap();
    for extra in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{extra}", db.display()));
    }
    assert_eq!(world.run(&["audit", "verify"]).code, 2);
    let refused = world.run(&["run", "slow", "--yes"]);
    assert!(refused.code == 2 && !world.path("pid").exists(), "{refused:?}");
}
