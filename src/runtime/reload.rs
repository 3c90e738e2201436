//! Reading the configuration again when its files change.
//!
//! The files are looked at once a second instead of watched: it costs a few system calls, and unlike watching it
//! also works over NFS, on bind mounts and behind swapped links, and a busy log beside the configuration wakes nobody.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::tasks::Tasks;
use crate::config::Config;
use crate::config::diagnostic::Diagnostic;

/// Reads the configuration anew, with the wishes of the command line in it. Blocking: called off the loop.
pub type Loader = Arc<dyn Fn() -> Loaded + Send + Sync>;
/// What reading gave: a whole new configuration, or every problem.
pub type Loaded = Result<Config, Vec<Diagnostic>>;

/// A reload that came by itself, or that a person asked for (and then gets an answer though nothing changed).
#[derive(Debug)]
pub struct Reload {
    /// What was read.
    pub loaded: Loaded,
    /// Whether a person asked.
    pub asked: bool,
}

const LOOK: Duration = Duration::from_secs(1);
/// Editors write in several steps: the files must have been still for so long.
const STILL: Duration = Duration::from_millis(200);

/// What tells one state of the files from another; nothing for one that isn't there.
pub type Fingerprint = Vec<Option<(SystemTime, u64)>>;

/// The files as they are now. Blocking: for the start alone, right after they were read.
pub fn seen(files: &[PathBuf]) -> Fingerprint {
    watched(files).iter().map(|file| std::fs::metadata(file).ok().and_then(|data| mark(&data))).collect()
}

fn mark(data: &std::fs::Metadata) -> Option<(SystemTime, u64)> {
    Some((data.modified().ok()?, data.len()))
}

/// Watches `files` until the token is cancelled. `seen` is how they were when they were read; without it, as they are.
pub fn watch(
    tasks: &mut Tasks,
    token: CancellationToken,
    loader: &Loader,
    files: &[PathBuf],
    seen: Option<Fingerprint>,
    out: mpsc::Sender<Reload>,
) {
    let (loader, files) = (Arc::clone(loader), watched(files));
    tasks.supervise("reloading", token, move |token| {
        let (loader, files, seen, out) = (Arc::clone(&loader), files.clone(), seen.clone(), out.clone());
        async move {
            tokio::select! {
                () = token.cancelled() => {}
                () = follow(&loader, &files, seen, &out) => {}
            }
        }
    });
}

/// Reads once, now, because a person asked.
pub fn now(tasks: &mut Tasks, loader: &Loader, out: mpsc::Sender<Reload>) {
    let loader = Arc::clone(loader);
    tasks.once("reloading", async move {
        if let Some(loaded) = load(&loader).await {
            // Nobody listens any more only where the console is ending.
            out.send(Reload { loaded, asked: true }).await.ok();
        }
    });
}

/// The files, and their directories for those that an `include` would find anew.
fn watched(files: &[PathBuf]) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = files.to_vec();
    all.extend(files.iter().skip(1).filter_map(|file| file.parent()).map(PathBuf::from));
    all.sort();
    all.dedup();
    all
}

async fn follow(loader: &Loader, files: &[PathBuf], seen: Option<Fingerprint>, out: &mpsc::Sender<Reload>) {
    let mut known = match seen {
        Some(seen) => seen,
        None => fingerprint(files).await,
    };
    loop {
        tokio::time::sleep(LOOK).await;
        let mut seen = fingerprint(files).await;
        if seen == known {
            continue;
        }
        loop {
            tokio::time::sleep(STILL).await;
            let again = fingerprint(files).await;
            if again == seen {
                break;
            }
            seen = again;
        }
        known = seen;
        // A file that is gone for a moment is being replaced; it is read when it is back.
        if known.iter().any(Option::is_none) {
            continue;
        }
        let Some(read) = load(loader).await else { continue };
        if out.send(Reload { loaded: read, asked: false }).await.is_err() {
            return;
        }
    }
}

async fn load(loader: &Loader) -> Option<Loaded> {
    let loader = Arc::clone(loader);
    tokio::task::spawn_blocking(move || loader()).await.ok()
}

async fn fingerprint(files: &[PathBuf]) -> Fingerprint {
    let mut all = Vec::with_capacity(files.len());
    for file in files {
        all.push(tokio::fs::metadata(file).await.ok().and_then(|data| mark(&data)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::message::Observation;

    #[tokio::test]
    async fn a_changed_file_is_read_again_though_it_changed_before_it_was_watched() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("opsroom.toml");
        tokio::fs::write(&file, "one").await.unwrap();
        let (read, loader_file) = (Arc::new(std::sync::Mutex::new(Vec::new())), file.clone());
        let reads = Arc::clone(&read);
        let loader: Loader = Arc::new(move || {
            reads.lock().unwrap().push(std::fs::metadata(&loader_file).unwrap().len());
            Ok(Config::default())
        });
        let (observations, _kept) = mpsc::channel::<Observation>(4);
        let (out, mut reloads) = mpsc::channel(4);
        let mut tasks = Tasks::new(observations);
        let token = tasks.token();
        let first = seen(std::slice::from_ref(&file));
        tokio::fs::remove_file(&file).await.unwrap();
        tokio::fs::write(&file, "two and more").await.unwrap();
        assert_ne!(first, seen(std::slice::from_ref(&file)));
        watch(&mut tasks, token, &loader, std::slice::from_ref(&file), Some(first), out.clone());
        let reload = tokio::time::timeout(Duration::from_secs(30), reloads.recv()).await.unwrap().unwrap();
        assert!(!reload.asked && reload.loaded.is_ok());
        now(&mut tasks, &loader, out);
        assert!(reloads.recv().await.unwrap().asked);
        assert_eq!(*read.lock().unwrap(), [12, 12]);
        tasks.end(Duration::from_secs(5)).await;
    }
}
