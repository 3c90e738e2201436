//! How well the rounds were kept.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::scope::{ReportScope, When};
use crate::config::titles::title_of_checklist;
use crate::model::fact::{Fact, Statement};
use crate::report::markdown::{Align, MarkdownText};
use crate::text::name::Name;

/// The runs of one checklist that ended in the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RoundsKept {
    pub checklist: Name,
    pub title: String,
    /// Signed off.
    pub done: usize,
    /// Signed off before their window was over; those on demand always are.
    pub on_time: usize,
    /// Faster than a person looks.
    pub fast: usize,
    /// Periods that went by.
    pub missed: usize,
}

/// By checklist, in the order of their names.
pub(super) fn kept(scope: &ReportScope<'_>, facts: &[Fact]) -> Vec<RoundsKept> {
    let mut windows: HashMap<&Name, Option<DateTime<Utc>>> = HashMap::new();
    let mut by_list: BTreeMap<&Name, RoundsKept> = BTreeMap::new();
    for fact in facts {
        let list = match fact.said() {
            Statement::ChecklistStarted(said) => {
                windows.insert(&said.run, said.until);
                continue;
            }
            Statement::ChecklistSigned(said) => &said.checklist,
            Statement::ChecklistMissed(said) => &said.checklist,
            _ => continue,
        };
        if scope.when(fact.draft.at) != Some(When::Now) {
            continue;
        }
        let kept = by_list.entry(list).or_insert_with(|| RoundsKept {
            checklist: list.clone(),
            title: title_of_checklist(scope.config, list).to_owned(),
            done: 0,
            on_time: 0,
            fast: 0,
            missed: 0,
        });
        if let Statement::ChecklistSigned(said) = fact.said() {
            // One that began before anything is read had its time.
            let until = windows.get(&said.run).copied().flatten();
            kept.done += 1;
            kept.on_time += usize::from(until.is_none_or(|until| fact.draft.at < until));
            kept.fast += usize::from(said.fast);
        } else if let Statement::ChecklistMissed(said) = fact.said() {
            kept.missed += 1 + said.more as usize;
        }
    }
    by_list.into_values().collect()
}

pub(super) fn write(lists: &[RoundsKept], out: &mut MarkdownText) {
    if lists.is_empty() {
        return;
    }
    out.heading(2, "Checklists");
    let row = |one: &RoundsKept| {
        let counts = [one.done, one.on_time, one.fast, one.missed].map(|count| count.to_string());
        [one.title.clone()].into_iter().chain(counts).collect()
    };
    let right = ["Signed off", "On time", "Fast", "Missed"].map(|name| (name, Align::Right));
    let columns: Vec<_> = [("Checklist", Align::Left)].into_iter().chain(right).collect();
    out.table(&columns, &lists.iter().map(row).collect::<Vec<_>>());
}
