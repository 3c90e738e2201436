//! The formats of lines that `format` may name.

use crate::logs::format::Format;

/// How lines are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// By what the lines are.
    #[default]
    Auto,
    /// As one of these; a line that is in none of them is plain.
    These(&'static [Format]),
}

impl LogFormat {
    /// No structure but time and level words.
    pub const PLAIN: Self = Self::These(&[]);

    /// The format of that name, as the configuration writes it.
    pub fn named(word: &str) -> Option<Self> {
        FORMATS.iter().find(|(name, _)| *name == word).map(|(_, format)| *format)
    }
}

/// The formats by name. `nginx` and `apache` are what those servers write into their two logs.
pub(super) const FORMATS: &[(&str, LogFormat)] = &[
    ("auto", LogFormat::Auto),
    ("json", LogFormat::These(&[Format::Json])),
    ("logfmt", LogFormat::These(&[Format::Logfmt])),
    ("plain", LogFormat::PLAIN),
    ("access", LogFormat::These(&[Format::Access])),
    ("nginx", LogFormat::These(&[Format::Access, Format::NginxError])),
    ("apache", LogFormat::These(&[Format::Access, Format::HttpdError])),
    ("nginx-error", LogFormat::These(&[Format::NginxError])),
    ("httpd-error", LogFormat::These(&[Format::HttpdError])),
    ("syslog", LogFormat::These(&[Format::Syslog])),
    ("klog", LogFormat::These(&[Format::Klog])),
    ("postgres", LogFormat::These(&[Format::Postgres])),
    ("mongodb", LogFormat::These(&[Format::Mongodb])),
    ("redis", LogFormat::These(&[Format::Redis])),
    ("haproxy", LogFormat::These(&[Format::Haproxy])),
    ("python", LogFormat::These(&[Format::Python])),
    ("java", LogFormat::These(&[Format::Java])),
    ("ruby", LogFormat::These(&[Format::Ruby])),
    ("rust", LogFormat::These(&[Format::Rust])),
];

pub(super) const fn format_names() -> [&'static str; FORMATS.len()] {
    let mut names = [""; FORMATS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = FORMATS[at].0;
        at += 1;
    }
    names
}
