//! The draft of a handover: what the next person on call has to know, from what is on record.
//!
//! A section of which there is nothing says so: an empty one could as well be forgotten.

mod work;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

pub(crate) use self::work::{CertificateLeft, backup_actions};
use super::markdown::MarkdownText;
use crate::config::Config;
use crate::config::titles::{title_of, title_of_firing, title_of_login, title_of_match};
use crate::lang::order::InOrder;
use crate::lang::schedule::TimeWindow;
use crate::lang::unit;
use crate::model::maintenance::{MaintenanceWindow, clock_with_zone, from_to};
use crate::model::run::{Lock, Run};
use crate::model::thing::{AlertRecord, ChangeRecord, ChecklistRecord, IncidentRecord, SilenceRecord};
use crate::text::count::counted;
use crate::world::digest::{Digest, DigestLine, Outage, left_out};
use crate::world::unlike::UnlikeHour;

/// More pages than this in twelve hours are too many.
const BEARABLE: usize = 2;
/// How far back deployments are listed: some break things a day later.
pub(crate) const DEPLOYMENTS_OF: TimeDelta = TimeDelta::hours(48);
/// What stands where there is nothing.
const NONE: &str = "none";
/// The heading under which a person writes.
pub(crate) const WATCH_OUTS: &str = "Watch-outs";

/// What a draft is made of.
#[derive(Debug)]
pub(crate) struct HandoverInput<'a> {
    pub config: &'a Config,
    /// The layer that is handed over.
    pub layer: &'a str,
    /// Whose shift it was, as they are shown.
    pub who: String,
    /// Who is next, as they are shown; `None`: that is not known.
    pub next: Option<String>,
    /// The shift, as planned.
    pub shift: TimeWindow,
    /// The first moment after the next shift.
    pub next_until: DateTime<Utc>,
    pub now: DateTime<Utc>,
    /// What happened since the shift began.
    pub digest: &'a Digest,
    /// What happened in the last 48 hours.
    pub lately: &'a Digest,
    /// Alerts that fire.
    pub firing: Vec<&'a AlertRecord>,
    /// Silences that mute something now.
    pub silences: Vec<&'a SilenceRecord>,
    /// Maintenance that runs or begins until the next shift ends.
    pub windows: Vec<MaintenanceWindow>,
    /// Changes and freezes that run or begin until then, the earliest start first.
    pub changes: Vec<ChangeRecord>,
    pub locks: &'a [Lock],
    /// Runs that are not over.
    pub running: Vec<&'a Run>,
    /// The latest runs of the actions that make or prove backups, whatever became of them.
    pub backup_runs: &'a [Run],
    /// Incidents that are worked on.
    pub incidents: Vec<&'a IncidentRecord>,
    /// Runs of checklists, and rounds that were missed.
    pub rounds: Vec<&'a ChecklistRecord>,
    /// How long the certificates still hold that checks watch.
    pub certificates: &'a [CertificateLeft],
    /// What is unlike the same hour yesterday.
    pub unlike: &'a [UnlikeHour],
    /// Error budgets, a line each.
    pub budgets: Vec<String>,
    /// The last entry of the audit, and its hash in hex.
    pub head: Option<(u64, String)>,
    /// What the person wrote already.
    pub watch_outs: Vec<String>,
}

/// A draft. The fields and their names in JSON are a promise; some may be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct HandoverDraft {
    pub title: String,
    /// Whose shift, and from when until when.
    pub lead: String,
    pub sections: Vec<HandoverSection>,
}

/// One section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct HandoverSection {
    pub title: &'static str,
    /// Empty: there is nothing.
    pub lines: Vec<String>,
}

impl HandoverDraft {
    /// From what is on record: the same for the same input.
    pub(crate) fn new(input: &HandoverInput<'_>) -> Self {
        let console = &input.config.console;
        let environment =
            if console.environment.is_empty() { String::new() } else { format!(" ({})", console.environment) };
        let next = input.next.as_ref().map_or_else(String::new, |next| format!(" to {next}"));
        let clock = |at| input.clock(at);
        let lead = format!(
            "{} hands over {}{next}. Shift from {} to {}; written {}.",
            input.who,
            input.layer,
            clock(input.shift.start),
            clock(input.shift.end),
            clock(input.now)
        );
        let section = |title, lines| HandoverSection { title, lines };
        let sections = vec![
            section(WATCH_OUTS, input.watch_outs.clone()),
            section("Firing alerts", input.alerts()),
            section("Open incidents", input.incidents()),
            section("Incidents that ended in this shift", input.ended_incidents()),
            section("Silences", input.silenced()),
            section("Outages in this shift", input.outages()),
            section("Runs in this shift", input.runs()),
            section(
                "Deployments in the last 48 hours",
                lines_of(input, &input.lately.deployments, input.lately.left_out.deployments),
            ),
            section("Running and locked", input.held()),
            section("Checklists", input.checklists()),
            section("What else people did", lines_of(input, &input.digest.people, input.digest.left_out.people)),
            section("Error budgets", input.budgets.clone()),
            section("Unlike the same hour yesterday", input.unlike.iter().map(UnlikeHour::describe).collect()),
            section("Backups", input.backups()),
            section("Certificates", input.certificates()),
            section("Maintenance until the next shift ends", input.maintenance()),
            section("Changes and freezes until the next shift ends", input.planned()),
            section("Pages", input.pages()),
            section("Audit", input.audit()),
        ];
        Self { title: format!("Handover: {}{environment}", console.name), lead, sections }
    }

    /// As Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut out = MarkdownText::default();
        out.heading(1, &self.title);
        out.paragraph("", &self.lead);
        for section in &self.sections {
            out.heading(2, section.title);
            if section.lines.is_empty() {
                out.paragraph("", NONE);
            } else {
                out.list(&section.lines);
            }
        }
        out.finish()
    }
}

impl HandoverInput<'_> {
    fn clock(&self, at: DateTime<Utc>) -> String {
        clock_with_zone(at, self.now, self.config.console.timezone)
    }

    fn span(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> String {
        from_to((from, until), self.now, self.config.console.timezone)
    }

    fn alerts(&self) -> Vec<String> {
        let mut firing = self.firing.clone();
        firing.order_by(|one, other| {
            (other.severity, one.fired_at, &one.id).cmp(&(one.severity, other.fired_at, &other.id))
        });
        let line = |record: &&AlertRecord| {
            let (title, since) =
                (title_of_firing(self.config, &record.rule, &record.alert), self.clock(record.fired_at));
            let known = record.acknowledged.as_ref().filter(|known| known.until > self.now);
            let state = match known {
                Some(known) => {
                    let until = self.clock(known.until);
                    let ends = if known.until < self.next_until { ", in the next shift" } else { "" };
                    // Who has the shift is named as a contact: the same person has the same name here.
                    let people = known.people().map(|login| title_of_login(self.config, login.as_str()));
                    let people = people.collect::<Vec<_>>().join(", ");
                    format!("acknowledged by {people} until {until}{ends}: {}", known.why)
                }
                None => "not acknowledged".to_owned(),
            };
            format!("{} {title} since {since} ({} when it fired): {state}", record.severity.word(), record.value)
        };
        firing.iter().map(line).collect()
    }

    fn silenced(&self) -> Vec<String> {
        let mut silences = self.silences.clone();
        silences.order_by(|one, other| (one.until, &one.id).cmp(&(other.until, &other.id)));
        let line = |record: &&SilenceRecord| {
            let (what, until) = (title_of_match(self.config, &record.matching), self.clock(record.until));
            let ends = if record.until < self.next_until { ", in the next shift" } else { "" };
            format!("{what} until {until}{ends}, by {}: {}", record.by, record.why)
        };
        silences.iter().map(line).collect()
    }

    fn outages(&self) -> Vec<String> {
        let line = |outage: &Outage| {
            let from = outage
                .from
                .map_or_else(|| "from before the shift".to_owned(), |from| format!("from {}", self.clock(from)));
            let until = match outage.healed {
                Some(healed) => format!("to {}", self.clock(healed)),
                None => "until now, ongoing".to_owned(),
            };
            let reason = outage.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            format!("{} {} {from} {until}{reason}", outage.title, outage.worst.word())
        };
        left_out(self.digest.left_out.outages).into_iter().chain(self.digest.outages.iter().map(line)).collect()
    }

    fn runs(&self) -> Vec<String> {
        let (failed, others): (Vec<_>, Vec<_>) = self.digest.runs.iter().partition(|run| run.failed);
        let line = |mark: &str, line: &DigestLine| format!("{mark}{}", self.line(line));
        let failed = failed.into_iter().map(|run| line("FAILED ", &run.line));
        let all = failed.chain(others.into_iter().map(|run| line("", &run.line)));
        left_out(self.digest.left_out.runs).into_iter().chain(all).collect()
    }

    fn line(&self, line: &DigestLine) -> String {
        let by = line.by.as_ref().map_or_else(String::new, |by| format!(" ({by})"));
        format!("{} {}{by}", self.clock(line.at), line.text)
    }

    fn held(&self) -> Vec<String> {
        let running = self.running.iter().map(|run| {
            let title = title_of(&self.config.actions, &run.action);
            format!("{title}: {}, by {}", run.outcome(), run.who)
        });
        let locks = self.locks.iter().map(|lock| {
            let since = self.clock(lock.since);
            format!("{} locked by {} since {since}", lock.target, lock.holder)
        });
        running.chain(locks).collect()
    }

    fn maintenance(&self) -> Vec<String> {
        let line = |one: &MaintenanceWindow| {
            let span = self.span(one.window.start, one.window.end);
            let why = one.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            format!("{} {span}, {}{why}", one.title, one.services.describe())
        };
        self.windows.iter().map(line).collect()
    }

    fn planned(&self) -> Vec<String> {
        let line = |one: &ChangeRecord| {
            let span = self.span(one.from, one.until);
            let approval = if one.needs_approval() { ", not approved yet" } else { "" };
            let services = one.services.describe();
            format!("{} {} {span}, {services}: {}{approval}", one.word(), one.title, one.why)
        };
        self.changes.iter().map(line).collect()
    }

    fn pages(&self) -> Vec<String> {
        let pages = self.digest.pages;
        if pages == 0 {
            return Vec::new();
        }
        let half_days = (self.digest.until - self.digest.from).num_hours().max(12).cast_unsigned() / 12;
        let most = BEARABLE.saturating_mul(usize::try_from(half_days).unwrap_or(usize::MAX));
        let verdict = if pages > most { ", which is too many" } else { "" };
        let length = unit::duration(std::time::Duration::from_secs(
            (self.digest.until - self.digest.from).num_minutes().max(0).cast_unsigned() * 60,
        ));
        let mut lines = vec![format!("{} in {length}{verdict}", counted(pages as u64, "page"))];
        let unanswered = self.digest.unanswered;
        if unanswered > 0 {
            lines.push(format!("{} not acknowledged by anybody", counted(unanswered as u64, "alert")));
        }
        lines
    }

    fn audit(&self) -> Vec<String> {
        self.head.iter().map(|(seq, hash)| format!("head: entry {seq}, {hash}")).collect()
    }
}

fn lines_of(input: &HandoverInput<'_>, lines: &[DigestLine], cut: usize) -> Vec<String> {
    left_out(cut).into_iter().chain(lines.iter().map(|line| input.line(line))).collect()
}

/// Whether a text says nothing: whoever empties the file wants nothing to be offered.
pub(crate) fn is_blank(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::alert::Severity;
    use crate::model::thing::Acknowledgement;
    use crate::world::digest::SpanRecord;

    fn at(hour: i64) -> DateTime<Utc> {
        "2026-11-30T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hour)
    }

    fn alert(name: &str, severity: Severity, acknowledged: Option<i64>) -> AlertRecord {
        AlertRecord {
            id: format!("20261130T010000.000Z-check:{name}/{}/0", severity.word()).into(),
            alert: name.into(),
            rule: format!("check:{name}/{}/0", severity.word()).into(),
            severity,
            service: None,
            condition: "down".to_owned(),
            value: "DOWN <script>".into(),
            since: at(1),
            fired_at: at(1),
            seen: true,
            last: None,
            resolved_at: None,
            muted_because: None,
            acknowledged: acknowledged.map(|until| Acknowledgement {
                by: "ana".into(),
                why: "| # on it".into(),
                at: at(2),
                until: at(until),
                is_queued: false,
                link: None,
                with: Vec::new(),
                is_joint: false,
            }),
            used_links: Vec::new(),
            fence: 1,
        }
    }

    fn drafted(firing: &[AlertRecord], watch_outs: &[&str]) -> HandoverDraft {
        let record = SpanRecord { facts: &[], runs: &BTreeMap::new(), troubled: &BTreeMap::new(), incidents: &[] };
        let digest = Digest::new(record, &Config::default(), TimeWindow { start: at(0), end: at(8) });
        drafted_of(&digest, firing, watch_outs)
    }

    fn drafted_of(digest: &Digest, firing: &[AlertRecord], watch_outs: &[&str]) -> HandoverDraft {
        let config = Config::default();
        let shift = TimeWindow { start: at(0), end: at(9) };
        HandoverDraft::new(&HandoverInput {
            config: &config,
            layer: "primary",
            who: "Ana".to_owned(),
            next: Some("Ben".to_owned()),
            shift,
            next_until: at(18),
            now: at(8),
            digest,
            lately: digest,
            firing: firing.iter().collect(),
            silences: Vec::new(),
            windows: Vec::new(),
            changes: Vec::new(),
            locks: &[],
            running: Vec::new(),
            backup_runs: &[],
            incidents: Vec::new(),
            rounds: Vec::new(),
            certificates: &[],
            unlike: &[],
            budgets: Vec::new(),
            head: Some((42, "abc".to_owned())),
            watch_outs: watch_outs.iter().map(ToString::to_string).collect(),
        })
    }

    #[test]
    fn of_what_there_is_nothing_it_says_so() {
        let draft = drafted(&[], &[]);
        let text = draft.markdown();
        assert_eq!(text.matches("\nnone\n").count(), draft.sections.len() - 1, "{text}");
        assert!(text.contains("Ana hands over primary to Ben. Shift from 00:00 UTC to 09:00 UTC; written 08:00 UTC."));
        assert!(text.ends_with("## Audit\n\n- head: entry 42, abc\n"), "{text}");
        assert!(!is_blank(&text) && is_blank("\n# Handover\n \n"));
    }

    #[test]
    fn alerts_are_named_worst_first_with_the_end_of_their_acknowledgement_and_nothing_from_outside_is_markup() {
        let firing = [
            alert("web", Severity::Low, None),
            alert("api", Severity::Critical, Some(12)),
            alert("db", Severity::Critical, Some(7)),
        ];
        let draft = drafted(&firing, &["<b>disk</b>"]);
        assert_eq!(draft, drafted(&firing, &["<b>disk</b>"]), "the same for the same input");
        let alerts = &draft.sections[1].lines;
        assert_eq!(alerts.len(), 3);
        assert!(alerts[0].starts_with("critical api since 01:00 UTC"), "{alerts:?}");
        assert!(
            alerts[0].ends_with(": acknowledged by ana until 12:00 UTC, in the next shift: | # on it"),
            "{alerts:?}"
        );
        assert!(alerts[1].ends_with("): not acknowledged"), "its time is over: {alerts:?}");
        assert!(alerts[2].starts_with("low web"), "{alerts:?}");
        let text = draft.markdown();
        assert!(!text.contains("<script>") && !text.contains("<b>"), "{text}");
    }
    #[test]
    fn what_is_left_out_is_said_where_it_is_missing() {
        let record = SpanRecord { facts: &[], runs: &BTreeMap::new(), troubled: &BTreeMap::new(), incidents: &[] };
        let mut digest = Digest::new(record, &Config::default(), TimeWindow { start: at(0), end: at(8) });
        digest.left_out.outages = 1;
        digest.left_out.people = 12;
        let draft = drafted_of(&digest, &[], &[]);
        let lines: Vec<(&str, &str)> = draft
            .sections
            .iter()
            .flat_map(|section| section.lines.iter().map(|line| (section.title, line.as_str())))
            .filter(|(title, _)| *title != "Audit")
            .collect();
        let due = [
            ("Outages in this shift", "1 earlier entry left out"),
            ("What else people did", "12 earlier entries left out"),
        ];
        assert_eq!(lines, due);
    }
}
