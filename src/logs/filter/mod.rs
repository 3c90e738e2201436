//! The filter language: one for the screen, the configuration and the command line.
//!
//! ```text
//! timeout "connection reset" /5\d\d in \d+ms/i   words, phrases and regular expressions, all must hold
//! status:5xx user:*  path:"/api/*"  name:/^a/      fields: a class, any value, a pattern, a regular expression
//! "user agent":curl*  path!=/health  trace!=*         names with spaces, what is not or not there
//! took>200ms  status>=500  status:400..499  n:7..    numbers, with units where both sides have one
//! level>=warn  level:error  service:api  log:web   what every record has
//! trace:4bf92f                                     any of the usual names of a trace or request id
//! pattern:"job <n> done in <n>"                    messages of one shape, numbers and ids taken out
//! since:10m  since:02:30 until:02:45  until:2026-11-21T10:00:00Z  time; an end is the first after its beginning
//! -healthz  not (a or b)  a or b c                 `or` binds weaker than the `and` between words
//! ```

pub mod complete;
pub mod forms;
pub mod known;
mod node;
mod parse;
mod subject;
mod value;
pub mod write;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use crate::lang::tz::Tz;
use chrono::{DateTime, Utc};

use super::record::{Level, Record};
pub use known::KnownFields;
use node::{Compare, Field, Moment, Node};
pub use subject::Subject;
pub(crate) use value::number;

/// A compiled filter. Cheap to clone; equal where the text is equal.
#[derive(Clone)]
pub struct Filter(Arc<Compiled>);

struct Compiled {
    text: String,
    node: Node,
    now: Option<DateTime<Tz>>,
}

/// A word that a filter requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Required<'a> {
    /// The word, without regard to case.
    pub word: &'a str,
    /// Whether the filter asks for nothing else.
    pub suffices: bool,
}

/// Why a filter can't be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// Where, in characters from 0.
    pub offset: usize,
    /// What is wrong, one line, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Filter {
    /// The filter that lets everything through.
    pub fn everything() -> Self {
        Self(Arc::new(Compiled { text: String::new(), node: Node::Everything, now: None }))
    }

    /// Compiles `text`. A text of nothing but spaces is [`Filter::everything`].
    ///
    /// # Errors
    /// What is wrong, at which character, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let node = parse::parse(text)?;
        Ok(Self(Arc::new(Compiled { text: text.trim().to_owned(), node, now: None })))
    }

    /// The same filter with `since:10m` and the like counted from `now`, and `since:17:54` read as the clocks of `zone` show
    /// it. Without it they are counted from the moment each record was read, in UTC, which is right for what comes in live and wrong for what is held already.
    #[must_use]
    pub fn anchored(&self, now: DateTime<Utc>, zone: Tz) -> Self {
        let now = Some(now.with_timezone(&zone));
        Self(Arc::new(Compiled { text: self.0.text.clone(), node: self.0.node.clone(), now }))
    }

    /// What passes both, for a search within what a filter keeps.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        if self.is_everything() {
            return other.clone();
        }
        if other.is_everything() {
            return self.clone();
        }
        Self(Arc::new(Compiled {
            text: format!("({}) ({})", self.0.text, other.0.text),
            node: Node::all(vec![self.0.node.clone(), other.0.node.clone()]),
            now: self.0.now.or(other.0.now),
        }))
    }

    /// The earliest time that can pass, where the filter says so by an anchored `since:` that must hold.
    pub(crate) fn since(&self) -> Option<DateTime<Utc>> {
        self.0.node.since(self.0.now)
    }

    /// The latest time that can pass, where the filter says so by an anchored `until:` that must hold.
    pub(crate) fn until(&self) -> Option<DateTime<Utc>> {
        self.0.node.until(self.0.now)
    }

    /// A word that every record that passes holds in its line or, unescaped, in its message, in any case: so that what
    /// does not hold it can be passed by before anything else is asked.
    pub(crate) fn required(&self) -> Option<Required<'_>> {
        let node = &self.0.node;
        Some(Required { word: node.required()?, suffices: matches!(node, Node::Text(..)) })
    }

    /// The fields that it asks for by a name that only some records have, each once.
    pub(crate) fn named_fields(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.0.node.named_fields(&mut names);
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether a line of `level` passes, where the filter asks for nothing but the level.
    pub(crate) fn passes_level(&self, level: Level) -> Option<bool> {
        self.0.node.of_level(level)
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether nothing is filtered.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(self.0.node, Node::Everything)
    }

    /// Whether the record passes. Markers pass only where nothing is filtered, or by their words.
    pub fn matches(&self, record: &Record) -> bool {
        self.passes(record)
    }

    /// Whether a record, or a line that need not become one, passes.
    pub(crate) fn passes<S: Subject + ?Sized>(&self, subject: &S) -> bool {
        self.0.node.matches(subject, self.0.now)
    }

    /// The parts of `text` that words, phrases and expressions of the filter hit, in order, for highlighting.
    /// At most 64. Negated parts do not count.
    pub fn hits(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.0.node.hits(text, &mut found);
        found.sort_by_key(|range| (range.start, range.end));
        found.dedup_by(|next, last| {
            let overlaps = next.start < last.end;
            if overlaps {
                last.end = last.end.max(next.end);
            }
            overlaps
        });
        found.truncate(64);
        found
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text && self.0.now == other.0.now
    }
}

impl Eq for Filter {}

impl Hash for Filter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.0.text, self.0.now).hash(state);
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::everything()
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({:?})", self.0.text)
    }
}

#[cfg(test)]
mod tests;
