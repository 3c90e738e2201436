//! The little of Markdown that a runbook is read by (its headings and their sections), and text from outside made safe to
//! stand within Markdown.

use std::collections::BTreeMap;
use std::ops::Range;

use super::SafeText;

/// What opens and closes a block of code.
const FENCE: &str = "```";
/// Characters by which a task is known.
const LONGEST_TASK: usize = 200;

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

/// The words of a task of a list, `- [ ] words`; `None` where the line is none.
pub(crate) fn task(line: &str) -> Option<&str> {
    let item = line.trim_start().strip_prefix(['-', '*', '+'])?.strip_prefix(' ')?.trim_start();
    let words = ["[ ] ", "[x] ", "[X] "].iter().find_map(|sign| item.strip_prefix(sign))?.trim();
    (!words.is_empty()).then_some(words)
}

/// The tasks of lists, each with its line and its words. Words that stand there again are told apart by a number.
pub(crate) fn tasks<S: AsRef<str>>(lines: &[S]) -> Vec<(usize, String)> {
    let (mut in_code, mut known) = (false, BTreeMap::<String, usize>::new());
    let mut found = Vec::new();
    for (at, line) in lines.iter().map(AsRef::as_ref).enumerate() {
        in_code ^= is_fence(line);
        let Some(words) = task(line).filter(|_| !in_code) else { continue };
        let words: String = words.chars().take(LONGEST_TASK).collect();
        let times = known.entry(words.clone()).or_default();
        *times += 1;
        found.push((at, if *times == 1 { words } else { format!("{words} ({times})") }));
    }
    found
}

/// The names in `[action:NAME]`, each with the place in the line of the whole.
pub(crate) fn action_links(line: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    between(line, "[action:", ']')
}

/// The anchors in `](#ANCHOR)`: links to a heading of the same file, each with its place in the line.
pub(crate) fn anchor_links(line: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    between(line, "](#", ')')
}

/// What stands between an opening and the next closing sign, with the place of all of it.
fn between<'a>(line: &'a str, open: &'static str, close: char) -> impl Iterator<Item = (Range<usize>, &'a str)> {
    line.match_indices(open).filter_map(move |(at, _)| {
        let start = at + open.len();
        let end = start + line[start..].find(close)?;
        Some((at..end + close.len_utf8(), &line[start..end]))
    })
}

/// The language that a line gives to the block of code it opens; empty where it gives none.
pub(crate) fn fence_language(line: &str) -> &str {
    line.trim_start().trim_start_matches('`').split_whitespace().next().unwrap_or_default()
}

/// Whether a block of code in that language holds commands of a shell.
pub(crate) fn is_shell(language: &str) -> bool {
    ["sh", "bash", "shell", "console", "zsh"].contains(&language)
}

/// The commands of each block of a shell's commands, lines joined by line breaks.
pub(crate) fn commands<S: AsRef<str>>(lines: &[S]) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in lines.iter().map(AsRef::as_ref) {
        match (&mut open, is_fence(line)) {
            (None, true) => open = Some((is_shell(fence_language(line)), String::new())),
            (Some(_), true) => blocks.extend(open.take().filter(|(shell, _)| *shell).map(|(_, text)| text)),
            (Some((_, text)), false) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, false) => {}
        }
    }
    blocks
}

/// Whether any heading has that anchor.
pub(crate) fn has_anchor<S: AsRef<str>>(lines: &[S], anchor: &str) -> bool {
    start(lines, anchor).is_some()
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

/// A line as it reads once it is drawn: what [`escaped`] put before signs is gone.
pub(crate) fn unescaped(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['\\', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let meant = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')].into_iter().find(|(word, _)| rest.starts_with(word));
        let behind = rest.strip_prefix('\\').and_then(|behind| behind.chars().next());
        let (length, c) = match (meant, behind) {
            (Some((word, c)), _) => (word.len(), c),
            (None, Some(c)) if c.is_ascii_punctuation() => (2, c),
            (None, _) => (1, if rest.starts_with('&') { '&' } else { '\\' }),
        };
        out.push(c);
        rest = &rest[length..];
    }
    out.push_str(rest);
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
    fn a_line_reads_as_what_was_escaped_in_it() {
        for text in
            ["", "plain", "a <b> & \\ `c` *d* _e_ @all #1 ~", "https://www.example", "ä\\", "&amp;lt;", "x & y\\"]
        {
            assert_eq!(unescaped(&escaped(text)), text);
        }
        assert_eq!(unescaped("C:\\new & & &x; \\ä"), "C:\\new & & &x; \\ä");
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
    fn links_tasks_and_commands_are_found() {
        let line = "then [action:restart-api] or [action:x] and [see](#cache) [action:open";
        let names: Vec<&str> = action_links(line).map(|(_, name)| name).collect();
        assert_eq!(names, ["restart-api", "x"]);
        assert_eq!(&line[action_links(line).next().unwrap().0], "[action:restart-api]");
        assert_eq!(anchor_links(line).map(|(_, anchor)| anchor).collect::<Vec<_>>(), ["cache"]);
        let text = ["```sh", "a | b", "```", "```toml", "x = 1", "```", "```bash", "c", "d", "```", "```sh", "open"];
        assert_eq!(commands(&text), ["a | b\n", "c\nd\n"]);
    }

    #[test]
    fn tasks_are_items_with_a_box_outside_of_code() {
        let text =
            ["- [ ] look", "* [x] restart", "- item", "```", "- [ ] code", "```", "  - [ ] look", "- [ ] ", "- []x"];
        let expected = [(0, "look".to_owned()), (1, "restart".to_owned()), (6, "look (2)".to_owned())];
        assert_eq!(tasks(&text), expected);
        assert_eq!(tasks(&[format!("- [ ] {}", "é".repeat(300))])[0].1.chars().count(), LONGEST_TASK);
    }

    #[test]
    fn a_heading_has_a_blank_behind_its_signs() {
        assert_eq!(heading("## Two words "), Some((2, "Two words")));
        for no in ["#tag", "words # more", "", "#######  seven"] {
            assert_eq!(heading(no), None, "{no}");
        }
    }
}
