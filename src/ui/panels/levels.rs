//! The levels of the records over time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::layout::Rect;

use super::{Height, PanelView, Room, focused, frame, next_key, note};
use crate::app::keymap::Command;
use crate::app::logs::{self, BarsShown};
use crate::app::screens::logs::LogScope;
use crate::app::state::State;
use crate::config::panels::{self, PanelId};
use crate::logs::histogram::HistogramBar;
use crate::logs::record::Level;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::levels::{self, LevelCounts};
use crate::ui::widgets::notice::Notice;
use crate::world::logs::LoadedSpan;

/// Rows from which the levels over time are worth theirs.
const ROOM_FOR_LEVELS: u16 = 16;

pub(super) struct Levels;

impl PanelView for Levels {
    fn height(&self, _state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        (room.height >= ROOM_FOR_LEVELS).then(|| Height::fixed((room.height / 6).clamp(4, 7)))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        over_time(state, painter, id, area);
    }
}

/// How many records of which level came when.
fn over_time(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let screen = &state.console.screens.logs;
    let inner = Frame::inner(area);
    let plot = levels::plot(inner);
    let BarsShown { width, from, bars, cursor, span, latest } = logs::bars(state, usize::from(plot.width).max(1));
    let buckets: Vec<(DateTime<Utc>, LevelCounts)> = bars.iter().map(|bar| (bar.from, counts(bar))).collect();
    let all = buckets.iter().fold(LevelCounts::default(), |sum, (_, counts)| sum.and(*counts));
    let zone = state.seen().config.console.timezone;
    let each = figures::left(Duration::from_secs(u64::try_from(width).unwrap_or_default()));
    // Older records may be in the files; these counts are of what is loaded.
    let logs = screen.pane.sources().iter().filter_map(|at| state.seen().logs.get(*at));
    let name = if latest {
        let now = state.shown_now().utc;
        match LoadedSpan::of(logs) {
            Some(LoadedSpan { first, complete }) if first > from => {
                format!("last {span}, loaded {}", figures::counted_since(first, complete, now, zone))
            }
            Some(LoadedSpan { complete, .. }) if complete > from => {
                format!("last {span}, complete since {}", figures::moment(complete, now, zone))
            }
            _ => format!("last {span}"),
        }
    } else {
        format!("{span} from {}", bars.first().map_or_else(String::new, |bar| figures::full(bar.from, zone)))
    };
    let foot = match cursor.and_then(|at| buckets.get(at)) {
        Some((begin, counts)) => {
            let to = *begin + TimeDelta::seconds(width);
            let from = figures::moment(*begin, state.shown_now().utc, zone);
            Line::styled(format!("{from} to {}:", figures::time(to, zone)), Role::ChartCursor)
                .then("", Role::Text)
                .join(counted(*counts))
                .then(next_key(state, Command::Open, "jumps"), Role::TextDim)
        }
        None if focused(state, id) => Line::styled(bar_keys(state), Role::TextDim),
        None => Line::new(),
    };
    frame(state, painter, id, whose(state, name))
        .with(counted(all), painter.glyphs().dot)
        .note(Line::styled(format!("a bar is {each}"), Role::TextDim))
        .foot(foot)
        .draw(painter, area);
    note(painter, plot, id.clone());
    match screen.pane.view().histogram().span() {
        // An empty plot says less than that what there is is older.
        Some((_, newest)) if all.total() == 0 && latest && newest < state.shown_now().utc => {
            let age = figures::age((state.shown_now().utc - newest).to_std().unwrap_or_default());
            let headline = format!("no records in the last {span}; the newest is {age} old");
            Notice::empty(headline, further(state)).draw(painter, inner);
        }
        _ => levels::draw(painter, inner, &buckets, cursor),
    }
}

/// The name of the panel, behind whose records they are where not all are shown.
fn whose(state: &State, name: String) -> String {
    match &state.console.screens.logs.scope {
        LogScope::All => name,
        LogScope::Log(log) => format!("log {log}, {name}"),
        LogScope::Service(service) => format!("{}, {name}", state.seen().title_of_service(service)),
    }
}

/// The keys of the bars.
fn bar_keys(state: &State) -> String {
    state.keys_to(&[
        (Command::Left, "goes to the bar before"),
        (Command::Right, "goes to the next one"),
        (Command::MoreContext, "shows a longer span"),
        (Command::LessContext, "shows a shorter one"),
    ])
}

/// How a longer span is shown, where there is one.
fn further(state: &State) -> String {
    let further = (Command::MoreContext, "looks further back");
    if focused(state, &panels::LEVELS.id()) {
        return state.keys_to(&[further]);
    }
    state.keys_to(&[(Command::NextPanel, "goes to this panel"), further])
}

fn counts(bar: &HistogramBar) -> LevelCounts {
    let of = |level: Level| u64::from(bar.counts[level as usize]);
    let errors = of(Level::Error) + of(Level::Fatal);
    let all: u64 = bar.counts.iter().map(|count| u64::from(*count)).sum();
    LevelCounts { errors, warnings: of(Level::Warn), others: all - errors - of(Level::Warn) }
}

fn counted(counts: LevelCounts) -> Line<'static> {
    let kinds = [
        (counts.errors, "errors", Role::LevelError),
        (counts.warnings, "warnings", Role::LevelWarn),
        (counts.others, "others", Role::LevelInfo),
    ];
    kinds
        .into_iter()
        // None of them is no reason to look.
        .map(|(n, word, role)| (n, word, if n == 0 { Role::TextDim } else { role }))
        .fold(Line::new(), |words, (n, word, role)| {
            let word = if n == 1 { word.trim_end_matches('s') } else { word };
            words.then(format!("{} {word}", figures::count(n)), role)
        })
}
