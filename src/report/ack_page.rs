//! The page behind a link that acknowledges an alert, as HTML without a script.
//!
//! *Invariant:* what is seen by whoever follows a link changes nothing: only the button does.

use std::fmt::Write as _;

use super::telemetry::ServedPage;
use crate::config::titles::name_of_firing;
use crate::lang::unit::duration;
use crate::model::fact::AlertAcknowledged;
use crate::text::markup::escaped;
use crate::world::World;
use crate::world::history::clock;
use crate::world::links::LinkState;

/// No script, nothing from elsewhere, in no frame, in no index, in no cache, and the address given to nobody.
const HEADERS: &str = "content-security-policy: default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri \
                       'none'; frame-ancestors 'none'\r\nx-robots-tag: noindex, nofollow\r\nreferrer-policy: no-referrer\r\n";

const STYLE: &str = ":root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem \
                     auto;padding:0 1.2rem}h1{font-size:1.3rem;overflow-wrap:anywhere}p{overflow-wrap:anywhere}button{font:\
                     inherit;font-weight:600;width:100%;padding:.9rem;border:1px solid;border-radius:.5rem}";

/// What came of following a link, where that is no page of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkAnswer {
    /// It is acknowledged: `critical api is acknowledged until 14:05`.
    Done(String),
    /// The same, and that waits on disk for a store that is away.
    Queued(String),
    /// It was not put on record; why.
    Failed(String),
    /// It was not signed here.
    Invalid,
    /// Links are followed too often.
    TooMany,
}

impl ServedPage {
    /// What a link leads to.
    pub(crate) fn of_link(state: &LinkState<'_>, world: &World) -> Self {
        let console = &world.config.console.name;
        let time = |at| clock(at, world.now.utc, world.config.console.timezone);
        match state {
            LinkState::Open { alert, by } => {
                let span = duration(world.config.alerting.ack_expires(alert.severity));
                let named = name_of_firing(&world.config, &alert.rule, &alert.alert);
                let title = format!("{} {named}", alert.severity.word().to_uppercase());
                let mut body = String::new();
                for line in [
                    format!("{} ({}), since {}.", alert.value, alert.condition, time(alert.fired_at)),
                    format!("Acknowledging stops reminders and escalation for {span}, in the name of {by}."),
                ] {
                    let _ = write!(body, "<p>{}</p>", escaped(&line));
                }
                body.push_str("<form method=\"post\"><button type=\"submit\">Acknowledge</button></form>");
                page(200, console, &title, &body)
            }
            LinkState::Used => said(410, console, "Already used", "This link has acknowledged its alert before."),
            LinkState::Acknowledged(known) => {
                let until = time(known.until);
                said(200, console, "Acknowledged", &format!("Acknowledged by {} until {until}.", known.by))
            }
            LinkState::Expired => {
                said(410, console, "Expired", "This link is too old; the next reminder has another one.")
            }
            LinkState::Over => said(410, console, "Over", "This alert is not firing any more: nothing to acknowledge."),
            LinkState::Refused => said(404, console, "Not found", "Nothing is acknowledged by links here."),
        }
    }

    /// What came of a link.
    pub(crate) fn of_answer(answer: &LinkAnswer, console: &str) -> Self {
        match answer {
            LinkAnswer::Done(done) => said(200, console, "Acknowledged", &format!("{done}.")),
            LinkAnswer::Queued(done) => {
                let text = format!("{done}. The store is away: it is put on record once it is back.");
                said(200, console, "Acknowledged", &text)
            }
            LinkAnswer::Failed(why) => said(503, console, "Not acknowledged", why),
            LinkAnswer::Invalid => {
                said(404, console, "Not valid", "This link was altered or cut off, or another watcher signed it.")
            }
            LinkAnswer::TooMany => said(429, console, "Too many requests", "Try again in a few seconds."),
        }
    }
}

/// What is said of an alert that was acknowledged just now.
pub(crate) fn acknowledged(said: &AlertAcknowledged, world: &World) -> String {
    let until = clock(said.until, world.now.utc, world.config.console.timezone);
    let named = name_of_firing(&world.config, &said.id, &said.alert);
    format!("{} {named} is acknowledged until {until}", said.severity.word())
}

fn said(status: u16, console: &str, title: &str, text: &str) -> ServedPage {
    page(status, console, title, &format!("<p>{}</p>", escaped(text)))
}

fn page(status: u16, console: &str, title: &str, body: &str) -> ServedPage {
    let (title, console) = (escaped(title), escaped(console));
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>{title} · \
         {console}</title><style>{STYLE}</style></head><body><p>{console}</p><h1>{title}</h1>{body}</body></html>\n"
    );
    ServedPage { status, content_type: "text/html; charset=utf-8", headers: HEADERS, body }
}
