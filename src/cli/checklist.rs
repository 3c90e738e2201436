//! `opsroom checklist`: which lists are due, and the walkthrough of one, a prompt at a time.

mod record;
mod session;
mod walk;

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use self::session::Session;
use super::output::{self, exit};
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::config::sections::checklist::Checklist;
use crate::lang::nearest::hint_or;
use crate::lang::time::rfc3339;
use crate::model::maintenance::clock_with_zone;
use crate::model::thing::ChecklistRecord;
use crate::text::name::Name;
use crate::world::checklists::due::{ListStanding, ListView};
use crate::world::checklists::round::ChecklistRound;
use crate::world::checklists::said::exit_of;
use crate::world::{World, one_round};

/// What `opsroom checklist` takes.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "independent options of a command line")]
pub(crate) struct Arguments {
    /// The checklist. Default: list all of them
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Measure and run what needs no person, leave the rest open, and print the record as JSON
    #[arg(long)]
    json: bool,
    /// Print plain lines: the default, and the only form beside --json
    #[arg(long, conflicts_with = "json")]
    plain: bool,
    /// Print the latest run; start, measure and run nothing
    #[arg(long, requires = "name")]
    show: bool,
    /// Sign the run off if every step is finished
    #[arg(long, requires = "name", conflicts_with = "show")]
    sign: bool,
}

/// One list, as JSON has it. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
struct ListLine<'a> {
    name: &'a Name,
    title: &'a str,
    state: &'static str,
    due: Option<String>,
    late_from: Option<String>,
    next_due: Option<String>,
    run: Option<&'a Name>,
    /// Runs of periods that are over, or of a list that is not configured any more, which nobody signed off and nobody said to
    /// be missed.
    left_open: Vec<&'a Name>,
    periods: usize,
    done: usize,
    on_time: usize,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let found = match configuration::find(global) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let Some(name) = &arguments.name else {
        return output::carry_out(list(arguments.json, global, found.config));
    };
    let Some(list) = found.config.checklist(name) else {
        let (problem, hint) = unknown(name, &found.config);
        return output::fail(exit::USAGE, &problem, &hint);
    };
    if arguments.show {
        return output::carry_out(show(arguments.json, global, &found.config, list));
    }
    if found.config.console.read_only {
        let hint = "omit --read-only, or see `read_only` in the configuration; --show works";
        return output::fail(exit::USAGE, "read-only: no checklist can be worked through here", hint);
    }
    output::carry_out(work(arguments, global, &found.config, list))
}

fn unknown(name: &str, config: &Config) -> (String, String) {
    let known: Vec<&str> = config.checklists.iter().map(|list| &*list.name).collect();
    let hint = hint_or(name, known.iter().copied(), "add [checklist.NAME] to the configuration");
    (format!("no checklist named `{name}`"), hint)
}

/// A world that knows what is on record, and the exit code of what is printed of it.
async fn recorded(global: &Global, config: &Arc<Config>) -> Result<(World, u8), u8> {
    let mut world = one_round::world(config, global.clock.now());
    let Some(run_service) = run_service::look(global, true).await? else { return Ok((world, exit::OK)) };
    let read = run_service.store().checklists().await;
    let code = run_service::close_read(&run_service, exit::OK).await;
    let things = read.map_err(|error| run_service::broken(&error))?;
    let _ = world.alerts_read(&things);
    Ok((world, code))
}

async fn list(json: bool, global: &Global, config: Arc<Config>) -> u8 {
    let (world, code) = match recorded(global, &config).await {
        Ok(recorded) => recorded,
        Err(code) => return code,
    };
    if json {
        let lines = world.lists().map(|view| line(&world, &view));
        let lines: Vec<ListLine<'_>> = lines.chain(gone(&world).map(line_of_gone)).collect();
        return output::print_as_json("the lists", &lines).max(code);
    }
    let mut text = String::new();
    for view in world.lists() {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{:<9}  {:<16}  {}", view.state.word(), view.list.name, in_words(&world, &view));
    }
    for run in world.runs_left_open() {
        let _ = writeln!(text, "{:<9}  {:<16}  {}", "left open", run.checklist, left_open_in_words(&world, run));
    }
    output::print(if text.is_empty() { "no checklists configured; add [checklist.NAME]\n" } else { &text }).max(code)
}

/// The open runs of lists that are not configured any more.
fn gone(world: &World) -> impl Iterator<Item = &ChecklistRecord> {
    world.runs_left_open().into_iter().filter(|run| world.config.checklist(&run.checklist).is_none())
}

/// The line of a list that is not configured any more, by its run that is still open.
fn line_of_gone(run: &ChecklistRecord) -> ListLine<'_> {
    ListLine {
        name: &run.checklist,
        title: run.title.as_str(),
        // As the lines say it: nobody is asked for it any more, and it is open.
        state: "left_open",
        due: run.due.map(rfc3339),
        late_from: run.until.map(rfc3339),
        next_due: None,
        run: Some(&run.id),
        left_open: vec![&run.id],
        periods: 0,
        done: 0,
        on_time: 0,
    }
}

fn line<'a>(world: &'a World, view: &ListView<'a>) -> ListLine<'a> {
    let kept = world.kept(&view.list.name);
    let left_open = world.runs_left_open().into_iter().filter(|run| run.checklist == view.list.name);
    ListLine {
        name: &view.list.name,
        title: &view.list.title,
        state: match view.state {
            ListStanding::OnDemand => "on_demand",
            ListStanding::NotDue => "not_due",
            state => state.word(),
        },
        due: if view.state == ListStanding::NotDue { view.next_due(world.now.utc) } else { view.due }.map(rfc3339),
        late_from: view.late_from.map(rfc3339),
        next_due: view.next_due(world.now.utc).map(rfc3339),
        run: view.run.map(|run| &run.id),
        left_open: left_open.map(|run| &run.id).collect(),
        periods: kept.periods,
        done: kept.done,
        on_time: kept.on_time,
    }
}

/// `Morning checklist, due 09:00 UTC, on time until 13:00 UTC`.
fn in_words(world: &World, view: &ListView<'_>) -> String {
    let zone = view.list.zone(world.config.console.timezone);
    let clock = |at| clock_with_zone(at, world.now.utc, zone);
    let title = &view.list.title;
    // Nothing was measured: what is on record is what is counted.
    let counts = view.run.map_or_else(String::new, |run| run.counts().describe());
    match (view.state, view.due.zip(view.again), view.run) {
        (ListStanding::Running, _, Some(run)) => format!("{title}{}: {counts}", begun(run, clock)),
        (ListStanding::Done | ListStanding::Missed, Some(_), run) => {
            let how = match run.and_then(|run| run.signed.as_ref()) {
                Some(signed) => format!("signed off by {} {}: {counts}", signed.by, clock(signed.at)),
                None => format!("missed{}", run.map_or_else(String::new, record::missed_before)),
            };
            format!("{title}, {how}; due again {}", view.next_due(world.now.utc).map_or_else(String::new, clock))
        }
        (ListStanding::Late, Some(period), _) => {
            let late = view.late_from.map_or_else(String::new, clock);
            let missed_from = clock(Checklist::early_from(period));
            format!("{title}, was due {}, late since {late}; missed from {missed_from}", clock(period.0))
        }
        (ListStanding::NotDue, Some(_), _) => {
            format!("{title}, due {}", view.next_due(world.now.utc).map_or_else(String::new, clock))
        }
        (_, Some((due, _)), _) => {
            let late = view.late_from.map_or_else(String::new, clock);
            format!("{title}, due {}, on time until {late}", clock(due))
        }
        (_, None, _) => title.clone(),
    }
}

/// `Morning checklist of 9 March 09:00 UTC, ana since 09:12 UTC: 3 open; not configured any more`.
fn left_open_in_words(world: &World, run: &ChecklistRecord) -> String {
    let console = world.config.console.timezone;
    let list = world.config.checklist(&run.checklist);
    let clock = |at| clock_with_zone(at, world.now.utc, list.map_or(console, |list| list.zone(console)));
    let due = run.due.map_or_else(String::new, |due| format!(" of {}", clock(due)));
    let why =
        if list.is_some() { "its period is over" } else { "not configured any more; screen 7 of the console has it" };
    format!("{}{due}{}: {}; {why}", run.title, begun(run, clock), run.counts().describe())
}

/// `, ana since 09:12 UTC`
fn begun(run: &ChecklistRecord, clock: impl Fn(DateTime<Utc>) -> String) -> String {
    run.started.as_ref().map_or_else(String::new, |(at, by)| format!(", {by} since {}", clock(*at)))
}

async fn show(json: bool, global: &Global, config: &Arc<Config>, list: &Checklist) -> u8 {
    let (world, code) = match recorded(global, config).await {
        Ok(recorded) => recorded,
        Err(code) => return code,
    };
    let runs = world.runs_of_checklist(&list.name);
    let Some(run) = runs.first() else {
        let hint = format!("opsroom checklist {} starts one", list.name);
        return output::fail(exit::UNKNOWN, &format!("no run of `{}` yet", list.name), &hint);
    };
    // Nothing was measured: what is on record is what is shown.
    let printed = record::print(&world, &world.round_on_record(run), json);
    if printed == exit::OK { exit_of(&run.counts()).max(code) } else { printed }
}

async fn work(arguments: &Arguments, global: &Global, config: &Arc<Config>, list: &Checklist) -> u8 {
    let mut session = match Session::open(global, config, list).await {
        Ok(session) => session,
        Err(code) => return code,
    };
    let asks = !arguments.json && io::stdin().is_terminal() && io::stdout().is_terminal();
    let worked = if asks { walk::walk(&mut session).await } else { session.alone(arguments.sign).await };
    let code = match worked {
        Ok(()) => {
            let run = session.run();
            // What is printed and the exit code are of one look at it.
            let round = run.map(|run| session.world.round(run));
            let printed = round.as_ref().map_or(exit::OK, |round| record::print(&session.world, round, arguments.json));
            let counts = round.as_ref().map(ChecklistRound::counts);
            if printed == exit::OK { counts.as_ref().map_or(exit::UNKNOWN, exit_of) } else { printed }
        }
        Err(code) => code,
    };
    session.close().await;
    code
}
