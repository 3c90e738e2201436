//! The program in a shell of its own: nothing gets into it of who runs the tests, and it waits for no input.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// The program of somebody at home in `home`: there it is started, and there it keeps its state.
pub fn opsroom(home: &Path) -> Command {
    at_home(env!("CARGO_BIN_EXE_opsroom"), home)
}

/// The same of another program.
pub fn at_home(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home).env_clear().env("PATH", "/usr/bin:/bin").env("LANG", "C.UTF-8");
    command.env("HOME", home).env("XDG_STATE_HOME", home.join("state")).stdin(Stdio::null());
    command
}
