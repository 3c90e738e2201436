//! What comes again and again, where clocks are set and months end: moments of rounds, shifts and windows of maintenance in
//! zones that do it differently. Berlin sets its clocks by an hour at 01:00 UTC, New York at 02:00 of its own, Lord Howe by
//! half an hour, Kolkata never; it is half an hour off.

use chrono::{DateTime, TimeDelta, Utc};
use opsroom::lang::schedule::{MomentSchedule, TimeWindow, WindowSchedule};
use opsroom::lang::tz::Tz;
use opsroom::model::oncall::{Override, Rotation};

const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";
const LORD_HOWE: &str = "Australia/Lord_Howe";
const KOLKATA: &str = "Asia/Kolkata";

fn utc(text: &str) -> DateTime<Utc> {
    let zoned = format!("{}:00Z", text.replace(' ', "T"));
    zoned.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn zone(name: &str) -> Tz {
    name.parse().unwrap_or_else(|_| panic!("{name}"))
}

fn clock(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// The schedule, the zone, after when, and the moments that follow, in UTC.
type Moments = (&'static str, &'static str, &'static str, &'static [&'static str]);

const WHERE_CLOCKS_ARE_SET: &[Moments] = &[
    // Skipped: the moment at which they are set. Shown twice: the first of both.
    ("daily 02:15", BERLIN, "2026-03-28 00:00", &["2026-03-28 01:15", "2026-03-29 01:00", "2026-03-30 00:15"]),
    ("daily 02:15", BERLIN, "2026-10-24 00:00", &["2026-10-24 00:15", "2026-10-25 00:15", "2026-10-26 01:15"]),
    ("daily 02:15", NEW_YORK, "2026-03-07 00:00", &["2026-03-07 07:15", "2026-03-08 07:00", "2026-03-09 06:15"]),
    ("daily 01:15", NEW_YORK, "2026-10-31 00:00", &["2026-10-31 05:15", "2026-11-01 05:15", "2026-11-02 06:15"]),
    ("daily 02:15", LORD_HOWE, "2026-10-02 00:00", &["2026-10-02 15:45", "2026-10-03 15:30", "2026-10-04 15:15"]),
    ("daily 01:45", LORD_HOWE, "2026-04-03 00:00", &["2026-04-03 14:45", "2026-04-04 14:45", "2026-04-05 15:15"]),
    ("daily 02:15", KOLKATA, "2026-03-28 00:00", &["2026-03-28 20:45", "2026-03-29 20:45", "2026-03-30 20:45"]),
    // By a cron line it is the same, and an hour that is skipped is one moment, not four.
    ("15 2 * * *", BERLIN, "2026-03-28 00:00", &["2026-03-28 01:15", "2026-03-29 01:00", "2026-03-30 00:15"]),
    ("*/15 1-3 * * *", BERLIN, "2026-03-29 00:30", &["2026-03-29 00:45", "2026-03-29 01:00", "2026-03-29 01:15"]),
    ("*/30 1 * * *", NEW_YORK, "2026-11-01 04:59", &["2026-11-01 05:00", "2026-11-01 05:30", "2026-11-02 06:00"]),
    // The morning stays a morning.
    ("weekly Sun 09:00", BERLIN, "2026-03-20 00:00", &["2026-03-22 08:00", "2026-03-29 07:00", "2026-04-05 07:00"]),
    ("Mon-Fri 09:00", NEW_YORK, "2026-10-29 14:00", &["2026-10-30 13:00", "2026-11-02 14:00", "2026-11-03 14:00"]),
    ("Sat,Sun 00:00", LORD_HOWE, "2026-04-03 00:00", &["2026-04-03 13:00", "2026-04-04 13:00", "2026-04-10 13:30"]),
    (
        "fortnightly Sun 02:30",
        BERLIN,
        "2026-03-10 00:00",
        &["2026-03-22 01:30", "2026-04-05 00:30", "2026-04-19 00:30"],
    ),
    ("fortnightly Sun 02:30", NEW_YORK, "2026-03-01 12:00", &["2026-03-08 07:00", "2026-03-22 06:30"]),
];

const AT_THE_END_OF_MONTHS: &[Moments] = &[
    (
        "monthly 31 09:00",
        BERLIN,
        "2028-01-01 00:00",
        &["2028-01-31 08:00", "2028-02-29 08:00", "2028-03-31 07:00", "2028-04-30 07:00"],
    ),
    ("monthly 29 09:00", NEW_YORK, "2027-01-30 00:00", &["2027-02-28 14:00", "2027-03-29 13:00"]),
    ("monthly 29 09:00", NEW_YORK, "2028-01-30 00:00", &["2028-02-29 14:00", "2028-03-29 13:00"]),
    ("monthly 30 00:00", KOLKATA, "2027-01-31 00:00", &["2027-02-27 18:30", "2027-03-29 18:30", "2027-04-29 18:30"]),
    ("month-end 23:30", LORD_HOWE, "2028-02-01 00:00", &["2028-02-29 12:30", "2028-03-31 12:30", "2028-04-30 13:00"]),
    ("month-end", KOLKATA, "2026-12-01 00:00", &["2026-12-30 18:30", "2027-01-30 18:30", "2027-02-27 18:30"]),
    (
        "monthly last Fri 17:00",
        BERLIN,
        "2026-01-31 00:00",
        &["2026-02-27 16:00", "2026-03-27 16:00", "2026-04-24 15:00"],
    ),
    ("monthly last Sun 02:30", BERLIN, "2026-03-01 00:00", &["2026-03-29 01:00", "2026-04-26 00:30"]),
    ("monthly last Sun 02:30", BERLIN, "2026-10-01 00:00", &["2026-10-25 00:30", "2026-11-29 01:30"]),
    ("monthly second Sun 02:30", NEW_YORK, "2026-03-01 00:00", &["2026-03-08 07:00", "2026-04-12 06:30"]),
    ("monthly first Sun 01:30", NEW_YORK, "2026-10-31 00:00", &["2026-11-01 05:30", "2026-12-06 06:30"]),
    ("monthly first Sun 02:15", LORD_HOWE, "2026-04-01 00:00", &["2026-04-04 15:45", "2026-05-02 15:45"]),
    ("monthly first Sun 02:15", LORD_HOWE, "2026-10-01 00:00", &["2026-10-03 15:30", "2026-10-31 15:15"]),
    ("monthly last Mon 00:00", KOLKATA, "2028-02-01 00:00", &["2028-02-27 18:30", "2028-03-26 18:30"]),
    ("quarterly 31 10:00", BERLIN, "2026-01-01 00:00", &["2026-01-31 09:00", "2026-04-30 08:00", "2026-07-31 08:00"]),
    ("quarterly last Fri 10:00", NEW_YORK, "2026-01-01 00:00", &["2026-01-30 15:00", "2026-04-24 14:00"]),
    ("mid-month 09:00", LORD_HOWE, "2026-03-20 00:00", &["2026-04-14 22:30", "2026-05-14 22:30"]),
    ("0 0 29 2 *", KOLKATA, "2024-03-01 00:00", &["2028-02-28 18:30", "2032-02-28 18:30"]),
    // 2100 has no 29 February, so that eight years lie between.
    ("0 0 29 2 *", "UTC", "2096-03-01 00:00", &["2104-02-29 00:00"]),
    ("0 0 31 * *", BERLIN, "2026-01-31 00:00", &["2026-03-30 22:00", "2026-05-30 22:00"]),
];

#[test]
fn moments_come_once_a_day_and_at_the_end_of_each_month() {
    for (text, name, after, due) in WHERE_CLOCKS_ARE_SET.iter().chain(AT_THE_END_OF_MONTHS) {
        let (schedule, zone) = (MomentSchedule::parse(text).unwrap(), zone(name));
        let moments = std::iter::successors(schedule.next(utc(after), zone), |at| schedule.next(*at, zone));
        let moments: Vec<DateTime<Utc>> = moments.take(due.len()).collect();
        assert_eq!(moments.iter().copied().map(clock).collect::<Vec<_>>(), *due, "{text} {name}");
        // Looked for from the other side, and counted, they are the same.
        for pair in moments.windows(2) {
            let just_before = pair[1] - TimeDelta::seconds(1);
            assert_eq!(schedule.last(just_before, utc(after), zone), Some(pair[0]), "{text} {name}");
            assert_eq!(schedule.count(pair[0], just_before, zone), 1, "{text} {name}");
        }
        assert_eq!(schedule.count(moments[0], moments[due.len() - 1], zone), due.len(), "{text} {name}");
        assert!(moments.iter().all(|at| schedule.is_on_day_of(*at, zone)), "{text} {name}");
    }
}

/// The window, the zone, a moment in it, and from when until when it is, in UTC.
type Windows = (&'static str, &'static str, &'static str, &'static str, &'static str);

const WINDOWS: &[Windows] = &[
    ("Sun 01:30-03:30", BERLIN, "2026-03-29 01:10", "2026-03-29 00:30", "2026-03-29 01:30"),
    ("Sun 01:30-03:30", BERLIN, "2026-10-25 02:00", "2026-10-24 23:30", "2026-10-25 02:30"),
    ("Sun 01:30-03:30", NEW_YORK, "2026-03-08 07:10", "2026-03-08 06:30", "2026-03-08 07:30"),
    ("Sun 00:30-02:30", NEW_YORK, "2026-11-01 07:00", "2026-11-01 04:30", "2026-11-01 07:30"),
    ("Sun 01:30-03:00", LORD_HOWE, "2026-04-04 16:00", "2026-04-04 14:30", "2026-04-04 16:30"),
    ("Sun 01:30-03:00", LORD_HOWE, "2026-10-03 15:45", "2026-10-03 15:00", "2026-10-03 16:00"),
    // All of it is skipped: the day has its window all the same, as long as written.
    ("Sun 02:05-02:25", LORD_HOWE, "2026-10-03 15:40", "2026-10-03 15:30", "2026-10-03 15:50"),
    ("Sun 02:05-02:25", NEW_YORK, "2026-03-08 07:10", "2026-03-08 07:00", "2026-03-08 07:20"),
    ("Sun 01:30-03:30", KOLKATA, "2026-03-28 21:00", "2026-03-28 20:00", "2026-03-28 22:00"),
    // Over the end of a month it is of the day on which it begins.
    ("monthly last day 23:00-01:00", KOLKATA, "2026-02-28 19:00", "2026-02-28 17:30", "2026-02-28 19:30"),
    ("monthly last day 23:00-01:00", BERLIN, "2028-02-29 23:30", "2028-02-29 22:00", "2028-03-01 00:00"),
    ("monthly 31 22:00-02:00", NEW_YORK, "2026-05-01 03:00", "2026-05-01 02:00", "2026-05-01 06:00"),
    ("monthly 29 22:00-02:00", BERLIN, "2027-02-28 22:00", "2027-02-28 21:00", "2027-03-01 01:00"),
    ("monthly last Sat 23:00-05:00", BERLIN, "2026-10-31 23:00", "2026-10-31 22:00", "2026-11-01 04:00"),
    ("monthly last Sat 23:00-05:00", BERLIN, "2026-03-29 00:00", "2026-03-28 22:00", "2026-03-29 03:00"),
    ("2028-02-29T12:00/2028-03-01T12:00", KOLKATA, "2028-03-01 06:00", "2028-02-29 06:30", "2028-03-01 06:30"),
    ("2026-10-25T02:15/2026-10-25T03:15", BERLIN, "2026-10-25 02:00", "2026-10-25 00:15", "2026-10-25 02:15"),
    ("2026-10-04T02:15/2026-10-04T04:00", LORD_HOWE, "2026-10-03 15:30", "2026-10-03 15:30", "2026-10-03 17:00"),
];

#[test]
fn windows_keep_the_times_of_the_clock_and_no_day_is_without() {
    for (text, name, inside, start, end) in WINDOWS {
        let (schedule, zone) = (WindowSchedule::parse(text).unwrap(), zone(name));
        let due = TimeWindow { start: utc(start), end: utc(end) };
        assert_eq!(schedule.covers(utc(inside), zone), Some(due), "{text} {name}");
        assert_eq!(schedule.next(due.start - TimeDelta::seconds(1), zone), Some(due), "{text} {name}");
        let is_it = |at: DateTime<Utc>| schedule.covers(at, zone) == Some(due);
        assert!(is_it(due.start) && is_it(due.end - TimeDelta::milliseconds(1)), "{text} {name}");
        assert!(!is_it(due.end) && !is_it(due.start - TimeDelta::milliseconds(1)), "{text} {name}");
    }
}

/// When shifts change, the zone, a moment in the first of them, and the moments of the changes with who has the shift then.
type Shifts = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const SHIFTS: &[Shifts] = &[
    ("daily 02:15", BERLIN, "2026-03-28 12:00", &[("2026-03-29 01:00", "b"), ("2026-03-30 00:15", "c")]),
    ("daily 02:15", BERLIN, "2026-10-24 12:00", &[("2026-10-25 00:15", "b"), ("2026-10-26 01:15", "c")]),
    ("daily 02:15", NEW_YORK, "2026-03-07 12:00", &[("2026-03-08 07:00", "b"), ("2026-03-09 06:15", "c")]),
    ("daily 01:15", NEW_YORK, "2026-10-31 12:00", &[("2026-11-01 05:15", "b"), ("2026-11-02 06:15", "c")]),
    ("daily 02:15", LORD_HOWE, "2026-10-03 00:00", &[("2026-10-03 15:30", "b"), ("2026-10-04 15:15", "c")]),
    ("daily 01:45", LORD_HOWE, "2026-04-04 00:00", &[("2026-04-04 14:45", "b"), ("2026-04-05 15:15", "c")]),
    ("weekly Mon 09:00", KOLKATA, "2026-03-25 12:00", &[("2026-03-30 03:30", "b"), ("2026-04-06 03:30", "c")]),
    ("monthly 31 09:00", BERLIN, "2028-02-10 12:00", &[("2028-02-29 08:00", "b"), ("2028-03-31 07:00", "c")]),
    ("monthly last Fri 17:00", NEW_YORK, "2026-02-10 12:00", &[("2026-02-27 22:00", "b"), ("2026-03-27 21:00", "c")]),
    ("month-end", KOLKATA, "2028-02-10 12:00", &[("2028-02-28 18:30", "b"), ("2028-03-30 18:30", "c")]),
];

#[test]
fn a_shift_is_an_hour_shorter_or_longer_and_never_a_gap() {
    for (handover, name, inside, changes) in SHIFTS {
        let (handover, zone, inside) = (MomentSchedule::parse(handover).unwrap(), zone(name), utc(inside));
        let people: Vec<_> = ["a", "b", "c"].map(Into::into).into();
        // The first shift is the one that has begun.
        let from = handover.last(inside, inside - TimeDelta::days(60), zone).unwrap();
        let rotation = Rotation::new(people, handover.clone(), from, zone, Vec::new()).unwrap();
        let (written, mut at) = (handover.written(), inside);
        assert_eq!(&**rotation.who(inside), "a", "{written} {name}");
        for (change, then) in *changes {
            let (found, who) = rotation.next_change(at).unwrap();
            assert_eq!((clock(found).as_str(), &**who), (*change, *then), "{written} {name}");
            assert_ne!(rotation.who(found - TimeDelta::nanoseconds(1)), who, "{written} {name}");
            let shift = rotation.shift(found);
            assert_eq!((shift.from, &shift.who), (Some(found), who), "{written} {name}");
            at = found;
        }
        let shifts = rotation.shifts(TimeWindow { start: inside, end: at + TimeDelta::days(1) });
        assert!(shifts.windows(2).all(|pair| pair[0].until == pair[1].from), "{written} {name}: {shifts:?}");
    }
}

#[test]
fn turns_of_a_while_change_by_the_clocks_too() {
    for (name, start, end, changes) in [
        (BERLIN, "2026-03-28 12:00", "2026-03-30 12:00", ["2026-03-29 01:00", "2026-03-30 00:15"]),
        (NEW_YORK, "2026-03-07 12:00", "2026-03-09 12:00", ["2026-03-08 07:00", "2026-03-09 06:15"]),
        (LORD_HOWE, "2026-10-03 00:00", "2026-10-05 00:00", ["2026-10-03 15:30", "2026-10-04 15:15"]),
        (KOLKATA, "2028-02-28 00:00", "2028-03-01 00:00", ["2028-02-28 20:45", "2028-02-29 20:45"]),
    ] {
        let daily = MomentSchedule::parse("daily 02:15").unwrap();
        let window = TimeWindow { start: utc(start), end: utc(end) };
        let turns = Override::in_turns(vec!["x".into(), "y".into()], daily, window).unwrap();
        let weekly = MomentSchedule::parse("weekly Wed 09:00").unwrap();
        let rotation =
            Rotation::new(vec!["a".into()], weekly, utc("2026-01-01 00:00"), zone(name), vec![turns]).unwrap();
        let shifts = rotation.shifts(TimeWindow { start: window.start, end: window.end + TimeDelta::hours(1) });
        let said: Vec<String> = shifts
            .iter()
            .map(|shift| format!("{} until {}", shift.who, shift.until.map(clock).unwrap_or_default()))
            .collect();
        let due = [
            format!("x until {}", changes[0]),
            format!("y until {}", changes[1]),
            format!("x until {end}"),
            "a until ".to_owned(),
        ];
        assert_eq!(said, due, "{name}");
    }
}
