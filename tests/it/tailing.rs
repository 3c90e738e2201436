//! Following and reading log files with the true program.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory of its own, in which `opsroom logs …` is run.
struct Place(tempfile::TempDir);

/// What a command said.
struct Said {
    out: String,
    err: String,
    code: Option<i32>,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[expect(clippy::disallowed_methods, reason = "the test is the writer of the logs")]
    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Packs a file as logrotate does: in place, with its time kept.
    fn pack(&self, tool: &str, name: &str) {
        let status = Command::new(tool).arg("-q").arg(self.path(name)).status().unwrap();
        assert!(status.success(), "{tool} {name}");
    }

    fn logs(&self, arguments: &[&str]) -> Said {
        run(Command::new(env!("CARGO_BIN_EXE_opsroom")).arg("logs").args(arguments), self.0.path())
    }
}

fn run(command: &mut Command, directory: &Path) -> Said {
    let output = command.current_dir(directory).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
}

fn hours_ago(hours: i64, text: &str) -> String {
    let time = opsroom::clock::Clock::start().now().utc - chrono::Duration::hours(hours);
    format!("{} INFO {text}\n", time.format("%Y-%m-%dT%H:%M:%SZ"))
}

#[test]
fn a_packed_file_is_read_whatever_it_is_called() {
    let place = Place::new();
    for (tool, extension) in [("gzip", "gz"), ("zstd", "zst"), ("xz", "xz"), ("bzip2", "bz2")] {
        place.write("a.log", format!("one {tool}\ntwo\n"));
        place.pack(tool, "a.log");
        std::fs::rename(place.path(&format!("a.log.{extension}")), place.path("strange")).unwrap();
        let said = place.logs(&["strange"]);
        assert_eq!((said.out.as_str(), said.err.as_str()), (format!("one {tool}\ntwo\n").as_str(), ""), "{tool}");
        std::fs::remove_file(place.path("a.log")).ok();
    }
}

#[test]
fn a_packed_file_that_was_cut_off_is_shown_as_far_as_it_goes_and_the_exit_code_says_so() {
    let place = Place::new();
    let text = (0..20_000).fold(String::new(), |text, number| text + &format!("line {number}\n"));
    place.write("a.log", text);
    place.pack("gzip", "a.log");
    let file = std::fs::File::options().write(true).open(place.path("a.log.gz")).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let said = place.logs(&["a.log.gz"]);
    assert!(said.out.starts_with("line 0\nline 1\n") && said.out.lines().count() > 1000);
    assert_eq!(said.err, "error: a.log.gz: the gzip archive ends too early; what comes before is shown\n");
    assert_eq!(said.code, Some(3));
}

#[test]
fn the_past_of_a_configured_log_is_read_from_its_rotated_files() {
    let place = Place::new();
    place.write("opsroom.toml", "[log.api]\nfile = \"api.log\"\n");
    for (name, hours, tool) in [("api.log.3", 60, "gzip"), ("api.log.2", 40, "xz"), ("api.log.1", 20, "")] {
        place.write(name, hours_ago(hours, &format!("{name} early")) + &hours_ago(hours - 18, &format!("{name} late")));
        let file = std::fs::File::options().write(true).open(place.path(name)).unwrap();
        let age = std::time::Duration::from_hours(u64::try_from(hours - 18).unwrap());
        file.set_modified(std::time::SystemTime::from(opsroom::clock::Clock::start().now().utc) - age).unwrap();
        if !tool.is_empty() {
            place.pack(tool, name);
        }
    }
    place.write("api.log", hours_ago(1, "api.log now"));
    let messages = |since| {
        let said = place.logs(&["api", "--since", since]);
        assert_eq!((said.err.contains("no line matched"), said.code), (said.out.is_empty(), Some(0)), "{}", said.err);
        let messages = said.out.lines().map(|line| line.split("INFO  ").nth(1).unwrap().to_owned());
        messages.collect::<Vec<_>>()
    };
    assert_eq!(messages("30m"), [""; 0]);
    assert_eq!(messages("10h"), ["api.log.1 late", "api.log now"]);
    assert_eq!(messages("30h"), ["api.log.2 late", "api.log.1 early", "api.log.1 late", "api.log now"]);
    assert_eq!(messages("3d").len(), 7);
}

#[test]
fn a_file_that_another_user_may_not_read_says_so() {
    let place = Place::new();
    place.write("a.log", "secret\n");
    place.write("b.log", "public\n");
    let mode = |path: &Path, mode| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&place.path("a.log"), 0o000);
    mode(place.0.path(), 0o755);
    let program = env!("CARGO_BIN_EXE_opsroom");
    // The superuser may read everything, so another user does it; with a copy, for the program may lie in a directory
    // that is closed to others.
    let mut command = if rustix::process::geteuid().is_root() {
        std::fs::copy(program, place.path("opsroom")).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(place.path("opsroom"));
        command
    } else {
        Command::new(program)
    };
    let said = run(command.args(["logs", "a.log", "b.log"]), place.0.path());
    assert_eq!((said.out.as_str(), said.code), ("b.log public\n", Some(3)), "{}", said.err);
    assert!(said.err.starts_with("error: a.log: no permission to read it: "), "{}", said.err);
    assert!(said.err.contains(" 0000; you are ") && said.err.contains("\nhint: "), "{}", said.err);
}

#[test]
fn a_named_pipe_is_followed_from_one_writer_to_the_next() {
    use std::io::{BufRead, BufReader, Write};
    let place = Place::new();
    assert!(Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    let mut child = Command::new(env!("CARGO_BIN_EXE_opsroom"))
        .args(["logs", "pipe", "--follow"])
        .current_dir(place.0.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for text in ["one", "two"] {
        // This waits until the pipe is read.
        let mut writer = std::fs::OpenOptions::new().write(true).open(place.path("pipe")).unwrap();
        writeln!(writer, "{text}").unwrap();
        drop(writer);
        assert_eq!(lines.next().unwrap().unwrap(), text);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_rotation_a_truncation_and_an_encoding_are_seen_by_the_true_program() {
    use std::io::{BufRead, BufReader};
    let place = Place::new();
    place.write("opsroom.toml", "[log.old]\nfile = \"a.log\"\nencoding = \"latin1\"\n");
    place.write("a.log", b"caf\xe9\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_opsroom"))
        .args(["logs", "old", "--follow"])
        .current_dir(place.0.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "café");
    std::fs::rename(place.path("a.log"), place.path("a.log.1")).unwrap();
    place.write("a.log", b"\xe9t\xe9, a longer line\n");
    assert_eq!([next(), next()], ["-- old: a.log was rotated --", "été, a longer line"]);
    place.write("a.log", b"n\n");
    assert_eq!([next(), next()], ["-- old: a.log was truncated --", "n"]);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_unknown_encoding_and_a_skip_without_a_file_are_told() {
    let place = Place::new();
    place.write(
        "opsroom.toml",
        "[log.a]\nfile = \"a.log\"\nencoding = \"klingon\"\n[log.b]\ncommand = [\"true\"]\nskip = false\n",
    );
    let said = place.logs(&[]);
    assert!(said.err.contains("`klingon` is not a known encoding") && said.err.contains("latin1"), "{}", said.err);
    assert!(said.err.contains("`skip` goes with `file`"), "{}", said.err);
}

#[test]
fn the_hour_that_comes_twice_keeps_the_order_of_the_file() {
    let place = Place::new();
    let times = ["01:59:00", "02:10:00", "02:50:00", "02:10:00", "02:50:00", "03:00:00"];
    let lines: Vec<String> =
        times.iter().zip(1..).map(|(time, n)| format!("2026-10-25 {time} INFO line {n}\n")).collect();
    place.write("night.log", lines.concat());
    // Another log whose zone is known lies around and between.
    place.write("other.log", "2026-10-24T23:00:00Z INFO before\n2026-10-25T03:00:00Z INFO behind\n");
    place.write(
        "opsroom.toml",
        "[log.night]\nfile = \"night.log\"\ntimezone = \"Europe/Berlin\"\n[log.other]\nfile = \"other.log\"\n",
    );
    let said = place.logs(&[]);
    let words = |line: &str| line.rsplit(' ').next().unwrap_or_default().to_owned();
    let order: Vec<String> = said.out.lines().map(words).collect();
    assert_eq!(order, ["before", "1", "2", "3", "4", "5", "6", "behind"], "{}{}", said.out, said.err);
    assert!(
        said.out.contains("2026-10-24T23:59:00.000Z") && said.out.contains("2026-10-25T02:00:00.000Z"),
        "{}",
        said.out
    );
}

/// Sets when a file was last written.
fn written(place: &Place, name: &str, time: &str) {
    let time: chrono::DateTime<chrono::Utc> = time.parse().unwrap();
    let file = std::fs::File::options().write(true).open(place.path(name)).unwrap();
    file.set_modified(time.into()).unwrap();
}

/// The times of the records that a command printed.
fn times(said: &Said) -> Vec<String> {
    let time =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["time"].as_str().map(str::to_owned);
    said.out.lines().map(|line| time(line).unwrap_or_default()).collect()
}

#[test]
fn an_old_syslog_file_is_of_the_year_in_which_it_was_written() {
    let place = Place::new();
    let lines = "Dec 30 10:00:00 web1 app[1]: a\nDec 31 23:59:59 web1 app[1]: b\nJan  1 00:00:00 web1 app[1]: c\n";
    place.write("a.log", lines);
    let expected = ["2021-12-30T10:00:00Z", "2021-12-31T23:59:59Z", "2022-01-01T00:00:00Z"];
    written(&place, "a.log", "2022-01-01T06:00:00Z");
    assert_eq!(times(&place.logs(&["a.log", "--json"])), expected);
    // What is found by bisection.
    assert_eq!(times(&place.logs(&["a.log", "--json", "--since", "2021-12-31T00:00:00Z"])), expected[1..]);
    // Written before this day of its year: that day is of the year before.
    written(&place, "a.log", "2022-12-30T12:00:00Z");
    let of_that_year = ["2022-12-30T10:00:00Z", "2021-12-31T23:59:59Z", "2022-01-01T00:00:00Z"];
    assert_eq!(
        times(&place.logs(&["a.log", "--json"])).into_iter().collect::<std::collections::BTreeSet<_>>(),
        of_that_year.into_iter().map(str::to_owned).collect()
    );
    // Packed, with its time kept.
    written(&place, "a.log", "2022-01-01T06:00:00Z");
    place.pack("gzip", "a.log");
    assert_eq!(times(&place.logs(&["a.log.gz", "--json"])), expected);
}

#[test]
fn the_29th_of_february_is_of_a_leap_year() {
    let place = Place::new();
    place.write(
        "a.log",
        "Feb 28 10:00:00 web1 app[1]: a\nFeb 29 10:00:00 web1 app[1]: b\nMar  1 10:00:00 web1 app[1]: c\n",
    );
    written(&place, "a.log", "2024-03-01T12:00:00Z");
    let expected = ["2024-02-28T10:00:00Z", "2024-02-29T10:00:00Z", "2024-03-01T10:00:00Z"];
    assert_eq!(times(&place.logs(&["a.log", "--json"])), expected);
}

#[test]
fn rotated_files_have_the_year_of_their_own() {
    let place = Place::new();
    place.write("opsroom.toml", "[log.sys]\nfile = \"sys.log\"\n");
    place.write("sys.log.1", "Dec 31 10:00:00 web1 app[1]: a\n");
    written(&place, "sys.log.1", "2023-12-31T10:00:00Z");
    place.write("sys.log", "Jan  1 10:00:00 web1 app[1]: b\n");
    written(&place, "sys.log", "2024-01-01T10:00:00Z");
    let said = place.logs(&["sys", "--json", "--since", "2023-12-01T00:00:00Z"]);
    assert_eq!(times(&said), ["2023-12-31T10:00:00Z", "2024-01-01T10:00:00Z"], "{}", said.err);
}

#[test]
fn what_the_journal_exports_as_bytes_is_found_by_its_words() {
    let place = Place::new();
    let line = |text: &str| {
        let bytes: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
        format!("{{\"__REALTIME_TIMESTAMP\":\"1795255200123456\",\"MESSAGE\":[{}]}}\n", bytes.join(","))
    };
    place
        .write("a.json", line("\u{1b}[31mred boom\r") + &line("calm") + "{\"MESSAGE\":\"boom\"}\n{\"MESSAGE\":null}\n");
    assert_eq!(place.logs(&["a.json", "--filter", "boom", "--count"]).out.trim(), "2");
    let shown = place.logs(&["a.json"]).out;
    assert!(shown.contains("red boom") && !shown.contains("[27,91"), "{shown}");
    assert!(shown.contains("message not shown by journalctl: too long"), "{shown}");
}
