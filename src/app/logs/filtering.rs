//! What is kept: the filter of the screen, those that are saved in the configuration, and how one may be gone on with.

use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::toasts::Tone;
use crate::logs::filter::complete;
use crate::logs::filter::complete::FilterCompletion;
use crate::logs::filter::{Filter, FilterError};
use crate::text::SafeText;

use super::{search_again, work};

/// Sets the filter: the end of the log at once, the rest in slices.
pub(in crate::app) fn set_filter(state: &mut State, filter: Filter) {
    let anchored = filter.anchored(state.shown_now().utc, state.world.config.console.timezone);
    let screen = &mut state.console.screens.logs;
    screen.filter = filter;
    let both = screen.scope.filter(&state.world).and(&anchored);
    let sources = screen.scope.sources(&state.world);
    screen.pane.refilter(&state.world.logs, sources, both);
    search_again(state);
    work(state);
}

/// The filter that a text is.
///
/// # Errors
/// The character from which on it is none, as a byte offset, and why.
pub(super) fn parse(text: &str) -> Result<Filter, (usize, SafeText)> {
    Filter::parse(text.trim()).map_err(|FilterError { offset, message, hint }| {
        let blank = text.len() - text.trim_start().len();
        let byte = text.trim_start().char_indices().nth(offset).map_or(text.trim().len(), |(byte, _)| byte);
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        (blank + byte, SafeText::new(&format!("{message}{hint}")))
    })
}

/// What may be put at the cursor of a filter that is being written, best first.
pub(in crate::app) fn complete(state: &State, text: &str, cursor: usize) -> Vec<FilterCompletion> {
    complete::complete(text, cursor, &state.console.screens.logs.known)
}

/// Shows the logs through a saved filter.
pub(in crate::app) fn apply_saved(state: &mut State, name: &str) {
    let Some(saved) = state.world.config.filters.iter().find(|saved| &*saved.name == name).cloned() else { return };
    state.go(Screen::Logs);
    set_filter(state, saved.filter);
    state.toast(Tone::Info, &format!("filter {}", saved.title));
}

/// The same; where it is in force already it is taken off.
pub(in crate::app) fn toggle_saved(state: &mut State, name: &str) {
    let saved = state.world.config.filters.iter().find(|saved| &*saved.name == name);
    let in_force = saved.is_some_and(|saved| saved.filter == state.console.screens.logs.filter);
    if in_force && state.console.screen == Screen::Logs {
        set_filter(state, Filter::everything());
    } else {
        apply_saved(state, name);
    }
}
