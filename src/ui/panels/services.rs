//! Every service: status, since when, latency, availability, what is wrong.

use std::time::Duration;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::{Height, Listing, PanelView, Room, alerts, frame, framed, note, of_filter, overlaid, own_fault, reason};
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::panels::services::folded;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::{self, PanelId};
use crate::lang::time::Stamp;
use crate::model::status::Status;
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::{Line, Span, cut};
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::scale::Scale;
use crate::ui::widgets::table::{Column, LINES, Table, TableRow, beside_pointer, longest, widths};
use crate::ui::widgets::{spark, status};
use crate::world::alerts::Phase;
use crate::world::checks::CheckView;
use crate::world::services::ServiceView;

/// Percentiles on the overview are of this window.
pub(crate) const LATENCY_WINDOW: Duration = Duration::from_mins(15);
/// Availability on the overview is of this window.
const AVAILABILITY_WINDOW: Duration = Duration::from_hours(24);
/// A sparkline's column is never shorter: over SSH each column that moves costs.
const BUCKET: Duration = Duration::from_secs(30);
/// But for the first minutes after the start, when there would be nothing to see.
const FIRST_BUCKET: Duration = Duration::from_secs(10);
/// Latencies below are not worth a difference in height, in milliseconds.
const CALM: f64 = 200.0;
/// Rows from which the headings are worth theirs.
const HEADINGS_FROM: u16 = 3;

pub(super) struct Services;

impl PanelView for Services {
    /// As high as there are services, under their headings.
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        let rows = state.rows(id).len().max(2);
        Some(Height { most: framed(rows).saturating_add(1), ..Height::from(room.list(rows).max(5)) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        draw(state, painter, id, area);
    }
}

fn draw(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let inner = Frame::inner(area);
    // Four services come before what their columns are called.
    let rows = u16::try_from(state.rows(id).len().min(4)).unwrap_or(4);
    let headings = inner.height >= HEADINGS_FROM && inner.height > rows;
    let rows_area = if headings { split_top(inner, 1).1 } else { inner };
    let listing = Listing::new(state, id, usize::from(rows_area.height));
    let dot = painter.glyphs().dot;
    frame(state, painter, id, "services")
        .with(counts(state), dot)
        .note(freshness(state))
        .foot(listing.position())
        .draw(painter, area);
    note(painter, rows_area, id.clone());
    if listing.keys.is_empty() {
        let (headline, next) = if state.seen().services.is_empty() {
            ("no services yet", "add [service.NAME] and [check.NAME] to the configuration".to_owned())
        } else {
            ("no service matches the filter", of_filter(state))
        };
        Notice::empty(headline, next).draw(painter, inner);
        return;
    }
    let spare = usize::from(rows_area.height).saturating_sub(listing.keys.len());
    let columns = columns(state, painter, inner.width, spare);
    let room = widths(&columns, beside_pointer(inner).width);
    let shown = listing.visible().iter().filter_map(|key| match key {
        RowKey::Service(name) => Some(row(state, painter, state.seen().service(name)?, &room)),
        RowKey::Healthy => Some(healthy(state, painter, id, &room)),
        _ => None,
    });
    let rows = shown.collect();
    Table { columns: &columns, rows, selected: listing.selected, headings }.draw(painter, inner);
}

/// The services that are well, in one row.
fn healthy<'a>(state: &'a State, painter: &Painter<'_>, id: &PanelId, widths: &[u16]) -> TableRow<'a> {
    let titles: Vec<&str> = folded(state, id).iter().map(|service| service.title.as_str()).collect();
    let is_open = state.console.screens.overview.healthy_is_open;
    let count = Line::styled(figures::counted(titles.len(), "service"), Role::Text);
    let words = if is_open {
        count.and(state.and_keys("", &[(Command::Open, "folds them")]), Role::TextDim)
    } else {
        count.and(format!(": {}", titles.join(", ")), Role::TextDim)
    };
    TableRow {
        cells: vec![status::label(Status::Ok, false, painter.glyphs(), widths[0]), words],
        running_on: Some(1),
        target: Some(Target::Row(RowKey::Healthy)),
    }
}

/// The columns of a table of `width`. `spare`: rows that it has to spare, in which reasons go on.
fn columns(state: &State, painter: &Painter<'_>, width: u16, spare: usize) -> [Column; 8] {
    // ASCII glyphs are two columns wide. Words give way to glyphs last of all.
    let word = if painter.glyphs().ascii { 11 } else { 10 };
    let status = if width < 26 { 2 } else { word };
    // Beside its name also where there is no room for a reason: what is seen here says nothing for others.
    let is_any_own = state.seen().services.iter().any(|service| is_own_view(state, service));
    let own = if is_any_own { OWN_VIEW.len() as u16 + 1 } else { 0 };
    let title = longest(state.seen().services.iter().map(|service| &*service.title), 7, 60);
    let (name, whole) = (title.min(20) + own, title + own);
    let alert = if is_beside_alerts(state, painter) || !state.seen().has_alert_conditions() { 0 } else { ALERT };
    // What is wrong comes before how fast it was: where reasons can't go on below, figures have what the longest one leaves.
    let (longest, below) = reasons(state, painter);
    let goes_on = painter.width() >= SHORT && below <= spare;
    let longest = if goes_on { 0 } else { longest };
    let reason = (width * 9 / 20).clamp(REASON, 60).max(longest);
    let any_is_found = state.seen().services.iter().any(|service| !service.is_healthy() && is_found(state, service));
    let since = if any_is_found { figures::BEFORE } else { 8 };
    let name_at_least = if own > 0 || width >= NAMED { name } else { name.min(10) };
    let beside = status + name_at_least + since + alert + 5;
    let least = REASON.min(width / 3).max(longest.min(width.saturating_sub(beside)));
    // Why comes before how bad, where one of them has to go.
    let alert_goes = if width < BOTH || beside + least > width { 4 } else { 2 };
    // Of the answers to checks, as metrics have their own; in little room a reason needs the two cells of that word more.
    let [p95, course] = if width >= ROOMY {
        [Column::figure("check p95 15m", 13, 5), Column::plot("latency", 7, 24, 6)]
    } else {
        let p95 = if width < NAMED { ("p95 15m", 7) } else { ("check p95", 9) };
        [Column::figure(p95.0, p95.1, 5), Column::plot("trend", 5, 10, 6)]
    };
    [
        Column::text("status", status, word, 0),
        Column::text("service", name_at_least, whole, 0),
        Column::text("since", since, if width >= ROOMY { 17 } else { since }, if width < DATED { 4 } else { 1 }),
        Column::text("alert", alert, alert, if alert == 0 { u8::MAX } else { alert_goes }),
        Column::text("reason", least, reason, 3).wrapping(),
        p95,
        course,
        Column::figure(availability_heading(state), 8, 7),
    ]
}

/// So many of the worst services decide how wide reasons are: of a thousand, each would be put into words in every frame.
const WORST: usize = 100;

/// Columns of the longest reason of the worst services, and the rows below their own in which all of them go on where they
/// have the least that they are worth: more than there can be where one would be cut even so.
fn reasons(state: &State, painter: &Painter<'_>) -> (u16, usize) {
    let (mut longest, mut below) = (0, 0_usize);
    for service in state.seen().services.iter().take(WORST) {
        let leading = service.leading.and_then(|id| state.seen().checks.get(id));
        let reason = why(state, painter, service, leading, u16::MAX);
        longest = longest.max(u16::try_from(reason.width()).unwrap_or(u16::MAX));
        below = match reason.wrapped(usize::from(REASON), 0).len() {
            lines @ ..=LINES => below.saturating_add(lines - 1),
            _ => usize::MAX,
        };
    }
    (longest, below)
}

/// Columns from which there is room for both since when and a reason, which comes first.
const DATED: u16 = 44;
/// Columns from which no name is cut.
const NAMED: u16 = 60;
/// Columns from which there is room for both a severity and a reason.
const BOTH: u16 = 70;
/// Columns of a screen in which reasons have the room of figures also where they could go on below.
const SHORT: u16 = 100;
/// Columns that a reason is worth before anything else beside the name.
const REASON: u16 = 24;
/// Columns of an alert's severity.
const ALERT: u16 = 8;
/// Columns from which there is room for more than the least of everything.
const ROOMY: u16 = 90;

/// Whether alerts are in a panel of their own on this screen.
fn is_beside_alerts(state: &State, painter: &Painter<'_>) -> bool {
    let layout = state.console.layouts.get(&state.console.screen);
    let rows = layout.map(|layout| layout.rows_at(painter.width()));
    rows.is_some_and(|rows| rows.iter().flatten().flatten().any(|placed| placed.id.is(&panels::ALERTS)))
}

/// What the availability is of: where minutes are known it can't be spoken of a day.
fn availability_heading(state: &State) -> &'static str {
    match state.seen().known_for().as_secs() / 3_600 {
        0 => "up <1h",
        1..6 => "up <6h",
        6..24 => "up <24h",
        _ => "up 24h",
    }
}

/// Beside what is seen otherwise here than by whoever acts for all.
pub(super) const OWN_VIEW: &str = "own view";

fn is_own_view(state: &State, service: &ServiceView) -> bool {
    service.leading.and_then(|id| state.seen().checks.get(id)).is_some_and(|check| state.seen().is_own_view(check))
}

fn row<'a>(state: &'a State, painter: &Painter<'_>, service: &'a ServiceView, widths: &[u16]) -> TableRow<'a> {
    let glyphs = painter.glyphs();
    let leading = service.leading.and_then(|id| state.seen().checks.get(id));
    let old = leading.map_or(service.stale, |check| check.stale);
    let mut title = Line::styled(service.title.clone(), if service.own { Role::TextDim } else { Role::Text });
    if is_own_view(state, service) {
        title = title.then(OWN_VIEW, Role::MarkStale);
    }
    let none = || Line::styled(glyphs.none, Role::TextDim);
    let mut figures = leading.map_or_else(Vec::new, |check| figures_of(state, glyphs, check, widths[6]));
    figures.resize_with(3, none);
    let mut cells = vec![
        status::label(service.status, old, glyphs, widths[0]),
        title,
        Line::plain(since(state, service, widths[2])),
        alert(state, glyphs, service, widths[4] > 0),
        why(state, painter, service, leading, widths[4]),
    ];
    cells.extend(figures);
    if old {
        for cell in cells.iter_mut().skip(1) {
            *cell = std::mem::take(cell).all(Role::TextDim);
        }
    }
    let target = Some(Target::Row(RowKey::Service(service.name.clone())));
    TableRow { cells, target, ..TableRow::default() }
}

/// Whether a service stood as it does when it was first looked at.
fn is_found(state: &State, service: &ServiceView) -> bool {
    state.seen().standing_since(service).is_some_and(|since| !since.seen)
}

/// Since when, as the bar says it: the clock where that was seen today, with the time that it lasts where there is room.
fn since(state: &State, service: &ServiceView, width: u16) -> String {
    let (now, zone) = (state.seen().now, state.seen().config.console.timezone);
    let since = state.seen().standing_since(service);
    let lasts = figures::age_since(since, now, zone, "-");
    match (figures::clock_since(since, now, zone), since) {
        (Some(clock), _) if width >= 13 => format!("{clock} {lasts}"),
        (Some(clock), _) => clock,
        // That it was well already when it was first looked at is worth no room of others.
        (None, Some(since)) if !since.seen && width < figures::BEFORE => "-".to_owned(),
        _ => lasts,
    }
}

/// The worst that fires for a service; the sign of what mutes them where all are muted, unless that stands beside it: whether
/// reasons have a column is `has_reason`.
fn alert(state: &State, glyphs: GlyphSet, service: &ServiceView, has_reason: bool) -> Line<'static> {
    match state.seen().alerts_of(service).find(|alert| alert.phase == Phase::Firing) {
        // Those that are muted come last.
        Some(alert) if alert.is_muted() => {
            let is_said = state.seen().is_in_maintenance(service) || state.seen().is_silenced(service);
            if has_reason && is_said { Line::new() } else { alerts::sign(glyphs, alert) }
        }
        Some(alert) => status::severity(alert.severity, false),
        None => Line::new(),
    }
}

/// Percentile, sparkline and availability of the leading check.
fn figures_of(state: &State, glyphs: GlyphSet, check: &CheckView, columns: u16) -> Vec<Line<'static>> {
    let none = || Line::styled(glyphs.none, Role::TextDim);
    let latency = check.percentile_of_answers(0.95, LATENCY_WINDOW).map_or_else(none, |ms| {
        let figure = figures::milliseconds(ms);
        // It would pass for how fast it is now.
        if check.is_answering() {
            Line::plain(figure)
        } else {
            Line::styled(glyphs.stale, Role::MarkStale).and(figure, Role::TextDim)
        }
    });
    let availability = up(glyphs, check, AVAILABILITY_WINDOW, state.seen().now);
    vec![latency, sparkline(state, glyphs, check, columns), availability]
}

/// How much of the last `window` a check was up, marked where too little of it is known.
pub(super) fn up(glyphs: GlyphSet, check: &CheckView, window: Duration, now: Stamp) -> Line<'static> {
    match check.availability(window, now) {
        Some(figure) if figure.thin => Line::styled(figures::rough_percent(figure.percent), Role::TextDim),
        Some(figure) => Line::plain(figures::percent(figure.percent)),
        None => Line::styled(glyphs.none, Role::TextDim),
    }
}

/// The latency of a check over the last buckets.
pub(crate) fn sparkline(state: &State, glyphs: GlyphSet, check: &CheckView, columns: u16) -> Line<'static> {
    if columns == 0 {
        return Line::new();
    }
    let young = state.seen().known_for() < FIRST_BUCKET * u32::from(columns);
    let least = if young { FIRST_BUCKET } else { BUCKET };
    let buckets = check.every.as_secs().div_ceil(least.as_secs()).max(1);
    let bucket = least * u32::try_from(buckets).unwrap_or(u32::MAX);
    let now = state.seen().now;
    let medians = |at: Stamp| check.spark(usize::from(columns), bucket, at);
    let ended = medians(spark::until(now, bucket));
    // The first bucket of all has not ended yet.
    let medians = if ended.iter().any(Option::is_some) { ended } else { medians(now) };
    let values: Vec<Option<f64>> = medians.into_iter().map(|ms| ms.map(|ms| ms as f64)).collect();
    let scale = Scale::from_zero(values.iter().flatten().copied(), CALM);
    spark::line(&values, scale, glyphs, Role::ChartLine)
}

/// What lies over its status, and what is wrong, in `width` columns.
fn why<'a>(
    state: &'a State,
    painter: &Painter<'_>,
    service: &'a ServiceView,
    leading: Option<&'a CheckView>,
    width: u16,
) -> Line<'a> {
    let lies_over = |short| {
        overlaid::overlays(state, painter.glyphs(), service, leading.is_some_and(|check| check.flapping), short)
    };
    let mut over = lies_over(false);
    if over.is_empty() {
        return cause(state, painter, service, leading, width);
    }
    // Why it is broken comes before the words for who knows of it.
    if over.width() + 2 + cause(state, painter, service, leading, u16::MAX).width() > usize::from(width) {
        over = lies_over(true);
    }
    let taken = u16::try_from(over.width()).unwrap_or(u16::MAX).saturating_add(2);
    let cause = cause(state, painter, service, leading, width.saturating_sub(taken));
    if cause.is_empty() { over } else { over.and("  ", Role::Text).join(cause) }
}

/// What is wrong, or what it waits for, in `width` columns. A fault of its own comes first.
fn cause<'a>(
    state: &'a State,
    painter: &Painter<'_>,
    service: &'a ServiceView,
    leading: Option<&'a CheckView>,
    width: u16,
) -> Line<'a> {
    let glyphs = painter.glyphs();
    if let Some(by) = service.by() {
        let by = Span::borrowed(state.seen().title_of_service(by));
        return match &service.own_reason {
            Some(own) => own_fault::beside(own, by, width, glyphs.ellipsis),
            None => Line::styled("by ", Role::MarkInhibited).and(by, Role::MarkInhibited),
        };
    }
    let Some(check) = leading else { return Line::styled("no checks", Role::TextDim) };
    let reason = reason::of(state, check);
    let Some((name, also)) = state.seen().spoken_of(service) else { return reason };
    let between = if reason.is_empty() { "" } else { ": " };
    let said = Line::plain(name).and(between, Role::Text).join(reason);
    if also.is_empty() || said.width() + also.width() <= usize::from(width) {
        return said.and(also, Role::Text);
    }
    // The names stay, and what is wrong with the first is cut.
    let room = usize::from(width).saturating_sub(also.width()).max(usize::from(REASON / 2));
    let words: String = said.pieces().map(|(text, _)| text).collect();
    Line::plain(cut(&words, room, glyphs.ellipsis)).and(also, Role::Text)
}

/// `1 down · 1 degraded · 5 ok`, worst first.
pub(crate) fn counts(state: &State) -> Line<'static> {
    let mut words = Line::new();
    let mut add = |n: usize, word: String, role: Role| {
        if n > 0 {
            if !words.is_empty() {
                words.push(", ", Role::TextDim);
            }
            words.push(format!("{n} {word}"), role);
        }
    };
    add(state.seen().services.iter().filter(|service| service.stale).count(), "stale".to_owned(), Role::MarkStale);
    for status in Status::WORST_FIRST {
        let n = state.seen().services.iter().filter(|service| service.status == status && !service.stale).count();
        // In a border a chip would shout twice: the row says it already.
        let role = if status == Status::Down { Role::LevelError } else { status::role(status) };
        add(n, status.word().to_lowercase(), role);
    }
    words
}

/// How old the oldest answer is, of those that are late.
fn freshness(state: &State) -> Line<'static> {
    let oldest = state
        .seen()
        .checks
        .iter()
        .filter_map(|check| check.age(state.seen().now).filter(|age| *age > check.every * 2))
        .max();
    oldest.map_or_else(Line::new, |age| Line::styled(format!("oldest answer {} old", figures::age(age)), Role::TextDim))
}
