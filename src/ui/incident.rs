//! The bar under the header while something is broken: the cause, since when, why, what it takes down, and the key that
//! mends it. It is there only then.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::figures;
use super::footer::{key_of_action, within_sentence};
use super::paint::{Painter, split_top};
use super::panels::alerts;
use crate::app::keymap::Command;
use crate::app::state::State;
use crate::app::{describe, service};
use crate::model::status::Status;
use crate::text::count::counted;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::{Line, Span, cut};
use crate::ui::widgets::status;
use crate::world::incident::{Cause, Incident, suffered};

/// Below this many rows of the screen the bar has one row.
const LOW: u16 = 10;
/// From so many columns the bar offers to open an incident: below that what is wrong needs the room, and the footer has the key.
const OFFERS_FROM: u16 = 100;
/// In fewer columns beside its keys the bar says how long it lasts, and not since when, so that the reason has a row.
const BRIEF: usize = 36;
/// Columns that are left of a reason that is cut.
const LEAST_WHY: usize = 16;

/// Draws the bar in the first rows of `area` and returns the rest.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) -> Rect {
    let Some(incident) = state.seen().incident() else { return area };
    let keys = keys(state, &incident, area.width);
    let inside = Rect { width: area.width.saturating_sub(1), ..area };
    let beside = if keys.is_empty() { 0 } else { keys.width() + 2 };
    let room = usize::from(inside.width).saturating_sub(beside);
    let below = if area.height >= LOW { usize::from(inside.width) } else { 0 };
    let (first, second) = lines(state, painter.glyphs(), &incident, room, below);
    let (bar, rest) = split_top(area, if second.is_empty() { 1 } else { 2 });
    painter.put_right(inside, 0, &keys);
    painter.put(Rect { width: u16::try_from(room).unwrap_or(inside.width), ..inside }, 0, &first);
    if bar.height > 1 {
        painter.put(inside, 1, &second);
    }
    rest
}

/// Places among the parts of the text that may stand in the first row before the reason, which then has the second one.
const TAKES_DOWN: usize = 2;
const MORE: usize = 3;
const BEFORE_REASON: [&[usize]; 4] = [&[], &[MORE], &[TAKES_DOWN], &[TAKES_DOWN, MORE]];

/// Other causes that are named at the most: the list below has all of them.
const NAMED: usize = 3;

/// How much of the parts is said: columns of the reason, names of what it takes down, names of other causes.
#[derive(Clone, Copy)]
struct Extent {
    why: usize,
    takes_down: usize,
    others: usize,
    /// Since when as a duration alone.
    is_brief: bool,
}

/// The text in one row of `room` columns where it fits, else in two: what is wrong, and below it what follows. Where `below`
/// columns are not enough for that, what fits of it stands in the first row. Where that is not enough either, other causes
/// are counted without their names, then the reason is cut, then some of those that it takes down are counted: who is at it
/// and how much else is wrong stay.
fn lines<'a>(
    state: &'a State,
    glyphs: GlyphSet,
    incident: &Incident<'a>,
    room: usize,
    below: usize,
) -> (Line<'a>, Line<'a>) {
    let whole =
        Extent { why: incident.why.width(), takes_down: incident.takes_down.len(), others: 0, is_brief: room < BRIEF };
    let lay = |extent: Extent, up: &[usize]| {
        let parts = parts(state, glyphs, incident, extent);
        in_rows(cause(state, glyphs, incident), parts, room, below > 0, up)
    };
    let excess = |(first, second): &(Line<'_>, Line<'_>)| {
        if below == 0 { first.width().saturating_sub(room) } else { second.width().saturating_sub(below) }
    };
    let best = |extent: Extent| {
        let ups = if below == 0 { &BEFORE_REASON[..1] } else { &BEFORE_REASON[..] };
        let ways = ups.iter().map(|up| (*up, lay(extent, up)));
        let possible = ways.filter(|(up, (first, _))| up.is_empty() || first.width() <= room);
        possible.min_by_key(|(_, rows)| excess(rows)).unwrap_or_else(|| (&[], lay(extent, &[])))
    };
    let others = (1..=incident.others.len().min(NAMED)).rev().map(|others| best(Extent { others, ..whole }).1);
    if let Some(rows) = others.into_iter().find(|rows| excess(rows) == 0) {
        return rows;
    }
    let (up, rows) = best(whole);
    if below == 0 || excess(&rows) == 0 {
        return rows;
    }
    let why = whole.why.saturating_sub(excess(&rows)).max(LEAST_WHY).min(whole.why);
    let mut shorter =
        (1..=whole.takes_down.max(1)).rev().map(|takes_down| lay(Extent { why, takes_down, ..whole }, up));
    shorter.find(|rows| excess(rows) == 0).unwrap_or_else(|| lay(Extent { why, takes_down: 1, ..whole }, up))
}

/// What follows the cause, each part with what stands before it: since when, the reason, what it takes down, how much else
/// is wrong.
fn parts<'a>(state: &'a State, glyphs: GlyphSet, incident: &Incident<'a>, extent: Extent) -> [(Line<'a>, Line<'a>); 4] {
    let why = Line::styled(cut(&incident.why, extent.why, glyphs.ellipsis), Role::TextStrong);
    let dot = || Line::styled(format!(" {} ", glyphs.dot), Role::TextDim);
    // Behind when an alert clears a time would be read as one with it.
    let before_since = if matches!(incident.cause, Cause::Alert(_)) { dot() } else { Line::plain(" ") };
    let takes_down = takes_down(incident, extent.takes_down);
    let more = more(state, glyphs, incident, extent.others);
    [(before_since, since(state, incident, extent.is_brief)), (dot(), why), (dot(), takes_down), (dot(), more)]
}

/// The parts behind the cause in its row as long as they fit, and those in `up` at any rate; the others in a row below where
/// there is one.
fn in_rows<'a>(
    mut first: Line<'a>,
    parts: [(Line<'a>, Line<'a>); 4],
    room: usize,
    has_two: bool,
    up: &[usize],
) -> (Line<'a>, Line<'a>) {
    let mut second = Line::new();
    for (at, (between, part)) in parts.into_iter().enumerate().filter(|(_, (_, part))| !part.is_empty()) {
        // What does not fit whole goes below with all that follows: a time that is cut says another time.
        let fits = first.width() + between.width() + part.width() <= room;
        if !has_two || up.contains(&at) || (second.is_empty() && fits) {
            first = first.join(between).join(part);
        } else if second.is_empty() {
            second = Line::plain("   ").join(part);
        } else {
            second = second.join(between).join(part);
        }
    }
    (first, second)
}

/// The incident that people work on, for the header: its role, and its words, each longer than the one before.
pub(crate) fn in_header(state: &State) -> Option<(Role, [String; 3])> {
    let first = state.seen().worst_open_incident()?;
    let lasted = (state.seen().now.utc - first.opened_at).to_std().unwrap_or_default();
    let more = |word: &str| match state.seen().open_incident_count() {
        0 | 1 => String::new(),
        open => format!(" +{}{word}", open - 1),
    };
    let (id, age) = (&first.id, figures::age(lasted));
    let lead = first.lead().map_or_else(|| "no lead".to_owned(), |lead| format!("lead {lead}"));
    let (short, long) = (more(""), more(" more"));
    let words = [format!(" {id}{short} "), format!(" {id}{long} {age} "), format!(" {id}{long} {age} · {lead} ")];
    Some((status::severity_role(first.severity), words))
}

fn cause<'a>(state: &State, glyphs: GlyphSet, incident: &Incident<'a>) -> Line<'a> {
    match incident.cause {
        Cause::Service(service) => {
            // An old answer is no news of now.
            let (sign, role) = if state.seen().is_stale(service) {
                (glyphs.stale, Role::MarkStale)
            } else {
                (service.status.glyph(glyphs.ascii), status::role(Status::Down))
            };
            let word = service.status.word_of(state.seen().is_stale(service));
            Line::styled(format!(" {sign} {} {word} ", service.title), role)
        }
        Cause::Alert(alert) => {
            let head = Line::styled(format!(" ! {} ", alert.severity.word()), status::severity_role(alert.severity));
            let title = state.seen().title_of_subject(&alert.subject);
            let head = match incident.service.filter(|service| !service.own && service.title != title) {
                Some(service) => {
                    head.then(Span::borrowed(&service.title), Role::TextStrong).then(glyphs.dot, Role::TextDim)
                }
                None => head,
            };
            head.and(" ", Role::Text).join(alerts::what(state, glyphs, alert, true))
        }
    }
}

/// `1m 24s since 02:40:36`, or where `is_brief` `1m 24s`; without the time that it lasts where its beginning was not seen.
fn since<'a>(state: &State, incident: &Incident<'_>, is_brief: bool) -> Line<'a> {
    let Some(since) = incident.since else { return Line::new() };
    let (now, zone) = (state.seen().now, state.seen().config.console.timezone);
    let clock = since.describe(now, zone);
    let clock = clock.trim_end_matches('Z').to_owned();
    if !since.seen {
        return Line::styled(clock, Role::Text);
    }
    let lasts = Line::styled(figures::elapsed(now.since(since.at)), Role::TextStrong);
    if is_brief { lasts } else { lasts.then(clock, Role::Text) }
}

/// What it takes down or degrades, `named` of it by name, and who is at it.
fn takes_down<'a>(incident: &Incident<'a>, named: usize) -> Line<'a> {
    let mut words = Line::new();
    let mut said = "";
    for service in incident.takes_down.iter().take(named) {
        let gap = if words.is_empty() { "" } else { ", " };
        let verb = suffered(service.status);
        words = if verb == said { words.and(gap, Role::Text) } else { words.and(format!("{gap}{verb} "), Role::Text) };
        said = verb;
        words = words.and(Span::borrowed(&service.title), Role::TextStrong);
    }
    let others = incident.takes_down.len().saturating_sub(named);
    if others > 0 {
        words = words.and(format!(" and {}", counted(others, "other")), Role::Text);
    }
    if let Some(known) = &incident.acknowledged {
        let gap = if words.is_empty() { "" } else { "  " };
        let queued = if known.is_queued { " (queued)" } else { "" };
        words = words.and(format!("{gap}acknowledged by {known}{queued}"), Role::TextStrong);
    }
    words
}

/// How much else is wrong, with the names of the first `named`.
fn more<'a>(state: &'a State, glyphs: GlyphSet, incident: &Incident<'a>, named: usize) -> Line<'a> {
    let others = &incident.others;
    if others.is_empty() {
        return Line::new();
    }
    // Without the word for it, one more would be read as a service that is taken down.
    let mut words = Line::styled(format!("+{}", counted(others.len(), "more cause")), Role::StatusDegraded);
    for (at, cause) in others.iter().take(named).enumerate() {
        words = words.and(if at == 0 { ": " } else { ", " }, Role::Text);
        words = words.and(Span::borrowed(state.seen().title_of_cause(cause)), Role::TextStrong);
    }
    if named > 0 && named < others.len() {
        words = words.and(", ", Role::Text).and(glyphs.ellipsis, Role::Text);
    }
    words
}

/// The keys of what a person does about it: its action, and where that is asked for, an incident.
fn keys(state: &State, incident: &Incident<'_>, width: u16) -> Line<'static> {
    if state.seen().read_only {
        return Line::new();
    }
    let (action, opening) = (action(state, incident), opening(state, incident));
    match (action.is_empty(), opening.is_empty() || width < OFFERS_FROM) {
        (_, true) => action,
        (true, false) => opening,
        (false, false) => action.and("   ", Role::Text).join(opening),
    }
}

/// The key that opens an incident, of what fires critical and has none that is open.
fn opening(state: &State, incident: &Incident<'_>) -> Line<'static> {
    let key = state.console.keymap.key_of(Command::OpenIncident);
    match key.filter(|_| incident.asks_for_incident(state.seen())) {
        Some(key) => Line::styled(key.to_string(), Role::Key).then("open incident", Role::KeyLabel),
        None => Line::new(),
    }
}

/// The key of its action, and what that does.
fn action(state: &State, incident: &Incident<'_>) -> Line<'static> {
    // Beside an alert that is selected a key would be pressed for its service.
    let of_cause = incident.service.map(|service| &service.name);
    let is_beside = |alert| state.seen().service_of_alert(alert).map(|service| &service.name) != of_cause;
    let subject = describe::subject(state);
    if service::alert_of(state, subject.as_ref()).is_some_and(is_beside) {
        return Line::new();
    }
    let Some(action) = incident.action else {
        // Which of them helps a person has to choose; the key opens those of what is selected.
        let is_selected = || service::selected(state).as_ref() == of_cause;
        let has_some = incident.service.is_some_and(|service| !service.actions.is_empty()) && is_selected();
        let key = state.console.keymap.key_of(Command::Act).filter(|_| has_some);
        return key
            .map_or_else(Line::new, |key| Line::styled(key.to_string(), Role::Key).then("actions", Role::KeyLabel));
    };
    let key = key_of_action(state, action);
    if key.is_empty() {
        return Line::new();
    }
    Line::styled(key, Role::Key).then(within_sentence(&action.title), Role::KeyLabel)
}
