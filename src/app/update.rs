//! The one function through which the state changes.

use crate::model::effect::Effect;
use crate::model::observation::Observation;
use crate::text::SafeText;
use crate::world::Output;
use crate::world::diagnostics::ProblemKind;

use super::message::{Event, Learned, Message};
use super::state::State;
use super::{
    charts, checklists, incidents, keys, mouse, navigation, observe, outcome, reload, runbook, runs, tick, wall,
};

/// Takes in one message; answers with what is to be done to the world.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    state.world.advance(message.at);
    // What comes without end asks for nothing.
    let may_need = !matches!(message.event, Event::Observation(_) | Event::Learned(Learned::Meters(_)));
    // No step looks at records of logs, nor at what the screen is made of.
    let may_settle = !matches!(message.event, Event::Observation(Observation::Records { .. }) | Event::Learned(_));
    match message.event {
        event if state.console.wall.is_some() && wall::ignores(&event) => {
            if let Event::Key(key) = event {
                wall::key(key, &mut effects);
            }
        }
        Event::Key(key) => {
            keys::key(state, key, &mut effects);
            state.touched();
        }
        Event::Paste(text) => {
            keys::paste(state, &text);
            state.touched();
        }
        Event::Mouse(mouse) => {
            if mouse::mouse(state, mouse, &mut effects) {
                state.touched();
            }
        }
        Event::Resize(columns, rows) => {
            state.console.size = (columns, rows);
            state.touched();
        }
        Event::Focus(focused) => {
            state.console.focused = focused;
            state.touched();
        }
        Event::Clock => tick::clock(state, &mut effects),
        Event::Observation(observation) => observe::observe(state, observation, message.at, &mut effects),
        Event::Outcome(outcome) => outcome::outcome(state, outcome, &mut effects),
        Event::Reloaded(result) => reload::reloaded(state, result, &mut effects),
        Event::Open(screen) => {
            navigation::open_screen(state, screen, &mut effects);
            state.touched();
        }
        Event::Wall(shown) => wall::hang(state, shown, &mut effects),
        Event::Learned(learned) => self::learned(state, learned, &mut effects),
    }
    runs::show_output(state, &mut effects);
    runbook::read(state, &mut effects);
    if may_settle {
        checklists::settle(state);
    }
    incidents::join(state, &mut effects);
    if may_need {
        charts::ask(state, &mut effects);
    }
    // What was built of it for this message may be from before it was taken in.
    state.console.incident_lines.forget();
    effects
}

fn learned(state: &mut State, learned: Learned, effects: &mut Vec<Effect>) {
    match learned {
        Learned::Layout(layout) => {
            state.console.layout = layout;
            state.keep_selections();
        }
        Learned::Meters(meters) => state.world.diagnostics.meters = meters,
        Learned::Themes { names, warnings } => {
            state.console.themes = names;
            for warning in &warnings {
                state.world.problem(ProblemKind::Warning, &SafeText::new("themes"), warning);
            }
        }
        Learned::Literals(literals) => state.world.literals = literals,
        Learned::Recorded(is_recorded) => state.console.is_recorded = is_recorded,
        Learned::Ending => {
            let mut output = Output::default();
            state.world.end_minute(&mut output);
            observe::show(state, output, effects);
        }
        Learned::Boot { at, boot } => state.world.boot = Some((at, boot)),
    }
}
