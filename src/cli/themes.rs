//! The themes that there are beside a configuration.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use super::Global;
use super::output::{self, exit};
use crate::files;
use crate::files::trust::{Owners, judge_read};
use crate::lang::nearest::{nearest, suggest};
use crate::theme::Catalogue;

/// The shipped themes and a person's own: `themes/NAME.toml` beside the first of `files`, in the order of their names.
pub(crate) fn catalogue(files: &[PathBuf]) -> Catalogue {
    let mut catalogue = Catalogue::shipped();
    for (name, text) in own(files) {
        catalogue.add(&name, &text);
    }
    catalogue
}

/// As [`catalogue`], where the theme that the command line names is in it.
///
/// # Errors
/// The exit code, when there is no such theme and that was said.
pub(crate) fn with_wished(global: &Global, files: &[PathBuf]) -> Result<Catalogue, u8> {
    let catalogue = catalogue(files);
    match global.theme.as_ref().and_then(|name| missing(&catalogue, name)) {
        Some((problem, hint)) => Err(output::fail(exit::USAGE, &problem, &hint)),
        None => Ok(catalogue),
    }
}

/// That there is no theme of this name, and what to do.
pub(crate) fn missing(catalogue: &Catalogue, name: &str) -> Option<(String, String)> {
    if catalogue.has(name) {
        return None;
    }
    let hint = suggest(nearest(name, catalogue.names()), || {
        format!("known: {}", catalogue.names().collect::<Vec<_>>().join(", "))
    });
    Some((format!("no theme named `{name}`"), hint))
}

/// A larger file is no theme.
const MOST: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_millis(200);

/// Those that belong to the user, to root or to the configuration's owner: what another one puts there could make what
/// is down look like what is well.
fn own(configuration: &[PathBuf]) -> Vec<(String, String)> {
    let Some(main) = configuration.first() else { return Vec::new() };
    let Some(directory) = main.parent().map(|beside| beside.join("themes")) else { return Vec::new() };
    let owners = main.metadata().map_or_else(|_| Owners::ours(), |data| Owners::and(data.uid()));
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let theme = |path: &PathBuf| {
        let name = path.file_stem()?.to_str()?.to_owned();
        let is_theme = path.extension().is_some_and(|extension| extension == "toml");
        let received = is_theme.then(|| files::read(path, MOST, PATIENCE).ok())??;
        if let Err(distrust) = judge_read(path, &received.metadata, owners) {
            tracing::warn!(%distrust, path = %path.display(), "a theme is not used");
            return None;
        }
        Some((name, String::from_utf8(received.bytes).ok()?))
    };
    paths.iter().filter_map(theme).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test owns its directory")]
    fn themes_beside_the_configuration_are_found() {
        let directory = tempfile::tempdir().unwrap();
        let files = [directory.path().join("opsroom.toml")];
        assert!(own(&files).is_empty());
        std::fs::create_dir(directory.path().join("themes")).unwrap();
        for name in ["b.toml", "a.toml", "notes.txt"] {
            std::fs::write(directory.path().join("themes").join(name), "").unwrap();
        }
        let names: Vec<String> = own(&files).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"]);
        let catalogue = catalogue(&files);
        assert!(missing(&catalogue, "b").is_none() && missing(&catalogue, "nord").is_none());
        let (problem, hint) = missing(&catalogue, "nrod").unwrap();
        assert_eq!((problem.as_str(), hint.as_str()), ("no theme named `nrod`", "did you mean `nord`?"));
        assert!(missing(&catalogue, "something else").unwrap().1.ends_with("mono, a, b"));
    }
}
