//! Silences in the world: which alerts each mutes, and when one is over.

use std::time::Duration;

use super::World;
use super::alerts::{AlertSubject, AlertView};
use super::output::{Change, Output};
use crate::config::known::UnknownName;
use crate::model::fact::{Fact, SilenceEnd, SilenceEnded, Statement};
use crate::model::silence::{MatchInput, SilenceMatch, SilencePreview, is_quiet};
use crate::model::thing::SilenceRecord;

/// What was said and is not on record after so long is said again.
const PATIENCE: Duration = Duration::from_secs(30);

impl AlertView {
    /// What a silence looks at.
    pub(crate) fn match_input(&self) -> MatchInput<'_> {
        MatchInput {
            alert: self.subject.name(),
            of_slo: matches!(self.subject, AlertSubject::Slo(_)),
            severity: self.severity,
            service: self.service.as_deref(),
            condition: &self.condition,
            value: self.value.as_str(),
        }
    }
}

impl World {
    /// The silences that mute now, in the order in which they began.
    pub(crate) fn active_silences(&self) -> impl Iterator<Item = &SilenceRecord> {
        let all = self.silences.iter().map(|silence| &silence.record);
        all.filter(|record| record.is_active(self.now.utc))
    }

    /// The silence of that id, while it mutes.
    pub(crate) fn active_silence(&self, id: &str) -> Option<&SilenceRecord> {
        self.active_silences().find(|record| *record.id == *id)
    }

    /// What a silence would mute of what is known here.
    pub(crate) fn preview_silence(&self, matching: &SilenceMatch) -> SilencePreview {
        SilencePreview::new(matching, self.firings.iter().map(|firing| &firing.record), self.now.utc)
    }

    /// What a silence would name that nothing here has.
    pub(crate) fn unknown_name(&self, matching: &SilenceMatch) -> Option<UnknownName> {
        self.config.unknown_name(matching, self.firings.iter().map(|firing| &firing.record))
    }

    /// A fact about silences; true where that shows.
    pub(super) fn apply_silence(&mut self, fact: &Fact, output: &mut Output) -> bool {
        let learned = match fact.said() {
            Statement::SilenceStarted(said) => self.silences.learn(SilenceRecord::new(fact, said), fact.seq),
            Statement::SilenceEnded(said) => self.silences.learn_end(said, fact.draft.at, fact.seq),
            _ => false,
        };
        if learned {
            self.review_silences(output);
        }
        learned
    }

    /// Has alerts looked at again where others are silenced than before.
    pub(super) fn review_silences(&mut self, output: &mut Output) {
        if self.silences.has_changed(self.now.utc) {
            self.review_alerts();
            output.changes.push(Change::Alerts);
            output.noticeable = true;
        }
    }

    /// Says which silences are over: their time is, or what they match has been quiet for long enough.
    pub(super) fn end_silences(&mut self) -> Vec<Statement> {
        let (now, quiet) = (self.now, self.config.alerting.quiet_ends_silence);
        let firings = || self.firings.iter().map(|firing| &firing.record);
        let over = self.silences.iter().filter_map(|silence| {
            let record = &silence.record;
            let because = match (&record.ended, silence.said_at) {
                (Some((because, _)), Some(at)) if now.since(at) > PATIENCE && self.store_away.is_none() => *because,
                (Some(_), _) => return None,
                (None, _) if record.until <= now.utc => SilenceEnd::Expired,
                (None, _) => {
                    let matching = silence.matching.as_ref()?;
                    is_quiet(record, matching, firings(), quiet, now.utc).then_some(SilenceEnd::Quiet)?
                }
            };
            Some(SilenceEnded { id: record.id.clone(), matching: record.matching.clone(), because })
        });
        let over: Vec<SilenceEnded> = over.collect();
        for ended in &over {
            self.silences.say_end(ended, now);
        }
        over.into_iter().map(Statement::SilenceEnded).collect()
    }
}
