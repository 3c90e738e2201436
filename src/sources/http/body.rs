//! Where a body goes while it comes in.

/// Takes the body piece by piece.
pub trait BodySink: Send {
    /// The next piece. `false` ends the reading: the body is larger than it may be.
    fn write(&mut self, piece: &[u8]) -> bool;

    /// How many bytes it takes at most.
    fn limit(&self) -> usize;
}

impl BodySink for &mut Body {
    fn write(&mut self, piece: &[u8]) -> bool {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        piece.len() <= room
    }

    fn limit(&self) -> usize {
        self.limit
    }
}

/// A body kept whole, up to its limit.
#[derive(Debug, Default)]
pub struct Body {
    pub(super) bytes: Vec<u8>,
    limit: usize,
}

impl Body {
    /// An empty body that may grow to `limit` bytes.
    pub(crate) fn up_to(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }

    /// How many bytes have come.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}
