//! Who asks, and on which host: what the audit calls the person and the machine.

use std::fmt;

use crate::actions::files;
use crate::text::SafeText;

/// The person and the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The login name, with how they came where that is known: `ada (as root, ssh from 10.0.0.5)`. A claim, not a proof:
    /// whoever may run this program as that user may say so.
    pub who: String,
    /// The host's name.
    pub host: String,
}

impl Identity {
    /// As the environment and the system say.
    pub(crate) fn present() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let uid = rustix::process::getuid().as_raw();
        let passwd = files::read_bounded("/etc/passwd".as_ref(), 1 << 20).ok().flatten().unwrap_or_default();
        let login = login(&String::from_utf8_lossy(&passwd), uid);
        Self { who: who(|name| std::env::var(name).ok(), &login.unwrap_or_else(|| format!("uid {uid}"))), host }
    }
}

impl Identity {
    /// A text of several lines that others will read, with a last line that says who copied it.
    pub(crate) fn sign(&self, text: &SafeText) -> SafeText {
        let lines: Vec<&str> = text.lines().collect();
        SafeText::of_record(&format!("{}\ncopied by {self}", lines.join("\n")))
    }
}

/// `ada (ssh from 10.0.0.5) on host-1`
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.who, self.host)
    }
}

/// The name of the user `uid` in a `passwd` file.
fn login(passwd: &str, uid: u32) -> Option<String> {
    let fields = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut names = fields.filter(|fields| fields.get(2).is_some_and(|id| *id == uid.to_string()));
    names.next().and_then(|fields| fields.first().map(|name| tame(name))).filter(|name| !name.is_empty())
}

fn who(env: impl Fn(&str) -> Option<String>, login: &str) -> String {
    let env = |name: &str| env(name).map(|value| tame(&value)).filter(|value| !value.is_empty());
    let user = env("USER").or_else(|| env("LOGNAME"));
    let sudo = env("SUDO_USER");
    let mut how = Vec::new();
    if sudo.is_some()
        && let Some(user) = &user
    {
        how.push(format!("as {user}"));
    }
    if let Some(from) = env("SSH_CONNECTION").or_else(|| env("SSH_CLIENT"))
        && let Some(address) = from.split(' ').next()
    {
        how.push(format!("ssh from {address}"));
    }
    let name = sudo.or(user).unwrap_or_else(|| login.to_owned());
    if how.is_empty() { name } else { format!("{name} ({})", how.join(", ")) }
}

/// An environment variable is text from outside.
fn tame(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric() || " .:_@-%\\".contains(*c)).take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_read_says_who_copied_it() {
        let ada = Identity { who: "ada (as root)".to_owned(), host: "web-1".to_owned() };
        let signed = ada.sign(&SafeText::of_record("shop, 02:12 to 02:42 UTC\nnow: cache DOWN\n"));
        let lines: Vec<&str> = signed.lines().collect();
        assert_eq!(lines, ["shop, 02:12 to 02:42 UTC", "now: cache DOWN", "copied by ada (as root) on web-1"]);
    }

    #[test]
    fn people_are_named_as_they_came() {
        let named = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            who(move |name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()), "uid 1000")
        };
        assert_eq!(named(&[("USER", "ada")]), "ada");
        assert_eq!(named(&[("USER", "root"), ("SUDO_USER", "ada")]), "ada (as root)");
        assert_eq!(
            named(&[("USER", "ada"), ("SSH_CONNECTION", "10.0.0.5 50122 10.0.0.1 22")]),
            "ada (ssh from 10.0.0.5)"
        );
        assert_eq!(named(&[("LOGNAME", "ada\x1b[31m\n")]), "ada31m");
        assert_eq!(named(&[]), "uid 1000");
        let passwd = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!((login(passwd, 1000), login(passwd, 7)), (Some("ada".to_owned()), None));
    }
}
