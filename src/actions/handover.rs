//! What reaches the supervisor through its stdin alone, and how it is known to be whole.
//!
//! `opsroom handover 1\n`, the length as 64 bits in little endian, the SHA-256, then that many bytes of JSON. A console
//! that is killed while it writes leaves less, or nothing at all: then nothing runs, because it would run without its
//! declared environment, its secrets and its checks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::intent::RunIntent;
use crate::config::sections::check::Check;
use crate::config::sections::secret::SecretSource;
use crate::config::sections::source::Source;
use crate::text::name::Name;

/// Bound on all of it.
pub(crate) const MOST: u64 = 64 << 20;
const MAGIC: &[u8] = b"opsroom handover 1\n";
const HEAD: usize = MAGIC.len() + 8 + 32;

/// What the supervisor is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Run the steps, then verify.
    Run,
    /// Verify a run whose supervisor died.
    Verify,
}

/// Values of secrets and parsed checks: never stored.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Handover {
    /// What is to be done.
    pub task: Task,
    /// For which run.
    pub run: Name,
    /// Of which plan.
    pub digest: String,
    /// The declared environment, secrets filled in.
    pub env: BTreeMap<String, String>,
    /// Every secret by name, for the checks.
    pub secrets: BTreeMap<Name, String>,
    /// Where those of them come from that can be read again, because they may be rotated meanwhile.
    #[serde(default)]
    pub places: BTreeMap<Name, SecretSource>,
    /// Everything that must never be shown: the secrets, and what they were before they were rotated.
    pub masked: Vec<String>,
    /// The checks that are looked at after the steps.
    pub checks: Vec<Check>,
    /// The sources that these judge.
    pub sources: Vec<Source>,
    /// The URL of the store, with its password, where that is on a server.
    #[serde(default)]
    pub store: Option<String>,
}

impl std::fmt::Debug for Handover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handover")
            .field("task", &self.task)
            .field("run", &self.run)
            .field("env", &self.env.keys())
            .field("secrets", &self.secrets.keys())
            .finish_non_exhaustive()
    }
}

impl Handover {
    /// As it is written into the supervisor's stdin.
    ///
    /// # Errors
    /// It can't be serialised.
    pub(crate) fn seal(&self) -> serde_json::Result<Vec<u8>> {
        let body = serde_json::to_vec(self)?;
        let mut sealed = Vec::with_capacity(HEAD + body.len());
        sealed.extend_from_slice(MAGIC);
        sealed.extend_from_slice(&(body.len() as u64).to_le_bytes());
        sealed.extend_from_slice(&Sha256::digest(&body));
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// What was sealed for exactly this run.
    ///
    /// # Errors
    /// Why it is refused, in words: empty, cut short, changed, or meant for another run or plan.
    pub(crate) fn open(given: &[u8], intent: &RunIntent) -> Result<Self, String> {
        if given.is_empty() {
            return Err(
                "the handover is empty: the console was gone before it handed over secrets and checks".to_owned()
            );
        }
        let cut = |expected: u64| format!("the handover was cut short: {} of {expected} bytes arrived", given.len());
        let (Some(magic), Some(length), Some(digest), Some(body)) = (
            given.get(..MAGIC.len()),
            given.get(MAGIC.len()..MAGIC.len() + 8),
            given.get(MAGIC.len() + 8..HEAD),
            given.get(HEAD..),
        ) else {
            return Err(cut(HEAD as u64));
        };
        if magic != MAGIC {
            return Err("the handover is not one of this version".to_owned());
        }
        let length = length.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        if (body.len() as u64) < length {
            return Err(cut(length.saturating_add(HEAD as u64)));
        }
        if body.len() as u64 > length || Sha256::digest(body).as_slice() != digest {
            return Err("the handover does not match its SHA-256".to_owned());
        }
        let handover: Self =
            serde_json::from_slice(body).map_err(|error| format!("the handover can't be read: {error}"))?;
        if handover.run != intent.id {
            return Err(format!("the handover is for run {}", handover.run));
        }
        if handover.digest != intent.digest || intent.plan.digest() != intent.digest {
            return Err("the plan is not the one that was confirmed".to_owned());
        }
        Ok(handover)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::model::preview::Preview;
    use crate::model::run::Plan;

    pub(crate) fn intent(id: &str, target: &str) -> RunIntent {
        let plan = Plan {
            action: "restart".into(),
            verb: "restart".into(),
            adapter: "ours".into(),
            service: None,
            target: target.to_owned(),
            environment: String::new(),
            host: "local".to_owned(),
            directory: "/".into(),
            steps: vec![vec!["true".to_owned()]],
            env: BTreeMap::new(),
            parameters: BTreeMap::new(),
            timeout: Duration::from_secs(1),
            grace: Duration::from_secs(1),
            changing: true,
            dry_run: false,
            terminal: false,
        };
        RunIntent {
            id: id.into(),
            digest: plan.digest(),
            plan,
            preview: Preview::default(),
            fence: 1,
            attempt: 1,
            who: "me".to_owned(),
            reason: None,
            at: DateTime::UNIX_EPOCH,
            boot: None,
            verify: None,
            store: None,
        }
    }

    fn handover(intent: &RunIntent) -> Handover {
        Handover {
            task: Task::Run,
            run: intent.id.clone(),
            digest: intent.digest.clone(),
            env: BTreeMap::from([("TOKEN".to_owned(), "hunter2".to_owned())]),
            secrets: BTreeMap::from([("token".into(), "hunter2".to_owned())]),
            places: BTreeMap::new(),
            masked: vec!["hunter2".to_owned(), "hunter1".to_owned()],
            checks: Vec::new(),
            sources: Vec::new(),
            store: Some("postgres://ana:hunter2@db/ops".to_owned()),
        }
    }

    #[test]
    fn what_was_sealed_is_opened_and_nothing_shorter() {
        let intent = intent("a", "api");
        let sealed = handover(&intent).seal().unwrap();
        assert_eq!(Handover::open(&sealed, &intent).unwrap(), handover(&intent));
        for length in 0..sealed.len() {
            let why = Handover::open(&sealed[..length], &intent).unwrap_err();
            assert!(why.contains(if length == 0 { "is empty" } else { "cut short" }), "{length}: {why}");
        }
        assert!(!format!("{:?}", handover(&intent)).contains("hunter"));
    }

    #[test]
    fn one_for_another_run_or_plan_is_refused() {
        let (mine, other) = (intent("a", "api"), intent("b", "api"));
        let why = Handover::open(&handover(&other).seal().unwrap(), &mine).unwrap_err();
        assert!(why.contains("for run b"), "{why}");
        let changed = intent("a", "db");
        let why = Handover::open(&handover(&changed).seal().unwrap(), &mine).unwrap_err();
        assert!(why.contains("not the one that was confirmed"), "{why}");
        let mut edited = intent("a", "api");
        edited.plan.steps[0][0] = "reboot".to_owned();
        let why = Handover::open(&handover(&mine).seal().unwrap(), &edited).unwrap_err();
        assert!(why.contains("not the one that was confirmed"), "{why}");
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_refused(at in 0_usize..10_000, flip in 1_u8..=255) {
            let intent = intent("a", "api");
            let mut sealed = handover(&intent).seal().unwrap();
            let at = at % sealed.len();
            sealed[at] ^= flip;
            prop_assert!(Handover::open(&sealed, &intent).is_err());
            sealed[at] ^= flip;
            sealed.push(flip);
            prop_assert!(Handover::open(&sealed, &intent).is_err());
        }
    }
}
