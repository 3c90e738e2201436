//! What the services of the demo's world answer over HTTP, each in its own health dialect.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::past::DISK_NOW;
use super::world::{DemoWorld, SERVICES, ServiceFault};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpAnswer {
    /// Status code.
    pub status: u16,
    /// `content-type`
    pub content_type: &'static str,
    pub body: String,
    /// How long the service takes.
    pub takes: Duration,
}

/// What a path answers at a time since the start; `None` where the connection is refused or dropped.
pub(crate) fn answer(world: &DemoWorld, path: &str, at: Duration) -> Option<HttpAnswer> {
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let (service, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if world.fault(service, at) == Some(ServiceFault::Restarting) {
        return None;
    }
    let takes = world.latency(service, at);
    let json = |status: u16, body: &Value| {
        Some(HttpAnswer { status, content_type: "application/json", body: body.to_string(), takes })
    };
    match (service, rest) {
        ("web", "health") => {
            let (status, says) = if world.fault("web", at).is_some() { (500, "unhealthy") } else { (200, "healthy") };
            let version = world.version("web", at);
            let mut body = json!({"status": says, "version": version, "environment": "staging",
                "services": {"api": if world.fault("api", at).is_some() { "degraded" } else { "healthy" }, "templates": "healthy"}});
            if status == 500 {
                body["services"]["cart"] = json!({"status": "unhealthy", "error": "TypeError: cart.total is undefined"});
            }
            json(status, &body)
        }
        // Where what measures them has stopped, the console keeps what it knew, and says how old that is.
        ("web", "timings") => world.timings(at).and_then(|p95_ms| json(200, &json!({ "p95_ms": p95_ms }))),
        ("api", "health") => json(200, &api_health(world, at)),
        ("api", "metrics") => json(200, &api_metrics(world, at)),
        ("auth", "health") => Some(HttpAnswer {
            status: 200,
            content_type: "application/health+json",
            body: json!({"status": "pass", "version": "2", "releaseId": world.version("auth", at),
                "checks": {"db:responseTime": [{"componentType": "datastore", "observedValue": 2, "observedUnit": "ms", "status": "pass"}],
                           "keys:age": [{"observedValue": 6, "observedUnit": "d", "status": "pass"}]}})
            .to_string(),
            takes,
        }),
        ("db", "health") => json(200, &json!({"status": "UP", "components": {
            "primary": {"status": "UP", "details": {"connections": world.connections(at)}},
            "replica": {"status": "UP", "details": {"lag_ms": 12}},
            "diskSpace": {"status": "UP", "details": {"free": 61_203_283_968_u64}}}})),
        ("cache", "health") => match world.fault("cache", at) {
            Some(_) => json(503, &json!({"status": "unhealthy", "error": "max number of clients reached (1024)",
                "services": {"memory": "healthy", "connections": {"status": "unhealthy"}}})),
            None => json(200, &json!({"status": "healthy",
                "services": {"memory": "healthy", "connections": {"status": "healthy", "latency_ms": 1}}})),
        },
        ("worker", "health") => {
            let queue = world.queue(at);
            let says = if world.fault("worker", at).is_some() { "Degraded" } else { "Healthy" };
            json(200, &json!({"status": says, "totalDuration": "00:00:00.004",
                "entries": {"queue": {"status": says, "data": {"jobs": queue}, "description": format!("{queue} jobs wait")},
                            "scheduler": {"status": "Healthy"}}}))
        }
        ("node", "metrics") => Some(HttpAnswer {
            status: 200,
            content_type: "text/plain; version=0.0.4; charset=utf-8",
            body: exposition(world, at),
            takes: Duration::from_millis(2),
        }),
        _ => json(404, &json!({"error": "no such page"})),
    }
}

fn api_health(world: &DemoWorld, at: Duration) -> Value {
    let troubled = world.fault("api", at).is_some();
    let cache = if troubled {
        json!({"status": "unhealthy", "error": "connect ECONNREFUSED cache:6379"})
    } else {
        json!({"status": "healthy", "latency_ms": 1})
    };
    json!({"status": if troubled { "degraded" } else { "healthy" }, "version": world.version("api", at), "environment": "staging",
        "services": {"database": {"status": "healthy", "latency_ms": 3 + world.noise("db", at.as_secs(), 3)}, "cache": cache}})
}

fn api_metrics(world: &DemoWorld, at: Duration) -> Value {
    let (total, failed) = world.requests("api", at);
    let share = world.failing_share("api", at) as f64 / 10.0;
    json!({"total_requests": total, "total_errors": failed, "error_rate": share,
        "avg_response_time": world.latency("api", at).as_millis() as u64})
}

fn exposition(world: &DemoWorld, at: Duration) -> String {
    let mut text = String::from(
        "# HELP http_requests_total Requests by service and outcome.\n# TYPE http_requests_total counter\n",
    );
    for service in SERVICES {
        let (total, failed) = world.requests(service, at);
        let _ = writeln!(text, "http_requests_total{{service=\"{service}\",code=\"200\"}} {}", total - failed);
        let _ = writeln!(text, "http_requests_total{{service=\"{service}\",code=\"500\"}} {failed}");
    }
    let _ =
        writeln!(text, "# HELP queue_jobs Jobs that wait.\n# TYPE queue_jobs gauge\nqueue_jobs {}", world.queue(at));
    let clients = world.clients(at);
    let _ = writeln!(text, "# TYPE cache_clients gauge\ncache_clients {clients}");
    let connections = world.connections(at);
    let _ = writeln!(text, "# TYPE db_connections gauge\ndb_connections {connections}");
    let used = DISK_NOW + at.as_secs_f64() / 6_000.0;
    let _ = writeln!(text, "# TYPE disk_used_percent gauge\ndisk_used_percent{{mount=\"/\"}} {used:.2}");
    let load = 0.6 + world.noise("load", at.as_secs() / 5, 90) as f64 / 100.0;
    let _ = writeln!(text, "# TYPE node_load1 gauge\nnode_load1 {load:.2}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(path: &str, at: u64) -> (u16, Value) {
        let answer = answer(&DemoWorld::new(1), path, Duration::from_secs(at)).unwrap();
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }

    #[test]
    fn every_service_answers_and_the_cache_fails_at_its_time() {
        for service in SERVICES {
            assert_eq!(body(&format!("/{service}/health"), 1).0, 200, "{service}");
        }
        assert_eq!(body("/cache/health", 32).0, 503);
        assert_eq!(body("/api/health", 42).1["status"], "degraded");
        assert_eq!(body("/web/health", 96).0, 500);
    }

    #[test]
    fn a_restarting_service_refuses() {
        let mut world = DemoWorld::new(1);
        world.control(Duration::from_secs(40), super::super::world::Control::Restart("cache".to_owned())).unwrap();
        assert_eq!(answer(&world, "/cache/health", Duration::from_secs(41)), None);
    }
}
