//! A service on loopback that counts what it is asked.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::pty::until;

/// What a probe gets.
#[derive(Clone, Copy)]
pub enum Answer {
    /// 200 and a healthy body.
    Healthy,
    /// The connection stays open and says nothing.
    Nothing,
    /// 500 with the whole request in its body, as frameworks show it to developers.
    Echo,
}

/// The service; it ends with the test.
pub struct Service {
    pub address: SocketAddr,
    asked: Arc<AtomicUsize>,
    replaced: Arc<AtomicBool>,
}

impl Service {
    pub fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of loopback");
        let address = listener.local_addr().expect("it is bound");
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || serve(stream, answer, &counter));
            }
        });
        Self { address, asked, replaced: Arc::default() }
    }

    /// A healthy one that can be replaced behind its port while its connections stay.
    pub fn start_replaceable() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of loopback");
        let address = listener.local_addr().expect("it is bound");
        let asked = Arc::new(AtomicUsize::new(0));
        let replaced = Arc::new(AtomicBool::new(false));
        let (counter, is_replaced) = (Arc::clone(&asked), Arc::clone(&replaced));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = if is_replaced.load(Ordering::SeqCst) { Answer::Echo } else { Answer::Healthy };
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || serve(stream, answer, &counter));
            }
        });
        Self { address, asked, replaced }
    }

    /// From now on new connections meet a process that answers 500; those that are open still meet the old one.
    pub fn replace(&self) {
        self.replaced.store(true, Ordering::SeqCst);
    }

    /// Requests so far.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn wait_until_asked(&self, times: usize) {
        until("the service is asked", || self.asked() >= times);
    }
}

fn serve(mut stream: TcpStream, answer: Answer, asked: &AtomicUsize) {
    let (mut bytes, mut seen) = ([0; 4096], Vec::new());
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        seen.extend_from_slice(&bytes[..count]);
        if !seen.ends_with(b"\r\n\r\n") {
            continue;
        }
        let request = String::from_utf8_lossy(&seen).into_owned();
        seen.clear();
        asked.fetch_add(1, Ordering::SeqCst);
        let (status, body) = match answer {
            Answer::Nothing => continue,
            Answer::Healthy => ("200 OK", serde_json::json!({"status": "healthy"})),
            Answer::Echo => {
                let services = serde_json::json!({"queue": {"status": "unhealthy", "error": request}});
                ("500 Broken", serde_json::json!({"status": "unhealthy", "error": request, "services": services}))
            }
        };
        let body = body.to_string();
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}
