//! `[defaults]`: what is said once for all.

use crate::config::spec;
use crate::config::spec::SectionSpec;
use std::time::Duration;

use crate::config::reader::TableReader;
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::model::run::Confirm;

/// What a section says where it does not say it itself; `None` leaves each kind its own default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Defaults {
    /// `every`
    pub every: Option<Duration>,
    /// `timeout` of polls; a source with a shorter interval is bounded by that.
    pub timeout: Option<Duration>,
    /// `fail_after`
    pub fail_after: Option<u32>,
    /// `ok_after`
    pub ok_after: Option<u32>,
    /// `confirm` of actions
    pub confirm: Option<Confirm>,
    /// `action_timeout`
    pub action_timeout: Option<Duration>,
    /// `grace` of actions
    pub grace: Option<Duration>,
    /// `cooldown` of actions
    pub cooldown: Option<Duration>,
}

/// The grades of confirmation as written.
pub(crate) const CONFIRM: &[(&str, Confirm)] = &[
    ("none", Confirm::None),
    ("yes", Confirm::Yes),
    ("type-name", Confirm::TypeName),
    ("two-person", Confirm::TwoPerson),
];

/// The keys of `[defaults]`.
pub(crate) const KEYS: &[KeySpec] = &[
    key("every", ValueForm::Duration, "Interval from start to start, of sources and checks"),
    key("timeout", ValueForm::Duration, "Longest time for a whole poll, of sources and checks"),
    key("fail_after", ValueForm::Whole(1, 1_000), "Consecutive failures until a check is down. Default 3"),
    key("ok_after", ValueForm::Whole(1, 1_000), "Consecutive successes until it is ok again. Default 2"),
    key(
        "confirm",
        ValueForm::OneOf(&["none", "yes", "type-name", "two-person"]),
        "How actions are confirmed. Default yes",
    ),
    key("action_timeout", ValueForm::Duration, "Longest time for the whole run of an action. Default 120s"),
    key("grace", ValueForm::Duration, "Time between TERM and KILL. Default 10s"),
    key("cooldown", ValueForm::Duration, "Shortest time between two runs on one target. Default none"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "defaults",
    shape: spec::SectionShape::Single(KEYS),
    help: "Defaults for all sources, checks and actions",
};

/// Reads `[defaults]`.
pub(crate) fn read(table: &TableReader<'_>) -> Defaults {
    let defaults = Defaults {
        every: table.positive("every"),
        timeout: table.positive("timeout"),
        fail_after: table.whole("fail_after").map(|number| number as u32),
        ok_after: table.whole("ok_after").map(|number| number as u32),
        confirm: table.one_of("confirm", CONFIRM),
        action_timeout: table.positive("action_timeout"),
        grace: table.duration("grace"),
        cooldown: table.duration("cooldown"),
    };
    if let (Some(every), Some(timeout)) = (defaults.every, defaults.timeout)
        && timeout > every
    {
        table.context.error(
            table.place("timeout"),
            "`timeout` is longer than `every`",
            "a poll must end before the next begins: raise `every` or lower `timeout`",
        );
    }
    defaults
}
