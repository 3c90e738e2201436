//! What is known: a pure fold over observations, stored runs and ticks, one module a concept. It knows no screen, so the
//! console, `opsroom status` and the demo are the same world, with one alert engine and one set of words.
//!
//! *Invariant:* no I/O, no clock, nothing of a screen. Given the same inputs at the same times, the same world.

pub(crate) mod acknowledging;
mod alerting;
pub mod alerts;
mod alerts_on_record;
pub(crate) mod announcing;
mod calendar;
pub(crate) mod changes;
pub(crate) mod charted;
mod checklist_records;
pub(crate) mod checklists;
pub mod checks;
pub(crate) mod contacts;
pub mod diagnostics;
pub(crate) mod digest;
pub mod driver;
mod due;
pub(crate) mod duty;
mod engine;
pub mod evidence;
mod excluding;
mod exclusions;
mod facts;
pub(crate) mod fired;
mod firings;
mod grouping;
pub(crate) mod history;
pub mod ids;
pub(crate) mod incident;
pub(crate) mod incidents;
mod lease;
pub mod link;
pub(crate) mod links;
pub mod logs;
mod lookup;
mod machines;
mod maintaining;
pub(crate) mod maintenance;
pub(crate) mod membership;
pub mod metrics;
mod minute;
mod minutes;
pub(crate) mod muting;
mod newest;
mod notifying;
pub mod objectives;
mod observe;
mod on_duty;
mod on_record;
pub mod one_round;
mod onset;
pub mod output;
mod past;
pub mod ranked;
pub(crate) mod reason;
mod recap;
mod reconfigure;
mod recording;
pub mod rehearsal;
pub(crate) mod responding;
mod restoring;
mod runbooks;
mod running;
pub mod runs;
pub mod services;
mod shown_phase;
mod sight;
mod signalled;
mod signalling;
mod silences;
mod silencing;
pub(crate) mod slos;
pub mod starting;
mod superseding;
pub mod table;
mod tick;
pub mod timeline;
mod unassigned;
pub(crate) mod unlike;
pub(crate) mod wall;
mod witnessed;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::lang::time::{BootTime, Moment, Stamp};
use crate::logs::ring::RingLimits;
use crate::model::engine::EngineState;
use crate::model::lease::LeaseView;
use crate::model::outcome::StoreAway;
use crate::model::presence::Presence;
use crate::model::rollup::Sheet;
use crate::model::run::{Lock, Run};
use crate::model::thing::{NoteRecord, RunbookRecord};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::Literals;

use alerts::Alerts;
use announcing::Announcing;
use calendar::ChangeCalendar;
use checklist_records::Checklists;
use checks::CheckView;
use diagnostics::Diagnostics;
use duty::Duty;
use exclusions::Exclusions;
use firings::Firings;
use ids::{CheckId, MetricId, SloId};
use incidents::Incidents;
use link::Connectivity;
use logs::{LogView, Logs};
use machines::Machines;
use maintenance::Maintenances;
use membership::Membership;
use metrics::MetricView;
use minute::OpenMinute;
use newest::Newest;
use objectives::SloView;
use recording::Record;
use runs::RunView;
use services::Services;
use signalled::Signalled;
use silences::Silences;
use table::IdTable;
use timeline::{EventKind, EventMark, Timeline, TimelineEntry};

pub(crate) use output::{Change, Intent, Output};

/// Everything that is known. Changed only by what it takes in; everybody else reads it.
#[derive(Debug, Clone)]
pub struct World {
    /// The running configuration.
    pub config: Arc<Config>,
    /// The moment of what was taken in last.
    pub now: Stamp,
    /// A moment of our clock, and the machine's clock then.
    pub boot: Option<(Stamp, BootTime)>,
    /// When this world began: what ended before is history and no news.
    pub started: Stamp,
    /// On the monotonic clock: since when anything is known of checks, with what was stored before this world began.
    known_since: Duration,
    /// On the monotonic clock: since when there are values of any metric or check. Kept, for every chart of a frame asks for it.
    charted_since: Option<Duration>,
    /// Our own network.
    pub connectivity: Connectivity,
    /// Checks, in the order of the configuration.
    pub checks: IdTable<CheckId, CheckView>,
    /// Metrics, in the order of the configuration.
    pub metrics: IdTable<MetricId, MetricView>,
    /// Objectives, in the order of the configuration.
    pub slos: IdTable<SloId, SloView>,
    /// Logs, in the order of the configuration.
    pub logs: Logs,
    /// Services, worst first, then in the order of the configuration.
    pub services: Services,
    /// Alerts that are not inactive: firing before pending before resolved, worst first, newest first.
    pub alerts: Alerts,
    /// Runs that are under way or were followed here, newest first.
    pub runs: Vec<RunView>,
    /// Runs of the store, newest first; those in `runs` too.
    pub history: Vec<Run>,
    /// Locks that are held.
    pub locks: Vec<Lock>,
    /// Who acts for all that use the store.
    pub lease: LeaseView,
    /// Who else uses the store, as far as is known: those that began first come first.
    pub present: Vec<Presence>,
    /// Since when the store is away, and why; `None`: it answers.
    pub store_away: Option<StoreAway>,
    /// Why the store may only be read here; `None`: it may be written.
    pub store_only_read: Option<SafeText>,
    /// What the engine knew when it was kept last, and when that was.
    engine_kept: Option<(Stamp, Arc<EngineState>)>,
    /// The values that no plan may hold, as far as they are known.
    pub literals: Literals,
    /// What happened lately.
    pub timeline: Timeline,
    /// What is known of our own working.
    pub diagnostics: Diagnostics,
    /// Whether actions are refused and hidden.
    pub read_only: bool,
    /// The minute that is being added up, where this process stores roll-ups or may have to.
    minute: Option<OpenMinute>,
    /// The last minutes that were added up while another one, or nobody, stored them; oldest first.
    unwritten: VecDeque<Sheet>,
    /// What was handed over to be stored of the minute that is under way.
    handed_over: Option<Sheet>,
    /// How far the store was read, and what has to be said to it.
    record: Record,
    /// The firings of alerts that are on record, and what has to be said of them.
    firings: Firings,
    /// Silences that are on record.
    silences: Silences,
    /// Windows of maintenance.
    maintenance: Maintenances,
    /// Spans that do not count against objectives.
    exclusions: Exclusions,
    /// Runs of checklists.
    checklists: Checklists,
    /// Incidents.
    incidents: Incidents,
    /// Planned changes and freezes.
    changes: ChangeCalendar,
    /// What is on record of runbooks, by file and section.
    runbooks: BTreeMap<Name, RunbookRecord>,
    /// The last fact about each of them.
    runbooks_newest: Newest,
    /// Who is on call.
    duty: Duty,
    /// What is told of alerts, and to whom.
    announcing: Announcing,
    /// What the terminal of this console signalled.
    signalled: Signalled,
    /// What was said when each check or metric was acknowledged last.
    notes: BTreeMap<Name, NoteRecord>,
    /// The conditions with their memory; `alerts` is what of them is shown.
    machines: Machines,
    /// Who belongs to whom.
    pub(crate) membership: Arc<Membership>,
}

impl World {
    /// A world of which nothing is known yet.
    pub(crate) fn new(config: Arc<Config>, now: Stamp) -> Self {
        let checks = config.checks.iter().map(|check| CheckView::new(check, now)).collect();
        let metrics = config.metrics.iter().map(|metric| MetricView::new(metric, now)).collect();
        let slos = config.slos.iter().map(|slo| SloView::new(slo, &config, now)).collect();
        let limits = RingLimits { records: config.console.log_records, bytes: config.console.log_bytes };
        let logs = config.logs.iter().map(|log| LogView::new(log, limits)).collect();
        let mut world = Self {
            now,
            started: now,
            known_since: now.mono,
            charted_since: None,
            boot: None,
            connectivity: Connectivity { ok: true, ..Connectivity::default() },
            checks,
            metrics,
            slos,
            logs,
            services: Services::default(),
            alerts: Alerts::default(),
            runs: Vec::new(),
            history: Vec::new(),
            locks: Vec::new(),
            lease: LeaseView::default(),
            present: Vec::new(),
            store_away: None,
            store_only_read: None,
            engine_kept: None,
            literals: Literals::default(),
            timeline: Timeline::default(),
            diagnostics: Diagnostics { configured_at: Some(now), ..Diagnostics::default() },
            read_only: config.console.read_only,
            minute: None,
            unwritten: VecDeque::new(),
            handed_over: None,
            record: Record::default(),
            firings: Firings::default(),
            silences: Silences::default(),
            maintenance: Maintenances::new(&config),
            exclusions: Exclusions::default(),
            checklists: Checklists::default(),
            incidents: Incidents::default(),
            changes: ChangeCalendar::default(),
            runbooks: BTreeMap::new(),
            runbooks_newest: Newest::default(),
            duty: Duty::new(&config),
            announcing: Announcing::default(),
            signalled: Signalled::default(),
            notes: BTreeMap::new(),
            machines: Machines::default(),
            membership: Arc::default(),
            config,
        };
        world.regroup();
        world.machines = Machines::new(&world.config, &world.membership, &Machines::default());
        world
    }

    /// Takes over the time. What waited in a queue must not turn it back.
    pub(crate) fn advance(&mut self, to: Stamp) {
        if to.mono >= self.now.mono {
            self.now = to;
        }
    }

    /// This moment as it compares with those that other processes wrote.
    pub(crate) fn moment(&self) -> Moment {
        Moment { utc: self.now.utc, boot: self.boot.map(|(then, boot)| boot.plus(self.now.since(then))) }
    }

    /// Notes what happened here and may be on record too; `is_found`: it had begun before.
    fn saw(&mut self, mark: EventMark, kind: EventKind, service: Option<Name>, text: &str, is_found: bool) {
        let entry = TimelineEntry::new(self.now, kind, service, SafeText::new(text));
        self.timeline.see(entry, mark, Duration::ZERO, is_found);
    }

    /// Notes what happened, of no service or of one.
    pub(crate) fn happened(&mut self, kind: EventKind, service: Option<Name>, text: &str) {
        self.timeline.push(TimelineEntry::new(self.now, kind, service, SafeText::new(text)));
    }
}
