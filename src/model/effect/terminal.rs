//! What is asked of the terminal.

use crate::text::SafeText;

/// Something that only the owner of the terminal can do. A console without a screen drops it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalEffect {
    /// Stop the process as Ctrl-Z does; the terminal is given back first.
    Suspend,
    /// Clear the screen and draw all of it.
    Redraw,
    /// Put a text into the clipboard (OSC 52), or into a file where the terminal can't.
    Copy(SafeText),
    /// Save the present frame as evidence, with these log lines and what is known.
    SaveEvidence(String),
    /// Show this text in `$PAGER`; the terminal is handed over meanwhile.
    Page(String),
    /// Set the terminal's title.
    Title(SafeText),
    /// Ring.
    Bell,
    /// Capture the mouse or free it.
    Mouse(bool),
}
