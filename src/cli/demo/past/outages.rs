//! What went wrong and what was deployed in the weeks before the demo's start.

use std::time::Duration;

use crate::model::status::Status;

/// A time in which a service was not well.
#[derive(Debug)]
pub(super) struct Outage {
    /// The service, which has a check of the same name.
    pub service: &'static str,
    /// Down or degraded.
    pub status: Status,
    /// How long before the start it began.
    pub before: Duration,
    /// For how long.
    pub lasted: Duration,
    /// What its check said.
    pub reason: &'static str,
    /// The condition of the check's alert, with its place in the configuration's list.
    pub condition: (&'static str, usize),
    /// Percent of the api's requests that failed meanwhile.
    pub failing: f64,
    /// Milliseconds by which the api was slower.
    pub slower: f64,
    /// Who acknowledged the alert, and why.
    pub acknowledged: (&'static str, &'static str),
}

const DAY: u64 = 24 * 3_600;
const HOUR: u64 = 3_600;

const DOWN: (&str, usize) = ("down for 5s", 0);

/// Oldest first. Those of the shop front spend 29 min 10 s of the 43 min 12 s that its objective allows in 30 days, and none
/// of it within the last three days: no rule about its budget fires before the demo's own outage.
pub(super) static OUTAGES: [Outage; 6] = [
    Outage {
        service: "db",
        status: Status::Down,
        before: Duration::from_secs(31 * DAY + 5 * HOUR),
        lasted: Duration::from_mins(6),
        reason: "connection refused",
        condition: DOWN,
        failing: 38.0,
        slower: 900.0,
        acknowledged: ("ana", "the primary is restarting after its update"),
    },
    Outage {
        service: "web",
        status: Status::Down,
        before: Duration::from_secs(26 * DAY + 3 * HOUR),
        lasted: Duration::from_secs(500),
        reason: "templates: file not found",
        condition: DOWN,
        failing: 3.0,
        slower: 10.0,
        acknowledged: ("ana", "2.3.3 lacks its templates, rolling back"),
    },
    Outage {
        service: "web",
        status: Status::Down,
        before: Duration::from_secs(17 * DAY + 8 * HOUR),
        lasted: Duration::from_mins(9),
        reason: "api: upstream timed out",
        condition: DOWN,
        failing: 21.0,
        slower: 620.0,
        acknowledged: ("ben", "the api waits for the cache, restarting that"),
    },
    Outage {
        service: "web",
        status: Status::Down,
        before: Duration::from_secs(193 * HOUR + 3_200),
        lasted: Duration::from_secs(430),
        reason: "prices: division by zero",
        condition: DOWN,
        failing: 6.0,
        slower: 25.0,
        acknowledged: ("ben", "my release; a price of 0 is the cause, corrected in the data"),
    },
    Outage {
        service: "web",
        status: Status::Down,
        before: Duration::from_secs(4 * DAY + 6 * HOUR),
        lasted: Duration::from_secs(280),
        reason: "api: upstream timed out",
        condition: DOWN,
        failing: 17.0,
        slower: 480.0,
        acknowledged: ("ana", "a crawler asks for everything; it is blocked now"),
    },
    Outage {
        service: "worker",
        status: Status::Degraded,
        before: Duration::from_secs(2 * DAY + 7 * HOUR),
        lasted: Duration::from_mins(25),
        reason: "queue: 412 jobs wait",
        condition: ("degraded for 5s", 0),
        failing: 0.0,
        slower: 0.0,
        acknowledged: ("ben", "invoices of the month; it catches up by itself"),
    },
];

/// A release of the shop front before those that can still be brought up.
#[derive(Debug)]
pub(super) struct OldRelease {
    pub version: &'static str,
    pub subject: &'static str,
    /// How long before the start it was deployed.
    pub before: Duration,
    pub by: &'static str,
}

/// Oldest first.
pub(super) static OLD_RELEASES: [OldRelease; 5] = [
    OldRelease {
        version: "2.3.2",
        subject: "Search finds words without their accents",
        before: Duration::from_secs(33 * DAY + 14 * HOUR),
        by: "ben",
    },
    OldRelease {
        version: "2.3.3",
        subject: "Move the templates into packages",
        before: Duration::from_secs(26 * DAY + 3 * HOUR + 140),
        by: "ana",
    },
    OldRelease {
        version: "2.3.4",
        subject: "Ship the templates of packages",
        before: Duration::from_secs(25 * DAY + 17 * HOUR),
        by: "ana",
    },
    OldRelease {
        version: "2.3.5",
        subject: "Ask for the newsletter once",
        before: Duration::from_secs(19 * DAY + 11 * HOUR),
        by: "ben",
    },
    OldRelease {
        version: "2.3.6",
        subject: "Give up on the api after 2 s",
        before: Duration::from_secs(14 * DAY + 15 * HOUR),
        by: "ana",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_come_in_their_order_and_leave_a_third_of_the_budget() {
        assert!(OUTAGES.iter().is_sorted_by(|one, next| one.before.checked_sub(one.lasted).unwrap() > next.before));
        assert!(OLD_RELEASES.iter().is_sorted_by(|one, next| one.before > next.before));
        let of_shop = OUTAGES.iter().filter(|outage| outage.service == "web");
        assert_eq!(of_shop.map(|outage| outage.lasted).sum::<Duration>(), Duration::from_secs(1_750));
    }
}
