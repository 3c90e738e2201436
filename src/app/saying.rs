//! What a person says of a checklist or an incident, on its way to the record.

use std::time::Duration;

use crate::model::effect::{Effect, RequestId, StoreEffect};
use crate::model::fact::{IncidentFact, IncidentSaid, Statement};
use crate::text::SafeText;
use crate::text::name::Name;

use super::requests::AwaitedAnswer;
use super::state::State;
use super::toasts::{INFO, Tone};

/// What is answered faster than that is not named meanwhile.
const SOON: Duration = Duration::from_secs(1);

/// What a person said or started a while ago and what is not answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnItsWay {
    /// What is done with it.
    pub doing: &'static str,
    /// What was said, or what starts.
    pub what: SafeText,
    /// For how long that takes so far.
    pub took: Duration,
    /// How many more there are.
    pub others: usize,
}

impl State {
    /// What is still on its way to the record, or to its start, for longer than that takes as a rule: the earliest.
    pub(crate) fn on_its_way(&self) -> Option<OnItsWay> {
        let mut slow = self.console.requests.unanswered().filter_map(|(asked, since)| {
            let took = self.world.now.since(since);
            let (doing, soon) = match asked {
                // The message by which its start is answered says so for as long.
                AwaitedAnswer::Start(_) => ("starting", INFO),
                _ => ("being written", SOON),
            };
            (took > soon).then_some(())?;
            Some(OnItsWay { doing, what: said_with(self, asked)?, took, others: 0 })
        });
        let first = slow.next()?;
        Some(OnItsWay { others: slow.count(), ..first })
    }
}

/// What a person said or started with a request, in words; `None`: nothing.
pub(super) fn said_with(state: &State, asked: &AwaitedAnswer) -> Option<SafeText> {
    match asked {
        AwaitedAnswer::Said(said) | AwaitedAnswer::Tick(said) => Some(said.clone()),
        AwaitedAnswer::Opened(title) => Some(SafeText::new(&opened(title))),
        AwaitedAnswer::Start(action) => Some(SafeText::new(state.world.title_of(action))),
        AwaitedAnswer::Step { said, .. } if !said.is_empty() => Some(said.clone()),
        AwaitedAnswer::Step { run, step, .. } => {
            let record = state.world.checklist_run(run);
            let step = step.as_ref().and_then(|step| record?.step(step)).map(|step| step.asked.title.clone());
            step.or_else(|| record.map(|record| record.title.clone()))
        }
        _ => None,
    }
}

/// What is said of an incident that a person opened.
pub(super) fn opened(title: &SafeText) -> String {
    format!("incident opened: {title}")
}

/// Puts on record what a person says; or says why that can't be said. Returns the request, where there is one.
pub(super) fn say(
    state: &mut State,
    said: Result<Vec<Statement>, String>,
    about: Option<(Name, Option<Name>)>,
    text: &str,
    effects: &mut Vec<Effect>,
) -> Option<RequestId> {
    match (said, about) {
        (Ok(said), Some((run, step))) => {
            let said_text = SafeText::new(text);
            let request = state.request(AwaitedAnswer::Step { run, step, said: said_text });
            effects.push(Effect::Store(request, StoreEffect::SayOfAlerts(said)));
            return Some(request);
        }
        (Ok(_), None) => {}
        (Err(why), _) => state.toast(Tone::Warning, &why),
    }
    None
}

/// Has statements put on record, and says `text` once they are. Returns the request.
pub(in crate::app) fn say_of_alerts(
    state: &mut State,
    said: Vec<Statement>,
    text: &str,
    effects: &mut Vec<Effect>,
) -> RequestId {
    let request = state.request(AwaitedAnswer::Said(SafeText::new(text)));
    effects.push(Effect::Store(request, StoreEffect::SayOfAlerts(said)));
    request
}

/// Has what was said of incidents put on record, and remembers that it was said here.
pub(super) fn say_of_incident(
    state: &mut State,
    request: RequestId,
    said: Vec<IncidentSaid>,
    effects: &mut Vec<Effect>,
) {
    // Of these alone the fact is announced.
    for one in said.iter().filter(|one| matches!(one.what, IncidentFact::Moved(_) | IncidentFact::Graded(_))) {
        state.console.requests.say(request, one);
    }
    effects.push(Effect::Store(request, StoreEffect::SayOfIncident(said)));
}
