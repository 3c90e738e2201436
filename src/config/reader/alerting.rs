//! Values that alerting, on-call and SLOs are written with.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{TableReader, Thing, described, entries};
use crate::config::entry::Text;
use crate::config::fault::SyntaxFault;
use crate::config::spec::{KeySpec, ValueForm};
use crate::config::syntax;
use crate::config::tree::TomlValue;
use crate::lang::schedule::{LocalMoment, MomentSchedule, WindowSchedule};
use crate::lang::tz::Tz;
use crate::model::alert::Severity;
use crate::model::alert::times::SpanBounds;
use crate::text::name::Name;
use crate::text::secret::Template;

impl<'a> TableReader<'a> {
    /// A list of tables within this one, each with its own keys.
    pub(crate) fn tables(&self, key: &str) -> Vec<TableReader<'a>> {
        let keys: &'static [KeySpec] = match self.keys.iter().find(|spec| spec.name == key).map(|spec| spec.kind) {
            Some(ValueForm::Tables(keys)) => keys,
            _ => &[],
        };
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let hint = || {
            let known: Vec<&str> = keys.iter().map(|spec| spec.name).collect();
            format!("write {key} = [{{ … }}] with {}", known.join(", "))
        };
        let TomlValue::Array(items) = entry.value else {
            self.wrong(entry, "a list of tables", &hint());
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items {
            let at = entry.within(item.span);
            if let TomlValue::Table(inner) = &item.value {
                let title = format!("`{key}` of {}", self.title);
                let inner = entries(inner, entry.at.file);
                found.push(TableReader::open(self.context, title.into(), self.name, at, inner, keys));
            } else {
                let message = format!("`{key}` is a list of tables, and this is {}", described(&item.value));
                self.context.error(at, message, hint());
            }
        }
        found
    }

    /// A table of tables under free names, each with its own keys, in the order of the file.
    pub(crate) fn named_tables(&self, key: &str) -> Vec<TableReader<'a>> {
        let keys: &'static [KeySpec] = match self.keys.iter().find(|spec| spec.name == key).map(|spec| spec.kind) {
            Some(ValueForm::NamedTables(keys)) => keys,
            _ => &[],
        };
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let known: Vec<&str> = keys.iter().map(|spec| spec.name).collect();
        let TomlValue::Table(table) = entry.value else {
            let hint = format!("write {key} = {{ NAME = {{ … }} }} with {}", known.join(", "));
            self.wrong(entry, "a table of tables", &hint);
            return Vec::new();
        };
        let mut found = Vec::new();
        for inner in entries(table, entry.at.file) {
            if let TomlValue::Table(body) = inner.value {
                let title = format!("`{}` of `{key}`", inner.key);
                let body = entries(body, entry.at.file);
                found.push(TableReader::open(self.context, title.into(), inner.key, inner.key_at, body, keys));
            } else {
                self.wrong(&inner, "a table", &format!("write {} = {{ … }} with {}", inner.key, known.join(", ")));
            }
        }
        found
    }

    /// A text in a small language; notes what is wrong with it.
    pub(crate) fn parsed<T>(&self, key: &str, what: &str, parse: impl Fn(&str) -> Result<T, SyntaxFault>) -> Option<T> {
        let text = self.text(key)?;
        match parse(&text.value) {
            Ok(found) => Some(found),
            Err(fault) => {
                self.context.fault(&text, what, &fault);
                None
            }
        }
    }

    /// When something is: `Sun 02:00-04:00 UTC`.
    pub(crate) fn windows(&self, key: &str) -> Option<WindowSchedule> {
        self.parsed(key, "bad schedule", syntax::windows)
    }

    /// The same by the clocks of a zone where none is written: warns of times that these never show.
    pub(crate) fn windows_in(&self, key: &str, zone: Tz) -> Option<WindowSchedule> {
        let windows = self.windows(key)?;
        if windows.never_holds(zone) {
            let why = "the window never holds: all of it lies where clocks are set forward".to_owned();
            self.warn_of_skipped(key, why);
        } else {
            windows.skipped(zone).for_each(|why| self.warn_of_skipped(key, why));
        }
        Some(windows)
    }

    /// When something comes: `weekly Mon 09:00`.
    pub(crate) fn moments(&self, key: &str) -> Option<MomentSchedule> {
        self.parsed(key, "bad schedule", syntax::moments)
    }

    /// A date with or without a time.
    pub(crate) fn local_moment(&self, key: &str) -> Option<LocalMoment> {
        self.parsed(key, &format!("`{key}`"), syntax::local_moment)
    }

    /// The moment of such a date by the clocks of a zone: warns where these never show it.
    pub(crate) fn moment_in(&self, key: &str, zone: Tz) -> Option<DateTime<Utc>> {
        let moment = self.local_moment(key)?;
        moment.skipped(zone).into_iter().for_each(|why| self.warn_of_skipped(key, why));
        Some(moment.at(zone))
    }

    fn warn_of_skipped(&self, key: &str, why: String) {
        self.context.warning(self.place(key), why, "write a time that there is, or one of UTC with Z");
    }

    /// A severity, by its word or an alias.
    pub(crate) fn severity(&self, key: &str) -> Option<Severity> {
        let text = self.text(key)?;
        self.context.severity(&text.value, text.at)
    }

    /// A duration for each severity that is named, and the one of `default`.
    pub(crate) fn by_severity(&self, key: &str, bounds: SpanBounds) -> (Vec<(Severity, Duration)>, Option<Duration>) {
        let (mut named, mut default) = (Vec::new(), None);
        for (word, text) in self.text_map(key) {
            let severity = (word.value != "default").then(|| self.context.severity(&word.value, word.at));
            let duration = match syntax::duration(&text.value) {
                Ok(duration) if duration.is_zero() => {
                    self.context.error(text.at, format!("`{}` must be more than zero", word.value), "write 30m, 4h");
                    None
                }
                Ok(duration) if bounds.is_exceeded_by(duration) => {
                    let hint = format!("allowed: {}", bounds.describe());
                    self.context.error(text.at, format!("`{}` is too long", word.value), hint);
                    None
                }
                Ok(duration) => Some(duration),
                Err(fault) => {
                    self.context.fault(&text, &format!("`{}`", word.value), &fault);
                    None
                }
            };
            match severity {
                None => default = duration,
                Some(severity) => named.extend(severity.zip(duration)),
            }
        }
        (named, default)
    }

    /// So many in each of several spans, shortest first: `{ "1m" = 1, "1h" = 11 }`; `None` where the key is not there.
    pub(crate) fn limits(&self, key: &str) -> Option<Vec<(Duration, u32)>> {
        let entry = self.entry(key)?;
        let hint = format!("write {key} = {{ \"1m\" = 1, \"1h\" = 11 }}: at most so many in each span");
        let TomlValue::Table(inner) = entry.value else {
            self.wrong(entry, "a table", &hint);
            return None;
        };
        let mut found: Vec<(Duration, u32)> = Vec::new();
        for one in entries(inner, entry.at.file) {
            let count = match one.value {
                TomlValue::Integer(number) => number.value().and_then(|number| u32::try_from(number).ok()),
                _ => None,
            };
            let Some(count) = count.filter(|count| *count > 0) else {
                self.context.error(one.at, format!("`{}` is not followed by a whole number above 0", one.key), &hint);
                continue;
            };
            match syntax::duration(one.key) {
                Err(fault) => self.context.error(one.key_at, fault.message, fault.hint),
                Ok(Duration::ZERO) => self.context.error(one.key_at, "a span must be more than zero", &hint),
                Ok(span) if found.iter().any(|(known, _)| *known == span) => {
                    self.context.error(one.key_at, format!("the span `{}` is written twice", one.key), "remove one");
                }
                Ok(span) => found.push((span, count)),
            }
        }
        found.sort_unstable();
        Some(found)
    }

    /// A share above 0 and below 1, written `99.9%`.
    pub(crate) fn percentage(&self, key: &str) -> Option<f64> {
        let text = self.text(key)?;
        let number = text.value.trim().strip_suffix('%').and_then(|number| number.trim_end().parse::<f64>().ok());
        let share = number.map(|number| number / 100.0).filter(|share| *share > 0.0 && *share < 1.0);
        if share.is_none() {
            let message = format!("`{}` is not a percentage between 0 % and 100 %", text.value);
            self.context.error(text.at, message, format!("write {key} = \"99.9%\""));
        }
        share
    }

    /// A text that consists of a secret, or has one in it; notes one that is written out.
    pub(crate) fn secret(&self, key: &str) -> Option<Template> {
        let text = self.text(key)?;
        let template = super::template(self.context, &text);
        if template.secrets().is_empty() {
            let message = format!("`{key}` holds a secret in clear");
            let hint =
                format!("define it: [secret] NAME = {{ env = \"NAME\" }}, and write {key} = \"{{secret:NAME}}\"");
            self.context.error(text.at, message, hint);
            return None;
        }
        Some(template)
    }

    /// References by name, each once; notes one that is repeated.
    pub(crate) fn distinct(&self, key: &str, thing: Thing) -> Vec<Name> {
        let mut found: Vec<Name> = Vec::new();
        for text in self.texts(key) {
            let Some(name) = self.context.refer(thing, &text.value, text.at) else { continue };
            if found.contains(&name) {
                self.repeated(key, &text);
            } else {
                found.push(name);
            }
        }
        found
    }

    /// Notes a text of a list that stands in it before.
    pub(crate) fn repeated(&self, key: &str, text: &Text) {
        self.context.error(text.at, format!("`{}` is in `{key}` twice", text.value), "remove one");
    }

    /// The text of a key that must be there; notes the problem where it is not.
    pub(crate) fn needed(&self, key: &str, how: &str) -> bool {
        if self.lacks(&[key]) {
            self.context.error(self.at, format!("{} has no `{key}`", self.title), format!("add {key} = {how}"));
        }
        self.has(key)
    }
}
