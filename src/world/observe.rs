//! What the sources saw, taken in.

use super::World;
use super::checks::CheckView;
use super::diagnostics::{PARTIAL, ProblemKind, STORE};
use super::ids::{CheckId, Id, LogId};
use super::logs::Logs;
use super::output::{Change, Intent, Output};
use super::timeline::{EventKind, EventMark, TimelineEntry};
use crate::config::sections::metric::{Metric, MetricKind};
use crate::lang::time::Stamp;
use crate::logs::record::{LogState, Record, RecordBatch};
use crate::model::fact::{PeerChanged, PeerPart, Statement};
use crate::model::observation::Observation;
use crate::model::outcome::{StoreAbsence, StoreAway};
use crate::model::reading::{Reading, Sample, Sign};
use crate::model::since::Since;
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::name::Name;

impl World {
    /// Takes in one observation that came `at`.
    pub(crate) fn observe(&mut self, observation: Observation, at: Stamp) -> Output {
        self.advance(at);
        self.diagnostics.observations += 1;
        match observation {
            Observation::Reading(reading) => self.reading(*reading),
            Observation::Sample(sample) => self.sample(sample),
            Observation::PeerChanged { check, part, before, after } => self.peer_changed(check, part, before, after),
            Observation::Records { log, batch } => {
                let noticeable = !batch.records.is_empty();
                self.records(&log, batch, at, |_, _, _, _| {});
                Output { noticeable, ..Output::default() }
            }
            // Only who shows records has to do with those that are held.
            Observation::LogsResumed => Output::default(),
            Observation::LogState { log, state } => self.log_state(&log, state),
            Observation::Overrun { name, count } => self.overrun(&name, count),
            Observation::Gap { from, to } => self.gap(from, to),
            Observation::Connectivity { ok, detail } => self.connectivity(ok, &detail),
            Observation::Scheduler { lag, in_flight, waiting, not_asked } => {
                self.diagnostics.waiting = waiting;
                self.diagnostics.not_asked = not_asked;
                self.diagnostics.lag = lag;
                self.diagnostics.lag_max = self.diagnostics.lag_max.max(lag);
                self.diagnostics.in_flight = in_flight;
                Output::default()
            }
            Observation::Warning { name, text } => self.problem(ProblemKind::Warning, &SafeText::new(&name), &text),
            Observation::TaskFailed { task, text } => {
                let mut output = self.problem(ProblemKind::TaskFailed, &task, &text);
                self.happened(EventKind::Console, None, &format!("{task} failed and was restarted: {text}"));
                output.noticeable = true;
                output.changes.push(Change::TaskFailed { task, text });
                output
            }
        }
    }

    fn reading(&mut self, reading: Reading) -> Output {
        let mut output = Output::default();
        // Without a network of our own, what polls say is about us and not about the world: it is not kept.
        if !self.connectivity.ok {
            return output;
        }
        let Some(id) = self.membership.checks.get(&reading.check).copied() else { return output };
        self.turn_minute(&mut output);
        let (sign, ended) = (reading.sign, reading.timing.ended);
        let is_maintenance = self.maintenance_of(self.checks[id].service.as_deref()).is_some();
        let stood = self.standing(id);
        let taken = self.checks[id].observe(reading, is_maintenance);
        if sign != Sign::Unknown {
            self.charted_since.get_or_insert(ended.mono);
        }
        self.add_reading(id, is_maintenance);
        output.noticeable = taken.turned.is_some() || taken.noticeable;
        // Whose fault it is comes first: what is told of it says so.
        let rows = if output.noticeable { self.answered(id, stood) } else { Vec::new() };
        if let Some((from, to)) = taken.turned {
            self.turned(id, from, to, taken.is_on_record);
        }
        self.note_settled(id, &mut output);
        self.evaluate_check(id, &mut output);
        self.observe_slos_of_check(id, sign, ended, &mut output);
        self.rows_changed(&rows, &[id]);
        self.derived_metrics(id, &mut output);
        output
    }

    /// Who answers a check is another one: seen here at once, and put on record by whoever acts for all.
    fn peer_changed(&mut self, check: Name, part: PeerPart, before: SafeText, after: SafeText) -> Output {
        let Some(view) = self.check(&check).filter(|_| self.connectivity.ok) else { return Output::default() };
        let (service, near) = (view.service.clone(), view.stale_after);
        let changed = PeerChanged { check, service, part, before, after };
        let text = SafeText::new(&changed.describe(self.title_of_check(&changed.check)));
        let entry = TimelineEntry::new(self.now, EventKind::Network, changed.service.clone(), text);
        let mark = EventMark::Peer(changed.check.clone(), changed.after.clone());
        self.timeline.see(entry, mark, near, false);
        let mut output = Output::noticeable();
        if self.lease.fence().is_some() {
            output.intents.push(Intent::Append(vec![Statement::PeerChanged(changed)]));
        }
        output
    }

    /// Metrics over a check's own latency and availability have a new value with each of its polls.
    fn derived_metrics(&mut self, of: CheckId, output: &mut Output) {
        for sample in self.derived_samples(of) {
            output.extend(self.sample(sample));
        }
    }

    /// What metrics over a check's own latency and availability are now.
    pub(super) fn derived_samples(&self, of: CheckId) -> Vec<Sample> {
        let check = &self.checks[of];
        let metrics = self.membership.derived_metrics[of].iter().map(|id| &self.config.metrics[id.place()]);
        let sample = |metric: &Metric| {
            let (value, lacking) = match &metric.kind {
                MetricKind::Latency { quantile, window, .. } => {
                    (check.percentile(*quantile, *window).map(|ms| ms as f64), "no latency measured yet")
                }
                MetricKind::Availability { window, .. } => {
                    (check.availability(*window, self.now).map(|known| known.percent), "no data for this window yet")
                }
                _ => return None,
            };
            let value = value.ok_or_else(|| SafeText::new(lacking));
            Some(Sample { metric: metric.name.clone(), at: self.now, value, caveat: None })
        };
        metrics.filter_map(sample).collect()
    }

    /// A check has another status than before. `is_on_record`: the store knows since when, and it was before.
    pub(super) fn turned(&mut self, id: CheckId, from: Status, to: Status, is_on_record: bool) {
        let check = &self.checks[id];
        let because = check.own_reason.as_ref().or(check.error.as_ref());
        let because = because.map_or_else(String::new, |error| format!(": {error}"));
        // What was found so, or goes on as it was before nothing was known, did not turn now: only a change that was seen is one.
        let turned_now = |since: &Since| {
            since.seen && check.last.as_ref().is_some_and(|last| since.at == last.timing.ended) && !is_on_record
        };
        let found = check.since.filter(|since| !turned_now(since) && to != Status::Unknown);
        let what = match found {
            Some(since) => format!("{} {}", to.word(), since.describe(self.now, self.config.console.timezone)),
            None => format!("{} → {}", from.word(), to.word()),
        };
        let text = SafeText::new(&format!("{} {what}{because}", check.name));
        let kind = EventKind::Status { check: check.name.clone(), from, to };
        let own = check.own_reason.as_ref().or(check.error.as_ref()).filter(|_| to != Status::Ok);
        let why = self.why(self.explained_by(check), own);
        // When it began is not known: the time beside it is that of the first look.
        let at = found.map_or(self.now, |since| since.at);
        let before =
            found.filter(|since| !since.seen).map(|since| since.describe(self.now, self.config.console.timezone));
        let reason = match (before, why) {
            (Some(before), Some(why)) => Some(SafeText::new(&format!("{before} · {why}"))),
            (Some(before), None) => Some(SafeText::new(&before)),
            (None, why) => why,
        };
        let entry = TimelineEntry {
            reason,
            is_step: (check.settled().is_none() && to != Status::Cold) || self.is_back(check, from, to),
            ..TimelineEntry::new(at, kind, check.service.clone(), text)
        };
        // The first answer of a check is news only where it is bad, and not before it has settled.
        let is_none = to == Status::Ok || (to == Status::Pending && found.is_some());
        if from == Status::Unknown && is_none {
            return;
        }
        match check.settled() {
            Some(to) => {
                let (mark, near) = (EventMark::Status(check.name.clone(), to), check.stale_after);
                self.timeline.see(entry, mark, near, found.is_some());
            }
            None => self.timeline.push(entry),
        }
    }

    /// Whether a doubt about a check came to nothing: it stands where it stood before.
    fn is_back(&self, check: &CheckView, from: Status, to: Status) -> bool {
        let stood = self.timeline.newest_first().find_map(|entry| match &entry.kind {
            EventKind::Status { check: of, to, .. } if *of == check.name && !entry.is_step => Some(*to),
            _ => None,
        });
        // What has always been ok was never news.
        from == Status::Pending && stood.unwrap_or(Status::Ok) == to
    }

    fn sample(&mut self, sample: Sample) -> Output {
        let mut output = Output::default();
        if !self.connectivity.ok {
            return output;
        }
        let Some(id) = self.membership.metrics.get(&sample.metric).copied() else { return output };
        self.turn_minute(&mut output);
        if let Ok(value) = sample.value {
            self.add_sample(id, sample.at.utc, value);
            self.charted_since.get_or_insert(sample.at.mono);
        }
        self.observe_slos_of_metric(id, &sample, &mut output);
        let had_number = self.metrics[id].error.is_none();
        output.noticeable = self.metrics[id].observe(sample);
        let metric = &self.metrics[id];
        if let Some(why) = metric.error.clone().filter(|_| had_number && metric.value.is_some()) {
            let about = SafeText::new(&metric.name);
            output.extend(self.problem(ProblemKind::Warning, &about, &why));
        }
        self.evaluate_metric(id, &mut output);
        output
    }

    /// Takes in what was read of a log. `each` is given the logs, the id of this one, and every record just after it was
    /// held: whoever keeps a view of the records follows them there.
    #[expect(clippy::needless_pass_by_value, reason = "a batch is handed over: its source keeps nothing of it")]
    pub(crate) fn records(
        &mut self,
        name: &Name,
        batch: RecordBatch,
        at: Stamp,
        mut each: impl FnMut(&Logs, LogId, &Record, bool),
    ) {
        let Some(id) = self.membership.logs.get(name).copied() else { return };
        let log = &mut self.logs[id];
        log.loss = batch.loss;
        log.observe(&batch.records, batch.backlog, at);
        for (at, record) in batch.records.iter().enumerate() {
            self.logs[id].count(record, batch.shapes.get(at).copied(), batch.backlog);
            self.logs[id].push(record);
            each(&self.logs, id, record, batch.backlog);
        }
        let log = &mut self.logs[id];
        log.loss.dropped = log.ring.dropped();
    }

    /// Puts records in the place of those that are still held; `each` as for [`Self::records`].
    pub(crate) fn masked(&mut self, records: &[(Record, Record)], mut each: impl FnMut(&Logs, LogId, &Record, bool)) {
        for (held, masked) in records {
            let Some(id) = self.membership.logs.get(&held.log).copied() else { continue };
            self.logs[id].repeats.replace(held, masked);
            if self.logs[id].ring.get(held.seq).is_some_and(|now| now.same(held)) {
                self.logs[id].push(masked);
                each(&self.logs, id, masked, true);
            }
        }
    }

    fn log_state(&mut self, name: &Name, to: LogState) -> Output {
        let Some(id) = self.membership.logs.get(name).copied() else { return Output::default() };
        let log = &mut self.logs[id];
        if log.state == to {
            return Output::default();
        }
        let failed = if let LogState::Failed(why) = &to { Some(why.clone()) } else { None };
        log.turn(to, self.now);
        let mut output = Output::noticeable();
        if let Some(why) = failed {
            output.extend(self.problem(ProblemKind::Warning, &SafeText::new(name), &why));
        }
        output
    }

    fn overrun(&mut self, name: &Name, count: u64) -> Output {
        let membership = self.membership.clone();
        let judged = membership.of_source.get(name).into_iter().flatten();
        for id in judged.chain(membership.checks.get(name)) {
            self.checks[*id].overruns = count;
        }
        Output { changes: vec![Change::Overrun], ..Output::default() }
    }

    /// The process was suspended or starved: nothing is known of this span.
    fn gap(&mut self, from: Stamp, to: Stamp) -> Output {
        let span = to.since(from);
        self.diagnostics.gaps.0 += 1;
        self.diagnostics.gaps.1 += span;
        for check in &mut self.checks {
            check.lose_sight(from);
        }
        self.minute_loses_sight(from);
        self.slos_lose_sight(from);
        self.derive_services();
        self.review_alerts();
        let text = format!("no data for {}s: the console was suspended or starved", span.as_secs());
        self.happened(EventKind::Console, None, &text);
        self.problem(ProblemKind::Gap, &SafeText::new("console"), &SafeText::new(&text))
    }

    /// Our own network went away or came back.
    fn connectivity(&mut self, ok: bool, detail: &SafeText) -> Output {
        let was = self.connectivity.ok;
        self.connectivity.detail = detail.clone();
        if was == ok && self.connectivity.since.is_some() {
            return Output::default();
        }
        self.connectivity.ok = ok;
        self.connectivity.since = Some(Since { at: self.now, seen: self.connectivity.since.is_some() });
        let mut output = Output::noticeable();
        if was != ok {
            let now = self.now;
            if !ok {
                for check in &mut self.checks {
                    check.lose_sight(now);
                }
                self.minute_loses_sight(now);
                self.slos_lose_sight(now);
            }
            self.derive_services();
            let text = if ok { "our own network is back" } else { "our own network is down: every status is unknown" };
            self.happened(EventKind::Console, None, &format!("{text} ({detail})"));
            self.review_alerts();
            output.changes.push(if ok { Change::Alerts } else { Change::NetworkLost });
        }
        output
    }

    /// The store went away, for a reason, or is back.
    pub(crate) fn store_changed(&mut self, away: Option<StoreAway>) -> Output {
        if let Some(away) = away {
            let (why, how) = (away.why.clone(), away.how);
            self.store_away = Some(away);
            // Of the one that is opened next, that is said again.
            (self.diagnostics.partial, self.diagnostics.unread) = (false, None);
            self.diagnostics.settle(&SafeText::new(STORE), PARTIAL);
            if how == StoreAbsence::NotMade {
                // Nothing failed: it is made by whoever has something to write.
                return Output::default();
            }
            self.problem(ProblemKind::Failed, &SafeText::new(STORE), &why)
        } else {
            self.store_away = None;
            self.checklists.all_recorded();
            Output { intents: vec![Intent::LoadRuns], ..Output::default() }
        }
    }

    /// Notes something that a person should read.
    pub(crate) fn problem(&mut self, kind: ProblemKind, about: &SafeText, text: &SafeText) -> Output {
        self.diagnostics.note(self.now, kind, about.clone(), text.clone());
        Output { changes: vec![Change::Problem], ..Output::default() }
    }
}
