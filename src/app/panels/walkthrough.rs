//! The steps of the run that is looked at, with the sign-off behind them.

use super::{Hint, Panel};
use crate::app::checklists;
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::{self, PanelId};
use crate::model::checklist::StepKind;
use crate::model::effect::Effect;
use crate::model::thing::ChecklistRecord;

pub(super) struct Walkthrough;

impl Panel for Walkthrough {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let Some(record) = state.shown_round() else { return Vec::new() };
        let key = |step: Option<_>| RowKey::Step(record.id.clone(), step);
        let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
        let is_shown = |title: &str| words.iter().all(|word| title.to_lowercase().contains(word));
        let steps = record.steps.iter().filter(|step| is_shown(step.asked.title.as_str()));
        let steps = steps.map(|step| key(Some(step.asked.id.clone())));
        steps.chain(record.is_open().then(|| key(None))).collect()
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Checklists)
    }

    fn acts_by(&self, state: &State, command: Command) -> bool {
        command == Command::Open && state.shown_round().is_some_and(ChecklistRecord::is_open)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        let Some(record) = state.shown_round().filter(|record| record.is_open()) else {
            return vec![(Command::NextPanel, "next panel")];
        };
        let round = state.seen().round(record);
        let Some(step) = state.shown_step(&round) else {
            return vec![(Command::Open, "sign off"), (Command::StepNote, "add note")];
        };
        let is_lost = step.config.is_none() && step.kind() != StepKind::Confirm;
        let does = match step.kind() {
            _ if step.state.is_terminal() => "go on",
            _ if step.gate.is_some() => "waits for the gate",
            _ if is_lost => "not configured any more",
            _ if step.is_overruled() => "take it back",
            StepKind::Auto => "measure again",
            StepKind::Measure => "type the number",
            StepKind::Ask => "answer yes",
            StepKind::Run => "run the command",
            StepKind::Action => "start the action",
            StepKind::Confirm => "confirm",
        };
        let mut hints = vec![(Command::Open, does)];
        // Of the rest what is refused there is not offered either.
        if step.gate.is_none() {
            hints.push((Command::StepFail, "fail"));
            hints.extend((!step.record.asked.gate).then_some((Command::StepSkip, "skip")));
            hints.extend([(Command::StepWaive, "waive"), (Command::StepDefer, "defer")]);
        }
        hints.push((Command::StepNote, "add note"));
        hints
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, effects: &mut Vec<Effect>) -> bool {
        checklists::command(state, command, effects)
    }

    fn moved(&self, state: &mut State) {
        checklists::moved(state);
    }

    fn opens_by_click(&self) -> bool {
        false
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, effects: &mut Vec<Effect>) {
        checklists::enter(state, row, effects);
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let RowKey::Step(run, Some(step)) = row? else { return None };
        let round = state.seen().round(state.seen().checklist_run(run)?);
        let step = &round.steps[round.place_of(step)?];
        let value = step.value.as_ref().map_or_else(String::new, |value| format!(": {value}"));
        Some(format!("{} {}{value}", step.title, step.state.word()))
    }
}

/// What is known of the selected step.
pub(super) struct StepDetail;

impl Panel for StepDetail {
    fn takes_focus(&self, _state: &State) -> bool {
        false
    }

    fn is_wanted(&self, state: &State) -> bool {
        state.shown_round().is_some()
    }
}

/// The panel that belongs to the selected step.
pub(super) struct StepPanel;

impl Panel for StepPanel {
    fn takes_focus(&self, _state: &State) -> bool {
        false
    }

    fn is_wanted(&self, state: &State) -> bool {
        beside(state).is_some()
    }

    fn shows_records(&self) -> bool {
        true
    }
}

/// The panel that belongs to the selected step.
pub(crate) fn beside(state: &State) -> Option<PanelId> {
    let record = state.shown_round()?;
    let Some(RowKey::Step(run, Some(step))) = state.selected(&panels::WALKTHROUGH.id()) else { return None };
    let asked = &record.step(&step).filter(|_| run == record.id)?.asked;
    let list = state.seen().config.checklist(&record.checklist)?;
    let shown = list.steps.iter().find(|one| one.id == asked.id && one.kind() == asked.kind)?.show.clone()?;
    // A panel that shows itself would do so for ever.
    let is_own = [&panels::STEP_PANEL, &panels::STEP_DETAIL, &panels::WALKTHROUGH].iter().any(|own| shown.is(own));
    (!is_own).then_some(shown)
}
