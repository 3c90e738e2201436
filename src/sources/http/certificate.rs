//! What a server's certificate says of itself: read from its DER form, as far as a console shows it.
//!
//! This verifies nothing. It reads four fields of a structure that
//! has not changed since 1999, which is no work for a crate.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};

/// The fields that documents show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) not_before: DateTime<Utc>,
    pub(super) not_after: DateTime<Utc>,
    /// The common name of the subject.
    pub(super) common_name: Option<String>,
    /// The common name of the subject, else its organization.
    pub(super) subject: String,
    /// The same of the issuer.
    pub(super) issuer: String,
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT: u8 = 0x06;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];

impl Certificate {
    /// Reads a certificate; `None` if the bytes are not one.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut whole = Der(Der(der).expect(SEQUENCE)?);
        let mut body = Der(whole.expect(SEQUENCE)?);
        if body.0.first() == Some(&VERSION) {
            body.next()?;
        }
        let (_serial, _algorithm) = (body.next()?, body.next()?);
        let (common, organization) = names(body.expect(SEQUENCE)?);
        let issuer = common.or(organization).unwrap_or_default();
        let mut validity = Der(body.expect(SEQUENCE)?);
        let not_before = time(validity.next()?)?;
        let not_after = time(validity.next()?)?;
        let (common_name, organization) = names(body.expect(SEQUENCE)?);
        let subject = common_name.clone().or(organization).unwrap_or_default();
        Some(Self { not_before, not_after, common_name, subject, issuer })
    }

    /// `{days_left, not_after, issuer, subject}`. Whole days: a certificate of 20.9 days is one of 20.
    pub(super) fn value(&self, now: DateTime<Utc>) -> Value {
        json!({
            "days_left": (self.not_after - now).num_seconds().div_euclid(86_400),
            "not_after": self.not_after.to_rfc3339(),
            "issuer": self.issuer,
            "subject": self.subject,
        })
    }
}

/// The rest of a sequence of tagged values.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (bytes, rest) =
                rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    fn expect(&mut self, wanted: u8) -> Option<&'a [u8]> {
        self.next().filter(|(tag, _)| *tag == wanted).map(|(_, content)| content)
    }
}

/// The common name and the organization.
fn names(content: &[u8]) -> (Option<String>, Option<String>) {
    let (mut common, mut organization) = (None, None);
    let mut sets = Der(content);
    while let Some(set) = sets.expect(SET) {
        let Some(pair) = Der(set).expect(SEQUENCE) else { continue };
        let mut pair = Der(pair);
        if let (Some(object), Some((_, text))) = (pair.expect(OBJECT), pair.next()) {
            let text = || Some(String::from_utf8_lossy(text).into_owned());
            match object {
                COMMON_NAME => common = text(),
                ORGANIZATION => organization = text(),
                _ => {}
            }
        }
    }
    (common, organization)
}

fn time((tag, content): (u8, &[u8])) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(content).ok()?;
    let full = match tag {
        // Two digits of the year: 50 is 1950, 49 is 2049.
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&full, "%Y%m%d%H%M%SZ").ok().map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn certificate(year: i32) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "api.example.com");
        params.not_after = rcgen::date_time_ymd(year, 3, 4);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn fields_are_read_in_both_forms_of_time() {
        for year in [2031, 2077] {
            let read = Certificate::read(&certificate(year)).unwrap();
            assert_eq!(read.not_after.to_rfc3339(), format!("{year}-03-04T00:00:00+00:00"));
            assert_eq!((read.subject.as_str(), read.issuer.as_str()), ("api.example.com", "api.example.com"));
        }
        let read = Certificate::read(&certificate(2031)).unwrap();
        let days = |before: i64| read.value(read.not_after - chrono::Duration::seconds(before))["days_left"].clone();
        assert_eq!((days(86_400 * 21), days(86_400 * 21 - 1), days(-1)), (json!(21), json!(20), json!(-1)));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..600) {
            let _ = Certificate::read(&bytes);
            let whole = certificate(2031);
            let _ = Certificate::read(&whole[..cut.min(whole.len())]);
        }
    }
}
