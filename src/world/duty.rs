//! Who is on call: the rotations of the configuration with what people said of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};

use super::newest::Newest;
use crate::config::Config;
use crate::config::sections::oncall::{OnCall, PRIMARY};
use crate::lang::order::InOrder;
use crate::lang::schedule::TimeWindow;
use crate::model::fact::{
    AlertAcknowledged, AlertUnacknowledged, HandoverAccepted, OnCallStatement, Statement, Unacknowledged,
};
use crate::model::oncall::{Override, Rotation, Shift};
use crate::model::thing::{
    Acknowledgement, AlertRecord, AssignmentRecord, ContactRecord, HandoverRecord, ThingKey, ThingKind,
};
use crate::text::SafeText;
use crate::text::name::Name;

/// Assignments and handovers that are held; of more the oldest are forgotten.
const HELD: usize = 500;
/// How long after their shift somebody may still hand it over, and how long one lasts where that is not planned.
const HALF_DAY: TimeDelta = TimeDelta::hours(12);
/// Shifts to come that are known of each layer beside the one that runs.
const SHIFTS: usize = 6;

/// Who is on call in each layer, at any moment. *Invariant:* the same records and configuration give the same answer on every
/// host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DutyPlan {
    /// As configured: the primary one first.
    configured: Vec<(Name, Rotation)>,
    /// With what people said.
    layers: Vec<(Name, Rotation)>,
    pub(super) assignments: BTreeMap<Name, AssignmentRecord>,
    pub(super) handovers: BTreeMap<Name, HandoverRecord>,
    contacts: BTreeMap<Name, ContactRecord>,
}

impl DutyPlan {
    /// By a configuration, with what is on record.
    pub(crate) fn new(
        config: &Config,
        assignments: impl IntoIterator<Item = AssignmentRecord>,
        handovers: impl IntoIterator<Item = HandoverRecord>,
    ) -> Self {
        let mut plan = Self {
            assignments: assignments.into_iter().map(|record| (record.said.id.clone(), record)).collect(),
            handovers: handovers.into_iter().map(|record| (record.said.id.clone(), record)).collect(),
            ..Self::default()
        };
        plan.reconfigure(config);
        plan
    }

    /// With what is on record of contacts.
    pub(crate) fn with_contacts(mut self, contacts: impl IntoIterator<Item = ContactRecord>) -> Self {
        contacts.into_iter().for_each(|record| self.learn_contact(record));
        self
    }

    /// By another configuration.
    pub(crate) fn reconfigure(&mut self, config: &Config) {
        self.configured = config.oncall.as_ref().map_or_else(Vec::new, layers);
        self.refresh();
    }

    /// Puts what people said above what is configured.
    fn refresh(&mut self) {
        let with = |(layer, rotation): &(Name, Rotation)| (layer.clone(), self.with_said(layer, rotation, |_| true));
        self.layers = self.configured.iter().map(with).collect();
    }

    /// A layer with what people said, in the order in which they said it; of handovers, those that are meant.
    fn with_said(&self, layer: &Name, rotation: &Rotation, is_meant: impl Fn(&HandoverRecord) -> bool) -> Rotation {
        let mut said: Vec<(DateTime<Utc>, Override)> = Vec::new();
        let assigned = self.assignments.values().filter(|record| record.said.layer == *layer);
        said.extend(assigned.filter_map(|record| Some((record.at, record.to_override()?))));
        let handed = self.handovers.values().filter(|record| record.said.layer == *layer && is_meant(record));
        said.extend(handed.flat_map(HandoverRecord::to_overrides));
        said.order_by_key(|(at, _)| *at);
        rotation.clone().with(said.into_iter().map(|(_, one)| one))
    }

    /// A layer as if this handover had never been offered, nor a later one that nobody accepted yet.
    fn without(&self, offer: &HandoverRecord) -> Option<Rotation> {
        let (layer, rotation) = self.configured.iter().find(|(layer, _)| *layer == offer.said.layer)?;
        let is_later = |record: &HandoverRecord| record.is_open() && record.said.until >= offer.said.until;
        Some(self.with_said(layer, rotation, |record| !is_later(record) && !record.is_no_more_than(offer)))
    }

    /// The layers by name, the primary one first, as they are planned: until their shift is over, an offer does not keep
    /// whoever made it on call for longer.
    pub(crate) fn planned(&self, now: DateTime<Utc>) -> impl Iterator<Item = (&Name, Cow<'_, Rotation>)> {
        self.layers.iter().map(move |(layer, rotation)| {
            let offer = self.offered(layer, now).filter(|offer| offer.said.until > now);
            let planned = offer.and_then(|offer| self.without(offer));
            (layer, planned.map_or(Cow::Borrowed(rotation), Cow::Owned))
        })
    }

    /// The shift of a layer that runs, as it is planned, and who is next.
    pub(crate) fn shift(&self, layer: &str, now: DateTime<Utc>) -> Option<(Shift, Option<Name>)> {
        let (_, rotation) = self.planned(now).find(|(name, _)| ***name == *layer)?;
        let shift = rotation.shift(now);
        let next = shift.until.map(|until| rotation.who(until).clone());
        Some((shift, next))
    }

    /// These are on record. The layers are made again once, however many there are.
    pub(super) fn learn(
        &mut self,
        assignments: impl IntoIterator<Item = AssignmentRecord>,
        handovers: impl IntoIterator<Item = HandoverRecord>,
    ) {
        self.assignments.extend(assignments.into_iter().map(|record| (record.said.id.clone(), record)));
        while self.assignments.len() > HELD {
            self.assignments.pop_first();
        }
        self.handovers.extend(handovers.into_iter().map(|record| (record.said.id.clone(), record)));
        while self.handovers.len() > HELD {
            self.handovers.pop_first();
        }
        self.refresh();
    }

    pub(super) fn learn_contact(&mut self, record: ContactRecord) {
        self.contacts.insert(record.contact.clone(), record);
    }

    /// What is on record of a contact.
    pub(crate) fn contact(&self, name: &str) -> Option<&ContactRecord> {
        self.contacts.get(name)
    }

    /// What is on record of the contacts, by name.
    pub(crate) fn contacts(&self) -> impl Iterator<Item = &ContactRecord> {
        self.contacts.values()
    }

    /// The layers by name, the primary one first; none where nobody is on call.
    pub(crate) fn layers(&self) -> &[(Name, Rotation)] {
        &self.layers
    }

    /// A layer.
    pub(crate) fn rotation(&self, layer: &str) -> Option<&Rotation> {
        self.layers.iter().find(|(name, _)| **name == *layer).map(|(_, rotation)| rotation)
    }

    /// Who is called first.
    pub(crate) fn primary(&self) -> Option<&Rotation> {
        self.rotation(PRIMARY)
    }

    /// Who is on call in a layer at a moment.
    pub(crate) fn who(&self, layer: &str, at: DateTime<Utc>) -> Option<&Name> {
        self.rotation(layer).map(|rotation| rotation.who(at))
    }

    /// The next moment at which the person of any layer is another one.
    pub(crate) fn next_change(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.layers.iter().filter_map(|(_, rotation)| Some(rotation.next_change(after)?.0)).min()
    }

    /// An assignment by its id.
    pub(crate) fn assignment(&self, id: &str) -> Option<&AssignmentRecord> {
        self.assignments.get(id)
    }

    /// Assignments that hold or are to come, in their order.
    pub(crate) fn standing(&self, now: DateTime<Utc>) -> impl Iterator<Item = &AssignmentRecord> {
        self.assignments.values().filter(move |record| record.end() > now && record.end() > record.said.from)
    }

    /// The handover of a layer that waits for somebody to accept it, the last one; one whose next shift is over is none.
    pub(crate) fn offered(&self, layer: &str, now: DateTime<Utc>) -> Option<&HandoverRecord> {
        let mut last = self.handovers.values().rev();
        last.find(|record| *record.said.layer == *layer && record.is_open() && record.waits_until() > now)
    }

    /// A handover by its id.
    pub(crate) fn handover(&self, id: &str) -> Option<&HandoverRecord> {
        self.handovers.get(id)
    }

    /// The shift that somebody hands over: theirs where they are on call or were until lately, else the one that runs. Where
    /// nobody takes turns it lasts from the last handover, or some hours, until now.
    pub(crate) fn to_hand_over(&self, layer: &str, who: &Name, now: DateTime<Utc>) -> ShiftToHandOver {
        let last = self.accepted(layer).and_then(|record| Some(record.accepted.as_ref()?.at));
        let open_start = last.filter(|at| now - *at < HALF_DAY * 14).unwrap_or(now - HALF_DAY);
        let Some(rotation) = self.rotation(layer) else {
            let shift = TimeWindow { start: open_start, end: now };
            return ShiftToHandOver { who: who.clone(), to: None, shift, next_until: now + HALF_DAY };
        };
        // Whoever corrects an offer hands over the same shift: that they stay until somebody accepts it is no part of that.
        let offer = self.offered(layer, now);
        let planned = offer.and_then(|offer| self.without(offer));
        let stays = offer.filter(|offer| offer.said.who == *rotation.who(now));
        let at = stays.map_or(now, |offer| now.min(offer.said.until - TimeDelta::nanoseconds(1)));
        let rotation = planned.as_ref().unwrap_or(rotation);
        let mut shift = rotation.shift(at);
        // Of a shift that was handed over already there is nothing to hand over.
        let is_handed_over = |began: DateTime<Utc>| last.is_some_and(|last| last >= began);
        if shift.who != *who
            && let Some(began) = shift.from.filter(|began| now - *began < HALF_DAY && !is_handed_over(*began))
        {
            let before = rotation.shift(began - TimeDelta::nanoseconds(1));
            if before.who == *who {
                shift = before;
            }
        }
        // Who was first in the rotation is on call since ever: their shift began with the last handover that is planned.
        let planned = || rotation.handover().last(at, rotation.from(), rotation.zone());
        let start = shift.from.or_else(|| planned().max(last)).unwrap_or(open_start);
        let Some(end) = shift.until else {
            let shift_until_now = TimeWindow { start, end: now };
            return ShiftToHandOver { who: shift.who, to: None, shift: shift_until_now, next_until: now + HALF_DAY };
        };
        let next = rotation.shift(end);
        let next_until = next.until.unwrap_or(end + HALF_DAY);
        ShiftToHandOver { who: shift.who, to: Some(next.who), shift: TimeWindow { start, end }, next_until }
    }

    /// The last handover of a layer that was accepted.
    pub(crate) fn accepted(&self, layer: &str) -> Option<&HandoverRecord> {
        self.handovers.values().rev().find(|record| *record.said.layer == *layer && record.accepted.is_some())
    }
}

/// A shift that is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShiftToHandOver {
    /// Whose it is.
    pub who: Name,
    /// Who is next; `None`: that is not planned.
    pub to: Option<Name>,
    /// From when until when, as planned.
    pub shift: TimeWindow,
    /// When the shift after it ends.
    pub next_until: DateTime<Utc>,
}

/// What is said when a handover is accepted: that, and what becomes of the acknowledgements of the person before, which move
/// to the next one or, with `reopens`, end. `login` is who says so, which may be a login that is not one of the contact `who`.
pub(crate) fn statements_of_acceptance(
    config: &Config,
    record: &HandoverRecord,
    (who, login): (&Name, &str),
    (firing, reopens): (&[&AlertRecord], bool),
    now: DateTime<Utc>,
) -> Vec<Statement> {
    let before = config.contacts.iter().find(|contact| contact.id == record.said.who);
    let logins: Vec<&str> = match before {
        Some(contact) => contact.logins.iter().map(|login| &**login).collect(),
        None => vec![&record.said.who],
    };
    let is_theirs = |known: &&Acknowledgement| known.until > now && logins.contains(&known.by.as_str());
    // The contact who takes the shift is at it, whoever's terminal they sit at.
    let next = config.contacts.iter().find(|contact| contact.id == *who);
    let is_own = next.is_none_or(|next| next.logins.iter().any(|own| **own == *login));
    let taken_by = next.filter(|_| !is_own).map(|next| next.logins.first().unwrap_or(&next.id).clone());
    let (mut moved, mut reopened, mut said) = (Vec::new(), Vec::new(), Vec::new());
    for alert in firing {
        let Some(known) = alert.acknowledged.as_ref().filter(is_theirs) else { continue };
        let (id, name, severity, until) = (alert.id.clone(), alert.alert.clone(), alert.severity, known.until);
        if reopens {
            reopened.push(name.clone());
            let because = Unacknowledged::HandedOver;
            said.push(Statement::AlertUnacknowledged(AlertUnacknowledged {
                id,
                alert: name,
                severity,
                because,
                until,
            }));
        } else {
            moved.push(name.clone());
            let why = SafeText::new(&format!("{} (taken over from {})", known.why, known.by));
            said.push(Statement::AlertAcknowledged(AlertAcknowledged {
                id,
                alert: name,
                severity,
                why,
                until,
                link: None,
                // Whoever hands over is at it no more.
                together: false,
                taken_by: taken_by.clone(),
            }));
        }
    }
    let accepted = HandoverAccepted { id: record.said.id.clone(), who: who.clone(), moved, reopened };
    said.insert(0, Statement::OnCall(OnCallStatement::Accepted(accepted)));
    said
}

fn layers(oncall: &OnCall) -> Vec<(Name, Rotation)> {
    let primary = std::iter::once((Name::from(PRIMARY), oncall.rotation.clone()));
    primary.chain(oncall.layers.iter().map(|layer| (layer.name.clone(), layer.rotation.clone()))).collect()
}

/// The plan in a running world.
#[derive(Debug, Clone, Default)]
pub(super) struct Duty {
    pub(super) plan: Arc<DutyPlan>,
    /// The fact that changed each assignment or handover last.
    newest: Newest,
    /// The last fact about each contact, whose ids do not begin with the time.
    contacts_newest: Newest,
    /// The shift of the primary layer that runs, and who is next: kept, for a rotation by a cron line counts long.
    pub(super) current: Option<(Shift, Option<Name>)>,
    /// The shifts to come, once somebody asked for them: kept for the same reason.
    coming: OnceLock<Vec<LayerShifts>>,
}

/// The shifts of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerShifts {
    /// Which layer.
    pub layer: Name,
    /// The one that runs, and those after it.
    pub shifts: Vec<Shift>,
}

impl Duty {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            plan: Arc::new(DutyPlan::new(config, [], [])),
            newest: Newest::default(),
            contacts_newest: Newest::default(),
            current: None,
            coming: OnceLock::new(),
        }
    }

    pub(super) fn reconfigure(&mut self, config: &Config) {
        Arc::make_mut(&mut self.plan).reconfigure(config);
        self.forget();
    }

    /// The plan is another one.
    fn forget(&mut self) {
        self.current = None;
        self.coming.take();
    }

    /// The shifts of each layer that run and come next.
    pub(super) fn coming(&self, now: DateTime<Utc>) -> &[LayerShifts] {
        let of = |(layer, rotation): (&Name, Cow<'_, Rotation>)| LayerShifts {
            layer: layer.clone(),
            shifts: rotation.shifts_from(now).take(SHIFTS + 1).collect(),
        };
        self.coming.get_or_init(|| self.plan.planned(now).map(of).collect())
    }

    /// Looks up who is on call, where that has changed; true where it has.
    pub(super) fn look(&mut self, now: DateTime<Utc>) -> bool {
        let runs =
            |shift: &Shift| shift.until.is_none_or(|until| now < until) && shift.from.is_none_or(|from| from <= now);
        let is_over = |layer: &LayerShifts| !layer.shifts.first().is_some_and(runs);
        if self.coming.get().is_some_and(|layers| layers.iter().any(is_over)) {
            self.coming.take();
        }
        if self.plan.layers.is_empty() || self.current.as_ref().is_some_and(|(shift, _)| runs(shift)) {
            return false;
        }
        let before = self.current.take();
        self.current = self.plan.shift(PRIMARY, now);
        before != self.current
    }

    /// Whether a fact about it is news, which is noted.
    pub(super) fn is_news(&mut self, key: &ThingKey, seq: u64) -> bool {
        // Of a contact no shift depends.
        if key.kind == ThingKind::Contact {
            return self.contacts_newest.is_news(&key.id, seq);
        }
        let is_news = self.newest.is_news(&key.id, seq);
        if is_news {
            self.forget();
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    use crate::config::load::load_text;
    use crate::model::fact::{HandoverOffered, HandoverWithdrawn, NewFact, OnCallAssigned, OnCallEnded};

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    const WEEKLY: &str = "\
[contact.ana]
[contact.ben]
[contact.eve]
[oncall]
rotation = [\"ana\", \"ben\"]
handover = \"weekly Mon 09:00\"
from = \"2026-01-05\"
layer = [{ name = \"backup\" }]
";

    fn plan() -> DutyPlan {
        let loaded = load_text(Path::new("/srv/opsroom.toml"), WEEKLY);
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        DutyPlan::new(&config, [], [])
    }

    fn said(at: &str, said: OnCallStatement) -> NewFact {
        let (id, who, host) = ("i".to_owned(), "ana (ssh)".to_owned(), "h".to_owned());
        NewFact { id, at: utc(at), who, host, process: 7, late: false, said: Statement::OnCall(said) }
    }

    fn assign(plan: &mut DutyPlan, at: &str, id: &str, who: &str, from: &str, until: &str) {
        let assigned = OnCallAssigned {
            id: id.into(),
            layer: PRIMARY.into(),
            people: vec![who.into()],
            handover: None,
            from: utc(from),
            until: utc(until),
            why: None,
            taken: false,
        };
        let draft = said(at, OnCallStatement::Assigned(assigned));
        plan.learn([AssignmentRecord::after(None, &draft).unwrap()], []);
    }

    fn who(plan: &DutyPlan, layer: &str, at: &str) -> String {
        plan.who(layer, utc(at)).unwrap().to_string()
    }

    #[test]
    fn the_backup_was_the_primary_before() {
        let plan = plan();
        assert_eq!(who(&plan, PRIMARY, "2026-01-06T00:00:00Z"), "ana");
        assert_eq!(who(&plan, "backup", "2026-01-06T00:00:00Z"), "ben");
        assert_eq!(who(&plan, PRIMARY, "2026-01-13T00:00:00Z"), "ben");
        assert_eq!(who(&plan, "backup", "2026-01-13T00:00:00Z"), "ana");
        assert_eq!(plan.who("third", utc("2026-01-13T00:00:00Z")), None);
    }

    #[test]
    fn what_was_said_last_wins_and_what_was_ended_leaves_no_trace_after_it() {
        let mut plan = plan();
        let bare = plan.clone();
        assign(&mut plan, "2026-01-05T12:00:00Z", "o1", "eve", "2026-01-06T00:00:00Z", "2026-01-09T00:00:00Z");
        assign(&mut plan, "2026-01-05T13:00:00Z", "o2", "ben", "2026-01-07T00:00:00Z", "2026-01-08T00:00:00Z");
        assert_eq!(who(&plan, PRIMARY, "2026-01-06T00:00:00Z"), "eve");
        assert_eq!(who(&plan, PRIMARY, "2026-01-07T00:00:00Z"), "ben");
        assert_eq!(who(&plan, PRIMARY, "2026-01-08T00:00:00Z"), "eve");
        assert_eq!(who(&plan, "backup", "2026-01-07T00:00:00Z"), "ben");
        for id in ["o1", "o2"] {
            let ended = OnCallEnded { id: id.into(), layer: PRIMARY.into() };
            let draft = said("2026-01-05T14:00:00Z", OnCallStatement::Ended(ended));
            let record = AssignmentRecord::after(plan.assignment(id).cloned(), &draft).unwrap();
            assert_eq!(AssignmentRecord::after(Some(record.clone()), &draft), None, "ended twice");
            plan.learn([record], []);
        }
        assert_eq!(plan.layers(), bare.layers(), "called off before they began");
        assert_eq!(plan.standing(utc("2026-01-05T15:00:00Z")).count(), 0);
    }

    #[test]
    fn the_shift_of_who_was_first_began_with_the_last_handover_that_is_planned() {
        let mut plan = plan();
        let start =
            |plan: &DutyPlan| plan.to_hand_over(PRIMARY, &"ana".into(), utc("2026-01-08T12:00:00Z")).shift.start;
        assert_eq!(start(&plan), utc("2026-01-05T09:00:00Z"));
        assign(&mut plan, "2026-01-05T12:00:00Z", "o1", "eve", "2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z");
        assert_eq!(start(&plan), utc("2026-01-07T00:00:00Z"), "somebody stood in until then");
    }

    #[test]
    fn whoever_offers_a_handover_stays_on_call_until_it_is_accepted() {
        let mut plan = plan();
        let offered = HandoverOffered {
            id: "h1".into(),
            layer: PRIMARY.into(),
            who: "ana".into(),
            to: Some("ben".into()),
            from: utc("2026-01-05T09:00:00Z"),
            until: utc("2026-01-12T09:00:00Z"),
            next_until: utc("2026-01-19T09:00:00Z"),
            text: Vec::new().into(),
        };
        let draft = said("2026-01-12T08:30:00Z", OnCallStatement::Offered(offered));
        let open = HandoverRecord::after(None, &draft).unwrap();
        let accept = |at: &str, by: &str| {
            let accepted = HandoverAccepted { id: "h1".into(), who: by.into(), moved: vec![], reopened: vec![] };
            HandoverRecord::after(Some(open.clone()), &said(at, OnCallStatement::Accepted(accepted))).unwrap()
        };
        plan.learn([], [open.clone()]);
        assert_eq!(who(&plan, PRIMARY, "2026-01-12T10:00:00Z"), "ana", "nobody accepted it");
        assert!(plan.offered(PRIMARY, utc("2026-01-12T10:00:00Z")).is_some());
        assert!(plan.offered(PRIMARY, utc("2026-01-19T09:00:00Z")).is_none(), "not for ever");
        assert_eq!(who(&plan, PRIMARY, "2026-01-19T09:00:00Z"), "ana", "her own turn");

        plan.learn([], [accept("2026-01-12T09:20:00Z", "ben")]);
        assert_eq!(who(&plan, PRIMARY, "2026-01-12T09:19:59Z"), "ana");
        assert_eq!(who(&plan, PRIMARY, "2026-01-12T09:20:00Z"), "ben");
        assert!(plan.offered(PRIMARY, utc("2026-01-12T10:00:00Z")).is_none());

        plan.learn([], [accept("2026-01-12T08:40:00Z", "eve")]);
        assert_eq!(who(&plan, PRIMARY, "2026-01-12T08:39:59Z"), "ana");
        assert_eq!(who(&plan, PRIMARY, "2026-01-12T08:40:00Z"), "eve", "before the shift was over");
        assert_eq!(who(&plan, PRIMARY, "2026-01-18T00:00:00Z"), "eve", "whoever accepts it has the shift");
        assert_eq!(who(&plan, PRIMARY, "2026-01-19T09:00:00Z"), "ana");
    }
    const DAILY: &str = "\
[contact.ana]
[contact.ben]
[contact.cleo]
[oncall]
rotation = [\"ana\", \"ben\", \"cleo\"]
handover = \"daily 18:00\"
from = \"2026-01-05\"
";

    fn daily() -> Config {
        let loaded = load_text(Path::new("/srv/opsroom.toml"), DAILY);
        loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
    }

    fn offer(id: &str, at: &str, (from, until, next_until): (&str, &str, &str)) -> HandoverRecord {
        let (from, until, next_until) = (utc(from), utc(until), utc(next_until));
        let (layer, who, to, text) = (PRIMARY.into(), "ana".into(), Some("ben".into()), Vec::new().into());
        let offered = HandoverOffered { id: id.into(), layer, who, to, from, until, next_until, text };
        HandoverRecord::after(None, &said(at, OnCallStatement::Offered(offered))).unwrap()
    }

    fn taken_back(record: &HandoverRecord, at: &str) -> HandoverRecord {
        let withdrawn = HandoverWithdrawn { id: record.said.id.clone() };
        HandoverRecord::after(Some(record.clone()), &said(at, OnCallStatement::Withdrawn(withdrawn))).unwrap()
    }

    fn accepted_by(who: &str, record: &HandoverRecord, at: &str) -> HandoverRecord {
        let accepted =
            HandoverAccepted { id: record.said.id.clone(), who: who.into(), moved: vec![], reopened: vec![] };
        HandoverRecord::after(Some(record.clone()), &said(at, OnCallStatement::Accepted(accepted))).unwrap()
    }

    /// Ana's shift, and the end of Ben's.
    const ANAS: (&str, &str, &str) = ("2026-01-08T18:00:00Z", "2026-01-09T18:00:00Z", "2026-01-10T18:00:00Z");

    #[test]
    fn whoever_corrects_an_offer_hands_over_the_same_shift_to_the_same_person() {
        let mut plan = DutyPlan::new(&daily(), [], []);
        let meant = |plan: &DutyPlan, at: &str| plan.to_hand_over(PRIMARY, &"ana".into(), utc(at));
        let due = meant(&plan, "2026-01-09T12:00:00Z");
        assert_eq!((&*due.who, due.to.as_deref()), ("ana", Some("ben")));
        assert_eq!((due.shift.start, due.shift.end, due.next_until), (utc(ANAS.0), utc(ANAS.1), utc(ANAS.2)));
        let first = offer("h1", "2026-01-09T12:00:00Z", ANAS);
        plan.learn([], [first.clone()]);
        // Also where nobody accepted it in time, and once more.
        for at in ["2026-01-09T12:01:00Z", "2026-01-09T17:59:59Z", "2026-01-09T18:00:00Z", "2026-01-10T11:00:00Z"] {
            assert_eq!(meant(&plan, at), due, "{at}");
        }
        plan.learn([], [taken_back(&first, "2026-01-09T19:00:00Z"), offer("h2", "2026-01-09T19:00:00Z", ANAS)]);
        assert_eq!(meant(&plan, "2026-01-09T20:00:00Z"), due, "corrected twice");
        assert_eq!(who(&plan, PRIMARY, "2026-01-09T20:00:00Z"), "ana", "nobody accepted it");
        let second = plan.offered(PRIMARY, utc("2026-01-09T20:00:00Z")).unwrap().clone();
        plan.learn([], [accepted_by("ben", &second, "2026-01-09T20:00:00Z")]);
        assert_eq!(who(&plan, PRIMARY, "2026-01-10T17:59:59Z"), "ben");
        assert_eq!(who(&plan, PRIMARY, "2026-01-10T18:00:00Z"), "cleo", "her own turn");
        let again = meant(&plan, "2026-01-09T21:00:00Z");
        assert_eq!((&*again.who, again.to.as_deref()), ("ben", Some("cleo")), "ana has handed hers over already");
    }

    #[test]
    fn an_offer_changes_nothing_of_who_comes_when() {
        let (mut plan, noon) = (DutyPlan::new(&daily(), [], []), utc("2026-01-09T12:00:00Z"));
        let due = plan.shift(PRIMARY, noon).unwrap();
        assert_eq!((due.0.until, due.1.as_deref()), (Some(utc(ANAS.1)), Some("ben")));
        plan.learn([], [offer("h1", "2026-01-09T12:00:00Z", ANAS)]);
        assert_eq!(plan.shift(PRIMARY, noon), Some(due));
        let late = plan.shift(PRIMARY, utc("2026-01-09T18:30:00Z")).unwrap();
        assert_eq!((&*late.0.who, late.0.until), ("ana", Some(utc(ANAS.2))), "nobody accepted it");
    }

    #[test]
    fn whoever_accepts_a_handover_is_on_call_though_somebody_took_the_shift_since_it_was_offered() {
        let mut plan = DutyPlan::new(&daily(), [], []);
        let open = offer("h1", "2026-01-09T12:00:00Z", ANAS);
        plan.learn([], [open.clone()]);
        assign(&mut plan, "2026-01-09T13:00:00Z", "o1", "cleo", "2026-01-09T13:00:00Z", "2026-01-10T09:00:00Z");
        assert_eq!(who(&plan, PRIMARY, "2026-01-09T18:30:00Z"), "cleo");
        plan.learn([], [accepted_by("ben", &open, "2026-01-09T14:00:00Z")]);
        assert_eq!(who(&plan, PRIMARY, "2026-01-09T13:59:59Z"), "cleo");
        assert_eq!(who(&plan, PRIMARY, "2026-01-09T14:00:00Z"), "ben");
        // What is said after that wins again.
        assign(&mut plan, "2026-01-09T15:00:00Z", "o2", "cleo", "2026-01-09T15:00:00Z", "2026-01-09T16:00:00Z");
        assert_eq!(who(&plan, PRIMARY, "2026-01-09T15:00:00Z"), "cleo");
    }

    #[test]
    fn the_shifts_to_come_are_counted_once_until_one_ends_or_the_plan_is_another_one() {
        let mut duty = Duty::new(&daily());
        let first = |duty: &Duty, at: &str| {
            let layers = duty.coming(utc(at));
            (layers.as_ptr(), layers[0].shifts.iter().map(|shift| shift.who.to_string()).collect::<Vec<_>>())
        };
        duty.look(utc("2026-01-09T12:00:00Z"));
        let (place, people) = first(&duty, "2026-01-09T12:00:00Z");
        assert_eq!(people, ["ana", "ben", "cleo", "ana", "ben", "cleo", "ana"]);
        duty.look(utc("2026-01-09T17:59:59Z"));
        assert_eq!(first(&duty, "2026-01-09T17:59:59Z").0, place, "the same");
        duty.look(utc("2026-01-09T18:00:00Z"));
        assert_eq!(first(&duty, "2026-01-09T18:00:00Z").1[..2], ["ben", "cleo"]);
        assert!(duty.is_news(&ThingKey::new(ThingKind::OnCall, "o1"), 1));
        let plan = Arc::make_mut(&mut duty.plan);
        assign(plan, "2026-01-09T19:00:00Z", "o1", "cleo", "2026-01-09T19:00:00Z", "2026-01-09T20:00:00Z");
        assert_eq!(first(&duty, "2026-01-09T19:00:00Z").1[..3], ["cleo", "ben", "cleo"]);
    }
}
