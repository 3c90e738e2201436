//! Reading the shape history of logs, off the loop: one question at a time, the latest.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::secrets::SecretsHandle;
use super::tasks::Tasks;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::effect::{RequestId, ShapeHistoryQuery};
use crate::model::outcome::Outcome;
use crate::sources::logs::history::shapes;
use crate::text::redact::Redactor;

/// Who reads, if anybody does.
pub(crate) struct ShapeHistoryReader {
    clock: Clock,
    secrets_handle: SecretsHandle,
    outcomes: mpsc::Sender<Outcome>,
    reading: Option<(RequestId, CancellationToken)>,
}

impl ShapeHistoryReader {
    /// Nobody reads yet; what is read goes to `outcomes`.
    pub(crate) fn new(clock: Clock, secrets_handle: SecretsHandle, outcomes: mpsc::Sender<Outcome>) -> Self {
        Self { clock, secrets_handle, outcomes, reading: None }
    }

    /// Reads what is asked; an earlier question is not answered any more.
    pub(crate) fn read(
        &mut self,
        tasks: &mut Tasks,
        request: RequestId,
        question: &ShapeHistoryQuery,
        config: &Config,
    ) {
        let (clock, mut secrets_handle, outcomes) = (self.clock, self.secrets_handle.clone(), self.outcomes.clone());
        let token = tasks.token();
        if let Some((_, earlier)) = self.reading.replace((request, token.clone())) {
            earlier.cancel();
        }
        let ShapeHistoryQuery { logs, since, until } = question;
        let (since, until) = (*since, *until);
        let logs: Vec<_> = config.logs.iter().filter(|log| logs.contains(&log.name)).cloned().collect();
        tasks.once("the shape history of logs", async move {
            let secrets = tokio::select! {
                () = token.cancelled() => return,
                secrets = secrets_handle.secrets() => secrets,
            };
            // The shapes of what is shown are those of redacted text.
            let redactor = Redactor::from(&*secrets);
            let ended = token.clone();
            let read = move || shapes::read_shapes(&logs, since, until, &redactor, clock, &|| ended.is_cancelled());
            let Ok(history) = tokio::task::spawn_blocking(read).await else { return };
            if !token.is_cancelled() {
                outcomes.send(Outcome::ShapeHistory { request, history: Box::new(history) }).await.ok();
            }
        });
    }

    /// Nobody waits for this answer any more.
    pub(crate) fn forget(&mut self, request: RequestId) {
        if let Some((_, token)) = self.reading.take_if(|(reading, _)| *reading == request) {
            token.cancel();
        }
    }
}
