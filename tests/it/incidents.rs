//! Incidents from their opening to their report: in the shell, on the screen, and by several people on one store.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test may ask the clock, and its helpers end it")]

use std::time::{Duration, Instant};

use opsroom::app::screens::Screen;
use opsroom::app::state::State;
use opsroom::model::effect::{Effect, HolderEffect, RequestId, StoreEffect, TerminalEffect};
use opsroom::model::fact::incident::{CopiedLine, IncidentMoved, IncidentRoleSaid};
use opsroom::model::fact::{Deployed, IncidentFact, IncidentSaid, PeerPart, Statement};
use opsroom::model::incident::{IncidentRole, IncidentState, IncidentStep, Reminder, RoleStep};
use opsroom::model::message::{MessageKind, Notification};
use opsroom::model::observation::Observation;
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;
use opsroom::runtime::headless::{Headless, LoopEnd};
use opsroom::text::SafeText;
use serde_json::Value;

use crate::support::app::WORLD;
use crate::support::frame::{SIZES, draw, text};
use crate::support::room::Room;
use crate::support::shell;
use crate::support::team::Team;

/// What appears in every console of a store appears within this.
const SOON: Duration = Duration::from_secs(2);

fn refused(team: &Team, arguments: &[&str], problem: &str, hint: &str) {
    let output = team.opsroom(arguments);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{arguments:?}: {text}");
    assert!(text.contains(problem) && text.contains(hint), "{arguments:?}: {text}");
}

fn listed(team: &Team) -> Vec<Value> {
    serde_json::from_str(&team.does(&["incident", "list", "--json"])).unwrap()
}

/// An incident is opened, worked on, resolved, reported and closed, and what makes no sense is refused with what to do.
fn work_in_the_shell(team: &Team) {
    assert_eq!(team.does(&["incident"]), "no incidents on record\n");
    refused(team, &["incident", "note", "x"], "no incident is on record", "opsroom incident open TITLE");
    refused(team, &["incident", "resolve"], "no incident is open", "opsroom incident open TITLE");
    refused(team, &["incident", "open", "x", "--severity", "P7"], "no severity named `P7`", "did you mean `P1`?");
    refused(team, &["incident", "open", "x", "--service", "apo"], "no service named `apo`", "did you mean `api`?");
    refused(team, &["incident", "open", "x", "--kind", "s"], "no kind of incident named `s`", "[incident] kinds");
    refused(team, &["incident", "open", "--alert", "api"], "no alert `api` is firing", "omit --alert");
    let opened = team.does(&["incident", "open", "checkout fails", "--severity", "P1", "--service", "api", "--lead"]);
    assert!(opened.starts_with("INC-1 opened as critical, to be resolved by ") && opened.contains("evidence saved in"));
    refused(team, &["incident", "role", "leed"], "no role named `leed`", "did you mean `lead`?");
    refused(
        team,
        &["incident", "role", "lead", "--accept"],
        "the role lead of INC-1 is offered to nobody",
        "opsroom incident list",
    );
    refused(team, &["incident", "resolve", "INC-7"], "no incident `INC-7`", "opsroom incident list --all");
    refused(team, &["incident", "resolve", "first"], "`first` is not the id of an incident", "use INC-42, or 42");
    team.does(&["incident", "acknowledge"]);
    refused(team, &["incident", "ack"], "it can't be acknowledged", "opsroom incident list");
    assert_eq!(team.does(&["incident", "hypothesis", "the cache is full"]), "INC-1: hypothesis 1 added\n");
    assert_eq!(team.does(&["incident", "hypothesis", "--eliminate", "1"]), "INC-1: hypothesis 1 eliminated\n");
    refused(team, &["incident", "task", "--done", "1"], "INC-1 has no task 1", "it has no task yet");
    team.does(&["incident", "task", "roll back", "--owner", "bo"]);
    team.does(&["incident", "note", "lucky: it was night", "--at", "1m"]);
    team.does(&["incident", "update", "rolling back", "--impact", "no checkout", "--next", "20m", "--public"]);
    refused(team, &["incident", "update", "x", "--notify", "sms"], "no channel named `sms`", "none is configured");
    refused(team, &["incident", "update", "x", "--next", "0s"], "--next does not lie in the future", "use 30m");
    team.does(&["incident", "severity", "high", "--why", "one region"]);
    team.does(&["incident", "resolve", "--why", "2.4.0 is back"]);
    let incident = &listed(team)[0];
    for (field, value) in
        [("id", "INC-1"), ("title", "checkout fails"), ("severity", "high"), ("state", "resolved"), ("lead", "ana")]
    {
        assert_eq!(incident[field], value, "{incident}");
    }
    assert_eq!(incident["services"], serde_json::json!(["api"]));
    assert!(incident["opened_at"].is_string() && incident["mitigated_at"] == incident["resolved_at"], "{incident}");
}

fn merge_and_report(team: &Team) {
    team.does(&["incident", "open", "one", "--no-evidence"]);
    team.does(&["incident", "open", "other", "--no-evidence"]);
    refused(team, &["incident", "note", "x"], "2 incidents are open", "INC-3 (other), INC-2 (one)");
    refused(team, &["incident", "merge", "--into", "3"], "no incident given", "opsroom incident merge ID --into ID");
    team.does(&["incident", "merge", "2", "--into", "INC-3", "--why", "same cause"]);
    team.does(&["incident", "false-alarm"]);
    team.does(&["incident", "reopen", "1"]);
    assert_eq!(
        listed(team).iter().map(|one| one["state"].as_str().unwrap()).collect::<Vec<_>>(),
        ["false_alarm", "merged", "acknowledged"]
    );
    team.does(&["incident", "resolve", "--why", "really"]);
    team.does(&["incident", "close"]);
    let report = team.does(&["incident", "export", "inc-1"]);
    for part in
        ["id: \"INC-1\"", "# INC-1: checkout fails", "Ruled out", "rolling back", "it was night (ana)", "Audit: entry"]
    {
        assert!(report.contains(part), "{part}: {report}");
    }
    let json: Value = serde_json::from_str(&team.does(&["incident", "export", "1", "--json"])).unwrap();
    assert_eq!((&json["schema"], &json["state"]), (&"opsroom.incident/1".into(), &"closed".into()));
    assert!(team.does(&["incident", "export", "1", "--out", "reports"]).contains("reports/INC-1.md"));
    assert!(team.at.path().join("reports/INC-1.json").is_file());
    let timeline: Vec<Value> = serde_json::from_str(&team.does(&["timeline", "--json"])).unwrap();
    let of_incidents = timeline.iter().filter(|line| line["kind"] == "incident" && line["object"] == "incident:INC-1");
    assert!(of_incidents.count() >= 9, "{timeline:?}");
    assert!(team.does(&["store", "check"]).contains("as the entries say"));
}

#[test]
fn the_number_that_is_said_is_that_of_the_entry_that_was_written() {
    let team = Team::sqlite();
    team.does(&["incident", "open", "checkout fails", "--no-evidence"]);
    let (file, team) = (team.file(), &team);
    let add = |nth: usize| {
        let mut command = shell::opsroom(team.at.path());
        command.args(["--config", file.to_str().unwrap(), "--store", &team.url, "incident", "task"]);
        let output = command.arg(format!("job {nth}")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let said: Vec<String> = std::thread::scope(|scope| {
        let add = &add;
        let all: Vec<_> = (0..6).map(|nth| scope.spawn(move || add(nth))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let known = team.opsroom(&["incident", "task", "--done", "99"]);
    let known = String::from_utf8_lossy(&known.stderr);
    for (nth, said) in said.iter().enumerate() {
        let number = said.strip_prefix("INC-1: task ").and_then(|rest| rest.strip_suffix(" added\n"));
        let number = number.unwrap_or_else(|| panic!("{said}"));
        assert!(known.contains(&format!("{number} (job {nth})")), "{said} {known}");
    }
}

#[test]
fn an_incident_is_worked_on_in_the_shell() {
    let team = Team::sqlite();
    work_in_the_shell(&team);
    merge_and_report(&team);
    let refused = team.opsroom(&["--read-only", "incident", "note", "x"]);
    assert_eq!(refused.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("read-only"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incident_is_worked_on_in_the_shell_on_a_server() {
    let Some(team) = Team::postgres().await else { return };
    let team = tokio::task::spawn_blocking(move || {
        work_in_the_shell(&team);
        merge_and_report(&team);
        team
    });
    team.await.unwrap().end().await;
}

async fn sees(console: &mut Headless, what: &str, is_there: impl Fn(&State) -> bool) {
    let began = Instant::now();
    let end = console.run(SOON, is_there).await;
    assert_eq!(end, LoopEnd::Reached, "{what} is not there after {:?}", began.elapsed());
}

/// A role is offered to a person by any of their names, and they answer under any of their login names.
#[test]
fn a_role_is_accepted_by_whom_it_was_offered_by_name() {
    let team = Team::sqlite();
    let config = team.config() + "[contact.ben]\nlogin = [\"bk\", \"root\"]\n[contact.cy]\n";
    let says = |who: &str, arguments: &[&str]| {
        let output = team.opsroom_as(who, &config, arguments);
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let does = |who: &str, arguments: &[&str], said: &str| {
        let (code, text) = says(who, arguments);
        assert!(code == Some(0) && text.contains(said), "{arguments:?}: {code:?} {text}");
    };
    let refuses = |who: &str, arguments: &[&str], said: &str| {
        let (code, text) = says(who, arguments);
        assert!(code == Some(64) && text.contains(said), "{arguments:?}: {code:?} {text}");
    };
    let lead = |option: &'static str| ["incident", "role", "lead", option];
    does("ana", &["incident", "open", "x", "--lead", "--no-evidence"], "INC-1 opened");
    let offer = ["incident", "role", "lead", "--to", "ben"];
    does("ana", &offer, "INC-1: role lead offered to bk, the login name of ben\n");
    refuses("ana", &offer, "is offered to bk already");
    refuses("cy", &lead("--accept"), "offered to bk, not to cy");
    does("root", &lead("--accept"), "accepts the role lead");
    assert_eq!(listed(&team)[0]["lead"], "bk");
    // Whoever has it has it under each of their names.
    refuses("root", &["incident", "role", "lead"], "bk has the role lead of INC-1 already");
    refuses("cy", &["incident", "role", "lead"], "ask them to offer it");
    does("root", &lead("--release"), "gives up the role lead");
    does("ana", &["incident", "role", "lead", "--to", "cy"], "role lead offered to cy\n");
    does("cy", &lead("--decline"), "declines");
    does("cy", &["incident", "role", "lead"], "cy takes the role lead\n");
    does("ana", &lead("--take"), "ana takes the role lead from cy\n");
}

#[test]
fn an_incident_that_is_open_is_not_resolved_by_its_moments() {
    let team = Team::sqlite();
    team.does(&["incident", "open", "x", "--no-evidence"]);
    for (stamp, step) in [("acknowledged", "acknowledge"), ("mitigated", "mitigate"), ("resolved", "resolve")] {
        let problem = format!("INC-1 was not {stamp}: it has no time to correct");
        refused(&team, &["incident", "stamp", stamp, "1m"], &problem, &format!("opsroom incident {step}"));
    }
    assert!(listed(&team)[0]["resolved_at"].is_null());
    team.does(&["incident", "resolve"]);
    team.does(&["incident", "stamp", "resolved", "0s"]);
}

/// What somebody says in a shell is in two consoles within two seconds.
async fn work_together(team: &Team) {
    let mut consoles = [team.console("one"), team.console("two")];
    for console in &mut consoles {
        // The store is open and what it has is read.
        console.run(Duration::from_secs(30), |state| state.world.knows_the_store()).await;
    }
    team.does(&["incident", "open", "checkout fails", "--no-evidence"]);
    for console in &mut consoles {
        sees(console, "the incident", |state| state.world.incident_record("INC-1").is_some()).await;
    }
    team.does(&["incident", "note", "restarted it"]);
    team.does(&["incident", "role", "lead", "--to", "bo"]);
    for console in &mut consoles {
        sees(console, "the note and the offer", |state| {
            let record = state.world.incident_record("INC-1").unwrap();
            record.entries.len() == 1 && record.roles.len() == 1
        })
        .await;
    }
    team.does(&["incident", "resolve"]);
    for console in &mut consoles {
        sees(console, "its end", |state| state.world.open_incidents().is_empty()).await;
    }
    for console in consoles {
        console.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_consoles_see_one_incident_within_two_seconds() {
    Box::pin(work_together(&Team::sqlite())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_consoles_see_one_incident_on_a_server_within_two_seconds() {
    let Some(team) = Team::postgres().await else { return };
    Box::pin(work_together(&team)).await;
    team.end().await;
}

/// A room in which the api is down and an incident was opened from that.
fn in_an_incident() -> Room {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    room.said();
    room.app.keys("i");
    assert!(room.frame().contains("open an incident") && room.frame().contains("critical"), "{}", room.frame());
    room.app.keys("enter");
    room.said();
    room
}

fn record(room: &Room) -> &opsroom::model::thing::IncidentRecord {
    room.app.state.world.incident_record("INC-1").unwrap_or_else(|| panic!("{}", room.frame()))
}

#[test]
fn an_incident_is_opened_from_what_is_broken_and_fought_on_its_screen() {
    let mut room = in_an_incident();
    assert_eq!(room.app.state.console.screen, Screen::Incident, "{}", room.frame());
    let opened = record(&room);
    assert_eq!(opened.services, ["api".into()]);
    assert!(opened.stamps.alerted.is_some() && opened.from.as_ref().unwrap().as_str() == "alert:api", "{opened:?}");
    room.app.keys("n");
    room.app.typed("restarted by hand");
    room.app.keys("enter r enter c");
    room.app.typed("the cache is full");
    room.app.keys("enter m enter");
    room.said();
    let record = record(&room);
    assert_eq!((record.lead().unwrap().as_str(), record.state), ("ana", IncidentState::Acknowledged));
    assert_eq!(record.entries.len(), 2);
    let frame = room.frame();
    for part in
        ["incident INC-1", "lead ana", "resolve", "next update", "restarted by hand", "the cache is full", "automatic"]
    {
        assert!(frame.contains(part), "{part}: {frame}");
    }
    let folded = frame.matches("api").count();
    room.app.keys("+");
    assert!(room.frame().matches("api").count() > folded, "{}", room.frame());
    room.app.keys("1");
    assert!(room.frame().lines().next().unwrap().contains("INC-1"), "{}", room.frame());
    // A second one for the same service is not opened by mistake.
    room.app.keys("i");
    assert_eq!(room.app.state.console.screen, Screen::Incident);
}

#[test]
fn the_key_for_roles_fills_in_nothing_that_takes_from_somebody() {
    let mut room = in_an_incident();
    room.said();
    let now = room.app.now().utc;
    let said = |who: &str, step| {
        let what = IncidentFact::Role(IncidentRoleSaid { role: IncidentRole::Lead, who: who.into(), step });
        Statement::Incident(Box::new(IncidentSaid { id: "INC-1".into(), what }))
    };
    let asks = |room: &mut Room| {
        room.app.keys("r");
        let frame = room.frame();
        room.app.keys("esc");
        frame.lines().find(|line| line.contains(" do ")).unwrap_or_else(|| panic!("{frame}")).to_owned()
    };
    // What is offered to somebody else is not accepted here.
    room.tell(now, "cy", said("bo", RoleStep::Offered));
    assert!(asks(&mut room).contains("take ") && !asks(&mut room).contains("accept"), "{}", asks(&mut room));
    room.tell(now, "bo", said("bo", RoleStep::Accepted));
    assert!(asks(&mut room).contains("bo leads: offer, take over"), "{}", asks(&mut room));
    room.app.keys("r enter");
    assert_eq!(room.kinds(), [""; 0]);
    assert!(room.frame().contains("no step (use take, take over"), "{}", room.frame());
    room.app.keys("tab");
    room.app.typed("take");
    room.app.keys("enter");
    assert!(room.frame().contains("bo has the role lead: ask them to offer it"), "{}", room.frame());
    room.app.typed(" over");
    room.app.keys("enter");
    let taken = room.said();
    assert_eq!(taken, [said("ana", RoleStep::Taken)]);
    assert!(room.frame().contains("role lead of INC-1: on record, taken from bo"), "{}", room.frame());
}

#[test]
fn evidence_is_saved_where_one_is_opened_and_is_on_record() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    room.said();
    room.app.keys("i enter");
    room.said();
    let effects = room.app.take();
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Terminal(TerminalEffect::SaveEvidence(_)))),
        "{effects:?}"
    );
    room.app.outcome(Outcome::EvidenceSaved { path: "/state/saved/evidence-1".into(), files: Vec::new() });
    room.said();
    let evidence = &record(&room).evidence;
    assert_eq!((evidence.len(), evidence[0].directory.as_str()), (1, "/state/saved/evidence-1"));
    assert!(room.frame().contains("evidence"), "{}", room.frame());
}

/// The request of what was just said of an incident.
fn asked(room: &mut Room) -> RequestId {
    let request = room.app.take().into_iter().find_map(|effect| match effect {
        Effect::Store(request, StoreEffect::SayOfIncident(_)) => Some(request),
        _ => None,
    });
    request.expect("something was said")
}

#[test]
fn what_was_not_opened_is_said_and_the_next_of_its_title_is_not_taken_for_it() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    room.said();
    room.app.keys("i enter");
    let title = room.app.state.console.screens.incident.opening.clone().expect("it is on its way");
    let request = asked(&mut room);
    room.app.outcome(Outcome::RequestFailed { request, why: "disk full".into() });
    assert!(room.app.toast().contains("the incident was not opened: disk full"), "{}", room.app.toast());
    assert_eq!(room.app.state.console.screens.incident.opening, None);
    // Ben opens one of the same title: it is his, and nobody here is taken to its screen. What was typed here is left, once the
    // form that came back takes keys.
    room.app.wait(400);
    room.app.keys("esc i enter");
    let said = room.app.take().into_iter().find_map(|effect| match effect {
        Effect::Store(_, StoreEffect::SayOfIncident(said)) => said.into_iter().next(),
        _ => None,
    });
    room.app.state.console.screens.incident.opening = None;
    let said = IncidentSaid { id: "INC-1".into(), ..said.unwrap() };
    room.tell(room.app.now().utc, "ben (ssh)", Statement::Incident(Box::new(said)));
    assert_eq!(record(&room).title, title);
    assert_ne!(room.app.state.console.screen, Screen::Incident, "{}", room.frame());
}

#[test]
fn evidence_that_was_not_saved_is_said_and_what_is_saved_next_is_not_taken_for_it() {
    let mut room = in_an_incident();
    assert_eq!(room.app.state.console.screens.incident.evidence_of.as_deref(), Some("INC-1"));
    room.app.take();
    room.app.outcome(Outcome::EvidenceFailed("the evidence was not saved: no space".into()));
    assert!(room.app.toast().contains("INC-1 has no evidence: the evidence was not saved"), "{}", room.app.toast());
    room.app.keys("1");
    room.app.outcome(Outcome::EvidenceSaved { path: "/state/saved/other".into(), files: Vec::new() });
    room.said();
    assert!(record(&room).evidence.is_empty(), "it is of another screen");
}

#[test]
fn the_bar_offers_an_incident_for_what_is_critical_until_one_is_open() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    room.said();
    let bar = |room: &Room| text(&draw(&room.app.state, 120, 40)).lines().nth(1).unwrap().to_owned();
    assert!(bar(&room).contains("i open incident"), "{}", bar(&room));
    room.app.keys("i enter");
    room.said();
    room.app.keys("1");
    assert!(!bar(&room).contains("open incident"), "{}", bar(&room));
}

#[test]
fn what_happened_after_a_reopening_is_in_the_timeline_beside_what_was_copied() {
    let copied = |room: &Room, at: i64, text: &str| CopiedLine {
        at: record(room).opened_at + chrono::TimeDelta::seconds(at),
        kind: "run".into(),
        object: "run:1".into(),
        text: text.into(),
        who: None,
    };
    let mut room = in_an_incident();
    room.app.pass(60);
    let lines = vec![copied(&room, 30, "restart api: verified")];
    let moved = |step, copied| IncidentFact::Moved(IncidentMoved { step, why: None, into: None, copied });
    let say = |room: &mut Room, fact| {
        let said = IncidentSaid { id: "INC-1".into(), what: fact };
        room.tell(room.app.now().utc, "ana", Statement::Incident(Box::new(said)));
    };
    say(&mut room, moved(IncidentStep::Resolve, lines));
    room.app.pass(60);
    say(&mut room, moved(IncidentStep::Reopen, Vec::new()));
    room.app.pass(60);
    let deployed = Deployed { service: "api".into(), version: "2.4.2".into(), subject: None };
    room.tell(room.app.now().utc, "ci", Statement::Deployed(deployed));
    room.app.keys("8 +");
    let frame = room.frame();
    for part in ["restart api: verified", "api 2.4.2"] {
        assert!(frame.contains(part), "{part}: {frame}");
    }
}

#[test]
fn what_is_selected_is_pinned_with_where_it_comes_from() {
    let mut room = in_an_incident();
    room.app.keys("1 ctrl-p");
    room.said();
    let pin = record(&room).entries.last().unwrap();
    assert_eq!(pin.source.as_ref().map(SafeText::as_str), Some("service:api"), "{pin:?}");
    let mut calm = Room::new();
    calm.app.keys("ctrl-p");
    assert!(calm.app.toast().contains("no incident is open"), "{}", calm.app.toast());
}

#[test]
fn of_what_is_well_a_person_says_what_is_wrong() {
    let mut room = Room::new();
    for _ in 0..3 {
        for check in ["api", "db"] {
            room.app.poll(check, Sign::Good);
        }
    }
    room.app.keys("i");
    assert!(room.frame().contains("open an incident") && !room.frame().contains("API OK"), "{}", room.frame());
    room.app.keys("enter");
    assert!(room.frame().contains("title is empty"), "{}", room.frame());
}

#[test]
fn beside_what_is_well_an_incident_is_of_what_is_broken() {
    let mut room = Room::new();
    room.acts();
    for _ in 0..3 {
        room.app.poll("db", Sign::Good);
    }
    room.fail("api");
    room.said();
    // The last of the services: one that is well.
    room.app.keys("G i");
    let frame = room.frame();
    assert!(frame.contains("open an incident") && frame.contains("title     HTTP API down"), "{frame}");
}

#[test]
fn whoever_takes_a_step_is_told_once_and_the_others_too() {
    let mut room = in_an_incident();
    let told = |room: &Room, words: &str| {
        room.app.state.console.toasts.iter().filter(|toast| toast.text.as_str().contains(words)).count()
    };
    room.app.keys("m enter");
    room.said();
    assert_eq!(told(&room, "acknowledged"), 1, "{}", room.frame());
    let mitigated = IncidentMoved { step: IncidentStep::Mitigate, why: None, into: None, copied: Vec::new() };
    let said = IncidentSaid::of(&"INC-1".into(), IncidentFact::Moved(mitigated));
    room.tell(room.app.now().utc, "ben", Statement::Incident(Box::new(said)));
    assert_eq!(told(&room, "INC-1: mitigated · ben"), 1, "{}", room.frame());
}

#[test]
fn an_entry_is_corrected_and_put_between_two_others() {
    let mut room = in_an_incident();
    room.app.pass(600);
    room.app.keys("n");
    room.app.typed("restarted the cahce");
    room.app.keys("enter");
    room.said();
    room.app.pass(60);
    // The latest line stands first, and is selected.
    let entry = record(&room).entries.last().unwrap().clone();
    for _ in 0..6 {
        room.app.keys("g e");
        if room.frame().contains("correct entry") {
            break;
        }
        room.app.keys("tab");
    }
    assert!(room.frame().contains("correct entry 1 of INC-1"), "{}", room.frame());
    room.app.keys("backspace backspace backspace backspace backspace");
    room.app.typed("cache");
    room.app.keys("tab tab");
    room.app.typed("5m");
    room.app.keys("enter");
    room.said();
    let corrected = record(&room).entries.last().unwrap();
    assert_eq!(corrected.text.as_str(), "restarted the cache");
    assert!(corrected.at < entry.at && corrected.said_at == entry.said_at, "{corrected:?}");
    assert_eq!(corrected.corrected.as_ref().unwrap().1.as_str(), "ana");
    assert!(room.facts.len() > 2, "what was said before stays on record");
}

#[test]
fn what_changed_has_certificates_and_addresses() {
    let mut room = in_an_incident();
    let changed = |part, before: &str, after: &str| Observation::PeerChanged {
        check: "api".into(),
        part,
        before: before.into(),
        after: after.into(),
    };
    room.app.send_observation(changed(PeerPart::Address, "192.0.2.1", "192.0.2.7"));
    room.app.send_observation(changed(
        PeerPart::Certificate,
        "api by R3 until 2026-06-01",
        "api by R4 until 2026-09-01",
    ));
    let said = room.said();
    let peers = said.iter().filter(|said| matches!(said, Statement::PeerChanged(_))).count();
    assert_eq!(peers, 2, "it is on record for everybody: {said:?}");
    room.app.keys("8");
    room.app.send(opsroom::app::message::Event::Resize(200, 50));
    let lines: Vec<String> =
        room.app.state.world.changed_before(record(&room)).into_iter().map(|line| line.text.to_string()).collect();
    for part in ["address 192.0.2.1 → 192.0.2.7", "certificate api by R3"] {
        assert_eq!(lines.iter().filter(|line| line.contains(part)).count(), 1, "{part}: {lines:?}");
    }
    // Another console that was not there knows the same.
    let next = room.next();
    let next: Vec<String> =
        next.app.state.world.changed_before(record(&next)).into_iter().map(|line| line.text.to_string()).collect();
    assert!(next.iter().any(|line| line.contains("192.0.2.7")), "{next:?}");
}

#[test]
fn what_changed_has_only_configurations_that_were_taken() {
    use opsroom::app::message::Event;
    let mut room = in_an_incident();
    let loaded = opsroom::config::load::load_text("/srv/opsroom.toml".as_ref(), "[check.api]\nhttp = 3\n");
    room.app.send(Event::Reloaded(Err(loaded.diagnostics)));
    let config = std::sync::Arc::clone(&room.app.state.world.config);
    room.app.send(Event::Reloaded(Ok((std::sync::Arc::clone(&config), Vec::new()))));
    let lines = |room: &Room| room.app.state.world.changed_before(record(room));
    assert!(lines(&room).iter().all(|line| line.kind.as_str() != "config"), "{:?}", lines(&room));
    room.app.send(Event::Reloaded(Ok((config, vec!["check web is new".into()]))));
    assert!(lines(&room).iter().any(|line| line.text.as_str().contains("check web is new")), "{:?}", lines(&room));
}

#[test]
fn what_is_due_is_said_once_by_whoever_acts_for_all() {
    let mut room = in_an_incident();
    let reminded = |room: &mut Room, seconds| -> Vec<Reminder> {
        let said = room.watch(seconds);
        let reminder = |said: Statement| match said {
            Statement::Incident(said) => match said.what {
                IncidentFact::Reminded(said) => Some(said.about),
                _ => None,
            },
            _ => None,
        };
        said.into_iter().filter_map(reminder).collect()
    };
    assert_eq!(reminded(&mut room, 310), [Reminder::LeadUnclaimed]);
    assert_eq!(reminded(&mut room, 600), [Reminder::AcknowledgeSoon, Reminder::AcknowledgeLate]);
    assert_eq!(reminded(&mut room, 900), [Reminder::UpdateDue]);
    room.looks_on();
    assert_eq!(reminded(&mut room, 4 * 3_600), []);
    assert!(room.frame().contains("not acknowledged in time"), "{}", room.frame());
}

const DESK: &str = "[severity.critical]\nnotify = [\"desk\"]\n[notify.desk]\ncommand = [\"true\"]\n";

#[test]
fn an_update_is_sent_once_by_the_channels_of_the_severity() {
    let mut room = Room::of(&format!("{WORLD}{DESK}"));
    room.acts();
    room.fail("api");
    room.said();
    room.app.keys("i enter");
    let mut told: Vec<Notification> = Vec::new();
    let mut settle = |room: &mut Room, seconds: u64| {
        for _ in 0..seconds {
            room.app.pass(1);
            let effects = room.app.take();
            for effect in effects {
                match effect {
                    Effect::Holder(HolderEffect::Notify(message)) => {
                        let (id, target) = (message.id.clone(), message.target.clone());
                        told.push(*message);
                        room.app.outcome(Outcome::Delivered { message: id, target, delivered: Ok(()) });
                    }
                    other => room.app.effects.push(other),
                }
            }
            room.said();
        }
        told.iter().filter(|message| message.kind == MessageKind::Incident).cloned().collect::<Vec<_>>()
    };
    settle(&mut room, 20);
    room.app.keys("u");
    room.app.typed("rolling back");
    room.app.keys("tab");
    room.app.typed("no checkout");
    room.app.keys("enter");
    let sent = settle(&mut room, 60);
    assert_eq!(sent.len(), 1, "{sent:?}");
    let plain = sent[0].plain();
    for part in ["INC-1 critical", "rolling back", "impact: no checkout", "next update: "] {
        assert!(plain.contains(part), "{part}: {plain}");
    }
}

#[test]
fn a_note_waits_on_disk_while_the_store_is_away_and_stands_here() {
    let mut room = in_an_incident();
    room.app.keys("n");
    room.app.typed("written in the dark");
    room.app.keys("enter");
    let said = room.app.take().into_iter().find_map(|effect| match effect {
        // That somebody looks at it was said before.
        Effect::Store(request, StoreEffect::SayOfIncident(said)) if matches!(said[0].what, IncidentFact::Noted(_)) => {
            Some((request, said))
        }
        _ => None,
    });
    let (request, said) = said.unwrap();
    let draft = opsroom::model::fact::NewFact {
        id: "q".to_owned(),
        at: room.app.now().utc,
        who: "ana".to_owned(),
        host: "box".to_owned(),
        process: 7,
        late: true,
        said: Statement::Incident(Box::new(said[0].clone())),
    };
    room.app.outcome(Outcome::Queued { request, drafts: vec![draft.clone()] });
    assert_eq!(record(&room).entries.len(), 1);
    let recorded = opsroom::model::fact::Fact { seq: 1_000, recorded_at: draft.at, draft };
    room.app.outcome(Outcome::Facts(vec![recorded]));
    assert_eq!(record(&room).entries.len(), 1, "it is on record, and there once");
}

#[test]
fn the_screen_of_an_incident() {
    let mut room = in_an_incident();
    room.app.pass(180);
    room.app.keys("r enter c");
    room.app.typed("the release of 02:31");
    room.app.keys("enter t");
    room.app.typed("roll back");
    room.app.keys("tab");
    room.app.typed("bo");
    room.app.keys("enter u");
    room.app.typed("rolling back");
    room.app.keys("enter");
    room.said();
    room.app.pass(60);
    room.said();
    for (width, height) in SIZES {
        room.app.state.console.size = (width, height);
        insta::assert_snapshot!(format!("incident_{width}x{height}"), text(&draw(&room.app.state, width, height)));
    }
    let mut calm = Room::new();
    calm.app.keys("8");
    insta::assert_snapshot!("incident_none_120x40", text(&draw(&calm.app.state, 120, 40)));
}
