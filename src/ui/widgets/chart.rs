//! A chart: one column a bucket. The bar ends at the average, the shade around its end reaches from the least to the greatest
//! value; with threshold lines, labels with their unit, a clock under it, and a cursor.

use ratatui::layout::Rect;

use super::scale::Scale;
use super::status::severity_role;
use super::time_axis::{self, Mark, Tick};
use crate::model::alert::Severity;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::world::metrics::Point;

/// Columns of the labels at the left.
const LABEL: u16 = 8;
/// Columns from which labels are worth theirs.
const LABELS_FROM: u16 = 22;
/// Rows from which the clock is worth one.
const AXIS_FROM: u16 = 3;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chart<'a> {
    /// Buckets, oldest first; `None` where nothing is known.
    pub points: &'a [Option<Point>],
    /// The buckets of the time with which they are compared, as many; empty where they are with none.
    pub before: &'a [Option<Point>],
    /// Threshold lines: severity, threshold, whether above it is bad.
    pub thresholds: &'a [(Severity, f64, bool)],
    /// What bar and shade stand for.
    pub shading: Shading,
    /// The unit of the values.
    pub unit: &'a str,
    /// The span that all columns cover, as a word: `15m`.
    pub span: &'a str,
    /// Times on the axis.
    pub ticks: &'a [Tick],
    /// Columns in which something happened, from the newest (0).
    pub marks: &'a [Mark],
    /// The cursor.
    pub cursor: Option<Cursor<'a>>,
}

/// What the shade of a chart reaches to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Shading {
    /// The bar ends at the average; the shade reaches from the lowest to the highest value.
    #[default]
    Range,
    /// The bar ends at the median; the shade reaches up to the 95th percentile.
    Percentiles,
}

/// The cursor of a chart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    /// Its column, from the newest (0).
    pub back: usize,
    /// The clock time at which it stands.
    pub at: &'a str,
    /// When the time was with which is compared: `a day ago`.
    pub before: &'a str,
}

/// Whether there is room for labels and for the axis.
fn furniture(area: Rect) -> (u16, u16) {
    (if area.width >= LABELS_FROM { LABEL } else { 0 }, u16::from(area.height >= AXIS_FROM))
}

/// Where the columns are drawn: one bucket each.
pub(crate) fn plot(area: Rect) -> Rect {
    let (label, axis) = furniture(area);
    Rect { x: area.x + label, width: area.width - label, height: area.height - axis, ..area }
}

impl Chart<'_> {
    pub(crate) fn draw(&self, painter: &mut Painter<'_>, area: Rect) {
        if area.is_empty() {
            return;
        }
        let (label, axis) = furniture(area);
        let plot = plot(area);
        let shown = self.points.len().min(usize::from(plot.width));
        let points = &self.points[self.points.len() - shown..];
        let before = &self.before[self.before.len().saturating_sub(shown)..];
        let ends = points.iter().chain(before).flatten().flat_map(|point| [point.min, point.max]);
        let scale = Scale::new(ends, self.thresholds.iter().map(|(_, threshold, _)| *threshold));
        self.lines(painter, area, plot, scale, label);
        let first = plot.right() - u16::try_from(shown).unwrap_or(plot.width);
        for (at, x) in (first..plot.right()).enumerate() {
            let point = points.get(at).copied().flatten();
            if let Some(point) = point {
                self.column(painter, plot, x, point, scale);
            }
            if let Some(before) = before.get(at).copied().flatten() {
                self.before(painter, plot, x, before.mean, (point, scale));
            }
        }
        if label == 0 {
            // Too narrow for labels of its own, but never without its greatest value.
            painter.put(plot, 0, &Line::styled(figures::value(scale.high, self.unit), Role::ChartAxis));
        }
        if axis > 0 {
            let row = Rect { y: plot.bottom(), height: 1, ..area };
            if label > 0 {
                Self::label(painter, row, row.y, label, &Line::styled(self.span.to_owned(), Role::ChartAxis));
            }
            time_axis::draw(painter, Rect { x: plot.x, width: plot.width, ..row }, self.ticks, self.marks);
        }
        if let Some(cursor) = self.cursor {
            let back = cursor.back.min(shown.saturating_sub(1));
            self.cursor(painter, plot, Cursor { back, ..cursor }, (points, before));
        }
        painter.flatten(area);
    }

    /// Threshold lines through the whole plot, and the labels: the greatest value always, the least in a row of its own, and
    /// thresholds beside their lines where neither end stands there.
    fn lines(&self, painter: &mut Painter<'_>, area: Rect, plot: Rect, scale: Scale, label: u16) {
        let glyphs = painter.glyphs();
        let (high, low) = (figures::value(scale.high, self.unit), figures::value(scale.low, self.unit));
        let bottom = plot.bottom().saturating_sub(1);
        let mut taken = vec![plot.y];
        // Two ends of one label would say that nothing lies between them. A threshold in the lowest row would pass for the end.
        if high != low {
            taken.push(bottom);
        }
        let inside = self.thresholds.iter().filter(|(_, at, _)| *at <= scale.high && *at >= scale.low);
        for (severity, threshold, _) in inside {
            let (y, role) = (row_of(plot, scale.share(*threshold)), plain(severity_role(*severity)));
            for x in plot.left()..plot.right() {
                painter.plot(x, y, glyphs.threshold, role);
            }
            if label > 0 && !taken.contains(&y) {
                taken.push(y);
                Self::label(painter, area, y, label, &Line::styled(figures::value(*threshold, self.unit), role));
            }
        }
        if label == 0 {
            return;
        }
        if high != low && bottom != plot.y {
            Self::label(painter, area, bottom, label, &Line::styled(low, Role::ChartAxis));
        }
        let top = self.thresholds.iter().find(|(_, at, _)| figures::value(*at, self.unit) == high);
        let role = top.map_or(Role::ChartAxis, |(severity, ..)| plain(severity_role(*severity)));
        Self::label(painter, area, plot.y, label, &Line::styled(high, role));
    }

    /// A label in its column, with a blank between it and the plot.
    fn label(painter: &mut Painter<'_>, area: Rect, y: u16, columns: u16, words: &Line<'_>) {
        let spot = Rect { y, height: 1, width: (columns - 1).min(area.width), ..area };
        if painter.put_right(spot, 0, words) == 0 {
            painter.put(spot, 0, words);
        }
    }

    fn column(&self, painter: &mut Painter<'_>, plot: Rect, x: u16, point: Point, scale: Scale) {
        let glyphs = painter.glyphs();
        let rows = |value: f64| scale.share(value) * f64::from(plot.height);
        let (least, mean, most) = (rows(point.min), rows(point.mean), rows(point.max));
        let (role, fill) = self.roles(point.mean);
        for row in 0..plot.height {
            let below = f64::from(row);
            let y = plot.bottom() - 1 - row;
            if mean > below + 1.0 {
                // Quiet where all is well: only the end of the bar is bright.
                let sign = if least < below + 0.5 { glyphs.band } else { glyphs.block };
                painter.plot(x, y, sign, fill);
            } else if mean > below || row == 0 {
                painter.plot(x, y, glyphs.bar(mean - below), role);
                // The range above must not hang in the air over a cell that is filled in part.
                if role == Role::ChartLine && mean < below + 1.0 && most >= below + 1.5 {
                    painter.behind(x, y, Role::ChartFill);
                }
            } else if most >= below + 0.5 {
                painter.plot(x, y, glyphs.shade, role);
            } else {
                break;
            }
        }
    }

    /// The value of before in a column: over the bar of now, but not over its end.
    fn before(&self, painter: &mut Painter<'_>, plot: Rect, x: u16, value: f64, (now, scale): (Option<Point>, Scale)) {
        let rows = |value: f64| scale.share(value) * f64::from(plot.height);
        let at = rows(value).min(f64::from(plot.height) - 0.01);
        let row = at.floor();
        let end = now.map(|now| rows(now.mean));
        if end.is_some_and(|end| end <= row + 1.0 && (end > row || row < 1.0)) {
            return;
        }
        let y = plot.bottom() - 1 - row as u16;
        let third = (((at - row) * 3.0) as usize).min(2);
        painter.plot(x, y, painter.glyphs().before[third], Role::ChartCompare);
        // Over the loud bar of a threshold it is a notch, because no one colour is seen on all of theirs.
        if now.is_some_and(|now| rows(now.mean) > row && self.roles(now.mean).1 == Role::ChartFill) {
            painter.behind(x, y, Role::ChartFill);
        }
    }

    /// The colours of a column's end and of what is under it: those of the worst threshold that it passes.
    fn roles(&self, value: f64) -> (Role, Role) {
        let passed = self.thresholds.iter().filter(|(_, at, above)| if *above { value > *at } else { value < *at });
        let worst = passed.map(|(severity, ..)| *severity).max().map(|severity| plain(severity_role(severity)));
        worst.map_or((Role::ChartLine, Role::ChartFill), |role| (role, role))
    }

    fn cursor(
        &self,
        painter: &mut Painter<'_>,
        plot: Rect,
        cursor: Cursor<'_>,
        (points, before): (&[Option<Point>], &[Option<Point>]),
    ) {
        let Some(x) = plot.right().checked_sub(1 + u16::try_from(cursor.back).unwrap_or(0)) else { return };
        let at = |points: &[Option<Point>]| points.len().checked_sub(1 + cursor.back).and_then(|at| points[at]);
        if points.len() <= cursor.back {
            return;
        }
        let sign = painter.glyphs().vertical;
        for y in plot.top()..plot.bottom() {
            painter.plot(x, y, sign, Role::ChartCursor);
        }
        let words = self.said(cursor, at(points), at(before));
        // The range, and then what was before, give way to time and value.
        let room = usize::from(plot.width);
        let Some(words) = words.iter().find(|words| words.width() <= room).or(words.last()) else { return };
        let width = u16::try_from(words.width()).unwrap_or(u16::MAX);
        let column = x.saturating_sub(plot.x);
        let column = if column + width < plot.width { column + 1 } else { column.saturating_sub(width) };
        painter.put_at(plot, column, 0, words);
    }

    /// What the cursor says, from all of it to the least.
    fn said(&self, cursor: Cursor<'_>, point: Option<Point>, before: Option<Point>) -> [Line<'static>; 3] {
        let value = |value: f64| figures::value(value, self.unit);
        let name = if self.shading == Shading::Percentiles { "p50 " } else { "" };
        let now = point.map_or_else(|| "no value".to_owned(), |point| format!("{name}{}", value(point.mean)));
        let range = match (self.shading, point) {
            (Shading::Percentiles, Some(point)) => format!(" p95 {}", value(point.max)),
            (Shading::Range, Some(Point { min, max, .. })) if max > min => {
                format!(" ({} to {})", value(min), value(max))
            }
            _ => String::new(),
        };
        let then = match before {
            _ if cursor.before.is_empty() => String::new(),
            Some(before) => format!(", {} {}", value(before.mean), cursor.before),
            None => format!(", none {}", cursor.before),
        };
        let at = cursor.at;
        [format!(" {at}  {now}{range}{then} "), format!(" {at}  {now}{then} "), format!(" {at}  {now} ")]
            .map(|text| Line::styled(text, Role::ChartCursor))
    }
}

/// A critical severity is a chip in words; lines and bars take its colour without the reverse.
fn plain(role: Role) -> Role {
    match role {
        Role::SeverityCritical => Role::ChartCritical,
        role => role,
    }
}

fn row_of(plot: Rect, share: f64) -> u16 {
    let up = (share * f64::from(plot.height)).ceil().max(1.0) as u16;
    plot.bottom() - up.min(plot.height)
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;

    use super::*;
    use crate::theme::{Catalogue, ColorDepth, GlyphSet};

    fn points(values: &[f64]) -> Vec<Option<Point>> {
        values
            .iter()
            .map(|value| Some(Point { min: *value, mean: *value, max: *value, last: *value, count: 1 }))
            .collect()
    }

    fn drawn(chart: &Chart<'_>, width: u16, height: u16) -> String {
        let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::UTF8);
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let mut painter = Painter::new(&mut buffer, &styles);
        chart.draw(&mut painter, Rect::new(0, 0, width, height));
        crate::ui::export::export(&buffer, &styles, crate::ui::export::ExportFormat::Text, "")
    }

    #[test]
    fn thresholds_are_lines_with_labels() {
        let points = points(&[1.0, 2.0, 4.0, 8.0, 12.4]);
        let thresholds = [(Severity::High, 10.0, true), (Severity::Medium, 5.0, true)];
        let ticks = [(32, "10:00"), (12, "10:03")].map(|(back, label)| Tick { back, label: label.to_owned() });
        let marks = [4, 12].map(|back| Mark { back, role: Role::Key, count: 1 });
        let chart = Chart {
            points: &points,
            thresholds: &thresholds,
            unit: "%",
            span: "5m",
            ticks: &ticks,
            marks: &marks,
            ..Chart::default()
        };
        insta::assert_snapshot!(drawn(&chart, 40, 8));
    }

    /// A threshold near the lowest value has its line there, and the end of the scale its label.
    #[test]
    fn the_lowest_row_is_labelled_with_the_end_of_the_scale() {
        let points = points(&[10.0, 60.0]);
        let thresholds = [(Severity::Medium, 2.0, true)];
        let chart = Chart { points: &points, thresholds: &thresholds, unit: "%", ..Chart::default() };
        for height in [2, 4, 9] {
            let text = drawn(&chart, 30, height);
            let rows: Vec<&str> = text.lines().collect();
            let lowest = rows[rows.len() - 1 - usize::from(height >= AXIS_FROM)];
            assert!(lowest.contains("0 %") && !lowest.contains("2 %"), "{text}");
            assert!(lowest.contains('╌'), "its line is there: {text}");
        }
    }

    #[test]
    fn a_cursor_says_its_value() {
        let points = points(&[1.0, 2.0, 4.0, 8.0, 12.4]);
        let cursor = Some(Cursor { back: 1, at: "10:04:30", before: "" });
        let chart = Chart { points: &points, unit: "s", span: "5m", cursor, ..Chart::default() };
        insta::assert_snapshot!(drawn(&chart, 44, 6));
        let before = [None, None, None, Some(Point { min: 0.0, mean: 3.0, max: 3.0, last: 3.0, count: 1 }), None];
        let cursor = Some(Cursor { back: 1, at: "10:04:30", before: "a day ago" });
        let text = drawn(&Chart { before: &before, cursor, ..chart }, 44, 6);
        assert!(text.contains(" 10:04:30  8 s, 3 s a day ago "), "{text}");
        let latency = [Some(Point { min: 20.0, mean: 20.0, max: 41.0, last: 20.0, count: 9 })];
        let cursor = Some(Cursor { back: 0, at: "10:04:30", before: "" });
        let chart = Chart { points: &latency, shading: Shading::Percentiles, unit: "ms", cursor, ..Chart::default() };
        let text = drawn(&chart, 44, 6);
        assert!(text.contains(" 10:04:30  p50 20 ms p95 41 ms "), "{text}");
    }

    /// The rule of shading, without any colour: full up to the least value, dense up to the average, light up to the greatest.
    #[test]
    fn a_bar_ends_at_the_average_and_shades_reach_from_least_to_greatest() {
        let points = [Some(Point { min: 3.0, mean: 6.5, max: 10.0, last: 4.0, count: 1 })];
        let text = drawn(&Chart { points: &points, ..Chart::default() }, 1, 11);
        // The first column holds the label of the greatest value.
        let signs: String = text.lines().skip(1).take(9).collect();
        assert_eq!(signs, "░░▄▒▒▒███", "{text}");
    }

    #[test]
    fn before_is_a_line_over_the_bars_of_now_and_in_the_gaps() {
        let now = [Some(1.0), Some(8.0), None]
            .map(|value| value.map(|v| Point { min: v, mean: v, max: v, last: v, count: 1 }));
        let then = [Some(5.5), Some(5.5), Some(5.5)]
            .map(|value| value.map(|v| Point { min: v, mean: v, max: v, last: v, count: 1 }));
        let with = |before| drawn(&Chart { points: &now, before, unit: "%", ..Chart::default() }, 30, 9);
        let lines = |text: &str| text.chars().filter(|sign| *sign == '─').count();
        assert_eq!((lines(&with(&then)), lines(&with(&[]))), (3, 0), "{}", with(&then));
    }

    #[test]
    fn the_greatest_value_and_the_clock_are_always_there() {
        let points = points(&[1.0, 9.0]);
        let ticks = [Tick { back: 9, label: "02:35".to_owned() }];
        for (width, height) in [(12, 3), (23, 4), (30, 3), (60, 9)] {
            let chart = Chart { points: &points, unit: "%", span: "5m", ticks: &ticks, ..Chart::default() };
            let text = drawn(&chart, width, height);
            assert!(
                text.contains("10 %") && text.contains("02:35") && text.contains("now"),
                "{width}x{height}: {text}"
            );
        }
    }

    #[test]
    fn no_plot_is_drawn_in_reverse() {
        use ratatui::style::Modifier;

        let (points, before) = (points(&[1.0, 2.0, 4.0, 8.0, 12.4]), points(&[5.0, 0.0, 3.0, 2.0, 1.0]));
        let thresholds = [(Severity::High, 2.0, true), (Severity::Critical, 9.0, true), (Severity::Medium, 1.0, true)];
        let chart = Chart {
            points: &points,
            thresholds: &thresholds,
            before: &before,
            unit: "%",
            span: "5m",
            cursor: Some(Cursor { back: 2, at: "10:04:30", before: "a day ago" }),
            marks: &[(0, Role::SeverityCritical), (5, Role::SeverityHigh), (7, Role::StatusOk)]
                .map(|(back, role)| Mark { back, role, count: back + 1 }),
            ..Chart::default()
        };
        let counts = |n| super::super::levels::LevelCounts { errors: n, warnings: n, others: n };
        let buckets: Vec<_> = (0..40).map(|n| (chrono::DateTime::UNIX_EPOCH, counts(n))).collect();
        let mut catalogue = Catalogue::shipped();
        let names: Vec<String> = catalogue.names().map(str::to_owned).collect();
        for theme in &names {
            for depth in [ColorDepth::None, ColorDepth::Sixteen, ColorDepth::Indexed, ColorDepth::True] {
                let styles = catalogue.styles(theme, depth, GlyphSet::UTF8);
                let area = Rect::new(0, 0, 60, 16);
                let mut buffer = Buffer::empty(area);
                let mut painter = Painter::new(&mut buffer, &styles);
                chart.draw(&mut painter, Rect { height: 8, ..area });
                super::super::levels::draw(&mut painter, Rect { y: 8, height: 8, ..area }, &buckets, Some(3));
                let reversed = buffer.content.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED)).count();
                assert_eq!(reversed, 0, "{theme} {depth:?}");
            }
        }
    }

    #[test]
    fn no_size_and_no_value_panics() {
        let odd = [
            None,
            Some(Point { min: -1e300, mean: 0.0, max: 1e300, last: 0.0, count: 1 }),
            Some(Point { min: 0.0, mean: 0.0, max: 0.0, last: 0.0, count: 1 }),
        ];
        for width in 0..50 {
            for height in 0..12 {
                let thresholds = [(Severity::Low, -5.0, false)];
                let chart = Chart {
                    points: &odd,
                    thresholds: &thresholds,
                    unit: "B",
                    span: "1h",
                    before: &odd[1..],
                    ticks: &[Tick { back: 3, label: "10:00".to_owned() }],
                    shading: Shading::Range,
                    marks: &[0, 99].map(|back| Mark { back, role: Role::Key, count: 12 }),
                    cursor: Some(Cursor { back: 9, at: "10:04:30", before: "" }),
                };
                drawn(&chart, width, height);
            }
        }
    }
}
