//! What is known of an incident and of what people said in one.

use super::Sheet;
use crate::lang::unit;
use crate::model::thing::IncidentRecord;
use crate::model::thing::incident::IncidentEntry;
use crate::text::SafeText;

impl Sheet<'_> {
    pub(super) fn incident(&mut self, record: &IncidentRecord) {
        let world = self.world;
        self.say("title", record.title.as_str());
        self.say("state", format!("{}, {}", record.severity.word(), record.state.word()));
        self.listed("services", record.services.iter().map(|name| world.title_of_service(name)));
        self.say("opened", format!("{} by {}", self.moment(record.opened_at), record.opened_by));
        self.listed("roles", record.terms().iter().map(|term| format!("{} {}", term.role.word(), term.who)));
        let figures = record.figures();
        let span = |span: Option<chrono::TimeDelta>| span.and_then(|span| span.to_std().ok()).map(unit::span);
        self.say("acknowledged after", span(figures.to_acknowledge).unwrap_or_default());
        self.say("mitigated after", span(figures.to_mitigate).unwrap_or_default());
        self.say("recovered after", span(figures.to_recover).unwrap_or_default());
        self.listed("joined", record.joins.iter().map(|join| join.who.as_str()));
    }

    pub(super) fn incident_entry(&mut self, entry: &IncidentEntry) {
        self.say("kind", format!("{}, {}", entry.kind.word(), entry.state.word()));
        self.rows.push(("what", entry.text.clone()));
        self.listed("owner", entry.owner.iter().map(SafeText::as_str));
        self.listed("source", entry.source.iter().map(SafeText::as_str));
        self.say("at", self.moment(entry.at));
        self.say("by", entry.by.as_str());
        if let Some((at, by)) = &entry.settled {
            self.say("settled", format!("{} by {by}", self.moment(*at)));
        }
        if let Some((at, by)) = &entry.corrected {
            self.say("corrected", format!("{} by {by}", self.moment(*at)));
        }
    }
}
