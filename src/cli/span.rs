//! Moments and spans of time as commands read them from their options: `--from`, and `--until` or `--for`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;

use super::alerts::duration;
use super::output;
use crate::lang::schedule::LocalMoment;
use crate::lang::tz::Tz;
use crate::model::alert::times::SpanBounds;
use crate::model::maintenance::clock_with_zone;

/// A problem with the command line, and what to do.
pub(super) type Refusal = (String, String);

/// When a span ends.
#[derive(Debug, Args)]
pub(super) struct EndArguments {
    /// The first moment after it; this or --for is required
    #[arg(long, alias = "to", value_name = "TIME", conflicts_with = "span")]
    until: Option<String>,
    /// For how long, instead of --until
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    span: Option<Duration>,
}

impl EndArguments {
    /// The end of a span that begins `from` a moment: as `--until` says, or else `--for`.
    pub(super) fn after(&self, from: DateTime<Utc>, zone: Tz, skipped: Skipped) -> Result<DateTime<Utc>, Refusal> {
        end(from, (self.until.as_deref(), self.span), zone, skipped)
    }
}

/// What is done about a time that the clocks of a zone never show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skipped {
    /// It is said for what it is taken.
    Say,
    /// Nothing: the same was read before.
    Said,
}

/// Refuses what the command line says.
pub(super) fn refused<T>(problem: impl Into<String>, hint: impl Into<String>) -> Result<T, Refusal> {
    Err((problem.into(), hint.into()))
}

/// What a span may be.
pub(super) fn allowed(bounds: SpanBounds) -> String {
    format!("allowed: {}", bounds.describe())
}

/// The moment that an option names, by the clocks of a zone.
pub(super) fn moment(option: &str, text: &str, zone: Tz, skipped: Skipped) -> Result<DateTime<Utc>, Refusal> {
    let moment = LocalMoment::parse(text).map_err(|error| (format!("{option}: {error}"), error.hint))?;
    if skipped == Skipped::Say {
        say_skipped(option, text, zone);
    }
    Ok(moment.at(zone))
}

/// The same of what begins: `now` and `2h` from now are understood too.
pub(super) fn beginning(
    option: &str,
    text: &str,
    now: DateTime<Utc>,
    zone: Tz,
    skipped: Skipped,
) -> Result<DateTime<Utc>, Refusal> {
    let moment = SpanBounds::MUTED.moment(text, now, zone);
    let moment = moment.map_err(|(problem, hint)| (format!("{option}: {problem}"), hint))?;
    if skipped == Skipped::Say {
        say_skipped(option, text, zone);
    }
    Ok(moment)
}

/// Says of a time that the clocks of a zone never show what it is taken for.
fn say_skipped(option: &str, text: &str, zone: Tz) {
    if let Some(why) = LocalMoment::parse(text).ok().and_then(|moment| moment.skipped(zone)) {
        output::eprint_error(&format!("note: {option}: {why}\n"));
    }
}

/// The end of a span of such a length.
pub(super) fn end_after(from: DateTime<Utc>, option: &str, length: Duration) -> Result<DateTime<Utc>, Refusal> {
    let bounds = SpanBounds::MUTED;
    bounds.until(from, length).map_err(|problem| (format!("{option}: {problem}"), allowed(bounds)))
}

fn end(
    from: DateTime<Utc>,
    (until, length): (Option<&str>, Option<Duration>),
    zone: Tz,
    skipped: Skipped,
) -> Result<DateTime<Utc>, Refusal> {
    let until = match (until, length) {
        (Some(text), _) => moment("--until", text, zone, skipped)?,
        (None, Some(length)) => return end_after(from, "--for", length),
        (None, None) => return refused("no end given", "add --until TIME, or --for DURATION"),
    };
    match (until - from).to_std() {
        Ok(length) if !length.is_zero() => end_after(from, "--until", length),
        _ => refused("--until does not lie after --from", "give the first moment after it"),
    }
}

/// Refuses a beginning that lies too far ahead.
pub(super) fn not_too_far(from: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> Result<(), Refusal> {
    let bounds = SpanBounds::MUTED;
    if (from - now).to_std().is_ok_and(|ahead| bounds.is_exceeded_by(ahead)) {
        let problem = format!("--from lies too far ahead: {}", clock_with_zone(from, now, zone));
        return refused(problem, format!("begin within {}", bounds.longest()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_ends_as_it_is_told_by_the_clocks_of_the_zone() {
        let (from, zone) = ("2026-03-28T23:00:00Z".parse::<DateTime<Utc>>().unwrap(), Tz::named("Europe/Vienna"));
        let told = |until: Option<&str>, length: Option<u64>| {
            end(from, (until, length.map(Duration::from_secs)), zone, Skipped::Say)
                .map(|end| end.to_rfc3339())
                .map_err(|why| why.0)
        };
        let refused = |why: &str| Err(why.to_owned());
        // The night in which clocks are set.
        assert_eq!(told(Some("2026-03-29T09:00"), None).as_deref(), Ok("2026-03-29T07:00:00+00:00"));
        assert_eq!(told(None, Some(3_600)).as_deref(), Ok("2026-03-29T00:00:00+00:00"));
        assert_eq!(told(None, None), refused("no end given"));
        assert_eq!(told(Some("2026-03-29T00:00"), None), refused("--until does not lie after --from"));
        assert_eq!(told(Some("2026-03-01"), None), refused("--until does not lie after --from"));
        assert_eq!(told(None, Some(0)), refused("--for: `0s` is too short"));
        assert!(told(Some("soon"), None).unwrap_err().starts_with("--until: "));
        assert!(told(Some("2028-01-01"), None).unwrap_err().starts_with("--until: "));
    }
}
