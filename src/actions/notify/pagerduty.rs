//! `pagerduty`: events of API 2, one for each group, with its key as that by which they are one incident.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::client::Post;
use super::{Delivered, Order, Sender};
use crate::config::channels::pagerduty::PagerDutyChannel;
use crate::model::alert::Severity;
use crate::model::message::{AlertGroup, Notification, truncated};

/// Characters of a summary, and of a key.
const SUMMARY: usize = 1_024;
const KEY: usize = 255;
/// Alerts that are named in the details of one event: all of it may have 512 KB.
const NAMED: usize = 50;

impl Sender for PagerDutyChannel {
    fn send<'a>(&'a self, order: &'a Order<'a>) -> BoxFuture<'a, Delivered> {
        async move {
            let (key, url) = (order.resolve(&self.key)?, order.resolve_url(&self.url)?);
            let message = order.message();
            // Where one fails, all are sent again: the receiver knows them by their key.
            for event in events(message) {
                let mut event = event;
                event["routing_key"] = Value::from(key.as_str());
                order.post(&Post::json(url.clone(), &event)).await?;
            }
            Ok(())
        }
        .boxed()
    }
}

fn events(message: &Notification) -> Vec<Value> {
    if message.groups.is_empty() {
        let key = truncated(&message.id, KEY);
        let event = json!({
            "event_action": "trigger",
            "dedup_key": key,
            "payload": { "summary": message.summary(), "source": message.console, "severity": "info" },
        });
        // A test leaves nothing open.
        return vec![event, json!({ "event_action": "resolve", "dedup_key": key })];
    }
    message.groups.iter().map(|group| event(message, group)).collect()
}

fn event(message: &Notification, group: &AlertGroup) -> Value {
    let key = truncated(&group.key, KEY);
    if group.is_over() {
        return json!({ "event_action": "resolve", "dedup_key": key });
    }
    let lines: Vec<String> = group.entries.iter().take(NAMED).map(crate::model::message::Entry::line).collect();
    let summary = format!("{}: {}", group.title, lines.first().map_or("firing", String::as_str));
    let own = group.links.iter().map(|(name, link)| json!({ "href": link, "text": name }));
    let to_acknowledge =
        group.entries.iter().take(NAMED).filter_map(|entry| Some((entry.called(), entry.acknowledge.as_ref()?)));
    let acknowledge =
        to_acknowledge.map(|(alert, link)| json!({ "href": link, "text": format!("acknowledge {alert}") }));
    let hrefs: Vec<Value> = own.chain(acknowledge).collect();
    json!({
        "event_action": "trigger",
        "dedup_key": key,
        "links": hrefs,
        "payload": {
            "summary": truncated(&summary, SUMMARY),
            "source": message.console,
            "severity": severity(group.worst_firing()),
            "group": group.title,
            "custom_details": {
                "alerts": lines,
                "firing": group.firing,
                "environment": message.environment,
                "runbook": group.runbook,
            },
        },
    })
}

const fn severity(worst: Option<Severity>) -> &'static str {
    match worst {
        Some(Severity::Critical) => "critical",
        Some(Severity::High) => "error",
        Some(Severity::Medium) => "warning",
        Some(Severity::Low) | None => "info",
    }
}
