//! What was shown before a line of input shows something else as it is typed: kept up meanwhile, so that Esc brings it
//! back as it would be had nobody typed. Scanning again would lose the place and the count of what is new.

use crate::app::screens::logs::{Found, Pane, Place};
use crate::app::state::State;
use crate::logs::filter::Filter;
use crate::logs::record::Record;
use crate::text::SafeText;
use crate::world::ids::LogId;
use crate::world::logs::{Logs, rings};

use super::filtering::{parse, set_filter};
use super::search::{SLICE, set_search};

/// What is put aside.
#[derive(Debug, Clone)]
pub(crate) struct Aside {
    shown: Shown,
    found: Option<Found>,
    /// The logs that are merged.
    sources: Vec<LogId>,
}

#[derive(Debug, Clone)]
enum Shown {
    /// Another filter is typed: all that this one shows.
    Filter(Filter, Box<Pane>),
    /// Another search is typed: only the place changes.
    Search(Option<Filter>, Place),
}

impl Aside {
    /// Takes in a record that was just pushed to the ring of log `at`.
    pub(in crate::app) fn ingest(&mut self, logs: &Logs, at: LogId, record: &Record, backlog: bool) {
        if let Shown::Filter(_, pane) = &mut self.shown {
            pane.ingest(logs, at, record, backlog);
        }
        if let Some(found) = &mut self.found
            && let Some(source) = self.sources.iter().position(|source| *source == at)
        {
            found.view.ingest(&logs[at].ring, source, record, backlog);
        }
    }

    /// Lets go of what the rings dropped.
    pub(in crate::app) fn forget(&mut self, logs: &Logs) {
        if let Shown::Filter(_, pane) = &mut self.shown {
            pane.forget(logs);
        }
        if let Some(found) = &mut self.found {
            found.view.forget(&rings(logs, &self.sources), 0);
        }
    }

    /// Whether a scan is left over.
    pub(in crate::app) fn is_scanning(&self) -> bool {
        let filtering = matches!(&self.shown, Shown::Filter(_, pane) if pane.view().is_scanning());
        filtering || self.found.as_ref().is_some_and(|found| found.view.is_scanning())
    }

    /// Scans one slice of what was held.
    pub(in crate::app) fn work(&mut self, logs: &Logs) {
        match (&mut self.shown, &mut self.found) {
            (Shown::Filter(_, pane), _) if pane.view().is_scanning() => {
                pane.work(logs);
            }
            (_, Some(found)) => {
                found.view.work(&rings(logs, &self.sources), SLICE);
            }
            _ => {}
        }
    }

    fn is_filter(&self, other: &Filter, sources: &[LogId]) -> bool {
        matches!(&self.shown, Shown::Filter(filter, _) if filter == other) && self.sources == sources
    }

    fn restore(self, state: &mut State) {
        let screen = &mut state.console.screens.logs;
        screen.found = self.found;
        match self.shown {
            Shown::Filter(filter, pane) => (screen.filter, screen.pane) = (filter, *pane),
            Shown::Search(search, place) => {
                screen.search = search;
                screen.pane.go_back(place);
            }
        }
    }
}

/// Shows what passes a filter that is being typed; what was shown is put aside, and is back where it is typed again.
///
/// # Errors
/// As [`parse`]; the filter before stays in force.
pub(in crate::app) fn preview_filter(
    state: &mut State,
    aside: &mut Option<Box<Aside>>,
    text: &str,
) -> Result<(), (usize, SafeText)> {
    let filter = parse(text)?;
    let screen = &mut state.console.screens.logs;
    if filter == screen.filter {
        return Ok(());
    }
    if let Some(former) = aside.take_if(|former| former.is_filter(&filter, screen.pane.sources())) {
        former.restore(state);
        return Ok(());
    }
    if aside.is_none() {
        let sources = screen.pane.sources().to_vec();
        let shown = Shown::Filter(screen.filter.clone(), Box::new(screen.pane.part()));
        *aside = Some(Box::new(Aside { shown, found: screen.found.take(), sources }));
    }
    set_filter(state, filter);
    Ok(())
}

/// Goes to what a search that is being typed finds; the place before is kept.
///
/// # Errors
/// As [`parse`]; the search before stays in force.
pub(in crate::app) fn preview_search(
    state: &mut State,
    aside: &mut Option<Box<Aside>>,
    text: &str,
) -> Result<(), (usize, SafeText)> {
    let searched = parse(text)?;
    let screen = &mut state.console.screens.logs;
    if aside.is_none() {
        let sources = screen.pane.sources().to_vec();
        let shown = Shown::Search(screen.search.clone(), screen.pane.place());
        *aside = Some(Box::new(Aside { shown, found: screen.found.take(), sources }));
    }
    set_search(state, searched);
    Ok(())
}

/// Brings back what was put aside. `false` where the logs that are shown are others now.
pub(in crate::app) fn bring_back(state: &mut State, aside: Aside) -> bool {
    let same = aside.sources == state.console.screens.logs.pane.sources();
    if same {
        aside.restore(state);
    }
    same
}
