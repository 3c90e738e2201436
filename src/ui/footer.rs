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

/// Columns of an action's title at the most: the key is what matters here.
const LABEL: usize = 24;

/// Draws it in the first row of `area`.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let always = [hint(state, Command::Palette, "palette"), hint(state, Command::Help, "help")];
    let always: Vec<Hint> = always.into_iter().flatten().collect();
    hints::draw(painter, area, &here(state, painter.glyphs()), &always);
}

/// The first key of a command with a short label; none where the command has no key.
fn hint(state: &State, command: Command, label: &str) -> Option<Hint> {
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

/// Hints for the screen and panel, the most useful first.
fn here(state: &State, glyphs: GlyphSet) -> Vec<Hint> {
    let near = state.focused_panel().map(|id| panels::find(&id).hints(state)).unwrap_or_default();
    let mut hints: Vec<Hint> = near.into_iter().filter_map(|(command, label)| hint(state, command, label)).collect();
    let keys_act = !matches!(state.console.screen, Screen::Logs | Screen::Metrics | Screen::Diagnostics);
    if keys_act && !state.world.read_only {
        let actions = acting(state).filter_map(|action| {
            let key = key_of_action(state, action);
            (!key.is_empty()).then(|| Hint::new(key, cut(&action.title.to_lowercase(), LABEL, glyphs.ellipsis)))
        });
        hints.splice(0..0, actions);
    }
    let common = [
        (Command::Filter, "filter"),
        (Command::NextPanel, "panel"),
        (Command::Zoom, "zoom"),
        (Command::Freeze, "freeze"),
    ];
    for (command, label) in common {
        if let Some(hint) = hint(state, command, label).filter(|hint| !hints.iter().any(|other| other.key == hint.key))
        {
            hints.push(hint);
        }
    }
    hints
}

/// The actions of the service that is shown, or all.
fn acting(state: &State) -> impl Iterator<Item = &Action> {
    let service =
        (state.console.screen == Screen::Service).then(|| state.shown_service().map(|service| &service.name)).flatten();
    state.world.config.actions.iter().filter(move |action| service.is_none() || action.service.as_ref() == service)
}
