use std::time::Duration;

use chrono::DateTime;

use super::measured::Measured;
use super::*;
use crate::config::Config;
use crate::config::sections::log::Log;
use crate::config::sections::metric::{LogChoice, LogMetric, Measure, Metric, MetricKind};
use crate::lang::time::Stamp;
use crate::logs::filter::Filter;
use crate::logs::format::Format;
use crate::logs::record::{Level, Record, RecordData};
use crate::model::observation::Observation;
use crate::model::reading::Sample;
use crate::text::SafeText;

fn stamp(seconds: i64) -> Stamp {
    Stamp {
        mono: Duration::from_secs(seconds.unsigned_abs()),
        utc: DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap(),
    }
}

fn record(read: i64, said: i64, text: &str) -> Record {
    Record::new(RecordData {
        time: Some(stamp(said).utc),
        level: Level::Error,
        format: Format::Logfmt,
        ..RecordData::unknown("a".into(), 1, stamp(read), SafeText::new(text))
    })
}

fn parsed(filter: &str) -> Filter {
    Filter::parse(filter).unwrap()
}

fn count(filter: &str) -> Measure {
    Measure::Count { filter: parsed(filter) }
}

fn percentile(filter: &str) -> Measure {
    Measure::Percentile { quantile: 0.95, field: "took".to_owned(), filter: parsed(filter) }
}

/// A board of one metric in `unit` over the last minute of the logs `a` and `b`.
fn board(measure: Measure, unit: &str) -> Board {
    let metric = Metric {
        name: "m".into(),
        title: "m".to_owned(),
        alert_title: "m".to_owned(),
        service: None,
        kind: MetricKind::Log(LogMetric { logs: LogChoice::All, measure, window: Duration::from_mins(1) }),
        unit: unit.to_owned(),
        per_second: false,
        every: Duration::from_secs(15),
        stale_after: Duration::from_secs(30),
        alerts: Vec::new(),
    };
    let logs = ["a", "b"].map(|name| Log::of_file(name.into(), "x".into()));
    Board::new(&Config { logs: logs.into(), metrics: vec![metric], ..Config::default() })
}

/// The same where both logs are followed since ever.
fn whole(measure: Measure, unit: &str) -> Board {
    let board = board(measure, unit);
    board.parts().for_each(|(_, counter)| counter.reaches(CountReach::Whole));
    board
}

fn feed(board: &Board, log: &str, records: &[Record]) {
    for record in records {
        board.counters(log).iter().for_each(|counter| counter.count(record, &mut CountedAs::default()));
    }
}

fn sample(board: &mut Board, at: i64) -> Option<Sample> {
    match board.due(stamp(at)).pop() {
        Some(Observation::Sample(sample)) => Some(sample),
        _ => None,
    }
}

fn value(board: &mut Board, at: i64) -> Result<f64, String> {
    sample(board, at).expect("a sample is due").value.map_err(|why| why.to_string())
}

#[test]
fn a_metric_over_several_logs_is_one_number() {
    let mut board = whole(count("boom"), "");
    feed(&board, "a", &[record(10, 10, "boom"), record(10, 10, "fine")]);
    feed(&board, "b", &[record(20, 20, "boom")]);
    assert_eq!(value(&mut board, 20), Ok(2.0));
    assert_eq!(value(&mut board, 75), Ok(1.0));
}

#[test]
fn the_future_is_now() {
    let mut board = whole(count("boom"), "");
    feed(&board, "a", &[record(10, 100_000, "boom")]);
    assert_eq!(value(&mut board, 10), Ok(1.0));
    assert_eq!(value(&mut board, 80), Ok(0.0));
}

#[test]
fn a_rate_is_per_second_of_what_is_known() {
    let filter = || Measure::Rate { filter: parsed("boom") };
    let records = vec![record(100, 100, "boom"); 30];
    let mut known = whole(filter(), "/s");
    feed(&known, "a", &records);
    assert_eq!(value(&mut known, 100), Ok(0.5));
    let mut young = whole(filter(), "/s");
    feed(&young, "a", &records);
    young.counters("a")[0].reaches(CountReach::Since(stamp(90).utc));
    let found = sample(&mut young, 100).unwrap();
    assert_eq!(found.value, Ok(3.0));
    let caveat = found.caveat.unwrap();
    assert_eq!((caveat.at_least, caveat.text.as_str()), (false, "counted since 1970-01-12T13:48:10Z"));
    // Once the window has passed, nothing is left out.
    assert_eq!(sample(&mut young, 151).unwrap().caveat, None);
}

#[test]
fn a_ratio_of_nothing_is_no_number() {
    let ratio = Measure::Ratio { filter: parsed("boom"), of: parsed("-noise") };
    let mut board = whole(ratio, "%");
    feed(&board, "a", &[record(1, 1, "noise"), record(1, 1, "boom noise")]);
    assert_eq!(value(&mut board, 1), Err("no records in the last 1m".to_owned()));
    feed(&board, "a", &[record(2, 2, "boom"), record(2, 2, "fine")]);
    feed(&board, "b", &[record(2, 2, "fine"), record(2, 2, "fine")]);
    assert_eq!(value(&mut board, 3), Ok(25.0));
}

#[test]
fn a_percentile_understands_units_and_says_what_it_does_not() {
    let mut board = whole(percentile("-slow"), "ms");
    assert_eq!(value(&mut board, 0), Err("no record with `took` in the last 1m".to_owned()));
    let fast = ["took=12ms", "took=13", "took=0.014s", "took=1m slow", "other=1"].map(|text| record(1, 1, text));
    feed(&board, "a", &fast);
    assert_eq!(value(&mut board, 3), Ok(14.0));
    let mut strange = whole(percentile(""), "");
    feed(&strange, "a", &[record(1, 1, "took=12ms")]);
    let why = "`took` is not a plain number: give its unit, as in unit = \"ms\"".to_owned();
    assert_eq!(value(&mut strange, 1), Err(why));
}

#[test]
fn a_record_that_goes_on_counts_once() {
    let ratio = Measure::Ratio { filter: parsed("caused"), of: Filter::everything() };
    for (measure, wanted) in [(count("boom"), 1.0), (ratio, 100.0), (percentile(""), 5.0)] {
        let mut board = whole(measure, "");
        let mut seen = CountedAs::default();
        for text in ["boom took=5", "boom took=5\ncaused by took=9"] {
            board.counters("a")[0].count(&record(1, 1, text), &mut seen);
        }
        assert_eq!(value(&mut board, 1), Ok(wanted));
    }
}

#[test]
fn what_is_counted_aside_comes_in_as_a_whole() {
    let mut board = board(count("boom"), "");
    assert!(sample(&mut board, 0).is_none());
    let [a, b] = ["a", "b"].map(|log| board.counters(log).remove(0));
    b.reaches(CountReach::Whole);
    let aside = a.aside(200);
    feed(&board, "a", &[record(1, 1, "boom")]);
    aside.count(&record(1, 0, "boom"), &mut CountedAs::default());
    a.advanced(80);
    assert_eq!(value(&mut board, 2), Err("counting the last 1m: 40 %".to_owned()));
    a.put_in(&aside);
    assert_eq!(value(&mut board, 2), Ok(2.0));
}

#[test]
fn a_log_in_trouble_is_left_out_and_named() {
    let mut board = board(count("boom"), "");
    let why = SafeText::new("no permission");
    let [a, b] = ["a", "b"].map(|log| board.counters(log).remove(0));
    a.troubled(Some(&why));
    b.troubled(Some(&why));
    assert_eq!(value(&mut board, 1), Err("no permission".to_owned()));
    b.troubled(None);
    b.reaches(CountReach::Whole);
    feed(&board, "b", &[record(2, 2, "boom")]);
    let found = sample(&mut board, 3).unwrap();
    assert_eq!(found.value, Ok(1.0));
    let caveat = found.caveat.unwrap();
    assert_eq!((caveat.at_least, caveat.text.as_str()), (true, "without a: no permission"));
}

#[test]
fn samples_come_when_the_number_changes_and_now_and_then() {
    let mut board = whole(count("boom"), "");
    assert!(sample(&mut board, 0).is_some());
    assert!(sample(&mut board, 5).is_none());
    feed(&board, "a", &[record(6, 6, "boom")]);
    assert!(sample(&mut board, 6).is_some());
    feed(&board, "a", &[record(7, 7, "boom")]);
    assert!(sample(&mut board, 7).is_none(), "not twice within two seconds");
    assert!(sample(&mut board, 8).is_some());
    assert!(sample(&mut board, 22).is_none());
    assert!(sample(&mut board, 23).is_some());
}

#[test]
fn two_that_count_the_same_are_equal() {
    let metric = |filter: &str, window| LogMetric { logs: LogChoice::All, measure: count(filter), window };
    let measured = |metric: &LogMetric| Measured::new(metric, "");
    let minute = Duration::from_mins(1);
    assert_eq!(measured(&metric("a", minute)), measured(&metric("a", minute)));
    assert_ne!(measured(&metric("a", minute)), measured(&metric("b", minute)));
    assert_ne!(measured(&metric("a", minute)), measured(&metric("a", minute * 2)));
}
