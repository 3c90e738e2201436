//! `opsroom handover`: drafts what the next person on call has to know, offers it, and accepts one.

mod accept;
mod certificates;
mod edit;
mod gather;

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use self::gather::Draft;
use super::alerts::{StoredAlerts, put};
use super::output::{self, exit};
use super::{Global, configuration, run_service};
use crate::actions::files;
use crate::config::Config;
use crate::config::sections::oncall::PRIMARY;
use crate::config::titles::title_of_contact;
use crate::lang::time::rfc3339;
use crate::model::fact::oncall::handover_id;
use crate::model::fact::{HandoverOffered, HandoverWithdrawn, OnCallStatement, Statement};
use crate::model::thing::HandoverRecord;
use crate::report::handover::{HandoverDraft, is_blank};
use crate::runtime::runs::RunService;
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::name::Name;

/// Lines of a handover that are kept.
const MOST_LINES: usize = 2_000;

/// Arguments of `opsroom handover`.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print the draft and offer nothing
    #[arg(long, group = "what")]
    print: bool,
    /// Offer the draft as it is, without an editor
    #[arg(long, group = "what")]
    yes: bool,
    /// Print the handover that is offered, or the last one that was accepted
    #[arg(long, group = "what")]
    show: bool,
    /// Accept the handover that is offered: you are on call from now on
    #[arg(long, group = "what")]
    accept: bool,
    /// Withdraw the handover that is offered
    #[arg(long, group = "what")]
    withdraw: bool,
    /// Something the next person should watch; can be repeated
    #[arg(long = "note", value_name = "TEXT", conflicts_with_all = ["show", "accept", "withdraw"])]
    notes: Vec<String>,
    /// With --accept: end the acknowledgements of the previous person, so that their alerts are open again
    #[arg(long, requires = "accept")]
    reopen: bool,
    /// Your contact. Default: the one with your login name
    #[arg(long = "as", value_name = "CONTACT")]
    who: Option<String>,
    /// The layer that is handed over
    #[arg(long, value_name = "LAYER", default_value = PRIMARY)]
    layer: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A handover, as JSON has it. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
struct HandoverLine {
    /// Null: it is not offered.
    id: Option<Name>,
    state: &'static str,
    layer: Name,
    who: Name,
    to: Option<Name>,
    from: String,
    until: String,
    offered_at: Option<String>,
    accepted_by: Option<Name>,
    accepted_at: Option<String>,
    /// What it says, as Markdown.
    text: String,
    /// Of a draft: its sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    draft: Option<HandoverDraft>,
}

impl From<&HandoverRecord> for HandoverLine {
    fn from(record: &HandoverRecord) -> Self {
        let (said, accepted) = (&record.said, record.accepted.as_ref());
        let state = match (accepted, record.withdrawn) {
            (Some(_), _) => "accepted",
            (None, Some(_)) => "withdrawn",
            (None, None) => "offered",
        };
        Self {
            id: Some(said.id.clone()),
            state,
            layer: said.layer.clone(),
            who: said.who.clone(),
            to: said.to.clone(),
            from: rfc3339(said.from),
            until: rfc3339(said.until),
            offered_at: Some(rfc3339(record.at)),
            accepted_by: accepted.map(|accepted| accepted.who.clone()),
            accepted_at: accepted.map(|accepted| rfc3339(accepted.at)),
            text: text_of(record),
            draft: None,
        }
    }
}

fn text_of(record: &HandoverRecord) -> String {
    record.said.text.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// Drafts, shows, offers, accepts or takes back a handover.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    if arguments.print || arguments.show {
        return match configuration::find(global) {
            Ok(found) => output::carry_out(look(arguments, global, &found.config)),
            Err(code) => code,
        };
    }
    let offers = !arguments.accept && !arguments.withdraw;
    let has_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if offers && !arguments.yes && !has_terminal {
        let hint = "use --print to read the draft, or --yes to offer it as it is";
        return output::fail(exit::USAGE, "no terminal to edit the handover on", hint);
    }
    let config = match configuration::refuse_if_read_only(global, "no handover can be made here") {
        Ok(config) => Arc::new(config.unwrap_or_default()),
        Err(code) => return code,
    };
    output::carry_out(change(arguments, global, &config))
}

/// Prints the draft, or what is offered.
async fn look(arguments: &Arguments, global: &Global, config: &Arc<Config>) -> u8 {
    let run_service = match run_service::look_at_one(global).await {
        Ok(run_service) => run_service,
        Err(code) => return code,
    };
    let code = if arguments.show {
        show(arguments, config, &run_service).await
    } else {
        match gather::draft(&run_service, config, global, arguments).await {
            Ok(draft) => print_draft(&draft, arguments),
            Err(failure) => failure.report(),
        }
    };
    run_service::close_read(&run_service, code).await
}

async fn show(arguments: &Arguments, config: &Config, run_service: &RunService) -> u8 {
    let duty = match StoredAlerts::read(run_service).await {
        Ok(stored) => stored.duty(config),
        Err(error) => return run_service::broken(&error),
    };
    let now = run_service.now();
    match duty.offered(&arguments.layer, now).or_else(|| duty.accepted(&arguments.layer)) {
        Some(record) if arguments.json => output::print_as_json("the handover", &HandoverLine::from(record)),
        Some(record) => output::print(&text_of(record)),
        None => output::fail(exit::USAGE, "no handover was offered", "`opsroom handover` drafts one"),
    }
}

fn print_draft(draft: &Draft, arguments: &Arguments) -> u8 {
    if !arguments.json {
        return output::print(&draft.report.markdown());
    }
    let line = HandoverLine {
        id: None,
        state: "draft",
        layer: Name::from(arguments.layer.as_str()),
        who: draft.who.clone(),
        to: draft.to.clone(),
        from: rfc3339(draft.shift.start),
        until: rfc3339(draft.shift.end),
        offered_at: None,
        accepted_by: None,
        accepted_at: None,
        text: draft.report.markdown(),
        draft: Some(draft.report.clone()),
    };
    output::print_as_json("the handover", &line)
}

async fn change(arguments: &Arguments, global: &Global, config: &Arc<Config>) -> u8 {
    let unknown = (arguments.accept || arguments.withdraw).then(|| NOT_OFFERED.map(str::to_owned).into());
    run_service::changing_known(global, unknown, async |run_service| {
        if arguments.accept {
            accept::accept(run_service, config, arguments).await
        } else if arguments.withdraw {
            withdraw(run_service, config, arguments).await
        } else {
            offer(run_service, config, global, arguments).await
        }
    })
    .await
}

async fn withdraw(run_service: &RunService, config: &Config, arguments: &Arguments) -> u8 {
    let duty = match StoredAlerts::read(run_service).await {
        Ok(stored) => stored.duty(config),
        Err(error) => return run_service::broken(&error),
    };
    let Some(record) = duty.offered(&arguments.layer, run_service.now()) else { return not_offered() };
    let said = HandoverWithdrawn { id: record.said.id.clone() };
    match put(run_service, run_service.now(), vec![Statement::OnCall(OnCallStatement::Withdrawn(said))]).await {
        Ok(()) => print_changed(run_service, &record.said.id, arguments, config, "handover taken back\n").await,
        Err(code) => code,
    }
}

/// The problem, and what to do.
const NOT_OFFERED: [&str; 2] = ["no handover is offered", "`opsroom handover` drafts and offers one"];

fn not_offered() -> u8 {
    let [problem, hint] = NOT_OFFERED;
    output::fail(exit::USAGE, problem, hint)
}

/// Drafts one, has it edited, and offers it.
async fn offer(run_service: &RunService, config: &Arc<Config>, global: &Global, arguments: &Arguments) -> u8 {
    let draft = match gather::draft(run_service, config, global, arguments).await {
        Ok(draft) => draft,
        Err(failure) => return failure.report(),
    };
    let mut text = draft.report.markdown();
    let mut written = None;
    if !arguments.yes {
        match edit::edited(&text).await {
            Ok((edited, file)) => (text, written) = (edited, Some(file)),
            Err((problem, hint)) => return output::fail(exit::SOFTWARE, &problem, &hint),
        }
    }
    if is_blank(&text) {
        forget(written.as_deref());
        output::eprint_error("the handover is empty: nothing was offered\n");
        return exit::OK;
    }
    let (lines, left_out) = kept_lines(&text);
    let now = run_service.now();
    let Draft { who, to, shift, next_until, .. } = draft;
    let id = handover_id(now);
    let layer = Name::from(arguments.layer.as_str());
    let next = to.as_ref().map_or_else(String::new, |to| format!(" to {}", title_of_contact(config, to)));
    let (from, until) = (shift.start, shift.end);
    let offered = HandoverOffered { id: id.clone(), layer, who, to, from, until, next_until, text: lines.into() };
    // Of two that are offered nobody knows which one holds.
    let before = draft.offered.map(|id| OnCallStatement::Withdrawn(HandoverWithdrawn { id }));
    let said = before.into_iter().chain([OnCallStatement::Offered(offered)]).map(Statement::OnCall).collect();
    match put(run_service, now, said).await {
        Ok(()) => {
            forget(written.as_deref());
            let cut = left_out.map_or_else(String::new, |left_out| format!("{left_out}\n"));
            let text = format!("handover offered{next}, id {id}; `opsroom handover --accept` accepts it\n{cut}");
            print_changed(run_service, &id, arguments, config, &text).await
        }
        Err(code) => {
            if let Some(file) = written {
                output::eprint_error(&format!("what you wrote is in {}\n", file.display()));
            }
            code
        }
    }
}

/// The lines of a handover, the last of which says how many there were beside them, and the same for who wrote it; `None`:
/// all of it is there.
fn kept_lines(text: &str) -> (Vec<SafeText>, Option<String>) {
    let mut lines: Vec<SafeText> = text.lines().take(MOST_LINES).map(SafeText::new).collect();
    let count = text.lines().count();
    if count <= MOST_LINES {
        return (lines, None);
    }
    lines.truncate(MOST_LINES - 1);
    let left_out = counted(count - lines.len(), "line");
    lines.push(SafeText::new(&format!("({left_out} left out: a handover has {MOST_LINES} at most)")));
    (lines, Some(format!("{left_out} at its end left out: a handover has {MOST_LINES} at most")))
}

/// What a person wrote is on record, or it is nothing: its file goes.
fn forget(written: Option<&Path>) {
    if let Some(Err(error)) = written.map(files::remove) {
        output::eprint_error(&format!("warning: the file of the editor stays: {error}\n"));
    }
}

/// Prints what was done, or with `--json` the handover as it is now.
async fn print_changed(run_service: &RunService, id: &Name, arguments: &Arguments, config: &Config, text: &str) -> u8 {
    if !arguments.json {
        return output::print(text);
    }
    match StoredAlerts::read(run_service).await {
        Ok(stored) => match stored.duty(config).handover(id) {
            Some(record) => output::print_as_json("the handover", &HandoverLine::from(record)),
            None => exit::OK,
        },
        Err(error) => run_service::broken(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handover_of_too_many_lines_says_how_many_are_left_out() {
        assert_eq!(kept_lines("a\nb\n"), (vec!["a".into(), "b".into()], None));
        assert_eq!(kept_lines(&"x\n".repeat(MOST_LINES)).1, None);
        let (lines, left_out) = kept_lines(&"x\n".repeat(MOST_LINES + 2));
        assert_eq!((lines.len(), lines[0].as_str()), (MOST_LINES, "x"));
        assert_eq!(lines[MOST_LINES - 1].as_str(), "(3 lines left out: a handover has 2000 at most)");
        assert_eq!(left_out.as_deref(), Some("3 lines at its end left out: a handover has 2000 at most"));
    }
}
