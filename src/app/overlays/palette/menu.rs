//! What can be done with one thing: its actions, its links, its runbook.

use super::{PaletteItem, item, started};
use crate::app::describe;
use crate::app::keymap::{Binding, Command};
use crate::app::row::RowKey;
use crate::app::runbook;
use crate::app::state::State;
use crate::app::state::overlay::Operation;
use crate::config::commands;
use crate::config::sections::action::Action;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::alerts::AlertView;
use crate::world::services::ServiceView;

/// What a person can do about `subject` besides its actions, each with its key: none of these keys is found out by chance.
fn responses(state: &State, subject: &RowKey) -> impl Iterator<Item = PaletteItem> {
    let alerts = matches!(subject, RowKey::Service(_) | RowKey::Check(_) | RowKey::Metric(_) | RowKey::Alert(_));
    let silenced = match subject {
        RowKey::Alert(id) => state.seen().alert(id).is_some_and(AlertView::is_silenced),
        subject => matches!(subject, RowKey::Silence(_)),
    };
    let offered = [
        (Command::Acknowledge, "acknowledge", alerts),
        (Command::Silence, "silence", alerts),
        (Command::EndSilence, "end silence", silenced),
        (Command::OpenIncident, "open incident", alerts),
        (Command::Pin, "pin to incident", state.seen().worst_open_incident().is_some()),
        (Command::Copy, "copy", true),
    ];
    let is_offered = |command: Command, wanted: bool| wanted && !(state.world.read_only && command.acts());
    let offered = offered.into_iter().filter(move |(command, _, wanted)| is_offered(*command, *wanted));
    offered.map(|(command, name, _)| {
        let help = commands::find(command.name()).map_or("", |info| info.help);
        let keys = state.console.keymap.keys_of(&Binding::Command(command));
        item(name.to_owned(), help, keys, Operation::Command(command))
    })
}

/// What is offered for `subject`: an action is offered itself, everything else what its service has.
pub(super) fn offers(state: &State, subject: &RowKey) -> Vec<PaletteItem> {
    let world = &state.world;
    let service = describe::service_of(state, subject);
    let its = service.as_ref().and_then(|name| world.service(name));
    // Of what belongs to no service those that belong to none: its row has them too.
    let of_service = its.map(ServiceView::configured);
    let linked = service.as_ref().map_or_else(Vec::new, |service| runbook::linked(state, service));
    let wanted = |action: &&Action| match subject {
        RowKey::Action(name) => action.name == *name,
        _ => of_service == Some(action.service.as_ref()) || linked.contains(&&*action.name),
    };
    let mut items = started(state, world.config.actions.iter().filter(wanted));
    let keys = |command| state.console.keymap.keys_of(&Binding::Command(command));
    items.push(item(
        "describe".to_owned(),
        "everything that is known of it",
        keys(Command::Describe),
        Operation::Command(Command::Describe),
    ));
    items.extend(service.map(|name| of_its_service(state, name)).unwrap_or_default());
    items.extend(responses(state, subject));
    items
}

/// The screen of its service, its runbook and its links.
fn of_its_service(state: &State, name: Name) -> Vec<PaletteItem> {
    let world = &state.world;
    let mut items = Vec::new();
    let title = world.title_of_service(&name);
    let kind = if world.service(&name).is_some_and(|service| service.own) { "checks" } else { "service" };
    items.push(item(format!("{kind} {title}"), "its screen", String::new(), Operation::Service(name.clone())));
    if let Some(service) = world.config.services.iter().find(|service| service.name == name) {
        if let Some(runbook) = &service.runbook {
            items.push(item("runbook".to_owned(), runbook.clone(), String::new(), Operation::Runbook(name)));
        }
        for (link, url) in &service.links {
            let does = Operation::Copy(SafeText::new(url));
            items.push(item(format!("copy link {link}"), url.clone(), String::new(), does));
        }
    }
    items
}
