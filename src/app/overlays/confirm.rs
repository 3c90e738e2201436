//! An action before it runs: exactly what will run, and what a person must do for it.

use std::time::Duration;

use crate::app::input::Input;
use crate::app::launch;
use crate::app::state::State;
use crate::app::world::toasts::Tone;
use crate::config::key::{Key, KeyCode};
use crate::model::message::Effect;
use crate::model::name::Name;
use crate::model::run::{Confirm, Plan};
use crate::model::text::SafeText;
use crate::model::time::Stamp;

use super::Then;

/// Keys that were typed before the dialog can have been read are not meant for it (they queue up over a slow link).
pub const DEAF: Duration = Duration::from_millis(300);

/// What has the focus in the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    /// The Cancel button: where the focus begins where nothing has to be typed.
    #[default]
    Cancel,
    /// The Run button. Enter on it does nothing: only `y` confirms.
    Run,
    /// The field for the target's name.
    Name,
    /// The field for the reason.
    Reason,
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// The action.
    pub action: Name,
    /// Exactly what will run.
    pub plan: Plan,
    /// Its digest, to which the confirmation is bound.
    pub digest: String,
    /// What must be done, production's raise included.
    pub grade: Confirm,
    /// What the dialog lists, in order: label and value.
    pub facts: Vec<(String, SafeText)>,
    /// What speaks against it now (a lock, another run): said here, judged by the runner.
    pub warnings: Vec<SafeText>,
    /// The name that was typed.
    pub name: Input,
    /// The reason that was typed.
    pub reason: Input,
    /// What has the focus.
    pub focus: Focus,
    /// When it was opened: keys of the first 300 ms are ignored.
    pub opened: Stamp,
    /// What is still missing, in words.
    pub missing: Option<SafeText>,
    /// First row of the facts shown, where they are more than fit.
    pub scroll: usize,
}

impl Confirmation {
    /// The dialog of a plan.
    pub fn new(
        plan: Plan,
        grade: Confirm,
        facts: Vec<(String, SafeText)>,
        warnings: Vec<SafeText>,
        opened: Stamp,
    ) -> Self {
        let typed = matches!(grade, Confirm::TypeName | Confirm::TwoPerson);
        Self {
            action: plan.action.clone(),
            digest: plan.digest(),
            plan,
            grade,
            facts,
            warnings,
            name: Input::default(),
            reason: Input::default(),
            focus: if typed { Focus::Name } else { Focus::Cancel },
            opened,
            missing: None,
            scroll: 0,
        }
    }

    /// What can have the focus, in the order of Tab.
    pub fn stops(&self) -> &'static [Focus] {
        match self.grade {
            Confirm::None | Confirm::Yes => &[Focus::Cancel, Focus::Run],
            Confirm::TypeName => &[Focus::Name, Focus::Run, Focus::Cancel],
            Confirm::TwoPerson => &[Focus::Name, Focus::Reason, Focus::Run, Focus::Cancel],
        }
    }

    /// What a person still has to do before `y` runs it.
    pub fn still_missing(&self) -> Option<String> {
        let typed = matches!(self.grade, Confirm::TypeName | Confirm::TwoPerson);
        if typed && self.name.text().trim() != self.plan.target {
            return Some(format!("type the name `{}`", self.plan.target));
        }
        if self.grade == Confirm::TwoPerson && self.reason.text().trim().is_empty() {
            return Some("type a reason".to_owned());
        }
        None
    }

    /// Whether `y` would run it at this moment.
    pub fn ready(&self, now: Stamp) -> bool {
        now.since(self.opened) >= DEAF && self.still_missing().is_none()
    }

    fn step(&mut self, by: usize) {
        let stops = self.stops();
        let here = stops.iter().position(|stop| *stop == self.focus).unwrap_or(0);
        self.focus = stops[(here + by) % stops.len()];
    }

    /// A pasted name proves nothing: it was not typed while reading the dialog.
    pub(super) fn paste(&mut self, state: &mut State, text: &str) {
        match self.focus {
            Focus::Reason => self.reason.insert(text),
            Focus::Name => state.toast(Tone::Warning, "the name must be typed: pasted text confirms nothing"),
            Focus::Cancel | Focus::Run => {}
        }
    }

    pub(super) fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        if state.now.since(self.opened) < DEAF {
            return Then::Stay;
        }
        self.missing = None;
        match (key.code, self.focus) {
            (KeyCode::Esc, _) | (KeyCode::Enter, Focus::Cancel) => return Then::Close,
            (KeyCode::Tab, _) => self.step(1),
            (KeyCode::BackTab, _) => self.step(self.stops().len() - 1),
            (KeyCode::PageDown | KeyCode::Down, _) => {
                self.scroll = (self.scroll + 1).min(self.facts.len().saturating_sub(1));
            }
            (KeyCode::PageUp | KeyCode::Up, _) => self.scroll = self.scroll.saturating_sub(1),
            // Enter goes on to the next field and never further: it is too easily pressed twice.
            (KeyCode::Enter, Focus::Name | Focus::Reason) => match self.still_missing() {
                Some(missing) if self.focus_is_missing() => self.missing = Some(SafeText::new(&missing)),
                _ => self.step(1),
            },
            (KeyCode::Enter, Focus::Run) => self.missing = Some(SafeText::new("press y to run it; Enter never does")),
            (_, Focus::Name) => {
                self.name.key(key);
            }
            (_, Focus::Reason) => {
                self.reason.key(key);
            }
            (KeyCode::Left | KeyCode::Right, _) => self.step(1),
            (KeyCode::Char('y'), _) if !key.ctrl && !key.alt => return self.confirm(state, effects),
            (KeyCode::Char('n' | 'q'), _) if !key.ctrl && !key.alt => return Then::Close,
            _ => {}
        }
        Then::Stay
    }

    fn focus_is_missing(&self) -> bool {
        match self.focus {
            Focus::Name => self.name.text().trim() != self.plan.target,
            Focus::Reason => self.reason.text().trim().is_empty(),
            Focus::Cancel | Focus::Run => false,
        }
    }

    fn confirm(&mut self, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        if let Some(missing) = self.still_missing() {
            self.missing = Some(SafeText::new(&missing));
            self.focus = if missing.contains("reason") { Focus::Reason } else { Focus::Name };
            return Then::Stay;
        }
        let reason = Some(self.reason.text().trim().to_owned()).filter(|reason| !reason.is_empty());
        launch::start(state, self.plan.clone(), self.digest.clone(), reason, effects);
        Then::Close
    }
}
