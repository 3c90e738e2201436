//! How many records of which level came when: one column a bucket.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use super::spark::ceiling;
use crate::app::layout::Target;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::paint::Painter;
use crate::ui::words::Words;

/// The counts of one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Errors and worse.
    pub errors: u64,
    /// Warnings.
    pub warnings: u64,
    /// Everything else.
    pub others: u64,
}

impl Counts {
    /// These and others.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self {
            errors: self.errors + others.errors,
            warnings: self.warnings + others.warnings,
            others: self.others + others.others,
        }
    }

    /// All together.
    pub const fn total(self) -> u64 {
        self.errors + self.warnings + self.others
    }
}

/// Columns kept for the figure at the left.
const LABEL: u16 = 7;

/// Draws buckets, oldest first, the newest at the right edge. Errors stand at the bottom, where they are seen.
/// The bucket `cursor` is marked. Each is noted with the moment at which it begins.
pub fn draw(painter: &mut Painter<'_>, area: Rect, buckets: &[(DateTime<Utc>, Counts)], cursor: Option<usize>) {
    if area.is_empty() {
        return;
    }
    let plot = plot(area);
    let label = plot.x - area.x;
    let most = buckets.iter().map(|(_, counts)| counts.total()).max().unwrap_or(0);
    let top = ceiling(most as f64);
    if label > 0 {
        let words = Words::of(format!("{:>6}", figures::count(top as u64)), Role::ChartAxis);
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
            (plot.y..plot.bottom()).for_each(|y| painter.sign(x, y, sign, Role::ChartCursor));
        }
        for x in x..x + wide {
            column(painter, plot, x, *counts, top);
        }
        if cursor == Some(at + hidden) {
            // Over the bar too, which may be as high as the plot.
            let sign = painter.glyphs().down;
            painter.sign(x, plot.y, sign, Role::ChartCursor);
        }
        painter.note(Rect { x, width: wide, ..plot }, Target::Bar(*from));
    }
}

/// Where the bars are drawn.
pub fn plot(area: Rect) -> Rect {
    let label = if area.width >= 40 { LABEL } else { 0 };
    Rect { x: area.x + label, width: area.width - label, ..area }
}

fn column(painter: &mut Painter<'_>, plot: Rect, x: u16, counts: Counts, top: f64) {
    let glyphs = painter.glyphs();
    let rows = f64::from(plot.height);
    let total = counts.total() as f64 / top * rows;
    let errors = counts.errors as f64 / top * rows;
    let warnings = errors + counts.warnings as f64 / top * rows;
    for row in 0..plot.height {
        let below = f64::from(row);
        // What is there at all shows at least the lowest bar.
        let share = if row == 0 && total > 0.0 { (total - below).max(0.01) } else { total - below };
        if share <= 0.0 {
            break;
        }
        let role = if errors > below {
            Role::LevelError
        } else if warnings > below {
            Role::LevelWarn
        } else {
            Role::LevelInfo
        };
        painter.sign(x, plot.bottom() - 1 - row, glyphs.bar(share), role);
    }
}
