//! What this person looks at, and how.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::config::panels::{LogPanel, PanelId};
use crate::world::World;

use super::overlays::Overlays;
use crate::app::incident_lines::BuiltLines;
use crate::app::keymap::Keymap;
use crate::app::last_look::LastLook;
use crate::app::layout::LayoutMap;
use crate::app::list::ListState;
use crate::app::requests::Requests;
use crate::app::results::RunStrip;
use crate::app::screens::logs::{FieldColumns, LogsScreen, Timestamps, Waiting, given};
use crate::app::screens::{Followed, Layouts, Screen, Screens, Wall};
use crate::app::tails::{Tail, tails};
use crate::app::toasts::Toasts;

/// The themes that are shipped.
pub(crate) const THEMES: [&str; 8] =
    ["midnight", "daylight", "high-contrast", "okabe-ito", "solarized", "gruvbox", "nord", "mono"];

/// The console of one person: screens, focus, overlays, keys, theme.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of a console; a bit set would hide their names"
)]
pub struct Console {
    /// The terminal's title, as it was set last; at first the name alone.
    pub(in crate::app) title: String,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Rises whenever something visible changed; the runtime draws when it differs from what it last drew.
    pub revision: u64,
    /// What was known when the screen was held still: all that is drawn until it goes on, but the strip of a run. Log
    /// records wait meanwhile.
    pub frozen: Option<Box<World>>,
    /// Records that came while it was held still.
    pub(in crate::app) waiting: Waiting,
    /// Rises with each part of an answer that a person waits for: it is drawn though the screen is held still.
    pub answered: u64,
    /// Whether the terminal has the focus (true where it doesn't say).
    pub focused: bool,
    /// Whether anything is drawn while it runs: a watcher has no screen, and what looks once is drawn at its end.
    pub has_screen: bool,
    /// What the filtered log panels of the layouts show.
    pub tails: HashMap<LogPanel, Tail>,
    /// What a run says above the footer.
    pub strip: RunStrip,
    /// Short messages.
    pub toasts: Toasts,
    /// The screen that is shown.
    pub screen: Screen,
    /// Where `q` and Esc go back to, the latest last.
    pub back: Vec<Screen>,
    /// Whose screen is followed; `None`: this is one's own.
    pub following: Option<Followed>,
    /// Whether all that it takes in is kept in a file.
    pub is_recorded: bool,
    /// Whether keys are of somebody who watches a recording of it: nothing can be run or put on record from here.
    pub is_watched: bool,
    /// Whether it is a recording that somebody watches, whoever pressed the last key: only keys that do something there are named.
    pub is_replayed: bool,
    /// Where this console hangs on a wall, what that shows.
    pub wall: Option<Wall>,
    /// The layouts of all screens.
    pub layouts: Layouts,
    /// What each screen remembers beside its lists.
    pub screens: Screens,
    /// Selection, scroll and filter of each list.
    pub lists: HashMap<PanelId, ListState>,
    /// The panel with the focus; see [`super::State::panels`] for those of this screen.
    pub focus: Option<PanelId>,
    /// The panel that had the focus on each screen.
    pub focus_of: HashMap<Screen, PanelId>,
    /// The keys as they are now.
    pub keymap: Keymap,
    /// Whether the focused panel fills the screen.
    pub zoomed: bool,
    /// What lies over the screen, the topmost last.
    pub overlays: Overlays,
    /// The themes to choose from: those that are shipped, until [`crate::app::message::Learned::Themes`] says more.
    pub themes: Vec<String>,
    /// The name of the theme.
    pub theme: String,
    /// Whether long lines are wrapped.
    pub wrap: bool,
    /// How times of records are shown.
    pub timestamps: Timestamps,
    /// Which fields of records have a column in each panel that lists them; none where it is not here.
    pub columns: HashMap<PanelId, FieldColumns>,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// Whether the colours that lines ask for are drawn.
    pub colours: bool,
    /// The moment that logs, charts and timeline point at together; `None`: none was chosen.
    pub time_cursor: Option<DateTime<Utc>>,
    /// Whether that is the time of what was selected in the logs: then it goes when they are left.
    pub(in crate::app) is_cursor_of_logs: bool,
    /// Where things were drawn in the last frame: [`crate::app::message::Learned::Layout`].
    pub layout: LayoutMap,
    /// What was asked of the world and has no answer yet.
    pub requests: Requests,
    /// The timeline of the incident that is shown.
    pub(in crate::app) incident_lines: BuiltLines,
    /// What this person missed, and by which name they log in.
    pub(crate) last_look: LastLook,
    /// The second of the wall clock that the latest tick was for.
    pub(in crate::app) drawn_second: i64,
}

impl Console {
    /// The console of a world of which nothing is known yet.
    pub(crate) fn new(world: &World, size: (u16, u16)) -> Self {
        let config = &world.config;
        let layouts = Layouts::new(config);
        Self {
            title: config.console.name.clone(),
            size,
            revision: 1,
            frozen: None,
            waiting: Waiting::default(),
            answered: 0,
            focused: true,
            has_screen: true,
            tails: tails(config, &layouts, &world.logs),
            columns: given(&layouts).collect(),
            strip: RunStrip::default(),
            toasts: Toasts::default(),
            screen: Screen::Overview,
            back: Vec::new(),
            following: None,
            is_recorded: false,
            is_watched: false,
            is_replayed: false,
            wall: None,
            layouts,
            lists: HashMap::new(),
            screens: Screens { logs: LogsScreen::new(&world.logs), ..Screens::default() },
            focus: None,
            focus_of: HashMap::new(),
            keymap: Keymap::new(config, config.console.read_only),
            zoomed: false,
            overlays: Overlays::default(),
            themes: THEMES.map(str::to_owned).to_vec(),
            theme: config.console.theme.clone(),
            wrap: false,
            timestamps: Timestamps::default(),
            colours: true,
            time_cursor: None,
            is_cursor_of_logs: false,
            mouse: config.console.mouse,
            layout: LayoutMap::default(),
            requests: Requests::default(),
            incident_lines: BuiltLines::default(),
            last_look: LastLook::default(),
            drawn_second: world.now.utc.timestamp(),
        }
    }

    /// Points charts, logs and timeline at a moment, or at none.
    pub(in crate::app) fn point_at(&mut self, at: Option<DateTime<Utc>>) {
        self.time_cursor = at;
        self.is_cursor_of_logs = false;
    }

    /// The same at the moment of what is selected in the logs.
    pub(in crate::app) fn point_from_logs(&mut self, at: Option<DateTime<Utc>>) {
        self.time_cursor = at;
        self.is_cursor_of_logs = at.is_some();
    }
}
