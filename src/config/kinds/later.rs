//! The kinds that later versions bring: named already, so that a configuration that uses one is told what works now.

use crate::config::spec::{KeySpec, later};

/// What a check may be of now.
macro_rules! has {
    () => {
        "this version has http, tcp, heartbeat, command and from"
    };
}

/// The kinds of sources of later versions.
pub(crate) const SOURCE: &[KeySpec] = &[
    later("prometheus", "PromQL sources come later; `exposition` reads /metrics pages now"),
    later("postgres", "PostgreSQL sources come later; a `command` source can ask psql now"),
    later("redis", "Redis sources come later; a `command` source can ask redis-cli now"),
    later("docker", "Docker sources come later; a `command` source can ask docker now"),
    later("preset", "presets of services come later; `http` reads their APIs now"),
    later("host", "hosts reached with SSH come later; `command = [\"ssh\", \"HOST\", …]` works now"),
];

/// The kinds of checks of later versions.
pub(crate) const CHECK: &[KeySpec] = &[
    later("tls", concat!(has!(), "; an https check fails on a bad certificate")),
    later("dns", concat!(has!(), "; `command = [\"dig\", …]` works now")),
    later("icmp", concat!(has!(), "; `command = [\"ping\", \"-c1\", …]` works now")),
    later("docker", concat!(has!(), "; `command = [\"docker\", …]` works now")),
    later("compose", concat!(has!(), "; `command = [\"docker\", …]` works now")),
    later("systemd", concat!(has!(), "; `command = [\"systemctl\", \"is-active\", …]` works now")),
    later("process", concat!(has!(), "; `command = [\"pgrep\", …]` works now")),
    later("host", concat!(has!(), "; `command = [\"ssh\", \"HOST\", …]` works now")),
    later("postgres", concat!(has!(), "; `command = [\"pg_isready\", …]` works now")),
    later("redis", concat!(has!(), "; `command = [\"redis-cli\", \"ping\"]` works now")),
    later("prometheus", concat!(has!(), "; `http` asks Prometheus' API now")),
];

#[cfg(test)]
mod tests {
    use super::super::{KindRole, of_role};
    use super::*;

    #[test]
    fn no_kind_of_this_version_is_said_to_come_later_and_each_is_named() {
        for (role, later) in [(KindRole::Source, SOURCE), (KindRole::Check, CHECK)] {
            for spec in of_role(role) {
                assert!(later.iter().all(|later| later.name != spec.key), "{}", spec.key);
                assert!(role != KindRole::Check || has!().contains(spec.key), "{}", spec.key);
            }
        }
    }
}
