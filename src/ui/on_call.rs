//! Who is on call, and until when.

use chrono::{DateTime, Utc};

use super::figures;
use crate::lang::tz::Tz;
use crate::world::World;

/// Days within which a weekday says which one is meant: on the day itself, the time alone stands.
const A_WEEK: i64 = 7;

/// `ops-a` and ` until Mon 09:00`, which is empty where nobody else comes; `None` where nobody is on call.
pub(super) fn words(world: &World) -> Option<(String, String)> {
    let rotation = &world.config.oncall.as_ref()?.rotation;
    let (now, zone) = (world.now.utc, world.config.console.timezone);
    let until = rotation.next_change(now).map_or_else(String::new, |(at, _)| format!(" until {}", day(at, now, zone)));
    Some((rotation.who(now).to_string(), until))
}

/// `09:00` where that is today, `Mon 09:00` within the week, `11-30 09:00` later.
fn day(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let form = match (at.with_timezone(&zone).date_naive() - now.with_timezone(&zone).date_naive()).num_days() {
        _ if figures::same_day(at, now, zone) => "%H:%M",
        ..=A_WEEK => "%a %H:%M",
        _ => "%m-%d %H:%M",
    };
    at.with_timezone(&zone).format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_said_as_far_as_it_is_needed() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let monday = at("2026-11-30T09:00:00Z");
        for (now, said) in [
            ("2026-11-30T02:40:00Z", "09:00"),
            ("2026-11-24T00:00:00Z", "Mon 09:00"),
            ("2026-11-23T09:00:00Z", "Mon 09:00"),
            ("2026-11-22T23:59:59Z", "11-30 09:00"),
        ] {
            assert_eq!(day(monday, at(now), Tz::UTC), said, "{now}");
        }
        assert_eq!(day(monday, at("2026-11-30T02:40:00Z"), Tz::named("Europe/Zurich")), "10:00");
    }
}
