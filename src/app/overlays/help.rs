//! The help: made from the keys as they are now.

use crate::app::keymap::{Binding, Command, Keymap};
use crate::app::list::moved;
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Then};
use crate::config::Config;
use crate::config::commands::{COMMANDS, CommandContext};
use crate::lang::key::Key;
use crate::logs::filter::forms::FORMS;
use crate::model::effect::Effect;

/// The help overlay.
#[derive(Debug, Clone, Default)]
pub struct Help {
    /// First row shown.
    pub scroll: usize,
    /// Its rows.
    pub rows: Vec<HelpRow>,
}

/// One row of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpRow {
    /// A heading.
    Heading(String),
    /// Keys, as they are bound now, and what they do.
    Entry {
        /// `ctrl-r`, or `j down` for several; empty where only the palette reaches it.
        keys: String,
        /// What it does.
        help: String,
    },
    /// A sign that is drawn before a record or in a chart, and what it means.
    Sign(HelpSign, &'static str),
}

/// What is drawn and is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelpSign {
    /// It came late.
    Late,
    /// A person marked it.
    Mark,
    /// The follower itself speaks.
    Marker,
    /// The end of a chart's bar.
    Average,
    /// The shades around it.
    Range,
    /// Something happened.
    Event,
    /// The value of before.
    Before,
}

/// The signs before records, with their words.
const SIGNS: [(HelpSign, &str); 3] = [
    (HelpSign::Late, "arrived late; shown where it arrived"),
    (HelpSign::Mark, "marked by you"),
    (HelpSign::Marker, "a note from opsroom: rotated, skipped, ended"),
];

/// The signs of charts, with their words.
const CHART_SIGNS: [(HelpSign, &str); 4] = [
    (HelpSign::Average, "the bar ends at the average of its time"),
    (HelpSign::Range, "shaded from the lowest to the highest value"),
    (HelpSign::Event, "an action or an alert; the cursor on it says which"),
    (HelpSign::Before, "the average of an hour, a day or a week before"),
];

/// Where keys are heard, in the order of the help.
const CONTEXTS: [CommandContext; 8] = [
    CommandContext::Everywhere,
    CommandContext::Lists,
    CommandContext::Selection,
    CommandContext::Services,
    CommandContext::Logs,
    CommandContext::Details,
    CommandContext::Metrics,
    CommandContext::Actions,
];

impl Help {
    /// The help for the present keys.
    pub(crate) fn new(config: &Config, keymap: &Keymap, read_only: bool) -> Self {
        let mut rows = Vec::new();
        if !read_only && !config.actions.is_empty() {
            rows.push(HelpRow::Heading("your actions".to_owned()));
            for action in &config.actions {
                let keys = keymap.keys_of(&Binding::Action(action.name.clone()));
                rows.push(HelpRow::Entry { keys, help: action.title.clone() });
            }
        }
        if !config.screens.is_empty() {
            rows.push(HelpRow::Heading("your screens".to_owned()));
            for screen in &config.screens {
                let keys = keymap.keys_of(&Binding::Screen(screen.name.clone()));
                rows.push(HelpRow::Entry { keys, help: screen.title.clone() });
            }
        }
        if !config.filters.is_empty() {
            rows.push(HelpRow::Heading("your filters".to_owned()));
            for filter in &config.filters {
                let keys = keymap.keys_of(&Binding::Filter(filter.name.clone()));
                let keys = if keys.is_empty() { format!(":filter {}", filter.name) } else { keys };
                rows.push(HelpRow::Entry { keys, help: format!("{}: {}", filter.title, filter.filter.text()) });
            }
        }
        for context in CONTEXTS {
            rows.push(HelpRow::Heading(context.describe().to_owned()));
            for info in COMMANDS.iter().filter(|info| info.context == context) {
                let Some(command) = Command::from_name(info.name).filter(|c| !(read_only && c.acts())) else {
                    continue;
                };
                let keys = keymap.keys_of(&Binding::Command(command));
                let keys = if keys.is_empty() { format!(":{}", info.name) } else { keys };
                rows.push(HelpRow::Entry { keys, help: info.help.to_owned() });
            }
            if context == CommandContext::Logs {
                rows.extend(SIGNS.map(|(sign, meaning)| HelpRow::Sign(sign, meaning)));
                rows.push(HelpRow::Heading("filters of the logs".to_owned()));
                rows.extend(FORMS.iter().map(|form| HelpRow::Entry {
                    keys: form.examples.first().copied().unwrap_or_default().to_owned(),
                    help: form.meaning.to_owned(),
                }));
            }
            if context == CommandContext::Metrics {
                rows.extend(CHART_SIGNS.map(|(sign, meaning)| HelpRow::Sign(sign, meaning)));
            }
        }
        // A context whose commands are all hidden has nothing to say.
        let empty = |at: usize, rows: &[HelpRow]| {
            matches!(rows[at], HelpRow::Heading(_)) && !matches!(rows.get(at + 1), Some(HelpRow::Entry { .. }))
        };
        let rows = (0..rows.len()).filter(|at| !empty(*at, &rows)).map(|at| rows[at].clone()).collect();
        Self { scroll: 0, rows }
    }
}

impl Overlay for Help {
    fn key(&mut self, state: &mut State, key: Key, _effects: &mut Vec<Effect>) -> Then {
        let Some(command) = state.console.keymap.overlay_command(key) else { return Then::Stay };
        let height = usize::from(state.console.size.1).saturating_sub(4).max(1);
        let last = self.rows.len().saturating_sub(height);
        if let Some(to) = moved(command, self.scroll.min(last), last, height) {
            self.scroll = to;
            return Then::Stay;
        }
        match command {
            Command::Back | Command::Quit | Command::Help | Command::Open => Then::Close,
            _ => Then::Stay,
        }
    }
}
