//! What a person says of an incident: it is opened, something is added, an update is given, a role changes hands, its severity
//! or its state changes. Each is a few lines of text.

mod questions;
mod roles;

use std::borrow::Cow;

use chrono::{SubsecRound as _, TimeDelta};

use self::questions::{field, moment, next_step, of_entry, of_opening, of_update, one_of, severity};
use super::fields::{DialogField, DialogForm, FormDialog};
use crate::app::requests::AwaitedAnswer;
use crate::app::saying::say_of_incident;
use crate::app::state::State;
use crate::app::state::overlay::Then;
use crate::lang::unit;
use crate::model::effect::Effect;
use crate::model::fact::incident::{
    IncidentAmended, IncidentGraded, IncidentMoved, IncidentNoted, IncidentOpened, IncidentUpdated,
};
use crate::model::fact::{IncidentFact, IncidentSaid};
use crate::model::incident::{EntryKind, IncidentStep, incident_id, incident_number};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;
use crate::world::incidents::words;
use crate::world::responding::targets;

/// What can be done to the state of an incident, in words.
const STEPS: [(&str, IncidentStep); 7] = [
    ("acknowledge", IncidentStep::Acknowledge),
    ("mitigate", IncidentStep::Mitigate),
    ("resolve", IncidentStep::Resolve),
    ("close", IncidentStep::Close),
    ("reopen", IncidentStep::Reopen),
    ("merge", IncidentStep::Merge),
    ("false-alarm", IncidentStep::FalseAlarm),
];

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentPurpose {
    /// One is opened, as prefilled.
    Open(Box<IncidentOpened>),
    /// Something is added.
    Entry {
        /// To which.
        id: Name,
        /// What kind.
        kind: EntryKind,
        /// As prefilled.
        text: SafeText,
        /// Where a pin comes from.
        source: Option<SafeText>,
    },
    /// A status update.
    Update(Name),
    /// A role changes hands.
    Role(Name),
    /// Its severity is another one.
    Severity(Name),
    /// It comes to another state.
    Step(Name),
    /// An entry is corrected: what was said before stays in the audit.
    Correct {
        /// Of which.
        id: Name,
        /// The number of the entry, from 1.
        number: usize,
    },
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct IncidentDialog {
    /// What is said.
    pub purpose: IncidentPurpose,
    /// What it is called.
    pub title: Cow<'static, str>,
    /// What is filled in.
    pub form: DialogForm,
}

/// What is to be put on record, and what is said once it is; else what is wrong.
type Submission = Result<(Vec<IncidentSaid>, String), String>;

impl IncidentDialog {
    /// A dialog with what is known filled in.
    pub(crate) fn new(purpose: IncidentPurpose, state: &State) -> Self {
        let world = &state.world;
        let (title, fields): (Cow<'static, str>, Vec<DialogField>) = match &purpose {
            IncidentPurpose::Open(draft) => ("open an incident".into(), of_opening(draft)),
            IncidentPurpose::Entry { id, kind, text, .. } => {
                let mut fields = vec![field("text", text.as_str(), "in words")];
                if matches!(kind, EntryKind::Task | EntryKind::Hypothesis) {
                    fields.push(field("owner", "", "nobody yet"));
                } else {
                    fields.push(field("at", "", "now; 02:41 or 5m ago puts it between others"));
                }
                (format!("{} of {id}", kind.word()).into(), fields)
            }
            IncidentPurpose::Update(id) => (format!("status update of {id}").into(), of_update(id, world)),
            IncidentPurpose::Role(id) => (format!("role in {id}").into(), roles::questions(id, state)),
            IncidentPurpose::Severity(id) => {
                let known = world.incident_record(id).map_or("", |record| record.severity.word());
                let fields =
                    vec![field("severity", known, "critical, high, medium or low"), field("why", "", "in a few words")];
                (format!("severity of {id}").into(), fields)
            }
            IncidentPurpose::Correct { id, number } => {
                let entry = world.incident_record(id).and_then(|record| record.entry(*number));
                let fields = entry.map_or_else(Vec::new, |entry| of_entry(entry, world));
                (format!("correct entry {number} of {id}").into(), fields)
            }
            IncidentPurpose::Step(id) => {
                let next = world.incident_record(id).map_or("", next_step);
                let fields = vec![
                    field("do", next, "acknowledge, mitigate, resolve, close, reopen, merge, false-alarm"),
                    field("why", "", "what was done"),
                    field("into", "", "for merge: the other incident"),
                ];
                (format!("state of {id}").into(), fields)
            }
        };
        Self { purpose, title, form: DialogForm::new(fields) }
    }

    fn submission(&self, state: &State) -> Submission {
        let world = &state.world;
        let of = |id: &Name, fact, said: String| Ok((vec![IncidentSaid::of(id, fact)], said));
        match &self.purpose {
            IncidentPurpose::Open(draft) => self.opening(draft, world),
            IncidentPurpose::Entry { id, kind, source, .. } => {
                let happened_at = moment(self.form.text("at"), world)?;
                let (text, owner, source) = (self.form.needed("text")?, self.form.optional("owner"), source.clone());
                let noted = IncidentNoted { kind: *kind, text, owner, happened_at, source };
                of(id, IncidentFact::Noted(noted), format!("{} added to {id}", kind.word()))
            }
            IncidentPurpose::Correct { id, number } => {
                let amended = self.correction(id, *number, world)?;
                of(id, IncidentFact::Amended(amended), format!("entry {number} of {id} corrected"))
            }
            IncidentPurpose::Update(id) => {
                of(id, IncidentFact::Updated(self.update(id, world)?), format!("update of {id} given"))
            }
            IncidentPurpose::Role(id) => {
                let (said, text) = roles::said(&self.form, id, state)?;
                of(id, IncidentFact::Role(said), text)
            }
            IncidentPurpose::Severity(id) => {
                let severity = severity(self.form.text("severity"), world)?;
                let (targets, why) = (targets(&world.config, severity), self.form.optional("why"));
                let graded = IncidentGraded { severity, targets, why };
                of(id, IncidentFact::Graded(graded), words::regraded(id, severity))
            }
            IncidentPurpose::Step(id) => {
                let step = one_of(self.form.text("do"), STEPS, "step")?;
                let into = self.form.optional("into");
                let into = match (step, &into) {
                    (IncidentStep::Merge, Some(into)) => {
                        let number = incident_number(into.as_str());
                        Some(incident_id(number.ok_or("`into` is not the id of an incident")?))
                    }
                    (IncidentStep::Merge, None) => return Err("into which incident?".to_owned()),
                    (_, Some(_)) => return Err("`into` is for merge alone".to_owned()),
                    (_, None) => None,
                };
                let moved = IncidentMoved { step, why: self.form.optional("why"), into, copied: Vec::new() };
                of(id, IncidentFact::Moved(moved), words::stepped(id, step))
            }
        }
    }

    fn opening(&self, draft: &IncidentOpened, world: &World) -> Submission {
        let severity = severity(self.form.text("severity"), world)?;
        let mut services: Vec<Name> = Vec::new();
        for written in self.form.listed("services") {
            let known = &world.config.services;
            let found = known.iter().find(|service| *service.name == *written || service.title == written);
            let found = found.ok_or_else(|| {
                let (problem, hint) = world.config.no_service(&written);
                format!("{problem}; {hint}")
            })?;
            if !services.contains(&found.name) {
                services.push(found.name.clone());
            }
        }
        let kind = match self.form.text("kind") {
            "" => None,
            written => {
                let found = world.config.incident.kinds.iter().find(|kind| *kind.name == *written);
                Some(found.ok_or_else(|| format!("no kind of incident named `{written}`; see [incident] kinds"))?)
            }
        };
        let opened = IncidentOpened {
            title: self.form.needed("title")?,
            severity,
            targets: targets(&world.config, severity),
            services,
            kind: kind.map(|kind| kind.name.clone()),
            checklist: kind.and_then(|kind| kind.checklist.clone()),
            ..draft.clone()
        };
        let said = IncidentSaid { id: Name::from(""), what: IncidentFact::Opened(opened) };
        Ok((vec![said], "incident opened".to_owned()))
    }

    fn correction(&self, id: &Name, number: usize, world: &World) -> Result<IncidentAmended, String> {
        let entry = world.incident_record(id).and_then(|record| record.entry(number));
        let entry = entry.ok_or("that entry is not known any more")?;
        let (text, owner) = (self.form.needed("text")?, self.form.optional("owner"));
        let amended = IncidentAmended {
            entry: entry.id.clone(),
            state: None,
            text: (text != entry.text).then_some(text),
            owner: owner.filter(|owner| entry.owner.as_ref() != Some(owner)),
            happened_at: moment(self.form.text("at"), world)?,
        };
        let is_news = amended.text.is_some() || amended.owner.is_some() || amended.happened_at.is_some();
        is_news.then_some(amended).ok_or_else(|| "nothing changed: edit a field, or leave".to_owned())
    }

    fn update(&self, id: &Name, world: &World) -> Result<IncidentUpdated, String> {
        let record = world.incident_record(id).ok_or("that incident is not known any more")?;
        let now = world.now.utc;
        let span = match self.form.text("next") {
            "" => TimeDelta::try_seconds(i64::try_from(record.targets.update_s).unwrap_or(1_800)).unwrap_or_default(),
            written => {
                let span = unit::parse_duration(written).map_err(|error| format!("{error} (use 30m)"))?;
                let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
                if span <= TimeDelta::zero() || span > TimeDelta::days(30) {
                    return Err("`next` lies too far ahead, or not ahead".to_owned());
                }
                span
            }
        };
        let is_public = one_of(self.form.text("public"), [("yes", true), ("no", false), ("", false)], "word")?;
        let rule = world.config.severities.iter().find(|rule| rule.severity == record.severity);
        Ok(IncidentUpdated {
            status: self.form.needed("status")?,
            impact: self.form.optional("impact"),
            doing: self.form.optional("doing"),
            next_at: (now + span).trunc_subsecs(3),
            workaround: self.form.optional("workaround"),
            is_public,
            notify: rule.map_or_else(Vec::new, |rule| rule.notify.clone()),
        })
    }
}

impl FormDialog for IncidentDialog {
    /// The title is none of them: it is known again by what it says, see [`crate::app::incidents`].
    const OWN_WORDS: &'static [&'static str] = &["text", "why", "status", "impact", "doing", "workaround"];

    fn form(&self) -> &DialogForm {
        &self.form
    }

    fn form_mut(&mut self) -> &mut DialogForm {
        &mut self.form
    }

    fn submit(&mut self, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        match self.submission(state) {
            Ok((said, text)) => {
                let asked = match said.first() {
                    Some(IncidentSaid { what: IncidentFact::Opened(opened), .. }) => {
                        state.console.screens.incident.opening = Some(opened.title.clone());
                        AwaitedAnswer::Opened(opened.title.clone())
                    }
                    _ => AwaitedAnswer::Said(SafeText::new(&text)),
                };
                let request = state.request(asked);
                say_of_incident(state, request, said, effects);
                Then::Sent(request)
            }
            Err(problem) => self.form.refuse(&problem),
        }
    }
}
