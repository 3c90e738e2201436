//! What this console saw while it did not act for all: whoever did may have died before it could put that on record.
//!
//! *Invariant:* what is said here may be on record already; whoever writes it leaves that out.

use std::time::Duration;

use super::World;
use super::ids::CheckId;
use super::on_record::in_lots;
use super::output::{Intent, Output};
use super::recording::{StatusOnRecord, is_older};
use crate::lang::order::InOrder;
use crate::model::fact::{CheckStatus, Statement};
use crate::model::status::Status;
use crate::text::name::Name;

impl World {
    /// Notes at which status a check was seen to settle. Who acts for all says it: only what the check is at is kept then.
    pub(super) fn witness(&mut self, id: CheckId) {
        let Some(check) = self.checks.get(id) else { return };
        let before = check.witnessed.last();
        if check.settled().is_none_or(|status| before == Some(status)) {
            return;
        }
        let by = self.explained_by(check).map(Name::from);
        let Some(said) = check.statement(0) else { return };
        let is_said = self.lease.fence().is_some();
        let witnessed = &mut self.checks[id].witnessed;
        if is_said {
            witnessed.forget();
        }
        witnessed.push(CheckStatus { before: before.or(said.before), by, ..said });
    }

    /// This console acts from now on, and nobody did for that long: what it saw meanwhile is put on record as history.
    pub(super) fn say_missed(&mut self, unattended_for: Duration, output: &mut Output) {
        let Some(fence) = self.lease.fence() else { return };
        let (now, mut missed) = (self.now, Vec::new());
        for check in &mut self.checks {
            let settled = check.settled();
            let seen = check.witnessed.within(unattended_for, now.utc);
            let mut changes = changes_since(check.recording.known, seen);
            let is_at_last = settled == check.witnessed.last();
            check.witnessed.keep_last();
            // What it was at all along is said like everything else.
            let stood = |said: &CheckStatus| !said.seen || is_older(said, unattended_for, now.utc);
            if is_at_last && matches!(&changes[..], [only] if stood(only)) {
                changes.clear();
            }
            if let Some(last) = changes.last().filter(|_| is_at_last) {
                check.recording.said = Some((last.status, now));
            }
            missed.extend(changes.into_iter().map(|said| CheckStatus { fence, ..said }));
        }
        missed.order_by_key(|said| said.since);
        let missed = missed.into_iter().map(Statement::CheckStatus).collect();
        output.intents.extend(in_lots(missed).map(Intent::AppendMissed));
    }
}

/// Those of which the record, as far as it is known, says nothing: each after what it says last, and to another status than
/// before.
fn changes_since<'a>(known: Option<StatusOnRecord>, seen: impl Iterator<Item = &'a CheckStatus>) -> Vec<CheckStatus> {
    let mut stands = known.map(|known| known.status);
    let mut changes: Vec<CheckStatus> = Vec::new();
    for said in seen.filter(|said| known.is_none_or(|known| said.since > known.since.at.utc)) {
        // That nothing was wrong when this console looked first is no change.
        let is_first_look = changes.is_empty() && !said.seen && said.status == Status::Ok;
        if stands != Some(said.status) && !is_first_look {
            changes.push(CheckStatus { before: stands.or(said.before), ..said.clone() });
            stands = Some(said.status);
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::lang::time::Stamp;
    use crate::model::since::Since;

    #[test]
    fn only_what_is_not_on_record_is_a_change() {
        use Status::{Down, Ok};
        type Seen = (i64, Status, bool);
        // Since when the record says what; what was seen here, since when, and whether that was seen to begin; what is said.
        type Case = (Option<(i64, Status)>, &'static [Seen], &'static [(i64, Status)]);
        let cases: &[Case] = &[
            (None, &[(5, Ok, false)], &[]),
            (None, &[(5, Ok, false), (9, Down, true)], &[(9, Down)]),
            (Some((1, Ok)), &[(5, Ok, false), (9, Down, true), (12, Ok, true)], &[(9, Down), (12, Ok)]),
            // Whoever acted saw it a moment before, or a moment later.
            (Some((8, Down)), &[(5, Ok, false), (9, Down, true)], &[]),
            (Some((10, Down)), &[(5, Ok, false), (9, Down, true)], &[]),
            (Some((8, Down)), &[(5, Ok, false), (9, Down, true), (12, Ok, true)], &[(12, Ok)]),
            (Some((13, Ok)), &[(5, Ok, false), (9, Down, true), (12, Ok, true)], &[]),
            // This console was started in the middle of the outage.
            (Some((1, Down)), &[(5, Ok, false), (9, Down, true), (12, Ok, true)], &[(12, Ok)]),
            (Some((1, Ok)), &[(5, Down, false), (12, Ok, true)], &[(5, Down), (12, Ok)]),
        ];
        for (known, seen, due) in cases {
            let at = |second| DateTime::from_timestamp(second, 0).unwrap();
            let known = known.map(|(second, status)| {
                let since = Since::seen(Stamp { mono: Duration::ZERO, utc: at(second) });
                StatusOnRecord { status, since, fence: 1, seq: 1 }
            });
            let said = |(second, status, seen): Seen| {
                let (check, service, before, reason) = ("api".into(), None, None, None);
                CheckStatus { check, service, status, before, since: at(second), seen, reason, by: None, fence: 0 }
            };
            let seen: Vec<CheckStatus> = seen.iter().copied().map(said).collect();
            let changes = changes_since(known, seen.iter());
            let said: Vec<_> = changes.iter().map(|said| (said.since.timestamp(), said.status)).collect();
            assert_eq!(said, *due, "{known:?}, {seen:?}");
        }
    }
}
