//! The shape of a message.

use super::context;
use super::token::{self, DIGIT, LETTER, word_kinds};
use crate::text::LINE_BREAK;

/// Bytes of a message of which the shape is made; what is behind them rarely tells two shapes apart.
const LONGEST: usize = 512;

/// Characters of an e-mail address before its `@`.
const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-')
}

/// Longest part before the `@` of an address (RFC 5321).
const LONGEST_LOCAL: usize = 64;

/// Writes the shape of `text` to `out`, which is cleared first: what differs from one record to the next is
/// replaced by what it is.
///
/// | placeholder | stands for |
/// |---|---|
/// | `<n>` | a number with its sign, fraction, thousands and unit: `-1`, `3.14`, `1,234`, `250ms`, `1h30m`, the 7 of `worker-7` and of `v7` |
/// | `<id>` | a UUID, hexadecimal digits (eight, or six with a decimal digit among them, or four that are no word), a MAC address, letters mixed with digits |
/// | `<5xx>` | a status of HTTP, by its class |
/// | `<ip>` | an IPv4 address with port and prefix length, an IPv6 address |
/// | `<email>` | an e-mail address |
/// | `<time>` | a date, a time of day, both |
///
/// A run of blanks is one: how wide it is comes from columns, as of tabs. Words stay, quoted ones too: `relation "orders"` and `relation "users"` are two things that are broken. No other
/// ASCII digit is left. One pass; the output is at most three times the input.
pub fn mask(text: &str, out: &mut String) {
    out.clear();
    let bytes = text.as_bytes();
    let mut writer = Writer { text, out, copied: 0, chain: None };
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kinds = word_kinds(bytes, &mut at);
        let worth = kinds & DIGIT != 0 || (at - start >= context::SHORTEST && kinds & LETTER == 0);
        if kinds == DIGIT
            && let Some(class) = context::status(bytes, start, at)
        {
            writer.replace(start, at, class);
        } else if worth && context::is_class(bytes, start, at) {
            // It stands for a status already.
        } else if worth && let Some(found) = token::read(bytes, start, at, kinds) {
            writer.replace(found.from, found.to, found.kind.placeholder());
            at = found.to;
        } else if at < bytes.len() {
            if bytes[at] == b'@'
                && let Some(end) = token::domain(bytes, at + 1)
                && writer.address(at, end)
            {
                at = end;
            } else {
                at += 1;
            }
        }
    }
    writer.out.push_str(&text[writer.copied..]);
    if memchr::memmem::find(out.as_bytes(), b"  ").is_some() {
        let mut before = ' ';
        out.retain(|c| (c, std::mem::replace(&mut before, c)) != (' ', ' '));
    }
}

/// Writes the shape of the first line of a message to `out`, which is cleared first.
pub fn shape_of(message: &str, out: &mut String) {
    mask(first_line(message), out);
}

/// The hash of the shape of a message.
pub fn hash_of(message: &str) -> u64 {
    let mut shape = String::new();
    shape_of(message, &mut shape);
    shape_hash(&shape)
}

/// Whether the shape of a message has this hash, also where a word in it is taken for an id as in the group of others.
pub fn is_of(message: &str, hash: u64) -> bool {
    let mut shape = String::new();
    shape_of(message, &mut shape);
    shape_hash(&shape) == hash || context::loosened(&shape).is_some_and(|loose| shape_hash(&loose) == hash)
}

/// Of a record of many lines the first says what it is.
fn first_line(message: &str) -> &str {
    let mut end = message.len().min(LONGEST);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let start = &message[..end];
    // The break is three bytes in UTF-8; looking for its first one is fast where all is ASCII.
    memchr::memmem::find(start.as_bytes(), LINE_BREAK.encode_utf8(&mut [0; 4]).as_bytes())
        .map_or(start, |end| &start[..end])
}

/// Copies what is kept in as large pieces as can be.
struct Writer<'a> {
    text: &'a str,
    out: &'a mut String,
    /// How much of the text is in `out`.
    copied: usize,
    /// Where in `out` the word began that the last placeholder is part of, if it could be part of an address.
    chain: Option<usize>,
}

impl Writer<'_> {
    fn replace(&mut self, from: usize, to: usize, placeholder: &str) {
        let word = self.word_start(from);
        if word > self.copied || self.chain.is_none() {
            self.chain = Some(self.out.len() + (word - self.copied));
        }
        self.out.push_str(&self.text[self.copied..from]);
        self.out.push_str(placeholder);
        self.copied = to;
    }

    /// Replaces the address whose `@` is at `at`; false where nothing that could be a name is before it.
    fn address(&mut self, at: usize, end: usize) -> bool {
        let word = self.word_start(at);
        if word == self.copied
            && let Some(chain) = self.chain
        {
            self.out.truncate(chain);
        } else if word < at {
            self.out.push_str(&self.text[self.copied..word]);
        } else {
            return false;
        }
        self.out.push_str("<email>");
        self.copied = end;
        self.chain = None;
        true
    }

    fn word_start(&self, at: usize) -> usize {
        let floor = self.copied.max(at.saturating_sub(LONGEST_LOCAL));
        let local = self.text.as_bytes()[floor..at].iter().rev().take_while(|byte| is_local(**byte)).count();
        at - local
    }
}

/// A number for a shape, the same in every process and version: it may be stored.
pub fn shape_hash(shape: &str) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(MULTIPLIER);
        (product as u64) ^ (product >> 64) as u64
    };
    let (words, rest) = shape.as_bytes().as_chunks::<8>();
    let mut last = [0_u8; 8];
    last[..rest.len()].copy_from_slice(rest);
    let hash = words.iter().fold(MULTIPLIER, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    // The length tells a text from the same text with NUL bytes behind it.
    mix(mix(hash, u64::from_le_bytes(last)), shape.len() as u64 ^ MULTIPLIER.rotate_left(32))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(text: &str) -> String {
        let mut out = "left over".to_owned();
        mask(text, &mut out);
        out
    }

    #[test]
    fn shapes() {
        for (text, shape) in [
            ("", ""),
            ("nothing to hide", "nothing to hide"),
            ("job 9    done", "job <n> done"),
            ("job 100  done", "job <n> done"),
            ("request handled for user 33432", "request handled for user <n>"),
            ("took 250ms, 1.5s, 1h30m, 2.5µs, 12 MB, 20MiB", "took <n>, <n>, <n>, <n>, <n> MB, <n>"),
            ("offset=-5 x=+7 a-5 3-5", "offset=<n> x=<n> a-<n> <n>-<n>"),
            ("1,234,567 rows, 12,34", "<n> rows, <n>,<n>"),
            ("1e9 1.5e-3 50% 3rd", "<n> <n> <n>% <n>"),
            ("v1.2.3 http2 worker-7 [pool-1-thread-12]", "v<n> http<n> worker-<n> [pool-<n>-thread-<n>]"),
            ("GET /v1/items/965?q=5a3f HTTP/1.1", "GET /v<n>/items/<n>?q=<id> HTTP/<n>"),
            ("trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace <id>"),
            ("deadbeef and deadbee, facade", "<id> and <id>, facade"),
            ("job acdcff of FEDCBA, acdb", "job <id> of <id>, <id>"),
            ("the cafe added a decade, BEEF is dead", "the cafe added a decade, BEEF is dead"),
            ("GET /x 500 12.3 ms", "GET /x <5xx> <n> ms"),
            ("GET /x 200 12.3 ms", "GET /x <2xx> <n> ms"),
            ("\"GET /x HTTP/1.1\" 404 612", "\"GET /x HTTP/<n>\" <4xx> <n>"),
            ("GET /x HTTP/1.1 503", "GET /x HTTP/<n> <5xx>"),
            ("HTTP/1.1 200 OK, HTTP 502", "HTTP/<n> <2xx> OK, HTTP <5xx>"),
            ("status=500 status: 404, \"status_code\":301", "status=<5xx> status: <4xx>, \"status_code\":<3xx>"),
            ("http_status=500 statusCode=200 status code 503", "http_status=<5xx> statusCode=<2xx> status code <5xx>"),
            ("shop/web1 0/0/1/2/3 503 12", "shop/web<n> <n>/<n>/<n>/<n>/<n> <5xx> <n>"),
            (
                "exit status 137, status=5000, took 500 ms, error 500",
                "exit status <n>, status=<n>, took <n> ms, error <n>",
            ),
            ("GET /x <5xx> <n> ms", "GET /x <5xx> <n> ms"),
            ("at 0x7fff5fbff8c0 in main", "at <id> in main"),
            ("commit 4bf92f3", "commit <id>"),
            ("id 123e4567-e89b-12d3-a456-426614174000.", "id <id>."),
            ("id=AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE", "id=<id>"),
            ("from 10.0.0.1:5432 to 192.168.1.0/24", "from <ip> to <ip>"),
            ("999.1.1.1 is no address", "<n> is no address"),
            ("peer fe80::1ff:fe23:4567:890a%eth0", "peer <ip>%eth<n>"),
            ("2001:db8::1 and 2001:db8:0:0:0:0:2:1", "<ip> and <ip>"),
            ("[2001:db8::1]:443", "[<ip>]:<n>"),
            ("mac 00:1b:44:11:3a:b7", "mac <id>"),
            ("std::vec::Vec a::b 12:34", "std::vec::Vec a::b <n>:<n>"),
            ("at 2026-11-21T10:00:00.123Z, 2026-11-21 10:00:00,5 +0200", "at <time>, <time>"),
            ("on 2026-11-21 and 2026/11/21 at 10:00:00", "on <time> and <time> at <time>"),
            ("[21/Nov/2026:10:00:00 +0000]", "[<time>]"),
            ("mail ann.lee7+x@mail.example.com now", "mail <email> now"),
            ("<42bob1@x.de> @timestamp java.Object@1a2b3c a@b", "<<email>> @timestamp java.Object@<id> a@b"),
            (
                "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g",
                "token <id>.<id>.<id>",
            ),
            ("größe 5 用户123登录", "größe <n> 用户<n>登录"),
            ("order_17 for \"bob\"", "order_<n> for \"bob\""),
            ("{\"a\":1,\"b\":[1,2]}", "{\"a\":<n>,\"b\":[<n>,<n>]}"),
        ] {
            assert_eq!(masked(text), shape, "{text}");
        }
    }

    #[test]
    fn hashes_are_the_same_for_ever() {
        assert_eq!(shape_hash(""), shape_hash(""));
        assert_ne!(shape_hash(""), shape_hash("\0"));
        assert_ne!(shape_hash("user <n>"), shape_hash("user <id>"));
        assert_eq!(shape_hash("request handled for user <n>"), 4_469_035_420_378_908_970);
    }

    proptest! {
        #[test]
        fn no_digit_is_left_and_nothing_panics(text in r"[0-9a-fA-FxT:./@,+µ <>=_-]{0,60}|.{0,60}") {
            let shape = masked(&text);
            let without = ["<1xx>", "<2xx>", "<3xx>", "<4xx>", "<5xx>"].iter().fold(shape.clone(), |shape, class| shape.replace(class, ""));
            prop_assert!(!without.bytes().any(|byte| byte.is_ascii_digit()), "{shape}");
            prop_assert!(shape.len() <= 3 * text.len());
        }

        #[test]
        fn other_numbers_make_no_other_shape(
            words in prop::collection::vec("[g-z]{1,8}", 1..5),
            left in prop::collection::vec(any::<u32>(), 5),
            right in prop::collection::vec(any::<u32>(), 5),
        ) {
            let text = |numbers: &[u32]| -> String {
                let parts: Vec<_> = words.iter().zip(numbers).map(|(word, number)| format!("{word} {number} {word}-{number}")).collect();
                parts.join(" ")
            };
            prop_assert_eq!(masked(&text(&left)), masked(&text(&right)));
        }
    }
}
