//! ntfy: a topic, published as JSON to its server, for headers hold no UTF-8.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::client::Post;
use super::{Delivered, Order, Sender, grade};
use crate::config::channels::ntfy::NtfyChannel;
use crate::model::message::{DeliveryFailure, Notification, truncated};

/// Bytes of a message at most are 4,096, and a character may have four.
const TEXT: usize = 1_000;
/// Buttons of a message at most.
const ACTIONS: usize = 3;

impl Sender for NtfyChannel {
    fn send<'a>(&'a self, order: &'a Order<'a>) -> BoxFuture<'a, Delivered> {
        async move {
            let own = order.resolve_url(&self.url)?;
            let token = self.token.as_ref().map(|token| order.resolve(token)).transpose()?;
            let (own_server, _) = parts(&own)?;
            let mut topics = vec![own.clone()];
            topics.extend(order.to()?.into_iter().filter(|topic| *topic != own));
            for topic in &topics {
                let (server, name) = parts(topic)?;
                let message = order.message();
                let body = json!({
                    "topic": name,
                    "title": truncated(&message.summary(), 200),
                    "message": truncated(&order.text, TEXT),
                    // 5 is the highest of ntfy.
                    "priority": 6 - grade(message.worst()),
                    "actions": actions(message),
                });
                let post = Post::json(format!("{server}/"), &body);
                // A person's topic may be on another server, which is not to see our token.
                let post = match token.as_ref().filter(|_| server == own_server) {
                    Some(token) => post.header("authorization", format!("Bearer {token}")),
                    None => post,
                };
                order.post(&post).await?;
            }
            Ok(())
        }
        .boxed()
    }
}

/// Buttons that acknowledge: pressing one sends the request that the button of its page would.
fn actions(message: &Notification) -> Vec<Value> {
    let button = |(alert, link): (&str, &str)| json!({ "action": "http", "label": format!("Acknowledge {alert}"), "url": link, "method": "POST", "clear": true });
    message.acknowledge_links().take(ACTIONS).map(button).collect()
}

/// The server and the topic.
fn parts(url: &str) -> Result<(&str, &str), DeliveryFailure> {
    let parts = url
        .trim_end_matches('/')
        .rsplit_once('/')
        .filter(|(server, _)| server.contains("://") && !server.ends_with('/'));
    parts.ok_or_else(|| DeliveryFailure::permanent("the address names no topic"))
}
