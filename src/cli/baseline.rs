//! `opsroom baseline`: the figures of a span of time kept under a name, and how the last days compare with them.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};

use super::alerts::duration;
use super::output::{self, exit};
use super::report::stored;
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::config::thing::{NAME_HINT, valid_name};
use crate::lang::nearest::{listed, nearest, suggest};
use crate::lang::time::minute_of;
use crate::lang::unit;
use crate::model::baseline::{BaselineRecord, BaselineSaved, SeriesBaseline};
use crate::model::fact::Statement;
use crate::model::rollup::{SeriesKey, WantedSpans};
use crate::report::baseline::{AgainstBaseline, figures};
use crate::runtime::runs::RunService;
use crate::store::{Store, StoreError};
use crate::text::count::counted;

/// The longest span of a baseline, and the shortest.
const SPANS: [Duration; 2] = [Duration::from_hours(1), Duration::from_hours(400 * 24)];

/// Arguments of `opsroom baseline`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<BaselineCommand>,
}

#[derive(Debug, Subcommand)]
enum BaselineCommand {
    /// Show the baselines
    List,
    /// Save the figures of the last days: latency of checks, values of metrics
    Save {
        /// Its name; an existing baseline of that name is replaced
        name: String,
        #[command(flatten)]
        span: SpanArguments,
    },
    /// Compare the last days with a baseline
    Compare {
        /// Its name
        name: String,
        #[command(flatten)]
        span: SpanArguments,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct SpanArguments {
    /// The span, up to the last full hour: 1d, 7d, 30d
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "7d")]
    period: Duration,
}

impl SpanArguments {
    /// The span, in whole hours: what is stored longest.
    fn until(&self, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), u8> {
        let [shortest, longest] = SPANS;
        if !(shortest..=longest).contains(&self.period) {
            let problem = format!("--period: `{}` is not between 1h and 400d", unit::duration(self.period));
            return Err(output::fail(exit::USAGE, &problem, "write 1d, 7d or 30d"));
        }
        let until = DateTime::from_timestamp(now.timestamp().div_euclid(3_600) * 3_600, 0).unwrap_or(now);
        Ok((until - TimeDelta::seconds(self.period.as_secs().cast_signed()), until))
    }
}

/// Shows, saves or compares.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    match &arguments.command {
        None | Some(BaselineCommand::List) => output::carry_out(list(global)),
        Some(BaselineCommand::Save { name, span }) => save(name, span, global),
        Some(BaselineCommand::Compare { name, span, json }) => {
            let config = match configuration::find(global) {
                Ok(found) => found.config,
                Err(code) => return code,
            };
            match span.until(global.clock.now().utc) {
                Ok(span) => output::carry_out(compare(name, (span, *json), &config, global)),
                Err(code) => code,
            }
        }
    }
}

async fn list(global: &Global) -> u8 {
    let run_service = match run_service::look(global, true).await {
        Ok(Some(run_service)) => run_service,
        Ok(None) => return output::print("no baselines saved\n"),
        Err(code) => return code,
    };
    let code = match run_service.store().baselines().await {
        Ok(known) => output::print(&text(&known)),
        Err(error) => run_service::broken(&error),
    };
    run_service::close_read(&run_service, code).await
}

fn text(known: &[BaselineRecord]) -> String {
    if known.is_empty() {
        return "no baselines saved\n".to_owned();
    }
    let width = known.iter().map(|one| one.saved.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for BaselineRecord { by, at, saved } in known {
        let [from, until] = [saved.from, saved.until].map(|at| at.format("%Y-%m-%d %H:%MZ"));
        let series = counted(saved.figures.len(), "series");
        let at = at.format("%Y-%m-%d %H:%M:%SZ");
        let _ = writeln!(text, "{:width$}  {from} to {until}  {series}  saved {at} by {by}", saved.name);
    }
    text
}

/// The baseline of that name.
///
/// # Errors
/// The exit code; that there is none was said.
pub(crate) fn named(name: &str, known: Vec<BaselineRecord>) -> Result<BaselineRecord, u8> {
    let names: Vec<String> = known.iter().map(|one| one.saved.name.to_string()).collect();
    known.into_iter().find(|one| *one.saved.name == *name).ok_or_else(|| {
        let known = names.iter().map(String::as_str);
        let otherwise = || {
            if names.is_empty() {
                "save one with `opsroom baseline save NAME`".to_owned()
            } else {
                format!("known: {}", listed(known.clone()))
            }
        };
        let hint = suggest(nearest(name, known.clone()), otherwise);
        output::fail(exit::USAGE, &format!("no baseline named `{name}`"), &hint)
    })
}

fn save(name: &str, span: &SpanArguments, global: &Global) -> u8 {
    if !valid_name(name) {
        return output::fail(exit::USAGE, &format!("`{name}` is not a valid name"), NAME_HINT);
    }
    let config = match configuration::refuse_if_read_only(global, "no baseline can be saved here") {
        Ok(Some(config)) => config,
        // Where none is found, that is said as everywhere.
        Ok(None) => match configuration::find(global) {
            Ok(found) => Config::clone(&found.config),
            Err(code) => return code,
        },
        Err(code) => return code,
    };
    match span.until(global.clock.now().utc) {
        Ok(span) => output::carry_out(keep(name, span, &config, global)),
        Err(code) => code,
    }
}

async fn keep(name: &str, span: (DateTime<Utc>, DateTime<Utc>), config: &Config, global: &Global) -> u8 {
    run_service::changing(global, async |run_service| match keep_in(run_service, name, span, config).await {
        Ok(0) => output::fail(
            exit::UNKNOWN,
            "no whole hour was measured in that time; no baseline saved",
            "leave `opsroom watch` or a console running until an hour is complete, or use a longer --period",
        ),
        Ok(count) => {
            let series = counted(count, "series");
            output::print(&format!("baseline {name} saved: {series}\n"))
        }
        Err(error) => run_service::broken(&error),
    })
    .await
}

/// Puts the figures on record. Returns of how many series; nothing is saved of none.
async fn keep_in(
    run_service: &RunService,
    name: &str,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    config: &Config,
) -> Result<usize, StoreError> {
    let figures = of_span(run_service.store(), config, (from, until)).await?;
    let count = figures.len();
    if count > 0 {
        let said = BaselineSaved { name: name.into(), from, until, figures };
        let (now, who) = (run_service.now(), run_service.identity().who.clone());
        run_service.store().record(now, &who, Statement::BaselineSaved(said)).await?;
    }
    Ok(count)
}

/// The figures of every check and metric in a span.
async fn of_span(
    store: &Store,
    config: &Config,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<SeriesBaseline>, StoreError> {
    let (from, until) = (minute_of(from), minute_of(until));
    let checks = config.checks.iter().map(|check| SeriesKey::Check(check.name.clone()));
    let metrics = config.metrics.iter().map(|metric| SeriesKey::Metric(metric.name.clone()));
    let wanted = checks.chain(metrics).map(|series| WantedSpans { series, from, edges: Vec::new() });
    let wanted: Vec<WantedSpans> = wanted.collect();
    let mut tries = stored::TRIES;
    loop {
        let mut found = Vec::new();
        let is_whole =
            stored::each(store, (&[], until), &wanted, |series, spans| found.extend(figures(series, spans))).await?;
        tries -= 1;
        if is_whole || tries == 0 {
            return Ok(found);
        }
    }
}

type Compare = ((DateTime<Utc>, DateTime<Utc>), bool);

async fn compare(name: &str, (span, json): Compare, config: &Config, global: &Global) -> u8 {
    let run_service = match run_service::look_at_one(global).await {
        Ok(run_service) => run_service,
        Err(code) => return code,
    };
    let code = match compared(&run_service, name, span, config).await {
        Ok(Ok(against)) => print(&against, json),
        Ok(Err(code)) => code,
        Err(error) => run_service::broken(&error),
    };
    run_service::close_read(&run_service, code).await
}

async fn compared(
    run_service: &RunService,
    name: &str,
    span: (DateTime<Utc>, DateTime<Utc>),
    config: &Config,
) -> Result<Result<AgainstBaseline, u8>, StoreError> {
    let record = match named(name, run_service.store().baselines().await?) {
        Ok(record) => record,
        Err(code) => return Ok(Err(code)),
    };
    let now = of_span(run_service.store(), config, span).await?;
    Ok(Ok(AgainstBaseline::new(config, &record, &now)))
}

/// A warning where a check is slower; unknown where nothing can be compared.
fn print(against: &AgainstBaseline, json: bool) -> u8 {
    let written = if json {
        output::print_as_json("the comparison", against)
    } else if against.series.is_empty() {
        output::print("nothing that the baseline knows was measured in this time\n")
    } else {
        output::print(&against.markdown())
    };
    let found = match (against.series.is_empty(), against.worse()) {
        (true, _) => exit::UNKNOWN,
        (false, 0) => exit::OK,
        (false, _) => exit::WARNING,
    };
    written.max(found)
}
