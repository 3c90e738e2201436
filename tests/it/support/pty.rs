//! The true binary in a pseudo-terminal, with a screen that can be asked.
#![expect(clippy::disallowed_methods, reason = "a test waits, and reads what the program wrote")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// Every wait ends here: far beyond what any of them takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Every terminal answers this one.
const QUESTION: &[u8] = b"\x1b[5n";

/// How a terminal is reached, and what it answers.
#[derive(Debug, Clone, Copy)]
pub struct Wire {
    /// Bytes that arrive at once,
    pub bytes: usize,
    /// and the pause after them.
    pub pause: Duration,
    /// After how long an answer of the terminal arrives; it gives none without.
    pub answers: Option<Duration>,
}

impl Default for Wire {
    fn default() -> Self {
        Self { bytes: 4096, pause: Duration::ZERO, answers: Some(Duration::ZERO) }
    }
}

type Keyboard = Arc<Mutex<Option<Box<dyn Write + Send>>>>;

struct Shown {
    parser: vt100::Parser,
    raw: Vec<u8>,
    /// The far end reads no more.
    held: bool,
    closed: bool,
}

/// A program in a terminal.
pub struct Terminal {
    shown: Arc<(Mutex<Shown>, Condvar)>,
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Keyboard,
    child: Box<dyn Child + Send + Sync>,
    device: PathBuf,
    before: String,
    home: tempfile::TempDir,
}

impl Terminal {
    /// Starts the console on a configuration.
    pub fn console(config: &Path, columns: u16, rows: u16) -> Self {
        Self::program(
            &[env!("CARGO_BIN_EXE_opsroom"), "--config", config.to_str().expect("a path of the test")],
            columns,
            rows,
            &[],
        )
    }

    /// Starts the console from a script, after its words `before`. The shell waits for it in its group, without job control.
    pub fn in_script(before: &str, config: &Path, columns: u16, rows: u16) -> Self {
        let script = format!("{before} {} --config {}; exit $?", env!("CARGO_BIN_EXE_opsroom"), config.display());
        Self::program(&["/bin/sh", "-c", &script], columns, rows, &[])
    }

    /// Starts any program.
    pub fn program(argv: &[&str], columns: u16, rows: u16, environment: &[(&str, &str)]) -> Self {
        Self::over(Wire::default(), argv, columns, rows, environment)
    }

    /// Starts any program in a terminal behind a wire.
    pub fn over(wire: Wire, argv: &[&str], columns: u16, rows: u16, environment: &[(&str, &str)]) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let device = pair.master.tty_name().expect("a pseudo-terminal has a name");
        let before = mode(&device);
        let home = tempfile::tempdir().expect("a directory");
        let mut command = CommandBuilder::new(argv[0]);
        command.args(&argv[1..]);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("PATH", "/usr/bin:/bin"), ("PS1", "$ ")]
        {
            command.env(name, value);
        }
        command.env("HOME", home.path());
        command.env("XDG_STATE_HOME", home.path().join("state"));
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let reader = pair.master.try_clone_reader().expect("a reader");
        let keyboard = Arc::new(Mutex::new(Some(pair.master.take_writer().expect("a writer"))));
        let parser = vt100::Parser::new(rows, columns, 0);
        let shown =
            Arc::new((Mutex::new(Shown { parser, raw: Vec::new(), held: false, closed: false }), Condvar::new()));
        let (theirs, typing) = (Arc::clone(&shown), Arc::clone(&keyboard));
        std::thread::spawn(move || read(reader, wire, &theirs, typing));
        Self { shown, master: Some(pair.master), keyboard, child, device, before, home }
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        let mut keyboard = self.keyboard.lock().expect("no test has failed yet");
        let keyboard = keyboard.as_mut().expect("the far end is open");
        keyboard.write_all(keys.as_bytes()).and_then(|()| keyboard.flush()).expect("the terminal takes keys");
    }

    /// Waits until the screen is as wanted; fails with what it shows instead.
    pub fn wait(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let (shown, changed) = &*self.shown;
        let guard = shown.lock().expect("no test has failed yet");
        let (guard, late) = changed
            .wait_timeout_while(guard, PATIENCE, |shown| !wanted(shown.parser.screen()) && !shown.closed)
            .expect("no test has failed yet");
        let screen = guard.parser.screen();
        assert!(
            wanted(screen),
            "{what}: not seen{}:\n{}",
            if late.timed_out() { "" } else { " before the end" },
            screen.contents()
        );
    }

    /// Waits for a text on the screen.
    pub fn wait_for(&self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    /// The time in the console's header.
    pub fn clock(&self) -> String {
        clock(&self.contents())
    }

    /// Waits until that goes on.
    pub fn wait_a_second(&self) {
        let before = self.clock();
        self.wait("the next second", |screen| clock(&screen.contents()) != before);
    }

    /// Confirms the dialog with these words. One that has just been opened is deaf for a moment: pressed again until it
    /// listens, as people do.
    pub fn confirm(&mut self, asks: &str) {
        self.wait_for(asks);
        until("the dialog takes the key", || {
            self.press("y");
            self.wait_a_second();
            !self.contents().contains(asks)
        });
    }

    /// How many bytes were written so far.
    pub fn written(&self) -> usize {
        self.shown.0.lock().expect("no test has failed yet").raw.len()
    }

    /// Everything that was written so far.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.shown.0.lock().expect("no test has failed yet").raw).into_owned()
    }

    /// The text on the screen.
    pub fn contents(&self) -> String {
        self.shown.0.lock().expect("no test has failed yet").parser.screen().contents()
    }

    /// The far end stops reading, as Ctrl-S or a sleeping laptop does.
    pub fn hold(&self) {
        self.shown.0.lock().expect("no test has failed yet").held = true;
    }

    /// Another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.shown.0.lock().expect("no test has failed yet").parser.screen_mut().set_size(rows, columns);
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().expect("the far end is open").resize(size).expect("a terminal can be resized");
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the program is there");
    }

    /// Where the program keeps what it writes: `$XDG_STATE_HOME`.
    pub fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// The program's process.
    pub fn pid(&self) -> Pid {
        let id = self.child.process_id().expect("the program has an id");
        Pid::from_raw(id.cast_signed()).expect("an id is not 0")
    }

    /// The program whose group has the terminal, as the kernel names it; empty where that is gone.
    pub fn foreground(&self) -> String {
        let leader = self.master.as_ref().and_then(|master| master.process_group_leader());
        let name = leader.map(|leader| std::fs::read_to_string(format!("/proc/{leader}/comm")).unwrap_or_default());
        name.unwrap_or_default().trim().to_owned()
    }

    /// Whether what is typed reaches a program as it is typed, unseen.
    pub fn is_raw(&self) -> bool {
        let mode = attributes(&self.device).local_modes;
        !mode.intersects(rustix::termios::LocalModes::ICANON | rustix::termios::LocalModes::ECHO)
    }

    /// Waits until the program is stopped, as the kernel sees it.
    pub fn wait_until_stopped(&self) {
        let path = format!("/proc/{}/stat", self.pid().as_raw_pid());
        until("the program is stopped", || {
            let stat = std::fs::read_to_string(&path).unwrap_or_default();
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
        });
    }

    /// Closes the far end. The reader has a handle of its own and lets go of it with the next bytes, which the clock of the
    /// console writes every second.
    pub fn close(&mut self) {
        self.hold();
        *self.keyboard.lock().expect("no test has failed yet") = None;
        self.master = None;
    }

    /// Waits for the end of the program.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(ended) = self.child.try_wait().expect("a child can be asked") {
                return ended;
            }
            assert!(begun.elapsed() < PATIENCE, "the program does not end:\n{}", self.contents());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Fails where anything of the program is left in the terminal.
    pub fn assert_restored(&self, when: &str) {
        self.wait(&format!("the shell's screen, {when}"), |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
        let raw = self.raw();
        let last = |on: &str, off: &str| (raw.rfind(on), raw.rfind(off));
        for mode in [1004, 2004, 1049, 2026, 1000, 1006] {
            let (on, off) = last(&format!("\x1b[?{mode}h"), &format!("\x1b[?{mode}l"));
            assert!(on < off || on.is_none(), "mode {mode} is left on, {when}");
        }
        until(&format!("the terminal's mode is as before, {when}"), || mode(&self.device) == self.before);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed leaves it running, or stopped.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn read(mut reader: Box<dyn Read + Send>, wire: Wire, shown: &(Mutex<Shown>, Condvar), keyboard: Keyboard) {
    let (shown, changed) = shown;
    let mut bytes = vec![0; wire.bytes];
    let (mut read_up_to, asked) = (0, answering(wire, keyboard));
    loop {
        if shown.lock().expect("no test has failed yet").held {
            return;
        }
        let count = reader.read(&mut bytes).unwrap_or(0);
        let mut shown = shown.lock().expect("no test has failed yet");
        if count == 0 {
            shown.closed = true;
            changed.notify_all();
            return;
        }
        shown.raw.extend_from_slice(&bytes[..count]);
        shown.parser.process(&bytes[..count]);
        while let Some(at) = shown.raw[read_up_to..].windows(QUESTION.len()).position(|bytes| bytes == QUESTION) {
            read_up_to += at + QUESTION.len();
            asked.send(Instant::now()).ok();
        }
        read_up_to = read_up_to.max(shown.raw.len().saturating_sub(QUESTION.len() - 1));
        changed.notify_all();
        drop(shown);
        std::thread::sleep(wire.pause);
    }
}

/// Answers what it is told of, each after the time that the wire takes. The far end may be closed by then.
fn answering(wire: Wire, keyboard: Keyboard) -> mpsc::Sender<Instant> {
    let (asked, questions) = mpsc::channel::<Instant>();
    std::thread::spawn(move || {
        for question in questions {
            let Some(delay) = wire.answers else { continue };
            std::thread::sleep((question + delay).saturating_duration_since(Instant::now()));
            if let Some(keyboard) = keyboard.lock().expect("no test has failed yet").as_mut() {
                keyboard.write_all(b"\x1b[0n").and_then(|()| keyboard.flush()).ok();
            }
        }
    });
    asked
}

/// The terminal's mode in words.
fn mode(device: &Path) -> String {
    format!("{:?}", attributes(device))
}

fn attributes(device: &Path) -> rustix::termios::Termios {
    let terminal = std::fs::OpenOptions::new().read(true).open(device).expect("the terminal can be opened");
    rustix::termios::tcgetattr(&terminal).expect("a terminal has a mode")
}

/// The time in the header of a screen: `02:41:07`.
pub fn clock(shown: &str) -> String {
    let header = shown.lines().next().unwrap_or_default();
    header.split_whitespace().last().unwrap_or_default().trim_end_matches('Z').to_owned()
}

/// Waits for a condition.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {} s", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until what is looked at is as wanted, and returns it; fails with what was seen last.
pub fn until_seen<T: std::fmt::Debug>(what: &str, mut look: impl FnMut() -> T, wanted: impl Fn(&T) -> bool) -> T {
    let begun = Instant::now();
    loop {
        let seen = look();
        if wanted(&seen) {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {} s, but {seen:#?}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(5));
    }
}
