//! The row above the footer while something runs, is verified, or has just ended.

use ratatui::layout::Rect;

use super::figures;
use super::footer::{hint_of, key_of_action, key_of_screen, label_of};
use super::paint::{Painter, split_bottom};
use super::widgets::hints::{Hint, joined};
use super::widgets::progress;
use crate::app::keymap::Command;
use crate::app::results::RunResult;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::strip::Strip;
use crate::app::toasts::Tone;
use crate::model::run::RunState;
use crate::theme::{GlyphSet, Role};
use crate::ui::line::{Line, Span};
use crate::world::runs::RunView;

/// Draws it in the last row of `area` and returns the rest.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) -> Rect {
    let Some(strip) = state.strip() else { return area };
    let (rest, row) = split_bottom(area, 1);
    let glyphs = painter.glyphs();
    let is_good = matches!(strip, Strip::Result(result) if result.tone == Tone::Good);
    let (words, next, dismiss) = match strip {
        Strip::Open(view, others) => (going_on(state, glyphs, view, others), None, "hide"),
        Strip::Result(result) => {
            let (sign, role) = match result.tone {
                Tone::Good => (glyphs.check, Role::StatusOk),
                Tone::Info | Tone::Warning => (glyphs.dot, Role::StatusDegraded),
                Tone::Error => (glyphs.cross, Role::LevelError),
            };
            let said = |text| Line::styled(sign, role).then(Span::borrowed(text), role);
            let whole = said(result.text.as_str());
            let fits = whole.width() <= usize::from(area.width.saturating_sub(2));
            let words = if fits { whole } else { said(without_time(result.text.as_str())) };
            (words, offered(state, glyphs, result), "dismiss")
        }
    };
    let output = Some(key_of_screen(state, &Screen::Actions)).filter(|key| !key.is_empty());
    let output = output.filter(|_| state.console.screen != Screen::Actions).map(|key| Hint::new(key, "output"));
    let mut hints: Vec<Hint> = next.or(output).into_iter().chain(hint_of(state, Command::Back, dismiss)).collect();
    let inside = Rect { x: row.x + 1, width: row.width.saturating_sub(2), ..row };
    let room = |hints: &[Hint]| usize::from(inside.width).saturating_sub(joined(hints, 3).width() + 2);
    // What is said comes before the keys to it, but for that of what comes next after what went wrong.
    if words.width() > room(&hints) && room(&hints) < 60 {
        hints.truncate(1);
    }
    let width = room(&hints);
    if words.width() <= width || (width >= 40 && !is_good) {
        painter.put_right(inside, 0, &joined(&hints, 3));
        painter.put(Rect { width: u16::try_from(width).unwrap_or(inside.width), ..inside }, 0, &words);
    } else {
        painter.put(inside, 0, &words);
    }
    rest
}

/// Without `(took 2s)` at its end: what was proven matters more than how long it took.
fn without_time(text: &str) -> &str {
    text.rfind(" (took ").filter(|_| text.ends_with(')')).map_or(text, |at| &text[..at])
}

/// What the configuration offers after a run that did not help, by its key, or by that of the screen of its run.
fn offered(state: &State, glyphs: GlyphSet, result: &RunResult) -> Option<Hint> {
    let offer = state.world.run(&result.run)?.offer.as_ref()?;
    let action = state.world.action(offer)?;
    let key = key_of_action(state, action);
    (!key.is_empty()).then(|| Hint::new(key, label_of(action, glyphs)))
}

/// `restart cache · exit 0 · checking cache: 1 of 2 good · 37s left`.
fn going_on<'a>(state: &'a State, glyphs: GlyphSet, view: &'a RunView, others: usize) -> Line<'a> {
    let run = &view.run;
    let dot = |line: Line<'a>| line.then(glyphs.dot, Role::TextDim).and(" ", Role::Text);
    let mut words =
        Line::styled(glyphs.pointer, Role::Key).then(state.world.title_of(&run.action).to_owned(), Role::TextStrong);
    let now = state.world.moment();
    if run.state == RunState::Verifying {
        if let Some(code) = run.exit_code {
            words = dot(words).and(format!("exit {code}"), Role::Text);
        }
        words = dot(words).and("checking", Role::StatusPending);
        if let Some(progress) = &view.progress {
            for (at, check) in progress.checks.iter().enumerate() {
                let name = format!(
                    "{}{}: {} of {} good ",
                    if at > 0 { ", " } else { " " },
                    state.world.title_of_check(&check.name),
                    check.good,
                    check.needed
                );
                words = words.and(name, Role::Text).join(progress::steps(check.good, check.needed, glyphs));
            }
            words = dot(words).and(format!("{} left", figures::elapsed(progress.left(now))), Role::TextDim);
        }
    } else {
        words = dot(words).and("running", Role::StatusPending);
        if let Some(took) = run.duration(now) {
            words = words.then(figures::elapsed(took), Role::Text);
        }
        if let Some(line) = view.lines.back() {
            words = dot(words).and(&line.text, Role::TextDim);
        }
    }
    if others > 0 {
        words = words.then(format!("+{others} more"), Role::StatusPending);
    }
    words
}
