//! What each command does, on every screen alike; what belongs to one screen is in its module.

use std::time::Duration;

use crate::config::panels::PanelId;
use crate::model::effect::{ConsoleEffect, Effect, FeedEffect, TerminalEffect};
use crate::model::rollup::SeriesKey;
use crate::text::SafeText;

use super::contexts::contexts;
use super::describe::subject;
use super::keymap::Command;
use super::navigation::open_screen;
use super::overlays::columns;
use super::overlays::description::Description;
use super::overlays::help::Help;
use super::overlays::line::{LineInput, Purpose};
use super::overlays::palette::Palette;
use super::overlays::reading::{ReadingOverlay, ReadingSubject};
use super::panels::find;
use super::screens::Screen;
use super::screens::logs::LogScope;
use super::state::State;
use super::state::overlay::Operation;
use super::toasts::Tone;
use super::{
    acknowledge, calendar, following, incidents, launch, log_commands, logs, metrics, replayed, runbook, runs, service,
};

/// How far back goes what is copied for a colleague.
const RECAP: Duration = Duration::from_mins(30);

/// Carries out a command.
pub fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    if let Some(screen) = command.screen() {
        open_screen(state, screen, effects);
        return;
    }
    if replayed::refuses(state, command) {
        return;
    }
    match command {
        Command::Quit => quit(state, effects),
        Command::Back => back(state),
        Command::FollowColleague => following::follow(state, effects),
        Command::Help => {
            let help = Help::new(state, &contexts(state));
            state.console.overlays.push(help);
        }
        Command::Palette => {
            let palette = Palette::new(state);
            state.console.overlays.push(palette);
        }
        Command::NextPanel => state.move_focus(1),
        Command::PreviousPanel => state.move_focus(-1),
        Command::Zoom => zoom(state),
        Command::Freeze => freeze(state),
        Command::Poll => poll(state, effects),
        Command::Save => logs::save_evidence(state, effects),
        Command::Theme => next_theme(state),
        Command::Mouse => mouse(state, effects),
        Command::Redraw => effects.push(TerminalEffect::Redraw.into()),
        Command::Suspend => effects.push(TerminalEffect::Suspend.into()),
        Command::Reload => effects.push(ConsoleEffect::Reload.into()),
        Command::Wrap => state.console.wrap = !state.console.wrap,
        Command::Colours => colours(state),
        Command::GoToTime => logs::go_to_cursor(state),
        Command::ServiceLogs => service::show_logs(state),
        Command::Columns => columns::open(state),
        Command::Timestamps => state.console.timestamps = state.console.timestamps.next(),
        Command::Copy => copy(state, effects),
        Command::CopyTimeline => {
            effects.push(TerminalEffect::CopySigned(SafeText::of_record(&state.seen().recap(RECAP))).into());
        }
        Command::SinceLooked => read(state, ReadingSubject::SinceLooked),
        Command::Handover => read(state, ReadingSubject::Handover),
        Command::OnCall => read(state, ReadingSubject::OnCall),
        Command::Act => act(state),
        Command::Describe => describe(state),
        Command::Acknowledge => acknowledge::acknowledge(state),
        Command::Silence => acknowledge::silence(state),
        Command::EndSilence => acknowledge::end_silence(state),
        Command::OpenIncident => incidents::open(state, effects),
        Command::Pin => incidents::pin(state, copied(state), effects),
        Command::TestChannels => acknowledge::test_channels(state),
        Command::ChangePlan => calendar::plan(state),
        Command::ChangeApprove => calendar::approve(state),
        Command::ChangeCallOff => calendar::call_off(state),
        Command::Filter => filter(state),
        other => panel_command(state, other, effects),
    }
}

fn poll(state: &mut State, effects: &mut Vec<Effect>) {
    effects.push(FeedEffect::PollNow(service::polled(state)).into());
    state.toast(Tone::Info, "polling now");
}

fn mouse(state: &mut State, effects: &mut Vec<Effect>) {
    state.console.mouse = !state.console.mouse;
    effects.push(TerminalEffect::Mouse(state.console.mouse).into());
    state.toast(Tone::Info, if state.console.mouse { "mouse on" } else { "mouse off (terminal selection works)" });
}

/// Does what an overlay asked for.
pub(super) fn perform(state: &mut State, operation: Operation, effects: &mut Vec<Effect>) {
    match operation {
        Operation::Command(command) => run(state, command, effects),
        Operation::Screen(name) => open_screen(state, Screen::named(&name), effects),
        Operation::Filter(name) => logs::apply_saved(state, &name),
        Operation::Service(name) => service::show(state, name),
        Operation::Log(name) => {
            state.go(Screen::Logs);
            logs::show_scope(state, LogScope::Log(name));
        }
        Operation::Metric(name) => metrics::show(state, SeriesKey::Metric(name)),
        Operation::Runbook(name) => runbook::open(state, &name, effects),
        Operation::Copy(text) => effects.push(TerminalEffect::Copy(text).into()),
        Operation::Theme(name) => state.console.theme = name,
        Operation::Action { name, dry_run } => launch::begin(state, &name, dry_run, effects),
    }
}

/// Opens a text over the screen.
fn read(state: &mut State, subject: ReadingSubject) {
    let overlay = ReadingOverlay::of(subject, state);
    state.console.overlays.push(overlay);
}

/// Draws the focused panel alone, or all again.
fn zoom(state: &mut State) {
    if state.console.zoomed || state.focused_panel().is_some_and(|id| find(&id).zooms()) {
        state.console.zoomed = !state.console.zoomed;
    } else {
        state.toast(Tone::Info, "this panel stays beside the others: its keys work on them");
    }
}

/// Holds the screen still, or lets it go on with what came meanwhile.
fn freeze(state: &mut State) {
    if !logs::thaw(state) {
        state.console.frozen = Some(Box::new(state.world.clone()));
    }
}

/// Quitting never asks: whatever runs goes on under its supervisor and is found again.
fn quit(state: &mut State, effects: &mut Vec<Effect>) {
    if state.console.zoomed {
        state.console.zoomed = false;
    } else if !state.go_back() {
        effects.push(ConsoleEffect::Quit.into());
    }
}

/// Undoes the nearest thing: a zoom, a list's filter, the cursor in time, a search, a screen. Never quits. Short messages
/// go along with it.
fn back(state: &mut State) {
    state.console.toasts.clear();
    if following::let_go(state) {
        return;
    }
    let filtered = state.focused_panel().filter(|panel| state.list(panel).is_some_and(|list| !list.filter.is_empty()));
    if state.console.zoomed {
        state.console.zoomed = false;
    } else if (state.console.screen != Screen::Logs && state.console.time_cursor.take().is_some())
        || state.dismiss_strip()
    {
    } else if let Some(list) = filtered.and_then(|panel| state.list_mut(&panel)) {
        list.filter.clear();
    } else if !logs::undo(state) && state.console.time_cursor.take().is_none() && !metrics::leave_comparison(state) {
        state.go_back();
    }
}

fn next_theme(state: &mut State) {
    let here = state.console.themes.iter().position(|name| *name == state.console.theme);
    let next = here.map_or(0, |at| (at + 1) % state.console.themes.len().max(1));
    if let Some(name) = state.console.themes.get(next).cloned() {
        state.toast(Tone::Info, &format!("theme {name}"));
        state.console.theme = name;
    }
}

fn colours(state: &mut State) {
    state.console.colours = !state.console.colours;
    state.toast(Tone::Info, if state.console.colours { "line colours on" } else { "line colours off" });
}

/// Opens the menu of what is selected.
fn act(state: &mut State) {
    match subject(state).and_then(|subject| Palette::of(state, &subject)) {
        Some(menu) => state.console.overlays.push(menu),
        None => state.toast(Tone::Info, "nothing selected"),
    }
}

fn describe(state: &mut State) {
    match subject(state) {
        Some(subject) => state.console.overlays.push(Description::of(subject)),
        None => state.toast(Tone::Info, "nothing selected"),
    }
}

fn copy(state: &mut State, effects: &mut Vec<Effect>) {
    match copied(state) {
        Some(text) => effects.push(TerminalEffect::Copy(SafeText::new(&text)).into()),
        None => state.toast(Tone::Info, "nothing selected to copy"),
    }
}

fn filter(state: &mut State) {
    let purpose = match state.focused_panel() {
        _ if state.console.screen == Screen::Logs => Purpose::Filter,
        Some(panel) if find(&panel).is_list() => Purpose::List(panel),
        _ => {
            // A log panel of another screen, or a chart: filtering is done where there is room for it.
            logs::choose_scope(state);
            state.go(Screen::Logs);
            Purpose::Filter
        }
    };
    let line = LineInput::new(state, purpose);
    state.console.overlays.push(line);
}

/// Commands that mean something different in each panel.
fn panel_command(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    let Some(id) = state.focused_panel() else { return };
    let panel = find(&id);
    if panel.command(state, &id, command, effects) {
        return;
    }
    match command {
        Command::Patterns | Command::TopValues => {
            logs::choose_scope(state);
            state.go(Screen::Logs);
            log_commands::command(state, command, effects);
        }
        Command::Open => open(state, &id, effects),
        Command::Cancel | Command::DryRun | Command::FollowUp => runs::command(state, command, effects),
        Command::LongerRange | Command::ShorterRange => {
            metrics::command(state, command);
        }
        _ if panel.is_list() => {
            let (rows, height) = (state.rows(&id), state.height(&id));
            state.console.lists.entry(id).or_default().command(command, &rows, height);
            panel.moved(state);
        }
        _ => {}
    }
}

/// Enter on a row, or a second click.
pub(super) fn open(state: &mut State, id: &PanelId, effects: &mut Vec<Effect>) {
    let row = state.selected(id);
    find(id).open(state, id, row, effects);
}

/// What `y` copies: the selected row in words.
fn copied(state: &State) -> Option<String> {
    let id = state.focused_panel()?;
    find(&id).copied(state, state.selected(&id).as_ref())
}
