//! Fields of JSON objects, by a reader that goes on as far as it can.

use memchr::memchr;

use super::Visit;
use super::value::{FieldValue, quoted};

/// Objects within objects are read to this depth; what is deeper is one field, as written.
const DEPTH: usize = 8;

/// Whether the journal calls a field so, `systemd.journal-fields(7)`: other programs may call a list of numbers `IDS`.
fn is_of_journal(key: &str) -> bool {
    let upper = key.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit());
    let begins = ["_", "SYSLOG_", "CODE_", "OBJECT_", "COREDUMP_", "UNIT", "USER_UNIT"];
    upper && (key == "MESSAGE" || begins.iter().any(|begin| key.starts_with(begin)))
}

enum Stop {
    Broken,
    Enough,
}

struct Json<'a, 'v> {
    text: &'a str,
    at: usize,
    path: String,
    visit: Visit<'v, 'a>,
}

/// Reads the first object in `line`.
pub(super) fn walk<'a>(line: &'a str, visit: Visit<'_, 'a>) -> bool {
    let Some(start) = memchr(b'{', line.as_bytes()) else { return false };
    let mut json = Json { text: line, at: start, path: String::new(), visit };
    match json.object(0) {
        Ok(()) => line[json.at..].trim_ascii().is_empty(),
        Err(Stop::Enough) => true,
        Err(Stop::Broken) => false,
    }
}

impl<'a> Json<'a, '_> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of it costs more than it does, and a small binary inlines little")]
    fn byte(&mut self) -> Result<u8, Stop> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(byte);
            }
            self.at += 1;
        }
        Err(Stop::Broken)
    }

    fn object(&mut self, depth: usize) -> Result<(), Stop> {
        self.at += 1;
        loop {
            match self.byte()? {
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                b',' => self.at += 1,
                b'"' => self.member(depth)?,
                _ => return Err(Stop::Broken),
            }
        }
    }

    fn member(&mut self, depth: usize) -> Result<(), Stop> {
        let (key, closed) = self.string();
        if !closed || self.byte()? != b':' {
            return Err(Stop::Broken);
        }
        self.at += 1;
        match self.byte()? {
            b'"' => {
                let (value, closed) = self.string();
                self.emit(key, value)?;
                if closed { Ok(()) } else { Err(Stop::Broken) }
            }
            b'{' if depth + 1 < DEPTH => {
                let outer = self.path.len();
                self.path.push_str(&key.text());
                self.path.push('.');
                let result = self.object(depth + 1);
                self.path.truncate(outer);
                result
            }
            b'{' | b'[' => {
                let start = self.at;
                let closed = self.skip_nested();
                let exported = depth == 0 && key.as_written().is_some_and(is_of_journal);
                self.emit(key, FieldValue::nested(&self.text[start..self.at], exported))?;
                if closed { Ok(()) } else { Err(Stop::Broken) }
            }
            b'}' | b',' => Err(Stop::Broken),
            _ => {
                let rest = &self.text[self.at..];
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'"' | b'{' | b'[');
                let end = rest.as_bytes().iter().position(ends).unwrap_or(rest.len());
                self.at += end;
                self.emit(key, FieldValue::literal(&rest[..end]))
            }
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of it costs more than it does, and a small binary inlines little")]
    fn emit(&mut self, key: FieldValue<'a>, value: FieldValue<'a>) -> Result<(), Stop> {
        let flow = if self.path.is_empty() {
            match key.as_written() {
                Some(key) => (self.visit)(key, value),
                None => (self.visit)(&key.text(), value),
            }
        } else {
            let outer = self.path.len();
            self.path.push_str(&key.text());
            let flow = (self.visit)(&self.path, value);
            self.path.truncate(outer);
            flow
        };
        if flow.is_break() { Err(Stop::Enough) } else { Ok(()) }
    }

    /// Reads a string whose opening quote is at the cursor; says whether it is closed.
    #[inline]
    fn string(&mut self) -> (FieldValue<'a>, bool) {
        let (value, length, closed) = quoted(&self.text[self.at + 1..]);
        self.at += 1 + length;
        (value, closed)
    }

    /// Steps over an array or an object; says whether it is closed. A loop and not a recursion: depth is the
    /// writer's choice.
    fn skip_nested(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    if !self.string().1 {
                        return false;
                    }
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return true;
            }
        }
        false
    }
}
