//! Takes secrets out of what sources saw, where it is seen. Some of it was shortened before, so the beginning of a secret
//! at a cut goes too.
//!
//! A service may repeat what it was asked with: in an error, in a component of its health body, in the output of a
//! command. Logs are masked line by line in their pipeline; what is polled comes through here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::Latest;
use crate::model::observation::Observation;
use crate::model::reading::{Caveat, Component, Reading, Sample};
use crate::text::SafeText;
use crate::text::redact::Redactor;
use crate::text::secret::Secrets;

/// Masks with the secrets that are known at that moment, and with the shapes of well-known tokens from the start.
#[derive(Debug, Clone)]
pub(crate) struct Masks {
    latest: Latest,
    /// How long an answer waits for secrets that are still being fetched.
    patience: Duration,
    /// Made with the first observation, and again when there are other secrets: it takes a while.
    made: Arc<Mutex<Option<Made>>>,
}

/// A redactor, and what it was made of.
type Made = (Option<Arc<Secrets>>, Redactor);

impl Masks {
    /// Secrets that come and change meanwhile.
    pub(crate) fn new(latest: Latest) -> Self {
        Self { latest, patience: Duration::ZERO, made: Arc::default() }
    }

    /// Secrets that do not change.
    pub(crate) fn fixed(secrets: Arc<Secrets>) -> Self {
        // What was sent last can be read when the sender is gone.
        Self::new(watch::channel(Some(secrets)).1)
    }

    /// The same, where an answer may be held back for so long until every secret is known.
    #[must_use]
    pub(crate) fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The redactor for the secrets that are known now.
    pub(crate) fn redactor(&self) -> Redactor {
        let secrets = self.latest.borrow().clone();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, redactor)) = &*made
            && of.as_ref().map(Arc::as_ptr) == secrets.as_ref().map(Arc::as_ptr)
        {
            return redactor.clone();
        }
        let redactor = secrets.as_deref().map_or_else(Redactor::default, Redactor::from);
        *made = Some((secrets, redactor.clone()));
        redactor
    }

    /// The observations without secrets.
    pub(crate) async fn mask(&self, observations: Vec<Observation>) -> Vec<Observation> {
        if !self.patience.is_zero() {
            let mut latest = self.latest.clone();
            let settled = latest.wait_for(|secrets| secrets.as_ref().is_some_and(|secrets| secrets.are_settled()));
            // Where they do not come in time, what is known is all.
            tokio::time::timeout(self.patience, settled).await.map(drop).ok();
        }
        let redactor = self.redactor();
        observations.into_iter().map(|observation| masked(&redactor, observation)).collect()
    }
}

/// The observation without what `redactor` finds. Records are masked already.
pub(crate) fn masked(redactor: &Redactor, observation: Observation) -> Observation {
    let clean = |text: &SafeText| redactor.redact_shortened(text);
    match observation {
        Observation::Reading(it) => Observation::Reading(Box::new(reading(redactor, *it))),
        Observation::Sample(sample) => Observation::Sample(Sample {
            value: sample.value.map_err(|why| clean(&why)),
            caveat: sample.caveat.map(|caveat| Caveat { text: clean(&caveat.text), ..caveat }),
            ..sample
        }),
        Observation::Connectivity { ok, detail } => Observation::Connectivity { ok, detail: clean(&detail) },
        Observation::Warning { name, text } => Observation::Warning { name, text: clean(&text) },
        Observation::PeerChanged { check, part, before, after } => {
            Observation::PeerChanged { check, part, before: clean(&before), after: clean(&after) }
        }
        other => other,
    }
}

fn reading(redactor: &Redactor, reading: Reading) -> Reading {
    Reading {
        error: reading.error.as_ref().map(|error| redactor.redact_shortened(error)),
        version: reading.version.as_ref().map(|version| redactor.redact_shortened(version)),
        components: components(redactor, reading.components),
        ..reading
    }
}

fn components(redactor: &Redactor, parts: BTreeMap<SafeText, Component>) -> BTreeMap<SafeText, Component> {
    let clean = |part: Component| Component {
        detail: part.detail.as_ref().map(|detail| redactor.redact_shortened(detail)),
        components: components(redactor, part.components),
        ..part
    };
    parts.into_iter().map(|(name, part)| (redactor.redact_shortened(&name), clean(part))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(masks: &Masks) -> String {
        let text = SafeText::new("401 for hunter2secret");
        let masked = masks.mask(vec![Observation::Warning { name: "api".into(), text }]).await;
        let [Observation::Warning { text, .. }] = &masked[..] else { panic!("another observation") };
        text.to_string()
    }

    fn secrets(value: Option<&str>) -> Arc<Secrets> {
        let mut secrets = Secrets::default();
        secrets.await_value("token".into());
        if let Some(value) = value {
            secrets.insert("token".into(), value.to_owned());
        }
        Arc::new(secrets)
    }

    #[tokio::test]
    async fn a_secret_that_a_service_tells_back_is_masked_once_it_is_known() {
        let (sender, latest) = watch::channel(None);
        let masks = Masks::new(latest);
        assert!(said(&masks).await.contains("hunter2secret"));
        sender.send_replace(Some(secrets(None)));
        assert!(said(&masks).await.contains("hunter2secret"));
        sender.send_replace(Some(secrets(Some("hunter2secret"))));
        assert!(!said(&masks).await.contains("hunter2"));
    }

    #[tokio::test]
    async fn an_answer_waits_for_secrets_no_longer_than_it_may() {
        let (sender, latest) = watch::channel(Some(secrets(None)));
        let masks = Masks::new(latest);
        let patient = masks.clone().patient(Duration::from_mins(1));
        let come = async { sender.send_replace(Some(secrets(Some("hunter2secret")))) };
        let (in_time, _) = tokio::join!(said(&patient), come);
        assert!(!in_time.contains("hunter2"), "{in_time}");
        sender.send_replace(Some(secrets(None)));
        assert!(said(&masks.patient(Duration::from_millis(1))).await.contains("hunter2"));
    }
}
