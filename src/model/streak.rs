//! The judge of one check: turns what each poll says into the status that is shown.

mod kept;

use std::time::Duration;

use super::flapping::Flapping;
use super::reading::Sign;
use super::since::Since;
use super::status::Status;
use crate::lang::time::Stamp;

/// What the configuration says of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the names of the configuration's keys")]
pub(crate) struct Rules {
    /// Bad polls in a row that make it down, at least 1.
    pub fail_after: u32,
    /// Good polls in a row that end trouble, at least 1.
    pub ok_after: u32,
    /// Past this age of the latest poll it is stale.
    pub stale_after: Duration,
}

/// A new status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatusChange {
    /// What was shown before.
    pub from: Status,
    /// What is shown now.
    pub to: Status,
    /// When.
    pub at: Stamp,
}

/// The streaks of one check. What is not known neither extends nor breaks a streak.
#[derive(Debug, Clone)]
pub(crate) struct Streak {
    rules: Rules,
    shown: Status,
    since: Since,
    /// The kind of the latest answer, and since when every answer is of that kind.
    alike: Option<(Sign, Since)>,
    /// The first bad or degraded answer since it was well; `None` while it is.
    ill: Option<Since>,
    /// The first bad answer since it was better than that; `None` while it is.
    failing: Option<Since>,
    /// Whether nothing was known between the latest answer and now.
    blind: bool,
    /// The last status that was more than a streak on its way.
    settled: Option<Status>,
    /// Bad polls in a row.
    bad: u32,
    /// Polls in a row that were answered: good, degraded or cold.
    answered: u32,
    /// Good or cold polls in a row.
    good: u32,
    /// What was shown, and since when, before nothing was known: it goes on if it turns out unchanged.
    before_unknown: Option<(Status, Since)>,
    known_from: Stamp,
    last: Option<Stamp>,
    /// Whether another process left all of this, and nothing was answered here since.
    taken_over: bool,
    flapping: Flapping,
    /// The first polls, until there are many: what another process left comes before them.
    opening: Option<Vec<(Sign, Stamp)>>,
    /// At which status it settled before the one that is shown, and since when.
    stood: Option<(Status, Stamp)>,
}

/// As many polls are known one by one, until what another process left is read.
const OPENING: usize = 8;

impl Streak {
    /// Knows nothing yet.
    pub(crate) fn new(rules: Rules, now: Stamp) -> Self {
        Self {
            rules,
            shown: Status::Unknown,
            since: Since::before(now),
            alike: None,
            ill: None,
            failing: None,
            blind: true,
            settled: None,
            bad: 0,
            answered: 0,
            good: 0,
            before_unknown: None,
            known_from: now,
            last: None,
            taken_over: false,
            flapping: Flapping::default(),
            opening: Some(Vec::new()),
            stood: None,
        }
    }

    /// Takes what a poll said, with the moment at which it ended.
    pub(crate) fn observe(&mut self, sign: Sign, at: Stamp) -> Option<StatusChange> {
        self.opening = self.opening.take().filter(|seen| seen.len() < OPENING);
        if let Some(seen) = &mut self.opening {
            seen.push((sign, at));
        }
        // Between two answers that lie too far apart anything may have happened.
        self.blind |= self.is_stale(at);
        self.last = Some(at);
        self.note_kind(sign, at);
        let shown = match sign {
            Sign::Unknown => {
                return self.lose_sight(at);
            }
            Sign::Bad => self.bad(),
            Sign::Degraded => self.degraded(),
            Sign::Good => self.good(Status::Ok),
            Sign::Cold => self.good(Status::Cold),
        };
        if shown != Status::Pending {
            self.flapping.push(if shown == Status::Cold { Status::Ok } else { shown });
        }
        // A status whose streak goes back to a first look had begun before it. One at which a streak of another process ends
        // may have begun since that looked last.
        let unseen = self.alike.map(|(_, since)| since).filter(|since| !since.seen);
        let turned = if std::mem::take(&mut self.taken_over) { Since::before(at) } else { Since::seen(at) };
        self.show(shown, at, unseen.unwrap_or(turned))
    }

    /// Nothing is known from now: paused, suspended, or our own network is gone. The next poll goes on from before.
    pub(crate) fn lose_sight(&mut self, at: Stamp) -> Option<StatusChange> {
        self.blind = true;
        self.show(Status::Unknown, at, Since::seen(at))
    }

    /// New rules after a reload; streaks and history stay.
    pub(crate) fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// The status that is shown. Staleness lies beside it: [`Self::is_stale`].
    pub(crate) const fn status(&self) -> Status {
        self.shown
    }

    /// Since when it is shown so. A short unknown in between does not begin it again.
    /// Where the console did not see it begin, it had begun before the first answer that said so.
    pub(crate) const fn since(&self) -> Since {
        self.since
    }

    /// What is shown began then, as is on record: taken over where its beginning was not seen here, and where it is not known
    /// to have stood otherwise since. True where it was.
    pub(crate) fn began(&mut self, since: Since) -> bool {
        let is_better = !self.since.seen && since.at < self.since.at && !self.has_turned_since(since.at);
        if is_better {
            self.since = since;
            self.trouble_stood_at(since);
        }
        is_better
    }

    /// Whoever acts for all saw it become well at that moment, which asks for several good answers: taken over where it was
    /// found well here before, and that was not seen to begin. True where it was.
    pub(crate) fn turned_well(&mut self, since: Since) -> bool {
        let is_better = self.shown == Status::Ok && !self.since.seen && since.seen && since.at > self.since.at;
        if is_better {
            self.since = since;
        }
        is_better
    }

    /// It stood otherwise since that moment, as is on record: what is shown began later, where its beginning was not seen here.
    /// Not where it was so here before that moment: whoever put it on record sees it otherwise. True where that changed since
    /// when.
    pub(crate) fn stood(&mut self, status: Status, at: Stamp) -> bool {
        let is_seen = self.since.seen && self.since.at >= self.known_from;
        if is_seen || self.since.at > at || status == self.shown {
            return false;
        }
        let since = match self.alike {
            Some((_, since)) if since.at > at => since,
            _ if self.known_from >= at => Since::before(self.known_from),
            _ => return false,
        };
        self.since = since;
        let later = |known: Option<Since>| known.map(|known| if known.at > at { known } else { since });
        if status != Status::Down {
            self.failing = later(self.failing);
        }
        if status == Status::Ok {
            self.ill = later(self.ill);
        }
        true
    }

    /// Since when it is in the trouble that it is in: its first bad answer of those that fail, else its first that was
    /// degraded; `None` while it is well. Trouble that is over for less than its streak goes on.
    pub(crate) fn troubled_since(&self) -> Option<Since> {
        self.failing.or(self.ill)
    }

    /// Whether the latest answer is too old; before the first one the age counts from the start.
    pub(crate) fn is_stale(&self, now: Stamp) -> bool {
        now.since(self.last.unwrap_or(self.known_from)) > self.rules.stale_after
    }

    /// The streak under way and how long it must become: bad polls towards down, good ones towards ok.
    pub(crate) fn streak(&self) -> Option<(u32, u32)> {
        let trouble = matches!(self.settled, Some(Status::Down | Status::Degraded));
        if self.bad > 0 && self.settled != Some(Status::Down) {
            Some((self.bad, self.rules.fail_after))
        } else if self.shown == Status::Pending && trouble && self.answered > 0 {
            Some((self.good.max(1), self.rules.ok_after))
        } else {
            None
        }
    }

    /// Whether it changes too often to be believed.
    pub(crate) const fn is_flapping(&self) -> bool {
        self.flapping.is_flapping()
    }

    fn bad(&mut self) -> Status {
        self.bad = self.bad.saturating_add(1);
        (self.answered, self.good) = (0, 0);
        if self.settled == Some(Status::Down) || self.bad >= self.rules.fail_after {
            return self.settle(Status::Down);
        }
        // A degraded check that begins to fail is not shown as milder than it was.
        if self.settled == Some(Status::Degraded) { Status::Degraded } else { Status::Pending }
    }

    fn degraded(&mut self) -> Status {
        self.bad = 0;
        self.good = 0;
        self.answered = self.answered.saturating_add(1);
        if self.settled == Some(Status::Down) && self.answered < self.rules.ok_after {
            Status::Pending
        } else {
            self.settle(Status::Degraded)
        }
    }

    fn good(&mut self, becomes: Status) -> Status {
        self.bad = 0;
        self.answered = self.answered.saturating_add(1);
        self.good = self.good.saturating_add(1);
        let trouble = matches!(self.settled, Some(Status::Down | Status::Degraded));
        if trouble && self.good < self.rules.ok_after { Status::Pending } else { self.settle(becomes) }
    }

    fn settle(&mut self, status: Status) -> Status {
        if status != Status::Down {
            self.failing = None;
        }
        if matches!(status, Status::Ok | Status::Cold) {
            self.ill = None;
        }
        self.settled = Some(status);
        status
    }

    /// Notes of which kind the answer is, and whether it was seen to turn into that kind: not where the answer before
    /// it is missing.
    fn note_kind(&mut self, sign: Sign, at: Stamp) {
        if sign == Sign::Unknown {
            return;
        }
        let blind = std::mem::take(&mut self.blind);
        let since = Since { at, seen: !blind };
        if self.alike.is_none_or(|(before, _)| before != sign) {
            self.alike = Some((sign, since));
        }
        if sign == Sign::Bad {
            self.failing = self.failing.or(Some(since));
        }
        if matches!(sign, Sign::Bad | Sign::Degraded) {
            self.ill = self.ill.or(Some(since));
        }
    }

    /// Whether it settled otherwise at that moment or later, before what is shown.
    fn has_turned_since(&self, moment: Stamp) -> bool {
        self.stood.is_some_and(|(status, at)| status != self.shown && at >= moment)
    }

    /// Its trouble had begun by then: what is shown stood already.
    fn trouble_stood_at(&mut self, since: Since) {
        let earlier = |known: Option<Since>| known.filter(|known| known.at <= since.at).or(Some(since));
        if self.shown == Status::Down {
            self.failing = earlier(self.failing);
        }
        if matches!(self.shown, Status::Down | Status::Degraded) {
            self.ill = earlier(self.ill);
        }
    }

    fn show(&mut self, status: Status, at: Stamp, since: Since) -> Option<StatusChange> {
        if status == self.shown {
            return None;
        }
        let change = StatusChange { from: self.shown, to: status, at };
        let since = std::mem::replace(&mut self.since, since);
        match self.before_unknown.take() {
            Some((same, since)) if same == status => self.since = since,
            _ if status == Status::Unknown => self.before_unknown = Some((change.from, since)),
            before => {
                let (before, since) = before.unwrap_or((change.from, since));
                if !matches!(before, Status::Unknown | Status::Pending) {
                    self.stood = Some((before, since.at));
                }
            }
        }
        self.shown = status;
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Stamp {
        Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_secs(seconds))
    }

    fn judge(fail_after: u32, ok_after: u32) -> Streak {
        Streak::new(Rules { fail_after, ok_after, stale_after: Duration::from_secs(35) }, at(0))
    }

    fn sign(letter: char) -> Sign {
        match letter {
            'g' => Sign::Good,
            'b' => Sign::Bad,
            'd' => Sign::Degraded,
            'c' => Sign::Cold,
            _ => Sign::Unknown,
        }
    }

    fn letter(status: Status) -> char {
        match status {
            Status::Ok => 'O',
            Status::Pending => 'P',
            Status::Degraded => 'G',
            Status::Down => 'D',
            Status::Cold => 'C',
            Status::Unknown => 'U',
        }
    }

    fn shown(judge: &mut Streak, signs: &str) -> String {
        signs
            .chars()
            .enumerate()
            .map(|(index, c)| {
                judge.observe(sign(c), at(index as u64 + 1));
                letter(judge.status())
            })
            .collect()
    }

    #[test]
    fn streaks_become_statuses() {
        let cases = [
            // The first answer counts at once; trouble needs its streak.
            ("g", "O"),
            ("bbb", "PPD"),
            ("gbbb", "OPPD"),
            // A blip that never became trouble is over with the first good poll.
            ("gbg", "OPO"),
            ("gbbgbb", "OPPOPP"),
            // Recovery needs two, and a relapse on the way is down at once.
            ("bbbgg", "PPDPO"),
            ("bbbgbgg", "PPDPDPO"),
            // Degraded shows at once, ends like trouble, and is not hidden by a beginning failure.
            ("gdg", "OGP"),
            ("gdgg", "OGPO"),
            ("gdgdgg", "OGPGPO"),
            ("gdbbb", "OGGGD"),
            // From down to degraded takes as many answers as to ok.
            ("bbbddg", "PPDPGP"),
            ("bbbdgg", "PPDPPO"),
            // Unknown neither extends nor breaks.
            ("gbubub", "OPUPUD"),
            ("bbbguug", "PPDPUUO"),
            ("u", "U"),
            // A cold start is no outage and no trouble.
            ("gcg", "OCO"),
            ("cg", "CO"),
            ("bbbcg", "PPDPO"),
        ];
        for (signs, want) in cases {
            assert_eq!(shown(&mut judge(3, 2), signs), want, "{signs}");
        }
        assert_eq!(shown(&mut judge(1, 1), "bgbg"), "DODO");
    }

    #[test]
    fn what_turns_at_the_first_look_after_another_process_was_not_seen_to_turn() {
        let mut before = judge(2, 1);
        before.observe(Sign::Good, at(1));
        before.observe(Sign::Bad, at(2));
        let kept = before.to_kept().unwrap();
        let taken_over = || {
            let mut judge = judge(2, 1);
            judge.resume(&kept, at(8), Duration::from_secs(36));
            judge
        };
        let mut next = taken_over();
        next.observe(Sign::Unknown, at(9));
        next.observe(Sign::Bad, at(10));
        assert_eq!((next.status(), next.since()), (Status::Down, Since::before(at(10))));
        assert!(next.began(Since::seen(at(3))), "what is on record of it is known better");
        assert_eq!(next.since(), Since::seen(at(3)));
        let mut next = taken_over();
        next.observe(Sign::Good, at(9));
        next.observe(Sign::Bad, at(10));
        next.observe(Sign::Bad, at(11));
        assert_eq!((next.status(), next.since()), (Status::Down, Since::seen(at(11))), "all of it was seen here");
    }

    #[test]
    fn what_turns_within_a_restart_of_no_time_was_seen_to_turn() {
        let mut before = judge(2, 2);
        for (second, sign) in [(1, Sign::Good), (2, Sign::Bad), (3, Sign::Bad)] {
            before.observe(sign, at(second));
        }
        let mut next = judge(2, 2);
        next.resume(&before.to_kept().unwrap(), at(5), Duration::from_secs(2));
        next.observe(Sign::Good, at(6));
        assert_eq!((next.status(), next.since()), (Status::Pending, Since::seen(at(6))));
        // Once more, in the middle of the recovery.
        let mut last = judge(2, 2);
        last.resume(&next.to_kept().unwrap(), at(8), Duration::from_secs(2));
        last.observe(Sign::Good, at(9));
        assert_eq!((last.status(), last.since()), (Status::Ok, Since::seen(at(9))));
    }

    #[test]
    fn what_turned_well_on_record_since_is_well_since_then() {
        let mut found = judge(2, 2);
        found.observe(Sign::Good, at(2));
        assert!(!found.turned_well(Since::before(at(4))), "nobody saw that");
        assert!(found.turned_well(Since::seen(at(4))));
        assert_eq!((found.status(), found.since()), (Status::Ok, Since::seen(at(4))));
        assert!(!found.turned_well(Since::seen(at(5))), "it is known");
    }

    #[test]
    fn what_stood_otherwise_since_did_not_begin_before_that() {
        let mut before = judge(1, 1);
        before.observe(Sign::Bad, at(3));
        before.observe(Sign::Good, at(5));
        let mut next = Streak::new(before.rules, at(7));
        next.resume(&before.to_kept().unwrap(), at(8), Duration::from_secs(36));
        next.observe(Sign::Bad, at(10));
        assert!(!next.began(Since::seen(at(3))), "that outage is over, whatever is on record by now");
        assert!(!next.stood(Status::Ok, at(5)), "it is known");
        assert!(next.began(Since::seen(at(6))), "this is the one that goes on");
        assert!(!next.stood(Status::Down, at(7)), "that does not contradict it");
        assert!(next.stood(Status::Ok, at(7)));
        assert_eq!((next.since(), next.troubled_since()), (Since::before(at(10)), Some(Since::before(at(10)))));
        // Nobody else sees better what was seen here.
        next.observe(Sign::Good, at(11));
        next.observe(Sign::Bad, at(12));
        assert!(!next.stood(Status::Ok, at(13)));
        let mut found = judge(1, 1);
        found.observe(Sign::Bad, at(1));
        assert!(!found.stood(Status::Ok, at(2)));
    }

    #[test]
    fn since_is_the_change_and_survives_a_short_unknown() {
        let mut judge = judge(1, 1);
        judge.observe(Sign::Bad, at(10));
        judge.observe(Sign::Bad, at(20));
        assert_eq!(judge.since(), Since::before(at(10)));
        judge.lose_sight(at(25));
        assert_eq!((judge.status(), judge.since()), (Status::Unknown, Since::seen(at(25))));
        let change = judge.observe(Sign::Bad, at(30));
        assert_eq!(change, Some(StatusChange { from: Status::Unknown, to: Status::Down, at: at(30) }));
        assert_eq!(judge.since(), Since::before(at(10)));
        judge.observe(Sign::Unknown, at(40));
        judge.observe(Sign::Good, at(50));
        assert_eq!((judge.status(), judge.since()), (Status::Ok, Since::before(at(50))));
    }

    #[test]
    fn a_since_that_was_not_seen_is_never_stated() {
        // Signs one second apart from 1 s on; `s` is a long silence, `l` a loss of sight.
        let cases = [
            // A console that starts in the middle of something saw none of it begin.
            ("b", Status::Pending, Since::before(at(1))),
            ("bbb", Status::Down, Since::before(at(1))),
            ("ubbb", Status::Down, Since::before(at(2))),
            ("g", Status::Ok, Since::before(at(1))),
            ("ggg", Status::Ok, Since::before(at(1))),
            ("d", Status::Degraded, Since::before(at(1))),
            ("c", Status::Cold, Since::before(at(1))),
            // What follows upon something else was seen.
            ("gbbb", Status::Down, Since::seen(at(4))),
            ("gb", Status::Pending, Since::seen(at(2))),
            ("bg", Status::Ok, Since::seen(at(2))),
            ("bbbgg", Status::Ok, Since::seen(at(5))),
            ("dbbb", Status::Down, Since::seen(at(4))),
            // Neither is what began while nothing was known.
            ("gubbb", Status::Down, Since::before(at(3))),
            ("glbbb", Status::Down, Since::before(at(3))),
            ("gsbbb", Status::Down, Since::before(at(101))),
            ("bbblgg", Status::Ok, Since::before(at(5))),
            ("gsd", Status::Degraded, Since::before(at(101))),
            // What goes on unchanged keeps its beginning.
            ("gbbblb", Status::Down, Since::seen(at(4))),
        ];
        for (signs, status, since) in cases {
            let mut judge = judge(3, 2);
            let mut now = 0;
            for c in signs.chars() {
                now += if c == 's' { 99 } else { 1 };
                match c {
                    's' => {}
                    'l' => drop(judge.lose_sight(at(now))),
                    _ => drop(judge.observe(sign(c), at(now))),
                }
            }
            assert_eq!((judge.status(), judge.since()), (status, since), "{signs}");
        }
    }

    #[test]
    fn staleness_is_an_age() {
        let mut judge = judge(3, 2);
        assert!(!judge.is_stale(at(35)) && judge.is_stale(at(36)));
        judge.observe(Sign::Good, at(100));
        assert!(!judge.is_stale(at(135)));
        assert_eq!((judge.is_stale(at(136)), judge.status()), (true, Status::Ok), "staleness lies beside the status");
    }

    #[test]
    fn streaks_are_told() {
        let mut judge = judge(3, 2);
        shown(&mut judge, "gbb");
        assert_eq!(judge.streak(), Some((2, 3)));
        shown(&mut judge, "bg");
        assert_eq!(judge.streak(), Some((1, 2)));
        shown(&mut judge, "gdcu");
        assert_eq!(judge.streak(), None);
    }

    #[test]
    fn flapping_needs_settled_changes() {
        let mut nervous = judge(1, 1);
        shown(&mut nervous, &"gb".repeat(12));
        assert!(nervous.is_flapping());
        let mut patient = judge(3, 2);
        shown(&mut patient, &"gb".repeat(12));
        assert!(!patient.is_flapping());
    }

    proptest! {
        #[test]
        fn unknown_in_between_changes_no_verdict(signs in "[gbdc]{1,40}", holes in proptest::collection::vec(0..40_usize, 0..10)) {
            let mut plain = judge(3, 2);
            let mut holed = judge(3, 2);
            for (index, c) in signs.chars().enumerate() {
                let when = at(index as u64 * 2 + 2);
                if holes.contains(&index) {
                    holed.lose_sight(at(index as u64 * 2 + 1));
                }
                plain.observe(sign(c), when);
                holed.observe(sign(c), when);
                prop_assert_eq!(plain.status(), holed.status());
            }
        }

        #[test]
        fn down_takes_its_streak_and_ok_takes_its_own(signs in "[gbd]{1,60}") {
            let mut judge = judge(3, 2);
            let (mut seen, mut trouble) = (String::new(), false);
            for (index, c) in signs.chars().enumerate() {
                judge.observe(sign(c), at(index as u64));
                seen.push(c);
                match judge.status() {
                    Status::Down => {
                        prop_assert!(seen.contains("bbb"));
                        trouble = true;
                    }
                    Status::Degraded => trouble = true,
                    Status::Ok => {
                        prop_assert!(seen.ends_with("gg") || !trouble);
                        (trouble, seen) = (false, String::new());
                    }
                    _ => {}
                }
            }
        }
    }
}
