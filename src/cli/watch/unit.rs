//! `opsroom watch --unit`: a systemd unit that can be used as it is.

use std::path::{Path, PathBuf};

use super::Arguments;
use crate::cli::Global;
use crate::cli::output::{self, exit};
use crate::config::load;

/// Prints it, with the options of this command line in it.
pub(super) fn print(arguments: &Arguments, global: &Global) -> u8 {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/usr/bin/opsroom"));
    let main = load::find(global.config.as_deref());
    let found = main.as_ref().map(|main| main.path.clone());
    let page = main.and_then(|main| main.load().config?.statuspage).map(|page| page.directory);
    let config = found.or_else(|| global.config.clone()).unwrap_or_else(|| PathBuf::from("/etc/opsroom/config.toml"));
    let config = std::path::absolute(&config).unwrap_or(config);
    let page = page.map(|page| std::path::absolute(&page).unwrap_or(page));
    let hidden = |path: &Path| ["/tmp", "/var/tmp"].iter().any(|private| path.starts_with(private));
    let hint = "install it elsewhere, such as /usr/bin and /etc/opsroom";
    if let Some(path) = [&program, &config].into_iter().find(|path| hidden(path)) {
        let problem = format!("{} is hidden from the unit, which has a private /tmp and /var/tmp", path.display());
        return output::fail(exit::USAGE, &problem, hint);
    }
    let needs_home = is_at_home(&program) || is_at_home(&config);
    if let Some(page) = page.as_deref().filter(|page| hidden(page) || (is_at_home(page) && !needs_home)) {
        // The unit would write it where no web server sees it, or not at all.
        let problem = format!("[statuspage] directory {} is hidden from the unit", page.display());
        return output::fail(
            exit::USAGE,
            &problem,
            "write it outside /tmp, /var/tmp and home, such as /var/www/status",
        );
    }
    let mut command = vec![program.display().to_string(), "--config".to_owned(), config.display().to_string()];
    if let Some(store) = &global.store {
        command.extend(["--store".to_owned(), store.clone()]);
    }
    command.push("watch".to_owned());
    if let Some(listen) = arguments.listen {
        command.extend(["--listen".to_owned(), listen.to_string()]);
    }
    output::print(&unit(&command, needs_home, page.as_deref()))
}

/// Whether it lies where `ProtectHome=yes` would hide it.
fn is_at_home(path: &Path) -> bool {
    ["/home", "/root", "/run/user"].iter().any(|home| path.starts_with(home))
}

/// What the service may not do. Not `ProcSubset=pid`: the clock of the machine is read in `/proc`.
const HARDENING: &str = "\
AmbientCapabilities=
CapabilityBoundingSet=
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
";

fn unit(command: &[String], needs_home: bool, page: Option<&Path>) -> String {
    let command: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    // All else is read-only for it.
    let page = page.map_or_else(String::new, |page| {
        let path = page.display().to_string();
        format!("# The status page: install -d -o opsroom -m 755 {path}\nReadWritePaths={}\n", quoted(&path))
    });
    let home = if needs_home { "read-only" } else { "yes" };
    format!(
        "\
# /etc/systemd/system/opsroom-watch.service
#
#   useradd --system --home-dir /var/lib/opsroom --shell /usr/sbin/nologin opsroom
#   opsroom watch --unit > /etc/systemd/system/opsroom-watch.service
#   systemctl daemon-reload && systemctl enable --now opsroom-watch
#
# To read logs that the user opsroom can't, add SupplementaryGroups=adm systemd-journal.
# Secrets: LoadCredential=NAME:/path, and {{ file = \"/run/credentials/opsroom-watch.service/NAME\" }} in [secret].

[Unit]
Description=opsroom watcher
Documentation=man:opsroom(1)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=main
User=opsroom
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
RestartPreventExitStatus=64 78
WatchdogSec=30
TimeoutStopSec=10
StateDirectory=opsroom
StateDirectoryMode=0700
Environment=XDG_STATE_HOME=/var/lib
UMask=0077
ProtectHome={home}
{page}
{HARDENING}
[Install]
WantedBy=multi-user.target
",
        command = command.join(" "),
    )
}

/// A word as systemd reads it: quoted where it has to be, and nothing in it expanded.
fn quoted(word: &str) -> String {
    let plain = word.replace('%', "%%").replace('$', "$$");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%$,+?&[]".contains(c);
    if !plain.is_empty() && plain.chars().all(is_plain) {
        return plain;
    }
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_program_as_they_are() {
        for (word, written) in [
            ("/usr/bin/opsroom", "/usr/bin/opsroom"),
            ("/etc/my ops/100%.toml", "\"/etc/my ops/100%%.toml\""),
            ("a$HOME", "a$$HOME"),
            ("say \"x\\\"", "\"say \\\"x\\\\\\\"\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(word), written);
        }
    }
}
