//! One record in full: what is known of it, and its parts as a tree, as fields, as they came.

use ratatui::layout::Rect;

use super::Draw;
use super::details;
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::overlays::record::{RecordOverlay, Tab};
use crate::app::state::State;
use crate::logs::filter::write::trace_of;
use crate::logs::outline::{Part, PartKind};
use crate::logs::record::RecordKind;
use crate::text::{MAX_RECORD_WORDS, SafeText, wrap};
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::dialog;
use crate::ui::widgets::log::level;
use crate::ui::widgets::table;

/// Rows from which there is room for the facts above the parts.
const ROOM_FOR_FACTS: u16 = 8;
/// Columns of a field's name at the most.
const NAME: usize = 60;

impl Draw for RecordOverlay {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let record = &self.record;
        let (word, _, role) = level(record.level);
        let title = Line::styled("record", Role::DialogTitle).then(&record.log, Role::LogService).then(word, role);
        let keys = [
            (Command::OnlyThis, "only this"),
            (Command::NotThis, "not this"),
            (Command::TopValues, "top values"),
            (Command::Trace, "trace"),
            (Command::Select, "fold"),
            (Command::NextPanel, "switch view"),
            (Command::Copy, "copy"),
            (Command::Right, "next record"),
        ];
        let in_list = [
            (Command::Down, "next"),
            (Command::Up, "previous"),
            (Command::NextPanel, "fields"),
            (Command::NextError, "next error"),
            (Command::Trace, "trace"),
            (Command::Copy, "copy"),
            (Command::Mark, "mark"),
        ];
        let keys = if self.inside { &keys[..] } else { &in_list[..] };
        let acts = |command| match command {
            Command::Trace => trace_of(record).is_some(),
            Command::Select => self.tab == Tab::Tree,
            _ => true,
        };
        let keys: Vec<_> = keys.iter().filter(|(command, _)| acts(*command)).copied().collect();
        let inner = details::frame(state, painter, area, &title, &Line::new(), &keys);
        let body = if inner.height >= ROOM_FOR_FACTS {
            let (facts, rest) = split_top(inner, 3);
            for (row, words) in (0..2).zip(self::facts(state, painter.glyphs(), self)) {
                painter.put(facts, row, &words);
            }
            let row = Rect { y: facts.y + 2, height: 1, ..facts };
            let tabs = self.tabs();
            let words: Vec<&str> = tabs.iter().map(|tab| tab.word()).collect();
            details::tabs(painter, row, &words, tabs.iter().position(|tab| *tab == self.tab).unwrap_or(0));
            rest
        } else {
            inner
        };
        let shown = match self.tab {
            Tab::Tree => tree(painter, self, body),
            Tab::Fields => fields(painter, self, body),
            Tab::Raw => raw(painter, self, body),
        };
        dialog::foot(painter, details::spot(state, painter, area), &place(self, shown));
    }
}

/// What of it is in sight, what was left out, and how many parts there are.
fn place(overlay: &RecordOverlay, shown: Line<'static>) -> Line<'static> {
    match overlay.tab {
        Tab::Tree => match overlay.tree.as_ref().map_or(0, |tree| tree.left_out) {
            0 => shown,
            left_out => shown.then(format!("{} in raw", figures::counted(left_out, "more part")), Role::TextDim),
        },
        Tab::Fields if shown.is_empty() => Line::styled(figures::counted(overlay.fields.len(), "field"), Role::TextDim),
        Tab::Fields => shown,
        Tab::Raw => {
            let size = figures::bytes(overlay.record.raw.as_str().len() as u64);
            shown.then(format!("raw, {size}"), Role::TextDim)
        }
    }
}

/// When it was, and what is known of the line beside what it says.
fn facts(state: &State, glyphs: GlyphSet, overlay: &RecordOverlay) -> [Line<'static>; 2] {
    let record = &overlay.record;
    let zone = state.world.config.console.timezone;
    let said = if record.time.is_some() { "from the line" } else { "when it was read: no time recognised in the line" };
    let age = figures::age(state.shown_now().since(record.read_at));
    let time = Line::styled(figures::full(record.at(), zone), Role::TextStrong)
        .then(said, Role::TextDim)
        .then(glyphs.dot, Role::TextDim)
        .then(format!("read {age} ago"), Role::TextDim);
    let mut what = Line::styled(overlay.recognised(), Role::Text);
    let mut fact = |text: String, role: Role| {
        what = std::mem::take(&mut what).then(glyphs.dot, Role::TextDim).then(text, role);
    };
    if let Some(file) = &record.file {
        fact(file.to_string(), Role::LogService);
    }
    if let Some(service) = &record.service {
        fact(service.to_string(), Role::LogService);
    }
    let lines = record.lines().count();
    for (holds, text) in [
        (overlay.late, "late: arrived after newer records".to_owned()),
        (record.stderr, "stderr".to_owned()),
        (record.kind == RecordKind::Partial, "line not finished yet".to_owned()),
        (record.kind == RecordKind::Marker, "a note from opsroom".to_owned()),
        (lines > 1, format!("{lines} lines joined")),
    ] {
        if holds {
            fact(text, Role::Text);
        }
    }
    if record.cut_bytes > 0 {
        let rest = figures::bytes(record.cut_bytes);
        fact(format!("cut at {MAX_RECORD_WORDS}, {rest} more"), Role::LevelWarn);
    }
    let replaced = record.raw.as_str().matches('\u{fffd}').count();
    if replaced > 0 {
        fact(format!("not valid text in {}", figures::counted(replaced, "place")), Role::LevelWarn);
    }
    // The same for all records: which log has lost what is said of the log.
    if let Some(loss) = state.world.log(&record.log).map(|log| log.loss) {
        for (n, what, done) in
            [(loss.neutralised, "control sequence", "neutralised"), (loss.cut_records, "record", "cut")]
        {
            if n > 0 {
                fact(format!("{} {done} in this log", figures::counted(n, what)), Role::TextDim);
            }
        }
    }
    [time, what]
}

fn tree(painter: &mut Painter<'_>, overlay: &RecordOverlay, area: Rect) -> Line<'static> {
    let Some(tree) = &overlay.tree else { return Line::new() };
    let shown = overlay.unfolded();
    let glyphs = painter.glyphs();
    let whole = details::rows(painter, area, shown.len(), (overlay.selected(), overlay.inside), |row| {
        let place = shown[row];
        branch(&tree.parts[place], overlay.folded.contains(&place), glyphs)
    });
    table::position(&whole, shown.len())
}

fn branch(part: &Part, folded: bool, glyphs: GlyphSet) -> (Line<'_>, &str, Role) {
    let sign = match (part.is_open(), folded, glyphs.ascii) {
        (false, ..) => "  ",
        (true, true, _) => "+ ",
        (true, false, _) => "- ",
    };
    let mut head = Line::styled("  ".repeat(part.depth.min(16)), Role::Text).and(sign, Role::ChartAxis);
    if let Some(key) = &part.key {
        head = head.and(key, Role::LogField).and(": ", Role::TextDim);
    }
    let count = |count: usize, open: &str, close: &str| {
        Line::styled(
            format!("{open}{}{close}", if count == 0 { String::new() } else { format!(" {count} ") }),
            Role::TextDim,
        )
    };
    match part.kind {
        PartKind::Object(members) => (head.join(count(members, "{", "}")), "", Role::Text),
        PartKind::Array(values) => (head.join(count(values, "[", "]")), "", Role::Text),
        PartKind::Text => (head, part.value.as_str(), Role::Text),
        PartKind::Number => (head, part.value.as_str(), Role::ChartLine),
        PartKind::Word => (head, part.value.as_str(), Role::LogService),
    }
}

fn fields(painter: &mut Painter<'_>, overlay: &RecordOverlay, area: Rect) -> Line<'static> {
    let widest = overlay.fields.iter().map(|(name, _)| Span::from(name).width()).max().unwrap_or(0).clamp(4, NAME);
    // Two columns in five, or what the longest value leaves: a name is cut for a value alone.
    let value = overlay.fields.iter().map(|(_, value)| Span::from(value).width()).max().unwrap_or(0);
    let left = usize::from(area.width).saturating_sub(value.saturating_add(3));
    let widest = widest.min((usize::from(area.width) * 2 / 5).max(left));
    let ellipsis = painter.glyphs().ellipsis;
    let row = |at: usize| {
        let (name, value): &(SafeText, SafeText) = &overlay.fields[at];
        let name = Span::from(name).fitted(widest, ellipsis);
        let rest = widest.saturating_sub(name.width()) + 2;
        (Line::styled(name, Role::LogField).and(" ".repeat(rest), Role::Text), value.as_str(), Role::Text)
    };
    let whole = details::rows(painter, area, overlay.fields.len(), (overlay.selected(), overlay.inside), row);
    table::position(&whole, overlay.fields.len())
}

/// The line as it came; each line of a joined record begins a row.
fn raw(painter: &mut Painter<'_>, overlay: &RecordOverlay, area: Rect) -> Line<'static> {
    let width = usize::from(area.width);
    let lines = overlay.record.lines().flat_map(|line| wrap::rows(line, width).into_iter().map(move |row| &line[row]));
    let lines: Vec<&str> = lines.collect();
    let shown = table::window(overlay.selected(), None, lines.len(), usize::from(area.height));
    for (row, line) in (0..area.height).zip(&lines[shown.clone()]) {
        painter.put(area, row, &Line::styled(Span::borrowed(line), Role::Text));
    }
    painter.note(area, Target::OverlayRow(overlay.selected()));
    table::position(&shown, lines.len())
}
