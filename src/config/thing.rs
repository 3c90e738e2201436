//! What a configuration can refer to by name.

/// What can be referred to by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    /// `[secret]`
    Secret,
    /// `[service.*]`
    Service,
    /// `[source.*]`
    Source,
    /// `[check.*]`
    Check,
    /// `[metric.*]`
    Metric,
    /// `[log.*]`
    Log,
    /// `[adapter.*]`
    Adapter,
    /// `[action.*]`
    Action,
    /// `[notify.*]`
    Notify,
    /// `[contact.*]`
    Contact,
    /// `[slo.*]`
    Slo,
    /// `[checklist.*]`
    Checklist,
}

impl Thing {
    /// The section's name, which is also the word for the thing.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Service => "service",
            Self::Source => "source",
            Self::Check => "check",
            Self::Metric => "metric",
            Self::Log => "log",
            Self::Adapter => "adapter",
            Self::Action => "action",
            Self::Notify => "notify",
            Self::Contact => "contact",
            Self::Slo => "slo",
            Self::Checklist => "checklist",
        }
    }
}

/// What names may be made of, for hints.
pub(crate) const NAME_HINT: &str = "use letters, digits, `_`, `-` and `.`, at most 64";

/// Whether a text can be the name of a thing.
pub(crate) fn valid_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}
