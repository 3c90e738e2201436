//! The checklists, and the runs that are over.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, list_in};
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::maintenance::clock_with_zone;
use crate::model::thing::ChecklistRecord;
use crate::theme::Role;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table::{Column, Table, TableRow, longest};
use crate::world::checklists::due::{ListStanding, ListView};

/// A title is whole where there is room for it.
fn columns(state: &State) -> [Column; 3] {
    let titles = state.seen().config.checklists.iter().map(|list| list.title.as_str());
    let title = longest(titles, 12, 60);
    [Column::text("state", 9, 9, 0), Column::text("checklist", 12, title, 0), Column::text("when", 10, 60, 1)]
}

pub(super) struct Checklists;

impl PanelView for Checklists {
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        Some(Height::by_rows(state.rows(id).len(), room))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let empty = || Notice::empty("no checklists configured", "add [checklist.NAME] with `at` and `step`");
        let frame = frame(state, painter, id, "checklists");
        let Some((inner, listing)) = list_in(state, painter, (id, area), frame, empty) else { return };
        let world = state.seen();
        let rows = listing.visible().iter().filter_map(|key| match key {
            RowKey::Checklist(name) => Some(list_row(state, &world.list_view(world.config.checklist(name)?))),
            RowKey::Round(run) => Some(over_row(state, world.checklist_run(run)?)),
            _ => None,
        });
        let rows = rows.collect();
        Table { columns: &columns(state), rows, selected: listing.selected, headings: false }.draw(painter, inner);
    }
}

fn list_row<'a>(state: &State, view: &ListView<'a>) -> TableRow<'a> {
    let world = state.seen();
    let zone = view.list.zone(world.config.console.timezone);
    let clock = |at: DateTime<Utc>| clock_with_zone(at, world.now.utc, zone);
    let role = match view.state {
        ListStanding::Late | ListStanding::Missed => Role::StatusDegraded,
        ListStanding::Running => Role::StatusPending,
        ListStanding::Due => Role::TextStrong,
        ListStanding::Done => Role::StatusOk,
        ListStanding::OnDemand | ListStanding::NotDue => Role::TextDim,
    };
    let when = match (view.state, view.run, view.due) {
        (ListStanding::Running, Some(run), _) => {
            let counts = world.round(run).counts();
            let by = run.started.as_ref().map_or("", |(_, by)| by.as_str());
            let worst = if counts.failed > 0 { format!(", {} failed", counts.failed) } else { String::new() };
            format!("{} of {}{worst} · {by}", counts.terminal(), counts.total())
        }
        (ListStanding::Late, _, Some(due)) => format!("due {}", clock(due)),
        (ListStanding::Due, _, _) => format!("until {}", view.late_from.map_or_else(String::new, clock)),
        _ => view.next_due(world.now.utc).map_or_else(String::new, |next| format!("next {}", clock(next))),
    };
    TableRow {
        cells: vec![
            Line::styled(view.state.word(), role),
            Line::styled(Span::borrowed(&view.list.title), Role::TextStrong),
            Line::styled(when, Role::Text),
        ],
        target: Some(Target::Row(RowKey::Checklist(view.list.name.clone()))),
        ..TableRow::default()
    }
}

fn over_row<'a>(state: &State, run: &'a ChecklistRecord) -> TableRow<'a> {
    let world = state.seen();
    let zone = world
        .config
        .checklist(&run.checklist)
        .map_or(world.config.console.timezone, |list| list.zone(world.config.console.timezone));
    let at = run.due.or(run.started.as_ref().map(|(at, _)| *at)).unwrap_or_default();
    let at = clock_with_zone(at, world.now.utc, zone);
    let counts = run.counts();
    let (state_word, role, how) = match &run.signed {
        Some(signed) => {
            let fast = if signed.fast { ", fast" } else { "" };
            let late = if run.is_on_time() { "" } else { ", late" };
            let passed = counts.passed_over();
            let worst = if passed > 0 { format!(", {passed} passed over") } else { String::new() };
            let role = if passed > 0 { Role::StatusDegraded } else { Role::TextDim };
            ("signed", role, format!("{at} · {}{worst}{late}{fast}", signed.by))
        }
        None if run.is_open() => {
            let by = run.started.as_ref().map_or("", |(_, by)| by.as_str());
            let is_configured = world.config.checklist(&run.checklist).is_some();
            let gone = if is_configured { "" } else { ", not configured any more" };
            ("left open", Role::StatusPending, format!("{at} · {by}{gone}"))
        }
        None if run.missed_before > 0 => {
            ("missed", Role::StatusDegraded, format!("{at} · and {} before it", run.missed_before))
        }
        None => ("missed", Role::StatusDegraded, at),
    };
    TableRow {
        cells: vec![
            Line::styled(state_word, role),
            Line::styled(Span::borrowed(run.title.as_str()), Role::Text),
            Line::styled(how, Role::TextDim),
        ],
        target: Some(Target::Row(RowKey::Round(run.id.clone()))),
        ..TableRow::default()
    }
}
