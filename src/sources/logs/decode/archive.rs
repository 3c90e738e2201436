//! Files as they are or compressed, read as one stream of bytes. What a file is, its first bytes say, not its name.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// What an xz archive may ask for, in KiB: as much as `xz -9` writes needs, and a little more.
const XZ_MEMORY: u32 = 128 << 10;
/// Size of the reads of the compressed bytes.
const READ: usize = 64 << 10;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// `.gz`, of one or more members.
    Gzip,
    /// `.zst`, of one or more frames.
    Zstd,
    /// `.xz`, of one or more streams.
    Xz,
    /// `.bz2`, of one or more streams.
    Bzip2,
}

impl Packing {
    /// The packing of a file that begins so; `None` for a file that is not packed.
    pub(crate) fn recognise(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            // The first block, or the end where there is none.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Some(Self::Bzip2),
            _ => None,
        }
    }

    /// The packing that a name says, by its last part.
    pub(crate) fn of_name(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "gz" => Some(Self::Gzip),
            "zst" => Some(Self::Zstd),
            "xz" => Some(Self::Xz),
            "bz2" => Some(Self::Bzip2),
            _ => None,
        }
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        })
    }
}

/// Opens a file for reading from its beginning, unpacked where it is packed. An archive that is damaged or ends too
/// early gives what could be read and then an error that says so.
///
/// # Errors
/// When it can't be opened or its first bytes can't be read.
#[expect(clippy::disallowed_methods, reason = "this is the room that reads logs")]
pub(crate) fn open_any(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    unpacked(File::open(path)?, path)
}

/// Reads `file`, which is at its beginning, unpacked where it is packed; see [`open_any`]. `path` is for the words of
/// an error.
///
/// # Errors
/// When its first bytes can't be read.
pub(crate) fn unpacked(file: File, path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let mut file = BufReader::with_capacity(READ, file);
    let packing = Packing::recognise(file.fill_buf()?);
    let Some(packing) = packing else { return Ok(Box::new(file)) };
    let inner: Box<dyn Read + Send> = match packing {
        Packing::Gzip => Box::new(MultiGzDecoder::new(file)),
        Packing::Zstd => Box::new(Frames::new(file)),
        Packing::Xz => Box::new(XzReader::new_mem_limit(file, true, XZ_MEMORY)),
        Packing::Bzip2 => Box::new(MultiBzDecoder::new(file)),
    };
    Ok(Box::new(Unpacked { inner, packing, path: path.to_owned() }))
}

/// What is read of an archive; an error says what it means for the reader.
struct Unpacked {
    inner: Box<dyn Read + Send>,
    packing: Packing,
    path: PathBuf,
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|why| {
            if why.kind() == io::ErrorKind::Interrupted {
                return why;
            }
            let what = match why.kind() {
                io::ErrorKind::UnexpectedEof => "ends too early".to_owned(),
                _ => format!("is damaged ({why})"),
            };
            let Self { packing, path, .. } = self;
            let text = format!("{}: the {packing} archive {what}; what comes before is shown", path.display());
            io::Error::new(why.kind(), text)
        })
    }
}

/// The frames of a zstd file, one after the other.
struct Frames {
    source: BufReader<File>,
    decoder: FrameDecoder,
    /// Within a frame.
    begun: bool,
    /// Why no more can be read; said after what was unpacked before.
    failed: Option<io::Error>,
}

/// An empty last block and room for a checksum. A decoder holds back what it may still need within a frame: given
/// this, it gives that too.
const END_OF_FRAME: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

impl Frames {
    fn new(source: BufReader<File>) -> Self {
        Self { source, decoder: FrameDecoder::new(), begun: false, failed: None }
    }

    /// What went wrong: a source that has no more bytes was cut off.
    fn broken(&mut self, why: FrameDecoderError) -> io::Error {
        match self.source.fill_buf() {
            Ok([]) => io::ErrorKind::UnexpectedEof.into(),
            Ok(_) => io::Error::new(io::ErrorKind::InvalidData, why),
            Err(why) => why,
        }
    }
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.begun && self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.begun && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                if let Err(why) = self.decoder.decode_blocks(&mut self.source, one) {
                    self.failed = Some(self.broken(why));
                    self.decoder.decode_blocks(&END_OF_FRAME[..], BlockDecodingStrategy::All).ok();
                }
                continue;
            }
            if let Some(why) = self.failed.take() {
                return Err(why);
            }
            if self.source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.begun = false;
            match self.decoder.init(&mut self.source) {
                Ok(()) => self.begun = true,
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.source.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(why) => return Err(self.broken(why)),
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "lays out the files to be read")]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    const TOOLS: [&str; 4] = ["gzip", "zstd", "xz", "bzip2"];

    /// `text`, packed by the real tool.
    fn packed(tool: &str, text: &str) -> Vec<u8> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("text");
        std::fs::write(&path, text).unwrap();
        let output = Command::new(tool).args(["-q", "-c"]).arg(&path).output().unwrap();
        assert!(output.status.success(), "{tool}: {output:?}");
        output.stdout
    }

    /// What can be read, and the error at its end.
    fn read(bytes: &[u8]) -> (Vec<u8>, Option<String>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log.1");
        std::fs::write(&path, bytes).unwrap();
        let mut reader = open_any(&path).unwrap();
        let mut text = Vec::new();
        let why = reader.read_to_end(&mut text).err();
        (text, why.map(|why| why.to_string().replace(&*path.to_string_lossy(), "PATH")))
    }

    fn lines(count: usize) -> String {
        (0..count).fold(String::new(), |text, number| text + &format!("{:x} line {number}\n", number * 7_919))
    }

    #[test]
    fn what_the_usual_tools_pack_is_read_by_its_bytes_and_not_by_its_name() {
        let text = lines(20_000);
        for tool in TOOLS {
            assert_eq!(read(&packed(tool, &text)), (text.clone().into_bytes(), None), "{tool}");
            assert_eq!(read(&packed(tool, "")), (Vec::new(), None), "{tool}");
        }
        assert_eq!(read(text.as_bytes()), (text.into_bytes(), None));
        assert_eq!(read(b""), (Vec::new(), None));
    }

    #[test]
    fn archives_that_were_put_together_are_read_to_the_end() {
        for tool in TOOLS {
            let both = [packed(tool, "one\n"), packed(tool, "two\n")].concat();
            assert_eq!(read(&both), (b"one\ntwo\n".to_vec(), None), "{tool}");
        }
    }

    #[test]
    fn an_archive_that_was_cut_off_gives_its_beginning_and_says_so() {
        let text = lines(120_000);
        for tool in TOOLS {
            let whole = packed(tool, &text);
            let (begun, why) = read(&whole[..whole.len() / 2]);
            // bzip2 and zstd give whole blocks.
            assert!(!begun.is_empty() && text.as_bytes().starts_with(&begun), "{tool}: {} bytes", begun.len());
            let expected = format!("PATH: the {tool} archive ends too early; what comes before is shown");
            assert_eq!(why, Some(expected), "{tool}");
        }
    }

    #[test]
    fn a_damaged_archive_says_so() {
        let text = lines(20_000);
        for tool in TOOLS {
            let mut bytes = packed(tool, &text);
            let middle = bytes.len() / 2;
            bytes[middle..middle + 40].fill(0x55);
            let (_, why) = read(&bytes);
            assert!(why.is_some_and(|why| why.contains(" archive ")), "{tool}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_panic(
            tool in prop::sample::select(vec![0_usize, 1, 2, 3]),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            static PACKED: std::sync::LazyLock<Vec<Vec<u8>>> =
                std::sync::LazyLock::new(|| TOOLS.iter().map(|tool| packed(tool, &lines(300))).collect());
            let mut bytes = PACKED[tool].clone();
            for (place, byte) in changes {
                let at = place.index(bytes.len());
                bytes[at] = byte;
            }
            read(&bytes);
        }
    }
}
