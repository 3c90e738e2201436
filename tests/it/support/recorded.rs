//! What a terminal showed, against what the recording of it shows when it is played again.
#![expect(clippy::disallowed_methods, reason = "a test reads what the program wrote")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use opsroom::app::layout::LayoutMap;
use opsroom::app::recording::RecordedLine;
use opsroom::app::recording::player::{PlayOptions, Player};
use opsroom::app::state::State;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet, Styles};
use opsroom::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

/// So ends a frame.
const END_OF_FRAME: &str = "\x1b[?2026l";

/// What stands in a cell, in which colours, and how: bold, italic, underlined, reversed.
type Cell = (String, vt100::Color, vt100::Color, [bool; 4]);

/// A screen, cell by cell, as it is seen.
#[derive(PartialEq)]
pub struct Cells {
    cells: Vec<Cell>,
    columns: usize,
}

/// The colour of nothing is not seen, and a terminal is not told it.
fn seen((sign, fg, bg, how): Cell) -> Cell {
    let [.., underlined, reversed] = how;
    let is_blank = sign == " " && !underlined && !reversed;
    if is_blank { (sign, vt100::Color::Default, bg, [false; 4]) } else { (sign, fg, bg, how) }
}

impl Cells {
    fn of_screen(screen: &vt100::Screen) -> Self {
        let (rows, columns) = screen.size();
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let cell = |(row, column)| {
            let cell = screen.cell(row, column).expect("a cell of the screen");
            let sign = if cell.has_contents() { cell.contents() } else { " " };
            let how = [cell.bold(), cell.italic(), cell.underline(), cell.inverse()];
            seen((sign.to_owned(), cell.fgcolor(), cell.bgcolor(), how))
        };
        Self { cells: places.map(cell).collect(), columns: columns.into() }
    }

    fn of_buffer(buffer: &Buffer) -> Self {
        let cell = |cell: &ratatui::buffer::Cell| {
            let how = [Modifier::BOLD, Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED];
            let how = how.map(|one| cell.modifier.contains(one));
            seen((cell.symbol().to_owned(), color(cell.fg), color(cell.bg), how))
        };
        Self { cells: buffer.content.iter().map(cell).collect(), columns: buffer.area.width.into() }
    }

    /// How many cells differ, and the rows of the first of them.
    fn difference(&self, other: &Self) -> (usize, String) {
        let differ: Vec<usize> =
            (0..self.cells.len().min(other.cells.len())).filter(|at| self.cells[*at] != other.cells[*at]).collect();
        let row = |cells: &Self, at: usize| -> String {
            cells
                .cells
                .chunks(cells.columns)
                .nth(at / cells.columns)
                .into_iter()
                .flatten()
                .map(|cell| &*cell.0)
                .collect()
        };
        let shown = differ.first().map(|at| {
            let (was, is) = (&self.cells[*at], &other.cells[*at]);
            format!("{}\n{}\n{was:?} {is:?}", row(self, *at), row(other, *at))
        });
        (differ.len(), shown.unwrap_or_default())
    }
}

fn color(color: Color) -> vt100::Color {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match color {
        Color::Reset => vt100::Color::Default,
        Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
        Color::Indexed(index) => vt100::Color::Idx(index),
        named => vt100::Color::Idx((0..).zip(NAMED).find(|(_, known)| *known == named).map_or(0, |(index, _)| index)),
    }
}

/// The frames that a program has drawn on a terminal of that size.
pub fn drawn(raw: &str, (columns, rows): (u16, u16)) -> Vec<Cells> {
    let mut parser = vt100::Parser::new(rows, columns, 0);
    let mut frames = Vec::new();
    for part in raw.split_inclusive(END_OF_FRAME) {
        parser.process(part.as_bytes());
        if part.ends_with(END_OF_FRAME) && parser.screen().alternate_screen() {
            frames.push(Cells::of_screen(parser.screen()));
        }
    }
    frames
}

/// What a recording shows after each of its lines, where that is another screen than before.
pub fn played(recording: &Path, depth: ColorDepth) -> Vec<Cells> {
    let file = std::fs::File::open(recording).expect("the recording");
    let mut lines = BufReader::new(MultiGzDecoder::new(file)).lines().map(|line| {
        let line = line.expect("a recording that is whole");
        let (_, json) = line.split_once(' ').expect("a moment before each line");
        serde_json::from_str::<RecordedLine>(json).unwrap_or_else(|error| panic!("{error}: {json}"))
    });
    let Some(RecordedLine::Begins(header)) = lines.next() else { panic!("it begins with a header") };
    let mut player = Player::new(&header, PlayOptions::default()).expect("it can be played");
    let (mut catalogue, mut styles) = (Catalogue::shipped(), BTreeMap::<String, Styles>::new());
    let mut paint = move |state: &State| -> (Buffer, LayoutMap) {
        let theme = &state.console.theme;
        let styles = styles.entry(theme.clone()).or_insert_with(|| catalogue.styles(theme, depth, GlyphSet::UTF8));
        let area = Rect::new(0, 0, state.console.size.0, state.console.size.1);
        let mut buffer = Buffer::empty(area);
        let layout = ui::view(state, styles, area, &mut buffer);
        (buffer, layout)
    };
    let mut frames = vec![Cells::of_buffer(&paint(&player.state).0)];
    for line in lines {
        player.take(line, &mut |state| paint(state).1);
        let cells = Cells::of_buffer(&paint(&player.state).0);
        if frames.last() != Some(&cells) {
            frames.push(cells);
        }
    }
    assert_eq!((player.thinned, player.corrected), (0, 0), "nothing was left out");
    frames
}

/// Fails unless every frame that was drawn is among those that are played, in their order.
pub fn assert_in_order(drawn: &[Cells], played: &[Cells]) {
    let mut from = 0;
    for (number, frame) in drawn.iter().enumerate() {
        let Some(at) = played[from..].iter().position(|one| one == frame) else {
            let nearest = played[from..].iter().map(|one| frame.difference(one)).min_by_key(|(cells, _)| *cells);
            let (cells, rows) = nearest.unwrap_or_default();
            panic!("frame {number} of {} is never played; of the nearest {cells} cells differ:\n{rows}", drawn.len());
        };
        from += at;
    }
}
