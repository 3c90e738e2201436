//! What will run, as a person reads it before saying yes: made once from a plan, and shown, printed and kept as it is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::run::Plan;
use super::shell;
use crate::lang::unit;
use crate::text::redact::Redactor;
use crate::text::{SafeText, visible};

/// An argument that is longer than this is folded whatever it is, and a row that would be longer is continued in another.
/// In characters.
const ROW: usize = 2000;
/// A script of one line that is longer than this is folded out of its command. In characters.
const SCRIPT_FROM: usize = 60;
/// Characters of a digest that are shown: enough to tell plans apart, few enough to compare by eye.
const DIGEST: usize = 16;
/// The label of the row that holds it.
pub(crate) const DIGEST_LABEL: &str = "digest";
/// Programs whose `-c` takes a script.
const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "zsh", "ksh"];

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// A label with its value.
    Fact,
    /// The command of a step, each argument quoted for a POSIX shell.
    Command,
    /// A line of a script or of another argument of many lines; its label is its number, from 1.
    Script,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewRow {
    /// What it is.
    pub kind: RowKind,
    /// The label.
    pub label: String,
    /// The value.
    pub text: SafeText,
}

/// What will run: the same rows in the dialog, in the shell, for a dry run, with the run and in the audit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Preview {
    /// In the order in which a person asks: where, what, how exactly, within which bounds.
    pub rows: Vec<PreviewRow>,
    /// What speaks against it.
    pub warnings: Vec<SafeText>,
}

/// What a plan does not hold.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct About<'a> {
    /// The title of the action.
    pub title: &'a str,
    /// By parameter what runs now and gives way to its value, where the adapter says so.
    pub replaced: Option<&'a BTreeMap<String, SafeText>>,
    /// Parameters that the configuration fixes.
    pub fixed: Option<&'a BTreeMap<String, String>>,
    /// For each step the names of the words that its script gets as `${1}`, `${2}`, …
    pub words: &'a [Vec<String>],
    /// What decides how it went.
    pub verified_by: &'a str,
    /// Whether the target is the name of the action, because nothing else names one.
    pub targets_itself: bool,
}

impl Preview {
    /// The rows of a plan, without what speaks against it at a moment.
    pub(crate) fn from_plan(plan: &Plan, about: About<'_>) -> Self {
        let mut rows = Vec::new();
        let mut fact = |label: &str, value: &str| rows.push(fact(label, value));
        let environment = if plan.environment.is_empty() { "not named" } else { &plan.environment };
        fact("environment", &environment.to_uppercase());
        fact("host", &plan.host);
        let title = if about.title.is_empty() { &*plan.action } else { about.title };
        fact("action", &format!("{title}{}", if plan.dry_run { " (dry run)" } else { "" }));
        let of_itself = if about.targets_itself { " (the name of the action: it has no `target`)" } else { "" };
        fact("target", &format!("{}{of_itself}", plan.target));
        fact("does", &format!("{} by adapter {}", plan.verb, plan.adapter));
        let fixed = about.fixed.into_iter().flatten().filter(|(name, _)| !plan.parameters.contains_key(*name));
        for (name, value) in plan.parameters.iter().chain(fixed) {
            match about.replaced.and_then(|replaced| replaced.get(name)) {
                Some(running) => fact(name, &format!("{running} → {}", one_line(value))),
                None => fact(&format!("{name} ="), &one_line(value)),
            }
        }
        for (at, argv) in plan.steps.iter().enumerate() {
            rows.extend(step(&format!("step {}", at + 1), argv));
            let names = about.words.get(at).into_iter().flatten();
            // `/bin/sh -c SCRIPT opsroom WORDS…`
            for (number, (name, value)) in names.zip(argv.iter().skip(4)).enumerate() {
                rows.push(self::fact(&format!("${{{}}}", number + 1), &format!("{name} = {}", one_line(value))));
            }
        }
        let mut fact = |label: &str, value: &str| rows.push(self::fact(label, value));
        fact("directory", &plan.directory.display().to_string());
        if !plan.env.is_empty() {
            let names: Vec<&str> = plan.env.keys().map(String::as_str).collect();
            fact("env", &format!("{} (values are not shown)", names.join(", ")));
        }
        if plan.terminal {
            fact("terminal", "is handed over; input and output are neither recorded nor redacted");
        }
        let (timeout, signal) =
            if plan.terminal { (unit::span(plan.timeout), "HUP") } else { (seconds(plan.timeout), "TERM") };
        fact("timeout", &format!("{timeout}, then stopped ({signal}), {} later killed (KILL)", seconds(plan.grace)));
        if !about.verified_by.is_empty() {
            fact("verified by", about.verified_by);
        }
        fact(DIGEST_LABEL, &plan.digest());
        Self { rows, warnings: Vec::new() }
    }

    /// The same without secrets, to be kept.
    #[must_use]
    pub(crate) fn redacted(&self, redactor: &Redactor) -> Self {
        let row = |row: &PreviewRow| PreviewRow { text: redactor.redact_safe(&row.text), ..row.clone() };
        Self {
            rows: self.rows.iter().map(row).collect(),
            warnings: self.warnings.iter().map(|text| redactor.redact_safe(text)).collect(),
        }
    }

    /// The rows as they are shown: with how things stand before the digest, which is shortened.
    pub(crate) fn shown(&self, context: &[(&'static str, SafeText)]) -> Vec<PreviewRow> {
        let is_digest = |row: &&PreviewRow| row.label == DIGEST_LABEL;
        let mut rows: Vec<PreviewRow> = self.rows.iter().filter(|row| !is_digest(row)).cloned().collect();
        rows.extend(context.iter().map(|(label, text)| fact(label, text.as_str())));
        rows.extend(self.rows.iter().filter(is_digest).map(|row| {
            let short: String = row.text.as_str().chars().take(DIGEST).collect();
            fact(DIGEST_LABEL, &format!("{short} the confirmation is bound to this plan"))
        }));
        rows
    }

    /// As text for a shell: two blanks, label and value a line, then the warnings. `context` is how things stand.
    pub(crate) fn text(&self, context: &[(&'static str, SafeText)]) -> String {
        let mut text = String::new();
        let width = self.label_width();
        for row in &self.shown(context) {
            let _ = match row.kind {
                RowKind::Fact | RowKind::Command => writeln!(text, "  {:width$}  {}", row.label, row.text),
                RowKind::Script => writeln!(text, "  {:>width$} │ {}", row.label, row.text),
            };
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "warning: {warning}");
        }
        text
    }

    /// Columns of the widest label, within reason.
    pub(crate) fn label_width(&self) -> usize {
        self.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0).clamp(6, 14)
    }
}

/// The command of a step, and below it the lines of what is too long for it.
pub(crate) fn step(label: &str, argv: &[String]) -> Vec<PreviewRow> {
    let folded: Vec<bool> = (0..argv.len()).map(|at| is_folded(argv, at)).collect();
    let mut rows = Vec::new();
    let mut command = String::new();
    for word in quoted_words(argv, " below") {
        if !command.is_empty() && command.chars().count() + word.chars().count() > ROW {
            rows.push(std::mem::take(&mut command));
        }
        let blank = if command.is_empty() { "" } else { " " };
        let _ = write!(command, "{blank}{word}");
    }
    rows.push(command);
    let mut rows: Vec<PreviewRow> = continued(RowKind::Command, label, rows.iter().map(String::as_str)).collect();
    let several = folded.iter().filter(|folded| **folded).count() > 1;
    for (at, argument) in argv.iter().enumerate().filter(|(at, _)| folded[*at]) {
        if several {
            rows.push(fact(&format!("argument {at}"), ""));
        }
        for (number, line) in lines(argument).enumerate() {
            let line: Vec<char> = visible(line).chars().collect();
            let parts: Vec<String> = line.chunks(ROW).map(|part| part.iter().collect()).collect();
            let parts = parts.iter().map(String::as_str).chain(line.is_empty().then_some(""));
            rows.extend(continued(RowKind::Script, &(number + 1).to_string(), parts));
        }
    }
    rows
}

/// Rows of which the first alone has the label.
fn continued<'a>(kind: RowKind, label: &str, texts: impl Iterator<Item = &'a str>) -> impl Iterator<Item = PreviewRow> {
    let label = |at: usize| if at == 0 { label.to_owned() } else { String::new() };
    texts.enumerate().map(move |(at, text)| PreviewRow { kind, label: label(at), text: SafeText::new(text) })
}

/// A command on one line: what is too long for it is named by its number of lines.
pub(crate) fn command_line(argv: &[String]) -> String {
    quoted_words(argv, "").collect::<Vec<_>>().join(" ")
}

fn quoted_words<'a>(argv: &'a [String], place: &'a str) -> impl Iterator<Item = String> + 'a {
    let word = move |(at, argument): (usize, &String)| match (is_folded(argv, at), at) {
        (true, _) => {
            let count = lines(argument).count();
            format!("<{count} line{}{place}>", if count == 1 { "" } else { "s" })
        }
        (false, 0) => shell::program(argument),
        (false, _) => shell::quote(argument),
    };
    argv.iter().enumerate().map(word)
}

fn is_folded(argv: &[String], at: usize) -> bool {
    let argument = &argv[at];
    let length = argument.chars().count();
    argument.contains('\n') || length > ROW || (length > SCRIPT_FROM && is_script(argv, at))
}

/// Whether the argument is the script of a shell: `sh -c TEXT`, also behind `env`, `sudo` or `ssh`.
fn is_script(argv: &[String], at: usize) -> bool {
    let option = |word: &String| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    let shell = |word: &String| SHELLS.contains(&word.rsplit('/').next().unwrap_or(word));
    at >= 2 && option(&argv[at - 1]) && argv[..at - 1].iter().any(shell)
}

fn lines(argument: &str) -> impl Iterator<Item = &str> {
    argument.strip_suffix('\n').unwrap_or(argument).split('\n')
}

/// A value on one line.
fn one_line(value: &str) -> String {
    shell::quote(value).replace('\n', "⏎")
}

fn fact(label: &str, value: &str) -> PreviewRow {
    PreviewRow { kind: RowKind::Fact, label: label.to_owned(), text: SafeText::new(value) }
}

fn seconds(duration: Duration) -> String {
    format!("{duration:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(steps: &[&[&str]]) -> Plan {
        let argv = |step: &&[&str]| step.iter().map(|word| (*word).to_owned()).collect();
        Plan {
            action: "rollback-api".into(),
            verb: "rollback".into(),
            adapter: "ours".into(),
            service: None,
            target: "api".to_owned(),
            environment: "staging".to_owned(),
            host: "local".to_owned(),
            directory: "/srv".into(),
            steps: steps.iter().map(argv).collect(),
            env: BTreeMap::from([("TOKEN".to_owned(), "{secret:token}".to_owned())]),
            parameters: BTreeMap::from([("version".to_owned(), "v 1".to_owned())]),
            timeout: Duration::from_mins(1),
            grace: Duration::from_secs(10),
            changing: true,
            dry_run: false,
            terminal: false,
        }
    }

    #[test]
    fn everything_that_matters_has_a_row() {
        let words = [vec!["version".to_owned()]];
        let about = About { title: "Roll back", words: &words, verified_by: "api", ..About::default() };
        let step: &[&str] = &["/bin/sh", "-c", "set -eu\n\n./ctl \"${1}\"\n", "opsroom", "v 1"];
        let warnings = vec![SafeText::new("db is down")];
        let preview = Preview { warnings, ..Preview::from_plan(&plan(&[step]), about) };
        let digest = plan(&[step]).digest()[..16].to_owned() + " the confirmation is bound to this plan";
        let expected = format!(
            "  environment  STAGING
  host         local
  action       Roll back
  target       api
  does         rollback by adapter ours
  version =    'v 1'
  step 1       /bin/sh -c <3 lines below> opsroom 'v 1'
            1 │ set -eu
            2 │ 
            3 │ ./ctl \"${{1}}\"
  ${{1}}         version = 'v 1'
  directory    /srv
  env          TOKEN (values are not shown)
  timeout      60s, then stopped (TERM), 10s later killed (KILL)
  verified by  api
  digest       {digest}
warning: db is down
"
        );
        assert_eq!(preview.text(&[]), expected);
        let replaced = BTreeMap::from([("version".to_owned(), SafeText::new("v 2"))]);
        let about = About { replaced: Some(&replaced), ..about };
        let known = Preview::from_plan(&plan(&[step]), about);
        assert!(known.text(&[]).contains("  version      v 2 → 'v 1'\n"), "{}", known.text(&[]));
        let kept: Preview = serde_json::from_str(&serde_json::to_string(&preview).unwrap()).unwrap();
        assert_eq!(kept, preview);
        assert!(!preview.redacted(&Redactor::new(["rollback by"])).text(&[]).contains("rollback by"));
    }

    #[test]
    fn long_scripts_and_arguments_of_many_lines_are_folded_and_nothing_else() {
        let shown = |argv: &[&str]| {
            let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
            step("step 1", &argv).iter().map(|row| format!("{}|{}", row.label, row.text)).collect::<Vec<_>>()
        };
        let long = "x".repeat(70);
        assert_eq!(shown(&["sh", "-c", "echo it's"]), [r"step 1|sh -c 'echo it'\''s'"]);
        assert_eq!(shown(&["sh", "-ec", &long]), ["step 1|sh -ec <1 line below>", &format!("1|{long}")]);
        assert_eq!(shown(&["sudo", "bash", "-c", &long])[0], "step 1|sudo bash -c <1 line below>");
        assert_eq!(shown(&["curl", "-c", &long]), [format!("step 1|curl -c {long}")]);
        assert_eq!(shown(&["psql", "SELECT 1;\nSELECT 2"])[1..], ["1|SELECT 1;", "2|SELECT 2"]);
        assert_eq!(shown(&["a", "1\n2", "b", "3\n4"])[1..], ["argument 1|", "1|1", "2|2", "argument 3|", "1|3", "2|4"]);
        assert_eq!(shown(&["a", "\u{1b}[2J\n\tx\u{202e}"])[1..], ["1|␛[2J", "2|    x<U+202E>"]);
        let huge = "y".repeat(4500);
        let rows = shown(&["a", &huge]);
        assert_eq!((rows[0].as_str(), rows.len()), ("step 1|a <1 line below>", 4));
        assert!(rows[3] == format!("|{}", "y".repeat(500)), "{}", rows[3]);
        let many: Vec<&str> = std::iter::repeat_n("0123456789", 1000).collect();
        let rows = shown(&many);
        let all: Vec<&str> = rows.iter().map(|row| row.rsplit('|').next().unwrap()).collect();
        assert!(rows.len() > 5 && all.join(" ") == many.join(" "));
        assert_eq!(command_line(&["a".to_owned(), "1\n2".to_owned()]), "a <2 lines>");
    }
}
