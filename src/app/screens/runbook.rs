//! What is known of the runbook that is shown.

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
    /// The first row that is shown; the view clamps it.
    pub(crate) scroll: usize,
}

impl ShownRunbook {
    /// One that is read now.
    pub(in crate::app) const fn asked(written: String, request: RequestId) -> Self {
        Self { written, request, text: None, scroll: 0 }
    }
}
