//! What an HTTP answer says of a service where no `expect` does: by its status code and its body together.
//!
//! | code | body says ok | degraded | down | unknown | says nothing |
//! |---|---|---|---|---|---|
//! | 2xx | good | degraded | bad | unknown | good |
//! | 5xx | degraded | degraded | bad | bad | bad |
//! | any other | bad | bad | bad | bad | bad |
//!
//! The health formats use 5xx for what is not well, so there the body may say how unwell it is. 3xx and 4xx come from
//! somebody else than the health endpoint (a login, a limit, a missing page), whatever the body says.

use serde_json::Value;

use crate::model::reading::Sign;
use crate::model::status::Status;

use crate::sources::answer::{reason_phrase, said_before};
use crate::sources::health::{self, Health};

/// What the body of an HTTP document says of the service's health, if it is in a known form.
pub(crate) fn health(document: &Value) -> Option<Health> {
    health::read(&document["body"], document["text"].as_str().unwrap_or_default())
}

/// The sign of an HTTP answer, and why it is not good.
pub(crate) fn judge(document: &Value, health: Option<&Health>) -> (Sign, Option<String>) {
    let code = document["status"].as_u64().unwrap_or_default();
    let said = health.map(|health| health.status);
    match code {
        200..300 => match (said, health) {
            (Some(Status::Ok), _) => (Sign::Good, None),
            (Some(Status::Degraded), Some(health)) => (Sign::Degraded, Some(detailed("degraded", health))),
            (Some(Status::Down), Some(health)) => (Sign::Bad, Some(detailed("unhealthy", health))),
            (Some(_), Some(health)) => (Sign::Unknown, Some(detailed("its own status is unknown", health))),
            _ => undecoded(document).map_or((Sign::Good, None), |why| (Sign::Unknown, Some(why.to_owned()))),
        },
        500..600 => match (said, health) {
            (Some(Status::Ok), _) => (Sign::Degraded, Some(contradiction(code, "healthy"))),
            (Some(Status::Degraded), Some(health)) => (Sign::Degraded, Some(detailed("degraded", health))),
            (Some(Status::Down), Some(health)) => (Sign::Bad, Some(detailed("unhealthy", health))),
            _ => (Sign::Bad, Some(said_before(document, describe(code)))),
        },
        _ => match (said, health) {
            (Some(Status::Ok), _) => (Sign::Bad, Some(contradiction(code, "healthy"))),
            (Some(Status::Degraded), _) => (Sign::Bad, Some(contradiction(code, "degraded"))),
            (Some(Status::Down), Some(health)) => {
                (Sign::Bad, Some(format!("{} ({})", detailed("unhealthy", health), describe(code))))
            }
            _ => (Sign::Bad, Some(said_before(document, describe(code)))),
        },
    }
}

/// `HTTP 503 Service Unavailable`
pub(crate) fn describe(code: u64) -> String {
    reason_phrase(code).map_or_else(|| format!("HTTP {code}"), |reason| format!("HTTP {code} {reason}"))
}

fn contradiction(code: u64, said: &str) -> String {
    format!("{}, though its body says {said}", describe(code))
}

fn detailed(what: &str, health: &Health) -> String {
    health
        .detail
        .as_ref()
        .map_or_else(|| format!("its health document says {what}"), |detail| format!("{what}: {detail}"))
}

/// Why the body could not even be unpacked: whatever it says of the service is not known.
fn undecoded(document: &Value) -> Option<&str> {
    document.get("text").filter(|text| text.is_null()).and_then(|_| document.get("body_error")?.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn code_and_body_must_both_be_good() {
        use Sign::{Bad, Degraded, Good, Unknown};
        // What each form says, for the five columns of the table above.
        let forms: [(&str, Vec<Value>); 5] = [
            (
                "ok",
                vec![
                    json!({"body": {"status": "ok"}}),
                    json!({"body": {"status": "healthy", "services": {"db": "up"}}}),
                    json!({"body": {"status": "pass", "checks": {"db": [{"status": "pass"}]}}}),
                    json!({"body": {"status": "UP", "components": {"db": {"status": "UP"}}}}),
                    json!({"body": [{"name": "db", "status": "up"}]}),
                    json!({"body": {"ok": true}}),
                    json!({"body": true}),
                    json!({"body": "Healthy"}),
                    json!({"body": null, "text": "OK\n"}),
                    json!({"body": null, "text": "[+]ping ok\nreadyz check passed\n"}),
                ],
            ),
            (
                "degraded",
                vec![
                    json!({"body": {"status": "degraded"}}),
                    json!({"body": {"status": "warn", "checks": {"db": [{"status": "warn"}]}}}),
                    json!({"body": {"status": "Degraded", "entries": {"sql": {"status": "Degraded"}}}}),
                    json!({"body": null, "text": "Degraded"}),
                ],
            ),
            (
                "down",
                vec![
                    json!({"body": {"status": "unhealthy"}}),
                    json!({"body": {"status": "fail", "output": "x"}}),
                    json!({"body": {"status": "DOWN", "components": {"db": {"status": "DOWN"}}}}),
                    json!({"body": {"status": "OUT_OF_SERVICE"}}),
                    json!({"body": {"status": "error", "error": {"db": {"status": "down"}}, "details": {}}}),
                    json!({"body": false}),
                    json!({"body": null, "text": "Unhealthy"}),
                    json!({"body": null, "text": "[+]ping ok\n[-]etcd failed: reason withheld\n"}),
                ],
            ),
            ("unknown", vec![json!({"body": {"status": "starting"}}), json!({"body": {"status": "UNKNOWN"}})]),
            (
                "nothing",
                vec![
                    json!({"body": {"total": 1}}),
                    json!({"body": null, "text": "<h1>Hello</h1>"}),
                    json!({"body": null, "text": ""}),
                ],
            ),
        ];
        let table: &[(&[u64], [Sign; 5])] = &[
            (&[200, 201, 203, 204, 206, 299], [Good, Degraded, Bad, Unknown, Good]),
            (&[500, 502, 503, 504, 599], [Degraded, Degraded, Bad, Bad, Bad]),
            (
                &[101, 300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 408, 410, 418, 429, 451, 499, 600, 999],
                [Bad; 5],
            ),
        ];
        for (codes, signs) in table {
            for (code, (sign, (form, documents))) in
                codes.iter().flat_map(|code| std::iter::repeat(code).zip(signs.iter().zip(&forms)))
            {
                for document in documents {
                    let mut document = document.clone();
                    document["status"] = json!(code);
                    let health = health(&document);
                    assert_eq!(health.is_none(), *form == "nothing", "{document}");
                    let (found, why) = judge(&document, health.as_ref());
                    assert_eq!((found, why.is_none()), (*sign, *sign == Good), "{document}: {why:?}");
                }
            }
        }
    }

    #[test]
    fn the_words_name_the_code_and_what_the_body_says() {
        for (document, expected) in [
            (json!({"status": 401, "body": {"status": "ok"}}), "HTTP 401 Unauthorized, though its body says healthy"),
            (
                json!({"status": 301, "body": {"status": "ok"}}),
                "HTTP 301 Moved Permanently, though its body says healthy",
            ),
            (
                json!({"status": 429, "body": {"status": "degraded"}}),
                "HTTP 429 Too Many Requests, though its body says degraded",
            ),
            (
                json!({"status": 500, "body": {"status": "ok"}}),
                "HTTP 500 Internal Server Error, though its body says healthy",
            ),
            (
                json!({"status": 404, "body": {"status": "error", "message": "no such page"}}),
                "unhealthy: no such page (HTTP 404 Not Found)",
            ),
            (json!({"status": 503, "body": {"status": "DOWN"}}), "its health document says unhealthy"),
            (json!({"status": 503, "body": {"status": "starting"}}), "HTTP 503 Service Unavailable"),
            (
                json!({"status": 503, "body": {"error": "connection pool exhausted"}}),
                "connection pool exhausted (HTTP 503 Service Unavailable)",
            ),
            (json!({"status": 404, "body": null, "text": "no such app\n"}), "no such app (HTTP 404 Not Found)"),
            (json!({"status": 799, "body": null, "text": ""}), "HTTP 799"),
        ] {
            let health = health(&document);
            assert_eq!(judge(&document, health.as_ref()).1.as_deref(), Some(expected), "{document}");
        }
    }

    #[test]
    fn a_body_that_can_not_be_unpacked_is_no_good_news() {
        let packed = |code| json!({"status": code, "body": null, "text": null, "body_error": "content-encoding br is not supported"});
        let why = Some("content-encoding br is not supported".to_owned());
        assert_eq!(judge(&packed(200), None), (Sign::Unknown, why));
        assert_eq!(judge(&packed(404), None).0, Sign::Bad);
        assert_eq!(judge(&packed(503), None).0, Sign::Bad);
    }
}
