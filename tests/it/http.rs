//! What a check meets over HTTP: connections, bodies, heads and certificates, against servers that misbehave.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what fails here fails the test; files and tasks are the test's own"
)]

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::server::{Reply, Request, Server};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use opsroom::clock::Clock;
use opsroom::config::Config;
use opsroom::config::load::load_text;
use opsroom::model::observation::Observation;
use opsroom::model::reading::{Reading, Sample, Sign};
use opsroom::sources::round::Round;
use opsroom::sources::{SourceContext, polls};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

const OK: &str = r#"{"status":"ok"}"#;

fn config(text: &str) -> Config {
    let loaded = load_text(Path::new("/nonexistent/opsroom.toml"), text);
    loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn context(config: Config) -> (SourceContext, mpsc::Receiver<Observation>) {
    // Expressions run in a process of the program, which a test is not.
    opsroom::sources::jq::use_program(env!("CARGO_BIN_EXE_opsroom").into());
    let (out, observations) = mpsc::channel(256);
    let (secrets, clock) = (Arc::default(), Clock::start());
    (SourceContext { config: Arc::new(config), secrets, clock, out, cancel: CancellationToken::new() }, observations)
}

fn readings(observations: Vec<Observation>) -> Vec<Reading> {
    observations
        .into_iter()
        .filter_map(|observation| if let Observation::Reading(reading) = observation { Some(*reading) } else { None })
        .collect()
}

/// Polls the one check of a configuration once.
async fn ask(text: &str) -> Reading {
    let (context, _observations) = context(config(text));
    readings(polls::poll_once(&context, &[]).await).pop().unwrap()
}

/// Polls a check of a URL once; `more` are lines of its section.
async fn check(url: &str, more: &str) -> Reading {
    ask(&check_of(url, more)).await
}

/// The configuration of one check; `more` are lines of its section. The proxy of who runs the tests is not its own.
fn check_of(url: &str, more: &str) -> String {
    let every = if more.contains("every") { "" } else { "every = \"20s\"" };
    format!("[check.api]\nhttp = \"{url}\"\nproxy = \"\"\n{every}\n{more}\n")
}

fn said(reading: &Reading) -> (Sign, &str) {
    (reading.sign, reading.error.as_ref().map_or("", |error| error.as_str()))
}

/// The scheduler at work.
struct Polling {
    observations: mpsc::Receiver<Observation>,
    cancel: CancellationToken,
    task: JoinHandle<()>,
    poll_now: mpsc::Sender<Vec<opsroom::text::name::Name>>,
}

impl Polling {
    fn start(text: &str) -> Self {
        let (context, observations) = context(config(text));
        let cancel = context.cancel.clone();
        let (poll_now, asked) = mpsc::channel(1);
        Self { observations, cancel, poll_now, task: tokio::spawn(polls::run(context, asked)) }
    }

    async fn next(&mut self) -> Observation {
        tokio::time::timeout(Duration::from_mins(1), self.observations.recv()).await.unwrap().unwrap()
    }

    async fn reading(&mut self) -> Reading {
        loop {
            match self.next().await {
                // A busy machine.
                Observation::Reading(reading)
                    if reading.error.as_ref().is_some_and(|why| why.as_str().contains("no answer within")) => {}
                Observation::Reading(reading) => return *reading,
                _ => {}
            }
        }
    }

    async fn sample(&mut self) -> Sample {
        loop {
            if let Observation::Sample(sample) = self.next().await {
                return sample;
            }
        }
    }

    /// Waits for a reading that fits.
    async fn until(&mut self, fits: impl Fn(&Reading) -> bool) -> Reading {
        for _ in 0..200 {
            let reading = self.reading().await;
            if fits(&reading) {
                return reading;
            }
        }
        panic!("no reading fits")
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.task.abort();
    }
}

/// A poll may take as long as its interval, and the machine may be busy.
const OFTEN: &str = "every = \"1s\"";

/// Reads the head of a request; `false` where the other side has hung up.
async fn heard(stream: &mut BufReader<impl AsyncRead + Unpin>) -> bool {
    let mut line = String::new();
    loop {
        line.clear();
        match stream.read_line(&mut line).await {
            Ok(0) | Err(_) => return false,
            Ok(_) if line.trim_end().is_empty() => return true,
            Ok(_) => {}
        }
    }
}

/// A server that answers every connection so many times with the same bytes, and then closes it at the next request
/// without an answer.
async fn answers(times: usize, answer: &'static str) -> (SocketAddr, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(Mutex::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            *count.lock().unwrap() += 1;
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                for _ in 0..times {
                    if !heard(&mut stream).await || stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
                heard(&mut stream).await;
            });
        }
    });
    (address, connections)
}

const SHORT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}";

#[tokio::test]
async fn a_check_connects_for_every_poll_and_keep_alive_keeps_the_connection() {
    for (more, kept) in [("", false), ("keep_alive = false", false), ("keep_alive = true", true)] {
        let server = Server::start(|_| Reply::json(200, OK)).await;
        let mut polling = Polling::start(&check_of(&server.url("/"), &format!("{OFTEN}\n{more}")));
        for poll in 1..=4 {
            let reading = polling.reading().await;
            assert_eq!(said(&reading), (Sign::Good, ""));
            let connected = reading.phases.iter().any(|(name, _)| *name == "connect");
            assert_eq!(connected, !kept || poll == 1, "{more}: {:?}", reading.phases);
        }
        assert_eq!(server.connections() == 1, kept, "{more}");
        assert!(kept || server.connections() >= 4, "{more}");
    }
}

#[tokio::test]
async fn a_source_that_no_check_judges_keeps_its_connection() {
    for (more, judged, kept) in
        [("", false, true), ("keep_alive = false", false, false), ("", true, false), ("keep_alive = true", true, true)]
    {
        let server = Server::start(|_| Reply::json(200, r#"{"n":7}"#)).await;
        let check = if judged { "[check.api]\nfrom = \"page\"\n" } else { "" };
        let mut polling = Polling::start(&format!(
            "[source.page]\nhttp = \"{}\"\nproxy = \"\"\n{OFTEN}\n{more}\n{check}\
             [metric.n]\nfrom = \"page\"\nvalue = \".body.n\"\n",
            server.url("/")
        ));
        for _ in 0..3 {
            assert_eq!(polling.sample().await.value, Ok(7.0));
        }
        assert_eq!(server.connections() == 1, kept, "{more} {judged}");
    }
}

#[tokio::test]
async fn who_asks_now_gets_a_new_connection() {
    let server = Server::start(|_| Reply::json(200, OK)).await;
    let text = check_of(&server.url("/"), "keep_alive = true");
    let (context, _observations) = context(config(&text));
    let round = Round::new(&context, &[]);
    for connections in 1..=3 {
        assert_eq!(said(&readings(round.poll().await)[0]).0, Sign::Good);
        assert_eq!(server.connections(), connections);
    }
    let mut polling = Polling::start(&text);
    polling.reading().await;
    assert_eq!(server.connections(), 4);
    polling.poll_now.send(Vec::new()).await.unwrap();
    polling.reading().await;
    assert_eq!(server.connections(), 5);
}

#[tokio::test]
async fn a_listener_that_is_gone_is_noticed_though_an_old_connection_would_still_serve() {
    let server = Server::start(|_| Reply::json(200, OK)).await;
    let (url, address) = (server.url("/"), server.address);
    let mut fresh = Polling::start(&check_of(&url, OFTEN));
    let mut kept = Polling::start(&check_of(&url, &format!("{OFTEN}\nkeep_alive = true")));
    assert_eq!(fresh.reading().await.sign, Sign::Good);
    assert_eq!(kept.reading().await.sign, Sign::Good);
    drop(server);
    let refused = format!("{address} refused the connection: nothing listens there");
    let gone = fresh.until(|reading| reading.sign != Sign::Good).await;
    assert_eq!(said(&gone), (Sign::Bad, refused.as_str()));
    // What was asked for with keep_alive: the old process still answers.
    assert_eq!(kept.reading().await.sign, Sign::Good);
    assert_eq!(kept.reading().await.sign, Sign::Good);
}

#[tokio::test]
async fn the_process_that_listens_now_is_judged() {
    let server = Server::start(|_| Reply::json(200, OK)).await;
    let mut polling = Polling::start(&check_of(&server.url("/"), OFTEN));
    assert_eq!(polling.reading().await.sign, Sign::Good);
    let address = server.address;
    drop(server);
    polling.until(|reading| reading.sign == Sign::Bad).await;
    let listener = TcpListener::bind(address).await.unwrap();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            heard(&mut stream).await;
            stream.write_all(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        }
    });
    let new = polling.until(|reading| said(reading).1.contains("500")).await;
    assert_eq!(said(&new), (Sign::Bad, "HTTP 500 Internal Server Error"));
    task.abort();
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_tried_again_before_it_counts() {
    // Every connection answers once and is closed at the second request: only a new one answers it.
    let (address, connections) = answers(1, SHORT).await;
    let mut polling = Polling::start(&check_of(&format!("http://{address}/"), &format!("{OFTEN}\nkeep_alive = true")));
    for _ in 0..4 {
        assert_eq!(said(&polling.reading().await), (Sign::Good, ""));
    }
    assert!(*connections.lock().unwrap() >= 4);
    // A body goes along.
    let more = format!("{OFTEN}\nkeep_alive = true\nmethod = \"POST\"\nbody = \"\"");
    let mut polling = Polling::start(&check_of(&format!("http://{address}/"), &more));
    for _ in 0..3 {
        assert_eq!(said(&polling.reading().await), (Sign::Good, ""));
    }
    // A new connection that is closed counts.
    let (address, connections) = answers(0, SHORT).await;
    let reading = check(&format!("http://{address}/"), "keep_alive = true").await;
    assert_eq!(said(&reading), (Sign::Bad, format!("{address} closed the connection without an answer").as_str()));
    assert_eq!(*connections.lock().unwrap(), 1);
}

#[tokio::test]
async fn the_phases_are_shown_in_timing() {
    let server = Server::start(|_| Reply::json(200, OK)).await;
    let numbers = "[.timing.connect, .timing.first_byte, .timing.total] | all(. > 0)";
    let nulls = ".timing.dns == null and .timing.tls == null";
    let expect = format!("expect = ['{numbers}', '{nulls}', '.timing.total >= .timing.connect']");
    assert_eq!(said(&check(&server.url("/"), &expect).await), (Sign::Good, ""));
    let named = server.url("/").replace("127.0.0.1", "localhost");
    assert_eq!(said(&check(&named, "expect = '.timing.dns > 0'").await), (Sign::Good, ""));
    let port = server.address.port();
    for (host, dns) in [("127.0.0.1", ".timing.dns == null"), ("localhost", ".timing.dns > 0")] {
        let text = format!("[check.db]\ntcp = \"{host}:{port}\"\nexpect = ['{dns}', '.timing.connect > 0']\n");
        let reading = ask(&text).await;
        assert_eq!(said(&reading), (Sign::Good, ""));
        assert!(reading.phases.iter().any(|(name, _)| *name == "connect"));
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn full(headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply::Full { status: 200, headers, body }
}

fn packed(request: &Request) -> Reply {
    let zlib = || {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(OK.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let raw = || {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(OK.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let coding = |name| ("content-encoding", name);
    match request.path.as_str() {
        "/gzip" => full(&[coding("gzip")], gzip(OK.as_bytes())),
        "/zlib" => full(&[coding("deflate")], zlib()),
        "/raw" => full(&[coding("Deflate")], raw()),
        "/two" => full(&[coding("deflate, gzip")], gzip(&zlib())),
        "/identity" => full(&[coding("identity")], OK.into()),
        "/br" => full(&[coding("br")], b"\x0b\x07\x80{\"status\":\"ok\"}\x03".to_vec()),
        "/zstd" => full(&[coding("zstd")], b"\x28\xb5\x2f\xfd".to_vec()),
        "/broken" => full(&[coding("gzip")], gzip(OK.as_bytes())[..20].to_vec()),
        "/not" => full(&[coding("gzip")], OK.into()),
        _ => full(&[coding("gzip")], gzip(&vec![b' '; 3 << 20])),
    }
}

#[tokio::test]
async fn packed_bodies_are_unpacked_or_named() {
    let server = Server::start(packed).await;
    for path in ["/gzip", "/zlib", "/raw", "/two", "/identity"] {
        let reading = check(&server.url(path), r#"expect = '.body.status == "ok"'"#).await;
        assert_eq!(said(&reading), (Sign::Good, ""), "{path}");
    }
    assert_eq!(server.requests()[0].header("accept-encoding"), Some("gzip, deflate"));
    for (path, words) in [
        ("/br", "content-encoding br is not supported"),
        ("/zstd", "content-encoding zstd is not supported"),
        ("/broken", "the gzip body is damaged: it ends too early"),
        ("/not", "the body is not gzip, though content-encoding says so"),
    ] {
        let url = server.url(path);
        assert_eq!(said(&check(&url, "").await), (Sign::Unknown, words), "{path}");
        let expected = format!(".body.status == \"ok\": {words}");
        let expecting = check(&url, r#"expect = '.body.status == "ok"'"#).await;
        assert_eq!(said(&expecting), (Sign::Bad, expected.as_str()), "{path}");
        // What needs no body is judged all the same.
        assert_eq!(said(&check(&url, "expect = '.status == 200'").await), (Sign::Good, ""), "{path}");
        let scraped = format!(
            "[source.page]\nexposition = \"{url}\"\nproxy = \"\"\n[metric.n]\nfrom = \"page\"\nsample = \"up\"\n"
        );
        let (context, _observations) = context(config(&scraped));
        let observations = polls::poll_once(&context, &[]).await;
        let [Observation::Sample(Sample { value: Err(why), .. })] = &observations[..] else {
            panic!("{observations:?}")
        };
        assert_eq!(why.as_str(), format!("answer not understood: {words}"), "{path}");
    }
    let large = check(&server.url("/large"), "").await;
    assert_eq!(said(&large), (Sign::Unknown, "answer not understood: the body is larger than 1 MiB (`max_body`)"));
    let small = check(&server.url("/gzip"), "max_body = \"5B\"").await;
    assert_eq!(said(&small), (Sign::Unknown, "answer not understood: the body is larger than 5 bytes (`max_body`)"));
}

#[tokio::test]
async fn a_body_that_is_not_json_is_told_where_it_is_judged() {
    let server = Server::start(|request| match request.path.as_str() {
        "/html" => full(&[("content-type", "text/html")], "<!doctype html><h1>Log in</h1>".into()),
        "/cut" => Reply::text(200, r#"{"status":"ok","queue":[1,2,3,4"#),
        "/nan" => Reply::text(200, r#"{"n": NaN}"#),
        "/huge" => Reply::text(200, r#"{"n" : 1e400, "m": 2}"#),
        "/empty" => Reply::text(200, ""),
        "/garbage" => Reply::text(200, r#"{"n": 1}}"#),
        "/klingon" => full(&[("content-type", "application/json; charset=x-klingon")], b"{\"n\":\"\xff\"}".to_vec()),
        "/latin" => full(&[("content-type", "application/json; charset=ISO-8859-1")], b"{\"n\":\"\xe9\"}".to_vec()),
        _ => full(&[("content-type", "application/json; charset=utf-16")], {
            "{\"n\":\"é\"}".encode_utf16().flat_map(u16::to_be_bytes).collect()
        }),
    })
    .await;
    for (path, words) in [
        ("/html", "the body is not JSON: expected a value, found `<!doctype` at byte 1 (text/html)"),
        ("/cut", "the body is not JSON: it ends in the middle of a list at byte 31"),
        ("/nan", "the body is not JSON: expected a value, found `NaN` at byte 7"),
        ("/empty", "the body is empty"),
        ("/garbage", "the body is not JSON: unexpected `}` after its end at byte 9"),
        ("/klingon", "charset x-klingon is not supported"),
    ] {
        let url = server.url(path);
        let reading = check(&url, "expect = '.body.n == 1'").await;
        assert_eq!(said(&reading), (Sign::Bad, format!(".body.n == 1: {words}").as_str()), "{path}");
        // jq would take the null for an empty list.
        let empty = check(&url, "expect = '(.body.queue | length) < 10'").await;
        assert_eq!(said(&empty), (Sign::Unknown, format!("(.body.queue | length) < 10: {words}").as_str()), "{path}");
        let degraded = check(&url, "expect = '.status == 200'\ndegraded = '.body.n > 10'").await;
        assert_eq!(said(&degraded), (Sign::Unknown, format!(".body.n > 10: {words}").as_str()), "{path}");
        let text = format!(
            "[source.page]\nhttp = \"{url}\"\nproxy = \"\"\n[metric.n]\nfrom = \"page\"\nvalue = \"(.body.queue | length)\"\n"
        );
        let (context, _observations) = context(config(&text));
        let observations = polls::poll_once(&context, &[]).await;
        let [Observation::Sample(Sample { value: Err(why), .. })] = &observations[..] else {
            panic!("{observations:?}")
        };
        assert_eq!(why.as_str(), words, "{path}");
    }
    // Nothing but the number is lost.
    let huge = server.url("/huge");
    let why = "`.body.n` is null (number out of range `1e400` at byte 8, read as null)";
    assert_eq!(said(&check(&huge, "expect = '.body.m == 2'").await), (Sign::Good, ""));
    let reading = check(&huge, "expect = '.body.n == 1'").await;
    assert_eq!(said(&reading), (Sign::Bad, format!(".body.n == 1: {why}").as_str()));
    let degraded = check(&huge, "expect = '.body.m == 2'\ndegraded = '.body.n > 10'").await;
    assert_eq!(said(&degraded), (Sign::Unknown, format!(".body.n > 10: {why}").as_str()));
    for path in ["/latin", "/utf16"] {
        let reading = check(&server.url(path), r#"expect = '.body.n == "é"'"#).await;
        assert_eq!(said(&reading), (Sign::Good, ""), "{path}");
    }
}

#[tokio::test]
async fn a_code_that_is_not_good_is_not_made_good_by_the_body() {
    let server = Server::start(|request| {
        let code = request.path[1..].parse().unwrap();
        Reply::json(code, OK).header("location", "/200")
    })
    .await;
    for code in [401, 403, 404, 410, 429] {
        let reading = check(&server.url(&format!("/{code}")), "").await;
        assert_eq!(reading.sign, Sign::Bad, "{code}");
        assert!(said(&reading).1.ends_with(", though its body says healthy"), "{reading:?}");
        // Who expects it gets it.
        let expect = format!("expect = ['.status == {code}', '.body.status == \"ok\"']");
        assert_eq!(check(&server.url(&format!("/{code}")), &expect).await.sign, Sign::Good, "{code}");
    }
    for code in [301, 302, 303, 307, 308] {
        let url = server.url(&format!("/{code}"));
        let reading = check(&url, "redirects = 0").await;
        assert_eq!(reading.sign, Sign::Bad, "{code}");
        assert!(said(&reading).1.contains("though its body says healthy"), "{reading:?}");
        assert_eq!(check(&url, "").await.sign, Sign::Good, "{code} is followed");
    }
    assert_eq!(check(&server.url("/503"), "").await.sign, Sign::Degraded);
}

#[tokio::test]
async fn heads_that_browsers_take_are_taken() {
    let many = |count: usize| (0..count).fold(String::new(), |head, n| head + &format!("x-{n}: {n}\r\n"));
    let long = format!("x-long: {}\r\n", "a".repeat(100_000));
    let body = format!("content-length: 15\r\n\r\n{OK}");
    let heads = [
        ("101 headers", format!("HTTP/1.1 200 OK\r\n{}{body}", many(101))),
        ("1000 headers", format!("HTTP/1.1 200 OK\r\n{}{body}", many(1000))),
        ("a long header", format!("HTTP/1.1 200 OK\r\n{long}{body}")),
        ("no reason", format!("HTTP/1.1 200\r\n{body}")),
        ("a small reason", format!("HTTP/1.1 200 ok\r\n{body}")),
        ("bare line feeds", format!("HTTP/1.1 200 OK\ncontent-length: 15\n\n{OK}")),
        ("early hints", format!("HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n{body}")),
        ("continue", format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n{body}")),
        ("HTTP/1.0 without a length", format!("HTTP/1.0 200 OK\r\n\r\n{OK}")),
        ("HTTP/1.1 without a length", format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{OK}")),
        ("a folded header", format!("HTTP/1.1 200 OK\r\nx-a: one\r\n two\r\n{body}")),
        ("a header with a blank", format!("HTTP/1.1 200 OK\r\nx-a : one\r\n{body}")),
        ("a header that is none", format!("HTTP/1.1 200 OK\r\nnonsense\r\n{body}")),
        ("bytes that are not text", format!("HTTP/1.1 200 OK\r\nx-a: caf\u{e9}\r\n{body}")),
        (
            "chunks with extensions and trailers",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n\
             00A;name=\"v\"\r\n{\"status\":\r\n5\r\n\"ok\"}\r\n0\r\nx-sum: 1\r\n\r\n"
                .to_owned(),
        ),
    ];
    for (name, head) in heads {
        let server = Server::start(move |_| Reply::Raw(head.clone().into_bytes())).await;
        let reading = check(&server.url("/"), "expect = ['.status == 200', '.body.status == \"ok\"']").await;
        assert_eq!(said(&reading), (Sign::Good, ""), "{name}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", "a".repeat(1 << 20));
    let server = Server::start(move |_| Reply::Raw(endless.clone().into_bytes())).await;
    let reading = check(&server.url("/"), "").await;
    let expected = format!("the head of the answer of {} is too large", server.address);
    assert_eq!(said(&reading), (Sign::Bad, expected.as_str()));
}

#[tokio::test]
async fn addresses_and_users_in_urls() {
    let listener = TcpListener::bind("[::1]:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            if heard(&mut stream).await {
                let _ = stream.write_all(SHORT.as_bytes()).await;
            }
        }
    });
    assert_eq!(said(&check(&format!("http://{address}/"), "").await), (Sign::Good, ""));
    assert_eq!(said(&ask(&format!("[check.db]\ntcp = \"{address}\"\n")).await), (Sign::Good, ""));
    task.abort();
    let _ = task.await;
    let refused = format!("{address} refused the connection: nothing listens there");
    assert_eq!(said(&check(&format!("http://{address}/"), "").await), (Sign::Bad, refused.as_str()));
    assert_eq!(said(&ask(&format!("[check.db]\ntcp = \"{address}\"\n")).await), (Sign::Bad, refused.as_str()));

    let server = Server::start(|request| match request.path.as_str() {
        "/circle" => Reply::redirect("/circle"),
        "/relative" => Reply::redirect("in/there"),
        _ => Reply::json(200, OK),
    })
    .await;
    let url = |path: &str| server.url(path).replace("http://", "http://user:hunter2@");
    assert_eq!(said(&check(&url("/relative"), "").await), (Sign::Good, ""));
    let asked = server.requests().pop().unwrap();
    assert_eq!((asked.path.as_str(), asked.header("authorization")), ("/in/there", Some("Basic dXNlcjpodW50ZXIy")));
    let circle = check(&url("/circle"), "").await;
    let expected = format!("{} redirects in a loop, back to /circle", server.address);
    assert_eq!(said(&circle), (Sign::Bad, expected.as_str()));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = check(&format!("http://user:hunter2@{closed}/"), "").await;
    assert!(said(&refused).1.contains("refused") && !said(&refused).1.contains("hunter2"), "{refused:?}");
    let strange = check("http://user:hunter2@[nonsense/", "").await;
    assert_eq!(strange.sign, Sign::Unknown);
    assert!(!said(&strange).1.contains("hunter2"), "{strange:?}");
}

#[tokio::test]
async fn a_cold_start_is_a_slow_answer_and_not_a_failure() {
    let server = Server::start(|request| match request.path.as_str() {
        "/slow" => Reply::Drip { body: b"OK".to_vec(), pause: Duration::from_millis(150) },
        "/edge" => Reply::text(503, "waking up"),
        "/service" => Reply::json(503, r#"{"status":"unhealthy","services":{"db":"down"}}"#),
        "/500" => Reply::text(500, "oops"),
        "/404" => Reply::text(404, "no such app"),
        "/reset" => Reply::Reset,
        _ => Reply::json(200, r#"{"status":"unhealthy"}"#),
    })
    .await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = format!("http://{closed}/");
    let no_tls = server.url("/").replace("http:", "https:");
    for (url, sign) in [
        (server.url("/slow").as_str(), Sign::Cold),
        (&server.url("/edge"), Sign::Cold),
        (&server.url("/reset"), Sign::Cold),
        (&server.url("/service"), Sign::Bad),
        (&server.url("/500"), Sign::Bad),
        (&server.url("/404"), Sign::Bad),
        (&server.url("/down"), Sign::Bad),
        ("http://nowhere.invalid/", Sign::Bad),
        (&refused, Sign::Bad),
        (&no_tls, Sign::Bad),
    ] {
        let reading = check(url, "every = \"20s\"\ntimeout = \"100ms\"\ncold_start = \"20s\"").await;
        assert_eq!(reading.sign, sign, "{url}: {reading:?}");
    }
    let db = ask(&format!("[check.db]\ntcp = \"{closed}\"\ncold_start = \"20s\"\n")).await;
    assert_eq!(db.sign, Sign::Bad);
}

/// A certificate that a server shows, with its key.
struct Shown {
    certificate: rcgen::Certificate,
    key: rcgen::KeyPair,
}

/// What a certificate is made of.
struct Made {
    names: &'static [&'static str],
    common: &'static str,
    authority: bool,
    not_after: i32,
}

impl Made {
    fn params(&self) -> rcgen::CertificateParams {
        let names: Vec<String> = self.names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, self.common);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(self.not_after, 3, 4);
        if self.authority {
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        }
        params
    }

    fn signed_by_itself(&self) -> Shown {
        let key = rcgen::KeyPair::generate().unwrap();
        Shown { certificate: self.params().self_signed(&key).unwrap(), key }
    }

    /// Signed by an authority that nobody knows.
    fn signed_by_a_stranger(&self) -> Shown {
        let stranger = Made { names: &[], common: "stranger", authority: true, not_after: 2090 };
        let issuer = rcgen::Issuer::new(stranger.params(), rcgen::KeyPair::generate().unwrap());
        let key = rcgen::KeyPair::generate().unwrap();
        Shown { certificate: self.params().signed_by(&key, &issuer).unwrap(), key }
    }
}

impl Shown {
    fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.der().clone()], key)
            .unwrap();
        config.session_storage = rustls::server::ServerSessionMemoryCache::new(4096);
        TlsAcceptor::from(Arc::new(config))
    }

    async fn serve(&self) -> Server {
        Server::start_tls(self.acceptor(), |_| Reply::json(200, OK)).await
    }
}

const LOCAL: Made = Made { names: &["localhost"], common: "home", authority: false, not_after: 2090 };

#[tokio::test]
async fn a_certificate_that_ca_names_is_trusted_as_curl_does() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    let trusting = format!("ca = \"{}\"", path.display());
    let no_names = Made { names: &[], common: "localhost", ..LOCAL };
    let cases = [
        ("a leaf", LOCAL.signed_by_itself(), "localhost", ""),
        ("an authority", Made { authority: true, ..LOCAL }.signed_by_itself(), "localhost", ""),
        ("a leaf with a common name only", no_names.signed_by_itself(), "localhost", ""),
        ("as openssl makes it", Made { authority: true, ..no_names }.signed_by_itself(), "localhost", ""),
        ("an address", Made { names: &["127.0.0.1"], authority: true, ..LOCAL }.signed_by_itself(), "127.0.0.1", ""),
        (
            "an address as common name",
            Made { names: &[], common: "127.0.0.1", authority: true, ..LOCAL }.signed_by_itself(),
            "127.0.0.1",
            "",
        ),
        ("a leaf of a stranger", LOCAL.signed_by_a_stranger(), "localhost", ""),
        (
            "another name",
            Made { names: &["other.example"], authority: true, ..LOCAL }.signed_by_itself(),
            "localhost",
            "is for another name",
        ),
        (
            "another name beside the right common name",
            Made { names: &["other.example"], common: "localhost", authority: true, ..LOCAL }.signed_by_itself(),
            "localhost",
            "is for another name",
        ),
        (
            "another common name",
            Made { names: &[], common: "other", authority: true, ..LOCAL }.signed_by_itself(),
            "localhost",
            "is for another name",
        ),
        (
            "an expired leaf",
            Made { not_after: 2021, ..LOCAL }.signed_by_itself(),
            "localhost",
            "has expired on 2021-03-04",
        ),
        (
            "an expired authority",
            Made { not_after: 2021, authority: true, ..LOCAL }.signed_by_itself(),
            "localhost",
            "has expired on 2021-03-04",
        ),
        (
            "an expired leaf of a stranger",
            Made { not_after: 2021, ..LOCAL }.signed_by_a_stranger(),
            "localhost",
            "has expired on 2021-03-04",
        ),
    ];
    for (name, shown, host, refused) in &cases {
        std::fs::write(&path, shown.certificate.pem()).unwrap();
        let server = shown.serve().await;
        let url = server.url("/").replace("localhost", host);
        let reading = check(&url, &trusting).await;
        let (sign, words) = said(&reading);
        assert_eq!(sign == Sign::Good, refused.is_empty(), "{name}: {words}");
        assert!(words.contains(refused), "{name}: {words}");
        // Without being named it is not trusted.
        assert_eq!(check(&url, "").await.sign, Sign::Bad, "{name}");
    }
    // Another one with the same names is another one.
    let (named, other) =
        (Made { authority: true, ..LOCAL }.signed_by_itself(), Made { authority: true, ..LOCAL }.signed_by_itself());
    std::fs::write(&path, named.certificate.pem()).unwrap();
    let reading = check(&other.serve().await.url("/"), &trusting).await;
    assert_eq!(reading.sign, Sign::Bad, "{reading:?}");
    let words = check(&other.serve().await.url("/"), "").await;
    assert!(said(&words).1.contains("name it with `ca` to trust it"), "{words:?}");
}

/// A TLS server that remembers how each handshake went.
async fn handshakes(acceptor: TlsAcceptor) -> (SocketAddr, Arc<Mutex<Vec<rustls::HandshakeKind>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kinds = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            kinds.lock().unwrap().extend(stream.get_ref().1.handshake_kind());
            let mut stream = BufReader::new(stream);
            while heard(&mut stream).await && stream.write_all(SHORT.as_bytes()).await.is_ok() {
                let _ = stream.flush().await;
            }
        }
    });
    (address, seen)
}

#[tokio::test]
async fn sessions_are_resumed_except_where_the_certificate_is_looked_at() {
    use rustls::HandshakeKind::{Full, Resumed};
    let shown = LOCAL.signed_by_itself();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, shown.certificate.pem()).unwrap();
    for (expect, second) in [(".status == 200", Resumed), (".tls.days_left > 100", Full)] {
        let (address, kinds) = handshakes(shown.acceptor()).await;
        let more = format!("ca = \"{}\"\nexpect = '{expect}'\n{OFTEN}", path.display());
        let mut polling = Polling::start(&check_of(&format!("https://localhost:{}/", address.port()), &more));
        for _ in 0..3 {
            let reading = polling.reading().await;
            assert_eq!(said(&reading), (Sign::Good, ""));
            for phase in ["dns", "connect", "tls"] {
                assert!(reading.phases.iter().any(|(name, _)| *name == phase), "{reading:?}");
            }
        }
        assert_eq!(kinds.lock().unwrap()[..3], [Full, second, second]);
    }
}

#[tokio::test]
async fn sessions_of_several_hundred_servers_are_kept() {
    let (address, kinds) = handshakes(LOCAL.signed_by_itself().acceptor()).await;
    let mut text = String::new();
    for number in 0..400 {
        let url = format!("https://n{number}.localhost:{}/", address.port());
        text.push_str(
            &check_of(&url, "insecure = true\nevery = \"2m\"\ntimeout = \"1m\"\n")
                .replace("api", &format!("c{number}")),
        );
    }
    let (context, _observations) = context(config(&text));
    let round = Round::new(&context, &[]);
    for _ in 0..2 {
        let readings = readings(round.poll().await);
        assert!(readings.iter().all(|reading| reading.sign == Sign::Good), "{:?}", readings[0]);
    }
    let resumed = kinds.lock().unwrap()[400..].iter().filter(|kind| **kind == rustls::HandshakeKind::Resumed).count();
    assert_eq!(resumed, 400);
}

#[tokio::test]
async fn a_host_that_many_sources_are_read_from_keeps_a_connection_for_each() {
    // Most of them are under way at any moment.
    let server = Server::start(|_| Reply::Drip { body: b"OK".to_vec(), pause: Duration::from_millis(300) }).await;
    let section = |number: usize| {
        check_of(&server.url("/"), "keep_alive = true\nevery = \"1s\"\ntimeout = \"1s\"\n")
            .replace("api", &format!("c{number}"))
    };
    let mut polling = Polling::start(&(0..20).map(section).collect::<String>());
    for _ in 0..100 {
        polling.reading().await;
    }
    assert!(server.connections() <= 20, "{} connections for 20 sources", server.connections());
}

#[tokio::test]
async fn a_certificate_that_expires_is_noticed_over_an_old_session_or_connection() {
    let mut params = LOCAL.params();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(now.as_secs() + 3);
    let key = rcgen::KeyPair::generate().unwrap();
    let shown = Shown { certificate: params.self_signed(&key).unwrap(), key };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, shown.certificate.pem()).unwrap();
    let server = shown.serve().await;
    let polling = ["keep_alive = true", ""].map(|more| {
        Polling::start(&check_of(&server.url("/"), &format!("ca = \"{}\"\n{OFTEN}\n{more}", path.display())))
    });
    for mut polling in polling {
        let expired = polling.until(|reading| reading.sign != Sign::Good).await;
        assert!(said(&expired).1.contains("has expired on"), "{expired:?}");
    }
}
