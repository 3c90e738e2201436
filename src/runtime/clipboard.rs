//! The clipboard of the terminal in front of the person, over any number of SSH hops: OSC 52.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Terminals cut or ignore longer ones: 100,000 bytes of base64 is the most that xterm takes.
const MOST: usize = 74_000;

/// The sequence that puts `text` into the clipboard; `None` where it is too long for terminals to take. There is no answer
/// to it: whether the terminal allows it can't be known.
pub(crate) fn sequence(text: &str) -> Option<Vec<u8>> {
    (text.len() <= MOST).then(|| format!("\x1b]52;c;{}\x07", STANDARD.encode(text)).into_bytes())
}

/// What is said of a text that was sent: what it is, and of several lines how many.
pub(crate) fn said(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    match text.lines().count() {
        0 | 1 => format!("sent to the terminal's clipboard: {first}"),
        lines => format!("{lines} lines sent to the terminal's clipboard: {first}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_said() {
        assert_eq!(said("/tmp/a"), "sent to the terminal's clipboard: /tmp/a");
        assert_eq!(said("a\nb\n"), "2 lines sent to the terminal's clipboard: a");
    }

    #[test]
    fn a_text_is_encoded_so_that_it_can_end_nothing() {
        assert_eq!(sequence("a\x07b"), Some(b"\x1b]52;c;YQdi\x07".to_vec()));
        assert_eq!(sequence(&"x".repeat(80_000)), None);
    }
}
