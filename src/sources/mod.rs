//! Everything that brings data in: polled sources, judged into readings and samples.
//!
//! *Invariant:* what leaves this room is an [`Observation`]: parsed, judged, sanitised and bounded. The loop never
//! parses a body.

mod answer;
pub mod child;
pub mod evaluate;
pub mod exposition;
pub mod health;
pub(crate) mod heartbeats;
pub mod http;
pub mod jq;
mod json;
pub mod kinds;
pub mod logs;
pub mod masks;
pub mod metric;
mod peer;
mod places;
pub mod poll;
pub mod polls;
mod resolver;
pub mod round;
mod shortage;
pub mod simulation;
pub mod targets;
pub mod tcp;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::model::observation::Observation;
use crate::text::secret::Secrets;

pub use crate::process::raise_open_files;

/// Secrets as they come; `None` before anything is known of them.
pub(crate) type Latest = watch::Receiver<Option<Arc<Secrets>>>;

/// What every source needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SourceContext {
    /// What is polled.
    pub config: Arc<Config>,
    /// What `{secret:NAME}` stands for.
    pub secrets: Arc<Secrets>,
    /// The clock.
    pub clock: Clock,
    /// Where observations go. Bounded: a full channel slows polling down rather than growing.
    pub out: mpsc::Sender<Observation>,
    /// Ends every task of this room.
    pub cancel: CancellationToken,
}

/// How long handing over may take once the work is cancelled.
const LAST_WORD: Duration = Duration::from_secs(1);

impl SourceContext {
    /// Hands over what was read, waiting while the loop is busy; also once the work is cancelled, for a moment: who goes on
    /// where it ended does not read it again. False when nobody wants it any more.
    pub(crate) async fn hand_over(&self, observation: Observation) -> bool {
        let sending = self.out.send(observation);
        tokio::pin!(sending);
        tokio::select! {
            biased;
            sent = &mut sending => return sent.is_ok(),
            () = self.cancel.cancelled() => {}
        }
        tokio::time::timeout(LAST_WORD, sending).await.is_ok_and(|sent| sent.is_ok())
    }
}
