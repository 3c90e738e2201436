//! What the bytes of a file are as lines.

use super::*;

#[test]
fn a_line_without_its_end_is_shown_and_then_replaced() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "abc"), |_| {});
    bench.tick();
    assert!(bench.records.is_empty());
    bench.ticks(20);
    assert_eq!(bench.records[&1].kind, RecordKind::Partial);
    bench.append("a.log", "def\nnext\n");
    bench.tick();
    assert_eq!(bench.texts(), ["abcdef", "next"]);
    assert_eq!(bench.records[&1].kind, RecordKind::Line);
}

#[test]
fn any_bytes_are_lines() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "start of the file, plain text\n"), |_| {});
    bench.append("a.log", b"crlf\r\nbad \xc3\x28 utf\n\x1b[2Jescape\n10%\r50%\r100%\nzo\xc3\xab\n");
    bench.append("a.log", vec![b'x'; 300_000]);
    bench.append("a.log", "\nhunter2secret\n");
    bench.ticks(2);
    let texts = bench.texts();
    assert_eq!(texts[1], "crlf");
    assert_eq!(texts[2], "bad \u{fffd}( utf");
    assert!(!texts[3].contains('\u{1b}'));
    assert_eq!(bench.records[&5].message.as_str(), "100%");
    assert_eq!(texts[5], "zoë");
    assert_eq!(texts[7], "***");
    assert!(bench.loss.cut_bytes > 290_000);
    assert!(bench.loss.neutralised > 0);
}

#[test]
fn what_is_no_text_is_refused_with_words() {
    let bytes: Vec<u8> = (0..4096_u32).map(|n| (n % 7) as u8).collect();
    let mut bench = Bench::new("a.log", |at| fs::write(at.join("a.log"), bytes).unwrap(), |_| {});
    bench.tick();
    assert!(matches!(&bench.state, LogState::Failed(why) if why.as_str().ends_with("binary, not shown")));
    let mut bench = Bench::new("d", |at| fs::create_dir(at.join("d")).unwrap(), |_| {});
    bench.tick();
    assert!(matches!(&bench.state, LogState::Failed(why) if why.as_str().contains("directory")));
}

#[test]
fn a_hole_is_stepped_over() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "before\n"), |_| {});
    bench.tick();
    let file = OpenOptions::new().write(true).open(bench.path("a.log")).unwrap();
    file.set_len(20 << 20).unwrap();
    drop(file);
    bench.append("a.log", "after\n");
    bench.ticks(3);
    assert_eq!(bench.lines(), ["before", "after"]);
}

#[test]
fn joined_lines_are_one_record() {
    let mut bench =
        Bench::new("a.log", |at| write(at, "a.log", "ERROR boom\n  at a\n"), |log| log.multiline = Some(r"^\s".into()));
    bench.tick();
    assert_eq!(bench.texts(), ["ERROR boom⏎  at a"]);
    bench.append("a.log", "  at b\nINFO fine\n");
    bench.tick();
    assert_eq!(bench.texts(), ["ERROR boom⏎  at a⏎  at b", "INFO fine"]);
    assert_eq!(bench.records[&1].level, Level::Error);
    assert_eq!(bench.records[&1].message.as_str(), "boom⏎  at a⏎  at b");
}

#[test]
fn what_is_ignored_and_what_is_too_mild_is_not_kept() {
    let mut bench = Bench::new(
        "a.log",
        |at| write(at, "a.log", "INFO GET /health\nINFO x\nWARN y\nno level\n"),
        |log| {
            log.ignore = vec!["GET /health".into()];
            log.level = Some(Level::Warn);
        },
    );
    bench.tick();
    assert_eq!(bench.texts(), ["WARN y", "no level"]);
}
