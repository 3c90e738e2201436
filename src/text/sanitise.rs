//! The sanitiser: bytes from outside to text that can only be read.

mod pass;

use self::pass::{Pass, Sequences};
use super::SafeText;
use super::every::is_printable;
use super::sgr::StyleSpan;

/// The longest line in bytes, with its cut mark.
pub const MAX_LINE: usize = 8192;

/// The longest record in bytes: what is looked at when records are filtered and counted. It carries no cut mark, which
/// a filter could hit.
pub(crate) const MAX_RECORD: usize = 1 << 20;

/// [`MAX_RECORD`] in words.
pub(crate) const MAX_RECORD_WORDS: &str = "1 MiB";

/// Where a line that is too long is cut; the mark fits behind it.
const CUT_AT: usize = MAX_LINE - 40;
/// A sanitised line and what it took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sanitised {
    /// The safe text.
    pub text: SafeText,
    /// Control characters and sequences, invisible characters, overwritten parts and floods of marks that were
    /// neutralised. Tabs, line breaks and plain colours are none.
    pub neutralised: u32,
    /// Bytes of input beyond the bound that were cut. The text of a line then ends in a mark that says so.
    pub cut_bytes: u64,
}

/// A sanitised line with the colours it asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coloured {
    pub line: Sanitised,
    /// Byte ranges of the text with their styles, in order, not overlapping.
    pub spans: Vec<StyleSpan>,
}

/// How long a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// [`MAX_LINE`]: what is only shown.
    Line,
    /// [`MAX_RECORD`]: what is filtered and counted.
    Record,
}

impl Bound {
    /// Bytes.
    const fn most(self) -> usize {
        match self {
            Self::Line => MAX_LINE,
            Self::Record => MAX_RECORD,
        }
    }

    /// Bytes that are kept of what is longer.
    const fn cut_at(self) -> usize {
        match self {
            Self::Line => CUT_AT,
            Self::Record => MAX_RECORD,
        }
    }
}

/// Sanitises one line. Line breaks inside it become [`LINE_BREAK`](super::LINE_BREAK); one at its end vanishes. A lone carriage return
/// becomes `␍`: what a terminal would overwrite is still there to be seen and found.
pub fn sanitise(raw: &[u8]) -> Sanitised {
    sanitise_within(raw, Bound::Line)
}

/// The same within another bound.
pub(crate) fn sanitise_within(raw: &[u8], bound: Bound) -> Sanitised {
    plain(raw, bound).unwrap_or_else(|| Pass::new(raw, bound).run().line)
}

/// Sanitises one line and keeps its SGR colours as spans.
pub fn sanitise_coloured(raw: &[u8]) -> Coloured {
    sanitise_coloured_within(raw, Bound::Line)
}

/// The same within another bound.
pub(crate) fn sanitise_coloured_within(raw: &[u8], bound: Bound) -> Coloured {
    plain(raw, bound)
        .map_or_else(|| Pass::new(raw, bound).coloured().run(), |line| Coloured { line, spans: Vec::new() })
}

/// Sanitises one line and leaves the sequences in it as they are written, with `␛` for the escape: for seeing what a
/// program sends.
pub(crate) fn sanitise_shown(raw: &[u8], bound: Bound) -> Sanitised {
    plain(raw, bound).unwrap_or_else(|| Pass::new(raw, bound).with(Sequences::Shown).run().line)
}

/// Sanitises one line and drops the text within control strings: only to find what they tear apart.
pub(crate) fn sanitise_bare(raw: &[u8], bound: Bound) -> Sanitised {
    plain(raw, bound).unwrap_or_else(|| Pass::new(raw, bound).with(Sequences::Dropped).run().line)
}

/// Sanitises text line by line; a line break at the end does not begin another line.
pub fn sanitise_lines(raw: &[u8]) -> Vec<Sanitised> {
    let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
    if raw.is_empty() {
        return Vec::new();
    }
    raw.split(|byte| *byte == b'\n').map(sanitise).collect()
}

/// The common case: printable ASCII within the bound, copied once; `None` for anything else.
pub(crate) fn printable(raw: &[u8], bound: Bound) -> Option<SafeText> {
    if raw.len() > bound.most() || !is_printable(raw) {
        return None;
    }
    std::str::from_utf8(raw).ok().map(SafeText::from_clean)
}

fn plain(raw: &[u8], bound: Bound) -> Option<Sanitised> {
    printable(raw, bound).map(|text| Sanitised { text, ..Sanitised::default() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    use super::super::Colour;
    use super::super::characters::{EMOJI_STYLE, JOINER, is_hidden};
    use super::super::sgr::Sgr;
    use super::pass::MAX_CLUSTER;
    use super::*;

    fn safe(raw: &[u8]) -> String {
        sanitise(raw).text.to_string()
    }

    #[test]
    fn hostile_fixtures_are_neutralised() {
        let cases: [(&[u8], &str); 32] = [
            (b"\x1b]0;pwn\x07x", "␛0;pwn␇x"),
            (b"\x1b]52;c;cm0gLXJm\x07x", "␛52;c;cm0gLXJm␇x"),
            (b"\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\!", "␛8;;http://x␛text␛!"),
            (b"\x1b[2J\x1b[1;1Hx", "␛␛x"),
            (b"\x1b[6nx", "␛x"),
            (b"\x1b[21tx", "␛x"),
            (b"\x1bcx", "␛x"),
            (b"\x1bP+q544e\x1b\\x", "␛+q544e␛x"),
            (b"\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\x", "␛apc␛␛pm␛␛sos␛x"),
            (b"\x1b]9;x\x07y", "␛9;x␇y"),
            (b"\x1b]4;1;red\x07x", "␛4;1;red␇x"),
            (b"\x9d0;title\x07x", "␛0;title␇x"),
            (b"\x1b]0;the rest stays readable", "␛0;the rest stays readable"),
            (b"\x9b31mred", "␛red"),
            (b"\xc2\x9b31mred", "␛red"),
            (b"\x85x\x93y\x94", "\\x85x\\x93y\\x94"),
            (b"OK\rFAIL", "OK␍FAIL"),
            (b"OK\r\r\rFAIL\r", "OK␍FAIL"),
            (b"\rFAIL", "FAIL"),
            (b"plain\r\n", "plain"),
            (b"one\r\ntwo\rthree", "one⏎two␍three"),
            (b"a\x0bb\x0cc\x1b[2K\x1b[1Gd", "a␋b␌c␛␛d"),
            ("a\u{2028}b".as_bytes(), "a<U+2028>b"),
            (b"50 %\r\x1b[0m", "50 %"),
            (b"a\x08b", "a␈b"),
            ("user\u{202e}gpj.exe".as_bytes(), "user<U+202E>gpj.exe"),
            ("a\u{200b}b\u{e0041}\u{feff}".as_bytes(), "a<U+200B>b<U+E0041><U+FEFF>"),
            (b"\x1b[8mhidden\x1b[0m \x1b[31;41mtoo\x1b[m", "hidden too"),
            (b"one%0a\ntwo", "one%0a⏎two"),
            (b"nul\0del\x7f", "nul␀del␡"),
            (b"a\tb\t\tc", "a       b               c"),
            (b"caf\xe9 \xe2\x82", "caf\u{fffd} \u{fffd}"),
        ];
        for (raw, want) in cases {
            assert_eq!(safe(raw), want, "{:?}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn what_people_write_stays() {
        for text in
            ["Grüße, Ωμέγα, 日本語, עברית", "👩‍👩‍👧‍👦 family 👍🏽 ❤️ 1️⃣ 🇩🇪", "e\u{301}tude", "नमस्ते", "한국어", "│ ▁▂▃ ✓ │"]
        {
            let done = sanitise(text.as_bytes());
            assert_eq!(done.text, text);
            assert_eq!(done.neutralised, 0, "{text}");
        }
    }

    #[test]
    fn tabs_follow_columns_not_bytes() {
        assert_eq!(safe("日本\tx".as_bytes()), "日本    x");
    }

    #[test]
    fn marks_do_not_pile_up() {
        let flood = format!("a{}", "\u{301}".repeat(5000));
        assert_eq!(safe(flood.as_bytes()), format!("a{}", "\u{301}".repeat(4)));
        assert!(safe("\u{301}".repeat(5000).as_bytes()).starts_with("<U+0301>"));
        let family = format!("👩{}", "\u{200d}👩".repeat(500));
        assert!(safe(family.as_bytes()).graphemes(true).all(|cluster| cluster.chars().count() <= MAX_CLUSTER));
    }

    #[test]
    fn long_lines_are_cut_and_say_so() {
        let long = "x".repeat(100_000);
        let done = sanitise(long.as_bytes());
        assert!(done.text.as_str().len() <= MAX_LINE);
        assert_eq!(done.cut_bytes, (100_000 - CUT_AT) as u64);
        assert!(done.text.as_str().ends_with(&format!("…(+{} bytes cut)", done.cut_bytes)));
        assert_eq!(sanitise("x".repeat(MAX_LINE).as_bytes()).cut_bytes, 0);
        assert_eq!(sanitise("é".repeat(MAX_LINE / 2).as_bytes()).cut_bytes, 0);
        let record = |text: &str| sanitise_within(text.as_bytes(), Bound::Record);
        let whole = "é".repeat(MAX_RECORD / 2);
        assert_eq!((record(&whole).text.as_str(), record(&whole).cut_bytes), (&*whole, 0));
        assert_eq!(record(&format!("{whole}é")).text.as_str(), whole);
        assert_eq!(record(&format!("{whole}é")).cut_bytes, 2);
        let over = record(&("a\r".to_owned() + &"x".repeat(MAX_RECORD)));
        assert_eq!((over.text.len(), over.cut_bytes), (MAX_RECORD, 4));
        assert!(sanitise("é".repeat(MAX_LINE / 2 + 1).as_bytes()).cut_bytes > 0);
    }

    #[test]
    fn counts_are_of_hostile_things_only() {
        assert_eq!(sanitise(b"\x1b[1;31mERROR\x1b[0m\tdone\r\n").neutralised, 0);
        assert_eq!(sanitise(b"\x1b]0;x\x07\x1b[2J\0").neutralised, 4);
    }

    #[test]
    fn colours_become_spans() {
        let done = sanitise_coloured("ok \u{1b}[1;31mbäd\u{1b}[0m end".as_bytes());
        assert_eq!(done.line.text, "ok bäd end");
        assert_eq!(done.spans, vec![(3..7, Sgr { bold: true, fg: Some(Colour::Indexed(1)), ..Sgr::default() })]);
        let done = sanitise_coloured(b"\x1b[31mold\rnew\x1b[0m");
        assert_eq!((done.line.text.as_str(), done.spans[0].0.clone()), ("old␍new", 0..9));
    }

    #[test]
    fn lines_are_lines() {
        let lines: Vec<_> = sanitise_lines(b"a\r\nb\n\nc\n").into_iter().map(|line| line.text.to_string()).collect();
        assert_eq!(lines, ["a", "b", "", "c"]);
        assert!(sanitise_lines(b"").is_empty());
    }

    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..12),
            proptest::string::string_regex("\\PC{0,8}").expect("a valid pattern").prop_map(String::into_bytes),
            proptest::sample::select(vec![
                &b"\x1b"[..],
                b"\x1b[31m",
                b"\x1b]0;",
                b"\x07",
                b"\x1b\\",
                b"\x9b",
                b"\xc2\x9b",
                b"\xc2\x9c",
                b"\r",
                b"\n",
                b"\t",
                b"1",
                "\u{200d}".as_bytes(),
                "\u{fe0f}".as_bytes(),
                "\u{20e3}".as_bytes(),
                "\u{301}".as_bytes(),
                "👩".as_bytes(),
                "\u{1f3fb}".as_bytes(),
                "\u{202e}".as_bytes(),
                "\u{d4e}".as_bytes(),
                "क्".as_bytes(),
                "🇩".as_bytes(),
                "⏎".as_bytes(),
            ])
            .prop_map(<[u8]>::to_vec),
        ];
        proptest::collection::vec((piece, 1..40_usize), 0..24)
            .prop_map(|pieces| pieces.into_iter().flat_map(|(piece, times)| piece.repeat(times)).collect())
    }

    proptest! {
        #[test]
        fn nothing_dangerous_comes_out(raw in hostile()) {
            let done = sanitise_coloured(&raw);
            let text = done.line.text.as_str();
            prop_assert!(text.len() <= MAX_LINE);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert!(!text.chars().any(|c| is_hidden(c) && c != JOINER && c != EMOJI_STYLE));
            prop_assert!(text.graphemes(true).all(|cluster| cluster.chars().count() <= MAX_CLUSTER + 1));
            let mut end = 0;
            for (range, _) in &done.spans {
                prop_assert!(range.start >= end && text.get(range.clone()).is_some());
                end = range.end;
            }
            prop_assert_eq!(&done.line, &sanitise(&raw));
        }

        #[test]
        fn cleaning_twice_changes_nothing(raw in hostile()) {
            let once = sanitise(&raw);
            let twice = sanitise(once.text.as_str().as_bytes());
            prop_assert_eq!(&twice.text, &once.text);
            prop_assert_eq!(twice.cut_bytes, 0);
        }
    }
}
