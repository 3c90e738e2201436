//! A window on merged records that follows the newest, or stands still, whatever comes in and whatever is dropped.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::logs::filter::Filter;
use crate::logs::record::{Level, Record};
use crate::logs::view::{View, ViewEntry};
use crate::world::ids::LogId;
use crate::world::logs::{Logs, rings};

/// Records scanned by one slice of work: some two milliseconds, so that a key never waits for a filter.
const SLICE: usize = 2_000;

/// The window.
#[derive(Debug, Clone, Default)]
pub struct Pane {
    view: View,
    /// The merged logs.
    sources: Vec<LogId>,
    /// Whether the newest record is shown as it comes.
    pub follow: bool,
    /// Records that came since it stopped following.
    pub new_records: usize,
    /// The selected entry; `None` while it follows: the newest.
    cursor: Option<ViewEntry>,
    /// While it stands still: what is shown, with the records themselves, so that they stay although the ring drops
    /// them. Its length is the height at the moment it stopped; more is looked up.
    window: Vec<(ViewEntry, Record)>,
}

/// Where one stands in it.
#[derive(Debug, Clone)]
pub(in crate::app) struct Place {
    follow: bool,
    cursor: Option<ViewEntry>,
    window: Vec<(ViewEntry, Record)>,
}

/// One record to draw.
#[derive(Debug, Clone)]
pub struct PaneRow {
    /// The record.
    pub record: Record,
    /// The time by which it is merged: that of a line which states none is that of the line above it.
    pub at: DateTime<Utc>,
    /// The cursor stands on it.
    pub selected: bool,
    /// Shown only because a neighbour passed the filter.
    pub context: bool,
    /// It came later than its time says.
    pub late: bool,
    /// Time since the record above it, whether that is in sight or not; `None` for the very first.
    pub since: Option<TimeDelta>,
}

impl Pane {
    /// A window on these logs that follows. What is held already is scanned in slices.
    pub(crate) fn new(logs: &Logs, sources: Vec<LogId>, filter: Filter) -> Self {
        let view = View::new(filter, &rings(logs, &sources));
        Self { view, sources, follow: true, ..Self::default() }
    }

    /// What passes, and how often which level.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The logs that are merged.
    pub(crate) fn sources(&self) -> &[LogId] {
        &self.sources
    }

    /// Takes in a record that was just pushed to the ring of log `at`.
    pub(in crate::app) fn ingest(&mut self, logs: &Logs, at: LogId, record: &Record, backlog: bool) {
        let Some(source) = self.sources.iter().position(|source| *source == at) else { return };
        let before = self.view.len();
        self.view.ingest(&logs[at].ring, source, record, backlog);
        if !self.follow && self.view.len() > before {
            self.new_records += 1;
        }
    }

    /// Lets go of what the rings dropped.
    pub(in crate::app) fn forget(&mut self, logs: &Logs) {
        self.view.forget(&rings(logs, &self.sources), 0);
    }

    /// Scans one slice of what was held. `true` while more is left.
    pub(in crate::app) fn work(&mut self, logs: &Logs) -> bool {
        !self.view.work(&rings(logs, &self.sources), SLICE)
    }

    /// Shows what passes another filter, around the same place.
    pub(in crate::app) fn refilter(&mut self, logs: &Logs, sources: Vec<LogId>, filter: Filter) {
        self.replace(logs, Some, sources, filter);
    }

    /// The same place after the list of logs changed: `moved` gives the new id of an old one.
    pub(in crate::app) fn remap(&mut self, logs: &Logs, moved: impl Fn(LogId) -> Option<LogId>, sources: Vec<LogId>) {
        let filter = self.view.filter().clone();
        self.replace(logs, moved, sources, filter);
    }

    fn replace(&mut self, logs: &Logs, moved: impl Fn(LogId) -> Option<LogId>, sources: Vec<LogId>, filter: Filter) {
        let place = |entry: &ViewEntry| {
            let log = moved(*self.sources.get(entry.source)?)?;
            Some(ViewEntry { source: sources.iter().position(|source| *source == log)?, ..*entry })
        };
        let anchor = self.window.first().and_then(|(entry, _)| place(entry));
        let cursor = self.cursor.as_ref().and_then(place);
        self.view = View::new(filter, &rings(logs, &sources));
        self.sources = sources;
        self.new_records = 0;
        self.window.clear();
        self.cursor = cursor.or(anchor);
        self.follow = self.cursor.is_none();
    }

    /// The record under the cursor: the newest while it follows.
    pub fn selected(&self, logs: &Logs) -> Option<Record> {
        let entry = self.entry()?;
        self.record(logs, &entry)
    }

    /// The entry under the cursor: the newest while it follows.
    pub fn entry(&self) -> Option<ViewEntry> {
        self.cursor.or_else(|| self.view.last())
    }

    fn record(&self, logs: &Logs, entry: &ViewEntry) -> Option<Record> {
        let pinned = self.window.iter().find(|(held, _)| same(held, entry));
        pinned.map(|(_, record)| record.clone()).or_else(|| lookup(logs, &self.sources, entry))
    }

    /// Follows the newest again.
    pub(in crate::app) fn resume(&mut self) {
        self.follow = true;
        self.cursor = None;
        self.new_records = 0;
        self.window.clear();
    }

    /// Where one stands.
    pub(in crate::app) fn place(&self) -> Place {
        Place { follow: self.follow, cursor: self.cursor, window: self.window.clone() }
    }

    /// Stands there again; what came meanwhile is still new.
    pub(in crate::app) fn go_back(&mut self, to: Place) {
        if to.follow {
            return self.resume();
        }
        (self.follow, self.cursor, self.window) = (false, to.cursor, to.window);
    }

    /// Takes the window away and leaves one at the same place that shows nothing until [`Pane::refilter`].
    pub(in crate::app) fn part(&mut self) -> Self {
        let left = Self {
            view: View::default(),
            sources: self.sources.clone(),
            follow: self.follow,
            new_records: 0,
            cursor: self.cursor,
            window: self.window.clone(),
        };
        std::mem::replace(self, left)
    }

    /// Stands on an entry, which need not be scanned yet.
    pub(in crate::app) fn stand_at(&mut self, entry: ViewEntry) {
        self.follow = false;
        self.cursor = Some(entry);
        self.window.clear();
    }

    /// Stands still on what is shown.
    pub(in crate::app) fn pause(&mut self, logs: &Logs, height: usize) {
        if self.follow
            && let Some(newest) = self.view.last()
        {
            let first = self.view.len().saturating_sub(height);
            self.follow = false;
            self.new_records = 0;
            self.cursor = Some(newest);
            self.window = self.pinned(logs, first, height);
        }
    }

    /// Moves the cursor by `by` entries, the window after it as little as needed. At the end it stays paused: only
    /// going to the bottom on purpose follows again.
    pub(in crate::app) fn step(&mut self, logs: &Logs, by: isize, height: usize) {
        self.pause(logs, height);
        for _ in 0..by.unsigned_abs() {
            if !(if by < 0 { self.up(logs, height) } else { self.down(logs, height) }) {
                break;
            }
        }
    }

    fn up(&mut self, logs: &Logs, height: usize) -> bool {
        let Some(cursor) = self.cursor else { return false };
        match self.window.iter().position(|(entry, _)| same(entry, &cursor)) {
            Some(at) if at > 0 => self.cursor = Some(self.window[at - 1].0),
            _ => {
                let Some(entry) = self.view.before(&cursor).and_then(|index| self.view.get(index)) else {
                    return false;
                };
                self.cursor = Some(entry);
                if let Some(record) = lookup(logs, &self.sources, &entry) {
                    self.window.insert(0, (entry, record));
                    self.window.truncate(height.max(1));
                }
            }
        }
        true
    }

    fn down(&mut self, logs: &Logs, height: usize) -> bool {
        let Some(cursor) = self.cursor else { return false };
        match self.window.iter().position(|(entry, _)| same(entry, &cursor)) {
            Some(at) if at + 1 < self.window.len() => self.cursor = Some(self.window[at + 1].0),
            _ => {
                let Some(entry) = self.view.after(&cursor).and_then(|index| self.view.get(index)) else { return false };
                self.cursor = Some(entry);
                if let Some(record) = lookup(logs, &self.sources, &entry) {
                    self.window.push((entry, record));
                    let over = self.window.len().saturating_sub(height.max(1));
                    self.window.drain(..over);
                }
            }
        }
        true
    }

    /// Puts the cursor on an entry and shows it, a third from the top where the window has to move.
    pub(in crate::app) fn jump(&mut self, logs: &Logs, entry: ViewEntry, height: usize) {
        self.pause(logs, height);
        self.cursor = Some(entry);
        if self.window.iter().any(|(held, _)| same(held, &entry)) {
            return;
        }
        let at = self.view.before(&entry).map_or(0, |before| before + 1);
        let first = at.saturating_sub(height / 3).min(self.view.len().saturating_sub(height));
        self.window = self.pinned(logs, first, height);
    }

    /// The nearest entry of at least a level, after the cursor or before it; the last one while there is no cursor.
    pub(in crate::app) fn find_level(&self, level: Level, forward: bool) -> Option<ViewEntry> {
        let wanted = |entry: &ViewEntry| entry.level >= level;
        let Some(cursor) = self.cursor else {
            return (0..self.view.len()).rev().filter_map(|index| self.view.get(index)).find(wanted);
        };
        if forward {
            self.view.iter_from(self.view.after(&cursor)?).find(wanted)
        } else {
            let before = self.view.before(&cursor)?;
            (0..=before).rev().filter_map(|index| self.view.get(index)).find(wanted)
        }
    }

    fn pinned(&self, logs: &Logs, first: usize, height: usize) -> Vec<(ViewEntry, Record)> {
        let entries = self.view.iter_from(first).take(height.max(1));
        entries.filter_map(|entry| Some((entry, lookup(logs, &self.sources, &entry)?))).collect()
    }

    /// What to draw in `height` rows, from the top; `context` neighbours are kept around each entry. While it follows
    /// the last rows belong at the bottom.
    pub(crate) fn rows(&self, logs: &Logs, height: usize, context: usize) -> Vec<PaneRow> {
        let shown = if self.follow {
            self.pinned(logs, self.view.len().saturating_sub(height), height)
        } else {
            self.standing(logs, height)
        };
        let cursor = self.entry();
        let mut rows: Vec<PaneRow> = Vec::with_capacity(shown.len());
        let first = shown.first().map(|(entry, _)| *entry);
        let mut done: BTreeSet<(usize, u64)> = BTreeSet::new();
        let kept: BTreeSet<(usize, u64)> = shown.iter().map(|(entry, _)| (entry.source, entry.seq)).collect();
        for (entry, record) in shown {
            let mut neighbours = |from: u64, to: u64, rows: &mut Vec<PaneRow>| {
                for seq in from..to {
                    let id = (entry.source, seq);
                    if !kept.contains(&id)
                        && done.insert(id)
                        && let Some(record) = lookup(logs, &self.sources, &ViewEntry { seq, ..entry })
                    {
                        let at = merged_at(logs, &self.sources, &ViewEntry { seq, ..entry });
                        rows.push(PaneRow { record, at, selected: false, context: true, late: false, since: None });
                    }
                }
            };
            let around = context as u64;
            neighbours(entry.seq.saturating_sub(around), entry.seq, &mut rows);
            let selected = cursor.is_some_and(|cursor| same(&cursor, &entry));
            rows.push(PaneRow { record, at: entry.at, selected, context: false, late: entry.late, since: None });
            neighbours(entry.seq + 1, entry.seq + 1 + around, &mut rows);
        }
        let above = first.and_then(|first| self.view.before(&first)).and_then(|index| self.view.get(index));
        let mut last = above.map(|entry| entry.at);
        for row in &mut rows {
            row.since = last.replace(row.at).map(|last| row.at - last);
        }
        if self.follow {
            rows.drain(..rows.len().saturating_sub(height));
        }
        rows
    }

    /// What stands still, and what comes after it where the window has become higher.
    fn standing(&self, logs: &Logs, height: usize) -> Vec<(ViewEntry, Record)> {
        let mut shown = self.window.clone();
        // Where the window has become lower the cursor stays in sight.
        let is_cursor = |(entry, _): &(ViewEntry, Record)| self.cursor.is_some_and(|cursor| same(&cursor, entry));
        let above = shown.iter().position(is_cursor).map_or(0, |at| (at + 1).saturating_sub(height));
        shown.drain(..above);
        shown.truncate(height);
        let next = match (shown.last(), self.cursor) {
            (Some((last, _)), _) => self.view.after(last),
            // After another filter: around the place where the cursor was.
            (None, Some(cursor)) => {
                let at = self.view.before(&cursor).map_or(0, |before| before + 1);
                Some(at.saturating_sub(height / 3).min(self.view.len().saturating_sub(height)))
            }
            (None, None) => Some(0),
        };
        if let Some(next) = next {
            shown.extend(self.pinned(logs, next, height).into_iter().take(height - shown.len()));
        }
        shown
    }
}

fn lookup(logs: &Logs, sources: &[LogId], entry: &ViewEntry) -> Option<Record> {
    logs.get(*sources.get(entry.source)?)?.ring.get(entry.seq).cloned()
}

fn merged_at(logs: &Logs, sources: &[LogId], entry: &ViewEntry) -> DateTime<Utc> {
    let ring = sources.get(entry.source).and_then(|at| logs.get(*at)).map(|log| &log.ring);
    ring.and_then(|ring| ring.time_at(ring.index_of(entry.seq)?)).unwrap_or(entry.at)
}

fn same(a: &ViewEntry, b: &ViewEntry) -> bool {
    (a.source, a.seq) == (b.source, b.seq)
}
