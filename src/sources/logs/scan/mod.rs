//! Reads a whole file as fast as it can be counted, and comes to exactly what its records would have come to.
//!
//! A record costs an allocation, a sanitised copy and a second look for secrets. Most lines of most files need none of
//! that to be counted: objects of printable ASCII are looked at where they lie ([`Pipeline::glance`]), and where a
//! filter requires a word, whole blocks are searched for it before anything is read at all. Where nothing but the
//! number of those that pass is wanted and a word decides it, that holds for text too. Every other line takes the way
//! of all lines, through the pipeline. A large file is read by several threads, from line starts that nothing before
//! them belongs to.

mod block;
pub mod once;
mod part;
mod passing;
mod suspects;

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use self::part::Part;
use self::suspects::Suspicion;
use super::pipeline::{Pipeline, is_object};
use crate::clock::Clock;
use crate::config::sections::log::Log;
use crate::logs::filter::{Filter, Subject};
use crate::sources::logs::decode::archive::Packing;
use crate::sources::logs::decode::encoding;
use crate::text::redact::Redactor;

/// Bytes that are worth a thread.
const WORTH: u64 = 8 << 20;
/// Threads at most.
const THREADS: u64 = 8;
/// How far behind a cut an object is looked for.
const REACH: usize = 1 << 20;

/// What counts what is read.
pub(crate) trait Gather: Send {
    /// Looks at one record, or at what it would say.
    fn ingest<S: Subject>(&mut self, subject: &S);

    /// Notes one record that passes, where nothing else of it is wanted.
    fn count_one(&mut self);

    /// Notes records that can't pass the filter.
    fn pass_by(&mut self, records: u64);

    /// Whether nothing but the number of those that pass is wanted.
    fn only_counts(&self) -> bool;
}

/// Gathers the whole file at `path`, by one gatherer for each part of it, in order; `None` where it must be read record
/// by record: it is no file, is packed, in another encoding, or its log joins, ignores or counts lines.
///
/// # Errors
/// When the file can't be read.
#[expect(clippy::disallowed_methods, reason = "this is the room that reads logs")]
pub(crate) fn file<G: Gather + Clone>(
    path: &Path,
    log: &Log,
    redactor: &Redactor,
    clock: Clock,
    filter: &Filter,
    gather: &G,
) -> io::Result<Option<Vec<G>>> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    let pipeline = || Pipeline::new(log, redactor.clone(), Vec::new(), 1);
    if !meta.is_file() || log.encoding.is_some() || !pipeline().takes_objects_alone() {
        return Ok(None);
    }
    let mut head = [0; 16];
    let read = file.read_at(&mut head, 0)?;
    if Packing::recognise(&head[..read]).is_some() || encoding::mark(&head[..read]).is_some() {
        return Ok(None);
    }
    let suspicion = gather.only_counts().then(|| Suspicion::for_filter(filter)).flatten();
    let run = |cuts: &[u64]| {
        let part = |cut: &[u64]| {
            Part::new(&file, cut[0]..cut[1], pipeline(), clock, filter, suspicion.clone(), gather.clone())
        };
        run(cuts.windows(2).map(part).collect())
    };
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let parts = (meta.size() / WORTH).min(threads).min(THREADS);
    let text = suspicion.as_ref().map(|_| pipeline());
    let gathered = run(&cuts(&file, meta.size(), parts, text.as_ref())?)?;
    // What a container wrote in pieces can't be cut between them.
    if gathered.is_some() { Ok(gathered) } else { run(&[0, u64::MAX]) }
}

/// Runs each part in a thread; `None` where one of them does not end where it was cut.
fn run<G: Gather>(parts: Vec<Part<G>>) -> io::Result<Option<Vec<G>>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts.into_iter().map(|part| scope.spawn(|| part.run())).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a reader stopped early"))))
            .collect()
    })
}

/// Where at most `parts` parts of the file begin and end: at objects, and with a pipeline also at other lines that
/// surely begin a record in it. The last one ends where the file ends when it is read.
fn cuts(file: &File, size: u64, parts: u64, text: Option<&Pipeline>) -> io::Result<Vec<u64>> {
    let mut cuts = vec![0];
    for part in 1..parts {
        if let Some(cut) = beginning_after(file, size / parts * part, text)?
            && cuts.last().is_some_and(|last| *last < cut)
        {
            cuts.push(cut);
        }
    }
    cuts.push(u64::MAX);
    Ok(cuts)
}

/// Where the next record begins that is an object or, with a pipeline, any line that surely begins one in it.
fn beginning_after(file: &File, from: u64, text: Option<&Pipeline>) -> io::Result<Option<u64>> {
    let mut buffer = vec![0; REACH];
    let read = file.read_at(&mut buffer, from)?;
    let mut before = None;
    let mut start = None;
    for end in memchr::memchr_iter(b'\n', &buffer[..read]) {
        if let Some(start) = start {
            let line = &buffer[start..end];
            if is_object(line) || text.is_some_and(|pipeline| pipeline.begins(before, line, false)) {
                return Ok(Some(from + start as u64));
            }
            before = Some(line);
        }
        start = Some(end + 1);
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
