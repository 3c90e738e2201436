//! From the bytes of a terminal's keyboard to events.
//!
//! Our own, because crossterm's reader never notices that the terminal is gone (it spins on the end of input),
//! can't be paused while another program has the terminal, and takes a lone escape for the start of a sequence.

use crate::app::message::{Event, Mouse, MouseKind};
use crate::lang::key::{Key, KeyCode};

/// A paste is cut here: nothing in the console takes more.
const PASTE_BYTES: usize = 64 << 10;
/// A control sequence or string that is longer is no answer to anything we ask.
const SEQUENCE_BYTES: usize = 4 << 10;
const PASTE_END: &[u8] = b"\x1b[201~";

/// The state between two reads: an unfinished sequence, an unfinished paste.
#[derive(Debug, Default)]
pub(crate) struct KeyParser {
    pending: Vec<u8>,
    paste: Option<Vec<u8>>,
    answers: usize,
}

/// What the bytes at hand are.
enum Step {
    /// An event (or none) that took so many bytes.
    Took(usize, Option<Event>),
    /// The start of bracketed paste.
    Paste(usize),
    /// The terminal's answer that it is well: no key.
    Answer(usize),
    /// More bytes are needed to say.
    Unfinished,
}

impl KeyParser {
    /// Takes what was read and appends the events that are complete.
    pub(crate) fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        self.pending.extend_from_slice(bytes);
        self.run(false, events);
    }

    /// Whether a sequence is unfinished, so that a short silence should [`flush`](Self::flush) it.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.pending.is_empty() && self.paste.is_none()
    }

    /// Nothing followed: what is there is all there is. A lone escape becomes the Escape key.
    pub(crate) fn flush(&mut self, events: &mut Vec<Event>) {
        if self.is_waiting() {
            self.run(true, events);
        }
    }

    /// How often the terminal has answered since this was last asked.
    pub(crate) fn take_answers(&mut self) -> usize {
        std::mem::take(&mut self.answers)
    }

    fn run(&mut self, last: bool, events: &mut Vec<Event>) {
        let mut bytes = std::mem::take(&mut self.pending);
        let mut at = 0;
        while at < bytes.len() {
            if self.paste.is_some() {
                match self.take_paste(&bytes[at..], events) {
                    Some(taken) => at += taken,
                    None => break,
                }
                continue;
            }
            match step(&bytes[at..], last) {
                Step::Took(taken, event) => {
                    at += taken.max(1);
                    events.extend(event);
                }
                Step::Paste(taken) => {
                    at += taken;
                    self.paste = Some(Vec::new());
                }
                Step::Answer(taken) => {
                    at += taken;
                    self.answers += 1;
                }
                Step::Unfinished => break,
            }
        }
        bytes.drain(..at.min(bytes.len()));
        if bytes.len() > SEQUENCE_BYTES {
            bytes.clear();
        }
        self.pending = bytes;
    }

    /// Moves pasted bytes over; `None` where the rest may be the start of the closing mark.
    fn take_paste(&mut self, rest: &[u8], events: &mut Vec<Event>) -> Option<usize> {
        let paste = self.paste.as_mut()?;
        let keep = |paste: &mut Vec<u8>, bytes: &[u8]| {
            let room = PASTE_BYTES.saturating_sub(paste.len());
            paste.extend_from_slice(&bytes[..bytes.len().min(room)]);
        };
        if let Some(end) = memchr::memmem::find(rest, PASTE_END) {
            keep(paste, &rest[..end]);
            let text = String::from_utf8_lossy(paste).into_owned();
            self.paste = None;
            events.push(Event::Paste(text));
            return Some(end + PASTE_END.len());
        }
        let tail =
            (1..PASTE_END.len().min(rest.len() + 1)).rev().find(|&n| rest.ends_with(&PASTE_END[..n])).unwrap_or(0);
        let taken = rest.len() - tail;
        keep(paste, &rest[..taken]);
        (taken > 0).then_some(taken)
    }
}

fn key(code: KeyCode) -> Event {
    Event::Key(Key { code, ctrl: false, alt: false })
}

fn step(bytes: &[u8], last: bool) -> Step {
    match bytes[0] {
        0x1b => escape(bytes, last),
        byte if byte < 0x80 => Step::Took(1, Some(Event::Key(ascii(byte)))),
        byte => utf8(bytes, byte, last),
    }
}

/// One byte below 0x80.
fn ascii(byte: u8) -> Key {
    let plain = |code| Key { code, ctrl: false, alt: false };
    let ctrl = |c| Key { code: KeyCode::Char(c), ctrl: true, alt: false };
    match byte {
        b'\r' | b'\n' => plain(KeyCode::Enter),
        b'\t' => plain(KeyCode::Tab),
        0x08 | 0x7f => plain(KeyCode::Backspace),
        0x00 => ctrl(' '),
        0x1b => plain(KeyCode::Esc),
        0x01..=0x1a => ctrl(char::from(byte - 1 + b'a')),
        0x1c..=0x1f => ctrl(char::from(byte - 0x1c + b'\\')),
        _ => plain(KeyCode::Char(char::from(byte))),
    }
}

fn utf8(bytes: &[u8], first: u8, last: bool) -> Step {
    let length = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Step::Took(1, None),
    };
    match std::str::from_utf8(&bytes[..bytes.len().min(length)]) {
        Ok(text) => Step::Took(length, text.chars().next().map(|c| key(KeyCode::Char(c)))),
        Err(error) if error.error_len().is_none() && !last => Step::Unfinished,
        Err(error) => Step::Took(error.error_len().unwrap_or(bytes.len()), None),
    }
}

fn escape(bytes: &[u8], last: bool) -> Step {
    let unfinished = |alone: Step| if last { alone } else { Step::Unfinished };
    let alt = |byte: u8| Step::Took(2, Some(Event::Key(Key { alt: true, ..ascii(byte) })));
    match bytes.get(1) {
        None => unfinished(Step::Took(1, Some(key(KeyCode::Esc)))),
        Some(0x1b) => Step::Took(1, Some(key(KeyCode::Esc))),
        Some(b'[') => match csi(&bytes[2..]) {
            Some(Step::Took(taken, event)) => Step::Took(taken + 2, event),
            Some(Step::Paste(taken)) => Step::Paste(taken + 2),
            Some(Step::Answer(taken)) => Step::Answer(taken + 2),
            _ => unfinished(if bytes.len() == 2 { alt(b'[') } else { Step::Took(bytes.len(), None) }),
        },
        Some(b'O') => match bytes.get(2) {
            Some(&byte) => Step::Took(3, letter(byte).map(key)),
            None => unfinished(alt(b'O')),
        },
        // An answer of the terminal: device control, operating system command, privacy message, application command.
        Some(&opener @ (b']' | b'P' | b'^' | b'_')) => match string_end(&bytes[2..]) {
            Some(taken) => Step::Took(taken + 2, None),
            None => unfinished(if bytes.len() == 2 { alt(opener) } else { Step::Took(bytes.len(), None) }),
        },
        Some(&byte) if byte < 0x80 => alt(byte),
        Some(&byte) => match utf8(&bytes[1..], byte, last) {
            Step::Took(taken, Some(Event::Key(key))) => {
                Step::Took(taken + 1, Some(Event::Key(Key { alt: true, ..key })))
            }
            Step::Took(taken, _) => Step::Took(taken + 1, None),
            other => other,
        },
    }
}

fn string_end(bytes: &[u8]) -> Option<usize> {
    let at = bytes.iter().position(|byte| matches!(byte, 0x07 | 0x1b))?;
    match (bytes[at], bytes.get(at + 1)) {
        (0x07, _) => Some(at + 1),
        (_, Some(b'\\')) => Some(at + 2),
        (_, Some(_)) => Some(at),
        (_, None) => None,
    }
}

/// A control sequence after `ESC [`; `None` where it is unfinished.
fn csi(bytes: &[u8]) -> Option<Step> {
    let end = bytes.iter().position(|byte| !matches!(byte, 0x20..=0x3f))?;
    let (parameters, taken) = (&bytes[..end], end + 1);
    let event = match bytes[end] {
        // Not a final byte: the sequence was broken off, and this byte belongs to what follows.
        0x00..=0x1f | 0x7f.. => return Some(Step::Took(end, None)),
        b'I' if parameters.is_empty() => Some(Event::Focus(true)),
        b'O' if parameters.is_empty() => Some(Event::Focus(false)),
        b'Z' => Some(key(KeyCode::BackTab)),
        b'~' if parameters == b"200" => return Some(Step::Paste(taken)),
        b'n' if matches!(parameters, b"0" | b"3") => return Some(Step::Answer(taken)),
        b'~' => tilde(parameters),
        b'u' => coded(parameters),
        end @ (b'M' | b'm') if parameters.first() == Some(&b'<') => mouse(&parameters[1..], end == b'M'),
        // The old mouse form carries three more bytes.
        b'M' if parameters.is_empty() => return (bytes.len() >= taken + 3).then_some(Step::Took(taken + 3, None)),
        // `ESC [ [ A`: function keys of the Linux console.
        b'[' if parameters.is_empty() => {
            return bytes.get(taken).map(|byte| {
                Step::Took(taken + 1, matches!(byte, b'A'..=b'E').then(|| key(KeyCode::F(byte - b'A' + 1))))
            });
        }
        byte => letter(byte).map(|code| modified(code, numbers(parameters).nth(1))),
    };
    Some(Step::Took(taken, event))
}

fn letter(byte: u8) -> Option<KeyCode> {
    Some(match byte {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(byte - b'P' + 1),
        _ => return None,
    })
}

fn numbers(parameters: &[u8]) -> impl Iterator<Item = u32> {
    parameters.split(|&byte| byte == b';').map(|part| {
        let digits = part.split(|&byte| byte == b':').next().unwrap_or_default();
        std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    })
}

/// A key with the modifiers of xterm: one more than a sum of shift 1, alt 2, control 4.
fn modified(code: KeyCode, modifiers: Option<u32>) -> Event {
    let bits = modifiers.unwrap_or(1).saturating_sub(1);
    let code = if code == KeyCode::Tab && bits & 1 != 0 { KeyCode::BackTab } else { code };
    Event::Key(Key { code, ctrl: bits & 4 != 0, alt: bits & 2 != 0 })
}

fn tilde(parameters: &[u8]) -> Option<Event> {
    let mut numbers = numbers(parameters);
    let code = match numbers.next()? {
        1 | 7 => KeyCode::Home,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        n @ 11..=15 => KeyCode::F((n - 10) as u8),
        n @ 17..=21 => KeyCode::F((n - 11) as u8),
        n @ 23..=24 => KeyCode::F((n - 12) as u8),
        _ => return None,
    };
    Some(modified(code, numbers.next()))
}

/// `ESC [ CODE ; MODIFIERS u`. A release (third form of the modifiers) is no key press.
fn coded(parameters: &[u8]) -> Option<Event> {
    if parameters.ends_with(b":3") || parameters.first().is_some_and(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    let mut numbers = numbers(parameters);
    let c = char::from_u32(numbers.next()?)?;
    let code = if c.is_ascii() { ascii(c as u8).code } else { KeyCode::Char(c) };
    Some(modified(code, numbers.next()))
}

fn mouse(parameters: &[u8], press: bool) -> Option<Event> {
    let mut numbers = numbers(parameters);
    let (button, column, row) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let kind = match button & !0b1_1100 {
        0 if press => MouseKind::Press,
        64 => MouseKind::ScrollUp,
        65 => MouseKind::ScrollDown,
        _ => return None,
    };
    let cell = |n: u32| u16::try_from(n.saturating_sub(1)).unwrap_or(u16::MAX);
    Some(Event::Mouse(Mouse { column: cell(column), row: cell(row), kind }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(chunks: &[&[u8]]) -> Vec<String> {
        let (mut parser, mut events) = (KeyParser::default(), Vec::new());
        for chunk in chunks {
            parser.feed(chunk, &mut events);
        }
        parser.flush(&mut events);
        events.iter().map(word).collect()
    }

    fn word(event: &Event) -> String {
        match event {
            Event::Key(Key { code, ctrl, alt }) => {
                format!("{}{}{code:?}", if *ctrl { "ctrl-" } else { "" }, if *alt { "alt-" } else { "" })
            }
            Event::Paste(text) => format!("paste {text:?}"),
            Event::Mouse(Mouse { column, row, kind }) => format!("{kind:?} {column},{row}"),
            Event::Focus(on) => format!("focus {on}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_of_the_terminal_is_counted_and_is_no_key() {
        let (mut parser, mut events) = (KeyParser::default(), Vec::new());
        for chunk in [&b"a\x1b"[..], b"[0", b"n\x1b[0nb", b"\x1b[200~\x1b[0n\x1b[201~"] {
            parser.feed(chunk, &mut events);
        }
        assert_eq!(events.iter().map(word).collect::<Vec<_>>(), ["Char('a')", "Char('b')", "paste \"\\u{1b}[0n\""]);
        assert_eq!((parser.take_answers(), parser.take_answers()), (2, 0));
    }

    #[test]
    fn every_form_a_key_comes_in() {
        let table: &[(&[u8], &[&str])] = &[
            (b"a", &["Char('a')"]),
            (b"R", &["Char('R')"]),
            ("é→".as_bytes(), &["Char('é')", "Char('→')"]),
            (b"\r\n\t\x7f\x08", &["Enter", "Enter", "Tab", "Backspace", "Backspace"]),
            (b"\x03\x1a\x00\x1c", &["ctrl-Char('c')", "ctrl-Char('z')", "ctrl-Char(' ')", "ctrl-Char('\\\\')"]),
            (b"\x1b", &["Esc"]),
            (b"\x1b\x1b", &["Esc", "Esc"]),
            (b"\x1bx\x1b[", &["alt-Char('x')", "alt-Char('[')"]),
            (b"\x1b[A\x1bOB\x1b[1;5C", &["Up", "Down", "ctrl-Right"]),
            (b"\x1b[Z\x1b[3~\x1b[5~\x1b[6;3~", &["BackTab", "Delete", "PageUp", "alt-PageDown"]),
            (b"\x1bOP\x1b[15~\x1b[17~\x1b[24~\x1b[[B", &["F(1)", "F(5)", "F(6)", "F(12)", "F(2)"]),
            (b"\x1b[97;5u\x1b[97;1:3u\x1b[9;2u", &["ctrl-Char('a')", "BackTab"]),
            (b"\x1b[I\x1b[O", &["focus true", "focus false"]),
            (b"\x1b[<0;3;4M\x1b[<0;3;4m\x1b[<64;1;1M", &["Press 2,3", "ScrollUp 0,0"]),
            (b"\x1b[200~rm -rf\r\x1b[201~q", &["paste \"rm -rf\\r\"", "Char('q')"]),
            (b"\x1b]11;rgb:0/0/0\x1b\\\x1b[?62;22cq\x1bP>|X\x1b\\", &["Char('q')"]),
            (b"\x1b[12\x1b[A", &["Up"]),
            (b"\xff\xc3q", &["Char('q')"]),
        ];
        for (bytes, want) in table {
            assert_eq!(events(&[bytes]), *want, "{:?}", String::from_utf8_lossy(bytes));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(events(&single), *want, "byte by byte: {:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_huge_paste_is_cut_and_stays_one_event() {
        let (mut parser, mut events) = (KeyParser::default(), Vec::new());
        parser.feed(b"\x1b[200~", &mut events);
        for _ in 0..100 {
            parser.feed(&[b'y'; 4096], &mut events);
        }
        assert!(events.is_empty());
        parser.feed(b"\x1b[201~", &mut events);
        assert!(matches!(&events[..], [Event::Paste(text)] if text.len() == PASTE_BYTES));
    }

    proptest! {
        #[test]
        fn any_bytes_end_with_nothing_held_back(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let (mut parser, mut events) = (KeyParser::default(), Vec::new());
            for chunk in &chunks {
                parser.feed(chunk, &mut events);
            }
            parser.feed(PASTE_END, &mut events);
            parser.flush(&mut events);
            prop_assert!(!parser.is_waiting());
        }

        #[test]
        fn a_paste_never_makes_a_key(text in "[ -~\\r\\n]{0,200}", cut in 0usize..200) {
            let bytes = [b"\x1b[200~", text.as_bytes(), PASTE_END].concat();
            let cut = cut.min(bytes.len());
            let (mut parser, mut events) = (KeyParser::default(), Vec::new());
            parser.feed(&bytes[..cut], &mut events);
            parser.feed(&bytes[cut..], &mut events);
            prop_assert!(matches!(&events[..], [Event::Paste(pasted)] if *pasted == text));
        }
    }
}
