//! Alerts: firing, pending, lately resolved, and why one is muted.

use ratatui::layout::Rect;

use super::{Height, Listing, PanelView, Room, frame, framed, note, of_filter};
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::status::Status;
use crate::text::count::counted;
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::status;
use crate::ui::widgets::table::{Column, Table, TableRow};
use crate::world::alerts::{AlertParts, AlertView, Phase};

/// Under this many columns the severity is shortened, so that what fires keeps its words.
const NARROW: u16 = 40;

/// From so many columns on the state has room for all that it says.
const ROOMY: u16 = 90;

/// Columns of since when, as clock time and duration.
const DATED: u16 = 13;

/// Before what fires, as on the timeline.
const FIRING: &str = "!";

/// Columns that `resolved` needs, and most signs with a name.
const STATE: u16 = 8;

/// Columns that `clears in 1m 10s` needs.
const CLEARS: u16 = 15;

/// Columns that `silenced by` needs with most names.
const NAMED: u16 = 18;

const COLUMNS: [Column; 4] = [
    Column::text("severity", 8, 8, 1),
    Column::text("what", 10, 120, 0).wrapping(),
    Column::text("state", STATE, 24, 3),
    Column::figure("since", 4, 2),
];

pub(super) struct Alerts;

impl PanelView for Alerts {
    /// Alerts come and go: the height of a row must not, or not by much. None is a line.
    fn height(&self, state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        let (least, most) = match state.seen().alerts.len() {
            0 => (framed(0), framed(0)),
            alerts => {
                let most = if state.console.screen == Screen::Alerts { usize::MAX } else { 8 };
                (if room.is_narrow() { 3 } else { 5 }, framed(alerts.clamp(3, most)))
            }
        };
        Some(Height { most, yields: true, ..Height::from(least) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        draw(state, painter, id, area);
    }
}

fn draw(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let inner = Frame::inner(area);
    let listing = Listing::new(state, id, usize::from(inner.height));
    let dot = painter.glyphs().dot;
    frame(state, painter, id, "alerts").with(counts(state), dot).foot(listing.position()).draw(painter, area);
    note(painter, inner, id.clone());
    if listing.keys.is_empty() {
        nothing(state).draw(painter, inner);
        return;
    }
    let shown = listing.visible().iter().filter_map(|key| match key {
        RowKey::Alert(id) => state.seen().alert(id),
        _ => None,
    });
    let shown: Vec<&AlertView> = shown.collect();
    let shows_end = shown.iter().any(|alert| alert.clearing.is_some());
    // What fires has the room that the states leave; none of them changes with a reading but when one clears.
    let states = shown.iter().map(|alert| standing(state, painter, alert).width()).max().unwrap_or(0);
    let is_found = shown.iter().any(|alert| alert.since.is_some_and(|since| !since.seen));
    let rows = shown.into_iter().map(|alert| row(state, painter, alert, inner.width)).collect();
    let mut columns = COLUMNS;
    if is_found {
        columns[3] = Column::figure("since", figures::BEFORE, 2);
    }
    columns[2].least = u16::try_from(states).unwrap_or(NAMED).clamp(if shows_end { CLEARS } else { STATE }, NAMED);
    if inner.width >= ROOMY {
        columns[2].least = columns[2].most;
        columns[3] = Column::figure("since", if is_found { figures::BEFORE.max(DATED) } else { DATED }, 2);
    }
    if inner.width < NARROW {
        columns[0] = Column::text("severity", 4, 4, 1);
        // It never fits: the signs say it.
        columns[2].least = NARROW;
    }
    Table { columns: &columns, rows, selected: listing.selected, headings: false }.draw(painter, inner);
}

fn nothing(state: &State) -> Notice<'static> {
    if !state.seen().alerts.is_empty() {
        return Notice::empty("no alert matches the filter", of_filter(state));
    }
    let checks = state.seen().config.checks.iter().map(|check| check.alerts.len());
    let metrics = state.seen().config.metrics.iter().map(|metric| metric.alerts.len());
    match checks.chain(metrics).sum::<usize>() {
        0 => Notice::empty("no alert conditions", "add alert = { critical = \"down for 2m\" } to a check or a metric"),
        n => Notice::empty("no alerts firing", format!("{} watched", counted(n, "condition"))),
    }
}

fn row<'a>(state: &'a State, painter: &Painter<'_>, alert: &'a AlertView, width: u16) -> TableRow<'a> {
    let narrow = width < NARROW;
    let resolved = alert.phase == Phase::Resolved;
    let mut severity = status::severity(alert.severity, narrow);
    let muted = alert.is_muted();
    let mut what = what(state, painter.glyphs(), alert, narrow || muted);
    // Where the state has no column, a sign stands for it: colour alone says nothing to whoever has none.
    if narrow {
        what = sign(painter.glyphs(), alert).and(" ", Role::Text).join(what);
    }
    // What waits or is over must not look as loud as what fires.
    if alert.phase != Phase::Firing || muted {
        severity = severity.all(Role::TextDim);
        what = what.all(if resolved || muted { Role::TextDim } else { Role::Text });
    }
    let (now, zone) = (state.seen().now, state.seen().config.console.timezone);
    let lasts = figures::age_since(alert.since, now, zone, "-");
    let clock = figures::clock_since(alert.since, now, zone).filter(|_| width >= ROOMY);
    let since = clock.map_or_else(|| lasts.clone(), |clock| format!("{clock} {lasts}"));
    let since = Line::styled(since, if resolved { Role::TextDim } else { Role::Text });
    TableRow {
        cells: vec![severity, what, standing(state, painter, alert), since],
        target: Some(Target::Row(RowKey::Alert(alert.id.clone()))),
        ..TableRow::default()
    }
}

/// Where it stands in one sign: the same that stands beside its service and on the timeline.
pub(super) fn sign(glyphs: GlyphSet, alert: &AlertView) -> Line<'static> {
    let (sign, role) = match alert.phase {
        _ if alert.maintenance.is_some() => (glyphs.maintenance, Role::MarkMaintenance),
        _ if alert.is_silenced() => (glyphs.silenced, Role::MarkSilenced),
        _ if alert.inhibited_by.is_some() => (glyphs.inhibited, Role::MarkInhibited),
        _ if alert.flapping => (glyphs.flapping, Role::MarkFlapping),
        _ if alert.acknowledged.is_some() => (glyphs.acknowledged, Role::MarkAcknowledged),
        Phase::Firing => (FIRING, status::severity_role(alert.severity)),
        Phase::Pending => (Status::Pending.glyph(glyphs.ascii), Role::StatusPending),
        Phase::Resolved => (glyphs.check, Role::StatusOk),
        Phase::Inactive => (glyphs.none, Role::TextDim),
    };
    // What the reverse of a chip would make a block of is a sign.
    let role = if role == Role::SeverityCritical { Role::ChartCritical } else { role };
    Line::styled(sign, role)
}

/// `error-rate 12.4 % > 10%`, `api down · connection refused`: what is seen and what was asked.
/// `with_end`: also when it clears, where the state is not shown beside it.
pub(crate) fn what<'a>(state: &State, glyphs: GlyphSet, alert: &'a AlertView, with_end: bool) -> Line<'a> {
    let name = Line::styled(state.seen().title_of_subject(&alert.subject).to_owned(), Role::TextStrong);
    name.and(" ", Role::Text).join(condition(state, glyphs, alert, with_end))
}

/// The same where the name of what it is about stands before it.
pub(in crate::ui) fn condition<'a>(state: &State, glyphs: GlyphSet, alert: &'a AlertView, with_end: bool) -> Line<'a> {
    let AlertParts { value, asked, more } = alert.parts(state.seen().now);
    let more = more.filter(|_| with_end || alert.clearing.is_none());
    let value = value.map_or_else(Line::new, |value| Line::styled(Span::borrowed(value), Role::Text));
    let line = value.then(asked, Role::Text);
    match more {
        Some(more) => line.then(glyphs.dot, Role::TextDim).then(more, Role::Text),
        None => line,
    }
}

/// Where it stands, with the reason where it is muted.
pub(crate) fn standing<'a>(state: &'a State, painter: &Painter<'_>, alert: &'a AlertView) -> Line<'a> {
    let glyphs = painter.glyphs();
    if alert.is_own_view {
        return Line::styled(super::services::OWN_VIEW, Role::TextDim);
    }
    if let Some(maintenance) = &alert.maintenance {
        return Line::styled(glyphs.maintenance, Role::MarkMaintenance)
            .then(Span::borrowed(maintenance.purpose()), Role::MarkMaintenance);
    }
    if let Some(silence) = &alert.silenced {
        return Line::styled("silenced by ", Role::MarkInhibited)
            .and(Span::borrowed(silence.by.as_str()), Role::MarkInhibited);
    }
    if let Some(by) = &alert.inhibited_by {
        // The heading counts what is inhibited: in a row the sign and by what are enough.
        return Line::styled(glyphs.inhibited, Role::MarkInhibited)
            .then(Span::borrowed(state.seen().title_of_service(by)), Role::MarkInhibited);
    }
    if alert.flapping {
        return status::flapping(glyphs);
    }
    if let Some(known) = &alert.acknowledged {
        let sign = if known.is_queued { "ack queued " } else { "ack " };
        return Line::styled(sign, Role::TextStrong).and(known.names(), Role::Text);
    }
    if let Some(clears) = alert.clears(state.seen().now) {
        return Line::styled(clears, Role::StatusPending);
    }
    match alert.phase {
        Phase::Firing => Line::styled("firing", Role::TextStrong),
        Phase::Pending => {
            let now = state.seen().now;
            let over = alert.over_at.map(|at| format!(", resolved {} ago", figures::age(now.since(at))));
            Line::styled("pending", Role::StatusPending).and(over.unwrap_or_default(), Role::TextDim)
        }
        Phase::Resolved => Line::styled("resolved", Role::StatusOk),
        Phase::Inactive => Line::styled("inactive", Role::TextDim),
    }
}

/// `2 firing, 4 muted (inhibited), 1 pending`.
pub(crate) fn counts(state: &State) -> Line<'static> {
    let standing = |phase, muted| state.seen().alerts.standing(phase, muted, None);
    let mut words = Line::new();
    let muted = muted(state);
    for (n, word, role) in [
        (standing(Phase::Firing, false), "firing", Role::LevelError),
        (state.seen().alerts.acknowledged(), "acknowledged", Role::TextStrong),
        (state.seen().alerts.muted(), &*muted, Role::MarkInhibited),
        (standing(Phase::Pending, false), "pending", Role::StatusPending),
        (standing(Phase::Resolved, false) + standing(Phase::Resolved, true), "resolved", Role::StatusOk),
    ] {
        if n > 0 {
            if !words.is_empty() {
                words.push(", ", Role::TextDim);
            }
            words.push(format!("{n} {word}"), role);
        }
    }
    words
}

/// What is muted, as the header counts it, and why: `muted (inhibited)`, `muted (3 inhibited, 1 silenced)`.
fn muted(state: &State) -> String {
    if state.seen().alerts.muted() == 0 {
        return String::new();
    }
    let reasons: Vec<&str> = state.seen().alerts.unordered().filter_map(muted_by).collect();
    let many = ["in maintenance", "silenced", "inhibited", "flapping"].map(|reason| {
        let count = reasons.iter().filter(|one| **one == reason).count();
        (reason, count)
    });
    let parts: Vec<String> = many
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| if count == reasons.len() { reason.to_owned() } else { format!("{count} {reason}") })
        .collect();
    format!("muted ({})", parts.join(", "))
}

/// Why an alert is muted that is not over, by the first reason that holds. What only this console sees nobody muted.
fn muted_by(alert: &AlertView) -> Option<&'static str> {
    if matches!(alert.phase, Phase::Resolved | Phase::Inactive) {
        None
    } else if alert.maintenance.is_some() {
        Some("in maintenance")
    } else if alert.silenced.is_some() {
        Some("silenced")
    } else if alert.inhibited_by.is_some() {
        Some("inhibited")
    } else {
        alert.flapping.then_some("flapping")
    }
}
