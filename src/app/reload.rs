//! A new configuration: what stayed keeps its history, what went is let go.

use std::sync::Arc;

use crate::config::Config;
use crate::lang::diagnostic::{Diagnostic, PRINTED};
use crate::model::effect::Effect;
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::name::Name;

use super::keymap::Keymap;
use super::launch;
use super::logs;
use super::observe;
use super::screens::Layouts;
use super::screens::logs::given;
use super::state::State;
use crate::app::tails::tails;
use crate::app::toasts::Tone;
use crate::world::diagnostics::{CONFIGURATION, ProblemKind};
use crate::world::ids::LogId;
use crate::world::table::IdTable;
use crate::world::timeline::EventKind;

/// How the message begins that is taken back once a configuration is accepted.
const REJECTED: &str = "configuration rejected; the previous one stays in effect: ";

/// The configuration was read again.
pub(crate) fn reloaded(
    state: &mut State,
    result: Result<(Arc<Config>, Vec<SafeText>), Vec<Diagnostic>>,
    effects: &mut Vec<Effect>,
) {
    match result {
        Ok((config, changes)) => accept(state, config, &changes, effects),
        Err(problems) => refuse(state, problems),
    }
    state.changed();
}

fn refuse(state: &mut State, mut problems: Vec<Diagnostic>) {
    // Warnings of a file that is not in effect are for `opsroom check`.
    problems.retain(Diagnostic::is_error);
    for problem in &mut problems {
        problem.mask(&state.world.literals);
    }
    state.world.diagnostics.reloads.1 += 1;
    let why = problems.first().map_or("it can't be read", |problem| problem.message.as_str());
    state.world.diagnostics.rejected = Some((state.world.now, SafeText::new(why)));
    for problem in problems.iter().take(PRINTED) {
        let place = SafeText::new(&format!("{}:{}:{}", problem.file.display(), problem.line, problem.column));
        let hint = problem.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
        let text = SafeText::new(&format!("{}{hint}", problem.message));
        state.world.diagnostics.note(state.world.now, ProblemKind::Reload, place, text);
    }
    if let Some(more) = problems.len().checked_sub(PRINTED).filter(|more| *more > 0) {
        let (place, text) = (SafeText::new(CONFIGURATION), format!("and {more} more; `opsroom check` prints them"));
        state.world.diagnostics.note(state.world.now, ProblemKind::Reload, place, SafeText::new(&text));
    }
    let first = problems.first().map_or_else(|| "it can't be read".to_owned(), ToString::to_string);
    let more = if problems.len() > 1 { format!(" and {} more", problems.len() - 1) } else { String::new() };
    let text = format!("{REJECTED}{first}{more} (see diagnostics, !)");
    state.news(Tone::Error, &text);
    // Nothing changed: it belongs into the timeline, and not among what may have brought trouble.
    state.world.happened(EventKind::Console, None, &text);
}

fn accept(state: &mut State, config: Arc<Config>, changes: &[SafeText], effects: &mut Vec<Effect>) {
    // What was held still belongs to the configuration before: its rows and indices mean nothing in the new one.
    logs::thaw(state);
    if config.console.theme != state.world.config.console.theme {
        state.console.theme.clone_from(&config.console.theme);
    }
    let logs_before: IdTable<LogId, Name> = state.world.logs.iter().map(|log| log.name.clone()).collect();
    let output = state.world.reconfigure(config, state.world.now);
    let config = Arc::clone(&state.world.config);
    state.console.layouts = Layouts::new(&config);
    // What a person chose stays where its panel does.
    for (panel, given) in given(&state.console.layouts) {
        state.console.columns.entry(panel).or_insert(given);
    }
    state.console.tails = tails(&state.world.config, &state.console.layouts, &state.world.logs);
    state.console.keymap = Keymap::new(&config, state.world.read_only);
    forget_gone_screens(state);
    launch::reconfigured(state);
    observe::show(state, output, effects);
    let said = state.world.say_reconfigured(changes);
    observe::show(state, said, effects);
    logs::reconfigured(state, &logs_before);
    state.console.toasts.withdraw(REJECTED);
    let text = match changes {
        [] => "configuration reloaded: nothing changed".to_owned(),
        [one] => format!("configuration reloaded: {one}"),
        [one, rest @ ..] => format!("configuration reloaded: {one}, and {} more", rest.len()),
    };
    state.news(Tone::Good, &text);
    if changes.is_empty() {
        state.world.happened(EventKind::Console, None, &text);
    }
    for change in changes.iter().take(PRINTED) {
        note(state, &format!("configuration: {change}"));
    }
    if let Some(more) = changes.len().checked_sub(PRINTED).filter(|more| *more > 0) {
        note(state, &format!("configuration: and {}", counted(more, "more change")));
    }
}

fn note(state: &mut State, text: &str) {
    state.world.happened(EventKind::Reload, None, text);
}

/// A screen that is no more can't be shown or gone back to.
fn forget_gone_screens(state: &mut State) {
    let layouts = &state.console.layouts;
    state.console.back.retain(|screen| layouts.get(screen).is_some());
    if layouts.get(&state.console.screen).is_none() {
        state.console.screen = state.console.back.pop().unwrap_or_default();
    }
}
