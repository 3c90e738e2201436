//! What the screens look like as an incident goes on, and in the themes. Those of a calm world, of its outage and of a
//! run that `screens` holds already are not drawn again.

use crate::support::app::App;
use crate::support::frame::{SIZES, draw, draw_with, styled, text};
use crate::support::world;
use opsroom::model::run::RunState;
use opsroom::theme::{ColorDepth, GlyphSet};

const SCREENS: [(&str, &str); 5] =
    [("overview", "1"), ("service", "1 enter"), ("logs", "3"), ("metrics", "4"), ("actions", "6")];

type State = (&'static str, fn() -> App, &'static [&'static str]);

/// The states of an incident, each with the screens that are drawn elsewhere.
const STATES: [State; 5] = [
    ("calm", world::calm, &["overview"]),
    ("outage", world::trouble, &["overview", "service", "logs", "metrics"]),
    ("running", world::running, &["actions"]),
    ("verified", || world::ended(RunState::Verified), &[]),
    ("not_recovered", || world::ended(RunState::NotRecovered), &[]),
];

#[test]
fn every_screen_in_every_state() {
    for (state, world, drawn) in STATES {
        let mut app = world();
        for (screen, keys) in SCREENS.iter().filter(|(screen, _)| !drawn.contains(screen)) {
            app.keys(keys);
            for (width, height) in SIZES {
                let name = format!("{screen}_{state}_{width}x{height}");
                insta::assert_snapshot!(name, text(&draw(&app.state, width, height)));
            }
        }
    }
}

#[test]
fn every_screen_in_light_dark_and_without_colours() {
    let themes = [
        ("midnight", ColorDepth::True),
        ("daylight", ColorDepth::Sixteen),
        ("mono", ColorDepth::None),
        ("high-contrast", ColorDepth::Sixteen),
    ];
    let mut app = world::trouble();
    for (screen, keys) in SCREENS {
        app.keys(keys);
        for (theme, depth) in themes {
            if screen == "overview" && theme != "high-contrast" {
                continue;
            }
            let buffer = draw_with(&app.state, 80, 24, theme, depth, GlyphSet::UTF8);
            insta::assert_snapshot!(format!("{screen}_{theme}"), styled(&buffer));
        }
    }
}
