//! What happened lately: status transitions, alerts, runs, reloads, and what facts of the store say.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::lang::time::Stamp;
use crate::model::alert::Severity;
use crate::model::run::RunState;
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::name::Name;

/// What kind of thing happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A check changed its status.
    Status {
        /// The check.
        check: Name,
        /// Before.
        from: Status,
        /// Now.
        to: Status,
    },
    /// A release was brought up.
    Deployed {
        /// Which: `web 2.4.1`.
        release: SafeText,
        /// By whom.
        who: SafeText,
    },
    /// An alert began to fire.
    Fired(Severity),
    /// An alert that fired is over.
    Resolved(Severity),
    /// A run came to a state, or an action was refused.
    Run {
        /// Its id; `None`: nothing ran.
        id: Option<Name>,
        /// The state that it came to, which is the last that is known of a run that is no longer held here.
        state: RunState,
    },
    /// Something was said of an incident.
    Incident,
    /// The configuration was read again.
    Reload,
    /// Who answers a check is another one: a certificate, an address.
    Network,
    /// Our own connectivity, a gap, a task.
    Console,
    /// Something else that is on record: what a person did, what became of the store.
    Note,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// When.
    pub at: Stamp,
    /// What kind.
    pub kind: EventKind,
    /// The service it concerns.
    pub service: Option<Name>,
    /// In words.
    pub text: SafeText,
    /// Of a status: why it is so, or by which dependency.
    pub reason: Option<SafeText>,
    /// Whether it is a step on the way to a status, or what another entry says better: it is left out of the panel.
    pub is_step: bool,
}

impl TimelineEntry {
    /// An entry that is nothing more than its text.
    pub fn new(at: Stamp, kind: EventKind, service: Option<Name>, text: SafeText) -> Self {
        Self { at, kind, service, text, reason: None, is_step: false }
    }
}

/// By what an entry is known as the same one, where this console sees it and a fact says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EventMark {
    /// A check settled at a status.
    Status(Name, Status),
    /// A condition began to fire, or is over.
    Alert(Name, bool),
    /// A run came to a state.
    Run(Name, RunState),
    /// An action was refused, for a reason.
    Refused(Name, SafeText),
    /// A window of maintenance began, or is over.
    Maintenance(Name, bool),
    /// Who answers a check became this one.
    Peer(Name, SafeText),
}

impl EventMark {
    /// Whether it is the same, or another word on the same check.
    fn is_about(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Status(one, _), Self::Status(two, _)) => one == two,
            _ => self == other,
        }
    }

    /// Whether the fact says when it was, for everybody: a check is seen by each console's own polls.
    const fn is_dated_by_fact(&self) -> bool {
        !matches!(self, Self::Status(..))
    }

    /// What comes between two of the same kind: an alert that fires twice was over between.
    fn is_opposite(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Alert(one, fired), Self::Alert(two, over)) if one == two && fired != over)
    }

    /// How far apart the two may lie. Two consoles see a check with their own polls; a run is in a state only once.
    fn distance(&self, status: Duration) -> Duration {
        match self {
            Self::Status(..) | Self::Alert(..) | Self::Peer(..) => status,
            Self::Run(..) | Self::Maintenance(..) => Duration::MAX,
            Self::Refused(..) => Duration::from_mins(1),
        }
    }
}

/// An entry with where it comes from.
#[derive(Debug, Clone)]
struct Kept {
    entry: TimelineEntry,
    mark: Option<EventMark>,
    /// Whether this console saw it.
    seen: bool,
    /// Whether it was found so, and began at some time before.
    is_found: bool,
    /// The id of the fact that says it.
    fact: Option<String>,
}

/// How far apart two consoles may see the same alert begin or end, where one of them could not hear of the other.
const FOUND_LATER: Duration = Duration::from_mins(15);

/// Entries kept.
pub(crate) const MAX_ENTRIES: usize = 500;

/// The last entries, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Timeline(VecDeque<Kept>);

impl Timeline {
    /// Adds an entry; where there are too many, the oldest that nobody reads goes, else the oldest.
    pub fn push(&mut self, entry: TimelineEntry) {
        self.keep(Kept { entry, mark: None, seen: true, is_found: false, fact: None });
    }

    /// Adds what this console saw now, where no fact has said it already. `near` is how far two looks at the same check may
    /// lie apart; `is_found`: it had begun before.
    pub(crate) fn see(&mut self, entry: TimelineEntry, mark: EventMark, near: Duration, is_found: bool) {
        let same = |kept: &&mut Kept| {
            !kept.seen && kept.mark.as_ref() == Some(&mark) && apart(kept.entry.at, entry.at) <= mark.distance(near)
        };
        // What was found to be so is what was said or seen last of it.
        let last = |kept: &&mut Kept| kept.mark.as_ref().is_some_and(|known| known.is_about(&mark));
        let known = if is_found {
            self.0.iter_mut().rev().find(last).filter(|kept| kept.mark.as_ref() == Some(&mark))
        } else {
            self.0.iter_mut().rev().find(same)
        };
        match known {
            Some(kept) => kept.seen = true,
            None => self.keep(Kept { entry, mark: Some(mark), seen: true, is_found, fact: None }),
        }
    }

    /// Adds what a fact says, where this console has not seen it. What was only found to be so gives way to the fact, which
    /// knows when it began; and so does what others date otherwise. True where the entries are others than before.
    pub(crate) fn tell(&mut self, entry: TimelineEntry, mark: Option<EventMark>, near: Duration, fact: &str) -> bool {
        if self.0.iter().rev().any(|kept| kept.fact.as_deref() == Some(fact)) {
            return false;
        }
        let same = |kept: &Kept| {
            let distance = mark.as_ref().map_or(Duration::ZERO, |mark| mark.distance(near));
            let is_near = kept.is_found || apart(kept.entry.at, entry.at) <= distance || self.is_alone(kept, &entry);
            // A store that lost its end is told again what it lost.
            let at_once = kept.entry.at.utc.timestamp_millis() == entry.at.utc.timestamp_millis();
            mark.is_some() && kept.mark == mark && (at_once || (kept.fact.is_none() && is_near))
        };
        let known = self.0.iter().rposition(same);
        let fact = Some(fact.to_owned());
        match known.and_then(|at| self.0.get_mut(at)) {
            Some(kept) if !kept.is_found && (kept.fact.is_some() || !is_dated(mark.as_ref())) => {
                kept.fact = fact;
                return false;
            }
            _ => {}
        }
        let before = known.and_then(|at| self.0.remove(at)).map(|kept| kept.entry);
        let is_same = before.as_ref().is_some_and(|before| before.text == entry.text && before.at == entry.at);
        self.keep(Kept { entry, mark, seen: known.is_some(), is_found: false, fact });
        !is_same
    }

    /// Whether an alert of which no fact is known yet is the one that a fact tells of now, though that saw it at quite another
    /// time: it was not over between.
    fn is_alone(&self, kept: &Kept, entry: &TimelineEntry) -> bool {
        let Some(mark @ EventMark::Alert(..)) = &kept.mark else { return false };
        if apart(kept.entry.at, entry.at) > FOUND_LATER {
            return false;
        }
        let (from, to) = (kept.entry.at.mono.min(entry.at.mono), kept.entry.at.mono.max(entry.at.mono));
        let between = |other: &&Kept| (from..=to).contains(&other.entry.at.mono);
        let ends = |other: &Kept| other.mark.as_ref().is_some_and(|other| other.is_opposite(mark));
        !self.0.iter().filter(between).any(ends)
    }

    /// Somebody was told of an alert that fired muted: it asks something of a person after all. True where that shows.
    pub(crate) fn announce(&mut self, rule: &str) -> bool {
        let is_of = |kept: &Kept| matches!(&kept.mark, Some(EventMark::Alert(of, _)) if **of == *rule);
        let fired = |kept: &Kept| is_of(kept) && matches!(kept.mark, Some(EventMark::Alert(_, true)));
        let Some(from) = self.0.iter().rposition(fired) else { return false };
        let mut shows = false;
        for kept in self.0.range_mut(from..).filter(|kept| is_of(kept)) {
            shows |= std::mem::take(&mut kept.entry.is_step);
        }
        shows
    }

    /// The last firing of a condition.
    pub(super) fn fired(&self, rule: &str) -> Option<&TimelineEntry> {
        let fired = |kept: &&Kept| matches!(&kept.mark, Some(EventMark::Alert(of, true)) if **of == *rule);
        self.0.iter().rev().find(fired).map(|kept| &kept.entry)
    }

    /// Whether the last firing of a condition asked nothing of a person; its end then asks nothing either.
    pub(crate) fn fired_muted(&self, rule: &str) -> bool {
        self.fired(rule).is_some_and(|entry| entry.is_step)
    }

    /// Entries, newest first.
    pub fn newest_first(&self) -> impl ExactSizeIterator<Item = &TimelineEntry> + DoubleEndedIterator {
        self.0.iter().rev().map(|kept| &kept.entry)
    }

    /// Entries as they are read, newest first: no steps on the way to a status, and of each run where it stands now.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &TimelineEntry> {
        self.shown_with_marks().map(|(entry, _)| entry)
    }

    /// The same, each with what says of which check or alert it is, where it is of one.
    pub(crate) fn shown_with_marks(&self) -> impl Iterator<Item = (&TimelineEntry, Option<&EventMark>)> {
        let mut is_read = reading();
        let all = self.0.iter().rev().map(|kept| (&kept.entry, kept.mark.as_ref()));
        all.filter(move |(entry, _)| is_read(entry))
    }

    /// Puts an entry where it belongs by its time, behind those of the same moment.
    fn keep(&mut self, kept: Kept) {
        let later = self.0.iter().rev().take_while(|other| other.entry.at.mono > kept.entry.at.mono).count();
        let at = self.0.len() - later;
        self.0.insert(at, kept);
        if self.0.len() > MAX_ENTRIES {
            // What nobody reads pushes out nothing that is read: a blip of thousands of checks must not hide an outage.
            self.0.remove(self.oldest_unread().unwrap_or(0));
        }
    }

    /// Where the oldest entry is that is not among those that are read.
    fn oldest_unread(&self) -> Option<usize> {
        let mut is_read = reading();
        self.0.iter().enumerate().rev().filter(|(_, kept)| !is_read(&kept.entry)).map(|(at, _)| at).last()
    }
}

/// Whether an entry is read, asked of each in turn, newest first.
fn reading<'a>() -> impl FnMut(&'a TimelineEntry) -> bool {
    let mut runs = BTreeSet::new();
    move |entry| match &entry.kind {
        EventKind::Run { id: Some(id), .. } => runs.insert(id),
        _ => !entry.is_step,
    }
}

fn is_dated(mark: Option<&EventMark>) -> bool {
    mark.is_some_and(EventMark::is_dated_by_fact)
}

fn apart(a: Stamp, b: Stamp) -> Duration {
    a.mono.abs_diff(b.mono)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn entry(second: u64, text: &str) -> TimelineEntry {
        let at = Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_secs(second));
        TimelineEntry::new(at, EventKind::Console, None, SafeText::new(text))
    }

    fn down() -> EventMark {
        EventMark::Status("api".into(), Status::Down)
    }

    fn texts(timeline: &Timeline) -> Vec<String> {
        timeline.newest_first().map(|entry| entry.text.to_string()).rev().collect()
    }

    const NEAR: Duration = Duration::from_secs(30);

    #[test]
    fn what_is_seen_and_said_is_one_entry_whichever_comes_first() {
        let mut timeline = Timeline::default();
        timeline.see(entry(10, "seen"), down(), NEAR, false);
        assert!(!timeline.tell(entry(12, "said"), Some(down()), NEAR, "1"));
        assert!(timeline.tell(entry(60, "said again"), Some(down()), NEAR, "2"));
        timeline.see(entry(70, "seen again"), down(), NEAR, false);
        assert!(!timeline.tell(entry(60, "said again"), Some(down()), NEAR, "2"), "the same fact");
        assert!(!timeline.tell(entry(60, "said again"), Some(down()), NEAR, "3"), "to a store that lost it");
        assert_eq!(texts(&timeline), ["seen", "said again"]);
        timeline.see(entry(200, "another outage"), down(), NEAR, false);
        assert_eq!(texts(&timeline).len(), 3);
    }

    #[test]
    fn what_others_see_too_has_the_time_of_the_fact() {
        let fired = |rule: &str| EventMark::Alert(rule.into(), true);
        let run = || EventMark::Run("restart-api-1".into(), RunState::Verified);
        let mut timeline = Timeline::default();
        timeline.see(entry(107, "seen late"), run(), Duration::ZERO, false);
        assert!(timeline.tell(entry(100, "verified"), Some(run()), NEAR, "1"));
        // The store was away: each saw it fire at its own time.
        timeline.see(entry(500, "own"), fired("api"), NEAR, false);
        assert!(timeline.tell(entry(300, "fired"), Some(fired("api")), NEAR, "2"));
        assert!(!timeline.tell(entry(300, "fired"), Some(fired("api")), NEAR, "2"));
        assert_eq!(texts(&timeline), ["verified", "fired"]);
        // It fired twice: each stands.
        timeline.see(entry(600, "over"), EventMark::Alert("api".into(), false), NEAR, false);
        timeline.see(entry(700, "again"), fired("api"), NEAR, false);
        assert!(timeline.tell(entry(400, "another"), Some(fired("api")), NEAR, "3"));
        assert_eq!(texts(&timeline), ["verified", "fired", "another", "over", "again"]);
    }

    #[test]
    fn an_alert_that_fired_muted_is_shown_once_somebody_was_told_of_it() {
        let mark = |fired| Some(EventMark::Alert("api".into(), fired));
        let step = |second, text| TimelineEntry { is_step: true, ..entry(second, text) };
        let shown = |timeline: &Timeline| timeline.shown().map(|entry| entry.text.to_string()).collect::<Vec<_>>();
        let mut timeline = Timeline::default();
        timeline.tell(step(10, "fired"), mark(true), NEAR, "1");
        assert!(timeline.fired_muted("api") && !timeline.fired_muted("web") && shown(&timeline).is_empty());
        assert!(!timeline.announce("web"));
        assert!(timeline.announce("api") && !timeline.announce("api"));
        assert_eq!((shown(&timeline), timeline.fired_muted("api")), (vec!["fired".to_owned()], false));
    }

    #[test]
    fn what_was_found_gives_way_to_the_fact_that_knows_when_it_began() {
        let mut timeline = Timeline::default();
        timeline.push(entry(3_000, "started"));
        timeline.see(entry(3_001, "found"), down(), NEAR, true);
        assert!(timeline.tell(entry(10, "since 10"), Some(down()), NEAR, "1"));
        assert_eq!(texts(&timeline), ["since 10", "started"]);
        let mut timeline = Timeline::default();
        assert!(timeline.tell(entry(10, "since 10"), Some(down()), NEAR, "1"));
        timeline.see(entry(3_001, "found"), down(), NEAR, true);
        assert_eq!(texts(&timeline), ["since 10"]);
    }

    #[test]
    fn the_oldest_goes_by_its_time() {
        let mut timeline = Timeline::default();
        for second in 0..MAX_ENTRIES as u64 {
            timeline.push(entry(100 + second, &second.to_string()));
        }
        timeline.tell(entry(0, "too old"), None, NEAR, "1");
        timeline.tell(entry(102, "among them"), None, NEAR, "2");
        let texts = texts(&timeline);
        assert_eq!((texts.len(), &*texts[0], &*texts[2]), (MAX_ENTRIES, "1", "among them"));
    }

    #[test]
    fn what_nobody_reads_pushes_out_nothing_that_is_read() {
        let run = || EventKind::Run { id: Some("restart-api-1".into()), state: RunState::Running };
        let mut timeline = Timeline::default();
        timeline.see(entry(1, "down"), down(), NEAR, false);
        timeline.push(TimelineEntry { kind: run(), ..entry(2, "started") });
        timeline.push(TimelineEntry { kind: run(), ..entry(3, "succeeded") });
        for second in 0..4 * MAX_ENTRIES as u64 {
            timeline.push(TimelineEntry { is_step: true, ..entry(10 + second, "a blip") });
        }
        assert_eq!(timeline.newest_first().len(), MAX_ENTRIES, "bounded");
        let read = |timeline: &Timeline| timeline.shown().map(|entry| entry.text.to_string()).collect::<Vec<_>>();
        assert_eq!(read(&timeline), ["succeeded", "down"]);
        for second in 0..MAX_ENTRIES as u64 {
            timeline.push(entry(5_000 + second, &second.to_string()));
        }
        timeline.push(TimelineEntry { is_step: true, ..entry(9_000, "a blip") });
        assert_eq!((read(&timeline).len(), &*read(&timeline)[0]), (MAX_ENTRIES, "499"), "what is read goes by its age");
    }
}
