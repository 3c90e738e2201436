//! `[checklist.NAME]`: rounds of steps that come again and again, or are started when they are needed.

mod included;
mod sensed;
mod step;

use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::console::timezone;
use crate::config::changes::{Fact, hidden, summary};
use crate::config::reader::TableReader;
use crate::config::sections::metric::Metric;
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::lang::schedule::MomentSchedule;
use crate::lang::tz::Tz;
use crate::lang::unit::duration as shown;
use crate::text::coding::to_hex;
use crate::text::name::Name;

pub(crate) use included::flatten;
pub use sensed::{Sensed, StepWhen};
pub(crate) use step::typed_number;
pub use step::{ChecklistStep, CommandStep, NumberStep, StepTask};

/// A checklist, the steps of those that it includes in their place.
#[derive(Debug, Clone, PartialEq)]
pub struct Checklist {
    /// Its name.
    pub name: Name,
    /// `title`, default the name.
    pub title: String,
    /// `at`: when it is due; `None`: on demand.
    pub at: Option<MomentSchedule>,
    /// `window`: so long after it was due it is on time; `None`: until shortly before it is due again.
    pub window: Option<Duration>,
    /// `zone`: whose clocks are meant; `None`: the console's.
    pub zone: Option<Tz>,
    /// `budget`: how long it may take.
    pub budget: Option<Duration>,
    /// `style`
    pub style: ChecklistStyle,
    /// `step`, in its order.
    pub steps: Vec<ChecklistStep>,
}

/// How a list is meant to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChecklistStyle {
    /// Work from memory, then stop and confirm: what is measured is passed over by itself.
    #[default]
    DoConfirm,
    /// Read a line, do it: every step waits for a person.
    ReadDo,
}

impl Checklist {
    /// Whose clocks are meant.
    pub fn zone(&self, console: Tz) -> Tz {
        self.zone.or_else(|| self.at.as_ref().and_then(MomentSchedule::zone)).unwrap_or(console)
    }

    /// When it is due and by whose clocks, in words: the same as long as its periods are; `None`: on demand.
    pub(crate) fn schedule(&self, console: Tz) -> Option<String> {
        Some(format!("{} {}", self.at.as_ref()?.written(), self.zone(console)))
    }

    /// The period in which a moment lies: when it was due, and when it is due again; `None`: it is on demand, or was not due
    /// for more than a year.
    pub(crate) fn period(&self, now: DateTime<Utc>, console: Tz) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let due = self.last_due(now, console)?;
        Some((due, self.at.as_ref()?.next(due, self.zone(console))?))
    }

    /// When it was due last, at a moment or before.
    pub(crate) fn last_due(&self, at: DateTime<Utc>, console: Tz) -> Option<DateTime<Utc>> {
        let (schedule, zone) = (self.at.as_ref()?, self.zone(console));
        // A cron line is gone through from the beginning of the span: most are due every day.
        [2, 40, 400].into_iter().find_map(|days| schedule.last(at, at - chrono::Duration::days(days), zone))
    }

    /// The first moment at which a run of a period that is not signed off is late.
    pub(crate) fn late_from(&self, (due, next): (DateTime<Utc>, DateTime<Utc>)) -> DateTime<Utc> {
        let window = self.window.and_then(|window| chrono::Duration::from_std(window).ok());
        window.and_then(|window| due.checked_add_signed(window)).map_or(next, |late| late.min(next))
    }

    /// The first moment of a period at which a run of it can't be begun on time any more. Without a window what begins shortly
    /// before the list is due again is the next one.
    pub(crate) fn begun_by(&self, period: (DateTime<Utc>, DateTime<Utc>)) -> DateTime<Utc> {
        if self.window.is_some() { self.late_from(period) } else { Self::early_from(period) }
    }

    /// The first moment of a period at which a run that begins is taken for the one of the next.
    pub(crate) fn early_from((due, next): (DateTime<Utc>, DateTime<Utc>)) -> DateTime<Utc> {
        next - ((next - due) / 8).min(chrono::Duration::hours(2))
    }

    /// A digest of what is asked, in hex: it is the same as long as nothing of it changes.
    pub fn digest(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            step.write(&mut text);
            text.push('\n');
        }
        to_hex(&Sha256::digest(text.as_bytes())[..16])
    }
}

/// The keys of a checklist.
pub(crate) const KEYS: &[KeySpec] = &[
    key("title", ValueForm::Text, "How it is shown. Default its name"),
    key(
        "at",
        ValueForm::Moments,
        "When it is due: daily 09:00, weekly Mon 09:00, fortnightly Mon, mid-month, quarterly. Default: on demand",
    ),
    key(
        "window",
        ValueForm::Duration,
        "How long after that it is on time. Default: until shortly before it is due again",
    ),
    key("zone", ValueForm::Text, "IANA name of the zone whose clocks are meant. Default: the console's"),
    key("budget", ValueForm::Duration, "How long it may take: 15m"),
    key(
        "style",
        ValueForm::OneOf(&["do-confirm", "read-do"]),
        "do-confirm moves past what is measured and passed, read-do waits at every step. Default do-confirm",
    ),
    key("step", ValueForm::Tables(step::KEYS), "What is looked at, in its order"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "checklist",
    shape: spec::SectionShape::Named(KEYS),
    help: "Rounds of steps, daily, weekly or on demand: measured, asked, run",
};

/// What the steps of a checklist may name.
pub(crate) struct ChecklistScope<'a> {
    /// `[metric.*]`
    pub metrics: &'a [Metric],
}

/// A checklist as it is written, before others are put in their place.
pub(crate) struct WrittenChecklist {
    list: Checklist,
    steps: Vec<step::WrittenStep>,
}

/// Reads a checklist.
pub(crate) fn read(table: &TableReader<'_>, known: &ChecklistScope<'_>) -> WrittenChecklist {
    let at = table.moments("at");
    let window = table.positive("window");
    if !table.has("at") {
        table.out_of_place("window", "`at`");
        table.out_of_place("zone", "`at`");
    }
    let styles = [("do-confirm", ChecklistStyle::DoConfirm), ("read-do", ChecklistStyle::ReadDo)];
    let zone = timezone(table, "zone");
    if let (Some(_), Some(written)) = (zone, at.as_ref().and_then(MomentSchedule::zone)) {
        let place = table.entry("zone").map_or(table.at, |entry| entry.key_at);
        let message = format!("{} has two zones: `at` names {written}", table.title);
        table.context.error(place, message, "keep one of them");
    }
    let list = Checklist {
        name: Name::from(table.name),
        title: table.string("title").unwrap_or_else(|| table.name.to_owned()),
        at,
        window,
        zone,
        budget: table.positive("budget"),
        style: table.one_of("style", &styles).unwrap_or_default(),
        steps: Vec::new(),
    };
    let steps = step::read_all(table, known);
    WrittenChecklist { list, steps }
}

/// What a change is said by.
pub(crate) fn facts(list: &Checklist) -> Vec<Fact> {
    let span = |span: Option<Duration>| span.map_or_else(String::new, shown);
    vec![
        summary("title", &list.title),
        summary("at", list.at.as_ref().map_or("", MomentSchedule::written)),
        summary("window", span(list.window)),
        summary("zone", list.zone.map_or_else(String::new, |zone| zone.to_string())),
        summary("budget", span(list.budget)),
        hidden("style", &list.style),
        hidden("step", &list.steps),
    ]
}
