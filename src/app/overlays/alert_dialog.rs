//! What a person says of alerts: an acknowledgement, with a reason and an end, or a silence.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::fields::{DialogField, DialogForm, FormDialog};
use crate::app::saying::say_of_alerts;
use crate::app::state::State;
use crate::app::state::overlay::Then;
use crate::config::sections::alerting::Alerting;
use crate::config::titles::title_of_firing;
use crate::lang::key::{Key, KeyCode};
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::alert::times::SpanBounds;
use crate::model::effect::Effect;
use crate::model::fact::alerting::silence_id;
use crate::model::fact::{SilenceStarted, Statement};
use crate::model::silence::{FORMS, SilenceMatch};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;
use crate::world::alerts::AlertView;

/// Reasons that a digit chooses while none is written; the first is meant where a person gives none.
pub(crate) const REASONS: [&str; 4] = ["looking into it", "fix under way", "planned work", "false alarm"];
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

/// The dialog.
#[derive(Debug, Clone)]
pub struct AlertDialog {
    /// What is said.
    pub purpose: AlertPurpose,
    /// What is filled in; of a silence the switch says that it stays until its end, though what it matches has long been quiet.
    pub form: DialogForm,
}

impl AlertDialog {
    /// Acknowledges these alerts, each for as long as is configured where nothing is typed.
    pub(crate) fn acknowledge(rules: Vec<Name>, world: &World) -> Self {
        let why = DialogField::new("why", "", REASONS[0]);
        let severities = rules.iter().filter_map(|rule| world.alert(rule)).map(|alert| alert.severity);
        let span = DialogField::new("for", "", expiry(&world.config.alerting, &severities.collect()));
        Self { purpose: AlertPurpose::Acknowledge(rules), form: DialogForm::new(vec![why, span]) }
    }

    /// Silences what `matching` matches.
    pub(crate) fn silence(matching: &str) -> Self {
        let matches =
            DialogField::new("match", matching, "api, slo:NAME, service:NAME, severity:NAME, text:WORDS or *");
        let why = DialogField::new("why", "", REASONS[0]);
        let span = DialogField::new("for", SILENCED_FOR, "30m, 2h");
        // What to match comes first where nothing is selected.
        let focus = usize::from(!matching.is_empty());
        let form = DialogForm { focus, ..DialogForm::new(vec![matches, why, span]).with_switch() };
        Self { purpose: AlertPurpose::Silence, form }
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
                        let severity = note.severity.word();
                        lines.push(SafeText::new(&format!("  last note ({severity}), by {}: {}", note.by, note.why)));
                    }
                }
                lines
            }
            AlertPurpose::Silence => {
                match SilenceMatch::parse(self.form.text("match"), |word| world.config.severity_named(word)) {
                    Ok(matching) => {
                        let preview = world.preview_silence(&matching);
                        let title = |subject, name| title_of_firing(&world.config, subject, name);
                        let silenced = format!("silences {}", world.title_of_match(&matching.written()));
                        let lines = [preview.now_in_words(title), preview.past_in_words(title), silenced];
                        lines.iter().map(|line| SafeText::new(line)).collect()
                    }
                    Err(problem) => vec![SafeText::new(&problem)],
                }
            }
        }
    }

    fn reason(&self) -> SafeText {
        self.form.optional("why").unwrap_or_else(|| SafeText::new(REASONS[0]))
    }

    /// The end that was typed; `None`: nothing was.
    fn until(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
        let text = self.form.text("for");
        if text.is_empty() {
            return Ok(None);
        }
        let span = unit::parse_duration(text).map_err(|error| error.to_string())?;
        let bounds = match &self.purpose {
            AlertPurpose::Acknowledge(_) => SpanBounds::ACKNOWLEDGED,
            AlertPurpose::Silence => SpanBounds::MUTED,
        };
        bounds.until(now, span).map(Some).map_err(|problem| format!("{problem}: allowed {}", bounds.describe()))
    }

    /// What is to be put on record, and what is said once it is.
    fn statements(&self, state: &State) -> Result<(Vec<Statement>, String), String> {
        let (world, now) = (&state.world, state.world.now.utc);
        match &self.purpose {
            AlertPurpose::Acknowledge(rules) => {
                let (why, until) = (self.reason(), self.until(now)?);
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
                let meant = SilenceMatch::parse(self.form.text("match"), |word| world.config.severity_named(word))
                    .map_err(|problem| format!("{problem}; use {FORMS}"))?;
                if let Some(unknown) = world.unknown_name(&meant) {
                    return Err(format!("{}; {}", unknown.problem, unknown.hint));
                }
                let matching = meant.written();
                let until = self.until(now)?.ok_or("how long? use 30m or 2h")?;
                let text = format!("silenced {}", world.title_of_match(&matching));
                let said = SilenceStarted {
                    id: silence_id(now),
                    matching,
                    why: self.reason(),
                    until,
                    hold: self.form.switch.unwrap_or_default(),
                };
                Ok((vec![Statement::SilenceStarted(said)], text))
            }
        }
    }
}

/// Each once, in their order.
fn deduplicated(names: Vec<&str>) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    names.into_iter().filter(|name| seen.insert(*name)).collect()
}

/// For how long alerts of these severities are acknowledged: `30m`, or `critical 30m, high 4h` where that differs.
fn expiry(alerting: &Alerting, severities: &BTreeSet<Severity>) -> String {
    let spans: BTreeSet<_> = severities.iter().map(|severity| alerting.ack_expires(*severity)).collect();
    if let (Some(span), 1) = (spans.first(), spans.len()) {
        return unit::duration(*span);
    }
    let each = severities
        .iter()
        .rev()
        .map(|severity| format!("{} {}", severity.word(), unit::duration(alerting.ack_expires(*severity))));
    each.collect::<Vec<_>>().join(", ")
}

impl FormDialog for AlertDialog {
    /// With a row of what it would do, and the reasons under the line for them.
    const BESIDE: u16 = 5;
    const OWN_WORDS: &'static [&'static str] = &["why"];

    fn form(&self) -> &DialogForm {
        &self.form
    }

    fn form_mut(&mut self) -> &mut DialogForm {
        &mut self.form
    }

    fn submit(&mut self, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        match self.statements(state) {
            Ok((said, text)) => Then::Sent(say_of_alerts(state, said, &text, effects)),
            Err(problem) => self.form.refuse(&problem),
        }
    }

    /// The reason that a digit means, while a reason is asked for and none is written.
    fn text_of(&self, key: Key) -> Option<&'static str> {
        self.form.focused().filter(|field| field.label == "why" && field.input.text().is_empty())?;
        let KeyCode::Char(digit) = key.code else { return None };
        let at = digit.to_digit(10)?.checked_sub(1)? as usize;
        REASONS.get(at).copied().filter(|_| !key.ctrl && !key.alt)
    }
}
