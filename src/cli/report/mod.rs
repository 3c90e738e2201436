//! `opsroom report`: what a day, a week or a month was like, by the store.

mod logs;
pub(super) mod stored;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, ValueEnum};

use super::alerts::StoredAlerts;
use super::output::{self, exit};
use super::{Global, configuration, run_service};
use crate::actions::files;
use crate::config::Config;
use crate::model::baseline::{BaselineRecord, SeriesBaseline};
use crate::model::thing::ExclusionRecord;
use crate::report::baseline::{AgainstBaseline, figures};
use crate::report::period::{Period, ReportKind};
use crate::report::periodic::{PeriodReport, PeriodVerdict, ReportBuilder, ReportFacts, ReportScope};
use crate::runtime::runs::RunService;
use crate::store::StoreError;
use crate::text::{printable_json, printable_lines};
use crate::world::maintenance::MaintenancePlan;

/// Which report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// A day
    Daily,
    /// A week, Monday to Sunday
    Weekly,
    /// A month
    Monthly,
}

impl From<Which> for ReportKind {
    fn from(which: Which) -> Self {
        match which {
            Which::Daily => Self::Daily,
            Which::Weekly => Self::Weekly,
            Which::Monthly => Self::Monthly,
        }
    }
}

/// Arguments of `opsroom report`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Which report
    #[arg(value_enum, value_name = "daily|weekly|monthly")]
    which: Which,
    /// Report the day, week or month that contains this date: 2026-11-02. Default: the last complete one
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    /// Compare with this baseline. Default: the one saved last
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// Do not read the logs for errors
    #[arg(long)]
    no_logs: bool,
    /// Print JSON instead of Markdown
    #[arg(long)]
    json: bool,
    /// Write into this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Prints the report.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let config = match configuration::find(global) {
        Ok(found) => found.config,
        Err(code) => return code,
    };
    let now = global.clock.now().utc;
    let period = match period(arguments, &config, now) {
        Ok(period) => period,
        Err(code) => return code,
    };
    output::carry_out(write(arguments, global, &config, (period, now)))
}

/// The period that is asked for.
fn period(arguments: &Arguments, config: &Config, now: DateTime<Utc>) -> Result<Period, u8> {
    let (kind, zone) = (ReportKind::from(arguments.which), config.console.timezone);
    let Some(at) = &arguments.at else {
        let last = Period::last_complete(kind, now, zone);
        return last.ok_or_else(|| output::fail(exit::USAGE, "the clock shows no valid date", "set the clock"));
    };
    let day = NaiveDate::parse_from_str(at, "%Y-%m-%d").ok();
    let period = day.and_then(|day| Period::containing(kind, day, zone)).filter(|period| period.before().is_some());
    let Some(period) = period else {
        return Err(output::fail(exit::USAGE, &format!("`{at}` is not a valid date"), "write it as 2026-11-02"));
    };
    if period.from() > now {
        let hint = "write a day that has begun, or leave out --at for the last complete one";
        return Err(output::fail(exit::USAGE, &format!("`{at}` is in the future"), hint));
    }
    Ok(period)
}

async fn write(
    arguments: &Arguments,
    global: &Global,
    config: &Arc<Config>,
    (period, now): (Period, DateTime<Utc>),
) -> u8 {
    let run_service = match run_service::look_at_one(global).await {
        Ok(run_service) => run_service,
        Err(code) => return code,
    };
    let code = match report(arguments, global, config, (&run_service, period, now)).await {
        Ok(report) => print(arguments, &report),
        Err(Failure::Store(error)) => run_service::broken(&error),
        Err(Failure::Said(code)) => code,
    };
    run_service::close_read(&run_service, code).await
}

/// Why there is no report.
enum Failure {
    Store(StoreError),
    /// It was said already.
    Said(u8),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

async fn report(
    arguments: &Arguments,
    global: &Global,
    config: &Arc<Config>,
    (run_service, period, now): (&RunService, Period, DateTime<Utc>),
) -> Result<PeriodReport, Failure> {
    let baseline = baseline(arguments, run_service).await?;
    let alerts = StoredAlerts::read(run_service).await?;
    let plan = alerts.maintenance_plan(config);
    let facts = stored::facts(run_service.store(), &period).await?;
    let (builder, figures) =
        built(run_service, (config, &plan, &alerts.exclusions), (period, now), &facts, baseline.is_some()).await?;
    let errors = match (arguments.no_logs, period.before()) {
        (false, Some(before)) => logs::errors(global, config, (period, before, now)).await,
        _ => None,
    };
    let against = baseline.map(|record| AgainstBaseline::new(config, &record, &figures));
    let report = builder.finish((&facts, &alerts.duty(config)), errors, against);
    Ok(if run_service.store().is_partial() { report.without_some_readings() } else { report })
}

/// Reads all series; again, where somebody has packed meanwhile.
async fn built<'a>(
    run_service: &RunService,
    (config, plan, exclusions): (&'a Config, &'a MaintenancePlan, &'a [ExclusionRecord]),
    (period, now): (Period, DateTime<Utc>),
    facts: &ReportFacts,
    with_baseline: bool,
) -> Result<(ReportBuilder<'a>, Vec<SeriesBaseline>), Failure> {
    let mut tries = stored::TRIES;
    loop {
        let scope = ReportScope::new(config, (plan, exclusions), period, now).ok_or(Failure::Said(exit::USAGE))?;
        let [_, from, until] = scope.edges();
        let edges = scope.edges();
        let mut builder = ReportBuilder::new(scope, facts);
        let wanted = builder.wanted();
        let mut found = Vec::new();
        let is_whole = stored::each(run_service.store(), (&edges, until), &wanted, |series, spans| {
            builder.take_in(series, spans);
            if with_baseline {
                let of_period: Vec<_> = spans.iter().filter(|span| span.begin >= from).cloned().collect();
                found.extend(figures(series, &of_period));
            }
        })
        .await?;
        tries -= 1;
        if is_whole || tries == 0 {
            return Ok((builder, found));
        }
    }
}

/// The baseline to compare with: that of the name, else the last one.
async fn baseline(arguments: &Arguments, run_service: &RunService) -> Result<Option<BaselineRecord>, Failure> {
    let known = run_service.store().baselines().await?;
    let Some(name) = &arguments.baseline else { return Ok(known.into_iter().next()) };
    super::baseline::named(name, known).map(Some).map_err(Failure::Said)
}

fn print(arguments: &Arguments, report: &PeriodReport) -> u8 {
    let text = if arguments.json { report.json() } else { Ok(report.markdown()) };
    let text = match text {
        Ok(text) => text,
        Err(error) => return output::fail(exit::SOFTWARE, &format!("can't write the report as JSON: {error}"), ""),
    };
    let written = match (&arguments.out, arguments.json) {
        (Some(path), is_json) => to_file(path, &text, is_json),
        (None, true) => output::print_json(&text),
        (None, false) => output::print(&text),
    };
    let known = if report.verdict == PeriodVerdict::NoData { exit::UNKNOWN } else { exit::OK };
    written.max(known)
}

/// Writes into a file beside it, which then takes its place: nobody reads half a report.
fn to_file(path: &Path, text: &str, is_json: bool) -> u8 {
    let safe = if is_json { printable_json(text) } else { printable_lines(text, false) };
    match files::write_whole(path, safe.as_bytes()) {
        Ok(()) => exit::OK,
        Err(error) => {
            let problem = format!("can't write {}: {error}", path.display());
            output::fail(exit::SOFTWARE, &problem, "use a file in a directory that you can write to")
        }
    }
}
