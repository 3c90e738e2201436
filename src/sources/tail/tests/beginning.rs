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
    assert_eq!(bench.lines().len(), 60 * 20 * 2);
}
