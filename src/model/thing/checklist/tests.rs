use super::*;
use crate::model::checklist::StepKind;
use crate::model::fact::ChecklistSigned;

fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-03-02T{clock}Z").parse().unwrap_or_else(|_| panic!("{clock}"))
}

fn draft(clock: &str, who: &str, said: Statement) -> NewFact {
    let (id, host) = (String::new(), String::new());
    NewFact { id, at: at(clock), who: who.to_owned(), host, process: 1, late: false, said }
}

fn asked(id: &str, kind: StepKind, gate: bool) -> AskedStep {
    AskedStep { id: id.into(), title: id.into(), kind, killer: false, gate, from: None }
}

fn started() -> Statement {
    Statement::ChecklistStarted(Box::new(ChecklistStarted {
        run: "r".into(),
        checklist: "morning".into(),
        title: "Morning".into(),
        due: Some(at("09:00:00")),
        until: Some(at("13:00:00")),
        schedule: None,
        budget_s: None,
        digest: "d".to_owned(),
        steps: vec![asked("up", StepKind::Auto, true), asked("look", StepKind::Ask, false)],
    }))
}

fn step(id: &str, state: StepState, sensed: bool) -> Statement {
    Statement::ChecklistStepped(Box::new(ChecklistStepped {
        run: "r".into(),
        checklist: "morning".into(),
        step: id.into(),
        title: id.into(),
        state,
        sensed,
        value: None,
        measured_at: None,
        limit: None,
        reason: None,
        evidence: None,
        to: None,
        reused: None,
    }))
}

fn signed() -> Statement {
    sign(&after([step("up", Passed, true), step("look", Passed, false)]))
}

fn sign(seen: &ChecklistRecord) -> Statement {
    let (run, checklist) = ("r".into(), "morning".into());
    let (digest, outcome) = (seen.run_digest(), "2 passed".into());
    Statement::ChecklistSigned(ChecklistSigned { run, checklist, digest, outcome, fast: false })
}

/// A run after these were said of it, all by Ana.
fn after(said: impl IntoIterator<Item = Statement>) -> ChecklistRecord {
    let mut record = None;
    for said in std::iter::once(started()).chain(said) {
        record = ChecklistRecord::after(record, &draft("09:03:00", "ana (ssh 10.0.0.1)", said));
    }
    record.unwrap()
}

fn refused(record: &ChecklistRecord, said: &Statement) -> String {
    let refusal = ChecklistRecord::admits(Some(record), said).expect_err("it is refused");
    refusal.describe(|at| at.format("%H:%M").to_string())
}

use StepState::{Deferred, Failed, Open, Passed, Skipped, Waived};

#[test]
fn a_person_never_turns_a_failure_that_was_measured_into_a_pass() {
    let failed = after([step("up", Failed, true)]);
    assert!(refused(&failed, &step("up", Passed, false)).contains("measured, a person cannot make it pass"));
    for state in [Skipped, Waived, Deferred] {
        assert_eq!(ChecklistRecord::admits(Some(&failed), &step("up", state, false)), Ok(()), "{state:?}");
    }
    // Not before anything was measured either.
    assert!(refused(&after([]), &step("up", Passed, false)).contains("measured"));
}

#[test]
fn a_measured_step_fails_again_until_a_person_decided() {
    let relapsed = after([step("up", Passed, true), step("up", Failed, true)]);
    assert_eq!(relapsed.step("up").unwrap().state(), Failed);
    let waived = after([step("up", Failed, true), step("up", Waived, false)]);
    assert_eq!(refused(&waived, &step("up", Passed, true)), "up: already done by ana 09:03");
    let wrong = after([step("up", Passed, true), step("up", Failed, false)]);
    assert_eq!(refused(&wrong, &step("up", Passed, true)), "up: already done by ana 09:03");
}

#[test]
fn of_two_people_at_one_step_the_first_wins() {
    let first = after([step("up", Passed, true), step("look", Passed, false)]);
    assert_eq!(refused(&first, &step("look", Passed, false)), "look: already done by ana 09:03");
    assert_eq!(refused(&first, &started()), "already started by ana 09:03");
    // Somebody who finds that it is wrong may say so.
    assert_eq!(ChecklistRecord::admits(Some(&first), &step("look", Failed, false)), Ok(()));
    assert_eq!(ChecklistRecord::admits(Some(&first), &step("look", Open, false)), Ok(()));
}

#[test]
fn a_gate_stops_the_round() {
    for before in [vec![], vec![step("up", Failed, true)]] {
        let gated = after(before);
        assert_eq!(refused(&gated, &step("look", Passed, false)), "the round stops at `up` until that passes");
    }
    let waived = after([step("up", Failed, true), step("up", Waived, false)]);
    assert_eq!(ChecklistRecord::admits(Some(&waived), &step("look", Passed, false)), Ok(()));
}

#[test]
fn only_what_is_finished_is_signed_and_then_nothing_changes() {
    let half = after([step("up", Passed, true)]);
    assert_eq!(refused(&half, &signed()), "1 step is not finished: look");
    let failed = after([step("up", Failed, true)]);
    assert_eq!(refused(&failed, &signed()), "2 steps are not finished, the first is: up");
    let done = after([step("up", Passed, true), step("look", Passed, false), signed()]);
    assert!(!done.is_open() && done.is_on_time());
    for said in [step("up", Failed, true), step("look", Failed, false), signed(), started()] {
        assert_eq!(refused(&done, &said), "already signed off by ana 09:03", "{said:?}");
    }
}

#[test]
fn what_is_signed_is_the_run_as_it_was_seen() {
    let run = after([step("up", Passed, true), step("look", Passed, false)]);
    assert_eq!(ChecklistRecord::admits(Some(&run), &sign(&run)), Ok(()));
    let other = after([step("up", Passed, true), step("look", Skipped, false)]);
    assert!(refused(&run, &sign(&other)).contains("the run changed meanwhile"));
}

#[test]
fn a_period_without_a_run_is_a_row_and_closes_what_was_left_open() {
    let missed = Statement::ChecklistMissed(ChecklistMissed {
        run: "r".into(),
        checklist: "morning".into(),
        title: "Morning".into(),
        due: at("09:00:00"),
        ended: at("23:00:00"),
        schedule: None,
        more: 0,
    });
    let row = ChecklistRecord::after(None, &draft("23:00:01", "opsroom", missed.clone())).unwrap();
    assert!(!row.is_open() && row.steps.is_empty() && row.ended_at() == Some(at("23:00:00")));
    assert_eq!(refused(&row, &started()), "Morning was missed: its period is over");
    let left = after([step("up", Passed, true), missed.clone()]);
    assert!(!left.is_open() && left.steps.len() == 2);
    let done = after([step("up", Passed, true), step("look", Passed, false), signed()]);
    assert!(ChecklistRecord::admits(Some(&done), &missed).is_err());
}
