//! What is known of a row of the change calendar.

use super::Sheet;
use crate::model::maintenance::clock_with_zone;
use crate::world::changes::CalendarEntry;

impl Sheet<'_> {
    pub(super) fn planned(&mut self, entry: CalendarEntry<'_>) {
        let (now, zone) = (self.world.now.utc, self.world.config.console.timezone);
        let clock = |at| clock_with_zone(at, now, zone);
        self.say("state", if entry.is_running(now) { "running" } else { "coming" });
        self.say("from", clock(entry.window().start));
        self.say("until", clock(entry.window().end));
        self.say("services", entry.services().describe());
        if let Some((by, why)) = entry.planned() {
            self.say("by", by);
            self.say("why", why);
        }
        if let CalendarEntry::Change(change) = entry {
            self.say("planned", if change.is_at_short_notice() { "at short notice" } else { "" });
            match &change.approved {
                Some((by, at)) => self.say("approved", format!("{} by {by}", self.moment(*at))),
                None if change.needs_approval() => self.say("approved", "not yet"),
                None => {}
            }
            self.listed("announced by", &change.notify);
        }
        self.say("id", &**entry.id());
    }
}
