//! What a new configuration changes, in words. Pure; watching the files is the runtime's.

use super::Config;
use super::registry::SECTIONS;

/// Every change from `old` to `new`, a line each, section by section: `check api: timeout 5s → 3s`, `metric queue added`.
/// Empty where nothing changed. Values that may hold a secret are never in it.
pub(crate) fn changes(old: &Config, new: &Config) -> Vec<String> {
    let mut words = Vec::new();
    for section in SECTIONS {
        (section.changes)(old, new, &mut words);
    }
    words
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::load_text;

    fn config(text: &str) -> Config {
        let loaded = load_text(Path::new("/etc/ops.toml"), text);
        loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    const BEFORE: &str = r#"
        [check.api]
        http = "http://x.example/health"
        timeout = "5s"
        [check.web]
        http = "http://x.example/"
        headers = { X-Id = "one" }
        [check.old]
        tcp = "x.example:1"
    "#;

    #[test]
    fn the_same_file_changes_nothing() {
        assert_eq!(changes(&config(BEFORE), &config(BEFORE)), Vec::<String>::new());
    }

    #[test]
    fn changes_are_told_by_name_key_and_value() {
        let after = r#"
            [console]
            environment = "production"
            [check.api]
            http = "http://x.example/health"
            timeout = "3s"
            alert = { critical = "down for 2m" }
            [check.web]
            http = "http://x.example/"
            headers = { X-Id = "two" }
            [metric.slow]
            check = "api"
            latency = "p95"
            window = "5m"
            [secret]
            token = { env = "TOKEN" }
        "#;
        assert_eq!(
            changes(&config(BEFORE), &config(after)),
            [
                "console: environment none → production",
                "check api: timeout 5s → 3s, alert none → critical down for 2m",
                "check web: request changed",
                "check old removed",
                "metric slow added",
                "secret token added",
            ]
        );
    }

    #[test]
    fn changes_of_alerting_are_told_without_addresses_and_secrets() {
        let text = |repeat: &str, phone: &str, hook: &str, rest: &str| {
            format!(
                r#"
                [severity.critical]
                notify = ["hook"]
                repeat = "{repeat}"
                [notify.hook]
                webhook = "https://x.example/{hook}"
                [contact.ana]
                phone = "{phone}"
                {rest}
                "#
            )
        };
        let after = r#"
            [oncall]
            rotation = ["ana"]
            [alerts]
            resolved_for = "5m"
            [maintenance.weekly]
            when = "Sun 02:00-04:00"
            services = ["*"]
        "#;
        let (before, after) = (text("30m", "+15550100", "a", ""), text("1h", "+15550101", "b", after));
        assert_eq!(
            changes(&config(&before), &config(&after)),
            [
                "severity critical: repeat 30m → 1h",
                "notify hook: webhook changed",
                "contact ana: addresses changed",
                "oncall added",
                "alerts: resolved_for 15m → 5m",
                "maintenance weekly added",
            ]
        );
    }

    #[test]
    fn a_moved_check_is_the_same_check() {
        let moved = r#"
            [check.web]
            http = "http://x.example/"
            headers = { X-Id = "one" }
            [check.old]
            tcp = "x.example:2"
            [check.api]
            http = "http://x.example/health"
            timeout = "5s"
        "#;
        assert_eq!(changes(&config(BEFORE), &config(moved)), ["check old: tcp x.example:1 → x.example:2"]);
    }
}
