//! The house rules that a compiler does not hold: who may use whom, how large a room may grow, what it may touch.
#![expect(clippy::disallowed_methods, reason = "sources are read as files")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every room with the rooms that it may name, floor by floor.
const MAY_USE: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("lang", &["text"]),
    ("logs", &["text", "lang"]),
    ("model", &["text", "lang", "logs"]),
    ("clock", &["text", "lang"]),
    ("files", &["text"]),
    ("process", &["text", "model"]),
    ("config", &["text", "lang", "model", "logs", "files"]),
    ("theme", &["text", "lang", "model", "config", "files"]),
    ("sources", &["text", "lang", "model", "logs", "config", "clock", "files", "process"]),
    ("actions", &["text", "lang", "model", "config", "clock", "files", "process"]),
    ("store", &["text", "lang", "model", "config", "clock", "files"]),
    ("world", &["text", "lang", "model", "logs", "config"]),
    ("app", &["text", "lang", "model", "logs", "config", "theme", "world"]),
    ("ui", &["text", "lang", "model", "logs", "config", "theme", "world", "app"]),
    (
        "runtime",
        &[
            "text", "lang", "model", "logs", "config", "theme", "clock", "files", "process", "sources", "actions",
            "store", "world", "app", "ui",
        ],
    ),
    (
        "cli",
        &[
            "text", "lang", "model", "logs", "config", "theme", "clock", "files", "process", "sources", "actions",
            "store", "world", "app", "ui", "runtime",
        ],
    ),
];

/// What no pure room touches.
const OUTSIDE: &[&str] =
    &["tokio::", "ratatui::", "reqwest::", "crossterm::", "sqlx::", "std::fs", "std::process", "std::net::TcpStream"];

/// Names of foreign crates and modules that a room must not touch.
const MUST_NOT_TOUCH: &[(&str, &[&str])] = &[
    ("text", OUTSIDE),
    ("lang", OUTSIDE),
    ("logs", OUTSIDE),
    ("model", OUTSIDE),
    ("config", &["tokio::", "reqwest::", "ratatui::", "crossterm::", "sqlx::", "std::fs"]),
    ("theme", &["tokio::", "reqwest::", "crossterm::", "sqlx::"]),
    ("sources", &["ratatui::", "crossterm::", "sqlx::"]),
    ("actions", &["ratatui::", "sqlx::"]),
    ("store", &["ratatui::", "crossterm::", "reqwest::"]),
    ("world", OUTSIDE),
    ("app", OUTSIDE),
    ("ui", &["tokio::", "reqwest::", "crossterm::", "sqlx::", "std::fs", "std::process", "std::sync::Mutex"]),
];

/// Lines of code before the tests of a file.
const LARGEST_FILE: usize = 400;
/// Lines of one function.
const LONGEST_FUNCTION: usize = 60;

struct Source {
    path: PathBuf,
    room: String,
    /// The text before `#[cfg(test)]`.
    code: String,
}

/// Every file of the program; a `tests.rs` beside its module is none.
fn sources() -> Vec<Source> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut open = vec![base.clone()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).expect("a source file is text");
                let relative = path.strip_prefix(&base).expect("found below src");
                let room = relative.components().next().expect("a file has a name").as_os_str().to_string_lossy();
                found.push(Source {
                    room: room.trim_end_matches(".rs").to_owned(),
                    code: before_tests(&text).to_owned(),
                    path: relative.to_owned(),
                });
            }
        }
    }
    found
}

fn before_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]").map_or(text, |end| &text[..end])
}

fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut broken = Vec::new();
    for source in sources() {
        let Some(may) = allowed.get(source.room.as_str()) else {
            assert!(["lib", "main"].contains(&source.room.as_str()), "no rule for the room `{}`", source.room);
            continue;
        };
        for (index, line) in source.code.lines().enumerate() {
            let mut rest = without_comment(line);
            while let Some(at) = rest.find("crate::") {
                rest = &rest[at + "crate::".len()..];
                let room: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if allowed.contains_key(room.as_str()) && room != source.room && !may.contains(&room.as_str()) {
                    broken.push(format!("{}:{}: {} may not use {room}", source.path.display(), index + 1, source.room));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn rooms_keep_their_hands_off_what_is_not_theirs() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some((_, banned)) = MUST_NOT_TOUCH.iter().find(|(room, _)| *room == source.room) else { continue };
        let reads_files = source.path.starts_with("config/load.rs") || source.path.starts_with("config/load");
        for (index, line) in source.code.lines().enumerate() {
            for name in *banned {
                if without_comment(line).contains(name) && !(reads_files && *name == "std::fs") {
                    broken.push(format!("{}:{}: {} touches {name}", source.path.display(), index + 1, source.room));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// How a child would be started past `process`.
const STARTING: &[&str] = &["std::process::Command", "tokio::process::Command", "process::Command::new"];

/// Whether a file belongs to a `tests` directory beside its module.
fn is_test(source: &Source) -> bool {
    source.path.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn one_room_starts_children() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| source.room != "process" && !is_test(source)) {
        for (index, line) in source.code.lines().enumerate() {
            let imported = line.contains("process::{") && line.contains("Command");
            if imported || STARTING.iter().any(|name| without_comment(line).contains(name)) {
                broken.push(format!("{}:{}: starts a child past `process`", source.path.display(), index + 1));
            }
        }
    }
    assert!(broken.is_empty(), "use process::Invocation:\n{}", broken.join("\n"));
}

/// What writes to stdout or stderr by itself, beside [`PRINTS`].
const PRINTING: &[&str] = &["io::stderr()", "io::stdout()", "eprint!(", "eprintln!(", "println!(", "print!("];
/// The one place that prints; the screen, which has its own sanitiser; and the printer of log records, which are safe.
const PRINTS: &[&str] =
    &["cli/output.rs", "runtime/terminal.rs", "runtime/tty.rs", "cli/logs/mod.rs", "cli/logs/print.rs"];

#[test]
fn one_place_prints() {
    let mut broken = Vec::new();
    for source in sources() {
        if PRINTS.iter().any(|path| source.path.ends_with(path)) {
            continue;
        }
        for (index, line) in source.code.lines().enumerate() {
            let code = without_comment(line);
            if PRINTING.iter().any(|name| code.contains(name)) && !code.contains("is_terminal") {
                broken.push(format!("{}:{}: prints past the sanitiser", source.path.display(), index + 1));
            }
        }
    }
    assert!(broken.is_empty(), "use cli::output:\n{}", broken.join("\n"));
}

#[test]
fn files_hold_one_idea() {
    let large: Vec<String> = sources()
        .iter()
        .filter(|source| source.code.lines().count() > LARGEST_FILE)
        .map(|source| format!("{}: {} lines before its tests", source.path.display(), source.code.lines().count()))
        .collect();
    assert!(large.is_empty(), "split these where their second idea begins:\n{}", large.join("\n"));
}

#[test]
fn functions_can_be_read_in_one_go() {
    let long: Vec<String> = sources().iter().flat_map(long_functions).collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Relies on the formatter: a function ends at the first closing brace in its own column.
fn long_functions(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.code.lines().collect();
    let mut long = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        let declares = without_comment(line).split_whitespace().any(|word| word == "fn");
        if !declares || line.trim_end().ends_with([';', '}']) {
            continue;
        }
        let end = format!("{}}}", " ".repeat(line.len() - line.trim_start().len()));
        let length = lines[first..].iter().position(|line| *line == end).map_or(0, |last| last + 1);
        if length > LONGEST_FUNCTION {
            long.push(format!("{}:{}: {length} lines: {}", source.path.display(), first + 1, line.trim()));
        }
    }
    long
}

#[test]
fn every_room_says_what_it_is_and_what_always_holds() {
    for (room, _) in MAY_USE.iter().filter(|(room, _)| *room != "clock") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room).join("mod.rs");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(text.starts_with("//!"), "{} begins with its documentation", path.display());
        assert!(text.contains("*Invariant:*"), "{} states its invariant", path.display());
    }
}
