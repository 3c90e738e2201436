//! Names for files of the command line: as short as they can be and still be told apart.

use std::path::{Component, Path};

/// For each path the shortest end of it that no other path has; the whole path where there is none.
pub(crate) fn distinct(paths: &[&Path]) -> Vec<String> {
    let parts: Vec<Vec<String>> = paths.iter().map(|path| components(path)).collect();
    let end = |parts: &[String], depth: usize| parts[parts.len().saturating_sub(depth)..].join("/").replace("//", "/");
    let name = |at: usize| {
        let own = &parts[at];
        let others = || parts.iter().filter(|other| *other != own);
        let depth = (1..own.len()).find(|depth| {
            let name = end(own, *depth);
            others().all(|other| end(other, *depth) != name)
        });
        end(own, depth.unwrap_or(own.len()))
    };
    (0..paths.len()).map(name).collect()
}

/// The parts of a path without those that lead nowhere.
fn components(path: &Path) -> Vec<String> {
    let parts = path.components().filter(|part| !matches!(part, Component::CurDir));
    parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_short_as_they_can_be() {
        for (paths, names) in [
            (&["app.log"][..], &["app.log"][..]),
            (&["/var/log/app.log"], &["app.log"]),
            (&["web1/app.log", "web2/app.log"], &["web1/app.log", "web2/app.log"]),
            (&["/srv/web1/log/app.log", "/srv/web2/log/app.log"], &["web1/log/app.log", "web2/log/app.log"]),
            (&["a/x/app.log", "b/x/app.log", "b/y/app.log"], &["a/x/app.log", "b/x/app.log", "y/app.log"]),
            (&["app.log", "web1/app.log", "db.log"], &["app.log", "web1/app.log", "db.log"]),
            (&["./app.log", "/app.log"], &["app.log", "/app.log"]),
            (&["../app.log", "app.log"], &["../app.log", "app.log"]),
            (&["app.log", "./app.log"], &["app.log", "app.log"]),
        ] {
            let paths: Vec<&Path> = paths.iter().map(Path::new).collect();
            assert_eq!(distinct(&paths), names, "{paths:?}");
        }
    }
}
