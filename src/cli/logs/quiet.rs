//! A stream that says when it is quiet.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// So long nothing comes before it is said.
const QUIET: Duration = Duration::from_millis(200);
/// Bytes of one read.
const READ: usize = 64 << 10;
/// Reads that wait to be taken.
const WAITING: usize = 4;

/// Reads a pipe through a thread, so that a read can time out: once after each time that something came.
pub(crate) struct Quiet {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    at: usize,
    said: bool,
}

impl Quiet {
    /// Begins to read `input`. The thread ends with it, or with the process.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn new(mut input: Box<dyn Read + Send>) -> io::Result<Self> {
        let (out, chunks) = sync_channel(WAITING);
        std::thread::Builder::new().name("input".into()).spawn(move || {
            let mut buffer = vec![0; READ];
            loop {
                let chunk = match input.read(&mut buffer) {
                    Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                    read => read.map(|read| buffer[..read].to_vec()),
                };
                let is_last = !chunk.as_ref().is_ok_and(|chunk| !chunk.is_empty());
                if out.send(chunk).is_err() || is_last {
                    return;
                }
            }
        })?;
        Ok(Self { chunks, chunk: Vec::new(), at: 0, said: true })
    }
}

impl Read for Quiet {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() {
            let next = if self.said {
                self.chunks.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.chunks.recv_timeout(QUIET)
            };
            (self.chunk, self.at) = match next {
                Ok(chunk) => (chunk?, 0),
                Err(RecvTimeoutError::Timeout) => {
                    self.said = true;
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            };
            self.said = false;
        }
        let read = (self.chunk.len() - self.at).min(buffer.len());
        buffer[..read].copy_from_slice(&self.chunk[self.at..self.at + read]);
        self.at += read;
        Ok(read)
    }
}
