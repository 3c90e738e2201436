//! The output of a run: read for ever, cleaned line by line, kept at its head and its tail.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};

use crate::actions::files;
use crate::actions::rundir::RunDir;
use crate::clock::Clock;
use crate::lang::time::rfc3339_millis;
use crate::text::SafeText;
use crate::text::redact::Redactor;

/// Longest line that is taken in raw; the rest of a longer one is read and dropped.
const RAW_LINE: usize = 64 << 10;
/// What is taken off a line where it is cut, so that no first half of a secret stays, which no mask would know.
const CUT: usize = 8 << 10;
/// The head: what `out.log` takes.
pub(crate) const HEAD: usize = 8 << 20;
/// The tail: what is kept beyond it.
pub(crate) const TAIL: usize = 256 << 10;
/// What the head leaves free on its disk, beside the tail: for the store, and for what else is written at the end of a run.
const SPARE: u64 = 1 << 20;
/// So begins a line of stdout that says what a step has proven.
const PROVEN: &str = "proven: ";
/// Characters of a line that goes into the outcome, and lines that say what was proven.
const SAID: (usize, usize) = (300, 8);
/// After so many bytes of the head is looked how much room there is.
const LOOK: usize = 16 << 10;

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputStream {
    /// The child's stdout.
    Out,
    /// The child's stderr.
    Err,
    /// The supervisor's own words.
    Note,
}

impl OutputStream {
    const fn tag(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
            Self::Note => "note",
        }
    }
}

/// Writes the output files of one run.
#[derive(Debug)]
pub(crate) struct OutputFiles {
    dir: RunDir,
    file: File,
    written: usize,
    room: Room,
    index: u64,
    tail: VecDeque<String>,
    tail_bytes: usize,
    tail_changed: bool,
    omitted: u64,
    partial: [Partial; 2],
    redactor: Redactor,
    clock: Clock,
    trouble: Option<io::Error>,
    proven: Vec<String>,
    last_error: Option<String>,
}

/// How much of its disk the output may take.
#[derive(Debug)]
struct Room {
    /// Bytes that may still be written where the run lies; `None` where the system does not say.
    free: fn(&RunDir) -> Option<u64>,
    /// So much the head leaves free.
    spare: u64,
    /// So long the tail may be.
    tail: usize,
    /// How long the head is when it is looked again.
    next_look: usize,
    /// Whether the head ended because the disk is nearly full.
    is_used_up: bool,
}

impl Room {
    /// On a small disk the tail takes an eighth of what is free, twice while it is rewritten, and the head leaves half.
    fn new(dir: &RunDir, free: fn(&RunDir) -> Option<u64>) -> Self {
        let now = free(dir).unwrap_or(u64::MAX);
        let tail = usize::try_from(now / 8).unwrap_or(TAIL).min(TAIL);
        let spare = (SPARE + 2 * tail as u64).min(now / 2);
        Self { free, spare, tail, next_look: 0, is_used_up: false }
    }

    /// Whether a head of so many bytes may grow.
    fn may_grow(&mut self, dir: &RunDir, written: usize) -> bool {
        if !self.is_used_up && written >= self.next_look {
            self.next_look = written + LOOK;
            self.is_used_up = (self.free)(dir).is_some_and(|free| free <= self.spare);
        }
        !self.is_used_up
    }
}

#[derive(Debug, Default)]
struct Partial {
    bytes: Vec<u8>,
    /// The line is longer than we take: its rest is being dropped.
    cut: bool,
}

impl OutputFiles {
    /// Opens `out.log`.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn new(dir: RunDir, redactor: Redactor, clock: Clock) -> io::Result<Self> {
        Self::within(dir, redactor, clock, |dir| files::room(dir.path()))
    }

    fn within(dir: RunDir, redactor: Redactor, clock: Clock, free: fn(&RunDir) -> Option<u64>) -> io::Result<Self> {
        Ok(Self {
            file: files::append(&dir.out())?,
            written: 0,
            room: Room::new(&dir, free),
            dir,
            index: 0,
            tail: VecDeque::new(),
            tail_bytes: 0,
            tail_changed: false,
            omitted: 0,
            partial: [Partial::default(), Partial::default()],
            redactor,
            clock,
            trouble: None,
            proven: Vec::new(),
            last_error: None,
        })
    }

    /// Takes in what a child wrote, cut anywhere.
    pub(crate) fn feed(&mut self, stream: OutputStream, mut bytes: &[u8]) {
        let slot = usize::from(stream == OutputStream::Err);
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.extend(slot, &bytes[..end]);
            self.finish_line(slot, stream);
            bytes = &bytes[end + 1..];
        }
        self.extend(slot, bytes);
    }

    /// The stream ended: what stands without a line break is a line too.
    pub(crate) fn end_of(&mut self, stream: OutputStream) {
        let slot = usize::from(stream == OutputStream::Err);
        if !self.partial[slot].bytes.is_empty() {
            self.finish_line(slot, stream);
        }
    }

    /// The next step begins: what the one before wrote to stderr is not its own.
    pub(crate) fn begin_step(&mut self) {
        self.last_error = None;
    }

    /// The last line that the step wrote to stderr.
    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// What the steps say that they have proven, as they are to be said: empty where nothing.
    pub(crate) fn proven(&self) -> String {
        if self.proven.is_empty() { String::new() } else { format!("{PROVEN}{}", self.proven.join(", ")) }
    }

    /// A word of the supervisor.
    pub(crate) fn note(&mut self, text: &str) {
        self.push(OutputStream::Note, text.as_bytes());
    }

    /// A text without any secret, safe to be stored.
    pub(crate) fn clean(&self, text: &str) -> SafeText {
        self.redactor.clean(text.as_bytes())
    }

    /// Writes the tail where it changed. Called now and then, so that a follower sees a flood go on.
    pub(crate) fn flush(&mut self) {
        if !std::mem::take(&mut self.tail_changed) {
            return;
        }
        let text: String = self.tail.iter().map(String::as_str).collect();
        if let Err(error) = files::write_whole(&self.dir.tail(), text.as_bytes()) {
            self.tail_changed = true;
            self.trouble.get_or_insert(error);
        }
    }

    /// Writes everything to the disk. Returns lines in all, lines left out, and what went wrong with the files.
    pub(crate) fn close(mut self) -> (u64, u64, Option<io::Error>) {
        self.flush();
        if let Err(error) = self.file.sync_all() {
            self.trouble.get_or_insert(error);
        }
        if self.room.is_used_up && self.omitted > 0 {
            self.trouble.get_or_insert_with(|| io::Error::other("the disk is nearly full"));
        }
        (self.index, self.omitted, self.trouble)
    }

    fn extend(&mut self, slot: usize, bytes: &[u8]) {
        let partial = &mut self.partial[slot];
        let room = RAW_LINE.saturating_sub(partial.bytes.len());
        partial.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room && !partial.cut {
            partial.cut = true;
            partial.bytes.truncate(RAW_LINE - CUT);
            partial.bytes.resize(RAW_LINE, b' ');
        }
    }

    fn finish_line(&mut self, slot: usize, stream: OutputStream) {
        let partial = std::mem::take(&mut self.partial[slot]);
        self.push(stream, partial.bytes.strip_suffix(b"\r").unwrap_or(&partial.bytes));
        // The buffer goes back, so that a talkative child does not cost an allocation a line.
        self.partial[slot].bytes = partial.bytes;
        self.partial[slot].bytes.clear();
    }

    /// Keeps of a line what belongs into the outcome.
    fn remember(&mut self, stream: OutputStream, text: &str) {
        let said = |text: &str| text.chars().take(SAID.0).collect();
        match stream {
            OutputStream::Out if self.proven.len() < SAID.1 => {
                self.proven.extend(text.strip_prefix(PROVEN).map(said));
            }
            OutputStream::Err if !text.is_empty() => self.last_error = Some(said(text)),
            _ => {}
        }
    }

    fn push(&mut self, stream: OutputStream, raw: &[u8]) {
        let text = self.redactor.clean(raw);
        self.remember(stream, text.as_str().trim());
        let now = rfc3339_millis(self.clock.now().utc);
        let mut line = String::with_capacity(text.as_str().len() + 48);
        let _ = writeln!(line, "{} {now} {} {}", self.index, stream.tag(), text.as_str());
        self.index += 1;
        let fits = self.written + line.len() <= HEAD && self.tail.is_empty();
        if fits && self.room.may_grow(&self.dir, self.written) {
            self.written += line.len();
            match self.file.write_all(line.as_bytes()) {
                Ok(()) => return,
                // A full disk must not stop the child: its output goes on being read, and the line begins the tail.
                Err(error) => {
                    self.trouble.get_or_insert(error);
                }
            }
        }
        self.tail_bytes += line.len();
        self.tail.push_back(line);
        self.tail_changed = true;
        while self.tail_bytes > self.room.tail && self.tail.len() > 1 {
            if let Some(gone) = self.tail.pop_front() {
                self.tail_bytes -= gone.len();
                self.omitted += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::follow::Follower;

    fn output(dir: &std::path::Path, secret: &str) -> OutputFiles {
        OutputFiles::new(RunDir::new(dir), Redactor::new([secret]), Clock::start()).unwrap()
    }

    fn read(dir: &std::path::Path) -> (Vec<crate::model::run::OutputLine>, u64) {
        let mut follower = Follower::new(RunDir::new(dir));
        let mut all = Vec::new();
        loop {
            let (lines, _) = follower.look().unwrap();
            if lines.is_empty() {
                return (all, follower.omitted());
            }
            all.extend(lines);
        }
    }

    /// Bytes of a disk that is small.
    const DISK: u64 = 1 << 20;

    fn of_small_disk(dir: &RunDir) -> u64 {
        let used = [dir.out(), dir.tail()].iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum::<u64>();
        DISK - used
    }

    #[test]
    fn output_leaves_room_on_its_disk_and_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let (run, redactor) = (RunDir::new(dir.path()), Redactor::default());
        let mut out =
            OutputFiles::within(run.clone(), redactor, Clock::start(), |dir| Some(of_small_disk(dir))).unwrap();
        for number in 0..100_000 {
            out.feed(OutputStream::Out, format!("line {number} of a command that says much\n").as_bytes());
        }
        out.flush();
        let left = of_small_disk(&run);
        // The tail is written twice while it is replaced.
        assert!(left >= DISK / 4, "{left} bytes are left");
        let (lines, omitted, trouble) = out.close();
        assert!(lines == 100_000 && omitted > 0 && omitted < 99_000, "{omitted} of {lines} lines are left out");
        assert_eq!(trouble.unwrap().to_string(), "the disk is nearly full");
        let (kept, _) = read(dir.path());
        assert_eq!(kept.last().unwrap().text, "line 99999 of a command that says much");
    }

    #[test]
    fn a_secret_cut_by_reads_is_still_one() {
        let dir = tempfile::tempdir().unwrap();
        let mut out = output(dir.path(), "hunter2hunter2");
        for piece in ["see hunt", "er2hun", "ter2 ok\nnext", ""] {
            out.feed(OutputStream::Out, piece.as_bytes());
        }
        out.feed(OutputStream::Err, b"hunter2\x1b[0mhunter2\r\n");
        out.end_of(OutputStream::Out);
        out.close();
        let (lines, _) = read(dir.path());
        let text: Vec<_> = lines.iter().map(|line| (line.stderr, line.text.as_str().to_owned())).collect();
        assert_eq!(text[0], (false, "see *** ok".to_owned()));
        assert!(text[1].0 && !text[1].1.contains("hunter2h"), "{text:?}");
        assert_eq!(text[2], (false, "next".to_owned()));
    }

    #[test]
    fn a_flood_keeps_head_and_tail_and_counts_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let mut out = output(dir.path(), "");
        let total = 200_000_u64;
        for number in 0..total {
            out.feed(OutputStream::Out, format!("line {number} {}\n", "x".repeat(50)).as_bytes());
        }
        let (count, omitted, trouble) = out.close();
        assert!(trouble.is_none());
        assert_eq!(count, total);
        assert!(omitted > 0);
        let (lines, gap) = read(dir.path());
        assert_eq!(gap, omitted);
        assert_eq!(lines.len() as u64 + omitted, total);
        assert!(lines[0].text.as_str().starts_with("line 0 "));
        assert!(lines.last().unwrap().text.as_str().starts_with("line 199999 "));
        let size: u64 = ["out.log", "tail.log"].iter().map(|f| dir.path().join(f).metadata().unwrap().len()).sum();
        assert!(size <= (HEAD + TAIL) as u64);
    }

    #[test]
    fn an_endless_line_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let mut out = output(dir.path(), "zzzzzz");
        for _ in 0..100 {
            out.feed(OutputStream::Out, &[b'a'; 10_000]);
        }
        out.feed(OutputStream::Out, b"\nshort\n");
        out.close();
        let (lines, _) = read(dir.path());
        assert!(lines[0].text.as_str().len() <= crate::text::MAX_LINE);
        assert_eq!(lines[1].text.as_str(), "short");
    }
}
