//! `opsroom alerts route`: who would be notified of an alert.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::TimeDelta;
use clap::Args;
use serde::Serialize;

use super::StoredAlerts;
use crate::cli::output::{self, exit};
use crate::cli::{Global, configuration, run_service};
use crate::config::Config;
use crate::config::sections::contact::Contact;
use crate::config::sections::notify::Channel;
use crate::config::sections::test::OF_SLO;
use crate::lang::nearest::hint_of;
use crate::lang::time::rfc3339;
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::governor::QuietRule;
use crate::model::message::Recipient;
use crate::text::name::Name;
use crate::world::announcing::routes::Routes;
use crate::world::duty::DutyPlan;

/// Arguments of `opsroom alerts route`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The check, metric or SLO
    #[arg(value_name = "NAME")]
    name: String,
    /// Its severity or your own word for it. Default: all four
    #[arg(value_name = "SEVERITY")]
    severity: Option<String>,
}

/// One target, as JSON has it.
#[derive(Debug, Serialize)]
struct Step {
    severity: Severity,
    channel: Name,
    contact: Option<Name>,
    /// Seconds until it is told, if nobody acknowledges the alert before.
    after_s: u64,
    /// Whether each of those who are told with it must acknowledge.
    all: bool,
    /// Until when quiet hours or a digest would hold it back.
    held_until: Option<String>,
}

pub(super) fn run(arguments: &Arguments, json: bool, global: &Global) -> u8 {
    let config = match configuration::find(global) {
        Ok(found) => found.config,
        Err(code) => return code,
    };
    let names = config.alert_names();
    let of_slo = arguments.name.strip_prefix(OF_SLO);
    let is_slo = of_slo.is_some_and(|name| config.slos.iter().any(|slo| *slo.name == *name));
    if !is_slo && !names.clone().any(|name| name == arguments.name) {
        let hint = hint_of(&arguments.name, names);
        let problem = format!("no check, metric or SLO named `{}`", arguments.name);
        return output::fail(exit::USAGE, &problem, &hint);
    }
    let severities = match &arguments.severity {
        None => Severity::WORST_FIRST.to_vec(),
        Some(word) => {
            let Some(severity) = config.severity_named(word) else {
                let problem = format!("`{word}` is not a severity");
                return output::fail(exit::USAGE, &problem, "use critical, high, medium, low or one of your aliases");
            };
            vec![severity]
        }
    };
    output::carry_out(print(severities, json, &config, global))
}

async fn print(severities: Vec<Severity>, json: bool, config: &Config, global: &Global) -> u8 {
    let severities = &severities;
    let show = |duty: &DutyPlan| {
        let each = severities.iter().flat_map(|severity| steps(config, duty, *severity, global));
        let steps: Vec<Step> = each.collect();
        if json {
            return output::print_as_json("the routes", &steps);
        }
        let others = severities.iter().flat_map(|severity| others(config, *severity, &steps));
        output::print(&others.fold(table(&steps), |text, line| text + &line))
    };
    let run_service = match run_service::look(global, true).await {
        Ok(Some(run_service)) => run_service,
        // Where there is no store, by the configuration alone.
        Ok(None) => return show(&DutyPlan::new(config, [], [])),
        Err(code) => return code,
    };
    let code = match StoredAlerts::read(&run_service).await {
        Ok(stored) => show(&stored.duty(config)),
        Err(error) => run_service::broken(&error),
    };
    run_service::close_read(&run_service, code).await
}

/// At once, and at each step of the escalation: those who are told then; what is shared is told once.
fn steps(config: &Config, duty: &DutyPlan, severity: Severity, global: &Global) -> Vec<Step> {
    let now = global.clock.now().utc;
    let routes = Routes::by(config, Some(duty), now);
    let escalation = config.oncall.as_ref().map_or(&[][..], |oncall| &oncall.escalation);
    let moments = std::iter::once(None).chain(escalation.iter().map(Some));
    let mut known: Vec<Recipient> = Vec::new();
    let mut steps = Vec::new();
    for step in moments {
        let unanswered = step.and_then(|step| TimeDelta::from_std(step.after).ok());
        for target in routes.of(severity, unanswered) {
            // A step tells its people again, but nobody else.
            if known.contains(&target) && target.contact.is_none() {
                continue;
            }
            let channel = config.channel(&target.channel);
            let held = channel.and_then(|channel| held_until(config, channel, severity, now));
            steps.push(Step {
                severity,
                channel: target.channel.clone(),
                contact: target.contact.clone(),
                after_s: step.map_or(0, |step| step.after.as_secs()),
                all: step.is_some_and(|step| step.all) && target.contact.is_some(),
                held_until: held.map(rfc3339),
            });
            known.push(target);
        }
    }
    steps
}

/// Why the other channels and contacts are not told, a line each.
fn others(config: &Config, severity: Severity, steps: &[Step]) -> Vec<String> {
    let rule = config.severities.iter().find(|rule| rule.severity == severity);
    let named = rule.map_or(&[][..], |rule| &rule.notify);
    let told = |channel: &Channel, contact: &Contact| {
        let of_it = steps.iter().filter(|step| step.severity == severity && step.channel == channel.name);
        of_it.map(|step| &step.contact).any(|told| told.as_ref() == Some(&contact.id))
    };
    let by_severity = match rule {
        Some(_) => format!("`notify` of {} does not name it", severity.word()),
        None => format!("no [severity.{}] is configured", severity.word()),
    };
    let mut lines = Vec::new();
    for channel in &config.channels {
        let mut say = |who: &str, why: &str| {
            lines.push(format!("{:<8}  not {}{who}  {why}\n", severity.word(), channel.name));
        };
        let chosen = config.contacts.iter().any(|contact| contact.notify.contains(&channel.name));
        if !(named.contains(&channel.name) || channel.is_personal() && chosen) {
            say("", &by_severity);
            continue;
        }
        let contacts = config.contacts.iter().filter(|_| channel.is_personal());
        for contact in contacts.filter(|contact| !told(channel, contact)) {
            let lacks = channel.address_of_contacts().filter(|kind| contact.address(*kind).is_none());
            let why = match lacks {
                Some(kind) => format!("has no `{}`", kind.key()),
                None if contact.notify.is_empty() && !named.contains(&channel.name) => by_severity.clone(),
                None if !contact.notify.is_empty() && !contact.notify.contains(&channel.name) => {
                    format!("`notify` of {} does not name it", contact.id)
                }
                None => "not on call, and in no step of the escalation".to_owned(),
            };
            say(&format!(" to {}", contact.id), &why);
        }
    }
    let used: BTreeSet<&Name> = named.iter().collect();
    let unreached =
        escalated(config).filter(|contact| contact.personal_channels(&config.channels, &used).next().is_none());
    lines.extend(unreached.map(|contact| {
        let which = if contact.notify.is_empty() {
            "channel in use".to_owned()
        } else {
            format!("channel in `notify` of {}", contact.id)
        };
        format!("{:<8}  not to {}  no {which} sends to single contacts\n", severity.word(), contact.id)
    }));
    lines
}

/// The contacts whom the escalation names.
fn escalated(config: &Config) -> impl Iterator<Item = &Contact> {
    let steps = config.oncall.iter().flat_map(|oncall| oncall.escalation.iter().map(move |step| (oncall, step)));
    let names: BTreeSet<&Name> =
        steps.flat_map(|(oncall, step)| step.to.iter().flat_map(|name| oncall.meant_by(name))).collect();
    config.contacts.iter().filter(move |contact| names.contains(&contact.id))
}

fn held_until(
    config: &Config,
    channel: &Channel,
    severity: Severity,
    now: chrono::DateTime<chrono::Utc>,
) -> Option<chrono::DateTime<chrono::Utc>> {
    let zone = config.console.timezone;
    let quiet = channel
        .quiet
        .as_ref()
        .and_then(|quiet| QuietRule { when: &quiet.when, above: quiet.above, zone }.hold(severity, now));
    let rule = config.severities.iter().find(|rule| rule.severity == severity);
    let digest = rule.and_then(|rule| rule.digest.as_ref()).and_then(|digest| digest.next(now, zone));
    quiet.max(digest)
}

fn table(steps: &[Step]) -> String {
    if steps.is_empty() {
        return "nobody is notified\n".to_owned();
    }
    let mut text = String::new();
    for step in steps {
        let who = step.contact.as_ref().map_or_else(String::new, |contact| format!(" to {contact}"));
        let when = match step.after_s {
            0 => "at once".to_owned(),
            after => format!("after {} unacknowledged", unit::duration(std::time::Duration::from_secs(after))),
        };
        let held = step.held_until.as_ref().map_or_else(String::new, |at| format!(", held back until {at}"));
        let all = if step.all { ", must acknowledge too" } else { "" };
        let _ = writeln!(text, "{:<8}  {}{who}  {when}{all}{held}", step.severity.word(), step.channel);
    }
    text
}
