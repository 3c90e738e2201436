//! A writer that does to its log what writers do, at random, against what must be read.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[test]
fn every_line_comes_once_and_in_order_whatever_the_writer_does() {
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut bench = Bench::new("a.log", |at| write(at, "a.log", ""), |_| {});
        bench.tick();
        let mut expected = Vec::new();
        let mut next = 0_u64;
        let mut generation = 0;
        let mut open_line = false;
        for _ in 0..120 {
            match random.u32(0..10) {
                0..=4 => {
                    let mut text = String::new();
                    for _ in 0..random.usize(1..30) {
                        next += 1;
                        let line = format!("{} line {next}", "x".repeat(random.usize(0..20)));
                        text.push_str(&line);
                        text.push('\n');
                        if open_line {
                            let last: &mut String = expected.last_mut().unwrap();
                            last.push_str(&line);
                            open_line = false;
                        } else {
                            expected.push(line);
                        }
                    }
                    bench.append("a.log", text);
                }
                5 => {
                    next += 1;
                    let part = format!("part {next} ");
                    if open_line {
                        let last: &mut String = expected.last_mut().unwrap();
                        last.push_str(&part);
                    } else {
                        expected.push(part.clone());
                        open_line = true;
                    }
                    bench.append("a.log", part);
                }
                6 => {
                    generation += 1;
                    bench.rename("a.log", &format!("a.log.{generation}"));
                    if random.bool() {
                        bench.ticks(random.usize(1..30));
                    }
                    write(bench.directory.path(), "a.log", "");
                    open_line = false;
                    // The next rotation is never within the same look.
                    bench.ticks(3);
                }
                7 => {
                    // What is not read before a truncation is lost to everybody.
                    bench.tick();
                    write(bench.directory.path(), "a.log", "");
                    open_line = false;
                    if random.bool() {
                        bench.tick();
                    }
                }
                8 => bench.wait(Duration::from_secs(random.u64(2..8))),
                _ => bench.tick(),
            }
            if random.u32(0..3) == 0 {
                bench.tick();
            }
        }
        bench.ticks(3);
        bench.wait(Duration::from_secs(3));
        let lines = bench.lines();
        let differs = (0..lines.len().max(expected.len()))
            .find(|at| lines.get(*at).copied() != expected.get(*at).map(String::as_str));
        assert!(
            differs.is_none(),
            "seed {seed}: line {differs:?}: {:?} and not {:?}",
            lines.get(differs.unwrap()),
            expected.get(differs.unwrap())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is written, in whatever pieces: every line is a record, in order, and nothing panics or gets through.
    #[test]
    fn any_bytes_are_log_lines(
        pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..80), any::<bool>()), 1..12),
        joined in any::<bool>(),
    ) {
        let mut bench = Bench::new(
            "a.log",
            |at| write(at, "a.log", "a first line of plain text, so that the file is no binary one\n"),
            |log| log.multiline = joined.then(|| r"^\s".to_owned()),
        );
        bench.tick();
        let mut written = Vec::new();
        for (piece, slow) in pieces {
            bench.append("a.log", &piece);
            written.extend(piece);
            bench.wait(if slow { Duration::from_secs(2) } else { Duration::from_millis(100) });
        }
        bench.append("a.log", "\n");
        bench.ticks(2);
        let lines = written.split(|byte| *byte == b'\n').count();
        let texts = bench.lines();
        if !joined {
            prop_assert_eq!(texts.len(), lines + 1);
        }
        prop_assert!(texts.iter().all(|text| !text.contains(char::is_control)));
        for record in bench.records.values() {
            prop_assert!(!record.message.as_str().contains(char::is_control));
            for (name, value) in record.fields() {
                prop_assert!(!name.as_str().contains(char::is_control) && !value.as_str().contains(char::is_control));
            }
        }
    }
}
