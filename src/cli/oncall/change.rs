//! Taking a shift, having others stand in, and ending that.

use chrono::{DateTime, TimeDelta, Utc};

use super::now::OverrideLine;
use super::{OverrideArguments, TakeArguments, contacts, layer};
use crate::cli::alerts::{StoredAlerts, put};
use crate::cli::output::{self, exit};
use crate::cli::span::{self, Refusal, Skipped, beginning, refused};
use crate::cli::{Global, run_service};
use crate::config::Config;
use crate::lang::schedule::MomentSchedule;
use crate::model::fact::oncall::assignment_id;
use crate::model::fact::{OnCallAssigned, OnCallEnded, OnCallStatement, Statement, login_of};
use crate::model::maintenance::clock_with_zone;
use crate::runtime::identity::Identity;
use crate::runtime::runs::RunService;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::duty::DutyPlan;

/// How far a moment may lie back and still pass for now.
const NOW: TimeDelta = TimeDelta::minutes(1);

/// What is asked for.
pub(super) enum Asked<'a> {
    Take(&'a TakeArguments),
    Override(&'a OverrideArguments),
    End(&'a str),
    Confirm(&'a str),
}

/// Puts it on record.
pub(super) async fn make(asked: Asked<'_>, json: bool, config: &Config, global: &Global) -> u8 {
    let login = Identity::present().who;
    let by = (login_of(&login), global.clock.now().utc);
    let unknown = statement(&asked, &DutyPlan::new(config, [], []), config, by, Skipped::Say).err();
    run_service::changing_known(global, unknown, async |run_service| make_at(run_service, &asked, json, config).await)
        .await
}

async fn make_at(run_service: &RunService, asked: &Asked<'_>, json: bool, config: &Config) -> u8 {
    let plan = match StoredAlerts::read(run_service).await {
        Ok(stored) => stored.duty(config),
        Err(error) => return run_service::broken(&error),
    };
    let (now, identity) = (run_service.now(), run_service.identity());
    let login = login_of(&identity.who);
    // It was read before the store was opened.
    let said = match statement(asked, &plan, config, (login, now), Skipped::Said) {
        Ok(said) => said,
        Err((problem, hint)) => return output::fail(exit::USAGE, &problem, &hint),
    };
    if let Err(code) = put(run_service, now, vec![Statement::OnCall(said.clone())]).await {
        return code;
    }
    if !json {
        return output::print(&describe(&said, config, now));
    }
    match StoredAlerts::read(run_service).await {
        Ok(stored) if matches!(said, OnCallStatement::Verified(_)) => {
            let lines = contacts::lines(&stored.duty(config), config, now);
            output::print_as_json("the contacts", &lines)
        }
        Ok(stored) => {
            let (plan, id) = (stored.duty(config), said.key().id);
            let lines: Vec<OverrideLine> = plan.assignment(&id).into_iter().map(OverrideLine::from).collect();
            output::print_as_json("the overrides", &lines)
        }
        Err(error) => run_service::broken(&error),
    }
}

/// What is put on record, by what is there.
fn statement(
    asked: &Asked<'_>,
    plan: &DutyPlan,
    config: &Config,
    (login, now): (&str, DateTime<Utc>),
    skipped: Skipped,
) -> Result<OnCallStatement, Refusal> {
    match asked {
        Asked::Take(asked) => taken(asked, plan, config, (login, now)).map(OnCallStatement::Assigned),
        Asked::Override(asked) => assigned(asked, plan, config, (now, skipped)).map(OnCallStatement::Assigned),
        Asked::End(id) => ended(id, plan, now).map(OnCallStatement::Ended),
        Asked::Confirm(code) => contacts::confirmed(code, plan, config, (login, now)).map(OnCallStatement::Verified),
    }
}

fn describe(said: &OnCallStatement, config: &Config, now: DateTime<Utc>) -> String {
    let clock = |at: DateTime<Utc>| clock_with_zone(at, now, config.console.timezone);
    match said {
        OnCallStatement::Assigned(said) => {
            let (who, layer, until) = (said.people.join(", "), &said.layer, clock(said.until));
            let from = if said.from <= now { String::new() } else { format!(" from {}", clock(said.from)) };
            format!("{who} on call ({layer}){from} until {until}, id {}\n", said.id)
        }
        OnCallStatement::Verified(said) => {
            format!("test page confirmed: {} can be reached by {}\n", said.contact, said.channel)
        }
        said => format!("override {} ended\n", said.key().id),
    }
}

/// The contact of that name.
fn contact(config: &Config, name: &str) -> Result<Name, Refusal> {
    config.contact_named(name).map(|contact| contact.id.clone())
}

fn reason(why: Option<&String>) -> Option<SafeText> {
    why.map(|why| SafeText::new(why.trim())).filter(|why| !why.as_str().is_empty())
}

fn taken(
    asked: &TakeArguments,
    plan: &DutyPlan,
    config: &Config,
    (login, now): (&str, DateTime<Utc>),
) -> Result<OnCallAssigned, Refusal> {
    let who = match &asked.who {
        Some(name) => contact(config, name)?,
        None => {
            if let Some(contact) = config.contact_of(login) {
                contact.id.clone()
            } else {
                let hint = format!("use --as CONTACT, or add login = \"{login}\" to your [contact.NAME]");
                return refused(format!("no contact has the login name `{login}`"), hint);
            }
        }
    };
    let rotation = layer(plan, &asked.layer)?;
    // Who takes a shift that is offered already takes no more than that.
    let shift = plan.shift(&asked.layer, now).map_or_else(|| rotation.shift(now), |(shift, _)| shift);
    if shift.who == who && asked.span.is_none() {
        return refused(format!("`{who}` is on call already"), "see `opsroom oncall`");
    }
    let until = match (asked.span, shift.until) {
        (Some(span), _) => span::end_after(now, "--for", span)?,
        (None, Some(until)) => until,
        (None, None) => return refused("this shift never ends", "add --for DURATION"),
    };
    let (layer, why) = (Name::from(asked.layer.as_str()), reason(asked.why.as_ref()));
    let (id, people) = (assignment_id(now), vec![who]);
    Ok(OnCallAssigned { id, layer, people, handover: None, from: now, until, why, taken: true })
}

fn assigned(
    asked: &OverrideArguments,
    plan: &DutyPlan,
    config: &Config,
    (now, skipped): (DateTime<Utc>, Skipped),
) -> Result<OnCallAssigned, Refusal> {
    let rotation = layer(plan, &asked.layer)?;
    let people = asked.people.iter().map(|name| contact(config, name)).collect::<Result<Vec<Name>, Refusal>>()?;
    let zone = rotation.zone();
    let from = asked.from.as_deref().map(|text| beginning("--from", text, now, zone, skipped));
    let from = from.transpose()?.unwrap_or(now);
    if from < now - NOW {
        let problem = format!("--from lies in the past: {}", clock_with_zone(from, now, zone));
        return refused(problem, "omit --from to begin now");
    }
    let until = asked.end.after(from, zone, skipped)?;
    let handover = match (&asked.handover, people.len()) {
        (Some(_), 1) => return refused("--handover is of use for several contacts only", "name several, or omit it"),
        (Some(text), _) => {
            let read = MomentSchedule::parse(text);
            let read = read.map_err(|error| (format!("--handover: {error}"), error.hint))?;
            Some(read.written().to_owned())
        }
        (None, 1) => None,
        (None, _) => Some(rotation.handover().written().to_owned()),
    };
    let (layer, why) = (Name::from(asked.layer.as_str()), reason(asked.why.as_ref()));
    Ok(OnCallAssigned { id: assignment_id(now), layer, people, handover, from, until, why, taken: false })
}

fn ended(id: &str, plan: &DutyPlan, now: DateTime<Utc>) -> Result<OnCallEnded, Refusal> {
    if let Some(record) = plan.standing(now).find(|record| *record.said.id == *id) {
        Ok(OnCallEnded { id: record.said.id.clone(), layer: record.said.layer.clone() })
    } else {
        let known: Vec<&str> = plan.standing(now).map(|record| &*record.said.id).collect();
        let hint = if known.is_empty() {
            "no override is in effect or planned; those of the configuration are changed there".to_owned()
        } else {
            format!("what can be ended: {}", known.join(", "))
        };
        refused(format!("no on-call override with id `{id}`"), hint)
    }
}
