//! Polled sources against a server that misbehaves.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what fails here fails the test; files and tasks are the test's own"
)]

use std::sync::Arc;
use std::time::Duration;

use crate::support::server::{Reply, Request, Server};
use opsroom::clock::Clock;
use opsroom::config::Config;
use opsroom::config::kinds::SourceKind;
use opsroom::config::kinds::command::CommandLine;
use opsroom::config::kinds::http::HttpRequest;
use opsroom::config::kinds::tcp::TcpTarget;
use opsroom::config::sections::check::Check;
use opsroom::config::sections::console::SelfCheck;
use opsroom::config::sections::metric::{Metric, MetricKind};
use opsroom::config::sections::source::Source;
use opsroom::lang::condition::Condition;
use opsroom::lang::expression::Expression;
use opsroom::lang::selector::Selector;
use opsroom::model::alert::Severity;
use opsroom::model::observation::Observation;
use opsroom::model::reading::{Reading, Sample, Sign};
use opsroom::model::status::Status;
use opsroom::sources::{SourceContext, polls};
use opsroom::text::secret::{Secrets, Template};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(20);

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        url: Template(url.to_owned()),
        method: "GET".to_owned(),
        headers: Vec::new(),
        body: None,
        // The proxy of whoever runs the tests is none of theirs.
        proxy: Some(Template(String::new())),
        ca: None,
        client_cert: None,
        insecure: false,
        redirects: 10,
        max_body: 1 << 20,
        keep_alive: None,
    }
}

fn source(kind: SourceKind, timeout: Duration) -> Source {
    Source { name: "check:api".into(), kind, every: Duration::from_secs(1), timeout, keep_warm: None, cold_start: None }
}

fn programs(texts: &[&str]) -> Vec<Expression> {
    texts.iter().map(|text| Expression::compile(text).expect("a program")).collect()
}

fn check() -> Check {
    Check {
        name: "api".into(),
        service: None,
        source: "check:api".into(),
        every: Duration::from_secs(1),
        timeout: LONG,
        expect: Vec::new(),
        degraded: Vec::new(),
        fail_after: 3,
        ok_after: 2,
        cold_start: None,
        nagios: false,
        alerts: Vec::new(),
    }
}

fn value(name: &str, program: &str) -> Metric {
    let kind =
        MetricKind::Value { from: "check:api".into(), program: Expression::compile(program).expect("a program") };
    metric(name, kind)
}

fn metric(name: &str, kind: MetricKind) -> Metric {
    Metric {
        name: name.into(),
        title: name.to_owned(),
        alert_title: name.to_owned(),
        service: None,
        kind,
        unit: String::new(),
        per_second: false,
        every: Duration::from_secs(1),
        stale_after: Duration::from_secs(10),
        alerts: Vec::new(),
    }
}

fn config(source: Source, check: Check) -> Config {
    Config { sources: vec![source], checks: vec![check], ..Config::default() }
}

fn context(config: Config) -> (SourceContext, mpsc::Receiver<Observation>) {
    opsroom::sources::jq::use_program(env!("CARGO_BIN_EXE_opsroom").into());
    let (out, observations) = mpsc::channel(256);
    let context = SourceContext {
        config: Arc::new(config),
        secrets: Arc::new(Secrets::default()),
        clock: Clock::start(),
        out,
        cancel: CancellationToken::new(),
    };
    (context, observations)
}

async fn poll(config: Config) -> (Option<Reading>, Vec<Sample>) {
    let (context, _observations) = context(config);
    let (mut reading, mut samples) = (None, Vec::new());
    for observation in polls::poll_once(&context, &[]).await {
        match observation {
            Observation::Reading(new) => reading = Some(*new),
            Observation::Sample(sample) => samples.push(sample),
            other => panic!("{other:?}"),
        }
    }
    (reading, samples)
}

/// Polls one HTTP check once.
async fn ask(request: HttpRequest, timeout: Duration) -> Reading {
    poll(config(source(SourceKind::Http(Arc::new(request)), timeout), check())).await.0.unwrap()
}

fn error(reading: &Reading) -> &str {
    reading.error.as_ref().map_or("", |error| error.as_str())
}

#[tokio::test]
async fn a_health_document_is_judged_without_any_expectation() {
    let server = Server::start(|request| match request.path.as_str() {
        "/good" => Reply::json(
            200,
            r#"{"status":"healthy","version":"1.8.2","services":{"db":{"status":"healthy","latency_ms":4}}}"#,
        ),
        "/degraded" => Reply::json(200, r#"{"status":"degraded","services":{"redis":"unhealthy"}}"#),
        "/down" => Reply::json(503, r#"{"status":"unhealthy","services":{"db":{"status":"down","error":"refused"}}}"#),
        "/liar" => Reply::json(500, r#"{"status":"healthy"}"#),
        "/plain" => Reply::text(204, ""),
        _ => Reply::text(404, "<h1>Not Found</h1>"),
    })
    .await;
    let good = ask(request(&server.url("/good")), LONG).await;
    assert_eq!((good.sign, error(&good)), (Sign::Good, ""));
    assert_eq!(good.components["db"].status, Status::Ok);
    assert_eq!(good.version.unwrap().as_str(), "1.8.2");
    assert!(good.phases.iter().any(|(name, _)| *name == "first_byte"));
    let degraded = ask(request(&server.url("/degraded")), LONG).await;
    assert_eq!((degraded.sign, error(&degraded)), (Sign::Degraded, "degraded: redis"));
    let down = ask(request(&server.url("/down")), LONG).await;
    assert_eq!((down.sign, error(&down)), (Sign::Bad, "unhealthy: db (refused)"));
    let liar = ask(request(&server.url("/liar")), LONG).await;
    assert_eq!(liar.sign, Sign::Degraded);
    assert_eq!(ask(request(&server.url("/plain")), LONG).await.sign, Sign::Good);
    let missing = ask(request(&server.url("/missing")), LONG).await;
    assert_eq!((missing.sign, error(&missing)), (Sign::Bad, "HTTP 404 Not Found"));
}

#[tokio::test]
async fn what_a_service_repeats_of_a_secret_is_masked_before_it_leaves_the_poller() {
    let server = Server::start(|_| {
        let body = r#"{"status":"down","version":"of hunter2secret","services":{"db":{"status":"down","error":"not hunter2secret"}}}"#;
        Reply::json(503, body)
    })
    .await;
    let kind = SourceKind::Http(Arc::new(request(&server.url("/"))));
    let metrics = vec![value("said", ".body.version")];
    let (mut context, _observations) = context(Config { metrics, ..config(source(kind, LONG), check()) });
    let mut secrets = Secrets::default();
    secrets.insert("token".into(), "hunter2secret".to_owned());
    context.secrets = Arc::new(secrets);
    let observations = polls::poll_once(&context, &[]).await;
    let [Observation::Reading(reading), Observation::Sample(sample)] = &observations[..] else {
        panic!("{observations:?}")
    };
    assert_eq!(error(reading), "unhealthy: db (not ***)");
    assert_eq!(reading.version.as_ref().unwrap().as_str(), "of ***");
    assert_eq!(reading.components["db"].detail.as_ref().unwrap().as_str(), "not ***");
    let why = sample.value.as_ref().unwrap_err();
    assert_eq!(why.as_str(), "the expression gave the string \"of ***\", not a number");
}

fn command(script: &str) -> SourceKind {
    let line = CommandLine { argv: vec![script.to_owned()], shell: true, directory: None, env: Vec::new() };
    SourceKind::Command(Arc::new(line))
}

#[tokio::test]
async fn commands_are_judged_by_their_exit_code() {
    for (script, nagios, sign, words) in [
        ("exit 0", false, Sign::Good, ""),
        ("echo slow; exit 1", false, Sign::Degraded, "slow (exit code 1)"),
        ("echo refused >&2; exit 2", false, Sign::Bad, "refused (exit code 2)"),
        ("exit 3", false, Sign::Bad, "exit code 3"),
        ("exit 3", true, Sign::Unknown, "exit code 3"),
        ("echo 'DISK CRITICAL | /=99%'; exit 2", true, Sign::Bad, "DISK CRITICAL (exit code 2)"),
        ("kill -9 $$", false, Sign::Bad, "ended by signal 9"),
    ] {
        let check = Check { nagios, ..check() };
        let reading = poll(config(source(command(script), LONG), check)).await.0.unwrap();
        assert_eq!((reading.sign, error(&reading)), (sign, words), "{script}");
    }
}

#[tokio::test]
async fn a_command_that_hangs_is_ended_with_everything_it_started() {
    let directory = tempfile::tempdir().unwrap();
    let witness = directory.path().join("pid");
    // The grandchild ignores TERM and would live for ten minutes.
    let script = format!("(trap '' TERM; sleep 600) & echo $! > {}; wait", witness.display());
    let reading = poll(config(source(command(&script), SOON), check())).await.0.unwrap();
    assert_eq!(reading.sign, Sign::Bad);
    assert!(!reading.answered);
    let pid =
        rustix::process::Pid::from_raw(std::fs::read_to_string(witness).unwrap().trim().parse().unwrap()).unwrap();
    // Killed; somebody else has to take the body away, which may take a moment.
    let gone = || {
        rustix::process::test_kill_process(pid).is_err()
            || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    };
    while !gone() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_daemon_left_behind_does_not_hold_the_poll() {
    let reading = poll(config(source(command("sleep 5 & echo fine"), LONG), check())).await.0.unwrap();
    assert_eq!(reading.sign, Sign::Good);
    assert!(reading.timing.latency() < Duration::from_secs(5));
}

#[tokio::test]
async fn commands_get_a_clean_environment_and_metrics_read_their_json() {
    let script = r#"test -t 0 && exit 9; printf '{"n": "%s", "path": %d, "lang": "%s"}' "$N" "${#PATH}" "$LANG"; test -z "$CARGO""#;
    let line = CommandLine {
        argv: vec![script.to_owned()],
        shell: true,
        directory: None,
        env: vec![("N".to_owned(), Template("{secret:n}".to_owned()))],
    };
    let config = Config {
        metrics: vec![value("n", ".json.n | tonumber"), value("lang", ".json.lang")],
        ..config(source(SourceKind::Command(Arc::new(line)), LONG), check())
    };
    let (mut context, _observations) = context(config);
    let mut secrets = Secrets::default();
    secrets.insert("n".into(), "42".to_owned());
    context.secrets = Arc::new(secrets);
    let observations = polls::poll_once(&context, &[]).await;
    let [Observation::Reading(reading), Observation::Sample(n), Observation::Sample(lang)] = &observations[..] else {
        panic!("{observations:?}")
    };
    assert_eq!((reading.sign, error(reading)), (Sign::Good, ""));
    assert_eq!(n.value, Ok(42.0));
    assert_eq!(
        lang.value.as_ref().map_err(ToString::to_string),
        Err("the expression gave the string \"C.UTF-8\", not a number".to_owned())
    );
}

#[tokio::test]
async fn what_can_not_be_asked_is_unknown_and_says_what_to_do() {
    let missing = CommandLine { argv: vec!["opsroom-no-such-program".to_owned()], ..CommandLine::default() };
    let reading = poll(config(source(SourceKind::Command(Arc::new(missing)), LONG), check())).await.0.unwrap();
    assert_eq!(
        (reading.sign, error(&reading)),
        (Sign::Unknown, "opsroom-no-such-program was not found: is it installed, and in PATH?")
    );
    let secret = ask(request("http://{secret:host}/"), LONG).await;
    assert_eq!(secret.sign, Sign::Unknown);
    assert!(error(&secret).contains("the secret host has no value"), "{secret:?}");
    assert_eq!(ask(request("ftp://x/"), LONG).await.sign, Sign::Unknown);
}

#[tokio::test]
async fn expectations_say_what_they_saw() {
    let server = Server::start(|request| match request.path.as_str() {
        "/broken" => Reply::json(200, r#"{"status": "heal"#),
        "/error" => Reply::text(503, "<h1>Service Unavailable</h1>"),
        _ => Reply::json(
            200,
            r#"{"status": "degraded", "total_errors": 3, "total": 12, "queues": [{"n": 3}, {"n": 70}]}"#,
        ),
    })
    .await;
    let judge = async |path: &str, expect: &[&str], degraded: &[&str]| {
        let check = Check { expect: programs(expect), degraded: programs(degraded), ..check() };
        let kind = SourceKind::Http(Arc::new(request(&server.url(path))));
        let reading = poll(config(source(kind, LONG), check)).await.0.unwrap();
        (reading.sign, error(&reading).to_owned())
    };
    assert_eq!(judge("/", &[".status == 200", ".body.total < 100"], &[]).await, (Sign::Good, String::new()));
    assert_eq!(
        judge("/", &[".status == 200", r#".body.status == "healthy""#], &[]).await,
        (Sign::Bad, r#".body.status == "healthy" saw "degraded""#.to_owned())
    );
    assert_eq!(
        judge("/", &[".status == 200"], &[".body.total_errors / .body.total > 0.2"]).await,
        (Sign::Degraded, ".body.total_errors / .body.total > 0.2 saw true".to_owned())
    );
    assert_eq!(
        judge("/", &[".body.queues[].n < 50"], &[]).await,
        (Sign::Bad, ".body.queues[].n < 50 saw false".to_owned())
    );
    assert_eq!(
        judge("/broken", &[r#".body.status == "healthy""#], &[]).await,
        (
            Sign::Bad,
            r#".body.status == "healthy": the body is not JSON: it ends in the middle of a string at byte 16"#
                .to_owned()
        )
    );
    assert_eq!(
        judge("/error", &[r#".body.status == "healthy""#], &[]).await,
        (
            Sign::Bad,
            r#".body.status == "healthy": the body is not JSON: expected a value, found `<h1>Service` at byte 1 (HTTP 503)"#
                .to_owned()
        )
    );
    assert_eq!(judge("/", &[r#".headers["content-type"] | startswith("application/json")"#], &[]).await.0, Sign::Good);
    assert_eq!(judge("/error", &[r#".text | test("Unavailable")"#], &[]).await.0, Sign::Good);
}

#[tokio::test]
async fn an_expression_that_raises_makes_its_check_unknown() {
    let server = Server::start(|request| match request.path.as_str() {
        "/html" => Reply::text(200, "<h1>Log in</h1>"),
        _ => Reply::json(200, r#"{"status": "healthy", "errors": "many", "list": [1, 2]}"#),
    })
    .await;
    let judge = async |path: &str, expect: &[&str], degraded: &[&str]| {
        let check = Check { expect: programs(expect), degraded: programs(degraded), ..check() };
        let kind = SourceKind::Http(Arc::new(request(&server.url(path))));
        let reading = poll(config(source(kind, LONG), check)).await.0.unwrap();
        (reading.sign, error(&reading).to_owned())
    };
    for (expect, degraded) in [
        (&[r#".body.errors | error("boom")"#] as &[&str], &[] as &[&str]),
        (&[".status == 200"], &[r#".body.errors | error("boom")"#]),
        (&[".status == 200", r#".body.errors | error("boom")"#], &[]),
    ] {
        let (sign, error) = judge("/", expect, degraded).await;
        assert_eq!((sign, error.ends_with(": boom")), (Sign::Unknown, true), "{error}");
    }
    for (expect, degraded) in [
        (&[".body.errors.x > 1"] as &[&str], &[] as &[&str]),
        (&[".body.list | tonumber > 3"], &[]),
        (&[".status == 200"], &[".body.errors.x > 1"]),
    ] {
        assert_eq!(judge("/", expect, degraded).await.0, Sign::Unknown, "{expect:?} {degraded:?}");
    }
    // What certainly fails is worse than what can't say; what is certainly degraded is known to be so.
    assert_eq!(judge("/", &[".body.errors | error", ".status == 500"], &[]).await.0, Sign::Bad);
    assert_eq!(judge("/", &[".status == 200"], &[".body.errors | error", ".status == 200"]).await.0, Sign::Degraded);
    // Null passes many a comparison: an answer that can't be read proves nothing.
    let unread = "the body is not JSON: expected a value, found `<h1>Log` at byte 1";
    for (expect, degraded) in [
        (&[".body.errors // 0 == 0"] as &[&str], &[] as &[&str]),
        (&[".body.errors != \"many\""], &[]),
        (&[".status == 200"], &[".body.error_rate > 5"]),
    ] {
        let (sign, error) = judge("/html", expect, degraded).await;
        assert_eq!((sign, error.ends_with(unread)), (Sign::Unknown, true), "{error}");
    }
    assert_eq!(judge("/html", &[".body == null"], &[]).await.0, Sign::Good);
    // A field that is not there is less than any number and unlike any text: it proves nothing either.
    for expect in [".body.queue < 5", r#".body.state != "unhealthy""#] {
        let (sign, error) = judge("/", &[expect], &[]).await;
        assert_eq!((sign, error.ends_with("; body has errors, list, status")), (Sign::Unknown, true), "{error}");
    }
    assert_eq!(judge("/", &[".body.queue // 0 < 5", ".body.fault == null"], &[]).await.0, Sign::Good);
    // Nor does it prove that nothing is degraded.
    let (sign, error) = judge("/", &[".status == 200"], &[".body.queue > 5"]).await;
    assert_eq!(
        (sign, error.as_str()),
        (Sign::Unknown, ".body.queue > 5: no field `.queue`; body has errors, list, status")
    );
    assert_eq!(judge("/", &[".status == 200"], &[".body.queue // 0 > 5"]).await.0, Sign::Good);
    // What is neither true nor false decides nothing: `=` assigns, and a text is true whatever it says.
    for (expect, degraded) in [
        (&[".status = 500"] as &[&str], &[] as &[&str]),
        (&[".body.status"], &[]),
        (&[".status == 200"], &[".status = 500"]),
    ] {
        let (sign, error) = judge("/", expect, degraded).await;
        assert_eq!((sign, error.contains("not true or false")), (Sign::Unknown, true), "{error}");
    }
    assert_eq!(
        judge("/", &[r#".body.state == "up""#], &[]).await,
        (Sign::Bad, r#"many (.body.state == "up": no field `.state`; body has errors, list, status)"#.to_owned())
    );
}

#[tokio::test]
async fn answers_that_never_end_are_ended() {
    let server = Server::start(|request| match request.path.as_str() {
        "/hang" => Reply::Hang,
        "/drip" => Reply::Drip { body: vec![b'x'; 10_000], pause: Duration::from_millis(20) },
        _ => Reply::Endless,
    })
    .await;
    for (path, waited_for) in [("/hang", "after the request was sent"), ("/drip", "while reading the body")] {
        let reading = ask(request(&server.url(path)), SOON).await;
        assert_eq!((reading.sign, reading.answered), (Sign::Bad, false));
        assert_eq!(error(&reading), format!("no answer within 400ms {waited_for}"));
    }
    let large = ask(request(&server.url("/large")), LONG).await;
    assert_eq!(
        (large.sign, error(&large)),
        (Sign::Unknown, "answer not understood: the body is larger than 1 MiB (`max_body`)")
    );
}

#[tokio::test]
async fn failures_are_told_in_words() {
    let server = Server::start(|request| match request.path.as_str() {
        "/reset" => Reply::Reset,
        "/empty" => Reply::Raw(Vec::new()),
        "/half" => Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()),
        _ => Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
    })
    .await;
    let at = format!("127.0.0.1:{}", server.address.port());
    for (path, expected) in [
        ("/reset", format!("{at} reset the connection")),
        ("/empty", format!("{at} closed the connection without an answer")),
        ("/half", format!("{at} closed the connection before the answer was complete")),
        ("/ssh", format!("{at} does not speak HTTP")),
    ] {
        let reading = ask(request(&server.url(path)), LONG).await;
        assert_eq!((reading.sign, error(&reading)), (Sign::Bad, expected.as_str()), "{path}");
    }
    // Whether its words or the request come first is a matter of luck.
    let banner = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = banner.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in banner.incoming().flatten() {
            std::io::Write::write_all(&mut stream, b"220 mail ESMTP\r\n").ok();
            std::io::Read::read_to_end(&mut stream, &mut Vec::new()).ok();
        }
    });
    let spoken = ask(request(&format!("http://{at}/")), LONG).await;
    assert!(error(&spoken).starts_with(&format!("{at} does not speak HTTP")), "{spoken:?}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = format!("{closed} refused the connection: nothing listens there");
    assert_eq!(error(&ask(request(&format!("http://{closed}/")), LONG).await), refused);
    let tcp = |port| SourceKind::Tcp(Arc::new(TcpTarget { host: "127.0.0.1".to_owned(), port }));
    let reading = poll(config(source(tcp(closed.port()), LONG), check())).await.0.unwrap();
    assert_eq!((reading.sign, error(&reading)), (Sign::Bad, refused.as_str()));
    assert_eq!(poll(config(source(tcp(server.address.port()), LONG), check())).await.0.unwrap().sign, Sign::Good);
    // `.invalid` is reserved for names that do not exist; without any name server the words differ.
    let unknown = ask(request("http://nowhere.invalid/"), LONG).await;
    assert!(error(&unknown).starts_with("the name nowhere.invalid could not be looked up: "), "{unknown:?}");
}

#[tokio::test]
async fn headers_stay_with_the_host_they_were_meant_for() {
    let other = Server::start(|_| Reply::json(200, r#"{"status":"ok"}"#)).await;
    let target = other.url("/elsewhere");
    let server = Server::start(move |request| match request.path.as_str() {
        "/away" => Reply::redirect(&target),
        "/home" => Reply::redirect("/inside"),
        "/circle" => Reply::redirect("/circle/2"),
        "/circle/2" => Reply::redirect("/circle"),
        path if path.starts_with("/on/") => Reply::redirect(&format!("{path}x")),
        _ => Reply::json(200, r#"{"status":"ok"}"#),
    })
    .await;
    let with_headers = |path: &str| HttpRequest {
        headers: vec![
            ("Authorization".to_owned(), Template("Bearer s3cret".to_owned())),
            ("X-Api-Key".to_owned(), Template("k3y".to_owned())),
        ],
        ..request(&server.url(path))
    };
    assert_eq!(ask(with_headers("/home"), LONG).await.sign, Sign::Good);
    let inside = server.requests().pop().unwrap();
    assert_eq!((inside.header("authorization"), inside.header("x-api-key")), (Some("Bearer s3cret"), Some("k3y")));
    assert_eq!(ask(with_headers("/away"), LONG).await.sign, Sign::Good);
    let away = other.requests().pop().unwrap();
    assert_eq!((away.header("authorization"), away.header("x-api-key"), away.header("referer")), (None, None, None));
    let circle = ask(with_headers("/circle"), LONG).await;
    assert!(error(&circle).contains("redirects in a loop"), "{circle:?}");
    let on = ask(HttpRequest { redirects: 3, ..request(&server.url("/on/")) }, LONG).await;
    assert!(error(&on).contains("redirects more than 3 times"), "{on:?}");
    let itself = ask(HttpRequest { redirects: 0, ..request(&server.url("/home")) }, LONG).await;
    assert_eq!(error(&itself), "HTTP 302 Found");
    let post = HttpRequest {
        method: "post".to_owned(),
        body: Some(Template("{}".to_owned())),
        ..request(&server.url("/plain"))
    };
    assert_eq!(ask(post, LONG).await.sign, Sign::Good);
    let sent = server.requests().pop().unwrap();
    assert_eq!((sent.method.as_str(), &sent.body[..]), ("POST", &b"{}"[..]));
}

#[tokio::test]
async fn compressed_bodies_are_read_and_bounded() {
    // `{"status":"degraded"}`, and two MiB of zeros in two KiB, both by gzip.
    let small = "H4sIAAAAAAACA6tWKi5JLCktVrJSSklNL0pMSU1RqgUAddtZWxUAAAA=";
    let decode = |text: &str| base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap();
    let small = decode(small);
    let server = Server::start(move |request| {
        let body = if request.path == "/bomb" { bomb() } else { small.clone() };
        Reply::Full { status: 200, headers: vec![("content-encoding".to_owned(), "gzip".to_owned())], body }
    })
    .await;
    assert_eq!(ask(request(&server.url("/")), LONG).await.sign, Sign::Degraded);
    let bomb = ask(request(&server.url("/bomb")), LONG).await;
    assert!(error(&bomb).contains("larger than 1 MiB"), "{bomb:?}");
}

fn bomb() -> Vec<u8> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut gzip = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(&vec![0; 2 << 20]).unwrap();
    gzip.wait_with_output().unwrap().stdout
}

struct Authority {
    pem: String,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: rcgen::Issuer::new(params, key) }
    }

    /// A server that asks its clients for a certificate of this authority.
    fn mutual(&self, name: &str) -> tokio_rustls::TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        let pem = self.pem.as_bytes();
        roots.add(rustls::pki_types::pem::PemObject::from_pem_slice(pem).unwrap()).unwrap();
        let verifier =
            rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let (certificate, key) = self.issue(name, (2090, 1, 1));
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![certificate.der().clone()],
                rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
    }

    fn issue(&self, name: &str, not_after: (i32, u8, u8)) -> (rcgen::Certificate, rcgen::KeyPair) {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(not_after.0, not_after.1, not_after.2);
        let key = rcgen::KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn acceptor(&self, name: &str, not_after: (i32, u8, u8)) -> tokio_rustls::TlsAcceptor {
        let (certificate, key) = self.issue(name, not_after);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_configured() {
    let authority = Authority::new();
    let directory = tempfile::tempdir().unwrap();
    let (ca, client) = (directory.path().join("ca.pem"), directory.path().join("client.pem"));
    std::fs::write(&ca, &authority.pem).unwrap();
    let (certificate, key) = authority.issue("console", (2090, 1, 1));
    std::fs::write(&client, certificate.pem() + &key.serialize_pem()).unwrap();
    let server = Server::start_tls(authority.mutual("localhost"), |_| Reply::json(200, r#"{"status":"ok"}"#)).await;
    let without = HttpRequest { ca: Some(ca), ..request(&server.url("/")) };
    let with = HttpRequest { client_cert: Some(client), ..without.clone() };
    let known = ask(with, LONG).await;
    assert_eq!((known.sign, error(&known)), (Sign::Good, ""));
    assert_eq!(ask(without, LONG).await.sign, Sign::Bad);
}

#[tokio::test]
async fn renewed_certificates_are_read_again() {
    let (old, new) = (Authority::new(), Authority::new());
    let directory = tempfile::tempdir().unwrap();
    let (ca, client) = (directory.path().join("ca.pem"), directory.path().join("client.pem"));
    let write = |authority: &Authority| {
        let (certificate, key) = authority.issue("console", (2090, 1, 1));
        std::fs::write(&ca, &authority.pem).unwrap();
        std::fs::write(&client, certificate.pem() + &key.serialize_pem()).unwrap();
    };
    write(&old);
    let server = Server::start_tls(new.mutual("localhost"), |_| Reply::json(200, r#"{"status":"ok"}"#)).await;
    let request = HttpRequest { ca: Some(ca.clone()), client_cert: Some(client.clone()), ..request(&server.url("/")) };
    let mut refused = false;
    let config = config(source(SourceKind::Http(Arc::new(request)), LONG), check());
    let observations = schedule(config, |seen| {
        let last = seen.iter().rev().find_map(|observation| match observation {
            Observation::Reading(reading) => Some(reading.sign),
            _ => None,
        });
        if last == Some(Sign::Bad) && !refused {
            refused = true;
            write(&new);
        }
        last == Some(Sign::Good)
    })
    .await;
    assert!(refused, "{observations:?}");
}

#[tokio::test]
async fn a_proxy_is_asked_in_the_place_of_the_host() {
    let proxy = Server::start(|_| Reply::json(200, r#"{"status":"ok"}"#)).await;
    let through = HttpRequest { proxy: Some(Template(proxy.url(""))), ..request("http://nowhere.invalid/health") };
    assert_eq!(ask(through, LONG).await.sign, Sign::Good);
    assert_eq!(proxy.requests().pop().unwrap().path, "http://nowhere.invalid/health");
}

#[tokio::test]
async fn certificates_are_checked_and_their_faults_told() {
    let authority = Authority::new();
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, &authority.pem).unwrap();
    let ok = |_: &Request| Reply::json(200, r#"{"status":"ok"}"#);
    let good = Server::start_tls(authority.acceptor("localhost", (2090, 1, 1)), ok).await;
    let expired = Server::start_tls(authority.acceptor("localhost", (2021, 3, 4)), ok).await;
    let misnamed = Server::start_tls(authority.acceptor("other.example", (2090, 1, 1)), ok).await;
    let plain = Server::start(ok).await;
    let with_ca = |server: &Server| HttpRequest { ca: Some(ca.clone()), ..request(&server.url("/")) };

    let trusted = ask(with_ca(&good), LONG).await;
    assert_eq!((trusted.sign, error(&trusted)), (Sign::Good, ""));
    assert!(trusted.phases.iter().any(|(name, _)| *name == "connect"));
    let kind = SourceKind::Http(Arc::new(with_ca(&good)));
    let alert = (Severity::Medium, Condition::parse("tls.days_left < 21", "").unwrap());
    let asked = Check { expect: programs(&[".tls.days_left > 20000"]), alerts: vec![alert], ..check() };
    let asked = poll(config(source(kind, LONG), asked)).await.0.unwrap();
    assert_eq!((asked.sign, error(&asked)), (Sign::Good, ""));
    assert!(asked.fields["tls.days_left"] > 20_000.0);
    let host = |server: &Server| format!("localhost:{}", server.address.port());
    let unknown = ask(request(&good.url("/")), LONG).await;
    assert!(
        error(&unknown)
            .starts_with(&format!("the certificate of {} is not signed by a trusted authority", host(&good))),
        "{unknown:?}"
    );
    let old = ask(with_ca(&expired), LONG).await;
    assert_eq!(error(&old), format!("the certificate of {} has expired on 2021-03-04", host(&expired)));
    let other = ask(with_ca(&misnamed), LONG).await;
    assert!(error(&other).contains("is for another name"), "{other:?}");
    let no_tls = ask(request(&plain.url("/").replace("http:", "https:")), LONG).await;
    assert!(error(&no_tls).contains("does not speak TLS"), "{no_tls:?}");
    let insecure = HttpRequest { insecure: true, ..request(&expired.url("/")) };
    assert_eq!(ask(insecure, LONG).await.sign, Sign::Good);
    let missing = ask(HttpRequest { ca: Some("/nonexistent.pem".into()), ..request(&good.url("/")) }, LONG).await;
    assert_eq!(missing.sign, Sign::Unknown);
    assert!(error(&missing).contains("/nonexistent.pem can't be read (`ca`)"), "{missing:?}");
}

#[tokio::test]
async fn an_exposition_feeds_metrics() {
    let server = Server::start(|_| {
        Reply::text(
            200,
            "# TYPE req counter\nreq{code=\"200\"} 5\nreq{code=\"500\"} 2\nreq{code=\"503\"} 1\nnot a sample\n",
        )
    })
    .await;
    let kind = SourceKind::Exposition(Arc::new(request(&server.url("/metrics"))));
    let select = |name: &str, selector: &str| {
        metric(
            name,
            MetricKind::Sample { from: "check:api".into(), selector: Selector::parse(selector).expect("a selector") },
        )
    };
    let mut config = config(source(kind, LONG), check());
    config.metrics = vec![
        select("all", "req"),
        select("bad", "req{code=~\"5..\"}"),
        select("none", "other"),
        value("n", ".samples"),
    ];
    let (context, _observations) = context(config);
    let observations = polls::poll_once(&context, &[]).await;
    let samples: Vec<_> = observations
        .iter()
        .filter_map(|observation| if let Observation::Sample(sample) = observation { Some(sample) } else { None })
        .map(|sample| (&*sample.metric, sample.value.as_ref().map_err(opsroom::text::SafeText::as_str)))
        .collect();
    assert_eq!(
        samples,
        [("all", Ok(&8.0)), ("bad", Ok(&3.0)), ("none", Err("absent: no series matches")), ("n", Ok(&3.0))]
    );
    let warned = observations.iter().any(
        |observation| matches!(observation, Observation::Warning { text, .. } if text.as_str().contains("line 5")),
    );
    assert!(warned, "{observations:?}");
}

#[tokio::test]
async fn a_sleeping_service_gets_the_time_to_wake_up() {
    let server = Server::start(|request| match request.path.as_str() {
        "/slow" => Reply::Drip { body: b"OK".to_vec(), pause: Duration::from_millis(150) },
        _ => Reply::text(503, "waking up"),
    })
    .await;
    let sleepy = |path: &str, cold_start| {
        let kind = SourceKind::Http(Arc::new(request(&server.url(path))));
        Source { cold_start, ..source(kind, Duration::from_millis(100)) }
    };
    let cold = poll(config(sleepy("/slow", Some(LONG)), check())).await.0.unwrap();
    assert_eq!(cold.sign, Sign::Cold);
    assert_eq!(poll(config(sleepy("/slow", None), check())).await.0.unwrap().sign, Sign::Bad);
    assert_eq!(poll(config(sleepy("/edge", Some(LONG)), check())).await.0.unwrap().sign, Sign::Cold);
}

/// Runs the scheduler until `enough`, and gives what it said.
async fn schedule(config: Config, mut enough: impl FnMut(&[Observation]) -> bool) -> Vec<Observation> {
    let (context, mut observations) = context(config);
    let cancel = context.cancel.clone();
    let (_poll_now, asked) = mpsc::channel(1);
    let task = tokio::spawn(polls::run(context, asked));
    let mut seen = Vec::new();
    while !enough(&seen) {
        seen.push(observations.recv().await.unwrap());
    }
    cancel.cancel();
    task.await.unwrap();
    seen
}

fn readings(seen: &[Observation]) -> Vec<&Reading> {
    seen.iter()
        .filter_map(|observation| if let Observation::Reading(reading) = observation { Some(&**reading) } else { None })
        .collect()
}

fn every(config: Config, every: Duration) -> Config {
    let sources = config.sources.into_iter().map(|source| Source { every, ..source }).collect();
    Config { sources, ..config }
}

#[tokio::test]
async fn polls_keep_their_ticks_and_their_connection() {
    let server = Server::start(|_| Reply::json(200, r#"{"status":"ok"}"#)).await;
    let kept = HttpRequest { keep_alive: Some(true), ..request(&server.url("/")) };
    let kind = SourceKind::Http(Arc::new(kept));
    let config = every(config(source(kind, LONG), check()), Duration::from_millis(100));
    let seen = schedule(config, |seen| readings(seen).len() >= 5).await;
    let ticks: Vec<Duration> = readings(&seen).iter().map(|reading| reading.timing.scheduled.mono).collect();
    for pair in ticks.windows(2) {
        // Start to start, exactly; a machine that is busy may skip ticks, but never shift them.
        assert_eq!(pair[1].saturating_sub(pair[0]).as_nanos() % 100_000_000, 0, "{ticks:?}");
    }
    assert_eq!(server.connections(), 1);
    assert!(matches!(seen[0], Observation::Scheduler { .. }), "{:?}", seen[0]);
}

#[tokio::test]
async fn a_slow_source_is_never_asked_twice_at_once() {
    let server = Server::start(|_| Reply::Drip { body: b"OK".to_vec(), pause: Duration::from_millis(130) }).await;
    let kind = SourceKind::Http(Arc::new(request(&server.url("/"))));
    let config = every(config(source(kind, LONG), check()), Duration::from_millis(100));
    let seen = schedule(config, |seen| readings(seen).len() >= 3).await;
    for pair in readings(&seen).windows(2) {
        assert!(pair[1].timing.sent >= pair[0].timing.ended);
    }
    let overruns = seen.iter().filter_map(|observation| match observation {
        Observation::Overrun { name, count } => Some((&**name, *count)),
        _ => None,
    });
    let overruns: Vec<_> = overruns.collect();
    assert!(overruns.len() >= 2, "{seen:?}");
    assert!(
        overruns.iter().zip(1..).all(|((name, count), expected)| *name == "api" && *count == expected),
        "{overruns:?}"
    );
}

#[tokio::test]
async fn without_our_own_network_nothing_is_stored() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let kind = SourceKind::Tcp(Arc::new(TcpTarget { host: "127.0.0.1".to_owned(), port: closed.port() }));
    let mut config = every(config(source(kind, LONG), check()), Duration::from_millis(100));
    config.console.self_check = Some(SelfCheck::Address(closed));
    let offline = schedule(config.clone(), |seen| {
        seen.iter().any(|observation| matches!(observation, Observation::Connectivity { .. }))
    })
    .await;
    assert!(readings(&offline).is_empty(), "{offline:?}");
    assert!(
        matches!(offline.last(), Some(Observation::Connectivity { ok: false, detail }) if detail.as_str().contains("refused")),
        "{offline:?}"
    );
    // With a network, the same failure is the service's own.
    let reference = Server::start(|_| Reply::Hang).await;
    config.console.self_check = Some(SelfCheck::Host("localhost".to_owned(), reference.address.port()));
    let online = schedule(config, |seen| !readings(seen).is_empty()).await;
    assert_eq!(readings(&online)[0].sign, Sign::Bad);
    assert!(online.iter().any(|observation| matches!(observation, Observation::Connectivity { ok: true, .. })));
}

#[tokio::test]
async fn counters_become_rates() {
    let count = std::sync::atomic::AtomicU64::new(0);
    let server = Server::start(move |_| {
        let count = count.fetch_add(50, std::sync::atomic::Ordering::SeqCst);
        Reply::json(200, &format!("{{\"requests\": \"{count}\"}}"))
    })
    .await;
    let kind = SourceKind::Http(Arc::new(request(&server.url("/"))));
    let mut config = every(config(source(kind, LONG), check()), Duration::from_millis(100));
    config.metrics = vec![Metric { per_second: true, ..value("rate", ".body.requests | tonumber") }];
    let samples = |seen: &[Observation]| -> Vec<Sample> {
        seen.iter()
            .filter_map(
                |observation| if let Observation::Sample(sample) = observation { Some(sample.clone()) } else { None },
            )
            .collect()
    };
    let seen = schedule(config, |seen| samples(seen).len() >= 2).await;
    let samples = samples(&seen);
    let apart = samples[1].at.since(samples[0].at).as_secs_f64();
    assert_eq!(samples[1].value, Ok(50.0 / apart));
}
