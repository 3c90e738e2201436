//! What a filter is made of, and what it asks of a record.

use std::ops::Range;
use std::time::Duration;

use crate::lang::tz::Tz;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use regex::Regex;

use super::subject::Subject;
use super::value::Test;
use super::write::TRACE_NAMES;
use crate::logs::pattern;
use crate::logs::record::Level;
use crate::logs::zone::in_zone;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Compare {
    pub(super) fn holds<T: PartialOrd + Copy>(self, left: T, right: T) -> bool {
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
pub(super) enum Moment {
    Ago(Duration),
    At(DateTime<Utc>),
    /// The last time that the clock showed this, in UTC or in the zone of who asks.
    Clock {
        time: NaiveTime,
        utc: bool,
    },
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    Everything,
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// A word or a phrase, kept for searches that are faster than the expression, or an expression.
    Text(Regex, Option<Box<str>>),
    Level(Compare, Level),
    Since(Moment),
    /// The end, and where it counts from: see [`Moment::end`].
    Until(Moment, Option<Moment>),
    Stderr,
    /// The shape of the message has this hash.
    Pattern(u64),
    Field(Field, Test),
}

/// Which part of a record is tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Message,
    Raw,
    Service,
    Log,
    Named(String),
    Trace,
}

impl Node {
    /// Whether the record passes; times that are written as "ago" count from `now`, else from when it was read.
    pub(super) fn matches<S: Subject + ?Sized>(&self, record: &S, now: Option<DateTime<Tz>>) -> bool {
        match self {
            Self::Everything => true,
            Self::All(nodes) => nodes.iter().all(|node| node.matches(record, now)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(record, now)),
            Self::Not(node) => !node.matches(record, now),
            Self::Text(regex, _) => says(regex, record),
            Self::Level(compare, level) => !record.is_marker() && compare.holds(record.level(), *level),
            Self::Since(moment) => record.at() >= moment.from(base(record, now)),
            Self::Until(moment, since) => record.at() < moment.end(*since, base(record, now)),
            Self::Stderr => record.is_stderr(),
            Self::Pattern(hash) => !record.is_marker() && pattern::is_of(record.message(), *hash),
            Self::Field(field, test) => field.passes(test, record),
        }
    }

    /// All of these, the end of a window counted from its beginning.
    pub(super) fn all(mut nodes: Vec<Self>) -> Self {
        if let Some(since) = nodes.iter().find_map(Self::beginning) {
            for node in &mut nodes {
                node.begins(since);
            }
        }
        Self::All(nodes)
    }

    /// The `since:` that must hold.
    fn beginning(&self) -> Option<Moment> {
        match self {
            Self::Since(moment) => Some(*moment),
            Self::All(nodes) => nodes.iter().find_map(Self::beginning),
            _ => None,
        }
    }

    fn begins(&mut self, since: Moment) {
        match self {
            Self::Until(_, begins) => *begins = begins.or(Some(since)),
            Self::All(nodes) => {
                for node in nodes {
                    node.begins(since);
                }
            }
            _ => {}
        }
    }

    /// The earliest time that can pass, where that is certain.
    pub(super) fn since(&self, now: Option<DateTime<Tz>>) -> Option<DateTime<Utc>> {
        match self {
            Self::Since(Moment::At(at)) => Some(*at),
            Self::Since(moment) => Some(moment.from(now?)),
            Self::All(nodes) => nodes.iter().filter_map(|node| node.since(now)).max(),
            _ => None,
        }
    }

    /// The latest time that can pass, where that is certain.
    pub(super) fn until(&self, now: Option<DateTime<Tz>>) -> Option<DateTime<Utc>> {
        match self {
            Self::Until(Moment::At(at), _) => Some(*at),
            Self::Until(moment, since) => Some(moment.end(*since, now?)),
            Self::All(nodes) => nodes.iter().filter_map(|node| node.until(now)).min(),
            _ => None,
        }
    }

    /// A word that everything that passes holds in its line, in any case; the longest.
    pub(super) fn required(&self) -> Option<&str> {
        match self {
            // What is empty is everywhere and can't be searched for.
            Self::Text(_, word) => word.as_deref().filter(|word| !word.is_empty()),
            Self::All(nodes) => nodes.iter().filter_map(Self::required).max_by_key(|word| word.len()),
            _ => None,
        }
    }

    /// The fields that it asks for by their own names.
    pub(super) fn named_fields<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.named_fields(names)),
            Self::Not(node) => node.named_fields(names),
            Self::Field(Field::Named(name), _) => names.push(name),
            _ => {}
        }
    }

    /// Whether a line of `level` passes, where nothing else is asked.
    pub(super) fn of_level(&self, level: Level) -> Option<bool> {
        match self {
            Self::Everything => Some(true),
            Self::All(nodes) => nodes.iter().try_fold(true, |all, node| Some(all & node.of_level(level)?)),
            Self::Any(nodes) => nodes.iter().try_fold(false, |any, node| Some(any | node.of_level(level)?)),
            Self::Not(node) => Some(!node.of_level(level)?),
            Self::Level(compare, other) => Some(compare.holds(level, *other)),
            _ => None,
        }
    }

    /// What words and expressions hit; negated parts do not count.
    pub(super) fn hits(&self, text: &str, found: &mut Vec<Range<usize>>) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.hits(text, found)),
            Self::Text(regex, _) => {
                found.extend(regex.find_iter(text).map(|hit| hit.range()).filter(|hit| !hit.is_empty()).take(64));
            }
            Self::Field(_, value) => found.extend(value.hits(text).into_iter().take(64)),
            _ => {}
        }
    }
}

impl Field {
    fn passes<S: Subject + ?Sized>(&self, test: &Test, record: &S) -> bool {
        let named = |name: &str| record.field(name).map_or_else(|| test.holds_without(), |value| test.holds(&value));
        match self {
            Self::Message => test.holds(record.message()),
            Self::Raw => test.holds(record.raw()),
            Self::Log => test.holds(record.log()),
            Self::Service => match record.service() {
                Some(service) => test.holds(service),
                None => named("service"),
            },
            Self::Named(name) => named(name),
            Self::Trace => match test {
                Test::Not(test) => !self.passes(test, record),
                test => TRACE_NAMES.iter().any(|name| record.field(name).is_some_and(|value| test.holds(&value))),
            },
        }
    }
}

impl Moment {
    fn from(self, now: DateTime<Tz>) -> DateTime<Utc> {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => {
                let ago = TimeDelta::from_std(ago).ok();
                let then = ago.and_then(|ago| now.to_utc().checked_sub_signed(ago));
                then.unwrap_or(DateTime::UNIX_EPOCH)
            }
            Self::Clock { time, utc } => {
                let zone = if utc { Tz::UTC } else { now.timezone() };
                let today = now.with_timezone(&zone).date_naive();
                let at = in_zone(today.and_time(time), zone);
                let yesterday = today.pred_opt().filter(|_| at > now);
                yesterday.map_or(at, |yesterday| in_zone(yesterday.and_time(time), zone))
            }
        }
    }

    /// The end of a window. A time of day behind a `since:` is the first after that, so that a window may cross midnight
    /// and may end later than now; the last one before now would lie before its own beginning.
    fn end(self, since: Option<Self>, now: DateTime<Tz>) -> DateTime<Utc> {
        let (Self::Clock { time, utc }, Some(since)) = (self, since) else { return self.from(now) };
        let zone = if utc { Tz::UTC } else { now.timezone() };
        let since = since.from(now);
        let day = since.with_timezone(&zone).date_naive();
        let at = in_zone(day.and_time(time), zone);
        let next = day.succ_opt().filter(|_| at <= since);
        next.map_or(at, |next| in_zone(next.and_time(time), zone))
    }
}

/// What moments are counted from: `now` where it was given, else the moment when the record was read.
fn base<S: Subject + ?Sized>(record: &S, now: Option<DateTime<Tz>>) -> DateTime<Tz> {
    now.unwrap_or_else(|| record.read_at().with_timezone(&Tz::UTC))
}

/// The whole line, and the message apart where the line holds it in escaped form or as a list of bytes.
fn says<S: Subject + ?Sized>(regex: &Regex, record: &S) -> bool {
    regex.is_match(record.raw())
        || (record.is_json()
            && (memchr::memchr(b'\\', record.raw().as_bytes()).is_some() || record.raw().contains("\"MESSAGE\":["))
            && regex.is_match(record.message()))
}
