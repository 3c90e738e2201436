//! The most frequent values of a field, and before that the choice of one.

use ratatui::layout::Rect;

use super::Draw;
use super::details;
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::overlays::counting::{FieldChoice, SHOWN};
use crate::app::overlays::top::TopOverlay;
use crate::app::state::State;
use crate::app::state::overlay::Overlay as _;
use crate::logs::top::TopRow as Value;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table::{self, Column, Table, TableRow};

const COLUMNS: [Column; 4] = [
    Column::figure("count", 8, 0),
    Column::figure("share", 6, 2),
    Column::text("", 12, 12, 1),
    Column::text("value", 20, 400, 0),
];
const FIELDS: [Column; 1] = [Column::text("field", 10, 400, 0)];
/// Cells of the longest bar.
const BAR: f64 = 12.0;

impl Draw for TopOverlay {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        if let Some(choice) = &self.choice {
            let title = Line::styled("top values of which field?", Role::DialogTitle);
            return choose(state, painter, choice, &title, area);
        }
        let title = Line::styled("top values of", Role::DialogTitle).then(self.counted.field.clone(), Role::LogField);
        let group = (Command::GroupBy, "numbers by a field");
        let keys = [
            (Command::Open, "show records"),
            (Command::NotThis, "hide these"),
            (Command::TopValues, "choose field"),
            (Command::Copy, "copy"),
        ];
        let group = self.counted.spread.ends().is_some().then_some(group);
        let keys: Vec<_> = group.into_iter().chain(keys).collect();
        let rows = self.counted.top.rows(SHOWN);
        let at = self.at();
        let foot = Line::styled(format!("{} of {}", (at + 1).min(rows.len()), rows.len()), Role::TextDim);
        let inner = details::frame(state, painter, area, &title, &foot, &keys);
        let (head, body) = split_top(inner, 2);
        let dot = painter.glyphs().dot;
        painter.put(head, 0, &counted(self, dot));
        painter.put(head, 1, &spread(self, dot));
        if rows.is_empty() {
            let none = "no record that passes has this field";
            nothing(state, self.is_counting(), none, Command::TopValues).draw(painter, body);
            return;
        }
        let height = usize::from(body.height.saturating_sub(1)).max(1);
        let shown = table::window_around(at, rows.len(), height);
        let selected = at.checked_sub(shown.start);
        let greatest = rows[0].share.max(f64::MIN_POSITIVE);
        let block = painter.glyphs().block;
        let drawn = shown.clone().zip(&rows[shown]).map(|(place, row)| TableRow {
            cells: vec![
                Line::plain(figures::count(row.count)),
                Line::styled(format!("{:.1}%", row.share * 100.0), Role::TextDim),
                Line::styled(block.repeat((row.share / greatest * BAR).ceil() as usize), Role::ChartLine),
                shown_value(row),
            ],
            target: Some(Target::OverlayRow(place)),
            ..TableRow::default()
        });
        Table { columns: &COLUMNS, rows: drawn.collect(), selected, headings: true }.draw(painter, body);
    }
}

/// What is said instead of rows: that they are being counted, or why there are `none` and the key that chooses again.
pub(super) fn nothing(state: &State, is_counting: bool, none: &'static str, choice: Command) -> Notice<'static> {
    if is_counting {
        Notice::empty("counting what is held", "newest first")
    } else {
        Notice::empty(none, state.keys_to(&[(choice, "chooses another field")]))
    }
}

/// A value, which may be empty.
pub(super) fn shown_text(value: &str) -> Line<'_> {
    Line::styled(Span::borrowed(if value.is_empty() { "(empty)" } else { value }), Role::Text)
}

fn shown_value<'a>(row: &Value<'a>) -> Line<'a> {
    let words = shown_text(row.value);
    match row.left_out {
        0 => words,
        left_out => words.and(format!("… +{}", figures::bytes(left_out as u64)), Role::TextDim),
    }
}

fn counted(panel: &TopOverlay, dot: &'static str) -> Line<'static> {
    let top = &panel.counted.top;
    let records = figures::counted(top.total(), "record");
    let mut words = match top.distinct() {
        Some(values) => Line::plain(format!("{} in {records}", figures::counted(values, "value"))),
        None => Line::plain(format!("more than {} in {records}", figures::counted(top.len(), "value"))),
    };
    if top.missing() > 0 {
        words = words.then(format!("{dot} {} without the field", figures::count(top.missing())), Role::TextDim);
    }
    if top.short_by() > 0 {
        words = words.then(format!("{dot} counts may be low by {}", figures::count(top.short_by())), Role::TextDim);
    }
    match panel.progress() {
        Some(done) => words.then(format!("{dot} counting, {done} %"), Role::StatusPending),
        None => words,
    }
}

/// Least, median, 95th percentile and greatest, where there are numbers.
fn spread(panel: &TopOverlay, dot: &'static str) -> Line<'static> {
    let spread = &panel.counted.spread;
    let Some((least, greatest)) = spread.ends() else { return Line::new() };
    let mut words = Line::new();
    let middle = |quantile| spread.quantile(quantile).unwrap_or(least);
    for (name, value) in [("min", least), ("p50", middle(0.5)), ("p95", middle(0.95)), ("max", greatest)] {
        words = words.then(name, Role::TextLabel).then(figures::value(value, spread.unit()), Role::TextStrong);
    }
    if spread.count() < panel.counted.top.total() {
        words = words.then(format!("{dot} of {}", figures::counted(spread.count(), "number")), Role::TextDim);
    }
    words
}

/// The choice of a field.
pub(super) fn choose(state: &State, painter: &mut Painter<'_>, choice: &FieldChoice, title: &Line<'_>, area: Rect) {
    let inner = details::frame(state, painter, area, title, &Line::new(), &[]);
    let (head, body) = split_top(inner, 2);
    let typed = Line::styled("> ", Role::InputPrompt)
        .and(choice.input.text().to_owned(), Role::Input)
        .and(" ", Role::InputCaret);
    painter.put(head, 0, &typed);
    let shown = choice.shown();
    if shown.is_empty() {
        Notice::empty("no record has such a field", "Enter counts it anyway").draw(painter, body);
        return;
    }
    let height = usize::from(body.height).max(1);
    let at = choice.selected.min(shown.len() - 1);
    let window = table::window_around(at, shown.len(), height);
    let rows = window.clone().zip(&shown[window.clone()]).map(|(place, field)| TableRow {
        cells: vec![Line::styled(Span::borrowed(field), Role::LogField)],
        target: Some(Target::OverlayRow(place)),
        ..TableRow::default()
    });
    let selected = at.checked_sub(window.start);
    Table { columns: &FIELDS, rows: rows.collect(), selected, headings: false }.draw(painter, body);
}
