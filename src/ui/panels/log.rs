//! The tail of one log, or of all merged; on the overview what is said again and again is one row.

mod folded;

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use super::{PanelView, focused, frame, next_key, note};
use crate::app::keymap::Command;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::tails::Tail as FilteredTail;
use crate::config::panels::{PanelId, PanelSubject};
use crate::lang::order::InOrder;
use crate::logs::record::{LogState, Loss, Record};
use crate::text::MAX_RECORD_WORDS;
use crate::text::name::Name;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, cut};
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::log::{LogRow, LogStyle, STDERR, is_dated};
use crate::ui::widgets::notice::Notice;
use crate::world::logs::LogView;

/// How many of the newest records are looked through for those of one service, of one log and of all together: a frame
/// must not cost a whole log, nor what hundreds of them hold.
const SCANNED: usize = 4_000;
const SCANNED_TOGETHER: usize = 16_000;

/// Columns that words about a source are worth.
const LEAST: usize = 12;

pub(super) struct LogTail;

impl PanelView for LogTail {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        draw(state, painter, id, area);
    }
}

fn draw(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let PanelSubject::Log(shown) = &id.subject else { return };
    let logs: Vec<&LogView> =
        state.seen().logs.iter().filter(|log| shown.only().is_none_or(|only| log.name == *only)).collect();
    let title = match shown.only() {
        Some(name) => Line::plain("log").then(name, Role::Text),
        None => Line::plain("logs"),
    };
    let filtered = state.console.tails.get(shown);
    if filtered.is_none()
        && state.console.screen == Screen::Overview
        && folded::draw(state, painter, id, &title, &logs, area)
    {
        return;
    }
    tail(state, painter, id, title, &ShownTail { logs: &logs, naming: None, filtered }, area);
}

/// Which records a tail shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShownTail<'a> {
    /// Of these logs.
    pub logs: &'a [&'a LogView],
    /// Of logs that belong to no service those records alone that name this one.
    pub naming: Option<&'a Name>,
    /// Those alone that pass a filter.
    pub filtered: Option<&'a FilteredTail>,
}

/// A frame with the newest records of some logs.
pub(crate) fn tail(
    state: &State,
    painter: &mut Painter<'_>,
    id: &PanelId,
    title: Line<'_>,
    of: &ShownTail<'_>,
    area: Rect,
) {
    let logs = of.logs;
    let dot = painter.glyphs().dot;
    let mut shape = frame(state, painter, id, "");
    shape.title = title.all(if shape.focused { Role::TitleFocus } else { Role::Title });
    shape = match of.filtered {
        Some(filtered) => folded::titled(shape, filtered, usize::from(Frame::inner(area).height), dot),
        None => shape.with(rate_line(logs.iter().map(|log| log.rate).sum::<f64>()), dot),
    };
    let room = usize::from(area.width).saturating_sub(shape.title.width() + 8);
    let state_of_all = newest(state, logs, room, painter.glyphs().ellipsis);
    let inner = Frame::inner(area);
    note(painter, inner, id.clone());
    let height = usize::from(inner.height);
    let (records, times) = match of.filtered {
        Some(filtered) => folded::newest_of(filtered, &state.seen().logs, height),
        None => (last(of, height), Vec::new()),
    };
    let mut rows = rows(&records);
    rows.iter_mut().zip(times).for_each(|(row, times)| row.times = times);
    shape.note(state_of_all).foot(foot(painter, logs, &rows, area.width)).draw(painter, area);
    if records.is_empty() && of.filtered.is_some_and(|filtered| !filtered.view().is_scanning()) {
        let held: u64 = logs.iter().map(|log| log.ring.len() as u64).sum();
        if held > 0 {
            none_passes(held, next_key(state, Command::Open, "opens the logs with this filter")).draw(painter, inner);
            return;
        }
    }
    if let Some(service) = of.naming.filter(|_| records.is_empty() && logs.iter().any(|log| !log.ring.is_empty())) {
        no_recent(state, service).draw(painter, inner);
        return;
    }
    if records.is_empty() {
        nothing(logs).draw(painter, inner);
        return;
    }
    let style = LogStyle {
        timestamps: state.console.timestamps,
        zone: state.seen().config.console.timezone,
        now: state.shown_now(),
        dated: is_dated(&records, state.shown_now(), state.seen().config.console.timezone),
        source: source_width(state, logs.len(), &records),
        wrap: false,
        column: 0,
        finder: &|text| of.filtered.map_or_else(Vec::new, |filtered| filtered.view().filter().hits(text)),
        colours: state.console.colours,
        columns: state.columns(id),
        focused: focused(state, id),
    };
    let inner = style.head_row(painter, inner, &rows);
    style.draw(painter, inner, &rows);
}

fn rows(records: &[Record]) -> Vec<LogRow<'_>> {
    let mut above = None;
    let mut latest = None;
    let row = |record| {
        let record: &Record = record;
        // A line that states no time goes with the one above it.
        let at = record.time.or(above).unwrap_or_else(|| record.at());
        let since = above.replace(at).map(|above| at - above);
        let latest = latest.get_or_insert(at);
        *latest = at.max(*latest);
        LogRow {
            record,
            selected: false,
            marked: false,
            context: false,
            late: latest.timestamp() > at.timestamp(),
            since,
            times: 1,
        }
    };
    records.iter().map(row).collect()
}

/// What stands in the lower border: what was lost, and what the signs in the rows mean where there is room.
pub(crate) fn foot(painter: &Painter<'_>, logs: &[&LogView], rows: &[LogRow<'_>], width: u16) -> Line<'static> {
    let late = Line::styled(painter.glyphs().up, Role::LogMark).then("arrived late", Role::TextDim);
    let stderr = Line::styled(STDERR, Role::StatusDegraded).then("stderr", Role::TextDim);
    let signs = [(rows.iter().any(|row| row.late), late), (rows.iter().any(|row| row.record.stderr), stderr)];
    signs.into_iter().filter(|(is_shown, _)| *is_shown).fold(losses(logs, width), |words, (_, sign)| {
        let both = if words.is_empty() { sign } else { sign.and("  ", Role::Text).join(words.clone()) };
        if both.width() + 6 <= usize::from(width) { both } else { words }
    })
}

/// What is said where other services are what the newest records are about.
fn no_recent(state: &State, service: &str) -> Notice<'static> {
    let words = format!("no recent records of {}", state.seen().title_of_service(service));
    Notice::empty(words, next_key(state, Command::ServiceLogs, "looks through all that is loaded"))
}

/// Columns for what a record comes from: the service that it names, else its log. None where one log names nothing.
/// As many as the longest name so far needs, within bounds, and never fewer again: records come and go, columns must
/// not.
pub(crate) fn source_width<'a>(state: &State, logs: usize, records: impl IntoIterator<Item = &'a Record>) -> usize {
    if logs <= 1 && records.into_iter().all(|record| record.service.is_none()) {
        return 0;
    }
    let services = state.seen().config.services.iter().map(|service| &service.name);
    let named = state.seen().logs.iter().map(|log| log.longest_service);
    let longest = state
        .seen()
        .logs
        .iter()
        .map(|log| &log.name)
        .chain(services)
        .map(|name| name.chars().count())
        .chain(named)
        .max();
    longest.unwrap_or(0).clamp(3, 16)
}

/// The newest `count` records of several logs, by time, oldest first. Each log is read no further than these go.
fn last(of: &ShownTail<'_>, count: usize) -> Vec<Record> {
    let scanned = SCANNED.min(SCANNED_TOGETHER / of.logs.len().max(1));
    let logs = of.logs.iter().map(|log| match of.naming.filter(|_| log.service.is_none()) {
        None => newest_of(log, None, count),
        naming => newest_of(log, naming, scanned),
    });
    let mut logs: Vec<_> = logs.collect();
    let mut next: BinaryHeap<Newest<'_>> = BinaryHeap::with_capacity(logs.len());
    next.extend(logs.iter_mut().enumerate().filter_map(|(log, rest)| Some(Newest::new(rest.next()?, log))));
    let mut records: Vec<Newest<'_>> = Vec::with_capacity(count);
    while records.len() < count
        && let Some(newest) = next.pop()
    {
        next.extend(logs[newest.log].next().map(|record| Newest::new(record, newest.log)));
        records.push(newest);
    }
    records.sort();
    records.into_iter().map(|newest| newest.record.clone()).collect()
}

/// Those of the newest `most` records of a log that name a service, where one is asked for; newest first.
fn newest_of<'a>(
    log: &'a LogView,
    naming: Option<&'a Name>,
    most: usize,
) -> impl Iterator<Item = (DateTime<Utc>, &'a Record)> {
    log.newest_first().take(most).filter(move |(_, record)| {
        naming.is_none_or(|service| record.service.as_ref().is_some_and(|named| named.as_str() == &**service))
    })
}

/// The newest record of a log that is not taken yet, by the time by which it goes among those of others.
struct Newest<'a> {
    at: DateTime<Utc>,
    record: &'a Record,
    log: usize,
}

impl<'a> Newest<'a> {
    const fn new((at, record): (DateTime<Utc>, &'a Record), log: usize) -> Self {
        Self { at, record, log }
    }

    fn key(&self) -> (DateTime<Utc>, &Name, u64) {
        (self.at, &self.record.log, self.record.seq)
    }
}

impl Ord for Newest<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Newest<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Newest<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Newest<'_> {}

/// `4,102/s`, to two digits, so that it does not flicker.
pub(crate) fn rate_line(rate: f64) -> Line<'static> {
    if rate < 0.05 {
        return Line::styled("quiet", Role::TextDim);
    }
    let coarse = if rate < 1.0 {
        "<1".to_owned()
    } else if rate < 100.0 {
        format!("{rate:.0}")
    } else {
        let power = 10_f64.powf(rate.log10().floor() - 1.0);
        figures::count(((rate / power).round() * power) as u64)
    };
    Line::styled(format!("{coarse}/s"), Role::Text)
}

/// How long ago the newest record came; what is wrong with a source goes before, cut to what there is room for.
fn newest(state: &State, logs: &[&LogView], room: usize, ellipsis: &str) -> Line<'static> {
    let troubled = |state: &LogState| {
        let quiet = matches!(state, LogState::Starting | LogState::Following(_) | LogState::FollowingNewest { .. });
        !quiet
    };
    let mut bad = logs.iter().filter(|log| troubled(&log.state));
    if let Some(log) = bad.next() {
        let more = match bad.count() {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let (words, role) = said(log);
        let room = room.saturating_sub(more.len());
        return if room < LEAST {
            Line::new()
        } else {
            Line::styled(cut(&words, room, ellipsis), role).and(more, Role::TextDim)
        };
    }
    let newest = logs.iter().filter_map(|log| log.last_at).max_by_key(|at| at.mono);
    newest.map_or_else(Line::new, |at| {
        Line::styled(format!("last {}", figures::age(state.shown_now().since(at))), Role::TextDim)
    })
}

/// What a source is doing, in words.
pub(crate) fn log_state(log: &LogView) -> Line<'static> {
    let (words, role) = said(log);
    Line::styled(words, role)
}

fn said(log: &LogView) -> (String, Role) {
    let (words, role) = match &log.state {
        LogState::Starting => ("starting".to_owned(), Role::TextDim),
        LogState::CatchingUp { left } => (catching_up(*left), Role::StatusPending),
        LogState::Following(1) | LogState::FollowingNewest { files: 1, .. } => ("following".to_owned(), Role::TextDim),
        LogState::Following(files) | LogState::FollowingNewest { files, .. } => {
            (format!("following {}", figures::counted(*files, "file")), Role::TextDim)
        }
        LogState::Waiting(why) | LogState::Restarting(why) => (why.to_string(), Role::StatusPending),
        LogState::Failed(why) => (why.to_string(), Role::LevelError),
    };
    (format!("{}: {words}", log.name), role)
}

/// `catching up, 1.2 GiB to read`: of a pipe nobody knows how much is in it.
pub(crate) fn catching_up(left: u64) -> String {
    if left == 0 { "catching up".to_owned() } else { format!("catching up, {} to read", figures::bytes(left)) }
}

/// What could not be shown as it was, where anything was lost: in words that fit the lower border of a panel `width`
/// wide, with the log that it was where it is one of several. Each log's own figures are in the diagnostics.
pub(crate) fn losses(logs: &[&LogView], width: u16) -> Line<'static> {
    let lossy: Vec<&LogView> = logs.iter().filter(|log| log.lost().is_some() || log.left_out() > 0).copied().collect();
    let name = match lossy[..] {
        [one] if logs.len() > 1 => Line::styled(format!("{}:", one.name), Role::TextDim),
        _ => Line::new(),
    };
    let words = losses_of(&lossy).into_iter().fold(name, |words, loss| words.then("", Role::Text).join(loss));
    if words.width() + 6 <= usize::from(width) { words } else { Line::styled("losses, see !", Role::LevelWarn) }
}

/// Each kind of loss, together over some logs.
pub(crate) fn losses_of(logs: &[&LogView]) -> Vec<Line<'static>> {
    let sum = |of: fn(&Loss) -> u64| logs.iter().filter_map(|log| log.lost()).map(|loss| of(&loss)).sum::<u64>();
    let left_out: u64 = logs.iter().map(|log| log.left_out() as u64).sum();
    let cut = format!("cut at {MAX_RECORD_WORDS}");
    let facts = [
        (sum(|loss| loss.dropped), "dropped", Role::TextDim, false),
        (sum(|loss| loss.skipped_bytes), "skipped", Role::LevelWarn, true),
        (sum(|loss| loss.cut_records), &cut, Role::LevelWarn, false),
        (sum(|loss| loss.neutralised), "neutralised", Role::LevelWarn, false),
        (left_out, if left_out == 1 { "file not followed" } else { "files not followed" }, Role::LevelWarn, false),
    ];
    let lost = facts.into_iter().filter(|(n, ..)| *n > 0);
    lost.map(|(n, what, role, bytes)| {
        let n = if bytes { figures::bytes(n) } else { figures::count(n) };
        Line::styled(format!("{n} {what}"), role)
    })
    .collect()
}

/// A filter that keeps nothing.
pub(crate) fn none_passes(held: u64, next: String) -> Notice<'static> {
    Notice::empty(format!("0 of {} records match the filter", figures::count(held)), next)
}

/// Why there are no records: what each source is doing, those with trouble first.
pub(crate) fn nothing(logs: &[&LogView]) -> Notice<'static> {
    if logs.is_empty() {
        return Notice::empty("no logs", "add [log.NAME] with file = \"…\" or command = […] to the configuration");
    }
    let mut by_trouble: Vec<&LogView> = logs.to_vec();
    by_trouble.order_by_key(|log| match log.state {
        LogState::Failed(_) => 0,
        LogState::Restarting(_) => 1,
        LogState::Waiting(_) => 2,
        _ => 3,
    });
    let first = by_trouble[0];
    let headline = match &first.state {
        LogState::Failed(_) => Line::styled(format!("{} can't be read", first.name), Role::LevelError),
        LogState::Waiting(_) => Line::styled(format!("waiting for the file of {}", first.name), Role::StatusPending),
        LogState::Restarting(_) => Line::styled(format!("the command of {} ended", first.name), Role::StatusPending),
        LogState::Starting => Line::plain("opening the logs"),
        LogState::CatchingUp { .. } => Line::plain("reading existing records"),
        LogState::Following(_) | LogState::FollowingNewest { .. } => Line::plain("no records yet"),
    };
    let mut next: Vec<Line<'_>> = by_trouble.iter().take(MOST_STATES).map(|log| log_state(log)).collect();
    if by_trouble.len() > MOST_STATES {
        next.push(Line::styled(format!("and {} more", by_trouble.len() - MOST_STATES), Role::TextDim));
    }
    Notice { headline, next }
}

/// Logs whose state is told where there are no records.
const MOST_STATES: usize = 6;
