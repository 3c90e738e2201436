//! What is unlike the same hour yesterday: figures of this hour beside those of 24 hours before.

use std::time::Duration;

use super::World;
use super::charted::Charted;
use crate::lang::order::InOrder;
use crate::lang::unit;
use crate::model::series::{OlderSpans, Point};

/// The span that is compared, and how many of them lie between it and the one of yesterday.
const HOUR: Duration = Duration::from_hours(1);
const DAY: usize = 24;
/// An hour that has just begun says little: until then the one before it is compared.
const BEGUN: Duration = Duration::from_mins(15);
/// What has become that many times as much or as little is unlike.
const TIMES: f64 = 1.5;
/// Below so many milliseconds more or less, a latency is not worth a word.
const LEAST_MS: f64 = 5.0;
/// Values of an hour at least: fewer say little.
const LEAST_VALUES: u32 = 5;
/// Series that are looked at, and of which the most unlike are listed.
const LOOKED_AT: usize = 2_000;
const LISTED: usize = 20;

/// A figure that is unlike what it was.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UnlikeHour {
    /// Of what: `error rate`, `api latency`.
    pub title: String,
    /// Its unit; may be empty.
    pub unit: String,
    /// Its mean in this hour; of a latency the median.
    pub now: f64,
    /// The same a day before.
    pub before: f64,
}

impl UnlikeHour {
    /// `error rate 9.9 %, yesterday 0.4 %`.
    pub(crate) fn describe(&self) -> String {
        let [now, before] = [self.now, self.before].map(|value| unit::quantity(value, &self.unit));
        format!("{} {now}, yesterday {before}", self.title)
    }

    /// How many times as much or as little.
    fn times(&self) -> f64 {
        let (less, more) = (self.now.abs().min(self.before.abs()), self.now.abs().max(self.before.abs()));
        if less > 0.0 && self.now.signum() == self.before.signum() { more / less } else { f64::INFINITY }
    }
}

impl World {
    /// What is unlike the same hour yesterday, the most unlike first; nothing of what was not measured in both.
    pub(crate) fn unlike_yesterday(&self) -> Vec<UnlikeHour> {
        let mut found: Vec<UnlikeHour> =
            self.all_charted().take(LOOKED_AT).filter_map(|charted| self.unlike(charted)).collect();
        found.order_by(|one, other| other.times().total_cmp(&one.times()).then_with(|| one.title.cmp(&other.title)));
        found.truncate(LISTED);
        found
    }

    fn unlike(&self, charted: Charted<'_>) -> Option<UnlikeHour> {
        let into_hour = Duration::from_secs(self.now.mono.as_secs() % HOUR.as_secs());
        let points = charted.points(OlderSpans::NONE, DAY + 2, HOUR, self.now);
        let this = if into_hour < BEGUN { DAY } else { DAY + 1 };
        let of = |place: usize| points.get(place).copied().flatten().filter(|point| point.count >= LEAST_VALUES);
        let (now, before) = (of(this)?, of(this - DAY)?);
        let unlike = UnlikeHour {
            title: charted.title(self).into_owned(),
            unit: charted.unit().to_owned(),
            now: now.mean,
            before: before.mean,
        };
        let is_notable = !matches!(charted, Charted::Check(_)) || (now.mean - before.mean).abs() >= LEAST_MS;
        (is_notable && is_outside(now, before) && unlike.times() >= TIMES).then_some(unlike)
    }
}

/// Whether the mean of an hour lies where no value of the other one did.
fn is_outside(now: Point, before: Point) -> bool {
    now.mean < before.min || now.mean > before.max
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use chrono::DateTime;

    use super::*;
    use crate::config::load::load_text;
    use crate::lang::time::Stamp;
    use crate::model::observation::Observation;
    use crate::model::reading::Sample;

    const CONFIG: &str = "\
[source.s]
http = \"http://127.0.0.1:1/\"
every = \"1m\"
[metric.errors]
from = \"s\"
value = \".body.errors\"
unit = \"%\"
[metric.users]
from = \"s\"
value = \".body.users\"
";

    /// A world at that minute of a day, with a value each minute of the two hours that are given, by metric.
    fn seen(minute: u64, values: &[(&str, f64, f64)]) -> Vec<String> {
        let start = 1_764_460_800_u64;
        let at = |minute: u64| {
            let mono = Duration::from_secs(start + minute * 60);
            Stamp { mono, utc: DateTime::from_timestamp(mono.as_secs().cast_signed(), 0).unwrap() }
        };
        let config = load_text(Path::new("/srv/opsroom.toml"), CONFIG).config.unwrap();
        let mut world = World::new(Arc::new(config), at(0));
        let end = 24 * 60 + minute;
        for now in 0..=end {
            for (metric, before, after) in values {
                // The noise of each hour is a tenth.
                let value = if now < 24 * 60 { *before } else { *after } * (1.0 + (now % 3) as f64 / 30.0);
                let sample = Sample { metric: (*metric).into(), at: at(now), value: Ok(value), caveat: None };
                world.observe(Observation::Sample(sample), at(now));
            }
        }
        world.tick(at(end));
        world.unlike_yesterday().iter().map(UnlikeHour::describe).collect()
    }

    #[test]
    fn what_is_half_as_much_again_and_outside_of_what_there_was_is_unlike() {
        let found = seen(40, &[("errors", 0.4, 9.9), ("users", 100.0, 110.0)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("errors 10.2") && found[0].contains("yesterday 0.41"), "{found:?}");
        let less = seen(40, &[("users", 100.0, 10.0)]);
        assert!(less[0].starts_with("users 10.3"), "{less:?}");
        assert_eq!(seen(40, &[("users", 0.0, 0.0)]), [""; 0]);
        assert!(seen(40, &[("users", 0.0, 3.0)])[0].ends_with("yesterday 0"));
    }

    #[test]
    fn an_hour_that_has_just_begun_is_not_compared_and_neither_is_what_was_not_measured_then() {
        assert_eq!(seen(5, &[("errors", 0.4, 9.9)]), [""; 0], "the hour before was like its own yesterday");
        assert_eq!(seen(0, &[]), [""; 0]);
    }
}
