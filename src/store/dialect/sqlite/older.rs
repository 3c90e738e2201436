//! What versions before the facts had stored: runs, locks and one audit a writer. Every entry of the audits is put on record
//! to the letter, and their heads are what the first fact is chained to, so that the old chains can still be verified.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::{head, moment, write};
use crate::lang::time::BootTime;
use crate::model::fact::{NewFact, RunImported, Statement, StoreOpened, WrittenBefore};
use crate::model::run::{Lock, Plan, Run, RunState};
use crate::model::thing::Things;
use crate::store::dialect::{Head, place};
use crate::store::writing::{new_fact, rows_of};
use crate::store::{StoreError, chain};
use crate::text::SafeText;

/// The schema of the last version before the facts.
const SCHEMA: u32 = 4;

/// Puts everything of the old tables on record, and drops them.
pub(super) async fn bring_over(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let (heads, entries) = entries(connection).await?;
    let runs = runs(connection).await?;
    if !entries.is_empty() || !runs.is_empty() {
        let opened = StoreOpened { schema: SCHEMA, heads };
        let end = head(connection).await?;
        let root = chain::root(&opened).ok_or_else(|| StoreError::Content("a hash of the audit is none".to_owned()))?;
        let start = Head { hash: root, ..end };
        let first = new_fact(start.now, "opsroom", "", Statement::StoreOpened(opened));
        let drafts: Vec<NewFact> = [first].into_iter().chain(entries).chain(runs).collect();
        let (facts, things) = rows_of(&start, drafts, Things::default())?;
        write(connection, &facts, &things).await?;
    }
    sqlx::raw_sql("DROP TABLE audit; DROP TABLE run; DROP TABLE lock; DROP TABLE fence").execute(connection).await?;
    Ok(())
}

type Heads = BTreeMap<String, (u64, String)>;

async fn entries(connection: &mut SqliteConnection) -> Result<(Heads, Vec<NewFact>), StoreError> {
    let rows = sqlx::query("SELECT writer, seq, entry, hash FROM audit ORDER BY rowid").fetch_all(connection).await?;
    let (mut heads, mut drafts) = (Heads::new(), Vec::with_capacity(rows.len()));
    for row in &rows {
        let (entry, hash): (Vec<u8>, Vec<u8>) = (row.try_get(2)?, row.try_get(3)?);
        let before = WrittenBefore {
            writer: row.try_get(0)?,
            seq: place(row.try_get(1)?)?,
            entry: String::from_utf8(entry).map_err(|error| StoreError::Content(error.to_string()))?,
            hash: chain::hex(&hash),
        };
        let said: serde_json::Value = serde_json::from_str(&before.entry).unwrap_or_default();
        let word = |key: &str| said.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        let at = word("at").parse().unwrap_or_default();
        let last = heads.entry(before.writer.clone()).or_insert((0, String::new()));
        if before.seq > last.0 {
            *last = (before.seq, before.hash.clone());
        }
        let (who, writer) = (word("who").to_owned(), before.writer.clone());
        drafts.push(new_fact(at, &who, &writer, Statement::WrittenBefore(before)));
    }
    Ok((heads, drafts))
}

async fn runs(connection: &mut SqliteConnection) -> Result<Vec<NewFact>, StoreError> {
    let rows = sqlx::query("SELECT * FROM lock").fetch_all(&mut *connection).await?;
    let mut locks =
        rows.iter().map(|row| lock(row).map(|lock| (lock.id.clone(), lock))).collect::<Result<BTreeMap<_, _>, _>>()?;
    let fences: BTreeMap<String, i64> =
        sqlx::query_as("SELECT target, fence FROM fence").fetch_all(&mut *connection).await?.into_iter().collect();
    let rows = sqlx::query("SELECT * FROM run ORDER BY started_at, id").fetch_all(connection).await?;
    let mut imported = Vec::with_capacity(rows.len());
    for row in &rows {
        let (run, boot) = (run(row)?, boot_time(row)?);
        let fence = fences.get(&run.target).copied().unwrap_or(0).cast_unsigned();
        let lock = locks.remove(&run.id);
        imported.push(RunImported { changing: row.try_get("changing")?, boot, lock, fence, run });
    }
    // A lock that no run holds: whose it was is not known any more, and it stays until somebody looks.
    for lock in locks.into_values() {
        let fence = lock.fence;
        imported.push(RunImported { run: holder(&lock), boot: None, changing: true, lock: Some(lock), fence });
    }
    let drafts = imported.into_iter().map(|one| {
        let (at, who, host) = (one.run.started_at, one.run.who.clone(), one.run.host.clone());
        new_fact(at, &who, &host, Statement::RunImported(Box::new(one)))
    });
    Ok(drafts.collect())
}

fn holder(lock: &Lock) -> Run {
    Run {
        id: lock.id.clone(),
        action: lock.reason.as_str().into(),
        verb: "unknown".into(),
        dry_run: false,
        service: None,
        target: lock.target.clone(),
        who: lock.holder.clone(),
        reason: None,
        host: lock.host.clone(),
        plan_digest: String::new(),
        started_at: lock.since,
        boot: None,
        ended_at: None,
        duration_ms: None,
        outcome_ms: None,
        state: RunState::Unknown,
        verdict: RunState::Unknown.verdict(),
        checks: None,
        exit_code: None,
        signal: None,
        output_path: std::path::PathBuf::new(),
        note: Some(SafeText::new("only its lock was left in the store")),
    }
}

fn run(row: &SqliteRow) -> Result<Run, StoreError> {
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
        boot: None,
        ended_at: ended.map(moment).transpose()?,
        duration_ms: ended.map(|ended| u64::try_from(took.unwrap_or(ended - started)).unwrap_or(0)),
        outcome_ms: None,
        state,
        verdict: state.verdict(),
        checks: row.try_get::<Option<String>, _>("checks")?.map(read_word).transpose()?,
        exit_code: row.try_get("exit_code")?,
        signal: row.try_get("signal")?,
        output_path: row.try_get::<String, _>("output_path")?.into(),
        note: row.try_get::<Option<String>, _>("note")?.map(|note| SafeText::new(&note)),
    })
}

/// When a run began by the clock of its host; `None` in runs of the first versions.
fn boot_time(row: &SqliteRow) -> Result<Option<BootTime>, StoreError> {
    let (boot, ms): (Option<i64>, Option<i64>) = (row.try_get("boot")?, row.try_get("boot_ms")?);
    Ok(boot.zip(ms).map(|(boot, ms)| BootTime { boot: boot.cast_unsigned(), ms: ms.cast_unsigned() }))
}

/// Whether a stored plan is that of a dry run.
fn is_dry_run(plan: &str) -> bool {
    serde_json::from_str(plan).is_ok_and(|plan: Plan| plan.dry_run)
}

fn read_word<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(|error| StoreError::Content(error.to_string()))
}

fn lock(row: &SqliteRow) -> Result<Lock, StoreError> {
    Ok(Lock {
        target: row.try_get("target")?,
        id: row.try_get::<String, _>("id")?.into(),
        fence: row.try_get::<i64, _>("fence")?.cast_unsigned(),
        holder: row.try_get("holder")?,
        host: row.try_get("host")?,
        reason: row.try_get("reason")?,
        since: moment(row.try_get("since")?)?,
    })
}
