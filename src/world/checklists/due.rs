//! Which lists are due, late, under way, done; and how well their periods are kept.

use chrono::{DateTime, Utc};

use crate::config::sections::checklist::Checklist;
use crate::model::checklist::run_id;
use crate::model::thing::ChecklistRecord;
use crate::world::World;

/// Periods over which it is said how well they are kept.
const KEPT: usize = 30;

/// How a list stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ListStanding {
    /// Its window is over and nobody began.
    Late,
    /// A run goes on.
    Running,
    /// It may be begun now.
    Due,
    /// It can be started when it is needed.
    OnDemand,
    /// The run of this period is signed off, or none is due yet.
    Done,
}

impl ListStanding {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Running => "running",
            Self::Due => "due",
            Self::OnDemand => "on demand",
            Self::Done => "done",
        }
    }
}

/// A list, with the run that a person would look at.
#[derive(Debug, Clone)]
pub(crate) struct ListView<'a> {
    /// The list.
    pub list: &'a Checklist,
    /// How it stands.
    pub state: ListStanding,
    /// The run that goes on, else the one of this period.
    pub run: Option<&'a ChecklistRecord>,
    /// Since when it is due, and when it is due again; `None`: on demand.
    pub period: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Until when it is on time.
    pub late_from: Option<DateTime<Utc>>,
}

/// How well the last periods of a list were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PeriodsKept {
    /// Periods that are over.
    pub periods: usize,
    /// Those that were signed off.
    pub done: usize,
    /// Those that were signed off within their window.
    pub on_time: usize,
}

impl World {
    /// Every list of the configuration, in its order.
    pub(crate) fn lists(&self) -> impl Iterator<Item = ListView<'_>> {
        self.config.checklists.iter().map(|list| self.list_view(list))
    }

    /// How a list stands.
    pub(crate) fn list_view<'a>(&'a self, list: &'a Checklist) -> ListView<'a> {
        let now = self.now.utc;
        let period = self.period_of(list);
        // What was left open in a period that is over goes by as missed.
        let is_of_now = |run: &&ChecklistRecord| run.is_open() && period.is_none_or(|(due, _)| run.due >= Some(due));
        let runs = self.runs_of_checklist(&list.name);
        let open = runs.iter().copied().find(is_of_now);
        let Some(period) = period else {
            let latest = open.or_else(|| runs.first().copied());
            let state = if open.is_some() { ListStanding::Running } else { ListStanding::OnDemand };
            return ListView { list, state, run: latest, period: None, late_from: None };
        };
        let of_period = self.checklist_run(&run_id(&list.name, Some(period.0), now));
        let late_from = list.late_from(period);
        let state = match of_period {
            _ if open.is_some() => ListStanding::Running,
            Some(_) => ListStanding::Done,
            None if now < period.0 => ListStanding::Done,
            None if now >= late_from => ListStanding::Late,
            None => ListStanding::Due,
        };
        ListView { list, state, run: open.or(of_period), period: Some(period), late_from: Some(late_from) }
    }

    /// The period that a run that begins now belongs to: the present one, or where the next begins soon, the next, unless the
    /// present one is under way, or its window says that it may still be begun.
    pub(crate) fn period_of(&self, list: &Checklist) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (now, zone) = (self.now.utc, self.config.console.timezone);
        let (due, next) = list.period(now, zone)?;
        let early = ((next - due) / 8).min(chrono::Duration::hours(2));
        let run = self.checklist_run(&run_id(&list.name, Some(due), now));
        let is_open = run.is_some_and(ChecklistRecord::is_open);
        let is_on_time = run.is_none() && list.window.is_some() && now < list.late_from((due, next));
        if next - now > early || is_open || is_on_time {
            return Some((due, next));
        }
        let at = list.at.as_ref()?;
        Some((next, at.next(next, list.zone(zone))?))
    }

    /// How well the last periods of a list were kept.
    pub(crate) fn kept(&self, checklist: &str) -> PeriodsKept {
        let runs = self.runs_of_checklist(checklist);
        let over = runs.iter().filter(|run| run.due.is_some() && !run.is_open()).take(KEPT);
        over.fold(PeriodsKept::default(), |kept, run| PeriodsKept {
            periods: kept.periods + 1,
            done: kept.done + usize::from(run.signed.is_some()),
            on_time: kept.on_time + usize::from(run.is_on_time()),
        })
    }
}
