//! One of the two outputs of a command that is followed, as lines.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use encoding_rs::Encoding;

use super::{Repeats, since};
use crate::lang::time::Stamp;
use crate::sources::logs::decode::LineSplitter;
use crate::sources::logs::decode::encoding::TextDecoder;
use crate::sources::logs::pipeline::{Pipeline, RecordStream};

/// A line without its end is shown after this time.
const PARTIAL_AFTER: Duration = Duration::from_millis(1500);

/// One of the two outputs.
pub(super) struct Pipe {
    decoder: TextDecoder,
    splitter: LineSplitter,
    stream: RecordStream,
    stderr: bool,
    /// A time stands before each line.
    stamped: bool,
    grew: Duration,
    shown: usize,
}

impl Pipe {
    pub(super) fn new(stderr: bool, stamped: bool, encoding: Option<&'static Encoding>) -> Self {
        Self {
            decoder: TextDecoder::at_start(encoding),
            splitter: LineSplitter::default(),
            stream: RecordStream::default(),
            stderr,
            stamped,
            grew: Duration::ZERO,
            shown: 0,
        }
    }

    /// Takes the next bytes. What is older than `shown_from` is counted and not shown.
    pub(super) fn ingest(
        &mut self,
        bytes: &[u8],
        pipeline: &mut Pipeline,
        repeats: &mut Repeats,
        shown_from: Option<DateTime<Utc>>,
        now: Stamp,
    ) {
        self.grew = now.mono;
        self.shown = 0;
        let Self { decoder, splitter, stream, stderr, stamped, .. } = self;
        splitter.feed(decoder.decode(bytes), |line, cut| {
            let (carried, rest) = if *stamped { since::taken_off(line) } else { (None, Cow::Borrowed(line)) };
            let time = carried.or_else(|| if *stamped { None } else { pipeline.time_of(line, now.utc) });
            if repeats.is_repeated(line, *stderr, time) {
                return;
            }
            let hidden = match (shown_from, time) {
                (Some(from), Some(time)) => time < from,
                // It goes with the line before it.
                (Some(_), None) => pipeline.is_hidden(),
                (None, _) => false,
            };
            if hidden != pipeline.is_hidden() {
                pipeline.settle(stream, now);
                pipeline.hide(hidden);
            }
            stream.carry(carried);
            pipeline.line(stream, &rest, cut, now, *stderr);
        });
    }

    pub(super) fn settle(&mut self, pipeline: &mut Pipeline, now: Stamp) {
        let idle = now.mono.saturating_sub(self.grew) >= PARTIAL_AFTER;
        match self.splitter.partial() {
            Some((bytes, _)) if idle && bytes.len() != self.shown => {
                let (carried, rest) = if self.stamped { since::taken_off(bytes) } else { (None, Cow::Borrowed(bytes)) };
                self.stream.carry(carried);
                pipeline.partial(&mut self.stream, &rest, now, self.stderr);
                self.shown = bytes.len();
            }
            _ => pipeline.settle(&mut self.stream, now),
        }
    }

    pub(super) fn finish(&mut self, pipeline: &mut Pipeline, now: Stamp) {
        let Self { decoder, splitter, stream, stderr, .. } = self;
        splitter.feed(decoder.finish(), |line, cut| pipeline.line(stream, line, cut, now, *stderr));
        *decoder = TextDecoder::at_start(pipeline.encoding());
        if let Some((bytes, cut)) = self.splitter.next_line() {
            let (carried, rest) = if self.stamped { since::taken_off(&bytes) } else { (None, Cow::Borrowed(&*bytes)) };
            self.stream.carry(carried);
            pipeline.line(&mut self.stream, &rest, cut, now, self.stderr);
        }
        pipeline.close(&mut self.stream, now);
        self.shown = 0;
    }
}
