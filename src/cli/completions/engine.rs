//! What the last word of a command line may be, by the command line's own description.

use clap::{Arg, ArgAction, Command};

use super::{Kind, Question};

/// One thing that the word may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The word.
    pub value: String,
    /// What it is, in a few words.
    pub help: String,
}

impl Candidate {
    /// A candidate; the help is cut to its first line.
    pub(crate) fn new(value: impl Into<String>, help: &str) -> Self {
        Self { value: value.into(), help: help.lines().next().unwrap_or_default().to_owned() }
    }

    /// As the scripts read it. A name that could break the line is left out.
    pub(crate) fn line(&self) -> String {
        let plain = |text: &str| !text.contains(char::is_control);
        match (plain(&self.value), plain(&self.help) && !self.help.is_empty()) {
            (false, _) => String::new(),
            (true, false) => format!("{}\n", self.value),
            (true, true) => format!("{}\t{}\n", self.value, self.help),
        }
    }
}

/// Everything that the word may be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    /// In the order in which they are shown.
    pub candidates: Vec<Candidate>,
    /// Whether it may be a file.
    pub files: bool,
}

/// Gives the names of a kind.
pub(crate) type Names = fn(&Question) -> Vec<Candidate>;

/// Where the words before the last one lead.
struct Place<'a> {
    command: &'a Command,
    /// The subcommands' names.
    path: Vec<&'a str>,
    /// Positional arguments that were given.
    positional: usize,
    /// Behind `--`: no options any more.
    only_positional: bool,
    /// The option whose value comes next.
    pending: Option<&'a Arg>,
    used: Vec<&'a str>,
    config: Option<String>,
}

/// Completes the last of `words`, which are those behind the program's name. `command` is built.
pub(crate) fn complete(command: &Command, words: &[String], names: Names) -> Completion {
    let Some((last, before)) = words.split_last() else { return Completion::default() };
    let mut place = Place {
        command,
        path: Vec::new(),
        positional: 0,
        only_positional: false,
        pending: None,
        used: Vec::new(),
        config: None,
    };
    for word in before {
        place.pass(word);
    }
    let mut found = place.last(last, names);
    found.candidates.retain(|candidate| candidate.value.starts_with(last.trim_start_matches('=')));
    found
}

impl<'a> Place<'a> {
    fn pass(&mut self, word: &str) {
        if let Some(pending) = self.pending {
            // bash makes a word of the sign in `--theme=nord`.
            if word != "=" {
                if pending.get_id() == "config" {
                    self.config = Some(word.to_owned());
                }
                self.pending = None;
            }
        } else if word == "--" {
            self.only_positional = true;
        } else if !self.only_positional && word.starts_with('-') && word != "-" {
            self.option(word);
        } else if let Some(below) = self.below(word) {
            (self.command, self.positional) = (below, 0);
            self.path.push(below.get_name());
        } else {
            self.positional += 1;
        }
    }

    fn below(&self, word: &str) -> Option<&'a Command> {
        let first = self.positional == 0 && !self.only_positional;
        self.command.get_subcommands().find(|below| first && below.get_name() == word)
    }

    fn option(&mut self, word: &str) {
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let Some(argument) = self.find(name) else { return };
        self.used.push(argument.get_id().as_str());
        match value {
            Some(value) if argument.get_id() == "config" => self.config = Some(value.to_owned()),
            None if takes_value(argument) && !argument.is_require_equals_set() => self.pending = Some(argument),
            _ => {}
        }
    }

    /// The argument of `--name`, or of the last letter of `-abc`.
    fn find(&self, name: &str) -> Option<&'a Arg> {
        self.command.get_arguments().find(|argument| match name.strip_prefix("--") {
            Some(long) => argument.get_long() == Some(long),
            None => argument.get_short().is_some_and(|short| name.ends_with(short)),
        })
    }

    fn last(&self, word: &str, names: Names) -> Completion {
        if let Some(pending) = self.pending {
            return self.values(pending, "", names);
        }
        if word.starts_with('-') && !self.only_positional {
            return match word.split_once('=').and_then(|(name, _)| Some((name, self.find(name)?))) {
                Some((name, argument)) => self.values(argument, &format!("{name}="), names),
                None => self.options(word),
            };
        }
        let mut found = Completion::default();
        if self.positional == 0 && !self.only_positional {
            let visible = self.command.get_subcommands().filter(|below| !below.is_hide_set());
            found.candidates.extend(visible.map(|below| {
                Candidate::new(below.get_name(), &below.get_about().map(ToString::to_string).unwrap_or_default())
            }));
        }
        let positionals: Vec<&Arg> =
            self.command.get_positionals().filter(|argument| !argument.is_hide_set()).collect();
        let many = positionals.last().filter(|last| last.get_num_args().is_some_and(|range| range.max_values() > 1));
        if let Some(argument) = positionals.get(self.positional).or(many) {
            let values = self.values(argument, "", names);
            found.candidates.extend(values.candidates);
            found.files = values.files;
        }
        found
    }

    fn options(&self, word: &str) -> Completion {
        let free = |argument: &&Arg| {
            let again = matches!(argument.get_action(), ArgAction::Append | ArgAction::Count);
            !argument.is_hide_set() && (again || !self.used.contains(&argument.get_id().as_str()))
        };
        let mut found = Completion::default();
        // Those of the command first, the global ones after them.
        let (global, own): (Vec<&Arg>, Vec<&Arg>) =
            self.command.get_opts().chain(self.flags()).filter(free).partition(|argument| argument.is_global_set());
        for argument in own.into_iter().chain(global) {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            if let Some(long) = argument.get_long() {
                found.candidates.push(Candidate::new(format!("--{long}"), &help));
            }
            if let Some(short) = argument.get_short().filter(|_| !word.starts_with("--")) {
                found.candidates.push(Candidate::new(format!("-{short}"), &help));
            }
        }
        found
    }

    /// Options without a value.
    fn flags(&self) -> impl Iterator<Item = &'a Arg> + use<'a> {
        self.command.get_arguments().filter(|argument| !argument.is_positional() && !takes_value(argument))
    }

    fn values(&self, argument: &Arg, prefix: &str, names: Names) -> Completion {
        let mut found = Completion::default();
        for value in argument.get_possible_values().iter().filter(|value| takes_value(argument) && !value.is_hide_set())
        {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            found.candidates.push(Candidate::new(value.get_name(), &help));
        }
        let kind = kind(&self.path.join(" "), argument.get_id().as_str());
        if let Some(kind) = kind {
            found.files = matches!(kind, Kind::Files | Kind::Logs);
            found.candidates.extend(names(&Question { kind, config: self.config.clone().map(Into::into) }));
        }
        for candidate in &mut found.candidates {
            candidate.value.insert_str(0, prefix);
        }
        found
    }
}

fn takes_value(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Set | ArgAction::Append)
}

/// What an argument's value is, by its command and its name; a test holds that all of them exist.
const KINDS: &[(&str, &str, Kind)] = &[
    ("check", "file", Kind::Files),
    ("status", "names", Kind::Judged),
    ("logs", "names", Kind::Logs),
    ("logs", "top", Kind::Fields),
    ("run", "action", Kind::Actions),
    ("runs", "id", Kind::Runs),
    ("unlock", "id", Kind::Runs),
    ("ack", "alert", Kind::Judged),
    ("silence", "matching", Kind::Judged),
    ("snapshot", "screen", Kind::Screens),
    ("replay", "file", Kind::Files),
    ("watch", "record", Kind::Files),
    ("demo", "record", Kind::Files),
    ("", "theme", Kind::Themes),
    ("", "config", Kind::Files),
    ("", "store", Kind::Files),
    ("", "log_file", Kind::Files),
    ("config adapters", "name", Kind::Adapters),
];

fn kind(path: &str, argument: &str) -> Option<Kind> {
    let of = |(command, name, _): &&(&str, &str, Kind)| (command.is_empty() || *command == path) && *name == argument;
    KINDS.iter().find(of).map(|(.., kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(question: &Question) -> Vec<Candidate> {
        let config = question.config.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        vec![Candidate::new(format!("{:?}-1", question.kind), &config), Candidate::new("other", "")]
    }

    fn built() -> Command {
        let mut command = crate::cli::command_line();
        command.build();
        command
    }

    /// The values for a line, whose last word is what stands behind the last blank.
    fn values(line: &str) -> (Vec<String>, bool) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let found = complete(&built(), &words, names);
        (found.candidates.into_iter().map(|candidate| candidate.value).collect(), found.files)
    }

    #[test]
    fn commands_are_completed_and_hidden_ones_are_not() {
        let (all, files) = values("");
        assert!(["status", "logs", "run", "snapshot", "completions"].iter().all(|name| all.iter().any(|v| v == name)));
        assert!(!files && all.iter().all(|name| !name.starts_with('_')), "{all:?}");
        assert_eq!(values("sna").0, ["snapshot"]);
        assert_eq!(values("__").0, [""; 0]);
        assert_eq!(values("help __").0, [""; 0]);
        assert_eq!(values("config th").0, ["themes"]);
    }

    #[test]
    fn names_are_completed_where_they_belong() {
        for (line, expected) in [
            ("status J", "Judged-1"),
            ("status api --json J", "Judged-1"),
            ("run A", "Actions-1"),
            ("runs R", "Runs-1"),
            ("unlock R", "Runs-1"),
            ("ack J", "Judged-1"),
            ("silence J", "Judged-1"),
            ("snapshot S", "Screens-1"),
            ("logs app web L", "Logs-1"),
            ("logs --top F", "Fields-1"),
            ("--theme T", "Themes-1"),
            ("status --theme T", "Themes-1"),
            ("status --theme = T", "Themes-1"),
            ("status --theme=T", "--theme=Themes-1"),
            ("-v run -- A", "Actions-1"),
        ] {
            assert_eq!(values(line).0, [expected], "{line}");
        }
        // One action, and no second one.
        assert_eq!(values("run restart A").0, [""; 0]);
        assert!(values("logs app.log ").1 && values("check ").1 && values("--config ").1);
        assert_eq!(values("status --until ").0, ["ok", "degraded"]);
        assert_eq!(values("completions f").0, ["fish"]);
    }

    #[test]
    fn options_are_completed_own_ones_first_and_once() {
        let (all, _) = values("status --");
        let at = |name: &str| all.iter().position(|value| value == name);
        assert!(at("--json") < at("--config") && at("--json").is_some(), "{all:?}");
        assert!(!values("status --json --j").0.contains(&"--json".to_owned()));
        assert!(values("run restart --set a=b --s").0.contains(&"--set".to_owned()));
        assert!(values("logs -").0.contains(&"-f".to_owned()));
        assert_eq!(values("run x --yes=").0, [""; 0]);
    }

    #[test]
    fn the_configuration_that_was_named_is_asked() {
        for line in ["--config a.toml status J", "--config=a.toml status J", "status --config a.toml J"] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(complete(&built(), &words, names).candidates[0].help, "a.toml", "{line}");
        }
    }

    #[test]
    fn every_argument_with_names_exists() {
        let command = built();
        for (path, name, kind) in KINDS.iter().filter(|(.., kind)| *kind != Kind::Adapters) {
            let place = path.split_whitespace().fold(&command, |at, below| at.find_subcommand(below).unwrap());
            assert!(place.get_arguments().any(|argument| argument.get_id() == *name), "{path} {name} {kind:?}");
        }
    }
}
