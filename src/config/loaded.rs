//! What loading a configuration yields.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Config;
use super::sections::secret::SecretSource;
use crate::lang::diagnostic::Diagnostic;
use crate::text::name::Name;

/// What came of loading.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The configuration; `None` where a problem is an error.
    pub config: Option<Config>,
    /// Every problem, by file and position. With a `config`, these are warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// Where its secrets come from, as far as that could be read: no value of one may be printed with a problem.
    pub secrets: BTreeMap<Name, SecretSource>,
    /// The files that were read, the main one first.
    pub files: Vec<PathBuf>,
}

impl Loaded {
    /// The configuration with its warnings.
    ///
    /// # Errors
    /// Every problem, where it can't be used.
    pub fn accepted(self) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
        match self.config {
            Some(config) => Ok((config, self.diagnostics)),
            None => Err(self.diagnostics),
        }
    }
}
