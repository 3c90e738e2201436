//! `terminal = ["bell", "osc9"]`: what the terminal of an open console does.

use super::{AddressUse, ChannelKind, ChannelSettings, ChannelSpec};
use crate::config::spec::ValueForm;
use crate::lang::nearest;
use crate::model::message::truncated;
use crate::text::secret::Template;

/// The kind.
pub(super) const SPEC: ChannelSpec = ChannelSpec {
    key: "terminal",
    help: "The terminal of the open console: bell, osc9 (iTerm2, Windows Terminal, kitty), osc777 (urxvt, foot, Ghostty)",
    value: ValueForm::TextsOrOne,
    keys: &[],
    address: AddressUse::None,
    read: |table| {
        let mut signals = Vec::new();
        for text in table.texts_or_one("terminal") {
            let found = SIGNALS.iter().find(|(word, _)| *word == text.value);
            let Some((_, signal)) = found else {
                let words = SIGNALS.iter().map(|(word, _)| *word);
                let hint = format!("known: {}", nearest::listed(words));
                table.context.error(text.at, format!("`{}` is not a signal of a terminal", text.value), hint);
                continue;
            };
            if signals.contains(signal) {
                table.repeated("terminal", &text);
            } else {
                signals.push(*signal);
            }
        }
        if signals.is_empty() && table.is_list("terminal") && table.texts("terminal").is_empty() {
            table.context.error(table.place("terminal"), "`terminal` is empty", "write terminal = \"bell\"");
        }
        (!signals.is_empty()).then_some(ChannelKind::Terminal(TerminalChannel { signals }))
    },
};

const SIGNALS: [(&str, TerminalSignal); 3] =
    [("bell", TerminalSignal::Bell), ("osc9", TerminalSignal::Osc9), ("osc777", TerminalSignal::Osc777)];

/// How a terminal calls for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalSignal {
    /// BEL: a sound, a flash, or a mark at the window, as the terminal is set.
    Bell,
    /// `OSC 9 ; TEXT`: a notification of the desktop.
    Osc9,
    /// `OSC 777 ; notify ; TITLE ; TEXT`: a notification of the desktop.
    Osc777,
}

/// The terminal of an open console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalChannel {
    /// What it does, in the order of the file; at least one.
    pub signals: Vec<TerminalSignal>,
}

impl ChannelSettings for TerminalChannel {
    fn templates(&self) -> Vec<&Template> {
        Vec::new()
    }
}

/// Characters of a notification.
const TEXT: usize = 200;

impl TerminalChannel {
    /// What is written to the terminal. No control character of a text gets into it.
    pub(crate) fn sequence(&self, title: &str, text: &str) -> String {
        let plain = |text: &str| truncated(text, TEXT).replace(char::is_control, " ");
        let sequences = self.signals.iter().map(|signal| match signal {
            TerminalSignal::Bell => "\u{7}".to_owned(),
            // A text that begins with a digit and `;` would be a progress bar.
            TerminalSignal::Osc9 => format!("\u{1b}]9;opsroom: {}\u{7}", plain(text)),
            TerminalSignal::Osc777 => {
                format!("\u{1b}]777;notify;{};{}\u{7}", plain(title).replace(';', " "), plain(text))
            }
        });
        sequences.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_sequence_or_begins_another() {
        let signals = [TerminalSignal::Bell, TerminalSignal::Osc9, TerminalSignal::Osc777];
        let channel = TerminalChannel { signals: signals.to_vec() };
        let out = channel.sequence("a;b", "9;4;1\u{7}\u{1b}]0;owned\u{9c}");
        let want = "\u{7}\u{1b}]9;opsroom: 9;4;1  ]0;owned \u{7}\u{1b}]777;notify;a b;9;4;1  ]0;owned \u{7}";
        assert_eq!(out, want);
    }
}
