//! The picture of a frame: a terminal window on the theme's canvas.
//!
//! Text is drawn by a monospaced font in runs of one style, each stretched to its cells, so that columns stay straight
//! whatever font the reader has. Lines, blocks and bars are drawn as shapes: fonts leave gaps between them.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::row;
use crate::text::markup;
use crate::theme::Styles;
use crate::theme::color::{Rgb, rgb_of};

/// Columns of pixels a cell.
const CELL_WIDTH: f64 = 8.4;
/// Rows of pixels a cell.
const CELL_HEIGHT: f64 = 18.0;
/// From the top of a cell to its baseline.
const BASELINE: f64 = 13.4;
const FONT_SIZE: f64 = 14.0;
/// Around the frame.
const MARGIN: f64 = 14.0;
/// The window's bar.
const BAR: f64 = 30.0;

/// How a cell looks after reverse and dim are worked in.
#[derive(Clone, Copy, PartialEq)]
struct Look {
    fg: Rgb,
    bg: Option<Rgb>,
    bold: bool,
    italic: bool,
    underline: bool,
}

pub(super) fn svg(buffer: &Buffer, styles: &Styles, title: &str) -> String {
    let area = buffer.area;
    let (width, height) = (f64::from(area.width) * CELL_WIDTH, f64::from(area.height) * CELL_HEIGHT);
    let (full_width, full_height) = (width + 2.0 * MARGIN, height + BAR + MARGIN);
    let paper = styles.canvas.background;
    let ink = styles.canvas.foreground;
    let mut out = String::with_capacity(1 << 16);
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full_width:.0} {full_height:.0}" width="{full_width:.0}" height="{full_height:.0}" font-family="ui-monospace, 'JetBrains Mono', 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace" font-size="{FONT_SIZE}px">"#
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(title));
    let bar = paper.mixed(ink, 0.08);
    let edge = paper.mixed(ink, 0.22);
    let _ = writeln!(
        out,
        r#"<rect x="0.5" y="0.5" width="{:.1}" height="{:.1}" rx="9" fill="{}" stroke="{}"/>"#,
        full_width - 1.0,
        full_height - 1.0,
        paper.hex(),
        edge.hex()
    );
    let _ = writeln!(
        out,
        r#"<path d="M1 22 V9.5 A8.5 8.5 0 0 1 9.5 1 H{:.1} A8.5 8.5 0 0 1 {:.1} 9.5 V22 Z" fill="{}"/>"#,
        full_width - 9.5,
        full_width - 1.0,
        bar.hex()
    );
    for (at, color) in ["#ff5f57", "#febc2e", "#28c840"].iter().enumerate() {
        let _ = writeln!(out, r#"<circle cx="{:.1}" cy="11.5" r="4.5" fill="{color}"/>"#, 16.0 + 16.0 * at as f64);
    }
    let _ = writeln!(
        out,
        r#"<text x="{:.1}" y="15.5" text-anchor="middle" font-size="11px" fill="{}">{}</text>"#,
        full_width / 2.0,
        ink.mixed(paper, 0.35).hex(),
        escaped(title)
    );
    // Crisp edges: the shapes of neighbouring cells must meet without a seam.
    let _ = writeln!(out, r#"<g transform="translate({MARGIN} {BAR})" shape-rendering="crispEdges">"#);
    for y in area.top()..area.bottom() {
        line(&mut out, buffer, styles, y);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// One row: grounds first, then shapes and text.
fn line(out: &mut String, buffer: &Buffer, styles: &Styles, y: u16) {
    let cells: Vec<(u16, &Cell, Look)> = row(buffer, y).map(|(x, cell)| (x, cell, look(cell, styles))).collect();
    let top = f64::from(y - buffer.area.top()) * CELL_HEIGHT;
    let left = |x: u16| f64::from(x - buffer.area.left()) * CELL_WIDTH;
    for run in cells.chunk_by(|a, b| a.2.bg == b.2.bg) {
        if let Some(bg) = run[0].2.bg {
            let columns: usize = run.iter().map(|(_, cell, _)| cell.symbol().width().max(1)).sum();
            let _ = writeln!(
                out,
                r#"<rect x="{:.2}" y="{top:.1}" width="{:.2}" height="{CELL_HEIGHT}" fill="{}"/>"#,
                left(run[0].0),
                columns as f64 * CELL_WIDTH,
                bg.hex()
            );
        }
    }
    let same = |a: &(u16, &Cell, Look), b: &(u16, &Cell, Look)| {
        a.2 == b.2 && shape(a.1.symbol()).is_none() && shape(b.1.symbol()).is_none()
    };
    for run in cells.chunk_by(same) {
        let (x, cell, look) = run[0];
        if let Some(shape) = shape(cell.symbol()) {
            draw_shape(out, shape, left(x), top, look.fg);
            continue;
        }
        text(out, run, left(x), top);
    }
}

/// A run of text in one style. Leading and trailing spaces cost nothing.
fn text(out: &mut String, run: &[(u16, &Cell, Look)], left: f64, top: f64) {
    let look = run[0].2;
    let whole: String = run.iter().map(|(_, cell, _)| cell.symbol()).collect();
    let trimmed = whole.trim_end();
    let words = trimmed.trim_start();
    if words.is_empty() && !look.underline {
        return;
    }
    let words = if look.underline { whole.as_str() } else { words };
    let skipped = if look.underline { 0 } else { trimmed.width() - words.width() };
    let columns = words.width();
    let _ = write!(
        out,
        r#"<text x="{:.2}" y="{:.1}" fill="{}" textLength="{:.2}" lengthAdjust="spacingAndGlyphs" xml:space="preserve""#,
        left + skipped as f64 * CELL_WIDTH,
        top + BASELINE,
        look.fg.hex(),
        columns as f64 * CELL_WIDTH
    );
    if look.bold {
        out.push_str(r#" font-weight="bold""#);
    }
    if look.italic {
        out.push_str(r#" font-style="italic""#);
    }
    if look.underline {
        out.push_str(r#" text-decoration="underline""#);
    }
    let _ = writeln!(out, ">{}</text>", escaped(words));
}

fn look(cell: &Cell, styles: &Styles) -> Look {
    let (paper, ink) = (styles.canvas.background, styles.canvas.foreground);
    let mut fg = rgb_of(cell.fg).unwrap_or(ink);
    let mut bg = if cell.bg == Color::Reset { None } else { rgb_of(cell.bg) };
    if cell.modifier.contains(Modifier::REVERSED) {
        (fg, bg) = (bg.unwrap_or(paper), Some(fg));
    }
    if cell.modifier.contains(Modifier::DIM) {
        fg = fg.mixed(bg.unwrap_or(paper), 0.4);
    }
    Look {
        fg,
        bg,
        bold: cell.modifier.contains(Modifier::BOLD),
        italic: cell.modifier.contains(Modifier::ITALIC),
        underline: cell.modifier.contains(Modifier::UNDERLINED),
    }
}

/// A sign that is drawn and not written.
#[derive(Clone, Copy)]
enum Shape {
    /// Lines from the middle: left, right, up, down; and whether heavy.
    Lines([bool; 4], bool),
    /// The lower part of the cell, in eighths.
    Bar(u8),
    LeftHalf,
    /// A quarter of the ink.
    Shade,
    /// A dashed line.
    Dashes,
}

fn shape(symbol: &str) -> Option<Shape> {
    let lines = |left, right, up, down, heavy| Some(Shape::Lines([left, right, up, down], heavy));
    match symbol {
        "─" => lines(true, true, false, false, false),
        "│" => lines(false, false, true, true, false),
        "┌" => lines(false, true, false, true, false),
        "┐" => lines(true, false, false, true, false),
        "└" => lines(false, true, true, false, false),
        "┘" => lines(true, false, true, false, false),
        "├" => lines(false, true, true, true, false),
        "┤" => lines(true, false, true, true, false),
        "┬" => lines(true, true, false, true, false),
        "┴" => lines(true, true, true, false, false),
        "┼" => lines(true, true, true, true, false),
        "╴" => lines(true, false, false, false, false),
        "━" => lines(true, true, false, false, true),
        "┃" => lines(false, false, true, true, true),
        "┏" => lines(false, true, false, true, true),
        "┓" => lines(true, false, false, true, true),
        "┗" => lines(false, true, true, false, true),
        "┛" => lines(true, false, true, false, true),
        "╌" | "┄" => Some(Shape::Dashes),
        "▁" => Some(Shape::Bar(1)),
        "▂" => Some(Shape::Bar(2)),
        "▃" => Some(Shape::Bar(3)),
        "▄" => Some(Shape::Bar(4)),
        "▅" => Some(Shape::Bar(5)),
        "▆" => Some(Shape::Bar(6)),
        "▇" => Some(Shape::Bar(7)),
        "█" => Some(Shape::Bar(8)),
        "▌" => Some(Shape::LeftHalf),
        "░" => Some(Shape::Shade),
        _ => None,
    }
}

fn draw_shape(out: &mut String, shape: Shape, left: f64, top: f64, fg: Rgb) {
    let fill = fg.hex();
    let (middle_x, middle_y) = (left + CELL_WIDTH / 2.0, top + CELL_HEIGHT / 2.0);
    let mut rect = |x: f64, y: f64, width: f64, height: f64, opacity: &str| {
        let _ = writeln!(
            out,
            r#"<rect x="{x:.2}" y="{y:.2}" width="{width:.2}" height="{height:.2}" fill="{fill}"{opacity}/>"#
        );
    };
    match shape {
        Shape::Lines([to_left, to_right, up, down], heavy) => {
            let thick = if heavy { 2.0 } else { 1.1 };
            let half = thick / 2.0;
            if to_left || to_right {
                let from = if to_left { left } else { middle_x - half };
                let to = if to_right { left + CELL_WIDTH } else { middle_x + half };
                rect(from, middle_y - half, to - from, thick, "");
            }
            if up || down {
                let from = if up { top } else { middle_y - half };
                let to = if down { top + CELL_HEIGHT } else { middle_y + half };
                rect(middle_x - half, from, thick, to - from, "");
            }
        }
        Shape::Bar(eighths) => {
            let height = CELL_HEIGHT * f64::from(eighths) / 8.0;
            rect(left, top + CELL_HEIGHT - height, CELL_WIDTH, height, "");
        }
        Shape::LeftHalf => rect(left, top, CELL_WIDTH / 2.0, CELL_HEIGHT, ""),
        Shape::Shade => rect(left, top, CELL_WIDTH, CELL_HEIGHT, r#" opacity="0.25""#),
        Shape::Dashes => {
            rect(left + 0.6, middle_y - 0.55, 2.8, 1.1, "");
            rect(left + CELL_WIDTH / 2.0 + 0.6, middle_y - 0.55, 2.8, 1.1, "");
        }
    }
}

fn escaped(text: &str) -> String {
    markup::escaped(text).replace('"', "&quot;")
}
