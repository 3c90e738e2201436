//! How the chosen run stands, and its output.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, held, note, runs};
use crate::app::keymap::Command;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::run::{Run, RunState, VerificationProgress};
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::progress;
use crate::world::runs::RunView;

/// So many processes that a run left behind are named.
const MOST_LEFT: usize = 5;

pub(super) struct Output;

impl PanelView for Output {
    fn height(&self, state: &State, _id: &PanelId, _room: Room) -> Option<Height> {
        Some(Height::from(if state.shown_run().is_some() { 5 } else { 2 }))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        output(state, painter, id, area);
    }
}

/// The chosen run: how it stands, and what it says.
fn output(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let Some(run) = state.shown_run() else {
        let inner = frame(state, painter, id, "output").draw(painter, area);
        note(painter, inner, id.clone());
        Notice::empty("no run selected", "the output of a run is shown here, live").draw(painter, inner);
        return;
    };
    // Which run was read only since the screen is held still is not known there.
    let view = state.seen().run(&run.id).or_else(|| state.world.run(&run.id));
    let glyphs = painter.glyphs();
    let follows = state.console.screens.actions.output_at.is_none();
    let mode = if !follows {
        held(state, "held")
    } else if run.state == RunState::Running {
        "following".to_owned()
    } else {
        String::new()
    };
    let inner = frame(state, painter, id, "output")
        .with(Line::styled(Span::borrowed(state.seen().title_of(&run.action)), Role::Text), glyphs.dot)
        .with(Line::styled(mode, Role::TextDim), glyphs.dot)
        .note(Line::styled(&run.id, Role::TextDim))
        .draw(painter, area);
    let facts = facts(state, run, view, glyphs);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for fact in &facts {
        lines.extend(fact.wrapped(usize::from(inner.width).max(1), 2));
    }
    // A third is for what it says; where it said nothing, a row is enough to say so.
    let said_nothing = !run.state.is_open() && view.is_none_or(|view| view.lines.is_empty());
    let most = if said_nothing { inner.height.saturating_sub(1).max(1) } else { inner.height * 2 / 3 };
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(most);
    let (head, rest) = split_top(inner, height);
    for (row, line) in (0..head.height).zip(&lines) {
        painter.put_at(head, 1, row, line);
    }
    let (rule, body) = split_top(rest, u16::from(rest.height > 4));
    painter.put(rule, 0, &Line::styled(glyphs.horizontal.repeat(usize::from(rule.width)), Role::Border));
    note(painter, body, id.clone());
    said(state, painter, run, view, body);
}

/// How far each check is, and how long they have.
fn verifying<'a>(state: &'a State, progress: &'a VerificationProgress, glyphs: GlyphSet) -> Line<'a> {
    let mut words = Line::styled("verifying", Role::TextLabel).and(" ", Role::Text);
    for check in &progress.checks {
        let steps = progress::steps(check.good, check.needed, glyphs);
        let title = Span::borrowed(state.seen().title_of_check(&check.name));
        words = words.and(title, Role::Text).and(" ", Role::Text).join(steps).and("  ", Role::Text);
    }
    let left = progress.left(state.seen().moment());
    words.and(format!("{} left", figures::age(left)), Role::TextDim)
}

/// How a run stands, in lines.
fn facts<'a>(state: &'a State, run: &'a Run, view: Option<&'a RunView>, glyphs: GlyphSet) -> Vec<Line<'a>> {
    let label = |text: &'static str| Line::styled(text, Role::TextLabel).and(" ", Role::Text);
    let mut first = runs::outcome_line(run, glyphs)
        .and("  ", Role::Text)
        .and(Span::borrowed(&run.target), Role::TextStrong)
        .and(format!("  {}", runs::duration(state.seen().moment(), run)), Role::Text);
    if let Some(code) = run.exit_code {
        first = first.and(format!("  exit {code}"), if code == 0 { Role::TextDim } else { Role::LevelError });
    }
    let mut lines = vec![first];
    // Why comes before who and when: in little room the first rows are all that is read.
    if let Some(text) = run.titled_note(|check| state.seen().title_of_check(check)) {
        lines.push(Line::styled(text, Role::StatusDegraded));
    }
    lines.extend(view.into_iter().flat_map(|view| signs(state, view)));
    let zone = state.seen().config.console.timezone;
    lines.push(
        label("started")
            .and(figures::full(run.started_at, zone), Role::Text)
            .and(" by ", Role::TextDim)
            .and(Span::borrowed(&run.who), Role::Text)
            .and(" on ", Role::TextDim)
            .and(Span::borrowed(&run.host), Role::Text),
    );
    if let Some(reason) = &run.reason {
        lines.push(label("reason").and(Span::borrowed(reason), Role::Text));
    }
    if let Some(progress) = view.and_then(|view| view.progress.as_ref()).filter(|_| run.state == RunState::Verifying) {
        lines.push(verifying(state, progress, glyphs));
    }
    if run.can_be_verified_now() {
        let key = state.console.keymap.key_of(Command::FollowUp).map(|key| key.to_string());
        let words = format!("look at {}; {} still holds its lock", run.target, run.id);
        lines.push(Line::styled(words, Role::StatusUnknown));
        if state.seen().can_verify(run) {
            lines.push(
                Line::styled(key.unwrap_or_default(), Role::Key)
                    .then("verifies it now", Role::Text)
                    .then(format!("(in a shell: opsroom runs {} --verify)", run.id), Role::TextDim),
            );
        }
        if !state.seen().read_only {
            let words = format!("to close it once it is known to be over: opsroom unlock {} --why TEXT", run.id);
            lines.push(Line::styled(words, Role::TextDim));
        }
    }
    if let Some(offer) = view.and_then(|view| view.offer.as_ref()) {
        let key = state.console.keymap.key_of(Command::FollowUp).map(|key| key.to_string());
        lines.push(
            Line::styled(key.unwrap_or_default(), Role::Key)
                .then("starts", Role::TextDim)
                .then(state.seen().title_of(offer).to_owned(), Role::TextStrong),
        );
    }
    lines
}

/// How far its stopping is, and what is seen of its supervisor and of what that left behind.
fn signs<'a>(state: &State, view: &'a RunView) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    if let Some((stopping, told)) = view.stopping.as_ref().filter(|_| view.run.state != RunState::Verifying) {
        lines.push(Line::styled(stopping.describe(state.seen().now.since(*told)), Role::StatusDegraded));
    }
    let Some((signs, told)) = &view.signs else { return lines };
    if let Some(words) = signs.silence(state.seen().now.since(*told)).filter(|_| view.run.state.is_open()) {
        lines.push(Line::styled(words, Role::StatusDegraded));
    }
    if let Some(unseen) = &signs.unseen {
        lines.push(Line::styled(unseen, Role::StatusUnknown));
    }
    for left in signs.left.iter().take(MOST_LEFT) {
        lines.push(Line::styled(format!("remaining: {}", left.describe()), Role::StatusDegraded));
    }
    if signs.left.len() > MOST_LEFT {
        lines.push(Line::styled(format!("and {} more", signs.left.len() - MOST_LEFT), Role::StatusDegraded));
    }
    lines
}

/// The output, its tail or where it is held.
fn said(state: &State, painter: &mut Painter<'_>, run: &Run, view: Option<&RunView>, area: Rect) {
    let unreadable = view.and_then(|view| view.unreadable.as_ref());
    let Some(view) = view.filter(|view| !view.lines.is_empty()) else {
        let kept = format!("kept on {} in {}", run.host, run.output_path.display());
        if let Some(why) = unreadable {
            Notice::empty(why, kept).draw(painter, area);
        } else if run.state.is_open() {
            Notice::empty("no output yet", "output appears here, live").draw(painter, area);
        } else {
            Notice::empty("no output", kept).draw(painter, area);
        }
        return;
    };
    let height = usize::from(area.height);
    let first = view.lines.front().map_or(0, |line| line.index);
    let end = view.lines.len().saturating_sub(height);
    let held =
        state.console.screens.actions.output_at.map(|at| usize::try_from(at.saturating_sub(first)).unwrap_or(end));
    let start = held.unwrap_or(end).min(end);
    let mut skipped = view.omitted;
    for (row, line) in (0..area.height).zip(view.lines.iter().skip(start)) {
        let role = if line.stderr { Role::StatusDegraded } else { Role::Text };
        let sign = if line.stderr { "! " } else { "  " };
        let mut words = Line::styled(sign, role).and(&line.text, role);
        if row == 0 && skipped > 0 && start == 0 {
            words =
                Line::styled(format!("({} left out) ", figures::counted(skipped, "line")), Role::LogMarker).join(words);
            skipped = 0;
        }
        painter.put(area, row, &words);
    }
}
