//! The clock of the incident that is shown: how long it lasts against what was promised, who leads, what is due.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, next_key, note};
use crate::app::keymap::Command;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::config::titles::title_of_checklist;
use crate::model::incident::clock::Deadline;
use crate::model::incident::{IncidentRole, IncidentState};
use crate::model::thing::IncidentRecord;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::status;

/// Rows with the frame, where there is room for them.
const MOST: u16 = 7;

pub(super) struct IncidentClock;

impl PanelView for IncidentClock {
    fn height(&self, state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        if state.shown_incident().is_none() {
            return Some(Height::fixed(3));
        }
        Some(Height::fixed(if room.is_low() { MOST - 1 } else { MOST }))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let Some(record) = state.shown_incident() else {
            let inner = frame(state, painter, id, "incident").draw(painter, area);
            let next = next_key(state, Command::OpenIncident, "opens one");
            Notice::empty("no incident on record", next).draw(painter, inner);
            return note(painter, inner, id.clone());
        };
        let others = state.seen().open_incident_count() - usize::from(record.is_open());
        let others = match others {
            0 => Line::new(),
            more => Line::styled(format!("+{more} open"), Role::StatusDegraded),
        };
        let title = format!("incident {}", record.id);
        let inner = frame(state, painter, id, title).note(others).draw(painter, area);
        for (row, line) in (0..inner.height).zip(lines(state, record)) {
            painter.put_at(inner, 1, row, &line);
        }
        note(painter, inner, id.clone());
    }
}

/// What is said of it, the most important first.
fn lines<'a>(state: &'a State, record: &'a IncidentRecord) -> Vec<Line<'a>> {
    let now = state.seen().now.utc;
    let severity = Line::styled(format!(" {} ", record.severity.word()), status::severity_role(record.severity));
    let title = severity.and(" ", Role::Text).and(record.title.to_string(), Role::TextStrong);
    let mut lines = vec![title, clock(record, now, state), people(record), next(record, now, state)];
    let services: Vec<&str> = record.services.iter().map(|name| state.seen().title_of_service(name)).collect();
    let mut about = Line::new();
    if !services.is_empty() {
        about = Line::styled("services ", Role::TextLabel).and(services.join(", "), Role::Text);
    }
    if let Some(offered) = offered(state, record) {
        about = if about.is_empty() { offered } else { about.and(" · ", Role::TextDim).join(offered) };
    }
    if !about.is_empty() {
        lines.push(about);
    }
    lines
}

/// The checklist that its kind offers, and the key of the screen that starts it.
fn offered<'a>(state: &'a State, record: &IncidentRecord) -> Option<Line<'a>> {
    let name = record.checklist.as_ref().filter(|_| record.is_open())?;
    let title = title_of_checklist(&state.seen().config, name);
    let line = Line::styled("checklist ", Role::TextLabel).and(title.to_owned(), Role::TextStrong);
    Some(match state.console.keymap.key_of(Command::Checklists) {
        Some(key) => line.and(" ", Role::Text).and(key.to_string(), Role::Key).and(" starts it", Role::KeyLabel),
        None => line,
    })
}

/// `acknowledged · 12m 04s since 02:41:00Z`
fn clock<'a>(record: &IncidentRecord, now: DateTime<Utc>, state: &State) -> Line<'a> {
    let zone = state.seen().config.console.timezone;
    let role = match record.state {
        IncidentState::Open => Role::StatusDown,
        IncidentState::Acknowledged => Role::StatusDegraded,
        IncidentState::Mitigated => Role::StatusPending,
        _ => Role::StatusOk,
    };
    let end = record.ended_at().unwrap_or(now);
    let lasted = (end - record.opened_at).to_std().unwrap_or_default();
    let lasts = if record.is_open() { "" } else { "lasted " };
    let since = figures::moment(record.opened_at, now, zone);
    let line = Line::styled(format!(" {} ", record.state.word().to_uppercase()), role)
        .and(format!(" {lasts}"), Role::TextDim)
        .and(figures::elapsed(lasted), Role::TextStrong);
    let promises = promises(record, now);
    let dot = if promises.is_empty() { "" } else { " · " };
    let line = line.and(dot, Role::TextDim).join(promises).and(format!(" · since {since}"), Role::TextDim);
    match &record.merged_into {
        Some(into) => line.and(format!(" · merged into {into}"), Role::TextStrong),
        None => line,
    }
}

/// `acknowledge 3m left ▰▰▱▱ · resolve 41m left`
pub(in crate::ui) fn promises<'a>(record: &IncidentRecord, now: DateTime<Utc>) -> Line<'a> {
    // What was kept needs no room any more.
    let acknowledge = record.acknowledge_deadline().filter(|one| one.left(now).is_some() || one.is_broken(now));
    let pairs = [("acknowledge", acknowledge), ("resolve", record.resolve_deadline())];
    let mut line = Line::new();
    for (name, deadline) in pairs {
        let Some(deadline) = deadline else { continue };
        if !line.is_empty() {
            line = line.and(" · ", Role::TextDim);
        }
        let (text, role) = promise(deadline, now);
        line = line.and(format!("{name} "), Role::TextLabel).and(text, role);
    }
    line
}

fn promise(deadline: Deadline, now: DateTime<Utc>) -> (String, Role) {
    let span = |span: TimeDelta| figures::elapsed(span.abs().to_std().unwrap_or_default());
    match deadline.left(now) {
        None if deadline.is_broken(now) => {
            let late = deadline.met_at.unwrap_or(now) - deadline.due_at;
            (format!("{} late", span(late)), Role::StatusDegraded)
        }
        None => ("in time".to_owned(), Role::StatusOk),
        Some(left) if left <= TimeDelta::zero() => (format!("{} OVER", span(left)), Role::StatusDown),
        Some(left) if deadline.soon_at <= now => (format!("{} left", span(left)), Role::StatusDegraded),
        Some(left) => (format!("{} left", span(left)), Role::TextStrong),
    }
}

/// `lead ana → bo? · ops bo · comms nobody`
fn people<'a>(record: &IncidentRecord) -> Line<'a> {
    let mut line = Line::new();
    for role in IncidentRole::ALL {
        let (holder, offer) = (record.holder(role), record.offer(role));
        if holder.is_none() && offer.is_none() && role != IncidentRole::Lead {
            continue;
        }
        if !line.is_empty() {
            line = line.and(" · ", Role::TextDim);
        }
        line = line.and(format!("{} ", role.word()), Role::TextLabel);
        line = match holder {
            Some(holder) => line.and(holder.to_string(), Role::TextStrong),
            None => line.and("nobody", Role::StatusDegraded),
        };
        if let Some(offer) = offer {
            line = line.and(format!(", offered to {}", offer.who), Role::StatusPending);
        }
    }
    line
}

/// `next update in 12m (03:30:00) · last: rolling back`
fn next<'a>(record: &IncidentRecord, now: DateTime<Utc>, state: &State) -> Line<'a> {
    let zone = state.seen().config.console.timezone;
    let last = match record.updates.last() {
        Some(last) => format!(" · last {}: {}", figures::moment(last.at, now, zone), last.said.status),
        None => " · none given yet".to_owned(),
    };
    let Some(due) = record.update_due_at() else {
        return Line::styled(last.trim_start_matches(" · ").to_owned(), Role::TextDim);
    };
    let left = due - now;
    let span = figures::elapsed(left.abs().to_std().unwrap_or_default());
    let line = Line::styled("next update ", Role::TextLabel);
    let line = if left <= TimeDelta::zero() {
        line.and(format!("DUE since {span}"), Role::StatusDegraded)
    } else {
        line.and(format!("in {span} ({})", figures::moment(due, now, zone)), Role::Text)
    };
    line.and(last, Role::TextDim)
}
