//! What is known of a checklist and of a run of one.

use super::Sheet;
use crate::config::sections::checklist::{ChecklistStep, StepTask, StepWhen};
use crate::config::titles::title_of_checklist;
use crate::lang::unit;
use crate::model::checklist::KILLER_REASON;
use crate::model::shell;
use crate::model::thing::ChecklistRecord;
use crate::text::count::counted;
use crate::world::checklists::round::{ChecklistRound, RoundStep};

impl Sheet<'_> {
    pub(super) fn checklist(&mut self, name: &str) {
        let world = self.world;
        let Some(list) = world.config.checklist(name) else { return };
        let view = world.list_view(list);
        self.say("state", view.state.word());
        self.say("at", list.at.as_ref().map_or("on demand", |at| at.written()));
        if let Some(due) = view.due {
            self.say("due", self.moment(due));
        }
        if let Some(again) = view.again {
            self.say("due again", self.moment(again));
        }
        if let Some(late) = view.late_from {
            self.say("on time until", self.moment(late));
        }
        let left_open = world.runs_left_open().into_iter().filter(|run| run.checklist == list.name);
        self.listed("left open", left_open.map(|run| run.id.to_string()));
        if let Some(budget) = list.budget {
            self.say("budget", unit::duration(budget));
        }
        let kept = world.kept(name);
        if kept.periods > 0 {
            let text = format!("{} of {} signed off, {} on time", kept.done, kept.periods, kept.on_time);
            self.say("kept", text);
        }
        self.listed("steps", list.steps.iter().map(asked));
    }

    /// What is asked in a step, by what it is answered, and how that stands.
    pub(super) fn checklist_step(&mut self, run: &str, step: &str) {
        let world = self.world;
        let Some(record) = world.checklist_run(run) else { return };
        let round = world.round(record);
        let Some(found) = round.place_of(step).map(|at| &round.steps[at]) else { return };
        self.say("state", if found.running { "running" } else { found.state.word() });
        if let Some(gate) = &found.gate {
            self.say("waits for", format!("the round stops at `{gate}` until that passes"));
        }
        match found.config {
            Some(config) => self.configured_step(&round, config),
            None => self.say("answered by", found.kind().word()),
        }
        let asked = &found.record.asked;
        if asked.killer {
            self.say("killer", format!("passed over only with {KILLER_REASON} characters of reason"));
        }
        if asked.gate {
            self.say("gate", "the round stops here until it passes");
        }
        for (label, value) in
            [("found", found.value.as_ref()), ("last time", found.before.and_then(|before| before.value.as_ref()))]
        {
            if let Some(value) = value {
                self.say(label, value.as_str());
            }
        }
        if let Some(at) = found.measured_at {
            self.say("measured", self.moment(at));
        }
        self.step_answer(found);
        let notes = record.notes.iter().filter(|note| note.step.as_deref() == Some(step));
        self.listed("notes", notes.map(|note| format!("{}: {}", note.by, note.text)));
    }

    fn configured_step(&mut self, round: &ChecklistRound<'_>, config: &ChecklistStep) {
        let what = match &config.task {
            StepTask::Auto(sensed) => format!("measured: {}", sensed.written()),
            StepTask::Measure(_) => "a number that a person reads off".to_owned(),
            StepTask::Ask(question) => format!("a person: {}", round.filled(question)),
            StepTask::Run(command) => {
                format!("a command: {}", round.command_line(&command.argv))
            }
            StepTask::Action(action) => format!("the action {}", self.world.title_of(action)),
            StepTask::Confirm => "a person who has looked at it".to_owned(),
        };
        self.say("answered by", what);
        if matches!(config.task, StepTask::Measure(_)) {
            self.say("expected", config.limit());
        }
        self.listed("only when", config.when.iter().map(StepWhen::written));
        if let Some(link) = &config.open {
            self.say("link", round.filled(link));
        }
        if let Some(reuse) = config.reuse {
            self.say("reused for", unit::duration(reuse));
        }
    }

    /// The answer on record, where it holds.
    fn step_answer(&mut self, step: &RoundStep<'_>) {
        let Some(answer) = step.answer() else { return };
        let queued = if step.queued { format!(", {}", RoundStep::QUEUED) } else { String::new() };
        self.say(
            match (answer.sensed, step.is_measured_again()) {
                (true, true) => "so since",
                (true, false) => "found at",
                (false, _) => "answered",
            },
            format!("{} by {}{queued}", self.moment(answer.at), answer.by),
        );
        if let Some(reason) = &answer.reason {
            self.say("because", reason.as_str());
        }
        let typed = step.record.corrected.iter();
        let typed: Vec<String> =
            typed.map(|one| format!("{} by {} {}", one.value, one.by, self.moment(one.at))).collect();
        self.listed("typed before", typed);
        if let Some(to) = &answer.to {
            self.say("deferred to", title_of_checklist(&self.world.config, to));
        }
        if let Some(reused) = &answer.reused {
            self.say("reused", format!("from {}, found {}", reused.run, self.moment(reused.at)));
        }
        if let Some(evidence) = &answer.evidence {
            self.listed("evidence", evidence.lines());
        }
    }

    pub(super) fn checklist_run(&mut self, run: &str) {
        let Some(record) = self.world.checklist_run(run) else { return };
        let round = self.world.round(record);
        self.say("run", &*record.id);
        self.say("steps", round.counts().describe());
        self.begun_and_ended(record);
        if let Some(took) = round.took(self.world.now.utc).and_then(|took| took.to_std().ok()) {
            self.say("took", unit::age(took));
        }
        self.listed("notes", record.notes.iter().map(|note| format!("{}: {}", note.by, note.text)));
    }

    fn begun_and_ended(&mut self, record: &ChecklistRecord) {
        if let Some((at, by)) = &record.started {
            self.say("started", format!("{} by {by}", self.moment(*at)));
        }
        if let Some(signed) = &record.signed {
            let fast = if signed.fast { ", in under 2 s a step" } else { "" };
            self.say("signed off", format!("{} by {}{fast}", self.moment(signed.at), signed.by));
            self.say("digest", signed.digest.as_str());
        }
        if let Some(missed) = record.missed {
            self.say("missed", self.moment(missed));
            if record.missed_before > 0 {
                self.say("before it", format!("{} went by too", counted(u64::from(record.missed_before), "period")));
            }
        }
    }
}

/// `Disk below 85 %: metric:disk < 85%`: a step, and by what it is answered.
fn asked(step: &ChecklistStep) -> String {
    let by = match &step.task {
        StepTask::Auto(sensed) => sensed.written(),
        StepTask::Measure(_) => format!("a number {}", step.limit()),
        StepTask::Ask(question) => question.clone(),
        StepTask::Run(command) => shell::quoted_line(&command.argv),
        StepTask::Action(action) => format!("action {action}"),
        StepTask::Confirm => return step.title.clone(),
    };
    format!("{}: {}", step.title, by.trim_end())
}
