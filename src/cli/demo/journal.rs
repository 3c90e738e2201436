//! The log lines of the demo's world: one JSON object a line, with the common fields.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::world::{DemoWorld, ServiceFault};
use crate::lang::time::rfc3339_millis;

/// One line and the service whose log it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JournalLine {
    pub service: &'static str,
    /// The line, without its end.
    pub text: String,
}

/// What all services log within one second of the world, in order.
pub(crate) fn lines(world: &DemoWorld, started: DateTime<Utc>, second: u64) -> Vec<JournalLine> {
    let at = Duration::from_secs(second);
    let mut out = Vec::new();
    for n in 0..2 + world.noise("rate", second, 3) {
        let index = second * 8 + n;
        // What several services do within a moment is one request.
        let request = index / 4;
        let service = ["api", "web", "api", "worker", "auth", "cache"][world.noise("who", index, 6) as usize];
        let said = said(world, service, at, index);
        let moment = started + Duration::from_millis(second * 1000 + n * 170 + world.noise("ms", index, 160));
        let host = format!("{service}-{}", 1 + world.noise("host", index, 2));
        let mut line = said.line(moment, service, host);
        let trace = format!("{:04x}{:04x}", world.noise("trace", request, 65536), world.noise("t", request, 65536));
        line["trace_id"] = trace.into();
        out.push(JournalLine { service, text: line.to_string() });
    }
    // What the database does by itself belongs to no request.
    if second.is_multiple_of(DATABASE_SPEAKS) {
        let moment = started + Duration::from_millis(second * 1000 + 900);
        let line = database(world, second).line(moment, "db", "db-1".to_owned());
        out.push(JournalLine { service: "db", text: line.to_string() });
    }
    out
}

/// Seconds between two lines of the database.
const DATABASE_SPEAKS: u64 = 6;

fn database(world: &DemoWorld, second: u64) -> Said {
    let (n, ms) = (world.noise("rows", second, 900), 4 + world.noise("io", second, 90));
    match second / DATABASE_SPEAKS % 3 {
        0 => {
            let fields = json!({"buffers": n, "duration_ms": ms});
            Said::new("info", format!("checkpoint complete: {n} buffers in {ms} ms"), fields)
        }
        1 => {
            let table = ["orders", "carts", "sessions"][(n % 3) as usize];
            let fields = json!({"table": table, "rows": n});
            Said::new("info", format!("automatic vacuum of {table}: {n} rows removed"), fields)
        }
        _ => {
            let fields = json!({"slot": "replica", "duration_ms": ms});
            Said::new("debug", format!("replica confirmed its position after {ms} ms"), fields)
        }
    }
}

/// What a service says in one line. The fields are those of what the message tells.
struct Said {
    level: &'static str,
    message: String,
    fields: Value,
}

impl Said {
    fn new(level: &'static str, message: String, fields: Value) -> Self {
        Self { level, message, fields }
    }

    /// As it is written.
    fn line(self, moment: DateTime<Utc>, service: &str, host: String) -> Value {
        let mut metadata = self.fields;
        metadata["host"] = host.into();
        json!({"timestamp": rfc3339_millis(moment), "level": self.level,
            "service": service, "message": self.message, "metadata": metadata})
    }

    /// A request that was answered.
    fn answered(path: &str, ms: u64) -> Self {
        let fields = json!({"path": path, "status": 200, "duration_ms": ms});
        Self::new("info", format!("GET {path} 200 {ms} ms"), fields)
    }

    /// A request that failed.
    fn failed(message: &str, path: &str, took: Duration) -> Self {
        let fields = json!({"path": path, "status": 500, "duration_ms": took.as_millis() as u64});
        Self::new("error", message.to_owned(), fields)
    }
}

fn said(world: &DemoWorld, service: &str, at: Duration, index: u64) -> Said {
    let pick = world.noise("what", index, 10);
    match world.fault(service, at) {
        Some(ServiceFault::DependencyDown) if pick < 4 => {
            let path = ["/v1/carts", "/v1/carts", "/v1/prices"][(pick % 3) as usize];
            Said::failed("connect ECONNREFUSED cache:6379", path, world.latency(service, at))
        }
        Some(ServiceFault::DependencyDown) if pick < 6 => {
            let (attempt, wait) = (1 + index % 5, 100 << (index % 5));
            let fields = json!({"attempt": attempt, "wait_ms": wait});
            Said::new("warn", format!("retry {attempt} of 5 in {wait} ms"), fields)
        }
        Some(ServiceFault::BadRelease) if pick < 7 => {
            let message = "TypeError: cart.total is undefined at render (cart.js:118)";
            Said::failed(message, ["/cart", "/checkout"][(pick % 2) as usize], world.latency(service, at))
        }
        Some(ServiceFault::CacheExhausted) => {
            let fields = json!({"clients": world.clients(at), "client": format!("10.0.0.{}", 11 + index % 3)});
            Said::new("error", "max number of clients reached (1024)".to_owned(), fields)
        }
        Some(ServiceFault::WorkerStuck) if pick < 6 => {
            let jobs = world.queue(at);
            Said::new("warn", format!("no job finished for {} s, {jobs} wait", 10 + pick), json!({"jobs": jobs}))
        }
        Some(ServiceFault::Restarting) => {
            let version = world.version(service, at);
            Said::new("info", format!("{service} starting, version {version}"), json!({"version": version}))
        }
        _ => calm(world, service, at, index),
    }
}

fn calm(world: &DemoWorld, service: &str, at: Duration, index: u64) -> Said {
    let pick = world.noise("what", index, 10);
    let ms = 3 + world.noise("took", index, 40);
    match (service, pick) {
        ("api", 0) => {
            let ratio = 90.0 + world.noise("hit", index, 100) as f64 / 10.0;
            Said::new("debug", format!("cache hit ratio {ratio:.1} %"), json!({"ratio": ratio}))
        }
        ("api", _) => Said::answered(["/v1/orders", "/v1/carts", "/v1/items", "/v1/prices"][(pick % 4) as usize], ms),
        ("web", 1) => {
            let fields = json!({"path": "/checkout", "status": 200, "duration_ms": 300 + ms});
            Said::new("warn", format!("slow render of /checkout: {} ms", 300 + ms), fields)
        }
        ("web", _) => Said::answered(["/", "/cart", "/checkout", "/search"][(pick % 4) as usize], ms),
        ("cache", _) => {
            let clients = world.clients(at);
            Said::new("info", format!("{clients} clients connected"), json!({"clients": clients}))
        }
        ("worker", _) => {
            let (job, kind) = (48_000 + index, ["mail", "invoice", "thumbnail"][(pick % 3) as usize]);
            let fields = json!({"job": job, "duration_ms": ms});
            Said::new("info", format!("job {job} {kind} done in {ms} ms"), fields)
        }
        (_, 2) => Said::new("warn", "token expired 4 s ago, client refreshes".to_owned(), json!({"status": 401})),
        _ => {
            let session = format!("{:06x}", world.noise("session", index, 0xff_ffff));
            let fields = json!({"status": 200, "duration_ms": ms, "session": session});
            Said::new("info", format!("login ok, session {session}"), fields)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds() -> impl Iterator<Item = Value> {
        let world = DemoWorld::new(1);
        let all = (0..240).flat_map(move |second| lines(&world, DateTime::UNIX_EPOCH, second));
        all.map(|line| serde_json::from_str(&line.text).unwrap())
    }

    #[test]
    fn a_line_agrees_with_its_fields() {
        let mut failed = 0;
        for line in seconds() {
            let (message, fields) = (line["message"].as_str().unwrap(), &line["metadata"]);
            let is_request = line["service"] != "cache";
            assert_eq!(is_request && line["level"] == "error", fields["status"] == 500, "{line}");
            failed += u32::from(line["level"] == "error");
            if let (Some(ms), Some((rest, "ms"))) = (fields["duration_ms"].as_u64(), message.rsplit_once(' ')) {
                assert!(rest.ends_with(&format!(" {ms}")), "{line}");
            }
        }
        assert!(failed > 50, "{failed}");
    }

    #[test]
    fn lines_come_in_their_order() {
        let times: Vec<String> = seconds().map(|line| line["timestamp"].as_str().unwrap().to_owned()).collect();
        assert!(times.is_sorted());
    }
}
