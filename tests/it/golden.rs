//! What is handed to others in writing, as it was approved: the report of an incident, of a day with incidents and rounds, and
//! a handover. What it is made of lies in a real store, SQLite and PostgreSQL, which give the same bytes; and it holds texts
//! that want to be something else.
#![expect(clippy::unwrap_used, reason = "a test ends where a helper fails")]

use chrono::{DateTime, Utc};
use opsroom::model::alert::Severity;
use opsroom::model::checklist::{StepKind, StepState};
use opsroom::model::fact::incident::{
    EvidenceFile, IncidentAmended, IncidentCorrected, IncidentEvidence, IncidentJoined, IncidentMoved, IncidentNoted,
    IncidentOpened, IncidentRoleSaid, IncidentUpdated,
};
use opsroom::model::fact::{
    AlertAcknowledged, AlertFired, AskedStep, ChecklistMissed, ChecklistSigned, ChecklistStarted, ChecklistStepped,
    Deployed, IncidentFact, IncidentSaid, NewFact, Statement,
};
use opsroom::model::incident::{
    EntryKind, EntryState, IncidentRole, IncidentStamp, IncidentStep, IncidentTargets, RoleStep,
};
use opsroom::store::lease::HeldWrite;
use opsroom::text::SafeText;

use crate::support::seed::{fact, held, utc};
use crate::support::team::Team;

const CONFIG: &str = r#"
[console]
name = "shop"
environment = "production"
timezone = "Europe/Berlin"
[service.api]
title = "Shop API | *carts*"
[service.web]
[check.api]
service = "api"
http = "http://127.0.0.1:1/"
[contact.ana]
name = "Ana <ana@example.com>"
[contact.ben]
[oncall]
rotation = ["ana"]
[checklist.morning]
title = "Morning round | <b>all</b>"
at = "daily 09:00"
step = [{ title = "Look", ask = "?" }]
[checklist.evening]
title = "Evening round"
at = "daily 18:00"
step = [{ title = "Look", ask = "?" }]
"#;

/// What the outside may send: a clipboard, a right-to-left override, HTML, a link, a table, a heading, a mention.
const HOSTILE: &str =
    "\u{1b}]52;c;eA==\u{7}\u{202e}| x | <img src=x onerror=y> [click](https://evil.example) `c` \n# Good day @channel";

fn at(text: &str) -> DateTime<Utc> {
    utc(&format!("2025-10-21T{text}Z"))
}

fn of(time: &str, who: &str, id: &str, what: IncidentFact) -> NewFact {
    fact(at(time), who, Statement::Incident(Box::new(IncidentSaid { id: id.into(), what })))
}

fn noted(kind: EntryKind, text: &str) -> IncidentNoted {
    IncidentNoted { kind, text: SafeText::new(text), owner: None, happened_at: None, source: None }
}

fn moved(step: IncidentStep, why: &str) -> IncidentFact {
    IncidentFact::Moved(IncidentMoved { step, why: Some(SafeText::new(why)), into: None, copied: Vec::new() })
}

fn opened(title: &str, severity: Severity) -> IncidentOpened {
    IncidentOpened {
        title: SafeText::new(title),
        severity,
        targets: IncidentTargets { acknowledge_s: Some(900), resolve_s: Some(3_600), update_s: 1_800 },
        services: vec!["api".into()],
        kind: None,
        checklist: None,
        from: Some("alert:api".into()),
        alerted_at: Some(at("04:00:30")),
        impact_started_at: Some(at("04:00:00")),
    }
}

/// What was added, and by whom it may be amended: a hypothesis that is confirmed and one that is ruled out, tasks, a pin, a
/// note that was put between others.
fn entries() -> Vec<NewFact> {
    let one = "INC-1";
    let add = |time: &str, who: &str, noted: IncidentNoted| of(time, who, one, IncidentFact::Noted(noted));
    let confirmed =
        add("04:05:00", "ana (ssh from 10.0.0.4)", noted(EntryKind::Hypothesis, &format!("release 2.4.1 {HOSTILE}")));
    let eliminated = add("04:06:00", "ben", noted(EntryKind::Hypothesis, "the cache is full"));
    let amended = |time: &str, entry: &NewFact, state: EntryState| {
        let said =
            IncidentAmended { entry: entry.id.clone(), state: Some(state), text: None, owner: None, happened_at: None };
        of(time, "ben", one, IncidentFact::Amended(said))
    };
    let settled = [
        amended("04:08:00", &eliminated, EntryState::Eliminated),
        amended("04:09:00", &confirmed, EntryState::Confirmed),
    ];
    let pin = IncidentNoted {
        source: Some("log:api".into()),
        happened_at: Some(at("04:00:10")),
        ..noted(EntryKind::Pin, &format!("ERROR {HOSTILE}"))
    };
    let task = IncidentNoted { owner: Some("ben | *x*".into()), ..noted(EntryKind::Task, "# add a check for carts") };
    let others = [
        add("04:10:00", "ana", pin),
        add("04:11:00", "ana", task),
        add("04:12:00", "ana", noted(EntryKind::Decision, "roll back to 2.4.0")),
        add("04:25:00", "ben", noted(EntryKind::Note, "lucky: it was night")),
        add("04:26:00", "ben", noted(EntryKind::Note, "TODO alert on errors of carts")),
    ];
    [confirmed, eliminated].into_iter().chain(settled).chain(others).collect()
}

fn incidents() -> Vec<NewFact> {
    let one = "INC-1";
    let lead = IncidentRoleSaid { role: IncidentRole::Lead, who: "ana".into(), step: RoleStep::Taken };
    let update = IncidentUpdated {
        status: SafeText::new(&format!("rolling back {HOSTILE}")),
        impact: Some("nobody can pay | <b>nobody</b>".into()),
        doing: Some("release 2.4.0".into()),
        next_at: at("04:45:00"),
        workaround: None,
        is_public: true,
        notify: Vec::new(),
    };
    let evidence = IncidentEvidence {
        directory: "/var/lib/opsroom/saved/evidence-1".to_owned(),
        files: vec![EvidenceFile { name: "screen.svg".into(), sha256: "ab".repeat(32), bytes: 12_345 }],
        missing: vec!["check web: no answer yet".into()],
    };
    let corrected =
        IncidentCorrected { stamp: IncidentStamp::ImpactStarted, to: at("03:58:00"), why: Some("by the logs".into()) };
    let mut facts = vec![
        of(
            "04:01:00",
            "ana",
            one,
            IncidentFact::Opened(opened(&format!("checkout fails {HOSTILE}"), Severity::Critical)),
        ),
        of("04:01:05", "ana", one, IncidentFact::Evidence(evidence)),
        of("04:02:00", "ana", one, moved(IncidentStep::Acknowledge, "at it")),
        of("04:02:10", "ana", one, IncidentFact::Role(lead)),
        of("04:03:00", "ben", one, IncidentFact::Joined(IncidentJoined {})),
        of("04:15:00", "ana", one, IncidentFact::Updated(update)),
        of("04:20:00", "ana", one, moved(IncidentStep::Mitigate, "2.4.0 is up")),
        of("04:30:00", "ana", one, moved(IncidentStep::Resolve, &format!("2.4.0 is back {HOSTILE}"))),
        of("04:40:00", "ben", one, IncidentFact::Corrected(corrected)),
        of("06:00:00", "ben", "INC-2", IncidentFact::Opened(opened("disk full", Severity::High))),
        of("06:05:00", "ben", "INC-2", moved(IncidentStep::FalseAlarm, "the other disk")),
    ];
    facts.extend(entries());
    facts.sort_by_key(|fact| fact.at);
    facts
}

/// A round that was done, and one that went by.
fn rounds() -> Vec<NewFact> {
    let (run, list) = ("morning@20251021T0700Z", "morning");
    let started = ChecklistStarted {
        run: run.into(),
        checklist: list.into(),
        title: "Morning round".into(),
        due: Some(at("07:00:00")),
        until: Some(at("11:00:00")),
        schedule: None,
        budget_s: Some(900),
        digest: "d".to_owned(),
        steps: vec![AskedStep {
            id: "look".into(),
            title: "Look".into(),
            kind: StepKind::Ask,
            killer: false,
            gate: false,
            from: None,
        }],
    };
    let stepped = ChecklistStepped {
        run: run.into(),
        checklist: list.into(),
        step: "look".into(),
        title: "Look".into(),
        state: StepState::Skipped,
        sensed: false,
        value: None,
        limit: None,
        reason: Some(SafeText::new(&format!("not today {HOSTILE}"))),
        evidence: None,
        to: None,
        reused: None,
        measured_at: None,
    };
    let signed = ChecklistSigned {
        run: run.into(),
        checklist: list.into(),
        digest: "d".to_owned(),
        outcome: "1 skipped".into(),
        fast: true,
    };
    let missed = ChecklistMissed {
        run: "evening@20251020T1600Z".into(),
        checklist: "evening".into(),
        title: "Evening round".into(),
        due: utc("2025-10-20T16:00:00Z"),
        ended: at("16:00:00"),
        schedule: None,
        more: 0,
    };
    vec![
        fact(at("07:10:00"), "ana", Statement::ChecklistStarted(Box::new(started))),
        fact(at("07:11:00"), "ana", Statement::ChecklistStepped(Box::new(stepped))),
        fact(at("07:12:00"), "ana", Statement::ChecklistSigned(signed)),
        fact(at("16:00:00"), "", Statement::ChecklistMissed(missed)),
    ]
}

/// An alert that still fires, and a release: what a handover has to name.
fn firing(fence: u64) -> Vec<NewFact> {
    let id = "20251021T160000.000Z-check:api/critical/0";
    let fired = AlertFired {
        id: id.into(),
        alert: "api".into(),
        rule: "check:api/critical/0".into(),
        severity: Severity::Critical,
        service: Some("api".into()),
        condition: "down".to_owned(),
        value: SafeText::new(&format!("DOWN {HOSTILE}")),
        since: at("16:00:00"),
        fired_at: at("16:00:00"),
        seen: true,
        muted_because: None,
        fence,
    };
    let acknowledged = AlertAcknowledged {
        id: id.into(),
        alert: "api".into(),
        severity: Severity::Critical,
        why: SafeText::new(HOSTILE),
        until: utc("2099-01-01T00:00:00Z"),
        link: None,
        together: false,
        taken_by: None,
    };
    let deployed = Deployed { service: "web".into(), version: SafeText::new(HOSTILE), subject: None };
    vec![
        fact(at("03:50:00"), "ci", Statement::Deployed(deployed)),
        fact(at("16:00:00"), "", Statement::AlertFired(fired)),
        fact(at("16:05:00"), "ana (ssh from 10.0.0.4)", Statement::AlertAcknowledged(acknowledged)),
    ]
}

async fn seed(team: &Team) {
    let (store, fence) = held(team).await;
    let mut facts: Vec<NewFact> = incidents().into_iter().chain(rounds()).chain(firing(fence)).collect();
    facts.sort_by_key(|fact| fact.at);
    for fact in facts {
        assert_eq!(store.append_held(fence, vec![fact]).await.unwrap(), HeldWrite::Done);
    }
    store.close().await;
}

/// What it prints, without the hash of the chain, in which lies when it was written.
fn says(team: &Team, arguments: &[&str]) -> String {
    let ran = team.opsroom_with(CONFIG, arguments);
    assert!(ran.status.success(), "{arguments:?}: {ran:?}");
    let text = String::from_utf8(ran.stdout).unwrap();
    let is_hash =
        |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) && word != "ab".repeat(32);
    let words = text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric());
    words
        .map(|word| {
            if is_hash(word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric())) { "HASH " } else { word }
        })
        .collect()
}

/// The same without days and times: a draft of a handover is of the moment at which it is drafted.
fn timeless(text: &str) -> String {
    let is_time = |word: &str| word.bytes().filter(u8::is_ascii_digit).count() > 3 && word.contains([':', '-']);
    let words = text.split_inclusive([' ', '\n']);
    let masked = |word| if is_time(word) { if word.ends_with('\n') { "TIME\n" } else { "TIME " } } else { word };
    // What was on another day has its day before the time.
    words.map(masked).collect::<String>().replace("TIME TIME", "TIME")
}

/// Nothing of the text does anything where it is shown.
fn is_harmless(text: &str) {
    for bad in ["<img", "<b>", "](https://evil", "\u{1b}", "\u{7}", "\u{202e}", "\n# Good", " @channel"] {
        assert!(!text.contains(bad), "{bad:?} in {text}");
    }
}

const INCIDENT: &[&str] = &["incident", "export", "INC-1"];
const DAILY: &[&str] = &["report", "daily", "--at", "2025-10-21", "--no-logs"];
const HANDOVER: &[&str] = &["handover", "--print", "--note", "watch | the <b>disk</b>"];

#[tokio::test]
async fn what_is_handed_to_others_is_as_it_was_approved() {
    let team = Team::sqlite();
    seed(&team).await;
    let incident = says(&team, INCIDENT);
    is_harmless(&incident);
    insta::assert_snapshot!("incident", incident);
    assert_eq!(says(&team, INCIDENT), incident, "whenever it is written");
    let daily = says(&team, DAILY);
    is_harmless(&daily);
    insta::assert_snapshot!("daily", daily);
    let handover = says(&team, HANDOVER);
    is_harmless(&handover);
    insta::assert_snapshot!("handover", timeless(&handover));
}

#[tokio::test]
async fn a_server_gives_the_same_bytes() {
    let Some(server) = Team::postgres().await else { return };
    let file = Team::sqlite();
    for team in [&server, &file] {
        seed(team).await;
    }
    let json = |arguments: &[&'static str]| [arguments, &["--json"]].concat();
    for arguments in [INCIDENT.to_vec(), json(INCIDENT), DAILY.to_vec(), json(DAILY)] {
        assert_eq!(says(&server, &arguments), says(&file, &arguments), "{arguments:?}");
    }
    assert_eq!(timeless(&says(&server, HANDOVER)), timeless(&says(&file, HANDOVER)));
    server.end().await;
}
