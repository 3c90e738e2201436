//! Lines that a command writes again after it was started again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, TimeDelta, Utc};

/// Lines that are remembered, the latest.
const REMEMBERED: usize = 16_384;
/// How far before the latest line a command is asked again, in seconds. Where two pipes are written at once, the earlier
/// line of the two may be the one that had not come yet.
const OVERLAP: i64 = 1;
/// Lines without a time that are remembered of a start that gave nothing else.
const COMPLAINTS: usize = 64;

/// The latest lines of a command. One that is started again writes its last ones again (`--since`, `--tail 100`): what
/// states a time, and was seen, is left out as often as it was seen. Lines without a time that follow such a line go
/// with it.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    order: VecDeque<(u64, Option<DateTime<Utc>>)>,
    /// The latest time of what is remembered no more.
    forgotten: Option<DateTime<Utc>>,
    /// What is still to be expected once more.
    expected: HashMap<u64, u32>,
    /// The latest time that was seen.
    latest: Option<DateTime<Utc>>,
    /// Lines of a pipe beyond this time are new; `None` where nothing can be repeated.
    horizon: [Option<DateTime<Utc>>; 2],
    /// Whether the line before was left out, by pipe.
    left_out: [bool; 2],
    complaints: HashSet<u64>,
    complaints_before: HashSet<u64>,
    fruitful: bool,
}

impl Repeats {
    /// The command is started: what it wrote before may come again.
    pub(super) fn begin(&mut self) {
        self.expected.clear();
        for (hash, _) in &self.order {
            *self.expected.entry(*hash).or_default() += 1;
        }
        self.horizon = [self.latest.filter(|_| !self.expected.is_empty()); 2];
        self.left_out = [false; 2];
        // What a failing start complains about is said once.
        self.complaints_before = std::mem::take(&mut self.complaints);
        if std::mem::take(&mut self.fruitful) {
            self.complaints_before.clear();
        }
    }

    /// Whether lines of the last time may still come. Many commands say nothing on stderr, which ends nothing.
    pub(super) fn are_expected(&self) -> bool {
        self.horizon[0].is_some()
    }

    /// From when on the command is asked when it is started again: everything new comes, and what comes again is
    /// remembered.
    pub(super) fn resumed_from(&self) -> Option<DateTime<Utc>> {
        let latest = self.latest?;
        let from = latest.checked_sub_signed(TimeDelta::seconds(OVERLAP)).unwrap_or(latest);
        let known = self.forgotten.and_then(|forgotten| forgotten.checked_add_signed(TimeDelta::nanoseconds(1)));
        Some(known.map_or(from, |known| from.max(known)).min(latest))
    }

    /// Remembers a line, and says whether it was written before. `time` is asked for only where it matters.
    pub(super) fn is_repeated(&mut self, line: &[u8], stderr: bool, time: Option<DateTime<Utc>>) -> bool {
        let hash = hash_of(line, stderr);
        if self.was_seen(hash, stderr, time) {
            return true;
        }
        self.fruitful |= !stderr || time.is_some();
        if let Some(time) = time {
            self.latest = Some(self.latest.map_or(time, |latest| latest.max(time)));
        }
        self.order.push_back((hash, time));
        if self.order.len() > REMEMBERED {
            let oldest = self.order.pop_front().and_then(|(_, time)| time);
            self.forgotten = self.forgotten.max(oldest);
        }
        false
    }

    fn was_seen(&mut self, hash: u64, stderr: bool, time: Option<DateTime<Utc>>) -> bool {
        if stderr && time.is_none() && !self.fruitful && self.complaints.len() < COMPLAINTS {
            self.complaints.insert(hash);
            if self.complaints_before.contains(&hash) {
                return true;
            }
        }
        let pipe = usize::from(stderr);
        let Some(horizon) = self.horizon[pipe] else { return false };
        let may_be = match time {
            Some(time) => time <= horizon,
            None => self.left_out[pipe],
        };
        if time.is_some_and(|time| time > horizon) {
            self.horizon[pipe] = None;
            if self.horizon == [None; 2] {
                self.expected = HashMap::new();
            }
        }
        self.left_out[pipe] = may_be
            && self.expected.get_mut(&hash).is_some_and(|count| {
                let more = *count > 0;
                *count = count.saturating_sub(1);
                more
            });
        self.left_out[pipe]
    }
}

fn hash_of(line: &[u8], stderr: bool) -> u64 {
    let mut hasher = DefaultHasher::new();
    stderr.hash(&mut hasher);
    journal_cursor(line).unwrap_or(line).hash(&mut hasher);
    hasher.finish()
}

/// The place of an entry in the journal. `journalctl` writes the fields of one entry in another order each time it is
/// started.
fn journal_cursor(line: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"\"__CURSOR\"";
    let at = line.starts_with(b"{").then(|| memchr::memmem::find(line, NAME)).flatten()? + NAME.len();
    let value = line[at..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    memchr::memchr(b'"', value).map(|end| &value[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(1_000_000 + second, 0)
    }

    fn feed(repeats: &mut Repeats, lines: &[(&str, Option<i64>)]) -> Vec<String> {
        lines
            .iter()
            .filter(|(line, second)| !repeats.is_repeated(line.as_bytes(), false, second.and_then(at)))
            .map(|(line, _)| (*line).to_owned())
            .collect()
    }

    #[test]
    fn an_entry_of_the_journal_is_the_same_in_any_order() {
        let mut repeats = Repeats::default();
        repeats.begin();
        let first = [
            (r#"{"MESSAGE":"a","__CURSOR":"s=1;i=1"}"#, Some(1)),
            (r#"{"MESSAGE":"a","__CURSOR":"s=1;i=2"}"#, Some(1)),
        ];
        assert_eq!(feed(&mut repeats, &first).len(), 2);
        repeats.begin();
        let again = [
            (r#"{"__CURSOR" : "s=1;i=1","MESSAGE":"a"}"#, Some(1)),
            (r#"{"__CURSOR":"s=1;i=2","MESSAGE":"a"}"#, Some(1)),
            (r#"{"__CURSOR":"s=1;i=3","MESSAGE":"a"}"#, Some(1)),
        ];
        assert_eq!(feed(&mut repeats, &again), [again[2].0]);
    }

    #[test]
    fn what_comes_again_is_left_out_as_often_as_it_was_seen() {
        let mut repeats = Repeats::default();
        repeats.begin();
        let first = [("a", Some(1)), ("b", Some(2)), ("b", Some(2)), ("  of b", None)];
        assert_eq!(feed(&mut repeats, &first).len(), 4);
        repeats.begin();
        let again = [("b", Some(2)), ("b", Some(2)), ("  of b", None), ("b", Some(2)), ("c", Some(3)), ("a", Some(4))];
        assert_eq!(feed(&mut repeats, &again), ["b", "c", "a"]);
    }

    #[test]
    fn a_new_line_among_the_old_ones_ends_nothing() {
        let mut repeats = Repeats::default();
        repeats.begin();
        feed(&mut repeats, &[("a", Some(1)), ("c", Some(3))]);
        repeats.begin();
        assert!(repeats.are_expected());
        assert_eq!(
            feed(&mut repeats, &[("a", Some(1)), ("late", Some(2)), ("c", Some(3)), ("d", Some(4))]),
            ["late", "d"]
        );
        assert!(!repeats.are_expected());
    }

    #[test]
    fn a_new_line_on_one_pipe_says_nothing_of_the_other() {
        let mut repeats = Repeats::default();
        repeats.begin();
        assert!(!repeats.is_repeated(b"a", false, at(1)));
        assert!(!repeats.is_repeated(b"b", true, at(2)));
        repeats.begin();
        assert!(!repeats.is_repeated(b"c", false, at(3)));
        assert!(repeats.is_repeated(b"b", true, at(2)));
        assert!(!repeats.is_repeated(b"d", true, at(4)) && !repeats.is_repeated(b"b", true, at(5)));
    }

    #[test]
    fn what_was_overtaken_is_asked_for_and_what_is_forgotten_is_not() {
        let mut repeats = Repeats::default();
        assert_eq!(repeats.resumed_from(), None);
        repeats.is_repeated(b"b", true, at(2));
        assert_eq!(repeats.resumed_from(), at(1));
        for number in 0..REMEMBERED {
            repeats.is_repeated(number.to_string().as_bytes(), false, at(2));
        }
        assert_eq!(repeats.resumed_from(), at(2), "not all of that second is remembered");
        repeats.is_repeated(b"c", false, at(9));
        assert_eq!(repeats.resumed_from(), at(8));
    }

    #[test]
    fn lines_without_a_time_are_never_left_out_by_themselves() {
        let mut repeats = Repeats::default();
        repeats.begin();
        feed(&mut repeats, &[("tick", None), ("tick", None)]);
        repeats.begin();
        assert_eq!(feed(&mut repeats, &[("tick", None), ("tick", None)]).len(), 2);
    }

    #[test]
    fn the_same_complaint_of_start_after_start_is_said_once() {
        let mut repeats = Repeats::default();
        for (nth, shown) in [true, false, false].into_iter().enumerate() {
            repeats.begin();
            assert_eq!(!repeats.is_repeated(b"no such container", true, None), shown, "{nth}");
        }
        repeats.begin();
        assert!(!repeats.is_repeated(b"up", false, None));
        repeats.begin();
        assert!(!repeats.is_repeated(b"no such container", true, None), "it was well in between");
    }

    #[test]
    fn memory_is_bounded() {
        let mut repeats = Repeats::default();
        repeats.begin();
        for number in 0..3 * REMEMBERED {
            repeats.is_repeated(number.to_string().as_bytes(), false, at(1));
        }
        assert_eq!(repeats.order.len(), REMEMBERED);
    }
}
