//! The lines of a dialog that can be typed in, and what its keys do.

use ratatui::layout::Rect;

use crate::app::layout::Target;
use crate::app::overlays::fields::{DialogField, DialogForm};
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::input::InputLine;

/// Columns of the widest label.
pub(super) fn label_width(fields: &[DialogField]) -> usize {
    fields.iter().map(|field| field.label.len()).max().unwrap_or(0)
}

/// Draws the one at a place, and returns what is left below.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    rest: Rect,
    (at, field): (usize, &DialogField),
    width: usize,
    has_focus: bool,
) -> Rect {
    let input = InputLine {
        prompt: Line::styled(format!("{:<width$}  ", field.label), Role::TextLabel),
        text: field.input.text(),
        cursor: has_focus.then(|| field.input.cursor()),
        error: None,
        placeholder: &field.placeholder,
    };
    let row = Rect { height: rest.height.min(1), ..rest };
    input.draw(painter, row);
    painter.note(row, Target::OverlayRow(at));
    split_top(rest, 1).1
}

/// Draws what is on or off behind the lines, where there is such a thing, and returns what is left below.
pub(super) fn switch(
    painter: &mut Painter<'_>,
    rest: Rect,
    form: &DialogForm,
    width: usize,
    (label, means): (&str, &'static str),
) -> Rect {
    let Some(on) = form.switch else { return rest };
    let role = if form.is_on_switch() { Role::DialogButtonFocus } else { Role::Input };
    let line = Line::styled(format!("{label:<width$}  "), Role::TextLabel)
        .and(if on { "[x]" } else { "[ ]" }, role)
        .and(" ", Role::TextDim)
        .and(means, Role::TextDim);
    painter.put(rest, 0, &line);
    painter.note(Rect { height: rest.height.min(1), ..rest }, Target::OverlayRow(form.fields.len()));
    split_top(rest, 1).1
}

/// Draws what stands at the end of a form, as far as there is room.
pub(super) fn draw_foot(painter: &mut Painter<'_>, rest: Rect, foot: &[Line<'static>]) {
    for (row, line) in (0..rest.height).zip(foot) {
        painter.put(rest, row, line);
    }
}

/// What is wrong with what was typed, in as many lines as that takes, else what the keys do.
pub(super) fn foot(form: &DialogForm, verb: &str, width: u16) -> Vec<Line<'static>> {
    let inside = usize::from(width.saturating_sub(4)).max(1);
    match &form.error {
        Some(error) => Line::styled(error.to_string(), Role::InputError).wrapped(inside, 0),
        None => vec![keys(verb, form.stops() > 1)],
    }
}

fn keys(verb: &str, has_more: bool) -> Line<'static> {
    let mut line = Line::styled("Enter", Role::Key).and(format!(" {verb}  "), Role::KeyLabel);
    if has_more {
        line = line.and("Tab", Role::Key).and(" next field  ", Role::KeyLabel);
    }
    line.and("Esc", Role::Key).and(" leave", Role::KeyLabel)
}
