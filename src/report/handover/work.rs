//! What of a handover is about the work that goes on: incidents, checklists, backups, certificates.

use super::HandoverInput;
use crate::config::Config;
use crate::config::sections::action::Action;
use crate::config::titles::title_of;
use crate::lang::order::InOrder;
use crate::model::incident::{EntryKind, EntryState};
use crate::model::run::Run;
use crate::model::thing::{ChecklistRecord, IncidentRecord};
use crate::text::count::counted;
use crate::text::name::Name;
use crate::world::digest::{DigestIncident, left_out};

/// What verbs of actions begin with that make or prove backups.
const BACKUP: &str = "backup";
/// A certificate that ends within so many days of the next shift is named with that.
const SOON_DAYS: i64 = 14;

/// The actions that make or prove a backup.
pub(crate) fn backup_actions(config: &Config) -> impl Iterator<Item = &Action> {
    config.actions.iter().filter(|action| action.verb.starts_with(BACKUP))
}

/// How long a certificate still holds, as a check saw it just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateLeft {
    /// How the check is shown.
    pub title: String,
    /// Whole days; `None`: it did not answer.
    pub days: Option<i64>,
}

impl HandoverInput<'_> {
    /// Each open incident with its lead, its hypotheses and tasks, and what was said last to those outside.
    pub(super) fn incidents(&self) -> Vec<String> {
        self.incidents.iter().flat_map(|record| self.incident(record)).collect()
    }

    fn incident(&self, record: &IncidentRecord) -> Vec<String> {
        let id = &record.id;
        let lead = record.lead().map_or_else(|| "nobody leads".to_owned(), |who| format!("{who} leads"));
        let due = record.update_due_at().map(|at| format!(", next update due {}", self.clock(at)));
        let (severity, state) = (record.severity.word(), record.state.word());
        let since = self.clock(record.opened_at);
        let head = format!("{id} {severity} {}: {state} since {since}, {lead}", record.title);
        let mut lines = vec![format!("{head}{}", due.unwrap_or_default())];
        for (number, entry) in (1..).zip(&record.entries) {
            let is_open_task = entry.kind == EntryKind::Task && entry.state == EntryState::Open;
            if entry.kind != EntryKind::Hypothesis && !is_open_task {
                continue;
            }
            let owner = entry.owner.as_ref().map_or_else(String::new, |owner| format!(" ({owner})"));
            let (kind, state) = (entry.kind.word(), entry.state.word());
            lines.push(format!("{id} {kind} {number}, {state}: {}{owner}", entry.text));
        }
        lines.push(match record.updates.iter().rfind(|update| update.said.is_public).or(record.updates.last()) {
            Some(update) => {
                let whom = if update.said.is_public { "customer update" } else { "update, not public" };
                let field = |name: &str, text: Option<&crate::text::SafeText>| {
                    text.map_or_else(String::new, |text| format!("; {name}: {text}"))
                };
                let (impact, doing) =
                    (field("impact", update.said.impact.as_ref()), field("doing", update.said.doing.as_ref()));
                let workaround = field("workaround", update.said.workaround.as_ref());
                let (at, by, status) = (self.clock(update.at), &update.by, &update.said.status);
                format!("{id} last {whom} {at} by {by}: {status}{impact}{doing}{workaround}")
            }
            None => format!("{id} no status update was given"),
        });
        lines
    }

    /// Each incident that ended in this shift, whatever it was.
    pub(super) fn ended_incidents(&self) -> Vec<String> {
        let line = |one: &DigestIncident| {
            let (severity, from) = (one.severity.word(), self.clock(one.opened));
            Some(format!(
                "{} {severity} {}: {} {}, opened {from}",
                one.id,
                one.title,
                one.state,
                self.clock(one.ended?)
            ))
        };
        left_out(self.digest.left_out.incidents)
            .into_iter()
            .chain(self.digest.incidents.iter().filter_map(line))
            .collect()
    }

    /// What of checklists was passed over or failed in this shift, and which rounds were signed off in it, missed in it or are
    /// not signed off.
    pub(super) fn checklists(&self) -> Vec<String> {
        self.rounds.iter().flat_map(|record| self.round(record)).collect()
    }

    fn round(&self, record: &ChecklistRecord) -> Vec<String> {
        let due = record.due.map_or_else(String::new, |due| format!(" of {}", self.clock(due)));
        let round = format!("{}{due}", record.title);
        let is_of_shift = |at| at >= self.digest.from && at <= self.now;
        if let Some(at) = record.missed {
            return if is_of_shift(at) { vec![format!("{round}: missed")] } else { Vec::new() };
        }
        let mut lines = Vec::new();
        if let Some(signed) = &record.signed {
            if is_of_shift(signed.at) {
                lines.push(format!("{round}: signed off by {} {}", signed.by, self.clock(signed.at)));
            }
        } else {
            let by = record.started.as_ref().map_or_else(String::new, |(_, by)| format!(", begun by {by}"));
            lines.push(format!("{round}: not signed off{by}"));
        }
        for step in &record.steps {
            let Some(answer) = step.answer.as_ref().filter(|answer| is_of_shift(answer.at)) else { continue };
            let is_left = answer.state.is_passed_over() || answer.state == crate::model::checklist::StepState::Failed;
            if !is_left {
                continue;
            }
            let why = answer.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            let to = answer.to.as_ref().map_or_else(String::new, |to| format!(" to {to}"));
            let (state, by, at) = (answer.state.word(), &answer.by, self.clock(answer.at));
            lines.push(format!("{round}: {} {state}{to} by {by} {at}{why}", step.asked.title));
        }
        lines
    }

    /// The last run of each action that makes or proves a backup.
    pub(super) fn backups(&self) -> Vec<String> {
        backup_actions(self.config).map(|action| self.backup(&action.name)).collect()
    }

    fn backup(&self, action: &Name) -> String {
        let title = title_of(&self.config.actions, action);
        let of_it = |run: &&Run| run.action == *action && !run.dry_run && !run.state.is_open();
        let Some(last) = self.backup_runs.iter().filter(of_it).max_by_key(|run| run.started_at) else {
            return format!("{title}: no run on record");
        };
        let proven = last.proven().map_or_else(String::new, |proven| format!(", proven: {proven}"));
        let mark = if last.state.is_good() { "" } else { "FAILED " };
        format!("{mark}{title}: {} {}{proven}", last.outcome(), self.clock(last.started_at))
    }

    /// How long certificates still hold, the shortest first.
    pub(super) fn certificates(&self) -> Vec<String> {
        let shift_days = (self.next_until - self.now).num_days();
        let mut certificates: Vec<&CertificateLeft> = self.certificates.iter().collect();
        certificates.order_by(|one, other| (one.days, &one.title).cmp(&(other.days, &other.title)));
        let left = |days: i64| format!("{} left", counted(days.unsigned_abs(), "day"));
        let line = |one: &&CertificateLeft| match one.days {
            Some(days) if days < 0 => format!("{}: expired", one.title),
            Some(days) if days <= shift_days => format!("{}: {}, ends in the next shift", one.title, left(days)),
            Some(days) if days <= shift_days + SOON_DAYS => format!("{}: {}, ends soon", one.title, left(days)),
            Some(days) => format!("{}: {}", one.title, left(days)),
            None => format!("{}: not known, it did not answer", one.title),
        };
        certificates.iter().map(line).collect()
    }
}
