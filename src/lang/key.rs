//! Keys as they are written in the configuration (`R`, `ctrl-l`, `f5`, `shift-tab`) and arrive from the terminal.

use serde::{Deserialize, Serialize};

/// The key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeyCode {
    /// A character as typed: `R` is `Char('R')`, without a shift flag.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// F1 to F12.
    F(u8),
}

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// Control is held.
    pub ctrl: bool,
    /// Alt is held.
    pub alt: bool,
}

impl Key {
    /// A character as typed, without modifiers.
    #[cfg(test)]
    pub(crate) const fn char(c: char) -> Self {
        Self { code: KeyCode::Char(c), ctrl: false, alt: false }
    }

    /// A key without modifiers.
    pub(crate) const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// Control and a character, given in lower case.
    #[cfg(test)]
    pub(crate) const fn ctrl(c: char) -> Self {
        Self { code: KeyCode::Char(c), ctrl: true, alt: false }
    }
}

/// The keys that have names, each with the form in which it is shown first.
const NAMED: [(&str, KeyCode); 24] = [
    ("enter", KeyCode::Enter),
    ("return", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("escape", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backtab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("del", KeyCode::Delete),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("page-up", KeyCode::PageUp),
    ("pgup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("page-down", KeyCode::PageDown),
    ("pgdn", KeyCode::PageDown),
    ("space", KeyCode::Char(' ')),
    ("minus", KeyCode::Char('-')),
];

/// Why a text is no key, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl KeyError {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl std::str::FromStr for Key {
    type Err = KeyError;

    /// Reads `R`, `ctrl-l`, `alt-x`, `f5`, `shift-tab`, `space`, `enter`. Names and modifiers in any case; a single
    /// character is taken as typed.
    fn from_str(written: &str) -> Result<Self, KeyError> {
        const HOW: &str =
            "write one character (`R`), or a name like `ctrl-l`, `alt-x`, `f5`, `space`, `enter`, `shift-tab`";
        let unknown = || KeyError::new(format!("`{written}` is not a valid key"), HOW);
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        let mut rest = written;
        loop {
            if let Some(code) = named(rest) {
                let code = if shift && code == KeyCode::Tab { KeyCode::BackTab } else { code };
                return Ok(Self { code, ctrl, alt });
            }
            let Some((modifier, after)) = rest.split_once('-').filter(|(m, after)| !m.is_empty() && !after.is_empty())
            else {
                break;
            };
            match modifier.to_ascii_lowercase().as_str() {
                "ctrl" | "control" | "c" => ctrl = true,
                "alt" | "meta" | "a" => alt = true,
                "shift" | "s" => shift = true,
                _ => return Err(unknown()),
            }
            rest = after;
        }
        let mut chars = rest.chars();
        let (Some(c), None) = (chars.next(), chars.next()) else { return Err(unknown()) };
        if c.is_control() || c.is_whitespace() {
            return Err(unknown());
        }
        let c = if shift { c.to_ascii_uppercase() } else { c };
        if !ctrl {
            return Ok(Self { code: KeyCode::Char(c), ctrl, alt });
        }
        let c = c.to_ascii_lowercase();
        match c {
            'i' => Err(KeyError::new("a terminal sends the same for `ctrl-i` and `tab`", "write `tab`")),
            'm' => Err(KeyError::new("a terminal sends the same for `ctrl-m` and `enter`", "write `enter`")),
            '[' => Err(KeyError::new("a terminal sends the same for `ctrl-[` and `esc`", "write `esc`")),
            _ => Ok(Self { code: KeyCode::Char(c), ctrl, alt }),
        }
    }
}

fn named(written: &str) -> Option<KeyCode> {
    let lower = written.to_ascii_lowercase();
    if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == lower) {
        return Some(*code);
    }
    let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
    (1..=12).contains(&number).then_some(KeyCode::F(number))
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code && self.code != KeyCode::Char('-')) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(number) => write!(f, "f{number}"),
            other => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_written() {
        let cases = [
            ("R", Key::char('R')),
            ("r", Key::char('r')),
            ("ctrl-l", Key::ctrl('l')),
            ("Ctrl-L", Key::ctrl('l')),
            ("c-l", Key::ctrl('l')),
            ("alt-x", Key { code: KeyCode::Char('x'), ctrl: false, alt: true }),
            ("ctrl-alt-x", Key { code: KeyCode::Char('x'), ctrl: true, alt: true }),
            ("f5", Key::plain(KeyCode::F(5))),
            ("F12", Key::plain(KeyCode::F(12))),
            ("shift-tab", Key::plain(KeyCode::BackTab)),
            ("backtab", Key::plain(KeyCode::BackTab)),
            ("shift-a", Key::char('A')),
            ("space", Key::char(' ')),
            ("Enter", Key::plain(KeyCode::Enter)),
            ("ctrl-space", Key::ctrl(' ')),
            ("-", Key::char('-')),
            ("ctrl--", Key::ctrl('-')),
            ("?", Key::char('?')),
            ("ä", Key::char('ä')),
            ("pgdn", Key::plain(KeyCode::PageDown)),
            ("ctrl-page-down", Key { code: KeyCode::PageDown, ctrl: true, alt: false }),
        ];
        for (written, key) in cases {
            assert_eq!(written.parse::<Key>(), Ok(key), "{written}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for written in ["", "RR", "f0", "f13", "hyper-x", "ctrl-", "ctrl", "\t", "\u{1b}", "ctrl-i", "ctrl-m", "ctrl-["]
        {
            assert!(written.parse::<Key>().is_err(), "{written:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_is_read_again(written in "((ctrl|alt|shift)-){0,2}([!-~]|f[1-9]|tab|space|up|home|enter)") {
            if let Ok(key) = written.parse::<Key>() {
                proptest::prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
            }
        }
    }
}
