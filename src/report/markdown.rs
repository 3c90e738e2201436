//! Markdown as reports are written in it. Every text passes the escaping here, whoever wrote it: there is no way around.

use std::fmt::Write as _;

use crate::text::count::count;
use crate::text::markdown::escaped;

/// Rows of a table that are written; JSON has all of them.
const MOST_ROWS: usize = 50;

/// On which side the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A document that is written from its beginning to its end.
#[derive(Debug, Default)]
pub(crate) struct MarkdownText(String);

impl MarkdownText {
    /// A heading.
    pub(crate) fn heading(&mut self, level: usize, text: &str) {
        self.gap();
        self.0.push_str(&"#".repeat(level));
        self.0.push(' ');
        self.0.push_str(&escaped(text));
        self.0.push('\n');
    }

    /// A paragraph, of which the beginning may stand out.
    pub(crate) fn paragraph(&mut self, strong: &str, text: &str) {
        self.gap();
        if !strong.is_empty() {
            self.0.push_str("**");
            self.0.push_str(&escaped(strong));
            self.0.push_str("**");
            if !text.is_empty() {
                self.0.push(' ');
            }
        }
        self.0.push_str(&at_start(text));
        self.0.push('\n');
    }

    /// A list.
    pub(crate) fn list<S: AsRef<str>>(&mut self, items: &[S]) {
        self.gap();
        for item in items {
            self.0.push_str("- ");
            self.0.push_str(&at_start(item.as_ref()));
            self.0.push('\n');
        }
    }

    /// A table; of a long one the first rows, and how many more there are.
    pub(crate) fn table(&mut self, columns: &[(&str, Align)], rows: &[Vec<String>]) {
        let shown = &rows[..rows.len().min(MOST_ROWS)];
        self.long_table(columns, shown);
        if rows.len() > shown.len() {
            let more = count((rows.len() - shown.len()) as u64);
            self.paragraph("", &format!("{more} more; the JSON form of this report has all of them."));
        }
    }

    /// A table with all of its rows.
    pub(crate) fn long_table(&mut self, columns: &[(&str, Align)], shown: &[Vec<String>]) {
        self.gap();
        let head: Vec<String> = columns.iter().map(|(name, _)| escaped(name)).collect();
        let body: Vec<Vec<String>> = shown.iter().map(|row| row.iter().map(|cell| escaped(cell)).collect()).collect();
        let width = |at: usize| {
            let cells = std::iter::once(&head).chain(&body).filter_map(|row| row.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
        };
        let widths: Vec<usize> = (0..columns.len()).map(width).collect();
        self.row(&head, columns, &widths);
        for ((_, align), width) in columns.iter().zip(&widths) {
            let end = if *align == Align::Right { ":" } else { "-" };
            let _ = write!(self.0, "|-{}{end}", "-".repeat(*width));
        }
        self.0.push_str("|\n");
        for row in &body {
            self.row(row, columns, &widths);
        }
    }

    /// The whole text.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn row(&mut self, cells: &[String], columns: &[(&str, Align)], widths: &[usize]) {
        for ((cell, (_, align)), width) in cells.iter().zip(columns).zip(widths) {
            let space = " ".repeat(width - cell.chars().count());
            let _ = match align {
                Align::Left => write!(self.0, "| {cell}{space} "),
                Align::Right => write!(self.0, "| {space}{cell} "),
            };
        }
        self.0.push_str("|\n");
    }

    /// An empty line after what is there.
    fn gap(&mut self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
    }
}

/// Text at the start of a block, where lists, headings and rules begin.
fn at_start(text: &str) -> String {
    let escaped = escaped(text);
    let digits = escaped.bytes().take_while(u8::is_ascii_digit).count();
    let is_numbered = digits > 0 && escaped[digits..].starts_with(['.', ')']);
    match escaped.chars().next() {
        Some('-' | '+' | '=') => format!("\\{escaped}"),
        _ if is_numbered => format!("{}\\{}", &escaped[..digits], &escaped[digits..]),
        _ => escaped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_readable_as_it_is_written_and_holds_no_other_cells() {
        let mut text = MarkdownText::default();
        text.heading(2, "Checks");
        let rows = vec![vec!["api | x".to_owned(), "99.98 %".to_owned()], vec!["web".to_owned(), "–".to_owned()]];
        text.table(&[("Check", Align::Left), ("Up", Align::Right)], &rows);
        let expected = "\
## Checks

| Check    |      Up |
|----------|--------:|
| api \\| x | 99.98 % |
| web      |       – |
";
        assert_eq!(text.finish(), expected);
    }

    #[test]
    fn a_long_table_says_how_much_it_leaves_out() {
        let mut text = MarkdownText::default();
        let rows: Vec<_> = (0..1_052).map(|at| vec![format!("row{at}")]).collect();
        text.table(&[("Row", Align::Left)], &rows);
        let text = text.finish();
        assert_eq!(text.matches("row").count(), MOST_ROWS);
        assert!(text.ends_with("\n\n1,002 more; the JSON form of this report has all of them.\n"), "{text}");
    }

    #[test]
    fn nothing_from_outside_begins_a_block() {
        let mut text = MarkdownText::default();
        text.list(&["- nested", "# heading", "1. first", "+ plus", "> quote", "=== rule"]);
        let expected = "- \\- nested\n- \\# heading\n- 1\\. first\n- \\+ plus\n- &gt; quote\n- \\=== rule\n";
        assert_eq!(text.finish(), expected);
    }
}
