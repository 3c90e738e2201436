//! The values of a table one by one: what they are, and what is read from them.

use std::path::{Path, PathBuf};

use super::TableReader;
use crate::config::context::ReadContext;
use crate::config::entry::{KeyValue, Text, described};
use crate::config::file::FilePlace;
use crate::config::thing::Thing;
use crate::config::tree::TomlValue;
use crate::text::secret::Template;

/// A path as written, against a directory; `~/` is the person's home.
pub(crate) fn resolve_path(directory: &Path, written: &str) -> PathBuf {
    match (written.strip_prefix("~/"), directories::BaseDirs::new()) {
        (Some(rest), Some(dirs)) => dirs.home_dir().join(rest),
        _ => directory.join(written),
    }
}

impl TableReader<'_> {
    /// The one key of these that is there; notes the problem where there is none, or more than one. `missing`: what is said
    /// behind the title where there is none, and the hint; `None` where that is said already. `both`: the hint where two are.
    pub(crate) fn only_one(
        &self,
        keys: impl Iterator<Item = &'static str> + Clone,
        missing: impl FnOnce() -> Option<(String, String)>,
        both: impl FnOnce() -> String,
    ) -> Option<&'static str> {
        // Nearly every table has exactly one, and there may be ten thousand of them.
        let mut given = keys.clone().filter(|key| self.has(key));
        match (given.next(), given.next()) {
            (Some(one), None) => return Some(one),
            (Some(first), Some(second)) => {
                let at = self.entry(second).map_or(self.at, |entry| entry.key_at);
                self.context.error(at, format!("{} has both `{first}` and `{second}`", self.title), both());
            }
            (None, _) if self.lacks(&keys.collect::<Vec<_>>()) => {
                if let Some((what, hint)) = missing() {
                    self.context.error(self.at, format!("{} {what}", self.title), hint);
                }
            }
            (None, _) => {}
        }
        None
    }
}

/// `` `a`, `b` ``.
pub(crate) fn quoted<'a>(keys: impl Iterator<Item = &'a str>) -> String {
    keys.map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// The texts of a list; notes a problem for each that is none.
pub(crate) fn texts_of(context: &ReadContext<'_>, key: &str, entry: &KeyValue<'_>) -> Option<Vec<Text>> {
    let TomlValue::Array(items) = entry.value else { return None };
    let mut found = Vec::new();
    for item in items {
        let at = entry.within(item.span);
        match &item.value {
            TomlValue::String(value) => found.push(Text { value: value.clone().into_owned(), at }),
            other => context.error(
                at,
                format!("`{key}` is a list of texts, and this is {}", described(other)),
                "write each in quotes: [\"a\", \"b\"]",
            ),
        }
    }
    Some(found)
}

/// A template; notes every secret in it that is not defined.
pub(crate) fn template(context: &ReadContext<'_>, text: &Text) -> Template {
    let template = Template(text.value.clone());
    // Where it stands is looked for only to say that it is not defined.
    for name in template.secrets().into_iter().filter(|name| !context.knows(Thing::Secret, name)) {
        let offset = text.value.find(&format!("{{secret:{name}}}")).unwrap_or(0) + "{secret:".len();
        let start = context.files[text.at.file].inside(text.at, offset).start;
        context.refer(Thing::Secret, name, FilePlace { start, end: start + name.len(), ..text.at });
    }
    template
}

/// `HOST:PORT`, `[v6]:PORT`.
pub(crate) fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let good = match bare {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')),
    };
    good.then(|| (bare.unwrap_or(host).to_owned(), port))
}
