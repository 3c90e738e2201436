//! Sending the messages that the world decides on.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use super::ack_links::add_links;
use super::effects::Tools;
use crate::actions::notify::{Delivery, NotifyClient, deliver};
use crate::config::Config;
use crate::model::message::{DeliveryFailure, Notification};
use crate::model::outcome::Outcome;
use crate::text::secret::{Secrets, Template};
use crate::world::announcing::routes::Routes;

/// How long a message waits for secrets that are still being fetched: one that is not its own may hang.
const SECRETS: Duration = Duration::from_secs(10);

/// The client of all messages of a process, made when the first is sent: making one reads the certificates of the system.
#[derive(Clone, Default)]
pub(crate) struct SharedClient(Arc<OnceCell<NotifyClient>>);

impl SharedClient {
    async fn client(&self) -> Result<&NotifyClient, DeliveryFailure> {
        let made = self.0.get_or_try_init(|| async { NotifyClient::new() });
        made.await.map_err(DeliveryFailure::transient)
    }
}

impl Tools {
    /// Sends a message, and says what became of it.
    pub(super) async fn notify(mut self, config: &Config, mut message: Notification, now: DateTime<Utc>) {
        let to = Routes::for_message(config, &message, now).addresses(&message.target);
        let latest = self.secrets_handle.latest();
        let secrets = match tokio::time::timeout(SECRETS, self.secrets_handle.secrets()).await {
            Ok(secrets) => secrets,
            Err(_) => latest.borrow().clone().unwrap_or_default(),
        };
        if let Some(link_key) = self.link_key.as_ref().filter(|_| config.watch.public_url.is_some())
            && let Some(key) = link_key.get().await
        {
            add_links(&mut message, key, config);
        }
        let page = self.page(&message, now);
        message.confirm = message.confirm.or_else(|| page.as_ref().map(|(page, _)| page.code.clone()));
        let delivered = send(config, &self.notify_client, &message, &to, &secrets).await;
        let page = page.filter(|_| delivered.is_ok());
        let receiver = message.target.id();
        // Whoever waits for it need not wait for a store too.
        self.answer(Outcome::Delivered { message: message.id, target: message.target, delivered }).await;
        if let Some((page, by)) = page
            && let Err(why) = page.recorded(&by).await
        {
            tracing::warn!(
                receiver,
                why,
                "the code of the test message could not be recorded, so it can't be confirmed"
            );
        }
    }
}

/// Sends a message by its channel.
///
/// # Errors
/// The channel is not configured any more, or what [`deliver`] says.
pub(crate) async fn send(
    config: &Config,
    client: &SharedClient,
    message: &Notification,
    to: &[Template],
    secrets: &Secrets,
) -> Result<(), DeliveryFailure> {
    let Some(channel) = config.channel(&message.target.channel) else {
        return Err(DeliveryFailure::permanent("the channel is not configured any more"));
    };
    deliver(client.client().await?, &Delivery { channel, message, to, secrets }).await
}
