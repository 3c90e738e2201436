//! Where details of the logs are shown: over the list, or beside it where there is room for both.

use crate::app::layout::Area;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::state::overlay::Overlay;
use crate::logs::record::Record;
use crate::logs::scan::Slice;
use crate::world::logs::rings;

/// What one slice of counting may take: well under five milliseconds.
pub(in crate::app) const SLICE: Slice = Slice { records: 500, bytes: 256 << 10 };
/// Columns from which the list stays in sight.
const WIDE: u16 = 140;

/// Where the details are in a terminal of so many columns and rows, with their frame: between header and footer.
pub(crate) const fn place(size: (u16, u16)) -> Area {
    let (columns, rows) = size;
    let width = if columns >= WIDE { columns / 20 * 9 } else { columns };
    Area { x: columns - width, y: if rows > 1 { 1 } else { 0 }, width, height: rows.saturating_sub(2) }
}

/// What of that is inside of the frame and under the lines at its top.
pub(crate) const fn room(size: (u16, u16)) -> Area {
    let Area { x, y, width, height } = place(size);
    Area { x: x + 2, y: y + 5, width: width.saturating_sub(4), height: height.saturating_sub(6) }
}

/// Whether details are open over the logs.
pub(crate) fn are_open(state: &State) -> bool {
    state.console.screen == Screen::Logs && state.console.overlays.iter().any(Overlay::is_details)
}

/// Whether a record came later than its time says.
pub(in crate::app) fn is_late(state: &State, record: &Record) -> bool {
    let pane = &state.console.screens.logs.pane;
    let source =
        pane.sources().iter().position(|at| state.world.logs.get(*at).is_some_and(|log| log.name == record.log));
    let index =
        source.and_then(|source| pane.view().index_of(&rings(&state.world.logs, pane.sources()), source, record.seq));
    index.and_then(|index| pane.view().get(index)).is_some_and(|entry| entry.late)
}
