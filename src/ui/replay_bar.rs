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
    let words = if let Some(sought) = bar.sought {
        format!("to {} at", at(sought, bar))
    } else if bar.position >= bar.last {
        "ended".to_owned()
    } else if bar.paused {
        "paused".to_owned()
    } else {
        "playing".to_owned()
    };
    let mut left = Line::styled(Span::made(format!(" REPLAY {words} ")), Role::TextStrong);
    left.push(Span::made(at(bar.position, bar)), Role::TextStrong);
    left.push(Span::made(format!("  {}x ", bar.speed)), Role::Text);
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
    right = right.join(hints(bar, area.width));
    right.push(" ", Role::Text);
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

fn hints(bar: &Bar, width: u16) -> Line<'static> {
    let play = match bar.sought {
        Some(_) => "stop",
        None if bar.paused => "play",
        None => "pause",
    };
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
