//! What is wrong in a text of the file, with its place in the text.

/// What is wrong in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxFault {
    /// The byte of the text at which it is wrong; `None` for the whole text.
    pub offset: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it; empty where there is nothing to add.
    pub hint: String,
}
