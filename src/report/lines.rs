//! The report as lines.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::status::Status;
use crate::text::name::Name;
use crate::text::{SafeText, count};

use super::status::{AlertRow, Report};

/// How lines are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// ASCII glyphs.
    pub ascii: bool,
    /// SGR colours.
    pub colour: bool,
}

/// One line for each check, metric and alert, and one for the whole.
pub fn lines(report: &Report, style: Style) -> String {
    let checks = report.checks.iter().map(|check| (&check.title, &check.name));
    let metrics = report.metrics.iter().map(|metric| (&metric.title, &metric.name));
    let called = called(&checks.chain(metrics).collect::<Vec<_>>());
    let width = called.iter().map(|called| called.width()).max().unwrap_or(0);
    let mut called = called.iter().map(|called| format!("{called}{}", " ".repeat(width - called.width())));
    let mut out = String::new();
    for check in &report.checks {
        let latency = unit::latency_ms(check.latency_ms);
        let error = check.error.as_ref().map_or("", |error| error.as_str());
        let by = check.by.as_ref().map_or_else(String::new, |by| format!("  (by {by})"));
        let mark = mark(check.status, check.stale, style);
        line(&mut out, &mark, &format!("{}  {latency:>7}  {error}{by}", called.next().unwrap_or_default()));
    }
    for metric in &report.metrics {
        let value = metric.value.map_or_else(|| unit::NOTHING.to_owned(), |value| unit::quantity(value, &metric.unit));
        let value = if style.ascii { value.replace(unit::NOTHING, "-") } else { value };
        let value = if metric.at_least { format!(">={value}") } else { value };
        let words = match (&metric.error, metric.severity) {
            (Some(error), _) => error.to_string(),
            (None, Some(severity)) => severity.word().to_owned(),
            (None, None) => String::new(),
        };
        let words = match &metric.caveat {
            Some(caveat) => format!("{words} ({caveat})").trim_start().to_owned(),
            None => words,
        };
        let colour = metric.severity.map_or("", |severity| if severity >= Severity::High { RED } else { YELLOW });
        let mark = Mark {
            glyph: if style.ascii { "  " } else { " " },
            word: "",
            colour: if style.colour { colour } else { "" },
        };
        line(&mut out, &mark, &format!("{}  {value:>7}  {words}", called.next().unwrap_or_default()));
    }
    for alert in &report.alerts {
        let _ = write!(out, "alert {}: {}", alert.severity.word(), alert.said);
        let mut beside: Vec<String> = Vec::new();
        // The row of the check shows its latency rounded, and other fields not at all.
        beside.extend(alert.compared.then(|| alert.value.to_string()));
        beside.extend(alert.pending.then(|| pending(alert)));
        // One round of polls says nothing of a budget.
        let not_seen = if alert.on_record && !alert.pending && !alert.is_of_budget { ", not seen now" } else { "" };
        beside.extend(alert.fires_since.as_ref().map(|since| format!("firing on record since {since}{not_seen}")));
        match (&alert.inhibited_by, &alert.muted_because) {
            (Some(by), _) => beside.push(format!("inhibited by {by}")),
            (None, why) => beside.extend(why.clone()),
        }
        if let Some(by) = &alert.acknowledged_by {
            let people: Vec<&str> = std::iter::once(by).chain(&alert.acknowledged_with).map(SafeText::as_str).collect();
            beside.push(format!("acknowledged by {}", people.join(", ")));
        }
        let beside = if beside.is_empty() { String::new() } else { format!(" ({})", beside.join(", ")) };
        let _ = writeln!(out, "{beside}");
    }
    out.push_str(&summary(report));
    out
}

/// `pending, fires after 2m`
fn pending(alert: &AlertRow) -> String {
    let after = alert.fires_after.as_ref().map_or_else(String::new, |span| format!(", fires after {span}"));
    format!("pending{after}")
}

/// Each by its title; where another has that too, the name stands beside it.
fn called(rows: &[(&SafeText, &Name)]) -> Vec<String> {
    let is_shared = |title: &SafeText| rows.iter().filter(|(other, _)| *other == title).count() > 1;
    let one = |(title, name): &(&SafeText, &Name)| {
        if is_shared(title) && title.as_str() != &***name { format!("{title} ({name})") } else { title.to_string() }
    };
    rows.iter().map(one).collect()
}

const RED: &str = "31";
const YELLOW: &str = "33";

struct Mark {
    glyph: &'static str,
    word: &'static str,
    colour: &'static str,
}

fn mark(status: Status, is_old: bool, style: Style) -> Mark {
    let colour = match status {
        _ if is_old => YELLOW,
        Status::Ok => "32",
        Status::Down => RED,
        Status::Degraded | Status::Pending => YELLOW,
        Status::Cold => "36",
        Status::Unknown => "35",
    };
    let glyph = if is_old { Status::stale_glyph(style.ascii) } else { status.glyph(style.ascii) };
    Mark { glyph, word: status.word_of(is_old), colour: if style.colour { colour } else { "" } }
}

fn line(out: &mut String, mark: &Mark, rest: &str) {
    let Mark { glyph, word, colour } = mark;
    let head = format!("{glyph} {word:<10}");
    let head = if colour.is_empty() { head } else { format!("\x1b[{colour}m{head}\x1b[0m") };
    let _ = writeln!(out, "{head}  {}", rest.trim_end());
}

/// `3 checks: 1 ok, 1 down, 1 cold start`
fn summary(report: &Report) -> String {
    if report.checks.is_empty() {
        return String::new();
    }
    let counted = Status::WORST_FIRST.iter().filter_map(|status| {
        let count = report.checks.iter().filter(|check| check.status == *status).count();
        (count > 0).then(|| format!("{count} {}", status.word().to_lowercase()))
    });
    let noun = if report.checks.len() == 1 { "check" } else { "checks" };
    let unread = match report.metrics.iter().filter(|metric| metric.unread).count() {
        0 => String::new(),
        1 => "; 1 metric with an alert could not be read".to_owned(),
        count => format!("; {count} metrics with alerts could not be read"),
    };
    let recorded = match report.alerts.iter().filter(|alert| alert.on_record).count() {
        0 => String::new(),
        count => format!("; {} firing on record", count::counted(count, "alert")),
    };
    format!("{} {noun}: {}{unread}{recorded}\n", report.checks.len(), counted.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::status::tests::report;

    #[test]
    fn one_line_each() {
        let text = lines(&report(), Style { ascii: false, colour: false });
        let expected = "\
✓ OK          api            41ms
✗ DOWN        worker        900ms  token *** refused
❄ COLD START  mail           30ms
              error-rate    7.5 %  high
              disk           81 %  high
              queue             –  absent
alert high: worker down
alert high: disk 81 % > 80%
alert medium: worker latency_ms > 500 (900)
alert critical: worker down (pending, fires after 2m)
alert high: error-rate 7.5 % > 5% (pending, fires after 5m)
3 checks: 1 down, 1 cold start, 1 ok; 1 metric with an alert could not be read
";
        assert_eq!(text, expected);
    }

    #[test]
    fn rows_of_one_title_say_their_names_too() {
        let (title, other) = (SafeText::new("Fehler"), SafeText::new("queue"));
        let (one, two, queue) = ("errors".into(), "faults".into(), "queue".into());
        assert_eq!(
            called(&[(&title, &one), (&title, &two), (&other, &queue)]),
            ["Fehler (errors)", "Fehler (faults)", "queue"]
        );
    }

    #[test]
    fn plain_is_ascii_and_colour_only_repeats_the_word() {
        let plain = lines(&report(), Style { ascii: true, colour: false });
        assert!(plain.is_ascii(), "{plain}");
        assert!(plain.starts_with("OK OK          api"), "{plain}");
        let coloured = lines(&report(), Style { ascii: false, colour: true });
        assert!(coloured.contains("\x1b[31m✗ DOWN      \x1b[0m  worker"), "{coloured:?}");
    }
}
