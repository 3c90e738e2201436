//! The console about itself.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::lang::time::Stamp;
use crate::model::lease::LateFigures;
use crate::model::outcome::StoreFigures;
use crate::text::SafeText;

/// Figures that only the runtime can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Meters {
    /// Frames written since the start.
    pub frames: u64,
    /// Bytes written to the terminal since the start.
    pub bytes_written: u64,
    /// Bytes written in the last whole minute.
    pub bytes_last_minute: u64,
    /// Time to draw and diff the latest frame.
    pub frame_time: Duration,
    /// The longest so far.
    pub frame_time_max: Duration,
    /// From key to written frame, the latest.
    pub key_latency: Duration,
    /// From key to written frame, the longest so far.
    pub key_latency_max: Duration,
    /// Messages waiting when the loop last looked.
    pub queued: usize,
    /// Room in that queue.
    pub queue_capacity: usize,
    /// Messages that had to be dropped.
    pub dropped: u64,
    /// Background tasks alive.
    pub tasks: usize,
    /// Resident memory in bytes, where the system says.
    pub resident: Option<u64>,
}

/// What kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// A source warns: `insecure`, an odd content type.
    Warning,
    /// A task panicked and was restarted.
    TaskFailed,
    /// We were suspended or starved.
    Gap,
    /// A reload that was refused, and why.
    Reload,
    /// An effect failed.
    Failed,
}

/// Something a person should read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// When it was last seen.
    pub at: Stamp,
    /// What kind.
    pub kind: ProblemKind,
    /// What it is about.
    pub about: SafeText,
    /// In words.
    pub text: SafeText,
    /// How often.
    pub count: u64,
}

/// What warnings of the configuration are about.
pub(crate) const CONFIGURATION: &str = "configuration";

/// What problems of the store are about.
pub(crate) const STORE: &str = "store";

/// What is said where a part of what is stored of readings can't be read.
pub(crate) const PARTIAL: &str =
    "some stored readings can't be read and are left out of charts and objectives; `opsroom store check` lists them";

/// Problems kept.
pub(crate) const MAX_PROBLEMS: usize = 200;

/// The console about itself.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    /// How late the latest slots were launched, at the worst.
    pub lag: Duration,
    /// The worst of all.
    pub lag_max: Duration,
    /// Polls under way.
    pub in_flight: usize,
    /// Polls that wait for a place.
    pub waiting: usize,
    /// Ticks at which nothing was asked, because the poll before still waited for a place.
    pub not_asked: u64,
    /// Observations taken in since the start.
    pub observations: u64,
    /// Gaps: how many, and how long together.
    pub gaps: (u64, Duration),
    /// Warnings, failures, gaps, refused reloads; oldest first, equal ones merged.
    pub problems: VecDeque<Problem>,
    /// Reloads: good, refused.
    pub reloads: (u64, u64),
    /// Since when and why the file of the configuration is not what is in effect: gone, unreadable or wrong.
    pub rejected: Option<(Stamp, SafeText)>,
    /// When the configuration was last taken in.
    pub configured_at: Option<Stamp>,
    /// What this console has to put on record.
    pub late: LateFigures,
    /// What the runtime measures.
    pub meters: Meters,
    /// Figures about the store.
    pub store: StoreFigures,
    /// Whether some of what is stored of readings is left out of charts and objectives because it can't be read.
    pub(crate) partial: bool,
    /// That nothing of it could be read when that was tried last, and why, in words.
    pub(crate) unread: Option<SafeText>,
}

impl Diagnostics {
    /// What is left out of charts and objectives, in words.
    pub(crate) fn left_out(&self) -> Option<&str> {
        self.unread.as_ref().map(SafeText::as_str).or_else(|| self.partial.then_some(PARTIAL))
    }

    /// The file of the configuration is in effect again: what was wrong with it is over, and what it warned of before it was
    /// read again.
    pub(crate) fn accepted(&mut self) {
        self.rejected = None;
        self.problems.retain(|problem| match problem.kind {
            ProblemKind::Reload => false,
            ProblemKind::Warning => problem.about != CONFIGURATION,
            _ => true,
        });
    }

    /// What failed with something works again: problems whose text begins so are over.
    pub(crate) fn settle(&mut self, about: &SafeText, beginning: &str) {
        let is_over = |problem: &Problem| problem.about == *about && problem.text.as_str().starts_with(beginning);
        self.problems.retain(|problem| !is_over(problem));
    }

    /// Notes a problem; the same again only counts and is moved to the end.
    pub(crate) fn note(&mut self, at: Stamp, kind: ProblemKind, about: SafeText, text: SafeText) {
        let same = self.problems.iter().position(|p| p.kind == kind && p.about == about && p.text == text);
        let count = match same.and_then(|at| self.problems.remove(at)) {
            Some(old) => old.count + 1,
            None => 1,
        };
        if self.problems.len() == MAX_PROBLEMS {
            self.problems.pop_front();
        }
        self.problems.push_back(Problem { at, kind, about, text, count });
    }
}
