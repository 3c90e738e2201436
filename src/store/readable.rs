//! Whether this version can read what lies beside the chain.

use chrono::DateTime;
use serde_json::Value;

use super::dialect::RollupRow;
use super::engine_body::unpacked;
use super::{lease, retention, rollups};
use crate::model::engine::{ENGINE_VERSION, EngineState};
use crate::model::rollup::{Pack, Sheet, Width};

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;

/// Whether a row of roll-ups is.
pub(super) fn is_rollup(row: &RollupRow) -> bool {
    let Some(minute) = (row.start % MINUTE == 0).then(|| u32::try_from(row.start / MINUTE).ok()).flatten() else {
        return false;
    };
    match (row.tier.as_str(), row.series.is_empty()) {
        ("minute", true) => Sheet::decode(minute, &row.data).is_ok(),
        ("minute", false) => Pack::decode(Width::Minute, minute, &row.data).is_ok(),
        _ => Pack::decode(Width::Hour, minute, &row.data).is_ok(),
    }
}

/// How a row of roll-ups is named to a person.
pub(super) fn named(row: &RollupRow) -> String {
    let series = if row.series.is_empty() { "all" } else { &row.series };
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
