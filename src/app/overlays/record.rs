//! One record in full: as a tree, as fields, as it came.

use std::collections::BTreeSet;

use crate::app::keymap::Command;
use crate::app::list::moved;
use crate::app::logs::{self, details};
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Stands, Then};
use crate::app::toasts::Tone;
use crate::lang::key::Key;
use crate::logs::dialect::dialect;
use crate::logs::filter::write;
use crate::logs::format::Format;
use crate::logs::outline::{Outline, Part};
use crate::logs::record::Record;
use crate::model::effect::{Effect, TerminalEffect};
use crate::text::{SafeText, wrap};

use super::{patterns, top};

/// How the record is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// The JSON as a tree.
    Tree,
    /// Every field under its dotted name.
    Fields,
    /// The line as it came.
    Raw,
}

impl Tab {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Fields => "fields",
            Self::Raw => "raw",
        }
    }
}

/// The overlay. What the record holds is read once, when it is opened.
#[derive(Debug, Clone)]
pub struct RecordOverlay {
    /// The record.
    pub record: Record,
    /// How it is shown.
    pub tab: Tab,
    /// Its JSON, where it is well-formed.
    pub tree: Option<Outline>,
    /// Its fields.
    pub fields: Vec<(SafeText, SafeText)>,
    /// Parts of the tree that are folded, by position.
    pub folded: BTreeSet<usize>,
    /// The selected row of each tab: of the raw text the first that is shown.
    pub at: [usize; 3],
    /// Late, by the place where it stands.
    pub late: bool,
    /// Whether keys that move go to what the record holds, and not to the list.
    pub inside: bool,
    /// Whether the list followed the newest record when this one was opened, and nobody has moved since.
    resumes: bool,
}

impl RecordOverlay {
    /// Opens a record.
    pub(crate) fn new(record: Record, late: bool) -> Self {
        let tree = if record.format.is_json() { Outline::parse(record.raw.as_str()) } else { None };
        let fields = record.fields();
        let tab = match (&tree, fields.is_empty()) {
            (Some(_), _) => Tab::Tree,
            (None, false) => Tab::Fields,
            (None, true) => Tab::Raw,
        };
        Self { record, tab, tree, fields, folded: BTreeSet::new(), at: [0; 3], late, inside: false, resumes: false }
    }

    /// The tabs that this record has.
    pub fn tabs(&self) -> Vec<Tab> {
        let tree = self.tree.is_some().then_some(Tab::Tree);
        let fields = (!self.fields.is_empty()).then_some(Tab::Fields);
        tree.into_iter().chain(fields).chain([Tab::Raw]).collect()
    }

    /// The parts of the tree that are shown: by position.
    pub fn unfolded(&self) -> Vec<usize> {
        let Some(tree) = &self.tree else { return Vec::new() };
        let (mut shown, mut at) = (Vec::new(), 0);
        while let Some(part) = tree.parts.get(at) {
            shown.push(at);
            at = if self.folded.contains(&at) { part.end } else { at + 1 };
        }
        shown
    }

    /// What the record was recognised as, in words.
    pub fn recognised(&self) -> String {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        match self.record.format {
            Format::Unknown => "plain: format not recognised".to_owned(),
            format if format.is_json() && self.tree.is_none() => format!("{}, not well-formed", format.word()),
            Format::Json => match dialect(&names) {
                Some(name) => format!("json ({name})"),
                None => "json".to_owned(),
            },
            format => format.word().to_owned(),
        }
    }

    /// The selected row of the present tab.
    pub fn selected(&self) -> usize {
        self.at[self.tab as usize]
    }

    fn part(&self) -> Option<&Part> {
        let at = *self.unfolded().get(self.at[Tab::Tree as usize])?;
        self.tree.as_ref()?.parts.get(at)
    }

    /// Name and value of what is selected, as a filter knows them.
    fn field(&self) -> Option<(SafeText, SafeText)> {
        match self.tab {
            Tab::Tree => {
                let part = self.part()?;
                Some((part.path.clone()?, self.text_of(part)))
            }
            Tab::Fields => self.fields.get(self.selected()).cloned(),
            Tab::Raw => None,
        }
    }

    fn text_of(&self, part: &Part) -> SafeText {
        if part.value.is_empty() {
            SafeText::new(self.record.raw.as_str().get(part.source.clone()).unwrap_or_default())
        } else {
            part.value.clone()
        }
    }

    fn copied(&self) -> SafeText {
        match self.tab {
            Tab::Tree => self.part().map(|part| self.text_of(part)),
            Tab::Fields => self.fields.get(self.selected()).map(|(_, value)| value.clone()),
            Tab::Raw => None,
        }
        .unwrap_or_else(|| self.record.raw.clone())
    }

    /// The last row of the present tab.
    fn last(&self, state: &State) -> usize {
        let room = details::room(state, Stands::WithList);
        let rows = match self.tab {
            Tab::Tree => self.unfolded().len(),
            Tab::Fields => self.fields.len(),
            Tab::Raw => {
                let rows = self.record.lines().map(|line| wrap::rows(line, usize::from(room.width)).len());
                let height = usize::from(room.height);
                return rows.sum::<usize>().saturating_sub(height / 2);
            }
        };
        rows.saturating_sub(1)
    }

    /// Goes on to the next or previous place for keys, around the ends: the list, then each tab.
    fn turn(&mut self, forward: bool) {
        let tabs = self.tabs();
        let here = tabs.iter().position(|tab| *tab == self.tab).unwrap_or(0);
        let next = match (self.inside, forward) {
            (false, true) => Some(0),
            (false, false) => tabs.len().checked_sub(1),
            (true, true) => Some(here + 1).filter(|next| *next < tabs.len()),
            (true, false) => here.checked_sub(1),
        };
        self.inside = next.is_some();
        // In the list the record stays as it is shown.
        if let Some(tab) = next.and_then(|next| tabs.get(next)) {
            self.tab = *tab;
        }
    }

    fn fold(&mut self) {
        let Some(at) = self.unfolded().get(self.at[Tab::Tree as usize]).copied() else { return };
        let opens = self.tree.as_ref().is_some_and(|tree| tree.parts[at].is_open());
        if self.tab == Tab::Tree && opens && !self.folded.remove(&at) {
            self.folded.insert(at);
        }
    }

    /// Shows the record under the cursor of the list: the same tab, the same field where it has one.
    fn show_selected(&mut self, state: &State) {
        let Some(record) = state.console.screens.logs.pane.selected(&state.world.logs) else { return };
        let (tab, field, inside) = (self.tab, self.field(), self.inside);
        let late = logs::is_late(state, &record);
        *self = Self { inside, ..Self::new(record, late) };
        if self.tabs().contains(&tab) {
            self.tab = tab;
        }
        if let Some((name, _)) = field {
            let paths = self.tree.as_ref().map(|tree| &tree.parts);
            let at = match self.tab {
                Tab::Tree => paths.and_then(|parts| parts.iter().position(|part| part.path.as_ref() == Some(&name))),
                Tab::Fields => self.fields.iter().position(|(other, _)| *other == name),
                Tab::Raw => None,
            };
            self.at[self.tab as usize] = at.unwrap_or(0);
        }
    }

    /// Lets the list follow again where it did before this was opened.
    fn leave(&self, state: &mut State) {
        if self.resumes {
            state.console.screens.logs.pane.resume();
        }
    }

    /// Shows the records with this value, without it, or with this trace. It stays open where that can't be.
    fn narrow(&self, state: &mut State, command: Command) -> Then {
        // The way back leads to where one came from.
        self.leave(state);
        let done = match command {
            Command::Trace => logs::trace(state, Some(&self.record)),
            command => self.filter(state, command == Command::NotThis),
        };
        if done {
            return Then::Close;
        }
        if self.resumes {
            logs::hold_still(state);
        }
        Then::Stay
    }

    /// Narrows the list to the value, or to all others. `false` where nothing is selected that a filter could name.
    fn filter(&self, state: &mut State, not: bool) -> bool {
        let Some((name, value)) = self.field() else {
            let keys = [(Command::NextPanel, "goes into the record"), (Command::Down, "to the next field")];
            state.toast(Tone::Info, &state.and_keys("select a field first", &keys));
            return false;
        };
        let term = write::field_is(name.as_str(), value.as_str(), not);
        let filter = write::and(state.console.screens.logs.filter.text(), &term);
        logs::narrow(state, &filter)
    }
}

impl Overlay for RecordOverlay {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        let Some(command) = state.console.keymap.details_command(key) else { return Then::Stay };
        let height = usize::from(details::room(state, Stands::WithList).height);
        if !self.inside && logs::move_cursor(state, command) {
            self.show_selected(state);
            return Then::Stay;
        }
        if let Some(to) = moved(command, self.selected(), self.last(state), height).filter(|_| self.inside) {
            self.at[self.tab as usize] = to;
            return Then::Stay;
        }
        if matches!(command, Command::OnlyThis | Command::NotThis | Command::Trace) {
            return self.narrow(state, command);
        }
        match command {
            Command::Copy => effects.push(TerminalEffect::Copy(self.copied()).into()),
            Command::Left | Command::Right => {
                logs::move_cursor(state, if command == Command::Left { Command::Up } else { Command::Down });
                self.show_selected(state);
            }
            Command::NextPanel => self.turn(true),
            Command::PreviousPanel => self.turn(false),
            Command::Select if self.inside => self.fold(),
            Command::TopValues => {
                self.leave(state);
                let field = self.field().map(|(name, _)| name);
                top::open(state, field.as_ref().map(SafeText::as_str));
                return Then::Close;
            }
            Command::Patterns => {
                self.leave(state);
                patterns::open(state, effects);
                return Then::Close;
            }
            Command::Back | Command::Quit | Command::Open => {
                self.leave(state);
                return Then::Close;
            }
            _ => {}
        }
        Then::Stay
    }

    /// A second click folds the row.
    fn click_row(&mut self, row: usize) {
        self.inside = true;
        if self.tab != Tab::Raw && self.selected() == row {
            self.fold();
        } else {
            self.at[self.tab as usize] = row;
        }
    }

    /// The buttons are its tabs.
    fn click_button(&mut self, _state: &mut State, button: usize) -> Then {
        self.tab = self.tabs().get(button).copied().unwrap_or(self.tab);
        self.inside = true;
        Then::Stay
    }

    fn details(&self) -> Option<Stands> {
        Some(Stands::WithList)
    }

    fn list_moved(&mut self, state: &State) {
        self.inside = false;
        self.show_selected(state);
    }

    fn moves_list(&self) -> bool {
        !self.inside
    }

    fn masked(&mut self, records: &[(Record, Record)]) -> Then {
        if let Some((_, masked)) = records.iter().find(|(held, _)| held.same(&self.record)) {
            let (inside, resumes) = (self.inside, self.resumes);
            *self = Self { inside, resumes, ..Self::new(masked.clone(), self.late) };
        }
        Then::Stay
    }
}

/// Opens the record under the cursor in full. The list stands still meanwhile, or the record would leave it.
pub(in crate::app) fn open(state: &mut State) {
    let resumes = logs::hold_still(state);
    if let Some(record) = state.console.screens.logs.pane.selected(&state.world.logs) {
        let late = logs::is_late(state, &record);
        state.console.overlays.push(RecordOverlay { resumes, ..RecordOverlay::new(record, late) });
    }
}
