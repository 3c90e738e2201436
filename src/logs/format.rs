//! What a log line was recognised as.

use serde::{Deserialize, Serialize};

/// The form of a line. It decides which fields the line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Format {
    /// Nothing was recognised: neither a form nor a time nor a level. Shown as it is.
    #[default]
    Unknown,
    /// Text with a time or a level at its beginning; `key=value` words within it are fields.
    Plain,
    /// A JSON object, perhaps after a prefix.
    Json,
    /// `key=value` pairs.
    Logfmt,
    /// The access log of a web server: common and combined form, with virtual host and duration.
    Access,
    /// The error log of nginx.
    NginxError,
    /// The error log of the Apache web server.
    HttpdError,
    /// Syslog, RFC 3164 and RFC 5424.
    Syslog,
    /// What Kubernetes and other programs in Go write: `I1121 10:00:00.123456 1 file.go:1] text`.
    Klog,
    /// The server log of `PostgreSQL`.
    Postgres,
    /// The structured log of `MongoDB`.
    Mongodb,
    /// The server log of Redis and Valkey.
    Redis,
    /// The HTTP log of `HAProxy`.
    Haproxy,
    /// The usual forms of Python's `logging`.
    Python,
    /// The usual patterns of log4j, logback and Spring Boot.
    Java,
    /// What Ruby's `Logger` writes.
    Ruby,
    /// What Rust's `env_logger` writes.
    Rust,
    /// The trace of an exception or a panic that stands alone.
    Traceback,
    /// By the regular expression that the configuration gives.
    Pattern,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 19] = [
        Self::Unknown,
        Self::Plain,
        Self::Json,
        Self::Logfmt,
        Self::Access,
        Self::NginxError,
        Self::HttpdError,
        Self::Syslog,
        Self::Klog,
        Self::Postgres,
        Self::Mongodb,
        Self::Redis,
        Self::Haproxy,
        Self::Python,
        Self::Java,
        Self::Ruby,
        Self::Rust,
        Self::Traceback,
        Self::Pattern,
    ];

    /// Its word, as the configuration writes it and the screens show it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Plain => "plain",
            Self::Json => "json",
            Self::Logfmt => "logfmt",
            Self::Access => "access",
            Self::NginxError => "nginx-error",
            Self::HttpdError => "httpd-error",
            Self::Syslog => "syslog",
            Self::Klog => "klog",
            Self::Postgres => "postgres",
            Self::Mongodb => "mongodb",
            Self::Redis => "redis",
            Self::Haproxy => "haproxy",
            Self::Python => "python",
            Self::Java => "java",
            Self::Ruby => "ruby",
            Self::Rust => "rust",
            Self::Traceback => "traceback",
            Self::Pattern => "pattern",
        }
    }

    /// Whether its lines hold a JSON object, in which texts are written with escapes.
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Mongodb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_listed_once_under_its_own_word() {
        for (index, format) in Format::ALL.into_iter().enumerate() {
            assert_eq!(format as usize, index);
            assert_eq!(Format::ALL.into_iter().filter(|other| other.word() == format.word()).count(), 1);
        }
    }
}
