//! How a summary is printed.

mod grouped;

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use unicode_width::UnicodeWidthStr;

use super::bounds::describe_without_time;
use super::covers::Covers;
use super::print::paint;
use super::summary::{Summary, SummaryCounts};
use crate::lang::time::rfc3339;
use crate::lang::unit;
use crate::logs::pattern::{Group, Order, Patterns};
use crate::logs::record::Level;
use crate::logs::timeline::{LevelTimeline, TimelineBar};
use crate::logs::top::Top;
use crate::text::count::counted;
use crate::text::{MAX_RECORD_WORDS, SafeText};

/// Columns where there is no terminal.
const COLUMNS: usize = 100;
/// Columns of a trend.
const TREND: usize = 12;
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PrintOptions {
    pub json: bool,
    pub colour: bool,
    /// Rows at most.
    pub limit: usize,
    /// Columns of the terminal; `None` where there is none.
    pub columns: Option<usize>,
}

/// Prints the summary to `out`; `covers` is what it is a summary of.
///
/// # Errors
/// When it can't be written.
pub(crate) fn show(summary: &Summary, covers: &Covers, look: PrintOptions, out: &mut impl Write) -> io::Result<()> {
    let limit = look.limit;
    if look.json {
        let mut value = match &summary.counts {
            SummaryCounts::Number => json!({ "count": summary.passed, "records": summary.records }),
            SummaryCounts::Top(field, top) => top_json(field, top, limit),
            SummaryCounts::Grouped { of, by, grouped } => grouped::json(of, by, grouped, limit),
            SummaryCounts::Patterns(patterns) => patterns_json(patterns, limit),
            SummaryCounts::Histogram(timeline, untimed) => histogram_json(timeline, *untimed, limit),
        };
        value["covers"] = covers.json();
        value["cut_records"] = summary.cut.into();
        value["without_time"] = summary.bounds.without_time().into();
        return object(out, &value);
    }
    match &summary.counts {
        SummaryCounts::Number => writeln!(out, "{}", summary.passed),
        SummaryCounts::Top(_, top) => top_text(top, look, out),
        SummaryCounts::Grouped { by, grouped, .. } => grouped::text(by, grouped, look, out),
        SummaryCounts::Patterns(patterns) => patterns_text(patterns, look, out),
        SummaryCounts::Histogram(timeline, _) => histogram_text(timeline, look, out),
    }
}

/// That records were cut, in words.
pub(crate) fn describe_cut(count: u64) -> String {
    match count {
        1 => format!("1 record was cut at {MAX_RECORD_WORDS}"),
        _ => format!("{count} records were cut at {MAX_RECORD_WORDS}"),
    }
}

/// What the rows do not say, for stderr; empty where they say everything.
pub(crate) fn note(summary: &Summary, limit: usize) -> String {
    let mut parts = Vec::new();
    parts.extend(summary.fields_not_seen.describe());
    match &summary.counts {
        SummaryCounts::Top(field, top) => {
            let held = top.len();
            if held > limit || top.others() > 0 {
                let exactly = if top.distinct().is_some() { "" } else { "more than " };
                parts.push(format!("{exactly}{held} different values; --limit N shows more"));
            }
            if top.short_by() > 0 {
                parts.push(format!("a count may be {} too low", top.short_by()));
            }
            if top.missing() > 0 {
                parts.push(format!("{} of {} records have no {field}", top.missing(), summary.passed));
            }
        }
        SummaryCounts::Grouped { of, by, grouped } => parts.extend(grouped::note(of, by, grouped, limit)),
        SummaryCounts::Patterns(patterns) => {
            if patterns.len() > limit {
                parts.push(format!("{} different patterns; --limit N shows more", patterns.len()));
            }
            if patterns.others() > 0 {
                parts.push(format!("{} of rare patterns dropped", counted(patterns.others(), "record")));
            }
        }
        SummaryCounts::Histogram(_, untimed) if *untimed > 0 => {
            parts.push(format!("{} without a time", counted(*untimed, "record")));
        }
        SummaryCounts::Number | SummaryCounts::Histogram(..) => {}
    }
    if summary.cut > 0 {
        parts.push(describe_cut(summary.cut));
    }
    let without_time = summary.bounds.without_time();
    if without_time > 0 {
        parts.push(describe_without_time(without_time));
    }
    parts.join("; ")
}

fn object(out: &mut impl Write, value: &Value) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn levels<N: Copy + Into<u64>>(counts: &[N]) -> Map<String, Value> {
    let named = Level::WORDS.iter().zip(counts);
    named
        .filter(|(_, count)| (**count).into() > 0)
        .map(|(word, count)| ((*word).into(), (*count).into().into()))
        .collect()
}

fn top_json(field: &str, top: &Top, limit: usize) -> Value {
    let values: Vec<Value> = top
        .rows(limit)
        .into_iter()
        .map(|row| {
            let mut value = json!({ "value": SafeText::new(row.value), "count": row.count, "share": row.share });
            if row.left_out > 0 {
                value["value_bytes_left_out"] = row.left_out.into();
            }
            value
        })
        .collect();
    json!({
        "field": field,
        "records": top.total() + top.missing(),
        "missing": top.missing(),
        "distinct": top.distinct(),
        "others": top.others(),
        "short_by": top.short_by(),
        "values": values,
    })
}

fn top_text(top: &Top, look: PrintOptions, out: &mut impl Write) -> io::Result<()> {
    let rows = top.rows(look.limit);
    let width = digits(rows.iter().map(|row| row.count).max().unwrap_or_default());
    for row in rows {
        let value = SafeText::new(row.value);
        let value = match row.left_out {
            0 => value.to_string(),
            left_out => format!("{value}… +{}", unit::quantity(left_out as f64, "B")),
        };
        let head = format!("{:>width$}  {:>5.1} %  ", row.count, row.share * 100.0);
        writeln!(out, "{head}{}", fitted(&value, look.columns, head.len()))?;
    }
    Ok(())
}

fn patterns_json(patterns: &Patterns<SafeText>, limit: usize) -> Value {
    let (from, to) = patterns.span().unwrap_or_default();
    let rows: Vec<Value> = patterns
        .ranked(Order::Count)
        .into_iter()
        .take(limit)
        .map(|group| {
            json!({
                "pattern": group.shape,
                "count": group.count,
                "share": share(group, patterns),
                "level": level_word(group.worst()),
                "levels": levels(&group.levels),
                "first": time(group.first),
                "last": time(group.last),
                "trend": group.trend.over(from, to, TREND),
                "example": group.example,
            })
        })
        .collect();
    json!({
        "records": patterns.total(),
        "distinct": patterns.distinct(),
        "others": patterns.others(),
        "patterns": rows,
    })
}

fn share(group: &Group<SafeText>, patterns: &Patterns<SafeText>) -> f64 {
    group.count as f64 / patterns.total().max(1) as f64
}

fn level_word(level: Level) -> Option<&'static str> {
    (level != Level::None).then(|| level.word())
}

fn patterns_text(patterns: &Patterns<SafeText>, look: PrintOptions, out: &mut impl Write) -> io::Result<()> {
    let groups = patterns.ranked(Order::Count);
    let (from, to) = patterns.span().unwrap_or_default();
    let width = digits(groups.first().map_or(0, |group| group.count)).max(5);
    if !groups.is_empty() {
        writeln!(out, "{:>width$}  {:>7}  {:<5}  {:<TREND$}  PATTERN", "COUNT", "SHARE", "WORST", "TREND")?;
    }
    for group in groups.into_iter().take(look.limit) {
        let trend = sparks(&group.trend.over(from, to, TREND));
        let (on, off) = if look.colour { (paint(group.worst()), "\x1b[0m") } else { ("", "") };
        let level = level_word(group.worst()).unwrap_or("-").to_uppercase();
        write!(
            out,
            "{:>width$}  {:>5.1} %  {on}{level:<5}{off}  {trend}  ",
            group.count,
            share(group, patterns) * 100.0
        )?;
        writeln!(out, "{}", fitted(&group.shape, look.columns, width + 2 + 7 + 2 + 5 + 2 + TREND + 2))?;
    }
    Ok(())
}

fn sparks(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or_default().max(1);
    counts
        .iter()
        .map(|count| match count {
            0 => ' ',
            count => SPARKS[(count * (SPARKS.len() as u64 - 1)).div_ceil(most).min(7) as usize],
        })
        .collect()
}

fn histogram_json(timeline: &LevelTimeline, untimed: u64, limit: usize) -> Value {
    let (seconds, bars) = timeline.bars(limit);
    let rows: Vec<Value> = bars
        .iter()
        .map(|bar| json!({ "from": time(bar.from), "total": bar.total(), "levels": levels(&bar.counts) }))
        .collect();
    json!({ "records": bars.iter().map(TimelineBar::total).sum::<u64>(), "untimed": untimed, "seconds": seconds, "bars": rows })
}

/// A row for each span of time: where it begins, how many records, errors and warnings, and a bar.
fn histogram_text(timeline: &LevelTimeline, look: PrintOptions, out: &mut impl Write) -> io::Result<()> {
    let (seconds, bars) = timeline.bars(look.limit);
    if bars.is_empty() {
        return Ok(());
    }
    let most = bars.iter().map(TimelineBar::total).max().unwrap_or_default().max(1);
    let width = digits(most).max(5);
    let head = 20 + 3 * (2 + width) + 2;
    let room = look.columns.unwrap_or(COLUMNS).saturating_sub(head).max(10);
    let span = unit::duration(std::time::Duration::from_secs(seconds.unsigned_abs()));
    writeln!(out, "{:<20}  {:>width$}  {:>width$}  {:>width$}  each bar {span}", "FROM", "TOTAL", "ERROR", "WARN")?;
    for bar in &bars {
        let errors = bar.counts[Level::Error as usize] + bar.counts[Level::Fatal as usize];
        let warnings = bar.counts[Level::Warn as usize];
        write!(out, "{:<20}  {:>width$}  {errors:>width$}  {warnings:>width$}  ", rfc3339(bar.from), bar.total())?;
        let cells = |count: u64| (u128::from(count) * room as u128).div_ceil(u128::from(most)) as usize;
        let (all, bad) = (cells(bar.total()), cells(errors));
        let mild = cells(errors + warnings).saturating_sub(bad).min(all.saturating_sub(bad));
        for (count, glyph, level) in
            [(bad, "█", Level::Error), (mild, "▓", Level::Warn), (all.saturating_sub(bad + mild), "░", Level::None)]
        {
            if count > 0 {
                let (on, off) = if look.colour { (paint(level), "\x1b[0m") } else { ("", "") };
                write!(out, "{on}{}{off}", glyph.repeat(count))?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn digits(number: u64) -> usize {
    number.to_string().len()
}

/// Cut to what a terminal has left beside `taken` columns; in a pipe as it is.
fn fitted(text: &str, columns: Option<usize>, taken: usize) -> String {
    let Some(room) = columns.map(|columns| columns.saturating_sub(taken).max(10)) else { return text.to_owned() };
    if text.width() <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > room {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}
