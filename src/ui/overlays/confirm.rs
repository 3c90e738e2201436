//! The dialog before an action: where it acts, exactly what will run, what a person must do for it.

use ratatui::layout::Rect;

use crate::app::layout::Target;
use crate::app::overlays::confirm::{Confirmation, Focus};
use crate::app::state::State;
use crate::model::preview::{DIGEST_LABEL, PreviewRow, RowKind};
use crate::model::run::Confirm;
use crate::model::status::Status;
use crate::theme::Role;
use crate::ui::header::environment;
use crate::ui::line::{Line, Span};
use crate::ui::paint::{Painter, split_bottom, split_top};
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::input::InputLine;
use crate::ui::widgets::table;

use super::Draw;

/// Columns of the dialog.
const WIDTH: u16 = 90;
/// Rows of the facts that warnings leave at the least.
const LEAST_FACTS: u16 = 2;
/// Columns in which what is typed can be seen at the least.
const LEAST_TYPED: usize = 12;

/// The environment's word and the host: in every dialog that changes something.
pub(super) fn place<'a>(word: &str, host: &str) -> Line<'a> {
    let words = if word.is_empty() { Line::new() } else { environment(word).and(" ", Role::Text) };
    words.and(format!("{host}  "), Role::TextStrong)
}

impl Draw for Confirmation {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        let width = WIDTH.min(area.width);
        let inside = usize::from(width.saturating_sub(4)).max(1);
        let mut facts = facts(state, self, inside);
        let mut end = ending(state, painter, self, inside);
        let fields = fields(self, inside);
        let rows = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        // Frame, facts, a free row, warnings, fields, what the keys do, buttons.
        let mut fixed = rows(end.len() + fields.len()) + 3;
        let spot = dialog::spot(area, width, rows(facts.len()).saturating_add(fixed + 2));
        // Where they leave no row for the facts they are read as the first of them: none may be missed.
        if spot.height < fixed + 2 + LEAST_FACTS {
            facts.splice(0..0, end.drain(..));
            fixed = rows(fields.len()) + 2 + u16::from(spot.height > rows(fields.len()) + 6);
        }
        let kind = if self.plan.dry_run { "dry run: " } else { "" };
        let title = place(&self.plan.environment, &self.plan.host)
            .and(format!("{kind}{}", state.world.title_of(&self.action)), Role::DialogTitle);
        let tone = if self.plan.is_guarded() && !self.plan.dry_run { DialogTone::Danger } else { DialogTone::Plain };
        let room = usize::from(spot.height.saturating_sub(2 + fixed)).max(1);
        let start = self.scroll.min(facts.len().saturating_sub(room));
        let shown = start..(start + room).min(facts.len());
        let foot = table::position(&shown, facts.len());
        let inner = dialog::frame(painter, spot, tone, &title, &foot);
        let (upper, lower) = split_bottom(inner, fixed.min(inner.height.saturating_sub(1)));
        let (shown_to, of) = (shown.start + shown.len().min(usize::from(upper.height)), facts.len());
        for (row, line) in (0..upper.height).zip(&facts[shown]) {
            painter.put(upper, row, line);
        }
        painter.note(upper, Target::OverlayText { end: shown_to, of });
        let next = next_key(state, self, self.was_read || shown_to >= of);
        bottom(painter, self, lower, &end, &fields, &next);
    }
}

/// Every row of the preview and what goes with it, values wrapped under themselves.
fn facts(state: &State, dialog: &Confirmation, width: usize) -> Vec<Line<'static>> {
    let labels = dialog.preview.label_width();
    let mut out = Vec::new();
    for PreviewRow { kind, label, text } in dialog.preview.shown(&dialog.context(state)) {
        let text = text.as_str().to_owned();
        let words = match kind {
            RowKind::Fact => {
                let role = if label == DIGEST_LABEL { Role::TextDim } else { Role::Text };
                Line::styled(format!("{label:<labels$}  "), Role::TextLabel).and(text, role)
            }
            RowKind::Command => Line::styled(format!("{label:<labels$}  "), Role::TextLabel).and(text, Role::Command),
            RowKind::Script => Line::styled(format!("{label:>labels$}  "), Role::TextDim).and(text, Role::Command),
        };
        out.extend(words.wrapped(width, labels + 2));
    }
    out
}

/// What the keys do now: in the colour of an error where what was typed is none of it.
fn next_key(state: &State, dialog: &Confirmation, is_read: bool) -> Line<'static> {
    let wrong = dialog.missing.is_some() || dialog.is_wrong();
    let words = dialog.next_key(state, state.world.now, is_read);
    Line::styled(words, if wrong { Role::InputError } else { Role::KeyLabel })
}

/// What speaks against it, first of all why it would be refused, or was.
fn ending(state: &State, painter: &Painter<'_>, dialog: &Confirmation, width: usize) -> Vec<Line<'static>> {
    let warnings = dialog.warnings(state);
    let warned = warnings.iter().map(|text| (Status::Degraded, Role::StatusDegraded, text.to_string()));
    let was_refused = || dialog.refused.as_ref().map(|why| format!("it was refused: {why}"));
    let refused = dialog.obstacle(state).or_else(was_refused).map(|text| (Status::Down, Role::InputError, text));
    let lines = refused
        .into_iter()
        .chain(warned)
        .map(|(status, role, text)| Line::styled(status.glyph(painter.glyphs().ascii), role).then(text, role));
    lines.flat_map(|words| words.wrapped(width, 2)).collect()
}

/// What has to be typed.
fn fields(dialog: &Confirmation, width: usize) -> Vec<InputLine<'_>> {
    let whole = Line::styled("type ", Role::TextLabel)
        .and(Span::borrowed(&dialog.plan.target), Role::TextStrong)
        .and(": ", Role::TextLabel);
    // A long one stands among the facts, and here is room for what is typed.
    let prompt = if whole.width() + LEAST_TYPED > width { Line::styled("its name: ", Role::TextLabel) } else { whole };
    let name = InputLine {
        prompt,
        text: dialog.name.text(),
        cursor: (dialog.focus == Focus::Name).then(|| dialog.name.cursor()),
        error: None,
        placeholder: "the name of the target",
    };
    let reason = InputLine {
        prompt: Line::styled("reason: ", Role::TextLabel),
        text: dialog.reason.text(),
        cursor: (dialog.focus == Focus::Reason).then(|| dialog.reason.cursor()),
        error: None,
        placeholder: "why, for the audit",
    };
    match dialog.grade {
        Confirm::None | Confirm::Yes => Vec::new(),
        Confirm::TypeName => vec![name],
        Confirm::TwoPerson => vec![name, reason],
    }
}

fn bottom(
    painter: &mut Painter<'_>,
    dialog: &Confirmation,
    area: Rect,
    warnings: &[Line<'_>],
    fields: &[InputLine<'_>],
    next: &Line<'_>,
) {
    let (rest, buttons) = split_bottom(area, 1);
    let (rest, keys) = split_bottom(rest, 1);
    painter.put(keys, 0, next);
    let needed = u16::try_from(warnings.len() + fields.len()).unwrap_or(u16::MAX);
    let mut rest = split_bottom(rest, needed.min(rest.height)).1;
    for words in warnings {
        painter.put(rest, 0, words);
        rest = split_top(rest, 1).1;
    }
    for field in fields {
        field.draw(painter, Rect { height: rest.height.min(1), ..rest });
        rest = split_top(rest, 1).1;
    }
    let cancel = dialog::button("Cancel", dialog.focus == Focus::Cancel);
    let run = dialog::button("Run", dialog.focus == Focus::Run);
    let used = painter.put(buttons, 0, &cancel);
    painter.note(Rect { width: used, ..buttons }, Target::OverlayButton(0));
    let more = painter.put_at(buttons, used + 1, 0, &run);
    painter.note(Rect { x: buttons.x + used + 1, width: more, ..buttons }, Target::OverlayButton(1));
}
