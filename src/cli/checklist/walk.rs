//! The walkthrough: one step at a time, one prompt a step, in plain lines.

use std::fmt::Write as _;

use super::record::about;
use super::session::Session;
use crate::cli::confirm;
use crate::cli::output;
use crate::config::sections::checklist::{ChecklistStep, ChecklistStyle, StepTask};
use crate::lang::unit;
use crate::model::checklist::{StepKind, StepState};
use crate::text::name::Name;
use crate::world::checklists::said::StepSaying;

/// What a person answered to a prompt.
enum Typed {
    /// Nothing but Enter, or what was asked for.
    Answer(String),
    /// A letter that stands for something else, and what followed it.
    Letter(char, String),
    /// The end of the input.
    Leave,
}

/// What comes after a step.
enum Next {
    /// The step is to be looked at again.
    Stay,
    /// The next one.
    Go,
    /// The first that is not finished.
    Back,
    /// The walk ends; the run can be taken up again.
    Leave,
}

/// Walks through a run until it is signed off or the person leaves.
///
/// # Errors
/// The exit code where the store can't be read or written.
pub(super) async fn walk(session: &mut Session<'_>) -> Result<(), u8> {
    let is_new = session.begin().await?;
    if !session.is_open() {
        return Ok(());
    }
    session.measure(true).await?;
    introduce(session, is_new);
    let waits = session.list.style == ChecklistStyle::ReadDo;
    let mut after: Option<usize> = None;
    loop {
        session.measure(false).await?;
        let Some(run) = session.run().filter(|run| run.is_open()) else { return Ok(()) };
        let round = session.world.round(run);
        let from = after.map_or(0, |after| after + 1);
        let next = (from..round.steps.len()).find(|at| {
            let step = &round.steps[*at];
            !step.state.is_terminal() || (waits && !is_confirmed(step.record.answer.is_some(), step.state))
        });
        let last = next.unwrap_or(round.steps.len());
        for at in from..last {
            output::eprint_error(&format!("{}\n", headline(session, at)));
        }
        let Some(at) = next else {
            if round.next_open(None).is_some() {
                after = None;
                continue;
            }
            return finish(session).await;
        };
        let id = round.steps[at].id().clone();
        match step(session, at, &id).await? {
            Next::Stay => after = at.checked_sub(1),
            Next::Go => after = Some(at),
            Next::Back => after = None,
            Next::Leave => {
                let name = &session.list.name;
                output::eprint_error(&format!("left; `opsroom checklist {name}` resumes\n"));
                return Ok(());
            }
        }
    }
}

/// Whether a step that reads itself needs no look any more.
const fn is_confirmed(is_answered: bool, state: StepState) -> bool {
    is_answered || matches!(state, StepState::NotApplicable)
}

fn introduce(session: &Session<'_>, is_new: bool) {
    let Some(run) = session.run() else { return };
    let round = session.world.round(run);
    let mut text = format!("{} · {} steps", run.title, round.steps.len());
    if let Some(budget) = session.list.budget {
        let _ = write!(text, " · {}", unit::duration(budget));
    }
    if !is_new {
        let by = run.started.as_ref().map_or("", |(_, by)| by.as_str());
        let _ = write!(text, " · resumed, started by {by}");
    }
    if round.is_outdated() {
        text.push_str(" · the list changed since this run started; its steps are the earlier ones");
    } else if round.is_changed() {
        text.push_str(" · the list changed since your last run");
    }
    output::eprint_error(&format!("{text}\n"));
}

/// `3 of 10  failed  Disk below 85 %: 91 % (expected metric:disk < 85%)`.
fn headline(session: &Session<'_>, at: usize) -> String {
    let Some(run) = session.run() else { return String::new() };
    let round = session.world.round(run);
    let Some(step) = round.steps.get(at) else { return String::new() };
    let state = if step.running { "running" } else { step.state.word() };
    format!("{} of {}  {state:<8}  {}{}", at + 1, round.steps.len(), step.title, about(&session.world, step))
}

/// What is asked at a step, as it is shown.
struct Asked {
    kind: StepKind,
    state: StepState,
    /// Whether the round stops at a gate before it.
    is_waiting: bool,
    /// Whether a person said that it fails, over what is measured.
    is_overruled: bool,
    action: Option<Name>,
    /// What Enter does.
    enter: String,
    /// The letters that are taken, and what each does.
    letters: &'static str,
}

/// Shows a step, and what belongs to it.
fn show(session: &Session<'_>, at: usize) -> Option<Asked> {
    output::eprint_error(&format!("{}\n", headline(session, at)));
    let round = session.world.round(session.run()?);
    let found = round.steps.get(at)?;
    if let Some(gate) = &found.gate {
        output::eprint_error(&format!("the round stops at `{gate}` until that passes; Enter looks again\n"));
    }
    let config = found.config;
    let (mut question, mut command, mut action) = (None, None, None);
    match config.map(|config| &config.task) {
        Some(StepTask::Ask(text)) => question = Some(round.filled(text)),
        Some(StepTask::Run(run)) => command = Some(round.command_line(&run.argv)),
        Some(StepTask::Action(name)) => action = Some(name.clone()),
        _ => {}
    }
    let link = config.and_then(|config| config.open.as_ref()).map(|link| round.filled(link));
    let beside = config.and_then(|config| config.show.as_ref()).map(ToString::to_string);
    for (label, text) in [("ask", question), ("see", link), ("beside", beside)] {
        if let Some(text) = text {
            output::eprint_error(&format!("  {label}: {text}\n"));
        }
    }
    let (kind, state) = (found.kind(), found.state);
    let enter = match kind {
        _ if found.gate.is_some() => "look again".to_owned(),
        _ if found.is_overruled() => "take it back".to_owned(),
        StepKind::Auto if state == StepState::Passed => "next".to_owned(),
        StepKind::Auto => "measure again".to_owned(),
        StepKind::Measure => format!("(type the number{})", limit(config.map(ChecklistStep::limit))),
        StepKind::Ask => "yes, or type the answer".to_owned(),
        StepKind::Run => format!("run {}", command.as_deref().unwrap_or("the command")),
        StepKind::Action => format!("run the action {}", action.as_deref().unwrap_or_default()),
        StepKind::Confirm => "looked at, fine".to_owned(),
    };
    let (is_waiting, is_overruled) = (found.gate.is_some(), found.is_overruled());
    // What would be refused is not offered.
    let letters = if is_waiting {
        "n note · q leave"
    } else if found.record.asked.gate {
        "f fail · w waive · d defer · n note · q leave"
    } else {
        "f fail · s skip · w waive · d defer · n note · q leave"
    };
    Some(Asked { kind, state, is_waiting, is_overruled, action, enter, letters })
}

/// One step: what is asked, and what the person says.
async fn step(session: &mut Session<'_>, at: usize, id: &Name) -> Result<Next, u8> {
    let Some(asked) = show(session, at) else { return Ok(Next::Leave) };
    let prompt = format!("  Enter: {} · {}\n> ", asked.enter, asked.letters);
    match ask(&prompt, asked.kind).await {
        Typed::Leave | Typed::Letter('q', _) => Ok(Next::Leave),
        Typed::Letter('n', text) => {
            let text = if text.is_empty() { line("  note: ").await } else { text };
            let said = session.world.say_note(&session.run_id(), Some(id), &text);
            say(session, said).await.map(|_| Next::Stay)
        }
        Typed::Letter(letter, why) => match session.world.takes_word_on(&session.run_id(), id, letter == 's') {
            Ok(()) => decide(session, id, letter, why).await,
            // Before a reason is asked for.
            Err(refused) => {
                report(Err(refused));
                Ok(if asked.is_waiting { Next::Back } else { Next::Stay })
            }
        },
        Typed::Answer(_) if asked.is_waiting => {
            session.measure(true).await?;
            Ok(Next::Back)
        }
        Typed::Answer(typed) => answer(session, id, &asked, typed).await,
    }
}

/// Enter, with what was typed before it.
async fn answer(session: &mut Session<'_>, id: &Name, asked: &Asked, typed: String) -> Result<Next, u8> {
    let takes_text = matches!(asked.kind, StepKind::Measure | StepKind::Ask);
    if !takes_text && !is_yes(&typed) {
        output::eprint_error("  press Enter alone if it is so, or type f if it is not\n");
        return Ok(Next::Stay);
    }
    // To some questions it is the good answer.
    if asked.kind == StepKind::Ask && is_no(&typed) {
        let sure = line("  does the step pass with that? y/N: ").await;
        if sure.is_empty() || !is_yes(&sure) {
            return decide(session, id, 'f', String::new()).await;
        }
    }
    if asked.is_overruled {
        let said = session.world.say_step(&session.run_id(), id, &StepSaying::Reopen);
        return say(session, said).await.map(|_| Next::Stay);
    }
    match asked.kind {
        StepKind::Auto if asked.state == StepState::Passed => return Ok(Next::Go),
        StepKind::Auto => {
            session.measure(true).await?;
            return Ok(Next::Stay);
        }
        StepKind::Action => return act(session, id, asked.action.as_ref()).await,
        StepKind::Run => {
            let ran = session.execute(id).await?;
            report(ran);
            evidence(session, id);
        }
        StepKind::Measure | StepKind::Ask | StepKind::Confirm => {
            let said = session.world.say_step(&session.run_id(), id, &StepSaying::Pass(typed));
            say(session, said).await?;
        }
    }
    let passed = session.run().and_then(|run| run.step(id)).is_some_and(|step| step.state().is_terminal());
    Ok(if passed { Next::Go } else { Next::Stay })
}

fn is_yes(typed: &str) -> bool {
    ["", "y", "yes", "ok"].contains(&&*typed.trim().to_lowercase())
}

fn is_no(typed: &str) -> bool {
    ["n", "no"].contains(&&*typed.trim().to_lowercase())
}

fn limit(limit: Option<String>) -> String {
    limit.filter(|limit| !limit.is_empty()).map_or_else(String::new, |limit| format!(", expected {limit}"))
}

/// Runs the action of a step, with all that guards it.
async fn act(session: &mut Session<'_>, step: &Name, action: Option<&Name>) -> Result<Next, u8> {
    if let Err(why) = session.takes_result_of(step).await? {
        report(Err(why));
        return Ok(Next::Back);
    }
    if let Some(action) = action {
        // What became of it is seen by its run: why it was refused is said already.
        let _ = crate::cli::run::run_of_step(action, session.global, session.config).await;
    }
    session.measure(true).await?;
    Ok(Next::Stay)
}

/// A failure, or passing over a step, each with a reason.
async fn decide(session: &mut Session<'_>, id: &Name, letter: char, why: String) -> Result<Next, u8> {
    if letter == 'd' && session.config.checklists.len() < 2 {
        report(Err("no other checklist to defer it to".to_owned()));
        return Ok(Next::Stay);
    }
    let mut why = if why.is_empty() { line("  why: ").await } else { why };
    let mut to = None;
    if letter == 'd' {
        to = list_to_defer_to(session).await;
        if to.is_none() {
            return Ok(Next::Stay);
        }
    }
    loop {
        let saying = match letter {
            'f' => StepSaying::Fail(why),
            's' => StepSaying::Skip(why),
            'w' => StepSaying::Waive(why),
            _ => StepSaying::Defer(why, to.clone()),
        };
        let said = session.world.say_step(&session.run_id(), id, &saying);
        if say(session, said).await? {
            return Ok(Next::Go);
        }
        // What is typed next is a reason, and no answer to the step.
        why = line("  why, Enter to leave it: ").await;
        if why.is_empty() {
            return Ok(Next::Stay);
        }
    }
}

/// The list to which a step is deferred, asked for until there is one of that name. `None`: the person leaves it.
async fn list_to_defer_to(session: &Session<'_>) -> Option<Name> {
    let list = &session.list.name;
    let next = session.world.next_list(list).map(|(name, _)| name);
    let enter = next.as_ref().map_or_else(|| "to leave it".to_owned(), |name| format!("for {name}"));
    loop {
        let typed = confirm::ask(&format!("  to which list, Enter {enter}: ")).await.ok()?;
        if typed.is_empty() {
            return next;
        }
        match session.world.deferral_of(list, Some(&Name::from(typed))) {
            Ok(name) => return Some(name),
            Err(why) => report(Err(why)),
        }
    }
}

/// The end: everything is finished.
async fn finish(session: &mut Session<'_>) -> Result<(), u8> {
    loop {
        let counts = session.run().map(|run| session.world.round(run).counts().describe()).unwrap_or_default();
        output::eprint_error(&format!("{counts}\n"));
        match ask("  Enter: sign off · n note · q leave unsigned\n> ", StepKind::Confirm).await {
            Typed::Answer(_) => {
                let signed = session.sign().await?;
                let is_signed = signed.is_ok();
                report(signed);
                if is_signed || !session.is_open() {
                    return Ok(());
                }
            }
            Typed::Letter('n', text) => {
                let text = if text.is_empty() { line("  note: ").await } else { text };
                let said = session.world.say_note(&session.run_id(), None, &text);
                say(session, said).await?;
            }
            Typed::Letter(..) | Typed::Leave => return Ok(()),
        }
    }
}

/// Puts it on record; says why not. `true`: it is on record.
async fn say(session: &mut Session<'_>, said: Result<Vec<crate::model::fact::Statement>, String>) -> Result<bool, u8> {
    let said = match said {
        Ok(said) => session.say(said).await?,
        Err(why) => Err(why),
    };
    let is_said = said.is_ok();
    report(said);
    Ok(is_said)
}

fn report(said: Result<(), String>) {
    if let Err(why) = said {
        output::eprint_error(&format!("  {why}\n"));
    }
}

fn evidence(session: &Session<'_>, id: &Name) {
    let answer = session.run().and_then(|run| run.step(id)).and_then(|step| step.answer.as_ref());
    let Some(evidence) = answer.and_then(|answer| answer.evidence.as_ref()) else { return };
    for line in evidence.lines() {
        output::eprint_error(&format!("  | {line}\n"));
    }
}

/// Letters that stand for something other than an answer: alone, or with a text behind them.
const LETTERS: [char; 6] = ['f', 's', 'w', 'd', 'n', 'q'];

async fn ask(prompt: &str, kind: StepKind) -> Typed {
    let Ok(typed) = confirm::ask(prompt).await else { return Typed::Leave };
    let mut letters = typed.chars();
    let Some(first) = letters.next().filter(|first| LETTERS.contains(first)) else { return Typed::Answer(typed) };
    let rest = letters.as_str();
    // An answer in words may begin with one of them: `fine`.
    let is_letter = rest.is_empty() || (rest.starts_with(' ') && kind != StepKind::Ask) || rest.starts_with(": ");
    let rest = rest.trim_start_matches(':').trim();
    if is_letter { Typed::Letter(first, rest.to_owned()) } else { Typed::Answer(typed) }
}

async fn line(prompt: &str) -> String {
    confirm::ask(prompt).await.unwrap_or_default()
}
