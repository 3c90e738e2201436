//! Which lists are due, late, under way, done; and how well their periods are kept.

use chrono::{DateTime, Utc};

use crate::config::sections::checklist::Checklist;
use crate::lang::order::InOrder;
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
    /// Nobody did it, and it can't be done any more: what begins now is the next one.
    Missed,
    /// A run goes on.
    Running,
    /// It may be begun now.
    Due,
    /// It can be started when it is needed.
    OnDemand,
    /// It was not due yet; one that begins now is the one that is due soon.
    NotDue,
    /// The run of this period is signed off.
    Done,
}

impl ListStanding {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Missed => "missed",
            Self::Running => "running",
            Self::Due => "due",
            Self::OnDemand => "on demand",
            Self::NotDue => "not due",
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
    /// Since when it is due; `None`: on demand, or what goes on was begun so.
    pub due: Option<DateTime<Utc>>,
    /// When it is due again after that, and after now; `None`: on demand.
    pub again: Option<DateTime<Utc>>,
    /// Until when it is on time: signed off where a run goes on, else begun. `None`: on demand, or that was over before the list
    /// had its schedule.
    pub late_from: Option<DateTime<Utc>>,
}

impl ListView<'_> {
    /// When it is due next, after `now`; `None`: on demand.
    pub(crate) fn next_due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // The round that goes on or is done is not asked again, though it may be due only soon.
        let is_begun = matches!(self.state, ListStanding::Running | ListStanding::Done);
        self.due.filter(|due| !is_begun && now < *due).or(self.again)
    }
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
        let (now, zone) = (self.now.utc, self.config.console.timezone);
        let runs = self.runs_of_checklist(&list.name);
        let present = list.period(now, zone);
        if let Some(run) = runs.iter().copied().find(|run| self.goes_on(run, list, present)) {
            // By its own period, which may be one of a schedule before, and by the schedule that holds now.
            let (due, state) = (run.due, ListStanding::Running);
            let after = due.map_or(now, |due| due.max(now));
            let again = list.at.as_ref().and_then(|at| at.next(after, list.zone(zone)));
            return ListView { list, state, run: Some(run), due, again, late_from: run.until };
        }
        let Some(present) = present else {
            let (state, run) = (ListStanding::OnDemand, runs.first().copied());
            return ListView { list, state, run, due: None, again: None, late_from: None };
        };
        let period = self.period_of(list, present);
        let run = self.checklist_run(&run_id(&list.name, Some(period.0), now));
        // What was signed off by the schedule before is not asked again in the same period.
        let of_before = |run: &&ChecklistRecord| run.signed.is_some() && is_due_in(run, period);
        let run = run.or_else(|| runs.iter().copied().find(of_before));
        let late_from = list.begun_by(period);
        // Nobody could be on time for a round that was over before the schedule was written.
        let is_new = run.is_none() && now >= late_from && self.is_since(list, late_from);
        let state = match run {
            Some(run) if run.signed.is_some() => ListStanding::Done,
            Some(_) => ListStanding::Missed,
            None if now < period.0 && self.went_by(list, present, &runs) => ListStanding::Missed,
            None if now < period.0 => ListStanding::NotDue,
            None if is_new && self.went_by(list, present, &runs) => ListStanding::Missed,
            None if is_new => ListStanding::NotDue,
            None if now >= late_from => ListStanding::Late,
            None => ListStanding::Due,
        };
        let late_from = (!is_new).then_some(late_from);
        ListView { list, state, run, due: Some(period.0), again: Some(period.1), late_from }
    }

    /// Whether a run of a list is open and its period is not over. That of a run that was due by another schedule ends when
    /// the one that holds now first makes the list due: after the edit, where that was seen here, else after the run was due
    /// and begun. A run that was begun on demand goes on until it is signed off.
    pub(super) fn goes_on(
        &self,
        run: &ChecklistRecord,
        list: &Checklist,
        present: Option<(DateTime<Utc>, DateTime<Utc>)>,
    ) -> bool {
        let (Some(due), Some((began, _))) = (run.due, present) else { return run.is_open() };
        if !run.is_open() || due >= began {
            return run.is_open();
        }
        let zone = self.config.console.timezone;
        if run.schedule.is_none() || run.schedule == list.schedule(zone) {
            return false;
        }
        if let Some(edited) = self.checklists.scheduled.get(&list.name) {
            return began < *edited;
        }
        let taken_up = run.started.as_ref().map_or(due, |(at, _)| due.max(*at));
        list.at.as_ref().and_then(|at| at.next(taken_up, list.zone(zone))).is_none_or(|ends| self.now.utc < ends)
    }

    /// The open runs that no list shows as its own: of a period that is over, or of a list that is not configured any more.
    pub(crate) fn runs_left_open(&self) -> Vec<&ChecklistRecord> {
        let is_shown = |run: &ChecklistRecord| {
            let shown = self.config.checklist(&run.checklist).and_then(|list| self.list_view(list).run);
            shown.is_some_and(|shown| shown.id == run.id)
        };
        let mut left: Vec<_> = self.checklist_runs().filter(|run| run.is_open() && !is_shown(run)).collect();
        left.order_by_key(|run| std::cmp::Reverse(super::began(run)));
        left
    }

    /// Whether nobody did the round of a period, as far as that is known.
    fn went_by(&self, list: &Checklist, period: (DateTime<Utc>, DateTime<Utc>), runs: &[&ChecklistRecord]) -> bool {
        if let Some(run) = runs.iter().find(|run| is_due_in(run, period)) {
            return run.missed.is_some();
        }
        if self.checklists.superseded.iter().any(|row| row.checklist == list.name && period.0 <= row.due) {
            return true;
        }
        let schedule = list.schedule(self.config.console.timezone);
        period.0 >= self.scheduled_since(list, schedule.as_deref())
    }

    /// Whether a list is due as it is now only since a moment, or since later, as far as that is known.
    fn is_since(&self, list: &Checklist, at: DateTime<Utc>) -> bool {
        let schedule = list.schedule(self.config.console.timezone);
        at <= self.scheduled_since(list, schedule.as_deref())
    }

    /// The period that a run that begins now belongs to: the present one, or where the next begins soon, the next, unless the
    /// window of the present one says that it may still be begun.
    fn period_of(&self, list: &Checklist, present: (DateTime<Utc>, DateTime<Utc>)) -> (DateTime<Utc>, DateTime<Utc>) {
        let (now, next) = (self.now.utc, present.1);
        let run = self.checklist_run(&run_id(&list.name, Some(present.0), now));
        let is_on_time = run.is_none() && now < list.begun_by(present);
        if now < Checklist::early_from(present) || is_on_time {
            return present;
        }
        let zone = list.zone(self.config.console.timezone);
        list.at.as_ref().and_then(|at| at.next(next, zone)).map_or(present, |after| (next, after))
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

/// Whether a run was due in a period.
fn is_due_in(run: &ChecklistRecord, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> bool {
    run.due.is_some_and(|due| from <= due && due < to)
}
