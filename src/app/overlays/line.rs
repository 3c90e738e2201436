//! A line of input over the bottom of a screen: the filter of the logs, their search, the filter of a list.

use crate::app::input::TextInput;
use crate::app::logs::{self, Aside};
use crate::app::screens::logs::MAX_HISTORY;
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Then};
use crate::config::panels::PanelId;
use crate::lang::key::{Key, KeyCode};
use crate::logs::filter::complete::FilterCompletion;
use crate::logs::record::Record;
use crate::model::effect::Effect;
use crate::text::SafeText;
use crate::world::ids::LogId;
use crate::world::logs::Logs;

/// What the line is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The filter of the logs: keeps what matches.
    Filter,
    /// Search in the logs: jumps, hides nothing.
    Search,
    /// The filter of a list: keeps the rows that hold the words.
    List(PanelId),
}

/// The overlay.
#[derive(Debug, Clone)]
pub struct LineInput {
    /// What for.
    pub purpose: Purpose,
    /// What was typed.
    pub input: TextInput,
    /// What is wrong with it: byte offset in the text, and words.
    pub error: Option<(usize, SafeText)>,
    /// What was in force before, restored by Esc.
    pub before: String,
    /// What the logs showed then.
    pub(in crate::app) aside: Option<Box<Aside>>,
    /// How it could be gone on with at the cursor, best first. Only filters have any.
    pub offers: Vec<FilterCompletion>,
    /// The offer that Tab has put in; the text as it was typed.
    pub taken: Option<(usize, TextInput)>,
    /// Position in the history, from the newest (1); 0 is what is being typed.
    recalled: usize,
}

impl LineInput {
    /// The line, with what is in force now.
    pub(crate) fn new(state: &State, purpose: Purpose) -> Self {
        let before = match &purpose {
            Purpose::Filter => state.console.screens.logs.filter.text().to_owned(),
            Purpose::Search => {
                let searched = state.console.screens.logs.search.as_ref();
                searched.map_or_else(String::new, |searched| searched.text().to_owned())
            }
            Purpose::List(panel) => state.list(panel).map(|list| list.filter.clone()).unwrap_or_default(),
        };
        let input = TextInput::new(&before);
        Self { purpose, input, error: None, before, aside: None, offers: Vec::new(), taken: None, recalled: 0 }
    }

    /// The text is another one: what it could be gone on with, too.
    fn typed(&mut self, state: &mut State) {
        self.taken = None;
        self.offers = if matches!(self.purpose, Purpose::List(_)) {
            Vec::new()
        } else {
            logs::complete(state, self.input.text(), self.input.cursor())
        };
        // Before the first letter everything could follow: that is shown only where it is asked for. What is written
        // out already is no offer.
        let written = |offer: &FilterCompletion| self.input.text().get(offer.replace.clone()) == Some(&*offer.text);
        if self.offers.first().is_some_and(|offer| offer.replace.is_empty()) {
            self.offers.clear();
        } else if let [one] = &self.offers[..]
            && written(one)
        {
            self.offers.clear();
        }
        self.apply(state);
    }

    /// Puts in the next offer, or the one before; after the last comes what was typed.
    fn complete(&mut self, state: &mut State, forward: bool) {
        if matches!(self.purpose, Purpose::List(_)) {
            return;
        }
        let (at, typed) = if let Some((at, typed)) = self.taken.take() {
            (at + 1, typed)
        } else {
            self.offers = logs::complete(state, self.input.text(), self.input.cursor());
            (0, self.input.clone())
        };
        let count = self.offers.len() + 1;
        let next = if forward { (at + 1) % count } else { (at + count - 1) % count };
        self.input = typed.clone();
        if let Some(offer) = next.checked_sub(1).and_then(|next| self.offers.get(next)) {
            self.input.replace(offer.replace.clone(), &offer.text);
            self.taken = Some((next - 1, typed));
        }
        self.apply(state);
    }

    /// What was shown before is shown again.
    fn take_back(&mut self, state: &mut State) {
        let put_aside = self.aside.is_some() || matches!(self.purpose, Purpose::List(_));
        if self.aside.take().is_none_or(|aside| !logs::bring_back(state, *aside)) && put_aside {
            self.input = TextInput::new(&self.before);
            self.apply(state);
        }
    }

    /// Shows at once what the text as it is would do.
    fn apply(&mut self, state: &mut State) {
        let text = self.input.text();
        self.error = match &self.purpose {
            Purpose::Filter => {
                let error = logs::preview_filter(state, &mut self.aside, text).err();
                // What was half typed would look like the answer: what was in force before is shown instead.
                let aside = self.aside.take_if(|_| error.is_some());
                let is_back = aside.is_some_and(|aside| logs::bring_back(state, *aside));
                if error.is_some() && !is_back {
                    // It was in force, so it parses.
                    let _ = logs::preview_filter(state, &mut None, &self.before);
                }
                error
            }
            Purpose::Search => logs::preview_search(state, &mut self.aside, text).err(),
            Purpose::List(panel) => {
                if let Some(list) = state.list_mut(panel) {
                    text.clone_into(&mut list.filter);
                    list.scroll = 0;
                }
                None
            }
        };
    }

    fn remember(&self, state: &mut State) {
        let text = self.input.text().to_owned();
        let Some(history) = history(state, &self.purpose) else { return };
        if !text.is_empty() {
            history.retain(|old| *old != text);
            history.push(text);
            if history.len() > MAX_HISTORY {
                history.remove(0);
            }
        }
    }

    fn recall(&mut self, state: &mut State, back: usize) {
        let Some(history) = history(state, &self.purpose) else { return };
        let back = back.min(history.len());
        let text = if back == 0 { String::new() } else { history[history.len() - back].clone() };
        self.recalled = back;
        self.input = TextInput::new(&text);
        self.offers.clear();
        self.taken = None;
        self.apply(state);
    }
}

impl Overlay for LineInput {
    fn key(&mut self, state: &mut State, key: Key, _effects: &mut Vec<Effect>) -> Then {
        match key.code {
            KeyCode::Esc => {
                self.take_back(state);
                return Then::Close;
            }
            KeyCode::Enter if self.error.is_none() => {
                self.remember(state);
                return Then::Close;
            }
            KeyCode::Enter => {}
            KeyCode::Tab => self.complete(state, true),
            KeyCode::BackTab => self.complete(state, false),
            KeyCode::Up => self.recall(state, self.recalled + 1),
            KeyCode::Down => self.recall(state, self.recalled.saturating_sub(1)),
            _ => {
                if self.input.key(key) {
                    self.recalled = 0;
                    self.typed(state);
                }
            }
        }
        Then::Stay
    }

    fn paste(&mut self, state: &mut State, text: &str) {
        self.input.insert(text);
        self.typed(state);
    }

    fn least_size(&self) -> (u16, u16) {
        (20, 2)
    }

    fn is_boxed(&self) -> bool {
        false
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn is_counting(&self) -> bool {
        self.aside.as_ref().is_some_and(|aside| aside.is_scanning())
    }

    fn count(&mut self, logs: &Logs) {
        if let Some(aside) = &mut self.aside {
            aside.work(logs);
        }
    }

    fn ingest(&mut self, logs: &Logs, at: LogId, record: &Record, backlog: bool) {
        if let Some(aside) = &mut self.aside {
            aside.ingest(logs, at, record, backlog);
        }
    }

    fn forget(&mut self, logs: &Logs) {
        if let Some(aside) = &mut self.aside {
            aside.forget(logs);
        }
    }

    /// What was put aside names the logs by their ids.
    fn logs_moved(&mut self) -> Then {
        self.aside = None;
        Then::Stay
    }
}

fn history<'a>(state: &'a mut State, purpose: &Purpose) -> Option<&'a mut Vec<String>> {
    match purpose {
        Purpose::Filter => Some(&mut state.console.screens.logs.filters),
        Purpose::Search => Some(&mut state.console.screens.logs.searches),
        Purpose::List(_) => None,
    }
}
