//! Fields that a filter names and no record has: most of them are misspelt.

use crate::cli::output::one_line;
use crate::logs::filter::{Filter, Subject};

/// The fields of a filter that no record had so far.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldsNotSeen {
    names: Vec<String>,
    /// Records that were looked at.
    looked_at: u64,
    /// Records that were passed by, which may have them.
    passed_by: u64,
}

impl FieldsNotSeen {
    /// Before the first record.
    pub(super) fn of(filter: &Filter) -> Self {
        Self { names: filter.named_fields().into_iter().map(str::to_owned).collect(), ..Self::default() }
    }

    /// Looks at a record.
    pub(super) fn look<S: Subject>(&mut self, subject: &S) {
        self.looked_at += 1;
        if !self.names.is_empty() {
            self.names.retain(|name| subject.field(name).is_none());
        }
    }

    /// Notes records that nobody looked at.
    pub(super) fn pass_by(&mut self, records: u64) {
        self.passed_by += records;
    }

    /// With what another reader has seen.
    pub(super) fn merge(&mut self, other: &Self) {
        self.names.retain(|name| other.names.contains(name));
        self.looked_at += other.looked_at;
        self.passed_by += other.passed_by;
    }

    /// `no record has the field nosuch`; `None`: each was seen, or that is not known.
    pub(super) fn describe(&self) -> Option<String> {
        let is_known = self.looked_at > 0 && self.passed_by == 0 && !self.names.is_empty();
        let names = || self.names.iter().map(|name| format!("`{}`", one_line(name))).collect::<Vec<_>>().join(", ");
        let noun = if self.names.len() == 1 { "field" } else { "fields" };
        is_known.then(|| format!("no record has the {noun} {}", names()))
    }
}
