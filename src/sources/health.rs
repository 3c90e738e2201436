//! Health documents, in the forms that services really answer with, folded into our statuses.
//!
//! The forms: our own (`status` and `services`), `application/health+json`, Spring Boot actuator, `ASP.NET` (one word, or
//! `entries`), `MicroProfile` (`checks` as a list), `NestJS` terminus (`info`, `error`, `details`), Kubernetes verbose text.
//! They differ in little: a word for the whole, and parts that have a word each, in one of a few containers.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::model::reading::Component;
use crate::model::status::Status;
use crate::text::SafeText;

/// How deep parts may have parts.
const MAX_DEPTH: usize = 6;
/// How many parts one container may have; more are not shown.
const MAX_PARTS: usize = 100;
/// How long a plain text may be that is taken for a word.
const MAX_WORD: usize = 24;

/// What a health document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Of the whole: ok, degraded, down or unknown.
    pub status: Status,
    /// Its parts.
    pub components: BTreeMap<SafeText, Component>,
    /// Version and environment.
    pub version: Option<SafeText>,
    /// What it says in words, or which of its parts are bad.
    pub detail: Option<SafeText>,
}

/// Reads an answer's parsed body, else its text, as a health document. `None` where it is none.
pub fn read(body: &Value, text: &str) -> Option<Health> {
    match body {
        Value::Object(object) => from_object(object),
        Value::Array(list) => from_parts(list_parts(list, 0)),
        Value::String(word) => from_word(word),
        Value::Bool(truth) => Some(plain(if *truth { Status::Ok } else { Status::Down })),
        Value::Number(_) => None,
        Value::Null => from_word(text).or_else(|| from_kubernetes(text)),
    }
}

/// Folds a status word of any of the forms; `None` for a word that says nothing of health.
pub(crate) fn fold(word: &str) -> Option<Status> {
    const OK: &[&str] = &[
        "ok",
        "up",
        "pass",
        "passed",
        "healthy",
        "success",
        "green",
        "operational",
        "running",
        "alive",
        "ready",
        "available",
        "true",
        "1",
        "normal",
    ];
    const DEGRADED: &[&str] = &["warn", "warning", "degraded", "partial", "yellow", "impaired", "slow", "maintenance"];
    const DOWN: &[&str] = &[
        "fail",
        "failed",
        "failing",
        "error",
        "down",
        "unhealthy",
        "critical",
        "red",
        "outage",
        "unavailable",
        "out_of_service",
        "dead",
        "false",
        "0",
    ];
    const UNKNOWN: &[&str] = &["unknown", "pending", "starting"];
    let word = word.trim().to_ascii_lowercase();
    let word = word.as_str();
    if OK.contains(&word) {
        Some(Status::Ok)
    } else if DEGRADED.contains(&word) {
        Some(Status::Degraded)
    } else if DOWN.contains(&word) {
        Some(Status::Down)
    } else {
        UNKNOWN.contains(&word).then_some(Status::Unknown)
    }
}

fn plain(status: Status) -> Health {
    Health { status, components: BTreeMap::new(), version: None, detail: None }
}

fn from_word(text: &str) -> Option<Health> {
    let text = text.trim();
    // A lone digit is an answer to some other question.
    let wordy = text.len() <= MAX_WORD && text.starts_with(|c: char| c.is_ascii_alphabetic());
    wordy.then(|| fold(text.trim_end_matches(['.', '!']))).flatten().map(plain)
}

/// `[+]ping ok`, `[-]etcd failed: reason withheld`, `readyz check failed`.
fn from_kubernetes(text: &str) -> Option<Health> {
    let mut components = BTreeMap::new();
    for line in text.lines().take(MAX_PARTS * 2) {
        let (good, rest) = match (line.strip_prefix("[+]"), line.strip_prefix("[-]")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => continue,
        };
        let (name, words) = rest.split_once(' ').unwrap_or((rest, ""));
        let component = Component {
            status: if good { Status::Ok } else { Status::Down },
            detail: (!good && !words.is_empty()).then(|| SafeText::new(words)),
            ..Component::default()
        };
        if components.len() < MAX_PARTS {
            components.insert(SafeText::new(name), component);
        }
    }
    from_parts(components)
}

fn from_parts(components: BTreeMap<SafeText, Component>) -> Option<Health> {
    let status = worst(&components)?;
    let detail = culprits(&components);
    Some(Health { status, components, version: None, detail })
}

fn from_object(object: &Map<String, Value>) -> Option<Health> {
    let components = containers(object, 0);
    let own = own_status(object);
    let status = own.or_else(|| worst(&components))?;
    let words = detail(object).filter(|_| status != Status::Ok);
    Some(Health { status, detail: words.or_else(|| culprits(&components)), components, version: version(object) })
}

/// The worst of the parts; one that says of itself that it is not critical can only degrade the whole.
fn worst(components: &BTreeMap<SafeText, Component>) -> Option<Status> {
    Status::worst(components.values().map(|component| component.status).filter(|status| *status != Status::Unknown))
}

/// The names of the bad parts, with what they say.
fn culprits(components: &BTreeMap<SafeText, Component>) -> Option<SafeText> {
    let mut words = String::new();
    for (name, component) in
        components.iter().filter(|(_, part)| matches!(part.status, Status::Down | Status::Degraded)).take(4)
    {
        if !words.is_empty() {
            words.push_str(", ");
        }
        words.push_str(name.as_str());
        if let Some(detail) = &component.detail {
            words.push_str(" (");
            words.extend(detail.as_str().chars().take(80));
            words.push(')');
        }
    }
    (!words.is_empty()).then(|| SafeText::new(&words))
}

fn own_status(object: &Map<String, Value>) -> Option<Status> {
    const WORDS: &[&str] =
        &["status", "state", "health", "overall", "ok", "healthy", "connected", "up", "alive", "available", "success"];
    WORDS.iter().find_map(|key| match object.get(*key)? {
        Value::String(word) => fold(word),
        Value::Bool(truth) => Some(if *truth { Status::Ok } else { Status::Down }),
        _ => None,
    })
}

fn containers(object: &Map<String, Value>, depth: usize) -> BTreeMap<SafeText, Component> {
    const CONTAINERS: &[&str] = &["components", "services", "checks", "entries", "dependencies", "subsystems"];
    // Terminus repeats in `details` what `info` and `error` hold; Spring 2.0 has its parts in `details`; elsewhere it
    // holds figures. So a part in there must look like one.
    const DETAILS: &[&str] = &["details", "info", "error"];
    if depth >= MAX_DEPTH {
        return BTreeMap::new();
    }
    let of = |keys: &[&str], strict: bool| {
        let mut found = BTreeMap::new();
        for container in keys.iter().filter_map(|key| object.get(*key)) {
            match container {
                Value::Object(parts) => object_parts(parts, strict, depth, &mut found),
                Value::Array(list) => found.append(&mut list_parts(list, depth)),
                _ => {}
            }
        }
        found
    };
    let found = of(CONTAINERS, false);
    if found.is_empty() { of(DETAILS, true) } else { found }
}

fn object_parts(parts: &Map<String, Value>, strict: bool, depth: usize, found: &mut BTreeMap<SafeText, Component>) {
    for (name, value) in parts {
        let looks = !strict || value.as_object().is_some_and(|object| own_status(object).is_some());
        if looks && found.len() < MAX_PARTS {
            found.insert(SafeText::new(name), component(value, depth + 1));
        }
    }
}

/// A list of named parts; one without a name of its own is no part.
fn list_parts(list: &[Value], depth: usize) -> BTreeMap<SafeText, Component> {
    let mut found = BTreeMap::new();
    for object in list.iter().filter_map(Value::as_object).take(MAX_PARTS) {
        let name = ["name", "id", "componentId", "service", "component", "title"]
            .iter()
            .find_map(|key| object.get(*key)?.as_str());
        if let (Some(name), Some(_)) = (name, own_status(object)) {
            found.insert(SafeText::new(name), from_part(object, depth + 1));
        }
    }
    found
}

fn component(value: &Value, depth: usize) -> Component {
    let of = |status| Component { status, ..Component::default() };
    match value {
        Value::String(word) => match fold(word) {
            Some(status) => of(status),
            None => Component { status: Status::Unknown, detail: Some(short(word)), ..Component::default() },
        },
        Value::Bool(truth) => of(if *truth { Status::Ok } else { Status::Down }),
        Value::Number(number) => match number.as_u64() {
            Some(0) => of(Status::Down),
            Some(1) => of(Status::Ok),
            // Nobody reports the latency of what does not answer.
            _ => Component { status: Status::Ok, latency_ms: milliseconds(value), ..Component::default() },
        },
        Value::Object(object) => from_part(object, depth),
        Value::Array(list) => from_list(list, depth),
        Value::Null => Component::default(),
    }
}

/// `health+json`: what was measured of a part, mostly one thing.
fn from_list(list: &[Value], depth: usize) -> Component {
    if let [only] = list {
        return component(only, depth);
    }
    if depth >= MAX_DEPTH {
        return Component::default();
    }
    let mut components = BTreeMap::new();
    for (index, value) in list.iter().enumerate().take(MAX_PARTS) {
        let name = ["componentId", "name", "id"].iter().find_map(|key| value.get(*key)?.as_str());
        let name = name.map_or_else(|| SafeText::new(&(index + 1).to_string()), SafeText::new);
        components.insert(name, component(value, depth + 1));
    }
    Component { status: worst(&components).unwrap_or_default(), components, ..Component::default() }
}

fn from_part(object: &Map<String, Value>, depth: usize) -> Component {
    let components = containers(object, depth);
    let own = own_status(object).or_else(|| worst(&components));
    // A part that nobody depends on can't take the whole with it.
    let optional =
        object.get("critical") == Some(&Value::Bool(false)) || object.get("optional") == Some(&Value::Bool(true));
    let status = match own.unwrap_or_default() {
        Status::Down if optional => Status::Degraded,
        status => status,
    };
    Component { status, detail: detail(object), latency_ms: latency(object), components }
}

fn detail(object: &Map<String, Value>) -> Option<SafeText> {
    let said = |object: &Map<String, Value>| {
        ["error", "message", "output", "reason", "description", "exception"]
            .iter()
            .find_map(|key| object.get(*key)?.as_str().filter(|text| !text.is_empty()).map(short))
    };
    said(object).or_else(|| ["details", "data"].iter().find_map(|key| said(object.get(*key)?.as_object()?))).or_else(
        || {
            let unit = object.get("observedUnit").and_then(Value::as_str).unwrap_or_default();
            let text = match object.get("observedValue")? {
                Value::String(text) => text.clone(),
                Value::Null => return None,
                value => value.to_string(),
            };
            Some(short(format!("{text} {unit}").trim_end()))
        },
    )
}

fn short(text: &str) -> SafeText {
    const MAX: usize = 200;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => SafeText::new(&format!("{}…", &text[..end])),
        None => SafeText::new(text),
    }
}

fn latency(object: &Map<String, Value>) -> Option<u64> {
    const KEYS: &[&str] = &[
        "latency_ms",
        "latencyMs",
        "response_time_ms",
        "response_time",
        "responseTime",
        "latency",
        "duration_ms",
        "duration",
    ];
    if object.get("observedUnit").and_then(Value::as_str) == Some("ms") {
        return milliseconds(object.get("observedValue")?);
    }
    KEYS.iter().find_map(|key| milliseconds(object.get(*key)?))
}

/// A number is milliseconds; a text is `00:00:00.010` or `12ms`.
fn milliseconds(value: &Value) -> Option<u64> {
    let whole = |number: f64| (0.0..1e12).contains(&number).then(|| number.round() as u64);
    match value {
        Value::Number(number) => whole(number.as_f64()?),
        Value::String(text) if text.contains(':') => {
            let seconds = text.split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))?;
            whole(seconds * 1000.0)
        }
        Value::String(text) => whole(text.trim().strip_suffix("ms")?.trim().parse().ok()?),
        _ => None,
    }
}

fn version(object: &Map<String, Value>) -> Option<SafeText> {
    let text = |keys: &[&str]| {
        keys.iter().find_map(|key| match object.get(*key)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let version = text(&["releaseId", "release", "version"]);
    let environment = text(&["environment", "env"]);
    Some(match (version, environment) {
        (Some(version), Some(environment)) => short(&format!("{version} ({environment})")),
        (Some(text), None) | (None, Some(text)) => short(&text),
        (None, None) => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parts(health: &Health) -> Vec<(String, Status)> {
        health.components.iter().map(|(name, part)| (name.to_string(), part.status)).collect()
    }

    #[test]
    fn bodies_of_every_form() {
        use Status::{Degraded, Down, Ok, Unknown};
        let cases = [
            (
                json!({"status": "degraded", "version": "1.8.2", "environment": "prod",
                       "services": {"database": {"status": "healthy", "latency_ms": 4}, "redis": "unhealthy"}}),
                Degraded,
                vec![("database", Ok), ("redis", Down)],
            ),
            (
                json!({"status": "warn", "version": "1", "releaseId": "1.2.2", "checks": {"postgres:responseTime":
                       [{"componentType": "datastore", "observedValue": 250, "observedUnit": "ms", "status": "warn"}]}, "output": ""}),
                Degraded,
                vec![("postgres:responseTime", Degraded)],
            ),
            (
                json!({"status": "DOWN", "components": {"db": {"status": "DOWN", "details": {"error": "refused"}},
                       "diskSpace": {"status": "UP", "details": {"free": 1}}}, "groups": ["liveness"]}),
                Down,
                vec![("db", Down), ("diskSpace", Ok)],
            ),
            (json!({"status": "UP", "details": {"db": {"status": "UP"}, "free": 1}}), Ok, vec![("db", Ok)]),
            (json!({"status": "OUT_OF_SERVICE"}), Down, vec![]),
            (
                json!({"status": "Degraded", "totalDuration": "00:00:00.012",
                       "entries": {"sql": {"status": "Healthy", "duration": "00:00:00.010", "data": {}, "tags": []}}}),
                Degraded,
                vec![("sql", Ok)],
            ),
            (json!({"status": "UP", "checks": [{"name": "db", "status": "UP", "data": {}}]}), Ok, vec![("db", Ok)]),
            (
                json!({"status": "error", "info": {}, "error": {"db": {"status": "down", "message": "x"}},
                       "details": {"db": {"status": "down", "message": "x"}, "mem": {"status": "up"}}}),
                Down,
                vec![("db", Down), ("mem", Ok)],
            ),
            (
                json!({"services": {"a": true, "b": {"connected": false}, "c": {"state": "running"}}}),
                Down,
                vec![("a", Ok), ("b", Down), ("c", Ok)],
            ),
            (
                json!({"services": {"a": "ok", "cdn": {"ok": false, "critical": false}}}),
                Degraded,
                vec![("a", Ok), ("cdn", Degraded)],
            ),
            (json!({"ok": true}), Ok, vec![]),
            (json!({"status": "starting"}), Unknown, vec![]),
            (
                json!([{"name": "db", "status": "up"}, {"name": "mq", "status": "slow"}]),
                Degraded,
                vec![("db", Ok), ("mq", Degraded)],
            ),
            (json!("Healthy"), Ok, vec![]),
        ];
        for (body, status, expected) in cases {
            let health = read(&body, "").unwrap_or_else(|| panic!("{body}"));
            assert_eq!(health.status, status, "{body}");
            let expected: Vec<(String, Status)> =
                expected.into_iter().map(|(name, status)| (name.to_owned(), status)).collect();
            assert_eq!(parts(&health), expected, "{body}");
        }
    }

    #[test]
    fn words_of_the_parts_are_kept() {
        let body = json!({"status": "unhealthy", "version": "1.8.2", "env": "prod", "services":
            {"db": {"status": "down", "error": "refused"}, "cache": {"status": "up", "latency_ms": 3.6}, "queue": "42 waiting"}});
        let health = read(&body, "").unwrap();
        assert_eq!(health.version, Some(SafeText::new("1.8.2 (prod)")));
        assert_eq!(health.detail, Some(SafeText::new("db (refused)")));
        assert_eq!(health.components["cache"].latency_ms, Some(4));
        assert_eq!(health.components["queue"].status, Status::Unknown);
        assert_eq!(health.components["queue"].detail, Some(SafeText::new("42 waiting")));
        let observed = json!({"status": "pass", "checks": {"disk": [{"status": "pass", "observedValue": 81.5, "observedUnit": "percent"}]}});
        assert_eq!(read(&observed, "").unwrap().components["disk"].detail, Some(SafeText::new("81.5 percent")));
        let timed = json!({"status": "Healthy", "entries": {"sql": {"status": "Healthy", "duration": "00:00:01.25"}}});
        assert_eq!(read(&timed, "").unwrap().components["sql"].latency_ms, Some(1250));
    }

    #[test]
    fn plain_texts() {
        for (text, status) in
            [("Healthy\n", Status::Ok), ("OK", Status::Ok), ("Degraded", Status::Degraded), ("Unhealthy", Status::Down)]
        {
            assert_eq!(read(&Value::Null, text).map(|health| health.status), Some(status), "{text}");
        }
        let verbose = "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n";
        let health = read(&Value::Null, verbose).unwrap();
        assert_eq!(health.status, Status::Down);
        assert_eq!(health.components["etcd"].detail, Some(SafeText::new("failed: reason withheld")));
        for text in ["", "<html><body>up</body></html>", "hello", "1", "pong pong pong pong pong pong up"] {
            assert_eq!(read(&Value::Null, text), None, "{text}");
        }
    }

    #[test]
    fn other_documents_are_not_taken_for_health() {
        for body in [
            json!({}),
            json!({"status": 404, "error": "Not Found"}),
            json!({"status": "published"}),
            json!([1, 2]),
            json!({"checks": 5}),
            json!(3),
            json!({"total": 1}),
        ] {
            assert_eq!(read(&body, ""), None, "{body}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let key = prop::sample::select(vec![
            "status",
            "components",
            "checks",
            "details",
            "error",
            "a",
            "observedValue",
            "duration",
            "version",
            "name",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
            Just(json!("up"))
        ];
        leaf.prop_recursive(10, 64, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..5).prop_map(|pairs| pairs
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect::<Map<_, _>>()
                    .into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn never_panics(body in any_json(), text in "\\PC{0,80}") {
            let _ = read(&body, &text);
        }
    }
}
