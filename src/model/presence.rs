//! Who else is here: the consoles and watchers that use the same store.
//!
//! All times are those of the store's clock.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::lease::LeaseHolder;
use crate::model::fact::login_of;
use crate::text::SafeText;

/// How often one looks who is here.
pub const LOOKED_EVERY: Duration = Duration::from_secs(5);
/// How often one says that it is here, though nothing has changed.
pub const ANNOUNCED_EVERY: Duration = Duration::from_secs(9);
/// After so long without a word one is gone: less than half a minute with the look of others.
pub const GONE_AFTER: Duration = Duration::from_secs(24);
/// Columns of a name, a host or a screen; what is longer is cut.
const LONGEST: usize = 64;

/// How soon one says that another screen is shown: a walk through a list is said where it ends.
pub const SAID_AFTER: Duration = Duration::from_millis(300);
/// How often one looks who is here while a colleague's screen is followed.
pub const FOLLOWED_EVERY: Duration = Duration::from_secs(1);
/// Columns of a filter; one that is longer is not said, for a part of it is another one.
const LONGEST_FILTER: usize = 512;

/// What a screen shows, as far as a colleague can follow it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PresenceView {
    /// The service of the service screen; empty elsewhere.
    pub service: SafeText,
    /// The filter of the logs; empty where there is none.
    pub filter: SafeText,
    /// The span of the charts, in seconds; 0 where it is not known.
    pub range_s: u64,
    /// The moment that charts, logs and timeline point at.
    pub time: Option<DateTime<Utc>>,
    /// Whether this is a colleague's screen that is followed.
    pub follows: bool,
}

/// A console or a watcher, as it is kept in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Who runs it, with how they came.
    pub who: SafeText,
    /// On which host.
    pub host: SafeText,
    /// The number of its process there.
    pub pid: u32,
    /// Whether it is a watcher, which has no screen.
    pub watcher: bool,
    /// The screen that is shown; empty of a watcher.
    pub screen: SafeText,
    /// When it began.
    pub since: DateTime<Utc>,
    /// What that screen shows.
    #[serde(default)]
    pub view: PresenceView,
}

impl Presence {
    /// The same with names of a bounded length.
    #[must_use]
    pub fn bounded(self) -> Self {
        let cut = |text: &SafeText| match text.as_str().char_indices().nth(LONGEST) {
            Some((end, _)) => SafeText::new(&format!("{}…", &text.as_str()[..end])),
            None => text.clone(),
        };
        let is_short = |filter: &SafeText| filter.as_str().chars().nth(LONGEST_FILTER).is_none();
        let filter = Some(self.view.filter).filter(is_short).unwrap_or_default();
        let view = PresenceView { service: cut(&self.view.service), filter, ..self.view };
        Self { who: cut(&self.who), host: cut(&self.host), screen: cut(&self.screen), view, ..self }
    }

    /// The name alone, without how they came.
    pub fn name(&self) -> &str {
        login_of(self.who.as_str())
    }

    /// Whether it holds the lease.
    pub fn is(&self, holder: &LeaseHolder) -> bool {
        holder.pid == Some(self.pid) && *holder.host == *self.host.as_str()
    }
}

/// Whether one that said so at `at` is gone. What lies as far in the future was written before the store's clock was set back.
pub(crate) fn is_gone(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - at).abs().to_std().is_ok_and(|silent| silent >= GONE_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::Duration::seconds(1_000_000 + seconds)
    }

    #[test]
    fn one_that_says_nothing_is_gone_within_half_a_minute_of_a_look() {
        assert!(GONE_AFTER + LOOKED_EVERY < Duration::from_secs(30));
        assert!(SAID_AFTER + FOLLOWED_EVERY < Duration::from_secs(2), "who follows sees it within two seconds");
        assert!(ANNOUNCED_EVERY + LOOKED_EVERY * 2 < GONE_AFTER, "one late look must not read as an absence");
        assert!(!is_gone(at(0), at(23)) && is_gone(at(0), at(24)));
        assert!(!is_gone(at(0), at(-3)), "the clock was set back a little");
        assert!(is_gone(at(0), at(-9_000)), "by hours");
    }

    #[test]
    fn names_from_the_store_are_bounded_and_safe() {
        let body = format!(
            "{{\"who\":\"{}\",\"host\":\"\\u001b[31mbox\",\"pid\":7,\"watcher\":false,\"screen\":\"logs\",\"since\":\"{}\"}}",
            "a".repeat(500),
            at(0).to_rfc3339()
        );
        let presence: Presence = serde_json::from_str::<Presence>(&body).unwrap().bounded();
        assert_eq!(presence.who.as_str().chars().count(), LONGEST + 1);
        assert!(!presence.host.as_str().contains('\u{1b}'), "{}", presence.host);
        assert_eq!(presence.view, PresenceView::default(), "one of before says nothing of it");
        let filter = SafeText::new(&"a".repeat(LONGEST_FILTER + 1));
        let view = PresenceView { service: SafeText::new(&"b".repeat(500)), filter, ..PresenceView::default() };
        let long = Presence { view, ..presence.clone() }.bounded();
        assert_eq!((long.view.service.as_str().chars().count(), long.view.filter.as_str()), (LONGEST + 1, ""));
        let named = Presence { who: SafeText::new("ada (ssh from 10.0.0.5)"), ..presence };
        assert_eq!(named.name(), "ada");
    }
}
