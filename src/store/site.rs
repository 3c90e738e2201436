//! What lies where a store should be, looked at without writing, and opened only then.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::StoreError;
use super::address::StoreAddress;
use super::database::StoreReader;
use super::dialect::Dialect;
use super::dialect::postgres::Reached;
use super::dialect::sqlite::Sqlite;
use super::fault::StoreFault;
use super::place::{self, FileIdentity, Found};
use crate::files::made::{self, SharedRight};

/// A place that was looked at.
#[derive(Debug)]
pub(super) enum Site {
    /// A file.
    File {
        /// As it was named.
        given: PathBuf,
        /// Its one name.
        path: PathBuf,
        /// What lies there.
        found: Found,
    },
    /// A database that answers.
    Server {
        /// Without password.
        name: PathBuf,
        /// It.
        reached: Box<Reached>,
    },
}

/// What was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub dialect: Arc<dyn Dialect>,
    /// The one name of the place.
    pub place: PathBuf,
    /// The file, where it is one.
    pub file: Option<FileIdentity>,
    /// Who may only read it, and what says so; `None`: it may be written.
    pub reader: Option<StoreReader>,
}

/// What an opening is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A store is made where there is none.
    Use,
    /// What is there is looked at, also where it may only be read.
    Look,
}

impl Site {
    /// Looks.
    ///
    /// # Errors
    /// It can't be looked at, or holds something that is not ours.
    pub(super) async fn look(address: &StoreAddress) -> Result<Self, StoreError> {
        match address {
            StoreAddress::File(given) => {
                let path = place::canonical(given);
                let found = place::look(&path).await?;
                Ok(Self::File { given: given.clone(), path, found })
            }
            StoreAddress::Server(url) => {
                Ok(Self::Server { name: address.name(), reached: Box::new(Reached::reach(url).await?) })
            }
        }
    }

    /// The one name of the place: of the file, whatever links lead to it, or of the database.
    pub(super) const fn name(&self) -> &PathBuf {
        match self {
            Self::File { path, .. } => path,
            Self::Server { name, .. } => name,
        }
    }

    /// What lies there.
    pub(super) const fn found(&self) -> Found {
        match self {
            Self::File { found, .. } => *found,
            Self::Server { reached, .. } => reached.found,
        }
    }

    /// That there is no store.
    pub(super) fn missing(&self) -> StoreError {
        StoreError::Missing { path: self.name().display().to_string() }
    }

    /// Opens the store and brings its schema up to date.
    ///
    /// # Errors
    /// It can't be opened, or a newer program made it.
    pub(super) async fn open(self, purpose: Purpose) -> Result<Opened, StoreError> {
        match self {
            Self::File { given, path, found } => {
                let sqlite = match purpose {
                    Purpose::Use if found == Found::Ours && is_denied(&given, &path) => {
                        Sqlite::look(&given, path).await?
                    }
                    Purpose::Use => Sqlite::open(&given, path).await?,
                    Purpose::Look => Sqlite::look(&given, path).await?,
                };
                let (file, place) = (sqlite.identity(), sqlite.path().to_owned());
                let fault = if is_on_read_only(&place) { StoreFault::ReadOnly } else { StoreFault::Denied };
                let reader =
                    sqlite.is_read_only().then(|| StoreReader { who: "this user".to_owned(), fault, lacks: None });
                Ok(Opened { dialect: Arc::new(sqlite), place, file, reader })
            }
            Self::Server { name, reached } => {
                let postgres = reached.open().await?;
                let reader = postgres.reader().map(|reader| StoreReader {
                    who: format!("the role `{}`", reader.role),
                    fault: StoreFault::NotGranted,
                    lacks: Some(reader.lacks.clone()),
                });
                Ok(Opened { dialect: Arc::new(postgres), place: name, file: None, reader })
            }
        }
    }
}

/// Whether we may read the file and not write it. A file system that became read-only is a fault that passes, not a right.
fn is_denied(given: &Path, path: &Path) -> bool {
    matches!(made::existing_shared_file(given), Ok(SharedRight::Read)) && !is_on_read_only(path)
}

fn is_on_read_only(path: &Path) -> bool {
    StoreFault::Unreachable.at(path) == StoreFault::ReadOnly
}
