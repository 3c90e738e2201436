//! Panels: what of the state a frame shows, and how much room each wants. Every one of [`crate::config::panels`] is a
//! file here and a line in `ALL`; what its keys do is in `app::panels`.

mod action_detail;
mod actions;
pub mod alerts;
mod changes;
mod charts;
pub mod check;
mod checklists;
mod checks;
mod figures;
mod incident_changes;
pub(super) mod incident_clock;
mod incident_entries;
mod incident_evidence;
mod incident_timeline;
mod incidents;
mod levels;
mod locks;
pub mod log;
pub mod metric;
mod metric_chart;
mod metric_detail;
mod metric_list;
mod output;
pub(super) mod overlaid;
mod own_fault;
mod problems;
mod reason;
mod records;
pub mod runs;
mod service_actions;
mod service_charts;
mod service_detail;
mod service_logs;
mod service_metrics;
mod service_runbook;
mod service_status;
pub mod services;
mod silences;
pub(super) mod slo;
mod startable;
pub mod timeline;
mod walkthrough;

use std::ops::Range;

use ratatui::layout::Rect;

use super::paint::Painter;
use super::widgets::frame::Frame;
use super::widgets::notice::Notice;
use super::widgets::table;
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::{self, PanelId, PanelSpec};
use crate::config::sections::screen::ScreenLayout;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::world::services::ServiceView;

/// How a panel looks.
pub(crate) trait PanelView: Sync {
    /// How much of `room` it needs and can use; `None` where there is too little for it.
    fn height(&self, _state: &State, _id: &PanelId, _room: Room) -> Option<Height> {
        Some(Height::from(4))
    }

    /// The least and the most columns that it is given beside others.
    fn width(&self) -> (u16, u16) {
        (20, u16::MAX)
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect);
}

/// Every panel.
const ALL: &[(&PanelSpec, &dyn PanelView)] = &[
    (&panels::SERVICES, &services::Services),
    (&panels::ALERTS, &alerts::Alerts),
    (&panels::SILENCES, &silences::Silences),
    (&panels::ACTIONS, &actions::Actions),
    (&panels::TIMELINE, &timeline::Timeline),
    (&panels::SERVICE_TIMELINE, &timeline::Timeline),
    (&panels::SERVICE_DETAIL, &service_detail::ServiceDetail),
    (&panels::CHECK, &check::OneCheck),
    (&panels::METRIC, &metric::OneMetric),
    (&panels::SLO, &slo::OneSlo),
    (&panels::LOG, &log::LogTail),
    (&panels::SERVICE_STATUS, &service_status::ServiceStatus),
    (&panels::CHECKS, &checks::Checks),
    (&panels::SERVICE_METRICS, &service_metrics::ServiceMetrics),
    (&panels::SERVICE_CHARTS, &service_charts::ServiceCharts),
    (&panels::SERVICE_RUNBOOK, &service_runbook::ServiceRunbook),
    (&panels::SERVICE_ACTIONS, &service_actions::ServiceActions),
    (&panels::SERVICE_LOGS, &service_logs::ServiceLogs),
    (&panels::LEVELS, &levels::Levels),
    (&panels::RECORDS, &records::Records),
    (&panels::METRIC_LIST, &metric_list::MetricList),
    (&panels::CHARTS, &charts::Charts),
    (&panels::STARTABLE, &startable::Startable),
    (&panels::RUNS, &runs::Runs),
    (&panels::LOCKS, &locks::Locks),
    (&panels::OUTPUT, &output::Output),
    (&panels::ACTION_DETAIL, &action_detail::ActionDetail),
    (&panels::CHECKLISTS, &checklists::Checklists),
    (&panels::WALKTHROUGH, &walkthrough::Walkthrough),
    (&panels::STEP_DETAIL, &walkthrough::StepDetail),
    (&panels::STEP_PANEL, &walkthrough::StepPanel),
    (&panels::INCIDENT_CLOCK, &incident_clock::IncidentClock),
    (&panels::INCIDENT_TIMELINE, &incident_timeline::IncidentTimeline),
    (&panels::INCIDENT_ENTRIES, &incident_entries::IncidentEntries),
    (&panels::INCIDENT_CHANGES, &incident_changes::IncidentChanges),
    (&panels::INCIDENT_EVIDENCE, &incident_evidence::IncidentEvidencePanel),
    (&panels::INCIDENTS, &incidents::IncidentList),
    (&panels::CHANGES, &changes::Changes),
    (&panels::FIGURES, &figures::Figures),
    (&panels::PROBLEMS, &problems::Problems),
];

/// A panel that is in no list draws nothing; a test holds that there is none.
impl PanelView for () {
    fn draw(&self, _state: &State, _painter: &mut Painter<'_>, _id: &PanelId, _area: Rect) {}
}

/// How a panel looks.
pub(crate) fn find(id: &PanelId) -> &'static dyn PanelView {
    ALL.iter().find(|(spec, _)| id.is(spec)).map_or(&(), |(_, view)| *view)
}

/// The room that panels share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Columns of the screen.
    pub width: u16,
    /// Rows of the screen, or of the column that the panel stands in.
    pub height: u16,
    /// Rows of the screen.
    pub screen: u16,
}

impl Room {
    /// Under so many rows of the screen there are none for charts: a number and its course in a line is what is left.
    const LOW: u16 = 26;

    /// Whether panels are short of room, because they stand one under the other.
    pub(crate) const fn is_narrow(self) -> bool {
        self.width < ScreenLayout::STACKED
    }

    /// The least height of a list of so many rows: four of them where the screen is not lower than most are.
    pub(crate) fn list(self, rows: usize) -> u16 {
        framed(rows.min(4)).min(self.screen / 4 + 1)
    }

    /// Whether there are too few rows for charts.
    pub(crate) const fn is_low(self) -> bool {
        self.screen < Self::LOW
    }
}

/// The height of a panel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Height {
    /// Rows it needs.
    pub least: u16,
    /// Rows it can use.
    pub most: u16,
    /// Its part of what is shared in a column, beside its weight.
    pub share: u16,
    /// Whether those beside it in a row decide how high the row is.
    pub yields: bool,
}

impl Height {
    /// So many rows, no more and no less.
    pub(crate) const fn fixed(rows: u16) -> Self {
        Self { least: rows, most: rows, share: 1, yields: false }
    }

    /// At least so many rows.
    pub(crate) const fn from(least: u16) -> Self {
        Self { least, most: u16::MAX, share: 1, yields: false }
    }

    /// As high as its rows, and as much as they make up beside those of others.
    pub(crate) fn by_rows(rows: usize, room: Room) -> Self {
        // A frame with sides takes a row more than one row needs: on a low screen its row is worth more below.
        let most = if room.is_low() { framed(rows) } else { framed(rows).max(4) };
        Self { share: framed(rows), most, ..Self::from(room.list(rows)) }
    }
}

/// So many rows with a frame around them; one row at least, which a ruled title is enough for.
pub(crate) fn framed(rows: usize) -> u16 {
    match rows {
        0 | 1 => 2,
        rows => u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2),
    }
}

/// Whether keys go to this panel: it has the focus and nothing lies over the screen, or what lies there moves in it.
pub(crate) fn focused(state: &State, id: &PanelId) -> bool {
    match state.console.overlays.top() {
        None => state.focused_panel().as_ref() == Some(id),
        Some(top) => id.is(&panels::RECORDS) && top.moves_list(),
    }
}

/// What a list without rows says where its own filter is why; `None` where it has none.
pub(crate) fn none_matches(state: &State, id: &PanelId) -> Option<Notice<'static>> {
    let filter = &state.list(id).filter(|list| !list.filter.is_empty())?.filter;
    Some(Notice::empty(format!("no row matches the filter `{filter}`"), of_filter(state)))
}

/// The keys of a filter that nothing passes.
fn of_filter(state: &State) -> String {
    state.keys_to(&[(Command::Filter, "changes it"), (Command::Back, "clears it")])
}

/// `ctrl-r polls now`: the key of a command as it is bound, and what it does here; nothing where it has none.
pub(crate) fn next_key(state: &State, command: Command, does: &str) -> String {
    state.keys_to(&[(command, does)])
}

/// `held; G follows`: what is said of lines that stand still, and the key that follows again.
fn held(state: &State, words: &str) -> String {
    state.and_keys(words, &[(Command::Bottom, "follows")])
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
        frame = frame.with(Line::styled(format!("/{}", list.filter), Role::LogMatch), painter.glyphs().dot);
    }
    if state.console.zoomed && focused(state, id) {
        let words = state.and_keys("zoomed", &[(Command::Zoom, "restores")]);
        frame = frame.with(Line::styled(words, Role::TextDim), painter.glyphs().dot);
    }
    frame
}

/// `checks of shop front`: the name of a panel that shows what belongs to one service alone.
pub(crate) fn name_of(what: &str, service: Option<&ServiceView>) -> String {
    service.map_or_else(|| what.to_owned(), |service| format!("{what} of {}", service.title))
}

/// The rows of a list and the window over them.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    /// All rows, filter applied.
    pub keys: Vec<RowKey>,
    /// Which of all rows are shown.
    pub shown: Range<usize>,
    /// The selected row, counted from the first that is shown; only where keys go to the panel.
    pub selected: Option<usize>,
}

impl Listing {
    /// The listing of a panel in so many rows.
    pub(crate) fn new(state: &State, id: &PanelId, height: usize) -> Self {
        let keys = state.rows(id);
        let (position, scroll) = state.list(id).map_or((0, 0), |list| (list.position(&keys), list.scroll));
        let marked = (focused(state, id) && !keys.is_empty()).then_some(position);
        let shown = table::window(scroll, marked, keys.len(), height);
        let selected = marked.and_then(|at| at.checked_sub(shown.start));
        Self { keys, shown, selected }
    }

    /// The rows that are shown.
    pub(crate) fn visible(&self) -> &[RowKey] {
        self.keys.get(self.shown.clone()).unwrap_or_default()
    }

    /// `3-12 of 27`, where not all is shown.
    pub(crate) fn position(&self) -> Line<'static> {
        table::position(&self.shown, self.keys.len())
    }
}

/// Draws the frame of a list with its place in it. `None` where it has no rows: then that is said, by `empty` where no filter
/// is why. Else the inside, and the rows that stand there.
pub(crate) fn list_in(
    state: &State,
    painter: &mut Painter<'_>,
    (id, area): (&PanelId, Rect),
    frame: Frame<'_>,
    empty: impl FnOnce() -> Notice<'static>,
) -> Option<(Rect, Listing)> {
    let inner = Frame::inner(area);
    let listing = Listing::new(state, id, usize::from(inner.height));
    frame.foot(listing.position()).draw(painter, area);
    note(painter, inner, id.clone());
    if listing.keys.is_empty() {
        none_matches(state, id).unwrap_or_else(empty).draw(painter, inner);
        return None;
    }
    Some((inner, listing))
}

/// Notes the inside of a panel: a click focuses it, and the core learns how many rows it has.
pub(crate) fn note(painter: &mut Painter<'_>, inside: Rect, id: PanelId) {
    painter.note(inside, Target::Panel(id));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_of_the_configuration_is_registered() {
        let configured: Vec<&str> = panels::PANELS.iter().map(|spec| spec.name).collect();
        let registered: Vec<&str> = ALL.iter().map(|(spec, _)| spec.name).collect();
        assert_eq!(registered, configured);
    }
}
