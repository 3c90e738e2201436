//! `opsroom check [FILE]`: every problem of the configuration with line, column, caret and hint.

use std::path::PathBuf;

use serde_json::json;

use super::Global;
use super::output::{self, exit};
use super::themes;
use crate::config::Config;
use crate::config::diagnostic::Diagnostic;
use crate::config::load::{self, Loaded};
use crate::config::sections::log::{Log, LogKind};
use crate::sources::tail::MAX_FILES;
use crate::sources::tail::once::files_of;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file; without it the one that the console would open
    file: Option<PathBuf>,
    /// One JSON object: {"problems": […], "notes": […]}
    #[arg(long)]
    json: bool,
}

/// Loads and prints every problem. Warnings alone are no reason to fail.
pub fn run(arguments: &Arguments, global: &Global) -> u8 {
    let named = arguments.file.as_deref().or(global.config.as_deref());
    let Some(path) = load::find(named) else {
        let places: Vec<String> =
            load::candidates(None, None).iter().map(|place| place.display().to_string()).collect();
        let problem = format!("there is no configuration at {}", places.join(" or "));
        return output::fail(
            exit::CONFIG,
            &problem,
            "`opsroom config example > opsroom.toml` creates one to start from",
        );
    };
    let Loaded { config, diagnostics } = load::load(&path);
    let notes = config.as_ref().map(notes).unwrap_or_default();
    let text =
        if arguments.json { as_json(&diagnostics, &notes) } else { as_text(config.as_ref(), &diagnostics, &notes) };
    let printed = output::print(&text);
    if config.is_none() { exit::CONFIG } else { printed }
}

/// What is right as it is written and does not do all that it seems to on this machine now.
fn notes(config: &Config) -> Vec<String> {
    let many = |log: &Log| {
        let files = files_of(log).len();
        let LogKind::File(pattern) = &log.kind else { return None };
        (files > MAX_FILES).then(|| {
            format!(
                "log {}: {} matches {files} files now; the {MAX_FILES} that were written last are followed\n\
                 hint: name them more closely, or make several logs of them",
                log.name,
                pattern.display()
            )
        })
    };
    let theme = themes::missing(&themes::catalogue(&config.files), &config.console.theme)
        .map(|(problem, hint)| format!("{problem}; the default one is used\nhint: {hint}"));
    theme.into_iter().chain(config.logs.iter().filter_map(many)).collect()
}

fn as_json(diagnostics: &[Diagnostic], notes: &[String]) -> String {
    format!("{:#}\n", json!({ "problems": diagnostics, "notes": notes }))
}

fn as_text(config: Option<&Config>, diagnostics: &[Diagnostic], notes: &[String]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&diagnostic.render());
        text.push_str("\n\n");
    }
    let Some(config) = config else {
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        return text + &format!("{}\n", counted(errors, "problem"));
    };
    let parts = [
        counted(config.services.len(), "service"),
        counted(config.checks.len(), "check"),
        counted(config.metrics.len(), "metric"),
        counted(config.logs.len(), "log"),
        counted(config.actions.len(), "action"),
    ];
    let file = config.files.first().map(|file| file.display().to_string()).unwrap_or_default();
    for note in notes {
        text.push_str("note: ");
        text.push_str(note);
        text.push_str("\n\n");
    }
    text + &format!("{file}: ok: {}\n", parts.join(", "))
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_good_file_is_counted_and_a_bad_one_is_explained() {
        let good = load::load_text(Path::new("ops.toml"), "[check.a]\ntcp = \"x.example:1\"\n");
        assert_eq!(
            as_text(good.config.as_ref(), &good.diagnostics, &[]),
            "ops.toml: ok: 0 services, 1 check, 0 metrics, 0 logs, 0 actions\n"
        );
        let bad = load::load_text(Path::new("ops.toml"), "[check.a]\ntpc = \"x.example:1\"\n");
        let text = as_text(bad.config.as_ref(), &bad.diagnostics, &[]);
        assert!(text.contains("ops.toml:2:1: unknown key `tpc` in check `a`\n  tpc = \"x.example:1\"\n  ^^^\nhint: did you mean `tcp`?"), "{text}");
        assert!(text.ends_with("1 problem\n"), "{text}");
    }

    #[test]
    fn files_that_are_too_many_are_noted() {
        let directory = tempfile::tempdir().unwrap();
        let text = format!("[log.app]\nfile = \"{}/*.log\"\n", directory.path().display());
        let noted = || {
            let loaded = load::load_text(Path::new("ops.toml"), &text);
            let notes = notes(loaded.config.as_ref().unwrap());
            (as_text(loaded.config.as_ref(), &loaded.diagnostics, &notes), as_json(&loaded.diagnostics, &notes))
        };
        for number in 0..MAX_FILES {
            std::fs::File::create_new(directory.path().join(format!("{number}.log"))).unwrap();
        }
        assert!(!noted().0.contains("note: "), "{}", noted().0);
        std::fs::File::create_new(directory.path().join("more.log")).unwrap();
        let (text, json) = noted();
        assert!(text.starts_with("note: log app: ") && text.contains("matches 33 files now; the 32"), "{text}");
        assert!(text.contains("\nhint: ") && text.ends_with("1 log, 0 actions\n"), "{text}");
        assert!(json.contains("33 files now"), "{json}");
    }

    #[test]
    fn a_theme_that_is_not_there_is_noted() {
        let loaded = load::load_text(Path::new("ops.toml"), "[console]\ntheme = \"midnigth\"\n");
        let notes = notes(loaded.config.as_ref().unwrap());
        assert_eq!(notes, ["no theme named `midnigth`; the default one is used\nhint: did you mean `midnight`?"]);
    }

    #[test]
    fn json_has_the_promised_fields() {
        let bad = load::load_text(Path::new("ops.toml"), "[consol]\n");
        let value: serde_json::Value = serde_json::from_str(&as_json(&bad.diagnostics, &[])).unwrap();
        let problem = &value["problems"][0];
        assert_eq!(problem["file"], "ops.toml");
        assert_eq!((problem["line"].as_u64(), problem["column"].as_u64()), (Some(1), Some(2)));
        assert_eq!(problem["message"], "unknown section `consol`");
        assert_eq!(problem["hint"], "did you mean `console`?");
    }
}
