//! The axis under a chart: the wall clock at round times, `now` at the right edge, and a sign for each moment at which
//! something happened.

use std::ops::Range;

use crate::lang::tz::Tz;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use ratatui::layout::Rect;

use crate::app::screens::metrics::Axis;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::Painter;

/// A column in which something happened, from the newest (0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub back: usize,
    pub role: Role,
    /// How much happened there; more than one is drawn as a number.
    pub count: usize,
}

/// From one time on the axis to the next, in minutes.
const STEPS: [i64; 20] =
    [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1_440, 2_880, 4_320, 10_080, 14_400, 28_800];
const DAY: i64 = 1_440;
/// From one month on the axis to the next; each divides a year.
const MONTHS: [i32; 5] = [1, 2, 3, 4, 6];
/// Minutes of a month, of a long one.
const MONTH: i64 = 31 * DAY;
/// Minutes from which the axis says months: two of them.
const MONTHS_FROM: i64 = 60 * DAY;
/// Times beside `now`, at most.
const MOST: i64 = 3;

/// A time on the axis, by its column from the newest (0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tick {
    pub back: usize,
    pub label: String,
}

/// The round times of an axis on the clock of a zone, oldest first: the hour and minute, the day where they are days apart,
/// the month where they are months apart.
pub(crate) fn ticks(axis: Axis, zone: Tz) -> Vec<Tick> {
    let (start, end) = axis.bounds();
    let span = (end - start).num_minutes();
    if span > MONTHS_FROM {
        return months(axis, zone);
    }
    let [.., longest] = STEPS;
    let step = STEPS.into_iter().find(|step| step * MOST >= span).unwrap_or(longest);
    let mut at = floor(end.with_timezone(&zone).naive_local(), step);
    let mut ticks = Vec::new();
    while let Some(utc) = moment(at, zone).filter(|utc| *utc >= start) {
        if let Some(back) = axis.back(utc) {
            let label = at.format(if step < DAY { "%H:%M" } else { "%m-%d" }).to_string();
            ticks.push(Tick { back, label });
        }
        at -= TimeDelta::minutes(step);
    }
    ticks.reverse();
    ticks
}

/// The first days of months, oldest first.
fn months(axis: Axis, zone: Tz) -> Vec<Tick> {
    let (start, end) = axis.bounds();
    let span = (end - start).num_minutes();
    let [.., longest] = MONTHS;
    let step = MONTHS.into_iter().find(|step| i64::from(*step) * MONTH * MOST >= span).unwrap_or(longest);
    let today = end.with_timezone(&zone).date_naive();
    let this = today.year() * 12 + today.month0().cast_signed();
    let mut ticks = Vec::new();
    for month in (0..).map(|back| this - this.rem_euclid(step) - back * step) {
        let (year, in_year) = (month.div_euclid(12), month.rem_euclid(12).cast_unsigned());
        let Some(first) = NaiveDate::from_ymd_opt(year, in_year + 1, 1) else { break };
        let Some(utc) = moment(first.and_time(NaiveTime::MIN), zone).filter(|utc| *utc >= start) else { break };
        if let Some(back) = axis.back(utc) {
            ticks.push(Tick { back, label: first.format("%Y-%m").to_string() });
        }
    }
    ticks.reverse();
    ticks
}

/// The last round time that is not after `at`, counted from midnight, days from a fixed one.
fn floor(at: NaiveDateTime, step: i64) -> NaiveDateTime {
    let midnight = at.date().and_time(NaiveTime::MIN);
    if step < DAY {
        return midnight + TimeDelta::minutes((at - midnight).num_minutes() / step * step);
    }
    let days = (midnight - NaiveDateTime::default()).num_days() % (step / DAY);
    midnight - Days::new(days.unsigned_abs())
}

/// When the clock of a zone shows that; where it jumps over it, an hour later.
fn moment(at: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let shown = zone.from_local_datetime(&at).earliest();
    let shown = shown.or_else(|| zone.from_local_datetime(&(at + TimeDelta::hours(1))).earliest());
    shown.map(|shown| shown.with_timezone(&Utc))
}

/// How two and more are drawn in one column.
const COUNTS: [&str; 9] = ["2", "3", "4", "5", "6", "7", "8", "9", "+"];

/// Times that an axis has at the least, `now` among them.
const LEAST: usize = 3;

/// Columns by which a mark may stand aside so that a blank lies between it and a label: farther away it would be read as of
/// another time.
const NEAR: usize = 4;

/// Draws the axis in one row; marks by their columns from the newest (0). Where these leave no room for three times the
/// times come first, and a mark stands beside the one that it would lie on: never in the plot, whose bars it would erase. A blank
/// lies between both, or a count would be read as a digit of the time.
pub(crate) fn draw(painter: &mut Painter<'_>, row: Rect, ticks: &[Tick], marks: &[Mark]) {
    let width = usize::from(row.width);
    let marked: Vec<usize> = marks.iter().filter_map(|mark| width.checked_sub(mark.back + 1)).collect();
    let beside = placed(width, ticks, &marked);
    let is_crowded = beside.len() < LEAST.min(ticks.len() + 1);
    let labels = if is_crowded { placed(width, ticks, &[]) } else { beside };
    let event = painter.glyphs().event;
    for Mark { back, role, count } in marks.iter().filter(|mark| mark.back < width) {
        let at = width - 1 - back;
        let counted = || count.checked_sub(2).map_or(event, |more| COUNTS[more.min(COUNTS.len() - 1)]);
        let spot = free(at, width, &labels, 1).filter(|spot| spot.abs_diff(at) <= NEAR).map(|at| (at, counted()));
        if let Some((at, sign)) = spot.or_else(|| Some((free(at, width, &labels, 0)?, event))) {
            painter.plot(row.x + column(at), row.y, sign, *role);
        }
    }
    for (at, label) in labels {
        painter.put_at(row, column(at), 0, &Line::styled(label.to_owned(), Role::ChartAxis));
    }
}

/// The column of a mark, or the nearest one that is `gap` columns away from every label.
fn free(at: usize, width: usize, labels: &[(usize, &str)], gap: usize) -> Option<usize> {
    let covers = |(from, label): &(usize, &str), at: usize| (*from..from + label.len() + gap).contains(&at);
    let is_free = |at: &usize| *at < width && !labels.iter().any(|label| covers(label, *at) || covers(label, at + gap));
    (0..width).flat_map(|by| [at.checked_sub(by), Some(at + by)]).flatten().find(is_free)
}

/// The labels that have room, with the columns at which they begin.
fn placed<'a>(width: usize, ticks: &'a [Tick], all: &[usize]) -> Vec<(usize, &'a str)> {
    let mut free = 0..width;
    let mut placed = Vec::new();
    // From the right: `now` first, whatever happened just now, then the newest time.
    let now = (width.saturating_sub(2), "now", &[][..]);
    let column = |tick: &Tick| width.checked_sub(tick.back + 1);
    let times = ticks.iter().rev().filter_map(|tick| Some((column(tick)?, tick.label.as_str(), all)));
    for (at, label, marked) in std::iter::once(now).chain(times) {
        if let Some(spot) = place(at, label.len(), &free, marked) {
            // Marks that `now` would cover stand before it, with a blank on either side.
            let displaced = placed.is_empty() && all.iter().any(|mark| mark + 1 >= spot);
            placed.push((spot, label));
            free.end = spot.saturating_sub(if displaced { 3 } else { 1 });
        }
    }
    placed
}

/// Where a label of `width` columns begins so that it lies over `at`: with its middle if there is room, else moved aside
/// for marks and for what is beside it. `None`: it has no room.
fn place(at: usize, width: usize, free: &Range<usize>, marked: &[usize]) -> Option<usize> {
    let middle = width / 2;
    let moves = (0..width).flat_map(|by| [Some(middle + by), middle.checked_sub(by)]).flatten();
    let starts = moves.filter(|shift| *shift < width).filter_map(|shift| at.checked_sub(shift));
    let fits = |start: &usize| {
        let label = *start..start + width;
        let beside = label.start.saturating_sub(1)..label.end + 1;
        label.start >= free.start && label.end <= free.end && !marked.iter().any(|mark| beside.contains(mark))
    };
    let mut starts = starts;
    starts.find(fits)
}

fn column(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ratatui::buffer::Buffer;

    use super::*;
    use crate::lang::time::Stamp;
    use crate::theme::{Catalogue, ColorDepth, GlyphSet};
    use crate::ui::export::{ExportFormat, export};

    fn axis(now: &str, minutes: u64, columns: usize) -> Axis {
        let utc: DateTime<Utc> = now.parse().unwrap();
        let now = Stamp { mono: Duration::from_millis(utc.timestamp_millis().cast_unsigned()), utc };
        Axis::new(columns, Duration::from_mins(minutes), Duration::from_secs(10), now)
    }

    fn labels(axis: Axis, zone: Tz) -> Vec<String> {
        ticks(axis, zone).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn times_are_round_on_the_clock_of_the_zone() {
        let now = "2026-11-21T02:42:07Z";
        assert_eq!(labels(axis(now, 15, 90), Tz::UTC), ["02:30", "02:35", "02:40"]);
        assert_eq!(labels(axis(now, 5, 60), Tz::UTC), ["02:38", "02:40", "02:42"]);
        assert_eq!(labels(axis(now, 60, 120), Tz::named("Asia/Kolkata")), ["07:20", "07:40", "08:00"]);
        assert_eq!(labels(axis(now, 1_440, 120), Tz::UTC), ["08:00", "16:00", "00:00"]);
        assert_eq!(labels(axis(now, 7 * 1_440, 120), Tz::UTC), ["11-15", "11-18", "11-21"]);
        assert_eq!(labels(axis(now, 30 * 1_440, 120), Tz::UTC), ["10-24", "11-03", "11-13"]);
        assert_eq!(labels(axis(now, 90 * 1_440, 120), Tz::UTC), ["2026-09", "2026-10", "2026-11"]);
        assert_eq!(labels(axis(now, 400 * 1_440, 120), Tz::UTC), ["2026-01", "2026-07"]);
    }

    #[test]
    fn a_time_stands_in_its_own_column() {
        let axis = axis("2026-11-21T02:42:07Z", 15, 90);
        for Tick { back, label } in ticks(axis, Tz::UTC) {
            let (from, to) = axis.moments(back);
            let at: DateTime<Utc> = format!("2026-11-21T{label}:00Z").parse().unwrap();
            assert!(from <= at && at < to, "{label}: {from} to {to}");
        }
    }

    /// At one in the morning of 25 October 2026 the clocks of Berlin are put back, at one of 29 March forward.
    #[test]
    fn clocks_that_are_put_forward_or_back_do_no_harm() {
        for now in ["2026-10-25T04:10:00Z", "2026-03-29T04:10:00Z"] {
            let labels = labels(axis(now, 360, 90), Tz::named("Europe/Berlin"));
            assert!((2..=4).contains(&labels.len()), "{labels:?}");
        }
    }

    #[test]
    fn what_a_clock_jumps_over_is_an_hour_later() {
        let berlin = |at: &str| moment(at.parse().unwrap(), Tz::named("Europe/Berlin")).map(|at| at.to_string());
        for (shown, utc) in [
            ("2026-03-29T01:30:00", "2026-03-29 00:30:00 UTC"),
            ("2026-03-29T02:30:00", "2026-03-29 01:30:00 UTC"),
            ("2026-03-29T03:30:00", "2026-03-29 01:30:00 UTC"),
            // Shown twice: the first time.
            ("2026-10-25T02:30:00", "2026-10-25 00:30:00 UTC"),
        ] {
            assert_eq!(berlin(shown).as_deref(), Some(utc), "{shown}");
        }
    }

    #[test]
    fn a_small_axis_has_three_times_whatever_happened() {
        let ticks = ticks(axis("2026-11-21T02:42:07Z", 15, 20), Tz::UTC);
        let labels =
            |marked: &[usize]| placed(20, &ticks, marked).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(&[]), ["now", "02:35", "02:30"]);
        assert!(labels(&[4, 16, 17, 18]).len() < LEAST, "then the marks stand beside the times");
        let times = placed(20, &ticks, &[]);
        let is_covered = |at: usize| times.iter().any(|(from, label)| (*from..from + label.len()).contains(&at));
        let places: Vec<usize> = (0..20).filter_map(|at| free(at, 20, &times, 0)).collect();
        assert_eq!(places.len(), 20, "every mark has a place");
        assert!(places.iter().all(|at| !is_covered(*at)), "and hides no time: {places:?}");
        assert!((0..20).filter(|at| !is_covered(*at)).all(|at| free(at, 20, &times, 0) == Some(at)), "{times:?}");
    }

    #[test]
    fn no_count_is_read_as_a_digit_of_a_time() {
        let row = Rect::new(0, 0, 40, 1);
        let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::UTF8);
        for days in [7, 30] {
            let ticks = ticks(axis("2026-11-21T02:42:07Z", days * 1_440, 40), Tz::UTC);
            for back in 0..40 {
                let mut buffer = Buffer::empty(row);
                let marks = [0, 1, 3].map(|more| Mark { back: back + more, role: Role::Key, count: 3 });
                draw(&mut Painter::new(&mut buffer, &styles), row, &ticks, &marks);
                let drawn = export(&buffer, &styles, ExportFormat::Text, "");
                assert!(drawn.trim_end().ends_with("now"), "{drawn}");
                for word in drawn.split_whitespace().filter(|word| word.contains(['-', 'w'])) {
                    let is_label = word == "now" || ticks.iter().any(|tick| tick.label == word);
                    assert!(is_label, "{word} at {back} of {days} d: {drawn}");
                }
            }
        }
    }

    #[test]
    fn a_label_gives_way_to_a_mark_and_never_leaves_its_time() {
        assert_eq!(place(20, 5, &(0..40), &[]), Some(18));
        assert_eq!(place(20, 5, &(0..40), &[22]), Some(16));
        assert_eq!(place(20, 5, &(0..40), &[18]), Some(20));
        assert_eq!(place(0, 5, &(0..40), &[]), Some(0));
        assert_eq!(place(20, 5, &(0..18), &[]), None);
        assert_eq!(place(20, 5, &(0..40), &[20]), None);
    }
}
