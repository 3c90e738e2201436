//! Whether a group is one user's alone, as most distributions give each user one (with umask 002).
//!
//! Only `/etc/passwd` and `/etc/group` are asked, never a directory of a network. What they do not show is taken for
//! shared, unless the group has the user's own number: that is how a group is made for one user wherever users come from.

use std::path::Path;
use std::time::Duration;

use super::trust::us;

/// Bytes of one list of names.
const MOST: u64 = 4 << 20;

/// Users and groups, as `passwd` and `group` list them.
struct Lists {
    passwd: String,
    group: String,
}

/// Whether `group` is the primary group of `user`, and nobody else is in it.
pub(super) fn is_private(user: u32, group: u32) -> bool {
    let lists = Lists { passwd: list("/etc/passwd"), group: list("/etc/group") };
    let ours = (user == us()).then(|| rustix::process::getegid().as_raw());
    lists.private(user, group, ours)
}

fn list(path: &str) -> String {
    let received = super::read(Path::new(path), MOST, Duration::ZERO);
    received.map_or_else(|_| String::new(), |received| String::from_utf8_lossy(&received.bytes).into_owned())
}

impl Lists {
    /// `primary` is the user's primary group where the list does not say it.
    fn private(&self, user: u32, group: u32, primary: Option<u32>) -> bool {
        let users = || self.passwd.lines().filter_map(account);
        // Accounts of one number are one user.
        let names: Vec<&str> = users().filter(|(_, id, _)| *id == user).map(|(name, ..)| name).collect();
        let listed = users().find(|(_, id, _)| *id == user).map(|(.., primary)| primary);
        let others = users().any(|(_, id, primary)| id != user && primary == group);
        let mut known = false;
        let mut members =
            self.group.lines().filter(|line| id(line.split(':').nth(2)) == Some(group)).flat_map(|line| {
                known = true;
                line.split(':').nth(3).unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty())
            });
        let guests = members.any(|member| !names.contains(&member));
        let complete = listed.is_some() && known;
        listed.or(primary) == Some(group) && !others && !guests && (complete || user == group)
    }
}

/// Name, user and primary group of a line of `passwd`.
fn account(line: &str) -> Option<(&str, u32, u32)> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    Some((name, id(fields.nth(1))?, id(fields.next())?))
}

fn id(field: Option<&str>) -> Option<u32> {
    field?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_ones_own_where_nobody_else_is_in_it() {
        let lists = Lists {
            passwd: "root:x:0:0::/root:/bin/sh\nana:x:1000:1000::/:/bin/sh\nbob:x:1001:100::/:\ncy:x:1002:100::/:\n\
                     dee:x:1003:1003::/:\neve:x:1004:2004::/:\nfay:x:1005:1005::/:\nnonsense\n"
                .to_owned(),
            group: "root:x:0:\nana:x:1000:ana\nusers:x:100:\ndee:x:1003:bob\neve:x:2004:\nnonsense\n".to_owned(),
        };
        for (user, group, primary, private) in [
            (0, 0, None, true),
            (1000, 1000, None, true),
            (1000, 100, None, false),
            // After `newgrp`, the files that are made have another group.
            (1000, 100, Some(100), false),
            (1001, 100, None, false),
            (1003, 1003, None, false),
            (1004, 2004, None, true),
            (1005, 1005, None, true),
            // Nobody who is listed.
            (5000, 5000, Some(5000), true),
            (5000, 5000, None, false),
            (5000, 513, Some(513), false),
            (5000, 100, Some(100), false),
            (100, 100, Some(100), false),
        ] {
            assert_eq!(lists.private(user, group, primary), private, "user {user}, group {group}, {primary:?}");
        }
    }
}
