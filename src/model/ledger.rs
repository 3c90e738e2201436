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
    /// What the target takes to be firing if it did get that message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubtful: Vec<GroupState>,
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
        self.doubtful.clear();
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

    /// Of a message whose outcome nobody knows: what of it is over meanwhile, the target may still take to be firing, and is to
    /// hear the end. What still fires is told once more.
    pub(crate) fn doubt(&mut self, is_over: impl Fn(&Name) -> bool) {
        for state in &mut self.doubtful {
            let over: Vec<Announced> = state.firing.extract_if(.., |known| is_over(&known.id)).collect();
            let Some(at) = over.iter().map(|known| known.told_at).max() else { continue };
            let group = self.groups.entry(state.key.clone()).or_insert_with(|| KnownGroup { firing: Vec::new(), at });
            for known in over {
                if !group.firing.iter().any(|other| other.id == known.id) {
                    group.firing.push(known);
                }
            }
        }
        self.doubtful.retain(|state| !state.firing.is_empty());
    }

    /// Takes in what is said of a message to it.
    pub(crate) fn apply(&mut self, said: &Statement) {
        match said {
            Statement::MessageClaimed(said) => {
                (self.claimed, self.doubtful) = (Some(said.id.clone()), said.groups.clone());
            }
            Statement::MessageSent(said) => {
                self.accept(&said.groups, said.most, said.at);
                self.note_windows(&said.notices, said.at);
                self.claimed = None;
            }
            Statement::MessageFailed(said) => {
                self.refuse(said.kind, &said.why, said.at);
                self.claimed = None;
                self.doubtful.clear();
            }
            _ => {}
        }
    }
}
