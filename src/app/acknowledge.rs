//! Acknowledging and silencing from any screen: which alerts are meant.

use crate::app::describe::subject;
use crate::app::keymap::Command;
use crate::app::overlays::alert_dialog::AlertDialog;
use crate::app::overlays::ask::{AskOverlay, OnYes};
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::app::toasts::Tone;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::alerts::{AlertSubject, AlertView, Phase};
use crate::world::history::clock;
use crate::world::incident::Cause;
use crate::world::services::ServiceView;

/// Opens the dialog that acknowledges what is selected, else what the incident bar names.
pub(super) fn acknowledge(state: &mut State) {
    let rules = meant(state);
    if rules.is_empty() {
        state.toast(Tone::Info, "no alert is firing here: nothing to acknowledge");
        return;
    }
    let dialog = AlertDialog::acknowledge(rules, &state.world);
    state.console.overlays.push(dialog);
}

/// Opens the dialog that silences what is selected.
pub(super) fn silence(state: &mut State) {
    let matching = match subject(state) {
        Some(RowKey::Alert(id)) => state.world.alert(&id).map(|alert| alert.subject.name().to_owned()),
        Some(RowKey::Check(name) | RowKey::Metric(name)) => Some(name.to_string()),
        Some(RowKey::Service(name)) => state.world.service(&name).map(|service| matching(state, service)),
        _ => None,
    };
    state.console.overlays.push(AlertDialog::silence(&matching.unwrap_or_default()));
}

/// Asks whether the silence that is selected, or that of the alert that is, shall end.
pub(super) fn end_silence(state: &mut State) {
    let id = match subject(state) {
        Some(RowKey::Silence(id)) => Some(id),
        Some(RowKey::Alert(id)) => state.world.alert(&id).and_then(|alert| Some(alert.silenced.as_ref()?.id.clone())),
        _ => None,
    };
    let Some(silence) = id.and_then(|id| state.world.active_silence(&id).cloned()) else {
        let text = state.and_keys("no silence selected", &[(Command::Alerts, "lists them")]);
        state.toast(Tone::Info, &text);
        return;
    };
    let until = clock(silence.until, state.world.now.utc, state.world.config.console.timezone);
    let detail = format!(
        "Silenced by {} until {until}: {}. What it matches and still fires is announced.",
        silence.by, silence.why
    );
    let title = state.world.title_of_match(&silence.matching);
    state.console.overlays.push(AskOverlay {
        question: SafeText::new(&format!("End the silence of {title}?")),
        detail: SafeText::new(&detail),
        opened: state.world.now,
        then: OnYes::EndSilence { id: silence.id, matching: silence.matching, title },
    });
}

/// Asks whether tests are to be sent by every channel.
pub(super) fn test_channels(state: &mut State) {
    let names: Vec<&str> = state.world.config.channels.iter().map(|channel| &*channel.name).collect();
    if names.is_empty() {
        return state.toast(Tone::Info, "no channels configured; add [notify.NAME] to the configuration");
    }
    let by = names.join(", ");
    state.console.overlays.push(AskOverlay {
        question: SafeText::new("Send a test message by every channel?"),
        detail: SafeText::new(&format!("By {by}. It is marked as a test; people on call are reached by phone too.")),
        opened: state.world.now,
        then: OnYes::TestChannels,
    });
}

/// The firing alerts that are meant, by the ids of their conditions: those of what is selected, else those of what is broken
/// above all.
fn meant(state: &State) -> Vec<Name> {
    let of_subject = match subject(state) {
        Some(RowKey::Alert(id)) => return fires(state, |alert| alert.id == id),
        Some(RowKey::Service(name)) => state.world.service(&name).map_or_else(Vec::new, |row| fires_of(state, row)),
        Some(RowKey::Check(name)) => fires(state, |alert| alert.subject == AlertSubject::Check(name.clone())),
        Some(RowKey::Metric(name)) => fires(state, |alert| alert.subject == AlertSubject::Metric(name.clone())),
        _ => Vec::new(),
    };
    if !of_subject.is_empty() {
        return of_subject;
    }
    match state.world.incident().map(|incident| incident.cause) {
        Some(Cause::Service(service)) => fires_of(state, service),
        Some(Cause::Alert(alert)) => vec![alert.id.clone()],
        None => Vec::new(),
    }
}

/// What silences all of a row: its service, or of what belongs to none the check that makes it what it is.
fn matching(state: &State, service: &ServiceView) -> String {
    let leading = service.leading.filter(|_| service.own).and_then(|id| state.world.checks.get(id));
    let Some(leading) = leading else { return format!("service:{}", service.name) };
    let worst = firing_of(state, service).max_by_key(|alert| (alert.severity, alert.subject.name() == &*leading.name));
    worst.map_or(&*leading.name, |alert| alert.subject.name()).to_owned()
}

fn firing_of<'a>(state: &'a State, service: &ServiceView) -> impl Iterator<Item = &'a AlertView> {
    state.world.alerts_of(service).filter(|alert| alert.phase == Phase::Firing)
}

/// Those of a row that nobody is at; all where somebody is at each.
fn fires_of(state: &State, service: &ServiceView) -> Vec<Name> {
    let ids = |alerts: Vec<&AlertView>| alerts.into_iter().map(|alert| alert.id.clone()).collect();
    let open: Vec<&AlertView> = firing_of(state, service).filter(|alert| alert.acknowledged.is_none()).collect();
    ids(if open.is_empty() { firing_of(state, service).collect() } else { open })
}

fn fires(state: &State, is_meant: impl Fn(&AlertView) -> bool) -> Vec<Name> {
    let firing = state.world.alerts.iter().filter(|alert| alert.phase == Phase::Firing && is_meant(alert));
    firing.map(|alert| alert.id.clone()).collect()
}
