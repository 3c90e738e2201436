//! Whether our own network is there: where it is not, nothing that is polled is to blame.

use std::time::Duration;

use super::{Done, Scheduler};
use crate::clock::Clock;
use crate::config::sections::console::SelfCheck;
use crate::lang::time::Stamp;
use crate::model::observation::Observation;
use crate::sources::tcp;
use crate::text::SafeText;

/// How often our own connectivity is looked at, while it is there and while it is not.
const CHECK_ONLINE: Duration = Duration::from_secs(30);
const CHECK_OFFLINE: Duration = Duration::from_secs(5);
const SELF_CHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// Our own connectivity.
#[derive(Default)]
pub(super) struct Link {
    pub(super) online: Option<bool>,
    pub(super) checking: bool,
    pub(super) next_check: Duration,
    /// Observations of polls that reached nobody, until it is known whose fault that is.
    pub(super) parked: Vec<Observation>,
}

impl Scheduler {
    pub(super) fn check_link(&mut self, now: Stamp) {
        let Some(target) = self.context.config.console.self_check.clone() else { return };
        if self.link.checking || self.link.next_check > now.mono {
            return;
        }
        self.link.checking = true;
        self.link.next_check = now.mono + if self.link.online == Some(false) { CHECK_OFFLINE } else { CHECK_ONLINE };
        let clock = self.context.clock;
        self.tasks.push(Box::pin(async move { Done::SelfChecked(self_check(&target, clock).await) }));
    }

    pub(super) async fn self_checked(&mut self, result: Result<(), SafeText>) {
        self.link.checking = false;
        let (before, ok) = (self.link.online.replace(result.is_ok()), result.is_ok());
        let parked = std::mem::take(&mut self.link.parked);
        if before != Some(ok) {
            let seen = self.poller.masks().mask(vec![connectivity(&result)]).await;
            for observation in seen {
                self.say(observation).await;
            }
        }
        if !ok {
            // Nothing that was seen meanwhile says anything of the services.
            self.generation += 1;
            self.link.next_check = self.context.clock.now().mono + CHECK_OFFLINE;
        } else if before == Some(false) {
            self.begin_anew();
        } else {
            for observation in parked {
                self.say(observation).await;
            }
        }
    }
}

/// Looks whether our own network is there: whether `target` can be connected to.
pub(in crate::sources) async fn self_check(target: &SelfCheck, clock: Clock) -> Result<(), SafeText> {
    let (host, port) = match target {
        SelfCheck::Address(address) => (address.ip().to_string(), address.port()),
        SelfCheck::Host(host, port) => (host.clone(), *port),
    };
    let result = tcp::connect(&host, port, SELF_CHECK_TIMEOUT, clock).await;
    result.map(drop).map_err(|error| SafeText::new(&error.to_string()))
}

/// What a look at our own network says.
pub(in crate::sources) fn connectivity(result: &Result<(), SafeText>) -> Observation {
    let detail = match result {
        Ok(()) => SafeText::new("our own network is reachable"),
        Err(why) => SafeText::new(&format!("our own network is unreachable: {why}")),
    };
    Observation::Connectivity { ok: result.is_ok(), detail }
}
