//! What is asked of the process that the console is.

use std::path::PathBuf;

use super::RequestId;
use crate::model::thing::IncidentRecord;

/// Something that concerns the console as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleEffect {
    /// Leave the program.
    Quit,
    /// Read the configuration again.
    Reload,
    /// Read the section of a runbook.
    ReadRunbook {
        /// Who asks.
        request: RequestId,
        /// The file.
        path: PathBuf,
        /// The anchor of a heading; empty: all of it.
        section: String,
    },
    /// Write the report of an incident into that folder, as Markdown.
    SaveIncident(Box<IncidentRecord>),
    /// Write a text file into the state directory's `saved/` folder.
    Save {
        /// File name without directory.
        name: String,
        /// Contents.
        text: String,
    },
}
