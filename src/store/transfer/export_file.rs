//! An exported store in a file, read through to its last line before any of it is written: what is in it is what this
//! version can read.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::ImportError;
use super::line::{CutLine, End, ExportHead, FORM, Line, bytes};
use crate::files::bounded;
use crate::model::fact::{Fact, Statement};
use crate::model::thing::StoredThing;
use crate::store::chain::{chained, genesis, hex, root, unhex};
use crate::store::dialect::{Cut, FactRow, KEPT, RollupRow, TIERS};
use crate::store::readable;

/// Bound on one line, in bytes.
const LINE: u64 = 256 << 20;

/// An exported store that is sound, at its first line after the head.
#[derive(Debug)]
pub(crate) struct ExportFile {
    reader: BufReader<File>,
    number: u64,
    pub(super) head: ExportHead,
    pub(super) end: End,
    pub(super) cut: Option<Cut>,
}

/// A chain that is read from lines.
pub(super) struct Walk {
    seq: u64,
    hash: Vec<u8>,
}

impl Walk {
    pub(super) fn begin(cut: Option<&Cut>) -> Self {
        cut.map_or_else(|| Self { seq: 0, hash: genesis() }, |cut| Self { seq: cut.seq, hash: cut.hash.clone() })
    }

    /// Goes on behind a fact, whatever is wrong before it.
    pub(super) fn go_on(&mut self, seq: u64, hash: &[u8]) {
        (self.seq, self.hash) = (seq, hash.to_owned());
    }

    /// The next fact.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn step(&mut self, entry: String, hash: &str) -> Result<(Fact, FactRow), String> {
        const BROKEN: &str = "the chain is broken here: the entry was changed, or one is missing";
        let fact = Fact::from_entry(&entry).map_err(|error| format!("an entry that is not readable: {error}"))?;
        if let (0, Statement::StoreOpened(opened)) = (self.seq, fact.said()) {
            self.hash = root(opened).ok_or(BROKEN)?;
        }
        let hash = unhex(hash).ok_or(BROKEN)?;
        if fact.seq != self.seq + 1 || chained(&self.hash, entry.as_bytes()) != hash {
            return Err(BROKEN.to_owned());
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
        if [&row.id, &row.kind, &row.object].iter().any(|text| text.contains('\0')) {
            return Err("an entry with a name that no store can hold (a NUL)".to_owned());
        }
        Ok((fact, row))
    }
}

impl ExportFile {
    /// Reads the whole file.
    ///
    /// # Errors
    /// It can't be read, or a line of it makes no sense.
    pub(crate) fn read(path: &Path) -> Result<Self, ImportError> {
        let file = bounded::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(ImportError::NotAFile);
        }
        let empty = ExportHead { form: FORM, id: String::new(), cut: None };
        let mut file = Self { reader: BufReader::new(file), number: 0, head: empty, end: End::default(), cut: None };
        file.read_head()?;
        file.examine()?;
        file.rewind()?;
        Ok(file)
    }

    /// Goes back to the first line after the head.
    fn rewind(&mut self) -> Result<(), ImportError> {
        self.reader.rewind()?;
        self.number = 0;
        self.next().map(drop)
    }

    /// The next line.
    pub(super) fn next(&mut self) -> Result<Option<Line>, ImportError> {
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

    /// That something is wrong with the line that was read last.
    pub(super) fn unsound(&self, what: &str) -> ImportError {
        ImportError::Unsound { line: self.number, what: what.to_owned() }
    }

    fn read_head(&mut self) -> Result<(), ImportError> {
        self.head = match self.next()? {
            Some(Line::Store(head)) if head.form == FORM => head,
            Some(Line::Store(_)) => return Err(self.unsound("written by a newer version")),
            _ => return Err(self.unsound("not an exported store")),
        };
        self.cut = match &self.head.cut {
            Some(cut) => Some(checkpoint(cut).ok_or_else(|| self.unsound("the checkpoint is not readable"))?),
            None => None,
        };
        Ok(())
    }

    fn examine(&mut self) -> Result<(), ImportError> {
        let (mut walk, mut seen, mut ids) = (Walk::begin(self.cut.as_ref()), End::default(), HashSet::new());
        loop {
            match self.next()? {
                Some(Line::Fact { entry, hash }) => {
                    let (_, row) = walk.step(entry, &hash).map_err(|what| self.unsound(&what))?;
                    // As a hash of its own: a million of them fit into some 30 MB.
                    if !ids.insert(<[u8; 32]>::from(Sha256::digest(&row.id)).first_chunk::<16>().copied()) {
                        return Err(self.unsound("an entry with the id of an earlier one"));
                    }
                    seen.facts += 1;
                }
                Some(Line::Rollup { tier, series, start, data }) => {
                    let data = bytes(&data).ok_or_else(|| self.unsound("a roll-up that is not readable"))?;
                    let known = TIERS.contains(&tier.as_str()) && !series.contains('\0');
                    if !known || !readable::is_rollup(&RollupRow { tier, series, start, data }) {
                        return Err(self.unsound("a roll-up that is not readable"));
                    }
                    seen.rollups += 1;
                }
                Some(Line::Keep { name, body }) => {
                    if !KEPT.contains(&name.as_str()) {
                        return Err(self.unsound("something kept that is not known"));
                    }
                    if !bytes(&body).is_some_and(|body| readable::is_kept(&name, &body)) {
                        return Err(self.unsound(&format!("what is kept as `{name}` is not readable")));
                    }
                    seen.kept += 1;
                }
                Some(Line::End(end)) => {
                    (seen.seq, seen.hash) = (walk.seq, hex(&walk.hash));
                    if end != seen || (self.cut.is_some() && seen.facts == 0) {
                        return Err(self.unsound("lines are missing before it"));
                    }
                    if self.next()?.is_some() {
                        return Err(self.unsound("nothing may follow the last line"));
                    }
                    self.end = end;
                    return Ok(());
                }
                Some(Line::Store(_)) => return Err(self.unsound("a second store begins")),
                None => return Err(self.unsound("the file ends too early: it was cut short")),
            }
        }
    }
}

/// Where the chain begins; `None` where that makes no sense.
fn checkpoint(line: &CutLine) -> Option<Cut> {
    let cut = line.to_cut().filter(|cut| cut.hash.len() == genesis().len() && i64::try_from(cut.seq).is_ok())?;
    let things: Vec<StoredThing> = serde_json::from_value(line.things.clone()).ok()?;
    things.iter().all(|thing| thing.seq <= cut.seq && !thing.key.id.contains('\0')).then_some(cut)
}
