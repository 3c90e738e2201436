use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::lang::time::Stamp;
use crate::logs::format::Format;
use crate::logs::record::{Level, RecordData};
use crate::text::SafeText;

fn record(line: &str, format: Format, level: Level) -> Record {
    let now = DateTime::parse_from_rfc3339("2026-11-21T10:00:00Z").unwrap().to_utc();
    let read_at = Stamp { mono: Duration::from_secs(100), utc: now };
    Record::new(RecordData {
        time: Some(now - chrono::Duration::minutes(5)),
        level,
        service: Some(SafeText::new("billing")),
        message: SafeText::new("Payment \"declined\" for Zoë"),
        format,
        ..RecordData::unknown("api".into(), 1, read_at, SafeText::new(line))
    })
}

fn json() -> Record {
    record(
        r#"{"level":"error","status":503,"took":"250ms","size":2048,"user":"ann","path":"/api/pay","metadata":{"order":"A-7"},"cpu":"55%","user agent":"curl/8","x-request-id":77,"note":"a \"b\" (c) or d","peer":"10.0.0.1:5432","trace_id":"4bf92f","message":"Payment \"declined\" for Zoë"}"#,
        Format::Json,
        Level::Error,
    )
}

#[test]
fn what_passes_and_what_does_not() {
    let record = json();
    for (text, expected) in [
        ("", true),
        ("   ", true),
        ("payment", true),
        ("PAYMENT zoË", true),
        ("payment refund", false),
        ("refund or payment", true),
        ("-refund", true),
        ("-payment", false),
        ("not refund", true),
        ("!payment", false),
        (r#""Payment \"declined\"""#, true),
        ("/pay[a-z]+ /", false),
        ("/pay[a-z]+ /i", true),
        (r"/\/api\/pay/", true),
        ("status:503", true),
        ("status:5xx", true),
        ("status:4xx", false),
        ("status=503", true),
        ("status!=503", false),
        ("nothing!=503", true),
        ("status>500", true),
        ("status>=504", false),
        ("status:>=500", true),
        ("status:500..599", true),
        ("status:400..499", false),
        ("took>200ms", true),
        ("took>0.3s", false),
        ("took>200", true),
        ("size>1KiB", true),
        ("user:ANN", true),
        ("user:a*", true),
        ("user:*", true),
        ("nobody:*", false),
        ("path:/api/pay", true),
        (r#"path:"/api/*""#, true),
        ("path:/^.api/", true),
        ("path~pay", true),
        ("path!~pay", false),
        ("order:A-7", true),
        ("metadata.order:a-7", true),
        ("trace:4bf92f", true),
        ("trace:other", false),
        ("level:error", true),
        ("level>=warn", true),
        ("level>error", false),
        ("level!=error", false),
        ("level:50", true),
        ("service:billing", true),
        ("service:other", false),
        ("log:api", true),
        ("message:declined", true),
        ("msg:refund", false),
        ("since:10m", true),
        ("since:1m", false),
        ("since:2026-11-21T09:00:00Z until:2026-11-21", false),
        ("(refund or payment) level>=warn", true),
        ("refund or payment level:info", false),
        ("payment and zoë", true),
        ("payment && (refund || zoë)", true),
        ("not (refund or payment)", false),
        ("is:stderr", false),
        (" - ", true),
        // What is not, and what is not there.
        ("status!=5xx", false),
        ("status!=4xx", true),
        ("status!=400..499", true),
        ("status!=500..599", false),
        ("nobody!=*", true),
        ("status!=*", false),
        ("-status:5xx", false),
        ("trace!=4bf92f", false),
        ("trace!=other", true),
        ("user!=a*", false),
        ("-user:bob -\"refund\" -/x[yz]/", true),
        // Ranges without an end, numbers in quotes, units.
        ("status:500..", true),
        ("status:..499", false),
        ("took:100ms..0.3s", true),
        ("took:1s..2s", false),
        ("took>\"200 ms\"", true),
        ("took<1m", true),
        ("size<=2KiB", true),
        ("size:2kB..3kB", true),
        ("took>1kB", false),
        ("status==503", true),
        ("cpu>50%", true),
        ("cpu>60", false),
        // Levels.
        ("level:>=warn", true),
        ("level:\"error\"", true),
        ("LEVEL>=WARN", true),
        ("severity:err", true),
        ("lvl<fatal", true),
        // Names with dots, dashes, spaces; names in other cases.
        ("Metadata.Order:A-7", true),
        ("\"user agent\":curl*", true),
        ("\"User Agent\"!=wget", true),
        ("\"user agent\"~^curl", true),
        ("x-request-id:77", true),
        ("\"declined\":x", false),
        ("agent:curl/8", false),
        // Values in quotes, with escapes, with what has a meaning elsewhere.
        ("note:\"a \\\"b\\\" (c) or d\"", true),
        ("note:\"a * d\"", true),
        ("path:\"/api/pay\"", true),
        ("message:\"\\\"declined\\\" for\"", true),
        ("message:pay*zoë", true),
        ("message!=refund", true),
        ("message~Pay", true),
        ("message~pay", false),
        ("message:*", true),
        ("raw:\"trace_id\"", true),
        // Colons that are no operators.
        ("http://host/a", false),
        ("10.0.0.1:5432", true),
        ("12:30:45", false),
        ("std::vec", false),
        // Words that look like operators.
        ("\"or\"", true),
        ("(payment) AND (zoë) OR nothing", true),
        ("NOT refund", true),
        ("--payment", true),
        ("until:2026-11-21 since:2026-11-20", false),
        ("since:\"2026-11-21 09:00\" until:2026-11-21T10:00", true),
        ("since:1h30m", true),
    ] {
        let filter = Filter::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
        // A lone dash is a word: it is in the line's `A-7`.
        assert_eq!(filter.matches(&record), expected, "{text}");
    }
}

#[test]
fn what_asks_for_the_level_alone_is_known_by_it() {
    let levels = [Level::None, Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal];
    for text in
        ["", "level>=warn", "-level:info", "level:none or level:fatal", "level>info -(level:error or level:debug)"]
    {
        let filter = Filter::parse(text).unwrap();
        for level in levels {
            let record = record("a line", Format::Plain, level);
            assert_eq!(filter.passes_level(level), Some(filter.matches(&record)), "{text} {level:?}");
        }
    }
    for text in ["boom", "level>=warn boom", "level:warn or status:500", "-stderr:true level:warn"] {
        assert_eq!(Filter::parse(text).unwrap().passes_level(Level::Warn), None, "{text}");
    }
}

#[test]
fn a_time_with_a_hyphen_is_ago() {
    for text in ["since:-1h", "until:-10m"] {
        assert!(Filter::parse(text).is_ok(), "{text}");
    }
    let now = DateTime::parse_from_rfc3339("2026-11-21T10:00:00Z").unwrap().to_utc();
    let since = |text: &str| Filter::parse(text).unwrap().anchored(now, Tz::UTC).since();
    assert_eq!(since("since:-1h"), since("since:1h"));
    assert!(Filter::parse("since:--1h").is_err());
}

/// What the screen shows can be typed: the last time that its clock showed it.
#[test]
fn a_time_of_day_is_the_last_one() {
    let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    let since = |text: &str, now: &str, zone: Tz| Filter::parse(text).unwrap().anchored(at(now), zone).since();
    let now = "2026-11-21T18:00:00Z";
    for (text, zone, expected) in [
        ("since:17:54:00", Tz::UTC, "2026-11-21T17:54:00Z"),
        ("since:17:54", Tz::UTC, "2026-11-21T17:54:00Z"),
        ("since:18:00:01", Tz::UTC, "2026-11-20T18:00:01Z"),
        ("since:17:54:00", Tz::named("Europe/Zurich"), "2026-11-21T16:54:00Z"),
        ("since:17:54:00Z", Tz::named("Europe/Zurich"), "2026-11-21T17:54:00Z"),
    ] {
        assert_eq!(since(text, now, zone), Some(at(expected)), "{text} {zone}");
    }
    assert!(Filter::parse("since:25:00").is_err());
}

/// The end of a window is the first time after its beginning that the clock shows it.
#[test]
fn a_window_ends_after_its_beginning() {
    let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    let (night, late, noon) = ("2026-11-21T02:40:00Z", "2026-11-21T23:55:00Z", "2026-11-21T12:00:00Z");
    for (text, now, zone, from, to) in [
        ("since:02:30 until:02:45", night, Tz::UTC, "2026-11-21T02:30:00Z", "2026-11-21T02:45:00Z"),
        ("until:02:45 error since:02:30", noon, Tz::UTC, "2026-11-21T02:30:00Z", "2026-11-21T02:45:00Z"),
        ("since:23:50 until:00:10", late, Tz::UTC, "2026-11-21T23:50:00Z", "2026-11-22T00:10:00Z"),
        ("since:23:50 (until:00:10 error)", night, Tz::UTC, "2026-11-20T23:50:00Z", "2026-11-21T00:10:00Z"),
        ("since:02:30 until:10m", night, Tz::UTC, "2026-11-21T02:30:00Z", "2026-11-21T02:30:00Z"),
        ("since:3h until:00:15", night, Tz::UTC, "2026-11-20T23:40:00Z", "2026-11-21T00:15:00Z"),
        ("since:2026-11-19T10:00 until:10:15", noon, Tz::UTC, "2026-11-19T10:00:00Z", "2026-11-19T10:15:00Z"),
        ("since:00:30 until:00:45", noon, Tz::named("Europe/Zurich"), "2026-11-20T23:30:00Z", "2026-11-20T23:45:00Z"),
    ] {
        let filter = Filter::parse(text).unwrap().anchored(at(now), zone);
        assert_eq!((filter.since(), filter.until()), (Some(at(from)), Some(at(to))), "{text} {now}");
    }
    // Two filters joined are one window too.
    let both = Filter::parse("since:23:50").unwrap().and(&Filter::parse("until:00:10").unwrap());
    assert_eq!(both.anchored(at(late), Tz::UTC).until(), Some(at("2026-11-22T00:10:00Z")));
    // What comes in live is asked without a fixed now.
    let live = |filter: &str, read: &str| {
        let mut data = RecordData::unknown("api".into(), 1, json().read_at, SafeText::new("line"));
        (data.read_at.utc, data.time) = (at(read), Some(at(read)));
        Filter::parse(filter).unwrap().matches(&Record::new(data))
    };
    assert!(live("since:23:50 until:00:10", "2026-11-22T00:09:59Z"));
    assert!(!live("since:23:50 until:00:10", "2026-11-22T00:10:00Z"));
}

#[test]
fn errors_point_at_the_character() {
    for (text, offset, message, hint) in [
        ("level>=wran", 7, "`wran` is not a level", "did you mean `warn`?"),
        ("zoë (a", 4, "this `(` is not closed", "add a `)`"),
        ("a)", 1, "a `)` without its `(`", "write \")\" in quotes to look for it"),
        ("\"abc", 0, "this quote is not closed", "add a `\"` at its end"),
        (
            "/abc",
            0,
            "this regular expression has no closing `/`",
            "close it, or quote the text to search for it literally",
        ),
        ("a or", 2, "nothing follows `or`", "write \"or\" in quotes to look for the word"),
        ("status>high", 7, "`high` is not a number", "write a number, with a unit if you like: 500, 1.5s, 20MB"),
        ("since:soon", 6, "`soon` is not a valid time", "write 10m, 2h, 1d, 17:54:00 or 2026-11-21T10:00:00Z"),
        ("user: x", 5, "a value is missing after `user:`", "user:* matches records that have the field"),
        ("and a", 0, "nothing is before `and`", "write \"and\" in quotes to look for the word"),
        ("a and", 2, "nothing follows `and`", "write \"and\" in quotes to look for the word"),
        ("(a or) b", 3, "nothing follows `or`", "write \"or\" in quotes to look for the word"),
        ("or a", 0, "a term is missing here", "a term is a word, a \"phrase\", a /regex/ or FIELD:VALUE"),
        ("not", 0, "nothing follows `not`", "write \"not\" in quotes to look for the word"),
        ("(user:) x", 6, "a value is missing after `user:`", "user:* matches records that have the field"),
        ("\"a b\">=", 7, "a value is missing after `\"a b\">=`", "\"a b\":* matches records that have the field"),
        ("user:\"ann", 5, "this quote is not closed", "add a `\"` at its end"),
        ("level~err", 6, "a level is compared by `:`, `>=`, `<=`, `>`, `<` or `!=`", "level>=warn"),
        ("level:loud", 6, "`loud` is not a level", "levels are none, trace, debug, info, warn, error, fatal"),
        ("since>10m", 6, "`since` is written with `:`", "since:10m"),
        ("until:", 6, "a value is missing after `until:`", "until:* matches records that have the field"),
        ("is:late", 3, "`is:` knows `stderr` alone", "is:stderr"),
        ("()", 1, "a term is missing here", "a term is a word, a \"phrase\", a /regex/ or FIELD:VALUE"),
    ] {
        let problem = Filter::parse(text).expect_err(text);
        assert_eq!(
            (problem.offset, problem.message.as_str(), problem.hint.as_deref()),
            (offset, message, Some(hint)),
            "{text}"
        );
    }
    let problem = Filter::parse("a /(/").unwrap_err();
    assert_eq!(problem.offset, 3);
    assert!(problem.message.starts_with("not a regular expression: "), "{}", problem.message);
}

#[test]
fn the_size_of_a_filter_is_bounded() {
    assert!(Filter::parse(&"a ".repeat(101)).is_err());
    assert!(Filter::parse(&"a".repeat(5000)).is_err());
    assert!(Filter::parse(&format!("{}a{}", "(".repeat(500), ")".repeat(500))).is_err());
    assert!(Filter::parse(&format!("{}a", "-".repeat(500))).is_err());
    assert!(Filter::parse("/(a{1000}){1000}/").is_err());
}

#[test]
fn hits_are_merged_and_in_order() {
    let filter = Filter::parse("pay /lin/ -other").unwrap();
    assert_eq!(filter.hits("Payment declined, pay"), [0..3, 11..14, 18..21]);
}

#[test]
fn relative_times_count_from_the_anchor() {
    let record = json();
    let later = record.read_at.utc + chrono::Duration::hours(1);
    let filter = Filter::parse("since:10m").unwrap();
    assert!(filter.matches(&record));
    assert!(!filter.anchored(later, Tz::UTC).matches(&record));
}

proptest! {
    #[test]
    fn any_text_is_a_filter_or_an_error_within_it(text in r#"[ a-z0-9:<>=!~()"/*\\.|&-]{0,40}|.{0,40}"#) {
        match Filter::parse(&text) {
            Ok(filter) => { filter.matches(&json()); filter.hits("some text"); }
            Err(problem) => prop_assert!(problem.offset <= text.chars().count()),
        }
    }
}

#[test]
fn a_pattern_keeps_the_messages_of_one_shape() {
    let said = |message: &str| {
        let mut data = RecordData::unknown("api".into(), 1, json().read_at, SafeText::new("line"));
        data.message = SafeText::new(message);
        Record::new(data)
    };
    let passes = |filter: &str, message: &str| Filter::parse(filter).unwrap().matches(&said(message));
    for filter in
        [r#"pattern:"job <n> done in <n>""#, r#"pattern:"job 7 done in 3ms""#, r#"pattern="job <n> done in <n>""#]
    {
        assert!(passes(filter, "job 48001 done in 12ms"), "{filter}");
        assert!(!passes(filter, "job 48001 failed in 12ms"), "{filter}");
        assert!(!passes(&format!("-{filter}"), "job 48001 done in 12ms"), "{filter}");
    }
    let long = format!("{} took 5 ms", "word ".repeat(200));
    let mut shape = String::new();
    crate::logs::pattern::shape_of(&long, &mut shape);
    assert!(passes(&write::pattern_is(&shape, false), &long), "what is told apart by its beginning");
    assert_eq!(Filter::parse("pattern>5").unwrap_err().message, "`pattern` is written with `:`");
}

#[test]
fn terms_that_are_written_mean_what_they_say() {
    let record = json();
    for (name, value) in [
        ("status", "503"),
        ("note", r#"a "b" (c) or d"#),
        ("user agent", "curl/8"),
        ("metadata.order", "A-7"),
        ("peer", "10.0.0.1:5432"),
    ] {
        let only = write::field_is(name, value, false);
        assert!(Filter::parse(&only).unwrap().matches(&record), "{only}");
        let not = write::field_is(name, value, true);
        assert!(!Filter::parse(&not).unwrap().matches(&record), "{not}");
    }
    let both = write::and("refund or payment", &write::field_is("status", "200", false));
    assert!(!Filter::parse(&both).unwrap().matches(&record), "{both}");
    assert_eq!(write::and(" ", "a=\"b\""), "a=\"b\"");
}

#[test]
fn a_trace_is_found_under_its_usual_names() {
    let of = |line: &str| write::trace_of(&record(line, Format::Json, Level::Info));
    assert_eq!(of(r#"{"trace_id":"4bf92f"}"#).as_deref(), Some("4bf92f"));
    assert_eq!(of(r#"{"http":{"Request_ID":77}}"#).as_deref(), Some("77"));
    for none in [r#"{"trace_id":""}"#, r#"{"trace_id":null}"#, r#"{"trace_id":"0000000000000000"}"#, r#"{"id":"7"}"#] {
        assert_eq!(of(none), None, "{none}");
    }
    let id = write::trace_of(&json()).unwrap();
    assert!(Filter::parse(&write::trace_is(&id)).unwrap().matches(&json()));
}
