//! What happened lately, as text for somebody who was not there.

use std::fmt::Write as _;
use std::time::Duration;

use super::World;
use super::services::ServiceView;
use super::timeline::{EventKind, TimelineEntry};
use crate::lang::tz::Tz;
use crate::model::status::Status;

/// Entries at most, the latest: more is no message to a colleague.
const MOST: usize = 60;
/// Services at most that are not well, the worst.
const WORST: usize = 50;

impl World {
    /// What is wrong now and what happened in the last `span`, oldest first, in UTC: it is read elsewhere.
    pub(crate) fn recap(&self, span: Duration) -> String {
        let console = &self.config.console;
        let environment =
            if console.environment.is_empty() { String::new() } else { format!(" ({})", console.environment) };
        let from = self.now.utc - span;
        let (from, to) = (from.format("%Y-%m-%d %H:%M"), self.now.utc.format("%H:%M UTC"));
        let mut out = format!("{}{environment}, {from} to {to}\n", console.name);
        let mut unwell =
            self.services.iter().filter(|service| !matches!(service.status, Status::Ok | Status::Cold)).peekable();
        if unwell.peek().is_none() {
            out.push_str("now: all services ok\n");
        }
        for service in unwell.by_ref().take(WORST) {
            let _ = writeln!(out, "now: {}", self.service_line(service));
        }
        let more = unwell.count();
        if more > 0 {
            let _ = writeln!(out, "now: … and {more} more not ok");
        }
        let mut lately = self.timeline.shown().take_while(|entry| self.now.since(entry.at) <= span);
        let latest: Vec<&TimelineEntry> = lately.by_ref().take(MOST).collect();
        if latest.is_empty() {
            out.push_str("nothing happened\n");
        }
        let before = lately.count();
        if before > 0 {
            let _ = writeln!(out, "… and {before} more before");
        }
        for entry in latest.into_iter().rev() {
            let _ = writeln!(out, "{} {}", entry.at.utc.format("%H:%M:%SZ"), self.event_line(entry));
        }
        out
    }

    /// How a service stands, since when and why, in a line.
    fn service_line(&self, service: &ServiceView) -> String {
        let since = service.since.map_or_else(String::new, |since| format!(" {}", since.describe(self.now, Tz::UTC)));
        let why = match (self.own_words(service), service.by()) {
            (_, Some(by)) if service.is_explained() => format!(" · by {}", self.title_of_service(by)),
            (Some(why), _) => format!(" · {why}"),
            (None, _) => String::new(),
        };
        format!("{} {}{since}{why}", service.title, service.status.word())
    }

    /// What happened, with what it happened to, in a line.
    fn event_line(&self, entry: &TimelineEntry) -> String {
        let reason = |sign: &str| entry.reason.as_ref().map_or_else(String::new, |reason| format!("{sign}{reason}"));
        match &entry.kind {
            EventKind::Status { check, to, .. } => {
                format!("{} {}{}", self.title_of_check(check), to.word(), reason(" · "))
            }
            EventKind::Deployed { release, who } => format!("{release} deployed by {who}{}", reason(": ")),
            EventKind::Fired(_) => format!("alert: {}", entry.text),
            _ => self.event_text(entry).to_string(),
        }
    }
}
