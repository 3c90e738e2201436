//! The change calendar from the console: what is planned, approved and called off.

use crate::app::describe::subject;
use crate::app::keymap::Command;
use crate::app::overlays::ask::{AskOverlay, OnYes};
use crate::app::overlays::change_dialog::ChangeDialog;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::app::toasts::Tone;
use crate::model::fact::{MaintenanceEnd, MaintenanceEnded};
use crate::model::maintenance::{MaintenanceWindow, clock_with_zone, from_to};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::changes::CalendarEntry;

/// Opens the dialog that plans a change or a freeze.
pub(super) fn plan(state: &mut State) {
    let dialog = ChangeDialog::plan(state);
    state.console.overlays.push(dialog);
}

/// Asks whether the change that is selected is approved. Who planned it does not approve it: the store refuses that too.
pub(super) fn approve(state: &mut State) {
    let Some(id) = selected(state) else { return none(state) };
    let Some(CalendarEntry::Change(change)) = state.world.calendar_entry(&id) else {
        return state.toast(Tone::Info, "maintenance needs no approval");
    };
    if !change.needs_approval() {
        let text = match &change.approved {
            Some((by, _)) => format!("{} was already approved by {by}", change.title),
            None => "a freeze needs no approval".to_owned(),
        };
        return state.toast(Tone::Info, &text);
    }
    if state.is_me(&change.by) {
        return state.toast(Tone::Info, "you planned this change: another person must approve it");
    }
    let (now, zone) = (state.world.now.utc, state.world.config.console.timezone);
    let span = from_to((change.from, change.until), now, zone);
    let (services, title) = (change.services.describe(), change.title.to_string());
    let detail = format!("{span}, {services}. Planned by {}: {}", change.by, change.why);
    state.console.overlays.push(AskOverlay {
        question: SafeText::new(&format!("Approve the change {title}?")),
        detail: SafeText::new(&detail),
        opened: state.world.now,
        then: OnYes::ApproveChange { said: change.approving(), title },
    });
}

/// Opens the dialog that calls off the change or the freeze that is selected; asks whether maintenance shall end.
pub(super) fn call_off(state: &mut State) {
    let Some(id) = selected(state) else { return none(state) };
    match state.world.calendar_entry(&id) {
        Some(CalendarEntry::Change(change)) if state.world.is_change_on_record(&id) => {
            let dialog = ChangeDialog::call_off(change);
            state.console.overlays.push(dialog);
        }
        Some(CalendarEntry::Change(_)) => {
            state.toast(Tone::Info, "it is part of the configuration: edit its [freeze] section");
        }
        Some(CalendarEntry::Maintenance(window)) => {
            let window = window.clone();
            end(state, &window);
        }
        None => none(state),
    }
}

/// Asks whether a window of maintenance shall end now, or not take place. What comes by the configuration is changed there.
fn end(state: &mut State, window: &MaintenanceWindow) {
    let (now, zone) = (state.world.now.utc, state.world.config.console.timezone);
    let runs = window.window.contains(now);
    if !runs && window.by.is_none() {
        return state
            .toast(Tone::Info, &format!("it is part of the configuration: edit [maintenance.{}] there", window.name));
    }
    let until = clock_with_zone(window.window.end, now, zone);
    let (question, detail) = if runs {
        ("End", format!("It runs until {until}. Alerts still firing will be announced."))
    } else {
        ("Call off", format!("It was to begin {}.", clock_with_zone(window.window.start, now, zone)))
    };
    let MaintenanceWindow { id, name, services, window: span, title, .. } = window.clone();
    let because = MaintenanceEnd::Person;
    let said = MaintenanceEnded { id, name, services, from: span.start, until: span.end, because };
    state.console.overlays.push(AskOverlay {
        question: SafeText::new(&format!("{question} the maintenance {title}?")),
        detail: SafeText::new(&detail),
        opened: state.world.now,
        then: OnYes::EndMaintenance { said, title },
    });
}

fn selected(state: &State) -> Option<Name> {
    match subject(state)? {
        RowKey::Planned(id) => Some(id),
        _ => None,
    }
}

fn none(state: &mut State) {
    let text = state.and_keys("no change selected", &[(Command::Changes, "lists them")]);
    state.toast(Tone::Info, &text);
}
