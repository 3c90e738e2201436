//! The plain part of TOML in one pass: headers of one or two keys, `[[key]]`, keys without dots, texts, whole and decimal numbers,
//! `true`, `false`, lists and inline tables. At the first thing that is another, or wrong, the text is given back.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{ByteSpan, Integer, Item, Node, TomlValue};

/// Lists and tables within each other.
const DEEPEST: usize = 16;
/// Keys of one table that are compared with each other; a check has ten.
const MANY: usize = 64;
/// Keys of a thing that have room from the start.
const USUAL: usize = 8;

/// The tree of a text that is plain.
pub(super) fn parse(text: &str) -> Option<Vec<Node<'_>>> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0 };
    let mut file = File::default();
    // The nodes of the table whose header was read last.
    let mut open = Open::Root;
    loop {
        reader.blank();
        match reader.peek() {
            None => break,
            Some(b'\n') => reader.at += 1,
            Some(b'#') => reader.comment()?,
            Some(b'[') => {
                open = file.header(&reader.header()?)?;
                reader.end_of_line()?;
            }
            Some(_) => {
                let node = reader.key_value(0)?;
                file.push(open, node)?;
                reader.end_of_line()?;
            }
        }
    }
    Some(file.root)
}

/// Where a key belongs: to no header, to a section, to a thing of a section, or to the last of a list of tables.
#[derive(Clone, Copy)]
enum Open {
    Root,
    Section(usize),
    Thing(usize, usize),
    Item(usize),
}

/// A header: its keys with their places, and its own.
struct Header<'a> {
    first: (Cow<'a, str>, ByteSpan),
    second: Option<(Cow<'a, str>, ByteSpan)>,
    /// Whether it is `[[key]]`, which has no second one.
    is_item: bool,
    span: ByteSpan,
}

/// What is read so far.
#[derive(Default)]
struct File<'a> {
    root: Vec<Node<'a>>,
    /// Position of each section among the nodes of the root, and the names in it.
    sections: HashMap<Cow<'a, str>, (usize, HashSet<Cow<'a, str>>)>,
    /// Position of each list of tables among the nodes of the root.
    lists: HashMap<Cow<'a, str>, usize>,
}

impl<'a> File<'a> {
    fn header(&mut self, header: &Header<'a>) -> Option<Open> {
        if header.is_item {
            return self.item(header);
        }
        let (key, key_span) = &header.first;
        let known = self.sections.get(key).map(|(at, _)| *at);
        let at = match known {
            // A header of its own after others of the section moves it: seldom, and not worth a second way.
            Some(_) if header.second.is_none() => return None,
            Some(at) => at,
            None if self.root.iter().any(|node| node.key == *key) => return None,
            None => {
                let span = if header.second.is_none() { header.span } else { *key_span };
                let value = TomlValue::Table(Vec::new());
                self.root.push(Node { key: key.clone(), key_span: *key_span, value, span });
                self.sections.insert(key.clone(), (self.root.len() - 1, HashSet::new()));
                self.root.len() - 1
            }
        };
        let Some((name, name_span)) = &header.second else { return Some(Open::Section(at)) };
        let (_, names) = self.sections.get_mut(key)?;
        if !names.insert(name.clone()) {
            return None;
        }
        let things = table_of(&mut self.root, at)?;
        let value = TomlValue::Table(Vec::with_capacity(USUAL));
        things.push(Node { key: name.clone(), key_span: *name_span, value, span: header.span });
        Some(Open::Thing(at, things.len() - 1))
    }

    /// Another table of a list; the list stands where its first header does.
    fn item(&mut self, header: &Header<'a>) -> Option<Open> {
        let (key, key_span) = &header.first;
        if !self.lists.contains_key(key) {
            if self.root.iter().any(|node| node.key == *key) {
                return None;
            }
            let value = TomlValue::Array(Vec::new());
            self.root.push(Node { key: key.clone(), key_span: *key_span, value, span: header.span });
            self.lists.insert(key.clone(), self.root.len() - 1);
        }
        let at = *self.lists.get(key)?;
        let TomlValue::Array(items) = &mut self.root.get_mut(at)?.value else { return None };
        items.push(Item { value: TomlValue::Table(Vec::with_capacity(USUAL)), span: header.span });
        Some(Open::Item(at))
    }

    fn push(&mut self, open: Open, node: Node<'a>) -> Option<()> {
        let into = match open {
            Open::Root => &mut self.root,
            Open::Section(at) => {
                // A section of free names (`[secret]`, `[keys]`) may have very many.
                let (_, names) = self.sections.get_mut(&*self.root[at].key)?;
                if !names.insert(node.key.clone()) {
                    return None;
                }
                table_of(&mut self.root, at)?.push(node);
                return Some(());
            }
            Open::Item(at) => {
                let TomlValue::Array(items) = &mut self.root.get_mut(at)?.value else { return None };
                let TomlValue::Table(nodes) = &mut items.last_mut()?.value else { return None };
                nodes
            }
            Open::Thing(at, thing) => table_of(table_of(&mut self.root, at)?, thing)?,
        };
        add(into, node)
    }
}

fn table_of<'t, 'a>(nodes: &'t mut [Node<'a>], at: usize) -> Option<&'t mut Vec<Node<'a>>> {
    match &mut nodes.get_mut(at)?.value {
        TomlValue::Table(nodes) => Some(nodes),
        _ => None,
    }
}

/// Adds a key that is not there yet. A table of very many is left to the parser: comparing each with each takes long.
fn add<'a>(nodes: &mut Vec<Node<'a>>, node: Node<'a>) -> Option<()> {
    if nodes.len() >= MANY || nodes.iter().any(|known| known.key == node.key) {
        return None;
    }
    nodes.push(node);
    Some(())
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips spaces and tabs.
    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Skips this byte, which must be there.
    fn skip(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Skips a comment up to its line break.
    fn comment(&mut self) -> Option<()> {
        let rest = &self.bytes[self.at..];
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        if rest[..length].iter().any(|byte| is_control(*byte)) {
            return None;
        }
        self.at += length;
        Some(())
    }

    fn end_of_line(&mut self) -> Option<()> {
        self.blank();
        match self.peek() {
            Some(b'#') => self.comment(),
            Some(b'\n') | None => Some(()),
            Some(_) => None,
        }
    }

    /// Skips what may stand between the values of a list: blanks, line breaks, comments.
    fn gap(&mut self) -> Option<()> {
        loop {
            self.blank();
            match self.peek() {
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.comment()?,
                _ => return Some(()),
            }
        }
    }

    fn header(&mut self) -> Option<Header<'a>> {
        let start = self.at;
        self.skip(b'[')?;
        let is_item = self.skip(b'[').is_some();
        self.blank();
        let first = self.key()?;
        self.blank();
        let second = if !is_item && self.skip(b'.').is_some() {
            self.blank();
            let second = self.key()?;
            self.blank();
            Some(second)
        } else {
            None
        };
        self.skip(b']')?;
        if is_item {
            self.skip(b']')?;
        }
        Some(Header { first, second, is_item, span: ByteSpan::new(start, self.at) })
    }

    fn key(&mut self) -> Option<(Cow<'a, str>, ByteSpan)> {
        let start = self.at;
        let key = match self.peek()? {
            b'"' => self.basic()?,
            b'\'' => self.literal()?,
            _ => {
                let rest = &self.bytes[start..];
                let is_bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
                let length = rest.iter().position(|byte| !is_bare(byte)).unwrap_or(rest.len());
                if length == 0 {
                    return None;
                }
                self.at += length;
                Cow::Borrowed(&self.text[start..self.at])
            }
        };
        Some((key, ByteSpan::new(start, self.at)))
    }

    fn key_value(&mut self, depth: usize) -> Option<Node<'a>> {
        let (key, key_span) = self.key()?;
        self.blank();
        self.skip(b'=')?;
        self.blank();
        let Item { value, span } = self.value(depth)?;
        Some(Node { key, key_span, value, span })
    }

    fn value(&mut self, depth: usize) -> Option<Item<'a>> {
        let start = self.at;
        let value = match self.peek()? {
            b'"' if self.text[start..].starts_with("\"\"\"") => return None,
            b'\'' if self.text[start..].starts_with("'''") => TomlValue::String(self.long_literal()?),
            b'"' => TomlValue::String(self.basic()?),
            b'\'' => TomlValue::String(self.literal()?),
            b'[' if depth < DEEPEST => self.array(depth + 1)?,
            b'{' if depth < DEEPEST => self.table(depth + 1)?,
            _ => self.word()?,
        };
        Some(Item { value, span: ByteSpan::new(start, self.at) })
    }

    /// `true`, `false`, or a number.
    fn word(&mut self) -> Option<TomlValue<'a>> {
        let rest = &self.bytes[self.at..];
        let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'#' | b',' | b']' | b'}');
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let word = self.text.get(self.at..self.at + length)?;
        self.at += length;
        match word {
            "true" => return Some(TomlValue::Boolean(true)),
            "false" => return Some(TomlValue::Boolean(false)),
            _ => {}
        }
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let unsigned = word.strip_prefix('-').unwrap_or(word);
        let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(whole, rest)| (whole, Some(rest)));
        if !digits(whole)
            || (whole.starts_with('0') && (whole.len() > 1 || whole.len() < word.len() && fraction.is_none()))
        {
            return None;
        }
        match fraction {
            None => Some(TomlValue::Integer(Integer { digits: Cow::Borrowed(word), radix: 10 })),
            Some(fraction) if digits(fraction) => Some(TomlValue::Float(Cow::Borrowed(word))),
            Some(_) => None,
        }
    }

    fn array(&mut self, depth: usize) -> Option<TomlValue<'a>> {
        self.skip(b'[')?;
        let mut items = Vec::new();
        loop {
            self.gap()?;
            if self.skip(b']').is_some() {
                return Some(TomlValue::Array(items));
            }
            items.push(self.value(depth)?);
            self.gap()?;
            if self.skip(b',').is_none() {
                self.skip(b']')?;
                return Some(TomlValue::Array(items));
            }
        }
    }

    /// An inline table on one line.
    fn table(&mut self, depth: usize) -> Option<TomlValue<'a>> {
        self.skip(b'{')?;
        let mut nodes = Vec::new();
        self.blank();
        if self.skip(b'}').is_some() {
            return Some(TomlValue::Table(nodes));
        }
        loop {
            self.blank();
            add(&mut nodes, self.key_value(depth)?)?;
            self.blank();
            if self.skip(b',').is_none() {
                self.skip(b'}')?;
                return Some(TomlValue::Table(nodes));
            }
        }
    }

    /// `'…'` on one line.
    fn literal(&mut self) -> Option<Cow<'a, str>> {
        self.skip(b'\'')?;
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\'' || is_control(*byte))?;
        if rest[length] != b'\'' {
            return None;
        }
        let text = &self.text[self.at..self.at + length];
        self.at += length + 1;
        Some(Cow::Borrowed(text))
    }

    /// `'''…'''`, without the line break after the opening quotes.
    fn long_literal(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at + 3;
        let length = self.text[start..].find("'''")?;
        let text = &self.text[start..start + length];
        self.at = start + length + 3;
        if self.peek() == Some(b'\'') || text.bytes().any(|byte| is_control(byte) && byte != b'\n') {
            return None;
        }
        Some(Cow::Borrowed(text.strip_prefix('\n').unwrap_or(text)))
    }

    /// `"…"` on one line, with the commonest escapes.
    fn basic(&mut self) -> Option<Cow<'a, str>> {
        self.skip(b'"')?;
        let mut unescaped: Option<String> = None;
        loop {
            let rest = &self.bytes[self.at..];
            let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\') || is_control(*byte))?;
            let part = &self.text[self.at..self.at + length];
            self.at += length + 1;
            match rest[length] {
                b'"' => {
                    let Some(mut text) = unescaped else { return Some(Cow::Borrowed(part)) };
                    text.push_str(part);
                    return Some(Cow::Owned(text));
                }
                b'\\' => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(part);
                    text.push(match self.peek()? {
                        b'"' => '"',
                        b'\\' => '\\',
                        b'n' => '\n',
                        b't' => '\t',
                        _ => return None,
                    });
                    self.at += 1;
                }
                _ => return None,
            }
        }
    }
}

/// What may stand in no text and no comment. A carriage return is one: it may only stand before a line break.
fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}
