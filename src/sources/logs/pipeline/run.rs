//! Objects that come one after the other: made safe, looked through for secrets and copied together.

use memchr::{memchr, memrchr};

use super::stream::{Counted, Origin, Version};
use super::{Pipeline, RecordStream, is_object};
use crate::lang::time::Stamp;
use crate::logs::record::{Record, RecordKind};
use crate::sources::logs::decode::LineSplitter;
use crate::sources::logs::recognise::join::Joiner;
use crate::text::{MAX_LINE, PrintableLines};

impl Pipeline {
    /// Takes the next bytes of a stream: its lines, in order, where `splitter` holds the one that has no end yet.
    pub(crate) fn feed(&mut self, stream: &mut RecordStream, splitter: &mut LineSplitter, mut bytes: &[u8], at: Stamp) {
        while !bytes.is_empty() {
            if splitter.is_between_lines() {
                bytes = self.objects(stream, bytes, at);
            }
            // What stopped the run, and what is near it, takes the way of all lines.
            let near = &bytes[..bytes.len().min(MAX_LINE)];
            let end = memrchr(b'\n', near).map_or(near.len(), |at| at + 1);
            splitter.feed(&bytes[..end], |line, cut| self.line(stream, line, cut, at, false));
            bytes = &bytes[end..];
        }
    }

    /// Takes the objects at the beginning of `bytes`, and returns what is behind them. The records are those that
    /// [`Self::line`] would have made of them.
    fn objects<'a>(&mut self, stream: &mut RecordStream, mut bytes: &'a [u8], at: Stamp) -> &'a [u8] {
        if !matches!(self.joiner, Joiner::Off | Joiner::Auto) || !self.ignore.is_empty() || stream.is_expecting() {
            return bytes;
        }
        let from = Origin { stderr: false, time: None, at, cut: 0 };
        let mut block = Vec::new();
        loop {
            let (run, rest) = bytes.split_at(objects_of(bytes));
            let lines = PrintableLines::new(run).filter(|_| !run.is_empty() && self.is_unredacted(run));
            let Some(lines) = lines else { return bytes };
            self.end_record(stream, at);
            for line in lines.iter() {
                let seen = self.reader().printable(line, self.last, stream.placed(at));
                let mut version = Version::new(None, RecordKind::Line, from, Counted::default(), stream.file.as_ref());
                block.extend(self.data(seen, &mut version, &mut stream.not_before, at));
            }
            for record in Record::block(block.drain(..)) {
                let mut version = Version::new(Some(record.seq), RecordKind::Line, from, self.uncounted(), None);
                self.keep(record, &mut version);
            }
            bytes = rest;
        }
    }
}

/// How many bytes at the beginning are whole lines that are objects, within the bounds of a block.
pub(crate) fn objects_of(bytes: &[u8]) -> usize {
    let most = bytes.len().min(MAX_LINE);
    let mut end = 0;
    while is_object(&bytes[end..most])
        && let Some(length) = memchr(b'\n', &bytes[end..most])
    {
        end += length + 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::config::sections::log::Log;
    use crate::logs::record::Loss;
    use crate::text::redact::Redactor;

    const AT: Stamp = Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH };

    fn pipeline() -> Pipeline {
        let log = Log::of_file("app".into(), "app.log".into());
        Pipeline::new(&log, Redactor::new(["swordfish"]), Vec::new(), 1)
    }

    /// What the records say, and what was lost.
    fn made(mut pipeline: Pipeline, mut stream: RecordStream) -> (Vec<String>, Loss) {
        pipeline.close(&mut stream, AT);
        let batch = pipeline.take_batch(false).unwrap_or_default();
        (batch.records.iter().map(|record| format!("{:?}", **record)).collect(), batch.loss)
    }

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            8 => (0_u32..100).prop_map(|n| format!(r#"{{"ts":"2026-11-21T10:00:{:02}Z","level":"warn","msg":"n {n}"}}"#, n % 60)),
            1 => Just(r#"{"msg":"an \u001b[31mescape","pass":"swordfish"}"#.to_owned()),
            1 => Just("{\"msg\":\"b\u{1b}[31mred\u{1b}[0m ö\"}".to_owned()),
            1 => Just("{\"log\":\"a piece \",\"stream\":\"stdout\",\"time\":\"2026-11-21T10:00:00Z\"}".to_owned()),
            1 => Just("2026-11-21 10:00:00 ERROR it broke".to_owned()),
            1 => Just("    at com.example.Main(Main.java:1)".to_owned()),
            1 => Just("2026-11-21T10:00:00Z stdout P {\"msg\":".to_owned()),
            1 => Just("2026-11-21T10:00:00Z stdout F \"pieces\"}".to_owned()),
            1 => (0_usize..10_000).prop_map(|length| format!("{{\"msg\":\"{}\"}}", "x".repeat(length))),
            1 => Just("{".to_owned()),
            1 => Just("\0\0{\"msg\":\"behind a hole\"}\r".to_owned()),
            1 => Just(String::new()),
        ]
    }

    proptest! {
        #[test]
        fn lines_taken_together_are_what_each_alone_is(
            lines in prop::collection::vec(line(), 0..60),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        ) {
            let bytes = lines.join("\n").into_bytes();
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
            places.sort_unstable();
            let (mut together, mut alone) = (pipeline(), pipeline());
            let (mut streams, mut splitters) = (<[RecordStream; 2]>::default(), <[LineSplitter; 2]>::default());
            for place in places.windows(2) {
                let chunk = &bytes[place[0]..place[1]];
                together.feed(&mut streams[0], &mut splitters[0], chunk, AT);
                splitters[1].feed(chunk, |line, cut| alone.line(&mut streams[1], line, cut, AT, false));
            }
            prop_assert_eq!(splitters[0].next_line(), splitters[1].next_line());
            let [first, second] = streams;
            prop_assert_eq!(made(together, first), made(alone, second));
        }
    }
}
