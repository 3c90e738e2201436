//! Who else is here: two real consoles on one store, and what the header and the diagnostics say of them.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files, and its helpers end it where they fail"
)]

use std::path::{Path, PathBuf};

use chrono::DateTime;
use opsroom::app::screens::Screen;
use opsroom::model::lease::{LeaseHolder, LeaseReport, LeaseView};
use opsroom::model::outcome::Outcome;
use opsroom::model::presence::{Presence, PresenceView};
use opsroom::text::SafeText;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::app::{App, WORLD};
use crate::support::frame::{draw, text};
use crate::support::pty::{Terminal, until};
use crate::support::shell;
use crate::support::team::Team;

const PROGRAM: &str = env!("CARGO_BIN_EXE_opsroom");

struct Company {
    config: PathBuf,
    url: String,
    home: PathBuf,
}

impl Company {
    fn new(at: &Path, url: &str) -> Self {
        let config = at.join("opsroom.toml");
        std::fs::write(&config, "[console]\nname = \"team\"\n[check.api]\ntcp = \"127.0.0.1:9\"\nevery = \"1h\"\n")
            .unwrap();
        Self { config, url: url.to_owned(), home: at.to_owned() }
    }

    fn console(&self, who: &str, from: &str) -> Terminal {
        let argv = [PROGRAM, "--config", self.config.to_str().unwrap(), "--store", &self.url];
        let connection = format!("{from} 50122 10.0.0.1 22");
        Terminal::program(&argv, 160, 40, &[("USER", who), ("SSH_CONNECTION", connection.as_str())])
    }

    fn whoami(&self) -> Value {
        let mut command = shell::opsroom(&self.home);
        command.args(["--config", "opsroom.toml", "--store", &self.url, "whoami", "--json"]);
        let printed = command.env("USER", "cy").output().unwrap();
        assert!(printed.status.success(), "{printed:?}");
        serde_json::from_slice(&printed.stdout).unwrap()
    }
}

/// Two consoles see each other, where the other is, and when it has gone, in order or not.
fn meet(company: &Company) {
    let mut ana = company.console("ana", "10.0.0.4");
    ana.wait_for("overview");
    // She records before he comes.
    ana.press("!");
    ana.wait_for("this console");
    ana.press("1");
    let mut ben = company.console("ben", "10.0.0.5");
    ana.wait_for("with ben (overview)");
    ben.wait_for("with ana (overview, records)");
    ben.press("3");
    ana.wait_for("with ben (logs)");
    ana.press("!");
    ana.wait_for("ben (ssh from 10.0.0.5)@");
    ben.wait_for("with ana (diagnostics, records)");
    let told = company.whoami();
    assert_eq!((&told["who"], &told["recorder"]["who"]), (&"cy".into(), &"ana (ssh from 10.0.0.4)".into()));
    let present: Vec<(&str, &str)> = told["present"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["who"].as_str().unwrap(), one["screen"].as_str().unwrap()))
        .collect();
    assert_eq!(present, [("ana (ssh from 10.0.0.4)", "diagnostics"), ("ben (ssh from 10.0.0.5)", "logs")]);
    ben.press("F");
    ben.wait_for("following ana");
    ana.wait_for("with ben (diagnostics)");
    ana.press("4");
    ana.wait_for("with ben (metrics)");
    ben.press("\u{1b}");
    ben.wait_for("no longer following ana");
    ben.signal(Signal::TERM);
    ben.wait_for_end();
    ana.wait("ben has left", |screen| !screen.contents().contains("with ben"));
    let other = company.console("dan", "10.0.0.6");
    ana.wait_for("with dan (overview)");
    other.signal(Signal::KILL);
    until("a console that was killed is gone", || !ana.contents().contains("with dan"));
    ana.signal(Signal::TERM);
    ana.wait_for_end();
    assert_eq!(company.whoami()["present"], Value::Array(Vec::new()));
}

#[test]
fn two_consoles_see_each_other_on_one_file() {
    let at = tempfile::tempdir().unwrap();
    meet(&Company::new(at.path(), &format!("sqlite:{}", at.path().join("shared.db").display())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_consoles_see_each_other_on_one_server() {
    let Some(team) = Team::postgres().await else { return };
    let company = Company::new(team.at.path(), &team.url);
    tokio::task::spawn_blocking(move || meet(&company)).await.unwrap();
    team.end().await;
}

fn present(who: &str, pid: u32, screen: &str) -> Presence {
    let (who, host, screen) = (SafeText::new(who), SafeText::new("box"), SafeText::new(screen));
    Presence {
        who,
        host,
        pid,
        watcher: screen.as_str().is_empty(),
        screen,
        since: DateTime::UNIX_EPOCH,
        view: PresenceView::default(),
    }
}

fn header(app: &App, width: u16) -> String {
    text(&draw(&app.state, width, 30)).lines().next().unwrap().to_owned()
}

#[test]
fn the_header_names_others_as_far_as_there_is_room() {
    let mut app = App::new(WORLD);
    let alone = header(&app, 200);
    assert!(!alone.contains("with "), "{alone}");
    app.outcome(Outcome::Present(vec![present("ben (as root)", 7, "logs")]));
    assert!(header(&app, 200).contains("with ben (logs)"), "{}", header(&app, 200));
    let holder = LeaseHolder {
        who: "ops".to_owned(),
        host: "box".to_owned(),
        pid: Some(9),
        watcher: true,
        since: DateTime::UNIX_EPOCH,
        overdue: false,
    };
    let view = LeaseView::Other(holder);
    app.outcome(Outcome::Lease(Box::new(LeaseReport { view, ..LeaseReport::default() })));
    assert!(header(&app, 240).contains("with ops (watcher, records), ben (logs)"), "{}", header(&app, 240));
    let all = vec![present("ops", 9, ""), present("ben", 7, "logs"), present("cy", 8, "alerts")];
    app.outcome(Outcome::Present(all));
    assert!(header(&app, 240).contains("with ops (watcher, records), ben (logs) +1"), "{}", header(&app, 240));
    // What is wrong, and the screens, stay.
    let narrow = header(&app, 80);
    assert!(!narrow.contains("with ops (watcher"), "{narrow}");
    assert!((80..160).any(|width| header(&app, width).contains("with ops +2")), "the name is left longest");
    for width in [40, 60, 80, 100, 120, 160] {
        let (with, mut lonely) = (header(&app, width), App::new(WORLD));
        lonely.pass(0);
        let said = |header: &str| header.contains("unknown") || header.contains("pending");
        assert_eq!(said(&with), said(&header(&lonely, width)), "{width}: {with}");
    }
    app.outcome(Outcome::Present(Vec::new()));
    assert!(header(&app, 240).contains("with ops (watcher, records)"), "who records is named though it is not seen");
}

/// Ana on a screen that shows this.
fn ana(screen: &str, view: PresenceView) -> Outcome {
    Outcome::Present(vec![Presence { view, ..present("ana", 7, screen) }])
}

#[test]
fn a_colleagues_screen_is_followed_until_one_lets_go() {
    let mut app = App::new(WORLD);
    app.keys("F");
    assert!(app.state.console.following.is_none(), "nobody is here");
    let view = PresenceView { filter: SafeText::new("timeout"), range_s: 900, ..PresenceView::default() };
    app.outcome(ana("logs", view.clone()));
    assert_eq!(app.state.console.screen, Screen::Overview, "nobody is followed unasked");
    app.keys("F");
    let console = &app.state.console;
    assert_eq!((&console.screen, console.screens.logs.filter.text()), (&Screen::Logs, "timeout"));
    assert_eq!(console.screens.metrics.span().as_secs(), 900);
    assert!((80..=200).step_by(20).all(|width| header(&app, width).contains("following ana")));
    let service = app.state.world.services.iter().last().expect("a service").name.clone();
    let of_service = PresenceView { service: SafeText::new(&service), ..view.clone() };
    app.outcome(ana("service", of_service.clone()));
    assert_eq!(app.state.console.screen, Screen::Service);
    assert_eq!(app.state.shown_service().map(|shown| &shown.name), Some(&service));
    // What one looks at oneself stays until she goes on.
    app.keys("4");
    app.outcome(ana("service", of_service.clone()));
    assert_eq!(app.state.console.screen, Screen::Metrics);
    app.keys("esc");
    assert!(app.state.console.following.is_none() && app.state.console.screen == Screen::Metrics);
    app.outcome(ana("alerts", view));
    assert_eq!(app.state.console.screen, Screen::Metrics);
}

#[test]
fn who_leaves_or_follows_too_is_let_go() {
    let mut app = App::new(WORLD);
    let follows = PresenceView { follows: true, ..PresenceView::default() };
    for (next, said) in
        [(Outcome::Present(Vec::new()), "ana has left"), (ana("logs", follows.clone()), "ana follows a colleague now")]
    {
        app.outcome(ana("alerts", PresenceView::default()));
        app.keys("F");
        assert_eq!(app.state.console.screen, Screen::Alerts);
        app.outcome(next);
        assert!(app.state.console.following.is_none() && app.state.console.screen == Screen::Alerts);
        let drawn = text(&draw(&app.state, 120, 40));
        assert!(drawn.contains(said), "{drawn}");
        app.keys("1");
    }
    app.keys("F");
    assert!(app.state.console.following.is_none(), "two who follow each other would never stand still");
}

#[test]
fn what_cant_be_shown_here_is_left_out() {
    let mut app = App::new(WORLD);
    let hostile = PresenceView {
        service: SafeText::new("none-such"),
        filter: SafeText::new("((("),
        range_s: u64::MAX,
        ..PresenceView::default()
    };
    app.outcome(ana("a-screen-of-hers", hostile));
    app.keys("F");
    assert_eq!(app.state.console.screen, Screen::Overview);
    assert!(app.state.console.screens.logs.filter.text().is_empty());
    draw(&app.state, 80, 24);
}
