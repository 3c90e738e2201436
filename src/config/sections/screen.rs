//! `[screen.NAME]`: a layout of panels.

use crate::config::changes::{Fact, compare, hidden, summary};
use crate::config::spec;
use crate::config::spec::SectionSpec;
use toml::de::DeValue;

use crate::config::file::Place;
use crate::config::reader::{Table, Text, Thing, described};
use crate::config::spec::{KeySpec, Kind, key};
use crate::config::syntax;
use crate::lang::key::Key;
use crate::lang::nearest;
use crate::text::name::Name;

/// A screen of one's own; one named `overview` replaces the built-in overview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenLayout {
    /// Its name.
    pub name: Name,
    /// `title`, default the name.
    pub title: String,
    /// `key`
    pub key: Option<Key>,
    /// `rows = [["services*2", "alerts"], …]`: rows of panels with weights. The weight of a row is the greatest of its panels'
    /// (`"log:api*3"` alone in a row makes the row three times as high).
    pub rows: Vec<Vec<(Panel, u16)>>,
}

/// What a panel shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Panel {
    /// `services`: every service with status, age, latency, availability, sparkline.
    Services,
    /// `alerts`: pending, firing and lately resolved alerts.
    Alerts,
    /// `actions`: running and last runs.
    Actions,
    /// `timeline`: what happened lately.
    Timeline,
    /// `check:NAME`
    Check(Name),
    /// `metric:NAME`
    Metric(Name),
    /// `log:NAME` or `log:NAME FILTER`.
    Log(LogPanel),
}

/// The tail of one log or of all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogPanel {
    /// The log; `*` merges all.
    pub name: Name,
    /// What of it is shown, as written; it compiles. Empty shows all.
    pub filter: String,
}

impl LogPanel {
    /// All logs, merged, unfiltered.
    pub(crate) fn all() -> Self {
        Self { name: Name::from(ALL), filter: String::new() }
    }

    /// The log that is shown alone; `None` where all are merged.
    pub(crate) fn only(&self) -> Option<&Name> {
        (&*self.name != ALL).then_some(&self.name)
    }
}

/// The name that merges all logs.
const ALL: &str = "*";

/// The keys of a screen.
pub(crate) const KEYS: &[KeySpec] = &[
    key("title", Kind::Text, "How it is shown. Default its name"),
    key("key", Kind::Text, "The key that opens it"),
    key(
        "rows",
        Kind::Rows,
        "Rows of panels: services, alerts, actions, timeline, check:NAME, metric:NAME, log:NAME, log:NAME FILTER; *2 is a weight",
    ),
];

/// The section.
pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "screen",
    shape: spec::Shape::Named(KEYS),
    thing: Some(Thing::Screen),
    help: "A layout of panels",
    read: |reader, draft| draft.config.screens = reader.named(&SECTION).iter().filter_map(read).collect(),
    changes: |old, new, words| compare("screen", &old.screens, &new.screens, |screen| &screen.name, facts, words),
};

/// Reads a screen.
pub(crate) fn read(table: &Table<'_>) -> Option<ScreenLayout> {
    let rows = rows(table);
    if table.lacks(&["rows"]) {
        table.context.error(
            table.at,
            format!("{} has no rows", table.title),
            "write rows = [[\"services*2\", \"alerts\"], [\"log:*\"]]",
        );
    }
    Some(ScreenLayout {
        name: Name::from(table.name),
        title: table.string("title").unwrap_or_else(|| table.name.to_owned()),
        key: super::action::read_key(table),
        rows,
    })
}

fn rows(table: &Table<'_>) -> Vec<Vec<(Panel, u16)>> {
    let Some(entry) = table.entry("rows") else { return Vec::new() };
    let shape = |at: Place, found: &DeValue<'_>| {
        let message = format!("`rows` is a list of rows, each a list of panels, and this is {}", described(found));
        table.context.error(at, message, "write rows = [[\"services*2\", \"alerts\"], [\"log:*\"]]");
    };
    let place = |span: std::ops::Range<usize>| Place { file: entry.at.file, start: span.start, end: span.end };
    let DeValue::Array(rows) = entry.value else {
        shape(entry.at, entry.value);
        return Vec::new();
    };
    if rows.is_empty() {
        table.context.error(entry.at, "`rows` is empty", "write rows = [[\"services*2\", \"alerts\"]]");
    }
    let mut found = Vec::new();
    for row in rows {
        let DeValue::Array(panels) = row.get_ref() else {
            shape(place(row.span()), row.get_ref());
            continue;
        };
        if panels.is_empty() {
            table.context.error(place(row.span()), "this row has no panels", "name a panel, or remove the row");
        }
        let mut this = Vec::new();
        for item in panels {
            let at = place(item.span());
            match item.get_ref() {
                DeValue::String(value) => {
                    this.extend(panel(table, &Text { value: value.clone().into_owned(), at }));
                }
                other => shape(at, other),
            }
        }
        found.push(this);
    }
    found
}

/// `NAME`, `KIND:NAME`, either with `*WEIGHT`.
fn panel(table: &Table<'_>, text: &Text) -> Option<(Panel, u16)> {
    const KINDS: [&str; 7] = ["services", "alerts", "actions", "timeline", "check:NAME", "metric:NAME", "log:NAME"];
    let context = table.context;
    let (body, weight) = match text.value.rsplit_once('*') {
        // A filter may hold a star of its own.
        Some((_, digits)) if text.value.contains(' ') && !digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            (text.value.as_str(), 1)
        }
        Some((body, digits)) if !digits.is_empty() => match digits.parse::<u16>() {
            Ok(weight) if (1..=100).contains(&weight) => (body, weight),
            _ => {
                context.error(
                    text.at,
                    format!("`{digits}` is not a valid weight"),
                    "write a number from 1 to 100 after `*`",
                );
                return None;
            }
        },
        _ => (text.value.as_str(), 1),
    };
    let panel = match body.split_once(':') {
        None => match body {
            "services" => Panel::Services,
            "alerts" => Panel::Alerts,
            "actions" => Panel::Actions,
            "timeline" => Panel::Timeline,
            _ => {
                let hint = match nearest::nearest(body, KINDS[..4].iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("panels: {}", nearest::listed(KINDS.into_iter())),
                };
                context.error(text.at, format!("no panel named `{body}`"), hint);
                return None;
            }
        },
        Some(("check", name)) => Panel::Check(context.refer(Thing::Check, name, text.at)?),
        Some(("metric", name)) => Panel::Metric(context.refer(Thing::Metric, name, text.at)?),
        Some(("log", shown)) => Panel::Log(log(table, text, shown)?),
        Some((kind @ ("slo" | "table" | "backup" | "checklist"), _)) => {
            context.error(
                text.at,
                format!("`{kind}` panels are not in this version"),
                format!("panels: {}", nearest::listed(KINDS.into_iter())),
            );
            return None;
        }
        Some((kind, _)) => {
            let hint = format!("panels: {}", nearest::listed(KINDS.into_iter()));
            context.error(text.at, format!("no panel kind named `{kind}`"), hint);
            return None;
        }
    };
    Some((panel, weight))
}

/// `NAME`, `*`, either with a filter behind it. `log:*3` has come here as an empty name: all logs with weight 3.
fn log(table: &Table<'_>, text: &Text, shown: &str) -> Option<LogPanel> {
    let (name, filter) = shown.split_once(' ').unwrap_or((shown, ""));
    let name = match name {
        ALL | "" => Name::from(ALL),
        name => table.context.refer(Thing::Log, name, text.at)?,
    };
    if let Err(mut fault) = syntax::filter(filter) {
        let before = "log:".len() + shown.len() - filter.len();
        fault.offset = Some(before + fault.offset.unwrap_or(0));
        table.context.fault(text, "bad filter", &fault);
        return None;
    }
    Some(LogPanel { name, filter: filter.trim().to_owned() })
}

/// What a change is said by.
fn facts(screen: &ScreenLayout) -> Vec<Fact> {
    vec![
        summary("title", &screen.title),
        summary("key", screen.key.map_or_else(String::new, |key| key.to_string())),
        hidden("rows", &screen.rows),
    ]
}
