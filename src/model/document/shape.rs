//! The fields of a document, by the kind of its source.

/// The kind of a document. Its fields are known; what is within [`Shape::payload`] and `headers` is the service's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// An answer over HTTP.
    Http,
    /// What a command printed.
    Command,
    /// A connection.
    Tcp,
    /// A page of samples.
    Exposition,
}

const HTTP: &[&str] =
    &["status", "latency_ms", "timing", "headers", "body", "body_error", "text", "size", "version", "remote", "tls"];
const COMMAND: &[&str] = &["exit", "signal", "stdout", "stderr", "json", "duration_ms"];
const TCP: &[&str] = &["connected", "latency_ms", "timing", "remote"];
const EXPOSITION: &[&str] = &["samples", "bytes", "faults", "latency_ms"];
const TIMING: &[&str] = &["dns", "connect", "tls", "first_byte", "total"];
const TLS: &[&str] = &["days_left", "not_after", "issuer", "subject"];

/// What lies within a field of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// Anything: it is the service's own.
    Anything,
    /// Names in small letters.
    Headers,
    /// These fields.
    Fields(&'static [&'static str]),
    /// Nothing: it is a number or a text.
    Nothing,
}

impl Shape {
    /// The fields of the document.
    pub(crate) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Http => HTTP,
            Self::Command => COMMAND,
            Self::Tcp => TCP,
            Self::Exposition => EXPOSITION,
        }
    }

    /// The field that holds what the service itself says.
    pub(crate) const fn payload(self) -> Option<&'static str> {
        match self {
            Self::Http => Some("body"),
            Self::Command => Some("json"),
            Self::Tcp | Self::Exposition => None,
        }
    }

    /// How the document is called.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Http => "an HTTP document",
            Self::Command => "the document of a command",
            Self::Tcp => "the document of a TCP check",
            Self::Exposition => "the document of an exposition",
        }
    }

    /// What lies within a field.
    pub(crate) fn within(self, field: &str) -> Within {
        match (self, field) {
            (Self::Http, "headers") => Within::Headers,
            (Self::Http | Self::Tcp, "timing") => Within::Fields(TIMING),
            (Self::Http, "tls") => Within::Fields(TLS),
            _ if self.payload() == Some(field) => Within::Anything,
            _ => Within::Nothing,
        }
    }
}
