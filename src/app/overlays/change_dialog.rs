//! What a person says of the change calendar: a change or a freeze is planned, or called off with a reason.

use chrono::{DateTime, Utc};

use super::fields::{self, DialogField, FieldKey};
use crate::app::describe::{service_of, subject};
use crate::app::saying::say_of_alerts;
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Then};
use crate::lang::key::{Key, KeyCode};
use crate::lang::unit;
use crate::model::alert::times::SpanBounds;
use crate::model::effect::Effect;
use crate::model::fact::change::{LONGEST_TITLE, NOTICE, change_id};
use crate::model::fact::{ChangePlanned, ChangeSaid, Statement};
use crate::model::maintenance::clock_with_zone;
use crate::model::thing::ChangeRecord;
use crate::text::SafeText;
use crate::world::World;

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangePurpose {
    /// A change or a freeze is planned.
    Plan,
    /// This one is called off.
    CallOff(Box<ChangeRecord>),
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct ChangeDialog {
    /// What is said.
    pub purpose: ChangePurpose,
    /// What can be typed.
    pub fields: Vec<DialogField>,
    /// Which of them has the focus; behind the last of them a plan has whether it is a freeze.
    pub focus: usize,
    /// Whether nothing is to be changed in that time.
    pub freeze: bool,
    /// What is wrong.
    pub error: Option<SafeText>,
}

impl ChangeDialog {
    /// Plans one, of the service that is selected.
    pub(crate) fn plan(state: &State) -> Self {
        let service = subject(state).and_then(|row| service_of(state, &row));
        let configured = service.filter(|name| state.world.config.services.iter().any(|one| one.name == *name));
        let fields = vec![
            DialogField::new("what", "", "what is changed, in a line"),
            DialogField::new("services", configured.as_deref().unwrap_or_default(), "api, db; * for all"),
            DialogField::new("why", "", "in a few words"),
            DialogField::new("from", "", "now, 2h from now, or 2026-03-02T09:00"),
            DialogField::new("for", "", "30m, 2h"),
            DialogField::new("notice", "", unit::duration(NOTICE)),
            DialogField::new("notify", "", "channels that announce it"),
        ];
        Self { purpose: ChangePurpose::Plan, fields, focus: 0, freeze: false, error: None }
    }

    /// Calls one off.
    pub(crate) fn call_off(change: &ChangeRecord) -> Self {
        let fields = vec![DialogField::new("why", "", "in a few words")];
        Self { purpose: ChangePurpose::CallOff(Box::new(change.clone())), fields, focus: 0, freeze: false, error: None }
    }

    /// Whether the focus is on whether it is a freeze.
    pub(crate) fn is_on_freeze(&self) -> bool {
        self.focus == self.fields.len()
    }

    /// How many things can have the focus.
    fn stops(&self) -> usize {
        self.fields.len() + usize::from(self.purpose == ChangePurpose::Plan)
    }

    fn text(&self, label: &str) -> &str {
        self.fields.iter().find(|field| field.label == label).map_or("", |field| field.input.text().trim())
    }

    fn needed(&self, label: &str) -> Result<SafeText, String> {
        let text = self.text(label);
        if text.is_empty() { Err(format!("{label} is empty")) } else { Ok(SafeText::new(text)) }
    }

    /// The parts of a text between commas.
    fn listed(&self, label: &str) -> Vec<String> {
        let parts = self.text(label).split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    }

    /// What is planned.
    fn planned(&self, world: &World) -> Result<ChangePlanned, String> {
        let (config, now) = (&world.config, world.now.utc);
        let title = self.needed("what")?;
        if title.as_str().chars().count() > LONGEST_TITLE {
            return Err(format!("what has more than {LONGEST_TITLE} characters"));
        }
        let services = self.listed("services");
        if services.is_empty() {
            return Err("services is empty (use * for all)".to_owned());
        }
        let services = config.services_named(&services).map_err(|(problem, hint)| format!("{problem}; {hint}"))?;
        let why = self.needed("why")?;
        let from = self.from(world)?;
        let span = |label: &str, written: &str| {
            unit::parse_duration(written).map_err(|error| format!("{label}: {error} (use 30m or 2h)"))
        };
        let length = match self.text("for") {
            "" => return Err("for is empty (use 30m or 2h)".to_owned()),
            written => span("for", written)?,
        };
        let until = SpanBounds::MUTED.until(from, length).map_err(|problem| format!("for: {problem}"))?;
        if until <= now {
            let over = clock_with_zone(until, now, config.console.timezone);
            return Err(format!("it would end in the past: {over}; use a later `from`"));
        }
        let notice = match self.text("notice") {
            "" => NOTICE,
            written => span("notice", written)?,
        };
        let notify = self.listed("notify");
        let notify = config.channels_named(&notify).map_err(|(problem, hint)| format!("{problem}; {hint}"))?;
        Ok(ChangePlanned {
            id: change_id(now),
            title,
            why,
            services,
            from,
            until,
            notice_s: notice.as_secs(),
            notify,
            freeze: self.freeze,
        })
    }

    /// Its first moment: by the console's clocks, so long from now, or now.
    fn from(&self, world: &World) -> Result<DateTime<Utc>, String> {
        let (now, zone) = (world.now.utc, world.config.console.timezone);
        let written = self.text("from");
        if written.is_empty() {
            return Err("from is empty (use now, 2h from now, or 2026-03-02T09:00)".to_owned());
        }
        let from = SpanBounds::MUTED.moment(written, now, zone);
        let from = from.map_err(|(problem, hint)| format!("from: {problem}; {hint}"))?;
        if (from - now).to_std().is_ok_and(|ahead| SpanBounds::MUTED.is_exceeded_by(ahead)) {
            return Err(format!("from lies too far ahead; begin within {}", SpanBounds::MUTED.longest()));
        }
        Ok(from)
    }

    /// What is to be put on record, and what is said once it is; else what is wrong.
    fn submission(&self, world: &World) -> Result<(ChangeSaid, String), String> {
        match &self.purpose {
            ChangePurpose::Plan => {
                let planned = self.planned(world)?;
                let text = if planned.freeze {
                    format!("freeze {} planned", planned.title)
                } else {
                    format!("change {} planned; another person must approve it", planned.title)
                };
                Ok((ChangeSaid::Planned(planned), text))
            }
            ChangePurpose::CallOff(change) => {
                let text = format!("{} {} called off", change.word(), change.title);
                Ok((ChangeSaid::CalledOff(change.calling_off(self.needed("why")?)), text))
            }
        }
    }

    fn submit(&mut self, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        match self.submission(&state.world) {
            Ok((said, text)) => {
                say_of_alerts(state, vec![Statement::Change(said)], &text, effects);
                Then::Close
            }
            Err(problem) => {
                self.error = Some(SafeText::new(&problem));
                Then::Stay
            }
        }
    }
}

impl Overlay for ChangeDialog {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        let stops = self.stops();
        match FieldKey::of(key, &mut self.focus, stops) {
            FieldKey::Leave => return Then::Close,
            FieldKey::Submit => return self.submit(state, effects),
            FieldKey::Moved => {}
            FieldKey::Typed if self.is_on_freeze() => {
                if key.code == KeyCode::Char(' ') {
                    self.freeze = !self.freeze;
                }
            }
            FieldKey::Typed => {
                if let Some(field) = self.fields.get_mut(self.focus)
                    && field.input.key(key)
                {
                    self.error = None;
                }
            }
        }
        Then::Stay
    }

    fn paste(&mut self, _state: &mut State, text: &str) {
        if fields::paste(&mut self.fields, self.focus, text) {
            self.error = None;
        }
    }

    fn click_row(&mut self, row: usize) {
        self.focus = row.min(self.stops() - 1);
    }

    /// All that takes keys, and what the keys do.
    fn least_size(&self) -> (u16, u16) {
        (36, 4 + u16::try_from(self.stops()).unwrap_or(u16::MAX))
    }

    fn hides_typed(&self) -> bool {
        self.fields.get(self.focus).is_some_and(|field| ["what", "why"].contains(&field.label))
    }

    fn takes_text(&self) -> bool {
        true
    }
}
