//! Numbers and times as they are read: coarse where they change by themselves, because over SSH every changed cell costs.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::lang::time::Stamp;
use crate::lang::tz::Tz;
use crate::lang::unit;
use crate::model::outcome::StoreAway;
use crate::model::since::{Since, since};
use crate::world::World;

pub(crate) use crate::lang::unit::{age, span};
pub(crate) use crate::text::count::{count, counted};

/// The age of something that may never have happened.
pub(crate) fn age_of(at: Option<Stamp>, now: Stamp, none: &'static str) -> String {
    at.map_or_else(|| none.to_owned(), |at| age(now.since(at)))
}

/// Columns of `before 05:24`.
pub(crate) const BEFORE: u16 = 12;

/// How long something has stood as it does: `3m`; `before 05:24` where it was not seen to begin, with the day where that is
/// not today.
pub(crate) fn age_since(since: Option<Since>, now: Stamp, zone: Tz, none: &'static str) -> String {
    let Some(Since { at, seen }) = since else { return none.to_owned() };
    if seen {
        return age(now.since(at));
    }
    let form = if same_day(at.utc, now.utc, zone) { "before %H:%M" } else { "before %m-%d" };
    at.utc.with_timezone(&zone).format(form).to_string()
}

/// The time of day since when something stands as it does, where it was seen to begin today.
pub(crate) fn clock_since(since: Option<Since>, now: Stamp, zone: Tz) -> Option<String> {
    let since = since.filter(|since| since.seen && same_day(since.at.utc, now.utc, zone))?;
    Some(time(since.at.utc, zone))
}

/// How long something has lasted, as it is read out: `24s`, `1m 24s`, `2h 05m`, `3d 04h`.
pub(crate) fn elapsed(span: Duration) -> String {
    // To the nearest second: what began a millisecond after its second has lasted as the clocks say.
    let seconds = (span + Duration::from_millis(500)).as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A span that is counted down or up, coarse.
pub(crate) fn left(span: Duration) -> String {
    if span < Duration::from_mins(1) { format!("{}s", span.as_secs()) } else { age(span) }
}

/// Milliseconds with two significant digits, so that a figure does not flicker: `3ms`, `41ms`, `0.84s`, `12s`.
pub(crate) fn milliseconds(ms: u64) -> String {
    match ms {
        0 => "<1ms".to_owned(),
        1..100 => format!("{ms}ms"),
        100..1_000 => format!("{}ms", (ms + 5) / 10 * 10),
        1_000..10_000 => format!("{:.1}s", ms as f64 / 1_000.0),
        _ => format!("{}s", ms / 1_000),
    }
}

/// Bytes: `512 B`, `1.4 MiB`.
pub(crate) fn bytes(n: u64) -> String {
    value(n as f64, "B")
}

/// A share in per cent as availability is written: `100.00 %`, `99.98 %`. Never rounded up to 100.
pub(crate) fn percent(percent: f64) -> String {
    unit::availability(Some(percent / 100.0))
}

/// The same of which too little is known: marked, and with a digit less.
pub(crate) fn rough_percent(percent: f64) -> String {
    if percent >= 100.0 { "~100 %".to_owned() } else { format!("~{:.1} %", (percent * 10.0).floor() / 10.0) }
}

/// A number with its unit, as everywhere else: see [`unit::quantity`].
pub(crate) fn value(value: f64, unit: &str) -> String {
    unit::quantity(value, unit)
}

/// The time of day in the console's zone: `02:41:07Z`, `04:41:07 CEST`.
pub(crate) fn clock(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    if zone == Tz::UTC { at.format("%H:%M:%SZ").to_string() } else { local.format("%H:%M:%S %Z").to_string() }
}

/// From when on something is counted: `since 15:12:10`, and from when on nothing is missing, where that is later.
pub(crate) fn counted_since(first: DateTime<Utc>, complete: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (first, complete) = (moment(first, now, zone), moment(complete, now, zone));
    if first == complete { format!("since {first}") } else { format!("since {first}, complete since {complete}") }
}

/// The time of day without its zone, for rows.
pub(crate) fn time(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M:%S").to_string()
}

/// The same with its day, for rows that are not all of today: `11-01 02:26:41`.
pub(crate) fn dated(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%m-%d %H:%M:%S").to_string()
}

/// Whether the clocks of the zone show both on one day: a time of day is enough then.
pub(crate) fn same_day(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> bool {
    at.with_timezone(&zone).date_naive() == now.with_timezone(&zone).date_naive()
}

/// The time of day of a moment, with the day where that is not today.
pub(crate) fn moment(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    if same_day(at, now, zone) { time(at, zone) } else { dated(at, zone) }
}

/// The same where many days are beside each other, as to the minute then: `11-18 20:05`.
pub(crate) fn moment_of_days(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    if same_day(at, now, zone) { time(at, zone) } else { at.with_timezone(&zone).format("%m-%d %H:%M").to_string() }
}

/// Days within which a weekday says which one is meant: on the day itself, the time alone stands.
const A_WEEK: i64 = 7;

/// `09:00` where a moment that comes is of today, `Mon 09:00` within the week, `11-30 09:00` later.
pub(crate) fn weekday(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let form = match (at.with_timezone(&zone).date_naive() - now.with_timezone(&zone).date_naive()).num_days() {
        _ if same_day(at, now, zone) => "%H:%M",
        ..=A_WEEK => "%a %H:%M",
        _ => "%m-%d %H:%M",
    };
    format!("{}{}", at.with_timezone(&zone).format(form), zone.told_apart(at))
}

/// Since when the store is away, in words.
pub(crate) fn away_since(away: &StoreAway, world: &World) -> String {
    let at = moment(away.since, world.now.utc, world.config.console.timezone);
    since(away.seen, at)
}

/// Date and time in full: `2026-11-21 02:41:07Z`.
pub(crate) fn full(at: DateTime<Utc>, zone: Tz) -> String {
    let date = at.with_timezone(&zone).format("%Y-%m-%d").to_string();
    format!("{date} {}", clock(at, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_to_begin_began_before_a_moment() {
        let at = Stamp { mono: Duration::from_secs(5), utc: "2026-11-28T05:24:10Z".parse().unwrap() };
        let shown =
            |since: Since, seconds: u64| age_since(Some(since), at.plus(Duration::from_secs(seconds)), Tz::UTC, "-");
        for (seconds, seen, before) in
            [(3, "<10s", "before 05:24"), (187, "3m", "before 05:24"), (86_400 * 400, "400d", "before 11-28")]
        {
            assert_eq!(shown(Since::seen(at), seconds), seen);
            assert_eq!(shown(Since::before(at), seconds), before);
            assert_eq!(before.len(), usize::from(BEFORE));
        }
        assert_eq!(age_since(None, at, Tz::UTC, "-"), "-");
    }

    #[test]
    fn what_lasts_is_read_out_in_two_units() {
        let cases = [(24, "24s"), (84, "1m 24s"), (7_503, "2h 05m"), (273_700, "3d 04h")];
        for (seconds, shown) in cases {
            assert_eq!(elapsed(Duration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn latencies_and_shares() {
        assert_eq!(milliseconds(41), "41ms");
        assert_eq!(milliseconds(847), "850ms");
        assert_eq!(milliseconds(1_849), "1.8s");
        assert_eq!(percent(99.999), "99.99 %");
        assert_eq!(percent(100.0), "100.00 %");
    }

    #[test]
    fn clocks_name_their_zone() {
        let at = DateTime::from_timestamp(1_795_228_867, 0).unwrap();
        assert!(clock(at, Tz::UTC).ends_with('Z'));
        assert!(clock(at, Tz::named("Europe/Zurich")).ends_with(" CET"));
    }

    #[test]
    fn the_day_is_said_as_far_as_it_is_needed() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let monday = at("2026-11-30T09:00:00Z");
        for (now, said) in [
            ("2026-11-30T02:40:00Z", "09:00"),
            ("2026-11-24T00:00:00Z", "Mon 09:00"),
            ("2026-11-23T09:00:00Z", "Mon 09:00"),
            ("2026-11-22T23:59:59Z", "11-30 09:00"),
        ] {
            assert_eq!(weekday(monday, at(now), Tz::UTC), said, "{now}");
        }
        assert_eq!(weekday(monday, at("2026-11-30T02:40:00Z"), Tz::named("Europe/Zurich")), "10:00");
    }
}
