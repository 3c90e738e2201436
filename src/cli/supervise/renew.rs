//! Secrets that are rotated while a run is verified: read again where a service refuses them, as the console does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::cli::output;
use crate::config::sections::secret::SecretSource;
use crate::runtime::secrets::resolve;
use crate::text::name::Name;
use crate::text::secret::Secrets;

/// A command is run again no sooner than this after its last run: it may ask a person.
const COMMAND: Duration = Duration::from_secs(10);

/// The secrets of one verification.
pub(crate) struct Renewal {
    places: BTreeMap<Name, SecretSource>,
    secrets: Arc<Secrets>,
    /// When each command was run last, on the monotonic clock.
    ran: BTreeMap<Name, Duration>,
}

impl Renewal {
    /// The values that were handed over, and where they come from.
    pub(crate) fn new(secrets: Arc<Secrets>, places: BTreeMap<Name, SecretSource>) -> Self {
        Self { places, secrets, ran: BTreeMap::new() }
    }

    /// The values as they are now.
    pub(crate) fn secrets(&self) -> &Arc<Secrets> {
        &self.secrets
    }

    /// Reads again what was refused, and the files among `used`, with which a poll failed. Whether a value is another
    /// now.
    pub(crate) async fn renew(&mut self, used: &BTreeSet<&str>, now: Duration) -> bool {
        let refused = self.secrets.take_refused();
        let rested = |name: &Name| self.ran.get(name).is_none_or(|ran| now.saturating_sub(*ran) >= COMMAND);
        let doubted = |(name, place): &(&Name, &SecretSource)| match place {
            SecretSource::File(_) => refused.contains(*name) || used.contains(name.as_ref()),
            SecretSource::Command(_) => refused.contains(*name) && rested(name),
            SecretSource::Env(_) | SecretSource::Inline(_) => false,
        };
        let again = self.places.iter().filter(doubted).map(|(name, place)| (name.clone(), place.clone()));
        let again: BTreeMap<Name, SecretSource> = again.collect();
        if again.is_empty() {
            return false;
        }
        let commands = again.iter().filter(|(_, place)| matches!(place, SecretSource::Command(_)));
        self.ran.extend(commands.map(|(name, _)| (name.clone(), now)));
        let (fetched, missing) = resolve(&again).await;
        for (name, why) in missing {
            output::eprint_error(&format!("secret {name} can't be read again: {why}; its value stays in use\n"));
        }
        let mut secrets = Secrets::default();
        for (name, value) in self.secrets.iter() {
            secrets.insert(name.clone(), value.to_owned());
        }
        for (name, value) in fetched.iter() {
            secrets.insert(name.clone(), value.to_owned());
        }
        if secrets.same_values(&self.secrets) {
            return false;
        }
        secrets.retire(&self.secrets);
        self.secrets = Arc::new(secrets);
        true
    }
}
