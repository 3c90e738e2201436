//! What an incident asks of people: status updates, and who does what.

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use super::chosen::{Chosen, Meant, person, say_of, text};
use crate::cli::Global;
use crate::cli::span::Refusal;
use crate::lang::nearest::hint_of;
use crate::lang::schedule::LocalMoment;
use crate::lang::unit;
use crate::model::fact::incident::{IncidentRoleSaid, IncidentUpdated};
use crate::model::fact::{IncidentFact, login_of};
use crate::model::incident::{IncidentRole, RoleStep};
use crate::model::maintenance::clock_with_zone;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::incidents::words;

#[derive(Debug, Args)]
pub(super) struct UpdateArguments {
    /// The status, in a sentence
    #[arg(value_name = "STATUS")]
    status: String,
    /// What users notice
    #[arg(long, value_name = "TEXT")]
    impact: Option<String>,
    /// What is being done
    #[arg(long, value_name = "TEXT")]
    doing: Option<String>,
    /// When the next update is due: 30m, or 2026-03-02T03:30. Default: as set for the severity
    #[arg(long, value_name = "TIME")]
    next: Option<String>,
    /// What users can do until it is fixed
    #[arg(long, value_name = "TEXT")]
    workaround: Option<String>,
    /// Also show it on the public status page
    #[arg(long)]
    public: bool,
    /// Send it by these channels; separate several with commas. Default: those of the severity
    #[arg(long, value_name = "CHANNEL", value_delimiter = ',', conflicts_with = "quiet")]
    notify: Vec<String>,
    /// Do not send it by any channel
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "options that exclude each other, as a person writes them")]
pub(super) struct RoleArguments {
    /// lead, ops, comms, scribe or deputy
    #[arg(value_name = "ROLE")]
    role: String,
    /// Offer it to somebody, by their login name or contact; it passes to them once they accept
    #[arg(long, value_name = "WHO")]
    to: Option<String>,
    /// Accept what was offered to you
    #[arg(long, conflicts_with = "to")]
    accept: bool,
    /// Decline what was offered to you
    #[arg(long, conflicts_with_all = ["to", "accept"])]
    decline: bool,
    /// Give it up
    #[arg(long, conflicts_with_all = ["to", "accept", "decline"])]
    release: bool,
    /// Take it from its holder without waiting for them
    #[arg(long, conflicts_with_all = ["to", "accept", "decline", "release"])]
    take: bool,
}

/// Gives a status update.
pub(super) fn update(arguments: &UpdateArguments, id: Option<&str>, global: &Global) -> u8 {
    say_of(global, id, Meant::Open, |chosen| {
        let field =
            |option: &str, written: &Option<String>| written.as_ref().map(|written| text(option, written)).transpose();
        let next_at = next(arguments.next.as_deref(), chosen)?;
        let notify = channels(arguments, chosen)?;
        let sent = if notify.is_empty() { String::new() } else { format!(", to be sent by {}", notify.join(", ")) };
        let next = clock_with_zone(next_at, chosen.now, chosen.config.console.timezone);
        let updated = IncidentUpdated {
            status: text("STATUS", &arguments.status)?,
            impact: field("--impact", &arguments.impact)?,
            doing: field("--doing", &arguments.doing)?,
            next_at,
            workaround: field("--workaround", &arguments.workaround)?,
            is_public: arguments.public,
            notify,
        };
        Ok((vec![IncidentFact::Updated(updated)], format!("update given{sent}; the next one is due at {next}")))
    })
}

/// When the next one comes.
fn next(written: Option<&str>, chosen: &Chosen) -> Result<DateTime<Utc>, Refusal> {
    let now = chosen.now;
    let Some(written) = written else {
        let every = i64::try_from(chosen.record.targets.update_s).unwrap_or(i64::MAX);
        return Ok(now + TimeDelta::try_seconds(every).unwrap_or(TimeDelta::minutes(30)));
    };
    let at = if let Ok(span) = unit::parse_duration(written) {
        now.checked_add_signed(TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX))
    } else {
        let moment = LocalMoment::parse(written)
            .map_err(|error| (format!("--next: {error}"), format!("use 30m, or {}", error.hint)))?;
        Some(moment.at(chosen.config.console.timezone))
    };
    let at = at.filter(|at| *at - now <= TimeDelta::days(30));
    let hint = "use 30m, or a time within 30 days".to_owned();
    let at = at.ok_or_else(|| ("--next lies too far ahead".to_owned(), hint.clone()))?;
    if at <= now {
        return Err(("--next does not lie in the future".to_owned(), hint));
    }
    Ok(at)
}

/// The channels by which it is sent.
fn channels(arguments: &UpdateArguments, chosen: &Chosen) -> Result<Vec<Name>, Refusal> {
    let named = chosen.config.channels_named(&arguments.notify)?;
    if arguments.quiet || !named.is_empty() {
        return Ok(named);
    }
    let rule = chosen.config.severities.iter().find(|rule| rule.severity == chosen.record.severity);
    Ok(rule.map_or_else(Vec::new, |rule| rule.notify.clone()))
}

/// Has a role change hands.
pub(super) fn role(arguments: &RoleArguments, id: Option<&str>, global: &Global) -> u8 {
    say_of(global, id, Meant::Open, |chosen| {
        let Some(role) = IncidentRole::named(&arguments.role) else {
            let words = IncidentRole::ALL.into_iter().map(IncidentRole::word);
            return Err((format!("no role named `{}`", arguments.role), hint_of(&arguments.role, words)));
        };
        let login = login_of(&chosen.run_service.identity().who);
        let me = SafeText::new(login);
        let (who, step) = match &arguments.to {
            // Who accepts it says so by their login name.
            Some(to) => {
                let named = person("--to", to, &chosen.config)?;
                (SafeText::new(chosen.config.login_meant(named.as_str())), RoleStep::Offered)
            }
            None if arguments.accept => (me, RoleStep::Accepted),
            None if arguments.decline => (me, RoleStep::Declined),
            None if arguments.release => (me, RoleStep::Released),
            None => (me, RoleStep::Taken),
        };
        let is_other = |holder: &&SafeText| !chosen.config.is_same_person(holder.as_str(), who.as_str());
        let other = chosen.record.holder(role).filter(|_| step == RoleStep::Taken).filter(is_other);
        if let Some(holder) = other.filter(|_| !arguments.take) {
            let hint = "ask them to offer it (--to), or take it with --take".to_owned();
            return Err((format!("{holder} has the role {}", role.word()), hint));
        }
        let named = arguments.to.as_deref().map(str::trim).filter(|to| *to != who.as_str());
        let beside = match (other, named) {
            (Some(holder), _) => format!(" from {holder}"),
            (None, Some(contact)) => format!(", the login name of {contact}"),
            (None, None) => String::new(),
        };
        let done = words::role(role, &who, step) + &beside;
        Ok((vec![IncidentFact::Role(IncidentRoleSaid { role, who, step })], done))
    })
}
