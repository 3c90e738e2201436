//! Where a watcher listens, and who may connect.

use std::net::{SocketAddr, TcpListener};

use futures_util::FutureExt as _;

use crate::cli::output::{self, exit};
use crate::config::Config;
use crate::config::sections::watch::without_token;
use crate::listen::{self, Asked};
use crate::report::telemetry::ServedPage;
use crate::runtime::watcher::{PageServer, PageSource};
use crate::text::secret::Template;

/// The server that is asked for, bound already; `None` where none is. `asked` is `--listen`, which goes before the
/// configuration.
///
/// # Errors
/// The exit code: others could connect without a token, or the address can't be had.
pub(super) fn server(asked: Option<SocketAddr>, config: &Config) -> Result<Option<PageServer>, u8> {
    let Some(address) = asked.or(config.watch.listen) else { return Ok(None) };
    let token = config.watch.token.clone();
    if token.is_none()
        && let Some(problem) = without_token(address)
    {
        let hint = "add token = \"{secret:NAME}\" to [watch], or listen on 127.0.0.1";
        return Err(output::fail(exit::CONFIG, &problem, hint));
    }
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok((listener.local_addr()?, listener))
    });
    let (address, listener) = bound.map_err(|error| {
        let problem = format!("can't listen on {address}: {error}");
        output::fail(exit::SOFTWARE, &problem, "choose another address with --listen, or end what listens there")
    })?;
    output::eprint_error(&format!("serving http://{address}/metrics, /health and heartbeats\n"));
    Ok(Some(Box::new(move |source| {
        // Cloned, so that a server that is made again has it too.
        let (listener, token) = (listener.try_clone(), token.clone());
        async move {
            let listener = listener.and_then(tokio::net::TcpListener::from_std);
            match (listener, resolved(&source, token.as_ref()).await) {
                (Ok(listener), Ok(token)) => {
                    listen::serve(&listener, token.as_deref(), |asked| asked_of(source.clone(), asked)).await;
                }
                (Err(error), _) => output::eprint_error(&format!("warning: can't listen on {address}: {error}\n")),
                (_, Err(why)) => output::eprint_error(&format!("warning: nothing is served on {address}: {why}\n")),
            }
        }
        .boxed()
    })))
}

async fn asked_of(source: PageSource, asked: Asked) -> Option<ServedPage> {
    match asked {
        Asked::Page(page) => source.page(page).await,
        Asked::Heartbeat { name, failed } => source.heartbeat(name, failed).await,
        Asked::Link { token, acknowledges } => source.link(token, acknowledges).await,
    }
}

/// The token; one that is blank would be no token.
async fn resolved(source: &PageSource, token: Option<&Template>) -> Result<Option<String>, String> {
    let Some(token) = token else { return Ok(None) };
    let value = source.resolved(token).await?.trim().to_owned();
    if value.is_empty() { Err("the value of `token` in [watch] is empty".to_owned()) } else { Ok(Some(value)) }
}
