//! `exposition = URL`: Prometheus text or OpenMetrics.

use std::sync::Arc;

use super::http::{self, request};
use super::{KindRole, KindSpec, SourceKind};
use crate::config::spec::ValueForm;
use crate::model::document::{DocumentShape, Within};

/// The kind.
pub(super) const SPEC: KindSpec = KindSpec {
    key: "exposition",
    value: ValueForm::Text,
    roles: &[(KindRole::Source, "URL of a Prometheus text or OpenMetrics page")],
    keys: http::KEYS,
    example: "exposition = \"…\"",
    number: "sample = \"…\"",
    every: http::SPEC.every,
    timeout: http::SPEC.timeout,
    document: DOCUMENT,
    read: |table| request(table, "exposition").map(Arc::new).map(SourceKind::Exposition),
};

/// A page of samples.
pub(crate) const DOCUMENT: DocumentShape = DocumentShape {
    noun: "the document of an exposition",
    fields: &[
        ("samples", Within::Nothing),
        ("bytes", Within::Nothing),
        ("faults", Within::Nothing),
        ("latency_ms", Within::Nothing),
    ],
    samples: true,
};
