//! What is said of each kind of thing.

mod calendar;
mod checklists;
mod incidents;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{FIRINGS, Row};
use crate::app::keymap::Binding;
use crate::app::row::RowKey;
use crate::app::start;
use crate::app::state::State;
use crate::config::plan;
use crate::config::sections::action::Action;
use crate::config::sections::service::Service;
use crate::config::titles::locked_for;
use crate::lang::condition::Condition;
use crate::lang::expression::Expression;
use crate::lang::time::Stamp;
use crate::lang::tz::Tz;
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::preview::RowKind;
use crate::model::run::{Lock, Run};
use crate::model::since::Since;
use crate::model::thing::SilenceRecord;
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::name::Name;
use crate::world::World;
use crate::world::alerts::AlertView;
use crate::world::checks::CheckView;
use crate::world::history::clock;
use crate::world::ids::Id as _;
use crate::world::metrics::MetricView;
use crate::world::services::ServiceView;
use crate::world::timeline::EventKind;

/// How long before an alert what changed may have to do with it.
const CHANGED_WITHIN: Duration = Duration::from_hours(1);

/// The rows as they are collected.
pub(super) struct Sheet<'a> {
    state: &'a State,
    world: &'a World,
    pub(super) rows: Vec<Row>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(state: &'a State) -> Self {
        Self { state, world: state.seen(), rows: Vec::new() }
    }

    pub(super) fn fill(&mut self, row: &RowKey) {
        let world = self.world;
        match row {
            RowKey::Service(name) => world.service(name).into_iter().for_each(|service| self.service(service)),
            RowKey::Healthy => self.listed("services", world.healthy().map(|service| &service.title)),
            RowKey::Check(name) => world.check(name).into_iter().for_each(|check| self.check(check)),
            RowKey::Metric(name) => world.metric(name).into_iter().for_each(|metric| self.metric(metric)),
            RowKey::Action(name) => world.action(name).into_iter().for_each(|action| self.action(action)),
            RowKey::Alert(id) => world.alert(id).into_iter().for_each(|alert| self.alert(alert)),
            RowKey::Silence(id) => world.active_silence(id).into_iter().for_each(|silence| self.silence(silence)),
            RowKey::Planned(id) => world.calendar_entry(id).into_iter().for_each(|entry| self.planned(entry)),
            RowKey::Incident(id) => world.incident_record(id).into_iter().for_each(|record| self.incident(record)),
            RowKey::IncidentEntry(id, number) => {
                if let Some(entry) = world.incident_record(id).and_then(|record| record.entry(*number)) {
                    self.incident_entry(entry);
                }
            }
            RowKey::IncidentLine(at, text) => {
                self.say("at", self.moment(*at));
                self.rows.push(("what", text.clone()));
            }
            RowKey::Run(id) => world.run_by_id(id).into_iter().for_each(|run| self.run(run)),
            RowKey::Checklist(name) => self.checklist(name),
            RowKey::Round(run) | RowKey::Step(run, None) => self.checklist_run(run),
            RowKey::Step(run, Some(step)) => self.checklist_step(run, step),
            RowKey::Lock(target) => {
                world.locks.iter().filter(|lock| lock.target == *target).for_each(|lock| self.lock(lock));
            }
            RowKey::Entry(_, text) => {
                for entry in world.timeline.newest_first().filter(|entry| row.is_entry(entry)).take(1) {
                    self.say("at", self.moment(entry.at.utc));
                    self.of_service(entry.service.as_ref());
                }
                self.rows.push(("what", text.clone()));
            }
            RowKey::Problem(_, about, text) => {
                self.rows.push(("about", about.clone()));
                self.rows.push(("what", text.clone()));
            }
        }
    }

    fn say(&mut self, label: &'static str, text: impl AsRef<str>) {
        if !text.as_ref().is_empty() {
            self.rows.push((label, SafeText::new(text.as_ref())));
        }
    }

    /// What it is called in the configuration, where that is not how it is shown.
    fn name(&mut self, name: &str, title: &str) {
        if name != title {
            self.say("name", name);
        }
    }

    /// The service that it belongs to.
    fn of_service(&mut self, service: Option<&Name>) {
        let world = self.world;
        self.listed("service", service.map(|name| world.title_of_service(name)));
    }

    /// Each in a row of its own.
    fn listed<T: AsRef<str>>(&mut self, label: &'static str, texts: impl IntoIterator<Item = T>) {
        for (at, text) in texts.into_iter().enumerate() {
            self.say(if at == 0 { label } else { "" }, text);
        }
    }

    fn moment(&self, at: DateTime<Utc>) -> String {
        let zone = self.world.config.console.timezone;
        let ago = match (self.world.now.utc - at).to_std() {
            Ok(ago) => format!("{} ago", unit::age(ago)),
            Err(_) => format!("in {}", unit::age((at - self.world.now.utc).to_std().unwrap_or_default())),
        };
        let z = if zone == Tz::UTC { "Z" } else { "" };
        format!("{}{z}{}, {ago}", at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S"), zone.told_apart(at))
    }

    fn since(&mut self, since: Option<Since>) {
        if let Some(since) = since {
            let zone = self.world.config.console.timezone;
            let words = since.describe(self.world.now, zone);
            let words = words.strip_prefix("since ").unwrap_or(&words);
            self.say("since", format!("{words} ({})", unit::age(self.world.now.since(since.at))));
        }
    }

    fn conditions(&mut self, alerts: &[(Severity, Condition)]) {
        self.listed("alerts", alerts.iter().map(|(severity, on)| format!("{}: {}", severity.word(), on.written)));
    }

    fn service(&mut self, service: &ServiceView) {
        let world = self.world;
        self.name(&service.name, &service.title);
        self.say("status", service.status.word());
        self.since(service.since);
        if let Some(check) = service.leading.and_then(|id| world.checks.get(id)) {
            self.reason(check);
        }
        self.listed("by", service.by().into_iter().map(|by| world.title_of_service(by)));
        let checks = service.checks.iter().filter_map(|id| world.checks.get(*id));
        self.listed("checks", checks.map(|check| format!("{} {}", check.name, check.status.word())));
        let metrics = service.metrics.iter().filter_map(|id| world.metrics.get(*id));
        self.listed("metrics", metrics.map(|metric| &metric.title));
        self.listed("logs", service.logs.iter().filter_map(|id| world.logs.get(*id)).map(|log| &log.name));
        let actions = service.actions.iter().filter_map(|id| world.config.actions.get(id.place()));
        let keymap = &self.state.console.keymap;
        let keyed = actions.map(|action| {
            let keys = keymap.keys_of(&Binding::Action(action.name.clone()));
            let gap = if keys.is_empty() { "" } else { "  " };
            format!("{keys}{gap}{}", action.title)
        });
        self.listed("actions", keyed.collect::<Vec<_>>());
        if let Some(configured) = world.config.services.iter().find(|known| known.name == service.name) {
            self.written(configured);
        }
    }

    /// What the configuration alone says of a service.
    fn written(&mut self, service: &Service) {
        let world = self.world;
        let all = &world.config.services;
        self.listed("depends on", service.depends_on.iter().map(|name| world.title_of_service(name)));
        self.listed("needed by", all.iter().filter(|one| one.depends_on.contains(&service.name)).map(|one| &one.title));
        self.listed("runbook", service.runbook.iter());
        self.listed("links", service.links.iter().map(|(name, url)| format!("{name}: {url}")));
    }

    fn reason(&mut self, check: &CheckView) {
        self.say("reason", self.world.reason(check).to_string());
        if let Some(own) = &check.own_reason {
            self.say("own fault", own.as_str());
        }
    }

    fn check(&mut self, check: &CheckView) {
        self.name(&check.name, self.world.title_of_check(&check.name));
        self.of_service(check.service.as_ref());
        self.say("status", check.status.word());
        self.since(check.since);
        self.reason(check);
        if let Some(by) = self.world.explained_by(check) {
            self.say("by", self.world.title_of_service(by));
        }
        if let Some(reading) = &check.last {
            self.say("last answer", self.moment(reading.timing.ended.utc));
            self.say("took", unit::span(reading.timing.latency()));
            if let Some(version) = &reading.version {
                self.say("version", version.as_str());
            }
            let parts = reading.components.iter();
            self.listed("components", parts.map(|(name, part)| format!("{name} {}", part.status.word())));
        }
        let Some(written) = self.world.config.checks.iter().find(|known| known.name == check.name) else { return };
        self.say("polled", format!("every {}, timeout {}", unit::span(written.every), unit::span(written.timeout)));
        let counts =
            format!("down after {}, ok after {} good", counted(written.fail_after, "failure"), written.ok_after);
        self.say("counts", counts);
        self.say("source", &*written.source);
        self.listed("expects", written.expect.iter().map(Expression::text));
        self.listed("degraded if", written.degraded.iter().map(Expression::text));
        self.conditions(&written.alerts);
    }

    fn metric(&mut self, metric: &MetricView) {
        self.name(&metric.name, &metric.title);
        self.of_service(metric.service.as_ref());
        if let Some((at, value)) = metric.value {
            self.say("value", unit::quantity(value, &metric.unit));
            self.say("as of", self.moment(at.utc));
        }
        if let Some(error) = &metric.error {
            self.say("no number", error.as_str());
        }
        if let Some(caveat) = &metric.caveat {
            self.say("left out", caveat.text.as_str());
        }
        self.say("every", unit::span(metric.every));
        let Some(written) = self.world.config.metrics.iter().find(|known| known.name == metric.name) else { return };
        self.conditions(&written.alerts);
    }

    fn action(&mut self, action: &Action) {
        self.name(&action.name, &action.title);
        self.of_service(action.service.as_ref());
        self.say("does", format!("{} of {} by adapter {}", action.verb, action.target, action.adapter));
        self.steps(action);
        self.say("key", action.key.map_or_else(String::new, |key| key.to_string()));
        self.say("timeout", unit::span(action.timeout));
        if action.cooldown > Duration::ZERO {
            self.say("cooldown", unit::span(action.cooldown));
        }
        if let Some((times, within)) = action.at_most {
            self.say("at most", format!("{times} per {}", unit::span(within)));
        }
        if let Some(verify) = &action.verify {
            let world = self.world;
            self.listed("verified by", verify.checks.iter().map(|name| world.title_of_check(name)));
            self.say("within", unit::span(verify.within));
        }
        self.listed("on failure", action.on_failure.iter().map(|name| self.world.title_of(name)));
        if let Some(run) = self.world.last_runs(&action.name).into_iter().find(|run| !run.dry_run) {
            self.say("proven", run.proven().unwrap_or_default());
        }
        let runs = self.world.last_runs(&action.name).into_iter().take(5);
        let lines: Vec<String> =
            runs.map(|run| format!("{}: {}", self.moment(run.started_at), run.outcome())).collect();
        self.listed("last runs", lines);
    }

    /// Every command that it would run; what is chosen only when it is started stands as `{name}`.
    fn steps(&mut self, action: &Action) {
        let config = &self.world.config;
        let open = plan::open_parameters(config, action).unwrap_or_default();
        let chosen = open.into_iter().map(|name| (name.clone(), format!("{{{name}}}"))).collect();
        let planned = plan::plan(config, action, &chosen, false);
        match planned.and_then(|plan| plan::refuse_literals(&plan, &self.world.literals).map(|()| plan)) {
            Ok(plan) => {
                let rows = start::preview(self.state, action, &plan, &BTreeMap::new()).rows;
                let steps = rows.iter().filter(|row| row.kind != RowKind::Fact).map(|row| &row.text);
                self.listed("runs", steps);
            }
            Err(error) => self.say("can't run", error.to_string()),
        }
    }

    fn alert(&mut self, alert: &AlertView) {
        self.say("severity", alert.severity.word());
        self.say("about", self.world.title_of_subject(&alert.subject));
        self.of_service(alert.service.as_ref());
        self.say("condition", &*alert.condition);
        let clears = alert.clears(self.world.now).map_or_else(String::new, |clears| format!(", {clears}"));
        self.say("state", format!("{}{clears}", alert.phase.word()));
        self.since(alert.since);
        self.say("seen", alert.value.as_str());
        if let Some(known) = &alert.acknowledged {
            let until = clock(known.until, self.world.now.utc, self.world.config.console.timezone);
            self.say("acknowledged", format!("by {} until {until}: {}", known.names(), known.why));
            self.listed("still to acknowledge", self.world.still_asked(alert));
        } else if let Some(note) = self.world.note_of(alert.subject.name()) {
            self.say("last note", format!("{} by {}, {}", note.why, note.by, self.moment(note.at)));
        }
        if let Some((at, to)) = self.world.next_escalation(alert) {
            let left = unit::age((at - self.world.now.utc).to_std().unwrap_or_default());
            self.say("escalates", format!("to {} in {left}", to.join(", ")));
        }
        if let Some(by) = &alert.inhibited_by {
            self.say("inhibited by", self.world.title_of_service(by));
        }
        if alert.is_muted() {
            self.say("muted", self.world.muted_because(alert).unwrap_or_else(|| "seen from here alone".to_owned()));
        }
        self.firings(alert);
        self.changed_before(alert);
    }

    /// How often it fired, as far as that is on record, and when that was last.
    fn firings(&mut self, alert: &AlertView) {
        let fired = self.world.firings_of(alert);
        let count: u32 = fired.by_day.iter().sum();
        let Some((at, lasted)) = fired.before else {
            return self.say(FIRINGS, if count > 0 { "fired once" } else { "" });
        };
        let times = counted(u64::from(count), "time");
        self.say(
            FIRINGS,
            format!("fired {times}; the last to end began {}, and lasted {}", self.moment(at), unit::span(lasted)),
        );
    }

    /// What was deployed or run in the hour before an alert fired, and where its runbook is.
    fn changed_before(&mut self, alert: &AlertView) {
        let world = self.world;
        if let Some(fired) = world.began_to_fire(alert) {
            let is_before = |at: Stamp| at.mono <= fired.mono && fired.since(at) <= CHANGED_WITHIN;
            let changes = world.timeline.shown().filter(|entry| {
                matches!(entry.kind, EventKind::Deployed { .. } | EventKind::Run { .. } | EventKind::Reload)
                    && is_before(entry.at)
            });
            let lines: Vec<String> =
                changes.take(5).map(|entry| format!("{}: {}", self.moment(entry.at.utc), entry.text)).collect();
            self.listed("changed before", lines);
        }
        let service = alert
            .service
            .as_deref()
            .and_then(|name| world.config.services.iter().find(|service| *service.name == *name));
        self.listed("runbook", service.and_then(|service| service.runbook.as_ref()).map(ToString::to_string));
    }

    fn run(&mut self, run: &Run) {
        let title = self.world.title_of(&run.action);
        self.say("action", title);
        self.name(&run.action, title);
        self.say("does", format!("{} of {}", run.verb, run.target));
        self.say("outcome", run.outcome_and_note(|check| self.world.title_of_check(check)));
        self.say("by", format!("{} on {}", run.who, run.host));
        self.say("reason", run.reason.as_deref().unwrap_or_default());
        self.say("started", self.moment(run.started_at));
        if let Some(ended) = run.ended_at {
            self.say("ended", self.moment(ended));
        }
        self.say("plan", &run.plan_digest);
        self.say("output", run.output_path.display().to_string());
    }

    fn silence(&mut self, silence: &SilenceRecord) {
        let world = self.world;
        self.say("matches", &silence.matching);
        let its = world.alerts.iter().filter(|alert| alert.silenced.as_ref().is_some_and(|by| by.id == silence.id));
        self.listed("mutes", its.map(|alert| alert.summary(world.title_of_subject(&alert.subject), world.now)));
        self.say("why", silence.why.as_str());
        self.say("by", silence.by.as_str());
        self.say("since", self.moment(silence.at));
        self.say("until", clock(silence.until, world.now.utc, world.config.console.timezone));
        self.say("ends early", if silence.hold { "no, it is held" } else { "once what it matches has been quiet" });
        self.say("id", &*silence.id);
    }

    fn lock(&mut self, lock: &Lock) {
        self.say("run", &*lock.id);
        self.say("held by", format!("{} on {}", lock.holder, lock.host));
        self.say("for", locked_for(&self.world.config.actions, lock));
    }
}
