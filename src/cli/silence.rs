//! `opsroom silence` and `opsroom unsilence`: what mutes alerts for some time, and what ends that.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;

use super::alerts::{StoredAlerts, duration, say};
use super::output::{self, exit};
use super::span::{Refusal, end_after};
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::config::titles::name_of_firing;
use crate::lang::tz::Tz;
use crate::model::alert::Severity;
use crate::model::fact::alerting::silence_id;
use crate::model::fact::{SilenceEnd, SilenceEnded, SilenceStarted, Statement};
use crate::model::silence::{FORMS, SilenceMatch, SilencePreview};
use crate::runtime::runs::RunService;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::history::clock;

/// Arguments of `opsroom silence`.
#[derive(Debug, Args)]
pub(crate) struct SilenceArguments {
    /// An alert (api, api:critical), slo:NAME, service:NAME, severity:NAME, text:WORDS, or *
    #[arg(value_name = "MATCH")]
    matching: String,
    /// Why these alerts are silenced
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// For how long
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    span: Duration,
    /// Keep it until then, even after the alerts it matches have been quiet for `quiet_ends_silence` (1h)
    #[arg(long)]
    hold: bool,
}

/// Arguments of `opsroom unsilence`.
#[derive(Debug, Args)]
pub(crate) struct UnsilenceArguments {
    /// The id of the silence
    id: String,
}

/// Silences alerts.
pub(crate) fn silence(arguments: &SilenceArguments, global: &Global) -> u8 {
    if arguments.why.trim().is_empty() {
        return output::fail(exit::USAGE, "--why is empty", "say why these alerts are silenced");
    }
    let config = match configuration::refuse_if_read_only(global, "nothing can be silenced here") {
        Ok(config) => config,
        Err(code) => return code,
    };
    let named =
        |word: &str| config.as_ref().map_or_else(|| Severity::named(word), |config| config.severity_named(word));
    let matching = match SilenceMatch::parse(&arguments.matching, named) {
        Ok(matching) => matching,
        Err(problem) => return output::fail(exit::USAGE, &problem, &format!("use {FORMS}")),
    };
    output::carry_out(start(arguments, &matching, config.as_ref(), global))
}

async fn start(arguments: &SilenceArguments, matching: &SilenceMatch, config: Option<&Config>, global: &Global) -> u8 {
    let until = match end_after(global.clock.now().utc, "--for", arguments.span) {
        Ok(until) => until,
        Err((problem, hint)) => return output::fail(exit::USAGE, &problem, &hint),
    };
    let unknown = config.and_then(|config| config.unknown_name(matching, std::iter::empty()));
    let unknown = unknown.map(|unknown| (unknown.problem, unknown.hint));
    let work = async |run_service: &RunService| start_at(run_service, arguments, (matching, until), config).await;
    run_service::changing_known(global, unknown, work).await
}

async fn start_at(
    run_service: &RunService,
    arguments: &SilenceArguments,
    (matching, until): (&SilenceMatch, DateTime<Utc>),
    config: Option<&Config>,
) -> u8 {
    let now = run_service.now();
    let stored = match StoredAlerts::read(run_service).await {
        Ok(stored) => stored,
        Err(error) => return run_service::broken(&error),
    };
    if let Some(unknown) = config.and_then(|config| config.unknown_name(matching, stored.records.iter())) {
        return output::fail(exit::USAGE, &unknown.problem, &unknown.hint);
    }
    let preview = SilencePreview::new(matching, stored.records.iter(), now);
    let said = SilenceStarted {
        id: silence_id(now),
        matching: matching.written(),
        why: SafeText::new(arguments.why.trim()),
        until,
        hold: arguments.hold,
    };
    let none = Config::default();
    let named = |subject, name| name_of_firing(config.unwrap_or(&none), subject, name);
    let mut text = format!("{}\n{}\n", preview.now_in_words(named), preview.past_in_words(named));
    let until = clock(said.until, now, Tz::UTC);
    let _ = writeln!(text, "silenced {} until {until}, id {}", said.matching, said.id);
    say(run_service, now, vec![Statement::SilenceStarted(said)], &text).await
}

/// Ends a silence.
pub(crate) fn unsilence(arguments: &UnsilenceArguments, global: &Global) -> u8 {
    if let Err(code) = configuration::refuse_if_read_only(global, "no silence can be ended here") {
        return code;
    }
    output::carry_out(end(arguments, global))
}

async fn end(arguments: &UnsilenceArguments, global: &Global) -> u8 {
    let unknown = Some(no_silence(&arguments.id, &[]));
    run_service::changing_known(global, unknown, async |run_service| end_at(run_service, arguments).await).await
}

async fn end_at(run_service: &RunService, arguments: &UnsilenceArguments) -> u8 {
    let now = run_service.now();
    let stored = match StoredAlerts::read(run_service).await {
        Ok(stored) => stored,
        Err(error) => return run_service::broken(&error),
    };
    let active: Vec<_> = stored.silences.iter().filter(|silence| silence.is_active(now)).collect();
    let Some(silence) = active.iter().find(|silence| *silence.id == *arguments.id) else {
        let known: Vec<&Name> = active.iter().map(|silence| &silence.id).collect();
        let (problem, hint) = no_silence(&arguments.id, &known);
        return output::fail(exit::USAGE, &problem, &hint);
    };
    let (id, matching) = (silence.id.clone(), silence.matching.clone());
    let text = format!("silence of {matching} ended\n");
    let said = SilenceEnded { id, matching, because: SilenceEnd::Person };
    say(run_service, now, vec![Statement::SilenceEnded(said)], &text).await
}

fn no_silence(id: &str, active: &[&Name]) -> Refusal {
    let known: Vec<&str> = active.iter().map(|id| &***id).collect();
    let hint = if known.is_empty() {
        "no silence is active".to_owned()
    } else {
        format!("active silences: {}", known.join(", "))
    };
    (format!("no silence with id `{id}` is active"), hint)
}
