//! SQLite: one file that all consoles of a host share. Written ahead and synced before a commit returns.

mod connection;
mod identity;
mod main_file;
mod migrate;
mod older;
mod side;
mod write;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt as _};
use sqlx::{SqliteConnection, SqlitePool};

use self::identity::OpenFiles;
use self::main_file::MainFile;
use self::write::{head, is_known, write};
use super::rows::{fact, thing};
use super::{
    Answer, Appended, BUSY, Batch, Cut, Dialect, FactRow, Guard, Head, IMPORTING, KeptRow, LeaseRow, Prune, RollupRow,
    Side, WhichFacts, WhichThings, millis, moment,
};
use crate::files::made::{self, SharedRight};
use crate::model::thing::{StoredThing, ThingKey};
use crate::store::StoreError;
use crate::store::fault::StoreFault;
use crate::store::place::{self, FileIdentity};
use crate::store::transfer::ImportMark;

const FACT: &str = "SELECT seq, id, recorded_at, kind, object, entry, hash FROM fact";
const THING: &str = "SELECT kind, id, open, grp, state, seq FROM thing";

/// An open file.
#[derive(Debug)]
pub(in crate::store) struct Sqlite {
    pool: SqlitePool,
    /// Keeps the log where it may be written.
    keeper: Option<SqlitePool>,
    path: PathBuf,
    id: String,
    files: OpenFiles,
    main: MainFile,
    read_only: bool,
}

fn named(path: &Path, error: sqlx::Error) -> StoreError {
    let fault = StoreFault::from_sql(&error).at(path);
    StoreError::Open { path: path.display().to_string(), fault, error }
}

/// What keeps the file from being opened.
fn opening(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Database(error) => named(path, error),
        other => other,
    }
}

impl Sqlite {
    /// Opens the file, makes it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// It can't be opened, or a newer program made it.
    pub(in crate::store) async fn open(given: &Path, path: PathBuf) -> Result<Self, StoreError> {
        made::shared_file(given).map_err(StoreError::Untrusted)?;
        Self::open_to_write(path).await
    }

    /// Opens the file to look at it; makes nothing. One that may be written is brought up to date as by [`Sqlite::open`], one
    /// that may only be read is read.
    ///
    /// # Errors
    /// It can't be opened, a newer program made it, or an older one and it may only be read.
    pub(in crate::store) async fn look(given: &Path, path: PathBuf) -> Result<Self, StoreError> {
        use StoreFault::{Denied, ReadOnly, Unreachable};
        if made::existing_shared_file(given).map_err(StoreError::Untrusted)? == SharedRight::Write {
            match Self::open_to_write(path.clone()).await {
                // Its directory may not be written, and no log lies there.
                Err(StoreError::Open { fault: Denied | ReadOnly | Unreachable, .. }) => {}
                opened => return opened,
            }
        }
        Self::open_to_read(path).await
    }

    async fn open_to_write(path: PathBuf) -> Result<Self, StoreError> {
        let before = FileIdentity::from_path(&path).ok();
        let pool = connection::connect(&path).await.map_err(|error| named(&path, error))?;
        let id = match migrate::migrate(&pool).await {
            Ok(id) => id,
            Err(error) => {
                // What is not used leaves no log beside it.
                pool.close().await;
                return Err(opening(&path, error));
            }
        };
        let keeper = connection::keep_log(&path).await.map_err(|error| named(&path, error))?;
        let files = OpenFiles::of(before, &path);
        Self { pool, keeper: Some(keeper), path, id, files, main: MainFile::default(), read_only: false }
            .checked()
            .await
    }

    /// With a log beside it, the file is read together with that. With none, all of it is in the file, which is read as it is
    /// now: so none is made, and what is written meanwhile is noticed by [`OpenFiles`].
    async fn open_to_read(path: PathBuf) -> Result<Self, StoreError> {
        let frozen = !place::beside(&path, "-wal").try_exists().unwrap_or(true);
        let files =
            if frozen { OpenFiles::frozen(&path) } else { OpenFiles::of(FileIdentity::from_path(&path).ok(), &path) };
        let pool = connection::look(&path, frozen).await.map_err(|error| named(&path, error))?;
        let id = migrate::id_of_present(&pool).await.map_err(|error| opening(&path, error))?;
        Self { pool, keeper: None, path, id, files, main: MainFile::default(), read_only: true }.checked().await
    }

    async fn checked(self) -> Result<Self, StoreError> {
        self.is_ours().await?;
        Ok(self)
    }

    /// The file.
    pub(in crate::store) fn path(&self) -> &Path {
        &self.path
    }

    /// The file as it was when it was opened.
    pub(in crate::store) const fn identity(&self) -> Option<FileIdentity> {
        self.files.database()
    }

    /// Whether it may only be read.
    pub(in crate::store) const fn is_read_only(&self) -> bool {
        self.read_only
    }

    async fn is_ours(&self) -> Result<(), StoreError> {
        self.is_still_there(&mut *self.pool.acquire().await?).await
    }

    async fn is_still_there(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        self.files.are_there(&self.path)?;
        // What is read as it was when it was opened has no log that could hide what became of the file.
        if !self.files.is_frozen() {
            self.main.is_of(&self.path, &self.id).await.map_err(|error| error.by_room_at(&self.path))?;
        }
        identity::tells(&self.path, &self.id, connection).await.map_err(|error| error.by_room_at(&self.path))
    }
}

impl Dialect for Sqlite {
    fn id(&self) -> &str {
        &self.id
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, StoreError>> {
        async {
            let mut connection = self.pool.acquire().await?;
            self.is_still_there(&mut connection).await?;
            head(&mut connection).await
        }
        .boxed()
    }

    fn append<'a>(&'a self, after: &'a Head, batch: Batch<'a>) -> BoxFuture<'a, Result<Appended, StoreError>> {
        async move {
            let mut tx = connection::begin(&self.pool).await?;
            self.is_still_there(&mut tx).await?;
            let mark = side::kept(&mut tx, IMPORTING).await?.map(|(mark, _)| mark);
            match (&mark, batch.import) {
                (Some(_), None) => return Ok(Appended::Importing),
                (mark, Some(step)) if mark.as_deref() != Some(step.found) => return Ok(Appended::Clash),
                _ => {}
            }
            let found = head(&mut tx).await?;
            if (found.seq, &found.hash) != (after.seq, &after.hash) {
                return Ok(Appended::Clash);
            }
            if let Some(taking) = batch.taking
                && !side::take(&mut tx, taking).await?
            {
                return Ok(Appended::Clash);
            }
            if batch.all_things {
                side::forget_things(&mut tx).await?;
            }
            match write(&mut tx, batch.facts, batch.things).await {
                Err(StoreError::Database(error)) if is_known(&error) => return Ok(Appended::Known),
                written => written?,
            }
            if let Some(cut) = batch.cut {
                side::cut_at(&mut tx, cut).await?;
            }
            match batch.import.map(|step| step.left) {
                Some(Some(mark)) => side::keep(&mut tx, IMPORTING, mark).await?,
                Some(None) => side::forget(&mut tx, IMPORTING).await?,
                None => {}
            }
            connection::commit(tx).await?;
            Ok(Appended::Done)
        }
        .boxed()
    }

    fn facts<'a>(&'a self, which: WhichFacts<'a>, most: u32) -> BoxFuture<'a, Result<Vec<FactRow>, StoreError>> {
        async move {
            let (text, number, name, since) = match which {
                WhichFacts::After(seq) => ("WHERE seq > $2 ORDER BY seq", seq.cast_signed(), "", 0),
                WhichFacts::Since { since, after } => {
                    // The first of them is found by their times: what lies before it is not walked over.
                    let text = "WHERE seq > $2 AND recorded_at >= $4
                        AND seq >= (SELECT min(seq) FROM fact WHERE recorded_at >= $4) ORDER BY seq";
                    (text, after.cast_signed(), "", millis(since))
                }
                WhichFacts::About(object) => ("WHERE object = $3 ORDER BY seq", 0, object, 0),
                WhichFacts::LastAbout(object) => ("WHERE object = $3 ORDER BY seq DESC", 0, object, 0),
                WhichFacts::Id(id) => ("WHERE id = $3", 0, id, 0),
                WhichFacts::Last => ("ORDER BY seq DESC", 0, "", 0),
                WhichFacts::Kinds { since, kinds } => {
                    let text = "WHERE recorded_at >= $4 AND instr($3, ' ' || kind || ' ') > 0 ORDER BY seq DESC";
                    (text, 0, kinds, millis(since))
                }
            };
            let text = sqlx::AssertSqlSafe(format!("{FACT} {text} LIMIT $1"));
            let rows = sqlx::query(text).bind(most).bind(number).bind(name).bind(since);
            let rows = rows.fetch_all(&self.pool).await?;
            rows.iter().map(fact).collect()
        }
        .boxed()
    }

    fn things<'a>(&'a self, which: WhichThings<'a>, most: u32) -> BoxFuture<'a, Result<Vec<StoredThing>, StoreError>> {
        async move {
            let (text, kind, name) = match which.condition() {
                Ok(condition) => condition,
                Err(keys) => return self.keyed(keys).await,
            };
            let text = sqlx::AssertSqlSafe(format!("{THING} {text} LIMIT $1"));
            let rows = sqlx::query(text).bind(most).bind(kind).bind(name).fetch_all(&self.pool).await?;
            Ok(rows.iter().map(thing).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        }
        .boxed()
    }

    fn cut(&self) -> BoxFuture<'_, Result<Option<Cut>, StoreError>> {
        async { side::cut(&mut *self.pool.acquire().await?).await }.boxed()
    }

    fn lease(&self) -> Answer<'_, (Option<LeaseRow>, DateTime<Utc>)> {
        async { side::lease(&mut *self.pool.acquire().await?).await }.boxed()
    }

    fn renew<'a>(&'a self, fence: u64, holder: &'a str, digest: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        async move {
            let mut connection = self.pool.acquire().await?;
            self.is_still_there(&mut connection).await?;
            side::renew(&mut connection, fence, holder, digest).await
        }
        .boxed()
    }

    fn put<'a>(&'a self, guard: Guard<'a>, rows: &'a [Side<'a>]) -> BoxFuture<'a, Result<bool, StoreError>> {
        async move {
            let mut tx = connection::begin(&self.pool).await?;
            self.is_still_there(&mut tx).await?;
            let held = side::put(&mut tx, guard, rows).await?;
            if held {
                connection::commit(tx).await?;
            }
            Ok(held)
        }
        .boxed()
    }

    fn rollups<'a>(
        &'a self,
        tier: &'a str,
        series: &'a str,
        from: i64,
        until: i64,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<RollupRow>, StoreError>> {
        async move { side::rollups(&mut *self.pool.acquire().await?, tier, series, from..until, most).await }.boxed()
    }

    fn next_series<'a>(
        &'a self,
        tier: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, StoreError>> {
        async move { side::next_series(&mut *self.pool.acquire().await?, tier, after).await }.boxed()
    }

    fn kept<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(Vec<u8>, DateTime<Utc>)>> {
        async move { side::kept(&mut *self.pool.acquire().await?, name).await }.boxed()
    }

    fn kept_below<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<KeptRow>> {
        async move { side::kept_below(&mut *self.pool.acquire().await?, prefix).await }.boxed()
    }

    fn prune<'a>(&'a self, what: Prune<'a>, most: u32) -> BoxFuture<'a, Result<u64, StoreError>> {
        async move {
            let mut tx = connection::begin(&self.pool).await?;
            self.is_still_there(&mut tx).await?;
            let gone = side::prune(&mut tx, what, most).await?;
            connection::commit(tx).await?;
            Ok(gone)
        }
        .boxed()
    }

    fn size(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        async { side::size(&mut *self.pool.acquire().await?).await }.boxed()
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        // The clock is quick enough: what it costs is the look at one number.
        std::future::pending().boxed()
    }

    fn version(&self) -> BoxFuture<'_, Result<i64, StoreError>> {
        async {
            let mut connection = self.pool.acquire().await?;
            self.is_still_there(&mut connection).await?;
            if let Some((mark, _)) = side::kept(&mut connection, IMPORTING).await? {
                return Err(ImportMark::read(&mark)?.unfinished(&self.path.display()));
            }
            Ok(sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *connection).await?)
        }
        .boxed()
    }

    fn checkpoint(&self) -> BoxFuture<'_, ()> {
        async {
            // Not worth a wait: who is in the way does it later.
            let statement = format!(
                "PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = {}",
                BUSY.as_millis()
            );
            if let Err(error) = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&self.pool).await {
                tracing::debug!(%error, "no checkpoint");
            }
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async {
            // A file that lies where ours was is not written to.
            if !self.read_only {
                match self.is_ours().await {
                    Ok(()) => self.checkpoint().await,
                    Err(_) => self.discard_log(),
                }
            }
            if let Some(keeper) = &self.keeper {
                keeper.close().await;
            }
            self.pool.close().await;
        }
        .boxed()
    }
}

impl Sqlite {
    fn discard_log(&self) {
        if let Err(error) = self.main.discard_log(&self.path) {
            tracing::error!(%error, "the log of a store that was written over stays");
        }
    }

    /// Many are asked for at once: a list of a thousand is one question.
    async fn keyed(&self, keys: &[ThingKey]) -> Result<Vec<StoredThing>, StoreError> {
        let names = |kind: &str| {
            let names = keys.iter().filter(|key| key.kind.name() == kind).map(|key| key.id.as_str());
            names.collect::<serde_json::Value>().to_string()
        };
        let mut kinds: Vec<&str> = keys.iter().map(|key| key.kind.name()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut found = Vec::with_capacity(keys.len());
        for kind in kinds {
            let text = format!("{THING} WHERE kind = $1 AND id IN (SELECT value FROM json_each($2))");
            let rows =
                sqlx::query(sqlx::AssertSqlSafe(text)).bind(kind).bind(names(kind)).fetch_all(&self.pool).await?;
            for row in &rows {
                found.extend(thing(row)?);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
