//! How many colours the terminal has, from its environment alone: a query may take a round trip or never return.

use std::collections::BTreeMap;

/// How many colours may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColorDepth {
    /// None: bold, reverse and words carry everything.
    None,
    /// The terminal's sixteen.
    Sixteen,
    /// The 256-colour palette.
    Indexed,
    /// 24 bits.
    True,
}

/// Terminals that have 24 bits though `COLORTERM` may not have come over SSH.
const TRUE_COLOR_TERMS: [&str; 6] = ["alacritty", "contour", "rio", "wezterm", "xterm-ghostty", "xterm-kitty"];

impl ColorDepth {
    /// Reads the environment; `terminal` is whether the output is one. `NO_COLOR`, present and not empty, wins over
    /// everything; then `CLICOLOR=0`; then `COLORTERM`, which sshd does not forward by default; then `TERM`.
    pub(crate) fn detect(env: &BTreeMap<String, String>, terminal: bool) -> Self {
        let get = |name: &str| env.get(name).map_or("", String::as_str);
        if !get("NO_COLOR").is_empty() {
            return Self::None;
        }
        let forced = !matches!(get("CLICOLOR_FORCE"), "" | "0");
        if !forced && (!terminal || get("CLICOLOR") == "0") {
            return Self::None;
        }
        let term = get("TERM");
        let found = match get("COLORTERM").to_ascii_lowercase().as_str() {
            // Old screen says truecolor for its outer terminal and can't do it; tmux can.
            "truecolor" | "24bit" if term.starts_with("screen") && get("TERM_PROGRAM") != "tmux" => Self::Indexed,
            "truecolor" | "24bit" => Self::True,
            "yes" | "true" => Self::Indexed,
            _ => Self::by_term(term),
        };
        if forced { found.max(Self::Sixteen) } else { found }
    }

    fn by_term(term: &str) -> Self {
        if TRUE_COLOR_TERMS.contains(&term) || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") {
            Self::Indexed
        } else if ["linux", "xterm", "screen", "tmux", "rxvt", "vt220", "ansi", "cygwin"].contains(&term)
            || term.contains("color")
            || term.contains("ansi")
        {
            Self::Sixteen
        } else {
            Self::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Environment, whether the output is a terminal, what is expected.
    type Case = (&'static [(&'static str, &'static str)], bool, ColorDepth);

    #[test]
    fn the_environment_decides() {
        use ColorDepth::{Indexed, None, Sixteen, True};
        let cases: [Case; 17] = [
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], true, True),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")], true, None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], true, Indexed),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true, None),
            (&[("TERM", "xterm-256color"), ("CLICOLOR", "0")], true, None),
            (&[("TERM", "xterm-256color"), ("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], true, Indexed),
            (&[("TERM", "xterm-256color")], false, None),
            (&[("TERM", "xterm-256color"), ("CLICOLOR_FORCE", "1")], false, Indexed),
            (&[("TERM", "screen-256color"), ("COLORTERM", "truecolor")], true, Indexed),
            (&[("TERM", "screen-256color"), ("COLORTERM", "truecolor"), ("TERM_PROGRAM", "tmux")], true, True),
            (&[("TERM", "xterm"), ("COLORTERM", "yes")], true, Indexed),
            (&[("TERM", "xterm-kitty")], true, True),
            (&[("TERM", "linux")], true, Sixteen),
            (&[("TERM", "xterm")], true, Sixteen),
            (&[("TERM", "vt100")], true, None),
            (&[("TERM", "dumb")], true, None),
            (&[], true, None),
        ];
        for (env, terminal, expected) in cases {
            let map = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(ColorDepth::detect(&map, terminal), expected, "{env:?} terminal={terminal}");
        }
    }
}
