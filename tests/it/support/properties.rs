//! What must hold of any bytes from outside. One function for each reader, used by `tests/it/properties.rs` with
//! generated input and by the targets under `fuzz/` with hunted input.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Datelike, SecondsFormat};
use opsroom::clock::Clock;
use opsroom::config::load::load_text;
use opsroom::config::sections::log::{Log, LogFormat};
use opsroom::lang::condition::Condition;
use opsroom::lang::expression::Expression;
use opsroom::lang::pattern::Pattern;
use opsroom::lang::selector::Selector;
use opsroom::lang::time::Stamp;
use opsroom::lang::tz::Tz;
use opsroom::lang::unit;
use opsroom::logs::fields;
use opsroom::logs::filter::complete::complete;
use opsroom::logs::filter::{Filter, KnownFields};
use opsroom::logs::format::Format;
use opsroom::logs::pattern;
use opsroom::logs::pattern::Patterns;
use opsroom::logs::record::{Level, Record};
use opsroom::model::reading::Component;
use opsroom::model::status::Status;
use opsroom::sources::exposition::Scrape;
use opsroom::sources::health;
use opsroom::sources::http::BodySink;
use opsroom::sources::logs::decode::{LineSplitter, MAX_LINE as MAX_HELD};
use opsroom::sources::logs::follow::container;
use opsroom::sources::logs::follow::container::Pieces;
use opsroom::sources::logs::pipeline::{Pipeline, RecordStream};
use opsroom::sources::logs::recognise::timestamp::TimeReader;
use opsroom::sources::logs::scan::once::Records;
use opsroom::text::redact::Redactor;
use opsroom::text::{MAX_LINE, SafeText, sanitise, sanitise_coloured, sanitise_lines};

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
            if !(&mut scrape).write(part) {
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
        (LogFormat::PLAIN, Pattern::parse("^\\s").ok()),
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

/// Fields of every format are found without harm, and what they say is safe to draw.
pub fn formats(text: &str) {
    for format in Format::ALL {
        let mut count = 0;
        fields::walk(format, text, &mut |name, value| {
            assert!(!name.is_empty() || format.is_json());
            let _ = value.text();
            count += 1;
            if count < 1000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let Some(chosen) = LogFormat::named(format.word()) else { continue };
        for record in records(text.as_bytes(), chosen, None) {
            let fallback = matches!(record.format, Format::Unknown | Format::Plain | Format::Traceback);
            let same = record.format == format || record.format.is_json() == format.is_json();
            assert!(fallback || same, "{:?}", record.format);
            for (name, value) in record.fields() {
                assert_safe(name.as_str());
                assert_safe(value.as_str());
            }
            for (range, _) in record.styles() {
                assert!(record.message.as_str().get(range.clone()).is_some_and(|part| !part.is_empty()));
            }
        }
    }
}

/// What follows a time begins between characters, and a time reads the same when it is written out.
pub fn timestamps(text: &str) {
    for name in ["UTC", "Europe/Vienna", "America/New_York"] {
        let reader = TimeReader::new(name.parse().unwrap_or(Tz::UTC));
        if let Some(found) = reader.leading(text, now().utc) {
            assert!(text.is_char_boundary(found.rest) && found.rest > 0);
        }
        if let Some(at) = reader.value(text, now().utc)
            && (1..9999).contains(&at.year())
        {
            let written = at.to_rfc3339_opts(SecondsFormat::Nanos, true);
            assert_eq!(reader.value(&written, now().utc), Some(at), "{text:?}");
        }
    }
}

/// What a runtime wraps comes out again, whole or in pieces; anything else is let be.
pub fn containers(bytes: &[u8]) {
    if let Some(wrapped) = container::unwrap(bytes) {
        assert!(wrapped.line.len() <= bytes.len() * 3);
    }
    let text = String::from_utf8_lossy(bytes).replace(['\n', '\r'], " ");
    let time = "2026-11-21T10:00:00.123456789Z";
    let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    let docker = |log: &str| {
        let log = serde_json::to_string(log).expect("a text is JSON");
        format!("{{\"log\":{log},\"stream\":\"stderr\",\"time\":\"{time}\"}}")
    };
    let entries = [
        vec![docker(&format!("{text}\n"))],
        vec![docker(&text[..half]), docker(&format!("{}\n", &text[half..]))],
        vec![format!("{time} stderr F {text}")],
        vec![format!("{time} stderr P {}", &text[..half]), format!("{time} stderr F {}", &text[half..])],
    ];
    for entry in entries {
        let mut pieces = Pieces::default();
        let mut lines = Vec::new();
        for line in &entry {
            let wrapped = container::unwrap(line.as_bytes()).expect("a runtime's line");
            assert!(wrapped.stderr && wrapped.time == time);
            lines.extend(pieces.add(&wrapped).0.map(std::borrow::Cow::into_owned));
        }
        let kept = &text.as_bytes()[..text.len().min(if entry.len() > 1 { MAX_HELD } else { usize::MAX })];
        assert_eq!(lines, [kept], "{entry:?}");
    }
}

/// Records are the same however their bytes arrive and however often they are shown meanwhile, and no line of them
/// is lost, doubled or moved.
pub fn joining(bytes: &[u8]) {
    let whole = joined(bytes, bytes.len().max(1), false);
    assert_eq!(joined(bytes, 7, true), whole);
    assert_eq!(joined(bytes, 61, true), whole);
    let special: [&[u8]; 6] = [b"\0", b"-----BEGIN", "⏎".as_bytes(), b" stdout ", b" stderr ", b"{\"log\":\""];
    if special.iter().any(|part| memchr::memmem::find(bytes, part).is_some()) {
        return;
    }
    let redactor = Redactor::default();
    let full = |line: &&str| !line.trim().is_empty();
    let told: Vec<&str> = whole.iter().flat_map(|(_, raw)| raw.split('⏎')).map(str::trim_end).filter(full).collect();
    let safe: Vec<SafeText> = bytes
        .split(|byte| *byte == b'\n')
        .map(|line| redactor.clean(line.strip_suffix(b"\r").unwrap_or(line)))
        .collect();
    let written: Vec<&str> = safe.iter().map(|line| line.as_str().trim_end()).filter(full).collect();
    assert_eq!(told, written);
}

/// The last versions of the records that come of `bytes` in pieces, shown after each piece where `shown` says so.
fn joined(bytes: &[u8], piece: usize, shown: bool) -> Vec<(Format, String)> {
    let log = Log::of_file("app".into(), PathBuf::new());
    let mut pipeline = Pipeline::new(&log, Redactor::default(), Vec::new(), 1);
    let (mut splitter, mut stream) = (LineSplitter::default(), RecordStream::default());
    for part in bytes.chunks(piece) {
        splitter.feed(part, |line, cut| pipeline.line(&mut stream, line, cut, now(), false));
        if shown {
            pipeline.settle(&mut stream, now());
        }
    }
    if let Some((line, cut)) = splitter.next_line() {
        pipeline.line(&mut stream, &line, cut, now(), false);
    }
    pipeline.close(&mut stream, now());
    let mut last = std::collections::BTreeMap::new();
    for record in pipeline.take_batch(false).map(|batch| batch.records).unwrap_or_default() {
        last.insert(record.seq, (record.format, record.raw.as_str().to_owned()));
    }
    last.into_values().collect()
}

/// In any encoding, the records do not depend on how the bytes arrive, and are as many as the decoded text has lines.
pub fn log_encodings(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let label = ["", "latin1", "utf-16le", "utf-16be", "shift_jis", "gb18030", "iso-2022-jp"][usize::from(*first) % 7];
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes());
    let log = Log { encoding, format: LogFormat::PLAIN, join: false, ..Log::of_file("app".into(), PathBuf::new()) };
    let read = |piece: usize| {
        let input = Trickle { bytes: bytes.to_vec(), at: 0, piece };
        let records = Records::open(Box::new(input), &log, Redactor::default(), Clock::start());
        records.map(|record| record.expect("memory can be read").raw.clone()).collect::<Vec<_>>()
    };
    let whole = read(bytes.len().max(1));
    assert_eq!(whole, read(1), "{label}");
    assert_eq!(whole, read(7), "{label}");
    // What the configuration says stands; otherwise the mark of another encoding does.
    let text = match encoding {
        Some(encoding) => encoding.decode_with_bom_removal(bytes).0,
        None => encoding_rs::UTF_8.decode(bytes).0,
    };
    assert!(whole.len() <= text.split('\n').count(), "{label}");
    for text in &whole {
        assert_safe(text.as_str());
    }
}

/// Bytes that arrive a few at a time.
struct Trickle {
    bytes: Vec<u8>,
    at: usize,
    piece: usize,
}

impl std::io::Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.bytes[self.at..];
        let size = rest.len().min(self.piece).min(buffer.len());
        buffer[..size].copy_from_slice(&rest[..size]);
        self.at += size;
        Ok(size)
    }
}

fn records(bytes: &[u8], format: LogFormat, multiline: Option<Pattern>) -> Vec<Record> {
    let log = Log { format, multiline, ..Log::of_file("app".into(), PathBuf::new()) };
    let input = Box::new(Cursor::new(bytes.to_vec()));
    let records = Records::open(input, &log, Redactor::default(), Clock::start());
    records.collect::<Result<_, _>>().expect("memory can be read")
}

/// A filter reads or says where it is wrong; what it hits and what completes it lies within the text.
pub fn filter(text: &str) {
    for candidate in complete(text, text.len() / 2, &KnownFields::default()) {
        assert!(text.get(candidate.replace).is_some());
    }
    match Filter::parse(text) {
        Err(wrong) => assert!(wrong.offset <= text.len(), "{wrong:?}"),
        Ok(filter) => {
            let line = b"{\"time\":\"2026-11-21T02:41:05Z\",\"level\":\"error\",\"msg\":\"connect \xc3\xbc refused\",\"ms\":41}";
            for record in &records(line, LogFormat::Auto, None) {
                let anchored = filter.anchored(now().utc, Tz::UTC);
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
    let errors = loaded
        .diagnostics
        .iter()
        .filter(|found| found.level == opsroom::lang::diagnostic::DiagnosticLevel::Error)
        .count();
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
