//! Where an alert stands for a person: by what is on record where another process acts for all, else by what is seen here.

use super::World;
use super::alerts::Phase;
use super::machines::Machine;
use crate::lang::time::Stamp;
use crate::model::alert::AlertState;
use crate::model::since::Since;
use crate::model::thing::AlertRecord;

/// Where an alert stands for a person who looks at it here.
pub(super) struct Shown<'a> {
    /// Where.
    pub phase: Phase,
    /// Since when.
    pub since: Option<Since>,
    /// What was seen by whoever acts for all; `None`: what is seen here.
    pub value: Option<&'a str>,
    /// Whether it fires by what is seen from here alone.
    pub is_own_view: bool,
}

/// By what is on record while another process acts for all or nobody does, else by what is seen here.
pub(super) fn shown<'a>(world: &'a World, machine: &Machine) -> Option<Shown<'a>> {
    let own = match machine.alert.state {
        AlertState::Inactive => None,
        AlertState::Pending { .. } => Some(Phase::Pending),
        AlertState::Firing { .. } | AlertState::Keeping { .. } => Some(Phase::Firing),
        AlertState::Resolved { .. } => Some(Phase::Resolved),
    };
    let own_view = |phase, is_own_view| Shown { phase, since: machine.alert.since(), value: None, is_own_view };
    let record = world.firings.latest(&machine.alert.name).map(|firing| &firing.record);
    let fires = record.filter(|record| record.is_firing() && (world.shows_record() || world.is_record_open()));
    match (fires, own) {
        (Some(record), own) => {
            let since = Some(Since { at: world.now.stored(record.fired_at), seen: record.seen });
            let value = (own != Some(Phase::Firing)).then_some(record.value.as_str());
            Some(Shown { phase: Phase::Firing, since, value, is_own_view: false })
        }
        (None, Some(Phase::Firing)) => Some(own_view(Phase::Firing, world.shows_record())),
        (None, Some(Phase::Pending)) => Some(own_view(Phase::Pending, false)),
        (None, _) => {
            let Over { at, value } = over_by(world, machine, record)?;
            Some(Shown { phase: Phase::Resolved, since: Some(Since::seen(at)), value, is_own_view: false })
        }
    }
}

/// The end of a firing that is still shown.
pub(super) struct Over<'a> {
    /// When.
    pub at: Stamp,
    /// What was seen when it fired; `None` where that is not on record.
    pub value: Option<&'a str>,
}

/// The latest end of an alert, for as long as that is shown. By the record, which is the same in every console; by what was
/// seen here where the record does not have it.
pub(super) fn over<'a>(world: &'a World, machine: &Machine) -> Option<Over<'a>> {
    over_by(world, machine, world.firings.latest(&machine.alert.name).map(|firing| &firing.record))
}

/// The same, where `record` is the latest firing that is on record.
fn over_by<'a>(world: &'a World, machine: &Machine, record: Option<&'a AlertRecord>) -> Option<Over<'a>> {
    let on_record = record.and_then(|record| Some((record.resolved_at?, record.value.as_str())));
    let over = match (on_record, machine.alert.state) {
        (Some((at, value)), _) => Over { at: world.now.stored(at), value: Some(value) },
        (None, AlertState::Resolved { at, .. }) if !world.shows_record() => Over { at, value: None },
        _ => return None,
    };
    (world.now.since(over.at) < world.config.alerting.resolved_for).then_some(over)
}
