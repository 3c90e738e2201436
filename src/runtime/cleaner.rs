//! Takes secrets out of what sources saw, before the core sees it.
//!
//! A service may repeat what it was asked with: in an error, in a component of its health body, in the output of a
//! command. Logs are cleaned where they are read, because lines come by the thousand; what is polled comes through here.

use std::collections::BTreeMap;

use crate::model::observation::Observation;
use crate::model::reading::{Caveat, Component, Reading, Sample};
use crate::text::SafeText;
use crate::text::redact::Redactor;

use super::secrets::SecretsHandle;

/// The redactor of the running configuration.
pub(crate) struct Cleaner {
    secrets_handle: SecretsHandle,
    /// Made with the first observation: its patterns take longer to compile than the first frame may.
    redactor: Option<Redactor>,
}

impl Cleaner {
    /// Cleans with the secrets behind the `secrets_handle`, once they are there; with the shapes of well-known tokens from the start.
    pub(crate) fn new(secrets_handle: SecretsHandle) -> Self {
        Self { secrets_handle, redactor: None }
    }

    /// The redactor for the secrets that are known now.
    pub(crate) fn redactor(&mut self) -> &Redactor {
        if let Some(secrets) = self.secrets_handle.changed() {
            self.redactor = Some(Redactor::from(&*secrets));
        }
        self.redactor.get_or_insert_default()
    }

    /// The observation without secrets.
    pub(crate) fn clean(&mut self, observation: Observation) -> Observation {
        let redactor = self.redactor();
        let clean = |text: &SafeText| redactor.redact_safe(text);
        match observation {
            Observation::Reading(it) => Observation::Reading(Box::new(reading(redactor, *it))),
            Observation::Sample(sample) => Observation::Sample(Sample {
                value: sample.value.map_err(|why| clean(&why)),
                caveat: sample.caveat.map(|caveat| Caveat { text: clean(&caveat.text), ..caveat }),
                ..sample
            }),
            Observation::Connectivity { ok, detail } => Observation::Connectivity { ok, detail: clean(&detail) },
            Observation::Warning { name, text } => Observation::Warning { name, text: clean(&text) },
            Observation::TaskFailed { task, text } => Observation::TaskFailed { task, text: clean(&text) },
            other => other,
        }
    }
}

fn reading(redactor: &Redactor, reading: Reading) -> Reading {
    Reading {
        error: reading.error.as_ref().map(|error| redactor.redact_safe(error)),
        version: reading.version.as_ref().map(|version| redactor.redact_safe(version)),
        components: components(redactor, reading.components),
        ..reading
    }
}

fn components(redactor: &Redactor, parts: BTreeMap<SafeText, Component>) -> BTreeMap<SafeText, Component> {
    let clean = |part: Component| Component {
        detail: part.detail.as_ref().map(|detail| redactor.redact_safe(detail)),
        components: components(redactor, part.components),
        ..part
    };
    parts.into_iter().map(|(name, part)| (redactor.redact_safe(&name), clean(part))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;
    use crate::config::Config;
    use crate::config::sections::secret::SecretSource;
    use crate::runtime::secrets::SecretStore;
    use crate::runtime::tasks::Tasks;

    #[tokio::test]
    async fn a_secret_that_a_service_tells_back_is_masked_once_it_is_known() {
        let (out, _kept) = mpsc::channel(4);
        let (mut tasks, mut secret_store) = (Tasks::new(out.clone()), SecretStore::default());
        let mut cleaner = Cleaner::new(secret_store.secrets_handle());
        let config = Config {
            secrets: BTreeMap::from([("token".into(), SecretSource::Inline("hunter2secret".to_owned()))]),
            ..Config::default()
        };
        secret_store.fill(&mut tasks, &Arc::new(config), out);
        secret_store.secrets_handle().secrets().await;
        let text = SafeText::new("401 for Bearer hunter2secret");
        let seen = cleaner.clean(Observation::Warning { name: "api".into(), text });
        let Observation::Warning { text, .. } = seen else { panic!("another observation") };
        assert!(!text.as_str().contains("hunter2"), "{text}");
        tasks.end(Duration::from_secs(5)).await;
    }
}
