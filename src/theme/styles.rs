//! The styles that the view draws with: a theme at a colour depth, computed once.

use ratatui::style::{Color, Modifier, Style};

use super::color::{self, Rgb};
use super::depth::ColorDepth;
use super::file::{Attributes, Paint};
use super::glyphs::GlyphSet;
use super::role::Role;
use crate::text::{Colour, Sgr};

/// What the terminal's own colours are taken to be in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canvas {
    /// Behind everything.
    pub background: Rgb,
    /// Normal text.
    pub foreground: Rgb,
}

/// A style for every role, and the signs. Made once, when theme or terminal change.
#[derive(Debug, Clone)]
pub struct Styles {
    table: Vec<Style>,
    /// The signs to draw with.
    pub glyphs: GlyphSet,
    /// The depth that the styles were made for.
    pub depth: ColorDepth,
    /// For pictures.
    pub canvas: Canvas,
    /// The theme's name.
    pub theme: String,
}

impl Styles {
    /// Resolved attributes of every role, in the order of [`Role::ALL`], at a depth.
    pub(super) fn new(
        theme: &str,
        attributes: &[Attributes],
        canvas: Canvas,
        depth: ColorDepth,
        glyphs: GlyphSet,
    ) -> Self {
        let styled = |(attributes, role): (&Attributes, &Role)| {
            let style = style(*attributes, depth);
            // A sign that is drawn in reverse shows the rest of its cell instead of itself.
            match role {
                // What is selected keeps its own signs, which a reverse would turn around.
                Role::Selection if style.add_modifier.contains(Modifier::REVERSED) => {
                    style.remove_modifier(Modifier::REVERSED).add_modifier(Modifier::BOLD)
                }
                role if role.is_of_plots() => style.remove_modifier(Modifier::REVERSED),
                _ => style,
            }
        };
        let table = attributes.iter().zip(Role::ALL).map(styled).collect();
        Self { table, glyphs, depth, canvas, theme: theme.to_owned() }
    }

    /// The style of a role.
    pub fn get(&self, role: Role) -> Style {
        self.table.get(role as usize).copied().unwrap_or_default()
    }

    /// The colours that a text asks for itself, as far as the terminal has them and they can be read: a foreground that
    /// can't be told from the background of the theme is left out. Reversed text is drawn underlined, because reverse
    /// is what selects.
    pub(crate) fn ink(&self, ink: Sgr) -> Style {
        let mut style = Style::new();
        let rgb = |colour: Colour| match colour {
            Colour::Indexed(index) => color::indexed(index),
            Colour::Rgb(r, g, b) => Rgb(r, g, b),
        };
        let behind = ink.bg.map_or(self.canvas.background, rgb);
        let readable = ink.fg.filter(|fg| rgb(*fg).contrast(behind) >= READABLE);
        style.fg = readable.and_then(|colour| asked(colour, self.depth));
        style.bg =
            ink.bg.filter(|_| readable.is_some() || ink.fg.is_none()).and_then(|colour| asked(colour, self.depth));
        for (flag, modifier) in [
            (ink.bold, Modifier::BOLD),
            (ink.dim, Modifier::DIM),
            (ink.italic, Modifier::ITALIC),
            (ink.underline || ink.reverse, Modifier::UNDERLINED),
        ] {
            if flag {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

/// Contrast below which a colour that a text asks for is not drawn.
const READABLE: f64 = 1.8;

/// A colour that a text asks for at a depth.
fn asked(colour: Colour, depth: ColorDepth) -> Option<Color> {
    match (colour, depth) {
        (_, ColorDepth::None) => None,
        (Colour::Indexed(index @ 0..16), _) => Some(color::ansi(index)),
        (Colour::Indexed(index), ColorDepth::Sixteen) => Some(color::ansi(color::indexed(index).nearest_16())),
        (Colour::Indexed(index), _) => Some(Color::Indexed(index)),
        (Colour::Rgb(r, g, b), ColorDepth::True) => Some(Color::Rgb(r, g, b)),
        (Colour::Rgb(r, g, b), ColorDepth::Indexed) => Some(Color::Indexed(Rgb(r, g, b).nearest_256())),
        (Colour::Rgb(r, g, b), ColorDepth::Sixteen) => Some(color::ansi(Rgb(r, g, b).nearest_16())),
    }
}

fn style(attributes: Attributes, depth: ColorDepth) -> Style {
    let mut style = Style::new();
    style.fg = attributes.fg.and_then(|paint| at_depth(paint, depth));
    style.bg = attributes.bg.and_then(|paint| at_depth(paint, depth));
    let flags = [
        (attributes.bold, Modifier::BOLD),
        (attributes.dim, Modifier::DIM),
        (attributes.italic, Modifier::ITALIC),
        (attributes.underline, Modifier::UNDERLINED),
        (attributes.reverse, Modifier::REVERSED),
    ];
    for (flag, modifier) in flags {
        if flag == Some(true) {
            style = style.add_modifier(modifier);
        }
    }
    // A background is a chip. Without colours, reverse is what makes a chip.
    if depth == ColorDepth::None && attributes.bg.is_some_and(|paint| paint != Paint::Terminal) {
        style = style.add_modifier(Modifier::REVERSED);
    }
    style
}

fn at_depth(paint: Paint, depth: ColorDepth) -> Option<Color> {
    match (paint, depth) {
        (_, ColorDepth::None) | (Paint::Terminal, _) => None,
        (Paint::Ansi(index), _) | (Paint::Rgb(_, index), ColorDepth::Sixteen) => Some(color::ansi(index)),
        (Paint::Rgb(rgb, _), ColorDepth::Indexed) => Some(Color::Indexed(rgb.nearest_256())),
        (Paint::Rgb(Rgb(r, g, b), _), ColorDepth::True) => Some(Color::Rgb(r, g, b)),
    }
}
