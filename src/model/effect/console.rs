//! What is asked of the process that the console is.

/// Something that concerns the console as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleEffect {
    /// Leave the program.
    Quit,
    /// Read the configuration again.
    Reload,
    /// Write a text file into the state directory's `saved/` folder.
    Save {
        /// File name without directory.
        name: String,
        /// Contents.
        text: String,
    },
}
