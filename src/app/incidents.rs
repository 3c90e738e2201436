//! Incidents from any screen: opened from what is selected, pinned to, looked at; and what others say of them.

use std::cmp::Reverse;

use crate::app::describe::{service_of, subject};
use crate::app::keymap::Command;
use crate::app::logs;
use crate::app::overlays::incident_dialog::{IncidentDialog, IncidentPurpose};
use crate::app::replayed;
use crate::app::requests::AwaitedAnswer;
use crate::app::row::RowKey;
use crate::app::saying::say_of_incident;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::toasts::Tone;
use crate::config::panels::PanelSubject;
use crate::model::effect::{ConsoleEffect, Effect};
use crate::model::fact::incident::{
    EvidenceFile, IncidentAmended, IncidentEvidence, IncidentJoined, IncidentNoted, IncidentOpened,
};
use crate::model::fact::{IncidentFact, IncidentSaid};
use crate::model::incident::{EntryKind, EntryState, RoleStep};
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::alerts::{AlertSubject, AlertView, Phase};
use crate::world::incident::Cause;
use crate::world::incidents::words;

/// Opens the dialog that opens an incident from what is selected, else from what is broken above all. Where one is open for
/// that service, shows it: two for one thing split the room.
pub(super) fn open(state: &mut State, _effects: &mut Vec<Effect>) {
    let (alert, service) = meant(state);
    let known = service.as_ref().and_then(|service| {
        let open = state.world.open_incidents();
        open.into_iter().find(|record| record.services.contains(service)).map(|record| record.id.clone())
    });
    if let Some(known) = known.filter(|_| state.console.screen != Screen::Incident) {
        state.toast(Tone::Info, &format!("{known} is open for it"));
        state.console.screens.incident.shown = Some(known);
        return state.go(Screen::Incident);
    }
    if replayed::refuses_words(state) {
        return;
    }
    let draft = state.world.incident_draft(alert.as_deref(), service.as_deref());
    open_draft(state, draft);
}

/// Opens the dialog that opens an incident as prefilled: from an alert, or from a step of a checklist, whose engine calls this
/// with `from` set to `checklist:NAME`.
pub(crate) fn open_draft(state: &mut State, draft: IncidentOpened) {
    let dialog = IncidentDialog::new(IncidentPurpose::Open(Box::new(draft)), state);
    state.console.overlays.push(dialog);
}

/// An alert and a service.
type Meant = (Option<Name>, Option<Name>);

/// The alert and the service that are selected, else those that are broken above all; so too where what is selected is well.
/// Beside an open incident nothing is meant.
fn meant(state: &State) -> Meant {
    if state.console.screen == Screen::Incident && state.world.worst_open_incident().is_some() {
        return (None, None);
    }
    match subject(state) {
        Some(RowKey::Alert(id)) => {
            let service = service_of(state, &RowKey::Alert(id.clone()));
            (Some(id), service)
        }
        Some(row) => match service_of(state, &row).filter(|service| is_about(state, &row, service)) {
            Some(service) => {
                let firing = firing_of(state, &service);
                let is_ok = state.world.service(&service).is_some_and(|view| view.status == Status::Ok);
                let is_well = firing.is_none() && is_ok;
                broken(state).filter(|_| is_well).unwrap_or((firing, Some(service)))
            }
            None => broken(state).unwrap_or_default(),
        },
        None => broken(state).unwrap_or_default(),
    }
}

/// Whether trouble of a service is trouble of what is selected. What has none stands beside others that have none, and has
/// nothing to do with them.
fn is_about(state: &State, row: &RowKey, service: &str) -> bool {
    matches!(row, RowKey::Service(_) | RowKey::Check(_)) || state.world.service(service).is_none_or(|view| !view.own)
}

/// What the incident bar names.
fn broken(state: &State) -> Option<Meant> {
    state.world.incident().map(|incident| match incident.cause {
        Cause::Alert(alert) => (Some(alert.id.clone()), alert.service.clone()),
        Cause::Service(service) => (firing_of(state, &service.name), Some(service.name.clone())),
    })
}

/// The worst alert that fires of a service, one that is announced before those that are muted. Of a service that is down only
/// one of a check: it is what is named on screen, muted or not, and where none fires yet the incident is of the service.
fn firing_of(state: &State, service: &str) -> Option<Name> {
    let view = state.world.service(service)?;
    let is_meant = |alert: &AlertView| view.status != Status::Down || matches!(alert.subject, AlertSubject::Check(_));
    let firing = state.world.alerts_of(view).filter(|alert| alert.phase == Phase::Firing && is_meant(alert));
    firing.min_by_key(|alert| (alert.is_muted(), Reverse(alert.severity))).map(|alert| alert.id.clone())
}

/// Opens the dialog that adds something to the incident that is shown.
pub(super) fn add(state: &mut State, kind: EntryKind) {
    with_shown(state, |id| IncidentPurpose::Entry { id, kind, text: SafeText::default(), source: None });
}

/// Opens a dialog about the incident that is shown.
pub(super) fn with_shown(state: &mut State, purpose: impl FnOnce(Name) -> IncidentPurpose) {
    let Some(id) = state.shown_incident().map(|record| record.id.clone()) else {
        none(state, "no incident on record");
        return;
    };
    let dialog = IncidentDialog::new(purpose(id), state);
    state.console.overlays.push(dialog);
}

/// Says that there is no incident, and by which key one is opened.
fn none(state: &mut State, words: &str) {
    state.toast(Tone::Info, &state.and_keys(words, &[(Command::OpenIncident, "opens one")]));
}

/// Opens the dialog that corrects the entry that is selected, among the entries or in the timeline.
pub(super) fn correct(state: &mut State) {
    let chosen = match subject(state) {
        Some(RowKey::IncidentEntry(id, number)) => Some((id, number)),
        Some(RowKey::IncidentLine(at, text)) => state.shown_incident().and_then(|record| {
            let lines = state.console.incident_lines.of(state.seen(), record);
            let line = lines.iter().find(|line| line.at == at && line.text == text)?;
            Some((record.id.clone(), line.entry?))
        }),
        _ => None,
    };
    let Some((id, number)) = chosen else {
        return state.toast(Tone::Info, "no entry selected: a note, task, cause, decision or pin can be corrected");
    };
    let dialog = IncidentDialog::new(IncidentPurpose::Correct { id, number }, state);
    state.console.overlays.push(dialog);
}

/// Characters of what is pinned by one key.
const PINNED: usize = 500;

/// Pins what is selected, `text` in words, to the incident that is worked on: at once, at the time at which it was so.
pub(super) fn pin(state: &mut State, text: Option<String>, effects: &mut Vec<Effect>) {
    let line = |text: String| text.lines().next().unwrap_or_default().trim().chars().take(PINNED).collect::<String>();
    let Some(text) = text.map(line).filter(|text| !text.is_empty()) else {
        state.toast(Tone::Info, "nothing selected to pin");
        return;
    };
    let Some(id) = state.worked_on().map(|record| record.id.clone()) else {
        none(state, "no incident is open");
        return;
    };
    if state.world.read_only {
        return state.toast(Tone::Warning, "read-only: nothing can be pinned here");
    }
    let mut happened_at = None;
    let source = match subject(state) {
        Some(RowKey::Check(name)) => Some(format!("check:{name}")),
        Some(RowKey::Metric(name)) => Some(format!("metric:{name}")),
        Some(RowKey::Service(name)) => Some(format!("service:{name}")),
        Some(RowKey::Alert(id)) => state.world.alert(&id).map(|alert| format!("alert:{}", alert.subject.name())),
        Some(RowKey::Run(id)) => Some(format!("run:{id}")),
        _ if state.console.screen == Screen::Logs => {
            let pane = &state.console.screens.logs.pane;
            pane.selected(&state.world.logs).map(|record| {
                // What a line says was so when it was written, not when somebody pinned it.
                happened_at = record.time.filter(|at| *at <= state.world.now.utc);
                format!("log:{}", record.log)
            })
        }
        _ => match state.focused_panel().map(|panel| panel.subject) {
            Some(PanelSubject::Metric(name)) => Some(format!("metric:{name}")),
            _ => None,
        },
    };
    let (text, source) = (SafeText::new(&text), source.map(|source| SafeText::new(&source)));
    let said = format!("pinned to {id}: {text}");
    let noted = IncidentNoted { kind: EntryKind::Pin, text, owner: None, happened_at, source };
    say(state, &id, IncidentFact::Noted(noted), &said, effects);
}

/// Moves an entry to its next state: a task is done, a hypothesis is ruled out, then proven, then open again.
pub(super) fn settle(state: &mut State, id: &Name, number: usize, effects: &mut Vec<Effect>) {
    let Some(entry) = state.world.incident_record(id).and_then(|record| record.entry(number)) else { return };
    let states = entry.kind.states();
    let at = states.iter().position(|state| *state == entry.state).unwrap_or(0);
    let next: EntryState = states[(at + 1) % states.len()];
    if states.len() < 2 || state.world.read_only {
        return;
    }
    let said = format!("{} {number} {}", entry.kind.word(), next.word());
    let (entry, next) = (entry.id.clone(), Some(next));
    let amended = IncidentAmended { entry, state: next, text: None, owner: None, happened_at: None };
    say(state, id, IncidentFact::Amended(amended), &said, effects);
}

fn say(state: &mut State, id: &Name, fact: IncidentFact, text: &str, effects: &mut Vec<Effect>) {
    let request = state.request(AwaitedAnswer::Said(SafeText::new(text)));
    say_of_incident(state, request, vec![IncidentSaid::of(id, fact)], effects);
}

/// Has the report of the incident that is shown written into a file.
pub(super) fn export(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(record) = state.shown_incident().cloned() else { return };
    effects.push(ConsoleEffect::SaveIncident(Box::new(record)).into());
}

/// Says once that somebody looks at an incident that is open.
pub(super) fn join(state: &mut State, effects: &mut Vec<Effect>) {
    if state.console.screen != Screen::Incident || state.world.read_only || state.world.store_away.is_some() {
        return;
    }
    let Some(id) = state.shown_incident().filter(|record| record.is_open()).map(|record| record.id.clone()) else {
        return;
    };
    if state.console.screens.incident.joined.insert(id.clone()) {
        // Who has joined before is told nothing: nobody waits for the answer.
        let said = IncidentSaid::of(&id, IncidentFact::Joined(IncidentJoined {}));
        let request = state.next_request();
        say_of_incident(state, request, vec![said], effects);
    }
}

/// Something was said of an incident, by whomever: what asks something of a person is shown. Who opened one here comes to its
/// screen, and what is known at that moment is saved.
pub(super) fn news(state: &mut State, said: &IncidentSaid, by: &SafeText, text: &str, effects: &mut Vec<Effect>) {
    match &said.what {
        IncidentFact::Opened(opened) => {
            let is_here = state.console.screens.incident.opening.as_ref() == Some(&opened.title);
            if is_here {
                state.console.screens.incident.opening = None;
                state.console.screens.incident.shown = Some(said.id.clone());
                state.console.screens.incident.evidence_of = Some(said.id.clone());
                logs::save_evidence(state, effects);
                state.go(Screen::Incident);
            } else {
                let news = state.and_keys(&format!("{text} · {by}"), &[(Command::Incident, "shows it")]);
                state.news(Tone::Warning, &news);
            }
        }
        IncidentFact::Reminded(reminded) => {
            let tone = if reminded.about.is_breach() { Tone::Error } else { Tone::Warning };
            state.news(tone, text);
        }
        IncidentFact::Role(role) if role.step == RoleStep::Offered => {
            let offer = words::role(role.role, &role.who, role.step);
            state.news(Tone::Warning, &format!("{}: {offer} · {by}", said.id));
        }
        IncidentFact::Role(role) if state.console.last_look.login.as_ref() != Some(by) => {
            let record = state.world.incident_record(&said.id);
            if let Some(from) = record.and_then(|record| record.taken_from(role.role)) {
                let taken = words::role(role.role, &role.who, role.step);
                state.news(Tone::Warning, &format!("{}: {taken} from {from}", said.id));
            }
        }
        // Who did it here is told by the answer.
        IncidentFact::Moved(_) | IncidentFact::Graded(_) if !state.console.requests.was_said(said) => {
            state.news(Tone::Info, &format!("{text} · {by}"));
        }
        _ => {}
    }
    state.changed();
}

/// An incident was not opened: the next one of that title is not taken for it. Returns what is said.
pub(super) fn opening_failed(state: &mut State, title: &SafeText, why: &SafeText) -> SafeText {
    let opening = &mut state.console.screens.incident.opening;
    if opening.as_ref() == Some(title) {
        *opening = None;
    }
    SafeText::new(&format!("the incident was not opened: {why}"))
}

/// Evidence was not saved: what is saved next is not that of the incident that was opened. Returns what is said.
pub(super) fn evidence_failed(state: &mut State, why: SafeText) -> SafeText {
    match state.console.screens.incident.evidence_of.take() {
        Some(id) => SafeText::new(&format!("{id} has no evidence: {why}")),
        None => why,
    }
}

/// Evidence was saved: where that was for an incident, it is put on record with its hashes.
pub(super) fn evidence_saved(state: &mut State, path: &str, files: Vec<EvidenceFile>, effects: &mut Vec<Effect>) {
    let opened = state.console.screens.incident.evidence_of.take();
    let shown = || state.shown_incident().filter(|record| record.is_open()).map(|record| record.id.clone());
    let on_screen = (state.console.screen == Screen::Incident).then(shown).flatten();
    let Some(id) = opened.or(on_screen).filter(|_| !state.world.read_only) else { return };
    let silent = state.world.checks.iter().filter(|check| check.last.is_none());
    let missing: Vec<SafeText> =
        silent.map(|check| SafeText::new(&format!("check {}: no answer yet", check.name))).collect();
    let evidence = IncidentEvidence { directory: path.to_owned(), files, missing };
    say(state, &id, IncidentFact::Evidence(evidence), &format!("evidence is on record of {id}"), effects);
}
