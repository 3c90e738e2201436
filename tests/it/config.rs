//! The fixtures under `tests/config/`: valid files load without a word, and each invalid one says in its first lines
//! which problems it has, all of them and in order:
//! `# expect: LINE:COLUMN: part of the message | hint: part of the hint`.

#![expect(clippy::disallowed_methods, reason = "the tests read and write fixtures")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use opsroom::config::{EXAMPLE, load};
use opsroom::lang::diagnostic::Diagnostic;
use proptest::prelude::*;

fn fixtures(kind: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(kind);
    let mut paths: Vec<PathBuf> = directory
        .read_dir()
        .expect("the fixtures' directory")
        .map(|entry| entry.expect("a fixture").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    paths
}

fn rendered(problems: &[Diagnostic]) -> String {
    problems.iter().map(Diagnostic::render).collect::<Vec<_>>().join("\n")
}

#[test]
fn valid_files_load_without_a_word() {
    let paths = fixtures("valid");
    assert!(paths.len() >= 5, "{}", paths.len());
    for path in paths {
        let loaded = load::load(&path);
        assert_eq!(rendered(&loaded.diagnostics), "");
        assert!(loaded.config.is_some(), "{}", path.display());
    }
}

#[test]
fn the_example_loads_without_a_word_and_shows_every_section() {
    let loaded = load::load_text(Path::new("config.example.toml"), EXAMPLE);
    assert_eq!(rendered(&loaded.diagnostics), "");
    let config = loaded.config.expect("a valid example");
    assert!(!config.services.is_empty() && !config.sources.is_empty() && !config.checks.is_empty());
    assert!(!config.metrics.is_empty() && !config.logs.is_empty() && !config.adapters.is_empty());
    assert!(!config.actions.is_empty() && !config.screens.is_empty() && !config.keys.bindings.is_empty());
    assert!(!config.secrets.is_empty());
    assert!(!config.severities.is_empty() && !config.channels.is_empty() && !config.contacts.is_empty());
    assert!(config.oncall.is_some() && !config.maintenance.is_empty() && !config.slos.is_empty());
    assert!(!config.tests.is_empty() && !config.checklists.is_empty());
}

/// What a fixture says of itself.
struct Expected {
    place: String,
    message: String,
    hint: Option<String>,
}

fn expected(text: &str) -> Vec<Expected> {
    text.lines()
        .map_while(|line| line.strip_prefix("# expect: "))
        .map(|line| {
            let mut parts = line.splitn(3, ':');
            let (line_number, column) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            let rest = parts.next().unwrap_or("").trim();
            let (message, hint) = match rest.split_once(" | hint: ") {
                Some((message, hint)) => (message, Some(hint.to_owned())),
                None => (rest, None),
            };
            Expected { place: format!("{line_number}:{column}"), message: message.to_owned(), hint }
        })
        .collect()
}

fn differs(problem: &Diagnostic, expected: &Expected) -> bool {
    let hint = problem.hint.as_deref().unwrap_or("");
    format!("{}:{}", problem.line, problem.column) != expected.place
        || !problem.message.contains(&expected.message)
        || expected.hint.as_deref().is_some_and(|wanted| !hint.contains(wanted))
        || (expected.hint.is_none() && !hint.is_empty())
}

#[test]
fn invalid_files_say_what_is_wrong_where_and_what_to_do() {
    let paths = fixtures("invalid");
    assert!(paths.len() >= 40, "only {} fixtures", paths.len());
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a fixture is text");
        let expected = expected(&text);
        assert!(!expected.is_empty(), "{} expects nothing", path.display());
        let loaded = load::load(&path);
        let agree = expected.len() == loaded.diagnostics.len()
            && expected.iter().zip(&loaded.diagnostics).all(|(expected, problem)| !differs(problem, expected));
        if !agree {
            let wanted: Vec<&str> = text.lines().take_while(|line| line.starts_with("# expect: ")).collect();
            wrong.push(format!("{}\ngot\n{}\n", wanted.join("\n"), rendered(&loaded.diagnostics)));
        }
        let fatal = loaded.diagnostics.iter().any(Diagnostic::is_error);
        assert_eq!(loaded.config.is_none(), fatal, "{}", path.display());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_diagnostic_of_the_fixtures_shows_its_line_and_a_way_out() {
    for path in fixtures("invalid") {
        for problem in load::load(&path).diagnostics {
            let shown = problem.render();
            let place = format!("{}:{}:{}: ", path.display(), problem.line, problem.column);
            let elsewhere = problem.file != path;
            assert!(elsewhere || shown.starts_with(&place), "{shown}");
            assert!(problem.source_line.is_empty() || shown.contains('^'), "{shown}");
            assert!(!problem.message.ends_with('.') && !problem.message.contains('\n'), "{shown}");
            assert!(problem.hint.as_deref().is_none_or(|hint| !hint.is_empty()), "{shown}");
        }
    }
}

#[test]
fn a_file_of_one_line_is_explained_around_each_of_its_problems() {
    let keys: Vec<String> = (0..20_000).map(|number| format!("\"ö{number}\" = 1")).collect();
    let quoted = format!("console = {{ {} }}\n", keys.join(", "));
    let problems = load::load_text(Path::new("one.toml"), &quoted).diagnostics;
    assert_eq!(problems.len(), 20_000);
    let kept: usize = problems.iter().map(|problem| problem.source_line.len()).sum();
    assert!(kept < 100 << 20, "{kept} bytes of lines are kept");
    let last = problems.last().unwrap();
    assert_eq!(last.column, quoted.chars().count() - "\"ö19999\" = 1 }\n".chars().count() + 1);
    let shown = last.render();
    let lines: Vec<&str> = shown.lines().collect();
    let caret = lines[2].find('^').unwrap();
    assert_eq!(lines[1].chars().skip(caret).collect::<String>(), "\"ö19999\" = 1 }", "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_panics_the_loader(text in "\\PC{0,200}") {
        let loaded = load::load_text(Path::new("any.toml"), &text);
        for problem in &loaded.diagnostics {
            problem.render();
        }
    }

    /// The example with a piece cut out and another put in its place: nearly right is the harder case.
    #[test]
    fn no_damage_to_a_good_file_panics_the_loader(
        start in 0..EXAMPLE.len(),
        length in 0_usize..200,
        piece in prop_oneof![
            Just(String::new()),
            "[\\[\\]{}=\"'.,#\n a-z0-9{}:*-]{0,20}",
            Just("[check.x]\nhttp = 1\n".to_owned()),
            Just("'''".to_owned()),
            Just("\"\\u0000\"".to_owned()),
            "\\PC{0,8}",
        ],
    ) {
        let start = EXAMPLE.floor_char_boundary(start);
        let end = EXAMPLE.floor_char_boundary((start + length).min(EXAMPLE.len())).max(start);
        let text = format!("{}{piece}{}", &EXAMPLE[..start], &EXAMPLE[end..]);
        let loaded = load::load_text(Path::new("any.toml"), &text);
        for problem in &loaded.diagnostics {
            problem.render();
            prop_assert!(problem.line >= 1 && problem.column >= 1 && problem.width >= 1);
        }
        prop_assert_eq!(loaded.config.is_none(), loaded.diagnostics.iter().any(Diagnostic::is_error));
    }
}

/// A directory with these files, and the first of them.
fn written(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).expect("a file");
    }
    let main = directory.path().join(files[0].0);
    (directory, main)
}

#[test]
fn included_files_are_merged_and_listed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/valid/include.toml");
    let config = load::load(&path).config.expect("a valid file");
    assert_eq!(config.console.name, "included");
    assert_eq!(config.services.iter().map(|service| service.name.as_ref()).collect::<Vec<_>>(), ["api", "db"]);
    assert_eq!(config.keys.bindings.len(), 2);
    assert_eq!(config.files.len(), 2);
    assert!(config.files[1].ends_with("parts/db.toml"));
}

#[test]
fn a_name_defined_in_two_files_shows_both_places() {
    let (_directory, main) = written(&[
        ("a.toml", "include = [\"b.toml\"]\n[service.x]\n[console]\nname = \"a\"\n"),
        ("b.toml", "[service.x]\ntitle = \"again\"\n[console]\nname = \"b\"\n"),
    ]);
    let problems = load::load(&main).diagnostics;
    assert_eq!(problems.len(), 2, "{}", rendered(&problems));
    assert!(problems[0].file.ends_with("b.toml"));
    assert_eq!((problems[0].line, problems[0].column), (1, 10));
    assert_eq!(problems[0].message, "service `x` is defined twice");
    let hint = problems[0].hint.as_deref().expect("a hint");
    assert!(hint.contains("a.toml:2") && hint.contains("b.toml:1"), "{hint}");
    assert_eq!(problems[1].message, "`name` of [console] is defined twice");
}

#[test]
fn an_included_file_can_not_include() {
    let (_directory, main) = written(&[("a.toml", "include = [\"b.toml\"]\n"), ("b.toml", "include = [\"c.toml\"]\n")]);
    let problems = load::load(&main).diagnostics;
    assert_eq!(problems[0].message, "an included file can't include others");
}

#[cfg(unix)]
#[test]
fn a_secret_may_stand_inline_only_where_nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, main) = written(&[("a.toml", "[secret]\ntoken = \"hunter2-hunter2\"\n")]);
    let allow = |mode| std::fs::set_permissions(&main, std::fs::Permissions::from_mode(mode)).expect("a mode");
    for mode in [0o640, 0o604, 0o644] {
        allow(mode);
        let loaded = load::load(&main);
        assert!(loaded.config.is_none());
        let problem = &loaded.diagnostics[0];
        assert_eq!((problem.line, problem.column), (2, 9));
        assert_eq!(problem.message, "secret `token` is in a file that others can read");
        assert!(problem.hint.as_deref().is_some_and(|hint| hint.contains("chmod 600")));
        assert!(!problem.render().contains("hunter2"), "{}", problem.render());
    }
    allow(0o600);
    let loaded = load::load(&main);
    assert_eq!(rendered(&loaded.diagnostics), "");
    assert!(!format!("{:?}", loaded.config).contains("hunter2"));
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_others_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, main) = written(&[("a.toml", "[secret]\ntoken = { file = \"token\" }\n"), ("token", "x")]);
    let token = directory.path().join("token");
    let allow = |mode| std::fs::set_permissions(&token, std::fs::Permissions::from_mode(mode)).expect("a mode");
    allow(0o644);
    let loaded = load::load(&main);
    assert!(loaded.config.is_some());
    assert_eq!(loaded.diagnostics[0].message, "others can read the file of secret `token`");
    allow(0o600);
    assert_eq!(rendered(&load::load(&main).diagnostics), "");
}

#[test]
fn no_word_of_a_diagnostic_shows_a_secret_that_stands_in_the_file() {
    let (_directory, main) = written(&[(
        "a.toml",
        "[source.a]\nhttp = \"https://ops:hunter2@exa mple.com/\"\nheaders = { Authorization = \"Bearer s3cr3t\" }\n",
    )]);
    let problems = load::load(&main).diagnostics;
    assert_eq!(problems.len(), 3, "{}", rendered(&problems));
    let json = serde_json::to_string(&problems).expect("JSON");
    for text in [rendered(&problems), json] {
        assert!(!text.contains("hunter2") && !text.contains("s3cr3t"), "{text}");
    }
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_said_so() {
    let (directory, main) = written(&[("a.toml", "")]);
    let gone = load::load(&directory.path().join("gone.toml"));
    assert_eq!(gone.diagnostics[0].message, "this file does not exist");
    assert_eq!(load::load(directory.path()).diagnostics[0].message, "this is a directory");
    std::fs::write(&main, b"[console]\nname = \"\xff\"\n").expect("a file");
    let broken = load::load(&main);
    assert_eq!(broken.diagnostics[0].message, "this is not UTF-8");
    assert_eq!((broken.diagnostics[0].line, broken.diagnostics[0].column), (2, 9));
}

#[test]
fn the_file_is_looked_for_in_the_promised_order() {
    let flag = load::candidates(Some(Path::new("given.toml")), Some("named.toml".as_ref()));
    assert_eq!(flag, [PathBuf::from("given.toml")]);
    assert_eq!(load::candidates(None, Some("named.toml".as_ref())), [PathBuf::from("named.toml")]);
    for unset in [None, Some(OsStr::new(""))] {
        let places = load::candidates(None, unset);
        assert_eq!(places[0], PathBuf::from("opsroom.toml"));
        assert!(places[1..].iter().all(|place| place.ends_with("opsroom/config.toml")));
    }
}
