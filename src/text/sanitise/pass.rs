//! One pass over one line: what becomes of each thing in it.

use std::fmt::Write;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::{Bound, Coloured, Sanitised};
use crate::text::characters::{EMOJI_STYLE, JOINER, KEYCAP, is_emoji, is_hidden, is_keycap_base};
use crate::text::sgr::{Sgr, StyleSpan};
use crate::text::{LINE_BREAK, RETURN, SafeText, escape};

/// Columns between tab stops.
const TAB: usize = 8;
/// Combining marks kept on one character.
const MAX_MARKS: usize = 4;
/// Characters kept in one cluster: a family of four with skin tones has eleven.
pub(super) const MAX_CLUSTER: usize = 16;

/// One pass over one line.
pub(super) struct Pass<'a> {
    raw: &'a [u8],
    bound: Bound,
    at: usize,
    out: String,
    column: usize,
    /// Where in `out` the present line begins: a carriage return goes back there.
    line_start: usize,
    /// A carriage return was seen; what comes next would overwrite what is there.
    returned: bool,
    /// Marks on the present character; `None` where there is no character to carry any.
    marks: Option<usize>,
    /// Characters were seen that can grow one cluster without end.
    clusters: bool,
    neutralised: u32,
    sequences: Sequences,
    /// Up to here of `raw` no control string that an 8-bit character begins comes to its end.
    endless_to: usize,
    /// Lengths of output and input up to which all is kept if the line must be cut.
    safe: (usize, usize),
    colours: Option<Colours>,
}

/// What becomes of escape sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequences {
    /// A mark stands for each; the text within control strings stays.
    Marked,
    /// They are shown as they are written.
    Shown,
    /// A mark stands for each, whatever it holds.
    Dropped,
}

#[derive(Default)]
struct Colours {
    spans: Vec<StyleSpan>,
    current: Sgr,
    since: usize,
}

impl Colours {
    fn close(&mut self, end: usize) {
        let style = self.current.visible();
        if end > self.since && style != Sgr::default() {
            self.spans.push((self.since..end, style));
        }
        self.since = end;
    }

    fn truncate(&mut self, len: usize) {
        self.since = self.since.min(len);
        self.spans.retain_mut(|(range, _)| {
            range.end = range.end.min(len);
            range.start < range.end
        });
    }
}

impl<'a> Pass<'a> {
    pub(super) fn new(raw: &'a [u8], bound: Bound) -> Self {
        let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
        Self {
            raw,
            bound,
            at: 0,
            out: String::with_capacity(raw.len().min(bound.most()) + 16),
            column: 0,
            line_start: 0,
            returned: false,
            marks: None,
            clusters: false,
            neutralised: 0,
            sequences: Sequences::Marked,
            endless_to: 0,
            safe: (0, 0),
            colours: None,
        }
    }

    /// Keeps the colours that the line asks for.
    pub(super) fn coloured(self) -> Self {
        Self { colours: Some(Colours::default()), ..self }
    }

    /// Makes `sequences` of its escape sequences.
    pub(super) fn with(self, sequences: Sequences) -> Self {
        Self { sequences, ..self }
    }

    pub(super) fn run(mut self) -> Coloured {
        let mut cut_bytes = 0;
        while self.at < self.raw.len() {
            self.step();
            if self.out.len() <= self.bound.cut_at() {
                self.safe = (self.out.len(), self.at);
            } else if self.out.len() > self.bound.most() {
                cut_bytes = (self.raw.len() - self.safe.1) as u64;
                break;
            }
        }
        if cut_bytes > 0 {
            self.truncate(self.safe.0);
            while self.out.ends_with([JOINER, EMOJI_STYLE]) {
                self.out.pop();
            }
        }
        let mut spans = Vec::new();
        if let Some(mut colours) = self.colours.take() {
            colours.close(self.out.len());
            colours.truncate(self.out.len());
            spans = colours.spans;
        }
        if cut_bytes > 0 && self.bound == Bound::Line {
            // Writing to a string can't fail.
            let _ = write!(self.out, "…(+{cut_bytes} bytes cut)");
        }
        if self.clusters && self.cap_clusters() {
            spans.clear();
        }
        let line = Sanitised { text: SafeText::from_clean(&self.out), neutralised: self.neutralised, cut_bytes };
        Coloured { line, spans }
    }

    /// Takes one thing: a run of plain bytes, a control, a sequence, a character.
    fn step(&mut self) {
        match self.raw[self.at] {
            0x20..=0x7e => self.plain_run(),
            b'\t' => {
                self.at += 1;
                let spaces = TAB - self.column % TAB;
                self.push_str(&"        "[..spaces], spaces);
            }
            b'\n' => {
                self.at += 1;
                self.returned = false;
                self.push_str(LINE_BREAK.encode_utf8(&mut [0; 4]), 0);
                (self.line_start, self.column, self.marks) = (self.out.len(), 0, None);
            }
            b'\r' => {
                self.at += 1;
                self.returned = true;
            }
            0x1b => self.escape(),
            control @ (0..=0x1f | 0x7f) => {
                self.at += 1;
                self.neutralised = self.neutralised.saturating_add(1);
                let picture =
                    if control == 0x7f { '␡' } else { char::from_u32(0x2400 + u32::from(control)).unwrap_or('␀') };
                self.push_char(picture, 1);
            }
            0x80.. => self.character(),
        }
    }

    fn plain_run(&mut self) {
        self.mark_return();
        let rest = &self.raw[self.at..];
        // Never more than what decides that the line is too long, and a stop at the cut itself.
        let (cut_at, most) = (self.bound.cut_at(), self.bound.most());
        let room = if self.out.len() < cut_at { cut_at - self.out.len() } else { most + 1 - self.out.len().min(most) };
        let len = rest.iter().take(room).take_while(|byte| matches!(byte, 0x20..=0x7e)).count();
        self.at += len;
        self.push_str(std::str::from_utf8(&rest[..len]).unwrap_or_default(), len);
    }

    fn escape(&mut self) {
        let rest = &self.raw[self.at + 1..];
        let sequence = escape::after_escape(rest);
        if self.sequences == Sequences::Shown {
            self.neutralised = self.neutralised.saturating_add(u32::from(!sequence.sgr));
            self.at += 1;
            return self.push_char('␛', 1);
        }
        let is_string = sequence.complete && matches!(rest.first(), Some(b']' | b'P' | b'X' | b'^' | b'_'));
        if is_string && self.says_something(&rest[1..sequence.len]) {
            self.at += 2;
            self.neutralised = self.neutralised.saturating_add(1);
            return self.push_char('␛', 1);
        }
        self.at += 1 + sequence.len;
        if sequence.sgr {
            if let Some(colours) = &mut self.colours {
                colours.close(self.out.len());
                colours.current.apply(&rest[1..sequence.len - 1]);
            }
        } else {
            self.neutralised = self.neutralised.saturating_add(1);
            self.push_char('␛', 1);
        }
    }

    /// Something that is not ASCII: a character, a C1 control, or no UTF-8 at all.
    fn character(&mut self) {
        match decode(&self.raw[self.at..]) {
            Ok((c, len)) if ('\u{80}'..='\u{9f}').contains(&c) => self.c1(c as u8, len),
            Ok((c, len)) => {
                self.at += len;
                self.visible(c);
            }
            Err(_) if self.raw[self.at] < 0xa0 => self.c1(self.raw[self.at], 1),
            Err(len) => {
                self.at += len;
                self.push_char(char::REPLACEMENT_CHARACTER, 1);
            }
        }
    }

    fn c1(&mut self, c1: u8, len: usize) {
        self.neutralised = self.neutralised.saturating_add(1);
        self.at += len;
        let rest = &self.raw[self.at..];
        let is_string = c1 != 0x9b;
        // Each of many beginnings would look as far ahead for the end that is not there.
        let found = if is_string && self.at < self.endless_to { None } else { escape::after_c1(c1, rest) };
        if let Some(sequence) = found {
            if !(is_string && self.says_something(&rest[..sequence.len])) {
                self.at += sequence.len;
            }
            self.push_char('␛', 1);
        } else {
            if is_string && escape::begins_string(c1) && self.at >= self.endless_to {
                self.endless_to = self.at + escape::MAX_SEQUENCE;
            }
            self.push_str(&format!("\\x{c1:02x}"), 4);
        }
    }

    /// Whether a control string, with its end, holds more than the number of a command: the address behind a link, a
    /// title. A terminal would hide it; here it stays to be seen, found and counted.
    fn says_something(&self, string: &[u8]) -> bool {
        let text = string.strip_suffix(b"\x1b\\").unwrap_or(string);
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let says = |byte: &u8| (byte.is_ascii_graphic() && *byte != b';') || *byte >= 0xa0;
        self.sequences != Sequences::Dropped && text[digits..].iter().any(says)
    }

    /// A character above ASCII, already taken from the input.
    fn visible(&mut self, c: char) {
        self.clusters |= c >= '\u{300}';
        if is_hidden(c) {
            if self.belongs_to_emoji(c) {
                self.out.push(c);
            } else {
                self.show_hidden(c);
            }
            return;
        }
        let width = c.width().unwrap_or(0);
        if width > 0 {
            return self.push_char(c, width);
        }
        match self.marks {
            Some(marks) if marks < MAX_MARKS && !self.returned => {
                self.out.push(c);
                self.marks = Some(marks + 1);
            }
            Some(marks) if !self.returned => {
                if marks == MAX_MARKS {
                    self.neutralised = self.neutralised.saturating_add(1);
                }
                self.marks = Some(marks + 1);
            }
            _ => self.show_hidden(c),
        }
    }

    fn belongs_to_emoji(&self, c: char) -> bool {
        if self.returned {
            return false;
        }
        let Some(before) = self.out[self.line_start..].chars().next_back() else { return false };
        let next = || decode(&self.raw[self.at..]).ok().map(|(next, _)| next);
        match c {
            JOINER => (is_emoji(before) || before == EMOJI_STYLE) && next().is_some_and(is_emoji),
            EMOJI_STYLE => is_emoji(before) || is_keycap_base(before) && next() == Some(KEYCAP),
            _ => false,
        }
    }

    fn show_hidden(&mut self, c: char) {
        self.neutralised = self.neutralised.saturating_add(1);
        let shown = format!("<U+{:04X}>", u32::from(c));
        self.push_str(&shown, shown.len());
    }

    fn push_char(&mut self, c: char, width: usize) {
        self.push_str(c.encode_utf8(&mut [0; 4]), width);
    }

    /// Something stands behind a carriage return: where something is before it too, a mark parts them.
    fn mark_return(&mut self) {
        if !std::mem::take(&mut self.returned) {
            return;
        }
        if self.out.len() > self.line_start {
            self.neutralised = self.neutralised.saturating_add(1);
            self.out.push(RETURN);
            self.column += 1;
        }
    }

    fn push_str(&mut self, text: &str, width: usize) {
        self.mark_return();
        self.out.push_str(text);
        self.column += width;
        self.marks = Some(0);
    }

    fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
        if let Some(colours) = &mut self.colours {
            colours.truncate(len);
        }
    }

    /// Cuts clusters that would make one cell of the screen hold a page. Says whether there were any.
    fn cap_clusters(&mut self) -> bool {
        if self
            .out
            .graphemes(true)
            .all(|cluster| cluster.len() <= MAX_CLUSTER || cluster.chars().count() <= MAX_CLUSTER)
        {
            return false;
        }
        let mut capped = String::with_capacity(self.out.len());
        for cluster in self.out.graphemes(true) {
            match cluster.char_indices().nth(MAX_CLUSTER) {
                None => capped.push_str(cluster),
                Some((end, _)) => {
                    // One byte, so that the line can't grow; idempotent, because the mark takes the place of the rest.
                    capped.push_str(cluster[..end].trim_end_matches([JOINER, EMOJI_STYLE]));
                    capped.push('~');
                    self.neutralised = self.neutralised.saturating_add(1);
                }
            }
        }
        self.out = capped;
        true
    }
}

/// The first character and its length, or how many bytes are no character.
fn decode(bytes: &[u8]) -> Result<(char, usize), usize> {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
        Err(error) => return Err(error.error_len().unwrap_or(head.len())),
    };
    valid.chars().next().map(|c| (c, c.len_utf8())).ok_or(1)
}
