//! Files that can't be read, that are no files, and writers that are too fast.

use super::*;

#[test]
fn a_file_without_permission_is_tried_again() {
    use std::os::unix::fs::PermissionsExt;
    if rustix::process::geteuid().is_root() {
        return;
    }
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    fs::set_permissions(bench.path("a.log"), fs::Permissions::from_mode(0o000)).unwrap();
    bench.tick();
    assert!(
        matches!(&bench.state, LogState::Failed(why) if why.as_str().contains("no permission")),
        "{:?}",
        bench.state
    );
    fs::set_permissions(bench.path("a.log"), fs::Permissions::from_mode(0o600)).unwrap();
    bench.tick();
    assert_eq!(bench.texts(), ["one"]);
}

/// Case 25 on the screen: how far it is, at most twice a second.
#[test]
fn what_is_left_to_read_is_said_now_and_then() {
    let line = format!("2026-11-21T11:59:00Z {}\n", "x".repeat(9_978));
    let all = |log: &mut Log| {
        log.since = Some(Duration::from_hours(1));
        // It is not about the records.
        log.ignore = PatternSet::parse(&["^2026"]).unwrap();
    };
    let mut bench = Bench::new("*.log", |_| {}, all);
    for name in ["a.log", "b.log"] {
        bench.append(name, line.repeat(4_000));
    }
    let mut said = Vec::new();
    for _ in 0..40 {
        bench.tick();
        said.push(bench.state.clone());
    }
    let left: Vec<u64> = said
        .iter()
        .filter_map(|state| match state {
            LogState::CatchingUp { left } => Some(*left),
            _ => None,
        })
        .collect();
    let read_at_once = 4 << 20;
    assert_eq!(left[0], 80_000_000 - read_at_once, "both files are known from the first tick on");
    assert!(left.is_sorted_by(|a, b| a >= b), "{left:?}");
    let mut different = left.clone();
    different.dedup();
    assert!((3..=5).contains(&different.len()), "{different:?} of {} ticks", left.len());
    assert_eq!(said.last(), Some(&LogState::Following(2)));
}

#[test]
fn a_writer_that_is_far_ahead_is_caught_up_with_visibly() {
    let line = format!("{}\n", "x".repeat(9_999));
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |log| log.skip = false);
    bench.ticks(2);
    bench.append("a.log", line.repeat(500));
    bench.tick();
    assert_eq!(bench.state, LogState::Following(1), "a burst is no news");
    bench.ticks(2);
    bench.append("a.log", line.repeat(4_000));
    bench.tick();
    assert_eq!(bench.state, LogState::CatchingUp { left: 40_000_000 - (4 << 20) });
    bench.ticks(12);
    assert_eq!(bench.state, LogState::Following(1));
    assert_eq!(bench.lines().len(), 4_501);
}

#[test]
fn a_writer_that_is_too_fast_is_skipped_and_counted() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    bench.tick();
    let line = format!("{}\n", "x".repeat(99));
    let total = 500_000;
    bench.append("a.log", line.repeat(total));
    bench.ticks(4);
    let held = bench.lines().len() - 1;
    let skipped = bench.loss.skipped_bytes as usize;
    assert_eq!(held * 100 + skipped, total * 100);
    assert!(bench.texts().iter().any(|text| text.contains("MB skipped")));
}

#[test]
fn a_writer_that_may_not_be_left_behind_is_read_to_the_last_line() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |log| log.skip = false);
    bench.tick();
    let line = format!("{}\n", "x".repeat(59_999));
    bench.append("a.log", line.repeat(700));
    bench.ticks(12);
    assert_eq!(bench.lines().len(), 701);
    assert_eq!(bench.loss.skipped_bytes, 0);
}

#[test]
fn one_tick_reads_a_bounded_part() {
    let line = format!("{}\n", "x".repeat(9_999));
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |log| log.skip = false);
    bench.tick();
    bench.append("a.log", line.repeat(2_000));
    bench.tick();
    assert_eq!(bench.lines().len(), 1 + (4 << 20) / 10_000);
    bench.ticks(5);
    assert_eq!(bench.lines().len(), 2_001);
}

#[test]
fn any_other_error_is_a_state_and_is_tried_again() {
    let long = "x".repeat(300);
    let mut bench = Bench::new(&long, |_| {}, |_| {});
    bench.ticks(3);
    assert!(matches!(&bench.state, LogState::Failed(why) if why.as_str().contains("too long")), "{:?}", bench.state);
    // A loop of links can be fixed.
    let mut bench =
        Bench::new("a.log", |at| std::os::unix::fs::symlink(at.join("a.log"), at.join("a.log")).unwrap(), |_| {});
    bench.tick();
    assert!(matches!(&bench.state, LogState::Failed(_)), "{:?}", bench.state);
    fs::remove_file(bench.path("a.log")).unwrap();
    bench.tick();
    bench.append("a.log", "one\n");
    bench.ticks(2);
    assert_eq!((bench.texts(), &bench.state), (vec!["one"], &LogState::Following(1)));
}

#[test]
fn a_named_pipe_is_a_stream() {
    let fifo = |at: &Path| {
        assert!(std::process::Command::new("mkfifo").arg(at.join("pipe")).status().unwrap().success());
    };
    let mut bench = Bench::new("pipe", fifo, |_| {});
    bench.ticks(2);
    assert_eq!(bench.state, LogState::Following(1));
    let mut writer = OpenOptions::new().write(true).open(bench.path("pipe")).unwrap();
    writer.write_all(b"one\ntw").unwrap();
    bench.tick();
    writer.write_all(b"o\nnot ended").unwrap();
    bench.tick();
    assert_eq!(bench.texts(), ["one", "two"]);
    drop(writer);
    bench.ticks(2);
    let mut writer = OpenOptions::new().write(true).open(bench.path("pipe")).unwrap();
    writer.write_all(b"another writer\n").unwrap();
    bench.ticks(2);
    assert_eq!(bench.texts(), ["one", "two", "not ended", "another writer"]);
    assert_eq!(bench.state, LogState::Following(1));
}

#[test]
fn what_is_no_file_says_what_to_do() {
    let state = |name: &str, make: &dyn Fn(&Path)| {
        let mut bench = Bench::new(name, make, |_| {});
        bench.tick();
        match bench.state {
            LogState::Failed(why) => why.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    let directory = state("d", &|at| fs::create_dir(at.join("d")).unwrap());
    assert!(directory.ends_with("it is a directory; write DIRECTORY/*.log to follow what is in it"), "{directory}");
    let socket = state("s", &|at| drop(std::os::unix::net::UnixListener::bind(at.join("s")).unwrap()));
    assert!(socket.contains("it is a socket"), "{socket}");
    let device = state("n", &|at| std::os::unix::fs::symlink("/dev/null", at.join("n")).unwrap());
    assert!(device.contains("it is a device"), "{device}");
    let archive = state("a.log", &|at| fs::write(at.join("a.log"), b"\x1f\x8b\x08rest").unwrap());
    assert!(archive.contains("a gzip archive is not followed; `opsroom logs FILE` reads it"), "{archive}");
}
