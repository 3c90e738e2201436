//! What one target was told: what it takes to be firing, and when messages went to it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fact::Statement;
use super::governor::SendLog;
use super::message::{Announced, GroupState, MessageKind};
use crate::text::SafeText;
use crate::text::name::Name;

/// What a target knows of one group. It is kept while the target takes anything of it to be firing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownGroup {
    /// What it takes to be firing.
    pub firing: Vec<Announced>,
    /// When it was told last.
    pub at: DateTime<Utc>,
}

/// That a target did not accept a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unproven {
    /// Since when.
    pub since: DateTime<Utc>,
    /// What happened last.
    pub why: SafeText,
    /// When it accepted a message again.
    pub over: Option<DateTime<Utc>>,
}

/// What one target was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRecord {
    /// By the key of the group.
    pub groups: BTreeMap<String, KnownGroup>,
    /// The windows of maintenance that it was told of, each with its first moment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notices: BTreeMap<Name, DateTime<Utc>>,
    /// When messages were accepted.
    pub sent: SendLog,
    /// What went wrong since the last that was accepted, and when that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<(DateTime<Utc>, SafeText)>,
    /// The last test that was not accepted, since the first of its row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<Unproven>,
    /// The message that was about to be sent and of which no more is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<Name>,
}

impl TargetRecord {
    /// It was told of these windows of maintenance. Those that began are forgotten: none is announced any more.
    pub(crate) fn note_windows(&mut self, notices: &BTreeMap<Name, DateTime<Utc>>, at: DateTime<Utc>) {
        self.notices.retain(|_, from| *from > at);
        self.notices.extend(notices.iter().map(|(id, from)| (id.clone(), *from)));
    }

    /// A message was accepted. `most`: messages that any limit looks at.
    pub(crate) fn accept(&mut self, groups: &[GroupState], most: usize, at: DateTime<Utc>) {
        self.sent.note(most, at);
        self.failed = None;
        if let Some(unproven) = &mut self.unproven {
            unproven.over.get_or_insert(at);
        }
        for group in groups {
            if group.firing.is_empty() {
                self.groups.remove(&group.key);
                continue;
            }
            self.groups.insert(group.key.clone(), KnownGroup { firing: group.firing.clone(), at });
        }
    }

    /// A message was not.
    pub(crate) fn refuse(&mut self, kind: MessageKind, why: &SafeText, at: DateTime<Utc>) {
        self.failed = Some((at, why.clone()));
        if kind == MessageKind::Test {
            let since = self.unproven.as_ref().filter(|unproven| unproven.over.is_none()).map_or(at, |open| open.since);
            self.unproven = Some(Unproven { since, why: why.clone(), over: None });
        }
    }

    /// Takes in what is said of a message to it.
    pub(crate) fn apply(&mut self, said: &Statement) {
        match said {
            Statement::MessageClaimed(said) => self.claimed = Some(said.id.clone()),
            Statement::MessageSent(said) => {
                self.accept(&said.groups, said.most, said.at);
                self.note_windows(&said.notices, said.at);
                self.claimed = None;
            }
            Statement::MessageFailed(said) => {
                self.refuse(said.kind, &said.why, said.at);
                self.claimed = None;
            }
            _ => {}
        }
    }
}
