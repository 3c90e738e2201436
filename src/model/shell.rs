//! Commands as a POSIX shell reads them: the one place that quotes.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

use crate::text::is_hidden;

/// Words that mean something else than a program where a command begins.
const RESERVED: &[&str] = &[
    "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then",
    "time", "until", "while", "{", "}", "[[", "]]",
];

/// A command line: each argument as [`quote`] has it.
pub(crate) fn quoted_line(argv: &[impl AsRef<[u8]>]) -> String {
    argv.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// One argument as a word that a POSIX shell reads back as exactly these bytes. What can't be seen is written by number,
/// so that every line of the word is also what a screen shows of it; a line break stands as it is, between quotes.
pub(crate) fn quote(argument: impl AsRef<[u8]>) -> String {
    let argument = argument.as_ref();
    if is_plain(argument) {
        return String::from_utf8_lossy(argument).into_owned();
    }
    let mut word = String::with_capacity(argument.len() + 2);
    let mut part = Part::None;
    for chunk in argument.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_shown(c) {
                part = part.quoted(&mut word);
                if c == '\'' { word.push_str(r"'\''") } else { word.push(c) }
            } else {
                part = part.numbered(&mut word);
                number(&mut word, c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        if !chunk.invalid().is_empty() {
            part = part.numbered(&mut word);
            number(&mut word, chunk.invalid());
        }
    }
    part.close(&mut word);
    if word.is_empty() { "''".to_owned() } else { word }
}

/// The first word of a command: no assignment, and no word of the shell's own.
pub(super) fn program(argument: impl AsRef<[u8]>) -> String {
    let word = quote(&argument);
    if word.contains('=') && !word.starts_with('\'') || RESERVED.contains(&word.as_str()) {
        format!("'{word}'")
    } else {
        word
    }
}

/// What stands open while a word is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    None,
    Quoted,
    /// `"$(printf '…')"`: understood by every POSIX shell, where `$'…'` is not.
    Numbered,
}

impl Part {
    fn quoted(self, word: &mut String) -> Self {
        if self != Self::Quoted {
            self.close(word);
            word.push('\'');
        }
        Self::Quoted
    }

    fn numbered(self, word: &mut String) -> Self {
        if self != Self::Numbered {
            self.close(word);
            word.push_str("\"$(printf '");
        }
        Self::Numbered
    }

    fn close(self, word: &mut String) {
        match self {
            Self::None => {}
            Self::Quoted => word.push('\''),
            Self::Numbered => word.push_str("')\""),
        }
    }
}

fn number(word: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(word, "\\{byte:03o}");
    }
}

/// Whether a screen shows the character as itself, or it is a line break.
fn is_shown(c: char) -> bool {
    c == '\n'
        || (' '..='~').contains(&c)
        || (!c.is_control() && !is_hidden(c) && c.width().is_some_and(|width| width > 0))
}

/// Whether no shell sees anything in it but its letters.
fn is_plain(argument: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,{}".contains(byte);
    let braces = argument.contains(&b'{') || argument.contains(&b'}');
    // `{a,b}` and `{1..9}` are several words to some shells, and `=ls` is a path to another.
    let expands = braces && (argument.contains(&b',') || argument.windows(2).any(|two| two == b".."));
    !argument.is_empty() && argument.iter().all(plain) && !expands && argument[0] != b'='
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::text::SafeText;

    #[test]
    fn words_are_quoted_where_they_must_be_and_only_there() {
        for (argument, word) in [
            ("api", "api"),
            ("--no-deps", "--no-deps"),
            ("--context={context}", "--context={context}"),
            ("acme/api:v2.4.1", "acme/api:v2.4.1"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("*.log", "'*.log'"),
            ("~", "'~'"),
            ("{a,b}", "'{a,b}'"),
            ("a\tb", r#"'a'"$(printf '\011')"'b'"#),
            ("\u{1b}[2J", r#""$(printf '\033')"'[2J'"#),
            ("safe\u{202e}", r#"'safe'"$(printf '\342\200\256')""#),
            ("größe 世", "'größe 世'"),
            ("a\nb", "'a\nb'"),
        ] {
            assert_eq!(quote(argument), word);
        }
        assert_eq!(quote(b"\xff\xfe"), r#""$(printf '\377\376')""#);
        assert_eq!((program("env"), quote("TAG=v1")), ("env".to_owned(), "TAG=v1".to_owned()));
        assert_eq!(program("TAG=v1"), "'TAG=v1'");
        assert_eq!(program("if"), "'if'");
    }

    /// What the shells of this machine make of words.
    fn read_back(shell: &str, words: &str) -> Option<Vec<u8>> {
        let output = Command::new(shell).args(["-c", &format!("printf '%s\\0' {words}")]).output().ok()?;
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {words}: {output:?}");
        Some(output.stdout)
    }

    fn argument() -> impl Strategy<Value = Vec<u8>> {
        let nasty = prop::sample::select(
            &[
                "\n",
                "\n\n",
                "'",
                "\"",
                "$",
                "`",
                "\\",
                "-",
                "--",
                " ",
                "\t",
                "\r",
                "\u{1b}[31m",
                "\u{7f}",
                "$(id)",
                "%s",
                "\\n",
                "!",
                "*",
                "~",
                "é",
                "世",
                "e\u{301}",
                "\u{200b}",
                "\u{202e}",
                "👩‍👩‍👧",
                "a",
                "Z9",
                "=",
                "#",
                "&",
                "{a,b}",
                "\u{85}",
            ][..],
        );
        let piece = prop_oneof![
            6 => nasty.prop_map(|text| text.as_bytes().to_vec()),
            2 => prop::collection::vec(1..=255_u8, 0..6),
            1 => any::<String>().prop_map(|text| text.replace('\0', "").into_bytes()),
        ];
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_shell_reads_back_the_very_arguments(argv in prop::collection::vec(argument(), 1..5)) {
            let words = argv.iter().map(quote).collect::<Vec<_>>().join(" ");
            let meant: Vec<u8> = argv.iter().flat_map(|argument| [argument.as_slice(), b"\0"].concat()).collect();
            for shell in ["/bin/sh", "/bin/bash"] {
                if let Some(read) = read_back(shell, &words) {
                    prop_assert_eq!(&read, &meant, "{}: {}", shell, words);
                }
            }
        }

        #[test]
        fn a_program_of_any_name_is_the_one_that_runs(name in "[a-z{}=\\[\\]!' ~$-]{1,6}") {
            let place = tempfile::tempdir().unwrap();
            let at = place.path().join(OsString::from_vec(name.clone().into_bytes()));
            std::os::unix::fs::symlink("/bin/echo", at).unwrap();
            // Not where the shell has a command of that name itself.
            let own = Command::new("/bin/sh").args(["-c", "type \"$1\"", "sh", &name]).env("PATH", "").output().unwrap();
            prop_assume!(!own.status.success() || RESERVED.contains(&name.as_str()));
            // After a blank: a script that begins with `-` would be an option.
            let line = format!(" {} ran", program(&name));
            let output = Command::new("/bin/sh").args(["-c", &line]).env("PATH", place.path()).output().unwrap();
            prop_assert_eq!(String::from_utf8_lossy(&output.stdout), "ran\n", "{}", line);
        }

        #[test]
        fn what_is_shown_of_a_word_is_the_word(argument in argument()) {
            for line in quote(&argument).split('\n') {
                let shown = SafeText::new(line);
                prop_assert_eq!(shown.as_str(), line);
            }
        }
    }
}
