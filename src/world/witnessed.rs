//! What this console saw while it did not act for all: whoever did may have died before it could put that on record.
//!
//! *Invariant:* what is said here may be on record already; whoever writes it leaves that out.

use std::time::Duration;

use super::World;
use super::ids::CheckId;
use super::output::{Intent, Output};
use crate::model::fact::{CheckStatus, Statement};
use crate::text::name::Name;

/// Facts of one transaction at most.
const TOGETHER: usize = 1_000;

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

    /// This console acts from now on, and nobody did for that long: what it saw meanwhile is put on record, and after it at
    /// which status each of these checks is.
    pub(super) fn say_missed(&mut self, unattended_for: Duration, output: &mut Output) {
        let Some(fence) = self.lease.fence() else { return };
        let (now, mut missed, mut present) = (self.now, Vec::new(), Vec::new());
        for check in &mut self.checks {
            let mut seen: Vec<_> = check.witnessed.within(unattended_for, now.utc).cloned().collect();
            let is_at_last = check.settled() == check.witnessed.last();
            check.witnessed.keep_last();
            let last = seen.pop_if(|_| is_at_last);
            // What it stood at when the last one died is on record, as a rule.
            let known = check.recording.known.map(|known| known.status);
            if seen.first().is_some_and(|first| Some(first.status) == known) {
                seen.remove(0);
            }
            // What it is at now is said like everything else.
            if seen.is_empty() {
                continue;
            }
            if let Some(last) = last {
                check.recording.said = Some((last.status, now));
                present.push(CheckStatus { fence, ..last });
            }
            missed.extend(seen.into_iter().map(|said| CheckStatus { fence, ..said }));
        }
        missed.sort_by_key(|said| said.since);
        let statements = |said: &[CheckStatus]| said.iter().cloned().map(Statement::CheckStatus).collect();
        output.intents.extend(missed.chunks(TOGETHER).map(|said| Intent::AppendMissed(statements(said))));
        output.intents.extend(present.chunks(TOGETHER).map(|said| Intent::Append(statements(said))));
    }
}
