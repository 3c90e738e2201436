//! Whom a TLS connection trusts, and what it remembers from one connection to the next.
//!
//! The system's authorities are believed, and those that `ca` names. A certificate that `ca` itself names is believed
//! too when a server shows it, whoever signed it and whether or not it calls itself an authority: this is what curl does
//! (`--cacert`), and what `openssl req -x509` makes. Its name and its dates are looked at as those of any other.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Resumption};
use rustls::client::{Tls12ClientSessionValue, Tls13ClientSessionValue, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, NamedGroup, RootCertStore, SignatureScheme,
};
use rustls_platform_verifier::Verifier;

use super::certificate::Certificate;
use super::client::Route;
use super::phases;

/// Of how many servers the last session is kept.
const SERVERS: usize = 1024;
/// Tickets that rustls keeps of one server: it divides the size of its memory by this.
const TICKETS: usize = 8;

/// The TLS settings of a route.
///
/// # Errors
/// A file that `ca` or `client_cert` names can't be read or used, or the system has no authorities.
pub(super) fn settings(route: &Route) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("no TLS: {error}"))?;
    let mut settings = if route.tls {
        let trust = Arc::new(Trust::new(route, provider)?);
        let builder = builder.dangerous().with_custom_certificate_verifier(trust);
        match &route.client_cert {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let (chain, key) = identity(path)?;
                let broken = |error| format!("{} can't be used (`client_cert`): {error}", path.display());
                builder.with_client_auth_cert(chain, key).map_err(broken)?
            }
        }
    } else {
        // Plain HTTP needs no authorities, which are a megabyte and some milliseconds to read.
        builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
    };
    settings.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(settings)
}

/// What is remembered of the servers that these settings reach: with `resume` the sessions, so that the next
/// connection need not prove everything again.
pub(super) fn memory(resume: bool) -> Resumption {
    let cache = resume.then(|| ClientSessionMemoryCache::new(SERVERS * TICKETS));
    Resumption::store(Arc::new(Sessions(cache)))
}

/// The certificates of a PEM file.
fn certificates(path: &Path, key: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = super::client::read(path, key)?;
    CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| format!("{} has no certificate in PEM form (`{key}`)", path.display()))
}

fn identity(path: &Path) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let pem = super::client::read(path, "client_cert")?;
    let chain = certificates(path, "client_cert").ok();
    chain
        .zip(PrivateKeyDer::from_pem_slice(&pem).ok())
        .ok_or_else(|| format!("{} must hold a certificate and its key in PEM form (`client_cert`)", path.display()))
}

/// Looks at the certificate that a server shows.
#[derive(Debug)]
struct Trust {
    /// What decides on all but the certificates of `ca`; `None` with `insecure`: everything is accepted.
    chain: Option<Verifier>,
    /// The certificates that `ca` names.
    named: Vec<CertificateDer<'static>>,
    schemes: Vec<SignatureScheme>,
}

impl Trust {
    fn new(route: &Route, provider: Arc<CryptoProvider>) -> Result<Self, String> {
        let schemes = provider.signature_verification_algorithms.supported_schemes();
        let named = route.ca.as_deref().map(|path| certificates(path, "ca")).transpose()?.unwrap_or_default();
        let chain = if route.insecure {
            None
        } else {
            let chain = Verifier::new_with_extra_roots(named.iter().cloned(), provider);
            Some(chain.map_err(|error| {
                format!("no HTTPS client: {error}; are the system's CA certificates installed (ca-certificates)?")
            })?)
        };
        Ok(Self { chain, named, schemes })
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(shown, intermediates, name, ocsp, now) {
            Err(error) if is_of_chain_or_name(&error) && self.named.iter().any(|named| **named == **shown) => {
                as_its_own_anchor(shown, name, now)
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let accepted = || Ok(HandshakeSignatureValid::assertion());
        self.chain.as_ref().map_or_else(accepted, |chain| chain.verify_tls12_signature(message, shown, signature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let accepted = || Ok(HandshakeSignatureValid::assertion());
        self.chain.as_ref().map_or_else(accepted, |chain| chain.verify_tls13_signature(message, shown, signature))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

/// Whether a certificate was refused for who signed it, for calling itself an authority, or for its name: all that
/// being named in `ca` may change. Dates, purposes and signatures are judged as ever.
fn is_of_chain_or_name(error: &Error) -> bool {
    let Error::InvalidCertificate(error) = error else { return false };
    match error {
        CertificateError::UnknownIssuer
        | CertificateError::NotValidForName
        | CertificateError::NotValidForNameContext { .. } => true,
        other => is_authority(other),
    }
}

/// Whether a certificate was refused as a server's because it says that it is an authority's. The verifier names this
/// only in the text of its own error.
pub(super) fn is_authority(error: &CertificateError) -> bool {
    format!("{error:?}").contains("CaUsedAsEndEntity")
}

/// Judges a certificate that is trusted by itself: by its dates and its name.
fn as_its_own_anchor(
    shown: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    let certificate = Certificate::read(shown).ok_or(CertificateError::BadEncoding)?;
    let seconds = |time: chrono::DateTime<chrono::Utc>| u64::try_from(time.timestamp()).unwrap_or_default();
    let (not_before, not_after) = (seconds(certificate.not_before), seconds(certificate.not_after));
    let moment = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    if now.as_secs() < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before: moment(not_before) }.into());
    }
    if now.as_secs() > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after: moment(not_after) }.into());
    }
    match verify_server_name(&ParsedCertificate::try_from(shown)?, name) {
        // The common name counts where there is no other, as with curl.
        Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }))
            if presented.is_empty() && is_named(certificate.common_name.as_deref(), name) => {}
        verdict => verdict?,
    }
    Ok(ServerCertVerified::assertion())
}

/// Whether a common name means this server: the same name, or one with `*` for its first label.
fn is_named(common: Option<&str>, name: &ServerName<'_>) -> bool {
    let (Some(common), name) = (common, name.to_str()) else { return false };
    let (common, name): (&str, &str) = (common.trim_end_matches('.'), name.trim_end_matches('.'));
    let of_wildcard = || {
        let (parent, (_, rest)) = common.strip_prefix("*.").zip(name.split_once('.'))?;
        Some(parent.contains('.') && rest.eq_ignore_ascii_case(parent))
    };
    common.eq_ignore_ascii_case(name) || of_wildcard().unwrap_or(false)
}

/// The sessions of servers, if they are kept. It is asked at the beginning of every handshake: the moment that divides
/// connecting from TLS.
struct Sessions(Option<ClientSessionMemoryCache>);

impl fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Sessions").field(&self.0.is_some()).finish()
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        if let Some(cache) = &self.0 {
            cache.set_kx_hint(server, group);
        }
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        phases::tls_begins();
        self.0.as_ref()?.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, session: Tls12ClientSessionValue) {
        if let Some(cache) = &self.0 {
            cache.set_tls12_session(server, session);
        }
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.0.as_ref()?.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        if let Some(cache) = &self.0 {
            cache.remove_tls12_session(server);
        }
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        if let Some(cache) = &self.0 {
            cache.insert_tls13_ticket(server, ticket);
        }
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.as_ref()?.take_tls13_ticket(server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_name_is_compared_as_curl_does() {
        for (common, name, same) in [
            ("localhost", "LocalHost", true),
            ("localhost.", "localhost", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("*.example.com", "api.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.com", "example.com", false),
            ("*", "localhost", false),
            ("example.com", "api.example.com", false),
            ("", "localhost", false),
        ] {
            let server = ServerName::try_from(name).unwrap();
            assert_eq!(is_named(Some(common), &server), same, "{common} {name}");
        }
        assert!(!is_named(None, &ServerName::try_from("localhost").unwrap()));
    }
}
