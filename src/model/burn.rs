//! How fast the error budget of an objective may be used up before somebody is told.
//!
//! The rules are those of the SRE workbook, chapter 5: each has a long window, which says that it matters, and a short
//! one, which says that it still goes on. Both must exceed the burn rate.

use std::time::Duration;

/// One rule of the four.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnRule {
    /// The long window.
    pub long: Duration,
    /// The short window, a twelfth of it.
    pub short: Duration,
    /// The share of the budget, 0 to 1, that is spent when it fires.
    pub spend: f64,
    /// Whether it wakes somebody; else it is worth a ticket.
    pub pages: bool,
}

/// So many bad events at least, that one lost packet wakes nobody.
pub const LEAST_BAD: u32 = 3;

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

/// The rules, fastest first.
pub const BURN_RULES: [BurnRule; 4] = [
    BurnRule { long: HOUR, short: Duration::from_mins(5), spend: 0.02, pages: true },
    BurnRule { long: Duration::from_hours(6), short: Duration::from_mins(30), spend: 0.05, pages: true },
    BurnRule { long: Duration::from_hours(24), short: Duration::from_hours(2), spend: 0.10, pages: false },
    BurnRule { long: Duration::from_hours(72), short: Duration::from_hours(6), spend: 0.10, pages: false },
];

impl BurnRule {
    /// Whether it says anything about an objective over `window`: one that is shorter than the rule's own is told by the
    /// objective itself.
    pub fn applies(&self, window: Duration) -> bool {
        self.long < window && self.short >= MINUTE
    }

    /// The burn rate above which it fires, for an objective over `window`: 14.4 of the first for 30 days.
    pub fn burn(&self, window: Duration) -> f64 {
        self.spend * window.as_secs_f64() / self.long.as_secs_f64()
    }

    /// Whether it can fire at all: nothing burns faster than everything being bad, at `1 / (1 - objective)`.
    pub fn can_fire(&self, objective: f64, window: Duration) -> bool {
        // But for the last bits of a float: 10 % of budget at a burn rate of 10 is never exceeded.
        self.burn(window) * (1.0 - objective) < 1.0 - 1e-9
    }

    /// The longest interval between polls at which it can see [`LEAST_BAD`] bad ones by the time it should fire.
    pub fn coarsest(&self, objective: f64, window: Duration) -> Duration {
        self.long.mul_f64((self.burn(window) * (1.0 - objective)).min(1.0) / f64::from(LEAST_BAD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Duration = Duration::from_hours(30 * 24);

    #[test]
    fn the_burn_rates_of_a_month_are_those_of_the_workbook() {
        let rates: Vec<f64> = BURN_RULES.iter().map(|rule| (rule.burn(MONTH) * 10.0).round() / 10.0).collect();
        assert_eq!(rates, [14.4, 6.0, 3.0, 1.0]);
        for rule in BURN_RULES {
            assert_eq!(rule.short * 12, rule.long);
        }
    }

    #[test]
    fn a_rule_can_not_fire_where_all_bad_is_not_fast_enough() {
        let able = |objective: f64| BURN_RULES.map(|rule| rule.can_fire(objective, MONTH));
        assert_eq!(able(0.999), [true; 4]);
        assert_eq!(able(0.90), [false, true, true, true]);
        assert_eq!(able(0.80), [false, false, true, true]);
        let week = Duration::from_hours(7 * 24);
        assert!(BURN_RULES[0].can_fire(0.90, week), "3.36 × 0.1");
        assert!(!BURN_RULES[3].applies(Duration::from_hours(72)) && BURN_RULES[3].applies(week));
    }

    #[test]
    fn an_interval_is_too_coarse_where_three_bad_polls_are_more_than_the_rule_allows() {
        let coarsest = |objective: f64| BURN_RULES[0].coarsest(objective, MONTH).as_secs_f64();
        assert!((coarsest(0.999) - 17.28).abs() < 1e-6);
        assert!((coarsest(0.99) - 172.8).abs() < 1e-6);
        assert!((coarsest(0.5) - 1_200.0).abs() < 1e-6, "no more than a third of the window");
    }
}
