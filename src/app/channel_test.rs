//! Test messages that a person sends by every channel.

use super::state::State;
use super::toasts::Tone;
use crate::config::channels::ChannelKind;
use crate::model::effect::{Effect, HolderEffect, TerminalEffect};
use crate::model::message::{DeliveryFailure, Recipient};
use crate::world::announcing::{asked_test, routes::Routes};

/// Sends them.
pub(super) fn send(state: &mut State, effects: &mut Vec<Effect>) {
    let (config, now) = (std::sync::Arc::clone(&state.world.config), state.world.now.utc);
    let duty = std::sync::Arc::clone(state.world.duty());
    let routes = Routes::by(&config, Some(&duty), now);
    let mut sent = 0;
    for channel in &config.channels {
        for target in routes.targets(channel) {
            let message = asked_test(&config, &target, now);
            sent += 1;
            effects.push(match &channel.kind {
                ChannelKind::Terminal(terminal) => {
                    TerminalEffect::Signal(terminal.sequence(&message.console, &message.summary())).into()
                }
                _ => HolderEffect::Notify(Box::new(message)).into(),
            });
        }
    }
    let said = if sent == 0 { "nobody to send a test to: nobody is on call" } else { "sending test messages" };
    state.toast(Tone::Info, said);
}

/// Says what became of one.
pub(super) fn delivered(state: &mut State, target: &Recipient, delivered: &Result<(), DeliveryFailure>) {
    match delivered {
        Ok(()) => state.news(Tone::Good, &format!("{} accepted the test message", target.id())),
        Err(failure) => state.news(Tone::Error, &format!("{} refused the test message: {}", target.id(), failure.why)),
    }
}
