//! Reads a recording: all of it that can be read.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use flate2::bufread::GzDecoder;

use super::{FILES, older};
use crate::app::recording::{Header, PROGRAM, RecordedLine};
use crate::files::made;
use crate::files::trust::describe;

/// So begins a header.
const BEGINS: &str = "{\"begins\":";
/// Bytes of one line: a header holds a configuration.
const LONGEST: u64 = 160 << 20;

/// A recording whose files can be read.
#[derive(Debug)]
pub(crate) struct Recording {
    /// Its files, the oldest first.
    files: Arc<[PathBuf]>,
    /// How it begins.
    pub header: Header,
    /// The moment of its first line, in milliseconds since 1970.
    pub first: i64,
    /// The moment of its last line.
    pub last: i64,
    /// How its further files begin, in their order.
    pub further: Vec<FileStart>,
    /// What a person should know of it, a line each.
    pub notes: Vec<String>,
}

/// How a file begins that goes on where another one ended.
#[derive(Debug)]
pub(crate) struct FileStart {
    /// In milliseconds since 1970.
    pub at: i64,
    /// Its header.
    pub header: Header,
    /// Where its first line is in the files.
    pub place: LinePlace,
}

/// Why a file can't be replayed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unplayable {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: &'static str,
}

impl Recording {
    /// Opens the recording in a file, with the older files beside it, and reads it once. Blocking.
    ///
    /// # Errors
    /// It is no recording of which anything can be played.
    pub(crate) fn open(path: &Path) -> Result<Self, Unplayable> {
        let shown = path.display();
        let refuse = |problem: String, hint| Unplayable { problem, hint };
        match made::open(path) {
            Err(error) => {
                let problem = format!("{shown} can't be read: {}", describe(&error));
                return Err(refuse(problem, "name a file that `--record FILE` has written"));
            }
            Ok(file) if file.metadata().is_ok_and(|data| data.len() == 0) => {
                let problem = format!("{shown} is empty: nothing was recorded");
                return Err(refuse(problem, "a recording begins when the console has started"));
            }
            Ok(_) => {}
        }
        let files: Arc<[PathBuf]> = (0..FILES).rev().map(|by| older(path, by)).filter(|file| file.exists()).collect();
        let mut lines = Kept::new(Arc::clone(&files));
        let first = lines.next().and_then(|(_, line)| RecordedLine::decode(&line).ok());
        let Some(RecordedLine::Begins(header)) = first else {
            return Err(refuse(format!("{shown} is not a recording"), "name a file that `--record FILE` has written"));
        };
        let first = header.at.utc.timestamp_millis();
        let (mut last, mut further) = (first, Vec::new());
        while let Some((at, line)) = lines.next() {
            last = last.max(at);
            if line.starts_with(BEGINS)
                && let Ok(RecordedLine::Begins(header)) = RecordedLine::decode(&line)
            {
                further.push(FileStart { at, header: *header, place: lines.before });
            }
        }
        let mut notes = Vec::new();
        if header.program != PROGRAM {
            notes.push(format!(
                "recorded by version {}, this is {PROGRAM}: frames may differ, and what is unknown is passed over",
                header.program
            ));
        }
        if header.continued {
            notes.push(format!(
                "the recording begins at {}; figures that look back for hours are incomplete",
                moment(first).format("%Y-%m-%d %H:%M:%SZ")
            ));
        }
        notes.extend(lines.problems);
        Ok(Self { files, header: *header, first, last, further, notes })
    }

    /// Its lines, from the first one on.
    pub(crate) fn lines(&self) -> RecordedLines {
        RecordedLines { kept: Kept::new(Arc::clone(&self.files)), next: None, unreadable: 0 }
    }

    /// Its lines from a place on.
    pub(crate) fn lines_from(&self, place: LinePlace) -> RecordedLines {
        RecordedLines { kept: Kept::from(Arc::clone(&self.files), place), next: None, unreadable: 0 }
    }
}

/// A moment in milliseconds since 1970.
pub(crate) fn moment(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}

/// Where a line stands in a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LinePlace {
    /// Which of its files.
    file: usize,
    /// Where the part of the file begins that it is in: a gzip member.
    part: u64,
    /// Lines of that part before it.
    lines: u64,
}

/// The lines of a recording in their order.
pub(crate) struct RecordedLines {
    kept: Kept,
    /// The next line with its place, where it was looked at.
    next: Option<(LinePlace, i64, String)>,
    /// Lines that were passed over.
    pub unreadable: u64,
}

impl RecordedLines {
    /// The next line that is of this moment or before it.
    pub(crate) fn until(&mut self, moment: i64) -> Option<RecordedLine> {
        loop {
            let (place, at, line) = if let Some(next) = self.next.take() {
                next
            } else {
                let (at, line) = self.kept.next()?;
                (self.kept.before, at, line)
            };
            if at > moment {
                self.next = Some((place, at, line));
                return None;
            }
            match RecordedLine::decode(&line) {
                Ok(line) => return Some(line),
                Err(_) => self.unreadable += 1,
            }
        }
    }

    /// Where the next line stands.
    pub(crate) fn place(&self) -> LinePlace {
        self.next.as_ref().map_or(self.kept.place, |(place, ..)| *place)
    }
}

/// Lines as they are kept, file by file.
struct Kept {
    files: Arc<[PathBuf]>,
    open: Option<Part>,
    /// Where the next line stands.
    place: LinePlace,
    /// Where the last line stood.
    before: LinePlace,
    /// What of them can't be read.
    problems: Vec<String>,
}

/// A part of a file that is being read.
type Part = BufReader<GzDecoder<BufReader<File>>>;

/// Problems that are said of a recording at the most.
const MOST_SAID: usize = 8;

impl Kept {
    fn new(files: Arc<[PathBuf]>) -> Self {
        Self::from(files, LinePlace::default())
    }

    fn from(files: Arc<[PathBuf]>, place: LinePlace) -> Self {
        Self { files, open: None, place, before: place, problems: Vec::new() }
    }

    fn say(&mut self, problem: String) {
        // What is said of one line holds for others of its file: said of each it would leave no room for anything else.
        if self.problems.len() < MOST_SAID && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Opens the file of the next line there.
    fn open(&self, path: &Path) -> io::Result<Part> {
        let mut file = made::open(path)?;
        file.seek(SeekFrom::Start(self.place.part))?;
        let mut part = BufReader::new(GzDecoder::new(BufReader::new(file)));
        for _ in 0..self.place.lines {
            Self::line(&mut part)?;
        }
        Ok(part)
    }

    /// The next line of the part that is open; an error is the end of it.
    fn line(reader: &mut Part) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        reader.take(LONGEST).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.pop() != Some(b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        String::from_utf8(line).map(Some).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    /// A part is at its end: the next one of its file, where there is one.
    fn following(part: Part) -> io::Result<Option<(Part, u64)>> {
        let mut file = part.into_inner().into_inner();
        if file.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let at = file.stream_position()?;
        Ok(Some((BufReader::new(GzDecoder::new(file)), at)))
    }

    /// Goes on with the file after this one.
    fn leave_file(&mut self) {
        self.open = None;
        self.place = LinePlace { file: self.place.file + 1, ..LinePlace::default() };
    }

    fn fail(&mut self, path: &Path, error: &io::Error) {
        let how = match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends in the middle: it is played up to that point",
            _ => "it is damaged: it is played up to that point",
        };
        self.say(format!("{}: {how}", path.display()));
        self.leave_file();
    }
}

impl Iterator for Kept {
    type Item = (i64, String);

    fn next(&mut self) -> Option<(i64, String)> {
        let files = Arc::clone(&self.files);
        loop {
            let path = files.get(self.place.file)?;
            let mut part = match self.open.take() {
                Some(part) => part,
                None => match self.open(path) {
                    Ok(part) => part,
                    Err(error) => {
                        self.say(format!("{}: {}", path.display(), describe(&error)));
                        self.leave_file();
                        continue;
                    }
                },
            };
            match Self::line(&mut part) {
                Ok(Some(line)) => {
                    self.open = Some(part);
                    self.before = self.place;
                    self.place.lines += 1;
                    if let Some((at, rest)) = RecordedLine::split(&line) {
                        return Some((at, rest.to_owned()));
                    }
                    self.say(format!("{}: a line is damaged, and passed over", path.display()));
                }
                Ok(None) => match Self::following(part) {
                    Ok(Some((part, at))) => {
                        self.open = Some(part);
                        self.place = LinePlace { part: at, lines: 0, ..self.place };
                    }
                    Ok(None) => self.leave_file(),
                    Err(error) => self.fail(path, &error),
                },
                Err(error) => self.fail(path, &error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::app::message::Event;
    use crate::app::state::State;
    use crate::config::Config;
    use crate::lang::time::Stamp;

    fn at(second: i64) -> Stamp {
        let utc = DateTime::from_timestamp(1_795_000_000 + second, 0).unwrap();
        Stamp { mono: std::time::Duration::from_secs(second.unsigned_abs()), utc }
    }

    fn header(second: i64) -> RecordedLine {
        RecordedLine::begins(&State::new(Config::default().into(), at(second), (80, 24)))
    }

    fn tick(second: i64) -> RecordedLine {
        RecordedLine::Took { at: at(second), event: Box::new(Event::Clock), left: None }
    }

    fn packed(lines: &[RecordedLine]) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        for line in lines {
            out.write_all(line.encode().unwrap().as_bytes()).unwrap();
            // As the writer does, so that what is cut off is the end alone.
            out.flush().unwrap();
        }
        out.finish().unwrap()
    }

    fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        add(&path, bytes);
        (directory, path)
    }

    #[expect(clippy::disallowed_methods, reason = "a test may write what it reads")]
    fn add(path: &Path, bytes: &[u8]) {
        std::fs::write(path, bytes).unwrap();
    }

    fn seconds(recording: &Recording) -> Vec<i64> {
        let mut lines = recording.lines();
        let all = std::iter::from_fn(|| lines.until(i64::MAX));
        all.map(|line| line.at().utc.timestamp() - 1_795_000_000).collect()
    }

    #[test]
    fn what_is_no_recording_is_refused_plainly() {
        let problem = |bytes: &[u8]| {
            let (_directory, path) = written("x", bytes);
            Recording::open(&path).unwrap_err().problem
        };
        assert!(problem(b"").ends_with("x is empty: nothing was recorded"));
        for bytes in [&b"hello\n"[..], &packed(&[tick(1)]), &packed(&[header(0)])[..12]] {
            assert!(problem(bytes).ends_with("is not a recording"), "{}", problem(bytes));
        }
        let missing = Recording::open(Path::new("/nonexistent/x")).unwrap_err();
        assert!(missing.problem.starts_with("/nonexistent/x can't be read: "), "{}", missing.problem);
    }

    #[test]
    fn one_that_was_cut_off_is_played_up_to_there() {
        let whole = packed(&[header(0), tick(1), tick(2), tick(3)]);
        let (_directory, path) = written("x", &whole);
        let recording = Recording::open(&path).unwrap();
        assert!(recording.notes.is_empty(), "{:?}", recording.notes);
        assert_eq!(seconds(&recording), [0, 1, 2, 3]);

        let (_directory, path) = written("x", &whole[..whole.len() - 20]);
        let recording = Recording::open(&path).unwrap();
        assert!(
            recording.notes[0].ends_with("it ends in the middle: it is played up to that point"),
            "{:?}",
            recording.notes
        );
        assert!([&[0, 1, 2][..], &[0, 1, 2, 3]].contains(&&seconds(&recording)[..]), "{:?}", seconds(&recording));
    }

    #[test]
    fn many_damaged_lines_are_said_once_and_leave_room_for_the_rest() {
        let mut bytes = GzEncoder::new(packed(&[header(0), tick(1)]), Compression::fast());
        bytes.write_all(&b"damaged\n".repeat(50)).unwrap();
        let mut bytes = bytes.finish().unwrap();
        bytes.extend(packed(&[tick(2)]));
        bytes.extend(b"what is no part of it");
        let (_directory, path) = written("x", &bytes);
        let recording = Recording::open(&path).unwrap();
        assert_eq!(seconds(&recording), [0, 1, 2]);
        let notes: Vec<&str> = recording.notes.iter().filter_map(|note| note.split(": ").nth(1)).collect();
        assert_eq!(notes, ["a line is damaged, and passed over", "it is damaged"], "{:?}", recording.notes);
    }

    #[test]
    fn older_files_come_first_and_an_unknown_line_is_passed_over() {
        let (_directory, path) = written("x", &packed(&[header(5), tick(6)]));
        let mut strange = GzEncoder::new(packed(&[header(0), tick(1)]), Compression::fast());
        strange.write_all(format!("{} {{\"invented\":1}}\n", at(2).utc.timestamp_millis()).as_bytes()).unwrap();
        add(&older(&path, 1), &strange.finish().unwrap());
        let recording = Recording::open(&path).unwrap();
        assert_eq!(seconds(&recording), [0, 1, 5, 6]);
        assert_eq!((recording.first, recording.last), (at(0).utc.timestamp_millis(), at(6).utc.timestamp_millis()));
    }

    #[test]
    fn lines_come_up_to_a_moment() {
        let (_directory, path) = written("x", &packed(&[header(0), tick(1), tick(2)]));
        let mut lines = Recording::open(&path).unwrap().lines();
        let moment = at(1).utc.timestamp_millis();
        assert_eq!(std::iter::from_fn(|| lines.until(moment)).count(), 2);
        assert_eq!(std::iter::from_fn(|| lines.until(i64::MAX)).count(), 1);
    }
}
