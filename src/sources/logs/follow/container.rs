//! What container runtimes put around the lines of a program: the files of CRI (containerd, CRI-O, podman) and the
//! JSON files of docker.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::logs::fields;
use crate::logs::format::Format;
use crate::sources::logs::decode::MAX_LINE;

/// A line of a program as its runtime wrote it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped<'a> {
    /// What the program wrote, without its line feed.
    pub line: Cow<'a, [u8]>,
    /// When the runtime read it, as written.
    pub time: Cow<'a, str>,
    /// Whether the program wrote it to stderr.
    pub stderr: bool,
    /// Whether the program's line ends here; runtimes cut long lines into pieces.
    pub whole: bool,
}

/// What is wrapped in `bytes`, where a runtime wrote them.
pub fn unwrap(bytes: &[u8]) -> Option<Wrapped<'_>> {
    match bytes.first()? {
        b'0'..=b'9' => cri(bytes),
        b'{' if bytes.starts_with(b"{\"log\":\"") => docker(bytes),
        _ => None,
    }
}

/// `2026-11-21T10:00:00.123456789Z stderr F text`; `P` where the line goes on in the next entry.
fn cri(bytes: &[u8]) -> Option<Wrapped<'_>> {
    let end = memchr::memchr(b' ', &bytes[..bytes.len().min(40)])?;
    let (time, rest) = (&bytes[..end], &bytes[end + 1..]);
    if time.len() < 20 || time[10] != b'T' {
        return None;
    }
    let stderr = rest.starts_with(b"stderr ");
    let tag = if stderr { &rest[7..] } else { rest.strip_prefix(b"stdout ")? };
    let whole = match tag {
        [b'F'] | [b'F', b' ' | b':', ..] => true,
        [b'P'] | [b'P', b' ' | b':', ..] => false,
        _ => return None,
    };
    let line = memchr::memchr(b' ', tag).map_or(&tag[tag.len()..], |at| &tag[at + 1..]);
    Some(Wrapped { line: Cow::Borrowed(line), time: Cow::Borrowed(std::str::from_utf8(time).ok()?), stderr, whole })
}

/// `{"log":"text\n","stream":"stderr","time":"2026-11-21T10:00:00.123456789Z"}`; without the line feed where the line
/// goes on in the next entry.
fn docker(bytes: &[u8]) -> Option<Wrapped<'_>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (mut line, mut stream, mut time) = (None, None, None);
    let closed = fields::walk(Format::Json, text, &mut |key, value| {
        match key {
            "log" => line = Some(value.text()),
            "stream" => stream = Some(value.text()),
            "time" => time = Some(value.text()),
            key if key.starts_with("attrs.") => {}
            // Somebody else's object.
            _ => {
                line = None;
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    let (line, stream, time) = (line?, stream?, time?);
    if !closed || !matches!(&*stream, "stdout" | "stderr") {
        return None;
    }
    let whole = line.ends_with('\n');
    let line = match line {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_end_matches(['\n', '\r']).len());
            Cow::Owned(text.into_bytes())
        }
    };
    Some(Wrapped { line, time, stderr: stream == "stderr", whole })
}

/// The pieces of lines that are not whole yet, of stdout and of stderr.
#[derive(Debug, Default)]
pub struct Pieces([Vec<u8>; 2]);

impl Pieces {
    /// Adds a piece; returns the line where it is whole, and how many bytes had no room in it.
    pub fn add<'a>(&mut self, wrapped: &Wrapped<'a>) -> (Option<Cow<'a, [u8]>>, u64) {
        let held = &mut self.0[usize::from(wrapped.stderr)];
        if held.is_empty() && wrapped.whole {
            return (Some(wrapped.line.clone()), 0);
        }
        let room = MAX_LINE.saturating_sub(held.len()).min(wrapped.line.len());
        held.extend_from_slice(&wrapped.line[..room]);
        let cut = (wrapped.line.len() - room) as u64;
        (wrapped.whole.then(|| Cow::Owned(std::mem::take(held))), cut)
    }

    /// Whether every line is whole.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// Takes what has no end, with whether it is of stderr: nothing will follow.
    pub(crate) fn take_payloads(&mut self) -> impl Iterator<Item = (Vec<u8>, bool)> + use<> {
        let [out, err] = std::mem::take(&mut self.0);
        [(out, false), (err, true)].into_iter().filter(|(piece, _)| !piece.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<(String, String, bool, bool)> {
        let found = unwrap(line.as_bytes())?;
        let line = String::from_utf8_lossy(&found.line).into_owned();
        Some((line, found.time.into_owned(), found.stderr, found.whole))
    }

    #[test]
    fn lines_of_runtimes() {
        let time = "2026-11-21T10:00:00.123456789Z";
        for (line, inner, stderr, whole) in [
            ("2026-11-21T10:00:00.123456789Z stdout F hello", "hello", false, true),
            ("2026-11-21T10:00:00.123456789Z stderr P  half", " half", true, false),
            ("2026-11-21T10:00:00.123456789Z stderr F:x tagged", "tagged", true, true),
            ("2026-11-21T10:00:00.123456789Z stdout F", "", false, true),
            (r#"{"log":"hello\n","stream":"stdout","time":"2026-11-21T10:00:00.123456789Z"}"#, "hello", false, true),
            (
                r#"{"log":"a \"b\"\r\n","stream":"stderr","time":"2026-11-21T10:00:00.123456789Z"}"#,
                "a \"b\"",
                true,
                true,
            ),
            (r#"{"log":"half","stream":"stderr","time":"2026-11-21T10:00:00.123456789Z"}"#, "half", true, false),
            (
                r#"{"log":"x\n","stream":"stdout","attrs":{"tag":"web"},"time":"2026-11-21T10:00:00.123456789Z"}"#,
                "x",
                false,
                true,
            ),
        ] {
            assert_eq!(of(line), Some((inner.to_owned(), time.to_owned(), stderr, whole)), "{line}");
        }
    }

    #[test]
    fn lines_of_others() {
        for line in [
            "2026-11-21T10:00:00Z stdout is closed",
            "2026-11-21 10:00:00 stdout F x",
            r#"{"log":"x","level":"info","stream":"stdout","time":"now"}"#,
            r#"{"log":"x\n","stream":"stdout"}"#,
            r#"{"log":"x\n","stream":"stdout","time":"2026"#,
            "",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
