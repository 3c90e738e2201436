//! Runs as rows of the store.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::lang::time::BootTime;
use crate::model::run::{Plan, Run, RunState};
use crate::store::{StoreError, moment};
use crate::text::SafeText;

pub(super) async fn fetch(connection: &mut SqliteConnection, id: &str) -> Result<SqliteRow, StoreError> {
    let row = sqlx::query("SELECT * FROM run WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.ok_or_else(|| StoreError::Content(format!("no run with id {id}")))
}

pub(super) fn run(row: &SqliteRow) -> Result<Run, StoreError> {
    let name = |column: &str| row.try_get::<String, _>(column).map(Into::into);
    let started: i64 = row.try_get("started_at")?;
    let ended: Option<i64> = row.try_get("ended_at")?;
    let took: Option<i64> = row.try_get("took_ms")?;
    let state: RunState = read_word(row.try_get("state")?)?;
    Ok(Run {
        id: name("id")?,
        action: name("action")?,
        verb: name("verb")?,
        dry_run: is_dry_run(&row.try_get::<String, _>("plan")?),
        service: row.try_get::<Option<String>, _>("service")?.map(Into::into),
        target: row.try_get("target")?,
        who: row.try_get("who")?,
        reason: row.try_get("reason")?,
        host: row.try_get("host")?,
        plan_digest: row.try_get("plan_digest")?,
        started_at: moment(started)?,
        boot: boot_time(row)?,
        ended_at: ended.map(moment).transpose()?,
        duration_ms: ended.map(|ended| u64::try_from(took.unwrap_or(ended - started)).unwrap_or(0)),
        state,
        verdict: state.verdict(),
        checks: row.try_get::<Option<String>, _>("checks")?.map(read_word).transpose()?,
        exit_code: row.try_get("exit_code")?,
        signal: row.try_get("signal")?,
        output_path: row.try_get::<String, _>("output_path")?.into(),
        note: row.try_get::<Option<String>, _>("note")?.map(|note| SafeText::new(&note)),
    })
}

/// When a run began by the clock of its host; `None` in runs of older versions.
pub(super) fn boot_time(row: &SqliteRow) -> Result<Option<BootTime>, StoreError> {
    let (boot, ms): (Option<i64>, Option<i64>) = (row.try_get("boot")?, row.try_get("boot_ms")?);
    Ok(boot.zip(ms).map(|(boot, ms)| BootTime { boot: boot.cast_unsigned(), ms: ms.cast_unsigned() }))
}

/// Whether a stored plan is that of a dry run.
fn is_dry_run(plan: &str) -> bool {
    serde_json::from_str(plan).is_ok_and(|plan: Plan| plan.dry_run)
}

/// The word that stands for a state or a verdict, the same as in JSON.
pub(super) fn word(value: &impl Serialize) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(StoreError::Content(format!("{other:?} has no name"))),
    }
}

fn read_word<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(|error| StoreError::Content(error.to_string()))
}
