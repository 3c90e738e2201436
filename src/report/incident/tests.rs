use super::*;
use crate::model::fact::IncidentFact;
use crate::model::fact::incident::{IncidentAmended, IncidentNoted};
use crate::model::incident::samples::{SampleIncident, at};
use crate::model::incident::{IncidentStamp, IncidentStep};

/// An incident from its opening to its report, with texts that want to be something else.
fn worked_on() -> SampleIncident {
    let mut said = SampleIncident::opened(Severity::Critical, (Some(900), Some(3_600), 1_800));
    said.take("ana", 10, SampleIncident::lead("ana"));
    said.step("ana", 60, IncidentStep::Acknowledge);
    said.note("ana", 120, EntryKind::Hypothesis, "the cache | is `full`");
    said.note("bo", 130, EntryKind::Hypothesis, "<script>alert(1)</script> release 2.4.1");
    for (number, state) in [(1, EntryState::Eliminated), (2, EntryState::Confirmed)] {
        let entry = said.record().entry(number).unwrap().id.clone();
        let amended = IncidentAmended { entry, state: Some(state), text: None, owner: None, happened_at: None };
        said.take("bo", 300 + i64::try_from(number).unwrap(), IncidentFact::Amended(amended));
    }
    let pin = IncidentNoted {
        kind: EntryKind::Pin,
        text: "\u{1b}[31mERROR\u{202e} @everyone ```".into(),
        owner: None,
        happened_at: Some(at(90)),
        source: Some("log:api".into()),
    };
    said.take("ana", 400, IncidentFact::Noted(pin));
    let task = IncidentNoted {
        kind: EntryKind::Task,
        text: "# add a check for carts".into(),
        owner: Some("bo".into()),
        happened_at: None,
        source: None,
    };
    said.take("ana", 500, IncidentFact::Noted(task));
    said.update("ana", 600, "rolling back", 2_400);
    said.note("bo", 1_000, EntryKind::Note, "lucky: the old release was still there");
    said.note("bo", 1_010, EntryKind::Note, "TODO alert on errors of carts");
    said.step("bo", 1_200, IncidentStep::Resolve);
    said.correct("ana", 1_500, IncidentStamp::ImpactStarted, -120);
    said
}

fn around() -> Vec<CopiedLine> {
    let line = |seconds, kind: &str, text: &str, who: Option<&str>| CopiedLine {
        at: at(seconds),
        kind: kind.into(),
        object: "service:api".into(),
        text: text.into(),
        who: who.map(Into::into),
    };
    vec![line(-600, "deployment", "web 2.4.1 deployed", Some("ci")), line(-30, "status", "api: DOWN", None)]
}

fn report() -> IncidentReport {
    let said = worked_on();
    let head = Some(AuditHead { seq: 42, hash: "ab12".to_owned() });
    IncidentReport::new(said.record(), &around(), &Config::default(), head, at(9_999))
}

#[test]
fn the_report_is_as_it_was_approved() {
    insta::assert_snapshot!(report().markdown());
}

#[test]
fn the_promise_of_a_merged_incident_goes_over_to_the_other() {
    let merged = IncidentReport { merged_into: Some("INC-2".into()), ..report() };
    assert!(merged.markdown().contains("- Resolve, due 2026-02-25T07:13:20Z: continued in INC-2\n"));
}

#[test]
fn it_is_the_same_to_the_byte_whenever_it_is_written() {
    let (one, other) = (report(), report());
    assert_eq!((one.markdown(), one.json().unwrap()), (other.markdown(), other.json().unwrap()));
}

#[test]
fn hostile_text_stays_text() {
    let report = report();
    let text = report.markdown();
    assert!(!text.contains("<script>") && !text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    assert!(!text.contains("\n# add"), "no heading of others");
    let cells =
        text.lines().filter(|line| line.starts_with("| ")).map(|line| line.replace("\\|", "").matches('|').count());
    assert!(cells.clone().all(|cells| (4..=5).contains(&cells)), "{:?}\n{text}", cells.collect::<Vec<_>>());
    let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    assert_eq!(json["schema"], "opsroom.incident/1");
    assert_eq!(json["figures"]["time_to_recover_s"], 1_320);
    assert_eq!(json["figures"]["time_to_acknowledge_s"], 60);
    assert_eq!(json["resolve"]["kept"], true);
    assert_eq!(json["timeline"][0]["text"], "api: DOWN");
    assert_eq!(json["changes"].as_array().unwrap().len(), 1);
}

#[test]
fn a_note_finds_its_section_by_its_first_word() {
    for (text, marked, rest) in [
        ("lucky: it was night", Marked::Lucky, Some("it was night")),
        ("TODO: add a test", Marked::Todo, Some("add a test")),
        ("todo add a test", Marked::Todo, Some("add a test")),
        ("todos were done", Marked::Todo, None),
        ("cause: a typo", Marked::Impact, None),
        ("well", Marked::Well, None),
    ] {
        assert_eq!(mark_of(text, marked), rest, "{text}");
    }
}

#[test]
fn the_plain_form_has_a_line_for_the_log_and_the_headings_of_a_page() {
    let report = report();
    insta::assert_snapshot!(format!("{}\n{}", report.log_line(), report.seed()));
    assert_eq!(report.log_line().lines().count(), 1);
    assert_eq!(report.seed(), self::report().seed(), "the same record gives the same text");
}

#[test]
fn the_line_for_the_log_stays_one_whatever_was_typed() {
    let mut said = SampleIncident::opened(Severity::Low, (None, None, 1_800));
    said.take(
        "bo",
        60,
        IncidentFact::Moved(crate::model::fact::incident::IncidentMoved {
            step: IncidentStep::Resolve,
            why: Some("over\nP0 INC-99: forged".into()),
            into: None,
            copied: Vec::new(),
        }),
    );
    let line = IncidentReport::new(said.record(), &[], &Config::default(), None, at(99)).log_line();
    assert_eq!(line.matches('\n').count(), 1, "{line}");
    assert!(line.contains(" P3 INC-1: ") && line.ends_with("after 1m 00s: over⏎P0 INC-99: forged\n"), "{line}");
}
