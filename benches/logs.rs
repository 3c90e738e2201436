//! How fast lines become records, filters are asked and views are kept up. Prints figures; judges nothing.
//!
//! `cargo bench --bench logs`
#![expect(clippy::print_stdout, reason = "figures for a person")]
#![expect(clippy::disallowed_methods, reason = "a stopwatch")]

use std::io::Cursor;
use std::time::{Duration, Instant};

use opsroom::clock::Clock;
use opsroom::config::sections::log::Log;
use opsroom::logs::filter::{Filter, Subject};
use opsroom::logs::grouped::GroupedSpread;
use opsroom::logs::pattern;
use opsroom::logs::pattern::Patterns;
use opsroom::logs::record::Record;
use opsroom::logs::repeats::RepeatedShapes;
use opsroom::logs::ring::{Ring, RingLimits};
use opsroom::logs::top::Top;
use opsroom::logs::view::View;
use opsroom::sources::logs::scan::once::Records;
use opsroom::text::redact::Redactor;

const LINES: usize = 200_000;

fn log() -> Log {
    Log::of_file("bench".into(), "".into())
}

fn text(line: impl Fn(usize) -> String) -> String {
    (0..LINES).fold(String::new(), |text, number| text + &line(number) + "\n")
}

/// How long this thread has had a processor: what others take meanwhile does not count.
fn busy() -> Duration {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .map_or_else(Duration::default, Duration::from_nanos)
}

/// The best of three, in time on a processor.
fn measure(name: &str, bytes: usize, items: usize, mut work: impl FnMut()) {
    let best = (0..3)
        .map(|_| {
            let began = busy();
            work();
            busy().saturating_sub(began)
        })
        .min()
        .unwrap_or(Duration::MAX)
        .as_secs_f64();
    let (megabytes, items) = (bytes as f64 / best / 1e6, items as f64 / best);
    println!("{name:<34} {megabytes:>8.0} MB/s {items:>12.0} /s");
}

fn records(text: &str) -> Vec<Record> {
    Records::open(Box::new(Cursor::new(text.to_owned())), &log(), Redactor::new(["hunter2secret"]), Clock::start())
        .map(|record| record.expect("memory can be read"))
        .collect()
}

/// What is said most, and the values of a field.
fn shapes(held: &[Record], bytes: usize) {
    let messages: usize = held.iter().map(|record| record.message.as_str().len()).sum();
    let mut shape = String::new();
    measure("messages to shapes", messages, LINES, || {
        for record in held {
            pattern::mask(record.message.as_str(), &mut shape);
            std::hint::black_box(&shape);
        }
    });
    measure("whole lines to shapes", bytes, LINES, || {
        for record in held {
            pattern::mask(record.raw.as_str(), &mut shape);
            std::hint::black_box(&shape);
        }
    });
    measure("patterns of records", messages, LINES, || {
        let mut patterns = Patterns::default();
        for record in held {
            patterns.add(record.message.as_str(), record.level, record.at(), || ());
        }
        std::hint::black_box(patterns.len());
    });
    // Shapes are found where lines are read; the loop counts them.
    let shaped: Vec<u64> = held.iter().map(|record| pattern::hash_of(record.message.as_str())).collect();
    measure("records into repeated shapes", messages, LINES, || {
        let mut repeats = RepeatedShapes::default();
        for (record, shape) in held.iter().zip(&shaped) {
            repeats.note(record, *shape, false);
        }
        std::hint::black_box(repeats.errors(held[0].at()));
    });
    measure("numbers of a field by another", bytes, LINES, || {
        let mut grouped = GroupedSpread::default();
        for record in held {
            grouped.add(record.value("status").as_deref(), record.value("took_ms").as_deref());
        }
        std::hint::black_box(grouped.len());
    });
    measure("top values of a field", bytes, LINES, || {
        let mut top = Top::default();
        for record in held {
            top.add(record.value("status").as_deref());
        }
        std::hint::black_box(top.len());
    });
}

/// What looking for secrets costs, by what is in the lines.
fn redaction(plain: &str) {
    let secrets: Vec<String> = (0..20).map(|n| format!("hunter{n:02}-{}", "secret".repeat(1 + n % 4))).collect();
    let redactor = Redactor::new(secrets.iter().map(String::as_str));
    let quoted = text(|n| format!(r#"{{"level":"info","message":"said \"job {n}\" is done","path":"C:\\jobs\\{n}"}}"#));
    let address = text(|n| format!("GET /find?q=a%20job%2F{n}&page=2&sort=up HTTP/1.1 200 512 in 12 ms"));
    let clear = text(|n| format!("GET /find?q=a-job-of-{n}+page=2+sort=up HTTP/1.1 200 512 in 12 ms"));
    for (name, text) in [
        ("20 secrets, plain lines", plain),
        ("20 secrets, lines with backslashes", &quoted),
        ("20 secrets, lines with addresses", &address),
        ("20 secrets, the same unescaped", &clear),
    ] {
        measure(name, text.len(), LINES, || {
            for line in text.lines() {
                std::hint::black_box(redactor.redact(line));
            }
        });
    }
}

fn main() {
    let json = text(|n| {
        let level = ["info", "info", "info", "warn", "error"][n % 5];
        format!(
            r#"{{"timestamp":"2026-11-21T10:{:02}:{:02}.{:03}Z","level":"{level}","service":"api","message":"request {n} handled","metadata":{{"path":"/api/orders/{n}","status":{},"took_ms":{}}},"trace_id":"4bf92f3577b34da6a3ce929d0e0e{n:04x}","user_id":"u-{}"}}"#,
            n / 60_000 % 60,
            n / 1000 % 60,
            n % 1000,
            200 + n % 5 * 75,
            n % 400,
            n % 5000,
        )
    });
    let plain = text(|n| {
        format!("2026-11-21 10:00:{:02},{:03} INFO [worker-{}] job {n} is done", n / 1000 % 60, n % 1000, n % 8)
    });
    let access = text(|n| {
        format!(
            r#"10.0.0.{} - - [21/Nov/2026:10:00:00 +0000] "GET /api/{n} HTTP/1.1" {} 512 "-" "curl/8""#,
            n % 250,
            200 + n % 4 * 100
        )
    });
    redaction(&plain);
    for (name, text) in
        [("JSON lines to records", &json), ("plain lines to records", &plain), ("access lines to records", &access)]
    {
        measure(name, text.len(), LINES, || {
            std::hint::black_box(records(text));
        });
    }
    let held = records(&json);
    for expression in
        ["handled", "level>=error", "status:5xx", "took_ms>350 -warn", "/orders\\/1\\d+7/", "trace:4bf92f"]
    {
        let filter = Filter::parse(expression).expect("a filter");
        measure(&format!("filter {expression}"), json.len(), LINES, || {
            std::hint::black_box(held.iter().filter(|record| filter.matches(record)).count());
        });
    }
    shapes(&held, json.len());
    let limits = RingLimits { records: LINES, bytes: usize::MAX };
    let mut ring = Ring::new(limits);
    let mut view = View::new(Filter::parse("level>=warn").expect("a filter"), &[&ring]);
    let began = Instant::now();
    for record in &held {
        ring.push(record.clone());
        view.ingest(&ring, 0, record, false);
    }
    let took = began.elapsed();
    println!("{:<34} {:>27.0} /s", "records into ring and view", LINES as f64 / took.as_secs_f64());
    measure("a new filter over the ring", json.len(), LINES, || {
        let mut view = View::new(Filter::parse("level>=warn").expect("a filter"), &[&ring]);
        while !view.work(&[&ring], 5000) {}
        std::hint::black_box(view.len());
    });
}
