//! The palette: every command, screen, service, log and action by name.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config as MatcherConfig, Matcher, Utf32Str};

use crate::app::commands;
use crate::app::input::TextInput;
use crate::app::keymap::{Binding, Command};
use crate::app::launch;
use crate::app::screens::{self, Screen};
use crate::app::state::State;
use crate::config::commands::COMMANDS;
use crate::config::plan;
use crate::lang::key::{Key, KeyCode};
use crate::model::effect::Effect;
use crate::text::name::Name;

use super::{Overlay, Then};

/// The palette overlay.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// What was typed.
    pub input: TextInput,
    /// What matches, best first.
    pub items: Vec<PaletteItem>,
    /// The selected item.
    pub selected: usize,
}

/// One thing that the palette offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaletteItem {
    /// Its name, which is matched.
    pub name: String,
    /// What it does.
    pub help: String,
    /// Its keys as bound now.
    pub keys: String,
    /// Character positions in `name` that match what was typed, for emphasis.
    pub matched: Vec<u32>,
    does: Does,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Does {
    Command(Command),
    Screen(Name),
    Filter(Name),
    Service(Name),
    Log(Name),
    Metric(Name),
    Theme(String),
    Action { name: Name, dry_run: bool },
}

impl Palette {
    /// The palette with everything in it.
    pub(crate) fn new(state: &State) -> Self {
        let mut palette = Self::default();
        palette.refresh(state);
        palette
    }

    fn refresh(&mut self, state: &State) {
        self.items = matching(everything(state), self.input.text());
        self.selected = 0;
    }
}

impl Overlay for Palette {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        let last = self.items.len().saturating_sub(1);
        match (key.code, key.ctrl) {
            (KeyCode::Esc, _) => return Then::Close,
            (KeyCode::Enter, _) => {
                if let Some(item) = self.items.get(self.selected) {
                    item.does.clone().run(state, effects);
                }
                return Then::Close;
            }
            (KeyCode::Up | KeyCode::BackTab, _) | (KeyCode::Char('p'), true) => {
                self.selected = self.selected.saturating_sub(1);
            }
            (KeyCode::Down | KeyCode::Tab, _) | (KeyCode::Char('n'), true) => {
                self.selected = (self.selected + 1).min(last);
            }
            (KeyCode::PageUp, _) => self.selected = self.selected.saturating_sub(10),
            (KeyCode::PageDown, _) => self.selected = (self.selected + 10).min(last),
            (KeyCode::Backspace, false) if self.input.text().is_empty() => return Then::Close,
            _ => {
                if self.input.key(key) {
                    self.refresh(state);
                }
            }
        }
        Then::Stay
    }

    fn paste(&mut self, state: &mut State, text: &str) {
        self.input.insert(text);
        self.refresh(state);
    }

    fn click_row(&mut self, row: usize) {
        self.selected = row.min(self.items.len().saturating_sub(1));
    }

    fn takes_text(&self) -> bool {
        true
    }
}

impl Does {
    fn run(self, state: &mut State, effects: &mut Vec<Effect>) {
        match self {
            Self::Command(command) => commands::run(state, command, effects),
            Self::Screen(name) => commands::open_screen(state, Screen::named(&name), effects),
            Self::Filter(name) => screens::logs::apply_saved(state, &name),
            Self::Service(name) => {
                screens::service::show(state, name);
            }
            Self::Log(name) => {
                state.go(Screen::Logs);
                screens::logs::show_only(state, Some(name));
            }
            Self::Metric(name) => {
                screens::metrics::show(state, name);
            }
            Self::Theme(name) => state.console.theme = name,
            Self::Action { name, dry_run } => launch::begin(state, &name, dry_run, effects),
        }
    }
}

fn everything(state: &State) -> Vec<PaletteItem> {
    let item = |name: String, help: &str, keys: String, does: Does| PaletteItem {
        name,
        help: help.to_owned(),
        keys,
        matched: Vec::new(),
        does,
    };
    let mut items = Vec::new();
    if !state.world.read_only {
        for action in &state.world.config.actions {
            let keys = state.console.keymap.keys_of(&Binding::Action(action.name.clone()));
            let does = Does::Action { name: action.name.clone(), dry_run: false };
            items.push(item(format!("run {}", action.name), &action.title, keys, does));
            if plan::has_dry_run(&state.world.config, action) {
                let does = Does::Action { name: action.name.clone(), dry_run: true };
                let help = format!("dry run of {}", action.title);
                items.push(item(format!("dry-run {}", action.name), &help, String::new(), does));
            }
        }
    }
    for info in COMMANDS {
        if let Some(command) =
            Command::from_name(info.name).filter(|command| !(state.world.read_only && command.acts()))
        {
            let keys = state.console.keymap.keys_of(&Binding::Command(command));
            items.push(item(info.name.to_owned(), info.help, keys, Does::Command(command)));
        }
    }
    for (_, screen) in Screen::custom(&state.world.config) {
        let keys = state.console.keymap.keys_of(&Binding::Screen(screen.name.clone()));
        items.push(item(format!("screen {}", screen.name), &screen.title, keys, Does::Screen(screen.name.clone())));
    }
    for filter in &state.world.config.filters {
        let keys = state.console.keymap.keys_of(&Binding::Filter(filter.name.clone()));
        let does = Does::Filter(filter.name.clone());
        items.push(item(
            format!("filter {}", filter.name),
            &format!("{}: {}", filter.title, filter.filter),
            keys,
            does,
        ));
    }
    for service in state.world.services.iter() {
        let does = Does::Service(service.name.clone());
        items.push(item(format!("service {}", service.name), service.status.word(), String::new(), does));
    }
    for log in &state.world.logs {
        items.push(item(format!("log {}", log.name), "only this log", String::new(), Does::Log(log.name.clone())));
    }
    for metric in &state.world.metrics {
        let does = Does::Metric(metric.name.clone());
        items.push(item(format!("metric {}", metric.name), &metric.title, String::new(), does));
    }
    for theme in &state.console.themes {
        items.push(item(format!("theme {theme}"), "colours", String::new(), Does::Theme(theme.clone())));
    }
    items
}

/// What matches, best first; everything in its own order where nothing was typed.
fn matching(items: Vec<PaletteItem>, typed: &str) -> Vec<PaletteItem> {
    if typed.trim().is_empty() {
        return items;
    }
    let mut matcher = Matcher::new(MatcherConfig::DEFAULT);
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, PaletteItem)> = items
        .into_iter()
        .filter_map(|mut item| {
            let mut places = Vec::new();
            if let Some(score) = pattern.indices(Utf32Str::new(&item.name, &mut buffer), &mut matcher, &mut places) {
                places.sort_unstable();
                places.dedup();
                item.matched = places;
                return Some((score * 2, item));
            }
            let score = pattern.score(Utf32Str::new(&item.help, &mut buffer), &mut matcher)?;
            Some((score, item))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, item)| item).collect()
}
