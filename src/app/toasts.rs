//! Short messages that go away by themselves.

use std::collections::VecDeque;
use std::time::Duration;

use crate::lang::time::Stamp;
use crate::text::SafeText;
use crate::text::name::Name;

/// How a toast is coloured and how long it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Info,
    /// Something ended well.
    Good,
    /// Something to know.
    Warning,
    /// Something failed; says what to do.
    Error,
}

/// One short message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// How it is coloured.
    pub tone: Tone,
    /// What it says.
    pub text: SafeText,
    /// When it was shown.
    pub at: Stamp,
    /// Until when.
    pub until: Stamp,
    /// Where it comes from.
    pub origin: ToastOrigin,
}

/// Where a toast comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToastOrigin {
    /// It answers a key.
    Key,
    /// It came by itself.
    News,
    /// An alert began to fire: this one.
    Alert(Name),
}

/// At most so many are kept; the oldest goes first.
pub(crate) const MAX_TOASTS: usize = 5;

/// For so long it is said that something was done.
pub(crate) const INFO: Duration = Duration::from_secs(5);

/// The messages on the screen, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Toasts(VecDeque<Toast>);

impl Toasts {
    /// Shows one. The same text again only lives longer.
    pub(crate) fn push(&mut self, now: Stamp, tone: Tone, text: SafeText, origin: ToastOrigin) {
        let stay = match tone {
            Tone::Info | Tone::Good => INFO,
            Tone::Warning => Duration::from_secs(8),
            Tone::Error => Duration::from_secs(15),
        };
        self.0.retain(|toast| toast.text != text);
        if self.0.len() == MAX_TOASTS {
            self.0.pop_front();
        }
        self.0.push_back(Toast { tone, text, at: now, until: now.plus(stay), origin });
    }

    /// Those on the screen, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Toast> {
        self.0.iter()
    }

    /// Removes what is over. `true` where something was.
    pub(crate) fn expire(&mut self, now: Stamp) -> bool {
        let before = self.0.len();
        self.0.retain(|toast| toast.until.mono > now.mono);
        before != self.0.len()
    }

    /// Removes those that begin like that: what they say holds no more.
    pub(crate) fn withdraw(&mut self, beginning: &str) {
        self.0.retain(|toast| !toast.text.as_str().starts_with(beginning));
    }

    /// Removes those that end like that.
    pub(crate) fn withdraw_ending(&mut self, end: &str) {
        self.0.retain(|toast| !toast.text.as_str().ends_with(end));
    }

    /// Removes those of alerts that are not as they say any more.
    pub(crate) fn withdraw_alerts(&mut self, holds: impl Fn(&Name) -> bool) {
        self.0.retain(|toast| if let ToastOrigin::Alert(alert) = &toast.origin { holds(alert) } else { true });
    }

    /// Removes all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
