//! What is wrong for a while is not wrong for ever: the running console over files and secrets that change under it.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what fails here fails the test; the files are the test's own"
)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::server::{Reply, Server};
use opsroom::app::state::State;
use opsroom::clock::Clock;
use opsroom::config::load;
use opsroom::model::reading::Sign;
use opsroom::runtime::core::{ConsolePart, StartOptions};
use opsroom::runtime::headless::{Headless, LoopEnd};
use opsroom::runtime::reload::Loader;
use opsroom::world::diagnostics::Problem;

/// So long a test waits for what must happen.
const LONG: Duration = Duration::from_secs(40);

/// A console without a screen on a directory with an `opsroom.toml`.
struct Console {
    directory: tempfile::TempDir,
    headless: Headless,
}

impl Console {
    fn start(prepare: impl Fn(&Path)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        prepare(directory.path());
        let file = directory.path().join("opsroom.toml");
        let path = file.clone();
        let loader = Loader::new(&file, move || load::load_again(&path).accepted());
        let first = load::load(&file);
        let config = Arc::new(first.config.unwrap_or_else(|| panic!("{:?}", first.diagnostics)));
        let state_directory = directory.path().join("state");
        let start = StartOptions {
            clock: Clock::start(),
            config,
            loader: Some(loader),
            warnings: Vec::new(),
            store: None,
            part: ConsolePart::Plays,
            state_directory,
            record: None,
        };
        Self { directory, headless: Headless::start(start, (80, 24)) }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&State) -> bool) {
        assert_eq!(self.headless.run(LONG, holds).await, LoopEnd::Reached, "{what}");
    }
}

fn signs(state: &State, sign: Sign) -> bool {
    state.world.checks.iter().all(|check| check.last.as_ref().is_some_and(|last| last.sign == sign))
}

fn checks(state: &State) -> Vec<&str> {
    state.world.checks.iter().map(|check| &*check.name).collect()
}

fn said(state: &State, words: &str) -> bool {
    state.world.timeline.newest_first().any(|entry| entry.text.as_str().contains(words))
}

/// A service that lets in who brings the token of the day.
async fn guarded(token: &Arc<Mutex<String>>) -> Server {
    let token = Arc::clone(token);
    Server::start(move |request| {
        let expected = format!("Bearer {}", token.lock().unwrap());
        let status = if request.header("authorization") == Some(&expected) { 200 } else { 401 };
        Reply::json(status, "{}")
    })
    .await
}

fn with_token(server: &Server, secret: &str) -> String {
    let url = server.url("/");
    format!(
        "[secret]\ntoken = {secret}\n[check.api]\nhttp = \"{url}\"\nproxy = \"\"\nevery = \"1s\"\ntimeout = \"1s\"\n\
         headers = {{ Authorization = \"Bearer {{secret:token}}\" }}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_file_lets_the_checks_in_again() {
    let token = Arc::new(Mutex::new("token-of-monday".to_owned()));
    let server = guarded(&token).await;
    let mut console = Console::start(|root| {
        fs::write(root.join("token"), "token-of-monday\n").unwrap();
        private(&root.join("token"));
        let file = root.join("token").display().to_string();
        fs::write(root.join("opsroom.toml"), with_token(&server, &format!("{{ file = \"{file}\" }}"))).unwrap();
    });
    console.until("let in", |state| signs(state, Sign::Good)).await;
    "token-of-tuesday".clone_into(&mut token.lock().unwrap());
    console.until("refused", |state| signs(state, Sign::Bad)).await;
    fs::write(console.at("next"), "token-of-tuesday\n").unwrap();
    fs::rename(console.at("next"), console.at("token")).unwrap();
    console.until("let in again", |state| signs(state, Sign::Good)).await;
    console.headless.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_file_that_comes_late_is_read() {
    let token = Arc::new(Mutex::new("token-of-monday".to_owned()));
    let server = guarded(&token).await;
    let mut console = Console::start(|root| {
        let file = root.join("token").display().to_string();
        fs::write(root.join("opsroom.toml"), with_token(&server, &format!("{{ file = \"{file}\" }}"))).unwrap();
    });
    console.until("no secret", |state| signs(state, Sign::Unknown)).await;
    fs::write(console.at("token"), "token-of-monday\n").unwrap();
    console.until("let in", |state| signs(state, Sign::Good)).await;
    console.headless.finish().await;
}

/// The lines of the only log, as they are held.
fn lines(state: &State) -> Vec<&str> {
    state.world.log("app").unwrap().ring.iter().map(|record| record.raw.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_were_read_before_a_secret_was_known_are_masked_once_it_is() {
    let mut console = Console::start(|root| {
        let file = root.join("token").display().to_string();
        let text = format!("[secret]\ntoken = {{ file = \"{file}\" }}\n[log.app]\nfile = \"app.log\"\n");
        fs::write(root.join("opsroom.toml"), text).unwrap();
        fs::write(root.join("app.log"), "{\"level\":\"info\",\"message\":\"with token\\u002dof-monday\"}\nanother\n")
            .unwrap();
    });
    console.until("read while there is no secret", |state| lines(state).len() == 2).await;
    assert!(lines(console.headless.state())[0].contains("of-monday"));
    fs::write(console.at("token"), "token-of-monday\n").unwrap();
    let masked = "{\"level\":\"info\",\"message\":\"with ***\"}";
    console.until("masked", |state| lines(state) == [masked, "another"]).await;
    let record = console.headless.state().world.log("app").unwrap().ring.at(0).unwrap();
    assert_eq!(record.message.as_str(), "with ***");
    assert!(record.fields().iter().all(|(_, value)| !value.as_str().contains("monday")));
    console.headless.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_a_reload_takes_away_stays_masked() {
    let log = "[log.app]\nfile = \"app.log\"\n";
    let mut console = Console::start(|root| {
        fs::write(root.join("token"), "token-of-monday\n").unwrap();
        private(&root.join("token"));
        let file = root.join("token").display().to_string();
        let text = format!("[secret]\ntoken = {{ file = \"{file}\" }}\n{log}");
        fs::write(root.join("opsroom.toml"), text).unwrap();
        fs::write(root.join("app.log"), "first token-of-monday\n").unwrap();
    });
    console.until("masked", |state| lines(state) == ["first ***"]).await;
    // By a rename: a file that is written in place may be read while it is empty, and then has no log.
    fs::write(console.at("next"), log).unwrap();
    fs::rename(console.at("next"), console.at("opsroom.toml")).unwrap();
    console.until("reloaded", |state| state.world.config.secrets.is_empty()).await;
    // Appended: a log that is written anew may be seen while it is empty, and is then read from its beginning.
    let mut log = fs::OpenOptions::new().append(true).open(console.at("app.log")).unwrap();
    log.write_all(b"second token%2Dof-monday\n").unwrap();
    console.until("read on", |state| lines(state).len() == 2).await;
    assert_eq!(lines(console.headless.state()), ["first ***", "second ***"]);
    console.headless.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reloading_goes_on_after_an_included_file_went_and_after_a_rejection() {
    let check = |name: &str| format!("[check.{name}]\ntcp = \"127.0.0.1:1\"\n");
    let mut console = Console::start(|root| {
        fs::create_dir(root.join("conf.d")).unwrap();
        for name in ["a", "b"] {
            fs::write(root.join("conf.d").join(name).with_extension("toml"), check(name)).unwrap();
        }
        fs::write(root.join("opsroom.toml"), "include = [\"conf.d/*.toml\"]\n").unwrap();
    });
    fs::remove_file(console.at("conf.d/a.toml")).unwrap();
    console.until("a went", |state| checks(state) == ["b"]).await;
    fs::write(console.at("conf.d/c.toml"), check("c")).unwrap();
    console.until("c came", |state| checks(state) == ["b", "c"]).await;
    fs::write(console.at("conf.d/c.toml"), "[check.c]\n").unwrap();
    console.until("rejected", |state| said(state, "configuration rejected; the previous one stays in effect")).await;
    assert_eq!(checks(console.headless.state()), ["b", "c"]);
    // Taking the mistake back changes nothing, and is good news all the same.
    fs::write(console.at("conf.d/c.toml"), check("c")).unwrap();
    console.until("as before", |state| said(state, "configuration reloaded: nothing changed")).await;
    console.headless.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_are_those_of_the_running_configuration() {
    let check = |more: &str| format!("[check.api]\ntcp = \"127.0.0.1:1\"\n{more}");
    let of_page = |header: &str| {
        format!("[check.web]\nhttp = \"http://127.0.0.1:1/\"\nheaders = {{ {header} = \"abcdefgh\" }}\n")
    };
    let warned = |state: &State, name: &str| {
        let of_name = |problem: &Problem| problem.text.as_str().contains(&format!("`{name}` looks like a secret"));
        state.world.diagnostics.problems.iter().any(of_name)
    };
    let mut console = Console::start(|root| fs::write(root.join("opsroom.toml"), check("")).unwrap());
    fs::write(console.at("opsroom.toml"), check(&of_page("Cookie"))).unwrap();
    console.until("the first warning", |state| warned(state, "Cookie")).await;
    fs::write(console.at("opsroom.toml"), check(&of_page("X-Token"))).unwrap();
    console.until("the second alone", |state| warned(state, "X-Token") && !warned(state, "Cookie")).await;
    fs::write(console.at("opsroom.toml"), check("")).unwrap();
    console.until("none", |state| checks(state) == ["api"] && !warned(state, "X-Token")).await;
    console.headless.finish().await;
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
