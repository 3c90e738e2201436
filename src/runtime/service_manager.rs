//! What systemd is told by the socket that it names: that the program is ready, reloads, stops, and is alive.
//!
//! Datagrams of a few words need no crate. Without `NOTIFY_SOCKET`, nothing is told.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The manager that started this process, where there is one that wants to be told.
#[derive(Debug, Default)]
pub(crate) struct ServiceManager {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// The longest time between two signs of life.
    alive_within: Option<Duration>,
}

impl ServiceManager {
    /// As the environment says. A socket that can't be used is no reason not to watch: it is logged.
    pub(crate) fn from_environment() -> Self {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Self::default();
        };
        let variable = |name: &str| std::env::var(name).ok();
        let alive_within = alive_within(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"), std::process::id());
        match connected(&name) {
            Ok(socket) => Self { socket: Some(socket), alive_within },
            Err(error) => {
                tracing::warn!(%error, "NOTIFY_SOCKET can't be used");
                Self::default()
            }
        }
    }

    /// How often it wants a sign of life: twice within what it waits for.
    pub(crate) fn alive_every(&self) -> Option<Duration> {
        self.alive_within.map(|within| within / 2)
    }

    /// The program does what it is there for.
    pub(crate) fn ready(&self) {
        self.tell("READY=1");
    }

    /// It reads its configuration again; [`Self::ready`] once that is done.
    pub(crate) fn reloading(&self) {
        self.tell("RELOADING=1");
    }

    /// It ends in order.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// A sign of life.
    pub(crate) fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// What `systemctl status` shows in a line.
    pub(crate) fn status(&self, text: &str) {
        self.tell(&format!("STATUS={}", text.replace('\n', " ")));
    }

    fn tell(&self, state: &str) {
        let Some((socket, address)) = &self.socket else { return };
        if let Err(error) = socket.send_to_addr(state.as_bytes(), address) {
            tracing::warn!(%error, state, "the service manager could not be told");
        }
    }
}

/// A socket that never waits, and where to send to: a path, or a name of the abstract namespace after `@`.
fn connected(name: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

/// How long the manager waits for a sign of life, where it is this process that it waits for.
fn alive_within(micros: Option<String>, pid: Option<String>, own: u32) -> Option<Duration> {
    let is_ours = pid.is_none_or(|pid| pid.parse() == Ok(own));
    micros?.parse().ok().filter(|micros| is_ours && *micros > 0).map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(micros: &str, pid: Option<&str>) -> Option<Duration> {
        alive_within(Some(micros.to_owned()), pid.map(str::to_owned), 7)
    }

    #[test]
    fn the_manager_waits_for_this_process_alone() {
        assert_eq!(within("30000000", None), Some(Duration::from_secs(30)));
        assert_eq!(within("30000000", Some("7")), Some(Duration::from_secs(30)));
        assert_eq!(within("30000000", Some("8")), None);
        for wrong in ["", "0", "-1", "soon"] {
            assert_eq!(within(wrong, None), None, "{wrong}");
        }
        assert_eq!(alive_within(None, None, 7), None);
    }

    #[test]
    fn a_path_and_an_abstract_name_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let name = format!("opsroom-test-{:x}", fastrand::u64(..));
        let abstracted = SocketAddr::from_abstract_name(&name).unwrap();
        let receivers = [UnixDatagram::bind(&path).unwrap(), UnixDatagram::bind_addr(&abstracted).unwrap()];
        let names = [path.into_os_string(), format!("@{name}").into()];
        for (receiver, name) in receivers.iter().zip(&names) {
            receiver.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let manager = ServiceManager { socket: Some(connected(name).unwrap()), alive_within: None };
            let mut told = [0; 64];
            for (tell, said) in [
                (ServiceManager::ready as fn(&ServiceManager), "READY=1"),
                (ServiceManager::reloading, "RELOADING=1"),
                (ServiceManager::alive, "WATCHDOG=1"),
                (ServiceManager::stopping, "STOPPING=1"),
            ] {
                tell(&manager);
                let count = receiver.recv(&mut told).unwrap();
                assert_eq!(&told[..count], said.as_bytes());
            }
            manager.status("two\nlines");
            let count = receiver.recv(&mut told).unwrap();
            assert_eq!(&told[..count], b"STATUS=two lines");
        }
        ServiceManager::default().ready();
    }
}
