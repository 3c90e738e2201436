//! The state of the engine as the store keeps it: JSON in gzip. It is written every few seconds, and that of ten thousand
//! checks is two megabytes, of which packing leaves a tenth.

use std::io::{self, BufWriter, Read as _};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::de::DeserializeOwned;

use super::engine_copy::MOST;
use crate::model::engine::EngineState;

/// What gzip begins with; earlier versions kept plain JSON.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes that are handed over at once: the JSON comes in pieces of a few.
const PIECE: usize = 32 << 10;

/// An engine as it is kept.
///
/// # Errors
/// It can't be said in JSON.
pub fn packed(engine: &EngineState) -> io::Result<Vec<u8>> {
    let mut out = BufWriter::with_capacity(PIECE, GzEncoder::new(Vec::new(), Compression::fast()));
    serde_json::to_writer(&mut out, engine)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
}

/// What is kept, packed or plain, of 16 MiB at most.
///
/// # Errors
/// It is neither, or not what is asked for.
pub fn unpacked<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    if !body.starts_with(&GZIP) {
        return serde_json::from_slice(body);
    }
    let mut plain = Vec::new();
    GzDecoder::new(body).take(MOST).read_to_end(&mut plain).map_err(serde_json::Error::io)?;
    serde_json::from_slice(&plain)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_packed_is_read_again_and_so_is_what_earlier_versions_kept() {
        let engine = EngineState::default();
        let body = packed(&engine).unwrap();
        assert!(body.starts_with(&GZIP));
        assert_eq!(unpacked::<EngineState>(&body).unwrap(), engine);
        assert_eq!(unpacked::<EngineState>(&serde_json::to_vec(&engine).unwrap()).unwrap(), engine);
    }

    #[test]
    fn what_is_damaged_or_swells_is_refused() {
        let body = packed(&EngineState::default()).unwrap();
        assert!(unpacked::<EngineState>(&body[..body.len() / 2]).is_err());
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        io::copy(&mut io::repeat(b' ').take(2 * MOST), &mut out).unwrap();
        io::copy(&mut &b"{}"[..], &mut out).unwrap();
        assert!(unpacked::<Value>(&out.finish().unwrap()).is_err());
    }
}
