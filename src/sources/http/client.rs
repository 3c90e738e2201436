//! The HTTP clients: one for each distinct way to connect, made when first needed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Proxy, redirect};
use rustls::ClientConfig;

use crate::config::kinds::http::HttpRequest;
use crate::config::load::look::FileMark;
use crate::files;
use crate::model::document::PollError;
use crate::text::SafeText;
use crate::text::secret::Secrets;

use super::phases::{TimeConnections, TimedResolver};
use super::trust;

/// Everything about a connection that a client can't change later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Route {
    /// Whether TLS may be needed.
    pub(super) tls: bool,
    pub(super) ca: Option<PathBuf>,
    pub(super) client_cert: Option<PathBuf>,
    pub(super) insecure: bool,
    /// Whether TLS sessions are resumed. A resumed session shows the certificate of its beginning.
    resume: bool,
    proxy: Option<String>,
    /// The states of the files of `ca` and `client_cert` that were read. Certificates are renewed every few weeks.
    files: [Option<FileMark>; 2],
}

impl Route {
    /// The route of a request over TLS. `certificate`: the server's certificate is looked at in every poll.
    pub(super) fn new(request: &HttpRequest, certificate: bool, secrets: &Secrets) -> Result<Self, PollError> {
        Ok(Self {
            tls: true,
            ca: request.ca.clone(),
            client_cert: request.client_cert.clone(),
            insecure: request.insecure,
            resume: !certificate,
            proxy: request.proxy.as_ref().map(|proxy| super::resolve(proxy, secrets)).transpose()?,
            files: [None; 2],
        })
    }

    /// The route of the same request without TLS, unless its proxy is itself reached by TLS.
    pub(super) fn in_clear(&self) -> Self {
        if self.proxy.as_ref().is_some_and(|proxy| proxy.starts_with("https:")) {
            return self.clone();
        }
        let proxy = self.proxy.clone();
        Self { tls: false, ca: None, client_cert: None, insecure: false, resume: false, proxy, files: [None; 2] }
    }

    /// The same with its files as they are now.
    fn present(&self) -> Self {
        let files = [&self.ca, &self.client_cert].map(|path| path.as_deref().and_then(FileMark::read));
        Self { files, ..self.clone() }
    }

    /// Whether the two differ in the states of their files at the most.
    fn is_state_of(&self, other: &Self) -> bool {
        Self { files: other.files, ..self.clone() } == *other
    }
}

/// The clients of one set of sources, with what they share.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    clients: HashMap<(Route, Connection), Client>,
    /// Reading the system's authorities takes milliseconds and a megabyte: once for all routes that trust the same.
    settings: HashMap<Route, ClientConfig>,
}

/// What a poll is sent over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Connection {
    /// A new connection, closed after the answer: what the next user of the service will meet.
    Fresh,
    /// The connection of the poll before, if it is still there.
    Kept,
}

impl Clients {
    /// The client for a route.
    pub(super) fn get(&self, route: &Route, connection: Connection) -> Result<Client, PollError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (route.present(), connection);
        if let Some(client) = known.clients.get(&key) {
            return Ok(client.clone());
        }
        match known.settings(&key.0).and_then(|settings| build(&key.0, connection, settings)) {
            Ok(client) => {
                known.clients.retain(|(old, kind), _| *kind != connection || !old.is_state_of(&key.0));
                known.clients.insert(key, client.clone());
                Ok(client)
            }
            // A file that is being written serves with its former content for so long.
            Err(why) => known.former(&key).ok_or_else(|| PollError::Ours(SafeText::new(&why))),
        }
    }
}

impl Known {
    /// The client that was made from an earlier state of the route's files.
    fn former(&self, (route, connection): &(Route, Connection)) -> Option<Client> {
        let mut clients = self.clients.iter();
        clients.find(|((old, kind), _)| kind == connection && old.is_state_of(route)).map(|(_, client)| client.clone())
    }

    fn settings(&mut self, route: &Route) -> Result<ClientConfig, String> {
        let trusting = Route { proxy: None, resume: true, ..route.clone() };
        let mut settings = if let Some(settings) = self.settings.get(&trusting) {
            settings.clone()
        } else {
            let mut settings = trust::settings(&trusting)?;
            settings.resumption = trust::memory(true);
            self.settings.retain(|old, _| !old.is_state_of(&trusting));
            self.settings.insert(trusting, settings.clone());
            settings
        };
        if !route.resume {
            settings.resumption = trust::memory(false);
        }
        Ok(settings)
    }
}

/// How long an idle connection is kept: longer than the usual interval, so that polling does not pay for TLS again.
const KEEP_IDLE: Duration = Duration::from_secs(90);
/// How many idle connections are kept for one host: as many sources may be read from it at once.
const MAX_IDLE: usize = 32;
/// How many headers an answer may have. Browsers and curl take some thousands.
const MAX_HEADERS: usize = 2048;
/// How large all headers of an answer over HTTP/2 may be together, in bytes: as large as over HTTP/1.
const MAX_HEAD: u32 = 400 << 10;

fn build(route: &Route, connection: Connection, settings: ClientConfig) -> Result<Client, String> {
    let mut builder = Client::builder()
        .user_agent(concat!("opsroom/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .pool_idle_timeout(KEEP_IDLE)
        .pool_max_idle_per_host(if connection == Connection::Kept { MAX_IDLE } else { 0 })
        .tcp_nodelay(true)
        .http1_max_headers(MAX_HEADERS)
        .http2_max_header_list_size(MAX_HEAD)
        // A service is not down because one of its headers is not well formed: users do not notice.
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true)
        .dns_resolver(TimedResolver)
        .connector_layer(TimeConnections)
        .tls_backend_preconfigured(settings)
        .tls_info(route.tls);
    builder = match route.proxy.as_deref() {
        None => builder,
        Some("") => builder.no_proxy(),
        Some(proxy) => builder.proxy(Proxy::all(proxy).map_err(|error| format!("the proxy can't be used: {error}"))?),
    };
    builder.build().map_err(|error| format!("no HTTP client: {error}"))
}

/// Reads a certificate or a key, when it is first needed and when it changes. Bundles of all authorities have some
/// hundred kilobytes.
pub(super) fn read(path: &Path, key: &str) -> Result<Vec<u8>, String> {
    const MOST: u64 = 8 << 20;
    const PATIENCE: Duration = Duration::from_millis(200);
    let received = files::read(path, MOST, PATIENCE);
    received
        .map(|received| received.bytes)
        .map_err(|error| format!("{} can't be read (`{key}`): it {error}", path.display()))
}
