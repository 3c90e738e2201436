//! What is known of the runbook that is shown.

use std::sync::OnceLock;

use crate::model::effect::RequestId;
use crate::text::SafeText;

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
    /// The first row that is shown; the view clamps it.
    pub(crate) scroll: usize,
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
            scroll: 0,
            task: 0,
            keeps_task: false,
        }
    }
}
