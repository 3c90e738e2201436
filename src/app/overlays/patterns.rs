//! Patterns: what the logs say most, through the filter in force, with what is new since yesterday.

use crate::app::keymap::Command;
use crate::app::list::moved;
use crate::app::logs::{self, details};
use crate::app::state::State;
use crate::app::state::overlay::{Overlay, Stands, Then};
use crate::lang::key::Key;
use crate::lang::time::Stamp;
use crate::logs::filter::write;
use crate::logs::pattern::{FARTHEST, Group, Novelty, Order, Patterns, ShapeHistory, YESTERDAY};
use crate::logs::record::Record;
use crate::logs::scan::Scan;
use crate::model::effect::{Effect, LogsEffect, RequestId, ShapeHistoryQuery, TerminalEffect};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::ids::LogId;
use crate::world::logs::{Logs, rings};

/// The overlay.
#[derive(Debug, Clone)]
pub struct PatternsOverlay {
    /// The question to the files.
    request: RequestId,
    /// The shapes so far, each with the log of its first record.
    pub patterns: Patterns<Name>,
    /// How they are ranked.
    pub order: Order,
    /// The selected one by its hash; `None` selects the first.
    pub selected: Option<u64>,
    /// What the files held before yesterday; `None` while they are read.
    pub history: Option<ShapeHistory>,
    /// When it was opened: yesterday is counted from here.
    pub opened: Stamp,
    /// The logs that are looked at.
    sources: Vec<LogId>,
    scan: Scan,
}

impl PatternsOverlay {
    fn new(state: &mut State) -> Self {
        let request = state.next_request();
        let pane = &state.console.screens.logs.pane;
        let scan = Scan::new(pane.view().filter().clone(), &rings(&state.world.logs, pane.sources()));
        Self {
            request,
            patterns: Patterns::default(),
            order: Order::default(),
            selected: None,
            history: None,
            opened: state.world.now,
            sources: pane.sources().to_vec(),
            scan,
        }
    }

    /// How much of what was held is counted, in per cent; `None` where all is.
    pub(crate) fn progress(&self) -> Option<u8> {
        self.scan.progress()
    }

    /// The filter over whose records it counts, as written.
    pub(crate) fn filter(&self) -> &str {
        self.scan.filter().text()
    }

    /// The groups in their order, and the place of the selected one.
    pub fn rows(&self) -> (Vec<&Group<Name>>, usize) {
        let mut groups = self.patterns.ranked(self.order);
        // What is new is what one looks for, and it is seldom frequent.
        groups.sort_by_cached_key(|group| !self.is_new(group));
        let at = self.selected.and_then(|hash| groups.iter().position(|group| group.hash == hash)).unwrap_or(0);
        (groups, at)
    }

    /// Whether a group is known to be new.
    pub(crate) fn is_new(&self, group: &Group<Name>) -> bool {
        self.history.as_ref().is_some_and(|history| {
            history.novelty(group.hash, &group.example, group.first, self.opened.utc) == Novelty::New
        })
    }

    fn shape(&self) -> Option<String> {
        let (groups, at) = self.rows();
        groups.get(at).map(|group| group.shape.to_string())
    }

    /// Narrows the list to the records of the selected shape, or to all others.
    fn filter_by(&self, state: &mut State, not: bool) -> bool {
        let Some(shape) = self.shape() else { return false };
        let filter = write::and(state.console.screens.logs.filter.text(), &write::pattern_is(&shape, not));
        logs::narrow(state, &filter)
    }
}

impl Overlay for PatternsOverlay {
    fn key(&mut self, state: &mut State, key: Key, effects: &mut Vec<Effect>) -> Then {
        let Some(command) = state.console.keymap.details_command(key) else { return Then::Stay };
        let height = usize::from(details::room(state, Stands::Alone).height);
        let (groups, at) = self.rows();
        if let Some(to) = moved(command, at, groups.len().saturating_sub(1), height) {
            self.selected = groups.get(to).map(|group| group.hash);
            return Then::Stay;
        }
        let closes = match command {
            Command::Order => {
                self.order = match self.order {
                    Order::Count => Order::Newest,
                    Order::Newest => Order::Level,
                    Order::Level | Order::Latest => Order::Count,
                };
                false
            }
            Command::Copy => {
                effects.extend(self.shape().map(|shape| TerminalEffect::Copy(SafeText::new(&shape)).into()));
                false
            }
            Command::Open | Command::OnlyThis => self.filter_by(state, false),
            Command::NotThis => self.filter_by(state, true),
            Command::Back | Command::Quit | Command::Patterns => true,
            _ => false,
        };
        if !closes {
            return Then::Stay;
        }
        effects.push(LogsEffect::CancelShapeHistory(self.request).into());
        Then::Close
    }

    fn details(&self) -> Option<Stands> {
        Some(Stands::Alone)
    }

    fn is_counting(&self) -> bool {
        self.progress().is_some()
    }

    fn count(&mut self, logs: &Logs) {
        let held = rings(logs, &self.sources);
        let Self { scan, patterns, sources, .. } = self;
        scan.work(&held, details::SLICE, |source, record| add(patterns, logs, sources[source], record));
    }

    fn ingest(&mut self, logs: &Logs, at: LogId, record: &Record, _backlog: bool) {
        let Some(source) = self.sources.iter().position(|source| *source == at) else { return };
        if self.scan.takes(source, record) {
            add(&mut self.patterns, logs, at, record);
        }
    }

    fn click_row(&mut self, row: usize) {
        self.selected = self.rows().0.get(row).map(|group| group.hash);
    }

    /// What it counts is named by the ids of the logs.
    fn logs_moved(&mut self) -> Then {
        Then::Close
    }

    /// It holds the texts that it counted: they are counted again when it is opened again.
    fn masked(&mut self, _records: &[(Record, Record)]) -> Then {
        Then::Close
    }
}

fn add(patterns: &mut Patterns<Name>, logs: &Logs, at: LogId, record: &Record) {
    let Some(log) = logs.get(at) else { return };
    patterns.add(record.message.as_str(), record.level, record.at(), || log.name.clone());
}

/// Opens them, and asks the files for the shapes of the day before yesterday.
pub(in crate::app) fn open(state: &mut State, effects: &mut Vec<Effect>) {
    let panel = PatternsOverlay::new(state);
    let now = panel.opened.utc;
    let names = panel.sources.iter().filter_map(|at| state.world.logs.get(*at)).map(|log| log.name.clone()).collect();
    let question = ShapeHistoryQuery { logs: names, since: now - FARTHEST, until: now - YESTERDAY };
    effects.push(LogsEffect::ReadShapeHistory(panel.request, question).into());
    state.console.overlays.push(panel);
}

/// The files have answered. Who asked may be gone.
pub(in crate::app) fn learned(state: &mut State, request: RequestId, history: ShapeHistory) {
    let latest = state.console.overlays.latest_mut::<PatternsOverlay>();
    if let Some(panel) = latest.filter(|panel| panel.request == request) {
        panel.history = Some(history);
    }
}
