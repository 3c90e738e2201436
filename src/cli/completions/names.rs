//! Names to complete, from the configuration and the state directory as they are now.

use std::time::SystemTime;

use super::engine::Candidate;
use super::{Kind, Question};
use crate::app::screens::Screen;
use crate::cli::themes;
use crate::config::{Config, adapters, load};
use crate::runtime::paths;

/// So many of the latest runs are offered.
const RUNS: usize = 50;

/// The names of a kind. None where the configuration can't be read: a Tab prints no errors.
pub(crate) fn candidates(question: &Question) -> Vec<Candidate> {
    match question.kind {
        Kind::Files => Vec::new(),
        Kind::Runs => runs(),
        Kind::Adapters => {
            adapters::built_in().iter().map(|known| Candidate::new(known.kind, &known.description)).collect()
        }
        Kind::Fields => ["level", "service", "log", "message", "trace"].map(|name| Candidate::new(name, "")).into(),
        kind => {
            let main = load::find(question.config.as_deref());
            let config = main.and_then(|main| main.load().config);
            configured(kind, &config.unwrap_or_default())
        }
    }
}

fn configured(kind: Kind, config: &Config) -> Vec<Candidate> {
    match kind {
        Kind::Judged => {
            let checks = config.checks.iter().map(|check| Candidate::new(&*check.name, "check"));
            let metrics = config.metrics.iter().map(|metric| Candidate::new(&*metric.name, "metric"));
            let services = config.services.iter().map(|service| Candidate::new(&*service.name, "service"));
            let mut all: Vec<Candidate> = checks.chain(metrics).chain(services).collect();
            let mut seen = std::collections::BTreeSet::new();
            all.retain(|candidate| seen.insert(candidate.value.clone()));
            all
        }
        Kind::Logs => config.logs.iter().map(|log| Candidate::new(&*log.name, "log")).collect(),
        Kind::Actions => config.actions.iter().map(|action| Candidate::new(&*action.name, &action.title)).collect(),
        Kind::Screens => {
            let built_in = Screen::BUILT_IN.iter().map(|screen| Candidate::new(screen.name(), "built in"));
            let custom = Screen::custom(config).map(|(_, layout)| Candidate::new(&*layout.name, &layout.title));
            built_in.chain(custom).collect()
        }
        Kind::Themes => themes::catalogue(&config.files).names().map(|name| Candidate::new(name, "")).collect(),
        Kind::Fields | Kind::Runs | Kind::Adapters | Kind::Files => Vec::new(),
    }
}

/// The ids of the latest runs, newest first.
fn runs() -> Vec<Candidate> {
    let Ok(state) = paths::state_directory() else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(state.join("runs")) else { return Vec::new() };
    let mut found: Vec<(SystemTime, String)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.file_name().into_string().ok()?)))
        .collect();
    found.sort();
    found.into_iter().rev().take(RUNS).map(|(_, id)| Candidate::new(id, "")).collect()
}
