//! Progress bars: a line that was written again and again over itself.

use std::ops::Range;

use super::reading::RecordReading;
use crate::text::{RETURN, SafeText};

/// States of one bar from which on only the last one is shown.
const MANY: usize = 4;
/// Letters of a word that tells two states apart; `M` and `kB` change within one bar.
const WORD: usize = 3;

/// Shows of each progress bar in the message its last state, behind how many were overwritten (`␍×57 100 %`). A state
/// that says another word stands by itself, so that nothing is hidden among them. The record keeps all of them.
pub(crate) fn fold(reading: &mut RecordReading) {
    let text = reading.message.as_str();
    if text.matches(RETURN).count() + 1 < MANY {
        return;
    }
    let mut states: Vec<(Range<usize>, usize)> = Vec::new();
    let mut at = 0;
    for state in text.split(RETURN) {
        let range = at..at + state.len();
        at = range.end + RETURN.len_utf8();
        match states.last_mut() {
            Some((last, count)) if long_words(&text[last.clone()]).eq(long_words(state)) => {
                (*last, *count) = (range, *count + 1);
            }
            _ => states.push((range, 1)),
        }
    }
    if states.iter().all(|(_, count)| *count < MANY) {
        return;
    }
    let mut parts = Vec::new();
    let mut styles = Vec::new();
    let mut length = 0;
    for (index, (range, count)) in states.into_iter().enumerate() {
        let mark = match count {
            1 if index == 0 => String::new(),
            1 => RETURN.to_string(),
            overwritten => format!("{RETURN}×{} ", overwritten - 1),
        };
        length += mark.len();
        let within = |(span, style): &(Range<usize>, _)| {
            let (start, end) = (span.start.max(range.start), span.end.min(range.end));
            (start < end).then(|| (start - range.start + length..end - range.start + length, *style))
        };
        styles.extend(reading.styles.iter().filter_map(within));
        length += range.len();
        parts.extend([SafeText::new(&mark), reading.message.part(range)]);
    }
    reading.message = SafeText::concat(&parts);
    reading.styles = styles;
}

/// The words of a state.
fn long_words(state: &str) -> impl Iterator<Item = &str> {
    state.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() >= WORD)
}
