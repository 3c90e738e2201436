//! Text that is safe to draw: [`SafeText`], and the sanitiser that makes it.
//!
//! Log lines, error bodies, container names and refs are written by others, and whoever reads them here has
//! production rights in the same terminal. They are cleaned once, where they enter, and the type says so.

mod characters;
mod escape;
mod sanitise;
mod sgr;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use sanitise::{Coloured, MAX_LINE, Sanitised, sanitise, sanitise_coloured, sanitise_lines, sanitise_shown};
pub use sgr::{Colour, Sgr, Span, Styles};

/// What a line break inside a single-line text is drawn as.
pub const LINE_BREAK: char = '⏎';

/// Text from outside after the sanitiser: no control characters, no escape sequences, no bidi or zero-width
/// characters (but those inside an emoji), valid UTF-8, at most [`MAX_LINE`] bytes. Widgets and notifiers take this
/// and not `String`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SafeText(Arc<str>);

impl SafeText {
    /// Sanitises `raw` as one line; line breaks become [`LINE_BREAK`].
    pub fn new(raw: &str) -> Self {
        Self::from_bytes(raw.as_bytes())
    }

    /// Sanitises bytes as one line; what is no UTF-8 becomes U+FFFD.
    pub fn from_bytes(raw: &[u8]) -> Self {
        sanitise(raw).text
    }

    /// Sanitises `raw` line by line.
    pub fn lines_of(raw: &str) -> Vec<Self> {
        sanitise_lines(raw.as_bytes()).into_iter().map(|line| line.text).collect()
    }

    /// Joins texts with [`LINE_BREAK`]: a record of many lines. What would pass `max_bytes` is left out, and the
    /// text ends in `…`.
    pub fn joined<'a>(parts: impl IntoIterator<Item = &'a Self>, max_bytes: usize) -> Self {
        let mut out = String::new();
        for (index, part) in parts.into_iter().enumerate() {
            if out.len() + part.0.len() + LINE_BREAK.len_utf8() > max_bytes {
                out.push('…');
                break;
            }
            if index > 0 {
                out.push(LINE_BREAK);
            }
            out.push_str(&part.0);
        }
        Self(out.into())
    }

    /// The real lines of a text in which breaks are drawn as [`LINE_BREAK`], for the view of one record in full.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.split(LINE_BREAK)
    }

    /// The safe text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A part of it; empty where the range is none of its characters'. A part of what is safe is safe.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        Self::from_clean(self.0.get(range).unwrap_or_default())
    }

    /// Wraps what the sanitiser made.
    fn from_clean(clean: &str) -> Self {
        Self(Arc::from(clean))
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
        &self.0
    }
}

impl PartialEq<str> for SafeText {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for SafeText {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl std::borrow::Borrow<str> for SafeText {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl serde::Serialize for SafeText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
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
        Self(Arc::from(""))
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
