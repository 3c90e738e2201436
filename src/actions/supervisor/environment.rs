//! What an adapter is told through `OPSROOM_…`, beside the clean base and what it declares itself.

use std::collections::BTreeMap;

use crate::actions::intent::RunIntent;

/// What tells an adapter for whom and under which lock it works. `OPSROOM_ACTION_ID` is the run's id: an idempotency
/// key; `OPSROOM_FENCE` rises with each acquisition of the target, so that a late run can be told from the present one.
pub(crate) fn own(intent: &RunIntent) -> BTreeMap<&'static str, String> {
    let plan = &intent.plan;
    let deadline = chrono::Duration::from_std(plan.timeout).ok().and_then(|bound| intent.at.checked_add_signed(bound));
    BTreeMap::from([
        ("OPSROOM_ACTION", plan.action.to_string()),
        ("OPSROOM_ACTION_ID", intent.id.to_string()),
        ("OPSROOM_VERB", plan.verb.to_string()),
        ("OPSROOM_TARGET", plan.target.clone()),
        ("OPSROOM_ENVIRONMENT", plan.environment.clone()),
        ("OPSROOM_FENCE", intent.fence.to_string()),
        ("OPSROOM_ATTEMPT", intent.attempt.to_string()),
        ("OPSROOM_DEADLINE", deadline.map(|at| at.to_rfc3339()).unwrap_or_default()),
        ("OPSROOM_DRY_RUN", u8::from(plan.dry_run).to_string()),
    ])
}
