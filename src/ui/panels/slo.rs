//! One objective: what is left of its error budget, how fast that burns, and what the latest release cost.

use std::fmt::Write as _;
use std::time::Duration;

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, note};
use crate::app::state::State;
use crate::config::panels::{PanelId, PanelSubject};
use crate::lang::unit;
use crate::model::slo::{RunsFigures, SloFigures};
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::world::objectives::{SloMeasure, SloView, times};
use crate::world::services::ServiceView;

/// Rows of what there is to say at the most, with the frame.
const MOST: u16 = 6;
/// Below this share of the budget it is shown as scarce.
const SCARCE: f64 = 0.25;

pub(super) struct OneSlo;

impl PanelView for OneSlo {
    fn height(&self, _state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        let least = if room.is_low() { 1 } else { 4 };
        Some(Height { most: MOST, yields: true, ..Height::from(least) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let PanelSubject::Slo(name) = &id.subject else { return };
        let Some(slo) = state.seen().slo(name) else {
            let inner = frame(state, painter, id, name).draw(painter, area);
            Notice::error("no such SLO", "the screen's layout names one that no longer exists").draw(painter, inner);
            return;
        };
        let title = format!("slo {} {}", slo.title, percent(slo.objective));
        let width = usize::from(area.width.saturating_sub(4));
        let lines = lines(state, slo, painter.glyphs().none, width);
        if area.height <= 2 {
            let line = lines.into_iter().next().unwrap_or_default();
            painter.put_at(area, 1, 0, &Line::styled(title, Role::Title).and(" ", Role::Text).join(line));
            note(painter, area, id.clone());
            return;
        }
        let inner = frame(state, painter, id, title).draw(painter, area);
        for (row, line) in (0..inner.height).zip(lines) {
            painter.put_at(inner, 1, row, &line);
        }
        note(painter, inner, id.clone());
    }
}

/// What is said of an objective, the most important first.
fn lines<'a>(state: &State, slo: &SloView, none: &'static str, width: usize) -> Vec<Line<'a>> {
    let mut lines = match &slo.measured {
        SloMeasure::Time(figures) => of_time(figures, none, width),
        SloMeasure::Runs(runs) => of_runs(runs),
    };
    if let Some(cost) = state.seen().release_cost(slo) {
        let text = format!("{} cost {} of budget", cost.release, figures::span(cost.cost));
        lines.insert(lines.len().min(2), Line::plain(text));
    }
    lines
}

fn of_time<'a>(figures: &SloFigures, none: &'static str, width: usize) -> Vec<Line<'a>> {
    let Some(budget) = budget(figures) else {
        return vec![Line::styled("no data yet", Role::TextDim)];
    };
    let burning = burning(figures, none);
    let empties = figures.time_to_empty().map(|left| format!("empty in {} at this rate", figures_left(left)));
    let both = budget.clone().and(" · ", Role::TextDim).join(burning.clone());
    // Where both do not fit, how fast it burns is not cut off.
    let mut lines = if both.width() <= width { vec![both] } else { vec![budget, burning] };
    lines.extend(empties.map(Line::plain));
    lines.push(measured(figures));
    lines
}

/// `budget 31 % = 13 min left`; `None` where nothing is known.
fn budget<'a>(figures: &SloFigures) -> Option<Line<'a>> {
    let (left, share) = (figures.left_s()?, figures.left_share()?);
    let role = match share {
        _ if share <= 0.0 => Role::StatusDown,
        _ if share < SCARCE => Role::StatusDegraded,
        _ => Role::TextStrong,
    };
    Some(if share > 0.0 {
        let part = format!("{} % = {} left", (share * 100.0).floor(), amount(left));
        Line::plain("budget ").and(part, role)
    } else {
        Line::plain("budget spent: ").and(format!("{} over", amount(-left)), role)
    })
}

/// `burning 6.2×`: over the last hour.
fn burning<'a>(figures: &SloFigures, none: &'static str) -> Line<'a> {
    let burn = figures.burn_now().map_or_else(|| none.to_owned(), times);
    let is_fast = figures.burn_now().is_some_and(|burn| burn > 1.0);
    Line::styled("burning ", Role::TextDim).and(burn, if is_fast { Role::TextStrong } else { Role::TextDim })
}

/// What is left of the budgets of the objectives that measure a service, and how fast each burns: for its own screen.
pub(super) fn of_service<'a>(state: &'a State, service: &ServiceView, none: &'static str) -> Vec<Line<'a>> {
    let said = |slo: &'a SloView| {
        let figures = slo.figures()?;
        let title = Line::styled(format!("{} {}", slo.title, percent(slo.objective)), Role::TextStrong);
        Some(title.and(" ", Role::Text).join(budget(figures)?).and(" · ", Role::TextDim).join(burning(figures, none)))
    };
    state.seen().objectives_of(service).filter_map(said).collect()
}

/// What is left of the budgets of a service alone: for a wall.
pub(in crate::ui) fn left_of_service<'a>(state: &'a State, service: &ServiceView) -> Vec<Line<'a>> {
    state.seen().objectives_of(service).filter_map(left_of).collect()
}

/// What is left of the budget of one objective, behind its name.
fn left_of(slo: &SloView) -> Option<Line<'_>> {
    Some(Line::styled(format!("{} ", slo.title), Role::TextStrong).join(budget(slo.figures()?)?))
}

/// The objective of which least is left, with what that is.
pub(in crate::ui) fn scarcest(state: &State) -> Option<Line<'_>> {
    let measured = state.seen().slos.iter().filter_map(|slo| {
        let share = slo.figures()?.left_share()?;
        Some((slo, share))
    });
    let (slo, _) = measured.min_by(|one, other| one.1.total_cmp(&other.1))?;
    left_of(slo)
}

/// The availability with what it is based on.
fn measured<'a>(figures: &SloFigures) -> Line<'a> {
    let known = Duration::from_millis(figures.elapsed_ms);
    let mut text = format!("{} in {}", unit::availability(figures.availability()), unit::duration(figures.window));
    // What is stored of so long ago is in whole hours.
    if known + Duration::from_hours(2) < figures.window {
        let _ = write!(text, " (known for {})", figures_left(known));
    }
    if figures.excluded_ms > 0 {
        let _ = write!(text, " · {} excluded", figures_left(Duration::from_millis(figures.excluded_ms)));
    }
    let line = Line::styled(text, Role::TextDim);
    match figures.coverage().filter(|_| figures.is_thin()) {
        Some(coverage) => line.and(format!(" · coverage {} % of it", (coverage * 100.0).floor()), Role::MarkStale),
        None => line,
    }
}

fn of_runs<'a>(runs: &RunsFigures) -> Vec<Line<'a>> {
    if runs.count == 0 {
        return vec![Line::styled("no runs yet", Role::TextDim)];
    }
    let role = if runs.left() < 0.0 { Role::StatusDegraded } else { Role::TextStrong };
    let mut lines = vec![Line::styled(format!("{} of {}", runs.good, runs.count), role).and(" in time", Role::Text)];
    lines.extend(
        runs.longest
            .map(|longest| Line::styled(format!("longest until verified {}", figures::span(longest)), Role::TextDim)),
    );
    lines
}

/// An objective: `99.9 %`.
fn percent(share: f64) -> String {
    format!("{} %", (share * 1e8).round() / 1e6)
}

/// Seconds of a budget: `13 min`, `40 s`, `7.2 h`. Rounded down: what is left is not overstated.
fn amount(seconds: f64) -> String {
    match seconds {
        ..60.0 => format!("{} s", seconds.floor()),
        60.0..7_200.0 => format!("{} min", (seconds / 60.0).floor()),
        _ => format!("{} h", (seconds / 360.0).floor() / 10.0),
    }
}

/// A span that moves by itself, coarse: `3 h`, `40 min`.
fn figures_left(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_never_overstated() {
        assert_eq!([59.9, 60.0, 803.0, 7_199.0, 25_920.0].map(amount), ["59 s", "1 min", "13 min", "119 min", "7.2 h"]);
    }
}
