//! A chart: one column a bucket, filled up to the mean and shaded up to the greatest value, with threshold lines,
//! labels with their unit, an axis of ages that never moves, and a cursor.

use ratatui::layout::Rect;

use super::spark::ceiling;
use super::status::severity_role;
use crate::model::alert::Severity;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::world::metrics::Point;

/// Columns of the labels at the left.
const LABEL: u16 = 8;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Chart<'a> {
    /// Buckets, oldest first; `None` where nothing is known.
    pub points: &'a [Option<Point>],
    /// Threshold lines: severity, threshold, whether above it is bad.
    pub thresholds: &'a [(Severity, f64, bool)],
    /// The unit of the values.
    pub unit: &'a str,
    /// The span that all columns cover, as a word: `15m`.
    pub span: &'a str,
    /// The cursor, in buckets from the newest (0).
    pub cursor: Option<usize>,
    /// The clock time at which the cursor stands.
    pub cursor_at: &'a str,
}

/// Whether there is room for labels and for the axis of ages.
fn furniture(area: Rect) -> (u16, u16) {
    (if area.width >= 34 && area.height >= 3 { LABEL } else { 0 }, u16::from(area.height >= 5 && area.width >= 34))
}

/// Where the columns are drawn: one bucket each.
pub(crate) fn plot(area: Rect) -> Rect {
    let (label, axis) = furniture(area);
    Rect { x: area.x + label, width: area.width - label, height: area.height - axis, ..area }
}

/// The least number of a fine series that is not below `value`: a scale that ends there moves seldom.
fn nice(value: f64) -> f64 {
    let top = ceiling(value);
    [0.5, 0.6, 0.8].iter().map(|part| top * part).find(|part| value <= part + 1e-9).unwrap_or(top)
}

/// The lowest and the highest value of the plot.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// Both ends are round numbers, so that the scale moves seldom. A threshold that is not too far away is in sight.
    fn new(points: &[Option<Point>], thresholds: &[(Severity, f64, bool)]) -> Self {
        let known = || points.iter().flatten();
        let least = known().map(|point| point.min).fold(f64::INFINITY, f64::min);
        let most = known().map(|point| point.max).fold(f64::NEG_INFINITY, f64::max);
        if !least.is_finite() || !most.is_finite() {
            return Self { low: 0.0, high: 1.0 };
        }
        let near = |threshold: &f64| *threshold <= most.max(0.0) * 4.0 && *threshold >= least.min(0.0) * 4.0;
        let reach = thresholds.iter().map(|(_, threshold, _)| *threshold).filter(near);
        let (low_reach, high_reach) = reach.fold((least, most), |(a, b), value| (a.min(value), b.max(value)));
        // Far above zero and flat, as availability is: then zero would hide everything.
        if least > 0.0 && low_reach > 0.75 * high_reach {
            let step = ceiling((high_reach - low_reach).max(high_reach * 0.001));
            let high = (high_reach / step).ceil() * step;
            return Self { low: ((low_reach - step * 0.5) / step).floor() * step, high };
        }
        let low = if low_reach < 0.0 { -nice(-low_reach) } else { 0.0 };
        let high = if high_reach > 0.0 { nice(high_reach) } else { 0.0 };
        if high > low { Self { low, high } } else { Self { low, high: low + 1.0 } }
    }

    /// 0 at the bottom, 1 at the top.
    fn share(self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
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
        let scale = Scale::new(points, self.thresholds);
        self.lines(painter, area, plot, scale, label > 0);
        let first = plot.right() - u16::try_from(shown).unwrap_or(plot.width);
        for (x, point) in (first..plot.right()).zip(points) {
            if let Some(point) = point {
                self.column(painter, plot, x, *point, scale);
            }
        }
        if axis > 0 {
            self.ages(painter, Rect { y: plot.bottom(), height: 1, ..plot });
        }
        if let Some(back) = self.cursor {
            self.cursor(painter, plot, back.min(shown.saturating_sub(1)), points);
        }
        painter.flatten(area);
    }

    /// Threshold lines through the whole plot, and the labels.
    fn lines(&self, painter: &mut Painter<'_>, area: Rect, plot: Rect, scale: Scale, labels: bool) {
        let glyphs = painter.glyphs();
        let mut taken = Vec::new();
        for (severity, threshold, _) in self.thresholds {
            if *threshold > scale.high || *threshold < scale.low {
                continue;
            }
            let y = row_of(plot, scale.share(*threshold));
            for x in plot.left()..plot.right() {
                painter.plot(x, y, glyphs.threshold, plain(severity_role(*severity)));
            }
            if labels && !taken.contains(&y) {
                taken.push(y);
                self.label(painter, area, y, *threshold, plain(severity_role(*severity)));
            }
        }
        if labels {
            // Two ends of one label would say that nothing lies between them.
            let is_flat = figures::value(scale.high, self.unit) == figures::value(scale.low, self.unit);
            for (y, value) in [(plot.y, scale.high), (plot.bottom() - 1, scale.low)] {
                if !(taken.contains(&y) || is_flat && y != plot.y) {
                    self.label(painter, area, y, value, Role::ChartAxis);
                }
            }
        }
    }

    fn label(&self, painter: &mut Painter<'_>, area: Rect, y: u16, value: f64, role: Role) {
        let words = Line::styled(figures::value(value, self.unit), role);
        let spot = Rect { y, height: 1, width: (LABEL - 1).min(area.width), ..area };
        if painter.put_right(spot, 0, &words) == 0 {
            painter.put(spot, 0, &words);
        }
    }

    fn column(&self, painter: &mut Painter<'_>, plot: Rect, x: u16, point: Point, scale: Scale) {
        let glyphs = painter.glyphs();
        let rows = f64::from(plot.height);
        let (mean, most) = (scale.share(point.mean) * rows, scale.share(point.max) * rows);
        let role = self.role(point.mean);
        for row in 0..plot.height {
            let below = f64::from(row);
            let y = plot.bottom() - 1 - row;
            if mean > below || row == 0 {
                // Quiet where all is well: only the edge is bright.
                let edge = mean <= below + 1.0 || role != Role::ChartLine;
                painter.plot(x, y, glyphs.bar(mean - below), if edge { role } else { Role::ChartFill });
                // The range above must not hang in the air over a cell that is filled in part.
                if edge && role == Role::ChartLine && mean < below + 1.0 && most >= below + 1.5 {
                    painter.behind(x, y, Role::ChartFill);
                }
            } else if most >= below + 0.5 {
                painter.plot(x, y, glyphs.shade, role);
            } else {
                break;
            }
        }
    }

    /// The colour of a column: that of the worst threshold that it passes.
    fn role(&self, value: f64) -> Role {
        let passed = self.thresholds.iter().filter(|(_, at, above)| if *above { value > *at } else { value < *at });
        passed.map(|(severity, ..)| *severity).max().map_or(Role::ChartLine, |severity| plain(severity_role(severity)))
    }

    /// How long ago, at fixed places, so that nothing moves as time goes by.
    fn ages(&self, painter: &mut Painter<'_>, row: Rect) {
        painter.put(row, 0, &Line::styled(format!("-{}", self.span), Role::ChartAxis));
        painter.put_right(row, 0, &Line::styled("now", Role::ChartAxis));
    }

    fn cursor(&self, painter: &mut Painter<'_>, plot: Rect, back: usize, points: &[Option<Point>]) {
        let glyphs = painter.glyphs();
        let Some(x) = plot.right().checked_sub(1 + u16::try_from(back).unwrap_or(0)) else { return };
        let Some(point) = points.len().checked_sub(1 + back).and_then(|at| points.get(at)) else { return };
        for y in plot.top()..plot.bottom() {
            painter.plot(x, y, glyphs.vertical, Role::ChartCursor);
        }
        let value = match point {
            Some(point) if point.max > point.min => format!(
                "{} ({} to {})",
                figures::value(point.mean, self.unit),
                figures::value(point.min, self.unit),
                figures::value(point.max, self.unit)
            ),
            Some(point) => figures::value(point.mean, self.unit),
            None => "no value".to_owned(),
        };
        let words = Line::styled(format!(" {}  {value} ", self.cursor_at), Role::ChartCursor);
        let width = u16::try_from(words.width()).unwrap_or(u16::MAX);
        let column = x.saturating_sub(plot.x);
        let column = if column + width < plot.width { column + 1 } else { column.saturating_sub(width) };
        painter.put_at(plot, column, 0, &words);
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
        values.iter().map(|value| Some(Point { min: *value, mean: *value, max: *value, last: *value })).collect()
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
        let chart =
            Chart { points: &points, thresholds: &thresholds, unit: "%", span: "5m", cursor: None, cursor_at: "" };
        insta::assert_snapshot!(drawn(&chart, 40, 8));
    }

    #[test]
    fn a_cursor_says_its_value() {
        let points = points(&[1.0, 2.0, 4.0, 8.0, 12.4]);
        let chart =
            Chart { points: &points, thresholds: &[], unit: "s", span: "5m", cursor: Some(1), cursor_at: "10:04:30" };
        insta::assert_snapshot!(drawn(&chart, 44, 6));
    }

    #[test]
    fn no_plot_is_drawn_in_reverse() {
        use ratatui::style::Modifier;

        let points = points(&[1.0, 2.0, 4.0, 8.0, 12.4]);
        let thresholds = [(Severity::High, 2.0, true), (Severity::Critical, 9.0, true), (Severity::Medium, 1.0, true)];
        let chart = Chart {
            points: &points,
            thresholds: &thresholds,
            unit: "%",
            span: "5m",
            cursor: Some(2),
            cursor_at: "10:04:30",
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
    fn a_flat_line_far_above_zero_is_seen() {
        let points = points(&[99.2, 99.9, 100.0]);
        let scale = Scale::new(&points, &[(Severity::High, 99.0, false)]);
        assert!(scale.low > 90.0 && scale.high <= 102.0, "{scale:?}");
        let far = Scale::new(&points[..1], &[(Severity::High, 1_000.0, true)]);
        assert!(far.high < 200.0, "a far threshold does not flatten the line: {far:?}");
    }

    #[test]
    fn no_size_and_no_value_panics() {
        let odd = [
            None,
            Some(Point { min: -1e300, mean: 0.0, max: 1e300, last: 0.0 }),
            Some(Point { min: 0.0, mean: 0.0, max: 0.0, last: 0.0 }),
        ];
        for width in 0..50 {
            for height in 0..12 {
                let thresholds = [(Severity::Low, -5.0, false)];
                let chart = Chart {
                    points: &odd,
                    thresholds: &thresholds,
                    unit: "B",
                    span: "1h",
                    cursor: Some(9),
                    cursor_at: "10:04:30",
                };
                drawn(&chart, width, height);
            }
        }
    }
}
