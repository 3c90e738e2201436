//! Links in messages by which a person acknowledges one alert: signed, for one firing, one receiver and some time. Pure.
//!
//! A link has to fit into an SMS beside what it is about, so it names its alert and its receiver by hashes, and its
//! signature is 128 bits of an HMAC.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::hmac;
use sha2::{Digest as _, Sha256};

use super::alert::Severity;
use super::message::Recipient;
use crate::text::coding::to_hex;
use crate::text::name::Name;

/// What stands before the token in a link.
pub(crate) const PATH: &str = "/ack/";
/// What a token begins with: what begins so is masked by every redactor, as other signed tokens are.
const PREFIX: &str = "eyJ";
/// How long a link holds. Each message has links of its own.
pub(crate) const HOLDS: TimeDelta = TimeDelta::hours(12);
/// Bytes of a key.
pub(crate) const KEY: usize = 32;

const ALERT: usize = 8;
const TARGET: usize = 6;
const EXPIRY: usize = 4;
const SIGNED: usize = ALERT + TARGET + EXPIRY;
const SIGNATURE: usize = 16;
/// What else is signed: no signature of another use of the key is one of a link.
const PURPOSE: &[u8] = b"opsroom acknowledge link 1";

/// What links are signed by.
pub(crate) struct LinkKey(hmac::Key);

/// What a link says whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedLink {
    alert: [u8; ALERT],
    target: [u8; TARGET],
    /// The first moment at which it does not hold.
    pub expires: DateTime<Utc>,
    /// By which it is known to have been used. Says nothing of the link.
    pub mark: Name,
}

impl std::fmt::Debug for LinkKey {
    /// Says nothing about the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkKey").finish_non_exhaustive()
    }
}

impl LinkKey {
    /// Of these bytes.
    pub(crate) fn new(bytes: &[u8; KEY]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The token of a link that acknowledges a firing, until it expires.
    pub(crate) fn sign(&self, firing: &str, severity: Severity, target: &Recipient, expires: DateTime<Utc>) -> String {
        let mut token = [0_u8; SIGNED + SIGNATURE];
        token[..ALERT].copy_from_slice(&alert(firing, severity));
        token[ALERT..ALERT + TARGET].copy_from_slice(&recipient(target));
        let seconds = u32::try_from(expires.timestamp()).unwrap_or(u32::MAX);
        token[ALERT + TARGET..SIGNED].copy_from_slice(&seconds.to_be_bytes());
        let signature = self.signature(&token[..SIGNED]);
        token[SIGNED..].copy_from_slice(&signature);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(token))
    }

    /// What a token says; `None`: it was not signed by this key.
    pub(crate) fn verify(&self, token: &str) -> Option<SignedLink> {
        let bytes: [u8; SIGNED + SIGNATURE] =
            URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?.try_into().ok()?;
        let (said, signature) = bytes.split_at(SIGNED);
        // In a time that says nothing of where they differ.
        let differs = self.signature(said).iter().zip(signature).fold(0, |differs, (a, b)| differs | (a ^ b));
        if differs != 0 {
            return None;
        }
        let (alert, rest) = said.split_first_chunk::<ALERT>()?;
        let (target, expires) = rest.split_first_chunk::<TARGET>()?;
        let seconds = u32::from_be_bytes(expires.try_into().ok()?);
        let mark = to_hex(&hash_of([&bytes])[..8]);
        let expires = DateTime::from_timestamp(seconds.into(), 0)?;
        Some(SignedLink { alert: *alert, target: *target, expires, mark: mark.into() })
    }

    fn signature(&self, said: &[u8]) -> [u8; SIGNATURE] {
        let tag = hmac::sign(&self.0, &[PURPOSE, said].concat());
        let mut signature = [0; SIGNATURE];
        signature.copy_from_slice(&tag.as_ref()[..SIGNATURE]);
        signature
    }
}

impl SignedLink {
    /// Whether it is about that firing.
    pub(crate) fn is_about(&self, firing: &str, severity: Severity) -> bool {
        self.alert == alert(firing, severity)
    }

    /// Whether it was sent to that receiver.
    pub(crate) fn is_for(&self, target: &Recipient) -> bool {
        self.target == recipient(target)
    }
}

fn alert(firing: &str, severity: Severity) -> [u8; ALERT] {
    shortened(&hash_of([firing.as_bytes(), severity.word().as_bytes()]))
}

fn recipient(target: &Recipient) -> [u8; TARGET] {
    shortened(&hash_of([target.id().as_bytes()]))
}

fn shortened<const LENGTH: usize>(hash: &[u8]) -> [u8; LENGTH] {
    std::array::from_fn(|place| hash[place])
}

/// SHA-256 of parts, each with its length before it: what is moved from one to the next makes another hash.
pub(crate) fn hash_of<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        let part = part.as_ref();
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_link_is_for_one_firing_one_receiver_and_one_key() {
        let (key, ana, ben) = (LinkKey::new(&[7; KEY]), Recipient::from_id("sms/ana"), Recipient::from_id("sms/ben"));
        let token = key.sign("1-check:api/critical/0", Severity::Critical, &ana, at(0));
        let link = key.verify(&token).unwrap();
        assert_eq!((link.expires, token.len()), (at(0), 49));
        assert!(link.is_about("1-check:api/critical/0", Severity::Critical) && link.is_for(&ana));
        assert!(!link.is_about("2-check:api/critical/0", Severity::Critical), "another firing of it");
        assert!(!link.is_about("1-check:api/critical/0", Severity::High) && !link.is_for(&ben));
        assert_eq!(LinkKey::new(&[8; KEY]).verify(&token), None);
        assert_eq!(key.verify(&format!("{token}A")), None);
        assert_eq!(key.verify(""), None);
        let other = key.sign("1-check:api/critical/0", Severity::Critical, &ana, at(1));
        assert_ne!(key.verify(&other).unwrap().mark, link.mark, "each is used once by itself");
    }

    #[test]
    fn no_altered_byte_is_accepted() {
        let key = LinkKey::new(&[7; KEY]);
        let token = key.sign("1", Severity::High, &Recipient::from_id("chat"), at(0));
        let bytes = URL_SAFE_NO_PAD.decode(&token[PREFIX.len()..]).unwrap();
        for place in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[place] ^= 1;
            assert_eq!(key.verify(&format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(altered))), None, "{place}");
        }
    }
}
