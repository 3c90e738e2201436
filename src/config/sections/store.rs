//! `[store]`: where runs, locks and the audit are kept.

use crate::config::reader::TableReader;
use crate::config::spec::{KeySpec, SectionShape, SectionSpec, ValueForm, key};
use crate::lang::store_url::{self, BadStoreUrl};
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
    let scheme = text.value.split(':').next().unwrap_or_default().to_lowercase();
    // One that is a secret as a whole shows its kind when it is used.
    if scheme == "{secret" {
        return StoreConfig { url: table.template("url") };
    }
    // What stands there may be a URL with a password.
    if !matches!(scheme.as_str(), "sqlite" | "postgres" | "postgresql") {
        table.context.error(text.at, "`url` does not name a supported store", HOW);
        return StoreConfig::default();
    }
    if let Err(BadStoreUrl { what, hint }) = store_url::judge_template(&text.value) {
        table.context.error(text.at, what, hint);
        return StoreConfig::default();
    }
    let file = &table.context.files[text.at.file];
    if file.readable_by_others && store_url::holds_password(&text.value) {
        table.context.error(
            text.at,
            "`url` holds a password, in a file that others can read",
            format!("write {{secret:NAME}} in its place and NAME in [secret], or chmod 600 {}", file.path.display()),
        );
        return StoreConfig::default();
    }
    StoreConfig { url: table.template("url") }
}
