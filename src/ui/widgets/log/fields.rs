//! The fields of a record in its row: those that have a column, and the others behind the message.

use super::{Finder, highlighted, owned};
use crate::app::screens::logs::FieldColumns;
use crate::logs::record::{Record, RecordKind, quoted};
use crate::text::SafeText;
use crate::theme::Role;
use crate::ui::line::{Line, Span};

/// Bytes of a line that are read for the fields of its row: drawing must not cost a whole record.
const READ: usize = 8 << 10;
/// Fields behind the message at the most, and characters of a value there.
const MOST: usize = 24;
const LONGEST: usize = 120;

/// The fields of one row.
pub(super) struct RowFields<'a> {
    record: &'a Record,
    columns: &'a FieldColumns,
    /// Every field of the beginning of the line.
    all: Vec<(SafeText, SafeText)>,
}

impl<'a> RowFields<'a> {
    /// Reads what the row needs, and nothing where it needs nothing.
    pub(super) fn read(record: &'a Record, columns: &'a FieldColumns) -> Self {
        let wanted = record.kind != RecordKind::Marker && (columns.rest || !columns.chosen.is_empty());
        Self { record, columns, all: if wanted { record.fields_of_start(READ) } else { Vec::new() } }
    }

    /// The columns that were chosen, each as wide as it is in every row, in at most `room` cells.
    pub(super) fn columns(&self, room: usize, ellipsis: &str) -> Line<'static> {
        let mut words = Line::new();
        for column in &self.columns.chosen {
            if words.width() + column.width + 1 > room {
                break;
            }
            let value = self.value(column.field.as_str()).unwrap_or_default();
            let value = Span::made(value.as_str().to_owned()).fitted(column.width, ellipsis);
            let rest = column.width.saturating_sub(value.width()) + 1;
            words = words.and(value, Role::Text).and(" ".repeat(rest), Role::Text);
        }
        words
    }

    fn value(&self, name: &str) -> Option<SafeText> {
        let named = |(field, _): &&(SafeText, SafeText)| field.as_str().eq_ignore_ascii_case(name);
        let found = self.all.iter().find(named).map(|(_, value)| value.clone());
        found.or_else(|| match name {
            "log" => Some(SafeText::new(&self.record.log)),
            "service" => self.record.service.clone(),
            _ => None,
        })
    }

    /// What neither the row nor its message says already, as `name=value`.
    pub(super) fn rest(self, finder: &Finder<'_>) -> Line<'static> {
        if !self.columns.rest {
            return Line::new();
        }
        let mut words = Line::new();
        let unsaid = self.record.unsaid_among(self.all);
        for (name, value) in unsaid.iter().filter(|(name, _)| !self.columns.has(name.as_str())).take(MOST) {
            let value = value.as_str();
            let end = value.char_indices().nth(LONGEST).map_or(value.len(), |(end, _)| end);
            let short = last_part(name.as_str());
            // A filter finds what is nested by its last part, so that says enough where it is the only one.
            let is_only = unsaid.iter().filter(|(other, _)| last_part(other.as_str()) == short).count() == 1;
            let name = if is_only { short } else { name.as_str() };
            let text = format!("{name}={}", quoted(&value[..end]));
            words.push("  ", Role::LogField);
            words = words.join(owned(&highlighted(&text, Role::LogField, Role::LogMatch, finder)));
        }
        words
    }
}

/// `status` of `http.status`.
fn last_part(name: &str) -> &str {
    name.rsplit('.').find(|part| !part.is_empty()).unwrap_or(name)
}

/// The names of the columns, as wide as the columns.
pub(super) fn headings(columns: &FieldColumns, room: usize, ellipsis: &str) -> Line<'static> {
    let mut words = Line::new();
    for column in &columns.chosen {
        if words.width() + column.width + 1 > room {
            break;
        }
        let name = Span::made(last_part(column.field.as_str()).to_owned()).fitted(column.width, ellipsis);
        let rest = column.width.saturating_sub(name.width()) + 1;
        words = words.and(name, Role::TextLabel).and(" ".repeat(rest), Role::Text);
    }
    words
}
