//! What belongs to no service stands under the console's own name, and says what is wrong.

use crate::support::app::App;
use crate::support::frame::{draw, text};
use opsroom::model::reading::Sign;

const STRAY: &str = r#"
[source.host]
http = "http://127.0.0.1:4/host"
[check.site]
tcp = "127.0.0.1:1"
every = "5m"
alert = { critical = "down" }
[check.cdn]
tcp = "127.0.0.1:2"
every = "5m"
[metric.disk]
from = "host"
value = ".body.disk"
unit = "%"
alert = { high = "> 90%" }
[log.proxy]
file = "/var/log/proxy.log"
[adapter.ours]
reload = { steps = [["true"]] }
[action.reload-proxy]
title = "reload proxy"
adapter = "ours"
do = "reload"
key = "P"
verify = { checks = ["site"] }
"#;

const SERVICE: &str = r#"
[console]
name = "bare"
[service.api]
[check.api]
service = "api"
tcp = "127.0.0.1:3"
every = "5m"
"#;

fn fail(app: &mut App, check: &str) {
    for _ in 0..3 {
        app.poll(check, Sign::Bad);
    }
}

fn shown(app: &App) -> String {
    text(&draw(&app.state, 120, 40))
}

fn row<'a>(shown: &'a str, words: &str) -> &'a str {
    shown.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("no {words:?} in\n{shown}"))
}

#[test]
fn one_row_beside_services_says_which_check_is_wrong_and_has_all_that_belongs_to_none() {
    let mut app = App::new(&format!("{SERVICE}{STRAY}"));
    for check in ["api", "site", "cdn"] {
        app.poll(check, Sign::Good);
    }
    app.sample("disk", Ok(50.0));
    assert!(shown(&app).contains("2 of 2 ok"), "{}", shown(&app));
    fail(&mut app, "site");
    assert!(row(&shown(&app), "✗ DOWN     bare").contains("site: connection refused"), "{}", shown(&app));
    assert!(row(&shown(&app), "bare DOWN").contains("P reload proxy"), "{}", shown(&app));
    app.sample("disk", Ok(95.0));
    assert!(shown(&app).contains("+1 more cause: disk"), "another alert is not a part of it: {}", shown(&app));
    fail(&mut app, "cdn");
    assert!(shown(&app).contains("site: connection refused; also cdn"), "{}", shown(&app));
    app.keys("2");
    let shown = shown(&app);
    for words in ["checks of bare", "metrics of bare", "disk", "actions of bare", "logs of bare", "timeline of bare"] {
        assert!(shown.contains(words), "no {words:?} in\n{shown}");
    }
    assert!(!shown.contains("no events yet"), "{shown}");
}

#[test]
fn where_there_are_no_services_each_check_is_a_row_with_its_own_timeline() {
    let mut app = App::new(STRAY);
    for check in ["site", "cdn"] {
        app.poll(check, Sign::Good);
    }
    fail(&mut app, "site");
    assert!(shown(&app).contains("1 of 2 down"), "{}", shown(&app));
    app.keys("2");
    let of_site = shown(&app);
    assert!(row(&of_site, "timeline of site").contains("logs of site"), "{of_site}");
    assert!(of_site.contains("! critical site down"), "{of_site}");
    app.keys("right");
    let of_cdn = shown(&app);
    assert!(of_cdn.contains("timeline of cdn") && !of_cdn.contains("! critical site down"), "{of_cdn}");
}
