//! The built-in adapters, run by the true program: what they call, with which arguments. The tools are scripts that write
//! down how they were called; git is git.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files, and its helpers end it where they fail"
)]

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::support::shell;

struct World {
    at: tempfile::TempDir,
}

impl World {
    /// A directory with a configuration of one adapter and of an action for each verb, and tools that note their calls.
    fn new(adapter: &str, verbs: &[&str]) -> Self {
        let world = Self { at: tempfile::tempdir().unwrap() };
        let mut config = format!("[adapter.it]\ndirectory = \".\"\n{adapter}\n");
        for verb in verbs {
            let _ = writeln!(config, "[action.{verb}]\nadapter = \"it\"\ndo = \"{verb}\"\ntarget = \"api\"");
        }
        std::fs::write(world.path("opsroom.toml"), config).unwrap();
        std::fs::create_dir(world.path("bin")).unwrap();
        for tool in ["docker", "docker-compose", "systemctl", "journalctl", "own"] {
            world.tool(tool, "");
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.at.path().join(name)
    }

    /// A tool that notes its arguments, a bar between each, and then does `script`.
    fn tool(&self, name: &str, script: &str) {
        let calls = self.path("calls");
        let text =
            format!("#!/bin/sh\n( printf '{name}'; printf '|%s' \"$@\"; echo ) >>'{}'\n{script}\n", calls.display());
        std::fs::write(self.path("bin").join(name), text).unwrap();
        std::fs::set_permissions(self.path("bin").join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs an action; returns its exit code, everything it printed, and the calls it made.
    fn run(&self, arguments: &[&str]) -> (i32, String, Vec<String>) {
        let _ = std::fs::remove_file(self.path("calls"));
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let mut command = shell::opsroom(self.at.path());
        let output = command.args(["run", "--yes"]).args(arguments).env("PATH", path).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let calls = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        (output.status.code().unwrap_or(-1), text, calls.lines().map(str::to_owned).collect())
    }

    fn calls(&self, arguments: &[&str]) -> Vec<String> {
        let (code, text, calls) = self.run(arguments);
        assert_eq!(code, 0, "{text}");
        calls
    }
}

#[test]
fn compose() {
    let world = World::new(
        "kind = \"compose\"\nvariables = { image = \"acme/api\" }",
        &["restart", "rollback", "scale", "status", "logs"],
    );
    let docker = "case \"$1 $*\" in
        *inspect*RepoTags*) printf '[\"acme/api:v3\"] Ana\\n[\"acme/api:v2\",\"acme/api:old\"] B \"q\"\\n[\"acme/api:v1\"] \\n' ;;
        image*) printf 'v3 2026-11-27 10:00:00 +0000 UTC\\nv2 2026-11-26 10:00:00 +0000 UTC\\nv1 2026-11-25 10:00:00 +0000 UTC\\n<none> x\\n' ;;
        *\" ps --quiet\"*) echo c0ffee ;;
        inspect*) echo acme/api:v2 ;;
        compose*) echo \"tag $TAG\" ;; esac";
    world.tool("docker", docker);
    assert_eq!(world.calls(&["restart"]), ["docker|compose|restart|api"]);
    assert_eq!(world.calls(&["restart", "--dry-run"]), ["docker|compose|--dry-run|restart|api"]);
    let (code, text, calls) = world.run(&["rollback", "--set", "version=v1"]);
    assert!(code == 0 && text.contains("tag v1"), "{text}");
    assert_eq!(
        calls,
        [
            "docker|compose|ps|--quiet|api",
            "docker|inspect|--format|{{.Config.Image}}|c0ffee",
            "docker|image|ls|--format|{{.Tag}} {{.CreatedAt}}|acme/api",
            "docker|image|inspect|--format|{{json .RepoTags}} {{index .Config.Labels \"org.opencontainers.image.authors\"}}|acme/api:v3|acme/api:v2|acme/api:v1",
            "docker|compose|up|--detach|--no-deps|api"
        ]
    );
    let (code, text, calls) = world.run(&["rollback", "--set", "version=v2"]);
    assert!(code == 2 && text.contains("refused: version `v2` is what runs now, nothing ran"), "{text}");
    assert!(text.contains("hint: use --set version=v1, the one before it") && calls.len() == 4, "{text}");
    let (code, text, _) = world.run(&["rollback"]);
    let listed = "error: rollback needs a version\n  v3  2026-11-27T10:00:00+00:00  by Ana\n  v2  runs now  2026-11-26T10:00:00+00:00  by B  q\n  \
                  v1  the one before  2026-11-25T10:00:00+00:00\nhint: choose with --set version=VALUE; the one before what runs is v1\n";
    assert!(code == 64 && text.ends_with(listed), "{text}");
    assert_eq!(
        world.calls(&["scale", "--set", "replicas=3"]),
        ["docker|compose|up|--detach|--no-recreate|--scale|api=3|api"]
    );
    assert_eq!(world.calls(&["status"]), ["docker|compose|ps|--all|api"]);
    assert_eq!(world.calls(&["logs"]), ["docker|compose|logs|--no-color|--timestamps|--tail|200|api"]);
}

#[test]
fn compose_v1_docker_systemd_and_a_script_have_no_dry_run() {
    for (adapter, call) in [
        ("kind = \"compose-v1\"", "docker-compose|restart|api"),
        ("kind = \"docker\"", "docker|restart|--time|10|api"),
        ("kind = \"systemd\"\nscope = \"--user\"", "systemctl|--user|restart|api"),
        ("kind = \"script\"\nprogram = \"own\"", "own|restart|api"),
    ] {
        let world = World::new(adapter, &["restart"]);
        assert_eq!(world.calls(&["restart"]), [call]);
        let (code, text, calls) = world.run(&["restart", "--dry-run"]);
        assert!(code == 64 && text.contains("declares no dry run") && calls.is_empty(), "{adapter}: {text}");
    }
}

#[test]
fn kubernetes() {
    let world = World::new("kind = \"kubernetes\"\nnamespace = \"shop\"", &["restart", "rollback", "scale"]);
    let history = "case $4 in history) printf 'deployment.apps/api\\nREVISION  CHANGE-CAUSE\\n9         <none>\\n10        <none>\\n' ;;
        replicasets) printf 'web   9    Cleo\\napi   9    Ana B\\napi   10   <none>\\n' ;; esac";
    world.tool("kubectl", history);
    assert_eq!(
        world.calls(&["restart"]),
        [
            "kubectl|--context=|--namespace=shop|rollout|restart|api",
            "kubectl|--context=|--namespace=shop|rollout|status|api|--timeout=100s"
        ]
    );
    let (code, text, _) = world.run(&["rollback"]);
    assert!(code == 64 && text.contains("  10  runs now\n  9   the one before  by Ana B\n"), "{text}");
    let (code, text, _) = world.run(&["rollback", "--set", "version=10"]);
    assert!(code == 2 && text.contains("version `10` is what runs now"), "{text}");
    assert_eq!(
        world.calls(&["rollback", "--set", "version=9", "--dry-run"])[2],
        "kubectl|--context=|--namespace=shop|rollout|undo|api|--to-revision=9|--dry-run=server"
    );
    assert_eq!(
        world.calls(&["scale", "--set", "replicas=2", "--dry-run"]),
        ["kubectl|--context=|--namespace=shop|scale|api|--replicas=2|--dry-run=server"]
    );
}

#[test]
fn git_compose_goes_back_to_a_version_and_forward_again() {
    let world = World::new("kind = \"git-compose\"", &["rollback", "status"]);
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(arguments)
            .current_dir(world.at.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    std::fs::write(world.path(".gitignore"), "*\n!app\n").unwrap();
    for version in ["v1", "v2"] {
        std::fs::write(world.path("app"), version).unwrap();
        git(&["add", "-f", "app"]);
        git(&["commit", "-q", "-m", version]);
        git(&["tag", version]);
    }
    let app = || std::fs::read_to_string(world.path("app")).unwrap();
    assert_eq!(world.calls(&["rollback", "--set", "version=v1"]), ["docker|compose|up|--detach|--build|api"]);
    assert_eq!(app(), "v1");
    let (code, text, _) = world.run(&["rollback", "--set", "version=v1"]);
    assert!(code == 2 && text.contains("version `v1` is what runs now"), "{text}");
    world.calls(&["rollback", "--set", "version=v2"]);
    let (_, text, _) = world.run(&["rollback"]);
    assert!(
        text.contains("  v2       runs now")
            && text.contains("  v1       the one before")
            && text.contains("  by t  v1"),
        "{text}"
    );
    assert_eq!(app(), "v2");
    let (code, text, _) = world.run(&["rollback", "--set", "version=v2; touch pwned"]);
    assert!(code == 64 && text.contains("the adapter offers no version `v2; touch pwned`"), "{text}");

    // A subject that is no JSON, and a commit that is not tagged.
    std::fs::write(world.path("app"), "v3").unwrap();
    git(&["commit", "-q", "-am", "say \"v3\" \\ and\ttab"]);
    let (_, text, _) = world.run(&["rollback"]);
    assert!(text.contains("say  v3    and") && text.matches("runs now").count() == 1, "{text}");

    std::fs::write(world.path("app"), "edited by hand").unwrap();
    let (code, text, calls) = world.run(&["rollback", "--set", "version=v1"]);
    assert!(code == 2 && text.contains("the checkout has local changes"), "{text}");
    assert!(calls.is_empty());
    assert_eq!(app(), "edited by hand");
}
