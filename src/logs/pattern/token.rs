//! What a word with digits in it is.

use super::context;

/// A decimal digit.
pub(super) const DIGIT: u8 = 1;
/// A letter that is a hexadecimal digit.
pub(super) const HEX: u8 = 2;
/// Any other letter.
pub(super) const LETTER: u8 = 4;
/// Anything that a word is made of.
pub(super) const WORD: u8 = DIGIT | HEX | LETTER;

/// From this length on letters that are hexadecimal digits are an id, without any decimal digit, even where they are a
/// word.
const LONG_HEX: usize = 8;
/// From this length on they are where a decimal digit is among them.
const SHORT_HEX: usize = 6;
/// From this length on letters mixed with digits may be Base64.
const LONG_ID: usize = 12;
/// Longest domain of an address (RFC 1035).
const LONGEST_DOMAIN: usize = 253;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => HEX,
            b'g'..=b'z' | b'G'..=b'Z' => LETTER,
            _ => 0,
        };
        if byte == 255 {
            break classes;
        }
        byte += 1;
    }
};

/// The class of a byte. Other bytes than ASCII are no part of words: scripts without spaces would make one of a
/// sentence.
pub(super) const fn class(byte: u8) -> u8 {
    CLASSES[byte as usize]
}

/// The kinds of characters in the word that begins at `at`, which moves behind it; 0 where none does.
pub(super) fn word_kinds(bytes: &[u8], at: &mut usize) -> u8 {
    let mut kinds = 0;
    while *at < bytes.len() && class(bytes[*at]) & WORD != 0 {
        kinds |= class(bytes[*at]);
        *at += 1;
    }
    kinds
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Id,
    Address,
    Time,
}

impl Kind {
    pub(super) const fn placeholder(self) -> &'static str {
        match self {
            Self::Number => "<n>",
            Self::Id => "<id>",
            Self::Address => "<ip>",
            Self::Time => "<time>",
        }
    }
}

/// A token: what it is, and the bytes that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The token that begins with the word `bytes[start..end]`, which is made of `kinds`; `None` for a word that stays.
pub(super) fn read(bytes: &[u8], start: usize, end: usize, kinds: u8) -> Option<Token> {
    let token = |kind, from, to| Some(Token { kind, from, to });
    let hex = kinds & LETTER == 0;
    let length = end - start;
    let first_is_digit = bytes[start].is_ascii_digit();
    if hex && let Some((kind, to)) = structured(bytes, start, end) {
        return token(kind, start, to);
    }
    if first_is_digit {
        if let Some(to) = time(&bytes[start..]) {
            return token(Kind::Time, start, start + to);
        }
        if let Some(to) = number(bytes, start) {
            return token(Kind::Number, signed(bytes, start), to);
        }
        return token(Kind::Id, start, id_end(bytes, start, end));
    }
    let is_id = match kinds & DIGIT {
        0 => length >= LONG_HEX || (length >= context::SHORTEST && !context::is_word(&bytes[start..end])),
        _ => length >= SHORT_HEX,
    };
    if hex && is_id {
        return token(Kind::Id, start, end);
    }
    let letters = bytes[start..end].iter().take_while(|byte| !byte.is_ascii_digit()).count();
    if bytes[start + letters..end].iter().all(u8::is_ascii_digit) {
        return (letters < length).then(|| Token { kind: Kind::Number, from: start + letters, to: dotted(bytes, end) });
    }
    token(Kind::Id, start, id_end(bytes, start, end))
}

/// Base64 has signs between its letters: a long id goes on behind them.
fn id_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut to = end;
    if end - start < LONG_ID {
        return to;
    }
    loop {
        let signs = bytes[to..].iter().take_while(|byte| matches!(byte, b'+' | b'=' | b'_' | b'-')).count();
        let word = bytes[to + signs..].iter().take_while(|byte| class(**byte) & WORD != 0).count();
        if signs == 0 {
            return to;
        }
        to += signs + word;
    }
}

/// A minus or a plus that stands before a number and behind no word.
fn signed(bytes: &[u8], start: usize) -> usize {
    match bytes[..start] {
        [b'-' | b'+'] | [.., b' ' | b'=' | b':' | b'(' | b'[' | b',' | b'"' | b'\t', b'-' | b'+'] => start - 1,
        _ => start,
    }
}

/// What is told from hexadecimal groups: a UUID, an IPv4, IPv6 or MAC address.
fn structured(bytes: &[u8], start: usize, end: usize) -> Option<(Kind, usize)> {
    match (end - start, bytes.get(end)?) {
        (8, b'-') => uuid(&bytes[start..]).map(|length| (Kind::Id, start + length)),
        (1..=3, b'.') => ipv4(&bytes[start..]).map(|length| (Kind::Address, start + length)),
        (2, b':' | b'-') if let Some(length) = mac(&bytes[start..]) => Some((Kind::Id, start + length)),
        (1..=4, b':') => ipv6(&bytes[start..]).map(|length| (Kind::Address, start + length)),
        _ => None,
    }
}

fn ends_here(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(|byte| class(*byte) & WORD == 0)
}

fn uuid(bytes: &[u8]) -> Option<usize> {
    let text = bytes.get(..36)?;
    let right = text.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    (right && ends_here(bytes, 36)).then_some(36)
}

fn mac(bytes: &[u8]) -> Option<usize> {
    let text = bytes.get(..17)?;
    let sign = text[2];
    let right = text.iter().enumerate().all(|(at, byte)| match at % 3 {
        2 => *byte == sign,
        _ => byte.is_ascii_hexdigit(),
    });
    (right && ends_here(bytes, 17)).then_some(17)
}

/// Four numbers up to 255, and a port or a prefix length.
fn ipv4(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in 0..4 {
        if part > 0 {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let digits = bytes[at..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let value = bytes[at..at + digits].iter().fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'));
        if digits == 0 || digits > 3 || value > 255 {
            return None;
        }
        at += digits;
    }
    if matches!(bytes.get(at), Some(b':' | b'/')) {
        let digits = bytes[at + 1..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
        if (1..=5).contains(&digits) && ends_here(bytes, at + 1 + digits) {
            at += 1 + digits;
        }
    }
    let goes_on = bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
    (ends_here(bytes, at) && !goes_on).then_some(at)
}

/// Groups of up to four hexadecimal digits: eight of them, or fewer with one `::`, and a decimal digit somewhere.
fn ipv6(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut groups, mut gaps, mut digits) = (0, 0, 0, false);
    loop {
        let group = bytes[at..].iter().take(5).take_while(|byte| byte.is_ascii_hexdigit()).count();
        if group > 4 {
            return None;
        }
        digits |= bytes[at..at + group].iter().any(u8::is_ascii_digit);
        groups += usize::from(group > 0);
        at += group;
        match bytes[at..] {
            [b':', b':', ..] if group > 0 && gaps == 0 => {
                gaps = 1;
                at += 2;
            }
            [b':', next, ..] if group > 0 && next.is_ascii_hexdigit() => at += 1,
            _ => break,
        }
    }
    (digits && ends_here(bytes, at) && (groups == 8 || (gaps == 1 && groups < 8))).then_some(at)
}

/// Where the number ends that begins at `start`: with its fraction, exponent, thousands and unit. `None` where
/// letters follow that are no unit.
fn number(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = |at: usize| bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = start + digits(start);
    if at - start <= 3 {
        while bytes.get(at) == Some(&b',') && digits(at + 1) == 3 && ends_here(bytes, at + 4) {
            at += 4;
        }
    }
    at = dotted(bytes, at);
    loop {
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let exponent = digits(at + 1 + sign);
            if exponent > 0 && ends_here(bytes, at + 1 + sign + exponent) {
                return Some(at + 1 + sign + exponent);
            }
        }
        let unit = unit(&bytes[at..])?;
        at += unit;
        if ends_here(bytes, at) {
            return Some(at);
        }
        // `1h30m`: another number with its unit.
        let more = digits(at);
        if unit == 0 || more == 0 {
            return None;
        }
        at = dotted(bytes, at + more);
    }
}

/// Steps over `.5` and `.2.3`.
fn dotted(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at += 1 + bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    }
    at
}

/// How long the unit is with which `rest` begins; 0 where no letter follows, `None` where other letters do.
fn unit(rest: &[u8]) -> Option<usize> {
    if let [0xc2, 0xb5, b's', ..] | [0xce, 0xbc, b's', ..] = rest {
        return Some(3);
    }
    let letters = rest.iter().take(5).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let mut lower = [0_u8; 5];
    lower[..letters].copy_from_slice(&rest[..letters]);
    lower.make_ascii_lowercase();
    let known = matches!(
        &lower[..letters],
        b"" | b"ns"
            | b"us"
            | b"ms"
            | b"s"
            | b"sec"
            | b"secs"
            | b"m"
            | b"min"
            | b"mins"
            | b"h"
            | b"hr"
            | b"hrs"
            | b"d"
            | b"w"
            | b"b"
            | b"k"
            | b"g"
            | b"t"
            | b"kb"
            | b"mb"
            | b"gb"
            | b"tb"
            | b"ki"
            | b"mi"
            | b"gi"
            | b"ti"
            | b"kib"
            | b"mib"
            | b"gib"
            | b"tib"
            | b"bps"
            | b"kbps"
            | b"mbps"
            | b"gbps"
            | b"hz"
            | b"khz"
            | b"mhz"
            | b"ghz"
            | b"x"
            | b"px"
            | b"st"
            | b"nd"
            | b"rd"
            | b"th"
    );
    known.then_some(letters)
}

fn two(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at..at + 2), Some([tens, ones]) if tens.is_ascii_digit() && ones.is_ascii_digit())
}

/// How long the date, the time of day or both are with which `bytes` begin.
fn time(bytes: &[u8]) -> Option<usize> {
    let dash = bytes.get(4).copied();
    if two(bytes, 0) && two(bytes, 2) && matches!(dash, Some(b'-' | b'/')) {
        if two(bytes, 5) && bytes.get(7).copied() == dash && two(bytes, 8) {
            let clock = matches!(bytes.get(10), Some(b'T' | b't' | b' ' | b'_')).then(|| clock(bytes, 11)).flatten();
            return clock.or_else(|| ends_here(bytes, 10).then_some(10));
        }
        return None;
    }
    // `21/Nov/2026:10:00:00 +0000`
    let separator = bytes.get(2).copied()?;
    if matches!(separator, b'/' | b' ' | b'-')
        && two(bytes, 0)
        && bytes.get(3..6).is_some_and(|month| month.iter().all(u8::is_ascii_alphabetic))
        && bytes.get(6).copied() == Some(separator)
        && two(bytes, 7)
        && two(bytes, 9)
        && matches!(bytes.get(11), Some(b':' | b' '))
    {
        return clock(bytes, 12);
    }
    clock(bytes, 0)
}

/// Where `HH:MM:SS` at `at` ends, with its fraction and zone.
fn clock(bytes: &[u8], at: usize) -> Option<usize> {
    let colon = |at: usize| bytes.get(at) == Some(&b':');
    if !(two(bytes, at) && colon(at + 2) && two(bytes, at + 3) && colon(at + 5) && two(bytes, at + 6)) {
        return None;
    }
    let mut end = at + 8;
    if matches!(bytes.get(end), Some(b'.' | b',')) {
        let digits = bytes[end + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        end += if digits > 0 { 1 + digits } else { 0 };
    }
    if matches!(bytes.get(end), Some(b'Z' | b'z')) {
        end += 1;
    } else {
        let space = usize::from(bytes.get(end) == Some(&b' '));
        let sign = end + space;
        if matches!(bytes.get(sign), Some(b'+' | b'-')) && two(bytes, sign + 1) {
            let colon = usize::from(colon(sign + 3));
            if two(bytes, sign + 3 + colon) {
                end = sign + 5 + colon;
            } else if space == 0 {
                end = sign + 3;
            }
        }
    }
    ends_here(bytes, end).then_some(end)
}

/// Where the domain of an address ends that begins at `start`: labels with dots between them, the last of letters.
pub(super) fn domain(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = &bytes[start..];
    let length = rest
        .iter()
        .take(LONGEST_DOMAIN)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        .count();
    let name = rest[..length].trim_ascii_end();
    // A full stop behind the address ends the sentence.
    let name = name.strip_suffix(b".").unwrap_or(name);
    let dot = memchr::memrchr(b'.', name)?;
    let top = &name[dot + 1..];
    (dot > 0 && top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic)).then_some(start + name.len())
}
