//! A text over the screen: what happened since a person last looked, who is on call, or the handover that is offered, which
//! can be accepted.

use crate::app::keymap::Command;
use crate::app::list::moved;
use crate::app::reading::{self, ReadingLine};
use crate::app::saying::say_of_alerts;
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Then};
use crate::app::toasts::Tone;
use crate::lang::key::Key;
use crate::model::effect::{Effect, TerminalEffect};
use crate::text::SafeText;
use crate::world::unlike::UnlikeHour;

/// Which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadingSubject {
    /// What happened since this person last looked.
    SinceLooked,
    /// The handover that is offered, or the last one.
    Handover,
    /// Who is on call now and next, and who can be reached.
    OnCall,
}

/// The overlay. What it says is read from the state at each frame.
#[derive(Debug, Clone)]
pub struct ReadingOverlay {
    /// Which text.
    pub(crate) subject: ReadingSubject,
    /// The first line that is shown.
    pub(crate) scroll: usize,
    /// What was unlike the same hour yesterday when it was opened: too much to be looked through at each frame.
    unlike: Vec<UnlikeHour>,
}

impl ReadingOverlay {
    /// Of this.
    pub(crate) fn of(subject: ReadingSubject, state: &State) -> Self {
        let unlike = match subject {
            ReadingSubject::SinceLooked => state.seen().unlike_yesterday(),
            ReadingSubject::Handover | ReadingSubject::OnCall => Vec::new(),
        };
        Self { subject, scroll: 0, unlike }
    }

    /// What it says.
    pub(crate) fn lines(&self, state: &State) -> Vec<ReadingLine> {
        match self.subject {
            ReadingSubject::SinceLooked => reading::since_looked(state, &self.unlike),
            ReadingSubject::Handover => reading::handover(state),
            ReadingSubject::OnCall => reading::on_call(state),
        }
    }

    fn accept(&self, state: &mut State, effects: &mut Vec<Effect>) -> Then {
        if self.subject != ReadingSubject::Handover {
            return Then::Stay;
        }
        if state.world.read_only {
            state.toast(Tone::Error, "read-only: no handover can be accepted here");
            return Then::Stay;
        }
        match reading::acceptance(state) {
            Ok((said, text)) => Then::Sent(say_of_alerts(state, said, &text, effects)),
            Err(problem) => {
                state.toast(Tone::Error, &problem);
                Then::Stay
            }
        }
    }
}

impl Overlay for ReadingOverlay {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        let Some(command) = state.console.keymap.reading_command(key) else { return Then::Stay };
        let height = usize::from(state.console.size.1).saturating_sub(6).max(1);
        let last = self.lines(state).len().saturating_sub(1);
        if let Some(to) = moved(command, self.scroll.min(last), last, height) {
            self.scroll = to;
            return Then::Stay;
        }
        match command {
            Command::Copy => {
                let lines: Vec<String> = self.lines(state).into_iter().map(|line| line.text).collect();
                effects.push(TerminalEffect::Copy(SafeText::of_record(&lines.join("\n"))).into());
                Then::Stay
            }
            Command::Acknowledge => self.accept(state, effects),
            Command::Back | Command::Quit | Command::Open => Then::Close,
            _ => Then::Stay,
        }
    }
}
