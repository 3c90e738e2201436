//! What the bytes of a file are as lines.

use std::os::unix::fs::FileExt;

use super::*;
use crate::text::{Colour, Sgr};

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
    bench.append("a.log", vec![b'x'; (1 << 20) + 300_000]);
    bench.append("a.log", "\nhunter2secret\n");
    bench.ticks(2);
    let texts = bench.texts();
    assert_eq!(texts[1], "crlf");
    assert_eq!(texts[2], "bad \u{fffd}( utf");
    assert!(!texts[3].contains('\u{1b}'));
    assert_eq!(bench.records[&5].message.as_str(), "10%␍50%␍100%");
    assert_eq!(texts[5], "zoë");
    assert_eq!(texts[7], "***");
    assert_eq!((bench.loss.cut_bytes, bench.loss.cut_records), (300_000, 1));
    assert_eq!((texts[6].len(), bench.records[&7].cut_bytes), (1 << 20, 300_000));
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

/// A file of text that was written after `nul` NUL bytes, and before as many as make it `size` long.
fn roomy(at: &Path, nul: usize, text: &str, size: usize) {
    let mut bytes = vec![0; size];
    bytes[nul..nul + text.len()].copy_from_slice(text.as_bytes());
    fs::write(at.join("a.log"), bytes).unwrap();
}

#[test]
fn a_file_that_was_made_before_it_is_filled_is_read_as_it_is_filled() {
    for size in [3_000, 100_000, 40 << 20] {
        let mut bench = Bench::new("a.log", |at| roomy(at, 0, "", size), |_| {});
        bench.ticks(3);
        assert!(matches!(&bench.state, LogState::Failed(why) if why.as_str().contains("NUL")), "{:?}", bench.state);
        let file = OpenOptions::new().write(true).open(bench.path("a.log")).unwrap();
        let mut expected = Vec::new();
        let mut at = 0;
        for number in 0..200 {
            let line = format!("line {number}");
            file.write_all_at(line.as_bytes(), at).unwrap();
            at += line.len() as u64;
            bench.tick();
            file.write_all_at(b"\n", at).unwrap();
            at += 1;
            bench.tick();
            expected.push(line);
        }
        bench.ticks(60);
        assert_eq!(bench.lines(), expected, "{size}");
        assert_eq!(
            bench.texts().len(),
            200,
            "room is not a hole, and nothing was truncated: {:?}",
            bench.texts().last()
        );
        assert_eq!((bench.loss.skipped_bytes, &bench.state), (0, &LogState::Following(1)));
    }
}

#[test]
fn a_file_whose_beginning_is_a_hole_is_read_behind_it_and_says_so() {
    let old = "2026-11-21T09:00:00Z INFO old\n";
    let text = old.to_owned() + "2026-11-21T11:30:00Z INFO new\n";
    for (hole, since) in [(3_900, None), (3_900, Some(2)), (300_000, None), (300_000, Some(2))] {
        let mut bench = Bench::new(
            "a.log",
            |at| roomy(at, hole, &text, hole + text.len()),
            |log| log.since = since.map(Duration::from_hours),
        );
        bench.ticks(10);
        let expected = if since.is_some() { &text.trim()[old.len()..] } else { text.trim() };
        assert_eq!(bench.lines(), expected.lines().collect::<Vec<_>>(), "{hole} {since:?}");
        bench.append("a.log", [vec![0; 12_000], b"2026-11-21T11:31:00Z INFO behind a hole\n".to_vec()].concat());
        bench.ticks(10);
        assert_eq!(bench.lines().last().copied(), Some("2026-11-21T11:31:00Z INFO behind a hole"));
        assert!(bench.texts().contains(&"11.7 KiB of NUL bytes skipped in a.log"), "{:?}", bench.texts());
    }
}

#[test]
fn what_begins_as_no_text_is_judged_by_what_comes() {
    let no_text = |length: u32| (0..length).map(|n| (n % 7) as u8).collect::<Vec<u8>>();
    let mut bench = Bench::new("a.log", |at| fs::write(at.join("a.log"), no_text(5_000)).unwrap(), |_| {});
    bench.tick();
    assert!(matches!(&bench.state, LogState::Failed(_)));
    bench.append("a.log", "\n".to_owned() + &numbered(2_000));
    bench.tick();
    assert_eq!(bench.lines().last().copied(), Some("1999"));
    // Of the same size, and text.
    let mut bench = Bench::new("a.log", |at| fs::write(at.join("a.log"), no_text(4_096)).unwrap(), |_| {});
    bench.tick();
    assert!(matches!(&bench.state, LogState::Failed(_)));
    fs::write(bench.path("a.log"), "text of\n".repeat(512)).unwrap();
    bench.ticks(60);
    assert_eq!(bench.lines().len(), 512);
    // A burst of no text within text is shown as what it is, and what follows is read.
    bench.append("a.log", [b"before\n".to_vec(), no_text(5_000), b"\nafter\n".to_vec()].concat());
    bench.ticks(2);
    assert_eq!(bench.lines().last().copied(), Some("after"));
    assert!(bench.loss.neutralised > 0);
}

#[test]
fn wide_characters_without_a_mark_are_named() {
    let wide: Vec<u8> = "a line of text\n".repeat(400).bytes().flat_map(|byte| [byte, 0]).collect();
    let mut bench = Bench::new("a.log", |at| fs::write(at.join("a.log"), wide).unwrap(), |_| {});
    bench.tick();
    assert!(matches!(&bench.state, LogState::Failed(why) if why.as_str().contains("utf-16le")), "{:?}", bench.state);
}

#[test]
fn a_colour_goes_on_over_joined_lines_until_it_is_reset() {
    let text = "\x1b[1;31mTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n    \x1b[22mraise\x1b[0m x\nValueError: no\nnext\n";
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", text), |_| {});
    bench.ticks(20);
    let record = bench.records.values().next().unwrap();
    let message = record.message.as_str();
    assert_eq!(record.lines().count(), 4, "{message}");
    let bold = Sgr { bold: true, fg: Some(Colour::Indexed(1)), ..Sgr::default() };
    let red = Sgr { bold: false, ..bold };
    let coloured: Vec<(&str, Sgr)> =
        record.styles().iter().map(|(range, style)| (message[range.clone()].trim(), *style)).collect();
    let expected = ["Traceback (most recent call last):", "File \"a.py\", line 1, in f", ""];
    assert_eq!(coloured, expected.map(|part| (part, bold)).into_iter().chain([("raise", red)]).collect::<Vec<_>>());
}

#[test]
fn joined_lines_are_one_record() {
    let mut bench = Bench::new(
        "a.log",
        |at| write(at, "a.log", "ERROR boom\n  at a\n"),
        |log| log.multiline = Pattern::parse(r"^\s").ok(),
    );
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
            log.ignore = PatternSet::parse(&["GET /health"]).unwrap();
            log.level = Some(Level::Warn);
        },
    );
    bench.tick();
    assert_eq!(bench.texts(), ["WARN y", "no level"]);
}

#[test]
fn ends_of_lines_and_progress_bars() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "dos\r\n10%\r50%\r100%\nunix\n\r\n"), |_| {});
    bench.tick();
    let messages: Vec<&str> = bench.records.values().map(|record| record.message.as_str()).collect();
    assert_eq!(messages, ["dos", "10%␍50%␍100%", "unix", ""]);
}

/// A bar that was drawn over itself, and what a line hides before a carriage return.
#[test]
fn nothing_is_hidden_by_a_carriage_return() {
    let bar = (0..=100).map(|done| format!("\rPulling {done} %")).collect::<Vec<_>>().concat();
    let text = [
        "2026-11-28T05:13:00Z ERROR login failed for root\r2026-11-28T05:13:00Z INFO login of alice",
        &bar,
        "{\"level\":\"error\",\"msg\":\"good\"}\r{\"level\":\"info\",\"msg\":\"fake\"}",
        "\u{1b}[32mgood\u{1b}[0m\r\u{1b}[2Kfake",
        "good\r\r\n",
    ];
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", &text.join("\n")), |_| {});
    bench.ticks(2);
    let messages: Vec<&str> = bench.records.values().map(|record| record.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "login failed for root␍2026-11-28T05:13:00Z INFO login of alice",
            "␍×100 Pulling 100 %",
            "{\"level\":\"error\",\"msg\":\"good\"}␍{\"level\":\"info\",\"msg\":\"fake\"}",
            "good␍␛fake",
            "good",
        ]
    );
    assert_eq!(bench.records[&1].level, Level::Error);
    assert!(bench.records[&2].raw.as_str().starts_with("Pulling 0 %␍Pulling 1 %␍"), "the record keeps every state");
    assert_eq!(bench.records[&3].level, Level::Error);
}

#[test]
fn a_line_of_100_mib_is_cut_and_counted() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "one\n"), |log| log.skip = false);
    bench.tick();
    let piece = vec![b'x'; 10 << 20];
    for _ in 0..10 {
        bench.append("a.log", &piece);
    }
    bench.append("a.log", "\ntwo\n");
    bench.ticks(30);
    let lines = bench.lines();
    assert_eq!((lines.len(), lines[2]), (3, "two"));
    assert!(lines[1].len() == 1 << 20 && lines[1].starts_with("xxx"));
    assert_eq!((bench.loss.cut_bytes, bench.loss.cut_records), (99 << 20, 1));
}

#[test]
fn invalid_utf8_stays_visible() {
    let mut bench = Bench::new("a.log", |at| fs::write(at.join("a.log"), b"a \xc3\x28 b \xff\n").unwrap(), |_| {});
    bench.tick();
    assert_eq!(bench.texts(), ["a \u{fffd}( b \u{fffd}"]);
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_byte_order_mark_says_utf16() {
    let first = utf16(&("\u{feff}".to_owned() + &numbered(3000) + "Zo\u{eb} \u{10a}\u{a0a}\n"));
    let mut bench = Bench::new("a.log", |at| fs::write(at.join("a.log"), first).unwrap(), |_| {});
    bench.tick();
    assert_eq!(bench.lines().len(), 1000);
    assert_eq!(bench.lines().last(), Some(&"Zo\u{eb} \u{10a}\u{a0a}"));
    let next = utf16("漢字\r\nnext\n");
    bench.append("a.log", &next[..5]);
    bench.tick();
    bench.append("a.log", &next[5..]);
    bench.ticks(2);
    // Written again, as UTF-8.
    write(bench.directory.path(), "a.log", "é\n");
    bench.ticks(2);
    assert_eq!(bench.texts()[1000..], ["漢字", "next", "a.log was truncated", "é"]);
}

#[test]
fn an_encoding_is_told_by_the_configuration() {
    let summary = |label: &str, bytes: &[u8]| {
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes());
        let mut bench =
            Bench::new("a.log", |at| fs::write(at.join("a.log"), bytes).unwrap(), |log| log.encoding = encoding);
        bench.tick();
        bench.texts().join("|")
    };
    assert_eq!(summary("latin1", b"Zo\xeb\n\xe9t\xe9\n"), "Zoë|été");
    assert_eq!(summary("utf-16le", &utf16("Zoë\nété\n")), "Zoë|été");
    assert_eq!(summary("shift_jis", b"\x93\xfa\x96\x7b\n"), "日本");
}

#[test]
fn a_gigabyte_of_nothing_is_not_read() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", ""), |log| log.since = Some(Duration::from_hours(1)));
    File::options().write(true).open(bench.path("a.log")).unwrap().set_len(1 << 30).unwrap();
    bench.tick();
    assert!(matches!(&bench.state, LogState::Failed(why) if why.as_str().contains("binary")), "{:?}", bench.state);
    bench.append("a.log", "after\n");
    bench.ticks(3);
    assert_eq!(bench.lines(), ["after"]);
    assert_eq!(bench.loss.skipped_bytes, 0);
}
