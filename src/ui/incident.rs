//! The bar under the header while something is broken: the cause, since when, why, what it takes down, and the key that
//! mends it. It is there only then.

use ratatui::layout::Rect;

use super::figures;
use super::footer::key_of_action;
use super::paint::{Painter, split_top};
use crate::app::state::State;
use crate::model::status::Status;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::{Line, Span};
use crate::ui::widgets::status;
use crate::world::incident::{Cause, Incident};

/// Under so many rows of the screen the bar has one.
const LOW: u16 = 16;

/// Draws the bar in the first rows of `area` and returns the rest.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) -> Rect {
    let Some(incident) = state.world.incident() else { return area };
    let action = action(state, &incident);
    let inside = Rect { width: area.width.saturating_sub(1), ..area };
    let beside = if action.is_empty() { 0 } else { action.width() + 2 };
    let room = usize::from(inside.width).saturating_sub(beside);
    let (first, second) = lines(state, painter.glyphs(), &incident, room, area.height >= LOW);
    let (bar, rest) = split_top(area, if second.is_empty() { 1 } else { 2 });
    painter.put_right(inside, 0, &action);
    painter.put(Rect { width: u16::try_from(room).unwrap_or(inside.width), ..inside }, 0, &first);
    if bar.height > 1 {
        painter.put(inside, 1, &second);
    }
    rest
}

/// The text in one row where it fits, else in two: what is wrong, and below it what follows.
fn lines<'a>(
    state: &'a State,
    glyphs: GlyphSet,
    incident: &Incident<'a>,
    room: usize,
    has_two: bool,
) -> (Line<'a>, Line<'a>) {
    let dot = |line: Line<'a>| if line.is_empty() { line } else { line.then(glyphs.dot, Role::TextDim) };
    let (cause, since, after) = (cause(state, glyphs, incident), since(state, incident), after(incident));
    let why = Line::styled(incident.why.clone(), Role::TextStrong);
    let join = |a: Line<'a>, b: &Line<'a>| {
        if b.is_empty() { a } else { dot(a).and(" ", Role::Text).join(b.clone()) }
    };
    let head = cause.and(" ", Role::Text).join(since);
    let whole = join(join(head.clone(), &why), &after);
    if whole.width() <= room || !has_two {
        return (whole, Line::new());
    }
    let with_why = join(head.clone(), &why);
    if with_why.width() <= room {
        return (with_why, Line::plain("   ").join(after));
    }
    (head, Line::plain("   ").join(join(why, &after)))
}

fn cause<'a>(state: &State, glyphs: GlyphSet, incident: &Incident<'a>) -> Line<'a> {
    match incident.cause {
        Cause::Service(service) => {
            // An old answer is no news of now.
            let (sign, role) = if state.world.is_stale(service) {
                (glyphs.stale, Role::MarkStale)
            } else {
                (service.status.glyph(glyphs.ascii), status::role(Status::Down))
            };
            let word = service.status.word_of(state.world.is_stale(service));
            Line::styled(format!(" {sign} {} {word} ", service.title), role)
        }
        Cause::Alert(alert) => {
            Line::styled(format!(" ! {} ", alert.severity.word()), status::severity_role(alert.severity))
                .then(state.world.title_of_subject(&alert.subject).to_owned(), Role::TextStrong)
                .then(&alert.value, Role::TextStrong)
                .then(Span::borrowed(&alert.condition), Role::Text)
        }
    }
}

/// `1m 24s since 02:40:36`; without the time that it lasts where its beginning was not seen.
fn since<'a>(state: &State, incident: &Incident<'_>) -> Line<'a> {
    let Some(since) = incident.since else { return Line::new() };
    let (now, zone) = (state.world.now, state.world.config.console.timezone);
    let clock = since.describe(now, zone);
    let clock = clock.trim_end_matches('Z').to_owned();
    if !since.seen {
        return Line::styled(clock, Role::Text);
    }
    Line::styled(figures::elapsed(now.since(since.at)), Role::TextStrong).then(clock, Role::Text)
}

/// What it takes down, and how much else is wrong.
fn after<'a>(incident: &Incident<'a>) -> Line<'a> {
    let mut words = Line::new();
    for (at, service) in incident.takes_down.iter().enumerate() {
        words = words.and(if at == 0 { "takes down " } else { ", " }, Role::Text);
        words = words.and(Span::borrowed(&service.title), Role::TextStrong);
    }
    if incident.more > 0 {
        let gap = if words.is_empty() { "" } else { "  " };
        words = words.and(gap, Role::Text).and(format!("+{} more", incident.more), Role::StatusDegraded);
    }
    words
}

/// The key of its action, and what that does.
fn action(state: &State, incident: &Incident<'_>) -> Line<'static> {
    let Some(action) = incident.action.filter(|_| !state.world.read_only) else { return Line::new() };
    let key = key_of_action(state, action);
    if key.is_empty() {
        return Line::new();
    }
    Line::styled(key, Role::Key).then(action.title.to_lowercase(), Role::KeyLabel)
}
