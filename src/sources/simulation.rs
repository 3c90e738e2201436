//! Every source of a configuration with its answers as data, at times that are made up: what a console or a shell would
//! see of them, without a clock, a network or a file. Judging, counting, recognising and masking are the real ones.

use std::sync::Arc;

use super::kinds::simulated::{Script, Simulated, SimulatedTime};
use super::logs::count::{Board, CountReach};
use super::logs::pipeline::{Pipeline, RecordStream};
use super::masks::Masks;
use super::poll::{Over, Poller};
use super::targets::{Watched, poll_targets_with};
use crate::config::Config;
use crate::config::sections::log::Log;
use crate::config::sections::source::Source;
use crate::lang::time::Stamp;
use crate::model::observation::Observation;
use crate::text::name::Name;
use crate::text::redact::Redactor;
use crate::text::secret::Secrets;

/// The simulated sources and logs of one configuration.
pub struct Simulation {
    time: SimulatedTime,
    poller: Poller,
    watched: Vec<Watched>,
    board: Board,
    logs: Vec<(Name, Pipeline, RecordStream)>,
}

impl Simulation {
    /// Begins at `begin`. `script` has the answers of each source; what `secrets` holds is masked in them.
    pub fn new(config: &Config, secrets: Secrets, begin: Stamp, script: &dyn Fn(&Source) -> Box<dyn Script>) -> Self {
        let (time, secrets) = (SimulatedTime::new(begin), Arc::new(secrets));
        let redactor = Redactor::from(&*secrets);
        let watched = poll_targets_with(config, &|source, readers| {
            Box::new(Simulated::new(&source.kind, readers, script(source), time.clone()))
        });
        let board = Board::new(config);
        for (_, counter) in board.parts() {
            counter.reaches(CountReach::Whole);
        }
        let pipeline = |log: &Log| Pipeline::new(log, redactor.clone(), board.counters(&log.name), 1);
        let logs = config.logs.iter().map(|log| (log.name.clone(), pipeline(log), RecordStream::default()));
        let logs = logs.collect();
        let poller = Poller::simulated(time.clone()).masking(Masks::fixed(Arc::clone(&secrets))).with_secrets(secrets);
        Self { time, poller, watched, board, logs }
    }

    /// What is polled, in the order of the configuration.
    pub(crate) fn watched(&self) -> &[Watched] {
        &self.watched
    }

    /// Polls the source of that name, or that of the check or metric of that name, at `at`; nothing where there is none.
    pub async fn poll(&self, name: &str, at: Stamp) -> Vec<Observation> {
        match self.watched.iter().find(|watched| watched.is_called(name)) {
            Some(watched) => self.poll_one(watched, at).await,
            None => Vec::new(),
        }
    }

    /// Polls one source at `at`.
    pub(crate) async fn poll_one(&self, watched: &Watched, at: Stamp) -> Vec<Observation> {
        self.time.set(at);
        self.poller.poll(watched, at, Over::AsConfigured).await.observations
    }

    /// Lines that a log gets at `at`; nothing where there is no such log.
    pub fn lines<L: AsRef<[u8]>>(
        &mut self,
        log: &str,
        lines: impl IntoIterator<Item = L>,
        at: Stamp,
    ) -> Option<Observation> {
        let (name, pipeline, stream) = self.logs.iter_mut().find(|(name, ..)| **name == *log)?;
        for line in lines {
            pipeline.line(stream, line.as_ref(), 0, at, false);
        }
        pipeline.settle(stream, at);
        pipeline.take_batch(false).map(|batch| Observation::Records { log: name.clone(), batch: batch.with_shapes() })
    }

    /// The metrics over logs that have another number at `at`.
    pub fn counted(&mut self, at: Stamp) -> Vec<Observation> {
        self.board.due(at)
    }
}
