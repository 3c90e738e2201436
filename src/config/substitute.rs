//! `{name}` in arguments and in shell scripts.
//!
//! Braces that are no reference are left alone, so that `docker --format '{{.Names}}'`, `awk '{print $1}'` and
//! `${HOME}` need no escaping: a reference is `{`, a name of letters, digits, `_` and `-`, and `}`, with neither `{`
//! nor (in a script) `$` before it.

use std::fmt::Write as _;

/// Why a reference can't be filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReferenceFault {
    /// It stands for nothing.
    Unknown,
    /// It asks for a secret.
    Secret,
    /// Its value must not be used.
    Bad(&'static str),
    /// It stands inside single quotes of a script.
    Quoted,
}

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Reference(&'a str),
}

/// The names that `template` refers to, in order.
pub(crate) fn names(template: &str, shell: bool) -> Vec<&str> {
    pieces(template, shell)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Reference(name) if !name.starts_with("secret:") => Some(name),
            _ => None,
        })
        .collect()
}

/// Fills in one argument. The result is one argument whatever the values hold.
///
/// # Errors
/// The name of the first reference that can't be filled in, and why.
pub(crate) fn argument(
    template: &str,
    lookup: impl Fn(&str) -> Result<String, ReferenceFault>,
) -> Result<String, (String, ReferenceFault)> {
    let mut out = String::with_capacity(template.len());
    for piece in pieces(template, false) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Reference(name) => out.push_str(&value(name, &lookup)?),
        }
    }
    Ok(out)
}

/// Turns a script into one that takes its values as positional parameters, each a word of its own wherever it
/// stands: no value ever becomes part of the script's text.
///
/// # Errors
/// The name of the first reference that can't be filled in, and why.
pub(crate) fn script(
    template: &str,
    lookup: impl Fn(&str) -> Result<String, ReferenceFault>,
) -> Result<(String, Vec<String>), (String, ReferenceFault)> {
    let mut out = String::with_capacity(template.len());
    let mut words: Vec<(String, String)> = Vec::new();
    let mut quotes = Quotes::default();
    for piece in pieces(template, true) {
        match piece {
            Piece::Text(text) => {
                quotes.read(text);
                out.push_str(text);
            }
            Piece::Reference(name) => {
                let place = quotes.place();
                if place == Place::Single {
                    return Err((name.to_owned(), ReferenceFault::Quoted));
                }
                let value = value(name, &lookup)?;
                let number = words.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                    words.push((name.to_owned(), value));
                    words.len() - 1
                }) + 1;
                match place {
                    Place::Comment => out.push_str(name),
                    Place::Double => {
                        let _ = write!(out, "${{{number}}}");
                    }
                    Place::Plain | Place::Single => {
                        let _ = write!(out, "\"${{{number}}}\"");
                    }
                }
                quotes.read("x");
            }
        }
    }
    Ok((out, words.into_iter().map(|(_, value)| value).collect()))
}

fn value(
    name: &str,
    lookup: &impl Fn(&str) -> Result<String, ReferenceFault>,
) -> Result<String, (String, ReferenceFault)> {
    if let Some(secret) = name.strip_prefix("secret:") {
        return Err((secret.to_owned(), ReferenceFault::Secret));
    }
    lookup(name).map_err(|fault| (name.to_owned(), fault))
}

fn pieces(template: &str, shell: bool) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut text_from = 0;
    let mut at = 0;
    while let Some(open) = template[at..].find('{').map(|found| at + found) {
        let run = template[open..].len() - template[open..].trim_start_matches('{').len();
        if run > 1 {
            // `{{…}}` belongs to the command: skip to the closing braces.
            at = template[open..].find("}}").map_or(template.len(), |found| open + found + 2);
            continue;
        }
        let Some(close) = template[open..].find('}').map(|found| open + found) else { break };
        let name = &template[open + 1..close];
        if is_name(name) && !(shell && template[..open].ends_with('$')) {
            if text_from < open {
                pieces.push(Piece::Text(&template[text_from..open]));
            }
            pieces.push(Piece::Reference(name));
            at = close + 1;
            text_from = at;
        } else {
            at = open + 1;
        }
    }
    if text_from < template.len() {
        pieces.push(Piece::Text(&template[text_from..]));
    }
    pieces
}

fn is_name(name: &str) -> bool {
    let plain = name.strip_prefix("secret:").unwrap_or(name);
    plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Where in a script's quoting a reference stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Plain,
    Double,
    Single,
    Comment,
}

/// A reader of shell quoting: quotes, `$( … )` inside double quotes, backslashes and comments.
#[derive(Debug)]
struct Quotes {
    /// The contexts we are in; parentheses count in the plain ones.
    stack: Vec<(Place, usize)>,
    escaped: bool,
    previous: char,
}

impl Default for Quotes {
    fn default() -> Self {
        Self { stack: vec![(Place::Plain, 0)], escaped: false, previous: '\n' }
    }
}

impl Quotes {
    fn place(&self) -> Place {
        self.stack.last().map_or(Place::Plain, |top| top.0)
    }

    fn read(&mut self, text: &str) {
        for c in text.chars() {
            self.step(c);
            self.previous = c;
        }
    }

    fn step(&mut self, c: char) {
        if std::mem::take(&mut self.escaped) {
            return;
        }
        let depth = self.stack.len();
        let place = self.place();
        let parentheses = self.stack.last_mut().map(|top| &mut top.1);
        match (place, c) {
            (Place::Single, '\'') | (Place::Double, '"') | (Place::Comment, '\n') => {
                self.stack.pop();
            }
            (Place::Plain | Place::Double, '\\') => self.escaped = true,
            (Place::Double, '(') if self.previous == '$' => self.stack.push((Place::Plain, 1)),
            (Place::Plain, '\'') => self.stack.push((Place::Single, 0)),
            (Place::Plain, '"') => self.stack.push((Place::Double, 0)),
            (Place::Plain, '#') if self.previous.is_whitespace() || self.previous == ';' => {
                self.stack.push((Place::Comment, 0));
            }
            (Place::Plain, '(') => {
                if let Some(count) = parentheses {
                    *count += 1;
                }
            }
            (Place::Plain, ')') => {
                if let Some(count) = parentheses {
                    *count = count.saturating_sub(1);
                    if *count == 0 && depth > 1 {
                        self.stack.pop();
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn known(name: &str) -> Result<String, ReferenceFault> {
        match name {
            "target" => Ok("api server; rm -rf $HOME".to_owned()),
            "version" => Ok("v1 $(touch pwned) 'x' \"y\" `z`".to_owned()),
            _ => Err(ReferenceFault::Unknown),
        }
    }

    #[test]
    fn an_argument_stays_one_argument() {
        assert_eq!(argument("--name={target}", known).unwrap(), "--name=api server; rm -rf $HOME");
        assert_eq!(argument("{target}{target}", |_| Ok("a".to_owned())).unwrap(), "aa");
    }

    #[test]
    fn foreign_braces_are_left_alone() {
        for text in ["{{.Names}}", "{{json .}}", "{{target}}", "{print $1}", "{}", "{ target }", "{a b}", "{", "a{1}"] {
            assert_eq!(argument(text, known).unwrap(), text);
        }
        let (script, words) = script("echo ${target} {print}", |_| Ok("x".to_owned())).unwrap();
        assert_eq!((script.as_str(), words.len()), ("echo ${target} \"${1}\"", 1));
    }

    #[test]
    fn what_is_not_known_is_named() {
        assert_eq!(argument("{nope}", known), Err(("nope".to_owned(), ReferenceFault::Unknown)));
        assert_eq!(argument("{secret:db}", known), Err(("db".to_owned(), ReferenceFault::Secret)));
        assert_eq!(script("echo '{target}'", known).unwrap_err().1, ReferenceFault::Quoted);
    }

    #[test]
    fn a_value_in_a_script_is_never_code() {
        let target = known("target").unwrap();
        for template in [
            "printf %s {target}",
            "printf %s \"{target}\"",
            "# don't\nprintf %s {target}",
            "x=\"$(printf %s \"{target}\")\"; printf %s \"$x\"",
            "x=$(printf %s {target}); printf %s \"$x\"",
            "printf %s \\'{target} | tr -d \\'",
        ] {
            let (script, words) = script(template, known).unwrap();
            assert!(!script.contains("rm -rf"), "{script}");
            let out = Command::new("/bin/sh").args(["-c", &script, "opsroom"]).args(words).output().unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), target, "{script}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_value_arrives_unchanged(value in "[^\0]{1,40}") {
            let (script, words) = script("printf %s {v}", |_| Ok(value.clone())).unwrap();
            let out = Command::new("/bin/sh").args(["-c", &script, "opsroom"]).args(words).output().unwrap();
            proptest::prop_assert_eq!(String::from_utf8(out.stdout).unwrap(), value);
        }
    }
}
