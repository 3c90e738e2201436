//! Where the console keeps what it writes.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::files::trust::{Distrust, us};

/// The state directory: `$XDG_STATE_HOME/opsroom` or its like. Without a home, a directory of the user's in the system's
/// temporary directory. Whether it can be trusted is asked where it is used.
///
/// # Errors
/// The environment names a home that is none: what is written must not depend on where the program was started.
pub(crate) fn state_directory() -> Result<PathBuf, Distrust> {
    let (state, home) = (std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"));
    if let Some(named) = named(state.as_deref(), home.as_deref())? {
        return Ok(named);
    }
    let found = ProjectDirs::from("", "", "opsroom")
        .map(|dirs| dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned());
    Ok(found.unwrap_or_else(|| std::env::temp_dir().join(format!("opsroom-{}", us()))))
}

/// The directory that `XDG_STATE_HOME` names; `None` where `HOME` or the user's account decides.
fn named(state: Option<&OsStr>, home: Option<&OsStr>) -> Result<Option<PathBuf>, Distrust> {
    if let Some(state) = state.filter(|state| !state.is_empty()) {
        return absolute("XDG_STATE_HOME", state).map(|state| Some(state.join("opsroom")));
    }
    match home {
        Some(home) => absolute("HOME", home).map(|_| None),
        None => Ok(None),
    }
}

fn absolute<'a>(variable: &str, value: &'a OsStr) -> Result<&'a Path, Distrust> {
    let path = Path::new(value);
    if path.is_absolute() {
        return Ok(path);
    }
    let reason = if value.is_empty() {
        format!("the environment variable {variable} is empty")
    } else {
        format!("the environment variable {variable} is not an absolute path: {}", path.display())
    };
    let hint = match variable {
        "HOME" => "set HOME to your home directory, or XDG_STATE_HOME to an absolute path",
        _ => "set it to an absolute path, or unset it",
    };
    Err(Distrust { reason, hint: hint.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_that_depends_on_the_working_directory_is_refused() {
        let asked = |state: Option<&str>, home: Option<&str>| {
            named(state.map(OsStr::new), home.map(OsStr::new)).map_err(|distrust| distrust.reason)
        };
        assert_eq!(asked(Some("/s"), Some("")), Ok(Some("/s/opsroom".into())));
        assert_eq!(asked(Some(""), Some("/home/ana")), Ok(None));
        assert_eq!(asked(None, None), Ok(None));
        assert_eq!(asked(None, Some("")), Err("the environment variable HOME is empty".to_owned()));
        let relative = |variable| format!("the environment variable {variable} is not an absolute path: here");
        assert_eq!(asked(None, Some("here")), Err(relative("HOME")));
        assert_eq!(asked(Some("here"), Some("/home/ana")), Err(relative("XDG_STATE_HOME")));
    }
}
