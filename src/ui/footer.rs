//! The last row: what can be pressed here and now.

use ratatui::layout::Rect;

use super::paint::Painter;
use super::widgets::hints::{self, Hint};
use crate::app::keymap::{Binding, Command};
use crate::app::row::RowKey;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::{contexts, describe, panels, replayed, service};
use crate::config::panels::PanelId;
use crate::config::sections::action::Action;
use crate::theme::GlyphSet;
use crate::ui::line::cut;
use crate::world::alerts::{AlertView, Phase};
use crate::world::services::ServiceView;

/// Columns from which the header names the screens.
pub(crate) const TABS_FROM: u16 = 110;
/// Columns of an action's title at the most: the key is what matters here.
const LABEL: usize = 24;

/// Draws it in the first row of `area`.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let always = [hint_of(state, Command::Palette, "palette"), hint_of(state, Command::Help, "help")];
    let always: Vec<Hint> = always.into_iter().flatten().collect();
    let mut hints = here(state, painter.glyphs());
    // The header has no room for them.
    if area.width < TABS_FROM {
        hints.push(screens(state));
    }
    hints::draw(painter, area, &hints, &always);
}

/// The first key of a command with a short label; none where the command has no key.
pub(crate) fn hint_of(state: &State, command: Command, label: &str) -> Option<Hint> {
    state.console.keymap.key_of(command).map(|key| Hint::new(key.to_string(), label))
}

/// The key that opens a screen, empty where there is none.
pub(crate) fn key_of_screen(state: &State, screen: &Screen) -> String {
    let binding = match screen {
        Screen::Custom(name) => Binding::Screen(name.clone()),
        built_in => match Command::from_name(built_in.name()) {
            Some(command) => Binding::Command(command),
            None => return String::new(),
        },
    };
    first_key(state, &binding)
}

/// The key of an action, empty where there is none.
pub(crate) fn key_of_action(state: &State, action: &Action) -> String {
    first_key(state, &Binding::Action(action.name.clone()))
}

/// What the key of an action does, beside it: its title as it stands in a sentence.
pub(crate) fn label_of(action: &Action, glyphs: GlyphSet) -> String {
    cut(&within_sentence(&action.title), LABEL, glyphs.ellipsis)
}

/// A title as it stands in a sentence: `restart the HTTP API`.
pub(crate) fn within_sentence(title: &str) -> String {
    let mut rest = title.chars();
    let Some(first) = rest.next() else { return String::new() };
    let is_abbreviation = rest.clone().next().is_some_and(char::is_uppercase);
    if is_abbreviation { title.to_owned() } else { first.to_lowercase().chain(rest).collect() }
}

fn first_key(state: &State, binding: &Binding) -> String {
    state.console.keymap.first_key_of(binding).map_or_else(String::new, |key| key.to_string())
}

/// The keys of the built-in screens in one hint: `1-4 6 screens`.
fn screens(state: &State) -> Hint {
    let keys = Screen::BUILT_IN.iter().map(|screen| key_of_screen(state, screen));
    let mut digits: Vec<u8> = keys.filter_map(|key| key.parse().ok()).collect();
    digits.sort_unstable();
    let runs = digits.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [first, _, .., last] => format!("{first}-{last}"),
        few => few.iter().map(u8::to_string).collect::<Vec<_>>().join(" "),
    });
    Hint::new(runs.collect::<Vec<_>>().join(" "), "screens").ranked(2)
}

/// Hints for the screen and panel in the order in which they stand: what the panel does, what can be done with what is
/// selected, the actions, what can be done anywhere. Only keys that mean that here.
fn here(state: &State, glyphs: GlyphSet) -> Vec<Hint> {
    // Asked for once: the rows of a list are made for it.
    let subject = describe::subject(state);
    let (its, others) = actions(state, glyphs, subject.as_ref());
    let panel = state.focused_panel();
    let contexts = contexts::contexts(state);
    let hint = |command: Command, label: &str, rank: u8| {
        let is_heard = contexts::is_heard(&state.console.keymap, &contexts, command);
        let is_meant = is_heard && !is_refused(state, panel.as_ref(), command);
        hint_of(state, command, label).filter(|_| is_meant).map(|hint| hint.ranked(rank))
    };
    let near = panel.as_ref().map(|id| panels::find(id).hints(state)).unwrap_or_default();
    let near = near.into_iter().enumerate().map(|(at, (command, label))| {
        let rank = match at {
            0 => 0,
            _ if matches!(command, Command::Cancel | Command::DryRun) => 0,
            1 => 1,
            _ => 3,
        };
        hint(command, label, rank)
    });
    let is_list = panel.as_ref().is_some_and(|id| panels::find(id).is_list() || panels::find(id).shows_records());
    let incident = state.seen().incident();
    let is_open = incident.as_ref().is_some_and(|incident| incident.can_be_acknowledged(state.seen()));
    // What nobody is at yet asks for that before all else that is known of it.
    let describes = if is_open { 3 } else { 2 };
    let selection = [(Command::Act, "actions", 1), (Command::Describe, "describe", describes)];
    let selection = selection.into_iter().filter(|_| subject.is_some());
    let selection = selection.chain([(Command::Acknowledge, "acknowledge", 2)].into_iter().filter(|_| is_open));
    let is_broken = incident.is_some() && state.seen().worst_open_incident().is_none();
    let offered = is_broken && state.console.screen != Screen::Incident;
    let selection = selection.chain([(Command::OpenIncident, "incident", 3)].into_iter().filter(|_| offered));
    let alerts = is_alerting(state, subject.as_ref());
    let selection = selection.chain([(Command::Silence, "silence", 4)].into_iter().filter(|_| alerts));
    let zooms = panel.as_ref().is_some_and(|id| panels::find(id).zooms());
    let anywhere = [
        (Command::Save, "save", 3, true),
        (Command::Filter, "filter", 3, is_list),
        (Command::NextPanel, "panel", 4, state.panels().len() > 1),
        (Command::Zoom, "zoom", 5, zooms),
        (Command::Freeze, "freeze", 5, true),
        (Command::CopyTimeline, "copy what happened", 6, true),
    ];
    let anywhere = anywhere.into_iter().filter(|(.., works)| *works);
    let all = near
        .chain(selection.map(|(command, label, rank)| hint(command, label, rank)))
        .flatten()
        .chain(its.into_iter().enumerate().map(|(at, hint)| hint.ranked(if at == 0 { 1 } else { 3 })))
        .chain(others.into_iter().map(|hint| hint.ranked(4)))
        .chain(anywhere.filter_map(|(command, label, rank, _)| hint(command, label, rank)));
    let mut hints: Vec<Hint> = Vec::new();
    for hint in all {
        if !hints.iter().any(|other| other.key == hint.key) {
            hints.push(hint);
        }
    }
    hints
}

/// Whether a key is refused here, whatever is selected: in a recording nothing can be run or said.
fn is_refused(state: &State, panel: Option<&PanelId>, command: Command) -> bool {
    let acts = |id: &PanelId| panels::find(id).acts_by(state, command);
    state.console.is_replayed && (replayed::is_in_vain(command) || panel.is_some_and(acts))
}

/// Whether an alert fires of what is selected: then a person may want silence.
fn is_alerting(state: &State, subject: Option<&RowKey>) -> bool {
    let fires = |alert: &AlertView| alert.phase == Phase::Firing && !alert.is_muted();
    match subject {
        Some(RowKey::Alert(id)) => state.seen().alert(id).is_some_and(fires),
        Some(RowKey::Service(name)) => {
            state.seen().service(name).is_some_and(|service| state.seen().alerts_of(service).any(fires))
        }
        _ => false,
    }
}

/// The actions of the service at hand, and the others; beside an alert and on the screen of a service its own alone. Where a
/// person works through something, its own keys have the room: skip, waive and defer of a step come before a restart.
fn actions(state: &State, glyphs: GlyphSet, subject: Option<&RowKey>) -> (Vec<Hint>, Vec<Hint>) {
    let keys_act = !matches!(
        state.console.screen,
        Screen::Logs | Screen::Metrics | Screen::Checklists | Screen::Incident | Screen::Changes | Screen::Diagnostics
    );
    if !keys_act || state.world.read_only || state.console.is_replayed {
        return (Vec::new(), Vec::new());
    }
    let hint = |action: &Action| {
        let key = key_of_action(state, action);
        (!key.is_empty()).then(|| Hint::new(key, label_of(action, glyphs)))
    };
    // Of what belongs to no service those that belong to none.
    let of_service = service::at_hand(state, subject).map(ServiceView::configured);
    let (its, others): (Vec<&Action>, Vec<&Action>) =
        state.world.config.actions.iter().partition(|action| of_service == Some(action.service.as_ref()));
    let is_of_one = matches!(state.console.screen, Screen::Service | Screen::Alerts);
    let is_of_one = is_of_one || service::alert_of(state, subject).is_some();
    let others = if is_of_one { Vec::new() } else { others };
    (its.into_iter().filter_map(hint).collect(), others.into_iter().filter_map(hint).collect())
}

#[cfg(test)]
mod tests {
    use super::within_sentence;

    #[test]
    fn abbreviations_stay_as_they_are_written() {
        for (title, said) in [
            ("Restart the HTTP API", "restart the HTTP API"),
            ("API restart", "API restart"),
            ("Öffnen", "öffnen"),
            ("", ""),
        ] {
            assert_eq!(within_sentence(title), said);
        }
    }
}
