//! What a person should read about the console itself.

use std::fmt::Write as _;

use super::{Panel, keys};
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::world::diagnostics::Problem;

pub(super) struct Problems;

impl Panel for Problems {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let text = |to: &mut String, problem: &Problem| write!(to, "{} {}", problem.about, problem.text);
        keys(state.seen().diagnostics.problems.iter().rev(), filter, RowKey::problem, text)
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let row = row?;
        let problem = state.seen().diagnostics.problems.iter().find(|problem| row.is_problem(problem))?;
        Some(format!("{}: {}", problem.about, problem.text))
    }
}
