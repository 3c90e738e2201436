//! The screens: what each remembers, and what its keys do.

pub mod actions;
pub mod diagnostics;
pub mod list;
pub mod logs;
pub mod metrics;
pub mod overview;
pub mod service;

use chrono::{DateTime, Utc};

use crate::config::sections::screen::Panel;
use crate::model::effect::Effect;
use crate::text::name::Name;

use super::commands;
use super::keymap::Command;
use super::launch;
use super::layout::PanelId;
use super::lookup::{entry_key, problem_key};
use super::state::State;
use crate::world::alerts::Subject;
use crate::world::runs::summary;

pub(crate) use list::ListState;

/// Which screen is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Screen {
    /// Is anything wrong?
    #[default]
    Overview,
    /// One service; which one is in [`service::ServiceScreen`].
    Service,
    /// Merged records.
    Logs,
    /// Charts.
    Metrics,
    /// Runs, locks, what can be started.
    Actions,
    /// The console about itself.
    Diagnostics,
    /// A `[screen.NAME]` of one's own.
    Custom(Name),
}

impl Screen {
    /// The built-in ones, in the order of their keys.
    pub const BUILT_IN: [Self; 6] =
        [Self::Overview, Self::Service, Self::Logs, Self::Metrics, Self::Actions, Self::Diagnostics];

    /// Its name: the command that opens it.
    pub fn name(&self) -> &str {
        match self {
            Self::Overview => "overview",
            Self::Service => "service",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Actions => "actions",
            Self::Diagnostics => "diagnostics",
            Self::Custom(name) => name,
        }
    }
}

/// Screens kept to go back to.
const MAX_BACK: usize = 32;

impl State {
    /// The panels of the present screen that can have the focus, in the order of Tab.
    pub fn panels(&self) -> Vec<PanelId> {
        match &self.console.screen {
            Screen::Overview | Screen::Custom(_) => overview::layout(&self.world.config, &self.console.screen)
                .into_iter()
                .flatten()
                .map(|(panel, _)| PanelId::Layout(panel))
                .collect(),
            Screen::Service => service::panels(self),
            Screen::Logs => {
                let levels = self.console.layout.panel(&PanelId::Histogram).map(|_| PanelId::Histogram);
                std::iter::once(PanelId::Records).chain(levels).collect()
            }
            Screen::Metrics => vec![PanelId::MetricList],
            Screen::Actions => actions::panels(self),
            Screen::Diagnostics => vec![PanelId::Figures, PanelId::Problems],
        }
    }

    /// The panel with the focus: the one that was chosen while the screen has it, else the first.
    pub fn focused_panel(&self) -> Option<PanelId> {
        let panels = self.panels();
        self.console.focus.clone().filter(|id| panels.contains(id)).or_else(|| panels.into_iter().next())
    }

    /// Moves the focus by `step` panels, around the ends.
    pub(crate) fn move_focus(&mut self, step: isize) {
        let panels = self.panels();
        let here = self.focused_panel().and_then(|id| panels.iter().position(|other| *other == id)).unwrap_or(0);
        let count = isize::try_from(panels.len()).unwrap_or(1).max(1);
        let next = (isize::try_from(here).unwrap_or(0) + step).rem_euclid(count);
        self.console.focus = panels.into_iter().nth(next.unsigned_abs());
    }

    /// Opens a screen; the present one can be gone back to.
    pub(crate) fn go(&mut self, screen: Screen) {
        if screen == self.console.screen {
            return;
        }
        self.console.back.retain(|other| *other != screen);
        if self.console.back.len() == MAX_BACK {
            self.console.back.remove(0);
        }
        let from = std::mem::replace(&mut self.console.screen, screen);
        self.enter(&from);
        self.console.back.push(from);
    }

    /// Goes back to the screen before. `false` where there is none.
    pub(crate) fn go_back(&mut self) -> bool {
        let Some(screen) = self.console.back.pop() else { return false };
        let from = std::mem::replace(&mut self.console.screen, screen);
        self.enter(&from);
        true
    }

    fn enter(&mut self, from: &Screen) {
        if let Some(focus) = self.console.focus.take() {
            self.console.focus_of.insert(from.clone(), focus);
        }
        self.console.focus = self.console.focus_of.get(&self.console.screen).cloned();
        self.console.zoomed = false;
    }
}

/// Commands that mean something different on each screen and panel.
pub(super) fn command(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    let Some(panel) = state.focused_panel() else { return };
    match (&panel, command) {
        (PanelId::Records | PanelId::Histogram | PanelId::ServiceLogs | PanelId::Layout(Panel::Log(_)), _) => {
            logs::command(state, &panel, command, effects);
        }
        (_, Command::Patterns | Command::TopValues) => {
            state.go(Screen::Logs);
            logs::command(state, &PanelId::Records, command, effects);
        }
        (_, Command::Open) => open(state, &panel, effects),
        (PanelId::Output, _) if list::moved(command, 0, 1, 1).is_some() => actions::scroll_output(state, command),
        (PanelId::Figures, _) if list::moved(command, 0, 1, 1).is_some() => {
            let at = state.console.screens.diagnostics.figures;
            state.console.screens.diagnostics.figures =
                list::moved(command, at, diagnostics::MAX_FIGURES, 10).unwrap_or(at);
        }
        (_, Command::Cancel | Command::DryRun | Command::FollowUp) => actions::command(state, command, effects),
        (_, Command::LongerRange | Command::ShorterRange) => metrics::command(state, command),
        (_, Command::Left | Command::Right | Command::Select) if state.console.screen == Screen::Metrics => {
            metrics::command(state, command);
        }
        (_, Command::Left) if state.console.screen == Screen::Service => service::step(state, -1),
        (_, Command::Right) if state.console.screen == Screen::Service => service::step(state, 1),
        _ if state.has_rows(&panel) => {
            let mut moved = state.list(&panel).cloned().unwrap_or_default();
            moved.command(command, &state.rows(&panel), state.height(&panel));
            if let Some(list) = state.list_mut(&panel) {
                *list = moved;
            }
            if panel == PanelId::Layout(Panel::Timeline) {
                state.console.time_cursor = selected_happening(state).or(state.console.time_cursor);
            }
        }
        _ => {}
    }
}

/// Enter on a row, or a second click.
pub(super) fn open(state: &mut State, panel: &PanelId, effects: &mut Vec<Effect>) {
    let Some(key) = state.selected(panel) else {
        if let PanelId::Layout(Panel::Metric(name)) = panel {
            state.console.screens.metrics.list.selected = Some(name.to_string());
            state.go(Screen::Metrics);
        }
        return;
    };
    match panel {
        PanelId::Layout(Panel::Services) => show_service(state, Some(Name::from(key))),
        PanelId::Layout(Panel::Check(_)) => {
            let row = state.world.row_of(&key);
            show_service(state, Some(row));
        }
        PanelId::Layout(Panel::Alerts) => open_alert(state, &key),
        PanelId::Layout(Panel::Actions) => {
            commands::open_screen(state, Screen::Actions, effects);
            actions::open_run(state, &key, effects);
        }
        PanelId::Runs => actions::open_run(state, &key, effects),
        PanelId::Metrics => {
            state.console.screens.metrics.list.selected = Some(key);
            state.go(Screen::Metrics);
        }
        PanelId::MetricList => metrics::toggle(state, &key),
        PanelId::Layout(Panel::Timeline) => {
            if let Some(at) = selected_happening(state) {
                logs::go_to(state, at);
            }
        }
        PanelId::Startable | PanelId::ServiceActions => launch::begin(state, &Name::from(key), false, effects),
        _ => {}
    }
}

/// When what is selected in the timeline happened.
fn selected_happening(state: &State) -> Option<DateTime<Utc>> {
    let key = state.selected(&PanelId::Layout(Panel::Timeline))?;
    state.world.timeline.newest_first().find(|entry| entry_key(entry) == key).map(|entry| entry.at.utc)
}

fn show_service(state: &mut State, name: Option<Name>) {
    state.console.screens.service.service = name;
    state.go(Screen::Service);
}

fn open_alert(state: &mut State, id: &str) {
    let Some(alert) = state.world.alert(id).cloned() else { return };
    match alert.subject {
        Subject::Metric(name) => {
            state.console.screens.metrics.list.selected = Some(name.to_string());
            state.go(Screen::Metrics);
        }
        Subject::Check(name) => {
            state.console.screens.service.checks.selected = Some(name.to_string());
            let row = state.world.row_of(&name);
            show_service(state, Some(row));
        }
        Subject::Console => state.go(Screen::Diagnostics),
    }
}

/// What `y` copies: the selected row in words.
pub(super) fn copied(state: &State) -> Option<String> {
    let panel = state.focused_panel()?;
    if matches!(panel, PanelId::Records | PanelId::ServiceLogs | PanelId::Layout(Panel::Log(_))) {
        return logs::copied(state, &panel);
    }
    if panel == PanelId::Output {
        let view = state.shown_run().and_then(|run| state.world.run(&run.id))?;
        return Some(view.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n"));
    }
    let key = state.selected(&panel)?;
    Some(match &panel {
        PanelId::Layout(Panel::Services) => {
            let service = state.world.service(&key)?;
            format!("{} {}", service.name, service.status.word())
        }
        PanelId::Layout(Panel::Alerts) => state.world.alert(&key)?.summary(),
        PanelId::Layout(Panel::Check(_)) | PanelId::Checks => state.world.check(&key)?.summary(),
        PanelId::Layout(Panel::Actions) | PanelId::Runs => {
            let run = state.world.all_runs().into_iter().find(|run| *run.id == *key)?;
            format!("{} {} {}", run.id, run.action, summary(run))
        }
        PanelId::Layout(Panel::Timeline) => {
            let entry = state.world.timeline.newest_first().find(|entry| entry_key(entry) == key)?;
            format!("{} {}", entry.at.utc.to_rfc3339(), entry.text)
        }
        PanelId::Metrics | PanelId::MetricList => state.world.metric(&key)?.summary(),
        PanelId::Locks => state.world.locks.iter().find(|lock| lock.target == key)?.id.to_string(),
        PanelId::Problems => {
            let problem = state.world.diagnostics.problems.iter().find(|problem| problem_key(problem) == key)?;
            format!("{}: {}", problem.about, problem.text)
        }
        _ => key,
    })
}
