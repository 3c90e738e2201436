//! Who is on call, and until when.

use super::figures;
use crate::text::SafeText;
use crate::world::World;

/// `ops-a` and ` until Mon 09:00`, which is empty where nobody else comes; `None` where nobody is on call.
pub(super) fn words(world: &World) -> Option<(SafeText, String)> {
    let (shift, _) = world.on_call()?;
    let zone = world.config.console.timezone;
    let until = shift.until.map(|until| format!(" until {}", figures::weekday(until, world.now.utc, zone)));
    Some((SafeText::new(&shift.who), until.unwrap_or_default()))
}
