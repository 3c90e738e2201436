//! What is known of the runbook that is shown.

use std::path::PathBuf;

use crate::model::effect::RequestId;
use crate::text::SafeText;

/// The section that is shown.
#[derive(Debug, Clone)]
pub(crate) struct ShownRunbook {
    /// The file.
    pub(in crate::app) file: PathBuf,
    /// The anchor of its heading; empty: all of it.
    pub(in crate::app) section: String,
    /// By which it was asked for.
    pub(in crate::app) request: RequestId,
    /// Its lines, or why there are none; `None` while they are read.
    pub(crate) text: Option<Result<Vec<SafeText>, SafeText>>,
    /// The first row that is shown; the view clamps it.
    pub(crate) scroll: usize,
}
