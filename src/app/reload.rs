//! A new configuration: what stayed keeps its history, what went is let go.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::Config;
use crate::lang::diagnostic::{Diagnostic, PRINTED};
use crate::logs::ring::RingLimits;
use crate::model::message::Effect;
use crate::text::SafeText;
use crate::text::name::Name;

use super::alerting;
use super::keymap::Keymap;
use super::launch;
use super::screens::{Screen, logs};
use super::state::State;
use super::world::checks::CheckView;
use super::world::diagnostics::ProblemKind;
use super::world::logs::LogView;
use super::world::metrics::MetricView;
use super::world::tails::tails;
use super::world::timeline::{Entry, Happening};
use super::world::toasts::Tone;

/// The configuration was read again.
pub fn reloaded(
    state: &mut State,
    result: Result<(Arc<Config>, Vec<SafeText>), Vec<Diagnostic>>,
    effects: &mut Vec<Effect>,
) {
    match result {
        Ok((config, changes)) => accept(state, config, &changes, effects),
        Err(problems) => refuse(state, &problems),
    }
    state.changed();
}

fn refuse(state: &mut State, problems: &[Diagnostic]) {
    state.diagnostics.reloads.1 += 1;
    let why = problems.first().map_or("it can't be read", |problem| problem.message.as_str());
    state.diagnostics.rejected = Some((state.now, SafeText::new(why)));
    for problem in problems.iter().take(PRINTED) {
        let place = SafeText::new(&format!("{}:{}:{}", problem.file.display(), problem.line, problem.column));
        let hint = problem.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
        let text = SafeText::new(&format!("{}{hint}", problem.message));
        state.diagnostics.note(state.now, ProblemKind::Reload, place, text);
    }
    if let Some(more) = problems.len().checked_sub(PRINTED).filter(|more| *more > 0) {
        let (place, text) = (SafeText::new("configuration"), format!("and {more} more; `opsroom check` prints them"));
        state.diagnostics.note(state.now, ProblemKind::Reload, place, SafeText::new(&text));
    }
    let first = problems.first().map_or_else(|| "it can't be read".to_owned(), ToString::to_string);
    let more = if problems.len() > 1 { format!(" and {} more", problems.len() - 1) } else { String::new() };
    let text = format!("configuration rejected; the previous one stays in effect: {first}{more} (see diagnostics, !)");
    state.toast(Tone::Error, &text);
    note(state, &text);
}

fn accept(state: &mut State, config: Arc<Config>, changes: &[SafeText], effects: &mut Vec<Effect>) {
    let now = state.now;
    state.diagnostics.reloads.0 += 1;
    state.diagnostics.configured_at = Some(now);
    state.diagnostics.accepted();
    let read_only_before = state.config.console.read_only;
    take_checks(state, &config);
    take_metrics(state, &config);
    let logs_before: Vec<Name> = state.logs.iter().map(|log| log.name.clone()).collect();
    take_logs(state, &config);
    state.tails = tails(&config, &state.logs);
    // The flag on the command line wins over the file and can't be reloaded away; the file's own word can.
    if config.console.read_only != read_only_before {
        state.read_only = config.console.read_only || (state.read_only && !read_only_before);
    }
    if config.console.theme != state.config.console.theme {
        state.theme.clone_from(&config.console.theme);
    }
    state.keymap = Keymap::new(&config, state.read_only);
    state.config = config;
    forget_gone_screens(state);
    launch::reconfigured(state);
    state.regroup();
    alerting::reconfigured(state, effects);
    logs::reconfigured(state, &logs_before);
    let text = match changes {
        [] => "configuration reloaded: nothing changed".to_owned(),
        [one] => format!("configuration reloaded: {one}"),
        [one, rest @ ..] => format!("configuration reloaded: {one}, and {} more", rest.len()),
    };
    state.toast(Tone::Good, &text);
    if changes.is_empty() {
        note(state, &text);
    }
    for change in changes.iter().take(PRINTED) {
        note(state, &format!("configuration: {change}"));
    }
    if let Some(more) = changes.len().checked_sub(PRINTED).filter(|more| *more > 0) {
        note(state, &format!("configuration: and {more} more changes"));
    }
}

fn note(state: &mut State, text: &str) {
    let entry = Entry { at: state.now, happening: Happening::Reload, service: None, text: SafeText::new(text) };
    state.timeline.push(entry);
}

fn take_checks(state: &mut State, config: &Config) {
    let now = state.now;
    let mut old: HashMap<Name, CheckView> = state.checks.drain(..).map(|check| (check.name.clone(), check)).collect();
    state.checks = config
        .checks
        .iter()
        .enumerate()
        .map(|(index, check)| {
            let fresh = CheckView::new(index, check, now);
            match old.remove(&check.name) {
                Some(kept) => kept.moved(fresh, check),
                None => fresh,
            }
        })
        .collect();
}

fn take_metrics(state: &mut State, config: &Config) {
    let now = state.now;
    let mut old: HashMap<Name, MetricView> =
        state.metrics.drain(..).map(|metric| (metric.name.clone(), metric)).collect();
    state.metrics = config
        .metrics
        .iter()
        .enumerate()
        .map(|(index, metric)| {
            let fresh = MetricView::new(index, metric, now);
            match old.remove(&metric.name) {
                Some(kept) => kept.moved(fresh),
                None => fresh,
            }
        })
        .collect();
}

fn take_logs(state: &mut State, config: &Config) {
    let limits = RingLimits { records: config.console.log_records, bytes: config.console.log_bytes };
    let mut old: HashMap<Name, LogView> = state.logs.drain(..).map(|log| (log.name.clone(), log)).collect();
    state.logs = config
        .logs
        .iter()
        .enumerate()
        .map(|(index, log)| match old.remove(&log.name) {
            Some(kept) => kept.moved(index, log),
            None => LogView::new(index, log, limits),
        })
        .collect();
}

/// A screen that is no more can't be shown or gone back to.
fn forget_gone_screens(state: &mut State) {
    let config = state.config.clone();
    let gone = |screen: &Screen| match screen {
        Screen::Custom(name) => !config.screens.iter().any(|layout| layout.name == *name),
        _ => false,
    };
    state.back.retain(|screen| !gone(screen));
    if gone(&state.screen) {
        state.screen = state.back.pop().unwrap_or_default();
    }
}
