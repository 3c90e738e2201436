//! Runs of actions and releases.

use std::collections::BTreeMap;

use serde::Serialize;

use super::scope::{ReportScope, When};
use crate::config::titles::{title_of, title_of_service};
use crate::lang::order::InOrder;
use crate::model::fact::{Fact, Statement};
use crate::model::run::{Run, RunState};
use crate::report::markdown::{Align, MarkdownText};
use crate::report::spans::{CountsBefore, SpanSpread, span};
use crate::text::name::Name;

/// The runs of one action that began in the period; dry runs are left out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ActionRuns {
    pub action: Name,
    pub title: String,
    pub runs: usize,
    /// In the period before.
    pub runs_before: usize,
    /// Verified, or ended well with nothing to verify.
    pub succeeded: usize,
    /// Failed, timed out, killed, regressed or not recovered.
    pub failed: usize,
    /// Refused or cancelled.
    pub stopped: usize,
    /// Under way, inconclusive, or of unknown outcome.
    pub unclear: usize,
    /// From confirmed to the outcome, of those that succeeded.
    pub took: Option<SpanSpread>,
}

/// The releases of one service in the period.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Releases {
    pub service: Name,
    pub title: String,
    pub count: usize,
    /// In the period before.
    pub count_before: usize,
    /// The last version.
    pub version: String,
}

/// By action, the one with most runs first.
pub(super) fn by_action(scope: &ReportScope<'_>, runs: &[&Run]) -> Vec<ActionRuns> {
    let mut by_action: BTreeMap<&Name, (Vec<&Run>, usize)> = BTreeMap::new();
    for run in runs.iter().filter(|run| !run.dry_run) {
        let Some(when) = scope.when(run.started_at) else { continue };
        let (now, before) = by_action.entry(&run.action).or_default();
        match when {
            When::Now => now.push(run),
            When::Before => *before += 1,
        }
    }
    let known = by_action.into_iter().filter(|(_, (now, _))| !now.is_empty());
    let mut actions: Vec<ActionRuns> = known
        .map(|(action, (runs, runs_before))| {
            let count = |is: fn(RunState) -> bool| runs.iter().filter(|run| is(run.state)).count();
            let good = runs.iter().filter(|run| run.state.is_good());
            ActionRuns {
                action: action.clone(),
                title: title_of(&scope.config.actions, action).to_owned(),
                runs: runs.len(),
                runs_before,
                succeeded: count(RunState::is_good),
                failed: count(has_failed),
                stopped: count(|state| matches!(state, RunState::Refused | RunState::Cancelled)),
                unclear: count(is_unclear),
                took: SpanSpread::new(good.filter_map(|run| Some(run.took()?.as_secs_f64())).collect()),
            }
        })
        .collect();
    actions.order_by(|one, other| other.runs.cmp(&one.runs).then(one.action.cmp(&other.action)));
    actions
}

fn has_failed(state: RunState) -> bool {
    use RunState::{Failed, Killed, NotRecovered, Regressed, TimedOut};
    matches!(state, Failed | TimedOut | Killed | Regressed | NotRecovered)
}

fn is_unclear(state: RunState) -> bool {
    state.is_open() || matches!(state, RunState::Inconclusive | RunState::Unknown)
}

/// By service, in the order of their names.
pub(super) fn releases(scope: &ReportScope<'_>, facts: &[Fact]) -> Vec<Releases> {
    let mut by_service: BTreeMap<&Name, Releases> = BTreeMap::new();
    for fact in facts {
        let Statement::Deployed(said) = fact.said() else { continue };
        let Some(when) = scope.when(fact.draft.at) else { continue };
        let of_service = by_service.entry(&said.service).or_insert_with(|| Releases {
            service: said.service.clone(),
            title: title_of_service(scope.config, &said.service).to_owned(),
            count: 0,
            count_before: 0,
            version: String::new(),
        });
        match when {
            When::Now => {
                of_service.count += 1;
                of_service.version = said.version.to_string();
            }
            When::Before => of_service.count_before += 1,
        }
    }
    by_service.into_values().filter(|one| one.count > 0).collect()
}

pub(super) fn write(
    actions: &[ActionRuns],
    releases: &[Releases],
    counts_before: CountsBefore,
    out: &mut MarkdownText,
) {
    if !actions.is_empty() {
        out.heading(2, "Runs");
        let row = |one: &ActionRuns| {
            let took = one.took.as_ref().map(|took| [took.median_s, took.max_s].map(span));
            let took = took.unwrap_or_else(|| ["–", "–"].map(str::to_owned));
            let runs = [one.runs.to_string(), counts_before.cell(one.runs_before)];
            let counts = [one.succeeded, one.failed, one.stopped, one.unclear].map(|count| count.to_string());
            [one.title.clone()].into_iter().chain(runs).chain(counts).chain(took).collect()
        };
        let before = counts_before.column();
        let right = ["Runs", &before, "Succeeded", "Failed", "Stopped", "Unclear", "Took (median)", "Longest"];
        let columns: Vec<_> =
            [("Action", Align::Left)].into_iter().chain(right.map(|name| (name, Align::Right))).collect();
        out.table(&columns, &actions.iter().map(row).collect::<Vec<_>>());
    }
    if !releases.is_empty() {
        out.heading(2, "Releases");
        let row = |one: &Releases| {
            vec![one.title.clone(), one.count.to_string(), counts_before.cell(one.count_before), one.version.clone()]
        };
        let before = counts_before.column();
        let columns = [
            ("Service", Align::Left),
            ("Releases", Align::Right),
            (before.as_str(), Align::Right),
            ("Last version", Align::Left),
        ];
        out.table(&columns, &releases.iter().map(row).collect::<Vec<_>>());
    }
}
