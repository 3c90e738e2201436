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

/// What is taken over besides for a person who works in the terminal: what it can do, and how they like it.
const IN_TERMINAL: &[&str] =
    &["TERM", "COLORTERM", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "NO_COLOR", "SHELL", "EDITOR", "VISUAL", "PAGER"];

/// The clean base; `own` looks a variable up in our own environment.
pub(crate) fn clean(own: impl Fn(&str) -> Option<OsString>) -> BTreeMap<OsString, OsString> {
    let mut clean = taken(TAKEN, own);
    clean.extend(SET.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))));
    clean
}

/// The base of what has the terminal.
pub(crate) fn in_terminal(own: impl Fn(&str) -> Option<OsString>) -> BTreeMap<OsString, OsString> {
    taken(&[TAKEN, IN_TERMINAL].concat(), own)
}

fn taken(names: &[&str], own: impl Fn(&str) -> Option<OsString>) -> BTreeMap<OsString, OsString> {
    let mut taken: BTreeMap<_, _> = names.iter().filter_map(|name| Some((OsString::from(name), own(name)?))).collect();
    taken.entry("PATH".into()).or_insert_with(|| DEFAULT_PATH.into());
    taken
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

    #[test]
    fn who_has_the_terminal_keeps_what_it_can_do_and_nothing_that_was_not_named() {
        let own = |name: &str| match name {
            "TERM" => Some("xterm-256color".into()),
            "LD_PRELOAD" | "API_TOKEN" => Some("bad".into()),
            _ => None,
        };
        let kept = in_terminal(own);
        let names: Vec<_> = kept.keys().map(|name| name.to_string_lossy()).collect();
        assert_eq!(names, ["PATH", "TERM"]);
        assert_eq!(kept[&OsString::from("TERM")], "xterm-256color");
    }
}
