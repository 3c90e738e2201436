//! The fields of a record that are not said already: those beside its time, level, service and message.

use super::{Level, Record, RecordKind};
use crate::logs::filter::write::TRACE_NAMES;
use crate::logs::format::Format;
use crate::text::SafeText;

/// Names of the time that a line states, best first, as libraries write them. Of the best that a line has, the first
/// one is its time.
const TIMES: [&[&str]; 3] = [
    &["timestamp", "@timestamp", "time", "ts"],
    &["datetime", "eventTime", "_time", "log_time", "asctime", "@t"],
    &[
        "t",
        "t.$date",
        "date",
        "instant.epochSecond",
        "timeMillis",
        "Timestamp",
        "Time",
        "timeUnixNano",
        "time_unix_nano",
        "__REALTIME_TIMESTAMP",
        "observedTimeUnixNano",
    ],
];
/// Names of the level.
const LEVELS: [&str; 14] = [
    "level",
    "severity",
    "log.level",
    "loglevel",
    "levelname",
    "@l",
    "lvl",
    "severityText",
    "severity_text",
    "SeverityText",
    "log_level",
    "s",
    "priority",
    "level_name",
];

impl Record {
    /// Every field that time, level, service and message do not say already; none where the message is the whole line.
    /// What the journal notes about a message (`_PID`, `__CURSOR` and the like) is left out.
    pub(crate) fn other_fields(&self) -> Vec<(SafeText, SafeText)> {
        self.others_among(self.fields())
    }

    /// Those of `fields` that a row shows behind the message: neither said already, nor found in the message. Ids of traces
    /// go last, because they are long and say little to the eye.
    pub(crate) fn unsaid_among(&self, fields: Vec<(SafeText, SafeText)>) -> Vec<(SafeText, SafeText)> {
        let mut fields = self.others_among(fields);
        let message = self.message.as_str();
        fields.retain(|(name, value)| !value.is_empty() && !is_said(message, name.as_str(), value.as_str()));
        fields.sort_by_key(|(name, _)| TRACE_NAMES.iter().any(|trace| name.as_str().eq_ignore_ascii_case(trace)));
        fields
    }

    fn others_among(&self, mut fields: Vec<(SafeText, SafeText)>) -> Vec<(SafeText, SafeText)> {
        let has_fields = self.format.is_json() || self.format == Format::Logfmt;
        if !has_fields || self.kind == RecordKind::Marker || self.message == self.raw {
            return Vec::new();
        }
        let is_journal = fields.iter().any(|(name, _)| name.as_str() == "__REALTIME_TIMESTAMP");
        if let Some(at) = self.time.and_then(|_| self.time_of(&fields)) {
            fields.remove(at);
        }
        let mut take = |said: Option<&SafeText>| {
            if let Some(at) = said.and_then(|said| fields.iter().position(|(_, value)| value == said)) {
                fields.remove(at);
            }
        };
        take(Some(&self.first_of_message()));
        take(self.service.as_ref());
        fields.retain(|(name, value)| {
            let name = name.as_str();
            let is_level = (LEVELS.contains(&name) || name.eq_ignore_ascii_case("level") || name == "PRIORITY")
                && self.level != Level::None
                && says_level(value.as_str(), self.level);
            !is_level && !(is_journal && (is_of_journal(name) || name == "SYSLOG_TIMESTAMP"))
        });
        fields
    }

    /// The message without the lines that were joined to it.
    fn first_of_message(&self) -> SafeText {
        let joined = self.raw.as_str().len() - self.first_line().len();
        let end = self.message.len().saturating_sub(joined);
        if self.raw.as_str().ends_with(&self.message.as_str()[self.message.as_str().ceil_char_boundary(end)..]) {
            self.message.part(0..end)
        } else {
            self.message.clone()
        }
    }

    /// Which of the fields is the time.
    fn time_of(&self, fields: &[(SafeText, SafeText)]) -> Option<usize> {
        if let Some(own) = self.layout.as_ref().and_then(|layout| layout.time())
            && let Some(at) = fields.iter().position(|(name, _)| name.as_str() == own)
        {
            return Some(at);
        }
        TIMES.iter().find_map(|names| fields.iter().position(|(name, _)| names.contains(&name.as_str())))
    }
}

/// Values of fewer characters may stand in a message by chance.
const SHORTEST_SAID: usize = 4;

/// Whether a message says what a field says: by its name and value, or by a value that is no word by chance.
fn is_said(message: &str, name: &str, value: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let stands =
        |at: usize, length: usize| !message[..at].ends_with(is_part) && !message[at + length..].starts_with(is_part);
    let mut places = message.match_indices(value);
    places.any(|(at, _)| {
        let named = message[..at].strip_suffix('=').is_some_and(|before| before.ends_with(name));
        stands(at, value.len()) && (named || value.chars().count() >= SHORTEST_SAID)
    })
}

/// Whether a value says `level`: by a word, a number or a degree (`DEBUG1`).
fn says_level(value: &str, level: Level) -> bool {
    let word = value.trim();
    let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
    Level::from_word(if bare.is_empty() { word } else { bare }) == Some(level)
}

/// Whether the journal has added a field to what the program said: whose it was, and where it stands.
fn is_of_journal(name: &str) -> bool {
    name.starts_with('_') && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_uppercase())
}

/// A value as it stands behind `name=`: in quotes where it would not be one word without them.
pub(crate) fn quoted(value: &str) -> std::borrow::Cow<'_, str> {
    let is_one_word = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c == '"' || c == '=');
    let is_structure = value.starts_with(['[', '{']) && value.ends_with([']', '}']);
    if is_one_word || is_structure {
        return value.into();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_says_is_not_said_again() {
        for (message, name, value, said) in [
            ("connect ECONNREFUSED cache:6379", "host", "cache:6379", true),
            ("retry in 500 ms", "status", "500", false),
            ("failed with status=500", "status", "500", true),
            ("user alice2 logged in", "user", "alice", false),
            ("done", "path", "/v1/carts", false),
        ] {
            assert_eq!(is_said(message, name, value), said, "{message}");
        }
    }

    #[test]
    fn values_are_one_word() {
        for (value, expected) in [
            ("500", "500"),
            ("/a/b", "/a/b"),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("a=b", "\"a=b\""),
            (r#"say "x\y""#, r#""say \"x\\y\"""#),
            (r#"["a", "b"]"#, r#"["a", "b"]"#),
        ] {
            assert_eq!(quoted(value), expected);
        }
    }
}
