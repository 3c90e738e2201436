//! What is known of the fields of the records that were seen: for completion and for lists to choose from.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::value::Quantity;
use crate::logs::fields;
use crate::logs::record::{Record, RecordKind};
use crate::text::SafeText;

/// Fields that are remembered.
const MAX_FIELDS: usize = 256;
/// Different values of one field that are remembered; a field with more has too many to choose from.
const MAX_VALUES: usize = 32;
/// Bytes of a name or a value that is remembered.
const MAX_BYTES: usize = 64;
/// So many records are all looked at, of later ones only one in [`STEP`].
const ALL_OF: u64 = 2_000;
/// See [`ALL_OF`].
const STEP: u64 = 64;

/// The names and values of fields, from a bounded sample of records. Learning is cheap enough for every record that
/// comes: after the first two thousand one in 64 is looked at.
#[derive(Debug, Clone, Default)]
pub struct KnownFields {
    fields: BTreeMap<SafeText, Field>,
    services: Values,
    logs: Values,
    offered: u64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    seen: u64,
    values: Values,
    numeric: bool,
}

/// Values with how often they were seen, while they are few.
#[derive(Debug, Clone, Default)]
struct Values {
    counts: BTreeMap<SafeText, u64>,
    many: bool,
}

impl Values {
    fn add(&mut self, value: &str) {
        if self.many || value.is_empty() {
            return;
        }
        if let Some(count) = self.counts.get_mut(value) {
            *count += 1;
            return;
        }
        if value.len() > MAX_BYTES || self.counts.len() >= MAX_VALUES {
            self.many = true;
            self.counts.clear();
            return;
        }
        self.counts.insert(SafeText::new(value), 1);
    }

    fn ranked(&self) -> Vec<(&SafeText, u64)> {
        let mut ranked: Vec<_> = self.counts.iter().map(|(value, count)| (value, *count)).collect();
        ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        ranked
    }
}

impl Field {
    /// In how many of the records that were looked at it was.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// Its values, the most frequent first; none where it has too many different ones.
    pub(crate) fn values(&self) -> Vec<(&SafeText, u64)> {
        self.values.ranked()
    }

    /// Whether it has too many different values to choose from.
    pub(crate) fn has_many(&self) -> bool {
        self.values.many
    }

    /// Whether every value so far was a number, perhaps with a unit.
    pub(crate) fn is_numeric(&self) -> bool {
        self.numeric
    }
}

impl KnownFields {
    /// Looks at a record, or passes it by where enough were looked at.
    pub(crate) fn learn(&mut self, record: &Record) {
        self.offered += 1;
        if record.kind != RecordKind::Line || (self.offered > ALL_OF && !self.offered.is_multiple_of(STEP)) {
            return;
        }
        self.logs.add(&record.log);
        if let Some(service) = &record.service {
            self.services.add(service.as_str());
        }
        fields::walk(record.format, record.raw.as_str(), &mut |name, value| {
            self.field(name, &value.text());
            ControlFlow::Continue(())
        });
    }

    fn field(&mut self, name: &str, value: &str) {
        if name.is_empty() || name.len() > MAX_BYTES {
            return;
        }
        if !self.fields.contains_key(name) {
            if self.fields.len() >= MAX_FIELDS {
                return;
            }
            self.fields.insert(SafeText::new(name), Field { numeric: true, ..Field::default() });
        }
        if let Some(field) = self.fields.get_mut(name) {
            field.seen += 1;
            field.numeric = field.numeric && Quantity::parse(value).is_some();
            field.values.add(value);
        }
    }

    /// The fields, the most frequent first, equal ones by name.
    pub(crate) fn fields(&self) -> Vec<(&SafeText, &Field)> {
        let mut fields: Vec<_> = self.fields.iter().collect();
        fields.sort_by_key(|(_, field)| std::cmp::Reverse(field.seen));
        fields
    }

    /// The name that rows show of a field and by which a filter finds it: its last part, where no other field ends in that.
    pub(crate) fn short_name<'a>(&self, name: &'a str) -> &'a str {
        let last = name.rsplit('.').next().unwrap_or_default();
        let ends_so =
            |known: &SafeText| known.as_str().rsplit('.').next().is_some_and(|end| end.eq_ignore_ascii_case(last));
        let is_alone = self.fields.keys().filter(|known| ends_so(known)).count() <= 1;
        if is_alone && !last.is_empty() { last } else { name }
    }

    /// One field by its name, without regard to case.
    pub(crate) fn find(&self, name: &str) -> Option<&Field> {
        self.fields.get(name).or_else(|| {
            self.fields.iter().find(|(known, _)| known.as_str().eq_ignore_ascii_case(name)).map(|(_, field)| field)
        })
    }

    /// The services that records name, the most frequent first.
    pub(crate) fn services(&self) -> Vec<(&SafeText, u64)> {
        self.services.ranked()
    }

    /// The logs that records came from.
    pub(crate) fn logs(&self) -> Vec<(&SafeText, u64)> {
        self.logs.ranked()
    }
}
