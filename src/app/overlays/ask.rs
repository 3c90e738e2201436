//! A question with two answers: the one that changes nothing, which has the focus, and the one that `y` gives.

use crate::app::channel_test;
use crate::app::requests::AwaitedAnswer;
use crate::app::saying::say_of_alerts;
use crate::app::state::State;
use crate::app::state::overlay::{DEAF, Overlay, Then};
use crate::app::toasts::Tone;
use crate::lang::key::{Key, KeyCode};
use crate::lang::time::Stamp;
use crate::model::effect::{Effect, RunEffect};
use crate::model::fact::{ChangeApproved, ChangeSaid, MaintenanceEnded, SilenceEnd, SilenceEnded, Statement};
use crate::model::run::Stopping;
use crate::text::SafeText;
use crate::text::name::Name;

/// The overlay.
#[derive(Debug, Clone)]
pub struct AskOverlay {
    /// What is asked, one line.
    pub question: SafeText,
    /// What it means.
    pub detail: SafeText,
    /// When it was opened; keys of the first 300 ms are ignored, as in [`super::confirm`].
    pub opened: Stamp,
    /// What `y` does.
    pub then: OnYes,
}

/// What happens after `y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnYes {
    /// Ends a run: TERM, grace, KILL to its group.
    StopRun(Name),
    /// Ends a silence.
    EndSilence {
        /// Its id.
        id: Name,
        /// What it matches.
        matching: String,
        /// What it is called by that.
        title: String,
    },
    /// Approves a change.
    ApproveChange {
        /// What is said.
        said: ChangeApproved,
        /// What is changed.
        title: String,
    },
    /// Ends a window of maintenance.
    EndMaintenance {
        /// What is said of it.
        said: MaintenanceEnded,
        /// How it is shown.
        title: String,
    },
    /// Sends a test by every channel.
    TestChannels,
}

impl OnYes {
    /// What it is about, in the frame.
    pub(crate) const fn title(&self) -> &'static str {
        match self {
            Self::StopRun(_) => "cancel a run",
            Self::EndSilence { .. } => "end a silence",
            Self::ApproveChange { .. } => "approve a change",
            Self::EndMaintenance { .. } => "end maintenance",
            Self::TestChannels => "test the channels",
        }
    }

    /// The button that changes nothing.
    pub(crate) const fn keeps(&self) -> &'static str {
        match self {
            Self::StopRun(_) => "Keep running",
            Self::EndSilence { .. } | Self::EndMaintenance { .. } => "Keep it",
            Self::ApproveChange { .. } => "Not now",
            Self::TestChannels => "Send nothing",
        }
    }
}

impl Overlay for AskOverlay {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        if state.world.now.since(self.opened) < DEAF {
            return Then::Stay;
        }
        match key.code {
            KeyCode::Char('y') if !key.ctrl && !key.alt => {
                match &self.then {
                    OnYes::EndSilence { id, matching, title } => {
                        let (id, matching) = (id.clone(), matching.clone());
                        let ended = SilenceEnded { id, matching, because: SilenceEnd::Person };
                        say_of_alerts(
                            state,
                            vec![Statement::SilenceEnded(ended)],
                            &format!("silence of {title} ended"),
                            effects,
                        );
                    }
                    OnYes::ApproveChange { said, title } => {
                        let approved = Statement::Change(ChangeSaid::Approved(said.clone()));
                        say_of_alerts(state, vec![approved], &format!("change {title} approved"), effects);
                    }
                    OnYes::EndMaintenance { said, title } => {
                        let how = if state.world.now.utc < said.from { "called off" } else { "ended" };
                        let ended = Statement::MaintenanceEnded(said.clone());
                        say_of_alerts(state, vec![ended], &format!("maintenance {title} {how}"), effects);
                    }
                    OnYes::TestChannels => channel_test::send(state, effects),
                    OnYes::StopRun(run) => {
                        let now = state.world.now;
                        let Some(run) = state.world.run_by_id(run).cloned() else { return Then::Close };
                        if let Some(view) = state.world.runs.iter_mut().find(|view| view.run.id == run.id) {
                            view.stopping = Some((Stopping::Asked, now));
                        }
                        effects.push(Effect::Run(
                            state.request(AwaitedAnswer::Stop(run.id.clone())),
                            RunEffect::Stop(Box::new(run)),
                        ));
                    }
                }
                Then::Close
            }
            KeyCode::Enter | KeyCode::Esc | KeyCode::Char('n' | 'q') => self.leave(state),
            _ => Then::Stay,
        }
    }

    fn click_button(&mut self, state: &mut State, button: usize) -> Then {
        if button == 0 { self.leave(state) } else { Then::Stay }
    }

    fn least_size(&self) -> (u16, u16) {
        (36, 10)
    }

    fn ignores_keys_since(&self) -> Option<Stamp> {
        Some(self.opened)
    }
}

impl AskOverlay {
    /// Closes it without an answer.
    fn leave(&self, state: &mut State) -> Then {
        match &self.then {
            OnYes::StopRun(run) => {
                let action = state.world.run(run).map(|view| view.run.action.clone());
                let title = action.map_or_else(|| run.to_string(), |action| state.world.title_of(&action).to_owned());
                state.toast(Tone::Info, &format!("{title}: not cancelled, it continues"));
            }
            OnYes::EndSilence { title, .. } => {
                state.toast(Tone::Info, &format!("silence of {title}: not ended"));
            }
            OnYes::ApproveChange { title, .. } => state.toast(Tone::Info, &format!("change {title}: not approved")),
            OnYes::EndMaintenance { title, .. } => {
                state.toast(Tone::Info, &format!("maintenance {title}: not ended"));
            }
            OnYes::TestChannels => state.toast(Tone::Info, "no test message sent"),
        }
        Then::Close
    }

    /// What the keys do at this moment.
    pub(crate) fn next_key(&self, now: Stamp) -> &'static str {
        match &self.then {
            _ if now.since(self.opened) < DEAF => "keys are ignored for a moment: read first",
            OnYes::StopRun(_) => "y cancels it; Enter and Esc keep it running",
            OnYes::EndSilence { .. } | OnYes::EndMaintenance { .. } => "y ends it; Enter and Esc keep it",
            OnYes::ApproveChange { .. } => "y approves it; Enter and Esc leave it as it is",
            OnYes::TestChannels => "y sends them; Enter and Esc send nothing",
        }
    }
}
