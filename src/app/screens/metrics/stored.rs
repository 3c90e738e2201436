//! What charts show of the store: of each the answer that came last, kept until a newer one is here.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Before;
use crate::lang::time::Stamp;
use crate::model::rollup::{ChartQuery, ChartSpan, SeriesKey};
use crate::world::timeline::TimelineEntry;

/// Answers that are kept: all charts of a screen, each over several spans and with what it is compared with.
const MOST: usize = 100;

/// Which answer: of what, for which span, and of which time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChartId {
    pub series: SeriesKey,
    pub span: Duration,
    pub before: Before,
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct StoredChart {
    id: ChartId,
    pub query: ChartQuery,
    pub spans: Vec<ChartSpan>,
}

/// What happened before the timeline begins.
#[derive(Debug, Clone)]
pub(crate) struct StoredMarks {
    /// Nothing is missing since then.
    pub since: DateTime<Utc>,
    /// When it was asked for: what happened later is not among them.
    pub until: DateTime<Utc>,
    /// Newest first, each with whether it is a release.
    pub entries: Vec<(TimelineEntry, bool)>,
}

/// What is here of the store, and what is on its way.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoredCharts {
    /// The one that was taken in last at the end.
    kept: Vec<StoredChart>,
    /// Asked for, and not here yet.
    pub(crate) asked: Vec<(ChartId, ChartQuery)>,
    pub(crate) marks: Option<StoredMarks>,
    /// Since when marks are asked for, and when that was.
    pub(crate) asked_marks: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When the store last could not be read.
    pub(crate) failed: Option<Stamp>,
}

impl StoredCharts {
    /// What is stored of a chart. Until its own answer is here, that of another span of the same chart which reaches back
    /// furthest.
    pub(crate) fn get(&self, series: &SeriesKey, span: Duration, before: Before) -> Option<&StoredChart> {
        let mut of_it = self.kept.iter().filter(|chart| chart.id.series == *series && chart.id.before == before);
        of_it
            .clone()
            .find(|chart| chart.id.span == span)
            .or_else(|| of_it.by_ref().min_by_key(|chart| chart.query.from))
    }

    /// Whether the answer of a chart is here and holds these minutes.
    pub(crate) fn covers(&self, id: &ChartId, (from, until): (u32, u32)) -> bool {
        self.kept.iter().any(|chart| chart.id == *id && chart.query.covers(from, until))
    }

    /// Whether it is on its way.
    pub(crate) fn is_asked(&self, id: &ChartId, (from, until): (u32, u32)) -> bool {
        self.asked.iter().any(|(asked, query)| asked == id && query.covers(from, until))
    }

    /// Whether what it was at another time is on its way.
    pub(crate) fn is_reading(&self, series: &SeriesKey, before: Before) -> bool {
        self.asked.iter().any(|(id, _)| id.series == *series && id.before == before)
    }

    /// Takes in the answer to one query.
    pub(crate) fn answered(&mut self, query: ChartQuery, spans: Vec<ChartSpan>) {
        let Some(at) = self.asked.iter().position(|(_, asked)| *asked == query) else { return };
        let (id, _) = self.asked.remove(at);
        self.kept.retain(|chart| chart.id != id);
        if self.kept.len() == MOST {
            self.kept.remove(0);
        }
        self.kept.push(StoredChart { id, query, spans });
    }

    /// The store is another, or another configuration names other metrics: nothing that is here is known to be right.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}
