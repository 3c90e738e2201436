//! A console that hangs on a wall: the worst first and large, what is well as a count, how old all of it is. Nothing of it
//! waits for a key.

mod board;
mod digits;
mod stale;

use ratatui::layout::Rect;

use super::figures;
use super::header;
use super::paint::{Painter, split_top};
use super::screens;
use crate::app::screens::Wall;
use crate::app::state::State;
use crate::model::outcome::StoreAbsence;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::world::wall::Freshness;

/// From so many columns and rows on, what matters is drawn as large as it goes.
const ROOMY: (u16, u16) = (160, 40);

/// Draws the wall.
pub(super) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect, wall: &Wall) {
    let (top, rest) = split_top(area, 1);
    top_row(state, painter, top);
    let rest = banners(state, painter, rest);
    if wall.screen.is_none() {
        board::draw(state, painter, rest);
    } else {
        let rest = board::incident_band(state, painter, rest);
        screens::draw(state, painter, rest);
    }
    if let Some(freshness) = state.seen().freshness().filter(|freshness| freshness.is_stale) {
        stale::draw(state, painter, area, freshness);
    }
}

/// Whether there is room for the largest letters.
fn is_roomy(area: Rect) -> bool {
    area.width >= ROOMY.0 && area.height + 2 >= ROOMY.1
}

/// Where it acts, the worst that is known, and that it is alive: the time with seconds, and how old the newest answer is.
fn top_row(state: &State, painter: &mut Painter<'_>, row: Rect) {
    let (world, glyphs) = (state.seen(), painter.glyphs());
    let console = &world.config.console;
    let clock = Line::styled(figures::clock(world.now.utc, console.timezone), Role::TextStrong);
    let alive = match world.freshness() {
        Some(freshness) => age(freshness).then(glyphs.dot, Role::TextDim).and(" ", Role::Text).join(clock.clone()),
        None => clock.clone(),
    };
    let worst = header::worst(state, glyphs);
    let count = Line::plain(" ").join(worst.clone());
    let placed = match console.environment.as_str() {
        "" => count.clone(),
        environment => Line::plain(" ").join(header::environment(environment)).and("  ", Role::Text).join(worst),
    };
    let named = Line::plain(" ").and(console.name.clone(), Role::Brand).join(placed.clone());
    // How much is broken outlives how old that is, which console it is, where it acts, and what time it is.
    let ways = [(&named, &alive), (&named, &clock), (&placed, &clock), (&count, &clock), (&count, &Line::new())]
        .map(|(left, right)| (left.clone(), right.clone()));
    let inside = Rect { width: row.width.saturating_sub(1), ..row };
    let fits = |(left, right): &(Line<'_>, Line<'_>)| left.width() + 1 + right.width() <= usize::from(inside.width);
    let (left, right) = ways.iter().find(|way| fits(way)).unwrap_or(&ways[ways.len() - 1]);
    let taken = painter.put_right(inside, 0, right);
    painter.put(Rect { width: inside.width.saturating_sub(taken), ..row }, 0, left);
}

/// `data 3s old`; before the first answer that it is waited for.
fn age(freshness: Freshness) -> Line<'static> {
    let age = figures::elapsed(freshness.age);
    match freshness.last {
        Some(_) if freshness.is_stale => Line::styled(format!("data {age} old"), Role::MarkStale),
        Some(_) => Line::styled(format!("data {age} old"), Role::TextDim),
        None => Line::styled(format!("no answer yet for {age}"), Role::TextDim),
    }
}

/// What makes all below it doubtful, a row each: our network is down, the store is away, maintenance runs.
fn banners(state: &State, painter: &mut Painter<'_>, area: Rect) -> Rect {
    let (world, glyphs) = (state.seen(), painter.glyphs());
    let mut lines = Vec::new();
    if !world.connectivity.ok {
        lines.push(Line::styled(" OUR NETWORK IS DOWN: what is shown is as it was ", Role::ChipOffline));
    }
    if world.store_away.as_ref().is_some_and(|away| away.how == StoreAbsence::NotMade) {
        lines.push(Line::styled(
            " no store yet: nothing is recorded, and what colleagues do is not shown",
            Role::TextDim,
        ));
    } else if let Some(away) = &world.store_away {
        let since = figures::away_since(away, world);
        let text = format!(" STORE AWAY {since}: what colleagues do is not seen ");
        lines.push(Line::styled(text.replace("  ", " "), Role::ChipOffline));
    }
    if let Some((stage, window, more)) = world.maintenance_shown() {
        let more = if more > 0 { format!(" +{more} more") } else { String::new() };
        let line = super::widgets::status::maintenance(glyphs);
        let text = format!(" {} {}{more}", window.title, super::maintenance::when(state, stage, window.window));
        lines.push(Line::plain(" ").join(line).and(text, Role::TextStrong));
    }
    let (rows, rest) = split_top(area, u16::try_from(lines.len()).unwrap_or(area.height));
    for (row, line) in (0..rows.height).zip(&lines) {
        painter.put(rows, row, line);
    }
    rest
}
