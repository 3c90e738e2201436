//! Tables: columns that give way by priority, a selection, a window over many rows.
//!
//! Widths depend on the room alone, never on what the rows say just now: columns that jump cost bytes and patience.

use std::borrow::Cow;
use std::ops::Range;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::layout::Target;
use crate::lang::order::InOrder;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::Painter;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Cells it needs.
    pub least: u16,
    /// Cells it can use.
    pub most: u16,
    /// Who goes first where the room is short: the highest. 0 never goes.
    pub drop_priority: u8,
    /// Figures stand at the right.
    pub right: bool,
    /// It holds plots, which are not reversed where their row is selected.
    pub plot: bool,
    /// What is too long for it goes on below, while there are rows to spare.
    pub wraps: bool,
}

/// Lines of one row at the most.
pub(crate) const LINES: usize = 4;

impl Column {
    pub(crate) const fn text(title: &'static str, least: u16, most: u16, drop_priority: u8) -> Self {
        Self { title, least, most, drop_priority, right: false, plot: false, wraps: false }
    }

    /// The same, and its words go on below where they are too long for it and the table has rows to spare.
    #[must_use]
    pub(crate) const fn wrapping(self) -> Self {
        Self { wraps: true, ..self }
    }

    /// A column of figures.
    pub(crate) const fn figure(title: &'static str, width: u16, drop_priority: u8) -> Self {
        Self { title, least: width, most: width, drop_priority, right: true, plot: false, wraps: false }
    }

    /// A column of sparklines.
    pub(crate) const fn plot(title: &'static str, least: u16, most: u16, drop_priority: u8) -> Self {
        Self { title, least, most, drop_priority, right: false, plot: true, wraps: false }
    }
}

/// Cells from which on a column can use whatever there is: it takes what the others leave, or of a long text beside them
/// short ones would be cut on every screen.
const OPEN_ENDED: u16 = 200;

/// Columns that titles need, within bounds: those of a configuration, which do not change while one looks.
pub(crate) fn longest<'a>(titles: impl Iterator<Item = &'a str>, least: u16, most: u16) -> u16 {
    let longest = titles.map(UnicodeWidthStr::width).max().unwrap_or(0);
    u16::try_from(longest).unwrap_or(u16::MAX).clamp(least, most)
}

/// Widths for a room, 0 for a column that gave way. One cell lies between columns. What is left over goes to the
/// columns that can use it, those that give way last first, and an open-ended one at the end.
pub(crate) fn widths(columns: &[Column], room: u16) -> Vec<u16> {
    let mut shown: Vec<bool> = vec![true; columns.len()];
    let needed = |shown: &[bool]| -> u32 {
        let kept = columns.iter().zip(shown).filter(|(_, shown)| **shown);
        kept.map(|(column, _)| u32::from(column.least) + 1).sum::<u32>().saturating_sub(1)
    };
    while needed(&shown) > u32::from(room) {
        let goes = columns
            .iter()
            .enumerate()
            .filter(|(at, column)| shown[*at] && column.drop_priority > 0)
            .max_by_key(|(_, column)| column.drop_priority);
        match goes {
            Some((at, _)) => shown[at] = false,
            None => break,
        }
    }
    let mut left = u32::from(room).saturating_sub(needed(&shown));
    let mut out: Vec<u16> =
        columns.iter().zip(&shown).map(|(column, shown)| if *shown { column.least } else { 0 }).collect();
    let mut order: Vec<usize> = (0..columns.len()).filter(|at| shown[*at]).collect();
    order.order_by_key(|at| (columns[*at].most >= OPEN_ENDED, columns[*at].drop_priority));
    for at in order {
        let more = u32::from(columns[at].most.saturating_sub(columns[at].least)).min(left);
        out[at] += u16::try_from(more).unwrap_or(0);
        left -= more;
    }
    out
}

/// Which of `total` rows are shown in `height` rows: from `scroll` on, moved so that the selected row is among them and
/// no room is wasted at the end.
pub(crate) fn window(scroll: usize, selected: Option<usize>, total: usize, height: usize) -> Range<usize> {
    let mut start = scroll.min(total.saturating_sub(height));
    if let Some(selected) = selected.filter(|_| height > 0) {
        if selected < start {
            start = selected;
        } else if selected >= start + height {
            start = selected + 1 - height;
        }
    }
    start..(start + height).min(total).max(start)
}

/// The window in which a row stands in the middle, where there is more on both sides.
pub(crate) fn window_around(at: usize, total: usize, height: usize) -> Range<usize> {
    window(at.saturating_sub(height / 2), Some(at), total, height)
}

/// `3-12 of 27, 15 more below`, where not everything is shown.
pub(crate) fn position(shown: &Range<usize>, total: usize) -> Line<'static> {
    if shown.len() >= total {
        return Line::new();
    }
    let below = total.saturating_sub(shown.end);
    let more = if below > 0 { format!(", {below} more below") } else { String::new() };
    let words = match shown.len() {
        0 => format!("none of {total} shown"),
        1 => format!("{} of {total}{more}", shown.end),
        _ => format!("{}-{} of {total}{more}", shown.start + 1, shown.end),
    };
    Line::styled(words, Role::TextDim)
}

#[derive(Debug, Clone, Default)]
pub(crate) struct TableRow<'a> {
    /// Its cells, one a column.
    pub cells: Vec<Line<'a>>,
    /// The cell that runs on over all that follow it, which are left out.
    pub running_on: Option<usize>,
    /// What a click on it means.
    pub target: Option<Target>,
}

#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub columns: &'a [Column],
    /// The rows that are in the window.
    pub rows: Vec<TableRow<'a>>,
    /// Which of `rows` is selected; none where keys go elsewhere.
    pub selected: Option<usize>,
    /// Whether the headings are drawn.
    pub headings: bool,
}

impl Table<'_> {
    pub(crate) fn draw(&self, painter: &mut Painter<'_>, area: Rect) {
        let inside = beside_pointer(area);
        let (widths, ellipsis) = (widths(self.columns, inside.width), painter.glyphs().ellipsis);
        let mut y = 0;
        if self.headings && area.height > 1 {
            let cells = self.columns.iter().map(|column| Line::styled(column.title, Role::TextDim)).collect();
            self.cells(painter, inside, y, &widths, &TableRow { cells, ..TableRow::default() });
            y += 1;
        }
        let mut spare = usize::from(area.height.saturating_sub(y)).saturating_sub(self.rows.len());
        for (at, row) in self.rows.iter().enumerate() {
            if y >= area.height {
                break;
            }
            let (row, below) = self.wrapped(row, &widths, spare, ellipsis);
            spare -= below.len();
            let height = 1 + u16::try_from(below.len()).unwrap_or(0);
            self.cells(painter, inside, y, &widths, &row);
            for (under, cells) in (1..height).zip(below) {
                self.cells(painter, inside, y + under, &widths, &TableRow { cells, ..TableRow::default() });
            }
            if self.selected == Some(at) {
                for under in 0..height {
                    select(painter, Rect { y: area.y + y + under, height: 1, ..area }, true);
                }
                self.cells_where(painter, inside, y, (&widths, &row), |column| column.plot);
            }
            if let Some(target) = &row.target {
                painter.note(Rect { y: area.y + y, height, ..area }, target.clone());
            }
            y += height;
        }
    }

    /// A row, and the cells of the lines below it in which what is too long goes on: at most `spare`.
    fn wrapped<'r>(
        &self,
        row: &'r TableRow<'_>,
        widths: &[u16],
        spare: usize,
        ellipsis: &'static str,
    ) -> (Cow<'r, TableRow<'r>>, Vec<Vec<Line<'static>>>) {
        let wraps = self.columns.iter().position(|column| column.wraps).filter(|_| row.running_on.is_none());
        let cell = wraps.and_then(|at| Some((at, row.cells.get(at)?, usize::from(*widths.get(at)?))));
        let is_long = |words: &Line<'_>, width: usize| spare > 0 && width > 0 && words.width() > width;
        let Some((at, words, width)) = cell.filter(|(_, words, width)| is_long(words, *width)) else {
            return (Cow::Borrowed(row), Vec::new());
        };
        let mut lines = words.wrapped(width, 0);
        let most = LINES.min(1 + spare);
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                last.break_off(width, ellipsis, Role::Text);
            }
        }
        let mut lines = lines.into_iter();
        let mut first = row.clone();
        first.cells[at] = lines.next().unwrap_or_default();
        let below = lines.map(|line| {
            let mut cells = vec![Line::new(); at];
            cells.push(line);
            cells
        });
        (Cow::Owned(first), below.collect())
    }

    fn cells(&self, painter: &mut Painter<'_>, area: Rect, y: u16, widths: &[u16], row: &TableRow<'_>) {
        self.cells_where(painter, area, y, (widths, row), |_| true);
    }

    /// Draws the cells of some of the columns.
    fn cells_where(
        &self,
        painter: &mut Painter<'_>,
        area: Rect,
        y: u16,
        (widths, row): (&[u16], &TableRow<'_>),
        is_drawn: impl Fn(&Column) -> bool,
    ) {
        let mut x = 0_u16;
        for (at, ((column, width), words)) in self.columns.iter().zip(widths).zip(&row.cells).enumerate() {
            if row.running_on.is_some_and(|running_on| at > running_on) {
                break;
            }
            if *width == 0 {
                continue;
            }
            let left = area.width.saturating_sub(x);
            let wanted = if row.running_on == Some(at) { left } else { *width };
            let cell = Rect { x: area.x.saturating_add(x), width: wanted.min(left), ..area };
            if !is_drawn(column) {
                // Its place is kept.
            } else if column.right && words.width() <= usize::from(cell.width) {
                painter.put_right(cell, y, words);
            } else {
                painter.put(cell, y, words);
            }
            x = x.saturating_add(*width + 1);
        }
    }
}

/// The area without the pointer's column, which is kept free in every row so that nothing moves when the focus does.
pub(crate) fn beside_pointer(area: Rect) -> Rect {
    let column = u16::from(area.width > 1);
    Rect { x: area.x + column, width: area.width - column, ..area }
}

/// Shows that a row is selected: a bar, and a tint where keys go to it.
pub(crate) fn select(painter: &mut Painter<'_>, line: Rect, focused: bool) {
    if line.is_empty() {
        return;
    }
    let sign = painter.glyphs().bar;
    if focused {
        painter.sign(line.x, line.y, sign, Role::Key);
        painter.highlight(beside_pointer(line));
    } else {
        painter.sign(line.x, line.y, sign, Role::TextDim);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] =
        [Column::text("status", 12, 12, 0), Column::text("name", 6, 20, 1), Column::figure("age", 4, 2)];

    #[test]
    fn an_open_ended_column_takes_what_the_others_leave() {
        let columns =
            [Column::text("id", 7, 8, 0), Column::text("opened", 8, 14, 3), Column::text("title", 12, 200, 0)];
        assert_eq!(widths(&columns, 60), [8, 14, 36]);
        assert_eq!(widths(&columns, 29), [7, 8, 12], "each has its least first");
        assert_eq!(longest(["api", "a shop front"].into_iter(), 7, 60), 12);
        assert_eq!((longest(std::iter::empty(), 7, 60), longest(["abc"].into_iter(), 1, 2)), (7, 2));
    }

    #[test]
    fn columns_give_way_by_priority() {
        assert_eq!(widths(&COLUMNS, 24), [12, 6, 4]);
        assert_eq!(widths(&COLUMNS, 30), [12, 12, 4]);
        assert_eq!(widths(&COLUMNS, 99), [12, 20, 4]);
        assert_eq!(widths(&COLUMNS, 20), [12, 7, 0]);
        assert_eq!(widths(&COLUMNS, 14), [12, 0, 0]);
        assert_eq!(widths(&COLUMNS, 3), [12, 0, 0], "the last is cut where it is drawn");
    }

    #[test]
    fn what_is_too_long_goes_on_below_while_there_are_rows_to_spare() {
        let columns = [Column::text("at", 2, 2, 0), Column::text("what", 10, 10, 0).wrapping()];
        let rows = || ["first words, second words", "short", "one two three four five six seven eight nine ten"];
        let rows =
            rows().map(|text| TableRow { cells: vec![Line::plain("at"), Line::plain(text)], ..TableRow::default() });
        let table = Table { columns: &columns, rows: rows.to_vec(), selected: None, headings: false };
        let lines = |at: usize, spare| table.wrapped(&table.rows[at], &[2, 10], spare, "…").1.len();
        assert_eq!((lines(0, 0), lines(0, 1), lines(0, 9)), (0, 1, 3));
        assert_eq!(lines(1, 9), 0, "what fits takes no more");
        assert_eq!(lines(2, 9), LINES - 1);
        let cut = table.wrapped(&table.rows[0], &[2, 10], 1, "…").1.remove(0).remove(1);
        assert_eq!(cut.pieces().last().map(|(text, _)| text), Some("…"), "where there is more");
    }

    #[test]
    fn the_window_holds_the_selection_and_wastes_nothing() {
        assert_eq!(window(0, None, 5, 10), 0..5);
        assert_eq!(window(90, None, 50, 10), 40..50);
        assert_eq!(window(0, Some(12), 50, 10), 3..13);
        assert_eq!(window(30, Some(12), 50, 10), 12..22);
        assert_eq!(window(0, Some(3), 50, 0), 0..0);
        assert_eq!(window(5, Some(0), 0, 4), 0..0);
    }
}
