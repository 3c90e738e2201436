//! How many records of which level came when: one column a bucket.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use super::scale::ceiling;
use crate::app::layout::Target;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;

/// The counts of one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LevelCounts {
    /// Errors and worse.
    pub errors: u64,
    pub warnings: u64,
    /// Everything else.
    pub others: u64,
}

impl LevelCounts {
    /// These and others.
    #[must_use]
    pub(crate) const fn and(self, others: Self) -> Self {
        Self {
            errors: self.errors + others.errors,
            warnings: self.warnings + others.warnings,
            others: self.others + others.others,
        }
    }

    /// All together.
    pub(crate) const fn total(self) -> u64 {
        self.errors + self.warnings + self.others
    }
}

/// Columns kept for the figure at the left.
const LABEL: u16 = 7;

/// Draws buckets, oldest first, the newest at the right edge. Errors stand at the bottom, where they are seen.
/// The bucket `cursor` is marked. Each is noted with the moment at which it begins.
pub(crate) fn draw(
    painter: &mut Painter<'_>,
    area: Rect,
    buckets: &[(DateTime<Utc>, LevelCounts)],
    cursor: Option<usize>,
) {
    if area.is_empty() {
        return;
    }
    let plot = plot(area);
    let label = plot.x - area.x;
    let most = buckets.iter().map(|(_, counts)| counts.total()).max().unwrap_or(0);
    let top = ceiling(most as f64);
    if label > 0 {
        let words = Line::styled(format!("{:>6}", figures::count(top as u64)), Role::ChartAxis);
        painter.put(area, 0, &words);
    }
    let shown = buckets.len().min(usize::from(plot.width));
    // Few buckets are drawn wider, each the same.
    let wide = u16::try_from(usize::from(plot.width) / shown.max(1)).unwrap_or(1).max(1);
    let first = plot.right() - u16::try_from(shown).unwrap_or(plot.width) * wide;
    let hidden = buckets.len() - shown;
    for (at, (x, (from, counts))) in
        (first..plot.right()).step_by(usize::from(wide)).zip(&buckets[hidden..]).enumerate()
    {
        if cursor == Some(at + hidden) {
            let sign = painter.glyphs().vertical;
            (plot.y..plot.bottom()).for_each(|y| painter.plot(x, y, sign, Role::ChartCursor));
        }
        for x in x..x + wide {
            column(painter, plot, x, *counts, top);
        }
        if cursor == Some(at + hidden) {
            // Over the bar too, which may be as high as the plot.
            let sign = painter.glyphs().down;
            painter.plot(x, plot.y, sign, Role::ChartCursor);
        }
        painter.note(Rect { x, width: wide, ..plot }, Target::Bar(*from));
    }
}

/// Where the bars are drawn.
pub(crate) fn plot(area: Rect) -> Rect {
    let label = if area.width >= 40 { LABEL } else { 0 };
    Rect { x: area.x + label, width: area.width - label, ..area }
}

/// The eighths of a row that a bar of `value` takes in a plot of `rows` rows whose top is `top`: in proportion, and one
/// at least for what is there at all.
fn eighths(value: u64, top: f64, rows: u16) -> u64 {
    let share = (value as f64 / top).clamp(0.0, 1.0);
    ((share * f64::from(rows) * 8.0).round() as u64).max(u64::from(value > 0))
}

/// Where the parts of a bar end, in eighths from the bottom: errors, then warnings, then all. What is there at all takes
/// one, as long as the bar has room for it.
fn ends(counts: LevelCounts, top: f64, rows: u16) -> [u64; 3] {
    let all = eighths(counts.total(), top, rows);
    let errors = eighths(counts.errors, top, rows).min(all);
    let least = errors + u64::from(counts.warnings > 0);
    let warnings = eighths(counts.errors + counts.warnings, top, rows).max(least);
    // The others keep one too.
    let most = all - u64::from(counts.others > 0 && all > least);
    [errors, warnings.min(most).max(errors), all]
}

fn column(painter: &mut Painter<'_>, plot: Rect, x: u16, counts: LevelCounts, top: f64) {
    let glyphs = painter.glyphs();
    let ends = ends(counts, top, plot.height);
    for row in 0..plot.height {
        let y = plot.bottom() - 1 - row;
        let [errors, warnings, all] = ends.map(|end| end.saturating_sub(u64::from(row) * 8).min(8));
        if all == 0 {
            break;
        }
        let parts =
            [(Role::LevelError, errors), (Role::LevelWarn, warnings - errors), (Role::LevelInfo, all - warnings)];
        let mut there = parts.into_iter().filter(|(_, part)| *part > 0);
        let Some((lowest, part)) = there.next() else { break };
        let above = there.max_by_key(|(_, part)| *part).map(|(role, _)| role);
        match above {
            // Two levels in one cell: the lower one is drawn, the upper one is behind it.
            Some(above) if all == 8 && painter.are_told_apart(lowest, above) => {
                painter.plot(x, y, glyphs.eighths(part), lowest);
                painter.behind(x, y, above);
            }
            // One colour for all of it: that of the most, the worse of two. A bar of less than a cell shows the worst.
            _ => {
                let most = parts.into_iter().rev().max_by_key(|(_, part)| *part).map_or(lowest, |(role, _)| role);
                painter.plot(x, y, glyphs.eighths(all), if all < 8 && row == 0 { lowest } else { most });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;

    use super::*;
    use crate::theme::{Catalogue, ColorDepth, GlyphSet};

    /// The eighths of each bar, from what was drawn.
    fn heights(buckets: &[LevelCounts], height: u16) -> Vec<u64> {
        let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::UTF8);
        let width = u16::try_from(buckets.len()).unwrap();
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let buckets: Vec<_> = buckets.iter().map(|counts| (DateTime::UNIX_EPOCH, *counts)).collect();
        draw(&mut Painter::new(&mut buffer, &styles), Rect::new(0, 0, width, height), &buckets, None);
        let of = |x, y| {
            let symbol = buffer.cell((x, y)).unwrap().symbol();
            GlyphSet::UTF8.bars.iter().position(|bar| *bar == symbol).map_or(0, |at| at as u64 + 1)
        };
        (0..width).map(|x| (0..height).map(|y| of(x, y)).sum()).collect()
    }

    /// The eighths of a bar that are drawn in each colour, at full colours.
    fn colours(counts: LevelCounts, height: u16) -> [u64; 3] {
        let styles = Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 1, height));
        let buckets = [(DateTime::UNIX_EPOCH, counts)];
        draw(&mut Painter::new(&mut buffer, &styles), Rect::new(0, 0, 1, height), &buckets, None);
        let mut found = [0; 3];
        for cell in &buffer.content {
            let Some(part) = GlyphSet::UTF8.bars.iter().position(|bar| *bar == cell.symbol()) else { continue };
            let part = part as u64 + 1;
            for (at, role) in [Role::LevelError, Role::LevelWarn, Role::LevelInfo].into_iter().enumerate() {
                let colour = styles.get(role).fg;
                found[at] += if Some(cell.fg) == colour { part } else { 0 };
                found[at] += if Some(cell.bg) == colour { 8 - part } else { 0 };
            }
        }
        found
    }

    #[test]
    fn a_level_takes_its_part_of_a_bar_at_every_height() {
        let counts = LevelCounts { errors: 0, warnings: 50, others: 950 };
        for height in 1..=20 {
            let [_, warnings, others] = colours(counts, height);
            let whole = u64::from(height) * 8;
            assert_eq!(warnings + others, whole, "{height}");
            assert_eq!(warnings, ((whole as f64 * 0.05).round() as u64).max(1), "{height}");
        }
        let rare = LevelCounts { errors: 1, warnings: 0, others: 999 };
        assert_eq!(colours(rare, 1), [1, 0, 7], "a single error is seen and does not hide the others");
    }

    proptest! {
        #[test]
        fn bars_are_in_proportion_at_every_height(
            values in prop::collection::vec((0_u64..300, 0_u64..300, 0_u64..3000), 1..30),
            height in 1_u16..=20,
        ) {
            let counts: Vec<LevelCounts> =
                values.iter().map(|(errors, warnings, others)| LevelCounts { errors: *errors, warnings: *warnings, others: *others }).collect();
            let top = ceiling(counts.iter().map(|counts| counts.total()).max().unwrap_or(0) as f64);
            for (drawn, counts) in heights(&counts, height).into_iter().zip(&counts) {
                let exact = counts.total() as f64 / top * f64::from(height) * 8.0;
                prop_assert!((drawn as f64 - exact).abs() <= 0.5 + 1e-9 || (drawn == 1 && exact < 1.0), "{drawn} {exact}");
                prop_assert_eq!(drawn > 0, counts.total() > 0);
                prop_assert!(ends(*counts, top, height).is_sorted());
            }
        }
    }
}
