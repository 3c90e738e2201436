use std::io::{Cursor, Write};

use proptest::prelude::*;

use super::*;
use crate::sources::logs::scan::once::Records;

/// Everything that may be asked of what passes, or only how many there are.
#[derive(Debug, Clone)]
struct Passed {
    filter: Filter,
    only_counts: bool,
    said: Vec<String>,
    count: u64,
    records: u64,
}

impl Passed {
    fn new(filter: &Filter, only_counts: bool) -> Self {
        Self { filter: filter.clone(), only_counts, said: Vec::new(), count: 0, records: 0 }
    }
}

impl Gather for Passed {
    fn ingest<S: Subject>(&mut self, subject: &S) {
        self.records += 1;
        if !self.filter.passes(subject) {
            return;
        }
        self.count += 1;
        if !self.only_counts {
            let fields = ["status", "level", "service", "b", "message", "trace"].map(|name| subject.value(name));
            let (raw, time) = (subject.raw(), subject.time());
            self.said.push(format!("{raw} {time:?} {:?} {} {fields:?}", subject.level(), subject.log()));
        }
    }

    fn count_one(&mut self) {
        self.records += 1;
        self.count += 1;
    }

    fn pass_by(&mut self, records: u64) {
        self.records += records;
    }

    fn only_counts(&self) -> bool {
        self.only_counts
    }
}

const FILTERS: [&str; 30] = [
    "",
    "error",
    "o",
    "\"r b\"",
    "2026",
    "500",
    "cut",
    "ERR",
    "\"a b\"",
    "error -warn",
    "(error)",
    "level>=error",
    "level>=warn boom",
    "-level:info",
    "level:none or level:fatal",
    "level>info -(level:error or level:trace)",
    "status:5xx",
    "/err.r/i",
    "error or boom",
    "service:api error",
    "message:boom",
    "\"***\"",
    "\"\"",
    "/x*/",
    "\"\" or took",
    "\"\" error",
    "-\"\"",
    "message:\"\"",
    "message:/x*/",
    "/$/ level:error",
];

const BLOCK: usize = 64 << 10;

const SECRET: &str = "swordfish-error";

/// Scans a file in `parts` parts by blocks of `block` bytes, and reads it record by record: both must come to the same.
fn both(text: &[u8], filter: &str, parts: u64, block: usize) -> (Passed, Passed) {
    let filter = Filter::parse(filter).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let log = Log::of_file("x".into(), "".into());
    let (redactor, clock) = (Redactor::new([SECRET]), Clock::start());
    let mut slow = Passed::new(&filter, false);
    for record in Records::open(Box::new(Cursor::new(text.to_vec())), &log, redactor.clone(), clock) {
        slow.ingest(&record.unwrap());
    }
    let pipeline = || Pipeline::new(&log, redactor.clone(), Vec::new(), 1);
    let scan = |cuts: &[u64], only_counts| {
        let part = |cut: &[u64]| {
            let gather = Passed::new(&filter, only_counts);
            let suspicion = only_counts.then(|| Suspicion::for_filter(&filter)).flatten();
            Part::new(file.as_file(), cut[0]..cut[1], pipeline(), clock, &filter, suspicion, gather).by_blocks_of(block)
        };
        let parts = run(cuts.windows(2).map(part).collect()).unwrap()?;
        Some(parts.into_iter().reduce(|mut all, part| {
            all.count += part.count;
            all.records += part.records;
            all.said.extend(part.said);
            all
        }))
    };
    let scan = |only_counts: bool| {
        let text_too = only_counts.then(pipeline);
        let cuts = cuts(file.as_file(), text.len() as u64, parts, text_too.as_ref()).unwrap();
        scan(&cuts, only_counts).or_else(|| scan(&[0, u64::MAX], only_counts)).flatten().unwrap()
    };
    let fast = scan(false);
    let counted = scan(true).count;
    assert_eq!(counted, fast.count);
    (fast, slow)
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let level = prop::sample::select(vec!["info", "ERROR", "warn", "50"]);
    let message = prop::sample::select(vec![
        "fine",
        "error boom",
        "a b",
        r"a\tb",
        r"\u0065rror",
        SECRET,
        "zo\u{eb} error",
        "err\\\"or",
        "er\u{1b}[1mror",
        "token=abc://u:error@h",
    ]);
    let object = (level, message, 100_u16..600).prop_map(|(level, message, status)| {
        format!(
            r#"{{"time":"2026-11-21T10:00:00Z","level":"{level}","service":"api","msg":"{message}","status":{status}}}"#
        )
        .into_bytes()
    });
    let other = prop::sample::select(vec![
        &b""[..],
        b"ERROR plain text",
        b"2026-11-21 10:00:00 ERROR boom",
        b"    at error.Frame(x.java:1)",
        b"Caused by: error",
        b"2026-11-21T10:00:00Z stdout P half an err",
        b"2026-11-21T10:00:00Z stdout F or, and the rest",
        b"2026-11-21T10:00:00Z stderr F Caused by: error",
        b"10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] \"GET /error HTTP/1.1\" 500 5",
        b"10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 2026",
        b"Nov 21 10:00:00 h a[1]: fine",
        b"Nov 21 10:00:00 h a[1]: error",
        b"2026-11-21 10:00:00.000 UTC [7] ERROR:  no table",
        b"2026-11-21 10:00:00.000 UTC [7] STATEMENT:  select error",
        b"Traceback (most recent call last):",
        b"  File \"x.py\", line 1, in error",
        b"ValueError: no",
        b"thread 'main' panicked at src/main.rs:2:5:",
        b"note: run with backtrace to see the error",
        b"panic: error",
        b"goroutine 1 [running]:",
        b"main.main()",
        b"\t/app/error.go:5",
        b"/app/index.js:10",
        b"10: a line of source with an error",
        b"app.rb:3:in 'error'",
        b"a\ttab\terror",
        b"er\tb",
        b"no hit here",
        b"  nor here",
        b"{",
        b"{\"log\":\"error\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T10:00:00Z\"}",
        b"{\"msg\":\"\xff error\"}",
        b"{\"msg\":\"error\"}\r",
        b"\0\0error",
        b"<34>Nov 21 10:00:00 h a[1]: error",
        b"{}",
        b"{\"level\":\"error\"",
        b"{\"level\":\"what\",\"severityNumber\":17}",
        b"{\"severityNumber\":17,\"a\":{\"b\":[1]}}",
        b"{\"lvl\":\"warn\",\"log\":{\"level\":\"\\u0065rror\"},\"level\":\"fatal\"}",
        b"{\"s\":\"E\",\"c\":\"x\",\"t\":{\"$date\":\"2026-11-21T10:00:00Z\"},\"msg\":\"a\"}",
        b"{\"a\":{\"b\":\"error\"},\"level\":{\"x\":\"error\"},\"trace_id\":7}",
    ])
    .prop_map(<[u8]>::to_vec);
    prop_oneof![
        4 => object,
        8 => other,
        1 => (0_usize..20_000).prop_map(|length| format!(r#"{{"msg":"{}error"}}"#, "x".repeat(length)).into_bytes()),
        1 => (0_usize..20_000).prop_map(|length| format!("    {}", "x".repeat(length)).into_bytes()),
        1 => (0_usize..20_000).prop_map(|length| {
            format!(r#"{{"pad":"{}","status":503,"level":"error","msg":"boom"}}"#, "x".repeat(length)).into_bytes()
        }),
        1 => (7_000_usize..9_000).prop_map(|length| format!("{}\rerror", "x".repeat(length)).into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_scan_comes_to_what_the_records_come_to(
        lines in prop::collection::vec(line(), 0..60),
        repeat in 1_usize..4,
        ended in any::<bool>(),
        filter in prop::sample::select(FILTERS.to_vec()),
        parts in 1_u64..4,
        block in prop::sample::select(vec![64_usize, 700, 5_000, 256 << 10]),
    ) {
        let mut text = lines.join(&b'\n').repeat(repeat);
        if ended {
            text.push(b'\n');
        }
        let (fast, slow) = both(&text, filter, parts, block);
        prop_assert_eq!(fast.records, slow.records);
        prop_assert_eq!(fast.said, slow.said);
    }
}

#[test]
fn blocks_are_searched_without_reading_them() {
    let text = "{\"level\":\"info\",\"msg\":\"fine\"}\n".repeat(40_000) + "{\"level\":\"error\",\"msg\":\"boom\"}\n";
    for parts in [1, 2, 3] {
        let (fast, slow) = both(text.as_bytes(), "boom", parts, 256 << 10);
        assert_eq!((fast.count, fast.records), (1, 40_001));
        assert_eq!(fast.said, slow.said);
    }
}

#[test]
fn what_is_empty_is_in_every_record() {
    for text in ["a\nb\nc\n", "{\"msg\":\"a\"}\n{\"msg\":\"b\"}\n{\"level\":\"error\"}\n"] {
        for filter in ["\"\"", "/x*/", "/$/", "\"\" or took", "\"\" \"\"", "(\"\")"] {
            let (fast, slow) = both(text.as_bytes(), filter, 1, 64);
            assert_eq!((fast.count, slow.count, fast.records), (3, 3, 3), "{filter}");
        }
    }
}

#[test]
fn a_huge_line_without_an_end_is_one_record() {
    let text = format!("{{\"msg\":\"x\"}}\n{{\"msg\":\"{}error", "y".repeat(3 << 20));
    let (fast, slow) = both(text.as_bytes(), "", 1, 256 << 10);
    assert_eq!(fast.said, slow.said);
}

/// What is asked stands right before the bound of a record, on it and behind it.
#[test]
fn the_bound_of_a_record_is_the_same_for_a_scan() {
    const BOUND: usize = 1 << 20;
    for over in [0, 1, 4000] {
        let plain = "x".repeat(BOUND - 6 + over) + " error\n";
        let object = format!("{{\"status\":503,\"pad\":\"{}\",\"msg\":\"error\"}}\n", "x".repeat(BOUND - 38 + over));
        let text = format!("{{}}\n{plain}{object}{{\"msg\":\"error\"}}\n");
        for filter in ["error", "status:5xx"] {
            let (fast, slow) = both(text.as_bytes(), filter, 2, BLOCK);
            assert_eq!((fast.records, fast.count), (slow.records, slow.count), "{filter} {over}");
            assert_eq!(fast.said, slow.said);
            // The word is whole, is whole in the object alone, or is behind the bound of both.
            let found = if filter == "error" {
                [(0, 3), (1, 2), (4000, 1)].iter().find(|case| case.0 == over).map(|case| case.1)
            } else {
                Some(1)
            };
            assert_eq!(Some(fast.count), found, "{filter} {over}");
        }
    }
}

#[test]
fn numbers_below_a_number_may_be_what_a_panic_said() {
    let text = "thread 'main' panicked at src/main.rs:2:5:\n1 error panicked at x:\n2 errors\n3 lines\n4 lines\n";
    let (fast, slow) = both(text.as_bytes(), "error", 1, 256 << 10);
    assert_eq!((fast.count, fast.said), (1, slow.said));
}
