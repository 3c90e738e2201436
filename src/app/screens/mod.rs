//! The screens: which there are, their layouts, and what each remembers beside its lists. Data only; what commands do
//! there is in the modules above.

pub mod logs;
pub mod metrics;
pub(crate) mod runbook;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::config::screens::layouts;
use crate::config::sections::screen::ScreenLayout;
use crate::model::presence::{Presence, PresenceView};
use crate::text::SafeText;
use crate::text::name::Name;

use logs::LogsScreen;
use metrics::MetricsScreen;
use runbook::ShownRunbook;

/// Which screen is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Screen {
    /// Is anything wrong?
    #[default]
    Overview,
    /// One service; which one is in [`ServiceScreen`].
    Service,
    /// Merged records.
    Logs,
    /// Charts.
    Metrics,
    /// What fires, is muted, acknowledged, resolved.
    Alerts,
    /// Runs, locks, what can be started.
    Actions,
    /// Checklists: due, running, done, missed; the walkthrough.
    Checklists,
    /// The incident that is worked on.
    Incident,
    /// The change calendar.
    Changes,
    /// The console about itself.
    Diagnostics,
    /// A `[screen.NAME]` that replaces none of these.
    Custom(Name),
}

impl Screen {
    /// The built-in ones, in the order of the tabs.
    pub const BUILT_IN: [Self; 10] = [
        Self::Overview,
        Self::Service,
        Self::Logs,
        Self::Metrics,
        Self::Alerts,
        Self::Actions,
        Self::Checklists,
        Self::Incident,
        Self::Changes,
        Self::Diagnostics,
    ];

    /// Its name: the command that opens it.
    pub fn name(&self) -> &str {
        match self {
            Self::Overview => "overview",
            Self::Service => "service",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Alerts => "alerts",
            Self::Actions => "actions",
            Self::Checklists => "checklists",
            Self::Incident => "incident",
            Self::Changes => "changes",
            Self::Diagnostics => "diagnostics",
            Self::Custom(name) => name,
        }
    }

    /// The screen of that name: a built-in one, else a custom one.
    pub(crate) fn named(name: &Name) -> Self {
        Self::BUILT_IN.into_iter().find(|screen| screen.name() == &**name).unwrap_or_else(|| Self::Custom(name.clone()))
    }

    /// The screens that a configuration brings beside the built-in ones, in its order.
    pub(crate) fn custom(config: &Config) -> impl Iterator<Item = (Self, &ScreenLayout)> {
        let named = config.screens.iter().map(|layout| (Self::named(&layout.name), layout));
        named.filter(|(screen, _)| matches!(screen, Self::Custom(_)))
    }
}

/// What a console shows that hangs on a wall: a room reads it, and nobody types at it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wall {
    /// A screen under its header; `None`: what is broken, and how many are well.
    pub screen: Option<Screen>,
}

/// The colleague whose screen is followed.
#[derive(Debug, Clone)]
pub struct Followed {
    /// Their name.
    pub name: String,
    host: SafeText,
    pid: u32,
    /// The screen and the view that were shown last: what one does oneself stays until those change.
    pub(in crate::app) shown: Option<(SafeText, PresenceView)>,
}

impl Followed {
    pub(in crate::app) fn new(one: &Presence) -> Self {
        Self { name: one.name().to_owned(), host: one.host.clone(), pid: one.pid, shown: None }
    }

    /// Whether it is that console.
    pub(in crate::app) fn is(&self, one: &Presence) -> bool {
        self.pid == one.pid && self.host == one.host
    }
}

/// The layouts of all screens, by name.
#[derive(Debug, Clone, Default)]
pub struct Layouts(BTreeMap<Name, ScreenLayout>);

impl Layouts {
    /// Those of a configuration.
    pub(crate) fn new(config: &Config) -> Self {
        Self(layouts(config).into_iter().map(|layout| (layout.name.clone(), layout)).collect())
    }

    /// The layout of a screen. `None`: the configuration has it no more.
    pub(crate) fn get(&self, screen: &Screen) -> Option<&ScreenLayout> {
        self.0.get(screen.name())
    }

    /// Every layout.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ScreenLayout> {
        self.0.values()
    }
}

/// What each screen remembers beside its lists.
#[derive(Debug, Clone, Default)]
pub struct Screens {
    /// The overview.
    pub overview: OverviewScreen,
    /// One service.
    pub service: ServiceScreen,
    /// Logs.
    pub logs: LogsScreen,
    /// Metrics.
    pub metrics: MetricsScreen,
    /// Actions.
    pub actions: ActionsScreen,
    /// Checklists.
    pub checklists: ChecklistsScreen,
    /// The incident.
    pub incident: IncidentScreen,
    /// Diagnostics.
    pub diagnostics: DiagnosticsScreen,
}

/// What the overview remembers.
#[derive(Debug, Clone, Default)]
pub struct OverviewScreen {
    /// Whether the services that are well are listed one by one while something is broken.
    pub healthy_is_open: bool,
}

/// What the service screen remembers.
#[derive(Debug, Clone, Default)]
pub struct ServiceScreen {
    /// The service; `None`: the first as the overview orders them.
    pub service: Option<Name>,
    /// Its runbook, while that is shown.
    pub(crate) runbook: Option<ShownRunbook>,
}

/// What the actions screen remembers.
#[derive(Debug, Clone, Default)]
pub struct ActionsScreen {
    /// The line on which the output is held, by its index; `None` follows the end.
    pub output_at: Option<u64>,
}

/// What the checklists screen remembers.
#[derive(Debug, Clone, Default)]
pub struct ChecklistsScreen {
    /// The run that was opened; `None`: that of the row that is selected.
    pub run: Option<Name>,
    /// Whether the selection moves on by itself from what is finished: until a person moves it.
    pub follows: bool,
}

/// What the incident screen remembers.
#[derive(Debug, Clone, Default)]
pub struct IncidentScreen {
    /// The incident that was chosen; `None`: the worst that is open, else the latest.
    pub shown: Option<Name>,
    /// Whether what happened around it is listed among what people said.
    pub has_automatic: bool,
    /// Those of which this console has said that somebody looks at them.
    pub joined: BTreeSet<Name>,
    /// The title of the one that was opened here and is not on record yet.
    pub opening: Option<SafeText>,
    /// The one that was opened here and whose evidence is being saved.
    pub evidence_of: Option<Name>,
}

/// What the diagnostics screen remembers.
#[derive(Debug, Clone, Default)]
pub struct DiagnosticsScreen {
    /// First row of the figures that is shown; the view clamps it.
    pub figures: usize,
}
