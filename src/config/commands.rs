//! The commands that the console knows, with their default keys: what `[keys]` may name, what an action's key must
//! not hide, what the help and `opsroom config keys` list. One table, so that none of them can disagree.

use crate::lang::key::Key;

/// Where a command's keys are heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CommandContext {
    /// On every screen.
    Everywhere,
    /// Where something can be scrolled or selected.
    Lists,
    /// Where something is selected, and its panel has no other meaning for the key.
    Selection,
    /// Where a service is selected or shown. Nearer than [`Self::Lists`], from which it may take a key.
    Services,
    /// On the logs screen, and in a log panel that has the focus.
    Logs,
    /// In what lies over the logs or beside them: a record, patterns, top values.
    Details,
    /// On the metrics screen.
    Metrics,
    /// On the actions screen.
    Actions,
    /// In the steps of a checklist.
    Checklists,
    /// On the incident screen.
    Incident,
    /// In the change calendar.
    Changes,
}

impl CommandContext {
    /// In words, for the help.
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Lists => "in lists",
            Self::Selection => "on what is selected",
            Self::Services => "on a service",
            Self::Logs => "in logs",
            Self::Details => "in a record, patterns and top values",
            Self::Metrics => "in metrics",
            Self::Actions => "in actions",
            Self::Checklists => "in a checklist",
            Self::Incident => "in an incident",
            Self::Changes => "in the change calendar",
        }
    }

    /// Whether one key can't mean two commands of these contexts.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        if matches!((self, other), (Self::Services, Self::Lists) | (Self::Lists, Self::Services)) {
            return false;
        }
        self == other
            || matches!(self, Self::Everywhere | Self::Lists)
            || matches!(other, Self::Everywhere | Self::Lists)
    }
}

/// One command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandInfo {
    /// Its name, as in `[keys]` and in the palette.
    pub name: &'static str,
    /// Its default keys, in the form of [`Key`]'s `FromStr`. Empty: palette only.
    pub keys: &'static [&'static str],
    /// What it does, a few words.
    pub help: &'static str,
    /// Where its keys are heard.
    pub context: CommandContext,
}

impl CommandInfo {
    /// The default keys, parsed.
    pub(crate) fn default_keys(&self) -> impl Iterator<Item = Key> {
        self.keys.iter().filter_map(|written| written.parse().ok())
    }
}

const fn command(
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
    context: CommandContext,
) -> CommandInfo {
    CommandInfo { name, keys, help, context }
}

/// The word in `[keys]` that takes a key's meaning away.
pub(crate) const UNBOUND: &str = "none";

/// Every command, in the order of the help.
pub const COMMANDS: &[CommandInfo] = &[
    command("quit", &["q"], "go back, or quit", CommandContext::Everywhere),
    command("back", &["esc"], "close what is open, go back", CommandContext::Everywhere),
    command("help", &["?", "f1"], "keys and commands", CommandContext::Everywhere),
    command("palette", &[":"], "every command by name", CommandContext::Everywhere),
    command("overview", &["1"], "what is wrong, since when, and why", CommandContext::Everywhere),
    command("service", &["2"], "one service: checks, components, logs, actions", CommandContext::Everywhere),
    command("logs", &["3"], "merged logs", CommandContext::Everywhere),
    command("metrics", &["4"], "charts with thresholds", CommandContext::Everywhere),
    command("alerts", &["5"], "what fires, is muted, acknowledged, resolved", CommandContext::Everywhere),
    command("actions", &["6"], "running and past actions, locks", CommandContext::Everywhere),
    command("checklists", &["7"], "checklists: due, running, done, missed", CommandContext::Everywhere),
    command("incident", &["8"], "the incident: clock, timeline, roles, what changed", CommandContext::Everywhere),
    command("changes", &["&"], "the change calendar: changes, freezes and maintenance", CommandContext::Everywhere),
    command("diagnostics", &["!"], "the console about itself", CommandContext::Everywhere),
    command("next-panel", &["tab"], "focus the next panel", CommandContext::Everywhere),
    command("previous-panel", &["shift-tab"], "focus the previous panel", CommandContext::Everywhere),
    command("zoom", &["z"], "one panel on the whole screen, and back", CommandContext::Everywhere),
    command("freeze", &["f"], "hold the screen still; nothing is lost", CommandContext::Everywhere),
    command("follow-colleague", &["F"], "follow a colleague's screen, until you go back", CommandContext::Everywhere),
    command("poll", &["ctrl-r"], "poll everything now", CommandContext::Everywhere),
    command("copy", &["y"], "copy what is selected", CommandContext::Everywhere),
    command(
        "copy-timeline",
        &["ctrl-y"],
        "copy what is wrong and what happened in the last 30 min, as text",
        CommandContext::Everywhere,
    ),
    command("since-looked", &["ctrl-t"], "what happened since you last looked", CommandContext::Everywhere),
    command("handover", &["ctrl-o"], "the handover that is offered: read and accept it", CommandContext::Everywhere),
    command(
        "on-call",
        &[],
        "who is on call now and next, and when contacts confirmed a test page",
        CommandContext::Everywhere,
    ),
    command("save", &["S"], "save evidence: screen, logs, timeline, readings", CommandContext::Everywhere),
    command("pin", &["ctrl-p"], "pin what is selected to the incident", CommandContext::Everywhere),
    command("theme", &["T"], "the next theme", CommandContext::Everywhere),
    command("mouse", &["M"], "mouse on and off", CommandContext::Everywhere),
    command("redraw", &["ctrl-l"], "redraw the screen", CommandContext::Everywhere),
    command("suspend", &["ctrl-z"], "back to the shell; `fg` returns", CommandContext::Everywhere),
    command("reload", &[], "read the configuration again", CommandContext::Everywhere),
    command("up", &["k", "up"], "up", CommandContext::Lists),
    command("down", &["j", "down"], "down", CommandContext::Lists),
    command("left", &["h", "left"], "left", CommandContext::Lists),
    command("right", &["l", "right"], "right", CommandContext::Lists),
    command("top", &["g", "home"], "to the first", CommandContext::Lists),
    command("bottom", &["G", "end"], "to the last; logs follow again", CommandContext::Lists),
    command("page-up", &["pageup"], "a page up", CommandContext::Lists),
    command("page-down", &["pagedown"], "a page down", CommandContext::Lists),
    command("half-page-up", &["ctrl-u"], "half a page up", CommandContext::Lists),
    command("half-page-down", &["ctrl-d"], "half a page down", CommandContext::Lists),
    command("open", &["enter"], "open what is selected", CommandContext::Lists),
    command("select", &["space"], "select, or pause and follow", CommandContext::Lists),
    command("filter", &["/"], "filter", CommandContext::Lists),
    command("act", &["x"], "actions, links and runbook of what is selected", CommandContext::Selection),
    command("describe", &["d"], "everything that is known of what is selected", CommandContext::Selection),
    command(
        "acknowledge",
        &["a"],
        "acknowledge what fires of it, else what the incident bar names",
        CommandContext::Selection,
    ),
    command("silence", &["s"], "silence its alerts for some time", CommandContext::Selection),
    command(
        "end-silence",
        &["e"],
        "end the selected silence, or the one of the selected alert",
        CommandContext::Selection,
    ),
    command(
        "open-incident",
        &["i"],
        "open an incident from what is selected, or show the one that is open for it",
        CommandContext::Selection,
    ),
    command(
        "test-channels",
        &["t"],
        "send a test message by every notification channel, after a question",
        CommandContext::Selection,
    ),
    command("go-to-time", &["'"], "the logs at the time of the charts' cursor", CommandContext::Lists),
    command("service-logs", &["l"], "the logs of the service", CommandContext::Services),
    command("search", &["s"], "search: jumps, hides nothing", CommandContext::Logs),
    command("next-match", &["n"], "the next match", CommandContext::Logs),
    command("previous-match", &["N"], "the previous match", CommandContext::Logs),
    command("wrap", &["w"], "wrap long lines", CommandContext::Logs),
    command("timestamps", &["t"], "show times: short, full, age, elapsed, none", CommandContext::Logs),
    command("colours", &["c"], "colours of the lines themselves, on and off", CommandContext::Logs),
    command("columns", &["="], "choose which fields of the records have a column", CommandContext::Logs),
    command("mark", &["m"], "mark the line; it is kept, and saving takes the marked", CommandContext::Logs),
    command("next-mark", &["u"], "the next marked line", CommandContext::Logs),
    command("previous-mark", &["U"], "the previous marked line", CommandContext::Logs),
    command("next-error", &["e"], "the next error", CommandContext::Logs),
    command("previous-error", &["E"], "the previous error", CommandContext::Logs),
    command("next-log", &["."], "only the next log", CommandContext::Logs),
    command("previous-log", &[","], "only the previous log, or all", CommandContext::Logs),
    command("histogram", &["v"], "levels over time: a panel of bars to jump to", CommandContext::Logs),
    command("trace", &["r"], "everything with this trace or request id, and back", CommandContext::Logs),
    command(
        "patterns",
        &["p"],
        "messages grouped by their shape: how many, since when, what is new",
        CommandContext::Logs,
    ),
    command("top-values", &["#"], "the most frequent values of a field", CommandContext::Logs),
    command("order", &["o"], "order of patterns and groups: most frequent, newest, worst", CommandContext::Details),
    command(
        "group-by",
        &["b"],
        "top values: the numbers by another field, with p50, p95 and max",
        CommandContext::Details,
    ),
    command("only-this", &["+"], "only records with this value or pattern", CommandContext::Details),
    command("not-this", &["-"], "only records without it", CommandContext::Details),
    command("save-records", &["o"], "write the shown records to a file", CommandContext::Logs),
    command("page-records", &["b"], "read the shown records in $PAGER", CommandContext::Logs),
    command("more-context", &["+"], "show more lines around matches", CommandContext::Logs),
    command("less-context", &["-"], "show fewer lines around matches", CommandContext::Logs),
    command("longer-range", &["+"], "a longer time range", CommandContext::Metrics),
    command("shorter-range", &["-"], "a shorter time range", CommandContext::Metrics),
    command("before", &["b"], "compare with an hour, a day, a week, a release before, or not", CommandContext::Metrics),
    command("incident-note", &["n"], "add a note, at its time", CommandContext::Incident),
    command("incident-task", &["t"], "add a task", CommandContext::Incident),
    command("incident-hypothesis", &["c"], "add what the cause may be", CommandContext::Incident),
    command("incident-decision", &["v"], "add a decision", CommandContext::Incident),
    command(
        "incident-correct",
        &["e"],
        "correct the selected entry: its words, its owner, its time",
        CommandContext::Incident,
    ),
    command("incident-update", &["u"], "give a status update", CommandContext::Incident),
    command("incident-role", &["r"], "take a role, hand it over, or give it up", CommandContext::Incident),
    command("incident-severity", &["s"], "set how bad it is", CommandContext::Incident),
    command(
        "incident-step",
        &["m"],
        "acknowledge, mitigate, resolve, close, reopen, merge it",
        CommandContext::Incident,
    ),
    command("incident-automatic", &["+"], "show and hide what happened around it", CommandContext::Incident),
    command("incident-export", &["o"], "write its report into `[incident] directory`", CommandContext::Incident),
    command("change-plan", &["n"], "plan a change or a freeze", CommandContext::Changes),
    command("change-approve", &["a"], "approve the selected change (asks first)", CommandContext::Changes),
    command(
        "change-call-off",
        &["e"],
        "cancel the selected change or freeze, or end the selected maintenance",
        CommandContext::Changes,
    ),
    command("cancel", &["x"], "cancel the selected run", CommandContext::Actions),
    command("dry-run", &["d"], "dry run of the selected action", CommandContext::Actions),
    command("step-fail", &["x"], "say that the step fails, and why", CommandContext::Checklists),
    command("step-skip", &["s"], "leave the step out, with a reason", CommandContext::Checklists),
    command("step-waive", &["w"], "accept that the step fails, with a reason", CommandContext::Checklists),
    command("step-defer", &["d"], "put the step off to the next list, with a reason", CommandContext::Checklists),
    command("step-note", &["n"], "a note on the step", CommandContext::Checklists),
    command("step-again", &["r"], "measure, run or answer the step again", CommandContext::Checklists),
    command("step-link", &["o"], "copy the link of the step", CommandContext::Checklists),
    command("follow-up", &["u"], "start the follow-up offered after a run", CommandContext::Actions),
];

/// The command of that name.
pub(crate) fn find(name: &str) -> Option<&'static CommandInfo> {
    COMMANDS.iter().find(|command| command.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_key_is_a_key() {
        for command in COMMANDS {
            assert_eq!(command.default_keys().count(), command.keys.len(), "{}", command.name);
        }
    }

    #[test]
    fn no_default_key_has_two_meanings_in_one_place() {
        for (index, one) in COMMANDS.iter().enumerate() {
            for other in &COMMANDS[index + 1..] {
                assert_ne!(one.name, other.name);
                if one.context.overlaps(other.context) {
                    for key in one.keys {
                        assert!(!other.keys.contains(key), "{key} means {} and {}", one.name, other.name);
                    }
                }
            }
        }
    }
}
