//! The filter language: one for the screen, the configuration and the command line.
//!
//! ```text
//! timeout "connection reset" /5\d\d in \d+ms/i   words, phrases and regular expressions, all must hold
//! status:5xx user:*  path:"/api/*"  name:/^a/      fields: a class, any value, a pattern, a regular expression
//! took>200ms  status>=500  status:400..499         numbers, with units where both sides have one
//! level>=warn  level:error  service:api  log:web   what every record has
//! trace:4bf92f                                     any of the usual names of a trace or request id
//! since:10m  until:2026-11-21T10:00:00Z            time
//! -healthz  not (a or b)  a or b c                 `or` binds weaker than the `and` between words
//! ```

mod parse;
mod value;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use regex::Regex;

use super::record::{Level, Record, RecordKind};
use value::Test;

/// A compiled filter. Cheap to clone; equal where the text is equal.
#[derive(Clone)]
pub struct Filter(Arc<Compiled>);

struct Compiled {
    text: String,
    node: Node,
    now: Option<DateTime<Utc>>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Compare {
    fn holds<T: PartialOrd + Copy>(self, left: T, right: T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// A point in time, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Ago(Duration),
    At(DateTime<Utc>),
}

#[derive(Debug, Clone)]
enum Node {
    Everything,
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Text(Regex),
    Level(Compare, Level),
    Since(Moment),
    Until(Moment),
    Stderr,
    Field(Field, Test),
}

/// Which part of a record is tested.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Field {
    Message,
    Raw,
    Service,
    Log,
    Named(String),
    Trace,
}

/// The names under which writers put the id that joins the records of one request.
const TRACE_NAMES: [&str; 8] =
    ["trace_id", "traceid", "trace", "request_id", "requestid", "correlation_id", "x-request-id", "dd.trace_id"];

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

    /// The same filter with `since:10m` and the like counted from `now`. Without it they are counted from the
    /// moment each record was read, which is right for what comes in live and wrong for what is held already.
    #[must_use]
    pub fn anchored(&self, now: DateTime<Utc>) -> Self {
        Self(Arc::new(Compiled { text: self.0.text.clone(), node: self.0.node.clone(), now: Some(now) }))
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
            node: Node::All(vec![self.0.node.clone(), other.0.node.clone()]),
            now: self.0.now.or(other.0.now),
        }))
    }

    /// The earliest time that can pass, where the filter says so by an anchored `since:` that must hold.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        since(&self.0.node, self.0.now)
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether nothing is filtered.
    pub fn is_everything(&self) -> bool {
        matches!(self.0.node, Node::Everything)
    }

    /// Whether the record passes. Markers pass only where nothing is filtered, or by their words.
    pub fn matches(&self, record: &Record) -> bool {
        matches(&self.0.node, record, self.0.now)
    }

    /// The parts of `text` that words, phrases and expressions of the filter hit, in order, for highlighting.
    /// At most 64. Negated parts do not count.
    pub fn hits(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        collect_hits(&self.0.node, text, &mut found);
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

fn since(node: &Node, now: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    match node {
        Node::Since(Moment::At(at)) => Some(*at),
        Node::Since(Moment::Ago(ago)) => Some(back(now?, *ago)),
        Node::All(nodes) => nodes.iter().filter_map(|node| since(node, now)).max(),
        _ => None,
    }
}

fn back(now: DateTime<Utc>, ago: Duration) -> DateTime<Utc> {
    let ago = chrono::Duration::from_std(ago).ok();
    ago.and_then(|ago| now.checked_sub_signed(ago)).unwrap_or(DateTime::UNIX_EPOCH)
}

fn collect_hits(node: &Node, text: &str, found: &mut Vec<Range<usize>>) {
    match node {
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| collect_hits(node, text, found)),
        Node::Text(regex) => {
            found.extend(regex.find_iter(text).map(|hit| hit.range()).filter(|hit| !hit.is_empty()).take(64));
        }
        Node::Field(_, value) => found.extend(value.hits(text).into_iter().take(64)),
        _ => {}
    }
}

fn matches(node: &Node, record: &Record, now: Option<DateTime<Utc>>) -> bool {
    match node {
        Node::Everything => true,
        Node::All(nodes) => nodes.iter().all(|node| matches(node, record, now)),
        Node::Any(nodes) => nodes.iter().any(|node| matches(node, record, now)),
        Node::Not(node) => !matches(node, record, now),
        Node::Text(regex) => says(regex, record),
        Node::Level(compare, level) => record.kind != RecordKind::Marker && compare.holds(record.level, *level),
        Node::Since(moment) => record.at() >= instant(*moment, record, now),
        Node::Until(moment) => record.at() < instant(*moment, record, now),
        Node::Stderr => record.stderr,
        Node::Field(field, test) => field_matches(field, test, record),
    }
}

fn instant(moment: Moment, record: &Record, now: Option<DateTime<Utc>>) -> DateTime<Utc> {
    match moment {
        Moment::At(at) => at,
        Moment::Ago(ago) => back(now.unwrap_or(record.read_at.utc), ago),
    }
}

/// The whole line, and the message apart where the line holds it in escaped form.
fn says(regex: &Regex, record: &Record) -> bool {
    regex.is_match(record.raw.as_str())
        || (record.format.is_json()
            && memchr::memchr(b'\\', record.raw.as_str().as_bytes()).is_some()
            && regex.is_match(record.message.as_str()))
}

fn field_matches(field: &Field, test: &Test, record: &Record) -> bool {
    match field {
        Field::Message => test.holds_in(record.message.as_str()),
        Field::Raw => test.holds_in(record.raw.as_str()),
        Field::Log => test.holds(&record.log),
        Field::Service => match &record.service {
            Some(service) => test.holds(service.as_str()),
            None => record.field("service").map_or_else(|| test.holds_without(), |value| test.holds(&value)),
        },
        Field::Named(name) => record.field(name).map_or_else(|| test.holds_without(), |value| test.holds(&value)),
        Field::Trace => TRACE_NAMES.iter().any(|name| record.field(name).is_some_and(|value| test.holds(&value))),
    }
}

#[cfg(test)]
mod tests;
