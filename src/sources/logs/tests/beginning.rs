//! Where reading begins, and what of the past it takes in.

use super::*;

#[test]
fn only_the_last_lines_are_read_at_the_start() {
    let many = numbered(5000);
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", &many), |_| {});
    bench.tick();
    assert_eq!(bench.lines().len(), 1000);
    assert_eq!(bench.lines().last(), Some(&"4999"));
}

#[test]
fn since_reads_back_to_that_time() {
    let mut text = String::new();
    for minute in 0..720 {
        let time = stamp().utc - chrono::Duration::minutes(720 - minute);
        for line in 0..20 {
            let time = time.format("%Y-%m-%d %H:%M:%S");
            writeln!(text, "{time} INFO line {line} of some length to fill the blocks\n  more").unwrap();
        }
    }
    let mut bench =
        Bench::new("a.log", |at| write(at, "a.log", &text), |log| log.since = Some(Duration::from_hours(1)));
    bench.ticks(3);
    assert_eq!(bench.lines().len(), 60 * 20);
}

#[test]
fn a_file_of_5_gb_opens_by_its_last_blocks() {
    let mut bench = Bench::new("a.log", |_| {}, |_| {});
    let file = File::create(bench.path("a.log")).unwrap();
    let text = numbered(5000);
    std::os::unix::fs::FileExt::write_all_at(&file, text.as_bytes(), 0).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, format!("\n{text}").as_bytes(), 5 << 30).unwrap();
    let mut out = Vec::new();
    let progress = bench.files.tick(stamp(), &mut bench.buffer, &mut out);
    assert_eq!(progress.bytes, 5000, "the last lines and no more are read");
    assert!(!progress.behind);
}

#[test]
fn since_reaches_into_rotated_files_packed_or_not() {
    let lines = |hours: i64| {
        let time = stamp().utc - chrono::Duration::hours(hours);
        let late = time + chrono::Duration::minutes(50);
        format!("{} INFO {hours} early\n{} INFO {hours} late\n", time.to_rfc3339(), late.to_rfc3339())
    };
    let before = |at: &Path| {
        for (name, hours) in [("a.log.4", 4), ("a.log.3", 3), ("a.log.2", 2), ("a.log.1", 1)] {
            write(at, name, &lines(hours));
            let time = stamp().utc - chrono::Duration::hours(hours) + chrono::Duration::minutes(50);
            File::options().write(true).open(at.join(name)).unwrap().set_modified(time.into()).unwrap();
        }
        for (tool, name) in [("gzip", "a.log.4"), ("zstd", "a.log.3"), ("xz", "a.log.2")] {
            let done = std::process::Command::new(tool).args(["-q"]).arg(at.join(name)).status().unwrap();
            assert!(done.success());
        }
        write(at, "a.log", &lines(0));
    };
    let mut bench = Bench::new("a.log", before, |log| log.since = Some(Duration::from_mins(200)));
    bench.ticks(3);
    bench.append("a.log", "live\n");
    bench.ticks(2);
    let messages: Vec<&str> = bench.records.values().map(|record| record.message.as_str()).collect();
    assert_eq!(
        messages,
        ["4 late", "3 early", "3 late", "2 early", "2 late", "1 early", "1 late", "0 early", "0 late", "live"]
    );
    assert_eq!(bench.state, LogState::Following(1));
}
