//! `opsroom run`: an action with the same guardrails as in the console.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::before::BeforeRun;
use super::confirm::{self, Said, Unconfirmed};
use super::output::{self, exit};
use super::{Global, choose, configuration, runs};
use crate::cli::alerts::StoredAlerts;
use crate::cli::{exit_code, run_service};
use crate::config::plan::{self, PlanError};
use crate::config::preview::Situation;
use crate::config::sections::action::Action;
use crate::config::titles::title_of_check;
use crate::config::{self, Config};
use crate::lang::nearest::{did_you_mean, listed, nearest};
use crate::model::calendar;
use crate::model::preview::Preview;
use crate::model::run::{Confirm, Plan, Run, RunState};
use crate::runtime::foreground::ForegroundRun;
use crate::runtime::runs::{BegunRun, LISTED, Refusal, RefusalReason, RunService};
use crate::runtime::secrets;
use crate::store::StoreError;
use crate::text::SafeText;
use crate::text::redact::{Literals, Redactor};
use crate::text::secret::Secrets;
use crate::world::runs::{LAST_RUNS, summary};
use crate::world::starting::Confirmed;

/// How long the end of the command waits for the store to take down that the run was stopped, and for KILL.
const TO_RECORD: Duration = Duration::from_secs(30);

/// How long the end of a stopped run is waited for once a person wants to leave.
const TO_LEAVE: Duration = Duration::from_secs(3);

/// Arguments of `opsroom run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 verified, or ended well with nothing to verify; 1 not recovered or inconclusive; 2 failed, timed out,
killed, cancelled, regressed or refused; 3 unknown; 64 usage; 78 configuration. The run and its verification continue
whatever happens to this command; Ctrl-C twice stops the run.")]
pub(crate) struct Arguments {
    /// The action
    action: String,
    /// Run the steps that the adapter declares as a dry run; refused where it declares none
    #[arg(long)]
    dry_run: bool,
    /// A parameter of the action
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parameter)]
    set: Vec<(String, String)>,
    /// Confirm in advance; where the target's name must be typed, --yes=TARGET
    #[arg(long, value_name = "TARGET", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    yes: Option<String>,
    /// Why; recorded in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Start it, print its id and return; it is still verified
    #[arg(long)]
    detach: bool,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write NAME=VALUE".to_owned())
}

/// Runs an action.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let config = match configuration::find(global) {
        Ok(found) => found.config,
        Err(code) => return code,
    };
    match output::block_on(run_action(arguments, global, &config)) {
        Ok(Ok(code) | Err(code)) => code,
        Err(error) => output::fail(exit::SOFTWARE, &format!("can't start threads: {error}"), ""),
    }
}

/// Runs the action of a step of a checklist, as `opsroom run` does.
///
/// # Errors
/// The exit code where nothing ran.
pub(super) async fn run_of_step(action: &str, global: &Global, config: &Arc<Config>) -> Result<u8, u8> {
    let arguments = Arguments {
        action: action.to_owned(),
        dry_run: false,
        set: Vec::new(),
        yes: None,
        reason: None,
        detach: false,
    };
    // The whole of an action is large, and a walkthrough waits for it.
    Box::pin(run_action(&arguments, global, config)).await
}

async fn run_action(arguments: &Arguments, global: &Global, config: &Arc<Config>) -> Result<u8, u8> {
    let action = find(config, &arguments.action)?;
    let (secrets, missing) = secrets::resolve(&config.secrets).await;
    for (name, why) in &missing {
        output::eprint_error(&format!("warning: secret {name} is not known: {why}\n"));
    }
    let parameters = arguments.set.iter().cloned().collect();
    if arguments.dry_run && !plan::has_dry_run(config, action) {
        let (adapter, verb) = (action.adapter.to_string(), action.verb.to_string());
        return Err(refuse(&PlanError::NoDryRun { adapter, verb }));
    }
    let planned = plan::plan(config, action, &parameters, arguments.dry_run);
    let (plan, replaced) = match checked(planned, config, action, &parameters, &secrets).await {
        Ok(checked) => checked,
        Err(Refused { code, on_record }) => {
            if let Some(why) = on_record {
                record_refusal(global, config, action, why, &secrets).await;
            }
            return Err(code);
        }
    };
    if plan.terminal && (arguments.detach || !std::io::stdin().is_terminal()) {
        let hint = "run it in a terminal, without --detach";
        return Err(output::fail(exit::USAGE, &format!("`{}` needs a terminal", action.title), hint));
    }
    if plan.is_guarded() && config.console.read_only {
        return Err(output::fail(
            exit::USAGE,
            "read-only: actions that change something can't be started",
            "omit --read-only, or see `read_only` in the configuration; --dry-run works",
        ));
    }
    let (run_service, _) = run_service::open_and_take_in(global).await.map_err(|_| {
        output::eprint_error("refused: nothing ran\n");
        exit::CRITICAL
    })?;
    let done = Box::pin(execute(&run_service, arguments, global, config, (action, plan, replaced, secrets))).await;
    run_service.close().await;
    done
}

/// A plan that was refused before the store was needed, which is said on stderr.
struct Refused {
    code: u8,
    /// Why, where it would have changed something: that goes on record.
    on_record: Option<SafeText>,
}

/// The plan whose parameters are among their choices, and in which no secret is written; by parameter what its value replaces.
async fn checked(
    planned: Result<Plan, PlanError>,
    config: &Config,
    action: &Action,
    parameters: &BTreeMap<String, String>,
    secrets: &Secrets,
) -> Result<(Plan, BTreeMap<String, SafeText>), Refused> {
    let is_guarded = planned.as_ref().is_ok_and(Plan::is_guarded);
    let refused = |code: u8, why: Option<SafeText>| Refused { code, on_record: why.filter(|_| is_guarded) };
    // Whoever mistyped a value is told what there is, before what follows from it.
    let replaced = match choose::check(config, action, parameters, secrets).await {
        Ok(replaced) => replaced,
        Err(unchosen) => return Err(refused(unchosen.code, unchosen.why)),
    };
    let plan = planned.map_err(|error| refused(refuse(&error), None))?;
    plan::refuse_literals(&plan, &Literals::from(secrets))
        .map_err(|written| refused(refuse(&written), Some(SafeText::new(&written.to_string()))))?;
    Ok((plan, replaced))
}

/// Puts on record what was refused before the store was needed. Read-only, nothing is written.
async fn record_refusal(global: &Global, config: &Config, action: &Action, why: SafeText, secrets: &Secrets) {
    if config.console.read_only {
        return;
    }
    // Why it can't be opened is said by then.
    let Ok((run_service, _)) = run_service::open_and_take_in(global).await else { return };
    let why = Redactor::from(secrets).clean(why.as_str().as_bytes());
    if let Err(error) = run_service.record_unplanned(action, why).await {
        output::eprint_error(&format!("warning: that it was refused is not on record: {error}\n"));
    }
    run_service.close().await;
}

/// Shows what will run, has it confirmed, runs it and watches it to its end.
async fn execute(
    run_service: &RunService,
    arguments: &Arguments,
    global: &Global,
    config: &Arc<Config>,
    (action, plan, replaced, secrets): (&Action, Plan, BTreeMap<String, SafeText>, Secrets),
) -> Result<u8, u8> {
    let digest = plan.digest();
    let grade = plan::effective_confirm(&config.console, action, plan.is_guarded());
    let (preview, context) = preview(run_service, global, config, (action, &plan, &replaced), grade)
        .await
        .map_err(|error| run_service::broken(&error))?;
    output::eprint_error(&preview.text(&context));
    let said = Said { yes: arguments.yes.as_deref(), reason: arguments.reason.as_deref() };
    let reason = confirm::confirm(grade, &plan, said).await.map_err(|unconfirmed| match unconfirmed {
        Unconfirmed::Usage(problem, hint) => output::fail(exit::USAGE, &problem, &hint),
        Unconfirmed::Cancelled => {
            output::eprint_error("cancelled, nothing ran\n");
            exit::CRITICAL
        }
    })?;

    let context = crate::sources::SourceContext {
        config: Arc::clone(config),
        secrets: Arc::new(secrets),
        clock: global.clock,
        out: tokio::sync::mpsc::channel(1).0,
        cancel: CancellationToken::new(),
    };
    let verify = action.verify.as_ref().filter(|_| plan.changing);
    let before = BeforeRun::look(&context, action, verify).await;
    let start = before.start_run(action, Confirmed { plan, digest, preview, reason });
    let begun = run_service.begin_here(&start, config, &context.secrets).await;
    let BegunRun { run: begun, foreground } =
        begun.map_err(|Refusal { reason: RefusalReason { why, hint }, .. }| {
            output::fail(exit::CRITICAL, &format!("refused: {why}"), hint.as_str())
        })?;
    if arguments.detach {
        output::eprint_error(&format!("opsroom runs {} --follow shows its progress\n", begun.id));
        return Ok(output::print(&format!("{}\n", begun.id)));
    }
    let ended = match foreground {
        Some(run) => in_terminal(run).await,
        None => to_end(run_service, begun).await,
    };
    let outcome = ended.outcome_and_note(|check| title_of_check(config, check));
    output::print(&format!("{}: {outcome}\n", ended.id));
    hint_at_next(run_service, action, &ended, start.plan.changing).await;
    Ok(exit_code::of_run(&ended))
}

/// Says what may come after a run: where its outcome waits, how it is followed or verified, what is offered.
async fn hint_at_next(run_service: &RunService, action: &Action, ended: &Run, changing: bool) {
    if ended.is_not_stored_yet()
        && let Err(why) = run_service.store().trusted().await
    {
        output::eprint_error(&format!("warning: {why}; the outcome waits for it\nhint: {}\n", why.hint()));
    }
    if ended.state.is_open() {
        output::eprint_error(&format!("{}\n", ended.continues()));
    } else if ended.can_be_verified_now() {
        output::eprint_error(&runs::lost_hint(ended));
    } else if let Some(offered) =
        action.on_failure.as_ref().filter(|_| exit_code::of_run(ended) != exit::OK && changing)
    {
        output::eprint_error(&format!("hint: it did not help; next: opsroom run {offered}\n"));
    }
}

/// What will run, with what the store knows against it; and how the last runs went.
async fn preview(
    run_service: &RunService,
    global: &Global,
    config: &Config,
    (action, plan, replaced): (&Action, &Plan, &BTreeMap<String, SafeText>),
    grade: Confirm,
) -> Result<(Preview, Vec<(&'static str, SafeText)>), StoreError> {
    let locks = run_service.store().locks().await?;
    let runs = run_service.store().runs(LISTED).await?;
    let mut changes = StoredAlerts::read(run_service).await?.changes;
    let (now, zone) = (run_service.now(), config.console.timezone);
    changes.extend(config.freezes_around(now));
    let objection = calendar::objection(&changes.iter(), plan.service.as_deref(), now, zone);
    let mut tried = runs.iter().filter(|run| run.action == action.name && run.state != RunState::Refused);
    let situation = Situation {
        grade,
        lock: locks.iter().find(|lock| lock.target == plan.target),
        last_start: tried.next().map(|run| global.clock.moment().since(run.began())),
        blocked_by: None,
        objection: objection.as_deref(),
    };
    let last = runs.iter().filter(|run| run.action == action.name).take(LAST_RUNS);
    let context = last.map(|run| ("last run", SafeText::new(&summary(run, config.console.timezone)))).collect();
    let warnings = config::preview::warnings(config, action, plan, situation);
    let preview = config::preview::preview(config, action, plan, replaced);
    Ok((Preview { warnings, ..preview }, context))
}

/// Prints the output to the end. Ctrl-C once says that the run continues by itself; twice it stops the steps, or leaves
/// the verification, which continues; once more leaves a run of which nothing works any more. None of it asks the store,
/// which may be locked or full.
async fn to_end(run_service: &RunService, begun: Run) -> Run {
    let run = begun.clone();
    let mut interrupts = signal(SignalKind::interrupt()).ok();
    let mut ended = std::pin::pin!(runs::print_to_end(run_service, begun));
    let mut stop = std::pin::pin!(stop(run_service, &run));
    let (mut said, mut stops, mut stopped) = (false, false, false);
    let over = loop {
        tokio::select! {
            over = &mut ended => break over,
            () = &mut stop, if stops && !stopped => { stopped = true; continue; }
            () = interrupted(&mut interrupts) => {}
        }
        let now = run_service.as_it_stands(run.clone());
        if now.state == RunState::Verifying {
            return now;
        }
        // Its end may wait for a disk with room for it, and that for ever.
        if stops && !run_service.works(&run).await {
            break match tokio::time::timeout(TO_LEAVE, &mut ended).await {
                Ok(over) => over,
                Err(_) => run_service.as_it_stands(run.clone()),
            };
        }
        if std::mem::replace(&mut said, true) {
            stops = true;
        } else {
            let id = &run.id;
            output::eprint_error(&format!(
                "run {id} continues without this command; Ctrl-C again stops it, opsroom runs {id} --follow shows it\n"
            ));
        }
    };
    if over.state.is_open() {
        output::eprint_error("stopped; no process of it is left running; its end could not be stored yet\n");
    }
    let patience = if over.state.is_open() { Duration::ZERO } else { TO_RECORD };
    if stops && !stopped {
        let recorded = tokio::select! {
            recorded = tokio::time::timeout(patience, stop) => recorded.is_ok(),
            // Its end is known, and its record may wait for a disk with room for it.
            () = interrupted(&mut interrupts) => false,
        };
        if !recorded {
            output::eprint_error("error: that it was stopped is not on record: the store can't be written\n");
        }
    }
    over
}

/// Lends the terminal to a run. What is typed there is meant for it alone; where the line drops, it gets HUP.
async fn in_terminal(run: ForegroundRun) -> Run {
    let _theirs = [SignalKind::interrupt(), SignalKind::quit()].map(|kind| signal(kind).ok());
    let mut ends = [SignalKind::hangup(), SignalKind::terminate()].map(|kind| signal(kind).ok());
    let [dropped, terminated] = &mut ends;
    let hang_up = CancellationToken::new();
    let mut ended = std::pin::pin!(run.run(hang_up.clone(), false));
    loop {
        tokio::select! {
            run = &mut ended => return run,
            () = interrupted(dropped) => hang_up.cancel(),
            () = interrupted(terminated) => hang_up.cancel(),
        }
    }
}

/// Stops a run and puts that on record.
async fn stop(run_service: &RunService, run: &Run) {
    match run_service
        .stop(run, |stopping| output::eprint_error(&format!("{}\n", stopping.describe(Duration::ZERO))))
        .await
    {
        Ok(recorded) => {
            if let Err(error) = run_service.record_stop(run, &recorded).await {
                output::eprint_error(&format!("warning: that it was stopped is not on record: {error}\n"));
            }
        }
        Err(why) => output::eprint_error(&format!("error: {why}\n")),
    }
}

async fn interrupted(interrupts: &mut Option<Signal>) {
    match interrupts {
        Some(interrupts) => drop(interrupts.recv().await),
        None => std::future::pending().await,
    }
}

fn find<'a>(config: &'a Config, name: &str) -> Result<&'a Action, u8> {
    let names = || config.actions.iter().map(|action| action.name.as_ref());
    config.actions.iter().find(|action| action.name.as_ref() == name).ok_or_else(|| {
        let hint = match nearest(name, names()) {
            Some(near) => did_you_mean(near),
            None if config.actions.is_empty() => "the configuration has no actions".to_owned(),
            None => format!("actions: {}", listed(names())),
        };
        output::fail(exit::USAGE, &format!("no action named `{name}`"), &hint)
    })
}

pub(super) fn refuse(error: &PlanError) -> u8 {
    output::fail(exit::USAGE, &error.to_string(), "")
}
