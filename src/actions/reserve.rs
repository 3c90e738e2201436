//! Room on the disk for how a run ends: its steps, or anybody else, may have filled it by then.

use std::io;
use std::path::PathBuf;

use super::files;
use super::rundir::RunDir;

/// Room that is kept for the end of a run, half of it for each of its two files.
const RESERVE: u64 = 64 << 10;
/// A disk with less than this is as good as full: no small file is sure to be written.
const FULL: u64 = 16 << 10;

impl RunDir {
    /// Keeps room for how the run ends: its steps may fill the disk.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn keep_reserve(&self) -> io::Result<()> {
        // No zeros: a file system may keep those in no room at all.
        let mut bytes = vec![0; usize::try_from(RESERVE).unwrap_or_default()];
        fastrand::fill(&mut bytes);
        files::write_whole(&self.reserve(), &bytes)
    }

    /// Whether there is no room left where it lies, as far as the system says.
    pub(crate) fn is_full(&self) -> bool {
        files::room(self.path()).is_some_and(|room| room < FULL)
    }

    /// Writes what must be there in the end, synced; into the reserve where there is no other room.
    pub(super) fn write_last(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path().join(name);
        match files::write_synced(&path, bytes) {
            Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                files::shorten(&self.reserve(), RESERVE / 2)?;
                files::write_synced(&path, bytes)
            }
            written => written,
        }
    }

    /// Gives back what is left of the reserve.
    ///
    /// # Errors
    /// As the system says.
    pub(super) fn release(&self) -> io::Result<()> {
        files::remove(&self.reserve())
    }

    fn reserve(&self) -> PathBuf {
        self.path().join("reserve")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_given_back_in_two_halves() {
        let directory = tempfile::tempdir().unwrap();
        let dir = RunDir::new(directory.path());
        let kept = || dir.reserve().metadata().map(|file| file.len()).ok();
        dir.keep_reserve().unwrap();
        assert_eq!(kept(), Some(RESERVE));
        files::shorten(&dir.reserve(), RESERVE / 2).unwrap();
        assert_eq!(kept(), Some(RESERVE / 2));
        files::shorten(&dir.reserve(), RESERVE / 2).unwrap();
        assert_eq!(kept(), None);
        dir.keep_reserve().unwrap();
        dir.write_last("closing.json", b"{}").unwrap();
        dir.release().unwrap();
        assert_eq!(kept(), None);
        dir.release().unwrap();
    }
}
