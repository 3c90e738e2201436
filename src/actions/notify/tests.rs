//! Deliveries to scripted receivers: what is sent, and what is made of what comes back.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::config::load::load_text;
use crate::model::message::News;
use crate::model::message::samples::{entry, group, message};

/// What a receiver answers to one request.
#[derive(Debug, Clone)]
enum Answer {
    /// A status with further header lines and a body.
    Status(u16, &'static str, &'static str),
    /// A body of 10 MB.
    Huge(u16),
    /// Nothing, ever.
    Hang,
    /// The connection is closed without an answer.
    Close,
}

/// What a receiver was sent: the head in lower case, and the body.
type Received = Arc<Mutex<Vec<(String, String)>>>;

struct Receiver {
    address: SocketAddr,
    received: Received,
}

impl Receiver {
    /// Answers in order, and with the last one from then on.
    fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, received) = (listener.local_addr().unwrap(), Received::default());
        let log = Arc::clone(&received);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let answer = answers[number.min(answers.len() - 1)].clone();
                serve(stream.unwrap(), &answer, &log);
            }
        });
        Self { address, received }
    }

    fn url(&self) -> String {
        format!("http://{}/hook/T0KEN-IN-PATH", self.address)
    }

    fn received(&self) -> Vec<(String, String)> {
        self.received.lock().unwrap().clone()
    }

    fn json(&self, number: usize) -> Value {
        serde_json::from_str(&self.received()[number].1).unwrap()
    }
}

fn serve(stream: TcpStream, answer: &Answer, log: &Received) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line.to_lowercase());
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    log.lock().unwrap().push((head, String::from_utf8(body).unwrap()));
    let mut stream = reader.into_inner();
    // A client that goes away in the middle is expected.
    let _gone = match answer {
        Answer::Status(status, headers, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
            )
        }
        Answer::Huge(status) => {
            let head = write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: 10485760\r\n\r\n");
            let piece = vec![b'x'; 1 << 16];
            head.and_then(|()| (0..160).try_for_each(|_| stream.write_all(&piece)))
        }
        Answer::Hang => {
            // Until the client gives up.
            let _ = stream.read(&mut [0]);
            Ok(())
        }
        Answer::Close => Ok(()),
    };
}

const SECRET: &str = "s3cr3t-token-value";

fn secrets(values: &[(&str, &str)]) -> Secrets {
    let mut secrets = Secrets::default();
    for (name, value) in values {
        secrets.insert((*name).into(), (*value).to_owned());
    }
    secrets
}

/// The channel of a table of `[notify.c]`.
fn channel(keys: &str) -> Channel {
    let people = "[contact.ana]\nphone = \"+15550101\"\nemail = \"ana@example.com\"\n[oncall]\nrotation = [\"ana\"]\nfrom = \"2026-01-05\"\n";
    let text = format!(
        "[secret]\ns = {{ env = \"S\" }}\nurl = {{ env = \"U\" }}\n{people}[notify.c]\ntimeout = \"2s\"\n{keys}\n"
    );
    let loaded = load_text(Path::new("/srv/opsroom.toml"), &text);
    let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    config.channels[0].clone()
}

fn alerts() -> Notification {
    let news = vec![entry("api", Severity::Critical, News::New), entry("db", Severity::High, News::Resolved)];
    let mut over = group("web", vec![entry("web", Severity::High, News::Resolved)]);
    over.is_first = false;
    message(vec![group("api", news), over])
}

async fn send(channel: &Channel, message: &Notification, url: &str, to: &[&str]) -> Delivered {
    let secrets = secrets(&[("s", SECRET), ("url", url)]);
    let to: Vec<Template> = to.iter().map(|to| Template((*to).to_owned())).collect();
    let delivery = Delivery { channel, message, to: &to, secrets: &secrets };
    deliver(&NotifyClient::new().unwrap(), &delivery).await
}

/// Delivers by a Slack channel, the plainest of all.
async fn by_slack(answers: Vec<Answer>) -> (Delivered, Receiver) {
    let receiver = Receiver::start(answers);
    let delivered = send(&channel("slack = \"{secret:url}\""), &alerts(), &receiver.url(), &["U02ABC"]).await;
    (delivered, receiver)
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_does_not_is_not() {
    let ok = Answer::Status(200, "", "ok");
    let (delivered, receiver) = by_slack(vec![Answer::Status(500, "", ""), Answer::Close, ok.clone()]).await;
    assert_eq!((delivered, receiver.received().len()), (Ok(()), 3));
    let (delivered, receiver) = by_slack(vec![Answer::Status(404, "", "no_service")]).await;
    let failure = delivered.unwrap_err();
    assert_eq!(failure.why.as_str(), "127.0.0.1 answered 404: no_service");
    assert!(failure.is_permanent);
    assert_eq!(receiver.received().len(), 1);
    let (delivered, receiver) = by_slack(vec![Answer::Status(503, "", "")]).await;
    let failure = delivered.unwrap_err();
    assert_eq!(failure.why.as_str(), "127.0.0.1 answered 503 (after 3 attempts)");
    assert!(!failure.is_permanent);
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test]
async fn a_receiver_that_asks_to_wait_is_left_alone_for_so_long() {
    let began = tokio::time::Instant::now();
    let limited = Answer::Status(429, "retry-after: 2\r\n", "");
    let (delivered, _) = by_slack(vec![limited, Answer::Status(200, "", "ok")]).await;
    assert_eq!(delivered, Ok(()));
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    let (delivered, receiver) = by_slack(vec![Answer::Status(429, "retry-after: 3600\r\n", "")]).await;
    assert_eq!(delivered.unwrap_err().retry_after_s, Some(3_600));
    assert_eq!(receiver.received().len(), 1, "it is not waited for here");
}

#[tokio::test]
async fn whatever_a_receiver_does_a_delivery_ends() {
    let (delivered, _) = by_slack(vec![Answer::Hang]).await;
    assert_eq!(delivered.unwrap_err().why.as_str(), "127.0.0.1 gave no answer within 2s (after 3 attempts)");
    let (delivered, _) = by_slack(vec![Answer::Huge(200)]).await;
    assert_eq!(delivered, Ok(()));
    let (delivered, _) = by_slack(vec![Answer::Huge(400)]).await;
    assert!(delivered.unwrap_err().why.as_str().len() < 600);
    // Nobody listens there.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = send(&channel("slack = \"{secret:url}\""), &alerts(), &format!("http://{free}/"), &[]).await;
    let failure = refused.unwrap_err();
    assert!(failure.why.as_str().contains("refused") && !failure.is_permanent, "{failure:?}");
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = Receiver::start(vec![Answer::Status(200, "", "")]);
    let location = format!("location: {}\r\n", elsewhere.url());
    let (delivered, _) = by_slack(vec![Answer::Status(307, location.leak(), "")]).await;
    assert_eq!(delivered.unwrap_err().why.as_str(), "127.0.0.1 answered 307, a redirect, which is not followed");
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_accepted() {
    let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let settings = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut connection = rustls::ServerConnection::new(Arc::new(settings.clone())).unwrap();
            let mut stream = stream.unwrap();
            while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
        }
    });
    let url = format!("https://localhost:{port}/T0KEN-IN-PATH");
    let failure = send(&channel("slack = \"{secret:url}\""), &alerts(), &url, &[]).await.unwrap_err();
    assert!(failure.why.as_str().contains("certificate"), "{failure:?}");
    assert!(!failure.why.as_str().contains("T0KEN"), "{failure:?}");
}

#[tokio::test]
async fn no_failure_says_a_secret_nor_an_address() {
    let receiver = Receiver::start(vec![Answer::Status(403, "", "bad token s3cr3t-token-value \u{1b}[31m")]);
    let channel = channel("webhook = \"http://HOST/hook\"\nheaders = { X-Token = \"{secret:s}\" }");
    let ChannelKind::Webhook(mut webhook) = channel.kind.clone() else { panic!("a webhook") };
    webhook.url = Template(receiver.url());
    let channel = Channel { kind: ChannelKind::Webhook(webhook), ..channel };
    let failure = send(&channel, &alerts(), "", &[]).await.unwrap_err();
    assert_eq!(failure.why.as_str(), "127.0.0.1 answered 403: bad token ***");
    assert!(receiver.received()[0].0.contains(SECRET), "it was sent");
    let no_secrets = Secrets::default();
    let message = alerts();
    let delivery = Delivery { channel: &channel, message: &message, to: &[], secrets: &no_secrets };
    let failure = deliver(&NotifyClient::new().unwrap(), &delivery).await.unwrap_err();
    assert_eq!(failure.why.as_str(), "the secret `s` has no value");
}

#[tokio::test]
async fn every_receiver_is_spoken_to_in_its_own_form() {
    let accepted = || Receiver::start(vec![Answer::Status(202, "", "{}")]);
    let (discord, teams) = (accepted(), accepted());
    assert_eq!(send(&channel("discord = \"{secret:url}\""), &alerts(), &discord.url(), &[]).await, Ok(()));
    assert_eq!(discord.json(0)["allowed_mentions"]["parse"], serde_json::json!([]));
    assert!(discord.json(0)["content"].as_str().unwrap().starts_with("[shop production] 1 firing, 2 resolved"));
    assert_eq!(send(&channel("teams = \"{secret:url}\""), &alerts(), &teams.url(), &[]).await, Ok(()));
    assert_eq!(teams.json(0)["attachments"][0]["content"]["type"], "AdaptiveCard");

    let ntfy = accepted();
    let own = channel(&format!("ntfy = \"http://{}/ops\"\ntoken = \"{{secret:s}}\"", ntfy.address));
    let other = accepted();
    let theirs = format!("http://{}/ana", other.address);
    assert_eq!(send(&own, &alerts(), "", &[&theirs]).await, Ok(()));
    assert_eq!((ntfy.json(0)["topic"].as_str(), ntfy.json(0)["priority"].as_u64()), (Some("ops"), Some(5)));
    assert!(ntfy.received()[0].0.starts_with("post / ") && ntfy.received()[0].0.contains(&format!("bearer {SECRET}")));
    assert_eq!(other.json(0)["topic"], "ana");
    assert!(!other.received()[0].0.contains(SECRET), "another server does not see our token");

    let pager = accepted();
    let own = channel(&format!("pagerduty = \"{{secret:s}}\"\nurl = \"http://{}/v2/enqueue\"", pager.address));
    assert_eq!(send(&own, &alerts(), "", &[]).await, Ok(()));
    let [first, then] = [pager.json(0), pager.json(1)];
    assert_eq!((&first["event_action"], &first["dedup_key"]), (&"trigger".into(), &"opsroom/shop/api".into()));
    assert_eq!((&first["payload"]["severity"], &first["routing_key"]), (&"critical".into(), &SECRET.into()));
    assert_eq!((&then["event_action"], &then["dedup_key"]), (&"resolve".into(), &"opsroom/shop/web".into()));

    let opsgenie = accepted();
    let own = channel(&format!("opsgenie = \"{{secret:s}}\"\nurl = \"http://{}/v2/alerts\"", opsgenie.address));
    assert_eq!(send(&own, &alerts(), "", &[]).await, Ok(()));
    assert_eq!(opsgenie.json(0)["priority"], "P1");
    assert!(opsgenie.received()[0].0.contains(&format!("geniekey {SECRET}")));
    assert!(opsgenie.received()[1].0.starts_with("post /v2/alerts/opsroom%2fshop%2fweb/close?identifiertype=alias "));
}

#[tokio::test]
async fn links_that_acknowledge_reach_the_receiver_and_no_error() {
    let token = format!("eyJ{}", "A".repeat(46));
    let link = format!("https://ops.example.com/ack/{token}");
    let mut message = alerts();
    message.groups[0].entries[0].acknowledge = Some(link.clone());
    let ntfy = Receiver::start(vec![Answer::Status(200, "", "{}")]);
    let own = channel(&format!("ntfy = \"http://{}/ops\"", ntfy.address));
    assert_eq!(send(&own, &message, "", &[]).await, Ok(()));
    let button = &ntfy.json(0)["actions"][0];
    assert_eq!((&button["url"], &button["method"]), (&link.as_str().into(), &"POST".into()));
    let text = ntfy.json(0)["message"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!("  acknowledge: {link}\n")), "{text}");
    // A receiver that says what it was given.
    let echo =
        Receiver::start(vec![Answer::Status(400, "", "bad: https://ops.example.com/ack/eyJAAAAAAAAAAAAAAAAAAAAAAAA")]);
    let own = channel(&format!("ntfy = \"http://{}/ops\"", echo.address));
    let why = send(&own, &message, "", &[]).await.unwrap_err().why;
    assert!(why.as_str().contains("/ack/***") && !why.as_str().contains("AAAA"), "{why}");
}

#[tokio::test]
async fn an_sms_goes_to_each_number() {
    let twilio = Receiver::start(vec![Answer::Status(201, "", "{}")]);
    let settings = |more: &str| {
        let address = twilio.address;
        channel(&format!(
            "twilio = {{ account = \"AC1\", token = \"{{secret:s}}\", from = \"+15550100\", url = \"http://{address}\"{more} }}"
        ))
    };
    assert_eq!(send(&settings(""), &alerts(), "", &["+15550101", "+15550102"]).await, Ok(()));
    let received = twilio.received();
    assert!(received[0].0.starts_with("post /2010-04-01/accounts/ac1/messages.json "), "{}", received[0].0);
    assert!(received[0].1.starts_with("To=%2B15550101&From=%2B15550100&Body=%5Bshop+production%5D+1+firing"));
    assert!(received[1].1.starts_with("To=%2B15550102&"));
    assert_eq!(send(&settings(", voice = true"), &alerts(), "", &["+15550101"]).await, Ok(()));
    assert!(twilio.received()[2].0.contains("/calls.json ") && twilio.received()[2].1.contains("Twiml=%3CResponse%3E"));
    let nobody = send(&settings(""), &alerts(), "", &[]).await.unwrap_err();
    assert_eq!((nobody.why.as_str(), nobody.is_permanent), ("no address to send to", true));
}

#[tokio::test]
async fn a_template_makes_the_text_and_one_that_fails_gives_way_to_the_built_in_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("own.txt");
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    let receiver = Receiver::start(vec![Answer::Status(200, "", "")]);
    let channel = Channel { template: Some(path.clone()), ..channel("discord = \"{secret:url}\"") };
    let texts = [
        "{{ severity }}: {% for g in groups %}{{ g.title }}={{ g.firing }} {% endfor %}",
        "{{ nothing.of.it }}",
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
    ];
    for text in texts {
        write(text);
        assert_eq!(send(&channel, &alerts(), &receiver.url(), &[]).await, Ok(()));
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(send(&channel, &alerts(), &receiver.url(), &[]).await, Ok(()));
    let said = |number: usize| receiver.json(number)["content"].as_str().unwrap().to_owned();
    assert_eq!(said(0), "critical: API=1 WEB=0 ");
    for number in 1..=3 {
        let said = said(number);
        assert!(
            said.starts_with("[shop production] 1 firing") && said.contains("The template own.txt failed: "),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_program_gets_the_message_on_its_standard_input() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out.json");
    let own = channel(&format!("command = [\"sh\", \"-c\", \"cat > {}\"]", out.display()));
    // More than a pipe holds.
    let many = (0..1_500).map(|number| entry(&format!("c{number}"), Severity::High, News::New)).collect();
    assert_eq!(send(&own, &message(vec![group("api", many)]), "", &[]).await, Ok(()));
    let got: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!((&got["severity"], got["groups"][0]["entries"].as_array().unwrap().len()), (&"high".into(), 1_500));
    // One that reads nothing and fails, one that hangs, one that is not there.
    let failure = |keys: &'static str| async move { send(&channel(keys), &alerts(), "", &[]).await.unwrap_err() };
    let refused = failure("command = [\"sh\", \"-c\", \"echo no s3cr3t-token-value >&2; exit 3\"]").await;
    assert_eq!(refused.why.as_str(), "the command ended with exit status: 3: no ***");
    let hung = failure("command = [\"sleep\", \"600\"]").await;
    assert!(hung.why.as_str().starts_with("the command gave no answer within 2 s") && !hung.is_permanent, "{hung:?}");
    let missing = failure("command = [\"/no/such/program\"]").await;
    assert!(missing.is_permanent, "{missing:?}");
}

/// A mail server of another make: `python3-aiosmtpd`, which prints what it is given.
#[tokio::test]
async fn mail_goes_through_a_real_server() {
    const PYTHON: &str = "/usr/bin/python3";
    let is_there = std::process::Command::new(PYTHON).args(["-c", "import aiosmtpd"]).status();
    if !is_there.is_ok_and(|status| status.success()) {
        println!("skipped: python3-aiosmtpd is not installed");
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mails");
    let mut server = std::process::Command::new(PYTHON)
        .args(["-u", "-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}")])
        .stdout(std::fs::File::create(&path).unwrap())
        .spawn()
        .unwrap();
    let until = tokio::time::Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() && tokio::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let own = channel(&format!("smtp = \"smtp://127.0.0.1:{port}\"\nfrom = \"ops@example.com\""));
    let delivered = send(&own, &alerts(), "", &["ana@example.com", "ben@example.com"]).await;
    let mails = std::fs::read_to_string(&path).unwrap();
    // With a password, and no TLS to send it over.
    let login = channel(&format!("smtp = \"smtp://127.0.0.1:{port}\"\nusername = \"u\"\npassword = \"{{secret:s}}\""));
    let refused = send(&login, &alerts(), "", &["ana@example.com"]).await;
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(delivered, Ok(()));
    for part in [
        "To: ana@example.com, ben@example.com",
        "From: ops@example.com",
        "Subject: [shop production] 1 firing",
        "Message-ID: <20260225.1.chat@127.0.0.1>",
    ] {
        assert!(mails.contains(part), "{part} in {mails}");
    }
    assert!(!std::fs::read_to_string(&path).unwrap().contains(SECRET));
    assert!(!refused.unwrap_err().why.as_str().contains(SECRET));
    // Nobody is there any more.
    let gone = send(&own, &alerts(), "", &["ana@example.com"]).await.unwrap_err();
    assert!(!gone.is_permanent, "{gone:?}");
}
