//! `opsroom` without a command: the console.

use std::io::IsTerminal;
use std::path::PathBuf;

use super::Global;
use super::configuration;
use super::output::{self, exit};
use crate::runtime::core::Start;
use crate::runtime::painter::Painter;
use crate::runtime::{lifecycle, panics, paths};

/// Opens the console.
pub fn run(global: &Global) -> u8 {
    match configuration::find(global) {
        Ok(found) => {
            let start = Start {
                clock: global.clock,
                config: found.config,
                loader: Some(found.loader),
                store: global.store.clone(),
                state_directory: paths::state_directory(),
            };
            open(global, start)
        }
        Err(code) => code,
    }
}

/// Runs a console that is ready to start.
pub fn open(global: &Global, start: Start) -> u8 {
    if !std::io::stdout().is_terminal() {
        return output::fail(
            exit::USAGE,
            "the console needs a terminal, and standard output is none",
            "`opsroom status` prints one line for each check, `opsroom logs` the logs",
        );
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return output::fail(
            exit::USAGE,
            "this terminal can't move its cursor (TERM=dumb)",
            "set TERM to what the terminal is, or use `opsroom status`",
        );
    }
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let mut painter = Painter::detect(&environment, true, global.no_color, start.config.console.ascii);
    for (name, text) in own_themes(&start.config.files) {
        painter.add(&name, &text);
    }
    panics::install();
    match output::block_on(lifecycle::run(start, painter)) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) | Err(error) => output::fail(
            exit::SOFTWARE,
            &format!("the console can't run in this terminal: {error}"),
            "`opsroom status` needs no terminal",
        ),
    }
}

/// A person's own themes: `themes/NAME.toml` beside the configuration, in the order of their names.
#[expect(clippy::disallowed_methods, reason = "read once, before the console opens")]
fn own_themes(files: &[PathBuf]) -> Vec<(String, String)> {
    let Some(directory) = files.first().and_then(|file| file.parent()).map(|beside| beside.join("themes")) else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let theme = |path: &PathBuf| {
        let name = path.file_stem()?.to_str()?.to_owned();
        let is_theme = path.extension().is_some_and(|extension| extension == "toml");
        let text = is_theme.then(|| std::fs::read_to_string(path).ok())??;
        Some((name, text))
    };
    paths.iter().filter_map(theme).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test owns its directory")]
    fn themes_beside_the_configuration_are_found() {
        let directory = tempfile::tempdir().unwrap();
        assert!(own_themes(&[directory.path().join("opsroom.toml")]).is_empty());
        std::fs::create_dir(directory.path().join("themes")).unwrap();
        for name in ["b.toml", "a.toml", "notes.txt"] {
            std::fs::write(directory.path().join("themes").join(name), name).unwrap();
        }
        let found = own_themes(&[directory.path().join("opsroom.toml")]);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
