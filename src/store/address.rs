//! Where a store is: the path of a file, or the URL of a database on a server. A URL's password is never shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

use super::StoreError;
use crate::lang::store_url::{self, BadStoreUrl, StoreUrl};

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAddress {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Server(ServerUrl),
}

/// The URL of a database. It is shown as its [`name`](ServerUrl::name).
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    url: String,
    name: String,
}

impl StoreAddress {
    /// What `url` says: `sqlite` (and nothing) mean `opsroom.db` in the state directory.
    ///
    /// # Errors
    /// It looks like the URL of a database, and is of another kind or makes no sense.
    pub(crate) fn locate(url: Option<&str>, state_directory: &Path) -> Result<Self, StoreError> {
        Ok(match store_url::read(url.unwrap_or_default()).map_err(StoreError::Url)? {
            StoreUrl::Usual => Self::File(state_directory.join("opsroom.db")),
            StoreUrl::File(path) => Self::File(PathBuf::from(path)),
            StoreUrl::Server => Self::Server(ServerUrl::new(url.unwrap_or_default())?),
        })
    }

    /// The file as it was named, or the name of the database.
    pub(crate) fn name(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Server(url) => PathBuf::from(&url.name),
        }
    }
}

impl ServerUrl {
    /// Of a URL.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        match store_url::read(url).map_err(StoreError::Url)? {
            StoreUrl::Server => {}
            StoreUrl::Usual | StoreUrl::File(_) => return Err(invalid("it names no server")),
        }
        let options = PgConnectOptions::from_str(url).map_err(|error| said(url, &error))?;
        let host = match options.get_socket() {
            Some(socket) => format!("[{}]", socket.display()),
            None if options.get_host().starts_with('/') => format!("[{}]", options.get_host()),
            None => options.get_host().to_owned(),
        };
        let port = match options.get_port() {
            5432 => String::new(),
            port => format!(":{port}"),
        };
        let user = options.get_username();
        let database = options.get_database().unwrap_or(user);
        Ok(Self { url: url.to_owned(), name: format!("postgres://{user}@{host}{port}/{database}") })
    }

    /// Whether it names the certificates by which the server's is verified.
    pub(super) fn has_roots(&self) -> bool {
        self.url.contains("sslrootcert=") || self.url.contains("ssl-root-cert=") || self.url.contains("ssl-ca=")
    }

    /// The whole of it, with the password where it has one.
    pub(crate) fn expose(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerUrl({})", self.name)
    }
}

/// What is wrong with a URL, without the words that say whose error it is. They may quote the value of a parameter: not where
/// that could be part of a password.
fn said(url: &str, error: &sqlx::Error) -> StoreError {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    match error {
        _ if query.contains('@') || query.contains("password") => invalid("a part of it makes no sense"),
        sqlx::Error::Configuration(why) => invalid(why.to_string().trim_start_matches("error with configuration: ")),
        other => invalid(&other.to_string()),
    }
}

fn invalid(why: &str) -> StoreError {
    StoreError::Url(BadStoreUrl {
        what: format!("the store's URL is not valid: {why}"),
        hint: "write postgres://USER@HOST:PORT/DATABASE, with special characters percent-encoded; the password may come from \
               {secret:NAME}, PGPASSWORD or ~/.pgpass"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(url: &str) -> Result<StoreAddress, StoreError> {
        StoreAddress::locate(Some(url), Path::new("/state"))
    }

    #[test]
    fn a_file_is_named_in_each_way() {
        let file = |path: &str| StoreAddress::File(path.into());
        for (url, path) in [
            ("sqlite", "/state/opsroom.db"),
            ("sqlite:", "/state/opsroom.db"),
            ("sqlite:/x/y.db", "/x/y.db"),
            ("sqlite:///x/y.db", "/x/y.db"),
            ("y.db", "y.db"),
        ] {
            assert_eq!(located(url).unwrap(), file(path), "{url}");
        }
        let error = located("mysql://ana:hunter2@db/ops").unwrap_err().to_string();
        assert!(error.contains("`mysql://…` is not a supported store") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_password_is_never_shown() {
        for (url, name) in [
            ("postgres://ana:hunter2@db/ops", "postgres://ana@db/ops"),
            ("postgresql://ana:hunter2@db:5433/ops?sslmode=require", "postgres://ana@db:5433/ops"),
            ("postgres://db/ops?user=ana&password=hunter2", "postgres://ana@db/ops"),
            ("postgres:///ops?host=/run/pg&user=ana&password=hunter2", "postgres://ana@[/run/pg]/ops"),
        ] {
            let address = located(url).unwrap();
            assert_eq!(address.name(), Path::new(name));
            assert!(!format!("{address:?}").contains("hunter2"));
        }
        let error = located("postgres://ana:hunter2@db:port/ops").unwrap_err().to_string();
        assert!(error.contains("invalid port number") && !error.contains("hunter2"), "{error}");
    }
}
