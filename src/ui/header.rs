//! The first row: which console this is, where it acts, the worst that is known, what is not as usual, the time.

use ratatui::layout::Rect;

use super::figures;
use super::paint::Painter;
use crate::app::layout::Target;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::model::alert::Severity;
use crate::model::outcome::StoreAbsence;
use crate::model::status::Status;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::Line;
use crate::ui::panels::services;
use crate::ui::widgets::status;
use crate::world::alerts::Phase;

/// One part of the header. Where the room is short the highest `drop_priority` goes first; 0 stays.
struct Part {
    words: Line<'static>,
    drop_priority: u8,
}

/// Draws it in the first row of `area`.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let clock = clock(state);
    let clock_width = u16::try_from(clock.width()).unwrap_or(0) + 1;
    let mut room = area.width;
    if area.width >= clock_width + 24 {
        painter.put_right(Rect { width: area.width - 1, ..area }, 0, &clock);
        room = area.width - clock_width - 1;
    }
    let mut parts = parts(state, painter.glyphs());
    let width = |parts: &[Part]| parts.iter().map(|part| part.words.width()).sum::<usize>() + 1;
    while width(&parts) > usize::from(room) {
        let goes = parts
            .iter()
            .enumerate()
            .filter(|(_, part)| part.drop_priority > 0)
            .max_by_key(|(_, part)| part.drop_priority);
        match goes.map(|(at, _)| at) {
            Some(at) => drop(parts.remove(at)),
            None => break,
        }
    }
    let mut x = u16::from(area.width > 40);
    let left = Rect { width: room, ..area };
    for part in parts {
        x += painter.put_at(left, x, 0, &part.words);
    }
    tabs(state, painter, left, x);
}

fn parts(state: &State, glyphs: GlyphSet) -> Vec<Part> {
    let console = &state.seen().config.console;
    let divider = || Line::styled(format!(" {} ", glyphs.divider), Role::Border);
    let mut parts = Vec::new();
    let mut add = |words: Line<'static>, drop_priority: u8| parts.push(Part { words, drop_priority });
    add(Line::styled("opsroom", Role::Brand).and(format!(" {} ", glyphs.dot), Role::TextDim), 6);
    if console.name != "opsroom" {
        add(Line::styled(console.name.clone(), Role::TextStrong).and(" ", Role::Text), 4);
    }
    if !console.environment.is_empty() {
        add(environment(&console.environment), 0);
    }
    add(divider(), 3);
    add(worst(state, glyphs), 0);
    for chip in chips(state, glyphs) {
        add(Line::plain(" ").join(chip), 1);
    }
    let trouble = trouble(state, glyphs);
    if !trouble.is_empty() {
        add(divider().join(trouble), 5);
    }
    parts
}

/// The environment in words and colour.
pub(crate) fn environment(word: &str) -> Line<'static> {
    let role = match word.to_ascii_lowercase().as_str() {
        "production" | "prod" | "live" => Role::EnvironmentProduction,
        "staging" | "stage" | "preproduction" | "preprod" => Role::EnvironmentStaging,
        "development" | "dev" | "test" | "testing" | "demo" | "local" => Role::EnvironmentDevelopment,
        _ => Role::Environment,
    };
    Line::styled(format!(" {} ", word.to_uppercase()), role)
}

/// The worst status with how many services have it: `2 of 6 down`.
pub(crate) fn worst(state: &State, glyphs: GlyphSet) -> Line<'static> {
    let total = state.seen().services.len();
    let fresh = state.seen().services.iter().filter(|service| !service.stale || service.status == Status::Down);
    let Some(worst) = Status::worst(fresh.map(|service| service.status)) else {
        return match total {
            0 => Line::styled("no checks", Role::TextDim),
            _ => status::label(Status::Unknown, true, glyphs, status::FULL),
        };
    };
    let n = state.seen().services.iter().filter(|service| service.status == worst).count();
    let sign = worst.glyph(glyphs.ascii);
    let words = if worst == Status::Down {
        format!(" {sign} {n} of {total} down ")
    } else {
        format!("{sign} {n} of {total} {}", worst.word().to_lowercase())
    };
    Line::styled(words, status::role(worst))
}

/// What is not as usual: each a word in reverse.
fn chips(state: &State, glyphs: GlyphSet) -> Vec<Line<'static>> {
    let chip = |text: String, role: Role| Line::styled(format!(" {text} "), role);
    let mut chips = Vec::new();
    if let Some(held) = &state.console.frozen {
        let at = figures::time(held.now.utc, state.seen().config.console.timezone);
        chips.push(chip(format!("FROZEN since {at}"), Role::ChipFrozen));
    }
    if !state.console.focused {
        // The clock beside it stands still too: without the reason that looks like a console that hangs.
        chips.push(chip("HELD: no focus".to_owned(), Role::ChipFrozen));
    }
    if !state.seen().connectivity.ok {
        let age = figures::age_since(state.seen().connectivity.since, state.seen().now, "");
        chips.push(chip(format!("OUR NETWORK IS DOWN {age}").trim_end().to_owned(), Role::ChipOffline));
    }
    if let Some(away) = &state.seen().store_away {
        let since = figures::away_since(away, state.seen());
        chips.push(match away.how {
            StoreAbsence::NotMade => chip("NO STORE YET".to_owned(), Role::ChipReadOnly),
            StoreAbsence::LostEntries => chip(format!("STORE LOST ENTRIES {since}"), Role::ChipOffline),
            StoreAbsence::Unusable => chip(format!("STORE AWAY {since}"), Role::ChipOffline),
        });
    }
    if state.seen().leaves_unrecorded() || state.seen().is_unattended() {
        chips.push(chip("NOT RECORDING".to_owned(), Role::ChipOffline));
    }
    if state.seen().store_away.is_none() && state.seen().store_only_read.is_some() {
        chips.push(chip("STORE READ-ONLY".to_owned(), Role::ChipReadOnly));
    }
    let old = state.seen().checks.iter().filter(|check| check.stale).count();
    if old > 0 {
        chips.push(Line::styled(format!("{} STALE {old}", glyphs.stale), Role::MarkStale));
    }
    if state.seen().read_only {
        chips.push(chip("READ-ONLY".to_owned(), Role::ChipReadOnly));
    }
    if state.seen().config.sources.iter().any(|source| source.kind.settings().is_insecure()) {
        chips.push(chip("INSECURE TLS".to_owned(), Role::ChipInsecure));
    }
    chips
}

/// What fires, in one or two words.
fn trouble(state: &State, glyphs: GlyphSet) -> Line<'static> {
    let mut words = Line::new();
    for severity in Severity::WORST_FIRST {
        let n = state.seen().alerts.standing(Phase::Firing, false, Some(severity));
        if n > 0 {
            words = words.then(format!("{n} {}", severity.word()), status::severity_role(severity));
        }
    }
    let running = state.seen().runs.iter().filter(|view| view.run.state.is_open()).count();
    if running > 0 {
        words = words.then(format!("{} {running} running", glyphs.pointer), Role::StatusPending);
    }
    words
}

/// The screens with their keys where there is room for all, else the present one alone, from column `x` on.
fn tabs(state: &State, painter: &mut Painter<'_>, row: Rect, x: u16) {
    let custom = Screen::custom(&state.seen().config).map(|(screen, layout)| (screen, layout.title.clone()));
    let built_in = Screen::BUILT_IN.iter().map(|screen| (screen.clone(), screen.name().to_owned()));
    let mut tabs: Vec<(Screen, Line<'static>)> = Vec::new();
    for (screen, title) in built_in.chain(custom) {
        let (key_role, role) = if state.console.screen == screen {
            (Role::TitleFocus, Role::TitleFocus)
        } else {
            (Role::Key, Role::TextDim)
        };
        let key = super::footer::key_of_screen(state, &screen);
        tabs.push((screen, Line::styled(key, key_role).then(title, role)));
    }
    let divider = Line::styled(format!(" {} ", painter.glyphs().divider), Role::Border);
    let room = usize::from(row.width.saturating_sub(x));
    let mut gap = 2;
    let needed = |tabs: &[(Screen, Line<'_>)], gap: usize| {
        divider.width() + tabs.iter().map(|(_, words)| words.width() + gap).sum::<usize>()
    };
    if needed(&tabs, gap) > room {
        // Those that everybody has, closer together.
        tabs.retain(|(screen, _)| {
            *screen == state.console.screen || !matches!(screen, Screen::Diagnostics | Screen::Custom(_))
        });
        gap = 1;
    }
    if needed(&tabs, gap) > room {
        tabs.retain(|(screen, _)| *screen == state.console.screen);
    }
    if tabs.is_empty() || needed(&tabs, gap) > room {
        return;
    }
    let mut x = x + painter.put_at(row, x, 0, &divider);
    for (screen, words) in tabs {
        let used = painter.put_at(row, x, 0, &words);
        painter.note(Rect { x: row.x + x, width: used, height: 1, ..row }, Target::Tab(screen));
        x += used + if gap == 1 { 1 } else { 2 };
    }
}

/// The time of day; while frozen that of the freeze.
fn clock(state: &State) -> Line<'static> {
    let at = state.seen().now;
    Line::styled(figures::clock(at.utc, state.seen().config.console.timezone), Role::Text)
}

/// The whole in one line, where there is no room for more.
pub(crate) fn one_line(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let glyphs = painter.glyphs();
    let mut words = worst(state, glyphs);
    if let Some(service) =
        state.seen().services.first().filter(|service| !matches!(service.status, Status::Ok | Status::Cold))
    {
        words = words
            .then(service.title.clone(), Role::TextStrong)
            .then(figures::age_since(service.since, state.seen().now, ""), Role::TextDim);
    }
    let alerts = crate::ui::panels::alerts::counts(state);
    if !alerts.is_empty() {
        words = words.then(glyphs.dot, Role::TextDim).and(" ", Role::Text).join(alerts);
    }
    let console = &state.seen().config.console;
    if !console.environment.is_empty() {
        words = words.and(" ", Role::Text).join(environment(&console.environment));
    }
    painter.put(area, 0, &words);
    if area.height > 1 {
        painter.put(area, 1, &Line::styled("panels need 40 columns, 10 rows", Role::TextDim));
    }
    if area.height > 2 {
        painter.put(area, 2, &services::counts(state));
    }
}
