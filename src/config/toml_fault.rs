//! The TOML parser's complaints, in words that say what to do.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::diagnostic::{Diagnostic, Gravity};
use super::file::{Place, SourceFile};
use super::reader::{Entry, entries};

/// How every message of the parser begins.
pub const PREFIX: &str = "syntax: ";

/// The diagnostics of a file's syntax faults, and the lines that nothing else should be said of: what the parser could
/// not read it reads as something else, and the follow-on problems would only confuse.
pub fn explain(
    file: &SourceFile,
    index: usize,
    root: &DeTable<'_>,
    faults: &[toml::de::Error],
) -> (Vec<Diagnostic>, BTreeSet<usize>) {
    let mut found = Vec::new();
    let mut unreadable = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for fault in faults {
        let span = fault.span().unwrap_or(0..0);
        let place = Place { file: index, start: span.start, end: span.end };
        let (line, _) = file.position(span.start);
        let header = file.line(line).trim_start().starts_with('[');
        let message = fault.message().lines().collect::<Vec<_>>().join(", ");
        unreadable.insert(line);
        if !message.contains("duplicate key") {
            if header {
                unreadable.extend(below(file, line));
            }
            let hint = hint(file.line(line), &message);
            found.push(file.diagnostic(Gravity::Error, place, format!("{PREFIX}{message}"), Some(hint)));
            continue;
        }
        // A section that is there twice has its keys twice: the section is worth a word, the keys are not.
        if header {
            twice.extend(below(file, line));
        }
        if !twice.contains(&line) {
            let (message, hint) = duplicate(file, root, place, header);
            found.push(file.diagnostic(Gravity::Error, place, format!("{PREFIX}{message}"), Some(hint)));
        }
    }
    (found, unreadable)
}

/// The lines below a header, up to the next one.
fn below(file: &SourceFile, header: usize) -> impl Iterator<Item = usize> {
    (header + 1..=file.lines()).take_while(|line| !file.line(*line).trim_start().starts_with('['))
}

fn hint(line: &str, message: &str) -> String {
    let trimmed = line.trim();
    if message.contains("expected newline") && !trimmed.starts_with('[') {
        return "write one `key = value` a line".to_owned();
    }
    if let Some((key, value)) = trimmed.split_once('=')
        && !trimmed.starts_with('[')
    {
        let value = value.trim();
        if value.is_empty() {
            return format!("write a value: {}= \"…\"", key.trim_end().to_owned() + " ");
        }
        let quoted = value.starts_with(['"', '\'', '[', '{']);
        if !quoted && !value.contains('"') {
            let bare: String = value.split('#').next().unwrap_or(value).trim().chars().take(40).collect();
            return format!("put texts, durations and sizes in quotes: {} = \"{bare}\"", key.trim());
        }
        if value.starts_with('"') && (message.contains("escape") || value.contains('\\')) {
            return "write expressions in single quotes, where a backslash is literal: '…'".to_owned();
        }
        if value.starts_with(['"', '\'']) {
            return "close the quotes on the same line".to_owned();
        }
        return "close every bracket and brace, and put commas between".to_owned();
    }
    if trimmed.starts_with('[') {
        return "a section is written [kind.NAME]".to_owned();
    }
    "write key = value; `opsroom config example` shows how".to_owned()
}

/// What is there twice, and where the first is.
fn duplicate(file: &SourceFile, root: &DeTable<'_>, again: Place, header: bool) -> (String, String) {
    let written = file.text.get(again.start..again.end).unwrap_or("").trim_matches(['"', '\'']);
    let (here, _) = file.position(again.start);
    let first = if header {
        // The parser keeps the place of the last header only.
        let same = |line: &usize| {
            file.line(*line).split('#').next().map(str::trim) == file.line(here).split('#').next().map(str::trim)
        };
        (1..here).find(same)
    } else {
        before(root, written, again.start).map(|byte| file.position(byte).0)
    };
    let hint = match first {
        Some(first) => {
            let name = file.path.display();
            format!("first in {name}:{first}, again in {name}:{here}: rename or remove one")
        }
        None => "rename or remove one".to_owned(),
    };
    (format!("`{written}` is defined twice"), hint)
}

/// The last key of that name before a byte, anywhere.
fn before(root: &DeTable<'_>, name: &str, byte: usize) -> Option<usize> {
    let mut found = None;
    let mut open = entries(root, 0);
    while let Some(entry) = open.pop() {
        if entry.key == name && entry.key_at.start < byte {
            found = found.max(Some(entry.key_at.start));
        }
        open.extend(inner(&entry));
    }
    found
}

fn inner<'a>(entry: &Entry<'a>) -> Vec<Entry<'a>> {
    match entry.value {
        toml::de::DeValue::Table(table) => entries(table, 0),
        _ => Vec::new(),
    }
}
