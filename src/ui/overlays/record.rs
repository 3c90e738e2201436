//! One record in full: when, where, every field, the line as it came.

use ratatui::layout::Rect;

use crate::app::overlays::record::RecordOverlay;
use crate::app::state::State;
use crate::model::record::Record;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::paint::Painter;
use crate::ui::widgets::dialog::{self, Tone};
use crate::ui::widgets::log::level;
use crate::ui::widgets::table;
use crate::ui::words::{Text, Words};

pub(super) fn draw(state: &State, painter: &mut Painter<'_>, overlay: &RecordOverlay, area: Rect) {
    let record = &overlay.record;
    let width = area.width.saturating_sub(4).clamp(20, 140).min(area.width);
    let lines = lines(state, record, usize::from(width.saturating_sub(4)).max(1));
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let spot = dialog::spot(area, width, height.min(area.height.saturating_sub(2)).max(3));
    let room = usize::from(spot.height.saturating_sub(2));
    let shown = table::window(overlay.scroll, None, lines.len(), room);
    let (word, _, role) = level(record.level);
    let title = Words::of("record", Role::DialogTitle).then(&record.log, Role::LogService).then(word, role);
    let foot = table::position(&shown, lines.len()).then("y copies, left and right step, Esc closes", Role::TextDim);
    let inner = dialog::frame(painter, spot, Tone::Plain, &title, &foot);
    for (row, line) in (0..inner.height).zip(&lines[shown]) {
        painter.put(inner, row, line);
    }
}

fn lines(state: &State, record: &Record, width: usize) -> Vec<Words<'static>> {
    let zone = state.config.console.timezone;
    let fields = record.fields();
    let longest = fields.iter().map(|(name, _)| name.as_str().chars().count()).max().unwrap_or(0).clamp(7, 20);
    let mut out = Vec::new();
    let mut fact = |label: &str, words: Words<'_>| {
        let words = Words::of(format!("{label:<longest$}  "), Role::TextLabel).join(words);
        out.extend(words.wrapped(width, longest + 2));
    };
    let read = figures::age(state.now.since(record.read_at));
    let said = if record.time.is_some() { "" } else { " (when it was read: the line says no time)" };
    fact("time", Words::plain(format!("{}{said}", figures::full(record.at(), zone))));
    fact("read", Words::of(format!("{read} ago{}", if record.stderr { ", from stderr" } else { "" }), Role::TextDim));
    if let Some(service) = &record.service {
        fact("service", Words::of(service, Role::LogService));
    }
    for line in record.message.lines() {
        fact("message", Words::of(Text::of(line), Role::TextStrong));
    }
    out.push(Words::new());
    for (name, value) in &fields {
        let words = Words::of(format!("{:<longest$}  ", name.as_str()), Role::LogField).and(value, Role::Text);
        out.extend(words.wrapped(width, longest + 2));
    }
    if !fields.is_empty() {
        out.push(Words::new());
    }
    out.push(Words::of("as it came", Role::TextLabel));
    for line in record.lines() {
        out.extend(Words::of(Text::of(line), Role::TextDim).wrapped(width, 0));
    }
    out
}
