//! The board itself: what is broken with its clock, what else is not well, how many are well, who is on call.

use std::time::Duration;

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use super::digits::{self, Scale};
use super::is_roomy;
use crate::app::state::State;
use crate::model::status::Status;
use crate::text::SafeText;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::on_call;
use crate::ui::paint::{Painter, split_bottom, split_top};
use crate::ui::panels::{alerts, incident_clock, overlaid, slo};
use crate::ui::widgets::status;
use crate::world::services::ServiceView;
use crate::world::wall::{WallIncident, WallTrouble};

/// How long a page of what does not fit stays.
const PAGE: i64 = 15;
/// Rows of what is said beside the clock: what and since when, why, who leads.
const SAID: u16 = 3;
/// Columns that what is said needs beside large digits.
const LEAST_SAID: u16 = 24;

/// Draws it.
pub(super) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let rest = incident_band(state, painter, area);
    let (rest, foot) = split_bottom(rest, 2);
    let (list, count) = split_bottom(rest, 1);
    troubles(state, painter, list);
    healthy(state, painter, count);
    people(state, painter, foot);
}

/// What is broken with its clock in large digits; that all is well, where it is. It stays whatever else turns pages.
pub(super) fn incident_band(state: &State, painter: &mut Painter<'_>, area: Rect) -> Rect {
    let scale = if is_roomy(area) { Scale::Large } else { Scale::Small };
    // Beside large digits the name is large too, above what is said.
    let named = Scale::Small.rows(painter.glyphs()) + SAID;
    let rows = scale.rows(painter.glyphs()).max(if scale == Scale::Large { named } else { SAID });
    let (band, rest) = split_top(area, rows + 2);
    let inside =
        Rect { x: band.x + 1, y: band.y + 1, width: band.width.saturating_sub(2), height: rows.min(band.height) };
    match state.seen().wall_incident() {
        Some(incident) => broken(state, painter, inside, &incident, scale),
        None => calm(state, painter, inside, scale),
    }
    rest
}

fn broken(state: &State, painter: &mut Painter<'_>, area: Rect, incident: &WallIncident<'_>, scale: Scale) {
    let clock = incident.lasts(state.seen().now).map_or_else(|| "--:--".to_owned(), clock);
    let width = digits::width(&clock, scale);
    let role = if incident.is_broken { Role::StatusDown } else { Role::StatusDegraded };
    if area.width < width + 3 + LEAST_SAID {
        // Where large digits leave no room for words, the clock is small.
        let mut lines = said(state, incident, usize::from(area.width));
        lines[0] = Line::styled(format!(" {clock} "), role).and(" ", Role::Text).join(std::mem::take(&mut lines[0]));
        for (row, line) in (0..area.height).zip(lines) {
            painter.put(area, row, &line);
        }
        return;
    }
    digits::draw(painter, area, &clock, scale, role);
    let left = (width + 3).min(area.width);
    let beside = Rect { x: area.x + left, width: area.width - left, ..area };
    let beside = large_title(painter, beside, (incident.title, role), scale);
    for (row, line) in (0..beside.height).zip(said(state, incident, usize::from(beside.width))) {
        painter.put(beside, row, &line);
    }
}

/// The name of what is broken in large letters, where there is room for that and for what is said of it.
fn large_title(painter: &mut Painter<'_>, area: Rect, (title, role): (&str, Role), scale: Scale) -> Rect {
    let rows = Scale::Small.rows(painter.glyphs());
    let fits = scale == Scale::Large && digits::has_all(title) && digits::width(title, Scale::Small) <= area.width;
    if !fits || area.height < rows + SAID {
        return area;
    }
    let (top, rest) = split_top(area, rows);
    digits::draw(painter, top, title, Scale::Small, role);
    rest
}

/// What is said of it in `width` columns, the most important first: of three rows none is left over.
fn said<'a>(state: &State, incident: &WallIncident<'a>, width: usize) -> Vec<Line<'a>> {
    let world = state.seen();
    let (now, zone) = (world.now, world.config.console.timezone);
    let since = incident.since.map_or_else(String::new, |since| since.describe(now, zone));
    let head = Line::styled(format!(" {} ", incident.severity.word()), status::severity_role(incident.severity))
        .and(" ", Role::Text)
        .and(Span::borrowed(incident.title), Role::TextStrong)
        .and(format!(" {since}"), Role::Text);
    // Names come last: where there is no room, they are what is cut.
    let head = if incident.more_open == 0 {
        head
    } else {
        let count = figures::counted(incident.more_open, "open incident");
        head.and(format!("  +{count}"), Role::StatusDegraded)
    };
    let head = if incident.others.is_empty() {
        head
    } else {
        let count = figures::counted(incident.others.len(), "more cause");
        head.and(format!("  +{count}: {}", incident.others.join(", ")), Role::StatusDegraded)
    };
    let mut why = Line::styled(incident.why.clone(), Role::TextStrong);
    if !incident.takes_down.is_empty() {
        let gap = if why.is_empty() { "" } else { "  " };
        why = why.and(format!("{gap}{}", incident.takes_down), Role::Text);
    }
    vec![head, why, at_it(incident, now.utc, width)]
}

/// Who leads, when the next update is due, and what was promised; before that how the incident is called, where that is not
/// said above and has room.
fn at_it<'a>(incident: &WallIncident<'a>, now: DateTime<Utc>, width: usize) -> Line<'a> {
    let nobody = || Line::styled("nobody leads yet", Role::StatusDegraded);
    let Some(record) = incident.record else {
        // Who acknowledged is at it, and nobody said that they lead.
        return incident.acknowledged.as_ref().map_or_else(nobody, |by| {
            let verb = if by.is_plural() { "are" } else { "is" };
            Line::styled(format!("{by} {verb} at it, no incident is open"), Role::TextStrong)
        });
    };
    let lead = record.lead().map_or_else(nobody, |lead| Line::styled(format!("{lead} leads"), Role::TextStrong));
    let known = incident.acknowledged.as_ref();
    let others = known.map_or_else(Vec::new, |known| known.beside(record.lead().map_or("", SafeText::as_str)));
    let lead = if others.is_empty() { lead } else { lead.and(format!(", {} at it", others.join(", ")), Role::Text) };
    let id = || Line::styled(record.id.to_string(), Role::TextLabel).and(" ", Role::Text);
    let update = record.update_due_at().map(|at| due(at, now)).into_iter();
    let promises = Some(incident_clock::promises(record, now)).filter(|line| !line.is_empty());
    let rest = update.chain(promises).fold(lead, |line, part| line.and("  ", Role::Text).join(part));
    let title = record.title.as_str();
    let named = id().and(Span::borrowed(title), Role::TextStrong).and("  ", Role::Text).join(rest.clone());
    if title != incident.title && named.width() <= width { named } else { id().join(rest) }
}

/// When the next update is due, or since when it is overdue.
fn due(at: DateTime<Utc>, now: DateTime<Utc>) -> Line<'static> {
    if let Ok(left) = (at - now).to_std() {
        Line::styled(format!("next update in {}", figures::elapsed(left)), Role::Text)
    } else {
        let late = figures::elapsed((now - at).to_std().unwrap_or_default());
        Line::styled(format!(" update overdue for {late} "), Role::StatusDown)
    }
}

/// `04:12`, `1:04:12`, `3d 04:12`.
fn clock(span: Duration) -> String {
    let (seconds, minutes, hours) = (span.as_secs() % 60, span.as_secs() / 60 % 60, span.as_secs() / 3600);
    match hours {
        0 => format!("{minutes:02}:{seconds:02}"),
        1..24 => format!("{hours}:{minutes:02}:{seconds:02}"),
        _ => format!("{}d {:02}:{minutes:02}", hours / 24, hours % 24),
    }
}

/// In large letters that all is well, or what the worst is.
fn calm(state: &State, painter: &mut Painter<'_>, area: Rect, scale: Scale) {
    let troubles = state.seen().wall_troubles();
    let (healthy, total) = state.seen().wall_counts();
    let (text, role) = match troubles.first() {
        _ if total == 0 => ("NO CHECKS".to_owned(), Role::StatusUnknown),
        None => ("ALL OK".to_owned(), Role::StatusOk),
        Some(WallTrouble::Service(worst)) => {
            let word = worst.status.word_of(state.seen().is_stale(worst));
            let same = |row: &&WallTrouble<'_>| matches!(row, WallTrouble::Service(one) if one.status.word_of(state.seen().is_stale(one)) == word);
            let role = if state.seen().is_stale(worst) { Role::MarkStale } else { status::role(worst.status) };
            (format!("{} {word}", troubles.iter().filter(same).count()), role)
        }
        Some(WallTrouble::Alert(worst)) => {
            let n = troubles.iter().filter(|row| matches!(row, WallTrouble::Alert(_))).count();
            (figures::counted(n, "alert").to_uppercase(), status::severity_role(worst.severity))
        }
    };
    let fits = |scale: &Scale| digits::width(&text, *scale) <= area.width;
    let Some(scale) = [scale, Scale::Small].into_iter().find(fits) else {
        // The list below has its row for how many are well.
        painter.put(area, 0, &Line::styled(format!(" {text} "), role));
        return;
    };
    digits::draw(painter, area, &text, scale, role);
    let left = digits::width(&text, scale).saturating_add(3).min(area.width);
    let beside = Rect { x: area.x + left, width: area.width - left, ..area };
    if total > 0 && scale == Scale::Small {
        painter.put(
            beside,
            beside.height.saturating_sub(1),
            &Line::styled(format!("{healthy} of {total} ok"), Role::Text),
        );
    } else if total > 0 {
        let count = format!("{healthy} OF {total}");
        let rows = Scale::Small.rows(painter.glyphs());
        let low = beside.height.saturating_sub(rows);
        digits::draw(painter, Rect { y: beside.y + low, height: rows, ..beside }, &count, Scale::Small, Role::Text);
    }
}

/// All that is not well, the worst first; in pages where they do not fit.
fn troubles(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let rows = state.seen().wall_troubles();
    let large = large_rows(state, painter, &rows, area);
    let each = if large { Scale::Small.rows(painter.glyphs()) + 2 } else { 1 };
    let fits = usize::from(area.height / each);
    if rows.is_empty() || fits == 0 {
        return;
    }
    let per_page = if rows.len() <= fits { fits } else { usize::from(area.height.saturating_sub(1) / each).max(1) };
    let pages = rows.len().div_ceil(per_page);
    let turn = usize::try_from(state.seen().now.utc.timestamp().div_euclid(PAGE)).unwrap_or(0);
    let page = turn % pages;
    let mut rest = area;
    for row in rows.iter().skip(page * per_page).take(per_page) {
        let (spot, below) = split_top(rest, each);
        rest = below;
        if large { large_row(state, painter, row, spot) } else { small_row(state, painter, row, spot) }
    }
    if pages > 1 {
        let text = format!("page {} of {pages}, {} not ok", page + 1, rows.len());
        painter.put_right(
            Rect { width: area.width.saturating_sub(1), ..area },
            area.height - 1,
            &Line::styled(text, Role::TextStrong),
        );
    }
}

/// Whether all of them have room with their names in large letters.
fn large_rows(state: &State, painter: &Painter<'_>, rows: &[WallTrouble<'_>], area: Rect) -> bool {
    let each = Scale::Small.rows(painter.glyphs()) + 2;
    let room = area.width / 2;
    let is_large = |row: &WallTrouble<'_>| {
        let name = name(state, row);
        digits::has_all(name) && digits::width(name, Scale::Small) <= room
    };
    area.width >= super::ROOMY.0
        && rows.len() * usize::from(each) <= usize::from(area.height)
        && rows.iter().all(is_large)
}

fn name<'a>(state: &'a State, row: &WallTrouble<'a>) -> &'a str {
    match row {
        WallTrouble::Service(service) => &service.title,
        WallTrouble::Alert(alert) => state.seen().title_of_subject(&alert.subject),
    }
}

fn large_row(state: &State, painter: &mut Painter<'_>, row: &WallTrouble<'_>, area: Rect) {
    let rows = Scale::Small.rows(painter.glyphs());
    let text = name(state, row);
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let role = match row {
        WallTrouble::Service(service) if state.seen().is_stale(service) => Role::MarkStale,
        WallTrouble::Service(service) => status::role(service.status),
        WallTrouble::Alert(alert) => status::severity_role(alert.severity),
    };
    digits::draw(painter, Rect { height: rows, ..inside }, text, Scale::Small, role);
    let left = (digits::width(text, Scale::Small) + 3).min(inside.width);
    let beside = Rect { x: inside.x + left, width: inside.width - left, height: rows, ..inside };
    let (first, second) = words(state, painter, row);
    painter.put(beside, 0, &first);
    painter.put(beside, 1, &second);
}

fn small_row(state: &State, painter: &mut Painter<'_>, row: &WallTrouble<'_>, area: Rect) {
    let name = Line::styled(name(state, row).to_owned(), Role::TextStrong);
    let (first, second) = words(state, painter, row);
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let gap = || Line::plain("  ");
    painter.put(inside, 0, &name.join(gap()).join(first).join(gap()).join(second));
}

/// What is said of one that is not well: how it is and since when, then why, what is left of its budget and who is at it.
fn words<'a>(state: &'a State, painter: &Painter<'_>, row: &WallTrouble<'a>) -> (Line<'a>, Line<'a>) {
    let glyphs = painter.glyphs();
    let (now, zone) = (state.seen().now, state.seen().config.console.timezone);
    match row {
        WallTrouble::Service(service) => {
            let is_old = state.seen().is_stale(service);
            let since = figures::age_since(state.seen().standing_since(service), now, zone, "");
            let head = status::label(service.status, is_old, glyphs, status::FULL).and(format!(" {since}"), Role::Text);
            (head, about(state, painter, service))
        }
        WallTrouble::Alert(alert) => {
            let since = figures::age_since(alert.since, now, zone, "");
            let head = status::severity(alert.severity, false).and(format!(" {since}"), Role::Text);
            let what = alerts::condition(state, glyphs, alert, true);
            let known = alert.acknowledged.as_ref().map(|known| format!("acknowledged by {}", known.names()));
            (head, with_who(what, known))
        }
    }
}

fn about<'a>(state: &'a State, painter: &Painter<'_>, service: &'a ServiceView) -> Line<'a> {
    let world = state.seen();
    let mut line = match (&service.blocked_by, service.is_explained()) {
        (Some(by), true) => Line::styled(format!("by {}", world.title_of_service(by)), Role::MarkInhibited),
        _ if matches!(service.status, Status::Down | Status::Degraded) => {
            Line::plain(world.own_words(service).unwrap_or_default())
        }
        _ => Line::new(),
    };
    let over = overlaid::overlays(state, painter.glyphs(), service, false, false);
    for part in std::iter::once(over).chain(slo::left_of_service(state, service)) {
        if !part.is_empty() {
            line = if line.is_empty() { part } else { line.and("  ", Role::Text).join(part) };
        }
    }
    with_who(line, world.acknowledged_service(service).map(|known| format!("by {known}")))
}

fn with_who(line: Line<'_>, who: Option<String>) -> Line<'_> {
    match who {
        Some(who) => line.and(format!("  {who}"), Role::TextStrong),
        None => line,
    }
}

/// What is well, as a count.
fn healthy(state: &State, painter: &mut Painter<'_>, row: Rect) {
    let (healthy, total) = state.seen().wall_counts();
    if total == 0 {
        return;
    }
    let is_known = state.seen().services.iter().any(|service| service.status != Status::Unknown);
    let mark = |status| status::label(status, false, painter.glyphs(), 2);
    // A good mark stands for what is well, and for nothing else.
    let words = match healthy {
        0 if !is_known => mark(Status::Unknown).and(" nothing known yet", Role::StatusUnknown),
        0 => Line::styled("0 ok", Role::Text),
        _ => mark(Status::Ok).and(format!(" {healthy} ok"), Role::StatusOk),
    };
    let words = words.and(format!(" of {}", figures::counted(total, "service")), Role::TextDim);
    painter.put(row, 0, &Line::plain(" ").join(words));
}

/// Who is on call and until when, the budget that has least left, and who else is here.
fn people(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let world = state.seen();
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let duty = match on_call::words(world) {
        Some((who, until)) => {
            Line::styled("on call ", Role::TextDim).and(who.to_string(), Role::TextStrong).and(until, Role::Text)
        }
        None => Line::styled("on call: nobody is configured", Role::TextDim),
    };
    let duty = match slo::scarcest(state) {
        Some(budget) => duty.and("   ", Role::Text).join(budget),
        None => duty,
    };
    painter.put(inside, 0, &duty);
    let here = world.present.iter().filter(|one| !one.watcher);
    let here: Vec<String> = here.map(|one| format!("{} ({})", one.name(), one.screen)).collect();
    if !here.is_empty() {
        painter.put(inside, 1, &Line::styled("here ", Role::TextDim).and(here.join(", "), Role::Text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_counts_from_seconds_to_days() {
        let said = |seconds: u64| clock(Duration::from_secs(seconds));
        assert_eq!(said(7), "00:07");
        assert_eq!(said(3_599), "59:59");
        assert_eq!(said(3_600 + 252), "1:04:12");
        assert_eq!(said(3 * 86_400 + 4 * 3_600 + 720), "3d 04:12");
    }
}
