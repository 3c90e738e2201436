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
