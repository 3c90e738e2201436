//! What the public sees, and what it does not.

use std::path::Path;

use super::days::DayStatus;
use super::*;
use crate::config::load::load_text;
use crate::lang::time::minute_of;
use crate::model::alert::Severity;
use crate::model::fact::MaintenanceEnd;
use crate::model::incident::samples::SampleIncident;
use crate::model::incident::{EntryKind, IncidentStep};
use crate::model::rollup::{Bucket, HourStanding, PlannedTime, SeriesKey, StandingHistory};
use crate::model::thing::{MaintenanceRecord, PlannedBy};

const CONFIG: &str = r#"
[console]
name = "wellbeing"
[service.api]
title = "API <script>alert(1)</script> & \"Co\""
[service.shop]
title = "Shop hunter2secret"
[service.vault]
title = "Vault internal"
[check.secret-probe]
service = "api"
tcp = "10.11.12.13:9"
[check.second-probe]
service = "api"
tcp = "10.11.12.14:9"
[check.shop-probe]
service = "shop"
tcp = "10.11.12.15:9"
[check.vault-probe]
service = "vault"
tcp = "10.11.12.16:9"
[maintenance.weekly]
title = "Disks"
when = "2026-03-08T02:00Z/2026-03-08T04:00Z"
services = ["api"]
notice = "48h"
[maintenance.hidden]
title = "Vault rotation"
when = "2026-03-08T01:00Z/2026-03-08T04:00Z"
services = ["vault"]
notice = "48h"
[statuspage]
directory = "/var/www/status"
services = ["api", "shop"]
"#;

const AT: &str = "2026-03-07T12:00:00Z";

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now(at: &str, states: [PublicStatus; 2], records: Vec<MaintenanceRecord>) -> PublicNow {
    let loaded = load_text(Path::new("/srv/opsroom.toml"), CONFIG);
    let config = Arc::new(loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)));
    let plan = Arc::new(MaintenancePlan::new(&config, records));
    let services = states.map(|status| PublicState { status, since: Some(utc("2026-03-07T11:58:00Z")) }).to_vec();
    PublicNow { at: utc(at), config, plan, services, incidents: Vec::new() }
}

/// Hours of checks: which check, the hour, seconds of down, degraded and known.
fn past(now: &PublicNow, hours: &[(&str, &str, u64, u64, u64)]) -> PublicPast {
    let mut past = PublicPast::default();
    let (series, from) = past.wanted(now);
    let of = |series: &SeriesKey| {
        let mine = hours.iter().filter(|(check, ..)| series.to_string() == format!("check:{check}"));
        let until = mine.clone().map(|(_, hour, ..)| minute_of(utc(hour)) + 60).max();
        let standing = mine.map(|(_, hour, down, degraded, known)| HourStanding {
            hour: minute_of(utc(hour)),
            down: down * 1_000,
            degraded: degraded * 1_000,
            known: known * 1_000,
            planned: PlannedTime { known: known * 1_000, failed: down * 1_000, planned: [0; 2] },
        });
        StandingHistory { series: series.clone(), hours: standing.collect(), until }
    };
    past.take(now, from, series.iter().map(of).collect());
    past
}

fn page(now: &PublicNow, past: &PublicPast) -> PublicPage {
    PublicPage::new(now, past, &Redactor::new(["hunter2secret"])).unwrap()
}

fn file(page: &PublicPage, name: &str) -> String {
    let files = page.files().unwrap();
    files.into_iter().find(|(known, _)| *known == name).unwrap().1
}

fn day<'a>(page: &'a PublicPage, service: usize, date: &str) -> &'a PublicDay {
    page.services[service].days.iter().find(|day| day.date.to_string() == date).unwrap()
}

#[test]
fn only_public_services_are_on_it_escaped_and_without_secrets() {
    let now = now(AT, [PublicStatus::Outage, PublicStatus::Operational], Vec::new());
    let past = past(&now, &[("secret-probe", "2026-03-07T11:00:00Z", 120, 0, 3_600)]);
    let page = page(&now, &past);
    for (name, text) in page.files().unwrap() {
        for hidden in ["probe", "10.11.12", "Vault", "vault", "hunter2", "rotation"] {
            assert!(!text.contains(hidden), "{hidden} in {name}: {text}");
        }
        assert!(text.contains("Shop ***") || name == "feed.xml", "{name}: {text}");
        assert!(text.contains("Disks"), "{name}: {text}");
    }
    let html = file(&page, "index.html");
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt; &amp; &quot;Co"));
    assert!(!html.contains("style=") && !html.contains("onclick") && !html.contains("http://"), "{html}");
    assert!(!file(&page, "feed.xml").contains("<script"));
    assert!(html.contains("Some services have an outage"), "{html}");
    assert!(html.contains("<time datetime=\"2026-03-07T12:00:00Z\">7 March 2026, 12:00:00 UTC</time>"), "{html}");
}

#[test]
fn a_day_is_what_the_worst_of_its_checks_was_and_without_data_never_green() {
    let now = now(AT, [PublicStatus::Operational; 2], Vec::new());
    let past = past(
        &now,
        &[
            // Beside each other: which of both was down at the same time is not known, so the longer one counts.
            ("secret-probe", "2026-03-05T10:00:00Z", 600, 0, 3_600),
            ("second-probe", "2026-03-05T10:00:00Z", 300, 400, 3_600),
            ("secret-probe", "2026-03-04T10:00:00Z", 0, 300, 50_000),
            ("secret-probe", "2026-03-03T10:00:00Z", 0, 0, 80_000),
            ("secret-probe", "2026-03-02T10:00:00Z", 0, 0, 3_600),
            ("secret-probe", "2026-03-01T10:00:00Z", 20, 0, 80_000),
            ("secret-probe", "2025-12-07T23:00:00Z", 3_600, 0, 3_600),
        ],
    );
    let page = page(&now, &past);
    assert_eq!(page.services[0].days.len(), 90);
    assert_eq!(page.services[0].days[0].date.to_string(), "2025-12-08");
    for (date, status, outage_s, degraded_s) in [
        ("2026-03-06", DayStatus::NoData, 0, 0),
        ("2026-03-05", DayStatus::Outage, 600, 100),
        ("2026-03-04", DayStatus::Degraded, 0, 300),
        ("2026-03-03", DayStatus::Operational, 0, 0),
        ("2026-03-02", DayStatus::Partial, 0, 0),
        ("2026-03-01", DayStatus::Degraded, 20, 0),
    ] {
        let day = day(&page, 0, date);
        assert_eq!((day.status, day.outage_s, day.degraded_s), (status, outage_s, degraded_s), "{date}");
    }
    let known = 3_600 + 50_000 + 80_000 + 3_600 + 80_000;
    assert!((page.services[0].availability.unwrap() - (1.0 - 620.0 / f64::from(known))).abs() < 1e-9);
    assert_eq!(page.services[1].availability, None);
    let html = file(&page, "index.html");
    assert!(html.contains("3 days with trouble") && html.contains("outage 10m 00s, degraded 1m 40s"), "{html}");
    assert!(html.contains("no data yet") && html.contains("90 days, none with data"), "{html}");
    assert_eq!(html.matches("<span class=\"none\" title").count(), 90 + 85, "what is not known is grey");
}

#[test]
fn maintenance_is_announced_runs_and_is_no_outage() {
    let states = [PublicStatus::Outage, PublicStatus::Operational];
    let coming = now(AT, states, Vec::new());
    let announced = page(&coming, &PublicPast::default());
    assert_eq!((announced.maintenance.len(), announced.maintenance[0].state), (1, WindowState::Coming));
    assert_eq!(announced.services[0].status, PublicStatus::Outage);
    let early = page(&now("2026-03-05T12:00:00Z", states, Vec::new()), &PublicPast::default());
    assert!(early.maintenance.is_empty(), "not announced yet");
    let running = now("2026-03-08T03:00:00Z", states, Vec::new());
    let past = past(&running, &[("secret-probe", "2026-03-08T02:00:00Z", 3_600, 0, 3_600)]);
    let runs = page(&running, &past);
    assert_eq!(
        (runs.services[0].status, runs.services[1].status),
        (PublicStatus::Maintenance, PublicStatus::Operational)
    );
    let today = day(&runs, 0, "2026-03-08");
    assert_eq!((today.status, today.outage_s, today.maintenance_s), (DayStatus::Maintenance, 0, 3_600));
    assert_eq!(runs.summary(), "Maintenance in progress");
    assert!(!coming.is_like(&running));
}

#[test]
fn what_was_down_in_a_window_that_is_over_is_no_outage_and_what_was_down_beside_it_is_all_counted() {
    let record = MaintenanceRecord {
        id: "planned@20260307".into(),
        name: "planned@20260307".into(),
        services: ServiceChoice::These(vec!["api".into()]),
        from: utc("2026-03-07T11:20:00Z"),
        until: utc("2026-03-07T11:50:00Z"),
        planned: Some(PlannedBy { by: "ana".into(), why: "disks".into(), notice_s: None, notify: Vec::new() }),
        has_started: true,
        ended: Some((MaintenanceEnd::Person, utc("2026-03-07T11:26:00Z"))),
    };
    let now = now(AT, [PublicStatus::Operational; 2], vec![record]);
    // Known for 16 minutes of that hour: 6 in the window, down for 5 of them, and 10 beside it, down for 4.
    let mut bucket = Bucket::default();
    bucket.stand(Status::Ok, 360_000, false);
    bucket.stand(Status::Down, 240_000, true);
    bucket.stand_in_maintenance(Status::Ok, 60_000, false);
    bucket.stand_in_maintenance(Status::Down, 300_000, true);
    let mut past = PublicPast::default();
    let (series, from) = past.wanted(&now);
    let hour = HourStanding::new(minute_of(utc("2026-03-07T11:00:00Z")), &bucket);
    let of = |series: &SeriesKey| {
        let hours = if series.to_string() == "check:secret-probe" { vec![hour] } else { Vec::new() };
        StandingHistory { series: series.clone(), until: hours.first().map(|hour| hour.hour + 60), hours }
    };
    past.take(&now, from, series.iter().map(of).collect());
    let page = page(&now, &past);
    let today = day(&page, 0, "2026-03-07");
    assert_eq!((today.outage_s, today.known_s, today.maintenance_s), (240, 600, 360));
    assert_eq!(page.services[0].availability, Some(0.6));
}

#[test]
fn why_and_by_whom_a_window_was_planned_stays_inside() {
    let record = MaintenanceRecord {
        id: "planned@20260307".into(),
        name: "planned@20260307".into(),
        services: ServiceChoice::All,
        from: utc("2026-03-07T11:00:00Z"),
        until: utc("2026-03-07T13:00:00Z"),
        planned: Some(PlannedBy { by: "ana".into(), why: "the breach".into(), notice_s: None, notify: Vec::new() }),
        has_started: true,
        ended: None,
    };
    let page = page(&now(AT, [PublicStatus::Operational; 2], vec![record]), &PublicPast::default());
    for (name, text) in page.files().unwrap() {
        assert!(text.contains("Planned maintenance"), "{name}: {text}");
        assert!(!text.contains("ana<") && !text.contains("breach") && !text.contains("planned@"), "{name}: {text}");
    }
}

#[test]
fn entries_of_the_feed_keep_their_ids_and_times() {
    let states = [PublicStatus::Outage, PublicStatus::Operational];
    let at = |at: &str, states| {
        let now = now(at, states, Vec::new());
        let hours = [
            ("secret-probe", "2026-03-05T10:00:00Z", 600, 0, 3_600),
            ("secret-probe", "2026-03-07T11:00:00Z", 120, 0, 3_600),
        ];
        let past = past(&now, &hours);
        file(&page(&now, &past), "feed.xml")
    };
    let feed = at(AT, states);
    assert_eq!(feed, at("2026-03-07T12:00:31Z", states), "time alone changes nothing");
    assert!(feed.contains(": outage</title>") && feed.contains("Outage since 7 March 2026, 11:58 UTC."), "{feed}");
    assert!(feed.contains("on 5 March 2026") && !feed.contains("on 7 March 2026"), "{feed}");
    assert_eq!(feed.matches("<entry>").count(), 3, "{feed}");
    let over = at("2026-03-07T13:00:00Z", [PublicStatus::Operational; 2]);
    assert!(over.contains("on 7 March 2026") && over.contains("<updated>2026-03-07T12:00:00Z</updated>"), "{over}");
    let ids = |feed: &str| -> Vec<String> {
        feed.lines().filter(|line| line.starts_with("<id>")).map(str::to_owned).collect()
    };
    assert_eq!(ids(&over).iter().filter(|id| ids(&feed).contains(id)).count(), 3, "the feed, the window, the 5th");
    let quiet = file(
        &page(&now("2026-03-01T12:00:00Z", [PublicStatus::Operational; 2], Vec::new()), &PublicPast::default()),
        "feed.xml",
    );
    assert!(!quiet.contains("<entry>") && quiet.contains("<updated>2026-03-01T00:00:00Z</updated>"), "{quiet}");
}

#[test]
fn a_first_failure_is_not_public_and_old_answers_are_not_believed() {
    assert_eq!(PublicState::settled(Status::Pending, None), None);
    let words = [Status::Ok, Status::Cold, Status::Degraded, Status::Down, Status::Unknown]
        .map(|status| PublicState::settled(status, None).unwrap().status.word());
    assert_eq!(words, ["Operational", "Operational", "Degraded", "Outage", "Unknown"]);
}

#[test]
fn it_says_until_when_its_figures_go() {
    let now = now(AT, [PublicStatus::Operational; 2], Vec::new());
    let counted = past(&now, &[("secret-probe", "2026-03-05T10:00:00Z", 600, 0, 3_600)]);
    let said = |past: &PublicPast| {
        let page = page(&now, past);
        let json: serde_json::Value = serde_json::from_str(&file(&page, "status.json")).unwrap();
        (json["figures_until"].clone(), file(&page, "index.html"))
    };
    let (until, html) = said(&counted);
    assert_eq!(until, "2026-03-05T11:00:00Z");
    assert!(
        html.contains("figures until <time datetime=\"2026-03-05T11:00:00Z\">5 March 2026, 11:00 UTC</time>"),
        "{html}"
    );
    let (until, html) = said(&PublicPast::default());
    assert!(until.is_null() && !html.contains("figures until"), "{html}");
}

#[test]
fn what_was_read_is_read_again_from_yesterday_on_alone() {
    let (earlier, later) = (
        now(AT, [PublicStatus::Operational; 2], Vec::new()),
        now("2026-03-08T00:01:00Z", [PublicStatus::Operational; 2], Vec::new()),
    );
    let mut past = past(&earlier, &[("secret-probe", "2026-03-05T10:00:00Z", 600, 0, 3_600)]);
    let (_, from) = past.wanted(&later);
    assert_eq!(DateTime::from_timestamp(i64::from(from) * 60, 0).unwrap(), utc("2026-03-06T00:00:00Z"));
    past.take(&later, from, Vec::new());
    assert_eq!(past.hours(&"secret-probe".into()).len(), 1, "it is kept");
    let old = now("2026-06-03T00:01:00Z", [PublicStatus::Operational; 2], Vec::new());
    let (series, from) = past.wanted(&old);
    let none = series.into_iter().map(|series| StandingHistory { series, hours: Vec::new(), until: None });
    past.take(&old, from, none.collect());
    assert!(past.hours(&"secret-probe".into()).is_empty(), "what is older than the page goes");
}

#[test]
fn an_incident_is_on_it_by_its_public_updates_alone() {
    let mut said = SampleIncident::opened(Severity::Critical, (None, None, 1_800));
    said.note("ana", 60, EntryKind::Note, "hunter2secret leaks <b>here</b>");
    let shown = |said: &SampleIncident| {
        let mut now = now("2026-02-25T07:00:00Z", [PublicStatus::Operational; 2], Vec::new());
        now.incidents = vec![said.record().clone()];
        page(&now, &PublicPast::default()).files().unwrap()
    };
    assert_eq!(shown(&said).len(), 3, "nothing was said to the public");
    said.update("ana", 120, "<b>rolling back</b> hunter2secret", 1_800);
    let files = shown(&said);
    assert_eq!(files.len(), 4);
    for (name, text) in &files {
        for hidden in ["ana", "leaks", "checkout fails", "<b>", "hunter2"] {
            assert!(!text.contains(hidden) || hidden == "<b>" && name == "status.json", "{hidden} in {name}: {text}");
        }
        assert!(text.contains("rolling back"), "{name}: {text}");
    }
    let (name, text) = &files[0];
    assert!(name == "incident-INC-1.html" && text.contains("Investigating") && text.contains("Next update"), "{text}");
    said.step("ana", 600, IncidentStep::Resolve);
    let over = shown(&said);
    assert!(over[0].1.contains("Resolved") && !over[0].1.contains("Next update"), "{}", over[0].1);
}

#[test]
fn what_the_public_was_told_and_was_a_false_alarm_stays_and_says_so() {
    let mut said = SampleIncident::opened(Severity::Critical, (None, None, 1_800));
    said.update("ana", 120, "orders fail", 1_800);
    said.step("ana", 600, IncidentStep::FalseAlarm);
    let of = |at: &str| {
        let mut now = now(at, [PublicStatus::Operational; 2], Vec::new());
        now.incidents = vec![said.record().clone()];
        page(&now, &PublicPast::default())
    };
    let shown = of("2026-02-25T07:00:00Z");
    let html = file(&shown, "incident-INC-1.html");
    assert!(html.contains("False alarm") && html.contains(", closed <time") && html.contains("orders fail"), "{html}");
    assert!(!html.contains("esolved") && !html.contains("Next update"), "{html}");
    assert!(file(&shown, "status.json").contains("\"state\":\"false alarm\""));
    assert_eq!(of("2026-03-25T07:00:00Z").incidents, [], "as long as any other that is over");
}
