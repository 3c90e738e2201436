//! The shifts to come, as a table and as a calendar file.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{CalendarArguments, layer};
use crate::cli::Global;
use crate::cli::output::{self, exit};
use crate::cli::span::{Refusal, Skipped, beginning};
use crate::config::Config;
use crate::config::titles::title_of_contact;
use crate::lang::order::InOrder;
use crate::lang::schedule::TimeWindow;
use crate::lang::time::rfc3339;
use crate::lang::unit;
use crate::model::oncall::Shift;
use crate::report::ical::{self, CalendarEvent};
use crate::text::name::Name;
use crate::world::duty::DutyPlan;

/// The longest span that is listed.
const LONGEST: TimeDelta = TimeDelta::days(400);

/// One shift, as JSON has it. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
struct ShiftLine {
    layer: Name,
    who: Name,
    name: String,
    from: String,
    until: String,
    /// Shorter or longer by an hour where clocks change.
    seconds: i64,
    #[serde(skip)]
    window: TimeWindow,
}

pub(super) fn print(plan: &DutyPlan, config: &Config, asked: &CalendarArguments, json: bool, global: &Global) -> u8 {
    let now = global.clock.now().utc;
    let lines = match lines(plan, config, asked, now) {
        Ok(found) => found,
        Err((problem, hint)) => return output::fail(exit::USAGE, &problem, &hint),
    };
    if json {
        return output::print_as_json("the shifts", &lines);
    }
    if asked.ics {
        let name = format!("on call: {}", config.console.name);
        let events: Vec<CalendarEvent> = lines.iter().map(|line| event(line, config, now)).collect();
        return output::print_crlf(&ical::calendar(&name, &events));
    }
    output::print(&table(&lines, plan, config))
}

fn lines(
    plan: &DutyPlan,
    config: &Config,
    asked: &CalendarArguments,
    now: DateTime<Utc>,
) -> Result<Vec<ShiftLine>, Refusal> {
    let zone = plan.primary().map_or(config.console.timezone, crate::model::oncall::Rotation::zone);
    let start = asked.from.as_deref().map(|text| beginning("--from", text, now, zone, Skipped::Say));
    let start = start.transpose()?.unwrap_or(now);
    let length = TimeDelta::from_std(asked.span).ok().filter(|length| *length <= LONGEST);
    let Some(length) = length else {
        return Err(("--for: too long".to_owned(), "use 400d or less".to_owned()));
    };
    let span = TimeWindow { start, end: start + length };
    let one = asked.layer.as_deref().map(|name| layer(plan, name).map(|_| name)).transpose()?;
    let wanted = plan.planned(now).filter(|(name, _)| one.is_none_or(|one| ***name == *one));
    let mut found: Vec<ShiftLine> = Vec::new();
    for (name, rotation) in wanted {
        found.extend(rotation.shifts(span).into_iter().map(|shift| line(name, shift, config, span)));
    }
    found.order_by_key(|line| line.window.start);
    Ok(found)
}

/// A shift; one without a beginning or an end lasts over the whole span.
fn line(layer: &Name, shift: Shift, config: &Config, span: TimeWindow) -> ShiftLine {
    let window = TimeWindow { start: shift.from.unwrap_or(span.start), end: shift.until.unwrap_or(span.end) };
    ShiftLine {
        layer: layer.clone(),
        name: title_of_contact(config, &shift.who).to_owned(),
        who: shift.who,
        from: rfc3339(window.start),
        until: rfc3339(window.end),
        seconds: (window.end - window.start).num_seconds(),
        window,
    }
}

fn event(line: &ShiftLine, config: &Config, written: DateTime<Utc>) -> CalendarEvent {
    let host: String = config.console.name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    CalendarEvent {
        uid: format!("oncall-{}-{}@{host}.opsroom", line.layer, line.window.start.format("%Y%m%dT%H%M%SZ")),
        written,
        start: line.window.start,
        end: line.window.end,
        summary: format!("{} on call ({})", line.name, line.layer),
        description: String::new(),
        // Who is on call is still free for meetings.
        counts: ("TRANSP", "TRANSPARENT"),
    }
}

/// The length of a shift in two units at most: `13d3h`, `7d`, `8h30m`.
fn shown(length: Duration) -> String {
    let seconds = length.as_secs();
    let step = match seconds {
        0..60 => 1,
        60..86_400 => 60,
        _ => 3_600,
    };
    unit::duration(Duration::from_secs(seconds / step * step))
}

fn table(lines: &[ShiftLine], plan: &DutyPlan, config: &Config) -> String {
    let zone = plan.primary().map_or(config.console.timezone, crate::model::oncall::Rotation::zone);
    let clock =
        |at: DateTime<Utc>| format!("{}{}", at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M"), zone.told_apart(at));
    let width = |of: fn(&ShiftLine) -> usize| lines.iter().map(of).max().unwrap_or(0);
    let (layers, names) = (width(|line| line.layer.chars().count()), width(|line| line.name.chars().count()));
    let mut text = String::new();
    for line in lines {
        let length = (line.window.end - line.window.start).to_std().unwrap_or_default();
        let _ = writeln!(
            text,
            "{} to {}  {:<layers$}  {:<names$}  {}",
            clock(line.window.start),
            clock(line.window.end),
            line.layer.to_string(),
            line.name,
            shown(length),
        );
    }
    let _ = writeln!(text, "times in {zone}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_shift_has_two_units_at_most() {
        let shown = |seconds, millis| shown(Duration::from_secs(seconds) + Duration::from_millis(millis));
        assert_eq!(shown(13 * 86_400 + 3 * 3_600 + 614, 673), "13d3h");
        assert_eq!(shown(7 * 86_400, 0), "7d");
        assert_eq!(shown(8 * 3_600 + 1_859, 1), "8h30m");
        assert_eq!(shown(14, 673), "14s");
    }
}
