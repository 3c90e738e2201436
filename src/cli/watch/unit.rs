//! `opsroom watch --unit`: a systemd unit that can be used as it is.

mod words;

use std::path::{Path, PathBuf};

use self::words::{argument, has_hidden, path_text, placed, setting};
use super::Arguments;
use crate::cli::Global;
use crate::cli::output::{self, exit};
use crate::cli::span::Refusal;
use crate::config::load;
use crate::lang::store_url;
use crate::model::shell;
use crate::store::address::StoreAddress;
use crate::text::secret::Secrets;

/// Where the unit keeps its state: its store too, unless one is named.
const STATE: &str = "/var/lib/opsroom";

/// Prints it, with the options of this command line in it.
pub(super) fn print(arguments: &Arguments, global: &Global) -> u8 {
    match WatchUnit::new(arguments, global) {
        Ok(unit) => {
            if unit.hides_password {
                output::eprint_error(WITHOUT_PASSWORD);
            }
            output::print(&unit.text())
        }
        Err((problem, hint)) => output::fail(exit::USAGE, &problem, &hint),
    }
}

/// What differs from one unit to the next.
struct WatchUnit {
    /// The words of the command line as systemd reads them.
    command: Vec<String>,
    /// Whether something that it needs lies where `ProtectHome=yes` would hide it.
    needs_home: bool,
    /// The directories that it writes to beside its own: all else is read-only for it.
    writable: Vec<Writable>,
    /// Whether the password of the store was left out.
    hides_password: bool,
}

/// A directory that the watcher writes to.
struct Writable {
    what: &'static str,
    /// Its mode, where it is made.
    mode: &'static str,
    /// As text, with nothing in it that a line can't hold.
    path: String,
    /// Whether it is there already: it may belong to others then, such as `/var/log`.
    exists: bool,
}

impl Writable {
    fn new(what: &'static str, mode: &'static str, path: &str) -> Self {
        Self { what, mode, path: path.to_owned(), exists: Path::new(path).exists() }
    }

    /// What the unit says of it. `install` would take what is there away from whoever has it.
    fn lines(&self) -> String {
        let Self { what, mode, path, exists } = self;
        let (quoted, path) = (shell::quote(path), setting(path));
        let needed = if *exists {
            format!("{quoted} exists, and the user opsroom must be able to write to it")
        } else {
            format!("install -d -o opsroom -m {mode} {quoted}")
        };
        format!("# The {what}: {needed}\nReadWritePaths={path}\n")
    }
}

impl WatchUnit {
    /// # Errors
    /// A path that a unit can't express, or that is hidden from it.
    fn new(arguments: &Arguments, global: &Global) -> Result<Self, Refusal> {
        let main = load::find(global.config.as_deref());
        let found = main.as_ref().map_or_else(|| PathBuf::from("/etc/opsroom/config.toml"), |main| placed(&main.path));
        let loaded = main.and_then(|main| main.load().config);
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/usr/bin/opsroom"));
        let elsewhere = "install it elsewhere, such as /usr/bin and /etc/opsroom";
        visible("the program", &program, elsewhere)?;
        visible("the configuration", &found, elsewhere)?;
        let mut unit = Self {
            command: vec![setting(path_text("the program", &program)?)],
            needs_home: is_at_home(&program) || is_at_home(&found),
            writable: Vec::new(),
            hides_password: false,
        };
        unit.option("--config", path_text("the configuration", &found)?);
        // One of the configuration that asks for a secret is a database on a server.
        let configured = || loaded.as_ref()?.store.url.as_ref()?.resolve_url(&Secrets::default()).ok();
        let store = UnitStore::of(global.store.clone().or_else(configured), global.store.is_some())?;
        if let Some(directory) = &store.directory {
            unit.write_to("store", directory, "keep it elsewhere, such as in /var/lib/opsroom")?;
        }
        unit.hides_password = store.hides_password;
        if let Some(url) = &store.url {
            unit.option("--store", url);
        }
        unit.global_options(global)?;
        unit.command.push("watch".to_owned());
        if let Some(listen) = arguments.listen {
            unit.option("--listen", &listen.to_string());
        }
        // The last, when it is known whether anything else lies at home.
        if let Some(page) = loaded.as_ref().and_then(|loaded| loaded.statuspage.as_ref()) {
            unit.writable.push(page_directory(&page.directory, unit.needs_home)?);
        }
        Ok(unit)
    }

    /// What every command may be told.
    fn global_options(&mut self, global: &Global) -> Result<(), Refusal> {
        if let Some(file) = global.log_file.as_deref().map(placed) {
            let hint = "write it elsewhere, such as into /var/log/opsroom";
            if ["/dev", "/proc", "/sys"].iter().any(|system| file.starts_with(system)) {
                return Err((format!("the log file of a unit can't be {}", file.display()), hint.to_owned()));
            }
            self.write_to("log file", file.parent().unwrap_or(&file), hint)?;
            self.option("--log-file", path_text("the log file", &file)?);
        }
        self.command.extend((0..global.verbose).map(|_| "-v".to_owned()));
        self.command.extend(global.read_only.then(|| "--read-only".to_owned()));
        Ok(())
    }

    fn option(&mut self, name: &str, value: &str) {
        self.command.extend([name.to_owned(), argument(value)]);
    }

    /// Has the directory of a file be writable.
    fn write_to(&mut self, what: &'static str, directory: &Path, hint: &str) -> Result<(), Refusal> {
        let of = format!("the directory of the {what}");
        visible(&of, directory, hint)?;
        self.needs_home |= is_at_home(directory);
        self.writable.push(Writable::new(what, "700", path_text(&of, directory)?));
        Ok(())
    }

    fn text(&self) -> String {
        let writable: String = self.writable.iter().map(Writable::lines).collect();
        let home = if self.needs_home { "read-only" } else { "yes" };
        format!(
            "{HEAD}ExecStart={}\n{SERVICE}ProtectHome={home}\n{writable}\n{HARDENING}\n{INSTALL}",
            self.command.join(" ")
        )
    }
}

/// Where the status page is written. At home no web server would see it, unless something else is there too.
fn page_directory(directory: &Path, needs_home: bool) -> Result<Writable, Refusal> {
    let page = placed(directory);
    if is_private(&page) || (is_at_home(&page) && !needs_home) {
        let problem = format!("[statuspage] directory {} is hidden from the unit", page.display());
        return Err((problem, "write it outside /tmp, /var/tmp and home, such as /var/www/status".to_owned()));
    }
    Ok(Writable::new("status page", "755", path_text("[statuspage] directory", &page)?))
}

/// Where the store of the unit is.
#[derive(Debug, Default)]
struct UnitStore {
    /// What `--store` says; `None`: what the configuration says, or the usual place.
    url: Option<String>,
    /// The directory of its file, where that is not the unit's own.
    directory: Option<PathBuf>,
    /// Whether a password was left out of it.
    hides_password: bool,
}

impl UnitStore {
    /// Of the address, which the command line names or else the configuration.
    fn of(url: Option<String>, by_command_line: bool) -> Result<Self, Refusal> {
        let Some(url) = url else { return Ok(Self::default()) };
        let located = StoreAddress::locate(Some(&url), Path::new(STATE));
        let StoreAddress::File(file) = located.map_err(|error| (error.to_string(), error.hint().to_owned()))? else {
            // It may hold a password, and is not repeated.
            if has_hidden(&url) {
                let hint = "write it percent-encoded, such as %0A for a line break";
                return Err(("the URL of the store has a control character".to_owned(), hint.to_owned()));
            }
            // What stands in a unit everybody on the machine may read.
            let bare = store_url::without_password(&url).filter(|_| by_command_line);
            let (hides_password, url) = (bare.is_some(), bare.unwrap_or(url));
            return Ok(Self { url: by_command_line.then_some(url), directory: None, hides_password });
        };
        // What the configuration names from the directory of a shell is elsewhere for the unit.
        let is_named = by_command_line || file.is_relative();
        let file = placed(&file);
        let url = format!("sqlite:{}", path_text("the store", &file)?);
        let directory = file.parent().filter(|directory| !directory.starts_with(STATE)).map(Path::to_owned);
        Ok(Self { url: is_named.then_some(url), directory, hides_password: false })
    }
}

/// Refuses a path that is hidden from the unit.
fn visible(what: &str, path: &Path, hint: &str) -> Result<(), Refusal> {
    if is_private(path) {
        let problem =
            format!("{what} is hidden from the unit, which has a private /tmp and /var/tmp: {}", path.display());
        return Err((problem, hint.to_owned()));
    }
    Ok(())
}

/// Whether it lies where `PrivateTmp=yes` has another directory.
fn is_private(path: &Path) -> bool {
    ["/tmp", "/var/tmp"].iter().any(|private| path.starts_with(private))
}

/// Whether it lies where `ProtectHome=yes` would hide it.
fn is_at_home(path: &Path) -> bool {
    ["/home", "/root", "/run/user"].iter().any(|home| path.starts_with(home))
}

/// Where the password of the store belongs: the ways by which every command finds it.
const WITHOUT_PASSWORD: &str = "\
warning: the password of --store is left out of the unit, which everybody on this machine may read
hint: write it into /var/lib/opsroom/.pgpass (mode 600), or into PGPASSWORD by EnvironmentFile=; or omit --store and write
      url = \"postgres://USER:{secret:NAME}@HOST/DATABASE\" into [store] of the configuration
";

const HEAD: &str = "\
# /etc/systemd/system/opsroom-watch.service
#
#   useradd --system --home-dir /var/lib/opsroom --shell /usr/sbin/nologin opsroom
#   opsroom watch --unit > /etc/systemd/system/opsroom-watch.service
#   systemctl daemon-reload && systemctl enable --now opsroom-watch
#
# To read logs that the user opsroom can't, add SupplementaryGroups=adm systemd-journal.
# Secrets: LoadCredential=NAME:/path, and { file = \"/run/credentials/opsroom-watch.service/NAME\" } in [secret].

[Unit]
Description=opsroom watcher
Documentation=man:opsroom(1)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=main
User=opsroom
";

const SERVICE: &str = "\
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
";

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

const INSTALL: &str = "\
[Install]
WantedBy=multi-user.target
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::load_text;

    fn place(store: Option<&str>, config: &str) -> UnitStore {
        let config = load_text(Path::new("/etc/opsroom/config.toml"), config).config.unwrap();
        let url = store.map(str::to_owned).or_else(|| config.store.url.as_ref()?.resolve_url(&Secrets::default()).ok());
        UnitStore::of(url, store.is_some()).unwrap()
    }

    #[test]
    fn the_unit_may_write_where_its_store_is_and_finds_it_from_anywhere() {
        let shown = |place: UnitStore| (place.url, place.directory.map(|path| path.display().to_string()));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(shown(place(None, "")), (None, None));
        assert_eq!(shown(place(Some("sqlite"), "")), (some("sqlite:/var/lib/opsroom/opsroom.db"), None));
        assert_eq!(shown(place(Some("/srv/ops/x.db"), "")), (some("sqlite:/srv/ops/x.db"), some("/srv/ops")));
        let configured = "[store]\nurl = \"sqlite:/srv/ops/x.db\"\n";
        assert_eq!(shown(place(None, configured)), (None, some("/srv/ops")));
        let url = some("postgres://ops@db/ops");
        assert_eq!(shown(place(url.as_deref(), configured)), (url, None));
        // Anybody may read a unit.
        let open = place(Some("postgres://ops:hunter2@db/ops?sslmode=require&password=hunter3"), "");
        assert!(open.hides_password);
        assert_eq!(open.url, some("postgres://ops@db/ops?sslmode=require"));
        let here = std::env::current_dir().unwrap();
        let relative = place(None, "[store]\nurl = \"sqlite:data/x.db\"\n");
        assert_eq!(relative.directory, Some(here.join("data")));
        assert_eq!(relative.url, Some(format!("sqlite:{}", here.join("data/x.db").display())));
    }
}
