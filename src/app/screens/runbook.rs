//! What is known of the runbook that is shown.

use std::sync::OnceLock;

use crate::model::effect::RequestId;
use crate::text::SafeText;

/// Rows in which a heading and what stands under it have no room.
pub(crate) const FEW_ROWS: usize = 3;

/// The section that is shown.
#[derive(Debug, Clone)]
pub(crate) struct ShownRunbook {
    /// The file and the section, as the configuration has them.
    pub(in crate::app) written: String,
    /// By which it was asked for.
    pub(in crate::app) request: RequestId,
    /// Its lines, or why there are none; `None` while they are read.
    pub(crate) text: Option<Result<Vec<SafeText>, SafeText>>,
    /// The tasks of these lines, each with its line and the words by which it is known.
    pub(in crate::app) tasks: Vec<(usize, String)>,
    /// How many rows the lines take in a column of the least width: counted by the view once for each text.
    pub(crate) rows: OnceLock<usize>,
    /// The first row that is shown, once keys moved it; the view clamps it.
    pub(crate) scroll: Option<usize>,
    /// The task that keys go to, by its place among them.
    pub(crate) task: usize,
    /// Whether the view shows that task, however far it is scrolled.
    pub(crate) keeps_task: bool,
}

impl ShownRunbook {
    /// One that is read now.
    pub(in crate::app) const fn asked(written: String, request: RequestId) -> Self {
        Self {
            written,
            request,
            text: None,
            tasks: Vec::new(),
            rows: OnceLock::new(),
            scroll: None,
            task: 0,
            keeps_task: false,
        }
    }

    /// The first line that is shown until keys move it, in so many rows. In few, what is to be done comes before the heading
    /// that it stands under.
    pub(crate) fn begins_at(&self, rows: usize) -> usize {
        if rows > FEW_ROWS {
            return 0;
        }
        let lines = self.text.as_ref().and_then(|text| text.as_deref().ok()).unwrap_or_default();
        let below = || lines.iter().skip(1).position(|line| !line.is_empty()).map(|at| at + 1);
        self.tasks.first().map(|(line, _)| *line).or_else(below).unwrap_or(0)
    }
}
