//! Alerts that reach nobody, and channels that nothing uses: what only shows when all sections are known.

use std::collections::BTreeSet;

use super::Config;
use super::draft::SectionReader;
use super::reader::{KeyValue, ReadContext, entries};
use super::tree::TomlValue;
use crate::model::alert::Severity;
use crate::text::name::Name;

/// Warns of both, once there are channels: without them nobody is to be told.
pub(crate) fn look(context: &ReadContext<'_>, reader: &SectionReader<'_>, config: &Config) {
    if reader.entries("notify").is_empty() {
        return;
    }
    let mut seen: BTreeSet<Severity> = BTreeSet::new();
    let conditions = ["check", "metric"].into_iter().flat_map(|section| reader.entries(section)).flat_map(conditions);
    for written in conditions {
        let Some(severity) = context.known_severity(written.key) else { continue };
        // Once for each severity: the first place stands for all.
        if seen.insert(severity) && !is_defined(context, severity) {
            let message = format!("{} alerts notify nobody", severity.word());
            let hint = format!("add [severity.{}] with notify = [\"CHANNEL\"]", severity.word());
            context.warning(written.key_at, message, hint);
        }
    }
    let by_severity = config.severities.iter().flat_map(|rule| &rule.notify);
    let by_contact = config.contacts.iter().flat_map(|contact| &contact.notify);
    let by_maintenance = config.maintenance.iter().flat_map(|maintenance| &maintenance.notify);
    let by_handover = config.oncall.iter().flat_map(|oncall| &oncall.notify);
    let by_freeze = config.freezes.iter().flat_map(|freeze| &freeze.notify);
    let by_calendar = by_maintenance.chain(by_freeze);
    let used: BTreeSet<&Name> = by_severity.chain(by_contact).chain(by_calendar).chain(by_handover).collect();
    let unused = config.channels.iter().filter(|channel| !used.contains(&channel.name));
    for channel in unused {
        let place = reader.entries("notify").iter().find(|entry| *entry.key == *channel.name);
        if let Some(place) = place {
            let message = format!("nothing notifies by `{}`", channel.name);
            let hint = format!("name it: [severity.critical] notify = [\"{}\"]", channel.name);
            context.warning(place.key_at, message, hint);
        }
    }
}

/// Whether a severity has a section, also one with problems.
fn is_defined(context: &ReadContext<'_>, severity: Severity) -> bool {
    context.names.get("severity").is_some_and(|names| names.contains_key(severity.word()))
}

/// The conditions of a check or metric, by their severities.
fn conditions<'a>(thing: &KeyValue<'a>) -> Vec<KeyValue<'a>> {
    fn inner<'a>(entry: &KeyValue<'a>) -> Vec<KeyValue<'a>> {
        match entry.value {
            TomlValue::Table(inner) => entries(inner, entry.at.file),
            _ => Vec::new(),
        }
    }
    inner(thing).iter().find(|entry| entry.key == "alert").map(inner).unwrap_or_default()
}
