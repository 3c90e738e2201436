//! Which fields of a record have a column of their own, for each panel that lists records.

use crate::app::screens::Layouts;
use crate::config::panels::{MAX_COLUMNS, PanelId, PanelSubject};
use crate::config::sections::screen::ScreenLayout;
use crate::logs::filter::KnownFields;
use crate::text::SafeText;

/// Cells of one: those of its longest value, as far as that is known, within these bounds.
const WIDTH: (usize, usize) = (3, 24);
/// Cells of one whose values are too many to be known.
const USUAL_WIDTH: usize = 16;

/// The fields that a person has chosen, in that order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldColumns {
    /// The columns, between the service and the message.
    pub chosen: Vec<FieldColumn>,
    /// Whether the other fields follow the message.
    pub rest: bool,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldColumn {
    /// The field.
    pub field: SafeText,
    /// Its cells. They stay as they were when it was chosen: columns that jump cost bytes and patience.
    pub width: usize,
}

/// None.
pub(crate) static NO_COLUMNS: FieldColumns = FieldColumns { chosen: Vec::new(), rest: true };

impl FieldColumns {
    /// Whether a field has a column.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.chosen.iter().any(|column| column.field.as_str().eq_ignore_ascii_case(field))
    }

    /// Gives a field a column, or takes it away. `false` where there are [`MAX_COLUMNS`] already.
    pub(crate) fn toggle(&mut self, field: &SafeText, known: &KnownFields) -> bool {
        if self.has(field.as_str()) {
            self.chosen.retain(|column| !column.field.as_str().eq_ignore_ascii_case(field.as_str()));
            return true;
        }
        if self.chosen.len() == MAX_COLUMNS {
            return false;
        }
        let values = known.find(field.as_str()).map(|known| known.values()).unwrap_or_default();
        let longest = values.iter().map(|(value, _)| value.as_str().chars().count()).max().unwrap_or(USUAL_WIDTH);
        self.chosen.push(FieldColumn::new(field, longest));
        true
    }
}

impl FieldColumn {
    /// A column for values of so many characters.
    fn new(field: &SafeText, longest: usize) -> Self {
        let name = field.as_str().rsplit('.').next().unwrap_or_default();
        Self { field: field.clone(), width: longest.max(name.chars().count()).clamp(WIDTH.0, WIDTH.1) }
    }
}

/// The columns that the layouts give to their panels.
pub(crate) fn given(layouts: &Layouts) -> impl Iterator<Item = (PanelId, FieldColumns)> {
    let given = |panel: &PanelId| match &panel.subject {
        PanelSubject::Log(shown) if !shown.columns.is_empty() => {
            let chosen = shown.columns.iter().map(|field| FieldColumn::new(field, USUAL_WIDTH)).collect();
            Some((panel.clone(), FieldColumns { chosen, rest: true }))
        }
        _ => None,
    };
    layouts.iter().flat_map(ScreenLayout::panels).filter_map(given)
}
