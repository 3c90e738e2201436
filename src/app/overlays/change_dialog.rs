//! What a person says of the change calendar: a change or a freeze is planned, or called off with a reason.

use chrono::{DateTime, Utc};

use super::fields::{DialogField, DialogForm, FormDialog};
use crate::app::describe::{service_of, subject};
use crate::app::saying::say_of_alerts;
use crate::app::state::State;
use crate::app::state::overlay::Then;
use crate::lang::schedule::LocalMoment;
use crate::lang::unit;
use crate::model::alert::times::SpanBounds;
use crate::model::effect::Effect;
use crate::model::fact::change::{LONGEST_TITLE, NOTICE, change_id};
use crate::model::fact::{ChangePlanned, ChangeSaid, Statement};
use crate::model::maintenance::clock_with_zone;
use crate::model::thing::ChangeRecord;
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
    /// What is filled in; of a plan the switch says that nothing is to be changed in that time.
    pub form: DialogForm,
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
        Self { purpose: ChangePurpose::Plan, form: DialogForm::new(fields).with_switch() }
    }

    /// Calls one off.
    pub(crate) fn call_off(change: &ChangeRecord) -> Self {
        let form = DialogForm::new(vec![DialogField::new("why", "", "in a few words")]);
        Self { purpose: ChangePurpose::CallOff(Box::new(change.clone())), form }
    }

    /// What is planned.
    fn planned(&self, world: &World) -> Result<ChangePlanned, String> {
        let (config, now) = (&world.config, world.now.utc);
        let title = self.form.needed("what")?;
        if title.as_str().chars().count() > LONGEST_TITLE {
            return Err(format!("what has more than {LONGEST_TITLE} characters"));
        }
        let services = self.form.listed("services");
        if services.is_empty() {
            return Err("services is empty (use * for all)".to_owned());
        }
        let services = config.services_named(&services).map_err(|(problem, hint)| format!("{problem}; {hint}"))?;
        let why = self.form.needed("why")?;
        let from = self.from(world)?;
        let span = |label: &str, written: &str| {
            unit::parse_duration(written).map_err(|error| format!("{label}: {error} (use 30m or 2h)"))
        };
        let length = match self.form.text("for") {
            "" => return Err("for is empty (use 30m or 2h)".to_owned()),
            written => span("for", written)?,
        };
        let until = SpanBounds::MUTED.until(from, length).map_err(|problem| format!("for: {problem}"))?;
        if until <= now {
            let over = clock_with_zone(until, now, config.console.timezone);
            return Err(format!("it would end in the past: {over}; use a later `from`"));
        }
        let notice = match self.form.text("notice") {
            "" => NOTICE,
            written => span("notice", written)?,
        };
        let notify = self.form.listed("notify");
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
            freeze: self.form.switch.unwrap_or_default(),
        })
    }

    /// Its first moment: by the console's clocks, so long from now, or now.
    fn from(&self, world: &World) -> Result<DateTime<Utc>, String> {
        let (now, zone) = (world.now.utc, world.config.console.timezone);
        let written = self.form.text("from");
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
                let zone = world.config.console.timezone;
                let skipped = LocalMoment::parse(self.form.text("from")).ok().and_then(|from| from.skipped(zone));
                let text = skipped.map_or_else(|| text.clone(), |why| format!("{text}; {why}"));
                Ok((ChangeSaid::Planned(planned), text))
            }
            ChangePurpose::CallOff(change) => {
                let text = format!("{} {} called off", change.word(), change.title);
                Ok((ChangeSaid::CalledOff(change.calling_off(self.form.needed("why")?)), text))
            }
        }
    }
}

impl FormDialog for ChangeDialog {
    const OWN_WORDS: &'static [&'static str] = &["what", "why"];

    fn form(&self) -> &DialogForm {
        &self.form
    }

    fn form_mut(&mut self) -> &mut DialogForm {
        &mut self.form
    }

    fn submit(&mut self, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        match self.submission(&state.world) {
            Ok((said, text)) => Then::Sent(say_of_alerts(state, vec![Statement::Change(said)], &text, effects)),
            Err(problem) => self.form.refuse(&problem),
        }
    }
}
