//! What happened lately, newest first.

use ratatui::layout::Rect;

use super::runs::outcome_sign;
use super::{Height, PanelView, Room, frame, framed, list_in, name_of};
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::{self, PanelId};
use crate::model::run::RunState;
use crate::text::name::Name;
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::status;
use crate::ui::widgets::table::{Column, Table, TableRow, longest};
use crate::world::services::ServiceView;
use crate::world::timeline::{EventKind, TimelineEntry};

/// Rows that it can use.
const MOST: usize = 10;
/// Columns for what an entry is about.
const SUBJECT: (u16, u16) = (10, 20);
/// The same where there is room for what happened beside it.
const ROOMY_SUBJECT: u16 = 48;
/// Columns of the panel from which there is.
const ROOMY: u16 = 70;

pub(super) struct Timeline;

impl PanelView for Timeline {
    /// As high as what happened, within bounds: a long history is no reason to push out the logs.
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        let rows = state.rows(id).len();
        let least = room.list(rows);
        Some(Height { most: framed(rows.min(MOST)).max(least), ..Height::from(least) })
    }

    fn width(&self) -> (u16, u16) {
        (20, 80)
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        draw(state, painter, id, area);
    }
}

fn draw(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let moment = state.console.time_cursor.map_or_else(Line::new, |at| {
        let at = figures::moment(at, state.seen().now.utc, state.seen().config.console.timezone);
        Line::styled(format!("at {at}"), Role::ChartCursor)
    });
    let service = state.regarded_service().filter(|_| id.is(&panels::SERVICE_TIMELINE));
    let empty = || Notice::empty("no events yet", "status changes, alerts, runs and reloads appear here");
    let frame = frame(state, painter, id, name_of("timeline", service)).with(moment, "");
    let Some((inner, listing)) = list_in(state, painter, (id, area), frame, empty) else { return };
    let visible = listing.visible();
    let is_visible = |entry: &&TimelineEntry| visible.iter().any(|row| row.is_entry(entry));
    let shown: Vec<&TimelineEntry> = state.seen().timeline.shown().filter(is_visible).collect();
    let shown = || shown.iter().copied();
    let then = then(state);
    let zone = state.seen().config.console.timezone;
    let is_dated = shown().any(|entry| !figures::same_day(entry.at.utc, state.seen().now.utc, zone));
    let rows = shown().map(|entry| row(state, painter.glyphs(), entry, then));
    let rows = rows.map(|row| if let Some(service) = service { beside(row, service) } else { row }).collect();
    let time = if is_dated { 11 } else { 8 };
    let releases = shown().filter_map(|entry| match &entry.kind {
        EventKind::Deployed { release, .. } => Some(release.as_str()),
        _ => None,
    });
    let titles = state.seen().services.iter().map(|service| service.title.as_str());
    let most = if inner.width >= ROOMY { ROOMY_SUBJECT } else { SUBJECT.1 };
    // Of one service alone what an entry is about goes with what happened, where that is not the service.
    let checks = shown().filter(|_| service.is_none());
    let checks: Vec<String> = checks.filter_map(|entry| about_check(state, entry)).collect();
    let named = titles.chain(releases).chain(checks.iter().map(String::as_str));
    let subject = if service.is_some() { 0 } else { longest(named, SUBJECT.0, most) };
    let columns = [
        Column::text("at", time, time, 0),
        Column::text("about", subject, subject, u8::from(subject == 0)),
        Column::text("what", 10, 200, 0).wrapping(),
    ];
    Table { columns: &columns, rows, selected: listing.selected, headings: false }.draw(painter, inner);
}

/// The last thing that had happened at the moment that logs and charts point at.
fn then(state: &State) -> Option<&TimelineEntry> {
    let at = state.console.time_cursor?;
    state.seen().timeline.shown().find(|entry| entry.at.utc <= at)
}

/// The subject of a status, in words.
fn about_check(state: &State, entry: &TimelineEntry) -> Option<String> {
    let EventKind::Status { check, .. } = &entry.kind else { return None };
    Some(subject_of(state, check).pieces().map(|(text, _)| text).collect())
}

/// A row among those of one service: what it is about stands before what happened, but for the service itself.
fn beside<'a>(mut row: TableRow<'a>, service: &ServiceView) -> TableRow<'a> {
    let about = std::mem::take(&mut row.cells[1]);
    let words: String = about.pieces().map(|(text, _)| text).collect();
    let what = std::mem::take(&mut row.cells[2]);
    row.cells[2] = match words.strip_prefix(&service.title) {
        Some("") => what,
        Some(check) if check.starts_with(' ') => {
            Line::styled(check.trim_start().to_owned(), Role::TextDim).and("  ", Role::Text).join(what)
        }
        _ => about.and("  ", Role::Text).join(what),
    };
    row
}

/// When, what it is about, what happened.
fn row<'a>(state: &'a State, glyphs: GlyphSet, entry: &'a TimelineEntry, then: Option<&TimelineEntry>) -> TableRow<'a> {
    let is_then = then.is_some_and(|then| std::ptr::eq(then, entry));
    let role = if is_then { Role::ChartCursor } else { Role::LogTime };
    let zone = state.seen().config.console.timezone;
    let at = figures::moment_of_days(entry.at.utc, state.seen().now.utc, zone);
    let service = entry.service.as_deref().map(|name| state.seen().title_of_service(name));
    let of_service = || service.unwrap_or_default();
    // What has no service is shown under the console's own name, as in the list of services.
    let own = || state.seen().own_row().map_or(&*state.seen().config.console.name, |row| &*row.title);
    let titled = || service.unwrap_or_else(own);
    let (subject, what) = match &entry.kind {
        EventKind::Status { check, to, .. } => {
            let word = Line::styled(to.word(), status::role(*to));
            let why = entry.reason.as_ref().map_or_else(Line::new, |why| Line::plain("  ").and(why, Role::Text));
            (subject_of(state, check), word.join(why))
        }
        EventKind::Deployed { release, who } => {
            let who = Line::styled("deployed by ", Role::Text).and(who, Role::Text);
            let subject = entry.reason.as_ref();
            let subject =
                subject.map_or_else(Line::new, |subject| Line::styled("  ", Role::Text).and(subject, Role::TextDim));
            (Line::styled(release, Role::TextStrong), who.join(subject))
        }
        EventKind::Fired(severity) => (
            Line::plain(Span::borrowed(titled())),
            Line::styled("!", status::severity_role(*severity)).then(Span::from(&entry.text), Role::Text),
        ),
        EventKind::Resolved(_) => {
            let sign = Line::styled(glyphs.check, Role::StatusOk);
            (Line::plain(Span::borrowed(titled())), sign.then(Span::from(&entry.text), Role::Text))
        }
        EventKind::Run { id, state: said } => {
            let run = id.as_ref().and_then(|id| state.seen().run_by_id(id));
            // A run that goes on is held here: of any other it is not known how it ended.
            let last = if said.is_open() { RunState::Unknown } else { *said };
            let (sign, role) = outcome_sign(run.map_or(last, |run| run.state), glyphs);
            let text = state.seen().event_text(entry).to_string();
            (Line::plain(Span::borrowed(titled())), Line::styled(sign, role).then(text, Role::Text))
        }
        EventKind::Incident | EventKind::Reload | EventKind::Network | EventKind::Console | EventKind::Note => {
            let subject = match of_service() {
                "" => Line::styled("opsroom", Role::TextDim),
                service => Line::plain(Span::borrowed(service)),
            };
            (subject, Line::plain(&entry.text))
        }
    };
    let target = Some(Target::Row(RowKey::entry(entry)));
    TableRow { cells: vec![Line::styled(at, role), subject, what], target, ..TableRow::default() }
}

/// The title of the service of a check, or of the row of what has none; the check's own name beside it where that has several.
fn subject_of<'a>(state: &'a State, check: &'a Name) -> Line<'a> {
    let service = state.seen().check(check).and_then(|check| state.seen().service(check.service.as_deref()?));
    match service {
        Some(service) if service.checks.len() > 1 => {
            Line::plain(Span::borrowed(&service.title)).then(check, Role::TextDim)
        }
        Some(service) => Line::plain(Span::borrowed(&service.title)),
        None => match state.seen().own_row().filter(|row| row.checks.len() > 1) {
            Some(row) => Line::plain(Span::borrowed(&row.title)).then(check, Role::TextDim),
            None => Line::plain(check),
        },
    }
}
