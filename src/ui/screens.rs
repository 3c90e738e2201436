//! How the panels of a screen are placed: rows by weight, within what each panel needs and can use.

use std::cmp::Reverse;

use ratatui::layout::Rect;

use super::paint::{Painter, shares, split_left, split_top};
use super::panels::{Height, Room, find};
use super::widgets::notice::Notice;
use crate::app::layout::Area;
use crate::app::logs::details;
use crate::app::panels;
use crate::app::state::State;
use crate::config::panels::PanelSubject;
use crate::config::sections::screen::{Cell, Placed, Rows};
use crate::lang::order::InOrder;

/// Columns of a panel beside others, where its layout does not say otherwise.
const LEAST_WIDTH: u16 = 20;

/// Draws the screen that is shown; where a panel is zoomed, that alone.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let area = beside_details(state, area);
    if state.console.zoomed
        && let Some(id) = state.focused_panel()
        && panels::find(&id).zooms()
    {
        find(&id).draw(state, painter, &id, area);
        return;
    }
    let Some(layout) = state.console.layouts.get(&state.console.screen) else { return };
    let room = Room { width: area.width, height: area.height, screen: area.height };
    let rows = wanted(state, &layout.rows_at(room.width), room);
    if rows.is_empty() {
        Notice::empty("nothing to show", "the panels of this screen have nothing yet").draw(painter, area);
        return;
    }
    let wishes = rows.iter().map(|row| of_row(state, row, room));
    let mut rows: Vec<(&Vec<Cell>, Wish)> = rows.iter().zip(wishes).collect();
    if rows.iter().map(|(_, wish)| u32::from(wish.least)).sum::<u32>() > u32::from(area.height) {
        worst_first(state, &mut rows);
    }
    let wishes: Vec<Wish> = rows.iter().map(|(_, wish)| *wish).collect();
    let mut rest = area;
    for ((row, _), height) in rows.iter().zip(heights(&wishes, area.height)) {
        let (line, below) = split_top(rest, height);
        rest = below;
        if height == 0 {
            continue;
        }
        let mut right = line;
        for (cell, width) in row.iter().zip(widths(row, line.width)) {
            let (spot, beyond) = split_left(right, width);
            right = beyond;
            column(state, painter, cell, spot, room);
        }
    }
}

/// What is left of the logs screen beside a record, patterns or top values that are open where there is room for both.
fn beside_details(state: &State, area: Rect) -> Rect {
    let Some(stands) = details::open(state) else { return area };
    let screen = Area { x: area.x, y: area.y, width: area.width, height: area.height };
    let place = details::place(screen, stands);
    if place.width < area.width {
        return Rect { width: area.width - place.width, ..area };
    }
    match area.height.saturating_sub(place.height) {
        0 => area,
        above => Rect { height: above, ..area },
    }
}

/// The rows without the panels that have nothing to show, or no room to show it in.
fn wanted(state: &State, rows: &Rows, room: Room) -> Rows {
    let is_wanted = |placed: &Placed| {
        panels::find(&placed.id).is_wanted(state) && find(&placed.id).height(state, &placed.id, room).is_some()
    };
    let cell = |cell: &Cell| -> Cell { cell.iter().filter(|placed| is_wanted(placed)).cloned().collect() };
    let row = |row: &Vec<Cell>| -> Vec<Cell> { row.iter().map(cell).filter(|cell| !cell.is_empty()).collect() };
    rows.iter().map(row).filter(|row| !row.is_empty()).collect()
}

/// Puts the rows of metrics that are past a threshold before those that are not: the last rows go where there is no room
/// for all.
fn worst_first(state: &State, rows: &mut [(&Vec<Cell>, Wish)]) {
    let severity = |placed: &Placed| match &placed.id.subject {
        PanelSubject::Metric(name) => state.seen().metric(name).map(|metric| metric.severity),
        _ => None,
    };
    let is_of_metrics = |row: &Vec<Cell>| row.iter().flatten().all(|placed| severity(placed).is_some());
    let places: Vec<usize> = (0..rows.len()).filter(|at| is_of_metrics(rows[*at].0)).collect();
    let mut sorted: Vec<_> = places.iter().map(|at| rows[*at]).collect();
    sorted.order_by_key(|(row, _)| Reverse(row.iter().flatten().filter_map(severity).max()));
    for (at, row) in places.into_iter().zip(sorted) {
        rows[at] = row;
    }
}

/// Draws the panels of a cell, one under the other.
fn column(state: &State, painter: &mut Painter<'_>, cell: &Cell, area: Rect, room: Room) {
    let room = Room { height: area.height, ..room };
    let wishes: Vec<Wish> = cell.iter().map(|placed| of_panel(state, placed, room)).collect();
    let mut rest = area;
    for (placed, height) in cell.iter().zip(heights(&wishes, area.height)) {
        let (spot, below) = split_top(rest, height);
        rest = below;
        if height > 0 {
            find(&placed.id).draw(state, painter, &placed.id, spot);
        }
    }
}

/// What one of those that share a height needs, and what it can use.
#[derive(Clone, Copy)]
struct Wish {
    least: u16,
    most: u16,
    weight: u32,
    yields: bool,
}

fn of_panel(state: &State, placed: &Placed, room: Room) -> Wish {
    let height = find(&placed.id).height(state, &placed.id, room).unwrap_or(Height::fixed(0));
    let Height { least, most, share, yields } = height;
    Wish { least, most, weight: u32::from(placed.weight) * u32::from(share), yields }
}

/// A cell is as high as its panels together.
fn of_cell(state: &State, cell: &Cell, room: Room) -> Wish {
    let all = || cell.iter().map(|placed| of_panel(state, placed, room));
    Wish {
        least: all().fold(0, |sum, wish| sum.saturating_add(wish.least)),
        most: all().fold(0, |sum, wish| sum.saturating_add(wish.most)),
        weight: cell.iter().map(|placed| u32::from(placed.weight)).max().unwrap_or(1),
        yields: all().all(|wish| wish.yields),
    }
}

/// A row is as high as the highest of its cells; those that yield decide only where they are alone.
fn of_row(state: &State, row: &[Cell], room: Room) -> Wish {
    let all: Vec<Wish> = row.iter().map(|cell| of_cell(state, cell, room)).collect();
    let firm = all.iter().filter(|wish| !wish.yields).map(|wish| wish.most).max();
    Wish {
        least: all.iter().map(|wish| wish.least).max().unwrap_or(0),
        most: firm.or_else(|| all.iter().map(|wish| wish.most).max()).unwrap_or(0),
        weight: all.iter().map(|wish| wish.weight).max().unwrap_or(1),
        yields: false,
    }
}

/// The height of each. The last ones go where there is not even the least for all; what one can't use goes to the
/// others by weight.
fn heights(wishes: &[Wish], total: u16) -> Vec<u16> {
    let mut kept = wishes.len();
    let needed = |kept: usize| wishes[..kept].iter().map(|wish| u32::from(wish.least)).sum::<u32>();
    while kept > 1 && needed(kept) > u32::from(total) {
        kept -= 1;
    }
    let mut out: Vec<u16> = wishes[..kept].iter().map(|wish| wish.least.min(total)).collect();
    loop {
        let left = total.saturating_sub(out.iter().sum());
        let open = (0..kept).filter(|at| out[*at] < wishes[*at].most);
        // A row at a time to the one that is farthest behind its share: exact, and the same at every call.
        let next = open.min_by(|a, b| {
            let filled = |at: usize| f64::from(out[at]) / f64::from(wishes[at].weight.max(1));
            filled(*a).total_cmp(&filled(*b))
        });
        match next.filter(|_| left > 0) {
            Some(at) => out[at] += 1,
            None => break,
        }
    }
    // Nobody wants it: the last one takes it rather than leave a hole.
    let left = total.saturating_sub(out.iter().sum());
    if let Some(last) = out.last_mut() {
        *last += left;
    }
    out.resize(wishes.len(), 0);
    out
}

/// The width of each cell of a row: by weight; what one can't use goes to the last that can.
fn widths(row: &[Cell], total: u16) -> Vec<u16> {
    let weight = |cell: &Cell| cell.iter().map(|placed| placed.weight).max().unwrap_or(1);
    let mut widths = shares(total, &row.iter().map(weight).collect::<Vec<_>>(), LEAST_WIDTH);
    let most = |cell: &Cell| cell.iter().map(|placed| find(&placed.id).width().1).max().unwrap_or(u16::MAX);
    let Some(rest) = row.iter().rposition(|cell| most(cell) == u16::MAX) else { return widths };
    for (at, cell) in row.iter().enumerate().filter(|(_, cell)| most(cell) < u16::MAX) {
        let least = cell.iter().map(|placed| find(&placed.id).width().0).max().unwrap_or(0);
        let both = widths[at] + widths[rest];
        let bounded = widths[at].clamp(least, most(cell)).min(both);
        (widths[at], widths[rest]) = (bounded, both - bounded);
    }
    widths
}
