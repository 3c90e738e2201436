//! Values for the parameters of an action.

use ratatui::layout::Rect;

use super::Draw;
use super::confirm::place;
use crate::app::layout::Target;
use crate::app::overlays::choices::{Choices, LOADING};
use crate::app::state::State;
use crate::model::choice::{Choice, before_running, knows_running};
use crate::text::SafeText;
use crate::theme::Role;
use crate::ui::line::{Line, Span};
use crate::ui::paint::{Painter, split_top};
use crate::ui::widgets::dialog::{self, DialogTone};
use crate::ui::widgets::input::InputLine;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table;

/// Columns and rows of the dialog at the most.
const SIZE: (u16, u16) = (100, 18);
/// Rows of values that it has room for at the least.
const VALUES: usize = 5;

impl Draw for Choices {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect) {
        // Frame, what is chosen, the input, the values, and what is left out of them.
        let rows =
            2 + self.chosen.len() + 2 + self.offered().len().max(VALUES) + usize::from(self.left_out().is_some());
        let spot = dialog::spot(area, SIZE.0, u16::try_from(rows).unwrap_or(SIZE.1).min(SIZE.1));
        let kind = if self.dry_run { " (dry run)" } else { "" };
        let title = place(&state.world.config.console.environment, "local")
            .and(format!("{}{kind}", state.world.title_of(&self.action)), Role::DialogTitle);
        let offers = self.offered();
        let says =
            if offers.is_empty() || knows_running(offers) { "" } else { "the adapter does not say what runs · " };
        let foot = Line::styled(format!("{says}Enter chooses, Esc cancels"), Role::TextDim);
        let inner = dialog::frame(painter, spot, DialogTone::Danger, &title, &foot);
        let mut top = inner;
        for (name, value) in &self.chosen {
            let words =
                Line::styled(format!("{name} = "), Role::TextLabel).and(Span::borrowed(value), Role::TextStrong);
            painter.put(top, 0, &words);
            top = split_top(top, 1).1;
        }
        let offered = !offers.is_empty();
        let (line, list) = split_top(top, 2);
        let input = InputLine {
            prompt: Line::styled(format!("{} = ", self.parameter()), Role::InputPrompt),
            text: self.input.text(),
            cursor: Some(self.input.cursor()),
            error: self.error.as_ref().map(|why| (0, why)),
            placeholder: match (offered, self.loading) {
                (true, _) => "type to narrow the list",
                (false, true) => "no value can be chosen yet",
                (false, false) => "type a value",
            },
        };
        input.draw(painter, line);
        values(self, painter, list);
    }
}

/// The values that can be chosen, or why there are none.
fn values(choices: &Choices, painter: &mut Painter<'_>, list: Rect) {
    let offers = choices.offered();
    if choices.loading {
        // Said once: where Enter was pressed it stands below the input already.
        if choices.error.is_none() {
            Notice::empty(LOADING, "Esc cancels").draw(painter, list);
        }
        return;
    }
    if let Some(why) = &choices.failed {
        let headline = format!("the choices could not be loaded: {why}");
        Notice::error(headline, "type a value, then press Enter").draw(painter, list);
        return;
    }
    let list = match choices.left_out() {
        Some(words) if list.height > 1 => {
            let bottom = Rect { y: list.bottom() - 1, height: 1, ..list };
            painter.put(bottom, 0, &Line::styled(words, Role::StatusDegraded));
            Rect { height: list.height - 1, ..list }
        }
        _ => list,
    };
    let values = choices.shown();
    if !offers.is_empty() && values.is_empty() {
        Notice::empty("no value contains what was typed", "Backspace shows more").draw(painter, list);
        return;
    }
    let before = before_running(offers).and_then(|at| offers.get(at));
    let widths = Widths::of(&values, before);
    let shown = table::window(0, choices.selected, values.len(), usize::from(list.height));
    for ((row, choice), at) in (0..list.height).zip(&values[shown.clone()]).zip(shown.clone()) {
        let spot = Rect { y: list.y + row, height: 1, ..list };
        painter.put(table::beside_pointer(spot), 0, &choice_line(choice, &widths, before));
        if choices.selected == Some(at) {
            table::select(painter, spot, true);
        }
        painter.note(spot, Target::OverlayRow(at));
    }
}

/// Columns of what is known of values.
struct Widths {
    value: usize,
    mark: usize,
    at: usize,
    by: usize,
}

impl Widths {
    fn of(values: &[&Choice], before: Option<&Choice>) -> Self {
        let widest = |of: &dyn Fn(&Choice) -> usize| values.iter().map(|choice| of(choice)).max().unwrap_or(0);
        let text = |text: &Option<SafeText>| text.as_ref().map_or(0, |text| Span::from(text).width());
        Self {
            value: widest(&|choice| Span::from(&choice.value).width()).min(30),
            mark: widest(&|choice| mark(choice, before).len()),
            at: widest(&|choice| text(&choice.at)),
            by: widest(&|choice| by(choice).width()).min(24),
        }
    }
}

/// Who made it.
fn by(choice: &Choice) -> Span<'static> {
    choice.by.as_ref().map_or(Span::from(""), |by| Span::made(format!("by {by}")))
}

/// What it is beside the one that runs.
fn mark(choice: &Choice, before: Option<&Choice>) -> &'static str {
    if choice.running {
        "runs now"
    } else if before == Some(choice) {
        "the one before"
    } else {
        ""
    }
}

/// A value with what is known of it, each under those of the others; the one that runs is marked and dim, because it can't
/// be chosen.
fn choice_line<'a>(choice: &'a Choice, widths: &Widths, before: Option<&Choice>) -> Line<'a> {
    let role = if choice.running { Role::TextDim } else { Role::Text };
    let column = |line: Line<'a>, said: Span<'a>, width: usize, role: Role| {
        let gap = width.saturating_sub(said.width());
        if width == 0 { line } else { line.and("  ", Role::Text).and(said, role).and(" ".repeat(gap), Role::Text) }
    };
    let said = |text: &'a Option<SafeText>| text.as_ref().map_or(Span::from(""), Span::from);
    let gap = widths.value.saturating_sub(Span::from(&choice.value).width());
    let mut words = Line::styled(&choice.value, role).and(" ".repeat(gap), role);
    let marked = if choice.running { Role::TextStrong } else { Role::TextLabel };
    words = column(words, Span::from(mark(choice, before)), widths.mark, marked);
    words = column(words, said(&choice.at), widths.at, Role::TextDim);
    words = column(words, by(choice), widths.by, Role::TextDim);
    if let Some(title) = &choice.title {
        words = words.and("  ", role).and(title, Role::TextDim);
    }
    words
}
