//! Finding things in the state by name, and the rows of every list.

use std::borrow::Cow;

use crate::config::sections::action::Action;
use crate::config::sections::screen::Panel;
use crate::model::run::{Lock, Run};
use crate::text::SafeText;

use super::layout::PanelId;
use super::screens::list::holds;
use super::screens::{ListState, Screen};
use super::state::State;
use crate::app::toasts::Tone;
use crate::world::alerts::AlertView;
use crate::world::diagnostics::Problem;
use crate::world::metrics::MetricView;
use crate::world::runs;
use crate::world::services::ServiceView;
use crate::world::timeline::Entry;

impl State {
    /// Shows a short message.
    pub(crate) fn toast(&mut self, tone: Tone, text: &str) {
        self.console.toasts.push(self.world.now, tone, SafeText::new(text));
    }

    /// What a list remembers. `None`: it has no rows to select, or nothing was selected yet.
    pub fn list(&self, panel: &PanelId) -> Option<&ListState> {
        let screens = &self.console.screens;
        Some(match panel {
            PanelId::Layout(panel) => return screens.overview.panels.get(panel),
            PanelId::Checks => &screens.service.checks,
            PanelId::Metrics => &screens.service.metrics,
            PanelId::ServiceActions => &screens.service.actions,
            PanelId::MetricList => &screens.metrics.list,
            PanelId::Startable => &screens.actions.startable,
            PanelId::Runs => &screens.actions.runs,
            PanelId::Locks => &screens.actions.locks,
            PanelId::Problems => &screens.diagnostics.problems,
            PanelId::Latency
            | PanelId::ServiceLogs
            | PanelId::Records
            | PanelId::Histogram
            | PanelId::Chart(_)
            | PanelId::Output
            | PanelId::Figures => return None,
        })
    }

    /// What a list remembers, to change it.
    pub(crate) fn list_mut(&mut self, panel: &PanelId) -> Option<&mut ListState> {
        let screens = &mut self.console.screens;
        Some(match panel {
            PanelId::Layout(panel) if !matches!(panel, Panel::Metric(_) | Panel::Log(_)) => {
                screens.overview.panels.entry(panel.clone()).or_default()
            }
            PanelId::Checks => &mut screens.service.checks,
            PanelId::Metrics => &mut screens.service.metrics,
            PanelId::ServiceActions => &mut screens.service.actions,
            PanelId::MetricList => &mut screens.metrics.list,
            PanelId::Startable => &mut screens.actions.startable,
            PanelId::Runs => &mut screens.actions.runs,
            PanelId::Locks => &mut screens.actions.locks,
            PanelId::Problems => &mut screens.diagnostics.problems,
            PanelId::Layout(_)
            | PanelId::Latency
            | PanelId::ServiceLogs
            | PanelId::Records
            | PanelId::Histogram
            | PanelId::Chart(_)
            | PanelId::Output
            | PanelId::Figures => return None,
        })
    }

    /// Whether a panel is a list with rows.
    pub(crate) fn has_rows(&self, panel: &PanelId) -> bool {
        match panel {
            PanelId::Layout(panel) => !matches!(panel, Panel::Metric(_) | Panel::Log(_)),
            other => self.list(other).is_some(),
        }
    }

    /// The keys of the rows of a list, in the order in which they are drawn, its filter applied. A key is the name of
    /// a service, check, metric, action, the id of an alert or run, the target of a lock, or made by
    /// [`entry_key`] and [`problem_key`].
    pub fn rows(&self, panel: &PanelId) -> Vec<Cow<'_, str>> {
        let filter = self.list(panel).map_or("", |list| &list.filter);
        let checks = |positions: &[usize]| {
            let checks = positions.iter().filter_map(|at| self.world.checks.get(*at));
            keys(
                checks,
                filter,
                |check| Cow::Borrowed(&check.name),
                |check| format!("{} {}", check.name, check.status.word()),
            )
        };
        let action_text = |action: &Action| format!("{} {}", action.name, action.title);
        let metric_text = |metric: &MetricView| format!("{} {}", metric.name, metric.title);
        match panel {
            PanelId::Layout(Panel::Services) => {
                let text = |s: &ServiceView| format!("{} {} {}", s.name, s.title, s.status.word());
                keys(self.world.services.iter(), filter, |service| Cow::Borrowed(&service.name), text)
            }
            PanelId::Layout(Panel::Alerts) => {
                keys(self.world.alerts.iter(), filter, |alert| Cow::Borrowed(&alert.id), AlertView::summary)
            }
            PanelId::Layout(Panel::Timeline) => {
                let key = |entry| Cow::Owned(entry_key(entry));
                keys(self.world.timeline.newest_first(), filter, key, |entry: &Entry| entry.text.as_str().to_owned())
            }
            PanelId::Layout(Panel::Actions) | PanelId::Runs => {
                let text = |run: &Run| format!("{} {}", run.action, runs::summary(run));
                keys(self.world.all_runs(), filter, |run| Cow::Borrowed(&run.id), text)
            }
            PanelId::Layout(Panel::Check(name)) => checks(self.world.check(name).map(|check| check.index).as_slice()),
            PanelId::Checks => checks(self.shown_service().map_or(&[], |service| &*service.checks)),
            PanelId::Metrics => {
                let shown = self.shown_service().map_or(&[][..], |service| &*service.metrics);
                let shown = shown.iter().filter_map(|at| self.world.metrics.get(*at));
                keys(shown, filter, |metric| Cow::Borrowed(&metric.name), metric_text)
            }
            PanelId::MetricList => keys(&self.world.metrics, filter, |metric| Cow::Borrowed(&metric.name), metric_text),
            PanelId::ServiceActions => {
                let shown = self.shown_service().map_or(&[][..], |service| &*service.actions);
                let shown = shown.iter().filter_map(|at| self.world.config.actions.get(*at));
                keys(shown, filter, |action| Cow::Borrowed(&action.name), action_text)
            }
            PanelId::Startable if self.world.read_only => Vec::new(),
            PanelId::Startable => {
                keys(&self.world.config.actions, filter, |action| Cow::Borrowed(&action.name), action_text)
            }
            PanelId::Locks => {
                let text = |lock: &Lock| format!("{} {}", lock.target, lock.holder);
                keys(&self.world.locks, filter, |lock| Cow::Borrowed(&lock.target), text)
            }
            PanelId::Problems => {
                let text = |problem: &Problem| format!("{} {}", problem.about, problem.text);
                let key = |problem| Cow::Owned(problem_key(problem));
                keys(self.world.diagnostics.problems.iter().rev(), filter, key, text)
            }
            _ => Vec::new(),
        }
    }

    /// The key of the selected row of a list.
    pub fn selected(&self, panel: &PanelId) -> Option<String> {
        let rows = self.rows(panel);
        let default = ListState::default();
        self.list(panel).unwrap_or(&default).key(&rows).map(str::to_owned)
    }

    /// The service of the service screen: the chosen one, else the first.
    pub fn shown_service(&self) -> Option<&ServiceView> {
        let chosen = self.console.screens.service.service.as_ref().and_then(|name| self.world.service(name));
        chosen.or_else(|| self.world.services.first())
    }

    /// The run whose output the actions screen shows.
    pub fn shown_run(&self) -> Option<&Run> {
        let id = self.selected(&PanelId::Runs)?;
        self.world.all_runs().into_iter().find(|run| *run.id == *id)
    }

    /// Rows inside a panel as it was last drawn; a screenful where it was not drawn yet.
    pub(crate) fn height(&self, panel: &PanelId) -> usize {
        self.console
            .layout
            .panel(panel)
            .map_or(usize::from(self.console.size.1).saturating_sub(4), |area| usize::from(area.height))
            .max(1)
    }

    /// Whether records are in sight, so that new ones are worth a frame.
    pub(crate) fn shows_logs(&self) -> bool {
        match &self.console.screen {
            Screen::Logs | Screen::Service => true,
            Screen::Overview | Screen::Custom(_) => {
                self.panels().iter().any(|panel| matches!(panel, PanelId::Layout(Panel::Log(_))))
            }
            Screen::Metrics | Screen::Actions | Screen::Diagnostics => false,
        }
    }
}

/// The keys of the rows that a filter lets through. The text of a row is made only where there is one, and a key only
/// where nothing has it already: a list may be thousands of rows long.
fn keys<'a, T: 'a + ?Sized>(
    rows: impl IntoIterator<Item = &'a T>,
    filter: &str,
    key: impl Fn(&'a T) -> Cow<'a, str>,
    text: impl Fn(&T) -> String,
) -> Vec<Cow<'a, str>> {
    rows.into_iter().filter(|row| filter.is_empty() || holds(&text(row), filter)).map(key).collect()
}

/// The key of a timeline's entry as a row.
pub(crate) fn entry_key(entry: &Entry) -> String {
    format!("{}{}", entry.at.mono.as_micros(), entry.text)
}

/// The key of a problem as a row.
pub(crate) fn problem_key(problem: &Problem) -> String {
    format!("{:?}{}{}", problem.kind, problem.about, problem.text)
}
