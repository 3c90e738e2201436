//! How long an escape sequence is, in the states of the VT500 parser, within a bound.
//!
//! A sequence that never ends is not followed: hiding the rest of a line is exactly what its author would want, so
//! only the introducer is taken out and the text stays readable.

/// The longest sequence that is taken as one.
pub(super) const MAX_SEQUENCE: usize = 4096;

/// What was found behind an introducer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sequence {
    /// Bytes to skip after the introducer.
    pub len: usize,
    /// Whether it is `CSI … m` with plain numbers: colours and attributes.
    pub sgr: bool,
    /// Whether it ended as it should; if not, `len` covers only what can't be text.
    pub complete: bool,
}

impl Sequence {
    const fn complete(len: usize) -> Self {
        Self { len, sgr: false, complete: true }
    }

    const fn broken(len: usize) -> Self {
        Self { len, sgr: false, complete: false }
    }
}

/// Measures what follows an ESC.
pub(super) fn after_escape(rest: &[u8]) -> Sequence {
    match rest.first() {
        Some(b'[') => {
            let inner = control_sequence(&rest[1..]);
            Sequence { len: inner.len + 1, ..inner }
        }
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let inner = control_string(&rest[1..]);
            Sequence { len: inner.len + 1, ..inner }
        }
        Some(0x20..=0x2f) => {
            let intermediates = rest.iter().take(MAX_SEQUENCE).take_while(|byte| matches!(byte, 0x20..=0x2f)).count();
            match rest.get(intermediates) {
                Some(0x30..=0x7e) => Sequence::complete(intermediates + 1),
                _ => Sequence::broken(0),
            }
        }
        Some(0x30..=0x7e) => Sequence::complete(1),
        _ => Sequence::broken(0),
    }
}

/// Whether a C1 character begins a control string.
pub(super) fn begins_string(c1: u8) -> bool {
    matches!(c1, 0x90 | 0x98 | 0x9d | 0x9e | 0x9f)
}

/// Measures what follows a C1 character; `None` where that one stands alone.
pub(super) fn after_c1(c1: u8, rest: &[u8]) -> Option<Sequence> {
    match c1 {
        0x9b => Some(Sequence { sgr: false, ..control_sequence(rest) }),
        string if begins_string(string) => Some(control_string(rest)),
        _ => None,
    }
    .filter(|sequence| sequence.complete)
}

/// Parameters, intermediates and the final byte of a CSI.
fn control_sequence(rest: &[u8]) -> Sequence {
    let bounded = &rest[..rest.len().min(MAX_SEQUENCE)];
    let parameters = bounded.iter().take_while(|byte| matches!(byte, 0x30..=0x3f)).count();
    let intermediates = bounded[parameters..].iter().take_while(|byte| matches!(byte, 0x20..=0x2f)).count();
    let end = parameters + intermediates;
    match bounded.get(end) {
        Some(&last @ 0x40..=0x7e) => Sequence {
            len: end + 1,
            sgr: last == b'm' && intermediates == 0 && bounded[..parameters].iter().all(|byte| *byte <= b';'),
            complete: true,
        },
        _ => Sequence::broken(0),
    }
}

/// The payload of OSC, DCS, SOS, PM or APC up to and with its terminator. An escape that is no terminator ends it
/// too, as does CAN or SUB.
fn control_string(rest: &[u8]) -> Sequence {
    let bounded = &rest[..rest.len().min(MAX_SEQUENCE)];
    for (index, byte) in bounded.iter().enumerate() {
        match byte {
            0x07 | 0x18 | 0x1a => return Sequence::complete(index + 1),
            0x1b if rest.get(index + 1) == Some(&b'\\') => return Sequence::complete(index + 2),
            0x1b => return Sequence::complete(index),
            0x9c if index > 0 && (bounded[index - 1] == 0xc2 || bounded[index - 1] < 0x80) => {
                return Sequence::complete(index + 1);
            }
            b'\n' => break,
            _ => {}
        }
    }
    Sequence::broken(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_measured() {
        let cases: [(&[u8], usize, bool, bool); 13] = [
            (b"[31mred", 4, true, true),
            (b"[2Jx", 3, false, true),
            (b"[>4;1mx", 6, false, true),
            (b"[6n", 3, false, true),
            (b"]0;pwn\x07x", 7, false, true),
            (b"]8;;http://x\x1b\\text", 14, false, true),
            (b"]0;never ends", 1, false, false),
            (b"P+q544e\x1b\\", 9, false, true),
            (b"]0;a\x1b[31m", 4, false, true),
            (b"cx", 1, false, true),
            (b"(Bx", 2, false, true),
            (b"[31", 1, false, false),
            (b"", 0, false, false),
        ];
        for (rest, len, sgr, complete) in cases {
            assert_eq!(after_escape(rest), Sequence { len, sgr, complete }, "{:?}", String::from_utf8_lossy(rest));
        }
    }

    #[test]
    fn a_string_beyond_the_bound_is_text() {
        let mut long = vec![b']'];
        long.extend(std::iter::repeat_n(b'a', 2 * MAX_SEQUENCE));
        long.push(7);
        assert!(!after_escape(&long).complete);
    }

    #[test]
    fn eight_bit_forms() {
        assert_eq!(after_c1(0x9b, b"31mx").map(|found| found.len), Some(3));
        assert_eq!(after_c1(0x9d, b"0;x\x07y").map(|found| found.len), Some(4));
        assert_eq!(after_c1(0x9d, b"quoted\x94 text"), None);
        assert_eq!(after_c1(0x85, b"x"), None);
    }
}
