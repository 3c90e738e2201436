//! Text that is safe to draw: [`SafeText`], and the sanitiser that makes it.
//!
//! Log lines, error bodies, container names and refs are written by others, and whoever reads them here has
//! production rights in the same terminal. They are cleaned once, where they enter, and the type says so.
//! What knows a secret takes it out here too: [`redact`].
//!
//! *Invariant:* a [`SafeText`] holds nothing that a terminal would obey, and whatever bytes come in, it is made.

mod block;
pub(crate) mod causes;
mod characters;
pub mod coding;
pub(crate) mod count;
mod escape;
pub mod every;
pub(crate) mod markdown;
pub(crate) mod markup;
pub mod name;
pub mod redact;
mod sanitise;
pub mod secret;
mod sgr;
pub mod wrap;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

pub(crate) use block::PrintableLines;
pub(crate) use characters::is_hidden;
pub(crate) use sanitise::{
    Bound, Coloured, MAX_RECORD, MAX_RECORD_WORDS, Sanitised, printable, sanitise_bare, sanitise_coloured_within,
    sanitise_shown, sanitise_within,
};
pub use sanitise::{MAX_LINE, sanitise, sanitise_coloured, sanitise_lines};
pub use sgr::{Colour, Sgr, StyleSpan, TextStyles};

/// A text of which everything can be seen: control characters as their pictures, what is invisible by its number.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            '\u{7f}' => out.push('␡'),
            '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            c if c.is_control() || is_hidden(c) => {
                let _ = write!(out, "<U+{:04X}>", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A text of many lines that is fit for a terminal, whatever went into it: line feeds and tabs stay, every other control
/// character and what is invisible is shown as [`visible`] does. With `colours` the colour sequences stay too.
pub(crate) fn printable_lines(text: &str, colours: bool) -> Cow<'_, str> {
    if every::is_printable_or(b'\n', text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = '\n';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let sequence = if colours && c == '\u{1b}' { colour_sequence(rest) } else { 0 };
        let len = if sequence > 0 { sequence } else { c.len_utf8() };
        let in_emoji = matches!(c, characters::JOINER | characters::EMOJI_STYLE)
            && (characters::is_emoji(before) || before == characters::EMOJI_STYLE);
        match c {
            '\n' | '\t' => out.push(c),
            _ if sequence > 0 || in_emoji => out.push_str(&rest[..len]),
            _ => out.push_str(&visible(&rest[..len])),
        }
        before = c;
        rest = &rest[len..];
    }
    Cow::Owned(out)
}

/// Bytes of the colour sequence (`ESC [ … m`) at the beginning of `text`; 0 where it begins otherwise.
fn colour_sequence(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    let length = parameters.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':')).count();
    if parameters.as_bytes().get(length) == Some(&b'm') { 2 + length + 1 } else { 0 }
}

/// JSON in which nothing acts on a terminal: what JSON allows to stand as it is, an 8-bit control or a sign that turns
/// the line around, becomes an escape. It means the same.
pub(crate) fn printable_json(json: &str) -> Cow<'_, str> {
    let acts = |c: char| (c.is_control() && !matches!(c, '\n' | '\t' | '\r')) || is_hidden(c);
    if !json.contains(acts) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if acts(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// What a line break inside a single-line text is drawn as.
pub(crate) const LINE_BREAK: char = '⏎';

/// What a carriage return within a line is drawn as.
pub(crate) const RETURN: char = '␍';

/// Text from outside after the sanitiser: no control characters, no escape sequences, no bidi or zero-width
/// characters (but those inside an emoji), valid UTF-8, at most [`MAX_LINE`] bytes, of a record at most [`MAX_RECORD`].
/// Widgets and notifiers take this and not `String`. Cheap to clone, and a part of it holds the same memory.
#[derive(Clone)]
pub struct SafeText {
    whole: Arc<str>,
    /// Bytes of `whole` before this text.
    start: u32,
    /// Bytes of this text.
    len: u32,
}

impl SafeText {
    /// Sanitises `raw` as one line; line breaks become [`LINE_BREAK`].
    pub fn new(raw: &str) -> Self {
        Self::from_bytes(raw.as_bytes())
    }

    /// Sanitises bytes as one line; what is no UTF-8 becomes U+FFFD.
    pub(crate) fn from_bytes(raw: &[u8]) -> Self {
        sanitise(raw).text
    }

    /// The same for what is filtered and counted, up to [`MAX_RECORD`] bytes.
    pub fn of_record(raw: &str) -> Self {
        sanitise_within(raw.as_bytes(), Bound::Record).text
    }

    /// Joins texts with [`LINE_BREAK`]: a record of many lines, of [`MAX_RECORD`] bytes at most. Also how many bytes had
    /// no room.
    pub(crate) fn joined<'a>(parts: impl IntoIterator<Item = &'a Self>) -> (Self, u64) {
        let (mut out, mut left_out) = (String::new(), 0);
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 && out.len() + LINE_BREAK.len_utf8() <= MAX_RECORD {
                out.push(LINE_BREAK);
            }
            let text = part.as_str();
            let kept = text.floor_char_boundary(MAX_RECORD.saturating_sub(out.len()));
            out.push_str(&text[..kept]);
            left_out += (text.len() - kept) as u64;
        }
        (Self::from_clean(&out), left_out)
    }

    /// Puts texts together as they are.
    pub(crate) fn concat<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        Self::from_clean(&parts.into_iter().map(Self::as_str).collect::<String>())
    }

    /// The real lines of a text in which breaks are drawn as [`LINE_BREAK`], for the view of one record in full.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.as_str().split(LINE_BREAK)
    }

    /// The safe text.
    pub fn as_str(&self) -> &str {
        let start = self.start as usize;
        // Both ends are where characters begin: `part` sees to it.
        &self.whole[start..start + self.len as usize]
    }

    /// Its bytes. Known without looking at the text, which may be far away in memory.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is nothing to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A part of it, which holds the whole in memory; empty where the range is none of its characters'. A part of what
    /// is safe is safe.
    #[must_use]
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        match (self.as_str().get(range.clone()), u32::try_from(range.start)) {
            (Some(part), Ok(start)) => {
                Self { whole: Arc::clone(&self.whole), start: self.start + start, len: part.len() as u32 }
            }
            _ => Self::default(),
        }
    }

    /// Where `part` is, if it is a slice of this text.
    pub(crate) fn range_of(&self, part: &str) -> Option<Range<usize>> {
        let own = self.whole.as_ptr() as usize + self.start as usize;
        let start = (part.as_ptr() as usize).checked_sub(own)?;
        let end = start + part.len();
        (end <= self.len()).then_some(start..end)
    }

    /// The same text where `part` is a slice of it.
    pub(crate) fn slice(&self, part: &str) -> Option<Self> {
        let range = self.range_of(part)?;
        // A text within this one begins and ends where characters do.
        let start = self.start + range.start as u32;
        Some(Self { whole: Arc::clone(&self.whole), start, len: part.len() as u32 })
    }

    /// Whether both hold the same memory.
    pub(crate) fn shares_memory_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.whole, &other.whole)
    }

    /// Wraps what the sanitiser made.
    fn from_clean(clean: &str) -> Self {
        // No text is near this length; one that is would be cut where a character begins.
        let len = clean.floor_char_boundary(u32::MAX as usize);
        Self { whole: Arc::from(&clean[..len]), start: 0, len: len as u32 }
    }
}

impl PartialEq for SafeText {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for SafeText {}

impl PartialOrd for SafeText {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SafeText {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for SafeText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl From<&str> for SafeText {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for SafeText {
    fn from(raw: String) -> Self {
        Self::new(&raw)
    }
}

impl AsRef<str> for SafeText {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for SafeText {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for SafeText {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl std::borrow::Borrow<str> for SafeText {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl serde::Serialize for SafeText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for SafeText {
    /// What was stored is sanitised again: a file may have been edited.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(&String::deserialize(deserializer)?))
    }
}

impl Default for SafeText {
    fn default() -> Self {
        Self::from_clean("")
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
