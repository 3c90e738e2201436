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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_encoded_so_that_it_can_end_nothing() {
        assert_eq!(sequence("a\x07b"), Some(b"\x1b]52;c;YQdi\x07".to_vec()));
        assert_eq!(sequence(&"x".repeat(80_000)), None);
    }
}
