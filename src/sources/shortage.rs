//! What runs out on our own side. It says nothing of a service: one that could not be asked is unknown, not down.

use std::error::Error;
use std::io;

use rustix::io::Errno;

use crate::text::causes::chain;

/// Says what ran out here, where that is why a connection, a look-up or a program failed.
pub(crate) fn describe(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let errno = chain(error).find_map(|link| Errno::from_io_error(link.downcast_ref::<io::Error>()?))?;
    match errno {
        Errno::MFILE => Some("opsroom has too many open files (ulimit -n)"),
        Errno::NFILE => Some("this machine has too many open files"),
        Errno::NOBUFS | Errno::NOMEM => Some("this machine has no memory left for a connection"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_out_here_is_told_from_what_is_wrong_there() {
        let said = |errno: Errno| describe(&io::Error::from_raw_os_error(errno.raw_os_error()));
        assert!(said(Errno::MFILE).is_some_and(|words| words.contains("ulimit -n")));
        assert!(said(Errno::NFILE).is_some() && said(Errno::NOBUFS).is_some());
        for theirs in [Errno::CONNREFUSED, Errno::CONNRESET, Errno::TIMEDOUT, Errno::HOSTUNREACH] {
            assert_eq!(said(theirs), None, "{theirs}");
        }
        let within = io::Error::other(io::Error::from_raw_os_error(Errno::MFILE.raw_os_error()));
        assert!(describe(&within).is_some(), "as HTTP clients wrap it");
    }
}
