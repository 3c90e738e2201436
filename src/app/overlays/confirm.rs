//! An action before it runs: exactly what will run, and what a person must do for it.

use std::collections::BTreeMap;

use crate::app::input::TextInput;
use crate::app::layout::LayoutMap;
use crate::app::start;
use crate::app::state::State;
use crate::app::state::overlay::{DEAF, Overlay, Then};
use crate::app::toasts::Tone;
use crate::config::plan;
use crate::lang::key::{Key, KeyCode};
use crate::lang::time::Stamp;
use crate::model::effect::{Effect, RequestId};
use crate::model::preview::Preview;
use crate::model::run::{Confirm, Plan};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;
use crate::world::starting::Confirmed;

/// Why nothing runs while a part of what would run was never on the screen.
const UNREAD: &str = "nothing runs yet: scroll to the end first (PgDn)";

/// What has the focus in the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    /// The Cancel button: where the focus begins where nothing has to be typed.
    #[default]
    Cancel,
    /// The Run button. `y` runs it; Enter does where the name was typed, and nothing where a yes is asked for.
    Run,
    /// The field for the target's name.
    Name,
    /// The field for the reason.
    Reason,
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// The request that it is part of.
    pub request: RequestId,
    /// The action.
    pub action: Name,
    /// Exactly what will run.
    pub plan: Plan,
    /// Its digest, to which the confirmation is bound.
    pub digest: String,
    /// What must be done, production's raise included.
    pub grade: Confirm,
    /// What will run. What speaks against it is of the moment: [`Self::warnings`].
    pub preview: Preview,
    /// The name that was typed.
    pub name: TextInput,
    /// The reason that was typed.
    pub reason: TextInput,
    /// What has the focus.
    pub focus: Focus,
    /// When it was opened: keys of the first 300 ms are ignored.
    pub opened: Stamp,
    /// What is still missing, in words.
    pub missing: Option<SafeText>,
    /// Why it was refused when it was confirmed: it is open again since.
    pub refused: Option<SafeText>,
    /// First row of the facts shown, where they are more than fit.
    pub scroll: usize,
    /// Whether the last of the facts was on the screen: what was never shown is not confirmed.
    pub was_read: bool,
}

impl Confirmation {
    /// The dialog of a plan.
    pub(crate) fn new(request: RequestId, plan: Plan, grade: Confirm, preview: Preview, opened: Stamp) -> Self {
        let typed = is_typed(grade);
        Self {
            request,
            action: plan.action.clone(),
            digest: plan.digest(),
            plan,
            grade,
            preview,
            name: TextInput::default(),
            reason: TextInput::default(),
            focus: if typed { Focus::Name } else { Focus::Cancel },
            opened,
            missing: None,
            refused: None,
            scroll: 0,
            was_read: false,
        }
    }

    /// How it stands at this moment, and how the last runs went: label and value. Never kept: it may change while the
    /// dialog is read.
    pub fn context(&self, state: &State) -> Vec<(&'static str, SafeText)> {
        start::context(state, &self.plan)
    }

    /// What speaks against it at this moment (a lock, another run): said here, judged by the runner.
    pub fn warnings(&self, state: &State) -> Vec<SafeText> {
        start::warnings(state, &self.plan, self.grade)
    }

    /// Why it would be refused at this moment, whatever is typed.
    pub fn obstacle(&self, state: &State) -> Option<String> {
        start::obstacle(state, &self.plan)
    }

    /// What can have the focus, in the order of Tab.
    pub(crate) fn stops(&self) -> &'static [Focus] {
        match self.grade {
            Confirm::None | Confirm::Yes => &[Focus::Cancel, Focus::Run],
            Confirm::TypeName => &[Focus::Name, Focus::Run, Focus::Cancel],
            Confirm::TwoPerson => &[Focus::Name, Focus::Reason, Focus::Run, Focus::Cancel],
        }
    }

    /// What a person still has to do before it can run.
    pub(crate) fn still_missing(&self) -> Option<String> {
        if self.lacks_name() {
            return Some(format!("type the name `{}`", self.plan.target));
        }
        self.lacks_reason().then(|| "type a reason".to_owned())
    }

    fn lacks_name(&self) -> bool {
        is_typed(self.grade) && self.name.text().trim() != self.plan.target
    }

    fn lacks_reason(&self) -> bool {
        self.grade == Confirm::TwoPerson && self.reason.text().trim().is_empty()
    }

    /// What the keys do at this very moment: what is to be typed, how much of it is missing, what Enter does. `is_read`:
    /// the end of the facts is or was on the screen.
    pub fn next_key(&self, state: &State, now: Stamp, is_read: bool) -> String {
        if now.since(self.opened) < DEAF {
            return "keys are ignored for a moment: read first".to_owned();
        }
        let missing = self.still_missing();
        if missing.is_none() && self.focus != Focus::Cancel && self.obstacle(state).is_some() {
            return "it would be refused now; Esc cancels".to_owned();
        }
        if missing.is_none() && !is_read {
            return UNREAD.to_owned();
        }
        match (self.focus, missing) {
            (Focus::Cancel, None) => "Enter cancels; y runs it".to_owned(),
            (Focus::Cancel, Some(missing)) => format!("Enter cancels; to run it, press Tab and {missing}"),
            (Focus::Run, None) if is_typed(self.grade) => "Enter or y runs it now; Esc cancels".to_owned(),
            (Focus::Run, None) => "y runs it; Enter does nothing; Esc cancels".to_owned(),
            (Focus::Run, Some(missing)) => format!("nothing runs yet: press Tab and {missing}"),
            (Focus::Name, _) if self.lacks_name() => self.rest_of_name(),
            (Focus::Name, _) if self.grade == Confirm::TwoPerson => "Enter goes to the reason; Esc cancels".to_owned(),
            (Focus::Reason, _) if self.lacks_reason() => {
                "Enter does nothing yet: type a reason; Esc cancels".to_owned()
            }
            (Focus::Reason, Some(_)) => "Enter goes back to the name, which is still missing".to_owned(),
            (Focus::Name | Focus::Reason, _) => "Enter runs it now; Esc cancels".to_owned(),
        }
    }

    /// What the name lacks, or what is wrong with it.
    fn rest_of_name(&self) -> String {
        let (target, typed) = (&self.plan.target, self.name.text());
        match target.strip_prefix(typed) {
            Some(_) if typed.is_empty() => format!("Enter does nothing yet: type the name `{target}`; Esc cancels"),
            Some(rest) => {
                let count = rest.chars().count();
                let characters = if count == 1 { "character" } else { "characters" };
                format!("Enter does nothing yet: {count} more {characters}, `{rest}`; Esc cancels")
            }
            None => format!("Enter does nothing: `{typed}` is not `{target}`, press Backspace"),
        }
    }

    /// Whether what was typed so far can't become the name.
    pub fn is_wrong(&self) -> bool {
        self.lacks_name() && !self.plan.target.starts_with(self.name.text())
    }

    /// Whether a key could run it at this moment.
    pub fn ready(&self, now: Stamp) -> bool {
        now.since(self.opened) >= DEAF && self.still_missing().is_none()
    }

    fn step(&mut self, by: usize) {
        let stops = self.stops();
        let here = stops.iter().position(|stop| *stop == self.focus).unwrap_or(0);
        self.focus = stops[(here + by) % stops.len()];
    }

    /// Enter anywhere but on Cancel. It runs only what was typed for: a yes is given by `y`, because Enter is too easily
    /// pressed twice.
    fn enter(&mut self, focus: Focus, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        match focus {
            Focus::Run if !is_typed(self.grade) => {
                self.missing = Some(SafeText::new("press y to run it; Enter does nothing here"));
            }
            Focus::Name if !self.lacks_name() && self.grade == Confirm::TwoPerson => self.focus = Focus::Reason,
            Focus::Reason if self.lacks_reason() => {
                self.missing = self.still_missing().map(|text| SafeText::new(&text));
            }
            _ => return self.confirm(state, effects),
        }
        Then::Stay
    }

    /// Up or down by as many rows as `step` says of those that are shown, within what there is.
    fn scroll(&mut self, state: &State, is_down: bool, step: impl Fn(usize) -> usize) {
        let Some((shown, _, of)) = state.console.layout.overlay_text() else { return };
        let last = of.saturating_sub(shown);
        let here = self.scroll.min(last);
        self.scroll = if is_down { (here + step(shown)).min(last) } else { here.saturating_sub(step(shown)) };
    }

    /// Leaves it.
    fn cancel(&self, state: &mut State) -> Then {
        let title = state.world.title_of(&self.action).to_owned();
        start::cancelled(state, &title);
        Then::Close
    }

    fn confirm(&mut self, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        if let Some(missing) = self.still_missing() {
            self.focus = if self.lacks_name() { Focus::Name } else { Focus::Reason };
            self.missing = Some(SafeText::new(&missing));
            return Then::Stay;
        }
        if !self.was_read {
            self.missing = Some(SafeText::new(UNREAD));
            return Then::Stay;
        }
        let confirmed = Confirmed {
            plan: self.plan.clone(),
            digest: self.digest.clone(),
            preview: Preview { warnings: self.warnings(state), ..self.preview.clone() },
            reason: Some(self.reason.text().trim().to_owned()).filter(|reason| !reason.is_empty()),
        };
        let has_reason = confirmed.reason.is_some();
        start::start(state, self.request, confirmed, effects);
        if has_reason { Then::Sent(self.request) } else { Then::Close }
    }
}

impl Overlay for Confirmation {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        if state.world.now.since(self.opened) < DEAF {
            return Then::Stay;
        }
        self.missing = None;
        // By the frame that the person saw as the key was pressed.
        self.was_read |= state.console.layout.overlay_text().is_some_and(|(_, end, of)| end >= of);
        let is_plain = !key.ctrl && !key.alt;
        match (key.code, self.focus) {
            (KeyCode::Esc, _) | (KeyCode::Enter, Focus::Cancel) => return self.cancel(state),
            (KeyCode::Tab, _) => self.step(1),
            (KeyCode::BackTab, _) => self.step(self.stops().len() - 1),
            (KeyCode::Down, _) => self.scroll(state, true, |_| 1),
            (KeyCode::PageDown, _) => self.scroll(state, true, page),
            (KeyCode::Up, _) => self.scroll(state, false, |_| 1),
            (KeyCode::PageUp, _) => self.scroll(state, false, page),
            (KeyCode::Enter, focus) => return self.enter(focus, state, effects),
            (_, Focus::Name) => {
                self.name.key(key);
            }
            (_, Focus::Reason) => {
                self.reason.key(key);
            }
            (KeyCode::Left | KeyCode::Right, _) => self.step(1),
            (KeyCode::Char('j'), _) if is_plain => self.scroll(state, true, |_| 1),
            (KeyCode::Char('k'), _) if is_plain => self.scroll(state, false, |_| 1),
            (KeyCode::Char('y'), _) if is_plain => return self.confirm(state, effects),
            (KeyCode::Char('n' | 'q'), _) if is_plain => return self.cancel(state),
            _ => {}
        }
        Then::Stay
    }

    /// A pasted name proves nothing: it was not typed while reading the dialog.
    fn paste(&mut self, state: &mut State, text: &str) {
        match self.focus {
            Focus::Reason => {
                self.reason.insert(text);
            }
            Focus::Name => state.toast(Tone::Warning, "the name must be typed: pasted text confirms nothing"),
            Focus::Cancel | Focus::Run => {}
        }
    }

    fn click_button(&mut self, state: &mut State, button: usize) -> Then {
        if button == 0 {
            return self.cancel(state);
        }
        self.focus = Focus::Run;
        Then::Stay
    }

    /// A row of the facts, the fields, what the keys do, and the buttons; of a name that is typed the end is seen.
    fn least_size(&self) -> (u16, u16) {
        let fields = self.stops().iter().filter(|stop| matches!(stop, Focus::Name | Focus::Reason)).count();
        (36, 5 + u16::try_from(fields).unwrap_or(u16::MAX))
    }

    fn takes_text(&self) -> bool {
        matches!(self.focus, Focus::Name | Focus::Reason)
    }

    fn hides_typed(&self) -> bool {
        self.focus == Focus::Reason
    }

    /// The reason is as it was typed. The name is not: it is typed for each try.
    fn came_back(&mut self, why: &SafeText, now: Stamp) {
        (self.name, self.focus, self.opened) = (TextInput::default(), Focus::Name, now);
        self.refused = Some(why.clone());
    }

    fn ignores_keys_since(&self) -> Option<Stamp> {
        Some(self.opened)
    }

    /// What was read is no longer what would run, where the plan would be another one now.
    fn reconfigured(&mut self, world: &World) -> Then {
        let config = &world.config;
        let action = config.actions.iter().find(|action| action.name == self.action).filter(|_| !world.read_only);
        let same = action.is_some_and(|action| {
            plan::plan(config, action, &self.plan.parameters, self.plan.dry_run).is_ok_and(|plan| {
                plan.digest() == self.digest
                    && plan::effective_confirm(&config.console, action, plan.is_guarded()) == self.grade
            })
        });
        if same { Then::Stay } else { Then::Close }
    }
}

/// Computes the plan and shows it; what needs no confirmation starts. By parameter the values that were chosen, and what runs
/// now and gives way to them.
pub(in crate::app) fn open(
    state: &mut State,
    request: RequestId,
    name: &Name,
    (chosen, replaced): (&BTreeMap<String, String>, &BTreeMap<String, SafeText>),
    dry_run: bool,
    effects: &mut Vec<Effect>,
) {
    let config = state.world.config.clone();
    let Some(action) = config.actions.iter().find(|action| action.name == *name) else { return };
    let planned = plan::plan(&config, action, chosen, dry_run);
    let planned = planned.and_then(|plan| plan::refuse_literals(&plan, &state.world.literals).map(|()| plan));
    let plan = match planned {
        Ok(plan) => plan,
        Err(error) => {
            state.toast(Tone::Error, &error.to_string());
            return;
        }
    };
    let grade = plan::effective_confirm(&config.console, action, plan.is_guarded());
    let preview = start::preview(state, action, &plan, replaced);
    if grade == Confirm::None {
        let (digest, warnings) = (plan.digest(), start::warnings(state, &plan, grade));
        let preview = Preview { warnings, ..preview };
        start::start(state, request, Confirmed { plan, digest, preview, reason: None }, effects);
        return;
    }
    let dialog = Confirmation::new(request, plan, grade, preview, state.world.now);
    // What an earlier dialog showed says nothing of this one.
    state.console.layout = LayoutMap::default();
    state.console.overlays.push(dialog);
}

/// A page of so many rows: the last one that was read stays in sight.
fn page(shown: usize) -> usize {
    shown.saturating_sub(1).max(1)
}

/// Whether the grade asks for the target's name.
const fn is_typed(grade: Confirm) -> bool {
    matches!(grade, Confirm::TypeName | Confirm::TwoPerson)
}
