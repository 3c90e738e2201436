//! Microsoft Teams: a workflow that posts an adaptive card. It answers 202 before anything is posted: accepted is not shown.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::client::Post;
use super::{Delivered, Order, Sender};
use crate::config::channels::teams::TeamsChannel;
use crate::model::message::truncated;

/// Characters at most: a card may have 28 KB, and a character four bytes.
const TEXT: usize = 6_000;

impl Sender for TeamsChannel {
    fn send<'a>(&'a self, order: &'a Order<'a>) -> BoxFuture<'a, Delivered> {
        async move {
            let url = order.resolve_url(&self.url)?;
            order.post(&Post::json(url, &card(&order.message().summary(), &order.text))).await
        }
        .boxed()
    }
}

fn card(summary: &str, text: &str) -> Value {
    let block =
        |text: String, weight: &str| json!({ "type": "TextBlock", "text": text, "wrap": true, "weight": weight });
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": [
                    block(literal(&truncated(summary, 500)), "Bolder"),
                    // One line break is none in a card.
                    block(literal(&truncated(text, TEXT)).replace('\n', "\n\n"), "Default"),
                ],
            },
        }],
    })
}

/// Cards know a little Markdown: a link in what was seen must not be one.
fn literal(text: &str) -> String {
    text.replace('[', "\\[").replace('*', "\\*").replace('_', "\\_")
}
