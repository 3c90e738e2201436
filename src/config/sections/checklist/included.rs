//! Lists that stand in the place of a step: their steps are put there, and circles are found.

use std::collections::BTreeSet;

use super::step::{ChecklistStep, StepOrList, WrittenStep};
use super::{Checklist, WrittenChecklist};
use crate::config::context::ReadContext;
use crate::config::file::FilePlace;
use crate::lang::nearest;
use crate::model::checklist::MAX_STEPS;
use crate::text::name::Name;

use super::sensed::StepWhen;

/// The lists with the steps of those that they include.
pub(crate) fn flatten(context: &ReadContext<'_>, written: &[WrittenChecklist]) -> Vec<Checklist> {
    let (mut noted, mut circles) = (BTreeSet::new(), BTreeSet::new());
    let lists = written.iter().map(|one| {
        let mut work = Flattening {
            context,
            written,
            noted: &mut noted,
            circles: &mut circles,
            path: Vec::new(),
            steps: Vec::new(),
        };
        work.put(one, &[], "");
        Checklist { steps: work.steps, ..one.list.clone() }
    });
    lists.collect()
}

struct Flattening<'a> {
    context: &'a ReadContext<'a>,
    written: &'a [WrittenChecklist],
    /// Places of which a problem was noted already: a list may stand in several others.
    noted: &'a mut BTreeSet<(usize, usize)>,
    /// Circles that were noted.
    circles: &'a mut BTreeSet<BTreeSet<Name>>,
    /// The lists that are being put in, the outermost first.
    path: Vec<Name>,
    steps: Vec<ChecklistStep>,
}

impl Flattening<'_> {
    /// Puts in the steps of a list, all of which apply only under these conditions.
    fn put(&mut self, list: &WrittenChecklist, when: &[StepWhen], prefix: &str) {
        self.path.push(list.list.name.clone());
        for step in &list.steps {
            match &step.what {
                StepOrList::Step(one) => self.put_step(one, step, when, prefix),
                StepOrList::List(name, own) => self.put_list(name, step.at, &[when, own.as_slice()].concat()),
            }
        }
        self.path.pop();
    }

    fn put_step(&mut self, one: &ChecklistStep, written: &WrittenStep, when: &[StepWhen], prefix: &str) {
        if self.steps.len() == MAX_STEPS {
            let message = format!("with what it includes, `{}` has more than {MAX_STEPS} steps", self.outermost());
            self.note(written.at, message, "split it into several lists".to_owned());
            return;
        }
        let earlier = || self.steps.iter().filter_map(|step| step.name.as_deref());
        let unknown = written.uses.iter().find(|(used, _)| !earlier().any(|name| name == used));
        if let Some((used, place)) = unknown.cloned() {
            let hint = nearest::suggest(nearest::nearest(&used, earlier()), || {
                format!("give an earlier step name = \"{used}\"")
            });
            self.note(place, format!("no earlier step has the name `{used}`"), hint);
        }
        let id = if prefix.is_empty() { one.id.clone() } else { Name::from(format!("{prefix}/{}", one.id)) };
        self.steps.push(ChecklistStep { id, when: [when, one.when.as_slice()].concat(), ..one.clone() });
    }

    fn put_list(&mut self, name: &Name, at: FilePlace, when: &[StepWhen]) {
        if let Some(start) = self.path.iter().position(|known| known == name) {
            let circle: Vec<&str> = self.path[start..].iter().chain([name]).map(|name| &**name).collect();
            let message = format!("checklists include each other in a circle: {}", circle.join(" → "));
            // It is the same circle from wherever it is entered.
            let members: BTreeSet<Name> = self.path[start..].iter().cloned().collect();
            if self.circles.insert(members) {
                self.note(at, message, "remove one of these `include`".to_owned());
            }
            return;
        }
        let written = self.written;
        if let Some(list) = written.iter().find(|one| one.list.name == *name) {
            self.put(list, when, name);
        }
    }

    fn outermost(&self) -> &str {
        self.path.first().map_or("", |name| name)
    }

    fn note(&mut self, at: FilePlace, message: String, hint: String) {
        if self.noted.insert((at.file, at.start)) {
            self.context.error(at, message, hint);
        }
    }
}
