//! Who else is here, and whose screen this is.

use super::{CLOCK_DROP_PRIORITY, Part};
use crate::app::state::State;
use crate::model::fact::login_of;
use crate::model::presence::Presence;
use crate::text::SafeText;
use crate::theme::Role;
use crate::ui::line::Line;

/// Who else is here gives way before anything else.
const COMPANY: u8 = 20;

/// Whose screen this is, where it is a colleague's: who does not know that wonders why it moves.
pub(super) fn followed(state: &State, divider: &Line<'static>) -> Option<Part> {
    let name = &state.console.following.as_ref()?.name;
    let words = divider.clone().join(Line::styled(format!(" following {name} "), Role::ChipFrozen));
    Some(Part::new(words, CLOCK_DROP_PRIORITY))
}

/// Who else is here, with the one that records for all where that is not this console: the first thing to give way.
pub(super) fn present(state: &State, divider: &Line<'static>) -> Option<Part> {
    let words = |text: String| divider.clone().join(Line::styled(text, Role::TextDim));
    let (present, holder) = (&state.seen().present, state.seen().lease_holder());
    let name = |one: &Presence| {
        let records = if holder.is_some_and(|holder| one.is(holder)) { ", records" } else { "" };
        let place = if one.watcher { "watcher" } else { one.screen.as_str() };
        format!("{} ({place}{records})", one.name())
    };
    let recorder = holder.filter(|holder| !present.iter().any(|one| one.is(holder)));
    let recorder = recorder.map(|holder| {
        let role = if holder.watcher { "watcher, " } else { "" };
        format!("{} ({role}records)", SafeText::new(login_of(&holder.who)))
    });
    let all: Vec<String> = recorder.into_iter().chain(present.iter().map(name)).collect();
    let (first, others) = all.split_first()?;
    let more = if others.is_empty() { String::new() } else { format!(" +{} more", others.len()) };
    // A name has no ` (`: it was cut there.
    let name = first.split(" (").next().unwrap_or_default();
    let short = Part::new(words(format!("with {name}{more}")), COMPANY - 2)
        .or_longer(words(format!("with {first}{more}")), COMPANY - 1);
    Some(match others {
        [] => short,
        [second] => short.or_longer(words(format!("with {first}, {second}")), COMPANY),
        [second, rest @ ..] => short.or_longer(words(format!("with {first}, {second} +{} more", rest.len())), COMPANY),
    })
}
