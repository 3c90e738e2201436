//! How the numbers of a field by the values of another are printed.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{PrintOptions, fitted};
use crate::lang::unit;
use crate::logs::grouped::{GroupOrder, GroupedSpread};
use crate::text::SafeText;
use crate::text::count::counted;

pub(super) fn json(of: &str, by: &str, grouped: &GroupedSpread, limit: usize) -> Value {
    let groups: Vec<Value> = grouped
        .rows(GroupOrder::P95, limit)
        .iter()
        .map(|row| {
            json!({
                "value": SafeText::new(row.value),
                "count": row.count,
                "p50": row.p50,
                "p95": row.p95,
                "max": row.max,
                "unit": row.unit,
            })
        })
        .collect();
    json!({
        "field": by,
        "of": of,
        "without_number": grouped.without_number(),
        "without_value": grouped.without_value(),
        "others": grouped.others(),
        "groups": groups,
    })
}

/// A row for each value: how many numbers, their percentiles, the greatest.
pub(super) fn text(by: &str, grouped: &GroupedSpread, look: PrintOptions, out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<[String; 5]> = grouped
        .rows(GroupOrder::P95, look.limit)
        .iter()
        .map(|row| {
            let figure = |number| unit::quantity(number, row.unit);
            let value = SafeText::new(row.value).to_string();
            [row.count.to_string(), figure(row.p50), figure(row.p95), figure(row.max), value]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let heads = ["RECORDS", "P50", "P95", "MAX"];
    let width = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or(0).max(heads[at].len());
    let widths = [width(0), width(1), width(2), width(3)];
    let taken = widths.iter().sum::<usize>() + 8;
    let mut line = |cells: [&str; 4], value: &str| {
        for (cell, width) in cells.iter().zip(widths) {
            write!(out, "{cell:>width$}  ")?;
        }
        writeln!(out, "{}", fitted(value, look.columns, taken))
    };
    line(heads, SafeText::new(by).as_str())?;
    for [count, p50, p95, max, value] in &rows {
        line([count, p50, p95, max], value)?;
    }
    Ok(())
}

/// What the rows do not say.
pub(super) fn note(of: &str, by: &str, grouped: &GroupedSpread, limit: usize) -> Vec<String> {
    let mut parts = Vec::new();
    if grouped.len() > limit || grouped.others() > 0 {
        let exactly = if grouped.others() > 0 { "more than " } else { "" };
        parts.push(format!("{exactly}{} different values; --limit N shows more", grouped.len()));
    }
    for (count, what) in [
        (grouped.without_number(), format!("without a number in {of}")),
        (grouped.without_value(), format!("with a number and no {by}")),
    ] {
        if count > 0 {
            parts.push(format!("{} {what}", counted(count, "record")));
        }
    }
    parts
}
