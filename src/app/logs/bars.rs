//! The levels over time: which span they cover, and the bar under the cursor.

use chrono::{DateTime, Duration, Utc};

use crate::app::keymap::Command;
use crate::app::state::State;
use crate::config::panels;
use crate::logs::histogram::{HistogramBar, span_begin};
use crate::logs::ring::AHEAD;

use super::times::go_to;

/// The spans that can be shown, shortest first, each with its words.
const RANGES: [(Duration, &str); 7] = [
    (Duration::minutes(5), "5 minutes"),
    (Duration::minutes(15), "15 minutes"),
    (Duration::hours(1), "hour"),
    (Duration::hours(6), "6 hours"),
    (Duration::hours(24), "24 hours"),
    (Duration::days(7), "7 days"),
    (Duration::days(30), "30 days"),
];
/// The bars of the histogram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarsShown {
    /// Seconds that one bar covers.
    pub width: i64,
    /// Where what they count begins: within the first bar.
    pub from: DateTime<Utc>,
    /// The bars, oldest first.
    pub bars: Vec<HistogramBar>,
    /// The bar that holds the moment of the cursor.
    pub cursor: Option<usize>,
    /// `hour`, `15 minutes`.
    pub span: &'static str,
    /// Whether the span ends now.
    pub latest: bool,
}

/// At most `columns` bars: the last span of time, or the one around the cursor where that is further back.
pub fn bars(state: &State, columns: usize) -> BarsShown {
    let screen = &state.console.screens.logs;
    let (span, words) = RANGES[screen.range.min(RANGES.len() - 1)];
    let now = state.shown_now().utc;
    // In whole halves, so that bars stay where they are while the cursor moves.
    let half = span.num_seconds() / 2;
    let around = state.console.time_cursor.filter(|at| *at < now - span).and_then(|at| {
        let from = at.timestamp().div_euclid(half) * half - half / 2;
        DateTime::from_timestamp(from + 2 * half, 0)
    });
    // A clock may be a little ahead of ours: its newest record has its bar all the same.
    let ahead = screen.pane.view().histogram().span().map(|(_, newest)| newest + Duration::seconds(1));
    let latest = ahead.filter(|ahead| *ahead > now && *ahead <= now + AHEAD + Duration::seconds(1)).unwrap_or(now);
    let to = around.unwrap_or(latest);
    let from = around.map_or_else(|| span_begin(now, span), |to| to - span);
    let (width, bars) = screen.pane.view().histogram().bars(from, to, columns);
    let holds = |at: DateTime<Utc>| {
        let first = bars.first()?.from;
        usize::try_from((at - first).num_seconds().div_euclid(width)).ok().filter(|bar| *bar < bars.len())
    };
    let cursor = state.console.time_cursor.and_then(holds);
    BarsShown { width, from, bars, cursor, span: words, latest: around.is_none() }
}

/// Commands while the histogram has the focus. `false`: none of its own.
pub(in crate::app) fn command(state: &mut State, command: Command) -> bool {
    let columns = state.console.layout.panel(&panels::LEVELS.id()).map_or(60, |area| usize::from(area.width));
    let shown = bars(state, columns);
    let Some(last) = shown.bars.len().checked_sub(1) else { return false };
    let newest = shown.bars[last].from;
    let width = Duration::seconds(shown.width);
    let here = shown.cursor.map(|bar| shown.bars[bar].from);
    match command {
        Command::Left => state.console.point_from_logs(Some(here.map_or(newest, |here| here - width))),
        Command::Right => {
            let next = here.map(|here| here + width);
            state.console.point_from_logs(next.filter(|next| !shown.latest || *next <= newest));
        }
        Command::Top => {
            let first = state.console.screens.logs.pane.view().histogram().span().map(|(first, _)| first);
            state.console.point_from_logs(first);
        }
        Command::Bottom => state.console.point_from_logs(Some(newest)),
        Command::NextError | Command::PreviousError => bad(state, &shown, command == Command::NextError),
        Command::Open | Command::Select => match here {
            Some(here) => jump_to_bar(state, here),
            None => state.console.point_from_logs(Some(newest)),
        },
        Command::MoreContext => {
            state.console.screens.logs.range = (state.console.screens.logs.range + 1).min(RANGES.len() - 1);
        }
        Command::LessContext => state.console.screens.logs.range = state.console.screens.logs.range.saturating_sub(1),
        _ => return false,
    }
    true
}

/// The nearest bar with errors.
fn bad(state: &mut State, shown: &BarsShown, forward: bool) {
    let has = |bar: &&HistogramBar| bar.counts[5] + bar.counts[6] > 0;
    let here = shown.cursor;
    let found = if forward {
        shown.bars.iter().skip(here.map_or(0, |here| here + 1)).find(has)
    } else {
        shown.bars.iter().take(here.unwrap_or(shown.bars.len())).rev().find(has)
    };
    if let Some(bar) = found {
        state.console.point_from_logs(Some(bar.from));
    }
}

/// Goes from a bar to its first record, and to the list of records.
pub(in crate::app) fn jump_to_bar(state: &mut State, from: DateTime<Utc>) {
    go_to(state, from);
    state.console.point_from_logs(Some(from));
    state.console.focus = Some(panels::RECORDS.id());
}
