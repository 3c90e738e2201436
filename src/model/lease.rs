//! Who acts for all: one console or watcher holds the lease. It alone appends alert facts, sends notifications and writes
//! roll-ups; the others show who does.
//!
//! All times are those of the store's clock: what the clock of a machine shows doesn't matter.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::text::SafeText;

/// How often a holder renews.
pub const RENEWED_EVERY: Duration = Duration::from_secs(5);
/// After so long without a renewal one is missing.
pub const OVERDUE_AFTER: Duration = Duration::from_secs(8);
/// After so long without a renewal the lease is free.
pub const EXPIRES_AFTER: Duration = Duration::from_secs(15);
/// After so long without a renewal a console may take it over with another configuration.
pub const ABANDONED_AFTER: Duration = Duration::from_mins(1);

/// Who acts for all, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeaseRow {
    /// The process that holds it; empty: it was given back.
    pub holder: String,
    /// Its host.
    pub host: String,
    /// Whether it is a watcher.
    pub watcher: bool,
    /// Grows with each taking.
    pub fence: u64,
    /// Of the configuration by which it acts.
    pub digest: String,
    /// By the store's clock.
    pub renewed_at: DateTime<Utc>,
}

impl LeaseRow {
    /// Whether nobody holds it: it was given back, or has expired.
    pub(crate) fn is_free(&self, now: DateTime<Utc>) -> bool {
        self.holder.is_empty() || self.is_silent_for(EXPIRES_AFTER, now)
    }

    /// Whether a renewal is missing.
    pub(crate) fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.is_silent_for(OVERDUE_AFTER, now)
    }

    /// Whether nobody has renewed it for so long. A renewal that lies that far in the future was written before the store's
    /// clock was set back: a holder that lives would have renewed since.
    fn is_silent_for(&self, span: Duration, now: DateTime<Utc>) -> bool {
        (now - self.renewed_at).abs().to_std().is_ok_and(|elapsed| elapsed >= span)
    }
}

/// A process that may hold the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseCandidate {
    /// Unique for ever, one a process.
    pub id: String,
    /// Who runs it: for the record.
    pub who: String,
    /// Whether it is a watcher: consoles yield to it.
    pub watcher: bool,
    /// Of its configuration: see [`crate::config::Config::digest`].
    pub digest: String,
    /// Whether it only looks on: a console that is read-only writes nothing, so it never holds the lease.
    pub looks_on: bool,
}

/// A watcher that waits for a console to give the lease back, as it is kept in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WaitingWatcher {
    /// The process.
    pub holder: String,
    /// Of its configuration.
    pub digest: String,
}

/// What a candidate does at its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeaseDecision {
    /// It takes the lease.
    Take {
        /// Who held it, and has not renewed it for too long.
        before: Option<String>,
        /// Whether the digest on record is another one.
        reconfigured: bool,
    },
    /// It holds it, and goes on.
    Renew,
    /// It holds it, and leaves it to others.
    GiveBack,
    /// Another one holds it or is about to.
    Wait,
    /// It may not: the digest on record is another one.
    OtherConfiguration,
}

/// What a candidate does at its turn: the lease as it stands, the store's time, and whether another process, which is a
/// watcher, waits for it.
pub(crate) fn decide(
    lease: Option<&LeaseRow>,
    now: DateTime<Utc>,
    me: &LeaseCandidate,
    watcher_waits: bool,
) -> LeaseDecision {
    let yields = me.looks_on || (watcher_waits && !me.watcher);
    let Some(lease) = lease else {
        return if yields { LeaseDecision::Wait } else { LeaseDecision::Take { before: None, reconfigured: false } };
    };
    if lease.holder == me.id {
        return if yields { LeaseDecision::GiveBack } else { LeaseDecision::Renew };
    }
    let reconfigured = !lease.digest.is_empty() && lease.digest != me.digest;
    // A watcher sets the digest.
    let other = reconfigured && !me.watcher;
    if other && !lease.is_silent_for(ABANDONED_AFTER, now) {
        return LeaseDecision::OtherConfiguration;
    }
    if yields || !lease.is_free(now) {
        return LeaseDecision::Wait;
    }
    let before = Some(lease.holder.clone()).filter(|holder| !holder.is_empty());
    LeaseDecision::Take { before, reconfigured }
}

/// Who holds the lease, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseHolder {
    /// Who runs it.
    pub who: String,
    /// On which host.
    pub host: String,
    /// The number of its process there; two consoles of one person differ by it.
    pub pid: Option<u32>,
    /// Whether it is a watcher.
    pub watcher: bool,
    /// When it took it, by the store's clock.
    pub since: DateTime<Utc>,
    /// Whether it has missed a renewal: it may be gone, and nobody can take over before the lease expires.
    pub overdue: bool,
}

/// The lease as one process sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum LeaseView {
    /// Nobody has looked yet, or this process takes no part.
    #[default]
    Unknown,
    /// Nobody holds it.
    Free,
    /// This process holds it.
    Ours {
        /// Guards all that it writes.
        fence: u64,
        /// When it was taken, by the store's clock.
        since: DateTime<Utc>,
    },
    /// This process held it when the store went away, and goes on: what it has to say waits on disk.
    Away {
        /// By which it held it.
        fence: u64,
        /// When it was taken, by the store's clock.
        since: DateTime<Utc>,
    },
    /// Another one holds it.
    Other(LeaseHolder),
    /// This process may not hold it: another configuration is on record. With who acts by that, if anybody does.
    OtherConfiguration(Option<LeaseHolder>),
}

impl LeaseView {
    /// The fence by which this process acts for all; `None` where it does not.
    pub fn fence(&self) -> Option<u64> {
        match self {
            Self::Ours { fence, .. } | Self::Away { fence, .. } => Some(*fence),
            Self::Unknown | Self::Free | Self::Other(_) | Self::OtherConfiguration(_) => None,
        }
    }
}

/// Facts of a console that wait for the store, by where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LateFigures {
    /// On disk.
    pub on_disk: usize,
    /// In memory, where the disk can't take them: lost when the console dies.
    pub in_memory: usize,
    /// Nowhere: there was no room, since the start.
    pub dropped: usize,
}

/// What a console learns of the lease.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LeaseReport {
    /// How it stands.
    pub view: LeaseView,
    /// Where it has just been taken: for how long nobody had acted for all.
    pub unattended_for: Option<Duration>,
    /// Facts of this console that wait for the store.
    pub late: LateFigures,
    /// Why the disk can't take those that are held in memory.
    pub unqueued: Option<SafeText>,
    /// Ids of other stores for which facts wait on disk, with how many.
    pub others: Vec<(String, usize)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: &str = "me";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::Duration::seconds(1_000_000 + seconds)
    }

    fn me(watcher: bool, digest: &str) -> LeaseCandidate {
        let (id, who, digest) = (ME.to_owned(), "ana".to_owned(), digest.to_owned());
        LeaseCandidate { id, who, watcher, digest, looks_on: false }
    }

    /// Renewed at second 0.
    fn row(holder: &str, watcher: bool, digest: &str) -> LeaseRow {
        let (holder, host, digest) = (holder.to_owned(), "box".to_owned(), digest.to_owned());
        LeaseRow { holder, host, watcher, fence: 7, digest, renewed_at: at(0) }
    }

    fn take(before: Option<&str>, reconfigured: bool) -> LeaseDecision {
        LeaseDecision::Take { before: before.map(str::to_owned), reconfigured }
    }

    #[test]
    fn every_rule_of_the_lease() {
        use LeaseDecision::{GiveBack, OtherConfiguration, Renew, Wait};
        let (console, watcher) = (me(false, "d"), me(true, "d"));
        // What stands, by whom it is looked at, how many seconds after the last renewal, whether a watcher waits.
        let cases = [
            ("nobody ever held it", None, &console, 0, false, take(None, false)),
            ("nobody ever held it, and a watcher waits", None, &console, 0, true, Wait),
            ("a watcher, first of all", None, &watcher, 0, true, take(None, false)),
            ("a holder renews", Some(row(ME, false, "d")), &console, 5, false, Renew),
            ("late, and nobody took it", Some(row(ME, false, "d")), &console, 900, false, Renew),
            ("a holder sets the digest at its reload", Some(row(ME, false, "old")), &console, 5, false, Renew),
            ("a console yields to a watcher", Some(row(ME, false, "d")), &console, 5, true, GiveBack),
            ("a watcher yields to none", Some(row(ME, true, "d")), &watcher, 5, true, Renew),
            ("another lives", Some(row("o", false, "d")), &console, 14, false, Wait),
            ("a watcher waits for a console", Some(row("o", false, "d")), &watcher, 14, false, Wait),
            ("a watcher waits for a watcher", Some(row("o", true, "d")), &watcher, 14, false, Wait),
            ("it expired", Some(row("o", false, "d")), &console, 15, false, take(Some("o"), false)),
            ("a watcher's expired", Some(row("o", true, "d")), &console, 15, false, take(Some("o"), false)),
            ("it expired, and a watcher waits", Some(row("o", false, "d")), &console, 15, true, Wait),
            ("it expired, for a watcher", Some(row("o", false, "d")), &watcher, 15, true, take(Some("o"), false)),
            ("it was given back", Some(row("", false, "d")), &console, 0, false, take(None, false)),
            ("it was given back to a watcher", Some(row("", false, "d")), &console, 0, true, Wait),
            ("the watcher gets it", Some(row("", false, "d")), &watcher, 0, true, take(None, false)),
            ("another configuration acts", Some(row("o", true, "x")), &console, 5, false, OtherConfiguration),
            ("it expired with another", Some(row("o", true, "x")), &console, 15, false, OtherConfiguration),
            ("for almost a minute", Some(row("o", true, "x")), &console, 59, false, OtherConfiguration),
            ("for a minute", Some(row("o", true, "x")), &console, 60, false, take(Some("o"), true)),
            ("another gave it back", Some(row("", false, "x")), &console, 59, false, OtherConfiguration),
            ("another gave it back a minute ago", Some(row("", false, "x")), &console, 60, false, take(None, true)),
            ("a watcher sets the digest", Some(row("", false, "x")), &watcher, 0, false, take(None, true)),
            ("a watcher waits for its turn all the same", Some(row("o", false, "x")), &watcher, 5, false, Wait),
            ("none is on record", Some(row("", false, "")), &console, 0, false, take(None, false)),
            ("the store's clock was set back a little", Some(row("o", false, "d")), &console, -3, false, Wait),
            ("by hours", Some(row("o", false, "d")), &console, -9_000, false, take(Some("o"), false)),
        ];
        for (what, lease, who, seconds, watcher_waits, want) in cases {
            assert_eq!(decide(lease.as_ref(), at(seconds), who, watcher_waits), want, "{what}");
        }
    }

    #[test]
    fn who_looks_on_takes_nothing_and_keeps_nothing() {
        let reader = LeaseCandidate { looks_on: true, ..me(false, "d") };
        assert_eq!(decide(None, at(0), &reader, false), LeaseDecision::Wait);
        assert_eq!(decide(Some(&row("o", false, "d")), at(99), &reader, false), LeaseDecision::Wait);
        assert_eq!(decide(Some(&row("o", false, "x")), at(9), &reader, false), LeaseDecision::OtherConfiguration);
        assert_eq!(decide(Some(&row(ME, false, "d")), at(1), &reader, false), LeaseDecision::GiveBack);
    }
}
