//! Plays the lines of a recording into a state of its own.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Aftermath, FORM, Header, RecordedConfig, RecordedLine};
use crate::app::layout::LayoutMap;
use crate::app::message::{Event, Learned, Message};
use crate::app::replayed::NOTHING_CHANGES;
use crate::app::state::State;
use crate::app::update::update;
use crate::config::Config;
use crate::config::load;
use crate::lang::key::KeyCode;
use crate::lang::time::Stamp;
use crate::logs::layout::{Layout, Names};
use crate::logs::record::RecordBatch;
use crate::model::effect::{Effect, RequestId, RunEffect, StoreEffect};
use crate::model::observation::Observation;
use crate::model::outcome::Outcome;
use crate::text::SafeText;
use crate::text::name::Name;

/// Requests of who watches are named from here on, so that no answer of the recording is taken for theirs.
const OWN_REQUESTS: RequestId = RequestId(1 << 40);
/// Slices of a search over what is held that are done between two lines at the most.
const SLICES: usize = 10_000;

/// How a recording is shown.
#[derive(Debug, Clone, Default)]
pub struct PlayOptions {
    /// Columns and rows; `None`: as recorded.
    pub size: Option<(u16, u16)>,
    /// A theme; `None`: as recorded.
    pub theme: Option<String>,
    /// Whether somebody watches it: the footer names what can be pressed now, and not what could be then.
    pub is_watched: bool,
}

/// A recording that is being played.
#[derive(Debug, Clone)]
pub struct Player {
    /// What was known, and what the screen showed.
    pub state: State,
    options: PlayOptions,
    layouts: HashMap<Name, Arc<Layout>>,
    /// Whether who watches looks at something else than was looked at.
    own: bool,
    /// Whether the first line was taken, which made the state.
    has_begun: bool,
    /// Lines that say again what is known, as a further file begins with them.
    restated: usize,
    /// Lines with which the file that it began with says again what was known.
    known: usize,
    /// Lines that were taken but for those, with those of files before that one.
    taken: u64,
    /// Messages that were left out so far.
    pub thinned: u64,
    /// Whether it began with a further file: figures that look back for hours lack what was before.
    pub partial: bool,
    /// Places at which a dialog was closed, or a request named, as it was and not as it would have been.
    pub corrected: u64,
}

impl Player {
    /// From the first line on.
    ///
    /// # Errors
    /// It is of another form, or its configuration can't be read; in words.
    pub fn new(header: &Header, options: PlayOptions) -> Result<Self, String> {
        if header.opsroom_recording != FORM {
            return Err(format!("it has form {}, and this version reads form {FORM}", header.opsroom_recording));
        }
        let config = read(&header.config, &options)?;
        let size = options.size.unwrap_or(header.size);
        let layouts = layouts(&config);
        let mut state = State::new(config, header.since.unwrap_or(header.at), size);
        state.console.is_replayed = options.is_watched;
        let (thinned, partial) = (header.thinned, header.continued);
        Ok(Self {
            state,
            options,
            layouts,
            own: false,
            has_begun: false,
            restated: 0,
            known: header.restated,
            taken: header.after.unwrap_or_default(),
            thinned,
            partial,
            corrected: 0,
        })
    }

    /// Whether what its file says again of the time before it was not taken to its end.
    pub(crate) const fn is_restating(&self) -> bool {
        self.known > 0
    }

    /// Whether who watches looks at something else than was looked at.
    pub fn is_own(&self) -> bool {
        self.own
    }

    /// Shows it as this one was to be shown, whatever the terminal has become since.
    pub(crate) fn shown_as(mut self, options: &PlayOptions) -> Self {
        if let Some(size) = options.size.filter(|size| *size != self.state.console.size) {
            self.resize(size);
        }
        self
    }

    /// Another size of the screen.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.options.size = Some(size);
        self.hand(Event::Resize(size.0, size.1));
    }

    /// Takes in what who watches does. From now on the screen is theirs: what was pressed then is passed over.
    pub fn hand(&mut self, event: Event) {
        let takes = matches!(event, Event::Key(_) | Event::Mouse(_) | Event::Paste(_));
        if takes && !self.own {
            self.look_around();
        }
        let at = self.state.world.now;
        let open = self.state.console.overlays.iter().count();
        let is_escape = matches!(&event, Event::Key(key) if key.code == KeyCode::Esc);
        let leaves = is_escape && self.state.deaf_for().is_some();
        for effect in update(&mut self.state, Message { at, event }) {
            if let Some(request) = changes(&effect) {
                let failed = Outcome::RequestFailed { request, why: SafeText::new(NOTHING_CHANGES) };
                drop(update(&mut self.state, Message { at, event: Event::Outcome(failed) }));
            }
        }
        // A dialog that has just been opened takes no key for a moment, which may never pass here.
        if leaves && open > 0 && self.state.console.overlays.iter().count() == open {
            self.state.console.overlays.close_down_to(open - 1);
        }
        self.search();
    }

    /// From now on the screen is theirs who watch.
    fn look_around(&mut self) {
        self.own = true;
        self.state.console.is_watched = true;
        self.state.console.requests.go_on_from(OWN_REQUESTS);
    }

    /// A frame was drawn for who watches.
    pub fn learn(&mut self, layout: LayoutMap) {
        if layout != self.state.console.layout {
            let at = self.state.world.now;
            let event = Event::Learned(Learned::Layout(layout));
            drop(update(&mut self.state, Message { at, event }));
        }
    }

    /// Takes in a line. `draw` draws the state, and says where things are.
    pub fn take(&mut self, line: RecordedLine, draw: &mut dyn FnMut(&State) -> LayoutMap) {
        if self.restated > 0 && !matches!(line, RecordedLine::Begins(_)) {
            self.restated -= 1;
            return;
        }
        match line {
            RecordedLine::Begins(_) => {}
            _ if self.known > 0 => self.known -= 1,
            _ => self.taken += 1,
        }
        match line {
            RecordedLine::Took { event, .. } if self.passes_over(&event) => {}
            RecordedLine::Took { at, event, left } => {
                self.update(at, self.arranged(*event));
                if let Some(left) = left.filter(|_| !self.own) {
                    self.correct(left);
                }
                if self.own {
                    self.search();
                }
            }
            RecordedLine::Reloaded { at, config, words } => {
                // One that this version rejects is passed over: the one before stays.
                if let Ok(config) = read(&config, &self.options) {
                    self.layouts = layouts(&config);
                    self.update(at, Event::Reloaded(Ok((config, words))));
                }
            }
            RecordedLine::Rejected { at, problems } => self.update(at, Event::Reloaded(Err(problems))),
            RecordedLine::Drawn { at } if !self.own => {
                let layout = draw(&self.state);
                self.update(at, Event::Learned(Learned::Layout(layout)));
            }
            RecordedLine::Begins(header) => self.begin(&header),
            RecordedLine::Drawn { .. } => {}
            RecordedLine::Thinned { messages, .. } => self.thinned += messages,
        }
    }

    /// A file begins. The first line made the state; a further file says again what was played already, unless lines before it
    /// are missing or can't be read: then it is played from here on.
    fn begin(&mut self, header: &Header) {
        let again = std::mem::replace(&mut self.has_begun, true);
        self.restated = if again { header.restated } else { 0 };
        if header.after.is_none_or(|after| after == self.taken) {
            return;
        }
        let Ok(fresh) = Self::new(header, self.options.clone()) else {
            self.partial = true;
            return;
        };
        let (own, corrected) = (self.own, self.corrected);
        *self = Self { has_begun: true, own, corrected, ..fresh };
        if own {
            self.look_around();
        }
    }

    fn update(&mut self, at: Stamp, event: Event) {
        // What was asked for then was done then; its answers are in the recording.
        drop(update(&mut self.state, Message { at, event }));
    }

    fn passes_over(&self, event: &Event) -> bool {
        match event {
            Event::Key(_) | Event::Paste(_) | Event::Mouse(_) | Event::Focus(_) | Event::Open(_) => self.own,
            Event::Resize(..) => self.own || self.options.size.is_some(),
            _ => false,
        }
    }

    /// A search that who watches began goes on at once.
    fn search(&mut self) {
        for _ in 0..SLICES {
            if !self.state.next_tick().is_some_and(|after| after.is_zero()) {
                return;
            }
            self.update(self.state.world.now, Event::Clock);
        }
    }

    /// Makes the console what it was where a masked letter has made it something else.
    fn correct(&mut self, left: Aftermath) {
        let now = Aftermath::of(&self.state);
        if now != left {
            self.corrected += 1;
            self.state.console.overlays.close_down_to(left.overlays);
            self.state.console.requests.go_on_from(left.request);
        }
    }

    /// With what the configuration says of the form of logs.
    fn arranged(&self, event: Event) -> Event {
        match event {
            Event::Observation(Observation::Records { log, batch }) if self.layouts.contains_key(&log) => {
                let layout = self.layouts.get(&log);
                let records = batch.records.iter().map(|record| record.arranged(layout)).collect();
                Event::Observation(Observation::Records { log, batch: RecordBatch { records, ..batch } })
            }
            event => event,
        }
    }
}

/// The request of an effect that would change something.
fn changes(effect: &Effect) -> Option<RequestId> {
    match effect {
        Effect::Run(
            request,
            RunEffect::Start(_) | RunEffect::Stop(_) | RunEffect::VerifyNow(_) | RunEffect::Command(_),
        )
        | Effect::Store(request, StoreEffect::SayOfAlerts(_) | StoreEffect::SayOfIncident(_)) => Some(*request),
        _ => None,
    }
}

/// The configuration as it was in effect.
fn read(recorded: &RecordedConfig, options: &PlayOptions) -> Result<Arc<Config>, String> {
    let loaded = load::load_texts(recorded.texts.iter().cloned());
    let mut config = loaded.accepted().map(|(config, _)| config).map_err(|problems| {
        let first = problems.first().map(|problem| format!(": {}", problem.in_one_line())).unwrap_or_default();
        format!("its configuration can't be read{first}")
    })?;
    config.console.theme.clone_from(options.theme.as_ref().unwrap_or(&recorded.theme));
    config.console.read_only |= recorded.read_only;
    Ok(Arc::new(config))
}

/// What it says of the form of logs; of most it says nothing.
fn layouts(config: &Config) -> HashMap<Name, Arc<Layout>> {
    let unusual = config.logs.iter().filter(|log| log.pattern.is_some() || log.fields != Names::default());
    let layout = |log: &crate::config::sections::log::Log| Layout::new(log.fields.clone(), log.pattern.clone());
    unusual.map(|log| (log.name.clone(), Arc::new(layout(log)))).collect()
}
