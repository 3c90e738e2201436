//! What is told, over time. A receiver here accepts at once, unless a test says otherwise.

use std::path::Path;

use proptest::prelude::*;

use super::news::needs_update;
use super::*;
use crate::config::load::load_text;
use crate::model::alert::Severity;
use crate::model::fact::OnCallAssigned;
use crate::model::message::HandoverNotice;
use crate::model::thing::AssignmentRecord;

const CONFIG: &str = r#"
[secret]
s = { env = "S" }
[service.api]
title = "HTTP API"
runbook = "docs/RUNBOOK.md#api"
[severity.critical]
notify = ["sms", "chat"]
repeat = "30m"
acknowledge_within = "15m"
[severity.high]
notify = ["chat"]
[severity.low]
notify = ["chat"]
digest = "daily 09:00"
[notify.sms]
twilio = { account = "AC1", token = "{secret:s}", from = "+15550100" }
[notify.chat]
slack = "{secret:s}"
quiet = { when = "daily 22:00-07:00", above = "high" }
[contact.ana]
phone = "+15550101"
[contact.ben]
phone = "+15550102"
[oncall]
rotation = ["ana", "ben"]
from = "2026-01-05"
escalation = [{ after = "5m", to = ["ben"] }]
"#;

fn config(text: &str) -> Config {
    let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
    loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

/// Monday noon, in Ana's first week.
fn noon() -> DateTime<Utc> {
    utc("2026-01-05T12:00:00Z")
}

fn alert(name: &str, service: &str, severity: Severity, fired_at: DateTime<Utc>) -> AlertRecord {
    AlertRecord {
        id: format!("{}-check:{name}/{}/0", fired_at.timestamp(), severity.word()).into(),
        alert: name.into(),
        rule: format!("check:{name}/{}/0", severity.word()).into(),
        severity,
        service: Some(service.into()),
        condition: "down for 2m".to_owned(),
        value: "DOWN connection refused".into(),
        since: fired_at,
        fired_at,
        seen: true,
        last: None,
        resolved_at: None,
        muted_because: None,
        acknowledged: None,
        used_links: Vec::new(),
        fence: 1,
    }
}

/// Somebody is at it, beside others.
fn acknowledged(at: DateTime<Utc>, by: &str, with: &[&str]) -> Acknowledgement {
    Acknowledgement {
        by: by.into(),
        why: "on it".into(),
        at,
        until: at + TimeDelta::hours(4),
        is_queued: false,
        link: None,
        with: with.iter().map(|who| SafeText::new(who)).collect(),
        is_joint: false,
    }
}

/// A world of alerts, and what is told of them.
struct Scene {
    config: Config,
    announcing: Announcing,
    alerts: Vec<(AlertRecord, Option<&'static str>, Option<Acknowledgement>)>,
    told: Vec<(DateTime<Utc>, Notification)>,
    fails: bool,
    windows: Vec<MaintenanceWindow>,
    /// Why all that is over is.
    because: Option<SafeText>,
    /// What is seen now of all that fires.
    seen: Option<SafeText>,
}

impl Scene {
    fn new() -> Self {
        Self {
            config: config(CONFIG),
            announcing: Announcing::default(),
            alerts: Vec::new(),
            told: Vec::new(),
            fails: false,
            windows: Vec::new(),
            because: None,
            seen: None,
        }
    }

    fn fire(&mut self, name: &str, service: &str, severity: Severity, at: DateTime<Utc>) -> usize {
        self.alerts.push((alert(name, service, severity, at), None, None));
        self.alerts.len() - 1
    }

    fn look(&mut self, now: DateTime<Utc>) {
        let alerts: Vec<AlertNow<'_>> = self
            .alerts
            .iter()
            .map(|(record, muted, acked)| AlertNow {
                record,
                value: self.seen.as_ref(),
                muted: muted.map(SafeText::new),
                ended: muted.filter(|why| !why.ends_with("is down")).map(|why| format!("ended: {why}").as_str().into()),
                because: self.because.as_ref(),
                acknowledged: acked.as_ref(),
                is_behind_worse: false,
                about_channel: None,
            })
            .collect();
        let announced =
            |one: &&MaintenanceWindow| one.announced_from().is_some_and(|from| from <= now) && now < one.window.start;
        let windows: Vec<&MaintenanceWindow> = self.windows.iter().filter(announced).collect();
        for message in self.announcing.review(&self.config, &alerts, &windows, now) {
            let delivered = if self.fails { Err(DeliveryFailure::transient("refused")) } else { Ok(()) };
            self.announcing.settle(&message.id, &message.target, &delivered, &self.config, now).unwrap();
            self.told.push((now, message));
        }
    }

    /// Looks every second from one moment to another, both included.
    fn run(&mut self, from: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
        for second in 0..=seconds {
            self.look(from + TimeDelta::seconds(second));
        }
        from + TimeDelta::seconds(seconds)
    }

    /// Another process goes on from what is on record and from what the engine knows.
    fn succeed(&mut self, now: DateTime<Utc>) {
        let mutes = self.announcing.kept_mutes();
        let before = std::mem::take(&mut self.announcing);
        for (target, outbox) in before.outboxes {
            let written = serde_json::to_string(&outbox.record).unwrap();
            self.announcing.learn(target, serde_json::from_str(&written).unwrap());
        }
        let written = serde_json::to_string(&mutes).unwrap();
        self.announcing.resume_mutes(&serde_json::from_str::<Vec<_>>(&written).unwrap(), false);
        self.look(now);
    }

    /// What a target was told, and forgets it: seconds after noon, and the alerts with the news of each.
    fn take(&mut self, target: &str) -> Vec<(i64, Vec<(String, News)>)> {
        let (mine, rest) = self.told.drain(..).partition(|(_, message)| message.target.id() == target);
        self.told = rest;
        let mine: Vec<(DateTime<Utc>, Notification)> = mine;
        let said = |entry: &Entry| (entry.alert.to_string(), entry.news);
        mine.iter().map(|(at, message)| ((*at - noon()).num_seconds(), message.entries().map(said).collect())).collect()
    }
}

fn one(alert: &str, news: News) -> Vec<(String, News)> {
    vec![(alert.to_owned(), news)]
}

#[test]
fn whether_a_group_needs_a_message_row_by_row() {
    // What the receiver knows, what fires, whether a reminder is due; whether it is told.
    type Row<'a> = (Option<&'a [&'a str]>, &'a [&'a str], bool, bool);
    let set = |ids: &[&str]| ids.iter().map(|id| Name::from(*id)).collect::<BTreeSet<_>>();
    let rows: [Row<'_>; 8] = [
        (None, &["a"], false, true),
        (None, &[], true, false),
        (Some(&["a"]), &["a", "b"], false, true),
        (Some(&["a"]), &[], false, true),
        (Some(&[]), &[], true, false),
        (Some(&["a", "b"]), &["a"], false, true),
        (Some(&["a"]), &["a"], true, true),
        (Some(&["a"]), &["a"], false, false),
    ];
    for row in rows {
        let (last, firing, repeat, told) = row;
        assert_eq!(needs_update(last.map(set).as_ref(), &set(firing), repeat), told, "{row:?}");
    }
}

#[test]
fn what_fires_within_five_seconds_is_one_message_and_a_recovery_follows_what_was_announced() {
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::High, noon());
    scene.run(noon(), 3);
    scene.fire("b", "web", Severity::Critical, noon() + TimeDelta::seconds(3));
    let now = scene.run(noon() + TimeDelta::seconds(4), 20);
    let told = scene.take("chat");
    assert_eq!(told, [(5, vec![("b".to_owned(), News::New), ("a".to_owned(), News::New)])]);
    scene.alerts[0].0.resolved_at = Some(now);
    scene.run(now + TimeDelta::seconds(1), 60);
    assert_eq!(scene.take("chat"), [(30, one("a", News::Resolved))]);
    scene.run(now + TimeDelta::seconds(62), 600);
    assert_eq!(scene.take("chat"), [], "said once");
}

#[test]
fn what_is_over_before_it_was_sent_is_never_told() {
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::High, noon());
    scene.run(noon(), 4);
    scene.alerts[0].0.resolved_at = Some(noon() + TimeDelta::seconds(4));
    scene.run(noon() + TimeDelta::seconds(5), 60);
    assert_eq!(scene.take("chat"), []);
}

#[test]
fn a_storm_of_300_alerts_in_100_services_is_one_sms() {
    let mut scene = Scene::new();
    for number in 0..300 {
        scene.fire(&format!("c{number}"), &format!("s{}", number % 100), Severity::Critical, noon());
    }
    scene.run(noon(), 240);
    let sms: Vec<&Notification> = scene
        .told
        .iter()
        .filter(|(_, message)| &*message.target.channel == "sms")
        .map(|(_, message)| message)
        .collect();
    assert_eq!(sms.len(), 1);
    assert_eq!((sms[0].entries().count(), sms[0].groups.len()), (300, 100));
    assert_eq!(sms[0].target.id(), "sms/ana");
}

#[test]
fn reminders_come_until_somebody_acknowledges_and_what_is_late_is_said_once() {
    let mut scene = Scene::new();
    let critical = scene.fire("a", "api", Severity::Critical, noon());
    let now = scene.run(noon(), 4_000);
    let news: Vec<(i64, News)> = scene.take("chat").iter().map(|(at, said)| (*at, said[0].1)).collect();
    assert_eq!(news, [(5, News::New), (900, News::Due), (2_700, News::Reminder)]);
    scene.alerts[critical].2 = Some(acknowledged(now, "ana", &[]));
    scene.run(now, 4_000);
    assert_eq!(scene.take("chat"), []);
    scene.alerts[critical].0.resolved_at = Some(now + TimeDelta::seconds(4_000));
    scene.run(now + TimeDelta::seconds(4_001), 10);
    assert_eq!(scene.take("chat").len(), 1, "an acknowledgement does not stop the recovery");
}

#[test]
fn what_nobody_acknowledges_goes_to_the_next_person_who_then_hears_of_its_end_too() {
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::Critical, noon());
    let now = scene.run(noon(), 400);
    assert_eq!(scene.take("sms/ana"), [(5, one("a", News::New))]);
    assert_eq!(scene.take("sms/ben"), [(310, one("a", News::New))]);
    scene.alerts[0].0.resolved_at = Some(now);
    scene.run(now, 100);
    assert_eq!(scene.take("sms/ana"), [(405, one("a", News::Resolved))]);
    assert_eq!(scene.take("sms/ben"), [(405, one("a", News::Resolved))]);
}

/// Three people: after five minutes two are told, of whom one, or with `all` each, must acknowledge; after an hour a third.
fn escalating(all: &str) -> Scene {
    let steps = format!("{{ after = \"5m\", to = [\"ben\", \"eve\"]{all} }}, {{ after = \"1h\", to = [\"zoe\"] }}");
    let text = CONFIG.replace("{ after = \"5m\", to = [\"ben\"] }", &steps)
        + "[contact.eve]\nphone = \"+15550103\"\nlogin = [\"eve.s\"]\n[contact.zoe]\nphone = \"+15550104\"\n";
    let mut scene = Scene { config: config(&text), ..Scene::new() };
    scene.fire("a", "api", Severity::Critical, noon());
    scene
}

#[test]
fn a_step_with_several_people_tells_all_of_them_and_one_is_enough() {
    let mut scene = escalating("");
    let now = scene.run(noon(), 400);
    for target in ["sms/ben", "sms/eve"] {
        assert_eq!(scene.take(target), [(310, one("a", News::New))], "{target}");
    }
    scene.alerts[0].2 = Some(acknowledged(now, "ben", &[]));
    scene.run(now, 4_000);
    assert_eq!(scene.told.iter().filter(|(at, _)| *at > now).count(), 0, "nobody is asked any more");
}

#[test]
fn a_step_tells_those_again_who_were_told_before_it() {
    let steps = "{ after = \"2m\", to = [\"ben\"] }, { after = \"4m\", to = [\"ana\", \"ben\"], all = true }";
    let mut scene =
        Scene { config: config(&CONFIG.replace("{ after = \"5m\", to = [\"ben\"] }", steps)), ..Scene::new() };
    scene.fire("a", "api", Severity::Critical, noon());
    scene.run(noon(), 400);
    // Told first five seconds after it fired.
    assert_eq!(scene.take("sms/ana"), [(5, one("a", News::New)), (245, one("a", News::Reminder))]);
    assert_eq!(scene.take("sms/ben"), [(130, one("a", News::New)), (245, one("a", News::Reminder))]);
}

#[test]
fn where_all_must_acknowledge_those_who_have_not_are_reminded_and_it_goes_on_to_the_next_step() {
    let mut scene = escalating(", all = true");
    let now = scene.run(noon(), 400);
    scene.told.clear();
    scene.alerts[0].2 = Some(acknowledged(now, "ben", &[]));
    let now = scene.run(now, 3_700);
    assert_eq!(scene.take("sms/ben"), [], "he is at it");
    let eve: Vec<News> = scene.take("sms/eve").iter().map(|(_, said)| said[0].1).collect();
    assert_eq!(eve, [News::Due, News::Reminder]);
    assert_eq!(scene.take("sms/zoe").first(), Some(&(3_610, one("a", News::New))));
    // Of the step that is reached now one is enough.
    scene.alerts[0].2 = Some(acknowledged(now, "zoe", &["ben"]));
    scene.told.clear();
    scene.run(now, 4_000);
    assert_eq!(scene.told, []);
}

#[test]
fn it_is_settled_once_all_have_acknowledged_by_whatever_login_name_and_before_the_step_one_is_enough() {
    let mut scene = escalating(", all = true");
    let now = scene.run(noon(), 400);
    scene.told.clear();
    scene.alerts[0].2 = Some(acknowledged(now, "eve.s", &["ben"]));
    scene.run(now, 8_000);
    assert_eq!(scene.told, []);

    let mut scene = escalating(", all = true");
    let now = scene.run(noon(), 100);
    scene.told.clear();
    scene.alerts[0].2 = Some(acknowledged(now, "ana", &[]));
    scene.run(now, 8_000);
    assert_eq!(scene.told, [], "the step was not reached");
}

#[test]
fn something_worse_of_the_same_check_is_said_to_be_worse() {
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::High, noon());
    let now = scene.run(noon(), 10);
    scene.fire("a", "api", Severity::Critical, now);
    scene.run(now, 10);
    assert_eq!(scene.take("chat"), [(5, one("a", News::New)), (15, one("a", News::Worse))]);
}

#[test]
fn a_mute_holds_back_and_its_end_is_named() {
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::High, noon());
    scene.alerts[0].1 = Some("silenced by ana: deploying");
    let now = scene.run(noon(), 600);
    assert_eq!(scene.take("chat"), []);
    scene.alerts[0].1 = None;
    scene.run(now, 10);
    let (_, message) = &scene.told[0];
    assert!(message.plain().contains("[ended: silenced by ana: deploying]"), "{}", message.plain());
    scene.take("chat");
    // Over while it is muted: said at the end, for it had been announced.
    scene.alerts[0].1 = Some("maintenance weekly");
    let now = scene.run(now + TimeDelta::seconds(20), 10);
    scene.alerts[0].0.resolved_at = Some(now);
    let now = scene.run(now, 600);
    assert_eq!(scene.take("chat"), []);
    scene.alerts[0].1 = None;
    scene.run(now, 10);
    assert!(scene.told[0].1.plain().contains("[ended: maintenance weekly]"));
    assert_eq!(scene.take("chat")[0].1, one("a", News::Resolved));
}

#[test]
fn what_was_announced_and_still_fires_after_a_silence_is_announced_once_more() {
    let mut scene = Scene::new();
    let medium = scene.config.severities.iter().find(|rule| rule.severity == Severity::High).cloned();
    assert!(medium.is_some_and(|rule| rule.repeat.is_none()), "no reminder comes of it");
    scene.fire("a", "api", Severity::High, noon());
    scene.fire("b", "api", Severity::High, noon());
    let now = scene.run(noon(), 60);
    assert_eq!(scene.take("chat").len(), 1);
    // A dependency that was down explains it: its end is no news.
    scene.alerts[0].1 = Some("db is down");
    let now = scene.run(now, 60);
    scene.alerts[0].1 = None;
    let now = scene.run(now, 60);
    assert_eq!(scene.take("chat"), []);
    // Something else of the service is told meanwhile.
    scene.alerts[0].1 = Some("silenced by ana until 12:10:00Z: deploying");
    scene.run(now, 30);
    scene.alerts[1].0.resolved_at = Some(now);
    let now = scene.run(now + TimeDelta::seconds(30), 60);
    assert_eq!(scene.take("chat").len(), 1);
    scene.alerts[0].1 = None;
    let now = scene.run(now, 600);
    let (_, message) = &scene.told[0];
    let said = message.plain();
    assert!(
        said.contains("still firing") && said.contains("[ended: silenced by ana until 12:10:00Z: deploying]"),
        "{said}"
    );
    let told = scene.take("chat");
    assert_eq!(told.iter().map(|(_, news)| news.clone()).collect::<Vec<_>>(), [one("a", News::Unmuted)]);
    // Somebody is at it: nothing is said.
    scene.alerts[0].1 = Some("maintenance weekly");
    scene.alerts[0].2 = Some(acknowledged(now, "ana", &[]));
    let now = scene.run(now, 60);
    scene.alerts[0].1 = None;
    scene.run(now, 60);
    assert_eq!(scene.take("chat"), []);
}

#[test]
fn no_deadline_runs_while_an_alert_is_muted() {
    let minute = |minutes: i64| noon() + TimeDelta::minutes(minutes);
    // It fires while it is muted: nobody was told, and who is told then has all the time there is.
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::Critical, noon());
    scene.alerts[0].1 = Some("maintenance weekly");
    scene.run(noon(), 3_599);
    scene.alerts[0].1 = None;
    scene.run(minute(60), 3_600);
    let chat: Vec<(i64, News)> = scene.take("chat").iter().map(|(at, said)| (*at, said[0].1)).collect();
    assert_eq!(chat, [(3_600, News::New), (4_500, News::Due), (6_300, News::Reminder)]);

    // It was told before: three of its fifteen minutes, and of the five until the next person is told, have gone by.
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::Critical, noon());
    scene.run(noon(), 179);
    scene.alerts[0].1 = Some("maintenance weekly");
    scene.run(minute(3), 3_599);
    scene.alerts[0].1 = None;
    scene.look(minute(63));
    let record = scene.alerts[0].0.clone();
    let told = scene.announcing.told_first(&record.id).unwrap();
    let asked_since = scene.announcing.without_muted(&record.id, told, minute(63));
    assert_eq!((told, asked_since), (noon() + TimeDelta::seconds(5), minute(63) - TimeDelta::seconds(175)));
    let due = scene.announcing.due_moments(&scene.config, std::iter::once(&record), minute(63));
    assert!(due.contains(&minute(75)) && !due.contains(&minute(15)), "{due:?}");
    scene.run(minute(63) + TimeDelta::seconds(1), 1_200);
    assert_eq!(scene.take("sms/ben"), [(3_910, one("a", News::New)), (4_500, one("a", News::Due))]);
    let chat: Vec<(i64, News)> = scene.take("chat").iter().map(|(at, said)| (*at, said[0].1)).collect();
    assert_eq!(chat, [(5, News::New), (3_780, News::Unmuted), (4_500, News::Due)]);
}

#[test]
fn whoever_acts_next_counts_what_was_muted_before_it_began() {
    let minute = |minutes: i64| noon() + TimeDelta::minutes(minutes);
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::Critical, noon());
    scene.run(noon(), 179);
    scene.alerts[0].1 = Some("maintenance weekly");
    scene.run(minute(3), 600);
    scene.succeed(minute(14));
    scene.run(minute(14), 49 * 60 - 1);
    scene.alerts[0].1 = None;
    // Of the mute that is over the next one knows too.
    scene.look(minute(63));
    scene.succeed(minute(64));
    scene.run(minute(64), 1_200);
    assert_eq!(scene.take("sms/ben"), [(3_910, one("a", News::New)), (4_500, one("a", News::Due))]);
    let chat: Vec<(i64, News)> = scene.take("chat").iter().map(|(at, said)| (*at, said[0].1)).collect();
    assert_eq!(chat, [(5, News::New), (3_780, News::Unmuted), (4_500, News::Due)]);
}

#[test]
fn the_end_of_a_silence_that_nobody_saw_end_is_named() {
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::High, noon());
    scene.fire("b", "web", Severity::High, noon());
    scene.alerts[1].1 = Some("silenced by ana: deploying");
    let now = scene.run(noon(), 60);
    scene.alerts[0].1 = Some("silenced by ana: deploying");
    let now = scene.run(now, 60);
    scene.take("chat");
    scene.alerts.iter_mut().for_each(|alert| alert.1 = None);
    scene.succeed(now + TimeDelta::minutes(1));
    scene.look(now + TimeDelta::minutes(1));
    let said = scene.told[0].1.plain();
    assert_eq!(said.matches("[ended: silenced by ana: deploying]").count(), 2, "{said}");
    let both = [one("b", News::New), one("a", News::Unmuted)].concat();
    assert_eq!(scene.take("chat"), [(180, both)], "at once");
}

#[test]
fn who_is_told_once_it_is_late_is_not_asked_why_nobody_acknowledged_it() {
    let text = CONFIG.replace("after = \"5m\"", "after = \"20m\"");
    let mut scene = Scene { config: config(&text), ..Scene::new() };
    scene.fire("a", "api", Severity::Critical, noon());
    scene.run(noon(), 4_000);
    let ana: Vec<(i64, News)> = scene.take("sms/ana").iter().map(|(at, said)| (*at, said[0].1)).collect();
    assert_eq!(ana, [(5, News::New), (900, News::Due)]);
    let ben: Vec<(i64, News)> = scene.take("sms/ben").iter().map(|(at, said)| (*at, said[0].1)).collect();
    assert_eq!(ben, [(1_210, News::New), (3_010, News::Reminder)]);
}

#[test]
fn what_is_said_again_of_an_alert_is_what_is_seen_by_then() {
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::Critical, noon());
    scene.seen = Some("DOWN no route".into());
    scene.run(noon(), 2_700);
    let said =
        |message: &Notification| (message.groups[0].entries[0].news, message.groups[0].entries[0].value.to_string());
    let chat: Vec<_> = scene.told.iter().filter(|(_, message)| message.target.id() == "chat").collect();
    let chat: Vec<_> = chat.iter().map(|(_, message)| said(message)).collect();
    let (first, later) = ("DOWN connection refused".to_owned(), "DOWN no route".to_owned());
    assert_eq!(chat, [(News::New, first), (News::Due, later.clone()), (News::Reminder, later)]);
    // Once it is over, what was seen last is on record.
    scene.alerts[0].0.last = Some("OK".into());
    scene.alerts[0].0.resolved_at = Some(noon() + TimeDelta::seconds(2_700));
    scene.run(noon() + TimeDelta::seconds(2_701), 60);
    assert_eq!(said(&scene.told.last().unwrap().1), (News::Resolved, "OK".to_owned()));
}

#[test]
fn what_was_removed_from_the_configuration_is_not_said_to_have_recovered() {
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::High, noon());
    let now = scene.run(noon(), 60);
    scene.take("chat");
    scene.because = Some("removed from the configuration".into());
    scene.alerts[0].0.resolved_at = Some(now);
    scene.run(now, 60);
    let said = scene.told[0].1.plain();
    assert!(said.contains("1 resolved: RESOLVED a: removed from the configuration\n"), "{said}");
    assert!(said.contains("- RESOLVED a: removed from the configuration (condition: down for 2m), "), "{said}");
}

#[test]
fn quiet_hours_and_digests_end_with_one_message() {
    let mut scene = Scene::new();
    let night = utc("2026-01-05T23:00:00Z");
    scene.fire("a", "api", Severity::High, night);
    scene.fire("b", "web", Severity::High, night + TimeDelta::minutes(7));
    scene.fire("c", "web", Severity::Low, noon());
    scene.fire("over", "web", Severity::High, night);
    scene.alerts[3].0.resolved_at = Some(night + TimeDelta::minutes(9));
    scene.run(night, 20);
    assert_eq!(scene.take("chat"), []);
    let morning = utc("2026-01-06T07:00:00Z");
    scene.look(morning - TimeDelta::seconds(1));
    scene.run(morning, 10);
    assert_eq!(scene.told.len(), 1);
    assert_eq!(scene.told[0].1.kind, MessageKind::Digest);
    let said: Vec<String> = scene.take("chat").remove(0).1.into_iter().map(|(alert, _)| alert).collect();
    assert_eq!(said, ["a", "b"]);
    scene.run(utc("2026-01-06T09:00:00Z"), 10);
    assert_eq!(scene.take("chat")[0].1, one("c", News::New));
    let critical = scene.fire("d", "api", Severity::Critical, night);
    scene.alerts[critical].0.fired_at = utc("2026-01-06T23:00:00Z");
    scene.run(utc("2026-01-06T23:00:00Z"), 6);
    assert_eq!(scene.take("chat").len(), 1, "what is above the cap is told at once");
}

#[test]
fn what_was_not_accepted_stays_news_and_is_tried_again_ever_more_seldom() {
    let mut scene = Scene::new();
    scene.fails = true;
    scene.fire("a", "api", Severity::High, noon());
    let now = scene.run(noon(), 300);
    let attempts: Vec<i64> = scene.take("chat").iter().map(|(at, _)| *at).collect();
    assert_eq!(attempts, [5, 20, 50, 110, 230]);
    scene.fails = false;
    scene.run(now, 300);
    assert_eq!(scene.take("chat"), [(470, one("a", News::New))]);
}

#[test]
fn a_message_on_its_way_is_not_sent_twice_and_a_restart_goes_on_from_the_record() {
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::High, noon());
    let alerts = [AlertNow {
        record: &scene.alerts[0].0,
        value: None,
        muted: None,
        ended: None,
        because: None,
        acknowledged: None,
        is_behind_worse: false,
        about_channel: None,
    }];
    let at = |seconds| noon() + TimeDelta::seconds(seconds);
    let mut first = Announcing::default();
    assert_eq!(first.review(&scene.config, &alerts, &[], at(0)), []);
    let sent = first.review(&scene.config, &alerts, &[], at(5)).remove(0);
    assert_eq!(first.review(&scene.config, &alerts, &[], at(60)), [], "it is on its way");
    // Killed before its outcome: once more. After it: not again.
    let mut second = Announcing::default();
    second.review(&scene.config, &alerts, &[], at(60));
    let again = second.review(&scene.config, &alerts, &[], at(65)).remove(0);
    assert_eq!(again.id, sent.id, "a receiver that takes an id drops the second");
    first.settle(&sent.id, &sent.target, &Ok(()), &scene.config, at(60)).unwrap();
    let kept = serde_json::to_string(&first.outboxes[&sent.target].record).unwrap();
    let mut third = Announcing::default();
    third.learn(sent.target.clone(), serde_json::from_str(&kept).unwrap());
    third.review(&scene.config, &alerts, &[], at(70));
    assert_eq!(third.review(&scene.config, &alerts, &[], at(80)), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever fires and ends, by whatever limits: in the end every receiver knows what fires, nobody heard of an end
    /// without a beginning, and no window ever held more than it may.
    #[test]
    fn nothing_is_lost_and_no_limit_is_broken(
        spans in proptest::collection::vec((0..1_800_i64, 1..1_800_i64, 0..6_usize, any::<bool>()), 1..25),
    ) {
        let mut scene = Scene::new();
        // Who is replaced before their telephone has room for it is not told.
        scene.config = config(&CONFIG.replace("escalation = [{ after = \"5m\", to = [\"ben\"] }]", ""));
        for (number, (start, length, service, critical)) in spans.iter().enumerate() {
            let severity = if *critical { Severity::Critical } else { Severity::High };
            scene.fire(&format!("c{number}"), &format!("s{service}"), severity, noon() + TimeDelta::seconds(*start));
            if number % 2 == 0 {
                scene.alerts[number].0.resolved_at = Some(noon() + TimeDelta::seconds(start + length));
            }
        }
        let all = scene.alerts.clone();
        for second in (0..21_600).step_by(10) {
            let now = noon() + TimeDelta::seconds(second);
            scene.alerts = all.iter().filter(|(record, ..)| record.fired_at <= now).cloned().collect();
            for (record, ..) in &mut scene.alerts {
                record.resolved_at = record.resolved_at.filter(|at| *at <= now);
            }
            scene.look(now);
        }
        for id in ["chat", "sms/ana"] {
            let target = Recipient::from_id(id);
            let knows = |record: &AlertRecord| {
                let groups = scene.announcing.outboxes.get(&target).map(|outbox| outbox.record.groups.values());
                groups.into_iter().flatten().flat_map(|group| &group.firing).any(|known| known.id == record.id)
            };
            for (record, ..) in &scene.alerts {
                let is_routed = id == "chat" || record.severity == Severity::Critical;
                prop_assert!(!is_routed || knows(record) == record.is_firing(), "{} {}", id, record.id);
            }
            let mut known = BTreeSet::new();
            let limits = &scene.config.channels.iter().find(|channel| channel.name == target.channel).unwrap().limits;
            let sent: Vec<_> = scene.told.iter().filter(|(_, message)| message.target == target).collect();
            for (place, (at, message)) in sent.iter().enumerate() {
                for entry in message.entries() {
                    match entry.news {
                        News::New | News::Worse => prop_assert!(known.insert(entry.id.clone())),
                        News::Resolved => prop_assert!(known.remove(&entry.id)),
                        News::Reminder | News::Due | News::Unmuted => prop_assert!(known.contains(&entry.id)),
                    }
                }
                for (span, most) in limits {
                    let within = sent[..=place].iter().filter(|(before, _)| (*at - *before).to_std().unwrap() < *span).count();
                    prop_assert!(within <= *most as usize);
                }
            }
        }
    }
}

fn window(notify: &str, start: DateTime<Utc>) -> MaintenanceWindow {
    MaintenanceWindow {
        kind: crate::model::maintenance::WindowKind::Maintenance,
        id: "weekly@20260105T140000Z".into(),
        name: "weekly".into(),
        title: "weekly".to_owned(),
        services: crate::model::maintenance::ServiceChoice::All,
        window: crate::lang::schedule::TimeWindow { start, end: start + TimeDelta::hours(2) },
        notice: Some(std::time::Duration::from_hours(1)),
        notify: vec![notify.into()],
        by: None,
        why: None,
    }
}

#[test]
fn who_was_told_of_maintenance_that_is_called_off_hears_of_that_once() {
    let mut scene = Scene::new();
    let start = noon() + TimeDelta::hours(2);
    let planned = window("chat", start);
    let unannounced = MaintenanceWindow { id: "m2".into(), ..planned.clone() };
    scene.windows = vec![planned.clone()];
    let now = scene.run(noon() + TimeDelta::hours(1), 60);
    assert_eq!(scene.told.len(), 1);
    scene.windows.clear();
    scene.announcing.call_off(vec![planned, unannounced]);
    scene.fails = true;
    let now = scene.run(now, 10);
    scene.fails = false;
    scene.run(now, 600);
    assert_eq!(scene.told.len(), 3, "once more after a failure");
    let (_, message) = &scene.told[2];
    assert_eq!((&*message.target.id(), message.kind), ("chat", MessageKind::Maintenance));
    let said = message.plain();
    assert!(said.contains("] called off: maintenance weekly of all services, 2026-01-05 14:00 UTC to "), "{said}");
    assert!(!said.contains("are muted"), "{said}");
}

#[test]
fn maintenance_is_announced_once_and_again_after_a_failure() {
    let mut scene = Scene::new();
    let start = noon() + TimeDelta::hours(2);
    scene.windows = vec![window("chat", start)];
    let at = scene.run(noon(), 3_599);
    assert!(scene.told.is_empty(), "an hour before");
    scene.fails = true;
    let at = scene.run(at + TimeDelta::seconds(1), 10);
    assert_eq!(scene.told.len(), 1);
    scene.fails = false;
    let at = scene.run(at, 60);
    assert_eq!(scene.told.len(), 2, "tried again once, after a pause");
    let message = &scene.told[1].1;
    assert_eq!((message.kind, message.target.id()), (MessageKind::Maintenance, "chat".to_owned()));
    assert!(message.summary().contains("planned maintenance weekly of all services"), "{}", message.summary());
    // Whoever acts next knows it from the record.
    let mut next = Scene::new();
    next.windows = scene.windows.clone();
    let record = scene.announcing.outboxes[&message.target].record.clone();
    next.announcing.learn(message.target.clone(), record);
    next.run(at, 60);
    assert!(next.told.is_empty());
    scene.run(start, 60);
    assert_eq!(scene.told.len(), 2, "it runs: nothing more is announced");
}

#[test]
fn an_alert_goes_before_what_announces_maintenance_and_quiet_hours_hold_it_back() {
    let mut scene = Scene::new();
    scene.windows = vec![window("chat", noon() + TimeDelta::minutes(30))];
    scene.fire("api", "api", Severity::High, noon() - TimeDelta::seconds(10));
    scene.run(noon(), 30);
    let kinds: Vec<MessageKind> = scene.told.iter().map(|(_, message)| message.kind).collect();
    assert!(kinds.contains(&MessageKind::Alerts) && kinds.contains(&MessageKind::Maintenance), "{kinds:?}");
    let mut quiet = Scene::new();
    // Quiet from 22:00 to 07:00.
    let night = utc("2026-01-06T06:30:00Z");
    quiet.windows = vec![window("chat", utc("2026-01-06T07:20:00Z"))];
    let at = quiet.run(night, 1_799);
    assert!(quiet.told.is_empty());
    quiet.run(at + TimeDelta::seconds(1), 1);
    assert_eq!(quiet.told.len(), 1);
    // One that begins before they end is announced all the same.
    let mut soon = Scene::new();
    soon.windows = vec![window("chat", utc("2026-01-06T06:45:00Z"))];
    soon.run(night, 1);
    assert_eq!(soon.told.len(), 1);
}

#[test]
fn news_of_a_known_group_has_an_id_of_its_own_each_time() {
    let mut scene = Scene::new();
    scene.fire("a", "api", Severity::Critical, noon());
    scene.run(noon(), 3 * 3_600);
    let ids: Vec<&Name> = scene.told.iter().map(|(_, message)| &message.id).collect();
    let distinct: BTreeSet<&Name> = ids.iter().copied().collect();
    assert!(ids.len() > 5 && distinct.len() == ids.len(), "{ids:?}");
}

/// A channel that is proven once a week, of which nobody heard yet.
fn proven() -> Scene {
    let mut scene = Scene::new();
    scene.config = config(&CONFIG.replace("[notify.chat]\n", "[notify.chat]\nprove_every = \"7d\"\n"));
    scene
}

fn tests(scene: &Scene) -> Vec<String> {
    let tests = scene.told.iter().filter(|(_, message)| message.kind == MessageKind::Test);
    tests.map(|(at, message)| format!("{} {}", at.format("%a %H:%M:%S"), message.target.id())).collect()
}

#[test]
fn a_channel_that_delivered_nothing_for_long_gets_a_test_in_working_hours() {
    let mut scene = proven();
    let saturday = utc("2026-01-10T12:00:00Z");
    scene.run(saturday, 10);
    assert_eq!(tests(&scene), Vec::<String>::new(), "nobody reads tests at the weekend");
    scene.run(utc("2026-01-12T08:59:58Z"), 5);
    assert_eq!(tests(&scene), ["Mon 09:00:00 chat"]);
    for day in 13..=18 {
        scene.run(utc(&format!("2026-01-{day}T12:00:00Z")), 3);
    }
    assert_eq!(tests(&scene).len(), 1, "it has proved itself");
    scene.run(utc("2026-01-19T08:59:58Z"), 5);
    // As usual a channel is tried once it has delivered nothing for a week.
    assert_eq!(tests(&scene), ["Mon 09:00:00 chat", "Mon 09:00:00 chat", "Mon 09:00:00 sms/ana"]);
    // What it delivers otherwise proves as much.
    scene.fire("a", "api", Severity::High, utc("2026-01-20T12:00:00Z"));
    scene.run(utc("2026-01-20T12:00:00Z"), 10);
    scene.run(utc("2026-01-26T12:00:00Z"), 10);
    assert_eq!(tests(&scene)[3..], ["Mon 12:00:00 sms/ben"], "who is on call by then");
}

#[test]
fn who_is_added_later_is_not_tried_at_once() {
    let mut scene = Scene::new();
    scene.run(utc("2026-01-05T12:00:00Z"), 3);
    let kept = scene.announcing.kept_proving();
    scene.config = config(&format!("{CONFIG}[notify.more]\nslack = \"{{secret:s}}\"\n"));
    scene.run(utc("2026-01-13T12:00:00Z"), 3);
    assert_eq!(tests(&scene), ["Tue 12:00:00 chat", "Tue 12:00:00 sms/ben"], "not the one that was added just now");
    scene.run(utc("2026-01-20T12:00:05Z"), 3);
    assert!(tests(&scene).contains(&"Tue 12:00:05 more".to_owned()), "{:?}", tests(&scene));
    // Whoever goes on from it knows since when each is looked after.
    let mut next = Scene::new();
    next.announcing.resume_proving(&kept);
    next.run(utc("2026-01-13T12:00:00Z"), 3);
    assert_eq!(tests(&next), ["Tue 12:00:00 chat", "Tue 12:00:00 sms/ben"]);
}

#[test]
fn a_test_that_is_not_accepted_is_an_alert_by_another_channel_until_something_is() {
    let mut scene = proven();
    let look = |scene: &mut Scene, now: DateTime<Utc>, accepts: bool| {
        let faults = scene.announcing.faults(&scene.config);
        let alerts: Vec<AlertNow<'_>> = faults.iter().map(AlertNow::from).collect();
        let due = scene.announcing.review(&scene.config, &alerts, &[], now);
        for message in due {
            let refused = *message.target.channel == *"chat" && !accepts;
            let delivered = if refused { Err(DeliveryFailure::permanent("401")) } else { Ok(()) };
            scene.announcing.settle(&message.id, &message.target, &delivered, &scene.config, now).unwrap();
            scene.told.push((now, message));
        }
    };
    // Monday, in office hours; Ana is on call and has a telephone.
    for second in 0..1_000 {
        look(&mut scene, noon() + TimeDelta::seconds(second), second > 500);
    }
    let said: Vec<(i64, String)> = scene
        .told
        .iter()
        .map(|(at, message)| ((*at - noon()).num_seconds(), format!("{} {}", message.target.id(), message.summary())))
        .collect();
    let (at, first) = &said[1];
    assert!(
        (5..=7).contains(at) && first.starts_with("sms/ana") && first.contains("HIGH channel:chat: 401"),
        "{said:?}"
    );
    assert!(said[2].1.starts_with("chat") && said[2].0 == 900, "tried again after a quarter of an hour: {said:?}");
    assert!(said[3].1.starts_with("sms/ana") && said[3].1.contains("resolved"), "{said:?}");
    assert_eq!(said.len(), 4, "{said:?}");
}

/// Where a process dies that has a message to send.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Death {
    Claimed,
    Sent,
    Recorded,
    None,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever dies wherever, again and again: nothing is lost, a receiver that takes an id is told everything once, and one
    /// that does not hears nothing twice unless a process died between telling it and putting that on record.
    #[test]
    fn nothing_is_lost_or_doubled_by_processes_that_die(
        deaths in proptest::collection::vec(
            prop_oneof![Just(Death::Claimed), Just(Death::Sent), Just(Death::Recorded), Just(Death::None)], 30..60),
    ) {
        let mut scene = Scene::new();
        scene.fire("a", "api", Severity::High, noon());
        let (mut record, mut heard) = (TargetRecord::default(), Vec::<(Name, News)>::new());
        let (mut now, chat) = (noon(), Recipient::from_id("chat"));
        let mut at_risk = 0;
        for (round, death) in deaths.iter().enumerate() {
            if round == 20 {
                scene.alerts[0].0.resolved_at = Some(now);
            }
            let mut process = Announcing::default();
            process.learn(chat.clone(), record.clone());
            for _ in 0..8 {
                now += TimeDelta::seconds(1);
                let (alert, ..) = &scene.alerts[0];
                let alerts = [AlertNow {
                    record: alert,
                    value: None,
                    muted: None,
                    ended: None,
                    because: None,
                    acknowledged: None,
                    is_behind_worse: false,
                    about_channel: None,
                }];
                for message in process.review(&scene.config, &alerts, &[], now) {
                    (record.claimed, record.doubtful) = (Some(message.id.clone()), message.states());
                    if *death == Death::Claimed {
                        continue;
                    }
                    heard.push((message.id.clone(), message.groups[0].entries[0].news));
                    if *death == Death::Sent {
                        at_risk += 1;
                        continue;
                    }
                    process.settle(&message.id, &chat, &Ok(()), &scene.config, now).unwrap();
                    record = process.outboxes[&chat].record.clone();
                }
            }
        }
        // One that lives at last.
        scene.announcing.learn(chat.clone(), record);
        scene.run(now, 10);
        let rest = scene.told.iter().filter(|(_, message)| message.target == chat);
        heard.extend(rest.map(|(_, message)| (message.id.clone(), message.groups[0].entries[0].news)));
        let distinct: BTreeSet<&Name> = heard.iter().map(|(id, _)| id).collect();
        prop_assert!(heard.len() <= distinct.len() + at_risk, "{:?}", heard);
        let mut last: Vec<News> = Vec::new();
        for (place, (id, news)) in heard.iter().enumerate() {
            if !heard[..place].iter().any(|(before, _)| before == id) {
                last.push(*news);
            }
        }
        // A claim that went nowhere may be followed by an end that is news to nobody; the other way round never.
        prop_assert!(matches!(last[..], [News::New, News::Resolved] | [News::Resolved] | []), "{:?}", last);
    }
}

#[test]
fn a_step_that_names_a_layer_tells_whoever_is_in_it_and_a_taken_shift_is_followed() {
    let text = CONFIG.replace("to = [\"ben\"]", "to = [\"backup\"]") + "layer = [{ name = \"backup\" }]\n";
    let config = config(&text);
    let told = |routes: &Routes<'_>, minutes: Option<i64>| -> Vec<String> {
        let told = routes.of(Severity::Critical, minutes.map(TimeDelta::minutes));
        told.into_iter().filter_map(|target| target.contact).map(|name| name.to_string()).collect()
    };
    let planned = Routes::new(&config, noon());
    assert_eq!(told(&planned, None), ["ana"]);
    assert_eq!(told(&planned, Some(5)), ["ben"], "he was primary in the shift before");
    let taken = OnCallAssigned {
        id: "o1".into(),
        layer: "primary".into(),
        people: vec!["ben".into()],
        handover: None,
        from: noon() - TimeDelta::hours(1),
        until: noon() + TimeDelta::hours(1),
        why: None,
        taken: true,
    };
    let record = AssignmentRecord { said: taken, by: "ben".into(), at: noon(), ended: None };
    let duty = DutyPlan::new(&config, [record], []);
    assert_eq!(told(&Routes::by(&config, Some(&duty), noon()), None), ["ben"]);
    assert_eq!(told(&Routes::by(&config, Some(&duty), noon() + TimeDelta::hours(1)), None), ["ana"]);

    let mut scene = Scene::new();
    scene.announcing.duty = Some(Arc::new(duty));
    scene.fire("api", "api", Severity::Critical, noon());
    scene.look(noon());
    scene.look(noon() + TimeDelta::seconds(5));
    let to: Vec<_> = scene.told.iter().filter_map(|(_, message)| message.target.contact.clone()).collect();
    assert_eq!(to, [Name::from("ben")]);
    assert!(scene.told.iter().all(|(_, message)| message.on_call.as_deref() == Some("ben")));
}

#[test]
fn a_handover_is_posted_once_to_each_channel_that_is_named_with_its_text() {
    let mut scene = Scene::new();
    let notice = HandoverNotice {
        id: "h1".into(),
        layer: "primary".into(),
        who: "Ana".to_owned(),
        to: "Ben".to_owned(),
        at: noon(),
        text: vec!["# Handover".into(), "- watch the disk".into()].into(),
        notify: vec!["chat".into()],
    };
    // At night too: who takes over then wants it known.
    let night = noon() + TimeDelta::hours(11);
    scene.announcing.post(vec![Bulletin::Handover(notice)]);
    scene.fails = true;
    scene.look(night);
    scene.fails = false;
    scene.run(night + TimeDelta::seconds(1), 120);
    let (_, said) = scene.told.last().unwrap();
    assert_eq!((said.kind, said.target.id()), (MessageKind::Handover, "chat".to_owned()));
    assert_eq!(scene.told.len(), 2, "it failed once, and was then accepted once");
    let plain = said.plain();
    assert!(plain.contains("handover of Ana (primary) accepted: Ben is on call since 2026-01-05 12:00 UTC"), "{plain}");
    assert!(plain.contains("\n# Handover\n- watch the disk\n"), "{plain}");
}
