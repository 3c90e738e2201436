//! The section of the runbook of the service that is shown: what to do, beside what is wrong.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, focused, frame, next_key, note};
use crate::app::keymap::Command;
use crate::app::runbook;
use crate::app::screens::runbook::{FEW_ROWS, ShownRunbook};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::text::{SafeText, markdown};
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table::{position, select, window};

/// Columns that it has where it stands beside others.
const NARROWEST: usize = 44;

/// Rows that it needs on a low screen.
const LEAST: u16 = FEW_ROWS as u16;

/// What to do about a runbook that can't be shown. It fits beside others.
const UNREADABLE: &str = "correct `runbook` in the configuration";

/// Columns of the title beside the name of the file and when it was followed.
const BESIDE_NAME: usize = 16;

pub(super) struct ServiceRunbook;

impl PanelView for ServiceRunbook {
    /// As high as the section, in the column that it has beside the logs.
    fn height(&self, state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        // Asked for several times a frame, and the same for as long as what was read is.
        let rows = state.console.screens.service.runbook.as_ref().and_then(|shown| {
            let read = shown.text.as_ref()?;
            Some(*shown.rows.get_or_init(|| match read {
                Ok(text) => lines(text, NARROWEST).len(),
                // The whole reason, whose path may be long, and what to do.
                Err(why) => 1 + Line::plain(why).wrapped(NARROWEST, 0).len(),
            }))
        });
        let height = Height::by_rows(rows.unwrap_or(1), room);
        // On a low screen its first lines are better than none: it is scrolled, and zoomed.
        Some(if room.is_low() { Height { least: height.least.min(LEAST), ..height } } else { height })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let Some(written) = runbook::written(state) else { return };
        let inner = Frame::inner(area);
        let shown = state.console.screens.service.runbook.as_ref();
        let width = usize::from(inner.width.saturating_sub(2)).max(1);
        let read = shown.and_then(|shown| shown.text.as_ref());
        let tasks = runbook::tasks(state);
        let lines = read.and_then(|text| text.as_ref().ok()).map_or_else(Vec::new, |text| {
            lines_with(text, width, |at| {
                let task = tasks.binary_search_by_key(&at, |(line, _)| *line).ok()?;
                Some(ticked(state, &tasks[task].1))
            })
        });
        let of_task = shown.and_then(|shown| tasks.get(shown.task.min(tasks.len().saturating_sub(1))));
        let of_task = of_task.and_then(|(line, _)| lines.iter().position(|(of, _)| of == line));
        let kept = of_task.filter(|_| shown.is_some_and(|shown| shown.keeps_task));
        let height = usize::from(inner.height);
        let begin = |shown: &ShownRunbook| {
            let line = shown.begins_at(height);
            lines.iter().position(|(of, _)| *of >= line).unwrap_or(0)
        };
        let first = shown.map_or(0, |shown| shown.scroll.unwrap_or_else(|| begin(shown)));
        let rows = window(first, kept, lines.len(), height);
        let (name, followed) = (Line::styled(Span::borrowed(written), Role::TextDim), followed(state, written, tasks));
        // The head of the screen names it too; when it was followed last is said here alone.
        let fits = followed.is_empty() || name.width() + followed.width() + BESIDE_NAME <= usize::from(inner.width);
        let named = frame(state, painter, id, "runbook").with(if fits { name } else { Line::new() }, "");
        let frame = named.note(followed);
        frame.foot(position(&rows, lines.len())).draw(painter, area);
        note(painter, inner, id.clone());
        match read {
            Some(Ok(_)) => {}
            Some(Err(why)) => {
                return Notice::error(Span::from(why), UNREADABLE).draw(painter, inner);
            }
            // An address, or a file that is being read.
            None => {
                let does = if shown.is_some() { "opens it in the pager" } else { "copies the address" };
                return Notice::empty(Span::borrowed(written), next_key(state, Command::Open, does))
                    .draw(painter, inner);
            }
        }
        for (row, at) in (0..inner.height).zip(rows) {
            painter.put_at(inner, 1, row, &lines[at].1);
            if of_task == Some(at) {
                select(painter, Rect { y: inner.y + row, height: 1, ..inner }, focused(state, id));
            }
        }
    }
}

/// How far it is followed, and since when nobody has; of one without tasks nothing.
fn followed(state: &State, written: &str, tasks: &[(usize, String)]) -> Line<'static> {
    if tasks.is_empty() {
        return Line::new();
    }
    let now = state.seen().now.utc;
    let Some(record) = state.seen().runbook_record(written) else {
        return Line::styled("never followed", Role::TextDim);
    };
    let last = &record.followed;
    if !record.is_followed(now) {
        let age = figures::age((now - last.at).to_std().unwrap_or_default());
        return Line::styled(format!("last followed {age} ago by {}", last.by), Role::TextDim);
    }
    let done = tasks.iter().filter(|(_, task)| record.tick(task, now).is_some()).count();
    Line::styled(format!("{done} of {} done", tasks.len()), Role::TextStrong)
}

/// Who has done a task in this round, and when; empty where nobody has.
fn ticked(state: &State, task: &str) -> String {
    let (now, zone) = (state.seen().now.utc, state.seen().config.console.timezone);
    let record = runbook::written(state).and_then(|written| state.seen().runbook_record(written));
    let tick = record.and_then(|record| record.tick(task, now));
    tick.map_or_else(String::new, |tick| format!("{} {}", tick.by, figures::moment(tick.at, now, zone)))
}

/// The lines as they are drawn: headings and code stand out, items of lists hang under their sign.
fn lines(text: &[SafeText], width: usize) -> Vec<Line<'static>> {
    lines_with(text, width, |_| None).into_iter().map(|(_, line)| line).collect()
}

/// The same, each with the line of the text that it is of. `ticked` says who has done the task of a line.
fn lines_with(
    text: &[SafeText],
    width: usize,
    ticked: impl Fn(usize) -> Option<String>,
) -> Vec<(usize, Line<'static>)> {
    let mut in_code = false;
    let mut out: Vec<(usize, Line<'static>)> = Vec::new();
    for (at, line) in text.iter().enumerate() {
        let line = line.as_str();
        let (drawn, indent) = if markdown::is_fence(line) {
            in_code = !in_code;
            continue;
        } else if in_code {
            (Line::styled(format!("  {line}"), Role::Command), 4)
        } else if let Some((_, heading)) = markdown::heading(line) {
            (Line::styled(heading.to_owned(), Role::Title), 0)
        } else if let Some(who) = ticked(at) {
            (task(line, &who), indent(line) + BOX.len())
        } else if line.is_empty() && out.last().is_none_or(|(_, line)| line.is_empty()) {
            continue;
        } else {
            (item(line), indent(line))
        };
        out.extend(drawn.wrapped(width, indent).into_iter().map(|line| (at, line)));
    }
    out
}

/// What stands before an open task.
const BOX: &str = "[ ] ";

/// A task with its box; one that is done with who has done it.
fn task(line: &str, who: &str) -> Line<'static> {
    let words = markdown::task(line).unwrap_or_default();
    let before = " ".repeat(indent(line));
    if who.is_empty() {
        return Line::styled(format!("{before}{BOX}"), Role::TextStrong).join(item(words));
    }
    let plain: String = item(words).pieces().map(|(text, _)| text).collect();
    Line::styled(format!("{before}[x] "), Role::StatusOk).and(format!("{plain} ({who})"), Role::TextDim)
}

/// A line with its links to actions as what can be started: `x` offers them.
fn item(line: &str) -> Line<'static> {
    let mut words = Line::new();
    let mut from = 0;
    for (place, name) in markdown::action_links(line) {
        words = words.join(with_code(&line[from..place.start])).and(format!("[{name}]"), Role::Key);
        from = place.end;
    }
    words.join(with_code(&line[from..]))
}

/// A line with what stands between backticks as code.
fn with_code(line: &str) -> Line<'static> {
    // An odd one at the end opens nothing.
    let whole = line.matches('`').count().is_multiple_of(2);
    line.split('`').enumerate().fold(Line::new(), |words, (at, part)| {
        let is_code = whole && at % 2 == 1;
        let part = if !whole && at > 0 { format!("`{part}") } else { part.to_owned() };
        words.and(part, if is_code { Role::Command } else { Role::Text })
    })
}

/// Columns before the words of an item of a list.
fn indent(line: &str) -> usize {
    let words = line.trim_start();
    let before = line.len() - words.len();
    let sign = words.split(' ').next().unwrap_or_default();
    let is_number = sign.len() > 1 && sign.ends_with('.') && sign[..sign.len() - 1].bytes().all(|c| c.is_ascii_digit());
    if is_number || matches!(sign, "-" | "*" | "+") { before + sign.len() + 1 } else { before }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_drawn_as_it_is_meant() {
        let text = ["## Restart", "", "", "1. look at `clients`, then decide", "```sh", "# count", "```", "a ` alone"];
        let text: Vec<SafeText> = text.iter().map(|line| SafeText::new(line)).collect();
        let drawn: Vec<String> =
            lines(&text, 20).iter().map(|line| line.pieces().map(|(text, _)| text).collect()).collect();
        let linked = item("- [ ] run [action:restart-db] now");
        let pieces: Vec<(&str, Role)> = linked.pieces().collect();
        let expected = [("- [ ] run ", Role::Text), ("[restart-db]", Role::Key), (" now", Role::Text)];
        assert_eq!(pieces, expected);
        let tasks: Vec<SafeText> = ["- [ ] look", "- [x] again, and then once more"].map(SafeText::from).into();
        let of_tasks: Vec<(usize, String)> = lines_with(&tasks, 20, |at| Some(["", "ana"][at].to_owned()))
            .iter()
            .map(|(at, line)| (*at, line.pieces().map(|(text, _)| text).collect()))
            .collect();
        let boxed = [(0, "  [ ] look"), (1, "  [x] again, and "), (1, "      then once more"), (1, "      (ana)")];
        assert_eq!(of_tasks, boxed.map(|(at, text)| (at, text.to_owned())));
        let wanted = ["Restart", "", "1. look at clients, ", "   then decide", "  # count", "a ` alone"];
        assert_eq!(drawn, wanted);
    }
}
