//! What is said of incidents, in words: the one place that has them, for the timeline, the screen and the report.

use chrono::{DateTime, Utc};

use crate::lang::tz::Tz;
use crate::model::alert::Severity;
use crate::model::fact::incident::IncidentUpdated;
use crate::model::fact::{IncidentFact, IncidentSaid};
use crate::model::incident::{EntryKind, EntryState, IncidentRole, IncidentStamp, IncidentStep, RoleStep};
use crate::model::maintenance::clock_with_zone;
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::name::Name;

/// `: why`, where there is one.
fn because(why: Option<&SafeText>) -> String {
    why.filter(|why| !why.as_str().is_empty()).map_or_else(String::new, |why| format!(": {why}"))
}

/// `opened as critical: checkout fails`
pub(crate) fn opened(severity: Severity, title: &SafeText, from: Option<&SafeText>) -> String {
    let from = from.map_or_else(String::new, |from| format!(" (from {from})"));
    format!("opened as {}: {title}{from}", severity.word())
}

/// `resolved: cache restarted`, `merged into INC-3`
pub(crate) fn moved(step: IncidentStep, into: Option<&Name>, why: Option<&SafeText>) -> String {
    let into = into.map_or_else(String::new, |into| format!(" into {into}"));
    format!("{}{into}{}", step.done(), because(why))
}

/// `severity high: one region only`
pub(crate) fn graded(severity: Severity, why: Option<&SafeText>) -> String {
    format!("severity {}{}", severity.word(), because(why))
}

/// `hypothesis: the cache is full (ana)`
pub(crate) fn noted(kind: EntryKind, text: &SafeText, owner: Option<&SafeText>, source: Option<&SafeText>) -> String {
    let owner = owner.map_or_else(String::new, |owner| format!(" ({owner})"));
    let source = source.map_or_else(String::new, |source| format!(" {source}"));
    match kind {
        EntryKind::Note => format!("{text}{owner}"),
        kind => format!("{}{source}: {text}{owner}", kind.word()),
    }
}

/// `hypothesis eliminated: the cache is full`
pub(crate) fn settled(kind: EntryKind, state: EntryState, text: &SafeText) -> String {
    format!("{} {}: {text}", kind.word(), state.word())
}

/// `bo leads`, `lead offered to bo`
pub(crate) fn role(role: IncidentRole, who: &SafeText, step: RoleStep) -> String {
    let role = role.word();
    match step {
        RoleStep::Taken => format!("{who} takes the role {role}"),
        RoleStep::Offered => format!("role {role} offered to {who}"),
        RoleStep::Accepted => format!("{who} accepts the role {role}"),
        RoleStep::Declined => format!("{who} declines the role {role}"),
        RoleStep::Released => format!("{who} gives up the role {role}"),
    }
}

/// `INC-1 mitigated`: what a person is told of a step that they took.
pub(crate) fn stepped(id: &Name, step: IncidentStep) -> String {
    format!("{id} {}", step.done())
}

/// `INC-1 is high`: what a person is told of a severity that they set.
pub(crate) fn regraded(id: &Name, severity: Severity) -> String {
    format!("{id} is {}", severity.word())
}

/// `update: rolling back · impact: no checkout · doing: … · workaround: … · next 03:30 UTC`
pub(crate) fn updated(said: &IncidentUpdated, at: DateTime<Utc>, zone: Tz) -> String {
    let field =
        |name: &str, text: Option<&SafeText>| text.map_or_else(String::new, |text| format!(" · {name}: {text}"));
    let (impact, doing) = (field("impact", said.impact.as_ref()), field("doing", said.doing.as_ref()));
    let workaround = field("workaround", said.workaround.as_ref());
    format!("update: {}{impact}{doing}{workaround} · next {}", said.status, clock_with_zone(said.next_at, at, zone))
}

/// `impact-started corrected to 02:31 UTC: by the logs`
pub(crate) fn corrected(
    stamp: IncidentStamp,
    (to, at): (DateTime<Utc>, DateTime<Utc>),
    zone: Tz,
    why: Option<&SafeText>,
) -> String {
    format!("{} corrected to {}{}", stamp.word(), clock_with_zone(to, at, zone), because(why))
}

/// `evidence saved: 9 files in …; missing: …`
pub(crate) fn evidence(directory: &str, files: usize, missing: &[SafeText]) -> String {
    let missing = missing.iter().map(SafeText::as_str).collect::<Vec<_>>().join("; ");
    let missing = if missing.is_empty() { missing } else { format!("; missing: {missing}") };
    format!("evidence saved: {} in {directory}{missing}", counted(files as u64, "file"))
}

/// What a fact says, and whether a person says it.
pub(crate) fn describe(said: &IncidentSaid, at: DateTime<Utc>, zone: Tz) -> (String, bool) {
    let text = match &said.what {
        IncidentFact::Opened(said) => opened(said.severity, &said.title, said.from.as_ref()),
        IncidentFact::Moved(said) => moved(said.step, said.into.as_ref(), said.why.as_ref()),
        IncidentFact::Graded(said) => graded(said.severity, said.why.as_ref()),
        IncidentFact::Noted(said) => noted(said.kind, &said.text, said.owner.as_ref(), said.source.as_ref()),
        IncidentFact::Amended(said) => match (&said.text, said.state) {
            (Some(text), _) => format!("entry corrected: {text}"),
            (None, Some(state)) => format!("entry {}", state.word()),
            (None, None) => "entry corrected".to_owned(),
        },
        IncidentFact::Role(said) => role(said.role, &said.who, said.step),
        IncidentFact::Updated(said) => updated(said, at, zone),
        IncidentFact::Corrected(said) => corrected(said.stamp, (said.to, at), zone, said.why.as_ref()),
        IncidentFact::Reminded(said) => said.about.describe().to_owned(),
        IncidentFact::Joined(_) => "joined".to_owned(),
        IncidentFact::Evidence(said) => evidence(&said.directory, said.files.len(), &said.missing),
    };
    (format!("{}: {text}", said.id), !matches!(said.what, IncidentFact::Reminded(_)))
}
