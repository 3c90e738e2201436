//! The environment that children get: a clean base, so that neither a stray `LD_PRELOAD` nor a token of the console's own
//! reaches a program that was not given it.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// What is taken over from our own environment where it is set: who we are, and where programs find their files, agents
/// and servers. `LD_*`, `GIT_*`, `BASH_ENV`, `PYTHON*` and everything else stay behind.
const TAKEN: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "KUBECONFIG",
];

/// One meaning of words, one time zone, and no program that asks, pages or colours.
const SET: &[(&str, &str)] = &[
    ("LANG", "C.UTF-8"),
    ("LC_ALL", "C.UTF-8"),
    ("TZ", "UTC"),
    ("TERM", "dumb"),
    ("NO_COLOR", "1"),
    ("PAGER", "cat"),
    ("SYSTEMD_PAGER", ""),
    ("GIT_PAGER", "cat"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("SSH_ASKPASS_REQUIRE", "never"),
    ("DEBIAN_FRONTEND", "noninteractive"),
];

/// Where programs are, when nobody says.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The clean base; `own` looks a variable up in our own environment.
pub(crate) fn clean(own: impl Fn(&str) -> Option<OsString>) -> BTreeMap<OsString, OsString> {
    let taken = TAKEN.iter().filter_map(|name| Some((OsString::from(name), own(name)?)));
    let mut clean: BTreeMap<_, _> = taken.collect();
    clean.entry("PATH".into()).or_insert_with(|| DEFAULT_PATH.into());
    clean.extend(SET.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))));
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_taken_and_a_path_is_always_there() {
        let own = |name: &str| match name {
            "HOME" => Some("/home/me".into()),
            "LD_PRELOAD" | "API_TOKEN" => Some("bad".into()),
            _ => None,
        };
        let clean = clean(own);
        assert_eq!(clean[&OsString::from("HOME")], "/home/me");
        assert_eq!(clean[&OsString::from("PATH")], DEFAULT_PATH);
        assert_eq!(clean[&OsString::from("TERM")], "dumb");
        assert!(!clean.values().any(|value| value == "bad"));
    }
}
