//! Everything that is known of one thing.

use crate::app::describe;
use crate::app::keymap::Command;
use crate::app::list::moved;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Then};
use crate::lang::key::Key;
use crate::model::effect::{Effect, TerminalEffect};
use crate::text::SafeText;

/// The overlay. What it says is read from the state at each frame: it is as fresh as the screen behind it.
#[derive(Debug, Clone)]
pub struct Description {
    /// Of what.
    pub(crate) subject: RowKey,
    /// The first row that is shown.
    pub(crate) scroll: usize,
}

impl Description {
    /// Of this.
    pub(crate) const fn of(subject: RowKey) -> Self {
        Self { subject, scroll: 0 }
    }
}

impl Overlay for Description {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        let Some(command) = state.console.keymap.overlay_command(key) else { return Then::Stay };
        // How many rows there are once they are wrapped is known where they are drawn: that stops at the last.
        let height = usize::from(state.console.size.1).saturating_sub(6).max(1);
        let last = describe::rows(state, &self.subject).len().saturating_sub(1);
        if let Some(to) = moved(command, self.scroll.min(last), last, height) {
            self.scroll = to;
            return Then::Stay;
        }
        match command {
            Command::Copy => {
                let rows = describe::rows(state, &self.subject);
                let lines: Vec<String> = rows.iter().map(|(label, text)| format!("{label:<12} {text}")).collect();
                let text = format!("{}\n{}", describe::title(state, &self.subject), lines.join("\n"));
                effects.push(TerminalEffect::Copy(SafeText::new(&text)).into());
                Then::Stay
            }
            Command::Back | Command::Quit | Command::Open => Then::Close,
            _ => Then::Stay,
        }
    }
}
