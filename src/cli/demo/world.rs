//! The demo's world: six services whose answers, numbers and log lines are a pure function of a seed, the time since
//! the start, and what was done to them. The server serves it, the snapshots simulate it, the tests read it.

use std::time::Duration;

/// Something that was done to the world by an adapter's child process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Control {
    /// The service's process was restarted.
    Restart(String),
    /// A version of the service was brought up.
    Rollback { service: String, version: String },
}

/// What is wrong with a service at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceFault {
    /// The cache has no connections left and refuses; a restart fixes it.
    CacheExhausted,
    /// A dependency refuses, so that answers are slow and some fail.
    DependencyDown,
    /// Release 2.4.1 of the shop front fails on carts of the new form, once customers have such; a rollback fixes it.
    BadRelease,
    /// The worker has stopped taking jobs; a restart fixes it.
    WorkerStuck,
    /// The process is being restarted and refuses connections.
    Restarting,
}

/// The services, in the order in which they depend on each other.
pub(crate) const SERVICES: [&str; 6] = ["web", "api", "auth", "worker", "cache", "db"];
/// A release of every service.
#[derive(Debug)]
pub(crate) struct Release {
    /// Its version.
    pub version: &'static str,
    /// The subject of its commit.
    pub subject: &'static str,
    /// How long before the start it was made.
    pub before: Duration,
    /// Who made it.
    pub by: &'static str,
}

/// The releases of every service, newest first. The newest was deployed to the shop front alone.
pub(crate) static RELEASES: [Release; 3] = [
    Release {
        version: "2.4.1",
        subject: "Keep the total of a cart in its session",
        before: Duration::from_secs(538),
        by: "ci",
    },
    Release {
        version: "2.4.0",
        subject: "Show delivery dates in the cart",
        before: Duration::from_hours(51),
        by: "ana",
    },
    Release {
        version: "2.3.7",
        subject: "Round prices once, at the end",
        before: Duration::from_hours(194),
        by: "ben",
    },
];
/// A release that is on record as deployed to a service.
#[derive(Debug)]
pub(crate) struct Deployment {
    /// The service.
    pub service: &'static str,
    /// What was deployed.
    pub release: &'static Release,
    /// How long before the start.
    pub before: Duration,
    /// Who deployed it.
    pub by: &'static str,
}

/// What was deployed in the night before the start, oldest first: the last is what breaks the shop front.
pub(crate) static DEPLOYMENTS: [Deployment; 3] = [
    Deployment { service: "auth", release: &RELEASES[1], before: Duration::from_secs(2_456), by: "ana" },
    Deployment { service: "worker", release: &RELEASES[1], before: Duration::from_secs(1_519), by: "ben" },
    Deployment { service: "web", release: &RELEASES[0], before: RELEASES[0].before, by: RELEASES[0].by },
];

/// When the cache runs out of connections.
pub(crate) const CACHE_FAILS: Duration = Duration::from_secs(32);
/// For how long the connections that it has to the cache serve the api.
const POOLED: Duration = Duration::from_secs(10);
/// When the shop front comes upon the first carts that its newest release can't read.
pub(crate) const BAD_RELEASE: Duration = Duration::from_secs(96);
/// When the worker stops taking jobs.
pub(crate) const WORKER_STICKS: Duration = Duration::from_secs(210);
/// When what measures the shop front's answers stops, in a world whose troubles begin at once.
const TIMINGS_STOP: Duration = Duration::from_secs(25);
/// For how long it stays away, and then works, again and again: so one sees a value go stale, and come back.
const TIMINGS_AWAY: Duration = Duration::from_mins(3);
/// How long before the other troubles that is, where the world has been well for long enough.
const TIMINGS_STOP_BEFORE: Duration = Duration::from_mins(5);
/// Seconds between two looks at the failing share, when failures are counted.
const COUNTED: u64 = 5;
/// How long a restart takes.
const RESTART_TAKES: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Default)]
pub(crate) struct DemoWorld {
    seed: u64,
    /// How long all is well before the troubles begin.
    calm: Duration,
    /// What was done, oldest first.
    controls: Vec<(Duration, Control)>,
}

impl DemoWorld {
    /// A world that is the same for the same seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, calm: Duration::ZERO, controls: Vec::new() }
    }

    /// The same world with its troubles so much later: what a screenshot needs for a past.
    #[must_use]
    pub(crate) const fn calm_for(mut self, calm: Duration) -> Self {
        self.calm = calm;
        self
    }

    /// Does something to the world at a time since its start.
    ///
    /// # Errors
    /// In words, where there is no such service or release.
    pub(crate) fn control(&mut self, at: Duration, control: Control) -> Result<(), String> {
        let service = match &control {
            Control::Restart(service) | Control::Rollback { service, .. } => service,
        };
        if !SERVICES.contains(&service.as_str()) {
            return Err(format!("no service `{service}`; there are {}", SERVICES.join(", ")));
        }
        if let Control::Rollback { version, .. } = &control
            && !RELEASES.iter().any(|release| release.version == version)
        {
            let known = RELEASES.each_ref().map(|release| release.version).join(", ");
            return Err(format!("no release `{version}`; there are {known}"));
        }
        self.controls.push((at, control));
        Ok(())
    }

    /// The running version of a service.
    pub(crate) fn version(&self, service: &str, at: Duration) -> &str {
        let chosen = self.controls.iter().rev().find_map(|(when, control)| match control {
            Control::Rollback { service: of, version } if of == service && *when <= at => Some(version.as_str()),
            _ => None,
        });
        let [newest, before, ..] = &RELEASES;
        let deployed = if service == "web" && at >= self.deployed() { newest } else { before };
        chosen.unwrap_or(deployed.version)
    }

    /// When the newest release was deployed to the shop front; at the start where that was before it.
    pub(crate) fn deployed(&self) -> Duration {
        self.calm.saturating_sub(RELEASES[0].before)
    }

    /// What is wrong with a service, if anything is.
    pub(crate) fn fault(&self, service: &str, at: Duration) -> Option<ServiceFault> {
        if self.last_start(service, at).is_some_and(|when| at < when + RESTART_TAKES) {
            return Some(ServiceFault::Restarting);
        }
        match service {
            "cache" if self.broken_since("cache", CACHE_FAILS, at) => Some(ServiceFault::CacheExhausted),
            "api" if self.is_cache_missed(at) => Some(ServiceFault::DependencyDown),
            "web" if at >= self.calm + BAD_RELEASE && self.version("web", at) == RELEASES[0].version => {
                Some(ServiceFault::BadRelease)
            }
            "worker" if self.broken_since("worker", WORKER_STICKS, at) => Some(ServiceFault::WorkerStuck),
            _ => None,
        }
    }

    /// Whether the api has no connection to the cache left.
    fn is_cache_missed(&self, at: Duration) -> bool {
        at.checked_sub(POOLED).is_some_and(|before| self.fault("cache", before).is_some())
            && self.fault("cache", at).is_some()
    }

    /// Connections that are open to the database.
    pub(crate) fn connections(&self, at: Duration) -> u64 {
        31 + self.noise("db", at.as_secs() / 10, 9)
    }

    /// Clients that are connected to the cache: they pile up in the two minutes before it takes no more.
    pub(crate) fn clients(&self, at: Duration) -> u64 {
        const MOST: u64 = 1024;
        if self.fault("cache", at) == Some(ServiceFault::Restarting) {
            return 0;
        }
        let calm = 610 + self.noise("clients", at.as_secs() / 2, 24);
        if self.last_start("cache", at).is_some() {
            return calm;
        }
        let fails = self.calm + CACHE_FAILS;
        let left = fails.saturating_sub(at).as_secs();
        if left == 0 { MOST } else { calm.max(MOST.saturating_sub(4 * left)) }
    }

    /// Jobs that wait for the worker.
    pub(crate) fn queue(&self, at: Duration) -> u64 {
        let calm = 3 + self.noise("queue", at.as_secs(), 9);
        match self.fault("worker", at) {
            Some(ServiceFault::WorkerStuck) => calm + 40 * at.saturating_sub(self.calm + WORKER_STICKS).as_secs(),
            _ => calm,
        }
    }

    /// Requests and failed requests of a service since the start: counters that only rise.
    pub(crate) fn requests(&self, service: &str, at: Duration) -> (u64, u64) {
        let total = 52 * at.as_secs() + self.noise(service, at.as_secs(), 40);
        let failed = (0..at.as_secs() / COUNTED)
            .map(|slot| 52 * COUNTED * self.failing_share(service, Duration::from_secs(slot * COUNTED)) / 1000)
            .sum();
        (total, failed)
    }

    /// Failing requests per thousand at one moment.
    pub(crate) fn failing_share(&self, service: &str, at: Duration) -> u64 {
        let calm = u64::from(self.noise(service, at.as_secs(), 7) == 0) * 8;
        match self.fault(service, at) {
            None => calm,
            Some(ServiceFault::DependencyDown) => 70 + self.noise(service, at.as_secs(), 40),
            Some(ServiceFault::BadRelease) => 420 + self.noise(service, at.as_secs(), 90),
            Some(ServiceFault::CacheExhausted | ServiceFault::Restarting) => 1000,
            Some(ServiceFault::WorkerStuck) => 5,
        }
    }

    /// How long a service takes to answer.
    pub(crate) fn latency(&self, service: &str, at: Duration) -> Duration {
        let base = match service {
            "web" => 18,
            "api" => 12,
            "auth" => 7,
            "worker" => 5,
            "db" => 3,
            _ => 1,
        };
        let calm = base + self.noise(service, at.as_millis() as u64 / 500, base / 2 + 2);
        let slow = match self.fault(service, at) {
            Some(ServiceFault::DependencyDown) => 240 + self.noise(service, at.as_secs(), 160),
            Some(ServiceFault::BadRelease) => 60 + self.noise(service, at.as_secs(), 80),
            _ => 0,
        };
        Duration::from_millis(calm + slow)
    }

    /// The 95th percentile of the shop front's answers in milliseconds; `None` while what measures it has stopped.
    pub(crate) fn timings(&self, at: Duration) -> Option<u64> {
        let stops = self.calm.saturating_sub(TIMINGS_STOP_BEFORE) + TIMINGS_STOP;
        let is_away =
            at.checked_sub(stops).is_some_and(|since| (since.as_secs() / TIMINGS_AWAY.as_secs()).is_multiple_of(2));
        (!is_away).then(|| 31 + self.noise("timings", at.as_secs() / 10, 14))
    }

    /// A number below `below`, the same for the same seed, name and index.
    pub(crate) fn noise(&self, name: &str, index: u64, below: u64) -> u64 {
        let mut hash = self.seed ^ 0xcbf2_9ce4_8422_2325;
        for byte in name.bytes().chain(index.to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        // FNV's low bits are weak; the upper half is folded in.
        (hash ^ (hash >> 29)) % below.max(1)
    }

    fn broken_since(&self, service: &str, fails: Duration, at: Duration) -> bool {
        let fails = self.calm + fails;
        at >= fails && self.last_start(service, at).is_none_or(|when| when < fails)
    }

    /// When the process of a service was started last, at or before `at`.
    fn last_start(&self, service: &str, at: Duration) -> Option<Duration> {
        self.controls.iter().rev().find_map(|(when, control)| match control {
            Control::Restart(of) | Control::Rollback { service: of, .. } if of == service && *when <= at => Some(*when),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_restart_truly_mends_the_cache_and_what_depends_on_it() {
        let mut world = DemoWorld::new(1);
        assert_eq!(world.fault("cache", seconds(31)), None);
        assert_eq!(world.fault("cache", seconds(32)), Some(ServiceFault::CacheExhausted));
        assert_eq!(world.fault("api", seconds(41)), None);
        assert_eq!(world.fault("api", seconds(42)), Some(ServiceFault::DependencyDown));
        world.control(seconds(50), Control::Restart("cache".to_owned())).unwrap();
        assert_eq!(world.fault("cache", seconds(51)), Some(ServiceFault::Restarting));
        assert_eq!(world.fault("cache", seconds(53)), None);
        assert_eq!(world.fault("api", seconds(53)), None);
    }

    #[test]
    fn what_measures_the_shop_front_stops_and_comes_back() {
        let world = DemoWorld::new(1);
        let measured = [24, 25, 204, 205, 384, 385].map(|at| world.timings(seconds(at)).is_some());
        assert_eq!(measured, [true, false, false, true, true, false]);
    }

    #[test]
    fn a_restart_does_not_mend_a_bad_release_but_a_rollback_does() {
        let mut world = DemoWorld::new(1);
        world.control(seconds(100), Control::Restart("web".to_owned())).unwrap();
        assert_eq!(world.fault("web", seconds(110)), Some(ServiceFault::BadRelease));
        let rollback = Control::Rollback { service: "web".to_owned(), version: "2.4.0".to_owned() };
        world.control(seconds(120), rollback).unwrap();
        assert_eq!(world.fault("web", seconds(124)), None);
        assert_eq!(world.version("web", seconds(124)), "2.4.0");
    }

    #[test]
    fn what_does_not_exist_is_refused_in_words() {
        let mut world = DemoWorld::new(1);
        let error = world.control(seconds(1), Control::Restart("mail".to_owned())).unwrap_err();
        assert_eq!(error, "no service `mail`; there are web, api, auth, worker, cache, db");
    }

    #[test]
    fn the_same_seed_gives_the_same_world() {
        let (one, two, other) = (DemoWorld::new(7), DemoWorld::new(7), DemoWorld::new(8));
        assert_eq!(one.requests("api", seconds(60)), two.requests("api", seconds(60)));
        assert_ne!(one.requests("api", seconds(60)), other.requests("api", seconds(60)));
    }
}
