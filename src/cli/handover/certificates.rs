//! How long certificates still hold, asked of the checks that watch them: no store keeps that.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cli::Global;
use crate::config::Config;
use crate::config::sections::check::Check;
use crate::config::titles::title_of_check;
use crate::model::observation::Observation;
use crate::report::handover::CertificateLeft;
use crate::runtime::secrets;
use crate::sources::SourceContext;
use crate::sources::round::poll_once;
use crate::text::name::Name;

/// How long whoever hands over waits for them all.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a condition compares that watches a certificate.
const DAYS_LEFT: &str = "days_left";

/// Of each check with a condition on its certificate.
pub(super) async fn left(config: &Arc<Config>, global: &Global) -> Vec<CertificateLeft> {
    let watching: Vec<(&Check, &str)> = config.checks.iter().filter_map(|check| Some((check, field(check)?))).collect();
    if watching.is_empty() {
        return Vec::new();
    }
    let names: Vec<[Name; 1]> = watching.iter().map(|(check, _)| [check.name.clone()]).collect();
    let (secrets, _) = secrets::resolve(&config.secrets).await;
    let cancel = CancellationToken::new();
    let context = SourceContext {
        config: Arc::clone(config),
        secrets: Arc::new(secrets),
        clock: global.clock,
        out: mpsc::channel(1).0,
        cancel: cancel.clone(),
    };
    // Each by itself: one that does not answer leaves the others what they said.
    let polls = names
        .iter()
        .map(|name| async { tokio::time::timeout(PATIENCE, poll_once(&context, name)).await.unwrap_or_default() });
    let seen = join_all(polls).await.concat();
    cancel.cancel();
    let days = |check: &Check, field: &str| {
        seen.iter().find_map(|seen| match seen {
            Observation::Reading(reading) if reading.check == check.name => reading.fields.get(field).copied(),
            _ => None,
        })
    };
    let left = |(check, field): &(&Check, &str)| CertificateLeft {
        title: title_of_check(config, &check.name).to_owned(),
        days: days(check, field).map(|days| days as i64),
    };
    watching.iter().map(left).collect()
}

fn field(check: &Check) -> Option<&str> {
    let mut fields = check.alerts.iter().filter_map(|(_, condition)| condition.field());
    fields.find(|field| field.rsplit('.').next() == Some(DAYS_LEFT))
}
