//! A `[[test]]` of a configuration, played through the world: what is expected of its alerts, and what they did.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::World;
use super::alerts::{AlertSubject, AlertView, Phase};
use super::driver::WorldDriver;
use crate::config::Config;
use crate::config::sections::test::{
    AlertExpectation, AlertStanding, AlertTest, Expectation, Expected, InputRun, OF_SLO, TestAct, TestDo, TestInput,
    TestSeries, TestSubject, WrittenAt,
};
use crate::lang::order::InOrder;
use crate::lang::time::Stamp;
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::document::Timing;
use crate::model::fact::alerting::silence_id;
use crate::model::fact::{AlertAcknowledged, SilenceEnd, SilenceEnded, SilenceStarted, Statement};
use crate::model::observation::Observation;
use crate::model::reading::{Reading, Sample, Sign};
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::name::Name;

/// Something that was expected and is not so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestFailure {
    /// When, from the start of the test.
    pub at: Duration,
    /// What was expected: `api critical firing, unmuted`.
    pub expected: String,
    /// What was there instead.
    pub seen: String,
    /// Where the expectation is written.
    pub place: WrittenAt,
}

/// Plays a test to its last expectation: what was not as expected, in the order of time. The test is one of `config`.
pub fn rehearse(config: &Arc<Config>, test: &AlertTest) -> Vec<TestFailure> {
    let mut stage = Stage {
        driver: WorldDriver::new(Arc::clone(config), test.start),
        now: Duration::ZERO,
        sent: BTreeMap::new(),
        failures: Vec::new(),
        silences: 0,
    };
    let mut series: Vec<Inputs<'_>> = test.input.iter().map(|series| inputs(config, test, series)).collect();
    let mut acts: Vec<&TestAct> = test.acts.iter().collect();
    let mut expect: Vec<&Expectation> = test.expect.iter().collect();
    acts.order_by_key(|act| act.at);
    expect.order_by_key(|expectation| expectation.at);
    let (mut acts, mut expect) = (acts.into_iter().peekable(), expect.into_iter().peekable());
    while let Some(next) = expect.peek().map(|next| next.at) {
        let inputs = series.iter().filter_map(Inputs::at);
        stage.now = inputs.chain(acts.peek().map(|act| act.at)).fold(next, Duration::min);
        stage.driver.advance(stage.now);
        while let Some(act) = acts.next_if(|act| act.at <= stage.now) {
            stage.act(act);
        }
        for one in &mut series {
            if let Some(input) = one.next_if_at(stage.now) {
                stage.input(one.subject, input);
            }
        }
        stage.driver.close();
        stage.count();
        while let Some(expectation) = expect.next_if(|expectation| expectation.at <= stage.now) {
            stage.compare(expectation);
        }
    }
    stage.failures
}

/// What is still to come of one check or metric.
struct Inputs<'a> {
    subject: &'a TestSubject,
    step: Duration,
    runs: &'a [InputRun],
    /// Inputs of the first run that came already.
    taken: u32,
    next: Duration,
}

fn inputs<'a>(config: &Config, test: &'a AlertTest, series: &'a TestSeries) -> Inputs<'a> {
    let every = match &series.subject {
        TestSubject::Check(name) => config.checks.iter().find(|check| check.name == *name).map(|check| check.every),
        TestSubject::Metric(name) => config.metrics.iter().find(|one| one.name == *name).map(|metric| metric.every),
    };
    // A test names what is configured.
    let step = test.step.or(every).unwrap_or(Duration::from_mins(1));
    Inputs { subject: &series.subject, step, runs: &series.runs, taken: 0, next: Duration::ZERO }
}

impl Inputs<'_> {
    /// When the next one comes; `None`: that was all.
    fn at(&self) -> Option<Duration> {
        (!self.runs.is_empty()).then_some(self.next)
    }

    fn next_if_at(&mut self, now: Duration) -> Option<TestInput> {
        let run = self.runs.first().filter(|_| self.next <= now)?;
        self.taken += 1;
        self.next += self.step;
        if self.taken >= run.count {
            (self.runs, self.taken) = (&self.runs[1..], 0);
        }
        Some(run.input)
    }
}

/// The world of a test, and what came of it so far.
struct Stage {
    driver: WorldDriver,
    now: Duration,
    /// Messages by channel.
    sent: BTreeMap<Name, u64>,
    failures: Vec<TestFailure>,
    /// Silences that were begun: those of one moment need names of their own.
    silences: usize,
}

impl Stage {
    fn input(&mut self, subject: &TestSubject, input: TestInput) {
        let now = self.driver.world().now;
        let sign = match (subject, input) {
            (_, TestInput::Nothing) => return,
            (TestSubject::Metric(name), TestInput::Number(value)) => {
                let sample = Sample { metric: name.clone(), at: now, value: Ok(value), caveat: None };
                return self.driver.observe(Observation::Sample(sample));
            }
            (_, TestInput::Ok | TestInput::Number(_)) => Sign::Good,
            (_, TestInput::Degraded) => Sign::Degraded,
            (_, TestInput::Down) => Sign::Bad,
            (_, TestInput::Unknown) => Sign::Unknown,
        };
        let (TestSubject::Check(name) | TestSubject::Metric(name)) = subject;
        self.driver.observe(Observation::Reading(Box::new(reading(name, sign, now))));
    }

    fn act(&mut self, act: &TestAct) {
        let failed = match &act.what {
            TestDo::Acknowledge { alert, severity, duration } => self.acknowledge(act, alert, *severity, *duration),
            TestDo::Silence { matching, duration, hold } => {
                let now = self.driver.world().now;
                self.silences += 1;
                let id = Name::from(format!("{}-{}", silence_id(now.utc), self.silences));
                let (why, until) = (SafeText::new(&act.why), now.plus(*duration).utc);
                let said = SilenceStarted { id, matching: matching.written(), why, until, hold: *hold };
                self.driver.say(&act.by, Statement::SilenceStarted(said));
                None
            }
            TestDo::Unsilence(matching) => self.unsilence(act, &matching.written()),
        };
        if let Some((expected, seen)) = failed {
            self.failures.push(TestFailure { at: self.now, expected, seen, place: act.place.clone() });
        }
    }

    /// What was expected and seen, where nothing of it fires.
    fn acknowledge(
        &mut self,
        act: &TestAct,
        alert: &Name,
        severity: Option<Severity>,
        duration: Option<Duration>,
    ) -> Option<(String, String)> {
        let world = self.driver.world();
        let until = duration.map(|duration| world.now.plus(duration).utc);
        let why = SafeText::new(&act.why);
        let firing = views(world, alert, severity).filter_map(|view| world.to_acknowledge(view, &why, until));
        let said: Vec<AlertAcknowledged> = firing.collect();
        if said.is_empty() {
            let seen = describe(world, expected(world, alert, severity));
            return Some((format!("{} firing, to be acknowledged", named(alert, severity)), seen));
        }
        for said in said {
            self.driver.say(&act.by, Statement::AlertAcknowledged(said));
        }
        None
    }

    fn unsilence(&mut self, act: &TestAct, written: &str) -> Option<(String, String)> {
        let world = self.driver.world();
        let active: Vec<_> = world.active_silences().filter(|silence| silence.matching == written).cloned().collect();
        if active.is_empty() {
            let others: Vec<&str> = world.active_silences().map(|silence| &*silence.matching).collect();
            let seen = if others.is_empty() { "no silence".to_owned() } else { others.join(", ") };
            return Some((format!("a silence of {written}, to be ended"), seen));
        }
        for silence in active {
            let said = SilenceEnded { id: silence.id, matching: silence.matching, because: SilenceEnd::Person };
            self.driver.say(&act.by, Statement::SilenceEnded(said));
        }
        None
    }

    fn count(&mut self) {
        self.driver.take_facts();
        for message in self.driver.take_messages() {
            *self.sent.entry(message.target.channel).or_default() += 1;
        }
    }

    fn compare(&mut self, expectation: &Expectation) {
        let failed = match &expectation.what {
            Expected::Alert(alert) => self.compare_alert(alert),
            Expected::Notified { channel, count } => {
                let sent = self.sent.get(channel).copied().unwrap_or(0);
                (sent != *count).then(|| (format!("{} to {channel}", counted(*count, "message")), sent.to_string()))
            }
        };
        if let Some((expected, seen)) = failed {
            let place = expectation.place.clone();
            self.failures.push(TestFailure { at: self.now, expected, seen, place });
        }
    }

    fn compare_alert(&self, asked: &AlertExpectation) -> Option<(String, String)> {
        let world = self.driver.world();
        let view = expected(world, &asked.alert, asked.severity);
        let phase = view.map_or(Phase::Inactive, |view| view.phase);
        let is_state = asked.state.is_none_or(|state| phase == phase_of(state));
        let muted = view.and_then(|view| world.muted_because(view));
        let is_muted = asked.muted.as_ref().is_none_or(|wanted| match &muted {
            None => wanted.is_empty(),
            Some(why) => !wanted.is_empty() && why.contains(&**wanted),
        });
        if is_state && is_muted {
            return None;
        }
        let mut wanted = named(&asked.alert, asked.severity);
        if let Some(state) = asked.state {
            let _ = write!(wanted, " {}", phase_of(state).word());
        }
        match asked.muted.as_deref() {
            Some("") => wanted.push_str(", unmuted"),
            Some(why) => wanted = format!("{wanted}, muted: {why}"),
            None => {}
        }
        let sent: Vec<String> = self.sent.iter().map(|(channel, count)| format!("{count} to {channel}")).collect();
        let sent = if sent.is_empty() { "none".to_owned() } else { sent.join(", ") };
        Some((wanted, format!("{}; messages so far: {sent}", describe(world, view))))
    }
}

const fn phase_of(state: AlertStanding) -> Phase {
    match state {
        AlertStanding::Inactive => Phase::Inactive,
        AlertStanding::Pending => Phase::Pending,
        AlertStanding::Firing => Phase::Firing,
        AlertStanding::Resolved => Phase::Resolved,
    }
}

/// The alerts of a check, metric or objective that are not inactive.
fn views<'a>(world: &'a World, alert: &'a Name, severity: Option<Severity>) -> impl Iterator<Item = &'a AlertView> {
    let slo = alert.strip_prefix(OF_SLO);
    let about = move |view: &&AlertView| match slo {
        Some(slo) => view.subject == AlertSubject::Slo(slo.into()),
        None => view.subject.name() == &**alert,
    };
    world.alerts.iter().filter(about).filter(move |view| severity.is_none_or(|severity| view.severity == severity))
}

/// The one that an expectation is about. A name that several things share is that of the check, else of the metric. Of
/// several conditions of one severity, as objectives have them, it is the one that asks most of a person.
fn expected<'a>(world: &'a World, alert: &'a Name, severity: Option<Severity>) -> Option<&'a AlertView> {
    let of_check = world.config.checks.iter().any(|check| check.name == *alert && !check.alerts.is_empty());
    let of_metric = world.config.metrics.iter().any(|metric| metric.name == *alert && !metric.alerts.is_empty());
    let is_meant = move |view: &&AlertView| match view.subject {
        AlertSubject::Check(_) => true,
        AlertSubject::Metric(_) => !of_check,
        AlertSubject::Slo(_) | AlertSubject::Console => !of_check && !of_metric,
    };
    views(world, alert, severity).filter(is_meant).min_by_key(|view| view.phase.order())
}

fn named(alert: &Name, severity: Option<Severity>) -> String {
    severity.map_or_else(|| alert.to_string(), |severity| format!("{alert} {}", severity.word()))
}

/// `pending for 1m, unmuted`
fn describe(world: &World, view: Option<&AlertView>) -> String {
    let Some(view) = view else { return Phase::Inactive.word().to_owned() };
    let since =
        view.since.map_or_else(String::new, |since| format!(" for {}", unit::duration(world.now.since(since.at))));
    let muted = world.muted_because(view).map_or_else(|| "unmuted".to_owned(), |why| format!("muted: {why}"));
    let by = view.acknowledged.as_ref().map_or_else(String::new, |ack| format!(", acknowledged by {}", ack.by));
    format!("{}{since}, {muted}{by}", view.phase.word())
}

/// What a poll says that is answered at once, without an error and a body.
fn reading(check: &Name, sign: Sign, now: Stamp) -> Reading {
    let timing = Timing { scheduled: now, sent: now, ended: now };
    Reading { answered: sign != Sign::Bad, ..Reading::plain(check.clone(), timing, sign) }
}
