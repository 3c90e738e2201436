//! Files on file systems that tell of no changes and find their files by name: a mount of FUSE. Where there is none
//! these tests say so and pass.
#![expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a skipped test says so; the files are its own")]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::following::Following;

/// A directory that is seen through FUSE at another place.
struct Mount(PathBuf);

impl Mount {
    fn of(source: &Path, at: PathBuf) -> Option<Self> {
        fs::create_dir_all(source).expect("a directory");
        fs::create_dir_all(&at).expect("a directory");
        let mounted = Command::new("bindfs").args([source, &at]).stderr(Stdio::null()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(at));
        }
        eprintln!("skipped: bindfs, which tests/run installs, could not mount: it wants /dev/fuse");
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("fusermount").args(["-u", "-z"]).arg(&self.0).output();
    }
}

/// Writes lines with these numbers to a log.
fn write(log: &Path, numbers: RangeInclusive<u64>) {
    let mut file = OpenOptions::new().create(true).append(true).open(log).expect("the log opens");
    numbers.for_each(|number| writeln!(file, "level=info msg=line number={number}").expect("written"));
}

/// Whether the line with this number has come.
fn last(number: u64) -> impl Fn(&[String]) -> bool {
    move |lines| lines.iter().any(|line| line.ends_with(&format!("={number}")))
}

/// Follows `app.log` of a mount, where twenty lines have come.
fn follow(at: &Path, mount: &Mount, source: &Path) -> Following {
    let log = source.join("app.log");
    write(&log, 1..=10);
    let config = format!("[log.app]\nfile = \"{}\"\n", mount.0.join("app.log").display());
    fs::write(at.join("opsroom.toml"), config).expect("written");
    let mut following = Following::start(at, "app");
    following.until("what was there", last(10));
    write(&log, 11..=20);
    following.until("what came", last(20));
    following
}

#[test]
fn every_line_comes_once_though_there_is_no_file_for_a_while() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = directory.path();
    let source = at.join("source");
    let Some(mount) = Mount::of(&source, at.join("mount")) else { return };
    let mut following = follow(at, &mount, &source);
    let log = source.join("app.log");
    write(&log, 21..=30);
    OpenOptions::new().append(true).open(&log).and_then(|mut log| log.write_all(b"level=info ")).expect("half a line");
    fs::rename(&log, source.join("app.log.1")).expect("it is renamed");
    following.until("that it is gone", |lines| lines.iter().any(|line| line.contains("is gone; waiting for it")));
    write(&source.join("app.log.1"), 31..=31);
    write(&log, 32..=40);
    following.until("what came after it", last(40));
    assert_eq!(following.numbers("number="), (1..=40).collect::<Vec<u64>>(), "{:#?}", following.lines);
}

#[test]
fn every_line_comes_once_through_a_rotation_that_the_mount_learns_of_late() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = directory.path();
    let source = at.join("source");
    let Some(mount) = Mount::of(&source, at.join("mount")) else { return };
    let mut following = follow(at, &mount, &source);
    let write = |name: &str, numbers| write(&source.join(name), numbers);
    for (round, next) in (1..=3).zip([21, 41, 61]) {
        write("app.log", next..=next + 9);
        // Nobody has looked yet: the mount takes the new file for the old one for a while.
        fs::rename(source.join("app.log"), source.join(format!("app.log.{round}"))).expect("it is renamed");
        write("app.log", next + 10..=next + 19);
        following.until("what came after the rotation", last(next + 19));
    }
    assert_eq!(following.numbers("number="), (1..=80).collect::<Vec<u64>>(), "{:#?}", following.lines);
}
