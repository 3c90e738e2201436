//! All of a store verified: its chain, what was derived from it, its roll-ups.

use serde::Serialize;

use super::dialect::KEPT;
use super::rollups::walk::RollupWalk;
use super::transfer::ImportMark;
use super::{Store, StoreError, readable};
use crate::text::coding::to_hex;

/// How far a store reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoreExtent {
    /// The first entry that is there; more than `last` where there is none.
    pub first: u64,
    /// The last entry.
    pub last: u64,
    /// What it takes on its disk.
    pub bytes: u64,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Checked {
    /// The first entry that is there.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// How many hold.
    pub entries: u64,
    /// Where a chain is broken, in words.
    pub broken: Vec<String>,
    /// Things, by the entries.
    pub things: u64,
    /// Those that are not as the entries say, such as `run:ID`.
    pub differing: Vec<String>,
    /// Rows of roll-ups.
    pub rollups: u64,
    /// How many of them are not readable.
    #[serde(skip)]
    pub unreadable_rollups: usize,
    /// What is not readable: those, and what is kept beside them.
    pub unreadable: Vec<String>,
    /// What is being imported and not at its end.
    pub importing: Option<ImportMark>,
}

impl Checked {
    /// Whether nothing is wrong.
    pub(crate) const fn is_sound(&self) -> bool {
        self.broken.is_empty() && self.differing.is_empty() && self.unreadable.is_empty() && self.importing.is_none()
    }
}

impl Store {
    /// How far it reaches and what it takes.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn extent(&self) -> Result<StoreExtent, StoreError> {
        let first = self.dialect.cut().await?.map_or(0, |cut| cut.seq) + 1;
        Ok(StoreExtent { first, last: self.dialect.head().await?.seq, bytes: self.dialect.size().await? })
    }

    /// The number and the hash (hex) of the last fact; `None`: there is none.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn chain_head(&self) -> Result<Option<(u64, String)>, StoreError> {
        let head = self.dialect.head().await?;
        Ok((head.seq > 0).then(|| (head.seq, to_hex(&head.hash))))
    }

    /// Verifies everything. Nothing is changed.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn check(&self) -> Result<Checked, StoreError> {
        let (first, importing) = (self.extent().await?.first, self.importing().await?);
        let mut checked = Checked { first, importing, ..Checked::default() };
        for chain in self.verify_audit().await? {
            let whose =
                chain.writer.as_ref().map_or_else(String::new, |writer| format!("the earlier audit of {writer}, "));
            if chain.writer.is_none() {
                checked.entries = chain.entries;
                checked.last = (checked.first + chain.entries).saturating_sub(1);
            }
            if let Some((seq, how)) = chain.broken {
                checked.broken.push(format!("{whose}entry {seq}: {how}"));
            }
        }
        for doubt in self.doubts().await? {
            checked.broken.push(doubt.to_string());
        }
        let compared = self.compare().await?;
        (checked.things, checked.differing) = (compared.things, compared.differing);
        self.check_what_lies_beside(&mut checked).await?;
        Ok(checked)
    }

    async fn check_what_lies_beside(&self, checked: &mut Checked) -> Result<(), StoreError> {
        let mut walk = RollupWalk::default();
        while let Some(rows) = walk.next(self).await? {
            checked.rollups += rows.len() as u64;
            let unreadable = rows.iter().filter(|row| !readable::is_rollup(row));
            checked.unreadable.extend(unreadable.map(readable::named));
        }
        checked.unreadable_rollups = checked.unreadable.len();
        for name in KEPT {
            if self.dialect.kept(name).await?.is_some_and(|(body, _)| !readable::is_kept(name, &body)) {
                checked.unreadable.push(format!("what is kept as `{name}`"));
            }
        }
        Ok(())
    }
}
