//! Where a long text breaks into rows.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

/// The rows of `text` in `width` columns, as byte ranges: broken anywhere, because what came as one line is shown as
/// it came. At least one row.
pub(crate) fn rows(text: &str, width: usize) -> Vec<Range<usize>> {
    let width = width.max(2);
    if text.is_ascii() {
        let count = text.len().div_ceil(width).max(1);
        return (0..count).map(|row| row * width..((row + 1) * width).min(text.len())).collect();
    }
    let mut rows = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, c) in text.char_indices() {
        let columns = c.width().unwrap_or(0);
        if used + columns > width {
            rows.push(start..at);
            (start, used) = (at, 0);
        }
        used += columns;
    }
    rows.push(start..text.len());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_hold_as_many_columns_as_there_are() {
        let of = |text: &str, width| rows(text, width).into_iter().map(|row| text[row].to_owned()).collect::<Vec<_>>();
        assert_eq!(of("abcde", 2), ["ab", "cd", "e"]);
        assert_eq!(of("", 5), [""]);
        assert_eq!(of("世界a界", 3), ["世", "界a", "界"]);
        assert_eq!(of("e\u{301}e\u{301}e", 2), ["e\u{301}e\u{301}", "e"]);
        assert_eq!(of("ab", 0), ["ab"]);
    }
}
