//! Values for the parameters of an action.

use std::collections::BTreeMap;

use crate::app::input::TextInput;
use crate::app::start;
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Then};
use crate::lang::key::{Key, KeyCode};
use crate::model::choice::{Choice, ChoiceList, before_running};
use crate::model::effect::{Effect, RequestId};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;

use super::confirm;

/// What stands in the place of values, and of what Enter would take, until the adapter has answered.
pub(crate) const LOADING: &str = "the choices are being loaded";

/// The overlay.
#[derive(Debug, Clone)]
pub struct Choices {
    /// The request that it is part of.
    pub request: RequestId,
    /// The action.
    pub action: Name,
    /// Whether a dry run was asked for.
    pub dry_run: bool,
    /// The parameters that must be chosen, in order, with the values that the adapter offers; none: it is typed.
    pub parameters: Vec<(String, ChoiceList)>,
    /// Whether the adapter is still being asked.
    pub loading: bool,
    /// Why the adapter gave no values; a value may be typed then.
    pub failed: Option<SafeText>,
    /// Why what was entered last is not taken.
    pub error: Option<SafeText>,
    /// Which parameter is being chosen.
    pub at: usize,
    /// What was typed: narrows the values; is the value where there are none to choose from.
    pub input: TextInput,
    /// The selected row of [`Choices::shown`]; never the one that runs. `None`: nothing was chosen yet, by nobody.
    pub selected: Option<usize>,
    /// What was chosen so far.
    pub chosen: BTreeMap<String, String>,
}

impl Choices {
    /// Asks for these parameters; `loading` while the adapter is asked for values.
    pub(crate) fn new(request: RequestId, action: Name, dry_run: bool, parameters: Vec<String>, loading: bool) -> Self {
        Self {
            request,
            action,
            dry_run,
            parameters: parameters.into_iter().map(|name| (name, ChoiceList::default())).collect(),
            loading,
            failed: None,
            error: None,
            at: 0,
            input: TextInput::default(),
            selected: None,
            chosen: BTreeMap::new(),
        }
    }

    /// The name of the parameter that is being chosen.
    pub(crate) fn parameter(&self) -> &str {
        self.parameters.get(self.at).map_or("", |(name, _)| name)
    }

    /// Every value of the parameter that is being chosen.
    pub(crate) fn offered(&self) -> &[Choice] {
        self.parameters.get(self.at).map_or(&[], |(_, list)| &list.values)
    }

    /// What the adapter printed for it and is not offered.
    pub(crate) fn left_out(&self) -> Option<String> {
        self.parameters.get(self.at).and_then(|(_, list)| list.left_out())
    }

    /// The values that what was typed leaves.
    pub(crate) fn shown(&self) -> Vec<&Choice> {
        let typed = self.input.text().to_lowercase();
        let holds = |text: &SafeText| text.as_str().to_lowercase().contains(&typed);
        self.offered()
            .iter()
            .filter(|choice| holds(&choice.value) || choice.title.as_ref().is_some_and(holds))
            .collect()
    }

    /// By parameter what runs now and would give way to what was chosen for it.
    fn replaced(&self) -> BTreeMap<String, SafeText> {
        let running = |(name, list): &(String, ChoiceList)| {
            let running = list.replaced_by(self.chosen.get(name)?)?;
            Some((name.clone(), running.clone()))
        };
        self.parameters.iter().filter_map(running).collect()
    }

    /// Takes in what the adapter answered.
    pub(crate) fn answered(&mut self, values: Result<BTreeMap<String, ChoiceList>, SafeText>) {
        self.loading = false;
        // That they were being loaded is no longer so.
        self.error = None;
        match values {
            Ok(mut values) => {
                for (name, known) in &mut self.parameters {
                    *known = values.remove(name.as_str()).unwrap_or_default();
                }
                self.preselect();
            }
            Err(why) => self.failed = Some(why),
        }
    }

    /// What has the cursor before a person moves it: the one before what runs, else the only one there is, else none.
    /// What was typed puts it on the first that is left.
    fn preselect(&mut self) {
        let shown = self.shown();
        let mut free = shown.iter().enumerate().filter(|(_, choice)| !choice.running).map(|(at, _)| at);
        let first = free.next();
        let only = first.filter(|_| free.next().is_none());
        self.selected = if self.input.text().is_empty() { before_running(self.offered()).or(only) } else { first };
    }

    /// Moves the cursor by so many values that can be chosen.
    fn step(&mut self, by: isize) {
        let free: Vec<usize> =
            self.shown().iter().enumerate().filter(|(_, choice)| !choice.running).map(|(at, _)| at).collect();
        let last = free.len().saturating_sub(1);
        let to = match self.selected.and_then(|selected| free.iter().position(|at| *at == selected)) {
            Some(here) => here.saturating_add_signed(by).min(last),
            None if by < 0 => last,
            None => 0,
        };
        self.selected = free.get(to).copied();
    }

    /// Takes the selected value, and goes on to the next parameter or to the plan. Choosing never runs anything: what
    /// has parameters always passes the plan's dialog.
    fn choose(&mut self, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        if self.loading {
            self.error = Some(SafeText::new(LOADING));
            return Then::Stay;
        }
        let offered = !self.offered().is_empty();
        let value = if offered {
            let selected = self.selected.and_then(|at| self.shown().get(at).map(|choice| choice.value.clone()));
            selected.map(|value| value.as_str().to_owned())
        } else {
            Some(self.input.text().trim().to_owned()).filter(|typed| !typed.is_empty())
        };
        let Some(value) = value else {
            self.error = Some(SafeText::new(if !offered {
                "type a value, then press Enter"
            } else if self.shown().is_empty() {
                "no value matches what was typed"
            } else if self.shown().iter().all(|choice| choice.running) {
                "this one runs now: choose another"
            } else {
                "nothing is selected: choose with the arrow keys"
            }));
            return Then::Stay;
        };
        self.chosen.insert(self.parameter().to_owned(), value);
        self.at += 1;
        self.input.clear();
        self.preselect();
        self.error = None;
        if self.at < self.parameters.len() {
            return Then::Stay;
        }
        let chosen = (&self.chosen, &self.replaced());
        confirm::open(state, self.request, &self.action, chosen, self.dry_run, effects);
        Then::Close
    }
}

impl Overlay for Choices {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        match key.code {
            KeyCode::Esc => {
                let title = state.world.title_of(&self.action).to_owned();
                start::cancelled(state, &title);
                return Then::Close;
            }
            KeyCode::Up => self.step(-1),
            KeyCode::Down => self.step(1),
            KeyCode::PageUp => self.step(-10),
            KeyCode::PageDown => self.step(10),
            KeyCode::Enter => return self.choose(state, effects),
            _ => {
                if self.input.key(key) {
                    self.error = None;
                    self.preselect();
                }
            }
        }
        Then::Stay
    }

    fn paste(&mut self, _state: &mut State, text: &str) {
        self.input.insert(text);
        self.preselect();
    }

    /// Only on what can be chosen.
    fn click_row(&mut self, row: usize) {
        if self.shown().get(row).is_some_and(|choice| !choice.running) {
            self.selected = Some(row);
        }
    }

    /// What is chosen, the input with what is wrong with it, and a value.
    fn least_size(&self) -> (u16, u16) {
        (36, 5 + u16::try_from(self.chosen.len()).unwrap_or(u16::MAX))
    }

    fn takes_text(&self) -> bool {
        true
    }

    /// Its action may be no more.
    fn reconfigured(&mut self, world: &World) -> Then {
        let known = world.config.actions.iter().any(|action| action.name == self.action);
        if known && !world.read_only { Then::Stay } else { Then::Close }
    }
}
