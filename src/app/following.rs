//! Following a colleague's screen: what it shows is shown here too, until one lets go or the colleague leaves.

use super::logs;
use super::navigation::open_screen;
use super::screens::metrics::RANGES;
use super::screens::{Followed, Screen};
use super::state::State;
use super::toasts::Tone;
use crate::app::keymap::Command;
use crate::logs::filter::Filter;
use crate::model::effect::Effect;
use crate::model::presence::{Presence, PresenceView};
use crate::text::SafeText;
use crate::text::name::Name;

impl State {
    /// What the screen shows, for those who follow it.
    pub(crate) fn view_of_screen(&self) -> PresenceView {
        let console = &self.console;
        let service = self.shown_service().filter(|_| console.screen == Screen::Service);
        PresenceView {
            service: service.map(|service| SafeText::new(&service.name)).unwrap_or_default(),
            filter: SafeText::new(console.screens.logs.filter.text()),
            range_s: console.screens.metrics.span().as_secs(),
            time: console.time_cursor,
            follows: console.following.is_some(),
        }
    }
}

/// Follows the first colleague who is here; whoever follows one already goes on to the next.
pub(super) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    let here: Vec<Presence> = state.world.present.iter().filter(|one| !one.watcher).cloned().collect();
    // Two who follow each other would swap their screens without end.
    let can: Vec<&Presence> = here.iter().filter(|one| !one.view.follows).collect();
    let known = state.console.following.as_ref();
    let next = known.and_then(|known| can.iter().position(|one| known.is(one))).map_or(0, |at| (at + 1) % can.len());
    let Some(one) = can.get(next) else {
        let text = match here.first() {
            Some(one) => format!("{} follows a colleague too", one.name()),
            None => "nobody else is here".to_owned(),
        };
        return state.toast(Tone::Info, &text);
    };
    let words = format!("following {}", one.name());
    state.toast(Tone::Info, &state.and_keys(&words, &[(Command::Back, "lets go")]));
    state.console.following = Some(Followed::new(one));
    show(state, one, effects);
}

/// Lets go of a colleague's screen. `false`: none was followed.
pub(super) fn let_go(state: &mut State) -> bool {
    let Some(followed) = state.console.following.take() else { return false };
    state.toast(Tone::Info, &format!("no longer following {}", followed.name));
    true
}

/// Others came, left, or show something else.
pub(super) fn present_changed(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(followed) = &state.console.following else { return };
    let Some(one) = state.world.present.iter().find(|one| followed.is(one)).cloned() else {
        let text = format!("{} has left; this is your own screen again", followed.name);
        state.console.following = None;
        return state.toast(Tone::Info, &text);
    };
    if one.view.follows {
        let text = format!("{} follows a colleague now; this is your own screen again", one.name());
        state.console.following = None;
        return state.toast(Tone::Info, &text);
    }
    show(state, &one, effects);
}

/// Shows what a colleague's screen shows, as far as that is not shown already. What is not configured here is left out.
fn show(state: &mut State, one: &Presence, effects: &mut Vec<Effect>) {
    let now = (one.screen.clone(), one.view.clone());
    let Some(followed) = &mut state.console.following else { return };
    if followed.shown.as_ref() == Some(&now) {
        return;
    }
    followed.shown = Some(now);
    let screen = Screen::named(&Name::from(one.screen.as_str()));
    if state.console.layouts.get(&screen).is_some() && screen != state.console.screen {
        open_screen(state, screen, effects);
    }
    let view = &one.view;
    let service = Name::from(view.service.as_str());
    if state.world.service(&service).is_some() {
        state.console.screens.service.service = Some(service);
    }
    if let Some(range) = RANGES.iter().position(|(span, _)| span.as_secs() == view.range_s) {
        state.console.screens.metrics.range = range;
    }
    if view.filter.as_str() != state.console.screens.logs.filter.text()
        && let Ok(filter) = Filter::parse(view.filter.as_str())
    {
        logs::set_filter(state, filter);
    }
    state.console.point_at(view.time);
    state.changed();
}
