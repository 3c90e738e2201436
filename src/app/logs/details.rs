//! Where details of the logs are shown: over the list, or beside it where there is room for both.

use crate::app::layout::Area;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Stands};
use crate::logs::record::Record;
use crate::logs::scan::Slice;
use crate::world::logs::rings;

/// What one slice of counting may take: well under five milliseconds.
pub(in crate::app) const SLICE: Slice = Slice { records: 500, bytes: 256 << 10 };
/// Columns from which the list stays in sight.
const WIDE: u16 = 140;

/// Rows between header and footer from which a list has room above the details.
const HIGH: u16 = 16;
/// Rows of such a list at the least, with its frame.
const LIST: u16 = 8;

/// The screen where the frame has nothing but it, a header and a footer.
pub(crate) const fn bare(size: (u16, u16)) -> Area {
    let (width, rows) = size;
    Area { x: 0, y: if rows > 1 { 1 } else { 0 }, width, height: rows.saturating_sub(2) }
}

/// Where the details are, with their frame: on the screen, which bars about what is broken and what runs leave less of.
pub(crate) const fn place(screen: Area, stands: Stands) -> Area {
    let Area { x, y, width: columns, height: body } = screen;
    if columns >= WIDE {
        let width = columns / 20 * 9;
        return Area { x: x + columns - width, width, ..screen };
    }
    let list = match stands {
        Stands::WithList if body >= HIGH => {
            let share = body / 5 * 2;
            if share > LIST { share } else { LIST }
        }
        _ => 0,
    };
    Area { x, y: y + list, width: columns, height: body - list }
}

/// What of that is inside of the frame and under the lines at its top.
pub(in crate::app) fn room(state: &State, stands: Stands) -> Area {
    let screen = state.console.layout.screen().unwrap_or(bare(state.console.size));
    let Area { x, y, width, height } = place(screen, stands);
    Area { x: x + 2, y: y + 4, width: width.saturating_sub(4), height: height.saturating_sub(5) }
}

/// Whether the list of records stays in sight under what lies on top.
pub(in crate::app) fn keep_list(state: &State) -> bool {
    state.console.overlays.top().and_then(Overlay::details) == Some(Stands::WithList)
}

/// The details that are open over the logs, and how they stand to the list.
pub(crate) fn open(state: &State) -> Option<Stands> {
    let details = state.console.overlays.iter().find_map(Overlay::details);
    details.filter(|_| state.console.screen == Screen::Logs)
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
