//! The numbers of one field by the values of another: p50, p95 and max of each.

use crate::app::keymap::Command;
use crate::app::list::moved;
use crate::app::logs::{self, details};
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Stands, Then};
use crate::lang::key::Key;
use crate::logs::filter::{Subject, write};
use crate::logs::grouped::{GroupOrder, GroupedSpread};
use crate::logs::record::Record;
use crate::logs::scan::Scan;
use crate::model::effect::{Effect, TerminalEffect};
use crate::text::SafeText;
use crate::world::ids::LogId;
use crate::world::logs::{Logs, rings};

use super::top::{Chosen, FieldChoice, SHOWN};

/// The overlay: first the field to group by is chosen, then the numbers are counted.
#[derive(Debug, Clone)]
pub struct GroupedOverlay {
    /// The choice of the field to group by; `None` once it is made.
    pub choice: Option<FieldChoice>,
    /// The field of the numbers.
    pub of: String,
    /// The field whose values they are grouped by.
    pub by: String,
    /// The numbers.
    pub grouped: GroupedSpread,
    /// How the groups are ranked.
    pub order: GroupOrder,
    /// The selected value; `None` selects the first.
    pub selected: Option<String>,
    sources: Vec<LogId>,
    scan: Scan,
}

impl GroupedOverlay {
    /// Asks for the field to group the numbers of `of` by.
    fn new(state: &State, of: &str) -> Self {
        let mut overlay = Self::counted(state, of, "");
        overlay.choice = Some(FieldChoice::without(state, of));
        overlay
    }

    fn counted(state: &State, of: &str, by: &str) -> Self {
        let pane = &state.console.screens.logs.pane;
        let scan = Scan::new(pane.view().filter().clone(), &rings(&state.world.logs, pane.sources()));
        Self {
            choice: None,
            of: of.to_owned(),
            by: by.to_owned(),
            grouped: GroupedSpread::default(),
            order: GroupOrder::default(),
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
        let rows = self.grouped.rows(self.order, SHOWN);
        wanted.and_then(|value| rows.iter().position(|row| row.value == value)).unwrap_or(0)
    }

    fn filter_by(&self, state: &mut State, not: bool) -> bool {
        let rows = self.grouped.rows(self.order, SHOWN);
        let Some(row) = rows.get(self.at()) else { return false };
        let term = write::field_is(&self.by, row.value, not);
        let filter = write::and(state.console.screens.logs.filter.text(), &term);
        logs::narrow(state, &filter)
    }

    fn add(&mut self, record: &Record) {
        self.grouped.add(record.value(&self.by).as_deref(), record.value(&self.of).as_deref());
    }
}

impl Overlay for GroupedOverlay {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        if let Some(choice) = &mut self.choice {
            match choice.key(key) {
                Chosen::Nothing => return Then::Close,
                Chosen::Field(field) => *self = Self::counted(state, &self.of, &field),
                Chosen::NotYet => {}
            }
            return Then::Stay;
        }
        let Some(command) = state.console.keymap.details_command(key) else { return Then::Stay };
        let height = usize::from(details::room(state, Stands::Alone).height);
        let values: Vec<String> = self.grouped.rows(self.order, SHOWN).iter().map(|row| row.value.to_owned()).collect();
        if let Some(to) = moved(command, self.at(), values.len().saturating_sub(1), height) {
            self.selected = values.get(to).cloned();
            return Then::Stay;
        }
        match command {
            Command::Copy => {
                effects.extend(values.get(self.at()).map(|value| TerminalEffect::Copy(SafeText::new(value)).into()));
            }
            Command::Order => self.order = self.order.next(),
            Command::GroupBy => *self = Self::new(state, &self.of),
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
            None => {
                self.selected = self.grouped.rows(self.order, SHOWN).get(row).map(|row| row.value.to_owned());
            }
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
        let Self { scan, grouped, by, of, .. } = self;
        scan.work(&held, details::SLICE, |_, record| {
            grouped.add(record.value(by).as_deref(), record.value(of).as_deref());
        });
    }

    fn ingest(&mut self, _logs: &Logs, at: LogId, record: &Record, _backlog: bool) {
        let source = self.sources.iter().position(|source| *source == at);
        if self.choice.is_none()
            && let Some(source) = source
            && self.scan.takes(source, record)
        {
            self.add(record);
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

/// Asks for a field to group the numbers of `of` by.
pub(in crate::app) fn open(state: &mut State, of: &str) {
    let overlay = GroupedOverlay::new(state, of);
    state.console.overlays.push(overlay);
}
