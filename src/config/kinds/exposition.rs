//! `exposition = URL`: Prometheus text or OpenMetrics.

use super::http::{self, request};
use super::{KindSpec, Role, SourceKind};
use crate::config::spec::Kind;
use crate::model::document::{Shape, Within};

/// The kind.
pub(super) const SPEC: KindSpec = KindSpec {
    key: "exposition",
    value: Kind::Text,
    roles: &[(Role::Source, "URL of a Prometheus text or OpenMetrics page")],
    keys: http::KEYS,
    example: "exposition = \"…\"",
    number: "sample = \"…\"",
    every: http::SPEC.every,
    timeout: http::SPEC.timeout,
    document: DOCUMENT,
    read: |table| request(table, "exposition").map(Box::new).map(SourceKind::Exposition),
};

/// A page of samples.
pub(crate) const DOCUMENT: Shape = Shape {
    noun: "the document of an exposition",
    fields: &[
        ("samples", Within::Nothing),
        ("bytes", Within::Nothing),
        ("faults", Within::Nothing),
        ("latency_ms", Within::Nothing),
    ],
    samples: true,
};
