//! The HTTP clients: one for each distinct way to connect, made when first needed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use reqwest::{Certificate, Client, Identity, Proxy, redirect};

use crate::config::sections::source::HttpRequest;
use crate::model::document::PollError;
use crate::model::secret::Secrets;
use crate::model::text::SafeText;

use super::phases::{SystemResolver, TimeConnections};

/// Everything about a connection that a client can't change later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Route {
    /// Plain HTTP needs no trust anchors, which are a megabyte and some milliseconds to read.
    pub(super) tls: bool,
    proxy: Option<String>,
    ca: Option<PathBuf>,
    client_cert: Option<PathBuf>,
    insecure: bool,
}

impl Route {
    pub(super) fn of(request: &HttpRequest, tls: bool, secrets: &Secrets) -> Result<Self, PollError> {
        let proxy = request.proxy.as_ref().map(|proxy| super::resolve(proxy, secrets)).transpose()?;
        // A proxy may itself be reached by TLS.
        let tls = tls || proxy.as_ref().is_some_and(|proxy| proxy.starts_with("https:"));
        let only_tls = |path: &Option<PathBuf>| path.clone().filter(|_| tls);
        Ok(Self {
            tls,
            proxy,
            ca: only_tls(&request.ca),
            client_cert: only_tls(&request.client_cert),
            insecure: tls && request.insecure,
        })
    }
}

/// The clients of one set of sources. Connections are kept and shared within a client.
#[derive(Debug, Default)]
pub struct Clients(Mutex<HashMap<Route, Client>>);

impl Clients {
    /// The client for a route.
    pub(super) fn get(self: &Arc<Self>, route: &Route) -> Result<Client, PollError> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(route) {
            return Ok(client.clone());
        }
        let client = build(route).map_err(|why| PollError::Ours(SafeText::new(&why)))?;
        clients.insert(route.clone(), client.clone());
        Ok(client)
    }
}

/// How long an idle connection is kept: longer than the usual interval, so that polling does not pay for TLS again.
const KEEP_IDLE: Duration = Duration::from_secs(90);

fn build(route: &Route) -> Result<Client, String> {
    static PROVIDER: Once = Once::new();
    // Somebody may have installed one already: then that one serves.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let mut builder = Client::builder()
        .user_agent(concat!("opsroom/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .pool_idle_timeout(KEEP_IDLE)
        .pool_max_idle_per_host(2)
        .tcp_nodelay(true)
        .dns_resolver(SystemResolver)
        .connector_layer(TimeConnections);
    builder = match route.proxy.as_deref() {
        None => builder,
        Some("") => builder.no_proxy(),
        Some(proxy) => builder.proxy(Proxy::all(proxy).map_err(|error| format!("the proxy can't be used: {error}"))?),
    };
    if !route.tls {
        return builder.tls_certs_only([]).build().map_err(|error| format!("no HTTP client: {error}"));
    }
    if let Some(path) = &route.ca {
        let pem = read(path, "ca")?;
        let certificates = Certificate::from_pem_bundle(&pem)
            .ok()
            .filter(|certificates| !certificates.is_empty())
            .ok_or_else(|| format!("{} holds no certificate in PEM form (`ca`)", path.display()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    if let Some(path) = &route.client_cert {
        let pem = read(path, "client_cert")?;
        let identity = Identity::from_pem(&pem).map_err(|_| {
            format!("{} must hold a certificate and its key in PEM form (`client_cert`)", path.display())
        })?;
        builder = builder.identity(identity);
    }
    if route.insecure {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    builder.tls_info(true).build().map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        format!("no HTTPS client: {cause}; are the system's CA certificates installed (ca-certificates)?")
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "certificates of sources belong to this room; they are read once, when first needed"
)]
fn read(path: &Path, key: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{} can't be read (`{key}`): {error}", path.display()))
}
