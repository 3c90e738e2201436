//! What a person may choose for a parameter of an action, and which of it runs now.

use chrono::{DateTime, FixedOffset};
use serde_json::Value;

use serde::{Deserialize, Serialize};

use crate::text::SafeText;
use crate::text::redact::Redactor;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The value, as it reaches the command.
    pub value: SafeText,
    /// What it is, in words.
    pub title: Option<SafeText>,
    /// When it was made, as the adapter gives it; RFC 3339 can be compared.
    pub at: Option<SafeText>,
    /// Who made it or deployed it, as the adapter gives it.
    pub by: Option<SafeText>,
    /// Whether it is what runs now: shown, and not to be chosen.
    pub running: bool,
}

impl From<SafeText> for Choice {
    fn from(value: SafeText) -> Self {
        Self { value, title: None, at: None, by: None, running: false }
    }
}

/// What an adapter offers for one parameter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChoiceList {
    /// The values.
    pub values: Vec<Choice>,
    /// Values beyond the most that are offered.
    pub beyond: usize,
    /// Lines that can't be shown as they are: too long, or with control characters.
    pub unreadable: usize,
}

impl From<Vec<Choice>> for ChoiceList {
    fn from(values: Vec<Choice>) -> Self {
        Self { values, ..Self::default() }
    }
}

impl FromIterator<Choice> for ChoiceList {
    fn from_iter<T: IntoIterator<Item = Choice>>(values: T) -> Self {
        Vec::from_iter(values).into()
    }
}

impl ChoiceList {
    /// What is not offered of what the adapter printed; `None` where all of it is.
    pub(crate) fn left_out(&self) -> Option<String> {
        let beyond = (self.beyond > 0).then(|| format!("{} more than the first {}", self.beyond, self.values.len()));
        let unreadable = match self.unreadable {
            0 => None,
            1 => Some("1 line that is too long or not plain text".to_owned()),
            more => Some(format!("{more} lines that are too long or not plain text")),
        };
        let parts: Vec<String> = beyond.into_iter().chain(unreadable).collect();
        (!parts.is_empty()).then(|| format!("left out: {}", parts.join(", ")))
    }

    /// What runs now and would give way to `chosen`; `None` where nothing says what runs, or that runs already. Of two lists in
    /// one (tags, then commits) it is the one that the value stands in.
    pub(crate) fn replaced_by(&self, chosen: &str) -> Option<&SafeText> {
        let at = self.values.iter().position(|choice| choice.value.as_str() == chosen)?;
        let (newer, older) = self.values.split_at(at);
        let running = newer.iter().rev().chain(older).find(|choice| choice.running)?;
        (running.value.as_str() != chosen).then_some(&running.value)
    }
}

impl Choice {
    /// Reads a line of an adapter's answer: a JSON object `{"value", "title", "at", "by", "running"}` of which only `value` must
    /// be there, or the plain value. `None` for a value that can't be shown as it is: choosing it would run something else.
    pub fn read(line: &str, redactor: &Redactor) -> Option<Self> {
        let object = line.starts_with('{').then(|| serde_json::from_str::<Value>(line).ok()).flatten();
        let text = |key: &str| match object.as_ref()?.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let shown = |key: &str| text(key).map(|text| redactor.clean(text.as_bytes())).filter(|text| !text.is_empty());
        let value = text("value").unwrap_or_else(|| line.to_owned());
        let clean = redactor.clean(value.as_bytes());
        (clean.as_str() == value && !value.is_empty()).then(|| Self {
            value: clean,
            title: shown("title"),
            at: shown("at"),
            by: shown("by"),
            running: object.as_ref().is_some_and(|object| object["running"] == Value::Bool(true)),
        })
    }

    fn time(&self) -> Option<DateTime<FixedOffset>> {
        DateTime::parse_from_rfc3339(self.at.as_ref()?.as_str()).ok()
    }
}

/// Whether the adapter said what runs now.
pub(crate) fn knows_running(choices: &[Choice]) -> bool {
    choices.iter().any(|choice| choice.running)
}

/// The one before what runs now: where to go back to. Lists are newest first, unless their times say otherwise; what is
/// known to be newer is none. `None` also where nothing says what runs.
pub(crate) fn before_running(choices: &[Choice]) -> Option<usize> {
    let running = choices.iter().position(|choice| choice.running)?;
    let since = choices[running].time();
    let times: Vec<_> = choices.iter().filter_map(Choice::time).collect();
    let oldest_first = times.first().zip(times.last()).is_some_and(|(first, last)| first < last);
    let older = |at: &usize| {
        let choice = &choices[*at];
        let newer = choice.time().zip(since).is_some_and(|(time, since)| time > since);
        !choice.running && !newer
    };
    if oldest_first { (0..running).rev().find(older) } else { (running + 1..choices.len()).find(older) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<Choice> {
        lines.iter().filter_map(|line| Choice::read(line, &Redactor::default())).collect()
    }

    fn before(lines: &[&str]) -> Option<String> {
        let choices = read(lines);
        before_running(&choices).map(|at| choices[at].value.to_string())
    }

    #[test]
    fn a_line_is_a_value_or_an_object() {
        let [plain, full, number, braces] = &read(&[
            "v1",
            r#"{"value":"v2","title":"fix \u001b[31mcart","at":"2026-11-27T10:00:00Z","by":"ops-a","running":true}"#,
            r#"{"value":3}"#,
            "{not json}",
        ])[..] else {
            panic!()
        };
        assert_eq!(*plain, SafeText::new("v1").into());
        assert!(full.running && full.value == "v2" && full.at.as_ref().is_some_and(|at| *at == "2026-11-27T10:00:00Z"));
        assert_eq!((full.by.as_ref().map(SafeText::as_str), &plain.by), (Some("ops-a"), &None));
        assert!(!full.title.as_ref().unwrap().as_str().contains('\u{1b}'));
        assert_eq!((number.value.as_str(), braces.value.as_str()), ("3", "{not json}"));
        // A value that had to be cleaned is another value.
        assert!(read(&["a\u{202e}b", r#"{"value":"a\u0007"}"#, r#"{"value":""}"#]).is_empty());
    }

    #[test]
    fn what_a_value_replaces_is_what_runs_in_its_list() {
        let running = |value: &str| format!(r#"{{"value":"{value}","running":true}}"#);
        let lines = ["v3", &running("v2"), "v1", "c3", &running("c2"), "c1"];
        let list: ChoiceList = read(&lines).into();
        let replaced = |chosen: &str| list.replaced_by(chosen).map(SafeText::as_str);
        assert_eq!((replaced("v3"), replaced("v1"), replaced("c1")), (Some("v2"), Some("v2"), Some("c2")));
        assert_eq!((replaced("v2"), replaced("typed by hand")), (None, None));
        let unknown: ChoiceList = read(&["v2", "v1"]).into();
        assert_eq!(unknown.replaced_by("v1"), None, "nothing says what runs");
    }

    #[test]
    fn the_one_before_is_found_where_it_can_be() {
        let running = r#"{"value":"v2","running":true}"#;
        assert_eq!(before(&["v3", running, "v1", "v0"]).as_deref(), Some("v1"));
        assert_eq!(before(&[running, r#"{"value":"other","running":true}"#, "v1"]).as_deref(), Some("v1"));
        assert_eq!(before(&["v3", running]), None, "nothing is before it");
        assert_eq!(before(&["v3", "v2", "v1"]), None, "nothing says what runs");
        let at = |value: &str, day: u32, running: bool| {
            format!(r#"{{"value":"{value}","at":"2026-11-{day:02}T10:00:00Z","running":{running}}}"#)
        };
        let of = |lines: &[String]| before(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(of(&[at("v1", 1, false), at("v2", 2, true), at("v3", 3, false)]).as_deref(), Some("v1"));
        assert_eq!(of(&[at("v3", 3, false), at("v2", 2, true), at("v1", 1, false)]).as_deref(), Some("v1"));
        // Two lists in one: tags, then commits. What is newer is not before it.
        let lists = [at("v2", 2, false), at("v1", 1, true), at("c2", 2, false), at("c1", 1, true), at("c0", 1, false)];
        assert_eq!(of(&lists).as_deref(), Some("c0"));
    }
}
