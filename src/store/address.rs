//! Where a store is: the path of a file, or the URL of a database on a server. A URL's password is never shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

use super::StoreError;

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
    /// A URL of another kind, or one that makes no sense.
    pub(crate) fn locate(url: Option<&str>, state_directory: &Path) -> Result<Self, StoreError> {
        let default = || Self::File(state_directory.join("opsroom.db"));
        let Some(url) = url else { return Ok(default()) };
        let path = match url.split_once(':') {
            _ if url == "sqlite" => return Ok(default()),
            Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                return ServerUrl::new(url).map(Self::Server);
            }
            Some((scheme, rest)) if rest.starts_with("//") => {
                return Err(StoreError::Kind(format!("{scheme}://…")));
            }
            _ => url,
        };
        Ok(if path.is_empty() { default() } else { Self::File(PathBuf::from(path)) })
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
        let options = PgConnectOptions::from_str(url).map_err(|error| StoreError::Url(said(&error)))?;
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

/// What is wrong with a URL, without the words that say whose error it is.
fn said(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Configuration(why) => why.to_string(),
        other => other.to_string(),
    }
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
