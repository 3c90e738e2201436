//! What all bytes of a text are.

use fearless_simd::{Level, Simd, SimdBase, SimdMask, dispatch};

/// Whether `bytes` are printable ASCII alone.
pub(crate) fn is_printable(bytes: &[u8]) -> bool {
    !Unusual::default().is_in(bytes)
}

/// Whether `bytes` are printable ASCII and `also` alone.
pub(crate) fn is_printable_or(also: u8, bytes: &[u8]) -> bool {
    !Unusual { but: also, and: NUL }.is_in(bytes)
}

const NUL: u8 = 0;
const FIRST: u8 = b' ';
const LAST: u8 = b'~';

/// Bytes for which wider vectors than those that every processor has are worth their setting up.
const WIDE: usize = 512;

/// Bytes that are looked for: all but printable ASCII.
#[derive(Clone, Copy)]
pub(crate) struct Unusual {
    /// Not this one. A printable one changes nothing.
    pub but: u8,
    /// This one too. One that is not printable changes nothing.
    pub and: u8,
}

impl Default for Unusual {
    fn default() -> Self {
        Self { but: FIRST, and: NUL }
    }
}

impl Unusual {
    /// Whether `byte` is one.
    #[inline]
    pub(crate) const fn is(self, byte: u8) -> bool {
        (byte.wrapping_sub(FIRST) > LAST - FIRST && byte != self.but) || byte == self.and
    }

    /// Whether any byte is one. All are looked at, without an early exit and with the widest vectors that the processor
    /// has: it is for bytes of which nearly always none is. The vectors are written out, since the compiler makes none of
    /// a loop where it is asked for little code.
    #[inline]
    pub(crate) fn is_in(self, bytes: &[u8]) -> bool {
        let level = if bytes.len() < WIDE { Level::baseline() } else { Level::new() };
        dispatch!(level, simd => simd.vectorize(
            #[inline(always)]
            move || self.is_in_vectors(simd, bytes),
        ))
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "elsewhere the processor's wider vectors are not allowed")]
    fn is_in_vectors<S: Simd>(self, simd: S, bytes: &[u8]) -> bool {
        let width = S::u8s::LEN;
        let Some(last) = bytes.len().checked_sub(width) else { return bytes.iter().any(|byte| self.is(*byte)) };
        let (mut seen, mut at) = (S::mask8s::splat(simd, false), 0);
        loop {
            let block = S::u8s::from_slice(simd, &bytes[at..at + width]);
            let is_outside = (block - FIRST).simd_gt(LAST - FIRST);
            seen |= (is_outside & !block.simd_eq(self.but)) | block.simd_eq(self.and);
            if at == last {
                return seen.any_true();
            }
            // The last one may overlap the one before it.
            at = (at + width).min(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_counts() {
        for byte in 0..=u8::MAX {
            let is_printable_byte = matches!(byte, b' '..=b'~');
            assert_eq!(Unusual::default().is(byte), !is_printable_byte, "{byte}");
            let strange = Unusual { but: b'\n', and: b'\\' };
            for place in [0, 1, 15, 16, 63, 64, 130, 511, 512, 600] {
                let mut bytes = vec![b'x'; if place > 130 { 601 } else { 131 }];
                bytes[place] = byte;
                assert_eq!(is_printable(&bytes), is_printable_byte, "{byte} at {place}");
                assert_eq!(is_printable_or(b'\t', &bytes), is_printable_byte || byte == b'\t', "{byte} at {place}");
                let is_strange = (!is_printable_byte && byte != b'\n') || byte == b'\\';
                assert_eq!(strange.is_in(&bytes), is_strange, "{byte} at {place}");
                bytes.truncate(place + 1);
                assert_eq!(is_printable(&bytes), is_printable_byte, "{byte} at the end of {}", place + 1);
            }
        }
        assert!(is_printable(b"") && is_printable_or(b'\n', b""));
    }
}
