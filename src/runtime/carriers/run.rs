//! Effects on runs, and on what comes before one.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::model::effect::{RequestId, RunEffect};
use crate::runtime::effects::Effects;
use crate::runtime::tasks::Tasks;

impl Effects {
    pub(super) fn run(
        &mut self,
        tasks: &mut Tasks,
        request: RequestId,
        effect: RunEffect,
        about: (Arc<Config>, Clock),
    ) {
        let (tools, (config, clock)) = (self.tools.clone(), about);
        match effect {
            RunEffect::FetchChoices(action) => {
                tasks.once("choices", async move { tools.choices(request, &action, &config).await });
            }
            RunEffect::Start(start) => tasks.once("run", async move { tools.run(request, &start, &config).await }),
            RunEffect::VerifyNow(run) => {
                tasks.once("verify", async move { tools.verify_now(request, &run, &config).await });
            }
            RunEffect::Stop(run) => {
                let token = tasks.token();
                tasks.once("stop", async move {
                    tokio::select! {
                        () = token.cancelled() => {}
                        () = tools.stop(request, &run) => {}
                    }
                });
            }
            RunEffect::Command(command) => {
                tasks.once("step", async move { tools.step(request, &command, &config, clock).await });
            }
            RunEffect::Follow(run) => self.follow(tasks, request, run),
        }
    }
}
