//! Steps that get the terminal: a shell, `psql`, an editor.
//!
//! They run under whoever asked, without a supervisor, and in its process group: only what is in the foreground may read
//! from the terminal. Where the line drops, they get HUP, as everything else in that terminal does.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::given;
use super::message;
use super::step::StepEnd;
use crate::actions::intent::RunIntent;
use crate::actions::launch::PreparedRun;
use crate::actions::rundir::{End, StepOutcome};
use crate::clock::Clock;
use crate::model::preview::command_line;
use crate::process::{Invocation, TerminalBorrower, job};
use crate::text::SafeText;

/// A step that failed within this time was no session: what it printed is the reason.
const AT_ONCE: Duration = Duration::from_secs(3);

/// The steps of a run whose intent is on record.
pub(crate) struct TerminalSteps {
    /// Its directory, locked until the steps have ended.
    pub prepared: PreparedRun,
    /// What runs.
    pub intent: RunIntent,
    /// The declared environment, secrets filled in.
    pub declared: BTreeMap<String, String>,
}

/// What became of steps that had the terminal.
pub(crate) struct TerminalEnd {
    /// What a person has not read yet of a step that failed at once.
    pub unread: Option<Unread>,
    /// Whether it could be written into the directory how they ended.
    pub written: io::Result<()>,
}

/// The command of a step that failed at once, and how it ended: what it printed is still on the screen.
pub(crate) struct Unread(SafeText);

/// The terminal that is handed over.
pub(crate) struct LentTerminal<T> {
    /// Its keyboard, for one step.
    pub keyboard: T,
    /// Cancelled where the terminal is gone, or wanted back.
    pub hang_up: CancellationToken,
    /// Whether the screen is ours afterwards: a step that failed at once is then read before it is covered.
    pub is_covered: bool,
}

impl TerminalSteps {
    /// Runs them one after the other, and writes into the directory how they ended; it is not locked any more then.
    pub(crate) async fn run<T>(mut self, clock: Clock, terminal: &LentTerminal<T>) -> TerminalEnd
    where
        T: Fn() -> io::Result<OwnedFd>,
    {
        if let Err(error) = self.prepared.begun() {
            return TerminalEnd { unread: None, written: Err(error) };
        }
        let steps = &self.intent.plan.steps;
        let deadline = clock.now().mono + self.intent.plan.timeout;
        let (mut number, mut ran, mut end, mut unread) = (0, false, StepEnd::nothing(), None);
        for argv in steps {
            number += 1;
            let began = clock.now().mono;
            end = self.step(argv, deadline.saturating_sub(began), terminal).await;
            ran |= end.ran;
            if !end.is_success() {
                if end.ran && terminal.is_covered && clock.now().mono.saturating_sub(began) < AT_ONCE {
                    unread = Some(Unread::of(argv, &end));
                }
                break;
            }
        }
        let now = clock.moment();
        let said = message(&end, &end.message, (number, steps.len()), &[]);
        let written = self.prepared.dir().write_end(&End {
            at: now.utc,
            how: end.how,
            exit_code: end.exit_code,
            signal: end.signal,
            step: number,
            ran,
            to_verify: false,
            message: SafeText::new(&said),
            survivors: Vec::new(),
            lines: 0,
            omitted: 0,
            cancelled: None,
            took: now.boot.zip(self.intent.boot).and_then(|(now, began)| now.since(began)),
        });
        TerminalEnd { unread, written }
    }

    async fn step<T>(&self, argv: &[String], left: Duration, terminal: &LentTerminal<T>) -> StepEnd
    where
        T: Fn() -> io::Result<OwnedFd>,
    {
        let started = match Invocation::from_argv(argv) {
            Ok(command) => self.start(command, terminal),
            Err(error) => Err(error.to_string()),
        };
        let mut child = match started {
            Ok(child) => child,
            Err(why) => return StepEnd::failed(why),
        };
        let stopped = tokio::select! {
            status = child.ended() => return StepEnd::of_session(status, None),
            () = terminal.hang_up.cancelled() => (StepOutcome::Signalled, "the terminal was closed".to_owned()),
            () = tokio::time::sleep(left) => {
                (StepOutcome::TimedOut, format!("still open after {:?}", self.intent.plan.timeout))
            }
        };
        child.hang_up();
        let status = match tokio::time::timeout(self.intent.plan.grace, child.ended()).await {
            Ok(status) => status,
            Err(_) => match child.kill() {
                Ok(()) => child.ended().await,
                Err(error) => Err(error),
            },
        };
        StepEnd::of_session(status, Some(stopped))
    }

    fn start<T>(&self, command: Invocation, terminal: &LentTerminal<T>) -> Result<TerminalBorrower, String>
    where
        T: Fn() -> io::Result<OwnedFd>,
    {
        let keyboard = (terminal.keyboard)().map_err(|error| format!("the terminal can't be opened: {error}"))?;
        let environment = given(&self.intent, &self.declared);
        let command = command.directory(&self.intent.plan.directory).in_terminal_environment().envs(environment);
        command.start_in_terminal(keyboard, None).map_err(|error| error.to_string())
    }
}

impl Unread {
    fn of(argv: &[String], end: &StepEnd) -> Self {
        let how = match (end.exit_code, end.signal) {
            (Some(code), _) => format!("exit {code}"),
            (None, signal) => format!("ended by signal {}", signal.unwrap_or_default()),
        };
        Self(SafeText::new(&format!("{}: {how}", command_line(argv))))
    }

    /// Keeps it on the screen until a person has read it. The run is over by then: Enter only takes the words away.
    pub(crate) async fn show<T>(self, terminal: &LentTerminal<T>)
    where
        T: Fn() -> io::Result<OwnedFd>,
    {
        // What was killed may have left the terminal drawing lines for letters.
        let script = r#"printf '\033(B\017\033[m\n%s\nPress Enter to return to opsroom ' "$1"; read -r _"#;
        let Ok(keyboard) = (terminal.keyboard)() else { return };
        // Else the question would be answered before it is seen.
        job::forget_typed(&keyboard);
        let question = Invocation::shell(script).args(["opsroom", self.0.as_str()]).in_terminal_environment();
        let Ok(mut child) = question.start_in_terminal(keyboard, None) else { return };
        tokio::select! {
            _ = child.ended() => {}
            () = terminal.hang_up.cancelled() => child.hang_up(),
        }
    }
}

impl StepEnd {
    /// How a step ended that had the terminal; `stopped`: in which way it was made to, and why.
    fn of_session(status: io::Result<ExitStatus>, stopped: Option<(StepOutcome, String)>) -> Self {
        let status = match status {
            Ok(status) => status,
            Err(error) => return Self { ran: true, ..Self::failed(format!("its status is not known: {error}")) },
        };
        let (exit_code, signal) = (status.code(), status.signal());
        let by_itself =
            || (if exit_code.is_some() { StepOutcome::Exited } else { StepOutcome::Signalled }, String::new());
        let (how, message) = stopped.unwrap_or_else(by_itself);
        Self { how, exit_code, signal, ran: true, message, survivors: Vec::new() }
    }
}
