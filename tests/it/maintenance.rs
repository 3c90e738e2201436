//! Planned maintenance: what it mutes and for how long, what is said of it, and how people plan and end it.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may ask the clock, and ends where a helper fails"
)]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use opsroom::app::state::State;
use opsroom::model::effect::{Effect, HolderEffect};
use opsroom::model::engine::EngineState;
use opsroom::model::fact::{
    ChangeApproved, ChangeCalledOff, ChangePlanned, ChangeSaid, MaintenanceEnd, MaintenanceEnded, MaintenancePlanned,
    MaintenanceStarted, Statement,
};
use opsroom::model::maintenance::ServiceChoice;
use opsroom::model::message::{MessageKind, News, Notification};
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;
use opsroom::text::SafeText;
use opsroom::world::alerts::Phase;
use serde_json::Value;

use crate::support::app::WORLD;
use crate::support::frame::{draw, text};
use crate::support::room::Room;
use crate::support::shared::all_reach;
use crate::support::team::Team;

const DOWN: &str = "check:api/critical/0";

/// The room opens at 02:41:00.
const WEEKLY: &str = r#"
[maintenance.weekly]
when = "2026-11-21T03:00Z/2026-11-21T04:00Z"
services = ["api"]
notice = "10m"
notify = ["desk"]
"#;

const DESK: &str = r#"
[severity.critical]
notify = ["desk"]
[notify.desk]
command = ["true"]
"#;

/// A room that acts for all, and what its receivers were told.
struct Watch {
    room: Room,
    told: Vec<(DateTime<Utc>, Notification)>,
    /// What the engine had kept last, and when.
    kept: Option<(DateTime<Utc>, Arc<EngineState>)>,
}

impl Watch {
    fn new(more: &str) -> Self {
        let mut room = Room::of(&format!("{WORLD}{DESK}{more}"));
        room.acts();
        Self { room, told: Vec::new(), kept: None }
    }

    fn now(&self) -> DateTime<Utc> {
        self.room.app.now().utc
    }

    /// Puts on record what was said, and accepts every message.
    fn settle(&mut self) {
        loop {
            let effects = self.room.app.take();
            let mut is_quiet = true;
            for effect in effects {
                match effect {
                    Effect::Holder(HolderEffect::Append(said)) => {
                        let now = self.now();
                        for said in said {
                            self.room.tell(now, "ana", said);
                        }
                        is_quiet = false;
                    }
                    Effect::Holder(HolderEffect::Notify(message)) => {
                        let (id, target) = (message.id.clone(), message.target.clone());
                        self.told.push((self.now(), *message));
                        self.room.app.outcome(Outcome::Delivered { message: id, target, delivered: Ok(()) });
                        is_quiet = false;
                    }
                    Effect::Holder(HolderEffect::KeepEngine(engine)) => self.kept = Some((self.now(), engine)),
                    _ => {}
                }
            }
            if is_quiet {
                return;
            }
        }
    }

    fn until(&mut self, clock: &str) {
        let end: DateTime<Utc> = format!("2026-11-21T{clock}Z").parse().unwrap();
        while self.now() < end {
            self.room.app.pass(1);
            self.settle();
        }
    }

    fn poll(&mut self, sign: Sign, times: usize) {
        for _ in 0..times {
            self.room.app.poll("api", sign);
            self.settle();
            for _ in 0..15 {
                self.room.app.pass(1);
                self.settle();
            }
        }
    }

    fn muted(&self) -> Option<String> {
        let alert = self.room.alert(DOWN)?;
        self.room.app.state.world.muted_because(alert)
    }

    fn alerts(&self) -> Vec<(News, Option<String>)> {
        let entries = self.told.iter().flat_map(|(_, message)| message.entries());
        entries.map(|entry| (entry.news, entry.after.as_ref().map(ToString::to_string))).collect()
    }

    fn recorded(&self, kind: &str) -> usize {
        self.room.facts.iter().filter(|fact| fact.said().kind() == kind).count()
    }

    fn timeline(&self) -> String {
        let entries = self.room.app.state.world.timeline.newest_first();
        entries.map(|entry| entry.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn a_window_mutes_to_its_end_and_what_still_fires_is_told_then_by_its_name() {
    let mut watch = Watch::new(WEEKLY);
    watch.until("02:49:58");
    assert!(!watch.room.frame().contains("maintenance"), "{}", watch.room.frame());
    watch.until("02:50:05");
    let frame = watch.room.frame();
    assert!(
        frame.contains("☼ maintenance weekly from 03:00 UTC, in 9m") && frame.contains("until 04:00 UTC"),
        "{frame}"
    );
    let kinds: Vec<MessageKind> = watch.told.iter().map(|(_, message)| message.kind).collect();
    assert_eq!(kinds, [MessageKind::Maintenance], "once");
    watch.until("03:00:00");
    assert_eq!(watch.recorded("maintenance.started"), 1);
    watch.poll(Sign::Bad, 4);
    let alert = watch.room.alert(DOWN).unwrap();
    assert_eq!(alert.phase, Phase::Firing, "its machine goes on");
    assert_eq!(watch.muted().as_deref(), Some("maintenance weekly until 04:00 UTC"));
    for (width, height) in [(80, 24), (120, 40)] {
        insta::assert_snapshot!(
            format!("maintenance_{width}x{height}"),
            text(&draw(&watch.room.app.state, width, height))
        );
    }
    let world = &watch.room.app.state.world;
    let up = world.check("api").unwrap().availability(Duration::from_hours(1), world.now).unwrap();
    assert!((up.percent - 100.0).abs() < f64::EPSILON, "it leaves the denominator: {up:?}");
    watch.until("03:59:59");
    assert!(watch.muted().is_some());
    assert_eq!(watch.told.len(), 1, "nobody is told of what it mutes");
    watch.until("04:00:00");
    assert_eq!(watch.muted(), None, "the end is exclusive");
    watch.until("04:00:10");
    let after = "maintenance weekly ended".to_owned();
    assert_eq!(watch.alerts(), [(News::New, Some(after))]);
    assert!(watch.room.frame().contains("maintenance weekly ended 04:00 UTC"), "{}", watch.room.frame());
    assert_eq!((watch.recorded("maintenance.started"), watch.recorded("maintenance.ended")), (1, 1));
    let timeline = watch.timeline();
    for said in ["maintenance weekly started until 04:00:00Z: HTTP API", "maintenance weekly ended"] {
        assert_eq!(timeline.matches(said).count(), 1, "{said}: {timeline}");
    }
    // 15 minutes later nothing of it is left on the screen.
    watch.until("04:15:01");
    assert!(!watch.room.frame().contains("maintenance weekly ended 04:00 UTC"));
}

#[test]
fn a_recovery_in_a_window_of_what_had_been_told_is_told_at_its_end() {
    let mut watch = Watch::new(WEEKLY);
    watch.poll(Sign::Bad, 4);
    assert_eq!(watch.alerts(), [(News::New, None)]);
    watch.until("03:10:00");
    watch.poll(Sign::Good, 4);
    assert_eq!(watch.room.alert(DOWN).map(|alert| alert.phase), Some(Phase::Resolved));
    watch.until("03:59:59");
    assert_eq!(watch.alerts().len(), 1, "not before its end");
    watch.until("04:00:10");
    let after = Some("maintenance weekly ended".to_owned());
    assert_eq!(watch.alerts()[1..], [(News::Resolved, after)]);
}

#[test]
fn one_that_a_person_planned_can_be_ended_early_and_others_are_not_muted() {
    let mut watch = Watch::new("");
    let now = watch.now();
    let (from, until) = (now + TimeDelta::seconds(30), now + TimeDelta::hours(1));
    let services = ServiceChoice::These(vec!["api".into()]);
    let (id, why) = ("m1".into(), SafeText::new("new disks"));
    let planned = MaintenancePlanned { id, why, services, from, until, notice_s: None, notify: Vec::new() };
    watch.room.tell(now, "ben (ssh)", Statement::MaintenancePlanned(planned.clone()));
    watch.poll(Sign::Bad, 4);
    watch.room.app.poll("db", Sign::Bad);
    assert_eq!(watch.muted().as_deref(), Some("maintenance until 03:41 UTC: new disks"));
    for _ in 0..3 {
        watch.room.app.pass(15);
        watch.room.app.poll("db", Sign::Bad);
    }
    watch.until("02:45:00");
    let told: Vec<String> =
        watch.told.iter().flat_map(|(_, message)| message.entries()).map(|entry| entry.alert.to_string()).collect();
    assert_eq!(told, ["db"]);
    let now = watch.now();
    let MaintenancePlanned { id, services, from, until, .. } = planned;
    let because = MaintenanceEnd::Person;
    let ended = MaintenanceEnded { name: id.clone(), id, services, from, until, because };
    watch.room.tell(now, "ben (ssh)", Statement::MaintenanceEnded(ended));
    assert!(watch.muted().is_none_or(|why| !why.contains("maintenance")), "at once");
    let timeline = watch.timeline();
    for said in [
        "maintenance of HTTP API planned from 02:41:30Z to 03:41:00Z: new disks",
        "maintenance of HTTP API started until 03:41:00Z",
        "(muted: maintenance until 03:41 UTC: new disks)",
        "maintenance of HTTP API ended early",
    ] {
        assert_eq!(timeline.matches(said).count(), 1, "{said}: {timeline}");
    }
    assert!(!timeline.contains("m1"), "an id is no name: {timeline}");
}

#[test]
fn who_acts_next_says_nothing_twice_and_ends_what_nobody_ended() {
    let mut watch = Watch::new(WEEKLY);
    watch.until("03:00:10");
    let mut next = Watch { room: watch.room.next(), told: Vec::new(), kept: None };
    next.room.acts();
    next.until("03:00:20");
    assert_eq!((next.recorded("maintenance.started"), next.told.len()), (1, 0));
    // The store has one that began while another acted, and the configuration has it no more.
    let now = next.now();
    let (id, from, until) = ("gone@20261121T024500Z".into(), now - TimeDelta::minutes(1), now + TimeDelta::hours(1));
    let started = MaintenanceStarted { id, name: "gone".into(), services: ServiceChoice::All, from, until };
    next.room.tell(now, "ben", Statement::MaintenanceStarted(started));
    next.until("03:00:30");
    let because = next.room.facts.iter().find_map(|fact| match fact.said() {
        Statement::MaintenanceEnded(said) => Some(said.because),
        _ => None,
    });
    assert_eq!(because, Some(MaintenanceEnd::Reconfigured));
}

#[test]
fn a_change_and_a_freeze_are_announced_before_and_what_is_called_off_is_taken_back() {
    let freeze = "[freeze.year-end]\nwhen = \"2026-11-21T05:00Z/2026-11-21T06:00Z\"\nservices = [\"*\"]\n\
                  why = \"accounts\"\nnotice = \"1h\"\nnotify = [\"desk\"]\n";
    let mut watch = Watch::new(freeze);
    let told = |watch: &Watch| watch.told.iter().map(|(_, message)| message.summary()).collect::<Vec<_>>();
    let say = |watch: &mut Watch, who: &str, said: ChangeSaid| {
        let now = watch.now();
        watch.room.tell(now, who, Statement::Change(said));
    };
    let from = "2026-11-21T03:30:00Z".parse().unwrap();
    let planned = ChangePlanned {
        id: "c1".into(),
        title: SafeText::new("new disks"),
        why: SafeText::new("full"),
        services: ServiceChoice::These(vec!["api".into()]),
        from,
        until: from + TimeDelta::hours(1),
        notice_s: 1_800,
        notify: vec!["desk".into()],
        freeze: false,
    };
    say(&mut watch, "ana", ChangeSaid::Planned(planned));
    watch.until("03:10:00");
    assert_eq!(told(&watch), [""; 0], "what is not approved is nothing to rely on");
    say(&mut watch, "ben", ChangeSaid::Approved(ChangeApproved { id: "c1".into(), title: None }));
    watch.until("03:10:10");
    let announced = told(&watch);
    assert!(announced.len() == 1 && announced[0].contains("planned change new disks of api, 2026-11-21 03:30 UTC"));
    assert!(!watch.told[0].1.plain().contains("muted"), "a change mutes nothing");
    let why = SafeText::new("the disks are late");
    say(&mut watch, "cy", ChangeSaid::CalledOff(ChangeCalledOff { id: "c1".into(), title: None, freeze: false, why }));
    watch.until("03:59:00");
    assert!(told(&watch)[1..].iter().all(|line| line.contains("called off: change new disks")), "{:?}", told(&watch));
    assert_eq!(watch.told.len(), 2, "once: {:?}", told(&watch));
    assert!(!watch.room.frame().contains("new disks from "), "{}", watch.room.frame());
    watch.until("04:00:10");
    assert!(told(&watch)[2].contains("planned freeze year-end of all services"), "{:?}", told(&watch));
    assert!(watch.room.frame().contains("freeze year-end from 05:00 UTC, in 59m"), "{}", watch.room.frame());
    watch.until("05:00:02");
    assert!(watch.room.frame().contains("freeze year-end until 06:00 UTC"), "{}", watch.room.frame());
    watch.until("06:00:02");
    assert!(!watch.room.frame().contains("year-end"), "{}", watch.room.frame());
}

#[test]
fn what_flaps_is_muted_until_it_stays_as_it_is() {
    let mut watch = Watch::new("");
    for _ in 0..5 {
        watch.poll(Sign::Bad, 3);
        watch.poll(Sign::Good, 2);
    }
    let world = &watch.room.app.state.world;
    assert!(world.check("api").unwrap().flapping);
    let before = watch.alerts();
    assert!(before.len() < 10, "it was muted before the last of them: {before:?}");
    // It fires once more, and flaps: nobody hears of it, and the screen says why.
    watch.poll(Sign::Bad, 3);
    assert_eq!(watch.muted().as_deref(), Some("flapping: its status changes too often"));
    assert!(watch.room.frame().contains("≈ flapping"), "{}", watch.room.frame());
    let kept = |watch: &Watch| {
        let (at, engine) = watch.kept.clone()?;
        let (_, alert) = engine.alerts.iter().find(|(rule, _)| **rule == *DOWN)?;
        Some((at, alert.flapping))
    };
    assert_eq!(kept(&watch).map(|(_, flaps)| flaps), Some(true), "other processes have it from there");
    assert_eq!(watch.alerts(), before);
    // It stays down: the changes move out of the last 21 results, and what still fires is told.
    watch.poll(Sign::Bad, 21);
    assert_eq!(watch.muted(), None);
    let told = watch.alerts();
    let last = told.last().unwrap();
    assert!(told.len() > before.len() && last.1.as_deref().is_some_and(|after| after.contains("flapping")), "{told:?}");
}

fn shows_maintenance(state: &State) -> bool {
    text(&draw(state, 120, 40)).contains("☼ maintenance")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_plan_show_and_end_maintenance_in_the_shell() {
    let team = Team::sqlite();
    let mut consoles = [team.console("one"), team.console("two")];
    all_reach(&mut consoles, "the alert", |state| {
        state.world.alerts.iter().any(|alert| alert.phase == Phase::Firing && alert.firing.is_some())
    })
    .await;
    for (refused, hint) in [
        (&["maintenance", "add", "apo", "--why", "x", "--for", "1h"][..], "did you mean `api`?"),
        (&["maintenance", "add", "api", "--why", "x", "--for", "0s"], "allowed: 1s to 366d"),
        (&["maintenance", "add", "api", "--why", "x", "--from", "2020-01-01T00:00", "--for", "1h"], "omit --from"),
        (&["maintenance", "add", "api", "--why", " ", "--for", "1h"], "say what is done"),
        (&["maintenance", "add", "api", "--why", "x"], "add --until TIME, or --for DURATION"),
        (
            &["maintenance", "add", "api", "--why", "x", "--from", "2099-01-01T00:00", "--for", "1h"],
            "begin within 366d",
        ),
        (
            &["maintenance", "add", "api", "--why", "x", "--for", "1h", "--notice", "500d", "--notify", "sms"],
            "allowed: 1s to 366d",
        ),
        (
            &["maintenance", "add", "api", "--why", "x", "--for", "1h", "--notice", "5m", "--notify", "sms"],
            "none is configured",
        ),
        (&["maintenance", "end", "weekly"], "no maintenance is running"),
    ] {
        let output = team.opsroom(refused);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(64) && text.contains(hint), "{refused:?}: {text}");
    }
    assert_eq!(team.does(&["maintenance"]), "no maintenance planned\n");
    let said = team.does(&["maintenance", "add", "api", "--why", "new disks", "--for", "1h"]);
    let id = said.trim().rsplit(' ').next().unwrap().to_owned();
    all_reach(&mut consoles, "the window", shows_maintenance).await;
    let windows: Value = serde_json::from_str(&team.does(&["maintenance", "list", "--json"])).unwrap();
    let window = &windows[0];
    assert_eq!((&window["id"], &window["state"]), (&Value::from(&*id), &Value::from("running")), "{windows}");
    assert_eq!((&window["by"], &window["services"][0]), (&Value::from("ana"), &Value::from("api")));
    let alerts = team.alerts();
    let muted = alerts[0]["muted_because"].as_str().unwrap_or_default();
    assert!(muted.starts_with("maintenance until ") && muted.ends_with(": new disks"), "{alerts:?}");
    assert!(team.does(&["maintenance", "end", &id]).ends_with(" ended\n"));
    let is_over = |state: &State| {
        let drawn = text(&draw(state, 120, 40));
        drawn.lines().any(|line| line.contains("☼ maintenance m") && line.contains(" ended "))
    };
    all_reach(&mut consoles, "its end", is_over).await;
    assert_eq!(team.opsroom(&["maintenance", "end", &id]).status.code(), Some(64));
    assert!(team.alerts()[0]["muted_because"].is_null());
    // A script gets what it did as JSON.
    let windows = |arguments: &[&str]| -> Value { serde_json::from_str(&team.does(arguments)).unwrap() };
    let from = (Utc::now() + TimeDelta::hours(2)).format("%Y-%m-%dT%H:%MZ").to_string();
    let planned = windows(&["maintenance", "--json", "add", "api", "--why", "disks", "--from", &from, "--for", "1h"]);
    assert_eq!(
        (planned[0]["state"].as_str(), planned[0]["why"].as_str()),
        (Some("coming"), Some("disks")),
        "{planned}"
    );
    let ended = windows(&["maintenance", "end", planned[0]["id"].as_str().unwrap(), "--json"]);
    assert_eq!((ended[0]["state"].as_str(), &ended[0]["id"]), (Some("called off"), &planned[0]["id"]), "{ended}");
    let timeline = team.does(&["timeline"]);
    assert!(timeline.contains("ended early") && timeline.contains("planned from"), "{timeline}");
    for console in consoles {
        console.finish().await;
    }
    assert!(team.does(&["store", "check"]).contains("as the entries say"));
}
