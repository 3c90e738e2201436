//! The most frequent values of one field, through the filter in force.

use crate::app::keymap::Command;
use crate::app::state::State;
use crate::app::state::overlay::Then;
use crate::app::toasts::Tone;
use crate::logs::filter::{Subject, number};
use crate::logs::record::Record;
use crate::logs::spread::Spread;
use crate::logs::top::Top;

use super::counting::{Counted, CountingOverlay, SHOWN};
use super::grouped;

/// Values that are held.
const MOST: usize = 10_000;

/// The overlay.
pub type TopOverlay = CountingOverlay<TopValues>;

/// The values of a field.
#[derive(Debug, Clone)]
pub struct TopValues {
    /// The field.
    pub field: String,
    /// Its values.
    pub top: Top,
    /// Those that are numbers.
    pub spread: Spread,
}

impl TopValues {
    fn new(field: String) -> Self {
        Self { field, top: Top::with_most(MOST), spread: Spread::default() }
    }
}

impl Counted for TopValues {
    fn of_field(&self, field: String) -> Self {
        Self::new(field)
    }

    fn taken(&self) -> &'static str {
        ""
    }

    fn add(&mut self, record: &Record) {
        let value = record.value(&self.field);
        self.top.add(value.as_deref());
        if let Some((value, unit)) = value.as_deref().and_then(number) {
            self.spread.add(value, unit);
        }
    }

    fn values(&self) -> Vec<&str> {
        self.top.rows(SHOWN).into_iter().map(|row| row.value).collect()
    }

    fn term(&self, at: usize) -> Option<(&str, String)> {
        let rows = self.top.rows(SHOWN);
        let row = rows.get(at)?;
        // Of a long value the beginning is known; the filter takes all that begin so.
        let value = if row.left_out > 0 { format!("{}*", row.value) } else { row.value.to_owned() };
        Some((&self.field, value))
    }

    fn chooses(&self) -> Command {
        Command::TopValues
    }

    fn command(&mut self, state: &mut State, command: Command, progress: Option<u8>) -> Then {
        match command {
            Command::GroupBy if self.spread.ends().is_some() => {
                grouped::open(state, &self.field);
                return Then::Close;
            }
            Command::GroupBy => {
                let field = &self.field;
                let text = match progress {
                    None => format!("{field} holds no numbers to group by another field"),
                    Some(done) => format!("still counting {field}, {done} %: no number found so far"),
                };
                state.toast(Tone::Info, &text);
            }
            _ => {}
        }
        Then::Stay
    }
}

/// Counts the values of a field, or asks for one.
pub(in crate::app) fn open(state: &mut State, field: Option<&str>) {
    let counted = TopValues::new(field.unwrap_or_default().to_owned());
    let overlay: TopOverlay =
        if field.is_some() { TopOverlay::new(state, counted) } else { TopOverlay::asking(state, counted) };
    state.console.overlays.push(overlay);
}
