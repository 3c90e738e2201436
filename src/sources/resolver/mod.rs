//! Looking up names, with bounds of its own.
//!
//! It is the system that looks names up (`getaddrinfo`), so that what opsroom finds is what curl and ssh find on the same
//! machine: `nsswitch.conf`, mDNS, systemd-resolved, search domains. A resolver of our own would ask DNS and nothing else.
//! But that call blocks for as long as name servers do not answer, and nothing ends it. So:
//!
//! - addresses, `localhost` and the names of `/etc/hosts` are answered here, and wait for nobody;
//! - the others are looked up by threads that do nothing else, so that files are read and written whatever DNS does;
//! - names that were answered last time have threads apart from those that were not, and from those of new names;
//! - polls of one name share one look-up while it is under way. Nothing is kept beyond that: a check sees what a user
//!   who comes now would see.

mod hosts;
mod threads;

use crate::text::count::counted;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::path::PathBuf;
use std::sync::LazyLock;

use hosts::Hosts;
use threads::Threads;

/// Where the system keeps its names and name servers.
#[derive(Debug, Clone)]
struct Files {
    hosts: PathBuf,
    switch: PathBuf,
    servers: PathBuf,
}

impl Default for Files {
    fn default() -> Self {
        let etc = |name: &str| PathBuf::from("/etc").join(name);
        Self { hosts: etc("hosts"), switch: etc("nsswitch.conf"), servers: etc("resolv.conf") }
    }
}

/// Why a name has no addresses, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its turn never came: nothing is known of the name.
    NotAsked(String),
    /// There is no such name, or nobody answered.
    Failed(String),
}

/// The addresses of a name, with port 0, or why there are none.
pub(crate) type Found = Result<Vec<SocketAddr>, Failure>;

/// Looks names up.
#[derive(Debug)]
pub(crate) struct Resolver {
    files: Files,
    hosts: Hosts,
    threads: Threads,
}

/// The resolver of this process: its threads are bounded, so there is one.
static SYSTEM: LazyLock<Resolver> = LazyLock::new(|| Resolver::new(Files::default(), getaddrinfo));

/// The resolver of this process.
pub(crate) fn system() -> &'static Resolver {
    &SYSTEM
}

impl Resolver {
    /// `ask` looks up what the files do not say; it may block.
    fn new(files: Files, ask: threads::Ask) -> Self {
        let hosts = Hosts::new(&files);
        let threads = Threads::new(ask, files.servers.clone(), threads::Bounds::default());
        Self { files, hosts, threads }
    }

    /// The addresses of `host`, in the order in which they should be tried. `asked` is called when somebody is asked
    /// for them; before that the name waits for its turn.
    pub(crate) async fn lookup(&self, host: &str, asked: impl FnOnce()) -> Found {
        if let Some(mut addresses) = self.at_once(host) {
            asked();
            addresses.sort_by_cached_key(|address| preference(*address));
            return Ok(addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect());
        }
        self.threads.lookup(host, asked).await
    }

    /// What needs no name server.
    fn at_once(&self, host: &str) -> Option<Vec<IpAddr>> {
        if let Ok(address) = host.parse() {
            return Some(vec![address]);
        }
        let name = host.to_ascii_lowercase();
        self.hosts.get(&name).or_else(|| {
            // RFC 6761: these never leave the machine.
            let local = name == "localhost" || name.ends_with(".localhost");
            local.then(|| vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()])
        })
    }

    /// Who does not answer while a name is being looked up, in words.
    pub(crate) fn silent(&self) -> String {
        format!("{} did not answer", hosts::servers(&self.files.servers))
    }

    /// Why a name was not looked up, in words.
    pub(crate) fn busy(&self) -> String {
        format!(
            "not asked: looking up {} already, and {}",
            counted(self.threads.running(), "other name"),
            self.silent()
        )
    }
}

/// Blocks until the system has the addresses of a name, or gives up.
fn getaddrinfo(host: &str) -> std::io::Result<Vec<SocketAddr>> {
    Ok((host, 0).to_socket_addrs()?.collect())
}

/// As the system sorts addresses (RFC 6724), as far as it matters here: those that we have a way to come first, and of
/// these IPv6 before IPv4 before unique local addresses.
fn preference(address: IpAddr) -> (bool, u8) {
    let any = if address.is_ipv6() { IpAddr::from(Ipv6Addr::UNSPECIFIED) } else { Ipv4Addr::UNSPECIFIED.into() };
    // Connecting a datagram socket sends nothing: it only finds the way.
    let reachable = UdpSocket::bind((any, 0)).is_ok_and(|socket| socket.connect((address, 9)).is_ok());
    let kind = match address {
        IpAddr::V6(address) if address.is_unique_local() => 2,
        IpAddr::V6(_) => 0,
        IpAddr::V4(_) => 1,
    };
    (!reachable, kind)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;

    /// A bound for what must happen: a test that waits so long has failed.
    const LONG: Duration = Duration::from_secs(30);

    fn resolver(directory: &Path, hosts: &str, switch: &str) -> Resolver {
        let files = Files {
            hosts: directory.join("hosts"),
            switch: directory.join("nsswitch.conf"),
            servers: directory.join("resolv.conf"),
        };
        for (path, text) in [(&files.hosts, hosts), (&files.switch, switch), (&files.servers, "nameserver 10.9.8.7\n")]
        {
            write(path, text);
        }
        Resolver::new(files, |_| {
            loop {
                std::thread::park();
            }
        })
    }

    #[expect(clippy::disallowed_methods, reason = "the test lays out its files")]
    fn write(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
    }

    async fn find(resolver: &Resolver, host: &str) -> Option<Found> {
        tokio::time::timeout(LONG, resolver.lookup(host, || ())).await.ok()
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is compared with what a look-up gives")]
    fn addresses(texts: &[&str]) -> Option<Found> {
        Some(Ok(texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()))
    }

    #[tokio::test]
    async fn what_needs_no_name_server_waits_for_none() {
        let directory = tempfile::tempdir().unwrap();
        let hosts = "# ours\n127.9.9.9\tDB.internal db # the database\n127.9.9.8 db\n::1 six\nnonsense x\n";
        let resolver = resolver(directory.path(), hosts, "passwd: files\nhosts: files mdns4 [NOTFOUND=return] dns\n");
        for number in 0..500 {
            let dead = format!("dead-{number}.example");
            let pending = futures_util::FutureExt::now_or_never(resolver.lookup(&dead, || ()));
            assert_eq!(pending, None);
        }
        assert_eq!(find(&resolver, "db.INTERNAL").await, addresses(&["127.9.9.9"]));
        assert_eq!(find(&resolver, "db").await, addresses(&["127.9.9.9", "127.9.9.8"]));
        assert_eq!(find(&resolver, "six").await, addresses(&["::1"]));
        assert_eq!(find(&resolver, "127.0.0.1").await, addresses(&["127.0.0.1"]));
        let local = find(&resolver, "api.localhost").await.unwrap().unwrap();
        assert!(local.iter().all(|address| address.ip().is_loopback()) && local.len() == 2, "{local:?}");
        // The file is read again when it has changed.
        write(&directory.path().join("hosts"), "127.9.9.7 db\n127.9.9.6 other\n");
        assert_eq!(find(&resolver, "db").await, addresses(&["127.9.9.7"]));
    }

    #[tokio::test]
    async fn names_of_the_file_wait_for_nobody_where_resolved_reads_it_too() {
        let directory = tempfile::tempdir().unwrap();
        let switch = "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\n";
        let resolver = resolver(directory.path(), "127.9.9.9 db\n", switch);
        assert_eq!(find(&resolver, "db").await, addresses(&["127.9.9.9"]));
    }

    #[tokio::test]
    async fn where_the_system_asks_others_first_so_do_we() {
        let directory = tempfile::tempdir().unwrap();
        let resolver = resolver(directory.path(), "127.9.9.9 db\n", "hosts: dns files\n");
        assert_eq!(futures_util::FutureExt::now_or_never(resolver.lookup("db", || ())), None);
        assert_eq!(resolver.silent(), "name server 10.9.8.7 did not answer");
    }
}
