//! Statuses on record: what the store says of each check, and what this console, while it acts for all, has to put there.

use std::time::Duration;

use chrono::SubsecRound as _;

use super::World;
use super::checks::CheckView;
use super::duty::Duty;
use super::firings::Firings;
use super::ids::CheckId;
use super::incidents::Incidents;
use super::maintenance::Maintenances;
use super::newest::Newest;
use super::output::{Intent, Output};
use super::recording::{Record, Recording, StatusOnRecord};
use super::silences::Silences;
use crate::model::fact::{CheckStatus, Statement};
use crate::model::lease::LeaseView;
use crate::model::since::Since;
use crate::model::status::Status;
use crate::model::thing::{CheckRecord, StoredThing};
use crate::text::name::Name;

/// Facts of one transaction at most.
const TOGETHER: usize = 1_000;
/// Facts of one tick at most, so that the loop is not held up; the others wait for the next.
const A_TICK: usize = 5_000;
/// What is seen within this span is said together.
const PACE: Duration = Duration::from_secs(1);
/// What was said and is not on record after so long is said again. The store drops what it knows already.
const PATIENCE: Duration = Duration::from_secs(30);

impl CheckView {
    /// The status at which it stands, where that is one to put on record.
    pub(crate) fn settled(&self) -> Option<Status> {
        let is_settled = self.last.is_some() && !self.stale;
        Some(self.status).filter(|status| is_settled && matches!(status, Status::Ok | Status::Degraded | Status::Down))
    }

    /// Whether the record, as far as it is known, lacks the status at which it stands.
    fn is_unsaid(&self) -> bool {
        let Recording { known, said, .. } = self.recording;
        let on_record = said.map(|(status, _)| status).or(known.map(|known| known.status));
        self.settled().is_some_and(|status| on_record != Some(status))
    }

    pub(super) fn statement(&self, fence: u64) -> Option<CheckStatus> {
        let (status, since) = (self.settled()?, self.since?);
        let before = self.recording.said.map(|(status, _)| status).or(self.recording.known.map(|known| known.status));
        let because = self.own_reason.as_ref().or(self.error.as_ref()).filter(|_| status != Status::Ok);
        Some(CheckStatus {
            check: self.name.clone(),
            service: self.service.clone(),
            status,
            before,
            since: since.at.utc.trunc_subsecs(3),
            seen: since.seen,
            reason: because.cloned(),
            by: None,
            fence,
        })
    }
}

impl World {
    /// Whether another process acts for all.
    pub(super) const fn others_act(&self) -> bool {
        matches!(self.lease, LeaseView::Other(_) | LeaseView::OtherConfiguration(_))
    }

    /// Whether alerts are shown as they are on record: another process acts for all, and what it said is known.
    pub(super) const fn shows_record(&self) -> bool {
        self.others_act() && self.store_away.is_none() && self.firings.is_read
    }

    /// Whether nobody is known to act for all, so that what fires by the record goes on firing: nobody says that it is over.
    pub(super) const fn is_record_open(&self) -> bool {
        let nobody_acts = matches!(self.lease, LeaseView::Unknown | LeaseView::Free);
        nobody_acts && self.record.applied.is_some() && self.store_away.is_none() && self.firings.is_read
    }

    /// Whether a check is seen otherwise here than by whoever acts for all.
    pub(crate) fn is_own_view(&self, check: &CheckView) -> bool {
        let known = check.recording.known.filter(|_| self.store_away.is_none() && self.others_act());
        known.is_some_and(|known| check.settled().is_some_and(|status| status != known.status))
    }

    /// Whether this console has to say at which status a check stands. While the store is away, it can't be asked what it says:
    /// what it knows already is recognised there once it is back.
    fn has_to_say(&self, check: &CheckView) -> bool {
        (check.recording.is_asked || matches!(self.lease, LeaseView::Away { .. })) && check.is_unsaid()
    }

    /// A check was looked at: what it says now is put on record, at once where nothing was said lately.
    pub(super) fn note_settled(&mut self, id: CheckId, output: &mut Output) {
        self.witness(id);
        if self.checks.get(id).is_some_and(|check| self.has_to_say(check)) {
            self.record.unsaid.insert(id);
            if self.record.said_at.is_none_or(|at| self.now.since(at) >= PACE) {
                self.say_statuses(TOGETHER, output);
            }
        }
    }

    /// A second passed: says what has to be said, and again what did not reach the record.
    pub(super) fn say_settled(&mut self, output: &mut Output) {
        if self.lease.fence().is_none() {
            return;
        }
        if self.store_away.is_none() {
            let now = self.now;
            for (id, check) in super::ids::numbered(&mut self.checks) {
                let lost = check.recording.said.filter(|(_, at)| now.since(*at) > PATIENCE);
                if lost.is_some() {
                    check.recording.said = None;
                    self.record.unsaid.insert(id);
                }
            }
        }
        self.say_statuses(A_TICK, output);
    }

    fn say_statuses(&mut self, most: usize, output: &mut Output) {
        let Some(fence) = self.lease.fence().filter(|_| self.connectivity.ok) else { return };
        let (now, mut said) = (self.now, Vec::new());
        while said.len() < most
            && let Some(id) = self.record.unsaid.pop_first()
        {
            let unsaid = self.checks.get(id).filter(|check| self.has_to_say(check));
            let by = unsaid.and_then(|check| self.explained_by(check)).map(Name::from);
            if let Some(statement) = unsaid.and_then(|check| check.statement(fence)) {
                let statement = CheckStatus { by, ..statement };
                self.checks[id].recording.said = Some((statement.status, now));
                said.push(Statement::CheckStatus(statement));
            }
        }
        if !said.is_empty() {
            self.record.said_at = Some(now);
        }
        output.intents.extend(in_lots(said).map(Intent::Append));
    }

    /// Who acts for all is another one, or the configuration is: every check is looked at again.
    pub(super) fn review_settled(&mut self) {
        self.record.unsaid.clear();
        if self.lease.fence().is_some() {
            self.record.unsaid.extend(self.checks.ids());
        }
        for check in &mut self.checks {
            check.recording.said = None;
        }
    }

    /// Asks the store for what it says of checks of which that is not known.
    pub(super) fn ask_for_statuses(&self) -> Output {
        let unknown = self.checks.iter().filter(|check| !check.recording.is_asked);
        let names: Vec<Name> =
            unknown.filter(|_| self.record.applied.is_some()).map(|check| check.name.clone()).collect();
        let intents = names.chunks(TOGETHER).map(|names| Intent::ReadStatuses(names.to_vec()));
        Output { intents: intents.collect(), ..Output::default() }
    }

    /// The store was read from its beginning, or another one was: what was known of it is forgotten.
    pub(super) fn forget_record(&mut self) {
        for check in &mut self.checks {
            check.recording = Recording::default();
        }
        self.record = Record::default();
        self.unwritten.clear();
        self.handed_over = None;
        (self.firings, self.silences) = (Firings::default(), Silences::default());
        self.maintenance = Maintenances::new(&self.config);
        self.checklists.forget();
        self.incidents = Incidents::default();
        self.announcing.forget();
        self.duty = Duty::new(&self.config);
        self.forget_exclusions();
        self.changes.forget();
        self.runbooks.clear();
        self.runbooks_newest = Newest::default();
        self.notes.clear();
    }

    /// What the store says of these checks.
    pub(crate) fn statuses_read(&mut self, asked: &[Name], things: &[StoredThing]) -> Output {
        let mut output = Output::default();
        for thing in things {
            if let Some(record) = thing.read::<CheckRecord>() {
                output.noticeable |= self.status_on_record(&thing.key.id, &record, thing.seq);
            }
        }
        for name in asked {
            let Some(id) = self.membership.checks.get(name).copied() else { continue };
            self.checks[id].recording.is_asked = true;
            self.note_settled(id, &mut output);
        }
        output
    }

    /// The store says so of a check; true where that shows.
    pub(super) fn status_on_record(&mut self, check: &str, record: &CheckRecord, seq: u64) -> bool {
        let CheckRecord { status, since, seen, fence, .. } = *record;
        let Some(id) = self.membership.checks.get(check).copied() else { return false };
        let since = Since { at: self.now.stored(since), seen };
        let was_own = self.is_own_view(&self.checks[id]);
        let view = &mut self.checks[id];
        if view.recording.known.is_some_and(|known| known.seq >= seq) {
            return false;
        }
        let has_recovered = status == Status::Ok && view.recording.known.is_some_and(|known| known.status != status);
        view.recording.known = Some(StatusOnRecord { status, since, fence, seq });
        view.recording.said = view.recording.said.filter(|(said, _)| *said != status);
        let before = view.since;
        let is_learned = view.adopt_since() || (has_recovered && view.adopt_recovery(since));
        self.record.unsaid.insert(id);
        if is_learned && let Some(row) = self.membership.row_of_check[id] {
            self.learn_since(row, before);
        }
        is_learned || was_own != self.is_own_view(&self.checks[id])
    }
}

/// What is said, a transaction at a time.
pub(super) fn in_lots(mut said: Vec<Statement>) -> impl Iterator<Item = Vec<Statement>> {
    std::iter::from_fn(move || {
        let rest = said.split_off(said.len().min(TOGETHER));
        Some(std::mem::replace(&mut said, rest)).filter(|lot| !lot.is_empty())
    })
}
