//! A console that thinks it acts for all on a store, which is a list of facts in the test's hand.

use std::time::Duration;

use chrono::{DateTime, Utc};
use opsroom::model::effect::{Effect, HolderEffect, StoreEffect};
use opsroom::model::fact::{Fact, IncidentFact, IncidentSaid, NewFact, Statement};
use opsroom::model::incident::incident_id;
use opsroom::model::lease::{LeaseHolder, LeaseReport, LeaseView};
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;
use opsroom::model::thing::{StoredThing, Things, follow};
use opsroom::world::alerts::AlertView;

use super::app::{App, WORLD};
use super::frame::{draw, text};

/// A console with a store that holds what this one puts there and what a test says.
pub struct Room {
    pub app: App,
    pub facts: Vec<Fact>,
    config: String,
}

impl Room {
    pub fn new() -> Self {
        Self::of(WORLD)
    }

    /// One of a configuration; its check `api`, where it has one, is well.
    pub fn of(text: &str) -> Self {
        let app = App::after(text, Duration::from_hours(1_000));
        let mut room = Self { app, facts: Vec::new(), config: text.to_owned() };
        if room.app.state.world.check("api").is_some() {
            room.app.poll("api", Sign::Good);
        }
        room.open();
        room
    }

    /// Another one that starts on the same store.
    pub fn next(&self) -> Self {
        let mut app = App::after(&self.config, Duration::from_hours(1_000));
        app.pass(self.app.now().since(app.now()).as_secs());
        let mut next = Self { app, facts: self.facts.clone(), config: self.config.clone() };
        next.open();
        next
    }

    pub fn things(&self) -> Vec<StoredThing> {
        let mut things = Things::default();
        for fact in &self.facts {
            follow(fact, &mut things);
        }
        things.iter().cloned().collect()
    }

    /// The store answers.
    pub fn open(&mut self) {
        let head = self.facts.len() as u64;
        self.app.outcome(Outcome::Remembered { lately: self.facts.clone(), head });
        let things = self.things();
        for effect in self.app.take() {
            match effect {
                Effect::Store(request, StoreEffect::ReadStatuses(checks)) => {
                    self.app.outcome(Outcome::Statuses { request, checks, things: things.clone() });
                }
                Effect::Store(request, StoreEffect::ReadAlerts) => {
                    self.app.outcome(Outcome::Alerts { request, things: things.clone() });
                }
                _ => {}
            }
        }
    }

    pub fn lease(&mut self, view: LeaseView) {
        self.app.outcome(Outcome::Lease(Box::new(LeaseReport { view, ..LeaseReport::default() })));
    }

    pub fn acts(&mut self) {
        let since = self.app.now().utc;
        self.lease(LeaseView::Ours { fence: 3, since });
    }

    pub fn looks_on(&mut self) {
        let (who, host, since) = ("ben".to_owned(), "box".to_owned(), self.app.now().utc);
        self.lease(LeaseView::Other(LeaseHolder { who, host, pid: None, watcher: false, since, overdue: false }));
    }

    /// A fact of the store.
    pub fn tell(&mut self, at: DateTime<Utc>, who: &str, said: Statement) {
        let seq = self.facts.len() as u64 + 1;
        let (id, who, host) = (format!("{seq:032x}"), who.to_owned(), "box".to_owned());
        let draft = NewFact { id, at, who, host, process: 7, late: false, said };
        let fact = Fact { seq, recorded_at: at, draft };
        self.facts.push(fact.clone());
        self.app.outcome(Outcome::Facts(vec![fact]));
    }

    /// Puts on record what was said of alerts since, and gives it back.
    pub fn said(&mut self) -> Vec<Statement> {
        let mut all = Vec::new();
        for effect in self.app.take() {
            let said = match effect {
                Effect::Holder(HolderEffect::Append(said)) => said,
                Effect::Store(request, StoreEffect::SayOfAlerts(said)) => {
                    self.app.outcome(Outcome::Recorded { request });
                    said
                }
                Effect::Store(request, StoreEffect::SayOfIncident(said)) => {
                    self.app.outcome(Outcome::Recorded { request });
                    said.into_iter().map(|said| self.numbered(said)).collect()
                }
                _ => continue,
            };
            all.extend(said.into_iter().filter(|said| !matches!(said, Statement::CheckStatus(_))));
        }
        for said in &all {
            self.tell(self.app.now().utc, "ana (ssh from 10.0.0.5)", said.clone());
        }
        all
    }

    /// What is said of an incident, as the runtime and the store complete it: with the next number, and with who says it.
    fn numbered(&self, mut said: IncidentSaid) -> Statement {
        let is_opening = |fact: &&Fact| matches!(fact.said(), Statement::Incident(said) if matches!(said.what, IncidentFact::Opened(_)));
        if said.id.is_empty() {
            said.id = incident_id(u32::try_from(self.facts.iter().filter(is_opening).count()).expect("a few") + 1);
        }
        if let IncidentFact::Role(role) = &mut said.what
            && role.who.as_str().is_empty()
        {
            role.who = "ana".into();
        }
        Statement::Incident(Box::new(said))
    }

    /// What is said while time passes, each put on record soon.
    pub fn watch(&mut self, seconds: u64) -> Vec<Statement> {
        let turn = |_| {
            self.app.pass(10);
            self.said()
        };
        (0..seconds.div_ceil(10)).flat_map(turn).collect()
    }

    pub fn kinds(&mut self) -> Vec<String> {
        self.said().iter().map(|said| said.kind().to_owned()).collect()
    }

    pub fn fail(&mut self, check: &str) {
        for _ in 0..3 {
            self.app.pass(15);
            self.app.poll(check, Sign::Bad);
        }
        self.app.pass(1);
    }

    pub fn mend(&mut self, check: &str) {
        for _ in 0..3 {
            self.app.pass(15);
            self.app.poll(check, Sign::Good);
        }
        self.app.pass(1);
    }

    pub fn alert(&self, id: &str) -> Option<&AlertView> {
        self.app.state.world.alerts.iter().find(|alert| *alert.id == *id)
    }

    pub fn frame(&self) -> String {
        text(&draw(&self.app.state, 120, 40))
    }
}
