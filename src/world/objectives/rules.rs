//! When an objective wants somebody's attention, as conditions of the alert engine.

use std::sync::Arc;
use std::time::Duration;

use super::SloMeasure;
use crate::config::sections::slo::{Slo, SloKind};
use crate::lang::condition::{Comparison, Condition, Predicate};
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::burn::{BURN_RULES, BurnRule};

/// What is asked of an objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::world) enum SloRule {
    /// Whether its budget burns too fast over two windows.
    Burn(BurnRule),
    /// Whether too many runs were late.
    Late,
}

/// The rules of an objective that can ever fire, fastest first, each with how bad it is.
pub(in crate::world) fn rules(slo: &Slo) -> Vec<(Severity, Condition, SloRule)> {
    if matches!(slo.kind, SloKind::Action { .. }) {
        let written = format!("runs in time < {}", percent(slo.objective));
        return vec![(slo.ticket, condition(Comparison::Below, slo.objective, &written), SloRule::Late)];
    }
    let able = BURN_RULES.iter().filter(|rule| rule.applies(slo.window) && rule.can_fire(slo.objective, slo.window));
    let burns = able.map(|rule| {
        let limit = rule.burn(slo.window);
        let spans = [rule.long, rule.short].map(unit::duration);
        let written = format!("budget burn > {} over {} and {}", times(limit), spans[0], spans[1]);
        let severity = if rule.pages { slo.page } else { slo.ticket };
        (severity, condition(Comparison::Above, limit, &written), SloRule::Burn(*rule))
    });
    burns.collect()
}

fn condition(comparison: Comparison, threshold: f64, written: &str) -> Condition {
    let predicate = Predicate::Number { comparison, threshold, clear: None, field: None };
    // No `for`: the short window is what keeps a blip from waking somebody.
    Condition { predicate, hold: Duration::ZERO, written: Arc::from(written) }
}

impl SloRule {
    /// The number that its condition compares; `None` where it can't be told.
    pub(in crate::world) fn compared(&self, measured: &SloMeasure) -> Option<f64> {
        match (self, measured) {
            (Self::Burn(rule), SloMeasure::Time(figures)) => figures.rule_burn(rule),
            (Self::Late, SloMeasure::Runs(figures)) => {
                let is_missed = figures.is_missed()?;
                Some(if is_missed { figures.share()? } else { 1.0 })
            }
            _ => None,
        }
    }

    /// What was seen, in few words: `23×`, `8 of 10 runs in time`.
    pub(in crate::world) fn seen(&self, measured: &SloMeasure) -> String {
        match measured {
            SloMeasure::Time(_) => self.compared(measured).map_or_else(|| unit::NOTHING.to_owned(), times),
            SloMeasure::Runs(figures) => format!("{} of {} runs in time", figures.good, figures.count),
        }
    }
}

/// A burn rate: `6.2×`, `14.4×`, `23×`.
pub(crate) fn times(burn: f64) -> String {
    let digits = usize::from(burn < 19.95 && (burn - burn.round()).abs() > 0.05);
    format!("{burn:.digits$}×")
}

/// An objective: `99.9%`.
fn percent(share: f64) -> String {
    format!("{}%", (share * 1e8).round() / 1e6)
}
