//! The house rules that a compiler does not hold: who may use whom, how large a room may grow, what it may touch.
#![expect(clippy::disallowed_methods, reason = "sources are read as files")]

use std::collections::{BTreeMap, BTreeSet};
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
    ("store", &["text", "lang", "model", "config", "clock", "files", "process"]),
    ("world", &["text", "lang", "model", "logs", "config"]),
    ("report", &["text", "lang", "model", "logs", "config", "world"]),
    ("app", &["text", "lang", "model", "logs", "config", "theme", "world"]),
    ("ui", &["text", "lang", "model", "logs", "config", "theme", "world", "app"]),
    (
        "runtime",
        &[
            "text", "lang", "model", "logs", "config", "theme", "clock", "files", "process", "sources", "actions",
            "store", "world", "report", "app", "ui",
        ],
    ),
    ("listen", &["text", "lang", "model", "config", "world", "report"]),
    (
        "cli",
        &[
            "text", "lang", "model", "logs", "config", "theme", "clock", "files", "process", "sources", "actions",
            "store", "world", "report", "app", "ui", "runtime", "listen",
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
    ("report", OUTSIDE),
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

/// Rooms, and modules of rooms, whose own modules use one another in one direction only.
const WITHOUT_CIRCLES: &[&[&str]] = &[&["app"], &["world"], &["config"], &["config", "sections"]];

#[test]
fn modules_of_a_room_form_no_circle() {
    for room in WITHOUT_CIRCLES {
        let uses = uses_within(room);
        let mut done = BTreeSet::new();
        for module in uses.keys() {
            if let Some(circle) = circle_from(module, &uses, &mut Vec::new(), &mut done) {
                panic!("a circle in `{}`: {}", room.join("/"), circle.join(" -> "));
            }
        }
    }
}

/// What each module directly below a room (or a module of one) names of the others; its own `mod.rs` counts as `mod`. An
/// `impl` of a type of another module names that module, and nobody names the `impl`.
fn uses_within(room: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let files: Vec<(Vec<String>, String)> = sources()
        .into_iter()
        .filter(|source| source.path.starts_with(room.iter().collect::<PathBuf>()))
        .map(|source| {
            let path = source.path.with_extension("");
            let parts = path.iter().map(|part| part.to_string_lossy().into_owned()).filter(|part| part != "mod");
            (parts.collect(), source.code)
        })
        .collect();
    let names: BTreeSet<&str> =
        files.iter().filter_map(|(parts, _)| parts.get(room.len())).map(String::as_str).collect();
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (parts, code) in &files {
        let own = parts.get(room.len()).map_or("mod", String::as_str);
        for path in named_paths(code) {
            let mut rest = path.as_slice();
            let mut at: Vec<&str> = parts.iter().map(String::as_str).collect();
            match rest.first().map(String::as_str) {
                Some("crate") => at.clear(),
                Some("super" | "self") => {}
                // In its `mod.rs` the modules of a room are named without more.
                Some(first) if own == "mod" && names.contains(first) => {}
                _ => continue,
            }
            while let Some(first @ ("crate" | "super" | "self")) = rest.first().map(String::as_str) {
                if first == "super" {
                    at.pop();
                }
                rest = &rest[1..];
            }
            at.extend(rest.iter().map(String::as_str));
            if let Some([module, ..]) = at.strip_prefix(room) {
                let other = if names.contains(module) { module } else { "mod" };
                if other != own {
                    uses.entry(own.to_owned()).or_default().insert(other.to_owned());
                }
            }
        }
    }
    uses
}

/// The paths that a file imports or writes out, as their parts; groups in braces are several paths.
fn named_paths(code: &str) -> Vec<Vec<String>> {
    let code: String = code.lines().map(without_comment).collect::<Vec<_>>().join("\n");
    let mut paths = Vec::new();
    for statement in code.split(';') {
        if let Some(at) = statement.rfind("use ").filter(|at| statement[..*at].ends_with(['\n', ' ', ')']) || *at == 0)
        {
            spread(&[], &statement[at + "use ".len()..], &mut paths);
        }
        for start in ["crate::", "super::"] {
            for (at, _) in statement.match_indices(start) {
                let path = statement[at..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'));
                spread(&[], &path.collect::<String>(), &mut paths);
            }
        }
    }
    paths
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`, each after `before`.
fn spread(before: &[String], tree: &str, paths: &mut Vec<Vec<String>>) {
    let (head, group) = tree.split_once('{').map_or((tree, None), |(head, group)| (head, Some(group)));
    let mut path = before.to_vec();
    path.extend(head.trim().split("::").map(|part| part.split(" as ").next().unwrap_or(part).trim().to_owned()));
    path.retain(|part| !part.is_empty());
    let Some(group) = group else { return paths.push(path) };
    let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
    let (mut depth, mut from) = (0_usize, 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                spread(&path, &group[from..at], paths);
                from = at + 1;
            }
            _ => {}
        }
    }
    if !group[from..].trim().is_empty() {
        spread(&path, &group[from..], paths);
    }
}

/// The first circle that is met from `module`, its beginning at both ends.
fn circle_from(
    module: &str,
    uses: &BTreeMap<String, BTreeSet<String>>,
    way: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(at) = way.iter().position(|passed| passed == module) {
        return Some(way[at..].iter().cloned().chain([module.to_owned()]).collect());
    }
    if done.contains(module) {
        return None;
    }
    way.push(module.to_owned());
    let circle = uses.get(module).into_iter().flatten().find_map(|other| circle_from(other, uses, way, done));
    way.pop();
    done.insert(module.to_owned());
    circle
}

#[test]
fn a_circle_is_found_and_imports_are_read_as_rust_reads_them() {
    let paths = named_paths("use super::{a::B, c::{D as E, f}};\nfn x() { crate::world::g::H::new() }");
    let joined: Vec<String> = paths.iter().map(|path| path.join("::")).collect();
    for path in ["super::a::B", "super::c::D", "super::c::f", "crate::world::g::H::new"] {
        assert!(joined.contains(&path.to_owned()), "{path} in {joined:?}");
    }
    let uses = |edges: &[(&str, &str)]| {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in edges {
            uses.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        uses
    };
    let find = |edges| circle_from("a", &uses(edges), &mut Vec::new(), &mut BTreeSet::new());
    assert_eq!(find(&[("a", "b"), ("a", "c"), ("b", "c")]), None);
    assert_eq!(find(&[("a", "b"), ("b", "c"), ("c", "b")]).unwrap(), ["b", "c", "b"]);
    assert!(uses_within(&["world"])["observe"].contains("mod"), "the rooms are read");
    assert!(uses_within(&["config", "sections"])["check"].contains("source"), "the modules of rooms are read");
}

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

/// Each command has its `Arguments`, always named with its module.
const SHARED_NAMES: [&str; 1] = ["Arguments"];

#[test]
fn a_type_can_be_found_by_its_name() {
    let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for source in sources() {
        for line in source.code.lines() {
            let line = line.trim_start();
            let Some(item) = line.strip_prefix("pub ").or_else(|| line.strip_prefix("pub(crate) ")) else { continue };
            let mut words = item.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let (Some("struct" | "enum" | "trait"), Some(name)) = (words.next(), words.next()) {
                places.entry(name.to_owned()).or_default().push(source.path.clone());
            }
        }
    }
    places.retain(|name, files| files.len() > 1 && !SHARED_NAMES.contains(&name.as_str()));
    assert!(places.is_empty(), "several types have one name: {places:#?}");
}
