//! What of a configuration decides which alerts fire, as one number: whoever acts for all acts by the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::Config;
use super::changes::Fact;
use super::channels::ChannelKind;
use super::kinds::SourceKind;
use super::kinds::command::CommandLine;
use super::sections::metric::{Metric, MetricKind};
use super::sections::notify::Channel;
use super::sections::source::Source;
use super::sections::{
    alerting, check, contact, freeze, log, maintenance, metric, notify, oncall, severity, slo, source,
};

impl Config {
    /// SHA-256, hex, of checks and alerts, with the sources, logs and dependencies that they rest on. Order, comments,
    /// layout, themes, keys, screens and the names of files are not in it.
    pub fn digest(&self) -> String {
        let alerting: Vec<&Metric> = self.metrics.iter().filter(|metric| !metric.alerts.is_empty()).collect();
        let all_sources: Vec<Source> = self.sources.iter().map(placeless).collect();
        let checks = check::with_sources(&self.checks, &all_sources);
        // Of each line only its hash is kept: the lines of ten thousand checks are ten megabytes.
        let mut lines: BTreeSet<LineHash> =
            checks.iter().map(|pair| line("check", &pair.0.name, check::facts(pair))).map(hashed).collect();
        // How a metric is called on the screen decides nothing.
        let untitled =
            |metric: &Metric| metric::facts(metric).into_iter().filter(|(key, ..)| *key != "title").collect();
        lines.extend(alerting.iter().map(|metric| line("metric", &metric.name, untitled(metric))).map(hashed));
        let mut sources: BTreeSet<&str> = self.checks.iter().map(|check| &*check.source).collect();
        sources.extend(alerting.iter().filter_map(|metric| match &metric.kind {
            MetricKind::Value { from, .. } | MetricKind::Sample { from, .. } => Some(&**from),
            _ => None,
        }));
        let sources = all_sources.iter().filter(|source| sources.contains(&*source.name));
        lines.extend(sources.map(|source| line("source", &source.name, source::facts(source))).map(hashed));
        let counted = |name: &str| {
            alerting.iter().any(|metric| matches!(&metric.kind, MetricKind::Log(log) if log.logs.includes(name)))
        };
        let logs = self.logs.iter().filter(|log| counted(&log.name));
        lines.extend(logs.map(|log| line("log", &log.name, log::facts(log))).map(hashed));
        for service in &self.services {
            let on: BTreeSet<&str> = service.depends_on.iter().map(|name| &**name).collect();
            lines.insert(hashed(format!("service {:?} {on:?}", service.name)));
        }
        lines.extend(self.routes().into_iter().map(hashed));
        let mut hash = Sha256::new();
        for line in lines {
            hash.update(line);
        }
        format!("{:x}", hash.finalize())
    }
}

impl Config {
    /// What decides who is told of alerts, when, and what is muted.
    fn routes(&self) -> Vec<String> {
        let mut lines = vec![line("alerts", "", alerting::facts(&self.alerting))];
        let severities = self.severities.iter();
        lines.extend(severities.map(|rule| line("severity", rule.severity.word(), severity::facts(rule))));
        let channels = self.channels.iter().map(placeless_channel);
        lines.extend(channels.map(|channel| line("notify", &channel.name, notify::facts(&channel))));
        lines.extend(self.contacts.iter().map(|contact| line("contact", &contact.id, contact::facts(contact))));
        lines.extend(self.oncall.iter().map(|oncall| line("oncall", "", oncall::facts(oncall))));
        let windows = self.maintenance.iter();
        lines.extend(windows.map(|window| line("maintenance", &window.name, maintenance::facts(window))));
        lines.extend(self.freezes.iter().map(|one| line("freeze", &one.name, freeze::facts(one))));
        lines.extend(self.slos.iter().map(|slo| line("slo", &slo.name, slo::facts(slo))));
        lines.push(format!("timezone {:?}", self.console.timezone));
        lines
    }
}

/// SHA-256 of one line.
type LineHash = [u8; 32];

fn hashed(line: String) -> LineHash {
    Sha256::digest(line).into()
}

/// The same channel, wherever a person keeps the file that it is written in.
fn placeless_channel(channel: &Channel) -> Channel {
    let mut channel = channel.clone();
    channel.template = channel.template.and_then(|path| path.file_name().map(PathBuf::from));
    if let ChannelKind::Command(command) = &mut channel.kind {
        command.line.directory = None;
    }
    channel
}

/// The same source, wherever a person keeps the file that it is written in: that is where its command runs.
fn placeless(source: &Source) -> Source {
    let kind = match &source.kind {
        SourceKind::Command(command) => {
            let command = CommandLine { directory: None, ..CommandLine::clone(command) };
            SourceKind::Command(Arc::new(command))
        }
        other => other.clone(),
    };
    Source { kind, ..source.clone() }
}

/// Quoted, so that no value can look like another key.
fn line(kind: &str, name: &str, facts: Vec<Fact>) -> String {
    let mut line = format!("{kind} {name:?}");
    for (key, value, _) in facts {
        // Writing into a text can't fail.
        let _ = write!(line, " {key}={value:?}");
    }
    line
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::load::load_text;

    fn digest(text: &str) -> String {
        let loaded = load_text(Path::new("/etc/ops.toml"), text);
        loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)).digest()
    }

    const BEFORE: &str = r#"
        [service.db]
        [service.api]
        depends_on = ["db"]
        [source.stats]
        http = "http://x.example/stats"
        headers = { X-Id = "one", X-Other = "two" }
        [check.api]
        service = "api"
        http = "http://x.example/health"
        expect = ".status == 200"
        alert = { critical = "down for 2m" }
        [check.web]
        from = "stats"
        [metric.queue]
        from = "stats"
        value = ".body.queue"
        alert = { high = "> 10 for 5m" }
        [severity.high]
        notify = ["hook"]
        repeat = "30m"
        [notify.hook]
        webhook = "https://x.example/hook"
        [contact.ana]
        email = "ana@x.example"
        [oncall]
        rotation = ["ana"]
        handover = "weekly Mon 09:00"
        [maintenance.weekly]
        when = "Sun 02:00-04:00"
        services = ["*"]
        [slo.api]
        check = "api"
        objective = "99.9%"
        [metric.shown]
        from = "stats"
        value = ".body.shown"
    "#;

    #[test]
    fn what_decides_no_alert_is_not_in_it() {
        let after = r#"
            # The same, told in another order.
            [console]
            theme = "daylight"
            [metric.queue]
            title = "Waiting orders"
            from = "stats"
            value = ".body.queue"
            alert = { high = "> 10 for 5m" }
            [check.web]
            from = "stats"
            [check.api]
            alert.critical = "down for 2m"
            expect = [".status == 200"]
            http = "http://x.example/health"
            service = "api"
            [source.stats]
            headers = { X-Other = "two", X-Id = "one" }
            http = "http://x.example/stats"
            [service.api]
            depends_on = ["db"]
            title = "The API"
            [service.db]
            [screen.mine]
            rows = [["checks"]]
            [slo.api]
            objective = "99.9%"
            check = "api"
            [maintenance.weekly]
            services = ["*"]
            when = "Sun 02:00-04:00"
            [oncall]
            handover = "weekly Mon 09:00"
            rotation = ["ana"]
            [contact.ana]
            email = "ana@x.example"
            [notify.hook]
            webhook = "https://x.example/hook"
            [severity.high]
            repeat = "30m"
            notify = ["hook"]
        "#;
        assert_eq!(digest(BEFORE), digest(after));
    }

    #[test]
    fn where_a_person_keeps_the_file_is_not_in_it() {
        let text = "[check.disk]\ncommand = [\"check_disk\"]\nalert = { high = \"down for 2m\" }\n";
        let digest = |path: &str| load_text(Path::new(path), text).config.unwrap().digest();
        assert_eq!(digest("/home/ana/ops.toml"), digest("/srv/ops.toml"));
    }

    #[test]
    fn what_decides_one_is() {
        let changes = [
            ("down for 2m", "down for 3m"),
            ("alert = { critical", "alert = { high"),
            (".status == 200", ".status == 201"),
            ("/health", "/healthz"),
            ("\"two\"", "\"three\""),
            ("> 10 for", "> 11 for"),
            (".body.queue", ".body.queues"),
            ("[check.web]", "[check.www]"),
            ("depends_on = [\"db\"]", ""),
            ("notify = [\"hook\"]", "notify = []"),
            ("repeat = \"30m\"", "repeat = \"40m\""),
            ("https://x.example/hook", "https://x.example/other"),
            ("Sun 02:00-04:00", "Sun 02:00-05:00"),
            ("99.9%", "99.8%"),
            ("weekly Mon 09:00", "weekly Tue 09:00"),
            ("email = \"ana@", "email = \"bob@"),
        ];
        for (before, after) in changes {
            assert!(BEFORE.contains(before));
            assert_ne!(digest(BEFORE), digest(&BEFORE.replacen(before, after, 1)), "{before}");
        }
    }
}
