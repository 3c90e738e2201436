//! `exposition = URL`: a page of samples, read while it streams.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::http::Requester;
use super::{Answer, Ask, Kind, Readers, number};
use crate::config::kinds::http::HttpRequest;
use crate::lang::unit;
use crate::model::document::PollError;
use crate::sources::exposition::Scrape;
use crate::sources::http::codes;
use crate::text::SafeText;

const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// How large a page may be, at the least: it is read while it streams, so that its size costs nothing.
const MAX_PAGE: usize = 64 << 20;

/// A page of samples.
#[derive(Debug)]
pub(super) struct Exposition(Requester);

impl Exposition {
    /// Asked with this request.
    pub(super) fn new(request: &Arc<HttpRequest>, readers: Readers) -> Self {
        Self(Requester::new(request, readers, ACCEPT))
    }

    async fn scrape(&self, mut ask: Ask<'_>) -> Result<Answer, PollError> {
        let selectors = std::mem::take(&mut ask.selectors);
        let mut scrape = Scrape::new(selectors, self.0.request.max_body.max(MAX_PAGE));
        let head = self.0.send(&ask, &mut scrape).await?;
        if !(200..300).contains(&head.status) {
            return Err(PollError::Failed(SafeText::new(&codes::describe(head.status.into()))));
        }
        if let Some(why) = &head.undecoded {
            return Err(PollError::Unreadable(SafeText::new(why)));
        }
        let (document, sums, fault) = scrape.finish(head.total_ms())?;
        Ok(Answer { document: Arc::new(document), phases: head.phases, sums, fault })
    }
}

impl Kind for Exposition {
    fn fetch<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Answer, PollError>> {
        self.scrape(ask).boxed()
    }

    fn summary(&self, document: &Value) -> String {
        format!("{} samples, {}", number(document, "samples"), unit::quantity(number(document, "bytes"), "B"))
    }
}
