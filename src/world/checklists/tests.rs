use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::due::ListStanding;
use super::said::StepSaying;
use crate::config::Config;
use crate::config::load::load_text;
use crate::lang::time::Stamp;
use crate::model::checklist::{CommandResult, StepState};
use crate::model::fact::{Fact, NewFact, Statement};
use crate::model::reading::Sample;
use crate::model::thing::{ChecklistRecord, checklist_run_of};
use crate::text::SafeText;
use crate::world::World;

mod edited;

use StepState::{Deferred, Failed, NotApplicable, Open, Passed, Waived};

const LISTS: &str = r#"
[source.s]
http = "http://127.0.0.1:1/"
[metric.disk]
from = "s"
value = ".body.disk"
unit = "%"
[checklist.morning]
title = "Morning"
at = "daily 09:00"
window = "4h"
step = [
  { title = "Disk", auto = "metric:disk < 85%", gate = true },
  { title = "Users", measure = "number", range = "> 0", name = "dau" },
  { title = "Plausible", ask = "{dau}?", severity = "killer" },
  { title = "Fridays", ask = "?", when = "Fri" },
  { title = "Full", ask = "?", when = "metric:disk > 80%" },
]
[checklist.evening]
title = "Evening"
at = "daily 18:00"
step = [{ title = "Backups", run = ["true"], reuse = "30h" }]
[checklist.drill]
step = [{ title = "Restore", ask = "?" }]
"#;

fn config(text: &str) -> Arc<Config> {
    let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
    Arc::new(loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)))
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

/// A world with a clock that is set, and a store that takes everything.
struct Room {
    world: World,
    seq: u64,
    /// What was said, as the store has it.
    facts: Vec<Fact>,
}

impl Room {
    fn at(text: &str, moment: &str) -> Self {
        let now = Stamp { mono: Duration::from_secs(1_000_000), utc: utc(moment) };
        let mut world = World::new(config(text), now);
        let _ = world.remember(&[], 0, now);
        let _ = world.alerts_read(&[]);
        Self { world, seq: 0, facts: Vec::new() }
    }

    /// The room of a process that begins now and reads what is stored.
    fn begun_anew(&self, text: &str) -> Self {
        let now = self.world.now;
        let mut world = World::new(config(text), now);
        let _ = world.remember(&[], 0, now);
        let _ = world.alerts_read(&[]);
        for fact in &self.facts {
            let _ = world.apply(fact, now);
        }
        Self { world, seq: self.seq, facts: self.facts.clone() }
    }

    fn pass(&mut self, by: Duration) {
        let now = self.world.now.plus(by);
        self.world.advance(now);
    }

    fn say(&mut self, said: Vec<Statement>) {
        let now = self.world.now;
        for said in said {
            self.seq += 1;
            let (id, who, host) = (self.seq.to_string(), "ana (ssh)".to_owned(), "box".to_owned());
            let draft = NewFact { id, at: now.utc, who, host, process: 1, late: false, said };
            let fact = Fact { seq: self.seq, recorded_at: now.utc, draft };
            let _ = self.world.apply(&fact, now);
            self.facts.push(fact);
        }
    }

    fn disk(&mut self, percent: f64) {
        let now = self.world.now;
        for metric in &mut self.world.metrics {
            metric.value = Some((now, percent));
            metric.last = Some(Sample { metric: metric.name.clone(), at: now, value: Ok(percent), caveat: None });
            metric.stale = false;
        }
    }

    fn start(&mut self, list: &str) -> ChecklistRecord {
        let said = self.world.start_checklist(self.world.config.checklist(list).unwrap()).unwrap();
        self.say(said);
        self.world.runs_of_checklist(list)[0].clone()
    }

    fn states(&self, run: &str) -> Vec<StepState> {
        let record = self.world.checklist_run(run).unwrap();
        self.world.round(record).steps.iter().map(|step| step.state).collect()
    }

    fn answer(&mut self, run: &str, step: &str, saying: &StepSaying) -> Result<(), String> {
        let said = self.world.say_step(run, step, saying)?;
        self.say(said);
        Ok(())
    }

    fn state(&self, list: &str) -> ListStanding {
        self.world.list_view(self.world.config.checklist(list).unwrap()).state
    }
}

fn passed(text: &str) -> StepSaying {
    StepSaying::Pass(text.to_owned())
}

#[test]
fn what_is_measured_ticks_itself_and_fails_again() {
    let mut room = Room::at(LISTS, "2026-03-02T09:30:00Z");
    room.disk(50.0);
    let run = room.start("morning").id;
    assert_eq!(room.states(&run), [Passed, Open, Open, NotApplicable, NotApplicable]);
    room.disk(90.0);
    assert_eq!(room.states(&run), [Failed, Open, Open, NotApplicable, Open], "and what applies only then is asked");
    // The gate holds a person back, whatever was on record.
    let refused = room.answer(&run, "users", &passed("5")).unwrap_err();
    assert_eq!(refused, "the round stops at `Disk` until that passes");
    assert!(room.answer(&run, "disk", &passed("")).unwrap_err().contains("a person cannot make it pass"));
    assert!(room.answer(&run, "disk", &StepSaying::Skip("no reason at all".to_owned())).unwrap_err().contains("waive"));
    room.answer(&run, "disk", &StepSaying::Waive("cleaning up now".to_owned())).unwrap();
    room.answer(&run, "users", &passed("5")).unwrap();
    assert_eq!(room.states(&run)[..2], [Waived, Passed]);
}

#[test]
fn a_failure_on_record_stands_until_something_newer_is_known() {
    let mut room = Room::at(LISTS, "2026-03-02T09:30:00Z");
    room.disk(90.0);
    let run = room.start("morning").id;
    let news = room.world.measured_news(room.world.checklist_run(&run).unwrap());
    room.say(news);
    for metric in &mut room.world.metrics {
        (metric.value, metric.last) = (None, None);
    }
    assert_eq!(room.states(&run)[0], Failed);
    room.answer(&run, "disk", &StepSaying::Fail("full".to_owned())).unwrap();
    let answer = room.world.checklist_run(&run).unwrap().steps[0].answer.clone().unwrap();
    assert_eq!(answer.value.as_ref().map(SafeText::as_str), Some("90 %"), "and so does what was found");
    // What a person decided stands whatever is measured.
    room.disk(50.0);
    assert_eq!(room.states(&run)[0], Failed);
}

#[test]
fn a_pass_that_was_measured_holds_for_a_quarter_of_an_hour_without_a_measure() {
    let mut room = Room::at(LISTS, "2026-03-02T09:30:00Z");
    room.disk(50.0);
    let run = room.start("morning").id;
    let news = room.world.measured_news(room.world.checklist_run(&run).unwrap());
    room.say(news);
    room.world.metrics.iter_mut().for_each(|metric| metric.stale = true);
    room.pass(Duration::from_mins(14));
    assert_eq!(room.states(&run)[0], Passed);
    room.pass(Duration::from_mins(1));
    let record = room.world.checklist_run(&run).unwrap();
    let round = room.world.round(record);
    assert_eq!((round.steps[0].state, round.steps[0].stale), (Open, true));
}

#[test]
fn a_number_out_of_range_fails_and_values_are_used_and_compared() {
    let mut room = Room::at(LISTS, "2026-03-02T09:30:00Z");
    room.disk(50.0);
    let run = room.start("morning").id;
    assert!(room.answer(&run, "users", &passed("many")).is_err());
    room.answer(&run, "users", &passed("0")).unwrap();
    assert_eq!(room.states(&run)[1], Failed);
    room.answer(&run, "users", &StepSaying::Reopen).unwrap();
    room.answer(&run, "users", &passed("1204")).unwrap();
    let corrected = &room.world.checklist_run(&run).unwrap().steps[1].corrected;
    let corrected: Vec<_> = corrected.iter().map(|one| (one.value.as_str(), one.state, one.by.as_str())).collect();
    assert_eq!(corrected, [("0", Failed, "ana")], "what was typed first stays on record");
    let round = room.world.round(room.world.checklist_run(&run).unwrap());
    assert_eq!(round.filled("{dau} users"), "1204 users");
    assert_eq!(round.arguments(&["x".to_owned(), "{dau}".to_owned()]).unwrap(), ["x", "1204"]);
    let short = room.answer(&run, "plausible", &StepSaying::Skip("not today, sorry".to_owned())).unwrap_err();
    assert_eq!(short, "say why, in 30 characters or more, as it is a killer step");
    room.answer(&run, "plausible", &passed("")).unwrap();
    let signed = room.world.say_signed(&run).unwrap();
    room.say(signed);
    assert!(room.world.checklist_run(&run).unwrap().signed.as_ref().unwrap().fast, "nobody reads so fast");
    assert_eq!(room.state("morning"), ListStanding::Done);
    assert!(
        room.world
            .start_checklist(room.world.config.checklist("morning").unwrap())
            .unwrap_err()
            .contains("signed off already")
    );
    // The next day: what was found before stands beside it.
    room.pass(Duration::from_hours(24));
    room.disk(50.0);
    let next = room.start("morning").id;
    let round = room.world.round(room.world.checklist_run(&next).unwrap());
    let before = |at: usize| round.steps[at].before.and_then(|before| before.value.as_ref()).map(SafeText::as_str);
    assert_eq!((before(0), before(1)), (Some("50 %"), Some("1204")));
    assert!(!round.is_changed());
}

#[test]
fn what_is_deferred_is_asked_in_the_other_list_once() {
    let mut room = Room::at(LISTS, "2026-03-02T09:30:00Z");
    room.disk(50.0);
    let run = room.start("morning").id;
    room.answer(&run, "users", &StepSaying::Defer("statistics are late".to_owned(), None)).unwrap();
    assert_eq!(room.states(&run)[1], Deferred);
    room.pass(Duration::from_hours(9));
    let evening = room.start("evening");
    assert_eq!(evening.steps[0].asked.title.as_str(), "Users (deferred from Morning)");
    assert_eq!(evening.steps[0].asked.from.as_ref(), Some(&run));
    // It was left open, and went by: it is asked again, until it is answered there.
    room.pass(Duration::from_hours(24));
    let next = room.start("evening");
    assert!(!room.world.checklist_run(&evening.id).unwrap().is_open(), "what was left open went by");
    assert_eq!(next.steps[0].asked.id, evening.steps[0].asked.id);
    room.answer(&next.id, &next.steps[0].asked.id, &StepSaying::Fail("still late".to_owned())).unwrap();
    room.pass(Duration::from_hours(24));
    let next = room.start("evening");
    assert_eq!(next.steps.len(), 2, "what failed is not finished either");
    room.answer(&next.id, &next.steps[0].asked.id, &passed("")).unwrap();
    room.pass(Duration::from_hours(24));
    assert_eq!(room.start("evening").steps.len(), 1, "it was answered, though nobody signed that round off");
}

/// Two lists that are begun when they are needed.
const TWO: &str = r#"
[checklist.first]
title = "First"
step = [{ title = "Rotate the key", ask = "?" }]
[checklist.second]
step = [{ title = "Look", ask = "?" }]
"#;

/// Does a round of a list; what was deferred to it is passed.
fn done(room: &mut Room, list: &str) -> ChecklistRecord {
    room.pass(Duration::from_mins(10));
    let begun = room.start(list);
    for step in &begun.steps {
        room.answer(&begun.id, &step.asked.id, &passed("")).unwrap();
    }
    let signed = room.world.say_signed(&begun.id).unwrap();
    room.say(signed);
    begun
}

/// Has the first list's step deferred to the second, and that round signed off.
fn put_off(room: &mut Room) -> ChecklistRecord {
    let first = room.start("first");
    let to = Some("second".into());
    room.answer(&first.id, "rotate-the-key", &StepSaying::Defer("the vault is away".to_owned(), to)).unwrap();
    let signed = room.world.say_signed(&first.id).unwrap();
    room.say(signed);
    first
}

#[test]
fn what_was_deferred_and_done_is_not_asked_again_however_many_rounds_follow() {
    let mut room = Room::at(TWO, "2026-03-02T09:30:00Z");
    put_off(&mut room);
    assert_eq!(done(&mut room, "second").steps.len(), 2);
    for round in 0..70 {
        assert_eq!(done(&mut room, "second").steps.len(), 1, "{round}");
    }
    assert!(room.world.runs_of_checklist("second").len() <= 65, "no more are held for it");
    // Nor by a process that begins now, in whatever order it reads.
    let mut later = room.begun_anew(TWO);
    assert_eq!(done(&mut later, "second").steps.len(), 1);
    let mut facts = room.facts.clone();
    let runs: std::collections::BTreeSet<_> = facts.iter().filter_map(|fact| checklist_run_of(fact.said())).collect();
    let mut runs: Vec<_> = runs.into_iter().cloned().collect();
    runs.reverse();
    let mut later = Room::at(TWO, "2026-03-03T09:30:00Z");
    for run in runs {
        let mut record = None;
        for fact in facts.extract_if(.., |fact| checklist_run_of(fact.said()) == Some(&run)) {
            record = ChecklistRecord::after(record, &fact.draft);
        }
        later.world.checklists.learn(record.unwrap(), 1);
    }
    assert_eq!(done(&mut later, "second").steps.len(), 1);
}

#[test]
fn what_was_deferred_waits_however_many_rounds_follow_where_it_was() {
    let mut room = Room::at(TWO, "2026-03-02T09:30:00Z");
    let first = put_off(&mut room);
    for _ in 0..70 {
        done(&mut room, "first");
    }
    assert!(room.world.runs_of_checklist("first").len() <= 66, "the one that waits, and no other");
    assert_eq!(done(&mut room, "second").steps[0].asked.from, Some(first.id.clone()));
    // It is let go of once it is done.
    done(&mut room, "first");
    assert!(room.world.checklist_run(&first.id).is_none());
    assert_eq!(done(&mut room, "second").steps.len(), 1);
    // What nobody ever does is not held without end.
    for _ in 0..200 {
        put_off(&mut room);
        room.pass(Duration::from_mins(10));
    }
    assert!(room.world.runs_of_checklist("first").len() <= 130, "bounded");
    for _ in 0..2 {
        room.pass(Duration::from_hours(101 * 24));
        for _ in 0..70 {
            done(&mut room, "first");
        }
    }
    assert!(room.world.runs_of_checklist("first").len() <= 65, "nobody asks for it any more");
}

#[test]
fn a_result_that_is_taken_over_says_so_and_ages() {
    let mut room = Room::at(LISTS, "2026-03-02T18:10:00Z");
    let run = room.start("evening").id;
    let result = CommandResult { passed: true, value: "exit 0".into(), output: "42 dumps".into() };
    let said = room.world.say_result(&run, "backups", &result).unwrap();
    room.say(said);
    let signed = room.world.say_signed(&run).unwrap();
    room.say(signed);
    room.pass(Duration::from_hours(24));
    let next = room.start("evening");
    let reused = next.steps[0].answer.as_ref().unwrap().reused.clone().unwrap();
    assert_eq!((reused.run, reused.at), (run, utc("2026-03-02T18:10:00Z")));
    // Its age is that of the first: it does not live for ever by being taken over.
    let signed = room.world.say_signed(&next.id).unwrap();
    room.say(signed);
    room.pass(Duration::from_hours(24));
    assert!(room.start("evening").steps[0].answer.is_none());
}

#[test]
fn lists_are_due_late_running_and_done_by_their_period() {
    let mut room = Room::at(LISTS, "2026-03-02T09:00:00Z");
    assert_eq!((room.state("morning"), room.state("drill")), (ListStanding::Due, ListStanding::OnDemand));
    room.pass(Duration::from_hours(4));
    assert_eq!(room.state("morning"), ListStanding::Late);
    let run = room.start("morning");
    assert_eq!((&*run.id, room.state("morning")), ("morning@20260302T0900Z", ListStanding::Running));
    assert_eq!(run.until, Some(utc("2026-03-02T13:00:00Z")));
    // Shortly before it is due again, a run that begins belongs to the coming period.
    let mut early = Room::at(LISTS, "2026-03-02T08:45:00Z");
    assert_eq!(&*early.start("morning").id, "morning@20260302T0900Z");
    // One that may be begun all day belongs to its day, also in the last hours.
    let all_day = LISTS.replace("window = \"4h\"", "window = \"24h\"");
    let mut evening = Room::at(&all_day, "2026-03-03T08:45:00Z");
    assert_eq!(evening.state("morning"), ListStanding::Due);
    assert_eq!(&*evening.start("morning").id, "morning@20260302T0900Z");
}

#[test]
fn a_round_whose_time_was_over_before_anybody_knew_the_list_is_neither_late_nor_missed() {
    let started = "2026-03-02T14:10:00Z";
    for (keys, next) in [
        ("at = \"daily 09:00\"\nwindow = \"4h\"", "2026-03-03T09:00:00Z"),
        ("at = \"daily 23:00\"\nwindow = \"2h\"", "2026-03-02T23:00:00Z"),
        ("at = \"daily 18:00\"\nwindow = \"2h\"\nzone = \"Asia/Tokyo\"", "2026-03-03T09:00:00Z"),
        ("at = \"weekly Mon 09:00\"\nwindow = \"4h\"", "2026-03-09T09:00:00Z"),
    ] {
        let text = format!("[checklist.round]\n{keys}\nstep = [{{ title = \"x\", ask = \"?\" }}]\n");
        let mut room = Room::at(&text, started);
        let view = room.world.list_view(room.world.config.checklist("round").unwrap());
        assert_eq!((view.state, view.late_from), (ListStanding::NotDue, None), "{keys}");
        assert_eq!(view.next_due(room.world.now.utc), Some(utc(next)), "{keys}");
        assert_eq!(missed(&mut room), [], "{keys}");
        // Who does it all the same is not too late, and has done it until it is due again.
        let run = room.start("round");
        assert_eq!((run.until, run.due.is_some_and(|due| due < utc(started))), (None, true), "{keys}");
        room.answer(&run.id, "x", &passed("")).unwrap();
        let signed = room.world.say_signed(&run.id).unwrap();
        room.say(signed);
        assert_eq!(room.state("round"), ListStanding::Done, "{keys}");
        assert!(room.world.checklist_run(&run.id).unwrap().is_on_time(), "{keys}");
    }
    // A round that could still be begun in time is asked, and late after that.
    let text = "[checklist.round]\nat = \"daily 09:00\"\nwindow = \"6h\"\nstep = [{ title = \"x\", ask = \"?\" }]\n";
    let mut room = Room::at(text, started);
    assert_eq!(room.state("round"), ListStanding::Due);
    room.pass(Duration::from_hours(1));
    assert_eq!(room.state("round"), ListStanding::Late);
}

/// When a list is due, in which zone, from when on and for how many days, and when its periods begin, in UTC.
type Periods = (&'static str, &'static str, &'static str, i64, &'static [&'static str]);

const PERIODS: &[Periods] = &[
    // Where clocks are set forward 02:30 is skipped, where they are set back it comes twice: one morning each.
    ("daily 02:30", "Europe/Berlin", "2026-03-28T12:00:00Z", 2, &["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
    ("daily 02:30", "Europe/Berlin", "2026-10-24T12:00:00Z", 2, &["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
    ("daily 02:30", "America/New_York", "2026-03-07T12:00:00Z", 2, &["03-07 07:30", "03-08 07:00", "03-09 06:30"]),
    ("daily 01:30", "America/New_York", "2026-10-31T12:00:00Z", 2, &["10-31 05:30", "11-01 05:30", "11-02 06:30"]),
    ("daily 02:15", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2, &["10-02 15:45", "10-03 15:30", "10-04 15:15"]),
    ("daily 01:45", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", 2, &["04-03 14:45", "04-04 14:45", "04-05 15:15"]),
    ("daily 09:00", "Asia/Kolkata", "2026-03-28T12:00:00Z", 1, &["03-28 03:30", "03-29 03:30"]),
    (
        "monthly 31 12:00",
        "UTC",
        "2026-02-01T00:00:00Z",
        90,
        &["01-31 12:00", "02-28 12:00", "03-31 12:00", "04-30 12:00"],
    ),
    ("monthly 30 12:00", "Asia/Kolkata", "2028-02-01T00:00:00Z", 60, &["01-30 06:30", "02-29 06:30", "03-30 06:30"]),
    (
        "monthly last Fri 17:00",
        "Europe/Berlin",
        "2026-03-01T00:00:00Z",
        60,
        &["02-27 16:00", "03-27 16:00", "04-24 15:00"],
    ),
    ("month-end", "America/New_York", "2028-02-10T00:00:00Z", 55, &["01-31 05:00", "02-29 05:00", "03-31 04:00"]),
    ("quarterly 31 10:00", "Australia/Lord_Howe", "2026-02-10T00:00:00Z", 90, &["01-30 23:00", "04-29 23:30"]),
];

#[test]
fn a_day_on_which_clocks_are_set_has_one_morning_and_a_short_month_its_end() {
    for (at, zone, from, days, due) in PERIODS {
        let step = "step = [{ title = \"x\", ask = \"?\" }]";
        let config = config(&format!("[checklist.round]\nat = \"{at}\"\nzone = \"{zone}\"\nwindow = \"4h\"\n{step}\n"));
        let (list, from) = (config.checklist("round").unwrap(), utc(from));
        let moments = (0..=days * 24).map(|hour| from + chrono::Duration::hours(hour));
        let mut found: Vec<_> = moments.filter_map(|at| list.period(at, crate::lang::tz::Tz::UTC)).collect();
        found.dedup();
        let begun: Vec<_> = found.iter().map(|(due, _)| due.format("%m-%d %H:%M").to_string()).collect();
        assert_eq!(begun, *due, "{at} {zone}");
        // One follows the other, and each has the whole of its window, however long the day is.
        assert!(found.windows(2).all(|pair| pair[0].1 == pair[1].0), "{at} {zone}: {found:?}");
        assert!(
            found.iter().all(|period| list.late_from(*period) - period.0 == chrono::Duration::hours(4)),
            "{at} {zone}"
        );
    }
}

#[test]
fn periods_that_went_by_are_missed_once_from_when_the_list_was_used() {
    let mut room = Room::at(LISTS, "2026-03-02T08:00:00Z");
    let missed = |room: &mut Room| {
        let said = room.world.say_checklists();
        let runs: Vec<String> = said
            .iter()
            .filter_map(|said| match said {
                Statement::ChecklistMissed(missed) => Some(missed.run.to_string()),
                _ => None,
            })
            .collect();
        room.say(said);
        runs
    };
    assert!(missed(&mut room).is_empty(), "what was before anybody looked was not missed");
    room.pass(Duration::from_hours(2));
    room.disk(50.0);
    let run = room.start("morning").id;
    room.pass(Duration::from_hours(71));
    // It was begun on the 2nd and left open, and not begun on the 3rd and 4th.
    let morning = ["morning@20260302T0900Z", "morning@20260303T0900Z", "morning@20260304T0900Z"];
    let evening = ["evening@20260302T1800Z", "evening@20260303T1800Z"];
    assert_eq!(missed(&mut room), [&morning[..], &evening[..]].concat());
    assert!(!room.world.checklist_run(&run).unwrap().is_open());
    room.pass(Duration::from_hours(1));
    assert!(missed(&mut room).is_empty());
    assert_eq!(room.world.kept("morning").periods, 3);
}

#[test]
fn a_list_that_was_changed_is_said_to_be() {
    let mut room = Room::at(LISTS, "2026-03-02T09:30:00Z");
    room.disk(50.0);
    let run = room.start("morning").id;
    let other = config(&LISTS.replace("85%", "95%"));
    let now = room.world.now;
    let _ = room.world.reconfigure(other, now);
    let round = room.world.round(room.world.checklist_run(&run).unwrap());
    assert!(round.is_outdated() && !round.is_changed());
}

#[test]
fn the_record_says_when_a_value_was_measured_and_when_it_was_found() {
    let mut room = Room::at(LISTS, "2026-03-02T09:30:00Z");
    room.disk(50.0);
    room.pass(Duration::from_secs(40));
    let run = room.start("morning").id;
    let news = room.world.measured_news(room.world.checklist_run(&run).unwrap());
    room.say(news);
    let answer = room.world.checklist_run(&run).unwrap().steps[0].answer.clone().unwrap();
    let again = |room: &Room| {
        let round = room.world.round(room.world.checklist_run(&run).unwrap());
        (round.steps[0].is_measured_again(), round.steps[0].measured_at)
    };
    assert_eq!(again(&room), (false, Some(utc("2026-03-02T09:30:00Z"))));
    room.pass(Duration::from_secs(20));
    room.disk(50.0);
    assert_eq!(again(&room), (true, Some(utc("2026-03-02T09:31:00Z"))), "it is so since it was found");
    let times = (answer.measured_at, answer.at);
    assert_eq!(times, (Some(utc("2026-03-02T09:30:00Z")), utc("2026-03-02T09:30:40Z")));
    // A number that a person types is measured by nobody.
    room.answer(&run, "users", &passed("5")).unwrap();
    assert_eq!(room.world.checklist_run(&run).unwrap().steps[1].answer.as_ref().unwrap().measured_at, None);
}

#[test]
fn what_is_signed_is_what_was_shown() {
    let mut room = Room::at(LISTS, "2026-03-02T09:30:00Z");
    room.disk(50.0);
    let run = room.start("morning").id;
    room.answer(&run, "users", &passed("5")).unwrap();
    room.answer(&run, "plausible", &passed("")).unwrap();
    room.disk(71.0);
    let signed = room.world.say_signed(&run).unwrap();
    room.say(signed);
    let record = room.world.checklist_run(&run).unwrap();
    assert_eq!(record.steps[0].answer.as_ref().unwrap().value.as_ref().unwrap().as_str(), "71 %");
    assert_eq!(record.counts(), room.world.round(record).counts());
    // Where it can't be told any more, it is left open on the screen, and not signed as passed.
    let mut blind = Room::at(LISTS, "2026-03-02T09:30:00Z");
    blind.disk(50.0);
    let run = blind.start("morning").id;
    blind.answer(&run, "users", &passed("5")).unwrap();
    blind.answer(&run, "plausible", &passed("")).unwrap();
    blind.world.metrics.iter_mut().for_each(|metric| metric.stale = true);
    blind.pass(Duration::from_mins(20));
    assert_eq!(blind.world.say_signed(&run).unwrap_err(), "2 steps are not finished, the first is: Disk");
    let record = blind.world.checklist_run(&run).unwrap();
    assert_eq!(
        blind.world.round_on_record(record).counts(),
        record.counts(),
        "who measures nothing goes by the record"
    );
}

const DENSE: &str = r#"
[checklist.dense]
at = "*/10 * * * *"
step = [{ title = "x", ask = "?" }]
[checklist.weekly]
at = "weekly Mon 09:00"
step = [{ title = "x", ask = "?" }]
"#;

#[test]
fn a_list_that_is_due_every_few_minutes_has_bounded_rows_and_pushes_nothing_out() {
    let mut room = Room::at(DENSE, "2026-03-02T08:55:00Z");
    let weekly = room.start("weekly").id;
    let run = room.start("dense").id;
    // Nobody looked for a day: the run that was left open, the last 31 periods, and how many were before these.
    room.pass(Duration::from_hours(24));
    let said = room.world.say_checklists();
    let missed: Vec<_> = said
        .iter()
        .filter_map(|said| match said {
            Statement::ChecklistMissed(missed) => Some((missed.run.to_string(), missed.more)),
            _ => None,
        })
        .collect();
    assert_eq!((missed.len(), &*missed[0].0, &*missed[31].0), (32, &*run, "dense@20260303T0840Z"));
    assert_eq!((&*missed[1].0, missed[1].1), ("dense@20260303T0340Z", 112), "09:00 to 03:30");
    assert!(missed[2..].iter().all(|(_, more)| *more == 0));
    room.say(said);
    room.pass(Duration::from_mins(10));
    let next = room.world.say_checklists();
    assert_eq!(next.len(), 1, "only the period that ended: {next:?}");
    room.say(next);
    for _ in 0..100 {
        room.pass(Duration::from_mins(10));
        let said = room.world.say_checklists();
        room.say(said);
    }
    assert!(room.world.checklist_run(&weekly).is_some(), "the other list keeps its run");
    assert!(room.world.runs_of_checklist("dense").len() < 70, "bounded");
}

/// The periods that went by, each by its run, and how many before each.
fn missed(room: &mut Room) -> Vec<(String, u32)> {
    let said = room.world.say_checklists();
    let missed = said.iter().filter_map(|said| match said {
        Statement::ChecklistMissed(missed) => Some((missed.run.to_string(), missed.more)),
        _ => None,
    });
    let missed = missed.collect();
    room.say(said);
    missed
}

#[test]
fn what_a_schedule_would_have_asked_before_it_was_written_is_not_missed() {
    let daily = "[checklist.round]\nat = \"daily 09:00\"\nstep = [{ title = \"x\", ask = \"?\" }]\n";
    let hourly = config(&daily.replace("daily 09:00", "0 * * * *"));
    let mut room = Room::at(daily, "2026-03-01T08:30:00Z");
    room.pass(Duration::from_hours(47));
    assert_eq!(missed(&mut room), [("round@20260301T0900Z".to_owned(), 0)]);
    // At 07:30 of the 3rd it is due every hour from now on, in a console that has run since the 1st.
    let now = room.world.now;
    let _ = room.world.reconfigure(Arc::clone(&hourly), now);
    // The round of the 2nd was asked by the schedule of then. Nobody did it, and nobody asks for it any more.
    assert_eq!(missed(&mut room), [("round@20260302T0900Z".to_owned(), 0)]);
    room.pass(Duration::from_hours(2));
    assert_eq!(missed(&mut room), [("round@20260303T0800Z".to_owned(), 0)], "the one of 09:00 goes on");
    // One that is started then by the new configuration knows the old one's rows, and those since.
    let things: Vec<ChecklistRecord> = room.world.checklist_runs().cloned().collect();
    let mut later = Room::at("", "2026-03-03T11:30:00Z");
    let now = later.world.now;
    later.world = World::new(hourly, now);
    let _ = later.world.remember(&[], 0, now);
    let _ = later.world.alerts_read(&[]);
    for (seq, record) in (1..).zip(things) {
        later.world.checklists.learn(record, seq);
    }
    assert_eq!(missed(&mut later), [("round@20260303T0900Z".to_owned(), 0), ("round@20260303T1000Z".to_owned(), 0)]);
    // A row from before it was said by which schedule it was due is older than those that say it.
    let old = ChecklistRecord { schedule: None, ..later.world.checklist_run("round@20260301T0900Z").unwrap().clone() };
    later.world.checklists.learn(old, 90);
    later.pass(Duration::from_hours(1));
    assert_eq!(missed(&mut later), [("round@20260303T1100Z".to_owned(), 0)]);
    // Nor does it count where the schedule changes while the console runs.
    let denser = config(&daily.replace("daily 09:00", "*/5 * * * *"));
    let now = later.world.now;
    let _ = later.world.reconfigure(denser, now);
    assert_eq!(missed(&mut later), []);
    // A list that came with a reload is used from then on.
    let mut fresh = Room::at("[checklist.drill]\nstep = [{ title = \"x\", ask = \"?\" }]\n", "2026-03-01T08:30:00Z");
    fresh.pass(Duration::from_hours(48));
    let now = fresh.world.now;
    let _ = fresh.world.reconfigure(config(daily), now);
    assert_eq!(missed(&mut fresh), []);
    // Nor does another record, or the same one read again, know of anything before.
    let _ = fresh.world.remember(&[], 0, now);
    let _ = fresh.world.alerts_read(&[]);
    assert_eq!(missed(&mut fresh), []);
}

#[test]
fn a_period_is_missed_though_the_next_one_was_kept() {
    let mut room = Room::at(LISTS, "2026-03-02T09:30:00Z");
    let run = room.start("evening").id;
    room.pass(Duration::from_hours(48));
    // The console was away on the 3rd; the round of the 4th is begun and signed in the shell before it looks.
    let next = room.start("evening");
    let result = CommandResult { passed: true, value: "exit 0".into(), output: "".into() };
    let said = room.world.say_result(&next.id, "backups", &result).unwrap();
    room.say(said);
    let signed = room.world.say_signed(&next.id).unwrap();
    room.say(signed);
    room.pass(Duration::from_hours(24));
    let said = room.world.say_checklists();
    let runs: Vec<_> = said.iter().filter_map(|said| checklist_run_of(said)).map(ToString::to_string).collect();
    assert!(runs.contains(&"evening@20260302T1800Z".to_owned()), "{run} {runs:?}");
    assert!(!runs.contains(&next.id.to_string()));
}
