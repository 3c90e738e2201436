//! `opsroom runs`: past and running actions, followed and verified.

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use tokio::sync::{mpsc, oneshot};

use super::output::{self, exit};
use super::{Global, configuration};
use crate::actions::rundir::RunDir;
use crate::cli::{exit_code, run_service};
use crate::config::Config;
use crate::config::titles;
use crate::lang::time::rfc3339;
use crate::lang::unit;
use crate::model::outcome::Outcome;
use crate::model::preview::{About, Preview};
use crate::model::run::{OutputLine, Run, RunState};
use crate::runtime::runs::{self, LISTED, Recovered, RunService};
use crate::runtime::secrets;
use crate::text::SafeText;
use crate::text::count::counted;

/// What stands where there are no runs.
const NONE: &str = "no action has run yet\n";

/// Arguments of `opsroom runs`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// One run, with its output; the exit code is that of its outcome, 3 while it is not over
    id: Option<String>,
    /// Follow it to its outcome; without ID the latest run that is not over
    #[arg(long)]
    follow: bool,
    /// Verify a run of unknown outcome now: poll its checks, close it and release its lock
    #[arg(long, requires = "id", conflicts_with_all = ["follow", "json", "last"])]
    verify: bool,
    /// The latest N runs; the default is 200, with --json all
    #[arg(long, value_name = "N", conflicts_with_all = ["id", "follow"])]
    last: Option<u32>,
    /// Print JSON: an array, newest first
    #[arg(long, conflicts_with = "follow")]
    json: bool,
}

/// Prints past and running actions.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    output::carry_out(show(arguments, global))
}

async fn show(arguments: &Arguments, global: &Global) -> u8 {
    if arguments.verify
        && let Err(code) = configuration::refuse_if_read_only(global, "nothing can be verified and unlocked here")
    {
        return code;
    }
    let (run_service, taken) = match run_service::look_and_take_in(global).await {
        Ok(Some(opened)) => opened,
        Ok(None) => return nothing(arguments),
        Err(code) => return code,
    };
    let code = shown(&run_service, taken, arguments, global).await;
    run_service::close_read(&run_service, code).await
}

/// What is shown before anything ever ran.
fn nothing(arguments: &Arguments) -> u8 {
    match &arguments.id {
        Some(id) => no_run(id),
        None if arguments.follow => nothing_runs(),
        None if arguments.json => output::print_as_json("the runs", &Vec::<Run>::new()),
        None => output::print(NONE),
    }
}

fn no_run(id: &str) -> u8 {
    output::fail(exit::USAGE, &format!("no run {id}"), "`opsroom runs` lists them")
}

fn nothing_runs() -> u8 {
    output::fail(exit::USAGE, "nothing is running or being verified", "`opsroom runs` lists the runs that ended")
}

async fn shown(run_service: &RunService, taken: Recovered, arguments: &Arguments, global: &Global) -> u8 {
    let chosen = match choose(arguments, run_service, taken).await {
        Ok(chosen) => chosen,
        Err(code) => return code,
    };
    match chosen {
        Chosen::One(run) if arguments.verify => match verify_now(run_service, &run, global).await {
            Ok(run) => follow(run_service, run, global).await,
            Err(code) => code,
        },
        Chosen::One(run) if arguments.follow => follow(run_service, *run, global).await,
        Chosen::One(run) if arguments.json => {
            of_run(output::print_as_json("the runs", std::slice::from_ref(run.as_ref())), &run)
        }
        Chosen::One(run) => of_run(one(run_service, &run, &configuration::for_titles(global)).await, &run),
        Chosen::All(runs, unreadable) => {
            let code = if arguments.json {
                output::print_as_json("the runs", &runs)
            } else {
                list(run_service, &runs, &configuration::for_titles(global)).await
            };
            warned(code, &unreadable)
        }
    }
}

/// Says which runs are missing from what was printed: that must not look complete.
fn warned(code: u8, unreadable: &[String]) -> u8 {
    if unreadable.is_empty() {
        return code;
    }
    let (runs, ids) = (counted(unreadable.len(), "run"), unreadable.join(", "));
    output::eprint_error(&format!(
        "warning: {runs} left out, whose rows can't be read: {ids}\nhint: see `opsroom store check`\n"
    ));
    if code == exit::OK { exit::UNKNOWN } else { code }
}

/// The exit code of having shown one run: that of its outcome, which nobody knows while it is not over.
fn of_run(shown: u8, run: &Run) -> u8 {
    if shown == exit::OK { exit_code::of_run(run) } else { shown }
}

async fn verify_now(run_service: &RunService, run: &Run, global: &Global) -> Result<Run, u8> {
    let config = configuration::find(global)?.config;
    let (secrets, missing) = secrets::resolve(&config.secrets).await;
    for (name, why) in &missing {
        output::eprint_error(&format!("warning: secret {name} is not known: {why}\n"));
    }
    let begun = run_service.verify_now(&run.id, &config, &secrets).await;
    begun.map_err(|why| {
        let hint = format!("if it is known to be over: opsroom unlock {} --why TEXT", run.id);
        output::fail(exit::UNKNOWN, why.as_str(), &hint)
    })
}

/// What to do about an outcome that nobody knows: where no checks were named to verify it by, somebody has to look.
pub(crate) fn lost_hint(run: &Run) -> String {
    let verifies = RunDir::new(&run.output_path).read_intent().is_ok_and(|intent| intent.verify.is_some());
    let (target, id) = (&run.target, &run.id);
    if verifies {
        format!("hint: look at {target}, then verify it now: opsroom runs {id} --verify\n")
    } else {
        format!("hint: look at {target}; once the run is known to be over: opsroom unlock {id} --why TEXT\n")
    }
}

enum Chosen {
    One(Box<Run>),
    /// The latest, and the ids of those that can't be read.
    All(Vec<Run>, Vec<String>),
}

async fn choose(arguments: &Arguments, run_service: &RunService, taken: Recovered) -> Result<Chosen, u8> {
    if let Some(id) = &arguments.id {
        let found = run_service.run(id).await.map_err(|error| run_service::broken(&error))?;
        if let Some(run) = found {
            return Ok(Chosen::One(Box::new(run)));
        }
        let (_, unreadable) = run_service.readable_runs(u32::MAX).await.map_err(|error| run_service::broken(&error))?;
        let is_there = unreadable.contains(id);
        let unread =
            || output::fail(exit::UNKNOWN, &format!("the row of run {id} can't be read"), "see `opsroom store check`");
        return Err(if is_there { unread() } else { no_run(id) });
    }
    if arguments.follow {
        return taken.live.into_iter().next_back().map(|run| Chosen::One(Box::new(run))).ok_or_else(nothing_runs);
    }
    let most = arguments.last.unwrap_or(if arguments.json { u32::MAX } else { LISTED });
    let read = run_service.readable_runs(most).await.map_err(|error| run_service::broken(&error))?;
    Ok(Chosen::All(read.0, read.1))
}

async fn list(run_service: &RunService, runs: &[Run], config: &Config) -> u8 {
    if runs.is_empty() {
        return output::print(NONE);
    }
    let locks = match run_service.store().locks().await {
        Ok(locks) => locks,
        Err(error) => return run_service::broken(&error),
    };
    let mut text = String::new();
    for lock in &locks {
        let since = lock.since.format("%Y-%m-%d %H:%M:%SZ");
        let reason = titles::locked_for(&config.actions, lock);
        let held = format!("{} by {} on {} since {since} ({reason})", lock.target, lock.holder, lock.host);
        let _ = writeln!(text, "locked: {}, run {}", SafeText::new(&held), lock.id);
    }
    let title = |run| SafeText::new(titles::title_of(&config.actions, run)).to_string();
    let width = runs.iter().map(|run| title(&run.action).chars().count()).max().unwrap_or(0);
    for run in runs {
        let started = run.started_at.format("%Y-%m-%d %H:%M:%SZ");
        let _ = writeln!(
            text,
            "{}  {started}  {:width$}  {:>7}  {}  by {}",
            run.id,
            title(&run.action),
            duration(run),
            run.outcome(),
            run.who
        );
    }
    output::print(&text)
}

/// How long it took from confirmed to its outcome; while it is verified, until its steps ended.
fn duration(run: &Run) -> String {
    let took = run.took().or_else(|| run.duration_ms.map(Duration::from_millis));
    took.map_or_else(|| unit::NOTHING.to_owned(), unit::span)
}

async fn one(run_service: &RunService, run: &Run, config: &Config) -> u8 {
    let processes = processes(run_service, run).await;
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "{label:<10} {}", SafeText::new(value));
    };
    line("run", &run.id);
    line("action", &called(run, config));
    line("by", &format!("{} on {}", run.who, run.host));
    if let Some(reason) = &run.reason {
        line("reason", reason);
    }
    line("started", &rfc3339(run.started_at));
    if let Some(ended) = run.ended_at {
        let steps =
            run.duration_ms.map_or_else(|| unit::NOTHING.to_owned(), |ms| unit::span(Duration::from_millis(ms)));
        line("ended", &format!("{} (steps took {steps})", rfc3339(ended)));
    }
    let outcome = run.outcome_after();
    line("outcome", outcome.strip_prefix("outcome ").unwrap_or(&outcome));
    if let Some(note) = run.titled_note(|check| titles::title_of_check(config, check)) {
        line("note", &note);
    }
    for (label, value) in &processes {
        line(label, value);
    }
    line("output", &run.output_path.display().to_string());
    text.push('\n');
    text.push_str(&confirmed(run));
    match runs::output(run) {
        Ok((lines, omitted)) => {
            text.push('\n');
            text.push_str(&shown_output(&lines, omitted));
        }
        Err(error) => {
            let _ = writeln!(text, "\n{}", run.why_unreadable(&error));
        }
    }
    let printed = output::print(&text);
    if run.can_be_verified_now() {
        output::eprint_error(&lost_hint(run));
    }
    printed
}

/// `restart cache (restart-cache)`: by its title, and its name where that is another.
fn called(run: &Run, config: &Config) -> String {
    let title = titles::title_of(&config.actions, &run.action);
    if title == &*run.action { title.to_owned() } else { format!("{title} ({})", run.action) }
}

/// What is seen of the processes of a run that is not over, or of which nobody knows whether it is.
async fn processes(run_service: &RunService, run: &Run) -> Vec<(&'static str, String)> {
    if !run.state.is_open() && run.state != RunState::Unknown {
        return Vec::new();
    }
    if let Some(pid) = run_service.supervisor(run).await.filter(|_| run.state.is_open()) {
        let signs = run_service.signs(run).await;
        let sign = match signs.silence(Duration::ZERO) {
            Some(silence) => format!("pid {pid}; {silence}"),
            None => format!("pid {pid}"),
        };
        return vec![("supervisor", sign)];
    }
    let left = run_service.left(run).await;
    if let Some(unseen) = run_service.unseen_of(run).filter(|_| left.is_empty()) {
        return vec![("processes", unseen)];
    }
    if left.is_empty() {
        return vec![("processes", "none of it is left on this host".to_owned())];
    }
    left.iter().map(|process| ("remaining", process.describe())).collect()
}

/// What was shown when the run was confirmed; of a run of an earlier version, what its plan says.
fn confirmed(run: &Run) -> String {
    match RunDir::new(&run.output_path).read_intent() {
        Ok(intent) if !intent.preview.rows.is_empty() => intent.preview.text(&[]),
        Ok(intent) => Preview::from_plan(&intent.plan, About::default()).text(&[]),
        Err(error) => format!("  digest       {}\n  what ran can't be read: {error}\n", run.plan_digest),
    }
}

/// Lines with a word where some between head and tail are left out.
fn shown_output(lines: &[OutputLine], omitted: u64) -> String {
    let mut text = String::new();
    let mut next = 0;
    for line in lines {
        if line.index > next {
            let _ = writeln!(text, "… {} left out …", counted(line.index - next, "line"));
        }
        next = line.index + 1;
        let _ = writeln!(text, "{}", line.text);
    }
    if lines.is_empty() && omitted == 0 {
        text.push_str("(no output)\n");
    }
    text
}

async fn follow(run_service: &RunService, run: Run, global: &Global) -> u8 {
    let ended = print_to_end(run_service, run).await;
    let config = configuration::for_titles(global);
    let outcome = ended.outcome_and_note(|check| titles::title_of_check(&config, check));
    output::eprint_error(&format!("{}: {outcome}\n", ended.id));
    if ended.can_be_verified_now() {
        output::eprint_error(&lost_hint(&ended));
    }
    exit_code::of_run(&ended)
}

/// Prints the output of a run while it comes, then how far its verification is, and returns it as it ended. Standard
/// output gets what the steps wrote to theirs, standard error the rest.
pub(crate) async fn print_to_end(run_service: &RunService, run: Run) -> Run {
    let (outcomes, mut changes) = mpsc::channel(64);
    let (lines_out, mut lines) = mpsc::channel(64);
    let (printed, mut is_printed) = oneshot::channel();
    let watching = async {
        let ended = run_service.attach(run.clone(), &outcomes).await;
        drop(outcomes);
        ended
    };
    let following = async {
        if let Err(why) = run_service.follow(&run.id, &lines_out).await {
            lines_out.send(Outcome::Failed(why)).await.ok();
        }
        drop(lines_out);
    };
    let printing = async {
        while let Some(outcome) = lines.recv().await {
            match outcome {
                Outcome::RunOutput { lines, .. } => lines.iter().for_each(print_line),
                Outcome::Failed(why) => output::eprint_error(&format!("error: {why}\n")),
                _ => {}
            }
        }
        printed.send(()).ok();
    };
    // The progress comes after the output, which was written before.
    let mut all_printed = false;
    let telling = async {
        let mut last = String::new();
        while let Some(outcome) = changes.recv().await {
            let words = match outcome {
                Outcome::RunStopping { stopping, .. } => stopping.describe(Duration::ZERO),
                Outcome::RunSigns { signs, .. } => match signs.silence(Duration::ZERO) {
                    Some(silence) => silence,
                    None => continue,
                },
                Outcome::RunProgress { progress, .. } => {
                    if !std::mem::replace(&mut all_printed, true) {
                        (&mut is_printed).await.ok();
                    }
                    let words = progress.describe();
                    if words == last {
                        continue;
                    }
                    last = words;
                    format!("verifying: {last}, {} s left", progress.left(run_service.moment()).as_secs())
                }
                _ => continue,
            };
            output::eprint_error(&format!("{words}\n"));
        }
    };
    let (ended, (), (), ()) = tokio::join!(watching, following, printing, telling);
    ended
}

fn print_line(line: &OutputLine) {
    if line.stderr {
        output::eprint_error(&format!("{}\n", line.text));
    } else {
        // A reader that went away must not end the command: the run has to be watched to its end.
        let _ = output::print(&format!("{}\n", line.text));
    }
}
