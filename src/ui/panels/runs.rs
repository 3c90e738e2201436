//! Runs: what is under way and how the last ones ended.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::{Height, PanelView, Room, frame, framed, list_in};
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::lang::time::Moment;
use crate::model::run::{Run, RunState};
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table::{Column, Table, TableRow};

/// Which action it was stays whole: what is said of it gives way first.
fn columns(state: &State) -> [Column; 5] {
    let title = title_width(state);
    [
        Column::text("outcome", 15, 18, 0),
        Column::text("action", title, title, 0),
        Column::figure("took", 7, 3),
        Column::figure("ago", 8, 1),
        Column::text("who", 8, 24, 4),
    ]
}

/// Columns of a title that is one of the longest.
const TITLES: (usize, usize) = (10, 48);

/// Columns that the titles of all actions need, within bounds.
pub(super) fn title_width(state: &State) -> u16 {
    let longest = state.seen().config.actions.iter().map(|action| action.title.width()).max().unwrap_or(0);
    u16::try_from(longest.clamp(TITLES.0, TITLES.1)).unwrap_or(u16::MAX)
}

/// Columns of the lists beside the output of a run.
pub(super) const WIDTH: (u16, u16) = (44, 80);

/// Under so many columns the lists of the built-in screen stand above the output, not beside it.
const STACKED: u16 = 110;
/// Rows of a list that gives way to the output of what runs.
const LEAST_ROWS: usize = 2;

pub(super) struct Runs;

/// Whether lists of few rows leave what room there is to the output: something runs or its outcome is unknown, and panels
/// stand one under the other on a low screen. Else a dozen actions that could be started would leave a row or two of what
/// happens now.
pub(super) fn is_watched(state: &State, room: Room) -> bool {
    is_stacked(room) && state.seen().all_runs().iter().any(|run| run.state.is_open() || run.can_be_verified_now())
}

/// Whether the lists stand above the output on a low screen.
const fn is_stacked(room: Room) -> bool {
    room.width < STACKED && room.is_low()
}

/// The height of a list beside the output of a run, which needs `most` rows. Where they stand one above the other the list
/// gives way: the output is never the one that has no row left.
pub(super) fn beside_output(state: &State, rows: usize, most: u16, room: Room) -> Height {
    let least = framed(rows.min(LEAST_ROWS)).min(most);
    if is_watched(state, room) {
        Height::fixed(least)
    } else if is_stacked(room) {
        Height { most, ..Height::from(least) }
    } else {
        Height::fixed(most)
    }
}

impl PanelView for Runs {
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        let rows = state.rows(id).len();
        if is_stacked(room) {
            return Some(beside_output(state, rows, framed(rows), room));
        }
        Some(Height { most: framed(rows), ..Height::from(room.list(rows)) })
    }

    fn width(&self) -> (u16, u16) {
        WIDTH
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        draw(state, painter, id, area);
    }
}

/// Draws runs as a list.
pub(super) fn draw(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let running = state.seen().runs.iter().filter(|view| view.run.state.is_open()).count();
    let count = if running > 0 { Line::styled(format!("{running} running"), Role::StatusPending) } else { Line::new() };
    let dot = painter.glyphs().dot;
    let frame = frame(state, painter, id, "runs").with(count, dot);
    let Some((inner, listing)) = list_in(state, painter, (id, area), frame, || nothing(state)) else { return };
    let shown = listing.visible().iter().filter_map(|key| match key {
        RowKey::Run(id) => state.seen().run_by_id(id),
        _ => None,
    });
    let rows = shown.map(|run| row(state, painter.glyphs(), run)).collect();
    Table { columns: &columns(state), rows, selected: listing.selected, headings: false }.draw(painter, inner);
}

fn nothing(state: &State) -> Notice<'static> {
    if state.seen().is_past_unknown() {
        return Notice::empty("store away", "past runs are listed once it is back");
    }
    let next = if state.seen().read_only {
        "this console is read-only".to_owned()
    } else if state.seen().config.actions.is_empty() {
        "add [adapter.NAME] and [action.NAME] to the configuration".to_owned()
    } else {
        state.and_keys("the key of an action starts one", &[(Command::Palette, "lists them")])
    };
    Notice::empty("no runs yet", next)
}

fn row<'a>(state: &'a State, glyphs: GlyphSet, run: &'a Run) -> TableRow<'a> {
    let cells = vec![
        outcome_line(run, glyphs),
        Line::plain(Span::borrowed(state.seen().title_of(&run.action))),
        Line::styled(duration(state.seen().moment(), run), Role::TextDim),
        // Beside how long it took, an age without its word would be read as another span.
        Line::styled(format!("{} ago", ago(state.seen().moment(), run)), Role::TextDim),
        Line::styled(run.who.clone(), Role::TextDim),
    ];
    TableRow { cells, target: Some(Target::Row(RowKey::Run(run.id.clone()))), ..TableRow::default() }
}

/// Glyph and words of an outcome.
pub(crate) fn outcome_line(run: &Run, glyphs: GlyphSet) -> Line<'static> {
    let (sign, role) = outcome_sign(run.state, glyphs);
    Line::styled(sign, role).then(run.outcome(), role)
}

/// The glyph of an outcome, and its colour.
pub(super) fn outcome_sign(state: RunState, glyphs: GlyphSet) -> (&'static str, Role) {
    match state {
        RunState::Running | RunState::Verifying => (glyphs.pointer, Role::StatusPending),
        RunState::Verified | RunState::Ended => (glyphs.check, Role::StatusOk),
        RunState::Inconclusive | RunState::Unknown => ("?", Role::StatusUnknown),
        RunState::Refused | RunState::Cancelled => (glyphs.none, Role::TextDim),
        RunState::NotRecovered | RunState::Regressed | RunState::Failed | RunState::TimedOut | RunState::Killed => {
            (glyphs.cross, Role::LevelError)
        }
    }
}

/// How long it took, or has been going on; a dash where nobody knows.
pub(crate) fn duration(now: Moment, run: &Run) -> String {
    // Nothing of it ran.
    if run.state == RunState::Refused {
        return "-".to_owned();
    }
    match (run.took(), run.duration(now)) {
        (Some(took), _) => figures::span(took),
        (None, Some(so_far)) => figures::age(so_far),
        (None, None) => "-".to_owned(),
    }
}

/// How long ago it ended, or began where it goes on.
pub(crate) fn ago(now: Moment, run: &Run) -> String {
    figures::age(run.ago(now))
}
