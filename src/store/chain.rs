//! The chain of hashes: `hash = SHA-256(hash before || length as 64 bits, little endian || entry)`.
//!
//! It shows that an entry was changed, removed, inserted or moved. It can't show that its end was cut off, nor that somebody
//! who may write the store made all of it again: therefore its head is kept beside the store (see [`super::heads`]), and
//! printed where it can be kept elsewhere.

use sha2::{Digest as _, Sha256};

use crate::model::fact::StoreOpened;
pub(super) use crate::text::coding::{from_hex as unhex, to_hex as hex};

/// The hash of an entry after the hash `before`.
pub(super) fn chained(before: &[u8], entry: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update((entry.len() as u64).to_le_bytes());
    hash.update(entry);
    hash.finalize().to_vec()
}

/// What the first entry of all is chained to.
pub(super) fn genesis() -> Vec<u8> {
    vec![0; 32]
}

/// What the first entry is chained to where earlier chains are continued: the head of the one there was, or a hash of all.
pub(super) fn root(opened: &StoreOpened) -> Option<Vec<u8>> {
    let heads = opened.heads.values().map(|(_, hash)| unhex(hash)).collect::<Option<Vec<_>>>()?;
    match heads.as_slice() {
        [] => Some(genesis()),
        [only] => Some(only.clone()),
        many => Some(many.iter().fold(genesis(), |before, head| chained(&before, head))),
    }
}
