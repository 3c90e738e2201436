//! What the dialogs of incidents ask, and what is meant by what is typed.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::app::overlays::fields::DialogField;
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::fact::incident::IncidentOpened;
use crate::model::incident::IncidentState;
use crate::model::thing::IncidentRecord;
use crate::model::thing::incident::IncidentEntry;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;

/// An entry as it stands: what is left as it is is not corrected.
pub(super) fn of_entry(entry: &IncidentEntry, world: &World) -> Vec<DialogField> {
    let owner = entry.owner.as_ref().map_or("", SafeText::as_str);
    let at = entry.at.with_timezone(&world.config.console.timezone).format("%H:%M").to_string();
    vec![
        field("text", entry.text.as_str(), "in words"),
        field("owner", owner, "nobody yet"),
        DialogField::new("at", "", format!("{at}; 02:41 or 5m ago puts it between others")),
    ]
}

/// A field with what is filled in, and what stands there while it is empty.
pub(super) fn field(label: &'static str, text: &str, placeholder: &'static str) -> DialogField {
    DialogField::new(label, text, placeholder)
}

/// What is asked where one is opened.
pub(super) fn of_opening(draft: &IncidentOpened) -> Vec<DialogField> {
    let services: Vec<&str> = draft.services.iter().map(|name| &**name).collect();
    vec![
        field("title", draft.title.as_str(), "what is wrong, in a line"),
        field("severity", draft.severity.word(), "critical, high, medium or low"),
        field("services", &services.join(", "), "those that are concerned"),
        field("kind", draft.kind.as_deref().unwrap_or_default(), "none"),
    ]
}

/// What was said last is said again where it still holds.
pub(super) fn of_update(id: &Name, world: &World) -> Vec<DialogField> {
    let last = world.incident_record(id).and_then(|record| record.updates.last());
    let said = |text: Option<&SafeText>| text.map(ToString::to_string).unwrap_or_default();
    vec![
        field("status", "", "where it stands"),
        field("impact", &said(last.and_then(|last| last.said.impact.as_ref())), "who notices what"),
        field("doing", &said(last.and_then(|last| last.said.doing.as_ref())), "what is being done"),
        field("next", "", "as the severity says; 30m"),
        field("workaround", &said(last.and_then(|last| last.said.workaround.as_ref())), "none"),
        field("public", "no", "yes: on the status page too"),
    ]
}

/// What most likely comes next.
pub(super) const fn next_step(record: &IncidentRecord) -> &'static str {
    match record.state {
        IncidentState::Open => "acknowledge",
        IncidentState::Acknowledged => "mitigate",
        IncidentState::Mitigated => "resolve",
        IncidentState::Resolved => "close",
        IncidentState::Closed | IncidentState::Merged | IncidentState::FalseAlarm => "reopen",
    }
}

/// What a word means.
pub(super) fn one_of<T: Copy, const N: usize>(word: &str, words: [(&str, T); N], what: &str) -> Result<T, String> {
    let found = words.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning);
    found.ok_or_else(|| {
        let all: Vec<&str> = words.iter().map(|(other, _)| *other).filter(|other| !other.is_empty()).collect();
        let wrong = if word.is_empty() { format!("no {what}") } else { format!("no {what} named `{word}`") };
        format!("{wrong} (use {})", all.join(", "))
    })
}

/// The severity of a word or an alias.
pub(super) fn severity(name: &str, world: &World) -> Result<Severity, String> {
    let found = world.config.severity_named(name);
    found.ok_or_else(|| format!("no severity named `{name}` (use critical, high, medium or low)"))
}

/// `02:41` (the last one), `5m` ago; nothing: now.
pub(super) fn moment(written: &str, world: &World) -> Result<Option<DateTime<Utc>>, String> {
    let (now, zone) = (world.now.utc, world.config.console.timezone);
    let written = written.trim_end_matches("ago").trim();
    if written.is_empty() {
        return Ok(None);
    }
    if let Ok(time) = NaiveTime::parse_from_str(written, "%H:%M") {
        let today = now.with_timezone(&zone).date_naive();
        let at = zone.first_moment(today.and_time(time));
        let before = || zone.first_moment((today - TimeDelta::days(1)).and_time(time));
        return Ok(Some(if at > now { before() } else { at }));
    }
    let span = unit::parse_duration(written).map_err(|_| format!("`{written}` is not a time (use 02:41 or 5m)"))?;
    Ok(now.checked_sub_signed(TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)))
}
