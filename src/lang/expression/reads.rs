//! What a program reads of its document, as far as its text shows it.
//!
//! Every expression starts at the document. Where a program names a field of it (`.body.queue`), the name can be
//! checked before anything is polled, and a missing one can be named afterwards. Only what is certain is collected: as
//! soon as a pipe has changed `.`, nothing is said of what follows.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::path::{Part, Path};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// `.name` or `["name"]`
    Key(String),
    /// `[3]`, from the end where negative
    Index(i64),
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) if is_plain(key) => write!(f, ".{key}"),
            Self::Key(key) => write!(f, "[{key:?}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// Whether a key may be written behind a dot.
fn is_plain(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A path that begins at the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    /// Its steps; at least one.
    pub steps: Vec<Step>,
    /// The byte of the program at which it begins.
    pub offset: usize,
}

/// How many paths of one program are kept.
const MOST: usize = 32;

/// Filters whose arguments see the same `.` as the filter itself.
const KEEP: &[&str] = &[
    "select",
    "has",
    "contains",
    "inside",
    "test",
    "match",
    "capture",
    "scan",
    "split",
    "splits",
    "sub",
    "gsub",
    "startswith",
    "endswith",
    "ltrimstr",
    "rtrimstr",
    "join",
    "limit",
    "skip",
    "first",
    "last",
    "nth",
    "range",
    "isempty",
    "error",
    "index",
    "rindex",
    "indices",
    "path",
    "pick",
    "del",
    "add",
];

/// The paths that `text` reads from its document, in order.
pub(super) fn paths_read(text: &str, program: &Term<&str>) -> Vec<Read> {
    let mut reads = Reads { text, found: Vec::new() };
    reads.walk(program);
    reads.found.sort_by_key(|read| read.offset);
    reads.found.dedup_by(|a, b| a.steps == b.steps);
    reads.found.truncate(MOST);
    reads.found
}

struct Reads<'a> {
    text: &'a str,
    found: Vec<Read>,
}

impl Reads<'_> {
    /// Collects from a term whose `.` is the document.
    fn walk(&mut self, term: &Term<&str>) {
        match term {
            Term::Id
            | Term::Recurse
            | Term::Num(_)
            | Term::Break(_)
            | Term::Var(_)
            | Term::Def(..)
            | Term::Arr(None) => {}
            Term::Str(_, parts) => {
                for part in parts {
                    if let StrPart::Term(inner) = part {
                        self.walk(inner);
                    }
                }
            }
            Term::Arr(Some(inner)) | Term::Neg(inner) | Term::Label(_, inner) | Term::TryCatch(inner, _) => {
                self.walk(inner);
            }
            Term::Obj(entries) => {
                for (key, value) in entries {
                    self.entry(key, value.as_ref());
                }
            }
            Term::BinOp(left, operator, right) => self.operation(left, operator, right),
            Term::Fold(_, over, _, arguments) => {
                self.walk(over);
                if let Some(initial) = arguments.first() {
                    self.walk(initial);
                }
            }
            Term::IfThenElse(branches, otherwise) => {
                for (condition, then) in branches {
                    self.walk(condition);
                    self.walk(then);
                }
                if let Some(otherwise) = otherwise {
                    self.walk(otherwise);
                }
            }
            Term::Call(name, arguments) => match (*name, arguments.as_slice()) {
                ("any" | "all", [over, _]) => self.walk(over),
                (name, arguments) if KEEP.contains(&name) => {
                    for argument in arguments {
                        self.walk(argument);
                    }
                }
                _ => {}
            },
            Term::Path(inner, path) => self.path(inner, path),
        }
    }

    fn operation(&mut self, left: &Term<&str>, operator: &BinaryOp<&str>, right: &Term<&str>) {
        match operator {
            BinaryOp::Pipe(None) => {
                self.walk(left);
                if is_same(left) {
                    self.walk(right);
                }
            }
            BinaryOp::Pipe(Some(_))
            | BinaryOp::Comma
            | BinaryOp::Alt
            | BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Math(_)
            | BinaryOp::Cmp(_) => {
                self.walk(left);
                self.walk(right);
            }
            // The left side may make the field that it names.
            BinaryOp::Assign | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => self.walk(right),
            BinaryOp::Update => {}
        }
    }

    /// `{queue}` reads `.queue`.
    fn entry(&mut self, key: &Term<&str>, value: Option<&Term<&str>>) {
        match (value, literal(key)) {
            (Some(value), _) => self.walk(value),
            (None, Some((step, place))) => {
                let offset = place.map_or(0, |place| self.offset_of(place));
                self.found.push(Read { steps: vec![step], offset });
            }
            (None, None) => {}
        }
        if literal(key).is_none() {
            self.walk(key);
        }
    }

    fn path(&mut self, inner: &Term<&str>, path: &Path<Term<&str>>) {
        self.walk(inner);
        let parts = path.0.iter().map(|(part, _)| part);
        for part in parts.clone() {
            let within: [Option<&Term<&str>>; 2] = match part {
                Part::Index(index) => [Some(index), None],
                Part::Range(from, to) => [from.as_ref(), to.as_ref()],
            };
            for term in within.into_iter().flatten() {
                self.walk(term);
            }
        }
        if !is_same(inner) {
            return;
        }
        let mut steps = Vec::new();
        let mut offset = None;
        for part in parts {
            let Part::Index(index) = part else { break };
            let Some((step, place)) = literal(index) else { break };
            if steps.is_empty() {
                offset = place.map(|place| self.offset_of(place));
            }
            steps.push(step);
        }
        if !steps.is_empty() {
            self.found.push(Read { steps, offset: offset.unwrap_or_default() });
        }
    }

    /// Where a path begins whose first name is `part`: at its dot.
    fn offset_of(&self, part: &str) -> usize {
        let offset = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize).min(self.text.len());
        let before = self.text.as_bytes()[..offset].iter().rev();
        let marks = before.take_while(|byte| matches!(byte, b'"' | b'[' | b'.' | b' ')).collect::<Vec<_>>();
        let dot = marks.iter().rposition(|byte| **byte == b'.');
        dot.map_or(offset, |dot| offset - dot - 1)
    }
}

/// A step that is written out, and the text of its name.
fn literal<'a>(term: &Term<&'a str>) -> Option<(Step, Option<&'a str>)> {
    match term {
        Term::Str(None, parts) => match parts.as_slice() {
            [StrPart::Str(text)] => Some((Step::Key((*text).to_owned()), Some(*text))),
            _ => None,
        },
        Term::Num(text) => Some((Step::Index(text.parse().ok()?), Some(*text))),
        Term::Neg(inner) => match literal(inner)? {
            (Step::Index(index), place) => Some((Step::Index(-index), place)),
            (Step::Key(_), _) => None,
        },
        _ => None,
    }
}

/// Whether all that a term gives is its own `.`, unchanged.
fn is_same(term: &Term<&str>) -> bool {
    match term {
        Term::Id => true,
        Term::Call(name, _) => matches!(*name, "select" | "empty" | "error"),
        Term::BinOp(left, BinaryOp::Pipe(None) | BinaryOp::Comma, right) => is_same(left) && is_same(right),
        Term::BinOp(_, BinaryOp::Pipe(Some(_)), right) => is_same(right),
        Term::IfThenElse(branches, otherwise) => {
            branches.iter().all(|(_, then)| is_same(then)) && otherwise.as_ref().is_none_or(|term| is_same(term))
        }
        Term::TryCatch(inner, None) | Term::Label(_, inner) => is_same(inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Expression;

    fn reads(text: &str) -> Vec<String> {
        let expression = Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let path = |read: &super::Read| {
            assert!(text[read.offset..].starts_with(['.', 'q', '[']), "{text}: {}", read.offset);
            read.steps.iter().map(ToString::to_string).collect::<String>()
        };
        expression.reads().iter().map(path).collect()
    }

    #[test]
    fn what_is_read_from_the_document_is_found() {
        let cases: &[(&str, &[&str])] = &[
            (".", &[]),
            (".queue", &[".queue"]),
            (" .body.queue[0].x == 3", &[".body.queue[0].x"]),
            (".body.queue | length", &[".body.queue"]),
            (".queue?", &[".queue"]),
            (".[\"queue\"]", &[".queue"]),
            (". [ \"queue\" ] | length", &[".queue"]),
            (".\"two words\" | length", &["[\"two words\"]"]),
            (".queue[0] | length", &[".queue[0]"]),
            (".queue[-1] | length", &[".queue[-1]"]),
            (".[0] | length", &["[0]"]),
            ("[.queue, .x] | add", &[".queue", ".x"]),
            (".a + .b / 2", &[".a", ".b"]),
            ("select(.queue > 1)", &[".queue"]),
            ("select(.status == 200) | .queue", &[".status", ".queue"]),
            (". as $d | .queue", &[".queue"]),
            ("{queue} | length", &[".queue"]),
            ("{a: .queue} | .a", &[".queue"]),
            ("\"\\(.queue)\" | tonumber", &[".queue"]),
            ("if .queue then 1 else 0 end", &[".queue"]),
            ("reduce .queue[] as $x (0; . + .y)", &[".queue"]),
            ("try .queue catch .message", &[".queue"]),
            (".body[.queue]", &[".body", ".queue"]),
            (".errors // 0", &[".errors"]),
            ("first(.queue[])", &[".queue"]),
            ("any(.queue[]; .x > 1)", &[".queue"]),
            ("-.queue", &[".queue"]),
        ];
        for (text, expected) in cases {
            assert_eq!(reads(text), *expected, "{text}");
        }
    }

    #[test]
    fn nothing_is_said_of_what_a_pipe_has_changed() {
        for text in [
            ".body | .queue",
            ".body.list[] | select(.up) | .x",
            ".body.list | map(.queue) | add",
            "[.body.list[] | .queue] | add",
            ".body.list | sort_by(.x) | .[0].x",
            ".body | with_entries(.value)",
            ".body as $b | $b.queue",
            ".body | to_entries | map(select(.key == \"a\")) | length",
            ".queue = 1 | .queue",
            ".body |= .queue",
            "(.body) | .queue",
            ".body | (.queue, .x)",
            "[.. | objects | .queue?] | length",
            ".body.list | any(.queue)",
            "reduce .body[] as {queue: $q} (0; .queue + $q)",
        ] {
            assert!(reads(text).iter().all(|path| path.starts_with(".body")), "{text}: {:?}", reads(text));
        }
    }
}
