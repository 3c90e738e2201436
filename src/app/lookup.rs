//! Finding things in the state by name, and the rows of every list.

use crate::config::panels::{self, PanelId};
use crate::model::run::Run;
use crate::text::SafeText;

use super::panels::{RowKey, find};
use super::screens::ListState;
use super::state::State;
use crate::app::toasts::Tone;
use crate::world::services::ServiceView;

impl State {
    /// Shows a short message.
    pub(crate) fn toast(&mut self, tone: Tone, text: &str) {
        self.console.toasts.push(self.world.now, tone, SafeText::new(text));
    }

    /// What a list remembers. `None`: it has no rows to select, or nothing was selected yet.
    pub fn list(&self, panel: &PanelId) -> Option<&ListState> {
        self.console.lists.get(panel)
    }

    /// What a list remembers, to change it. `None`: it is none.
    pub(crate) fn list_mut(&mut self, panel: &PanelId) -> Option<&mut ListState> {
        find(panel).is_list().then(|| self.console.lists.entry(panel.clone()).or_default())
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

    /// Selects a row of a list, which need not be there yet.
    pub(crate) fn select(&mut self, panel: &PanelId, row: RowKey) {
        if let Some(list) = self.list_mut(panel) {
            list.selected = Some(row);
        }
    }

    /// The service of the service screen: the chosen one, else the first.
    pub fn shown_service(&self) -> Option<&ServiceView> {
        let chosen = self.console.screens.service.service.as_ref().and_then(|name| self.world.service(name));
        chosen.or_else(|| self.world.services.first())
    }

    /// The run whose output the actions screen shows.
    pub fn shown_run(&self) -> Option<&Run> {
        let Some(RowKey::Run(id)) = self.selected(&panels::RUNS.id()) else { return None };
        self.world.all_runs().into_iter().find(|run| run.id == id)
    }

    /// Rows inside a panel as it was last drawn; a screenful where it was not drawn yet.
    pub(crate) fn height(&self, panel: &PanelId) -> usize {
        self.console
            .layout
            .panel(panel)
            .map_or(usize::from(self.console.size.1).saturating_sub(4), |area| usize::from(area.height))
            .max(1)
    }
}
