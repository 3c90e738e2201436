//! Pins and saved evidence of the incident that is shown, the latest first.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, framed, next_key, note};
use crate::app::keymap::Command;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::lang::order::InOrder;
use crate::model::incident::EntryKind;
use crate::model::thing::IncidentRecord;
use crate::text::count::counted;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;

/// Rows that it can use.
const MOST: usize = 8;

pub(super) struct IncidentEvidencePanel;

impl PanelView for IncidentEvidencePanel {
    fn height(&self, state: &State, _id: &PanelId, _room: Room) -> Option<Height> {
        let rows = state.shown_incident().map_or(0, |record| lines(state, record).len());
        Some(Height { most: framed(rows.clamp(1, MOST)).max(3), ..Height::from(3) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let inner = frame(state, painter, id, "evidence").draw(painter, area);
        note(painter, inner, id.clone());
        let lines = state.shown_incident().map(|record| lines(state, record)).unwrap_or_default();
        if lines.is_empty() {
            let (pin, save) =
                (next_key(state, Command::Pin, "pins what is selected"), next_key(state, Command::Save, "saves it"));
            Notice::empty("no evidence yet", format!("{pin}, {save}")).draw(painter, inner);
            return;
        }
        for (row, line) in (0..inner.height).zip(lines) {
            painter.put_at(inner, 1, row, &line);
        }
    }
}

fn lines<'a>(state: &State, record: &'a IncidentRecord) -> Vec<Line<'a>> {
    let (now, zone) = (state.seen().now.utc, state.seen().config.console.timezone);
    let at = |at| Line::styled(figures::moment(at, now, zone), Role::TextDim);
    let pins = record.entries_of(EntryKind::Pin).map(|(number, pin)| {
        let source = pin.source.as_ref().map_or_else(String::new, |source| format!("{source} "));
        let line = at(pin.at).and(format!("  {number}. {source}"), Role::TextLabel);
        (pin.at, line.and(Span::borrowed(pin.text.as_str()), Role::Text))
    });
    let saved = record.evidence.iter().map(|saved| {
        let files = counted(saved.files.len() as u64, "file");
        let line = at(saved.at).and(format!("  {files} in {}:{}", saved.host, saved.directory), Role::Text);
        let missing =
            if saved.missing.is_empty() { String::new() } else { format!(", {} missing", saved.missing.len()) };
        (saved.at, line.and(missing, Role::StatusDegraded))
    });
    let mut lines: Vec<_> = pins.chain(saved).collect();
    lines.order_by_key(|(at, _)| std::cmp::Reverse(*at));
    lines.into_iter().map(|(_, line)| line).collect()
}
