//! Starting, stopping and restarting what brings data in.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::secrets::SecretsHandle;
use super::tasks::Tasks;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::observation::Observation;
use crate::sources::logs as tail;
use crate::sources::logs::Resume;
use crate::sources::{SourceContext, polls};
use crate::text::name::Name;

/// The sources of a console.
pub(crate) struct Feeds {
    clock: Clock,
    out: mpsc::Sender<Observation>,
    polls: Option<CancellationToken>,
    logs: Option<CancellationToken>,
    poll_now: Arc<PollNow>,
    secrets_handle: SecretsHandle,
    /// Where the next run of the logs continues.
    resume: Resume,
    /// Held while one runs: the next begins when the last has put its things down.
    polling: Arc<Gate>,
    following: Arc<Gate>,
}

type Gate = tokio::sync::Mutex<()>;

/// The way to the poller that runs now: it has a new one whenever it is started.
#[derive(Default)]
struct PollNow(Mutex<Option<mpsc::Sender<Vec<Name>>>>);

impl PollNow {
    /// `CliOverrides` that may wait: a person presses the key again where one is lost.
    const WAITING: usize = 16;

    fn renew(&self) -> mpsc::Receiver<Vec<Name>> {
        let (sender, receiver) = mpsc::channel(Self::WAITING);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    fn send(&self, names: Vec<Name>) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            sender.try_send(names).ok();
        }
    }
}

impl Feeds {
    /// None running yet; what they see goes to `out`.
    pub(crate) fn new(clock: Clock, out: mpsc::Sender<Observation>, secrets_handle: SecretsHandle) -> Self {
        Self {
            clock,
            out,
            polls: None,
            logs: None,
            poll_now: Arc::default(),
            secrets_handle,
            resume: Resume::default(),
            polling: Arc::default(),
            following: Arc::default(),
        }
    }

    /// Starts everything that the configuration names.
    pub(crate) fn start(&mut self, tasks: &mut Tasks, config: &Arc<Config>) {
        self.start_polls(tasks, config);
        self.start_logs(tasks, config);
    }

    /// Starts again what a new configuration changes, and leaves the rest alone.
    pub(crate) fn restart(&mut self, tasks: &mut Tasks, before: &Config, config: &Arc<Config>) {
        let polled = before.sources == config.sources
            && before.checks == config.checks
            && before.metrics == config.metrics
            && before.console.self_check == config.console.self_check;
        if !polled {
            self.start_polls(tasks, config);
        }
        // Metrics that count records belong to the logs.
        if !(before.logs == config.logs && before.metrics == config.metrics) {
            self.start_logs(tasks, config);
        }
    }

    /// Polls these now; empty means all.
    pub(crate) fn poll_now(&self, names: Vec<Name>) {
        self.poll_now.send(names);
    }

    fn start_polls(&mut self, tasks: &mut Tasks, config: &Arc<Config>) {
        let token = fresh(&mut self.polls, tasks);
        let (poll_now, context) = (Arc::clone(&self.poll_now), self.context(config));
        let (secrets_handle, gate) = (self.secrets_handle.clone(), Arc::clone(&self.polling));
        tasks.supervise("polling", token, move |token| {
            let (context, poll_now) = (context.clone(), Arc::clone(&poll_now));
            let (secrets_handle, gate) = (secrets_handle.clone(), Arc::clone(&gate));
            async move {
                let _alone = gate.lock().await;
                let context = SourceContext { cancel: token, ..context };
                polls::run_with(context, poll_now.renew(), secrets_handle.latest()).await;
            }
        });
    }

    fn start_logs(&mut self, tasks: &mut Tasks, config: &Arc<Config>) {
        let token = fresh(&mut self.logs, tasks);
        let (context, resume) = (self.context(config), self.resume.clone());
        let (secrets_handle, gate) = (self.secrets_handle.clone(), Arc::clone(&self.following));
        tasks.supervise("following logs", token, move |token| {
            let (context, resume) = (context.clone(), resume.clone());
            let (secrets_handle, gate) = (secrets_handle.clone(), Arc::clone(&gate));
            async move {
                let _alone = gate.lock().await;
                with_secrets(context, secrets_handle, token, |context| tail::run(context, resume.clone())).await;
            }
        });
    }

    fn context(&self, config: &Arc<Config>) -> SourceContext {
        SourceContext {
            config: Arc::clone(config),
            secrets: Arc::default(),
            clock: self.clock,
            out: self.out.clone(),
            cancel: CancellationToken::new(),
        }
    }
}

/// Runs `work` with the secrets, once they are here, and again whenever they are rotated, until it ends or `token` is
/// cancelled.
async fn with_secrets<T: Future<Output = ()>>(
    context: SourceContext,
    mut secrets_handle: SecretsHandle,
    token: CancellationToken,
    work: impl Fn(SourceContext) -> T,
) {
    loop {
        let secrets = tokio::select! {
            biased;
            () = token.cancelled() => return,
            secrets = secrets_handle.secrets() => secrets,
        };
        // Whoever read before has ended: nothing that was masked with other secrets comes after this.
        tokio::select! {
            () = token.cancelled() => return,
            sent = context.out.send(Observation::LogsResumed) => if sent.is_err() { return },
        }
        let cancel = token.child_token();
        let current = SourceContext { secrets: Arc::clone(&secrets), cancel: cancel.clone(), ..context.clone() };
        let work = work(current);
        tokio::pin!(work);
        tokio::select! {
            () = &mut work => return,
            () = secrets_handle.rotated(&secrets) => {
                cancel.cancel();
                work.await;
            }
        }
    }
}

/// Cancels what ran under the slot's token and puts a new one there.
fn fresh(slot: &mut Option<CancellationToken>, tasks: &Tasks) -> CancellationToken {
    let token = tasks.token();
    if let Some(old) = slot.replace(token.clone()) {
        old.cancel();
    }
    token
}
