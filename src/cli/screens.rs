//! `opsroom config screens`: the panels that a layout can name, and the built-in screens as they are written. And the
//! screen that a command was asked for.

use std::fmt::Write as _;

use super::output::{self, exit};
use super::{Global, configuration};
use crate::app::screens::Screen;
use crate::config::Config;
use crate::config::panels::PANELS;
use crate::config::screens;

/// Prints them, as TOML that can be pasted into the configuration.
pub(crate) fn run(global: &Global) -> u8 {
    match configuration::if_any(global, "the built-in screens", "the overview is the one without it") {
        Ok(config) => output::print(&format!("{}\n{}", panels(), screens::toml(&config.unwrap_or_default()))),
        Err(code) => code,
    }
}

/// Every panel, as a comment.
fn panels() -> String {
    let width = PANELS.iter().map(|panel| panel.form().len()).max().unwrap_or(0);
    let mut text = String::from(
        "# The built-in screens. One of them in the configuration replaces the built-in one; any other name is a new screen.\n\
         # `rows` are rows of panels from the top: \"services*2\" has twice the share of its neighbours, a list within a row is a\n\
         # column of panels, and `narrow` has other rows for terminals of fewer columns. The panels:\n",
    );
    for panel in PANELS {
        // Writing to a string can't fail.
        let _ = writeln!(text, "#   {:width$}  {}", panel.form(), panel.help);
    }
    text
}

/// The screen of a name; an error that lists those that there are, and what else may be asked for in their place.
pub(super) fn find(name: &str, config: &Config, others: &[&str]) -> Result<Screen, u8> {
    let all = || Screen::BUILT_IN.into_iter().chain(Screen::custom(config).map(|(screen, _)| screen));
    all().find(|screen| screen.name() == name).ok_or_else(|| {
        let names: Vec<String> = all().map(|screen| screen.name().to_owned()).collect();
        let names = names.into_iter().chain(others.iter().map(|other| (*other).to_owned()));
        let hint = format!("known: {}", names.collect::<Vec<_>>().join(", "));
        output::fail(exit::USAGE, &format!("no screen named `{name}`"), &hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_is_listed() {
        let text = panels();
        assert!(PANELS.iter().all(|panel| text.contains(&format!("  {} ", panel.form()))), "{text}");
        assert!(text.lines().all(|line| line.starts_with('#') && line.chars().count() <= 120), "{text}");
    }
}
