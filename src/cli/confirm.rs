//! The confirmation of an action in the shell: what will run is shown, then a person says yes, or a flag did.
//!
//! Without a terminal nobody can be asked, so the flags must say it: `--yes` where a yes is asked for, `--yes=TARGET` where
//! the target's name is to be typed, and `--reason` with it where the action asks for two persons. A bare `--yes` never
//! stands for a typed name: it would be in every script, whatever it acts on.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal as _};

use super::output;
use crate::config::sections::action::Action;
use crate::model::run::{Confirm, Plan};
use crate::model::text::SafeText;

/// What the command line says of the confirmation.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// `--yes`: `Some("")` without a name.
    pub yes: Option<&'a str>,
    /// `--reason`
    pub reason: Option<&'a str>,
}

/// Asks for what `grade` wants. Returns the reason that was given, or why it is not confirmed.
///
/// # Errors
/// The problem and a hint.
pub fn confirm(grade: Confirm, plan: &Plan, said: Said<'_>) -> Result<Option<String>, (String, String)> {
    let mut reason = said.reason.map(str::to_owned).filter(|reason| !reason.trim().is_empty());
    let target = plan.target.as_str();
    let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
    match (grade, said.yes) {
        (Confirm::None, _) => return Ok(reason),
        (_, Some(named)) if !named.is_empty() && named != target => {
            return Err((format!("--yes={named} does not name the target, which is {target}"), String::new()));
        }
        (Confirm::Yes, Some(_)) => {}
        (Confirm::TypeName | Confirm::TwoPerson, Some(named)) if named == target => {}
        (Confirm::Yes, None) if asks => typed("yes", "Type yes to run it: ")?,
        (_, None) if asks => typed(target, &format!("Type {target} to run it: "))?,
        (Confirm::Yes, None) => {
            return Err(("nobody can be asked here, as there is no terminal".to_owned(), "--yes confirms".to_owned()));
        }
        _ => {
            let problem = format!(
                "this asks for the target's name, and {}",
                if asks { "--yes does not give it" } else { "there is no terminal" }
            );
            return Err((problem, format!("--yes={target} confirms")));
        }
    }
    if grade == Confirm::TwoPerson {
        output::complain(
            "warning: this asks for a second person, but the store knows only one user, so nobody can approve: your name and \
             your reason go on record\n",
        );
        if reason.is_none() && asks {
            let answer = ask("Reason: ")?;
            reason = Some(answer).filter(|answer| !answer.is_empty());
        }
        if reason.is_none() {
            return Err(("this asks for a reason".to_owned(), "--reason TEXT gives it".to_owned()));
        }
    }
    Ok(reason)
}

fn typed(wanted: &str, prompt: &str) -> Result<(), (String, String)> {
    let answer = ask(prompt)?;
    if answer == wanted { Ok(()) } else { Err(("not confirmed: nothing was run".to_owned(), String::new())) }
}

fn ask(prompt: &str) -> Result<String, (String, String)> {
    // What was typed before the question was there can't be its answer: over a slow link it was meant for the shell.
    let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
    output::complain(prompt);
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    match read {
        Ok(1..) => Ok(line.trim().to_owned()),
        _ => Err(("not confirmed: nothing was run".to_owned(), String::new())),
    }
}

/// Everything that a person should see before saying yes.
pub fn preview(plan: &Plan, action: &Action) -> String {
    let mut text = String::new();
    let mut fact = |label: &str, value: &str| {
        let _ = writeln!(text, "  {label:<12} {}", SafeText::new(value));
    };
    let environment =
        if plan.environment.is_empty() { "not named".to_owned() } else { plan.environment.to_uppercase() };
    fact("environment", &environment);
    fact("action", &format!("{}{}", action.title, if plan.dry_run { " (dry run)" } else { "" }));
    fact("target", &plan.target);
    fact("does", &format!("{} by adapter {}", plan.verb, plan.adapter));
    for (name, value) in plan.parameters.iter().chain(&action.set) {
        fact(name, value);
    }
    for (index, step) in plan.steps.iter().enumerate() {
        fact(&format!("step {}", index + 1), &step.join(" "));
    }
    fact("directory", &plan.directory.display().to_string());
    for (name, value) in &plan.env {
        fact("env", &format!("{name}={value}"));
    }
    let seconds = |duration: std::time::Duration| duration.as_secs_f32();
    fact("timeout", &format!("{} s, then TERM, then KILL after {} s", seconds(plan.timeout), seconds(plan.grace)));
    match action.verify.as_ref().filter(|_| plan.changing) {
        Some(verify) => fact(
            "verified by",
            &format!("{}: {} good within {} s", verify.checks.join(", "), verify.good, seconds(verify.within)),
        ),
        None => fact("verified by", "nothing but the exit code"),
    }
    fact("digest", &plan.digest());
    text
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
        }
    }

    #[test]
    fn the_flags_must_say_as_much_as_a_person_would() {
        let ok = |grade, yes, reason| confirm(grade, &plan(), Said { yes, reason }).is_ok();
        assert!(ok(Confirm::None, None, None));
        assert!(ok(Confirm::Yes, Some(""), None) && ok(Confirm::Yes, Some("api"), None));
        assert!(!ok(Confirm::Yes, Some("db"), None));
        assert!(!ok(Confirm::TypeName, Some(""), None) && !ok(Confirm::TypeName, Some("db"), None));
        assert!(ok(Confirm::TypeName, Some("api"), None));
        assert!(!ok(Confirm::TwoPerson, Some("api"), None) && !ok(Confirm::TwoPerson, Some("api"), Some(" ")));
        assert_eq!(
            confirm(Confirm::TwoPerson, &plan(), Said { yes: Some("api"), reason: Some("x") }),
            Ok(Some("x".to_owned()))
        );
    }
}
