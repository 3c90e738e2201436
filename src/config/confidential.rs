//! What of a configuration file must not be shown where a problem of it is explained: what stands under `[secret]`, the
//! values of keys that are named for a secret, and what has the shape of a token.
//!
//! The text is read as it is written, and not its tree: a file that can't be parsed is explained too.

use std::ops::Range;

use crate::lang::order::InOrder;
use crate::text::redact::{MASK, Redactor};

/// Sections whose entries bear names that a person chose.
const NAMED: [&str; 9] = ["service", "source", "check", "metric", "log", "adapter", "action", "screen", "filter"];
/// Parts of the names of keys whose values are secret.
const TELLING: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "authorization",
    "cookie",
    "apikey",
    "privatekey",
];
/// Names of such keys that are too short to be parts of others.
const SHORT_TELLING: [&str; 3] = ["pass", "passcode", "pwd"];
/// Words before a secret that are none.
const SCHEMES: [&str; 4] = ["bearer", "basic", "token", "digest"];
/// A value that is shorter is masked where it stands, and not wherever its letters occur.
const SHORT: usize = 4;

/// What must not be shown of one file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Confidential {
    ranges: Vec<Range<usize>>,
    /// The texts there, as they are written, the longest first.
    values: Vec<String>,
}

impl Confidential {
    /// Looks through the text of a file.
    pub(crate) fn scan(text: &str) -> Self {
        let mut reader = Reader { text, at: 0, path: Vec::new(), found: Vec::new() };
        reader.run();
        let mut ranges = reader.found;
        let shapes = Redactor::default().find(text.as_bytes());
        ranges.extend(shapes.into_iter().filter(|range| !text[range.clone()].contains("{secret:")));
        let words = ranges.iter().map(|range| text[range.clone()].trim().trim_matches(['"', '\'']));
        let lines = words.flat_map(str::lines).map(str::trim);
        let mut values: Vec<String> = lines
            .filter(|word| word.len() >= SHORT && !matches!(*word, "true" | "false"))
            .flat_map(|word| [Some(word.to_owned()), unescaped(word)])
            .flatten()
            .collect();
        values.order_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { ranges, values }
    }

    /// A line of the file that begins at byte `start`, with a star for each character that must not be shown.
    pub(crate) fn line(&self, start: usize, line: &str) -> String {
        let near = self.near(start, line);
        let hidden = |at: usize| near.iter().any(|range| range.contains(&at));
        let shown = |(at, c): (usize, char)| if hidden(start + at) && !c.is_whitespace() { '*' } else { c };
        line.char_indices().map(shown).collect()
    }

    /// The ranges that reach into a line.
    fn near(&self, start: usize, line: &str) -> Vec<&Range<usize>> {
        self.ranges.iter().filter(|range| range.start < start + line.len() && start < range.end).collect()
    }

    /// A message without the values. `here` are those of the problem's own line.
    pub(crate) fn message(&self, message: &str, here: &str) -> String {
        let mut out = message.to_owned();
        for value in &self.values {
            if out.contains(value.as_str()) {
                out = out.replace(value.as_str(), MASK);
            }
        }
        for word in here.split(['"', '\'', '=', ',', ' ']).filter(|word| !word.is_empty()) {
            out = out.replace(&format!("`{word}`"), &format!("`{MASK}`"));
        }
        out
    }

    /// What of a line that begins at `start` must not be shown, with blanks for the rest.
    pub(crate) fn hidden_of(&self, start: usize, line: &str) -> String {
        let near = self.near(start, line);
        let hidden = |at: usize| near.iter().any(|range| range.contains(&at));
        line.char_indices().map(|(at, c)| if hidden(start + at) { c } else { ' ' }).collect()
    }
}

/// The value of the inside of a string with escapes.
fn unescaped(inner: &str) -> Option<String> {
    if !inner.contains('\\') {
        return None;
    }
    let table: toml::Table = toml::from_str(&format!("x = \"{inner}\"")).ok()?;
    table.get("x")?.as_str().map(str::to_owned).filter(|value| value.len() >= SHORT)
}

/// Reads a file as far as it can be read.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The keys that lead to what is read.
    path: Vec<String>,
    found: Vec<Range<usize>>,
}

impl Reader<'_> {
    fn run(&mut self) {
        while self.at < self.text.len() {
            let line = self.at..self.end_of_line();
            let begins = self.text[line.clone()].trim_start();
            self.at = line.end - begins.len();
            if begins.starts_with('[') {
                self.path = keys_of(begins.trim_matches(['[', ' ', '\t']).split(']').next().unwrap_or_default());
                self.at = line.end;
            } else if begins.starts_with('#') || begins.trim().is_empty() {
                if self.in_secrets() {
                    self.found.push(self.at..line.end);
                }
                self.at = line.end;
            } else {
                self.assignment(line.end);
            }
            self.at = self.end_of_line() + 1;
        }
    }

    fn in_secrets(&self) -> bool {
        self.path.first().is_some_and(|first| first == "secret" || first == "secrets")
    }

    fn end_of_line(&self) -> usize {
        self.text[self.at..].find('\n').map_or(self.text.len(), |length| self.at + length)
    }

    /// `key = value` from here on; what is no such thing is hidden among secrets.
    fn assignment(&mut self, end: usize) {
        let Some(equals) = equals_in(&self.text[self.at..end]) else {
            if self.in_secrets() {
                self.found.push(self.at..end);
            }
            self.at = end;
            return;
        };
        let depth = self.path.len();
        self.path.extend(keys_of(&self.text[self.at..self.at + equals]));
        self.at += equals + 1;
        self.value(true);
        // What stands behind the value does not belong there: half of a value whose quotes are wrong.
        let rest = self.at..self.end_of_line();
        let is_comment = self.text[rest.clone()].trim_start().starts_with('#') && !self.in_secrets();
        if self.is_telling() && !is_comment {
            self.found.push(rest);
        }
        self.path.truncate(depth);
    }

    fn value(&mut self, alone: bool) {
        self.skip_blanks();
        let rest = &self.text[self.at..];
        match rest.chars().next() {
            Some('"' | '\'') => self.string(),
            Some('[') => self.several(']'),
            Some('{') => self.several('}'),
            _ => {
                let line = &self.text[self.at..self.end_of_line()];
                let ends: &[char] = if alone { &['#'] } else { &[',', ']', '}', '#'] };
                let length = line.find(ends).unwrap_or(line.len());
                self.hide(self.at..self.at + length);
                self.at += length;
            }
        }
    }

    fn string(&mut self) {
        let rest = &self.text[self.at..];
        let quote = &rest[..1];
        let long = quote.repeat(3);
        let (open, close) = if rest.starts_with(&long) { (3, long.as_str()) } else { (1, quote) };
        let limit = if open == 3 { rest.len() } else { self.end_of_line() - self.at };
        let mut end = open;
        loop {
            let inner = &rest[end.min(limit)..limit];
            if inner.is_empty() || inner.starts_with(close) {
                break;
            }
            let escaped = quote == "\"" && inner.starts_with('\\');
            end += inner.chars().take(if escaped { 2 } else { 1 }).map(char::len_utf8).sum::<usize>();
        }
        let end = end.min(limit);
        self.hide(self.at + open..self.at + end.max(open).min(limit));
        self.at += (end + close.len()).min(limit.max(end)).min(rest.len());
        if open == 1 {
            self.at = self.at.min(self.text.len());
        }
    }

    /// A list or a table up to its bracket; one that is never closed ends where the next section begins.
    fn several(&mut self, close: char) {
        self.at += 1;
        let depth = self.path.len();
        let mut index = 0;
        loop {
            self.skip_blanks();
            let line = &self.text[self.at..self.end_of_line()];
            match line.chars().next() {
                None if self.at >= self.text.len() => return,
                None => {
                    self.at += 1;
                    if is_header(&self.text[self.at..self.end_of_line()]) {
                        self.at -= 1;
                        return;
                    }
                }
                Some('#') => self.at += line.len(),
                Some(c) if c == close => {
                    self.at += 1;
                    return;
                }
                Some(',') => {
                    self.at += 1;
                    index += 1;
                }
                Some(']' | '}') => self.at += 1,
                _ => {
                    let equals = if close == '}' { equals_in(line) } else { None };
                    match equals {
                        Some(equals) => {
                            self.path.extend(keys_of(&line[..equals]));
                            self.at += equals + 1;
                        }
                        None => self.path.push(index.to_string()),
                    }
                    let before = self.at;
                    self.value(false);
                    self.path.truncate(depth);
                    if self.at == before && equals.is_none() {
                        self.at += line.chars().next().map_or(1, char::len_utf8);
                    }
                }
            }
        }
    }

    fn skip_blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
    }

    /// Hides a value, if what leads to it says so. A `{secret:NAME}` in it is shown: that is how it is meant.
    fn hide(&mut self, range: Range<usize>) {
        if range.is_empty() || !self.is_telling() || self.says_where(&self.text[range.clone()]) {
            return;
        }
        let value = &self.text[range.clone()];
        // The name of a secret is shown anyway, and is no value where it is written as one.
        if self.path.iter().any(|key| key == value) {
            return;
        }
        let refers = value.contains("{secret:");
        let mut at = range.start;
        let pieces = value.split_inclusive(['{', '}']).map(|piece| {
            let place = at..at + piece.len();
            at = place.end;
            (place, piece)
        });
        for (place, piece) in pieces {
            let word = piece.trim_matches(['{', '}', ' ']).to_ascii_lowercase();
            if !(refers && (word.starts_with("secret:") || SCHEMES.contains(&word.as_str()))) {
                self.found.push(place);
            }
        }
    }

    /// Whether the keys say that the value is secret.
    fn is_telling(&self) -> bool {
        if self.in_secrets() {
            return true;
        }
        let own = match self.path.as_slice() {
            [section, key] if section == "store" && key == "url" => return true,
            [_] => 0,
            [section, _] if NAMED.contains(&section.as_str()) => return false,
            [_, _] => 1,
            _ => 2,
        };
        self.path.iter().skip(own).any(|key| names_a_secret(key))
    }

    /// Whether a value only says where something is kept.
    fn says_where(&self, value: &str) -> bool {
        match self.path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["secret", _, "env"] => is_variable(value),
            ["secret", _, "file"] => value.contains('/') && !value.contains(char::is_whitespace),
            ["secret", _, "command", "0"] => true,
            // Nobody's password: a file, or a server that asks for none.
            ["store", "url"] => !value.contains(['@', '=']),
            _ => false,
        }
    }
}

/// Whether a key is named for a secret, mistyped too: it is for such a key that there is a problem to explain.
fn names_a_secret(key: &str) -> bool {
    let lower = key.to_lowercase();
    let plain: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let is_near = |part: &str| {
        TELLING.iter().any(|word| {
            // In a short word, two letters make another one.
            let most = if word.len() < 8 { 1 } else { 2 };
            part.len().abs_diff(word.len()) <= most && strsim::osa_distance(part, word) <= most
        })
    };
    let mut parts = lower.split(|c: char| !c.is_ascii_alphanumeric());
    TELLING.iter().any(|word| plain.contains(word))
        || (plain.len() < lower.len() && is_near(&plain))
        || parts.any(|part| is_near(part) || SHORT_TELLING.contains(&part))
}

/// Whether a text is written as names of environment variables are, and not as passwords are.
pub(crate) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Where the `=` of `key = value` is.
fn equals_in(line: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '=') => return (at > 0).then_some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '#' | '{' | '[') => return None,
            _ => {}
        }
    }
    None
}

/// The parts of a dotted key.
fn keys_of(key: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut quote = None;
    for c in key.trim().chars() {
        match (quote, c) {
            (None, '.') => keys.push(String::new()),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (_, c) => keys.last_mut().into_iter().for_each(|last| last.push(c)),
        }
    }
    keys.into_iter().map(|key| key.trim().to_owned()).collect()
}

/// Whether a line begins a section: no item of a list is a bare word in brackets.
fn is_header(line: &str) -> bool {
    let name = line.trim().split('#').next().unwrap_or_default().trim_end();
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| {
        let inner = inner.trim_matches(['[', ']', ' ']);
        inner.starts_with(|c: char| c.is_ascii_alphabetic())
            && inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-\"'".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::load::load_text;
    use super::*;

    fn masked(text: &str) -> String {
        let confidential = Confidential::scan(text);
        let begins = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
        text.split_inclusive('\n').map(|line| confidential.line(begins(line), line)).collect()
    }

    #[test]
    fn what_says_where_a_secret_is_kept_is_shown() {
        let text = "[secret]\na = { env = \"TOKEN_1\" }\nb = { file = \"/run/b\" }\nc = { command = [\"pass\"] }\n\
                    [check.token]\nhttp = \"https://x.example/\"\nheaders = { Authorization = \"Bearer {secret:a}\" }\n";
        assert_eq!(masked(text), text);
    }

    #[test]
    fn secrets_are_masked_however_they_are_written() {
        for text in [
            "[secret]\nx = \"hunter22\"\n",
            "[secret]\nx = 'hunter22\n",
            "[secret]\nx = hunter22\n",
            "[secret]\nx hunter22\n",
            "[secret]\nhunter22\n",
            "[secret]\n# hunter22\n",
            "[secret]\nx = { evn = \"hunter22\" }\n",
            "[secret]\nx = { env = \"hunter22\" }\n",
            "[secret]\nx = { command = [\"pass\", \"hunter22\"] }\n",
            "[secret]\nx = [\"hunter22\"]\n",
            "[secret]\nx = { file = [\n \"hunter22\"\n",
            "[secret.x]\nvalue = \"hunter22\"\n",
            "[[secret]]\nvalue = \"hunter22\"\n",
            "[ secret . x ]\nvalue = \"hunter22\"\n",
            "secret.x = \"hunter22\"\n",
            "secret = { x = \"hunter22\" }\n",
            "secret = { x = { value = 'hunter22' \n",
            "[secret]\nx = \"\"\"\nhunter22\nhunter22\"\"\"\n",
            "[secret]\nx = \"\"\"\nhunter22\n",
            "[secret]\nx = \"a\"hunter22\"\n",
            "[check.a]\ncommand = [\"x\"\n[secret]\nx = \"hunter22\"\n",
            "[source.a]\nheaders = { Authorization = \"Bearer hunter22\" }\n",
            "[source.a.headers]\nX-Api-Key = \"hunter22\"\n",
            "[source.a]\nheaders.Authorization = \"hunter22\"\n",
            "[source.a]\npassword = hunter22\n",
            "[source.a]\ntoken = \"hunter22\n",
            "[source.a]\nhttp = \"https://me:hunter22@x.example/\"\n",
            "[adapter.a]\nenv = { DB_PASSWORD = \"hunter22\" }\n",
            "token = \"hunter22\"\n",
            "[source.a]\npasword = \"hunter22\"\n",
            "[source.a]\nadmin_tokne = \"hunter22\"\n",
            "[source.a]\nheaders = { Authorizaton = \"hunter22\", x = 5 }\n",
            "[source.a]\ndb-pwd = \"hunter22\"\n",
            "[source.a]\nbasic = { user = \"me\", pass = \"hunter22\" }\nuser = 1\n",
        ] {
            assert!(!masked(text).contains("hunter22"), "{text}\n{}", masked(text));
            for problem in load_text(Path::new("ops.toml"), &format!("nothing = 1\n{text}")).diagnostics {
                let json = serde_json::to_string(&problem).unwrap();
                assert!(!problem.render().contains("hunter22"), "{text}\n{}", problem.render());
                assert!(!json.contains("hunter22"), "{text}\n{json}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[a-z\\[\\]{}\"'=,.#\\\\ \né]{0,80}") {
            Confidential::scan(&text);
            Confidential::scan(&format!("[secret]\n{text}"));
        }
    }
}
