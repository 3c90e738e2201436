//! For how long what people say of alerts holds, where they do not say otherwise.

use std::time::Duration;

use super::Severity;

/// The spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AlertTimes {
    /// After how long an acknowledgement of a critical alert ends.
    pub ack_expires_critical: Duration,
    /// After how long any other ends.
    pub ack_expires: Duration,
    /// For how long everything that a silence matches must be quiet before it ends by itself.
    pub quiet_ends_silence: Duration,
}

impl Default for AlertTimes {
    fn default() -> Self {
        Self {
            ack_expires_critical: Duration::from_mins(30),
            ack_expires: Duration::from_hours(4),
            quiet_ends_silence: Duration::from_hours(1),
        }
    }
}

impl AlertTimes {
    /// After how long an acknowledgement ends.
    pub(crate) const fn ack_expires(self, severity: Severity) -> Duration {
        match severity {
            Severity::Critical => self.ack_expires_critical,
            Severity::High | Severity::Medium | Severity::Low => self.ack_expires,
        }
    }
}
