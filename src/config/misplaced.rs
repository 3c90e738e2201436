//! Keys that are known, but in another section: what to write instead.

use super::kinds::{self, KINDS, KindRole, KindSpec};

/// The keys that tell what kind of thing a section is. What many sections have (`title`, `service`, `every`, `alert`)
/// tells nothing and is left out, but for the sections that do not have it.
const OWNERS: &[(&str, &[&str])] = &[
    ("source", &["every", "timeout", "keep_warm", "cold_start"]),
    ("check", &["expect", "degraded", "fail_after", "ok_after", "protocol"]),
    (
        "metric",
        &[
            "value",
            "sample",
            "unit",
            "per_second",
            "count",
            "rate",
            "ratio",
            "percentile",
            "field",
            "window",
            "latency",
            "availability",
            "log",
        ],
    ),
    (
        "log",
        &[
            "file",
            "format",
            "multiline",
            "ignore",
            "journal",
            "docker",
            "kubernetes",
            "ansi",
            "pattern",
            "encoding",
            "skip",
            "join",
            "level",
            "since",
        ],
    ),
    (
        "action",
        &["do", "adapter", "target", "confirm", "cooldown", "at_most", "verify", "evidence", "on_failure", "grace"],
    ),
    ("adapter", &["kind", "steps", "dry_run", "choices"]),
    ("service", &["depends_on", "runbook", "links"]),
    ("severity", &["notify", "acknowledge_within", "resolve_within", "repeat", "digest"]),
    ("slo", &["objective"]),
];

/// As [`OWNERS`], with the keys of kinds before them. Those of a kind that logs are of too tell nothing.
fn owners() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    OWNERS.iter().map(|(section, own)| {
        let role = match *section {
            "source" => Some(KindRole::Source),
            "check" => Some(KindRole::Check),
            _ => None,
        };
        let kinds = role.into_iter().flat_map(kinds::of_role);
        let further = |spec: &'static KindSpec| if spec.serves(KindRole::Log) { &[] } else { spec.keys };
        let keys = kinds.flat_map(|spec| [spec.key].into_iter().chain(further(spec).iter().map(|key| key.name)));
        (*section, keys.chain(own.iter().copied()).collect())
    })
}

/// What to write in place of `key`, which the section `title` (`metric api-errors` in words: ``metric `errors` ``) does
/// not have; `None` where no other section has it either.
pub(crate) fn hint(title: &str, name: &str, key: &str) -> Option<String> {
    let section = title.split(' ').next()?;
    // Only whole sections: a table within one has keys of its own.
    if !title.starts_with(&format!("{section} `{name}`")) || !OWNERS.iter().any(|(owner, _)| *owner == section) {
        return None;
    }
    let owner = owners().find(|(owner, keys)| *owner != section && keys.contains(&key))?.0;
    let kind = KINDS.iter().find(|spec| spec.key == key && spec.serves(KindRole::Source));
    Some(match (section, owner, kind) {
        ("metric", "source", Some(KindSpec { example, number, .. })) => format!(
            "write two sections: [source.{name}] with {example}, and [metric.{name}] with from = \"{name}\" and {number}"
        ),
        ("metric", "source", None) => format!("write it in the source: [source.NAME] with {key} = …"),
        ("check", "source", Some(KindSpec { example, .. })) => {
            format!("write two sections: [source.{name}] with {example}, and [check.{name}] with from = \"{name}\"")
        }
        ("log", "source", Some(_)) => {
            "a log follows a `file` or a `command`; a document is polled by [source.NAME]".to_owned()
        }
        ("service", "source" | "check", _) => {
            format!("write a check: [check.{name}] with service = \"{name}\" and {key} = …")
        }
        ("service", "log", _) => format!("write a log: [log.{name}] with service = \"{name}\" and {key} = …"),
        ("source", "check", _) => format!("write a check: [check.{name}] with from = \"{name}\" and {key} = …"),
        ("source" | "check", "metric", _) if key == "log" => {
            format!("write a metric: [metric.{name}] with log = \"…\", count = \"level>=error\" and window = \"5m\"")
        }
        ("source", "metric", _) => format!("write a metric: [metric.{name}] with from = \"{name}\" and {key} = …"),
        ("metric", "check", _) => format!("write a check: [check.{name}] with from = \"…\" and {key} = …"),
        ("check", "metric", _) => {
            format!("write a metric: [metric.{name}] with from = \"…\" (a source) and {key} = …")
        }
        ("metric", "log", _) if key == "file" => {
            format!("write two sections: [log.{name}] with file = \"…\", and [metric.{name}] with log = \"{name}\" and count = \"…\"")
        }
        ("log", "metric", _) => format!("write a metric: [metric.{name}] with log = \"{name}\" and {key} = …"),
        (_, "log", _) => format!("write a log: [log.{name}] with {key} = …"),
        ("action", "source" | "adapter", _) => {
            "an action names an adapter's verb; write the command there: [adapter.NAME] with VERB = { steps = [[\"…\"]] }".to_owned()
        }
        ("action", "check", _) => "write a check, and name it here: verify = { checks = [\"…\"] }".to_owned(),
        ("adapter", "action", _) => format!("write it in the action: [action.NAME] with adapter = \"{name}\" and {key} = …"),
        (_, "action", _) => format!("write an action: [action.{name}] with {key} = …"),
        (_, "adapter", _) => format!("write it in the adapter: [adapter.NAME] with {key} = …"),
        (_, "severity", _) => format!("write it in the severity of its alerts: [severity.critical] with {key} = …"),
        (_, "slo", _) => format!("write an objective: [slo.{name}] with {section} = \"{name}\" and {key} = …"),
        (_, owner, _) => format!("write it in [{owner}.NAME]"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_another_section_is_told_where_it_goes() {
        let metric = hint("metric `queue`", "queue", "http").unwrap();
        assert!(metric.contains("[source.queue] with http") && metric.contains("from = \"queue\""), "{metric}");
        for (title, key, part) in [
            ("metric `x`", "expect", "[check.x] with from"),
            ("metric `x`", "every", "[source.NAME] with every"),
            ("metric `x`", "file", "[log.x] with file"),
            ("metric `x`", "command", "[source.x] with command"),
            ("check `x`", "value", "[metric.x] with from"),
            ("check `x`", "file", "[log.x] with file"),
            ("check `x`", "exposition", "[source.x] with exposition"),
            ("source `x`", "expect", "[check.x] with from = \"x\""),
            ("source `x`", "value", "[metric.x] with from = \"x\""),
            ("source `x`", "format", "[log.x] with format"),
            ("log `x`", "count", "[metric.x] with log = \"x\""),
            ("log `x`", "http", "[source.NAME]"),
            ("check `x`", "notify", "[severity.critical] with notify"),
            ("check `x`", "objective", "[slo.x] with check = \"x\""),
            ("service `x`", "http", "[check.x] with service = \"x\""),
            ("action `x`", "command", "[adapter.NAME]"),
            ("action `x`", "expect", "verify ="),
            ("adapter `x`", "confirm", "[action.NAME] with adapter = \"x\""),
            ("check `x`", "cooldown", "[action.x]"),
            ("check `x`", "runbook", "[service.NAME]"),
        ] {
            let said = hint(title, "x", key).unwrap_or_else(|| panic!("{title} {key}"));
            assert!(said.contains(part), "{title} {key}: {said}");
        }
        for (title, key) in [("metric `x`", "valeu"), ("`verify` of action `x`", "http"), ("console", "http")] {
            assert_eq!(hint(title, "x", key), None, "{title} {key}");
        }
    }
}
