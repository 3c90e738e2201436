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
        assert_eq!((said.err.as_str(), said.code), ("", Some(0)));
        let messages = said.out.lines().map(|line| line.split("INFO  ").nth(1).unwrap().to_owned());
        messages.collect::<Vec<_>>()
    };
    assert_eq!(messages("30m"), [""; 0]);
    assert_eq!(messages("10h"), ["api.log.1 late", "api.log now"]);
    assert_eq!(messages("30h"), ["api.log.2 late", "api.log.1 early", "api.log.1 late", "api.log now"]);
    assert_eq!(messages("3d").len(), 7);
}
