use std::time::Duration;

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::lang::time::Stamp;
use crate::logs::filter::Filter;
use crate::logs::format::Format;
use crate::logs::record::{Record, RecordData};

fn record(line: &str, service: &str) -> Record {
    let read_at = Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH };
    Record::new(RecordData {
        service: Some(SafeText::new(service)),
        format: Format::Json,
        ..RecordData::unknown("web".into(), 1, read_at, SafeText::new(line))
    })
}

#[test]
fn a_field_is_listed_by_its_last_part_where_that_is_unique() {
    let mut known = known();
    assert_eq!((known.short_name("metadata.order"), known.short_name("region")), ("order", "region"));
    known.learn(&record(r#"{"message":"x","extra":{"order":1}}"#, "api"));
    assert_eq!(known.short_name("metadata.order"), "metadata.order");
}

fn known() -> KnownFields {
    let mut known = KnownFields::default();
    for number in 0..100_usize {
        let status = [200, 200, 404, 503][number % 4];
        let service = ["billing", "api"][number % 2];
        let line = format!(
            r#"{{"service":"{service}","status":{status},"took":"{number}ms","region":"eu west","metadata":{{"order":"A-{number}"}},"user agent":"curl/8","trace_id":"{number:x}"}}"#
        );
        known.learn(&record(&line, service));
    }
    known
}

fn texts(text: &str) -> Vec<String> {
    complete(text, text.len(), &known()).into_iter().map(|candidate| candidate.text).collect()
}

#[test]
fn what_may_follow() {
    for (text, expected) in [
        ("le", &["level>=", "level:"][..]),
        ("stat", &["status:"]),
        ("STAT", &["status:"]),
        ("level>=w", &["warn"]),
        ("level:", &["trace", "debug", "info", "warn", "error", "fatal"]),
        ("status:", &["2xx", "4xx", "5xx", "200", "404", "503", "*"]),
        ("status:5", &["5xx", "503"]),
        ("status>=", &["200", "404", "503"]),
        ("service:b", &["billing"]),
        ("-service:b", &["billing"]),
        ("not (service:b", &["billing"]),
        ("log:", &["web"]),
        ("region:", &["\"eu west\"", "*"]),
        ("region:\"eu", &["\"eu west\""]),
        ("ord", &["metadata.order:"]),
        ("metadata.o", &["metadata.order:"]),
        ("user", &["\"user agent\":"]),
        ("\"user agent\":c", &["curl/8"]),
        ("trace_id:", &["*"]),
        ("since:1", &["10m", "1h", "12h", "1d"]),
        ("is:", &["stderr"]),
        ("bil", &["service:billing"]),
        ("a o", &["metadata.order:", "or"]),
        ("o", &["metadata.order:"]),
        ("a no", &["not"]),
        ("\"lev", &[]),
        ("/lev", &[]),
        ("/a b/ lev", &["level>=", "level:"]),
        ("nobody:", &[]),
    ] {
        assert_eq!(texts(text), expected, "{text}");
    }
}

#[test]
fn a_candidate_replaces_what_was_written_of_it() {
    let text = "zoë -stat or b";
    let cursor = "zoë -stat".len();
    let candidates = complete(text, cursor, &known());
    assert_eq!(candidates[0].replace, cursor - 4..cursor);
    assert_eq!(candidates[0].text, "status:");
    assert_eq!(candidates[0].note, "3 values");
    let value = &complete("status>=4", 9, &known())[0];
    assert_eq!((value.replace.clone(), value.text.as_str(), value.note.as_str()), (8..9, "404", "seen 25 times"));
}

#[test]
fn all_fields_are_offered_where_nothing_is_written() {
    let all = texts("");
    for text in ["status:", "took:", "metadata.order:", "level>=", "since:"] {
        assert!(all.iter().any(|candidate| candidate == text), "{text} in {all:?}");
    }
    assert!(!all.contains(&"or".to_owned()));
}

#[test]
fn what_is_known_is_bounded() {
    let mut known = KnownFields::default();
    for number in 0..3_000 {
        known.learn(&record(&format!(r#"{{"f{number}":"v{number}","same":"v{number}"}}"#), &format!("s{number}")));
    }
    assert!(known.fields().len() <= 256);
    assert!(known.find("SAME").is_some_and(|field| field.has_many() && field.values().is_empty()));
    assert!(known.services().is_empty());
}

proptest! {
    #[test]
    fn any_text_at_any_place(text in r#"[ a-z0-9:<>=!~()"/*\\.|&-]{0,40}|.{0,40}"#, cursor in 0_usize..60) {
        for candidate in complete(&text, cursor, &known()) {
            prop_assert!(text.get(candidate.replace).is_some());
        }
    }

    #[test]
    fn a_value_that_is_chosen_can_be_read(value in r#"[a-z "*()/:.\\é]{1,12}"#) {
        let mut known = KnownFields::default();
        let line = serde_json::to_string(&std::collections::BTreeMap::from([("f", &value)])).unwrap();
        known.learn(&record(&line, "s"));
        let candidate = complete("f:", 2, &known).remove(0);
        let filter = Filter::parse(&format!("f:{}", candidate.text));
        prop_assert!(filter.is_ok_and(|filter| filter.matches(&record(&line, "s"))), "{}", candidate.text);
    }
}
