//! What is stored of the series that are shown or that objectives measure: read once for each, when it is first wanted.

use crate::config::panels::PanelSubject;
use crate::model::effect::{Effect, HistoryEffect};
use crate::model::rollup::SeriesKey;

use super::layout::Target;
use super::row::RowKey;
use super::state::State;
use super::state::console::Console;

/// Series that are read together: taking them in holds up the loop for a few milliseconds.
const PAGE: usize = 20;

/// Asks for the past of what the last frame showed and of what objectives measure, where it is not here yet.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    // Before the first frame nothing is shown, and nothing may keep it waiting. On a wall nothing can be pointed at, and a
    // watcher draws nothing: budgets need their past all the same.
    let Console { wall, layout, has_screen, .. } = &state.console;
    let is_wanted = wall.is_some() || !layout.areas.is_empty() || !has_screen;
    if state.world.store_away.is_some() || !is_wanted {
        return;
    }
    let shown: Vec<SeriesKey> = shown(state).collect();
    let unread = state.world.ask_past(shown);
    if unread.is_empty() {
        return;
    }
    let apart = state.world.hours_apart();
    let read = |page: &[SeriesKey]| HistoryEffect::Read { series: page.to_vec(), apart: apart.clone() };
    effects.extend(unread.chunks(PAGE).map(|page| read(page).into()));
}

/// The series of what the last frame showed, and those from which others are derived. Some come more than once.
fn shown(state: &State) -> impl Iterator<Item = SeriesKey> {
    let world = &state.world;
    let areas = state.console.layout.areas.iter();
    let shown = areas.filter_map(|(_, target)| match target {
        Target::Row(RowKey::Check(name)) => Some(SeriesKey::Check(name.clone())),
        Target::Row(RowKey::Service(name)) => {
            let leading = world.service(name).and_then(|service| service.leading);
            leading.map(|id| SeriesKey::Check(world.checks[id].name.clone()))
        }
        Target::Row(RowKey::Metric(name)) => Some(SeriesKey::Metric(name.clone())),
        Target::Plot(series) => Some(series.clone()),
        Target::Panel(id) => match &id.subject {
            PanelSubject::Check(name) => Some(SeriesKey::Check(name.clone())),
            PanelSubject::Metric(name) => Some(SeriesKey::Metric(name.clone())),
            PanelSubject::None | PanelSubject::Slo(_) | PanelSubject::Log(_) => None,
        },
        _ => None,
    });
    shown.chain(world.derived_from().cloned().map(SeriesKey::Check)).chain(world.measured_by_slos())
}
