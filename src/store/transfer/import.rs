//! Reading a whole store from lines into an empty one.
//!
//! The file is read twice: first to see that all of it is sound, then to write. What was interrupted goes on where it
//! stopped when it is begun again.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _};
use std::path::Path;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::line::{CutLine, End, ExportHead, FORM, Line, bytes};
use crate::files::bounded;
use crate::model::fact::{Fact, Statement, StoreImported};
use crate::model::thing::{StoredThing, Things};
use crate::store::chain::{chained, genesis, hex, root, unhex};
use crate::store::derive::Derived;
use crate::store::dialect::{self, Appended, Batch, FactRow, KEPT, RollupRow, Side, TIERS};
use crate::store::{Store, StoreError};

/// Lines that are written at once.
const BATCH: usize = 500;
/// Bound on one line, in bytes.
const LINE: u64 = 256 << 20;

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Imported {
    /// The id of the store it came from.
    pub from: String,
    /// Facts.
    pub facts: u64,
    /// Rows of roll-ups.
    pub rollups: u64,
}

/// Why nothing, or not all, was imported.
#[derive(Debug, Error)]
pub(crate) enum ImportError {
    /// The file can't be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// The file is not sound: nothing was changed.
    #[error("line {line}: {what}")]
    Unsound {
        /// From 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// The store holds something else already.
    #[error("the store is not empty: it has {0} entries")]
    NotEmpty(u64),
    /// The store can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The lines of a file.
struct Lines {
    reader: BufReader<File>,
    number: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, ImportError> {
        let file = bounded::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a file: an import reads it twice").into());
        }
        Ok(Self { reader: BufReader::new(file), number: 0 })
    }

    fn again(&mut self) -> Result<(), ImportError> {
        self.number = 0;
        Ok(self.reader.rewind()?)
    }

    fn next(&mut self) -> Result<Option<Line>, ImportError> {
        let mut text = String::new();
        let read = io::Read::take(&mut self.reader, LINE).read_line(&mut text);
        self.number += 1;
        match read {
            Ok(0) => Ok(None),
            Ok(_) => serde_json::from_str(&text).map(Some).map_err(|_| self.unsound("not a line of an exported store")),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(self.unsound("not text")),
            Err(error) => Err(error.into()),
        }
    }

    fn unsound(&self, what: &str) -> ImportError {
        ImportError::Unsound { line: self.number, what: what.to_owned() }
    }

    /// The first line.
    fn head(&mut self) -> Result<ExportHead, ImportError> {
        match self.next()? {
            Some(Line::Store(head)) if head.form == FORM => Ok(head),
            Some(Line::Store(_)) => Err(self.unsound("written by a newer version")),
            _ => Err(self.unsound("not an exported store")),
        }
    }
}

/// A chain that is read from lines.
struct Walk {
    seq: u64,
    hash: Vec<u8>,
}

impl Walk {
    fn begin(cut: Option<&CutLine>) -> Option<Self> {
        match cut {
            Some(cut) => Some(Self { seq: cut.seq, hash: unhex(&cut.hash)? }),
            None => Some(Self { seq: 0, hash: genesis() }),
        }
    }

    /// The next fact; `None` where it does not belong there.
    fn step(&mut self, entry: String, hash: &str) -> Option<(Fact, FactRow)> {
        let fact = Fact::from_entry(&entry).ok()?;
        if let (0, Statement::StoreOpened(opened)) = (self.seq, fact.said()) {
            self.hash = root(opened)?;
        }
        let hash = unhex(hash)?;
        if fact.seq != self.seq + 1 || chained(&self.hash, entry.as_bytes()) != hash {
            return None;
        }
        (self.seq, self.hash) = (fact.seq, hash.clone());
        let row = FactRow {
            seq: fact.seq,
            id: fact.draft.id.clone(),
            recorded_at: fact.recorded_at,
            kind: fact.said().kind().to_owned(),
            object: fact.said().object(),
            entry,
            hash,
        };
        Some((fact, row))
    }
}

impl Store {
    /// Brings all of an exported store into this one, which has to be empty.
    ///
    /// # Errors
    /// The file is not sound, the store is not empty, or can't be written.
    pub(crate) async fn import(&self, path: &Path, who: &str, now: DateTime<Utc>) -> Result<Imported, ImportError> {
        let mut lines = Lines::open(path)?;
        let (head, end) = examine(&mut lines)?;
        let present = self.dialect.head().await?;
        if present.seq > end.seq {
            return Err(ImportError::NotEmpty(present.seq));
        }
        lines.again()?;
        lines.head()?;
        let mut import = Import { store: self, derived: Derived::default(), walk: Walk { seq: 0, hash: genesis() } };
        import.begin(&head, &present).await?;
        import.facts_and_rest(&mut lines, &present).await?;
        let said = StoreImported { store: head.id.clone(), seq: end.seq, hash: end.hash.clone() };
        self.record(now, who, Statement::StoreImported(said)).await?;
        Ok(Imported { from: head.id, facts: end.facts, rollups: end.rollups })
    }
}

/// Reads the whole file and writes nothing.
fn examine(lines: &mut Lines) -> Result<(ExportHead, End), ImportError> {
    let head = lines.head()?;
    let broken = |lines: &Lines| lines.unsound("the chain is broken here: the entry was changed, or one is missing");
    let mut walk = Walk::begin(head.cut.as_ref()).ok_or_else(|| broken(lines))?;
    if let Some(cut) = &head.cut {
        let things = serde_json::from_value::<Vec<StoredThing>>(cut.things.clone());
        things.map_err(|_| lines.unsound("the checkpoint is not readable"))?;
    }
    let mut seen = End::default();
    loop {
        match lines.next()? {
            Some(Line::Fact { entry, hash }) => {
                walk.step(entry, &hash).ok_or_else(|| broken(lines))?;
                seen.facts += 1;
            }
            Some(Line::Rollup { tier, data, .. }) => {
                bytes(&data)
                    .filter(|_| TIERS.contains(&tier.as_str()))
                    .ok_or_else(|| lines.unsound("a roll-up that is not readable"))?;
                seen.rollups += 1;
            }
            Some(Line::Keep { name, body }) => {
                bytes(&body)
                    .filter(|_| KEPT.contains(&name.as_str()))
                    .ok_or_else(|| lines.unsound("something kept that is not known"))?;
                seen.kept += 1;
            }
            Some(Line::End(end)) => {
                (seen.seq, seen.hash) = (walk.seq, hex(&walk.hash));
                if end != seen {
                    return Err(lines.unsound("lines are missing before it"));
                }
                if lines.next()?.is_some() {
                    return Err(lines.unsound("nothing may follow the last line"));
                }
                return Ok((head, end));
            }
            Some(Line::Store(_)) => return Err(lines.unsound("a second store begins")),
            None => return Err(lines.unsound("the file ends too early: it was cut short")),
        }
    }
}

/// An import under way.
struct Import<'a> {
    store: &'a Store,
    derived: Derived,
    walk: Walk,
}

impl Import<'_> {
    /// Puts the checkpoint in place, where there is one and it is not there yet.
    async fn begin(&mut self, head: &ExportHead, present: &dialect::Head) -> Result<(), ImportError> {
        let invalid = || StoreError::Content("the checkpoint is not readable".to_owned());
        self.walk = Walk::begin(head.cut.as_ref()).ok_or_else(invalid)?;
        let Some(cut) = &head.cut else { return Ok(()) };
        let cut = cut.to_cut().ok_or_else(invalid)?;
        self.derived = Derived::from_cut(Some(&cut))?;
        if present.seq == cut.seq && present.hash != cut.hash {
            return Err(ImportError::NotEmpty(present.seq));
        }
        if present.seq == 0 {
            let things: Vec<StoredThing> = self.derived.things.iter().cloned().collect();
            let batch = Batch { things: &things, cut: Some(&cut), ..Batch::default() };
            if self.store.dialect.append(present, batch).await? == Appended::Clash {
                return Err(StoreError::Crowded.into());
            }
        }
        Ok(())
    }

    async fn facts_and_rest(&mut self, lines: &mut Lines, present: &dialect::Head) -> Result<(), ImportError> {
        let (mut facts, mut rollups) = (Vec::new(), Vec::new());
        loop {
            let line = lines.next()?;
            let is_fact = matches!(line, Some(Line::Fact { .. }));
            if (!is_fact && !facts.is_empty()) || facts.len() == BATCH {
                self.write(std::mem::take(&mut facts)).await?;
            }
            if rollups.len() == BATCH || matches!(line, Some(Line::End(_)) | None) {
                let rows: Vec<Side<'_>> = rollups.iter().map(Side::Rollup).collect();
                self.store.dialect.put(None, &rows).await?;
                rollups.clear();
            }
            let changed = || lines.unsound("it changed while it was read");
            match line {
                Some(Line::Fact { entry, hash }) => {
                    let (fact, row) = self.walk.step(entry, &hash).ok_or_else(changed)?;
                    if row.seq > present.seq {
                        facts.push((fact, row));
                    } else if row.seq < present.seq || row.hash == present.hash {
                        self.derived.follow(&fact);
                    } else {
                        return Err(ImportError::NotEmpty(present.seq));
                    }
                }
                Some(Line::Rollup { tier, series, start, data }) => {
                    rollups.push(RollupRow { tier, series, start, data: bytes(&data).ok_or_else(changed)? });
                }
                Some(Line::Keep { name, body }) => {
                    let body = bytes(&body).ok_or_else(changed)?;
                    self.store.dialect.put(None, &[Side::Keep(&name, &body)]).await?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Writes facts, with the things that they make.
    async fn write(&mut self, facts: Vec<(Fact, FactRow)>) -> Result<(), ImportError> {
        let Some((_, first)) = facts.first() else { return Ok(()) };
        let after = self.store.dialect.head().await?;
        if after.seq + 1 != first.seq {
            return Err(ImportError::NotEmpty(after.seq));
        }
        let before = self.derived.seq;
        let mut rows = Vec::with_capacity(facts.len());
        for (fact, row) in facts {
            self.derived.follow(&fact);
            rows.push(row);
        }
        let things: Vec<StoredThing> = changed_since(&self.derived.things, before);
        let batch = Batch { facts: &rows, things: &things, ..Batch::default() };
        match self.store.dialect.append(&after, batch).await? {
            Appended::Done => Ok(()),
            Appended::Clash | Appended::Known => Err(StoreError::Crowded.into()),
        }
    }
}

fn changed_since(things: &Things, seq: u64) -> Vec<StoredThing> {
    things.iter().filter(|thing| thing.seq > seq).cloned().collect()
}
