//! A program: the message is JSON on its standard input, and exit code 0 accepts it.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::webhook::document;
use super::{Delivered, Order, Sender};
use crate::config::channels::command::CommandChannel;
use crate::model::message::{DeliveryFailure, truncated};
use crate::process::{self, ChildError, Invocation, Limits};

/// Bytes of its output that are kept.
const OUTPUT: usize = 16 << 10;
/// Characters of its error output that are shown.
const SHOWN: usize = 160;

impl Sender for CommandChannel {
    fn send<'a>(&'a self, order: &'a Order<'a>) -> BoxFuture<'a, Delivered> {
        async move {
            let line = &self.line;
            let invocation = if line.shell {
                Invocation::shell(&line.argv.join(" "))
            } else {
                Invocation::from_argv(&line.argv).map_err(|error| DeliveryFailure::permanent(error.to_string()))?
            };
            let invocation = match &line.directory {
                Some(directory) => invocation.directory(directory),
                None => invocation,
            };
            let mut variables = Vec::new();
            for (name, value) in &line.env {
                variables.push((name.clone(), order.resolve(value)?));
            }
            let input = format!("{}\n", document(order)).into_bytes();
            let limits = Limits { timeout: order.delivery.channel.timeout, most_bytes: OUTPUT };
            let output = process::run(invocation.envs(variables).input(input), limits, || ()).await;
            let output = output.map_err(|error| match error {
                ChildError::Start(error) => DeliveryFailure::permanent(error.to_string()),
                error => DeliveryFailure::transient(format!("the command {error}")),
            })?;
            if output.status.success() {
                return Ok(());
            }
            let said = order.redactor.clean(&output.stderr);
            let said = truncated(said.as_str().trim(), SHOWN).replace('\n', " ");
            Err(DeliveryFailure::transient(format!("the command ended with {}: {said}", output.status)))
        }
        .boxed()
    }
}
