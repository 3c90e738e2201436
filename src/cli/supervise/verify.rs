//! The supervisor's own polls of the checks, on fresh connections, to the verdict.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::renew::Renewal;
use crate::lang::time::Stamp;
use crate::model::observation::Observation;
use crate::model::reading::{Reading, Sign};
use crate::model::run::VerificationProgress;
use crate::model::verification::{Conclusion, Terms, Verification};
use crate::sources::SourceContext;
use crate::sources::kinds::Pool;
use crate::sources::poll::{Over, Poller};
use crate::sources::targets::{Watched, poll_targets};

/// Bounds on the pause between two looks at a named check, whatever its interval: a person waits for it.
const PACE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(2));
/// Polls of checks that are not named under way at once, and commands among them: each is a process.
const MOST: usize = 32;
const MOST_COMMANDS: usize = 4;
/// How long the verdict waits for a first look at every check that was good before.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// One source that is polled.
struct Target {
    watched: Arc<Watched>,
    /// Whether it feeds a check that must be good.
    named: bool,
    command: bool,
}

#[derive(Clone, Copy, Default)]
struct Turn {
    next: Duration,
    busy: bool,
    seen: bool,
}

/// What was seen, and what of it is held back until every other check was looked at once.
struct Judging {
    verification: Verification,
    held: Vec<Reading>,
    progress: Option<VerificationProgress>,
}

/// Polls until there is a verdict. What is polled is the configuration of `context`, with secrets that are read again
/// where they are refused; `report` gets the progress where it changed.
pub(crate) async fn verify(
    context: &SourceContext,
    renewal: &mut Renewal,
    terms: &Terms,
    ended: Stamp,
    mut report: impl FnMut(&VerificationProgress),
) -> Conclusion {
    let clock = context.clock;
    let mut targets = targets(context, terms);
    let mut turns = vec![Turn { next: ended.mono, ..Turn::default() }; targets.len()];
    let mut poller = Arc::new(Poller::new(clock, renewal.secrets().clone()));
    let mut polls = FuturesUnordered::new();
    let mut judging = Judging { verification: Verification::new(ended, terms), held: Vec::new(), progress: None };
    loop {
        let now = clock.now();
        judging.report(&mut report);
        if let Some(conclusion) = judging.verification.judge(now) {
            return conclusion.clone();
        }
        for index in due(&targets, &turns, now.mono) {
            turns[index] = Turn { busy: true, next: now.mono + pause(&targets[index]), ..turns[index] };
            let (watched, poller) = (targets[index].watched.clone(), poller.clone());
            polls.push(async move {
                let answer = poller.poll(&watched, now, Over::Fresh).await;
                (index, poller, answer)
            });
        }
        let deadline = now.mono + judging.verification.remaining(now);
        let first_look = Some(ended.mono + FIRST_LOOK).filter(|at| *at > now.mono);
        let ticks =
            turns.iter().filter(|turn| !turn.busy).map(|turn| turn.next.max(now.mono + Duration::from_millis(20)));
        let wake = ticks.chain(first_look).min().unwrap_or(deadline).min(deadline);
        let sleep = tokio::time::sleep_until(clock.instant(Stamp { mono: wake, utc: now.utc }));
        let mut news = Vec::new();
        tokio::select! {
            Some((index, by, answer)) = polls.next() => {
                let readings: Vec<Reading> = answer.observations.into_iter().filter_map(reading).collect();
                let mut is_current = Arc::ptr_eq(&by, &poller);
                if is_current && renew(renewal, &targets[index], &readings, clock.now()).await {
                    (targets, is_current) = (self::targets(context, terms), false);
                    poller = Arc::new(Poller::new(clock, renewal.secrets().clone()));
                }
                // What a service says to a secret of yesterday says nothing of the service: it is asked again at once.
                let next = if is_current { turns[index].next } else { now.mono };
                turns[index] = Turn { busy: false, seen: turns[index].seen || is_current, next };
                news.extend(readings.into_iter().filter(|_| is_current));
            }
            () = sleep => {}
        }
        let all_seen = targets.iter().zip(&turns).all(|(target, turn)| target.named || turn.seen);
        judging.observe(news, terms, all_seen || clock.now().since(ended) >= FIRST_LOOK);
        let soon = clock.now().mono + PACE.1;
        let doubted = targets.iter().zip(&mut turns).filter(|(target, turn)| !turn.busy && judging.doubts(target));
        doubted.for_each(|(_, turn)| turn.next = turn.next.min(soon));
    }
}

impl Judging {
    /// Takes readings. The good ones that make a verdict wait until nothing else is unseen.
    fn observe(&mut self, news: Vec<Reading>, terms: &Terms, released: bool) {
        let (named, others): (Vec<_>, Vec<_>) =
            news.into_iter().partition(|reading| terms.checks.contains(&reading.check));
        for reading in others {
            self.verification.observe(&reading);
        }
        self.held.extend(named);
        if released {
            for reading in std::mem::take(&mut self.held) {
                self.verification.observe(&reading);
            }
        }
    }

    /// Whether a source feeds a check that was good before and was bad at the latest look: it is looked at again soon.
    fn doubts(&self, target: &Target) -> bool {
        target.watched.checks.iter().any(|check| self.verification.doubts(&check.name))
    }

    fn report(&mut self, report: &mut impl FnMut(&VerificationProgress)) {
        let progress = self.verification.progress();
        if self.progress.as_ref() != Some(&progress) {
            report(&progress);
            self.progress = Some(progress);
        }
    }
}

/// Reads secrets again where a poll failed that was made with some. Whether they are others now.
async fn renew(renewal: &mut Renewal, target: &Target, readings: &[Reading], now: Stamp) -> bool {
    let failed = readings.iter().any(|reading| !matches!(reading.sign, Sign::Good | Sign::Cold));
    failed && renewal.renew(&target.watched.source.secrets(), now.mono).await
}

fn targets(context: &SourceContext, terms: &Terms) -> Vec<Target> {
    poll_targets(&context.config).into_iter().map(|source| target(source, terms)).collect()
}

fn target(watched: Watched, terms: &Terms) -> Target {
    let named = watched.checks.iter().any(|check| terms.checks.contains(&check.name));
    let command = watched.kind.pool() == Pool::Process;
    Target { watched: Arc::new(watched), named, command }
}

/// The sources whose turn it is: the named ones always, the others within the bounds.
fn due(targets: &[Target], turns: &[Turn], now: Duration) -> Vec<usize> {
    let others = |command: bool| {
        let all = targets.iter().zip(turns);
        all.filter(|(target, turn)| turn.busy && !target.named && target.command == command).count()
    };
    let (mut polls, mut commands) = (MOST.saturating_sub(others(false)), MOST_COMMANDS.saturating_sub(others(true)));
    let mut due = Vec::new();
    for (index, (target, turn)) in targets.iter().zip(turns).enumerate() {
        if turn.busy || turn.next > now {
            continue;
        }
        let room = if target.command { &mut commands } else { &mut polls };
        if !target.named {
            if *room == 0 {
                continue;
            }
            *room -= 1;
        }
        due.push(index);
    }
    due
}

/// Start to start.
fn pause(target: &Target) -> Duration {
    let every = target.watched.source.every.max(PACE.0);
    if target.named { every.min(PACE.1) } else { every }
}

fn reading(observation: Observation) -> Option<Reading> {
    match observation {
        Observation::Reading(reading) => Some(*reading),
        _ => None,
    }
}
