//! A simulated month: checks that are polled once a minute, with outages and gaps, through the world without a console. What
//! comes of it is computed here a second time, from the list of outages and gaps alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use opsroom::config::load::load_text;
use opsroom::model::document::Timing;
use opsroom::model::fact::Statement;
use opsroom::model::observation::Observation;
use opsroom::model::reading::{Reading, Sign};
use opsroom::world::driver::WorldDriver;

/// A Monday.
const START: &str = "2026-01-05T00:00:00Z";
/// Minutes of a week, from Monday on, that are planned maintenance: Sunday, 02:00 to 04:00.
const PLANNED: std::ops::Range<u32> = 6 * 1_440 + 120..6 * 1_440 + 240;

/// Minutes in which a check failed, or was not polled.
#[derive(Clone, Copy)]
struct Trouble {
    from: u32,
    minutes: u32,
    is_gap: bool,
}

struct Plan {
    name: String,
    /// Whether maintenance is planned for it.
    is_night: bool,
    has_objective: bool,
    troubles: Vec<Trouble>,
}

/// A firing of an alert, in minutes since the start.
type Firing = (String, u32, u32);

/// What came of the month.
pub struct Month {
    pub readings: u64,
    pub firings: usize,
    pub facts: usize,
}

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(most)) as u32
    }
}

impl Plan {
    /// `calm`: minutes between two troubles at the most, beside the ten that there always are.
    fn new(number: usize, minutes: u32, calm: u32) -> Self {
        let mut dice = Dice(number as u64 + 1);
        let is_night = number.is_multiple_of(4);
        let mut troubles = Vec::new();
        let mut at = 30 + dice.below(calm);
        while at + 120 < minutes {
            let trouble = Trouble { from: at, minutes: 1 + dice.below(40), is_gap: !is_night && dice.below(4) == 0 };
            at += trouble.minutes + 10 + dice.below(calm);
            troubles.push(trouble);
        }
        Self { name: format!("c{number:03}"), is_night, has_objective: number.is_multiple_of(10), troubles }
    }

    /// What a poll says in each minute; `None`: there was none.
    fn signs(&self, minutes: u32) -> Vec<Option<Sign>> {
        let mut signs = vec![Some(Sign::Good); minutes as usize];
        for trouble in &self.troubles {
            let said = if trouble.is_gap { None } else { Some(Sign::Bad) };
            signs[trouble.from as usize..(trouble.from + trouble.minutes) as usize].fill(said);
        }
        signs
    }

    /// Down for three polls, and for five minutes from then on; over with the second poll that is good.
    fn firings(&self) -> impl Iterator<Item = Firing> {
        let long = self.troubles.iter().filter(|trouble| !trouble.is_gap && trouble.minutes >= 8);
        long.map(|trouble| (self.name.clone(), trouble.from + 7, trouble.from + trouble.minutes + 1))
    }

    /// Minutes that it was known to be up and down, outside planned maintenance. A poll speaks for two minutes at most.
    fn known(&self, minutes: u32) -> (u32, u32) {
        let counts = |minute: &u32| !(self.is_night && PLANNED.contains(&(minute % 10_080)));
        let (mut unknown, mut down) = (0, 0);
        for trouble in &self.troubles {
            let span = trouble.from..trouble.from + trouble.minutes;
            if trouble.is_gap {
                unknown += trouble.minutes - 1;
            } else {
                down += span.filter(counts).count() as u32;
            }
        }
        let all = (0..minutes).filter(counts).count() as u32;
        (all - unknown - down, down)
    }
}

fn text(plans: &[Plan]) -> String {
    let mut text = String::from(
        "[console]\nname = \"month\"\n[defaults]\nevery = \"60s\"\n[service.night]\n\
         [maintenance.weekly]\nwhen = \"Sun 02:00-04:00 UTC\"\nservices = [\"night\"]\n",
    );
    for Plan { name, is_night, has_objective, .. } in plans {
        let service = if *is_night { "service = \"night\"\n" } else { "" };
        writeln!(text, "[check.{name}]\n{service}tcp = \"127.0.0.1:9\"\nalert = {{ critical = \"down for 5m\" }}")
            .expect("a string takes all");
        if *has_objective {
            writeln!(text, "[slo.s-{name}]\ncheck = \"{name}\"\nobjective = \"99%\"\nwindow = \"30d\"")
                .expect("a string takes all");
        }
    }
    text
}

/// Plays it and compares what came of it, to the second.
pub fn play(checks: usize, days: u32, calm: u32) -> Month {
    let minutes = days * 1_440;
    let plans: Vec<Plan> = (0..checks).map(|number| Plan::new(number, minutes, calm)).collect();
    let loaded = load_text(Path::new("/srv/opsroom.toml"), &text(&plans));
    let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let start: DateTime<Utc> = START.parse().expect("a time");
    let mut driver = WorldDriver::new(Arc::new(config), start);
    let signs: Vec<Vec<Option<Sign>>> = plans.iter().map(|plan| plan.signs(minutes)).collect();
    let mut log = AlertLog { start, open: BTreeMap::new(), over: Vec::new(), facts: 0 };
    let mut readings = 0;
    for minute in 0..minutes {
        driver.advance(Duration::from_mins(u64::from(minute)));
        for (plan, signs) in plans.iter().zip(&signs) {
            if let Some(sign) = signs[minute as usize] {
                driver.observe(reading(&driver, &plan.name, sign));
                readings += 1;
            }
        }
        driver.close();
        log.take(&mut driver);
    }
    driver.advance(Duration::from_mins(u64::from(minutes)));
    driver.close();
    log.take(&mut driver);
    let mut expected: Vec<Firing> = plans.iter().flat_map(Plan::firings).collect();
    expected.sort();
    log.over.sort();
    assert_eq!(log.over, expected);
    assert!(log.open.is_empty(), "{:?}", log.open);
    for plan in &plans {
        compare(&driver, plan, minutes);
    }
    Month { readings, firings: expected.len(), facts: log.facts }
}

/// Availability and budget of one check.
fn compare(driver: &WorldDriver, plan: &Plan, minutes: u32) {
    let world = driver.world();
    let (up, down) = plan.known(minutes);
    let check = world.check(&plan.name).expect("a check of the month");
    let availability = check.availability(Duration::from_hours(30 * 24), world.now).expect("something is known");
    // To the second of all that is known.
    let seconds = f64::from(up + down) * 60.0 * (1.0 - availability.percent / 100.0);
    assert!((seconds - f64::from(down) * 60.0).abs() < 0.5, "{}: down {seconds} s, not {down} min", plan.name);
    if plan.has_objective {
        let slo = world.slo(&format!("s-{}", plan.name)).expect("an objective of the month");
        let figures = slo.figures().expect("one about time");
        let ms = |minutes: u32| u64::from(minutes) * 60_000;
        assert_eq!((figures.tally.good_ms, figures.tally.bad_ms), (ms(up), ms(down)), "{}", plan.name);
        let budget = f64::from(up + down) * 0.01;
        let left = 1.0 - f64::from(down) / budget;
        assert!((figures.availability().expect("known") - f64::from(up) / f64::from(up + down)).abs() < 1e-9);
        assert!((1.0 - burnt(figures.tally.bad_ms, figures.tally.good_ms) - left).abs() < 1e-9, "{}", plan.name);
    }
}

fn burnt(bad_ms: u64, good_ms: u64) -> f64 {
    bad_ms as f64 / ((bad_ms + good_ms) as f64 * 0.01)
}

/// Firings of the alerts of checks, by what was put on record.
struct AlertLog {
    start: DateTime<Utc>,
    open: BTreeMap<String, u32>,
    over: Vec<Firing>,
    facts: usize,
}

impl AlertLog {
    fn take(&mut self, driver: &mut WorldDriver) {
        for fact in driver.take_facts() {
            self.facts += 1;
            match fact.said() {
                Statement::AlertFired(fired) if fired.rule.starts_with("check:") => {
                    assert!(self.open.insert(fired.alert.to_string(), self.minute(fired.fired_at)).is_none());
                }
                Statement::AlertResolved(resolved) if resolved.id.contains("-check:") => {
                    let from = self.open.remove(&*resolved.alert).expect("it fired");
                    self.over.push((resolved.alert.to_string(), from, self.minute(resolved.at)));
                }
                _ => {}
            }
        }
    }

    fn minute(&self, at: DateTime<Utc>) -> u32 {
        let since = at - self.start;
        assert_eq!(since, TimeDelta::minutes(since.num_minutes()), "at a whole minute: every poll is");
        u32::try_from(since.num_minutes()).expect("after the start")
    }
}

fn reading(driver: &WorldDriver, check: &str, sign: Sign) -> Observation {
    let now = driver.world().now;
    Observation::Reading(Box::new(Reading {
        answered: sign != Sign::Bad,
        ..Reading::plain(check.into(), Timing { scheduled: now, sent: now, ended: now }, sign)
    }))
}
