//! What is said of a run whose outcome is known and not on record yet.

use super::Run;
use crate::text::SafeText;

const UNSTORED: &str = "not stored yet: the store is away";

impl Run {
    /// It, with a word on that its outcome is not on record yet.
    pub(crate) fn not_stored_yet(self) -> Self {
        let note = self.note.as_ref().map_or_else(|| UNSTORED.to_owned(), |note| format!("{note}; {UNSTORED}"));
        Self { note: Some(SafeText::new(&note)), ..self }
    }

    /// Whether its outcome is known and not on record yet.
    pub(crate) fn is_not_stored_yet(&self) -> bool {
        self.note.as_ref().is_some_and(|note| note.as_str().ends_with(UNSTORED))
    }
}
