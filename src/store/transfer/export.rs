//! Writing a whole store as lines.

use super::line::{CutLine, End, ExportHead, FORM, Line};
use crate::store::chain::hex;
use crate::store::dialect::{KEPT, WhichFacts};
use crate::store::rollups::walk::RollupWalk;
use crate::store::{Store, StoreError};

/// Rows that are read at once.
const PAGE: u32 = 500;

/// What was exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Exported {
    /// Facts.
    pub facts: u64,
    /// Rows of roll-ups.
    pub rollups: u64,
}

impl Store {
    /// Gives a whole store line by line, up to the fact that is the last one now, to `write`, which says whether it takes
    /// more.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn export(&self, mut write: impl FnMut(&str) -> bool) -> Result<Option<Exported>, StoreError> {
        let mut say = |line: &Line| -> Result<bool, StoreError> {
            let text = serde_json::to_string(line).map_err(|error| StoreError::Content(error.to_string()))?;
            Ok(write(&format!("{text}\n")))
        };
        let head = self.dialect.head().await?;
        let cut = self.dialect.cut().await?;
        let begin = cut.as_ref().map(CutLine::from_cut).transpose();
        let begin = begin.map_err(|error| StoreError::Content(format!("the checkpoint is not readable: {error}")))?;
        if !say(&Line::Store(ExportHead { form: FORM, id: self.id().to_owned(), cut: begin }))? {
            return Ok(None);
        }
        let mut end = End { seq: head.seq, hash: hex(&head.hash), ..End::default() };
        let mut after = cut.map_or(0, |cut| cut.seq);
        while after < head.seq {
            let page = self.dialect.facts(WhichFacts::After(after), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for row in page.into_iter().filter(|row| row.seq <= head.seq) {
                end.facts += 1;
                if !say(&Line::Fact { entry: row.entry, hash: hex(&row.hash) })? {
                    return Ok(None);
                }
            }
        }
        if !self.export_rollups(&mut end, &mut say).await? {
            return Ok(None);
        }
        for name in KEPT {
            let Some((body, _)) = self.dialect.kept(name).await? else { continue };
            end.kept += 1;
            if !say(&Line::of_kept(name, &body))? {
                return Ok(None);
            }
        }
        let exported = Exported { facts: end.facts, rollups: end.rollups };
        Ok(say(&Line::End(end))?.then_some(exported))
    }

    async fn export_rollups(
        &self,
        end: &mut End,
        say: &mut impl FnMut(&Line) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let mut walk = RollupWalk::default();
        while let Some(rows) = walk.next(self).await? {
            for row in &rows {
                end.rollups += 1;
                if !say(&Line::of_rollup(row))? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}
