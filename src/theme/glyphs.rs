//! Everything that is drawn and is no text, in UTF-8 and in ASCII.

use std::collections::BTreeMap;

use crate::model::status::Status;

/// Which signs are drawn; a handle to one of two [`Glyphs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GlyphSet(&'static Glyphs);

impl std::ops::Deref for GlyphSet {
    type Target = Glyphs;

    fn deref(&self) -> &Glyphs {
        self.0
    }
}

/// A set of signs. Every sign is one column wide, but two in ASCII are two: `OK` and `XX`.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Whether this is the ASCII set.
    pub ascii: bool,
    /// Horizontal line of a frame.
    pub horizontal: &'static str,
    /// Vertical line of a frame.
    pub vertical: &'static str,
    /// Upper left, upper right, lower left, lower right corner of a frame.
    pub corners: [&'static str; 4],
    /// Horizontal line of the frame that has the focus.
    pub heavy_horizontal: &'static str,
    /// Vertical line of the frame that has the focus.
    pub heavy_vertical: &'static str,
    /// Corners of the frame that has the focus.
    pub heavy_corners: [&'static str; 4],
    /// Eight heights of a sparkline's column, lowest first.
    pub bars: [&'static str; 8],
    /// A column of a sparkline without data.
    pub gap: &'static str,
    /// A threshold line.
    pub threshold: &'static str,
    /// A full block, for bars and progress.
    pub block: &'static str,
    /// The rest of a progress bar; in a chart what lies between the average and the greatest value.
    pub shade: &'static str,
    /// In a chart what lies between the least value and the average.
    pub band: &'static str,
    /// In a chart the value of before: low, in the middle or high in its cell.
    pub before: [&'static str; 3],
    /// Something happened at that time.
    pub event: &'static str,
    /// Between chips of the header.
    pub divider: &'static str,
    /// Between words.
    pub dot: &'static str,
    /// What was cut off at the right.
    pub ellipsis: &'static str,
    /// Before the selected row.
    pub bar: &'static str,
    /// What can be opened, and what runs.
    pub pointer: &'static str,
    /// Scrolled: there is more above.
    pub up: &'static str,
    /// There is more below.
    pub down: &'static str,
    /// A record that a person marked.
    pub mark: &'static str,
    /// A note of the follower.
    pub marker: &'static str,
    /// Branch, last branch, and trunk of a tree, two columns each.
    pub tree: [&'static str; 3],
    /// Where nothing is known.
    pub none: &'static str,
    /// Inhibited.
    pub inhibited: &'static str,
    /// Its alerts are silenced.
    pub silenced: &'static str,
    /// Somebody is at it.
    pub acknowledged: &'static str,
    /// In maintenance.
    pub maintenance: &'static str,
    /// Flapping.
    pub flapping: &'static str,
    /// Stale.
    pub stale: &'static str,
    /// Good, done.
    pub check: &'static str,
    /// Bad, failed.
    pub cross: &'static str,
}

impl GlyphSet {
    /// For UTF-8 terminals: box drawing and block elements, which every common font has. No braille: many have none.
    pub const UTF8: Self = Self(&Glyphs {
        ascii: false,
        horizontal: "─",
        vertical: "│",
        corners: ["┌", "┐", "└", "┘"],
        heavy_horizontal: "━",
        heavy_vertical: "┃",
        heavy_corners: ["┏", "┓", "┗", "┛"],
        bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        gap: " ",
        threshold: "╌",
        block: "█",
        shade: "░",
        band: "▒",
        before: ["_", "─", "‾"],
        event: "▲",
        divider: "│",
        dot: "·",
        ellipsis: "…",
        bar: "▌",
        pointer: "▸",
        up: "↑",
        down: "↓",
        mark: "◆",
        marker: "┄",
        tree: ["├╴", "└╴", "│ "],
        none: "–",
        inhibited: "⊘",
        silenced: "⊖",
        acknowledged: "⊙",
        maintenance: "☼",
        flapping: "≈",
        stale: Status::stale_glyph(false),
        check: "✓",
        cross: "✗",
    });

    /// For everything else.
    pub const ASCII: Self = Self(&Glyphs {
        ascii: true,
        horizontal: "-",
        vertical: "|",
        corners: ["+", "+", "+", "+"],
        heavy_horizontal: "=",
        heavy_vertical: "|",
        heavy_corners: ["#", "#", "#", "#"],
        bars: ["_", ".", ",", "-", "=", "+", "*", "#"],
        gap: " ",
        threshold: "-",
        block: "#",
        shade: ".",
        band: ":",
        before: ["_", "-", "~"],
        event: "^",
        divider: "|",
        dot: "-",
        ellipsis: "~",
        bar: ">",
        pointer: ">",
        up: "^",
        down: "v",
        mark: "*",
        marker: "-",
        tree: ["|-", "`-", "| "],
        none: "-",
        inhibited: "I",
        silenced: "S",
        acknowledged: "A",
        maintenance: "M",
        flapping: "F",
        stale: Status::stale_glyph(true),
        check: "OK",
        cross: "XX",
    });

    /// UTF-8 where the locale says so (`LC_ALL`, else `LC_CTYPE`, else `LANG`), else ASCII. The Linux console has no
    /// font for most signs and gets ASCII as well.
    pub(crate) fn detect(env: &BTreeMap<String, String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env.get(*name).filter(|v| !v.is_empty()));
        let utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let console = env.get("TERM").is_some_and(|term| term == "linux");
        if utf8 && !console { Self::UTF8 } else { Self::ASCII }
    }
}

impl Glyphs {
    /// The bar for a share of the height, 0 to 1; anything above nothing shows at least the lowest.
    pub(crate) fn bar(&self, share: f64) -> &'static str {
        self.eighths((share.clamp(0.0, 1.0) * 8.0).round() as u64)
    }

    /// The bar of so many eighths of a cell: one at least, so that nothing that is there is out of sight.
    pub(crate) fn eighths(&self, eighths: u64) -> &'static str {
        self.bars[usize::try_from(eighths).unwrap_or(8).clamp(1, 8) - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_chooses_the_set() {
        let set = |pairs: &[(&str, &str)]| {
            GlyphSet::detect(&pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()).ascii
        };
        assert!(!set(&[("LANG", "en_GB.UTF-8")]));
        assert!(!set(&[("LANG", "C"), ("LC_ALL", "C.utf8")]));
        assert!(set(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "POSIX")]), "LC_ALL wins");
        assert!(!set(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "")]), "an empty variable says nothing");
        assert!(set(&[]));
        assert!(set(&[("LANG", "en_GB.UTF-8"), ("TERM", "linux")]));
    }

    #[test]
    fn a_bar_grows_with_its_share() {
        let set = GlyphSet::UTF8;
        assert_eq!(set.bar(0.0), "▁");
        assert_eq!(set.bar(0.5), "▄");
        assert_eq!(set.bar(1.0), "█");
        assert_eq!(set.bar(7.0), "█");
        assert_eq!(set.bar(f64::NAN), "▁");
    }

    #[test]
    fn the_ascii_set_is_ascii() {
        let set = GlyphSet::ASCII;
        let all = [set.horizontal, set.vertical, set.gap, set.threshold, set.dot, set.ellipsis, set.divider];
        assert!(
            all.iter()
                .chain([&set.shade, &set.band, &set.event])
                .chain(&set.before)
                .chain(&set.bars)
                .chain(&set.tree)
                .chain(&set.corners)
                .all(|glyph| glyph.is_ascii())
        );
    }
}
