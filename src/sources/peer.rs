//! Who answers: noticed where that is another one than before, as far as the document of a poll says it.

use std::collections::VecDeque;
use std::net::SocketAddr;

use serde_json::Value;

use crate::model::fact::PeerPart;
use crate::text::SafeText;

/// Answers in a row from one address before another one is news: behind a name with several addresses each poll may meet another.
const STEADY: u32 = 5;
/// Answers in a row after which what was seen before is forgotten: a return to it is news again.
const SETTLED: u32 = 50;
/// Values that are remembered.
const KNOWN: usize = 8;

/// One thing that is noticed where it changes.
#[derive(Debug, Default)]
struct SteadyValue {
    current: Option<String>,
    /// How often in a row it was seen.
    seen: u32,
    /// Others that were seen lately.
    known: VecDeque<String>,
}

/// What of whoever answered changed: which part, as it was, as it is.
pub(super) type PeerChange = (PeerPart, SafeText, SafeText);

/// Who answered a source.
#[derive(Debug, Default)]
pub(super) struct PeerWatch {
    address: SteadyValue,
    certificate: SteadyValue,
}

impl PeerWatch {
    /// Looks at an answer; says what changed.
    pub(super) fn look(&mut self, document: &Value) -> Vec<PeerChange> {
        let address = address_of(document).and_then(|now| self.address.look(now, STEADY));
        let certificate = certificate_of(document).and_then(|now| self.certificate.look(now, 1));
        let parts = [(PeerPart::Address, address), (PeerPart::Certificate, certificate)];
        let changed = parts.into_iter().filter_map(|(part, change)| Some((part, change?)));
        changed.map(|(part, (before, after))| (part, SafeText::new(&before), SafeText::new(&after))).collect()
    }
}

impl SteadyValue {
    /// Takes in a value; gives the one before and this one, where that is news: the one before was seen `steady` times.
    fn look(&mut self, now: String, steady: u32) -> Option<(String, String)> {
        if self.current.as_ref() == Some(&now) {
            self.seen = self.seen.saturating_add(1);
            if self.seen == SETTLED {
                self.known.clear();
            }
            return None;
        }
        let seen = std::mem::replace(&mut self.seen, 1);
        let before = self.current.replace(now.clone())?;
        let is_known = self.known.contains(&now);
        if !self.known.contains(&before) {
            self.known.push_back(before.clone());
            while self.known.len() > KNOWN {
                self.known.pop_front();
            }
        }
        (seen >= steady && !is_known).then_some((before, now))
    }
}

/// The address without its port, which is a new one for each connection behind some proxies.
fn address_of(document: &Value) -> Option<String> {
    let remote = document.get("remote")?.as_str()?;
    Some(remote.parse::<SocketAddr>().map_or_else(|_| remote.to_owned(), |at| at.ip().to_string()))
}

/// `api.example.com by R3 until 2026-06-01`, where the check reads the certificate.
fn certificate_of(document: &Value) -> Option<String> {
    let tls = document.get("tls")?;
    let text = |key: &str| tls.get(key).and_then(Value::as_str);
    let until = text("not_after")?;
    let day = until.get(..10).unwrap_or(until);
    Some(format!("{} by {} until {day}", text("subject").unwrap_or("?"), text("issuer").unwrap_or("?")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn from(address: &str) -> Value {
        json!({"remote": format!("{address}:443")})
    }

    fn changes(watch: &mut PeerWatch, address: &str, times: u32) -> Vec<String> {
        let mut said = Vec::new();
        for _ in 0..times {
            let changed = watch.look(&from(address));
            said.extend(changed.into_iter().map(|(part, before, after)| format!("{} {before} {after}", part.word())));
        }
        said
    }

    #[test]
    fn another_address_is_news_once_the_one_before_was_steady() {
        let mut watch = PeerWatch::default();
        assert!(changes(&mut watch, "192.0.2.1", 9).is_empty(), "the first is no change");
        assert_eq!(changes(&mut watch, "192.0.2.7", 9), ["address 192.0.2.1 192.0.2.7"]);
        // It goes to and fro: several addresses have the name.
        assert!(changes(&mut watch, "192.0.2.1", 9).is_empty());
        assert!(changes(&mut watch, "192.0.2.7", SETTLED + 1).is_empty());
        assert_eq!(changes(&mut watch, "192.0.2.1", 1), ["address 192.0.2.7 192.0.2.1"], "after a long while");
        let mut balanced = PeerWatch::default();
        for turn in 0..100 {
            let said = changes(&mut balanced, &format!("192.0.2.{}", turn % 40), 1);
            assert!(said.is_empty(), "{said:?}");
        }
        assert!(balanced.address.known.len() <= KNOWN, "bounded");
    }

    #[test]
    fn another_certificate_is_news_at_once() {
        let mut watch = PeerWatch::default();
        let shown = |until: &str| json!({"tls": {"subject": "api.example.com", "issuer": "R3", "not_after": until}});
        assert!(watch.look(&shown("2026-06-01T00:00:00+00:00")).is_empty());
        let changed = watch.look(&shown("2026-09-01T00:00:00+00:00"));
        let [(PeerPart::Certificate, before, after)] = &*changed else { panic!("{changed:?}") };
        assert_eq!(before.as_str(), "api.example.com by R3 until 2026-06-01");
        assert_eq!(after.as_str(), "api.example.com by R3 until 2026-09-01");
        assert!(watch.look(&json!({"tls": null})).is_empty(), "a check that reads none says nothing");
    }
}
