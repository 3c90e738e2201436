//! Every metric and the latency of every check, in a table.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, list_in, metric, metric_chart, name_of};
use crate::app::layout::Target;
use crate::app::metrics::span;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::{self, PanelId};
use crate::text::SafeText;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::status;
use crate::ui::widgets::table::{Column, Table, TableRow, beside_pointer, widths};
use crate::world::charted::Charted;

pub(super) struct MetricList;

impl PanelView for MetricList {
    /// At most half, and a third for checks: the charts are why one looks.
    fn height(&self, state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).saturating_add(2);
        let (all, metrics) = (rows(state.seen().all_charted().count()), rows(state.seen().metrics.len()));
        let wanted = all.min(metrics.max(room.height / 3));
        Some(Height::fixed(wanted.min(room.height / 2).max(3)))
    }

    fn width(&self) -> (u16, u16) {
        (36, 60)
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        draw(state, painter, id, area);
    }
}

/// Columns from which there is room for a longer course.
const ROOMY: u16 = 140;

/// Columns of a value, and of one beside which stands that it is stale.
const VALUE: (u16, u16) = (10, 18);

/// Columns of a title at the most, where the longest needs them.
const TITLE: (usize, usize) = (18, 40);

/// The column of the thresholds, or of why nothing is known.
const THRESHOLDS: usize = 3;

/// Columns of an age, and of one beside which stands that it is that.
const AGE: (u16, u16) = (4, 8);

/// What a metric comes to in figures goes first.
fn columns(state: &State, width: u16, any_is_stale: bool, any_is_late: bool) -> [Column; 6] {
    // A mark stands before the title of one whose chart is shown.
    let titles = state.seen().all_charted().map(|shown| shown.title(state.seen()).chars().count() + 2);
    let longest = titles.max().unwrap_or(0);
    [
        Column::text("metric", 8, u16::try_from(longest.clamp(TITLE.0, TITLE.1)).unwrap_or(18), 0),
        Column::figure("value", if any_is_stale && width >= VALUE.1 + 9 { VALUE.1 } else { VALUE.0 }, 0),
        Column::plot("course", 6, if width >= ROOMY { 72 } else { 30 }, 3),
        Column::text("thresholds", 10, 24, 4),
        Column::text("age", if any_is_late { AGE.1 } else { AGE.0 }, 12, 2),
        Column::text("figures", 38, 44, 5),
    ]
}

/// A table of metrics: of the service, or of all.
pub(super) fn draw(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let service = state.shown_service().filter(|_| id.is(&panels::SERVICE_METRICS));
    let empty = || Notice::empty("no metrics and no checks", "add [metric.NAME] with from and value");
    let frame = frame(state, painter, id, name_of("metrics", service));
    let Some((inner, listing)) = list_in(state, painter, (id, area), frame, empty) else { return };
    let visible = || listing.visible().iter().filter_map(|key| found(state, key));
    let any_is_late = visible().any(|shown| !metric::age(state, shown).is_empty());
    let columns = columns(state, beside_pointer(inner).width, visible().any(Charted::is_stale), any_is_late);
    let widths = widths(&columns, beside_pointer(inner).width);
    let rows = visible().map(|shown| {
        let error = shown.error(state.seen().now);
        let mark = id.is(&panels::METRIC_LIST) && state.console.screens.metrics.shown.contains(&shown.series());
        let mut title = Line::plain(shown.title(state.seen()));
        if mark {
            title = Line::styled(painter.glyphs().mark, Role::LogMark).then(shown.title(state.seen()), Role::Text);
        }
        let cells = vec![
            title,
            metric::value(state, painter, shown),
            metric_chart::sparkline(state, painter, shown, widths[2]),
            match &error {
                Some(why) => why_unknown(state, shown, painter.glyphs().dot, why),
                None => thresholds(shown),
            },
            old(metric::age(state, shown)),
            // Summed up only where it is drawn: it is read from all that is known.
            match usize::from(widths[5]) {
                // What it came to before is not what it is: that can't be known now.
                room if room == 0 || error.is_some() => Line::new(),
                room => metric_chart::summary(state, shown, span(state).0, room),
            },
        ];
        // Why it is not known has the place of what it would come to.
        let running_on = (error.is_some() && widths[THRESHOLDS] > 0).then_some(THRESHOLDS);
        TableRow { cells, running_on, target: Some(Target::Row(RowKey::of_series(shown.series()))) }
    });
    let rows = rows.collect();
    Table { columns: &columns, rows, selected: listing.selected, headings: false }.draw(painter, inner);
}

/// `3m old`: nothing else in a row says what an age is.
fn old(age: Line<'static>) -> Line<'static> {
    if age.is_empty() { age } else { age.and(" old", Role::TextDim) }
}

/// Why there is no value, behind how old the last one is, where that is late.
fn why_unknown(state: &State, shown: Charted<'_>, dot: &'static str, why: &SafeText) -> Line<'static> {
    let age = old(metric::age(state, shown));
    let before = if age.is_empty() { age } else { age.then(dot, Role::TextDim) };
    before.then(why.as_str().to_owned(), Role::LevelError)
}

/// `>5 % >10 %`: of what the value has passed in the colour of its severity, the others dim.
fn thresholds(shown: Charted<'_>) -> Line<'static> {
    let mut words = Line::new();
    let passed = shown.severity();
    for (severity, threshold, above) in shown.thresholds() {
        let sign = if *above { ">" } else { "<" };
        let role = match status::severity_role(*severity) {
            _ if passed.is_none_or(|worst| *severity > worst) => Role::TextDim,
            Role::SeverityCritical => Role::ChartCritical,
            role => role,
        };
        words = words.then(format!("{sign}{}", figures::value(*threshold, shown.unit())), role);
    }
    words
}

fn found<'a>(state: &'a State, key: &RowKey) -> Option<Charted<'a>> {
    state.seen().charted(&key.series()?)
}
