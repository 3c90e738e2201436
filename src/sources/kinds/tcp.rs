//! `tcp = "HOST:PORT"`: ok if it connects.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Answer, Ask, Kind};
use crate::config::kinds::tcp::TcpTarget;
use crate::model::document::PollError;
use crate::sources::tcp;

/// A port that is connected to.
#[derive(Debug)]
pub(super) struct Tcp(Arc<TcpTarget>);

impl Tcp {
    /// Connected to at this target.
    pub(super) fn new(target: &Arc<TcpTarget>) -> Self {
        Self(Arc::clone(target))
    }

    async fn connect(&self, ask: Ask<'_>) -> Result<Answer, PollError> {
        let connected = tcp::connect(&self.0.host, self.0.port, ask.timeout, ask.clock).await?;
        Ok(Answer { phases: connected.phases(), ..Answer::plain(connected.document()) })
    }
}

impl Kind for Tcp {
    fn fetch<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Answer, PollError>> {
        self.connect(ask).boxed()
    }

    fn summary(&self, _document: &Value) -> String {
        "connected".to_owned()
    }
}
