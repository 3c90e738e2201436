//! The walkthrough of a checklist: which run and step are looked at, and what the keys say of them.

use crate::config::panels;
use crate::config::sections::checklist::{ChecklistStep, StepTask};
use crate::model::checklist::{CommandResult, StepKind, StepState};
use crate::model::effect::{Effect, FeedEffect, RequestId, RunEffect, StepCommand, TerminalEffect};
use crate::model::thing::{ChecklistRecord, StepAnswer};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::checklists::round::{ChecklistRound, RoundStep};
use crate::world::checklists::said::StepSaying;
use crate::world::checklists::start::begun;

use super::keymap::Command;
use super::launch;
use super::overlays::step_dialog::{StepDialog, StepPurpose};
use super::replayed;
use super::requests::AwaitedAnswer;
use super::row::RowKey;
use super::saying::say;
use super::screens::Screen;
use super::state::State;
use super::toasts::Tone;

impl State {
    /// The run that is looked at: the one that was opened, else that of the row that is selected in the list.
    pub(crate) fn shown_round(&self) -> Option<&ChecklistRecord> {
        let world = self.seen();
        let opened = self.console.screens.checklists.run.as_ref();
        if let Some(run) = opened.and_then(|run| world.checklist_run(run)) {
            return Some(run);
        }
        match self.selected(&panels::CHECKLISTS.id())? {
            RowKey::Checklist(name) => world.list_view(world.config.checklist(&name)?).run,
            RowKey::Round(run) => world.checklist_run(&run),
            _ => None,
        }
    }

    /// The step that is selected, and its place.
    pub(crate) fn shown_step<'a>(&self, round: &'a ChecklistRound<'_>) -> Option<&'a RoundStep<'a>> {
        match self.selected(&panels::WALKTHROUGH.id())? {
            RowKey::Step(run, Some(step)) if run == round.record.id => {
                round.place_of(&step).and_then(|at| round.steps.get(at))
            }
            _ => None,
        }
    }
}

/// Enter on a list or a run: a list that is due is begun, a run is looked at.
pub(super) fn open(state: &mut State, row: Option<RowKey>, effects: &mut Vec<Effect>) {
    match row {
        Some(RowKey::Round(run)) => look_at(state, run),
        Some(RowKey::Checklist(name)) => {
            let world = &state.world;
            let Some(list) = world.config.checklist(&name) else { return };
            let view = world.list_view(list);
            if let Some(run) = view.run.filter(|run| run.is_open()) {
                let run = run.id.clone();
                return look_at(state, run);
            }
            match world.start_checklist(list) {
                Ok(_) if world.read_only => state.toast(Tone::Warning, "read-only: no checklist can be started here"),
                Ok(said) => {
                    let run = begun(&said);
                    let title = list.title.clone();
                    say(
                        state,
                        Ok(said),
                        run.as_ref().map(|run| (run.clone(), None)),
                        &format!("{title} started"),
                        effects,
                    );
                    if let Some(run) = run {
                        look_at(state, run);
                    }
                }
                Err(why) => {
                    let run = view.run.map(|run| run.id.clone());
                    state.toast(Tone::Info, &why);
                    if let Some(run) = run {
                        look_at(state, run);
                    }
                }
            }
        }
        _ => {}
    }
}

/// Opens a run: the keys go to its steps.
fn look_at(state: &mut State, run: Name) {
    state.console.screens.checklists.run = Some(run);
    state.console.screens.checklists.follows = true;
    select(state, None);
    state.console.focus = Some(panels::WALKTHROUGH.id());
}

fn select(state: &mut State, row: Option<RowKey>) {
    if let Some(list) = state.list_mut(&panels::WALKTHROUGH.id()) {
        list.select(row, &[]);
    }
}

/// A person moved: the selection stays where it is put.
pub(super) fn moved(state: &mut State) {
    state.console.screens.checklists.follows = false;
}

/// Moves on from what is finished, as long as nobody moved by hand: the box of what is to be done goes ahead by itself.
pub(super) fn settle(state: &mut State) {
    if state.console.screen != Screen::Checklists {
        return;
    }
    let Some(record) = state.shown_round() else { return };
    let round = state.seen().round(record);
    let selected = state.list(&panels::WALKTHROUGH.id()).and_then(|list| list.selected.clone());
    let here = match &selected {
        Some(RowKey::Step(run, step)) if *run == record.id => Some(step.clone()),
        _ => None,
    };
    let place = here.as_ref().and_then(Option::as_ref).and_then(|step| round.place_of(step));
    let is_left = |at: usize| {
        // Behind a gate there is nothing to do: the box is at the gate.
        let step = &round.steps[at];
        !step.state.is_terminal() && step.gate.is_none() && !state.is_said(&record.id, step.id())
    };
    let stays = match (&here, place) {
        (Some(_), _) if !state.console.screens.checklists.follows => true,
        (Some(Some(_)), Some(at)) => is_left(at),
        // At the sign-off, until a step is to be done again.
        (Some(None), _) => !(0..round.steps.len()).any(is_left),
        _ => false,
    };
    if stays {
        return;
    }
    let from = place.map_or(0, |at| at + 1);
    let next = (from..round.steps.len()).chain(0..from.min(round.steps.len())).find(|at| is_left(*at));
    let next = next.map(|at| round.steps[at].id().clone());
    let row = RowKey::Step(record.id.clone(), next);
    select(state, Some(row));
}

impl State {
    /// Whether something was just said of a step and is not on record yet.
    fn is_said(&self, run: &Name, step: &Name) -> bool {
        self.console.requests.said_steps().any(|(said, one)| said == run && one == Some(step))
    }
}

/// Enter on a step, or on the sign-off.
pub(super) fn enter(state: &mut State, row: Option<RowKey>, effects: &mut Vec<Effect>) {
    let Some(RowKey::Step(run, step)) = row else { return };
    if state.world.read_only {
        return state.toast(Tone::Warning, "read-only: nothing can be answered here");
    }
    let Some(record) = state.world.checklist_run(&run) else {
        return state.toast(Tone::Info, "this run is not on record yet");
    };
    if !record.is_open() {
        return state.toast(Tone::Info, "this run is over: nothing of it changes any more");
    }
    state.console.screens.checklists.follows = true;
    let round = state.world.round(record);
    let found = step.as_ref().and_then(|step| round.place_of(step)).map(|at| &round.steps[at]);
    if let (Some(step), true) = (&step, found.is_some_and(|found| found.state.is_terminal())) {
        return next(state, &run, step);
    }
    if replayed::refuses_words(state) {
        return;
    }
    let Some(step) = step else { return sign(state, &run, effects) };
    let Some(record) = state.world.checklist_run(&run) else { return };
    let round = state.world.round(record);
    let Some(found) = round.place_of(&step).map(|at| &round.steps[at]) else { return };
    if let Some(gate) = &found.gate {
        let text = format!("the round stops at `{gate}` until that passes");
        return state.toast(Tone::Warning, &text);
    }
    if found.config.is_none() && found.kind() != StepKind::Confirm {
        return state.toast(Tone::Warning, "the list was changed: this step is not configured any more; skip it");
    }
    if found.is_overruled() {
        // Whatever is measured or run would change nothing of it.
        return reopen(state, run, &step, effects);
    }
    let task = found.config.map_or(StepTask::Confirm, |config| config.task.clone());
    match task {
        StepTask::Auto(_) => measure(state, effects),
        StepTask::Measure(_) => state.console.overlays.push(StepDialog::new(run, step, StepPurpose::Measure)),
        StepTask::Run(_) => execute(state, &run, &step, effects),
        StepTask::Action(action) => launch::begin(state, &action, false, effects),
        StepTask::Ask(_) | StepTask::Confirm => {
            let said = state.world.say_step(&run, &step, &StepSaying::Pass(String::new()));
            say(state, said, Some((run, Some(step))), "", effects);
        }
    }
}

/// Goes on to what is to be done after a step that is finished.
fn next(state: &mut State, run: &Name, step: &Name) {
    let Some(record) = state.world.checklist_run(run) else { return };
    let round = state.world.round(record);
    let next = round.next_open(round.place_of(step)).map(|at| round.steps[at].id().clone());
    select(state, Some(RowKey::Step(run.clone(), next)));
}

fn measure(state: &mut State, effects: &mut Vec<Effect>) {
    effects.push(FeedEffect::PollNow(Vec::new()).into());
    state.toast(Tone::Info, "measuring again");
}

/// Starts the command of a step.
fn execute(state: &mut State, run: &Name, step: &Name, effects: &mut Vec<Effect>) {
    // Before it does anything: what came of it would stand for nothing.
    if let Err(why) = state.world.takes_result_of(run, step) {
        return state.toast(Tone::Warning, &why);
    }
    let Some(record) = state.world.checklist_run(run) else { return };
    let round = state.world.round(record);
    let config: Option<&ChecklistStep> = round.place_of(step).and_then(|at| round.steps[at].config);
    let Some(StepTask::Run(command)) = config.map(|config| &config.task) else {
        return state.toast(Tone::Warning, "the list was changed: this command is not configured any more");
    };
    let argv = match round.arguments(&command.argv) {
        Ok(argv) => argv,
        Err(name) => {
            let text = format!("`{{{name}}}` is not known yet: answer that step first");
            return state.toast(Tone::Warning, &text);
        }
    };
    if state.is_said(run, step) {
        return state.toast(Tone::Info, "it is running");
    }
    let command = StepCommand { argv, timeout: command.timeout };
    let asked = AwaitedAnswer::Command { run: run.clone(), step: step.clone() };
    let request = state.request(asked);
    effects.push(Effect::Run(request, RunEffect::Command(Box::new(command))));
    state.toast(Tone::Info, "running");
}

/// The command of a step has ended.
pub(super) fn ran(state: &mut State, request: RequestId, result: &CommandResult, effects: &mut Vec<Effect>) {
    let Some(AwaitedAnswer::Command { run, step }) = state.console.requests.take(request) else { return };
    let said = state.world.say_result(&run, &step, result);
    let text = if result.passed { String::new() } else { format!("failed: {}", result.value) };
    if !result.passed && state.console.screens.checklists.follows {
        // The box had gone ahead meanwhile.
        select(state, Some(RowKey::Step(run.clone(), Some(step.clone()))));
    }
    // What failed is still to be done: the box stays there.
    say(state, said, Some((run, result.passed.then_some(step))), &text, effects);
}

fn sign(state: &mut State, run: &Name, effects: &mut Vec<Effect>) {
    let said = state.world.say_signed(run);
    let title = state.world.checklist_run(run).map_or_else(String::new, |run| run.title.to_string());
    say(state, said, Some((run.clone(), None)), &format!("{title} signed off"), effects);
}

/// A key of the walkthrough. `false`: it is none of these.
pub(super) fn command(state: &mut State, command: Command, effects: &mut Vec<Effect>) -> bool {
    let purpose = match command {
        Command::StepFail => StepPurpose::Fail,
        Command::StepSkip => StepPurpose::Skip,
        Command::StepWaive => StepPurpose::Waive,
        Command::StepDefer => StepPurpose::Defer,
        Command::StepNote => StepPurpose::Note,
        Command::StepAgain => {
            again(state, effects);
            return true;
        }
        Command::StepLink => {
            copy_link(state, effects);
            return true;
        }
        _ => return false,
    };
    let row = state.selected(&panels::WALKTHROUGH.id());
    match row {
        _ if state.world.read_only => state.toast(Tone::Warning, "read-only: nothing can be said of a step here"),
        Some(RowKey::Step(run, Some(step))) if purpose != StepPurpose::Note => {
            // Before a reason is typed that would be refused.
            let world = &state.world;
            let record = world.checklist_run(&run).filter(|_| purpose == StepPurpose::Defer);
            let has_list = record.map_or(Ok(()), |run| world.deferral_of(&run.checklist, None).map(drop));
            match world.takes_word_on(&run, &step, purpose == StepPurpose::Skip).and(has_list) {
                Ok(()) => state.console.overlays.push(StepDialog::new(run, step, purpose)),
                Err(why) => state.toast(Tone::Warning, &why),
            }
        }
        Some(RowKey::Step(run, Some(step))) => state.console.overlays.push(StepDialog::new(run, step, purpose)),
        Some(RowKey::Step(run, None)) if purpose == StepPurpose::Note => {
            state.console.overlays.push(StepDialog::of_run(run));
        }
        _ => state.toast(Tone::Info, "no step selected; the checklists screen (7) has them"),
    }
    true
}

/// Measures again, runs again, or takes an answer back.
fn again(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(RowKey::Step(run, Some(step))) = state.selected(&panels::WALKTHROUGH.id()) else {
        return state.toast(Tone::Info, "no step selected");
    };
    let Some(record) = state.world.checklist_run(&run).and_then(|run| run.step(&step)) else { return };
    let is_decided = record.answer.as_ref().is_some_and(StepAnswer::is_decided);
    match record.asked.kind {
        StepKind::Run if !is_decided => execute(state, &run, &step, effects),
        StepKind::Auto | StepKind::Action if !is_decided && record.state() != StepState::Failed => {
            measure(state, effects);
        }
        _ => reopen(state, run, &step, effects),
    }
}

/// Takes back what was answered. The box stays there: it is to be answered now.
fn reopen(state: &mut State, run: Name, step: &Name, effects: &mut Vec<Effect>) {
    let said = state.world.say_step(&run, step, &StepSaying::Reopen);
    say(state, said, Some((run, None)), "to be answered again", effects);
}

fn copy_link(state: &mut State, effects: &mut Vec<Effect>) {
    let link = state.shown_round().map(|record| state.seen().round(record)).and_then(|round| {
        let step = state.shown_step(&round)?;
        Some(round.filled(step.config?.open.as_ref()?))
    });
    match link {
        Some(link) => {
            effects.push(TerminalEffect::Copy(SafeText::new(&link)).into());
            state.toast(Tone::Info, &format!("copied {link}"));
        }
        None => state.toast(Tone::Info, "no link at this step"),
    }
}
