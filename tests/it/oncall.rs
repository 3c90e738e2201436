//! Who is on call, and how shifts are handed over, as people see it.
#![expect(clippy::unwrap_used, reason = "a test ends where a helper fails")]
#![expect(clippy::disallowed_methods, reason = "waits for a real program, with a bound")]

use std::collections::BTreeMap;
use std::process::Output;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use opsroom::app::state::State;
use opsroom::model::alert::Severity;
use opsroom::model::fact::incident::{IncidentMoved, IncidentOpened};
use opsroom::model::fact::{Deployed, Fact, IncidentFact, IncidentSaid, NewFact, Statement};
use opsroom::model::incident::{IncidentStep, IncidentTargets};
use opsroom::model::outcome::{Missed, Outcome, StoreAbsence, StoreAway};
use opsroom::model::reading::Sign;
use opsroom::model::status::Status;
use opsroom::model::thing::{CheckRecord, IncidentRecord};
use opsroom::text::SafeText;
use opsroom::world::alerts::Phase;
use serde_json::Value;

use crate::support::app::App;
use crate::support::frame::{draw, text};
use crate::support::room::Room;
use crate::support::server::{Reply, Server};
use crate::support::shared::all_reach;
use crate::support::team::Team;

const PEOPLE: &str = "\
[contact.ana]
name = \"Ana\"
[contact.ben]
[contact.eve]
[oncall]
rotation = [\"ana\"]
layer = [{ name = \"backup\", rotation = [\"ben\"] }]
";

/// What was printed, and the exit code.
fn said(output: &Output) -> (Option<i32>, String) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

struct Shell<'a> {
    team: &'a Team,
    config: String,
}

impl Shell<'_> {
    fn by(&self, user: &str, arguments: &[&str]) -> (Option<i32>, String) {
        said(&self.team.opsroom_as(user, &self.config, arguments))
    }

    fn does(&self, arguments: &[&str]) -> String {
        let (code, text) = self.by("ana", arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {text}");
        text
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.team.opsroom_as("ana", &self.config, arguments);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    fn duty(&self) -> Value {
        self.json(&["oncall", "--json"])
    }

    fn primary(&self) -> String {
        self.duty()["layers"][0]["who"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_shift_is_taken_and_given_back_in_the_shell() {
    let team = Team::sqlite();
    let shell = Shell { team: &team, config: team.config() + PEOPLE };
    let duty = shell.duty();
    assert_eq!((&duty["layers"][0]["who"], &duty["layers"][1]["who"]), (&"ana".into(), &"ben".into()), "{duty}");
    for (refused, hint) in [
        (&["oncall", "take"][..], "`ana` is on call already"),
        (&["oncall", "take", "--as", "ev", "--for", "1h"], "did you mean `eve`?"),
        (&["oncall", "take", "--as", "eve"], "add --for DURATION"),
        (&["oncall", "take", "--as", "eve", "--for", "1h", "--layer", "backu"], "did you mean `backup`?"),
        (&["oncall", "override", "eve"], "add --until TIME, or --for DURATION"),
        (&["oncall", "override", "eve", "--from", "2020-01-01T00:00", "--for", "1h"], "omit --from"),
        (&["oncall", "override", "eve", "--for", "1h", "--handover", "daily 09:00"], "name several, or omit it"),
        (&["oncall", "end", "o1"], "no override is in effect"),
        (&["oncall", "take", "--for", "1h", "--read-only"], "omit --read-only"),
    ] {
        let (code, text) = shell.by("ana", refused);
        assert!(code == Some(64) && text.contains(hint), "{refused:?}: {text}");
    }
    let (code, text) = shell.by("zoe", &["oncall", "take", "--for", "1h"]);
    assert!(code == Some(64) && text.contains("add login = \"zoe\""), "{text}");
    let (code, text) = shell.by("eve", &["oncall", "take", "--for", "1h", "--why", "Ana is ill"]);
    assert!(code == Some(0) && text.starts_with("eve on call (primary) until "), "{text}");
    assert_eq!(shell.primary(), "eve");
    let duty = shell.duty();
    let taken = &duty["overrides"][0];
    assert_eq!((&taken["by"], &taken["why"], &taken["taken"]), (&"eve".into(), &"Ana is ill".into(), &true.into()));
    assert_eq!(duty["layers"][0]["next"], "ana");
    let calendar = shell.does(&["oncall", "calendar", "--ics"]);
    assert!(calendar.contains("SUMMARY:eve on call (primary)\r\n"), "{calendar}");
    let shifts = shell.json(&["oncall", "calendar", "--json"]);
    assert!(
        shifts.as_array().unwrap().iter().any(|shift| shift["who"] == "eve" && shift["seconds"] == 3_600),
        "{shifts}"
    );
    let id = taken["id"].as_str().unwrap();
    assert_eq!(shell.does(&["oncall", "end", id]), format!("override {id} ended\n"));
    assert_eq!(shell.primary(), "ana");
    assert!(shell.does(&["timeline", "--since", "1h"]).contains("eve took the shift until "));
    // Several take turns.
    let said = shell.does(&["oncall", "override", "eve", "ben", "--handover", "daily 09:00", "--for", "7d"]);
    assert!(said.starts_with("eve, ben on call (primary) until "), "{said}");
    assert_eq!(shell.primary(), "eve");
    let shown = shell.does(&["oncall"]);
    assert!(shown.contains("eve, ben (primary, daily 09:00)") && shown.contains("backup   ben\n"), "{shown}");
}

async fn handed_over(team: Team) {
    let shell = Shell { team: &team, config: team.config() + PEOPLE };
    let mut consoles = [team.console("one")];
    let fires =
        |state: &State| state.world.alerts.iter().any(|alert| alert.phase == Phase::Firing && alert.firing.is_some());
    all_reach(&mut consoles, "the alert", fires).await;
    let until = std::time::Instant::now() + Duration::from_secs(30);
    while !team.alerts().iter().any(|alert| alert["state"] == "firing") {
        assert!(std::time::Instant::now() < until, "the alert is on record");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Who was at it stays so beside whoever is at it later.
    shell.does(&["ack", "api", "--why", "looking", "--for", "3h"]);
    let (code, text) = shell.by("eve", &["ack", "api", "--why", "me too", "--for", "3h"]);
    assert_eq!(code, Some(0), "{text}");
    shell.does(&["ack", "api", "--why", "on <it>", "--for", "3h"]);
    let acknowledged = team.alerts()[0]["acknowledged"].clone();
    assert_eq!((&acknowledged["by"], &acknowledged["with"]), (&"ana".into(), &serde_json::json!(["eve"])));
    assert!(shell.does(&["alerts"]).contains("acknowledged by ana, eve until "));
    let (code, text) = shell.by("ana", &["handover"]);
    assert!(code == Some(64) && text.contains("use --print to read the draft, or --yes"), "{text}");
    let (code, text) = shell.by("ben", &["handover", "--accept"]);
    assert!(code == Some(64) && text.contains("no handover is offered"), "{text}");
    let draft = shell.does(&["handover", "--print", "--note", "watch the *disk*"]);
    assert!(draft.contains("Ana hands over primary."), "{draft}");
    for due in ["## Watch-outs\n\n- watch the \\*disk\\*", "## Silences\n\nnone", "## Audit\n\n- head: entry "] {
        assert!(draft.contains(due), "{due}: {draft}");
    }
    assert!(draft.contains("acknowledged by Ana, eve until ") && !draft.contains("on <it>"), "{draft}");

    assert!(shell.does(&["handover", "--yes", "--note", "watch the disk"]).starts_with("handover offered, id h"));
    assert_eq!(shell.duty()["offered"]["who"], "ana");
    assert!(shell.does(&["handover", "--show"]).contains("watch the disk"));
    let (code, text) = shell.by("ana", &["handover", "--accept"]);
    assert!(code == Some(64) && text.contains("the next person accepts it"), "{text}");
    assert_eq!(shell.primary(), "ana", "until it is accepted");
    let (code, text) = shell.by("ben", &["handover", "--accept"]);
    assert!(code == Some(0) && text.contains("1 acknowledgement moved to you: api\n"), "{text}");
    assert_eq!(shell.primary(), "ben");
    let alerts = team.alerts();
    let acknowledged = &alerts[0]["acknowledged"];
    assert_eq!((&acknowledged["by"], &acknowledged["why"]), (&"ben".into(), &"on <it> (taken over from ana)".into()));
    let (code, _) = shell.by("eve", &["handover", "--accept"]);
    assert_eq!(code, Some(64), "accepted already");

    // Ben hands it back, and nobody takes over what he acknowledged.
    let (code, text) = shell.by("ben", &["handover", "--yes"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = shell.by("ana", &["handover", "--accept", "--reopen"]);
    assert!(code == Some(0) && text.contains("1 alert open again: api\n"), "{text}");
    assert!(team.alerts()[0]["acknowledged"].is_null());
    let is_open = |state: &State| state.world.alerts.iter().all(|alert| alert.acknowledged.is_none());
    all_reach(&mut consoles, "the alert is open again", is_open).await;

    // Eve accepts it at the terminal of another: she is at it, and not the login of that terminal.
    shell.does(&["ack", "api", "--why", "still on it", "--for", "3h"]);
    shell.does(&["handover", "--yes"]);
    let (code, text) = shell.by("zoe", &["handover", "--accept", "--as", "eve"]);
    assert!(code == Some(0) && text.contains("1 acknowledgement moved to you: api\n"), "{text}");
    assert_eq!(team.alerts()[0]["acknowledged"]["by"], "eve");
    assert!(shell.does(&["alerts"]).contains("acknowledged by eve until "));
    assert!(shell.does(&["timeline", "--since", "1h"]).contains("acknowledged for eve until "));
    let is_hers = |state: &State| {
        state
            .world
            .alerts
            .iter()
            .any(|alert| alert.acknowledged.as_ref().is_some_and(|known| known.by.as_str() == "eve"))
    };
    all_reach(&mut consoles, "she is at it in the console too", is_hers).await;
    team.end().await;
}

// A command waits for the store while the console writes into it: that goes on beside the thread of the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledgements_move_to_whoever_accepts_the_handover() {
    handed_over(Team::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_on_postgresql() {
    if let Some(team) = Team::postgres().await {
        handed_over(team).await;
    }
}

#[test]
fn the_header_says_who_is_on_call_until_when_and_who_is_next() {
    // The world of these tests is at a Saturday night.
    let config = "\
[console]
name = \"shop\"
[check.api]
tcp = \"127.0.0.1:1\"
[contact.ana]
name = \"Ana\"
[contact.ben]
[oncall]
rotation = [\"ana\", \"ben\"]
from = \"2026-11-16\"
";
    let mut app = App::new(config);
    app.pass(1);
    let header = |columns: u16| text(&draw(&app.state, columns, 24)).lines().next().unwrap().to_owned();
    assert!(header(160).contains("ana until Mon 09:00, then ben"), "{}", header(160));
    assert!(header(80).contains("ana until Mon 09:00"), "{}", header(80));
    assert!(!header(40).contains("ana until"), "{}", header(40));
}

/// Much is wrong at once, as it is when somebody is called.
#[test]
fn who_is_on_call_stays_in_the_header_however_much_is_wrong() {
    let people = "\
[console]
name = \"wellbeing\"
environment = \"production\"
[contact.annegret]
[contact.ben]
[oncall]
rotation = [\"annegret\", \"ben\"]
from = \"2026-11-16\"
[check.db]
tcp = \"127.0.0.1:3\"
";
    let checks = [("api", "critical"), ("web", "critical"), ("mail", "high"), ("queue", "medium")];
    let text_of = |(check, severity): (&str, &str)| {
        format!("[check.{check}]\ntcp = \"127.0.0.1:1\"\nalert = {{ {severity} = \"down\" }}\n")
    };
    let mut room = Room::of(&format!("{people}{}", checks.map(text_of).concat()));
    room.acts();
    room.app.poll("db", Sign::Good);
    for (check, _) in checks {
        room.fail(check);
    }
    room.said();
    room.app.keys("i enter");
    room.said();
    room.app.keys("1");
    room.app.pass(600);
    let header = |room: &Room| text(&draw(&room.app.state, 80, 24)).lines().next().unwrap().to_owned();
    let wrong = header(&room);
    assert!(["of 5 down", "STALE", "2 critical", "annegret"].iter().all(|due| wrong.contains(due)), "{wrong}");
    let since = room.app.now().utc;
    let (why, problem, how) = (SafeText::new("gone"), SafeText::new("no such file"), StoreAbsence::Unusable);
    room.app.outcome(Outcome::Store { away: Some(StoreAway { since, seen: true, why, problem, how }), since });
    let away = header(&room);
    assert!(["of 5 down", "STORE AWAY", "2 critical", "annegret"].iter().all(|due| away.contains(due)), "{away}");
    insta::assert_snapshot!("on_call_beside_much_that_is_wrong_80", format!("{wrong}\n{away}"));
}

/// The code in the last message that a receiver was given.
fn code(server: &Server) -> String {
    let requests = server.requests();
    let body: Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
    let said = body["title"].as_str().unwrap();
    said.split("oncall confirm ").nth(1).unwrap_or_else(|| panic!("{said}")).trim_end_matches('`').to_owned()
}

async fn confirmed(team: Team) {
    let server = Server::start(|_| Reply::json(200, "{}")).await;
    let config = format!(
        "{}[notify.push]\nntfy = \"{}\"\n{PEOPLE}",
        team.config().replace("notify = []", "notify = [\"push\"]"),
        server.url("/ops"),
    );
    let config = config.replace("name = \"Ana\"", &format!("name = \"Ana\"\nntfy = \"{}\"", server.url("/ana")));
    let shell = Shell { team: &team, config };
    assert!(shell.does(&["oncall"]).contains("Ana  never confirmed\n"));
    for (refused, hint) in [
        (&["notify", "test", "push", "an"][..], "did you mean `ana`?"),
        (&["notify", "test", "push", "ben"], "add ntfy = "),
        (&["oncall", "confirm", "AAAA-AAAA"], "`opsroom notify test CHANNEL CONTACT` sends a new one"),
    ] {
        let (code, text) = shell.by("ana", refused);
        assert!(code == Some(64) && text.contains(hint), "{refused:?}: {text}");
    }
    let sent = shell.does(&["notify", "test", "push", "ana"]);
    assert!(sent.starts_with("test message accepted by push to ana; `opsroom oncall confirm`"), "{sent}");
    let listed = shell.does(&["notify"]);
    assert!(listed.contains("push to ana  ntfy  delivered "), "{listed}");
    let typed = code(&server);
    assert!(!sent.contains(&typed), "only who reads the message knows it");
    let exported = shell.does(&["audit", "export"]);
    assert!(exported.contains("contact.paged") && !exported.contains(&typed), "{exported}");
    assert!(shell.does(&["oncall"]).contains("Ana  never confirmed; sent by push "));
    let (exit, text) = shell.by("ben", &["oncall", "confirm", &typed]);
    assert!(exit == Some(64) && text.contains("ana confirms it"), "{text}");
    let typed = typed.to_lowercase().replace('-', " ");
    assert_eq!(shell.does(&["oncall", "confirm", &typed]), "test page confirmed: ana can be reached by push\n");
    assert_eq!(shell.by("ana", &["oncall", "confirm", &typed]).0, Some(64), "once");
    let shown = shell.does(&["oncall"]);
    assert!(shown.contains("Ana  confirmed ") && shown.contains(" by push ("), "{shown}");
    let contacts = shell.duty()["contacts"].clone();
    assert_eq!((&contacts[0]["contact"], &contacts[0]["channel"]), (&"ana".into(), &"push".into()), "{contacts}");
    assert!(contacts[0]["confirmed_at"].is_string() && contacts[1]["confirmed_at"].is_null(), "{contacts}");
    assert!(shell.does(&["timeline", "--since", "1h"]).contains("ana confirmed the test page by push"));
    team.end().await;
}

/// The configuration of a team that notifies Ana by a receiver, and everybody by a chat.
fn reached(team: &Team, server: &Server) -> String {
    let config = team.config().replace("notify = []", "notify = [\"push\"]");
    let people = PEOPLE.replace("name = \"Ana\"", &format!("name = \"Ana\"\nntfy = \"{}\"", server.url("/ana")));
    let channels = format!("[notify.push]\nntfy = \"{}\"\n[notify.desk]\ncommand = [\"true\"]\n", server.url("/ops"));
    format!("{config}{channels}{people}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_of_a_contact_without_a_store_is_sent_and_is_no_success() {
    let (team, server) = (Team::sqlite(), Server::start(|_| Reply::json(200, "{}")).await);
    std::fs::write(team.url.trim_start_matches("sqlite:"), "garbage").unwrap();
    let shell = Shell { team: &team, config: reached(&team, &server) };
    // What is wrong on the command line is said before a store is asked for.
    for (refused, said) in [
        (&["notify", "test", "pus"][..], "did you mean `push`?"),
        (&["notify", "test", "push", "an"], "did you mean `ana`?"),
        (&["notify", "test", "desk", "ana"], "`desk` does not reach contacts one by one"),
    ] {
        let (code, text) = shell.by("ana", refused);
        assert!(code == Some(64) && text.contains(said) && !text.contains("another kind"), "{refused:?}: {text}");
    }
    let (code, text) = shell.by("ana", &["notify", "test", "push", "ana"]);
    assert!(text.contains("test message accepted by push to ana\n"), "{text}");
    assert!(code == Some(3) && text.contains("is a file of another kind"), "{code:?}: {text}");
    let sent = server.requests();
    assert!(String::from_utf8_lossy(&sent.last().unwrap().body).contains("no action needed"), "{sent:?}");
    // What reaches nobody in particular needs none.
    shell.does(&["notify", "test", "desk"]);
    team.end().await;
}

/// The next time that clocks in most of Europe skip.
fn next_skipped() -> String {
    let today = Utc::now().date_naive();
    let sunday = |year: i32| {
        let end = NaiveDate::from_ymd_opt(year, 3, 31).unwrap();
        end - TimeDelta::days(end.weekday().num_days_from_sunday().into())
    };
    let day = [today.year(), today.year() + 1].map(sunday).into_iter().find(|day| *day > today).unwrap();
    format!("{day}T02:30")
}

#[test]
fn a_time_that_clocks_skip_is_noted_once() {
    let team = Team::sqlite();
    let config = team.config().replace("[console]\n", "[console]\ntimezone = \"Europe/Vienna\"\n") + PEOPLE;
    let (shell, skipped) = (Shell { team: &team, config }, next_skipped());
    for (option, end) in [("--from", &["--for", "1h"][..]), ("--until", &[])] {
        let said = shell.does(&[&["oncall", "override", "eve", option, &skipped], end].concat());
        assert_eq!(said.matches(&format!("note: {option}: ")).count(), 1, "{said}");
        assert!(said.contains("does not exist in Europe/Vienna"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_says_why_others_are_not_told() {
    let (team, server) = (Team::sqlite(), Server::start(|_| Reply::json(200, "{}")).await);
    let mail = "[notify.mail]\nsmtp = \"smtp://127.0.0.1:9\"\n";
    let config = reached(&team, &server).replace("notify = [\"push\"]", "notify = [\"push\", \"mail\"]") + mail;
    let config = config.replace("[contact.eve]", "email = \"ben@example.com\"\n[contact.eve]\nnotify = [\"push\"]");
    let shell = Shell { team: &team, config: config.replace("name = \"Ana\"", "name = \"Ana\"\nemail = \"a@b.c\"") };
    let said = shell.does(&["alerts", "route", "api", "P1"]);
    for line in [
        "critical  mail to ana  at once",
        "critical  push  at once",
        "critical  not desk  `notify` of critical does not name it",
        "critical  not mail to ben  not on call, and in no step of the escalation",
        "critical  not mail to eve  has no `email`",
    ] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}");
    }
    assert_eq!(said.lines().filter(|line| line.starts_with("critical")).count(), 5, "{said}");
    // What somebody names themselves is used alone: that other channels could reach them is of no use.
    let own = shell.config.replace("notify = [\"push\"]\n[oncall]", "notify = [\"desk\"]\n[oncall]");
    assert_ne!(own, shell.config);
    let config = own.replace("[oncall]\n", "[oncall]\nescalation = [{ after = \"5m\", to = [\"ben\", \"eve\"] }]\n");
    let said = Shell { team: &team, config }.does(&["alerts", "route", "api", "P1"]);
    let line = "critical  not to eve  no channel in `notify` of eve sends to single contacts";
    assert!(said.lines().any(|said| said == line), "{said}");
    assert!(said.contains("critical  mail to ben  after 5m unacknowledged"), "{said}");
    team.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_page_is_confirmed_by_the_code_in_it() {
    confirmed(Team::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_page_is_confirmed_on_postgresql_too() {
    if let Some(team) = Team::postgres().await {
        confirmed(team).await;
    }
}

/// What a shift leaves behind: work that goes on, rounds that were not finished, backups and certificates.
const WORK: &str = "\
[adapter.ours]
backup-verify = { steps = [[\"sh\", \"-c\", \"exit 3\"]] }
[action.prove-db]
title = \"Prove the backup of db\"
adapter = \"ours\"
do = \"backup-verify\"
target = \"db\"
[action.prove-files]
title = \"Prove the backup of files\"
adapter = \"ours\"
do = \"backup-verify\"
target = \"files\"
[check.shop]
http = \"https://127.0.0.1:1/\"
every = \"1h\"
timeout = \"1s\"
alert = { medium = \"tls.days_left < 21\" }
[checklist.evening]
title = \"Evening round\"
step = [{ title = \"The API answers\", auto = \"check:api\" }, { title = \"Dishes\", ask = \"Done?\" }]
";

#[test]
fn the_draft_names_incidents_checklists_backups_and_certificates() {
    let team = Team::sqlite();
    let shell = Shell { team: &team, config: team.config() + PEOPLE + WORK };
    for said in [
        &["incident", "open", "checkout <fails>", "--severity", "P1", "--service", "api", "--lead", "--no-evidence"][..],
        &["incident", "hypothesis", "the cache is full"],
        &["incident", "hypothesis", "a bad release"],
        &["incident", "hypothesis", "--eliminate", "2"],
        &["incident", "task", "call the provider"],
        &["incident", "update", "rolling back", "--impact", "no checkout", "--next", "30m", "--public", "--quiet"],
        &["incident", "update", "still at it", "--next", "30m", "--quiet"],
        &["incident", "open", "search is slow", "--severity", "high", "--no-evidence"],
        &["incident", "resolve", "INC-2"],
    ] {
        shell.does(said);
    }
    assert_ne!(shell.by("ana", &["checklist", "evening", "--json"]).0, Some(64));
    assert_ne!(shell.by("ana", &["run", "prove-db", "--yes"]).0, Some(64));
    let draft = shell.does(&["handover", "--print"]);
    let section = |name: &str| {
        let (_, rest) = draft.split_once(&format!("## {name}\n\n")).unwrap_or_else(|| panic!("{name}: {draft}"));
        rest.split("\n## ").next().unwrap().to_owned()
    };
    let incidents = section("Open incidents");
    for due in [
        "ana leads, next update due ",
        "hypothesis 1, open: the cache is full",
        "hypothesis 2, eliminated: a bad release",
        "task 3, open: call the provider",
        "last customer update ",
        "by ana: rolling back; impact: no checkout",
    ] {
        assert!(incidents.contains(due), "{due}: {incidents}");
    }
    let ended = section("Incidents that ended in this shift");
    assert!(ended.contains("INC-2 high search is slow: resolved "), "{ended}");
    assert!(!incidents.contains("still at it") && !draft.contains("<fails>"), "{incidents}");
    let rounds = section("Checklists");
    assert!(rounds.contains("Evening round: not signed off, begun by ana"), "{rounds}");
    assert!(rounds.contains("Evening round: The API answers failed by "), "{rounds}");
    let backups = section("Backups");
    assert!(backups.contains("FAILED Prove the backup of db: failed: exit 3 "), "{backups}");
    assert!(backups.contains("Prove the backup of files: no run on record"), "{backups}");
    assert!(section("Certificates").contains("not known, it did not answer"), "{draft}");
    assert_eq!(section("Unlike the same hour yesterday").trim(), "none");
    assert!(section("Audit").contains("head: entry "));
    // Whoever accepts it has the head of the audit with the acceptance in it.
    shell.does(&["handover", "--yes"]);
    let (code, text) = shell.by("ben", &["handover", "--accept"]);
    assert!(code == Some(0) && text.contains("\naudit head: entry "), "{text}");
}

/// That nothing is on record since then.
fn missed(since: Option<DateTime<Utc>>) -> Missed {
    let (facts, runs, troubled, incidents) = (Vec::new(), BTreeMap::new(), BTreeMap::new(), Vec::new());
    Missed { login: "ana".into(), since, facts, runs, troubled, incidents }
}

#[test]
fn the_console_says_who_comes_next_and_who_confirmed_a_test_page() {
    let config = "\
[console]
name = \"shop\"
[check.api]
tcp = \"127.0.0.1:1\"
[contact.ana]
name = \"Ana\"
verified = \"2026-11-02\"
[contact.ben]
[oncall]
rotation = [\"ana\", \"ben\"]
from = \"2026-11-16\"
layer = [{ name = \"backup\" }]
";
    let mut app = App::new(config);
    app.pass(1);
    app.keys(":");
    app.typed("on-call");
    app.keys("enter");
    for (columns, rows) in [(80, 24), (120, 40)] {
        let drawn = text(&draw(&app.state, columns, rows));
        for due in [
            "on call",
            "primary: Ana until Mon 23 Nov 09:00, then ben",
            "backup: ben until Mon 23 Nov 09:00, then Ana",
            "Ana: confirmed 2026-11-02",
            "ben: never confirmed",
            "Mon 23 Nov 09:00 to Mon 30 Nov 09:00  ben",
        ] {
            assert!(drawn.contains(due), "{due}: {drawn}");
        }
    }
    app.keys("esc ctrl-t");
    let drawn = text(&draw(&app.state, 80, 24));
    assert!(drawn.contains("since you last looked") && drawn.contains("your first look"), "{drawn}");
    // Who was away for two minutes is told nothing, and may ask.
    app.keys("esc");
    let since = Some(app.now().utc - Duration::from_mins(2));
    app.outcome(Outcome::Looked(Box::new(missed(since))));
    assert!(!text(&draw(&app.state, 80, 24)).contains("since you last looked"));
    app.keys("ctrl-t");
    let drawn = text(&draw(&app.state, 80, 24));
    assert!(drawn.contains("nothing happened from"), "{drawn}");
}

/// A fact as it is on record, said in the last hour.
fn fact(seq: u64, app: &App, said: Statement) -> Fact {
    let (id, who, host, at) =
        (format!("f{seq}"), "ana".to_owned(), "h".to_owned(), app.now().utc - TimeDelta::minutes(20));
    Fact { seq, recorded_at: at, draft: NewFact { id, at, who, host, process: 1, late: false, said } }
}

fn incident(app: &App) -> IncidentRecord {
    let said = |what| IncidentSaid { id: "INC-7".into(), what };
    let opened = IncidentOpened {
        title: "checkout fails".into(),
        severity: Severity::High,
        targets: IncidentTargets::new(None, None, Duration::from_mins(30)),
        services: Vec::new(),
        kind: None,
        checklist: None,
        from: None,
        alerted_at: None,
        impact_started_at: None,
    };
    let moved = IncidentMoved { step: IncidentStep::Resolve, why: None, into: None, copied: Vec::new() };
    let (opened, moved) = (said(IncidentFact::Opened(opened)), said(IncidentFact::Moved(moved)));
    let draft = |said: &IncidentSaid| fact(1, app, Statement::Incident(Box::new(said.clone()))).draft;
    let record = IncidentRecord::after(None, &draft(&opened), &opened);
    IncidentRecord::after(record, &draft(&moved), &moved).unwrap()
}

#[test]
fn what_was_missed_has_incidents_what_stood_all_the_time_and_how_much_is_left_out() {
    let mut app = App::new("[check.api]\ntcp = \"127.0.0.1:1\"\n");
    app.pass(1);
    let since = Some(app.now().utc - TimeDelta::hours(1));
    let down = CheckRecord {
        status: Status::Down,
        since: app.now().utc - TimeDelta::hours(2),
        seen: true,
        reason: Some("refused".into()),
        fence: 1,
    };
    let stood = Missed { troubled: [("api".into(), down)].into(), ..missed(since) };
    app.outcome(Outcome::Looked(Box::new(stood)));
    assert!(!app.toast().contains("since you last looked"), "what was so before is no news: {}", app.toast());
    app.keys("ctrl-t");
    let drawn = text(&draw(&app.state, 120, 40));
    assert!(drawn.contains("api DOWN since before · refused") && !drawn.contains("nothing happened"), "{drawn}");
    for _ in 0..3 {
        app.poll("api", Sign::Good);
    }
    let drawn = text(&draw(&app.state, 120, 40));
    assert!(drawn.contains("api DOWN since before, ok now · refused"), "{drawn}");
    app.keys("esc");
    let deployed = |number: u64| {
        let version = SafeText::new(&number.to_string());
        fact(number, &app, Statement::Deployed(Deployed { service: "web".into(), version, subject: None }))
    };
    let facts: Vec<Fact> = (1..=203).map(deployed).collect();
    let incidents = vec![incident(&app)];
    app.outcome(Outcome::Looked(Box::new(Missed { facts, incidents, ..missed(since) })));
    app.keys("ctrl-t");
    let drawn = text(&draw(&app.state, 120, 40));
    for due in ["INC-7 high checkout fails: resolved", "3 earlier entries left out", "web 4 deployed"] {
        assert!(drawn.contains(due), "{due}: {drawn}");
    }
}

#[test]
fn an_offer_that_is_corrected_is_of_the_same_shift() {
    let team = Team::sqlite();
    let people = "\
[contact.ana]
[contact.ben]
[contact.eve]
[oncall]
rotation = [\"ana\", \"ben\", \"eve\"]
handover = \"weekly Mon 18:00\"
from = \"2026-01-05\"
";
    let shell = Shell { team: &team, config: team.config() + people };
    let (duty, calendar) = (shell.duty(), || shell.json(&["oncall", "calendar", "--for", "28d", "--json"]));
    let (planned, shifts) = (&duty["layers"][0], calendar());
    let first = shell.json(&["handover", "--yes", "--json"]);
    assert_eq!((&first["who"], &first["to"]), (&planned["who"], &planned["next"]), "{first}");
    assert_eq!(&shell.duty()["layers"][0], planned, "an offer changes nothing of who comes when");
    assert_eq!(calendar(), shifts);
    let second = shell.json(&["handover", "--yes", "--json", "--note", "a word was wrong"]);
    assert_ne!(second["id"], first["id"]);
    for same in ["who", "to", "until"] {
        assert_eq!(second[same], first[same], "{same}");
    }
}
