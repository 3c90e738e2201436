//! Texts to be read over the screen: what happened since a person last looked, and the handover that is offered.

use chrono::{DateTime, TimeDelta, Utc};

use super::last_look::LastLook;
use super::state::State;
use super::toasts::Tone;
use crate::config::sections::oncall::PRIMARY;
use crate::config::titles::{title_of_contact, title_of_login};
use crate::lang::schedule::TimeWindow;
use crate::lang::unit;
use crate::model::fact::Statement;
use crate::model::outcome::Missed;
use crate::model::status::Status;
use crate::model::thing::HandoverRecord;
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::markdown;
use crate::text::name::Name;
use crate::world::World;
use crate::world::alerts::{AlertView, Phase};
use crate::world::digest::{Digest, DigestLine, Outage, SpanRecord, left_out};
use crate::world::duty::LayerShifts;
use crate::world::history::clock;
use crate::world::unlike::UnlikeHour;

/// Who was away for less has missed nothing that the screen does not show: it is told when asked for.
const SHORTEST: TimeDelta = TimeDelta::minutes(5);

/// The store was opened: what this person missed is said in one line, where nothing else asks for attention.
pub(super) fn looked(state: &mut State, missed: Missed) {
    let Missed { login, since, facts, runs, troubled, incidents } = missed;
    let now = state.world.now.utc;
    let record = SpanRecord { facts: &facts, runs: &runs, troubled: &troubled, incidents: &incidents };
    let digest = since.map(|start| Box::new(Digest::new(record, &state.world.config, TimeWindow { start, end: now })));
    // A store that came back has said it before.
    let is_first = state.console.last_look.login.is_none();
    let is_told = |digest: &&Digest| is_first && !digest.is_empty() && digest.until - digest.from >= SHORTEST;
    if let Some(digest) = digest.as_deref().filter(is_told) {
        let is_calm = !state.world.services.iter().any(|service| service.status == Status::Down);
        if is_calm {
            let key = state.console.keymap.key_of(super::keymap::Command::SinceLooked);
            let how = key.map_or_else(|| "`:since-looked`".to_owned(), |key| key.to_string());
            state.toast(Tone::Info, &format!("{}; {how} shows it", summary(digest)));
        }
    }
    if is_first || digest.is_some() {
        state.console.last_look = LastLook { login: Some(login), digest };
    }
}

/// `since you last looked 14h ago: 3 outages, 1 deployment`.
fn summary(digest: &Digest) -> String {
    let ago = unit::span((digest.until - digest.from).to_std().unwrap_or_default());
    let cut = &digest.left_out;
    let counts = [
        (digest.outages_of_span() + cut.outages, "outage"),
        (digest.alerts.len() + cut.alerts, "alert"),
        (digest.incidents_of_span() + cut.incidents, "incident"),
        (digest.deployments.len() + cut.deployments, "deployment"),
        (digest.runs.len() + cut.runs, "run"),
        (digest.acknowledged.len() + cut.acknowledged, "acknowledgement"),
        (digest.rounds.len() + cut.rounds, "round"),
        (digest.people.len() + cut.people, "other change"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, noun)| counted(count as u64, noun)).collect();
    format!("since you last looked {ago} ago: {}", counts.join(", "))
}

/// One line of a text; a heading stands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadingLine {
    pub text: String,
    pub is_heading: bool,
}

fn heading(text: &str) -> ReadingLine {
    ReadingLine { text: text.to_owned(), is_heading: true }
}

fn plain(text: impl Into<String>) -> ReadingLine {
    ReadingLine { text: text.into(), is_heading: false }
}

/// What happened since this person last looked, the worst first.
pub(crate) fn since_looked(state: &State, unlike: &[UnlikeHour]) -> Vec<ReadingLine> {
    let world = state.seen();
    let (now, zone) = (world.now.utc, world.config.console.timezone);
    let at = |moment: DateTime<Utc>| clock(moment, now, zone);
    let mut lines = Vec::new();
    let Some(digest) = &state.console.last_look.digest else {
        lines.push(plain("nothing is known from before: this is your first look at this store"));
        return lines;
    };
    let cut = digest.left_out;
    let mut section = |title: &str, entries: Vec<String>, cut: usize| {
        if !entries.is_empty() {
            lines.push(heading(title));
            lines.extend(left_out(cut).into_iter().chain(entries).map(plain));
        }
    };
    let outages = digest.outages.iter().map(|one| described(world, one, at));
    section("outages", outages.collect(), cut.outages);
    let incidents = digest.incidents.iter().map(|one| {
        let over = one.ended.map_or_else(String::new, |ended| format!(" {}", at(ended)));
        format!("{} {} {} {}: {}{over}", at(one.opened), one.id, one.severity.word(), one.title, one.state)
    });
    section("incidents", incidents.collect(), cut.incidents);
    let alerts = digest.alerts.iter().map(|one| {
        let by = one.acknowledged_by.as_ref().map(|by| title_of_login(&world.config, by.as_str()));
        let by = by.map_or_else(String::new, |by| format!(", acknowledged by {by}"));
        let over = one.resolved.map_or_else(|| ", still firing".to_owned(), |over| format!(", resolved {}", at(over)));
        format!("{} {} {}{over}{by}", at(one.at), one.severity.word(), one.title)
    });
    section("alerts", alerts.collect(), cut.alerts);
    section("still firing from before", fires_since_before(world, digest.from), 0);
    let entry = |line: &DigestLine| {
        let by = line.by.as_ref().map_or_else(String::new, |by| format!(" · {by}"));
        format!("{} {}{by}", at(line.at), line.text)
    };
    section("deployments", digest.deployments.iter().map(entry).collect(), cut.deployments);
    section("runs", digest.runs.iter().map(|run| entry(&run.line)).collect(), cut.runs);
    section("acknowledged", digest.acknowledged.iter().map(entry).collect(), cut.acknowledged);
    section("checklists", digest.rounds.iter().map(entry).collect(), cut.rounds);
    section("what people did", digest.people.iter().map(entry).collect(), cut.people);
    let silences = world.active_silences().map(|one| {
        format!("{} until {} by {}: {}", world.title_of_match(&one.matching), at(one.until), one.by, one.why)
    });
    section("silences that end", silences.collect(), 0);
    section("unlike the same hour yesterday", unlike.iter().map(UnlikeHour::describe).collect(), 0);
    if lines.is_empty() {
        let (from, until) = (at(digest.from), at(digest.until));
        lines
            .push(plain(format!("nothing happened from {from}, when you last looked, to {until}, when you came back")));
    }
    lines
}

/// `api DOWN 02:41:00Z to 02:44:12Z · refused`.
fn described(world: &World, one: &Outage, at: impl Fn(DateTime<Utc>) -> String) -> String {
    let span = match (one.from.map(&at), one.healed.map(&at)) {
        (Some(from), Some(until)) => format!("{from} to {until}"),
        (None, Some(until)) => format!("until {until}"),
        (from, None) => {
            // It may have healed while nobody recorded it, or since this was read.
            let is_well = world.check(&one.check).is_some_and(|check| check.status == Status::Ok && !check.stale);
            let well = if is_well { ", ok now" } else { "" };
            format!("since {}{well}", from.as_deref().unwrap_or("before"))
        }
    };
    let reason = one.reason.as_ref().map_or_else(String::new, |reason| format!(" · {reason}"));
    format!("{} {} {span}{reason}", one.title, one.worst.word())
}

/// What fired before a moment and does so still, and is not muted.
fn fires_since_before(world: &World, from: DateTime<Utc>) -> Vec<String> {
    let firing = world.alerts.iter().filter(|alert| alert.phase == Phase::Firing && !alert.is_muted());
    let before =
        firing.filter_map(|alert| Some((alert, alert.since.map(|since| since.at.utc).filter(|at| *at < from)?)));
    let line = |(alert, since): (&AlertView, DateTime<Utc>)| {
        let since = clock(since, world.now.utc, world.config.console.timezone);
        format!("{since} {} {}", alert.severity.word(), world.title_of_subject(&alert.subject))
    };
    before.map(line).collect()
}

/// The handover of the primary layer that waits to be accepted.
pub(crate) fn offered(state: &State) -> Option<&HandoverRecord> {
    let world = state.seen();
    world.duty().offered(PRIMARY, world.now.utc)
}

/// The handover that is offered, or the last one.
pub(crate) fn handover(state: &State) -> Vec<ReadingLine> {
    let Some(record) = offered(state).or_else(|| state.seen().duty().accepted(PRIMARY)) else {
        return vec![plain("no handover was offered; `opsroom handover` in a shell drafts one")];
    };
    let line = |line: &SafeText| {
        let text = line.as_str();
        let bare = text.trim_start_matches('#');
        let read = markdown::unescaped(bare);
        if bare.len() < text.len() { heading(read.trim()) } else { plain(read) }
    };
    record.said.text.iter().filter(|line| !line.is_empty()).map(line).collect()
}

/// Who is on call now and next in each layer, the last test page that each contact confirmed, and the shifts to come.
pub(crate) fn on_call(state: &State) -> Vec<ReadingLine> {
    let world = state.seen();
    let (config, now) = (&world.config, world.now.utc);
    let zone = config.console.timezone;
    let layers = world.coming_shifts();
    if layers.is_empty() {
        return vec![plain("nobody is on call: [oncall] is missing in the configuration")];
    }
    let at = |moment: DateTime<Utc>| {
        format!("{}{}", moment.with_timezone(&zone).format("%a %d %b %H:%M"), zone.told_apart(moment))
    };
    let name = |who: &Name| title_of_contact(config, who).to_owned();
    let mut lines = vec![heading("now")];
    for LayerShifts { layer, shifts } in layers {
        let Some(shift) = shifts.first() else { continue };
        let then = shifts.get(1).map_or_else(String::new, |next| format!(", then {}", name(&next.who)));
        let until = shift.until.map_or_else(String::new, |end| format!(" until {}{then}", at(end)));
        lines.push(plain(format!("{layer}: {}{until}", name(&shift.who))));
    }
    lines.push(heading("test pages"));
    for check in world.duty().contact_checks(&config.contacts, now) {
        lines.push(plain(format!("{}: {}", check.contact.name, check.describe(now, zone))));
    }
    for LayerShifts { layer, shifts } in layers {
        lines.push(heading(&format!("shifts of {layer}, in {zone}")));
        for shift in shifts.iter().skip(1) {
            let from = shift.from.map_or_else(String::new, at);
            let until = shift.until.map_or_else(String::new, |end| format!(" to {}", at(end)));
            lines.push(plain(format!("{from}{until}  {}", name(&shift.who))));
        }
    }
    lines
}

/// What accepts the offered handover: the statements and how that is said.
///
/// # Errors
/// Why this person can't.
pub(crate) fn acceptance(state: &State) -> Result<(Vec<Statement>, String), String> {
    let world = &state.world;
    let record = world.duty().offered(PRIMARY, world.now.utc).ok_or("no handover is offered")?;
    let login = state.console.last_look.login.as_ref().ok_or("the store has not answered yet")?;
    let contact = world.config.contact_of(login.as_str());
    let who = contact.map(|contact| contact.id.clone());
    let who = who.ok_or_else(|| format!("no contact has the login name {login}; add login to [contact.NAME]"))?;
    if who == record.said.who {
        return Err(format!("{who} offered this handover: the next person accepts it"));
    }
    Ok((world.accept_handover(record, (&who, login.as_str())), format!("handover accepted: {who} is on call")))
}
