//! Overview and custom screens: rows of panels.

use std::collections::HashMap;

use crate::config::Config;
use crate::config::sections::screen::{LogPanel, Panel};

use super::{ListState, Screen};

/// What the overview and the custom screens remember.
#[derive(Debug, Clone, Default)]
pub struct OverviewScreen {
    /// Selection and scroll of each panel.
    pub panels: HashMap<Panel, ListState>,
}

/// Rows of panels with weights; see [`crate::config::sections::screen::ScreenLayout::rows`].
pub(crate) type Rows = Vec<Vec<(Panel, u16)>>;

/// The layout of a screen: from the configuration, or a sensible one from what exists.
pub(crate) fn layout(config: &Config, screen: &Screen) -> Rows {
    let name: &str = match screen {
        Screen::Custom(name) => name,
        _ => "overview",
    };
    if let Some(layout) = config.screens.iter().find(|layout| &*layout.name == name) {
        return layout.rows.clone();
    }
    sensible(config)
}

/// Services beside alerts; up to four metrics; all logs, or the actions where there are none.
fn sensible(config: &Config) -> Rows {
    let mut rows = vec![vec![(Panel::Services, 3), (Panel::Alerts, 2)]];
    let metrics: Vec<_> = config.metrics.iter().take(4).map(|m| (Panel::Metric(m.name.clone()), 1)).collect();
    if !metrics.is_empty() {
        rows.push(metrics);
    }
    let last = if config.logs.is_empty() {
        vec![(Panel::Timeline, 2), (Panel::Actions, 2)]
    } else {
        vec![(Panel::Log(LogPanel::all()), 2)]
    };
    rows.push(last);
    rows
}
