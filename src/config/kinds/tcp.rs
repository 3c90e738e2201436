//! `tcp = "HOST:PORT"`: whether a connection can be made.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{KindRole, KindSpec, Settings, SourceKind};
use crate::config::changes::{Fact, summary};
use crate::config::reader::{TableReader, host_and_port};
use crate::config::spec::ValueForm;
use crate::model::document::{DocumentShape, Within};

/// The kind.
pub(super) const SPEC: KindSpec = KindSpec {
    key: "tcp",
    value: ValueForm::Text,
    roles: &[(KindRole::Check, "HOST:PORT; ok if it connects")],
    keys: &[],
    example: "tcp = \"HOST:PORT\"",
    number: "value = \".latency_ms\"",
    every: Duration::from_secs(15),
    timeout: Duration::from_secs(5),
    document: DOCUMENT,
    read: |table| target(table).map(Arc::new).map(SourceKind::Tcp),
};

/// A connection.
pub(crate) const DOCUMENT: DocumentShape = DocumentShape {
    noun: "the document of a TCP check",
    fields: &[
        ("connected", Within::Nothing),
        ("latency_ms", Within::Nothing),
        ("timing", super::http::TIMING),
        ("remote", Within::Nothing),
    ],
    samples: false,
};

/// Where a connection is made to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpTarget {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Settings for TcpTarget {
    fn change(&self) -> Fact {
        summary("tcp", format!("{}:{}", self.host, self.port))
    }
}

fn target(table: &TableReader<'_>) -> Option<TcpTarget> {
    let text = table.text("tcp")?;
    let found = host_and_port(&text.value);
    if found.is_none() {
        let message = format!("`{}` is not a valid HOST:PORT", text.value);
        table.context.error(text.at, message, "write tcp = \"db.example.com:5432\" or \"[::1]:5432\"");
    }
    found.map(|(host, port)| TcpTarget { host, port })
}
