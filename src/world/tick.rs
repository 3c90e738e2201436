//! Time passed: ages, staleness, alerts that wait.

use super::World;
use super::ids::numbered;
use super::output::Output;
use crate::lang::time::Stamp;

impl World {
    /// A second passed. Everything that depends on the time alone moves here.
    pub(crate) fn tick(&mut self, now: Stamp) -> Output {
        let minute = |now: Stamp| now.mono.as_secs() / 60;
        if minute(now) != minute(self.now) {
            self.review_charted();
        }
        self.advance(now);
        let mut output = Output::default();
        self.turn_minute(&mut output);
        self.mark_stale();
        self.review_maintenance(&mut output);
        self.review_duty(&mut output);
        self.tick_slos();
        self.evaluate_all(&mut output);
        self.forget_resolved();
        self.review_acknowledgements(&mut output);
        self.review_silences(&mut output);
        self.say_settled(&mut output);
        self.say_alerts(&mut output);
        self.announce(&mut output);
        self.signal(&mut output);
        for log in &mut self.logs {
            log.tick(now);
        }
        self.keep_engine(&mut output);
        output
    }

    /// The clock stands at a moment at which nothing was taken in yet: windows of maintenance, silences and acknowledgements
    /// begin and end before anything else.
    pub(super) fn pass_edges(&mut self, now: Stamp) -> Output {
        self.advance(now);
        let mut output = Output::default();
        self.review_maintenance(&mut output);
        self.review_acknowledgements(&mut output);
        self.review_silences(&mut output);
        output
    }

    /// Turns checks and metrics stale by their age.
    fn mark_stale(&mut self) {
        let now = self.now;
        let mut turned = Vec::new();
        for (id, check) in numbered(&mut self.checks) {
            // Before the first answer the clock counts from the start: a source that never answers is stale too.
            let age = check.age(now).unwrap_or_else(|| now.since(check.known_from));
            let old = age > check.stale_after;
            if std::mem::replace(&mut check.stale, old) != old {
                turned.push(id);
            }
            check.as_of = now;
        }
        for metric in &mut self.metrics {
            let age = metric.age(now).unwrap_or_else(|| now.since(metric.known_from));
            metric.stale = age > metric.stale_after;
        }
        let rows = self.checks_changed(&turned);
        self.rows_changed(&rows, &turned);
    }
}
