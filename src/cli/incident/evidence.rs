//! What a shell saves as evidence where an incident is opened: what the store has. A console, which polls, saves more.

use std::fmt::Write as _;
use std::sync::Arc;

use super::chosen::put;
use crate::actions::save::save_together;
use crate::cli::alerts::StoredAlerts;
use crate::cli::run_service::state_directory;
use crate::config::Config;
use crate::model::fact::IncidentFact;
use crate::model::fact::incident::{CopiedLine, EvidenceFile, IncidentEvidence};
use crate::runtime::identity::Identity;
use crate::runtime::incidents::around;
use crate::runtime::runs::RunService;
use crate::text::SafeText;
use crate::text::name::Name;

/// Saves it, puts that on record, and says so in a line. That something could not be saved is no reason to fail: the incident
/// is open.
pub(super) async fn save(run_service: &RunService, config: &Arc<Config>, id: &Name) -> String {
    let mut missing = vec![SafeText::new("readings, logs and screens (opened from a shell)")];
    let mut files: Vec<(&str, String)> = Vec::new();
    let record = run_service.store().incident(id).await.ok().flatten();
    let lines = match &record {
        Some(record) => around(run_service.store(), config, record, run_service.stamp()).await.ok(),
        None => None,
    };
    match lines {
        Some(lines) => files.push(("timeline.txt", timeline(&lines))),
        None => missing.push(SafeText::new("timeline (the store can't be read)")),
    }
    match StoredAlerts::read(run_service).await {
        Ok(stored) => files.push(("alerts.json", json(&stored.firing().collect::<Vec<_>>()))),
        Err(_) => missing.push(SafeText::new("alerts (the store can't be read)")),
    }
    match run_service.runs(50).await {
        Ok(runs) => files.push(("runs.json", json(&runs))),
        Err(_) => missing.push(SafeText::new("runs (the store can't be read)")),
    }
    let by = Identity::present();
    let versions =
        format!("opsroom {}\nsaved by {by}\nconfiguration sha256:{}\n", env!("CARGO_PKG_VERSION"), config.digest());
    files.push(("versions.txt", versions));
    let Ok(state) = state_directory() else { return String::new() };
    let saved = match save_together(&state, &format!("evidence-{id}"), &files) {
        Ok(saved) => saved,
        Err(error) => return format!("no evidence saved: {error}\n"),
    };
    let listed = files.iter().map(|(name, text)| EvidenceFile::of(name, text));
    let directory = saved.display().to_string();
    let evidence = IncidentEvidence { directory: directory.clone(), files: listed.collect(), missing };
    match put(run_service, config, id, vec![IncidentFact::Evidence(evidence)]).await {
        Ok(_) => format!("evidence saved in {directory}; a console saves readings, logs and screens too (S)\n"),
        Err(_) => format!("evidence saved in {directory}, but that is not on record\n"),
    }
}

fn timeline(lines: &[CopiedLine]) -> String {
    let mut text = String::new();
    for line in lines {
        let at = line.at.format("%Y-%m-%d %H:%M:%SZ");
        let who = line.who.as_ref().map_or_else(String::new, |who| format!("  by {who}"));
        let _ = writeln!(text, "{at}  {}  {}  {}{who}", line.kind, line.object, line.text);
    }
    text
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}
