//! Texts on the screen that name a key name the one that is bound now, and none where a command has none.

use opsroom::config::panels;

use crate::support::app::App;
use crate::support::frame::{draw, text};
use crate::support::world::{self, CONFIG};

/// The keys of these commands are others than the built-in ones.
const REBOUND: &str = r#"
[keys]
"/" = "none"
"O" = "filter"
"z" = "none"
"Z" = "zoom"
"y" = "none"
"Y" = "copy"
"i" = "none"
"I" = "open-incident"
"G" = "none"
"end" = "none"
"C" = "bottom"
"#;

fn shown(app: &App) -> String {
    text(&draw(&app.state, 100, 30))
}

#[test]
fn texts_name_the_keys_that_are_bound() {
    let mut app = App::new(&format!("{CONFIG}\n{REBOUND}"));
    app.keys("?");
    assert!(shown(&app).contains("O searches, Esc closes"), "{}", shown(&app));
    app.keys("esc d");
    assert!(shown(&app).contains("Y copies, Esc closes"), "{}", shown(&app));
    app.keys("esc Z");
    assert!(shown(&app).contains("zoomed; Z restores"), "{}", shown(&app));
    app.keys("Z O");
    app.typed("nothing has this name");
    app.keys("enter");
    assert!(shown(&app).contains("O changes it, esc clears it"), "{}", shown(&app));
    app.keys("esc 8 n");
    assert_eq!(app.toast(), "no incident on record; I opens one");
}

#[test]
fn a_command_without_a_key_is_named_without_one() {
    let mut app = App::new(&format!("{CONFIG}\n[keys]\nz = \"none\"\ny = \"none\"\ni = \"none\"\n"));
    app.keys("d");
    assert!(shown(&app).contains(" Esc closes ") && !shown(&app).contains("copies"), "{}", shown(&app));
    app.keys("esc 8 n");
    assert_eq!(app.toast(), "no incident on record");
}

/// What can be done about what is selected is in its menu, with the keys for it.
#[test]
fn the_menu_names_what_can_be_done_with_its_keys() {
    let mut app = world::trouble();
    app.keys("x");
    let menu = text(&draw(&app.state, 120, 40));
    for (offered, key) in [("acknowledge", "a"), ("silence", "s"), ("open incident", "i"), ("copy", "y")] {
        let row = menu.lines().find(|line| line.contains(&format!(" {offered} "))).unwrap_or_else(|| panic!("{menu}"));
        assert!(row.contains(&format!(" {key} ")), "{offered}: {row}");
    }
    app.typed("silence");
    app.keys("enter");
    let dialog = text(&draw(&app.state, 120, 40));
    assert!(dialog.contains("━ silence ━"), "its dialog: {dialog}");
}

/// Where an alert has no column for its state a sign says it: colour alone says nothing to whoever has none.
#[test]
fn every_alert_says_its_state_without_colour() {
    let app = world::trouble();
    let drawn = text(&draw(&app.state, 160, 50));
    let states: Vec<&str> = drawn
        .lines()
        .filter_map(|line| line.rsplit_once('│').map(|(line, _)| line))
        .filter_map(|line| line.rsplit_once('│').map(|(_, cell)| cell.trim()))
        .filter(|cell| ["crit ", "high ", "med ", "low "].iter().any(|word| cell.starts_with(word)))
        .collect();
    assert_eq!(states.len().min(3), 3, "{drawn}");
    for row in states {
        let sign = row.split_whitespace().nth(1).unwrap();
        assert!(["!", "◌", "⊘", "⊙", "⊖", "☼", "≈", "✓"].contains(&sign), "{row}");
    }
    assert!(app.state.rows(&panels::ALERTS.id()).len() >= 3);
}
