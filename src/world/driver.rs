//! A world without a console: whoever drives it says what is seen and done, and when. What the world wants done is done at
//! once: it acts for all on a store that holds what it says, and every receiver accepts.
//!
//! *Invariant:* the same engine as in a console. Its clock stops where something is due, and passes over what lies between.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::World;
use super::output::{Intent, Output};
use crate::config::Config;
use crate::lang::time::Stamp;
use crate::model::fact::{Fact, NewFact, Statement};
use crate::model::lease::{LeaseReport, LeaseView};
use crate::model::message::Notification;
use crate::model::observation::Observation;
use crate::model::rollup::SeriesHistory;

/// Who says what nobody did.
const CONSOLE: &str = "opsroom";
/// How often the clock of a console ticks.
const A_SECOND: Duration = Duration::from_secs(1);

/// A world, its store and its receivers.
#[derive(Debug)]
pub struct WorldDriver {
    world: World,
    started: Stamp,
    facts: u64,
    said: Vec<Fact>,
    sent: Vec<Notification>,
    /// Something was put on record at this moment: a console would look at it with its next tick.
    is_stirred: bool,
}

impl WorldDriver {
    /// A configuration at a moment, with an empty store. The moment is open: see [`Self::advance`].
    pub fn new(config: Arc<Config>, started: DateTime<Utc>) -> Self {
        let mono = Duration::from_millis(u64::try_from(started.timestamp_millis()).unwrap_or_default());
        let now = Stamp { mono, utc: started };
        let world = World::new(config, now);
        let mut driver = Self { world, started: now, facts: 0, said: Vec::new(), sent: Vec::new(), is_stirred: false };
        let output = driver.world.remember(&[], 0, now);
        driver.carry_out(output);
        // Objectives wait for their past: there is none.
        let measured = driver.world.measured_by_slos();
        let past = measured.map(|series| SeriesHistory { series, hours: Vec::new(), minutes: Vec::new(), first: None });
        let past: Vec<SeriesHistory> = past.collect();
        driver.world.restore(&past);
        let view = LeaseView::Ours { fence: 1, since: started };
        let output = driver.world.lease_changed(LeaseReport { view, ..LeaseReport::default() });
        driver.carry_out(output);
        let output = driver.world.pass_edges(now);
        driver.carry_out(output);
        driver.is_stirred = true;
        driver
    }

    /// What is known.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Lets time pass up to a moment since the start, over all at which something is due. It is open then: windows of
    /// maintenance, silences and acknowledgements have begun and ended, and what is seen and done there comes next, until
    /// [`Self::close`].
    pub fn advance(&mut self, to: Duration) {
        let to = self.started.plus(to);
        while let Some(due) = self.next_due().filter(|due| due.mono < to.mono) {
            self.open(due);
            self.close();
        }
        self.open(to);
    }

    /// Lets this moment pass: the clock ticks.
    pub fn close(&mut self) {
        let output = self.world.tick(self.world.now);
        self.carry_out(output);
    }

    /// Something is seen.
    pub fn observe(&mut self, observation: Observation) {
        let output = self.world.observe(observation, self.world.now);
        self.carry_out(output);
    }

    /// A person says something.
    pub fn say(&mut self, who: &str, said: Statement) {
        let output = self.put(who, said);
        self.carry_out(output);
    }

    /// What was put on record since this was asked last, oldest first.
    pub fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.said)
    }

    /// The messages that were sent since this was asked last, oldest first.
    pub fn take_messages(&mut self) -> Vec<Notification> {
        std::mem::take(&mut self.sent)
    }

    fn next_due(&self) -> Option<Stamp> {
        let soon = self.is_stirred.then(|| self.world.now.plus(A_SECOND));
        self.world.next_due().into_iter().chain(soon).min()
    }

    fn open(&mut self, at: Stamp) {
        self.is_stirred = false;
        let output = self.world.pass_edges(at);
        self.carry_out(output);
    }

    fn carry_out(&mut self, output: Output) {
        let mut intents = VecDeque::from(output.intents);
        while let Some(intent) = intents.pop_front() {
            match intent {
                Intent::Append(said) | Intent::AppendMissed(said) => {
                    for said in said {
                        intents.extend(self.put(CONSOLE, said).intents);
                    }
                }
                Intent::Notify(message) => {
                    intents.extend(self.world.delivered(&message.id, &message.target, &Ok(())).intents);
                    self.sent.push(*message);
                }
                Intent::ReadStatuses(checks) => intents.extend(self.world.statuses_read(&checks, &[]).intents),
                Intent::ReadAlerts => intents.extend(self.world.alerts_read(&[]).intents),
                // There are no runs and no terminal, and nobody goes on from here.
                Intent::LoadRuns
                | Intent::FollowRun(_)
                | Intent::KeepEngine(_)
                | Intent::WriteMinute { .. }
                | Intent::Signal(_) => {}
            }
        }
    }

    fn put(&mut self, who: &str, said: Statement) -> Output {
        let now = self.world.now;
        self.facts += 1;
        let (id, who, host) = (format!("{:032x}", self.facts), who.to_owned(), self.world.config.console.name.clone());
        let draft = NewFact { id, at: now.utc, who, host, process: 0, late: false, said };
        let fact = Fact { seq: self.facts, recorded_at: now.utc, draft };
        let output = self.world.apply(&fact, now);
        self.said.push(fact);
        self.is_stirred = true;
        output
    }
}
