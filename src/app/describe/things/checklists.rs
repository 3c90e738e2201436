//! What is known of a checklist and of a run of one.

use super::Sheet;
use crate::lang::unit;
use crate::model::thing::ChecklistRecord;

impl Sheet<'_> {
    pub(super) fn checklist(&mut self, name: &str) {
        let world = self.world;
        let Some(list) = world.config.checklist(name) else { return };
        let view = world.list_view(list);
        self.say("state", view.state.word());
        self.say("at", list.at.as_ref().map_or("on demand", |at| at.written()));
        if let Some((due, next)) = view.period {
            self.say("due", self.moment(due));
            self.say("due again", self.moment(next));
        }
        if let Some(late) = view.late_from {
            self.say("on time until", self.moment(late));
        }
        if let Some(budget) = list.budget {
            self.say("budget", unit::duration(budget));
        }
        let kept = world.kept(name);
        if kept.periods > 0 {
            let text = format!("{} of {} signed off, {} on time", kept.done, kept.periods, kept.on_time);
            self.say("kept", text);
        }
        self.listed("steps", list.steps.iter().map(|step| &step.title));
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
        }
    }
}
