//! The store of a console: opened, watched for as long as it answers and can be written, and opened again, for ever.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::time::Instant;

use super::attaching::{RunWatch, going_on};
use super::catching_up::ReadTo;
use super::effects::{ANSWER, StoreState, Tools};
use super::identity::Identity;
use super::runs::RunService;
use super::watching::Away;
use crate::clock::Clock;
use crate::model::outcome::{Outcome, StoreAway};
use crate::model::run::Run;
use crate::store::StoreError;
use crate::store::acting::{PlaceTrace, last_seen};
use crate::store::address::StoreAddress;
use crate::text::SafeText;
use crate::text::secret::Template;

/// How often the place of a store that is away is looked at for a change.
const LOOK: Duration = Duration::from_secs(1);
/// The pauses for one that comes and goes, the last for ever.
const UNSTEADY: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];
/// How often it may do so before.
const FORGIVEN: usize = 3;
/// The pause before a file that others have moved under us is read again.
const REREAD: Duration = Duration::from_millis(200);
/// One that goes again before so long comes and goes.
const STEADY: Duration = Duration::from_mins(1);

/// A store that went away.
#[derive(Debug, Clone, Copy)]
struct Absence {
    since: DateTime<Utc>,
    /// Whether it is known that it answered then.
    seen: bool,
    /// Whether it was there, and could not be written.
    is_unwritable: bool,
}

/// So long after which a store that is away is tried again: a server that comes back within a minute is there for a console two
/// seconds later.
const fn pause(tries: usize) -> Duration {
    Duration::from_secs(match tries {
        0 => 1,
        1..=30 => 2,
        31..=60 => 5,
        _ => 10,
    })
}

impl Tools {
    /// Opens the store and watches it for as long as it answers; then again, for ever.
    pub(super) async fn open(
        &self,
        sender: &watch::Sender<StoreState>,
        store: Option<&Template>,
        place: Option<&StoreAddress>,
        clock: Clock,
    ) {
        let (mut away, mut unsteady): (Option<Absence>, usize) = (None, 0);
        let (mut left, mut gone): (Vec<Run>, Option<StoreError>) = (Vec::new(), None);
        let mut read = ReadTo::default();
        loop {
            let pause = pause_after(unsteady);
            let run_service = tokio::select! {
                run_service = self.until_open(sender, (store, place, clock), pause, &mut away, gone.take()) => run_service,
                // However often it is tried: an outcome that waits for it is seen only after a while.
                never = self.without(&mut left, place, clock) => match never {},
            };
            let only_read = run_service.store().writable().err();
            let only_read = only_read.map(|why| SafeText::new(&why.explained_while_away()));
            self.answer(Outcome::StoreOnlyRead(only_read)).await;
            if let Some(Absence { since, .. }) = away.take() {
                self.answer(Outcome::Store { away: None, since }).await;
            }
            let opened = Instant::now();
            *self.last() = Some(run_service.clone());
            sender.send_replace(StoreState::Open(Box::new(run_service.clone())));
            // What this store does not know goes on all the same, and its directory says how.
            if *self.looks_on.borrow() {
                // Who looks on puts nothing back.
                read.held.clear();
            }
            let mut strangers = unknown_to(&run_service, std::mem::take(&mut left)).await;
            let Away { error, mut live } = tokio::select! {
                away = run_service.watch(&mut read, &self.started, &self.outcomes) => away,
                never = self.without(&mut strangers, place, clock) => match never {},
            };
            let is_steady = opened.elapsed() >= STEADY;
            sender.send_replace(StoreState::Opening);
            tokio::time::timeout(ANSWER, run_service.close()).await.ok();
            // What others write moves a file that may only be read under us: it is read again as it is now.
            let moved = matches!(error, StoreError::Changed { .. } | StoreError::Replaced { .. });
            if moved && run_service.store().is_read_only() {
                tokio::time::sleep(REREAD).await;
            } else {
                unsteady = if is_steady { 0 } else { unsteady + 1 };
                gone = Some(error);
            }
            live.extend(strangers);
            left = live;
        }
    }

    /// Tries until it is open, and says meanwhile that it is away; `gone` is why it went.
    async fn until_open(
        &self,
        sender: &watch::Sender<StoreState>,
        (store, place, clock): (Option<&Template>, Option<&StoreAddress>, Clock),
        least: Duration,
        away: &mut Option<Absence>,
        mut gone: Option<StoreError>,
    ) -> RunService {
        let mut tries = 0;
        loop {
            let error = match gone.take() {
                Some(error) => error,
                None => match self.open_once(store, clock, *away).await {
                    Ok(run_service) => return run_service,
                    Err(error) => error,
                },
            };
            tracing::warn!(%error, "the store is away");
            let mut absence = match *away {
                Some(absence) => absence,
                None => self.absence(place, clock.now().utc).await,
            };
            absence.is_unwritable |= matches!(error, StoreError::Unwritable { .. });
            *away = Some(absence);
            let Absence { since, seen, .. } = absence;
            let (why, problem) = (SafeText::new(&error.explained_while_away()), SafeText::new(&error.problem()));
            let told = StoreAway { since, seen, why, problem, how: error.absence() };
            self.answer(Outcome::Store { away: Some(told), since }).await;
            sender.send_replace(StoreState::Closed(SafeText::new(&error.explained())));
            tokio::select! {
                () = tokio::time::sleep(least.max(pause(tries))) => {}
                () = self.wanted.notified() => {}
                () = self.place_changes(place) => {}
            }
            tries += 1;
        }
    }

    /// The absence of a store that does not answer at `now`. A console that never saw it knows when it went only from who acted
    /// for it since.
    async fn absence(&self, place: Option<&StoreAddress>, now: DateTime<Utc>) -> Absence {
        let was_open = self.last().is_some();
        let (state, place) = (Arc::clone(&self.state_directory), place.cloned().filter(|_| !was_open));
        let noted = tokio::task::spawn_blocking(move || last_seen(&state, &place?));
        let noted = noted.await.ok().flatten();
        Absence { since: noted.unwrap_or(now), seen: was_open || noted.is_some(), is_unwritable: false }
    }

    /// Returns once something else is in the place of the store, or was accepted there.
    async fn place_changes(&self, place: Option<&StoreAddress>) {
        let Some(place) = place else { return std::future::pending().await };
        let trace = async || {
            let (state, place) = (Arc::clone(&self.state_directory), place.clone());
            tokio::task::spawn_blocking(move || PlaceTrace::of(&state, &place)).await.ok()
        };
        let before = trace().await;
        loop {
            tokio::time::sleep(LOOK).await;
            if trace().await != before {
                return;
            }
        }
    }

    /// Shows what goes on while the store is away; never returns. A console that never saw the store knows of it from the
    /// directories of runs alone.
    async fn without(&self, live: &mut Vec<Run>, place: Option<&StoreAddress>, clock: Clock) -> Infallible {
        let last = self.last().clone();
        if let Some(run_service) = last {
            run_service.watch_without(live, &self.outcomes).await;
            live.clear();
        } else if let Some(place) = place {
            if self.run_service.clone().wait_for(|state| matches!(state, StoreState::Closed(_))).await.is_ok() {
                let (runs, place) = (self.state_directory.join("runs"), place.clone());
                let found = tokio::task::spawn_blocking(move || going_on(&runs, &place, clock)).await;
                *live = found.unwrap_or_default();
            }
            for run in live.iter() {
                self.answer(Outcome::Run(Box::new(run.clone()))).await;
            }
            let host = Identity::present().host;
            RunWatch::without_store(&host, clock).attach_all(live, &self.outcomes).await;
        }
        std::future::pending().await
    }

    /// One try: it is open only where what ended meanwhile could be taken in.
    /// One that could not be written must be so now, and one that lost what was seen in it is away until a person accepts it.
    async fn open_once(
        &self,
        store: Option<&Template>,
        clock: Clock,
        away: Option<Absence>,
    ) -> Result<RunService, StoreError> {
        let url = match store {
            // The secrets are waited for only where one is asked for.
            Some(store) if store.secrets().is_empty() => Some(store.0.clone()),
            Some(store) => {
                let secrets = self.secrets_handle.clone().secrets().await;
                Some(store.resolve_url(&secrets).map_err(StoreError::Secret)?)
            }
            None => None,
        };
        let (url, state, used) = (url.as_deref(), &self.state_directory, self.last().clone());
        let run_service = match used {
            Some(used) => RunService::open_again(url, state, clock, &used).await?,
            None if *self.looks_on.borrow() => RunService::open_made(url, state, clock).await?,
            None => RunService::open(url, state, clock).await?,
        };
        let run_service = run_service.after_absence(away.map(|away| away.since));
        let is_tried = async {
            // Before anything is written: a person must say first that it is the one to be used.
            run_service.store().trusted().await?;
            if away.is_some_and(|away| away.is_unwritable) {
                run_service.store().try_writing().await?;
            }
            run_service.take_in().await
        };
        match is_tried.await {
            Ok(taken) => {
                for run in taken.settled {
                    self.answer(Outcome::Run(Box::new(run))).await;
                }
            }
            // A row that makes no sense keeps nobody from acting.
            Err(StoreError::Content(_)) => {}
            Err(error) => {
                run_service.close().await;
                return Err(error);
            }
        }
        Ok(run_service)
    }
}

/// How long a store is left alone that has come and gone so often.
fn pause_after(unsteady: usize) -> Duration {
    let pause = unsteady.checked_sub(FORGIVEN).map(|at| UNSTEADY.get(at).or(UNSTEADY.last()));
    pause.flatten().copied().unwrap_or_default()
}

/// Of runs that went on while the store was away, those that it does not know now: it is one that was accepted. It will know
/// them once they are over.
async fn unknown_to(run_service: &RunService, left: Vec<Run>) -> Vec<Run> {
    let mut unknown = Vec::new();
    for run in left {
        if matches!(run_service.run(&run.id).await, Ok(None)) {
            unknown.push(run);
        }
    }
    unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_a_minute_a_server_that_comes_back_is_found_soon_and_later_it_is_left_alone() {
        let mut elapsed = Duration::ZERO;
        let minute = (0..).take_while(|tries| {
            elapsed += pause(*tries);
            elapsed < Duration::from_mins(1)
        });
        assert!(minute.map(pause).all(|pause| pause <= Duration::from_secs(2)));
        assert!(pause(usize::MAX) >= Duration::from_secs(10));
    }
}
