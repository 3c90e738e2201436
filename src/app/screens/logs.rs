//! What the logs screen remembers.

mod columns;
mod pane;
mod scope;
mod waiting;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::logs::filter::{Filter, KnownFields};
use crate::logs::record::Record;
use crate::logs::view::{View, ViewEntry};
use crate::text::name::Name;
use crate::world::logs::Logs;

pub(crate) use columns::{FieldColumns, NO_COLUMNS, given};
pub(in crate::app) use pane::Place;
pub(crate) use pane::{Pane, PaneRow};
pub use scope::LogScope;
pub(crate) use waiting::Waiting;

/// How times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timestamps {
    /// `02:41:05`
    #[default]
    Short,
    /// `2026-11-21T02:41:05.123Z`
    Full,
    /// `12s`
    Age,
    /// `+1.2s` since the record above.
    Elapsed,
    /// Not at all.
    None,
}

impl Timestamps {
    /// The next form.
    #[must_use]
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Short => Self::Full,
            Self::Full => Self::Age,
            Self::Age => Self::Elapsed,
            Self::Elapsed => Self::None,
            Self::None => Self::Short,
        }
    }
}

/// Filters and searches that are remembered.
pub(crate) const MAX_HISTORY: usize = 50;
/// The span that the histogram covers at first: the last hour.
const DEFAULT_RANGE: usize = 2;

/// What the logs screen remembers.
#[derive(Debug, Clone, Default)]
pub struct LogsScreen {
    /// The records that pass the filter, and where one stands in them.
    pub pane: Pane,
    /// Which logs are shown.
    pub scope: LogScope,
    /// The filter in force. The view's is the same with what the scope asks, its times counted from when it was set or the
    /// scope was changed.
    pub filter: Filter,
    /// Filters that were used, oldest first.
    pub filters: Vec<String>,
    /// What is searched; `None` where nothing is.
    pub search: Option<Filter>,
    /// Searches that were used, oldest first.
    pub searches: Vec<String>,
    /// First column shown; kept when new records come.
    pub column: usize,
    /// Marked records, by log and `seq`; they stay though the ring drops them. At most `MAX_MARKS`.
    pub marks: BTreeMap<(Name, u64), Record>,
    /// Lines of context shown around what the filter keeps.
    pub context: usize,
    /// Whether the level histogram is shown.
    pub histogram: bool,
    /// How long a span the histogram covers: an index into its ranges.
    pub range: usize,
    /// What is known of the fields of the records that came, for completion.
    pub known: KnownFields,
    /// What was shown before a key made the filter, the latest last.
    pub(in crate::app) detours: Vec<Former>,
    /// What the search found.
    pub(in crate::app) found: Option<Found>,
}

impl LogsScreen {
    /// The screen of a new state.
    pub(crate) fn new(logs: &Logs) -> Self {
        Self {
            pane: Pane::new(logs, logs.ids().collect(), Filter::everything()),
            histogram: true,
            range: DEFAULT_RANGE,
            ..Self::default()
        }
    }

    /// What to draw in `height` rows; see [`Pane::rows`].
    pub fn rows(&self, logs: &Logs, height: usize) -> Vec<PaneRow> {
        let context = if self.filter.is_everything() { 0 } else { self.context };
        self.pane.rows(logs, height, context)
    }

    /// Whether a record is marked.
    pub(crate) fn is_marked(&self, record: &Record) -> bool {
        self.marks.contains_key(&(record.log.clone(), record.seq))
    }

    /// How much of a scan for filter or search is done, in per cent.
    pub fn progress(&self) -> Option<u8> {
        let searching = self.found.as_ref().and_then(|found| found.view.progress());
        self.pane.view().progress().or(searching)
    }

    /// The parts of a text that the search, or else the filter, hits.
    pub(crate) fn hits(&self, text: &str) -> Vec<Range<usize>> {
        self.search.as_ref().unwrap_or_else(|| self.pane.view().filter()).hits(text)
    }

    /// Which match the cursor stands on, from 1 (0: on none), and of how many; `None` where nothing is searched.
    pub fn hit(&self) -> Option<(usize, usize)> {
        let found = self.found.as_ref()?;
        let here = self.pane.entry().and_then(|entry| {
            let next = found.view.after(&entry).unwrap_or(found.view.len());
            let at = next.checked_sub(1).and_then(|at| found.view.get(at))?;
            ((at.source, at.seq) == (entry.source, entry.seq)).then_some(next)
        });
        Some((here.unwrap_or(0), found.view.len()))
    }
}

/// What the search found.
#[derive(Debug, Clone)]
pub(in crate::app) struct Found {
    pub(in crate::app) view: View,
    /// Where the search began: the nearest match before it is gone to as soon as it is known.
    pub(in crate::app) from: Option<ViewEntry>,
}

/// What was shown before a key made another filter.
#[derive(Debug, Clone)]
pub(crate) struct Former {
    /// Its filter.
    pub filter: Filter,
    /// The logs that were shown.
    pub(in crate::app) scope: LogScope,
    /// Where the cursor stood; `None` where the view followed.
    pub(in crate::app) place: Option<ViewEntry>,
    /// The filter that was set in its stead: with another one there is no way back.
    pub(in crate::app) set: Filter,
    /// It shows one trace.
    pub(in crate::app) traces: bool,
}
