//! One theme's file: palette and roles as they are written, with a warning for whatever can't be understood.
//!
//! ```toml
//! appearance = "dark"                 # or "light": what the terminal's background is expected to be
//! inherits = "midnight"               # optional: everything not said here
//! [palette]
//! red = "#ff6b68"
//! sky = ["#56b4e9", "bright-cyan"]    # a second name: what it is in sixteen colours
//! [role]
//! "status.down" = { fg = "red", bold = true, reverse = true }
//! "log.match" = { fg = "sky" }
//! [canvas]                            # for pictures: what the terminal's own colours are taken to be
//! background = "#101418"
//! foreground = "#d5dae0"
//! ```

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::color::{ANSI_NAMES, Rgb};
use super::role;
use crate::lang::nearest;
use crate::text::SafeText;

/// A colour of a theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// The terminal's own.
    Terminal,
    /// One of the terminal's sixteen, at every depth.
    Ansi(u8),
    /// A colour, and which of the sixteen stands for it.
    Rgb(Rgb, u8),
}

/// What a theme says of one role; `None` where it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Attributes {
    pub fg: Option<Paint>,
    pub bg: Option<Paint>,
    pub bold: Option<bool>,
    pub dim: Option<bool>,
    pub italic: Option<bool>,
    pub underline: Option<bool>,
    pub reverse: Option<bool>,
}

impl Attributes {
    /// These, and what they leave open from `less`.
    pub(super) fn or(self, less: Self) -> Self {
        Self {
            fg: self.fg.or(less.fg),
            bg: self.bg.or(less.bg),
            bold: self.bold.or(less.bold),
            dim: self.dim.or(less.dim),
            italic: self.italic.or(less.italic),
            underline: self.underline.or(less.underline),
            reverse: self.reverse.or(less.reverse),
        }
    }

    fn flag(&mut self, name: &str) -> Option<&mut Option<bool>> {
        Some(match name {
            "bold" => &mut self.bold,
            "dim" => &mut self.dim,
            "italic" => &mut self.italic,
            "underline" => &mut self.underline,
            "reverse" => &mut self.reverse,
            _ => return None,
        })
    }
}

/// A theme as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ThemeFile {
    pub inherits: Option<String>,
    pub light: Option<bool>,
    pub palette: BTreeMap<String, Paint>,
    /// By dotted name; colours still by name, because a palette may come from the theme that is inherited.
    pub roles: BTreeMap<String, Written>,
    pub background: Option<Rgb>,
    pub foreground: Option<Rgb>,
}

/// Attributes with the names of their colours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub attributes: Attributes,
    pub fg: Option<String>,
    pub bg: Option<String>,
}

/// Reads a theme. What is wrong is left out and reported.
pub(super) fn parse(text: &str, warnings: &mut Vec<SafeText>) -> ThemeFile {
    let mut file = ThemeFile::default();
    let table = match text.parse::<Table>() {
        Ok(table) => table,
        Err(error) => {
            warn(warnings, &format!("is not TOML: {}", error.message()));
            return file;
        }
    };
    for (key, value) in table {
        match (key.as_str(), value) {
            ("inherits", Value::String(name)) => file.inherits = Some(name),
            ("appearance", Value::String(word)) if word == "dark" || word == "light" => {
                file.light = Some(word == "light");
            }
            ("palette", Value::Table(table)) => palette(&mut file, table, warnings),
            ("role", Value::Table(table)) => roles(&mut file, "", table, warnings),
            ("canvas", Value::Table(table)) => canvas(&mut file, &table, warnings),
            ("inherits" | "appearance" | "palette" | "role" | "canvas", value) => {
                warn(warnings, &format!("`{key}` can't be {value}"));
            }
            _ => {
                warn(warnings, &format!("`{key}` is not known; known: inherits, appearance, palette, role, canvas"));
            }
        }
    }
    file
}

fn palette(file: &mut ThemeFile, table: Table, warnings: &mut Vec<SafeText>) {
    for (name, value) in table {
        let (first, second) = match &value {
            Value::String(first) => (Some(first.as_str()), None),
            Value::Array(both) => (both.first().and_then(Value::as_str), both.get(1).and_then(Value::as_str)),
            _ => (None, None),
        };
        match first.and_then(|first| paint(first, second)) {
            Some(paint) => drop(file.palette.insert(name, paint)),
            None => warn(
                warnings,
                &format!(
                    "palette.{name}: {value} is not a valid colour; write \"#rrggbb\" or a name like \"bright-red\""
                ),
            ),
        }
    }
}

/// A colour that stands for itself: `#rrggbb`, one of the sixteen, or `terminal`.
pub(super) fn paint(text: &str, sixteen: Option<&str>) -> Option<Paint> {
    let named = |name: &str| ANSI_NAMES.iter().position(|known| *known == name).and_then(|at| u8::try_from(at).ok());
    if text == "terminal" {
        return Some(Paint::Terminal);
    }
    if let Some(index) = named(text) {
        return Some(Paint::Ansi(index));
    }
    let rgb = Rgb::parse(text)?;
    match sixteen {
        Some(name) => named(name).map(|index| Paint::Rgb(rgb, index)),
        None => Some(Paint::Rgb(rgb, rgb.nearest_16())),
    }
}

fn roles(file: &mut ThemeFile, prefix: &str, table: Table, warnings: &mut Vec<SafeText>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                if !role::is_known(&name) {
                    warn(warnings, &format!("no role named `{name}`{}", hint_of(&name)));
                    continue;
                }
                roles(file, &name, inner, warnings);
            }
            value if prefix.is_empty() => warn(warnings, &format!("role.{key} can't be {value}")),
            value => attribute(file.roles.entry(prefix.to_owned()).or_default(), prefix, &key, &value, warnings),
        }
    }
}

fn attribute(written: &mut Written, role: &str, key: &str, value: &Value, warnings: &mut Vec<SafeText>) {
    match (key, value) {
        ("fg", Value::String(name)) => written.fg = Some(name.clone()),
        ("bg", Value::String(name)) => written.bg = Some(name.clone()),
        (key, Value::Boolean(on)) => match written.attributes.flag(key) {
            Some(flag) => *flag = Some(*on),
            None => warn(
                warnings,
                &format!("{role}.{key} is not known; known: fg, bg, bold, dim, italic, underline, reverse"),
            ),
        },
        _ => warn(warnings, &format!("{role}.{key} can't be {value}")),
    }
}

fn canvas(file: &mut ThemeFile, table: &Table, warnings: &mut Vec<SafeText>) {
    for (key, value) in table {
        let color = value.as_str().and_then(Rgb::parse);
        match (key.as_str(), color) {
            ("background", Some(color)) => file.background = Some(color),
            ("foreground", Some(color)) => file.foreground = Some(color),
            _ => warn(
                warnings,
                &format!("canvas.{key} can't be {value}; known: background and foreground, as \"#rrggbb\""),
            ),
        }
    }
}

fn hint_of(name: &str) -> String {
    let near = nearest::nearest(name, role::Role::ALL.iter().map(|role| role.name()));
    near.map_or_else(String::new, |known| format!("; {}", nearest::did_you_mean(known)))
}

fn warn(warnings: &mut Vec<SafeText>, text: &str) {
    warnings.push(SafeText::new(text));
}
