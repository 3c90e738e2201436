//! `opsroom __jq`: the child that runs programs, and that may be lost.
//!
//! It reads requests from its standard input, a socket, and writes the replies to it. Its memory is bounded, so that a
//! program that asks for more ends this process and no other. It ends when the socket does, and after a program that
//! did not end in time: the thread in which that runs can't be ended in any other way.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::clock::Clock;
use crate::lang::expression::{EvaluationError, Expression};

use super::frame::{self, Answer, MAX_FRAME, Received, Reply};

/// How long one batch of programs may take. They take microseconds; this is for the one that hangs.
pub(super) const DEADLINE: Duration = Duration::from_secs(2);
/// The address space of the child, in bytes.
const MEMORY: u64 = 512 << 20;
/// Deep documents and long reductions recurse; only what is touched costs memory.
const STACK: usize = 64 << 20;
/// How many compiled programs are kept.
const CACHED: usize = 1_000;

/// Serves the socket that is standard input until it is closed. The exit code means nothing.
pub(crate) fn main() -> u8 {
    let bound = |resource, most| {
        // A bound that is lower already, or that the system does not know, is as it is.
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    };
    bound(Resource::As, MEMORY);
    bound(Resource::Core, 0);
    if let Ok(socket) = rustix::io::dup(rustix::stdio::stdin()) {
        serve(UnixStream::from(socket));
    }
    0
}

/// Serves until the socket is closed or a program does not end in time.
pub(super) fn serve(mut stream: UnixStream) {
    let clock = Clock::start();
    let (jobs, received) = mpsc::channel::<Received>();
    let (answered, answers) = mpsc::channel();
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || work(&received, &answered));
    if thread.is_err() {
        return;
    }
    while let Some(request) = read(&mut stream) {
        let reply = match serde_json::from_slice::<Received>(&request) {
            Err(error) if error.is_syntax() => Reply::Refused("the document is nested too deeply".to_owned()),
            Err(error) => Reply::Refused(error.to_string()),
            Ok(request) => {
                let (count, deadline) = (request.programs.len(), clock.now().mono + DEADLINE);
                if jobs.send(request).is_err() {
                    return;
                }
                let next = || answers.recv_timeout(deadline.saturating_sub(clock.now().mono)).ok();
                let done: Vec<Answer> = std::iter::from_fn(next).take(count).collect();
                if done.len() == count { Reply::Done(done) } else { Reply::Hung(done) }
            }
        };
        let written = frame::encode(&reply).is_some_and(|frame| stream.write_all(&frame).is_ok());
        if !written || matches!(reply, Reply::Hung(_)) {
            return;
        }
    }
}

/// The next frame; `None` at the end.
fn read(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let length = usize::try_from(u32::from_le_bytes(length)).ok().filter(|length| *length <= MAX_FRAME)?;
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// Runs what is received, one program after the other.
fn work(received: &mpsc::Receiver<Received>, answered: &mpsc::Sender<Answer>) {
    let mut compiled: HashMap<String, Expression> = HashMap::new();
    while let Ok(Received { programs, document }) = received.recv() {
        for text in programs {
            if compiled.len() >= CACHED && !compiled.contains_key(&text) {
                compiled.clear();
            }
            let answer = match cached(&mut compiled, text) {
                Err(why) => Answer::Raised(why),
                Ok(expression) => match expression.run(&document) {
                    Ok(values) => Answer::Outputs(values),
                    Err(EvaluationError::Raised(why)) => Answer::Raised(why),
                    Err(EvaluationError::Exceeded(why)) => Answer::Exceeded(why.to_owned()),
                },
            };
            if answered.send(answer).is_err() {
                return;
            }
        }
    }
}

fn cached(compiled: &mut HashMap<String, Expression>, text: String) -> Result<&Expression, String> {
    use std::collections::hash_map::Entry;
    match compiled.entry(text) {
        Entry::Occupied(entry) => Ok(entry.into_mut()),
        Entry::Vacant(entry) => {
            let expression = Expression::compile(entry.key()).map_err(|error| error.to_string())?;
            Ok(entry.insert(expression))
        }
    }
}
