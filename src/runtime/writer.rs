//! Writing to the terminal without ever waiting for it.
//!
//! A terminal can stop reading: Ctrl-S, a suspended `ssh`, a dead link. The loop must go on then (probes, runs,
//! signals), so a thread of its own does the blocking write. It holds one frame at the most: while that is under way
//! no other is drawn, and the next one is made from the state of that later moment.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// How long the farewell may take before the process leaves without it.
const FAREWELL: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Slot {
    waiting: Option<Vec<u8>>,
    spare: Vec<u8>,
    writing: bool,
    failed: bool,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    slot: Mutex<Slot>,
    work: Condvar,
    idle: Condvar,
    written: Notify,
}

impl Shared {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way to the terminal.
pub(crate) struct Writer {
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts the thread that writes to `sink`.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn start(sink: impl Write + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new().name("screen".into()).stack_size(64 << 10).spawn(move || serve(&theirs, sink))?;
        Ok(Self { shared })
    }

    /// Whether the last frame has left, so that another may be drawn.
    pub(crate) fn is_idle(&self) -> bool {
        let slot = self.shared.slot();
        !slot.writing && slot.waiting.is_none()
    }

    /// Whether the terminal is gone: a write failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.shared.slot().failed
    }

    /// An empty buffer for the next frame.
    pub(crate) fn buffer(&self) -> Vec<u8> {
        let mut buffer = std::mem::take(&mut self.shared.slot().spare);
        buffer.clear();
        buffer
    }

    /// Hands over a frame. One that still waits is written together with it.
    pub(crate) fn submit(&self, bytes: Vec<u8>) {
        let mut slot = self.shared.slot();
        if bytes.is_empty() || slot.failed {
            slot.spare = bytes;
            return;
        }
        match &mut slot.waiting {
            Some(waiting) => waiting.extend_from_slice(&bytes),
            empty => *empty = Some(bytes),
        }
        self.shared.work.notify_one();
    }

    /// Resolves when a frame has left, or the terminal was found to be gone.
    pub(crate) fn written(&self) -> impl Future<Output = ()> + use<> {
        let shared = Arc::clone(&self.shared);
        async move { shared.written.notified().await }
    }

    /// Hands over the last bytes and waits until they have left, or for half a second: a blocked terminal must not
    /// keep a process alive that was asked to end. Returns whether they left.
    pub(crate) fn flush(&self, bytes: Vec<u8>) -> bool {
        self.submit(bytes);
        let busy = |slot: &mut Slot| (slot.writing || slot.waiting.is_some()) && !slot.failed;
        let slot = self.shared.slot();
        let (slot, _) =
            self.shared.idle.wait_timeout_while(slot, FAREWELL, busy).unwrap_or_else(PoisonError::into_inner);
        !slot.writing && slot.waiting.is_none() && !slot.failed
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.slot().closed = true;
        self.shared.work.notify_one();
    }
}

fn serve(shared: &Shared, mut sink: impl Write) {
    loop {
        let frame = {
            let mut slot = shared.slot();
            loop {
                if let Some(frame) = slot.waiting.take() {
                    slot.writing = true;
                    break frame;
                }
                if slot.closed {
                    return;
                }
                slot = shared.work.wait(slot).unwrap_or_else(PoisonError::into_inner);
            }
        };
        let result = sink.write_all(&frame).and_then(|()| sink.flush());
        let mut slot = shared.slot();
        slot.writing = false;
        slot.spare = frame;
        if let Err(error) = result {
            tracing::info!(%error, "writing to the terminal failed");
            slot.failed = true;
            slot.waiting = None;
        }
        shared.idle.notify_all();
        shared.written.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc;

    use super::*;

    /// Takes nothing until released.
    struct Gate(mpsc::Receiver<()>, mpsc::Sender<Vec<u8>>);

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.1.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_blocked_terminal_blocks_neither_frames_nor_the_farewell() {
        let (open, gate) = mpsc::channel();
        let (sink, seen) = mpsc::channel();
        let writer = Writer::start(Gate(gate, sink)).unwrap();
        writer.submit(b"one".to_vec());
        assert!(!writer.is_idle());
        assert!(!writer.flush(b"bye".to_vec()), "the terminal is blocked");
        open.send(()).unwrap();
        open.send(()).unwrap();
        drop(writer);
        // Both may have gone in one write, where the thread began only now.
        assert_eq!(seen.iter().flatten().collect::<Vec<u8>>(), b"onebye");
    }

    #[test]
    fn a_terminal_that_is_gone_is_noticed() {
        let (open, gate) = mpsc::channel::<()>();
        let (sink, _seen) = mpsc::channel();
        let writer = Writer::start(Gate(gate, sink)).unwrap();
        drop(open);
        assert!(!writer.flush(b"one".to_vec()));
        assert!(writer.has_failed());
    }
}
