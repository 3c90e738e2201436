//! Twilio: an SMS or a call to each number.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::client::Post;
use super::{Delivered, Order, Sender};
use crate::config::channels::twilio::TwilioChannel;
use crate::model::message::{DeliveryFailure, truncated};
use crate::text::markup::escaped;

/// Septets of one SMS.
const SEPTETS: usize = 160;
/// Septets of a link at most: what it is about has to be beside it. An underscore takes one.
const LINK: usize = 100;
/// Characters beyond ASCII that an SMS holds without becoming one of 70 characters.
const BEYOND_ASCII: &str = "£¥èéùìòÇØøÅåÆæßÉÄÖÑÜ§¿äöñüà¡";
/// Characters that take two septets.
const DOUBLE: &str = "^{}\\[~]|€";
/// Characters that are read out.
const SPOKEN: usize = 400;

impl Sender for TwilioChannel {
    fn send<'a>(&'a self, order: &'a Order<'a>) -> BoxFuture<'a, Delivered> {
        async move {
            let (account, token) = (order.resolve(&self.account)?, order.resolve(&self.token)?);
            let (from, url) = (order.resolve(&self.from)?, order.resolve_url(&self.url)?);
            let what = if self.voice { "Calls" } else { "Messages" };
            let url = format!("{}/2010-04-01/Accounts/{account}/{what}.json", url.trim_end_matches('/'));
            let login = STANDARD.encode(format!("{account}:{token}"));
            let said = if order.is_own_text { order.text.clone() } else { order.message().summary() };
            let said = order.redactor.redact(&said).into_owned();
            let link = order.message().acknowledge_links().next().filter(|_| !order.is_own_text).map(|(_, link)| link);
            let content = if self.voice { ("Twiml", spoken(&said)) } else { ("Body", sms(&said, link)) };
            for to in order.needed_to()? {
                let body = form(&[("To", &to), ("From", &from), (content.0, &content.1)])?;
                let post = Post {
                    url: url.clone(),
                    content_type: "application/x-www-form-urlencoded",
                    headers: vec![("authorization".to_owned(), format!("Basic {login}"))],
                    body: body.into_bytes(),
                };
                order.post(&post).await?;
            }
            Ok(())
        }
        .boxed()
    }
}

/// What fits into one SMS, with a link where there is room for both: characters that it has not become `?`.
fn sms(text: &str, link: Option<&str>) -> String {
    let link = link.map(|link| format!(" {link}")).filter(|link| link.is_ascii() && link.len() <= LINK);
    let link = link.unwrap_or_default();
    let most = SEPTETS - link.len();
    let mut left = most;
    let mut out = String::new();
    let known = |c: char| (c.is_ascii() && !c.is_ascii_control() && c != '`') || c == '€' || BEYOND_ASCII.contains(c);
    let text: Vec<char> = text
        .trim()
        .chars()
        .map(|c| match c {
            '\n' => ' ',
            '`' => '\'',
            '…' => '.',
            c if known(c) => c,
            _ => '?',
        })
        .collect();
    let cost = |c: char| if DOUBLE.contains(c) { 2 } else { 1 };
    if text.iter().map(|c| cost(*c)).sum::<usize>() <= most {
        return text.into_iter().chain(link.chars()).collect();
    }
    left -= 3;
    for c in text {
        let Some(rest) = left.checked_sub(cost(c)) else { break };
        left = rest;
        out.push(c);
    }
    out.push_str("...");
    out.push_str(&link);
    out
}

/// Read out twice: the first words of a call at night are lost.
fn spoken(text: &str) -> String {
    let text = escaped(&truncated(text, SPOKEN));
    format!("<Response><Say loop=\"2\">{text}</Say></Response>")
}

/// As a form is posted.
fn form(fields: &[(&str, &str)]) -> Result<String, DeliveryFailure> {
    // A query is written in the same way.
    let mut url = reqwest::Url::parse("http://form").map_err(|error| DeliveryFailure::permanent(error.to_string()))?;
    url.query_pairs_mut().extend_pairs(fields);
    Ok(url.query().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sms_is_one_sms() {
        assert_eq!(sms("[shop] api ▲ down…", None), "[shop] api ? down.");
        let cost = |text: &str| text.chars().map(|c| if DOUBLE.contains(c) { 2 } else { 1 }).sum::<usize>();
        for text in ["a".repeat(161), "[".repeat(100), "ä".repeat(300), "😀".repeat(200)] {
            let sms = sms(&text, None);
            assert!(cost(&sms) <= SEPTETS && cost(&sms) > SEPTETS - 3 && sms.ends_with("..."), "{sms}");
        }
        assert_eq!(sms(&"a".repeat(160), None), "a".repeat(160));
        let link = "https://ops.example.com/ack/ABC_DEF";
        let with = sms(&"a".repeat(300), Some(link));
        assert!(with.ends_with(&format!("aaa... {link}")) && with.len() == SEPTETS, "{with}");
        assert_eq!(sms("down", Some(link)), format!("down {link}"));
        assert_eq!(sms("down", Some(&"a".repeat(101))), "down", "a text without a link says more than half a link");
        assert_eq!(spoken("a<b>&"), "<Response><Say loop=\"2\">a&lt;b&gt;&amp;</Say></Response>");
    }
}
