//! `opsroom slo`: objectives with their error budgets, by the store.

mod exclude;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::alerts::StoredAlerts;
use super::output::{self, exit};
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::lang::time::{minute_of, rfc3339_millis};
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::maintenance::from_to;
use crate::model::slo::{BURN_WINDOWS, RunsFigures, SloFigures};
use crate::model::thing::{AlertRecord, ExclusionRecord};
use crate::runtime::runs::RunService;
use crate::store::StoreError;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::World;
use crate::world::objectives::{SloMeasure, SloView, times};

/// Runs that are read for objectives about runs.
const RUNS: u32 = 10_000;

/// Arguments of `opsroom slo`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON: an array, in the order of the configuration
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<SloCommand>,
}

#[derive(Debug, Subcommand)]
enum SloCommand {
    /// Exclude a span of time from an SLO
    Exclude(exclude::ExcludeArguments),
    /// Remove an exclusion: that time counts again
    Include(exclude::IncludeArguments),
}

/// One objective, as JSON has it. The fields and their names are a promise; some may be added. Shares are 0 to 1, times
/// in seconds; null where nothing is known, or where it is about runs and a budget in time would mean nothing.
#[derive(Debug, Serialize)]
struct SloLine {
    name: Name,
    objective: f64,
    window_s: u64,
    availability: Option<f64>,
    coverage: Option<f64>,
    budget_s: Option<f64>,
    budget_left_s: Option<f64>,
    burn: BTreeMap<&'static str, Option<f64>>,
    firing: Vec<String>,
    /// The least and the most that it can be, whatever the unknown time was.
    availability_bounds: Option<(f64, f64)>,
    /// With maintenance windows in it.
    availability_with_maintenance: Option<f64>,
    /// Runs whose outcome is known, and those in time; of objectives about runs.
    runs: Option<RunsLine>,
    /// How much of the window does not count because a person excluded it.
    excluded_s: f64,
    /// Who excluded what, and why; the earliest first.
    exclusions: Vec<ExclusionLine>,
}

#[derive(Debug, Serialize)]
struct ExclusionLine {
    id: Name,
    from: String,
    until: String,
    by: SafeText,
    why: SafeText,
}

#[derive(Debug, Serialize)]
struct RunsLine {
    count: u32,
    in_time: u32,
    longest_s: Option<f64>,
}

/// Prints the objectives.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    match &arguments.command {
        Some(SloCommand::Exclude(span)) => return exclude::exclude(span, global),
        Some(SloCommand::Include(which)) => return exclude::include(which, global),
        None => {}
    }
    let config = match configuration::find(global) {
        Ok(found) => found.config,
        Err(code) => return code,
    };
    output::carry_out(show(arguments, global, &config))
}

async fn show(arguments: &Arguments, global: &Global, config: &Arc<Config>) -> u8 {
    let mut world = World::new(Arc::clone(config), global.clock.now());
    let run_service = match run_service::look(global, true).await {
        Ok(Some(run_service)) => run_service,
        Ok(None) => return print(arguments, &world, &[]),
        Err(code) => return code,
    };
    let code = match read(&mut world, &run_service).await {
        Ok(alerts) => print(arguments, &world, &alerts.records),
        Err(error) => run_service::broken(&error),
    };
    run_service::close_read(&run_service, code).await
}

/// Takes in what the store has of what the objectives measure.
pub(in crate::cli) async fn read(world: &mut World, run_service: &RunService) -> Result<StoredAlerts, StoreError> {
    let store = run_service.store();
    let series: Vec<_> = world.measured_by_slos().collect();
    let now = world.now;
    let minute = minute_of(now.utc);
    // What does not count, in maintenance or because a person said so, is known before what is measured.
    let things = store.alerts(now.utc).await?;
    world.alerts_read(&things);
    world.restore(&store.readings_with(&series, &world.hours_apart(), minute).await?);
    world.stored_runs(store.runs(RUNS).await?, Vec::new());
    world.tick(now);
    Ok(StoredAlerts::new(&things))
}

/// What fires of an objective by the record.
fn firing<'a>(slo: &SloView, records: &'a [AlertRecord]) -> impl Iterator<Item = &'a AlertRecord> {
    let about = format!("slo:{}/", slo.name);
    records.iter().filter(move |record| record.is_firing() && record.rule.starts_with(&about))
}

fn line(world: &World, slo: &SloView, records: &[AlertRecord]) -> SloLine {
    let exclusions = world.exclusions_of(&slo.name).map(|record| ExclusionLine {
        id: record.id.clone(),
        from: rfc3339_millis(record.from),
        until: rfc3339_millis(record.until),
        by: record.by.clone(),
        why: record.why.clone(),
    });
    let fires = firing(slo, records);
    let firing = fires.map(|record| format!("{} {}", record.severity.word(), record.condition)).collect();
    let figures = slo.figures();
    let burn = BURN_WINDOWS.iter().enumerate();
    let runs = match &slo.measured {
        SloMeasure::Runs(runs) => Some(runs),
        SloMeasure::Time(_) => None,
    };
    SloLine {
        name: slo.name.clone(),
        // As it is written: 99.9 % is read as 0.999 and one bit.
        objective: (slo.objective * 1e9).round() / 1e9,
        window_s: slo.window.as_secs(),
        availability: figures.and_then(SloFigures::availability).or(runs.and_then(RunsFigures::share)),
        coverage: figures.and_then(SloFigures::coverage),
        budget_s: figures.map(SloFigures::budget_s),
        budget_left_s: figures.and_then(SloFigures::left_s),
        burn: burn.map(|(at, (name, _))| (*name, figures.and_then(|figures| figures.burn(at)))).collect(),
        firing,
        availability_bounds: figures.and_then(SloFigures::bounds),
        availability_with_maintenance: figures.and_then(|figures| figures.tally.with_maintenance()),
        runs: runs.map(|runs| RunsLine {
            count: runs.count,
            in_time: runs.good,
            longest_s: runs.longest.map(|longest| longest.as_secs_f64()),
        }),
        excluded_s: figures.map_or(0.0, |figures| figures.excluded_ms as f64 / 1e3),
        exclusions: exclusions.collect(),
    }
}

fn print(arguments: &Arguments, world: &World, records: &[AlertRecord]) -> u8 {
    let written = if arguments.json {
        let lines: Vec<SloLine> = world.slos.iter().map(|slo| line(world, slo, records)).collect();
        output::print_as_json("the SLOs", &lines)
    } else {
        output::print(&text(world, records))
    };
    written.max(world.slos.iter().map(|slo| code(slo, records)).max().unwrap_or(exit::OK))
}

/// Critical where it pages, a warning where anything else fires or the objective is missed, unknown without data.
fn code(slo: &SloView, records: &[AlertRecord]) -> u8 {
    let worst = firing(slo, records).map(|record| record.severity).max();
    let (is_known, is_missed) = match &slo.measured {
        SloMeasure::Time(figures) => (figures.availability().is_some(), !figures.is_met()),
        SloMeasure::Runs(runs) => (true, runs.is_missed() == Some(true)),
    };
    match worst {
        Some(Severity::Critical) => exit::CRITICAL,
        Some(_) => exit::WARNING,
        None if !is_known => exit::UNKNOWN,
        None if is_missed => exit::WARNING,
        None => exit::OK,
    }
}

fn text(world: &World, records: &[AlertRecord]) -> String {
    if world.slos.is_empty() {
        return "no SLOs configured\n".to_owned();
    }
    let widest = world.slos.iter().map(|slo| slo.title.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for slo in &world.slos {
        let objective = (slo.objective * 1e8).round() / 1e6;
        let _ = write!(text, "{:<widest$}  {objective} % over {}  ", slo.title, unit::duration(slo.window));
        text.push_str(&summary(slo));
        for record in firing(slo, records) {
            let _ = write!(text, "  {} {}", record.severity.word(), record.condition);
        }
        text.push('\n');
        for record in world.exclusions_of(&slo.name) {
            let (now, zone) = (world.now.utc, world.config.console.timezone);
            let span = from_to((record.from, record.until), now, zone);
            let ExclusionRecord { id, by, why, .. } = record;
            let _ = writeln!(text, "  excluded {span} by {by}: {why}  id {id}");
        }
    }
    text
}

/// What is known of one, in words.
pub(in crate::cli) fn summary(slo: &SloView) -> String {
    let figures = match &slo.measured {
        SloMeasure::Runs(runs) if runs.count == 0 => return "no runs yet".to_owned(),
        SloMeasure::Runs(runs) => return format!("{} of {} runs in time", runs.good, runs.count),
        SloMeasure::Time(figures) => figures,
    };
    let (Some(left), Some(share)) = (figures.left_s(), figures.left_share()) else { return "no data yet".to_owned() };
    let span = |seconds: f64| unit::span(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default());
    let budget = if left >= 0.0 {
        format!("budget {} % = {} left", (share * 100.0).floor(), span(left))
    } else {
        format!("budget spent: {} over", span(-left))
    };
    let burn = figures.burn_now().map_or_else(|| unit::NOTHING.to_owned(), times);
    let elapsed = unit::span(std::time::Duration::from_millis(figures.elapsed_ms));
    let coverage = |coverage: f64| format!("  coverage {} % of {elapsed}", (coverage * 100.0).floor());
    let coverage = figures.coverage().filter(|_| figures.is_thin()).map_or_else(String::new, coverage);
    format!("{}  {budget}  burning {burn} over 1h{coverage}", unit::availability(figures.availability()))
}
