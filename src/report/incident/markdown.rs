//! The report as Markdown: front matter for programs, then what a person reads, in the order of a post-mortem.

use std::fmt::Write as _;

use super::{EntryInReport, IncidentReport, LineInReport, Marked, PromiseInReport, TO_BE_WRITTEN};
use crate::model::incident::{EntryKind, EntryState, IncidentState};
use crate::report::markdown::{Align, MarkdownText};
use crate::report::spans::span;
use crate::text::count::counted;

/// The promise that an incident that was merged hands on.
const RESOLVE: &str = "Resolve";

impl IncidentReport {
    /// What is written of it into files, by what their names end with: the text last.
    ///
    /// # Errors
    /// It has no form in JSON.
    pub(crate) fn files(&self) -> serde_json::Result<[(&'static str, String); 2]> {
        Ok([("json", self.json()?), ("md", self.markdown())])
    }

    /// The whole text.
    pub(crate) fn markdown(&self) -> String {
        let mut out = MarkdownText::default();
        out.heading(1, &format!("{}: {}", self.id, self.title));
        out.paragraph(&format!("{}, {}.", self.severity.word(), self.state.word()), &self.summary());
        self.impact(&mut out);
        self.detection(&mut out);
        self.write_changes(&mut out);
        self.write_timeline(&mut out);
        self.write_updates(&mut out);
        self.causes(&mut out);
        out.heading(2, "Resolution");
        out.paragraph("", self.resolution.as_ref().map_or(TO_BE_WRITTEN, |why| why.as_str()));
        for (title, marked) in [
            ("What went well", Marked::Well),
            ("What went badly", Marked::Badly),
            ("Where we got lucky", Marked::Lucky),
        ] {
            out.heading(2, title);
            write_notes(&self.marked(marked), &mut out);
        }
        self.write_action_items(&mut out);
        self.write_people(&mut out);
        self.write_evidence(&mut out);
        format!("{}{}", self.front_matter(), out.finish())
    }

    /// Every value is written as JSON is, which YAML reads the same: nothing in it can be taken for anything else. Where a
    /// viewer knows no front matter, it is Markdown: what would be more than text there is written by its code point.
    fn front_matter(&self) -> String {
        let mut text = "---\n".to_owned();
        let mut field = |name: &str, value: Option<String>| {
            let value = value.map_or_else(|| "null".to_owned(), |value| quoted(&value));
            let _ = writeln!(text, "{name}: {value}");
        };
        field("schema", Some(self.schema.to_owned()));
        field("id", Some(self.id.to_string()));
        field("title", Some(self.title.to_string()));
        field("severity", Some(self.severity.word().to_owned()));
        field("state", Some(self.state.word().to_owned()));
        field("impact_started_at", Some(self.impact_started_at.clone()));
        field("detected_at", Some(self.detected_at.clone()));
        field("opened_at", Some(self.opened_at.clone()));
        field("acknowledged_at", self.acknowledged_at.clone());
        field("mitigated_at", self.mitigated_at.clone());
        field("resolved_at", self.resolved_at.clone());
        field("closed_at", self.closed_at.clone());
        field("lead", self.lead.as_ref().map(ToString::to_string));
        let services: Vec<&str> = self.services.iter().map(|name| &**name).collect();
        let _ = writeln!(text, "services: {}", serde_json::Value::from(services));
        text.push_str("---\n\n");
        text
    }

    pub(super) fn summary(&self) -> String {
        let about = if self.service_titles.is_empty() {
            String::new()
        } else {
            format!("Concerns {}. ", self.service_titles.join(", "))
        };
        let lasted = match self.figures.time_to_recover_s {
            Some(seconds) => format!(
                "It lasted {}, from {} to {}.",
                span(seconds as f64),
                self.impact_started_at,
                self.resolved_at.as_deref().unwrap_or("–")
            ),
            None => format!("It began at {}.", self.impact_started_at),
        };
        let other = match (&self.merged_into, self.state) {
            (Some(into), _) => format!(" It turned out to be {into}."),
            (None, IncidentState::FalseAlarm) => " It was a false alarm.".to_owned(),
            (None, _) => String::new(),
        };
        let merged = self.merged.iter().map(|id| &**id).collect::<Vec<_>>().join(", ");
        let merged = if merged.is_empty() { merged } else { format!(" {merged} turned out to be this incident.") };
        format!("{about}{lasted}{other}{merged}")
    }

    fn impact(&self, out: &mut MarkdownText) {
        out.heading(2, "Impact");
        let said = self.updates.iter().rev().find_map(|update| update.impact.as_ref());
        let mut items: Vec<String> = said.map(ToString::to_string).into_iter().collect();
        items.extend(self.marked(Marked::Impact).into_iter().map(|(_, text)| text.to_owned()));
        if items.is_empty() {
            items.push(TO_BE_WRITTEN.to_owned());
        }
        out.list(&items);
        let figure = |name: &str, formula: &str, seconds: Option<i64>| {
            let took = seconds.map_or_else(|| "–".to_owned(), |seconds| span(seconds as f64));
            vec![name.to_owned(), took, formula.to_owned()]
        };
        let figures = &self.figures;
        let mut rows = vec![
            figure("Time to detect", "detected minus impact started", figures.time_to_detect_s),
            figure("Time to acknowledge", "acknowledged minus alerted", figures.time_to_acknowledge_s),
            figure("Time to mitigate", "mitigated minus impact started", figures.time_to_mitigate_s),
            figure("Time to recover", "resolved minus impact started", figures.time_to_recover_s),
            figure("Time to respond", "resolved minus alerted", figures.time_to_respond_s),
        ];
        for one in &self.severities {
            let name = format!("Time as {}", one.severity.word());
            rows.push(figure(&name, "until it ended or the severity changed", Some(one.seconds)));
        }
        out.table(&[("Figure", Align::Left), ("Took", Align::Right), ("Is", Align::Left)], &rows);
        let promise = |name: &str, promise: &Option<PromiseInReport>| {
            promise.as_ref().map(|promise| {
                // What was merged is resolved with the other.
                let outcome = match (promise.kept, &self.merged_into) {
                    (Some(true), Some(into)) if name == RESOLVE => format!("continued in {into}"),
                    (Some(true), _) => "met".to_owned(),
                    (Some(false), _) => "missed".to_owned(),
                    (None, _) => "open".to_owned(),
                };
                format!("{name}, due {}: {outcome}", promise.due_at)
            })
        };
        let promises = [promise("Acknowledge", &self.acknowledge), promise(RESOLVE, &self.resolve)];
        let promises: Vec<String> = promises.into_iter().flatten().collect();
        if !promises.is_empty() {
            out.list(&promises);
        }
    }

    fn detection(&self, out: &mut MarkdownText) {
        out.heading(2, "Detection");
        let how = match (&self.opened_from, &self.alerted_at) {
            (Some(from), Some(at)) => {
                format!("Told by {from} at {at}; opened by {} at {}.", self.opened_by, self.opened_at)
            }
            (Some(from), None) => format!("Opened from {from} by {} at {}.", self.opened_by, self.opened_at),
            (None, _) => format!("Opened by hand by {} at {}.", self.opened_by, self.opened_at),
        };
        out.paragraph("", &how);
    }

    fn write_changes(&self, out: &mut MarkdownText) {
        if self.changes.is_empty() {
            return;
        }
        out.heading(2, "What changed before and meanwhile");
        let row = |one: &super::ChangeInReport| {
            let who = one.who.as_ref().map_or_else(String::new, ToString::to_string);
            vec![one.at.clone(), one.kind.to_string(), one.text.to_string(), who]
        };
        let columns = ["Time (UTC)", "Kind", "What", "Who"].map(|name| (name, Align::Left));
        out.long_table(&columns, &self.changes.iter().map(row).collect::<Vec<_>>());
    }

    fn write_timeline(&self, out: &mut MarkdownText) {
        out.heading(2, "Timeline");
        let row = |line: &LineInReport| {
            let who = line.who.as_ref().map_or_else(String::new, ToString::to_string);
            let later = if line.back_dated { " (added later)" } else { "" };
            vec![line.at.clone(), line.kind.to_owned(), format!("{}{later}", line.text), who]
        };
        let columns = ["Time (UTC)", "Kind", "What", "Who"].map(|name| (name, Align::Left));
        out.long_table(&columns, &self.timeline.iter().map(row).collect::<Vec<_>>());
    }

    fn write_updates(&self, out: &mut MarkdownText) {
        if self.updates.is_empty() {
            return;
        }
        out.heading(2, "Status updates");
        for update in &self.updates {
            out.heading(3, &format!("{} by {}", update.at, update.by));
            let field =
                |name: &str, text: &Option<crate::text::SafeText>| text.as_ref().map(|text| format!("{name}: {text}"));
            let mut items = vec![format!("Status: {}", update.status)];
            items.extend(field("Impact", &update.impact));
            items.extend(field("What is being done", &update.doing));
            items.extend(field("Workaround", &update.workaround));
            items.push(format!("Next update: {}", update.next_at));
            out.list(&items);
        }
    }

    fn causes(&self, out: &mut MarkdownText) {
        out.heading(2, "Causes");
        let of = |state| {
            let entries = self.entries.iter();
            entries.filter(move |entry| entry.kind == EntryKind::Hypothesis && entry.state == state)
        };
        let mut items: Vec<String> = of(EntryState::Confirmed).map(|entry| entry.text.to_string()).collect();
        items.extend(self.marked(Marked::Cause).into_iter().map(|(_, text)| text.to_owned()));
        if items.is_empty() {
            items.push(TO_BE_WRITTEN.to_owned());
        }
        out.list(&items);
        for (title, state) in [("Ruled out", EntryState::Eliminated), ("Open", EntryState::Open)] {
            let items: Vec<String> = of(state).map(|entry| entry.text.to_string()).collect();
            if !items.is_empty() {
                out.heading(3, title);
                out.list(&items);
            }
        }
    }

    fn write_action_items(&self, out: &mut MarkdownText) {
        out.heading(2, "Action items");
        let tasks = self.entries.iter().filter(|entry| entry.kind == EntryKind::Task);
        let item = |entry: &EntryInReport, text: &str| {
            let owner = entry.owner.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
            vec![text.to_owned(), owner, entry.state.word().to_owned(), entry.at.clone()]
        };
        let mut rows: Vec<Vec<String>> = tasks.map(|entry| item(entry, entry.text.as_str())).collect();
        for (entry, text) in self.marked(Marked::Todo) {
            let mut row = item(entry, text);
            EntryState::Open.word().clone_into(&mut row[2]);
            rows.push(row);
        }
        if rows.is_empty() {
            return out.paragraph("", TO_BE_WRITTEN);
        }
        let columns = ["What", "Owner", "State", "Since (UTC)"].map(|name| (name, Align::Left));
        out.long_table(&columns, &rows);
    }

    fn write_people(&self, out: &mut MarkdownText) {
        if self.roles.is_empty() {
            return;
        }
        out.heading(2, "Who did what");
        let row = |role: &super::RoleInReport| {
            let until = role.until.clone().unwrap_or_else(|| "still".to_owned());
            vec![role.role.to_owned(), role.who.to_string(), role.from.clone(), until]
        };
        let columns = ["Role", "Who", "From (UTC)", "Until (UTC)"].map(|name| (name, Align::Left));
        out.long_table(&columns, &self.roles.iter().map(row).collect::<Vec<_>>());
    }

    fn write_evidence(&self, out: &mut MarkdownText) {
        let pins: Vec<String> = self
            .entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Pin)
            .map(|entry| {
                let source = entry.source.as_ref().map_or_else(String::new, |source| format!("{source}: "));
                format!("{} {source}{} (pinned by {})", entry.at, entry.text, entry.by)
            })
            .collect();
        if self.evidence.is_empty() && pins.is_empty() && self.audit_head.is_none() {
            return;
        }
        out.heading(2, "Supporting information");
        if !pins.is_empty() {
            out.list(&pins);
        }
        if !self.evidence.is_empty() {
            let row = |file: &super::EvidenceInReport| {
                let size = counted(file.bytes, "byte");
                vec![file.at.clone(), format!("{}:{}", file.host, file.path), size, file.sha256.clone()]
            };
            let columns =
                [("Saved (UTC)", Align::Left), ("File", Align::Left), ("Size", Align::Right), ("SHA-256", Align::Left)];
            out.long_table(&columns, &self.evidence.iter().map(row).collect::<Vec<_>>());
        }
        if !self.evidence_missing.is_empty() {
            let missing = self.evidence_missing.iter().map(|text| format!("Not saved: {text}"));
            out.list(&missing.collect::<Vec<_>>());
        }
        if let Some(head) = &self.audit_head {
            out.paragraph("", &format!("Audit: entry {}, hash {}.", head.seq, head.hash));
        }
    }
}

/// A text as JSON and YAML read it, which does nothing as Markdown: no tag, no link, no code, no mention.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string().replace("://", ":\\u002f/");
    let is_markup = |letter: char| matches!(letter, '<' | '>' | '&' | '[' | ']' | '`' | '@');
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if is_markup(letter) {
            let _ = write!(out, "\\u{:04x}", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    out
}

fn write_notes(notes: &[(&EntryInReport, &str)], out: &mut MarkdownText) {
    if notes.is_empty() {
        return out.paragraph("", TO_BE_WRITTEN);
    }
    out.list(&notes.iter().map(|(entry, text)| format!("{text} ({})", entry.by)).collect::<Vec<_>>());
}
