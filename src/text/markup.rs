//! Text within a language of tags: HTML, XML, and what Slack reads.

/// With nothing in it that could be a tag or a reference.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
