//! What a person says of alerts: an acknowledgement, with a reason and an end, or a silence.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::input::TextInput;
use crate::app::requests::AwaitedAnswer;
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Then};
use crate::lang::key::{Key, KeyCode};
use crate::lang::unit;
use crate::model::effect::{Effect, StoreEffect};
use crate::model::fact::alerting::silence_id;
use crate::model::fact::{SilenceStarted, Statement};
use crate::model::silence::{FORMS, SilenceMatch};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::alerts::AlertView;

/// Said where a person writes no reason.
const LOOKING: &str = "looking into it";
/// For how long a silence is meant where a person does not say otherwise.
const SILENCED_FOR: &str = "1h";

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertPurpose {
    /// Somebody is at these, by the ids of their conditions.
    Acknowledge(Vec<Name>),
    /// Nobody needs to hear of what matches.
    Silence,
}

/// One line that can be typed in.
#[derive(Debug, Clone)]
pub struct DialogField {
    /// What it is.
    pub label: &'static str,
    /// What was typed.
    pub input: TextInput,
    /// What is meant where nothing was.
    pub placeholder: &'static str,
}

impl DialogField {
    fn new(label: &'static str, text: &str, placeholder: &'static str) -> Self {
        Self { label, input: TextInput::new(text), placeholder }
    }
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct AlertDialog {
    /// What is said.
    pub purpose: AlertPurpose,
    /// What can be typed: of a silence what it matches, the reason, the time.
    pub fields: Vec<DialogField>,
    /// Which of them has the focus.
    pub focus: usize,
    /// What is wrong.
    pub error: Option<SafeText>,
}

impl AlertDialog {
    /// Acknowledges these alerts.
    pub(crate) fn acknowledge(rules: Vec<Name>) -> Self {
        let why = DialogField::new("why", "", LOOKING);
        let span = DialogField::new("for", "", "30m where it is critical, else 4h");
        Self { purpose: AlertPurpose::Acknowledge(rules), fields: vec![why, span], focus: 0, error: None }
    }

    /// Silences what `matching` matches.
    pub(crate) fn silence(matching: &str) -> Self {
        let matches = DialogField::new("match", matching, "api, service:NAME, severity:NAME, text:WORDS or *");
        let why = DialogField::new("why", "", LOOKING);
        let span = DialogField::new("for", SILENCED_FOR, "30m, 2h");
        Self { purpose: AlertPurpose::Silence, fields: vec![matches, why, span], focus: 1, error: None }
    }

    /// What it would do, a line each.
    pub fn preview(&self, state: &State) -> Vec<SafeText> {
        let world = &state.world;
        match &self.purpose {
            AlertPurpose::Acknowledge(rules) => {
                let mut lines = Vec::new();
                for alert in rules.iter().filter_map(|rule| world.alert(rule)) {
                    lines.push(SafeText::new(&alert.summary(world.title_of_subject(&alert.subject), world.now)));
                    if let Some(note) = world.note_of(alert.subject.name()) {
                        lines.push(SafeText::new(&format!("  last note, by {}: {}", note.by, note.why)));
                    }
                }
                lines
            }
            AlertPurpose::Silence => match SilenceMatch::parse(self.text(0)) {
                Ok(matching) => {
                    let preview = world.preview_silence(&matching);
                    vec![SafeText::new(&preview.now_in_words()), SafeText::new(&preview.past_in_words())]
                }
                Err(problem) => vec![SafeText::new(&problem)],
            },
        }
    }

    fn text(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", |field| field.input.text().trim())
    }

    fn reason(&self, at: usize) -> SafeText {
        SafeText::new(Some(self.text(at)).filter(|text| !text.is_empty()).unwrap_or(LOOKING))
    }

    /// The end that was typed; `None`: nothing was.
    fn until(&self, at: usize, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
        let text = self.text(at);
        if text.is_empty() {
            return Ok(None);
        }
        let span = unit::parse_duration(text).map_err(|error| error.to_string())?;
        if span == Duration::ZERO {
            return Err("the time is zero: use 30m or 2h".to_owned());
        }
        let until = TimeDelta::from_std(span).ok().and_then(|span| now.checked_add_signed(span));
        until.map(Some).ok_or_else(|| format!("`{text}` is too long"))
    }

    /// What is to be put on record, and what is said once it is.
    fn statements(&self, state: &State) -> Result<(Vec<Statement>, String), String> {
        let (world, now) = (&state.world, state.world.now.utc);
        match &self.purpose {
            AlertPurpose::Acknowledge(rules) => {
                let (why, until) = (self.reason(0), self.until(1, now)?);
                let views: Vec<&AlertView> = rules.iter().filter_map(|rule| world.alert(rule)).collect();
                let said = views.iter().filter_map(|alert| world.to_acknowledge(alert, &why, until));
                let said: Vec<Statement> = said.map(Statement::AlertAcknowledged).collect();
                if said.is_empty() {
                    return Err("not firing by the store: nothing to acknowledge".to_owned());
                }
                let titles: Vec<&str> = views.iter().map(|alert| world.title_of_subject(&alert.subject)).collect();
                Ok((said, format!("acknowledged {}", deduplicated(titles).join(", "))))
            }
            AlertPurpose::Silence => {
                let matching = self.text(0).to_owned();
                SilenceMatch::parse(&matching).map_err(|problem| format!("{problem}; use {FORMS}"))?;
                let until = self.until(2, now)?.ok_or("how long? use 30m or 2h")?;
                let text = format!("silenced {matching}");
                let said = SilenceStarted { id: silence_id(now), matching, why: self.reason(1), until, hold: false };
                Ok((vec![Statement::SilenceStarted(said)], text))
            }
        }
    }

    fn submit(&mut self, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        match self.statements(state) {
            Ok((said, text)) => {
                let request = state.request(AwaitedAnswer::Said(SafeText::new(&text)));
                effects.push(Effect::Store(request, StoreEffect::SayOfAlerts(said)));
                Then::Close
            }
            Err(problem) => {
                self.error = Some(SafeText::new(&problem));
                Then::Stay
            }
        }
    }
}

fn deduplicated(mut names: Vec<&str>) -> Vec<&str> {
    names.dedup();
    names
}

impl Overlay for AlertDialog {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        let count = self.fields.len();
        match key.code {
            KeyCode::Esc => return Then::Close,
            KeyCode::Enter => return self.submit(state, effects),
            KeyCode::Tab | KeyCode::Down => self.focus = (self.focus + 1) % count,
            KeyCode::BackTab | KeyCode::Up => self.focus = (self.focus + count - 1) % count,
            _ => {
                if self.fields[self.focus].input.key(key) {
                    self.error = None;
                }
            }
        }
        Then::Stay
    }

    fn paste(&mut self, _state: &mut State, text: &str) {
        self.fields[self.focus].input.insert(text);
        self.error = None;
    }

    fn click_row(&mut self, row: usize) {
        self.focus = row.min(self.fields.len() - 1);
    }

    /// A row of what it would do, the fields, and what the keys do.
    fn least_size(&self) -> (u16, u16) {
        (36, 4 + u16::try_from(self.fields.len()).unwrap_or(u16::MAX))
    }

    fn takes_text(&self) -> bool {
        true
    }
}
