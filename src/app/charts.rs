//! What charts show of the store beside what is in memory: asked for where memory does not reach, kept until a newer answer
//! is here, and joined with memory where that begins.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;

use crate::config::panels;
use crate::lang::order::InOrder;
use crate::lang::time::Stamp;
use crate::model::effect::{Effect, StoreEffect};
use crate::model::fact::Fact;
use crate::model::latency::Merged;
use crate::model::rollup::{ChartQuery, ChartSpan, SeriesKey};
use crate::model::run::{Run, Verdict};
use crate::model::series::OlderSpans;
use crate::world::World;
use crate::world::charted::Charted;
use crate::world::history::deploys;
use crate::world::metrics::Point;
use crate::world::timeline::{EventKind, TimelineEntry};

use super::layout::Target;
use super::metrics::span;
use super::requests::AwaitedAnswer;
use super::screens::metrics::stored::{ChartId, StoredMarks};
use super::screens::metrics::{Axis, Before};
use super::state::State;

const MINUTE_MS: i64 = 60_000;
/// Minutes that are read before what is shown: what lies there holds into it.
const ASIDE: i64 = 60;
/// How long after the store could not be read it is asked again.
const RETRY: Duration = Duration::from_secs(30);
/// How far back a release is looked for.
const RELEASES: TimeDelta = TimeDelta::days(400);

/// What a chart needs of the store, in minutes of the wall clock, and what is asked for it.
struct Need {
    id: ChartId,
    minutes: (u32, u32),
    query: ChartQuery,
}

/// Asks the store for what the charts of the last frame need and memory does not hold.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let failed = state.console.screens.metrics.stored.failed;
    let waits = failed.is_some_and(|failed| state.world.now.since(failed) < RETRY);
    if waits || state.world.store_away.is_some() || !shows_charts(state) {
        return;
    }
    let needs = needs(state);
    let stored = &mut state.console.screens.metrics.stored;
    stored.failed = None;
    if needs.iter().any(|need| !stored.is_asked(&need.id, need.minutes)) {
        let queries = needs.iter().map(|need| need.query.clone()).collect();
        stored.asked = needs.into_iter().map(|need| (need.id, need.query)).collect();
        effects.push(Effect::Store(state.request(AwaitedAnswer::Charts), StoreEffect::ReadCharts(queries)));
    }
    ask_marks(state, effects);
}

/// Whether the last frame drew charts of a span that a person chooses.
fn shows_charts(state: &State) -> bool {
    let is_charts = |target: &Target| matches!(target, Target::Panel(id) if id.is(&panels::CHARTS));
    state.console.layout.areas.iter().any(|(_, target)| is_charts(target))
}

/// What is not here of the charts that were drawn.
fn needs(state: &State) -> Vec<Need> {
    let screen = &state.console.screens.metrics;
    let plots = state.console.layout.areas.iter().filter_map(|(_, target)| match target {
        Target::Plot(series) => state.seen().charted(series),
        _ => None,
    });
    let mut needs: Vec<Need> = Vec::new();
    for shown in plots {
        let compared = (screen.before != Before::Off).then_some(screen.before);
        for before in std::iter::once(Before::Off).chain(compared) {
            let need = need(state, shown, before).filter(|need| !screen.stored.covers(&need.id, need.minutes));
            needs.extend(need.filter(|need| needs.iter().all(|other| other.id != need.id)));
        }
    }
    needs
}

/// What a chart needs of the store; `None`: memory holds all that there is.
fn need(state: &State, shown: Charted<'_>, before: Before) -> Option<Need> {
    let (world, span) = (state.seen(), span(state).0);
    let at = shifted(world.now, ago(state, shown, before)?)?;
    // On the monotonic clock; memory holds every minute from `since` on.
    let to_minutes = |ms: i64| ms.div_euclid(MINUTE_MS);
    let since = to_minutes(shown.minutes_since()? + MINUTE_MS - 1);
    let first = to_minutes(i64::try_from(shown.first()?.as_millis()).ok()?);
    let at = to_minutes(at.mono.as_millis() as i64);
    let length = to_minutes(span.as_millis() as i64);
    let from = (at - length - ASIDE).max(first);
    let until = since.min(at + 1);
    if from >= until {
        return None;
    }
    // So much more that no other answer is needed for a while.
    let more = (until + (length / 8).max(ASIDE)).min(since + ASIDE);
    let wall = |minute: i64| u32::try_from(minute - world.clock_offset()).ok();
    let (from, until, more) = (wall(from)?, wall(until)?, wall(more)?);
    let query = ChartQuery::new(shown.series(), from, more);
    Some(Need { id: ChartId { series: shown.series(), span, before }, minutes: (from, until), query })
}

/// How long before the time that is compared was; nothing where the chart itself is meant. `None`: no release is known.
pub(crate) fn ago(state: &State, shown: Charted<'_>, before: Before) -> Option<Duration> {
    match before {
        Before::Off => Some(Duration::ZERO),
        Before::Release => Some(state.seen().now.since(last_release(state, shown)?.at)),
        before => before.ago(),
    }
}

/// A moment so long ago; `None` where our clock does not reach back so far.
pub(crate) fn shifted(now: Stamp, ago: Duration) -> Option<Stamp> {
    let utc = now.utc.checked_sub_signed(TimeDelta::from_std(ago).ok()?)?;
    Some(Stamp { mono: now.mono.checked_sub(ago)?, utc })
}

/// The last release of its service; of what has none the last one of all.
fn last_release<'a>(state: &'a State, shown: Charted<'_>) -> Option<&'a TimelineEntry> {
    let service = shown.service();
    let is_of_it = |entry: &&TimelineEntry| service.is_none() || entry.service.as_ref() == service;
    let world = state.seen();
    // Runs are looked up for the entries of this service alone.
    let of_it = world.timeline.newest_first().filter(is_of_it);
    let known = of_it.filter(|entry| is_release(&entry.kind, run_of(world, &entry.kind)));
    let stored = older_marks(state).filter(|(_, is_release)| *is_release).map(|(entry, _)| entry);
    known.chain(stored.filter(is_of_it)).next()
}

fn run_of<'a>(world: &'a World, kind: &EventKind) -> Option<&'a Run> {
    match kind {
        EventKind::Run { id: Some(id), .. } => world.run_by_id(id),
        _ => None,
    }
}

/// Whether that brought up a release. One after which checks are worse did so too.
fn is_release(kind: &EventKind, run: Option<&Run>) -> bool {
    match kind {
        EventKind::Deployed { .. } => true,
        EventKind::Run { state, .. } => {
            (state.is_good() || state.verdict() != Verdict::None) && run.is_some_and(deploys)
        }
        _ => false,
    }
}

/// Asks for what happened before the timeline begins, where charts reach back so far or a release is looked for.
fn ask_marks(state: &mut State, effects: &mut Vec<Effect>) {
    let world = state.seen();
    if !world.knows_the_store() {
        return;
    }
    let now = world.now.utc;
    let begins = world.timeline.newest_first().next_back().map_or(now, |entry| entry.at.utc);
    let span = TimeDelta::from_std(span(state).0).unwrap_or(RELEASES);
    let mut since = now - span - span / 8;
    if state.console.screens.metrics.before == Before::Release {
        since = since.min(now - RELEASES);
    }
    if since >= begins {
        return;
    }
    let stored = &mut state.console.screens.metrics.stored;
    let shown = since + span / 8;
    let is_asked = stored.asked_marks.is_some_and(|(asked, until)| asked <= shown && until >= begins);
    let is_here = stored.marks.as_ref().is_some_and(|marks| marks.since <= shown && marks.until >= begins);
    if !is_asked && !is_here {
        stored.asked_marks = Some((since, now));
        effects.push(Effect::Store(state.request(AwaitedAnswer::Marks), StoreEffect::ReadMarks(since)));
    }
}

/// What the store has of charts.
pub(super) fn answered(state: &mut State, answers: Vec<(ChartQuery, Vec<ChartSpan>)>) {
    let stored = &mut state.console.screens.metrics.stored;
    for (query, spans) in answers {
        stored.answered(query, spans);
    }
    stored.asked.clear();
    state.answer();
}

/// What happened before the timeline begins; `runs` are those that the facts are about.
pub(super) fn marks_answered(state: &mut State, facts: &[Fact], runs: &BTreeMap<String, Run>) {
    let Some((since, until)) = state.console.screens.metrics.stored.asked_marks.take() else { return };
    let entry = |fact: &Fact| {
        let run = runs.get(&fact.said().object());
        let entry = state.world.entry_of(fact, run)?;
        let is_release = is_release(&entry.kind, run);
        Some((entry, is_release))
    };
    let mut entries: Vec<_> = facts.iter().filter_map(entry).collect();
    entries.order_by_key(|(entry, _)| std::cmp::Reverse(entry.at.utc));
    state.console.screens.metrics.stored.marks = Some(StoredMarks { since, until, entries });
    state.answer();
}

/// The store could not be read: it is asked again after a while.
pub(super) fn failed(state: &mut State) {
    let now = state.world.now;
    let stored = &mut state.console.screens.metrics.stored;
    stored.asked.clear();
    stored.asked_marks = None;
    stored.failed = Some(now);
}

/// Whether what charts show of the store is on its way.
pub(crate) fn is_reading(state: &State) -> bool {
    !state.console.screens.metrics.stored.asked.is_empty()
}

/// Whether what it was at another time is on its way.
pub(crate) fn is_reading_before(state: &State, series: &SeriesKey, before: Before) -> bool {
    let is_looking = before == Before::Release && state.console.screens.metrics.stored.asked_marks.is_some();
    is_looking || state.console.screens.metrics.stored.is_reading(series, before)
}

/// The buckets of an axis whose last is the one in which `at` lies, from store and memory.
pub(crate) fn points(
    state: &State,
    shown: Charted<'_>,
    (span, before): (Duration, Before),
    axis: Axis,
    at: Stamp,
) -> Vec<Option<Point>> {
    shown.points(older(state, shown, span, before), axis.buckets, axis.bucket, at)
}

/// All latencies of a span up to now, from store and memory; `None` for a metric.
pub(crate) fn latencies(state: &State, shown: Charted<'_>, span: Duration) -> Option<Merged> {
    shown.latencies(older(state, shown, span, Before::Off), span, state.seen().now)
}

/// What is here of the store.
fn older<'a>(state: &'a State, shown: Charted<'_>, span: Duration, before: Before) -> OlderSpans<'a> {
    let offset = state.seen().clock_offset();
    let older = state.console.screens.metrics.stored.get(&shown.series(), span, before);
    older.map_or(OlderSpans::NONE, |chart| {
        let until = (i64::from(chart.query.until) + offset) * MINUTE_MS;
        OlderSpans { spans: &chart.spans, offset, until }
    })
}

/// What happened, newest first, as far as it is known here and of the store.
pub(crate) fn happened(state: &State) -> impl Iterator<Item = &TimelineEntry> {
    state.seen().timeline.newest_first().chain(older_marks(state).map(|(entry, _)| entry))
}

/// Whether something that happened belongs on a chart: it is of the service of what is shown. Where that has no service
/// everything is, and what has no service belongs to all, but for the alerts of others.
pub(crate) fn concerns(entry: &TimelineEntry, shown: Charted<'_>) -> bool {
    let is_alert = matches!(entry.kind, EventKind::Fired(_) | EventKind::Resolved(_));
    let service = shown.service();
    service.is_none() || entry.service.as_ref() == service || (entry.service.is_none() && !is_alert)
}

/// What is here of the store and happened before the timeline begins.
fn older_marks(state: &State) -> impl Iterator<Item = (&TimelineEntry, bool)> {
    let begins = state.seen().timeline.newest_first().next_back().map(|entry| entry.at.utc);
    let entries = state.console.screens.metrics.stored.marks.iter().flat_map(|marks| &marks.entries);
    entries
        .skip_while(move |(entry, _)| begins.is_some_and(|begins| entry.at.utc >= begins))
        .map(|(entry, is_release)| (entry, *is_release))
}
