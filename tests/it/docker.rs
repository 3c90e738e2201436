//! The compose adapter against a real Docker Engine: a restart that is seen, a rollback that brings the other image up.
//! `tests/run` looks for the engine; without it these tests say so and pass.
#![expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a skipped test says so; the files are its own")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::in_terminal::{assert_back, confirm, wait_for_state};
use crate::support::pty::Terminal;

const COMPOSE: &str = r#"
version: "3"
services:
  web:
    image: @NAME@:${TAG:-2}
    command: ["/bin/busybox", "sleep", "3600"]
    stop_grace_period: 0s
    network_mode: none
"#;

const CONFIG: &str = r#"
[console]
name = "proving-ground"

[service.web]

[check.web]
command = ["sh", "-c", "docker-compose -p @NAME@ ps -q web | xargs docker inspect -f '{{.State.Running}}' | grep -q true"]
every = "2s"

[adapter.stack]
kind = "compose-v1"
directory = "."
image = "@NAME@"
env = { COMPOSE_PROJECT_NAME = "@NAME@" }

[action.restart-web]
adapter = "stack"
do = "restart"
target = "web"
confirm = "yes"
verify = { checks = ["web"], within = "30s" }

[action.rollback-web]
adapter = "stack"
do = "rollback"
target = "web"
confirm = "yes"
timeout = "60s"
verify = { checks = ["web"], within = "30s" }

[action.open-web]
service = "web"
adapter = "stack"
do = "shell"
target = "web"
key = "H"

[adapter.box]
kind = "docker"
shell = "/bin/sh"

[action.open-box]
service = "web"
adapter = "box"
do = "shell"
target = "@NAME@_web_1"
key = "O"
"#;

/// A compose project of one container, with two images of the same content.
struct Project {
    name: String,
    directory: tempfile::TempDir,
}

impl Project {
    /// A running project, where there is an engine.
    fn up(test: &str) -> Option<Self> {
        let Ok(busybox) = std::env::var("OPSROOM_TEST_DOCKER") else {
            eprintln!("skipped: OPSROOM_TEST_DOCKER is not set; tests/run looks for a Docker Engine");
            return None;
        };
        let project = Self {
            name: format!("opsroomtest{}{test}", std::process::id()),
            directory: tempfile::tempdir().expect("a temporary directory"),
        };
        let root = project.path("root/bin");
        std::fs::create_dir_all(&root).expect("a directory for the image");
        std::fs::copy(busybox, root.join("busybox")).expect("busybox is copied");
        std::os::unix::fs::symlink("busybox", root.join("sh")).expect("a link");
        for tag in ["1", "2"] {
            let import = format!("tar -C root -c . | docker import - {}:{tag}", project.name);
            project.must("sh", &["-c", &import]);
        }
        std::fs::write(project.path("docker-compose.yml"), COMPOSE.replace("@NAME@", &project.name)).expect("written");
        std::fs::write(project.path("opsroom.toml"), CONFIG.replace("@NAME@", &project.name)).expect("written");
        project.must("docker-compose", &["up", "-d"]);
        Some(project)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.directory.path()).env("COMPOSE_PROJECT_NAME", &self.name);
        command
    }

    fn must(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output().expect("the program starts");
        assert!(output.status.success(), "{program} {arguments:?}: {}", summary(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A field of the running container, in Docker's own template language.
    fn container(&self, field: &str) -> String {
        let id = self.must("docker-compose", &["ps", "-q", "web"]);
        self.must("docker", &["inspect", "--format", field, &id])
    }

    fn opsroom(&self, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_opsroom"))
            .args(arguments)
            .env("XDG_STATE_HOME", self.path("state"))
            .output()
            .expect("the program starts")
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = self.command("docker-compose").args(["down", "--timeout", "0"]).output();
        let images = ["1", "2"].map(|tag| format!("{}:{tag}", self.name));
        let _ = self.command("docker").args(["image", "rm", "--force"]).args(images).output();
    }
}

fn summary(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_container_is_restarted_and_rolled_back_and_the_check_agrees() {
    let Some(project) = Project::up("mended") else { return };
    let started = project.container("{{.State.StartedAt}}");

    let restart = project.opsroom(&["run", "restart-web", "--yes"]);
    assert_eq!(restart.status.code(), Some(0), "{}", summary(&restart));
    assert!(summary(&restart).contains("verified"), "{}", summary(&restart));
    assert_ne!(project.container("{{.State.StartedAt}}"), started, "it was really restarted");

    assert_eq!(project.container("{{.Config.Image}}"), format!("{}:2", project.name));
    let rollback = project.opsroom(&["run", "rollback-web", "--set", "version=1", "--yes"]);
    assert_eq!(rollback.status.code(), Some(0), "{}", summary(&rollback));
    assert_eq!(project.container("{{.Config.Image}}"), format!("{}:1", project.name));

    let refused = project.opsroom(&["run", "rollback-web", "--set", "version=9", "--yes"]);
    assert_ne!(refused.status.code(), Some(0), "a version that the adapter does not offer: {}", summary(&refused));
    assert_eq!(project.container("{{.Config.Image}}"), format!("{}:1", project.name));
}

#[test]
fn a_shell_in_a_container_has_the_terminal_and_gives_it_back() {
    let Some(project) = Project::up("shell") else { return };
    let (config, path) = (project.path("opsroom.toml"), std::env::var("PATH").expect("a PATH"));
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", config.to_str().expect("a path of the test")];
    let hostname = project.container("{{.Config.Hostname}}");
    for (key, adapter) in [("O", "docker"), ("H", "compose-v1")] {
        let environment = [("PATH", path.as_str()), ("COMPOSE_PROJECT_NAME", &project.name)];
        let mut console = confirm(Terminal::program(&argv, 100, 30, &environment), key);
        console.wait("our screen is left", |screen| !screen.alternate_screen());
        // Docker's program sends the size after the shell has started, later on a busy machine: it is asked for again.
        console.press("busybox hostname; until busybox stty size | busybox grep 30; do busybox sleep 1; done\r");
        console.wait(&format!("the shell of {adapter} in the container"), |screen| {
            let shown = screen.contents();
            shown.lines().any(|line| line.trim() == hostname) && shown.lines().any(|line| line.trim() == "30 100")
        });
        console.press("busybox sleep 3; exit 3\r");
        assert_back(&mut console, adapter);
        assert_eq!(wait_for_state(&console, "failed")["exit_code"], 3, "{adapter}");
        console.press("q");
        assert_eq!(console.wait_for_end().exit_code(), 0, "{adapter}");
        console.assert_restored(adapter);
    }
    // The container goes away under its shell.
    let mut console = confirm(Terminal::program(&argv, 100, 30, &[("PATH", path.as_str())]), "O");
    console.wait("our screen is left", |screen| !screen.alternate_screen());
    console.press("busybox hostname\r");
    console.wait_for(&hostname);
    project.must("docker-compose", &["kill", "web"]);
    console.wait("a way back", |screen| screen.alternate_screen() || screen.contents().contains("Press Enter"));
    console.press("\r");
    console.wait("the console", vt100::Screen::alternate_screen);
    assert_eq!(wait_for_state(&console, "failed")["exit_code"], 137);
}

/// A container that has written one line of 40,000 bytes, and its image.
struct Wrote(String);

impl Drop for Wrote {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", &self.0]).output();
        let _ = Command::new("docker").args(["image", "rm", "--force", &format!("{}:1", self.0)]).output();
    }
}

#[test]
fn a_line_that_docker_stores_in_pieces_is_one_line_without_the_times_between_them() {
    let Ok(busybox) = std::env::var("OPSROOM_TEST_DOCKER") else {
        eprintln!("skipped: OPSROOM_TEST_DOCKER is not set; tests/run looks for a Docker Engine");
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let wrote = Wrote(format!("opsroomlong{}", std::process::id()));
    let script = "mkdir -p root/bin && cp $0 root/bin/busybox && tar -C root -c . | docker import - $1:1 && \
        docker run --name $1 --network none $1:1 /bin/busybox sh -c \
        '/bin/busybox yes abcdefghi | /bin/busybox head -n 4000 | /bin/busybox tr -d \"\\n\"; /bin/busybox echo; /bin/busybox echo after'";
    let run = Command::new("sh").current_dir(directory.path()).args(["-c", script, &busybox, &wrote.0]).output();
    let run = run.expect("a shell");
    assert!(run.status.success(), "{}", summary(&run));
    let config = format!("[log.long]\ndocker = \"{}\"\n", wrote.0);
    std::fs::write(directory.path().join("opsroom.toml"), config).expect("written");
    let said = Command::new(env!("CARGO_BIN_EXE_opsroom"))
        .current_dir(directory.path())
        .args(["logs", "long", "--json"])
        .env("XDG_STATE_HOME", directory.path().join("state"))
        .output()
        .expect("the program starts");
    let messages: Vec<String> = String::from_utf8_lossy(&said.stdout)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a record")["message"].to_string())
        .collect();
    assert_eq!(messages.len(), 2, "{}", summary(&said));
    // What is shown of a line may be bounded; no time stands within it.
    assert!(!messages[0].contains("T0") && !messages[0].contains("Z "), "{}", &messages[0]);
    let shown = messages[0].trim_matches('"').split('…').next().unwrap_or_default();
    assert!(shown.len() > 8_000 && "abcdefghi".repeat(4_000).starts_with(&shown[..8_000]), "{}", shown.len());
    assert_eq!(messages[1], "\"after\"");
}
