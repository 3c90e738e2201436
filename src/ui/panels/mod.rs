//! Panels: what of the state a frame shows. Overview, custom screens and the other screens are put together from them.

pub mod alerts;
pub mod check;
pub mod log;
pub mod metric;
pub mod runs;
pub mod services;
pub mod timeline;

use std::borrow::Cow;
use std::ops::Range;

use ratatui::layout::Rect;

use super::paint::Painter;
use super::widgets::frame::Frame;
use super::widgets::table;
use crate::app::layout::{PanelId, Target};
use crate::app::state::State;
use crate::config::sections::screen::Panel;
use crate::theme::Role;
use crate::ui::line::Line;

/// Draws one panel of a layout.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, panel: &Panel, area: Rect) {
    match panel {
        Panel::Services => services::draw(state, painter, area),
        Panel::Alerts => alerts::draw(state, painter, area),
        Panel::Actions => runs::draw(state, painter, &PanelId::Layout(Panel::Actions), area),
        Panel::Timeline => timeline::draw(state, painter, area),
        Panel::Check(name) => check::draw(state, painter, name, area),
        Panel::Metric(name) => metric::draw(state, painter, name, area),
        Panel::Log(shown) => log::draw(state, painter, shown, area),
    }
}

/// Whether keys go to this panel: it has the focus and nothing lies over the screen.
pub(crate) fn focused(state: &State, id: &PanelId) -> bool {
    state.console.overlays.is_empty() && state.focused_panel().as_ref() == Some(id)
}

/// A frame for a panel: its name, the words that narrow its rows, and whether it has the focus.
pub(crate) fn frame<'a>(
    state: &State,
    painter: &Painter<'_>,
    id: &PanelId,
    name: impl Into<crate::ui::line::Span<'a>>,
) -> Frame<'a> {
    let mut frame = Frame::new(name, focused(state, id));
    if let Some(list) = state.list(id).filter(|list| !list.filter.is_empty()) {
        frame = frame.with(Line::of(format!("/{}", list.filter), Role::LogMatch), painter.glyphs().dot);
    }
    if state.console.zoomed && focused(state, id) {
        frame = frame.with(Line::of("zoomed; z restores", Role::TextDim), painter.glyphs().dot);
    }
    frame
}

/// The rows of a list and the window over them.
#[derive(Debug, Clone)]
pub(crate) struct Listing<'a> {
    /// Keys of all rows, filter applied.
    pub keys: Vec<Cow<'a, str>>,
    /// Which of all rows are shown.
    pub shown: Range<usize>,
    /// The selected row, counted from the first that is shown; only where keys go to the panel.
    pub selected: Option<usize>,
}

impl<'a> Listing<'a> {
    /// The listing of a panel in so many rows.
    pub(crate) fn new(state: &'a State, id: &PanelId, height: usize) -> Self {
        let keys = state.rows(id);
        let (position, scroll) = state.list(id).map_or((0, 0), |list| (list.position(&keys), list.scroll));
        let marked = (focused(state, id) && !keys.is_empty()).then_some(position);
        let shown = table::window(scroll, marked, keys.len(), height);
        let selected = marked.and_then(|at| at.checked_sub(shown.start));
        Self { keys, shown, selected }
    }

    /// The keys that are shown.
    pub(crate) fn visible(&self) -> &[Cow<'a, str>] {
        self.keys.get(self.shown.clone()).unwrap_or_default()
    }

    /// `3-12 of 27`, where not all is shown.
    pub(crate) fn position(&self) -> Line<'static> {
        table::position(&self.shown, self.keys.len())
    }
}

/// Notes the inside of a panel: a click focuses it, and the core learns how many rows it has.
pub(crate) fn note(painter: &mut Painter<'_>, inside: Rect, id: PanelId) {
    painter.note(inside, Target::Panel(id));
}
