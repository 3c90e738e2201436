//! Patterns: shape by shape, how many, how bad, since when.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use super::Draw;
use super::details;
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::overlays::patterns::PatternsOverlay;
use crate::app::state::State;
use crate::logs::pattern::{Group, Order, ShapeHistory};
use crate::text::name::Name;
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::{Painter, split_bottom, split_top};
use crate::ui::widgets::log::level;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::scale::Scale;
use crate::ui::widgets::spark;
use crate::ui::widgets::table::{self, Column, Table, TableRow};

const COLUMNS: [Column; 7] = [
    Column::figure("count", 7, 0),
    Column::figure("share", 6, 3),
    Column::text("worst", 5, 5, 0),
    Column::text("trend", 10, 10, 4),
    Column::figure("first", 5, 1),
    Column::figure("last", 5, 2),
    Column::text("pattern", 20, 400, 0),
];
/// Columns of a trend.
const TREND: usize = 10;
/// Rows from which the selected shape is shown in full under the list.
const ROOM_FOR_SHAPE: u16 = 12;

impl Draw for PatternsOverlay {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let by = match self.order {
            Order::Count => "most frequent first",
            Order::Newest | Order::Latest => "newest first",
            Order::Level => "worst first",
        };
        let (groups, at) = self.rows();
        let by = if groups.first().is_some_and(|group| self.is_new(group)) {
            format!("new, then {by}")
        } else {
            by.to_owned()
        };
        let dot = painter.glyphs().dot;
        let mut title = Line::styled("patterns", Role::DialogTitle).then(by, Role::TextDim);
        if !self.filter().is_empty() {
            title = title.then(dot, Role::TextDim).then(self.filter().to_owned(), Role::LogMatch);
        }
        let keys = [
            (Command::Open, "show records"),
            (Command::NotThis, "hide these"),
            (Command::Order, "sort"),
            (Command::Copy, "copy"),
        ];
        let foot = Line::styled(format!("{} of {}", (at + 1).min(groups.len()), groups.len()), Role::TextDim);
        let inner = details::frame(state, painter, area, &title, &foot, &keys);
        let (head, body) = split_top(inner, 2);
        painter.put(head, 0, &counted(self, dot));
        painter.put(head, 1, &known_past(state, self));
        if groups.is_empty() {
            let notice = if self.progress().is_some() {
                Notice::empty("counting what is held", "newest first")
            } else {
                Notice::empty("no record passes the filter", "new records are counted as they arrive")
            };
            notice.draw(painter, body);
            return;
        }
        let (list, full) = split_bottom(body, if body.height >= ROOM_FOR_SHAPE { 3 } else { 0 });
        rows(state, painter, self, list, (&groups, at));
        let words = Line::styled(Span::borrowed(&groups[at].shape), Role::TextStrong);
        for (row, line) in (0..full.height).zip(words.wrapped(usize::from(full.width), 0)) {
            painter.put(full, row, &line);
        }
    }
}

fn rows(
    state: &State,
    painter: &mut Painter<'_>,
    panel: &PatternsOverlay,
    list: Rect,
    (groups, at): (&[&Group<Name>], usize),
) {
    let height = usize::from(list.height.saturating_sub(1)).max(1);
    let shown = table::window_around(at, groups.len(), height);
    let selected = at.checked_sub(shown.start);
    let span = panel.patterns.span();
    let glyphs = painter.glyphs();
    let rows =
        shown.clone().zip(&groups[shown]).map(|(place, group)| row(state, panel, glyphs, span, place, group)).collect();
    Table { columns: &COLUMNS, rows, selected, headings: true }.draw(painter, list);
}

/// One group.
fn row<'a>(
    state: &State,
    panel: &PatternsOverlay,
    glyphs: GlyphSet,
    span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    place: usize,
    group: &'a Group<Name>,
) -> TableRow<'a> {
    let (word, _, role) = level(group.worst());
    let age = |at: DateTime<Utc>| figures::age((state.shown_now().utc - at).to_std().unwrap_or_default());
    let trend = span.map(|(from, to)| group.trend.over(from, to, TREND)).unwrap_or_default();
    let trend: Vec<Option<f64>> = trend.iter().map(|n| (*n > 0).then_some(*n as f64)).collect();
    let new = panel.is_new(group);
    let shape =
        Line::styled(if new { "NEW " } else { "" }, Role::LogMark).and(Span::borrowed(&group.shape), Role::Text);
    let percent = group.count as f64 * 100.0 / panel.patterns.total().max(1) as f64;
    TableRow {
        cells: vec![
            Line::plain(figures::count(group.count)),
            Line::styled(format!("{percent:.1}%"), Role::TextDim),
            Line::styled(word, role),
            spark::line(&trend, Scale::from_zero(trend.iter().flatten().copied(), 1.0), glyphs, Role::ChartLine),
            Line::styled(age(group.first), Role::TextDim),
            Line::styled(age(group.last), Role::TextDim),
            shape,
        ],
        target: Some(Target::OverlayRow(place)),
        ..TableRow::default()
    }
}

/// How many records in how many shapes, and how far the counting is.
fn counted(panel: &PatternsOverlay, dot: &'static str) -> Line<'static> {
    let patterns = &panel.patterns;
    let shapes =
        [figures::counted(patterns.len(), "pattern"), figures::counted(patterns.total(), "record")].join(" in ");
    let mut words = Line::plain(shapes);
    if patterns.others() > 0 {
        words = words.then(
            format!("{dot} {} in rare patterns that were dropped", figures::count(patterns.others())),
            Role::TextDim,
        );
    }
    match panel.progress() {
        Some(done) => words.then(format!("{dot} counting, {done} %"), Role::StatusPending),
        None => words,
    }
}

/// Since when NEW is new, or why nothing is called so.
fn known_past(state: &State, panel: &PatternsOverlay) -> Line<'static> {
    let Some(history) = &panel.history else {
        return Line::styled("reading the history before yesterday", Role::StatusPending);
    };
    let now = panel.opened.utc;
    let (known, unknown): (Vec<&Name>, Vec<&Name>) = history.reach.keys().partition(|log| history.reaches(log, now));
    let back = |history: &ShapeHistory| {
        history.earliest().map_or_else(
            || "no history: nothing is marked as new".to_owned(),
            |first| {
                let span = (state.shown_now().utc - first).to_std().unwrap_or_default();
                format!("history goes back only {}: nothing is marked as new", figures::age(span))
            },
        )
    };
    if known.is_empty() {
        return Line::styled(back(history), Role::TextDim);
    }
    let cut = if history.cut { " (not all was read)" } else { "" };
    let mut text = format!("NEW since yesterday, from the files{cut}");
    if !unknown.is_empty() {
        let names: Vec<&str> = unknown.iter().map(|name| &***name).collect();
        text = format!("{text}; unknown for {}", names.join(", "));
    }
    Line::styled(text, Role::TextDim)
}
