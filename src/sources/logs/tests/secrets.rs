//! A secret in a log is masked in whatever form its writer has put it there.

use super::*;

#[test]
fn no_field_of_a_record_says_a_secret() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "start\n"), |_| {});
    for line in [
        r#"{"level":"info","msg":"sent","token":"\u0068unter2\u0073ecret"}"#,
        r#"{"level":"info","msg":"with hunter2\u0073ecret.","n":{"url":"\/?t=hunter2%73ecret&x=1"}}"#,
        r#"{"level":"info","msg":"{\"token\":\"hunter2\\u0073ecret\"}"}"#,
        r#"{"level":"info","msg":"\u001b[1mhunter2\u001b[0msecret"}"#,
        r#"{"__REALTIME_TIMESTAMP":"1","MESSAGE":[27,104,117,110,116,101,114,50,115,101,99,114,101,116]}"#,
        r#"level=info msg="sent \"hunter2\u0073ecret\"" t=hunter2%73ecret html=&#104;unter2secret"#,
        "\u{1b}[32m{\"level\":\"info\",\"msg\":\"hunter2\\u0073ecret\"}\u{1b}[0m",
        r#"10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET /?t=hunter2%73ecret HTTP/1.1" 200 5 "-" "\x68unter2secret""#,
    ] {
        bench.append("a.log", format!("{line}\n"));
    }
    bench.ticks(2);
    assert_eq!(bench.lines().len(), 9);
    for record in bench.records.values().skip(1) {
        let raw = record.raw.as_str();
        assert!(raw.contains("***"), "{raw}");
        let fields: Vec<_> = record.fields().into_iter().chain(record.other_fields()).collect();
        assert!(!fields.is_empty(), "{raw}");
        let values = fields.iter().map(|(_, value)| value.as_str());
        for text in values.chain([raw, record.message.as_str()]) {
            assert!(!text.contains("secret") && !text.contains("115,101"), "{text}");
        }
    }
}

#[test]
fn a_secret_that_comes_in_pieces_is_masked_when_its_line_is_whole() {
    let mut bench = Bench::new("a.log", |at| write(at, "a.log", "hunter2"), |_| {});
    bench.ticks(20);
    assert_eq!(bench.records[&1].kind, RecordKind::Partial);
    for piece in [r"\u00", "73ecr", "et and more"] {
        bench.append("a.log", piece);
        bench.ticks(20);
    }
    assert_eq!(bench.texts(), ["*** and more"]);
    bench.append("a.log", "\n");
    bench.tick();
    assert_eq!(bench.texts(), ["*** and more"]);
}
