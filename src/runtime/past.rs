//! Reading the past of logs, off the loop: one question at a time, the latest.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::secrets::SecretsHandle;
use super::tasks::Tasks;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::message::Outcome;
use crate::sources::logs::history::past;
use crate::text::name::Name;
use crate::text::redact::Redactor;

/// Who reads, if anybody does.
#[derive(Default)]
pub(crate) struct PastReader {
    token: Option<CancellationToken>,
}

/// What is asked.
pub(crate) struct Question {
    /// The logs.
    pub logs: Vec<Name>,
    /// From when.
    pub since: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

impl PastReader {
    /// Reads what is asked; an earlier question is not answered any more.
    pub(crate) fn read(
        &mut self,
        tasks: &mut Tasks,
        question: Question,
        config: &Arc<Config>,
        clock: Clock,
        mut secrets_handle: SecretsHandle,
        outcomes: tokio::sync::mpsc::Sender<Outcome>,
    ) {
        self.forget();
        let token = tasks.token();
        self.token = Some(token.clone());
        let Question { logs, since, until } = question;
        let logs: Vec<_> = config.logs.iter().filter(|log| logs.contains(&log.name)).cloned().collect();
        tasks.once("the past of logs", async move {
            let secrets = tokio::select! {
                () = token.cancelled() => return,
                secrets = secrets_handle.secrets() => secrets,
            };
            // The shapes of what is shown are those of redacted text.
            let redactor = Redactor::from(&*secrets);
            let ended = token.clone();
            let read = move || past::shapes(&logs, since, until, &redactor, clock, &|| ended.is_cancelled());
            let Ok(past) = tokio::task::spawn_blocking(read).await else { return };
            if !token.is_cancelled() {
                outcomes.send(Outcome::Past(Box::new(past))).await.ok();
            }
        });
    }

    /// Nobody waits any more.
    pub(crate) fn forget(&mut self) {
        if let Some(token) = self.token.take() {
            token.cancel();
        }
    }
}
