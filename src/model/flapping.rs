//! Flapping as Nagios tells it: 21 results, of which later changes weigh more.

use std::collections::VecDeque;

use super::status::Status;

/// Results that are looked at.
const RESULTS: usize = 21;
/// At this share of weighted changes it begins, in per cent.
const BEGINS: f64 = 30.0;
/// At this share it ends; between the two it stays as it was.
const ENDS: f64 = 20.0;

/// The last results of one check. Feed it settled statuses and soft recoveries, not what is merely pending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flapping {
    results: VecDeque<Status>,
    flapping: bool,
}

impl Flapping {
    /// Takes a result.
    pub(crate) fn push(&mut self, status: Status) {
        if self.results.len() == RESULTS {
            self.results.pop_front();
        }
        self.results.push_back(status);
        let percent = self.percent();
        self.flapping = if self.flapping { percent > ENDS } else { percent >= BEGINS };
    }

    /// Whether it flaps: for the one who reads it, its status means little now.
    pub(crate) const fn is_flapping(&self) -> bool {
        self.flapping
    }

    /// The results, a letter each, and whether it flaps.
    pub(crate) fn to_letters(&self) -> (String, bool) {
        let letter = |status: &Status| match status {
            Status::Ok => 'o',
            Status::Degraded => 'g',
            Status::Down => 'd',
            Status::Pending => 'p',
            Status::Cold => 'c',
            Status::Unknown => 'u',
        };
        (self.results.iter().map(letter).collect(), self.flapping)
    }

    /// From those; a letter that a newer version wrote is left out.
    pub(crate) fn from_letters(letters: &str, flapping: bool) -> Self {
        let status = |letter: char| match letter {
            'o' => Some(Status::Ok),
            'g' => Some(Status::Degraded),
            'd' => Some(Status::Down),
            'p' => Some(Status::Pending),
            'c' => Some(Status::Cold),
            'u' => Some(Status::Unknown),
            _ => None,
        };
        Self { results: letters.chars().filter_map(status).take(RESULTS).collect(), flapping }
    }

    /// Share of weighted changes, in per cent: 100 where every result differed from the one before. Results that are
    /// not there yet count as unchanged.
    pub(crate) fn percent(&self) -> f64 {
        let missing = RESULTS - self.results.len();
        let weights = self.results.iter().zip(self.results.iter().skip(1)).enumerate();
        let changed = weights.filter(|(_, (before, after))| before != after);
        let sum: f64 = changed.map(|(index, _)| 0.75 + (index + missing) as f64 * 0.5 / 19.0).sum();
        sum * 100.0 / (RESULTS - 1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 21 results of which those changes happened: 1 is the oldest possible, 20 the newest.
    fn with_changes(changes: impl Fn(usize) -> bool) -> Flapping {
        let mut flapping = Flapping::default();
        let mut status = Status::Ok;
        for index in 0..RESULTS {
            if index > 0 && changes(index) {
                status = if status == Status::Ok { Status::Down } else { Status::Ok };
            }
            flapping.push(status);
        }
        flapping
    }

    #[test]
    fn nagios_vectors() {
        let newest = |count: usize| with_changes(move |index| index > 20 - count).percent();
        let close = |got: f64, want: f64| assert!((got - want).abs() < 0.006, "{got} is not {want}");
        close(with_changes(|_| true).percent(), 100.0);
        close(with_changes(|index| index == 1).percent(), 3.75);
        for (count, want) in [(0, 0.0), (1, 6.25), (2, 12.37), (3, 18.36), (4, 24.21), (5, 29.93), (6, 35.53)] {
            close(newest(count), want);
        }
    }

    #[test]
    fn between_the_bounds_it_stays_as_it_was() {
        let mut flapping = with_changes(|index| index > 14);
        assert!(flapping.is_flapping());
        let mut seen = vec![];
        for _ in 0..RESULTS {
            flapping.push(Status::Ok);
            seen.push((flapping.percent(), flapping.is_flapping()));
        }
        assert!(seen.iter().any(|(percent, on)| *percent < BEGINS && *on));
        assert!(seen.iter().all(|(percent, on)| *on == (*percent > ENDS)));
        assert!(!with_changes(|index| index > 16).is_flapping());
    }
}
