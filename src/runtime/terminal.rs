//! The terminal guard: raw mode, alternate screen, bracketed paste, focus reports and mouse, entered and left as one.
//!
//! Entering and leaving are idempotent and best-effort: every step is tried though another failed, because a
//! half-restored terminal is worse than an unreported error. What must be undone is kept in a static, so that the panic hook
//! and every other way out can restore the person's shell without holding the guard.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::termios::{OptionalActions, Termios};

/// Undoes what another program left behind that was killed: terminals keep the modes of whoever had them. It stands before the
/// alternate screen, since terminals keep the character set and the colours with the cursor that leaving brings back, and
/// so nothing in it moves that cursor. In this order: the end of a string that was cut short; the cursor's place, which a
/// terminal that takes the next for `CSI u` goes back to; the keys of kitty and of xterm; insert mode, line feeds that
/// return, left and right margins, wrapping, cursor keys and keypad, character sets, reverse video, the cursor's shape, a
/// frame that was begun; every report of the mouse. No soft reset (`CSI ! p`): some terminals forget with it where the
/// cursor of the person's screen was.
const RESET: &[u8] = b"\x1b\\\x1b7\x1b[<99u\x1b[>4m\x1b[m\x1b[4l\x1b[20l\x1b[?69l\x1b[?7h\x1b[?1l\x1b>\x1b(B\x1b)B\x0f\
    \x1b[?5l\x1b[0 q\x1b[?2026l\x1b[?9l\x1b[?1000l\x1b[?1001l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\
    \x1b[?1016l";
/// The rest of it, which moves the cursor or is kept for each screen apart: origin mode, margins, and kitty's keys.
const RESET_SCREEN: &[u8] = b"\x1b[?6l\x1b[r\x1b[<99u";
/// Alternate screen, cursor hidden, bracketed paste, focus reports, cleared.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1004h\x1b[m\x1b[2J";
/// The opposite, in the opposite order; also ends a synchronized update that was cut short.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[?1004l\x1b[?2004l\x1b[m\x1b[?25h\x1b[?1049l";
/// Buttons and wheel, in the SGR form that has no limit of 223 columns.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";
/// Keeps and brings back the title on the terminal's own stack.
const TITLE_PUSH: &[u8] = b"\x1b[22;2t";
const TITLE_POP: &[u8] = b"\x1b[23;2t";

/// What has to be undone.
struct Entered {
    termios: Option<Termios>,
    mouse: bool,
    titled: bool,
}

static ENTERED: Mutex<Option<Entered>> = Mutex::new(None);

/// The lock is taken through a panic too: what it guards is a plain value, whole at every moment.
fn entered() -> MutexGuard<'static, Option<Entered>> {
    ENTERED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where keys come from: standard input, or the controlling terminal where standard input is something else.
#[derive(Debug)]
pub(crate) struct KeyInput(Option<OwnedFd>);

impl KeyInput {
    /// Finds the terminal's keyboard.
    ///
    /// # Errors
    /// There is no terminal to read from.
    #[expect(clippy::disallowed_methods, reason = "the runtime owns the terminal's own device file")]
    pub(crate) fn find() -> io::Result<Self> {
        if io::stdin().is_terminal() {
            return Ok(Self(None));
        }
        Ok(Self(Some(File::open("/dev/tty")?.into())))
    }
}

impl AsFd for KeyInput {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.0 {
            Some(fd) => fd.as_fd(),
            None => rustix::stdio::stdin(),
        }
    }
}

/// Enters: raw mode on the keyboard, and the bytes that the screen needs are appended to `out`, so that they leave in
/// one write with the first frame. Does nothing where the terminal is entered already.
pub(crate) fn enter(input: &impl AsFd, mouse: bool, out: &mut Vec<u8>) {
    let mut state = entered();
    if state.is_some() {
        return;
    }
    let termios = rustix::termios::tcgetattr(input).ok();
    if let Some(before) = &termios {
        let mut raw = before.clone();
        raw.make_raw();
        if let Err(error) = rustix::termios::tcsetattr(input, OptionalActions::Now, &raw) {
            tracing::warn!(%error, "raw mode");
        }
    }
    out.extend_from_slice(ENTER);
    if mouse {
        out.extend_from_slice(MOUSE_ON);
    }
    *state = Some(Entered { termios, mouse, titled: false });
}

/// Enters after another program had the terminal: its modes are undone first. Does nothing where the terminal is entered.
pub(crate) fn enter_after_other(input: &impl AsFd, mouse: bool, out: &mut Vec<u8>) {
    if is_entered() {
        return;
    }
    out.extend_from_slice(RESET);
    // What `enter` clears is still seen through the margins of whoever had it: nothing of ours is drawn before the rest.
    enter(input, mouse, out);
    out.extend_from_slice(RESET_SCREEN);
}

/// Whether the terminal is ours at present.
pub(crate) fn is_entered() -> bool {
    entered().is_some()
}

/// Enters once more what may have been left behind our back (stopped and continued): raw mode and every mode again. What
/// leaving restores stays what it was at first.
pub(crate) fn enter_again(input: &impl AsFd, out: &mut Vec<u8>) {
    let state = entered().take();
    enter(input, state.as_ref().is_some_and(|state| state.mouse), out);
    if let (Some(old), Some(new)) = (state, entered().as_mut()) {
        new.termios = old.termios;
        new.titled = old.titled;
    }
}

/// The bytes that undo what was entered, and the mode to go back to; `None` where nothing is entered.
fn take() -> Option<(Vec<u8>, Option<Termios>)> {
    let Entered { termios, mouse, titled } = entered().take()?;
    let mut out = Vec::with_capacity(80);
    if mouse {
        out.extend_from_slice(MOUSE_OFF);
    }
    if titled {
        out.extend_from_slice(TITLE_POP);
    }
    out.extend_from_slice(LEAVE);
    Some((out, termios))
}

/// Leaves; `write` carries the bytes (through the writer thread, so that a blocked terminal can't hold us for ever).
///
/// The mode comes first: who sees that our screen is gone types for the next program, and in raw mode the end of a line
/// would be none.
pub(crate) fn leave_with(input: &impl AsFd, write: impl FnOnce(Vec<u8>)) {
    let Some((out, termios)) = take() else { return };
    if let Some(termios) = termios {
        // A terminal that is gone answers EIO; there is nothing left to restore then.
        if let Err(error) = rustix::termios::tcsetattr(input, OptionalActions::Now, &termios) {
            tracing::debug!(%error, "restoring the terminal's mode");
        }
    }
    write(out);
}

/// Leaves by writing straight to the terminal: for the panic hook, which has nothing else.
pub(crate) fn leave_now() {
    let write = |out: Vec<u8>| {
        let mut stdout = io::stdout().lock();
        if stdout.write_all(&out).and_then(|()| stdout.flush()).is_err() {
            tracing::debug!("could not reset the terminal");
        }
    };
    match KeyInput::find() {
        Ok(input) => leave_with(&input, write),
        Err(_) => {
            if let Some((out, _)) = take() {
                write(out);
            }
        }
    }
}

/// Captures or frees the mouse.
pub(crate) fn set_mouse(on: bool, out: &mut Vec<u8>) {
    if let Some(state) = entered().as_mut()
        && state.mouse != on
    {
        state.mouse = on;
        out.extend_from_slice(if on { MOUSE_ON } else { MOUSE_OFF });
    }
}

/// Sets the title; the one before is kept by the terminal and comes back on leaving. `title` holds no control characters.
pub(crate) fn set_title(title: &str, out: &mut Vec<u8>) {
    if let Some(state) = entered().as_mut() {
        if !state.titled {
            state.titled = true;
            out.extend_from_slice(TITLE_PUSH);
        }
        out.extend_from_slice(b"\x1b]2;");
        out.extend(title.bytes().filter(|byte| !byte.is_ascii_control()));
        out.push(0x07);
    }
}

/// Columns and rows of the terminal on standard output; 80×24 where it does not say.
pub(crate) fn size() -> (u16, u16) {
    match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => (80, 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a terminal of its own")]
    fn who_sees_our_screen_go_finds_the_mode_of_before() {
        use rustix::termios::{LocalModes, tcgetattr};
        let pair = portable_pty::native_pty_system().openpty(portable_pty::PtySize::default()).unwrap();
        let keyboard = File::open(pair.master.tty_name().unwrap()).unwrap();
        let takes_lines = || tcgetattr(&keyboard).unwrap().local_modes.contains(LocalModes::ICANON);
        enter(&keyboard, false, &mut Vec::new());
        assert!(!takes_lines());
        let mut then = false;
        leave_with(&keyboard, |_| then = takes_lines());
        assert!(then, "a line that is typed now has no end");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "something that is no terminal")]
    fn entering_and_leaving_twice_is_as_once_and_undoes_every_mode() {
        let null = File::open("/dev/null").unwrap();
        let mut out = Vec::new();
        enter(&null, true, &mut out);
        let first = out.len();
        enter(&null, true, &mut out);
        assert_eq!(out.len(), first, "a second enter writes nothing");
        set_title("bad\x1b]0;evil\x07title", &mut out);
        let mut farewell = Vec::new();
        leave_with(&null, |bytes| farewell = bytes);
        let mut second = None;
        leave_with(&null, |bytes| second = Some(bytes));
        assert!(second.is_none(), "a second leave writes nothing");
        let (entered, left) = (String::from_utf8(out).unwrap(), String::from_utf8(farewell).unwrap());
        for mode in ["1049", "2004", "1004", "1000", "1006"] {
            assert!(entered.contains(&format!("\x1b[?{mode}h")), "{mode} is not entered");
            assert!(left.contains(&format!("\x1b[?{mode}l")), "{mode} is not left");
        }
        assert!(entered.contains("\x1b[?25l") && left.contains("\x1b[?25h"));
        assert!(left.contains("\x1b[23;2t"), "the title comes back");
        assert!(!entered.contains("\x1b]0;"), "a title can't smuggle a sequence");
    }
}
