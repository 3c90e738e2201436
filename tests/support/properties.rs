//! What must hold of any bytes from outside. One function for each reader, used by `tests/properties.rs` with
//! generated input and by the targets under `fuzz/` with hunted input.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::DateTime;
use opsroom::clock::Clock;
use opsroom::config::load::load_text;
use opsroom::config::sections::log::{Log, LogFormat};
use opsroom::model::condition::Condition;
use opsroom::model::expression::Expression;
use opsroom::model::filter::complete::complete;
use opsroom::model::filter::{Filter, Known};
use opsroom::model::pattern::{self, Patterns};
use opsroom::model::reading::Component;
use opsroom::model::record::{Level, Record};
use opsroom::model::redact::Redactor;
use opsroom::model::selector::Selector;
use opsroom::model::status::Status;
use opsroom::model::text::{MAX_LINE, SafeText, sanitise, sanitise_coloured, sanitise_lines};
use opsroom::model::time::Stamp;
use opsroom::model::unit;
use opsroom::sources::exposition::Scrape;
use opsroom::sources::health;
use opsroom::sources::http::Sink;
use opsroom::sources::tail::once::Records;

/// Any moment.
fn now() -> Stamp {
    Stamp { mono: Duration::from_secs(1_000), utc: DateTime::UNIX_EPOCH + chrono::Duration::days(20_000) }
}

/// Text that is safe has nothing that a terminal would obey and nothing that hides.
fn assert_safe(text: &str) {
    for c in text.chars() {
        let hides = matches!(c, '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}');
        assert!(!c.is_control() && !hides, "{c:?} in {text:?}");
    }
}

/// The sanitiser lets nothing dangerous through, keeps its bound, and has nothing to do the second time.
pub fn sanitiser(bytes: &[u8]) {
    let once = sanitise(bytes);
    assert_safe(once.text.as_str());
    assert!(once.text.as_str().len() <= MAX_LINE);
    assert_eq!(sanitise(once.text.as_str().as_bytes()).text, once.text);
    let coloured = sanitise_coloured(bytes);
    assert_eq!(coloured.line, once);
    for (range, _) in &coloured.spans {
        assert!(coloured.line.text.as_str().get(range.clone()).is_some_and(|part| !part.is_empty()));
    }
    for line in sanitise_lines(bytes) {
        assert_safe(line.text.as_str());
    }
}

/// No registered secret is left, in one piece or in chunks, and redacting again changes nothing.
pub fn redactor(bytes: &[u8]) {
    let secrets = ["swordfish", "p&ss\"word", "line one\nline two"];
    let redactor = Redactor::new(secrets);
    let whole = redactor.redact_bytes(bytes);
    assert_eq!(redactor.redact_bytes(&whole), whole);
    let mut stream = redactor.stream();
    let mut chunked: Vec<u8> = bytes.chunks(7).flat_map(|chunk| stream.push(chunk)).collect();
    chunked.extend(stream.finish());
    let shown = redactor.clean(bytes);
    assert_safe(shown.as_str());
    for secret in ["swordfish", "p&ss\"word", "line one", "line two"] {
        for text in [&*whole, &chunked, shown.as_str().as_bytes()] {
            assert!(memchr::memmem::find(text, secret.as_bytes()).is_none(), "{secret}");
        }
    }
}

/// Expositions mean the same however they are cut into pieces.
pub fn exposition(bytes: &[u8]) {
    let selectors: Vec<Selector> = ["up", "http_requests_total{code=~\"5..\"}", "{job!=\"x\"}"]
        .iter()
        .filter_map(|text| Selector::parse(text).ok())
        .collect();
    let read = |piece: usize| {
        let mut scrape = Scrape::new(selectors.iter().collect(), 1 << 20);
        for part in bytes.chunks(piece) {
            if !(&mut scrape).take(part) {
                break;
            }
        }
        scrape.finish(1.0).map(|(document, sums, fault)| {
            (document, sums.iter().map(opsroom::sources::exposition::Sum::value).collect::<Vec<_>>(), fault)
        })
    };
    let (whole, pieces) = (read(bytes.len().max(1)), read(3));
    assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
    if let Ok((_, sums, _)) = whole {
        assert!(sums.iter().flatten().all(|value| !value.is_nan()));
    }
}

/// Every line becomes a record that is safe to draw, in every format.
pub fn log_lines(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    for (format, multiline) in [
        (LogFormat::Auto, None),
        (LogFormat::named("json").expect("a format"), None),
        (LogFormat::named("logfmt").expect("a format"), None),
        (LogFormat::PLAIN, Some("^\\s".to_owned())),
    ] {
        let records = records(bytes, format, multiline);
        assert!(records.len() <= lines);
        for record in &records {
            for text in [&record.message, &record.raw].into_iter().chain(&record.service) {
                assert_safe(text.as_str());
            }
        }
    }
}

fn records(bytes: &[u8], format: LogFormat, multiline: Option<String>) -> Vec<Record> {
    let log = Log { format, multiline, ..Log::of_file("app".into(), PathBuf::new()) };
    let input = Box::new(Cursor::new(bytes.to_vec()));
    let records =
        Records::of(input, &log, Redactor::default(), Clock::start()).expect("the expressions of this log compile");
    records.collect::<Result<_, _>>().expect("memory can be read")
}

/// A filter reads or says where it is wrong; what it hits and what completes it lies within the text.
pub fn filter(text: &str) {
    for candidate in complete(text, text.len() / 2, &Known::default()) {
        assert!(text.get(candidate.replace).is_some());
    }
    match Filter::parse(text) {
        Err(wrong) => assert!(wrong.offset <= text.len(), "{wrong:?}"),
        Ok(filter) => {
            let line = b"{\"time\":\"2026-11-21T02:41:05Z\",\"level\":\"error\",\"msg\":\"connect \xc3\xbc refused\",\"ms\":41}";
            for record in &records(line, LogFormat::Auto, None) {
                let anchored = filter.anchored(now().utc);
                assert_eq!(filter.and(&Filter::everything()).matches(record), filter.matches(record));
                let _ = anchored.matches(record);
                for hit in filter.hits(record.raw.as_str()) {
                    assert!(record.raw.as_str().get(hit).is_some());
                }
            }
            assert!(Filter::parse(filter.text()).is_ok());
        }
    }
}

/// The shape of a message holds no number, is bounded, and is the same each time; so is its group.
pub fn mask(text: &str) {
    let mut shape = String::new();
    pattern::mask(text, &mut shape);
    assert!(!shape.bytes().any(|byte| byte.is_ascii_digit()), "{shape:?}");
    assert!(shape.len() <= 3 * text.len());
    let mut again = "x".repeat(9);
    pattern::mask(text, &mut again);
    assert_eq!(again, shape);
    let mut patterns = Patterns::default();
    patterns.add(text, Level::Info, now().utc, || ());
    assert_eq!(patterns.group_of(text).map(|group| group.count), Some(1));
}

/// A configuration loads, or every problem has a place and words.
pub fn config(text: &str) {
    // Other files are no part of the input.
    if text.contains("include") {
        return;
    }
    let loaded = load_text(Path::new("/nonexistent/opsroom.toml"), text);
    let errors =
        loaded.diagnostics.iter().filter(|found| found.gravity == opsroom::config::diagnostic::Gravity::Error).count();
    assert_eq!(loaded.config.is_none(), errors > 0);
    for found in &loaded.diagnostics {
        assert!(found.line >= 1 && found.column >= 1 && found.width >= 1, "{found:?}");
        assert!(!found.message.is_empty());
        assert!(found.column <= found.source_line.chars().count() + 1, "{found:?}");
    }
}

/// A health body is understood or left alone; what it says is safe and in our words.
pub fn health_body(bytes: &[u8]) {
    fn walk(name: &SafeText, component: &Component) {
        assert_safe(name.as_str());
        assert_ne!(component.status, Status::Pending);
        component.detail.iter().for_each(|detail| assert_safe(detail.as_str()));
        component.components.iter().for_each(|(name, part)| walk(name, part));
    }
    let text = String::from_utf8_lossy(bytes);
    let body = serde_json::from_str(&text).unwrap_or_default();
    if let Some(health) = health::read(&body, &text) {
        assert_ne!(health.status, Status::Pending);
        health.version.iter().chain(&health.detail).for_each(|text| assert_safe(text.as_str()));
        health.components.iter().for_each(|(name, part)| walk(name, part));
    }
}

/// The small languages of the configuration read or say where they are wrong.
pub fn small_languages(text: &str) {
    let end = text.chars().count();
    for unit in ["", "%", "ms"] {
        match Condition::parse(text, unit) {
            Ok(condition) => assert_eq!(Condition::parse(&condition.written, unit), Ok(condition)),
            Err(wrong) => assert!(wrong.offset <= end && !wrong.hint.is_empty(), "{wrong:?}"),
        }
    }
    if let Ok(duration) = unit::parse_duration(text) {
        assert!(unit::parse_duration(&unit::duration(duration)).is_ok());
    }
    let _ = (unit::parse_size(text), unit::parse_percent(text), Selector::parse(text), Expression::compile(text));
}
