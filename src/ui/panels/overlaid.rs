//! What lies over the status of a service and is said beside it.

use crate::app::state::State;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::Line;
use crate::ui::widgets::status;
use crate::world::services::ServiceView;

/// What lies over its status: that it is in maintenance, that it flaps, that its alerts are silenced, that somebody is at
/// it. Empty where nothing does. `short`: of what a person did about its alerts the sign alone.
pub(in crate::ui) fn overlays(
    state: &State,
    glyphs: GlyphSet,
    service: &ServiceView,
    flaps: bool,
    short: bool,
) -> Line<'static> {
    let said = |sign: &'static str, word: &'static str, role: Role| {
        let line = Line::styled(sign, role);
        if short { line } else { line.and(" ", role).and(word, role) }
    };
    let is_muted = state.seen().is_in_maintenance(service);
    let lies = [
        is_muted.then(|| status::maintenance(glyphs)),
        flaps.then(|| status::flapping(glyphs)),
        (!is_muted && state.seen().is_silenced(service)).then(|| said(glyphs.silenced, "silenced", Role::MarkSilenced)),
        state
            .seen()
            .acknowledged_service(service)
            .map(|_| said(glyphs.acknowledged, "acknowledged", Role::MarkAcknowledged)),
    ];
    lies.into_iter()
        .flatten()
        .fold(Line::new(), |line, over| if line.is_empty() { over } else { line.and("  ", Role::Text).join(over) })
}
