//! Opsgenie, and Jira Service Management by another `url`: one alert for each group.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::client::Post;
use super::{Delivered, Order, Sender, grade};
use crate::config::channels::opsgenie::OpsgenieChannel;
use crate::model::message::{AlertGroup, Entry, truncated};
use crate::text::secret::percent_encoded;

/// Characters of a message, an alias, and a description.
const MESSAGE: usize = 130;
const ALIAS: usize = 512;
const DESCRIPTION: usize = 15_000;

impl Sender for OpsgenieChannel {
    fn send<'a>(&'a self, order: &'a Order<'a>) -> BoxFuture<'a, Delivered> {
        async move {
            let (key, url) = (order.resolve(&self.key)?, order.resolve_url(&self.url)?);
            let message = order.message();
            let post =
                |url: String, body: &Value| Post::json(url, body).header("authorization", format!("GenieKey {key}"));
            if message.groups.is_empty() {
                let alias = truncated(&message.id, ALIAS);
                let body =
                    json!({ "message": truncated(&message.summary(), MESSAGE), "alias": alias, "priority": "P5" });
                order.post(&post(url.clone(), &body)).await?;
                return order.post(&post(close(&url, &alias), &json!({ "source": message.console }))).await;
            }
            for group in &message.groups {
                let alias = truncated(&group.key, ALIAS);
                if group.is_over() {
                    order.post(&post(close(&url, &alias), &json!({ "source": message.console }))).await?;
                } else {
                    order.post(&post(url.clone(), &alert(group, &alias, &message.console))).await?;
                }
            }
            Ok(())
        }
        .boxed()
    }
}

fn alert(group: &AlertGroup, alias: &str, console: &str) -> Value {
    let lines: Vec<String> = group.entries.iter().map(Entry::line).collect();
    let first = lines.first().map_or("firing", String::as_str);
    json!({
        "message": truncated(&format!("{}: {first}", group.title), MESSAGE),
        "alias": alias,
        "description": truncated(&lines.join("\n"), DESCRIPTION),
        "priority": format!("P{}", grade(group.worst_firing())),
        "source": console,
        "details": { "firing": group.firing.to_string(), "runbook": group.runbook.clone().unwrap_or_default() },
    })
}

/// Where an alert is closed: its alias is a part of the path.
fn close(url: &str, alias: &str) -> String {
    format!("{}/{}/close?identifierType=alias", url.trim_end_matches('/'), percent_encoded(alias))
}
