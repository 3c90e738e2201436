//! What a flood of log records may cost a recording: beyond it they are left out, and the recording says so.

use std::time::Duration;

/// Records of a second that are written whatever else happens: each costs some microseconds of a core.
const RATE: f64 = 10_000.0;
/// Records beyond that at once, as where a console reads what its logs hold already.
const BURST: f64 = 262_144.0;

/// Records that may be written.
#[derive(Debug)]
pub(super) struct RecordBudget {
    left: f64,
    /// On the monotonic clock, when it was looked at last.
    at: Duration,
}

impl RecordBudget {
    /// Nothing of it is used.
    pub(super) fn new(at: Duration) -> Self {
        Self { left: BURST, at }
    }

    /// Whether so many may be written at a moment; they are taken from what is left. A batch is never split: what it takes
    /// beyond that is missing afterwards.
    pub(super) fn allows(&mut self, records: usize, at: Duration) -> bool {
        let passed = at.saturating_sub(self.at);
        self.at = self.at.max(at);
        self.left = passed.as_secs_f64().mul_add(RATE, self.left).min(BURST);
        if self.left <= 0.0 {
            return false;
        }
        self.left -= records as f64;
        true
    }

    /// Nothing is left of it.
    #[cfg(test)]
    pub(super) fn used_up(at: Duration) -> Self {
        Self { left: 0.0, at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records that are allowed of so many a second, in batches of a tenth of that.
    fn allowed(rate: usize, seconds: u64) -> usize {
        let mut budget = RecordBudget::new(Duration::ZERO);
        let at = |tenth: u64| Duration::from_millis(tenth * 100);
        (0..seconds * 10).filter(|tenth| budget.allows(rate / 10, at(*tenth))).count() * (rate / 10)
    }

    #[test]
    fn a_flood_is_thinned_to_what_was_set_and_a_busy_log_is_not() {
        assert_eq!(allowed(9_000, 3_600), 9_000 * 3_600);
        let flood = allowed(50_000, 600);
        let most = BURST as usize + RATE as usize * 600 + 5_000;
        assert!((RATE as usize * 600..=most).contains(&flood), "{flood}");
    }

    #[test]
    fn what_a_log_holds_at_the_start_is_whole() {
        let mut budget = RecordBudget::new(Duration::ZERO);
        assert!((0..20).all(|_| budget.allows(10_000, Duration::ZERO)));
    }
}
