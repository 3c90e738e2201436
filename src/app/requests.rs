//! What was asked of the world and has no answer yet.

use std::collections::{BTreeMap, VecDeque};

use crate::lang::time::Stamp;
use crate::model::effect::RequestId;
use crate::model::fact::IncidentSaid;
use crate::text::SafeText;
use crate::text::name::Name;

/// What an answer is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AwaitedAnswer {
    /// The start of a run of this action.
    Start(Name),
    /// The end of a run's processes.
    Stop(Name),
    /// The verification of a run whose supervisor died.
    Verify(Name),
    /// The output of a run.
    Follow(Name),
    /// Past runs and locks.
    Runs,
    /// At which status these checks settled last.
    Statuses(Vec<Name>),
    /// Which alerts fire by the record.
    Alerts,
    /// What charts show of the store.
    Charts,
    /// What happened before the timeline begins.
    Marks,
    /// That this is on record: said once it is.
    Said(SafeText),
    /// That this task of a runbook is ticked, or not any more: it shows by itself once it is on record.
    Tick(SafeText),
    /// That the incident of this title is on record.
    Opened(SafeText),
    /// The end of the command of a step of a checklist.
    Command {
        /// The run.
        run: Name,
        /// The step.
        step: Name,
    },
    /// That this is on record of a step, or of a run, of a checklist.
    Step {
        /// The run.
        run: Name,
        /// The step; `None`: the run.
        step: Option<Name>,
        /// What is said then; empty: nothing.
        said: SafeText,
    },
}

/// A request without an answer.
#[derive(Debug, Clone)]
struct OpenRequest {
    asked: AwaitedAnswer,
    /// When it was asked; where the same had been asked before, when that was.
    since: Stamp,
}

/// The requests of this console, each until its answer: an answer to none of them comes too late, and is dropped.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    latest: RequestId,
    open: BTreeMap<RequestId, OpenRequest>,
    /// What was said of incidents from here and was not heard of as a fact yet, the oldest first.
    said: VecDeque<(RequestId, IncidentSaid)>,
}

/// Of so much that was said from here the fact is waited for; it comes at once, or once the store is back.
const MOST_SAID: usize = 64;

impl Requests {
    /// Names a request that begins now.
    pub(super) fn begin(&mut self) -> RequestId {
        self.latest = RequestId(self.latest.0 + 1);
        self.latest
    }

    /// The one that was named last.
    pub(super) const fn latest(&self) -> RequestId {
        self.latest
    }

    /// The next ones are named after this one: in a recording as they were then.
    pub(super) const fn go_on_from(&mut self, latest: RequestId) {
        self.latest = latest;
    }

    /// An answer to this request is due. Nobody waits any more for an earlier one that asked the same.
    pub(super) fn expect(&mut self, request: RequestId, asked: AwaitedAnswer, now: Stamp) {
        let mut since = now;
        self.open.retain(|_, earlier| {
            let is_asked_again = earlier.asked == asked && !matches!(asked, AwaitedAnswer::Start(_));
            if is_asked_again {
                since = earlier.since;
            }
            !is_asked_again
        });
        self.open.insert(request, OpenRequest { asked, since });
    }

    /// The answer to a request is here. `false` where nobody waits for it.
    pub(super) fn answered(&mut self, request: RequestId) -> bool {
        self.take(request).is_some()
    }

    /// The same, with what was asked.
    pub(super) fn take(&mut self, request: RequestId) -> Option<AwaitedAnswer> {
        self.open.remove(&request).map(|open| open.asked)
    }

    /// Those without an answer, each with since when, in the order in which they were asked.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = (&AwaitedAnswer, Stamp)> {
        self.open.values().map(|open| (&open.asked, open.since))
    }

    /// Something is said of an incident from here: whoever did it is told by the answer, and not again by the fact.
    pub(super) fn say(&mut self, request: RequestId, said: &IncidentSaid) {
        if self.said.len() == MOST_SAID {
            self.said.pop_front();
        }
        self.said.push_back((request, said.clone()));
    }

    /// Whether a fact is what was said from here; it is heard of once.
    pub(super) fn was_said(&mut self, fact: &IncidentSaid) -> bool {
        let at = self.said.iter().position(|(_, said)| said == fact);
        at.is_some_and(|at| self.said.remove(at).is_some())
    }

    /// What was said with this request was refused: no fact comes of it.
    pub(super) fn unsay(&mut self, request: RequestId) {
        self.said.retain(|(of, _)| *of != request);
    }

    /// The steps of which something was said that is not on record yet, or whose command runs, each with its run.
    pub(super) fn said_steps(&self) -> impl Iterator<Item = (&Name, Option<&Name>)> {
        self.open.values().filter_map(|open| match &open.asked {
            AwaitedAnswer::Step { run, step, .. } => Some((run, step.as_ref())),
            AwaitedAnswer::Command { run, step } => Some((run, Some(step))),
            _ => None,
        })
    }

    /// The actions whose runs were asked for and neither started nor refused.
    pub fn starting(&self) -> impl Iterator<Item = &Name> {
        self.open.values().filter_map(|open| match &open.asked {
            AwaitedAnswer::Start(action) => Some(action),
            _ => None,
        })
    }
}
