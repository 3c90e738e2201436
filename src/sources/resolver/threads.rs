//! The threads that look names up.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::{Failure, Found, hosts};
use crate::clock::Clock;
use crate::lang::time::Stamp;
use crate::sources::shortage;

/// Looks one name up; blocks.
pub(super) type Ask = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// A look-up that is under way for longer is not joined any more: name servers may be there again, or others.
const JOINED: Duration = Duration::from_secs(5);
/// Look-ups of one name at once, at the most.
const OF_ONE_NAME: usize = 2;
/// A failure that took longer than this is one of name servers that do not answer.
const SILENT: Duration = Duration::from_millis(900);
/// Names of which it is kept how their last look-up went.
const REMEMBERED: usize = 10_000;
/// The stack of a thread, in bytes: only what is touched costs memory.
const STACK: usize = 512 << 10;

/// How many look-ups run at once: of new names, of names that were answered last time, of names that were not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds([usize; 3]);

impl Default for Bounds {
    fn default() -> Self {
        Self([256, 256, 128])
    }
}

const NEW: usize = 0;
const ANSWERED: usize = 1;
const SILENT_NAME: usize = 2;

/// How far a look-up is.
#[derive(Debug, Clone)]
enum Progress {
    Waiting,
    Asked,
    Done(Found),
}

/// A look-up that is waiting or under way.
#[derive(Debug)]
struct Flight {
    began: Stamp,
    progress: watch::Receiver<Progress>,
}

#[derive(Debug)]
struct Job {
    host: String,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Default)]
struct Lane {
    running: usize,
    waiting: VecDeque<Job>,
}

#[derive(Debug, Default)]
struct Shared {
    lanes: [Lane; 3],
    flights: HashMap<String, Vec<Flight>>,
    /// Whether a name was answered when it was looked up last.
    answered: HashMap<String, bool>,
}

/// Threads that are started when they are needed, and end when nothing waits.
#[derive(Debug, Clone)]
pub(super) struct Threads {
    shared: Arc<Mutex<Shared>>,
    ask: Ask,
    servers: PathBuf,
    bounds: Bounds,
    clock: Clock,
}

impl Threads {
    /// `servers` is the file that names the name servers.
    pub(super) fn new(ask: Ask, servers: PathBuf, bounds: Bounds) -> Self {
        Self { shared: Arc::default(), ask, servers, bounds, clock: Clock::start() }
    }

    /// Looks a name up; `asked` is called when its turn has come.
    pub(super) async fn lookup(&self, host: &str, asked: impl FnOnce()) -> Found {
        let mut progress = self.join(host);
        let mut asked = Some(asked);
        loop {
            let now = progress.borrow_and_update().clone();
            match now {
                Progress::Waiting => {}
                Progress::Asked => {
                    if let Some(asked) = asked.take() {
                        asked();
                    }
                }
                Progress::Done(found) => return found,
            }
            if progress.changed().await.is_err() {
                return Err(Failure::NotAsked("not asked: the look-up of the name was given up".to_owned()));
            }
        }
    }

    /// Look-ups under way.
    pub(super) fn running(&self) -> usize {
        self.lock().lanes.iter().map(|lane| lane.running).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The look-up of `host` that is under way, or a new one.
    fn join(&self, host: &str) -> watch::Receiver<Progress> {
        let now = self.clock.now();
        let mut shared = self.lock();
        if let Some(flights) = shared.flights.get(host)
            && let Some(latest) = flights.last()
            && (flights.len() >= OF_ONE_NAME || now.since(latest.began) < JOINED)
        {
            return latest.progress.clone();
        }
        let (sender, progress) = watch::channel(Progress::Waiting);
        let flight = Flight { began: now, progress: progress.clone() };
        shared.flights.entry(host.to_owned()).or_default().push(flight);
        let lane = match shared.answered.get(host) {
            None => NEW,
            Some(true) => ANSWERED,
            Some(false) => SILENT_NAME,
        };
        shared.lanes[lane].waiting.push_back(Job { host: host.to_owned(), progress: sender });
        if shared.lanes[lane].running < self.bounds.0[lane] {
            shared.lanes[lane].running += 1;
            drop(shared);
            self.start(lane);
        }
        progress
    }

    /// Starts a thread that looks up what waits in a lane.
    fn start(&self, lane: usize) {
        let threads = self.clone();
        let thread = std::thread::Builder::new().name("opsroom-names".to_owned()).stack_size(STACK);
        let Err(error) = thread.spawn(move || threads.work(lane)) else { return };
        let mut shared = self.lock();
        shared.lanes[lane].running -= 1;
        // Those that run take what waits.
        if shared.lanes[lane].running == 0 {
            for job in std::mem::take(&mut shared.lanes[lane].waiting) {
                let why = format!("not asked: no thread to look the name up: {error}");
                finish(&mut shared, &job, Err(Failure::NotAsked(why)));
            }
        }
    }

    fn work(&self, lane: usize) {
        while let Some(job) = self.next(lane) {
            job.progress.send_replace(Progress::Asked);
            let started = self.clock.now();
            let found = (self.ask)(&job.host);
            let took = self.clock.now().since(started);
            let silent = found.is_err() && took >= SILENT;
            let found = match found {
                Ok(addresses) if addresses.is_empty() => Err(Failure::Failed("it has no address".to_owned())),
                Ok(addresses) => Ok(addresses),
                Err(error) => Err(match shortage::describe(&error) {
                    Some(why) => Failure::NotAsked(format!("not asked: {why}")),
                    None => Failure::Failed(self.describe(&error.to_string(), took)),
                }),
            };
            let mut shared = self.lock();
            if shared.answered.len() >= REMEMBERED {
                shared.answered.clear();
            }
            shared.answered.insert(job.host.clone(), !silent);
            finish(&mut shared, &job, found);
        }
    }

    /// The next name that somebody still waits for; without one the thread is done.
    fn next(&self, lane: usize) -> Option<Job> {
        let mut shared = self.lock();
        while let Some(job) = shared.lanes[lane].waiting.pop_front() {
            // One is the flight's own.
            if job.progress.receiver_count() > 1 {
                return Some(job);
            }
            forget(&mut shared, &job);
        }
        shared.lanes[lane].running -= 1;
        None
    }

    /// What the system says of a failure, in words.
    fn describe(&self, reason: &str, took: Duration) -> String {
        let reason = reason.trim_start_matches("failed to lookup address information: ");
        let unknown = ["Name or service not known", "Name does not resolve", "nodename nor servname"];
        let later = ["Temporary failure", "Try again"];
        if unknown.iter().any(|text| reason.contains(text)) {
            "no such host".to_owned()
        } else if reason.contains("No address associated") {
            "it has no address".to_owned()
        } else if later.iter().any(|text| reason.contains(text)) {
            let servers = hosts::servers(&self.servers);
            if took >= SILENT {
                format!("{servers} did not answer within {:.0} s", took.as_secs_f64().max(1.0))
            } else {
                format!("{servers} can't be reached or reported a failure")
            }
        } else {
            reason.to_owned()
        }
    }
}

fn finish(shared: &mut Shared, job: &Job, found: Found) {
    forget(shared, job);
    job.progress.send_replace(Progress::Done(found));
}

/// Takes a look-up from those that can be joined.
fn forget(shared: &mut Shared, job: &Job) {
    if let Some(flights) = shared.flights.get_mut(&job.host) {
        flights.retain(|flight| !flight.progress.same_channel(&job.progress.subscribe()));
        if flights.is_empty() {
            shared.flights.remove(&job.host);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A bound for what must happen: a test that waits so long has failed.
    const LONG: Duration = Duration::from_secs(30);

    fn threads(ask: Ask, bounds: [usize; 3]) -> Threads {
        Threads::new(ask, PathBuf::from("/nonexistent"), Bounds(bounds))
    }

    async fn find(threads: &Threads, host: &str) -> Option<Found> {
        tokio::time::timeout(LONG, threads.lookup(host, || ())).await.ok()
    }

    /// A name server that answers for some names.
    fn ask(host: &str) -> io::Result<Vec<SocketAddr>> {
        match host {
            "good" => Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))]),
            "unknown" => Err(io::Error::other("failed to lookup address information: Name or service not known")),
            _ => loop {
                std::thread::park();
            },
        }
    }

    #[tokio::test]
    async fn names_that_were_answered_have_threads_apart_and_what_has_no_turn_is_not_asked() {
        let threads = threads(ask, [4, 1, 1]);
        assert!(matches!(find(&threads, "good").await, Some(Ok(_))));
        let unknown = Some(Err(Failure::Failed("no such host".to_owned())));
        assert_eq!(find(&threads, "unknown").await, unknown);
        let asked = AtomicUsize::new(0);
        let dead: Vec<String> = (0..20).map(|number| format!("dead-{number}")).collect();
        let lookups = dead.iter().map(|host| threads.lookup(host, || _ = asked.fetch_add(1, Ordering::SeqCst)));
        let all = futures_util::future::join_all(lookups);
        let good = async {
            while asked.load(Ordering::SeqCst) < 4 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            (find(&threads, "good").await, find(&threads, "unknown").await)
        };
        tokio::select! {
            _ = all => panic!("nothing answers there"),
            (good, absent) = good => assert_eq!((good.is_some_and(|found| found.is_ok()), absent), (true, unknown)),
        }
        assert_eq!(asked.load(Ordering::SeqCst), 4, "the others never got their turn");
    }

    #[tokio::test]
    async fn polls_of_one_name_share_a_look_up() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let slow: Ask = |_| {
            ASKED.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(50));
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))])
        };
        let threads = threads(slow, [8, 8, 8]);
        let found = futures_util::future::join_all((0..50).map(|_| threads.lookup("one", || ()))).await;
        assert!(found.iter().all(Result::is_ok));
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
        // Nothing is kept: the next poll asks again.
        assert!(find(&threads, "one").await.is_some());
        assert_eq!(ASKED.load(Ordering::SeqCst), 2);
    }
}
