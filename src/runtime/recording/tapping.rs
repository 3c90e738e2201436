//! The one place at which a console takes anything in, and keeps it where it is recorded.

use super::writer::{MessageRecorder, PATIENCE, RecordingFile};
use crate::app::message::{Learned, Message};
use crate::app::update::update;
use crate::model::effect::Effect;
use crate::runtime::core::Core;

impl Core {
    /// Begins to record, where a file was made for it.
    pub(in crate::runtime) fn record(&mut self, file: Option<RecordingFile>) {
        let Some(file) = file else { return };
        let (latest, out) = (self.known.latest(), self.observation_sender.clone());
        match MessageRecorder::start(file, &self.state, latest, out) {
            Ok(recorder) => {
                self.recorder = Some(recorder);
                // As a message of its own, so that it stands in the replay as it stood on the screen.
                self.learn(Learned::Recorded(true));
            }
            Err(error) => self.effects.fail(&format!("nothing is recorded: {error}")),
        }
    }

    /// Gives a message to the state.
    pub(in crate::runtime) fn take_in(&mut self, message: Message) -> Vec<Effect> {
        let Some(recorder) = &mut self.recorder else { return update(&mut self.state, message) };
        let line = recorder.hear(&self.state, &message);
        let effects = update(&mut self.state, message);
        if let Some(line) = line
            && !recorder.keep(&self.state, line)
        {
            self.recorder = None;
            self.learn(Learned::Recorded(false));
        }
        effects
    }

    /// Waits until what was recorded is in its file, for a while.
    pub(in crate::runtime) async fn end_recording(&mut self) {
        let Some(recorder) = self.recorder.take() else { return };
        let thread = recorder.end();
        let joined = tokio::task::spawn_blocking(move || thread.join().is_ok());
        if tokio::time::timeout(PATIENCE, joined).await.is_err() {
            tracing::warn!("the end of the recording is not in its file yet");
        }
    }
}
