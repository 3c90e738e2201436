//! An address of one's own: the whole message as JSON, or what the template makes.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::client::Post;
use super::{Delivered, Order, Sender};
use crate::config::channels::webhook::WebhookChannel;

impl Sender for WebhookChannel {
    fn send<'a>(&'a self, order: &'a Order<'a>) -> BoxFuture<'a, Delivered> {
        async move {
            let mut post = Post::json(order.resolve_url(&self.url)?, &document(order));
            if order.is_own_text {
                let is_json = serde_json::from_str::<Value>(&order.text).is_ok();
                post.content_type = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
                post.body = order.text.clone().into_bytes();
            }
            // A receiver that was given it before drops it.
            let mut post = post.header("idempotency-key", order.message().id.to_string());
            for (name, value) in &self.headers {
                let value = order.resolve(value)?;
                post = post.header(name, value);
            }
            order.post(&post).await
        }
        .boxed()
    }
}

/// The message with its text, as `command` channels get it too.
pub(super) fn document(order: &Order<'_>) -> Value {
    let message = order.message();
    json!({
        "id": message.id,
        "channel": message.target.channel,
        "contact": message.target.contact,
        "kind": message.kind,
        "console": message.console,
        "environment": message.environment,
        "at": message.at,
        "severity": message.worst(),
        "summary": message.summary(),
        "text": order.text,
        "groups": message.groups,
        "maintenance": message.notices,
        "updates": message.updates,
        "handovers": message.handovers,
        "confirm": message.confirm,
    })
}
