//! `heartbeat = "24h"`: a job that says that it ran, and is missed when it does not.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{KindRole, KindSpec, Settings, SourceKind};
use crate::config::changes::{Fact, summary};
use crate::config::reader::TableReader;
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::lang::unit;
use crate::model::document::{DocumentShape, Within};

/// The least time between two signals that can be expected: a job that runs more often is better asked.
const LEAST: Duration = Duration::from_secs(10);
/// The least time by which a signal may be late, where the configuration does not say.
const LEAST_GRACE: Duration = Duration::from_mins(1);

/// The kind.
pub(super) const SPEC: KindSpec = KindSpec {
    key: "heartbeat",
    value: ValueForm::Duration,
    roles: &[(KindRole::Check, "Time between two signals that a job sends to the watcher; down when one is missing")],
    keys: KEYS,
    example: "heartbeat = \"24h\"",
    number: "value = \".age_s\"",
    every: Duration::from_secs(15),
    timeout: Duration::from_secs(5),
    document: DOCUMENT,
    read: |table| expected(table).map(Arc::new).map(SourceKind::Heartbeat),
};

/// What is known of the signals of a job.
pub(crate) const DOCUMENT: DocumentShape = DocumentShape {
    noun: "the document of a heartbeat",
    fields: &[
        ("last", Within::Nothing),
        ("age_s", Within::Nothing),
        ("waiting_s", Within::Nothing),
        ("failed", Within::Nothing),
    ],
    samples: false,
};

/// How late a signal may be.
const KEYS: &[KeySpec] =
    &[key("grace", ValueForm::Duration, "How late a signal may be. Default: a tenth of the time, at least 1m")];

/// The signals that are expected of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedHeartbeat {
    /// By what name it signals: that of the check.
    pub name: String,
    /// Between two signals.
    pub interval: Duration,
    /// How late one may be.
    pub grace: Duration,
}

impl ExpectedHeartbeat {
    /// Older than this, the last signal has no successor.
    pub(crate) fn longest(&self) -> Duration {
        self.interval.saturating_add(self.grace)
    }
}

impl Settings for ExpectedHeartbeat {
    fn change(&self) -> Fact {
        let (interval, grace) = (unit::duration(self.interval), unit::duration(self.grace));
        summary("heartbeat", format!("{interval}, grace {grace}"))
    }
}

fn expected(table: &TableReader<'_>) -> Option<ExpectedHeartbeat> {
    let interval = table.positive("heartbeat")?;
    if interval < LEAST {
        table.context.error(table.place("heartbeat"), "`heartbeat` must be 10s or more", "write 1m, 1h, 24h");
        return None;
    }
    let grace = table.duration("grace").unwrap_or_else(|| (interval / 10).max(LEAST_GRACE));
    Some(ExpectedHeartbeat { name: table.name.to_owned(), interval, grace })
}
