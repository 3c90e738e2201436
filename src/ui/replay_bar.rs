//! The row below a recording that is played: where it is, how fast, and the keys.

use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::line::{Line, Span};
use super::paint::Painter;
use super::widgets::hints::{Hint, joined};
use crate::theme::{Role, Styles};

/// Columns of the bar itself at the least; with less it is left out.
const LEAST: usize = 8;

/// What the row shows. Moments are milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Where the recording begins.
    pub first: i64,
    /// Where it ends.
    pub last: i64,
    /// Where it is.
    pub position: i64,
    /// How many times as fast as it was.
    pub speed: f64,
    /// Whether it stands still.
    pub paused: bool,
    /// The moment that it is on its way to.
    pub sought: Option<i64>,
    /// Whether who watches looks at something else than was looked at.
    pub own: bool,
    /// Messages that were left out so far.
    pub thinned: u64,
    /// Whether figures that look back for hours lack what was before.
    pub partial: bool,
}

/// Draws it in the first row of `area`.
pub fn draw(bar: &Bar, styles: &Styles, area: Rect, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let mut painter = Painter::new(buffer, styles);
    let glyphs = painter.glyphs();
    let (left, right) = fitting(bar, area.width);
    let room = usize::from(area.width).saturating_sub(left.width() + right.width() + 1);
    let column = painter.put(area, 0, &left);
    if room >= LEAST {
        let span = (bar.last - bar.first).max(1) as f64;
        let done = ((bar.position - bar.first) as f64 / span).clamp(0.0, 1.0);
        let full = (done * room as f64).round() as usize;
        let line = Line::styled(Span::made(glyphs.block.repeat(full)), Role::ChartLine)
            .and(Span::made(glyphs.shade.repeat(room - full)), Role::TextDim);
        painter.put_at(area, column, 0, &line);
    }
    painter.put_right(area, 0, &right);
}

/// What stands at the left and at the right. The time stays whatever the room is: where it is short the keys go before it, and
/// the words around it.
fn fitting(bar: &Bar, width: u16) -> (Line<'static>, Line<'static>) {
    let fits = |left: &Line<'_>, right: &Line<'_>| left.width() + right.width() <= usize::from(width);
    let rights = [marked(bar, hints(bar, width)), marked(bar, few_hints(bar)), few_hints(bar), Line::new()];
    for right in rights {
        for left in lefts(bar) {
            if fits(&left, &right) {
                return (left, right);
            }
            if right.width() > 0 {
                break;
            }
        }
    }
    (Line::styled(Span::made(time(bar.position)), Role::TextStrong), Line::new())
}

/// The time with all that is said of it, and with ever less.
fn lefts(bar: &Bar) -> [Line<'static>; 4] {
    let words = if let Some(sought) = bar.sought {
        format!("to {} at", at(sought, bar))
    } else if is_over(bar) {
        "ended".to_owned()
    } else if bar.paused {
        "paused".to_owned()
    } else {
        "playing".to_owned()
    };
    let strong = |text: String| Line::styled(Span::made(text), Role::TextStrong);
    let (here, speed) = (at(bar.position, bar), Span::made(format!("  {}x ", bar.speed)));
    [
        strong(format!(" REPLAY {words} {here}")).and(speed, Role::Text),
        strong(format!(" {words} {here}")),
        strong(format!(" {here}")),
        strong(here),
    ]
}

/// The keys behind what is to be known of the recording.
fn marked(bar: &Bar, hints: Line<'static>) -> Line<'static> {
    let mut right = Line::new();
    if bar.thinned > 0 {
        right.push(" thinned ", Role::StatusDegraded);
    }
    if bar.partial {
        right.push(" partial ", Role::StatusDegraded);
    }
    if bar.own {
        right.push(" your view ", Role::TextStrong);
    }
    right = right.join(hints);
    right.push(" ", Role::Text);
    right
}

/// The keys without which nobody gets on or out.
fn few_hints(bar: &Bar) -> Line<'static> {
    joined(&[Hint::new("space", playing(bar)), Hint::new("q", "quit")], 2)
}

/// Whether it is at its end: what plays on from there begins again.
const fn is_over(bar: &Bar) -> bool {
    bar.position >= bar.last
}

/// What the space bar does.
const fn playing(bar: &Bar) -> &'static str {
    match bar.sought {
        Some(_) => "stop",
        None if is_over(bar) => "again",
        None if bar.paused => "play",
        None => "pause",
    }
}

fn hints(bar: &Bar, width: u16) -> Line<'static> {
    let play = playing(bar);
    let mut hints = vec![
        Hint::new("space", play),
        Hint::new("left/right", "10 s"),
        Hint::new("down/up", "1 min"),
        Hint::new("[ ]", "speed"),
    ];
    if width < 110 || (width < 140 && (bar.own || bar.partial || bar.thinned > 0)) {
        hints = vec![Hint::new("space", play), Hint::new("arrows", "seek")];
    }
    if bar.own {
        hints.push(Hint::new("esc", "back"));
    }
    hints.push(Hint::new("q", "quit"));
    joined(&hints, 2)
}

/// A moment: with its day where the recording has more than one.
fn at(moment: i64, bar: &Bar) -> String {
    let of = |moment: i64| -> DateTime<Utc> { DateTime::from_timestamp_millis(moment).unwrap_or_default() };
    let form = if of(bar.first).date_naive() == of(bar.last).date_naive() { "%H:%M:%SZ" } else { "%Y-%m-%d %H:%M:%SZ" };
    of(moment).format(form).to_string()
}

/// The time of day alone.
fn time(moment: i64) -> String {
    DateTime::from_timestamp_millis(moment).unwrap_or_default().format("%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_stays_on_every_screen() {
        let day = 86_400_000;
        let bar = |last: i64, sought: Option<i64>| Bar {
            first: 0,
            last,
            position: 9_667_000,
            speed: 1.0,
            paused: false,
            sought,
            own: true,
            thinned: 3,
            partial: true,
        };
        for bar in [bar(day - 1, None), bar(3 * day, None), bar(3 * day, Some(2 * day))] {
            for width in 9..200 {
                let (left, right) = fitting(&bar, width);
                let (text, all) = (words(&left), left.width() + right.width());
                assert!(text.contains("02:41:07Z"), "{width}: {text}");
                assert!(all <= usize::from(width), "{width}: {all}");
            }
        }
        assert_eq!(words(&fitting(&bar(day - 1, None), 20).0).trim(), "playing 02:41:07Z");
        let keys = |last: i64, width: u16| words(&fitting(&bar(last, None), width).1);
        for width in [60, 120, 200] {
            assert!(keys(day - 1, width).contains("space pause"), "{width}");
            assert!(keys(9_667_000, width).contains("space again"), "what is over does not stop: {width}");
        }
    }

    fn words(line: &Line<'_>) -> String {
        line.pieces().map(|(text, _)| text).collect()
    }
}
