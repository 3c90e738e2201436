//! `opsroom runs`: past and running actions.

use std::fmt::Write as _;

use clap::Args;
use tokio::sync::mpsc;

use super::desk;
use super::output::{self, exit};
use super::{Global, verdict};
use crate::actions::rundir::RunDir;
use crate::model::message::Outcome;
use crate::model::preview::{About, Preview};
use crate::model::run::{OutputLine, Run, RunState};
use crate::model::text::SafeText;
use crate::runtime::runs::{self, LISTED, RunDesk, TakenIn};

/// Arguments of `opsroom runs`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// One run, with its output
    id: Option<String>,
    /// Follow its output to the end; without ID that of the latest run that goes on
    #[arg(long)]
    follow: bool,
    /// Print JSON: an array, newest first
    #[arg(long, conflicts_with = "follow")]
    json: bool,
}

/// Prints past and running actions.
pub fn run(arguments: &Arguments, global: &Global) -> u8 {
    let shown = output::block_on(show(arguments, global));
    match shown {
        Ok(code) => code,
        Err(error) => output::fail(exit::SOFTWARE, &format!("the system gives no threads: {error}"), ""),
    }
}

async fn show(arguments: &Arguments, global: &Global) -> u8 {
    let (desk, taken) = match desk::open_and_take_in(global).await {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    let chosen = match choose(arguments, &desk, taken).await {
        Ok(chosen) => chosen,
        Err(code) => return code,
    };
    match chosen {
        Chosen::One(run) if arguments.follow => follow(&desk, *run).await,
        Chosen::One(run) if arguments.json => json(&[*run]),
        Chosen::One(run) => one(&run),
        Chosen::All(runs) if arguments.json => json(&runs),
        Chosen::All(runs) => list(&desk, &runs).await,
    }
}

enum Chosen {
    One(Box<Run>),
    All(Vec<Run>),
}

async fn choose(arguments: &Arguments, desk: &RunDesk, taken: TakenIn) -> Result<Chosen, u8> {
    if let Some(id) = &arguments.id {
        let found = desk.store().run(id).await.map_err(|error| desk::broken(&error))?;
        let unknown = || output::fail(exit::USAGE, &format!("there is no run {id}"), "`opsroom runs` lists them");
        return found.map(|run| Chosen::One(Box::new(run))).ok_or_else(unknown);
    }
    if arguments.follow {
        let none = || output::fail(exit::USAGE, "no run is going on", "`opsroom runs` lists those that ended");
        return taken.live.into_iter().next_back().map(|run| Chosen::One(Box::new(run))).ok_or_else(none);
    }
    desk.store().runs(LISTED).await.map(Chosen::All).map_err(|error| desk::broken(&error))
}

fn json(runs: &[Run]) -> u8 {
    match serde_json::to_string_pretty(runs) {
        Ok(text) => output::print(&format!("{text}\n")),
        Err(error) => output::fail(exit::SOFTWARE, &format!("the runs can't be written as JSON: {error}"), ""),
    }
}

async fn list(desk: &RunDesk, runs: &[Run]) -> u8 {
    if runs.is_empty() {
        return output::print("no action has run yet\n");
    }
    let locks = match desk.store().locks().await {
        Ok(locks) => locks,
        Err(error) => return desk::broken(&error),
    };
    let mut text = String::new();
    for lock in &locks {
        let since = lock.since.format("%Y-%m-%d %H:%M:%SZ");
        let held = format!("{} by {} on {} since {since} ({})", lock.target, lock.holder, lock.host, lock.reason);
        let _ = writeln!(text, "locked: {}, run {}", SafeText::new(&held), lock.id);
    }
    let action = runs.iter().map(|run| run.action.chars().count()).max().unwrap_or(0);
    for run in runs {
        let started = run.started_at.format("%Y-%m-%d %H:%M:%SZ");
        let _ = writeln!(
            text,
            "{}  {started}  {:action$}  {:>7}  {}  by {}",
            run.id,
            run.action,
            took(run),
            verdict::outcome(run),
            run.who
        );
    }
    output::print(&text)
}

/// How long it took, coarsely.
fn took(run: &Run) -> String {
    match run.duration_ms {
        None => "–".to_owned(),
        Some(ms) if ms < 10_000 => format!("{:.1} s", ms as f64 / 1000.0),
        Some(ms) if ms < 600_000 => format!("{} s", ms / 1000),
        Some(ms) => format!("{} min", ms / 60_000),
    }
}

fn one(run: &Run) -> u8 {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "{label:<10} {}", SafeText::new(value));
    };
    line("run", &run.id);
    line("action", &format!("{} ({} {})", run.action, run.verb, run.target));
    line("by", &format!("{} on {}", run.who, run.host));
    if let Some(reason) = &run.reason {
        line("reason", reason);
    }
    line("started", &run.started_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
    if let Some(ended) = run.ended_at {
        line("ended", &format!("{} ({})", ended.to_rfc3339_opts(chrono::SecondsFormat::Secs, true), took(run)));
    }
    line("outcome", &verdict::outcome(run));
    if let Some(note) = &run.note {
        line("note", note.as_str());
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
            let _ = writeln!(text, "\nits output can't be read: {error}");
        }
    }
    output::print(&text)
}

/// What was shown when the run was confirmed; of a run of an earlier version, what its plan says.
fn confirmed(run: &Run) -> String {
    match RunDir::new(&run.output_path).read_intent() {
        Ok(intent) if !intent.preview.rows.is_empty() => intent.preview.text(),
        Ok(intent) => Preview::of(&intent.plan, About::default(), Vec::new()).text(),
        Err(error) => format!("  digest       {}\n  what ran can't be read: {error}\n", run.plan_digest),
    }
}

/// Lines with a word where some between head and tail are left out.
fn shown_output(lines: &[OutputLine], omitted: u64) -> String {
    let mut text = String::new();
    let mut next = 0;
    for line in lines {
        if line.index > next {
            let _ = writeln!(text, "… {} lines left out …", line.index - next);
        }
        next = line.index + 1;
        let _ = writeln!(text, "{}", line.text);
    }
    if lines.is_empty() && omitted == 0 {
        text.push_str("(no output)\n");
    }
    text
}

async fn follow(desk: &RunDesk, run: Run) -> u8 {
    let ended = print_to_end(desk, run).await;
    output::complain(&format!("{}: {}\n", ended.id, verdict::told(&ended)));
    verdict::exit_code(&ended)
}

/// Prints the output of a run while it comes, and returns it as it ended. Standard output gets what the steps wrote to
/// theirs, standard error the rest.
pub async fn print_to_end(desk: &RunDesk, run: Run) -> Run {
    let (outcomes, mut changes) = mpsc::channel(64);
    let (lines_out, mut lines) = mpsc::channel(64);
    let watching = async {
        if run.ended_at.is_none() && run.state != RunState::OutcomeUnknown {
            desk.attach(run.clone(), &outcomes).await;
        }
        drop(outcomes);
    };
    let following = async {
        desk.follow(&run.id, &lines_out).await;
        drop(lines_out);
    };
    let printing = async {
        while let Some(outcome) = lines.recv().await {
            match outcome {
                Outcome::RunOutput { lines, .. } => lines.iter().for_each(print_line),
                Outcome::Failed(why) => output::complain(&format!("error: {why}\n")),
                _ => {}
            }
        }
    };
    let keeping = async {
        let mut last = run.clone();
        while let Some(outcome) = changes.recv().await {
            if let Outcome::Run(run) = outcome {
                last = *run;
            }
        }
        last
    };
    let ((), (), (), last) = tokio::join!(watching, following, printing, keeping);
    last
}

fn print_line(line: &OutputLine) {
    if line.stderr {
        output::complain(&format!("{}\n", line.text));
    } else {
        // A reader that went away must not end the command: the run has to be watched to its end.
        let _ = output::print(&format!("{}\n", line.text));
    }
}
