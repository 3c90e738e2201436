//! The view with the styles of the running theme.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::layout::LayoutMap;
use crate::app::state::State;
use crate::text::SafeText;
use crate::theme::{Catalogue, ColorDepth, GlyphSet, Styles};
use crate::ui;
use crate::ui::export::{ExportFormat, export};

/// Draws states. Keeps the styles of the theme that was used last.
#[derive(Debug)]
pub(crate) struct FramePainter {
    catalogue: Catalogue,
    depth: ColorDepth,
    glyphs: GlyphSet,
    styles: Option<Styles>,
}

impl FramePainter {
    /// For a terminal of this depth and these glyphs.
    pub(crate) fn new(catalogue: Catalogue, depth: ColorDepth, glyphs: GlyphSet) -> Self {
        Self { catalogue, depth, glyphs, styles: None }
    }

    /// What the environment says of the terminal. `no_color` wins over everything.
    pub(crate) fn detect(
        catalogue: Catalogue,
        environment: &BTreeMap<String, String>,
        terminal: bool,
        no_color: bool,
        ascii: Option<bool>,
    ) -> Self {
        let depth = if no_color { ColorDepth::None } else { ColorDepth::detect(environment, terminal) };
        let glyphs = match ascii {
            Some(true) => GlyphSet::ASCII,
            Some(false) => GlyphSet::UTF8,
            None => GlyphSet::detect(environment),
        };
        Self::new(catalogue, depth, glyphs)
    }

    /// The names of the themes.
    pub(crate) fn themes(&self) -> Vec<String> {
        self.catalogue.names().map(str::to_owned).collect()
    }

    /// What could not be understood of the themes so far, where `theme` is the one in use.
    pub(crate) fn warnings(&mut self, theme: &str) -> &[SafeText] {
        self.styles(theme);
        self.catalogue.warnings()
    }

    /// Draws the state and says what is where.
    pub(crate) fn paint(&mut self, state: &State, area: Rect, buffer: &mut Buffer) -> LayoutMap {
        ui::view(state, self.styles(&state.console.theme), area, buffer)
    }

    /// A drawn frame as a file.
    pub(crate) fn export(&mut self, theme: &str, frame: &Buffer, format: ExportFormat, title: &str) -> String {
        export(frame, self.styles(theme), format, title)
    }

    /// The styles of a state's theme.
    pub(crate) fn styles_of(&mut self, state: &State) -> &Styles {
        self.styles(&state.console.theme)
    }

    fn styles(&mut self, theme: &str) -> &Styles {
        match &mut self.styles {
            Some(styles) if styles.theme == theme => {}
            // A theme that is not known is the default one under its own name: asked for again, it is found here.
            stale => {
                let mut styles = self.catalogue.styles(theme, self.depth, self.glyphs);
                theme.clone_into(&mut styles.theme);
                *stale = Some(styles);
            }
        }
        self.styles.as_ref().expect("made just above")
    }
}
