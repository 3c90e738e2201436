//! Who is on call, in the header.

use super::{LAST_DROPPED, Part, SHORT_NAME};
use crate::app::reading;
use crate::app::state::State;
use crate::text::SafeText;
use crate::theme::GlyphSet;
use crate::theme::Role;
use crate::ui::line::{Line, cut};
use crate::ui::on_call::words;

/// Until when gives way before what is wrong does, and who is next before that. Who it is stays longer than the time
/// and the incident, which other rows have too: whoever is called at night has to know by whom.
const ON_CALL: u8 = 5;
const ON_CALL_NEXT: u8 = 17;

/// Who is on call until when and who is next; before that a handover that waits to be accepted.
pub(super) fn on_call(state: &State, divider: &Line<'static>, glyphs: GlyphSet) -> Option<Part> {
    let world = state.seen();
    let (who, until) = words(world)?;
    let line = |text: String| divider.clone().join(Line::styled(text, Role::TextDim));
    let name = Part::new(line(cut(who.as_str(), SHORT_NAME, glyphs.ellipsis)), LAST_DROPPED);
    if let Some(offered) = reading::offered(state) {
        let text = format!("handover of {} offered", SafeText::new(&offered.said.who));
        let chip = divider.clone().join(Line::styled(text, Role::StatusPending));
        return Some(name.or_longer(line(format!("on call {who}")), ON_CALL).or_longer(chip, ON_CALL + 1));
    }
    if until.is_empty() {
        return Some(name.or_longer(line(format!("on call {who}")), ON_CALL));
    }
    let part = name.or_longer(line(format!("{who}{until}")), ON_CALL);
    let (_, next) = world.on_call()?;
    Some(match next {
        Some(next) => part.or_longer(line(format!("{who}{until}, then {}", SafeText::new(next))), ON_CALL_NEXT),
        None => part,
    })
}
