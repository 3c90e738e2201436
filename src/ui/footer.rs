//! The last row: what can be pressed here and now.

use ratatui::layout::Rect;

use super::paint::Painter;
use super::widgets::hints::{self, Hint};
use crate::app::keymap::{Binding, Command};
use crate::app::panels;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::config::sections::action::Action;
use crate::theme::GlyphSet;
use crate::ui::line::cut;

/// Columns from which the header names the screens.
pub(crate) const TABS_FROM: u16 = 110;
/// Columns of an action's title at the most: the key is what matters here.
const LABEL: usize = 24;

/// Draws it in the first row of `area`.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let always = [hint_of(state, Command::Palette, "palette"), hint_of(state, Command::Help, "help")];
    let always: Vec<Hint> = always.into_iter().flatten().collect();
    let mut hints = here(state, painter.glyphs());
    // The header has no room for them.
    if area.width < TABS_FROM {
        hints.insert(hints.len().min(1), screens(state));
    }
    hints::draw(painter, area, &hints, &always);
}

/// The first key of a command with a short label; none where the command has no key.
pub(crate) fn hint_of(state: &State, command: Command, label: &str) -> Option<Hint> {
    state.console.keymap.key_of(command).map(|key| Hint::new(key.to_string(), label))
}

/// The key that opens a screen, empty where there is none.
pub(crate) fn key_of_screen(state: &State, screen: &Screen) -> String {
    let binding = match screen {
        Screen::Custom(name) => Binding::Screen(name.clone()),
        built_in => match Command::from_name(built_in.name()) {
            Some(command) => Binding::Command(command),
            None => return String::new(),
        },
    };
    first_key(state, &binding)
}

/// The key of an action, empty where there is none.
pub(crate) fn key_of_action(state: &State, action: &Action) -> String {
    first_key(state, &Binding::Action(action.name.clone()))
}

fn first_key(state: &State, binding: &Binding) -> String {
    state.console.keymap.first_key_of(binding).map_or_else(String::new, |key| key.to_string())
}

/// The keys of the built-in screens in one hint: `1-6 screens`.
fn screens(state: &State) -> Hint {
    let keys: Vec<String> = Screen::BUILT_IN.iter().map(|screen| key_of_screen(state, screen)).collect();
    let digits: Vec<&str> = keys.iter().map(String::as_str).filter(|key| key.len() == 1 && *key != "!").collect();
    let keys = match digits[..] {
        [first, .., last] => format!("{first}-{last}"),
        _ => keys.first().cloned().unwrap_or_default(),
    };
    Hint::new(keys, "screens")
}

/// Hints for the screen and panel, the most useful first: what can be done about the service that is shown, what can be
/// done in the panel, then the other actions.
fn here(state: &State, glyphs: GlyphSet) -> Vec<Hint> {
    let (its, others) = actions(state, glyphs);
    let near = state.focused_panel().map(|id| panels::find(&id).hints(state)).unwrap_or_default();
    let common = [
        (Command::Filter, "filter"),
        (Command::NextPanel, "panel"),
        (Command::Zoom, "zoom"),
        (Command::Freeze, "freeze"),
    ];
    let near = near.into_iter().filter_map(|(command, label)| hint_of(state, command, label));
    let common = common.into_iter().filter_map(|(command, label)| hint_of(state, command, label));
    let mut hints: Vec<Hint> = its;
    for (at, hint) in near.chain(common).enumerate() {
        if !hints.iter().any(|other| other.key == hint.key) {
            hints.push(hint);
        }
        // The first two or three are what a person looks for; the rest is in help.
        if at == 2 {
            hints.extend(others.iter().cloned());
        }
    }
    hints
}

/// The actions of the service that is shown, and the others; on the screen of a service its own alone.
fn actions(state: &State, glyphs: GlyphSet) -> (Vec<Hint>, Vec<Hint>) {
    let keys_act = !matches!(state.console.screen, Screen::Logs | Screen::Metrics | Screen::Diagnostics);
    if !keys_act || state.world.read_only {
        return (Vec::new(), Vec::new());
    }
    let hint = |action: &Action| {
        let key = key_of_action(state, action);
        (!key.is_empty()).then(|| Hint::new(key, cut(&action.title.to_lowercase(), LABEL, glyphs.ellipsis)))
    };
    let service = state.regarded_service().map(|service| &service.name);
    let (its, others): (Vec<&Action>, Vec<&Action>) =
        state.world.config.actions.iter().partition(|action| service.is_none() || action.service.as_ref() == service);
    let others = if state.console.screen == Screen::Service { Vec::new() } else { others };
    (its.into_iter().filter_map(hint).collect(), others.into_iter().filter_map(hint).collect())
}
