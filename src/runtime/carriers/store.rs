//! Effects on the store.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::model::effect::{RequestId, StoreEffect};
use crate::runtime::effects::Effects;
use crate::runtime::tasks::Tasks;

impl Effects {
    pub(super) fn store(
        &mut self,
        tasks: &mut Tasks,
        request: RequestId,
        effect: StoreEffect,
        (clock, config): (Clock, Arc<Config>),
    ) {
        let tools = self.tools.clone();
        match effect {
            StoreEffect::ReadStatuses(checks) => {
                tasks.once("statuses", async move { tools.statuses(request, checks).await });
            }
            StoreEffect::ReadAlerts => tasks.once("alerts", async move { tools.alerts(request).await }),
            StoreEffect::ReadCharts(queries) => {
                tasks.once("charts", async move { tools.charts(request, queries).await });
            }
            StoreEffect::ReadMarks(since) => tasks.once("marks", async move { tools.marks(request, since).await }),
            StoreEffect::SayOfAlerts(said) => {
                tasks.once("saying", async move { tools.say_of_alerts(request, said, clock.now().utc).await });
            }
            StoreEffect::SayOfIncident(said) => {
                tasks.once("incident", async move { tools.say_of_incident(request, said, config, clock.now()).await });
            }
            StoreEffect::LoadRuns => tasks.once("runs", async move { tools.load(request).await }),
        }
    }
}
