//! Secret values, and the texts that name them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::name::Name;

/// Former values of one secret that stay registered for redaction; the oldest goes. So a secret that is rotated all the
/// time pushes out none of another, and none that is in use.
const RETIRED: usize = 64;

/// The resolved secrets of a configuration. Never serialised; `Debug` shows the names alone.
#[derive(Clone, Default)]
pub struct Secrets {
    values: BTreeMap<Name, String>,
    /// What they were before they were rotated or taken out of the configuration, oldest first: it is still in logs and in
    /// the answers of slow services.
    retired: BTreeMap<Name, Vec<String>>,
    /// Values that nothing here asks for, and that are not to be shown either.
    others: BTreeSet<String>,
    /// Those that are being fetched for the first time.
    pending: BTreeSet<Name>,
    /// Those with which a service refused us, until [`Secrets::take_refused`].
    refused: Arc<Mutex<BTreeSet<Name>>>,
}

impl Secrets {
    /// Registers a value under its name.
    pub fn insert(&mut self, name: Name, value: String) {
        self.pending.remove(&name);
        self.values.insert(name, value);
    }

    /// Registers a value that is only to be masked.
    pub(crate) fn mask(&mut self, value: String) {
        self.others.insert(value);
    }

    /// Notes that a value is being fetched.
    pub fn await_value(&mut self, name: Name) {
        self.pending.insert(name);
    }

    /// Notes that a value can't be had.
    pub(crate) fn give_up(&mut self, name: &str) {
        self.pending.remove(name);
    }

    /// Whether the first value of a secret is still being fetched.
    pub(crate) fn is_pending(&self, name: &str) -> bool {
        self.pending.contains(name)
    }

    /// Whether every value is here, or can't be had.
    pub(crate) fn are_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether a secret is in the same state as in `other`.
    pub(crate) fn is_same(&self, other: &Self, name: &str) -> bool {
        self.get(name) == other.get(name) && self.is_pending(name) == other.is_pending(name)
    }

    /// The value of one secret.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Every name and value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Name, &str)> {
        self.values.iter().map(|(name, value)| (name, value.as_str()))
    }

    /// Every value that must never be shown: those in use, former ones, and others.
    pub(crate) fn registered(&self) -> impl Iterator<Item = &str> {
        let former = self.retired.values().flatten();
        self.values.values().chain(former).chain(&self.others).map(String::as_str)
    }

    /// Keeps the values of `old` registered that are not in use any more, for the life of the process. One that was in use
    /// again meanwhile is the newest again.
    pub(crate) fn retire(&mut self, old: &Self) {
        self.others.extend(old.others.iter().cloned());
        let former = old.retired.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        for (name, value) in former.chain(&old.values) {
            let kept = self.retired.entry(name.clone()).or_default();
            kept.retain(|known| known != value);
            if self.values.get(name) != Some(value) {
                kept.push(value.clone());
            }
            let over = kept.len().saturating_sub(RETIRED);
            kept.drain(..over);
        }
    }

    /// Whether every secret has the same value as in `other`.
    pub(crate) fn same_values(&self, other: &Self) -> bool {
        self.values == other.values && self.pending == other.pending
    }

    /// Notes that a service refused a request that was made with these (401, 403, 407): they may be out of date.
    pub(crate) fn report_refused<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.extend(names.into_iter().filter(|name| self.values.contains_key(*name)).map(Name::from));
    }

    /// The names that were reported since the last call.
    pub(crate) fn take_refused(&self) -> BTreeSet<Name> {
        std::mem::take(&mut *self.refused.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// A configured text which may hold `{secret:NAME}`. What is shown is the text as written; what is used is
/// [`Template::resolve`]d at the last moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Template(pub String);

impl Template {
    /// The names of the secrets that the text asks for, in order.
    pub(crate) fn secrets(&self) -> Vec<&str> {
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

    /// Where in a text references stand, braces included.
    pub(crate) fn references(text: &str) -> Vec<std::ops::Range<usize>> {
        let begins = text.match_indices("{secret:").map(|(start, _)| start);
        begins.filter_map(|start| Some(start..start + text[start..].find('}')? + 1)).collect()
    }

    /// The text with every secret filled in.
    ///
    /// # Errors
    /// The name of the first secret that is not known.
    pub(crate) fn resolve(&self, secrets: &Secrets) -> Result<String, String> {
        self.resolve_with(secrets, str::to_owned)
    }

    /// The same as a URL: the values are percent-encoded, unless one of them is the whole URL.
    ///
    /// # Errors
    /// The name of the first secret that is not known.
    pub(crate) fn resolve_url(&self, secrets: &Secrets) -> Result<String, String> {
        if self.0.starts_with("{secret:") { self.resolve(secrets) } else { self.resolve_with(secrets, percent_encoded) }
    }

    fn resolve_with(&self, secrets: &Secrets, written: impl Fn(&str) -> String) -> Result<String, String> {
        let mut out = String::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some(start) = rest.find("{secret:") {
            out.push_str(&rest[..start]);
            let after = &rest[start + "{secret:".len()..];
            let Some(end) = after.find('}') else { break };
            out.push_str(&written(secrets.get(&after[..end]).ok_or_else(|| after[..end].to_owned())?));
            rest = &after[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// A text within a URL: everything but letters, digits and `-._~` as the bytes it has.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_of_any_letters_stays_one_in_a_url() {
        let mut secrets = Secrets::default();
        secrets.insert("password".into(), "p@ss/w#rd".to_owned());
        secrets.insert("url".into(), "postgres://ana:x@db/ops".to_owned());
        let resolved = |text: &str| Template(text.to_owned()).resolve_url(&secrets);
        assert_eq!(
            resolved("postgres://ana:{secret:password}@db/ops").unwrap(),
            "postgres://ana:p%40ss%2Fw%23rd@db/ops"
        );
        assert_eq!(resolved("{secret:url}").unwrap(), "postgres://ana:x@db/ops");
        assert_eq!(resolved("postgres://{secret:none}@db").unwrap_err(), "none");
    }

    /// Gives `name` the values one after the other, as they are rotated.
    fn rotate(mut secrets: Secrets, name: &str, values: impl IntoIterator<Item = String>) -> Secrets {
        for value in values {
            let mut next = Secrets::default();
            for (other, same) in secrets.iter().filter(|(other, _)| &***other != name) {
                next.insert(other.clone(), same.to_owned());
            }
            next.insert(name.into(), value);
            next.retire(&secrets);
            secrets = next;
        }
        secrets
    }

    fn knows(secrets: &Secrets, value: &str) -> bool {
        secrets.registered().any(|known| known == value)
    }

    #[test]
    fn what_is_only_masked_stays_so_when_secrets_are_rotated() {
        let mut secrets = Secrets::default();
        secrets.mask("of-another".to_owned());
        let secrets = rotate(secrets, "token", ["first".to_owned(), "second".to_owned()]);
        assert!(knows(&secrets, "of-another") && secrets.get("token") == Some("second"));
        assert!(secrets.iter().all(|(_, value)| value != "of-another"));
    }

    #[test]
    fn a_secret_that_is_rotated_all_the_time_pushes_out_no_other() {
        let secrets = rotate(Secrets::default(), "db", ["db-first".to_owned(), "db-second".to_owned()]);
        let secrets = rotate(secrets, "token", (0..500).map(|number| format!("token-{number}")));
        for value in ["db-first", "db-second", "token-499", "token-498", "token-435"] {
            assert!(knows(&secrets, value), "{value}");
        }
        assert!(!knows(&secrets, "token-434"), "there is a bound");
        let mut removed = Secrets::default();
        removed.retire(&secrets);
        assert!(removed.iter().next().is_none() && knows(&removed, "db-second") && knows(&removed, "token-499"));
    }
}
