//! What differs between two configurations, in words: what the sections say their own by.

use std::collections::{BTreeSet, HashMap};
use std::fmt::{Debug, Display};

use crate::lang::condition::Condition;
use crate::model::alert::Severity;
use crate::text::name::Name;

/// One aspect of a thing: its key in the file, and its value as it is shown; `None` where the value may be long or
/// secret and only the fact that it changed is said.
pub(super) type Fact = (&'static str, String, bool);

pub(super) fn compare<'a, T: PartialEq, N: AsRef<str>>(
    kind: &str,
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&'a T) -> N,
    facts: impl Fn(&T) -> Vec<Fact>,
    words: &mut Vec<String>,
) {
    let names = (old.iter().map(&name).collect::<Vec<N>>(), new.iter().map(&name).collect::<Vec<N>>());
    let known: HashMap<&str, &T> = names.0.iter().map(AsRef::as_ref).zip(old).collect();
    for (name, after) in names.1.iter().map(AsRef::as_ref).zip(new) {
        match known.get(name).copied() {
            None => words.push(format!("{kind} {name} added")),
            Some(before) if before == after => {}
            Some(before) => {
                words.push(format!("{kind} {name}: {}", difference(&facts(before), &facts(after))));
            }
        }
    }
    let kept: BTreeSet<&str> = names.1.iter().map(AsRef::as_ref).collect();
    let gone = names.0.iter().map(AsRef::as_ref).filter(|name| !kept.contains(name));
    words.extend(gone.map(|name| format!("{kind} {name} removed")));
}

/// What of a section without names differs, where something does.
pub(super) fn changed<T: PartialEq>(
    section: &str,
    (old, new): (Option<&T>, Option<&T>),
    facts: impl Fn(&T) -> Vec<Fact>,
) -> Option<String> {
    match (old, new) {
        (Some(old), Some(new)) if old != new => Some(format!("{section}: {}", difference(&facts(old), &facts(new)))),
        (None, Some(_)) => Some(format!("{section} added")),
        (Some(_), None) => Some(format!("{section} removed")),
        _ => None,
    }
}

pub(super) fn difference(old: &[Fact], new: &[Fact]) -> String {
    const LONGEST: usize = 40;
    let mut parts = Vec::new();
    for ((key, before, tells), (_, after, _)) in old.iter().zip(new) {
        if before == after {
            continue;
        }
        let short = before.chars().count().max(after.chars().count()) <= LONGEST;
        let word = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
        parts.push(match tells {
            true if short => format!("{key} {} → {}", word(before), word(after)),
            _ => format!("{key} changed"),
        });
    }
    if parts.is_empty() { "changed".to_owned() } else { parts.join(", ") }
}

/// A fact that may be shown.
pub(super) fn summary(key: &'static str, value: impl Display) -> Fact {
    (key, format!("{value}"), true)
}

/// A fact of which only the change is shown.
pub(super) fn hidden(key: &'static str, value: &impl Debug) -> Fact {
    (key, format!("{value:?}"), false)
}

pub(super) fn name_of(name: Option<&Name>) -> String {
    name.map_or_else(String::new, ToString::to_string)
}

pub(super) fn alerts(alerts: &[(Severity, Condition)]) -> Fact {
    let written: Vec<String> =
        alerts.iter().map(|(severity, condition)| format!("{} {}", severity.word(), condition.written)).collect();
    summary("alert", written.join(", "))
}
