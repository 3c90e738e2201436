//! An outage at 02:41, from the alert to the handover: the real program in a terminal, on a service that is really broken,
//! with adapters that really change something, and what is on record at the end.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files, and its helpers end it where they fail"
)]

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use crate::support::pty::{Terminal, until, until_seen};
use crate::support::shell;

const PROGRAM: &str = env!("CARGO_BIN_EXE_opsroom");
const ENTER: &str = "\r";
const TAB: &str = "\t";
/// Empties the field.
const CTRL_U: &str = "\x15";
const CTRL_O: &str = "\x0f";

/// A shop whose release is a word in a file; `@` is where all of it lies.
const CONFIG: &str = r#"
[console]
name = "night-shop"
environment = "staging"

[service.web]
title = "shop front"
depends_on = ["db"]
[service.db]

[check.web]
service = "web"
command = ["sh", "-c", "grep -q 2.4.0 @/release || { echo 'cart: TypeError' >&2; exit 2; }"]
every = "1s"
timeout = "900ms"
fail_after = 2
ok_after = 2
alert = { critical = "down" }

[check.db]
service = "db"
command = ["true"]
every = "1s"
timeout = "900ms"

[log.web]
service = "web"
file = "@/web.log"

[adapter.ours]
restart = { steps = [["sh", "-c", "echo restarted | tee -a @/done"]] }
rollback = { choices = { version = ["cat", "@/releases"] }, steps = [["sh", "-c", "printf %s \"$1\" > @/release; echo \"$1 is up\" | tee -a @/done", "sh", "{version}"]] }

[action.restart-web]
title = "restart the shop front"
service = "web"
adapter = "ours"
do = "restart"
target = "web"
key = "R"
verify = { checks = ["web"], within = "3s" }
evidence = ["check:web", "log:web"]
on_failure = "rollback-web"

[action.rollback-web]
title = "roll the shop front back"
service = "web"
adapter = "ours"
do = "rollback"
target = "web"
key = "B"
verify = { checks = ["web"], within = "30s" }

[notify.pager]
command = ["sh", "-c", "cat >> @/pages; echo >> @/pages"]

[severity.critical]
aliases = ["P1"]
notify = ["pager"]
acknowledge_within = "15m"
resolve_within = "1h"

[contact.ana]
name = "Ana"
[contact.ben]
name = "Ben"
[oncall]
rotation = ["ana"]

[incident]
directory = "@/reports"
"#;

const RELEASES: &str = r#"{"value": "2.4.1", "title": "Keep the total of a cart in its session", "at": "2026-11-21T02:31Z", "by": "ci", "running": true}
{"value": "2.4.0", "title": "Show delivery dates in the cart", "at": "2026-11-19T00:00Z", "by": "ana"}
"#;

/// The shop, and who works there.
struct Shop {
    at: tempfile::TempDir,
}

impl Shop {
    /// All is well: 2.4.0 runs.
    fn open() -> Self {
        let shop = Self { at: tempfile::tempdir().unwrap() };
        let config = CONFIG.replace('@', shop.at.path().to_str().unwrap());
        for (name, text) in
            [("opsroom.toml", config.as_str()), ("releases", RELEASES), ("release", "2.4.0"), ("web.log", "")]
        {
            std::fs::write(shop.path(name), text).unwrap();
        }
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.at.path().join(name)
    }

    fn reads(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The release of 02:41 is brought up, and is bad.
    fn breaks(&self) {
        std::fs::write(self.path("release"), "2.4.1").unwrap();
        std::fs::write(self.path("web.log"), "2026-11-21T02:41:00Z ERROR TypeError: cart.total is undefined\n")
            .unwrap();
    }

    fn arguments(&self) -> [String; 4] {
        let store = format!("sqlite:{}", self.path("shared.db").display());
        ["--config".to_owned(), self.path("opsroom.toml").display().to_string(), "--store".to_owned(), store]
    }

    fn console(&self, who: &str) -> Terminal {
        let arguments = self.arguments();
        let argv: Vec<&str> = [PROGRAM].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        Terminal::program(&argv, 120, 40, &[("USER", who)])
    }

    fn shell(&self, who: &str, arguments: &[&str]) -> Output {
        let mut command = shell::opsroom(self.at.path());
        command.args(self.arguments()).args(arguments).env("USER", who).output().unwrap()
    }

    fn says(&self, who: &str, arguments: &[&str]) -> String {
        let output = self.shell(who, arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.says("cy", arguments)).unwrap()
    }
}

fn shows(terminal: &Terminal, wanted: &[&str]) {
    terminal.wait(&wanted.join(", "), |screen| {
        let shown = screen.contents();
        wanted.iter().all(|text| shown.contains(text))
    });
}

/// The alert is told, and somebody is at it.
fn is_told_and_acknowledged(shop: &Shop, ana: &mut Terminal) {
    ana.wait_for("2 of 2 ok");
    shop.breaks();
    shows(ana, &["✗ shop front DOWN", "cart: TypeError", "since", "1 critical", "R restart the shop front"]);
    until("somebody is paged", || shop.reads("pages").contains("shop front"));
    ana.press("a");
    ana.wait_for("looking into it");
    ana.press("on it");
    ana.press(ENTER);
    shows(ana, &["acknowledged by ana"]);
}

/// The incident is opened from the alert, with what was known at that moment.
fn is_opened(ana: &mut Terminal) {
    ana.press("i");
    shows(ana, &["open an incident", "critical", "web"]);
    ana.press(ENTER);
    shows(ana, &["incident INC-1", "opened as critical"]);
    ana.wait("evidence is saved", |screen| {
        let shown = screen.contents();
        !shown.contains("no evidence yet") && shown.contains("evidence-")
    });
    ana.press("r");
    ana.wait_for("role in INC-1");
    ana.press(ENTER);
    ana.wait_for("lead ana");
    ana.press("c");
    ana.wait_for("hypothesis of INC-1");
    ana.press("the release of 02:31");
    ana.press(ENTER);
    shows(ana, &["1. cause", "the release of 02:31"]);
}

/// A restart does not help and says so; the way back is offered, taken and verified.
fn is_mended(shop: &Shop, ana: &mut Terminal) {
    ana.press("R");
    ana.confirm("y runs it");
    shows(ana, &["not recovered", "B roll the shop front back"]);
    assert_eq!(shop.reads("done"), "restarted\n");
    ana.press("B");
    shows(ana, &["2.4.0  the one before", "runs now"]);
    ana.press(ENTER);
    ana.confirm("y runs it");
    shows(ana, &["roll the shop front back: verified", "2 of 2 ok"]);
    assert_eq!(shop.reads("done"), "restarted\n2.4.0 is up\n");
}

/// The cause is proven, those outside are told, the incident is resolved and its report written.
fn is_resolved_and_reported(shop: &Shop, ana: &mut Terminal) {
    ana.press(TAB);
    for word in ["eliminated", "confirmed"] {
        ana.press(" ");
        ana.wait(word, |screen| {
            screen.contents().lines().any(|row| row.contains("the release of 02:31") && row.contains(word))
        });
    }
    ana.press("u");
    ana.wait_for("status update of INC-1");
    ana.press("2.4.0 is back");
    ana.press(ENTER);
    ana.wait_for("update: 2.4.0 is back");
    until("the update is sent", || shop.reads("pages").contains("2.4.0 is back"));
    ana.press("m");
    ana.wait_for("state of INC-1");
    ana.press(&format!("{CTRL_U}resolve{TAB}rolled back to 2.4.0{ENTER}"));
    shows(ana, &["RESOLVED"]);
    ana.press("o");
    until("the report is written", || shop.reads("reports/INC-1.md").contains("2.4.0 is back"));
    assert!(shop.reads("reports/INC-1.json").contains("2.4.0 is back"));
    assert!(shop.says("ana", &["incident", "export", "1", "--out"]).contains("reports/INC-1.md"));
}

/// The next person reads what happened, and has the shift.
fn is_handed_over(shop: &Shop, ana: &Terminal) {
    let offered = shop.says("ana", &["handover", "--yes", "--note", "carts of the night may be lost"]);
    assert!(offered.starts_with("handover offered"), "{offered}");
    let mut ben = shop.console("ben");
    ben.wait_for("2 of 2 ok");
    ben.press(CTRL_O);
    shows(&ben, &["Handover: night-shop", "carts of the night may be lost", "shop front"]);
    ben.press("a");
    ben.wait_for("handover accepted: ben is on call");
    // Who had it sees that it is gone.
    ana.wait("Ben has the shift", |screen| {
        let shown = screen.contents();
        let header = shown.lines().next().unwrap_or_default();
        header.contains("ben") && !header.contains("handover of")
    });
    ben.press("q");
    assert_eq!(ben.wait_for_end().exit_code(), 0);
}

/// The place of each of these in a list, which has all of them in that order.
fn in_order(lines: &[String], wanted: &[&str]) {
    let mut rest = lines.iter();
    for one in wanted {
        assert!(rest.any(|line| line.contains(one)), "{one} is missing, or too early, in {lines:#?}");
    }
}

fn is_on_record(shop: &Shop) {
    assert!(shop.says("cy", &["audit", "verify"]).contains("intact"));
    let incident = &shop.json(&["incident", "list", "--all", "--json"])[0];
    for (field, value) in [("id", "INC-1"), ("state", "resolved"), ("severity", "critical"), ("lead", "ana")] {
        assert_eq!(incident[field], value, "{incident}");
    }
    assert_eq!(incident["services"], serde_json::json!(["web"]));
    for stamp in ["opened_at", "acknowledged_at", "mitigated_at", "resolved_at"] {
        assert!(incident[stamp].is_string(), "{stamp}: {incident}");
    }
    let runs = shop.json(&["runs", "--json"]);
    let ended: Vec<_> =
        runs.as_array().unwrap().iter().map(|run| (&run["action"], &run["state"], &run["who"])).collect();
    let [back, restart] = &ended[..] else { panic!("{ended:?}") };
    assert_eq!((back.0, back.1), (&"rollback-web".into(), &"verified".into()), "{ended:?}");
    assert_eq!((restart.0, restart.1), (&"restart-web".into(), &"not_recovered".into()), "{ended:?}");
    assert!(ended.iter().all(|run| run.2.as_str().is_some_and(|who| who.starts_with("ana"))), "{ended:?}");
    let alerts = shop.json(&["alerts", "--history", "1h", "--json"]);
    assert_eq!((&alerts[0]["alert"], &alerts[0]["state"]), (&"web".into(), &"resolved".into()), "{alerts}");
    assert_eq!(alerts[0]["notified"][0]["ok"], true, "{alerts}");
    let timeline = shop.json(&["timeline", "--json"]);
    let lines: Vec<String> = timeline.as_array().unwrap().iter().map(ToString::to_string).collect();
    in_order(
        &lines,
        &[
            "DOWN",
            "INC-1",
            "hypothesis",
            "restart the shop front",
            "roll the shop front back",
            "2.4.0 is back",
            "resolved",
        ],
    );
    assert!(shop.says("cy", &["oncall"]).contains("Ben"));
    let report = shop.reads("reports/INC-1.md");
    for due in
        ["# INC-1: ", "## Causes\n\n- the release of 02:31", "not recovered", "rolled back to 2.4.0", "Audit: entry"]
    {
        assert!(report.contains(due), "{due}: {report}");
    }
    // The day that runs: the one before it, which is reported unless told otherwise, has nothing of this.
    let today = chrono::Utc::now().date_naive().to_string();
    let daily = shop.says("cy", &["report", "daily", "--at", &today]);
    assert!(daily.contains("## Incidents") && daily.contains("INC-1"), "{daily}");
}

#[test]
fn an_outage_at_night_is_fought_to_its_end() {
    let shop = Shop::open();
    let mut ana = shop.console("ana");
    is_told_and_acknowledged(&shop, &mut ana);
    is_opened(&mut ana);
    is_mended(&shop, &mut ana);
    is_resolved_and_reported(&shop, &mut ana);
    is_handed_over(&shop, &ana);
    ana.press("1");
    ana.wait_for(" services ");
    ana.press("q");
    assert_eq!(ana.wait_for_end().exit_code(), 0);
    until_seen("all is on record", || shop.shell("cy", &["audit", "verify"]).status.code(), |code| *code == Some(0));
    is_on_record(&shop);
}
