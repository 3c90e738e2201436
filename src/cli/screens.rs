//! `opsroom config screens`: the panels that a layout can name, and the built-in screens as they are written.

use std::fmt::Write as _;

use super::output;
use super::{Global, configuration};
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
