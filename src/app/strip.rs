//! What a run says above the footer: while it runs and is verified, and for a minute after.

use std::time::Duration;

use crate::model::run::Run;
use crate::text::SafeText;
use crate::world::runs::RunView;

use super::results::{RunResult, RunStrip};
use super::state::State;
use super::toasts::Tone;

/// How long a result stays.
const STAYS: Duration = Duration::from_mins(1);

/// What the strip shows now.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Strip<'a> {
    /// The newest run that is going on, and how many others are.
    Open(&'a RunView, usize),
    /// How the last one ended.
    Result(&'a RunResult),
}

impl State {
    /// What is to be said of runs above the footer; `None`: nothing.
    pub(crate) fn strip(&self) -> Option<Strip<'_>> {
        let strip: &RunStrip = &self.console.strip;
        let mut open = self.world.runs.iter().filter(|view| view.run.state.is_open());
        match open.next().filter(|view| strip.hidden.as_ref() != Some(&view.run.id)) {
            Some(view) => Some(Strip::Open(view, open.count())),
            None => strip.result.as_ref().map(Strip::Result),
        }
    }

    /// How the last run ended, while that is shown.
    pub fn run_result(&self) -> Option<&RunResult> {
        self.console.strip.result.as_ref()
    }

    /// A run ended: that is shown for a while.
    pub(super) fn show_result(&mut self, run: &Run, tone: Tone, text: &str) {
        let until = self.world.now.plus(STAYS);
        self.console.strip.result = Some(RunResult { run: run.id.clone(), tone, text: SafeText::new(text), until });
    }

    /// What is said of the run whose end is shown is something else by now. It stays no longer for that, and one that was sent
    /// away does not return.
    pub(super) fn correct_result(&mut self, run: &Run, tone: Tone, text: &str) {
        if let Some(result) = self.console.strip.result.as_mut().filter(|result| result.run == run.id) {
            (result.tone, result.text) = (tone, SafeText::new(text));
        }
    }

    /// Sends the strip away. `false` where there is none.
    pub(super) fn dismiss_strip(&mut self) -> bool {
        let open = match self.strip() {
            None => return false,
            Some(Strip::Open(view, _)) => Some(view.run.id.clone()),
            Some(Strip::Result(_)) => None,
        };
        match open {
            Some(run) => self.console.strip.hidden = Some(run),
            None => self.console.strip.result = None,
        }
        true
    }

    /// Time passed: a result has been there long enough.
    pub(super) fn expire_strip(&mut self) {
        let now = self.world.now;
        self.console.strip.result.take_if(|result| result.until.mono <= now.mono);
    }
}
