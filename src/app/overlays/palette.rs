//! The palette: every command, screen, service, log and action by name.

mod menu;

use std::borrow::Cow;
use std::collections::BTreeSet;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config as MatcherConfig, Matcher, Utf32Str};

use crate::app::describe;
use crate::app::input::TextInput;
use crate::app::keymap::{Binding, Command};
use crate::app::row::RowKey;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::state::overlay::{Operation, Overlay, Then};
use crate::config::commands::COMMANDS;
use crate::config::plan;
use crate::config::sections::action::Action;
use crate::config::titles;
use crate::lang::key::{Key, KeyCode};
use crate::lang::order::InOrder;
use crate::model::effect::Effect;

/// The palette overlay: everything by name, or what can be done with one thing.
#[derive(Debug, Clone)]
pub struct Palette {
    /// What is offered.
    pub title: String,
    /// What stands in the empty input.
    pub placeholder: &'static str,
    offers: Vec<PaletteItem>,
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
    pub help: Cow<'static, str>,
    /// Its keys as bound now.
    pub keys: String,
    /// Character positions in `name` that match what was typed, for emphasis.
    pub matched: Vec<u32>,
    /// Another name by which it is found, which is not shown.
    alias: String,
    does: Operation,
}

impl Palette {
    /// The palette with everything in it.
    pub(crate) fn new(state: &State) -> Self {
        Self::offering("commands".to_owned(), "a command, screen, service, action or theme", everything(state))
    }

    /// The palette with these items.
    fn offering(title: String, placeholder: &'static str, offers: Vec<PaletteItem>) -> Self {
        let items = offers.clone();
        Self { title, placeholder, offers, input: TextInput::default(), items, selected: 0 }
    }

    /// What can be done with what is selected and with its service: `None` where that is nothing.
    pub(crate) fn of(state: &State, subject: &RowKey) -> Option<Self> {
        let offers = menu::offers(state, subject);
        let title = format!("{}: actions", describe::title(state, subject));
        (!offers.is_empty()).then(|| Self::offering(title, "type to narrow the list", offers))
    }

    /// How many things it offers where nothing is typed.
    pub(crate) fn offered(&self) -> usize {
        self.offers.len()
    }

    fn refresh(&mut self) {
        self.items = matching(self.offers.clone(), self.input.text());
        self.selected = 0;
    }
}

impl Overlay for Palette {
    fn key(&mut self, _state: &mut State, key: Key, _effects: &mut Vec<Effect>) -> Then {
        let last = self.items.len().saturating_sub(1);
        match (key.code, key.ctrl) {
            (KeyCode::Esc, _) => return Then::Close,
            (KeyCode::Enter, _) => {
                let item = self.items.get(self.selected);
                return item.map_or(Then::Close, |item| Then::Perform(item.does.clone()));
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
                    self.refresh();
                }
            }
        }
        Then::Stay
    }

    fn paste(&mut self, _state: &mut State, text: &str) {
        self.input.insert(text);
        self.refresh();
    }

    fn click_row(&mut self, row: usize) {
        self.selected = row.min(self.items.len().saturating_sub(1));
    }

    fn takes_text(&self) -> bool {
        true
    }
}

fn item(name: String, help: impl Into<Cow<'static, str>>, keys: String, does: Operation) -> PaletteItem {
    PaletteItem { name, help: help.into(), keys, matched: Vec::new(), alias: String::new(), does }
}

/// What is called by its title, and found by its name too. The name stands beside it where it says more than the title,
/// or where another of its `kind` has the same title.
fn titled(kind: &str, (title, name): (&str, &str), is_shared: bool, keys: String, does: Operation) -> PaletteItem {
    let help = if is_shared || !titles::is_same(title, name) { name.to_owned() } else { String::new() };
    PaletteItem { alias: format!("{kind} {name}"), ..item(format!("{kind} {title}"), help, keys, does) }
}

/// The titles that more than one of them has.
fn shared<'a>(titles: impl Iterator<Item = &'a String>) -> BTreeSet<&'a str> {
    let mut known = BTreeSet::new();
    titles.map(String::as_str).filter(|title| !known.insert(*title)).collect()
}

fn everything(state: &State) -> Vec<PaletteItem> {
    let world = &state.world;
    let mut items = actions(state);
    for info in COMMANDS {
        if let Some(command) = Command::from_name(info.name).filter(|command| !(world.read_only && command.acts())) {
            let keys = state.console.keymap.keys_of(&Binding::Command(command));
            items.push(item(info.name.to_owned(), info.help, keys, Operation::Command(command)));
        }
    }
    let shared_titles = shared(Screen::custom(&world.config).map(|(_, screen)| &screen.title));
    for (_, screen) in Screen::custom(&world.config) {
        let keys = state.console.keymap.keys_of(&Binding::Screen(screen.name.clone()));
        let does = Operation::Screen(screen.name.clone());
        let is_shared = shared_titles.contains(&*screen.title);
        items.push(titled("screen", (&screen.title, &screen.name), is_shared, keys, does));
    }
    for filter in &world.config.filters {
        let keys = state.console.keymap.keys_of(&Binding::Filter(filter.name.clone()));
        let help = format!("{}: {}", filter.title, filter.filter.text());
        items.push(item(format!("filter {}", filter.name), help, keys, Operation::Filter(filter.name.clone())));
    }
    let shared_titles = shared(world.services.iter().map(|service| &service.title));
    for service in world.services.iter() {
        let does = Operation::Service(service.name.clone());
        let is_shared = shared_titles.contains(&*service.title);
        let called = (&*service.title, &*service.name);
        let mut service_item = titled("service", called, is_shared, String::new(), does);
        service_item.help = format!("{}  {}", service.status.word(), service_item.help).trim_end().to_owned().into();
        items.push(service_item);
    }
    for log in &world.logs {
        let does = Operation::Log(log.name.clone());
        items.push(item(format!("log {}", log.name), "only this log", String::new(), does));
    }
    let shared_titles = shared(world.metrics.iter().map(|metric| &metric.title));
    for metric in &world.metrics {
        let does = Operation::Metric(metric.name.clone());
        let is_shared = shared_titles.contains(&*metric.title);
        items.push(titled("metric", (&metric.title, &metric.name), is_shared, String::new(), does));
    }
    for theme in &state.console.themes {
        items.push(item(format!("theme {theme}"), "colours", String::new(), Operation::Theme(theme.clone())));
    }
    items
}

/// What can be started, and its dry runs; nothing in read-only mode.
fn actions(state: &State) -> Vec<PaletteItem> {
    started(state, &state.world.config.actions)
}

/// Of these actions.
fn started<'a>(state: &State, actions: impl IntoIterator<Item = &'a Action>) -> Vec<PaletteItem> {
    let config = &state.world.config;
    let mut items = Vec::new();
    let shared_titles = shared(config.actions.iter().map(|action| &action.title));
    for action in actions.into_iter().filter(|_| !state.world.read_only) {
        let keys = state.console.keymap.keys_of(&Binding::Action(action.name.clone()));
        let does = Operation::Action { name: action.name.clone(), dry_run: false };
        let is_shared = shared_titles.contains(&*action.title);
        let called = (&*action.title, &*action.name);
        items.push(titled("run", called, is_shared, keys, does));
        if plan::has_dry_run(config, action) {
            let does = Operation::Action { name: action.name.clone(), dry_run: true };
            items.push(titled("dry-run", called, is_shared, String::new(), does));
        }
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
            if let Some(score) = pattern.score(Utf32Str::new(&item.alias, &mut buffer), &mut matcher) {
                return Some((score * 2, item));
            }
            let score = pattern.score(Utf32Str::new(&item.help, &mut buffer), &mut matcher)?;
            Some((score, item))
        })
        .collect();
    scored.order_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, item)| item).collect()
}
