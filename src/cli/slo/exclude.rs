//! `opsroom slo exclude` and `opsroom slo include`: spans that do not count against an objective.

use chrono::{DateTime, Utc};
use clap::Args;

use crate::cli::alerts::{StoredAlerts, say};
use crate::cli::output::{self, exit};
use crate::cli::span::{EndArguments, Refusal, Skipped, moment};
use crate::cli::{Global, configuration, run_service};
use crate::config::Config;
use crate::config::sections::slo::Slo;
use crate::lang::nearest::{hint_of, listed};
use crate::lang::unit;
use crate::model::alert::times::SpanBounds;
use crate::model::fact::exclusion::exclusion_id;
use crate::model::fact::{SloExcluded, SloIncluded, Statement};
use crate::model::maintenance::{clock_with_zone, from_to};
use crate::model::thing::ExclusionRecord;
use crate::runtime::runs::RunService;
use crate::text::SafeText;

#[derive(Debug, Args)]
pub(super) struct ExcludeArguments {
    /// The SLO
    #[arg(value_name = "NAME")]
    slo: String,
    /// The first moment that does not count, 2026-03-02T09:00, by the console's clocks or with Z
    #[arg(long, value_name = "TIME")]
    from: String,
    #[command(flatten)]
    end: EndArguments,
    /// Why it does not count
    #[arg(long, value_name = "TEXT")]
    why: String,
}

#[derive(Debug, Args)]
pub(super) struct IncludeArguments {
    /// The id of the exclusion
    id: String,
}

/// Excludes a span from an objective.
pub(super) fn exclude(arguments: &ExcludeArguments, global: &Global) -> u8 {
    let config = match configuration::refuse_if_read_only(global, "nothing can be excluded here") {
        Ok(config) => config.unwrap_or_default(),
        Err(code) => return code,
    };
    match excluded(arguments, &config, global.clock.now().utc) {
        Ok(said) => output::carry_out(put_exclusion(said, &config, global)),
        Err((problem, hint)) => output::fail(exit::USAGE, &problem, &hint),
    }
}

/// What is said by the command line.
fn excluded(arguments: &ExcludeArguments, config: &Config, now: DateTime<Utc>) -> Result<SloExcluded, Refusal> {
    if arguments.why.trim().is_empty() {
        return Err(("--why is empty".to_owned(), "say why that time does not count".to_owned()));
    }
    let slo = named(&arguments.slo, config)?;
    let zone = config.console.timezone;
    let from = moment("--from", &arguments.from, zone, Skipped::Say)?;
    let until = arguments.end.after(from, zone, Skipped::Say)?;
    let ahead = (until - now).to_std().unwrap_or_default();
    if SpanBounds::MUTED.is_exceeded_by(ahead) {
        let problem = format!("the end lies too far ahead: {}", clock_with_zone(until, now, zone));
        return Err((problem, format!("end within {}", SpanBounds::MUTED.longest())));
    }
    if (now - until).to_std().is_ok_and(|ago| ago >= slo.window) {
        let problem = format!("that time is outside the window of the SLO, {}", unit::duration(slo.window));
        return Err((problem, "nothing needs to be excluded".to_owned()));
    }
    let why = SafeText::new(arguments.why.trim());
    Ok(SloExcluded { id: exclusion_id(now), slo: slo.name.clone(), from, until, why })
}

/// The objective of that name.
fn named<'a>(name: &str, config: &'a Config) -> Result<&'a Slo, Refusal> {
    let known = || config.slos.iter().map(|slo| &*slo.name);
    config
        .slos
        .iter()
        .find(|slo| *slo.name == *name)
        .ok_or_else(|| (format!("no SLO named `{name}`"), hint_of(name, known())))
}

async fn put_exclusion(said: SloExcluded, config: &Config, global: &Global) -> u8 {
    run_service::changing(global, async |run_service| {
        let (now, zone) = (run_service.now(), config.console.timezone);
        let span = from_to((said.from, said.until), now, zone);
        let text = format!("excluded {span} from SLO {}, id {}\n", said.slo, said.id);
        say(run_service, now, vec![Statement::SloExcluded(said)], &text).await
    })
    .await
}

/// Takes an exclusion back.
pub(super) fn include(arguments: &IncludeArguments, global: &Global) -> u8 {
    if let Err(code) = configuration::refuse_if_read_only(global, "no exclusion can be taken back here") {
        return code;
    }
    output::carry_out(end(arguments, global))
}

async fn end(arguments: &IncludeArguments, global: &Global) -> u8 {
    let absent = Some(unknown(&arguments.id, &[]));
    run_service::changing_known(global, absent, async |run_service| end_at(run_service, arguments).await).await
}

async fn end_at(run_service: &RunService, arguments: &IncludeArguments) -> u8 {
    let known = match StoredAlerts::read(run_service).await {
        Ok(stored) => stored.exclusions,
        Err(error) => return run_service::broken(&error),
    };
    let Some(ExclusionRecord { id, slo, .. }) = known.iter().find(|record| *record.id == *arguments.id) else {
        let (problem, hint) = unknown(&arguments.id, &known);
        return output::fail(exit::USAGE, &problem, &hint);
    };
    let text = format!("exclusion {id} taken back: that time counts against SLO {slo} again\n");
    let said = SloIncluded { id: id.clone(), slo: slo.clone() };
    say(run_service, run_service.now(), vec![Statement::SloIncluded(said)], &text).await
}

fn unknown(id: &str, known: &[ExclusionRecord]) -> Refusal {
    let hint = if known.is_empty() {
        "nothing is excluded".to_owned()
    } else {
        format!("known: {}", listed(known.iter().map(|record| &*record.id)))
    };
    (format!("no exclusion with id `{id}`"), hint)
}
