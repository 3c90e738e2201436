//! What `content-encoding` names: how the bytes of a body were packed, and the way back.
//!
//! The HTTP client could unpack gzip itself, but it would hand on whatever else comes as if it were plain. Here a coding
//! that is unknown, and a body that is damaged, are said in words.

use std::io::Read;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use super::BodySink;

/// Sent where the configuration has no `Accept-Encoding` of its own.
pub(super) const ACCEPTED: &str = "gzip, deflate";

/// How many codings may lie over each other. More is a mistake or an attack.
const MOST: usize = 4;

/// How many bytes are unpacked at a time.
const PIECE: usize = 16 << 10;

/// One way to pack a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
}

/// Why a packed body was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The sink takes no more.
    TooLarge,
    /// Its bytes are not what the header says, in words.
    Damaged(String),
}

/// The codings of an answer, outermost last, as the header lists them.
///
/// # Errors
/// One that is not supported, in words.
pub(super) fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, String> {
    let mut codings = Vec::new();
    for header in headers.get_all(CONTENT_ENCODING) {
        let list = String::from_utf8_lossy(header.as_bytes()).to_ascii_lowercase();
        for name in list.split(',').map(str::trim) {
            match name {
                "" | "identity" => {}
                "gzip" | "x-gzip" => codings.push(Coding::Gzip),
                "deflate" => codings.push(Coding::Deflate),
                other => return Err(format!("content-encoding {other} is not supported")),
            }
        }
    }
    if codings.len() > MOST {
        return Err(format!("content-encoding names {} codings over each other, more than {MOST}", codings.len()));
    }
    Ok(codings)
}

/// Unpacks `packed` into `sink`.
///
/// # Errors
/// The unpacked body is larger than the sink takes, or the bytes are damaged.
pub(super) fn unpack(packed: &[u8], codings: &[Coding], sink: &mut impl BodySink) -> Result<(), Fault> {
    let Some((outer, inner)) = codings.split_last() else {
        return if sink.write(packed) { Ok(()) } else { Err(Fault::TooLarge) };
    };
    // An answer without a body (to HEAD, or 204) may still name its coding.
    if packed.is_empty() {
        return Ok(());
    }
    if inner.is_empty() {
        return one(packed, *outer, sink);
    }
    let mut between = super::Body::up_to(sink.limit());
    one(packed, *outer, &mut &mut between)?;
    unpack(&between.bytes, inner, sink)
}

fn one(packed: &[u8], coding: Coding, sink: &mut impl BodySink) -> Result<(), Fault> {
    match coding {
        Coding::Gzip if !packed.starts_with(b"\x1f\x8b") => {
            Err(Fault::Damaged("the body is not gzip, though content-encoding says so".to_owned()))
        }
        Coding::Gzip => copy(MultiGzDecoder::new(packed), "gzip", sink),
        // By the standard deflate is zlib's form; some servers send the bare one.
        Coding::Deflate if is_zlib(packed) => copy(ZlibDecoder::new(packed), "deflate", sink),
        Coding::Deflate => copy(DeflateDecoder::new(packed), "deflate", sink),
    }
}

/// Two bytes of a header with a check sum of their own: RFC 1950.
fn is_zlib(packed: &[u8]) -> bool {
    matches!(packed, [first, second, ..]
        if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0)
}

fn copy(mut from: impl Read, name: &str, sink: &mut impl BodySink) -> Result<(), Fault> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) if sink.write(&piece[..length]) => {}
            Ok(_) => return Err(Fault::TooLarge),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(Fault::Damaged(format!("the {name} body is damaged: it ends too early")));
            }
            Err(error) => return Err(Fault::Damaged(format!("the {name} body is damaged: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::super::Body;
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (CONTENT_ENCODING, reqwest::header::HeaderValue::from_static(value))).collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn raw(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(packed: &[u8], codings: &[Coding], limit: usize) -> Result<Vec<u8>, Fault> {
        let mut body = Body::up_to(limit);
        unpack(packed, codings, &mut &mut body).map(|()| body.bytes)
    }

    #[test]
    fn known_codings_are_read_and_unknown_ones_named() {
        assert_eq!(codings(&headers(&[])), Ok(vec![]));
        assert_eq!(codings(&headers(&["identity", ""])), Ok(vec![]));
        assert_eq!(codings(&headers(&["X-GZip"])), Ok(vec![Coding::Gzip]));
        assert_eq!(codings(&headers(&["deflate, gzip"])), Ok(vec![Coding::Deflate, Coding::Gzip]));
        assert_eq!(codings(&headers(&["deflate", "gzip"])), Ok(vec![Coding::Deflate, Coding::Gzip]));
        for name in ["br", "zstd", "compress", "dcb", "nonsense"] {
            assert_eq!(codings(&headers(&[name])), Err(format!("content-encoding {name} is not supported")));
        }
        assert!(codings(&headers(&["gzip,gzip,gzip,gzip,gzip"])).is_err());
    }

    #[test]
    fn bodies_are_unpacked() {
        use Coding::{Deflate, Gzip};
        let plain = br#"{"status":"ok"}"#.to_vec();
        for (packed, codings) in [
            (gzip(&plain), vec![Gzip]),
            (zlib(&plain), vec![Deflate]),
            (raw(&plain), vec![Deflate]),
            (gzip(&zlib(&plain)), vec![Deflate, Gzip]),
            (raw(&gzip(&plain)), vec![Gzip, Deflate]),
            ([gzip(&plain[..4]), gzip(&plain[4..])].concat(), vec![Gzip]),
        ] {
            assert_eq!(unpacked(&packed, &codings, 100), Ok(plain.clone()), "{codings:?}");
            assert_eq!(unpacked(&packed, &codings, 14), Err(Fault::TooLarge), "{codings:?}");
        }
        assert_eq!(unpacked(&[], &[Gzip], 100), Ok(vec![]));
    }

    #[test]
    fn damage_is_said() {
        let plain = b"a health document that is long enough to be cut".to_vec();
        let words = |packed: &[u8], coding| match unpacked(packed, &[coding], 100) {
            Err(Fault::Damaged(words)) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(words(b"plain", Coding::Gzip), "the body is not gzip, though content-encoding says so");
        for (packed, coding, name) in [
            (gzip(&plain), Coding::Gzip, "gzip"),
            (zlib(&plain), Coding::Deflate, "deflate"),
            (raw(&plain), Coding::Deflate, "deflate"),
        ] {
            let cut = &packed[..packed.len() / 2];
            assert_eq!(words(cut, coding), format!("the {name} body is damaged: it ends too early"));
        }
        let mut sum = gzip(&plain);
        let at = sum.len() - 6;
        sum[at] ^= 1;
        assert!(words(&sum, Coding::Gzip).starts_with("the gzip body is damaged: "));
    }

    proptest! {
        #[test]
        fn never_panics_and_never_exceeds_its_limit(bytes in prop::collection::vec(any::<u8>(), 0..300), flip in 0_usize..300) {
            for codings in [vec![Coding::Gzip], vec![Coding::Deflate], vec![Coding::Gzip, Coding::Deflate]] {
                let _ = unpacked(&bytes, &codings, 64);
                let mut packed = gzip(&bytes);
                let at = flip % packed.len();
                packed[at] ^= 0x55;
                if let Ok(got) = unpacked(&packed, &codings, 64) {
                    prop_assert!(got.len() <= 64);
                }
            }
        }
    }
}
