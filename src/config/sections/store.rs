//! `[store]`: where runs, locks and the audit are kept.

use crate::config::reader::TableReader;
use crate::config::spec::{KeySpec, SectionShape, SectionSpec, ValueForm, key};
use crate::text::secret::Template;

/// Where everything that is decided is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreConfig {
    /// `url`; `None`: a file in the state directory. May hold a password: it is shown nowhere.
    pub url: Option<Template>,
}

/// The keys of `[store]`.
pub(crate) const KEYS: &[KeySpec] = &[key(
    "url",
    ValueForm::Text,
    "sqlite, sqlite:PATH, or postgres://USER@HOST:PORT/DATABASE; may hold {secret:NAME}. Default sqlite",
)];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "store",
    shape: SectionShape::Single(KEYS),
    help: "Where runs, locks and the audit log are kept",
};

/// Reads `[store]`.
pub(crate) fn read(table: &TableReader<'_>) -> StoreConfig {
    const HOW: &str = "write url = \"sqlite:/var/lib/opsroom/opsroom.db\" or url = \"postgres://USER@HOST/DATABASE\"";
    let Some(text) = table.text("url") else { return StoreConfig::default() };
    let scheme = text.value.split(':').next().unwrap_or_default();
    // One that is a secret as a whole shows its kind when it is used.
    if !matches!(scheme, "sqlite" | "postgres" | "postgresql" | "{secret") {
        // What stands there may be a URL with a password.
        table.context.error(text.at, "`url` does not name a supported store", HOW);
        return StoreConfig::default();
    }
    StoreConfig { url: table.template("url") }
}
