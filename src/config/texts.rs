//! What stood in the files of a configuration: a recording holds it, so that it can be replayed elsewhere.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::file::SourceFile;
use super::sections::secret::SecretSource;
use crate::text::redact::MASK;

/// The texts, the main one first. Cheap to clone.
#[derive(Clone, Default)]
pub struct ConfigTexts(Arc<[(PathBuf, String)]>);

impl ConfigTexts {
    /// Those of files that were read.
    pub(super) fn new(files: &[&SourceFile]) -> Self {
        Self(files.iter().map(|file| (file.path.clone(), file.text.clone())).collect())
    }

    /// Each with its path.
    pub fn iter(&self) -> impl Iterator<Item = &(PathBuf, String)> {
        self.0.iter()
    }

    /// Each with its path, and a mask for the values of secrets that stand in them.
    pub(crate) fn without_secrets<'a>(
        &self,
        secrets: impl Iterator<Item = &'a SecretSource>,
    ) -> Vec<(PathBuf, String)> {
        let inline = secrets.filter_map(|source| match source {
            SecretSource::Inline(value) => Some(value.as_str()),
            _ => None,
        });
        let values: Vec<&str> = inline.filter(|value| !value.is_empty()).collect();
        let masked = |text: &str| values.iter().fold(text.to_owned(), |text, value| text.replace(value, MASK));
        self.0.iter().map(|(path, text)| (path.clone(), masked(text))).collect()
    }
}

impl fmt::Debug for ConfigTexts {
    /// Says nothing of what stands there: a secret may.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigTexts").finish_non_exhaustive()
    }
}
