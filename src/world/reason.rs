//! Why a check is not well, decided in one place: a console draws it, a shell prints it.

use std::fmt;
use std::time::Duration;

use super::World;
use super::checks::CheckView;
use crate::lang::unit;
use crate::model::status::{Status, beside_status};
use crate::text::SafeText;

/// What is to be said of a check beside its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason<'a> {
    /// Our own network is down, and how that was seen: what the check said before means nothing now.
    NoNetwork(&'a SafeText),
    /// It never answered, in so long a time.
    NeverAnswered(Duration),
    /// It has not answered for so long; what it was then is old.
    Stale(Duration, Status),
    /// It fails, so many times of so many in a row.
    Failing(u32, u32, &'a SafeText),
    /// It is good again, so many times of so many in a row.
    Recovering(u32, u32),
    /// What is wrong.
    Error(&'a SafeText),
    /// The first answer is not here yet.
    Waiting,
    /// There is nothing to say.
    Nothing,
}

impl World {
    /// Why a check is not well.
    pub(crate) fn reason<'a>(&'a self, check: &'a CheckView) -> Reason<'a> {
        if !self.connectivity.ok {
            return Reason::NoNetwork(&self.connectivity.detail);
        }
        if check.stale {
            let after = check.stale_after;
            return if check.last.is_some() {
                Reason::Stale(after, check.status)
            } else {
                Reason::NeverAnswered(after)
            };
        }
        match (&check.error, check.streak, check.status) {
            (_, _, Status::Ok) => Reason::Nothing,
            (Some(error), Some((so_far, needed)), Status::Pending) => Reason::Failing(so_far, needed, error),
            (None, Some((so_far, needed)), Status::Pending) => Reason::Recovering(so_far, needed),
            (Some(error), ..) => Reason::Error(error),
            (None, _, Status::Unknown) if check.last.is_none() => Reason::Waiting,
            _ => Reason::Nothing,
        }
    }

    /// Why something is not well, in the words of a list: by which dependency, else what is wrong.
    pub(super) fn why(&self, by: Option<&str>, wrong: Option<&SafeText>) -> Option<SafeText> {
        match by {
            Some(by) => Some(SafeText::new(&format!("by {}", self.title_of_service(by)))),
            None => wrong.map(|wrong| SafeText::new(beside_status(wrong.as_str()))),
        }
    }

    /// The dependency that explains the trouble of a check; `None` where something is its service's own fault.
    pub(crate) fn explained_by(&self, check: &CheckView) -> Option<&str> {
        let is_troubled = check.status.is_trouble();
        let service = self.service(check.service.as_deref()?)?;
        service.blocked_by.as_deref().filter(|_| is_troubled && check.own_reason.is_none())
    }
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNetwork(detail) => write!(f, "{detail}"),
            Self::NeverAnswered(after) => write!(f, "never answered, waiting for {}", unit::span(*after)),
            Self::Stale(after, was) => write!(f, "no answer in {}, was {}", unit::span(*after), was.word()),
            Self::Failing(so_far, needed, error) => write!(f, "{so_far} of {needed}: {error}"),
            Self::Recovering(so_far, needed) => write!(f, "{so_far} of {needed} good polls"),
            Self::Error(error) => write!(f, "{error}"),
            Self::Waiting => f.write_str("waiting for the first answer"),
            Self::Nothing => Ok(()),
        }
    }
}
