//! Metrics over the records of real files, with what was in them before.

use super::*;
use crate::config::sections::metric::{LogChoice, LogMetric, Measure, MetricKind};
use crate::logs::filter::Filter;

fn errors_within_an_hour(filter: &str) -> Metric {
    let logs = LogChoice::All;
    let measure = Measure::Count { filter: Filter::parse(filter).unwrap() };
    Metric {
        name: "errors".into(),
        title: "errors".to_owned(),
        alert_title: "errors".to_owned(),
        service: None,
        kind: MetricKind::Log(LogMetric { logs, measure, window: Duration::from_hours(1) }),
        unit: String::new(),
        per_second: false,
        every: Duration::from_secs(15),
        stale_after: Duration::from_secs(30),
        alerts: Vec::new(),
    }
}

#[test]
fn what_a_window_reaches_back_to_is_counted_and_not_shown() {
    let line = |minutes| {
        let at = stamp().utc - chrono::Duration::minutes(minutes);
        format!("{} ERROR boom\n", at.to_rfc3339())
    };
    let text = line(90).repeat(100) + &line(50).repeat(4000) + &line(1).repeat(500);
    let metrics = vec![errors_within_an_hour("boom")];
    let mut bench = Bench::counting("a.log", |at| write(at, "a.log", &text), |_| {}, metrics);
    bench.ticks(2);
    assert_eq!(bench.samples, [Ok(4500.0)]);
    assert_eq!(bench.lines().len(), 1000);
    assert_eq!(bench.records.keys().next(), Some(&1));
}

/// A number must not look complete where files of the pattern are too many to be followed.
#[test]
fn files_that_are_too_many_leave_a_mark_on_the_number() {
    let written = |bench: &Bench, name: &str, minutes: u64| {
        write(bench.directory.path(), name, &format!("{} boom\n", stamp().utc.to_rfc3339()));
        let time = std::time::SystemTime::from(stamp().utc) - Duration::from_mins(minutes);
        File::options().write(true).open(bench.path(name)).unwrap().set_modified(time).unwrap();
    };
    for (minutes, counted) in [(10, false), (200, true)] {
        let mut bench = Bench::counting("*.log", |_| {}, |_| {}, vec![errors_within_an_hour("boom")]);
        for number in 0..32 {
            written(&bench, &format!("{number}.log"), 0);
        }
        written(&bench, "old.log", minutes);
        bench.ticks(2);
        assert_eq!(bench.samples, [Ok(32.0)]);
        let caveat = bench.caveat.as_ref().map(|caveat| caveat.text.to_string()).unwrap_or_default();
        assert_eq!(caveat.is_empty(), counted, "{caveat}");
        assert!(counted || caveat.contains("1 more file not followed and not counted"), "{caveat}");
    }
}

#[test]
fn records_are_counted_with_what_was_there_before() {
    let hour = stamp().utc - chrono::Duration::minutes(30);
    let old = stamp().utc - chrono::Duration::hours(3);
    let line = |at: chrono::DateTime<chrono::Utc>| format!("{} ERROR boom\n", at.to_rfc3339());
    // The last line has no end yet: it is counted once, when it has.
    let text = line(old) + &line(hour).repeat(3) + "2026-11-21T11:59:59Z ERR";
    let metrics = vec![errors_within_an_hour("level>=error")];
    let mut bench = Bench::counting("a.log", |at| write(at, "a.log", &text), |_| {}, metrics);
    bench.ticks(2);
    assert_eq!(bench.samples, [Ok(3.0)]);
    bench.append("a.log", "OR boom\n".to_owned() + &line(stamp().utc));
    bench.ticks(30);
    assert_eq!(bench.samples, [Ok(3.0), Ok(5.0)]);
}

#[test]
fn until_the_past_is_counted_there_is_no_number() {
    let text = format!("{} ERROR boom\n", stamp().utc.to_rfc3339());
    let metrics = vec![errors_within_an_hour("")];
    let mut bench = Bench::counting("a.log", |at| write(at, "a.log", &text), |_| {}, metrics);
    bench.backfill_waits = true;
    bench.ticks(2);
    assert_eq!(bench.samples, [Err("counting the last 1h: 0 %".to_owned())]);
    bench.append("a.log", &text);
    bench.backfill_waits = false;
    bench.ticks(2);
    assert_eq!(bench.samples[1..], [Ok(2.0)]);
}

#[test]
fn a_metric_that_is_new_after_a_reload_counts_what_was_there_before() {
    let text = format!("{} ERROR boom\n", (stamp().utc - chrono::Duration::minutes(5)).to_rfc3339());
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", &text), |_| {});
    bench.ticks(2);
    bench.append("a.log", text.repeat(2) + "2026-11-21T11:59:59Z ERR");
    bench.ticks(2);
    bench.rename("a.log", "a.log.1");
    bench.append("a.log", &text);
    bench.ticks(4);
    bench.append("a.log.1", "OR boom\n");
    bench.reload(vec![errors_within_an_hour("boom")]);
    bench.ticks(2);
    bench.append("a.log", &text);
    bench.ticks(30);
    assert_eq!(bench.samples.last(), Some(&Ok(6.0)), "{:?}", bench.samples);
}

#[test]
fn what_was_skipped_makes_a_count_a_lower_bound() {
    let metrics = vec![errors_within_an_hour("")];
    let mut bench = Bench::counting("a.log", |at| write(at, "a.log", ""), |_| {}, metrics);
    bench.ticks(2);
    bench.append("a.log", format!("{}\n", "x".repeat(999)).repeat(40_000));
    bench.ticks(60);
    assert!(bench.loss.skipped_bytes > 0);
    let caveat = bench.caveat.as_ref().unwrap();
    assert!(caveat.at_least && caveat.text.as_str().ends_with("MiB skipped"), "{caveat:?}");
    // What was lost is no part of the window any more.
    bench.wait(Duration::from_hours(2));
    bench.ticks(2);
    assert_eq!(bench.caveat, None);
}

#[test]
fn rotated_and_packed_files_are_counted_and_none_twice() {
    let line = |hours: i64| {
        let at = stamp().utc - chrono::Duration::minutes(hours);
        format!("{} ERROR boom\n", at.to_rfc3339())
    };
    let metrics = vec![errors_within_an_hour("boom")];
    let before = |at: &Path| {
        write(at, "a.log", &line(1).repeat(3));
        write(at, "a.log.1", &(line(20).repeat(5) + line(10).trim_end()));
        write(at, "a.log.2", &(line(80).repeat(100) + &line(50).repeat(7)));
        write(at, "unrelated.log.1", &line(5));
        let packed = std::process::Command::new("gzip").arg(at.join("a.log.2")).status().unwrap();
        assert!(packed.success());
        for name in ["a.log.1", "a.log.2.gz"] {
            let written = stamp().utc - chrono::Duration::minutes(10);
            OpenOptions::new().write(true).open(at.join(name)).unwrap().set_modified(written.into()).unwrap();
        }
    };
    let mut bench = Bench::counting("a.log", before, |_| {}, metrics);
    bench.backfill_waits = true;
    bench.ticks(2);
    // Rotated while it is counted.
    bench.rename("a.log.2.gz", "a.log.3.gz");
    bench.rename("a.log.1", "a.log.2");
    bench.rename("a.log", "a.log.1");
    bench.append("a.log", line(0));
    bench.ticks(5);
    bench.backfill_waits = false;
    bench.ticks(30);
    assert_eq!(bench.samples.last(), Some(&Ok(17.0)), "{:?}", bench.samples);
    bench.reload(vec![errors_within_an_hour("boom"), errors_within_an_hour("ERROR")]);
    bench.ticks(30);
    assert_eq!(bench.samples[bench.samples.len() - 2..], [Ok(17.0), Ok(17.0)]);
}

#[test]
fn lines_that_state_no_time_are_counted_from_now_on() {
    let metrics = vec![errors_within_an_hour("boom")];
    let mut bench = Bench::counting("a.log", |at| write(at, "a.log", &"boom\n".repeat(50)), |_| {}, metrics);
    bench.ticks(2);
    bench.append("a.log", "boom\n");
    bench.ticks(30);
    assert_eq!(bench.samples, [Ok(0.0), Ok(1.0)]);
    let caveat = bench.caveat.as_ref().unwrap();
    assert_eq!((caveat.at_least, caveat.text.as_str()), (true, "counted since 2026-11-21T12:00:00Z"));
}

#[test]
fn a_short_window_does_not_wait_for_a_long_one() {
    let before = |at: &Path| {
        write(at, "a.log", &format!("{} boom\n", stamp().utc.to_rfc3339()));
        write(at, "a.log.1", &"2026-11-21T07:00:00Z boom\n".repeat(3));
        let written = stamp().utc - chrono::Duration::hours(5);
        OpenOptions::new().write(true).open(at.join("a.log.1")).unwrap().set_modified(written.into()).unwrap();
    };
    let mut long = errors_within_an_hour("boom");
    let MetricKind::Log(of) = &mut long.kind else { unreachable!() };
    of.window = Duration::from_hours(24);
    let mut bench = Bench::counting("a.log", before, |_| {}, vec![errors_within_an_hour("boom"), long]);
    bench.backfill_waits = true;
    bench.ticks(2);
    let backfill = bench.backfills.pop().unwrap();
    // Nobody waits for the rotated file any more.
    let asked = std::cell::Cell::new(0);
    backfill.read(&Redactor::default(), &|| asked.replace(asked.get() + 1) > 1);
    bench.ticks(1);
    assert_eq!(bench.samples[2..], [Ok(1.0)], "{:?}", bench.samples);
}
