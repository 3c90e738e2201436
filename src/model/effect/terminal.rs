//! What is asked of the terminal.

use std::path::PathBuf;

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
    /// The same of what others will read, with a last line that says who copied it and on which host.
    CopySigned(SafeText),
    /// The same of a path, without a message: whoever asks for it has one that shows the path.
    CopyPath(SafeText),
    /// Save the present frame as evidence, with these log lines and what is known.
    SaveEvidence(String),
    /// Show this text in `$PAGER`; the terminal is handed over meanwhile.
    Page(String),
    /// Show this file in `$PAGER`, from the Markdown heading of that anchor on; from its beginning where that is empty.
    PageFile {
        /// The file.
        path: PathBuf,
        /// The anchor of a heading, as in `RUNBOOK.md#restart-the-cache`.
        section: String,
    },
    /// Set the terminal's title.
    Title(SafeText),
    /// Ring.
    Bell,
    /// Write this, which shows nothing and is safe: a notification of the desktop.
    Signal(String),
    /// Capture the mouse or free it.
    Mouse(bool),
}
