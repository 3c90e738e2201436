//! Two people at two consoles, in terminals, on one incident: what one says, the other sees.
#![expect(clippy::unwrap_used, reason = "a test ends where a helper fails")]

use crate::support::pty::Terminal;
use crate::support::team::Team;

fn console(team: &Team, who: &str) -> Terminal {
    let file = team.file();
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", file.to_str().unwrap(), "--store", &team.url];
    Terminal::program(&argv, 120, 40, &[("USER", who)])
}

/// Says something of the kind whose dialog a key opens.
fn says(terminal: &mut Terminal, key: &str, dialog: &str, text: &str) {
    terminal.press(key);
    terminal.wait_for(dialog);
    terminal.press(text);
    terminal.press("\r");
    terminal.wait(&format!("the end of {dialog}"), |screen| !screen.contents().contains(dialog));
}

fn row_with(terminal: &Terminal, wanted: &[&str]) {
    terminal.wait(&wanted.join(", "), |screen| {
        screen.contents().lines().any(|row| wanted.iter().all(|text| row.contains(text)))
    });
}

/// An incident is opened by one, joined by the other, and both see what both say of it until it is over.
fn work_together(team: &Team) {
    let mut ana = console(team, "ana");
    ana.wait_for("✗ api DOWN");
    let mut ben = console(team, "ben");
    ben.wait_for("✗ api DOWN");
    ana.press("i");
    ana.wait_for("open an incident");
    ana.press("\r");
    ana.wait_for("incident INC-1");
    ben.wait("it is open", |screen| screen.contents().lines().next().is_some_and(|header| header.contains("INC-1")));
    ben.press("8");
    ben.wait_for("incident INC-1");

    says(&mut ana, "n", "note of INC-1", "the db answers");
    row_with(&ben, &["ana", "the db answers"]);
    says(&mut ben, "c", "hypothesis of INC-1", "the port is closed");
    row_with(&ana, &["ben", "the port is closed"]);
    // Both at once: neither is lost.
    for (terminal, text) in [(&mut ana, "ana was here"), (&mut ben, "ben was here")] {
        terminal.press("n");
        terminal.wait_for("note of INC-1");
        terminal.press(text);
    }
    ana.press("\r");
    ben.press("\r");
    for terminal in [&ana, &ben] {
        row_with(terminal, &["ana was here"]);
        row_with(terminal, &["ben was here"]);
    }
    // One takes the lead, and gives it to the other, who has it once that is accepted.
    says(&mut ana, "r", "role in INC-1", "");
    row_with(&ben, &["lead ana"]);
    ana.press("r");
    ana.wait_for("role in INC-1");
    ana.press("\t\x15offer\tben\r");
    row_with(&ben, &["role lead offered to ben"]);
    says(&mut ben, "r", "role in INC-1", "");
    row_with(&ana, &["lead ben"]);
    // Nobody takes it from its holder by two keys.
    ana.press("r");
    ana.wait_for("ben leads: offer, take over");
    ana.press("\r");
    ana.wait_for("no step (use take, take over");
    ana.press("\ttake\r");
    ana.wait_for("ben has the role lead: ask them to offer it");
    ana.press(" over\r");
    ana.wait_for("on record, taken from ben");
    row_with(&ben, &["INC-1: ana takes the role lead from ben"]);
    row_with(&ben, &["lead ana"]);
    ben.press("m");
    ben.wait_for("state of INC-1");
    ben.press("\x15resolve\topened again\r");
    for terminal in [&ana, &ben] {
        terminal.wait_for("RESOLVED");
    }
    for mut terminal in [ana, ben] {
        // From the incident it leads back.
        terminal.press("1");
        terminal.wait_for(" services ");
        terminal.press("q");
        assert_eq!(terminal.wait_for_end().exit_code(), 0);
    }
    let report = team.does(&["incident", "export", "1"]);
    for said in ["the db answers", "the port is closed", "ana was here", "ben was here"] {
        assert_eq!(report.matches(&format!("{said} ")).count().min(1), 1, "{said}: {report}");
    }
    let listed: serde_json::Value = serde_json::from_str(&team.does(&["incident", "list", "--all", "--json"])).unwrap();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["lead"]), (1, &"ana".into()), "{listed}");
    assert!(team.does(&["audit", "verify"]).contains("intact"));
}

#[test]
fn two_people_work_on_one_incident_on_one_file() {
    work_together(&Team::sqlite());
}

#[tokio::test]
async fn two_people_work_on_one_incident_on_one_server() {
    let Some(team) = Team::postgres().await else { return };
    let team = tokio::task::spawn_blocking(move || {
        work_together(&team);
        team
    });
    team.await.unwrap().end().await;
}
