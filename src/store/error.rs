//! Why the store can't do it, and what to do about that.

use std::io;
use std::path::Path;

use thiserror::Error;

use super::fault::{self, StoreFault};
use crate::files::trust::Distrust;
use crate::lang::store_url::BadStoreUrl;
use crate::model::outcome::StoreAbsence;

/// Why the store can't do it. Each is a sentence with the file's name where it helps.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Directory or file can't be made or read.
    #[error("the store {path} can't be opened: {}", fault::describe_io(.error))]
    File {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// Others could replace the file, or it can't be made.
    #[error("the store can't be used: {0}")]
    Untrusted(Distrust),
    /// The database can't be opened.
    #[error("the store {path} can't be opened: {}", fault::in_words(*.fault, .error))]
    Open {
        /// The file.
        path: String,
        /// What is wrong.
        fault: StoreFault,
        /// What it says.
        error: sqlx::Error,
    },
    /// What names the store makes no sense.
    #[error("{}", .0.what)]
    Url(BadStoreUrl),
    /// The URL asks for a secret that has no value.
    #[error("the store's URL needs the secret `{0}`, which has no value")]
    Secret(String),
    /// A newer program made the file.
    #[error("the store was made by a newer opsroom: it has schema {found}, and this version knows up to {known}")]
    Newer {
        /// What it has.
        found: i64,
        /// What we know.
        known: usize,
    },
    /// An older program made the file, and it can't be brought up to date.
    #[error("the store has schema {found} and may only be read, and this version reads {known}")]
    Older {
        /// What it has.
        found: i64,
        /// What we know.
        known: usize,
    },
    /// No store lies there, and none was known.
    #[error("no store at {path}")]
    Missing {
        /// The file, or the database.
        path: String,
    },
    /// A file that may only be read was written by somebody else while it was read.
    #[error("the store {path} was written to while it was read")]
    Changed {
        /// The file.
        path: String,
    },
    /// Something else lies there.
    #[error("{path} is {what}, not a store of opsroom")]
    NotAStore {
        /// The file.
        path: String,
        /// What it is.
        what: String,
    },
    /// There was a store, and its file is missing or without content.
    #[error("the store {path} {how}, but {evidence}")]
    Gone {
        /// The file.
        path: String,
        /// What is wrong with it.
        how: &'static str,
        /// How we know that there was one.
        evidence: String,
    },
    /// The file is not the one that was opened.
    #[error("the store {path} was removed or replaced while it was in use")]
    Replaced {
        /// The file.
        path: String,
    },
    /// Another store is in its place.
    #[error("{path} is not the store that was used there before (its id is {id}, not {known})")]
    Other {
        /// The file.
        path: String,
        /// The id it has.
        id: String,
        /// The id that was known.
        known: String,
    },
    /// An import did not come to its end.
    #[error("the store {path} is incomplete: the import of store {store} has reached entry {reached} of {last}")]
    Importing {
        /// The file, or the database.
        path: String,
        /// The id of the store that was exported.
        store: String,
        /// The entry that is reached.
        reached: u64,
        /// The last one.
        last: u64,
    },
    /// Entries that were seen are not there any more.
    #[error("the store has lost the end of {whose}: {}", missing(*.from, *.to))]
    LostEnd {
        /// Which chain, in words.
        whose: String,
        /// The first that is missing.
        from: i64,
        /// The last that was seen.
        to: i64,
    },
    /// An entry that was seen is another one now.
    #[error("{whose} is not the one that was seen before: entry {seq} differs")]
    Forked {
        /// Which chain, in words.
        whose: String,
        /// The entry.
        seq: i64,
    },
    /// The heads can't be read: nobody knows whether the store is complete.
    #[error("the known heads of the audit in {path} can't be read: {}", fault::describe_io(.error))]
    Heads {
        /// The file, or their directory.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// What waited for the store can't be read or written.
    #[error("the queue {path} can't be used: {}", fault::describe_io(.error))]
    Queue {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// The database says no.
    #[error("the store failed: {}", fault::describe(.0))]
    Database(#[from] sqlx::Error),
    /// It can be read, and not be written.
    #[error("the store {path} can't be written: {why}")]
    Unwritable {
        /// The file, or the database.
        path: String,
        /// What is wrong.
        fault: StoreFault,
        /// In words.
        why: String,
    },
    /// It was opened by somebody who may only read it.
    #[error("{who} may only read the store {path}{}", denied(.lacks.as_deref()))]
    OnlyRead {
        /// The role, or this user.
        who: String,
        /// The file, or the database.
        path: String,
        /// What the system or the server says of it.
        fault: StoreFault,
        /// On which tables it lacks which rights, where the server says so.
        lacks: Option<String>,
    },
    /// Many others wrote at the same time, and went first each time.
    #[error("too many others are writing into the store")]
    Crowded,
    /// A row that makes no sense.
    #[error("the store contains invalid data: {0}")]
    Content(String),
}

impl StoreError {
    /// What a person can do about it; empty where the message says it.
    pub(crate) fn hint(&self) -> &str {
        match self {
            Self::Untrusted(distrust) => &distrust.hint,
            Self::Url(url) => &url.hint,
            Self::Secret(_) => "check where [secret] says that it comes from",
            Self::Newer { .. } => "upgrade opsroom here; the store stays as it is",
            Self::Crowded => "",
            Self::Older { .. } => "open it once where it may be written: that brings it up to date",
            Self::Missing { .. } => {
                "it is made when a console opens or an action runs; an exported one is brought back with \
                 `opsroom store import FILE`"
            }
            Self::Changed { .. } => "run it again",
            Self::NotAStore { .. } => {
                "move it away if it does not belong there, or use --store with another file, database or search_path"
            }
            Self::Gone { .. } => {
                "put the latest store back, or an export of it: opsroom store import FILE; if a new one is meant to be used: \
                 opsroom audit verify --accept --why TEXT"
            }
            Self::Other { .. } | Self::LostEnd { .. } | Self::Forked { .. } => {
                "put the latest store back; if this one is meant to be used: opsroom audit verify --accept --why TEXT"
            }
            Self::Importing { .. } => {
                "wait for its end, or run the same `opsroom store import FILE` again; or remove this store and start over"
            }
            Self::Replaced { .. } => StoreFault::Moved.hint(),
            Self::Heads { error, .. } if is_nonsense(error) => {
                "put it back out of a backup; if the store is the one that is meant to be used: \
                 opsroom audit verify --accept --why TEXT"
            }
            Self::Content(_) => StoreFault::Damaged.hint(),
            Self::File { .. }
            | Self::Heads { .. }
            | Self::Queue { .. }
            | Self::Open { .. }
            | Self::Unwritable { .. }
            | Self::OnlyRead { .. }
            | Self::Database(_) => self.fault().map_or("", StoreFault::hint),
        }
    }

    /// The problem and what to do about it, as far as that is known, in one sentence.
    pub(crate) fn explained(&self) -> String {
        match self.hint() {
            "" => self.to_string(),
            hint => format!("{self}; {hint}"),
        }
    }

    /// The same where a console says it of its store, which it tries again by itself. A command ends with the error, and an
    /// action that is refused stays refused: of them it would be wrong.
    pub(crate) fn explained_while_away(&self) -> String {
        let explained = self.explained();
        let passes = self.fault().is_some_and(StoreFault::is_passing);
        if passes { format!("{explained}; it is tried again automatically") } else { explained }
    }

    /// What is wrong, where the system or the database says it.
    fn fault(&self) -> Option<StoreFault> {
        match self {
            Self::File { error, .. } | Self::Heads { error, .. } | Self::Queue { error, .. } => {
                Some(StoreFault::from_io(error))
            }
            Self::Open { fault, .. } | Self::Unwritable { fault, .. } | Self::OnlyRead { fault, .. } => Some(*fault),
            Self::Database(error) => Some(StoreFault::from_sql(error)),
            _ => None,
        }
    }

    /// The problem alone, in a few words, where it is known of which store that is said.
    pub(crate) fn problem(&self) -> String {
        match self {
            Self::File { error, .. } => fault::describe_io(error),
            Self::Open { fault, error, .. } => fault::in_words(*fault, error),
            Self::Database(error) => fault::describe(error),
            Self::Unwritable { why, .. } => why.clone(),
            Self::Untrusted(distrust) => distrust.to_string(),
            Self::Secret(name) => format!("the secret `{name}` has no value"),
            Self::Newer { .. } => "made by a newer opsroom".to_owned(),
            Self::Older { .. } => "made by an older opsroom, and read-only".to_owned(),
            Self::Missing { .. } => "it was not made yet".to_owned(),
            Self::NotAStore { what, .. } => format!("{what} is in its place"),
            Self::Gone { how, .. } => format!("it {how}"),
            Self::Changed { .. } => "it was written to while it was read".to_owned(),
            Self::Replaced { .. } => "it was removed or replaced".to_owned(),
            Self::Other { .. } => "another store is in its place".to_owned(),
            Self::Importing { .. } => "an import into it is not finished".to_owned(),
            Self::LostEnd { from, to, .. } => missing(*from, *to),
            Self::Forked { seq, .. } => format!("entry {seq} differs from before"),
            Self::Heads { .. } => "the known heads of its audit can't be read".to_owned(),
            Self::Queue { .. } => "what waits for it can't be read or written".to_owned(),
            Self::Url(_) | Self::OnlyRead { .. } | Self::Crowded | Self::Content(_) => self.to_string(),
        }
    }

    /// The same of the file `path`, which is called damaged only where its disk has room: what was written in part makes no
    /// sense by itself, and is written in full once there is room.
    pub(super) fn by_room_at(self, path: &Path) -> Self {
        use StoreFault::{Damaged, Full};
        match self {
            Self::Database(error) if StoreFault::from_sql(&error) == Damaged && Damaged.at(path) == Full => {
                let why = Full.describe().unwrap_or_default().to_owned();
                Self::Unwritable { path: path.display().to_string(), fault: Full, why }
            }
            other => other,
        }
    }

    /// Whether nobody knows if what was to be written is: the answer to it was lost.
    pub(super) fn is_unanswered(&self) -> bool {
        use StoreFault::{Cut, Device, ServerDamaged, Stopping};
        matches!(self, Self::Database(error) if matches!(StoreFault::from_sql(error), Cut | Device | ServerDamaged | Stopping))
    }

    /// Whether it may not be the store that was used before: a person must say so before it is written on.
    pub(crate) const fn is_doubt(&self) -> bool {
        matches!(self, Self::Other { .. } | Self::LostEnd { .. } | Self::Forked { .. } | Self::Heads { .. })
    }

    /// In what way a store is away of which this is said.
    pub(crate) const fn absence(&self) -> StoreAbsence {
        match self {
            Self::LostEnd { .. } | Self::Forked { .. } => StoreAbsence::LostEntries,
            Self::Other { .. } => StoreAbsence::Replaced,
            Self::Missing { .. } => StoreAbsence::NotMade,
            _ => StoreAbsence::Unusable,
        }
    }

    /// Whether it may be read and not written.
    pub(crate) fn is_of_rights(&self) -> bool {
        use StoreFault::{Denied, NoCreate, NotGranted, ReadOnly, Standby};
        match self {
            Self::OnlyRead { .. } => true,
            Self::Database(error) => {
                matches!(StoreFault::from_sql(error), Denied | NoCreate | NotGranted | ReadOnly | Standby)
            }
            _ => false,
        }
    }

    /// Whether the file that is open is of no use any more: it is to be opened again.
    pub(crate) fn is_away(&self) -> bool {
        match self {
            Self::Database(error) => {
                use StoreFault::{Blocked, Full, Locked, Memory, Other, Server, ServerFull, Slow};
                !matches!(
                    StoreFault::from_sql(error),
                    Locked | Blocked | Full | ServerFull | Memory | Slow | Server | Other
                )
            }
            Self::Content(_)
            | Self::Crowded
            | Self::OnlyRead { .. }
            | Self::LostEnd { .. }
            | Self::Forked { .. }
            | Self::Heads { .. }
            | Self::Queue { .. } => false,
            Self::File { .. }
            | Self::Open { .. }
            | Self::Unwritable { .. }
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::Missing { .. }
            | Self::Changed { .. }
            | Self::NotAStore { .. }
            | Self::Untrusted(_)
            | Self::Url(_)
            | Self::Secret(_)
            | Self::Gone { .. }
            | Self::Importing { .. }
            | Self::Replaced { .. }
            | Self::Other { .. } => true,
        }
    }
}

/// Whether a file could be read, and what it says makes no sense.
fn is_nonsense(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// Which rights are missing, in words.
fn denied(lacks: Option<&str>) -> String {
    lacks.map_or_else(String::new, |lacks| format!(": permission denied for table {lacks}"))
}

/// Which entries are missing, in words.
pub(super) fn missing(from: i64, to: i64) -> String {
    if from == to { format!("entry {to} is missing") } else { format!("entries {from} to {to} are missing") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_tried_again_says_so() {
        let (path, why) = ("x.db".to_owned(), "the disk is full".to_owned());
        let error = StoreError::Unwritable { path, fault: StoreFault::Full, why };
        let hint = "free some space on its file system";
        assert_eq!(error.hint(), hint, "a command ends");
        assert_eq!(error.explained(), format!("{error}; {hint}"), "a refused action stays refused");
        assert_eq!(error.explained_while_away(), format!("{error}; {hint}; it is tried again automatically"));
        let lost = StoreError::LostEnd { whose: "its audit".to_owned(), from: 21, to: 22 };
        assert_eq!(lost.explained_while_away(), lost.explained(), "only a person can end it");
    }

    #[test]
    fn one_entry_is_no_range() {
        assert_eq!(missing(22, 22), "entry 22 is missing");
        let lost = StoreError::LostEnd { whose: "its audit".to_owned(), from: 21, to: 22 };
        assert_eq!(lost.to_string(), "the store has lost the end of its audit: entries 21 to 22 are missing");
    }
}
