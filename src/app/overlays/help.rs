//! The help: made from the keys as they are now.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use crate::app::input::TextInput;
use crate::app::keymap::{Binding, Command, Keymap};
use crate::app::list::{RowFilter, moved};
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Then};
use crate::config::Config;
use crate::config::commands::{COMMANDS, CommandContext};
use crate::lang::key::{Key, KeyCode};
use crate::logs::filter::forms::FORMS;
use crate::model::effect::Effect;

/// The help overlay.
#[derive(Debug, Clone, Default)]
pub struct Help {
    /// First row shown.
    pub scroll: usize,
    /// Its rows.
    pub rows: Vec<HelpRow>,
    input: TextInput,
    is_typing: bool,
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
    /// Alerts are muted by what explains them.
    Inhibited,
    /// Alerts are silenced by a person.
    Silenced,
    /// A person is at it.
    Acknowledged,
    /// Maintenance runs.
    Maintenance,
}

/// The signs before records, with their words.
const SIGNS: [(HelpSign, &str); 3] = [
    (HelpSign::Late, "arrived late; shown where it arrived"),
    (HelpSign::Mark, "marked by you"),
    (HelpSign::Marker, "a note from opsroom: rotated, skipped, ended"),
];

/// The signs of charts, with their words.
const CHART_SIGNS: [(HelpSign, &str); 4] = [
    (HelpSign::Average, "the bar ends at the average of its time; of a check at the median latency"),
    (HelpSign::Range, "shaded from the lowest to the highest value; of a check up to the 95th percentile"),
    (HelpSign::Event, "an action, a release or an alert, or how many; the cursor says which"),
    (HelpSign::Before, "the average of an hour, a day, a week or the last release before"),
];

/// The signs beside services and alerts, with their words.
const MARKS: [(HelpSign, &str); 4] = [
    (HelpSign::Inhibited, "muted: what it depends on explains it"),
    (HelpSign::Silenced, "silenced by a person"),
    (HelpSign::Acknowledged, "acknowledged: somebody is at it"),
    (HelpSign::Maintenance, "in maintenance"),
];

/// Where keys are heard, in the order of the help.
const CONTEXTS: [CommandContext; 11] = [
    CommandContext::Everywhere,
    CommandContext::Lists,
    CommandContext::Selection,
    CommandContext::Services,
    CommandContext::Logs,
    CommandContext::Details,
    CommandContext::Metrics,
    CommandContext::Actions,
    CommandContext::Checklists,
    CommandContext::Incident,
    CommandContext::Changes,
];

/// Columns of one of several columns of help; and of the only one, at the most.
const COLUMN: usize = 56;
const ALONE: usize = 76;
/// Columns of the keys in it, with the margin before them.
pub(crate) const KEYS: usize = 21;

/// How the help lies on a screen: rows, columns, and how wide each of these is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HelpGrid {
    /// Rows of a column.
    pub height: usize,
    /// How many columns.
    pub columns: usize,
    /// How wide each is.
    pub width: usize,
}

impl HelpGrid {
    /// On a screen of so many columns and rows.
    pub(crate) fn of((columns, rows): (u16, u16)) -> Self {
        let room = usize::from(columns).saturating_sub(4).max(1);
        let columns = (room / (COLUMN + 2)).max(1);
        let width = if columns == 1 { room.min(ALONE) } else { COLUMN };
        Self { height: usize::from(rows).saturating_sub(4).max(1), columns, width }
    }

    /// Rows that are seen at once.
    pub(crate) const fn rows(self) -> usize {
        self.height * self.columns
    }
}

impl Help {
    /// The help for the present keys; those of `here` come first.
    pub(crate) fn new(state: &State, here: &[CommandContext]) -> Self {
        let (config, keymap, read_only) = (&state.world.config, &state.console.keymap, state.world.read_only);
        let is_here = |context: &CommandContext| {
            here.contains(context) && !matches!(context, CommandContext::Lists | CommandContext::Everywhere)
        };
        let mut rows = Vec::new();
        for context in here.iter().copied().filter(is_here) {
            keys_of(&mut rows, context, keymap, read_only);
        }
        named(&mut rows, config, keymap, read_only);
        for context in CONTEXTS.into_iter().filter(|context| !is_here(context)) {
            keys_of(&mut rows, context, keymap, read_only);
        }
        // A context whose commands are all hidden has nothing to say.
        let empty = |at: usize, rows: &[HelpRow]| {
            matches!(rows[at], HelpRow::Heading(_)) && !matches!(rows.get(at + 1), Some(HelpRow::Entry { .. }))
        };
        let rows = (0..rows.len()).filter(|at| !empty(*at, &rows)).map(|at| rows[at].clone()).collect();
        Self { rows, ..Self::default() }
    }

    /// What was typed to search it; `None` where it is not searched.
    pub(crate) fn search(&self) -> Option<&str> {
        Some(self.input.text()).filter(|text| self.is_typing || !text.is_empty())
    }

    /// Whether keys are text of the search.
    pub(crate) const fn is_typing(&self) -> bool {
        self.is_typing
    }

    /// The rows that hold what is searched for, with the part of each that stands in a line of so many columns; `None` where
    /// the line only goes on with the row above.
    pub(crate) fn lines(&self, width: usize) -> Vec<(Option<&HelpRow>, &str)> {
        let mut words = RowFilter::new(self.input.text());
        let mut lines: Vec<(Option<&HelpRow>, &str)> = Vec::new();
        let mut heading = None;
        for row in &self.rows {
            let text = match row {
                HelpRow::Heading(text) => {
                    heading = Some((row, text.as_str()));
                    continue;
                }
                HelpRow::Entry { keys, help } => {
                    if !words.hold(|to| write!(to, "{keys} {help}")) {
                        continue;
                    }
                    help.as_str()
                }
                HelpRow::Sign(_, meaning) => {
                    if !words.hold(|to| write!(to, "{meaning}")) {
                        continue;
                    }
                    meaning
                }
            };
            lines.extend(heading.take().map(|(row, text)| (Some(row), text)));
            // Keys that take more than their columns have a line to themselves: what they do is never cut for them.
            let is_long = matches!(row, HelpRow::Entry { keys, .. } if keys.width() > KEYS - 3);
            lines.extend(is_long.then_some((Some(row), "")));
            let parts = broken(text, width.saturating_sub(KEYS).max(8));
            let begins = |at: usize| (at == 0 && !is_long).then_some(row);
            lines.extend(parts.into_iter().enumerate().map(|(at, part)| (begins(at), part)));
        }
        lines
    }
}

/// A text in lines of at most so many characters, broken at its blanks.
fn broken(text: &str, width: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(width) {
        // A blank right behind the last column ends the line too.
        let at = rest[..=end].rfind(' ').filter(|at| *at > 0).unwrap_or(end);
        lines.push(&rest[..at]);
        rest = rest[at..].trim_start();
    }
    lines.push(rest);
    lines
}

/// What the configuration names: its actions, screens and filters.
fn named(rows: &mut Vec<HelpRow>, config: &Config, keymap: &Keymap, read_only: bool) {
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
}

/// The commands that are heard in one place, and the signs that are drawn there.
fn keys_of(rows: &mut Vec<HelpRow>, context: CommandContext, keymap: &Keymap, read_only: bool) {
    rows.push(HelpRow::Heading(context.describe().to_owned()));
    for info in COMMANDS.iter().filter(|info| info.context == context) {
        let Some(command) = Command::from_name(info.name).filter(|c| !(read_only && c.acts())) else { continue };
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
    if context == CommandContext::Services {
        rows.extend(MARKS.map(|(sign, meaning)| HelpRow::Sign(sign, meaning)));
    }
    if context == CommandContext::Metrics {
        rows.extend(CHART_SIGNS.map(|(sign, meaning)| HelpRow::Sign(sign, meaning)));
    }
}

impl Overlay for Help {
    fn key(&mut self, state: &mut State, key: Key, _effects: &mut Vec<Effect>) -> Then {
        if self.is_typing {
            match key.code {
                KeyCode::Enter => self.is_typing = false,
                KeyCode::Esc => {
                    self.is_typing = false;
                    self.input.clear();
                }
                _ => {
                    self.input.key(key);
                }
            }
            self.scroll = 0;
            return Then::Stay;
        }
        let Some(command) = state.console.keymap.overlay_command(key) else { return Then::Stay };
        let page = HelpGrid::of(state.console.size);
        let last = self.lines(page.width).len().saturating_sub(page.rows());
        if let Some(to) = moved(command, self.scroll.min(last), last, page.rows()) {
            self.scroll = to;
            return Then::Stay;
        }
        match command {
            Command::Filter => self.is_typing = true,
            Command::Back if !self.input.text().is_empty() => {
                self.input.clear();
                self.scroll = 0;
            }
            Command::Back | Command::Quit | Command::Help | Command::Open => return Then::Close,
            _ => {}
        }
        Then::Stay
    }

    fn paste(&mut self, _state: &mut State, text: &str) {
        if self.is_typing {
            self.input.insert(text);
        }
    }

    fn takes_text(&self) -> bool {
        self.is_typing
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;

    use super::*;
    use crate::app::contexts::contexts;
    use crate::app::screens::Screen;
    use crate::config::load::load_text;
    use crate::lang::time::Stamp;

    /// Every key that does something on a screen is found from it, whatever it is bound to.
    #[test]
    fn every_key_that_is_heard_is_in_the_help() {
        let mut config = load_text("example.toml".as_ref(), crate::config::EXAMPLE).config.unwrap();
        config.keys.bindings.push((Key::char('O'), "copy-timeline".to_owned()));
        let now = Stamp { mono: std::time::Duration::ZERO, utc: DateTime::UNIX_EPOCH };
        let mut state = State::new(Arc::new(config), now, (80, 24));
        for screen in Screen::BUILT_IN {
            state.console.screen = screen.clone();
            let help = Help::new(&state, &contexts(&state));
            let listed: Vec<&str> = help
                .rows
                .iter()
                .filter_map(|row| match row {
                    HelpRow::Entry { keys, .. } => Some(keys.split(' ')),
                    HelpRow::Heading(_) | HelpRow::Sign(..) => None,
                })
                .flatten()
                .collect();
            for (key, context, binding) in state.console.keymap.iter() {
                assert!(
                    listed.contains(&&*key.to_string()),
                    "{screen:?} does not list {key}: {binding:?} ({context:?})"
                );
            }
        }
    }
}
