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
        matches!(&bench.state, LogState::Waiting(why) if why.as_str().ends_with("a.log does not exist")),
        "{:?}",
        bench.state
    );
    bench.append("a.log.1", "two\n");
    bench.tick();
    bench.append("a.log", "three\n");
    bench.ticks(3);
    assert_eq!(bench.texts(), ["one", "a.log is gone; waiting for it", "two", "a.log is back", "three"]);
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

#[test]
fn a_copy_that_is_truncated_is_read_on_once() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\ntwo\n"), |_| {});
    bench.tick();
    // As logrotate's `copytruncate`: the writer keeps its handle, which appends.
    fs::copy(bench.path("a.log"), bench.path("a.log.1")).unwrap();
    OpenOptions::new().write(true).truncate(true).open(bench.path("a.log")).unwrap();
    bench.append("a.log", "three\n");
    bench.ticks(3);
    bench.append("a.log", "four\n");
    bench.ticks(3);
    assert_eq!(bench.texts(), ["one", "two", "a.log was truncated", "three", "four"]);
}

#[test]
fn a_number_that_is_given_again_is_another_file() {
    let banner = "x".repeat(300) + "\n";
    let mut bench = Bench::new("app*", |at| write(at, "app.log", &banner), |_| {});
    bench.tick();
    bench.rename("app.log", "app.log.1");
    bench.append("app.log", "two\n");
    // The old file is let go, and remembered by its number, its beginning and when it was made.
    bench.ticks(55);
    let number = std::os::unix::fs::MetadataExt::ino(&fs::metadata(bench.path("app.log.1")).unwrap());
    bench.rename("app.log.1", "gone");
    bench.wait(Duration::from_secs(5));
    fs::remove_file(bench.path("gone")).unwrap();
    let ino = |name: &str| std::os::unix::fs::MetadataExt::ino(&fs::metadata(bench.path(name)).unwrap());
    let again = (0..200).map(|n| format!("try-{n}")).find(|name| {
        bench.append(name, &banner);
        ino(name) == number
    });
    // A file system that never gives a number again has nothing to show here.
    let Some(again) = again else { return };
    bench.append(&again, "three\n");
    bench.rename(&again, "app-new.log");
    bench.wait(Duration::from_secs(6));
    bench.ticks(2);
    let line = banner.trim_end();
    assert_eq!(bench.lines(), [line, "two", line, "three"]);
}

#[test]
fn a_file_that_came_and_went_between_two_looks_is_read_in_its_place() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    write(bench.directory.path(), "a.log.2", "older than all\n");
    bench.tick();
    bench.append("a.log", "two\n");
    bench.rename("a.log.2", "a.log.4");
    bench.rename("a.log", "a.log.3");
    bench.append("a.log", "three\n");
    bench.rename("a.log", "a.log.2");
    bench.append("a.log", "four\n");
    bench.rename("a.log", "a.log.1");
    bench.append("a.log", "five\n");
    bench.ticks(4);
    assert_eq!(
        bench.texts(),
        ["one", "two", "a.log was rotated; written in between: a.log.2, a.log.1", "three", "four", "five"]
    );
    bench.append("a.log.1", "late\n");
    bench.tick();
    assert_eq!(bench.lines().last(), Some(&"late"));
}

#[test]
fn a_file_between_that_was_packed_at_once_is_unpacked() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    bench.tick();
    bench.append("a.log", "two\n");
    bench.tick();
    bench.rename("a.log", "a.log.2");
    bench.append("a.log", "three\n");
    bench.rename("a.log", "a.log.1");
    for name in ["a.log.2", "a.log.1"] {
        assert!(std::process::Command::new("gzip").arg(bench.path(name)).status().unwrap().success());
    }
    bench.append("a.log", "four\n");
    bench.ticks(4);
    assert_eq!(bench.lines(), ["one", "two", "three", "four"]);
}

#[test]
fn the_newest_dated_file_of_a_pattern_is_followed_as_it_appears() {
    let mut bench = Bench::new("app-*.log", |at| write(at, "app-20261120.log", "one\n"), |_| {});
    bench.tick();
    bench.append("app-20261121.log", "two\n");
    bench.append("app-20261121.log.gz", "not followed\n");
    bench.append("app-20261120.log", "late\n");
    bench.ticks(60);
    assert_eq!(bench.lines(), ["one", "late", "two"]);
    assert_eq!(bench.state, LogState::Following(2));
}

#[test]
fn of_many_files_the_newest_are_followed() {
    let mut bench = Bench::new("app-*.log", |_| {}, |_| {});
    for number in 0..100_u32 {
        let name = format!("app-{number:03}.log");
        write(bench.directory.path(), &name, &format!("{number}\n"));
        let time = std::time::SystemTime::from(stamp().utc) + Duration::from_secs(u64::from(number));
        File::options().write(true).open(bench.path(&name)).unwrap().set_modified(time).unwrap();
    }
    bench.ticks(2);
    assert_eq!(bench.state, LogState::FollowingNewest { files: 32, left_out: 68 });
    assert!(
        bench.warnings.len() == 1 && bench.warnings[0].contains("more than 32 files match"),
        "{:?}",
        bench.warnings
    );
    assert_eq!(bench.lines().len(), 32);
    assert!(bench.lines().iter().all(|line| line.parse::<u32>().unwrap() >= 68));
}

#[test]
fn a_clock_that_goes_backwards_changes_no_order() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |_| {});
    bench.tick();
    for text in ["two\n", "three\n", "four\n"] {
        bench.now.utc -= chrono::Duration::hours(1);
        bench.append("a.log", text);
        bench.tick();
    }
    assert_eq!(bench.texts(), ["one", "two", "three", "four"]);
    assert!(bench.records.keys().copied().eq(1..=4));
}
