//! Traces of exceptions and panics, as the runtimes of languages write them: how they begin, and which lines that are
//! not indented belong to them.

use crate::logs::record::Level;

/// Whose trace it is; that decides which lines go on with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trace {
    /// Python: `Traceback (most recent call last):`, frames, the exception, perhaps another traceback.
    Python,
    /// Java, Kotlin, Scala, .NET and JavaScript: the exception, frames, causes.
    Exception,
    /// JavaScript that ended its process: the place, the source line, the exception, frames.
    Node,
    /// Ruby: `file.rb:3:in 'call': text (Class)`.
    Ruby,
    /// Go: `panic: text`, then one block for each goroutine.
    Go,
    /// Rust: `thread 'main' panicked at …`, the text, a backtrace.
    Rust,
}

impl Trace {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [Self::Python, Self::Exception, Self::Node, Self::Ruby, Self::Go, Self::Rust];
}

/// Whether `line` begins a trace, and how grave that is.
pub(crate) fn head(line: &str) -> Option<(Trace, Level)> {
    let (trace, level) = match line.as_bytes().first()? {
        b'T' if line.starts_with("Traceback (most recent call last)") => (Trace::Python, Level::Error),
        b'p' if line.starts_with("panic: ") => (Trace::Go, Level::Fatal),
        b'f' if line.starts_with("fatal error: ") => (Trace::Go, Level::Fatal),
        b'g' if is_goroutine(line) => (Trace::Go, Level::Error),
        b't' if line.starts_with("thread '") && line.contains("' panicked at") => (Trace::Rust, Level::Fatal),
        b't' if line.starts_with("thread '") && line.contains(") panicked at") => (Trace::Rust, Level::Fatal),
        b'E' if line.starts_with("Exception in thread \"") => (Trace::Exception, Level::Error),
        b'U' if line.starts_with("Unhandled exception. ") => (Trace::Exception, Level::Fatal),
        b'U' if line.starts_with("Uncaught ") => (Trace::Exception, Level::Fatal),
        b'/' | b'n' | b'f' if is_node_place(line) => (Trace::Node, Level::Fatal),
        _ if is_ruby_frame(line) => (Trace::Ruby, Level::Error),
        _ if is_exception(line) => (Trace::Exception, Level::Error),
        _ => return None,
    };
    Some((trace, level))
}

/// Whether a line goes on with the trace, though it is not indented. `last` is the line before it.
pub(crate) fn goes_on(trace: Trace, last: &str, line: &str) -> bool {
    match trace {
        Trace::Python => python(last, line),
        Trace::Exception => {
            line.starts_with("Caused by: ")
                || line.starts_with("Suppressed: ")
                || line.starts_with("... ")
                || line.starts_with("---> ")
                || line.starts_with("--- End of ")
                || (line == "}" && last.starts_with(' '))
        }
        Trace::Node => {
            line.is_empty()
                || line == "}"
                || is_node_place(last)
                || line.starts_with("Node.js v")
                || (last.is_empty() || last.trim_start().starts_with('^')) && is_exception(line)
        }
        Trace::Ruby => is_ruby_frame(line),
        Trace::Go => go(last, line),
        Trace::Rust => {
            line == "stack backtrace:"
                || line.starts_with("note: ")
                // What was said is in the line after the place.
                || (last.ends_with(':') && last.contains("panicked at "))
        }
    }
}

fn python(last: &str, line: &str) -> bool {
    const LINKS: [&str; 2] = ["During handling of the above exception", "The above exception was the direct cause"];
    if line.is_empty() {
        return !last.is_empty();
    }
    let is_link = |line: &str| LINKS.iter().any(|link| line.starts_with(link));
    if last.is_empty() {
        return is_link(line) || line.starts_with("Traceback (most recent call last)");
    }
    // The exception itself follows the last frame.
    last.starts_with(' ') && is_class(line)
}

/// `ValueError: text`, `KeyboardInterrupt`, `asyncio.exceptions.CancelledError`; no `INFO: text`.
fn is_class(line: &str) -> bool {
    let (name, rest) = line.split_at(line.find([':', ' ']).unwrap_or(line.len()));
    (rest.is_empty() || rest.starts_with(':'))
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
}

fn go(last: &str, line: &str) -> bool {
    line.is_empty()
        || is_goroutine(line)
        || line.starts_with("created by ")
        || line.starts_with("[signal ")
        || line.starts_with("runtime stack:")
        || line.starts_with("panic: ")
        || line.starts_with("exit status ")
        || line.starts_with("[recovered")
        || line.starts_with("...")
        || (is_go_call(line) && (is_goroutine(last) || last.starts_with(['\t', ' ']) || last == "runtime stack:"))
}

fn is_goroutine(line: &str) -> bool {
    line.strip_prefix("goroutine ").is_some_and(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && rest[digits..].contains('[') && rest.ends_with("]:")
    })
}

/// `main.(*Server).handle(0xc000, {0x1, 0x2})`.
fn is_go_call(line: &str) -> bool {
    line.ends_with(')')
        && line.split('(').next().is_some_and(|name| (name.contains('.') || name == "panic") && !name.contains(' '))
}

/// `/app/index.js:10`, `file:///app/index.mjs:10`, `node:internal/x:10`.
fn is_node_place(line: &str) -> bool {
    let Some((path, number)) = line.rsplit_once(':') else { return false };
    let place = path.starts_with('/') || path.starts_with("file:///") || path.starts_with("node:");
    place
        && !path.contains(' ')
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && (path.starts_with("node:")
            || [".js", ".cjs", ".mjs", ".ts", ".tsx", ".jsx"].iter().any(|end| path.ends_with(end)))
}

/// `app/models/user.rb:12:in 'save'`.
fn is_ruby_frame(line: &str) -> bool {
    let path = &line[..line.find(' ').unwrap_or(line.len())];
    path.match_indices(':').any(|(at, _)| {
        let after = &line[at + 1..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && after[digits..].starts_with(":in ") && path.as_bytes()[..at].ends_with(b".rb")
    })
}

/// `java.lang.IllegalStateException: text`, `System.IO.IOException`, `TypeError: text`, `TypeError [CODE]: text`.
fn is_exception(line: &str) -> bool {
    let end = line.find([':', ' ']).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let ends = ["Exception", "Error", "Throwable"].iter().any(|end| name.ends_with(end));
    ends && name.len() > "Error".len()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$'))
        && name.bytes().any(|byte| byte.is_ascii_uppercase())
        && (rest.is_empty() || rest.starts_with(':') || rest.starts_with(" ["))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_of_traces() {
        for (line, expected) in [
            ("Traceback (most recent call last):", Some(Trace::Python)),
            ("java.lang.IllegalStateException: pool is closed", Some(Trace::Exception)),
            ("Exception in thread \"main\" java.lang.NullPointerException", Some(Trace::Exception)),
            ("System.InvalidOperationException: no", Some(Trace::Exception)),
            ("TypeError: x is not a function", Some(Trace::Exception)),
            ("TypeError [ERR_INVALID]: x", Some(Trace::Exception)),
            ("/app/index.js:10", Some(Trace::Node)),
            ("node:internal/process/promises:288", Some(Trace::Node)),
            ("app.rb:3:in `call': no (RuntimeError)", Some(Trace::Ruby)),
            ("panic: runtime error: index out of range", Some(Trace::Go)),
            ("goroutine 1 [running]:", Some(Trace::Go)),
            ("thread 'main' panicked at src/main.rs:2:5:", Some(Trace::Rust)),
            ("thread 'main' (12345) panicked at src/main.rs:2:5:", Some(Trace::Rust)),
            ("Error: no", None),
            ("NoError at all", None),
            ("/etc/hosts:10", None),
            ("panicking is no panic", None),
            ("", None),
        ] {
            assert_eq!(head(line).map(|found| found.0), expected, "{line}");
        }
    }
}
