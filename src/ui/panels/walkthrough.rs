//! The steps of a run, what is known of the selected one, and the panel that belongs to it.

use ratatui::layout::Rect;

use super::{Height, Listing, PanelView, Room, find, frame, framed, next_key, note};
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::panels::walkthrough::beside;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::config::sections::checklist::{ChecklistStep, StepTask};
use crate::config::titles::title_of_checklist;
use crate::lang::unit;
use crate::model::checklist::StepState;
use crate::model::maintenance::clock_with_zone;
use crate::model::status::Status;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table::{Column, Table, TableRow, longest};
use crate::world::checklists::round::{ChecklistRound, RoundStep};

/// The title of a step and what was found are whole where there is room for it.
fn columns(round: &ChecklistRound<'_>) -> [Column; 4] {
    let title = longest(round.steps.iter().map(|step| step.title.as_str()), 16, 80);
    let value = round.steps.iter().map(|step| value_of(step).width()).max().unwrap_or(0);
    let value = u16::try_from(value).unwrap_or(u16::MAX).clamp(48, 160);
    [
        Column::text("state", 10, 10, 0),
        Column::text("step", 16, title, 0),
        Column::text("value", 10, value, 1),
        Column::text("by", 8, 20, 2),
    ]
}

/// Lines of evidence that are shown.
const EVIDENCE: usize = 12;

pub(super) struct Walkthrough;

impl PanelView for Walkthrough {
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        let rows = state.rows(id).len();
        Some(Height { share: framed(rows), most: framed(rows).max(4), ..Height::from(room.list(rows.max(4))) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let inner = Frame::inner(area);
        let Some(record) = state.shown_round() else {
            frame(state, painter, id, "walkthrough").draw(painter, area);
            note(painter, inner, id.clone());
            Notice::empty("no run of this checklist yet", next_key(state, Command::Open, "on a checklist starts it"))
                .draw(painter, inner);
            return;
        };
        let round = state.seen().round(record);
        let listing = Listing::new(state, id, usize::from(inner.height));
        let glyphs = painter.glyphs();
        let mut frame = frame(state, painter, id, Span::made(record.title.to_string()));
        for words in about(state, &round) {
            frame = frame.with(words, glyphs.dot);
        }
        frame.foot(listing.position()).draw(painter, area);
        note(painter, inner, id.clone());
        let rows = listing.visible().iter().filter_map(|key| match key {
            RowKey::Step(_, Some(step)) => Some(row(state, &round, round.place_of(step)?, glyphs)),
            RowKey::Step(_, None) => Some(sign_row(&round)),
            _ => None,
        });
        let rows = rows.collect();
        Table { columns: &columns(&round), rows, selected: listing.selected, headings: false }.draw(painter, inner);
    }
}

/// What the title says of a run: how far it is, its time against the budget, what is unusual about it.
fn about(state: &State, round: &ChecklistRound<'_>) -> Vec<Line<'static>> {
    let (counts, record) = (round.counts(), round.record);
    let mut words = vec![Line::styled(format!("{} of {}", counts.terminal(), counts.total()), Role::Text)];
    if let Some(took) = round.took(state.seen().now.utc).and_then(|took| took.to_std().ok()) {
        let budget = record.budget_s.map(std::time::Duration::from_secs);
        let over = budget.is_some_and(|budget| took > budget);
        let of = budget.map_or_else(String::new, |budget| format!(" of {}", unit::duration(budget)));
        let role = if over { Role::StatusDegraded } else { Role::TextDim };
        words.push(Line::styled(format!("{}{of}", unit::age(took)), role));
    }
    if round.is_outdated() {
        words.push(Line::styled("the list changed since this run started", Role::StatusDegraded));
    } else if round.is_changed() {
        words.push(Line::styled("the list changed since your last run", Role::StatusDegraded));
    }
    if let Some(signed) = &record.signed {
        let fast = if signed.fast { ", fast" } else { "" };
        words.push(Line::styled(format!("signed off by {}{fast}", signed.by), Role::StatusOk));
    } else if record.missed.is_some() {
        words.push(Line::styled("missed", Role::StatusDegraded));
    } else if let Some((_, by)) = &record.started {
        words.push(Line::styled(format!("by {by}"), Role::TextDim));
    }
    words
}

fn mark(step: &RoundStep<'_>, glyphs: GlyphSet) -> Line<'static> {
    let (sign, word, role) = match step.state {
        _ if step.running => (Status::Pending.glyph(glyphs.ascii), "running", Role::StatusPending),
        _ if step.stale => (Status::Unknown.glyph(glyphs.ascii), "stale", Role::MarkStale),
        StepState::Passed => (Status::Ok.glyph(glyphs.ascii), "passed", Role::StatusOk),
        StepState::Failed => (Status::Down.glyph(glyphs.ascii), "failed", Role::StatusDegraded),
        StepState::Open => (if glyphs.ascii { "[]" } else { "□" }, "open", Role::TextStrong),
        StepState::Skipped => ("-", "skipped", Role::MarkSilenced),
        StepState::Waived => ("-", "waived", Role::MarkSilenced),
        StepState::Deferred => (">", "deferred", Role::MarkSilenced),
        StepState::NotApplicable => ("-", "n/a", Role::TextDim),
    };
    Line::styled(sign, role).and(" ", Role::Text).and(word, role)
}

/// What was found, and why it is as it is.
fn value_of(step: &RoundStep<'_>) -> Line<'static> {
    let value = step.value.as_ref().map_or_else(Line::new, |value| Line::styled(value.to_string(), Role::Text));
    match step.answer().and_then(|answer| answer.reason.as_ref()) {
        Some(reason) => value.then(reason.to_string(), Role::TextDim),
        None => value,
    }
}

fn row<'a>(state: &State, round: &ChecklistRound<'a>, at: usize, glyphs: GlyphSet) -> TableRow<'a> {
    let step = &round.steps[at];
    let dim = step.state.is_terminal() || step.gate.is_some();
    let title = Line::styled(step.title.to_string(), if dim { Role::Text } else { Role::TextStrong });
    let value = value_of(step);
    let mut by = String::new();
    if let Some(answer) = step.answer() {
        if let Some(reused) = &answer.reused {
            by = format!("reused, {} old", unit::age((state.seen().now.utc - reused.at).to_std().unwrap_or_default()));
        } else if !answer.sensed {
            by = answer.by.to_string();
        }
    }
    if step.queued {
        "queued on disk".clone_into(&mut by);
    }
    TableRow {
        cells: vec![mark(step, glyphs), title, value, Line::styled(by, Role::TextDim)],
        target: Some(Target::Row(RowKey::Step(round.record.id.clone(), Some(step.id().clone())))),
        ..TableRow::default()
    }
}

fn sign_row<'a>(round: &ChecklistRound<'_>) -> TableRow<'a> {
    let counts = round.counts();
    let left = counts.open + counts.failed;
    let (word, role) = match left {
        0 => ("sign off".to_owned(), Role::TextStrong),
        left => (format!("sign off: {left} left"), Role::TextDim),
    };
    TableRow {
        cells: vec![Line::new(), Line::styled(word, role), Line::new(), Line::new()],
        target: Some(Target::Row(RowKey::Step(round.record.id.clone(), None))),
        ..TableRow::default()
    }
}

pub(super) struct StepDetail;

impl PanelView for StepDetail {
    fn height(&self, state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        let lines = lines(state).len().max(1);
        let most = framed(lines).max(3);
        Some(Height { share: most, most, ..Height::from(if room.is_low() { 3 } else { 4 }) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let inner = frame(state, painter, id, "step").draw(painter, area);
        note(painter, inner, id.clone());
        let lines = lines(state);
        if lines.is_empty() {
            Notice::empty("no step selected", "what is known of it is shown here").draw(painter, inner);
            return;
        }
        let width = usize::from(inner.width).max(1);
        let wrapped = lines.iter().flat_map(|line| line.wrapped(width, 2));
        for (row, line) in (0..inner.height).zip(wrapped) {
            painter.put(inner, row, &line);
        }
    }
}

/// What is known of the selected step.
fn lines(state: &State) -> Vec<Line<'static>> {
    let Some(record) = state.shown_round() else { return Vec::new() };
    let round = state.seen().round(record);
    let Some(step) = state.shown_step(&round) else { return summary(state, &round) };
    let said = |label: &'static str, text: String| {
        Line::styled(label, Role::TextLabel).and(" ", Role::Text).and(text, Role::Text)
    };
    let mut lines = Vec::new();
    if let Some(gate) = &step.gate {
        lines.push(Line::styled(format!("the round stops at `{gate}` until that passes"), Role::StatusDegraded));
    }
    match step.config.map(|config| &config.task) {
        Some(StepTask::Ask(question)) => lines.push(Line::styled(round.filled(question), Role::TextStrong)),
        Some(StepTask::Run(command)) => {
            let text = round.command_line(&command.argv);
            lines.push(Line::styled("$ ", Role::TextLabel).and(text, Role::Command));
        }
        Some(StepTask::Action(action)) => lines.push(said("action", state.seen().title_of(action).to_owned())),
        _ => {}
    }
    if let Some(value) = &step.value {
        lines.push(said("found", value.to_string()));
    }
    let limit = step.config.map(ChecklistStep::limit).filter(|limit| !limit.is_empty());
    if let Some(limit) = limit {
        lines.push(said("expected", limit));
    }
    if let Some(before) = step.before.and_then(|before| before.value.as_ref()) {
        lines.push(said("last time", before.to_string()));
    }
    lines.extend(answered(state, step));
    if let Some(link) = step.config.and_then(|config| config.open.as_ref()) {
        lines.push(said("link", round.filled(link)));
    }
    for noted in record.notes.iter().filter(|noted| noted.step.as_ref() == Some(step.id())) {
        lines.push(said("note", format!("{} ({})", noted.text, noted.by)));
    }
    lines
}

/// The answer that holds: who gave it, why, what was put out.
fn answered(state: &State, step: &RoundStep<'_>) -> Vec<Line<'static>> {
    let Some(answer) = step.answer() else { return Vec::new() };
    let (world, mut lines) = (state.seen(), Vec::new());
    let clock = |at| clock_with_zone(at, world.now.utc, world.config.console.timezone);
    let at = clock(answer.at);
    let (how, by) = match step.measured_at.filter(|_| answer.sensed) {
        // What is measured again and again stands so since it was found.
        Some(measured_at) if step.is_measured_again() => ("measured", format!("{}, so since {at}", clock(measured_at))),
        Some(measured_at) => ("measured", format!("{}, found at {at}", clock(measured_at))),
        None if answer.sensed => ("found at", at),
        None => ("by", format!("{} {at}", answer.by)),
    };
    let said = |label: &'static str, text: String| {
        Line::styled(label, Role::TextLabel).and(" ", Role::Text).and(text, Role::Text)
    };
    if let Some(reason) = &answer.reason {
        lines.push(said("because", reason.to_string()));
    }
    let typed =
        step.record.corrected.iter().map(|typed| format!("{} by {} {}", typed.value, typed.by, clock(typed.at)));
    lines.extend(typed.map(|typed| said("typed before", typed)));
    let queued = if step.queued { format!(" · {}", RoundStep::QUEUED) } else { String::new() };
    let by = Line::styled(how, Role::TextLabel).and(" ", Role::Text).and(by, Role::Text);
    lines.push(by.and(queued, Role::StatusDegraded));
    if let Some(to) = &answer.to {
        lines.push(said("to", title_of_checklist(&world.config, to).to_owned()));
    }
    if let Some(evidence) = &answer.evidence {
        let shown = evidence.lines().take(EVIDENCE);
        lines.extend(shown.map(|line| Line::styled(format!("| {line}"), Role::TextDim)));
    }
    lines
}

/// What is known of the whole run, at its sign-off.
fn summary(state: &State, round: &ChecklistRound<'_>) -> Vec<Line<'static>> {
    let record = round.record;
    let mut lines = vec![Line::styled(round.counts().describe(), Role::TextStrong)];
    let kept = state.seen().kept(&record.checklist);
    if kept.periods > 0 {
        let text = format!("the last {}: {} signed off, {} on time", kept.periods, kept.done, kept.on_time);
        lines.push(Line::styled(text, Role::TextDim));
    }
    for noted in record.notes.iter().filter(|noted| noted.step.is_none()) {
        lines.push(Line::styled(format!("note: {} ({})", noted.text, noted.by), Role::Text));
    }
    lines
}

pub(super) struct StepPanel;

impl PanelView for StepPanel {
    fn height(&self, state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        let shown = beside(state)?;
        find(&shown).height(state, &shown, room)
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        if let Some(shown) = beside(state) {
            find(&shown).draw(state, painter, &shown, area);
            return;
        }
        let inner = frame(state, painter, id, "beside the step").draw(painter, area);
        Notice::empty("nothing to show at this step", "`show` of a step names a panel").draw(painter, inner);
    }
}
