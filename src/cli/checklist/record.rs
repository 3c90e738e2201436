//! The record of a run, as JSON and in lines.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::cli::output;
use crate::config::sections::checklist::ChecklistStep;
use crate::lang::time::rfc3339;
use crate::lang::unit;
use crate::model::checklist::StepState;
use crate::model::maintenance::clock_with_zone;
use crate::model::thing::{ChecklistRecord, CorrectedText, NotedText};
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::name::Name;
use crate::world::World;
use crate::world::checklists::round::{ChecklistRound, RoundStep};

/// A run, as JSON has it. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
struct RunJson<'a> {
    run: &'a Name,
    checklist: &'a Name,
    title: &'a SafeText,
    state: &'static str,
    due: Option<String>,
    late_from: Option<String>,
    started_at: Option<String>,
    started_by: Option<&'a SafeText>,
    ended_at: Option<String>,
    signed_by: Option<&'a SafeText>,
    on_time: Option<bool>,
    fast: Option<bool>,
    budget_s: Option<u64>,
    took_s: Option<i64>,
    /// Of one that was missed: periods right before it that went by too and have no run of their own.
    missed_before: u32,
    /// Whether the list is another one than in the run before.
    changed: bool,
    digest: Option<&'a str>,
    steps: Vec<StepJson<'a>>,
    notes: Vec<NoteJson<'a>>,
}

#[derive(Debug, Serialize)]
struct StepJson<'a> {
    id: &'a Name,
    title: &'a SafeText,
    kind: &'static str,
    state: StepState,
    value: Option<&'a SafeText>,
    limit: Option<&'a SafeText>,
    reason: Option<&'a SafeText>,
    /// When it was found to be so: the same as `found_at`.
    at: Option<String>,
    found_at: Option<String>,
    /// When the value was measured, which is before it was found; `null` where a person said it.
    measured_at: Option<String>,
    by: Option<&'a SafeText>,
    evidence: Option<&'a SafeText>,
    deferred_to: Option<&'a Name>,
    reused_from: Option<&'a Name>,
    reused_at: Option<String>,
    before: Option<&'a SafeText>,
    /// What a person typed before, oldest first.
    corrected: Vec<CorrectedJson<'a>>,
}

#[derive(Debug, Serialize)]
struct CorrectedJson<'a> {
    value: &'a SafeText,
    state: StepState,
    at: String,
    by: &'a SafeText,
}

#[derive(Debug, Serialize)]
struct NoteJson<'a> {
    step: Option<&'a Name>,
    text: &'a SafeText,
    at: String,
    by: &'a SafeText,
}

/// The word for how a run stands.
const fn state(record: &ChecklistRecord) -> &'static str {
    if record.signed.is_some() {
        "done"
    } else if record.missed.is_some() {
        "missed"
    } else {
        "running"
    }
}

/// Prints a run.
pub(super) fn print(world: &World, round: &ChecklistRound<'_>, json: bool) -> u8 {
    if !json {
        return output::print(&lines(world, round));
    }
    output::print_as_json("the run", &as_json(world, round))
}

fn as_json<'a>(world: &World, round: &'a ChecklistRound<'_>) -> RunJson<'a> {
    let record = round.record;
    let note = |note: &'a NotedText| NoteJson {
        step: note.step.as_ref(),
        text: &note.text,
        at: rfc3339(note.at),
        by: &note.by,
    };
    RunJson {
        run: &record.id,
        checklist: &record.checklist,
        title: &record.title,
        state: state(record),
        due: record.due.map(rfc3339),
        late_from: record.until.map(rfc3339),
        started_at: record.started.as_ref().map(|(at, _)| rfc3339(*at)),
        started_by: record.started.as_ref().map(|(_, by)| by),
        ended_at: record.ended_at().map(rfc3339),
        signed_by: record.signed.as_ref().map(|signed| &signed.by),
        on_time: (!record.is_open()).then(|| record.is_on_time()),
        fast: record.signed.as_ref().map(|signed| signed.fast),
        budget_s: record.budget_s,
        took_s: round.took(world.now.utc).map(|took| took.num_seconds()),
        missed_before: record.missed_before,
        changed: round.is_changed(),
        digest: record.signed.as_ref().map(|signed| signed.digest.as_str()),
        steps: round.steps.iter().map(step).collect(),
        notes: record.notes.iter().map(note).collect(),
    }
}

fn step<'a>(step: &'a RoundStep<'_>) -> StepJson<'a> {
    let answer = step.answer();
    let reused = answer.and_then(|answer| answer.reused.as_ref());
    StepJson {
        id: step.id(),
        title: &step.title,
        kind: step.kind().word(),
        state: step.state,
        value: step.value.as_ref(),
        limit: answer.and_then(|answer| answer.limit.as_ref()),
        reason: answer.and_then(|answer| answer.reason.as_ref()),
        at: answer.map(|answer| rfc3339(answer.at)),
        found_at: answer.map(|answer| rfc3339(answer.at)),
        measured_at: step.measured_at.map(rfc3339),
        by: answer.map(|answer| &answer.by),
        evidence: answer.and_then(|answer| answer.evidence.as_ref()),
        deferred_to: answer.and_then(|answer| answer.to.as_ref()),
        reused_from: reused.map(|reused| &reused.run),
        reused_at: reused.map(|reused| rfc3339(reused.at)),
        before: step.before.and_then(|before| before.value.as_ref()),
        corrected: step.record.corrected.iter().map(corrected).collect(),
    }
}

fn corrected(typed: &CorrectedText) -> CorrectedJson<'_> {
    CorrectedJson { value: &typed.value, state: typed.state, at: rfc3339(typed.at), by: &typed.by }
}

/// A run in lines: how it stands, then each step.
pub(super) fn lines(world: &World, round: &ChecklistRound<'_>) -> String {
    let record = round.record;
    let zone = round.list.map_or(world.config.console.timezone, |list| list.zone(world.config.console.timezone));
    let clock = |at| clock_with_zone(at, world.now.utc, zone);
    let before = missed_before(record);
    let mut text = format!("{} · {}{before} · {}\n", record.title, state(record), round.counts().describe());
    for (number, step) in (1..).zip(&round.steps) {
        let (about, times) = (about(world, step), times(step, clock));
        let _ = writeln!(text, "{number:>3} {:<14} {}{about}{times}", step.state.word(), step.title);
        let answer = step.answer();
        if let Some(evidence) = answer.and_then(|answer| answer.evidence.as_ref()) {
            for line in evidence.lines() {
                let _ = writeln!(text, "      | {line}");
            }
        }
        for typed in &step.record.corrected {
            let CorrectedText { value, state, at, by } = typed;
            let _ = writeln!(text, "      typed before by {by} {}: {value}, {}", clock(*at), state.word());
        }
        for note in record.notes.iter().filter(|note| note.step.as_ref() == Some(step.id())) {
            let _ = writeln!(text, "      note by {} {}: {}", note.by, clock(note.at), note.text);
        }
    }
    for note in record.notes.iter().filter(|note| note.step.is_none()) {
        let _ = writeln!(text, "note by {} {}: {}", note.by, clock(note.at), note.text);
    }
    if let Some(took) = round.took(world.now.utc).and_then(|took| took.to_std().ok()) {
        let budget = record.budget_s.map_or_else(String::new, |budget| {
            format!(" of {}", unit::duration(std::time::Duration::from_secs(budget)))
        });
        let _ = write!(text, "took {}{budget}", unit::age(took));
        if let Some(signed) = &record.signed {
            let late = if record.is_on_time() { "" } else { ", late" };
            let fast = if signed.fast { ", fast: under 2 s a step" } else { "" };
            let _ = write!(text, "; signed off by {} {}{late}{fast}", signed.by, clock(signed.at));
            let _ = write!(text, "\nrun digest {}", signed.digest);
        }
        text.push('\n');
    }
    text
}

/// `, and 41 periods before it`, where they have no run of their own.
pub(super) fn missed_before(record: &ChecklistRecord) -> String {
    match record.missed_before {
        0 => String::new(),
        more => format!(", and {} before it", counted(u64::from(more), "period")),
    }
}

/// `, measured 08:59 UTC, found 09:00 UTC`, of what was measured; `, so since 08:50 UTC` where it was found before that.
fn times(step: &RoundStep<'_>, clock: impl Fn(DateTime<Utc>) -> String) -> String {
    let Some(measured_at) = step.measured_at else { return String::new() };
    let found = step.answer().filter(|answer| answer.sensed && answer.reused.is_none());
    let found = found.map_or_else(String::new, |answer| {
        let how = if step.is_measured_again() { "so since" } else { "found" };
        format!(", {how} {}", clock(answer.at))
    });
    format!(", measured {}{found}", clock(measured_at))
}

/// `: 91 % (metric:disk < 85%), yesterday 84 %, waived: cleaning up, reused, 42m old`.
pub(super) fn about(world: &World, step: &RoundStep<'_>) -> String {
    let mut text = String::new();
    if let Some(value) = &step.value {
        let _ = write!(text, ": {value}");
    }
    let limit = step.config.map(ChecklistStep::limit).filter(|limit| !limit.is_empty());
    if let Some(limit) = limit.filter(|_| step.state == StepState::Failed) {
        let _ = write!(text, " (expected {limit})");
    }
    if let Some(before) = step
        .before
        .and_then(|before| before.value.as_ref())
        .filter(|_| step.value.as_ref() != step.before.and_then(|before| before.value.as_ref()))
    {
        let _ = write!(text, ", last time {before}");
    }
    if step.stale {
        text.push_str(", stale");
    }
    if let Some(answer) = step.answer() {
        if let Some(reason) = &answer.reason {
            let _ = write!(text, ", because: {reason}");
        }
        if let Some(to) = &answer.to {
            let _ = write!(text, ", to {to}");
        }
        if let Some(reused) = &answer.reused {
            let age = (world.now.utc - reused.at).to_std().unwrap_or_default();
            let _ = write!(text, ", reused, {} old", unit::age(age));
        }
    }
    text
}
