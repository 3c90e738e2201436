//! The screens: layouts of panels, what some of them remember beside that, and where a command goes.

pub mod actions;
pub mod diagnostics;
pub mod list;
pub mod logs;
pub mod metrics;
pub mod service;

use std::collections::BTreeMap;

use crate::config::Config;
use crate::config::panels::{self, PanelId, PanelSpec};
use crate::config::screens::layouts;
use crate::config::sections::screen::ScreenLayout;
use crate::model::effect::Effect;
use crate::text::name::Name;

use super::keymap::Command;
use super::panels::find;
use super::state::State;

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
    /// A `[screen.NAME]` that replaces none of these.
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

    /// The screen of that name: a built-in one, else a custom one.
    pub(crate) fn named(name: &Name) -> Self {
        Self::BUILT_IN.into_iter().find(|screen| screen.name() == &**name).unwrap_or_else(|| Self::Custom(name.clone()))
    }

    /// The screens that a configuration brings beside the built-in ones, in its order.
    pub(crate) fn custom(config: &Config) -> impl Iterator<Item = (Self, &ScreenLayout)> {
        let named = config.screens.iter().map(|layout| (Self::named(&layout.name), layout));
        named.filter(|(screen, _)| matches!(screen, Self::Custom(_)))
    }
}

/// The layouts of all screens, by name.
#[derive(Debug, Clone, Default)]
pub struct Layouts(BTreeMap<Name, ScreenLayout>);

impl Layouts {
    /// Those of a configuration.
    pub(crate) fn new(config: &Config) -> Self {
        Self(layouts(config).into_iter().map(|layout| (layout.name.clone(), layout)).collect())
    }

    /// The layout of a screen. `None`: the configuration has it no more.
    pub(crate) fn get(&self, screen: &Screen) -> Option<&ScreenLayout> {
        self.0.get(screen.name())
    }

    /// Every layout.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ScreenLayout> {
        self.0.values()
    }
}

/// Screens kept to go back to.
const MAX_BACK: usize = 32;

impl State {
    /// The panels of the present screen that have something to show, row by row.
    fn shown_panels(&self) -> impl Iterator<Item = &PanelId> {
        let layout = self.console.layouts.get(&self.console.screen);
        layout.into_iter().flat_map(ScreenLayout::panels).filter(|id| find(id).is_wanted(self))
    }

    /// Whether a panel of that kind is on the present screen.
    pub(crate) fn shows(&self, kind: &PanelSpec) -> bool {
        self.console.layouts.get(&self.console.screen).is_some_and(|layout| layout.has(kind))
    }

    /// Whether records are in sight, so that new ones are worth a frame.
    pub(crate) fn shows_logs(&self) -> bool {
        self.shown_panels().any(|id| find(id).shows_records())
    }

    /// The panels of the present screen that can have the focus, in the order of Tab. Where none can, what is shown has
    /// the keys.
    pub fn panels(&self) -> Vec<PanelId> {
        let mut panels: Vec<&PanelId> = self.shown_panels().filter(|id| find(id).takes_focus(self)).collect();
        if panels.is_empty() {
            panels.extend(self.shown_panels());
        }
        panels.sort_by_key(|id| find(id).tab_order());
        panels.into_iter().cloned().collect()
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

/// Commands that mean something different in each panel.
pub(super) fn command(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    let Some(id) = state.focused_panel() else { return };
    let panel = find(&id);
    if panel.command(state, &id, command, effects) {
        return;
    }
    match command {
        Command::Patterns | Command::TopValues => {
            state.go(Screen::Logs);
            logs::command(state, command, effects);
        }
        Command::Open => open(state, &id, effects),
        Command::Cancel | Command::DryRun | Command::FollowUp => actions::command(state, command, effects),
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
pub(super) fn copied(state: &State) -> Option<String> {
    let id = state.focused_panel()?;
    find(&id).copied(state, state.selected(&id).as_ref())
}

/// While the output of runs is on the screen that of the chosen run is read, also of one that ended long ago.
pub(super) fn show_output(state: &mut State, effects: &mut Vec<Effect>) {
    if state.shows(&panels::OUTPUT) {
        actions::read_shown(state, effects);
    }
}
