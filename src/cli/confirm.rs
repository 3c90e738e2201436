//! The confirmation of an action in the shell: what will run is shown, then a person says yes, or a flag did.
//!
//! Without a terminal nobody can be asked, so the flags must say it: `--yes` where a yes is asked for, `--yes=TARGET` where
//! the target's name is to be typed, and `--reason` with it where the action asks for two persons. A bare `--yes` never
//! stands for a typed name: it would be in every script, whatever it acts on.

use std::io::{self, BufRead as _, IsTerminal as _};

use super::output;
use crate::model::run::{Confirm, Plan};

/// What the command line says of the confirmation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    /// `--yes`: `Some("")` without a name.
    pub yes: Option<&'a str>,
    /// `--reason`
    pub reason: Option<&'a str>,
}

/// Why it is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unconfirmed {
    /// The command line does not say enough, or says something else: the problem and a hint.
    Usage(String, String),
    /// A person did not say yes.
    Cancelled,
}

/// Asks for what `grade` wants. Returns the reason that was given.
///
/// # Errors
/// It is not confirmed: nothing may run.
pub(crate) async fn confirm(grade: Confirm, plan: &Plan, said: Said<'_>) -> Result<Option<String>, Unconfirmed> {
    let usage = |problem: &str, hint: &str| Err(Unconfirmed::Usage(problem.to_owned(), hint.to_owned()));
    let mut reason = said.reason.map(str::to_owned).filter(|reason| !reason.trim().is_empty());
    let target = plan.target.as_str();
    let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
    match (grade, said.yes) {
        (Confirm::None, _) => return Ok(reason),
        (_, Some(named)) if !named.is_empty() && named != target => {
            return usage(&format!("--yes={named} does not name the target, which is {target}"), "");
        }
        (Confirm::Yes, Some(_)) => {}
        (Confirm::TypeName | Confirm::TwoPerson, Some(named)) if named == target => {}
        (Confirm::Yes, None) if asks => typed("yes", "Type yes to run it; anything else cancels: ").await?,
        (_, None) if asks => typed(target, &format!("Type {target} to run it; anything else cancels: ")).await?,
        (Confirm::Yes, None) => return usage("not confirmed, and no terminal to ask on", "use --yes"),
        (_, given) => {
            let lack = if given.is_some() { "--yes alone does not name it" } else { "no terminal to ask on" };
            return usage(&format!("this asks for the target's name, and {lack}"), &format!("--yes={target} confirms"));
        }
    }
    if grade == Confirm::TwoPerson {
        if reason.is_none() && asks {
            let answer = ask("Reason, for the audit; empty cancels: ").await?;
            reason = Some(answer).filter(|answer| !answer.is_empty());
            if reason.is_none() {
                return Err(Unconfirmed::Cancelled);
            }
        }
        if reason.is_none() {
            return usage("this asks for a reason", "--reason TEXT gives it");
        }
    }
    Ok(reason)
}

async fn typed(wanted: &str, prompt: &str) -> Result<(), Unconfirmed> {
    if ask(prompt).await? == wanted { Ok(()) } else { Err(Unconfirmed::Cancelled) }
}

/// Asks for a line on the terminal. Its end (Ctrl-D) and Ctrl-C cancel.
pub(super) async fn ask(prompt: &str) -> Result<String, Unconfirmed> {
    // What was typed before the question was there can't be its answer: over a slow link it was meant for the shell.
    let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
    output::eprint_error(prompt);
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        matches!(io::stdin().lock().read_line(&mut line), Ok(1..)).then_some(line)
    });
    // The thread that reads is left behind where nobody answers: the command ends without it.
    let answer = tokio::select! {
        line = line => line.ok().flatten(),
        _ = tokio::signal::ctrl_c() => None,
    };
    if answer.is_none() {
        output::eprint_error("\n");
    }
    answer.map(|line| line.trim().to_owned()).ok_or(Unconfirmed::Cancelled)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    fn plan() -> Plan {
        Plan {
            action: "restart-api".into(),
            verb: "restart".into(),
            adapter: "ours".into(),
            service: None,
            target: "api".to_owned(),
            environment: String::new(),
            host: "local".to_owned(),
            directory: "/".into(),
            steps: Vec::new(),
            env: BTreeMap::new(),
            parameters: BTreeMap::new(),
            timeout: Duration::ZERO,
            grace: Duration::ZERO,
            changing: true,
            dry_run: false,
            terminal: false,
        }
    }

    #[tokio::test]
    async fn the_flags_must_say_as_much_as_a_person_would() {
        let plan = plan();
        let ok = async |grade, yes, reason| confirm(grade, &plan, Said { yes, reason }).await.is_ok();
        assert!(ok(Confirm::None, None, None).await);
        assert!(ok(Confirm::Yes, Some(""), None).await && ok(Confirm::Yes, Some("api"), None).await);
        assert!(!ok(Confirm::Yes, Some("db"), None).await);
        assert!(!ok(Confirm::TypeName, Some(""), None).await && !ok(Confirm::TypeName, Some("db"), None).await);
        assert!(ok(Confirm::TypeName, Some("api"), None).await);
        assert!(!ok(Confirm::TwoPerson, Some("api"), None).await);
        assert!(!ok(Confirm::TwoPerson, Some("api"), Some(" ")).await);
        assert_eq!(
            confirm(Confirm::TwoPerson, &plan, Said { yes: Some("api"), reason: Some("x") }).await,
            Ok(Some("x".to_owned()))
        );
    }
}
