//! Over a link that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Everything is passed on.
const UP: u8 = 0;
/// Nothing is, in neither direction, and nobody is told.
const SILENT: u8 = 1;
/// What carries the mark arrives; its answer does not, and the connection ends.
const LOSES_ANSWER: u8 = 2;
/// What carries the mark does not arrive, and the connection ends.
const LOSES_QUESTION: u8 = 3;

const MARK: &[u8] = b"marked-words";

/// A link to the server that can fail.
struct Link {
    address: String,
    mode: Arc<AtomicU8>,
}

impl Link {
    async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (mode, server) = (Arc::new(AtomicU8::new(UP)), server.to_owned());
        let shared = Arc::clone(&mode);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mode, server) = (Arc::clone(&shared), server.clone());
                tokio::spawn(async move { pass(client, TcpStream::connect(server).await.unwrap(), &mode).await });
            }
        });
        Self { address, mode }
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, mode: &AtomicU8) {
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut marked = false;
    loop {
        let (from_client, length) = tokio::select! {
            read = client.read(&mut asked) => (true, read.unwrap_or(0)),
            read = server.read(&mut answered) => (false, read.unwrap_or(0)),
        };
        if length == 0 {
            return;
        }
        match mode.load(Ordering::SeqCst) {
            SILENT => std::future::pending().await,
            lost @ (LOSES_ANSWER | LOSES_QUESTION) => {
                marked |= from_client && asked[..length].windows(MARK.len()).any(|part| part == MARK);
                if marked && (lost == LOSES_QUESTION || !from_client) {
                    mode.store(UP, Ordering::SeqCst);
                    return;
                }
            }
            _ => {}
        }
        let passed = if from_client {
            server.write_all(&asked[..length]).await
        } else {
            client.write_all(&answered[..length]).await
        };
        if passed.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_done_once() {
    let Some(server) = server() else { return };
    let (database, link) = (Database::new(&server).await, Link::to(&server).await);
    let store = open(&database.url_over(&link.address)).await.unwrap();
    record(&store, "first").await.unwrap();
    for mode in [LOSES_ANSWER, LOSES_QUESTION] {
        link.set(mode);
        record(&store, "marked-words").await.unwrap();
        assert_eq!(link.mode.load(Ordering::SeqCst), UP, "it was lost once");
    }
    // Another writes right after the batch whose answer is lost.
    let other = open(&database.url()).await.unwrap();
    link.set(LOSES_ANSWER);
    let next = async {
        while said(&other).await.len() < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        record(&other, "another").await.unwrap();
    };
    let (done, ()) = tokio::join!(record(&store, "marked-words too"), next);
    done.unwrap();
    assert_eq!(said(&store).await, ["first", "marked-words", "marked-words", "marked-words too", "another"]);
    database.end().await;
}

#[tokio::test]
async fn a_link_that_drops_everything_is_noticed_and_comes_back() {
    let Some(server) = server() else { return };
    let (database, link) = (Database::new(&server).await, Link::to(&server).await);
    let store = open(&database.url_over(&link.address)).await.unwrap();
    record(&store, "before").await.unwrap();
    link.set(SILENT);
    let begin = Instant::now();
    let error = store.version().await.unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(error.is_away() && error.to_string().contains("the server does not answer"), "{error}");
    link.set(UP);
    record(&store, "after").await.unwrap();
    assert_eq!(said(&store).await, ["before", "after"]);
    database.end().await;
}
