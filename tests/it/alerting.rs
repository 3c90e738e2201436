//! Alerts on record: each firing said once, acknowledged and silenced by one person for all, also over restarts.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use opsroom::app::state::State;
use opsroom::model::effect::{Effect, HolderEffect, StoreEffect};
use opsroom::model::fact::{Fact, NewFact, SilenceEnd, SilenceStarted, Statement, Unacknowledged};
use opsroom::model::lease::LeaseView;
use opsroom::model::outcome::{Outcome, StoreAbsence, StoreAway};
use opsroom::model::reading::Sign;
use opsroom::text::SafeText;
use opsroom::world::alerts::{AlertView, Phase};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::app::{WORLD, config};
use crate::support::frame::{draw, text};
use crate::support::pty::Terminal;
use crate::support::room::Room;
use crate::support::shared::{all_reach, reaches};
use crate::support::team::Team;

const PATIENCE: Duration = Duration::from_mins(1);

const DOWN: &str = "check:api/critical/0";

#[test]
fn an_alert_that_fires_is_said_once_and_so_is_its_end() {
    let mut room = Room::new();
    room.acts();
    assert_eq!(room.kinds(), [""; 0]);
    room.fail("api");
    let said = room.said();
    let [Statement::AlertFired(fired)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((&*fired.alert, &*fired.rule, fired.fence), ("api", DOWN, 3));
    room.fail("api");
    room.app.pass(60);
    assert_eq!(room.kinds(), [""; 0], "once");
    room.mend("api");
    let said = room.said();
    let [Statement::AlertResolved(resolved)] = &said[..] else { panic!("{said:?}") };
    assert_eq!(resolved.id, fired.id);
    room.app.pass(2_000);
    assert_eq!(room.kinds(), [""; 0]);
    // And what fires again is another one.
    room.fail("api");
    let said = room.said();
    assert!(matches!(&said[..], [Statement::AlertFired(again)] if again.id != fired.id), "{said:?}");
}

#[test]
fn an_alert_that_is_put_on_record_while_its_check_recovers_keeps_why_it_fired() {
    let mut room = Room::new();
    room.fail("api");
    room.app.poll("api", Sign::Good);
    assert_eq!(room.alert(DOWN).map(|alert| alert.value.to_string()).as_deref(), Some("PENDING"));
    room.acts();
    room.app.pass(2);
    let said = room.said();
    let fired = said.iter().find_map(|said| match said {
        Statement::AlertFired(fired) => Some(fired.value.to_string()),
        _ => None,
    });
    assert_eq!(fired.as_deref(), Some("DOWN connection refused"), "{said:?}");
}

#[test]
fn what_did_not_reach_the_record_is_said_again() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    let lost =
        room.app.take().iter().filter(|effect| matches!(effect, Effect::Holder(HolderEffect::Append(_)))).count();
    assert!(lost > 0);
    room.app.pass(40);
    assert_eq!(room.kinds(), ["alert.fired"]);
    room.app.pass(40);
    assert_eq!(room.kinds(), [""; 0]);
}

#[test]
fn who_succeeds_goes_on_from_what_is_on_record() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    let said = room.said();
    let [Statement::AlertFired(fired)] = &said[..] else { panic!("{said:?}") };
    // Still down: nothing is said. It is over: that is said of the same firing.
    let mut next = room.next();
    next.acts();
    assert_eq!(next.alert(DOWN).map(|alert| alert.phase), Some(Phase::Firing), "before anything was polled");
    next.fail("api");
    assert_eq!(next.kinds(), [""; 0]);
    next.mend("api");
    let said = next.said();
    assert!(matches!(&said[..], [Statement::AlertResolved(over)] if over.id == fired.id), "{said:?}");
    // An engine that knew less does not make it fire once more.
    let engine = {
        let mut engine = opsroom::model::engine::EngineState { version: 1, ..Default::default() };
        let state = opsroom::model::engine::KeptAlertState::Firing(fired.since, fired.fired_at);
        let kept = opsroom::model::engine::KeptAlert {
            condition: fired.condition.clone(),
            state,
            blind_ms: 0,
            began_in_sight: true,
            inhibited_by: None,
            flapping: false,
            value: None,
        };
        engine.alerts.push((DOWN.into(), kept));
        engine
    };
    let mut last = next.next();
    last.app.outcome(Outcome::Engine { engine: Box::new(engine), unseen: Duration::ZERO });
    last.acts();
    last.app.poll("api", Sign::Good);
    last.app.pass(40);
    assert_eq!(last.kinds(), [""; 0]);
}

#[test]
fn what_the_configuration_has_no_more_is_over() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    room.said();
    let without = WORLD.replace("alert = { critical = \"down\", medium = \"degraded for 10m\" }\n", "");
    room.app.send(opsroom::app::message::Event::Reloaded(Ok((config(&without), Vec::new()))));
    room.app.pass(2);
    let said = room.said();
    let because = said.iter().find_map(|said| match said {
        Statement::AlertResolved(over) => over.because.clone(),
        _ => None,
    });
    assert_eq!(because.map(|text| text.to_string()), Some("removed from the configuration".to_owned()), "{said:?}");
}

#[test]
fn others_show_what_is_on_record_and_their_own_view_as_such() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    let fired = room.said().remove(0);
    let mut other = Room::new();
    other.app.pass(room.app.now().since(other.app.now()).as_secs());
    other.looks_on();
    other.fail("api");
    let own = other.alert(DOWN).unwrap();
    assert!(own.is_own_view && own.phase == Phase::Firing);
    let world = &other.app.state.world;
    assert!(!world.timeline.newest_first().any(|entry| entry.text.as_str().starts_with("critical HTTP API")));
    let now = other.app.now().utc;
    other.tell(now, "ben", fired);
    let shown = other.alert(DOWN).unwrap();
    assert!(!shown.is_own_view && shown.phase == Phase::Firing);
    // Well from here, and the holder sees it otherwise.
    other.mend("api");
    assert_eq!(other.alert(DOWN).map(|alert| alert.phase), Some(Phase::Firing));
    assert_eq!(other.kinds(), [""; 0], "only who acts says anything");
}

#[test]
fn what_waits_for_a_slow_store_is_said_to_be_on_its_way_until_it_is_answered() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    room.said();
    room.app.keys("a");
    room.app.typed("pool is full");
    room.app.keys("enter");
    let asked = |room: &mut Room| {
        let asked = room.app.take().into_iter().find_map(|effect| match effect {
            Effect::Store(request, StoreEffect::SayOfAlerts(_) | StoreEffect::SayOfIncident(_)) => Some(request),
            _ => None,
        });
        asked.expect("something was said")
    };
    let drawn = |room: &Room| text(&draw(&room.app.state, 80, 24));
    let acknowledgement = asked(&mut room);
    room.app.pass(1);
    assert!(!drawn(&room).contains("still"), "most writes are faster: {}", drawn(&room));
    room.app.pass(2);
    assert!(drawn(&room).contains("still being written (3s): acknowledged HTTP API"), "{}", drawn(&room));
    room.app.keys("i enter");
    let incident = asked(&mut room);
    room.app.pass(2);
    assert!(drawn(&room).contains("still being written (5s, +1 more): acknowledged HTTP API"), "{}", drawn(&room));
    insta::assert_snapshot!("on_its_way_80x24", drawn(&room));
    // It goes on, and goes, also on a screen that is held still.
    room.app.keys("f");
    let before = room.app.state.console.revision;
    room.app.pass(1);
    assert!(room.app.state.console.revision > before && drawn(&room).contains("(6s, +1 more)"), "{}", drawn(&room));
    room.app.outcome(Outcome::Recorded { request: acknowledgement });
    assert!(drawn(&room).contains("still being written (3s): incident opened: "), "{}", drawn(&room));
    let before = room.app.state.console.revision;
    room.app.outcome(Outcome::RequestFailed { request: incident, why: "disk full".into() });
    assert!(room.app.state.console.revision > before && !drawn(&room).contains("still"), "{}", drawn(&room));
    let before = room.app.state.console.revision;
    room.app.pass(1);
    assert_eq!(room.app.state.console.revision, before, "nothing is drawn for what is answered");
}

#[test]
fn an_acknowledgement_takes_three_keys_and_says_by_whom() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    room.said();
    room.app.keys("a");
    insta::assert_snapshot!("acknowledging_80x24", text(&draw(&room.app.state, 80, 24)));
    room.app.typed("pool is full");
    room.app.keys("enter");
    let said = room.said();
    let [Statement::AlertAcknowledged(ack)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((ack.why.as_str(), &*ack.alert), ("pool is full", "api"));
    let now = room.app.now().utc;
    assert!(ack.until - now <= TimeDelta::minutes(30) && ack.until - now > TimeDelta::minutes(29), "critical: 30m");
    let known = room.alert(DOWN).unwrap().acknowledged.clone().unwrap();
    assert_eq!((known.by.as_str(), known.why.as_str()), ("ana", "pool is full"));
    // The bar stays and says so.
    assert!(room.frame().contains("acknowledged by ana"), "{}", room.frame());
    assert!(room.frame().contains("1 ack"), "{}", room.frame());
    for (width, height) in [(80, 24), (120, 40)] {
        insta::assert_snapshot!(format!("acknowledged_{width}x{height}"), text(&draw(&room.app.state, width, height)));
    }
    // It expires, and is open again.
    room.app.pass(30 * 60 + 1);
    assert!(room.alert(DOWN).unwrap().acknowledged.is_none());
    let said = room.said();
    let is_expired = |said: &Statement| matches!(said, Statement::AlertUnacknowledged(over) if over.because == Unacknowledged::Expired);
    assert!(said.len() == 1 && is_expired(&said[0]), "{said:?}");
    assert_eq!(room.app.state.world.alerts.iter().filter(|alert| alert.acknowledged.is_some()).count(), 0);
    // The note stands beside the next one.
    room.mend("api");
    room.fail("api");
    room.said();
    room.app.keys("5");
    room.app.keys("d");
    assert!(room.frame().contains("pool is full by ana"), "{}", room.frame());
}

#[test]
fn an_acknowledgement_is_lost_where_something_worse_fires() {
    let mut room = Room::new();
    room.acts();
    for _ in 0..8 {
        room.app.pass(10);
        room.app.sample("errors", Ok(7.0));
    }
    room.said();
    let medium = "metric:errors/medium/1";
    assert_eq!(room.alert(medium).map(|alert| alert.phase), Some(Phase::Firing), "{:?}", room.app.state.world.alerts);
    room.app.keys("5");
    room.app.keys("a");
    room.app.keys("enter");
    let said = room.said();
    assert!(matches!(&said[..], [Statement::AlertAcknowledged(_)]), "{said:?}");
    assert!(room.alert(medium).unwrap().acknowledged.is_some());
    room.app.pass(1);
    room.app.sample("errors", Ok(20.0));
    room.app.pass(1);
    assert!(room.alert(medium).unwrap().acknowledged.is_none(), "a worse severity reopens it");
    room.app.pass(1);
    let mut kinds = room.kinds();
    kinds.sort();
    assert_eq!(kinds, ["alert.fired", "alert.unacknowledged"]);
}

#[test]
fn a_silence_mutes_until_its_end_and_what_still_fires_is_heard_of() {
    let mut room = Room::new();
    room.acts();
    let now = room.app.now().utc;
    let silence = |until, hold| {
        let (id, matching, why) = ("s1".into(), "service:api".to_owned(), SafeText::new("migration"));
        Statement::SilenceStarted(SilenceStarted { id, matching, why, until, hold })
    };
    room.tell(now, "ana", silence(now + TimeDelta::minutes(30), false));
    room.fail("api");
    let fired = room.said().remove(0);
    let Statement::AlertFired(fired) = fired else { panic!("{fired:?}") };
    assert!(fired.muted_because.unwrap().as_str().starts_with("silenced by ana until"));
    let alert = room.alert(DOWN).unwrap();
    assert_eq!(alert.phase, Phase::Firing, "its machine goes on");
    room.app.keys("5");
    assert!(room.frame().contains("silenced by ana"), "{}", room.frame());
    assert!(room.frame().contains("1 muted") && room.frame().contains("migration"), "{}", room.frame());
    for (width, height) in [(80, 24), (120, 40)] {
        insta::assert_snapshot!(format!("silenced_{width}x{height}"), text(&draw(&room.app.state, width, height)));
    }
    let said = room.watch(31 * 60);
    let over = |said: &Statement| matches!(said, Statement::SilenceEnded(over) if over.because == SilenceEnd::Expired);
    assert!(said.iter().filter(|said| over(said)).count() == 1, "{said:?}");
    assert!(!room.frame().contains("silenced by"), "{}", room.frame());
}

#[test]
fn what_concerns_alerts_lasts_for_as_long_as_is_configured() {
    let times = "[alerts]\nresolved_for = \"2m\"\nack_expires = { critical = \"10m\" }\nquiet_ends_silence = \"5m\"\n";
    let mut room = Room::of(&format!("{WORLD}{times}"));
    room.acts();
    room.fail("api");
    room.said();
    room.app.keys("a");
    assert!(room.frame().contains("for  10m"), "{}", room.frame());
    room.app.keys("enter");
    let now = room.app.now().utc;
    let said = room.said();
    let [Statement::AlertAcknowledged(ack)] = &said[..] else { panic!("{said:?}") };
    assert_eq!(ack.until - now, TimeDelta::minutes(10));
    let (id, matching, why) = ("s1".into(), "api".to_owned(), SafeText::new("migration"));
    let until = now + TimeDelta::hours(12);
    room.tell(now, "ana", Statement::SilenceStarted(SilenceStarted { id, matching, why, until, hold: false }));
    room.mend("api");
    room.said();
    assert_eq!(room.alert(DOWN).map(|alert| alert.phase), Some(Phase::Resolved));
    room.app.pass(100);
    assert!(room.alert(DOWN).is_some());
    room.app.pass(30);
    assert!(room.alert(DOWN).is_none(), "shown for 2m");
    let said = room.watch(240);
    assert!(matches!(&said[..], [Statement::SilenceEnded(over)] if over.because == SilenceEnd::Quiet), "{said:?}");
    // Who only looks on shows what is on record for as long.
    let mut other = room.next();
    other.looks_on();
    assert!(other.alert(DOWN).is_none());
}

#[test]
fn a_silence_names_what_is_there_by_words_of_the_house_and_for_a_sane_time() {
    let aliases = "[severity.critical]\naliases = [\"P1\"]\nnotify = []\n";
    let mut room = Room::of(&format!("{WORLD}{aliases}"));
    room.acts();
    let mut silence = |matching: &str, span: &str| {
        room.app.keys("1 s");
        // From the reason, which has the focus, to what it matches.
        room.app.keys("backtab ctrl-u");
        room.app.typed(matching);
        room.app.keys("tab tab ctrl-u");
        room.app.typed(span);
        room.app.keys("enter");
        let frame = room.frame();
        room.app.keys("esc");
        let said = room.said();
        let matching = said.iter().find_map(|said| match said {
            Statement::SilenceStarted(said) => Some(said.matching.clone()),
            _ => None,
        });
        (matching, frame)
    };
    assert_eq!(silence("api:P1", "1h").0.as_deref(), Some("api:critical"), "as every console reads it");
    let (said, frame) = silence("apo", "1h");
    assert!(said.is_none() && frame.contains("did you mean `api`?"), "{frame}");
    for (span, problem) in [("0s", "too short"), ("10000d", "too long"), ("99999999999999d", "too long")] {
        let (said, frame) = silence("api", span);
        assert!(said.is_none() && frame.contains(problem), "{span}: {frame}");
    }
}

#[test]
fn a_silence_is_listed_on_the_alerts_screen_and_ended_with_a_key() {
    let begin = |room: &mut Room, id: &str| {
        let now = room.app.now().utc;
        let (id, matching, why) = (id.into(), "service:api".to_owned(), SafeText::new("migration"));
        let until = now + TimeDelta::hours(2);
        room.tell(now, "ana", Statement::SilenceStarted(SilenceStarted { id, matching, why, until, hold: true }));
    };
    let mut room = Room::new();
    room.acts();
    begin(&mut room, "s1");
    room.app.keys("5");
    assert!(room.frame().contains("service HTTP API") && room.frame().contains(", held"), "{}", room.frame());
    insta::assert_snapshot!("silences_120x40", text(&draw(&room.app.state, 120, 40)));
    room.app.keys("tab e");
    // It is asked first, and Enter changes nothing.
    room.app.pass(1);
    room.app.keys("enter");
    assert_eq!(room.kinds(), [""; 0]);
    room.app.keys("e");
    room.app.pass(1);
    room.app.keys("y");
    let said = room.said();
    let ended = |said: &Statement| matches!(said, Statement::SilenceEnded(over) if over.because == SilenceEnd::Person && &*over.id == "s1");
    assert!(said.len() == 1 && ended(&said[0]), "{said:?}");
    assert!(!room.frame().contains("silences"), "{}", room.frame());
    // On the alert that it mutes the same key ends it.
    begin(&mut room, "s2");
    room.fail("api");
    room.said();
    room.app.keys("5 e");
    room.app.pass(1);
    room.app.keys("y");
    assert!(room.kinds().contains(&"silence.ended".to_owned()));
    assert!(!room.alert(DOWN).unwrap().is_silenced());
}

#[test]
fn a_silence_can_be_held_in_the_dialog() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    room.said();
    room.app.keys("s 3 tab tab space enter");
    let said = room.said();
    let [Statement::SilenceStarted(silence)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((&*silence.matching, silence.why.as_str(), silence.hold), ("service:api", "planned work", true));
}

#[test]
fn checks_of_no_service_are_acknowledged_and_silenced_by_their_rows() {
    let check = |name: &str| {
        format!("[check.{name}]\ntcp = \"127.0.0.1:1\"\nfail_after = 1\nalert = {{ critical = \"down\" }}\n")
    };
    let mut room =
        Room::of(&format!("[console]\nname = \"bare\"\n{}{}{}", check("alpha"), check("beta"), check("gamma")));
    room.app.poll("gamma", Sign::Good);
    room.acts();
    for name in ["alpha", "beta"] {
        room.app.poll(name, Sign::Bad);
    }
    // What is seen within a second is said together.
    room.watch(20);
    let bar: Vec<String> = room.frame().lines().skip(1).take(2).map(str::to_owned).collect();
    assert!(bar.concat().contains("alpha DOWN") && bar.concat().contains("+1 more"), "{bar:?}");
    let mut acknowledged = Vec::new();
    for keys in ["a 2 enter", "j a enter"] {
        room.app.keys(keys);
        for said in room.said() {
            let Statement::AlertAcknowledged(ack) = said else { panic!("{said:?}") };
            acknowledged.push((ack.alert.to_string(), ack.why.as_str().to_owned()));
        }
    }
    let (known, looking) = ("fix under way".to_owned(), "looking into it".to_owned());
    assert_eq!(acknowledged, [("alpha".to_owned(), known), ("beta".to_owned(), looking)]);
    room.app.keys("g s enter");
    let said = room.said();
    assert!(matches!(&said[..], [Statement::SilenceStarted(silence)] if silence.matching == "alpha"), "{said:?}");
    assert!(room.frame().contains("1 muted"), "{}", room.frame());
}

#[test]
fn what_is_over_is_shown_for_as_long_as_configured_in_every_console() {
    let mut room = Room::of(&format!("{WORLD}[alerts]\nresolved_for = \"5m\"\n"));
    room.app.poll("api", Sign::Good);
    room.acts();
    room.fail("api");
    room.said();
    room.mend("api");
    room.said();
    let mut other = room.next();
    other.looks_on();
    let (shown, same) = (room.alert(DOWN).unwrap(), other.alert(DOWN).unwrap());
    assert_eq!((shown.phase, same.phase), (Phase::Resolved, Phase::Resolved));
    assert_eq!(shown.since.map(|since| since.at.utc), same.since.map(|since| since.at.utc));
    assert_eq!(shown.value, same.value);
    room.watch(4 * 60);
    assert_eq!(room.alert(DOWN).map(|alert| alert.phase), Some(Phase::Resolved));
    room.watch(2 * 60);
    assert!(room.alert(DOWN).is_none(), "{:?}", room.alert(DOWN));
}

#[test]
fn a_silence_ends_early_once_what_it_matched_has_been_quiet() {
    let mut room = Room::new();
    room.acts();
    let now = room.app.now().utc;
    let (id, matching, why) = ("s1".into(), "api".to_owned(), SafeText::new("migration"));
    let until = now + TimeDelta::hours(12);
    room.tell(now, "ana", Statement::SilenceStarted(SilenceStarted { id, matching, why, until, hold: false }));
    room.app.pass(2 * 3600);
    assert_eq!(room.kinds(), [""; 0], "nothing it matches has fired");
    room.fail("api");
    room.mend("api");
    room.said();
    room.app.pass(3500);
    assert_eq!(room.kinds(), [""; 0]);
    let said = room.watch(120);
    assert!(matches!(&said[..], [Statement::SilenceEnded(over)] if over.because == SilenceEnd::Quiet), "{said:?}");
}

#[test]
fn while_the_store_is_away_an_acknowledgement_is_queued_and_holds_here() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    room.said();
    let (since, why, how) = (room.app.now().utc, SafeText::new("no answer"), StoreAbsence::Unusable);
    let problem = why.clone();
    room.app.outcome(Outcome::Store { away: Some(StoreAway { since, seen: true, why, problem, how }), since });
    room.app.keys("a");
    room.app.keys("enter");
    let asked = room.app.take().into_iter().find_map(|effect| match effect {
        Effect::Store(request, StoreEffect::SayOfAlerts(said)) => Some((request, said)),
        _ => None,
    });
    let (request, said) = asked.unwrap();
    let (id, at, who, host) = ("q".to_owned(), room.app.now().utc, "ana".to_owned(), "box".to_owned());
    let draft =
        |said| NewFact { id: id.clone(), at, who: who.clone(), host: host.clone(), process: 7, late: true, said };
    let drafts: Vec<NewFact> = said.into_iter().map(draft).collect();
    room.app.outcome(Outcome::Queued { request, drafts: drafts.clone() });
    assert!(room.app.toast().contains("queued on disk"), "{}", room.app.toast());
    let known = |room: &Room| {
        let alert = room.alert(DOWN);
        alert.and_then(|alert| alert.acknowledged.as_ref()).map(|known| (known.by.to_string(), known.is_queued))
    };
    assert_eq!(known(&room), Some(("ana".to_owned(), true)));

    // A console that starts knows what waits before it knows what fires.
    let mut next = Room::new();
    next.acts();
    next.app.outcome(Outcome::QueuedBefore(drafts.clone()));
    next.fail("api");
    next.said();
    assert_eq!(known(&next), Some(("ana".to_owned(), true)));
    let recorded = Fact { seq: 1_000, recorded_at: at, draft: drafts[0].clone() };
    next.app.outcome(Outcome::Facts(vec![recorded]));
    assert_eq!(known(&next), Some(("ana".to_owned(), false)), "it is on record");

    // One that was killed and sees the same alert fire at another moment, by a lease that it does not hold.
    let mut again = Room::new();
    again.app.pass(60);
    again.app.outcome(Outcome::Store { away: room.app.state.world.store_away.clone(), since });
    again.app.outcome(Outcome::QueuedBefore(drafts.clone()));
    again.fail("api");
    assert_eq!(known(&again), Some(("ana".to_owned(), true)));
    again.app.pass(3_600);
    assert_eq!(known(&again), None, "it expires");
}

#[test]
fn who_does_not_act_for_all_queues_an_acknowledgement_while_the_store_is_away() {
    let mut room = Room::new();
    room.looks_on();
    let (since, why, how) = (room.app.now().utc, SafeText::new("no answer"), StoreAbsence::Unusable);
    let problem = why.clone();
    room.app.outcome(Outcome::Store { away: Some(StoreAway { since, seen: true, why, problem, how }), since });
    room.fail("api");
    room.app.keys("a");
    room.app.keys("enter");
    let said = room.app.take().into_iter().find_map(|effect| match effect {
        Effect::Store(_, StoreEffect::SayOfAlerts(said)) => Some(said),
        _ => None,
    });
    let said = said.unwrap_or_else(|| panic!("{}", room.frame()));
    let [Statement::AlertAcknowledged(said)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((&*said.alert, said.id.ends_with(DOWN)), ("api", true), "{said:?}");
}

fn acknowledged(state: &State) -> bool {
    state.world.alerts.iter().any(|alert| alert.acknowledged.as_ref().is_some_and(|known| known.by.as_str() == "ana"))
}

fn fires(state: &State) -> bool {
    state.world.alerts.iter().any(|alert| alert.phase == Phase::Firing && !alert.is_own_view && alert.firing.is_some())
}

async fn shared(team: Team) {
    let mut consoles = [team.console("one"), team.console("two")];
    all_reach(&mut consoles, "the alert", fires).await;
    assert_eq!(team.recorded("alert.fired"), 1, "by the holder alone");
    for (refused, hint) in [
        (&["ack", "nothing", "--why", "x"][..], "what fires now: api"),
        (&["ack", "api", "--why", "x", "--for", "0s"], "allowed: 1s to 30d"),
        (&["silence", "apo", "--why", "x", "--for", "1h"], "did you mean `api`?"),
        (&["silence", "service:shop", "--why", "x", "--for", "1h"], "known: api"),
        (&["silence", "*", "--why", "x", "--for", "10000d"], "allowed: 1s to 366d"),
        (&["silence", "severity:P9", "--why", "x", "--for", "1h"], "no severity named `P9`"),
    ] {
        let output = team.opsroom(refused);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(64) && text.contains(hint), "{refused:?}: {text}");
    }
    let said = team.does(&["ack", "api", "--why", "restarting it"]);
    assert!(said.starts_with("acknowledged critical api until "), "{said}");
    all_reach(&mut consoles, "the acknowledgement", acknowledged).await;
    let alerts = team.alerts();
    assert_eq!((&alerts[0]["alert"], &alerts[0]["state"]), (&Value::from("api"), &Value::from("firing")));
    assert_eq!(alerts[0]["acknowledged"]["why"], "restarting it");
    assert_eq!(alerts[0]["notified"], Value::Array(Vec::new()));
    let said = team.does(&["silence", "api:P1", "--why", "known", "--for", "2h"]);
    assert!(said.contains("matches 1 alert that fires now: critical api"), "{said}");
    let id = said.trim().rsplit(' ').next().unwrap().to_owned();
    all_reach(&mut consoles, "the silence", |state| state.world.alerts.iter().any(is_silenced)).await;
    assert_eq!(team.alerts()[0]["silence"], Value::from(&*id));
    let status: Value = serde_json::from_slice(&team.opsroom(&["status", "--json"]).stdout).unwrap();
    let alert = &status["alerts"][0];
    assert_eq!(alert["acknowledged_by"], "ana", "{status}");
    assert!(alert["muted_because"].as_str().unwrap().starts_with("silenced by ana"), "{status}");
    team.does(&["unsilence", &id]);
    all_reach(&mut consoles, "its end", |state| !state.world.alerts.iter().any(is_silenced)).await;
    assert_eq!(team.opsroom(&["unsilence", &id]).status.code(), Some(64));
    // It is well again.
    let listener = TcpListener::bind(("127.0.0.1", team.port)).unwrap();
    // Whoever acts has to go on for as long as the other waits for what it records.
    let from = Instant::now();
    while team.recorded("alert.resolved") == 0 {
        assert!(from.elapsed() < PATIENCE, "its end is not on record");
        let run = consoles.iter_mut().map(|console| console.run(Duration::from_millis(200), |_| false));
        futures_util::future::join_all(run).await;
    }
    all_reach(&mut consoles, "the recovery", |state| !fires(state)).await;
    let [one, two] = consoles;
    let timeline: Value = serde_json::from_str(&team.does(&["timeline", "--json"])).unwrap();
    let kinds: Vec<&str> = timeline.as_array().unwrap().iter().filter_map(|line| line["kind"].as_str()).collect();
    for kind in ["alert", "ack", "silence"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    one.finish().await;
    two.finish().await;
    drop(listener);
    // Derived again, and brought elsewhere, all of it is as it was.
    assert!(team.does(&["store", "check"]).contains("as the entries say"));
    let exported = team.at.path().join("export.jsonl");
    std::fs::write(&exported, team.does(&["store", "export"])).unwrap();
    let elsewhere = Team { url: format!("sqlite:{}", team.at.path().join("other.db").display()), ..Team::sqlite() };
    elsewhere.does(&["store", "import", exported.to_str().unwrap()]);
    assert_eq!(elsewhere.alerts(), team.alerts());
    team.end().await;
}

fn is_silenced(alert: &AlertView) -> bool {
    alert.is_silenced()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_acknowledges_and_silences_for_all_on_sqlite() {
    Box::pin(shared(Team::sqlite())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_acknowledges_and_silences_for_all_on_postgresql() {
    if let Some(team) = Team::postgres().await {
        Box::pin(shared(team)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_is_killed_leaves_its_alerts_to_the_next() {
    let team = Team::sqlite();
    let file = team.file();
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", file.to_str().unwrap(), "--store", &team.url];
    let mut holder = Terminal::program(&argv, 80, 24, &[]);
    until_recorded(&team, "alert.fired").await;
    holder.signal(Signal::KILL);
    holder.wait_for_end();
    let mut next = team.console("next");
    reaches(&mut next, "the lease", PATIENCE, |state| matches!(state.world.lease, LeaseView::Ours { .. })).await;
    reaches(&mut next, "what fired", PATIENCE, fires).await;
    let listener = TcpListener::bind(("127.0.0.1", team.port)).unwrap();
    reaches(&mut next, "the recovery", PATIENCE, |state| !fires(state)).await;
    reaches(&mut next, "its end on record", PATIENCE, |_| team.recorded("alert.resolved") > 0).await;
    next.finish().await;
    drop(listener);
    assert_eq!((team.recorded("alert.fired"), team.recorded("alert.resolved")), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledgement_of_a_store_that_is_away_is_on_record_once_it_is_back() {
    let team = Team::sqlite();
    let file = team.file();
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", file.to_str().unwrap(), "--store", &team.url];
    let mut console = Terminal::program(&argv, 80, 24, &[]);
    until_recorded(&team, "alert.fired").await;
    let moved = |from: &str, to: &str| {
        for suffix in ["", "-wal", "-shm"] {
            let [from, to] = [from, to].map(|name| team.at.path().join(format!("{name}{suffix}")));
            std::fs::rename(from, to).ok();
        }
    };
    moved("shared.db", "aside.db");
    console.wait_for("STORE AWAY");
    let refused = team.opsroom(&["ack", "api", "--why", "x"]);
    assert!(!refused.status.success(), "a shell queues nothing");
    console.press("a");
    console.wait_for("Enter acknowledge");
    console.press("\r");
    console.wait_for("queued on disk");
    let queue = std::fs::read_dir(console.state().join("opsroom/queue")).unwrap().flatten();
    let queued = queue.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|kind| kind == "jsonl"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(queued.unwrap()).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    // Whoever starts next knows it, though the store is still away.
    console.signal(Signal::KILL);
    console.wait_for_end();
    let state = console.state();
    let mut next = Terminal::program(&argv, 120, 40, &[("XDG_STATE_HOME", state.to_str().unwrap())]);
    next.wait_for("(queued)");
    moved("aside.db", "shared.db");
    until_recorded(&team, "alert.acknowledged").await;
    next.wait("it is on record", |screen| !screen.contents().contains("(queued)"));
    next.press("q");
    next.wait_for_end();
    assert_eq!(team.recorded("alert.acknowledged"), 1);
    assert!(!team.alerts()[0]["acknowledged"].is_null());
}

async fn until_recorded(team: &Team, kind: &str) {
    let from = Instant::now();
    while team.recorded(kind) == 0 {
        assert!(from.elapsed() < PATIENCE, "{kind} is not on record");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
