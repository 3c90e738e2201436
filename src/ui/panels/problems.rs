//! What a person should read about the console itself, newest first.

use ratatui::layout::Rect;

use super::{PanelView, frame, list_in};
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table::{Column, Table, TableRow, longest};
use crate::world::diagnostics::{Problem, ProblemKind};

/// A place in a file is worth nothing in parts: it is whole within bounds, and what is said of it continues below.
fn columns(state: &State) -> [Column; 5] {
    let about = longest(state.seen().diagnostics.problems.iter().map(|problem| problem.about.as_str()), 6, 18);
    [
        Column::figure("ago", 4, 1),
        Column::text("kind", 8, 11, 2),
        Column::text("about", about, about, 1),
        Column::text("what", 16, 200, 0).wrapping(),
        Column::figure("times", 6, 3),
    ]
}

pub(super) struct Problems;

impl PanelView for Problems {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let next = "source warnings, failed tasks, gaps and rejected reloads appear here";
        let empty = || Notice::empty("no problems", next);
        let frame = frame(state, painter, id, "problems");
        let Some((inner, listing)) = list_in(state, painter, (id, area), frame, empty) else { return };
        let found = |key: &RowKey| state.seen().diagnostics.problems.iter().find(|problem| key.is_problem(problem));
        let rows = listing.visible().iter().filter_map(found).map(|problem| row(state, problem)).collect();
        Table { columns: &columns(state), rows, selected: listing.selected, headings: false }.draw(painter, inner);
    }
}

fn row<'a>(state: &State, problem: &'a Problem) -> TableRow<'a> {
    let (kind, role) = match problem.kind {
        ProblemKind::Warning => ("warning", Role::LevelWarn),
        ProblemKind::TaskFailed => ("task failed", Role::LevelError),
        ProblemKind::Gap => ("gap", Role::StatusUnknown),
        ProblemKind::Reload => ("reload", Role::LevelError),
        ProblemKind::Failed => ("failed", Role::LevelError),
    };
    let times = if problem.count > 1 { format!("{}x", figures::count(problem.count)) } else { String::new() };
    let cells = vec![
        Line::styled(figures::age(state.seen().now.since(problem.at)), Role::TextDim),
        Line::styled(kind, role),
        Line::styled(&problem.about, Role::LogService),
        Line::plain(&problem.text),
        Line::styled(times, Role::TextDim),
    ];
    TableRow { cells, target: None, ..TableRow::default() }
}
