//! What the sums of an objective amount to: availability, coverage, budget, burn rates, and which rules they break.

use std::time::Duration;

use super::tally::{SloTally, ratio};
use crate::model::burn::{BurnRule, LEAST_BAD};

/// The spans over which burn rates are given, with how each is written.
pub const BURN_WINDOWS: [(&str, Duration); 7] = [
    ("5m", Duration::from_mins(5)),
    ("30m", Duration::from_mins(30)),
    ("1h", Duration::from_hours(1)),
    ("2h", Duration::from_hours(2)),
    ("6h", Duration::from_hours(6)),
    ("1d", Duration::from_hours(24)),
    ("3d", Duration::from_hours(72)),
];

/// The place in [`BURN_WINDOWS`] of the span by which a screen says how fast the budget burns now.
const SHOWN: usize = 2;
/// Below this coverage a figure is marked.
pub(crate) const ENOUGH: f64 = 0.95;

/// The figures of one objective at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct SloFigures {
    /// The share that must be good, above 0 and below 1.
    pub objective: f64,
    /// Over how long.
    pub window: Duration,
    /// What was known in the window.
    pub tally: SloTally,
    /// How long the window really is: since anything is known at the most.
    pub elapsed_ms: u64,
    /// How much of that a person excluded: it counts as maintenance.
    pub excluded_ms: u64,
    /// The sums of [`BURN_WINDOWS`], in their order.
    pub spans: [SloTally; BURN_WINDOWS.len()],
    /// Bad readings in a row, the latest included, wherever they lie.
    pub in_a_row: u64,
}

impl SloFigures {
    /// Good time of the known time outside maintenance, 0 to 1; `None` where nothing is known.
    pub fn availability(&self) -> Option<f64> {
        self.tally.availability()
    }

    /// Known time of the time outside maintenance, 0 to 1; `None` where no time passed.
    pub fn coverage(&self) -> Option<f64> {
        ratio(self.tally.valid_ms(), self.elapsed_ms.saturating_sub(self.tally.maintenance_ms))
            .map(|known| known.min(1.0))
    }

    /// Whether so little is known that the figures must be marked.
    pub fn is_thin(&self) -> bool {
        self.coverage().is_none_or(|coverage| coverage < ENOUGH)
    }

    /// The lowest and the highest that the availability can be, whatever the unknown time was; `None` where no time
    /// passed.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        let counted = self.elapsed_ms.saturating_sub(self.tally.maintenance_ms).max(self.tally.valid_ms());
        Some((ratio(self.tally.good_ms, counted)?, 1.0 - ratio(self.tally.bad_ms, counted)?))
    }

    /// Whether the objective is met so far: never where nothing is known.
    pub fn is_met(&self) -> bool {
        self.availability().is_some_and(|availability| availability >= self.objective)
    }

    /// The whole error budget, in seconds: 2,592 for 99.9 % over 30 days.
    pub fn budget_s(&self) -> f64 {
        to_ms((1.0 - self.objective) * self.window.as_secs_f64())
    }

    /// What is left of the budget, in seconds; negative where it is overspent, `None` where nothing is known.
    pub fn left_s(&self) -> Option<f64> {
        (self.tally.valid_ms() > 0).then(|| to_ms(self.budget_s() - self.tally.bad_ms as f64 / 1_000.0))
    }

    /// The same as a share of the budget: 1 where nothing is used.
    pub fn left_share(&self) -> Option<f64> {
        self.left_s().map(|left| left / self.budget_s())
    }

    /// How many times faster than the objective allows the budget is used, over one of [`BURN_WINDOWS`].
    pub fn burn(&self, window: usize) -> Option<f64> {
        self.spans.get(window)?.burn(self.objective)
    }

    /// How fast it burns now: over the last hour.
    pub fn burn_now(&self) -> Option<f64> {
        self.burn(SHOWN)
    }

    /// When the budget is empty at the rate of the last hour; `None` where it is not used up faster than it comes back,
    /// or is empty already.
    pub fn time_to_empty(&self) -> Option<Duration> {
        let burn = self.burn_now().filter(|burn| *burn > 1.0)?;
        let left = self.left_s().filter(|left| *left > 0.0)?;
        Duration::try_from_secs_f64(left / (burn * (1.0 - self.objective))).ok()
    }

    /// The burn rate that a rule compares with its own: that of the window that burns less, for both must exceed it. 0
    /// where there are too few bad readings to go by, `None` where one of its windows holds nothing that is known.
    ///
    /// The floor counts bad readings and not traffic, so that a quiet target that is down is not muted by it; where the
    /// long window is too short for as many, those in a row count from before it. Where little of the long window is known,
    /// a few bad readings are most of that: they must be bad enough for a window of which enough is known.
    pub fn rule_burn(&self, rule: &BurnRule) -> Option<f64> {
        let [long, short] = self.windows(rule)?;
        if long.valid_ms() == 0 {
            return None;
        }
        let over_long = long.bad_ms as f64 / counted_ms(rule, long) / (1.0 - self.objective);
        let burn = over_long.min(short.burn(self.objective)?);
        let is_enough = long.bad_events.max(self.in_a_row) >= u64::from(LEAST_BAD);
        Some(if is_enough { burn } else { 0.0 })
    }

    /// Whether what is known of the short window of a rule is no worse than its limit.
    pub(crate) fn burns_slowly(&self, rule: &BurnRule) -> bool {
        let burn = self.windows(rule).and_then(|[_, short]| short.burn(self.objective));
        burn.is_some_and(|burn| burn <= rule.burn(self.window))
    }

    /// The sums of the long and the short window of a rule.
    fn windows(&self, rule: &BurnRule) -> Option<[&SloTally; 2]> {
        let span = |length| self.spans.get(BURN_WINDOWS.iter().position(|(_, window)| *window == length)?);
        Some([span(rule.long)?, span(rule.short)?])
    }

    /// After how long the burn rate of a rule passes its limit, up from it where all is bad from now on, or down to it where all
    /// is good; `None`: that is so already, or never happens.
    pub(crate) fn passes(&self, rule: &BurnRule, is_good: bool) -> Option<Duration> {
        let share = rule.burn(self.window) * (1.0 - self.objective);
        // Not even where all is bad is more than all of it bad.
        if !is_good && share >= 1.0 {
            return None;
        }
        let windows = self.windows(rule)?;
        let waits = windows.map(|span| {
            let (bad, valid) = (span.bad_ms as f64, span.valid_ms() as f64);
            if is_good { bad / share - valid } else { (share * valid - bad) / (1.0 - share) }
        });
        let [long, _] = windows;
        // As long as too little of the long window is known, it is what must be known of it that counts.
        let least = share * ENOUGH * whole_ms(rule, long) - long.bad_ms as f64;
        // Both windows must exceed it, and one that no longer does is enough.
        let [one, other] = waits;
        let ms = match is_good {
            true if least >= 0.0 => 0.0,
            true => one.min(other),
            false => one.max(other).max(least),
        };
        // Of a window of which nothing was known, the next moment says everything.
        let begins = windows.iter().any(|span| span.valid_ms() == 0);
        (ms.is_finite() && (ms > 0.0 || begins)).then(|| Duration::from_millis(ms.max(0.0).ceil() as u64))
    }
}

/// Milliseconds of the long window of a rule that are not maintenance.
fn whole_ms(rule: &BurnRule, long: &SloTally) -> f64 {
    rule.long.saturating_sub(Duration::from_millis(long.maintenance_ms)).as_millis() as f64
}

/// The milliseconds by which what is bad of the long window is judged: those that are known, or what must be known at least.
fn counted_ms(rule: &BurnRule, long: &SloTally) -> f64 {
    (long.valid_ms() as f64).max(ENOUGH * whole_ms(rule, long))
}

/// Seconds without what a float adds below the millisecond.
fn to_ms(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}
