//! From keys to what they mean: the built-in table with the configuration's `[keys]`, actions and screens over it.

use std::collections::HashMap;

use crate::config::Config;
use crate::config::commands::{COMMANDS, CommandContext, UNBOUND, find};
use crate::lang::key::{Key, KeyCode};
use crate::text::name::Name;

use super::screens::Screen;

/// Where keys are heard over details of the logs: their own first, then those of the logs.
pub(crate) const DETAILS: [CommandContext; 4] =
    [CommandContext::Details, CommandContext::Logs, CommandContext::Lists, CommandContext::Everywhere];

macro_rules! commands {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// What a person can ask for; each is a row of [`COMMANDS`], which has its keys and its words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Command {
            $(#[doc = concat!("`", $name, "`")] $variant),+
        }

        impl Command {
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }

            /// Its name in `[keys]`, in the palette and in [`COMMANDS`].
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

commands! {
    Quit = "quit", Back = "back", Help = "help", Palette = "palette", Overview = "overview", Service = "service",
    Logs = "logs", Metrics = "metrics", Alerts = "alerts", Actions = "actions", Checklists = "checklists", Diagnostics = "diagnostics", NextPanel = "next-panel",
    PreviousPanel = "previous-panel", Zoom = "zoom", Freeze = "freeze", Poll = "poll", Copy = "copy", CopyTimeline = "copy-timeline", Save = "save",
    Theme = "theme", Mouse = "mouse", Redraw = "redraw", Suspend = "suspend", Reload = "reload", Up = "up",
    Down = "down", Left = "left", Right = "right", Top = "top", Bottom = "bottom", PageUp = "page-up",
    PageDown = "page-down", HalfPageUp = "half-page-up", HalfPageDown = "half-page-down", Open = "open",
    Select = "select", Filter = "filter", Search = "search", NextMatch = "next-match",
    PreviousMatch = "previous-match", Wrap = "wrap", Timestamps = "timestamps", Columns = "columns", ServiceLogs = "service-logs", Mark = "mark",
    NextError = "next-error", PreviousError = "previous-error", NextLog = "next-log", PreviousLog = "previous-log",
    Histogram = "histogram", SaveRecords = "save-records", PageRecords = "page-records", NextMark = "next-mark",
    PreviousMark = "previous-mark", Colours = "colours", GoToTime = "go-to-time", MoreContext = "more-context",
    LessContext = "less-context", LongerRange = "longer-range", ShorterRange = "shorter-range", Before = "before", Cancel = "cancel",
    DryRun = "dry-run", FollowUp = "follow-up", Trace = "trace", Patterns = "patterns", TopValues = "top-values", Order = "order",
    OnlyThis = "only-this", NotThis = "not-this", Act = "act", Describe = "describe",
    GroupBy = "group-by", Acknowledge = "acknowledge", Silence = "silence", EndSilence = "end-silence", TestChannels = "test-channels",
    StepFail = "step-fail", StepSkip = "step-skip", StepWaive = "step-waive", StepDefer = "step-defer",
    StepNote = "step-note", StepAgain = "step-again", StepLink = "step-link",
    Incident = "incident", Pin = "pin", OpenIncident = "open-incident", IncidentNote = "incident-note", IncidentTask = "incident-task",
    IncidentHypothesis = "incident-hypothesis", IncidentDecision = "incident-decision", IncidentUpdate = "incident-update",
    IncidentRole = "incident-role", IncidentSeverity = "incident-severity", IncidentStep = "incident-step",
    IncidentCorrect = "incident-correct", IncidentAutomatic = "incident-automatic", IncidentExport = "incident-export",
    FollowColleague = "follow-colleague",
    Changes = "changes", ChangePlan = "change-plan", ChangeApprove = "change-approve", ChangeCallOff = "change-call-off",
    SinceLooked = "since-looked", Handover = "handover", OnCall = "on-call",
}

/// What a key means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Binding {
    /// A command.
    Command(Command),
    /// The start of an action: its dialog, unless the action says `confirm = "none"`.
    Action(Name),
    /// A screen of your own.
    Screen(Name),
    /// A saved filter of the logs.
    Filter(Name),
}

/// The keys as they are now.
#[derive(Debug, Clone, Default)]
pub struct Keymap {
    keys: HashMap<Key, Vec<(CommandContext, Binding)>>,
    order: Vec<(Key, CommandContext, Binding)>,
    /// The keys of each binding in that order: a frame asks for them action by action.
    bound: HashMap<Binding, Vec<Key>>,
}

impl Keymap {
    /// The effective keys of a configuration. Read-only leaves the actions out.
    pub fn new(config: &Config, read_only: bool) -> Self {
        let mut map = Self::default();
        for command in COMMANDS {
            if let Some(meaning) = Command::from_name(command.name).filter(|meaning| !(read_only && meaning.acts())) {
                for key in command.default_keys() {
                    map.bind(key, command.context, Binding::Command(meaning));
                }
            }
        }
        for screen in &config.screens {
            if let Some(key) = screen.key {
                map.rebind(key, CommandContext::Everywhere, Binding::Screen(screen.name.clone()));
            }
        }
        for filter in &config.filters {
            if let Some(key) = filter.key {
                map.rebind(key, CommandContext::Everywhere, Binding::Filter(filter.name.clone()));
            }
        }
        if !read_only {
            for action in &config.actions {
                if let Some(key) = action.key {
                    map.rebind(key, CommandContext::Everywhere, Binding::Action(action.name.clone()));
                }
            }
        }
        // A key bound twice is a fault of the configuration; the last one wins where it got through.
        for (key, name) in &config.keys.bindings {
            map.apply(*key, name, read_only);
        }
        for (key, _, binding) in &map.order {
            map.bound.entry(binding.clone()).or_default().push(*key);
        }
        map
    }

    fn apply(&mut self, key: Key, name: &str, read_only: bool) {
        if name == UNBOUND {
            self.unbind(key, |_| true);
        } else if let (Some(info), Some(command)) = (find(name), Command::from_name(name))
            && !(read_only && command.acts())
        {
            self.rebind(key, info.context, Binding::Command(command));
        }
    }

    fn bind(&mut self, key: Key, context: CommandContext, binding: Binding) {
        self.keys.entry(key).or_default().push((context, binding.clone()));
        self.order.push((key, context, binding));
    }

    /// Gives the key a new meaning wherever the old one could be heard too.
    fn rebind(&mut self, key: Key, context: CommandContext, binding: Binding) {
        self.unbind(key, |old| old.overlaps(context));
        self.bind(key, context, binding);
    }

    fn unbind(&mut self, key: Key, which: impl Fn(CommandContext) -> bool) {
        if let Some(meanings) = self.keys.get_mut(&key) {
            meanings.retain(|(context, _)| !which(*context));
        }
        self.order.retain(|(other, context, _)| *other != key || !which(*context));
    }

    /// What the key means where `contexts` are heard, the nearest first.
    pub(crate) fn lookup(&self, key: Key, contexts: &[CommandContext]) -> Option<&Binding> {
        let meanings = self.keys.get(&key)?;
        contexts
            .iter()
            .find_map(|context| meanings.iter().find(|(heard, _)| heard == context).map(|(_, binding)| binding))
    }

    /// The command of a key inside an overlay that is no input.
    pub(crate) fn overlay_command(&self, key: Key) -> Option<Command> {
        self.closing_command(key, &[CommandContext::Lists, CommandContext::Everywhere])
    }

    /// The command of a key over a text that can be accepted: the key that takes note of what is selected does that there.
    pub(crate) fn reading_command(&self, key: Key) -> Option<Command> {
        self.closing_command(key, &[CommandContext::Lists, CommandContext::Selection, CommandContext::Everywhere])
    }

    /// The command of a key in details of the logs: their own, then those of the logs.
    pub(crate) fn details_command(&self, key: Key) -> Option<Command> {
        self.closing_command(key, &DETAILS)
    }

    /// Esc always closes, even where `[keys]` gave it away: no one may be locked into a dialog.
    fn closing_command(&self, key: Key, contexts: &[CommandContext]) -> Option<Command> {
        if key == Key::plain(KeyCode::Esc) {
            return Some(Command::Back);
        }
        match self.lookup(key, contexts) {
            Some(Binding::Command(command)) => Some(*command),
            _ => None,
        }
    }

    /// The keys of a binding, in the order in which they were bound, ready to show: `k up`.
    pub(crate) fn keys_of(&self, binding: &Binding) -> String {
        self.of(binding).iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
    }

    /// The first key of a command, for hints.
    pub(crate) fn key_of(&self, command: Command) -> Option<Key> {
        self.first_key_of(&Binding::Command(command))
    }

    /// The first key of a binding.
    pub(crate) fn first_key_of(&self, binding: &Binding) -> Option<Key> {
        self.of(binding).first().copied()
    }

    fn of(&self, binding: &Binding) -> &[Key] {
        self.bound.get(binding).map_or(&[], Vec::as_slice)
    }

    /// Every binding with its key, in the order of the help.
    pub fn iter(&self) -> impl Iterator<Item = (Key, CommandContext, &Binding)> {
        self.order.iter().map(|(key, context, binding)| (*key, *context, binding))
    }
}

impl Command {
    /// Whether it is of no use where actions are hidden.
    pub(crate) const fn acts(self) -> bool {
        matches!(
            self,
            Self::Cancel
                | Self::DryRun
                | Self::FollowUp
                | Self::Acknowledge
                | Self::Silence
                | Self::EndSilence
                | Self::TestChannels
                | Self::StepFail
                | Self::StepSkip
                | Self::StepWaive
                | Self::StepDefer
                | Self::StepNote
                | Self::StepAgain
                | Self::Pin
                | Self::OpenIncident
                | Self::IncidentNote
                | Self::IncidentTask
                | Self::IncidentHypothesis
                | Self::IncidentDecision
                | Self::IncidentCorrect
                | Self::IncidentUpdate
                | Self::IncidentRole
                | Self::IncidentSeverity
                | Self::IncidentStep
                | Self::ChangePlan
                | Self::ChangeApprove
                | Self::ChangeCallOff
        )
    }

    /// Whether its key keeps its meaning over details of the logs: it changes nothing of what they show.
    pub(crate) const fn works_over_details(self) -> bool {
        matches!(
            self,
            Self::Help
                | Self::Palette
                | Self::Freeze
                | Self::Poll
                | Self::CopyTimeline
                | Self::Save
                | Self::Theme
                | Self::Mouse
                | Self::Redraw
                | Self::Suspend
                | Self::Reload
        )
    }

    /// The screen that it opens, if it does.
    pub(crate) const fn screen(self) -> Option<Screen> {
        match self {
            Self::Overview => Some(Screen::Overview),
            Self::Service => Some(Screen::Service),
            Self::Logs => Some(Screen::Logs),
            Self::Metrics => Some(Screen::Metrics),
            Self::Alerts => Some(Screen::Alerts),
            Self::Actions => Some(Screen::Actions),
            Self::Checklists => Some(Screen::Checklists),
            Self::Incident => Some(Screen::Incident),
            Self::Changes => Some(Screen::Changes),
            Self::Diagnostics => Some(Screen::Diagnostics),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const EVERYWHERE: [CommandContext; 2] = [CommandContext::Lists, CommandContext::Everywhere];

    #[test]
    fn every_row_of_the_table_is_a_command() {
        let commands: HashSet<Command> = COMMANDS.iter().filter_map(|row| Command::from_name(row.name)).collect();
        assert_eq!(commands.len(), COMMANDS.len());
    }

    #[test]
    fn a_persons_binding_takes_the_key_and_none_frees_it() {
        let mut config = Config::default();
        config.keys.bindings = vec![(Key::char('p'), "palette".to_owned()), (Key::char('f'), "none".to_owned())];
        let map = Keymap::new(&config, false);
        assert_eq!(map.lookup(Key::char('p'), &EVERYWHERE), Some(&Binding::Command(Command::Palette)));
        assert_eq!(map.lookup(Key::char('f'), &EVERYWHERE), None);
        assert_eq!(map.keys_of(&Binding::Command(Command::Palette)), ": p");
    }

    #[test]
    fn one_key_can_mean_two_things_in_two_places() {
        let map = Keymap::new(&Config::default(), false);
        let logs = [CommandContext::Logs, CommandContext::Lists, CommandContext::Everywhere];
        let metrics = [CommandContext::Metrics, CommandContext::Lists, CommandContext::Everywhere];
        assert_eq!(map.lookup(Key::char('+'), &logs), Some(&Binding::Command(Command::MoreContext)));
        assert_eq!(map.lookup(Key::char('+'), &metrics), Some(&Binding::Command(Command::LongerRange)));
        assert_eq!(map.lookup(Key::char('+'), &EVERYWHERE), None);
    }
}
