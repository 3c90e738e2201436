//! Why a run ended as it did. What is stored calls checks by their names; a person reads their titles.

use super::{Run, RunState};
use crate::text::SafeText;

/// What a verdict says of checks, before a time and their names.
pub(in crate::model) const STILL_BAD: &str = "still not healthy after";
pub(in crate::model) const BAD: &str = "not healthy after";
pub(in crate::model) const UNSEEN: &str = "not enough good readings within";

/// What a verdict says of checks that are worse than before, before their names.
pub(in crate::model) fn worse_than(before: &str, now: &str) -> String {
    format!("{before} before, {now} now")
}

impl Run {
    /// The outcome, and why where a note says it; `title` is how a check is called.
    pub fn outcome_and_note<'a>(&'a self, title: impl Fn(&'a str) -> &'a str) -> String {
        match self.titled_note(title) {
            Some(note) => format!("{}: {note}", self.outcome()),
            None => self.outcome(),
        }
    }

    /// Why it ended as it did, with each check as `title` calls it. `None`: no note says it.
    pub(crate) fn titled_note<'a>(&'a self, title: impl Fn(&'a str) -> &'a str) -> Option<String> {
        let note = self.note.as_ref().map(SafeText::as_str).filter(|note| !note.is_empty())?;
        // Of what failed the note is a line of its steps, which is said as it is.
        let is_verdict = matches!(self.state, RunState::NotRecovered | RunState::Inconclusive | RunState::Regressed);
        Some(if is_verdict { with_titles(note, title) } else { note.to_owned() })
    }
}

/// The note of a verdict with each check as `title` calls it.
fn with_titles<'a>(note: &'a str, title: impl Fn(&'a str) -> &'a str) -> String {
    let part = |part: &'a str| match part.split_once(": ").filter(|(what, _)| lists_checks(what)) {
        Some((what, names)) => format!("{what}: {}", names.split(", ").map(&title).collect::<Vec<_>>().join(", ")),
        None => part.to_owned(),
    };
    note.split("; ").map(part).collect::<Vec<_>>().join("; ")
}

/// Whether names of checks follow these words.
fn lists_checks(what: &str) -> bool {
    [STILL_BAD, BAD, UNSEEN].iter().any(|words| what.starts_with(words))
        || (what.contains(" before, ") && what.ends_with(" now"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_go_by_their_titles_and_the_rest_stays() {
        let title = |name| match name {
            "api" => "HTTP API",
            "web" => "shop front",
            other => other,
        };
        for (note, said) in [
            ("still not healthy after 1m: api, db", "still not healthy after 1m: HTTP API, db"),
            ("not healthy after 1m: web", "not healthy after 1m: shop front"),
            ("not enough good readings within 1m: web", "not enough good readings within 1m: shop front"),
            ("healthy before, failing now: api, web", "healthy before, failing now: HTTP API, shop front"),
            ("still not healthy after 1m: api; not stored yet", "still not healthy after 1m: HTTP API; not stored yet"),
            ("curl: api", "curl: api"),
        ] {
            assert_eq!(with_titles(note, title), said);
        }
    }
}
