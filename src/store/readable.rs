//! Whether this version can read what lies beside the chain.

use chrono::DateTime;
use serde_json::Value;

use super::dialect::RollupRow;
use super::engine_body::unpacked;
use super::{lease, retention, rollups};
use crate::model::engine::{ENGINE_VERSION, EngineState};
use crate::model::rollup::Width;
use crate::text::SafeText;

/// Whether a row of roll-ups is.
pub(super) fn is_rollup(row: &RollupRow) -> bool {
    match (row.tier.as_str(), row.series.is_empty()) {
        ("minute", true) => rollups::sheet_in(row).is_ok(),
        ("minute", false) => rollups::pack_in(Width::Minute, row).is_ok(),
        _ => rollups::pack_in(Width::Hour, row).is_ok(),
    }
}

/// How a row of roll-ups is named to a person.
pub(super) fn named(row: &RollupRow) -> String {
    // Where it is damaged, so may its name be.
    let series = SafeText::new(if row.series.is_empty() { "all" } else { &row.series });
    let at = DateTime::from_timestamp_millis(row.start);
    let at = at.map_or_else(|| row.start.to_string(), |at| at.format("%Y-%m-%d %H:%M:%SZ").to_string());
    format!("roll-up of {series} by the {} from {at}", row.tier)
}

/// Whether what is kept by a name is. That of a name that is not known is not ours to judge.
pub(super) fn is_kept(name: &str, body: &[u8]) -> bool {
    match name {
        lease::ENGINE => is_engine(body),
        rollups::PACKED => rollups::is_mark(body),
        retention::PRUNED => retention::is_pruned(body),
        _ => true,
    }
}

/// The state of an engine of another version is begun again, and so is no fault.
fn is_engine(body: &[u8]) -> bool {
    let Ok(value) = unpacked::<Value>(body) else { return false };
    match value.get("v").and_then(Value::as_u64) {
        Some(version) if version == u64::from(ENGINE_VERSION) => serde_json::from_value::<EngineState>(value).is_ok(),
        version => version.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_begins_within_a_minute_is_not_readable_and_is_named_on_one_line() {
        let sheet = crate::model::rollup::Sheet::new(7, Vec::new()).encode();
        let row = |series: &str, start| RollupRow {
            tier: "minute".to_owned(),
            series: series.to_owned(),
            start,
            data: sheet.clone(),
        };
        assert!(is_rollup(&row("", 7 * 60_000)));
        assert!(!is_rollup(&row("", 7 * 60_000 + 1_234)) && !is_rollup(&row("", -60_000)));
        let named = named(&row("check:a\nb", 0));
        assert_eq!(named.lines().count(), 1, "{named}");
    }
}
