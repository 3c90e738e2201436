//! The six statuses of `behaviour`: what each is called, how it is drawn, which is worse.

use serde::{Deserialize, Serialize};

/// What the console says of a check, a component, a service or everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Never answered, paused, our own network is down, or the answer can't be read.
    #[default]
    Unknown,
    /// All expectations hold, `ok_after` times after trouble.
    Ok,
    /// Failing, not yet `fail_after` times; or recovering, not yet `ok_after` times.
    Pending,
    /// Answers, but a `degraded` expression or a health body says so.
    Degraded,
    /// Failed `fail_after` times in a row.
    Down,
    /// First answer after idleness, within `cold_start`.
    Cold,
}

impl Status {
    /// All statuses, worst first: the order in which groups and lists are judged.
    pub(crate) const WORST_FIRST: [Self; 6] =
        [Self::Down, Self::Degraded, Self::Pending, Self::Unknown, Self::Cold, Self::Ok];

    /// Whether it is one that a person looks for.
    pub(crate) const fn is_trouble(self) -> bool {
        matches!(self, Self::Down | Self::Degraded | Self::Pending)
    }

    /// The word on the screen.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Ok => "OK",
            Self::Pending => "PENDING",
            Self::Degraded => "DEGRADED",
            Self::Down => "DOWN",
            Self::Cold => "COLD START",
        }
    }

    /// The word where the answer that it came from may be old: then it is neither up nor down.
    pub(crate) const fn word_of(self, stale: bool) -> &'static str {
        if stale { "STALE" } else { self.word() }
    }

    /// The glyph of what is stale, in the form of [`Self::glyph`].
    pub(crate) const fn stale_glyph(ascii: bool) -> &'static str {
        if ascii { "T" } else { "◷" }
    }

    /// The glyph beside the word, one column wide (UTF-8) or two (ASCII).
    pub(crate) const fn glyph(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Self::Unknown, false) => "?",
            (Self::Unknown, true) => "??",
            (Self::Ok, false) => "✓",
            (Self::Ok, true) => "OK",
            (Self::Pending, false) => "◌",
            (Self::Pending, true) => "..",
            (Self::Degraded, false) => "▲",
            (Self::Degraded, true) => "!!",
            (Self::Down, false) => "✗",
            (Self::Down, true) => "XX",
            (Self::Cold, false) => "❄",
            (Self::Cold, true) => "CS",
        }
    }

    /// How bad, from 0 (ok) to 5 (down).
    pub(crate) const fn badness(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Cold => 1,
            Self::Unknown => 2,
            Self::Pending => 3,
            Self::Degraded => 4,
            Self::Down => 5,
        }
    }

    /// The worst of many; `None` where there is none.
    pub(crate) fn worst(of: impl IntoIterator<Item = Self>) -> Option<Self> {
        of.into_iter().max_by_key(|status| status.badness())
    }
}

/// What an error says beyond the status that stands beside it.
pub(crate) fn beside_status(error: &str) -> &str {
    ["unhealthy: ", "degraded: "].into_iter().find_map(|word| error.strip_prefix(word)).unwrap_or(error)
}
