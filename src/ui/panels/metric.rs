//! One metric: its value and age in the frame, its course inside; and the words for its number, and for the latency of a
//! check, wherever they are shown.

use std::time::Duration;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::metric_chart::{self, Shown};
use super::{Height, PanelView, Room, focused, frame, next_key, note};
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::metrics::panel_span;
use crate::app::row::RowKey;
use crate::app::screens::metrics::Before;
use crate::app::state::State;
use crate::config::panels::{PanelId, PanelSubject};
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span, cut};
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::status;
use crate::world::charted::Charted;

/// From this height on panels that stand one under the other have room for charts.
const TALL: u16 = 44;

/// Columns of a name that still says which metric it is.
const LEAST_NAME: usize = 8;
/// Columns of the title of a service that still say which one it is.
const LEAST_BEGINNING: usize = 3;

pub(super) struct OneMetric;

impl PanelView for OneMetric {
    fn height(&self, _state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        // A line without its chart has no use for a second row.
        let (least, most) = match room.is_narrow() {
            true if room.height < TALL => (1, 1),
            true => (1, 8),
            false if room.is_low() => (1, 1),
            false => (5, 12),
        };
        Some(Height { most, yields: true, ..Height::from(least) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        draw(state, painter, id, area);
    }
}

fn draw(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let PanelSubject::Metric(name) = &id.subject else { return };
    let Some(metric) = state.seen().metric(name) else {
        let inner = frame(state, painter, id, name).draw(painter, area);
        Notice::error("no such metric", "the screen's layout names one that no longer exists").draw(painter, inner);
        return;
    };
    let metric = Charted::Metric(metric);
    if area.height <= 2 {
        line(state, painter, metric, area, focused(state, id));
        note(painter, area, id.clone());
        return;
    }
    let shown = Shown { span: panel_span(state), before: Before::Off };
    let plot = metric_chart::draw(state, painter, metric, area, id, shown);
    note(painter, plot, id.clone());
    painter.note(area, Target::Row(RowKey::Metric(name.clone())));
}

/// Name, value, sparkline and age in one row.
fn line(state: &State, painter: &mut Painter<'_>, metric: Charted<'_>, area: Rect, focused: bool) {
    let role = if focused { Role::TitleFocus } else { Role::Title };
    let mut age = age(state, metric);
    // A blank before the name and one behind it; what stands beside this has its own before it.
    let left = |value: &Line<'_>, age: &Line<'_>| {
        let behind = if age.is_empty() { 0 } else { age.width() + 1 };
        usize::from(area.width).saturating_sub(value.width() + behind + 2)
    };
    let mut value = value(state, painter, metric);
    // The name gives way to the number and its unit; before it does, so do the word beside the sign of what is stale, and
    // since when it is.
    if metric.is_stale() && left(&value, &age) < LEAST_NAME {
        value = stale(painter, metric, "");
    }
    if metric.is_stale() && left(&value, &age) < metric.title(state.seen()).width() {
        age = Line::new();
    }
    let room = left(&value, &age).max(4);
    let title = title_within(state, metric, room, painter.glyphs().ellipsis);
    let words = Line::styled(title, role).and(" ", Role::Text).join(value);
    let used = painter.put_at(area, 1, 0, &words) + 2;
    if focused {
        painter.sign(area.x, area.y, painter.glyphs().bar, Role::Key);
        painter.highlight(Rect { x: area.x + 1, width: used.min(area.width).saturating_sub(2), height: 1, ..area });
    }
    let end = u16::try_from(age.width()).unwrap_or(0) + 1;
    let room = area.width.saturating_sub(used.saturating_add(end).saturating_add(1));
    if room >= 4 {
        let error = metric.error(state.seen().now);
        let words = match &error {
            Some(why) => {
                let why = Span::from(&**why).fitted(usize::from(room), painter.glyphs().ellipsis);
                Line::styled(why, Role::LevelError)
            }
            None => metric_chart::sparkline(state, painter, metric, room),
        };
        painter.put_at(area, used, 0, &words);
    }
    painter.put_right(area, 0, &age);
}

/// The latest number, behind a `!` and in the colour of what fires for it; STALE where it is too old; that there is none where
/// the last answer gave none.
pub(crate) fn value(state: &State, painter: &Painter<'_>, shown: Charted<'_>) -> Line<'static> {
    let Some((_, number)) = shown.value() else { return Line::styled(painter.glyphs().none, Role::TextDim) };
    // The word stands with the number: the age beside it may have no room.
    if shown.is_stale() {
        return stale(painter, shown, "STALE");
    }
    // The number of before would pass for one that came now.
    if shown.error(state.seen().now).is_some() {
        return Line::styled("no value", Role::LevelError);
    }
    let number = shown.mark() + &figures::value(number, shown.unit());
    match shown.severity() {
        // Colour alone says nothing to whoever has none.
        Some(severity) => Line::styled(format!("!{number}"), status::severity_role(severity)),
        None => Line::styled(number, Role::TextStrong),
    }
}

/// The latest number where it is too old, behind a sign and a word for that.
fn stale(painter: &Painter<'_>, shown: Charted<'_>, word: &'static str) -> Line<'static> {
    let number = shown.value().map(|(_, number)| shown.mark() + &figures::value(number, shown.unit()));
    let sign = Line::styled(painter.glyphs().stale, Role::MarkStale);
    let sign = if word.is_empty() { sign } else { sign.then(word, Role::MarkStale) };
    sign.then(number.unwrap_or_default(), Role::TextDim)
}

/// A title within `room` columns. One that begins with its service's title gives up of that first: of
/// `shop front p95` it is `p95` that tells it from the others of the service.
pub(crate) fn title_within(state: &State, shown: Charted<'_>, room: usize, ellipsis: &str) -> String {
    let title = shown.title(state.seen());
    let service = shown.service().map(|service| state.seen().title_of_service(service));
    let parts = service.and_then(|service| Some((service, title.strip_prefix(service)?.strip_prefix(' ')?)));
    shortened(&title, parts, room, ellipsis)
}

/// `whole` within `room` columns; `parts`: its beginning that may be cut, and the rest, which stays as long as it can.
fn shortened(whole: &str, parts: Option<(&str, &str)>, room: usize, ellipsis: &str) -> String {
    let Some((beginning, rest)) = parts.filter(|_| whole.width() > room) else { return cut(whole, room, ellipsis) };
    match room.checked_sub(rest.width() + 1 + ellipsis.width()) {
        Some(left) if left >= LEAST_BEGINNING => {
            let kept = cut(beginning, left, "");
            format!("{}{ellipsis} {rest}", kept.trim_end())
        }
        _ => cut(rest, room, ellipsis),
    }
}

/// What the latest number leaves out, within `room` columns.
pub(super) fn caveat(shown: Charted<'_>, room: usize, ellipsis: &str) -> Line<'static> {
    let Some(caveat) = shown.caveat() else { return Line::new() };
    let text = cut(caveat.text.as_str(), room.min(48), ellipsis);
    Line::styled(text, Role::MarkStale).and(" ", Role::Text)
}

/// How old the latest number is, where it is late: a fresh one carries no age.
pub(crate) fn age(state: &State, shown: Charted<'_>) -> Line<'static> {
    let is_late = |age: &Duration| shown.is_stale() || *age > shown.every() * 2;
    let role = if shown.is_stale() { Role::MarkStale } else { Role::TextDim };
    shown.age(state.seen().now).filter(is_late).map_or_else(Line::new, |age| Line::styled(figures::age(age), role))
}

/// Why there is no course, and what can be done.
pub(super) fn nothing(state: &State, shown: Charted<'_>) -> Notice<'static> {
    let (mut notice, does) = if let Some(error) = shown.error(state.seen().now) {
        (Notice::error("no value", error.as_str().to_owned()), "polls again")
    } else {
        let due = format!("due every {}", figures::left(shown.every()));
        (Notice::empty("waiting for the first value", due), "polls now")
    };
    let next = next_key(state, Command::Poll, does);
    if !next.is_empty() {
        notice.next.push(Line::styled(next, Role::TextDim));
    }
    notice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_that_is_too_long_keeps_what_tells_it_from_others() {
        let within = |room| shortened("shop front p95", Some(("shop front", "p95")), room, "…");
        assert_eq!(
            [14, 13, 11, 8, 7, 3].map(within),
            ["shop front p95", "shop fro… p95", "shop f… p95", "sho… p95", "p95", "p95"]
        );
        assert_eq!(within(2), "p…");
        assert_eq!(shortened("response-time", None, 8, "…"), "respons…");
    }
}
