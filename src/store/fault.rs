//! What SQLite, PostgreSQL and the system say, in words that a person can act on.

use std::io;
use std::path::Path;

use rustix::fs::{Access, StatVfsMountFlags};
use rustls::CertificateError;
use sqlx::postgres::PgDatabaseError;

/// SQLite makes the index of its log by so many bytes at once.
const INDEX: u64 = 32 << 10;

/// What keeps a store from being read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// No room.
    Full,
    /// The file system, or the file, can't be written.
    ReadOnly,
    /// We may not.
    Denied,
    /// Another program holds it.
    Locked,
    /// The content makes no sense.
    Damaged,
    /// The file is gone, or another one is in its place.
    Moved,
    /// The device fails.
    Device,
    /// A directory of its path is missing, or it can't be opened for a reason that is not said.
    Unreachable,
    /// No server listens there, or it is out of reach.
    Refused,
    /// The host has no address.
    Unresolved,
    /// The connection to the server broke, or it answers no more.
    Cut,
    /// The store was away by the time that it was its turn.
    GivenUp,
    /// TLS could not be agreed on.
    Tls,
    /// The server's certificate is signed by nobody whom we trust.
    Untrusted,
    /// The server's certificate is for another host.
    OtherHost,
    /// The server's certificate is not valid at this time.
    Expired,
    /// The certificates by which the server's is to be verified can't be read.
    NoRoots,
    /// The server does not let us in.
    Login,
    /// The password is not the right one.
    Password,
    /// The database takes no sessions.
    Closed,
    /// The server has no memory for it.
    Memory,
    /// Another session is in the way.
    Blocked,
    /// The server's own disk has no room.
    ServerFull,
    /// The server's own disk fails, or what lies on it is damaged.
    ServerDamaged,
    /// The server has no such database.
    NoDatabase,
    /// The server takes no more connections.
    Connections,
    /// The server is a standby, or writes nothing.
    Standby,
    /// The server is shutting down or starting.
    Stopping,
    /// The server needs too long.
    Slow,
    /// The role may not do it.
    NotGranted,
    /// The role may not make the tables.
    NoCreate,
    /// The server says something else.
    Server,
    /// Anything else.
    Other,
}

impl StoreFault {
    /// Of what the database says.
    pub(crate) fn from_sql(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(error) => return Self::from_link(error),
            sqlx::Error::Tls(_) => return Self::Tls,
            sqlx::Error::Protocol(_) => return Self::Cut,
            sqlx::Error::PoolTimedOut => return Self::Locked,
            sqlx::Error::PoolClosed => return Self::GivenUp,
            _ => {}
        }
        let database = error.as_database_error();
        if let Some(error) = database.and_then(|error| error.try_downcast_ref::<PgDatabaseError>()) {
            return Self::of_state(error.code());
        }
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.and_then(|code| code.parse().ok()).map_or(Self::Other, Self::of_code)
    }

    /// Whether SQLite says that a table is missing, for which it has no code of its own.
    pub(in crate::store) fn is_no_table(error: &sqlx::Error) -> bool {
        error.as_database_error().is_some_and(|error| error.message().starts_with("no such table"))
    }

    /// Whether SQLite says that the file is no database.
    pub(in crate::store) fn is_no_database(error: &sqlx::Error) -> bool {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.as_deref() == Some("26")
    }

    /// Of an extended result code of SQLite.
    fn of_code(code: u32) -> Self {
        // The shared index can't grow: its write says nothing of the reason, which is a full disk.
        const INDEX_SIZE: u32 = 0x0a | (19 << 8);
        const INDEX_MAP: u32 = 0x0a | (21 << 8);
        const DENIED: u32 = 0x0a | (13 << 8);
        const MOVED: u32 = 0x08 | (4 << 8);
        match (code, code & 0xff) {
            (INDEX_SIZE | INDEX_MAP, _) | (_, 13) => Self::Full,
            (MOVED, _) => Self::Moved,
            (DENIED, _) | (_, 3 | 23) => Self::Denied,
            (_, 8) => Self::ReadOnly,
            (_, 5 | 6) => Self::Locked,
            (_, 11 | 26) => Self::Damaged,
            (_, 10) => Self::Device,
            (_, 14) => Self::Unreachable,
            _ => Self::Other,
        }
    }

    /// Of an SQLSTATE of PostgreSQL.
    pub(in crate::store) fn of_state(state: &str) -> Self {
        match state {
            "53100" => Self::ServerFull,
            "53200" => Self::Memory,
            "53300" => Self::Connections,
            "25006" => Self::Standby,
            "42501" => Self::NotGranted,
            "3F000" => Self::NoCreate,
            "28P01" => Self::Password,
            // Said of a database that takes no sessions; nothing that we ask for otherwise needs another state.
            "55000" => Self::Closed,
            "3D000" | "57P04" => Self::NoDatabase,
            "57014" => Self::Slow,
            "55P03" | "55006" | "40001" | "40P01" => Self::Blocked,
            "57P01" | "57P02" | "57P03" => Self::Stopping,
            "57P05" | "25P03" => Self::Cut,
            "58030" | "58P01" | "XX001" | "XX002" => Self::ServerDamaged,
            state => match state.get(..2) {
                Some("08") => Self::Cut,
                Some("28") => Self::Login,
                Some("53") => Self::Memory,
                _ => Self::Server,
            },
        }
    }

    /// Of what TLS says.
    fn from_tls(error: &rustls::Error) -> Self {
        let rustls::Error::InvalidCertificate(certificate) = error else { return Self::Tls };
        match certificate {
            // The second is said of an authority that was made again under its old name.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::Untrusted,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::OtherHost,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::Expired,
            _ => Self::Tls,
        }
    }

    /// Of what the system says of a connection.
    fn from_link(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
            return Self::from_tls(tls);
        }
        match error.kind() {
            Kind::ConnectionRefused | Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::AddrNotAvailable => {
                Self::Refused
            }
            Kind::TimedOut
            | Kind::UnexpectedEof
            | Kind::BrokenPipe
            | Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::NotConnected => Self::Cut,
            // The resolver has no kind of its own.
            _ if error.to_string().contains("lookup address") => Self::Unresolved,
            _ => Self::from_io(error),
        }
    }

    /// Of what the system says.
    pub(crate) fn from_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Unreachable,
            _ => Self::Other,
        }
    }

    /// What it is at `path`, of which the file system says more than the database does.
    #[must_use]
    pub(crate) fn at(self, path: &Path) -> Self {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Ok(system) = rustix::fs::statvfs(directory) else { return self };
        let denied = || rustix::fs::access(directory, Access::WRITE_OK).is_err();
        let room = system.f_bavail.saturating_mul(system.f_frsize);
        match self {
            // What could be written of a page or of the index makes no sense by itself: nobody knows what the file holds
            // before there is room.
            Self::Damaged if room < INDEX => Self::Full,
            Self::Unreachable | Self::ReadOnly if system.f_flag.contains(StatVfsMountFlags::RDONLY) => Self::ReadOnly,
            Self::Unreachable | Self::Device if system.f_bavail == 0 => Self::Full,
            Self::Unreachable | Self::ReadOnly if denied() => Self::Denied,
            other => other,
        }
    }

    /// In words, where the words of the program that failed would not do.
    pub(crate) const fn describe(self) -> Option<&'static str> {
        Some(match self {
            Self::Full => "the disk is full",
            Self::ReadOnly => "it is read-only",
            Self::Denied => "permission denied",
            Self::Locked => "another program has locked it",
            Self::Damaged => "its content is damaged",
            Self::Moved => "its file was removed or replaced",
            Self::Device => "the disk can't be read or written",
            Self::Unreachable => "no such file, or it can't be opened",
            Self::Refused => "no server accepts connections there",
            Self::Unresolved => "the host name can't be resolved",
            Self::Cut => "the server does not answer",
            Self::GivenUp => "the store does not answer",
            Self::Untrusted => "the server's certificate is signed by an authority that is not trusted here",
            Self::OtherHost => "the server's certificate is for another host name",
            Self::Expired => "the server's certificate has expired, or is not valid yet",
            Self::NoRoots => "the file that sslrootcert names can't be read",
            Self::Login => "the server rejected the login",
            Self::Password => "the server rejected the password",
            Self::Closed => "the database accepts no connections",
            Self::Memory => "the server has not enough memory",
            Self::Blocked => "another session holds a lock",
            Self::ServerFull => "the disk of the server is full",
            Self::ServerDamaged => "the server can't read or write its files",
            Self::NoDatabase => "the database does not exist",
            Self::Connections => "the server has no free connections",
            Self::Standby => "the server is read-only",
            Self::Stopping => "the server is shutting down or starting up",
            Self::Slow => "the server took too long",
            Self::NotGranted => "the role has no permission",
            Self::NoCreate => "the role has no permission to create its tables",
            Self::Tls | Self::Server | Self::Other => return None,
        })
    }

    /// Whether it may end without anybody restarting a console, which tries again by itself.
    pub(super) const fn is_passing(self) -> bool {
        matches!(
            self,
            Self::Full
                | Self::Cut
                | Self::GivenUp
                | Self::Closed
                | Self::Memory
                | Self::ServerFull
                | Self::Connections
                | Self::Stopping
        )
    }

    /// What to do about it.
    pub(crate) const fn hint(self) -> &'static str {
        match self {
            Self::Full => "free some space on its file system",
            Self::ReadOnly => "mount its file system writable and check the permissions of the file and its directory",
            Self::Denied => "check who owns the file and its directory, and that they are writable",
            Self::Locked => "see which program holds it, for example with `fuser FILE`, and end that program",
            Self::Damaged => "restore it from a backup; `sqlite3 FILE .recover` saves what can be read",
            Self::Moved => "put it back, or use what is there now: `opsroom audit verify --accept --why TEXT`",
            Self::Device => "look at the system log for errors of the disk, and at the free space",
            Self::Refused => "check host and port, and that PostgreSQL runs and listens there (listen_addresses)",
            Self::Unresolved => "check the host in the store's URL, and DNS",
            Self::Cut => "check the network and the server",
            Self::GivenUp => "try again once it is back; the console says why it is away",
            Self::Tls => "check sslmode and sslrootcert in the store's URL, and the server's certificate",
            Self::Untrusted => "name the certificate of its authority in the store's URL: sslrootcert=FILE",
            Self::OtherHost => {
                "connect by a name that the certificate is for; sslmode=verify-ca in the store's URL leaves the name open"
            }
            Self::Expired => "renew the server's certificate, and check the clocks of both machines",
            Self::NoRoots => "check the path after sslrootcert= in the store's URL, and who may read that file",
            Self::Login => "check that the role exists and may log in, and the server's pg_hba.conf",
            Self::Password => "check the password: {secret:NAME} in [store] url, PGPASSWORD or ~/.pgpass",
            Self::Closed => "let it accept them: ALTER DATABASE … ALLOW_CONNECTIONS true",
            Self::Memory => "see the server's log and its memory",
            Self::Blocked => "see pg_locks and pg_stat_activity for the session that holds it",
            Self::ServerFull => "free some space on the server",
            Self::ServerDamaged => {
                "see the server's log and its disk; restore the database from a backup if it is damaged"
            }
            Self::Server => "see the server's log for the reason",
            Self::NoDatabase => "create it: createdb --owner ROLE DATABASE",
            Self::Connections => "raise max_connections or end idle sessions",
            Self::Standby => "connect to the primary (and check default_transaction_read_only)",
            Self::Stopping => "wait until the server is up",
            Self::Slow => "see pg_stat_activity for what keeps the server busy",
            Self::NotGranted => {
                "as owner of its tables: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ROLE"
            }
            Self::NoCreate => {
                "as owner of the database: GRANT USAGE, CREATE ON SCHEMA public TO ROLE; or let a role that may create \
                 them open the store once"
            }
            Self::Unreachable | Self::Other => {
                "check that its directory exists, is writable and is on a local disk, or use --store FILE"
            }
        }
    }
}

/// The words for what the database says. Those of a server that we do not know come without the place in its source.
pub(super) fn describe(error: &sqlx::Error) -> String {
    in_words(StoreFault::from_sql(error), error)
}

/// The words for a fault of which `error` is the cause.
pub(super) fn in_words(fault: StoreFault, error: &sqlx::Error) -> String {
    let server = || error.as_database_error()?.try_downcast_ref::<PgDatabaseError>();
    match (fault.describe(), server()) {
        (Some(words), _) => words.to_owned(),
        (None, Some(said)) => format!("the server says `{}` (SQLSTATE {})", said.message(), said.code()),
        (None, None) => error.to_string(),
    }
}

/// The words for what the system says.
pub(super) fn describe_io(error: &io::Error) -> String {
    StoreFault::from_io(error).describe().map_or_else(|| error.to_string(), str::to_owned)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test fills a file system")]
pub(in crate::store) mod tests {
    use std::fs::File;
    use std::io::Write as _;
    use std::process::Command;

    use super::*;

    /// A file system of half a megabyte, as long as it is held.
    pub(in crate::store) struct Small(tempfile::TempDir);

    impl Small {
        pub(in crate::store) fn mount() -> Option<Self> {
            let small = Self(tempfile::tempdir().unwrap());
            let mut mount = Command::new("mount");
            let mounted = mount.args(["-t", "tmpfs", "-o", "size=512k,mode=700", "none"]).arg(small.0.path()).output();
            mounted.is_ok_and(|mounted| mounted.status.success()).then_some(small)
        }

        pub(in crate::store) fn path(&self) -> &Path {
            self.0.path()
        }

        /// Leaves no room; the file that is returned gives it back where it is cut.
        pub(in crate::store) fn fill(&self) -> File {
            let mut ballast = File::create(self.path().join("ballast")).unwrap();
            while ballast.write_all(&[7; 4096]).is_ok() {}
            ballast
        }
    }

    impl Drop for Small {
        fn drop(&mut self) {
            Command::new("umount").arg(self.0.path()).status().ok();
        }
    }

    #[test]
    fn nothing_is_called_damaged_while_there_is_no_room_to_write_it() {
        // Without the right to mount there is nothing to look at.
        let Some(small) = Small::mount() else { return };
        let path = small.path().join("opsroom.db");
        assert_eq!(StoreFault::Damaged.at(&path), StoreFault::Damaged);
        let ballast = small.fill();
        assert_eq!(StoreFault::Damaged.at(&path), StoreFault::Full);
        ballast.set_len(0).unwrap();
        assert_eq!(StoreFault::Damaged.at(&path), StoreFault::Damaged);
    }
}
