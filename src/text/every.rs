//! What all bytes of a text are.

use fearless_simd::{Level, Simd, dispatch};

/// Whether `bytes` are printable ASCII alone.
pub(crate) fn is_printable(bytes: &[u8]) -> bool {
    !any(bytes, |byte| !is_printable_byte(byte))
}

/// Whether `bytes` are printable ASCII and `also` alone.
pub(crate) fn is_printable_or(also: u8, bytes: &[u8]) -> bool {
    !any(bytes, move |byte| !is_printable_byte(byte) && byte != also)
}

/// From the blank to the tilde. One more, and as a signed number, everything else is at most a blank.
#[inline]
pub(crate) fn is_printable_byte(byte: u8) -> bool {
    byte.wrapping_add(1).cast_signed() > 0x20
}

/// Bytes for which wider vectors than those that every processor has are worth their setting up.
const WIDE: usize = 512;

/// Whether any byte is what `is` says. All are looked at, without an early exit and with the widest vectors that the
/// processor has: it is for bytes of which nearly always none is. `is` must be inlined for that, and hold what it compares
/// with itself: behind a reference it would be asked byte by byte.
#[inline]
pub(crate) fn any(bytes: &[u8], is: impl Fn(u8) -> bool + Copy) -> bool {
    if bytes.len() < WIDE {
        return any_of(bytes, is);
    }
    dispatch!(Level::new(), simd => simd.vectorize(
        #[inline(always)]
        move || any_of(bytes, is),
    ))
}

/// In blocks of a fixed length, which become vectors also where the compiler is asked for little code: a loop with an odd
/// rest does not.
#[inline]
fn any_of(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let any = |bytes: &[u8]| bytes.iter().fold(false, |any, byte| any | is(*byte));
    blocks.iter().fold(false, |seen, block| seen | any(block)) | any(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_counts() {
        for byte in 0..=u8::MAX {
            assert_eq!(is_printable_byte(byte), matches!(byte, b' '..=b'~'), "{byte}");
            for place in [0, 1, 15, 16, 63, 64, 130, 511, 512, 600] {
                let mut bytes = vec![b'x'; if place > 130 { 601 } else { 131 }];
                bytes[place] = byte;
                assert_eq!(is_printable(&bytes), is_printable_byte(byte), "{byte} at {place}");
                assert_eq!(
                    is_printable_or(b'\t', &bytes),
                    is_printable_byte(byte) || byte == b'\t',
                    "{byte} at {place}"
                );
            }
        }
        assert!(is_printable(b"") && is_printable_or(b'\n', b""));
    }
}
