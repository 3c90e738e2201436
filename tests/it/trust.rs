//! Files and directories that others made or can change, given to the real program. What needs other users needs root
//! and `setpriv`; where they are missing, that is printed and the test ends.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
/// A user without an account.
const OTHER: u32 = 54_321;
const CHECK: &str = "[check.a]\ncommand = [\"true\"]\n";

fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("skipped: {test}: only root can make another user's files");
    }
    root
}

/// A command that another user runs.
fn as_other(test: &str) -> Option<Command> {
    let usable = Command::new("setpriv").arg("--version").output().is_ok_and(|output| output.status.success());
    if !usable {
        println!("skipped: {test}: setpriv is not installed");
    }
    (usable && is_root(test)).then(|| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "54321", "--regid", "54321", "--clear-groups", env!("CARGO_BIN_EXE_opsroom")]);
        command
    })
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        set_mode(&path, mode);
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.of(Command::new(env!("CARGO_BIN_EXE_opsroom")), arguments)
    }

    fn of(&self, mut command: Command, arguments: &[&str]) -> Command {
        command.args(arguments).current_dir(self.0.path()).env_remove("OPSROOM_CONFIG");
        command.env("HOME", self.0.path()).env("XDG_STATE_HOME", self.path("state"));
        command.env("XDG_CONFIG_HOME", self.path("config"));
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        said(&self.command(arguments).output().unwrap())
    }

    /// Arguments of a command that writes into a store, and makes it: what only looks makes nothing.
    fn writing<'a>(&self, store: Option<&'a Path>) -> Vec<&'a str> {
        let action = "[adapter.a]\ngo = { steps = [[\"true\"]] }\n[action.go]\nadapter = \"a\"\ndo = \"go\"\n";
        self.write("opsroom.toml", action, 0o644);
        let named = store.into_iter().flat_map(|store| ["--store", store.to_str().unwrap()]);
        named.chain(["run", "go", "--yes"]).collect()
    }

    fn writes(&self, store: Option<&Path>) -> (i32, String) {
        self.run(&self.writing(store))
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn said(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// Refused, with the reason and a hint.
fn assert_refused((code, text): &(i32, String), reason: &str) {
    assert_ne!(*code, 0, "{text}");
    assert!(text.contains(reason) && text.contains("hint: "), "expected `{reason}` and a hint:\n{text}");
}

#[test]
fn a_state_directory_that_others_can_write_into_is_refused() {
    let place = Place::new();
    fs::create_dir_all(place.path("state/opsroom")).unwrap();
    assert_eq!(place.run(&["runs"]).0, 0);
    for mode in [0o777, 0o1777, 0o770] {
        set_mode(&place.path("state/opsroom"), mode);
        assert_refused(&place.run(&["runs"]), "is writable by others");
    }
    set_mode(&place.path("state/opsroom"), 0o700);
    set_mode(&place.path("state"), 0o777);
    assert_refused(&place.run(&["runs"]), "is writable by everyone, so anyone can replace what is in it");
    set_mode(&place.path("state"), 0o1777);
    assert_eq!(place.run(&["runs"]).0, 0, "a sticky directory keeps others from it");
}

#[test]
fn a_state_directory_of_another_user_is_refused_on_every_way_to_it() {
    if !is_root("state directory of another user") {
        return;
    }
    let place = Place::new();
    fs::create_dir_all(place.path("state/opsroom")).unwrap();
    chown(place.path("state/opsroom"), Some(OTHER), None).unwrap();
    assert_refused(&place.run(&["runs"]), "belongs to another user (54321, and you are 0)");
    chown(place.path("state/opsroom"), Some(0), None).unwrap();
    chown(place.path("state"), Some(OTHER), None).unwrap();
    assert_refused(&place.run(&["runs"]), "who can replace what is in it");
    chown(place.path("state"), Some(0), None).unwrap();
    // A link of one's own is one's own decision, another user's is theirs.
    fs::rename(place.path("state/opsroom"), place.path("elsewhere")).unwrap();
    symlink(place.path("elsewhere"), place.path("state/opsroom")).unwrap();
    assert_eq!(place.run(&["runs"]).0, 0);
    std::os::unix::fs::lchown(place.path("state/opsroom"), Some(OTHER), None).unwrap();
    assert_refused(&place.run(&["runs"]), "is a link that another user (54321) made");
}

#[test]
fn a_home_that_is_none_is_refused_and_the_temporary_directory_is_ones_own() {
    let place = Place::new();
    for (variable, value, reason) in [
        ("HOME", "", "the environment variable HOME is empty"),
        ("HOME", "here", "the environment variable HOME is not an absolute path: here"),
        ("XDG_STATE_HOME", "here", "the environment variable XDG_STATE_HOME is not an absolute path: here"),
    ] {
        let mut command = place.command(&["runs"]);
        let output = command.env_remove("XDG_STATE_HOME").env(variable, value).output().unwrap();
        assert_refused(&said(&output), reason);
        assert!(!place.path("here").exists());
    }
    let Some(command) = as_other("temporary directory") else { return };
    set_mode(place.0.path(), 0o1777);
    // A command that keeps something there.
    let mut command = place.of(command, &place.writing(None));
    command.env_remove("XDG_STATE_HOME").env_remove("HOME").env("TMPDIR", place.0.path());
    assert_eq!(said(&command.output().unwrap()).0, 0);
    assert_eq!(place.path("opsroom-54321").metadata().unwrap().mode() & 0o7777, 0o700);
    chown(place.path("opsroom-54321"), Some(OTHER + 1), None).unwrap();
    assert_refused(&said(&command.output().unwrap()), "was made by another user (54322)");
}

#[test]
fn what_lies_in_the_place_of_our_files_is_refused_and_left_alone() {
    let place = Place::new();
    let victim = place.write("victim", "precious\n", 0o600);
    place.write(
        "opsroom.toml",
        &format!("{CHECK}[adapter.a]\ngo = {{ steps = [[\"true\"]] }}\n[action.go]\nadapter = \"a\"\ndo = \"go\"\n"),
        0o600,
    );
    fs::create_dir_all(place.path("state/opsroom")).unwrap();
    fs::create_dir(place.path("away")).unwrap();
    symlink(place.path("away"), place.path("state/opsroom/runs")).unwrap();
    let (code, text) = place.run(&["run", "go", "--yes"]);
    assert!(code != 0 && text.contains("runs is a link, not a directory of its own"), "{text}");
    assert_eq!(fs::read_dir(place.path("away")).unwrap().count(), 0);
    fs::remove_file(place.path("state/opsroom/runs")).unwrap();
    assert_eq!(place.run(&["run", "go", "--yes"]).0, 0);

    let store = place.path("other.db");
    let named = |store: &Path| place.run(&["--store", store.to_str().unwrap(), "runs"]);
    fs::hard_link(&victim, &store).unwrap();
    assert_refused(&named(&store), "a file of another kind");
    fs::remove_file(&store).unwrap();
    let real = place.path("state/opsroom/opsroom.db");
    fs::hard_link(&real, &store).unwrap();
    assert_refused(&named(&store), "has 2 names (hard links)");
    fs::remove_file(&store).unwrap();
    symlink(&real, &store).unwrap();
    assert_refused(&named(&store), "it is a link, not a file of its own");
    fs::remove_file(&store).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &store, 0o600.into()).unwrap();
    assert_refused(&named(&store), "is a FIFO");
    let log = |path: &Path| place.run(&["--log-file", path.to_str().unwrap(), "runs"]);
    assert_refused(&log(&store), "it is a pipe");
    fs::hard_link(&victim, place.path("log")).unwrap();
    assert_refused(&log(&place.path("log")), "has 2 names");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious\n");
}

#[test]
fn a_store_is_shared_through_a_directory_of_a_group_and_never_of_everyone() {
    let place = Place::new();
    fs::create_dir(place.path("shared")).unwrap();
    let store = place.path("shared/ops.db");
    let named = || place.writes(Some(&store));
    for mode in [0o777, 0o1777] {
        set_mode(&place.path("shared"), mode);
        assert_refused(&named(), "is writable by everyone");
        assert!(!store.exists());
    }
    set_mode(&place.path("shared"), 0o2770);
    assert_eq!(named().0, 0, "{}", named().1);
    assert_eq!(store.metadata().unwrap().mode() & 0o777, 0o660);
    let alone = place.path("alone/ops.db");
    assert_eq!(place.writes(Some(&alone)).0, 0);
    assert_eq!(alone.metadata().unwrap().mode() & 0o777, 0o600);
}

/// A run of ours that goes on until there is `go`, in a store that another user shares: the store and the run's id.
fn shared_run(place: &Place) -> (String, String) {
    set_mode(place.0.path(), 0o755);
    let action = "[adapter.a]\ngo = { steps = [[\"sh\", \"-c\", \"while ! [ -e go ]; do sleep 0.05; done\"]] }\n\
                  [action.go]\nadapter = \"a\"\ndo = \"go\"\n";
    place.write("opsroom.toml", action, 0o644);
    for (directory, owner) in [("shared", None), ("theirs", Some(OTHER))] {
        fs::create_dir_all(place.path(directory)).unwrap();
        chown(place.path(directory), owner, Some(OTHER)).unwrap();
    }
    set_mode(&place.path("shared"), 0o2770);
    let store = place.path("shared/ops.db").display().to_string();
    let (code, text) = place.run(&["--store", &store, "run", "go", "--yes", "--detach"]);
    assert_eq!(code, 0, "{text}");
    (store, text.lines().next().unwrap().to_owned())
}

/// What the other user is told.
fn told(place: &Place, other: Command, arguments: &[&str]) -> (i32, String) {
    let mut theirs = place.of(other, arguments);
    said(&theirs.env("XDG_STATE_HOME", place.path("theirs")).output().unwrap())
}

#[test]
fn a_lock_is_not_given_away_by_a_user_who_cannot_see_whether_its_run_is_over() {
    let other = || as_other("lock of another user's run");
    let Some(first) = other() else { return };
    let place = Place::new();
    let (store, id) = shared_run(&place);
    let started = place.path("state/opsroom/runs").join(&id).join("started.json");
    let from = Instant::now();
    while !started.exists() {
        assert!(from.elapsed() < PATIENCE, "it does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    let started: serde_json::Value = serde_json::from_slice(&fs::read(started).unwrap()).unwrap();
    assert!(Command::new("kill").args(["-KILL", &started["pid"].to_string()]).status().unwrap().success());
    while !place.run(&["--store", &store, "runs", &id]).1.contains("remaining  pid ") {
        assert!(from.elapsed() < PATIENCE, "its step goes on");
    }
    let (_, shown) = told(&place, first, &["--store", &store, "runs", &id]);
    assert!(shown.contains("can't be seen by this user") && !shown.contains("none of it is left"), "{shown}");
    let unlock = ["--store", &store, "unlock", &id, "--why", "it looks dead"];
    let (code, refused) = told(&place, other().unwrap(), &unlock);
    assert!(code == 2 && refused.contains("can't be seen by this user") && refused.contains("--force"), "{refused}");
    let (code, forced) = told(&place, other().unwrap(), &[&unlock[..], &["--force"]].concat());
    assert!(code == 0, "{forced}");
    place.write("go", "", 0o600);
    while place.run(&["--store", &store, "runs", &id]).1.contains("remaining  pid ") {
        assert!(from.elapsed() < PATIENCE, "its step ends");
    }
}

#[test]
fn a_run_that_another_user_cannot_see_stays_as_the_store_says() {
    let Some(other) = as_other("run of another user") else { return };
    let place = Place::new();
    let (store, _) = shared_run(&place);
    let (_, seen) = told(&place, other, &["--store", &store, "runs", "--json"]);
    let store = store.as_str();
    let ours = || place.run(&["--store", store, "runs", "--json"]).1;
    let state = |text: &str| {
        let runs: serde_json::Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"));
        runs[0]["state"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!((state(&seen).as_str(), state(&ours()).as_str()), ("running", "running"), "{seen}");
    place.write("go", "", 0o600);
    let from = Instant::now();
    while state(&ours()) != "ended" {
        assert!(from.elapsed() < PATIENCE, "{}", ours());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_configuration_that_lies_there_is_used_only_where_nobody_else_can_change_it() {
    let place = Place::new();
    let file = place.write("opsroom.toml", CHECK, 0o644);
    assert_eq!(place.run(&["check"]).0, 0);
    for mode in [0o666, 0o664] {
        set_mode(&file, mode);
        if mode == 0o664 && !in_a_group_of_others(&file) {
            continue;
        }
        assert_refused(&place.run(&["check"]), "not used: this file is writable by ");
        assert_refused(&place.run(&["status"]), "decides what it runs");
        assert_eq!(place.run(&["check", "opsroom.toml"]).0, 0);
        assert_eq!(place.run(&["--config", "opsroom.toml", "status"]).0, 0);
    }
    set_mode(&file, 0o644);
    set_mode(place.0.path(), 0o777);
    assert_refused(&place.run(&["check"]), "is writable by everyone, so anyone can replace what is in it");
    set_mode(place.0.path(), 0o755);
    if is_root("configuration of another user") {
        chown(&file, Some(OTHER), None).unwrap();
        assert_refused(&place.run(&["status"]), "belongs to another user (54321), who decides what it runs");
        assert_eq!(place.run(&["--config", "opsroom.toml", "status"]).0, 0);
        fs::rename(&file, place.path("real.toml")).unwrap();
        chown(place.path("real.toml"), Some(0), None).unwrap();
        symlink("real.toml", &file).unwrap();
        assert_eq!(place.run(&["check"]).0, 0);
        std::os::unix::fs::lchown(&file, Some(OTHER), None).unwrap();
        assert_refused(&place.run(&["check"]), "is a link that another user (54321) made");
    }
}

/// Gives a file to a group that is not its owner's alone; only root can.
fn in_a_group_of_others(file: &Path) -> bool {
    is_root("a file of another group") && chown(file, None, Some(OTHER)).is_ok()
}

#[test]
fn a_configuration_that_only_the_users_own_group_can_write_is_used() {
    // A user without an account, whose primary group has the same number: such a group is made for one user.
    let Some(other) = as_other("a group of one's own") else { return };
    let place = Place::new();
    let files = [
        place.write("opsroom.toml", "include = [\"conf.d/*.toml\"]\n", 0o664),
        place.write("conf.d/a.toml", CHECK, 0o664),
    ];
    for directory in [place.path(""), place.path("conf.d")] {
        chown(&directory, Some(OTHER), Some(OTHER)).unwrap();
        set_mode(&directory, 0o775);
    }
    for file in &files {
        chown(file, Some(OTHER), Some(OTHER)).unwrap();
    }
    let mut other = place.of(other, &["check"]);
    let mut check = || said(&other.output().unwrap());
    let (code, text) = check();
    assert_eq!(code, 0, "{text}");
    for file in &files {
        chown(file, None, Some(OTHER + 1)).unwrap();
        assert_refused(&check(), "not used: this file is writable by its group (mode 0664)");
        chown(file, None, Some(OTHER)).unwrap();
    }
}

#[test]
fn an_included_file_of_others_is_refused_or_warned_of() {
    let place = Place::new();
    place.write("opsroom.toml", "include = [\"conf.d/*.toml\"]\n", 0o644);
    let included = place.write("conf.d/a.toml", CHECK, 0o644);
    let (code, text) = place.run(&["--config", "opsroom.toml", "check"]);
    assert!(code == 0 && !text.contains("warning"), "{text}");
    set_mode(&included, 0o666);
    assert_refused(&place.run(&["check"]), "conf.d/a.toml:1:1: not used: this file ");
    let (code, text) = place.run(&["--config", "opsroom.toml", "check"]);
    assert!(code == 0 && text.contains("warning: this file is writable by everyone"), "{text}");
    // Whatever uses it says so as well: on stderr, or on the screen.
    let (_, text) = place.run(&["--config", "opsroom.toml", "status"]);
    assert!(text.contains("conf.d/a.toml:1:1: this file is writable by everyone"), "{text}");
    let screen = ["--config", "opsroom.toml", "snapshot", "diagnostics", "--size", "160x40", "--format", "txt"];
    let (code, text) = place.run(&screen);
    assert!(code == 0 && text.contains("conf.d/a.toml:1:1: this file is writable by everyone"), "{text}");
    set_mode(&included, 0o644);
    if is_root("included file of another user") {
        chown(&included, Some(OTHER), None).unwrap();
        assert_refused(&place.run(&["check"]), "conf.d/a.toml:1:1: not used: this file ");
        let (code, text) = place.run(&["--config", "opsroom.toml", "check"]);
        assert!(code == 0 && text.contains("warning: this file belongs to another user (54321)"), "{text}");
        // Who names a file trusts its owner.
        chown(place.path("opsroom.toml"), Some(OTHER), None).unwrap();
        let (code, text) = place.run(&["--config", "opsroom.toml", "check"]);
        assert!(code == 0 && !text.contains("warning"), "{text}");
    }
}

#[test]
fn what_is_no_file_or_has_no_end_is_refused_as_a_configuration() {
    let place = Place::new();
    fs::create_dir(place.path("directory")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, place.path("fifo"), 0o600.into()).unwrap();
    let large = place.write("large.toml", "", 0o600);
    fs::File::options().write(true).open(&large).unwrap().set_len(300 << 20).unwrap();
    place.write("includes.toml", "include = [\"large.toml\", \"fifo\", \"/dev/zero\"]\n", 0o600);
    let fifo = place.run(&["check", "fifo"]);
    assert_refused(&fifo, "this file is a pipe that was not written to its end");
    let included = place.run(&["check", "includes.toml"]);
    for reason in
        ["large.toml:1:1: this file is too large", "fifo:1:1: this file is a pipe", "/dev/zero:1:1: this is a device"]
    {
        assert_refused(&included, reason);
    }
    for (file, reason) in [
        ("/dev/zero", "this is a device, not a file"),
        ("directory", "this is a directory"),
        ("large.toml", "this file is too large: 314572800 bytes, and at most 16777216 bytes are read"),
    ] {
        assert_refused(&place.run(&["check", file]), reason);
    }
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("printf '[check.a]\\ntcp = \"x:1\"\\n' | {} check /dev/stdin", env!("CARGO_BIN_EXE_opsroom")));
    let (code, text) = said(&shell.output().unwrap());
    assert!(code == 0 && text.contains("1 check"), "{text}");
}

#[test]
fn too_many_included_files_and_too_many_bytes_are_refused() {
    let place = Place::new();
    place.write("opsroom.toml", "include = [\"a/*.toml\"]\n", 0o600);
    for number in 0..=1_000 {
        place.write(&format!("a/{number}.toml"), "", 0o600);
    }
    assert_refused(&place.run(&["check"]), "opsroom.toml:1:12: too many files are included");
    place.write("opsroom.toml", "include = [\"b/*.toml\"]\n", 0o600);
    let comment = format!("#{}\n", "x".repeat(16_000_000));
    for number in 0..5 {
        place.write(&format!("b/{number}.toml"), &comment, 0o600);
    }
    assert_refused(&place.run(&["check"]), "the included files are too large");
}

#[test]
fn of_very_many_problems_the_first_are_printed_and_all_are_in_the_json() {
    let place = Place::new();
    let text: String = (0..100_000).fold(String::new(), |text, number| text + &format!("k{number} = 1\n"));
    place.write("opsroom.toml", &text, 0o600);
    let (code, text) = place.run(&["check"]);
    assert_eq!((code, text.matches("unknown key").count()), (78, 50));
    assert!(text.contains("\nand 99,950 more problems\n") && text.ends_with("100,000 problems\n"), "{text}");
    let output = place.command(&["check", "--json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["problems"].as_array().unwrap().len(), 100_000);
    let text: String = (0..1_000).fold(String::new(), |text, number| text + &format!("k{number} = 1\n"));
    place.write("opsroom.toml", &text, 0o600);
    let (_, text) = place.run(&["status"]);
    assert!(text.lines().count() < 250 && text.contains("\nand 950 more problems\n"), "{text}");
}
