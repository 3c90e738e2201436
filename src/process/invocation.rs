//! A command before it is started: what it is, where it runs, and what its environment holds.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use thiserror::Error;
use tokio::process::{Child, Command};

use super::borrower::TerminalBorrower;
use super::environment;
use super::group::{self, ProcessGroup};
use super::job;

/// A command as it will be started. Values of secrets are in it already, which is why it can't be printed.
pub(crate) struct Invocation {
    program: OsString,
    arguments: Vec<OsString>,
    /// The name that the program sees as its own, where it is another.
    called: Option<&'static str>,
    directory: Option<PathBuf>,
    base: Base,
    environment: Vec<(OsString, OsString)>,
    /// What it reads from its standard input.
    input: Vec<u8>,
}

/// What the environment of a command begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Clean,
    Terminal,
    Ours,
    /// The child that uses it is a thread in our own tests.
    #[cfg(not(test))]
    Empty,
}

/// Why a command was not started.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    /// It has no words.
    #[error("the command is empty")]
    Empty,
    /// Where it would run there is no directory.
    #[error("the directory {} does not exist", .0.display())]
    NoDirectory(PathBuf),
    /// The system did not start it.
    #[error("{}", describe(.program, .error))]
    System {
        /// What was to be started.
        program: String,
        /// As the system says.
        error: io::Error,
    },
}

impl StartError {
    /// The same with the program between backquotes, as messages of runs name programs.
    pub(crate) fn quoted(&self) -> String {
        match self {
            Self::System { program, error } => describe(&format!("`{program}`"), error),
            other => other.to_string(),
        }
    }
}

fn describe(program: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("{program} was not found: is it installed, and in PATH?"),
        io::ErrorKind::PermissionDenied => format!("{program} may not be executed: check its permissions"),
        _ => format!("{program} could not be started: {error}"),
    }
}

impl Invocation {
    /// A program without arguments, in our directory, in a clean environment.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            called: None,
            directory: None,
            base: Base::Clean,
            environment: Vec::new(),
            input: Vec::new(),
        }
    }

    /// A program with its arguments.
    ///
    /// # Errors
    /// [`StartError::Empty`].
    pub(crate) fn from_argv(argv: &[String]) -> Result<Self, StartError> {
        let (program, arguments) = argv.split_first().ok_or(StartError::Empty)?;
        Ok(Self::new(program).args(arguments))
    }

    /// A script for `/bin/sh`.
    pub(crate) fn shell(script: &str) -> Self {
        Self::new("/bin/sh").args(["-c", script])
    }

    /// More arguments.
    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// The name that the program sees as its own.
    #[cfg(not(test))]
    pub(crate) fn called(mut self, name: &'static str) -> Self {
        self.called = Some(name);
        self
    }

    /// Where it runs.
    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    /// One more variable.
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// More variables.
    pub(crate) fn envs(self, variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>) -> Self {
        variables.into_iter().fold(self, |command, (name, value)| command.env(name, value))
    }

    /// What [`Invocation::start`] gives it on its standard input, which ends after that.
    pub(crate) fn input(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    /// With our own environment below its variables instead of the clean one.
    pub(crate) fn in_our_environment(mut self) -> Self {
        self.base = Base::Ours;
        self
    }

    /// With nothing below its variables.
    #[cfg(not(test))]
    pub(crate) fn in_empty_environment(mut self) -> Self {
        self.base = Base::Empty;
        self
    }

    /// Starts it as the leader of a group; stdin holds its input, stdout and stderr are pipes.
    ///
    /// # Errors
    /// See [`StartError`].
    pub(crate) fn start(self) -> Result<ProcessGroup, StartError> {
        self.has_directory()?;
        // Listening begins before the child can end.
        let changes = group::changes();
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let started = self.feed(&mut command).and_then(|()| command.spawn()).map_err(|error| self.not_started(error));
        Ok(ProcessGroup::led_by(started?, changes))
    }

    /// With what a program in a terminal is given below its variables.
    pub(crate) fn in_terminal_environment(mut self) -> Self {
        self.base = Base::Terminal;
        self
    }

    /// Starts it in our own group, with our terminal: `stdin`, or the keyboard itself where that is `None`.
    ///
    /// # Errors
    /// See [`StartError`].
    pub(crate) fn start_in_terminal(
        self,
        keyboard: OwnedFd,
        stdin: Option<Stdio>,
    ) -> Result<TerminalBorrower, StartError> {
        self.has_directory()?;
        // Listening begins before the child can be stopped.
        let (changes, mode) = (group::changes(), TerminalBorrower::mode_of(&keyboard));
        let stdin = stdin.map_or_else(|| keyboard.try_clone().map(Stdio::from), Ok);
        let started = stdin.and_then(|stdin| self.command().stdin(stdin).stderr(job::errors_in_terminal()).spawn());
        let child = started.map_err(|error| self.not_started(error))?;
        Ok(TerminalBorrower::new(child, keyboard, mode, changes))
    }

    fn has_directory(&self) -> Result<(), StartError> {
        match self.directory.as_ref().filter(|directory| !directory.is_dir()) {
            Some(missing) => Err(StartError::NoDirectory(missing.clone())),
            None => Ok(()),
        }
    }

    fn not_started(&self, error: io::Error) -> StartError {
        StartError::System { program: self.program.to_string_lossy().into_owned(), error }
    }

    /// Starts it in our own group, with these as its stdin, stdout and stderr. It outlives the value that is returned.
    ///
    /// # Errors
    /// As the system reports.
    pub(crate) fn spawn(self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> io::Result<Child> {
        self.command().stdin(stdin).stdout(stdout).stderr(stderr).spawn()
    }

    /// Starts it in a group of its own, so that ^C in the terminal is ours alone. It ends with the value that is returned.
    ///
    /// # Errors
    /// As the system reports.
    #[cfg(not(test))]
    pub(crate) fn spawn_bound(self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> io::Result<Child> {
        self.command().stdin(stdin).stdout(stdout).stderr(stderr).process_group(0).kill_on_drop(true).spawn()
    }

    /// Makes a pipe of the input. A thread fills it, for a pipe holds less than a message may have; it ends with the reader.
    fn feed(&self, command: &mut Command) -> io::Result<()> {
        if self.input.is_empty() {
            return Ok(());
        }
        let (reader, mut writer) = io::pipe()?;
        let input = self.input.clone();
        let fill = move || drop(writer.write_all(&input));
        std::thread::Builder::new().name("input".to_owned()).spawn(fill)?;
        command.stdin(Stdio::from(reader));
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(name) = self.called {
            command.arg0(name);
        }
        command.args(&self.arguments);
        match self.base {
            Base::Clean => command.env_clear().envs(environment::clean(|name| std::env::var_os(name))),
            Base::Terminal => command.env_clear().envs(environment::in_terminal(|name| std::env::var_os(name))),
            Base::Ours => &mut command,
            #[cfg(not(test))]
            Base::Empty => command.env_clear(),
        };
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }
}
