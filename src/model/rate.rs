//! Counters shown as rates.

use crate::lang::time::Stamp;

/// The last value of a counter.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CounterValue {
    last: Option<(Stamp, f64)>,
}

impl CounterValue {
    /// Takes a new value and gives the rate per second since the last one; `None` for the first, and where no time
    /// has passed. A value below the last one means that the counter began again: what it counts since is the increase.
    pub(crate) fn per_second(&mut self, at: Stamp, value: f64) -> Option<f64> {
        let last = self.last.replace((at, value));
        let (then, before) = last?;
        let seconds = at.since(then).as_secs_f64();
        let increase = if value >= before { value - before } else { value };
        (seconds > 0.0 && increase.is_finite()).then(|| increase / seconds)
    }

    /// Forgets the last value, so that a span of which nothing is known is not averaged over.
    pub(crate) fn reset(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;

    use super::*;

    fn at(seconds: u64) -> Stamp {
        let start = Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH };
        start.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn a_counter_becomes_a_rate_and_survives_its_reset() {
        let mut counter = CounterValue::default();
        assert_eq!(counter.per_second(at(0), 100.0), None);
        assert_eq!(counter.per_second(at(10), 150.0), Some(5.0));
        assert_eq!(counter.per_second(at(20), 20.0), Some(2.0));
        assert_eq!(counter.per_second(at(20), 30.0), None);
        assert_eq!(counter.per_second(at(30), 30.0), Some(0.0));
        counter.reset();
        assert_eq!(counter.per_second(at(40), 1000.0), None);
    }
}
