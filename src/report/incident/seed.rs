//! The report in the plain form of runbooks that keep incidents by hand: a line for `incident.log`, and the headings of a page that
//! is filled in after it.

use std::fmt::Write as _;

use super::{IncidentReport, Marked, TO_BE_WRITTEN};
use crate::lang::unit::NOTHING;
use crate::model::alert::Severity;
use crate::model::incident::{EntryKind, EntryState};
use crate::report::spans::span;
use crate::text::SafeText;

/// What a severity is called where the configuration has no word of its own for it.
const fn priority(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "P0",
        Severity::High => "P1",
        Severity::Medium => "P2",
        Severity::Low => "P3",
    }
}

impl IncidentReport {
    /// The same in the form of a seed.
    pub(crate) fn seed_files(&self) -> [(&'static str, String); 2] {
        [("log", self.log_line()), ("md", self.seed())]
    }

    /// One line: when it was opened, how bad, which, what, and how it stands: for the end of a file that is read with `grep`.
    pub(crate) fn log_line(&self) -> String {
        let mut line = format!("{} {} {}: {}", self.opened_at, self.priority(), self.id, self.title);
        let services = self.services.iter().map(|name| &**name).collect::<Vec<_>>().join(", ");
        if !services.is_empty() {
            let _ = write!(line, " [{services}]");
        }
        let _ = write!(line, " - {}", self.state.word());
        if let Some(at) = &self.resolved_at {
            let _ = write!(line, " {at}");
        }
        if let Some(took) = self.figures.time_to_recover_s {
            let _ = write!(line, " after {}", span(took as f64));
        }
        if let Some(why) = &self.resolution {
            let _ = write!(line, ": {why}");
        }
        in_one_line(&line) + "\n"
    }

    /// The page, with what is known under its headings.
    pub(crate) fn seed(&self) -> String {
        let mut out = PlainText::default();
        out.line("# ", &format!("Incident report: {} {}", self.id, self.title));
        let lasted = self.figures.time_to_recover_s.map_or_else(|| NOTHING.to_owned(), |took| span(took as f64));
        let lead = self.lead.as_ref().map_or_else(|| NOTHING.to_owned(), ToString::to_string);
        out.list(&[
            format!("Date: {}", self.impact_started_at),
            format!("Severity: {} ({})", self.priority(), self.severity.word()),
            format!("Status: {}", self.state.word()),
            format!("Duration: {lasted}"),
            format!("Services: {}", or_dash(&self.service_titles)),
            format!("Lead: {lead}"),
        ]);
        out.heading("Summary");
        out.line("", &self.summary());
        out.heading("Impact");
        let said = self.updates.iter().rev().find_map(|update| update.impact.as_ref()).map(ToString::to_string);
        write_list(said.into_iter().chain(self.texts_of(Marked::Impact)), &mut out);
        out.heading("Timeline");
        let lines = self.timeline.iter().map(|line| {
            let who = line.who.as_ref().map_or_else(String::new, |who| format!(" ({who})"));
            format!("{} {}{who}", line.at, line.text)
        });
        write_list(lines, &mut out);
        out.heading("Root cause");
        let confirmed = self
            .entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Hypothesis && entry.state == EntryState::Confirmed);
        let causes = confirmed.map(|entry| entry.text.to_string());
        write_list(causes.chain(self.texts_of(Marked::Cause)), &mut out);
        out.heading("Resolution");
        out.line("", self.resolution.as_ref().map_or(TO_BE_WRITTEN, |why| why.as_str()));
        out.heading("Lessons learned");
        let lessons = [("Well", Marked::Well), ("Badly", Marked::Badly), ("Lucky", Marked::Lucky)];
        let lessons = lessons
            .into_iter()
            .flat_map(|(word, marked)| self.texts_of(marked).map(move |text| format!("{word}: {text}")));
        write_list(lessons, &mut out);
        out.heading("Action items");
        let tasks = self.entries.iter().filter(|entry| entry.kind == EntryKind::Task).map(|entry| {
            let owner = entry.owner.as_ref().map_or_else(String::new, |owner| format!(" ({owner})"));
            format!("{}{owner}: {}", entry.text, entry.state.word())
        });
        write_list(tasks.chain(self.texts_of(Marked::Todo)), &mut out);
        out.0
    }

    /// The word for its severity: the first of the configuration's own, else P0 to P3.
    fn priority(&self) -> &str {
        self.alias.as_deref().unwrap_or_else(|| priority(self.severity))
    }

    fn texts_of(&self, marked: Marked) -> impl Iterator<Item = String> {
        self.marked(marked).into_iter().map(|(_, text)| text.to_owned())
    }
}

/// A text that is read as it is, so that nothing in it is escaped: what is typed can't begin a line of its own.
#[derive(Default)]
struct PlainText(String);

impl PlainText {
    fn heading(&mut self, text: &str) {
        self.line("## ", text);
    }

    fn line(&mut self, mark: &str, text: &str) {
        self.block(mark, &[text]);
    }

    fn list<S: AsRef<str>>(&mut self, items: &[S]) {
        self.block("- ", items);
    }

    /// A block of lines, behind an empty one.
    fn block<S: AsRef<str>>(&mut self, mark: &str, items: &[S]) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        for item in items {
            // Writing into a string can't fail.
            let _ = writeln!(self.0, "{mark}{}", in_one_line(item.as_ref()));
        }
    }
}

/// A text without line breaks and other control characters.
fn in_one_line(text: &str) -> String {
    SafeText::new(&text.split_whitespace().collect::<Vec<_>>().join(" ")).to_string()
}

fn or_dash(titles: &[String]) -> String {
    if titles.is_empty() { NOTHING.to_owned() } else { titles.join(", ") }
}

fn write_list(items: impl Iterator<Item = String>, out: &mut PlainText) {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return out.line("", TO_BE_WRITTEN);
    }
    out.list(&items);
}
