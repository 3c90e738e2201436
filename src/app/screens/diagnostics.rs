//! The diagnostics screen.

/// What the diagnostics screen remembers.
#[derive(Debug, Clone, Default)]
pub struct DiagnosticsScreen {
    /// First row of the figures that is shown; the view clamps it.
    pub figures: usize,
}
