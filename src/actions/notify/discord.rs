//! Discord: a webhook.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::client::Post;
use super::{Delivered, Order, Sender};
use crate::config::channels::discord::DiscordChannel;
use crate::model::message::truncated;

/// Characters at most.
const CONTENT: usize = 2_000;

impl Sender for DiscordChannel {
    fn send<'a>(&'a self, order: &'a Order<'a>) -> BoxFuture<'a, Delivered> {
        async move {
            let url = order.resolve_url(&self.url)?;
            // Nobody is mentioned by what was seen.
            let body = json!({ "content": truncated(&order.text, CONTENT), "allowed_mentions": { "parse": [] } });
            order.post(&Post::json(url, &body)).await
        }
        .boxed()
    }
}
