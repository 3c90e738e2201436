//! Everything that the console knows: the only input of the view.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::config::Config;
use crate::config::sections::screen::LogPanel;
use crate::lang::time::{BootTime, Stamp};
use crate::logs::ring::RingLimits;
use crate::model::message::RequestId;
use crate::model::run::{Lock, Run};
use crate::model::since::Since;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::Literals;

use super::alerting::Machines;
use super::keymap::Keymap;
use super::layout::{LayoutMap, PanelId};
use super::overlays::Overlay;
use super::screens::Screen;
use super::screens::actions::ActionsScreen;
use super::screens::diagnostics::DiagnosticsScreen;
use super::screens::logs::{LogsScreen, Timestamps, Waiting};
use super::screens::metrics::MetricsScreen;
use super::screens::overview::OverviewScreen;
use super::screens::service::ServiceScreen;
use super::world::alerts::AlertView;
use super::world::checks::CheckView;
use super::world::diagnostics::Diagnostics;
use super::world::logs::LogView;
use super::world::membership::Membership;
use super::world::metrics::MetricView;
use super::world::runs::RunView;
use super::world::services::ServiceView;
use super::world::tails::{Tail, tails};
use super::world::timeline::Timeline;
use super::world::toasts::Toasts;

/// What we know of our own network.
#[derive(Debug, Clone, Default)]
pub struct Connectivity {
    /// Whether we reach our own reference point; `true` where none is configured.
    pub ok: bool,
    /// In words.
    pub detail: SafeText,
    /// Since when; the first word of it has no beginning that was seen.
    pub since: Option<Since>,
}

/// What each screen remembers.
#[derive(Debug, Clone, Default)]
pub struct Screens {
    /// Overview and custom screens.
    pub overview: OverviewScreen,
    /// One service.
    pub service: ServiceScreen,
    /// Logs.
    pub logs: LogsScreen,
    /// Metrics.
    pub metrics: MetricsScreen,
    /// Actions.
    pub actions: ActionsScreen,
    /// Diagnostics.
    pub diagnostics: DiagnosticsScreen,
}

/// The themes that are shipped.
pub const THEMES: [&str; 8] =
    ["midnight", "daylight", "high-contrast", "okabe-ito", "solarized", "gruvbox", "nord", "mono"];

/// The whole state. Mutated by `update` alone; the view reads it.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of a console; a bit set would hide their names"
)]
pub struct State {
    /// The running configuration.
    pub config: Arc<Config>,
    /// The moment of the latest message.
    pub now: Stamp,
    /// When the console started.
    pub started: Stamp,
    /// The machine's clock at the zero of ours.
    pub boot: Option<BootTime>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Rises whenever something visible changed; the runtime draws when it differs from what it last drew.
    pub revision: u64,
    /// Since when the screen is held still. Only what a person asks for is drawn, and log records wait until it goes on.
    pub frozen: Option<Stamp>,
    /// Records that came while it was held still.
    pub(in crate::app) waiting: Waiting,
    /// Rises with each part of an answer that a person waits for: it is drawn though the screen is held still.
    pub answered: u64,
    /// Whether the terminal has the focus (true where it doesn't say).
    pub focused: bool,
    /// Our own network.
    pub connectivity: Connectivity,

    /// Checks, in the order of the configuration.
    pub checks: Vec<CheckView>,
    /// Metrics, in the order of the configuration.
    pub metrics: Vec<MetricView>,
    /// Logs, in the order of the configuration.
    pub logs: Vec<LogView>,
    /// Services, worst first, then in the order of the configuration.
    pub services: Vec<ServiceView>,
    /// Alerts that are not inactive: firing before pending before resolved, worst first, newest first.
    pub alerts: Vec<AlertView>,
    /// Runs that are under way or were followed here, newest first.
    pub runs: Vec<RunView>,
    /// Runs of the store, newest first; those in `runs` too.
    pub past: Vec<Run>,
    /// Locks that are held.
    pub locks: Vec<Lock>,
    /// Since when the store is away, and why; `None`: it answers.
    pub store_away: Option<(DateTime<Utc>, SafeText)>,
    /// What the filtered log panels of the layouts show.
    pub tails: HashMap<LogPanel, Tail>,
    /// Short messages.
    pub toasts: Toasts,
    /// What happened lately.
    pub timeline: Timeline,
    /// The console about itself.
    pub diagnostics: Diagnostics,

    /// The screen that is shown.
    pub screen: Screen,
    /// Where `q` and Esc go back to, the latest last.
    pub back: Vec<Screen>,
    /// What each screen remembers.
    pub screens: Screens,
    /// The panel with the focus; see [`State::panels`] for those of this screen.
    pub focus: Option<PanelId>,
    /// The panel that had the focus on each screen.
    pub focus_of: HashMap<Screen, PanelId>,
    /// The keys as they are now.
    pub keymap: Keymap,
    /// Whether the focused panel fills the screen.
    pub zoomed: bool,
    /// What lies over the screen, the topmost last.
    pub overlays: Vec<Overlay>,
    /// The themes to choose from; the runtime adds the person's own after [`State::new`].
    pub themes: Vec<String>,
    /// The name of the theme.
    pub theme: String,
    /// Whether long lines are wrapped.
    pub wrap: bool,
    /// How times of records are shown.
    pub timestamps: Timestamps,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// Whether actions are hidden.
    pub read_only: bool,
    /// The values that no plan may hold; the runtime puts them here once they are known.
    pub literals: Literals,
    /// Whether the colours that lines ask for are drawn.
    pub colours: bool,
    /// The moment that logs, charts and timeline point at together; `None`: none was chosen.
    pub time_cursor: Option<DateTime<Utc>>,
    /// Where things were drawn in the last frame; the runtime stores it here after each draw.
    pub layout: LayoutMap,
    /// The conditions with their memory; `alerts` is what of them is shown.
    pub(super) machines: Machines,
    /// Who belongs to whom.
    pub(super) membership: Arc<Membership>,
    /// Where each row of the membership stands in `services`.
    pub(super) places: Vec<usize>,
    /// Runs that were asked for and not yet answered: the action, by request.
    pub requested: BTreeMap<RequestId, Name>,
    /// The latest request.
    pub(super) last_request: RequestId,
    /// The second of the wall clock that the latest tick was for.
    pub(super) drawn_second: i64,
}

impl State {
    /// A state of which nothing is known yet.
    pub fn new(config: Arc<Config>, now: Stamp, size: (u16, u16)) -> Self {
        let checks = config.checks.iter().enumerate().map(|(at, check)| CheckView::new(at, check, now)).collect();
        let metrics = config.metrics.iter().enumerate().map(|(at, metric)| MetricView::new(at, metric, now)).collect();
        let limits = RingLimits { records: config.console.log_records, bytes: config.console.log_bytes };
        let logs: Vec<LogView> =
            config.logs.iter().enumerate().map(|(at, log)| LogView::new(at, log, limits)).collect();
        let mut state = Self {
            now,
            started: now,
            boot: None,
            size,
            revision: 1,
            frozen: None,
            waiting: Waiting::default(),
            answered: 0,
            focused: true,
            connectivity: Connectivity { ok: true, ..Connectivity::default() },
            checks,
            metrics,
            services: Vec::new(),
            alerts: Vec::new(),
            runs: Vec::new(),
            past: Vec::new(),
            locks: Vec::new(),
            store_away: None,
            tails: tails(&config, &logs),
            toasts: Toasts::default(),
            timeline: Timeline::default(),
            diagnostics: Diagnostics { configured_at: Some(now), ..Diagnostics::default() },
            screen: Screen::Overview,
            back: Vec::new(),
            screens: Screens { logs: LogsScreen::new(&logs), ..Screens::default() },
            focus: None,
            focus_of: HashMap::new(),
            keymap: Keymap::new(&config, config.console.read_only),
            zoomed: false,
            overlays: Vec::new(),
            themes: THEMES.map(str::to_owned).to_vec(),
            theme: config.console.theme.clone(),
            wrap: false,
            timestamps: Timestamps::default(),
            colours: true,
            time_cursor: None,
            mouse: config.console.mouse,
            read_only: config.console.read_only,
            literals: Literals::default(),
            layout: LayoutMap::default(),
            machines: Machines::default(),
            membership: Arc::default(),
            places: Vec::new(),
            requested: BTreeMap::new(),
            last_request: RequestId::default(),
            drawn_second: now.utc.timestamp(),
            logs,
            config,
        };
        state.regroup();
        state.machines = Machines::new(&state.config, &state.membership, &Machines::default());
        state
    }

    /// The name under which things without a service are shown: the console's own.
    pub fn own_name(&self) -> Name {
        Name::from(self.config.console.name.as_str())
    }

    /// Names a request that begins now.
    pub(super) fn next_request(&mut self) -> RequestId {
        self.last_request = RequestId(self.last_request.0 + 1);
        self.last_request
    }

    /// Something visible changed by itself. While the screen is frozen or nobody looks, that causes no frame.
    pub(super) fn changed(&mut self) {
        if self.frozen.is_none() && self.focused {
            self.revision += 1;
        }
    }

    /// The moment that the screen shows: while it is held still that at which it stopped.
    pub fn shown_now(&self) -> Stamp {
        self.frozen.unwrap_or(self.now)
    }

    /// Part of an answer is there, of a filter or a search over what is held: drawn though the screen is held still.
    pub(super) fn answer(&mut self) {
        if self.frozen.is_some() {
            self.revision += 1;
            self.answered += 1;
        } else {
            self.changed();
        }
    }

    /// A person did something: drawn in any case.
    pub(super) fn touched(&mut self) {
        self.revision += 1;
    }
}
