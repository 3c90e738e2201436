//! The log lines of the demo's world: one JSON object a line, in the house form.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::world::{DemoWorld, ServiceFault};

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
        let service = ["api", "web", "api", "worker", "auth"][world.noise("who", index, 5) as usize];
        let (level, message) = message(world, service, at, index);
        let moment = started + Duration::from_millis(second * 1000 + n * 170 + world.noise("ms", index, 160));
        let metadata = metadata(world, service, at, index);
        let line = json!({"timestamp": moment.to_rfc3339_opts(SecondsFormat::Millis, true), "level": level, "service": service,
            "message": message, "metadata": metadata,
            "trace_id": format!("{:04x}{:04x}", world.noise("trace", request, 65536), world.noise("t", request, 65536))});
        out.push(JournalLine { service, text: line.to_string() });
    }
    out
}

fn message(world: &DemoWorld, service: &str, at: Duration, index: u64) -> (&'static str, String) {
    let pick = world.noise("what", index, 10);
    match world.fault(service, at) {
        Some(ServiceFault::DependencyDown) if pick < 6 => {
            if pick < 4 {
                ("error", "connect ECONNREFUSED cache:6379".to_owned())
            } else {
                ("warn", format!("retry {} of 5 in {} ms", 1 + pick % 5, 100 << (pick % 4)))
            }
        }
        Some(ServiceFault::BadRelease) if pick < 7 => {
            ("error", "TypeError: cart.total is undefined at render (cart.js:118)".to_owned())
        }
        Some(ServiceFault::WorkerStuck) if pick < 6 => {
            ("warn", format!("no job finished for {} s, {} wait", 10 + pick, world.queue(at)))
        }
        Some(ServiceFault::Restarting) => {
            ("info", format!("{service} starting, version {}", world.version(service, at)))
        }
        _ => calm(world, service, index, pick),
    }
}

fn calm(world: &DemoWorld, service: &str, index: u64, pick: u64) -> (&'static str, String) {
    let ms = 3 + world.noise("took", index, 40);
    match (service, pick) {
        ("api", 0) => ("debug", format!("cache hit ratio {}.{} %", 90 + pick, world.noise("hit", index, 10))),
        ("api", _) => {
            ("info", format!("GET /v1/{} 200 {ms} ms", ["orders", "carts", "items", "prices"][(pick % 4) as usize]))
        }
        ("web", 1) => ("warn", format!("slow render of /checkout: {} ms", 300 + ms)),
        ("web", _) => ("info", format!("GET /{} 200 {ms} ms", ["", "cart", "checkout", "search"][(pick % 4) as usize])),
        ("worker", _) => (
            "info",
            format!("job {} {} done in {ms} ms", 48_000 + index, ["mail", "invoice", "thumbnail"][(pick % 3) as usize]),
        ),
        (_, 2) => ("warn", "token expired 4 s ago, client refreshes".to_owned()),
        _ => ("info", format!("login ok, session {:06x}", world.noise("session", index, 0xff_ffff))),
    }
}

fn metadata(world: &DemoWorld, service: &str, at: Duration, index: u64) -> serde_json::Value {
    let status = if world.noise("fails", index, 1000) < world.failing_share(service, at) { 500 } else { 200 };
    json!({"host": format!("{service}-{}", 1 + world.noise("host", index, 2)), "status": status, "duration_ms": world.latency(service, at).as_millis() as u64})
}
