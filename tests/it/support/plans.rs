//! Runs to begin, as a person has confirmed them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use opsroom::model::effect::StartRun;
use opsroom::model::preview::Preview;
use opsroom::model::run::Plan;

/// A restart that is this script, run in this directory.
pub fn plan(directory: &Path, script: &str) -> Plan {
    Plan {
        action: "restart-api".into(),
        verb: "restart".into(),
        adapter: "ours".into(),
        service: Some("api".into()),
        target: "api".to_owned(),
        environment: "staging".to_owned(),
        host: "local".to_owned(),
        directory: directory.to_owned(),
        steps: vec![["/bin/sh", "-c", script].map(str::to_owned).to_vec()],
        env: BTreeMap::new(),
        parameters: BTreeMap::new(),
        timeout: Duration::from_secs(20),
        grace: Duration::from_millis(500),
        changing: true,
        dry_run: false,
        terminal: false,
    }
}

/// The plan, confirmed with a reason.
pub fn confirmed(plan: Plan) -> StartRun {
    StartRun {
        digest: plan.digest(),
        plan,
        reason: Some("it hangs".to_owned()),
        evidence: "{}".to_owned(),
        cooldown: Duration::ZERO,
        at_most: None,
        preview: Preview::default(),
        verify: None,
    }
}
