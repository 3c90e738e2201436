//! The first row: which console this is, where it acts, the worst that is known, what is not as usual, the time.

mod company;
mod duty;
mod part;

use ratatui::layout::Rect;

use self::part::{Form, Part};
use super::figures;
use super::footer::TABS_FROM;
use super::incident;
use super::paint::Painter;
use crate::app::layout::Target;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::model::alert::Severity;
use crate::model::outcome::StoreAbsence;
use crate::model::status::Status;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::{Line, cut};
use crate::ui::panels::services;
use crate::ui::widgets::status;
use crate::world::alerts::Phase;

/// Columns of a name, and of an environment, where the room is short.
const SHORT_NAME: usize = 12;
/// The clock gives way before what is wrong does.
const CLOCK_DROP_PRIORITY: u8 = 3;
/// What gives way when nothing else can: of these what stands further to the right first.
const LAST_DROPPED: u8 = 1;
/// What gives way at this priority or above gives way to the keys of the screens.
const SHORTENED_FOR_TABS: u8 = 7;

/// Draws it in the first row of `area`.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let clock = clock(state);
    let clock_width = u16::try_from(clock.width()).unwrap_or(0) + 1;
    let beside_clock = area.width.saturating_sub(clock_width + 1);
    let mut room = if area.width >= clock_width + 24 { beside_clock } else { area.width };
    let mut parts = parts(state, painter.glyphs());
    make_room_for_tabs(state, painter.glyphs(), &mut parts, area.width, room);
    fit(&mut parts, &mut room, beside_clock, area.width);
    if room < area.width {
        painter.put_right(Rect { width: area.width - 1, ..area }, 0, &clock);
    }
    let mut x = u16::from(area.width > 40);
    let left = Rect { width: room, ..area };
    for form in parts.iter().filter_map(|part| part.0.first()) {
        x += painter.put_at(left, x, 0, &form.words);
    }
    tabs(state, painter, left, x);
}

/// Shortens parts until all fit; `room` becomes that of the whole row where the clock gives way.
fn fit(parts: &mut [Part], room: &mut u16, beside_clock: u16, width: u16) {
    let fits = |parts: &[Part], room: u16| parts.iter().map(Part::width).sum::<usize>() < usize::from(room);
    // `None` is the clock.
    let mut gone: Vec<Option<(usize, Form)>> = Vec::new();
    while !fits(parts, *room) {
        let goes = parts.iter().enumerate().max_by_key(|(_, part)| part.drop_priority());
        let goes = goes.map(|(at, part)| (at, part.drop_priority())).filter(|(_, priority)| *priority > 0);
        match goes {
            Some((at, priority)) if *room == width || priority > CLOCK_DROP_PRIORITY => {
                gone.push(Some((at, parts[at].0.remove(0))));
            }
            _ if *room < width => {
                *room = width;
                gone.push(None);
            }
            _ => break,
        }
    }
    // What gave way before something longer did may have room after all: what went last is worth most.
    while let Some(form) = gone.pop() {
        match form {
            None if fits(parts, beside_clock) => *room = beside_clock,
            Some((at, form)) if form.drop_priority <= SHORTENED_FOR_TABS => {
                parts[at].0.insert(0, form);
                if !fits(parts, *room) {
                    parts[at].0.remove(0);
                }
            }
            _ => {}
        }
    }
}

/// Where the header names the screens, what is said at length is shortened until at least their keys fit.
fn make_room_for_tabs(state: &State, glyphs: GlyphSet, parts: &mut [Part], columns: u16, room: u16) {
    if columns < TABS_FROM {
        return;
    }
    let named = tabs_of(state, true).into_iter().filter(|tab| tab.title.is_some()).collect();
    let room = usize::from(room).saturating_sub(needed(&by_keys(named), divider(glyphs).width(), 1) + 1);
    while parts.iter().map(Part::width).sum::<usize>() > room {
        let longest = parts.iter_mut().max_by_key(|part| part.drop_priority());
        let Some(part) = longest.filter(|part| part.drop_priority() >= SHORTENED_FOR_TABS) else { return };
        drop(part.0.remove(0));
    }
}

fn divider(glyphs: GlyphSet) -> Line<'static> {
    Line::styled(format!(" {} ", glyphs.divider), Role::Border)
}

fn parts(state: &State, glyphs: GlyphSet) -> Vec<Part> {
    let console = &state.seen().config.console;
    let divider = || divider(glyphs);
    let short = |text: &str| cut(text, SHORT_NAME, glyphs.ellipsis);
    let mut parts =
        vec![Part::new(Line::styled("opsroom", Role::Brand).and(format!(" {} ", glyphs.dot), Role::TextDim), 12)];
    if console.name != "opsroom" {
        let name = |name: String| Line::styled(name, Role::TextStrong).and(" ", Role::Text);
        // Which console this is outlives all but its environment, and what is wrong with it and with what it watches.
        parts.push(Part::new(name(short(&console.name)), LAST_DROPPED + 1).or_longer(name(console.name.clone()), 9));
    }
    if !console.environment.is_empty() {
        let word = &console.environment;
        parts.push(Part::new(tinted(word, &short(word)), LAST_DROPPED).or_longer(environment(word), 8));
    }
    parts.push(Part::new(divider(), 6));
    parts.push(Part::new(worst(state, glyphs), 0));
    parts.extend(chips(state, glyphs));
    parts.extend(incidents(state, &divider()));
    let counts = alert_counts(state);
    if let Some(worst) = counts.first() {
        let others = counts.iter().skip(1).map(|(n, _)| n).sum::<usize>();
        let all = counts.iter().map(alert_count).fold(Line::new(), |words, (count, role)| words.then(count, role));
        let (text, role) = alert_count(worst);
        let worst = divider().join(Line::styled(text, role));
        let mut part = Part::new(worst.clone(), 0);
        if others > 0 {
            part = part
                .or_longer(worst.clone().and(format!(" +{others}"), Role::TextDim), CLOCK_DROP_PRIORITY)
                .or_longer(worst.and(format!(" +{others} lower"), Role::TextDim), SHORTENED_FOR_TABS)
                .or_longer(divider().join(all), SHORTENED_FOR_TABS);
        }
        parts.push(part);
    }
    let mut is_first = counts.is_empty();
    let mut beside = |n: usize, words: String, role: Role, drop_priority: u8| {
        if n > 0 {
            let before = if std::mem::take(&mut is_first) { divider() } else { Line::plain(" ") };
            parts.push(Part::new(before.join(Line::styled(words, role)), drop_priority));
        }
    };
    let (known, muted) = (state.seen().alerts.acknowledged(), state.seen().alerts.muted());
    let running = state.seen().runs.iter().filter(|view| view.run.state.is_open()).count();
    beside(known, format!("{known} ack"), Role::TextDim, 6);
    beside(muted, format!("{muted} muted"), Role::TextDim, 7);
    beside(running, format!("{} {running} running", glyphs.pointer), Role::StatusPending, 10);
    parts.extend(duty::on_call(state, &divider(), glyphs));
    parts.extend(company::followed(state, &divider()));
    parts.extend(company::present(state, &divider()));
    parts
}

/// The incident that is worked on.
fn incidents(state: &State, divider: &Line<'static>) -> Option<Part> {
    let (role, [short, timed, long]) = incident::in_header(state)?;
    let words = |text: String| divider.clone().join(Line::styled(text, role));
    Some(Part::new(words(short), 2).or_longer(words(timed), 6).or_longer(words(long), 10))
}

/// The environment in words and colour.
pub(crate) fn environment(word: &str) -> Line<'static> {
    tinted(word, word)
}

/// `shown` in the colour of the environment `word`.
fn tinted(word: &str, shown: &str) -> Line<'static> {
    let role = match word.to_ascii_lowercase().as_str() {
        "production" | "prod" | "live" => Role::EnvironmentProduction,
        "staging" | "stage" | "preproduction" | "preprod" => Role::EnvironmentStaging,
        "development" | "dev" | "test" | "testing" | "demo" | "local" => Role::EnvironmentDevelopment,
        _ => Role::Environment,
    };
    Line::styled(format!(" {} ", shown.to_uppercase()), role)
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

/// What is not as usual: each a word in reverse. What is wrong stays longer than what was chosen.
fn chips(state: &State, glyphs: GlyphSet) -> Vec<Part> {
    let line = |text: &str, role: Role| Line::plain(" ").join(Line::styled(format!(" {text} "), role));
    let chip = |text: &str, role: Role, drop_priority: u8| Part::new(line(text, role), drop_priority);
    let dated = |text: &str, when: &str, role: Role| {
        chip(text, role, 0).or_longer(line(format!("{text} {when}").trim_end(), role), 11)
    };
    let zone = state.seen().config.console.timezone;
    let mut chips = Vec::new();
    if state.console.is_recorded {
        chips.push(chip("REC", Role::ChipReadOnly, CLOCK_DROP_PRIORITY));
    }
    if let Some(held) = &state.console.frozen {
        chips.push(dated("FROZEN", &format!("since {}", figures::time(held.now.utc, zone)), Role::ChipFrozen));
    }
    if !state.console.focused {
        // The clock beside it stands still too: without the reason that looks like a console that hangs.
        let held = |text| line(text, Role::ChipFrozen);
        chips.push(Part::new(held("HELD"), 0).or_longer(held("HELD: no focus"), 11));
    }
    if !state.seen().connectivity.ok {
        let age = figures::age_since(state.seen().connectivity.since, state.seen().now, zone, "");
        chips.push(dated("OUR NETWORK IS DOWN", &age, Role::ChipOffline));
    }
    if let Some(away) = &state.seen().store_away {
        let since = figures::away_since(away, state.seen());
        chips.push(match away.how {
            StoreAbsence::NotMade => chip("NO STORE YET", Role::ChipReadOnly, CLOCK_DROP_PRIORITY),
            StoreAbsence::LostEntries => Part::new(line("LOST ENTRIES", Role::ChipOffline), 0)
                .or_longer(line("STORE LOST ENTRIES", Role::ChipOffline), 4)
                .or_longer(line(&format!("STORE LOST ENTRIES {since}"), Role::ChipOffline), 11),
            StoreAbsence::Replaced => chip("STORE REPLACED", Role::ChipOffline, 0)
                .or_longer(line(&format!("STORE REPLACED {since}"), Role::ChipOffline), 11),
            // Why is worth more than since when, which the diagnostics screen says too.
            StoreAbsence::Unusable => chip("STORE AWAY", Role::ChipOffline, 0)
                // Since when comes before the keys of the screens, which the help has too.
                .or_longer(line(&format!("STORE AWAY {since}"), Role::ChipOffline), SHORTENED_FOR_TABS - 1)
                .or_longer(line(&format!("STORE AWAY {since}: {}", away.problem), Role::ChipOffline), 12),
        });
    }
    if state.seen().leaves_unrecorded() || state.seen().is_unattended() {
        chips.push(chip("NOT RECORDING", Role::ChipOffline, 1));
    }
    if state.seen().store_away.is_none() && state.seen().store_only_read.is_some() {
        chips.push(chip("STORE READ-ONLY", Role::ChipReadOnly, CLOCK_DROP_PRIORITY));
    }
    let old = state.seen().checks.iter().filter(|check| check.stale).count();
    if old > 0 {
        let words = Line::styled(format!("{} STALE {old}", glyphs.stale), Role::MarkStale);
        chips.push(Part::new(Line::plain(" ").join(words), 2));
    }
    if state.seen().read_only {
        chips.push(chip("READ-ONLY", Role::ChipReadOnly, CLOCK_DROP_PRIORITY));
    }
    if state.seen().config.sources.iter().any(|source| source.kind.settings().is_insecure()) {
        chips.push(chip("INSECURE TLS", Role::ChipInsecure, CLOCK_DROP_PRIORITY));
    }
    chips
}

/// How many alerts fire of each severity that has any, worst first.
fn alert_counts(state: &State) -> Vec<(usize, Severity)> {
    let firing = |severity| state.seen().alerts.standing(Phase::Firing, false, Some(severity));
    let counts = Severity::WORST_FIRST.into_iter().map(|severity| (firing(severity), severity));
    counts.filter(|(n, _)| *n > 0).collect()
}

/// `2 critical`.
fn alert_count((n, severity): &(usize, Severity)) -> (String, Role) {
    (format!("{n} {}", severity.word()), status::severity_role(*severity))
}

/// A screen that can be opened: its key, and its title where that is shown.
struct ScreenTab {
    screen: Screen,
    key: Line<'static>,
    title: Option<Line<'static>>,
    is_current: bool,
}

impl ScreenTab {
    fn words(&self) -> Line<'static> {
        let separator = if self.key.is_empty() || self.title.is_none() { "" } else { " " };
        self.key.clone().and(separator, Role::Text).join(self.title.clone().unwrap_or_default())
    }
}

/// Every screen with its title; where `common`, of those that not everybody has the keys alone.
fn tabs_of(state: &State, common: bool) -> Vec<ScreenTab> {
    let custom = Screen::custom(&state.seen().config).map(|(screen, layout)| (screen, layout.title.clone()));
    let built_in = Screen::BUILT_IN.iter().map(|screen| (screen.clone(), screen.name().to_owned()));
    let is_common = |screen: &Screen| match screen {
        Screen::Incident => state.seen().worst_open_incident().is_some(),
        other => !matches!(other, Screen::Checklists | Screen::Changes | Screen::Diagnostics | Screen::Custom(_)),
    };
    let all = built_in.chain(custom).map(|(screen, title)| {
        let is_current = state.console.screen == screen;
        let (key_role, role) =
            if is_current { (Role::TitleFocus, Role::TitleFocus) } else { (Role::Key, Role::TextDim) };
        let key = Line::styled(super::footer::key_of_screen(state, &screen), key_role);
        let is_named = !common || is_current || is_common(&screen);
        ScreenTab { title: is_named.then(|| Line::styled(title, role)), screen, key, is_current }
    });
    all.filter(|tab| tab.title.is_some() || !tab.key.is_empty()).collect()
}

/// The present one with its title, of the others their keys.
fn by_keys(tabs: Vec<ScreenTab>) -> Vec<ScreenTab> {
    let keyed = tabs.into_iter().filter(|tab| tab.is_current || !tab.key.is_empty());
    keyed.map(|tab| if tab.is_current { tab } else { ScreenTab { title: None, ..tab } }).collect()
}

/// Columns of the screens behind their divider.
fn needed(tabs: &[ScreenTab], divider: usize, gap: usize) -> usize {
    divider + tabs.iter().map(|tab| tab.words().width() + gap).sum::<usize>()
}

/// The screens with their keys from column `x` on: all with their titles where there is room, else of those that not
/// everybody has the keys alone, then without these, then the keys of all but the present one, then of those that everybody
/// has, then the present one alone.
fn tabs(state: &State, painter: &mut Painter<'_>, row: Rect, x: u16) {
    let divider = divider(painter.glyphs());
    let room = usize::from(row.width.saturating_sub(x));
    let named = || tabs_of(state, true).into_iter().filter(|tab| tab.title.is_some()).collect::<Vec<_>>();
    let current = || named().into_iter().filter(|tab| tab.is_current).collect();
    // Below, the last row has the keys.
    let keys = |tabs: Vec<ScreenTab>| if painter.width() < TABS_FROM { Vec::new() } else { by_keys(tabs) };
    let forms: [(&dyn Fn() -> Vec<ScreenTab>, usize); 6] = [
        (&|| tabs_of(state, false), 2),
        (&|| tabs_of(state, true), 1),
        (&named, 1),
        (&|| keys(tabs_of(state, true)), 1),
        (&|| keys(named()), 1),
        (&current, 1),
    ];
    let forms = forms.into_iter().map(|(tabs, gap)| (tabs(), gap));
    let fits = |(tabs, gap): &(Vec<ScreenTab>, usize)| !tabs.is_empty() && needed(tabs, divider.width(), *gap) <= room;
    let Some((tabs, gap)) = forms.into_iter().find(fits) else { return };
    let mut x = x + painter.put_at(row, x, 0, &divider);
    for tab in tabs {
        let used = painter.put_at(row, x, 0, &tab.words());
        painter.note(Rect { x: row.x + x, width: used, height: 1, ..row }, Target::Tab(tab.screen));
        x += used + u16::try_from(gap).unwrap_or(1);
    }
}

/// The time of day; while frozen that of the freeze.
fn clock(state: &State) -> Line<'static> {
    let at = state.seen().now;
    Line::styled(figures::clock(at.utc, state.seen().config.console.timezone), Role::Text)
}

/// The whole in one line, where there is no room for more.
pub(crate) fn one_line(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let (glyphs, zone) = (painter.glyphs(), state.seen().config.console.timezone);
    let mut words = worst(state, glyphs);
    if let Some(service) = state
        .seen()
        .services_worst_first()
        .first()
        .filter(|service| !matches!(service.status, Status::Ok | Status::Cold))
    {
        words = words
            .then(service.title.clone(), Role::TextStrong)
            .then(figures::age_since(service.since, state.seen().now, zone, ""), Role::TextDim);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gave_way_comes_back_where_something_longer_made_room() {
        let part = |text: &str, drop_priority| Part::new(Line::plain(text.to_owned()), drop_priority);
        let away = part(" STORE AWAY", 0).or_longer(Line::plain(" STORE AWAY since 17:10:58"), 6);
        let mut parts = [part(&"x".repeat(50), 0), away, part(" 1 ack", 6)];
        let mut room = 68;
        fit(&mut parts, &mut room, 68, 80);
        let shown: Vec<usize> = parts.iter().map(Part::width).collect();
        assert_eq!((shown, room), (vec![50, 11, 6], 68));
    }
}
