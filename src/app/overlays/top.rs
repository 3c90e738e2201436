//! The most frequent values of one field, through the filter in force.

use crate::app::input::TextInput;
use crate::app::keymap::Command;
use crate::app::list::moved;
use crate::app::logs::{self, details};
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Stands, Then};
use crate::app::toasts::Tone;
use crate::lang::key::{Key, KeyCode};
use crate::logs::filter::{Subject, number, write};
use crate::logs::record::Record;
use crate::logs::scan::Scan;
use crate::logs::spread::Spread;
use crate::logs::top::Top;
use crate::model::effect::{Effect, TerminalEffect};
use crate::text::SafeText;
use crate::world::ids::LogId;
use crate::world::logs::{Logs, rings};

use super::grouped;

/// Values that are held.
const MOST: usize = 10_000;
/// Values that are shown.
pub(crate) const SHOWN: usize = 500;
/// What every record has.
const ALWAYS: [&str; 5] = ["level", "service", "log", "message", "trace"];

/// The overlay: first the field is chosen, then its values are counted.
#[derive(Debug, Clone)]
pub struct TopOverlay {
    /// The choice of a field; `None` once it is made.
    pub choice: Option<FieldChoice>,
    /// The field.
    pub field: String,
    /// Its values.
    pub top: Top,
    /// Those that are numbers.
    pub spread: Spread,
    /// The selected value; `None` selects the first.
    pub selected: Option<String>,
    sources: Vec<LogId>,
    scan: Scan,
}

/// The choice of a field.
#[derive(Debug, Clone, Default)]
pub struct FieldChoice {
    /// What was typed: narrows the fields, and is one where none has it.
    pub input: TextInput,
    /// The fields of the records that came, the most frequent first.
    pub fields: Vec<String>,
    /// The selected row of [`FieldChoice::shown`].
    pub selected: usize,
}

impl FieldChoice {
    /// The fields that what was typed leaves.
    pub(crate) fn shown(&self) -> Vec<&String> {
        let typed = self.input.text().trim().to_lowercase();
        self.fields.iter().filter(|field| field.to_lowercase().contains(&typed)).collect()
    }

    /// The fields of the records that came, but one, which is chosen already.
    pub(super) fn without(state: &State, field: &str) -> Self {
        let known = state.console.screens.logs.known.fields();
        let named = known.iter().map(|(name, _)| name.to_string()).filter(|name| !ALWAYS.contains(&name.as_str()));
        let fields = named.chain(ALWAYS.map(str::to_owned)).filter(|name| name != field).collect();
        Self { fields, ..Self::default() }
    }

    fn chosen(&self) -> String {
        let shown = self.shown();
        shown.get(self.selected).map_or_else(|| self.input.text().trim().to_owned(), |field| (*field).clone())
    }

    /// Takes a key.
    pub(super) fn key(&mut self, key: Key) -> Chosen {
        let last = self.shown().len().saturating_sub(1);
        match key.code {
            KeyCode::Esc => return Chosen::Nothing,
            KeyCode::Enter => {
                let field = self.chosen();
                if !field.is_empty() {
                    return Chosen::Field(field);
                }
            }
            KeyCode::Up | KeyCode::BackTab => self.selected = self.selected.saturating_sub(1),
            KeyCode::Down | KeyCode::Tab => self.selected = (self.selected + 1).min(last),
            _ => {
                if self.input.key(key) {
                    self.selected = 0;
                }
            }
        }
        Chosen::NotYet
    }

    /// Takes pasted text.
    pub(super) fn paste(&mut self, text: &str) {
        self.input.insert(text);
        self.selected = 0;
    }

    /// A click on a row.
    pub(super) fn click(&mut self, row: usize) {
        self.selected = row.min(self.shown().len().saturating_sub(1));
    }
}

/// What became of a choice.
pub(super) enum Chosen {
    /// It goes on.
    NotYet,
    /// It was given up.
    Nothing,
    /// A field.
    Field(String),
}

impl TopOverlay {
    /// Asks for a field.
    pub(crate) fn new(state: &State) -> Self {
        let mut panel = Self::counted(state, "");
        panel.choice = Some(FieldChoice::without(state, ""));
        panel
    }

    /// Counts the values of a field.
    pub(crate) fn counted(state: &State, field: &str) -> Self {
        let pane = &state.console.screens.logs.pane;
        let scan = Scan::new(pane.view().filter().clone(), &rings(&state.world.logs, pane.sources()));
        Self {
            choice: None,
            field: field.to_owned(),
            top: Top::with_most(MOST),
            spread: Spread::default(),
            selected: None,
            sources: pane.sources().to_vec(),
            scan,
        }
    }

    /// How much of what was held is counted, in per cent; `None` where all is.
    pub(crate) fn progress(&self) -> Option<u8> {
        self.scan.progress()
    }

    /// The place of the selected value among the rows.
    pub(crate) fn at(&self) -> usize {
        let wanted = self.selected.as_deref();
        wanted.and_then(|value| self.top.rows(SHOWN).iter().position(|row| row.value == value)).unwrap_or(0)
    }

    fn filter_by(&self, state: &mut State, not: bool) -> bool {
        let rows = self.top.rows(SHOWN);
        let Some(row) = rows.get(self.at()) else { return false };
        // Of a long value the beginning is known; the filter takes all that begin so.
        let value = if row.left_out > 0 { format!("{}*", row.value) } else { row.value.to_owned() };
        let term = write::field_is(&self.field, &value, not);
        let filter = write::and(state.console.screens.logs.filter.text(), &term);
        logs::narrow(state, &filter)
    }

    fn choose(&mut self, state: &State, key: Key) -> Then {
        let Some(choice) = &mut self.choice else { return Then::Stay };
        match choice.key(key) {
            Chosen::Nothing => return Then::Close,
            Chosen::Field(field) => *self = Self::counted(state, &field),
            Chosen::NotYet => {}
        }
        Then::Stay
    }
}

impl Overlay for TopOverlay {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        if self.choice.is_some() {
            return self.choose(state, key);
        }
        let Some(command) = state.console.keymap.details_command(key) else { return Then::Stay };
        let height = usize::from(details::room(state, Stands::Alone).height);
        let rows = self.top.rows(SHOWN);
        if let Some(to) = moved(command, self.at(), rows.len().saturating_sub(1), height) {
            self.selected = rows.get(to).map(|row| row.value.to_owned());
            return Then::Stay;
        }
        match command {
            Command::Copy => {
                effects.extend(rows.get(self.at()).map(|row| TerminalEffect::Copy(SafeText::new(row.value)).into()));
            }
            Command::TopValues => *self = Self::new(state),
            Command::GroupBy if self.spread.ends().is_some() => {
                grouped::open(state, &self.field);
                return Then::Close;
            }
            Command::GroupBy => {
                state.toast(Tone::Info, &format!("{} holds no numbers to group by another field", self.field));
            }
            Command::Open | Command::OnlyThis if self.filter_by(state, false) => return Then::Close,
            Command::NotThis if self.filter_by(state, true) => return Then::Close,
            Command::Back | Command::Quit => return Then::Close,
            _ => {}
        }
        Then::Stay
    }

    fn paste(&mut self, _state: &mut State, text: &str) {
        if let Some(choice) = &mut self.choice {
            choice.paste(text);
        }
    }

    fn click_row(&mut self, row: usize) {
        match &mut self.choice {
            Some(choice) => choice.click(row),
            None => self.selected = self.top.rows(SHOWN).get(row).map(|row| row.value.to_owned()),
        }
    }

    fn details(&self) -> Option<Stands> {
        Some(Stands::Alone)
    }

    fn takes_text(&self) -> bool {
        self.choice.is_some()
    }

    fn is_counting(&self) -> bool {
        self.choice.is_none() && self.scan.is_under_way()
    }

    fn count(&mut self, logs: &Logs) {
        let held = rings(logs, &self.sources);
        let Self { scan, top, spread, field, .. } = self;
        scan.work(&held, details::SLICE, |_, record| add(top, spread, field, record));
    }

    fn ingest(&mut self, _logs: &Logs, at: LogId, record: &Record, _backlog: bool) {
        let source = self.sources.iter().position(|source| *source == at);
        if self.choice.is_none()
            && let Some(source) = source
            && self.scan.takes(source, record)
        {
            add(&mut self.top, &mut self.spread, &self.field, record);
        }
    }

    /// What it counts is named by the ids of the logs.
    fn logs_moved(&mut self) -> Then {
        Then::Close
    }

    /// It holds the texts that it counted: they are counted again when it is opened again.
    fn masked(&mut self, _records: &[(Record, Record)]) -> Then {
        Then::Close
    }
}

fn add(top: &mut Top, spread: &mut Spread, field: &str, record: &Record) {
    let value = record.value(field);
    top.add(value.as_deref());
    if let Some((value, unit)) = value.as_deref().and_then(number) {
        spread.add(value, unit);
    }
}

/// Counts the values of a field, or asks for one.
pub(in crate::app) fn open(state: &mut State, field: Option<&str>) {
    let panel = field.map_or_else(|| TopOverlay::new(state), |field| TopOverlay::counted(state, field));
    state.console.overlays.push(panel);
}
