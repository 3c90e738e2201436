//! `opsroom timeline`: what happened, oldest first.

use std::fmt::Write as _;

use crate::lang::order::InOrder;
use crate::lang::time::rfc3339_millis;
use crate::lang::tz::Tz;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde::Serialize;

use super::output::{self, exit};
use super::{Global, configuration, logs, run_service};
use crate::config::Config;
use crate::lang::unit;
use crate::store::history::PastFacts;
use crate::text::SafeText;
use crate::world::history::{self, HistoryKind};

/// How far a clock of another host may be ahead of the store's before what it wrote is missed.
const AHEAD: TimeDelta = TimeDelta::hours(1);

/// Arguments of `opsroom timeline`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only what happened since: 10m, 1h30m, 2d, or a time
    #[arg(long, short, value_name = "TIME", default_value = "24h", allow_hyphen_values = true)]
    since: String,
    /// Print JSON: an array, oldest first
    #[arg(long)]
    json: bool,
}

/// One line, as JSON has it.
#[derive(Debug, Clone, Serialize)]
struct Line {
    at: String,
    kind: HistoryKind,
    object: SafeText,
    text: SafeText,
    who: Option<SafeText>,
    /// Whether it was put on record after the store had been away.
    late: bool,
    #[serde(skip)]
    moment: DateTime<Utc>,
}

/// Prints what happened.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let now = global.clock.now().utc;
    let since = match logs::since(&arguments.since, now) {
        Ok(since) => since,
        Err(code) => return code,
    };
    if since > now {
        let problem = format!("`{}` is in the future", arguments.since);
        return output::fail(exit::USAGE, &problem, "write a time before now, or a duration such as 30m");
    }
    output::carry_out(show(arguments, since, global))
}

async fn show(arguments: &Arguments, since: DateTime<Utc>, global: &Global) -> u8 {
    let (run_service, _) = match run_service::look_and_take_in(global).await {
        Ok(Some(opened)) => opened,
        Ok(None) => return print(arguments, since, &[]),
        Err(code) => return code,
    };
    let code = match run_service.store().history(since - AHEAD).await {
        Ok(history) => print(arguments, since, &lines(&history, &configuration::for_titles(global), since)),
        Err(error) => run_service::broken(&error),
    };
    run_service::close_read(&run_service, code).await
}

fn lines(history: &PastFacts, config: &Config, since: DateTime<Utc>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for fact in history.facts.iter().filter(|fact| fact.draft.at >= since) {
        let object = fact.said().object();
        let Some(said) = history::describe(fact, history.runs.get(&object), config, Tz::UTC) else { continue };
        lines.push(Line {
            at: rfc3339_millis(fact.draft.at),
            kind: said.kind,
            object: SafeText::new(&object),
            text: said.text,
            who: said.by_person.then(|| SafeText::new(&fact.draft.who)),
            late: fact.draft.late,
            moment: fact.draft.at,
        });
    }
    // Stable: what happened at the same time stays in the order of the record.
    lines.order_by_key(|line| line.moment);
    lines
}

fn print(arguments: &Arguments, since: DateTime<Utc>, lines: &[Line]) -> u8 {
    if arguments.json {
        return output::print_as_json("the timeline", lines);
    }
    if lines.is_empty() {
        let span = match unit::parse_duration(&arguments.since) {
            Ok(_) => format!("in the last {}", arguments.since),
            Err(_) => format!("since {}", since.format("%Y-%m-%d %H:%M:%SZ")),
        };
        return output::print(&format!("nothing happened {span}\n"));
    }
    let kind = lines.iter().map(|line| line.kind.name().len()).max().unwrap_or(0);
    let object = lines.iter().map(|line| line.object.as_str().chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        let at = line.moment.format("%Y-%m-%d %H:%M:%SZ");
        let who = line.who.as_ref().map_or_else(String::new, |who| format!("  by {who}"));
        let late = if line.late { "  (late)" } else { "" };
        let (name, about) = (line.kind.name(), line.object.as_str());
        let _ = writeln!(text, "{at}  {name:kind$}  {about:object$}  {}{who}{late}", line.text);
    }
    output::print(&text)
}
