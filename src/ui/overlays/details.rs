//! What the details of the logs share: their place, their keys in the footer, rows of more than one line.

use std::ops::Range;

use ratatui::layout::Rect;

use crate::app::keymap::Command;
use crate::app::layout::{Area, Target};
use crate::app::logs::details;
use crate::app::state::State;
use crate::app::state::overlay::Stands;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_bottom};
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::hints::{self, Hint};
use crate::ui::widgets::table;

/// Lines of a row that is not selected, at the most.
const LINES: usize = 3;
/// Lines of the selected row.
const LINES_SELECTED: usize = 12;

/// Where the details are in the frame `area`.
pub(super) fn spot(state: &State, painter: &Painter<'_>, area: Rect) -> Rect {
    let stands = details::open(state).unwrap_or(Stands::Alone);
    // Where there is room for one line alone there is no screen.
    let screen = painter.screen().unwrap_or_else(|| {
        let bare = details::bare((area.width, area.height));
        Area { x: area.x + bare.x, y: area.y + bare.y, ..bare }
    });
    let Area { x, y, width, height } = details::place(screen, stands);
    Rect { x, y, width, height }
}

/// Clears the place of the details in a frame, draws the box and the keys under it, and gives what is inside.
pub(super) fn frame(
    state: &State,
    painter: &mut Painter<'_>,
    area: Rect,
    title: &Line<'_>,
    foot: &Line<'_>,
    keys: &[(Command, &str)],
) -> Rect {
    let spot = spot(state, painter, area);
    let (_, bottom) = split_bottom(area, 1);
    let hint = |(command, label): &(Command, &str)| {
        state.console.keymap.key_of(*command).map(|key| Hint::new(key.to_string(), *label))
    };
    painter.clear(bottom);
    let keys: Vec<Hint> = keys.iter().filter_map(hint).collect();
    hints::draw(painter, bottom, &keys, &[Hint::new("esc", "close")]);
    dialog::frame(painter, spot, DialogTone::Plain, title, foot)
}

/// Tabs in a row, each of which can be clicked.
pub(super) fn tabs(painter: &mut Painter<'_>, row: Rect, tabs: &[&'static str], shown: usize) {
    let mut x = 0;
    for (at, tab) in tabs.iter().enumerate() {
        let words = dialog::button(tab, at == shown);
        let width = painter.put_at(row, x, 0, &words);
        painter.note(
            Rect {
                x: row.x + x.min(row.width),
                width: width.min(row.width - x.min(row.width)),
                height: 1.min(row.height),
                ..row
            },
            Target::OverlayButton(at),
        );
        x += width + 1;
    }
}

/// Draws rows, of which `at` is selected and takes keys where `focused`, so that it is in sight, in the middle where there is more on both sides.
/// `row` makes the words of one: what stands before the value, and the value, which goes on in further lines. Says which
/// rows are there whole.
pub(super) fn rows<'a>(
    painter: &mut Painter<'_>,
    area: Rect,
    count: usize,
    (at, focused): (usize, bool),
    row: impl Fn(usize) -> (Line<'a>, &'a str, Role),
) -> Range<usize> {
    let inside = table::beside_pointer(area);
    let width = usize::from(inside.width);
    let (height, ellipsis) = (usize::from(area.height), painter.glyphs().ellipsis);
    let within = |index: usize, most: usize| {
        let (head, value, role) = row(index);
        lines(&head, (value, role), (width, most.min(height.max(1))), ellipsis)
    };
    // Nothing is cut where there is room for the whole of everything.
    let mut used = 0;
    let is_whole = (0..count).all(|index| {
        used += within(index, LINES_SELECTED).len();
        used <= height
    });
    let lines = |index: usize| {
        let most = if is_whole || index == at { LINES_SELECTED } else { LINES };
        within(index, most)
    };
    let at = at.min(count.saturating_sub(1));
    let first = first(count, at, height, |index| lines(index).len());
    let mut y = 0;
    for index in first..count {
        let drawn = lines(index);
        let top = y;
        for line in drawn {
            if y >= area.height {
                return first..index;
            }
            painter.put(inside, y, &line);
            y += 1;
        }
        let spot = Rect { y: area.y + top, height: y - top, ..area };
        if index == at {
            table::select(painter, Rect { height: 1, ..spot }, focused);
        }
        painter.note(spot, Target::OverlayRow(index));
    }
    first..count
}

fn lines(
    head: &Line<'_>,
    (value, role): (&str, Role),
    (width, most): (usize, usize),
    ellipsis: &'static str,
) -> Vec<Line<'static>> {
    // More than fits is not even looked at: a value may be as long as a record.
    let bound = width.max(1) * (most + 1);
    let end = value.char_indices().nth(bound).map_or(value.len(), |(end, _)| end);
    let words = head.skipped(0).and(value[..end].to_owned(), role);
    let indent = head.width().min(width / 2);
    let mut lines = words.wrapped(width, indent);
    if lines.len() > most || end < value.len() {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.break_off(width, ellipsis, role);
        }
    }
    lines
}

/// The first row to draw: `at` in the middle, and nothing wasted at the end.
fn first(count: usize, at: usize, height: usize, lines: impl Fn(usize) -> usize) -> usize {
    let back = |from: usize, room: usize| {
        let (mut first, mut used) = (from, 0);
        for index in (0..=from).rev() {
            used += lines(index);
            if used > room && index < from {
                break;
            }
            first = index;
        }
        first
    };
    if count == 0 {
        return 0;
    }
    back(at, height.div_ceil(2)).min(back(count - 1, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_row_is_in_sight_and_nothing_is_wasted() {
        let one = |_: usize| 1;
        assert_eq!(first(50, 0, 10, one), 0);
        assert_eq!(first(50, 20, 10, one), 16);
        assert_eq!(first(50, 49, 10, one), 40);
        assert_eq!(first(5, 4, 10, one), 0);
        assert_eq!(first(0, 0, 10, one), 0);
        assert_eq!(first(50, 20, 10, |at| if at == 20 { 12 } else { 1 }), 20);
        assert_eq!(first(3, 1, 0, one), 1);
    }

    #[test]
    fn a_long_value_gives_way() {
        let long = "x".repeat(1 << 18);
        let drawn = lines(&Line::plain("name  "), (&long, Role::Text), (40, 3), "…");
        assert_eq!(drawn.len(), 3);
        assert!(drawn[2].width() > 40, "an ellipsis is drawn");
        assert_eq!(lines(&Line::plain("name  "), ("short", Role::Text), (40, 3), "…").len(), 1);
    }
}
