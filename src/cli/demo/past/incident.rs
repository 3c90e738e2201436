//! The incident that people worked on in the demo's past: what each of them said, and when.

use chrono::{DateTime, TimeDelta, Utc};

use super::facts::PastFact;
use super::outages::Outage;
use crate::model::alert::Severity;
use crate::model::fact::incident::{IncidentMoved, IncidentNoted, IncidentOpened, IncidentRoleSaid, IncidentUpdated};
use crate::model::fact::{IncidentFact, IncidentSaid, Statement};
use crate::model::incident::{EntryKind, IncidentRole, IncidentStep, IncidentTargets, RoleStep};
use crate::text::SafeText;

/// Its number.
const ID: &str = "INC-1";
/// What its severity asks for, in seconds: as `[severity.critical]` of the demo has it.
const TARGETS: IncidentTargets = IncidentTargets { acknowledge_s: Some(900), resolve_s: Some(3_600), update_s: 1_800 };

/// All that was said of it during an outage of the shop front that began at `began`, and until its report was done.
pub(super) fn of_outage(outage: &Outage, began: DateTime<Utc>) -> Vec<PastFact> {
    let over = i64::try_from(outage.lasted.as_secs()).unwrap_or(i64::MAX);
    let said = |seconds: i64, who: &'static str, what: IncidentFact| {
        let said = IncidentSaid { id: ID.into(), what };
        PastFact { at: began + TimeDelta::seconds(seconds), who, said: Statement::Incident(Box::new(said)) }
    };
    let opened = IncidentOpened {
        title: SafeText::new("the shop front is slow, then down"),
        severity: Severity::Critical,
        targets: TARGETS,
        services: vec!["web".into(), "api".into()],
        kind: None,
        checklist: None,
        from: Some(SafeText::new("alert:web")),
        alerted_at: Some(began + TimeDelta::seconds(5)),
        impact_started_at: Some(began),
    };
    let lead = IncidentRoleSaid { role: IncidentRole::Lead, who: SafeText::new("ana"), step: RoleStep::Taken };
    let update = IncidentUpdated {
        status: SafeText::new("a crawler slows the shop down; it is being blocked"),
        impact: Some(SafeText::new("pages take seconds, some fail")),
        doing: Some(SafeText::new("blocking its address at the proxy")),
        next_at: began + TimeDelta::seconds(1_990),
        workaround: None,
        is_public: false,
        notify: Vec::new(),
    };
    vec![
        said(70, "ana", IncidentFact::Opened(opened)),
        said(72, "ana", IncidentFact::Role(lead)),
        said(80, "ana", moved(IncidentStep::Acknowledge, None)),
        said(130, "ben", noted(EntryKind::Hypothesis, "the api waits for the cache", None)),
        said(165, "ana", noted(EntryKind::Note, "one address asks for 40 pages a second", None)),
        said(190, "ana", IncidentFact::Updated(update)),
        said(215, "ana", noted(EntryKind::Decision, "block the address at the proxy", None)),
        said(over, "ana", moved(IncidentStep::Resolve, Some("the crawler is blocked, pages are fast again"))),
        said(over + 240, "ana", noted(EntryKind::Task, "limit the requests of one address", Some("ben"))),
        said(over + 54_000, "ana", moved(IncidentStep::Close, Some("the report is in the wiki"))),
    ]
}

fn moved(step: IncidentStep, why: Option<&str>) -> IncidentFact {
    IncidentFact::Moved(IncidentMoved { step, why: why.map(SafeText::new), into: None, copied: Vec::new() })
}

fn noted(kind: EntryKind, text: &str, owner: Option<&str>) -> IncidentFact {
    let (text, owner) = (SafeText::new(text), owner.map(SafeText::new));
    IncidentFact::Noted(IncidentNoted { kind, text, owner, happened_at: None, source: None })
}
