//! One line that a person types of a step: a number, a reason, a note.

use crate::app::input::TextInput;
use crate::app::saying::say;
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Then};
use crate::config::sections::checklist::ChecklistStep;
use crate::lang::key::{Key, KeyCode};
use crate::lang::time::Stamp;
use crate::model::checklist::{KILLER_REASON, REASON};
use crate::model::effect::Effect;
use crate::model::fact::Statement;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::checklists::said::StepSaying;

/// What is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepPurpose {
    /// The number that is measured.
    Measure,
    /// Why it fails.
    Fail,
    /// Why it is left out.
    Skip,
    /// Why its failure is accepted.
    Waive,
    /// Why it is put off.
    Defer,
    /// A note.
    Note,
}

impl StepPurpose {
    /// What it does, as the title of the dialog.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Measure => "measure",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Waive => "waive",
            Self::Defer => "defer",
            Self::Note => "note",
        }
    }
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct StepDialog {
    /// The run.
    pub run: Name,
    /// The step; `None`: the run itself.
    pub step: Option<Name>,
    /// What is typed.
    pub purpose: StepPurpose,
    /// What was typed.
    pub input: TextInput,
    /// What is wrong.
    pub error: Option<SafeText>,
}

impl StepDialog {
    /// Of a step.
    pub(crate) fn new(run: Name, step: Name, purpose: StepPurpose) -> Self {
        Self { run, step: Some(step), purpose, input: TextInput::default(), error: None }
    }

    /// A note on a run.
    pub(crate) fn of_run(run: Name) -> Self {
        Self { run, step: None, purpose: StepPurpose::Note, input: TextInput::default(), error: None }
    }

    /// What is asked, in a line or two.
    pub(crate) fn asks(&self, state: &State) -> String {
        let world = state.seen();
        let Some(record) = world.checklist_run(&self.run) else { return String::new() };
        let round = world.round(record);
        let step = self.step.as_ref().and_then(|step| round.place_of(step)).map(|at| &round.steps[at]);
        let Some(step) = step else { return format!("A note on {}", record.title) };
        let least = if step.record.asked.killer { KILLER_REASON } else { REASON };
        let limit = step.config.map(ChecklistStep::limit).unwrap_or_default();
        let before = step.before.and_then(|before| before.value.as_ref());
        match self.purpose {
            StepPurpose::Measure => {
                let limit = if limit.is_empty() { String::new() } else { format!(", expected {limit}") };
                let before = before.map_or_else(String::new, |before| format!(", last time {before}"));
                format!("{}{limit}{before}", step.title)
            }
            StepPurpose::Fail => format!("{}: what is wrong", step.title),
            StepPurpose::Skip => format!("{}: why it is left out ({least} characters or more)", step.title),
            StepPurpose::Waive => format!("{}: why its failure is accepted ({least} characters or more)", step.title),
            StepPurpose::Defer => {
                let to = world.next_list(&record.checklist);
                let to = to.and_then(|(name, _)| world.config.checklist(&name)).map(|list| list.title.as_str());
                let to = to.unwrap_or("another list");
                format!("{}: why it is put off to {to} ({least} characters or more)", step.title)
            }
            StepPurpose::Note => format!("{}: a note", step.title),
        }
    }

    fn submit(&mut self, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        let text = self.input.text().to_owned();
        let saying = match self.purpose {
            StepPurpose::Measure => StepSaying::Pass(text),
            StepPurpose::Fail => StepSaying::Fail(text),
            StepPurpose::Skip => StepSaying::Skip(text),
            StepPurpose::Waive => StepSaying::Waive(text),
            StepPurpose::Defer => StepSaying::Defer(text, None),
            StepPurpose::Note => {
                let said = state.world.say_note(&self.run, self.step.as_ref(), &text);
                return self.done(state, said, "noted", effects);
            }
        };
        let Some(step) = &self.step else { return Then::Close };
        let said = state.world.say_step(&self.run, step, &saying);
        self.done(state, said, "", effects)
    }

    fn done(
        &mut self,
        state: &mut State,
        said: Result<Vec<Statement>, String>,
        text: &str,
        effects: &mut Vec<Effect>,
    ) -> Then {
        match said {
            Err(why) => {
                self.error = Some(SafeText::new(&why));
                Then::Stay
            }
            said => {
                if self.purpose != StepPurpose::Note {
                    state.console.screens.checklists.follows = true;
                }
                // A note answers nothing.
                let step = self.step.clone().filter(|_| self.purpose != StepPurpose::Note);
                let request = say(state, said, Some((self.run.clone(), step)), text, effects);
                request.map_or(Then::Close, Then::Sent)
            }
        }
    }
}

impl Overlay for StepDialog {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        match key.code {
            KeyCode::Esc => return Then::Close,
            KeyCode::Enter => return self.submit(state, effects),
            _ => {
                if self.input.key(key) {
                    self.error = None;
                }
            }
        }
        Then::Stay
    }

    fn paste(&mut self, _state: &mut State, text: &str) {
        self.input.insert(text);
        self.error = None;
    }

    fn came_back(&mut self, why: &SafeText, _now: Stamp) {
        self.error = Some(why.clone());
    }

    fn least_size(&self) -> (u16, u16) {
        (36, 7)
    }

    fn hides_typed(&self) -> bool {
        self.purpose != StepPurpose::Measure
    }

    fn takes_text(&self) -> bool {
        true
    }
}
