//! What a console took in, as lines that can be kept and played again.
//!
//! A recording is a header, with the configuration, and then one line for each message in its order. What only this
//! machine can hold is no part of it: where a frame was drawn otherwise than the one before is noted, and its layout is
//! found again by drawing; values of secrets are left out.
//!
//! *Invariant:* what a person types into a field for words of their own is never written, one sign stands for each letter.

pub mod carried;
pub mod player;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::message::{Event, Learned, Message};
use super::state::State;
use crate::config::Config;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::key::{Key, KeyCode};
use crate::lang::time::Stamp;
use crate::model::effect::RequestId;
use crate::text::SafeText;

/// The version of the form.
pub(crate) const FORM: u32 = 1;
/// The version of this program.
pub(crate) const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// What stands for a letter that is not written.
const MASKED: char = '•';

/// How a recording, and each further file of it, begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the form.
    pub opsroom_recording: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// When this file begins.
    pub at: Stamp,
    /// Columns and rows of the terminal then.
    pub size: (u16, u16),
    /// The configuration then.
    pub config: RecordedConfig,
    /// Whether it goes on where another file ended. Where that one is gone, what was known before is in it as far as screens
    /// look back: see [`carried`].
    pub continued: bool,
    /// How many lines behind this one say again what was known, for who has no file before it.
    #[serde(default)]
    pub restated: usize,
    /// When what they lead to began, with the size and the configuration that stand here; `None`: with this file.
    #[serde(default)]
    pub since: Option<Stamp>,
    /// How many messages were left out before.
    #[serde(default)]
    pub thinned: u64,
    /// How many lines stand in the files before: where others were read, what this file says again is not known.
    #[serde(default)]
    pub after: Option<u64>,
}

/// A configuration as it was in effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedConfig {
    /// The files, the main one first, with what stood in them but for secrets.
    pub texts: Vec<(PathBuf, String)>,
    /// The theme.
    pub theme: String,
    /// Whether everything that changes something was disabled.
    pub read_only: bool,
}

impl RecordedConfig {
    /// Of a configuration.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            texts: config.texts.without_secrets(config.secrets.values()),
            theme: config.console.theme.clone(),
            read_only: config.console.read_only,
        }
    }
}

impl Header {
    /// Of a file that begins now.
    pub(crate) fn new(state: &State, continued: bool) -> Self {
        Self {
            opsroom_recording: FORM,
            program: PROGRAM.to_owned(),
            at: state.world.now,
            size: state.console.size,
            config: RecordedConfig::new(&state.world.config),
            continued,
            restated: 0,
            since: None,
            thinned: 0,
            after: None,
        }
    }
}

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedLine {
    /// The first of a file.
    Begins(Box<Header>),
    /// A message was taken in.
    Took {
        /// When.
        at: Stamp,
        /// What.
        event: Box<Event>,
        /// What it changed that a reader may not find by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<Aftermath>,
    },
    /// A configuration was accepted.
    Reloaded {
        /// When.
        at: Stamp,
        /// It.
        config: RecordedConfig,
        /// What changed, in words.
        words: Vec<SafeText>,
    },
    /// A configuration was rejected.
    Rejected {
        /// When.
        at: Stamp,
        /// Why.
        problems: Vec<Diagnostic>,
    },
    /// A frame was drawn in which things lie elsewhere than in the one before.
    Drawn {
        /// When.
        at: Stamp,
    },
    /// Messages were left out: they came faster than they could be written.
    Thinned {
        /// When.
        at: Stamp,
        /// How many.
        messages: u64,
    },
}

/// How a message left the console. A dialog in which letters were masked may not close by itself when it is played again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftermath {
    /// Overlays that were open then.
    pub overlays: usize,
    /// The request that was named last.
    pub request: RequestId,
}

impl Aftermath {
    fn of(state: &State) -> Self {
        Self { overlays: state.console.overlays.iter().count(), request: state.console.requests.latest() }
    }
}

impl RecordedLine {
    /// The first line of a recording of this state.
    pub fn begins(state: &State) -> Self {
        Self::Begins(Box::new(Header::new(state, false)))
    }

    /// When it happened.
    pub(crate) fn at(&self) -> Stamp {
        match self {
            Self::Begins(header) => header.at,
            Self::Took { at, .. }
            | Self::Reloaded { at, .. }
            | Self::Rejected { at, .. }
            | Self::Drawn { at }
            | Self::Thinned { at, .. } => *at,
        }
    }

    /// As it is kept: the milliseconds of its moment, then JSON, so that a reader finds a moment without reading all.
    ///
    /// # Errors
    /// It holds what JSON can't.
    pub(crate) fn encode(&self) -> serde_json::Result<String> {
        Ok(format!("{} {}\n", self.at().utc.timestamp_millis(), serde_json::to_string(self)?))
    }

    /// The moment of a kept line, in milliseconds since 1970, and what is to be read of it.
    pub(crate) fn split(kept: &str) -> Option<(i64, &str)> {
        let (at, line) = kept.split_once(' ')?;
        Some((at.parse().ok()?, line))
    }

    /// Reads one.
    ///
    /// # Errors
    /// It is damaged, or of another version.
    pub(crate) fn decode(line: &str) -> serde_json::Result<Self> {
        serde_json::from_str(line)
    }
}

/// Makes lines of what a console takes in.
#[derive(Debug, Default)]
pub struct Tap {
    left: Option<Aftermath>,
}

impl Tap {
    /// The line of a message that is about to be taken in; `None`: there is nothing to keep of it.
    pub fn hear(&mut self, state: &State, message: &Message) -> Option<RecordedLine> {
        self.left.get_or_insert_with(|| Aftermath::of(state));
        let at = message.at;
        let event = match &message.event {
            Event::Key(key) => Event::Key(shown_key(state, *key)),
            Event::Paste(text) if hides_typed(state) => Event::Paste(masked(text)),
            Event::Reloaded(Ok((config, words))) => {
                return Some(RecordedLine::Reloaded { at, config: RecordedConfig::new(config), words: words.clone() });
            }
            Event::Reloaded(Err(problems)) => return Some(RecordedLine::Rejected { at, problems: problems.clone() }),
            Event::Learned(Learned::Layout(_)) => return Some(RecordedLine::Drawn { at }),
            Event::Learned(Learned::Literals(_)) => return None,
            event => event.clone(),
        };
        Some(RecordedLine::Took { at, event: Box::new(event), left: None })
    }

    /// Notes how the message of a line left the console.
    pub fn settle(&mut self, state: &State, line: &mut RecordedLine) {
        let now = Some(Aftermath::of(state));
        if self.left != now {
            self.left = now;
            if let RecordedLine::Took { left, .. } = line {
                *left = now;
            }
        }
    }
}

fn hides_typed(state: &State) -> bool {
    state.console.overlays.top().is_some_and(super::state::overlay::Overlay::hides_typed)
}

fn shown_key(state: &State, key: Key) -> Key {
    match key.code {
        KeyCode::Char(letter) if !key.ctrl && !key.alt && !letter.is_whitespace() && hides_typed(state) => {
            Key { code: KeyCode::Char(MASKED), ..key }
        }
        _ => key,
    }
}

fn masked(text: &str) -> String {
    text.chars().map(|letter| if letter.is_whitespace() { letter } else { MASKED }).collect()
}
