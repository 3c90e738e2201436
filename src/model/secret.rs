//! Secret values, and the texts that name them.

use std::collections::BTreeMap;
use std::fmt;

use super::name::Name;

/// The resolved secrets of a configuration. Never serialised; `Debug` shows the names alone.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<Name, String>);

impl Secrets {
    /// Registers a value under its name.
    pub fn insert(&mut self, name: Name, value: String) {
        self.0.insert(name, value);
    }

    /// The value of one secret.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every name and value, for the redactor.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &str)> {
        self.0.iter().map(|(name, value)| (name, value.as_str()))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A configured text which may hold `{secret:NAME}`. What is shown is the text as written; what is used is
/// [`Template::resolve`]d at the last moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template(pub String);

impl Template {
    /// The names of the secrets that the text asks for, in order.
    pub fn secrets(&self) -> Vec<&str> {
        let mut found = Vec::new();
        let mut rest = self.0.as_str();
        while let Some(start) = rest.find("{secret:") {
            let after = &rest[start + "{secret:".len()..];
            let Some(end) = after.find('}') else { break };
            found.push(&after[..end]);
            rest = &after[end + 1..];
        }
        found
    }

    /// The text with every secret filled in.
    ///
    /// # Errors
    /// The name of the first secret that is not known.
    pub fn resolve(&self, secrets: &Secrets) -> Result<String, String> {
        let mut out = String::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some(start) = rest.find("{secret:") {
            out.push_str(&rest[..start]);
            let after = &rest[start + "{secret:".len()..];
            let Some(end) = after.find('}') else { break };
            out.push_str(secrets.get(&after[..end]).ok_or_else(|| after[..end].to_owned())?);
            rest = &after[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }
}
