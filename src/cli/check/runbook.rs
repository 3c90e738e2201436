//! What a runbook promises that can be looked at: its headings, the actions that it links to, the programs that its commands
//! begin with. Nothing of it is run.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use super::world::missing_program;
use crate::config::Config;
use crate::files::bounded;
use crate::lang::diagnostic::{Diagnostic, DiagnosticLevel};
use crate::text::{SafeText, markdown};

/// Bytes of a runbook that are read at the most, as where it is shown.
const MOST: u64 = 1 << 20;
/// Problems of one file that are listed.
const LISTED: usize = 50;
/// Characters of a line that are shown around a problem.
const AROUND: usize = 120;

/// What a runbook has, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Proof {
    lines: Vec<SafeText>,
    /// Each with its place in the file.
    pub(super) problems: Vec<Diagnostic>,
}

impl Proof {
    /// Whether a heading has that anchor.
    pub(super) fn has(&self, anchor: &str) -> bool {
        markdown::has_anchor(&self.lines, anchor)
    }
}

/// Reads a runbook and looks at all that it promises. `Err`: why it can't be read.
pub(super) fn prove(path: &Path, config: &Config) -> Result<Proof, String> {
    let received = bounded::read_regular(path, MOST).map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&received.bytes);
    if text.contains('\0') {
        return Err("is not text".to_owned());
    }
    let lines: Vec<SafeText> = text.lines().map(SafeText::new).collect();
    let problems = Proving { path, config, lines: &lines, missing: BTreeSet::new(), problems: Vec::new() }.all();
    Ok(Proof { lines, problems })
}

struct Proving<'a> {
    path: &'a Path,
    config: &'a Config,
    lines: &'a [SafeText],
    /// Programs that were looked for in vain: each is said once.
    missing: BTreeSet<String>,
    problems: Vec<Diagnostic>,
}

impl Proving<'_> {
    fn all(mut self) -> Vec<Diagnostic> {
        let mut language: Option<String> = None;
        for (at, line) in self.lines.iter().enumerate().map(|(at, line)| (at, line.as_str())) {
            if self.problems.len() >= LISTED {
                break;
            }
            match (&language, markdown::is_fence(line)) {
                (None, true) => language = Some(markdown::fence_language(line).to_owned()),
                (Some(_), true) => language = None,
                (Some(known), false) if markdown::is_shell(known) => self.commands(at, line),
                (Some(_), false) => {}
                (None, false) => self.links(at, line),
            }
        }
        self.problems
    }

    fn links(&mut self, at: usize, line: &str) {
        for (place, name) in markdown::action_links(line) {
            if !self.config.actions.iter().any(|action| *action.name == *name) {
                let hint = "correct the name, or add the action to the configuration";
                self.say(at, place, DiagnosticLevel::Error, format!("no action named `{name}`"), hint);
            }
        }
        for (place, anchor) in markdown::anchor_links(line) {
            if !markdown::has_anchor(self.lines, anchor) {
                let hint = "an anchor is its heading in lower case, blanks as `-`";
                self.say(at, place, DiagnosticLevel::Error, format!("no heading `#{anchor}` in this file"), hint);
            }
        }
    }

    fn commands(&mut self, at: usize, line: &str) {
        for place in programs(line) {
            let program = &line[place.clone()];
            if let Some(why) = missing_program(program, None)
                && self.missing.insert(program.to_owned())
            {
                self.say(at, place, DiagnosticLevel::Warning, why, "install it, or correct the command");
            }
        }
    }

    fn say(&mut self, at: usize, place: Range<usize>, level: DiagnosticLevel, message: String, hint: &str) {
        let line = self.lines[at].as_str();
        let (before, width) = (line[..place.start].chars().count(), line[place].chars().count());
        let cut = before.saturating_sub(AROUND / 2);
        let source_line = line.chars().skip(cut).take(AROUND).collect();
        let whole = Diagnostic::of_file(self.path, message, hint);
        self.problems.push(Diagnostic {
            level,
            line: at + 1,
            column: before + 1,
            source_line,
            cut,
            width: width.clamp(1, AROUND),
            ..whole
        });
    }
}

/// Words with which a command may begin that are no program.
const WORDS: [&str; 46] = [
    ".", ":", "!", "[", "[[", "((", "alias", "bg", "break", "case", "cd", "continue", "declare", "do", "done", "elif",
    "else", "esac", "eval", "exec", "exit", "export", "fi", "fg", "for", "function", "if", "in", "jobs", "local",
    "read", "return", "select", "set", "shift", "source", "then", "trap", "type", "ulimit", "umask", "unset", "until",
    "wait", "while", "{",
];

/// The places of the programs that a line of a shell begins commands with. What only a shell can tell is left out.
fn programs(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (start, part) in parts(line) {
        let mut at = start;
        for word in part.split_inclusive(char::is_whitespace) {
            let (place, text) = (at, word.trim_end());
            at += word.len();
            let is_before = text.is_empty() || text == "$" || text == "sudo" || is_assignment(text);
            if is_before {
                continue;
            }
            let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._/+-".contains(c));
            if is_plain && !text.starts_with('-') && !WORDS.contains(&text) {
                found.push(place..place + text.len());
            }
            break;
        }
    }
    found
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty())
}

/// The commands of a line with where each begins: what pipes, `;`, `&&` and `||` outside of quotes leave. A comment is none.
fn parts(line: &str) -> Vec<(usize, &str)> {
    let (mut out, mut start, mut quote, mut before) = (Vec::new(), 0, None, ' ');
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"' | '(') => quote = Some(if c == '(' { ')' } else { c }),
            (None, '#') if before.is_whitespace() => {
                out.push((start, &line[start..at]));
                return out;
            }
            (None, '|' | ';' | '&') if before != '>' => {
                out.push((start, &line[start..at]));
                start = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    out.push((start, &line[start..]));
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a runbook is a file")]

    use super::*;
    use crate::config::load::load_text;

    fn named(line: &str) -> Vec<&str> {
        programs(line).into_iter().map(|place| &line[place]).collect()
    }

    #[test]
    fn programs_are_what_commands_begin_with() {
        for (line, expected) in [
            ("psql -c 'select 1; drop' | less", &["psql", "less"][..]),
            ("$ sudo systemctl restart api && echo done", &["systemctl", "echo"]),
            ("PGPASSWORD=x pg_dump db > out.sql 2>&1", &["pg_dump"]),
            ("cd /srv && ./run.sh # then look | here", &["./run.sh"]),
            ("# a comment", &[]),
            ("if [ -f x ]; then", &[]),
            ("\"$TOOL\" run; <host> x", &[]),
            ("x=$(curl -s http://h | jq .)", &[]),
            ("", &[]),
        ] {
            assert_eq!(named(line), expected, "{line}");
        }
    }

    #[test]
    fn what_a_runbook_promises_is_looked_at() {
        let config = "[check.api]\ntcp = \"127.0.0.1:9\"\n[adapter.s]\nkind = \"systemd\"\n\
                      [action.restart]\nadapter = \"s\"\ndo = \"restart\"\ntarget = \"api\"\n";
        let loaded = load_text(Path::new("/srv/opsroom.toml"), config);
        let config = loaded.config.unwrap();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("RUNBOOK.md");
        let text = "# Api\nsee [cache](#cache), [api](#api)\n- [ ] run [action:restart] é [action:reboot]\n\
                    ```sh\nno-such-program-7 -x\nno-such-program-7\n```\n```toml\nnor-this = 1\n```\n";
        std::fs::write(&path, text).unwrap();
        let proof = prove(&path, &config).unwrap();
        let said: Vec<(usize, usize, &str, bool)> =
            proof.problems.iter().map(|one| (one.line, one.column, one.message.as_str(), one.is_error())).collect();
        assert_eq!(
            said,
            [
                (2, 11, "no heading `#cache` in this file", true),
                (3, 30, "no action named `reboot`", true),
                (5, 1, "the program `no-such-program-7` was not found in PATH", false),
            ]
        );
        assert!(proof.has("api") && proof.has("") && !proof.has("cache"));
    }

    #[test]
    fn a_hostile_file_is_bounded_and_moves_no_cursor() {
        let config = load_text(Path::new("/srv/opsroom.toml"), "").config.unwrap_or_default();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("RUNBOOK.md");
        std::fs::write(&path, "a\0b").unwrap();
        assert_eq!(prove(&path, &config).unwrap_err(), "is not text");
        std::fs::write(&path, vec![b'x'; 2 << 20]).unwrap();
        assert!(prove(&path, &config).is_err(), "two megabytes");
        let many = format!("{}\n\n[action:\u{1b}[2J\u{202e}x]\n\n", "[".repeat(10_000)).repeat(90);
        std::fs::write(&path, many).unwrap();
        let proof = prove(&path, &config).unwrap();
        assert_eq!(proof.problems.len(), LISTED);
        for problem in &proof.problems {
            let printed = problem.render();
            assert!(printed.len() < 2_000 && !printed.contains('\u{1b}') && !printed.contains('\u{202e}'), "{printed}");
        }
        std::fs::write(&path, [0xff, 0xfe, b'\n', b'#', b' ', b'a']).unwrap();
        assert!(prove(&path, &config).unwrap().has("a"));
    }
}
