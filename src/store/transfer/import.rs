//! Bringing all of an exported store into an empty one.
//!
//! *Invariant:* the mark of the import is in the store from its first write to its last, changes with each, and goes with the
//! last fact. So a store without a mark is whole, and two imports can't mix: who finds another mark writes nothing.

use chrono::{DateTime, Utc};

use super::ImportError;
use super::export_file::{ExportFile, Walk};
use super::line::{Line, bytes};
use super::mark::ImportMark;
use crate::model::fact::{Fact, Statement, StoreImported};
use crate::model::thing::{StoredThing, Things};
use crate::store::derive::Derived;
use crate::store::dialect::{
    Appended, Batch, FactRow, Guard, Head, IMPORTING, ImportStep, KEPT, RollupRow, Side, TIERS,
};
use crate::store::{Store, StoreError};

/// Lines that are written at once.
const ROWS: usize = 500;
/// And bytes of them: a statement is to be done in a second or two.
const BYTES: usize = 4 << 20;

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Imported {
    /// The id of the store it came from.
    pub from: String,
    /// Facts.
    pub facts: u64,
    /// Rows of roll-ups.
    pub rollups: u64,
    /// The entry that says that it was imported.
    pub recorded: u64,
}

impl Store {
    /// Brings all of an exported store into this one, which has to be empty; or goes on with it where it was interrupted.
    ///
    /// # Errors
    /// The store is not empty, another import is on the way or not at its end, or it can't be written.
    pub(crate) async fn import(
        &self,
        mut file: ExportFile,
        who: &str,
        now: DateTime<Utc>,
    ) -> Result<Imported, ImportError> {
        let head = self.dialect.head().await?;
        let mut import = self.begin_import(&file, head).await?;
        import.bring(&mut file).await?;
        let end = &file.end;
        let said = StoreImported { store: file.head.id.clone(), seq: end.seq, hash: end.hash.clone() };
        let said = self.new_fact(now, who, Statement::StoreImported(said));
        let last = ImportStep { found: &import.body, left: None };
        let turn = self.turns().next().await?;
        let recorded = turn.next_seq();
        if turn.append_with(vec![said], Batch { import: Some(last), ..Batch::default() }).await?.is_none() {
            return Err(ImportError::Overtaken);
        }
        Ok(Imported { from: file.head.id, facts: file.end.facts, rollups: file.end.rollups, recorded })
    }

    /// What is being imported into it and not at its end.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn importing(&self) -> Result<Option<ImportMark>, StoreError> {
        self.dialect.kept(IMPORTING).await?.map(|(body, _)| ImportMark::read(&body)).transpose()
    }

    /// Puts our mark into the store.
    async fn begin_import(&self, file: &ExportFile, head: Head) -> Result<Import<'_>, ImportError> {
        let found = self.dialect.kept(IMPORTING).await?;
        match &found {
            None => self.refuse_unless_empty(&head).await?,
            Some((body, written)) => {
                let mark = ImportMark::read(body)?;
                if mark.is_at_work(*written, head.now, &self.host) {
                    return Err(ImportError::Busy { host: mark.host, process: mark.process });
                }
                if !mark.is_of(file) {
                    return Err(ImportError::Unfinished { store: mark.store, reached: mark.reached, last: mark.last });
                }
            }
        }
        let mark = ImportMark::new(file, head.seq, &self.host);
        let body = mark.body()?;
        let found = found.as_ref().map(|(body, _)| body.as_slice());
        if !self.dialect.put(Guard::Import(found), &[Side::Keep(IMPORTING, &body)]).await? {
            return Err(ImportError::Overtaken);
        }
        let derived = Derived::from_cut(file.cut.as_ref())?;
        Ok(Import { store: self, derived, walk: Walk::begin(file.cut.as_ref()), mark, body, head })
    }

    async fn refuse_unless_empty(&self, head: &Head) -> Result<(), ImportError> {
        if head.seq > 0 {
            return Err(ImportError::NotEmpty(head.seq));
        }
        for tier in TIERS {
            if self.dialect.next_series(tier, None).await?.is_some() {
                return Err(ImportError::HasReadings);
            }
        }
        for name in KEPT {
            if self.dialect.kept(name).await?.is_some() {
                return Err(ImportError::HasReadings);
            }
        }
        Ok(())
    }
}

/// An import under way.
struct Import<'a> {
    store: &'a Store,
    derived: Derived,
    walk: Walk,
    mark: ImportMark,
    /// The mark as it is stored.
    body: Vec<u8>,
    /// Where the chain of the store ends by now.
    head: Head,
}

/// Lines that wait to be written.
#[derive(Default)]
struct Waiting {
    facts: Vec<(Fact, FactRow)>,
    rollups: Vec<RollupRow>,
    bytes: usize,
}

impl Waiting {
    const fn is_full(&self) -> bool {
        self.facts.len() >= ROWS || self.rollups.len() >= ROWS || self.bytes >= BYTES
    }
}

impl Import<'_> {
    /// Facts, then what lies beside them.
    async fn bring(&mut self, file: &mut ExportFile) -> Result<(), ImportError> {
        let mut waiting = Waiting::default();
        let present = self.head.clone();
        loop {
            let line = file.next()?;
            if waiting.is_full() || !matches!(line, Some(Line::Fact { .. } | Line::Rollup { .. })) {
                self.write(file, std::mem::take(&mut waiting)).await?;
            }
            let changed = || file.unsound("it changed while it was read");
            match line {
                Some(Line::Fact { entry, hash }) => {
                    let (fact, row) = self.walk.step(entry, &hash).map_err(|_| changed())?;
                    if row.seq > present.seq {
                        waiting.bytes += row.entry.len();
                        waiting.facts.push((fact, row));
                    } else if row.seq < present.seq || row.hash == present.hash {
                        self.derived.follow(&fact);
                    } else {
                        return Err(ImportError::NotEmpty(present.seq));
                    }
                }
                Some(Line::Rollup { tier, series, start, data }) => {
                    let data = bytes(&data).ok_or_else(changed)?;
                    waiting.bytes += data.len();
                    waiting.rollups.push(RollupRow { tier, series, start, data });
                }
                Some(Line::Keep { name, body }) => {
                    let body = bytes(&body).ok_or_else(changed)?;
                    self.put(&[Side::Keep(&name, &body)], 0).await?;
                }
                Some(Line::End(_)) => return Ok(()),
                Some(Line::Store(_)) | None => return Err(changed()),
            }
        }
    }

    async fn write(&mut self, file: &ExportFile, waiting: Waiting) -> Result<(), ImportError> {
        if !waiting.facts.is_empty() {
            self.append(file, waiting.facts).await?;
        }
        if waiting.rollups.is_empty() {
            return Ok(());
        }
        let rows: Vec<Side<'_>> = waiting.rollups.iter().map(Side::Rollup).collect();
        self.put(&rows, rows.len()).await
    }

    /// Writes facts, with the things that they make; with the first ones the checkpoint.
    async fn append(&mut self, file: &ExportFile, facts: Vec<(Fact, FactRow)>) -> Result<(), ImportError> {
        let before = if self.head.seq == 0 { 0 } else { self.derived.seq };
        let mut rows = Vec::with_capacity(facts.len());
        for (fact, row) in facts {
            self.derived.follow(&fact);
            rows.push(row);
        }
        let Some(last) = rows.last() else { return Ok(()) };
        let things: Vec<StoredThing> = changed_since(&self.derived.things, before);
        let mark = self.mark.moved(last.seq, 0);
        let body = mark.body()?;
        let import = Some(ImportStep { found: &self.body, left: Some(&body) });
        let cut = file.cut.as_ref().filter(|_| self.head.seq == 0);
        let batch = Batch { facts: &rows, things: &things, cut, import, ..Batch::default() };
        match self.store.dialect.append(&self.head, batch).await? {
            Appended::Done => {
                self.head = Head { seq: last.seq, hash: last.hash.clone(), now: self.head.now };
                (self.mark, self.body) = (mark, body);
                Ok(())
            }
            Appended::Clash | Appended::Known | Appended::Importing => Err(self.overtaken().await?),
        }
    }

    async fn put(&mut self, rows: &[Side<'_>], rollups: usize) -> Result<(), ImportError> {
        let mark = self.mark.moved(self.head.seq, rollups);
        let body = mark.body()?;
        let rows: Vec<Side<'_>> = rows.iter().copied().chain([Side::Keep(IMPORTING, &body)]).collect();
        if !self.store.dialect.put(Guard::Import(Some(&self.body)), &rows).await? {
            return Err(ImportError::Overtaken);
        }
        (self.mark, self.body) = (mark, body);
        Ok(())
    }

    /// Why facts found no place. Where somebody has written into the empty store just before our mark was there, it is no
    /// place for an import, and our mark goes.
    async fn overtaken(&self) -> Result<ImportError, StoreError> {
        let now = self.store.dialect.head().await?;
        let ours = self.store.dialect.kept(IMPORTING).await?.is_some_and(|(body, _)| body == self.body);
        if !ours || now.seq == self.head.seq {
            return Ok(ImportError::Overtaken);
        }
        if self.head.seq == 0 {
            self.store.dialect.put(Guard::Import(Some(&self.body)), &[Side::Forget(IMPORTING)]).await?;
        }
        Ok(ImportError::NotEmpty(now.seq))
    }
}

fn changed_since(things: &Things, seq: u64) -> Vec<StoredThing> {
    things.iter().filter(|thing| thing.seq > seq).cloned().collect()
}
