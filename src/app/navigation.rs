//! From one screen to another, and back.

use crate::config::panels::{self, PanelSpec};
use crate::model::effect::{Effect, StoreEffect};

use super::layout::LayoutMap;
use super::logs;
use super::requests::AwaitedAnswer;
use super::screens::Screen;
use super::service;
use super::state::State;

/// Screens kept to go back to.
const MAX_BACK: usize = 32;

impl State {
    /// Whether a panel of that kind is on the present screen.
    pub(crate) fn shows(&self, kind: &PanelSpec) -> bool {
        self.console.layouts.get(&self.console.screen).is_some_and(|layout| layout.has(kind))
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
        // The moment of what was selected in the logs says nothing to one who has left them. The charts in full are where
        // one goes with it.
        if self.console.is_cursor_of_logs && !matches!(self.console.screen, Screen::Logs | Screen::Metrics) {
            self.console.point_at(None);
        }
        // What was drawn where is not known of this screen yet.
        self.console.layout = LayoutMap::default();
    }
}

pub(crate) fn open_screen(state: &mut State, screen: Screen, effects: &mut Vec<Effect>) {
    if screen == Screen::Service {
        service::choose(state);
        service::stay(state);
    }
    if screen == Screen::Logs {
        logs::choose_scope(state);
    }
    let home = screen == Screen::Overview;
    state.go(screen);
    if state.shows(&panels::RUNS) {
        effects.push(Effect::Store(state.request(AwaitedAnswer::Runs), StoreEffect::LoadRuns));
    }
    if home {
        // The overview is home: from there `q` leaves, however one came there.
        state.console.back.clear();
    }
}
