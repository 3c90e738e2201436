//! Everything that is known of what is selected, for the description and for the menu of its actions.

mod things;

use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::config::titles::title_of_checklist;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::alerts::without_time;

/// The label of how often an alert fired: bars stand before what it says.
pub(crate) const FIRINGS: &str = "last 30 days";

/// A label with what it says. An empty label continues the row above.
pub(crate) type Row = (&'static str, SafeText);

/// What is selected in the panel that has the focus; on a service's screen, where nothing is, that service.
pub(crate) fn subject(state: &State) -> Option<RowKey> {
    let selected = state.focused_panel().and_then(|id: PanelId| state.selected(&id));
    selected.or_else(|| {
        let shows_one = state.console.screen == crate::app::screens::Screen::Service;
        shows_one.then(|| state.shown_service().map(|service| RowKey::Service(service.name.clone()))).flatten()
    })
}

/// The service that something belongs to; the row under the console's own name where that holds what belongs to none.
pub(crate) fn service_of(state: &State, row: &RowKey) -> Option<Name> {
    let world = state.seen();
    let own = || world.own_row().map(|row| row.name.clone());
    match row {
        RowKey::Service(name) => Some(name.clone()),
        RowKey::Check(name) => Some(world.row_of(name)),
        RowKey::Metric(name) => world.metric(name)?.service.clone().or_else(own),
        RowKey::Action(name) => world.action(name)?.service.clone().or_else(own),
        RowKey::Run(id) => world.run_by_id(id)?.service.clone().or_else(own),
        RowKey::Alert(id) => {
            let alert = world.alert(id)?;
            Some(world.service_of_alert(alert)?.name.clone())
        }
        RowKey::Entry(..) => {
            world.timeline.newest_first().find(|entry| row.is_entry(entry)).and_then(|entry| entry.service.clone())
        }
        RowKey::Incident(id) | RowKey::IncidentEntry(id, _) => world.incident_record(id)?.services.first().cloned(),
        RowKey::Healthy
        | RowKey::Silence(_)
        | RowKey::Planned(_)
        | RowKey::Lock(_)
        | RowKey::Problem(..)
        | RowKey::IncidentLine(..)
        | RowKey::Checklist(_)
        | RowKey::Round(_)
        | RowKey::Step(..) => None,
    }
}

/// What it is called.
pub(crate) fn title(state: &State, row: &RowKey) -> String {
    let world = state.seen();
    match row {
        RowKey::Service(name) => world.service(name).map_or_else(|| name.to_string(), |known| known.title.clone()),
        RowKey::Check(name) => format!("check {}", world.title_of_check(name)),
        RowKey::Metric(name) => world.metric(name).map_or_else(|| name.to_string(), |known| known.title.clone()),
        RowKey::Action(name) => world.title_of(name).to_owned(),
        RowKey::Healthy => "services that are well".to_owned(),
        RowKey::Alert(id) => world.alert(id).map_or_else(
            || id.to_string(),
            // For how long it must hold would be read as its age.
            |alert| format!("{} {}", world.title_of_subject(&alert.subject), without_time(&alert.condition)),
        ),
        RowKey::Silence(id) => world.active_silence(id).map_or_else(
            || "silence".to_owned(),
            |silence| format!("silence of {}", world.title_of_match(&silence.matching)),
        ),
        RowKey::Planned(id) => world
            .calendar_entry(id)
            .map_or_else(|| id.to_string(), |entry| format!("{} {}", entry.word(), entry.title())),
        RowKey::Incident(id) => id.to_string(),
        RowKey::IncidentEntry(id, number) => format!("entry {number} of {id}"),
        RowKey::Run(id) => format!("run {id}"),
        RowKey::Checklist(name) => title_of_checklist(&world.config, name).to_owned(),
        RowKey::Round(run) | RowKey::Step(run, None) => format!("checklist run {run}"),
        RowKey::Step(run, Some(step)) => world
            .checklist_run(run)
            .and_then(|run| run.step(step))
            .map_or_else(|| step.to_string(), |step| step.asked.title.to_string()),
        RowKey::Lock(target) => format!("lock of {target}"),
        RowKey::Entry(..) | RowKey::IncidentLine(..) => "event".to_owned(),
        RowKey::Problem(..) => "problem".to_owned(),
    }
}

/// All that is known of it; empty where it is no more.
pub(crate) fn rows(state: &State, row: &RowKey) -> Vec<Row> {
    let mut sheet = things::Sheet::new(state);
    sheet.fill(row);
    sheet.rows
}
