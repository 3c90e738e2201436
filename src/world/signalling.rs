//! What the terminal of this console signals: each console its own, whoever sends messages for all.

use chrono::{DateTime, Utc};

use super::World;
use super::announcing::quiet_rule;
use super::output::{Intent, Output};
use crate::config::channels::ChannelKind;
use crate::config::sections::notify::Channel;
use crate::lang::order::InOrder;
use crate::model::governor::{Precedence, most};
use crate::model::thing::AlertRecord;

impl World {
    /// Signals alerts that began to fire since this console began, once each, together where several came.
    pub(super) fn signal(&mut self, output: &mut Output) {
        let mut signalled = std::mem::take(&mut self.signalled);
        for channel in &self.config.channels {
            let ChannelKind::Terminal(terminal) = &channel.kind else { continue };
            let (said, log) = signalled.channels.entry(channel.name.clone()).or_default();
            let now = self.now.utc;
            said.retain(|id| self.firings.get(id).is_some());
            if log.opens_at(&channel.limits, Precedence::First, now) > now {
                continue;
            }
            let mut new: Vec<&AlertRecord> =
                self.to_signal(channel, now).filter(|new| !said.contains(&new.id)).collect();
            new.order_by_key(|record| (std::cmp::Reverse(record.severity), record.fired_at));
            let Some(first) = new.first() else { continue };
            let more = new.len() - 1;
            let more = if more == 0 { String::new() } else { format!(", {more} more") };
            let text = format!("{} {}: {}{more}", first.severity.word().to_uppercase(), first.alert, first.value);
            output.intents.push(Intent::Signal(terminal.sequence(&self.config.console.name, &text)));
            said.extend(new.iter().map(|record| record.id.clone()));
            log.note(most(&channel.limits), now);
        }
        self.signalled = signalled;
    }

    /// What fires, is to be heard of by a channel, and nobody is at.
    fn to_signal<'a>(&'a self, channel: &'a Channel, now: DateTime<Utc>) -> impl Iterator<Item = &'a AlertRecord> {
        let quiet = quiet_rule(&self.config, channel);
        let is_heard = move |record: &&AlertRecord| {
            let rules = self.config.severities.iter();
            let is_routed =
                rules.filter(|rule| rule.severity == record.severity).any(|rule| rule.notify.contains(&channel.name));
            let is_quiet = || quiet.is_some_and(|quiet| quiet.hold(record.severity, now).is_some());
            let is_new = record.fired_at >= self.started.utc;
            is_routed && is_new && !is_quiet() && self.acknowledgement(record).is_none() && !self.is_muted(record)
        };
        self.firings.open().map(|firing| &firing.record).filter(is_heard)
    }

    fn is_muted(&self, record: &AlertRecord) -> bool {
        match self.alert(&record.rule) {
            Some(view) => view.is_hushed() || view.inhibited_by.is_some(),
            None => self.hidden(&record.rule).is_some(),
        }
    }
}
