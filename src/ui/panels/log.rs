//! The tail of one log, or of all merged.

use ratatui::layout::Rect;

use super::{focused, frame, note};
use crate::app::layout::PanelId;
use crate::app::state::State;
use crate::app::world::logs::LogView;
use crate::config::sections::screen::Panel;
use crate::model::name::Name;
use crate::model::record::{LogState, Record};
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::paint::Painter;
use crate::ui::widgets::log::{LogRow, LogStyle};
use crate::ui::widgets::notice::Notice;
use crate::ui::words::Words;

/// The name of the panel that merges all logs.
pub const ALL: &str = "*";

/// How many of the newest records are looked through for those of one service: a frame must not cost a whole log.
const SCANNED: usize = 4_000;

/// Draws the panel of a layout.
pub fn draw(state: &State, painter: &mut Painter<'_>, name: &Name, area: Rect) {
    let id = PanelId::Layout(Panel::Log(name.clone()));
    let logs: Vec<&LogView> =
        if &**name == ALL { state.logs.iter().collect() } else { state.log(name).into_iter().collect() };
    let title = if &**name == ALL { Words::plain("logs") } else { Words::plain("log").then(name, Role::Text) };
    tail(state, painter, &id, title, &Tail { logs: &logs, naming: None }, area);
}

/// Which records a tail shows.
#[derive(Debug, Clone, Copy)]
pub struct Tail<'a> {
    /// Of these logs.
    pub logs: &'a [&'a LogView],
    /// Of logs that belong to no service those records alone that name this one.
    pub naming: Option<&'a Name>,
}

/// A frame with the newest records of some logs.
pub fn tail(state: &State, painter: &mut Painter<'_>, id: &PanelId, title: Words<'_>, of: &Tail<'_>, area: Rect) {
    let logs = of.logs;
    let dot = painter.glyphs().dot;
    let mut shape = frame(state, painter, id, "");
    let role = if shape.focused { Role::TitleFocus } else { Role::Title };
    shape.title = title.all(role);
    let rate = logs.iter().map(|log| log.rate).sum::<f64>();
    let inner = shape.with(rate_words(rate), dot).note(newest(state, logs)).draw(painter, area);
    note(painter, inner, id.clone());
    let records = last(of, usize::from(inner.height));
    if let Some(service) = of.naming.filter(|_| records.is_empty() && logs.iter().any(|log| !log.ring.is_empty())) {
        Notice::empty(format!("no records of {service} lately"), "the records of these logs name their service")
            .draw(painter, inner);
        return;
    }
    if records.is_empty() {
        nothing(logs).draw(painter, inner);
        return;
    }
    let rows: Vec<LogRow<'_>> = records
        .iter()
        .map(|record| LogRow { record, selected: false, marked: false, context: false, late: false })
        .collect();
    let style = LogStyle {
        timestamps: state.timestamps,
        zone: state.config.console.timezone,
        now: state.now,
        source: source_width(state, logs.len(), &records),
        wrap: false,
        column: 0,
        finder: &|_| Vec::new(),
        focused: focused(state, id),
    };
    style.draw(painter, inner, &rows);
}

/// Columns for what a record comes from: the service that it names, else its log. None where one log names nothing.
/// As many as the longest name so far needs, within bounds, and never fewer again: records come and go, columns must
/// not.
pub fn source_width<'a>(state: &State, logs: usize, records: impl IntoIterator<Item = &'a Record>) -> usize {
    if logs <= 1 && records.into_iter().all(|record| record.service.is_none()) {
        return 0;
    }
    let services = state.config.services.iter().map(|service| &service.name);
    let named = state.logs.iter().map(|log| log.longest_service);
    let longest =
        state.logs.iter().map(|log| &log.name).chain(services).map(|name| name.chars().count()).chain(named).max();
    longest.unwrap_or(0).clamp(3, 16)
}

/// The newest `count` records of several logs, by time, oldest first.
fn last(of: &Tail<'_>, count: usize) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for log in of.logs {
        let naming = of.naming.filter(|_| log.service.is_none());
        let named = |record: &Record| {
            naming.is_none_or(|service| record.service.as_ref().is_some_and(|named| named.as_str() == &**service))
        };
        let newest = log.ring.iter().rev().take(if naming.is_some() { SCANNED } else { count });
        records.extend(newest.filter(|record| named(record)).take(count).cloned());
    }
    records.sort_by(|a, b| a.at().cmp(&b.at()).then_with(|| a.log.cmp(&b.log)).then_with(|| a.seq.cmp(&b.seq)));
    records.split_off(records.len().saturating_sub(count))
}

/// `4,102/s`, to two digits, so that it does not flicker.
pub fn rate_words(rate: f64) -> Words<'static> {
    if rate < 0.05 {
        return Words::of("quiet", Role::TextDim);
    }
    let coarse = if rate < 1.0 {
        "<1".to_owned()
    } else if rate < 100.0 {
        format!("{rate:.0}")
    } else {
        let power = 10_f64.powf(rate.log10().floor() - 1.0);
        figures::count(((rate / power).round() * power) as u64)
    };
    Words::of(format!("{coarse}/s"), Role::Text)
}

/// How long ago the newest record came; what is wrong with a source goes before.
fn newest(state: &State, logs: &[&LogView]) -> Words<'static> {
    let mut bad = logs.iter().filter(|log| matches!(log.state, LogState::Failed(_) | LogState::Waiting(_)));
    if let Some(log) = bad.next() {
        let more = bad.count();
        let words = log_state(log);
        return if more > 0 { words.and(format!(", and {more} more"), Role::TextDim) } else { words };
    }
    let newest = logs.iter().filter_map(|log| log.last_at).max_by_key(|at| at.mono);
    newest.map_or_else(Words::new, |at| Words::of(format!("last {}", figures::age(state.now.since(at))), Role::TextDim))
}

/// What a source is doing, in words.
pub fn log_state(log: &LogView) -> Words<'static> {
    let say = |words: &str, role: Role| Words::of(format!("{}: {words}", log.name), role);
    match &log.state {
        LogState::Starting => say("starting", Role::TextDim),
        LogState::CatchingUp => say("reading what was there", Role::TextDim),
        LogState::Following(1) => say("following", Role::TextDim),
        LogState::Following(files) => say(&format!("following {files} files"), Role::TextDim),
        LogState::Waiting(why) | LogState::Restarting(why) => say(why.as_str(), Role::StatusPending),
        LogState::Failed(why) => say(why.as_str(), Role::LevelError),
    }
}

/// Why there are no records.
pub fn nothing(logs: &[&LogView]) -> Notice<'static> {
    if logs.is_empty() {
        return Notice::empty("no logs", "add [log.NAME] with file = \"…\" or command = […] to the configuration");
    }
    let bad = logs.iter().find(|log| matches!(log.state, LogState::Failed(_)));
    if let Some(log) = bad {
        return Notice { headline: log_state(log), next: Words::of("it is tried again by itself", Role::TextDim) };
    }
    let mut states = logs.iter().map(|log| log_state(log));
    let first = states.next().unwrap_or_default();
    Notice { headline: Words::plain("no records yet"), next: first }
}
