//! What is heard of runs, and what follows from it.

use std::time::Duration;

use crate::lang::order::InOrder;
use crate::lang::unit;
use crate::model::run::{Lock, OutputLine, Run, RunState, Signs, Stopping, VerificationProgress};
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::name::Name;

use super::World;
use super::output::{Change, Intent, Output};
use super::runs::{MAX_OUTPUT_LINES, RunView};
use super::timeline::{EventKind, EventMark, TimelineEntry};

/// Runs whose output is held at once; the oldest that ended goes first.
const MAX_HELD: usize = 30;
/// A run that is older when it is first heard of did not begin now.
const FOUND: Duration = Duration::from_secs(5);

impl World {
    /// What was asked for here runs. Its lock is held from now, and belongs on the screen and into the next dialog.
    pub(crate) fn started(&mut self, run: &Run) -> Output {
        if self.run(&run.id).is_none() {
            self.hold(RunView::new(run.clone()));
        }
        let mut output = self.follow(&run.id);
        output.intents.push(Intent::LoadRuns);
        output.changes.push(Change::RunMoved(run.id.clone()));
        output
    }

    /// A run has news: it began, moved on, or ended.
    pub(crate) fn run_changed(&mut self, run: &Run) -> Output {
        let was = self.run(&run.id).map(|view| view.run.state);
        let was_unstored = self.run(&run.id).is_some_and(|view| view.run.is_not_stored_yet());
        let mut output = Output::default();
        // What was read before the run was closed may arrive after it.
        if run.state.is_open() && was.is_some_and(|was| !was.is_open() && was != RunState::Unknown) {
            return output;
        }
        if let Some(view) = self.run_mut(&run.id) {
            view.run = run.clone();
        } else if run.state.is_open() || self.is_recent(run) || run.state == RunState::Unknown {
            // Who reports a run that is lost found it out just now, however long ago it began.
            self.hold(RunView::new(run.clone()));
        } else {
            // What ended before we came is history, not news.
            return output;
        }
        if let Some(stored) = self.history.iter_mut().find(|stored| stored.id == run.id) {
            *stored = run.clone();
        }
        if run.state.is_open() {
            output.extend(self.follow(&run.id));
            if was.is_none() {
                output.intents.push(Intent::LoadRuns);
            }
        }
        if was == Some(run.state) {
            if was_unstored && !run.is_not_stored_yet() {
                output.changes.push(Change::RunStored(Box::new(run.clone())));
            }
            return output;
        }
        if run.state.is_open() {
            let text = self.epitaph(run);
            self.run_seen(run, &text, was.is_none());
            output.changes.push(Change::RunMoved(run.id.clone()));
        } else {
            output.extend(self.ended(run));
        }
        output
    }

    /// A run is over: said once, with what the configuration offers where it did not help. Nothing runs by itself.
    fn ended(&mut self, run: &Run) -> Output {
        let mut output = Output { intents: vec![Intent::LoadRuns], ..Output::default() };
        let offer = self.action(&run.action).and_then(|action| action.on_failure.clone());
        let helped = run.state.is_good() || matches!(run.state, RunState::Refused | RunState::Unknown);
        let offer = offer.filter(|_| !helped && !run.can_be_verified_now() && !self.read_only);
        let Some(view) = self.run_mut(&run.id) else { return output };
        (view.progress, view.stopping, view.signs) = (None, None, None);
        view.offer = offer;
        let text = self.epitaph(run);
        self.run_seen(run, &text, false);
        // What was lost of an action that is not ours is for those who know it.
        if run.state != RunState::Unknown || self.action(&run.action).is_some() {
            output.changes.push(Change::RunEnded(Box::new(run.clone())));
        }
        output
    }

    /// Notes that a run came to the state in which it is; `is_found`: it may have been so before.
    fn run_seen(&mut self, run: &Run, text: &str, is_found: bool) {
        let is_found = is_found && run.ago(self.moment()) > FOUND;
        self.saw(
            EventMark::Run(run.id.clone(), run.state),
            EventKind::Run { id: Some(run.id.clone()), state: run.state },
            run.service.clone(),
            text,
            is_found,
        );
    }

    /// Notes that an action was refused here.
    pub(crate) fn refused(&mut self, action: &Name, why: &SafeText) {
        let service = self.action(action).and_then(|known| known.service.clone());
        let text = format!("{} was refused: {why}", self.title_of(action));
        let kind = EventKind::Run { id: None, state: RunState::Refused };
        self.saw(EventMark::Refused(action.clone(), why.clone()), kind, service, &text, false);
    }

    /// Where a run stands or how it ended, in a line.
    pub(crate) fn epitaph(&self, run: &Run) -> String {
        let title = self.title_of(&run.action);
        if let (RunState::Ended, Some(proven)) = (run.state, run.proven()) {
            let took = run.took().map_or_else(String::new, |took| format!(" (took {})", unit::span(took)));
            let what = if *run.verb == *"backup-verify" { "backup" } else { title };
            return format!("{what} proven: {proven}{took}");
        }
        let good = (run.state == RunState::Verified).then(|| self.good_checks(run)).flatten();
        let note = run.titled_note(|check| self.title_of_check(check));
        let why: Vec<String> = good.into_iter().chain(note).collect();
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
        format!("{title}: {}{why}", run.outcome_after())
    }

    /// What happened, in a line: of a run that is known, where it stands now.
    pub(crate) fn event_text(&self, entry: &TimelineEntry) -> SafeText {
        match &entry.kind {
            EventKind::Run { id: Some(id), .. } => {
                self.run_by_id(id).map_or_else(|| entry.text.clone(), |run| SafeText::new(&self.epitaph(run)))
            }
            _ => entry.text.clone(),
        }
    }

    /// The checks by which a run was verified: `cache is good`.
    fn good_checks(&self, run: &Run) -> Option<String> {
        let verify = self.action(&run.action)?.verify.as_ref()?;
        let names: Vec<&str> = verify.checks.iter().map(|name| self.title_of_check(name)).collect();
        let verb = if names.len() == 1 { "is" } else { "are" };
        Some(format!("{} {verb} good", names.join(", ")))
    }

    /// Follows the output of a run, once.
    pub(crate) fn follow(&mut self, id: &Name) -> Output {
        let mut output = Output::default();
        if let Some(view) = self.run_mut(id).filter(|view| !view.followed) {
            view.followed = true;
            output.intents.push(Intent::FollowRun(id.clone()));
        }
        output
    }

    /// Whether a run ended since this world began.
    fn is_recent(&self, run: &Run) -> bool {
        run.ago(self.moment()) <= self.now.since(self.started)
    }

    /// Whether a run of unknown outcome can be verified now: its action says by which checks, and this console may act.
    pub(crate) fn can_verify(&self, run: &Run) -> bool {
        !self.read_only
            && run.can_be_verified_now()
            && self.action(&run.action).is_some_and(|action| action.verify.is_some())
    }

    /// How far the verification of a run is.
    pub(crate) fn run_progress(&mut self, id: &Name, progress: VerificationProgress) {
        if let Some(view) = self.run_mut(id) {
            view.progress = Some(progress);
        }
    }

    /// How far the stopping of a run is.
    pub(crate) fn run_stopping(&mut self, id: &Name, stopping: Stopping) {
        let now = self.now;
        let Some(view) = self.run_mut(id) else { return };
        // A supervisor that has answered knows better than who asks it.
        let known = matches!(&view.stopping, Some((Stopping::Terminated { .. } | Stopping::Killed, _)));
        if !known || !matches!(stopping, Stopping::Asked) {
            view.stopping = Some((stopping, now));
        }
    }

    /// What is seen of the supervisor of a run, and of what it left behind.
    pub(crate) fn run_signs(&mut self, id: &Name, signs: Signs) {
        let now = self.now;
        if let Some(view) = self.run_mut(id) {
            view.signs = Some((signs, now));
        }
    }

    /// New output of a run.
    pub(crate) fn run_output(&mut self, id: &Name, lines: Vec<OutputLine>, omitted: u64) {
        let Some(view) = self.run_mut(id) else { return };
        view.omitted = omitted;
        let next = view.lines.back().map_or(0, |line| line.index + 1);
        // Output is followed from its beginning again after a re-attachment: what is held already is passed over.
        view.lines.extend(lines.into_iter().filter(|line| line.index >= next));
        while view.lines.len() > MAX_OUTPUT_LINES {
            view.lines.pop_front();
        }
    }

    /// The output of a run can't be read, or no further.
    pub(crate) fn output_unreadable(&mut self, id: &Name, why: SafeText) {
        if let Some(view) = self.run_mut(id) {
            view.unreadable = Some(why);
        }
    }

    /// What the store holds. Those that are open are reported one by one by whoever watches them.
    pub(crate) fn stored_runs(&mut self, runs: Vec<Run>, locks: Vec<Lock>) -> Output {
        let mut output = Output::default();
        for known in &runs {
            if known.state.is_open() || self.run(&known.id).is_some() {
                output.extend(self.run_changed(known));
            } else if known.can_be_verified_now() && locks.iter().any(|lock| lock.id == known.id) {
                // Its target stays locked until somebody looks, so that it is kept in sight; whoever found it lost said so.
                self.hold(RunView::new(known.clone()));
            }
        }
        self.history = runs;
        self.locks = locks;
        output
    }

    /// The record is another one than before, or went back: runs that it lacks are history of nobody any more. What still goes on,
    /// or waits for the store, is not on record there yet.
    pub(crate) fn forget_runs_that_are_lost(&mut self) {
        let (known, before) = (&self.history, self.runs.len());
        let is_known = |run: &Run| known.iter().any(|other| other.id == run.id);
        self.runs.retain(|RunView { run, .. }| run.state.is_open() || run.is_not_stored_yet() || is_known(run));
        let lost = before - self.runs.len();
        let and = if lost == 0 { String::new() } else { format!("; {} not in it any more", counted(lost, "run")) };
        let text = format!("the store holds another record than before: it was read again{and}");
        self.happened(EventKind::Console, None, &text);
    }

    /// Holds a run with its output, letting go the oldest other one that ended where there are too many.
    pub(crate) fn hold(&mut self, view: RunView) {
        let held = view.run.id.clone();
        self.runs.insert(0, view);
        self.runs.order_by(|a, b| b.run.started_at.cmp(&a.run.started_at).then_with(|| b.run.id.cmp(&a.run.id)));
        if self.runs.len() > MAX_HELD
            && let Some(oldest) = self.runs.iter().rposition(|view| !view.run.state.is_open() && view.run.id != held)
        {
            let gone = self.runs.remove(oldest);
            if !self.history.iter().any(|run| run.id == gone.run.id) {
                self.history.push(gone.run);
            }
        }
    }
}
