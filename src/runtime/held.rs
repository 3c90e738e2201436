//! Masks records that were read before a secret in them was known: it was not to be had, or a service wrote its new value
//! before it was read here.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::tasks::Tasks;
use crate::logs::record::Record;
use crate::model::outcome::Outcome;
use crate::text::redact::Redactor;
use crate::text::secret::Secrets;

/// What records that are held were masked with.
#[derive(Default)]
pub(crate) struct HeldRecords {
    known: Arc<Secrets>,
}

impl HeldRecords {
    /// Looks through `records`, off the loop, for the values in `secrets` that were not looked for before.
    #[expect(clippy::needless_pass_by_value, reason = "they are given to a task")]
    pub(crate) fn mask(
        &mut self,
        tasks: &mut Tasks,
        records: Vec<Record>,
        secrets: Arc<Secrets>,
        outcomes: mpsc::Sender<Outcome>,
    ) {
        if records.is_empty() {
            return;
        }
        let before = std::mem::replace(&mut self.known, Arc::clone(&secrets));
        let is_new = |value: &&str| !before.registered().any(|known| known == *value);
        let new: Vec<String> = secrets.registered().filter(is_new).map(str::to_owned).collect();
        if new.is_empty() {
            return;
        }
        tasks.once("masking what is held", async move {
            let look = move || {
                let redactor = Redactor::new(new.iter().map(String::as_str));
                let masked = |held: Record| held.masked(&redactor).map(|masked| (held, masked));
                records.into_iter().filter_map(masked).collect::<Vec<_>>()
            };
            let masked = tokio::task::spawn_blocking(look).await.unwrap_or_default();
            if !masked.is_empty() {
                outcomes.send(Outcome::Masked(masked)).await.ok();
            }
        });
    }
}
