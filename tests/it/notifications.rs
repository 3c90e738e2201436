//! Messages of a real watcher to real receivers: what is killed is said again and known again, and the links in them
//! acknowledge once.
#![expect(clippy::unwrap_used, reason = "a test's helpers end it where they fail")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::pty::{Terminal, until, until_seen};
use crate::support::server::{Reply, Request, Server};
use crate::support::watcher::{Room, Watch, asked, get, serves};

/// What a receiver does with messages.
const ACCEPTS: u8 = 0;
const HANGS: u8 = 1;
const IS_ILL: u8 = 2;

struct Receiver {
    server: Server,
    does: Arc<AtomicU8>,
}

impl Receiver {
    async fn start(does: u8) -> Self {
        let does = Arc::new(AtomicU8::new(does));
        let what = Arc::clone(&does);
        let server = Server::start(move |_| match what.load(Ordering::SeqCst) {
            ACCEPTS => Reply::json(200, "{}"),
            HANGS => Reply::Hang,
            _ => Reply::text(500, "ill"),
        });
        Self { server: server.await, does }
    }

    fn turn(&self, does: u8) {
        self.does.store(does, Ordering::SeqCst);
    }

    /// What it was given so far: the key of each message, and what is new in it.
    fn given(&self) -> Vec<(String, String)> {
        let one = |request: &Request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            let news = body["groups"][0]["entries"][0]["news"].as_str().unwrap_or_default().to_owned();
            (request.header("idempotency-key").unwrap_or_default().to_owned(), news)
        };
        self.server.requests().iter().map(one).collect()
    }
}

/// A room whose alerts go to a webhook.
fn told(receiver: &Receiver, more: &str) -> Room {
    let room = Room::new();
    let url = receiver.server.url("/hook");
    room.write(&format!(
        "{}[severity.critical]\nnotify = [\"hook\"]\n[notify.hook]\nwebhook = \"{url}\"\ntimeout = \"30s\"\n{more}",
        room.text()
    ));
    room
}

fn sent(room: &Room) -> usize {
    room.facts("message.sent").len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_that_is_killed_while_it_sends_is_succeeded_by_the_same_message_once() {
    let receiver = Receiver::start(HANGS).await;
    let room = told(&receiver, "");
    let mut watch = room.watch(&[]);
    until("it is being sent", || receiver.given().len() == 1);
    assert_eq!(room.facts("message.claimed").len(), 1, "it was claimed before");
    watch.signal(Signal::KILL);
    watch.left();
    receiver.turn(ACCEPTS);
    let mut next = room.watch(&[]);
    until("it is on record", || sent(&room) == 1);
    let given = receiver.given();
    assert_eq!(given.len(), 2, "{given:?}");
    assert_eq!(given[0], given[1], "a receiver that takes the key drops the second");
    assert!(!given[0].0.is_empty() && given[0].1 == "new", "{given:?}");
    // Killed after its outcome is on record: nothing is said again.
    next.signal(Signal::KILL);
    next.left();
    let mut last = room.watch(&[]);
    last.notice("recording: this watcher holds the lease");
    let _listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    until("the recovery is on record", || sent(&room) == 2);
    let given: Vec<String> = receiver.given().into_iter().map(|(_, news)| news).collect();
    assert_eq!(given, ["new", "new", "resolved"]);
    last.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_delivered_is_said_with_its_reason_until_it_is() {
    let receiver = Receiver::start(IS_ILL).await;
    let room = told(&receiver, "");
    let mut watch = room.watch(&[]);
    let shown = || String::from_utf8_lossy(&room.opsroom(&["notify"]).stdout).into_owned();
    until_seen("the failure", shown, |shown| {
        shown.contains("failed") && shown.contains("answered 500: ill (after 3 attempts)")
    });
    receiver.turn(ACCEPTS);
    until_seen("the delivery", shown, |shown| shown.contains("delivered") && !shown.contains("failed"));
    let keys: std::collections::BTreeSet<String> = receiver.given().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), 1, "all attempts are one message");
    watch.end();
}

/// The link of the newest message.
fn link(receiver: &Receiver) -> Option<String> {
    let requests = receiver.server.requests();
    let body: Value = serde_json::from_slice(&requests.last()?.body).unwrap();
    Some(body["groups"][0]["entries"][0]["acknowledge"].as_str()?.strip_prefix("https://ops.example.com")?.to_owned())
}

fn post(address: &str, path: &str) -> (String, String) {
    let request = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\na=b");
    asked(address, request.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_in_a_message_acknowledges_once_by_its_button_alone() {
    let receiver = Receiver::start(ACCEPTS).await;
    let room = told(&receiver, "[watch]\npublic_url = \"https://ops.example.com\"\n");
    let mut watch = room.watch(&["--listen", "127.0.0.1:0"]);
    serves(&watch);
    let mut path = None;
    until("a message with a link", || {
        path = link(&receiver);
        path.is_some()
    });
    let path = path.unwrap();
    until("it is on record", || sent(&room) == 1);
    watch.end();
    // Another process of the same state directory knows its links.
    let mut watch = room.watch(&["--listen", "127.0.0.1:0"]);
    let address = serves(&watch);
    watch.notice("recording: this watcher holds the lease");
    let page = || get(&address, &path);
    let (head, body) = until_seen("its page", page, |(head, _)| head.starts_with("HTTP/1.1 200 "));
    for header in
        ["cache-control: no-store", "x-robots-tag: noindex", "referrer-policy: no-referrer", "default-src 'none'"]
    {
        assert!(head.contains(header), "{header}: {head}");
    }
    assert!(body.contains("CRITICAL api") && body.contains("<form method=\"post\">"), "{body}");
    assert!(body.contains("in the name of channel hook") && !body.contains("<script"), "{body}");
    // What reads messages follows links by itself.
    let (head, body) = asked(&address, format!("HEAD {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes());
    assert!(head.starts_with("HTTP/1.1 200 ") && body.is_empty(), "{head}");
    let (middle, other) = (path.len() - 20, if path.as_bytes()[path.len() - 20] == b'A' { "B" } else { "A" });
    let altered = format!("{}{other}{}", &path[..middle], &path[middle + 1..]);
    for method in [get, post] {
        let (head, body) = method(&address, &altered);
        assert!(head.starts_with("HTTP/1.1 404 ") && body.contains("was altered"), "{head} {body}");
    }
    assert_eq!(room.facts("alert.acknowledged").len(), 0, "nobody has pressed the button");

    let (head, body) = post(&address, &path);
    assert!(head.starts_with("HTTP/1.1 200 ") && body.contains("critical api is acknowledged until"), "{head} {body}");
    let said = room.facts("alert.acknowledged");
    assert_eq!((said.len(), &said[0]["who"]), (1, &"channel hook".into()));
    let token = path.rsplit('/').next().unwrap();
    assert!(!said[0].to_string().contains(token), "the record does not hold the link");
    let again = || post(&address, &path);
    until_seen("it is used up", again, |(head, body)| head.starts_with("HTTP/1.1 410 ") && body.contains("before"));
    assert_eq!(room.facts("alert.acknowledged").len(), 1);

    let _listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    until_seen("it is gone with its alert", again, |(_, body)| body.contains("not firing any more"));
    // Who tries often is slowed down, and the pages of the watcher are not.
    let tried = || (0..40).map(|_| post(&address, "/ack/AAAA").0).find(|head| head.starts_with("HTTP/1.1 429 "));
    assert!(tried().is_some());
    assert!(get(&address, "/health").0.starts_with("HTTP/1.1 200 "));
    watch.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_link_is_sent_where_nobody_could_follow_it() {
    let receiver = Receiver::start(ACCEPTS).await;
    let room = told(&receiver, "");
    let mut watch = room.watch(&["--listen", "127.0.0.1:0"]);
    let address = serves(&watch);
    until("a message", || receiver.given().len() == 1);
    assert_eq!(link(&receiver), None);
    assert!(get(&address, "/ack/AAAA").0.starts_with("HTTP/1.1 404 "));
    watch.end();
}

/// 300 checks of 100 services fail at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_alerts_is_one_sms() {
    let receiver = Receiver::start(ACCEPTS).await;
    let room = Room::new();
    let url = receiver.server.url("");
    let mut text = format!(
        "[secret]\ns = {{ env = \"SMS_TOKEN\" }}\n[severity.critical]\nnotify = [\"sms\"]\n[notify.sms]\ntwilio = {{ account = \
         \"AC1\", token = \"{{secret:s}}\", from = \"+15550100\", url = \"{url}\" }}\nto = \"+15550101\"\ntimeout = \"1m\"\n"
    );
    for service in 0..100 {
        writeln!(text, "[service.s{service}]").unwrap();
        for check in 0..3 {
            write!(
                text,
                "[check.c{service}-{check}]\nservice = \"s{service}\"\ntcp = \"127.0.0.1:{}\"\nevery = \"1s\"\ntimeout = \
                 \"500ms\"\nfail_after = 1\nalert = {{ critical = \"down\" }}\n",
                room.port
            )
            .unwrap();
        }
    }
    room.write(&text);
    let mut command = room.command(&["watch"]);
    command.env("SMS_TOKEN", "a-token-of-twilio");
    let mut watch = Watch::start(command);
    until("a message", || !receiver.server.requests().is_empty());
    until("all of it is on record", || room.facts("alert.fired").len() == 300 && sent(&room) > 0);
    let requests = receiver.server.requests();
    let all: Vec<String> = requests.iter().map(|one| String::from_utf8_lossy(&one.body).into_owned()).collect();
    assert_eq!(all.len(), 1, "one message a minute at the most: {all:#?}");
    let body = String::from_utf8(requests[0].body.clone()).unwrap();
    assert!(body.contains("To=%2B15550101") && body.contains("firing+in+"), "{body}");
    watch.end();
}

#[test]
fn each_console_signals_a_new_alert_once_though_a_watcher_tells_of_it() {
    let room = Room::new();
    room.write(&format!(
        "{}[severity.critical]\nnotify = [\"desk\"]\n[notify.desk]\nterminal = \"osc9\"\n",
        room.text()
    ));
    let listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    let mut watch = room.watch(&[]);
    watch.notice("recording: this watcher holds the lease");
    let (file, store) = (room.at.path().join("opsroom.toml"), room.url());
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", file.to_str().unwrap(), "--store", &store];
    let state = room.at.path().join("console");
    let console = Terminal::program(&argv, 100, 30, &[("XDG_STATE_HOME", state.to_str().unwrap())]);
    console.wait_for("services · 1 ok");
    drop(listener);
    let signals = || console.raw().matches("\u{1b}]9;opsroom: CRITICAL api: DOWN").count();
    until("it signals", || signals() == 1);
    let _listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    console.wait_for("services · 1 ok");
    until("the end is on record", || room.facts("alert.resolved").len() == 1);
    assert_eq!(signals(), 1);
    assert!(room.facts("message.claimed").is_empty(), "nobody sends it for all");
    watch.end();
}

/// A mail server that takes one mail after the other: its port, and what it was given.
fn mailbox() -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, mails) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(String::new())));
    let kept = Arc::clone(&mails);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            stream.write_all(b"220 ready\r\n").unwrap();
            let mut is_mail = false;
            for line in lines.map_while(Result::ok) {
                if is_mail && line != "." {
                    let mut kept = kept.lock().unwrap();
                    kept.push_str(&line);
                    kept.push('\n');
                    continue;
                }
                is_mail = line == "DATA";
                stream.write_all(if is_mail { b"354 go on\r\n" } else { b"250 done\r\n" }).unwrap();
            }
        }
    });
    (port, mails)
}

#[test]
fn a_test_that_a_console_sends_to_a_contact_is_confirmed_by_its_code() {
    let (port, mails) = mailbox();
    let room = Room::new();
    room.write(&format!(
        "{}[contact.ana]\nemail = \"ana@example.com\"\n[oncall]\nrotation = [\"ana\"]\n\
         [notify.mail]\nsmtp = \"smtp://127.0.0.1:{port}\"\nfrom = \"ops@example.com\"\n",
        room.text()
    ));
    let file = room.at.path().join("opsroom.toml");
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", file.to_str().unwrap(), "--store", &room.url()];
    let mut console = Terminal::program(&argv, 120, 40, &[("USER", "ana")]);
    console.wait_for("1 critical");
    console.press("5t");
    console.confirm("y sends them");
    console.wait_for("accepted the test message");
    let mail = mails.lock().unwrap().replace("=\n", "");
    let code: String =
        mail.split("oncall confirm ").nth(1).unwrap_or_else(|| panic!("{mail}")).chars().take(9).collect();
    let said = room.opsroom(&["oncall", "confirm", &code]);
    let said = String::from_utf8_lossy(&said.stdout);
    assert!(said.contains("test page confirmed: ana can be reached by mail"), "{code}: {said}");
}
