//! From the bytes of a log to UTF-8, before its lines are split. Offsets and what is known of a file stay in bytes.

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Decodes a stream. UTF-8 passes through as it is: what is invalid in it becomes visible where a line is sanitised.
#[derive(Default)]
pub(crate) struct TextDecoder {
    state: State,
    /// The first bytes, until they can be told from a byte order mark.
    first: Vec<u8>,
    text: String,
}

#[derive(Default)]
enum State {
    /// At the beginning: a byte order mark may say what it is.
    #[default]
    Mark,
    /// UTF-8, or whatever is read as that.
    AsItIs,
    /// Another encoding.
    Decoding(Decoder),
}

impl State {
    fn for_encoding(encoding: &'static Encoding) -> Self {
        if encoding == UTF_8 { Self::AsItIs } else { Self::Decoding(encoding.new_decoder_without_bom_handling()) }
    }
}

impl std::fmt::Debug for TextDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextDecoder").finish_non_exhaustive()
    }
}

impl TextDecoder {
    /// For bytes from the beginning of a file or stream: where no encoding is `told`, its byte order mark says it.
    pub(crate) fn at_start(told: Option<&'static Encoding>) -> Self {
        let state = told
            .filter(|encoding| *encoding != UTF_8)
            .map_or(State::Mark, |encoding| State::Decoding(encoding.new_decoder_with_bom_removal()));
        Self { state, ..Self::default() }
    }

    /// For bytes from within a file; `None` is UTF-8.
    pub(crate) fn within(encoding: Option<&'static Encoding>) -> Self {
        Self { state: State::for_encoding(encoding.unwrap_or(UTF_8)), ..Self::default() }
    }

    /// The next bytes as UTF-8. A character whose bytes are not all there is held until they are.
    pub(crate) fn decode<'a>(&'a mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        let Self { state, first, text } = self;
        if matches!(state, State::Mark) {
            first.extend_from_slice(bytes);
            if [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"].iter().any(|mark| is_begun(mark, first)) {
                return &[];
            }
            let (encoding, length) = mark(first).unwrap_or((UTF_8, 0));
            *state = State::for_encoding(encoding);
            bytes = &first[length..];
        } else if !first.is_empty() {
            *first = Vec::new();
        }
        match state {
            State::Decoding(decoder) => decode(decoder, text, bytes, false),
            State::Mark | State::AsItIs => bytes,
        }
    }

    /// What is left of a character that will not be completed.
    pub(crate) fn finish(&mut self) -> &[u8] {
        let Self { state, first, text } = self;
        match state {
            State::Decoding(decoder) => {
                let encoding = decoder.encoding();
                decode(decoder, text, &[], true);
                *state = State::for_encoding(encoding);
                text.as_bytes()
            }
            State::Mark => {
                *state = State::AsItIs;
                first
            }
            State::AsItIs => &[],
        }
    }
}

/// Whether `bytes` may become `mark` with the next ones.
fn is_begun(mark: &[u8], bytes: &[u8]) -> bool {
    bytes.len() < mark.len() && mark.starts_with(bytes)
}

fn decode<'a>(decoder: &mut Decoder, text: &'a mut String, mut bytes: &[u8], last: bool) -> &'a [u8] {
    text.clear();
    loop {
        text.reserve(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len()).max(16));
        let (result, read, _) = decoder.decode_to_string(bytes, text, last);
        bytes = &bytes[read..];
        if result == CoderResult::InputEmpty {
            return text.as_bytes();
        }
    }
}

/// The encoding that a byte order mark at the beginning of `start` says, and its length.
pub(crate) fn mark(start: &[u8]) -> Option<(&'static Encoding, usize)> {
    Encoding::for_bom(start)
}

/// How a line feed is written. Everywhere but in UTF-16 it is one byte, which nothing else contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineFeed {
    /// `0A`
    Byte,
    /// `0A 00` at an even place.
    LittleEndian,
    /// `00 0A` at an even place.
    BigEndian,
}

impl LineFeed {
    /// That of an encoding; `None` is UTF-8.
    pub(crate) fn for_encoding(encoding: Option<&'static Encoding>) -> Self {
        match encoding {
            Some(encoding) if encoding == UTF_16LE => Self::LittleEndian,
            Some(encoding) if encoding == UTF_16BE => Self::BigEndian,
            _ => Self::Byte,
        }
    }

    /// How many bytes one takes.
    pub(crate) fn width(self) -> usize {
        if self == Self::Byte { 1 } else { 2 }
    }

    /// The first place in `block` after a line feed; `block` begins at a multiple of the width.
    pub(crate) fn after_first(self, block: &[u8]) -> Option<usize> {
        memchr::memchr_iter(b'\n', block).find_map(|at| self.after(block, at))
    }

    /// The places in `block` after a line feed, last first; see [`LineFeed::after_first`].
    pub(crate) fn after_each_backwards(self, block: &[u8]) -> impl Iterator<Item = usize> {
        memchr::memrchr_iter(b'\n', block).filter_map(move |at| self.after(block, at))
    }

    /// The place after a line feed one byte of which is at `at`, if it is one.
    fn after(self, block: &[u8], at: usize) -> Option<usize> {
        match self {
            Self::Byte => Some(at + 1),
            Self::LittleEndian => (at.is_multiple_of(2) && block.get(at + 1) == Some(&0)).then_some(at + 2),
            Self::BigEndian => (!at.is_multiple_of(2) && block[at - 1] == 0).then_some(at + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "Zoë\n\u{10a}\u{a0a} 漢字 \u{1f469}\nlast";

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    fn decoded(mut decoder: TextDecoder, chunks: &[&[u8]]) -> String {
        let mut text = Vec::new();
        for chunk in chunks {
            text.extend_from_slice(decoder.decode(chunk));
        }
        text.extend_from_slice(decoder.finish());
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_mark_says_the_encoding_and_is_no_text() {
        for (mark, bytes) in [
            (&b"\xff\xfe"[..], utf16(TEXT, false)),
            (b"\xfe\xff", utf16(TEXT, true)),
            (b"\xef\xbb\xbf", TEXT.into()),
            (b"", TEXT.into()),
        ] {
            let whole = [mark, &bytes].concat();
            assert_eq!(decoded(TextDecoder::at_start(None), &[&whole]), TEXT, "{mark:x?}");
            let told = self::mark(&whole).map(|(encoding, _)| encoding);
            assert_eq!(decoded(TextDecoder::at_start(told), &[&whole]), TEXT, "{mark:x?}");
            assert_eq!(decoded(TextDecoder::within(told), &[&bytes]), TEXT, "{mark:x?}");
        }
    }

    #[test]
    fn one_byte_encodings_and_what_is_left_at_the_end() {
        let latin1 = Encoding::for_label(b"latin1");
        assert_eq!(decoded(TextDecoder::at_start(latin1), &[b"Zo\xeb \xe4\n"]), "Zoë ä\n");
        assert_eq!(decoded(TextDecoder::within(Some(UTF_16LE)), &[b"a\0b"]), "a\u{fffd}");
    }

    #[test]
    fn line_feeds_of_two_bytes_are_not_mistaken() {
        for (feed, big) in [(LineFeed::LittleEndian, false), (LineFeed::BigEndian, true)] {
            let bytes = utf16(TEXT, big);
            let first = feed.after_first(&bytes).unwrap();
            assert_eq!(first, 2 * "Zoë\n".encode_utf16().count());
            let places: Vec<usize> = feed.after_each_backwards(&bytes).collect();
            assert_eq!(places, [bytes.len() - 8, first]);
        }
    }

    proptest! {
        #[test]
        fn the_text_does_not_depend_on_how_the_bytes_arrive(
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            cut in any::<prop::sample::Index>(),
            label in prop::sample::select(vec!["utf-16le", "utf-16be", "latin1", "shift_jis", "gb18030"]),
        ) {
            let encoding = Encoding::for_label(label.as_bytes());
            let (left, right) = bytes.split_at(cut.index(bytes.len() + 1));
            let whole = decoded(TextDecoder::within(encoding), &[&bytes]);
            prop_assert_eq!(decoded(TextDecoder::within(encoding), &[left, right]), whole);
        }
    }
}
