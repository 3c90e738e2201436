//! Which fields of the records get a column.

use crate::app::input::TextInput;
use crate::app::screens::logs::NO_COLUMNS;
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Then};
use crate::app::toasts::Tone;
use crate::config::panels::{self, MAX_COLUMNS, PanelId, PanelSpec};
use crate::lang::key::{Key, KeyCode};
use crate::model::effect::Effect;
use crate::text::SafeText;

/// The overlay.
#[derive(Debug, Clone)]
pub struct ColumnsOverlay {
    /// The panel whose columns they are.
    pub panel: PanelId,
    /// What was typed: narrows the fields.
    pub input: TextInput,
    /// The fields of the records that came, the most frequent first; those that have a column before.
    pub fields: Vec<SafeText>,
    /// The selected row.
    pub selected: usize,
}

/// What a row shows in any case.
fn is_in_every_row(field: &str) -> bool {
    ["level", "message", "msg", "service", "time", "timestamp", "ts", "@timestamp"].contains(&field)
}

/// A row of the overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnRow<'a> {
    /// A field.
    Field(&'a SafeText),
    /// All others, behind the message.
    Rest,
}

impl ColumnsOverlay {
    /// The fields that are known.
    pub(crate) fn new(state: &State, panel: PanelId) -> Self {
        let columns = state.columns(&panel);
        let chosen = columns.chosen.iter().map(|column| column.field.clone());
        let known = state.console.screens.logs.known.fields();
        let others = known.into_iter().map(|(name, _)| name.clone());
        let others = others.filter(|name| !columns.has(name.as_str()) && !is_in_every_row(name.as_str()));
        Self { fields: chosen.chain(others).collect(), panel, input: TextInput::default(), selected: 0 }
    }

    /// The rows that what was typed leaves; the one of the others is always there.
    pub fn rows(&self) -> Vec<ColumnRow<'_>> {
        let typed = self.input.text().trim().to_lowercase();
        let fields = self.fields.iter().filter(|field| field.as_str().to_lowercase().contains(&typed));
        [ColumnRow::Rest].into_iter().chain(fields.map(ColumnRow::Field)).collect()
    }

    fn toggle(&self, state: &mut State) {
        let columns = state.console.columns.entry(self.panel.clone()).or_insert_with(|| NO_COLUMNS.clone());
        match self.rows().get(self.selected) {
            Some(ColumnRow::Rest) => columns.rest = !columns.rest,
            Some(ColumnRow::Field(field)) if !columns.toggle(field, &state.console.screens.logs.known) => {
                state.toast(Tone::Info, &format!("{MAX_COLUMNS} columns are the most; remove one first"));
            }
            Some(ColumnRow::Field(_)) | None => {}
        }
    }
}

impl Overlay for ColumnsOverlay {
    fn key(&mut self, state: &mut State, key: Key, _effects: &mut Vec<Effect>) -> Then {
        let last = self.rows().len().saturating_sub(1);
        match key.code {
            KeyCode::Esc => return Then::Close,
            KeyCode::Enter | KeyCode::Char(' ') => self.toggle(state),
            KeyCode::Up | KeyCode::BackTab => self.selected = self.selected.saturating_sub(1),
            KeyCode::Down | KeyCode::Tab => self.selected = (self.selected + 1).min(last),
            _ => {
                if self.input.key(key) {
                    // The first field that is left, rather than the row of all others.
                    self.selected = usize::from(!self.input.text().is_empty() && self.rows().len() > 1);
                }
            }
        }
        Then::Stay
    }

    fn paste(&mut self, _state: &mut State, text: &str) {
        self.input.insert(text);
        self.selected = 0;
    }

    fn click_row(&mut self, row: usize) {
        self.selected = row.min(self.rows().len().saturating_sub(1));
    }

    fn takes_text(&self) -> bool {
        true
    }
}

/// The panels that list records.
const LISTS: [&PanelSpec; 3] = [&panels::LOG, &panels::SERVICE_LOGS, &panels::RECORDS];

/// Opens the choice of columns for the panel that has the focus; where that lists no records, for the first that does.
pub(in crate::app) fn open(state: &mut State) {
    let lists = |id: &PanelId| LISTS.iter().any(|kind| id.is(kind));
    let focused = state.focused_panel().filter(lists);
    let Some(panel) = focused.or_else(|| state.panels().into_iter().find(lists)) else {
        state.toast(Tone::Info, "no records are listed on this screen");
        return;
    };
    let overlay = ColumnsOverlay::new(state, panel);
    state.console.overlays.push(overlay);
}
