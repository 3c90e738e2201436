//! One objective: what is known of it, the maintenance that concerns it, and the rules of the alert engine about it.

mod planned;
mod rules;
mod view;

pub(crate) use rules::times;
pub(super) use rules::{SloRule, rules};
pub use view::{SloMeasure, SloView};
pub(crate) use view::{interval, service};
