//! Addresses of the web as they are written.

/// What stands behind `http://` or `https://`; `None` where neither is there.
pub(crate) fn after_scheme(url: &str) -> Option<&str> {
    url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))
}
