//! By what a run is verified: what its action says, and what its checks ask for to be well again.

use std::collections::BTreeMap;

use super::Config;
use super::sections::action::Verify;
use crate::model::status::Status;
use crate::model::verification::Terms;
use crate::text::name::Name;

/// The terms of a verification; `before` is how every known check stood before the run.
pub(crate) fn terms(config: &Config, verify: &Verify, before: BTreeMap<Name, Status>) -> Terms {
    let named = config.checks.iter().filter(|check| verify.checks.contains(&check.name));
    Terms {
        checks: verify.checks.clone(),
        good: verify.good,
        ok_after: named.map(|check| (check.name.clone(), check.ok_after)).collect(),
        within: verify.within,
        before,
    }
}
