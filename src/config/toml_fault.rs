//! The TOML parser's complaints, in words that say what to do.

use std::collections::{BTreeSet, HashMap};

use super::file::{FilePlace, SourceFile};
use super::reader::{KeyValue, entries};
use super::tree::{Node, TomlValue};
use crate::lang::diagnostic::{Diagnostic, DiagnosticLevel};

/// How every message of the parser begins.
pub(crate) const PREFIX: &str = "syntax: ";

/// The diagnostics of a file's syntax faults, and the lines that nothing else should be said of: what the parser could
/// not read it reads as something else, and the follow-on problems would only confuse.
pub(crate) fn explain<'a>(
    file: &'a SourceFile,
    index: usize,
    root: &'a [Node<'a>],
    faults: &[toml::de::Error],
) -> (Vec<Diagnostic>, BTreeSet<usize>) {
    let mut found = Vec::new();
    let mut unreadable = BTreeSet::new();
    let mut twice = BTreeSet::new();
    let mut firsts = None;
    for fault in faults {
        let span = fault.span().unwrap_or(0..0);
        let place = FilePlace { file: index, start: span.start, end: span.end };
        let (line, _) = file.position(span.start);
        let header = file.line(line).trim_start().starts_with('[');
        let message = fault.message().lines().collect::<Vec<_>>().join(", ");
        unreadable.insert(line);
        if !message.contains("duplicate key") {
            if header {
                unreadable.extend(below(file, line));
            }
            let hint = hint(file.line(line), &message);
            found.push(file.diagnostic(DiagnosticLevel::Error, place, format!("{PREFIX}{message}"), Some(hint)));
            continue;
        }
        // A section that is there twice has its keys twice: the section is worth a word, the keys are not.
        if header {
            twice.extend(below(file, line));
        }
        if !twice.contains(&line) {
            let firsts = firsts.get_or_insert_with(|| Firsts::find(file, root));
            let (message, hint) = duplicate(file, firsts, place, header);
            found.push(file.diagnostic(DiagnosticLevel::Error, place, format!("{PREFIX}{message}"), Some(hint)));
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
fn duplicate(file: &SourceFile, firsts: &Firsts<'_>, again: FilePlace, header: bool) -> (String, String) {
    let written = file.text.get(again.start..again.end).unwrap_or("").trim_matches(['"', '\'']);
    let (here, _) = file.position(again.start);
    let first = if header {
        // The parser keeps the place of the last header only.
        firsts.lines.get(before_comment(file.line(here))).copied().filter(|first| *first < here)
    } else {
        firsts.key_before(written, again.start).map(|byte| file.position(byte).0)
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

fn before_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or("").trim()
}

/// Where everything of a file is written first, found once for all that is there twice.
struct Firsts<'a> {
    /// Of each line without its comment, the number of the first that is the same.
    lines: HashMap<&'a str, usize>,
    /// The first bytes of the keys of each name, anywhere, in order.
    keys: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Firsts<'a> {
    fn find(file: &'a SourceFile, root: &'a [Node<'a>]) -> Self {
        let mut lines = HashMap::new();
        for line in 1..=file.lines() {
            lines.entry(before_comment(file.line(line))).or_insert(line);
        }
        let mut keys: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut open = entries(root, 0);
        while let Some(entry) = open.pop() {
            keys.entry(entry.key).or_default().push(entry.key_at.start);
            open.extend(inner(&entry));
        }
        for starts in keys.values_mut() {
            starts.sort_unstable();
        }
        Self { lines, keys }
    }

    /// The last key of that name before a byte.
    fn key_before(&self, name: &str, byte: usize) -> Option<usize> {
        let starts = self.keys.get(name)?;
        starts[..starts.partition_point(|start| *start < byte)].last().copied()
    }
}

fn inner<'a>(entry: &KeyValue<'a>) -> Vec<KeyValue<'a>> {
    match entry.value {
        TomlValue::Table(table) => entries(table, 0),
        _ => Vec::new(),
    }
}
