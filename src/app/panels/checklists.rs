//! The checklists, and the runs that are over.

use std::fmt::Write as _;

use super::{Hint, Panel};
use crate::app::checklists;
use crate::app::keymap::Command;
use crate::app::list::RowFilter;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::lang::order::InOrder;
use crate::model::effect::Effect;
use crate::model::thing::ChecklistRecord;
use crate::world::checklists::due::ListStanding;

/// Runs that are over and are listed.
const PAST: usize = 60;

/// What Enter does on a list of which a run can be begun.
const START: &str = "start";

pub(super) struct Checklists;

/// What Enter does on the row that is selected.
fn opening(state: &State) -> &'static str {
    let world = state.seen();
    let run = match state.selected(&crate::config::panels::CHECKLISTS.id()) {
        Some(RowKey::Checklist(name)) => {
            let Some(view) = world.config.checklist(&name).map(|list| world.list_view(list)) else { return "look at" };
            if view.run.is_none() || view.state == ListStanding::OnDemand {
                return START;
            }
            view.run
        }
        Some(RowKey::Round(run)) => world.checklist_run(&run),
        _ => None,
    };
    if run.is_some_and(ChecklistRecord::is_open) { "resume" } else { "look at" }
}

impl Panel for Checklists {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let (world, mut words) = (state.seen(), RowFilter::new(filter));
        let mut lists: Vec<_> = world.lists().collect();
        // What needs somebody first; equals stay in the order of the file.
        lists.order_by_key(|view| view.state);
        let lists = lists
            .into_iter()
            .filter(|view| words.hold(|to| write!(to, "{} {} {}", view.list.name, view.list.title, view.state.word())));
        let mut rows: Vec<RowKey> = lists.map(|view| RowKey::Checklist(view.list.name.clone())).collect();
        let mut words = RowFilter::new(filter);
        let left_open = world.runs_left_open().into_iter();
        let left_open =
            left_open.filter(|run| words.hold(|to| write!(to, "{} {} left open", run.checklist, run.title)));
        rows.extend(left_open.map(|run| RowKey::Round(run.id.clone())));
        let mut over: Vec<_> = world.checklist_runs().filter(|run| !run.is_open()).collect();
        over.order_by_key(|run| std::cmp::Reverse(run.ended_at()));
        let mut words = RowFilter::new(filter);
        let over = over.into_iter().take(PAST).filter(|run| {
            let state = if run.missed.is_some() { "missed" } else { "signed" };
            words.hold(|to| write!(to, "{} {} {state}", run.checklist, run.title))
        });
        rows.extend(over.map(|run| RowKey::Round(run.id.clone())));
        rows
    }

    fn acts_by(&self, state: &State, command: Command) -> bool {
        command == Command::Open && opening(state) == START
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        vec![(Command::Open, opening(state)), (Command::NextPanel, "next panel")]
    }

    fn moved(&self, state: &mut State) {
        // What is selected is what is shown beside it.
        state.console.screens.checklists.run = None;
        state.console.screens.checklists.follows = true;
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, effects: &mut Vec<Effect>) {
        checklists::open(state, row, effects);
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let world = state.seen();
        match row? {
            RowKey::Checklist(name) => {
                let view = world.list_view(world.config.checklist(name)?);
                Some(format!("{} {}", view.list.title, view.state.word()))
            }
            RowKey::Round(run) => {
                let run = world.checklist_run(run)?;
                Some(format!("{} {}: {}", run.id, run.title, run.counts().describe()))
            }
            _ => None,
        }
    }
}
