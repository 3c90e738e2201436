//! The themes that there are: the shipped ones, and a person's own over them.

use std::collections::BTreeMap;

use super::color::Rgb;
use super::depth::ColorDepth;
use super::file::{self, Attributes, Paint, ThemeFile};
use super::glyphs::GlyphSet;
use super::role::Role;
use super::styles::{Canvas, Styles};
use crate::text::SafeText;

/// The theme where none is asked for.
pub const DEFAULT_THEME: &str = "midnight";

/// How far `inherits` is followed: farther is a circle.
const DEEPEST: usize = 8;

const SHIPPED: [(&str, &str); 8] = [
    ("midnight", include_str!("../../themes/midnight.toml")),
    ("daylight", include_str!("../../themes/daylight.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("okabe-ito", include_str!("../../themes/okabe-ito.toml")),
    ("solarized", include_str!("../../themes/solarized.toml")),
    ("gruvbox", include_str!("../../themes/gruvbox.toml")),
    ("nord", include_str!("../../themes/nord.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// Every theme by name.
#[derive(Debug, Clone)]
pub struct Catalogue {
    order: Vec<String>,
    themes: BTreeMap<String, ThemeFile>,
    warnings: Vec<SafeText>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::shipped()
    }
}

impl Catalogue {
    /// The eight that come with the program.
    pub fn shipped() -> Self {
        let mut catalogue = Self { order: Vec::new(), themes: BTreeMap::new(), warnings: Vec::new() };
        for (name, text) in SHIPPED {
            catalogue.add(name, text);
        }
        catalogue
    }

    /// Adds a theme, or puts it in the place of the one with this name. `text` is the contents of its file.
    pub(crate) fn add(&mut self, name: &str, text: &str) {
        let mut found = Vec::new();
        let theme = file::parse(text, &mut found);
        for warning in found {
            self.warn(name, warning.as_str());
        }
        // A person's own `midnight` may begin with `inherits = "midnight"`: the shipped one is meant.
        let theme = match self.themes.get(name) {
            Some(below) if theme.inherits.as_deref() == Some(name) => merged(theme, below),
            _ => theme,
        };
        if self.themes.insert(name.to_owned(), theme).is_none() {
            self.order.push(name.to_owned());
        }
    }

    /// The names: the shipped ones in their order, then a person's own.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    /// Whether there is a theme of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.themes.contains_key(name)
    }

    /// Every warning so far, each with the theme's name in front.
    pub(crate) fn warnings(&self) -> &[SafeText] {
        &self.warnings
    }

    /// The styles of a theme; those of the default where the name is not known. What could not be resolved is added to
    /// the warnings.
    pub fn styles(&mut self, name: &str, depth: ColorDepth, glyphs: GlyphSet) -> Styles {
        let mut name = name;
        if !self.has(name) {
            let known = self.order.join(", ");
            self.warn(name, &format!("no such theme; using {DEFAULT_THEME}. Known: {known}"));
            name = DEFAULT_THEME;
        }
        let whole = self.whole(name);
        let mut attributes = BTreeMap::new();
        for (role, written) in &whole.roles {
            let mut resolved = written.attributes;
            resolved.fg = self.color(name, role, written.fg.as_deref(), &whole.palette);
            resolved.bg = self.color(name, role, written.bg.as_deref(), &whole.palette);
            attributes.insert(role.as_str(), resolved);
        }
        let table: Vec<_> = Role::ALL
            .iter()
            .map(|role| {
                let said = role.fallbacks().filter_map(|name| attributes.get(name).copied());
                said.fold(Attributes::default(), Attributes::or)
            })
            .collect();
        let light = whole.light.unwrap_or_default();
        let (paper, ink) =
            if light { (Rgb(255, 255, 255), Rgb(36, 41, 47)) } else { (Rgb(13, 17, 23), Rgb(201, 209, 217)) };
        let canvas =
            Canvas { background: whole.background.unwrap_or(paper), foreground: whole.foreground.unwrap_or(ink) };
        Styles::new(name, &table, canvas, depth, glyphs)
    }

    /// A theme with all that it inherits.
    fn whole(&mut self, name: &str) -> ThemeFile {
        let mut theme = self.themes.get(name).cloned().unwrap_or_default();
        for _ in 0..DEEPEST {
            let Some(parent) = theme.inherits.take() else { return theme };
            let Some(below) = self.themes.get(&parent) else {
                self.warn(name, &format!("inherits `{parent}`, which does not exist"));
                return theme;
            };
            theme = merged(theme, below);
        }
        if theme.inherits.is_some() {
            self.warn(name, "inherits in a circle");
        }
        theme
    }

    fn color(
        &mut self,
        theme: &str,
        role: &str,
        name: Option<&str>,
        palette: &BTreeMap<String, Paint>,
    ) -> Option<Paint> {
        let name = name?;
        let found = palette.get(name).copied().or_else(|| file::paint(name, None));
        if found.is_none() {
            self.warn(theme, &format!("{role}: `{name}` is neither in the palette nor a colour"));
        }
        found
    }

    fn warn(&mut self, theme: &str, text: &str) {
        let warning = SafeText::new(&format!("theme {theme}: {text}"));
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// `over`, and what it leaves open from `below`; inherits what `below` inherits.
fn merged(over: ThemeFile, below: &ThemeFile) -> ThemeFile {
    let mut palette = below.palette.clone();
    palette.extend(over.palette);
    let mut roles = below.roles.clone();
    for (name, written) in over.roles {
        let role = roles.entry(name).or_default();
        role.attributes = written.attributes.or(role.attributes);
        role.fg = written.fg.or(role.fg.take());
        role.bg = written.bg.or(role.bg.take());
    }
    ThemeFile {
        inherits: below.inherits.clone(),
        light: over.light.or(below.light),
        palette,
        roles,
        background: over.background.or(below.background),
        foreground: over.foreground.or(below.foreground),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier, Style};

    use super::super::color::rgb_of;
    use super::*;

    const DEPTHS: [ColorDepth; 4] = [ColorDepth::None, ColorDepth::Sixteen, ColorDepth::Indexed, ColorDepth::True];

    fn styles_of(text: &str) -> (Styles, Vec<String>) {
        let mut catalogue = Catalogue::shipped();
        catalogue.add("own", text);
        let styles = catalogue.styles("own", ColorDepth::True, GlyphSet::UTF8);
        (styles, catalogue.warnings().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn shipped_themes_have_no_warnings() {
        let mut catalogue = Catalogue::shipped();
        let names: Vec<_> = catalogue.names().map(str::to_owned).collect();
        assert_eq!(names.len(), 8);
        for name in names {
            for depth in DEPTHS {
                let styles = catalogue.styles(&name, depth, GlyphSet::UTF8);
                assert_eq!(styles.theme, name);
            }
        }
        assert!(catalogue.warnings().is_empty(), "{:?}", catalogue.warnings());
    }

    #[test]
    fn normal_text_is_the_terminals_own() {
        let mut catalogue = Catalogue::shipped();
        let names: Vec<_> = catalogue.names().map(str::to_owned).collect();
        for name in names {
            let styles = catalogue.styles(&name, ColorDepth::True, GlyphSet::UTF8);
            assert_eq!(styles.get(Role::Text), Style::new(), "{name}");
            assert_eq!(styles.get(Role::Dialog).bg, None, "{name}");
        }
    }

    /// 3:1 on the canvas for everything coloured, and 4.5:1 for what must be read at once; reverse text against its
    /// own chip is the same ratio.
    #[test]
    fn shipped_themes_have_contrast() {
        let urgent = [Role::StatusDown, Role::SeverityCritical, Role::StatusDegraded, Role::LevelError, Role::ToastBad];
        let mut catalogue = Catalogue::shipped();
        let names: Vec<_> = catalogue.names().map(str::to_owned).collect();
        for name in names {
            for depth in [ColorDepth::True, ColorDepth::Indexed] {
                let styles = catalogue.styles(&name, depth, GlyphSet::UTF8);
                for role in Role::ALL {
                    let style = styles.get(*role);
                    let fg = style.fg.and_then(rgb_of).unwrap_or(styles.canvas.foreground);
                    let bg = style.bg.and_then(rgb_of).unwrap_or(styles.canvas.background);
                    let least = match role {
                        Role::Border | Role::ChartAxis | Role::ChartFill => 1.4,
                        role if urgent.contains(role) => 4.5,
                        _ => 3.0,
                    };
                    let ratio = fg.contrast(bg);
                    assert!(ratio >= least, "{name} {depth:?} {}: {ratio:.1} of {least}", role.name());
                }
            }
        }
    }

    /// A bar's end is told from the bar, and both from what they are compared with, as long as there are colours.
    #[test]
    fn the_parts_of_a_chart_are_told_apart() {
        let mut catalogue = Catalogue::shipped();
        let names: Vec<_> = catalogue.names().filter(|name| *name != "mono").map(str::to_owned).collect();
        for name in names {
            for depth in [ColorDepth::Sixteen, ColorDepth::Indexed, ColorDepth::True] {
                let styles = catalogue.styles(&name, depth, GlyphSet::UTF8);
                let [line, fill, before] =
                    [Role::ChartLine, Role::ChartFill, Role::ChartCompare].map(|role| styles.get(role).fg);
                assert!(
                    line != fill && line != before && fill != before,
                    "{name} {depth:?}: {line:?} {fill:?} {before:?}"
                );
            }
        }
    }

    /// A name in the colour of what is wrong would look as if that were wrong.
    #[test]
    fn names_have_no_hue_of_a_status() {
        let mut catalogue = Catalogue::shipped();
        let themes: Vec<_> = catalogue.names().filter(|name| *name != "mono").map(str::to_owned).collect();
        let trouble = [
            Role::StatusOk,
            Role::StatusDegraded,
            Role::StatusDown,
            Role::SeverityMedium,
            Role::SeverityHigh,
            Role::SeverityCritical,
        ];
        for theme in themes {
            for depth in [ColorDepth::Sixteen, ColorDepth::True] {
                let styles = catalogue.styles(&theme, depth, GlyphSet::UTF8);
                for (name, other) in
                    Role::OF_SERVICES.iter().flat_map(|name| trouble.iter().map(move |other| (*name, *other)))
                {
                    let same = styles.get(name).fg == styles.get(other).fg;
                    assert!(!same, "{theme} {depth:?}: {} has the hue of {}", name.name(), other.name());
                }
            }
        }
    }

    /// Where colours are gone, the worst must still stand out.
    #[test]
    fn trouble_stands_out_without_colour() {
        let mut catalogue = Catalogue::shipped();
        let names: Vec<_> = catalogue.names().map(str::to_owned).collect();
        for name in names {
            let styles = catalogue.styles(&name, ColorDepth::None, GlyphSet::UTF8);
            for role in Role::ALL {
                let style = styles.get(*role);
                assert_eq!((style.fg, style.bg), (None, None), "{name} {}", role.name());
            }
            for role in [Role::StatusDown, Role::SeverityCritical, Role::DialogButtonFocus] {
                let modifiers = styles.get(role).add_modifier;
                assert!(modifiers.contains(Modifier::REVERSED), "{name} {}", role.name());
            }
            // What is selected keeps its own signs: what is down is in reverse in any row.
            let selection = styles.get(Role::Selection).add_modifier;
            assert!(!selection.contains(Modifier::REVERSED), "{name}");
            assert!(name != "mono" || selection.contains(Modifier::BOLD), "{name}");
        }
    }

    #[test]
    fn attributes_fall_back_one_by_one() {
        let (styles, warnings) = styles_of(
            "[palette]\nred = \"#ff0000\"\n[role]\nlog.fg = \"red\"\nlog.bold = true\nlog.match.bold = false\nlog.match.current.underline = true",
        );
        assert_eq!(warnings, Vec::<String>::new());
        let current = styles.get(Role::LogMatchCurrent);
        assert_eq!(current.fg, Some(Color::Rgb(255, 0, 0)));
        assert_eq!(current.add_modifier, Modifier::UNDERLINED);
        assert_eq!(styles.get(Role::LogTime).add_modifier, Modifier::BOLD);
    }

    #[test]
    fn what_is_wrong_is_told_and_left_out() {
        let (styles, warnings) = styles_of(
            "speed = 3\nappearance = \"blue\"\n[palette]\nred = \"#12\"\n[role]\nstatus.dwon.fg = \"red\"\nstatus.ok.fg = \"grene\"\nstatus.ok.blink = true\nstatus.pending.bold = true",
        );
        for part in [
            "`speed` is not known",
            "`appearance` can't be",
            "palette.red",
            "did you mean `status.down`?",
            "`grene`",
            "status.ok.blink",
        ] {
            assert!(warnings.iter().any(|warning| warning.contains(part)), "{part} in {warnings:#?}");
        }
        assert_eq!(styles.get(Role::StatusPending).add_modifier, Modifier::BOLD, "the rest counts");
        let broken = styles_of("this is no toml").1;
        assert!(broken[0].contains("is not TOML"), "{broken:?}");
    }

    #[test]
    fn inheriting_takes_what_is_not_said() {
        let mut catalogue = Catalogue::shipped();
        catalogue.add("midnight", "inherits = \"midnight\"\n[role]\nstatus.ok.fg = \"#00ff00\"");
        catalogue.add("a", "inherits = \"b\"");
        catalogue.add("b", "inherits = \"a\"");
        catalogue.add("c", "inherits = \"nowhere\"");
        let mut shipped = Catalogue::shipped();
        let before = shipped.styles("midnight", ColorDepth::True, GlyphSet::UTF8);
        let after = catalogue.styles("midnight", ColorDepth::True, GlyphSet::UTF8);
        assert_eq!(after.get(Role::StatusOk).fg, Some(Color::Rgb(0, 255, 0)));
        assert_eq!(after.get(Role::StatusDown), before.get(Role::StatusDown));
        assert!(catalogue.warnings().is_empty());
        for name in ["a", "c", "none-such"] {
            catalogue.styles(name, ColorDepth::True, GlyphSet::UTF8);
        }
        let all = catalogue.warnings().iter().map(SafeText::as_str).collect::<Vec<_>>().join("\n");
        assert!(all.contains("circle") && all.contains("`nowhere`") && all.contains("none-such"), "{all}");
    }
}
