//! The first row where the room is short: what is wrong stays, whatever else is to be said beside it.

use std::fmt::Write as _;

use opsroom::app::message::{Event, Learned};
use opsroom::model::observation::Observation;
use opsroom::model::outcome::{Outcome, StoreAbsence, StoreAway};
use opsroom::model::reading::Sign;
use opsroom::text::SafeText;

use crate::support::app::App;
use crate::support::frame::{draw, text};

/// What a console may be that is not as usual: the word of its chip, what makes it so.
type Unusual = (&'static str, fn(&mut App));

const OFFLINE: &str = "OUR NETWORK IS DOWN";

const UNUSUAL: [Unusual; 11] = [
    ("FROZEN", |app| app.keys("f")),
    ("HELD", |app| app.send(Event::Focus(false))),
    (OFFLINE, |app| {
        app.send_observation(Observation::Connectivity { ok: false, detail: SafeText::new("no route") });
    }),
    ("NO STORE YET", |app| store(app, StoreAbsence::NotMade)),
    ("STORE AWAY", |app| store(app, StoreAbsence::Unusable)),
    ("LOST ENTRIES", |app| store(app, StoreAbsence::LostEntries)),
    ("STORE REPLACED", |app| store(app, StoreAbsence::Replaced)),
    ("STORE READ-ONLY", |app| app.outcome(Outcome::StoreOnlyRead(Some(SafeText::new("the role may only read"))))),
    ("READ-ONLY", |_| {}),
    ("INSECURE TLS", |_| {}),
    ("STALE", |app| app.pass(60)),
];

fn store(app: &mut App, how: StoreAbsence) {
    let since = app.now().utc;
    let (why, problem) = (SafeText::new("gone"), SafeText::new("no such file"));
    app.outcome(Outcome::Store { away: Some(StoreAway { since, seen: true, why, problem, how }), since });
}

/// A console of this name with a critical alert and others, and what is said of it by its configuration.
fn console(name: &str, environment: &str, unusual: &str) -> App {
    let read_only = if unusual == "READ-ONLY" { "read_only = true\n" } else { "" };
    let insecure = if unusual == "INSECURE TLS" { "insecure = true\n" } else { "" };
    let mut app = App::new(&format!(
        "[console]\nname = \"{name}\"\nenvironment = \"{environment}\"\n{read_only}\
         [check.api]\nhttp = \"https://127.0.0.1/\"\n{insecure}alert = {{ critical = \"down\" }}\n\
         [check.web]\ntcp = \"127.0.0.1:1\"\nalert = {{ high = \"down\" }}\n\
         [check.mail]\ntcp = \"127.0.0.1:2\"\nalert = {{ medium = \"down\" }}\n\
         [check.db]\ntcp = \"127.0.0.1:3\"\n"
    ));
    for _ in 0..5 {
        for check in ["api", "web", "mail"] {
            app.poll(check, Sign::Bad);
        }
        app.poll("db", Sign::Good);
        app.pass(1);
    }
    app
}

fn first_row(app: &App, width: u16) -> String {
    text(&draw(&app.state, width, 24)).lines().next().unwrap_or_default().to_owned()
}

const NAMES: [(&str, &str); 3] =
    [("wellbeing", "production"), ("x", ""), ("the console of the whole company", "production-eu-central-1")];

#[test]
fn what_is_wrong_stays_in_the_header_beside_every_chip() {
    let mut rows = String::new();
    for (name, environment) in NAMES {
        for (chip, becomes) in UNUSUAL {
            let mut app = console(name, environment, chip);
            becomes(&mut app);
            let row = first_row(&app, 80);
            assert!(["1 critical", chip].iter().all(|words| row.contains(words)), "{chip}: {row}");
            // Without a network of our own nothing is known of others.
            assert!(row.contains("3 of 4 down") || chip == OFFLINE, "{chip}: {row}");
            let begins: String = name.chars().take(8).collect();
            let environment: String = environment.to_uppercase().chars().take(8).collect();
            let is_named = row.contains(&begins) || (!environment.is_empty() && row.contains(&environment));
            assert!(is_named, "which console it is: {row}");
            writeln!(rows, "{row}").expect("a string takes all");
        }
    }
    insta::assert_snapshot!("beside_every_chip_80", rows);
}

#[test]
fn while_it_is_recorded_the_header_says_so() {
    let mut app = console("wellbeing", "production", "");
    assert!(!first_row(&app, 200).contains(" REC "));
    app.send(Event::Learned(Learned::Recorded(true)));
    assert!(first_row(&app, 200).contains(" REC "), "{}", first_row(&app, 200));
    // What is wrong and the time stay where there is no room for it.
    let row = first_row(&app, 72);
    assert!(["3 of 4 down", "1 critical"].iter().all(|words| row.contains(words)), "{row}");
    app.send(Event::Learned(Learned::Recorded(false)));
    assert!(!first_row(&app, 200).contains(" REC "));
}

#[test]
fn in_a_narrow_header_the_name_of_the_console_outlives_all_but_what_is_wrong() {
    let app = console("wellbeing", "production", "");
    for width in [56, 64, 72, 80] {
        let row = first_row(&app, width);
        assert!(["wellbeing", "3 of 4 down", "1 critical"].iter().all(|words| row.contains(words)), "{width}: {row}");
    }
}

#[test]
fn from_110_columns_the_header_has_the_keys_of_all_screens() {
    for (name, environment) in NAMES {
        let app = console(name, environment, "");
        for width in [110, 120, 142, 200] {
            let row = first_row(&app, width);
            let keys =
                row.contains("1 overview 2 3 4 5 6") || row.contains("2 service 3 logs 4 metrics 5 alerts 6 actions");
            let titles = row.contains("2 service  3 logs  4 metrics  5 alerts  6 actions  7 checklists  8 incident");
            assert!(row.contains("1 overview") && (keys || titles), "{width}: {row}");
        }
    }
}

#[test]
fn what_is_wrong_stays_in_the_header_beside_many_chips() {
    let mut rows = String::new();
    for (name, environment) in NAMES {
        let mut app = console(name, environment, "INSECURE TLS");
        for (chip, becomes) in UNUSUAL {
            // A frozen console shows nothing that comes later, and one without a network knows nothing.
            if !["FROZEN", OFFLINE].contains(&chip) {
                becomes(&mut app);
            }
            let row = first_row(&app, 80);
            assert!(row.contains("3 of 4 down") && row.contains("1 critical"), "and {chip}: {row}");
        }
        app.keys("f");
        for width in [80, 120, 200] {
            writeln!(rows, "{}", first_row(&app, width)).expect("a string takes all");
        }
    }
    insta::assert_snapshot!("beside_many_chips", rows);
}
