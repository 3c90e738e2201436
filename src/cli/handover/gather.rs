//! What a handover is drafted from: all of it as the store has it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Arguments, certificates};
use crate::cli::output::{self, exit};
use crate::cli::span::{Refusal, refused};
use crate::cli::{Global, run_service, slo};
use crate::config::Config;
use crate::config::titles::title_of_contact;
use crate::lang::nearest;
use crate::lang::order::InOrder;
use crate::lang::schedule::TimeWindow;
use crate::lang::time::minute_of;
use crate::model::fact::login_of;
use crate::model::maintenance::MaintenanceWindow;
use crate::model::rollup::SeriesKey;
use crate::model::run::Run;
use crate::model::thing::{ChangeRecord, ChecklistRecord, IncidentRecord, StoredThing, ThingKey};
use crate::report::handover::{DEPLOYMENTS_OF, HandoverDraft, HandoverInput, backup_actions};
use crate::runtime::runs::RunService;
use crate::store::incidents::LATEST;
use crate::store::{Store, StoreError};
use crate::text::name::Name;
use crate::world::World;
use crate::world::digest::{Digest, SpanRecord};
use crate::world::duty::{DutyPlan, ShiftToHandOver};
use crate::world::unlike::UnlikeHour;

/// The longest time that a handover looks back.
const LONGEST: TimeDelta = TimeDelta::days(35);

/// Series that are read to be compared with yesterday.
const MOST_SERIES: usize = 1_000;

/// Runs of a backup that are looked through for the last one that ended: dry runs and those under way may be newer.
const RUNS_OF_BACKUP: u32 = 64;

/// A draft, and what it is about.
pub(super) struct Draft {
    pub report: HandoverDraft,
    pub who: Name,
    pub to: Option<Name>,
    pub shift: TimeWindow,
    pub next_until: DateTime<Utc>,
    /// The handover that is offered already.
    pub offered: Option<Name>,
}

/// Why there is no draft.
pub(super) enum Failure {
    Store(StoreError),
    Usage(Refusal),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Failure {
    /// Says it, and returns the exit code.
    pub(super) fn report(self) -> u8 {
        match self {
            Self::Store(error) => run_service::broken(&error),
            Self::Usage((problem, hint)) => output::fail(exit::USAGE, &problem, &hint),
        }
    }
}

/// The contact that a person is: the one that they name, else the one with their login name; where there is no rotation, the
/// login name itself.
pub(super) fn person(config: &Config, named: Option<&str>, login: &str) -> Result<Name, Refusal> {
    if let Some(name) = named {
        return config.contact_named(name).map(|contact| contact.id.clone());
    }
    match config.contact_of(login) {
        Some(contact) => Ok(contact.id.clone()),
        None if config.oncall.is_none() => Ok(Name::from(login)),
        None => {
            let hint = format!("use --as CONTACT, or add login = \"{login}\" to your [contact.NAME]");
            refused(format!("no contact has the login name `{login}`"), hint)
        }
    }
}

/// Drafts the handover of the shift that runs, or of the one of whoever asks that has just ended.
pub(super) async fn draft(
    run_service: &RunService,
    config: &Arc<Config>,
    global: &Global,
    arguments: &Arguments,
) -> Result<Draft, Failure> {
    let mut world = World::new(Arc::clone(config), global.clock.now());
    let stored = slo::read(&mut world, run_service).await?;
    let (duty, now, store) = (stored.duty(config), run_service.now(), run_service.store());
    let login = login_of(&run_service.identity().who);
    let meant = meant(config, &duty, arguments, (login, now)).map_err(Failure::Usage)?;
    let ShiftToHandOver { who, to, shift, next_until } = meant;
    let from = shift.start.max(now - LONGEST);
    let past = store.history(from.min(now - DEPLOYMENTS_OF)).await?;
    let (work, troubled) = (Work::read(run_service).await?, store.troubled().await?);
    let record = SpanRecord { facts: &past.facts, runs: &past.runs, troubled: &troubled, incidents: &work.incidents };
    let digest = Digest::new(record, config, TimeWindow { start: from, end: now });
    let lately = Digest::new(record, config, TimeWindow { start: now - DEPLOYMENTS_OF, end: now });
    let (locks, unclosed) = (store.locks().await?, store.unclosed_runs().await?);
    let backups = backup_runs(config, store).await?;
    let head = store.latest_audit(1).await?.into_iter().next().map(|line| (line.seq, line.hash));
    let plan = stored.maintenance_plan(config);
    let mut windows: Vec<MaintenanceWindow> = plan.running(now);
    windows.extend(plan.coming(now).into_iter().filter(|one| one.window.start < next_until));
    let configured = config.freezes_around(now);
    let mut changes: Vec<ChangeRecord> = stored.changes.iter().cloned().chain(configured).collect();
    changes.retain(|change| change.stands(now) && change.from < next_until);
    changes.order_by(|one, other| (one.from, &one.id).cmp(&(other.from, &other.id)));
    let (certificates, unlike) =
        (certificates::left(config, global).await, unlike_yesterday(&mut world, run_service).await?);
    let title = |who: &Name| title_of_contact(config, who).to_owned();
    let input = HandoverInput {
        config,
        layer: &arguments.layer,
        who: title(&who),
        next: to.as_ref().map(title),
        shift: TimeWindow { start: from, end: shift.end },
        next_until,
        now,
        digest: &digest,
        lately: &lately,
        firing: stored.firing().collect(),
        silences: stored.silences.iter().filter(|silence| silence.is_active(now)).collect(),
        windows,
        changes,
        locks: &locks,
        running: unclosed.iter().collect(),
        backup_runs: &backups,
        incidents: work.incidents.iter().filter(|record| record.is_open()).collect(),
        rounds: work.rounds.iter().collect(),
        certificates: &certificates,
        unlike: &unlike,
        budgets: world.slos.iter().map(|one| format!("{}: {}", one.title, slo::summary(one))).collect(),
        head,
        watch_outs: arguments.notes.clone(),
    };
    let report = HandoverDraft::new(&input);
    let offered = duty.offered(&arguments.layer, now).map(|record| record.said.id.clone());
    Ok(Draft { report, who, to, shift, next_until, offered })
}

/// What people work on.
struct Work {
    incidents: Vec<IncidentRecord>,
    rounds: Vec<ChecklistRecord>,
}

impl Work {
    async fn read(run_service: &RunService) -> Result<Self, StoreError> {
        let store = run_service.store();
        let (incidents, rounds) = (store.incidents(LATEST).await?, store.checklists().await?);
        let incidents = incidents.iter().filter_map(StoredThing::read).collect();
        // Those that go on are read twice.
        let rounds: BTreeMap<&ThingKey, &StoredThing> = rounds.iter().map(|thing| (&thing.key, thing)).collect();
        Ok(Self { incidents, rounds: rounds.into_values().filter_map(StoredThing::read).collect() })
    }
}

/// The latest runs of the actions that make or prove backups: between them there may be any number of others.
async fn backup_runs(config: &Config, store: &Store) -> Result<Vec<Run>, StoreError> {
    let mut runs = Vec::new();
    for action in backup_actions(config) {
        runs.extend(store.runs_of(&action.verb, &action.target, RUNS_OF_BACKUP).await?);
    }
    Ok(runs)
}

/// What is unlike the same hour yesterday, by what is stored.
async fn unlike_yesterday(world: &mut World, run_service: &RunService) -> Result<Vec<UnlikeHour>, StoreError> {
    let now = world.now;
    let known: BTreeSet<SeriesKey> = world.measured_by_slos().collect();
    let metrics = world.config.metrics.iter().map(|metric| SeriesKey::Metric(metric.name.clone()));
    let checks = world.config.checks.iter().map(|check| SeriesKey::Check(check.name.clone()));
    let unread = metrics.chain(checks).filter(|series| !known.contains(series));
    let unread: Vec<SeriesKey> = unread.take(MOST_SERIES).collect();
    world.restore(&run_service.store().stored_readings(&unread, minute_of(now.utc)).await?);
    Ok(world.unlike_yesterday())
}

/// The shift that is handed over.
fn meant(
    config: &Config,
    duty: &DutyPlan,
    arguments: &Arguments,
    (login, now): (&str, DateTime<Utc>),
) -> Result<ShiftToHandOver, Refusal> {
    let layer = &arguments.layer;
    if config.oncall.is_some() && duty.rotation(layer).is_none() {
        let known = duty.layers().iter().map(|(name, _)| &**name);
        return refused(format!("no layer named `{layer}`"), nearest::hint_of(layer, known));
    }
    let me = match person(config, arguments.who.as_deref(), login) {
        Ok(me) => me,
        // Anybody may draft it for whoever is on call.
        Err(_) if arguments.who.is_none() => duty.who(layer, now).cloned().unwrap_or_else(|| Name::from(login)),
        Err(refusal) => return Err(refusal),
    };
    Ok(duty.to_hand_over(layer, &me, now))
}
