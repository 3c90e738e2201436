//! The runbook of the service that is shown: read while a panel shows it, opened in the pager, scrolled, its tasks ticked.

use std::path::Path;

use crate::config::sections::service::Service;
use crate::config::{Config, panels};
use crate::model::effect::{ConsoleEffect, Effect, RequestId, StoreEffect, TerminalEffect};
use crate::model::fact::{RunbookTicked, Statement};
use crate::text::name::Name;
use crate::text::{SafeText, markdown};

use super::keymap::Command;
use super::list::{kept_visible, moved};
use super::requests::AwaitedAnswer;
use super::screens::runbook::ShownRunbook;
use super::state::State;
use super::toasts::Tone;

/// While a runbook is on the screen it is read: once for each time that it is come to, so that a change in it is seen.
pub(super) fn read(state: &mut State, effects: &mut Vec<Effect>) {
    let known = if state.shows(&panels::SERVICE_RUNBOOK) { regarded(state) } else { None };
    let shown = state.console.screens.service.runbook.as_ref();
    // This is asked after every message, and answered by what is written alone.
    if shown.is_some_and(|shown| known.and_then(|known| known.runbook.as_ref()) == Some(&shown.written)) {
        return;
    }
    let wanted = known.and_then(|known| Some((known.runbook.clone()?, known.runbook_file(beside(state))?)));
    let Some((written, (path, section))) = wanted else {
        state.console.screens.service.runbook = None;
        return;
    };
    let section = section.to_owned();
    let request = state.next_request();
    effects.push(ConsoleEffect::ReadRunbook { request, path, section }.into());
    state.console.screens.service.runbook = Some(ShownRunbook::asked(written, request));
}

/// What was read. Another may be shown by now.
pub(super) fn learned(state: &mut State, request: RequestId, text: Result<Vec<SafeText>, SafeText>) {
    let shown = state.console.screens.service.runbook.as_mut();
    if let Some(shown) = shown.filter(|shown| shown.request == request) {
        shown.tasks = text.as_deref().map_or_else(|_| Vec::new(), markdown::tasks);
        shown.text = Some(text);
    }
}

/// The service that is shown, as the configuration has it.
fn regarded(state: &State) -> Option<&Service> {
    of(&state.seen().config, &state.regarded_service()?.name)
}

fn of<'a>(config: &'a Config, service: &Name) -> Option<&'a Service> {
    config.services.iter().find(|known| known.name == *service)
}

/// As the runbook of the service that is shown is written in the configuration.
pub(crate) fn written(state: &State) -> Option<&str> {
    regarded(state)?.runbook.as_deref()
}

/// The directory from which the paths of runbooks are written.
fn beside(state: &State) -> &Path {
    state.world.config.files.first().and_then(|file| file.parent()).unwrap_or(Path::new(""))
}

/// Shows a runbook that is a file in the pager, from its section on; one that is an address is copied.
pub(super) fn open(state: &State, service: &Name, effects: &mut Vec<Effect>) {
    let Some(known) = of(&state.world.config, service) else { return };
    match (known.runbook_file(beside(state)), &known.runbook) {
        (Some((path, section)), _) => {
            effects.push(TerminalEffect::PageFile { path, section: section.to_owned() }.into());
        }
        (None, Some(address)) => effects.push(TerminalEffect::Copy(SafeText::new(address)).into()),
        (None, None) => {}
    }
}

/// The lines of the runbook that is shown, once they are read.
fn lines(state: &State) -> &[SafeText] {
    let shown = state.console.screens.service.runbook.as_ref();
    shown.and_then(|shown| shown.text.as_ref()?.as_deref().ok()).unwrap_or_default()
}

/// The actions that the runbook of a service links to, while it is shown.
pub(super) fn linked<'a>(state: &'a State, service: &Name) -> Vec<&'a str> {
    let is_shown = regarded(state).is_some_and(|known| known.name == *service);
    let lines = if is_shown { lines(state) } else { &[] };
    lines.iter().flat_map(|line| markdown::action_links(line.as_str())).map(|(_, name)| name).collect()
}

/// What of the runbook that is shown is worth a place in the clipboard: the commands of the task that keys go to, else its
/// own, where they are in one block, for to run several at once is seldom meant; else all of it.
pub(super) fn copied(state: &State) -> Option<String> {
    let lines = lines(state);
    if lines.is_empty() {
        return None;
    }
    // Under a task stand the commands of that task.
    let of_task = span_of_task(state).map(|span| markdown::commands(&lines[span]));
    for mut blocks in of_task.into_iter().chain([markdown::commands(lines)]) {
        if blocks.len() == 1 {
            return blocks.pop();
        }
    }
    Some(lines.iter().fold(String::new(), |text, line| text + line.as_str() + "\n"))
}

/// Bytes of a line that surely fill a row, however narrow the panel.
const NARROW: usize = 20;

/// A key of the panel: moves from task to task, or scrolls; ticks a task. `false`: the command is none of these.
pub(super) fn command(state: &mut State, command: Command, effects: &mut Vec<Effect>) -> bool {
    let tasks = tasks(state).len();
    if command == Command::Select && tasks > 0 {
        tick(state, effects);
        return true;
    }
    let Some(shown) = &state.console.screens.service.runbook else { return false };
    let (task, last) = (shown.task, tasks.saturating_sub(1));
    let is_beyond = (command == Command::Down && task >= last) || (command == Command::Up && task == 0);
    if tasks > 0 && !is_beyond && matches!(command, Command::Up | Command::Down | Command::Top | Command::Bottom) {
        go_to(state, moved(command, task, last, 1).unwrap_or(task));
        // The first and the last row too, where more than tasks stands there.
        return !matches!(command, Command::Top | Command::Bottom) || scroll(state, command);
    }
    let is_movement = scroll(state, command);
    if is_movement && let Some(shown) = &mut state.console.screens.service.runbook {
        shown.keeps_task = false;
    }
    is_movement
}

/// Has keys go to a task, which is kept in sight.
fn go_to(state: &mut State, task: usize) {
    let line = tasks(state).get(task).map_or(0, |(line, _)| *line);
    let height = state.height(&panels::SERVICE_RUNBOOK.id());
    let Some(shown) = &mut state.console.screens.service.runbook else { return };
    // Lines that are wrapped take more rows: the view knows them, and moves on from here.
    shown.scroll = Some(kept_visible(shown.scroll.unwrap_or_else(|| shown.begins_at(height)), line, height));
    (shown.task, shown.keeps_task) = (task, true);
}

/// Scrolls what is shown. `false`: the command is no movement.
fn scroll(state: &mut State, command: Command) -> bool {
    let height = state.height(&panels::SERVICE_RUNBOOK.id());
    let Some(shown) = &mut state.console.screens.service.runbook else { return false };
    let lines = shown.text.as_ref().and_then(|text| text.as_ref().ok());
    // How many rows the lines take once they are wrapped is known where they are drawn: that stops at the last.
    let most: usize = lines.map_or(0, |lines| lines.iter().map(|line| 1 + line.as_str().len() / NARROW).sum());
    let from = shown.scroll.unwrap_or_else(|| shown.begins_at(height));
    let to = moved(command, from, most.saturating_sub(1), height);
    shown.scroll = to.or(shown.scroll);
    to.is_some()
}

/// The tasks of the runbook that is shown, each with its line and the words by which it is known.
pub(crate) fn tasks(state: &State) -> &[(usize, String)] {
    state.console.screens.service.runbook.as_ref().map_or(&[], |shown| &shown.tasks)
}

/// The lines of the task that keys go to, up to the next task.
fn span_of_task(state: &State) -> Option<std::ops::Range<usize>> {
    let tasks = tasks(state);
    let at = state.console.screens.service.runbook.as_ref()?.task.min(tasks.len().checked_sub(1)?);
    let (from, _) = tasks.get(at)?;
    Some(*from..tasks.get(at + 1).map_or(lines(state).len(), |(next, _)| *next))
}

/// The action that the task links to which keys go to.
pub(crate) fn action_of_task(state: &State) -> Option<Name> {
    let span = span_of_task(state)?;
    let linked = markdown::action_links(lines(state)[span.start].as_str()).next()?.1;
    state.seen().config.actions.iter().map(|action| &action.name).find(|name| ***name == *linked).cloned()
}

/// Puts on record that the task is done which keys go to, or that it is not after all. The next one is gone to.
fn tick(state: &mut State, effects: &mut Vec<Effect>) {
    if state.world.read_only {
        return state.toast(Tone::Warning, "read-only: no task can be ticked here");
    }
    let Some(shown) = &state.console.screens.service.runbook else { return };
    let (runbook, at) = (Name::from(&*shown.written), shown.task);
    let last = shown.tasks.len().saturating_sub(1);
    let Some((_, task)) = shown.tasks.get(at.min(last)) else { return };
    let record = state.world.runbook_record(&runbook);
    let done = record.and_then(|record| record.tick(task, state.world.now.utc)).is_none();
    let task = SafeText::new(task);
    let request = state.request(AwaitedAnswer::Tick(task.clone()));
    let said = RunbookTicked { runbook, task, done };
    effects.push(Effect::Store(request, StoreEffect::SayOfAlerts(vec![Statement::RunbookTicked(said)])));
    if done {
        go_to(state, (at + 1).min(last));
    }
}
