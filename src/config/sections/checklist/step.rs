//! The steps of a checklist, as they are written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::ChecklistScope;
use super::sensed::{self, Sensed, StepWhen};
use crate::config::file::FilePlace;
use crate::config::panels::{self, PanelId};
use crate::config::reader::{TableReader, Text, Thing, quoted};
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::config::thing::{NAME_HINT, valid_name};
use crate::config::{substitute, syntax, written};
use crate::lang::condition::{Condition, Predicate};
use crate::model::checklist::{MAX_STEPS, StepKind, step_id};
use crate::text::name::Name;
use crate::text::secret::Template;

/// How long a command of a step may take where it does not say so.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A step. Its texts may hold `{NAME}`, which stands for what was found in the step of that name.
#[derive(Debug, Clone, PartialEq)]
pub struct ChecklistStep {
    /// Its id among the steps of the list, made of its title.
    pub id: Name,
    /// `title`
    pub title: String,
    /// How it is answered.
    pub task: StepTask,
    /// `when`, its own and those of the lists that include it: all must hold.
    pub when: Vec<StepWhen>,
    /// `gate`: the round stops here while it is not passed.
    pub gate: bool,
    /// `severity = "killer"`: one of those that must not be passed over lightly.
    pub killer: bool,
    /// `show`: the panel that stands beside it.
    pub show: Option<PanelId>,
    /// `open`: a link.
    pub open: Option<String>,
    /// `name`: by it later steps use what was found.
    pub name: Option<Name>,
    /// `reuse`: a result of an earlier run of the list is taken over for so long.
    pub reuse: Option<Duration>,
}

/// How a step is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum StepTask {
    /// `auto`
    Auto(Sensed),
    /// `measure`
    Measure(NumberStep),
    /// `ask`: what is asked.
    Ask(String),
    /// `run`
    Run(CommandStep),
    /// `action`
    Action(Name),
    /// Nothing of these: a person looks, and confirms.
    Confirm,
}

/// A number that a person reads off.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberStep {
    /// Its unit, empty where it is a plain number.
    pub unit: String,
    /// `range`: all must hold.
    pub range: Vec<Condition>,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandStep {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// `timeout`
    pub timeout: Duration,
}

impl ChecklistStep {
    /// The kind of its answer.
    pub const fn kind(&self) -> StepKind {
        match self.task {
            StepTask::Auto(_) => StepKind::Auto,
            StepTask::Measure(_) => StepKind::Measure,
            StepTask::Ask(_) => StepKind::Ask,
            StepTask::Run(_) => StepKind::Run,
            StepTask::Action(_) => StepKind::Action,
            StepTask::Confirm => StepKind::Confirm,
        }
    }

    /// What it is compared with, in words; empty where it is compared with nothing.
    pub fn limit(&self) -> String {
        match &self.task {
            StepTask::Auto(sensed) => sensed.written(),
            StepTask::Measure(measure) => {
                measure.range.iter().map(|one| &*one.written).collect::<Vec<_>>().join(" and ")
            }
            StepTask::Ask(_) | StepTask::Run(_) | StepTask::Action(_) | StepTask::Confirm => String::new(),
        }
    }

    /// All of it that a person or the answer depends on, for the digest of the list.
    pub(super) fn write(&self, to: &mut String) {
        let task = match &self.task {
            StepTask::Auto(sensed) => sensed.written(),
            StepTask::Measure(measure) => format!("{} {}", measure.unit, self.limit()),
            StepTask::Ask(question) => question.clone(),
            StepTask::Run(command) => format!("{:?}", command.argv),
            StepTask::Action(action) => action.to_string(),
            StepTask::Confirm => String::new(),
        };
        let when: Vec<String> = self.when.iter().map(StepWhen::written).collect();
        let show = self.show.as_ref().map(ToString::to_string).unwrap_or_default();
        let open = self.open.as_deref().unwrap_or_default();
        let marks = (self.gate, self.killer);
        // Writing to a string can't fail.
        let _ = write!(
            to,
            "{} {} {:?} {task:?} {when:?} {show:?} {open:?} {marks:?}",
            self.id,
            self.kind().word(),
            self.title
        );
    }
}

/// The keys of a step.
pub(super) const KEYS: &[KeySpec] = &[
    key("title", ValueForm::Text, "What is looked at, in a few words"),
    key("auto", ValueForm::Text, "What is measured: check:NAME, check:*, metric:NAME < 85%, slo:NAME"),
    key("measure", ValueForm::Text, "A number that a person reads off: number, or its unit (ms, %, GiB)"),
    key("range", ValueForm::TextsOrOne, "With measure: > 0, or several that must all hold"),
    key("ask", ValueForm::Text, "A question to a person"),
    key("run", ValueForm::Texts, "Program and arguments; exit 0 passes, what it prints is kept"),
    key("timeout", ValueForm::Duration, "With run: how long it may take. Default 30s"),
    key("action", ValueForm::Name, "An action, with all that guards it; its outcome is the answer"),
    key("include", ValueForm::Name, "Another checklist: its steps stand here"),
    key("show", ValueForm::Text, "The panel beside it: log:api level>=error, metric:p95, check:api"),
    key("open", ValueForm::Text, "A link that belongs to it"),
    key(
        "when",
        ValueForm::Text,
        "The day on which it applies (Fri, monthly 15), or what must hold (metric:errors > 10)",
    ),
    key("gate", ValueForm::Flag, "The round stops here while it is not passed"),
    key("name", ValueForm::Text, "By this name later steps use what was found: {NAME}"),
    key(
        "severity",
        ValueForm::OneOf(&["normal", "killer"]),
        "killer: passed over only with a longer reason. Default normal",
    ),
    key("reuse", ValueForm::Duration, "Take over the result of the last run for so long; it is shown as reused"),
];

/// A step as it is written.
pub(super) struct WrittenStep {
    /// A step, or a list that stands in its place.
    pub what: StepOrList,
    /// Where it is written.
    pub at: FilePlace,
    /// Names that its texts use, with the places.
    pub uses: Vec<(String, FilePlace)>,
}

/// A step, or a list that stands in its place.
pub(super) enum StepOrList {
    /// A step.
    Step(Box<ChecklistStep>),
    /// `include`, with `when`.
    List(Name, Vec<StepWhen>),
}

/// Reads `step`.
pub(super) fn read_all(table: &TableReader<'_>, known: &ChecklistScope<'_>) -> Vec<WrittenStep> {
    let context = table.context;
    if !table.needed("step", "[{ title = \"All services are up\", auto = \"check:*\" }]") {
        return Vec::new();
    }
    let tables = table.tables("step");
    if tables.is_empty() && table.is_list("step") {
        context.error(table.place("step"), "`step` is empty", "write { title = \"…\", auto = \"check:*\" }");
    }
    if tables.len() > MAX_STEPS {
        let message = format!("{} has {} steps; {MAX_STEPS} is the most", table.title, tables.len());
        context.error(table.place("step"), message, "split it into several lists");
    }
    let (mut ids, mut names) = (BTreeMap::new(), BTreeMap::new());
    let mut steps = Vec::new();
    for one in tables.iter().take(MAX_STEPS) {
        let Some(step) = read(one, known) else { continue };
        if let StepOrList::Step(found) = &step.what {
            if let Some(first) = ids.insert(found.id.clone(), one.at) {
                let hint = format!("rename one: the first is in {}", context.where_is(first));
                context.error(one.place("title"), format!("two steps are titled `{}`", found.title), hint);
            }
            if let Some(first) = found.name.clone().and_then(|name| names.insert(name, one.at)) {
                let message = format!("two steps have the name `{}`", found.name.as_deref().unwrap_or_default());
                context.error(one.place("name"), message, format!("the first is in {}", context.where_is(first)));
            }
        }
        steps.push(step);
    }
    steps
}

const TASKS: [&str; 6] = ["auto", "measure", "ask", "run", "action", "include"];

fn read(table: &TableReader<'_>, known: &ChecklistScope<'_>) -> Option<WrittenStep> {
    let given: Vec<&str> = TASKS.into_iter().filter(|task| table.has(task)).collect();
    if let [first, second, ..] = given[..] {
        let at = table.entry(second).map_or(table.at, |entry| entry.key_at);
        let hint = format!("make two steps of it: a step has one of {}", quoted(TASKS.into_iter()));
        table.context.error(at, format!("a step has both `{first}` and `{second}`"), hint);
        return None;
    }
    let task = given.first().copied();
    let goes_with = [("range", "measure"), ("timeout", "run")];
    for (key, with) in goes_with.into_iter().filter(|(_, with)| task != Some(*with)) {
        table.out_of_place(key, &format!("`{with}`"));
    }
    let when: Vec<StepWhen> = sensed::when(table, known).into_iter().collect();
    if task == Some("include") {
        for key in ["gate", "show", "open", "name", "severity", "reuse"] {
            if let Some(entry) = table.entry(key) {
                let message = format!("`{key}` has no meaning beside `include`");
                table.context.error(entry.key_at, message, "write it at the steps of the list that is included");
            }
        }
        let list = table.reference("include", Thing::Checklist)?;
        return Some(WrittenStep { what: StepOrList::List(list, when), at: table.place("include"), uses: Vec::new() });
    }
    let titled = table.needed("title", "\"what is looked at\"").then(|| title(table)).flatten();
    let mut uses = Uses::default();
    uses.of(table, "title");
    let task = read_task(table, task, known, &mut uses);
    if task == Some(StepTask::Confirm) && table.lacks(&["show", "open"]) {
        let hint = format!("add one of {}, or `show`, `open`: what a person looks at", quoted(TASKS.into_iter()));
        table.context.error(table.at, "a step does not say how it is answered", hint);
    }
    let severities = [("normal", false), ("killer", true)];
    let open = link(table, &mut uses);
    let step = ChecklistStep {
        when,
        gate: table.flag("gate").unwrap_or(false),
        killer: table.one_of("severity", &severities).unwrap_or(false),
        show: show(table),
        open,
        name: name(table),
        reuse: reuse(table, task.as_ref()),
        id: step_id(titled.as_ref()?),
        title: titled?,
        task: task?,
    };
    Some(WrittenStep { what: StepOrList::Step(Box::new(step)), at: table.at, uses: uses.0 })
}

fn title(table: &TableReader<'_>) -> Option<String> {
    let text = table.text("title")?;
    if step_id(&text.value).is_empty() {
        table.context.error(text.at, "`title` has no letters and digits", "say what is looked at");
        return None;
    }
    Some(text.value)
}

fn read_task(
    table: &TableReader<'_>,
    task: Option<&str>,
    known: &ChecklistScope<'_>,
    uses: &mut Uses,
) -> Option<StepTask> {
    match task {
        Some("auto") => sensed::auto(table, known).map(StepTask::Auto),
        Some("measure") => measure(table).map(StepTask::Measure),
        Some("ask") => {
            uses.of(table, "ask");
            table.string("ask").map(StepTask::Ask)
        }
        Some("run") => command(table, uses).map(StepTask::Run),
        Some("action") => table.reference("action", Thing::Action).map(StepTask::Action),
        _ => Some(StepTask::Confirm),
    }
}

fn measure(table: &TableReader<'_>) -> Option<NumberStep> {
    let written = table.string("measure")?;
    let unit = if written == "number" { String::new() } else { written };
    let mut range = Vec::new();
    for text in table.texts_or_one("range") {
        match table.context.condition(&text.value, &unit) {
            Err(mut fault) => {
                "write range = \"> 0\", or range = [\"> 0\", \"< 100\"]".clone_into(&mut fault.hint);
                table.context.fault(&text, "bad range", &fault);
            }
            Ok(condition) => {
                let is_plain = matches!(condition.predicate, Predicate::Number { clear: None, field: None, .. });
                if is_plain && condition.hold.is_zero() {
                    range.push(condition);
                } else {
                    let hint = "write range = \"> 0\", or range = [\"> 0\", \"< 100\"]";
                    table.context.error(text.at, "`range` is a comparison of the number alone", hint);
                }
            }
        }
    }
    Some(NumberStep { unit, range })
}

fn command(table: &TableReader<'_>, uses: &mut Uses) -> Option<CommandStep> {
    let context = table.context;
    let words = table.texts("run");
    if words.first().is_none_or(|word| word.value.trim().is_empty()) {
        if table.is_list("run") {
            context.error(table.place("run"), "`run` is empty", "write run = [\"curl\", \"-fsS\", \"https://…\"]");
        }
        return None;
    }
    for word in &words {
        written::warn_of_shape(context, word);
        if let Some(name) = Template(word.value.clone()).secrets().first() {
            let message = format!("secret `{name}` is in an argument, where `ps` shows it to everyone");
            context.error(word.at, message, "ask it by a check or an action, which take secrets in `env`");
        }
        uses.of_text(word);
    }
    let timeout = table.positive("timeout").unwrap_or(TIMEOUT);
    Some(CommandStep { argv: words.into_iter().map(|word| word.value).collect(), timeout })
}

fn show(table: &TableReader<'_>) -> Option<PanelId> {
    let text = table.text("show")?;
    panels::read(table, &text, &text.value)
}

fn link(table: &TableReader<'_>, uses: &mut Uses) -> Option<String> {
    let text = table.text("open")?;
    if !["http://", "https://"].iter().any(|scheme| text.value.starts_with(scheme)) {
        table.context.error(text.at, format!("`{}` is not a link", text.value), "write open = \"https://…\"");
        return None;
    }
    uses.of_text(&text);
    Some(text.value)
}

fn name(table: &TableReader<'_>) -> Option<Name> {
    let text = table.text("name")?;
    if !valid_name(&text.value) || text.value.contains('.') {
        let message = format!("`{}` is not a valid name", text.value);
        table.context.error(text.at, message, NAME_HINT);
        return None;
    }
    Some(Name::from(text.value))
}

fn reuse(table: &TableReader<'_>, task: Option<&StepTask>) -> Option<Duration> {
    if matches!(task, Some(StepTask::Auto(_) | StepTask::Action(_))) && table.has("reuse") {
        let message = "`reuse` goes with what is not measured all the time";
        let at = table.entry("reuse").map_or(table.at, |entry| entry.key_at);
        table.context.error(at, message, "remove it: this step is always as it is now");
        return None;
    }
    table.positive("reuse")
}

/// Names that texts use, with the places.
#[derive(Default)]
struct Uses(Vec<(String, FilePlace)>);

impl Uses {
    fn of(&mut self, table: &TableReader<'_>, key: &str) {
        // What is wrong with the text is noted where it is read.
        if table.is_text(key)
            && let Some(text) = table.text(key)
        {
            self.of_text(&text);
        }
    }

    fn of_text(&mut self, text: &Text) {
        self.0.extend(substitute::names(&text.value, false).into_iter().map(|name| (name.to_owned(), text.at)));
    }
}

/// A number as a person typed it, in the unit of the measure.
///
/// # Errors
/// Why it is none, and what to type.
pub(crate) fn typed_number(typed: &str, unit: &str) -> Result<f64, String> {
    if !typed.contains(|c: char| c.is_ascii_digit()) {
        return Err(format!("`{}` is not a number", typed.trim()));
    }
    // The condition's own grammar: `1.2s`, `85%`, `3GiB` mean the same here as in a range.
    let condition = syntax::condition(&format!("== {}", typed.trim()), unit).map_err(|fault| fault.message)?;
    condition.threshold().ok_or_else(|| format!("`{typed}` is not a number"))
}
