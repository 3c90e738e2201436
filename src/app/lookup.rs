//! Finding things in the state: the panels in sight, the rows of every list, what is selected.

use crate::config::panels::{self, PanelId};
use crate::lang::order::InOrder;
use crate::model::run::Run;
use crate::model::thing::IncidentRecord;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::services::ServiceView;

use super::keymap::Command;
use super::list::ListState;
use super::panels::find;
use super::row::RowKey;
use super::screens::logs::{FieldColumns, NO_COLUMNS};
use super::state::State;
use super::toasts::{Toast, ToastOrigin, Tone};

impl State {
    /// `/ changes it, esc clears it`: the keys of commands as they are bound now, and what each does here. One without a key is
    /// left out.
    pub(crate) fn keys_to(&self, does: &[(Command, &str)]) -> String {
        let said =
            |(command, does): &(Command, &str)| Some(format!("{} {does}", self.console.keymap.key_of(*command)?));
        does.iter().filter_map(said).collect::<Vec<_>>().join(", ")
    }

    /// `no incident is open; i opens one`: words, and behind them what [`Self::keys_to`] says where that is anything.
    pub(crate) fn and_keys(&self, words: &str, does: &[(Command, &str)]) -> String {
        match self.keys_to(does) {
            keys if keys.is_empty() => words.to_owned(),
            keys => format!("{words}; {keys}"),
        }
    }

    /// Shows a short message that answers a person.
    pub(crate) fn toast(&mut self, tone: Tone, text: &str) {
        self.console.toasts.push(self.world.now, tone, SafeText::new(text), ToastOrigin::Key);
    }

    /// Shows a short message of what came by itself; while the screen is held still it waits.
    pub(crate) fn news(&mut self, tone: Tone, text: &str) {
        self.console.toasts.push(self.world.now, tone, SafeText::new(text), ToastOrigin::News);
    }

    /// The short messages to draw.
    pub(crate) fn toasts_newest_first(&self) -> impl Iterator<Item = &Toast> {
        let is_still = self.console.frozen.is_some();
        self.console.toasts.iter().rev().filter(move |toast| !(is_still && toast.origin != ToastOrigin::Key))
    }

    /// What a list remembers. `None`: it has no rows to select, or nothing was selected yet.
    pub fn list(&self, panel: &PanelId) -> Option<&ListState> {
        self.console.lists.get(panel)
    }

    /// What a list remembers, to change it. `None`: it is none.
    pub(crate) fn list_mut(&mut self, panel: &PanelId) -> Option<&mut ListState> {
        find(panel).is_list().then(|| self.console.lists.entry(panel.clone()).or_default())
    }

    /// Which fields of records have a column in a panel.
    pub fn columns(&self, panel: &PanelId) -> &FieldColumns {
        self.console.columns.get(panel).unwrap_or(&NO_COLUMNS)
    }

    /// The rows of a list, in the order in which they are drawn, its filter applied.
    pub fn rows(&self, panel: &PanelId) -> Vec<RowKey> {
        let filter = self.list(panel).map_or("", |list| &list.filter);
        find(panel).rows(self, panel, filter)
    }

    /// The selected row of a list.
    pub fn selected(&self, panel: &PanelId) -> Option<RowKey> {
        let mut rows = self.rows(panel);
        let at = self.list(panel).map_or(0, |list| list.position(&rows));
        (at < rows.len()).then(|| rows.swap_remove(at))
    }

    /// A frame was drawn: each list notes where what is selected in it was.
    pub(crate) fn keep_selections(&mut self) {
        let has_selection = |id: &&PanelId| self.list(id).is_some_and(|list| list.selected.is_some());
        let shown: Vec<PanelId> = self.console.layout.panels().filter(has_selection).cloned().collect();
        for id in shown {
            let rows = self.rows(&id);
            if let Some(list) = self.list_mut(&id) {
                list.shown(&rows);
            }
        }
    }

    /// A person pressed a key: what is highlighted for them is selected from now on, though worse comes before it. Not a
    /// service that is well, before which they wait for what is not, and nothing of a list that is read from its newest on.
    pub(crate) fn take_in_hand(&mut self) {
        let Some(id) = self.focused_panel().filter(|id| self.list(id).is_none_or(|list| list.selected.is_none()))
        else {
            return;
        };
        let row = self.selected(&id).filter(|row| match row {
            RowKey::Service(name) => self.seen().service(name).is_some_and(|service| !service.is_healthy()),
            RowKey::Alert(_)
            | RowKey::Silence(_)
            | RowKey::Check(_)
            | RowKey::Lock(_)
            | RowKey::Checklist(_)
            | RowKey::Planned(_) => true,
            _ => false,
        });
        if let Some(row) = row {
            self.select(&id, row);
        }
    }

    /// Selects a row of a list, which need not be there yet.
    pub(crate) fn select(&mut self, panel: &PanelId, row: RowKey) {
        let rows = self.rows(panel);
        if let Some(list) = self.list_mut(panel) {
            list.select(Some(row), &rows);
        }
    }

    /// The incident of the incident screen: the chosen one, else the worst that is open, else the latest.
    pub(crate) fn shown_incident(&self) -> Option<&IncidentRecord> {
        let chosen = self.console.screens.incident.shown.as_ref();
        let chosen = chosen.and_then(|id| self.seen().incident_record(id));
        chosen.or_else(|| self.seen().worst_open_incident()).or_else(|| {
            let is_its_own = |record: &&IncidentRecord| record.merged_into.is_none();
            self.seen().known_incidents().find(is_its_own).or_else(|| self.seen().known_incidents().next())
        })
    }

    /// The incident that is worked on: the chosen one while it is open, else the worst that is.
    pub(crate) fn worked_on(&self) -> Option<&IncidentRecord> {
        let chosen = self.shown_incident().filter(|record| record.is_open());
        chosen.or_else(|| self.seen().worst_open_incident())
    }

    /// The service of the service screen: the chosen one, else the first.
    pub fn shown_service(&self) -> Option<&ServiceView> {
        let chosen = self.console.screens.service.service.as_ref().and_then(|name| self.seen().service(name));
        chosen.or_else(|| self.seen().services.first())
    }

    /// The run whose output the actions screen shows.
    pub fn shown_run(&self) -> Option<&Run> {
        let Some(RowKey::Run(id)) = self.selected(&panels::RUNS.id()) else { return None };
        self.seen().run_by_id(&id)
    }

    /// The action that is selected among those that can be started.
    pub(crate) fn selected_action(&self) -> Option<Name> {
        match self.selected(&panels::STARTABLE.id())? {
            RowKey::Action(name) => Some(name),
            _ => None,
        }
    }

    /// Rows inside a panel as it was last drawn; a screenful where it was not drawn yet.
    pub(crate) fn height(&self, panel: &PanelId) -> usize {
        self.console
            .layout
            .panel(panel)
            .map_or(usize::from(self.console.size.1).saturating_sub(4), |area| usize::from(area.height))
            .max(1)
    }

    /// The panels of the present screen that have something to show, row by row.
    fn shown_panels(&self) -> impl Iterator<Item = PanelId> {
        let layout = self.console.layouts.get(&self.console.screen);
        let rows = layout.map(|layout| layout.rows_at(self.console.size.0).into_owned()).unwrap_or_default();
        let panels = rows.into_iter().flatten().flatten().map(|placed| placed.id);
        panels.filter(|id| find(id).is_wanted(self))
    }

    /// The service that panels about one service show: the one that is selected in a list of services on this screen, else
    /// that of the service screen.
    pub(crate) fn regarded_service(&self) -> Option<&ServiceView> {
        let selected = self.shows(&panels::SERVICES).then(|| self.selected(&panels::SERVICES.id())).flatten();
        match selected {
            Some(RowKey::Service(name)) => self.seen().service(&name),
            // The folded row stands for those that are well.
            Some(_) => self.seen().services.first(),
            None => self.shown_service(),
        }
    }

    /// Whether records are in sight, so that new ones are worth a frame.
    pub(crate) fn shows_logs(&self) -> bool {
        self.shown_panels().any(|id| find(&id).shows_records())
    }

    /// The panels of the present screen that can have the focus, in the order of Tab. Where none can, what is shown has
    /// the keys.
    pub fn panels(&self) -> Vec<PanelId> {
        let mut panels: Vec<PanelId> = self.shown_panels().filter(|id| find(id).takes_focus(self)).collect();
        // One that had no room must not take keys that nobody sees.
        if !self.console.zoomed && panels.iter().any(|id| self.console.layout.panel(id).is_some()) {
            panels.retain(|id| self.console.layout.panel(id).is_some());
        }
        if panels.is_empty() {
            panels.extend(self.shown_panels());
        }
        panels.order_by_key(|id| find(id).tab_order());
        panels
    }

    /// The panel with the focus: the one that was chosen while the screen has it, else the first.
    pub fn focused_panel(&self) -> Option<PanelId> {
        let panels = self.panels();
        self.console.focus.clone().filter(|id| panels.contains(id)).or_else(|| panels.into_iter().next())
    }

    /// Moves the focus by `step` panels, around the ends.
    pub(crate) fn move_focus(&mut self, step: isize) {
        let panels = self.panels();
        let here = self.focused_panel().and_then(|id| panels.iter().position(|other| *other == id)).unwrap_or(0);
        let count = isize::try_from(panels.len()).unwrap_or(1).max(1);
        let next = (isize::try_from(here).unwrap_or(0) + step).rem_euclid(count);
        self.console.focus = panels.into_iter().nth(next.unsigned_abs());
    }
}
