//! What a person may choose from: the lines that an adapter's `choices` command prints.

use std::path::Path;
use std::time::Duration;

use crate::model::choice::{Choice, ChoiceList};
use crate::process::{self, ChildError, Invocation, Limits};
use crate::text::SafeText;
use crate::text::redact::Redactor;

/// Bound on the whole command: a person waits for it.
pub(crate) const CHOICES_TIMEOUT: Duration = Duration::from_secs(10);
/// At most so many values are offered.
pub(crate) const MOST_CHOICES: usize = 500;
const MOST_BYTES: usize = 256 << 10;

/// Runs `argv` and returns the values of its lines, each plain or an object as [`Choice::read`] reads it: without empty
/// ones and repetitions, the first [`MOST_CHOICES`]; what is left out is counted.
///
/// # Errors
/// A sentence: it could not be started, took too long, failed (with the end of its stderr), or printed nothing.
pub(crate) async fn choices<'a>(
    argv: &[String],
    directory: &Path,
    env: impl IntoIterator<Item = (&'a String, &'a String)>,
    redactor: &Redactor,
) -> Result<ChoiceList, SafeText> {
    let Some(program) = argv.first() else {
        return Err(SafeText::new("no command configured for choices"));
    };
    let command = Invocation::from_argv(argv).map_err(|error| SafeText::new(&error.to_string()))?;
    let command = command.directory(directory).envs(env);
    let limits = Limits { timeout: CHOICES_TIMEOUT, most_bytes: MOST_BYTES };
    let output = process::run(command, limits, || ()).await.map_err(|error| match error {
        ChildError::Start(error) => SafeText::new(&error.to_string()),
        ChildError::TimedOut(after, survivors) => {
            said(program, &format!("gave no choices within {} s{survivors}", after.as_secs()))
        }
        ChildError::TooMuch(..) | ChildError::Wait(_) => said(program, &error.to_string()),
    })?;
    if !output.status.success() {
        let err = String::from_utf8_lossy(&output.stderr);
        let last = err.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        let last = if last.is_empty() { String::new() } else { format!(": {last}") };
        return Err(redactor.redact_safe(&said(program, &format!("failed ({}){last}", output.status))));
    }
    let out = String::from_utf8_lossy(&output.stdout);
    let list = list(&out, redactor);
    if list.values.is_empty() {
        let left_out = list.left_out().map_or_else(String::new, |words| format!("; {words}"));
        return Err(said(program, &format!("printed nothing to choose from{left_out}")));
    }
    Ok(list)
}

fn list(out: &str, redactor: &Redactor) -> ChoiceList {
    let mut list = ChoiceList::default();
    for line in out.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some(choice) = Choice::read(line, redactor) else {
            list.unreadable += 1;
            continue;
        };
        let full = list.values.len() == MOST_CHOICES;
        match list.values.iter_mut().find(|known| known.value == choice.value) {
            Some(known) => known.running |= choice.running,
            None if full => list.beyond += 1,
            None => list.values.push(choice),
        }
    }
    list
}

fn said(program: &str, what: &str) -> SafeText {
    SafeText::new(&format!("`{program}` {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(script: &str) -> Result<ChoiceList, SafeText> {
        let argv = ["/bin/sh", "-c", script].map(str::to_owned);
        choices(&argv, Path::new("/"), [], &Redactor::default()).await
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let redactor = Redactor::default();
        let many = (0..MOST_CHOICES + 3).map(|number| format!("v{number}")).collect::<Vec<_>>().join("\n");
        let all = list(&format!("a\u{1b}]0;b\u{7}\n{many}\nv1\n{}\n", "x".repeat(500_000)), &redactor);
        assert_eq!((all.values.len(), all.beyond, all.unreadable), (MOST_CHOICES, 3, 2));
        let said = "left out: 3 more than the first 500, 2 lines that are too long or not plain text";
        assert_eq!(all.left_out().as_deref(), Some(said));
        assert_eq!(list("v1\n\nv1\n", &redactor).left_out(), None);
    }

    #[tokio::test]
    async fn a_child_that_keeps_its_output_open_costs_nothing() {
        // The bound is that of the command: an answer at all shows that the child of the child was not waited for.
        let values = ask("sleep 300 & echo v2; echo v1").await.unwrap();
        assert_eq!(values.values, ["v2", "v1"].map(|value| Choice::from(SafeText::new(value))));
        let error = ask("sleep 300 & echo no releases >&2; exit 4").await.unwrap_err();
        assert!(error.as_str().ends_with("no releases"), "{error}");
    }
}
