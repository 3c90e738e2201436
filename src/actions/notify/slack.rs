//! Slack: an incoming webhook.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::client::Post;
use super::{Delivered, Order, Sender};
use crate::config::channels::slack::SlackChannel;
use crate::text::markup::escaped;

/// Characters of a section at most.
const SECTION: usize = 3_000;

impl Sender for SlackChannel {
    fn send<'a>(&'a self, order: &'a Order<'a>) -> BoxFuture<'a, Delivered> {
        async move {
            let url = order.resolve_url(&self.url)?;
            let mentions: Vec<String> = order.to()?.iter().map(|member| mention(member)).collect();
            order.post(&Post::json(url, &body(&order.message().summary(), &order.text, &mentions))).await
        }
        .boxed()
    }
}

/// Escaped, for a text that an attacker may have written must not mention everybody, nor be a link in disguise.
fn body(summary: &str, text: &str, mentions: &[String]) -> Value {
    let mention = if mentions.is_empty() { String::new() } else { format!("{} ", mentions.join(" ")) };
    let room = SECTION - mention.chars().count().min(SECTION / 2);
    let section = format!("{mention}{}", within(text, room));
    json!({
        "text": format!("{mention}{}", escaped(summary)),
        "blocks": [{ "type": "section", "text": { "type": "mrkdwn", "text": section } }],
    })
}

/// `<@U…>`, or that of a group or channel of people.
fn mention(member: &str) -> String {
    if member.starts_with('S') { format!("<!subteam^{member}>") } else { format!("<@{member}>") }
}

/// Escaped, and cut so that no more than `most` characters remain and none of an escape is cut off.
fn within(text: &str, most: usize) -> String {
    let whole = escaped(text);
    if whole.chars().count() <= most {
        return whole;
    }
    let (mut shown, mut left) = (String::new(), most.saturating_sub(1));
    for c in text.chars() {
        let piece = escaped(c.encode_utf8(&mut [0; 4]));
        let Some(rest) = left.checked_sub(piece.chars().count()) else { break };
        left = rest;
        shown.push_str(&piece);
    }
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_mentions_nobody_and_fits() {
        let body = body("<!channel> down & out", &"<&>".repeat(2_000), &[mention("U02ABC"), mention("S02ABC")]);
        assert_eq!(body["text"], "<@U02ABC> <!subteam^S02ABC> &lt;!channel&gt; down &amp; out");
        let section = body["blocks"][0]["text"]["text"].as_str().unwrap();
        assert!(section.chars().count() <= SECTION, "{}", section.chars().count());
        assert!(section.ends_with(";…") && section.starts_with("<@U02ABC>"), "{section}");
    }
}
