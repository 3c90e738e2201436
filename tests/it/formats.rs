//! The lines under `tests/formats/`, most of them written by the servers and runtimes themselves, and what becomes of
//! them. A format is added by a file: put lines into `NAME.log`, run the test, look at `NAME.snap.new`, accept it.

#![expect(clippy::disallowed_methods, reason = "the tests read fixtures")]

use std::fmt::Write;
use std::path::Path;

use opsroom::clock::Clock;
use opsroom::config::sections::log::Log;
use opsroom::logs::record::Record;
use opsroom::sources::logs::scan::once::Records;
use opsroom::text::redact::Redactor;

fn records(text: Vec<u8>) -> Vec<Record> {
    let log = Log::of_file("x".into(), "".into());
    let clock = Clock::start();
    Records::open(Box::new(std::io::Cursor::new(text)), &log, Redactor::default(), clock)
        .map(|record| record.expect("memory can be read"))
        .collect()
}

/// One record in words: what it was recognised as, then every field.
fn summary(record: &Record) -> String {
    let mut out = format!("{} {}", record.format.word(), record.level.word());
    // The year of a time without one is that of the day on which the test runs.
    if let Some(time) = record.time {
        let _ = write!(out, " {}", time.format("%m-%dT%H:%M:%S%.fZ"));
    }
    if let Some(service) = &record.service {
        let _ = write!(out, " service={service}");
    }
    if record.stderr {
        out.push_str(" stderr");
    }
    let _ = write!(out, "\n  {}", record.message.as_str().replace('⏎', "\n  "));
    for (range, style) in record.styles() {
        let _ = write!(out, "\n  ~ {:?} {style:?}", &record.message.as_str()[range.clone()]);
    }
    for (name, value) in record.fields() {
        if name != "message" && name != "msg" {
            let _ = write!(out, "\n    {name} = {}", value.as_str().replace('⏎', "⏎\n      "));
        }
    }
    out
}

#[test]
fn lines_of_programs_become_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let mut files: Vec<_> = folder
        .read_dir()
        .expect("the fixtures' directory")
        .map(|entry| entry.expect("a fixture").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    files.sort();
    assert!(files.len() >= 20, "{}", files.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../formats");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in files {
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
            let text = std::fs::read(&path).expect("a fixture is read");
            let told: Vec<String> = records(text).iter().map(summary).collect();
            insta::assert_snapshot!(name, told.join("\n\n"));
        }
    });
}
