use chrono::{DateTime, Datelike, Duration, Timelike, Utc};
use proptest::prelude::*;

use super::{LocalMoment, MomentSchedule, TimeWindow, WindowSchedule};
use crate::lang::tz::Tz;

fn window(text: &str) -> WindowSchedule {
    WindowSchedule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn moment(text: &str) -> MomentSchedule {
    MomentSchedule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn shown(window: Option<TimeWindow>) -> String {
    let of = |at: DateTime<Utc>| at.format("%m-%d %H:%M").to_string();
    window.map_or_else(String::new, |window| format!("{}/{}", of(window.start), of(window.end)))
}

#[test]
fn the_edges_of_a_window_are_its_own_start_and_not_its_end() {
    let sunday = window("Sun 02:00-04:00 UTC");
    let inside = |at: &str| sunday.covers(utc(at), Tz::named("Asia/Tokyo")).is_some();
    assert!(!inside("2026-03-01T01:59:59.999Z"));
    assert!(inside("2026-03-01T02:00:00.000Z"));
    assert!(inside("2026-03-01T03:59:59.999Z"));
    assert!(!inside("2026-03-01T04:00:00.000Z"));
    assert!(!inside("2026-02-28T02:30:00Z") && !inside("2026-03-02T02:30:00Z"), "Saturday, Monday");
    assert_eq!(shown(sunday.next(utc("2026-03-01T02:00:00Z"), Tz::UTC)), "03-08 02:00/03-08 04:00");
    assert_eq!(shown(sunday.next(utc("2026-03-01T01:59:59Z"), Tz::UTC)), "03-01 02:00/03-01 04:00");
}

#[test]
fn a_window_across_midnight_belongs_to_the_day_on_which_it_starts() {
    let saturday = window("Sat 23:30-00:30");
    let inside = |at: &str| saturday.covers(utc(at), Tz::UTC).is_some();
    assert!(inside("2026-02-28T23:59:59.999Z") && inside("2026-03-01T00:00:00Z"));
    assert!(inside("2026-03-01T00:29:59Z") && !inside("2026-03-01T00:30:00Z"));
    assert!(!inside("2026-03-01T23:45:00Z"), "Sunday");
    let night = window("daily 22:00-07:00");
    assert_eq!(shown(night.covers(utc("2026-03-01T06:59:59Z"), Tz::UTC)), "02-28 22:00/03-01 07:00");
    let whole = window("Sat-Sun 00:00-24:00");
    assert_eq!(shown(whole.covers(utc("2026-02-28T23:59:59Z"), Tz::UTC)), "02-28 00:00/03-01 00:00");
    assert_eq!(shown(whole.covers(utc("2026-03-01T00:00:00Z"), Tz::UTC)), "03-01 00:00/03-02 00:00");
    assert_eq!(shown(whole.covers(utc("2026-03-02T00:00:00Z"), Tz::UTC)), "");
}

#[test]
fn a_window_keeps_its_times_of_the_clock_when_clocks_are_set() {
    let berlin = Tz::named("Europe/Berlin");
    let on = |text: &str, at: &str| shown(window(text).covers(utc(at), berlin));
    // From 02:00 to 03:00 there is no time: 02:00 is 03:00, which is 01:00 UTC.
    assert_eq!(on("Sun 02:00-04:00", "2026-03-29T01:30:00Z"), "03-29 01:00/03-29 02:00");
    assert_eq!(on("Sun 02:30-04:00", "2026-03-29T01:30:00Z"), "03-29 01:00/03-29 02:00");
    assert_eq!(on("Sun 01:00-02:30", "2026-03-29T00:30:00Z"), "03-29 00:00/03-29 01:00");
    assert_eq!(on("Sun 02:15-02:45", "2026-03-29T01:15:00Z"), "03-29 01:00/03-29 01:30");
    // From 02:00 to 03:00 there are two hours, and 03:00 is one moment.
    assert_eq!(on("Sun 02:00-04:00", "2026-10-25T00:00:00Z"), "10-25 00:00/10-25 03:00");
    assert_eq!(on("daily 22:00-07:00", "2026-10-25T01:00:00Z"), "10-24 20:00/10-25 06:00");
    let new_york = Tz::named("America/New_York");
    let over = window("Sun 01:00-05:00");
    assert_eq!(shown(over.covers(utc("2026-03-08T06:30:00Z"), new_york)), "03-08 06:00/03-08 09:00");
    assert_eq!(shown(over.covers(utc("2026-11-01T06:30:00Z"), new_york)), "11-01 05:00/11-01 10:00");
}

#[test]
fn a_single_window_is_by_the_clocks_of_its_zone() {
    let zone = Tz::named("Europe/Berlin");
    let once = window("2026-03-02T09:00/2026-03-02T11:00");
    assert_eq!(shown(once.covers(utc("2026-03-02T08:00:00Z"), zone)), "03-02 08:00/03-02 10:00");
    assert_eq!(shown(once.next(utc("2026-03-02T07:59:59Z"), zone)), "03-02 08:00/03-02 10:00");
    assert_eq!(once.next(utc("2026-03-02T08:00:00Z"), zone), None);
    let zoned = window("2026-03-02T09:00/2026-03-02T11:00 UTC");
    assert_eq!(shown(zoned.covers(utc("2026-03-02T09:00:00Z"), zone)), "03-02 09:00/03-02 11:00");
    assert_eq!(LocalMoment::parse("2026-03-02T09:00Z").unwrap().at(zone), utc("2026-03-02T09:00:00Z"));
    assert_eq!(LocalMoment::parse("2026-03-02").unwrap().at(zone), utc("2026-03-01T23:00:00Z"));
    let skipped = |text: &str| LocalMoment::parse(text).unwrap().skipped(zone);
    for exists in ["2026-03-29T01:59", "2026-03-29T03:00", "2026-03-29T02:30Z", "2026-10-25T02:30"] {
        assert_eq!(skipped(exists), None, "{exists}");
    }
    let why = skipped("2026-03-29T02:30").unwrap();
    assert!(
        why.starts_with("2026-03-29 02:30 does not exist in Europe/") && why.ends_with("for 2026-03-29 03:00"),
        "{why}"
    );
    let once = WindowSchedule::parse("2026-03-29T01:30/2026-03-29T02:30").unwrap();
    assert_eq!(once.skipped(zone).collect::<Vec<_>>(), [why]);
    assert!(!once.never_holds(zone));
    let gone = WindowSchedule::parse("2026-03-29T02:10/2026-03-29T02:50").unwrap();
    assert!(gone.never_holds(zone) && !gone.never_holds(Tz::UTC));
    assert!(LocalMoment::parse("2027-02-28T23:59:60Z").is_err() && LocalMoment::parse("2027-02-28T23:59:59Z").is_ok());
}

#[test]
fn moments() {
    let cases = [
        ("daily 09:00", "2026-03-01T09:00:00Z", "2026-03-02T09:00:00Z"),
        ("daily", "2026-03-01T09:00:00Z", "2026-03-02T00:00:00Z"),
        ("weekly Mon 09:00", "2026-03-01T09:00:00Z", "2026-03-02T09:00:00Z"),
        ("Monday 09:00", "2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z"),
        ("Mon-Fri 09:00", "2026-03-06T09:00:00Z", "2026-03-09T09:00:00Z"),
        ("Tue,Thu 09:00 Asia/Tokyo", "2026-03-03T00:00:00Z", "2026-03-05T00:00:00Z"),
        ("monthly first Mon 10:00", "2026-03-02T10:00:00Z", "2026-04-06T10:00:00Z"),
        ("monthly last Fri 10:00", "2026-02-27T10:00:00Z", "2026-03-27T10:00:00Z"),
        ("monthly last day 10:00", "2026-02-01T10:00:00Z", "2026-02-28T10:00:00Z"),
        ("monthly 15", "2026-02-15T00:00:00Z", "2026-03-15T00:00:00Z"),
        ("quarterly", "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"),
        ("quarterly first Mon 10:00", "2026-10-05T10:00:00Z", "2027-01-04T10:00:00Z"),
        ("*/15 9-17 * * mon-fri", "2026-03-06T17:45:00Z", "2026-03-09T09:00:00Z"),
        ("0 9 13 * 5", "2026-03-06T09:00:00Z", "2026-03-13T09:00:00Z"),
        ("0 9 1 * *", "2026-03-06T09:00:00Z", "2026-04-01T09:00:00Z"),
        ("0 0 29 feb *", "2026-03-06T09:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 9 * * 7 Europe/Berlin", "2026-03-28T09:00:00Z", "2026-03-29T07:00:00Z"),
        ("30 2 * * * Europe/Berlin", "2026-03-28T09:00:00Z", "2026-03-29T01:00:00Z"),
    ];
    for (text, after, want) in cases {
        assert_eq!(moment(text).next(utc(after), Tz::UTC), Some(utc(want)), "{text}");
    }
}

#[test]
fn what_is_not_a_schedule_is_explained_at_its_character() {
    let bad = |text: &str, is_window: bool| {
        let error = if is_window { WindowSchedule::parse(text).err() } else { MomentSchedule::parse(text).err() };
        let error = error.unwrap_or_else(|| panic!("{text} is taken"));
        assert!(!error.hint.is_empty());
        (error.offset, error.message)
    };
    for (text, offset, message) in [
        ("", 0, "a schedule is missing"),
        ("Sun", 2, "a span of time is missing"),
        ("Sunn 02:00-04:00", 0, "`Sunn` is not a day"),
        ("Mon,Sonn 02:00-04:00", 4, "`Sonn` is not a day"),
        ("Sun 02:00", 4, "`02:00` is not a span of time"),
        ("Sun 2:00-04:00", 4, "`2:00` is not a valid time"),
        ("Sun 02:00-25:00", 10, "`25:00` is not a valid time"),
        ("Sun 02:00-02:00", 10, "the window ends when it starts"),
        ("Sun 02:00-04:00 Berlin", 16, "unknown time zone `Berlin`"),
        ("Sun 02:00-04:00 UTC now", 20, "`now` follows the end of the schedule"),
        ("2026-03-02T09:00/2026-03-02T08:00", 17, "the window ends before it starts"),
        ("2026-03-02T09:00/2026-13-02T08:00", 17, "`2026-13-02T08:00` is not a valid date and time"),
    ] {
        assert_eq!(bad(text, true), (offset, message.to_owned()), "{text}");
    }
    for (text, offset, message) in [
        ("weekly", 5, "the day of the week is missing"),
        ("daily 09:00-10:00", 6, "`09:00-10:00` is a span, and a moment is meant"),
        ("daily 9", 6, "`9` is not a valid time"),
        ("monthly 32 10:00", 8, "no month has a day 32"),
        ("monthly fifth Mon", 8, "`fifth` is not a day of the month"),
        ("monthly first Xon", 14, "`Xon` is not a day of the week"),
        ("0 24 * * *", 2, "`24` is not a valid hour of a cron line"),
        ("0 9 30 2 *", 4, "no month of the cron line has this day"),
        ("09:00", 0, "`09:00` is not a schedule"),
        ("*/0 * * * *", 0, "`*/0` is not a valid minute of a cron line"),
    ] {
        assert_eq!(bad(text, false), (offset, message.to_owned()), "{text}");
    }
}

#[test]
fn a_day_that_a_month_lacks_is_its_last_and_a_fortnight_is_counted_over_the_end_of_a_year() {
    let list = |text: &str, from: &str, count: usize| {
        let schedule = moment(text);
        let moments = std::iter::successors(schedule.next(utc(from), Tz::UTC), |at| schedule.next(*at, Tz::UTC));
        moments.take(count).map(|at| at.format("%y-%m-%d").to_string()).collect::<Vec<_>>().join(" ")
    };
    let from = "2026-01-01T00:00:00Z";
    assert_eq!(list("monthly 31", from, 4), "26-01-31 26-02-28 26-03-31 26-04-30");
    assert_eq!(list("monthly 29", "2028-01-30T00:00:00Z", 2), "28-02-29 28-03-29");
    assert_eq!(list("month-end", from, 3), "26-01-31 26-02-28 26-03-31");
    assert_eq!(list("mid-month 09:00", from, 2), "26-01-15 26-02-15");
    assert_eq!(list("fortnightly Mon", from, 3), "26-01-05 26-01-19 26-02-02");
    // 2026 has 53 ISO weeks: the parity of their numbers would break the step.
    assert_eq!(list("fortnightly Mon,Thu", "2026-12-20T00:00:00Z", 4), "26-12-21 26-12-24 27-01-04 27-01-07");
    let friday = moment("Fri");
    assert!(friday.is_on_day_of(utc("2026-03-06T23:59:59Z"), Tz::UTC));
    assert!(!friday.is_on_day_of(utc("2026-03-06T23:59:59Z"), Tz::named("Asia/Tokyo")), "Saturday there");
}

/// Moments of 2025 to 2027, near the changes of clocks more often than not.
fn moments_of_years() -> impl Strategy<Value = DateTime<Utc>> {
    let changes = ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"];
    let near = (prop::sample::select(changes.to_vec()), -200_000_i64..200_000)
        .prop_map(|(change, by)| utc(change) + Duration::seconds(by));
    prop_oneof![(1_735_689_600_i64..1_830_297_600).prop_map(|at| DateTime::from_timestamp(at, 0).unwrap()), near]
}

fn zones() -> impl Strategy<Value = Tz> {
    let names = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo"];
    prop::sample::select(names.to_vec()).prop_map(Tz::named)
}

fn window_schedules() -> impl Strategy<Value = WindowSchedule> {
    let days = ["daily", "Sun", "Sat", "Mon-Fri", "Sat,Sun", "monthly last Sun", "monthly first Sun", "quarterly"];
    (prop::sample::select(days.to_vec()), 0..96_u32, 0..96_u32).prop_filter_map("it ends", |(days, from, to)| {
        let clock = |quarter: u32| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
        (from != to).then(|| window(&format!("{days} {}-{}", clock(from), clock(to))))
    })
}

proptest! {
    #[test]
    fn windows_follow_each_other_and_never_overlap(
        schedule in window_schedules(), at in moments_of_years(), zone in zones(),
    ) {
        let (mut after, mut end) = (at, None);
        for _ in 0..12 {
            let Some(window) = schedule.next(after, zone) else { break };
            prop_assert!(window.start > after && window.start < window.end, "{window:?}");
            prop_assert!(end.is_none_or(|end| end <= window.start), "{window:?} begins before {end:?}");
            let just_before = window.end - Duration::nanoseconds(1);
            prop_assert_eq!(schedule.covers(window.start, zone), Some(window));
            prop_assert_eq!(schedule.covers(just_before, zone), Some(window));
            prop_assert_ne!(schedule.covers(window.end, zone), Some(window));
            prop_assert!(schedule.covers(window.start - Duration::nanoseconds(1), zone).is_none_or(|before| before != window));
            (after, end) = (window.start, Some(window.end));
        }
    }

    #[test]
    fn what_is_covered_began_before_and_is_the_next_of_the_moment_before_its_start(
        schedule in window_schedules(), at in moments_of_years(), zone in zones(),
    ) {
        if let Some(window) = schedule.covers(at, zone) {
            prop_assert!(window.contains(at));
            prop_assert_eq!(schedule.next(window.start - Duration::nanoseconds(1), zone), Some(window));
        }
    }

    #[test]
    fn every_day_has_one_moment(quarter in 0..96_u32, at in moments_of_years(), zone in zones()) {
        let schedule = moment(&format!("daily {:02}:{:02}", quarter / 4, quarter % 4 * 15));
        let mut after = at;
        let mut days = Vec::new();
        for _ in 0..10 {
            let next = schedule.next(after, zone).unwrap();
            prop_assert!(next > after);
            let local = next.with_timezone(&zone);
            // Where clocks skip the time, it is that to which they are set: the same day, and never earlier.
            prop_assert!(local.hour() * 60 + local.minute() >= quarter * 15);
            days.push(local.num_days_from_ce());
            prop_assert_eq!(schedule.last(next, at, zone), Some(next));
            after = next;
        }
        prop_assert!(days.windows(2).all(|pair| pair[1] == pair[0] + 1), "{days:?}");
        prop_assert_eq!(schedule.count(at + Duration::nanoseconds(1), after, zone), 10);
    }

    #[test]
    fn as_many_are_counted_as_follow_each_other(
        text in prop::sample::select(vec![
            "0 9,21 * * *", "*/15 0-3 * * *", "30 2 * * 0", "59 23 29 2 *", "15 0 1-7 * Sun", "daily 02:30", "daily 00:00",
            "Mon,Thu 18:00", "fortnightly Sun 01:15", "monthly 31 09:00", "month-end 23:45", "quarterly",
        ]),
        at in moments_of_years(), days in 0..900_i64, seconds in 0..86_400_i64, zone in zones(),
    ) {
        let schedule = moment(text);
        let until = at + Duration::days(days) + Duration::seconds(seconds);
        let first = schedule.next(at - Duration::nanoseconds(1), zone);
        let each = std::iter::successors(first, |moment| schedule.next(*moment, zone));
        prop_assert_eq!(schedule.count(at, until, zone), each.take_while(|moment| *moment <= until).count());
    }

    #[test]
    fn a_cron_line_of_a_day_is_the_moment_of_that_day(at in moments_of_years(), zone in zones(), hour in 0..24_u32) {
        let cron = moment(&format!("30 {hour} * * *"));
        let daily = moment(&format!("daily {hour:02}:30"));
        prop_assert_eq!(cron.next(at, zone), daily.next(at, zone));
    }

    #[test]
    fn no_text_panics(text in "[a-zA-Z0-9 :,/*-]{0,30}|\\PC{0,20}") {
        let _ = (WindowSchedule::parse(&text), MomentSchedule::parse(&text), LocalMoment::parse(&text));
    }
}
