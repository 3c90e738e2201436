//! Whose fault it is: whether the trouble of a check is explained by what its service depends on.
//!
//! A check in trouble names its cause in the parts of its health document or in its error. What names a dependency that
//! is in trouble itself is explained by it; so is what names nothing at all (`HTTP 503`, a timeout, a refused
//! connection). What names anything else is a fault of its own, and never hidden.

mod suspects;

use std::collections::BTreeMap;

use super::reading::{Component, Reading, Sign};
use super::status::Status;
use crate::text::SafeText;
use suspects::Names;

pub(crate) use suspects::Suspects;

/// Parts of its own that are named in one reason.
const MAX_NAMED: usize = 3;
/// Words of a metric that speak of the machine it runs on: no dependency fills a disk.
const LOCAL: &[&str] = &[
    "disk",
    "inode",
    "inodes",
    "cpu",
    "load",
    "memory",
    "mem",
    "ram",
    "swap",
    "heap",
    "certificate",
    "cert",
    "backup",
    "backups",
    "restarts",
    "temperature",
];

/// What of the trouble that a reading tells of is not explained by the dependencies that are suspected, in words for a
/// row; `None` where they explain all of it.
pub(crate) fn own_cause(reading: &Reading, suspects: &Suspects) -> Option<SafeText> {
    let mut leaves = Vec::new();
    bad_leaves(&reading.components, &mut Vec::new(), &mut leaves);
    let named: Vec<(&Leaf<'_>, Names)> = leaves.iter().map(|leaf| (leaf, leaf.names(suspects))).collect();
    // A part that is only degraded did not bring a check down, where a dependency did.
    let explained = named.iter().any(|(_, names)| *names == Names::Dependency);
    let enough = |leaf: &Leaf<'_>| !explained || reading.sign != Sign::Bad || leaf.part.status == Status::Down;
    let own: Vec<String> = named
        .iter()
        .filter(|(leaf, names)| *names == Names::Other && enough(leaf))
        .map(|(leaf, _)| leaf.describe())
        .collect();
    if !own.is_empty() {
        return Some(SafeText::new(&own[..own.len().min(MAX_NAMED)].join(", ")));
    }
    let error = reading.error.as_ref()?;
    // What only repeats the parts says nothing that they do not.
    let said = suspects::without_status(error.as_str());
    if leaves.iter().any(|leaf| suspects::repeats(said, leaf.path[0])) {
        return None;
    }
    (suspects.named_in_error(error.as_str()) == Names::Other).then(|| SafeText::new(said))
}

/// What a reading says, where that names no dependency that is suspected: the reason of what began before any of them was
/// in trouble. `None` where it names one: that explains it whenever it began.
pub(crate) fn unnamed_cause(reading: &Reading, suspects: &Suspects) -> Option<SafeText> {
    if names_dependency(reading, suspects) {
        return None;
    }
    let said = suspects::without_status(reading.error.as_ref().map_or("", |error| error.as_str()));
    Some(SafeText::new(if said.is_empty() { "no reason given" } else { said }))
}

/// Whether a bad part or the error of a reading names a dependency that is suspected.
pub(crate) fn names_dependency(reading: &Reading, suspects: &Suspects) -> bool {
    let mut leaves = Vec::new();
    bad_leaves(&reading.components, &mut Vec::new(), &mut leaves);
    let error = reading.error.as_ref().map_or("", |error| error.as_str());
    leaves.iter().any(|leaf| leaf.names(suspects) == Names::Dependency)
        || suspects.named_in_error(error) == Names::Dependency
}

/// Whether a field of a document (`days_left`) or a metric (`disk`) speaks of something that no dependency explains.
pub(crate) fn is_local(name: &str) -> bool {
    suspects::words_of(name).iter().any(|word| LOCAL.contains(&word.as_str()))
}

/// Whether a field that a condition compares says what is wrong: `days_left` does, `latency_ms` does not.
pub(crate) fn names_a_cause<'a>(field: &str, suspects: impl IntoIterator<Item = &'a str>) -> bool {
    Suspects::new(suspects).named_in(field) == Names::Other
}

/// A bad part that has no bad part below it.
struct Leaf<'a> {
    /// The names from the top down to it.
    path: Vec<&'a str>,
    part: &'a Component,
}

impl Leaf<'_> {
    fn names(&self, suspects: &Suspects) -> Names {
        let detail = self.part.detail.as_ref().map_or("", |detail| detail.as_str());
        if self.path.iter().any(|name| suspects.is_called(name)) || suspects.named_in(detail) == Names::Dependency {
            return Names::Dependency;
        }
        let all = [self.path.join(" "), detail.to_owned()].join(" ");
        suspects.named_in(&all)
    }

    /// `cart: TypeError: cart.total is undefined`
    fn describe(&self) -> String {
        let name = self.path.last().copied().unwrap_or_default();
        match &self.part.detail {
            Some(detail) => format!("{name}: {detail}"),
            None => format!("{name} {}", self.part.status.word().to_lowercase()),
        }
    }
}

fn bad_leaves<'a>(parts: &'a BTreeMap<SafeText, Component>, path: &mut Vec<&'a str>, leaves: &mut Vec<Leaf<'a>>) {
    for (name, part) in parts.iter().filter(|(_, part)| is_bad(part)) {
        path.push(name.as_str());
        if part.components.values().any(is_bad) {
            bad_leaves(&part.components, path, leaves);
        } else {
            leaves.push(Leaf { path: path.clone(), part });
        }
        path.pop();
    }
}

const fn is_bad(part: &Component) -> bool {
    matches!(part.status, Status::Down | Status::Degraded)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;

    use super::super::document::Timing;
    use super::*;
    use crate::lang::time::Stamp;

    fn part(status: Status, detail: &str) -> Component {
        let detail = (!detail.is_empty()).then(|| SafeText::new(detail));
        Component { status, detail, ..Component::default() }
    }

    fn reading(sign: Sign, error: &str, parts: &[(&str, Component)]) -> Reading {
        let at = Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH };
        Reading {
            error: (!error.is_empty()).then(|| SafeText::new(error)),
            components: parts.iter().map(|(name, part)| (SafeText::new(name), part.clone())).collect(),
            ..Reading::plain("web".into(), Timing { scheduled: at, sent: at, ended: at }, sign)
        }
    }

    fn own(sign: Sign, error: &str, parts: &[(&str, Component)], suspects: &[&str]) -> Option<String> {
        own_cause(&reading(sign, error, parts), &Suspects::new(suspects.iter().copied()))
            .map(|text| text.as_str().to_owned())
    }

    /// Its name, what the check says, its parts, the dependencies in trouble, and the reason of its own.
    type Case = (&'static str, Sign, Vec<(&'static str, Component)>, &'static [&'static str], Option<&'static str>);

    #[test]
    fn parts_say_whose_fault_it_is() {
        let down = |detail: &str| part(Status::Down, detail);
        let degraded = |detail: &str| part(Status::Degraded, detail);
        let nested = |child: (&str, Component)| Component {
            status: Status::Down,
            components: BTreeMap::from([(SafeText::new(child.0), child.1)]),
            ..Component::default()
        };
        let cases: Vec<Case> = vec![
            ("an own part", Sign::Bad, vec![("cart", down("TypeError: x"))], &["cache"], Some("cart: TypeError: x")),
            ("an own part without words", Sign::Bad, vec![("cart", down(""))], &["cache"], Some("cart down")),
            ("the dependency", Sign::Bad, vec![("cache", down("refused"))], &["cache"], None),
            ("both", Sign::Bad, vec![("cache", down("")), ("cart", down("x"))], &["cache"], Some("cart: x")),
            ("another dependency that is well", Sign::Bad, vec![("db", down(""))], &["cache"], Some("db down")),
            ("by its kind", Sign::Bad, vec![("database", down(""))], &["db"], None),
            ("by its product", Sign::Bad, vec![("redis", down(""))], &["cache"], None),
            ("another product of the kind", Sign::Bad, vec![("mysql", down(""))], &["postgres"], Some("mysql down")),
            ("by its last word", Sign::Bad, vec![("db", down(""))], &["shop-db"], None),
            ("not by its first", Sign::Bad, vec![("cart", down(""))], &["cart-db"], Some("cart down")),
            ("with a figure", Sign::Bad, vec![("cache:responseTime", down(""))], &["cache"], None),
            ("in camel case", Sign::Bad, vec![("cacheConnection", down(""))], &["cache"], None),
            ("by its title", Sign::Bad, vec![("Session store", down(""))], &["cache", "session store"], None),
            ("in its words", Sign::Bad, vec![("sessions", down("connect ECONNREFUSED cache:6379"))], &["cache"], None),
            ("below", Sign::Bad, vec![("backends", nested(("cache", down(""))))], &["cache"], None),
            ("below, own", Sign::Bad, vec![("backends", nested(("cart", down(""))))], &["cache"], Some("cart down")),
            ("below the dependency", Sign::Bad, vec![("cache", nested(("memory", down(""))))], &["cache"], None),
            ("a part of no name", Sign::Bad, vec![("service", down("unavailable"))], &["cache"], None),
            ("degraded is not down", Sign::Bad, vec![("cache", down("")), ("queue", degraded(""))], &["cache"], None),
            ("degraded alone", Sign::Bad, vec![("queue", degraded(""))], &["cache"], Some("queue degraded")),
            (
                "degraded beside a dependency",
                Sign::Degraded,
                vec![("cache", down("")), ("queue", degraded("9 wait"))],
                &["cache"],
                Some("queue: 9 wait"),
            ),
            ("what is well", Sign::Bad, vec![("cart", part(Status::Ok, ""))], &["cache"], None),
        ];
        for (name, sign, parts, suspects, want) in cases {
            assert_eq!(own(sign, "", &parts, suspects).as_deref(), want, "{name}");
        }
    }

    #[test]
    fn errors_say_whose_fault_it_is() {
        let cases = [
            // Nothing is said: the dependency explains it.
            ("", None),
            ("HTTP 503 Service Unavailable", None),
            ("HTTP 500 Internal Server Error", None),
            ("HTTP 502 Bad Gateway", None),
            ("HTTP 429 Too Many Requests", None),
            ("connection refused", None),
            ("connection refused (10.0.0.5:5432)", None),
            ("shop.example.com:8080 refused the connection: nothing listens there", None),
            ("127.0.0.1:4000 closed the connection without an answer", None),
            ("no answer within 5s while connecting", None),
            ("503; .status == 200 does not hold", None),
            (".status == 200 saw 503", None),
            (".latency_ms > 200 saw 340", None),
            (".body.status == \"healthy\" saw \"degraded\"", None),
            (".body.status == \"healthy\" saw null (HTTP 502)", None),
            ("its health document says unhealthy", None),
            ("unhealthy: service unavailable", None),
            ("unhealthy: 2 of 5 checks failed", None),
            ("exit code 2", None),
            ("Something went wrong (HTTP 500 Internal Server Error)", None),
            ("upstream request timeout (.status == 200 saw 504)", None),
            // It names the dependency.
            ("unhealthy: connect ECONNREFUSED cache:6379", None),
            ("unhealthy: redis does not answer", None),
            ("cannot reach cache (exit code 2)", None),
            (".body.services.cache == \"up\" saw \"down\"", None),
            ("connect ECONNREFUSED cache:6379 (.status == 200 saw 503)", None),
            ("cache is down (HTTP 503 Service Unavailable)", None),
            // It names something else.
            ("disk full (.status == 200 saw 503)", Some("disk full (.status == 200 saw 503)")),
            ("disk full (HTTP 503 Service Unavailable)", Some("disk full (HTTP 503 Service Unavailable)")),
            ("try later (HTTP 404 Not Found)", Some("try later (HTTP 404 Not Found)")),
            ("TypeError: cart.total is undefined", Some("TypeError: cart.total is undefined")),
            ("unhealthy: TypeError: cart.total is undefined", Some("TypeError: cart.total is undefined")),
            ("unhealthy: disk full", Some("disk full")),
            ("unhealthy: connect ECONNREFUSED mail:25", Some("connect ECONNREFUSED mail:25")),
            ("disk full on /var (exit code 2)", Some("disk full on /var (exit code 2)")),
            (".body.queue < 100 saw 431", Some(".body.queue < 100 saw 431")),
            (".body.message == \"ok\" saw \"out of disk\"", Some(".body.message == \"ok\" saw \"out of disk\"")),
            ("HTTP 404 Not Found", Some("HTTP 404 Not Found")),
            ("the certificate of x.org has expired", Some("the certificate of x.org has expired")),
            (
                "the name x.org could not be looked up: no such host",
                Some("the name x.org could not be looked up: no such host"),
            ),
        ];
        for (error, want) in cases {
            assert_eq!(own(Sign::Bad, error, &[], &["cache"]).as_deref(), want, "{error}");
        }
    }

    #[test]
    fn an_error_that_only_repeats_the_parts_adds_nothing() {
        let parts = [("cache", part(Status::Down, "refused"))];
        assert_eq!(own(Sign::Bad, "unhealthy: cache (refused)", &parts, &["cache"]), None);
        let said = own(Sign::Bad, "unhealthy: out of disk", &parts, &["cache"]);
        assert_eq!(said.as_deref(), Some("out of disk"));
    }

    #[test]
    fn figures_of_the_machine_are_its_own() {
        for (name, local) in [("disk", true), ("cpu-load", true), ("error-rate", false), ("p95", false)] {
            assert_eq!(is_local(name), local, "{name}");
        }
        assert!(names_a_cause("tls.days_left", ["cache"]) && !names_a_cause("latency_ms", ["cache"]));
        assert!(!names_a_cause("cache.latency_ms", ["cache"]));
    }
}
