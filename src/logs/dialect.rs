//! Which logging library wrote a JSON record, as far as the names of its fields tell.

/// The names that a library always writes and others do not write together; the most telling first.
const SIGNS: [(&str, &[&str]); 11] = [
    ("bunyan", &["v", "hostname", "pid", "level", "time", "msg", "name"]),
    ("pino", &["level", "time", "pid", "hostname"]),
    ("zap", &["level", "ts", "caller", "msg"]),
    ("zap", &["level", "ts", "msg"]),
    ("log4j", &["instant.epochSecond", "thread", "level", "loggerName"]),
    ("logback", &["@timestamp", "level", "thread_name", "logger_name"]),
    ("docker", &["log", "stream", "time"]),
    ("MongoDB", &["t.$date", "s", "c", "id", "ctx", "msg"]),
    ("structlog", &["event", "timestamp", "level"]),
    ("common fields", &["timestamp", "level", "service", "message"]),
    ("slog", &["time", "level", "msg"]),
];

/// The library whose fields these are.
pub(crate) fn dialect(names: &[&str]) -> Option<&'static str> {
    let has = |wanted: &str| names.contains(&wanted);
    SIGNS.into_iter().find(|(_, signs)| signs.iter().all(|sign| has(sign))).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_told_by_their_fields() {
        let of = |names: &str| dialect(&names.split(' ').collect::<Vec<_>>());
        assert_eq!(of("level time pid hostname msg"), Some("pino"));
        assert_eq!(of("name hostname pid level msg time v"), Some("bunyan"));
        assert_eq!(of("level ts caller msg err"), Some("zap"));
        assert_eq!(of("timestamp level service message metadata.host trace_id"), Some("common fields"));
        assert_eq!(of("time level msg user"), Some("slog"));
        assert_eq!(of("a b c"), None);
    }
}
