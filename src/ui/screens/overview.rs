//! Overview and custom screens: rows of panels by weight; stacked and shortened where the room is short.

use ratatui::layout::Rect;

use crate::app::screens::overview::{Rows, layout};
use crate::app::state::State;
use crate::config::sections::screen::Panel;
use crate::ui::paint::{Painter, shares, split_left, split_top};
use crate::ui::panels::{self, services};
use crate::ui::widgets::notice::Notice;

/// Under this width panels stand one under the other.
const STACKED: u16 = 80;
/// From this height on panels that stand one under the other have room for charts.
const TALL: u16 = 44;

/// Draws it.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let rows = layout(&state.world.config, &state.console.screen);
    if rows.iter().all(Vec::is_empty) {
        Notice::empty("this screen has no panels", "give it rows = [[\"services\", \"alerts\"]]").draw(painter, area);
        return;
    }
    let stacked = area.width < STACKED;
    let rows = if stacked { stack(rows) } else { rows };
    let mut rest = area;
    for (row, height) in rows.iter().zip(heights(state, &rows, area.height, stacked)) {
        let (line, below) = split_top(rest, height);
        rest = below;
        if height == 0 {
            continue;
        }
        let weights: Vec<u16> = row.iter().map(|(_, weight)| *weight).collect();
        let mut right = line;
        for ((panel, _), width) in row.iter().zip(shares(line.width, &weights, 20)) {
            let (spot, beyond) = split_left(right, width);
            right = beyond;
            panels::draw(state, painter, panel, spot);
        }
    }
}

/// Every panel in a row of its own.
fn stack(rows: Rows) -> Rows {
    rows.into_iter().flatten().map(|panel| vec![panel]).collect()
}

/// What a row of panels needs, and what it can use.
#[derive(Clone, Copy)]
struct Wish {
    least: u16,
    most: u16,
    weight: u16,
}

fn wish(state: &State, row: &[(Panel, u16)], total: u16, stacked: bool) -> Wish {
    let of = |panel: &Panel| -> (u16, u16) {
        match panel {
            Panel::Services => (if stacked { 4 } else { 5 }, services::rows_wanted(state)),
            Panel::Alerts => (if stacked { 3 } else { 5 }, 12),
            // A line without its chart has no use for a second row.
            Panel::Metric(_) if stacked => (1, if total < TALL { 1 } else { 8 }),
            Panel::Metric(_) => (5, 12),
            Panel::Actions => (3, 14),
            Panel::Check(_) => (4, 16),
            Panel::Timeline | Panel::Log(_) => (4, u16::MAX),
        }
    };
    let all = || row.iter().map(|(panel, _)| of(panel));
    Wish {
        least: all().map(|(least, _)| least).max().unwrap_or(0),
        // Alerts come and go: a row's height must not, so the services beside them decide.
        most: all().filter(|(_, most)| row.len() == 1 || *most != 12).map(|(_, most)| most).max().unwrap_or(12),
        weight: row.iter().map(|(_, weight)| *weight).max().unwrap_or(1),
    }
}

/// The height of every row. The last rows go where there is not even the least for all; what a row can't use goes to
/// the others by weight.
fn heights(state: &State, rows: &Rows, total: u16, stacked: bool) -> Vec<u16> {
    let wishes: Vec<Wish> = rows.iter().map(|row| wish(state, row, total, stacked)).collect();
    let mut kept = wishes.len();
    let needed = |kept: usize| wishes[..kept].iter().map(|wish| u32::from(wish.least)).sum::<u32>();
    while kept > 1 && needed(kept) > u32::from(total) {
        kept -= 1;
    }
    let mut out: Vec<u16> = wishes[..kept].iter().map(|wish| wish.least.min(total)).collect();
    loop {
        let left = total.saturating_sub(out.iter().sum());
        let open: Vec<usize> = (0..kept).filter(|at| out[*at] < wishes[*at].most).collect();
        if left == 0 || open.is_empty() {
            break;
        }
        // A row at a time to the one that is farthest behind its share: exact, and the same at every call.
        let next = open.into_iter().min_by(|a, b| {
            let filled = |at: usize| f64::from(out[at]) / f64::from(wishes[at].weight.max(1));
            filled(*a).total_cmp(&filled(*b))
        });
        match next {
            Some(at) => out[at] += 1,
            None => break,
        }
    }
    // Nobody wants it: the last row takes it rather than leave a hole.
    let left = total.saturating_sub(out.iter().sum());
    if let Some(last) = out.last_mut() {
        *last += left;
    }
    out.resize(rows.len(), 0);
    out
}
