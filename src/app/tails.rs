//! The filtered log panels of layouts: what of their logs passes, kept up as records come.

use std::collections::HashMap;

use crate::app::screens::Layouts;
use crate::config::Config;
use crate::config::panels::{LogPanel, PanelSubject};
use crate::config::sections::screen::ScreenLayout;
use crate::logs::record::Record;
use crate::logs::view::View;
use crate::world::ids::LogId;
use crate::world::logs::{LogView, Logs, rings};

/// Records scanned by one slice of work.
const SLICE: usize = 2_000;

/// What one panel shows.
#[derive(Debug, Clone)]
pub struct Tail {
    view: View,
    sources: Vec<LogId>,
}

/// Every panel of the layouts, and of the steps of checklists, that has a filter. What is held already is scanned in slices.
#[expect(clippy::mutable_key_type, reason = "a filter is compared and hashed by its text, which never changes")]
pub(crate) fn tails(config: &Config, layouts: &Layouts, logs: &Logs) -> HashMap<LogPanel, Tail> {
    let beside = config.checklists.iter().flat_map(|list| &list.steps).filter_map(|step| step.show.as_ref());
    let panels = layouts.iter().flat_map(ScreenLayout::panels).chain(beside);
    let filtered = panels.filter_map(|panel| match &panel.subject {
        PanelSubject::Log(shown) if !shown.filter.is_everything() => Some(shown),
        _ => None,
    });
    filtered.map(|shown| (shown.clone(), Tail::new(shown, logs))).collect()
}

impl Tail {
    fn new(shown: &LogPanel, logs: &Logs) -> Self {
        let of = |log: &LogView| shown.only().is_none_or(|only| log.name == *only);
        let sources: Vec<LogId> = logs.ids().filter(|id| of(&logs[*id])).collect();
        Self { view: View::new(shown.filter.clone(), &rings(logs, &sources)), sources }
    }

    /// Takes in a record that was just pushed to the ring of log `at`.
    pub(crate) fn ingest(&mut self, logs: &Logs, at: LogId, record: &Record, backlog: bool) {
        if let Some(source) = self.sources.iter().position(|source| *source == at) {
            self.view.ingest(&logs[at].ring, source, record, backlog);
        }
    }

    /// Lets go of what the rings dropped.
    pub(crate) fn forget(&mut self, logs: &Logs) {
        self.view.forget(&rings(logs, &self.sources), 0);
    }

    /// Whether a scan is left over.
    pub(crate) fn is_scanning(&self) -> bool {
        self.view.is_scanning()
    }

    /// Scans one slice of what was held.
    pub(crate) fn work(&mut self, logs: &Logs) {
        self.view.work(&rings(logs, &self.sources), SLICE);
    }

    /// What passes, and how much of it.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The newest `count` records that pass, oldest first.
    pub(crate) fn last(&self, logs: &Logs, count: usize) -> Vec<Record> {
        let held = rings(logs, &self.sources);
        let entries = self.view.iter_from(self.view.len().saturating_sub(count));
        entries.filter_map(|entry| held.get(entry.source)?.get(entry.seq).cloned()).collect()
    }
}
