//! The little of Markdown that a runbook is read by (its headings and their sections), and text from outside made safe to
//! stand within Markdown.

use super::SafeText;

/// What opens and closes a block of code.
const FENCE: &str = "```";

/// The line of the heading with that anchor: the first where the anchor is empty, `None` where no heading has it.
pub(crate) fn start<S: AsRef<str>>(lines: &[S], anchor: &str) -> Option<usize> {
    if anchor.is_empty() {
        return Some(0);
    }
    let anchor = anchor.to_lowercase();
    headings(lines).find(|(_, _, text)| anchor_of(text) == anchor).map(|(start, ..)| start)
}

/// The section under that heading, up to the next one that is not below it; all lines where the anchor is empty.
pub(crate) fn section<'a, S: AsRef<str>>(lines: &'a [S], anchor: &str) -> Option<&'a [S]> {
    let start = start(lines, anchor)?;
    let mut headings = headings(lines).skip_while(|(at, ..)| *at < start);
    let level = headings.next().map(|(_, level, _)| level).filter(|_| !anchor.is_empty());
    let end = headings.find(|(_, other, _)| level.is_some_and(|level| *other <= level));
    lines.get(start..end.map_or(lines.len(), |(end, ..)| end))
}

/// How deep a heading is, and its words; `None` where the line is none. In a block of code every line is code.
pub(crate) fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    (1..=6).contains(&level).then(|| text.strip_prefix(' ')).flatten().map(|text| (level, text.trim()))
}

/// Whether a line opens or closes a block of code.
pub(crate) fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with(FENCE)
}

/// Text from outside as it can stand within a line or a cell of a table, where it means nothing but itself: no markup, no
/// HTML, no link, no mention, no end of the cell. Not at the start of a line, where more signs have a meaning.
pub(crate) fn escaped(text: &str) -> String {
    let safe = SafeText::new(text);
    let mut out = String::with_capacity(safe.len());
    let mut before = ' ';
    for c in safe.as_str().chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '@' | '!' | '#' => out.extend(['\\', c]),
            // An address is not made a link by itself: `https://`, `www.`.
            '/' if before == ':' => out.push_str("\\/"),
            '.' if before.eq_ignore_ascii_case(&'w') => out.push_str("\\."),
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// The headings with their lines.
fn headings<S: AsRef<str>>(lines: &[S]) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut in_code = false;
    lines.iter().enumerate().filter_map(move |(at, line)| {
        let line = line.as_ref();
        in_code ^= is_fence(line);
        let (level, text) = heading(line).filter(|_| !in_code)?;
        Some((at, level, text))
    })
}

/// The anchor of a heading: in lower case, words joined by `-`, other signs left out.
fn anchor_of(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: [&str; 11] = [
        "# Runbook",
        "who to call",
        "## Cache: it's full",
        "1. look",
        "```",
        "# not a heading",
        "```",
        "### Detail",
        "more",
        "## DB",
        "last",
    ];

    #[test]
    fn a_section_ends_at_the_next_heading_of_its_level() {
        assert_eq!(section(&TEXT, "cache-its-full"), Some(&TEXT[2..9]));
        assert_eq!(section(&TEXT, "Detail"), Some(&TEXT[7..9]));
        assert_eq!(section(&TEXT, "db"), Some(&TEXT[9..]));
        assert_eq!(section(&TEXT, ""), Some(&TEXT[..]));
        assert_eq!(section(&TEXT, "not-a-heading"), None);
    }

    #[test]
    fn text_from_outside_means_nothing_but_itself() {
        let cases = [
            ("plain text, 12.4 % (ok)", "plain text, 12.4 % (ok)"),
            ("a|b", "a\\|b"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("[x](javascript:1) ![i](u)", "\\[x\\](javascript:1) \\!\\[i\\](u)"),
            ("**b** _i_ `c` ~~s~~", "\\*\\*b\\*\\* \\_i\\_ \\`c\\` \\~\\~s\\~\\~"),
            ("https://evil.example www.evil.example", "https:\\//evil.example www\\.evil.example"),
            ("@channel &lt; $x$ \\", "\\@channel &amp;lt; \\$x\\$ \\\\"),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text), expected, "{text}");
        }
        let hostile = escaped("a\u{1b}[2J\u{202e}b\u{200b}\n# c\r\u{7}");
        assert!(!hostile.chars().any(|c| c.is_control() || crate::text::is_hidden(c)), "{hostile:?}");
        assert!(hostile.contains("\\# c"), "a line break begins no line: {hostile}");
    }

    #[test]
    fn a_heading_has_a_blank_behind_its_signs() {
        assert_eq!(heading("## Two words "), Some((2, "Two words")));
        for no in ["#tag", "words # more", "", "#######  seven"] {
            assert_eq!(heading(no), None, "{no}");
        }
    }
}
