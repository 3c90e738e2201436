//! Files that are moved, truncated, replaced and come back.

use super::*;

#[test]
fn what_is_appended_is_read_once() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    bench.tick();
    assert_eq!(bench.state, LogState::Following(1));
    bench.append("a.log", "two\nthree\n");
    bench.ticks(3);
    assert_eq!(bench.texts(), ["one", "two", "three"]);
}

#[test]
fn a_rename_loses_nothing_of_the_old_file() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    bench.tick();
    bench.rename("a.log", "a.log.1");
    bench.append("a.log.1", "two\n");
    bench.append("a.log", "four\n");
    bench.tick();
    bench.append("a.log.1", "three\n");
    bench.ticks(4);
    // The writer has not reopened yet.
    bench.append("a.log.1", "late\n");
    bench.append("a.log", "five\n");
    bench.tick();
    assert_eq!(bench.texts(), ["one", "two", "three", "a.log was rotated", "four", "late", "five"]);
}

#[test]
fn a_file_that_is_away_is_waited_for() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    bench.tick();
    bench.rename("a.log", "a.log.1");
    bench.ticks(30);
    assert!(
        matches!(&bench.state, LogState::Waiting(why) if why.as_str().ends_with("a.log is not there")),
        "{:?}",
        bench.state
    );
    bench.append("a.log.1", "two\n");
    bench.tick();
    bench.append("a.log", "three\n");
    bench.ticks(3);
    assert_eq!(bench.texts(), ["one", "a.log is gone; waiting for it", "two", "a.log is there again", "three"]);
    assert_eq!(bench.state, LogState::Following(1));
}

#[test]
fn a_file_that_appears_later_is_read_from_its_first_line() {
    let mut bench = Bench::new("sub/a.log", |_| {}, |_| {});
    bench.ticks(2);
    assert!(matches!(bench.state, LogState::Waiting(_)));
    fs::create_dir(bench.path("sub")).unwrap();
    let many = numbered(3000);
    bench.append("sub/a.log", many);
    bench.ticks(2);
    assert_eq!(bench.records.len(), 3000);
}

#[test]
fn a_truncated_file_is_read_from_its_beginning() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\ntwo\n"), |_| {});
    bench.tick();
    write(bench.directory.path(), "a.log", "3\n");
    bench.tick();
    assert_eq!(bench.texts(), ["one", "two", "a.log was truncated", "3"]);
}

#[test]
fn a_file_that_was_truncated_and_grew_past_the_old_place_is_noticed() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\ntwo\n"), |_| {});
    bench.tick();
    write(bench.directory.path(), "a.log", "another and longer line\n");
    bench.ticks(2);
    assert_eq!(bench.lines(), ["one", "two", "another and longer line"]);
    // With the same first line, what was read last tells it.
    write(bench.directory.path(), "a.log", "another and longer line\nX\n");
    bench.ticks(2);
    write(bench.directory.path(), "a.log", "another and longer line\nYYYYY\n");
    bench.ticks(2);
    assert_eq!(bench.lines()[3..], ["X", "another and longer line", "YYYYY"]);
}

#[test]
fn a_file_of_the_same_size_takes_its_place() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "aaa\n"), |_| {});
    bench.tick();
    write(bench.directory.path(), "b", "bbb\n");
    bench.rename("b", "a.log");
    bench.ticks(3);
    assert_eq!(bench.lines(), ["aaa", "bbb"]);
}

#[test]
fn a_link_to_the_newest_file_is_followed() {
    let mut bench = Bench::new(
        "current",
        |at| {
            write(at, "1.log", "one\n");
            write(at, "2.log", "two\n");
            std::os::unix::fs::symlink(at.join("1.log"), at.join("current")).unwrap();
        },
        |_| {},
    );
    bench.tick();
    std::os::unix::fs::symlink(bench.path("2.log"), bench.path("next")).unwrap();
    bench.rename("next", "current");
    bench.ticks(3);
    assert_eq!(bench.lines(), ["one", "two"]);
}

#[test]
fn a_pattern_takes_new_files_and_no_file_twice() {
    let mut bench = Bench::new("app*", |at| write(at, "app.log", "one\n"), |_| {});
    bench.tick();
    bench.rename("app.log", "app.log.1");
    bench.append("app.log.1", "two\n");
    bench.append("app.log", "three\n");
    // Past the second look at the directory, and the third, when the old file has been let go.
    bench.ticks(60);
    bench.append("app.log.1", "four\n");
    bench.ticks(120);
    assert_eq!(bench.lines(), ["one", "two", "three", "four"]);
}
