//! The diagnostics screen.

use super::ListState;

/// What the diagnostics screen remembers.
#[derive(Debug, Clone, Default)]
pub struct DiagnosticsScreen {
    /// Problems, newest first.
    pub problems: ListState,
    /// First row of the figures that is shown; the view clamps it.
    pub figures: usize,
}

/// No diagnostics have more rows of figures.
pub(crate) const MAX_FIGURES: usize = 60;
