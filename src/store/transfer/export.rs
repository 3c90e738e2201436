//! Writing a whole store as lines.

use super::export_file::Walk;
use super::line::{CutLine, End, ExportHead, FORM, Line};
use crate::store::chain::hex;
use crate::store::dialect::{KEPT, WhichFacts};
use crate::store::rollups::walk::RollupWalk;
use crate::store::{Store, StoreError, readable};

/// Rows that are read at once.
const PAGE: u32 = 500;

/// What was exported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exported {
    /// Facts.
    pub facts: u64,
    /// Rows of roll-ups.
    pub rollups: u64,
    /// Where the chain does not hold: such an export can't be imported.
    pub broken: Vec<String>,
    /// What is not readable, and was left out.
    pub left_out: Vec<String>,
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
        let mut exported = Exported::default();
        let mut walk = Walk::begin(cut.as_ref());
        let mut end = End { seq: head.seq, hash: hex(&head.hash), ..End::default() };
        let mut after = cut.map_or(0, |cut| cut.seq);
        while after < head.seq {
            let page = self.dialect.facts(WhichFacts::After(after), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for row in page.into_iter().filter(|row| row.seq <= head.seq) {
                end.facts += 1;
                let hash = hex(&row.hash);
                if let Err(what) = walk.step(row.entry.clone(), &hash) {
                    exported.broken.push(format!("entry {}: {what}", row.seq));
                    walk.go_on(row.seq, &row.hash);
                }
                if !say(&Line::Fact { entry: row.entry, hash })? {
                    return Ok(None);
                }
            }
        }
        if !self.export_rollups(&mut end, &mut exported.left_out, &mut say).await? {
            return Ok(None);
        }
        for name in KEPT {
            let Some((body, _)) = self.dialect.kept(name).await? else { continue };
            if !readable::is_kept(name, &body) {
                exported.left_out.push(format!("what is kept as `{name}`"));
                continue;
            }
            end.kept += 1;
            if !say(&Line::of_kept(name, &body))? {
                return Ok(None);
            }
        }
        (exported.facts, exported.rollups) = (end.facts, end.rollups);
        Ok(say(&Line::End(end))?.then_some(exported))
    }

    async fn export_rollups(
        &self,
        end: &mut End,
        left_out: &mut Vec<String>,
        say: &mut impl FnMut(&Line) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let mut walk = RollupWalk::default();
        while let Some(rows) = walk.next(self).await? {
            for row in &rows {
                if !readable::is_rollup(row) {
                    left_out.push(readable::named(row));
                    continue;
                }
                end.rollups += 1;
                if !say(&Line::of_rollup(row))? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}
