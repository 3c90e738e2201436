//! The change calendar: planned by one person, approved by another, and what it says against an action.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::process::Output;

use chrono::{DateTime, TimeDelta, Utc};
use opsroom::model::fact::{ChangeApproved, ChangePlanned, ChangeSaid, Statement};
use opsroom::model::maintenance::ServiceChoice;
use opsroom::text::SafeText;
use serde_json::Value;

use crate::support::app::WORLD;
use crate::support::frame::{draw, text};
use crate::support::room::Room;
use crate::support::shell;

const CONFIG: &str = r#"
[console]
name = "test"
environment = "production"
[service.api]
[service.db]
[check.db]
service = "db"
tcp = "127.0.0.1:9"
every = "1h"
[adapter.ours]
restart = { steps = [["echo", "restarted"]], dry_run = [["echo", "would restart"]] }
[action.restart-db]
service = "db"
adapter = "ours"
do = "restart"
"#;

struct World {
    at: tempfile::TempDir,
    store: String,
}

impl World {
    fn new() -> Self {
        Self::with("")
    }

    fn with(more: &str) -> Self {
        let at = tempfile::tempdir().unwrap();
        std::fs::write(at.path().join("opsroom.toml"), format!("{CONFIG}{more}")).unwrap();
        let store = format!("sqlite:{}", at.path().join("shared.db").display());
        Self { at, store }
    }

    fn run(&self, who: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = shell::opsroom(self.at.path());
        command.args(["--config", "opsroom.toml", "--store", &self.store]).args(arguments);
        let Output { status, stdout, stderr } = command.env("USER", who).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (status.code(), text(stdout), text(stderr))
    }

    fn json(&self, who: &str, arguments: &[&str]) -> Value {
        let (code, out, err) = self.run(who, arguments);
        assert_eq!(code, Some(0), "{out}{err}");
        serde_json::from_str(&out).unwrap()
    }

    /// Plans something that begins so many minutes from now and lasts two hours.
    fn add(&self, title: &str, service: &str, minutes: i64, more: &[&str]) -> String {
        let from = (Utc::now() + TimeDelta::minutes(minutes)).format("%Y-%m-%dT%H:%MZ").to_string();
        let mut arguments = vec!["change", "--json", "add", title, service];
        arguments.extend(["--why", "it is full", "--from", &from, "--for", "2h"]);
        arguments.extend(more);
        self.json("ana", &arguments)[0]["id"].as_str().unwrap().to_owned()
    }

    /// What a dry run of the restart says.
    fn dry(&self) -> String {
        let (code, out, err) = self.run("cy", &["run", "restart-db", "--dry-run"]);
        assert_eq!(code, Some(0), "the calendar refuses nothing: {out}{err}");
        err
    }
}

#[test]
fn a_second_person_approves_a_change_and_until_then_actions_warn() {
    let world = World::new();
    assert_eq!(world.run("ana", &["change"]).1, "no changes planned\n");
    assert!(!world.dry().contains("outside"), "nobody keeps the calendar");
    let id = world.add("new disks", "db", -5, &[]);
    assert!(world.dry().contains("the change `new disks` is not approved yet"), "{}", world.dry());
    let (code, _, err) = world.run("ana", &["change", "approve", &id]);
    assert!(code == Some(64) && err.contains("you planned change"), "{code:?} {err}");
    let approved = world.json("ben", &["change", "--json", "approve", &id]);
    assert_eq!((&approved[0]["approved_by"], &approved[0]["state"]), (&"ben".into(), &"running".into()));
    assert_eq!(approved[0]["short_notice"], true);
    let (code, _, err) = world.run("cy", &["change", "approve", &id]);
    assert!(code == Some(64) && err.contains("waiting for approval"), "{code:?} {err}");
    let dry = world.dry();
    assert!(!dry.contains("new disks"), "{dry}");
    world.add("year end", "*", -1, &["--freeze"]);
    assert!(world.dry().contains("year end (it is full, by ana)"), "{}", world.dry());
    let (_, text, _) = world.run("ana", &["change", "list"]);
    assert!(text.contains("approved by ben") && text.contains("freeze  year end"), "{text}");
    let (_, ics, _) = world.run("ana", &["change", "list", "--ics"]);
    assert!(ics.starts_with("BEGIN:VCALENDAR\r\n") && ics.contains("SUMMARY:freeze: year end\r\n"), "{ics}");
    let (_, timeline, _) = world.run("ana", &["timeline"]);
    assert!(
        timeline.contains("change new disks planned") && timeline.contains("change new disks approved"),
        "{timeline}"
    );
    let (code, out, err) = world.run("ana", &["audit", "verify"]);
    assert_eq!(code, Some(0), "{out}{err}");
}

#[test]
fn nobody_approves_their_own_change_under_another_of_their_login_names() {
    let world = World::with("[contact.ann]\nlogin = [\"ana\", \"root\"]\n");
    let id = world.add("new disks", "db", -5, &[]);
    let (code, _, err) = world.run("root", &["change", "approve", &id]);
    assert!(code == Some(64) && err.contains("you planned change"), "{code:?} {err}");
    assert_eq!(world.run("ben", &["change", "approve", &id]).0, Some(0));
}

#[test]
fn what_is_called_off_warns_no_more_and_is_listed_no_more() {
    let world = World::new();
    let id = world.add("year end", "*", -1, &["--freeze"]);
    assert!(world.dry().contains("year end (it is full, by ana)"), "{}", world.dry());
    let refused = |arguments: &[&str], said: &str| {
        let (code, out, err) = world.run("ben", arguments);
        assert!(code == Some(64) && err.contains(said), "{arguments:?}: {code:?} {out}{err}");
    };
    refused(&["change", "call-off", &id, "--why", " "], "--why is empty");
    refused(&["change", "call-off", "c1", "--why", "w"], &format!("active and planned: {id}"));
    refused(&["--read-only", "change", "call-off", &id, "--why", "w"], "read-only");
    let off = world.json("ben", &["change", "--json", "call-off", &id, "--why", "closed early"]);
    assert_eq!(off[0]["state"], "called_off");
    assert!(!world.dry().contains("year end"), "{}", world.dry());
    assert_eq!(world.run("ana", &["change"]).1, "no changes planned\n");
    refused(&["change", "cancel", &id, "--why", "w"], "no changes or freezes are active or planned");
    let (_, timeline, _) = world.run("ana", &["timeline"]);
    assert!(timeline.contains("freeze year end called off: closed early"), "{timeline}");
    let (code, out, err) = world.run("ana", &["store", "check"]);
    assert!(code == Some(0) && out.contains("as the entries say"), "{out}{err}");
}

#[test]
fn a_freeze_of_the_configuration_warns_and_is_listed() {
    let now = Utc::now();
    let written = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%MZ").to_string();
    let (from, until) = (written(now - TimeDelta::hours(1)), written(now + TimeDelta::hours(1)));
    let freeze =
        format!("[freeze.year-end]\nwhen = \"{from}/{until}\"\nservices = [\"db\"]\nwhy = \"accounts are closed\"\n");
    let world = World::with(&freeze);
    let warned = "year-end (accounts are closed, by the configuration)";
    assert!(world.dry().contains(warned), "{}", world.dry());
    let listed = world.json("ana", &["change", "--json"]);
    assert_eq!((&listed[0]["kind"], &listed[0]["state"]), (&"freeze".into(), &"running".into()));
    let (_, ics, _) = world.run("ana", &["change", "list", "--ics"]);
    assert!(ics.contains("SUMMARY:freeze: year-end\r\n"), "{ics}");
    let id = listed[0]["id"].as_str().unwrap();
    let (code, _, err) = world.run("ana", &["change", "call-off", id, "--why", "w"]);
    assert!(code == Some(64) && err.contains("edit its [freeze] section"), "{code:?} {err}");
}

#[test]
fn outside_of_every_planned_change_actions_warn() {
    let world = World::new();
    world.add("of the api", "api", -5, &[]);
    assert!(world.dry().contains("outside of every planned change, and none is planned"), "{}", world.dry());
    world.add("later", "db", 90, &[]);
    assert!(world.dry().contains("the next, `later`, begins"), "{}", world.dry());
}

#[test]
fn what_can_not_be_planned_is_said() {
    let world = World::new();
    for (arguments, said) in [
        (
            &["change", "add", "t", "none-such", "--why", "w", "--from", "2099-01-01T00:00Z", "--for", "1h"][..],
            "no service named",
        ),
        (&["change", "add", " ", "db", "--why", "w", "--from", "2099-01-01T00:00Z", "--for", "1h"], "the title has"),
        (&["change", "add", "t", "db", "--why", " ", "--from", "2099-01-01T00:00Z", "--for", "1h"], "--why is empty"),
        (
            &["change", "add", "t", "db", "--why", "w", "--from", "2020-01-01T00:00Z", "--for", "1h"],
            "that time is over",
        ),
        (&["change", "add", "t", "db", "--why", "w", "--from", "2099-01-01T00:00Z", "--for", "1h"], "too far ahead"),
        (&["change", "add", "t", "db", "--why", "w", "--from", "noon", "--for", "1h"], "--from: "),
        (&["change", "approve", "c1"], "no change with id `c1`"),
    ] {
        let (code, out, err) = world.run("ana", arguments);
        assert!(code == Some(64) && err.contains(said) && err.contains("hint: "), "{arguments:?}: {code:?} {out}{err}");
    }
}

#[test]
fn what_comes_stands_on_the_overview_until_it_is_over() {
    let mut room = Room::of(WORLD);
    let now = room.app.now().utc;
    let planned = |id: &str, title: &str, from: TimeDelta, freeze: bool| {
        Statement::Change(ChangeSaid::Planned(ChangePlanned {
            id: id.into(),
            title: SafeText::new(title),
            why: SafeText::new("full"),
            services: ServiceChoice::All,
            from: now + from,
            until: now + from + TimeDelta::hours(1),
            notice_s: 48 * 3_600,
            notify: Vec::new(),
            freeze,
        }))
    };
    room.tell(now, "ana", planned("c1", "new disks", TimeDelta::hours(2), false));
    let shown = |room: &Room| text(&draw(&room.app.state, 120, 40));
    assert!(shown(&room).contains("change new disks from ") && shown(&room).contains("not approved yet"));
    // Nobody approves their own, also where another program wrote that.
    let approved = || Statement::Change(ChangeSaid::Approved(ChangeApproved { id: "c1".into(), title: None }));
    room.tell(now, "ana (ssh from 10.0.0.5)", approved());
    assert!(shown(&room).contains("not approved yet"));
    room.tell(now, "ben", approved());
    assert!(shown(&room).contains("approved by ben"), "{}", shown(&room));
    room.tell(now, "ana", planned("c2", "of next week", TimeDelta::days(7), true));
    assert!(!shown(&room).contains("+1 more"), "not within its notice");
    room.tell(now, "ana", planned("c3", "audit", TimeDelta::minutes(-30), true));
    assert!(shown(&room).contains("freeze audit until ") && shown(&room).contains("+1 more"), "{}", shown(&room));
    room.app.pass(31 * 60);
    assert!(shown(&room).contains("change new disks from "), "{}", shown(&room));
}

#[test]
fn who_approved_a_change_is_whole_where_other_columns_have_room_to_spare() {
    let mut room = Room::of(WORLD);
    let now = room.app.now().utc;
    let planned = ChangePlanned {
        id: "c1".into(),
        title: SafeText::new("new disks"),
        why: SafeText::new("full"),
        services: ServiceChoice::These(vec!["api".into()]),
        from: now + TimeDelta::hours(2),
        until: now + TimeDelta::hours(3),
        notice_s: 0,
        notify: Vec::new(),
        freeze: false,
    };
    room.tell(now, "ana", Statement::Change(ChangeSaid::Planned(planned)));
    let approved = ChangeApproved { id: "c1".into(), title: None };
    room.tell(now, "benedikta.h", Statement::Change(ChangeSaid::Approved(approved)));
    room.app.keys("&");
    for width in [80, 120] {
        let frame = text(&draw(&room.app.state, width, 24));
        assert!(frame.contains("approved by benedikta.h"), "{frame}");
    }
}

/// A change as it is planned.
fn of(id: &str, title: &str, (from, until): (DateTime<Utc>, DateTime<Utc>), freeze: bool) -> Statement {
    Statement::Change(ChangeSaid::Planned(ChangePlanned {
        id: id.into(),
        title: SafeText::new(title),
        why: SafeText::new("full"),
        services: ServiceChoice::All,
        from,
        until,
        notice_s: 0,
        notify: Vec::new(),
        freeze,
    }))
}

#[test]
fn when_a_freeze_ends_is_whole_beside_a_long_title() {
    let mut room = Room::of(WORLD);
    let now = room.app.now().utc;
    let days = |days: i64| now + TimeDelta::days(days);
    let title = "the disks of the machines ".repeat(4);
    room.tell(now, "ana", of("c1", &title, (days(0) + TimeDelta::hours(2), days(0) + TimeDelta::hours(3)), false));
    room.tell(now, "ana", of("c2", "year end", (days(20), days(34)), true));
    room.app.keys("&");
    let whole = format!("{} to {}", days(20).format("%m-%d %H:%M"), days(34).format("%m-%d %H:%M"));
    for width in [80, 120] {
        let frame = text(&draw(&room.app.state, width, 24));
        assert!(frame.contains(&whole) && frame.contains("not approved"), "{whole}: {frame}");
        assert!(frame.contains(" all ser"), "what it affects stays: {frame}");
    }
}

#[test]
fn a_question_about_a_change_that_was_called_off_meanwhile_is_answered_by_its_title() {
    let world = World::new();
    let id = world.add("new disks", "db", 60, &[]);
    world.run("ben", &["change", "approve", &id]);
    let (code, _, err) = world.run("cy", &["change", "approve", &id]);
    assert!(code == Some(64) && err.contains("change `new disks` is not waiting for approval any more"), "{err}");
}

/// Writes into the fields of the dialog that plans a change, one after another; what follows them is left as it is.
fn plan(room: &mut Room, fields: &[&str]) {
    room.app.keys("n");
    for text in fields {
        room.app.keys("ctrl-u");
        room.app.typed(text);
        room.app.keys("tab");
    }
    room.app.keys("enter");
}

#[test]
fn changes_are_seen_planned_approved_and_called_off_on_a_screen_of_their_own() {
    let window = "[maintenance.nightly]\nwhen = \"daily 03:00-04:00 UTC\"\nservices = [\"api\"]\n";
    let mut room = Room::of(&format!("{WORLD}{window}"));
    room.acts();
    room.said();
    room.app.keys("&");
    assert!(room.frame().contains("maintenance nightly"), "{}", room.frame());
    for (fields, problem) in [
        (&["", "api", "full", "2h", "1h"][..], "what is empty"),
        (&["disks", "apo", "full", "2h", "1h"], "did you mean `api`?"),
        (&["disks", "api", "full", "soon", "1h"], "`soon` is not a valid date and time"),
        (&["disks", "api", "full", "2h", "1h", "1h", "mail"], "no channel named `mail`"),
    ] {
        plan(&mut room, fields);
        assert!(room.frame().contains(problem), "{problem}: {}", room.frame());
        room.app.keys("esc");
    }
    assert_eq!(room.kinds(), [""; 0]);
    plan(&mut room, &["new disks", "api", "the old ones are full", "2h", "1h"]);
    let now = room.app.now().utc;
    let said = room.said();
    let [Statement::Change(ChangeSaid::Planned(planned))] = &said[..] else { panic!("{said:?}") };
    assert_eq!((planned.from, planned.until), (now + TimeDelta::hours(2), now + TimeDelta::hours(3)));
    assert_eq!((planned.notice_s, planned.freeze), (48 * 3_600, false));
    assert!(room.frame().contains("new disks") && room.frame().contains("not approved"), "{}", room.frame());
    for (width, height) in [(80, 24), (160, 40)] {
        let frame = text(&draw(&room.app.state, width, height));
        let row = |part: &str| frame.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{frame}"));
        assert!(row("03:00 to 04:00").contains("maintenance nightly"), "{frame}");
        let planned = row("04:41 to 05:41");
        assert!(planned.contains(" change ") && planned.contains(" new disks "), "{frame}");
        assert!(planned.contains(" not approved ") && planned.contains(" api "), "{frame}");
    }
    // It is asked first, and Enter changes nothing.
    room.app.keys("G a");
    room.app.pass(1);
    room.app.keys("enter");
    assert_eq!(room.kinds(), [""; 0]);
    room.app.keys("a");
    room.app.pass(1);
    room.app.keys("y");
    assert_eq!(room.kinds(), ["change.approved"]);
    // What is called off has a reason.
    room.app.keys("e");
    assert!(room.frame().contains("Enter call off  Esc leave"), "there is no next field: {}", room.frame());
    room.app.keys("enter");
    assert!(room.frame().contains("call off the change new disks") && room.frame().contains("why is empty"));
    room.app.typed("the disks are late");
    room.app.keys("enter");
    let said = room.said();
    let [Statement::Change(ChangeSaid::CalledOff(called_off))] = &said[..] else { panic!("{said:?}") };
    assert_eq!((&called_off.id, called_off.why.as_str()), (&planned.id, "the disks are late"));
    assert!(!room.frame().contains("04:41 to 05:41"), "{}", room.frame());
    // Maintenance of the configuration that has not begun is changed there.
    room.app.keys("g e");
    assert!(room.app.toast().contains("edit [maintenance.nightly] there"), "{}", room.app.toast());
    // A freeze needs nobody's approval.
    room.app.keys("n");
    room.app.typed("year end");
    room.app.keys("tab ctrl-u");
    room.app.typed("*");
    room.app.keys("tab");
    room.app.typed("accounts are closed");
    room.app.keys("tab");
    room.app.typed("1h");
    room.app.keys("tab");
    room.app.typed("3d");
    room.app.keys("tab tab tab space enter");
    let said = room.said();
    let [Statement::Change(ChangeSaid::Planned(freeze))] = &said[..] else { panic!("{said:?}") };
    assert!(freeze.freeze && freeze.services == ServiceChoice::All);
    room.app.keys("G a");
    assert!(room.app.toast().contains("a freeze needs no approval"), "{}", room.app.toast());
}
