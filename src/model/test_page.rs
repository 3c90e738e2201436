//! The code by which a contact confirms a test page: it stands in the message alone, and the record keeps only its mark, so
//! that nobody can confirm a page who has not read it.

use super::ack_link::hash_of;
use crate::text::coding::to_hex;
use crate::text::name::Name;

/// Bytes of chance in a code.
pub(crate) const BYTES: usize = 8;
/// What a code is made of: no two of them look alike in a small font.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// The code of these random bytes: `K7QM-3F2X`.
pub(crate) fn code(bytes: [u8; BYTES]) -> String {
    let mut code: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect();
    code.insert(BYTES / 2, '-');
    code
}

/// What the record keeps of the code of a page, however that was typed.
pub(crate) fn mark(page: &str, code: &str) -> Name {
    let typed: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    to_hex(&hash_of([page.to_owned(), typed.to_ascii_uppercase()])[..16]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_again_however_it_is_typed_and_only_for_its_page() {
        let code = code([0, 1, 31, 32, 63, 200, 255, 9]);
        assert_eq!(code, "23Z2-ZAZB");
        for typed in ["23Z2-ZAZB", "23z2zazb", " 23z2 zazb\n"] {
            assert_eq!(mark("t1", typed), mark("t1", &code), "{typed}");
        }
        assert_ne!(mark("t2", &code), mark("t1", &code));
        assert_ne!(mark("t1", "23Z2-ZAZC"), mark("t1", &code));
    }
}
