use std::time::Duration;

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::lang::time::Stamp;
use crate::model::burn::BURN_RULES;

const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(30 * 24);
const MINUTE: u64 = 60_000;

fn at(ms: u64) -> Stamp {
    Stamp {
        mono: Duration::from_millis(ms),
        utc: DateTime::UNIX_EPOCH + chrono::Duration::milliseconds(ms.cast_signed()),
    }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A target that is probed, with what the rules say after each probe.
struct Target {
    meter: SloMeter,
    every: Duration,
    now_ms: u64,
}

impl Target {
    fn new(objective: f64, window: Duration, every: Duration) -> Self {
        Self { meter: SloMeter::new(objective, window, every, at(0)), every, now_ms: 0 }
    }

    fn probe(&mut self, good: bool) {
        self.meter.observe(Some(good), at(self.now_ms));
        self.now_ms += self.every.as_millis() as u64;
    }

    fn run(&mut self, good: bool, lasting: Duration) {
        for _ in 0..lasting.as_secs() / self.every.as_secs() {
            self.probe(good);
        }
    }

    /// As it is just after the latest probe was taken in, or so much later.
    fn figures(&mut self, later: Duration) -> SloFigures {
        self.meter.figures(at(self.now_ms - self.every.as_millis() as u64).plus(later))
    }

    fn fires(&mut self, rule: usize, later: Duration) -> bool {
        let (rule, figures) = (BURN_RULES[rule], self.figures(later));
        figures.rule_burn(&rule).is_some_and(|burn| burn > rule.burn(figures.window))
    }
}

#[test]
fn the_budget_of_each_objective_is_that_of_the_table() {
    let minutes = |objective, days: u32| {
        let figures = Target::new(objective, DAY * days, secs(60)).meter.figures(at(0));
        (figures.budget_s() / 0.6).round() / 100.0
    };
    let table = [0.99, 0.995, 0.999, 0.9995, 0.9999].map(|objective| [7, 28, 30].map(|days| minutes(objective, days)));
    let expected =
        [[100.8, 403.2, 432.0], [50.4, 201.6, 216.0], [10.08, 40.32, 43.2], [5.04, 20.16, 21.6], [1.01, 4.03, 4.32]];
    assert_eq!(table, expected);
}

#[test]
fn nothing_known_is_never_met() {
    let mut meter = SloMeter::new(0.999, MONTH, secs(60), at(0));
    for minutes in [0, 1, 60, 60 * 24 * 40] {
        meter.observe(None, at(minutes * MINUTE));
        let figures = meter.figures(at((minutes + 1) * MINUTE));
        let known = (figures.availability(), figures.left_s(), figures.left_share(), figures.burn_now());
        assert_eq!(known, (None, None, None, None), "after {minutes} minutes");
        assert!(!figures.is_met() && figures.is_thin());
        assert_eq!(figures.bounds(), Some((0.0, 1.0)));
        assert!(BURN_RULES.iter().all(|rule| figures.rule_burn(rule).is_none()));
    }
}

#[test]
fn one_bad_probe_a_minute_pages_nobody_and_three_do() {
    let mut target = Target::new(0.999, MONTH, secs(60));
    target.run(true, Duration::from_hours(48));
    target.probe(false);
    target.run(true, secs(120));
    assert!(!target.fires(0, Duration::ZERO), "60 s of 1 h are 1.67 %, more than 1.44 %, but one packet");
    assert!(target.figures(Duration::ZERO).burn_now().is_some_and(|burn| burn > 14.4));
    target.run(true, Duration::from_hours(2));
    target.probe(false);
    target.probe(false);
    assert!(!target.fires(0, Duration::ZERO));
    target.probe(false);
    assert!(target.fires(0, Duration::ZERO), "the third");
}

#[test]
fn a_total_outage_pages_with_the_third_probe_at_any_interval_from_half_a_minute() {
    for every in [30, 60, 120, 300, 1_800, 7_200] {
        let mut target = Target::new(0.999, MONTH, secs(every));
        target.run(true, DAY * 4);
        let mut probes = 0;
        while !target.fires(0, Duration::ZERO) {
            target.probe(false);
            probes += 1;
            assert!(probes <= 3, "polled every {every} s");
        }
        assert_eq!(probes, 3, "polled every {every} s");
    }
}

#[test]
fn a_few_minutes_that_are_known_page_no_sooner_than_a_whole_window() {
    // Three bad polls of twelve are a quarter of two minutes, and nothing of an hour.
    let mut target = Target::new(0.999, MONTH, secs(10));
    target.run(true, secs(90));
    target.run(false, secs(30));
    target.run(true, secs(60));
    for rule in 0..BURN_RULES.len() {
        assert!(!target.fires(rule, Duration::ZERO), "rule {rule}");
    }
    assert!(target.figures(Duration::ZERO).burn_now().is_some_and(|burn| burn > 100.0), "the figure is what is known");
    // As many as the table says, whatever was before the first look.
    let mut outage = 30;
    while !target.fires(0, Duration::ZERO) {
        target.probe(false);
        outage += 10;
    }
    assert!((50..=70).contains(&outage), "{outage}");
    for every in [30, 60, 120, 300, 1_800] {
        let mut target = Target::new(0.999, MONTH, secs(every));
        target.run(false, secs(3 * every));
        assert!(target.fires(0, Duration::ZERO), "an outage from the first look on, polled every {every} s");
    }
}

#[test]
fn when_little_that_is_known_is_enough_to_page_is_known_before() {
    let mut target = Target::new(0.99, MONTH, secs(240));
    target.run(false, secs(720));
    let passes = target.figures(Duration::ZERO).passes(&BURN_RULES[0], false);
    // 14.4 × 1 % of the hour, of which a twentieth may be unknown, are 492.48 s, and 480 are over.
    assert!(passes.is_some_and(|after| [12_480, 12_481].contains(&after.as_millis())), "{passes:?}");
    let later = |ms| Duration::from_millis(ms);
    assert!(!target.fires(0, later(12_470)) && target.fires(0, later(12_490)));
    assert_eq!(target.figures(Duration::ZERO).passes(&BURN_RULES[0], true), None, "it is not above it");
    // 14.4 × 10 % is more than all of the time.
    let mut loose = Target::new(0.9, MONTH, secs(240));
    loose.run(false, secs(720));
    assert_eq!(loose.figures(Duration::ZERO).passes(&BURN_RULES[0], false), None, "it never fires");
}

#[test]
fn a_fast_poll_pages_as_soon_as_the_budget_says_so() {
    // 14.4 × 0.1 % of the hour, and of the minute that is under way, are 52 s and at most one more.
    let mut target = Target::new(0.999, MONTH, secs(5));
    target.run(true, DAY);
    let mut outage = 0;
    while !target.fires(0, Duration::ZERO) {
        target.probe(false);
        outage += 5;
    }
    assert!((55..=65).contains(&outage), "{outage}");
    // The short window is the debounce: it is over five to six minutes after the outage.
    let mut calm = 0;
    while target.fires(0, Duration::ZERO) {
        target.probe(true);
        calm += 5;
    }
    assert!((295..=365).contains(&calm), "{calm}");
}

#[test]
fn as_many_bad_probes_are_needed_as_the_table_says() {
    // Bad probes, spread over the long window of each rule, until it burns faster than allowed; the floor apart.
    let expected = [(10, [6, 13, 26, 26]), (30, [2, 5, 9, 9]), (60, [1, 3, 5, 5]), (300, [1, 1, 1, 1])];
    for (every, needed) in expected {
        for (rule, needed) in BURN_RULES.iter().zip(needed) {
            let probes = rule.long.as_secs() / every;
            let exceeds = |bad: u64| {
                let tally = SloTally { good_ms: probes - bad, bad_ms: bad, ..SloTally::default() };
                tally.burn(0.999).is_some_and(|burn| burn > rule.burn(MONTH))
            };
            assert!(exceeds(needed) && !exceeds(needed - 1), "every {every} s over {:?}", rule.long);
        }
    }
}

#[test]
fn a_reading_holds_for_two_intervals_and_no_longer() {
    let mut meter = SloMeter::new(0.99, DAY, secs(60), at(0));
    meter.observe(Some(true), at(0));
    let figures = meter.figures(at(10 * MINUTE));
    assert_eq!((figures.tally.good_ms, figures.tally.valid_ms()), (120_000, 120_000));
    assert_eq!((figures.coverage(), figures.is_thin(), figures.is_met()), (Some(0.2), true, true));
    meter.observe(Some(false), at(10 * MINUTE));
    // We were suspended from the eleventh minute on: what was not counted yet is taken back.
    meter.lose_sight(at(11 * MINUTE));
    assert_eq!(
        meter.figures(at(20 * MINUTE)).tally,
        SloTally { good_ms: 120_000, bad_ms: 60_000, bad_events: 1, ..SloTally::default() }
    );
}

#[test]
fn maintenance_leaves_the_denominator_and_stays_in_the_raw_figure() {
    let mut target = Target::new(0.999, DAY, secs(60));
    target.run(true, secs(3_600));
    target.meter.set_maintenance(true, at(target.now_ms));
    target.run(false, secs(1_800));
    // Half of the window is not even known.
    target.meter.lose_sight(at(target.now_ms));
    target.now_ms += 30 * MINUTE;
    target.meter.set_maintenance(false, at(target.now_ms));
    target.run(true, secs(3_600));
    let figures = target.figures(secs(60));
    assert_eq!((figures.availability(), figures.left_s(), figures.coverage()), (Some(1.0), Some(86.4), Some(1.0)));
    assert_eq!((figures.tally.maintenance_bad_ms, figures.tally.maintenance_ms), (1_800_000, 3_600_000));
    assert_eq!(figures.tally.with_maintenance(), Some(0.8));
    assert_eq!(figures.tally.bad_events, 0);
}

#[test]
fn the_budget_says_what_is_left_and_for_how_long() {
    let mut target = Target::new(0.999, MONTH, secs(60));
    target.run(true, DAY * 4);
    target.run(false, secs(720));
    target.run(true, secs(2_880));
    let figures = target.figures(secs(60));
    assert_eq!((figures.budget_s(), figures.left_s()), (2_592.0, Some(1_872.0)));
    assert!((figures.left_share().unwrap() - 0.7222).abs() < 1e-4);
    // 720 of 3,600 s are bad: 200 times what is allowed; 1,872 s last for five times as long.
    assert!((figures.burn_now().unwrap() - 200.0).abs() < 1e-6);
    assert_eq!(figures.time_to_empty().map(|left| left.as_secs()), Some(9_360));
    target.run(false, secs(1_920));
    let spent = target.figures(secs(60));
    assert_eq!((spent.left_s(), spent.time_to_empty()), (Some(-48.0), None));
}

#[test]
fn what_is_older_than_the_window_no_longer_counts() {
    let mut target = Target::new(0.99, DAY, secs(60));
    target.run(false, secs(600));
    target.run(true, DAY);
    assert_eq!(target.figures(secs(60)).tally.bad_ms, 600_000);
    target.run(true, secs(3_600));
    let figures = target.figures(Duration::ZERO);
    assert_eq!((figures.tally.bad_ms, figures.tally.bad_events, figures.availability()), (0, 0, Some(1.0)));
    // Asleep for longer than any window: nothing of what was known is left.
    let figures = target.meter.figures(at(target.now_ms + 40 * 24 * 60 * MINUTE));
    assert_eq!((figures.tally, figures.availability()), (SloTally::default(), None));
}

#[test]
fn what_a_release_cost_is_known_for_days() {
    let mut target = Target::new(0.999, MONTH, secs(60));
    target.run(true, DAY);
    let released = Duration::from_millis(target.now_ms);
    target.run(true, secs(600));
    target.run(false, secs(240));
    target.run(true, Duration::from_hours(20));
    let now = at(target.now_ms);
    assert_eq!(target.meter.since(released, now).bad_ms, 240_000);
    assert_eq!(target.meter.since(now.mono.saturating_sub(secs(3_600)), now).bad_ms, 0);
}

/// A step of a course: after so many milliseconds a reading, a gap, or an edge of a maintenance window.
#[derive(Debug, Clone, Copy)]
enum Event {
    Reading(Option<bool>),
    Gap,
    Maintenance(bool),
}

fn courses() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        4 => any::<bool>().prop_map(|good| Event::Reading(Some(good))),
        1 => Just(Event::Reading(None)),
        1 => Just(Event::Gap),
        1 => any::<bool>().prop_map(Event::Maintenance),
    ];
    prop::collection::vec((1_000_u64..400_000, event), 1..120)
}

fn follow(course: &[(u64, Event)], each: &mut dyn FnMut(&mut SloMeter, u64)) -> (SloMeter, u64) {
    let (mut meter, mut now) = (SloMeter::new(0.99, DAY, secs(60), at(0)), 0);
    for (step, event) in course {
        now += step;
        match *event {
            Event::Reading(good) => meter.observe(good, at(now)),
            Event::Gap => meter.lose_sight(at(now)),
            Event::Maintenance(is_on) => meter.set_maintenance(is_on, at(now)),
        }
        each(&mut meter, now);
    }
    (meter, now)
}

/// The same without any windows or minutes.
fn plain(course: &[(u64, Event)], end: u64) -> SloTally {
    let (mut sum, mut now, mut stands, mut planned) = (SloTally::default(), 0, None::<(bool, u64)>, false);
    let steps = course.iter().map(|(step, event)| (*step, Some(*event))).chain([(u64::MAX, None)]);
    for (step, event) in steps {
        let to = if event.is_some() { now + step } else { end };
        if let Some((good, until)) = stands {
            sum += SloTally::known(good, planned, until.min(to).saturating_sub(now));
        }
        sum.maintenance_ms += if planned { to - now } else { 0 };
        now = to;
        match event {
            Some(Event::Reading(good)) => {
                stands = good.map(|good| (good, now + 120_000));
                sum.bad_events += u64::from(good == Some(false) && !planned);
            }
            Some(Event::Gap) => stands = None,
            Some(Event::Maintenance(is_on)) => planned = is_on,
            None => {}
        }
    }
    sum
}

proptest! {
    #[test]
    fn any_course_adds_up_to_what_a_plain_sum_says(course in courses(), tail in 0_u64..600_000) {
        let (mut meter, now) = follow(&course, &mut |_, _| {});
        let end = now + tail;
        prop_assert_eq!(meter.figures(at(end)).tally, plain(&course, end));
        // Looking at it in between changes nothing.
        let (mut looked, _) = follow(&course, &mut |meter, now| {
            let _ = meter.figures(at(now));
        });
        prop_assert_eq!(looked.figures(at(end)), meter.figures(at(end)));
    }

    #[test]
    fn unknown_time_never_changes_availability(course in courses(), gap in 0_u64..86_400_000) {
        let readings: Vec<_> = course.into_iter().filter(|(_, event)| matches!(event, Event::Reading(Some(_)))).collect();
        let (mut meter, now) = follow(&readings, &mut |_, _| {});
        meter.lose_sight(at(now));
        let before = meter.figures(at(now));
        let short = gap.min(86_400_000_u64.saturating_sub(now));
        let after = meter.figures(at(now + short));
        prop_assert_eq!(before.availability(), after.availability());
        prop_assert_eq!(before.left_s(), after.left_s());
        prop_assert!(after.coverage() <= before.coverage() || before.coverage().is_none());
        let (least, most) = after.bounds().unwrap_or((0.0, 1.0));
        let known = after.availability();
        prop_assert!(known.is_none_or(|known| least <= known + 1e-12 && known <= most + 1e-12));
    }

    #[test]
    fn stored_spans_add_up_however_they_are_cut(
        minutes in prop::collection::vec((0_u64..=60_000, 0_u64..4, any::<bool>()), 120),
        hours_first in any::<bool>(),
    ) {
        let of = |(ms, events, maintenance): (u64, u64, bool)| {
            let mut tally = SloTally::known(true, maintenance, 60_000 - ms);
            tally += SloTally::known(false, maintenance, ms);
            tally.bad_events = events;
            tally
        };
        let now = at(3 * 60 * MINUTE);
        let fresh = || SloMeter::new(0.99, DAY, secs(60), now);
        let mut by_minute = fresh();
        for (nth, minute) in minutes.iter().enumerate() {
            by_minute.restore(nth as u32, 1, of(*minute));
        }
        let mut by_hour = fresh();
        let mut hours: Vec<(u32, SloTally)> = Vec::new();
        for (nth, part) in minutes.chunks(60).enumerate() {
            let mut sum = SloTally::default();
            for minute in part {
                sum += of(*minute);
            }
            hours.push((nth as u32 * 60, sum));
        }
        if !hours_first {
            hours.reverse();
        }
        for (first, sum) in hours {
            by_hour.restore(first, 60, sum);
        }
        let (one, other) = (by_minute.figures(now), by_hour.figures(now));
        prop_assert_eq!(one.tally, other.tally);
        prop_assert_eq!(one.spans[5], other.spans[5]);
        prop_assert_eq!(one.elapsed_ms, 3 * 60 * MINUTE);
    }

    #[test]
    fn sliding_sums_are_what_lies_in_their_spans(
        adds in prop::collection::vec((0_u32..40, 0_u32..12, 1_u64..1_000), 1..80),
    ) {
        let lengths = [3, 10, 25];
        let (mut sliding, mut now) = (sliding::Sliding::new(lengths, 0), 0_u32);
        let mut all: Vec<(u32, u64)> = Vec::new();
        for (forward, back, ms) in adds {
            now += forward;
            sliding.advance(now);
            let slot = now.saturating_sub(back);
            sliding.add(slot, SloTally::known(true, false, ms));
            all.push((slot, ms));
            for (at, length) in lengths.iter().enumerate() {
                let expected: u64 = all.iter().filter(|(slot, _)| now - slot <= *length).map(|(_, ms)| ms).sum();
                prop_assert_eq!(sliding.sum(at).good_ms, expected);
            }
        }
    }
}

/// The same course with a span that does not count, said at the beginning, in the middle or at the end.
fn excluding(course: &[(u64, Event)], span: &std::ops::Range<u64>, after: usize) -> (SloMeter, u64) {
    let mut nth = 0;
    follow(course, &mut |meter, _| {
        if nth == after {
            meter.exclude(vec![span.clone()]);
        }
        nth += 1;
    })
}

#[test]
fn what_is_excluded_leaves_the_denominator_to_the_second_and_counts_again_once_taken_back() {
    let mut target = Target::new(0.99, DAY, secs(60));
    target.run(true, secs(3_600));
    target.run(false, secs(600));
    target.run(true, secs(3_600));
    let before = target.figures(secs(30));
    assert_eq!((before.tally.bad_ms, before.tally.bad_events, before.excluded_ms), (600_000, 10, 0));
    // From the middle of a minute of the outage on, and beyond its end.
    let span = (3_600 + 90) * 1_000..(3_600 + 1_200) * 1_000;
    target.meter.exclude(vec![span.clone(), span]);
    let figures = target.figures(secs(30));
    assert_eq!(figures.excluded_ms, 1_110_000);
    assert_eq!((figures.tally.bad_ms, figures.tally.maintenance_bad_ms), (90_000, 510_000));
    assert_eq!(figures.tally.good_ms + figures.tally.maintenance_good_ms, before.tally.good_ms);
    assert_eq!(figures.coverage(), Some(1.0));
    assert_eq!(figures.tally.with_maintenance(), before.tally.with_maintenance());
    assert!(figures.left_s() > before.left_s());
    target.meter.exclude(Vec::new());
    assert_eq!(target.figures(secs(30)), before);
}

#[test]
fn a_span_that_is_excluded_beforehand_pages_nobody_and_ends_to_the_second() {
    let mut target = Target::new(0.999, MONTH, secs(60));
    target.run(true, Duration::from_hours(48));
    let from = target.now_ms;
    target.meter.exclude(std::iter::once(from..from + 600_000).collect());
    target.run(false, secs(600));
    assert!(!target.fires(0, Duration::ZERO));
    let figures = target.figures(secs(60));
    assert_eq!((figures.tally.bad_ms, figures.tally.bad_events, figures.in_a_row), (0, 0, 0));
    target.run(false, secs(180));
    assert!(target.fires(0, Duration::ZERO), "three that count");
    assert_eq!(target.figures(secs(60)).tally.bad_ms, 180_000);
}

#[test]
fn what_is_older_than_the_minutes_that_are_kept_is_excluded_by_its_share_of_the_hour() {
    let mut target = Target::new(0.99, MONTH, secs(60));
    target.run(false, secs(3_600));
    target.run(true, DAY * 5);
    target.meter.exclude(std::iter::once(0..1_800_000).collect());
    let figures = target.figures(secs(60));
    assert_eq!((figures.tally.bad_ms, figures.tally.maintenance_bad_ms), (1_800_000, 1_800_000));
    assert_eq!(figures.tally.bad_events, 30);
}

proptest! {
    /// Whenever it is said, what is excluded is the same, but for what a minute does not tell apart.
    #[test]
    fn when_a_span_is_excluded_makes_no_difference(
        course in courses(),
        start in 0_u64..20_000_000,
        length in 1_u64..8_000_000,
        after in 0_usize..120,
    ) {
        let span = start..start + length;
        let (mut early, now) = excluding(&course, &span, 0);
        let (mut late, _) = excluding(&course, &span, after.min(course.len() - 1));
        let (early, late) = (early.figures(at(now)), late.figures(at(now)));
        let all = |figures: &SloFigures| {
            let tally = figures.tally;
            (tally.good_ms + tally.maintenance_good_ms, tally.bad_ms + tally.maintenance_bad_ms)
        };
        prop_assert_eq!(all(&early), all(&late));
        prop_assert_eq!(early.excluded_ms, late.excluded_ms);
        prop_assert!(early.tally.good_ms.abs_diff(late.tally.good_ms) <= 2 * MINUTE);
        prop_assert!(early.tally.bad_ms.abs_diff(late.tally.bad_ms) <= 2 * MINUTE);
    }
}
