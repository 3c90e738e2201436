//! Who may read a file, and what a person can do who may not.

use std::fmt::Write as _;
use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::lang::order::InOrder;

/// Longest list of names that is read, in bytes.
const MAX_NAMES: u64 = 1 << 20;
/// Groups of ours that are named.
const MAX_GROUPS: usize = 8;

/// What stands in the way to a file: itself, or a directory that it lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Barrier {
    path: PathBuf,
    owner: u32,
    group: u32,
    mode: u32,
    directory: bool,
}

/// Who we are.
struct Us {
    user: u32,
    groups: Vec<u32>,
}

/// Names by number, as `passwd` and `group` list them.
struct Names {
    users: String,
    groups: String,
}

impl Barrier {
    /// What keeps us from reading `path`; `None` where not even that can be seen.
    pub(crate) fn before(path: &Path) -> Option<Self> {
        // The nearest that can be looked at: where that is no file, it is a directory that may not be entered.
        let (path, meta) = path.ancestors().find_map(|path| {
            let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
            Some((path, path.metadata().ok()?))
        })?;
        Some(Self::from_metadata(path, &meta))
    }

    fn from_metadata(path: &Path, meta: &Metadata) -> Self {
        let mode = meta.mode() & 0o7777;
        Self { path: path.to_owned(), owner: meta.uid(), group: meta.gid(), mode, directory: meta.is_dir() }
    }

    /// What is so, and what to do about it.
    pub(crate) fn summary(&self) -> (String, String) {
        let us = Us::present();
        let names = Names { users: list("/etc/passwd"), groups: list("/etc/group") };
        (self.facts(&us, &names), self.advice(&us, &names))
    }

    fn facts(&self, us: &Us, names: &Names) -> String {
        let mut text = if self.directory {
            format!("no permission to enter {}", self.path.display())
        } else {
            "no permission to read it".to_owned()
        };
        let groups: Vec<String> = us.groups.iter().take(MAX_GROUPS).map(|group| names.group(*group)).collect();
        let more = if us.groups.len() > MAX_GROUPS { ", …" } else { "" };
        // Writing to a string can't fail.
        let _ = write!(
            text,
            ": {}:{} {:04o}; you are {} (groups {}{more})",
            names.user(self.owner),
            names.group(self.group),
            self.mode,
            names.user(us.user),
            groups.join(", "),
        );
        text
    }

    fn advice(&self, us: &Us, names: &Names) -> String {
        let need = if self.directory { 0o1 } else { 0o4 };
        let letter = if self.directory { 'x' } else { 'r' };
        let path = self.path.display();
        let class = if self.owner == us.user {
            6
        } else if us.groups.contains(&self.group) {
            3
        } else {
            0
        };
        if us.user == 0 || self.mode >> class & need != 0 {
            return "its mode would let you: look for an ACL, SELinux, AppArmor or a network share".to_owned();
        }
        match class {
            6 => format!("chmod u+{letter} {path}"),
            3 => format!("let its group in: chmod g+{letter} {path}"),
            // Group 0 is the superuser's own; nobody is added to that for a log.
            _ if self.mode >> 3 & need != 0 && self.group != 0 => {
                let (user, group) = (names.user(us.user), names.group(self.group));
                format!("add {user} to group {group} (usermod -aG {group} {user}) and log in again")
            }
            _ => format!(
                "let its group or everybody in with chmod or setfacl -m u:{}:{letter} {path}",
                names.user(us.user)
            ),
        }
    }
}

impl Us {
    fn present() -> Self {
        let mut groups = vec![rustix::process::getegid().as_raw()];
        groups.extend(rustix::process::getgroups().unwrap_or_default().into_iter().map(rustix::process::Gid::as_raw));
        let first = groups[0];
        groups.order_by_key(|group| (*group != first, *group));
        groups.dedup();
        Self { user: rustix::process::geteuid().as_raw(), groups }
    }
}

impl Names {
    fn user(&self, id: u32) -> String {
        named(&self.users, id)
    }

    fn group(&self, id: u32) -> String {
        named(&self.groups, id)
    }
}

/// The name in front of a number; the number where there is none (directories of a network are not asked).
fn named(list: &str, id: u32) -> String {
    let id = id.to_string();
    let name = list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1) == Some(&*id)).then(|| name.to_owned())
    });
    name.unwrap_or(id)
}

#[expect(clippy::disallowed_methods, reason = "this is the room that reads logs, and says why it can't")]
fn list(path: &str) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        file.take(MAX_NAMES).read_to_end(&mut bytes).ok();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(owner: u32, group: u32, mode: u32, directory: bool, (user, groups): (u32, &[u32])) -> (String, String) {
        let names = Names {
            users: "root:x:0:0::/root:/bin/sh\n:x:7:7\ndeploy:x:1000:1000::/home/deploy:/bin/sh\n".to_owned(),
            groups: "root:x:0:\nadm:x:4:syslog\ndeploy:x:1000:\n".to_owned(),
        };
        let path = PathBuf::from(if directory { "/var/log/app" } else { "/var/log/app.log" });
        let barrier = Barrier { path, owner, group, mode, directory };
        let us = Us { user, groups: groups.to_owned() };
        (barrier.facts(&us, &names), barrier.advice(&us, &names))
    }

    #[test]
    fn owner_group_and_mode_are_told_with_what_to_do() {
        let deploy: (u32, &[u32]) = (1000, &[1000]);
        let (facts, advice) = summary(0, 4, 0o640, false, deploy);
        assert_eq!(facts, "no permission to read it: root:adm 0640; you are deploy (groups deploy)");
        assert_eq!(advice, "add deploy to group adm (usermod -aG adm deploy) and log in again");
        let (facts, advice) = summary(7, 4, 0o750, true, (1000, &[1000, 77]));
        assert_eq!(facts, "no permission to enter /var/log/app: 7:adm 0750; you are deploy (groups deploy, 77)");
        assert!(advice.starts_with("add deploy to group adm"), "{advice}");
        assert_eq!(summary(0, 4, 0o600, false, (1000, &[1000, 4])).1, "let its group in: chmod g+r /var/log/app.log");
        assert_eq!(summary(1000, 1000, 0o200, false, deploy).1, "chmod u+r /var/log/app.log");
        for (mode, group) in [(0o600, 4), (0o640, 0)] {
            let advice = summary(0, group, mode, false, deploy).1;
            assert!(advice.ends_with("setfacl -m u:deploy:r /var/log/app.log"), "{advice}");
        }
        for us in [(0, [0].as_slice()), (1000, &[4])] {
            let advice = summary(0, 4, 0o640, false, us).1;
            assert!(advice.contains("ACL, SELinux"), "{advice}");
        }
        let many: Vec<u32> = (100..120).collect();
        assert!(summary(0, 4, 0o640, false, (1000, &many)).0.ends_with("106, 107, …)"));
    }

    #[test]
    fn the_nearest_that_can_be_seen_is_the_barrier() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        assert!(Barrier::before(&path).unwrap().directory);
        std::fs::File::create_new(&path).unwrap();
        let barrier = Barrier::before(&path).unwrap();
        assert_eq!((barrier.path.clone(), barrier.directory), (path, false));
        assert!(barrier.summary().0.contains("; you are "));
    }
}
