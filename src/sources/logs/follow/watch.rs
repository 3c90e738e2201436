//! Wakes the reader before its time when something was written.
//!
//! A hint and no more: what happened is asked of the file system at each tick, and where there are no hints (file
//! systems of other machines, no watches left) a line is seen at the next tick. Hints are taken only after a rest, so
//! that a busy writer does not drive the reader.

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

use super::open::LogFileIdentity;
use crate::clock::Clock;

/// Watches of one reader, each for a file or a directory.
const MOST: usize = 256;
/// File systems whose changes this machine may not hear of: NFS, SMB (three forms), FUSE, 9P, AFS, Coda, Ceph, Lustre,
/// GPFS, the shared folders of virtual machines.
const REMOTE: [u32; 12] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x6573_5546,
    0x0102_1997,
    0x5346_414f,
    0x7375_7245,
    0x00c3_6400,
    0x0bd0_0bd0,
    0x4750_4653,
    0x786f_4256,
];

/// The watch by which the system says that it had to drop hints.
const LOST: Option<i32> = Some(-1);

/// What is followed at a path, for [`ChangeWatcher::watch`].
pub(crate) type Followed<'a> = (&'a Path, Option<LogFileIdentity>);

/// What the reader sleeps by.
pub(crate) struct ChangeWatcher {
    clock: Clock,
    called: Arc<OwnedFd>,
    hints: Option<OwnedFd>,
    watched: Vec<Watched>,
}

/// Wakes a reader from another thread.
#[derive(Debug, Clone)]
pub(crate) struct Waker(Arc<OwnedFd>);

impl Waker {
    /// Wakes it, now or as soon as it sleeps.
    pub(crate) fn wake(&self) {
        // It fails only where it has been called already.
        rustix::io::write(&self.0, &1_u64.to_ne_bytes()).ok();
    }
}

/// A path with what is watched there.
#[derive(Debug)]
struct Watched {
    path: PathBuf,
    identity: Option<LogFileIdentity>,
    /// The name by which its directory speaks of it.
    name: CString,
    file: Option<i32>,
    directory: Option<i32>,
}

impl ChangeWatcher {
    /// A bell, and what rings it.
    ///
    /// # Errors
    /// When the system has no handles left.
    pub(crate) fn new(clock: Clock) -> io::Result<(Self, Waker)> {
        let called = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let hints = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok();
        Ok((Self { clock, called: Arc::clone(&called), hints, watched: Vec::new() }, Waker(called)))
    }

    /// Watches what is followed now, and nothing else any more.
    pub(crate) fn watch<'a>(&mut self, followed: impl Iterator<Item = Followed<'a>>) {
        let Some(hints) = &self.hints else { return };
        let mut before = std::mem::take(&mut self.watched);
        for (path, identity) in followed.take(MOST / 2) {
            let same = before.iter().position(|held| held.path == path && held.identity == identity);
            self.watched.push(match same {
                Some(place) => before.swap_remove(place),
                None => Watched::new(hints, path, identity),
            });
        }
        // Files of one directory share its watch, and names of one file the file's.
        for gone in before.iter().flat_map(Watched::all) {
            if !self.watched.iter().flat_map(Watched::all).any(|kept| kept == gone) {
                inotify::remove_watch(hints, gone).ok();
            }
        }
    }

    /// Sleeps: through `rest` whatever is written, then until something is, and `pause` in all at most. Whether it was
    /// woken.
    pub(crate) fn sleep(&self, rest: Duration, pause: Duration) -> bool {
        let began = self.clock.now();
        if self.called_within(rest.min(pause)) {
            return true;
        }
        loop {
            let left = pause.saturating_sub(self.clock.now().since(began));
            if left.is_zero() {
                return false;
            }
            let (called, hinted) = self.wait(left);
            if called || (hinted && self.concerns_us()) {
                return true;
            }
        }
    }

    fn called_within(&self, time: Duration) -> bool {
        let mut ready = [PollFd::new(&self.called, PollFlags::IN)];
        poll(&mut ready, timespec(time).as_ref()).is_ok_and(|count| count > 0) && self.answer()
    }

    /// Whether it was called, and whether there is a hint.
    fn wait(&self, time: Duration) -> (bool, bool) {
        let Some(hints) = &self.hints else { return (self.called_within(time), false) };
        let mut ready = [PollFd::new(&self.called, PollFlags::IN), PollFd::new(hints, PollFlags::IN)];
        if poll(&mut ready, timespec(time).as_ref()).is_err() {
            return (false, false);
        }
        let [called, hinted] = ready.map(|fd| !fd.revents().is_empty());
        (called && self.answer(), hinted)
    }

    fn answer(&self) -> bool {
        rustix::io::read(&self.called, &mut [0; 8]).is_ok()
    }

    /// Takes all hints that there are; whether one is about what is followed: not another file of its directory, nor
    /// that a watch was taken away. That hints were lost concerns us.
    fn concerns_us(&self) -> bool {
        let Some(hints) = &self.hints else { return false };
        let mut buffer = [MaybeUninit::uninit(); 8 << 10];
        let mut reader = Reader::new(hints, &mut buffer);
        let mut concerns = false;
        while let Ok(event) = reader.next() {
            let at = Some(event.wd());
            concerns |= match event.file_name() {
                None => at == LOST || self.watched.iter().any(|watched| watched.file == at),
                Some(name) => self.watched.iter().any(|watched| watched.directory == at && *watched.name == *name),
            };
        }
        concerns
    }
}

impl Watched {
    fn new(hints: &OwnedFd, path: &Path, identity: Option<LogFileIdentity>) -> Self {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let add = |path: &Path, flags| is_local(path).then(|| inotify::add_watch(hints, path, flags).ok()).flatten();
        let changes = WatchFlags::MODIFY | WatchFlags::ATTRIB | WatchFlags::MOVE_SELF | WatchFlags::DELETE_SELF;
        Self {
            path: path.to_owned(),
            identity,
            name: path.file_name().and_then(|name| CString::new(name.as_bytes()).ok()).unwrap_or_default(),
            file: identity.and_then(|_| add(path, changes)),
            directory: add(directory, WatchFlags::CREATE | WatchFlags::MOVED_TO),
        }
    }

    fn all(&self) -> impl Iterator<Item = i32> {
        self.file.into_iter().chain(self.directory)
    }
}

/// Whether the kernel of this machine sees every change of what is at `path`.
fn is_local(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|system| !REMOTE.contains(&(system.f_type as u32)))
}

fn timespec(time: Duration) -> Option<Timespec> {
    Timespec::try_from(time).ok()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    /// So long a test waits for what must happen; what must not is seen in the time of a hint.
    const LONG: Duration = Duration::from_mins(1);
    const SHORT: Duration = Duration::from_millis(50);

    struct Place {
        directory: tempfile::TempDir,
        bell: ChangeWatcher,
        call: Waker,
    }

    impl Place {
        fn new() -> Self {
            let (bell, call) = ChangeWatcher::new(Clock::start()).unwrap();
            Self { directory: tempfile::tempdir().unwrap(), bell, call }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }

        fn append(&self, name: &str) {
            File::options().create(true).append(true).open(self.path(name)).unwrap().write_all(b"x").unwrap();
        }

        fn watch(&mut self, names: &[&str]) {
            let paths: Vec<PathBuf> = names.iter().map(|name| self.path(name)).collect();
            let followed = paths
                .iter()
                .map(|path| (&**path, fs::metadata(path).ok().map(|meta| LogFileIdentity::from_metadata(&meta))));
            self.bell.watch(followed);
        }

        fn woken(&self) -> bool {
            self.bell.sleep(Duration::ZERO, LONG)
        }

        fn undisturbed(&self) -> bool {
            !self.bell.sleep(Duration::ZERO, SHORT)
        }
    }

    #[test]
    fn what_is_written_wakes() {
        let mut place = Place::new();
        place.append("a.log");
        place.watch(&["a.log"]);
        assert!(place.undisturbed());
        place.append("a.log");
        assert!(place.woken());
        assert!(place.undisturbed());
    }

    #[test]
    fn a_file_that_appears_wakes_and_its_neighbours_do_not() {
        let mut place = Place::new();
        place.watch(&["a.log"]);
        place.append("b.log");
        assert!(place.undisturbed());
        place.append("a.log");
        assert!(place.woken());
        place.watch(&["a.log"]);
        place.append("new");
        fs::rename(place.path("new"), place.path("a.log")).unwrap();
        assert!(place.woken());
    }

    #[test]
    fn the_file_that_a_path_leads_to_now_is_watched_and_no_other() {
        let mut place = Place::new();
        place.append("a.log");
        place.watch(&["a.log"]);
        fs::rename(place.path("a.log"), place.path("a.log.1")).unwrap();
        place.append("a.log");
        assert_ne!(
            fs::metadata(place.path("a.log")).unwrap().ino(),
            fs::metadata(place.path("a.log.1")).unwrap().ino()
        );
        place.watch(&["a.log"]);
        assert!(place.woken());
        place.append("a.log.1");
        assert!(place.undisturbed());
        place.append("a.log");
        assert!(place.woken());
        place.watch(&[]);
        place.append("a.log");
        assert!(place.undisturbed());
    }

    #[test]
    fn a_rest_is_kept_whatever_is_written_and_a_call_ends_it() {
        let mut place = Place::new();
        place.append("a.log");
        place.watch(&["a.log"]);
        place.append("a.log");
        assert!(!place.bell.sleep(SHORT, SHORT));
        assert!(place.woken());
        place.call.wake();
        assert!(place.bell.sleep(LONG, LONG));
    }

    #[test]
    fn local_file_systems_are_known() {
        assert!(is_local(Path::new("/")));
        assert!(!is_local(Path::new("/no/such/place")));
    }
}
