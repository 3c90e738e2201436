//! Writes a recording, off the loop.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::mpsc;

use super::budget::RecordBudget;
use super::{FILES, SEGMENT, older};
use crate::app::message::Message;
use crate::app::recording::carried::{Carried, Reach, records_of};
use crate::app::recording::{Header, RecordedLine, Tap};
use crate::app::state::State;
use crate::files::made;
use crate::files::trust::{Owners, describe, resolve_to_make};
use crate::lang::time::Stamp;
use crate::model::observation::Observation;
use crate::sources::Latest;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::Redactor;
use crate::text::secret::Secrets;

/// Lines that wait to be written.
const QUEUE: usize = 8 << 10;
/// Log records in them.
const RECORDS: usize = 64 << 10;
/// What was written is in the file after so long.
const FLUSHED: Duration = Duration::from_secs(1);
/// After so long what follows can be read without what was before, so that a replay goes back without reading all again.
const PART: Duration = Duration::from_mins(1);
/// How long the first line waits for the secrets that it must not hold.
const SECRETS: u32 = 50;
const SECRETS_STEP: Duration = Duration::from_millis(100);
/// How long the end of a console waits for the end of its recording.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// A file that was made for a recording.
#[derive(Debug)]
pub struct RecordingFile {
    path: PathBuf,
    file: File,
}

impl RecordingFile {
    /// Makes it, readable by its owner alone. It must not be there.
    ///
    /// # Errors
    /// It is there, or can't be made; in words.
    pub(crate) fn create(path: &Path) -> Result<Self, String> {
        let path = resolve_to_make(path, Owners::ours()).map_err(|distrust| distrust.reason)?;
        let file = made::create_new(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => "it is there already".to_owned(),
            _ => describe(&error),
        })?;
        Ok(Self { path, file })
    }
}

/// The recording of a console, as its loop sees it. It never waits: what can't be taken at once is left out, counted, and
/// said in the recording.
pub(crate) struct MessageRecorder {
    tap: Tap,
    lines: SyncSender<RecordedLine>,
    /// Log records that wait.
    records: Arc<AtomicUsize>,
    /// What a flood of records may cost.
    budget: RecordBudget,
    left_out: u64,
    thread: JoinHandle<()>,
}

impl MessageRecorder {
    /// Starts with a state of which nothing was recorded. `latest` are the secrets that no line may hold; `out` hears of it
    /// when nothing can be written any more.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn start(
        file: RecordingFile,
        state: &State,
        latest: Latest,
        out: mpsc::Sender<Observation>,
    ) -> io::Result<Self> {
        let (lines, queue) = sync_channel(QUEUE);
        let records = Arc::new(AtomicUsize::new(0));
        let begun = state.world.now;
        let carried = Carried::new(Header::new(state, false), Reach::of_screens(&state.world.config));
        let waiting = Arc::clone(&records);
        let work = move || {
            let path = file.path.clone();
            if let Err(error) = Writer::new(file, begun, carried, latest, waiting).run(&queue) {
                let why =
                    format!("{} can't be written any more: {}; recording has ended", path.display(), describe(&error));
                let warning = Observation::Warning { name: Name::from("recording"), text: SafeText::new(&why) };
                // The loop may be at its end.
                drop(out.blocking_send(warning));
            }
        };
        let thread = thread::Builder::new().name("recording".to_owned()).spawn(work)?;
        let budget = RecordBudget::new(state.world.now.mono);
        Ok(Self { tap: Tap::default(), lines, records, budget, left_out: 0, thread })
    }

    /// The line of a message that is about to be taken in.
    pub(crate) fn hear(&mut self, state: &State, message: &Message) -> Option<RecordedLine> {
        self.tap.hear(state, message)
    }

    /// The message of this line was taken in. `false`: nothing is recorded any more.
    pub(crate) fn keep(&mut self, state: &State, mut line: RecordedLine) -> bool {
        self.tap.settle(state, &mut line);
        let records = records_of(&line);
        let is_full = records > 0
            && (self.records.load(Ordering::Relaxed) >= RECORDS || !self.budget.allows(records, line.at().mono));
        if is_full {
            self.left_out += 1;
            return true;
        }
        if self.left_out > 0 {
            let thinned = RecordedLine::Thinned { at: line.at(), messages: self.left_out };
            match self.lines.try_send(thinned) {
                Ok(()) => self.left_out = 0,
                Err(TrySendError::Full(_)) => {
                    self.left_out += 1;
                    return true;
                }
                Err(TrySendError::Disconnected(_)) => return false,
            }
        }
        self.records.fetch_add(records, Ordering::Relaxed);
        match self.lines.try_send(line) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.records.fetch_sub(records, Ordering::Relaxed);
                self.left_out += 1;
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }

    /// Ends it: what waits is written by the thread, which can be waited for.
    pub(crate) fn end(self) -> JoinHandle<()> {
        let Self { lines, thread, left_out, .. } = self;
        if left_out > 0 {
            tracing::warn!(left_out, "messages at the end of the recording are not in it");
        }
        drop(lines);
        thread
    }
}

/// The thread's part.
struct Writer {
    path: PathBuf,
    out: Option<GzEncoder<Counted>>,
    /// How the next file begins.
    carried: Carried,
    /// Bytes with which this file says again what was known.
    restated: u64,
    mask: LineMask,
    records: Arc<AtomicUsize>,
    flushed: Duration,
    /// When the part of the file began that is written.
    part: Duration,
}

/// Counts what is written.
struct Counted {
    file: File,
    written: u64,
}

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn encoder(file: File) -> GzEncoder<Counted> {
    GzEncoder::new(Counted { file, written: 0 }, Compression::fast())
}

impl Writer {
    fn new(file: RecordingFile, begun: Stamp, carried: Carried, latest: Latest, records: Arc<AtomicUsize>) -> Self {
        let RecordingFile { path, file } = file;
        let flushed = begun.mono;
        Self {
            path,
            out: Some(encoder(file)),
            carried,
            restated: 0,
            mask: LineMask { latest, secrets: None, redactor: None },
            records,
            flushed,
            part: flushed,
        }
    }

    fn run(mut self, queue: &Receiver<RecordedLine>) -> io::Result<()> {
        for _ in 0..SECRETS {
            if self.mask.latest.borrow().is_some() {
                break;
            }
            thread::sleep(SECRETS_STEP);
        }
        self.write(&RecordedLine::Begins(Box::new(self.carried.header().clone())))?;
        self.flush()?;
        loop {
            match queue.recv_timeout(FLUSHED) {
                Ok(line) => self.take(line)?,
                Err(RecvTimeoutError::Timeout) => self.flush()?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.out.take().map_or(Ok(()), |out| out.finish()?.file.sync_all())
    }

    fn take(&mut self, line: RecordedLine) -> io::Result<()> {
        self.records.fetch_sub(records_of(&line), Ordering::Relaxed);
        let now = line.at();
        self.write(&line)?;
        if now.mono.saturating_sub(self.flushed) >= FLUSHED {
            self.flush()?;
            self.flushed = now.mono;
        }
        self.carried.note(line);
        if now.mono.saturating_sub(self.part) >= PART {
            self.part = now.mono;
            if let Some(out) = self.out.take() {
                self.out = Some(GzEncoder::new(out.finish()?, Compression::fast()));
            }
        }
        // What is said again must not fill a file by itself.
        let most = SEGMENT.max(self.restated * 2);
        if self.out.as_ref().is_some_and(|out| out.get_ref().written >= most) {
            self.turn(now)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), io::Write::flush)
    }

    fn write(&mut self, line: &RecordedLine) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), |out| self.mask.write(line, out))
    }

    /// Goes on with another file from a moment on.
    fn turn(&mut self, at: Stamp) -> io::Result<()> {
        if let Some(out) = self.out.take() {
            out.finish()?;
        }
        let oldest = older(&self.path, FILES - 1);
        if let Err(error) = fs::remove_file(&oldest)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        for by in (0..FILES - 1).rev() {
            let (from, to) = (older(&self.path, by), older(&self.path, by + 1));
            if from.exists() {
                fs::rename(from, to)?;
            }
        }
        self.out = Some(encoder(made::create_new(&self.path)?));
        let header = self.carried.begin(at);
        self.write(&RecordedLine::Begins(Box::new(header)))?;
        if let Some(out) = &mut self.out {
            for line in self.carried.lines() {
                self.mask.write(line, out)?;
            }
        }
        self.flush()?;
        self.restated = self.out.as_ref().map_or(0, |out| out.get_ref().written);
        Ok(())
    }
}

/// Keeps out of lines what is secret.
struct LineMask {
    latest: Latest,
    secrets: Option<Arc<Secrets>>,
    redactor: Option<Redactor>,
}

impl LineMask {
    /// Writes a line without what is secret now. What a mask would make unreadable is left out, and that is said.
    fn write(&mut self, line: &RecordedLine, out: &mut impl io::Write) -> io::Result<()> {
        let known = self.latest.borrow().clone();
        if let Some(known) = known
            && !self.secrets.as_ref().is_some_and(|secrets| Arc::ptr_eq(secrets, &known))
        {
            let has_any = known.registered().next().is_some();
            self.redactor = has_any.then(|| Redactor::from(&*known));
            self.secrets = Some(known);
        }
        let encoded = line.encode().map_err(io::Error::other)?;
        let Some(redactor) = &self.redactor else { return out.write_all(encoded.as_bytes()) };
        let masked = redactor.redact(&encoded);
        let is_readable = *masked == *encoded
            || RecordedLine::split(&masked).is_some_and(|(_, line)| RecordedLine::decode(line.trim_end()).is_ok());
        if is_readable {
            return out.write_all(masked.as_bytes());
        }
        let thinned = RecordedLine::Thinned { at: line.at(), messages: 1 }.encode().map_err(io::Error::other)?;
        out.write_all(thinned.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;
    use crate::app::message::Event;
    use crate::app::recording::player::{PlayOptions, Player};
    use crate::app::update::update;
    use crate::config::Config;
    use crate::config::load::load_text;
    use crate::logs::record::{Record, RecordBatch, RecordData};
    use crate::model::outcome::Outcome;
    use crate::model::reading::Sample;
    use crate::runtime::recording::reader::Recording;

    fn message(second: u64, event: Event) -> Message {
        let at = Stamp { mono: Duration::from_secs(second), ..stamp() };
        Message { at, event }
    }

    fn stamp() -> Stamp {
        Stamp { mono: Duration::ZERO, utc: chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap() }
    }

    fn begun(path: &Path) -> (State, MessageRecorder, mpsc::Receiver<Observation>) {
        let state = State::new(Arc::new(Config::default()), stamp(), (80, 24));
        let file = RecordingFile::create(path).unwrap();
        let (out, heard) = mpsc::channel(4);
        let (_sender, latest) = watch::channel(Some(Arc::default()));
        let recorder = MessageRecorder::start(file, &state, latest, out).unwrap();
        (state, recorder, heard)
    }

    /// The thread's part, with the beginning of the first file.
    fn writer(path: &Path, state: &State) -> Writer {
        let (_sender, latest) = watch::channel(Some(Arc::default()));
        let carried = Carried::new(Header::new(state, false), Reach::of_screens(&state.world.config));
        let file = RecordingFile::create(path).unwrap();
        let mut writer = Writer::new(file, stamp(), carried, latest, Arc::default());
        writer.write(&RecordedLine::Begins(Box::new(Header::new(state, false)))).unwrap();
        writer
    }

    fn keep(recorder: &mut MessageRecorder, state: &State, message: &Message) -> bool {
        let line = recorder.hear(state, message).unwrap();
        recorder.keep(state, line)
    }

    #[test]
    fn what_was_kept_is_in_the_file_and_the_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let (state, mut recorder, _heard) = begun(&path);
        for second in 0..100 {
            assert!(keep(&mut recorder, &state, &message(second, Event::Clock)));
        }
        recorder.end().join().unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let recording = Recording::open(&path).unwrap();
        assert!(recording.notes.is_empty(), "{:?}", recording.notes);
        let mut lines = recording.lines();
        assert_eq!(std::iter::from_fn(|| lines.until(i64::MAX)).count(), 101);
        // One that is there is not written over.
        assert_eq!(RecordingFile::create(&path).unwrap_err(), "it is there already");
        let link = path.with_extension("link");
        std::os::unix::fs::symlink(path.with_extension("elsewhere"), &link).unwrap();
        assert_eq!(RecordingFile::create(&link).unwrap_err(), "it is a link, not a file of its own");
        assert!(!path.with_extension("elsewhere").exists());
    }

    #[test]
    fn a_full_disk_ends_the_recording_and_is_said() {
        let (state, out) = (State::new(Arc::new(Config::default()), stamp(), (80, 24)), mpsc::channel(4));
        #[expect(clippy::disallowed_methods, reason = "a device that is always full")]
        let full = File::create("/dev/full").unwrap();
        let file = RecordingFile { path: PathBuf::from("/dev/full"), file: full };
        let (_sender, latest) = watch::channel(Some(Arc::default()));
        let (sender, mut heard) = out;
        let recorder = MessageRecorder::start(file, &state, latest, sender).unwrap();
        let Some(Observation::Warning { text, .. }) = heard.blocking_recv() else { panic!("nothing is said") };
        assert!(text.as_str().starts_with("/dev/full can't be written any more: "), "{text}");
        let mut recorder = recorder;
        // The thread is at its end, which the next line finds.
        while keep(&mut recorder, &state, &message(1, Event::Clock)) {
            thread::yield_now();
        }
    }

    #[test]
    fn a_flood_is_left_out_and_that_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let (state, mut recorder, _heard) = begun(&path);
        recorder.budget = RecordBudget::used_up(Duration::ZERO);
        let record = Record::new(RecordData::unknown("api".into(), 1, stamp(), SafeText::new("a line")));
        let batch = RecordBatch { records: vec![record; 1_000], ..RecordBatch::default() };
        let flood = Event::Observation(Observation::Records { log: "api".into(), batch });
        for _ in 0..50 {
            assert!(keep(&mut recorder, &state, &message(0, flood.clone())));
        }
        assert!(keep(&mut recorder, &state, &message(1, Event::Clock)));
        assert!(keep(&mut recorder, &state, &message(1, flood)));
        recorder.end().join().unwrap();
        let mut lines = Recording::open(&path).unwrap().lines();
        let kept: Vec<RecordedLine> = std::iter::from_fn(|| lines.until(i64::MAX)).collect();
        assert!(matches!(kept[1], RecordedLine::Thinned { messages: 50, .. }), "{:?}", kept[1]);
        let records: usize = kept.iter().map(records_of).sum();
        assert_eq!((kept.len(), records), (4, 1_000), "a second later there is room again");
    }

    #[test]
    fn a_further_file_is_no_news_to_who_has_the_one_before() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let text = "[source.s]\nhttp = \"http://127.0.0.1:1\"\n[metric.m]\nfrom = \"s\"\nvalue = \".body.x\"\n";
        let config = Arc::new(load_text(Path::new("/nowhere/opsroom.toml"), text).config.unwrap());
        let mut live = State::new(config, stamp(), (80, 24));
        let mut writer = writer(&path, &live);
        for second in 0..6 {
            let at = message(second, Event::Clock).at;
            let sample = Sample { metric: "m".into(), at, value: Ok(second as f64), caveat: None };
            let event = Event::Observation(Observation::Sample(sample));
            drop(update(&mut live, Message { at, event: event.clone() }));
            writer.take(RecordedLine::Took { at, event: Box::new(event), left: None }).unwrap();
            if second % 2 == 1 {
                writer.turn(at).unwrap();
            }
        }
        writer.out.take().unwrap().finish().unwrap();
        let recording = Recording::open(&path).unwrap();
        let mut player = Player::new(&recording.header, PlayOptions::default()).unwrap();
        let mut lines = recording.lines();
        while let Some(line) = lines.until(i64::MAX) {
            player.take(line, &mut |_| panic!("nothing was drawn"));
        }
        assert_eq!(format!("{:?}", player.state.world.metrics), format!("{:?}", live.world.metrics));
    }

    #[test]
    fn a_further_file_begins_with_what_is_known() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let text = "[console]\nname = \"shop\"\n";
        let config = load_text(Path::new("/nowhere/opsroom.toml"), text).config.unwrap();
        let state = State::new(Arc::new(config), stamp(), (80, 24));
        let mut writer = writer(&path, &state);
        let took = |event| RecordedLine::Took { at: stamp(), event: Box::new(event), left: None };
        writer.take(took(Event::Outcome(Outcome::Present(Vec::new())))).unwrap();
        writer.take(took(Event::Resize(120, 40))).unwrap();
        for _ in 0..FILES + 2 {
            writer.turn(stamp()).unwrap();
        }
        writer.out.take().unwrap().finish().unwrap();
        assert!(older(&path, FILES - 1).exists() && !older(&path, FILES).exists());
        let recording = Recording::open(&path).unwrap();
        assert!(recording.header.continued);
        assert!(recording.notes[0].contains("the recording begins at"), "{:?}", recording.notes);
        let mut player = Player::new(&recording.header, PlayOptions::default()).unwrap();
        let mut lines = recording.lines();
        let mut files = 0;
        while let Some(line) = lines.until(i64::MAX) {
            files += usize::from(matches!(line, RecordedLine::Begins(_)));
            player.take(line, &mut |_| panic!("nothing was drawn"));
        }
        assert_eq!((files, player.state.console.size), (FILES, (120, 40)));
    }
}
