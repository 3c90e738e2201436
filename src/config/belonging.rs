//! To which service a metric or an action belongs that names none: to that of its check, source or target.

use std::collections::{HashMap, HashSet};

use super::Config;
use super::sections::action::Action;
use super::sections::metric::{LogChoice, Metric, MetricKind};
use crate::text::name::Name;

/// Fills in what can be known. What stays without a service is shown under the console's own
/// name, or by itself where there are no services.
pub(super) fn assign(config: &mut Config) {
    let lack = config.metrics.iter().any(|metric| metric.service.is_none())
        || config.actions.iter().any(|action| action.service.is_none());
    if !lack {
        return;
    }
    let known = Known::new(config);
    let metrics: Vec<Option<Name>> = config.metrics.iter().map(|metric| known.of_metric(metric)).collect();
    let actions: Vec<Option<Name>> = config.actions.iter().map(|action| known.of_action(action)).collect();
    for (metric, service) in config.metrics.iter_mut().zip(metrics) {
        metric.service = metric.service.take().or(service);
    }
    for (action, service) in config.actions.iter_mut().zip(actions) {
        action.service = action.service.take().or(service);
    }
}

/// The service of everything that names one, by name; `None` where it belongs to none.
struct Known<'a> {
    services: HashSet<&'a str>,
    checks: HashMap<&'a str, Option<&'a Name>>,
    /// By the source's name; of one whose checks belong to several services, none.
    sources: HashMap<&'a str, Option<&'a Name>>,
    logs: HashMap<&'a str, Option<&'a Name>>,
}

impl<'a> Known<'a> {
    fn new(config: &'a Config) -> Self {
        let mut sources: HashMap<&str, Option<&Name>> = HashMap::new();
        for check in &config.checks {
            let service = check.service.as_ref();
            sources
                .entry(&check.source)
                .and_modify(|known| *known = known.filter(|_| *known == service))
                .or_insert(service);
        }
        Self {
            services: config.services.iter().map(|service| &*service.name).collect(),
            checks: config.checks.iter().map(|check| (&*check.name, check.service.as_ref())).collect(),
            sources,
            logs: config.logs.iter().map(|log| (&*log.name, log.service.as_ref())).collect(),
        }
    }

    /// The service of its check, of its logs, or of the checks that judge its source.
    fn of_metric(&self, metric: &Metric) -> Option<Name> {
        match &metric.kind {
            MetricKind::Latency { check, .. } | MetricKind::Availability { check, .. } => self.of_check(check).cloned(),
            MetricKind::Value { from, .. } | MetricKind::Sample { from, .. } => {
                self.sources.get(&**from).copied().flatten().cloned()
            }
            MetricKind::Log(log) => match &log.logs {
                LogChoice::All => None,
                LogChoice::These(names) => the_only(names.iter().filter_map(|name| self.logs.get(&**name)).copied()),
            },
        }
    }

    /// The service that its target names, that of the check which its target names, or that of the checks that verify it.
    fn of_action(&self, action: &Action) -> Option<Name> {
        let by_name = self.services.contains(&*action.target).then(|| Name::from(&*action.target));
        let verified_by = action.verify.iter().flat_map(|verify| &verify.checks);
        by_name
            .or_else(|| self.of_check(&action.target).cloned())
            .or_else(|| the_only(verified_by.map(|name| self.of_check(name))))
    }

    fn of_check(&self, check: &str) -> Option<&'a Name> {
        self.checks.get(check).copied().flatten()
    }
}

/// The service to which all of them belong; `None` where one belongs to none or to another.
fn the_only<'a>(mut services: impl Iterator<Item = Option<&'a Name>>) -> Option<Name> {
    let first = services.next()??;
    services.all(|other| other == Some(first)).then(|| first.clone())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::load::load_text;

    const WORLD: &str = r#"
[service.web]
[service.db]
[source.metrics]
http = "http://127.0.0.1:1/metrics"
[source.shared]
http = "http://127.0.0.1:1/shared"
[source.lonely]
http = "http://127.0.0.1:1/lonely"
[check.web]
service = "web"
from = "metrics"
[check.web-shared]
service = "web"
from = "shared"
[check.db-shared]
service = "db"
from = "shared"
[check.primary]
service = "db"
tcp = "127.0.0.1:5432"
[check.stray]
tcp = "127.0.0.1:5433"
[log.db]
service = "db"
file = "/var/log/db.log"
[log.web]
service = "web"
file = "/var/log/web.log"
[adapter.ours]
restart = { steps = [["true"]] }
"#;

    #[test]
    fn what_names_no_service_belongs_to_that_of_its_check_source_log_or_target() {
        let metric = |name: &str, keys: &str| format!("[metric.{name}]\n{keys}\n");
        let action =
            |name: &str, keys: &str| format!("[action.{name}]\nadapter = \"ours\"\ndo = \"restart\"\n{keys}\n");
        let metrics = [
            ("source", "from = \"metrics\"\nvalue = \".body.x\"", Some("web")),
            ("of-two", "from = \"shared\"\nvalue = \".body.x\"", None),
            ("unjudged", "from = \"lonely\"\nvalue = \".body.x\"", None),
            ("latency", "check = \"primary\"\nlatency = \"p95\"\nwindow = \"5m\"", Some("db")),
            ("stray", "check = \"stray\"\navailability = \"24h\"", None),
            ("one-log", "log = \"db\"\ncount = \"level>=error\"\nwindow = \"5m\"", Some("db")),
            ("two-logs", "log = [\"db\", \"web\"]\ncount = \"level>=error\"\nwindow = \"5m\"", None),
            ("all-logs", "log = \"*\"\ncount = \"level>=error\"\nwindow = \"5m\"", None),
            ("said", "service = \"db\"\nfrom = \"metrics\"\nvalue = \".body.x\"", Some("db")),
        ];
        let actions = [
            ("by-service", "target = \"db\"", Some("db")),
            ("by-check", "target = \"primary\"", Some("db")),
            (
                "by-verify",
                "target = \"x\"\nverify = { checks = [\"web\", \"web-shared\"], within = \"1m\" }",
                Some("web"),
            ),
            ("by-two", "target = \"x\"\nverify = { checks = [\"web\", \"primary\"], within = \"1m\" }", None),
            ("by-nothing", "target = \"x\"", None),
            ("said", "service = \"web\"\ntarget = \"db\"", Some("web")),
        ];
        let mut text = WORLD.to_owned();
        text.extend(metrics.iter().map(|(name, keys, _)| metric(name, keys)));
        text.extend(actions.iter().map(|(name, keys, _)| action(name, keys)));
        let loaded = load_text(Path::new("/srv/opsroom.toml"), &text);
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        for ((name, _, want), metric) in metrics.iter().zip(&config.metrics) {
            assert_eq!(metric.service.as_deref(), *want, "metric {name}");
        }
        for ((name, _, want), action) in actions.iter().zip(&config.actions) {
            assert_eq!(action.service.as_deref(), *want, "action {name}");
        }
    }
}
