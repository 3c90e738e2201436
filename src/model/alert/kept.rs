//! An alert as another process left it.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};

use super::{Alert, AlertState};
use crate::lang::time::{Stamp, millis};
use crate::model::engine::{KeptAlert, KeptAlertState};

impl Alert {
    /// What is to be remembered; `None` while it is inactive.
    pub(crate) fn to_kept(&self) -> Option<KeptAlert> {
        let state = match self.state {
            AlertState::Inactive => return None,
            AlertState::Pending { active_at } => KeptAlertState::Pending(active_at.utc),
            AlertState::Firing { active_at, fired_at } => KeptAlertState::Firing(active_at.utc, fired_at.utc),
            AlertState::Keeping { active_at, fired_at, since } => {
                KeptAlertState::Keeping(active_at.utc, fired_at.utc, since.utc)
            }
            AlertState::Resolved { fired_at, at } => KeptAlertState::Resolved(fired_at.utc, at.utc),
        };
        Some(KeptAlert {
            condition: self.condition.written.to_string(),
            state,
            blind_ms: millis(self.blind),
            began_in_sight: self.began_in_sight,
            inhibited_by: None,
            flapping: false,
            value: None,
        })
    }

    /// Goes on from where another process left it, which nobody has seen for `unseen`. `true` where it stands otherwise now.
    ///
    /// What fired still fires: it is over only once that is seen, so that somebody hears of it. What was pending is begun
    /// again where its condition was seen here not to hold.
    pub(crate) fn resume(&mut self, kept: &KeptAlert, now: Stamp, unseen: Duration) -> bool {
        if *kept.condition != *self.condition.written {
            return false;
        }
        let state = match (self.state, kept.state) {
            (AlertState::Inactive, KeptAlertState::Pending(_)) if self.was_clear => return false,
            (AlertState::Inactive | AlertState::Pending { .. }, KeptAlertState::Pending(active_at)) => {
                self.blind = Duration::from_millis(kept.blind_ms) + unseen;
                AlertState::Pending { active_at: now.stored(active_at) }
            }
            // It has been over since.
            (
                AlertState::Resolved { at, .. },
                KeptAlertState::Firing(_, fired_at) | KeptAlertState::Keeping(_, fired_at, _),
            ) if at.utc >= fired_at => {
                return false;
            }
            (
                AlertState::Keeping { since, .. },
                KeptAlertState::Firing(active_at, fired_at) | KeptAlertState::Keeping(active_at, fired_at, _),
            ) => AlertState::Keeping { active_at: now.stored(active_at), fired_at: now.stored(fired_at), since },
            (AlertState::Inactive, KeptAlertState::Keeping(active_at, fired_at, since)) => AlertState::Keeping {
                active_at: now.stored(active_at),
                fired_at: now.stored(fired_at),
                since: now.stored(since),
            },
            (_, KeptAlertState::Firing(active_at, fired_at) | KeptAlertState::Keeping(active_at, fired_at, _)) => {
                AlertState::Firing { active_at: now.stored(active_at), fired_at: now.stored(fired_at) }
            }
            (AlertState::Inactive, KeptAlertState::Resolved(fired_at, at)) => {
                AlertState::Resolved { fired_at: now.stored(fired_at), at: now.stored(at) }
            }
            (_, KeptAlertState::Pending(_) | KeptAlertState::Resolved(..)) => return false,
        };
        self.began_in_sight = kept.began_in_sight;
        let changed = self.state != state;
        self.state = state;
        changed
    }

    /// Is over by the record since `at`, where it still counts as the firing that began at `fired_at`: an engine that knew less
    /// than is on record does not make it fire again. Where its condition holds, it is another firing.
    pub(crate) fn end(&mut self, fired_at: DateTime<Utc>, at: DateTime<Utc>, now: Stamp) {
        let is_same = |began: Stamp| began.utc.trunc_subsecs(3) == fired_at;
        if let AlertState::Firing { fired_at, .. } | AlertState::Keeping { fired_at, .. } = self.state
            && is_same(fired_at)
        {
            self.state = AlertState::Resolved { fired_at, at: now.stored(at) };
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::lang::condition::Condition;
    use crate::model::alert::{ConditionInput, Severity, Transition};

    fn at(seconds: u64) -> Stamp {
        let now = Duration::from_secs(1_000_000 + seconds);
        Stamp { mono: now, utc: DateTime::UNIX_EPOCH + now }
    }

    fn alert() -> Alert {
        Alert::new("test".into(), Severity::High, Condition::parse("> 5% for 1m", "%").unwrap())
    }

    fn number(value: f64) -> ConditionInput<'static> {
        ConditionInput::Number { value: Some(value), stale: false }
    }

    /// Evaluated at these moments.
    fn after(steps: &[(u64, f64)]) -> Alert {
        let mut alert = alert();
        for (seconds, value) in steps {
            alert.evaluate(&number(*value), at(*seconds));
        }
        alert
    }

    #[test]
    fn what_fires_goes_on_from_where_it_was() {
        let kept = after(&[(0, 6.0), (60, 6.0)]).to_kept().unwrap();
        let mut next = alert();
        assert!(next.resume(&kept, at(100), Duration::from_secs(9)));
        assert_eq!(next.state, AlertState::Firing { active_at: at(0), fired_at: at(60) });
        assert!(!next.resume(&kept, at(101), Duration::from_secs(9)), "once more changes nothing");
        assert_eq!(next.evaluate(&number(6.0), at(110)), None, "it does not fire again");
        assert_eq!(next.evaluate(&number(1.0), at(120)), Some(Transition::Keeping));
        // Seen to be well before it was known that it fired: that is said, after its time.
        let mut late = after(&[(100, 1.0)]);
        assert!(late.resume(&kept, at(101), Duration::ZERO) && late.state.is_firing());
        assert_eq!(late.evaluate(&number(1.0), at(102)), Some(Transition::Keeping));
        // Over by what this one saw, later.
        let mut over = after(&[(61, 6.0), (121, 6.0), (130, 1.0), (190, 1.0)]);
        assert!(matches!(over.state, AlertState::Resolved { .. }) && !over.resume(&kept, at(200), Duration::ZERO));
        // Another condition knows nothing of it.
        let mut other = Alert::new("test".into(), Severity::High, Condition::parse("> 6% for 1m", "%").unwrap());
        assert!(!other.resume(&kept, at(100), Duration::ZERO));
    }

    #[test]
    fn what_is_pending_does_not_count_the_time_in_which_nobody_looked() {
        let kept = after(&[(0, 6.0), (40, 6.0)]).to_kept().unwrap();
        let mut next = alert();
        assert!(next.resume(&kept, at(70), Duration::from_secs(30)));
        assert_eq!(next.since().map(|since| since.at), Some(at(0)));
        assert_eq!(next.evaluate(&number(6.0), at(70)), None);
        assert_eq!(next.evaluate(&number(6.0), at(89)), None);
        assert_eq!(next.evaluate(&number(6.0), at(90)), Some(Transition::Fired));
        let mut clear = after(&[(69, 1.0)]);
        assert!(!clear.resume(&kept, at(70), Duration::ZERO), "it was seen to be well");
    }

    #[test]
    fn every_state_is_the_same_after_it_was_stored() {
        let states = [
            after(&[(0, 6.0)]),
            after(&[(0, 6.0), (60, 6.0)]),
            after(&[(0, 6.0), (60, 6.0), (70, 1.0)]),
            after(&[(0, 6.0), (60, 6.0), (70, 1.0), (130, 1.0)]),
        ];
        for before in states {
            let kept = before.to_kept().unwrap();
            let read: KeptAlert = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
            let mut next = alert();
            assert!(next.resume(&read, at(200), Duration::ZERO));
            assert_eq!(next.state, before.state);
            assert_eq!(next.to_kept(), Some(kept));
        }
    }
}
