//! Lists whose schedule, zone, window or name is edited while a round is open, late, or not due yet.

use super::*;

/// What was so before the edit.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Before {
    /// Nobody began.
    Nothing,
    /// The round was begun.
    Begun,
    /// It was signed off.
    Signed,
}

/// The keys before, what was done, the keys after, and how the list stands at once and at later hours.
type Edit = (&'static str, Before, &'static str, &'static [(i64, ListStanding)]);

use Before::{Begun, Nothing, Signed};
use ListStanding::{Done, Due, Late, Missed, NotDue, OnDemand, Running};

/// It is Tuesday, 2026-03-03 09:30 UTC.
const EDITS: &[Edit] = &[
    // An open round stays open, whenever the list is due from now on.
    ("at = \"daily 09:00\"", Begun, "at = \"daily 10:00\"", &[(0, Running), (1, Due)]),
    ("at = \"daily 09:00\"", Begun, "at = \"daily 08:00\"", &[(0, Running), (20, Running), (23, Due)]),
    ("at = \"daily 09:00\"", Begun, "at = \"daily 09:30\"", &[(0, Due)]),
    ("at = \"daily 09:00\"", Begun, "at = \"weekly Mon 09:00\"", &[(0, Running), (100, Running), (144, Due)]),
    ("at = \"weekly Mon 09:00\"", Begun, "at = \"0 * * * *\"", &[(0, Running), (1, Due)]),
    ("at = \"daily 09:00\"", Begun, "", &[(0, Running), (200, Running)]),
    ("", Begun, "at = \"daily 09:00\"", &[(0, Running), (200, Running)]),
    ("at = \"daily 09:00\"", Begun, "at = \"daily 09:00\"\nwindow = \"15m\"", &[(0, Running), (24, Late)]),
    (
        "at = \"daily 09:00\"",
        Begun,
        "at = \"daily 09:00\"\nzone = \"Asia/Tokyo\"",
        &[(0, Running), (14, Running), (15, Due)],
    ),
    // One that nobody did in time is missed, until the list is due again.
    ("at = \"daily 09:00\"\nwindow = \"15m\"", Nothing, "at = \"daily 10:00\"", &[(0, Missed), (1, Due)]),
    (
        "at = \"daily 09:00\"\nwindow = \"15m\"",
        Nothing,
        "at = \"daily 09:00\"\nwindow = \"4h\"",
        &[(0, Due), (4, Late)],
    ),
    ("at = \"daily 09:00\"", Nothing, "at = \"daily 09:00\"\nwindow = \"15m\"", &[(0, Late), (22, Missed)]),
    // One that is not late yet is asked when the list is due.
    ("at = \"daily 09:00\"\nwindow = \"4h\"", Nothing, "at = \"daily 10:00\"", &[(0, NotDue), (1, Due)]),
    ("at = \"daily 09:00\"\nwindow = \"4h\"", Nothing, "at = \"daily 08:00\"\nwindow = \"4h\"", &[(0, Due), (3, Late)]),
    ("at = \"daily 09:00\"", Nothing, "", &[(0, OnDemand)]),
    // What is signed off is not asked again in the same period.
    ("at = \"daily 09:00\"", Signed, "at = \"daily 08:00\"", &[(0, Done), (23, Due)]),
    ("at = \"daily 09:00\"", Signed, "at = \"daily 10:00\"", &[(0, NotDue), (1, Due)]),
    ("at = \"daily 09:00\"", Signed, "at = \"weekly Mon 09:00\"", &[(0, Done), (144, Due)]),
    ("at = \"daily 09:00\"", Signed, "at = \"daily 09:00\"\nwindow = \"15m\"", &[(0, Done), (23, NotDue), (24, Late)]),
];

fn round(keys: &str) -> String {
    format!("[checklist.round]\n{keys}\nstep = [{{ title = \"x\", ask = \"?\" }}]\n")
}

fn reload(room: &mut Room, text: &str) {
    let now = room.world.now;
    let _ = room.world.reconfigure(config(text), now);
}

/// A room in which the list was used since Monday morning, on Tuesday at half past nine.
fn before_the_edit(keys: &str, before: Before) -> Room {
    let mut room = Room::at(&round(keys), "2026-03-03T08:30:00Z");
    room.pass(Duration::from_hours(1));
    if before != Nothing {
        let run = room.start("round").id;
        if before == Signed {
            room.answer(&run, "x", &passed("")).unwrap();
            let signed = room.world.say_signed(&run).unwrap();
            room.say(signed);
        }
    }
    room
}

#[test]
fn an_edit_hides_no_round_and_makes_none_done() {
    for (keys, before, after, stands) in EDITS {
        let mut room = before_the_edit(keys, *before);
        let open = room.world.checklist_runs().find(|run| run.is_open()).map(|run| run.id.clone());
        reload(&mut room, &round(after));
        let mut passed = 0;
        for (hour, state) in *stands {
            room.pass(Duration::from_hours(u64::try_from(hour - passed).unwrap()));
            passed = *hour;
            let list = room.world.config.checklist("round").unwrap();
            let view = room.world.list_view(list);
            assert_eq!(view.state, *state, "{keys} → {after}, {before:?}, {hour} h later");
            let is_open = view.run.is_some_and(ChecklistRecord::is_open);
            assert_eq!(is_open, *state == Running, "{keys} → {after}, {hour} h later");
            assert!(!is_open || view.run.map(|run| &run.id) == open.as_ref(), "the same run");
            let next = view.next_due(room.world.now.utc);
            let is_ahead = next.is_some_and(|next| room.world.now.utc < next);
            assert_eq!(is_ahead, list.at.is_some(), "{keys} → {after}, {before:?}, {hour} h later: next {next:?}");
            // A second one is begun only where the one before is over, and that is said then.
            let begins = room.world.start_checklist(list);
            let is_refused = matches!(state, Running | Done);
            assert_eq!(begins.is_err(), is_refused, "{keys} → {after}, {hour} h later: {begins:?}");
            if let (Ok(said), Some(open)) = (&begins, &open)
                && room.world.checklist_run(open).unwrap().is_open()
            {
                let ends = |one: &Statement| matches!(one, Statement::ChecklistMissed(row) if row.run == *open);
                assert!(said.iter().any(ends), "{keys} → {after}: {said:?}");
            }
        }
    }
}

#[test]
fn an_open_round_is_always_listed() {
    for (keys, before, after, stands) in EDITS {
        let mut room = before_the_edit(keys, *before);
        reload(&mut room, &round(after));
        room.pass(Duration::from_hours(u64::try_from(stands.last().unwrap().0).unwrap()));
        let left_open: Vec<_> = room.world.runs_left_open().into_iter().map(|run| run.id.clone()).collect();
        for run in room.world.checklist_runs().filter(|run| run.is_open()) {
            let view = room.world.list_view(room.world.config.checklist("round").unwrap());
            let is_shown = view.run.is_some_and(|shown| shown.id == run.id);
            assert!(is_shown != left_open.contains(&run.id), "{keys} → {after}");
        }
    }
}

#[test]
fn the_open_round_of_a_list_that_is_renamed_or_removed_is_listed_and_can_be_finished() {
    for after in [round("at = \"daily 09:00\"").replace("round", "rounds"), String::new()] {
        let mut room = before_the_edit("at = \"daily 09:00\"", Begun);
        reload(&mut room, &after);
        let said = room.world.say_checklists();
        assert_eq!(said, [], "it is not said to be missed");
        let left = room.world.runs_left_open();
        assert_eq!(left.len(), 1);
        let run = left[0].id.clone();
        room.answer(&run, "x", &StepSaying::Skip("the list is gone".to_owned())).unwrap();
        let signed = room.world.say_signed(&run).unwrap();
        room.say(signed);
        assert!(room.world.runs_left_open().is_empty());
    }
}

#[test]
fn a_late_round_that_the_schedule_asks_no_more_is_put_on_record_as_missed_once() {
    let mut room = before_the_edit("at = \"daily 09:00\"\nwindow = \"15m\"", Nothing);
    reload(&mut room, &round("at = \"daily 10:00\""));
    // Another record is read before it is said.
    let _ = room.world.remember(&[], 0, room.world.now);
    let _ = room.world.alerts_read(&[]);
    assert_eq!(missed(&mut room), [("round@20260303T0900Z".to_owned(), 0)]);
    assert_eq!(room.state("round"), Missed);
    assert_eq!(missed(&mut room), []);
    // On time is not late: the round moves to where the list is due now.
    let mut room = before_the_edit("at = \"daily 09:00\"\nwindow = \"4h\"", Nothing);
    reload(&mut room, &round("at = \"daily 10:00\""));
    assert_eq!(missed(&mut room), []);
}

#[test]
fn a_round_that_nobody_did_is_missed_and_not_done_shortly_before_the_next() {
    for keys in ["at = \"daily 09:00\"", "at = \"daily 09:00\"\nwindow = \"4h\""] {
        let mut room = before_the_edit(keys, Nothing);
        room.pass(Duration::from_hours(22));
        let view = room.world.list_view(room.world.config.checklist("round").unwrap());
        assert_eq!((view.state, view.next_due(room.world.now.utc)), (Missed, Some(utc("2026-03-04T09:00:00Z"))));
        assert_eq!(&*room.start("round").id, "round@20260304T0900Z", "what begins is the next one");
        // Who has just begun to look knows of no round before.
        let fresh = Room::at(&round(keys), "2026-03-04T07:30:00Z");
        assert_eq!(fresh.state("round"), NotDue);
    }
}

#[test]
fn a_second_edit_puts_no_round_on_record_that_nobody_asked_for() {
    for is_said_between in [false, true] {
        let mut room = before_the_edit("at = \"daily 09:00\"\nwindow = \"15m\"", Nothing);
        reload(&mut room, &round("at = \"daily 10:00\""));
        let mut said = if is_said_between { missed(&mut room) } else { Vec::new() };
        room.pass(Duration::from_mins(10));
        reload(&mut room, &round("at = \"daily 11:00\"\nwindow = \"15m\""));
        said.extend(missed(&mut room));
        assert_eq!(said, [("round@20260303T0900Z".to_owned(), 0)]);
        assert_eq!(room.state("round"), Missed);
        // What was asked since is: the round of eleven.
        room.pass(Duration::from_hours(2));
        assert_eq!(room.state("round"), Late);
        reload(&mut room, &round("at = \"daily 12:00\""));
        assert_eq!(missed(&mut room), [("round@20260303T1100Z".to_owned(), 0)]);
    }
}

type Unseen = (&'static str, &'static str, &'static [(u64, ListStanding)]);

/// The keys by which a round was begun on Tuesday at 09:30, those after the edit, and how the list stands in a process that
/// begins so many hours later and never saw the edit.
const UNSEEN: &[Unseen] = &[
    ("at = \"daily 09:00\"", "at = \"daily 10:00\"", &[(0, Running), (1, Due), (169, Due)]),
    ("at = \"daily 09:00\"", "at = \"daily 08:00\"", &[(0, Running), (22, Running), (23, Due), (192, Due)]),
    ("at = \"daily 09:00\"", "at = \"daily 09:15\"", &[(0, Running), (23, Running), (24, Due)]),
    ("at = \"daily 09:00\"", "at = \"weekly Mon 09:00\"", &[(0, Running), (100, Running), (144, Due)]),
    ("at = \"weekly Mon 09:00\"", "at = \"0 * * * *\"", &[(0, Running), (1, Due)]),
    ("at = \"daily 09:00\"", "", &[(0, Running), (200, Running)]),
    ("", "at = \"daily 09:00\"", &[(0, Running), (200, Running)]),
];

#[test]
fn an_open_round_of_an_earlier_schedule_ends_also_where_nobody_saw_the_edit() {
    for (keys, after, stands) in UNSEEN {
        let mut room = before_the_edit(keys, Begun);
        let open = room.world.runs_of_checklist("round")[0].id.clone();
        let mut passed = 0;
        for (hour, state) in *stands {
            room.pass(Duration::from_hours(hour - passed));
            passed = *hour;
            let fresh = room.begun_anew(&round(after));
            assert_eq!(fresh.state("round"), *state, "{keys} → {after}, {hour} h later");
            let begins = fresh.world.start_checklist(fresh.world.config.checklist("round").unwrap());
            match begins {
                Ok(said) => {
                    let ends = |one: &Statement| matches!(one, Statement::ChecklistMissed(row) if row.run == open);
                    assert!(said.iter().any(ends), "{keys} → {after}, {hour} h later: {said:?}");
                }
                Err(refused) => assert_eq!((*state, &*refused), (Running, "round is under way")),
            }
        }
    }
}

#[test]
fn a_round_may_be_begun_as_long_as_it_is_said_to_be_on_time() {
    let step = Duration::from_mins(5);
    for keys in [
        "at = \"daily 09:00\"",
        "at = \"daily 09:00\"\nwindow = \"4h\"",
        "at = \"daily 09:00\"\nwindow = \"23h\"",
        "at = \"weekly Mon 09:00\"",
        "at = \"0 * * * *\"",
    ] {
        let mut room = before_the_edit(keys, Nothing);
        let mut until = None;
        loop {
            let (now, view) = (room.world.now.utc, room.world.list_view(room.world.config.checklist("round").unwrap()));
            if view.state != Due {
                let said: DateTime<Utc> = until.expect("it is due at first");
                assert!(said <= now && now < said + step, "{keys}: until {said}, but {:?} at {now}", view.state);
                break;
            }
            until = view.late_from;
            room.pass(step);
        }
    }
    // What is begun in time may be finished until the list is due again.
    let mut room = before_the_edit("at = \"daily 09:00\"", Nothing);
    assert_eq!(room.start("round").until, Some(utc("2026-03-04T09:00:00Z")));
}

#[test]
fn when_a_list_is_due_next_is_ahead_and_not_the_round_that_is_begun_or_done() {
    for (keys, after, next) in [
        ("at = \"weekly Mon 09:00\"", "at = \"0 * * * *\"", "2026-03-03T10:00:00Z"),
        ("at = \"daily 09:00\"", "at = \"daily 10:00\"", "2026-03-03T10:00:00Z"),
        ("at = \"daily 09:00\"", "at = \"weekly Mon 09:00\"", "2026-03-09T09:00:00Z"),
        ("", "at = \"daily 09:00\"", "2026-03-04T09:00:00Z"),
        // Begun shortly before it is due.
        ("at = \"daily 10:00\"", "at = \"daily 10:00\"", "2026-03-04T10:00:00Z"),
    ] {
        for before in [Begun, Signed] {
            let mut room = before_the_edit(keys, before);
            reload(&mut room, &round(after));
            let view = room.world.list_view(room.world.config.checklist("round").unwrap());
            if matches!(view.state, Running | Done) {
                assert_eq!(view.next_due(room.world.now.utc), Some(utc(next)), "{keys} → {after}, {before:?}");
            }
        }
    }
}
