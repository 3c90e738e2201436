//! Silences in force.

use ratatui::layout::Rect;

use super::{Height, Listing, PanelView, Room, frame, framed, none_matches, note};
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::thing::SilenceRecord;
use crate::theme::Role;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::table::{Column, Table, TableRow, longest};
use crate::world::history::clock;

/// What is matched is whole where there is room for it. `until`: columns of the longest time.
fn columns<'a>(shown: impl Iterator<Item = &'a str>, until: usize) -> [Column; 4] {
    let until = u16::try_from(until).unwrap_or(27).clamp(15, 27);
    [
        Column::text("match", 16, longest(shown, 16, 48), 0),
        Column::text("by", 8, 12, 3),
        Column::text("until", until, until, 2),
        Column::text("why", 12, 80, 1).wrapping(),
    ]
}

pub(super) struct Silences;

impl PanelView for Silences {
    /// What it needs, at most a third.
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        Some(Height::fixed(framed(state.rows(id).len()).min(room.screen / 3).max(2)))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let inner = Frame::inner(area);
        let listing = Listing::new(state, id, usize::from(inner.height));
        frame(state, painter, id, "silences").foot(listing.position()).draw(painter, area);
        note(painter, inner, id.clone());
        if let (true, Some(notice)) = (listing.keys.is_empty(), none_matches(state, id)) {
            notice.draw(painter, inner);
            return;
        }
        let found = |key: &RowKey| match key {
            RowKey::Silence(id) => state.seen().active_silence(id),
            _ => None,
        };
        let shown = || listing.keys.iter().filter_map(found);
        let titles: Vec<String> = shown().map(|silence| state.seen().title_of_match(&silence.matching)).collect();
        let longest_until = shown().map(|silence| until(state, silence).width()).max().unwrap_or(0);
        let columns = columns(titles.iter().map(String::as_str), longest_until);
        let rows = listing.visible().iter().filter_map(found).map(|silence| row(state, silence)).collect();
        Table { columns: &columns, rows, selected: listing.selected, headings: false }.draw(painter, inner);
    }
}

fn until(state: &State, silence: &SilenceRecord) -> Line<'static> {
    let until = clock(silence.until, state.seen().now.utc, state.seen().config.console.timezone);
    let until = Line::styled(format!("until {until}"), Role::Text);
    if silence.hold { until.and(", held", Role::TextDim) } else { until }
}

fn row<'a>(state: &State, silence: &'a SilenceRecord) -> TableRow<'a> {
    TableRow {
        cells: vec![
            Line::styled(state.seen().title_of_match(&silence.matching), Role::TextStrong),
            Line::plain(Span::borrowed(silence.by.as_str())),
            until(state, silence),
            Line::styled(Span::borrowed(silence.why.as_str()), Role::TextDim),
        ],
        target: Some(Target::Row(RowKey::Silence(silence.id.clone()))),
        ..TableRow::default()
    }
}
