//! Values for the parameters of an action.

use std::collections::BTreeMap;

use crate::app::input::Input;
use crate::app::launch;
use crate::app::state::State;
use crate::config::key::{Key, KeyCode};
use crate::model::message::Effect;
use crate::model::name::Name;
use crate::model::text::SafeText;

use super::Then;

/// The overlay.
#[derive(Debug, Clone)]
pub struct Choices {
    /// The action.
    pub action: Name,
    /// Whether a dry run was asked for.
    pub dry_run: bool,
    /// The parameters that must be chosen, in order, with the values that the adapter offers; none: it is typed.
    pub parameters: Vec<(String, Vec<SafeText>)>,
    /// Whether the adapter is still being asked.
    pub loading: bool,
    /// Why there are no values.
    pub error: Option<SafeText>,
    /// Which parameter is being chosen.
    pub at: usize,
    /// What was typed: narrows the values; is the value where there are none to choose from.
    pub input: Input,
    /// The selected row of [`Choices::shown`].
    pub selected: usize,
    /// What was chosen so far.
    pub chosen: BTreeMap<String, String>,
}

impl Choices {
    /// Asks for these parameters; `loading` while the adapter is asked for values.
    pub fn new(action: Name, dry_run: bool, parameters: Vec<String>, loading: bool) -> Self {
        Self {
            action,
            dry_run,
            parameters: parameters.into_iter().map(|name| (name, Vec::new())).collect(),
            loading,
            error: None,
            at: 0,
            input: Input::default(),
            selected: 0,
            chosen: BTreeMap::new(),
        }
    }

    /// The name of the parameter that is being chosen.
    pub fn parameter(&self) -> &str {
        self.parameters.get(self.at).map_or("", |(name, _)| name)
    }

    /// The values that what was typed leaves.
    pub fn shown(&self) -> Vec<&SafeText> {
        let typed = self.input.text().to_lowercase();
        let values = self.parameters.get(self.at).map_or(&[][..], |(_, values)| values);
        values.iter().filter(|value| value.as_str().to_lowercase().contains(&typed)).collect()
    }

    /// Takes in what the adapter answered.
    pub fn answered(&mut self, values: Result<BTreeMap<String, Vec<SafeText>>, SafeText>) {
        self.loading = false;
        match values {
            Ok(mut values) => {
                for (name, known) in &mut self.parameters {
                    *known = values.remove(name.as_str()).unwrap_or_default();
                }
            }
            Err(why) => self.error = Some(why),
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.input.insert(text);
        self.selected = 0;
    }

    pub(super) fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        let last = self.shown().len().saturating_sub(1);
        match key.code {
            KeyCode::Esc => {
                let title = state.title_of(&self.action).to_owned();
                launch::cancelled(state, &title);
                return Then::Close;
            }
            KeyCode::Up => self.selected = self.selected.saturating_sub(1),
            KeyCode::Down => self.selected = (self.selected + 1).min(last),
            KeyCode::PageUp => self.selected = self.selected.saturating_sub(10),
            KeyCode::PageDown => self.selected = (self.selected + 10).min(last),
            KeyCode::Enter => return self.choose(state, effects),
            _ => {
                if self.input.key(key) {
                    self.selected = 0;
                }
            }
        }
        Then::Stay
    }

    /// Takes the selected value, and goes on to the next parameter or to the plan. Choosing never runs anything: what
    /// has parameters always passes the plan's dialog.
    fn choose(&mut self, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        if self.loading {
            return Then::Stay;
        }
        let offered = self.parameters.get(self.at).is_some_and(|(_, values)| !values.is_empty());
        let value = if offered {
            self.shown().get(self.selected).map(|value| value.as_str().to_owned())
        } else {
            Some(self.input.text().trim().to_owned()).filter(|typed| !typed.is_empty())
        };
        let Some(value) = value else {
            self.error = Some(SafeText::new(if offered {
                "none of the values matches what was typed"
            } else {
                "type a value, then press Enter"
            }));
            return Then::Stay;
        };
        self.chosen.insert(self.parameter().to_owned(), value);
        self.at += 1;
        self.selected = 0;
        self.input.clear();
        self.error = None;
        if self.at < self.parameters.len() {
            return Then::Stay;
        }
        launch::preview(state, &self.action, &self.chosen, self.dry_run, effects);
        Then::Close
    }
}
