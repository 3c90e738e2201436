//! The one scheduler of all polled sources.
//!
//! It is one task. Polls are futures within it, not tasks of their own, and they are launched in common slots: what
//! polling costs is waking up. Ticks are absolute (open loop): a slow answer does not delay the next poll, and a
//! source that is still busy at its tick skips it, counted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
mod link;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use crate::lang::time::Stamp;
use crate::model::observation::Observation;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::secret::Secrets;

use self::link::Link;
use super::masks::Masks;
use super::poll::{Over, Polled, Poller};
use super::targets::{Watched, poll_targets};
use super::{Latest, SourceContext};

pub(super) use self::link::{connectivity, self_check};
pub use super::round::poll_once;

/// Polls are launched on a grid of this width.
const SLOT: Duration = Duration::from_millis(50);
/// The first polls are spread over at most this long: a person is waiting for the first picture.
const MAX_SPREAD: Duration = Duration::from_secs(3);
/// Later than this, we were not running: what happened meanwhile is not known.
const STARVED: Duration = Duration::from_secs(2);
/// The wall clock ahead of the monotonic one by this much: the machine slept, or its clock was set.
const SLEPT: chrono::Duration = chrono::Duration::seconds(10);
/// Polls that wait longer than this for a free place are said to be late.
const LATE: Duration = Duration::from_secs(1);
/// How often the scheduler tells its figures.
const REPORT: Duration = Duration::from_secs(10);
/// Polls every source of the configuration until the context is cancelled. Names that arrive on `poll_now` (checks,
/// sources or metrics; none means all) are polled at once, beside their ticks.
pub async fn run(context: SourceContext, poll_now: mpsc::Receiver<Vec<Name>>) {
    let (_none, secrets) = watch::channel(Some(Arc::clone(&context.secrets)));
    run_with(context, poll_now, secrets).await;
}

/// As [`run`], with secrets that come and change meanwhile: each source waits for its own alone.
pub async fn run_with(context: SourceContext, poll_now: mpsc::Receiver<Vec<Name>>, secrets: Latest) {
    let cancel = context.cancel.clone();
    tokio::select! {
        () = cancel.cancelled() => {}
        () = Scheduler::new(context).run(poll_now, secrets) => {}
    }
}

struct Entry {
    watched: Arc<Watched>,
    /// Its next tick, on the monotonic clock.
    next: Duration,
    /// Its place among the others, 0 to 1: where its ticks lie within its interval.
    phase: f64,
    /// The tick after the first one, where first ticks lie closer together than those that follow.
    settles: Option<Duration>,
    /// When the poll that is under way, or waits for a place, was launched.
    busy: Option<Stamp>,
    overruns: u64,
}

impl Entry {
    fn new(watched: Watched, phase: f64) -> Self {
        Self { watched: Arc::new(watched), next: Duration::ZERO, phase, settles: None, busy: None, overruns: 0 }
    }

    /// First ticks within `spread` from `now`. Where there are more than that has slots, later ticks are spread over the
    /// whole interval: else every interval would bring all of them in one burst.
    fn begin(&mut self, now: Duration, spread: Duration) {
        let interval = self.watched.interval();
        self.next = now + spread.min(interval).mul_f64(self.phase);
        let settled = now + interval.mul_f64(self.phase);
        self.settles = (spread >= MAX_SPREAD && settled > self.next + SLOT).then_some(settled);
    }

    /// Since when it waits for a place.
    fn waits_since(&self) -> Option<Stamp> {
        self.busy.filter(|_| !self.watched.begun.load(Ordering::Relaxed))
    }
}

enum Done {
    Polled { index: usize, generation: u64, polled: Polled },
    SelfChecked(Result<(), SafeText>),
}

enum Woken {
    Asked(Option<Vec<Name>>),
    Secrets,
    Done(Done),
    Tick,
}

type Task = Pin<Box<dyn Future<Output = Done> + Send>>;

struct Scheduler {
    context: SourceContext,
    poller: Poller,
    entries: Vec<Entry>,
    /// The ticks of all entries, the next first; one that is not its entry's next tick any more means nothing.
    ticks: BinaryHeap<Reverse<(Duration, usize)>>,
    tasks: FuturesUnordered<Task>,
    /// Ticks at which the poll before still waited for a place.
    not_asked: u64,
    /// Rises with every gap: what was asked before one is not believed after it.
    generation: u64,
    last_seen: Stamp,
    worst_lag: Duration,
    reported: Option<Stamp>,
    link: Link,
}

impl Scheduler {
    fn new(context: SourceContext) -> Self {
        let poller = Poller::new(context.clock, Arc::clone(&context.secrets));
        let now = context.clock.now();
        let targets = poll_targets(&context.config);
        let mut random = fastrand::Rng::new();
        let mut entries: Vec<Entry> = targets.into_iter().map(|watched| Entry::new(watched, random.f64())).collect();
        // They are made in the room of the targets, which is several times theirs.
        entries.shrink_to_fit();
        let mut scheduler = Self {
            context,
            poller,
            ticks: BinaryHeap::new(),
            entries,
            tasks: FuturesUnordered::new(),
            not_asked: 0,
            generation: 0,
            last_seen: now,
            worst_lag: Duration::ZERO,
            reported: None,
            link: Link::default(),
        };
        scheduler.spread_out(now);
        scheduler
    }

    /// Makes everything due: in slots of its own, which keeps a hundred sources from asking in the same instant.
    fn spread_out(&mut self, now: Stamp) {
        let spread = (SLOT * u32::try_from(self.entries.len()).unwrap_or(u32::MAX)).min(MAX_SPREAD);
        for (index, entry) in self.entries.iter_mut().enumerate() {
            entry.begin(now.mono, spread);
            self.ticks.push(Reverse((entry.next, index)));
        }
    }

    async fn run(mut self, mut poll_now: mpsc::Receiver<Vec<Name>>, mut secrets: Latest) {
        self.poller = self.poller.clone().masking(Masks::new(secrets.clone()));
        self.warn_of_insecure().await;
        let (mut asked, mut renewed) = (true, true);
        loop {
            let latest = secrets.borrow_and_update().clone();
            if let Some(latest) = latest {
                self.renew(latest);
            }
            self.tick().await;
            let wake = self.next_wake();
            let planned = Stamp { mono: wake, ..self.context.clock.now() };
            let sleep = tokio::time::sleep_until(self.context.clock.instant(planned));
            let woken = tokio::select! {
                biased;
                names = poll_now.recv(), if asked => Woken::Asked(names),
                Some(done) = self.tasks.next() => Woken::Done(done),
                changed = secrets.changed(), if renewed => {
                    renewed = changed.is_ok();
                    Woken::Secrets
                }
                () = sleep => Woken::Tick,
            };
            // First of all: after a sleep of the machine any of the three may be what is seen first.
            self.look_for_gap(wake).await;
            match woken {
                Woken::Asked(Some(names)) => self.poll_now(&names),
                Woken::Asked(None) => asked = false,
                Woken::Done(done) => self.done(done).await,
                Woken::Tick | Woken::Secrets => {}
            }
        }
    }

    async fn say(&mut self, observation: Observation) {
        // A receiver that is gone means that the program ends; then we are cancelled in a moment.
        let _ = self.context.out.send(observation).await;
    }

    async fn warn_of_insecure(&mut self) {
        let insecure = |watched: &Watched| watched.source.kind.settings().is_insecure();
        let watched = self.entries.iter().map(|entry| &entry.watched);
        let names: Vec<Name> =
            watched.filter(|watched| insecure(watched)).map(|watched| watched.label.clone()).collect();
        for name in names {
            let text = SafeText::new("certificates are not checked (insecure = true)");
            self.say(Observation::Warning { name, text }).await;
        }
    }

    /// Launches what is due.
    async fn tick(&mut self) {
        let now = self.context.clock.now();
        self.last_seen = now;
        self.check_link(now);
        let offline = self.link.online == Some(false);
        while let Some((due, index)) = self.next_tick().filter(|(due, _)| *due <= now.mono) {
            let entry = &mut self.entries[index];
            let interval = entry.watched.interval().max(SLOT);
            let late = now.mono.saturating_sub(due);
            let missed = u32::try_from(late.as_nanos() / interval.as_nanos()).unwrap_or(u32::MAX);
            let settles = entry.settles.take().filter(|at| *at > now.mono);
            entry.next = settles.unwrap_or(due + interval * missed.saturating_add(1));
            self.ticks.push(Reverse((entry.next, index)));
            if offline {
                continue;
            }
            self.worst_lag = self.worst_lag.max(now.mono.saturating_sub(up_to_slot(due)));
            if entry.waits_since().is_some() {
                self.not_asked += 1;
                continue;
            }
            if entry.busy.is_some() {
                // Waking up a sleeping service takes as long as it takes.
                if !entry.watched.may_be_cold(now) {
                    entry.overruns += 1;
                    let (name, count) = (entry.watched.label.clone(), entry.overruns);
                    self.say(Observation::Overrun { name, count }).await;
                }
                continue;
            }
            let utc = now.utc - chrono::Duration::from_std(late).unwrap_or_default();
            self.launch(index, Stamp { mono: due, utc }, Over::AsConfigured);
        }
        self.report(now).await;
    }

    /// Takes other secrets: what is asked with one that is new or has changed is made ready again, and due.
    #[expect(clippy::needless_pass_by_value, reason = "it is kept in the context")]
    fn renew(&mut self, secrets: Arc<Secrets>) {
        let before = std::mem::replace(&mut self.context.secrets, Arc::clone(&secrets));
        if Arc::ptr_eq(&before, &secrets) || before.same_values(&secrets) {
            return;
        }
        self.poller = self.poller.with_secrets(Arc::clone(&secrets));
        let now = self.context.clock.now().mono;
        for (index, (entry, renewed)) in self.entries.iter_mut().zip(poll_targets(&self.context.config)).enumerate() {
            if renewed.secrets().into_iter().all(|name| secrets.is_same(&before, name)) {
                continue;
            }
            // What is under way has begun with the former ones, and ends with them.
            renewed.begun.store(entry.busy.is_some(), Ordering::Relaxed);
            entry.watched = Arc::new(renewed);
            if entry.busy.is_none() {
                entry.next = now;
                self.ticks.push(Reverse((now, index)));
            }
        }
    }

    /// The entry whose tick is the next, and that tick. What an entry left behind when its tick was moved is let go here.
    fn next_tick(&mut self) -> Option<(Duration, usize)> {
        while let Some(Reverse((at, index))) = self.ticks.peek().copied() {
            if self.entries[index].next == at {
                return Some((at, index));
            }
            self.ticks.pop();
        }
        None
    }

    fn next_wake(&mut self) -> Duration {
        let next = self.next_tick().map_or(self.last_seen.mono + REPORT, |(at, _)| at);
        let checks = self.context.config.console.self_check.is_some() && !self.link.checking;
        let next = if checks { next.min(self.link.next_check) } else { next };
        up_to_slot(next)
    }

    /// Starts a poll, which waits for its place.
    fn launch(&mut self, index: usize, scheduled: Stamp, over: Over) {
        let entry = &mut self.entries[index];
        entry.busy = Some(self.context.clock.now());
        entry.watched.begun.store(false, Ordering::Relaxed);
        let (poller, target, generation) = (self.poller.clone(), Arc::clone(&entry.watched), self.generation);
        self.tasks.push(Box::pin(async move {
            let seen = poller.poll(&target, scheduled, over).await;
            Done::Polled { index, generation, polled: seen }
        }));
    }

    fn poll_now(&mut self, names: &[Name]) {
        let now = self.context.clock.now();
        for index in 0..self.entries.len() {
            let entry = &self.entries[index];
            let meant = names.is_empty() || names.iter().any(|name| entry.watched.is_called(name));
            if meant && entry.busy.is_none() {
                self.launch(index, now, Over::Fresh);
            }
        }
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Polled { index, generation, polled } => {
                self.entries[index].busy = None;
                if generation == self.generation && self.link.online != Some(false) {
                    self.deliver(polled).await;
                }
            }
            Done::SelfChecked(result) => self.self_checked(result).await,
        }
    }

    async fn deliver(&mut self, polled: Polled) {
        if polled.unreachable && self.context.config.console.self_check.is_some() {
            self.link.parked.extend(polled.observations);
            self.link.next_check = Duration::ZERO;
            return;
        }
        for observation in polled.observations {
            self.say(observation).await;
        }
    }

    /// After a span of which nothing is known: everything is due.
    fn begin_anew(&mut self) {
        self.generation += 1;
        self.link.parked.clear();
        self.entries.iter().for_each(|entry| entry.watched.forget());
        self.spread_out(self.context.clock.now());
    }

    /// Called after every wait, which was to end at `planned` at the latest.
    async fn look_for_gap(&mut self, planned: Duration) {
        let now = self.context.clock.now();
        let before = self.last_seen;
        let late = now.mono.saturating_sub(planned);
        let elapsed = chrono::Duration::from_std(now.since(before)).unwrap_or_default();
        let slept = (now.utc - before.utc) - elapsed > SLEPT;
        if late > STARVED || slept {
            let from = if slept { before } else { before.plus(planned.saturating_sub(before.mono)) };
            self.say(Observation::Gap { from, to: now }).await;
            self.begin_anew();
        }
    }

    async fn report(&mut self, now: Stamp) {
        let due = self.reported.is_none_or(|last| now.since(last) >= REPORT);
        if due {
            self.reported = Some(now);
            let lag = std::mem::take(&mut self.worst_lag);
            let late = |entry: &Entry| entry.waits_since().is_some_and(|since| now.since(since) > LATE);
            if self.entries.iter().any(late) {
                let text = SafeText::new(
                    "polls wait for their turn: more hang or are slow than can be waited for; raise `every`",
                );
                self.say(Observation::Warning { name: "polling".into(), text }).await;
            }
            let waiting = self.entries.iter().filter(|entry| entry.waits_since().is_some()).count();
            let busy = self.entries.iter().filter(|entry| entry.busy.is_some()).count();
            let not_asked = self.not_asked;
            self.say(Observation::Scheduler { lag, in_flight: busy - waiting, waiting, not_asked }).await;
        }
    }
}

/// The first slot at or after `moment`.
fn up_to_slot(moment: Duration) -> Duration {
    let over = Duration::from_nanos((moment.as_nanos() % SLOT.as_nanos()) as u64);
    if over.is_zero() { moment } else { moment + SLOT.saturating_sub(over) }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;
    use serde_json::Value;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::config::kinds::SourceKind;
    use crate::config::kinds::tcp::TcpTarget;
    use crate::config::sections::check::Check;
    use crate::config::sections::source::Source;
    use crate::model::document::PollError;
    use crate::model::reading::{Reading, Sign};
    use crate::sources::kinds::{Answer, Ask, Kind};

    const SECOND: Duration = Duration::from_secs(1);

    /// Answers well after so long, by the clock of the test.
    #[derive(Debug)]
    struct Takes(Duration);

    impl Kind for Takes {
        fn fetch<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Answer, PollError>> {
            let answer = || Answer { document: Arc::default(), phases: Vec::new(), sums: Vec::new(), fault: None };
            async move {
                let in_time = tokio::time::timeout(ask.timeout, tokio::time::sleep(self.0)).await.is_ok();
                if in_time { Ok(answer()) } else { Err(PollError::Timeout(ask.timeout, "".into())) }
            }
            .boxed()
        }

        fn summary(&self, _document: &Value) -> String {
            String::new()
        }
    }

    /// A scheduler of one check that is asked every second and answers after `takes`, and what it says.
    fn scheduler(takes: Duration, source: Source) -> (Scheduler, mpsc::Receiver<Observation>) {
        let check = Check {
            name: "api".into(),
            service: None,
            source: source.name.clone(),
            every: source.every,
            timeout: source.timeout,
            expect: Vec::new(),
            degraded: Vec::new(),
            fail_after: 3,
            ok_after: 2,
            cold_start: None,
            nagios: false,
            alerts: Vec::new(),
        };
        let (out, observations) = mpsc::channel(16);
        let config = Config { sources: vec![source], checks: vec![check], ..Config::default() };
        let context = SourceContext {
            config: Arc::new(config),
            secrets: Arc::default(),
            clock: Clock::start_at("2026-11-21T02:41:00Z".parse().unwrap()),
            out,
            cancel: CancellationToken::new(),
        };
        let mut scheduler = Scheduler::new(context);
        for entry in &mut scheduler.entries {
            Arc::get_mut(&mut entry.watched).expect("nothing polls yet").kind = Box::new(Takes(takes));
        }
        (scheduler, observations)
    }

    fn every_second() -> Source {
        Source {
            name: "check:api".into(),
            kind: SourceKind::Tcp(Arc::new(TcpTarget { host: "127.0.0.1".to_owned(), port: 1 })),
            every: SECOND,
            timeout: SECOND * 5,
            keep_warm: None,
            cold_start: None,
        }
    }

    /// What it says until so many readings are there, but for its figures.
    async fn said(takes: Duration, source: Source, readings: usize) -> Vec<Observation> {
        let (scheduler, mut observations) = scheduler(takes, source);
        let (_asking, poll_now) = mpsc::channel(1);
        let (_kept, secrets) = watch::channel(None);
        let mut said = Vec::new();
        let listening = async {
            while self::readings(&said).len() < readings {
                match observations.recv().await.expect("it runs") {
                    Observation::Scheduler { lag, .. } => assert_eq!(lag, Duration::ZERO),
                    other => said.push(other),
                }
            }
        };
        tokio::select! {
            () = scheduler.run(poll_now, secrets) => {}
            () = listening => {}
        }
        said
    }

    fn readings(said: &[Observation]) -> Vec<&Reading> {
        said.iter()
            .filter_map(|one| if let Observation::Reading(reading) = one { Some(&**reading) } else { None })
            .collect()
    }

    fn gap(observations: &mut mpsc::Receiver<Observation>) -> Option<(Stamp, Stamp)> {
        match observations.try_recv() {
            Ok(Observation::Gap { from, to }) => Some((from, to)),
            _ => None,
        }
    }

    fn overruns(said: &[Observation]) -> Vec<u64> {
        said.iter()
            .filter_map(|one| if let Observation::Overrun { count, .. } = one { Some(*count) } else { None })
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn ticks_are_kept_to_the_slot_however_long_an_answer_takes() {
        let takes = Duration::from_millis(330);
        let said = said(takes, every_second(), 30).await;
        let readings = readings(&said);
        for reading in &readings {
            assert_eq!(reading.timing.sent.mono, up_to_slot(reading.timing.scheduled.mono));
            assert_eq!(reading.timing.latency(), takes);
        }
        for pair in readings.windows(2) {
            assert_eq!(pair[1].timing.scheduled.mono.abs_diff(pair[0].timing.scheduled.mono), SECOND);
        }
        assert_eq!(said.len(), 30, "nothing else is said");
    }

    #[tokio::test(start_paused = true)]
    async fn a_tick_at_which_the_answer_before_is_not_there_is_left_out_and_counted() {
        let said = said(Duration::from_millis(1500), every_second(), 5).await;
        for pair in readings(&said).windows(2) {
            assert_eq!(pair[1].timing.scheduled.mono.abs_diff(pair[0].timing.scheduled.mono), SECOND * 2);
        }
        assert_eq!(overruns(&said), [1, 2, 3, 4, 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_cold_start_takes_its_time_and_what_is_awake_does_not() {
        let source = Source { timeout: SECOND, cold_start: Some(SECOND * 20), ..every_second() };
        let said = said(SECOND * 7, source, 2).await;
        let [cold, awake] = readings(&said)[..] else { panic!("not two: {said:?}") };
        assert_eq!((cold.sign, cold.timing.latency()), (Sign::Cold, SECOND * 7));
        assert_eq!(cold.error.as_ref().map(SafeText::as_str), Some("woke up in 7.0 s"));
        assert_eq!((awake.sign, awake.timing.latency()), (Sign::Bad, SECOND));
        assert_eq!(awake.timing.scheduled.mono.abs_diff(cold.timing.scheduled.mono), SECOND * 7);
        assert!(overruns(&said).is_empty(), "waking up is no overrun");
    }

    #[tokio::test(start_paused = true)]
    async fn many_first_polls_come_soon_and_later_ones_are_spread_over_the_interval() {
        use std::fmt::Write as _;
        let mut text = String::new();
        for check in 0..100 {
            writeln!(text, "[check.c{check}]\ntcp = \"127.0.0.1:1\"\nevery = \"1m\"").unwrap();
        }
        let config = crate::config::load::load_text(std::path::Path::new("ops.toml"), &text).config.unwrap();
        let (out, _observations) = mpsc::channel(16);
        let (config, secrets, cancel) = (Arc::new(config), Arc::default(), CancellationToken::new());
        let context = SourceContext { config, secrets, clock: Clock::start(), out, cancel };
        let scheduler = Scheduler::new(context);
        let start = scheduler.last_seen.mono;
        for entry in &scheduler.entries {
            assert_eq!(entry.next, start + MAX_SPREAD.mul_f64(entry.phase));
            let settled = start + Duration::from_mins(1).mul_f64(entry.phase);
            assert!(entry.settles.is_none_or(|at| at == settled));
            assert_eq!(entry.settles.is_some(), settled > entry.next + SLOT);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_of_the_machine_is_a_gap_and_what_was_asked_before_it_is_not_believed() {
        let (mut scheduler, mut observations) = scheduler(SECOND, every_second());
        let now = scheduler.context.clock.now();
        scheduler.launch(0, now, Over::AsConfigured);
        // The wall clock went on for an hour while we did not.
        let hour = chrono::TimeDelta::hours(1);
        scheduler.context.clock = scheduler.context.clock.set_by(hour);
        scheduler.look_for_gap(now.mono + SLOT).await;
        let woke = Stamp { utc: now.utc + hour, ..now };
        assert_eq!(gap(&mut observations), Some((now, woke)));
        let done = scheduler.tasks.next().await.unwrap();
        scheduler.done(done).await;
        assert!(observations.try_recv().is_err(), "an answer from before the gap was believed");
        assert!(scheduler.entries[0].busy.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_ends_far_too_late_is_a_gap_from_when_it_should_have_ended() {
        for (late, is_gap) in [(STARVED, false), (STARVED + Duration::from_millis(1), true)] {
            let (mut scheduler, mut observations) = scheduler(SECOND, every_second());
            let now = scheduler.context.clock.now();
            tokio::time::advance(SLOT + late).await;
            scheduler.look_for_gap(now.mono + SLOT).await;
            let expected = is_gap.then_some((now.plus(SLOT), now.plus(SLOT + late)));
            assert_eq!(gap(&mut observations), expected, "{late:?}");
        }
    }

    #[test]
    fn slots_are_a_grid() {
        let millis = Duration::from_millis;
        assert_eq!(up_to_slot(Duration::ZERO), Duration::ZERO);
        assert_eq!(up_to_slot(Duration::from_micros(1)), millis(50));
        assert_eq!(up_to_slot(millis(50)), millis(50));
        assert_eq!(up_to_slot(millis(50) + Duration::from_nanos(1)), millis(100));
        assert_eq!(up_to_slot(millis(51)), millis(100));
        let years = Duration::from_hours(500_000);
        assert_eq!(up_to_slot(years + millis(1)), years + SLOT);
    }
}
