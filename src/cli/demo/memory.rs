//! The store of a simulated demo: what is on record before its start, and what is put there since, without a database.
//!
//! What it answers is what the store of the true demo answers; a test compares them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::company;
use super::past::{HOST, PastFact, Readings, facts};
use crate::model::effect::{Effect, HistoryEffect, HolderEffect, StoreEffect};
use crate::model::fact::{Fact, NewFact, Statement};
use crate::model::lease::{LeaseReport, LeaseView};
use crate::model::outcome::Outcome;
use crate::model::rollup::{
    Bucket, ChartQuery, ChartSpan, ChartSpans, HOURS_BACK, MINUTES_BACK, SeriesHistory, SeriesKey, Width,
};
use crate::model::thing::{NOTE_STANDS, NoteRecord, StoredThing, ThingKey, ThingKind, Things, follow};
use crate::store::new_fact;

/// The kinds of things that are about alerts and incidents.
const ABOUT_ALERTS: [ThingKind; 5] =
    [ThingKind::Alert, ThingKind::Silence, ThingKind::Maintenance, ThingKind::Message, ThingKind::Incident];
/// The kinds of facts that charts mark.
const MARKED: [&str; 3] = ["deployment", "alert.fired", "alert.resolved"];
/// By which fence the past was said; the console acts by the next.
const PAST_FENCE: u64 = 1;

/// The store.
#[derive(Debug)]
pub(super) struct DemoStore {
    start: DateTime<Utc>,
    readings: Readings,
    facts: Vec<Fact>,
    things: Things,
    /// What is on record of the time after the simulation began, which is told when it is so; the next is last.
    to_come: Vec<PastFact>,
    /// Since when the console acts for all.
    acts_since: Option<DateTime<Utc>>,
}

impl DemoStore {
    /// As it is at `opened`, of a demo that starts at `start`.
    pub(super) fn new(seed: u64, start: DateTime<Utc>, opened: DateTime<Utc>) -> Self {
        let all = facts(start, PAST_FENCE);
        let (past, mut to_come): (Vec<PastFact>, Vec<PastFact>) = all.into_iter().partition(|fact| fact.at <= opened);
        to_come.reverse();
        let readings = Readings::new(seed, start, opened);
        let mut store =
            Self { start, readings, facts: Vec::new(), things: Things::default(), to_come, acts_since: None };
        for PastFact { at, who, said } in past {
            store.put(at, new_fact(at, who, HOST, said));
        }
        store
    }

    /// What the store says when it is opened.
    pub(super) fn remembered(&self) -> Outcome {
        Outcome::Remembered { lately: self.facts.clone(), head: self.facts.len() as u64 }
    }

    /// What others put on record until now, since this was asked last.
    pub(super) fn told(&mut self, now: DateTime<Utc>) -> Option<Outcome> {
        let mut told = Vec::new();
        while self.to_come.last().is_some_and(|fact| fact.at <= now) {
            let Some(PastFact { at, who, said }) = self.to_come.pop() else { break };
            told.push(self.put(now, new_fact(at, who, HOST, said)));
        }
        (!told.is_empty()).then_some(Outcome::Facts(told))
    }

    /// What comes of an effect that concerns the store. A person puts nothing on record in a picture.
    pub(super) fn answer(&mut self, effect: &Effect, now: DateTime<Utc>) -> Vec<Outcome> {
        match effect {
            Effect::Store(request, StoreEffect::ReadStatuses(checks)) => {
                let things = checks.iter().filter_map(|check| self.things.get(&ThingKey::new(ThingKind::Check, check)));
                let things = things.cloned().collect();
                vec![Outcome::Statuses { request: *request, checks: checks.clone(), things }]
            }
            Effect::Store(request, StoreEffect::ReadAlerts) => {
                let alerts = Outcome::Alerts { request: *request, things: self.alerts(now) };
                let since = *self.acts_since.get_or_insert(now);
                let view = LeaseView::Ours { fence: PAST_FENCE + 1, since };
                let lease = Outcome::Lease(Box::new(LeaseReport { view, ..LeaseReport::default() }));
                vec![alerts, lease, Outcome::Present(vec![company::colleague(self.start)])]
            }
            Effect::Store(request, StoreEffect::ReadCharts(queries)) => {
                let answers = queries.iter().map(|query| (query.clone(), self.chart(query))).collect();
                vec![Outcome::Charts { request: *request, answers }]
            }
            Effect::Store(request, StoreEffect::ReadMarks(since)) => {
                let is_marked = |fact: &&Fact| fact.draft.at >= *since && MARKED.contains(&fact.said().kind());
                let facts = self.facts.iter().filter(is_marked).cloned().collect();
                vec![Outcome::Marks { request: *request, facts, runs: BTreeMap::new() }]
            }
            Effect::Store(request, StoreEffect::LoadRuns) => {
                vec![Outcome::RunsLoaded { request: *request, runs: Vec::new(), locks: Vec::new() }]
            }
            Effect::History(HistoryEffect::Read { series, .. }) => {
                vec![Outcome::Past { series: series.clone(), histories: Some(self.histories(series)) }]
            }
            Effect::Holder(HolderEffect::Append(said) | HolderEffect::AppendMissed(said)) => {
                vec![Outcome::Facts(said.iter().map(|said| self.say(now, said)).collect())]
            }
            Effect::Holder(HolderEffect::Notify(message)) => {
                let (message, target) = (message.id.clone(), message.target.clone());
                vec![Outcome::Delivered { message, target, delivered: Ok(()) }]
            }
            _ => Vec::new(),
        }
    }

    /// What is stored of alerts and of what mutes them, with the notes that still stand.
    pub(super) fn alerts(&self, now: DateTime<Utc>) -> Vec<StoredThing> {
        let stands = |thing: &&StoredThing| match thing.key.kind {
            ThingKind::Note => thing.read::<NoteRecord>().is_some_and(|note| note.at >= now - NOTE_STANDS),
            kind => ABOUT_ALERTS.contains(&kind),
        };
        self.things.iter().filter(stands).cloned().collect()
    }

    /// What is stored of series.
    pub(super) fn histories(&self, series: &[SeriesKey]) -> Vec<SeriesHistory> {
        let (first, _, until) = self.readings.span();
        let minutes_from = Width::Minute.first_minute(until.saturating_sub(MINUTES_BACK));
        let hours_from = until.saturating_sub(HOURS_BACK).div_ceil(60) * 60;
        let history = |series: &SeriesKey| {
            let of = |width: Width, from: u32, until: u32| -> Vec<(u32, Bucket)> {
                let minutes = (from..until).step_by(width.minutes() as usize);
                minutes.map(|minute| (minute, self.readings.bucket(series, width, minute))).collect()
            };
            SeriesHistory {
                series: series.clone(),
                hours: of(Width::Hour, hours_from, minutes_from),
                minutes: of(Width::Minute, minutes_from, until),
                first: Some(first),
            }
        };
        series.iter().filter(|series| Readings::series().any(|known| known == **series)).map(history).collect()
    }

    /// What is stored of the window of a chart: of hours that are over.
    pub(super) fn chart(&self, query: &ChartQuery) -> Vec<ChartSpan> {
        let (first, in_minutes, until) = self.readings.span();
        let this_hour = Width::Minute.first_minute(until);
        let mut spans = ChartSpans::default();
        if !Readings::series().any(|known| known == query.series) {
            return spans.finish();
        }
        let fine = if query.is_fine() { in_minutes } else { this_hour };
        for (width, from, until) in [(Width::Minute, fine, this_hour), (Width::Hour, first, fine)] {
            let (from, until) = (from.max(query.from), until.min(query.until));
            for minute in (from..until).step_by(width.minutes() as usize) {
                spans.add(query, minute, width.minutes(), &self.readings.bucket(&query.series, width, minute));
            }
        }
        spans.finish()
    }

    fn say(&mut self, now: DateTime<Utc>, said: &Statement) -> Fact {
        self.put(now, new_fact(now, "opsroom", HOST, said.clone()))
    }

    fn put(&mut self, recorded_at: DateTime<Utc>, draft: NewFact) -> Fact {
        let seq = self.facts.len() as u64 + 1;
        // The same in each run.
        let draft = NewFact { id: format!("{seq:032x}"), process: 0, ..draft };
        let fact = Fact { seq, recorded_at, draft };
        follow(&fact, &mut self.things);
        self.facts.push(fact.clone());
        fact
    }
}
