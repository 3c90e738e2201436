//! Following logs as the console does: through the channel, with real files and real commands.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use opsroom::clock::Clock;
use opsroom::config::Config;
use opsroom::config::kinds::command::CommandLine;
use opsroom::config::sections::log::{Log, LogKind};
use opsroom::logs::record::{LogState, Record, RecordKind};
use opsroom::model::observation::Observation;
use opsroom::sources::SourceContext;
use opsroom::sources::logs as tail;
use opsroom::sources::logs::Resume;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

fn log(name: &str, kind: LogKind) -> Log {
    Log { kind, ..Log::of_file(name.into(), "".into()) }
}

fn script(text: &str) -> LogKind {
    LogKind::Command(CommandLine { argv: vec![text.to_owned()], shell: true, ..CommandLine::default() })
}

/// A follower that runs, and what it said.
struct Followed {
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    observations: mpsc::Receiver<Observation>,
    records: Vec<Record>,
    states: Vec<LogState>,
}

impl Followed {
    #[expect(clippy::disallowed_methods, reason = "the test is the supervisor")]
    fn start(logs: Vec<Log>, resume: &Resume) -> Self {
        let (out, observations) = mpsc::channel(16);
        let cancel = CancellationToken::new();
        let config = Config { logs, ..Config::default() };
        let context = SourceContext {
            config: Arc::new(config),
            secrets: Arc::default(),
            clock: Clock::start(),
            out,
            cancel: cancel.clone(),
        };
        let task = tokio::spawn(tail::run(context, resume.clone()));
        Self { cancel, task, observations, records: Vec::new(), states: Vec::new() }
    }

    /// Takes what comes until `done`; fails after half a minute.
    async fn until(&mut self, done: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !done(self) {
                match self.observations.recv().await.expect("the follower goes on") {
                    Observation::Records { batch, .. } => self.records.extend(batch.records),
                    Observation::LogState { state, .. } => self.states.push(state),
                    _ => {}
                }
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(30), waiting).await.is_ok(), "nothing came");
    }

    fn lines(&self) -> Vec<&str> {
        self.records.iter().filter(|record| record.kind == RecordKind::Line).map(|record| record.raw.as_str()).collect()
    }

    /// Cancels it as a reload does, and takes what it hands over then.
    async fn cancelled(mut self) -> Vec<String> {
        self.cancel.cancel();
        while let Some(observation) = self.observations.recv().await {
            if let Observation::Records { batch, .. } = observation {
                self.records.extend(batch.records);
            }
        }
        self.task.await.expect("it ends without a panic");
        self.records.iter().map(|record| record.message.as_str().to_owned()).collect()
    }

    async fn stop(self) {
        self.cancel.cancel();
        drop(self.observations);
        self.task.await.expect("it ends without a panic");
    }
}

fn append(path: &Path, text: &str) {
    use std::io::Write;
    std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_reload_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    append(&path, "one\n");
    let resume = Resume::default();
    let logs = vec![log("a", LogKind::File(path.clone()))];
    let mut followed = Followed::start(logs.clone(), &resume);
    followed.until(|f| f.lines() == ["one"]).await;
    followed.stop().await;
    append(&path, "two\n");
    let mut followed = Followed::start(logs, &resume);
    followed.until(|f| f.lines() == ["two"]).await;
    assert_eq!(followed.records[0].seq, 2);
    followed.stop().await;
}

#[tokio::test]
async fn both_outputs_of_a_command_are_records_and_it_is_started_again() {
    let text = "echo out; echo err >&2; exit 3";
    let mut followed = Followed::start(vec![log("c", script(text))], &Resume::default());
    followed.until(|f| f.lines().len() >= 4).await;
    let stderr = |text: &str| followed.records.iter().find(|record| record.raw.as_str() == text).unwrap().stderr;
    assert!(stderr("err") && !stderr("out"));
    let marker = followed.records.iter().find(|record| record.kind == RecordKind::Marker).unwrap();
    assert!(marker.raw.as_str().starts_with("the command ended with exit code 3; restarting in "), "{}", marker.raw);
    assert!(followed.states.iter().any(|state| matches!(state, LogState::Restarting(_))));
    followed.stop().await;
}

#[tokio::test]
async fn what_a_command_repeats_after_it_was_started_again_is_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("count");
    let text = format!(
        "echo x >> {0}; echo 2026-11-21T10:00:00Z first; echo 2026-11-21T10:00:01Z second; \
         echo 2026-11-21T10:00:02Z run $(wc -l < {0})",
        file.display()
    );
    let mut followed = Followed::start(vec![log("c", script(&text))], &Resume::default());
    followed.until(|f| f.lines().len() >= 4).await;
    let messages: Vec<&str> = followed
        .records
        .iter()
        .filter(|record| record.kind == RecordKind::Line)
        .map(|record| record.message.as_str())
        .collect();
    assert_eq!(messages, ["first", "second", "run 1", "run 2"]);
    followed.stop().await;
}

#[tokio::test]
async fn what_a_command_had_said_before_a_reload_comes_once() {
    for after in ["", "exec >&- 2>&-; "] {
        let directory = tempfile::tempdir().unwrap();
        let said = directory.path().join("said");
        let text = format!(
            "echo 2026-11-21T10:00:00Z first; echo 2026-11-21T10:00:01Z second; \
             [ -e {0} ] && echo 2026-11-21T10:00:02Z again; {after}sleep 0.03; echo x > {0}; exec sleep 60",
            said.display()
        );
        let (resume, logs) = (Resume::default(), vec![log("c", script(&text))]);
        let followed = Followed::start(logs.clone(), &resume);
        let saying = async {
            while !said.exists() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(30), saying).await.is_ok(), "the command did not start");
        let mut lines = followed.cancelled().await;
        // What had not been read by then is said again, and what had been, as is likely after that pause, is left out.
        let mut followed = Followed::start(logs, &resume);
        followed.until(|f| f.records.iter().any(|record| record.message.as_str() == "again")).await;
        lines.extend(followed.cancelled().await);
        assert_eq!(lines, ["first", "second", "again"], "after {after:?}");
    }
}

#[tokio::test]
async fn a_command_that_is_not_there_says_so() {
    let kind = LogKind::Command(CommandLine { argv: vec!["no-such-program-here".into()], ..CommandLine::default() });
    let mut followed = Followed::start(vec![log("c", kind)], &Resume::default());
    followed.until(|f| f.states.iter().any(|state| matches!(state, LogState::Failed(_)))).await;
    let words = format!("{:?}", followed.states);
    assert!(words.contains("no-such-program-here was not found"), "{words}");
    followed.stop().await;
}

#[tokio::test]
async fn nothing_is_lost_while_the_loop_is_busy() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    append(&path, "start\n");
    let mut followed = Followed::start(vec![log("a", LogKind::File(path.clone()))], &Resume::default());
    followed.until(|f| f.lines() == ["start"]).await;
    for batch in 0..200 {
        let text = (0..100).fold(String::new(), |text, line| text + &format!("line {}\n", batch * 100 + line));
        append(&path, &text);
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    followed.until(|f| f.lines().len() == 20_001).await;
    assert!(followed.lines()[1..].iter().enumerate().all(|(at, line)| *line == format!("line {at}")));
    followed.stop().await;
}

/// `opsroom logs …` in a directory of its own, fed with `input`.
fn opsroom_logs(directory: &Path, arguments: &[&str], input: &str) -> (String, String, Option<i32>) {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_opsroom"))
        .arg("logs")
        .args(arguments)
        .current_dir(directory)
        // No configuration of the person who runs the tests.
        .env("HOME", directory)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("OPSROOM_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

#[test]
fn files_are_merged_by_time_on_stdout() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    append(&at.join("a.log"), "2026-11-21T10:00:00Z INFO one\n  goes on\n2026-11-21T10:00:02Z WARN three\n");
    append(
        &at.join("b.log"),
        "{\"time\":\"2026-11-21T10:00:01Z\",\"level\":\"error\",\"service\":\"pay\",\"msg\":\"two\",\"code\":7}\n",
    );
    let (out, err, code) = opsroom_logs(at, &["a.log", "b.log"], "");
    assert_eq!(
        out,
        "2026-11-21T10:00:00.000Z INFO  a.log one\n  goes on\n\
         2026-11-21T10:00:01.000Z ERROR b.log pay: two code=7\n2026-11-21T10:00:02.000Z WARN  a.log three\n"
    );
    assert_eq!((err.as_str(), code), ("", Some(0)));
    let (out, _, _) = opsroom_logs(at, &["a.log", "b.log", "--filter", "level>=error", "--json"], "");
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(object["fields"]["code"], "7");
    assert_eq!((object["level"].as_str(), object["log"].as_str()), (Some("error"), Some("b.log")));
    let (out, _, _) = opsroom_logs(at, &["a.log", "--since", "2026-11-21T10:00:01Z"], "");
    assert_eq!(out, "2026-11-21T10:00:02.000Z WARN  three\n");
    let (out, err, code) = opsroom_logs(at, &["a.log", "-C", "2", "-F", "nowhere"], "");
    assert_eq!((out.as_str(), code), ("", Some(0)));
    let covers = "covers: a.log since 2026-11-21T10:00:00Z, the oldest record read\n";
    assert_eq!(err, format!("note: no line matched\n{covers}"));
}

#[test]
fn stdin_is_a_log_and_escapes_do_not_come_through() {
    let directory = tempfile::tempdir().unwrap();
    let (out, _, code) =
        opsroom_logs(directory.path(), &["-", "--filter", "keep"], "keep \x1b]0;pwn\x07me\ndrop me\nkeep too");
    assert_eq!(code, Some(0));
    assert!(out.starts_with("keep ") && out.ends_with("\nkeep too\n") && !out.contains('\x1b'), "{out:?}");
}

#[test]
fn a_wrong_filter_and_an_unknown_log_say_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let (out, err, code) = opsroom_logs(at, &["-", "--filter", "x level>=wran"], "");
    assert_eq!((out.as_str(), code), ("", Some(64)));
    assert_eq!(err, "error: `wran` is not a level\n  x level>=wran\n           ^\nhint: did you mean `warn`?\n");
    let (_, err, code) = opsroom_logs(at, &["api.lgo", "--count"], "");
    assert_eq!(code, Some(64));
    assert!(err.starts_with("error: no log and no file named `api.lgo`\nhint: name a file"), "{err}");
    let (_, err, code) = opsroom_logs(at, &[], "");
    assert_eq!(code, Some(78));
    assert!(err.starts_with("error: no logs named") && err.contains("`opsroom logs FILE…`"), "{err}");
    append(&at.join("opsroom.toml"), "[log.api]\nfile = \"api.log\"\n");
    let (_, err, code) = opsroom_logs(at, &["apo"], "");
    assert_eq!(code, Some(64));
    assert_eq!(err, "error: no log and no file named `apo`\nhint: did you mean `api`?\n");
}

#[test]
fn the_logs_of_the_configuration_are_printed_and_commands_are_asked() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    append(
        &at.join("opsroom.toml"),
        "[log.api]\nfile = \"api-*.log\"\n[log.tool]\ncommand = [\"printf\", \"2026-11-21T10:00:01Z from the command\\\\n\"]\n",
    );
    append(&at.join("api-1.log"), "2026-11-21T10:00:00Z one\n");
    append(&at.join("api-2.log"), "2026-11-21T10:00:02Z two\n");
    let (out, err, code) = opsroom_logs(at, &[], "");
    assert_eq!(
        out,
        "2026-11-21T10:00:00.000Z api one\n2026-11-21T10:00:01.000Z tool from the command\n\
         2026-11-21T10:00:02.000Z api two\n",
        "{err}"
    );
    assert_eq!(code, Some(0), "{err}");
}

#[test]
fn a_followed_file_is_printed_as_it_grows_and_a_reader_may_leave() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    append(&path, "one\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_opsroom"))
        .args(["logs", "a.log", "--follow"])
        .current_dir(directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "one");
    append(&path, "two\n");
    assert_eq!(lines.next().unwrap().unwrap(), "two");
    drop(lines);
    append(&path, "three\n");
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
}
