//! What is counted of a field, value by value, through the filter in force: first the field is chosen, then what is held and
//! what comes is counted.

use std::fmt::Debug;

use crate::app::input::TextInput;
use crate::app::keymap::Command;
use crate::app::list::moved;
use crate::app::logs::{self, details};
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Stands, Then};
use crate::lang::key::{Key, KeyCode};
use crate::logs::filter::write;
use crate::logs::record::Record;
use crate::logs::scan::Scan;
use crate::model::effect::{Effect, TerminalEffect};
use crate::text::SafeText;
use crate::world::ids::LogId;
use crate::world::logs::{Logs, rings};

/// Values that are shown.
pub(crate) const SHOWN: usize = 500;
/// What every record has.
const ALWAYS: [&str; 5] = ["level", "service", "log", "message", "trace"];

/// What is counted.
pub trait Counted: Clone + Debug + 'static {
    /// The same of another field, nothing counted yet.
    #[must_use]
    fn of_field(&self, field: String) -> Self;

    /// A field that can't be chosen, because it is chosen already; empty where there is none.
    fn taken(&self) -> &str;

    /// Counts a record.
    fn add(&mut self, record: &Record);

    /// The values, as they are ranked.
    fn values(&self) -> Vec<&str>;

    /// The field that has the value of that rank, with the value as a filter takes it.
    fn term(&self, at: usize) -> Option<(&str, String)>;

    /// The command by which another field is chosen.
    fn chooses(&self) -> Command;

    /// A command of its own. `progress`: how much of what was held is counted, in per cent; `None` where all is.
    fn command(&mut self, state: &mut State, command: Command, progress: Option<u8>) -> Then;
}

/// The overlay.
#[derive(Debug, Clone)]
pub struct CountingOverlay<C> {
    /// The choice of a field; `None` once it is made.
    pub choice: Option<FieldChoice>,
    /// What is counted.
    pub counted: C,
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

/// What became of a choice.
enum Chosen {
    /// It goes on.
    NotYet,
    /// It was given up.
    Nothing,
    /// A field.
    Field(String),
}

impl FieldChoice {
    /// The fields that what was typed leaves.
    pub(crate) fn shown(&self) -> Vec<&String> {
        let typed = self.input.text().trim().to_lowercase();
        self.fields.iter().filter(|field| field.to_lowercase().contains(&typed)).collect()
    }

    /// The fields of the records that came, but one, which is chosen already.
    fn without(state: &State, field: &str) -> Self {
        let known = &state.console.screens.logs.known;
        let named = known.fields().into_iter().map(|(name, _)| match known.short_name(name.as_str()) {
            // That is said of every record otherwise.
            short if ALWAYS.contains(&short) => name.to_string(),
            short => short.to_owned(),
        });
        let named = named.filter(|name| !ALWAYS.contains(&name.as_str()));
        let fields = named.chain(ALWAYS.map(str::to_owned)).filter(|name| name != field).collect();
        Self { fields, ..Self::default() }
    }

    fn chosen(&self) -> String {
        let shown = self.shown();
        shown.get(self.selected).map_or_else(|| self.input.text().trim().to_owned(), |field| (*field).clone())
    }

    fn key(&mut self, key: Key) -> Chosen {
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
}

impl<C: Counted> CountingOverlay<C> {
    /// Asks for a field.
    pub(super) fn asking(state: &State, counted: C) -> Self {
        let choice = FieldChoice::without(state, counted.taken());
        Self { choice: Some(choice), ..Self::new(state, counted) }
    }

    /// Counts.
    pub(super) fn new(state: &State, counted: C) -> Self {
        let pane = &state.console.screens.logs.pane;
        let scan = Scan::new(pane.view().filter().clone(), &rings(&state.world.logs, pane.sources()));
        Self { choice: None, counted, selected: None, sources: pane.sources().to_vec(), scan }
    }

    /// How much of what was held is counted, in per cent; `None` where all is.
    pub(crate) fn progress(&self) -> Option<u8> {
        self.scan.progress()
    }

    /// The place of the selected value among the rows.
    pub(crate) fn at(&self) -> usize {
        let wanted = self.selected.as_deref();
        wanted.and_then(|value| self.counted.values().iter().position(|row| *row == value)).unwrap_or(0)
    }

    fn filter_by(&self, state: &mut State, not: bool) -> bool {
        let Some((field, value)) = self.counted.term(self.at()) else { return false };
        let term = write::field_is(field, &value, not);
        let filter = write::and(state.console.screens.logs.filter.text(), &term);
        logs::narrow(state, &filter)
    }

    fn choose(&mut self, state: &State, key: Key) -> Then {
        let Some(choice) = &mut self.choice else { return Then::Stay };
        match choice.key(key) {
            Chosen::Nothing => return Then::Close,
            Chosen::Field(field) => *self = Self::new(state, self.counted.of_field(field)),
            Chosen::NotYet => {}
        }
        Then::Stay
    }
}

impl<C: Counted> Overlay for CountingOverlay<C> {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        if self.choice.is_some() {
            return self.choose(state, key);
        }
        let Some(command) = state.console.keymap.details_command(key) else { return Then::Stay };
        let height = usize::from(details::room(state, Stands::Alone).height);
        let (values, at) = (self.counted.values(), self.at());
        if let Some(to) = moved(command, at, values.len().saturating_sub(1), height) {
            self.selected = values.get(to).map(|value| (*value).to_owned());
            return Then::Stay;
        }
        match command {
            Command::Copy => {
                effects.extend(values.get(at).map(|value| TerminalEffect::Copy(SafeText::new(value)).into()));
            }
            Command::Open | Command::OnlyThis if self.filter_by(state, false) => return Then::Close,
            Command::NotThis if self.filter_by(state, true) => return Then::Close,
            Command::Back | Command::Quit => return Then::Close,
            command if command == self.counted.chooses() => {
                *self = Self::asking(state, self.counted.of_field(String::new()));
            }
            command => {
                let progress = self.progress();
                return self.counted.command(state, command, progress);
            }
        }
        Then::Stay
    }

    fn paste(&mut self, _state: &mut State, text: &str) {
        if let Some(choice) = &mut self.choice {
            choice.input.insert(text);
            choice.selected = 0;
        }
    }

    fn click_row(&mut self, row: usize) {
        match &mut self.choice {
            Some(choice) => choice.selected = row.min(choice.shown().len().saturating_sub(1)),
            None => self.selected = self.counted.values().get(row).map(|value| (*value).to_owned()),
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
        let Self { scan, counted, .. } = self;
        scan.work(&held, details::SLICE, |_, record| counted.add(record));
    }

    fn ingest(&mut self, _logs: &Logs, at: LogId, record: &Record, _backlog: bool) {
        let source = self.sources.iter().position(|source| *source == at);
        if self.choice.is_none()
            && let Some(source) = source
            && self.scan.takes(source, record)
        {
            self.counted.add(record);
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
