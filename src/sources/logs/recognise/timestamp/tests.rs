use proptest::prelude::*;

use chrono::{Offset, TimeZone};

use super::*;

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-21T12:00:00Z").unwrap().to_utc()
}

fn read(zone: Tz, line: &str) -> Option<(String, String)> {
    let found = TimeReader::new(zone).leading(line, now())?;
    Some((found.at?.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true), line[found.rest..].to_owned()))
}

#[test]
fn the_forms_that_are_in_use() {
    for (line, expected) in [
        ("2026-11-21T10:00:00Z x", "2026-11-21T10:00:00Z"),
        ("2026-11-21T10:00:00.5+02:00 x", "2026-11-21T08:00:00.500Z"),
        ("2026-11-21 10:00:00,123 x", "2026-11-21T10:00:00.123Z"),
        ("2026-11-21 10:00:00.123456789 +0100 x", "2026-11-21T09:00:00.123456789Z"),
        ("2026-11-21 10:00:00+01 x", "2026-11-21T09:00:00Z"),
        ("2026-11-21 10:00:00.123 UTC x", "2026-11-21T10:00:00.123Z"),
        ("2026/11/21 10:00:00 x", "2026-11-21T10:00:00Z"),
        ("[2026-11-21 10:00:00] x", "2026-11-21T10:00:00Z"),
        ("[21/Nov/2026:10:00:00 -0500] x", "2026-11-21T15:00:00Z"),
        ("Nov 21 10:00:00 x", "2026-11-21T10:00:00Z"),
        ("Nov  1 10:00:00 x", "2026-11-01T10:00:00Z"),
        ("Dec 31 23:59:59 x", "2025-12-31T23:59:59Z"),
        ("<34>1 2026-11-21T10:00:00.003Z x", "2026-11-21T10:00:00.003Z"),
        ("<34>Nov 21 10:00:00 x", "2026-11-21T10:00:00Z"),
        ("[Sat Nov 21 10:00:00.123456 2026] x", "2026-11-21T10:00:00.123456Z"),
        ("1795255200 x", "2026-11-21T10:00:00Z"),
        ("1795255200.25 x", "2026-11-21T10:00:00.250Z"),
        ("1795255200123 x", "2026-11-21T10:00:00.123Z"),
        ("I1121 10:00:00.123456 x", "2026-11-21T10:00:00.123456Z"),
        ("1:M 21 Nov 2026 10:00:00.123 x", "2026-11-21T10:00:00.123Z"),
        ("2016-12-31T23:59:60Z x", "2016-12-31T23:59:59.999999999Z"),
        ("2026-11-21T10:00:00,123456+0100 x", "2026-11-21T09:00:00.123456Z"),
        ("2026-11-21T10:00:00.1234567891234Z x", "2026-11-21T10:00:00.123456789Z"),
        ("2026-11-21 10:00:00 GMT x", "2026-11-21T10:00:00Z"),
        ("2026-11-21_10:00:00 x", "2026-11-21T10:00:00Z"),
        ("2026/11/21 10:00:00.5 x", "2026-11-21T10:00:00.500Z"),
        ("[21/Nov/2026:10:00:00.123] x", "2026-11-21T10:00:00.123Z"),
        ("21-Nov-2026 10:00:00.123 x", "2026-11-21T10:00:00.123Z"),
        ("Sat Nov 21 10:00:00 2026 x", "2026-11-21T10:00:00Z"),
        ("1795255200123456 x", "2026-11-21T10:00:00.123456Z"),
        ("1795255200123456789 x", "2026-11-21T10:00:00.123456789Z"),
        ("12345:C 01 Nov 2026 10:00:00.123 x", "2026-11-01T10:00:00.123Z"),
        // date(1), in several locales, and what is printed with its parts.
        ("Fri Nov 20 01:46:59 PM UTC 2026 x", "2026-11-20T13:46:59Z"),
        ("Fri Nov 20 12:46:59 AM UTC 2026 x", "2026-11-20T00:46:59Z"),
        ("Fri Nov 20 12:46:59 PM CET 2026 x", "2026-11-20T11:46:59Z"),
        ("Fri Nov 20 13:46:59 EST 2026 x", "2026-11-20T18:46:59Z"),
        ("Fri Nov 20 13:46:59 +03 2026 x", "2026-11-20T10:46:59Z"),
        ("Fri Nov 20 13:46:59 UTC 2020 x", "2020-11-20T13:46:59Z"),
        ("Fri 20 Nov 2026 01:46:59 PM CET x", "2026-11-20T12:46:59Z"),
        ("Fri, 20 Nov 2026 13:46:59 -0330 x", "2026-11-20T17:16:59Z"),
        ("Friday, 20-Nov-26 13:46:59 GMT x", "2026-11-20T13:46:59Z"),
        ("Fri 2026-11-20 13:46:59 CET x", "2026-11-20T12:46:59Z"),
        ("Fri Nov 20 2026 13:46:59 GMT+0100 (Central European Standard Time) x", "2026-11-20T12:46:59Z"),
        ("November 20, 2026 1:46:59 PM x", "2026-11-20T13:46:59Z"),
        ("Nov 20, 2026 1:46:59 pm x", "2026-11-20T13:46:59Z"),
        ("Nov 20, 2026 1:46 pm x", "2026-11-20T13:46:00Z"),
        ("Nov 20, 2026 1:46:59\u{202f}PM x", "2026-11-20T13:46:59Z"),
        ("Nov 20 2026 13:46:59 x", "2026-11-20T13:46:59Z"),
        ("*Nov 20 2026 13:46:59.123 UTC: x", "2026-11-20T13:46:59.123Z"),
        ("2026-11-20 01:46:59 PM x", "2026-11-20T13:46:59Z"),
        ("2026-11-20 13:46:59 PM x", "2026-11-20T13:46:59Z"),
        ("11/20/2026, 1:46:59 p.m. x", "2026-11-20T13:46:59Z"),
        ("20/11/2026 13:46:59 x", "2026-11-20T13:46:59Z"),
        ("20.11.2026 13:46:59,123 x", "2026-11-20T13:46:59.123Z"),
        // Zones.
        ("2026-11-20 13:46:59.123 CET x", "2026-11-20T12:46:59.123Z"),
        ("2026-11-20 13:46:59 +03 x", "2026-11-20T10:46:59Z"),
        ("2026-11-20 13:46:59 Europe/Berlin x", "2026-11-20T12:46:59Z"),
        ("2026-11-20T13:46:59+01:00[Europe/Berlin] x", "2026-11-20T12:46:59Z"),
        ("2026-11-20T13:46:59[Europe/Berlin] x", "2026-11-20T12:46:59Z"),
        ("[20-Nov-2026 13:46:59 Europe/Berlin] x", "2026-11-20T12:46:59Z"),
        ("2026-11-20 13:46:59 EST5EDT x", "2026-11-20T18:46:59Z"),
        ("2026-11-20 13:46:59 (CET) x", "2026-11-20T12:46:59Z"),
        ("2026-11-20 13:46:59 [CET] x", "2026-11-20T12:46:59Z"),
        ("2026-11-20 13:46:59 PET x", "2026-11-20T18:46:59Z"),
        ("2026-11-20 13:46:59 ChST x", "2026-11-20T03:46:59Z"),
        ("Wed Nov 20 13:46:59 EST5EDT 2019 x", "2019-11-20T18:46:59Z"),
        ("Wed Nov 20 01:46:59 PM EST5EDT 2019 x", "2019-11-20T18:46:59Z"),
        ("Wed Nov 20 13:46:59 ChST 2019 x", "2019-11-20T03:46:59Z"),
        // The offset decides between the two hours of an autumn night.
        ("2026-10-25T02:30:00+01:00[Europe/Berlin] x", "2026-10-25T01:30:00Z"),
        // Other libraries.
        ("[2026-11-20T01:46:59Z x", "2026-11-20T01:46:59Z"),
        ("20261120T134659Z x", "2026-11-20T13:46:59Z"),
        ("20261120-13:46:59.123 x", "2026-11-20T13:46:59.123Z"),
        ("20261120134659 x", "2026-11-20T13:46:59Z"),
        ("I20261120 13:46:59.123456 x", "2026-11-20T13:46:59.123456Z"),
        ("261120 13:46:59 x", "2026-11-20T13:46:59Z"),
        ("2026-11-20  1:46:59 x", "2026-11-20T01:46:59Z"),
        ("2026-11-20 13:46:59:123 x", "2026-11-20T13:46:59.123Z"),
        ("2026-11-20T13:46Z x", "2026-11-20T13:46:00Z"),
        ("=ERROR REPORT==== 20-Nov-2026::13:46:59.123456 x", "2026-11-20T13:46:59.123456Z"),
        ("1.7952552001234567e+09 x", "2026-11-21T10:00:00.123456700Z"),
        ("2024-02-29 10:00:00 x", "2024-02-29T10:00:00Z"),
    ] {
        assert_eq!(read(Tz::UTC, line), Some((expected.to_owned(), "x".to_owned())), "{line}");
    }
}

#[test]
fn the_year_that_is_not_written_is_the_nearest() {
    for (now, line, expected) in [
        ("2026-01-01T00:30:00Z", "Dec 31 23:59:59 x", "2025-12-31T23:59:59Z"),
        // A clock that is a little ahead.
        ("2025-12-31T23:59:00Z", "Jan  1 00:00:30 x", "2026-01-01T00:00:30Z"),
        ("2025-12-31T23:59:00Z", "Jan  2 00:00:00 x", "2025-01-02T00:00:00Z"),
        ("2026-03-01T00:00:00Z", "Feb 29 10:00:00 x", "2024-02-29T10:00:00Z"),
        ("2026-11-21T12:00:00Z", "I1122 10:00:00.5 x", "2026-11-22T10:00:00.500Z"),
        ("2026-11-21T12:00:00Z", "I1123 10:00:00.5 x", "2025-11-23T10:00:00.500Z"),
    ] {
        let now = DateTime::parse_from_rfc3339(now).unwrap().to_utc();
        let found = TimeReader::new(Tz::UTC).leading(line, now).and_then(|found| found.at);
        assert_eq!(found, Some(DateTime::parse_from_rfc3339(expected).unwrap().to_utc()), "{line}");
    }
}

#[test]
fn abbreviations_of_zones_are_read_or_the_time_is_not() {
    let of = |zone, abbreviation| {
        let line = format!("2026-11-21 10:00:00 {abbreviation} x");
        TimeReader::new(zone).leading(&line, now()).expect("it begins with a time").at.map(|at| at.time().to_string())
    };
    assert_eq!(of(Tz::UTC, "CET").as_deref(), Some("09:00:00"));
    assert_eq!(of(Tz::UTC, "EST").as_deref(), Some("15:00:00"));
    assert_eq!(of(Tz::UTC, "JST").as_deref(), Some("01:00:00"));
    for ambiguous in ["IST", "CST", "BST", "CDT", "AST"] {
        assert_eq!(of(Tz::UTC, ambiguous), None, "{ambiguous}");
    }
    assert_eq!(of(Tz::named("America/Chicago"), "CST").as_deref(), Some("16:00:00"));
    assert_eq!(of(Tz::named("Asia/Kolkata"), "IST").as_deref(), Some("04:30:00"));
}

#[test]
fn a_day_that_may_be_another_is_not_read() {
    let leading = |line| TimeReader::new(Tz::UTC).leading(line, now());
    for line in ["07/11/2026 10:00:00 x", "11-07-2026 10:00:00 PM x"] {
        assert_eq!(leading(line).expect("it begins with a time").at, None, "{line}");
    }
    assert!(leading("11/11/2026 10:00:00 x").unwrap().at.is_some());
}

#[test]
fn spark_names_the_year_by_two_digits_before_a_level() {
    let found = TimeReader::new(Tz::UTC).leading("26/11/20 01:46:59 INFO SparkContext: x", now()).unwrap();
    assert_eq!(found.at.unwrap().to_rfc3339(), "2026-11-20T01:46:59+00:00");
    assert_eq!(TimeReader::new(Tz::UTC).leading("26/11/20 01:46:59 x", now()), None);
}

#[test]
fn what_is_no_time() {
    for line in [
        "",
        "2026-13-21 10:00:00 x",
        "12345 x",
        "2026-11-21",
        "Nov 31 10:00:00 x",
        "Nothing 10:00:00",
        "2026-11-21T10:00:00abc",
        "2026-02-30 10:00:00 x",
        "2025-02-29 10:00:00 x",
        "2026-11-21 24:00:00 x",
        "2026-11-21 10:60:00 x",
        "2026-11-21 10:00:61 x",
        "2026-11-21 10:30:60 x",
        "2026-11-21 13:00:00 AM x",
        "2026-11-21 00:00:00 PM x",
        "31/Feb/2026:10:00:00 +0000 x",
        "Nov 21 10:00 bin",
        "10.0.0.1 - - x",
        // Zones that are not known.
        "Wed Nov 20 13:46:59 XYZT 2019 y",
        "Wed Nov 20 01:46:59 PM XYZT 2019 y",
        "Wed Nov 20 13:46:59 MMT 2019 y",
        "Wed Nov 20 13:46:59 Mars/Phobos 2019 y",
        "Wed Nov 20 01:46:59 PM Mars/Phobos 2019 y",
        "Wed Nov 20 13:46:59 America/Nowhere 2019 y",
        "Wed Nov 20 13:46:59 -1234 2019 y",
        "Wed Nov 20 13:46:59 local 2019",
        "Nov 20 13:46:59 XYZT 2019 y",
        "2026-11-20 13:46:59 America/Nowhere x",
        "2026-11-20 13:46:59 [America/Nowhere] x",
        "2026-11-20 13:46:59 +99 x",
        "2026-11-20 13:46:59-99 x",
        "2026-11-20 13:46:59 [IST] x",
        "17951392190 x",
    ] {
        assert_eq!(read(Tz::UTC, line), None, "{line}");
    }
}

#[test]
fn a_message_is_not_taken_for_a_zone() {
    for rest in [
        "EST-Server up",
        "-1234 is the balance",
        "ERROR x",
        "INFO x",
        "WARN x",
        "DEBUG x",
        "GET /x",
        "POST /x",
        "XYZT x",
        "[main] x",
        "(main) x",
        "Factory reset",
        "-20.5 degrees",
        "src/main.rs:3 x",
    ] {
        let line = format!("2026-11-20 13:46:59 {rest}");
        assert_eq!(read(Tz::UTC, &line), Some(("2026-11-20T13:46:59Z".to_owned(), rest.to_owned())), "{line}");
    }
    for rest in ["web01 2026 requests", "WEB01 2026-11-20 x", "WEB01 2026/11/20 13:46:59 [error] x", "WEB01 app: x"] {
        let line = format!("Nov 20 13:46:59 {rest}");
        assert_eq!(read(Tz::UTC, &line), Some(("2026-11-20T13:46:59Z".to_owned(), rest.to_owned())), "{line}");
    }
}

#[test]
fn times_without_a_zone_are_in_the_zone_of_the_log() {
    let zone = Tz::named("Europe/Berlin");
    assert_eq!(read(zone, "2026-11-21 10:00:00 x").unwrap().0, "2026-11-21T09:00:00Z");
    assert_eq!(read(zone, "2026-11-21T10:00:00Z x").unwrap().0, "2026-11-21T10:00:00Z");
    // Twice, and never.
    assert_eq!(read(zone, "2026-10-25 02:30:00 x").unwrap().0, "2026-10-25T00:30:00Z");
    assert_eq!(read(zone, "2026-03-29 02:30:00 x").unwrap().0, "2026-03-29T01:30:00Z");
}

#[test]
fn values_of_fields() {
    let reader = TimeReader::new(Tz::UTC);
    for (text, expected) in [
        ("1795255200", Some("2026-11-21T10:00:00Z")),
        ("1795255200.5", Some("2026-11-21T10:00:00.500Z")),
        ("1.7952552e9", Some("2026-11-21T10:00:00Z")),
        ("1795255200123", Some("2026-11-21T10:00:00.123Z")),
        ("1795255200123456", Some("2026-11-21T10:00:00.123456Z")),
        ("1795255200123456789", Some("2026-11-21T10:00:00.123456789Z")),
        ("99999999999", None),
        // The last second before 2100, and counters.
        ("4102444799", Some("2099-12-31T23:59:59Z")),
        ("4102444799999", Some("2099-12-31T23:59:59.999Z")),
        ("4102444800", None),
        ("4102444800000", None),
        ("17951392190", None),
        ("100000000000", Some("1973-03-03T09:46:40Z")),
        ("99999999999999", None),
        ("100000000000000", Some("1973-03-03T09:46:40Z")),
        ("99999999999999999", None),
        ("100000000000000000", Some("1973-03-03T09:46:40Z")),
        ("2026-11-21T10:00:00Z", Some("2026-11-21T10:00:00Z")),
        ("2026-11-21T10:00:00Z and more", None),
        ("yesterday", None),
        // A duration, a counter.
        ("0.012", None),
        ("12", None),
        ("12345678", None),
        ("1795255200.123456789", Some("2026-11-21T10:00:00.123456789Z")),
        ("1795255200123.25", Some("2026-11-21T10:00:00.123250Z")),
        ("20261121100000", Some("2026-11-21T10:00:00Z")),
        ("20261121100000123", Some("2026-11-21T10:00:00.123Z")),
        ("2026-11-20 13:46:59 CST", None),
        ("2026-11-20 01:46:59 PM", Some("2026-11-20T13:46:59Z")),
    ] {
        let found = reader.value(text, now()).map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
        assert_eq!(found.as_deref(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_the_rest_is_in_the_line(line in r"[\[<]{0,2}[0-9A-Za-z:/\-,. +é>\]]{0,40}|.{0,40}") {
        for zone in [Tz::UTC, Tz::named("America/New_York")] {
            let reader = TimeReader::new(zone);
            if let Some(found) = reader.leading(&line, now()) {
                prop_assert!(line.is_char_boundary(found.rest));
            }
            reader.value(&line, now());
        }
    }

    /// Each form is printed by chrono's own formatter, and read back.
    #[test]
    fn what_was_printed_is_read_back(
        seconds in 0_i64..7_258_118_400,
        nanos in 0_u32..1_000_000_000,
        form in prop::sample::select(FORMS),
        zone in prop::sample::select(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata"].map(Tz::named).to_vec()),
    ) {
        let (format, digits) = form;
        let nanos = if digits == 0 { 0 } else { nanos - nanos % 10_u32.pow(9 - digits) };
        let seconds = if format.contains("%S") { seconds } else { seconds - seconds % 60 };
        let at = DateTime::from_timestamp(seconds, nanos).unwrap();
        // A clock that shows no seconds of its offset; a local time alone may be that of two instants.
        let local = at.with_timezone(&zone);
        let offset = local.offset().fix().local_minus_utc();
        prop_assume!(offset % 60 == 0);
        let is_local = !["%z", "%:z", "Z", "UTC"].iter().any(|mark| format.contains(mark));
        prop_assume!(!is_local || zone.from_local_datetime(&local.naive_local()).single().is_some());
        let shown = if format.contains('Z') || format.contains("UTC") { at.with_timezone(&Tz::UTC) } else { local };
        let written = shown.format(format).to_string();
        let now = at + chrono::Duration::hours(1);
        let reader = TimeReader::new(zone);
        prop_assert_eq!(reader.value(&written, now), Some(at), "{}", written);
        let line = format!("{written} text");
        let found = reader.leading(&line, now);
        let found = found.map(|found| (found.at, &line[found.rest..]));
        prop_assert_eq!(found, Some((Some(at), "text")), "{}", line);
    }
}

/// Forms for chrono, each with the digits of the fraction that it has.
const FORMS: &[(&str, u32)] = &[
    ("%Y-%m-%dT%H:%M:%S%.9fZ", 9),
    ("%Y-%m-%dT%H:%M:%S%.3f%:z", 3),
    ("%Y-%m-%d %H:%M:%S,%3f", 3),
    ("%Y-%m-%d %H:%M:%S%.6f %z", 6),
    ("%Y-%m-%d %H:%M:%S%.3f", 3),
    ("%Y/%m/%d %H:%M:%S", 0),
    ("%Y/%m/%d - %H:%M:%S", 0),
    ("%Y-%m-%d %I:%M:%S %p %z", 0),
    ("%Y-%m-%dT%H:%M%:z", 0),
    ("%Y%m%dT%H%M%SZ", 0),
    ("%d/%b/%Y:%H:%M:%S %z", 0),
    ("%d %b %Y %H:%M:%S%.3f", 3),
    ("%d-%b-%Y %H:%M:%S UTC", 0),
    ("%a, %d %b %Y %H:%M:%S %z", 0),
    ("%a %b %e %H:%M:%S%.6f %Y", 6),
    ("%a %b %e %I:%M:%S %p UTC %Y", 0),
    ("%a %b %d %Y %H:%M:%S GMT%z", 0),
    ("%B %e, %Y %l:%M:%S %P", 0),
    ("%b %e, %Y %l:%M:%S %p", 0),
    ("%b %e %H:%M:%S", 0),
    ("%b %e %H:%M:%S%.3f", 3),
    ("%d.%m.%Y %H:%M:%S", 0),
    ("%Y-%m-%d %H:%M:%S %z[Europe/Berlin]", 0),
];
