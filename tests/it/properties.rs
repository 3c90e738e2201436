//! The properties of everything that reads what others wrote, over generated input: pieces of what is usual, bent.

use crate::support::properties;
use proptest::prelude::*;

/// Bytes that mean something to one reader or another.
const HOSTILE: [&[u8]; 24] = [
    b"\x1b[31m",
    b"\x1b]0;",
    b"\x07",
    b"\x1b\\",
    b"\x9b",
    b"\xc2\x9b",
    b"\r",
    b"\n",
    b"\t",
    b"\0",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"=",
    b"#",
    b"\xe2\x80\xae",
    b"\xef\xbb\xbf",
    b"\xff",
    b"'",
    b"\\u0000",
    b"1e999",
    b"\xf0\x9f\x91\xa9\xe2\x80\x8d",
];

/// A usual input, bent: parts left out, doubled or replaced, hostile bytes put in.
fn bent(usual: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let bend = (0..5_u8, any::<prop::sample::Index>(), 0..40_usize, prop::sample::select(HOSTILE.to_vec()));
    let start = prop_oneof![
        9 => prop::sample::select(usual).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ];
    (start, prop::collection::vec(bend, 0..6)).prop_map(|(mut bytes, bends)| {
        for (how, place, len, hostile) in bends {
            let at = place.index(bytes.len() + 1);
            let end = (at + len).min(bytes.len());
            match how {
                0 => drop(bytes.drain(at..end)),
                1 => {
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                2 => drop(bytes.splice(at..end, hostile.iter().copied())),
                3 => drop(bytes.splice(at..at, hostile.repeat(len + 1))),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const LOGS: [&str; 7] = [
    "{\"time\":\"2026-11-21T02:41:05.123Z\",\"level\":\"error\",\"msg\":\"connect refused\",\"http\":{\"status\":502,\"tags\":[1,\"a\"]}}\n",
    "2026-11-21T02:41:05Z ERROR api connect ECONNREFUSED 10.0.0.5:5432 trace=8f2c\n  at main (index.js:1)\n",
    "time=\"2026-11-21T02:41:05Z\" level=warn msg=\"retry 3 of 5\" ms=400\n",
    "Nov 21 02:41:05 host sshd[123]: Accepted publickey for ops from 10.0.0.1 port 22\n",
    "10.0.0.1 - - [21/Nov/2026:02:41:05 +0000] \"GET /health HTTP/1.1\" 200 12 \"-\" \"curl/8\"\n",
    "\u{1b}[31mERROR\u{1b}[0m pass swordfish line one\nline two \u{1b}]0;title\u{7} p&ss\"word swordfish\n",
    "[2026-11-21 02:41:05,123] [INFO] [main] started in 1.2s\r\n1763692865 epoch\n",
];

const FORMS: [&str; 14] = [
    "10.0.0.1 - bob [21/Nov/2026:02:41:05 +0000] \"GET /a HTTP/1.1\" 503 12 \"-\" \"curl \\x22q\\x22\" \"1.2.3.4\" 0.12 rt=1",
    "2026/11/21 10:00:00 [error] 7#8: *1 connect() failed, client: 10.0.0.1, server: x, request: \"GET / HTTP/1.1\"",
    "[Sat Nov 21 10:00:00.123456 2026] [core:error] [pid 12:tid 34] [client 10.0.0.1:1234] AH00128: no file",
    "<165>1 2026-11-21T10:00:04.003Z web1 shop 8710 ID47 [a@1 b=\"c\\\"\\]\"][d] text x=1",
    "<34>Nov 21 10:00:00 web1 su[12]: 'su root' failed",
    "E1121 10:00:00.123456       1 file.go:123] \"lost\" err=\"no\"",
    "2026-11-21 10:00:00.123 UTC [12] shop@orders ERROR:  relation \"x\" does not exist",
    "{\"t\":{\"$date\":\"2026-11-21T10:00:00.123+00:00\"},\"s\":\"D2\",\"c\":\"NETWORK\",\"msg\":\"m\\u0041\"}",
    "1:M 21 Nov 2026 10:00:00.123 * Ready",
    "Nov 21 10:00:00 lb haproxy[1]: 10.0.0.1:1 [21/Nov/2026:10:00:00.123] web app/s1 0/0/1/2/3 502 5 - - ---- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
    "2026-11-21 10:00:00,123 - shop.orders - ERROR - no order=7",
    "[2026-11-21 10:00:00,123: INFO/Worker-1] Task",
    "2026-11-21T10:00:00.123Z  WARN 7 --- [shop] [main] c.e.Shop : slow took=5ms",
    "E, [2026-11-21T10:00:00.123456 #7] ERROR -- shop: no",
];

const TIMES: [&str; 9] = [
    "2026-11-21T10:00:00.123456789+02:00",
    "2026-11-21 10:00:00,123 UTC",
    "2026/11/21 10:00:00",
    "[21/Nov/2026:10:00:00 +0000]",
    "<34>Nov  1 10:00:00 host",
    "Sat Nov 21 10:00:00.123456 2026",
    "1795255200123",
    "I1121 10:00:00.123456",
    "1:M 21 Nov 2026 10:00:00.123",
];

const TRACES: [&str; 8] = [
    "2026-11-21 10:00:00,123 ERROR failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: no\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\"\nKeyError: 1\n",
    "java.lang.IllegalStateException: no\n\tat a.B.c(B.java:1)\n\tSuppressed: x\nCaused by: y.Z: w\n\t... 3 more\n",
    "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:1 +0x1\nexit status 2\n",
    "thread 'main' panicked at a.rs:1:2:\nno\nstack backtrace:\n   0: x\nnote: more\n",
    "/a.js:1\nthrow x\n^\n\nTypeError: x\n    at f (a.js:1:2) {\n  code: 'E'\n}\n\nNode.js v20\n",
    "2026-11-21 10:00:00.123 UTC [1] ERROR:  no\n2026-11-21 10:00:00.123 UTC [1] DETAIL:  Key\n\tmore\n",
    "\u{1b}[31mERROR\u{1b}[0m red\n\u{1b}[2m    at x\u{1b}[0m\n{\"level\":\"info\"}\n  a table\n  in it\n",
    "words\n  indented words\nfail: a[0]\n      b\n\n\nmore\n",
];

const EXPOSITIONS: [&str; 3] = [
    "# HELP up Is it\n# TYPE up gauge\nup 1\nup{job=\"api\",path=\"a\\\\b\\n\\\"c\\\"\"} 0 1700000000000\n",
    "# TYPE http_requests counter\nhttp_requests_total{code=\"500\"} 1e3 # {trace_id=\"x\"} 0.5\nhttp_requests_total{code=\"200\"} +Inf\n# EOF\n",
    "{\"utf8.name\",label=\"ü\"} NaN\nh_bucket{le=\"+Inf\"} 4\nh_sum 1.5\n",
];

const MESSAGES: [&str; 6] = [
    "request 4bf92f3577b34da6 of ann.lee@mail.example.com from 10.0.0.1:5432 took 1h30m2.5s",
    "2026-11-21T10:00:00.123Z user 123e4567-e89b-12d3-a456-426614174000 at fe80::1ff:fe23:4567:890a%eth0",
    "[21/Nov/2026:10:00:00 +0000] GET /v1/items/965?q=5a3f HTTP/1.1 eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.dB-j_1==",
    "offset=-5 x=+7 1,234,567 rows 1.5e-3 50% 00:1b:44:11:3a:b7 0x7fff5fbff8c0 2.5\u{b5}s",
    "a1b2@x.y.com1@z.org 999.1.1.1.1 12:34:56,7 +02 2026/11/21 1.2.3.4/24",
    "deadbeef-dead-beef-dead-beefdeadbeef9 ::1 2001:db8::1: 1::2::3",
];

const FILTERS: [&str; 6] = [
    "level>=warn -\"GET /health\" /re.*f/i service:api",
    "(a or b) and not c ms>40",
    "msg:\"connect refused\" since:10m",
    "http.status>=500 trace:8f2c",
    "-debug ~10 \"unclosed",
    "/[a-z/ level:error..fatal",
];

const CONFIGS: [&str; 4] = [
    "[console]\nname = \"x\"\n[check.api]\nhttp = \"http://127.0.0.1:1/health\"\nevery = \"15s\"\ntimeout = \"5s\"\nexpect = ['.status == 200']\nalert = { critical = \"down for 2m\" }\n",
    "[source.m]\nexposition = \"http://127.0.0.1:1/metrics\"\n[metric.p]\nfrom = \"m\"\nsample = 'up{job=\"a\"}'\nunit = \"%\"\nalert = { high = \"> 85% until < 75%\" }\n",
    "[adapter.a]\nkind = \"script\"\nrestart = { steps = [[\"./ctl\", \"restart\", \"{target}\"]] }\n[action.r]\nadapter = \"a\"\ndo = \"restart\"\ntarget = \"t\"\nkey = \"R\"\n",
    "[log.a]\nfile = \"/nonexistent/*.log\"\nignore = ['GET']\n[screen.w]\nkey = \"w\"\nrows = [[\"services*2\", \"alerts\"], [\"log:a\"]]\n[keys]\n\"ctrl-l\" = \"redraw\"\n",
];

const HEALTH: [&str; 4] = [
    "{\"status\":\"degraded\",\"services\":{\"db\":{\"status\":\"unhealthy\",\"error\":\"no\",\"latency_ms\":3}},\"version\":\"1.2\"}",
    "{\"status\":\"warn\",\"checks\":{\"db:time\":[{\"status\":\"pass\",\"observedValue\":2,\"observedUnit\":\"ms\"}]}}",
    "{\"status\":\"UP\",\"components\":{\"db\":{\"status\":\"DOWN\",\"details\":{\"error\":\"x\"},\"components\":{\"a\":{\"status\":\"UP\"}}}}}",
    "OK",
];

const CONDITIONS: [&str; 8] = [
    "> 5% for 5m",
    "> 85% until < 75%",
    "changes > 3 in 10m",
    "days_left < 21",
    "down for 2m",
    "!= \"ok\"",
    "1h30m",
    ".body.status == \"healthy\"",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sanitiser(bytes in bent(&LOGS)) {
        properties::sanitiser(&bytes);
    }

    #[test]
    fn redactor(bytes in bent(&LOGS)) {
        properties::redactor(&bytes);
    }

    #[test]
    fn exposition(bytes in bent(&EXPOSITIONS)) {
        properties::exposition(&bytes);
    }

    #[test]
    fn log_lines(bytes in bent(&LOGS)) {
        properties::log_lines(&bytes);
    }

    #[test]
    fn formats(bytes in bent(&FORMS)) {
        properties::formats(&lossy(&bytes));
    }

    #[test]
    fn timestamps(bytes in bent(&TIMES)) {
        properties::timestamps(&lossy(&bytes));
    }

    #[test]
    fn containers(bytes in bent(&LOGS)) {
        properties::containers(&bytes);
    }

    #[test]
    fn joining(parts in prop::collection::vec(bent(&TRACES), 1..5)) {
        properties::joining(&parts.concat());
    }

    #[test]
    fn log_encodings(bytes in bent(&LOGS), encoding in 0..7_u8, wide in any::<bool>()) {
        let bytes: Vec<u8> = if wide { bytes.iter().flat_map(|byte| [*byte, 0]).collect() } else { bytes };
        properties::log_encodings(&[&[encoding], &bytes[..]].concat());
    }

    #[test]
    fn filter(bytes in bent(&FILTERS)) {
        properties::filter(&lossy(&bytes));
    }

    #[test]
    fn mask(bytes in bent(&MESSAGES)) {
        properties::mask(&lossy(&bytes));
    }

    #[test]
    fn config(bytes in bent(&CONFIGS)) {
        properties::config(&lossy(&bytes));
    }

    #[test]
    fn health_body(bytes in bent(&HEALTH)) {
        properties::health_body(&bytes);
    }

    #[test]
    fn small_languages(bytes in bent(&CONDITIONS)) {
        properties::small_languages(&lossy(&bytes));
    }
}

#[test]
fn a_return_at_the_end_of_a_joined_line_takes_back_what_it_does_elsewhere() {
    properties::joining(b"F QA\x9c\n \xbcf@=\t\r\t\n]\x80\r\x0f\r\x80");
    properties::joining(b"2026-11-21 10:00:00 ERROR x\n    a\r\t\n  \n\n");
}

#[test]
fn a_configured_encoding_stands_against_the_mark_of_another() {
    properties::log_encodings(b"\x01\xff\xfe\n\xf5");
}
