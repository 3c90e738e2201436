//! Who is on call: a rotation with overrides, as a pure function of the moment.

use chrono::{DateTime, TimeDelta, Utc};

use crate::lang::schedule::{MomentSchedule, TimeWindow};
use crate::lang::tz::Tz;
use crate::text::name::Name;

/// People who take turns. *Invariant:* there is at least one, so that somebody is on call at every moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    people: Vec<Name>,
    handover: MomentSchedule,
    from: DateTime<Utc>,
    zone: Tz,
    overrides: Vec<Override>,
}

/// Who stands in during an override.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandIn {
    /// One person, all the time.
    One(Name),
    /// Several who take turns: a schedule for a while, such as a week of holidays. *Invariant:* at least one.
    Turns(Vec<Name>, MomentSchedule),
}

/// Somebody else for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Who is on call then.
    pub cover: StandIn,
    /// From when until when.
    pub window: TimeWindow,
}

/// A span in which one person is on call without a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Who.
    pub who: Name,
    /// Its first moment; `None`: it has always been so, as far as can be said.
    pub from: Option<DateTime<Utc>>,
    /// The first moment at which somebody else is on call; `None`: that never comes.
    pub until: Option<DateTime<Utc>>,
}

impl Override {
    /// By one person.
    pub fn by(who: Name, window: TimeWindow) -> Self {
        Self { cover: StandIn::One(who), window }
    }

    /// By several who take turns, the first from its beginning on; `None` where there are no people.
    pub fn in_turns(people: Vec<Name>, handover: MomentSchedule, window: TimeWindow) -> Option<Self> {
        (!people.is_empty()).then_some(Self { cover: StandIn::Turns(people, handover), window })
    }

    /// Who is on call by it at a moment inside of it.
    pub fn who(&self, at: DateTime<Utc>, zone: Tz) -> &Name {
        match &self.cover {
            StandIn::One(who) => who,
            StandIn::Turns(people, handover) => {
                // A handover at the very beginning is the first person's own.
                let turns = handover.count(self.window.start + TimeDelta::seconds(1), at, zone);
                &people[turns % people.len()]
            }
        }
    }

    /// The people who are named by it.
    pub fn people(&self) -> &[Name] {
        match &self.cover {
            StandIn::One(who) => std::slice::from_ref(who),
            StandIn::Turns(people, _) => people,
        }
    }

    /// The first moment after another at which it may name somebody else, while it holds.
    fn next_turn(&self, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let StandIn::Turns(_, handover) = &self.cover else { return None };
        handover.next(after.max(self.window.start), zone).filter(|at| *at < self.window.end)
    }

    /// The last moment up to another at which it may have named somebody else before.
    fn last_turn(&self, at: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let StandIn::Turns(_, handover) = &self.cover else { return None };
        handover.last(at.min(self.window.end), self.window.start, zone)
    }
}

/// So many changes are looked through for the next that is one: handovers under an override change nothing.
const MOST_CHANGES: usize = 200;
/// Shifts that are listed of a span.
const MOST_SHIFTS: usize = 1_000;

impl Rotation {
    /// A rotation whose first person has the first shift that begins at or after `from`, and is on call before it too.
    /// Where overrides overlap, the later one of the list holds. `None` where there are no people.
    pub fn new(
        people: Vec<Name>,
        handover: MomentSchedule,
        from: DateTime<Utc>,
        zone: Tz,
        overrides: Vec<Override>,
    ) -> Option<Self> {
        (!people.is_empty()).then_some(Self { people, handover, from, zone, overrides })
    }

    /// Those who take turns, in their order.
    pub fn people(&self) -> &[Name] {
        &self.people
    }

    /// When shifts change.
    pub fn handover(&self) -> &MomentSchedule {
        &self.handover
    }

    /// When the first shift may begin.
    pub fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// Whose clocks `handover` means where it names no zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Those who stand in for others, in the order of the file.
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// The same with others who stand in, who win over those there are; of these the later one of the list holds.
    #[must_use]
    pub fn with(mut self, overrides: impl IntoIterator<Item = Override>) -> Self {
        self.overrides.extend(overrides);
        self
    }

    /// The override that holds at a moment.
    pub fn override_at(&self, at: DateTime<Utc>) -> Option<&Override> {
        self.overrides.iter().rev().find(|one| one.window.contains(at))
    }

    /// Who is on call at a moment.
    pub fn who(&self, at: DateTime<Utc>) -> &Name {
        self.override_at(at).map_or_else(|| self.turn(at), |one| one.who(at, self.zone))
    }

    /// Whose turn it is, overrides aside. A shift over a change of the clocks is an hour shorter or longer, never a gap.
    fn turn(&self, at: DateTime<Utc>) -> &Name {
        let begun = if at < self.from { 0 } else { self.handover.count(self.from, at, self.zone) };
        &self.people[begun.saturating_sub(1) % self.people.len()]
    }

    /// The first moment after another at which somebody else is on call, and who; `None` where that never comes, or not
    /// within the next couple of hundred handovers.
    pub fn next_change(&self, after: DateTime<Utc>) -> Option<(DateTime<Utc>, &Name)> {
        let who = self.who(after);
        let mut at = after;
        for _ in 0..MOST_CHANGES {
            at = self.next_edge(at)?;
            let then = self.who(at);
            if then != who {
                return Some((at, then));
            }
        }
        None
    }

    /// The next handover, or the next start or end of an override.
    fn next_edge(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let edges = self.overrides.iter().flat_map(|one| [one.window.start, one.window.end]);
        let turns = (self.people.len() > 1).then(|| self.handover.next(after, self.zone)).flatten();
        let within = self.overrides.iter().filter_map(|one| one.next_turn(after, self.zone));
        edges.filter(|edge| *edge > after).chain(within).chain(turns).min()
    }

    /// Since when the person of a moment is on call; `None`: always, or since before the last couple of hundred handovers.
    fn began(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (who, mut at) = (self.who(at), at);
        for _ in 0..MOST_CHANGES {
            let edge = self.last_edge(at)?;
            at = edge - TimeDelta::nanoseconds(1);
            if self.who(at) != who {
                return Some(edge);
            }
        }
        None
    }

    /// The last handover up to a moment, or the last start or end of an override.
    fn last_edge(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let edges = self.overrides.iter().flat_map(|one| [one.window.start, one.window.end]);
        let turns = (self.people.len() > 1).then(|| self.handover.last(at, self.from, self.zone)).flatten();
        let within = self.overrides.iter().filter_map(|one| one.last_turn(at, self.zone));
        edges.filter(|edge| *edge <= at).chain(within).chain(turns).max()
    }

    /// The shift of a moment.
    pub fn shift(&self, at: DateTime<Utc>) -> Shift {
        let until = self.next_change(at).map(|(until, _)| until);
        Shift { who: self.who(at).clone(), from: self.began(at), until }
    }

    /// The shift of a moment and those after it.
    pub fn shifts_from(&self, at: DateTime<Utc>) -> impl Iterator<Item = Shift> {
        std::iter::successors(Some(self.shift(at)), |last| {
            let from = last.until?;
            let until = self.next_change(from).map(|(until, _)| until);
            Some(Shift { who: self.who(from).clone(), from: Some(from), until })
        })
    }

    /// The shifts of a span in their order, the first and the last whole: at most a thousand.
    pub fn shifts(&self, span: TimeWindow) -> Vec<Shift> {
        let mut shifts = self.shifts_from(span.start);
        let first = shifts.next();
        let others = shifts.take_while(|shift| shift.from.is_some_and(|from| from < span.end));
        first.into_iter().chain(others).take(MOST_SHIFTS).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    fn names(count: usize) -> Vec<Name> {
        (0..count).map(|number| Name::from(format!("p{number}"))).collect()
    }

    fn rotation(people: usize, handover: &str, zone: &str, overrides: Vec<Override>) -> Rotation {
        let handover = MomentSchedule::parse(handover).unwrap();
        let zone = Tz::named(zone);
        let from = utc("2026-01-05T00:00:00Z");
        Rotation::new(names(people), handover, from, zone, overrides).unwrap()
    }

    #[test]
    fn the_first_person_has_the_first_whole_shift_and_what_is_before_it() {
        let weekly = rotation(2, "weekly Mon 09:00", "UTC", Vec::new());
        let who = |at: &str| weekly.who(utc(at)).to_string();
        assert_eq!(who("2020-01-01T00:00:00Z"), "p0");
        assert_eq!(who("2026-01-05T08:59:59Z"), "p0");
        assert_eq!(who("2026-01-05T09:00:00Z"), "p0");
        assert_eq!(who("2026-01-12T08:59:59.999Z"), "p0");
        assert_eq!(who("2026-01-12T09:00:00Z"), "p1");
        assert_eq!(who("2026-01-19T09:00:00Z"), "p0");
        let (at, then) = weekly.next_change(utc("2026-01-06T00:00:00Z")).unwrap();
        assert_eq!((at, &**then), (utc("2026-01-12T09:00:00Z"), "p1"));
        assert_eq!(rotation(1, "daily 09:00", "UTC", Vec::new()).next_change(utc("2026-01-06T00:00:00Z")), None);
    }

    #[test]
    fn a_shift_over_a_change_of_the_clocks_is_an_hour_shorter_or_longer() {
        let daily = rotation(2, "daily 09:00", "Europe/Berlin", Vec::new());
        let length = |at: &str| {
            let start = utc(at);
            (daily.next_change(start).unwrap().0 - start).num_hours()
        };
        assert_eq!(length("2026-03-28T08:00:00Z"), 23);
        assert_eq!(length("2026-10-24T07:00:00Z"), 25);
        assert_eq!(length("2026-06-01T07:00:00Z"), 24);
    }

    #[test]
    fn an_override_wins_from_its_start_to_just_before_its_end_and_the_later_one_over_the_first() {
        let one = |who: &str, start: &str, end: &str| {
            Override::by(who.into(), TimeWindow { start: utc(start), end: utc(end) })
        };
        let overrides = vec![
            one("x", "2026-01-06T00:00:00Z", "2026-01-09T00:00:00Z"),
            one("y", "2026-01-07T00:00:00Z", "2026-01-08T00:00:00Z"),
        ];
        let weekly = rotation(2, "weekly Mon 09:00", "UTC", overrides);
        let who = |at: &str| weekly.who(utc(at)).to_string();
        assert_eq!(who("2026-01-05T23:59:59.999Z"), "p0");
        assert_eq!(who("2026-01-06T00:00:00Z"), "x");
        assert_eq!(who("2026-01-07T00:00:00Z"), "y");
        assert_eq!(who("2026-01-08T00:00:00Z"), "x");
        assert_eq!(who("2026-01-09T00:00:00Z"), "p0");
        let (at, then) = weekly.next_change(utc("2026-01-07T12:00:00Z")).unwrap();
        assert_eq!((at, &**then), (utc("2026-01-08T00:00:00Z"), "x"));
    }

    fn rotations() -> impl Strategy<Value = Rotation> {
        let handovers = ["weekly Mon 09:00", "daily 02:30", "Mon,Thu 18:00", "monthly first Mon 10:00", "0 */8 * * *"];
        let zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];
        let one = (0..4_usize, 0..8_000_i64, 1..400_i64);
        let overrides = proptest::collection::vec(one, 0..4);
        (1..5_usize, prop::sample::select(handovers.to_vec()), prop::sample::select(zones.to_vec()), overrides)
            .prop_map(|(people, handover, zone, overrides)| {
                let overrides = overrides.into_iter().map(|(who, start, length)| {
                    let start = utc("2026-01-01T00:00:00Z") + Duration::hours(start);
                    let window = TimeWindow { start, end: start + Duration::hours(length) };
                    Override::by(Name::from(format!("p{who}")), window)
                });
                rotation(people, handover, zone, overrides.collect())
            })
    }

    #[test]
    fn a_schedule_for_a_while_has_turns_of_its_own_and_leaves_the_rest_as_it_was() {
        let daily = MomentSchedule::parse("daily 12:00").unwrap();
        let window = TimeWindow { start: utc("2026-12-24T12:00:00Z"), end: utc("2026-12-27T00:00:00Z") };
        let holidays = Override::in_turns(vec!["x".into(), "y".into()], daily.clone(), window).unwrap();
        assert_eq!(Override::in_turns(Vec::new(), daily, window), None);
        let weekly = rotation(2, "weekly Mon 09:00", "UTC", vec![holidays]);
        let spans: Vec<String> = weekly
            .shifts(TimeWindow { start: utc("2026-12-22T00:00:00Z"), end: utc("2026-12-28T12:00:00Z") })
            .iter()
            .map(|shift| {
                let clock = |at: Option<DateTime<Utc>>| at.unwrap().format("%d %H:%M").to_string();
                format!("{} {} to {}", shift.who, clock(shift.from), clock(shift.until))
            })
            .collect();
        let due = [
            "p0 21 09:00 to 24 12:00",
            "x 24 12:00 to 25 12:00",
            "y 25 12:00 to 26 12:00",
            "x 26 12:00 to 27 00:00",
            "p0 27 00:00 to 28 09:00",
            "p1 28 09:00 to 04 09:00",
        ];
        assert_eq!(spans, due);
    }

    #[test]
    fn shifts_at_the_end_of_a_month_and_over_a_change_of_the_clocks_leave_no_gap() {
        // The handover, the zone, the first moment, and how many minutes each shift lasts.
        type Case = (&'static str, &'static str, &'static str, &'static [i64]);
        const DAY: i64 = 24 * 60;
        let cases: [Case; 14] = [
            ("daily 09:00", "Europe/Berlin", "2026-03-28T08:00:00Z", &[DAY - 60, DAY, DAY]),
            // The hour of this handover is skipped in spring, and comes twice in autumn.
            ("daily 02:30", "Europe/Berlin", "2026-03-28T01:30:00Z", &[DAY - 30, DAY - 30, DAY]),
            ("daily 02:30", "Europe/Berlin", "2026-10-24T00:30:00Z", &[DAY, DAY + 60, DAY]),
            ("weekly Sun 09:00", "America/New_York", "2026-03-01T14:00:00Z", &[7 * DAY - 60, 7 * DAY]),
            ("weekly Sun 09:00", "America/New_York", "2026-10-25T13:00:00Z", &[7 * DAY + 60, 7 * DAY]),
            // Clocks are set by half an hour.
            ("daily 09:00", "Australia/Lord_Howe", "2026-04-03T22:00:00Z", &[DAY + 30, DAY]),
            ("daily 09:00", "Australia/Lord_Howe", "2026-10-02T22:30:00Z", &[DAY - 30, DAY]),
            ("daily 09:00", "Asia/Kolkata", "2026-03-28T03:30:00Z", &[DAY, DAY, DAY]),
            ("monthly 31 09:00", "UTC", "2026-02-28T09:00:00Z", &[31 * DAY, 30 * DAY, 31 * DAY]),
            ("monthly 29 09:00", "UTC", "2027-01-29T09:00:00Z", &[30 * DAY, 29 * DAY]),
            ("monthly 29 09:00", "UTC", "2028-01-29T09:00:00Z", &[31 * DAY, 29 * DAY]),
            ("month-end 18:00", "UTC", "2028-01-31T18:00:00Z", &[29 * DAY, 31 * DAY, 30 * DAY]),
            // The end of a month in which clocks are set.
            ("monthly 31 09:00", "Europe/Berlin", "2026-02-28T08:00:00Z", &[31 * DAY - 60, 30 * DAY]),
            ("monthly first Mon 10:00", "Europe/Berlin", "2026-10-05T08:00:00Z", &[28 * DAY + 60, 35 * DAY]),
        ];
        for (handover, zone, start, due) in cases {
            let rotation = rotation(3, handover, zone, Vec::new());
            let start = utc(start);
            let mut at = start;
            let mut minutes = Vec::new();
            for _ in due {
                let shift = rotation.shift(at);
                assert_eq!(shift.from, Some(at), "{handover} {zone}: {shift:?}");
                minutes.push((shift.until.unwrap() - at).num_minutes());
                at = shift.until.unwrap();
            }
            assert_eq!(minutes, due, "{handover} {zone}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn somebody_is_on_call_at_every_moment_and_until_the_next_change(
            rotation in rotations(), hours in -100_i64..9_000, seconds in 0..3_600_i64,
        ) {
            let at = utc("2026-01-01T00:00:00Z") + Duration::hours(hours) + Duration::seconds(seconds);
            let who = rotation.who(at);
            match rotation.override_at(at) {
                Some(one) => prop_assert_eq!(one.who(at, rotation.zone()), who),
                None => prop_assert!(rotation.people().contains(who)),
            }
            if let Some((change, then)) = rotation.next_change(at) {
                prop_assert!(change > at);
                prop_assert_eq!(rotation.who(change - Duration::nanoseconds(1)), who);
                prop_assert_eq!(rotation.who(change), then);
                prop_assert_ne!(then, who);
                let between = at + (change - at) / 2;
                prop_assert_eq!(rotation.who(between), who);
            }
        }

        #[test]
        fn shifts_follow_each_other_without_a_gap(rotation in rotations(), hours in 0_i64..9_000) {
            let start = utc("2026-01-01T00:00:00Z") + Duration::hours(hours);
            let shifts = rotation.shifts(TimeWindow { start, end: start + Duration::days(30) });
            for pair in shifts.windows(2) {
                prop_assert_eq!(pair[0].until, pair[1].from);
                prop_assert_ne!(&pair[0].who, &pair[1].who);
            }
            for shift in &shifts {
                let (Some(from), Some(until)) = (shift.from, shift.until) else { continue };
                prop_assert_eq!(rotation.shift(from), shift.clone());
                prop_assert_eq!(rotation.shift(until - Duration::nanoseconds(1)), shift.clone());
            }
        }

        #[test]
        fn overrides_change_nothing_outside_of_them(rotation in rotations(), hours in 0_i64..9_000) {
            let at = utc("2026-01-01T00:00:00Z") + Duration::hours(hours);
            let bare = Rotation { overrides: Vec::new(), ..rotation.clone() };
            if rotation.override_at(at).is_none() {
                prop_assert_eq!(rotation.who(at), bare.who(at));
            }
        }

        #[test]
        fn turns_follow_each_other_in_order(people in 2..5_usize, hours in 100_i64..9_000) {
            let weekly = rotation(people, "weekly Mon 09:00", "Europe/Berlin", Vec::new());
            let at = utc("2026-01-05T12:00:00Z") + Duration::hours(hours);
            let index = |name: &Name| weekly.people().iter().position(|one| one == name).unwrap();
            let (change, then) = weekly.next_change(at).unwrap();
            prop_assert_eq!(index(then), (index(weekly.who(at)) + 1) % people);
            prop_assert_eq!(weekly.handover().next(at, weekly.zone()), Some(change));
        }
    }
}
