//! What went wrong with a request, in words.

use std::error::Error;
use std::io::ErrorKind;

use rustls::{AlertDescription, CertificateError, Error as TlsError};

use super::phases::ResolveError;
use super::trust;
use crate::text::causes::chain;

/// Says what `error` means for a request to `authority` (host, with the port where it is unusual).
pub(super) fn explain(error: &(dyn Error + 'static), authority: &str) -> String {
    known(error, authority).unwrap_or_else(|| {
        let innermost = chain(error).last().map_or_else(|| error.to_string(), ToString::to_string);
        format!("{authority}: {innermost}")
    })
}

/// The same, where there are words for it.
fn known(error: &(dyn Error + 'static), authority: &str) -> Option<String> {
    chain(error).find_map(|link| {
        if let Some(tls) = link.downcast_ref::<TlsError>() {
            return Some(describe_tls(tls, authority));
        }
        if let Some(io) = link.downcast_ref::<std::io::Error>() {
            return describe_io(io.kind(), authority)
                .filter(|_| io.get_ref().is_none_or(|inner| !inner.is::<TlsError>()));
        }
        let text = link.to_string();
        if text.contains("connection closed before message completed") {
            return Some(format!("{authority} closed the connection without an answer"));
        }
        // As SSH, SMTP, MySQL and others do, who begin.
        if text.contains("received unexpected message from connection") {
            return Some(format!("{authority} does not speak HTTP: it wrote before it was asked"));
        }
        if text.contains("message head is too large") {
            return Some(format!("the head of the answer of {authority} is too large"));
        }
        let garbage = text.contains("invalid HTTP version") || text.contains("invalid HTTP status-code");
        garbage.then(|| format!("{authority} does not speak HTTP"))
    })
}

/// Whether the other side broke off: reset or closed the connection where an answer was due.
pub(super) fn is_break(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|link| {
        let kind = link.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        matches!(
            kind,
            Some(
                ErrorKind::ConnectionReset
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::BrokenPipe
                    | ErrorKind::UnexpectedEof
            )
        ) || link.to_string().contains("connection closed before message completed")
    })
}

/// A URL as it is written in the configuration, without the user and password in it.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest[..end].rfind('@').map_or_else(|| url.to_owned(), |at| format!("{scheme}://…{}", &rest[at..]))
}

/// The certificate is past its end.
pub(super) fn expired(authority: &str, not_after: chrono::DateTime<chrono::Utc>) -> String {
    format!("the certificate of {authority} has expired on {}", not_after.format("%Y-%m-%d"))
}

/// The name that could not be looked up, where that is what went wrong.
pub(super) fn unresolved<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a ResolveError> {
    chain(error).find_map(|link| link.downcast_ref())
}

/// Says what a failed connection means, where there is more to say than the system does.
pub(crate) fn describe_io(kind: ErrorKind, authority: &str) -> Option<String> {
    Some(match kind {
        ErrorKind::ConnectionRefused => format!("{authority} refused the connection: nothing listens there"),
        ErrorKind::ConnectionReset => format!("{authority} reset the connection"),
        ErrorKind::ConnectionAborted => format!("{authority} aborted the connection"),
        ErrorKind::HostUnreachable => format!("no route to the host of {authority}"),
        ErrorKind::NetworkUnreachable => format!("the network of {authority} is unreachable from here"),
        ErrorKind::TimedOut => format!("{authority} did not answer the connection attempt"),
        ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
            format!("{authority} closed the connection before the answer was complete")
        }
        ErrorKind::AddrNotAvailable => format!("no free local address to reach {authority}"),
        _ => return None,
    })
}

fn describe_tls(error: &TlsError, authority: &str) -> String {
    match error {
        TlsError::InvalidCertificate(certificate) => {
            format!("the certificate of {authority} {}", describe_certificate(certificate))
        }
        TlsError::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure) => {
            format!("{authority} refused the TLS handshake: it may want a client certificate (`client_cert`)")
        }
        TlsError::AlertReceived(alert) => format!("{authority} refused the TLS handshake: {alert:?}"),
        TlsError::InvalidMessage(_) => format!("{authority} does not speak TLS on this port"),
        TlsError::PeerIncompatible(why) => {
            format!("{authority} offers no TLS version or cipher that is accepted: {why:?}")
        }
        other => format!("TLS with {authority} failed: {other}"),
    }
}

fn describe_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired => "has expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => match day(not_after.as_secs()) {
            Some(day) => format!("has expired on {day}"),
            None => "has expired".to_owned(),
        },
        CertificateError::NotValidYet => "is not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => match day(not_before.as_secs()) {
            Some(day) => format!("is not valid before {day}"),
            None => "is not valid yet".to_owned(),
        },
        CertificateError::UnknownIssuer => {
            "is not signed by a trusted authority: name the issuer, or the certificate itself, with `ca`".to_owned()
        }
        CertificateError::NotValidForName => "is for another name".to_owned(),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<&str> = presented.iter().take(3).map(String::as_str).collect();
            format!("is for another name ({})", names.join(", "))
        }
        CertificateError::Revoked => "has been revoked".to_owned(),
        CertificateError::BadEncoding => "can't be read".to_owned(),
        // The commonest home-made certificate.
        other if trust::is_authority(other) => {
            "is an authority's own (CA:TRUE): name it with `ca` to trust it".to_owned()
        }
        other => format!("is not accepted: {other}"),
    }
}

fn day(seconds: u64) -> Option<String> {
    let time = chrono::DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)?;
    Some(time.format("%Y-%m-%d").to_string())
}
